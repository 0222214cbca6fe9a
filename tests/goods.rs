//! Goods come from rock to the gram, change hands by right, travel, and bring what was quoted.

use bonanza::headless::Headless;
use bonanza::sim::economy::good::Good;
use bonanza::sim::economy::stores::Place;
use bonanza::sim::level::{Brain, Level};
use bonanza::sim::observation::{Activity, Observation};
use bonanza::sim::order::Order;
use bonanza::sim::prospecting::trade::Audience;
use bonanza::sim::voyage::shipping::Route;

const HOUR_MS: u64 = 3_600_000;
const DAY_MS: u64 = 24 * HOUR_MS;

fn node(id: &str) -> Place {
    Place::Node(id.to_owned())
}

/// A depot on Bennu with 80 kg of water that can split it, markets all around, and tugs that leave
/// every day and fly two.
fn depot(loss_chance: f64) -> Headless {
    let mut level = Level::find("proving-ground").expect("the level ships with the program");
    level.robots.clear();
    level.lesson.clear();
    level.markets.tables = ["Earth", "EML1", "LEO"].map(str::to_owned).to_vec();
    let kind = level.plant_kinds.get_mut("still").expect("it has one");
    kind.processes = vec!["electrolysis".to_owned(), "printing".to_owned()];
    for to in ["EML1", "LEO"] {
        level.routes.push(Route {
            from: Place::Site,
            to: node(to),
            delta_v_km_s: 1.4,
            isp_s: 330.0,
            fee_credits_per_kg: 400.0,
            transit_days: 2.0,
            departs_every_days: 1.0,
            first_departure_days: 0.0,
            loss_chance,
            capacity_kg: 1_000.0,
            propellant_credits_per_kg: 8_149.0,
        });
    }
    level
        .validate()
        .unwrap_or_else(|errors| panic!("{:#?}", errors.0));
    Headless::load(&level, None).expect("the level names a known body")
}

fn see(world: &mut Headless, who: &str) -> Observation {
    world.observe(who).expect("the level has it")
}

/// Grams in a store.
fn stored_g(world: &mut Headless, who: &str, place: &Place, good: Good) -> i64 {
    see(world, who)
        .stores
        .iter()
        .filter(|store| store.place == *place && store.good == good)
        .map(|store| (1e3 * store.mass_kg).round() as i64)
        .sum()
}

fn micro_credits(world: &Headless, who: &str) -> i64 {
    let account = world.account(who).expect("the level has it");
    world.ledger().balance(account)
}

/// Gives an order and says how it was answered.
fn give(world: &mut Headless, by: &str, order: Order) -> Result<(), String> {
    let before = world.orders_taken().len();
    world.submit(by, order);
    while world.orders_taken().len() == before {
        world.step();
    }
    let mut taken = world.orders_taken().since(before);
    let own = taken.find(|taken| !taken.scripted).expect("it was taken");
    own.answer.clone().map_err(|refusal| refusal.to_string())
}

fn assert_books(world: &mut Headless) {
    assert_eq!(world.mass_error_g(), 0, "at {} ms", world.time_ms());
    assert_eq!(world.ledger().credit_error_ucr(), 0);
}

fn ship(good: Good, to: &str, mass_kg: f64, buy_propellant: bool) -> Order {
    Order::Ship {
        from: Place::Site,
        to: node(to),
        good,
        mass_kg,
        buy_propellant,
    }
}

#[test]
fn a_plant_that_stands_still_makes_nothing_costs_no_energy_and_goes_on_when_told() {
    let mut world = depot(0.0);
    let set = |process: &str, mass_kg| Order::SetProcess {
        plant: "depot".into(),
        process: process.into(),
        mass_kg,
    };
    give(&mut world, "player", set("electrolysis", Some(18.0))).unwrap();
    give(&mut world, "player", set("stand-still", None)).unwrap();
    let water_kg = |world: &mut Headless| see(world, "player").plants[0].water_kg;
    let energy_ucr = |world: &Headless| -> i64 {
        (world.ledger().journal().iter())
            .filter(|line| line.memo == bonanza::sim::economy::ledger::Memo::Energy)
            .map(|line| line.amount)
            .sum()
    };
    let (before_kg, before_ucr) = (water_kg(&mut world), energy_ucr(&world));
    world.run_until_ms(2 * DAY_MS);
    assert_eq!(water_kg(&mut world), before_kg);
    assert_eq!(energy_ucr(&world), before_ucr);
    let plant = &see(&mut world, "player").plants[0];
    assert_eq!(
        (plant.process.as_str(), plant.running),
        ("stand-still", false)
    );
    assert!(plant.processes.contains(&"stand-still".to_owned()));

    give(&mut world, "player", set("electrolysis", Some(18.0))).unwrap();
    world.run_until_ms(4 * DAY_MS);
    assert!(water_kg(&mut world) < before_kg - 1.0);
    assert!(before_ucr < energy_ucr(&world));
    assert_books(&mut world);
    // There is nothing in standing still that could be stopped after so many kilograms.
    let refusal = give(&mut world, "player", set("stand-still", Some(1.0)));
    assert!(refusal.unwrap_err().contains("leave mass_kg out"));
}

#[test]
fn water_becomes_propellant_goes_to_a_node_and_brings_what_was_quoted() {
    let mut world = depot(0.0);
    give(
        &mut world,
        "player",
        Order::SetProcess {
            plant: "depot".into(),
            process: "electrolysis".into(),
            mass_kg: Some(18.0),
        },
    )
    .unwrap();
    let mut hours = 0;
    while see(&mut world, "player").plants[0].water_kg > 62.0 {
        hours += 1;
        assert!(hours < 100, "112 kWh take the Sun of some hours");
        world.run_until_ms(hours * HOUR_MS);
        assert_books(&mut world);
    }
    let propellant_g = stored_g(&mut world, "player", &Place::Site, Good::Propellant);
    let oxygen_g = stored_g(&mut world, "player", &Place::Site, Good::Oxygen);
    // 18 kg of water, less at most a gram of each that is not whole yet.
    assert!((13_998..=14_001).contains(&propellant_g), "{propellant_g}");
    assert!((3_998..=4_001).contains(&oxygen_g), "{oxygen_g}");

    // Oxygen is no cargo that burns itself: it wants propellant, one's own or bought.
    let before = micro_credits(&world, "player");
    give(&mut world, "player", ship(Good::Oxygen, "EML1", 3.0, false)).unwrap();
    assert_eq!(micro_credits(&world, "player"), before - 1_200_000_000);
    let left_g = stored_g(&mut world, "player", &Place::Site, Good::Propellant);
    let burnt_kg = 3.0 * ((1_400.0_f64 / (330.0 * 9.806_65)).exp() - 1.0);
    assert!((propellant_g - left_g - (1e3 * burnt_kg) as i64 - 1).abs() <= 1);
    let shipments = see(&mut world, "player").shipments;
    assert_eq!(shipments.len(), 1);
    assert_eq!(shipments[0].mass_kg, 3.0);
    assert_books(&mut world);
    let arrives_at_ms = shipments[0].arrives_at_ms;
    world.run_until_ms(arrives_at_ms - HOUR_MS);
    assert_eq!(
        stored_g(&mut world, "player", &node("EML1"), Good::Oxygen),
        0
    );
    world.run_until_ms(arrives_at_ms + 60_000);
    assert_eq!(
        stored_g(&mut world, "player", &node("EML1"), Good::Oxygen),
        3_000
    );

    // A quote is what the sale brings, and the flood is what it told.
    let quote = world
        .quote(&node("EML1"), "EML1", Good::Oxygen, 2.0)
        .unwrap();
    assert!(quote.lot_credits_per_kg < quote.spot_credits_per_kg);
    assert!(quote.recovery_days.is_some());
    let before = micro_credits(&world, "player");
    give(
        &mut world,
        "player",
        Order::SellGoods {
            node: "EML1".into(),
            good: Good::Oxygen,
            mass_kg: 2.0,
        },
    )
    .unwrap();
    let earned = 1e-6 * (micro_credits(&world, "player") - before) as f64;
    // The tick in which it is sold charges the upkeep of the plant for a tenth of a second.
    assert!((quote.net_credits - earned).abs() < 0.01, "{earned}");
    let rows = world.market_rows();
    let row = rows
        .iter()
        .find(|row| row.node == "EML1" && row.good == Good::Oxygen)
        .expect("EML1 buys oxygen");
    assert!((row.spot_credits_per_kg / quote.price_after_credits_per_kg - 1.0).abs() < 1e-6);
    assert_eq!(row.sold_kg, 2.0);
    assert_books(&mut world);
    let report = world.report();
    assert_eq!(report.prospectors[0].sold_g["oxygen"], 2_000);

    // From the site the quote has the freight in it.
    let there = world
        .quote(&node("EML1"), "EML1", Good::Water, 10.0)
        .unwrap();
    let here = world
        .quote(&Place::Site, "EML1", Good::Water, 10.0)
        .unwrap();
    assert!(here.arrives_kg < 10.0 && there.arrives_kg == 10.0);
    assert_eq!(here.freight_credits, 4_000.0);
    assert!(here.net_credits < there.net_credits);
    assert!(world.quote(&Place::Site, "EML1", Good::Gold, 1.0).is_err());
}

#[test]
fn a_voyage_may_be_lost_and_then_its_grams_are_booked_as_lost() {
    for (loss_chance, arrives) in [(0.0, true), (1.0, false)] {
        let mut world = depot(loss_chance);
        give(&mut world, "player", ship(Good::Water, "LEO", 30.0, false)).unwrap();
        let aboard_kg = see(&mut world, "player").shipments[0].mass_kg;
        // Part of it is burnt on the way.
        let share = (-1_400.0_f64 / (330.0 * 9.806_65)).exp();
        assert!((aboard_kg / 30.0 - share).abs() < 1e-3, "{aboard_kg}");
        let saved = world.save();
        let mut restored = Headless::restore(&saved).expect("a fresh save is whole");
        for world in [&mut world, &mut restored] {
            world.run_until_ms(4 * DAY_MS);
            let there_g = stored_g(world, "player", &node("LEO"), Good::Water);
            let expected_g = if arrives {
                (1e3 * aboard_kg).round() as i64
            } else {
                0
            };
            assert_eq!(there_g, expected_g);
            assert!(see(world, "player").shipments.is_empty());
            let outcomes = world.commerce().shipping.outcomes();
            assert_eq!(outcomes.len(), 1);
            assert_eq!(outcomes[0].lost, !arrives);
            assert_books(world);
        }
        assert_eq!(world.state_hash(), restored.state_hash());
    }
}

#[test]
fn what_is_bought_on_earth_can_be_launched_and_costs_more_than_it_brings() {
    let mut world = depot(0.0);
    let before = micro_credits(&world, "player");
    let nickel = |mass_kg| Order::BuyOnEarth {
        good: Good::Nickel,
        mass_kg,
    };
    give(&mut world, "player", nickel(2.0)).unwrap();
    let paid = 1e-6 * (before - micro_credits(&world, "player")) as f64;
    // 16.8 credits/kg, and the upkeep of a tick.
    assert!((paid - 33.6).abs() < 0.01, "{paid}");
    assert!(give(&mut world, "player", nickel(1e9)).is_err());
    let helium = Order::BuyOnEarth {
        good: Good::Helium3,
        mass_kg: 1.9,
    };
    let reason = give(&mut world, "player", helium).unwrap_err();
    assert!(reason.contains("to be had"), "{reason}");
    let launch = Order::Ship {
        from: node("Earth"),
        to: node("EML1"),
        good: Good::Nickel,
        mass_kg: 2.0,
        buy_propellant: false,
    };
    give(&mut world, "player", launch).unwrap();
    let spent = 1e-6 * (before - micro_credits(&world, "player")) as f64;
    let quote = world
        .quote(&node("EML1"), "EML1", Good::Nickel, 2.0)
        .unwrap();
    assert!(quote.net_credits < spent, "{quote:?}");
    assert_eq!(see(&mut world, "player").shipments[0].mass_kg, 2.0);
    assert_books(&mut world);
}

#[test]
fn orders_about_goods_that_cannot_be_are_refused_and_change_nothing() {
    let mut world = depot(0.0);
    let refused = |world: &mut Headless, order: Order, because: &str| {
        let before = (
            world.ledger().accounts().to_vec(),
            see(world, "player").plants,
        );
        let reason = give(world, "player", order).unwrap_err();
        assert!(reason.contains(because), "{reason}");
        let (accounts, plants) = before;
        let after = world.ledger().accounts();
        for (before, after) in accounts.iter().zip(after) {
            // Upkeep goes on.
            if before.name != "prospector:player" && before.name != "operations" {
                assert_eq!(before, after, "{reason}");
            }
        }
        assert_eq!(plants, see(world, "player").plants, "{reason}");
    };
    for mass_kg in [f64::NAN, -1.0, 0.0, 1e300] {
        let order = ship(Good::Water, "EML1", mass_kg, false);
        refused(&mut world, order, "must be from 0.001");
    }
    refused(
        &mut world,
        ship(Good::Water, "EML1", 81.0, false),
        "you have 80.000 kg",
    );
    refused(
        &mut world,
        ship(Good::Gold, "EML1", 1.0, false),
        "you have 0.000 kg",
    );
    refused(
        &mut world,
        ship(Good::Water, "Moon", 1.0, false),
        "no tug goes",
    );
    let process = |process: &str, mass_kg| Order::SetProcess {
        plant: "depot".into(),
        process: process.into(),
        mass_kg,
    };
    refused(
        &mut world,
        process("carbonyl", None),
        "is equipped for bake, electrolysis",
    );
    refused(&mut world, process("bake", Some(1.0)), "leave mass_kg out");
    let sell = |node: &str, good, mass_kg| Order::SellGoods {
        node: node.into(),
        good,
        mass_kg,
    };
    refused(
        &mut world,
        sell("EML1", Good::Platinum, 1.0),
        "nobody at EML1 buys",
    );
    refused(
        &mut world,
        sell("EML1", Good::Water, 1.0),
        "you have 0.000 kg",
    );
    let pump = |mass_kg| Order::LoadWater {
        plant: "depot".into(),
        mass_kg,
    };
    refused(&mut world, pump(1.0), "holds 0.000 kg of water");
    let open = |tariff_credits_per_kg| Order::OpenPlant {
        plant: "depot".into(),
        tariff_credits_per_kg,
        product_share: 0.0,
        to: Audience::Public,
    };
    refused(&mut world, open(-1.0), "tariff_credits_per_kg = -1");
    // Water goes to the store and comes back.
    let store = Order::StoreWater {
        plant: "depot".into(),
        mass_kg: 30.0,
    };
    give(&mut world, "player", store).unwrap();
    assert_eq!(
        stored_g(&mut world, "player", &Place::Site, Good::Water),
        30_000
    );
    give(&mut world, "player", pump(12.5)).unwrap();
    assert_eq!(see(&mut world, "player").plants[0].water_kg, 62.5);
    assert_books(&mut world);
}

/// First water with nobody at home, so that only the test gives orders.
fn neighbours() -> Headless {
    let mut level = Level::find("first-water").expect("the level ships with the program");
    for prospector in &mut level.prospectors {
        prospector.brain = Brain::Human;
    }
    let mut world = Headless::load(&level, None).expect("the level names a known body");
    // The robots come to stand.
    world.run_until_ms(120_000);
    world
}

fn open_to(who: Audience, tariff_credits_per_kg: f64, product_share: f64) -> Order {
    Order::OpenPlant {
        plant: "player-still".into(),
        tariff_credits_per_kg,
        product_share,
        to: who,
    }
}

/// Lets a robot carry out an order to its end.
fn complete(world: &mut Headless, by: &str, order: Order) {
    let name = order.robot().expect("it is for a robot").to_owned();
    give(world, by, order).unwrap();
    let give_up_ms = world.time_ms() + 6 * HOUR_MS;
    loop {
        let seen = see(world, by);
        let robot = seen.robots.iter().find(|r| r.name == name).unwrap();
        assert!(!robot.lost && world.time_ms() < give_up_ms, "{robot:?}");
        if robot.activity == Activity::Idle && robot.at_rest {
            return;
        }
        world.run_until_ms(world.time_ms() + 10_000);
    }
}

fn dig(world: &mut Headless, by: &str, robot: &str, kg: f64) {
    let robot = || robot.to_owned();
    complete(world, by, Order::Anchor { robot: robot() });
    let until_kg = Some(kg);
    complete(
        world,
        by,
        Order::Dig {
            robot: robot(),
            until_kg,
        },
    );
    complete(world, by, Order::Release { robot: robot() });
}

fn deliver(robot: &str) -> Order {
    Order::Deliver {
        robot: robot.to_owned(),
        plant: Some("player-still".into()),
    }
}

#[test]
fn a_common_plant_works_the_rock_of_guests_for_its_tariff_and_keeps_its_hands_off_the_rest() {
    let mut world = neighbours();
    dig(&mut world, "hydra", "hydra-2", 6.0);
    // Not without the owner's word, and not for those whom it did not name.
    let not_yours = Err("player-still is not yours".to_owned());
    assert!(see(&mut world, "hydra").open_plants.is_empty());
    assert_eq!(give(&mut world, "hydra", deliver("hydra-2")), not_yours);
    let only_tycho = open_to(Audience::Only(vec!["tycho".into()]), 0.0, 0.0);
    give(&mut world, "player", only_tycho).unwrap();
    assert_eq!(see(&mut world, "tycho").open_plants.len(), 1);
    assert_eq!(give(&mut world, "hydra", deliver("hydra-2")), not_yours);
    give(
        &mut world,
        "player",
        open_to(Audience::Only(vec!["hydra".into()]), 12.345_678, 0.25),
    )
    .unwrap();
    assert_eq!(see(&mut world, "hydra").open_plants.len(), 1);
    assert!(see(&mut world, "tycho").open_plants.is_empty());

    dig(&mut world, "player", "digger-1", 3.0);
    complete(&mut world, "player", deliver("digger-1"));
    complete(&mut world, "hydra", deliver("hydra-2"));
    let player_before = micro_credits(&world, "player");
    let mut hours = world.time_ms() / HOUR_MS;
    let end = hours + 48;
    while !see(&mut world, "player").plants[0].queue.is_empty() {
        hours += 1;
        assert!(hours < end, "9 kg take some hours of Sun");
        world.run_until_ms(hours * HOUR_MS);
        assert_books(&mut world);
    }
    assert!(micro_credits(&world, "player") < player_before + 1_000_000_000);
    let tariff_ucr: i64 = world
        .ledger()
        .journal()
        .iter()
        .filter(|line| line.memo == bonanza::sim::economy::ledger::Memo::Tariff)
        .map(|line| line.amount)
        .sum();
    // To the micro-credit, rounded down once for the whole.
    assert_eq!(tariff_ucr, 12_345_678 * 6);
    let tank_g = (1e3 * see(&mut world, "player").plants[0].water_kg).round() as i64;
    let guest_g = stored_g(&mut world, "hydra", &Place::Site, Good::Water);
    // Three quarters of what 6 kg of wet rock give, and of the player's 3 kg all with the quarter.
    assert!((250..700).contains(&guest_g), "{guest_g}");
    let worked_g = |rock_kg: f64, share: f64| (1e3 * rock_kg * 0.06 * 0.9 * share) as i64;
    assert!(
        worked_g(3.0, 1.0) + worked_g(6.0, 0.25) <= tank_g,
        "{tank_g}"
    );
    assert_eq!(stored_g(&mut world, "player", &Place::Site, Good::Water), 0);

    // A guest has no say over the plant and what is in it.
    for order in [
        Order::ClosePlant {
            plant: "player-still".into(),
        },
        Order::SetProcess {
            plant: "player-still".into(),
            process: "bake".into(),
            mass_kg: None,
        },
        Order::StoreWater {
            plant: "player-still".into(),
            mass_kg: 0.1,
        },
        Order::Sell {
            plant: "player-still".into(),
            mass_kg: 0.1,
        },
    ] {
        assert_eq!(give(&mut world, "hydra", order), not_yours);
    }
    give(
        &mut world,
        "player",
        Order::ClosePlant {
            plant: "player-still".into(),
        },
    )
    .unwrap();
    assert!(see(&mut world, "hydra").open_plants.is_empty());
}
