//! Robots are the sum of their modules, obey heat, dust and wear, and can be rebuilt and mended.

use bonanza::sim::level::Level;
use bonanza::sim::level::modules::Catalogue;

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
