//! A level file that is wrong is refused with file, line, field, value and what was expected, and
//! no file, however malformed, panics the program.

use bonanza::{
    headless::Headless,
    sim::level::{BUILT_IN_LEVELS, Level, LevelError},
};
use proptest::prelude::*;

fn first_water() -> &'static str {
    BUILT_IN_LEVELS[0].1
}

/// The line of the `nth` place (from 0) where `text` stands in the shipped level.
fn line_of(text: &str, nth: usize) -> usize {
    let (at, _) = first_water()
        .match_indices(text)
        .nth(nth)
        .unwrap_or_else(|| panic!("{text:?} does not stand {} times in the level", nth + 1));
    1 + first_water()[..at].matches('\n').count()
}

/// Errors of the shipped level after one replacement.
fn errors_after(from: &str, to: &str, nth: usize) -> Vec<LevelError> {
    let (at, _) = first_water().match_indices(from).nth(nth).unwrap();
    let mut text = first_water().to_owned();
    text.replace_range(at..at + from.len(), to);
    match Level::parse(&text, "levels/test.ron") {
        Ok(_) => Vec::new(),
        Err(errors) => errors.0,
    }
}

/// What is replaced (and its how-manieth occurrence), by what, the field that must be named, and
/// what the message must say.
const WRONG: [(&str, usize, &str, &str, &str); 33] = [
    (
        "format: 1",
        0,
        "format: 2",
        "format",
        "format = 2 must be 1",
    ),
    (
        "name: \"first-water\"",
        0,
        "name: \"first water\"",
        "name",
        "must be 1 to 64 letters",
    ),
    (
        "title: \"First water\"",
        0,
        "title: \" \"",
        "title",
        "is empty",
    ),
    (
        "id: \"bennu\"",
        0,
        "id: \"benu\"",
        "body.id",
        "id = \"benu\" must be a body of the catalogue, such as bennu",
    ),
    (
        "tick_s: 0.1",
        0,
        "tick_s: 1e9",
        "tick_s",
        "tick_s = 1000000000 must be from 0.001 to 0.25",
    ),
    (
        "tick_s: 0.1",
        0,
        "tick_s: NaN",
        "tick_s",
        "tick_s = NaN must be finite",
    ),
    (
        "tick_s: 0.1",
        0,
        "tick_s: 0.0005",
        "tick_s",
        "must be from 0.001",
    ),
    (
        "tick_s: 0.1",
        0,
        "tick_s: 0.0333",
        "tick_s",
        "whole number of milliseconds",
    ),
    (
        "long_tick_s: 10.0",
        0,
        "long_tick_s: 0.01",
        "long_tick_s",
        "must be from 0.1",
    ),
    (
        "idle_tick_s: 60.0",
        0,
        "idle_tick_s: inf",
        "idle_tick_s",
        "idle_tick_s = inf must be finite",
    ),
    (
        "jd_tdb: 2461161.5",
        0,
        "jd_tdb: 5.0",
        "start.jd_tdb",
        "jd_tdb = 5 must be from",
    ),
    (
        "latitude_deg: 28.0",
        0,
        "latitude_deg: 95.0",
        "sites[\"field\"].latitude_deg",
        "latitude_deg = 95 must be from -90 to 90",
    ),
    (
        "dry_mass_kg: 400.0",
        0,
        "dry_mass_kg: -2.0",
        "plant_kinds[\"still\"].dry_mass_kg",
        "dry_mass_kg = -2 must be positive and finite",
    ),
    (
        "water_recovery: 0.90",
        0,
        "water_recovery: 1.5",
        "plant_kinds[\"still\"].water_recovery",
        "from 0 to 1",
    ),
    (
        "credits: 250000.0",
        1,
        "credits: -1.0",
        "prospectors[1].credits",
        "credits = -1 must be at least 0 and finite",
    ),
    (
        "claim_radius_m: 8.0",
        0,
        "claim_radius_m: 80.0",
        "prospectors[1].brain.claim_radius_m",
        "from 0.1 to 12",
    ),
    (
        "owner: \"hydra\"",
        1,
        "owner: \"hidra\"",
        "robots[3].owner",
        "owner = \"hidra\" must name a prospector of this level: player, hydra, tycho",
    ),
    (
        "kind: \"still\"",
        2,
        "kind: \"stil\"",
        "plants[2].kind",
        "must name a plant kind of this level: still",
    ),
    (
        "of: \"field\"",
        4,
        "of: \"feild\"",
        "robots[4].site.of",
        "must name a site of this level: field",
    ),
    (
        "north_m: 38.0",
        0,
        "north_m: 1e30",
        "robots[3].site.north_m",
        "from -1000 to 1000",
    ),
    (
        "name: \"digger-2\"",
        0,
        "name: \"digger-1\"",
        "robots[1].name",
        "name = \"digger-1\" must be unique",
    ),
    (
        "name: \"hydra\"",
        0,
        "name: \"player\"",
        "prospectors[1].name",
        "must be unique",
    ),
    (
        "owner: \"tycho\", kind: \"still\"",
        0,
        "owner: \"player\", kind: \"still\"",
        "prospectors[2].name",
        "owns robots but no plant",
    ),
    (
        "east_m: 13.0, north_m: -10.0",
        0,
        "east_m: 16.0, north_m: 6.5",
        "robots[1].site",
        "site puts \"digger-2\" where \"digger-1\" stands",
    ),
    (
        "node: \"EML1\"",
        0,
        "node: \"MOON\"",
        "market.node",
        "node = \"MOON\" must be a node of the tables: LEO",
    ),
    (
        "elasticity: -0.8",
        0,
        "elasticity: 0.8",
        "market.elasticity",
        "elasticity = 0.8 must be from -20 to -0.05",
    ),
    (
        "base_price_credits_per_kg: 6500.0",
        0,
        "base_price_credits_per_kg: 9000.0",
        "market.base_price_credits_per_kg",
        "from 0.01 to 8149",
    ),
    (
        "isp_s: 330.0",
        0,
        "isp_s: 0.0",
        "freight.isp_s",
        "isp_s = 0 must be positive",
    ),
    (
        "prospector: \"player\"",
        1,
        "prospector: \"nobody\"",
        "goals[1].prospector",
        "must name a prospector",
    ),
    (
        "until: Anchored(robot: Some(\"digger-1\"))",
        0,
        "until: Anchored(robot: Some(\"nobody\"))",
        "lesson[1].until.robot",
        "must name a robot",
    ),
    (
        "until: Claimed",
        0,
        "until: Ordered(order: \"Dance\")",
        "lesson[5].until.order",
        "must be the name of an order, such as",
    ),
    (
        "until: Sold(mass_kg: 0.1)",
        0,
        "until: Sold(mass_kg: -1)",
        "lesson[6].until.mass_kg",
        "mass_kg = -1 must be",
    ),
    (
        "energy_credits_per_kwh: 2.0",
        0,
        "energy_credits_per_kwh: -2.0",
        "costs.energy_credits_per_kwh",
        "at least 0",
    ),
];

#[test]
fn each_wrong_value_is_named_with_its_line_and_what_was_expected() {
    for (from, nth, to, field, says) in WRONG {
        let errors = errors_after(from, to, nth);
        let found = errors.iter().find(|error| error.field == field);
        let Some(error) = found else {
            panic!("{to}: no error at {field} among {errors:#?}");
        };
        assert!(error.message.contains(says), "{to}: {error:#?}");
        assert!(
            error.message.ends_with(", in level \"levels/test.ron\""),
            "{to}: {error:#?}"
        );
        assert_eq!(error.file, "levels/test.ron");
        // What is wrong with a prospector's fleet is told where the prospector is named.
        let expected = match field {
            "prospectors[2].name" => line_of("name: \"tycho\"", 0),
            _ => line_of(from, nth),
        };
        assert_eq!(error.line, expected, "{to}: {error:#?}");
    }
}

#[test]
fn errors_of_syntax_carry_the_line_and_column_of_the_parser() {
    for (from, to, says) in [
        ("tick_s: 0.1,", "tick_s: fast,", "tick_s"),
        ("tick_s: 0.1,", "tick_s: 0.1, tock_s: 3.0,", "tock_s"),
        (
            "credits: 250000.0,",
            "credits: 250000.0, colour: \"red\",",
            "colour",
        ),
        ("temperament: Wildcatter", "temperament: Gambler", "Gambler"),
        ("seed: 1,", "seed: -1,", "seed"),
        ("oven_power_w: 10000.0,", "", "oven_power_w"),
        ("summary: \"", "summary: \"\" \"", "expected comma"),
    ] {
        let errors = errors_after(from, to, 0);
        assert_eq!(errors.len(), 1, "{to}: {errors:#?}");
        let error = &errors[0];
        assert!(error.message.contains(says), "{to}: {error:#?}");
        assert!(error.message.contains(", column "), "{to}: {error:#?}");
        // RON notices a missing field at the end of its struct.
        let expected = match from {
            "oven_power_w: 10000.0," => {
                1 + first_water()[..first_water().find("plants: [").unwrap()]
                    .rfind("        ),")
                    .map(|at| first_water()[..at].matches('\n').count())
                    .unwrap()
            }
            _ => line_of(from, 0),
        };
        assert_eq!(error.line, expected, "{to}: {error:#?}");
    }
}

#[test]
fn all_errors_of_a_file_are_reported_in_the_order_of_its_lines() {
    let text = first_water()
        .replace("tick_s: 0.1", "tick_s: -0.1")
        .replace("dry_mass_kg: 400.0", "dry_mass_kg: NaN")
        .replace("elasticity: -0.8", "elasticity: inf")
        .replace("owner: \"tycho\"", "owner: \"brahe\"");
    let errors = Level::parse(&text, "t").unwrap_err().0;
    let fields: Vec<&str> = errors.iter().map(|error| error.field.as_str()).collect();
    for field in [
        "tick_s",
        "plant_kinds[\"still\"].dry_mass_kg",
        "market.elasticity",
        "robots[4].owner",
        "plants[2].owner",
    ] {
        assert!(fields.contains(&field), "{field} is missing in {fields:?}");
    }
    assert!(errors.is_sorted_by_key(|error| error.line), "{errors:#?}");
}

#[test]
fn a_key_that_stands_twice_is_an_error() {
    let errors = errors_after(
        "\"field\": (latitude_deg: 28.0, longitude_deg: 276.0),",
        "\"field\": (latitude_deg: 28.0, longitude_deg: 276.0),\n\"field\": (latitude_deg: 1.0, longitude_deg: 2.0),",
        0,
    );
    let error = errors
        .iter()
        .find(|error| error.field == "sites[\"field\"]")
        .unwrap();
    assert_eq!(error.line, line_of("\"field\": (latitude_deg", 0) + 1);
    assert!(error.message.contains("a second time"), "{error:#?}");
}

#[test]
fn every_level_loads_and_survives_a_hundred_ticks() {
    for name in Level::all_names() {
        let level = Level::find(&name).unwrap_or_else(|errors| panic!("{name}: {errors}"));
        let mut world = Headless::load(&level, None).unwrap();
        for _ in 0..100 {
            world.step();
        }
        let report = world.report();
        assert_eq!(
            (report.mass_error_g, report.credit_error),
            (0, 0.0),
            "{name}"
        );
        for robot in &report.robots {
            let numbers = robot.position_m.iter().chain(&robot.velocity_m_s);
            assert!(numbers.copied().all(f32::is_finite), "{name}: {robot:?}");
            assert!(!robot.lost, "{name}: {robot:?}");
        }
    }
}

#[test]
fn levels_made_in_code_are_checked_like_files() {
    let mut level = Level::parse(first_water(), "t").unwrap();
    assert!(level.validate().is_ok());
    level.robots[0].owner = "nobody".to_owned();
    let errors = level.validate().unwrap_err().0;
    assert_eq!(
        (errors[0].field.as_str(), errors[0].line),
        ("robots[0].owner", 0)
    );
}

#[test]
fn a_missing_level_names_those_that_exist() {
    let error = Level::find("no-such-level").unwrap_err().to_string();
    assert!(
        error.contains("no-such-level") && error.contains("first-water"),
        "{error}"
    );
    assert!(Level::find("../../etc/passwd").is_err());
    assert!(Level::find("").is_err());
    assert!(Level::find("first-water").is_ok());
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    /// Bytes replaced, removed and put in at random: an answer, never a panic.
    #[test]
    fn a_damaged_level_is_answered_and_never_panics(
        damage in prop::collection::vec((any::<prop::sample::Index>(), 0usize..4, any::<u8>()), 1..8)
    ) {
        let mut bytes = first_water().as_bytes().to_vec();
        for (at, how, byte) in damage {
            if bytes.is_empty() {
                break;
            }
            let at = at.index(bytes.len());
            match how {
                0 => bytes[at] = byte,
                1 => { bytes.remove(at); }
                2 => bytes.insert(at, b"()[]{}\",:/*#-\\'r9eN"[usize::from(byte) % 19]),
                _ => bytes.truncate(at.max(1)),
            }
        }
        let text = String::from_utf8_lossy(&bytes);
        if let Err(errors) = Level::parse(&text, "damaged") {
            prop_assert!(!errors.0.is_empty());
            let lines = text.matches('\n').count() + 1;
            for error in &errors.0 {
                prop_assert!(1 <= error.line && error.line <= lines, "{:?}", error);
                prop_assert!(!error.message.is_empty());
            }
        }
    }

    /// Numbers of a level replaced by absurd ones.
    #[test]
    fn absurd_numbers_never_panic(
        nth in any::<prop::sample::Index>(),
        absurd in prop::sample::select(vec![
            "NaN", "-NaN", "inf", "-inf", "-0.0", "1e308", "-1e308", "5e-324", "-1",
            "18446744073709551615", "18446744073709551616", "0", "9999999999999999999999999999",
        ]),
    ) {
        let text = first_water();
        let numbers: Vec<(usize, usize)> = text
            .match_indices(": ")
            .map(|(at, _)| at + 2)
            .filter(|at| text[*at..].starts_with(|c: char| c.is_ascii_digit() || c == '-'))
            .map(|at| {
                let length = text[at..].find([',', ')']).unwrap();
                (at, at + length)
            })
            .collect();
        let (start, end) = numbers[nth.index(numbers.len())];
        let mut text = text.to_owned();
        text.replace_range(start..end, absurd);
        let _ = Level::parse(&text, "absurd");
    }

    #[test]
    fn random_text_never_panics(text in "\\PC{0,200}") {
        prop_assert!(Level::parse(&text, "random").is_err());
    }

    #[test]
    fn random_brackets_never_panic(text in "[()\\[\\]{}:,\"'#r/* a1\\\\\n-]{0,300}") {
        prop_assert!(Level::parse(&text, "brackets").is_err());
    }
}

#[test]
fn deep_nesting_is_refused_and_exhausts_no_stack() {
    for open in ["(", "[", "{", "(a:", "[[", "Some(", "/*"] {
        assert!(
            Level::parse(&open.repeat(100_000), "deep").is_err(),
            "{open}"
        );
    }
}
