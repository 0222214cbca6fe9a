//! Rivals of eight characters live by the orders and the record that everybody has: they trade with
//! one another, stay solvent, and answer to the law.

use std::collections::BTreeMap;
use std::path::Path;

use bonanza::headless::Headless;
use bonanza::sim::economy::figures::Figure;
use bonanza::sim::economy::ledger::Memo;
use bonanza::sim::law::charter::Charter;
use bonanza::sim::level::charters::BUILT_IN_CHARTERS;
use bonanza::sim::level::{Brain, CharterChoice, Level, Temperament};
use bonanza::sim::order::Order;
use bonanza::sim::voyage::shipping::{self, Route};

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

/// The rush under a charter with tugs that leave every ten days and are ten days on their way, so
/// that two months hold what two years hold otherwise: cargoes that arrive, and prices that answer.
fn brisk_rush(charter: &str) -> Headless {
    let mut level = Level::find("claim-rush").expect("the level ships with the program");
    level.charter = CharterChoice::Named(charter.to_owned());
    level.routes = shipping::routes(&level)
        .into_iter()
        .map(|route| Route {
            departs_every_days: 10.0,
            transit_days: 10.0,
            ..route
        })
        .collect();
    Headless::load(&level, Some(1)).expect("a known body")
}

/// What one rival has come to.
struct Career {
    /// Paid for goods by nodes and others, and by it for upkeep [µcr].
    income_ucr: i128,
    upkeep_ucr: i128,
}

/// How two months under a charter went, after what has to hold under each.
fn live_through(charter: &str) -> Vec<Career> {
    let mut world = brisk_rush(charter);
    let names: Vec<String> = world
        .level()
        .prospectors
        .iter()
        .filter(|each| each.brain != Brain::Human)
        .map(|each| each.name.clone())
        .collect();
    let asked = world.report().price_credits_per_kg;
    let (mut low, mut high) = (asked, asked);
    for day in 1..=60 {
        world.run_until_ms(day * DAY_MS);
        let price = world.report().price_credits_per_kg;
        (low, high) = (price.min(low), price.max(high));
    }
    let report = world.report();
    let errors = (report.mass_error_g, report.credit_error);
    assert_eq!(errors, (0, 0.0), "{charter}");
    let diggers = report.prospectors.iter().filter(|each| 0 < each.dug_g);
    assert!(4 <= diggers.count(), "{charter}: {:?}", report.prospectors);
    assert!(
        0.0 < figure(&mut world, "trade_credits"),
        "{charter}: no trade"
    );
    assert!(
        0.0 < figure(&mut world, "output_kg"),
        "{charter}: nothing is sold at any node"
    );
    let solvent = figure(&mut world, "solvent_share");
    assert!(0.8 < solvent, "{charter}: {solvent} are solvent");
    // It answers to what is sold, and neither runs away nor dies.
    assert!(low < 0.98 * asked, "{charter}: {low} of {asked} credits/kg");
    assert!(500.0 < low && high <= 8_149.0, "{charter}: {low} to {high}");
    names
        .into_iter()
        .map(|name| {
            let account = world.account(&name).expect("it is in the level");
            let paid = |memo| world.ledger().moved(memo, None, Some(account));
            let income_ucr = paid(Memo::Sold) + paid(Memo::Traded);
            let upkeep_ucr = world.ledger().moved(Memo::Upkeep, Some(account), None);
            Career {
                income_ucr,
                upkeep_ucr,
            }
        })
        .collect()
}

#[test]
fn rivals_live_and_trade_under_every_charter() {
    // Side by side: what one world comes to does not depend on another.
    let careers: Vec<(&str, Vec<Career>)> = std::thread::scope(|scope| {
        let halves = BUILT_IN_CHARTERS.chunks(BUILT_IN_CHARTERS.len().div_ceil(2));
        let threads: Vec<_> = halves
            .map(|half| {
                scope.spawn(|| {
                    let charters = half.iter().map(|&(charter, _)| charter);
                    let lived = charters.map(|charter| (charter, live_through(charter)));
                    lived.collect::<Vec<_>>()
                })
            })
            .collect();
        let lived = threads.into_iter().map(|thread| thread.join());
        lived
            .flat_map(|lived| lived.expect("what has to hold"))
            .collect()
    });
    for (charter, careers) in &careers {
        let earns = |each: &&Career| each.upkeep_ucr < each.income_ucr;
        let earning = careers.iter().filter(earns).count();
        assert!(3 <= earning, "{charter}: {earning} earn their upkeep");
    }
}

/// Who gains most on the last ice within ninety days, and how many credits: under open access, and
/// under a quota that binds.
fn best_on_the_ice(charter: CharterChoice) -> (String, f64) {
    let mut level = Level::find("the-last-ice").expect("the level ships with the program");
    level.charter = charter;
    let mut world = Headless::load(&level, Some(2)).expect("a known body");
    let worths = |world: &mut Headless| -> Vec<f64> {
        let names = level.prospectors.iter().map(|each| &each.name);
        names
            .map(|name| world.net_worth_credits(name).expect("it is in the level"))
            .collect()
    };
    let before = worths(&mut world);
    world.run_until_ms(90 * DAY_MS);
    let gains = worths(&mut world).into_iter().zip(before);
    let gains = gains.map(|(after, before)| after - before);
    let named = level.prospectors.iter().zip(gains);
    let (best, gain) = named
        .max_by(|one, other| one.1.total_cmp(&other.1))
        .expect("somebody");
    (best.name.clone(), gain)
}

#[test]
fn no_one_strategy_wins_under_all_charters() {
    let quota = Charter::read(Path::new("levels/charters/ice-quota.ron")).expect("it ships");
    let [open, limited] = std::thread::scope(|scope| {
        [
            CharterChoice::Named("open_access".to_owned()),
            CharterChoice::Own(Box::new(quota)),
        ]
        .map(|charter| scope.spawn(move || best_on_the_ice(charter)))
        .map(|thread| thread.join().expect("a sound world"))
    });
    assert!(0.0 < open.1 && 0.0 < limited.1, "{open:?}, {limited:?}");
    assert_ne!(
        open.0, limited.0,
        "who wins where all may dig wins under a quota too"
    );
}

#[test]
fn rivals_mend_what_seizes_early_and_do_not_hop_to_and_fro() {
    let mut level = Level::find("claim-rush").expect("the level ships with the program");
    level.ageing = 20.0;
    let mut world = Headless::load(&level, Some(1)).expect("a known body");
    world.keep_log(1_000, 100_000);
    world.run_until_ms(20 * DAY_MS);
    let mut told: BTreeMap<String, [u32; 3]> = BTreeMap::new();
    for taken in world.orders_taken().iter().filter(|taken| taken.scripted) {
        let kind = match &taken.issued.order {
            Order::HopTo { .. } => 0,
            Order::Dig { .. } => 1,
            Order::Repair { .. } => 2,
            _ => continue,
        };
        let robot = taken.issued.order.robot().expect("it is for a robot");
        told.entry(robot.to_owned()).or_default()[kind] += 1;
    }
    let repairs: u32 = told.values().map(|[_, _, repairs]| repairs).sum();
    assert!(20 < repairs, "{told:?}");
    for (robot, [hops, digs, repairs]) in &told {
        assert!(
            *hops <= 3 * (digs + repairs) + 20,
            "{robot}: {hops} hops, {digs} digs, {repairs} repairs"
        );
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
