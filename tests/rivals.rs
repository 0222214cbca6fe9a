//! Rivals of eight characters live by the orders and the record that everybody has: they trade with
//! one another, stay solvent, and answer to the law.

use bonanza::headless::Headless;
use bonanza::sim::economy::figures::Figure;
use bonanza::sim::level::charters::BUILT_IN_CHARTERS;
use bonanza::sim::level::{Brain, CharterChoice, Level, Temperament};
use bonanza::sim::order::Order;

const DAY_MS: u64 = 86_400_000;

/// The claim rush under a charter.
fn rush(charter: &str, seed: u64) -> Headless {
    let mut level = Level::find("claim-rush").expect("the level ships with the program");
    level.charter = CharterChoice::Named(charter.to_owned());
    Headless::load(&level, Some(seed)).expect("a known body")
}

fn figure(world: &mut Headless, id: &str) -> f64 {
    let at = Figure::find(id).unwrap_or_else(|| panic!("no figure {id}"));
    world.figures()[at].unwrap_or_else(|| panic!("{id} means nothing here"))
}

/// Whether anybody was granted an order of a kind.
fn granted(world: &Headless, what: impl Fn(&Order) -> bool) -> bool {
    let taken = world.orders_taken().iter();
    taken
        .filter(|taken| taken.scripted && taken.answer.is_ok())
        .any(|taken| what(&taken.issued.order))
}

#[test]
fn a_rush_has_all_eight_characters() {
    let level = Level::find("claim-rush").expect("the level ships with the program");
    for wanted in Temperament::ALL {
        let found = level.prospectors.iter().any(|prospector| {
            matches!(&prospector.brain, Brain::Scripted { temperament, .. } if *temperament == wanted)
        });
        assert!(found, "nobody is a {wanted:?}");
    }
}

#[test]
fn rivals_trade_and_stay_solvent_under_every_charter() {
    for (charter, _) in BUILT_IN_CHARTERS {
        let mut world = rush(charter, 1);
        world.run_until_ms(3 * DAY_MS);
        let report = world.report();
        assert_eq!(
            (report.mass_error_g, report.credit_error),
            (0, 0.0),
            "{charter}"
        );
        let dug = report.prospectors.iter().filter(|each| 0 < each.dug_g);
        assert!(4 <= dug.count(), "{charter}: {:?}", report.prospectors);
        assert!(
            0.0 < figure(&mut world, "trade_credits"),
            "{charter}: no trade"
        );
        let solvent = figure(&mut world, "solvent_share");
        assert!(0.5 < solvent, "{charter}: {solvent} are solvent");
        let price = report.price_credits_per_kg;
        assert!((100.0..8_150.0).contains(&price), "{charter}: {price}");
    }
}

#[test]
fn rivals_claim_where_the_charter_gives_claims_and_only_there() {
    for (charter, gives) in [("exclusive_claim", true), ("open_access", false)] {
        let mut world = rush(charter, 2);
        world.run_until_ms(3 * DAY_MS);
        let filed = granted(&world, |order| matches!(order, Order::FileClaim { .. }));
        assert_eq!(filed, gives, "{charter}");
        assert_eq!(0 < world.report().claims, gives, "{charter}");
    }
}

#[test]
fn the_same_rush_runs_the_same_way_again_and_after_a_save() {
    let mut world = rush("exclusive_claim", 3);
    world.run_until_ms(DAY_MS);
    let mut restored = Headless::restore(&world.save()).expect("a whole save");
    let mut again = rush("exclusive_claim", 3);
    for world in [&mut world, &mut restored, &mut again] {
        world.run_until_ms(2 * DAY_MS);
    }
    assert_eq!(world.state_hash(), restored.state_hash());
    assert_eq!(world.state_hash(), again.state_hash());
}
