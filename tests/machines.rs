//! Robots are the sum of their modules, obey heat, dust and wear, and can be rebuilt and mended.

use bevy::math::Vec3;
use bonanza::headless::Headless;
use bonanza::sim::level::modules::Catalogue;
use bonanza::sim::level::{Level, Site};
use bonanza::sim::observation::{Activity, OwnRobot};
use bonanza::sim::order::Order;
use bonanza::sim::robot::stand;
use proptest::prelude::*;

fn built_in() -> &'static Catalogue {
    Catalogue::built_in()
}

#[test]
fn every_kind_is_the_sum_of_its_parts() {
    let catalogue = built_in();
    assert!(6 <= catalogue.kinds.len());
    for (name, spec) in &catalogue.kinds {
        let kind = catalogue
            .kind(name)
            .unwrap_or_else(|misfits| panic!("{name}: {misfits:?}"));
        let material = catalogue.materials[&spec.material];
        let chassis = &catalogue.chassis[&spec.chassis];
        let mut mass_kg = material.mass_factor * chassis.mass_kg;
        let mut price = material.price_factor * chassis.price_credits;
        let mut idle_w = chassis.idle_power_w;
        let mut battery_wh = 0.0;
        for module in &spec.modules {
            let module = &catalogue.modules[module];
            let material = catalogue.materials[&module.material.unwrap_or(spec.material)];
            mass_kg += material.mass_factor * module.mass_kg;
            price += material.price_factor * module.price_credits;
            idle_w += module.idle_power_w;
            if let bonanza::sim::level::modules::Part::Battery { energy_wh } = module.part {
                battery_wh += energy_wh;
            }
        }
        // Each part is rounded to whole grams and micro-credits.
        let parts = 1.0 + spec.modules.len() as f64;
        assert!((kind.dry_mass_kg - mass_kg).abs() < 1e-3 * parts, "{name}");
        assert!((kind.price_credits - price).abs() < 1e-6 * parts, "{name}");
        assert!((kind.idle_power_w - idle_w).abs() < 1e-9, "{name}");
        assert!((kind.battery_wh - battery_wh).abs() < 1e-9, "{name}");
        assert_eq!(
            kind.dry_mass_g(),
            (1e3 * kind.dry_mass_kg).round() as i64,
            "{name}"
        );
        // The page tells the same.
        let page = include_str!("../docs/robots.md");
        let row = page
            .lines()
            .find(|line| line.starts_with(&format!("| `{name}` |")));
        let row = row.unwrap_or_else(|| panic!("docs/robots.md has no {name}"));
        assert!(row.contains(&format!("| {} |", kind.dry_mass_kg)), "{row}");
        // Real analogues stand in the table.
        let table = include_str!("../assets/data/robots.csv");
        for row in &spec.after {
            assert!(
                table
                    .lines()
                    .any(|line| line.starts_with(&format!("{row},"))),
                "{name} follows {row}"
            );
        }
    }
}

#[test]
fn a_kind_that_does_not_fit_is_refused_with_file_line_and_what_was_expected() {
    let text = "Catalogue(\n    kinds: {\n        \"k\": (\n            chassis: \"frame-scout\",\n            modules: [\n                \"legs-mini\",\n                MODULE\n                \"battery-200\", \"radio-mini\",\n            ],\n        ),\n    },\n)\n";
    let errors_with = |module: &str| {
        let text = text.replace("MODULE", module);
        match Catalogue::parse(&text, "k.ron") {
            Ok(_) => Vec::new(),
            Err(errors) => errors.0,
        }
    };
    assert!(errors_with("").is_empty());
    for (module, field, line, expected) in [
        (
            "\"legz\",",
            "kinds[\"k\"].modules[1]",
            7,
            "\"legz\" must name a module, such as legs",
        ),
        (
            "\"legs-mini\",",
            "kinds[\"k\"].modules[1]",
            7,
            "a second set of legs",
        ),
        (
            "\"drum-113\", \"bin-80\",",
            "kinds[\"k\"].modules[1]",
            7,
            "must draw at most the 30 W",
        ),
        (
            "\"drum-113\", \"bin-80\",",
            "kinds[\"k\"].modules",
            5,
            "must weigh at most the 12 kg",
        ),
        (
            "\"bin-40\", \"tank-6\",",
            "kinds[\"k\"].modules",
            5,
            "2 for bin slots and must hold at most the 1",
        ),
        (
            "\"steam-4n\",",
            "kinds[\"k\"].modules",
            5,
            "thrusters but no tank",
        ),
        (
            "\"cells-all-round\", \"array-deck\",",
            "kinds[\"k\"].modules[2]",
            7,
            "mounted in one way",
        ),
    ] {
        let errors = errors_with(module);
        let error = errors
            .iter()
            .find(|error| error.field == field && error.message.contains(expected))
            .unwrap_or_else(|| panic!("{module}: {errors:#?}"));
        assert_eq!(
            (error.file.as_str(), error.line),
            ("k.ron", line),
            "{error:?}"
        );
        assert!(error.message.ends_with("in catalogue \"k.ron\""), "{error}");
    }
}

#[test]
fn a_level_may_bring_its_own_modules_and_kinds() {
    let first_water = include_str!("../levels/first-water.ron");
    let own = "    modules: {\n        \"drum-50\": (\n            part: Drum((rate_kg_per_h: RATE, power_w: 250.0, reaction_n: 2.0, reach_m: 1.5)),\n            mass_kg: 9.0, price_credits: 150000.0,\n        ),\n    },\n    robots: [";
    let with = |rate: &str| first_water.replace("    robots: [", &own.replace("RATE", rate));
    let level = Level::parse(&with("70.0"), "t").expect("a sound level");
    let kind = Catalogue::of(&level).kind("hopping-digger").unwrap();
    assert_eq!(kind.drum.unwrap().rate_kg_per_h, 70.0);
    assert_eq!(kind.dry_mass_kg, 81.0);
    let text = with("-1.0");
    let errors = Level::parse(&text, "t").unwrap_err().0;
    assert_eq!(errors.len(), 1, "{errors:#?}");
    assert_eq!(
        errors[0].field,
        "modules[\"drum-50\"].part[0].rate_kg_per_h"
    );
    let line = text[..text.find("rate_kg_per_h").unwrap()]
        .matches('\n')
        .count()
        + 1;
    assert_eq!(errors[0].line, line);
    assert_eq!(
        errors[0].message,
        "rate_kg_per_h = -1 must be positive and finite, in level \"t\""
    );
}

#[test]
fn the_digger_of_the_first_level_is_what_it_was() {
    let kind = built_in().kind("hopping-digger").unwrap();
    assert_eq!(kind.dry_mass_kg, 80.0);
    assert_eq!(kind.price_credits, 1_500_000.0);
    assert_eq!(kind.idle_power_w, 30.0);
    assert_eq!((kind.bin_capacity_kg, kind.tank_capacity_kg), (40.0, 6.0));
}

/// `first-water` with the player's `digger-1` and its plant alone.
fn lone(change: impl FnOnce(&mut Level)) -> Headless {
    let mut level = Level::find("first-water").expect("the level ships with the program");
    level
        .prospectors
        .retain(|prospector| prospector.name == "player");
    level.robots.retain(|robot| robot.name == "digger-1");
    level.plants.retain(|plant| plant.owner == "player");
    change(&mut level);
    level.validate().expect("still a sound level");
    Headless::load(&level, None).expect("the level names a known body")
}

fn digger(world: &mut Headless) -> OwnRobot {
    let robots = world.observe("player").expect("the player plays").robots;
    robots.into_iter().next().expect("the player has a robot")
}

#[test]
fn long_and_short_ticks_agree_on_charge_heat_dust_and_dose() {
    let run = |tick_s: f64| {
        let mut world = lone(|level| {
            (level.tick_s, level.long_tick_s, level.idle_tick_s) = (0.1, tick_s, tick_s);
        });
        world.run_until_ms(6 * 3_600_000);
        digger(&mut world)
    };
    let (short, long) = (run(0.5), run(60.0));
    assert!(
        (short.temperature_k - long.temperature_k).abs() < 0.1,
        "{short:?} {long:?}"
    );
    assert!((short.battery_fraction - long.battery_fraction).abs() < 1e-3);
    for (short, long) in [
        (short.panel_dust, long.panel_dust),
        (short.dose_gy, long.dose_gy),
    ] {
        assert!(
            0.0 < short && (short / long - 1.0).abs() < 5e-3,
            "{short} {long}"
        );
    }
}

#[test]
fn a_battery_loses_by_night_exactly_what_its_loads_draw() {
    let mut world = lone(|_| ());
    let idle_w = 30.0;
    let capacity_j = 3600.0 * 1500.0;
    let mut nights = 0;
    let mut before = digger(&mut world);
    let mut then_ms = world.time_ms();
    while world.time_ms() < 9 * 3_600_000 {
        world.step();
        let now = digger(&mut world);
        let time_s = 1e-3 * (world.time_ms() - then_ms) as f64;
        let gained_j = f64::from(now.battery_fraction - before.battery_fraction) * capacity_j;
        assert!((230.0..333.0).contains(&now.temperature_k), "{now:?}");
        if now.solar_power_w == 0.0 && 30.0 < time_s && 283.0 < now.temperature_k {
            nights += 1;
            let drawn_w = -gained_j / time_s;
            assert!((drawn_w - idle_w).abs() < 1.0, "{drawn_w} W");
        }
        (before, then_ms) = (now, world.time_ms());
    }
    assert!(10 < nights, "{nights} minutes of night");
}

#[test]
fn dust_seizes_joints_the_log_tells_and_a_save_remembers() {
    let mut world = lone(|level| level.ageing = 2000.0);
    world.run_until_ms(60_000);
    world.submit(
        "player",
        Order::Anchor {
            robot: "digger-1".into(),
        },
    );
    world.run_until_ms(300_000);
    world.submit(
        "player",
        Order::Dig {
            robot: "digger-1".into(),
            until_kg: None,
        },
    );
    let mut worn = 0.0;
    while !digger(&mut world)
        .faults
        .iter()
        .any(|fault| fault == "seized joints")
    {
        world.step();
        let wear = digger(&mut world).seal_wear;
        assert!(worn <= wear, "wear never shrinks by itself");
        worn = wear;
        assert!(world.time_ms() < 2 * 3_600_000, "not seized with {wear}");
    }
    assert!(
        (0.4..2.5).contains(&worn),
        "seals last about as long as the book says: {worn}"
    );
    assert!(
        world
            .log()
            .iter()
            .any(|line| line.text.contains("the joints have seized"))
    );
    let restored = Headless::restore(&world.save())
        .expect("a whole save")
        .state_hash();
    assert_eq!(restored, world.state_hash());
    world.submit(
        "player",
        Order::Dig {
            robot: "digger-1".into(),
            until_kg: None,
        },
    );
    world.step();
    let refused = world
        .orders_taken()
        .last()
        .unwrap()
        .answer
        .clone()
        .unwrap_err();
    assert_eq!(
        refused.to_string(),
        "the joints of digger-1 have seized: it needs repair"
    );
}

/// Two robots of the player side by side next to the plant, at rest; the second is `second`.
fn beside_the_plant(second: &str, change: impl FnOnce(&mut Level)) -> Headless {
    let mut world = lone(|level| {
        level.robots.push(level.robots[0].clone());
        level.robots[1].name = "helper".into();
        level.robots[1].kind = second.into();
        for (robot, east_m, north_m) in [(0, 3.6, 0.0), (1, 4.4, 2.6)] {
            level.robots[robot].site = Site::Offset {
                of: "field".into(),
                east_m,
                north_m,
            };
        }
        change(level);
    });
    world.run_until_ms(15 * 60_000);
    // On the side away from the plant, where there is room.
    let scene = world.scene();
    let (digger, helper) = (&scene.robots[0], &scene.robots[1]);
    let digger_m = digger.position_m.as_dvec3();
    let up = world.terrain().up(digger_m);
    let away = (digger_m - scene.plants[0].position_m.as_dvec3())
        .reject_from_normalized(up)
        .normalize();
    let radius_m = 0.5 * f64::from(digger.size_m.length() + helper.size_m.length());
    let ground_m = world
        .terrain()
        .surface_below(digger_m + (radius_m + 0.2) * away);
    let place_m = ground_m + (0.5 * f64::from(helper.size_m.y) + 0.05) * up;
    let rotation = stand(up, away).as_quat();
    world.place_robot("helper", place_m.as_vec3(), rotation, Vec3::ZERO);
    world.run_until_ms(60 * 60_000);
    world
}

fn robot(world: &mut Headless, name: &str) -> OwnRobot {
    let robots = world.observe("player").expect("the player plays").robots;
    let found = robots.into_iter().find(|robot| robot.name == name);
    found.expect("the player has this robot")
}

/// Gives an order and lets it be taken.
fn order(world: &mut Headless, order: Order) -> Result<(), String> {
    world.submit("player", order);
    world.step();
    let taken = world.orders_taken().last().expect("an order was taken");
    taken.answer.clone().map_err(|refusal| refusal.to_string())
}

fn refit(remove: &[&str], add: &[&str]) -> Order {
    let own = |names: &[&str]| names.iter().map(|&name| name.to_owned()).collect();
    Order::Refit {
        robot: "digger-1".into(),
        remove: own(remove),
        add: own(add),
    }
}

fn assert_balanced(world: &mut Headless) {
    assert_eq!(world.mass_error_g(), 0);
    assert_eq!(world.ledger().credit_error_ucr(), 0);
}

#[test]
fn a_refit_does_what_its_estimate_said_and_pays_for_it() {
    let mut world = beside_the_plant("hopper-scout", |_| ());
    let wanted = refit(&["drum-50", "bin-40"], &["drum-113", "bin-80"]);
    let before = robot(&mut world, "digger-1").sheet;
    let account = world.account("player").unwrap();
    let told = world
        .estimate_refit("player", &wanted)
        .expect("it fits, and there is money");
    assert_eq!(told.bought, ["drum-113", "bin-80"]);
    assert_eq!(told.to_stock, ["drum-50", "bin-40"]);
    assert_eq!(told.cost_credits, 350_000.0);
    // That is more than there is.
    let refused = order(&mut world, wanted.clone()).unwrap_err();
    assert!(
        refused.starts_with("that costs 350000 credits"),
        "{refused}"
    );
    assert_eq!(*robot(&mut world, "digger-1").sheet, *before);

    let wanted = refit(&["bin-40"], &["bin-80", "brush"]);
    let told = world.estimate_refit("player", &wanted).unwrap();
    let had_ucr = world.ledger().balance(account);
    order(&mut world, wanted).unwrap();
    assert_eq!(robot(&mut world, "digger-1").activity, Activity::Servicing);
    let began_ms = world.time_ms();
    while robot(&mut world, "digger-1").activity == Activity::Servicing {
        world.step();
        assert_balanced(&mut world);
    }
    let took_s = 1e-3 * (world.time_ms() - began_ms) as f64;
    assert!(
        (took_s - told.time_s).abs() < 61.0,
        "{took_s} s, {} s told",
        told.time_s
    );
    let after = robot(&mut world, "digger-1");
    assert_eq!(*after.sheet, told.sheet);
    assert_eq!(after.bin_capacity_kg, 80.0);
    assert_eq!(
        after.sheet.dry_mass_kg,
        before.dry_mass_kg - 4.0 + 7.0 + 0.8
    );
    let paid_ucr = had_ucr - world.ledger().balance(account);
    // Upkeep is paid meanwhile: 4000 credits a day for a robot and a plant, and the helper's.
    assert!(
        (1e-6 * paid_ucr as f64 - told.cost_credits) < 500.0,
        "{paid_ucr}"
    );
    assert!(told.cost_credits <= 1e-6 * paid_ucr as f64);
    let plants = world.observe("player").unwrap().plants;
    assert_eq!(plants[0].modules, ["bin-40"]);

    // Back again: the old bin is in stock and costs nothing.
    let back = refit(&["bin-80"], &["bin-40"]);
    let told = world.estimate_refit("player", &back).unwrap();
    assert_eq!(
        (told.cost_credits, told.from_stock),
        (0.0, vec!["bin-40".to_owned()])
    );
    let restored = Headless::restore(&world.save())
        .expect("a whole save")
        .state_hash();
    assert_eq!(restored, world.state_hash());
}

#[test]
fn refits_that_cannot_be_are_refused_with_a_reason() {
    let mut world = beside_the_plant("hopper-scout", |_| ());
    for (remove, add, reason) in [
        (vec!["laser"], vec![], "has no module \"laser\" to remove"),
        (vec![], vec!["drum-113"], "a second drum"),
        (vec!["radio"], vec![], "no radio"),
        (vec!["bin-40"], vec![], "a drum but no bin"),
        (
            vec!["tank-6", "steam-4n"],
            vec![],
            "the tank of digger-1 holds",
        ),
        (vec![], vec![], "nothing is to be added or removed"),
    ] {
        let refused = order(&mut world, refit(&remove, &add)).unwrap_err();
        assert!(refused.contains(reason), "{refused}");
    }
    assert_balanced(&mut world);
}

#[test]
fn a_neighbour_mends_seized_joints_with_spare_parts_and_lends_power() {
    let mut world = beside_the_plant("boulder-gripper", |level| level.ageing = 3000.0);
    order(
        &mut world,
        Order::Anchor {
            robot: "digger-1".into(),
        },
    )
    .unwrap();
    world.run_until_ms(world.time_ms() + 120_000);
    order(
        &mut world,
        Order::Dig {
            robot: "digger-1".into(),
            until_kg: None,
        },
    )
    .unwrap();
    while robot(&mut world, "digger-1").faults.is_empty() {
        world.step();
        assert!(world.time_ms() < 3 * 3_600_000);
    }
    let helper = robot(&mut world, "helper");
    assert_eq!(
        (helper.mechanical_spares_kg, helper.electronic_spares_kg),
        (3.0, 1.0)
    );
    let repair = Order::Repair {
        robot: "digger-1".into(),
        by: "helper".into(),
    };
    order(&mut world, repair).unwrap();
    while robot(&mut world, "helper").activity == Activity::Servicing {
        world.step();
        assert_balanced(&mut world);
        assert!(
            world.time_ms() < 9 * 3_600_000,
            "{:?}",
            robot(&mut world, "helper")
        );
    }
    let mended = robot(&mut world, "digger-1");
    assert!(mended.faults.is_empty(), "{mended:?}");
    assert!(mended.seal_wear < 0.1);
    let left_kg = robot(&mut world, "helper").mechanical_spares_kg;
    assert!(left_kg < 3.0 && 0.0 <= left_kg, "new seals weigh something");
    let scrap = world.ledger().find("scrap").unwrap();
    let scrap_kg = 1e-3 * world.ledger().balance(scrap) as f64;
    assert!(
        (scrap_kg - (3.0 - left_kg)).abs() < 1e-9,
        "{scrap_kg} kg of scrap"
    );

    let power = Order::GivePower {
        robot: "helper".into(),
        to: "digger-1".into(),
        energy_wh: 50.0,
    };
    let battery = |world: &mut Headless, name: &str| {
        let robot = robot(world, name);
        f64::from(robot.battery_fraction) * robot.sheet.battery_wh
    };
    let gave_wh = battery(&mut world, "helper");
    order(&mut world, power).unwrap();
    while robot(&mut world, "helper").activity == Activity::Servicing {
        world.step();
    }
    let line = world
        .log()
        .iter()
        .rev()
        .find(|line| line.text.contains("is charged to"));
    assert!(line.is_some() || battery(&mut world, "helper") < gave_wh);
}

#[test]
fn a_wreck_is_worth_parts_and_nothing_else() {
    let mut world = beside_the_plant("steam-hauler", |_| ());
    let before = robot(&mut world, "helper");
    let strip = Order::Cannibalise {
        robot: "helper".into(),
        wreck: "digger-1".into(),
    };
    order(&mut world, strip.clone()).unwrap();
    while robot(&mut world, "helper").activity == Activity::Servicing {
        world.step();
        assert_balanced(&mut world);
    }
    let after = robot(&mut world, "helper");
    // A quarter and a twenty-fifth of eighty kilograms.
    assert!((after.mechanical_spares_kg - before.mechanical_spares_kg - 20.0).abs() < 1e-9);
    assert!((after.electronic_spares_kg - before.electronic_spares_kg - 3.2).abs() < 1e-9);
    let account = world.ledger().find("robot:digger-1:machine").unwrap();
    assert_eq!(world.ledger().balance(account), 56_800);
    assert!(
        order(&mut world, strip)
            .unwrap_err()
            .contains("has been taken apart")
    );
    let refused = order(
        &mut world,
        Order::Charge {
            robot: "digger-1".into(),
        },
    )
    .unwrap_err();
    assert!(refused.contains("dead"), "{refused}");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 6, failure_persistence: None, ..ProptestConfig::default() })]

    /// Modules on and off, spare parts in and out, in any order: nothing is made or lost.
    #[test]
    fn no_sequence_of_work_on_machines_makes_or_loses_mass_or_money(
        steps in prop::collection::vec((0..8usize, 0..8usize, 0..6usize, 0.0..6.0f64), 1..10)
    ) {
        let parts = [
            "bin-40", "bin-80", "brush", "drum-50", "drum-50-hardened", "radiator", "heater-80", "locker-5",
        ];
        let mut world = beside_the_plant("boulder-gripper", |level| {
            level.prospectors[0].credits = 2e6;
        });
        for (off, on, what, kg) in steps {
            let wanted = match what {
                0 => refit(&[], &[parts[on]]),
                1 => refit(&[parts[off]], &[]),
                2 | 3 => refit(&[parts[off]], &[parts[on]]),
                4 => Order::TakeSpares { robot: "digger-1".into(), mechanical_kg: kg, electronic_kg: 0.5 },
                _ => Order::Repair { robot: "digger-1".into(), by: "helper".into() },
            };
            // Some are refused, and that is part of the test.
            let told = match &wanted {
                Order::Refit { .. } => world.estimate_refit("player", &wanted).ok(),
                _ => None,
            };
            let answer = order(&mut world, wanted);
            let poor = answer.as_ref().is_err_and(|reason| reason.contains("that costs"));
            prop_assert!(told.is_none() || answer.is_ok() || poor, "{:?}", answer);
            let told = told.filter(|_| answer.is_ok());
            world.run_until_ms(world.time_ms() + 2 * 3_600_000);
            prop_assert_eq!(world.mass_error_g(), 0);
            prop_assert_eq!(world.ledger().credit_error_ucr(), 0);
            let sheet = robot(&mut world, "digger-1").sheet;
            if let Some(told) = told {
                prop_assert_eq!(&*sheet, &told.sheet);
            }
        }
    }
}

#[test]
fn a_robot_that_cannot_move_is_carried_and_put_down_elsewhere() {
    let mut world = beside_the_plant("steam-hauler", |_| ());
    let start_m = robot(&mut world, "digger-1").position_m;
    let carry = Order::Carry {
        robot: "helper".into(),
        load: "digger-1".into(),
    };
    order(&mut world, carry).unwrap();
    while robot(&mut world, "helper").activity == Activity::Servicing {
        world.step();
    }
    let helper = robot(&mut world, "helper");
    assert_eq!(helper.carries.as_deref(), Some("digger-1"));
    let refused = order(
        &mut world,
        Order::Charge {
            robot: "digger-1".into(),
        },
    )
    .unwrap_err();
    assert_eq!(refused, "digger-1 is being carried by helper");
    // It rides over its carrier, through a save as well.
    let mut world = Headless::restore(&world.save()).expect("a whole save");
    world.run_until_ms(world.time_ms() + 600_000);
    let (above_m, below_m) = (
        robot(&mut world, "digger-1").position_m,
        robot(&mut world, "helper").position_m,
    );
    assert!(
        (0.9..1.6).contains(&above_m.distance(below_m)),
        "{above_m} {below_m}"
    );
    order(
        &mut world,
        Order::PutDown {
            robot: "helper".into(),
        },
    )
    .unwrap();
    world.run_until_ms(world.time_ms() + 1_800_000);
    let digger = robot(&mut world, "digger-1");
    assert_eq!(
        (digger.carried_by.as_deref(), digger.lost),
        (None, false),
        "{digger:?}"
    );
    assert!(digger.speed_m_s < 0.01, "{digger:?}");
    let apart_m = digger.position_m.distance(below_m);
    assert!(
        (1.0..8.0).contains(&apart_m),
        "{apart_m} m beside its carrier"
    );
    assert!(digger.position_m.distance(start_m) < 12.0);
    order(
        &mut world,
        Order::Charge {
            robot: "digger-1".into(),
        },
    )
    .unwrap();
    assert_balanced(&mut world);
}

#[test]
fn a_plant_mends_what_stands_beside_it_with_parts_that_it_buys() {
    let mut world = beside_the_plant("hopper-scout", |level| level.ageing = 3000.0);
    order(
        &mut world,
        Order::Anchor {
            robot: "digger-1".into(),
        },
    )
    .unwrap();
    world.run_until_ms(world.time_ms() + 120_000);
    order(
        &mut world,
        Order::Dig {
            robot: "digger-1".into(),
            until_kg: None,
        },
    )
    .unwrap();
    while robot(&mut world, "digger-1").faults.is_empty() {
        world.step();
        assert!(world.time_ms() < 5 * 3_600_000);
    }
    let account = world.account("player").unwrap();
    let had_ucr = world.ledger().balance(account);
    let repair = Order::Repair {
        robot: "digger-1".into(),
        by: "player-still".into(),
    };
    let told = world.estimate_service("player", &repair).unwrap();
    // The seals come first.
    assert_eq!(told.cost_credits, 18_000.0);
    order(&mut world, repair).unwrap();
    let began_ms = world.time_ms();
    while robot(&mut world, "digger-1").activity == Activity::Servicing {
        world.step();
        assert_balanced(&mut world);
    }
    let mended = robot(&mut world, "digger-1");
    assert!(
        mended.faults.is_empty() && mended.seal_wear < 0.1,
        "{mended:?}"
    );
    // Seals of 0.6 kg and perhaps teeth of 1.5 kg at 30 000 credits a kilogram; upkeep besides.
    let paid = 1e-6 * (had_ucr - world.ledger().balance(account)) as f64;
    let days = (world.time_ms() - began_ms) as f64 / 86_400e3;
    let parts = paid - 5_500.0 * days;
    assert!(
        [18_000.0, 63_000.0]
            .iter()
            .any(|price| (parts - price).abs() < 500.0),
        "{parts}"
    );
}

/// Work on machines that exist or do not, with numbers that make sense or do not.
fn any_work() -> impl Strategy<Value = Order> {
    let robot = || {
        prop_oneof![
            4 => Just("digger-1".to_owned()),
            4 => Just("helper".to_owned()),
            1 => Just("player-still".to_owned()),
            1 => ".{0,8}",
        ]
    };
    let number = || {
        prop_oneof![
            4 => -5.0..50.0f64,
            1 => Just(f64::NAN),
            1 => Just(f64::INFINITY),
            1 => Just(1e300),
        ]
    };
    let modules = || prop::collection::vec(prop_oneof![Just("bin-40".to_owned()), ".{0,8}"], 0..4);
    (
        robot(),
        robot(),
        number(),
        number(),
        modules(),
        modules(),
        0..9u8,
    )
        .prop_map(|(robot, other, x, y, remove, add, kind)| match kind {
            0 => Order::Refit { robot, remove, add },
            1 => Order::TakeSpares {
                robot,
                mechanical_kg: x,
                electronic_kg: y,
            },
            2 => Order::Repair { robot, by: other },
            3 => Order::Cannibalise {
                robot,
                wreck: other,
            },
            4 => Order::Clean { robot },
            5 => Order::GivePower {
                robot,
                to: other,
                energy_wh: x,
            },
            6 => Order::Carry { robot, load: other },
            7 => Order::PutDown { robot },
            _ => Order::PrintSpares {
                plant: other,
                mass_kg: x,
            },
        })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 8, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn absurd_work_on_machines_neither_panics_nor_loses_a_gram(
        orders in prop::collection::vec((any_work(), 0..7200u64), 1..12)
    ) {
        let mut world = beside_the_plant("boulder-gripper", |_| ());
        for (wanted, wait_s) in orders {
            let is_told = !matches!(wanted, Order::PrintSpares { .. });
            let told = world.estimate_service("player", &wanted);
            let answer = order(&mut world, wanted);
            let told = told.map(|_| ()).map_err(|why| why.to_string());
            prop_assert!(!is_told || told == answer, "{:?} but {:?}", told, answer);
            world.run_until_ms(world.time_ms() + 1000 * wait_s);
            prop_assert_eq!(world.mass_error_g(), 0);
            prop_assert_eq!(world.ledger().credit_error_ucr(), 0);
            for robot in world.scene().robots {
                prop_assert!(robot.position_m.is_finite() && robot.battery_fill.is_finite());
            }
        }
    }
}
