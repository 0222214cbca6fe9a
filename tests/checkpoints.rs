//! A world that returns to a checkpoint goes on as if nothing had happened since; one that is reset
//! starts as a fresh one does.

use bevy::math::{Quat, Vec3};
use bonanza::headless::Headless;
use bonanza::sim::level::Level;
use bonanza::sim::order::{Issued, Order};

fn load(level: &Level, seed: u64) -> Headless {
    Headless::load(level, Some(seed)).expect("the level names a known body")
}

/// Everything that a world is, in bytes.
fn all_of(world: &mut Headless) -> (u64, Vec<u8>) {
    (world.state_hash(), world.save())
}

/// What a world comes to in so many ticks more: its hash now and then.
///
/// Not its bytes: they hold how far a thing in flight may go before it looks for the ground again,
/// which depends on what ground is at hand, and changes nothing.
fn course(world: &mut Headless, ticks: usize) -> Vec<u64> {
    let mut hashes = Vec::new();
    for tick in 0..ticks {
        world.step();
        if tick % 16 == 0 {
            hashes.push(world.state_hash());
        }
    }
    hashes.push(world.state_hash());
    hashes
}

/// Throws a robot up; `m_s` outward. In levels where motion is planned it is put down elsewhere.
fn throw(world: &mut Headless, robot: &str, up_m: f32, m_s: f32) {
    let scene = world.scene();
    let found = scene.robots.iter().find(|each| each.name == robot);
    let at_m = found.expect("the level has it").position_m;
    let up = scene.outward(at_m);
    world.place_robot(robot, at_m + up_m * up, Quat::IDENTITY, m_s * up);
}

/// Lets every robot dig, hop or measure, which one depends on `turn`.
fn set_to_work(world: &mut Headless, level: &Level, turn: usize) {
    let scene = world.scene();
    for (index, spec) in level.robots.iter().enumerate() {
        let robot = spec.name.clone();
        let at_m = scene.robots[index].position_m;
        let up = scene.outward(at_m);
        let aside = up.any_orthonormal_vector();
        let order = match (index + turn) % 3 {
            0 => Order::Dig {
                robot,
                until_kg: Some(8.0 + turn as f64),
            },
            1 => Order::HopTo {
                robot,
                target_m: (at_m + 12.0 * aside).as_dvec3().to_array(),
            },
            _ => Order::Anchor { robot },
        };
        world.submit(&spec.owner, order);
    }
}

#[test]
fn every_level_returns_to_its_checkpoints_to_the_bit() {
    for name in Level::all_names() {
        let level = Level::find(&name).expect("it is listed");
        let mut world = load(&level, 5);
        let mut other = load(&level, 6);
        other.run_until_ms(200_000);
        throw(&mut world, &level.robots[0].name, 3.0, 0.05);
        let mut stages = Vec::new();
        for stage in 0..4 {
            set_to_work(&mut world, &level, stage);
            for _ in 0..40 + 60 * stage {
                world.step();
            }
            let checkpoint = world.checkpoint();
            assert_eq!(checkpoint.tick(), world.tick());
            let all = all_of(&mut world);
            stages.push((checkpoint, all, course(&mut world, 50)));
        }
        // Elsewhere the same ground is dug in other ways, and robots get lost.
        set_to_work(&mut world, &level, 1);
        throw(&mut world, &level.robots[0].name, 10.0, 20.0);
        for _ in 0..60 {
            world.step();
        }
        for stage in [2, 0, 3, 1, 1] {
            let (checkpoint, all, come_to) = &stages[stage];
            let copy = &mut Headless::from_checkpoint(checkpoint);
            for candidate in [&mut world, &mut other, copy] {
                candidate.return_to(checkpoint);
                assert!(all_of(candidate) == *all, "{name}, stage {stage}");
                let course = course(candidate, 50);
                assert_eq!(course, *come_to, "{name}, from stage {stage}");
                // The next return is from somewhere else.
                set_to_work(candidate, &level, stage + 1);
                for _ in 0..30 {
                    candidate.step();
                }
            }
        }
    }
}

#[test]
fn what_was_dug_lost_and_taken_apart_since_is_as_before() {
    let mut level = Level::find("first-water").expect("the level ships with the program");
    assert_eq!(level.robots[1].name, "digger-2");
    level.robots[1].kind = "steam-hauler".into();
    level.validate().expect("still a sound level");
    let mut world = load(&level, 3);
    world.run_until_ms(400_000);
    let order = |order| Issued {
        at_ms: 0,
        by: "player".into(),
        order,
    };
    let dig = || {
        order(Order::Dig {
            robot: "digger-1".into(),
            until_kg: None,
        })
    };
    let checkpoint = world.checkpoint();
    let goes_on = |world: &mut Headless| {
        world.schedule(dig());
        world.run_until_ms(5_400_000);
        let dug_g = world.terrain().removed_g();
        (course(world, 600), dug_g)
    };
    let come_to = goes_on(&mut world);
    assert!(50_000 < come_to.1, "{} g dug", come_to.1);

    // Now the digger digs a while where it has dug just now, and is taken apart there; its helper
    // leaves for good.
    world.return_to(&checkpoint);
    let scene = world.scene();
    let (digger, helper) = (&scene.robots[0], &scene.robots[1]);
    let up = scene.outward(digger.position_m);
    let radius_m = 0.5 * (digger.size_m.length() + helper.size_m.length());
    let beside_m = digger.position_m + (radius_m + 0.2) * up.any_orthonormal_vector();
    world.schedule(dig());
    world.run_until_ms(1_000_000);
    let stop = Order::Stop {
        robot: "digger-1".into(),
    };
    world.schedule(order(stop));
    world.step();
    let rise_m = 0.5 * up;
    for (robot, at_m) in [("digger-1", digger.position_m), ("digger-2", beside_m)] {
        world.place_robot(robot, at_m + rise_m, digger.rotation, Vec3::ZERO);
    }
    world.run_until_ms(3_600_000);
    world.schedule(order(Order::Cannibalise {
        robot: "digger-2".into(),
        wreck: "digger-1".into(),
    }));
    let account = world.ledger().find("robot:digger-1:machine");
    let account = account.expect("every robot has one");
    let whole_g = world.ledger().balance(account);
    while world.ledger().balance(account) == whole_g {
        let last = world.orders_taken().last();
        assert!(
            world.time_ms() < 20 * 3_600_000,
            "not taken apart: {last:?}"
        );
        world.step();
    }
    throw(&mut world, "digger-2", 5_000.0, 30.0);
    let hour_later_ms = world.time_ms() + 3_600_000;
    world.run_until_ms(hour_later_ms);
    assert!(world.scene().robots.iter().any(|robot| robot.lost));

    world.return_to(&checkpoint);
    assert!(world.scene().robots.iter().all(|robot| !robot.lost));
    assert_eq!(goes_on(&mut world), come_to);
}

#[test]
fn a_reset_world_starts_as_a_fresh_one() {
    for name in Level::all_names() {
        let level = Level::find(&name).expect("it is listed");
        let mut world = load(&level, 1);
        set_to_work(&mut world, &level, 0);
        throw(&mut world, &level.robots[0].name, 10.0, 20.0);
        for _ in 0..150 {
            world.step();
        }
        let mut seen = Vec::new();
        for seed in [9, 10] {
            world.reset(Some(seed));
            let mut fresh = load(&level, seed);
            assert_eq!(world.seed(), seed);
            assert!(all_of(&mut world) == all_of(&mut fresh), "{name}, {seed}");
            for world in [&mut world, &mut fresh] {
                set_to_work(world, &level, 1);
            }
            let come_to = course(&mut world, 150);
            assert!(come_to == course(&mut fresh, 150), "{name}, {seed}");
            seen.push(come_to);
        }
        assert!(seen[0] != seen[1], "{name}: the seed makes no difference");
    }
}

#[test]
fn a_world_turns_into_one_of_another_level() {
    let [mut one, mut two] = ["first-water", "the-last-ice"].map(|name| {
        let level = Level::find(name).expect("the level ships with the program");
        let mut world = load(&level, 4);
        world.run_until_ms(300_000);
        world
    });
    let (of_one, of_two) = (one.checkpoint(), two.checkpoint());
    two.return_to(&of_one);
    assert_eq!(two.level(), one.level());
    assert!(course(&mut two, 300) == course(&mut one, 300));
    two.return_to(&of_two);
    let mut again = Headless::from_checkpoint(&of_two);
    assert!(course(&mut two, 100) == course(&mut again, 100));
}

#[test]
fn worlds_and_checkpoints_may_go_to_other_threads() {
    let level = Level::find("first-water").expect("the level ships with the program");
    let mut world = load(&level, 8);
    world.run_until_ms(100_000);
    let checkpoint = world.checkpoint();
    let here = course(&mut world, 200);
    let elsewhere = std::thread::scope(|scope| {
        let copies = [0, 1].map(|_| {
            let checkpoint = &checkpoint;
            scope.spawn(move || {
                let mut world = Headless::from_checkpoint(checkpoint);
                (course(&mut world, 200), world)
            })
        });
        copies.map(|copy| copy.join().expect("it ends"))
    });
    for (there, mut world) in elsewhere {
        assert!(there == here);
        world.return_to(&checkpoint);
        assert!(course(&mut world, 200) == here);
    }
}
