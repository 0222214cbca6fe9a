//! Which body a level is about: a real one, an invented one, a patch of the Moon, or a mesh of the
//! author's own.

use std::fmt;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::Anchor;
use super::catalogue::{self, BodyRecord, UnknownBody};
use super::figure::{GRAVITATIONAL_CONSTANT_M3_PER_KG_S2, spin_barrier_period_s};
use super::mesh_file::MeshFileError;
use super::spin::{KnownTumbler, Rotation, Tumbler, Tumbling, assumed_period_s};

/// Diameters that can be asked for [m]: from a boulder to Ceres.
const DIAMETER_M: (f64, f64) = (3.0, 1e6);
const DENSITY_KG_M3: (f64, f64) = (300.0, 8_000.0);
/// From a few seconds to most of a year.
const PERIOD_H: (f64, f64) = (0.002, 5_000.0);
/// Nearer to the equator than this the Sun would look over the rim of a shadowed floor [deg].
const SHADOWED_LATITUDE_MIN_DEG: f64 = 80.0;

/// The body of a level.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub enum BodyChoice {
    /// A row of `assets/data/bodies.csv`; the seed makes its relief, boulders and ore.
    Catalogue { id: String, seed: u64 },
    /// A body that nobody has seen.
    Invented {
        /// A row of `assets/data/composition.csv`.
        class: String,
        /// Of the sphere with the same volume.
        diameter_m: f64,
        shape: InventedShape,
        /// Of the rotation about +Z; where the body tumbles, see `tumbling`.
        period_h: f64,
        seed: u64,
        /// That of the class if absent.
        #[serde(default)]
        density_kg_m3: Option<f64>,
        /// If it has no fixed axis: then `period_h` is left aside.
        #[serde(default)]
        tumbling: Option<Tumbling>,
        /// It moves around the Sun like this row of `bodies.csv`; like Bennu if absent.
        #[serde(default)]
        orbit_of: Option<String>,
    },
    /// A patch of the Moon around the site of the level.
    Moon { ground: MoonGround, seed: u64 },
    /// A closed triangle mesh in metres, OBJ or glTF, its path relative to the level file.
    Mesh {
        file: String,
        /// A row of `assets/data/composition.csv`.
        class: String,
        period_h: f64,
        seed: u64,
        /// That of the class if neither this nor the mass is given.
        #[serde(default)]
        density_kg_m3: Option<f64>,
        #[serde(default)]
        mass_kg: Option<f64>,
        #[serde(default)]
        tumbling: Option<Tumbling>,
        #[serde(default)]
        orbit_of: Option<String>,
        /// Whether undulation, craters and boulders are laid over the mesh.
        #[serde(default)]
        relief: bool,
    },
}

/// The build of an invented body.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum InventedShape {
    /// A heap of rubble, rounded, with boulders.
    RubblePile,
    /// One angular rock, bare.
    Monolith,
    /// Two lobes that touch, with a neck.
    ContactBinary,
    /// A top with a ridge along its equator, as fast spinners have.
    Spinner,
    /// Battered by craters up to half its size.
    Cratered,
    /// Grooved and ridged.
    Ridged,
}

impl InventedShape {
    pub const ALL: [Self; 6] = [
        Self::RubblePile,
        Self::Monolith,
        Self::ContactBinary,
        Self::Spinner,
        Self::Cratered,
        Self::Ridged,
    ];
}

impl fmt::Display for InventedShape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::RubblePile => "rubble pile",
            Self::Monolith => "monolith",
            Self::ContactBinary => "contact binary",
            Self::Spinner => "spinner",
            Self::Cratered => "cratered body",
            Self::Ridged => "ridged body",
        })
    }
}

/// The ground of a site on the Moon.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum MoonGround {
    Mare,
    Highland,
    /// The floor of a crater near a pole, where the Sun never shines.
    ShadowedFloor,
}

impl MoonGround {
    fn composition_class(self) -> &'static str {
        match self {
            Self::Mare => "lunar_mare_highTi",
            Self::Highland => "lunar_highland",
            Self::ShadowedFloor => "lunar_psr",
        }
    }
}

/// One thing wrong with a choice of body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChoiceError {
    /// Of the choice, such as `diameter_m`.
    pub field: &'static str,
    /// The value and what was expected.
    pub message: String,
}

/// Why there is no such body.
#[derive(Clone, Debug, thiserror::Error, PartialEq)]
pub enum BodyError {
    #[error(transparent)]
    Unknown(#[from] UnknownBody),
    #[error("{0}")]
    Choice(String),
    #[error(transparent)]
    Mesh(#[from] MeshFileError),
    #[error("the mesh \"{file}\" is not the one that this world was saved with")]
    OtherMesh { file: String },
}

impl BodyChoice {
    /// A body of the catalogue.
    pub fn of(id: &str, seed: u64) -> Self {
        Self::Catalogue {
            id: id.to_owned(),
            seed,
        }
    }

    pub fn seed(&self) -> u64 {
        match self {
            Self::Catalogue { seed, .. }
            | Self::Invented { seed, .. }
            | Self::Moon { seed, .. }
            | Self::Mesh { seed, .. } => *seed,
        }
    }

    /// The same choice with another seed.
    pub fn with_seed(mut self, new: u64) -> Self {
        match &mut self {
            Self::Catalogue { seed, .. }
            | Self::Invented { seed, .. }
            | Self::Moon { seed, .. }
            | Self::Mesh { seed, .. } => *seed = new,
        }
        self
    }

    /// What to call the body, such as "Bennu" or "the Moon (mare)".
    pub fn title(&self) -> String {
        match self {
            Self::Catalogue { id, .. } => {
                catalogue::body(id).map_or_else(|| id.clone(), |record| record.name.clone())
            }
            Self::Invented {
                class,
                diameter_m,
                shape,
                ..
            } => format!("{shape}, {class}, {diameter_m:.0} m"),
            Self::Moon { ground, .. } => match ground {
                MoonGround::Mare => "the Moon (mare)",
                MoonGround::Highland => "the Moon (highland)",
                MoonGround::ShadowedFloor => "the Moon (shadowed floor)",
            }
            .to_owned(),
            Self::Mesh { file, .. } => Path::new(file)
                .file_stem()
                .map_or_else(|| file.clone(), |stem| stem.to_string_lossy().into_owned()),
        }
    }

    /// Makes the path of a mesh one from the current folder, given the folder of the level file.
    pub fn resolve(&mut self, folder: &Path) {
        if let Self::Mesh { file, .. } = self {
            *file = folder.join(&*file).to_string_lossy().into_owned();
        }
    }

    /// A radius for rough checks of where things stand [m]; `None` where only the file knows.
    pub fn about_radius_m(&self) -> Option<f64> {
        match self {
            Self::Catalogue { id, .. } => catalogue::body(id).map(|body| body.diameter_m / 2.0),
            Self::Invented { diameter_m, .. } => Some(diameter_m / 2.0),
            Self::Moon { .. } => catalogue::body("moon").map(|body| body.diameter_m / 2.0),
            Self::Mesh { .. } => None,
        }
    }

    /// Everything wrong with the numbers and names of the choice; files are not looked at.
    pub fn check(&self, anchor: Anchor) -> Vec<ChoiceError> {
        let mut errors = Vec::new();
        let mut wrong = |field, message| errors.push(ChoiceError { field, message });
        let ranged = |field, value: f64, (low, high): (f64, f64)| {
            let usable = value.is_finite() && low <= value && value <= high;
            (!usable).then(|| {
                (
                    field,
                    format!("{field} = {value} must be from {low} to {high}"),
                )
            })
        };
        let known_class = |class: &str| {
            catalogue::composition(class).is_none().then(|| {
                let known: Vec<&str> = (catalogue::compositions().iter())
                    .map(|row| row.class.as_str())
                    .collect();
                let known = known.join(", ");
                ("class", format!("class = {class:?} must be one of {known}"))
            })
        };
        let known_orbit = |orbit_of: &Option<String>| {
            let id = orbit_of.as_deref()?;
            let error = catalogue::find_body(id).err()?;
            Some(("orbit_of", format!("orbit_of = {id:?}: {error}")))
        };
        let spins = |period_h: f64, tumbling: &Option<Tumbling>| {
            let Some(tumbling) = tumbling else {
                return ranged("period_h", period_h, PERIOD_H);
            };
            ranged("precession_h", tumbling.precession_h, PERIOD_H)
                .or_else(|| ranged("rotation_h", tumbling.rotation_h, PERIOD_H))
                .map(|(_, message)| ("tumbling", message))
        };
        match self {
            Self::Catalogue { id, .. } => {
                if let Err(error) = catalogue::find_body(id) {
                    let nearest = error.nearest.join(", ");
                    wrong(
                        "id",
                        format!("id = {id:?} must be a body of the catalogue, such as {nearest}"),
                    );
                }
            }
            Self::Invented {
                class,
                diameter_m,
                period_h,
                density_kg_m3,
                tumbling,
                orbit_of,
                ..
            } => {
                for (field, message) in [
                    known_class(class),
                    ranged("diameter_m", *diameter_m, DIAMETER_M),
                    spins(*period_h, tumbling),
                    density_kg_m3
                        .and_then(|density| ranged("density_kg_m3", density, DENSITY_KG_M3)),
                    known_orbit(orbit_of),
                ]
                .into_iter()
                .flatten()
                {
                    wrong(field, message);
                }
            }
            Self::Moon { ground, .. } => {
                let latitude_deg = anchor.latitude_rad.to_degrees();
                if *ground == MoonGround::ShadowedFloor
                    && !(SHADOWED_LATITUDE_MIN_DEG <= latitude_deg.abs())
                {
                    wrong(
                        "ground",
                        format!(
                            "ground = ShadowedFloor must lie within {} degrees of a pole, but the \
                             first site of the level is at latitude {latitude_deg:.1}",
                            90.0 - SHADOWED_LATITUDE_MIN_DEG
                        ),
                    );
                }
            }
            Self::Mesh {
                file,
                class,
                period_h,
                density_kg_m3,
                mass_kg,
                tumbling,
                orbit_of,
                ..
            } => {
                if file.is_empty() {
                    wrong("file", "file is empty, but must name a mesh".to_owned());
                }
                if density_kg_m3.is_some() && mass_kg.is_some() {
                    wrong(
                        "mass_kg",
                        "mass_kg and density_kg_m3 are both given, but one follows from the other"
                            .to_owned(),
                    );
                }
                for (field, message) in [
                    known_class(class),
                    spins(*period_h, tumbling),
                    density_kg_m3
                        .and_then(|density| ranged("density_kg_m3", density, DENSITY_KG_M3)),
                    mass_kg.and_then(|mass| ranged("mass_kg", mass, (1.0, 1e22))),
                    known_orbit(orbit_of),
                ]
                .into_iter()
                .flatten()
                {
                    wrong(field, message);
                }
            }
        }
        errors
    }

    /// The facts of the body as a row of the catalogue would have them. `volume_m3` is that of the
    /// mesh.
    ///
    /// # Errors
    /// What [`BodyChoice::check`] would find.
    pub(super) fn record(
        &self,
        anchor: Anchor,
        volume_m3: Option<f64>,
    ) -> Result<BodyRecord, BodyError> {
        if let Self::Catalogue { id, .. } = self {
            let mut record = catalogue::find_body(id)?.clone();
            let period_s =
                *(record.rotation_period_s).get_or_insert(assumed_period_s(record.diameter_m));
            record.monolith = period_s < 0.9 * spin_barrier_period_s(record.density_kg_m3);
            return Ok(record);
        }
        if let Some(error) = self.check(anchor).into_iter().next() {
            return Err(BodyError::Choice(error.message));
        }
        let like = |orbit_of: &Option<String>| {
            catalogue::find_body(orbit_of.as_deref().unwrap_or("bennu")).cloned()
        };
        let record = match self {
            Self::Invented {
                class,
                diameter_m,
                shape,
                period_h,
                density_kg_m3,
                orbit_of,
                ..
            } => {
                let monolith = *shape == InventedShape::Monolith;
                let density = density_kg_m3.unwrap_or_else(|| class_density(class, monolith));
                let mut record = like(orbit_of)?;
                invent(&mut record, "invented", self.title(), class);
                record.diameter_m = *diameter_m;
                record.rotation_period_s = Some(3600.0 * period_h);
                record.density_kg_m3 = density;
                let volume_m3 = std::f64::consts::PI / 6.0 * diameter_m.powi(3);
                record.gm_m3_per_s2 = GRAVITATIONAL_CONSTANT_M3_PER_KG_S2 * density * volume_m3;
                record.monolith =
                    monolith || 3600.0 * period_h < 0.9 * spin_barrier_period_s(density);
                record
            }
            Self::Mesh {
                class,
                period_h,
                density_kg_m3,
                mass_kg,
                orbit_of,
                ..
            } => {
                let volume_m3 = volume_m3.unwrap_or(0.0);
                let density = mass_kg
                    .map(|mass_kg| mass_kg / volume_m3)
                    .or(*density_kg_m3)
                    .unwrap_or_else(|| class_density(class, false));
                let mut record = like(orbit_of)?;
                invent(&mut record, "mesh", self.title(), class);
                record.diameter_m = (6.0 * volume_m3 / std::f64::consts::PI).cbrt();
                record.rotation_period_s = Some(3600.0 * period_h);
                record.density_kg_m3 = density;
                record.gm_m3_per_s2 = GRAVITATIONAL_CONSTANT_M3_PER_KG_S2 * density * volume_m3;
                record.monolith = 3600.0 * period_h < 0.9 * spin_barrier_period_s(density);
                record
            }
            Self::Moon { ground, .. } => {
                let mut record = catalogue::find_body("moon")?.clone();
                record.composition_class = ground.composition_class().to_owned();
                record
            }
            Self::Catalogue { .. } => unreachable!("returned above"),
        };
        Ok(record)
    }

    /// How the body turns, if it tumbles; `inertia_m2` is by mass.
    pub(super) fn rotation(
        &self,
        record: &BodyRecord,
        inertia_m2: impl FnOnce() -> bevy::math::DMat3,
    ) -> Rotation {
        let upright = bevy::math::DVec3::Z;
        match self {
            Self::Catalogue { id, .. } => KnownTumbler::of(id).map(|known| {
                Rotation::Tumbling(Tumbler::new(inertia_m2(), known.tumbling, known.pole()))
            }),
            Self::Invented {
                tumbling: Some(tumbling),
                ..
            }
            | Self::Mesh {
                tumbling: Some(tumbling),
                ..
            } => Some(Rotation::Tumbling(Tumbler::new(
                inertia_m2(),
                *tumbling,
                upright,
            ))),
            _ => None,
        }
        .unwrap_or_else(|| Rotation::steady(record.rotation_period_s.unwrap_or(f64::INFINITY)))
    }
}

/// Makes the row of another body one of a body that only its orbit is taken from.
fn invent(record: &mut BodyRecord, id: &str, name: String, class: &str) {
    record.id = id.to_owned();
    record.name = name;
    record.designation = String::new();
    record.spectral_type = String::new();
    record.diameter_uncertainty_m = None;
    record.axes_m = None;
    record.density_measured = false;
    record.gm_measured = false;
    record.composition_class = class.to_owned();
    record.physical_source = "assumed".to_owned();
    record.notes = String::new();
}

/// Bulk density that a class of body has as a whole [kg/m³]: means of rubble piles of that matter
/// (Carry 2012, Planetary and Space Science 73; Scheeres et al. 2019 for Bennu; Shepard et al.
/// 2021 and Farnocchia et al. 2024 for metal). A single rock has no voids between its blocks,
/// which take some three tenths of a pile (Britt et al. 2002, Asteroids III).
pub fn class_density(class: &str, monolith: bool) -> f64 {
    let pile = match class {
        "CI" | "CI_ryugu" | "CI_CM_bennu" => 1190.0,
        "CI_CM_dry" => 1670.0,
        "CM" => 1300.0,
        "CM_ice" => 1600.0,
        "CV" => 2000.0,
        "H" | "L" => 2100.0,
        "LL" => 1900.0,
        "EH" | "aubrite" => 2400.0,
        "eucrite" => 2300.0,
        "unknown_D" => 1500.0,
        "M_mixed" => 3500.0,
        "M_psyche" | "M_1986DA" => 4200.0,
        _ if class.starts_with("iron") => 4200.0,
        _ if class.starts_with("lunar") => 2200.0,
        _ => 2000.0,
    };
    if monolith { pile / 0.7 } else { pile }
}
