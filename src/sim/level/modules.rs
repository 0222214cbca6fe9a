//! What robots are built from: chassis, modules and materials, and the kinds made of them.
//!
//! The program's own catalogue is compiled in from `assets/data/modules.ron` and
//! `assets/data/robot_kinds.ron`; a level may add to it or put its own in the place of one.

use std::{
    collections::BTreeMap,
    fmt,
    path::Path,
    sync::{Arc, LazyLock},
};

use bevy::prelude::Resource;
use serde::{Deserialize, Serialize};

use super::kind::{
    AnchorSpec, Build, DrillSpec, DrumSpec, Durability, Fitted, HopSpec, Mounting, RepairSpec,
    RobotKind, ThrusterSpec, WheelSpec,
};
use super::{Level, LevelError, LevelErrors, check::Check, field_lines::FieldLines, syntax};
use crate::sim::plant::process::Processes;
use crate::sim::plant::{BAKE, STAND_STILL};
use crate::sim::prospecting::InstrumentSpec;

const MODULES: &str = include_str!("../../../assets/data/modules.ron");
const KINDS: &str = include_str!("../../../assets/data/robot_kinds.ron");
const PROCESSES: &str = include_str!("../../../assets/data/processes.ron");

/// The catalogues compiled into the program: file name and text.
pub const BUILT_IN_CATALOGUES: [(&str, &str); 3] = [
    ("assets/data/modules.ron", MODULES),
    ("assets/data/robot_kinds.ron", KINDS),
    ("assets/data/processes.ron", PROCESSES),
];

/// Hours that the joints of an unprotected machine turn in dust: `materials_wear.csv`,
/// seal_life_dust.
pub const SEAL_LIFE_H: f64 = 100.0;
/// Loss of solar cells in a year at one astronomical unit: `materials_wear.csv`,
/// solar_cell_degradation.
pub const CELL_LOSS_PER_YEAR: f64 = 0.025;

/// Everything that robots can be built from.
#[derive(Resource, Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Catalogue {
    pub chassis: BTreeMap<String, ChassisSpec>,
    pub modules: BTreeMap<String, ModuleSpec>,
    pub materials: BTreeMap<Material, MaterialSpec>,
    pub kinds: BTreeMap<String, KindSpec>,
    /// What spare parts cost where a plant has none; the last catalogue that says so is right.
    pub spares: Option<SpareTerms>,
    /// What plants can do.
    pub processes: Processes,
}

/// The frame that everything is bolted to.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ChassisSpec {
    pub mass_kg: f64,
    /// Width, height and length [m].
    pub size_m: (f64, f64, f64),
    pub price_credits: f64,
    /// Drawn by the computer, always [W].
    pub idle_power_w: f64,
    /// Modules of each sort that it takes.
    pub slots: Slots,
    /// All modules together [kg].
    pub payload_max_kg: f64,
    /// The most that any one module may draw [W].
    pub bus_max_w: f64,
    /// Effective emittance of the insulated hull, 0 to 1.
    pub insulation: f64,
    /// Mean specific heat of the whole robot [J/(kg K)].
    pub heat_j_per_kg_k: f64,
    /// Between these its computer works [K].
    pub operating_k: (f64, f64),
}

/// How many modules of each sort.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Slots {
    pub mobility: u32,
    pub anchor: u32,
    pub tool: u32,
    pub bin: u32,
    pub power: u32,
    pub sensor: u32,
    pub radio: u32,
}

impl Slots {
    pub fn of(&self, slot: Slot) -> u32 {
        match slot {
            Slot::Mobility => self.mobility,
            Slot::Anchor => self.anchor,
            Slot::Tool => self.tool,
            Slot::Bin => self.bin,
            Slot::Power => self.power,
            Slot::Sensor => self.sensor,
            Slot::Radio => self.radio,
        }
    }
}

/// Where on a chassis a module goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Slot {
    Mobility,
    Anchor,
    Tool,
    Bin,
    Power,
    Sensor,
    Radio,
}

impl Slot {
    pub const ALL: [Self; 7] = [
        Self::Mobility,
        Self::Anchor,
        Self::Tool,
        Self::Bin,
        Self::Power,
        Self::Sensor,
        Self::Radio,
    ];
}

impl fmt::Display for Slot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Mobility => "mobility",
            Self::Anchor => "anchor",
            Self::Tool => "tool",
            Self::Bin => "bin",
            Self::Power => "power",
            Self::Sensor => "sensor",
            Self::Radio => "radio",
        })
    }
}

/// One thing that can be bolted on and off.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ModuleSpec {
    pub part: Part,
    pub mass_kg: f64,
    pub price_credits: f64,
    /// Drawn always, besides what its part draws at work [W].
    #[serde(default)]
    pub idle_power_w: f64,
    /// Between these it works [K].
    #[serde(default = "any_temperature_k")]
    pub operating_k: (f64, f64),
    /// Made of this, whatever the rest of the robot is made of.
    #[serde(default)]
    pub material: Option<Material>,
}

fn any_temperature_k() -> (f64, f64) {
    (1.0, 1000.0)
}

/// What a module does.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub enum Part {
    Hop(HopSpec),
    Wheels(WheelSpec),
    Thrusters(ThrusterSpec),
    Anchor(AnchorSpec),
    Drum(DrumSpec),
    Drill(DrillSpec),
    Repair(RepairSpec),
    Bin {
        capacity_kg: f64,
        unload_rate_kg_per_h: f64,
    },
    Tank {
        capacity_kg: f64,
    },
    /// A locker for spare parts.
    Locker {
        capacity_kg: f64,
    },
    Battery {
        energy_wh: f64,
    },
    Array {
        area_m2: f64,
        efficiency: f64,
        mounting: Mounting,
    },
    Radiator {
        area_m2: f64,
    },
    Heater {
        power_w: f64,
    },
    /// A cable that charges a neighbour.
    Charger {
        power_w: f64,
    },
    /// Takes dust off the robot's own panels.
    Brush {
        /// Share of the dust that one cleaning leaves, 0 to 1.
        leaves: f64,
        power_w: f64,
    },
    Instrument(InstrumentSpec),
    Radio,
}

impl Part {
    pub fn slot(&self) -> Slot {
        match self {
            Self::Hop(_) | Self::Wheels(_) | Self::Thrusters(_) => Slot::Mobility,
            Self::Anchor(_) => Slot::Anchor,
            Self::Drum(_) | Self::Drill(_) | Self::Repair(_) | Self::Brush { .. } => Slot::Tool,
            Self::Bin { .. } | Self::Tank { .. } | Self::Locker { .. } => Slot::Bin,
            Self::Battery { .. }
            | Self::Array { .. }
            | Self::Radiator { .. }
            | Self::Heater { .. }
            | Self::Charger { .. } => Slot::Power,
            Self::Instrument(_) => Slot::Sensor,
            Self::Radio => Slot::Radio,
        }
    }

    /// Drawn at work [W].
    pub fn power_w(&self) -> f64 {
        match self {
            Self::Thrusters(spec) => spec.power_w,
            Self::Anchor(spec) => spec.power_w(),
            Self::Drum(spec) => spec.power_w,
            Self::Drill(spec) => spec.power_w,
            Self::Repair(spec) => spec.power_w,
            Self::Heater { power_w } | Self::Charger { power_w } | Self::Brush { power_w, .. } => {
                *power_w
            }
            Self::Instrument(spec) => spec.power_w,
            Self::Hop(_)
            | Self::Wheels(_)
            | Self::Bin { .. }
            | Self::Tank { .. }
            | Self::Locker { .. }
            | Self::Battery { .. }
            | Self::Array { .. }
            | Self::Radiator { .. }
            | Self::Radio => 0.0,
        }
    }

    /// Each number with the least and the greatest value that it may have.
    fn limits(&self) -> Vec<(&'static str, f64, f64, f64)> {
        match *self {
            Self::Hop(spec) => vec![
                ("impulse_max_n_s", spec.impulse_max_n_s, 1e-6, 1e6),
                ("speed_max_m_s", spec.speed_max_m_s, 0.001, 100.0),
            ],
            Self::Wheels(spec) => vec![
                ("torque_n_m", spec.torque_n_m, 0.0, 1e6),
                ("momentum_max_n_m_s", spec.momentum_max_n_m_s, 0.0, 1e6),
            ],
            Self::Thrusters(spec) => vec![
                ("isp_s", spec.isp_s, 1.0, 1e5),
                ("thrust_n", spec.thrust_n, 1e-6, 1e6),
                ("power_w", spec.power_w, 0.0, 1e6),
            ],
            Self::Anchor(spec) => match spec {
                AnchorSpec::Screws {
                    count,
                    radius_m,
                    length_m,
                    set_time_s,
                    power_w,
                } => vec![
                    ("count", f64::from(count), 1.0, 100.0),
                    ("radius_m", radius_m, 0.001, 10.0),
                    ("length_m", length_m, 0.001, 10.0),
                    ("set_time_s", set_time_s, 0.0, 86_400.0),
                    ("power_w", power_w, 0.0, 1e6),
                ],
                AnchorSpec::Microspines {
                    pull_max_n,
                    set_time_s,
                    power_w,
                } => vec![
                    ("pull_max_n", pull_max_n, 0.001, 1e6),
                    ("set_time_s", set_time_s, 0.0, 86_400.0),
                    ("power_w", power_w, 0.0, 1e6),
                ],
                AnchorSpec::Belt {
                    pull_max_n,
                    boulder_max_m,
                    set_time_s,
                    power_w,
                } => vec![
                    ("pull_max_n", pull_max_n, 0.001, 1e6),
                    ("boulder_max_m", boulder_max_m, 0.01, 1e3),
                    ("set_time_s", set_time_s, 0.0, 86_400.0),
                    ("power_w", power_w, 0.0, 1e6),
                ],
                AnchorSpec::ThrustDown { force_n } => vec![("force_n", force_n, 0.001, 1e6)],
            },
            Self::Drum(spec) => vec![
                ("rate_kg_per_h", spec.rate_kg_per_h, 0.001, 1e6),
                ("power_w", spec.power_w, 0.0, 1e6),
                ("reaction_n", spec.reaction_n, 0.0, 1e6),
                ("reach_m", spec.reach_m, 0.1, 100.0),
            ],
            Self::Drill(spec) => vec![
                ("depth_max_m", spec.depth_max_m, 0.001, 100.0),
                ("bit_diameter_m", spec.bit_diameter_m, 0.001, 1.0),
                ("weight_on_bit_max_n", spec.weight_on_bit_max_n, 0.01, 1e6),
                ("torque_max_n_m", spec.torque_max_n_m, 0.001, 1e6),
                ("power_w", spec.power_w, 0.001, 1e6),
                ("rpm", spec.rpm, 0.1, 1e5),
                ("bit_life_m", spec.bit_life_m, 0.001, 1e6),
            ],
            Self::Repair(spec) => vec![
                ("reach_m", spec.reach_m, 0.1, 100.0),
                ("time_s", spec.time_s, 1.0, 1e6),
                ("power_w", spec.power_w, 0.0, 1e6),
                ("carry_max_kg", spec.carry_max_kg, 0.0, 1e6),
            ],
            Self::Bin {
                capacity_kg,
                unload_rate_kg_per_h,
            } => vec![
                ("capacity_kg", capacity_kg, 0.001, 1e6),
                ("unload_rate_kg_per_h", unload_rate_kg_per_h, 0.001, 1e9),
            ],
            Self::Tank { capacity_kg } | Self::Locker { capacity_kg } => {
                vec![("capacity_kg", capacity_kg, 0.001, 1e6)]
            }
            Self::Battery { energy_wh } => vec![("energy_wh", energy_wh, 0.1, 1e9)],
            Self::Array {
                area_m2,
                efficiency,
                mounting: _,
            } => vec![
                ("area_m2", area_m2, 1e-4, 1e5),
                ("efficiency", efficiency, 0.001, 1.0),
            ],
            Self::Radiator { area_m2 } => vec![("area_m2", area_m2, 1e-4, 1e5)],
            Self::Heater { power_w } | Self::Charger { power_w } => {
                vec![("power_w", power_w, 0.001, 1e6)]
            }
            Self::Brush { leaves, power_w } => {
                vec![("leaves", leaves, 0.0, 1.0), ("power_w", power_w, 0.0, 1e6)]
            }
            Self::Instrument(spec) => spec.limits().to_vec(),
            Self::Radio => Vec::new(),
        }
    }

    /// Where its numbers stand in a file: variants around a struct have one bracket more.
    fn path(&self) -> &'static str {
        match self {
            Self::Hop(_)
            | Self::Wheels(_)
            | Self::Thrusters(_)
            | Self::Anchor(_)
            | Self::Drum(_)
            | Self::Drill(_)
            | Self::Repair(_)
            | Self::Instrument(_) => "part[0]",
            _ => "part",
        }
    }

    /// Things of which a robot has one at most, in words.
    fn sole(&self) -> Option<String> {
        Some(match self {
            Self::Hop(_) => "set of legs".to_owned(),
            Self::Wheels(_) => "set of reaction wheels".to_owned(),
            Self::Thrusters(_) => "set of thrusters".to_owned(),
            Self::Anchor(_) => "anchor".to_owned(),
            Self::Drum(_) => "drum".to_owned(),
            Self::Drill(_) => "drill".to_owned(),
            Self::Repair(_) => "repair arm".to_owned(),
            Self::Brush { .. } => "brush".to_owned(),
            Self::Charger { .. } => "charging cable".to_owned(),
            Self::Instrument(spec) => spec.instrument.to_string(),
            _ => return None,
        })
    }
}

/// What a part is made of.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
pub enum Material {
    #[default]
    Standard,
    Hardened,
    SelfHealing,
    RadiationTolerant,
}

impl fmt::Display for Material {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Standard => "standard",
            Self::Hardened => "hardened",
            Self::SelfHealing => "self-healing",
            Self::RadiationTolerant => "radiation-tolerant",
        })
    }
}

/// What a material costs in mass and money, and what life it buys.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MaterialSpec {
    pub mass_factor: f64,
    pub price_factor: f64,
    /// Teeth and bits last this many times as long.
    pub tool_life_factor: f64,
    /// Seals last this many times as long.
    pub seal_life_factor: f64,
    /// Solar cells lose so many times less.
    pub cell_life_factor: f64,
    /// Absorbed dose that electronics stand [Gy].
    pub dose_limit_gy: f64,
    /// Share of the wear of seals that heals in a day.
    pub heals_per_day: f64,
}

/// What spare parts cost, delivered.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SpareTerms {
    /// Bits, teeth, seals and joints.
    pub mechanical_credits_per_kg: f64,
    /// Boards and cells.
    pub electronic_credits_per_kg: f64,
}

/// A model of robot: a chassis and what is bolted to it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KindSpec {
    /// Rows of `robots.csv` that it follows.
    #[serde(default)]
    pub after: Vec<String>,
    /// What it is for, in a sentence.
    #[serde(default)]
    pub summary: String,
    pub chassis: String,
    pub modules: Vec<String>,
    #[serde(default)]
    pub material: Material,
    /// Propellant on board at the start [kg].
    #[serde(default)]
    pub propellant_kg: f64,
    /// Mechanical and electronic spare parts on board at the start [kg].
    #[serde(default)]
    pub spares_kg: (f64, f64),
}

/// One thing wrong with a build: the field within the kind, and a sentence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Misfit {
    pub field: String,
    pub message: String,
}

impl Catalogue {
    /// The catalogue compiled into the program.
    pub fn built_in() -> &'static Arc<Self> {
        static BUILT_IN: LazyLock<Arc<Catalogue>> = LazyLock::new(|| {
            let mut all = Catalogue::default();
            for (file, text) in BUILT_IN_CATALOGUES {
                let part = Catalogue::parse(text, file)
                    .unwrap_or_else(|errors| panic!("the program's own catalogue: {errors}"));
                all.overlay(&part);
            }
            Arc::new(all)
        });
        &BUILT_IN
    }

    /// The program's catalogue with what a level adds.
    pub fn of(level: &Level) -> Self {
        let mut all = Self::clone(Self::built_in());
        all.overlay(&level.own_catalogue());
        all
    }

    /// Puts another catalogue's entries beside these, or in their place where names are the same.
    fn overlay(&mut self, other: &Self) {
        let other = other.clone();
        self.chassis.extend(other.chassis);
        self.modules.extend(other.modules);
        self.materials.extend(other.materials);
        self.kinds.extend(other.kinds);
        self.spares = other.spares.or(self.spares);
        self.processes.extend(other.processes);
    }

    /// Reads and checks a catalogue file.
    ///
    /// # Errors
    /// As [`Catalogue::parse`], and that the file cannot be read.
    pub fn read(path: &Path) -> Result<Self, LevelErrors> {
        let file = path.display().to_string();
        let text = std::fs::read_to_string(path).map_err(|error| {
            LevelErrors(vec![LevelError {
                message: format!("cannot read catalogue \"{file}\": {error}"),
                file: file.clone(),
                line: 0,
                field: String::new(),
            }])
        })?;
        Self::parse(&text, &file)
    }

    /// Reads and checks the text of a catalogue; `file` is its name in errors. Kinds may use what
    /// the built-in catalogue of modules has.
    ///
    /// # Errors
    /// Everything that is wrong with it; after an error of syntax, that alone.
    pub fn parse(text: &str, file: &str) -> Result<Self, LevelErrors> {
        let lines = FieldLines::of(text);
        let catalogue: Self = ron::Options::default().from_str(text).map_err(|error| {
            LevelErrors(vec![syntax::syntax_error(
                text,
                file,
                "catalogue",
                &lines,
                &error,
            )])
        })?;
        let mut check = Check::of(file, "catalogue", &lines);
        check.duplicates();
        catalogue.check(&mut check);
        catalogue.check_processes(&mut check, &catalogue.processes);
        if !catalogue.kinds.is_empty() {
            let mut all = if catalogue.modules.is_empty() {
                let modules: Self = ron::from_str(MODULES).unwrap_or_default();
                modules
            } else {
                Self::default()
            };
            all.overlay(&catalogue);
            all.check_kinds(&mut check, "kinds", &catalogue.kinds);
        }
        check.into_result()?;
        Ok(catalogue)
    }

    /// Whether a text is a catalogue and no level: it begins with its name.
    pub fn is_catalogue(text: &str) -> bool {
        text.lines()
            .map(str::trim)
            .find(|line| !line.is_empty() && !line.starts_with("//"))
            .is_some_and(|line| line.starts_with("Catalogue"))
    }

    /// The performance sheet of a kind.
    ///
    /// # Errors
    /// Everything that does not fit.
    pub fn resolve(&self, spec: &KindSpec) -> Result<RobotKind, Vec<Misfit>> {
        Resolving::new(self).resolve(spec)
    }

    /// The performance sheet of a kind by its name.
    ///
    /// # Errors
    /// That there is no such kind, or what does not fit.
    pub fn kind(&self, name: &str) -> Result<RobotKind, Vec<Misfit>> {
        match self.kinds.get(name) {
            Some(spec) => self.resolve(spec),
            None => Err(vec![Misfit {
                field: String::new(),
                message: format!("there is no kind {name:?}"),
            }]),
        }
    }

    /// A part as it would be bolted on: its mass and price in the ledger's units.
    pub fn fitted(&self, name: &str, material: Material) -> Option<Fitted> {
        let module = self.modules.get(name)?;
        let material = module.material.unwrap_or(material);
        Some(self.weigh(name, module.mass_kg, module.price_credits, material))
    }

    fn weigh(&self, name: &str, mass_kg: f64, price_credits: f64, material: Material) -> Fitted {
        let (mass_factor, price_factor) = self
            .materials
            .get(&material)
            .map_or((1.0, 1.0), |spec| (spec.mass_factor, spec.price_factor));
        Fitted {
            name: name.to_owned(),
            material,
            mass_g: (1e3 * mass_kg * mass_factor).round() as i64,
            price_ucr: (1e6 * price_credits * price_factor).round() as i64,
        }
    }

    /// Checks the numbers of each entry.
    /// Reports what is wrong with some processes, which may name others of this catalogue.
    pub(super) fn check_processes(&self, check: &mut Check, processes: &Processes) {
        for (name, process) in processes {
            let at = format!("processes[{name:?}]");
            check.name(&at, name);
            if name == BAKE || name == STAND_STILL {
                check.error(
                    &at,
                    format!("name = {name:?} must be another: every plant can do that by itself"),
                );
            }
            if let Err((field, message)) = process.check(&self.processes) {
                check.error(&format!("{at}.{field}"), message);
            }
        }
    }

    pub(super) fn check(&self, check: &mut Check) {
        for (name, chassis) in &self.chassis {
            let at = format!("chassis[{name:?}]");
            check.name(&at, name);
            check.size(&format!("{at}.size_m"), chassis.size_m);
            for (field, value, min, max) in [
                ("mass_kg", chassis.mass_kg, 0.01, 1e6),
                ("price_credits", chassis.price_credits, 0.0, 1e12),
                ("idle_power_w", chassis.idle_power_w, 0.0, 1e6),
                ("payload_max_kg", chassis.payload_max_kg, 0.01, 1e6),
                ("bus_max_w", chassis.bus_max_w, 0.1, 1e9),
                ("insulation", chassis.insulation, 0.001, 1.0),
                ("heat_j_per_kg_k", chassis.heat_j_per_kg_k, 10.0, 1e4),
            ] {
                check.range(&format!("{at}.{field}"), value, min, max);
            }
            for slot in Slot::ALL {
                check.count(&format!("{at}.slots.{slot}"), chassis.slots.of(slot), 0, 64);
            }
            check.temperatures(&format!("{at}.operating_k"), chassis.operating_k);
        }
        for (name, module) in &self.modules {
            let at = format!("modules[{name:?}]");
            check.name(&at, name);
            for (field, value, min, max) in [
                ("mass_kg", module.mass_kg, 0.001, 1e6),
                ("price_credits", module.price_credits, 0.0, 1e12),
                ("idle_power_w", module.idle_power_w, 0.0, 1e6),
            ] {
                check.range(&format!("{at}.{field}"), value, min, max);
            }
            check.temperatures(&format!("{at}.operating_k"), module.operating_k);
            for (field, value, min, max) in module.part.limits() {
                check.range(
                    &format!("{at}.{}.{field}", module.part.path()),
                    value,
                    min,
                    max,
                );
            }
        }
        for (material, spec) in &self.materials {
            let at = format!("materials[{material:?}]");
            for (field, value, min, max) in [
                ("mass_factor", spec.mass_factor, 0.1, 10.0),
                ("price_factor", spec.price_factor, 0.0, 1e3),
                ("tool_life_factor", spec.tool_life_factor, 0.01, 1e3),
                ("seal_life_factor", spec.seal_life_factor, 0.01, 1e3),
                ("cell_life_factor", spec.cell_life_factor, 0.01, 1e3),
                ("dose_limit_gy", spec.dose_limit_gy, 0.1, 1e6),
                ("heals_per_day", spec.heals_per_day, 0.0, 1e3),
            ] {
                check.range(&format!("{at}.{field}"), value, min, max);
            }
        }
        if let Some(spares) = self.spares {
            for (field, value) in [
                (
                    "mechanical_credits_per_kg",
                    spares.mechanical_credits_per_kg,
                ),
                (
                    "electronic_credits_per_kg",
                    spares.electronic_credits_per_kg,
                ),
            ] {
                check.range(&format!("spares.{field}"), value, 0.0, 1e9);
            }
        }
    }

    /// Checks that kinds can be built from this catalogue; `field` is where they stand.
    pub(super) fn check_kinds(
        &self,
        check: &mut Check,
        field: &str,
        kinds: &BTreeMap<String, KindSpec>,
    ) {
        for (name, spec) in kinds {
            let at = format!("{field}[{name:?}]");
            check.name(&at, name);
            for misfit in self.resolve(spec).err().into_iter().flatten() {
                check.error(&format!("{at}.{}", misfit.field), misfit.message);
            }
        }
    }
}

/// Adds up the modules of one kind.
struct Resolving<'a> {
    catalogue: &'a Catalogue,
    misfits: Vec<Misfit>,
}

impl<'a> Resolving<'a> {
    fn new(catalogue: &'a Catalogue) -> Self {
        Self {
            catalogue,
            misfits: Vec::new(),
        }
    }

    fn misfit(&mut self, field: impl Into<String>, message: String) {
        self.misfits.push(Misfit {
            field: field.into(),
            message,
        });
    }

    fn resolve(mut self, spec: &KindSpec) -> Result<RobotKind, Vec<Misfit>> {
        let catalogue = self.catalogue;
        let Some(chassis) = catalogue.chassis.get(&spec.chassis) else {
            let known: Vec<&str> = catalogue.chassis.keys().map(String::as_str).collect();
            self.misfit(
                "chassis",
                format!(
                    "chassis = {:?} must name a chassis, such as {}",
                    spec.chassis,
                    super::check::nearest(&spec.chassis, &known, 3)
                ),
            );
            return Err(self.misfits);
        };
        let mut modules: Vec<(&str, &ModuleSpec, Fitted)> = Vec::new();
        for (i, name) in spec.modules.iter().enumerate() {
            match catalogue.modules.get(name) {
                Some(module) => {
                    let material = module.material.unwrap_or(spec.material);
                    let fitted =
                        catalogue.weigh(name, module.mass_kg, module.price_credits, material);
                    modules.push((name, module, fitted));
                }
                None => {
                    let known: Vec<&str> = catalogue.modules.keys().map(String::as_str).collect();
                    self.misfit(
                        format!("modules[{i}]"),
                        format!(
                            "modules[{i}] = {name:?} must name a module, such as {}",
                            super::check::nearest(name, &known, 3)
                        ),
                    );
                }
            }
        }
        if !self.misfits.is_empty() {
            return Err(self.misfits);
        }
        self.check_fit(spec, chassis, &modules);

        let frame = catalogue.weigh(
            &spec.chassis,
            chassis.mass_kg,
            chassis.price_credits,
            spec.material,
        );
        let material_of = |material: Material| catalogue.materials.get(&material).copied();
        let base = material_of(spec.material);
        let build = Build {
            chassis: frame,
            modules: modules.iter().map(|(.., fitted)| fitted.clone()).collect(),
        };
        let grams: i64 = build.parts().map(|part| part.mass_g).sum();
        let price_ucr: i64 = build.parts().map(|part| part.price_ucr).sum();
        let dry_mass_kg = grams as f64 / 1e3;
        let seal_life = base.map_or(1.0, |spec| spec.seal_life_factor);
        let mut kind = RobotKind {
            build,
            dry_mass_kg,
            size_m: chassis.size_m,
            price_credits: 1e-6 * price_ucr as f64,
            hop: None,
            wheels: WheelSpec::default(),
            thrusters: None,
            anchor: None,
            drum: None,
            drill: None,
            instruments: Vec::new(),
            repair: None,
            bin_capacity_kg: 0.0,
            unload_rate_kg_per_h: 0.0,
            tank_capacity_kg: 0.0,
            propellant_kg: spec.propellant_kg,
            spares_capacity_kg: 0.0,
            spares_kg: spec.spares_kg,
            battery_wh: 0.0,
            solar_area_m2: 0.0,
            solar_efficiency: 0.0,
            solar_mounting: Mounting::Deck,
            idle_power_w: chassis.idle_power_w,
            charger_w: 0.0,
            brush_leaves: 1.0,
            brush_power_w: 0.0,
            radiator_area_m2: 0.0,
            heat_capacity_j_per_k: chassis.heat_j_per_kg_k * dry_mass_kg,
            insulation: chassis.insulation,
            heater_w: 0.0,
            operating_k: chassis.operating_k,
            material: spec.material,
            durability: Durability {
                tool_life_factor: base.map_or(1.0, |spec| spec.tool_life_factor),
                seal_life_h: SEAL_LIFE_H * seal_life,
                dose_limit_gy: base.map_or(1000.0, |spec| spec.dose_limit_gy),
                heals_per_day: base.map_or(0.0, |spec| spec.heals_per_day),
                cell_loss_per_year: CELL_LOSS_PER_YEAR,
            },
        };
        let mut lit_m2 = 0.0;
        let mut mounting = None;
        for (i, (name, module, fitted)) in modules.iter().enumerate() {
            kind.idle_power_w += module.idle_power_w;
            kind.operating_k.0 = kind.operating_k.0.max(module.operating_k.0);
            kind.operating_k.1 = kind.operating_k.1.min(module.operating_k.1);
            let made_of = material_of(fitted.material);
            match &module.part {
                Part::Hop(spec) => kind.hop = Some(*spec),
                Part::Wheels(spec) => kind.wheels = *spec,
                Part::Thrusters(spec) => kind.thrusters = Some(*spec),
                Part::Anchor(spec) => kind.anchor = Some(*spec),
                Part::Drum(spec) => kind.drum = Some(*spec),
                Part::Drill(spec) => kind.drill = Some(*spec),
                Part::Repair(spec) => kind.repair = Some(*spec),
                Part::Bin {
                    capacity_kg,
                    unload_rate_kg_per_h,
                } => {
                    kind.bin_capacity_kg += capacity_kg;
                    kind.unload_rate_kg_per_h += unload_rate_kg_per_h;
                }
                Part::Tank { capacity_kg } => kind.tank_capacity_kg += capacity_kg,
                Part::Locker { capacity_kg } => kind.spares_capacity_kg += capacity_kg,
                Part::Battery { energy_wh } => kind.battery_wh += energy_wh,
                Part::Array {
                    area_m2,
                    efficiency,
                    mounting: how,
                } => {
                    lit_m2 += area_m2 * efficiency;
                    kind.solar_area_m2 += area_m2;
                    if mounting.is_some_and(|mounting| mounting != *how) {
                        self.misfit(
                            format!("modules[{i}]"),
                            format!(
                                "modules[{i}] = {name:?} is mounted {how:?}, but all panels of a robot must be mounted in one way"
                            ),
                        );
                    }
                    mounting = Some(*how);
                    kind.durability.cell_loss_per_year =
                        CELL_LOSS_PER_YEAR / made_of.map_or(1.0, |spec| spec.cell_life_factor);
                }
                Part::Radiator { area_m2 } => kind.radiator_area_m2 += area_m2,
                Part::Heater { power_w } => kind.heater_w += power_w,
                Part::Charger { power_w } => kind.charger_w = *power_w,
                Part::Brush { leaves, power_w } => {
                    kind.brush_leaves = *leaves;
                    kind.brush_power_w = *power_w;
                }
                Part::Instrument(spec) => kind.instruments.push(*spec),
                Part::Radio => {}
            }
            // The tool turns in the worst of the dust: its material decides how long it lasts.
            if let (Part::Drum(_) | Part::Drill(_), Some(spec)) = (&module.part, made_of) {
                kind.durability.tool_life_factor = spec.tool_life_factor;
                kind.durability.seal_life_h = SEAL_LIFE_H * spec.seal_life_factor;
                kind.durability.heals_per_day = spec.heals_per_day;
            }
        }
        kind.solar_mounting = mounting.unwrap_or_default();
        if 0.0 < kind.solar_area_m2 {
            kind.solar_efficiency = lit_m2 / kind.solar_area_m2;
        }
        self.check_sheet(spec, &kind);
        if self.misfits.is_empty() {
            Ok(kind)
        } else {
            Err(self.misfits)
        }
    }

    /// Slots, mass and bus of the chassis.
    fn check_fit(
        &mut self,
        spec: &KindSpec,
        chassis: &ChassisSpec,
        modules: &[(&str, &ModuleSpec, Fitted)],
    ) {
        let name = &spec.chassis;
        for slot in Slot::ALL {
            let here = |(_, module, _): &&(&str, &ModuleSpec, Fitted)| module.part.slot() == slot;
            let wanted = modules.iter().filter(here).count();
            let slots = chassis.slots.of(slot);
            if (slots as usize) < wanted {
                self.misfit(
                    "modules",
                    format!(
                        "modules holds {wanted} for {slot} slots and must hold at most the {slots} of chassis {name:?}"
                    ),
                );
            }
        }
        let payload_g: i64 = modules.iter().map(|(.., fitted)| fitted.mass_g).sum();
        let payload_kg = 1e-3 * payload_g as f64;
        if chassis.payload_max_kg < payload_kg {
            self.misfit(
                "modules",
                format!(
                    "modules weighs {payload_kg} kg and must weigh at most the {} kg that chassis {name:?} carries",
                    chassis.payload_max_kg
                ),
            );
        }
        let mut sole: BTreeMap<String, usize> = BTreeMap::new();
        for (i, (name, module, _)) in modules.iter().enumerate() {
            let power_w = module.part.power_w();
            if chassis.bus_max_w < power_w {
                self.misfit(
                    format!("modules[{i}]"),
                    format!(
                        "modules[{i}] = {name:?} draws {power_w} W and must draw at most the {} W of the bus of chassis {:?}",
                        chassis.bus_max_w, spec.chassis
                    ),
                );
            }
            if let Some(thing) = module.part.sole()
                && let Some(first) = sole.insert(thing.clone(), i)
            {
                self.misfit(
                    format!("modules[{i}]"),
                    format!(
                        "modules[{i}] = {name:?} is a second {thing} beside modules[{first}], and there must be one at most"
                    ),
                );
            }
        }
        let radio = modules
            .iter()
            .any(|(_, module, _)| matches!(module.part, Part::Radio));
        if !radio {
            self.misfit(
                "modules",
                "modules holds no radio, and must hold one to be commanded".to_owned(),
            );
        }
    }

    /// What the parts need of each other.
    fn check_sheet(&mut self, spec: &KindSpec, kind: &RobotKind) {
        if kind.battery_wh == 0.0 {
            self.misfit(
                "modules",
                "modules holds no battery, and must hold one".to_owned(),
            );
        }
        if kind.drum.is_some() && kind.bin_capacity_kg == 0.0 {
            self.misfit(
                "modules",
                "modules holds a drum but no bin, and must hold a bin to dig into".to_owned(),
            );
        }
        if kind.thrusters.is_some() && kind.tank_capacity_kg == 0.0 {
            self.misfit(
                "modules",
                "modules holds thrusters but no tank, and must hold one to burn from".to_owned(),
            );
        }
        if matches!(kind.anchor, Some(AnchorSpec::ThrustDown { .. })) && kind.thrusters.is_none() {
            self.misfit(
                "modules",
                "modules holds an anchor by thrust but no thrusters, and must hold them".to_owned(),
            );
        }
        if kind.operating_k.1 <= kind.operating_k.0 {
            self.misfit(
                "modules",
                format!(
                    "modules work together from {} to {} K, and must have temperatures in common",
                    kind.operating_k.0, kind.operating_k.1
                ),
            );
        }
        let within = |value: f64, max: f64| value.is_finite() && 0.0 <= value && value <= max;
        if !within(spec.propellant_kg, kind.tank_capacity_kg) {
            self.misfit(
                "propellant_kg",
                format!(
                    "propellant_kg = {} must be from 0 to {}, what the tanks hold",
                    spec.propellant_kg, kind.tank_capacity_kg
                ),
            );
        }
        let (mechanical_kg, electronic_kg) = spec.spares_kg;
        let room_kg = kind.spares_capacity_kg;
        if !(within(mechanical_kg, room_kg)
            && within(electronic_kg, room_kg)
            && within(mechanical_kg + electronic_kg, room_kg + 1e-9))
        {
            self.misfit(
                "spares_kg",
                format!(
                    "spares_kg = ({mechanical_kg}, {electronic_kg}) must be 0 or more and together at most {room_kg}, what the lockers hold"
                ),
            );
        }
    }
}
