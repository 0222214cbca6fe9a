//! Instruments estimate, maps converge, and truth stays hidden.

use std::sync::Arc;

use bevy::math::{DVec3, Vec3};
use bonanza::headless::Headless;
use bonanza::sim::asteroid::catalogue;
use bonanza::sim::asteroid::constituent::Constituent;
use bonanza::sim::asteroid::outline::even_directions;
use bonanza::sim::asteroid::spread::Spread;
use bonanza::sim::asteroid::{BodyModel, Ground, Terrain};
use bonanza::sim::level::modules::{Catalogue, Part};
use bonanza::sim::level::{Brain, Level};
use bonanza::sim::order::Order;
use bonanza::sim::prospecting::measure::{self, Setup};
use bonanza::sim::prospecting::trade::{Audience, Choice, Circle};
use bonanza::sim::prospecting::{
    GradeMap, Held, Instrument, InstrumentSpec, Provenance, Quantity, Reading, Support, Survey,
};
use bonanza::sim::random;
use bonanza::sim::robot::drill::Borehole;
use proptest::prelude::*;

const WATER: Quantity = Quantity::Content(Constituent::Water);

/// First water, with every instrument on every robot.
pub fn equipped() -> Level {
    let mut level = Level::find("first-water").expect("the level ships with the program");
    let catalogue = Catalogue::of(&level);
    let mut kind = catalogue.kinds["hopping-digger"].clone();
    let mut chassis = catalogue.chassis[&kind.chassis].clone();
    chassis.slots.sensor = Instrument::ALL.len() as u32;
    kind.modules.retain(|module| module != "spectrometer");
    for instrument in Instrument::ALL {
        let name = format!("{instrument:?}");
        let mut module = catalogue.modules["spectrometer"].clone();
        module.part = Part::Instrument(InstrumentSpec::reference(instrument));
        module.mass_kg = 0.01;
        level.modules.insert(name.clone(), module);
        kind.modules.push(name);
    }
    level.chassis.insert(kind.chassis.clone(), chassis);
    level.robot_kinds.insert("hopping-digger".into(), kind);
    level.validate().expect("the level is still sound");
    level
}

fn world() -> Headless {
    Headless::load(&equipped(), None).expect("the level names a known body")
}

fn bennu(seed: u64) -> Terrain {
    Terrain::new(BodyModel::shared("bennu", seed).expect("the catalogue has Bennu"))
}

fn setup(instrument: Instrument, seed: u64, at_ms: u64, position_m: DVec3) -> Setup<'static> {
    let spec = InstrumentSpec::reference(instrument);
    Setup {
        spec,
        time_s: spec.time_s,
        seed,
        at_ms,
        measured_by: "player",
        robot: "digger-1",
        position_m,
        track_m: Vec::new(),
        hole: None,
    }
}

/// A place some metres above the ground.
fn above(terrain: &Terrain, direction: DVec3, height_m: f64) -> DVec3 {
    let ground_m = terrain.surface_below(2.0 * terrain.model().bounding_radius_m() * direction);
    ground_m + height_m * terrain.up(ground_m)
}

pub fn ground_under(terrain: &Terrain, position_m: DVec3) -> Ground {
    let ground_m = terrain.surface_below(position_m);
    terrain
        .model()
        .ground_at(ground_m - 0.2 * terrain.up(ground_m))
}

#[test]
fn an_order_to_measure_ends_in_a_reading_near_the_truth() {
    let mut world = world();
    world.run_until_ms(60_000);
    for instrument in Instrument::ALL {
        let before = world.observe("player").unwrap().readings.len();
        let robot = "digger-1".to_owned();
        world.submit(
            "player",
            Order::Measure {
                robot,
                instrument,
                time_s: None,
            },
        );
        let spec = InstrumentSpec::reference(instrument);
        let begun_ms = world.time_ms();
        world.step();
        let seen = world.observe("player").unwrap();
        assert_eq!(seen.robots[0].measuring, Some(instrument));
        world.run_until_ms(begun_ms + (1e3 * spec.time_s) as u64 + 61_000);
        let seen = world.observe("player").unwrap();
        assert_eq!(seen.robots[0].measuring, None, "{instrument}");
        let new = &seen.readings[before..];
        assert!(!new.is_empty(), "{instrument}");
        for held in new {
            assert_eq!(held.reading.instrument, instrument);
            assert_eq!(held.reading.measured_by, "player");
            let taken_s = 1e-3 * (held.reading.at_ms - begun_ms) as f64;
            assert!(spec.time_s <= taken_s, "{instrument}: {taken_s} s");
        }
        if let (Support::Spot, Some(water)) =
            (&new[0].reading.support, new[0].reading.estimate(WATER))
        {
            let place_m = new[0].reading.point_m.as_dvec3();
            let truth = ground_under(world.terrain(), place_m).water_fraction;
            assert!((water.value - truth).abs() < 5.0 * water.std);
        }
    }
    // The old order still works, and its reading is a sample.
    let before = world.observe("player").unwrap().samples.len();
    let robot = "digger-1".to_owned();
    world.submit("player", Order::Survey { robot });
    world.run_until_ms(world.time_ms() + 300_000);
    assert_eq!(world.observe("player").unwrap().samples.len(), before + 1);
}

#[test]
fn a_measurement_that_cannot_be_made_is_refused_with_its_reason() {
    let mut world = Headless::load(&Level::find("first-water").unwrap(), None).unwrap();
    world.run_until_ms(60_000);
    let mut refusal = |by: &str, robot: &str, instrument, time_s| {
        let order = Order::Measure {
            robot: robot.to_owned(),
            instrument,
            time_s,
        };
        world.submit(by, order);
        world.step();
        let taken = world.orders_taken().iter().rfind(|taken| !taken.scripted);
        taken.unwrap().answer.clone().unwrap_err().to_string()
    };
    let contact = Instrument::ContactSpectrometer;
    assert_eq!(
        refusal("player", "digger-1", Instrument::OrbitRadar, None),
        "digger-1 carries no orbit radar"
    );
    assert_eq!(
        refusal("tycho", "digger-1", contact, None),
        "digger-1 is not yours"
    );
    for time_s in [0.0, -1.0, f64::NAN, f64::INFINITY, 1e9] {
        let refusal = refusal("player", "digger-1", contact, Some(time_s));
        assert!(refusal.contains("must be from 1 to"), "{refusal}");
    }
}

#[test]
fn a_measurement_survives_a_save_and_is_spoilt_by_leaving() {
    let mut world = world();
    world.run_until_ms(60_000);
    let measure = |robot: &str| Order::Measure {
        robot: robot.to_owned(),
        instrument: Instrument::CoreSampler,
        time_s: None,
    };
    world.submit("player", measure("digger-1"));
    world.submit("player", measure("digger-2"));
    world.run_until_ms(600_000);
    let place_m = world.observe("player").unwrap().robots[1].position_m;
    world.submit(
        "player",
        Order::HopTo {
            robot: "digger-2".into(),
            target_m: (place_m + 8.0 * place_m.normalize().any_orthonormal_vector())
                .as_dvec3()
                .to_array(),
        },
    );
    world.step();
    let taken = world.orders_taken().iter().rfind(|taken| !taken.scripted);
    assert_eq!(taken.unwrap().answer, Ok(()));
    let mut restored = Headless::restore(&world.save()).unwrap();
    for world in [&mut world, &mut restored] {
        world.run_until_ms(3_600_000);
    }
    assert_eq!(world.state_hash(), restored.state_hash());
    let seen = world.observe("player").unwrap();
    assert_eq!(seen, restored.observe("player").unwrap());
    let robots: Vec<&str> = seen.readings[1..]
        .iter()
        .map(|held| held.reading.robot.as_str())
        .collect();
    assert_eq!(
        robots,
        ["digger-1", "digger-1"],
        "two stretches of half a metre"
    );
}

/// Errors in units of what was stated, over many instruments of a kind.
fn stated_errors(instrument: Instrument, quantity: Quantity, height_m: f64) -> Vec<f64> {
    let terrain = bennu(7);
    let position_m = above(&terrain, DVec3::new(0.3, 0.8, 0.2).normalize(), height_m);
    // An instrument without errors to speak of tells what it should see.
    let mut perfect = setup(instrument, 0, 0, position_m);
    perfect.time_s *= 1e9;
    let mean_of = |setups: &mut dyn Iterator<Item = Setup>| -> f64 {
        let values: Vec<f64> = setups
            .map(|setup| {
                measure::measure(&terrain, &setup)[0]
                    .estimate(quantity)
                    .unwrap()
                    .value
            })
            .collect();
        values.iter().sum::<f64>() / values.len() as f64
    };
    // Averaged over instruments, so that their calibrations cancel.
    let seeds = 0..if height_m < 5.0 { 1_500 } else { 400 };
    let truth = mean_of(&mut seeds.map(|seed| Setup {
        seed,
        ..perfect.clone()
    }));
    (10_000..10_300)
        .map(|seed| {
            let reading = &measure::measure(&terrain, &setup(instrument, seed, 5, position_m))[0];
            let estimate = reading.estimate(quantity).unwrap();
            (estimate.value - truth) / estimate.std
        })
        .collect()
}

#[test]
fn stated_errors_are_honest() {
    for (instrument, quantity, height_m) in [
        (Instrument::ContactSpectrometer, WATER, 0.5),
        (Instrument::CoreSampler, WATER, 0.5),
        (Instrument::GammaNeutron, WATER, 10.0),
        (Instrument::Accelerometer, Quantity::Gravity, 0.5),
        (Instrument::ThermalMapper, Quantity::ThermalInertia, 10.0),
        (Instrument::OrbitRadar, Quantity::BulkDensity, 10.0),
        (Instrument::Telescope, Quantity::BandDepth3Um, 0.5),
    ] {
        let errors = stated_errors(instrument, quantity, height_m);
        let n = errors.len() as f64;
        let mean = errors.iter().sum::<f64>() / n;
        let spread = (errors.iter().map(|e| (e - mean).powi(2)).sum::<f64>() / n).sqrt();
        // Four standard errors of a mean of 300, and of the truth taken from a finite mean.
        assert!(
            mean.abs() < 0.3,
            "{instrument} {quantity}: bias of {mean} σ"
        );
        assert!(
            (0.82..1.18).contains(&spread),
            "{instrument} {quantity}: {spread} σ"
        );
    }
}

#[test]
fn longer_counting_shrinks_the_error_and_height_widens_the_view() {
    let terrain = bennu(7);
    let water_std = |time_s: f64, height_m: f64| {
        let position_m = above(&terrain, DVec3::Y, height_m);
        let mut setup = setup(Instrument::GammaNeutron, 3, 9, position_m);
        setup.time_s = time_s;
        let reading = measure::measure(&terrain, &setup).remove(0);
        let Support::Area { radius_m, .. } = reading.support else {
            panic!("{:?}", reading.support);
        };
        (
            reading.estimate(WATER).unwrap().random_std(),
            f64::from(radius_m),
        )
    };
    let (short, near_m) = water_std(3_600.0, 5.0);
    let (long, _) = water_std(16.0 * 3_600.0, 5.0);
    // Poisson: sixteen times the counts, a quarter of the error; the counts themselves scatter.
    assert!((3.0..5.2).contains(&(short / long)), "{short} and {long}");
    let (far, far_m) = water_std(3_600.0, 100.0);
    assert!(short < far);
    assert!(
        (far_m / near_m - 20.0).abs() < 1.0,
        "{near_m} m and {far_m} m"
    );
}

#[test]
fn the_class_is_guessed_from_afar_and_better_from_near() {
    let mut right = [0.0; 2];
    let bodies = [
        "bennu", "itokawa", "eros", "ryugu", "2008ev5", "vesta", "1986da",
    ];
    let mut count = 0.0;
    for body in bodies {
        let Ok(model) = BodyModel::shared(body, 3) else {
            continue;
        };
        let class = model.record().composition_class.clone();
        let terrain = Terrain::new(model);
        let position_m = above(&terrain, DVec3::Y, 100.0);
        for seed in 0..20 {
            let far = measure::from_earth(&terrain, seed);
            let near =
                measure::measure(&terrain, &setup(Instrument::Telescope, seed, 1, position_m));
            count += 1.0;
            for (right, readings) in right.iter_mut().zip([vec![&far], vec![&far, &near[0]]]) {
                let guess = bonanza::sim::prospecting::ClassGuess::from_readings(
                    false,
                    readings.into_iter(),
                );
                let total: f64 = guess.0.iter().map(|chance| chance.probability).sum();
                assert!((total - 1.0).abs() < 1e-9);
                let chance = guess.0.iter().find(|chance| chance.class == class).unwrap();
                *right += chance.probability;
            }
        }
    }
    let [far, near] = right.map(|sum| sum / count);
    assert!(
        0.08 < far && far < near,
        "{far} from afar, {near} from near"
    );
}

/// Every number of a JSON value.
pub fn numbers(value: &serde_json::Value, into: &mut Vec<f64>) {
    match value {
        serde_json::Value::Number(number) => into.extend(number.as_f64()),
        serde_json::Value::Array(values) => values.iter().for_each(|v| numbers(v, into)),
        serde_json::Value::Object(fields) => fields.values().for_each(|v| numbers(v, into)),
        _ => {}
    }
}

/// Every number in a text.
fn numbers_in_text(text: &str) -> Vec<f64> {
    text.split(|c: char| !(c.is_ascii_digit() || c == '.'))
        .filter_map(|word| word.parse().ok())
        .collect()
}

#[test]
fn no_number_that_a_prospector_sees_is_the_truth() {
    let mut world = world();
    world.run_until_ms(60_000);
    for instrument in Instrument::ALL {
        for robot in ["digger-1", "digger-2"] {
            let robot = robot.to_owned();
            world.submit(
                "player",
                Order::Measure {
                    robot,
                    instrument,
                    time_s: Some(600.0),
                },
            );
        }
        world.run_until_ms(world.time_ms() + 900_000);
    }
    let seen = world.observe("player").unwrap();
    let mut shown = Vec::new();
    numbers(&serde_json::to_value(&seen).unwrap(), &mut shown);
    for line in world.log() {
        shown.extend(numbers_in_text(&line.text));
    }
    assert!(100 < shown.len());
    let mut truths = Vec::new();
    for held in &seen.readings[1..] {
        let Ground {
            bulk_density_kg_m3,
            water_fraction,
            cohesion_pa,
            ..
        } = ground_under(world.terrain(), held.reading.point_m.as_dvec3());
        truths.extend([bulk_density_kg_m3, water_fraction, cohesion_pa]);
    }
    assert!(20 < truths.len());
    for truth in truths {
        // To five digits; the messages show fewer of an estimate that is off by more.
        let leak = shown
            .iter()
            .find(|&&x| (x - truth).abs() < 1e-5 * truth.abs());
        assert_eq!(leak, None, "{truth}");
    }
}

fn worth(readings: &[Reading]) -> Vec<f64> {
    readings
        .iter()
        .flat_map(|reading| reading.estimates.iter().map(|estimate| estimate.value))
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    /// What is read depends on the ground that is looked at, on the instrument and on chance: two
    /// bodies that differ everywhere else give readings that differ by the truth at the place.
    #[test]
    fn a_reading_tells_of_no_other_ground(
        x in -1.0..1.0f64, y in -1.0..1.0f64, z in 0.2..1.0f64, seed in 0..1000u64
    ) {
        let direction = DVec3::new(x, y, z).normalize();
        let error = |body: u64| {
            let terrain = bennu(body);
            let position_m = above(&terrain, direction, 0.5);
            let reading = measure::measure(
                &terrain,
                &setup(Instrument::ContactSpectrometer, seed, 77, position_m),
            )
            .remove(0);
            let water = *reading.estimate(WATER).unwrap();
            prop_assert_ne!(water.value, ground_under(&terrain, position_m).water_fraction);
            Ok((water.value - ground_under(&terrain, position_m).water_fraction, water.std))
        };
        let (one, one_std) = error(7)?;
        let (other, other_std) = error(8)?;
        prop_assert!((one - other).abs() < 1e-12);
        prop_assert_eq!(one_std, other_std);
    }

    /// Changing ground that an instrument does not see changes nothing of what it reads, but for the
    /// direction of down, which every hole on the body turns by less than anybody can see.
    #[test]
    fn ground_out_of_sight_changes_nothing(
        x in -1.0..1.0f64, y in -1.0..1.0f64, z in 0.3..1.0f64, dug_g in 1_000..5_000_000i64
    ) {
        let mut terrain = bennu(7);
        let direction = DVec3::new(x, y, z).normalize();
        let position_m = above(&terrain, direction, 0.5);
        let seen = [
            Instrument::ContactSpectrometer,
            Instrument::CoreSampler,
            Instrument::GammaNeutron,
            Instrument::ThermalMapper,
            Instrument::OrbitRadar,
            Instrument::Telescope,
        ];
        let read = |terrain: &Terrain| -> Vec<f64> {
            seen.iter()
                .flat_map(|&instrument| {
                    worth(&measure::measure(terrain, &setup(instrument, 1, 2, position_m)))
                })
                .collect()
        };
        let before = read(&terrain);
        let elsewhere_m = above(&terrain, -direction, 0.0);
        terrain.excavate(elsewhere_m, 3.0, dug_g);
        for (after, before) in read(&terrain).into_iter().zip(before) {
            prop_assert!((after - before).abs() <= 1e-6 * before.abs(), "{after} and {before}");
        }
    }
}

#[test]
fn readings_are_shared_not_copied() {
    let mut world = world();
    let first = world.observe("player").unwrap().readings[0].reading.clone();
    let second = world.observe("player").unwrap().readings[0].reading.clone();
    assert!(Arc::ptr_eq(&first, &second));
}

/// A patch of ground, what was read there, and other places of it.
struct Patch {
    terrain: Terrain,
    readings: Vec<Reading>,
    asked_m: Vec<Vec3>,
}

/// Readings at random places within `radius_m` of a place, and `asked` places between them.
fn patch(body: &str, seed: u64, instrument: Instrument, count: usize, radius_m: f64) -> Patch {
    let terrain = Terrain::new(BodyModel::shared(body, seed).expect("the catalogue has it"));
    let mut stream = random::stream(seed, "patch");
    let mut uniform = || random::uniform(&mut stream);
    let centre = DVec3::new(0.3, 0.8, 0.2).normalize();
    // Large bodies are worked near the origin of the site frame.
    let centre_m = if terrain.model().reference_radius_m() < 1_000.0 {
        above(&terrain, centre, 0.0)
    } else {
        terrain.surface_below(DVec3::ZERO)
    };
    let up = terrain.up(centre_m);
    let east = up.any_orthonormal_vector();
    let north = up.cross(east);
    let mut place = |height_m: f64| {
        let (angle, away_m) = (
            std::f64::consts::TAU * uniform(),
            radius_m * uniform().sqrt(),
        );
        let beside_m = centre_m + away_m * (angle.cos() * east + angle.sin() * north);
        let ground_m = terrain.surface_below(beside_m);
        ground_m + height_m * terrain.up(ground_m)
    };
    let height_m = if instrument.needs_ground() { 0.5 } else { 4.0 };
    let mut readings = vec![measure::from_earth(&terrain, seed)];
    for i in 0..count {
        let setup = setup(instrument, seed, i as u64, place(height_m));
        readings.extend(measure::measure(&terrain, &setup));
    }
    let asked_m = (0..8).map(|_| place(-0.2).as_vec3()).collect();
    Patch {
        terrain,
        readings,
        asked_m,
    }
}

/// How intervals and errors stand to the truth over many seeds.
#[derive(Clone, Copy, Debug, Default)]
struct Score {
    asked: f64,
    inside: f64,
    stated: f64,
    found: f64,
}

impl Score {
    fn ask(&mut self, map: &GradeMap, patch: &Patch) {
        let Patch {
            terrain, asked_m, ..
        } = patch;
        for (place_m, grade) in asked_m.iter().zip(map.at(asked_m)) {
            let ground = terrain.model().ground_at(place_m.as_dvec3());
            let truth = ground.grades.of(map.constituent());
            let (low, high) = grade.interval(0.8);
            self.asked += 1.0;
            self.inside += f64::from(u8::from(low <= truth && truth <= high));
            self.stated += grade.std().powi(2);
            self.found += (grade.mean() - truth).powi(2);
        }
    }

    fn add(&mut self, other: &Self) {
        self.asked += other.asked;
        self.inside += other.inside;
        self.stated += other.stated;
        self.found += other.found;
    }

    fn coverage(&self) -> f64 {
        self.inside / self.asked
    }

    /// Root mean square of the errors that were stated, and of those that were made.
    fn errors(&self) -> (f64, f64) {
        (
            (self.stated / self.asked).sqrt(),
            (self.found / self.asked).sqrt(),
        )
    }
}

#[test]
fn what_is_expected_of_a_class_is_what_its_bodies_hold() {
    for id in ["bennu", "itokawa", "1986da", "2008ev5"] {
        let body = BodyModel::shared(id, 21).expect("the catalogue has it");
        let class = catalogue::composition(&body.record().composition_class);
        let grounds: Vec<Ground> = even_directions(3_000)
            .enumerate()
            .map(|(index, direction)| {
                let share = (0.414_2 * index as f64 + 0.21).fract();
                let arm_m = direction * (body.outline_radius_m(direction) * share.cbrt());
                body.ground_at(body.centre_m() + arm_m)
            })
            .collect();
        for constituent in Constituent::ALL {
            let spread = Spread::of(constituent, class.expect("a class of the table"));
            let mut values: Vec<f64> = grounds
                .iter()
                .map(|ground| ground.grades.of(constituent))
                .collect();
            values.sort_by(f64::total_cmp);
            let n = values.len() as f64;
            let mean = values.iter().sum::<f64>() / n;
            let std = (values.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / n).sqrt();
            let name = format!("{constituent} of {id}");
            // Ore is alike over tens of metres, and small bodies have room for few lenses.
            let tolerance = 0.2 * spread.std() + 1e-3 * spread.mean();
            assert!((mean - spread.mean()).abs() <= tolerance, "{name}: {mean}");
            assert!(
                (std - spread.std()).abs() <= tolerance,
                "{name}: {std}, not {spread:?}"
            );
            if spread.std() == 0.0 {
                continue;
            }
            for (part, value) in [
                (0.1, values[300]),
                (0.5, values[1_500]),
                (0.9, values[2_700]),
            ] {
                let below = spread.share_below(value, 1e-12);
                assert!((below - part).abs() < 0.08, "{name}: {below} below {value}");
            }
        }
    }
}

/// Each good of each kind of body: carbonaceous, stony, metallic, and the Moon for what only the
/// Sun brings.
#[test]
fn eighty_per_cent_intervals_hold_the_truth_of_every_good_in_seven_to_nine_of_ten() {
    const COUNTS: [usize; 3] = [6, 16, 32];
    const SEEDS: u64 = 64;
    let bodies = [
        ("bennu", Instrument::ContactSpectrometer),
        ("2008ev5", Instrument::CoreSampler),
        ("itokawa", Instrument::ContactSpectrometer),
        ("1986da", Instrument::ContactSpectrometer),
        ("moon", Instrument::CoreSampler),
    ];
    std::thread::scope(|threads| {
        for (body, instrument) in bodies {
            threads.spawn(move || {
                let mut scores = [[Score::default(); COUNTS.len()]; Constituent::ALL.len()];
                for seed in 1..=SEEDS {
                    let patch = patch(body, seed, instrument, COUNTS[2], 60.0);
                    let per_measurement = (patch.readings.len() - 1) / COUNTS[2];
                    for (constituent, scores) in Constituent::ALL.into_iter().zip(&mut scores) {
                        for (score, count) in scores.iter_mut().zip(COUNTS) {
                            let first = &patch.readings[..=count * per_measurement];
                            let survey: Survey = first.iter().cloned().collect();
                            let map = GradeMap::of(constituent, &survey, patch.terrain.model());
                            score.ask(&map, &patch);
                        }
                    }
                }
                let model = BodyModel::shared(body, 1).expect("the catalogue has it");
                let class = catalogue::composition(&model.record().composition_class);
                for (constituent, scores) in Constituent::ALL.into_iter().zip(scores) {
                    let coverages = scores.map(|score| score.coverage());
                    let pooled = coverages.iter().sum::<f64>() / coverages.len() as f64;
                    let errors = scores.map(|score| score.errors());
                    println!("{constituent} of {body} by {instrument}: {coverages:.2?} {errors:?}");
                    // What a class has nothing of is the same everywhere, and known for certain.
                    let spread = Spread::of(constituent, class.expect("a class of the table"));
                    if let Spread::Point(_) = spread {
                        assert!(0.7 <= pooled, "{constituent} of {body}: {coverages:.2?}");
                        continue;
                    }
                    // Places of one patch are alike: some three of its eight count, two hundred in all,
                    // which leaves three in a hundred more or less.
                    assert!(
                        (0.7..=0.9).contains(&pooled),
                        "{constituent} of {body} by {instrument}: {coverages:.2?}"
                    );
                    let mut whole = Score::default();
                    scores.iter().for_each(|score| whole.add(score));
                    let (stated, found) = whole.errors();
                    // Rich nodules make the errors of a few places most of their sum.
                    assert!(
                        (0.65..1.6).contains(&(stated / found)),
                        "{constituent} of {body}: stated {stated}, found {found}"
                    );
                }
            });
        }
    });
}

#[test]
fn errors_fall_with_samples_as_stated() {
    const COUNTS: [usize; 3] = [6, 16, 32];
    for (body, instrument) in [
        ("bennu", Instrument::ContactSpectrometer),
        ("2008ev5", Instrument::CoreSampler),
    ] {
        let mut scores = [Score::default(); COUNTS.len()];
        for seed in 1..=24 {
            let patch = patch(body, seed, instrument, COUNTS[2], 60.0);
            for (score, count) in scores.iter_mut().zip(COUNTS) {
                let per_measurement = (patch.readings.len() - 1) / COUNTS[2];
                let first = &patch.readings[..=count * per_measurement];
                let survey: Survey = first.iter().cloned().collect();
                let map = GradeMap::of(Constituent::Water, &survey, patch.terrain.model());
                assert_eq!(map.readings(), count * per_measurement);
                score.ask(&map, &patch);
            }
        }
        for score in &scores {
            let (stated, found) = score.errors();
            assert!((0.8..1.25).contains(&(stated / found)), "{body}: {score:?}");
        }
        let [few, some, many] = scores.map(|score| score.errors().1);
        assert!(many < some && some < few, "{body}: {few} {some} {many}");
    }
}

#[test]
fn footprints_count_as_averages() {
    let mut score = Score::default();
    for seed in 1..=18 {
        let patch = patch("2008ev5", seed, Instrument::GammaNeutron, 3, 60.0);
        let survey: Survey = patch.readings.iter().cloned().collect();
        let map = GradeMap::of(Constituent::Water, &survey, patch.terrain.model());
        score.ask(&map, &patch);
    }
    assert!((0.6..=0.95).contains(&score.coverage()), "{score:?}");
}

#[test]
fn a_map_is_of_ones_own_readings_and_the_same_after_a_save() {
    let mut world = world();
    world.run_until_ms(60_000);
    let place_m = [world.observe("player").unwrap().robots[0].position_m];
    let at = |world: &mut Headless, who: &str| {
        world
            .grade_map(who, Constituent::Water)
            .unwrap()
            .at(&place_m)[0]
    };
    assert!(world.grade_map("nobody", Constituent::Water).is_none());
    let before = at(&mut world, "player");
    let others_before = at(&mut world, "tycho");
    assert_eq!(before, others_before, "the public record is all there is");
    for _ in 0..3 {
        let robot = "digger-1".to_owned();
        world.submit("player", Order::Survey { robot });
        world.run_until_ms(world.time_ms() + 200_000);
        at(&mut world, "player");
    }
    let after = at(&mut world, "player");
    assert!(after.std() < 0.5 * before.std());
    let tycho = world.observe("tycho").unwrap();
    let of_player = |held: &&Held| held.reading.measured_by == "player";
    assert_eq!(tycho.readings.iter().find(of_player), None);
    let mut restored = Headless::restore(&world.save()).unwrap();
    assert_eq!(at(&mut restored, "player"), after);
    // Every constituent has a map, if only of what its class is made of.
    for constituent in Constituent::ALL {
        let map = world.grade_map("player", constituent).unwrap();
        let grade = map.at(&place_m)[0];
        assert!((0.0..=1.0).contains(&grade.mean()) && 0.0 < grade.std());
    }
}

/// Three prospectors without scripts, each with two readings of its own.
fn three_surveyors() -> Headless {
    let mut level = equipped();
    for prospector in &mut level.prospectors {
        prospector.brain = Brain::Human;
    }
    let mut world = Headless::load(&level, None).expect("the level names a known body");
    world.run_until_ms(60_000);
    for _ in 0..2 {
        for (by, robot) in SURVEYORS {
            let robot = robot.to_owned();
            world.submit(by, Order::Survey { robot });
        }
        world.run_until_ms(world.time_ms() + 180_000);
    }
    world
}

const SURVEYORS: [(&str, &str); 3] = [
    ("player", "digger-1"),
    ("hydra", "hydra-1"),
    ("tycho", "tycho-1"),
];

/// Gives an order and says how it was answered.
fn answer(world: &mut Headless, by: &str, order: Order) -> Result<(), String> {
    world.submit(by, order);
    world.step();
    let taken = world.orders_taken().last().expect("it has just been taken");
    taken.answer.clone().map_err(|refusal| refusal.to_string())
}

fn offer(price_credits: f64, to: Audience) -> Order {
    Order::OfferData {
        readings: Choice::default(),
        price_credits,
        to,
    }
}

fn credits(world: &mut Headless, who: &str) -> f64 {
    world.observe(who).unwrap().credits
}

/// Whose readings somebody holds, besides the public record.
fn sources(world: &mut Headless, who: &str) -> Vec<String> {
    let seen = world.observe(who).unwrap();
    let held = seen.readings.iter();
    held.filter(|held| held.provenance != Provenance::Public)
        .map(|held| held.reading.measured_by.clone())
        .collect()
}

#[test]
fn data_is_sold_to_as_many_as_pay_and_to_nobody_else() {
    let mut world = three_surveyors();
    for (by, _) in SURVEYORS {
        assert_eq!(
            sources(&mut world, by),
            [by, by],
            "hidden unless said otherwise"
        );
    }
    answer(
        &mut world,
        "player",
        offer(500.0, Audience::Only(vec!["hydra".into()])),
    )
    .unwrap();
    let seen = world.observe("hydra").unwrap();
    let [offered] = &seen.data_offers[..] else {
        panic!("{:?}", seen.data_offers);
    };
    assert_eq!((offered.readings, offered.new_to_you), (2, 2));
    assert_eq!(offered.instruments, [(Instrument::ContactSpectrometer, 2)]);
    assert!(offered.constituents.contains(&Constituent::Water));
    assert!(
        offered
            .water_std
            .is_some_and(|std| (0.01..0.011).contains(&std))
    );
    let robot_m = world.observe("player").unwrap().robots[0].position_m;
    assert!(offered.centre_m.distance(robot_m) < 2.0 && offered.radius_m < 1.0);
    // Nobody else sees it, or can tell it from one that is not there.
    assert_eq!(world.observe("tycho").unwrap().data_offers, []);
    let buy = |offer| Order::BuyData { offer };
    let refused = answer(&mut world, "tycho", buy(1)).unwrap_err();
    assert_eq!(refused, "there is no offer 1 to you");
    assert_eq!(
        answer(&mut world, "tycho", buy(99)).unwrap_err(),
        "there is no offer 99 to you"
    );
    assert_eq!(
        answer(&mut world, "player", buy(1)).unwrap_err(),
        "there is no offer 1 to you"
    );

    let before = ["player", "hydra"].map(|who| credits(&mut world, who));
    answer(&mut world, "hydra", buy(1)).unwrap();
    assert_eq!(credits(&mut world, "player"), before[0] + 500.0);
    assert_eq!(credits(&mut world, "hydra"), before[1] - 500.0);
    assert_eq!(
        sources(&mut world, "hydra"),
        ["hydra", "hydra", "player", "player"]
    );
    let bought = world.observe("hydra").unwrap().readings.pop().unwrap();
    let of_player = world.observe("player").unwrap().readings.pop().unwrap();
    assert_eq!(
        bought.reading, of_player.reading,
        "when, where and by whom stay as they were"
    );
    assert!(matches!(bought.provenance, Provenance::Bought { ref from, .. } if from == "player"));
    for who in ["player", "hydra"] {
        let receipts = world.observe(who).unwrap().data_receipts;
        assert_eq!(receipts.len(), 1);
        assert_eq!(
            (receipts[0].readings, receipts[0].price_credits),
            (2, 500.0)
        );
    }
    assert_eq!(world.observe("tycho").unwrap().data_receipts, []);
    let again = answer(&mut world, "hydra", buy(1)).unwrap_err();
    assert_eq!(again, "you hold all readings of offer 1 already");

    // To all, at a price that only some can pay; the same readings again and again.
    answer(&mut world, "player", offer(1e9, Audience::Public)).unwrap();
    assert!(
        answer(&mut world, "tycho", buy(2))
            .unwrap_err()
            .contains("more than there is")
    );
    answer(&mut world, "player", offer(7.0, Audience::Public)).unwrap();
    answer(&mut world, "tycho", buy(3)).unwrap();
    assert_eq!(sources(&mut world, "tycho").len(), 4);

    // What was bought is not the buyer's to sell.
    let robot = Some("digger-1".to_owned());
    let resale = Order::OfferData {
        readings: Choice {
            robot,
            ..Choice::default()
        },
        price_credits: 1.0,
        to: Audience::Public,
    };
    assert!(
        answer(&mut world, "tycho", resale)
            .unwrap_err()
            .contains("of your own")
    );

    // An offer ends when its maker says so, and only then.
    let withdraw = |offer| Order::WithdrawOffer { offer };
    let refused = answer(&mut world, "hydra", withdraw(2)).unwrap_err();
    assert_eq!(refused, "you have made no offer 2");
    answer(&mut world, "player", withdraw(2)).unwrap();
    assert!(
        world
            .observe("tycho")
            .unwrap()
            .data_offers
            .iter()
            .all(|offer| offer.id != 2)
    );
    assert_eq!(world.ledger().credit_error_ucr(), 0);

    let mut restored = Headless::restore(&world.save()).unwrap();
    assert_eq!(restored.observe("hydra"), world.observe("hydra"));
    assert_eq!(restored.state_hash(), world.state_hash());
}

#[test]
fn data_is_shared_with_whom_it_is_meant_for() {
    let mut world = three_surveyors();
    let share = |with| Order::ShareData {
        readings: Choice::default(),
        with,
    };
    answer(
        &mut world,
        "hydra",
        share(Audience::Only(vec!["tycho".into()])),
    )
    .unwrap();
    assert_eq!(sources(&mut world, "player").len(), 2);
    assert_eq!(sources(&mut world, "tycho").len(), 4);
    answer(&mut world, "hydra", share(Audience::Public)).unwrap();
    assert_eq!(
        sources(&mut world, "player"),
        ["player", "player", "hydra", "hydra"]
    );
    assert_eq!(sources(&mut world, "tycho").len(), 4, "nothing twice");
    // A shared reading sharpens the map of who got it.
    let place_m = [world.observe("hydra").unwrap().readings[1].reading.point_m];
    let std = |world: &mut Headless, who: &str| {
        world
            .grade_map(who, Constituent::Water)
            .unwrap()
            .at(&place_m)[0]
            .std()
    };
    assert!(std(&mut world, "player") < 0.01);

    for (order, reason) in [
        (share(Audience::Only(vec![])), "nobody is named"),
        (
            share(Audience::Only(vec!["ghost".into()])),
            "there is no prospector \"ghost\"",
        ),
        (
            offer(f64::NAN, Audience::Public),
            "price_credits = NaN must be from 0",
        ),
        (
            offer(-1.0, Audience::Public),
            "price_credits = -1 must be from 0",
        ),
        (
            Order::ShareData {
                readings: Choice {
                    around: Some(Circle {
                        centre_m: [f64::NAN; 3],
                        radius_m: 1.0,
                    }),
                    ..Choice::default()
                },
                with: Audience::Public,
            },
            "must be finite",
        ),
        (
            Order::ShareData {
                readings: Choice {
                    around: Some(Circle {
                        centre_m: [9e9; 3],
                        radius_m: 1.0,
                    }),
                    ..Choice::default()
                },
                with: Audience::Public,
            },
            "no such readings of your own",
        ),
    ] {
        let refused = answer(&mut world, "player", order).unwrap_err();
        assert!(refused.contains(reason), "{refused}");
    }
}

#[test]
fn what_an_offer_shows_does_not_depend_on_what_was_read() {
    // The same instruments at the same places and times, and other chances.
    let views: Vec<String> = [7, 8]
        .into_iter()
        .map(|seed| {
            let mut level = equipped();
            for prospector in &mut level.prospectors {
                prospector.brain = Brain::Human;
            }
            let mut world = Headless::load(&level, Some(seed)).unwrap();
            world.run_until_ms(60_000);
            for instrument in [Instrument::ContactSpectrometer, Instrument::GammaNeutron] {
                let robot = "digger-1".to_owned();
                let time_s = Some(300.0);
                world.submit(
                    "player",
                    Order::Measure {
                        robot,
                        instrument,
                        time_s,
                    },
                );
                world.run_until_ms(world.time_ms() + 400_000);
            }
            answer(&mut world, "player", offer(1.0, Audience::Public)).unwrap();
            let values = worth(
                &world.observe("player").unwrap().readings[1..]
                    .iter()
                    .map(|held| Reading::clone(&held.reading))
                    .collect::<Vec<_>>(),
            );
            let seen = world.observe("tycho").unwrap();
            let mut shown = Vec::new();
            numbers(&serde_json::to_value(&seen).unwrap(), &mut shown);
            for value in values {
                assert!(!shown.contains(&value));
            }
            serde_json::to_string(&seen.data_offers[0]).unwrap()
        })
        .collect();
    assert_eq!(views[0], views[1], "other readings, the same offer");
}

fn any_deal() -> impl Strategy<Value = (usize, Order)> {
    let audience = || {
        prop_oneof![
            Just(Audience::Public),
            prop::collection::vec(
                prop_oneof![Just("player"), Just("hydra"), Just("tycho"), Just("x")],
                0..3
            )
            .prop_map(|names| Audience::Only(names.into_iter().map(str::to_owned).collect())),
        ]
    };
    let price = prop_oneof![5 => 0.0..1e5f64, 1 => Just(1e9), 1 => Just(-1.0), 1 => Just(f64::NAN)];
    let robot = prop_oneof![4 => Just(None), 1 => Just(Some("hydra-1".to_owned()))];
    let order = prop_oneof![
        3 => (price, audience(), robot.clone()).prop_map(|(price_credits, to, robot)| Order::OfferData {
            readings: Choice { robot, ..Choice::default() },
            price_credits,
            to,
        }),
        6 => (0..12u32).prop_map(|offer| Order::BuyData { offer }),
        1 => (0..12u32).prop_map(|offer| Order::WithdrawOffer { offer }),
        1 => (audience(), robot).prop_map(|(with, robot)| Order::ShareData {
            readings: Choice { robot, ..Choice::default() },
            with,
        }),
    ];
    (0..3usize, order)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]

    /// Whoever holds a reading of another was let to: by a gift that named it, or by an offer that
    /// was for it and that it paid.
    #[test]
    fn nobody_reads_what_another_has_not_released(
        deals in prop::collection::vec(any_deal(), 1..40)
    ) {
        use std::sync::LazyLock;
        static START: LazyLock<Vec<u8>> = LazyLock::new(|| three_surveyors().save());
        let mut world = Headless::restore(&START).unwrap();
        let names = SURVEYORS.map(|(name, _)| name);
        // Who may read whom, by what was accepted; and whom each offer was for.
        let mut released = [[false; 3]; 3];
        let mut offers: Vec<(usize, [bool; 3])> = Vec::new();
        let meant = |audience: &Audience| match audience {
            Audience::Public => [true; 3],
            Audience::Only(list) => names.map(|name| list.iter().any(|n| n == name)),
        };
        let money = |world: &mut Headless| names.map(|who| credits(world, who)).iter().sum::<f64>();
        let before = money(&mut world);
        let start_ms = world.time_ms();
        for (by, order) in deals {
            let accepted = answer(&mut world, names[by], order.clone()).is_ok();
            prop_assert_eq!(world.ledger().credit_error_ucr(), 0);
            if !accepted {
                continue;
            }
            match order {
                Order::OfferData { to, .. } => offers.push((by, meant(&to))),
                Order::ShareData { with, .. } => {
                    for (taker, meant) in meant(&with).into_iter().enumerate() {
                        released[taker][by] |= meant;
                    }
                }
                Order::BuyData { offer } => {
                    let (seller, to) = offers[offer as usize - 1];
                    prop_assert!(to[by], "{} was not for {}", offer, names[by]);
                    released[by][seller] = true;
                }
                _ => {}
            }
        }
        // Upkeep falls due by the hour.
        if world.time_ms() / 3_600_000 == start_ms / 3_600_000 {
            prop_assert!((money(&mut world) - before).abs() < 1e-3);
        }
        for (reader, name) in names.into_iter().enumerate() {
            for source in sources(&mut world, name) {
                let source = names.iter().position(|n| *n == source).unwrap();
                prop_assert!(
                    source == reader || released[reader][source],
                    "{} reads {}", name, names[source]
                );
            }
        }
    }
}

#[test]
fn a_rival_buys_what_another_has_found_out_nearby() {
    let mut level = Level::find("first-water").expect("the level ships with the program");
    for prospector in &mut level.prospectors {
        if let Brain::Scripted {
            survey_spots,
            search_radius_m,
            ..
        } = &mut prospector.brain
            && prospector.name == "tycho"
        {
            // Near enough to hydra, and slower than it to make up its mind.
            (*survey_spots, *search_radius_m) = (8, 150.0);
        }
    }
    let mut world = Headless::load(&level, None).expect("the level names a known body");
    let mut hours = 0;
    while world.observe("tycho").unwrap().data_receipts.is_empty() && hours < 24 {
        hours += 1;
        world.run_until_ms(hours * 3_600_000);
    }
    let receipts = world.observe("tycho").unwrap().data_receipts;
    assert!(!receipts.is_empty(), "nothing bought within a day");
    assert_eq!(
        (receipts[0].seller.as_str(), receipts[0].buyer.as_str()),
        ("hydra", "tycho")
    );
    let by_itself = 720.0 / 86_400.0 * level.costs.upkeep_credits_per_robot_day;
    assert!(receipts[0].price_credits < by_itself * receipts[0].readings as f64);
    assert_eq!(world.ledger().credit_error_ucr(), 0);
}

#[test]
fn a_core_is_read_as_deep_as_the_hole_goes() {
    let terrain = bennu(7);
    let position_m = above(&terrain, DVec3::Y, 0.5);
    let mouth_m = terrain.surface_below(position_m);
    let down = -terrain.up(mouth_m);
    let mut setup = setup(Instrument::CoreSampler, 1, 1, position_m);
    setup.hole = Some(Borehole {
        mouth_m,
        down,
        depth_m: 2.0,
        diameter_m: 0.05,
    });
    let readings = measure::measure(&terrain, &setup);
    assert_eq!(readings.len(), 8, "a quarter of a metre each");
    for (k, reading) in readings.iter().enumerate() {
        let Support::Core {
            from_m,
            to_m,
            middle_m,
        } = reading.support
        else {
            panic!("{:?}", reading.support);
        };
        assert!((from_m - 0.25 * k as f32).abs() < 1e-6 && (to_m - from_m - 0.25).abs() < 1e-6);
        let expected_m = mouth_m + (0.25 * k as f64 + 0.125) * down;
        assert!(middle_m.as_dvec3().distance(expected_m) < 1e-3);
        let truth = terrain.model().ground_at(expected_m).water_fraction;
        let water = reading.estimate(WATER).unwrap();
        assert!((water.value - truth).abs() < 5.0 * water.std);
        assert!(
            reading
                .estimate(Quantity::Content(Constituent::PlatinumGroup))
                .is_some()
        );
    }
}
