//! Pilots arrive where they said, at the cost they named; and every push pushes back.

use bevy::math::{DVec3, Quat, Vec3};
use bonanza::headless::Headless;
use bonanza::sim::order::Order;
use bonanza::sim::robot::stand;

use crate::support::arrivals::{arrivals, level_on};

pub const ROBOT: &str = "r0";

fn hop(robot: String, target_m: [f64; 3]) -> Order {
    Order::HopTo { robot, target_m }
}

pub fn robot() -> String {
    ROBOT.to_owned()
}

/// One robot of a kind on Bennu, standing where the first level's diggers stand.
pub fn lone(kind: &str) -> Headless {
    let level = level_on("bennu", 1, |level| {
        level.robots[0].kind = kind.to_owned();
        level.robots[0].site = bonanza::sim::level::Site::Offset {
            of: "field".into(),
            east_m: 16.0,
            north_m: 6.0,
        };
    });
    let mut world = Headless::load(&level, None).expect("the level names a known body");
    world.run_until_ms(600_000);
    assert!(world.scene().robots[0].at_rest, "{kind} does not rest");
    world
}

pub fn obey(world: &mut Headless, order: Order) {
    world.submit("player", order);
    world.step();
    let taken = world.orders_taken().last().expect("an order was taken");
    assert_eq!(taken.answer, Ok(()), "{}", taken.issued.order);
}

pub fn refusal(world: &mut Headless, order: Order) -> String {
    world.submit("player", order);
    world.step();
    let taken = world.orders_taken().last().expect("an order was taken");
    let refusal = taken.answer.clone().expect_err("the order is impossible");
    refusal.to_string()
}

pub fn wait_until_idle(world: &mut Headless, at_most_h: u64) {
    let until_ms = world.time_ms() + at_most_h * 3_600_000;
    while world.scene().robots[0].activity_text != "standing by" {
        world.step();
        assert!(
            world.time_ms() < until_ms,
            "still {}",
            world.scene().robots[0].activity_text
        );
    }
}

fn said(world: &Headless, words: &str) -> bool {
    world.log().iter().any(|line| line.text.contains(words))
}

/// The full count, a hundred pairs on each body, is `cargo bench --bench pilots`.
#[test]
fn a_pilot_arrives_within_two_metres_anywhere_and_says_beforehand_what_it_takes() {
    let (mut time_s, mut fuel_kg) = ((0.0, 0.0), (0.0, 0.0));
    for body in ["bennu", "ryugu", "itokawa"] {
        for trip in arrivals(&level_on(body, 2, |_| {}), 2, 11, hop) {
            let apart_m = trip.from_m.distance(trip.to_m);
            assert!(trip.miss_m < 2.0, "{body}, {apart_m} m apart: {trip:?}");
            let estimate = trip
                .estimate
                .expect("an order that is taken has an estimate");
            assert!(0.9 < estimate.arrive_chance && estimate.lost_chance < 0.01);
            time_s = (time_s.0 + trip.time_s, time_s.1 + estimate.time_s);
            fuel_kg = (
                fuel_kg.0 + trip.propellant_kg,
                fuel_kg.1 + estimate.propellant_kg,
            );
        }
    }
    // Six trips scatter: the bench holds a hundred against their estimates.
    let (time, fuel) = (time_s.0 / time_s.1, fuel_kg.0 / fuel_kg.1);
    assert!((0.5..2.0).contains(&time), "{time_s:?} s");
    assert!((0.4..2.5).contains(&fuel), "{fuel_kg:?} kg");
}

#[test]
fn what_a_free_drill_gives_to_its_robot_it_takes_from_the_body() {
    let mut world = lone("anchored-drill");
    let mass_kg = 1e-3 * world.mass_of_g(ROBOT).expect("the robot is there") as f64;
    let before = *world.recoil();
    let begun_ms = world.time_ms();
    obey(
        &mut world,
        Order::DrillTo {
            robot: robot(),
            depth_m: 1.0,
        },
    );
    let momentum = |world: &mut Headless| mass_kg * world.scene().robots[0].velocity_m_s.as_dvec3();
    while !said(&world, "pushed it off") {
        world.step();
        let given = world.recoil().momentum_n_s - before.momentum_n_s;
        let sum = momentum(&mut world) + given;
        // Gravity pulls while it rises: weight times time, 0.1 mm/s² at most.
        let pulled = 1e-4 * mass_kg * 1e-3 * (world.time_ms() - begun_ms) as f64;
        assert!(sum.length() < pulled + 1e-2, "{sum} N s left over");
        assert!(world.time_ms() < begun_ms + 600_000, "it never lifts off");
    }
    assert!(1.0 < momentum(&mut world).length(), "it is hardly pushed");
    let spin = world.scene().robots[0].angular_velocity_rad_s.length();
    assert!(
        0.01 < spin,
        "the bit does not turn the chassis: {spin} rad/s"
    );
    let change = world.recoil().velocity_change_m_s(world.terrain()).length();
    assert!(0.0 < change && change < 1e-8);
    // Lost it is not: the thrusters bring it down.
    obey(&mut world, Order::Stop { robot: robot() });
    wait_until_idle(&mut world, 12);
}

#[test]
fn an_anchored_drill_cores_a_metre_without_slipping_and_the_hole_stays() {
    let mut world = lone("anchored-drill");
    obey(&mut world, Order::Anchor { robot: robot() });
    world.run_until_ms(world.time_ms() + 300_000);
    assert!(world.scene().robots[0].anchored, "{:?}", world.log().last());
    let order = Order::DrillTo {
        robot: robot(),
        depth_m: 1.0,
    };
    let estimate = world.estimate("player", &order).expect("it can drill");
    let begun_ms = world.time_ms();
    let mut tries = 0;
    while world.feats().cores().is_empty() {
        tries += 1;
        assert!(tries < 20, "{:?}", world.log().last());
        obey(&mut world, order.clone());
        wait_until_idle(&mut world, 48);
        if said(&world, "stuck") && world.feats().cores().is_empty() {
            let hop = refusal(&mut world, Order::Release { robot: robot() });
            assert!(hop.contains("stuck"), "{hop}");
            obey(&mut world, Order::Free { robot: robot() });
            wait_until_idle(&mut world, 48);
        }
    }
    let core = world.feats().cores()[0].clone();
    assert!(0.999 < core.depth_m && core.slip_m < 0.05, "{core:?}");
    if tries == 1 {
        let took_s = 1e-3 * (world.time_ms() - begun_ms) as f64;
        let ratio = took_s / estimate.time_s;
        assert!(
            (0.3..3.0).contains(&ratio),
            "{took_s} s of {}",
            estimate.time_s
        );
    }
    assert_eq!(world.mass_error_g(), 0);
    // Deeper than the drill is long it does not go, and the hole is there after a save.
    let too_deep = Order::DrillTo {
        robot: robot(),
        depth_m: 5.0,
    };
    assert!(refusal(&mut world, too_deep).contains("depth_m = 5"));
    let saved = world.save();
    let mut restored = Headless::restore(&saved).expect("a save can be read");
    assert_eq!(restored.boreholes(), world.boreholes());
    assert_eq!(restored.feats(), world.feats());
    assert_eq!(restored.state_hash(), world.state_hash());
}

#[test]
fn steering_by_hand_gives_the_thrust_that_was_asked_and_no_more() {
    let mut world = lone("hopping-digger");
    let start_m = world.scene().robots[0].position_m;
    let up = world.terrain().up(start_m.as_dvec3());
    let attitude: Quat = stand(up, up.any_orthonormal_vector()).as_quat();
    let fuel_kg =
        |world: &mut Headless| world.observe("player").expect("the player").robots[0].propellant_kg;
    let mass_kg = 1e-3 * world.mass_of_g(ROBOT).expect("the robot is there") as f64;
    for (asked_n, given_n) in [(2.0, 2.0), (400.0, 4.0)] {
        let above_m = start_m + 20.0 * up.as_vec3();
        world.place_robot(ROBOT, above_m, attitude, Vec3::ZERO);
        let before_kg = fuel_kg(&mut world);
        obey(
            &mut world,
            Order::Actuate {
                robot: robot(),
                thrust_n: [0.0, asked_n, 0.0],
                torque_n_m: [0.0; 3],
                drum_rate: 0.0,
                drill_press: 0.0,
                drill_speed: 0.0,
                for_s: 10.0,
            },
        );
        while !world.scene().robots[0].activity_text.contains("adrift") {
            world.step();
        }
        let speed = world.scene().robots[0].velocity_m_s.as_dvec3().dot(up);
        let expected = given_n * 10.0 / mass_kg;
        // Gravity takes a millimetre a second in ten.
        assert!(
            (speed - expected).abs() < 2e-3 + 0.03 * expected,
            "{speed} m/s"
        );
        let burnt_kg = before_kg - fuel_kg(&mut world);
        let rocket_kg = given_n * 10.0 / (90.0 * 9.80665);
        assert!((burnt_kg - rocket_kg).abs() < 2e-3, "{burnt_kg} kg");
    }
    let mut bad = |thrust_n: f64, for_s: f64| {
        let order = Order::Actuate {
            robot: robot(),
            thrust_n: [thrust_n, 0.0, 0.0],
            torque_n_m: [0.0; 3],
            drum_rate: 0.0,
            drill_press: 0.0,
            drill_speed: 0.0,
            for_s,
        };
        refusal(&mut world, order)
    };
    assert!(bad(f64::NAN, 1.0).contains("finite"));
    assert!(bad(1.0, -1.0).contains("for_s = -1"));
    assert!(bad(1.0, f64::INFINITY).contains("for_s = inf"));
}

#[test]
fn wheels_that_are_full_turn_the_chassis_no_further() {
    let mut world = lone("hopper-scout");
    let start_m = world.scene().robots[0].position_m;
    let above_m = start_m + 20.0 * world.terrain().up(start_m.as_dvec3()).as_vec3();
    world.place_robot(ROBOT, above_m, Quat::IDENTITY, Vec3::ZERO);
    let turn = Order::Actuate {
        robot: robot(),
        thrust_n: [0.0; 3],
        torque_n_m: [0.0, 1.0, 0.0],
        drum_rate: 0.0,
        drill_press: 0.0,
        drill_speed: 0.0,
        for_s: 60.0,
    };
    obey(&mut world, turn.clone());
    world.run_until_ms(world.time_ms() + 62_000);
    let once = world.scene().robots[0].angular_velocity_rad_s.length();
    obey(&mut world, turn);
    world.run_until_ms(world.time_ms() + 62_000);
    let twice = world.scene().robots[0].angular_velocity_rad_s.length();
    assert!(0.01 < once, "{once} rad/s");
    assert!(
        (twice / once - 1.0).abs() < 0.02,
        "{once} then {twice} rad/s"
    );
}

#[test]
fn a_jump_is_held_against_its_prediction() {
    let mut world = lone("hopping-digger");
    let start_m = world.scene().robots[0].position_m.as_dvec3();
    let gravity = world
        .terrain()
        .acceleration_m_s2(start_m, DVec3::ZERO, &mut Default::default())
        .length();
    let speed_m_s = 0.03;
    let predicted_m = 0.5 * speed_m_s * speed_m_s / gravity;
    obey(
        &mut world,
        Order::Jump {
            robot: robot(),
            speed_m_s,
            predicted_apex_m: Some(predicted_m),
        },
    );
    wait_until_idle(&mut world, 6);
    let jump = &world.feats().jumps()[0];
    // Slow hops stay where gravity hardly changes; legs err by two per cent of the speed.
    assert!(jump.error().expect("it was foretold") < 0.15, "{jump:?}");
    let refused = refusal(
        &mut world,
        Order::Jump {
            robot: robot(),
            speed_m_s: 3.0,
            predicted_apex_m: None,
        },
    );
    assert!(refused.contains("speed_m_s = 3"), "{refused}");
}

#[test]
fn a_robot_on_its_side_cannot_anchor_until_it_has_turned_over() {
    let mut world = lone("hopping-digger");
    let start_m = world.scene().robots[0].position_m;
    let up = world.terrain().up(start_m.as_dvec3());
    let side = up.any_orthonormal_vector();
    let lying = stand(side, up).as_quat();
    world.place_robot(ROBOT, start_m + 0.4 * up.as_vec3(), lying, Vec3::ZERO);
    while !world.scene().robots[0].at_rest {
        world.step();
    }
    let upright = |world: &mut Headless| {
        let rotation = world.scene().robots[0].rotation;
        (rotation * Vec3::Y).as_dvec3().dot(up)
    };
    if upright(&mut world) < 0.5 {
        let refused = refusal(&mut world, Order::Anchor { robot: robot() });
        assert!(refused.contains("lies on its side"), "{refused}");
        obey(&mut world, Order::Free { robot: robot() });
        wait_until_idle(&mut world, 6);
    }
    assert!(0.7 < upright(&mut world), "{}", upright(&mut world));
    obey(&mut world, Order::Anchor { robot: robot() });
}

#[test]
fn a_gripper_goes_to_a_boulder_and_holds_on_where_screws_would_not() {
    let mut world = lone("boulder-gripper");
    let start_m = world.scene().robots[0].position_m.as_dvec3();
    let up = world.terrain().up(start_m);
    let east = DVec3::Z.cross(up).normalize();
    // Boulders are seen: the nearest in a widening walk.
    let rock_m = (1..60)
        .map(|i| {
            let angle = 2.4 * f64::from(i);
            let away_m = 1.5 * f64::from(i).sqrt() * 3.0;
            start_m + away_m * (angle.cos() * east + angle.sin() * up.cross(east))
        })
        .find(|&place_m| {
            let target_m = place_m.to_array();
            let grip = Order::Grip {
                robot: robot(),
                target_m,
            };
            world.estimate("player", &grip).is_ok()
        })
        .expect("there is a boulder on Bennu");
    obey(
        &mut world,
        Order::Grip {
            robot: robot(),
            target_m: rock_m.to_array(),
        },
    );
    wait_until_idle(&mut world, 24);
    let seen = world.observe("player").expect("the player");
    assert!(seen.robots[0].anchored, "{:?}", world.log().last());
    assert!(50.0 < seen.robots[0].anchor_hold_n);
    let far = refusal(
        &mut world,
        Order::Grip {
            robot: robot(),
            target_m: [f64::NAN, 0.0, 0.0],
        },
    );
    assert!(far.contains("target_m"), "{far}");
}

/// Runs a shipped level with the orders of a file in `tests/data` and returns how far each goal has
/// come.
fn played(name: &str, hours: u64) -> (Headless, Vec<(String, f64, String)>) {
    let level = bonanza::sim::level::Level::find(name).expect("the level ships with the program");
    let mut world = Headless::load(&level, None).expect("the level names a known body");
    let path = format!("{}/tests/data/{name}.jsonl", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(path).expect("the orders are there");
    for line in text.lines() {
        let line: serde_json::Value = serde_json::from_str(line).expect("one order a line");
        let order = serde_json::from_value(line["order"].clone()).expect("an order");
        world.schedule(bonanza::sim::order::Issued {
            at_ms: (1e3 * line["at_s"].as_f64().expect("a time")) as u64,
            by: line["by"].as_str().expect("a name").to_owned(),
            order,
        });
    }
    world.run_until_ms(hours * 3_600_000);
    for taken in world.orders_taken() {
        assert_eq!(taken.answer, Ok(()), "{}", taken.issued.order);
    }
    let seen = world.observe("player").expect("the player");
    for (step, done) in level.lesson.iter().zip(&seen.lesson_done) {
        assert_eq!(step.until.is_some(), *done, "{}", step.text);
    }
    let lost = world.scene().robots.iter().any(|robot| robot.lost);
    let goals = level.goals.iter().map(|goal| {
        let (done, reading) = world.feats().progress(goal, lost).expect("a feat");
        (goal.to_string(), done, reading)
    });
    let goals = goals.collect();
    (world, goals)
}

#[test]
fn jumps_that_were_worked_out_by_hand_win_dont_jump() {
    let (world, goals) = played("dont-jump", 6);
    for (goal, done, reading) in goals {
        assert!(
            1.0 <= done,
            "{goal}: {reading}; {:?}",
            world.feats().jumps()
        );
    }
}

#[test]
fn drilling_free_then_anchored_wins_every_push_pushes_back() {
    let (mut world, goals) = played("every-push-pushes-back", 30);
    let last = world.log().last().cloned();
    let seen = world.observe("player").expect("the player");
    for (goal, done, reading) in goals {
        assert!(
            1.0 <= done,
            "{goal}: {reading}; {last:?}; {}",
            seen.robots[0].activity_text
        );
    }
    assert_eq!(world.mass_error_g(), 0);
}
