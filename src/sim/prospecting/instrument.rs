//! The instruments: what they are, what they take and how well they measure.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::sim::level::RobotKind;

/// A kind of instrument.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Instrument {
    /// Looks at a whole body: albedo, colour and bands, and from them a guess of its class.
    Telescope,
    /// Echoes from the ground below: roughness, boulders, density of the upper metre.
    OrbitRadar,
    /// Warmth of the ground below over the day: thermal inertia, hence fines or rock.
    ThermalMapper,
    /// Counts what cosmic rays knock out of the ground: hydrogen, iron and more, over an area.
    GammaNeutron,
    /// Held against one spot.
    ContactSpectrometer,
    /// A line of readings down a hole.
    CoreSampler,
    /// Gravity where the robot rests.
    Accelerometer,
}

impl Instrument {
    pub const ALL: [Self; 7] = [
        Self::Telescope,
        Self::OrbitRadar,
        Self::ThermalMapper,
        Self::GammaNeutron,
        Self::ContactSpectrometer,
        Self::CoreSampler,
        Self::Accelerometer,
    ];

    /// Whether it must stay on one spot of the ground while it measures.
    pub fn needs_ground(self) -> bool {
        match self {
            Self::Telescope | Self::OrbitRadar | Self::ThermalMapper | Self::GammaNeutron => false,
            Self::ContactSpectrometer | Self::CoreSampler | Self::Accelerometer => true,
        }
    }
}

impl fmt::Display for Instrument {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Telescope => "telescope",
            Self::OrbitRadar => "orbit radar",
            Self::ThermalMapper => "thermal mapper",
            Self::GammaNeutron => "gamma and neutron spectrometer",
            Self::ContactSpectrometer => "contact spectrometer",
            Self::CoreSampler => "core sampler",
            Self::Accelerometer => "accelerometer",
        })
    }
}

/// An instrument as a robot carries it.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InstrumentSpec {
    pub instrument: Instrument,
    /// Time of one measurement, unless the order says another [s].
    pub time_s: f64,
    /// Drawn while it measures [W].
    pub power_w: f64,
    /// Its random error over that of the reference instrument: 1 is as good, 2 is twice as bad.
    #[serde(default = "one")]
    pub std_factor: f64,
    /// How deep a core sampler reaches without a drill [m].
    #[serde(default)]
    pub depth_m: f64,
}

fn one() -> f64 {
    1.0
}

/// Random error of the reference contact spectrometer, as a mass fraction of water.
pub const CONTACT_WATER_STD: f64 = 0.01;

impl InstrumentSpec {
    /// The instrument that the error figures of `docs/prospecting.md` are of.
    pub fn reference(instrument: Instrument) -> Self {
        let (time_s, power_w, depth_m) = match instrument {
            Instrument::Telescope => (3600.0, 8.0, 0.0),
            Instrument::OrbitRadar => (300.0, 60.0, 0.0),
            Instrument::ThermalMapper => (600.0, 15.0, 0.0),
            Instrument::GammaNeutron => (14_400.0, 12.0, 0.0),
            Instrument::ContactSpectrometer => (120.0, 15.0, 0.0),
            Instrument::CoreSampler => (1800.0, 60.0, 0.5),
            Instrument::Accelerometer => (600.0, 3.0, 0.0),
        };
        Self {
            instrument,
            time_s,
            power_w,
            std_factor: 1.0,
            depth_m,
        }
    }

    /// Each number with the least and the greatest value that it may have.
    pub fn limits(&self) -> [(&'static str, f64, f64, f64); 4] {
        [
            ("time_s", self.time_s, 1.0, 1e7),
            ("power_w", self.power_w, 0.0, 1e6),
            ("std_factor", self.std_factor, 1e-3, 1e3),
            ("depth_m", self.depth_m, 0.0, 10.0),
        ]
    }
}

/// All that a model of robot measures with.
pub fn all_carried(kind: &RobotKind) -> Vec<InstrumentSpec> {
    Instrument::ALL
        .into_iter()
        .filter_map(|instrument| carried(kind, instrument))
        .collect()
}

/// The instrument of this kind that a model of robot carries.
pub fn carried(kind: &RobotKind, instrument: Instrument) -> Option<InstrumentSpec> {
    kind.instrument(instrument)
}
