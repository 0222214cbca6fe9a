//! What is hidden stays hidden: the ore from all who have not read it, and the affairs of a
//! prospector from the others.
//!
//! Two worlds that differ in the ore of the body alone get the same orders. As long as nobody
//! touches the ground with a tool or an instrument, nothing that anybody sees or is told may
//! differ by a bit; with instruments, only the values of the readings that were paid for.

use std::sync::{Arc, LazyLock};

use bonanza::headless::Headless;
use bonanza::sim::asteroid::constituent::Constituent;
use bonanza::sim::asteroid::{BodyModel, Terrain};
use bonanza::sim::economy::good::Good;
use bonanza::sim::economy::stores::Place;
use bonanza::sim::law::titles::Title;
use bonanza::sim::level::{Brain, Level};
use bonanza::sim::order::Order;
use bonanza::sim::prospecting::trade::{Audience, Choice};
use bonanza::sim::prospecting::{Instrument, Provenance, Quantity, Support};
use proptest::prelude::*;
use serde_json::Value;

use crate::prospecting::{equipped, ground_under, numbers};

/// Who plays, and a robot and the plant of each.
const PLAYERS: [(&str, &str, &str); 3] = [
    ("player", "digger-1", "player-still"),
    ("hydra", "hydra-1", "hydra-still"),
    ("tycho", "tycho-1", "tycho-still"),
];

/// First water with three prospectors who do nothing by themselves, each with a balance like no
/// other.
fn level() -> Level {
    let mut level = equipped();
    for (index, prospector) in level.prospectors.iter_mut().enumerate() {
        prospector.brain = Brain::Human;
        prospector.credits = 1_234_567.125 + 100_003.5 * index as f64;
    }
    level
}

/// The same level over two kinds of ore.
fn twins() -> [Headless; 2] {
    static LEVEL: LazyLock<Level> = LazyLock::new(level);
    static OTHER: LazyLock<Arc<BodyModel>> = LazyLock::new(|| {
        BodyModel::with_other_ore(&LEVEL.body, LEVEL.anchor(), 77).expect("the body is known")
    });
    let [one, mut other] =
        [(); 2].map(|()| Headless::load(&LEVEL, None).expect("the body is known"));
    other.replace_terrain(Terrain::new(Arc::clone(&OTHER)));
    [one, other]
}

/// What an order of the game may be that does not touch the ground with a tool, and whether an
/// instrument is part of it.
fn any_order(instruments: bool) -> impl Strategy<Value = (usize, Order)> {
    let number = prop_oneof![
        6 => -60.0..60.0f64,
        2 => 0.0..1e4f64,
        1 => Just(f64::NAN),
    ];
    (
        0..PLAYERS.len(),
        0..PLAYERS.len(),
        number,
        [-40.0..40.0f64, -40.0..40.0, -40.0..40.0],
        0..if instruments { 34u8 } else { 26 },
    )
        .prop_map(|(by, other, x, aside_m, kind)| {
            let (_, robot, plant) = PLAYERS[by];
            let robot = robot.to_owned();
            let plant = plant.to_owned();
            let other_plant = PLAYERS[other].2.to_owned();
            let whom = Audience::Only(vec![PLAYERS[other].0.to_owned()]);
            let id = x.abs() as u32 % 4;
            // From where the robot is, which is put in when the order is given.
            let target_m = aside_m;
            let order = match kind {
                0..=3 => Order::HopTo { robot, target_m },
                4 => Order::FlyTo { robot, target_m },
                5 => Order::Jump {
                    robot,
                    speed_m_s: 1e-3 * x.abs(),
                    predicted_apex_m: None,
                },
                6 => Order::Actuate {
                    robot,
                    thrust_n: [0.0, x.abs(), 0.0],
                    torque_n_m: [0.0, 0.01 * x, 0.0],
                    drum_rate: 0.0,
                    drill_press: 0.0,
                    drill_speed: 0.0,
                    for_s: 20.0,
                },
                7 => Order::Charge { robot },
                8 => Order::Stop { robot },
                9 => Order::Free { robot },
                10 => Order::FileClaim {
                    robot,
                    radius_m: x.abs(),
                },
                11 => Order::AbandonClaim { claim: id },
                12 => Order::OfferTitle {
                    title: Title::Lease {
                        claim: id,
                        days: x,
                        rent_credits: x,
                    },
                    price_credits: x,
                    to: Some(PLAYERS[other].0.to_owned()),
                },
                13 => Order::Deliver {
                    robot,
                    plant: Some(other_plant),
                },
                14 => Order::Refuel { robot },
                15 => Order::SetProcess {
                    plant,
                    process: ["bake", "electrolysis"][other % 2].to_owned(),
                    mass_kg: None,
                },
                16 => Order::OpenPlant {
                    plant,
                    tariff_credits_per_kg: x,
                    product_share: 0.1,
                    to: whom,
                },
                17 => Order::ClosePlant { plant },
                18 => Order::Sell { plant, mass_kg: x },
                19 => Order::BuyOnEarth {
                    good: Good::Water,
                    mass_kg: x,
                },
                20 => Order::Ship {
                    from: Place::Site,
                    to: Place::Node("EML1".into()),
                    good: Good::Water,
                    mass_kg: x,
                    buy_propellant: true,
                },
                21 => Order::OfferData {
                    readings: Choice::default(),
                    price_credits: x,
                    to: whom,
                },
                22 => Order::BuyData { offer: id + 1 },
                23 => Order::RequestLoan {
                    credits: x.abs(),
                    percent_per_year: 5.0,
                    days: 30.0,
                    collateral: vec![],
                    to: whom,
                },
                24 => Order::AcceptDeal { deal: id },
                25 => Order::WithdrawOffer { offer: id + 1 },
                26 => Order::ShareData {
                    readings: Choice::default(),
                    with: whom,
                },
                27 => Order::Survey { robot },
                _ => Order::Measure {
                    robot,
                    instrument: Instrument::ALL[kind as usize % Instrument::ALL.len()],
                    time_s: Some(60.0 + x.abs()),
                },
            };
            (by, order)
        })
}

/// Gives an order and says what its giver was told before and after.
fn give(world: &mut Headless, by: usize, order: &Order) -> String {
    let (name, robot, _) = PLAYERS[by];
    let mut order = order.clone();
    if let Order::HopTo { target_m, .. } | Order::FlyTo { target_m, .. } = &mut order {
        let seen = world.observe(name).expect("a player");
        let own = seen.robots.iter().find(|own| own.name == robot);
        let from_m = own.expect("the robot is there").position_m.to_array();
        *target_m = [0, 1, 2].map(|i| f64::from(from_m[i]) + target_m[i]);
    }
    let before = world.estimate(name, &order);
    world.submit(name, order);
    world.step();
    let taken = world.orders_taken().last().expect("it has just been taken");
    format!("{}: {before:?} {:?}", taken.issued.order, taken.answer)
}

/// All that a prospector is shown and told, as a brain outside would get it.
fn shown_to(world: &mut Headless, name: &str) -> Value {
    let mut said = Vec::new();
    for line in world.log() {
        if line.to.as_deref().is_none_or(|to| to == name) {
            said.push(format!("{} {:?} {}", line.at_ms, line.severity, line.text));
        }
    }
    serde_json::json!({
        "seen": world.observe(name).expect("a player"),
        "said": said,
        "trade": format!("{:?}", world.trade(name)),
        "jobs": format!("{:?}", world.jobs(Some(name))),
    })
}

/// All that is drawn or published, whoever looks.
fn published(world: &mut Headless) -> String {
    let grounds = PLAYERS.map(|(name, ..)| world.net_worth_credits(name));
    format!(
        "{:?} {:?} {:?} {:?} {grounds:?}",
        world.scene(),
        world.market_rows(),
        world.figures(),
        world.prospector_reports(),
    )
}

/// What the prospector makes of the ground in some places.
fn maps_of(world: &mut Headless, name: &str) -> String {
    let places_m = world
        .scene()
        .robots
        .iter()
        .map(|robot| robot.position_m)
        .collect::<Vec<_>>();
    let grades = Constituent::ALL.map(|constituent| {
        let map = world.grade_map(name, constituent).expect("a player");
        map.at(&places_m)
    });
    format!("{grades:?}")
}

/// Blots out what instruments have read: the values and the errors that follow from them, and
/// the digits of what is said of them.
fn blot_readings(value: &mut Value) {
    match value {
        Value::Array(values) => values.iter_mut().for_each(blot_readings),
        Value::Object(fields) => {
            for (name, field) in fields {
                match name.as_str() {
                    "estimates" | "samples" | "class_guess" => blot_numbers(field),
                    "said" => {
                        for line in field.as_array_mut().expect("a list of lines") {
                            if line.as_str().is_some_and(|line| line.contains('±')) {
                                *line = Value::Null;
                            }
                        }
                    }
                    _ => blot_readings(field),
                }
            }
        }
        _ => {}
    }
}

fn blot_numbers(value: &mut Value) {
    match value {
        Value::Number(_) => *value = Value::Null,
        Value::Array(values) => values.iter_mut().for_each(blot_numbers),
        Value::Object(fields) => fields.values_mut().for_each(blot_numbers),
        _ => {}
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(10))]

    #[test]
    fn ore_that_nobody_has_read_makes_no_difference(
        orders in prop::collection::vec((any_order(false), 1..400_000u64), 1..16)
    ) {
        let mut twins = twins();
        let place_m = twins[0].scene().robots[0].position_m.as_dvec3();
        let [one, other] = twins.each_ref().map(|w| ground_under(w.terrain(), place_m).grades);
        prop_assert_ne!(one, other, "the twins have the same ore");
        for ((by, order), wait_ms) in orders {
            let [one, other] = twins.each_mut().map(|world| {
                let answer = give(world, by, &order);
                world.run_until_ms(world.time_ms() + wait_ms);
                answer
            });
            prop_assert_eq!(one, other);
            for (name, ..) in PLAYERS {
                let [one, other] = twins.each_mut().map(|w| shown_to(w, name).to_string());
                prop_assert_eq!(one, other, "{} sees the ore", name);
                let [one, other] = twins.each_mut().map(|world| maps_of(world, name));
                prop_assert_eq!(one, other, "the maps of {} show the ore", name);
            }
            let [one, other] = twins.each_mut().map(published);
            prop_assert_eq!(one, other, "the records show the ore");
        }
    }

    #[test]
    fn instruments_tell_their_readings_and_nothing_else(
        orders in prop::collection::vec((any_order(true), 1..400_000u64), 1..16)
    ) {
        let mut twins = twins();
        for ((by, order), wait_ms) in orders {
            for world in &mut twins {
                give(world, by, &order);
                world.run_until_ms(world.time_ms() + wait_ms);
            }
            for (name, ..) in PLAYERS {
                let [one, other] = twins.each_mut().map(|world| {
                    let mut shown = shown_to(world, name);
                    blot_readings(&mut shown);
                    shown.to_string()
                });
                prop_assert_eq!(one, other, "{} sees more than its readings", name);
            }
            let [one, other] = twins.each_mut().map(published);
            prop_assert_eq!(one, other, "the records show what was read");
        }
        for world in &mut twins {
            readings_are_estimates(world)?;
            affairs_are_private(world)?;
        }
    }
}

/// No reading is the truth, and none is farther from it than its error allows.
fn readings_are_estimates(world: &mut Headless) -> Result<(), TestCaseError> {
    for (name, ..) in PLAYERS {
        for held in world.observe(name).expect("a player").readings {
            let reading = held.reading;
            let place_m = match reading.support {
                Support::Spot => reading.point_m.as_dvec3(),
                // At the depth of the stretch, not under the skin of a place.
                Support::Core { middle_m, .. } => middle_m.as_dvec3(),
                _ => continue,
            };
            let ground = if matches!(reading.support, Support::Core { .. }) {
                world.terrain().model().ground_at(place_m)
            } else {
                ground_under(world.terrain(), place_m)
            };
            for estimate in &reading.estimates {
                let Quantity::Content(constituent) = estimate.quantity else {
                    continue;
                };
                let truth = ground.grades.of(constituent);
                prop_assert_ne!(estimate.value, truth);
                // One in two million normal deviates is larger, and cases are some thousands.
                let error = (estimate.value - truth).abs();
                prop_assert!(
                    error < 5.5 * estimate.std,
                    "{constituent} of {truth} was read as {estimate:?}"
                );
            }
        }
    }
    Ok(())
}

/// Nobody is shown the balance of another, nor a reading that it was not given.
fn affairs_are_private(world: &mut Headless) -> Result<(), TestCaseError> {
    let seen = PLAYERS.map(|(name, ..)| world.observe(name).expect("a player"));
    for (index, (name, ..)) in PLAYERS.into_iter().enumerate() {
        let mut shown = Vec::new();
        numbers(&shown_to(world, name), &mut shown);
        for (other, theirs) in seen.iter().enumerate() {
            if other == index {
                continue;
            }
            prop_assert!(
                !shown.contains(&theirs.credits),
                "{} sees the {} credits of {}",
                name,
                theirs.credits,
                theirs.prospector
            );
            for held in theirs
                .readings
                .iter()
                .filter(|held| held.provenance == Provenance::Own)
            {
                let given = seen[index]
                    .readings
                    .iter()
                    .any(|own| own.reading == held.reading);
                if given {
                    continue;
                }
                for estimate in &held.reading.estimates {
                    prop_assert!(
                        !shown.contains(&estimate.value),
                        "{} sees a reading of {}",
                        name,
                        theirs.prospector
                    );
                }
            }
        }
    }
    Ok(())
}
