//! Where motion is planned, robots get as far, as fast and at the same price as where it is
//! simulated, and nothing else is different.

use bevy::math::DVec3;
use bonanza::headless::Headless;
use bonanza::sim::asteroid::Terrain;
use bonanza::sim::level::{Level, MotionModel};
use bonanza::sim::observation::Activity;
use bonanza::sim::order::{Order, Severity};
use bonanza::sim::random;

use crate::support::arrivals::{Arrival, arrivals_between, level_on, pristine, random_site};

fn planned(level: &mut Level) {
    level.motion = MotionModel::Planned;
    level.long_tick_s = 600.0;
    level.idle_tick_s = 3600.0;
}

fn hop(robot: String, target_m: [f64; 3]) -> Order {
    Order::HopTo { robot, target_m }
}

/// Pairs of places as far apart as a face is from a plant.
fn carries(terrain: &Terrain, count: usize) -> Vec<(DVec3, DVec3)> {
    let mut stream = random::stream(5, "carries");
    (0..count)
        .map(|_| {
            let from_m = random_site(terrain, &mut stream);
            let up = terrain.up(from_m);
            let east = up.any_orthonormal_vector();
            let angle_rad = std::f64::consts::TAU * random::uniform(&mut stream);
            let away_m = 20.0 + 60.0 * random::uniform(&mut stream);
            let aside = angle_rad.cos() * east + angle_rad.sin() * up.cross(east);
            (
                from_m,
                terrain.surface_below(from_m + away_m * aside + 5.0 * up),
            )
        })
        .collect()
}

fn mean(trips: &[Arrival], of: impl Fn(&Arrival) -> f64) -> f64 {
    trips.iter().map(of).sum::<f64>() / trips.len() as f64
}

#[test]
fn planned_journeys_take_what_simulated_ones_take() {
    for body in ["bennu", "itokawa"] {
        let simulated = level_on(body, 6, |_| {});
        let planned = level_on(body, 6, planned);
        let ways = carries(&pristine(&simulated), 6);
        let flown = arrivals_between(&simulated, &ways, hop);
        // A plan costs nothing, so that its mean can be that of many.
        let many: Vec<_> = std::iter::repeat_n(ways, 12).flatten().collect();
        let drawn = arrivals_between(&planned, &many, hop);
        for (what, of, tolerance) in [
            // Six flights scatter by a tenth of their mean about it.
            ("time", (|trip| trip.time_s) as fn(&Arrival) -> f64, 0.25),
            ("propellant", |trip| trip.propellant_kg, 0.35),
        ] {
            let ratio = mean(&drawn, of) / mean(&flown, of);
            println!("{body}: {what} {ratio}");
            assert!(
                (1.0 - tolerance..1.0 + tolerance).contains(&ratio),
                "{body}: {what} planned over simulated is {ratio}"
            );
        }
        let arrived =
            |trips: &[Arrival]| mean(trips, |trip| f64::from(u8::from(trip.miss_m < 2.0)));
        // 24 flights and two mishaps in a hundred: what was told beforehand.
        let told = mean(&drawn, |trip| {
            trip.estimate.expect("an estimate").arrive_chance
        });
        assert!(
            (arrived(&drawn) - told).abs() < 0.1,
            "{body}: {} {told}",
            arrived(&drawn)
        );
        assert!((arrived(&drawn) - arrived(&flown)).abs() < 0.2, "{body}");
        assert!(drawn.iter().chain(&flown).all(|trip| !trip.lost), "{body}");
    }
}

fn planned_first_water() -> Level {
    let mut level = Level::find("first-water").expect("the level ships with the program");
    planned(&mut level);
    level
}

fn give(world: &mut Headless, order: Order) {
    world.submit("player", order);
    let now_ms = world.time_ms();
    world.run_until_ms(now_ms + 1);
    let taken = world.orders_taken().iter().rfind(|taken| !taken.scripted);
    let answer = &taken.expect("it has just been taken").answer;
    assert_eq!(*answer, Ok(()));
}

fn run_until_idle(world: &mut Headless) {
    for _ in 0..10_000 {
        let seen = world.observe("player").expect("the player");
        if seen.robots[0].activity == Activity::Idle {
            return;
        }
        world.step();
    }
    panic!("the robot is never done");
}

#[test]
fn a_planned_day_keeps_the_books_and_passes_in_few_ticks() {
    let mut world = Headless::load(&planned_first_water(), None).expect("a known body");
    world.run_until_ms(3 * 86_400_000);
    let report = world.report();
    assert_eq!((report.mass_error_g, report.credit_error), (0, 0.0));
    let rival = &report.prospectors[1];
    assert!(0 < rival.sold_g["water"], "{rival:?}");
    // Ticks of a tenth of a second would be 2.6 million.
    assert!(report.ticks < 10_000, "{} ticks", report.ticks);
}

#[test]
fn a_planned_world_goes_on_from_a_save_in_mid_flight_and_repeats() {
    let mut world = Headless::load(&planned_first_water(), None).expect("a known body");
    let mut again = Headless::load(&planned_first_water(), None).expect("a known body");
    let flying = |world: &mut Headless| {
        let hydra = world.observe("hydra").expect("the rival");
        hydra
            .robots
            .iter()
            .any(|robot| robot.activity == Activity::Hopping)
    };
    while !(flying(&mut world) && 43_200_000 < world.time_ms()) {
        world.step();
    }
    let mut restored = Headless::restore(&world.save()).expect("a whole save");
    for world in [&mut world, &mut restored, &mut again] {
        world.run_until_ms(2 * 86_400_000);
    }
    assert_eq!(world.state_hash(), restored.state_hash());
    assert_eq!(world.state_hash(), again.state_hash());
}

#[test]
fn a_delivery_by_plan_brings_the_load_and_burns_propellant() {
    let mut world = Headless::load(&planned_first_water(), None).expect("a known body");
    world.run_until_ms(60_000);
    let robot = || "digger-1".to_owned();
    let before_kg = world.observe("player").expect("the player").robots[0].propellant_kg;
    for order in [
        Order::Anchor { robot: robot() },
        Order::Dig {
            robot: robot(),
            until_kg: Some(5.0),
        },
        Order::Deliver {
            robot: robot(),
            plant: None,
        },
    ] {
        give(&mut world, order);
        run_until_idle(&mut world);
    }
    let seen = world.observe("player").expect("the player");
    assert_eq!(seen.robots[0].bin_kg, 0.0);
    assert!(seen.robots[0].propellant_kg < before_kg);
    let baked_kg = seen.plants[0].tailings_kg + seen.plants[0].water_kg;
    assert!(
        (seen.plants[0].feedstock_kg + baked_kg - 5.0).abs() < 1e-9,
        "{seen:?}"
    );
    assert_eq!(world.mass_error_g(), 0);
}

#[test]
fn digging_without_an_anchor_throws_off_where_motion_is_planned_too() {
    let mut world = Headless::load(&planned_first_water(), None).expect("a known body");
    world.run_until_ms(60_000);
    give(
        &mut world,
        Order::Dig {
            robot: "digger-1".into(),
            until_kg: None,
        },
    );
    let alarm = world
        .log()
        .iter()
        .rfind(|line| line.severity == Severity::Alarm);
    assert!(
        alarm.is_some_and(|line| line.text.contains("pushed it off")),
        "{alarm:?}"
    );
    let seen = world.observe("player").expect("the player");
    assert!(
        !seen.robots[0].at_rest && seen.robots[0].bin_kg < 1.0,
        "{:?}",
        seen.robots[0]
    );
    // It comes down by itself, later than it would on Earth.
    let thrown_ms = world.time_ms();
    run_until_idle(&mut world);
    assert!(600_000 < world.time_ms() - thrown_ms);
    // Steering by hand is for those who can see what they do.
    world.submit(
        "player",
        Order::Actuate {
            robot: "digger-1".into(),
            thrust_n: [0.0, 1.0, 0.0],
            torque_n_m: [0.0; 3],
            for_s: 1.0,
            drum_rate: 0.0,
            drill_press: 0.0,
            drill_speed: 0.0,
        },
    );
    world.step();
    let taken = world.orders_taken().iter().rfind(|taken| !taken.scripted);
    let refusal = taken
        .expect("it has just been taken")
        .answer
        .as_ref()
        .unwrap_err();
    assert!(
        refusal.to_string().contains("motion is planned"),
        "{refusal}"
    );
}

#[test]
fn a_plant_sinks_into_the_pit_under_it_and_still_takes_what_robots_bring() {
    let mut world = Headless::load(&planned_first_water(), None).expect("a known body");
    world.run_until_ms(60_000);
    let robot = || "digger-1".to_owned();
    for order in [
        Order::Anchor { robot: robot() },
        Order::Dig {
            robot: robot(),
            until_kg: Some(5.0),
        },
    ] {
        give(&mut world, order);
        run_until_idle(&mut world);
    }
    let plant = |world: &mut Headless| {
        let seen = world.observe("player").expect("the player");
        seen.plants.into_iter().next().expect("a plant")
    };
    let before = plant(&mut world);
    let mut terrain = world.terrain().clone();
    let up = terrain.model().outward(before.position_m.as_dvec3());
    terrain.excavate(before.position_m.as_dvec3() - 1.5 * up, 3.0, i64::MAX);
    world.replace_terrain(terrain);
    world.run_until_ms(7 * 3_600_000);
    let after = plant(&mut world);
    let sunk_m = (before.position_m - after.position_m).as_dvec3().dot(up);
    assert!((1.5..4.0).contains(&sunk_m), "it has sunk by {sunk_m} m");
    let told = world
        .log()
        .iter()
        .any(|line| line.severity == Severity::Alarm && line.text.contains("has sunk by"));
    assert!(told, "nobody is told");
    give(
        &mut world,
        Order::Deliver {
            robot: robot(),
            plant: None,
        },
    );
    run_until_idle(&mut world);
    let seen = world.observe("player").expect("the player");
    assert_eq!(seen.robots[0].bin_kg, 0.0, "{:?}", seen.robots[0]);
}

#[test]
fn no_flight_of_a_way_is_faster_than_is_safe_where_it_begins() {
    let level = Level::find("the-last-ice").expect("the level ships with the program");
    let mut world = Headless::load(&level, None).expect("a known body");
    let terrain = world.terrain().clone();
    let mut stream = random::stream(3, "places");
    let mut ways_of_several = 0;
    for _ in 0..60 {
        let place_m = random_site(&terrain, &mut stream);
        let order = hop("titan-1".to_owned(), place_m.to_array());
        let Ok(estimate) = world.estimate("titan", &order) else {
            continue;
        };
        ways_of_several += u32::from(1 < estimate.legs);
        // Three quarters of the escape speed are what the pilot allows itself.
        assert!(estimate.escape_fraction < 0.76, "{estimate:?}");
        assert!(estimate.lost_chance < 0.05, "{estimate:?}");
    }
    assert!(10 < ways_of_several, "{ways_of_several} ways of several");
}
