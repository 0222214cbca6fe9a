//! Ventures buy plants together, and what these bring is shared.

use bonanza::headless::Headless;
use bonanza::sim::economy::deals::DealView;
use bonanza::sim::economy::fleet::Machine;
use bonanza::sim::economy::ledger::Memo;
use bonanza::sim::economy::venture::{Agreement, Split};
use bonanza::sim::level::{Brain, Level};
use bonanza::sim::order::{Motion, Order};
use bonanza::sim::prospecting::trade::Audience;

const HOUR_MS: u64 = 3_600_000;
const DAY_MS: u64 = 24 * HOUR_MS;

/// First water without scripts and upkeep.
fn world() -> Headless {
    let mut level = Level::find("first-water").expect("the level ships with the program");
    for prospector in &mut level.prospectors {
        prospector.brain = Brain::Human;
        prospector.credits = 1_000_000.0;
    }
    level.costs.upkeep_credits_per_robot_day = 0.0;
    level.costs.upkeep_credits_per_plant_day = 24_000.0;
    Headless::load(&level, None).expect("the level names a known body")
}

/// Gives an order and returns the answer.
fn give(world: &mut Headless, by: &str, order: Order) -> Result<(), String> {
    world.submit(by, order);
    let due_ms = world.time_ms() + 1_000;
    world.run_until_ms(due_ms);
    let last = world.orders_taken().last().expect("an order was taken");
    last.answer.clone().map_err(|refusal| refusal.to_string())
}

fn refused(world: &mut Headless, by: &str, order: Order, reason: &str) {
    let answer = give(world, by, order.clone());
    let text = answer.expect_err(&format!("{order}"));
    assert!(text.contains(reason), "{order}: {text}");
}

fn sale_of(world: &mut Headless, by: &str, plant: &str) -> u32 {
    let deals = world.trade(by).expect("it is in the level").deals;
    let found = deals.into_iter().find_map(|deal| match deal {
        DealView::Sale {
            deal,
            machine: Machine::Plant(name),
            ..
        } if name == plant => Some(deal),
        _ => None,
    });
    found.expect("the plant is for sale")
}

fn vote(motion: Motion, yes: bool) -> Order {
    Order::VoteInVenture {
        venture: "commune".to_owned(),
        motion,
        yes,
    }
}

/// The venture that a plant belongs to.
fn holder_of<'a>(world: &'a Headless, plant: &str) -> Option<&'a str> {
    let machine = Machine::Plant(plant.to_owned());
    let ventures = &world.commerce().ventures;
    ventures.holder_of(&machine).map(String::as_str)
}

fn credits(world: &Headless, account: &str) -> f64 {
    let account = world.ledger().find(account).expect("the account is open");
    1e-6 * world.ledger().balance(account) as f64
}

#[test]
fn a_notary_is_paid_once_by_each_who_founds_or_joins() {
    let mut level = world().level().clone();
    level.costs.venture_fee_credits = 40_000.5;
    let mut world = Headless::load(&level, None).expect("the level names a known body");
    let join = |credits| Order::JoinVenture {
        venture: "commune".to_owned(),
        credits,
    };
    let found = |credits| Order::FoundVenture {
        venture: "commune".to_owned(),
        agreement: Agreement::usual(),
        credits,
        invite: Audience::Public,
    };
    let before = credits(&world, "prospector:player");
    // Enough for the contribution, and not for the fee as well.
    let whole = before as u64;
    refused(&mut world, "player", found(whole), "the notary's fee");
    assert_eq!(credits(&world, "prospector:player"), before);
    give(&mut world, "player", found(100_000)).unwrap();
    assert_eq!(credits(&world, "prospector:player"), before - 140_000.5);
    refused(&mut world, "hydra", join(whole), "the notary's fee");
    give(&mut world, "hydra", join(200_000)).unwrap();
    give(&mut world, "hydra", join(50_000)).unwrap();
    assert_eq!(credits(&world, "venture:commune"), 350_000.0);
    assert_eq!(credits(&world, "notary"), 80_001.0);
    assert_eq!(world.report().credit_error, 0.0);
}

#[test]
fn a_plant_is_bought_by_the_votes_of_more_than_half_and_sold_again() {
    let mut world = world();
    let sell = |plant: &str, price_credits| Order::SellMachine {
        machine: Machine::Plant(plant.to_owned()),
        price_credits,
        to: Audience::Public,
    };
    give(&mut world, "tycho", sell("tycho-still", 1_200_000.0)).unwrap();
    refused(&mut world, "tycho", sell("tycho-still", 1.0), "for sale");
    refused(&mut world, "hydra", sell("player-still", 1.0), "not yours");
    let deal = sale_of(&mut world, "player", "tycho-still");
    let accept = Order::AcceptDeal { deal };
    refused(&mut world, "player", accept, "takes 1200000.00 credits");
    let agreement = Agreement {
        split: Split::ByHead,
        pooled_percent: 0,
        reserve_percent: 0,
        entry_credits: 0,
        dissolve_percent: 100,
        pools_data: false,
        tradable: false,
    };
    let found = Order::FoundVenture {
        venture: "commune".to_owned(),
        agreement,
        credits: 600_000,
        invite: Audience::Public,
    };
    give(&mut world, "player", found).unwrap();
    let buy = Motion::Buy {
        deal,
        tariff_credits_per_kg: 30.0,
    };
    let (aye, nay) = (vote(buy.clone(), true), vote(buy.clone(), false));
    refused(&mut world, "hydra", aye.clone(), "no member");
    refused(&mut world, "player", aye.clone(), "keeps 600000.00");
    let join = Order::JoinVenture {
        venture: "commune".to_owned(),
        credits: 700_000,
    };
    give(&mut world, "hydra", join).unwrap();
    // One of two is not more than half, and who has changed its mind counts no more.
    give(&mut world, "player", aye.clone()).unwrap();
    give(&mut world, "player", nay).unwrap();
    give(&mut world, "hydra", aye.clone()).unwrap();
    assert_eq!(holder_of(&world, "tycho-still"), None);
    give(&mut world, "player", aye).unwrap();
    assert_eq!(holder_of(&world, "tycho-still"), Some("commune"));
    let price_ucr = world.ledger().moved(Memo::Machine, None, None);
    assert_eq!(price_ucr, 1_200_000_000_000);
    assert_eq!(credits(&world, "venture:commune"), 100_000.0);
    // The founder gives it its orders, and cannot do with it what is the members' to decide.
    let open = Order::OpenPlant {
        plant: "tycho-still".to_owned(),
        tariff_credits_per_kg: 0.0,
        product_share: 0.0,
        to: Audience::Public,
    };
    refused(&mut world, "player", open, "belongs to commune");
    refused(
        &mut world,
        "player",
        sell("tycho-still", 1.0),
        "a venture's",
    );
    let seen = world.observe("hydra").expect("it is in the level");
    assert!(
        seen.open_plants
            .iter()
            .any(|open| open.name == "tycho-still")
    );
    let seen = world.observe("tycho").expect("it is in the level");
    assert!(seen.open_plants.is_empty(), "it works for members alone");

    // Upkeep is the venture's, and so is what is left of the world after a save.
    let before = credits(&world, "venture:commune");
    world.run_until_ms(5 * HOUR_MS);
    assert_eq!(before - credits(&world, "venture:commune"), 5_000.0);
    let mut restored = Headless::restore(&world.save()).expect("a whole save");
    for world in [&mut world, &mut restored] {
        world.run_until_ms(30 * HOUR_MS);
    }
    assert_eq!(world.state_hash(), restored.state_hash());

    let end = |yes| Order::VoteToDissolve {
        venture: "commune".to_owned(),
        yes,
    };
    give(&mut world, "hydra", end(true)).unwrap();
    refused(&mut world, "player", end(true), "owns tycho-still");
    let motion = Motion::Sell {
        plant: "tycho-still".to_owned(),
        price_credits: 900_000.0,
    };
    give(&mut world, "hydra", vote(motion.clone(), true)).unwrap();
    give(&mut world, "player", vote(motion, true)).unwrap();
    let deal = sale_of(&mut world, "tycho", "tycho-still");
    give(&mut world, "tycho", Order::AcceptDeal { deal }).unwrap();
    assert_eq!(holder_of(&world, "tycho-still"), None);
    give(&mut world, "player", end(true)).unwrap();
    assert_eq!(credits(&world, "venture:commune"), 0.0);
    let report = world.report();
    assert_eq!((report.mass_error_g, report.credit_error), (0, 0.0));
}

#[test]
fn rivals_buy_together_what_none_can_pay_for_alone() {
    let level = Level::find("share-the-yield").expect("the level ships with the program");
    let mut world = Headless::load(&level, None).expect("a known body");
    world.run_until_ms(20 * DAY_MS);
    assert_eq!(holder_of(&world, "great-works"), Some("commons-works"));
    let report = world.report();
    let works = report
        .plants
        .iter()
        .find(|plant| plant.name == "great-works");
    assert!(
        0 < works.expect("it is in the level").tailings_g,
        "members bring it rock"
    );
    let venture = world.commerce().ventures.iter().next().expect("one stands");
    let names: Vec<&str> = venture
        .members
        .iter()
        .map(|member| world.commerce().parties.name(member.party))
        .collect();
    assert!(3 <= names.len() && !names.contains(&"lark"), "{names:?}");
    let paid: Vec<i64> = venture.members.iter().map(|each| each.paid_ucr).collect();
    assert!(
        paid.iter().all(|&ucr| 0 < ucr),
        "all get their part: {paid:?}"
    );
    let to_arbiter = world
        .ledger()
        .moved(Memo::Machine, Some(venture.account), None);
    assert_eq!(to_arbiter, 14_000_000_000_000);
    assert!(
        0 < world
            .ledger()
            .moved(Memo::Tariff, None, Some(venture.account))
    );
    let report = world.report();
    assert_eq!((report.mass_error_g, report.credit_error), (0, 0.0));
}
