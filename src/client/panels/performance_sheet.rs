//! What a robot can do, as names and readings: one robot against another, and one module alone.

use super::format;
use crate::sim::level::RobotKind;
use crate::sim::level::kind::AnchorSpec;
use crate::sim::level::modules::Part;

/// Sunlight at one astronomical unit [W/m²].
const SOLAR_CONSTANT_W_M2: f64 = 1361.0;
const NONE: &str = "–";

/// A line of the sheet that differs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Row {
    pub name: &'static str,
    pub before: String,
    pub after: String,
}

/// The lines that differ between two robots; always their mass and price.
pub fn compare(before: &RobotKind, after: &RobotKind) -> Vec<Row> {
    let always = ["Dry mass", "Worth"];
    lines(before)
        .into_iter()
        .zip(lines(after))
        .map(|((name, before), (_, after))| Row {
            name,
            before,
            after,
        })
        .filter(|row| row.before != row.after || always.contains(&row.name))
        .collect()
}

/// The whole sheet, always the same names in the same order.
pub fn lines(kind: &RobotKind) -> Vec<(&'static str, String)> {
    let some = |value: f64, text: String| if value <= 0.0 { NONE.to_owned() } else { text };
    let mass = |mass_kg: f64| some(mass_kg, format::mass(mass_kg));
    let drum_kg_h = kind.drum.map_or(0.0, |drum| drum.rate_kg_per_h);
    let reaction_n = kind.drum.map_or(0.0, |drum| drum.reaction_n);
    let depth_m = kind.drill.map_or(0.0, |drill| drill.depth_max_m);
    let hop_m_s = kind.hop_speed_max_m_s();
    let thrust_n = kind.thrust_max_n();
    let isp_s = kind.thrusters.map_or(0.0, |thrusters| thrusters.isp_s);
    let sun_w = SOLAR_CONSTANT_W_M2 * kind.solar_area_m2 * kind.solar_efficiency;
    let instruments: Vec<String> = kind
        .instruments
        .iter()
        .map(|spec| spec.instrument.to_string())
        .collect();
    let (cold_k, hot_k) = kind.operating_k;
    vec![
        ("Dry mass", format::mass(kind.dry_mass_kg)),
        ("Worth", format::credits(kind.price_credits)),
        ("Hop", some(hop_m_s, format::speed(hop_m_s))),
        ("Thrust", some(thrust_n, format::force(thrust_n))),
        ("Specific impulse", some(isp_s, format!("{isp_s:.0} s"))),
        (
            "Wheels",
            some(
                kind.wheels.momentum_max_n_m_s,
                format!("{} N m s", kind.wheels.momentum_max_n_m_s),
            ),
        ),
        ("Anchor", kind.anchor.map_or(NONE.to_owned(), anchor)),
        ("Digs", some(drum_kg_h, format!("{drum_kg_h:.0} kg/h"))),
        ("Drum pushes", some(reaction_n, format::force(reaction_n))),
        ("Drills", some(depth_m, format::length(depth_m))),
        (
            "Arm",
            kind.repair
                .map_or(NONE.to_owned(), |arm| format::length(arm.reach_m)),
        ),
        ("Bin", mass(kind.bin_capacity_kg)),
        ("Tank", mass(kind.tank_capacity_kg)),
        ("Locker", mass(kind.spares_capacity_kg)),
        ("Battery", format::energy(3600.0 * kind.battery_wh)),
        ("Sun at 1 au", some(sun_w, format::power(sun_w))),
        ("Draws always", format::power(kind.idle_power_w)),
        ("Cable", some(kind.charger_w, format::power(kind.charger_w))),
        (
            "Radiator",
            some(
                kind.radiator_area_m2,
                format!("{:.2} m²", kind.radiator_area_m2),
            ),
        ),
        ("Heater", some(kind.heater_w, format::power(kind.heater_w))),
        (
            "Works from",
            format!("{:.0} to {:.0} °C", cold_k - 273.15, hot_k - 273.15),
        ),
        (
            "Brush",
            if kind.brush_leaves < 1.0 {
                format!("leaves {}", format::percent(kind.brush_leaves))
            } else {
                NONE.to_owned()
            },
        ),
        (
            "Instruments",
            if instruments.is_empty() {
                NONE.to_owned()
            } else {
                instruments.join(", ")
            },
        ),
    ]
}

fn anchor(spec: AnchorSpec) -> String {
    match spec {
        AnchorSpec::Screws {
            count, length_m, ..
        } => format!("{count} screws, {}", format::length(length_m)),
        AnchorSpec::Microspines { pull_max_n, .. } => {
            format!("spines, {}", format::force(pull_max_n))
        }
        AnchorSpec::Belt { pull_max_n, .. } => format!("belt, {}", format::force(pull_max_n)),
        AnchorSpec::ThrustDown { force_n } => format!("thrust, {}", format::force(force_n)),
    }
}

/// What a module gives, in a few readings.
pub fn gist(part: &Part) -> Vec<(&'static str, String)> {
    let mut said = match part {
        Part::Hop(spec) => vec![
            ("Push", format!("{} N s", spec.impulse_max_n_s)),
            ("Fastest hop", format::speed(spec.speed_max_m_s)),
        ],
        Part::Wheels(spec) => vec![
            ("Torque", format!("{} N m", spec.torque_n_m)),
            ("Momentum", format!("{} N m s", spec.momentum_max_n_m_s)),
        ],
        Part::Thrusters(spec) => vec![
            ("Thrust", format::force(spec.thrust_n)),
            ("Specific impulse", format!("{:.0} s", spec.isp_s)),
        ],
        Part::Anchor(spec) => vec![("Anchor", anchor(*spec))],
        Part::Drum(spec) => vec![
            ("Digs", format!("{:.0} kg/h", spec.rate_kg_per_h)),
            ("Pushes back with", format::force(spec.reaction_n)),
        ],
        Part::Drill(spec) => vec![
            ("Depth", format::length(spec.depth_max_m)),
            ("Weight on bit", format::force(spec.weight_on_bit_max_n)),
        ],
        Part::Repair(spec) => vec![
            ("Reach", format::length(spec.reach_m)),
            ("Carries", format::mass(spec.carry_max_kg)),
        ],
        Part::Bin { capacity_kg, .. }
        | Part::Tank { capacity_kg }
        | Part::Locker { capacity_kg } => vec![("Holds", format::mass(*capacity_kg))],
        Part::Battery { energy_wh } => vec![("Holds", format::energy(3600.0 * energy_wh))],
        Part::Array {
            area_m2,
            efficiency,
            ..
        } => vec![(
            "Sun at 1 au",
            format::power(SOLAR_CONSTANT_W_M2 * area_m2 * efficiency),
        )],
        Part::Radiator { area_m2 } => vec![("Area", format!("{area_m2} m²"))],
        Part::Heater { power_w } => vec![("Heats", format::power(*power_w))],
        Part::Charger { power_w } => vec![("Passes on", format::power(*power_w))],
        Part::Brush { leaves, .. } => vec![("Leaves dust", format::percent(*leaves))],
        Part::Instrument(spec) => vec![("Measures as", spec.instrument.to_string())],
        Part::Radio => Vec::new(),
    };
    let is_source = matches!(part, Part::Heater { .. } | Part::Charger { .. });
    if 0.0 < part.power_w() && !is_source {
        said.push(("Draws at work", format::power(part.power_w())));
    }
    said
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sim::level::modules::Catalogue;

    #[test]
    fn a_comparison_names_what_changes_and_leaves_out_what_does_not() {
        let kind = |name| Catalogue::built_in().kind(name).expect("it is there");
        let (digger, excavator) = (kind("hopping-digger"), kind("excavator"));
        let rows = compare(&digger, &excavator);
        let row = |name| rows.iter().find(|row| row.name == name);
        assert_eq!(row("Digs").unwrap().before, "50 kg/h");
        assert_eq!(row("Digs").unwrap().after, "113 kg/h");
        assert_eq!(row("Bin").unwrap().after, "80.0 kg");
        assert!(row("Thrust").is_none());
        let same = compare(&digger, &digger);
        let names: Vec<_> = same.iter().map(|row| row.name).collect();
        assert_eq!(names, ["Dry mass", "Worth"]);
    }

    #[test]
    fn every_module_of_the_catalogue_says_what_it_gives() {
        for (name, module) in &Catalogue::built_in().modules {
            let says = gist(&module.part);
            assert!(
                !says.is_empty() || matches!(module.part, Part::Radio),
                "{name}"
            );
        }
    }
}
