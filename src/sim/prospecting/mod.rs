//! Prospecting: instruments, what they read, and what the readings of a prospector add up to.
//!
//! [`instrument`] lists the instruments, [`measure`] is how they err, [`probe`] lets robots use
//! them, [`spectrum`] guesses the class of a body from afar, [`grade_map`] makes a map of all
//! readings by [`kriging`], whose places have a [`grade`], [`trade`] lets prospectors sell and share
//! them. A [`Reading`] is the only thing that
//! leaves the ground: estimates with their standard errors, never the truth. Who owns a reading
//! belongs in `prospector`, what the ground is in `asteroid`.

use std::fmt;
use std::sync::Arc;

use bevy::prelude::*;
use serde::{Deserialize, Serialize};

use super::asteroid::constituent::Constituent;
use super::{SimSystems, Tick};

pub mod grade;
pub mod grade_map;
pub mod instrument;
pub mod kriging;
pub mod measure;
pub mod probe;
pub mod spectrum;
pub mod trade;

pub use grade::Grade;
pub use grade_map::GradeMap;
pub use instrument::{Instrument, InstrumentSpec};
pub use spectrum::ClassGuess;

/// Lets the instruments of robots measure.
pub struct ProspectingPlugin;

impl Plugin for ProspectingPlugin {
    fn build(&self, app: &mut App) {
        app.add_systems(
            Tick,
            probe::run_probes
                .after(super::robot::autopilot::work)
                .before(super::robot::service::work)
                .in_set(SimSystems::Exchange),
        );
    }
}

/// What an instrument estimates.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Quantity {
    /// Mass fraction of a constituent in the ground.
    Content(Constituent),
    /// Geometric albedo.
    Albedo,
    /// Spectral slope in the visible [% per 100 nm].
    SpectralSlope,
    /// Depth of the absorption at 1 µm, as a part of the continuum.
    BandDepth1Um,
    /// Depth of the absorption at 3 µm, as a part of the continuum.
    BandDepth3Um,
    /// [J m⁻² K⁻¹ s⁻½]
    ThermalInertia,
    /// Part of the area that boulders and bedrock cover.
    RockCover,
    /// Root mean square of the height about the plane that fits best [m].
    Roughness,
    /// Of the upper metre [kg/m³].
    BulkDensity,
    /// Acceleration of a mass let go, with the spin of the body [m/s²].
    Gravity,
    /// Measured gravity less that of an even body of the same figure and mass [m/s²].
    GravityAnomaly,
}

impl Quantity {
    /// Unit of measure; empty for a part of one.
    pub fn unit(self) -> &'static str {
        match self {
            Self::Content(_)
            | Self::Albedo
            | Self::BandDepth1Um
            | Self::BandDepth3Um
            | Self::RockCover => "",
            Self::SpectralSlope => "% per 100 nm",
            Self::ThermalInertia => "J m⁻² K⁻¹ s⁻½",
            Self::Roughness => "m",
            Self::BulkDensity => "kg/m³",
            Self::Gravity | Self::GravityAnomaly => "m/s²",
        }
    }
}

impl fmt::Display for Quantity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Content(constituent) => return constituent.fmt(f),
            Self::Albedo => "albedo",
            Self::SpectralSlope => "spectral slope",
            Self::BandDepth1Um => "1 µm band",
            Self::BandDepth3Um => "3 µm band",
            Self::ThermalInertia => "thermal inertia",
            Self::RockCover => "rock cover",
            Self::Roughness => "roughness",
            Self::BulkDensity => "density",
            Self::Gravity => "gravity",
            Self::GravityAnomaly => "anomaly",
        })
    }
}

/// An estimate of one quantity.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Estimate {
    pub quantity: Quantity,
    pub value: f64,
    /// One standard error, random and systematic together.
    pub std: f64,
    /// The part of it that is the same in all readings of this quantity by the same instrument of
    /// the same robot, and that no repetition shrinks.
    pub systematic_std: f64,
}

impl Estimate {
    /// The part of the error that is drawn anew for each reading.
    pub fn random_std(&self) -> f64 {
        (self.std * self.std - self.systematic_std * self.systematic_std)
            .max(0.0)
            .sqrt()
    }
}

/// The ground that a reading is an average of.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Support {
    /// A hand's breadth around the place of the reading.
    Spot,
    /// The ground around; half of what the instrument sees lies within `radius_m` of the nadir.
    /// The reading is taken to be the even mean over `places_m`.
    Area { radius_m: f32, places_m: Vec<Vec3> },
    /// A stretch of a core below the place of the reading, along the inward vertical.
    Core {
        from_m: f32,
        to_m: f32,
        middle_m: Vec3,
    },
    /// The whole side that faces the instrument.
    Body,
}

/// What one measurement has told.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Reading {
    /// When the measurement was done.
    pub at_ms: u64,
    /// The prospector whose instrument it was.
    pub measured_by: String,
    /// The robot that carried it.
    pub robot: String,
    pub instrument: Instrument,
    /// On the ground, in the site's frame.
    pub point_m: Vec3,
    pub support: Support,
    pub estimates: Vec<Estimate>,
}

impl Reading {
    pub fn estimate(&self, quantity: Quantity) -> Option<&Estimate> {
        self.estimates.iter().find(|e| e.quantity == quantity)
    }
}

/// How a prospector came by a reading.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Provenance {
    Own,
    Bought {
        from: String,
        at_ms: u64,
    },
    Shared {
        from: String,
        at_ms: u64,
    },
    /// On the public record, such as what telescopes on Earth have seen.
    Public,
}

/// A reading that a prospector holds. The reading itself is one and the same with all holders.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Held {
    pub reading: Arc<Reading>,
    pub provenance: Provenance,
}

/// What a prospector knows of the ground, in the order in which it came to know it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Survey {
    /// Shared by copies: it is taken in whole more often than added to.
    held: Arc<Vec<Held>>,
}

impl FromIterator<Reading> for Survey {
    /// What a prospector knows that has made these readings.
    fn from_iter<T: IntoIterator<Item = Reading>>(readings: T) -> Self {
        let mut survey = Self::default();
        for reading in readings {
            survey.add(Arc::new(reading), Provenance::Own);
        }
        survey
    }
}

impl Survey {
    pub fn held(&self) -> &[Held] {
        &self.held
    }

    pub fn readings(&self) -> impl Iterator<Item = &Reading> {
        self.held.iter().map(|held| &*held.reading)
    }

    pub fn len(&self) -> usize {
        self.held.len()
    }

    pub fn is_empty(&self) -> bool {
        self.held.is_empty()
    }

    /// Readings that are not on the public record.
    pub fn measured_count(&self) -> usize {
        self.held
            .iter()
            .filter(|held| held.provenance != Provenance::Public)
            .count()
    }

    /// What has been measured on the ground, as far as it concerns one quantity.
    pub fn estimates(&self, quantity: Quantity) -> impl Iterator<Item = (&Reading, &Estimate)> {
        self.readings()
            .filter_map(move |reading| Some((reading, reading.estimate(quantity)?)))
    }

    pub(super) fn add(&mut self, reading: Arc<Reading>, provenance: Provenance) {
        Arc::make_mut(&mut self.held).push(Held {
            reading,
            provenance,
        });
    }
}
