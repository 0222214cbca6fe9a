//! What prospectors can agree among each other.

use bonanza::headless::Headless;
use bonanza::sim::economy::auction::Side;
use bonanza::sim::economy::ledger::Good;
use bonanza::sim::economy::stores::Place;
use bonanza::sim::level::{Brain, Level};
use bonanza::sim::order::Order;

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
    let depth = world.depth(&Place::Site, Good::Water);
    assert_eq!(depth.asks[0].mass_kg, 20.0);
    assert_eq!(depth.bids[0].price_credits_per_kg, 1000.0);
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
        assert_eq!(bought.trades[0].price_credits_per_kg, 900.0);
        let sold = world.trade("player").expect("the level has it");
        assert_eq!(sold.orders[0].left_kg, 8.0);
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
