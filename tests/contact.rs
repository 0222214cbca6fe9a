//! Contact and free flight in microgravity: no energy from nothing, on any body, at the levels'
//! tick.

use bevy::math::{DVec3, EulerRot, Quat, Vec3};
use bonanza::headless::Headless;
use bonanza::sim::asteroid::{
    Anchor, BodyModel, GravityCell, InventedShape, Terrain, direction_of,
};
use bonanza::sim::level::{BodyChoice, Coordinates, Level, RobotSpec, Site};

const DAY_MS: u64 = 86_400_000;

/// `first-water` on another body, with so many robots of the player alone, `apart_m` from each other.
fn crowd_on(body: &str, place: Coordinates, robots: usize, apart_m: f64) -> Level {
    let mut level = Level::find("first-water").expect("the level ships with the program");
    level.body = body_named(body);
    level.prospectors.retain(|one| one.name == "player");
    level.plants.retain(|plant| plant.owner == "player");
    level.goals.clear();
    level.lesson.clear();
    level.sites.insert("field".to_owned(), place);
    let model = level.robots[0].clone();
    let side = (robots as f64).sqrt().ceil() as usize;
    level.robots = (0..robots)
        .map(|i| RobotSpec {
            name: format!("robot-{i}"),
            owner: "player".to_owned(),
            site: Site::Offset {
                of: "field".to_owned(),
                east_m: apart_m * (i % side) as f64,
                north_m: apart_m * (i / side) as f64,
            },
            ..model.clone()
        })
        .collect();
    level
}

/// A body of the catalogue, or a slow one of forty metres or of twenty kilometres: the small bodies
/// of the catalogue spin so fast that nothing lies on them.
fn body_named(name: &str) -> BodyChoice {
    let diameter_m = match name {
        "pebble" => 40.0,
        "mountain" => 20_000.0,
        _ => return BodyChoice::of(name, 7),
    };
    BodyChoice::Invented {
        class: "CM".to_owned(),
        diameter_m,
        shape: InventedShape::RubblePile,
        period_h: 12.0,
        seed: 7,
        density_kg_m3: None,
        tumbling: None,
        orbit_of: None,
    }
}

/// Where the ground of a body holds things best, among places all over it.
fn heaviest_place(body: &str) -> (Coordinates, f64) {
    let model = BodyModel::of(&body_named(body), Anchor::default()).expect("the body can be made");
    let terrain = Terrain::new(model);
    let mut best = (0.0, 0.0, f64::NEG_INFINITY);
    for latitude_deg in [-86.0, -50.0, 0.0, 50.0, 86.0] {
        for longitude_deg in [0.0, 72.0, 144.0, 216.0, 288.0] {
            let place = terrain.model().surface_point(
                f64::to_radians(latitude_deg),
                f64::to_radians(longitude_deg),
            );
            let pull = terrain.acceleration_m_s2(place, DVec3::ZERO, &mut GravityCell::default());
            let into_m_s2 = -pull.dot(terrain.normal(place));
            if best.2 < into_m_s2 {
                best = (latitude_deg, longitude_deg, into_m_s2);
            }
        }
    }
    let place = Coordinates {
        latitude_deg: best.0,
        longitude_deg: best.1,
    };
    (place, best.2)
}

fn place_m(world: &mut Headless, robot: usize) -> DVec3 {
    world.scene().robots[robot].position_m.as_dvec3()
}

fn speeds_m_s(world: &mut Headless) -> Vec<f64> {
    let robots = world.scene().robots;
    robots
        .iter()
        .map(|robot| f64::from(robot.velocity_m_s.length()))
        .collect()
}

/// Gravity and centrifugal force hold it to the ground here, so it stays: set down, settled, and a
/// day later where it was.
#[test]
fn a_resting_robot_stays_at_rest_for_a_day_on_bodies_from_forty_metres_to_the_moon() {
    for body in ["pebble", "itokawa", "bennu", "eros", "mountain", "moon"] {
        let (place, weight_m_s2) = heaviest_place(body);
        assert!(0.0 < weight_m_s2, "{body} holds nothing anywhere");
        let mut world = Headless::load(&crowd_on(body, place, 1, 0.0), None).unwrap();
        // Set down two centimetres high, it falls, rocks and comes to rest.
        let settle_ms = 4 * 3_600_000;
        while !world.scene().robots[0].at_rest && world.time_ms() < settle_ms {
            world.step();
        }
        assert!(world.scene().robots[0].at_rest, "{body}: not at rest");
        let start_m = place_m(&mut world, 0);
        let until_ms = world.time_ms() + DAY_MS;
        let mut looked = 0;
        while world.time_ms() < until_ms {
            world.step();
            looked += 1;
            if looked % 16 == 0 {
                assert_eq!(speeds_m_s(&mut world), [0.0], "{body}");
            }
        }
        assert_eq!(place_m(&mut world, 0), start_m, "{body}");
    }
}

/// Rest is no trick of sleep: a robot that is woken again and again stays where it is, too.
#[test]
fn a_robot_kept_awake_neither_creeps_nor_jitters() {
    for tick_s in [0.02, 0.1, 0.25] {
        for body in ["pebble", "itokawa", "bennu", "mountain", "moon"] {
            let (place, weight_m_s2) = heaviest_place(body);
            let mut level = crowd_on(body, place, 1, 0.0);
            level.tick_s = tick_s;
            let mut world = Headless::load(&level, None).unwrap();
            while !world.scene().robots[0].at_rest {
                world.step();
            }
            let start_m = place_m(&mut world, 0);
            let mut fastest = 0.0f64;
            for step in 0..3_000 {
                if step % 15 == 0 {
                    world.wake_robots();
                }
                world.step();
                fastest = fastest.max(speeds_m_s(&mut world)[0]);
            }
            let crept_m = place_m(&mut world, 0).distance(start_m);
            // Overlap of less than a millimetre may be undone; nothing slides.
            assert!(crept_m < 5e-4, "{body} at {tick_s} s: crept {crept_m} m");
            // A part of what its weight gives in a tick.
            let limit = 0.01 * weight_m_s2 * tick_s;
            assert!(fastest <= limit, "{body} at {tick_s} s: {fastest} m/s");
        }
    }
}

/// Sixty-four robots fall in a heap into a pit, and end there.
#[test]
fn sixty_four_robots_bunched_in_a_pit_settle() {
    // On Bennu they need half an hour; long ticks are the harder ones.
    for (body, tick_s, settle_ms) in [("moon", 0.1, 120_000), ("bennu", 0.25, 3_600_000)] {
        let (place, _) = heaviest_place(body);
        let mut level = crowd_on(body, place, 64, 2.0);
        level.tick_s = tick_s;
        let mut world = Headless::load(&level, None).unwrap();
        let middle_m = place_m(&mut world, 27);
        let up = world.terrain().up(middle_m);
        // A bowl four metres deep, dug at once.
        let mut dug = world.terrain().clone();
        dug.excavate(middle_m - 0.5 * up, 5.0, i64::MAX);
        world.replace_terrain(dug);
        let (east, north) = up.any_orthonormal_pair();
        for i in 0..64 {
            let (x, y, z) = (f64::from(i % 4) - 1.5, f64::from(i / 4 % 4) - 1.5, i / 16);
            let at_m = middle_m + 1.9 * (x * east + y * north) + (1.0 + 1.9 * f64::from(z)) * up;
            let turn = 0.7 * i as f32;
            world.place_robot(
                &format!("robot-{i}"),
                at_m.as_vec3(),
                Quat::from_euler(EulerRot::XYZ, turn, 0.3 * turn, 1.7 * turn),
                Vec3::ZERO,
            );
        }
        let energy = |world: &mut Headless| -> f64 {
            let robots = world.scene().robots;
            robots
                .iter()
                .map(|robot| 0.5 * f64::from(robot.velocity_m_s.length_squared()))
                .sum()
        };
        let fall_m = 10.0;
        let weight = world
            .terrain()
            .acceleration_m_s2(middle_m, DVec3::ZERO, &mut GravityCell::default())
            .length();
        let most = 64.0 * weight * fall_m;
        let until_ms = world.time_ms() + settle_ms;
        while world.time_ms() < until_ms && world.scene().robots.iter().any(|r| !r.at_rest) {
            for _ in 0..8 {
                world.step();
            }
            let now = energy(&mut world);
            assert!(now < most, "{body}: {now} J/kg at {} ms", world.time_ms());
        }
        let moving = world.scene().robots.iter().filter(|r| !r.at_rest).count();
        assert_eq!(moving, 0, "{body}: {moving} robots still move");
        for robot in world.scene().robots {
            let away_m = robot.position_m.as_dvec3().distance(middle_m);
            assert!(away_m < 25.0, "{body}: {} is {away_m} m away", robot.name);
        }
    }
}

/// Sleep is rest on something: dig it away, and the sleeper falls.
#[test]
fn a_sleeper_wakes_when_the_ground_under_it_is_dug_away() {
    let (place, _) = heaviest_place("bennu");
    let mut world = Headless::load(&crowd_on("bennu", place, 1, 0.0), None).unwrap();
    while !world.scene().robots[0].at_rest {
        world.step();
    }
    let start_m = place_m(&mut world, 0);
    let up = world.terrain().up(start_m);
    let mut dug = world.terrain().clone();
    dug.excavate(start_m - 1.5 * up, 3.0, i64::MAX);
    world.replace_terrain(dug);
    let pull_m_s2 = world
        .terrain()
        .acceleration_m_s2(start_m, DVec3::ZERO, &mut GravityCell::default())
        .length();
    let begun_ms = world.time_ms();
    for _ in 0..600 {
        world.step();
    }
    let fallen_s = 1e-3 * (world.time_ms() - begun_ms) as f64;
    let fallen_m = (start_m - place_m(&mut world, 0)).dot(up);
    let free_m = 0.5 * pull_m_s2 * fallen_s * fallen_s;
    assert!(
        (0.9..1.1).contains(&(fallen_m / free_m)),
        "fell {fallen_m} m of {free_m} m"
    );
}

/// Put a metre into the ground, it comes out slowly and stays.
#[test]
fn a_robot_set_down_inside_the_ground_is_let_out_gently() {
    let (place, weight_m_s2) = heaviest_place("bennu");
    let mut world = Headless::load(&crowd_on("bennu", place, 1, 0.0), None).unwrap();
    let start_m = place_m(&mut world, 0);
    let up = world.terrain().up(start_m);
    for depth_m in [0.5, 1.5, 4.0] {
        let inside_m = start_m - depth_m * up;
        let tilted = Quat::from_euler(EulerRot::XYZ, 0.5, 1.0, -0.4);
        world.place_robot("robot-0", inside_m.as_vec3(), tilted, Vec3::ZERO);
        let limit = (2.0 * weight_m_s2 * 1.5).sqrt();
        let until_ms = world.time_ms() + 4 * 3_600_000;
        while !world.scene().robots[0].at_rest && world.time_ms() < until_ms {
            world.step();
            let speed = speeds_m_s(&mut world)[0];
            assert!(speed < limit, "{speed} m/s from {depth_m} m");
        }
        assert!(world.scene().robots[0].at_rest);
        let out_m = place_m(&mut world, 0);
        let height_m = world.terrain().felt_m(out_m);
        assert!((0.2..1.2).contains(&height_m), "{height_m} m above ground");
    }
}

/// An orbit through the world keeps the Jacobi constant ½v² − ½|ω × r|² + U, with the potential of
/// the very facets that the field is made of.
#[test]
fn an_orbit_keeps_its_energy_to_one_part_in_ten_thousand() {
    for (body, radii) in [("bennu", 2.2)] {
        let place = Coordinates {
            latitude_deg: 0.0,
            longitude_deg: 0.0,
        };
        let level = crowd_on(body, place, 1, 0.0);
        let mut world = Headless::load(&level, None).unwrap();
        let model = std::sync::Arc::clone(world.terrain().model());
        let spin = model.spin_rad_per_s();
        let mu = model.mu_m3_per_s2();
        let radius_m = radii * model.bounding_radius_m();
        let from_centre = radius_m * direction_of(0.5, 0.3);
        // Circular and inclined in the inertial frame, and retrograde, which is safe from resonance.
        let across = DVec3::new(0.2, -1.0, 0.4).reject_from_normalized(from_centre.normalize());
        let inertial = (mu / radius_m).sqrt() * across.normalize();
        let velocity = inertial - spin.cross(from_centre);
        let at_m = from_centre - model.origin_m();
        world.place_robot(
            "robot-0",
            at_m.as_vec3(),
            Quat::IDENTITY,
            velocity.as_vec3(),
        );
        let constant = |world: &mut Headless| {
            let (at_m, velocity) = world.exact_motion("robot-0").unwrap();
            let r = model.from_centre(at_m);
            0.5 * velocity.length_squared()
                - 0.5 * spin.cross(r).length_squared()
                - model.potential_m2_s2(at_m).abs()
        };
        let before = constant(&mut world);
        let period_s = std::f64::consts::TAU * (radius_m.powi(3) / mu).sqrt();
        let start_m = world.exact_motion("robot-0").unwrap().0;
        let mut farthest_m = 0.0f64;
        while 1e-3 * (world.time_ms() as f64) < period_s {
            world.step();
            farthest_m = farthest_m.max(world.exact_motion("robot-0").unwrap().0.distance(start_m));
        }
        assert!(radius_m < farthest_m, "{body}: it went round");
        let drift = (constant(&mut world) - before).abs() / (mu / radius_m);
        assert!(drift < 1e-4, "{body}: drift {drift}");
    }
}

/// Blows lose energy: thrown down at 10 cm/s, a robot keeps more of it on rock than on fines.
#[test]
fn a_robot_bounces_higher_off_a_boulder_than_off_fines() {
    let place = Level::find("first-water").unwrap().sites["field"];
    let mut world = Headless::load(&crowd_on("bennu", place, 1, 0.0), None).unwrap();
    let mut kept = [Vec::new(), Vec::new()];
    for i in 0..400 {
        let direction = direction_of(1.2 - 0.006 * f64::from(i), 2.4 * f64::from(i));
        let ground_m = world.terrain().model().surface_towards(direction);
        let normal = world.terrain().normal(ground_m);
        // Under the whole of the robot.
        let (east, north) = normal.any_orthonormal_pair();
        let rocks = [east, north, -east, -north]
            .iter()
            .filter(|way| {
                let under_m = ground_m + 0.6 * **way - 0.5 * normal;
                world.terrain().model().ground_at(under_m).rock
            })
            .count();
        let rock = match rocks {
            0 => false,
            4 => true,
            _ => continue,
        };
        if 8 <= kept[usize::from(rock)].len() {
            continue;
        }
        let flat = Quat::from_rotation_arc(Vec3::Y, normal.as_vec3());
        let speed = 0.1f32;
        let from_m = (ground_m + 1.2 * normal).as_vec3();
        world.place_robot("robot-0", from_m, flat, -speed * normal.as_vec3());
        for _ in 0..200 {
            world.step();
        }
        let seen = &world.scene().robots[0];
        let share = seen.velocity_m_s.length_squared() / (speed * speed);
        assert!(share < 0.75, "kept {share} of its energy");
        kept[usize::from(rock)].push(share);
    }
    let mean = |of: &[f32]| of.iter().sum::<f32>() / of.len() as f32;
    assert!(3 < kept[0].len() && 3 < kept[1].len(), "{kept:?}");
    assert!(2.0 * mean(&kept[0]) < mean(&kept[1]), "{kept:?}");
}

/// The same bits after a restore, in the middle of bumping and of flight.
#[test]
fn a_crowd_in_motion_goes_on_to_the_bit_after_a_restore() {
    let place = Level::find("first-water").unwrap().sites["field"];
    let mut level = crowd_on("bennu", place, 9, 1.8);
    level.plants[0].site = Site::Offset {
        of: "field".to_owned(),
        east_m: -15.0,
        north_m: 0.0,
    };
    // Levels keep machines apart; these are to bump into each other.
    for (i, robot) in level.robots.iter_mut().enumerate() {
        robot.site = Site::Offset {
            of: "field".to_owned(),
            east_m: 4.0 * (i % 3) as f64,
            north_m: 4.0 * (i / 3) as f64,
        };
    }
    let mut world = Headless::load(&level, None).unwrap();
    let middle_m = place_m(&mut world, 4).as_vec3();
    for (i, robot) in world.scene().robots.into_iter().enumerate() {
        let up = world.terrain().up(robot.position_m.as_dvec3()).as_vec3();
        let inward = (middle_m - robot.position_m).normalize_or(up);
        let velocity = 0.02 * inward + 0.002 * i as f32 * up;
        world.place_robot(&robot.name, robot.position_m, robot.rotation, velocity);
    }
    world.run_until_ms(60_000);
    let bytes = world.save();
    assert!(bytes.len() < 200_000, "{} bytes", bytes.len());
    let mut again = Headless::restore(&bytes).unwrap();
    for _ in 0..600 {
        world.step();
        again.step();
        assert_eq!(again.state_hash(), world.state_hash());
    }
}
