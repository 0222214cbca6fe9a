//! Levels: the plain data that a world is made from, read from RON files and checked before use.
//!
//! A [`Level`] names bodies, prospectors, machines, market and charter; it holds no state. What
//! the world makes of it belongs to the domains themselves. Everything a level file can get wrong
//! is reported here with file, line, field, value and what was expected, so that nothing behind
//! this door has to doubt its numbers.

pub mod charters;
mod check;
mod field_lines;
pub mod kind;
pub mod lesson;
pub mod modules;
mod rivals;
mod syntax;

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};

pub use self::charters::CharterChoice;
pub use self::kind::RobotKind;
pub use self::rivals::{Affairs, Temperament};
use self::{
    field_lines::FieldLines,
    lesson::LessonStep,
    modules::{Catalogue, ChassisSpec, KindSpec, Material, MaterialSpec, ModuleSpec, SpareTerms},
};
pub use super::asteroid::BodyChoice;
use super::{
    asteroid::{Anchor, catalogue},
    economy::{labour::LabourTerms, ledger::Good, market::MarketTerms, markets::MarketsSpec},
    law::charter::Charter,
    plant::process::Processes,
    voyage::shipping::Route,
};

/// The version of the level format that this program reads.
pub const LEVEL_FORMAT: u32 = 1;

/// The levels compiled into the program, so that it has some wherever it is started: name and
/// text, in the order of the menu.
pub const BUILT_IN_LEVELS: [(&str, &str); 8] = [
    ("first-water", include_str!("../../levels/first-water.ron")),
    ("dont-jump", include_str!("../../levels/dont-jump.ron")),
    (
        "every-push-pushes-back",
        include_str!("../../levels/every-push-pushes-back.ron"),
    ),
    (
        "proving-ground",
        include_str!("../../levels/proving-ground.ron"),
    ),
    ("claim-rush", include_str!("../../levels/claim-rush.ron")),
    (
        "the-last-ice",
        include_str!("../../levels/the-last-ice.ron"),
    ),
    (
        "share-the-yield",
        include_str!("../../levels/share-the-yield.ron"),
    ),
    (
        "platinum-flood",
        include_str!("../../levels/platinum-flood.ron"),
    ),
];

/// A scenario: one body, the prospectors on it, their machines, the market and the rules.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Level {
    /// The version of the format, [`LEVEL_FORMAT`].
    pub format: u32,
    /// The short name by which the command line and reports know the level.
    pub name: String,
    /// The name that the menu shows.
    pub title: String,
    /// What awaits the player, in a sentence or two.
    pub summary: String,
    pub body: BodyChoice,
    /// The seed of everything random that is not part of the body.
    pub seed: u64,
    /// Length of a tick while anything moves freely [s]; a whole number of milliseconds.
    pub tick_s: f64,
    /// Longest tick while nothing moves freely but machines work [s].
    pub long_tick_s: f64,
    /// Longest tick while nothing moves and no machine works [s].
    pub idle_tick_s: f64,
    /// Whether robots fly and land by physics, or by plan and chance.
    #[serde(default)]
    pub motion: MotionModel,
    pub start: Start,
    /// Named places on the body, from which machines are placed by offsets in metres.
    pub sites: BTreeMap<String, Coordinates>,
    pub prospectors: Vec<ProspectorSpec>,
    /// Kinds of robot besides those of the program's own catalogue, or in their place.
    #[serde(default)]
    pub robot_kinds: BTreeMap<String, KindSpec>,
    /// Chassis besides those of the program's own catalogue, or in their place.
    #[serde(default)]
    pub chassis: BTreeMap<String, ChassisSpec>,
    /// Modules besides those of the program's own catalogue, or in their place.
    #[serde(default)]
    pub modules: BTreeMap<String, ModuleSpec>,
    /// Materials in the place of the program's own.
    #[serde(default)]
    pub materials: BTreeMap<Material, MaterialSpec>,
    /// Processes of plants besides those of the program's own catalogue, or in their place.
    #[serde(default)]
    pub processes: Processes,
    /// What spare parts cost, if not as in the program's own catalogue.
    #[serde(default)]
    pub spares: Option<SpareTerms>,
    pub robots: Vec<RobotSpec>,
    pub plant_kinds: BTreeMap<String, PlantKind>,
    pub plants: Vec<PlantSpec>,
    /// The node that buys, and its demand.
    pub market: MarketTerms,
    /// Other markets: those of the tables at some nodes, or with terms of the level's own.
    #[serde(default)]
    pub markets: MarketsSpec,
    /// The way from the site to the market's node.
    pub freight: Freight,
    /// Ways of the tugs, besides those that follow from `freight` and the tables, or in their place.
    #[serde(default)]
    pub routes: Vec<Route>,
    /// The rules in force.
    pub charter: CharterChoice,
    pub costs: Costs,
    /// Factor on dust, wear and dose: above 1 where a lesson cannot wait for years.
    #[serde(default = "one")]
    pub ageing: f64,
    /// What counts as having finished the level; all of them.
    pub goals: Vec<Goal>,
    /// The steps that a newcomer is taught, in order.
    pub lesson: Vec<LessonStep>,
}

/// How robots get from place to place.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub enum MotionModel {
    /// By forces, tick by tick.
    #[default]
    Simulated,
    /// By plan: a journey takes the time, propellant and energy of one of the flights that its
    /// forecast counts, and ends as that one does. For years of work in minutes.
    Planned,
}

/// When the level begins; this sets where the Sun stands.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Start {
    /// Julian date in barycentric dynamical time [d]; places the body on its orbit.
    pub jd_tdb: f64,
    /// Local solar time at longitude zero, in 24ths of a solar day of the body; 12 is noon.
    pub time_of_day_h: f64,
}

/// A place on the surface of the body, in body-fixed planetocentric coordinates.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Coordinates {
    /// North positive, −90 to 90.
    pub latitude_deg: f64,
    /// East positive, −360 to 360.
    pub longitude_deg: f64,
}

/// Where a machine stands when the level begins.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub enum Site {
    /// At a latitude and longitude.
    At {
        latitude_deg: f64,
        longitude_deg: f64,
    },
    /// Some metres along the mean sphere from one of [`Level::sites`].
    Offset {
        of: String,
        east_m: f64,
        north_m: f64,
    },
}

/// An economic actor and what it owns besides machines.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProspectorSpec {
    pub name: String,
    pub kind: ProspectorKind,
    pub brain: Brain,
    /// Credits at the start; one credit is one US dollar of 2024.
    pub credits: f64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub enum ProspectorKind {
    Person,
    Company,
    Agency,
    Cooperative,
}

/// What decides for a prospector.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub enum Brain {
    /// Somebody outside the simulation: the player, an orders file, a test.
    Human,
    /// A script of the program, which decides from observations alone.
    Scripted {
        temperament: Temperament,
        /// Spots sampled before the best of them is claimed.
        survey_spots: u32,
        /// How far from its plant the script looks for ore [m].
        search_radius_m: f64,
        /// Radius of the claim it files [m].
        claim_radius_m: f64,
        /// It sells when this much water stands in a plant's tank [kg].
        sale_lot_kg: f64,
        /// It waits while the market pays less than this, freight not deducted [credits/kg].
        sale_price_min_credits_per_kg: f64,
        /// Its dealings with others; without them it sells water at the level's market as it
        /// comes, and takes no part in anything else.
        #[serde(default)]
        affairs: Option<Affairs>,
    },
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RobotSpec {
    pub name: String,
    /// One of [`Level::prospectors`].
    pub owner: String,
    /// One of [`Level::robot_kinds`], or of the program's own catalogue.
    pub kind: String,
    pub site: Site,
}

/// A model of plant that bakes water out of rock.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PlantKind {
    /// Mass with hopper and tank empty [kg].
    pub dry_mass_kg: f64,
    /// Width, height and length [m].
    pub size_m: (f64, f64, f64),
    /// Largest load of feedstock waiting or in the oven [kg].
    pub hopper_capacity_kg: f64,
    /// Largest store of water [kg].
    pub tank_capacity_kg: f64,
    /// Water in the tank at the start [kg].
    pub water_kg: f64,
    pub solar_area_m2: f64,
    /// Electrical power per power of sunlight on the cells, 0 to 1.
    pub solar_efficiency: f64,
    /// Drawn by pumps, heaters and radio, always [W].
    pub idle_power_w: f64,
    /// Largest power of the oven [W].
    pub oven_power_w: f64,
    /// Heat to bring rock to the temperature of dehydroxylation [MJ per kg of rock].
    pub heat_mj_per_kg_rock: f64,
    /// Heat of dehydroxylation and evaporation [MJ per kg of water].
    pub heat_mj_per_kg_water: f64,
    /// Part of the water in the rock that ends up in the tank, 0 to 1.
    pub water_recovery: f64,
    /// Reach of the plant's arm: a robot this near is docked [m].
    pub dock_radius_m: f64,
    /// What it is equipped for besides baking, by name: processes of the program's own catalogue or
    /// of [`Level::processes`].
    #[serde(default)]
    pub processes: Vec<String>,
    /// Energy to print metal parts from tailings [kWh/kg], if there is a printer.
    #[serde(default)]
    pub print_kwh_per_kg: Option<f64>,
    /// Power offered to a docked robot [W].
    pub charge_power_w: f64,
    /// Price of a new one, delivered [credits].
    pub price_credits: f64,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PlantSpec {
    pub name: String,
    /// One of [`Level::prospectors`].
    pub owner: String,
    /// One of [`Level::plant_kinds`].
    pub kind: String,
    pub site: Site,
}

/// The way from the site to the node: part of the cargo is burnt, the rest arrives.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Freight {
    pub delta_v_km_s: f64,
    pub isp_s: f64,
    /// Paid to the carrier for each kilogram that leaves the site.
    pub fee_credits_per_kg: f64,
}

/// Running costs, paid to named sinks.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Costs {
    pub upkeep_credits_per_robot_day: f64,
    pub upkeep_credits_per_plant_day: f64,
    pub energy_credits_per_kwh: f64,
    /// For lawyers and notary, from each who founds a venture or joins one.
    #[serde(default)]
    pub venture_fee_credits: f64,
    /// Wages of those who work on Earth, and programs in their place; if nothing is said, work is
    /// counted and not paid.
    #[serde(default)]
    pub labour: LabourTerms,
}

/// Something to reach.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub enum Goal {
    /// The prospector has sold so much.
    Sold {
        prospector: String,
        good: Good,
        mass_kg: f64,
    },
    /// The prospector owns so many credits.
    Credits { prospector: String, credits: f64 },
    /// A robot of the prospector has jumped at least so high, and the prediction of the height was
    /// off by no more than a part of it.
    Foretold {
        prospector: String,
        apex_min_m: f64,
        /// Of the height that came, 0 to 1.
        tolerance: f64,
    },
    /// A drill has pushed its robot off the ground.
    ThrownOff { prospector: String },
    /// A robot of the prospector has drilled so deep and moved no more than so far.
    Cored {
        prospector: String,
        depth_m: f64,
        slip_max_m: f64,
    },
    /// No robot of the prospector has been lost.
    NoneLost { prospector: String },
}

impl Goal {
    /// Whose goal it is.
    pub fn prospector(&self) -> &str {
        match self {
            Self::Sold { prospector, .. }
            | Self::Credits { prospector, .. }
            | Self::Foretold { prospector, .. }
            | Self::ThrownOff { prospector }
            | Self::Cored { prospector, .. }
            | Self::NoneLost { prospector } => prospector,
        }
    }
}

impl fmt::Display for Goal {
    /// What is to be done, for the one who is to do it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sold { good, mass_kg, .. } => write!(f, "sell {mass_kg} kg of {}", good.as_str()),
            Self::Credits { credits, .. } => write!(f, "own {credits} credits"),
            Self::Foretold {
                apex_min_m,
                tolerance,
                ..
            } => write!(
                f,
                "jump {apex_min_m} m high or more and foretell it within {:.0} %",
                100.0 * tolerance
            ),
            Self::ThrownOff { .. } => f.write_str("see what a drill does without an anchor"),
            Self::Cored {
                depth_m,
                slip_max_m,
                ..
            } => write!(
                f,
                "drill {depth_m} m deep and slip less than {:.0} cm",
                100.0 * slip_max_m
            ),
            Self::NoneLost { .. } => f.write_str("lose no robot"),
        }
    }
}

/// One thing wrong with a level file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct LevelError {
    /// The file, as it was named by whoever asked for it.
    pub file: String,
    /// The line of the field, counted from 1; 0 if the error is about the file as a whole.
    pub line: usize,
    /// The path of the field, such as `robots[2].owner`; empty if the error is about the file.
    pub field: String,
    /// A sentence with the value, what was expected and the level.
    pub message: String,
}

impl fmt::Display for LevelError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)?;
        if 0 < self.line {
            write!(f, ", line {}", self.line)?;
        }
        Ok(())
    }
}

/// Everything wrong with a level file: never empty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LevelErrors(pub Vec<LevelError>);

impl fmt::Display for LevelErrors {
    /// The first error, and how many more there are: one sentence.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(first) = self.0.first() else {
            return f.write_str("the level is unusable");
        };
        write!(f, "{first}")?;
        match self.0.len() {
            1 => Ok(()),
            2 => f.write_str(" (and 1 more error; `bonanza check` lists them)"),
            n => write!(
                f,
                " (and {} more errors; `bonanza check` lists them)",
                n - 1
            ),
        }
    }
}

impl std::error::Error for LevelErrors {}

impl Level {
    /// Reads and checks a level file.
    ///
    /// # Errors
    /// Everything that is wrong with the file; after an error of syntax, that alone.
    pub fn read(path: &Path) -> Result<Self, LevelErrors> {
        let file = path.display().to_string();
        let text = std::fs::read_to_string(path).map_err(|error| {
            LevelErrors(vec![LevelError {
                message: format!("cannot read level \"{file}\": {error}"),
                file: file.clone(),
                line: 0,
                field: String::new(),
            }])
        })?;
        let folder = path.parent().unwrap_or(Path::new(""));
        // Absolute, so that saves and records of the level find a mesh from anywhere.
        let folder = std::path::absolute(folder).unwrap_or_else(|_| folder.to_owned());
        Self::parse_in(&text, &file, &folder)
    }

    /// Checks the text of a level; `file` is its name in errors. A mesh is looked for from the
    /// current folder.
    ///
    /// # Errors
    /// As [`Level::read`].
    pub fn parse(text: &str, file: &str) -> Result<Self, LevelErrors> {
        Self::parse_in(text, file, Path::new(""))
    }

    fn parse_in(text: &str, file: &str, folder: &Path) -> Result<Self, LevelErrors> {
        let lines = FieldLines::of(text);
        let mut level: Self = ron::Options::default().from_str(text).map_err(|error| {
            LevelErrors(vec![syntax::syntax_error(
                text, file, "level", &lines, &error,
            )])
        })?;
        level.body.resolve(folder);
        level.check(file, &lines)?;
        Ok(level)
    }

    /// Finds a level by path or by bare name: among the files in `levels` of the current folder,
    /// beside the executable and in the source tree, then among those compiled in.
    ///
    /// # Errors
    /// That there is no such level, or what is wrong with it.
    pub fn find(name: &str) -> Result<Self, LevelErrors> {
        let path = Path::new(name);
        if path.is_file() {
            return Self::read(path);
        }
        let bare = !name.is_empty()
            && name
                .chars()
                .all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_'));
        if bare {
            for folder in level_folders() {
                let path = folder.join(format!("{name}.ron"));
                if path.is_file() {
                    return Self::read(&path);
                }
            }
            if let Some((_, text)) = BUILT_IN_LEVELS.iter().find(|(known, _)| *known == name) {
                return Self::parse(text, name);
            }
        }
        let known: Vec<_> = Self::all_names();
        Err(LevelErrors(vec![LevelError {
            file: name.to_owned(),
            line: 0,
            field: String::new(),
            message: format!(
                "there is no level \"{name}\": neither a file of that name nor one of {}",
                known.join(", ")
            ),
        }]))
    }

    /// A body of the catalogue with nobody on it, to be looked at; `None` if there is none of that
    /// name.
    pub fn of_body(id: &str) -> Option<Self> {
        let record = catalogue::find_body(id).ok()?;
        let (name, text) = BUILT_IN_LEVELS[0];
        let mut level = Self::parse(text, name).expect("a test reads the built-in levels");
        level.name = record.id.clone();
        level.title = record.name.clone();
        level.summary = format!("{}, with nobody on it.", record.name);
        level.body = BodyChoice::Catalogue {
            id: record.id.clone(),
            seed: 0,
        };
        // Ten in the morning, not far from the equator.
        level.start.time_of_day_h = 12.0;
        let site = Coordinates {
            latitude_deg: 15.0,
            longitude_deg: -30.0,
        };
        level.sites = BTreeMap::from([("site".to_owned(), site)]);
        level.prospectors.retain(|spec| spec.brain == Brain::Human);
        level.robots.clear();
        level.plants.clear();
        level.goals.clear();
        level.lesson.clear();
        Some(level)
    }

    /// The bare names that [`Level::find`] knows, sorted.
    pub fn all_names() -> Vec<String> {
        let mut names: BTreeSet<String> = BUILT_IN_LEVELS
            .iter()
            .map(|(name, _)| (*name).to_owned())
            .collect();
        for folder in level_folders() {
            for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
                let path = entry.path();
                if path.extension().is_some_and(|extension| extension == "ron")
                    && let Some(stem) = path.file_stem().and_then(|stem| stem.to_str())
                {
                    names.insert(stem.to_owned());
                }
            }
        }
        names.into_iter().collect()
    }

    /// Checks a level that was made in code.
    ///
    /// # Errors
    /// Everything that is wrong with it, without lines.
    pub fn validate(&self) -> Result<(), LevelErrors> {
        self.check(&self.name, &FieldLines::default())
    }

    /// The rules in force at the beginning.
    ///
    /// # Panics
    /// If the level has not been checked and names a charter that there is not.
    pub fn charter(&self) -> Charter {
        self.charter
            .resolve()
            .expect("a checked level names a charter that there is")
    }

    /// The level as the text of a level file.
    pub fn to_ron(&self) -> String {
        ron::ser::to_string_pretty(self, ron::ser::PrettyConfig::default())
            .expect("a level is plain data that RON can write")
    }

    /// Where the work is: the place of the first plant, else of the first robot, else the first
    /// named site, else latitude and longitude zero.
    pub fn anchor(&self) -> Anchor {
        let mut machines = self.plants.iter().map(|plant| &plant.site);
        let site = machines
            .next()
            .or_else(|| self.robots.first().map(|robot| &robot.site));
        let named = match site {
            Some(Site::At {
                latitude_deg,
                longitude_deg,
            }) => Some(Coordinates {
                latitude_deg: *latitude_deg,
                longitude_deg: *longitude_deg,
            }),
            Some(Site::Offset { of, .. }) => self.sites.get(of).copied(),
            None => self.sites.values().next().copied(),
        };
        named.map_or(Anchor::default(), |place| Anchor {
            latitude_rad: place.latitude_deg.to_radians(),
            longitude_rad: place.longitude_deg.to_radians(),
        })
    }

    /// What the level adds to the program's catalogue of robots.
    pub fn own_catalogue(&self) -> Catalogue {
        Catalogue {
            chassis: self.chassis.clone(),
            modules: self.modules.clone(),
            materials: self.materials.clone(),
            kinds: self.robot_kinds.clone(),
            spares: self.spares,
            processes: self.processes.clone(),
        }
    }

    /// Latitude and longitude [rad] of a site on a body of this mean radius [m]; `None` if the
    /// site is an offset from a place that the level does not name.
    pub fn latitude_longitude_rad(&self, site: &Site, radius_m: f64) -> Option<(f64, f64)> {
        let degrees = |latitude_deg: f64, longitude_deg: f64| {
            (latitude_deg.to_radians(), longitude_deg.to_radians())
        };
        match site {
            Site::At {
                latitude_deg,
                longitude_deg,
            } => Some(degrees(*latitude_deg, *longitude_deg)),
            Site::Offset {
                of,
                east_m,
                north_m,
            } => {
                let anchor = self.sites.get(of)?;
                let (latitude, longitude) = degrees(anchor.latitude_deg, anchor.longitude_deg);
                // At a pole east has no meaning; a level that works there names its places.
                let parallel_m = radius_m * latitude.cos().max(1e-3);
                Some((
                    latitude + north_m / radius_m,
                    longitude + east_m / parallel_m,
                ))
            }
        }
    }
}

fn one() -> f64 {
    1.0
}

/// Folders that may hold level files, in the order in which they are searched.
fn level_folders() -> Vec<PathBuf> {
    let mut folders = vec![PathBuf::from("levels")];
    if let Ok(executable) = std::env::current_exe()
        && let Some(folder) = executable.parent()
    {
        folders.push(folder.join("levels"));
    }
    folders.push(Path::new(env!("CARGO_MANIFEST_DIR")).join("levels"));
    folders
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_built_in_levels_are_sound_and_survive_writing() {
        for (name, text) in BUILT_IN_LEVELS {
            let level = Level::parse(text, name).unwrap_or_else(|errors| panic!("{:#?}", errors.0));
            assert_eq!(level.name, name);
            assert_eq!(Level::parse(&level.to_ron(), name).unwrap(), level);
        }
    }
}
