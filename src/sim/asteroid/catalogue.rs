//! What is known of real bodies and their matter: the compiled-in tables of `assets/data`.
//!
//! The tables are read once, on first use, and turned into SI units. Since they are part of the
//! program they cannot be wrong at run time: a test reads every row.

use std::fmt;
use std::sync::LazyLock;

use bevy::math::DVec3;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use thiserror::Error;

const BODIES_CSV: &str = include_str!("../../../assets/data/bodies.csv");
const COMPOSITION_CSV: &str = include_str!("../../../assets/data/composition.csv");
const ENVIRONMENT_CSV: &str = include_str!("../../../assets/data/materials_wear.csv");
const PLANETS_CSV: &str = include_str!("../../../assets/data/planets.csv");
const HARMONICS_CSV: &str = include_str!("../../../assets/data/shape_harmonics.csv");

/// [m]
pub const ASTRONOMICAL_UNIT_M: f64 = 149_597_870_700.0;

/// One real body: a row of `bodies.csv` in SI units.
#[derive(Clone, Debug, PartialEq)]
pub struct BodyRecord {
    /// Name in level files, in small letters.
    pub id: String,
    pub name: String,
    pub designation: String,
    /// Dynamical class, such as `NEA-Apollo`.
    pub class: String,
    pub spectral_type: String,
    /// Of the sphere with the same volume.
    pub diameter_m: f64,
    pub diameter_uncertainty_m: Option<f64>,
    /// Full axes, longest first; absent if only the diameter is known.
    pub axes_m: Option<DVec3>,
    pub density_kg_m3: f64,
    pub density_measured: bool,
    pub gm_m3_per_s2: f64,
    pub gm_measured: bool,
    /// Absent if unknown.
    pub rotation_period_s: Option<f64>,
    /// One rock: known of no row, told by what makes a body of it.
    pub monolith: bool,
    /// What it orbits: `Sun`, `Earth`, `Mars`.
    pub centre: String,
    pub orbit: Orbit,
    /// Rendezvous from low Earth orbit.
    pub dv_leo_m_per_s: Option<f64>,
    /// At perihelion.
    pub hill_radius_m: Option<f64>,
    /// Key of [`composition`].
    pub composition_class: String,
    pub physical_source: String,
    pub notes: String,
}

/// Osculating elements; heliocentric ecliptic J2000 for what orbits the Sun.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Orbit {
    /// Julian date, TDB.
    pub epoch_jd_tdb: f64,
    pub semi_major_axis_m: f64,
    pub eccentricity: f64,
    pub inclination_rad: f64,
    pub ascending_node_rad: f64,
    pub periapsis_rad: f64,
    pub mean_anomaly_rad: f64,
}

/// Mean elements of a planet and their change in a Julian century, ecliptic J2000: a row of
/// `planets.csv` in SI units.
#[derive(Clone, Debug, PartialEq)]
pub struct Planet {
    pub id: String,
    pub name: String,
    pub semi_major_axis_m: [f64; 2],
    pub eccentricity: [f64; 2],
    pub inclination_rad: [f64; 2],
    pub mean_longitude_rad: [f64; 2],
    pub perihelion_longitude_rad: [f64; 2],
    pub ascending_node_rad: [f64; 2],
}

/// What a class of matter is made of, as mass fractions of the whole rock.
#[derive(Clone, Debug, PartialEq)]
pub struct Composition {
    pub class: String,
    pub analogue: String,
    pub water: f64,
    /// Least and greatest plausible water fraction.
    pub water_range: [f64; 2],
    pub carbon: f64,
    pub sulfur: f64,
    pub nitrogen: f64,
    /// In all forms.
    pub iron: f64,
    /// Free metal.
    pub metal: f64,
    pub nickel: f64,
    pub cobalt: f64,
    pub titanium: f64,
    pub platinum: f64,
    pub palladium: f64,
    pub iridium: f64,
    pub rhodium: f64,
    pub ruthenium: f64,
    pub osmium: f64,
    pub gold: f64,
    pub rare_earths: f64,
    pub helium_3: f64,
    pub silicates_and_oxides: f64,
    /// Plausible range of the sum of the platinum-group metals.
    pub platinum_group_range: [f64; 2],
}

/// A constant of `materials_wear.csv` in the unit of its row.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct Constant {
    pub id: String,
    pub group: String,
    pub value: f64,
    pub low: Option<f64>,
    pub high: Option<f64>,
    pub unit: String,
}

/// One coefficient of the radius of a body: see [`super::outline`].
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub struct HarmonicRow {
    pub body: String,
    pub degree: usize,
    pub order: i32,
    pub c_m: f64,
}

/// A body that the catalogue does not hold.
#[derive(Clone, Debug, Error, PartialEq)]
#[error("body \"{id}\" is unknown; {}", Suggestion(.nearest))]
pub struct UnknownBody {
    pub id: String,
    /// Known ids that are spelled most alike, best first.
    pub nearest: Vec<String>,
}

struct Suggestion<'a>(&'a [String]);

impl fmt::Display for Suggestion<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "expected one like ")?;
        for (index, id) in self.0.iter().enumerate() {
            let separator = if index == 0 { "" } else { ", " };
            write!(f, "{separator}\"{id}\"")?;
        }
        Ok(())
    }
}

/// All bodies, in the order of the table.
pub fn bodies() -> &'static [BodyRecord] {
    static BODIES: LazyLock<Vec<BodyRecord>> = LazyLock::new(|| {
        rows::<BodyRow>("bodies.csv", BODIES_CSV)
            .into_iter()
            .map(BodyRow::into_record)
            .collect()
    });
    &BODIES
}

/// The body with this id.
pub fn body(id: &str) -> Option<&'static BodyRecord> {
    bodies().iter().find(|record| record.id == id)
}

/// The body with this id.
///
/// # Errors
/// [`UnknownBody`] with the ids that are spelled most alike.
pub fn find_body(id: &str) -> Result<&'static BodyRecord, UnknownBody> {
    body(id).ok_or_else(|| {
        let mut known: Vec<_> = bodies()
            .iter()
            .map(|record| (edit_distance(&id.to_lowercase(), &record.id), &record.id))
            .collect();
        known.sort();
        UnknownBody {
            id: id.to_owned(),
            nearest: known
                .into_iter()
                .take(3)
                .map(|(_, id)| id.clone())
                .collect(),
        }
    })
}

/// All classes of matter, in the order of the table.
pub fn compositions() -> &'static [Composition] {
    static COMPOSITIONS: LazyLock<Vec<Composition>> = LazyLock::new(|| {
        rows::<CompositionRow>("composition.csv", COMPOSITION_CSV)
            .into_iter()
            .map(CompositionRow::into_composition)
            .collect()
    });
    &COMPOSITIONS
}

/// The class of matter with this name.
pub fn composition(class: &str) -> Option<&'static Composition> {
    compositions().iter().find(|c| c.class == class)
}

/// The constant with this id in `materials_wear.csv`.
///
/// # Panics
/// If the table has no such row.
pub fn constant(id: &str) -> &'static Constant {
    static CONSTANTS: LazyLock<Vec<Constant>> =
        LazyLock::new(|| rows("materials_wear.csv", ENVIRONMENT_CSV));
    CONSTANTS
        .iter()
        .find(|constant| constant.id == id)
        .unwrap_or_else(|| panic!("materials_wear.csv has no row {id}"))
}

/// The coefficients of the outline of a body; empty if the table has none.
pub fn harmonics(id: &str) -> impl Iterator<Item = &'static HarmonicRow> {
    static HARMONICS: LazyLock<Vec<HarmonicRow>> =
        LazyLock::new(|| rows("shape_harmonics.csv", HARMONICS_CSV));
    HARMONICS.iter().filter(move |row| row.body == id)
}

/// All planets of the table.
pub fn planets() -> &'static [Planet] {
    static PLANETS: LazyLock<Vec<Planet>> = LazyLock::new(|| {
        rows::<PlanetRow>("planets.csv", PLANETS_CSV)
            .into_iter()
            .map(PlanetRow::into_planet)
            .collect()
    });
    &PLANETS
}

/// The planet that a moon with this centre goes around; with the Earth, their common centre.
pub fn planet_of(centre: &str) -> Option<&'static Planet> {
    planets()
        .iter()
        .find(|planet| planet.name == centre || (planet.id == "emb" && centre == "Earth"))
}

/// A row as it is written.
#[derive(Deserialize)]
struct PlanetRow {
    id: String,
    name: String,
    a0: f64,
    a_rate: f64,
    e0: f64,
    e_rate: f64,
    i0: f64,
    i_rate: f64,
    #[serde(rename = "L0")]
    l0: f64,
    #[serde(rename = "L_rate")]
    l_rate: f64,
    varpi0: f64,
    varpi_rate: f64,
    node0: f64,
    node_rate: f64,
}

impl PlanetRow {
    fn into_planet(self) -> Planet {
        let radians = |degrees: [f64; 2]| degrees.map(f64::to_radians);
        Planet {
            id: self.id,
            name: self.name,
            semi_major_axis_m: [self.a0, self.a_rate].map(|a| a * ASTRONOMICAL_UNIT_M),
            eccentricity: [self.e0, self.e_rate],
            inclination_rad: radians([self.i0, self.i_rate]),
            mean_longitude_rad: radians([self.l0, self.l_rate]),
            perihelion_longitude_rad: radians([self.varpi0, self.varpi_rate]),
            ascending_node_rad: radians([self.node0, self.node_rate]),
        }
    }
}

/// A row as it is written.
#[derive(Deserialize)]
struct BodyRow {
    id: String,
    name: String,
    designation: String,
    class: String,
    spectral_type: String,
    diameter_m: f64,
    diameter_unc_m: Option<f64>,
    axis_a_m: Option<f64>,
    axis_b_m: Option<f64>,
    axis_c_m: Option<f64>,
    density_kg_m3: f64,
    density_status: String,
    gm_m3_s2: f64,
    gm_status: String,
    rotation_period_h: Option<f64>,
    center: String,
    epoch_jd_tdb: f64,
    a_au: f64,
    e: f64,
    i_deg: f64,
    node_deg: f64,
    argp_deg: f64,
    mean_anomaly_deg: f64,
    dv_leo_km_s: Option<f64>,
    hill_radius_km: Option<f64>,
    composition_class: String,
    physical_source: String,
    notes: String,
}

impl BodyRow {
    fn into_record(self) -> BodyRecord {
        let axes_m = match (self.axis_a_m, self.axis_b_m, self.axis_c_m) {
            (Some(a), Some(b), Some(c)) => Some(DVec3::new(a, b, c)),
            _ => None,
        };
        BodyRecord {
            id: self.id,
            name: self.name,
            designation: self.designation,
            class: self.class,
            spectral_type: self.spectral_type,
            diameter_m: self.diameter_m,
            diameter_uncertainty_m: self.diameter_unc_m,
            axes_m,
            density_kg_m3: self.density_kg_m3,
            density_measured: self.density_status == "measured",
            gm_m3_per_s2: self.gm_m3_s2,
            gm_measured: self.gm_status == "measured",
            rotation_period_s: self.rotation_period_h.map(|h| h * 3600.0),
            monolith: false,
            centre: self.center,
            orbit: Orbit {
                epoch_jd_tdb: self.epoch_jd_tdb,
                semi_major_axis_m: self.a_au * ASTRONOMICAL_UNIT_M,
                eccentricity: self.e,
                inclination_rad: self.i_deg.to_radians(),
                ascending_node_rad: self.node_deg.to_radians(),
                periapsis_rad: self.argp_deg.to_radians(),
                mean_anomaly_rad: self.mean_anomaly_deg.to_radians(),
            },
            dv_leo_m_per_s: self.dv_leo_km_s.map(|v| v * 1e3),
            hill_radius_m: self.hill_radius_km.map(|r| r * 1e3),
            composition_class: self.composition_class,
            physical_source: self.physical_source,
            notes: self.notes,
        }
    }
}

/// A row as it is written.
#[derive(Deserialize)]
struct CompositionRow {
    class: String,
    analog: String,
    water_wt: f64,
    carbon_wt: f64,
    sulfur_wt: f64,
    nitrogen_wt: f64,
    iron_total_wt: f64,
    metal_wt: f64,
    nickel_wt: f64,
    cobalt_ppm: f64,
    titanium_wt: f64,
    pt_ppm: f64,
    pd_ppm: f64,
    ir_ppm: f64,
    rh_ppm: f64,
    ru_ppm: f64,
    os_ppm: f64,
    au_ppm: f64,
    ree_ppm: f64,
    he3_ppb: f64,
    silicate_oxide_wt: f64,
    water_range_wt: String,
    pgm_range_ppm: String,
}

impl CompositionRow {
    fn into_composition(self) -> Composition {
        const PERCENT: f64 = 1e-2;
        const PPM: f64 = 1e-6;
        const PPB: f64 = 1e-9;
        Composition {
            class: self.class,
            analogue: self.analog,
            water: self.water_wt * PERCENT,
            water_range: range(&self.water_range_wt).map(|w| w * PERCENT),
            carbon: self.carbon_wt * PERCENT,
            sulfur: self.sulfur_wt * PERCENT,
            nitrogen: self.nitrogen_wt * PERCENT,
            iron: self.iron_total_wt * PERCENT,
            metal: self.metal_wt * PERCENT,
            nickel: self.nickel_wt * PERCENT,
            cobalt: self.cobalt_ppm * PPM,
            titanium: self.titanium_wt * PERCENT,
            platinum: self.pt_ppm * PPM,
            palladium: self.pd_ppm * PPM,
            iridium: self.ir_ppm * PPM,
            rhodium: self.rh_ppm * PPM,
            ruthenium: self.ru_ppm * PPM,
            osmium: self.os_ppm * PPM,
            gold: self.au_ppm * PPM,
            rare_earths: self.ree_ppm * PPM,
            helium_3: self.he3_ppb * PPB,
            silicates_and_oxides: self.silicate_oxide_wt * PERCENT,
            platinum_group_range: range(&self.pgm_range_ppm).map(|p| p * PPM),
        }
    }
}

/// `"6-11"` or, where both ends agree, `"0"`.
fn range(text: &str) -> [f64; 2] {
    let number = |part: &str| -> f64 {
        part.trim()
            .parse()
            .unwrap_or_else(|_| panic!("\"{text}\" is no range of numbers"))
    };
    match text.split_once('-') {
        Some((low, high)) => [number(low), number(high)],
        None => [number(text); 2],
    }
}

/// All rows of a table of the program.
pub(in crate::sim) fn rows<T: DeserializeOwned>(file: &str, text: &str) -> Vec<T> {
    csv::ReaderBuilder::new()
        .comment(Some(b'#'))
        .from_reader(text.as_bytes())
        .deserialize()
        .map(|row| row.unwrap_or_else(|error| panic!("assets/data/{file}: {error}")))
        .collect()
}

/// Levenshtein distance in characters.
fn edit_distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, from) in a.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, &to) in b.iter().enumerate() {
            let replaced = diagonal + usize::from(from != to);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::super::GRAVITATIONAL_CONSTANT;
    use super::*;

    #[test]
    fn every_row_is_read_and_keeps_its_own_physics() {
        assert_eq!(bodies().len(), 46);
        for body in bodies() {
            let volume_m3 = std::f64::consts::PI / 6.0 * body.diameter_m.powi(3);
            let gm = GRAVITATIONAL_CONSTANT * body.density_kg_m3 * volume_m3;
            // The three columns come from different sources: measured masses of oblong bodies
            // differ from density times mean volume by up to a fifth.
            assert!(
                (gm / body.gm_m3_per_s2 - 1.0).abs() < 0.2,
                "{}: {gm} and {}",
                body.id,
                body.gm_m3_per_s2
            );
            assert!(body.axes_m.is_none_or(|axes| 0.0 < axes.min_element()));
            assert!(0.0 <= body.orbit.eccentricity && body.orbit.eccentricity < 1.0);
            assert!(
                composition(&body.composition_class).is_some(),
                "{} is of unknown class {}",
                body.id,
                body.composition_class
            );
        }
    }

    #[test]
    fn every_class_holds_its_water_in_its_range_and_adds_up() {
        assert_eq!(compositions().len(), 26);
        for class in compositions() {
            let [low, high] = class.water_range;
            assert!(low <= class.water && class.water <= high, "{}", class.class);
            let sum = class.water
                + class.carbon
                + class.sulfur
                + class.nitrogen
                + class.metal
                + class.silicates_and_oxides;
            assert!((sum - 1.0).abs() < 0.015, "{}: {sum}", class.class);
        }
    }

    #[test]
    fn units_are_converted() {
        let bennu = body("bennu").unwrap();
        assert!((bennu.rotation_period_s.unwrap() - 15_465.82).abs() < 0.01);
        assert!((bennu.orbit.semi_major_axis_m - 1.6844e11).abs() < 1e7);
        assert!((composition("CI_CM_bennu").unwrap().water - 0.08).abs() < 1e-12);
        assert_eq!(constant("cohesion_rubble_pile").unit, "Pa");
    }

    #[test]
    fn an_unknown_body_is_told_what_it_may_have_meant() {
        let error = find_body("Benu").unwrap_err();
        assert_eq!(error.nearest[0], "bennu");
        assert!(error.to_string().contains("\"bennu\""), "{error}");
        assert!(find_body("").is_err());
    }
}
