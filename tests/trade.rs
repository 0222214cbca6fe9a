//! What prospectors can agree among each other.

use bonanza::headless::Headless;
use bonanza::sim::economy::auction::Side;
use bonanza::sim::economy::deals::DealView;
use bonanza::sim::economy::exchange::Listing;
use bonanza::sim::economy::fleet::Machine;
use bonanza::sim::economy::insolvency::LotItem;
use bonanza::sim::economy::ledger::Good;
use bonanza::sim::economy::stores::Place;
use bonanza::sim::economy::venture::{Agreement, Split};
use bonanza::sim::level::{Brain, Level};
use bonanza::sim::order::{Collateral, Order};
use bonanza::sim::prospecting::trade::Audience;

const HOUR_MS: u64 = 3_600_000;

/// First water without scripts, with 50 kg of water in every tank.
fn level() -> Level {
    let mut level = Level::find("first-water").expect("the level ships with the program");
    for prospector in &mut level.prospectors {
        prospector.brain = Brain::Human;
    }
    for kind in level.plant_kinds.values_mut() {
        kind.water_kg = 50.0;
    }
    level.costs.upkeep_credits_per_robot_day = 0.0;
    level.costs.upkeep_credits_per_plant_day = 0.0;
    level
}

fn world() -> Headless {
    Headless::load(&level(), None).expect("the level names a known body")
}

fn order(side: Side, mass_kg: f64, limit_credits_per_kg: Option<f64>) -> Order {
    Order::PlaceOrder {
        place: Place::Site,
        good: Good::Water,
        side,
        mass_kg,
        limit_credits_per_kg,
        wait_h: None,
    }
}

fn credits(world: &Headless, name: &str) -> f64 {
    let account = world.account(name).expect("the level has it");
    1e-6 * world.ledger().balance(account) as f64
}

#[test]
fn prospectors_trade_by_auction_and_the_world_goes_on_from_a_save() {
    let mut world = world();
    world.submit("player", order(Side::Sell, 20.0, Some(900.0)));
    world.submit("hydra", order(Side::Buy, 12.0, Some(1000.0)));
    world.submit("tycho", order(Side::Buy, 1e6, Some(1e6)));
    world.run_until_ms(HOUR_MS / 2);
    let depth = world.depth(&Listing::Goods {
        place: Place::Site,
        good: Good::Water,
    });
    assert_eq!(depth.asks[0].quantity, 20.0);
    assert_eq!(depth.bids[0].price_credits, 1000.0);
    assert_eq!(depth.bids.len(), 1, "nobody bids what it has not");
    assert_eq!(depth.next_auction_ms, HOUR_MS);
    let plants = world.report().plants;
    assert_eq!(plants[0].water_g, 30_000, "what is asked for is set aside");

    let mut again = Headless::restore(&world.save()).expect("it has just been saved");
    for world in [&mut world, &mut again] {
        world.run_until_ms(HOUR_MS + HOUR_MS / 2);
        // Eight kilograms are left on offer, so that the seller's limit is the price.
        assert_eq!(credits(world, "player"), 250_000.0 + 12.0 * 900.0);
        assert_eq!(credits(world, "hydra"), 250_000.0 - 12.0 * 900.0);
        let bought = world.trade("hydra").expect("the level has it");
        assert_eq!(bought.stores[0].mass_kg, 12.0);
        assert_eq!(bought.trades[0].price_credits, 900.0);
        let sold = world.trade("player").expect("the level has it");
        assert_eq!(sold.orders[0].left, 8.0);
        let report = world.report();
        assert_eq!((report.mass_error_g, report.credit_error), (0, 0.0));
    }
    assert_eq!(world.state_hash(), again.state_hash());
}

#[test]
fn an_order_that_cannot_be_honoured_is_refused_and_takes_nothing_out_of_the_tank() {
    let mut world = world();
    let before = world.ledger().journal().len();
    world.submit("player", order(Side::Sell, 51.0, Some(900.0)));
    world.submit("player", order(Side::Sell, 5.0, None));
    world.submit("player", order(Side::Sell, f64::NAN, Some(900.0)));
    world.submit("player", order(Side::Buy, 5.0, Some(f64::INFINITY)));
    world.submit(
        "player",
        Order::PlaceOrder {
            place: Place::Node("Nowhere".into()),
            good: Good::Water,
            side: Side::Buy,
            mass_kg: 1.0,
            limit_credits_per_kg: Some(1.0),
            wait_h: None,
        },
    );
    world.submit("player", Order::CancelOrder { order: 1 });
    world.step();
    assert!(
        world
            .orders_taken()
            .iter()
            .all(|taken| taken.answer.is_err())
    );
    assert_eq!(world.orders_taken().len(), 6);
    assert_eq!(world.ledger().journal().len(), before);
    assert_eq!(world.report().plants[0].water_g, 50_000);
}

/// The deals that a prospector sees.
fn deals(world: &mut Headless, name: &str) -> Vec<DealView> {
    world.trade(name).expect("the level has it").deals
}

fn answers(world: &Headless) -> Vec<Result<(), String>> {
    let taken = world.orders_taken().iter();
    taken
        .map(|each| each.answer.clone().map_err(|refusal| refusal.0))
        .collect()
}

fn robot(name: &str) -> Machine {
    Machine::Robot(name.to_owned())
}

/// Everything by which a prospector binds money, goods or machines of its own.
fn binding_orders() -> Vec<(&'static str, Order)> {
    let contract = |side| Order::OfferContract {
        side,
        place: Place::Site,
        good: Good::Water,
        mass_kg: 4.0,
        price_credits: 9000.0,
        penalty_credits: 3000.0,
        days: 9.0,
        to: Audience::Public,
    };
    vec![
        ("hydra", order(Side::Buy, 7.0, Some(5.0))),
        ("player", order(Side::Sell, 11.0, Some(900.0))),
        ("player", contract(Side::Sell)),
        ("player", contract(Side::Buy)),
        (
            "player",
            Order::CallTender {
                place: Place::Site,
                good: Good::Water,
                mass_kg: 2.0,
                price_max_credits: 8000.0,
                penalty_credits: 2000.0,
                closes_days: 3.0,
                days: 9.0,
                to: Audience::Public,
            },
        ),
        (
            "player",
            Order::RequestLoan {
                credits: 40_000.0,
                percent_per_year: 5.0,
                days: 30.0,
                collateral: vec![Collateral::Goods {
                    place: Place::Site,
                    good: Good::Water,
                    mass_kg: 3.0,
                }],
                to: Audience::Public,
            },
        ),
        (
            "player",
            Order::OfferHire {
                machine: robot("digger-1"),
                credits_per_day: 0.0,
                days: 20,
                deposit_credits: 12_000.0,
                to: Audience::Public,
            },
        ),
    ]
}

#[test]
fn what_a_prospector_owns_does_not_change_by_what_it_sets_aside() {
    let mut level = level();
    level.long_tick_s = 1.0;
    level.idle_tick_s = 1.0;
    let names = ["player", "hydra", "tycho"];
    let mut world = Headless::load(&level, None).expect("the level names a known body");
    let worths = |world: &mut Headless| {
        names.map(|name| world.net_worth_credits(name).expect("the level has it"))
    };
    // Water in a store, for what is pledged and delivered out of stores.
    world.submit("player", order(Side::Buy, 15.0, Some(1.0)));
    world.submit("hydra", order(Side::Sell, 15.0, Some(1.0)));
    world.run_until_ms(2 * HOUR_MS);
    let mut before = worths(&mut world);
    let purses = |world: &Headless| names.map(|name| credits(world, name));
    let mut money = purses(&world);
    let mut moved = 0;
    let mut check = |world: &mut Headless, what: &str| {
        world.step();
        let answers = answers(world);
        assert!(answers.iter().all(Result::is_ok), "{what}: {answers:?}");
        let after = worths(world);
        for (name, (was, is)) in names.iter().zip(before.iter().zip(after)) {
            assert!((is - was).abs() < 1.0, "{what}: {name} {was} -> {is}");
        }
        let now = purses(world);
        moved += usize::from(now != money);
        (before, money) = (after, now);
    };
    for (by, order) in binding_orders() {
        let what = order.to_string();
        world.submit(by, order);
        check(&mut world, &what);
    }
    assert_eq!(deals(&mut world, "tycho").len(), 5);
    for deal in 1..=5 {
        let price_credits = 7000.0;
        let order = match deal {
            3 => Order::BidTender {
                deal,
                price_credits,
            },
            _ => Order::AcceptDeal { deal },
        };
        world.submit("tycho", order);
        check(&mut world, &format!("deal {deal} is taken up"));
    }
    for (by, order) in [("hydra", 3), ("player", 4)] {
        world.submit(by, Order::CancelOrder { order });
        check(&mut world, "an order is taken back");
    }
    // By all but the ask, there and back, and the requests for a loan and for hire.
    assert_eq!(moved, 10);
}

#[test]
fn a_hired_robot_obeys_its_hirer_and_comes_back() {
    let mut world = world();
    world.submit(
        "player",
        Order::OfferHire {
            machine: robot("digger-1"),
            credits_per_day: 1000.0,
            days: 2,
            deposit_credits: 5000.0,
            to: Audience::Only(vec!["hydra".into()]),
        },
    );
    world.step();
    let stop = |robot: &str| Order::Stop {
        robot: robot.into(),
    };
    assert!(deals(&mut world, "tycho").is_empty(), "it is not for all");
    world.submit("tycho", Order::AcceptDeal { deal: 1 });
    world.submit("hydra", Order::AcceptDeal { deal: 1 });
    world.submit("player", stop("digger-1"));
    world.submit("hydra", stop("digger-1"));
    // What is hired is not the hirer's to take apart or to pledge.
    world.submit(
        "hydra",
        Order::Cannibalise {
            robot: "hydra-1".into(),
            wreck: "digger-1".into(),
        },
    );
    world.submit(
        "hydra",
        Order::RequestLoan {
            credits: 1000.0,
            percent_per_year: 10.0,
            days: 30.0,
            collateral: vec![Collateral::Machine(robot("digger-1"))],
            to: Audience::Public,
        },
    );
    world.step();
    let accepted: Vec<bool> = answers(&world).iter().map(Result::is_ok).collect();
    assert_eq!(accepted, [true, false, true, false, true, false, false]);
    assert_eq!(credits(&world, "hydra"), 250_000.0 - 6000.0);
    let seen = world.observe("hydra").expect("the level has it");
    assert!(seen.robots.iter().any(|robot| robot.name == "digger-1"));

    world.run_until_ms(49 * HOUR_MS);
    assert_eq!(credits(&world, "hydra"), 250_000.0 - 2000.0);
    assert_eq!(credits(&world, "player"), 250_000.0 + 2000.0);
    let seen = world.observe("player").expect("the level has it");
    assert!(seen.robots.iter().any(|robot| robot.name == "digger-1"));
}

#[test]
fn a_contract_is_fulfilled_by_itself_or_costs_its_penalty() {
    let mut world = world();
    world.submit("player", order(Side::Sell, 12.0, Some(1.0)));
    world.submit("hydra", order(Side::Buy, 12.0, Some(1.0)));
    world.run_until_ms(2 * HOUR_MS);
    let offer = |mass_kg| Order::OfferContract {
        side: Side::Sell,
        place: Place::Site,
        good: Good::Water,
        mass_kg,
        price_credits: 9000.0,
        penalty_credits: 1000.0,
        days: 1.0,
        to: Audience::Public,
    };
    let before = credits(&world, "hydra");
    world.submit("hydra", offer(9.0));
    world.submit("hydra", offer(12.0));
    world.step();
    world.submit("tycho", Order::AcceptDeal { deal: 1 });
    world.submit("tycho", Order::AcceptDeal { deal: 2 });
    world.run_until_ms(4 * HOUR_MS);
    assert_eq!(deals(&mut world, "tycho").len(), 1, "the first is done");
    world.run_until_ms(27 * HOUR_MS);
    // Three of twelve kilograms were left for the second contract.
    let earned = 9000.0 + 9000.0 / 4.0 - 1000.0 * 3.0 / 4.0;
    assert_eq!(credits(&world, "hydra"), before + earned);
    let got = world.trade("tycho").expect("the level has it").stores;
    assert_eq!(got[0].mass_kg, 12.0);
}

#[test]
fn a_venture_shares_what_its_members_sell() {
    let mut world = world();
    let agreement = Agreement {
        split: Split::ByHead,
        pooled_percent: 100,
        reserve_percent: 0,
        entry_credits: 0,
        dissolve_percent: 100,
        pools_data: true,
        tradable: false,
    };
    world.submit(
        "player",
        Order::FoundVenture {
            venture: "Commons".into(),
            agreement,
            credits: 0,
            invite: Audience::Public,
        },
    );
    let join = Order::JoinVenture {
        venture: "Commons".into(),
        credits: 0,
    };
    world.submit("tycho", join);
    world.submit("player", order(Side::Sell, 10.0, Some(900.0)));
    world.submit("hydra", order(Side::Buy, 10.0, Some(900.0)));
    world.run_until_ms(25 * HOUR_MS);
    assert_eq!(credits(&world, "player"), 254_500.0);
    assert_eq!(credits(&world, "tycho"), 254_500.0);
    let leave = Order::LeaveVenture {
        venture: "Commons".into(),
    };
    world.submit("hydra", leave.clone());
    world.submit("tycho", leave);
    world.step();
    let answers = answers(&world);
    assert!(answers[4].is_err() && answers[5].is_ok(), "{answers:?}");
}

#[test]
fn who_cannot_pay_is_wound_up_and_its_robots_go_to_others() {
    let mut level = level();
    level.costs.labour.wage_credits_per_h = 10_000.0;
    level.prospectors[0].credits = 1e9;
    level.prospectors[2].credits = 1e9;
    level.long_tick_s = 3600.0;
    level.idle_tick_s = 3600.0;
    let mut world = Headless::load(&level, None).expect("the level names a known body");
    // Hydra has owed wages for thirty days, and its estate is on sale for seven more.
    let mut lots = Vec::new();
    while lots.is_empty() && world.time_ms() < 80 * 24 * HOUR_MS {
        world.run_until_ms(world.time_ms() + 12 * HOUR_MS);
        let seen = deals(&mut world, "tycho").into_iter();
        lots = seen
            .filter_map(|deal| match deal {
                DealView::Lot { deal, item, .. } => Some((deal, item)),
                _ => None,
            })
            .collect();
    }
    let hydra_1 = LotItem::Machine(robot("hydra-1"));
    let (lot, _) = lots
        .iter()
        .find(|(_, item)| *item == hydra_1)
        .expect("it is on sale");
    world.submit(
        "tycho",
        Order::BidLot {
            deal: *lot,
            price_credits: 5000.0,
        },
    );
    world.submit(
        "hydra",
        Order::Stop {
            robot: "hydra-1".into(),
        },
    );
    world.run_until_ms(world.time_ms() + 8 * 24 * HOUR_MS);
    let answers = answers(&world);
    assert!(answers[0].is_ok() && answers[1].is_err(), "{answers:?}");
    let seen = world.observe("tycho").expect("the level has it");
    assert!(seen.robots.iter().any(|robot| robot.name == "hydra-1"));
    assert_eq!(world.commerce().insolvency.settlements().len(), 1);
    // Nobody wanted the other robot, and whoever is first may have it.
    world.submit(
        "player",
        Order::Salvage {
            machine: robot("hydra-2"),
        },
    );
    world.step();
    let seen = world.observe("player").expect("the level has it");
    assert!(seen.robots.iter().any(|robot| robot.name == "hydra-2"));
    let report = world.report();
    assert_eq!((report.mass_error_g, report.credit_error), (0, 0.0));
    let jobs = world.jobs(None).expect("of all");
    assert!(jobs.full_time.values().all(|jobs| jobs.is_finite()));
    assert!(0.0 < jobs.full_time["operators"]);
}
