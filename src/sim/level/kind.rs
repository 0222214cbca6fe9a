//! What a model of robot can do, all its modules taken together.

use serde::{Deserialize, Serialize};

use super::modules::Material;
use crate::sim::prospecting::{Instrument, InstrumentSpec};

/// The performance sheet of a model of robot, as it follows from its chassis and its modules.
///
/// Nobody writes one by hand: [`Catalogue::resolve`](super::modules::Catalogue::resolve) adds up
/// the modules, and a refit does so again.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RobotKind {
    /// What it is built from.
    pub build: Build,
    /// Mass with empty bin, tank and locker [kg]: the sum of its parts.
    pub dry_mass_kg: f64,
    /// Width, height and length of the chassis [m].
    pub size_m: (f64, f64, f64),
    /// Price of a new one, delivered [credits]: the sum of its parts.
    pub price_credits: f64,

    pub hop: Option<HopSpec>,
    pub wheels: WheelSpec,
    pub thrusters: Option<ThrusterSpec>,
    pub anchor: Option<AnchorSpec>,
    pub drum: Option<DrumSpec>,
    pub drill: Option<DrillSpec>,
    pub instruments: Vec<InstrumentSpec>,
    pub repair: Option<RepairSpec>,

    pub bin_capacity_kg: f64,
    pub unload_rate_kg_per_h: f64,
    /// Largest load of water to burn [kg].
    pub tank_capacity_kg: f64,
    /// Propellant on board at the start [kg].
    pub propellant_kg: f64,
    /// Largest load of spare parts [kg].
    pub spares_capacity_kg: f64,
    /// Mechanical and electronic spare parts on board at the start [kg].
    pub spares_kg: (f64, f64),

    pub battery_wh: f64,
    pub solar_area_m2: f64,
    /// Electrical power per power of sunlight on the cells, 0 to 1.
    pub solar_efficiency: f64,
    pub solar_mounting: Mounting,
    /// Drawn by computer and radio, always [W].
    pub idle_power_w: f64,
    /// Passed on to a neighbour through a cable [W]; 0 without one.
    pub charger_w: f64,
    /// Share of the dust on the panels that one cleaning leaves, 0 to 1; 1 without a brush.
    pub brush_leaves: f64,
    /// Drawn by the brush or the dust shield [W].
    pub brush_power_w: f64,

    /// Two-sided louvred radiator [m²].
    pub radiator_area_m2: f64,
    pub heat_capacity_j_per_k: f64,
    /// Effective emittance of the insulated hull, 0 to 1.
    pub insulation: f64,
    pub heater_w: f64,
    /// Between these all of its parts work [K].
    pub operating_k: (f64, f64),

    pub material: Material,
    pub durability: Durability,
}

/// Chassis and modules of a robot, by their names in the catalogue.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Build {
    pub chassis: Fitted,
    pub modules: Vec<Fitted>,
}

/// One part of a robot as it is: what it weighs and what it cost, in the ledger's whole units.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Fitted {
    pub name: String,
    pub material: Material,
    pub mass_g: i64,
    pub price_ucr: i64,
}

/// Legs or a swing arm that spend the momentum of flywheels in one push.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HopSpec {
    /// Largest push [N s].
    pub impulse_max_n_s: f64,
    /// Fastest take-off that the pilot allows [m/s].
    pub speed_max_m_s: f64,
}

/// Reaction wheels.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WheelSpec {
    /// About any one axis [N m].
    pub torque_n_m: f64,
    /// Angular momentum at which they saturate [N m s].
    pub momentum_max_n_m_s: f64,
}

/// Thrusters that burn what the tank holds.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ThrusterSpec {
    pub propellant: Propellant,
    pub isp_s: f64,
    /// Along any one axis [N].
    pub thrust_n: f64,
    /// Drawn while they burn [W].
    pub power_w: f64,
}

/// What the thrusters make of the water in the tank.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Propellant {
    /// Boiled and let out.
    Steam,
    /// Split, and burnt as oxygen and hydrogen.
    ElectrolysedWater,
}

/// How a robot holds on to the ground.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub enum AnchorSpec {
    /// Augers turned into regolith; what they hold is up to its cohesion.
    Screws {
        count: u32,
        /// Of one screw [m].
        radius_m: f64,
        /// Depth of one screw when set [m].
        length_m: f64,
        set_time_s: f64,
        power_w: f64,
    },
    /// Hundreds of hooks that catch on the roughness of rock.
    Microspines {
        pull_max_n: f64,
        set_time_s: f64,
        power_w: f64,
    },
    /// A strap around a boulder.
    Belt {
        pull_max_n: f64,
        /// Largest boulder that it goes around [m].
        boulder_max_m: f64,
        set_time_s: f64,
        power_w: f64,
    },
    /// Thrusters that press the robot to the ground for as long as propellant lasts.
    ThrustDown { force_n: f64 },
}

impl AnchorSpec {
    /// Time to set or to draw it [s].
    pub fn set_time_s(self) -> f64 {
        match self {
            Self::Screws { set_time_s, .. }
            | Self::Microspines { set_time_s, .. }
            | Self::Belt { set_time_s, .. } => set_time_s,
            Self::ThrustDown { .. } => 0.0,
        }
    }

    /// Drawn while it is set or drawn [W].
    pub fn power_w(self) -> f64 {
        match self {
            Self::Screws { power_w, .. }
            | Self::Microspines { power_w, .. }
            | Self::Belt { power_w, .. } => power_w,
            Self::ThrustDown { .. } => 0.0,
        }
    }
}

/// Counter-rotating bucket drums.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DrumSpec {
    pub rate_kg_per_h: f64,
    pub power_w: f64,
    /// Push of the ground on the chassis, away from the surface, at the full rate [N].
    pub reaction_n: f64,
    /// Radius of the hole that it digs without moving [m].
    pub reach_m: f64,
}

/// A drill for cores and shafts.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DrillSpec {
    pub depth_max_m: f64,
    pub bit_diameter_m: f64,
    pub weight_on_bit_max_n: f64,
    pub torque_max_n_m: f64,
    /// Drawn at full rate [W].
    pub power_w: f64,
    pub rpm: f64,
    /// Metres of strong basalt that a new bit drills [m].
    pub bit_life_m: f64,
}

/// An arm with tools that mends, brushes, frees and carries others.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RepairSpec {
    /// From hull to hull [m].
    pub reach_m: f64,
    /// Time to change one part [s].
    pub time_s: f64,
    pub power_w: f64,
    /// Heaviest machine that it holds on to [kg].
    pub carry_max_kg: f64,
}

/// How solar panels sit on the robot.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Mounting {
    /// Flat on top: sunlight by the cosine to the robot's own up.
    #[default]
    Deck,
    /// On all sides of the hull: a quarter of the area faces any one direction (Cauchy 1841).
    AllSides,
    /// Turned to the Sun.
    Tracking,
}

/// How long the parts of a robot last.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Durability {
    /// Abrasion of teeth and bits is divided by this.
    pub tool_life_factor: f64,
    /// Hours that joints turn in dust until they seize [h].
    pub seal_life_h: f64,
    /// Absorbed dose that the electronics stand [Gy].
    pub dose_limit_gy: f64,
    /// Share of the wear of seals that heals in a day.
    pub heals_per_day: f64,
    /// Loss of the solar cells in a year at one astronomical unit.
    pub cell_loss_per_year: f64,
}

impl RobotKind {
    /// The instrument of this kind that it carries.
    pub fn instrument(&self, instrument: Instrument) -> Option<InstrumentSpec> {
        self.instruments
            .iter()
            .copied()
            .find(|spec| spec.instrument == instrument)
    }

    /// Fastest take-off that the pilot allows [m/s]; zero for what cannot hop.
    pub fn hop_speed_max_m_s(&self) -> f64 {
        self.hop.map_or(0.0, |hop| hop.speed_max_m_s)
    }

    /// Thrust along any one axis [N]; zero without thrusters.
    pub fn thrust_max_n(&self) -> f64 {
        self.thrusters.map_or(0.0, |thrusters| thrusters.thrust_n)
    }

    /// All surfaces of the box that it is [m²].
    pub fn hull_area_m2(&self) -> f64 {
        let (x, y, z) = self.size_m;
        2.0 * (x * y + y * z + z * x)
    }

    /// Dry mass in the ledger's unit [g].
    pub fn dry_mass_g(&self) -> i64 {
        self.build.parts().map(|part| part.mass_g).sum()
    }
}

impl Build {
    /// The chassis, then the modules.
    pub fn parts(&self) -> impl Iterator<Item = &Fitted> {
        std::iter::once(&self.chassis).chain(&self.modules)
    }

    /// Names of the modules, in the order in which they were fitted.
    pub fn module_names(&self) -> Vec<String> {
        self.modules
            .iter()
            .map(|module| module.name.clone())
            .collect()
    }
}
