//! What bodies do to robots: falls, hops, contact and rest on Bennu.

use bevy::math::{DVec3, Quat, Vec3};
use bonanza::headless::Headless;
use bonanza::sim::asteroid::{GravityCell, Terrain};
use bonanza::sim::level::Level;
use bonanza::sim::order::Order;
use bonanza::sim::robot::ballistics;

/// `first-water` with the player's `digger-1` alone.
fn lone_robot() -> Headless {
    let mut level = Level::find("first-water").expect("the level ships with the program");
    level
        .prospectors
        .retain(|prospector| prospector.name == "player");
    level.robots.retain(|robot| robot.name == "digger-1");
    level.plants.retain(|plant| plant.owner == "player");
    Headless::load(&level, None).expect("the level names a known body")
}

fn position_m(world: &mut Headless) -> DVec3 {
    world.scene().robots[0].position_m.as_dvec3()
}

fn speed_m_s(world: &mut Headless) -> f64 {
    f64::from(world.scene().robots[0].velocity_m_s.length())
}

/// Free fall by fourth-order Runge–Kutta in the exact field of the polyhedron, with centrifugal and
/// Coriolis terms: shares neither the baked grid nor Rapier with the world. Steps of 2 s.
fn exact_flight(terrain: &Terrain, mut at: DVec3, mut v: DVec3, duration_s: f64) -> (DVec3, DVec3) {
    let spin = terrain.model().spin_rad_per_s();
    let field = |at: DVec3, v: DVec3| {
        terrain.model().exact_gravity_m_s2(at) - spin.cross(spin.cross(at)) - 2.0 * spin.cross(v)
    };
    let steps = (duration_s / 2.0).ceil();
    let h = duration_s / steps;
    for _ in 0..steps as u32 {
        let (k1, l1) = (v, field(at, v));
        let (k2, l2) = (v + 0.5 * h * l1, field(at + 0.5 * h * k1, v + 0.5 * h * l1));
        let (k3, l3) = (v + 0.5 * h * l2, field(at + 0.5 * h * k2, v + 0.5 * h * l2));
        let (k4, l4) = (v + h * l3, field(at + h * k3, v + h * l3));
        at += h / 6.0 * (k1 + 2.0 * k2 + 2.0 * k3 + k4);
        v += h / 6.0 * (l1 + 2.0 * l2 + 2.0 * l3 + l4);
    }
    (at, v)
}

#[test]
fn a_fall_far_out_on_the_axis_takes_the_time_of_the_point_mass() {
    let mut world = lone_robot();
    let mu = world.terrain().model().mu_m3_per_s2();
    // On the axis the rotating frame adds nothing, and four radii out Bennu is a point within
    // 0.2 %: its oblateness term falls with the square of the distance.
    let start_m = 1000.0;
    let fall_m = 20.0;
    world.place_robot(
        "digger-1",
        Vec3::Z * start_m as f32,
        Quat::IDENTITY,
        Vec3::ZERO,
    );
    let expected_s = ballistics::fall(mu, start_m - fall_m, fall_m, 0.0)
        .expect("a fall from rest ends")
        .fall_time_s;
    let mut fallen_s = 0.0;
    while start_m - fall_m < position_m(&mut world).z {
        world.step();
        fallen_s = 1e-3 * world.time_ms() as f64;
        assert!(
            fallen_s < 2.0 * expected_s,
            "still at {}",
            position_m(&mut world)
        );
    }
    let error = (fallen_s / expected_s - 1.0).abs();
    assert!(
        error < 0.01,
        "fell for {fallen_s} s, {expected_s} s expected"
    );
}

#[test]
fn a_hop_follows_the_exact_field_within_one_percent() {
    let mut world = lone_robot();
    let start_m = position_m(&mut world);
    let up = world.terrain().up(start_m);
    let from_m = start_m + 2.0 * up;
    let velocity = 0.06 * up;
    world.place_robot(
        "digger-1",
        from_m.as_vec3(),
        Quat::IDENTITY,
        velocity.as_vec3(),
    );
    let from_m = from_m.as_vec3().as_dvec3();
    for minutes in [5u64, 10, 15, 20] {
        world.run_until_ms(minutes * 60_000);
        let elapsed_s = 1e-3 * world.time_ms() as f64;
        let (exact_m, _) = exact_flight(world.terrain(), from_m, velocity, elapsed_s);
        let travelled_m = exact_m.distance(from_m);
        let error_m = position_m(&mut world).distance(exact_m);
        assert!(
            error_m < 0.01 * travelled_m.max(5.0),
            "{error_m} m off after {minutes} min and {travelled_m} m"
        );
    }
}

#[test]
fn free_flight_keeps_its_jacobi_constant() {
    let mut world = lone_robot();
    let spin = world.terrain().model().spin_rad_per_s();
    let from_m = DVec3::new(0.0, 320.0, 60.0);
    world.place_robot(
        "digger-1",
        from_m.as_vec3(),
        Quat::IDENTITY,
        Vec3::new(0.03, 0.02, 0.01),
    );
    // E = v²/2 − ½|ω × r|² + U by the work of the field along the path is constant in a rotating
    // frame. The work is summed with the midpoint rule on the exact field.
    let mut cell = GravityCell::default();
    let mut work = 0.0;
    let mut before_m = from_m.as_vec3().as_dvec3();
    let kinetic = |world: &mut Headless, at: DVec3| {
        0.5 * speed_m_s(world).powi(2) - 0.5 * spin.cross(at).length_squared()
    };
    let start = kinetic(&mut world, before_m);
    for _ in 0..12_000 {
        world.step();
        let at_m = position_m(&mut world);
        let middle_m = 0.5 * (before_m + at_m);
        work += world
            .terrain()
            .gravity_m_s2(middle_m, &mut cell)
            .dot(at_m - before_m);
        before_m = at_m;
    }
    let end = kinetic(&mut world, before_m);
    let scale = world.terrain().model().mu_m3_per_s2() / from_m.length();
    let drift = (end - start - work).abs() / scale;
    assert!(drift < 1e-3, "drift of {drift} of the potential");
}

#[test]
fn a_dropped_robot_comes_to_rest_and_stays_for_an_hour() {
    let mut world = lone_robot();
    let start_m = position_m(&mut world);
    let up = world.terrain().up(start_m);
    let rotation = world.scene().robots[0].rotation;
    let above_m = start_m + 0.5 * up;
    world.place_robot("digger-1", above_m.as_vec3(), rotation, Vec3::ZERO);
    while !world.scene().robots[0].at_rest {
        world.step();
        assert!(world.time_ms() < 4 * 3_600_000, "still not at rest");
    }
    let rest_m = position_m(&mut world);
    let until_ms = world.time_ms() + 3_600_000;
    while world.time_ms() < until_ms {
        world.step();
        let speed = speed_m_s(&mut world);
        assert!(speed < 1e-3, "moves at {speed} m/s");
    }
    let drift_m = position_m(&mut world).distance(rest_m);
    assert!(drift_m < 0.01, "drifted {drift_m} m");
}

/// Kept awake, contact itself must not add energy: no creep, no jitter.
#[test]
fn contact_makes_no_energy() {
    let mut world = lone_robot();
    let start_m = position_m(&mut world);
    let up = world.terrain().up(start_m);
    let rotation = world.scene().robots[0].rotation;
    let speed = 0.02;
    world.place_robot(
        "digger-1",
        (start_m + 0.1 * up).as_vec3(),
        rotation,
        (-speed * up).as_vec3(),
    );
    // Potential of a fall from the height of release, as a speed.
    let limit = (speed * speed + 2.0 * 1e-4 * 0.5f64).sqrt();
    for _ in 0..36_000 {
        world.step();
        let now = speed_m_s(&mut world);
        assert!(
            now <= 1.02 * limit,
            "{now} m/s after {} ms, {limit} at most",
            world.time_ms()
        );
    }
}

#[test]
fn digging_without_an_anchor_pushes_the_robot_off() {
    let mut world = lone_robot();
    while !world.scene().robots[0].at_rest {
        world.step();
    }
    let start_m = position_m(&mut world);
    let robot = "digger-1".to_owned();
    world.submit(
        "player",
        Order::Dig {
            robot: robot.clone(),
            until_kg: None,
        },
    );
    world.run_until_ms(world.time_ms() + 60_000);
    let up = world.terrain().up(start_m);
    let risen_m = (position_m(&mut world) - start_m).dot(up);
    assert!(0.5 < risen_m, "rose only {risen_m} m");
    assert!(
        world
            .log()
            .iter()
            .any(|line| line.text.contains("pushed it off"))
    );
}

#[test]
fn an_anchored_robot_digs_a_hole_and_stays() {
    let mut world = lone_robot();
    while !world.scene().robots[0].at_rest {
        world.step();
    }
    let robot = "digger-1".to_owned();
    world.submit(
        "player",
        Order::Anchor {
            robot: robot.clone(),
        },
    );
    world.run_until_ms(world.time_ms() + 120_000);
    assert!(world.scene().robots[0].anchored, "{:?}", world.log().last());
    let start_m = position_m(&mut world);
    world.submit(
        "player",
        Order::Dig {
            robot,
            until_kg: Some(20.0),
        },
    );
    world.run_until_ms(world.time_ms() + 4 * 3_600_000);
    let player = world.observe("player").expect("the level has a player");
    assert_eq!(player.robots[0].bin_kg, 20.0);
    // What the drums spilt lies there again, or was thrown off for good.
    let drifted = world
        .ledger()
        .find("drifted")
        .expect("the ledger has the account");
    let drifted_g = world.ledger().balance(drifted);
    assert_eq!(world.terrain().removed_g(), 20_000 + drifted_g);
    assert!((0..700).contains(&drifted_g), "{drifted_g} g");
    assert_eq!(position_m(&mut world), start_m);
    assert_eq!(world.mass_error_g(), 0);
}

#[test]
fn a_hop_lands_within_two_metres_of_its_mark() {
    let mut world = lone_robot();
    while !world.scene().robots[0].at_rest {
        world.step();
    }
    let start_m = position_m(&mut world);
    let up = world.terrain().up(start_m);
    let east = DVec3::Z.cross(up).normalize();
    let north = up.cross(east);
    for (east_m, north_m) in [(20.0, 5.0), (-15.0, 25.0)] {
        let target_m = start_m + east_m * east + north_m * north;
        let target_m = world.terrain().surface_below(target_m);
        let order = Order::HopTo {
            robot: "digger-1".into(),
            target_m: target_m.to_array(),
        };
        world.submit("player", order);
        world.step();
        let until_ms = world.time_ms() + 3 * 3_600_000;
        while world.scene().robots[0].activity_text != "standing by" && world.time_ms() < until_ms {
            world.step();
        }
        let off_m = position_m(&mut world).distance(target_m);
        assert!(
            off_m < 2.0,
            "landed {off_m} m from the mark: {:?}",
            world.log().last()
        );
    }
}
