//! Work on machines: refit at a plant, repair by another robot, cleaning, spare parts, a cable.
//!
//! An order begins a [`Job`] here, after the same checks that its end makes again; [`work`] counts
//! its time and books what it moves. Modules and spare parts are dry mass in the ledger: what is
//! bought comes from the source `imports`, what is worn goes to `scrap`, and a robot weighs what
//! its account says.

use std::sync::Arc;

use bevy::math::DVec3;
use bevy::prelude::*;
use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::Xxh3;

use super::autopilot::{Autopilot, LOW_BATTERY};
use super::command::own_robot;
use super::rescue::place_beside_m;
use super::{Anchor, Battery, Bin, Gear, Health, Robot, Tank, Tool, stand};
use crate::sim::asteroid::Terrain;
use crate::sim::desk::Desk;
use crate::sim::economy::ledger::{AccountId, Ledger, Memo};
use crate::sim::level::RobotKind;
use crate::sim::level::kind::Fitted;
use crate::sim::level::modules::{Catalogue, KindSpec, Part, SpareTerms};
use crate::sim::order::{Log, Order, Refusal, Severity};
use crate::sim::physics::{BodyHandle, Motion, Physics};
use crate::sim::plant::{Plant, grams};
use crate::sim::prospector::{ProspectorId, Prospectors};
use crate::sim::{Accounts, Chance, Clock, Terms};

/// Time to bolt one module on or off [s] (assumed).
const REFIT_S: f64 = 900.0;
/// Time in which a plant changes one part of a robot [s] (assumed).
const OVERHAUL_S: f64 = 1_800.0;
/// Time to take spare parts on board [s] (assumed).
const STOCK_S: f64 = 300.0;
/// Time to clean panels [s] (assumed).
const CLEAN_S: f64 = 300.0;
/// Time to take a wreck apart [s] (assumed: an hour and a half).
const STRIP_S: f64 = 5_400.0;
/// Time to take a machine up and to put it down [s] (assumed).
const CARRY_S: f64 = 600.0;
const PUT_DOWN_S: f64 = 120.0;
/// Reach of a charging cable from hull to hull [m] (assumed).
const CABLE_M: f64 = 5.0;
/// Energy that arrives over energy sent (assumed: two converters of 95 %).
const CABLE_EFFICIENCY: f64 = 0.9;
/// Wear below this is not worth a spare part.
const WORN: f64 = 0.05;
/// Share of the dust that an arm with a brush leaves on another robot's panels (assumed).
const ARM_LEAVES: f64 = 0.1;
/// Spare parts by what they mend [g] (assumed).
const BOARDS_G: i64 = 1_000;
const SEALS_G: i64 = 600;
const BIT_G: i64 = 500;
const TEETH_G: i64 = 1_500;
/// Shares of a wreck's dry mass that serve as mechanical and electronic spare parts (assumed).
const SALVAGE: (f64, f64) = (0.25, 0.04);
/// Tailings that a printer needs for its mass of metal, and oxygen that it lets go: rock with a
/// third of metal in oxides of which two sevenths are oxygen (FeO, 56 + 16).
pub const TAILINGS_PER_PART: f64 = 3.0;
pub const OXYGEN_PER_PART: f64 = 0.4;
/// Largest order of spare parts [kg]: more is a slip of the pen.
const SPARES_MAX_KG: f64 = 1e5;

/// Spare parts in a locker or a store.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Spares {
    /// Bits, teeth, seals, joints [g].
    pub(in crate::sim) mechanical_g: i64,
    /// Boards and cells [g].
    pub(in crate::sim) electronic_g: i64,
    pub mechanical_account: AccountId,
    pub electronic_account: AccountId,
}

impl Spares {
    pub fn mechanical_g(&self) -> i64 {
        self.mechanical_g
    }

    pub fn electronic_g(&self) -> i64 {
        self.electronic_g
    }

    pub fn total_g(&self) -> i64 {
        self.mechanical_g + self.electronic_g
    }

    pub(crate) fn hash_into(&self, hash: &mut Xxh3) {
        for value in [self.mechanical_g, self.electronic_g] {
            hash.update(&value.to_le_bytes());
        }
    }
}

/// Work that a robot does on itself or on another.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Job {
    Refit {
        plant: String,
        remove: Vec<String>,
        add: Vec<String>,
    },
    Stock {
        plant: String,
        mechanical_g: i64,
        electronic_g: i64,
    },
    Clean,
    /// Repair at a plant, which has arms and buys the parts that it lacks.
    Overhaul {
        plant: String,
    },
    Carry {
        load: String,
    },
    PutDown {
        load: String,
    },
    Repair {
        patient: String,
    },
    Cannibalise {
        wreck: String,
    },
    GivePower {
        to: String,
        left_j: f64,
    },
}

/// The work that a robot is at, if any.
#[derive(Component, Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Service {
    job: Option<Job>,
    spent_s: f64,
}

impl Service {
    pub fn is_idle(&self) -> bool {
        self.job.is_none()
    }

    pub fn job(&self) -> Option<&Job> {
        self.job.as_ref()
    }

    fn begin(&mut self, job: Job) {
        self.job = Some(job);
        self.spent_s = 0.0;
    }

    pub(in crate::sim) fn stop(&mut self) {
        self.job = None;
        self.spent_s = 0.0;
    }

    /// What it does, in words for its owner.
    pub fn describe(&self) -> Option<String> {
        Some(match self.job.as_ref()? {
            Job::Refit { plant, .. } => format!("refitting at {plant}"),
            Job::Stock { plant, .. } => format!("taking spare parts at {plant}"),
            Job::Clean => "cleaning its panels".into(),
            Job::Overhaul { plant } => format!("being repaired at {plant}"),
            Job::Carry { load } => format!("taking {load} on its back"),
            Job::PutDown { load } => format!("putting {load} down"),
            Job::Repair { patient } => format!("repairing {patient}"),
            Job::Cannibalise { wreck } => format!("taking {wreck} apart"),
            Job::GivePower { to, left_j } => {
                format!("charging {to}, {:.0} Wh to go", left_j / 3600.0)
            }
        })
    }

    /// Done part of the job, where it can be told.
    pub fn progress(&self, kind: &RobotKind) -> Option<f64> {
        let time_s = self.time_s(kind)?;
        Some((self.spent_s / time_s).min(1.0))
    }

    /// Time that the job still takes [s], where it can be told.
    pub(super) fn left_s(&self, kind: &RobotKind) -> Option<f64> {
        Some((self.time_s(kind)? - self.spent_s).max(0.0))
    }

    fn time_s(&self, kind: &RobotKind) -> Option<f64> {
        match self.job.as_ref()? {
            Job::Refit { remove, add, .. } => Some(refit_time_s(remove, add)),
            Job::Stock { .. } => Some(STOCK_S),
            Job::Clean => Some(CLEAN_S),
            Job::Overhaul { .. } => Some(OVERHAUL_S),
            Job::Carry { .. } => Some(CARRY_S),
            Job::PutDown { .. } => Some(PUT_DOWN_S),
            Job::Repair { .. } => kind.repair.map(|arm| arm.time_s),
            Job::Cannibalise { .. } => Some(STRIP_S),
            Job::GivePower { .. } => None,
        }
    }

    pub(crate) fn hash_into(&self, hash: &mut Xxh3) {
        let job = postcard::to_stdvec(&self.job).expect("a job is plain data");
        hash.update(&job);
        hash.update(&self.spent_s.to_bits().to_le_bytes());
    }
}

fn refit_time_s(remove: &[String], add: &[String]) -> f64 {
    REFIT_S * (remove.len() + add.len()) as f64
}

/// What a refit would make of a robot, told before it is ordered.
#[derive(Clone, Debug, PartialEq)]
pub struct RefitEstimate {
    /// The new performance sheet.
    pub sheet: RobotKind,
    /// To be paid for what the plant has not in stock [credits].
    pub cost_credits: f64,
    pub time_s: f64,
    /// Taken from the plant's stock, and bought, by name.
    pub from_stock: Vec<String>,
    pub bought: Vec<String>,
    /// Taken off and laid in stock, or worn and thrown away, by name.
    pub to_stock: Vec<String>,
    pub to_scrap: Vec<String>,
}

/// A refit that has been checked.
struct RefitPlan {
    kind: RobotKind,
    from_stock: Vec<Fitted>,
    bought: Vec<Fitted>,
    to_stock: Vec<Fitted>,
    to_scrap: Vec<Fitted>,
}

impl RefitPlan {
    fn cost_ucr(&self) -> i64 {
        self.bought.iter().map(|part| part.price_ucr).sum()
    }
}

/// What of a robot a refit has to know.
struct Loaded<'a> {
    robot: &'a Robot,
    bin: &'a Bin,
    tank: &'a Tank,
    tool: &'a Tool,
    gear: &'a Gear,
    health: &'a Health,
}

fn plan_refit(
    catalogue: &Catalogue,
    loaded: Loaded,
    plant: &Plant,
    remove: &[String],
    add: &[String],
) -> Result<RefitPlan, Refusal> {
    let Loaded {
        robot,
        bin,
        tank,
        tool,
        gear,
        health,
    } = loaded;
    let name = &robot.name;
    if remove.is_empty() && add.is_empty() {
        return Err(Refusal::because("nothing is to be added or removed"));
    }
    if robot.stripped {
        return Err(Refusal::because(format!("{name} has been taken apart")));
    }
    let old = &robot.kind.build;
    let mut modules = old.module_names();
    let (mut to_stock, mut to_scrap) = (Vec::new(), Vec::new());
    let mut fitted: Vec<Fitted> = old.modules.clone();
    for module in remove {
        let Some(at) = modules.iter().position(|there| there == module) else {
            return Err(Refusal::because(format!(
                "{name} has no module \"{module}\" to remove"
            )));
        };
        modules.remove(at);
        let part = fitted.remove(at);
        let wear = match catalogue.modules.get(module).map(|spec| &spec.part) {
            Some(Part::Drum(_)) => tool.wear().max(health.seal_wear()),
            Some(Part::Drill(_)) => gear.drill.wear.max(health.seal_wear()),
            _ => 0.0,
        };
        if wear < WORN {
            to_stock.push(part);
        } else {
            to_scrap.push(part);
        }
    }
    modules.extend(add.iter().cloned());
    let spec = KindSpec {
        after: Vec::new(),
        summary: String::new(),
        chassis: old.chassis.name.clone(),
        modules,
        material: robot.kind.material,
        propellant_kg: 0.0,
        spares_kg: (0.0, 0.0),
    };
    let kind = catalogue.resolve(&spec).map_err(|misfits| {
        let first = misfits.into_iter().next();
        Refusal::because(first.map_or_else(String::new, |misfit| misfit.message))
    })?;
    for (what, load_g, capacity_kg) in [
        ("bin", bin.load.mass_g, kind.bin_capacity_kg),
        ("tank", tank.propellant_g, kind.tank_capacity_kg),
        ("locker", robot.spares.total_g(), kind.spares_capacity_kg),
    ] {
        if grams(capacity_kg) < load_g {
            return Err(Refusal::because(format!(
                "the {what} of {name} holds {:.1} kg, and only {capacity_kg} kg would fit",
                1e-3 * load_g as f64
            )));
        }
    }
    let mut stock = plant.stock.clone();
    let (mut from_stock, mut bought) = (Vec::new(), Vec::new());
    for module in add {
        let part = catalogue
            .fitted(module, robot.kind.material)
            .expect("the kind has been resolved with it");
        match stock.iter().position(|there| *there == part) {
            Some(at) => from_stock.push(stock.remove(at)),
            None => bought.push(part),
        }
    }
    Ok(RefitPlan {
        kind,
        from_stock,
        bought,
        to_stock,
        to_scrap,
    })
}

fn names(parts: &[Fitted]) -> Vec<String> {
    parts.iter().map(|part| part.name.clone()).collect()
}

/// Distance from hull to hull of two robots, taken as spheres around their boxes [m].
fn gap_m(a: (&Robot, &Motion), b: (&Robot, &Motion)) -> f64 {
    let radius_m = |robot: &Robot| 0.5 * f64::from(robot.size_m().length());
    f64::from(a.1.position_m.distance(b.1.position_m)) - radius_m(a.0) - radius_m(b.0)
}

/// One part that is to be changed, with its weight.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Change {
    Boards,
    Seals,
    Bit,
    Teeth,
    Dust,
}

impl Change {
    const ALL: [Self; 5] = [
        Self::Boards,
        Self::Seals,
        Self::Bit,
        Self::Teeth,
        Self::Dust,
    ];

    /// Mechanical and electronic spare parts that it takes [g].
    fn needs_g(self) -> (i64, i64) {
        match self {
            Self::Boards => (0, BOARDS_G),
            Self::Seals => (SEALS_G, 0),
            Self::Bit => (BIT_G, 0),
            Self::Teeth => (TEETH_G, 0),
            Self::Dust => (0, 0),
        }
    }

    fn is_due(self, kind: &RobotKind, health: &Health, tool: &Tool, gear: &Gear) -> bool {
        match self {
            Self::Boards => health.is_dead(),
            Self::Seals => health.is_seized() || WORN < health.seal_wear(),
            Self::Bit => kind.drill.is_some() && WORN < gear.drill.wear,
            Self::Teeth => kind.drum.is_some() && WORN < tool.wear(),
            Self::Dust => 0.01 < health.panel_dust(),
        }
    }

    fn describe(self) -> &'static str {
        match self {
            Self::Boards => "new boards",
            Self::Seals => "new seals",
            Self::Bit => "a new bit",
            Self::Teeth => "new teeth",
            Self::Dust => "clean panels",
        }
    }
}

/// The first change that a robot needs, whatever spare parts there are.
fn due_change(
    (robot, health, tool, gear): (&Robot, &Health, &Tool, &Gear),
) -> Result<Change, Refusal> {
    Change::ALL
        .into_iter()
        .find(|change| change.is_due(&robot.kind, health, tool, gear))
        .ok_or_else(|| Refusal::because(format!("nothing of {} needs repair", robot.name)))
}

/// The next change that a robot needs and that these spare parts allow; else why there is none.
fn next_change(
    patient: (&Robot, &Health, &Tool, &Gear),
    spares: &Spares,
) -> Result<Change, Refusal> {
    let (robot, health, tool, gear) = patient;
    let mut missing = None;
    for change in Change::ALL {
        if !change.is_due(&robot.kind, health, tool, gear) {
            continue;
        }
        let (mechanical_g, electronic_g) = change.needs_g();
        if mechanical_g <= spares.mechanical_g && electronic_g <= spares.electronic_g {
            return Ok(change);
        }
        missing = missing.or(Some(change));
    }
    Err(Refusal::because(match missing {
        Some(change) => {
            let (mechanical_g, electronic_g) = change.needs_g();
            format!(
                "{} needs {}, for which {:.1} kg of mechanical and {:.1} kg of electronic spare parts must be at hand",
                robot.name,
                change.describe(),
                1e-3 * mechanical_g as f64,
                1e-3 * electronic_g as f64
            )
        }
        None => format!("nothing of {} needs repair", robot.name),
    }))
}

impl Desk<'_, '_> {
    /// Begins work on a machine.
    pub(in crate::sim) fn serve(
        &mut self,
        sender: ProspectorId,
        order: &Order,
    ) -> Result<(), Refusal> {
        let name = self.actor(order);
        let job = self.job(sender, name, order)?;
        let Some(job) = job else { return Ok(()) };
        let (.., mut pilot, _, mut probe, _, _, _, mut service) =
            own_robot(&mut self.robots, sender, name)?;
        pilot.set([]);
        probe.leave_ground();
        service.begin(job);
        Ok(())
    }

    /// The robot whose time a job takes: the one that acts, or that a plant works on.
    fn actor<'a>(&self, order: &'a Order) -> &'a str {
        match order {
            Order::Repair { robot, by } if self.plants.iter().any(|plant| plant.name == *by) => {
                robot
            }
            _ => order.robot().unwrap_or_default(),
        }
    }

    /// The job of an order, checked; `None` for what a plant does by itself.
    fn job(
        &mut self,
        sender: ProspectorId,
        name: &str,
        order: &Order,
    ) -> Result<Option<Job>, Refusal> {
        if let Order::PrintSpares { plant, mass_kg } = order {
            self.print(sender, plant, *mass_kg)?;
            return Ok(None);
        }
        let by_plant = match order {
            Order::Refit { .. } => true,
            Order::Repair { robot, by } => name == robot && name != by,
            _ => false,
        };
        {
            let (robot, motion, _, _, battery, _, _, _, _, _, health, ..) =
                own_robot(&mut self.robots, sender, name)?;
            // A plant works on whatever lies in its reach; a robot must be able to.
            if !by_plant {
                health.may_act(name, false)?;
                if battery.fraction() < LOW_BATTERY {
                    return Err(Refusal::because(format!(
                        "the battery of {name} is down to {:.0} %",
                        100.0 * battery.fraction()
                    )));
                }
            }
            if !(motion.at_rest || motion.touching) {
                return Err(Refusal::because(format!(
                    "{name} must stand on the ground for that"
                )));
            }
            if robot.stripped {
                return Err(Refusal::because(format!("{name} has been taken apart")));
            }
        }
        let robots = self.robots.as_readonly();
        let find = |wanted: &str| {
            robots
                .iter()
                .find(|(robot, ..)| robot.name == wanted)
                .ok_or_else(|| Refusal::because(format!("there is no robot \"{wanted}\"")))
        };
        let (robot, motion, ..) = find(name)?;
        // Another robot of one's own within a reach.
        let near = |wanted: &str, reach_m: f64| {
            let other = find(wanted)?;
            if wanted == name {
                return Err(Refusal::because(format!("{name} cannot do that to itself")));
            }
            if other.0.owner != sender {
                return Err(Refusal::because(format!("{wanted} is not yours")));
            }
            if other.0.lost {
                return Err(Refusal::because(format!("{wanted} is lost to space")));
            }
            if let Some(carrier) = &other.0.carried_by {
                return Err(Refusal::because(format!(
                    "{wanted} is being carried by {carrier}"
                )));
            }
            let gap_m = gap_m((robot, motion), (other.0, other.1));
            if reach_m < gap_m {
                return Err(Refusal::because(format!(
                    "{wanted} is {gap_m:.1} m away from {name}, which reaches {reach_m} m"
                )));
            }
            Ok(other)
        };
        let docked = || {
            self.plants
                .iter()
                .find(|plant| plant.owner == sender && plant.reaches(motion.position_m))
                .ok_or_else(|| {
                    Refusal::because(format!(
                        "{name} must stand within reach of a plant of yours"
                    ))
                })
        };
        let arm = || {
            robot
                .kind
                .repair
                .ok_or_else(|| Refusal::because(format!("{name} has no arm to work with")))
        };
        Ok(Some(match order {
            Order::Refit { remove, add, .. } => {
                let plant = docked()?;
                let plan = self.check_refit(name, plant, remove, add)?;
                self.check_credit(sender, plan.cost_ucr())?;
                Job::Refit {
                    plant: plant.name.clone(),
                    remove: remove.clone(),
                    add: add.clone(),
                }
            }
            Order::TakeSpares {
                mechanical_kg,
                electronic_kg,
                ..
            } => {
                let plant = docked()?;
                for (field, value) in [
                    ("mechanical_kg", *mechanical_kg),
                    ("electronic_kg", *electronic_kg),
                ] {
                    if !(0.0..=SPARES_MAX_KG).contains(&value) {
                        return Err(Refusal::because(format!(
                            "{field} = {value} must be from 0 to {SPARES_MAX_KG:e} kg"
                        )));
                    }
                }
                let (mechanical_g, electronic_g) = (grams(*mechanical_kg), grams(*electronic_kg));
                let room_g = grams(robot.kind.spares_capacity_kg) - robot.spares.total_g();
                let wanted_g = mechanical_g + electronic_g;
                if wanted_g <= 0 || room_g < wanted_g {
                    return Err(Refusal::because(format!(
                        "{:.3} kg of spare parts must be above 0 and fit into the {:.1} kg that the lockers of {name} have left",
                        1e-3 * wanted_g as f64,
                        1e-3 * room_g as f64
                    )));
                }
                let cost_ucr = spares_cost_ucr(&self.catalogue, plant, mechanical_g, electronic_g)?;
                self.check_credit(sender, cost_ucr)?;
                Job::Stock {
                    plant: plant.name.clone(),
                    mechanical_g,
                    electronic_g,
                }
            }
            Order::Clean { .. } => {
                if 1.0 <= robot.kind.brush_leaves {
                    return Err(Refusal::because(format!("{name} has no brush")));
                }
                Job::Clean
            }
            Order::Repair { by, .. } if by_plant => {
                let plant = docked()?;
                if plant.name != *by {
                    return Err(Refusal::because(format!("{name} is out of reach of {by}")));
                }
                let (_, _, _, _, _, _, _, _, _, gear, health, tool, _) = find(name)?;
                let change = due_change((robot, health, tool, gear))?;
                let (mechanical_g, electronic_g) = change.needs_g();
                let cost_ucr = spares_cost_ucr(&self.catalogue, plant, mechanical_g, electronic_g)?;
                self.check_credit(sender, cost_ucr)?;
                Job::Overhaul {
                    plant: plant.name.clone(),
                }
            }
            Order::Repair { robot: patient, .. } => {
                let other = near(patient, arm()?.reach_m)?;
                if other.0.stripped {
                    return Err(Refusal::because(format!("{patient} has been taken apart")));
                }
                next_change((other.0, other.10, other.11, other.9), &robot.spares)?;
                Job::Repair {
                    patient: patient.clone(),
                }
            }
            Order::Carry { load, .. } => {
                let arm = arm()?;
                let other = near(load, arm.reach_m)?;
                check_carry(
                    robot,
                    other.0,
                    other.0.mass_kg(other.2, other.3),
                    arm.carry_max_kg,
                )?;
                Job::Carry { load: load.clone() }
            }
            Order::PutDown { .. } => match &robot.carries {
                Some(load) => Job::PutDown { load: load.clone() },
                None => return Err(Refusal::because(format!("{name} carries nothing"))),
            },
            Order::Cannibalise { wreck, .. } => {
                let other = near(wreck, arm()?.reach_m)?;
                if other.0.stripped {
                    return Err(Refusal::because(format!("{wreck} has been taken apart")));
                }
                if let Some(load) = &other.0.carries {
                    return Err(Refusal::because(format!(
                        "{wreck} carries {load} and must put it down first"
                    )));
                }
                if grams(robot.kind.spares_capacity_kg) <= robot.spares.total_g() {
                    return Err(Refusal::because(format!(
                        "the lockers of {name} have no room for parts"
                    )));
                }
                Job::Cannibalise {
                    wreck: wreck.clone(),
                }
            }
            Order::GivePower { to, energy_wh, .. } => {
                if robot.kind.charger_w == 0.0 {
                    return Err(Refusal::because(format!("{name} has no charging cable")));
                }
                let other = near(to, CABLE_M)?;
                let capacity_wh = other.4.capacity_j / 3600.0;
                if !(0.0 < *energy_wh && *energy_wh <= capacity_wh) {
                    return Err(Refusal::because(format!(
                        "energy_wh = {energy_wh} must be above 0 and at most the {capacity_wh:.0} Wh that {to} holds"
                    )));
                }
                Job::GivePower {
                    to: to.clone(),
                    left_j: 3600.0 * energy_wh,
                }
            }
            _ => unreachable!("not work on a machine"),
        }))
    }

    fn check_credit(&self, sender: ProspectorId, cost_ucr: i64) -> Result<(), Refusal> {
        let balance_ucr = self.ledger.balance(self.prospectors.get(sender).account);
        if balance_ucr < cost_ucr {
            return Err(Refusal::because(format!(
                "that costs {:.0} credits, and there are {:.0}",
                1e-6 * cost_ucr as f64,
                1e-6 * balance_ucr as f64
            )));
        }
        Ok(())
    }

    fn check_refit(
        &self,
        name: &str,
        plant: &Plant,
        remove: &[String],
        add: &[String],
    ) -> Result<RefitPlan, Refusal> {
        let (robot, _, bin, tank, _, anchor, _, _, _, gear, health, tool, _) = self
            .robots
            .iter()
            .find(|(robot, ..)| robot.name == name)
            .ok_or_else(|| Refusal::because(format!("there is no robot \"{name}\"")))?;
        if *anchor != Anchor::Out {
            return Err(Refusal::because(format!(
                "{name} must release its anchors first"
            )));
        }
        let loaded = Loaded {
            robot,
            bin,
            tank,
            tool,
            gear,
            health,
        };
        plan_refit(&self.catalogue, loaded, plant, remove, add)
    }

    /// What a refit would make of a robot, for the one who may order it.
    pub fn estimate_refit(&mut self, by: &str, order: &Order) -> Result<RefitEstimate, Refusal> {
        let sender = self
            .prospectors
            .find(by)
            .ok_or_else(|| Refusal::because(format!("there is no prospector \"{by}\"")))?;
        let Order::Refit { robot, remove, add } = order else {
            return Err(Refusal::because("only a refit has a new performance sheet"));
        };
        let (_, motion, ..) = own_robot(&mut self.robots, sender, robot)?;
        let at_m = motion.position_m;
        // A plant far away can be asked as well: the robot need not be there yet.
        let plant = self
            .plants
            .iter()
            .filter(|plant| plant.owner == sender)
            .min_by(|a, b| {
                let distance = |plant: &Plant| plant.position_m.distance(at_m);
                distance(a).total_cmp(&distance(b))
            })
            .ok_or_else(|| Refusal::because("you own no plant"))?;
        let plan = self.check_refit(robot, plant, remove, add)?;
        Ok(RefitEstimate {
            cost_credits: 1e-6 * plan.cost_ucr() as f64,
            time_s: refit_time_s(remove, add),
            from_stock: names(&plan.from_stock),
            bought: names(&plan.bought),
            to_stock: names(&plan.to_stock),
            to_scrap: names(&plan.to_scrap),
            sheet: plan.kind,
        })
    }

    fn print(&mut self, sender: ProspectorId, name: &str, mass_kg: f64) -> Result<(), Refusal> {
        let mut plant = self
            .plants
            .iter_mut()
            .find(|plant| plant.name == name)
            .ok_or_else(|| Refusal::because(format!("there is no plant \"{name}\"")))?;
        if plant.owner != sender {
            return Err(Refusal::because(format!("{name} is not yours")));
        }
        if plant.kind.print_kwh_per_kg.is_none() {
            return Err(Refusal::because(format!("{name} has no printer")));
        }
        if !(0.001..=SPARES_MAX_KG).contains(&mass_kg) {
            return Err(Refusal::because(format!(
                "mass_kg = {mass_kg} must be from 0.001 to {SPARES_MAX_KG:e} kg"
            )));
        }
        let needed_kg = TAILINGS_PER_PART * (mass_kg + 1e-3 * plant.printing_g as f64);
        let there_kg = 1e-3 * plant.tailings_g as f64;
        if there_kg < needed_kg {
            return Err(Refusal::because(format!(
                "{mass_kg} kg of metal parts take {needed_kg:.1} kg of tailings, and {name} has {there_kg:.1} kg"
            )));
        }
        plant.printing_g += grams(mass_kg);
        Ok(())
    }
}

/// Whether a robot can take another on its back.
fn check_carry(
    robot: &Robot,
    load: &Robot,
    mass_kg: f64,
    carry_max_kg: f64,
) -> Result<(), Refusal> {
    let (name, load_name) = (&robot.name, &load.name);
    if let Some(other) = &robot.carries {
        return Err(Refusal::because(format!("{name} carries {other} already")));
    }
    if let Some(other) = &load.carried_by {
        return Err(Refusal::because(format!(
            "{load_name} is being carried by {other}"
        )));
    }
    if load.carries.is_some() {
        return Err(Refusal::because(format!(
            "{load_name} carries something itself"
        )));
    }
    if carry_max_kg < mass_kg {
        return Err(Refusal::because(format!(
            "{load_name} weighs {mass_kg:.1} kg, and the arm of {name} holds {carry_max_kg} kg"
        )));
    }
    Ok(())
}

/// Price of the spare parts that a plant has not in stock [µcr].
fn spares_cost_ucr(
    catalogue: &Catalogue,
    plant: &Plant,
    mechanical_g: i64,
    electronic_g: i64,
) -> Result<i64, Refusal> {
    let missing = (
        (mechanical_g - plant.spares.mechanical_g).max(0),
        (electronic_g - plant.spares.electronic_g).max(0),
    );
    if missing == (0, 0) {
        return Ok(0);
    }
    let SpareTerms {
        mechanical_credits_per_kg,
        electronic_credits_per_kg,
    } = catalogue
        .spares
        .ok_or_else(|| Refusal::because("spare parts are not for sale here"))?;
    let price = |mass_g: i64, credits_per_kg: f64| (1e3 * credits_per_kg * mass_g as f64).ceil();
    Ok(
        (price(missing.0, mechanical_credits_per_kg) + price(missing.1, electronic_credits_per_kg))
            as i64,
    )
}

type Serviced<'w> = (
    Entity,
    &'w mut Robot,
    &'w mut Motion,
    &'w mut Bin,
    &'w mut Tank,
    &'w mut Battery,
    &'w mut Tool,
    &'w mut Health,
    &'w mut Service,
    &'w mut Autopilot,
    &'w BodyHandle,
    &'w mut Anchor,
    &'w mut Gear,
);

/// Counts the time of work on machines and does what it is for.
pub(in crate::sim) fn work(
    clock: Res<Clock>,
    accounts: Res<Accounts>,
    catalogue: Res<Catalogue>,
    chance: Res<Chance>,
    prospectors: Res<Prospectors>,
    terrain: Res<Terrain>,
    mut physics: ResMut<Physics>,
    mut ledger: ResMut<Ledger>,
    mut log: ResMut<Log>,
    mut plants: Query<&mut Plant>,
    mut robots: Query<Serviced>,
) {
    let tick_s = clock.tick_s();
    let now_ms = clock.time_ms();
    let mut ready = Vec::new();
    for (entity, robot, motion, _, _, mut battery, _, health, mut service, ..) in &mut robots {
        let Some(job) = &service.job else { continue };
        let by_plant = matches!(job, Job::Refit { .. } | Job::Overhaul { .. });
        let stands = motion.at_rest || motion.touching;
        if robot.lost || !stands || (health.is_dead() && !by_plant) {
            let what = service.describe().unwrap_or_default();
            service.stop();
            log.tell(
                now_ms,
                prospectors.name(robot.owner),
                Severity::Alarm,
                format!("{} gives up {what}", robot.name),
            );
            continue;
        }
        // Without power the work waits.
        if battery.fraction() < LOW_BATTERY && !by_plant {
            continue;
        }
        let power_w = match job {
            Job::Repair { .. } | Job::Cannibalise { .. } => {
                robot.kind.repair.map_or(0.0, |arm| arm.power_w)
            }
            Job::Clean => robot.kind.brush_power_w,
            _ => 0.0,
        };
        battery.drain_j(power_w * tick_s);
        service.spent_s += tick_s;
        let done = match service.time_s(&robot.kind) {
            Some(time_s) => time_s <= service.spent_s,
            None => true,
        };
        if done {
            ready.extend(service.job.clone().map(|job| (entity, job)));
        }
    }
    if ready.is_empty() {
        return;
    }
    let places = robots
        .iter()
        .filter(|(_, robot, ..)| robot.carried_by.is_none());
    let robots_m = places.map(|(_, robot, motion, ..)| {
        let radius_m = 0.5 * f64::from(robot.size_m().length());
        (motion.position_m.as_dvec3(), radius_m)
    });
    let plants_m = plants.iter().map(|plant| {
        let (x, y, z) = plant.kind.size_m;
        (
            plant.position_m.as_dvec3(),
            0.5 * DVec3::new(x, y, z).length(),
        )
    });
    let taken: Vec<(DVec3, f64)> = robots_m.chain(plants_m).collect();
    let mut bench = Bench {
        now_ms,
        tick_s,
        accounts: *accounts,
        catalogue: &catalogue,
        chance: &chance,
        prospectors: &prospectors,
        ledger: &mut ledger,
        terrain: &terrain,
        physics: &mut physics,
        taken: &taken,
    };
    for (entity, job) in ready {
        let other = match &job {
            Job::Repair { patient: other }
            | Job::Cannibalise { wreck: other }
            | Job::GivePower { to: other, .. }
            | Job::Carry { load: other }
            | Job::PutDown { load: other } => Some(other),
            _ => None,
        };
        let other = other.and_then(|name| {
            let found = robots.iter().find(|(_, robot, ..)| robot.name == *name);
            found.map(|(entity, ..)| entity)
        });
        let outcome = match other {
            Some(other) => match robots.get_many_mut([entity, other]) {
                Ok([robot, other]) => bench.work_on(robot, other, &job),
                Err(_) => Outcome::Failed("the other robot is gone".to_owned()),
            },
            None => match robots.get_mut(entity) {
                Ok(robot) => bench.work_alone(robot, &mut plants, &job),
                Err(_) => continue,
            },
        };
        let Ok((_, robot, _, _, _, _, _, _, mut service, ..)) = robots.get_mut(entity) else {
            continue;
        };
        let (severity, text) = match outcome {
            Outcome::More(left) => {
                service.job = Some(left);
                continue;
            }
            Outcome::Next(text) => {
                service.spent_s = 0.0;
                (Severity::Info, text)
            }
            Outcome::Done(text) => {
                service.stop();
                (Severity::Info, text)
            }
            Outcome::Failed(text) => {
                service.stop();
                (Severity::Alarm, text)
            }
        };
        log.tell(
            now_ms,
            prospectors.name(robot.owner),
            severity,
            format!("{}: {text}", robot.name),
        );
    }
}

/// What has come of a job.
enum Outcome {
    /// It goes on in the next tick, as this.
    More(Job),
    /// A part of it is done and the next begins.
    Next(String),
    Done(String),
    Failed(String),
}

/// All that a finished job may change besides the machines.
struct Bench<'a> {
    now_ms: u64,
    tick_s: f64,
    accounts: Accounts,
    catalogue: &'a Catalogue,
    chance: &'a Chance,
    prospectors: &'a Prospectors,
    ledger: &'a mut Ledger,
    terrain: &'a Terrain,
    physics: &'a mut Physics,
    /// Where machines stand, and how large they are [m].
    taken: &'a [(DVec3, f64)],
}

type Machine<'a> = (
    Entity,
    Mut<'a, Robot>,
    Mut<'a, Motion>,
    Mut<'a, Bin>,
    Mut<'a, Tank>,
    Mut<'a, Battery>,
    Mut<'a, Tool>,
    Mut<'a, Health>,
    Mut<'a, Service>,
    Mut<'a, Autopilot>,
    &'a BodyHandle,
    Mut<'a, Anchor>,
    Mut<'a, Gear>,
);

impl Bench<'_> {
    fn book(&mut self, from: AccountId, to: AccountId, amount: i64, memo: Memo) {
        self.ledger
            .transfer(self.now_ms, from, to, amount, memo)
            .expect("cover was checked before");
    }

    /// Pays for goods of the world outside; false if there is no cover.
    fn pay(&mut self, owner: ProspectorId, amount_ucr: i64) -> bool {
        let payer = self.prospectors.get(owner).account;
        self.ledger
            .transfer(
                self.now_ms,
                payer,
                self.accounts.supplier,
                amount_ucr,
                Memo::Bought,
            )
            .is_ok()
    }

    /// Takes spare parts out of a plant's stock, and buys what it has not.
    fn draw_spares(
        &mut self,
        (plant, owner): (&mut Plant, ProspectorId),
        (mechanical_g, mechanical_to): (i64, AccountId),
        (electronic_g, electronic_to): (i64, AccountId),
    ) -> Result<(), Refusal> {
        let cost_ucr = spares_cost_ucr(self.catalogue, plant, mechanical_g, electronic_g)?;
        if !self.pay(owner, cost_ucr) {
            return Err(Refusal::because("no spare parts: the money is gone"));
        }
        let imports = self.accounts.imports;
        let store = &mut plant.spares;
        let from_g = mechanical_g.min(store.mechanical_g);
        self.book(
            store.mechanical_account,
            mechanical_to,
            from_g,
            Memo::Refitted,
        );
        self.book(imports, mechanical_to, mechanical_g - from_g, Memo::Bought);
        store.mechanical_g -= from_g;
        let from_g = electronic_g.min(store.electronic_g);
        self.book(
            store.electronic_account,
            electronic_to,
            from_g,
            Memo::Refitted,
        );
        self.book(imports, electronic_to, electronic_g - from_g, Memo::Bought);
        store.electronic_g -= from_g;
        Ok(())
    }

    /// Makes a part of a robot as good as new.
    fn renew(
        &self,
        change: Change,
        robot: &Robot,
        (health, tool, gear): (&mut Health, &mut Tool, &mut Gear),
    ) {
        match change {
            Change::Boards => {
                health.renew_electronics(&robot.kind, &robot.name, self.chance, self.now_ms);
            }
            Change::Seals => health.renew_seals(&robot.name, self.chance, self.now_ms),
            Change::Bit => gear.drill.wear = 0.0,
            Change::Teeth => tool.wear = 0.0,
            Change::Dust => health.brush(ARM_LEAVES),
        }
    }

    fn work_alone(
        &mut self,
        machine: Machine,
        plants: &mut Query<&mut Plant>,
        job: &Job,
    ) -> Outcome {
        let (
            _,
            mut robot,
            motion,
            mut bin,
            mut tank,
            mut battery,
            mut tool,
            mut health,
            ..,
            mut gear,
        ) = machine;
        match job {
            Job::Clean => {
                let leaves = robot.kind.brush_leaves;
                health.brush(leaves);
                Outcome::Done("the panels are clean".to_owned())
            }
            Job::Refit { plant, remove, add } => {
                let Some(mut plant) = plant_near(plants, plant, &motion) else {
                    return Outcome::Failed(format!("{plant} is out of reach"));
                };
                let loaded = Loaded {
                    robot: &robot,
                    bin: &bin,
                    tank: &tank,
                    tool: &tool,
                    gear: &gear,
                    health: &health,
                };
                let plan = match plan_refit(self.catalogue, loaded, &plant, remove, add) {
                    Ok(plan) => plan,
                    Err(refusal) => return Outcome::Failed(format!("no refit: {refusal}")),
                };
                if !self.pay(robot.owner, plan.cost_ucr()) {
                    return Outcome::Failed("no refit: the money is gone".to_owned());
                }
                let machine = robot.machine_account;
                for part in &plan.from_stock {
                    let at = plant.stock.iter().position(|there| there == part);
                    plant.stock.remove(at.expect("it has just been seen there"));
                    self.book(plant.stock_account, machine, part.mass_g, Memo::Refitted);
                }
                for part in &plan.bought {
                    self.book(self.accounts.imports, machine, part.mass_g, Memo::Bought);
                }
                for part in &plan.to_scrap {
                    self.book(machine, self.accounts.scrap, part.mass_g, Memo::Refitted);
                }
                for part in plan.to_stock {
                    self.book(machine, plant.stock_account, part.mass_g, Memo::Refitted);
                    plant.stock.push(part);
                }
                plant.stock.sort();
                robot.dry_g = plan.kind.dry_mass_g();
                bin.capacity_g = grams(plan.kind.bin_capacity_kg);
                tank.capacity_g = grams(plan.kind.tank_capacity_kg);
                battery.capacity_j = 3600.0 * plan.kind.battery_wh;
                battery.charge_j = battery.charge_j.min(battery.capacity_j);
                battery.set_temperature(health.temperature_k());
                battery.next_look_ms = 0;
                let adds = |wanted: fn(&Part) -> bool| {
                    let spec = |name: &String| self.catalogue.modules.get(name);
                    add.iter().filter_map(spec).any(|spec| wanted(&spec.part))
                };
                if adds(|part| matches!(part, Part::Drum(_))) {
                    tool.wear = 0.0;
                }
                if adds(|part| matches!(part, Part::Drill(_))) {
                    gear.drill.wear = 0.0;
                }
                if adds(|part| matches!(part, Part::Drum(_) | Part::Drill(_))) {
                    health.renew_seals(&robot.name, self.chance, self.now_ms);
                }
                robot.kind = Arc::new(plan.kind);
                Outcome::Done(format!(
                    "refitted, {:.1} kg dry now",
                    robot.kind.dry_mass_kg
                ))
            }
            Job::Overhaul { plant } => {
                let Some(mut plant) = plant_near(plants, plant, &motion) else {
                    return Outcome::Failed(format!("{plant} is out of reach"));
                };
                let change = match due_change((&robot, &health, &tool, &gear)) {
                    Ok(change) => change,
                    Err(refusal) => return Outcome::Done(refusal.to_string()),
                };
                let (mechanical_g, electronic_g) = change.needs_g();
                let machine = robot.machine_account;
                if let Err(refusal) = self.draw_spares(
                    (&mut plant, robot.owner),
                    (mechanical_g, machine),
                    (electronic_g, machine),
                ) {
                    return Outcome::Failed(refusal.to_string());
                }
                let scrap = self.accounts.scrap;
                self.book(machine, scrap, mechanical_g + electronic_g, Memo::Repaired);
                self.renew(change, &robot, (&mut health, &mut tool, &mut gear));
                let text = format!("has {}", change.describe());
                match due_change((&robot, &health, &tool, &gear)) {
                    Ok(_) => Outcome::Next(text),
                    Err(_) => Outcome::Done(text),
                }
            }
            Job::Stock {
                plant,
                mechanical_g,
                electronic_g,
            } => {
                let Some(mut plant) = plant_near(plants, plant, &motion) else {
                    return Outcome::Failed(format!("{plant} is out of reach"));
                };
                let drawn = self.draw_spares(
                    (&mut plant, robot.owner),
                    (*mechanical_g, robot.spares.mechanical_account),
                    (*electronic_g, robot.spares.electronic_account),
                );
                if let Err(refusal) = drawn {
                    return Outcome::Failed(refusal.to_string());
                }
                robot.spares.mechanical_g += mechanical_g;
                robot.spares.electronic_g += electronic_g;
                Outcome::Done(format!(
                    "{:.1} kg of spare parts on board",
                    1e-3 * robot.spares.total_g() as f64
                ))
            }
            Job::Repair { .. }
            | Job::Cannibalise { .. }
            | Job::GivePower { .. }
            | Job::Carry { .. }
            | Job::PutDown { .. } => Outcome::Failed("the other robot is gone".to_owned()),
        }
    }

    fn work_on(&mut self, machine: Machine, other: Machine, job: &Job) -> Outcome {
        let (_, mut robot, motion, _, _, mut battery, ..) = machine;
        let (
            _,
            mut other,
            mut there,
            bin,
            tank,
            mut others,
            mut tool,
            mut health,
            _,
            mut pilot,
            &body,
            mut anchor,
            mut gear,
        ) = other;
        let reach_m = match job {
            Job::PutDown { .. } => f64::INFINITY,
            Job::GivePower { .. } => CABLE_M,
            _ => robot.kind.repair.map_or(0.0, |arm| arm.reach_m),
        };
        if other.lost || reach_m < gap_m((&robot, &motion), (&other, &there)) {
            return Outcome::Failed(format!("{} is out of reach", other.name));
        }
        let (locker, name) = (robot.spares.clone(), other.name.clone());
        match job {
            Job::Repair { .. } => {
                let change = match next_change((&other, &health, &tool, &gear), &robot.spares) {
                    Ok(change) if !other.stripped => change,
                    Ok(_) => return Outcome::Failed(format!("{name} has been taken apart")),
                    Err(refusal) => return Outcome::Done(refusal.to_string()),
                };
                let (mechanical_g, electronic_g) = change.needs_g();
                let machine = other.machine_account;
                // The new part goes in, the old one of the same weight comes out.
                self.book(
                    locker.mechanical_account,
                    machine,
                    mechanical_g,
                    Memo::Repaired,
                );
                self.book(
                    locker.electronic_account,
                    machine,
                    electronic_g,
                    Memo::Repaired,
                );
                let scrap = self.accounts.scrap;
                self.book(machine, scrap, mechanical_g + electronic_g, Memo::Repaired);
                robot.spares.mechanical_g -= mechanical_g;
                robot.spares.electronic_g -= electronic_g;
                self.renew(change, &other, (&mut health, &mut tool, &mut gear));
                let text = format!("{name} has {}", change.describe());
                match next_change((&other, &health, &tool, &gear), &robot.spares) {
                    Ok(_) => Outcome::Next(text),
                    Err(_) => Outcome::Done(text),
                }
            }
            Job::Carry { .. } => {
                let mass_kg = other.mass_kg(&bin, &tank);
                let carry_max_kg = robot.kind.repair.map_or(0.0, |arm| arm.carry_max_kg);
                if let Err(refusal) = check_carry(&robot, &other, mass_kg, carry_max_kg) {
                    return Outcome::Failed(refusal.to_string());
                }
                pilot.abort();
                *anchor = Anchor::Out;
                self.physics.remove_from_site(body);
                robot.carries = Some(name.clone());
                robot.burden_g = (1e3 * mass_kg).round() as i64;
                other.carried_by = Some(robot.name.clone());
                Outcome::Done(format!("has {name} on its back"))
            }
            Job::PutDown { .. } => {
                let radius_m = |robot: &Robot| 0.5 * f64::from(robot.size_m().length());
                let carrier_m = motion.position_m.as_dvec3();
                let place_m = place_beside_m(
                    self.terrain,
                    carrier_m,
                    radius_m(&robot) + radius_m(&other),
                    (radius_m(&other), other.half_height_m()),
                    self.taken,
                );
                let Some(place_m) = place_m else {
                    return Outcome::Failed(format!("there is no room to put {name} down"));
                };
                let up = self.terrain.up(place_m);
                let rotation = stand(up, place_m - carrier_m).as_quat();
                *there = Motion {
                    position_m: place_m.as_vec3(),
                    rotation,
                    ..default()
                };
                self.physics.set_pose(body, there.position_m, rotation);
                self.physics.set_velocity(body, Vec3::ZERO);
                robot.carries = None;
                robot.burden_g = 0;
                other.carried_by = None;
                others.next_look_ms = 0;
                Outcome::Done(format!("has put {name} down"))
            }
            Job::Cannibalise { .. } => {
                if other.stripped {
                    return Outcome::Failed(format!("{name} has been taken apart"));
                }
                let room_g = grams(robot.kind.spares_capacity_kg) - robot.spares.total_g();
                let share = |part: f64| (part * other.dry_g as f64).floor() as i64;
                let electronic_g = share(SALVAGE.1).min(room_g);
                let mechanical_g = share(SALVAGE.0).min(room_g - electronic_g);
                let machine = other.machine_account;
                self.book(
                    machine,
                    locker.electronic_account,
                    electronic_g,
                    Memo::Cannibalised,
                );
                self.book(
                    machine,
                    locker.mechanical_account,
                    mechanical_g,
                    Memo::Cannibalised,
                );
                other.dry_g -= electronic_g + mechanical_g;
                other.stripped = true;
                health.kill();
                robot.spares.electronic_g += electronic_g;
                robot.spares.mechanical_g += mechanical_g;
                Outcome::Done(format!(
                    "took {:.1} kg of mechanical and {:.1} kg of electronic parts from {name}",
                    1e-3 * mechanical_g as f64,
                    1e-3 * electronic_g as f64
                ))
            }
            Job::GivePower { to, left_j } => {
                if battery.fraction() < 2.0 * LOW_BATTERY {
                    return Outcome::Done(format!("keeps what charge it has, {to} gets no more"));
                }
                let sent_j = (robot.kind.charger_w * self.tick_s).min(*left_j);
                let sent_j = battery.give_j(sent_j);
                battery.heat_j += (1.0 - CABLE_EFFICIENCY) * sent_j;
                others.store_j(CABLE_EFFICIENCY * sent_j);
                let left_j = left_j - sent_j;
                if left_j <= 1e-6 || others.is_full() {
                    let percent = 100.0 * others.fraction();
                    return Outcome::Done(format!("{to} is charged to {percent:.0} %"));
                }
                Outcome::More(Job::GivePower {
                    to: to.clone(),
                    left_j,
                })
            }
            _ => Outcome::Done(String::new()),
        }
    }
}

/// A plant that reaches a robot.
fn plant_near<'a>(
    plants: &'a mut Query<&mut Plant>,
    name: &str,
    motion: &Motion,
) -> Option<Mut<'a, Plant>> {
    plants
        .iter_mut()
        .find(|plant| plant.name == name && plant.reaches(motion.position_m))
}

/// Prints spare parts from tailings, with the power that plants have to spare.
pub(in crate::sim) fn print(
    clock: Res<Clock>,
    accounts: Res<Accounts>,
    terms: Res<Terms>,
    prospectors: Res<Prospectors>,
    mut ledger: ResMut<Ledger>,
    mut log: ResMut<Log>,
    mut plants: Query<&mut Plant>,
) {
    for mut plant in &mut plants {
        let (Some(kwh_per_kg), true) = (plant.kind.print_kwh_per_kg, 0 < plant.printing_g) else {
            continue;
        };
        let power_w = plant.spare_power_w();
        plant.print_j += power_w * clock.tick_s();
        let j_per_g = 3.6e6 * kwh_per_kg / 1e3;
        let fits_g = (plant.tailings_g as f64 / TAILINGS_PER_PART).floor() as i64;
        let want_g = ((plant.print_j / j_per_g).floor() as i64).min(plant.printing_g);
        let mass_g = want_g.min(fits_g);
        if mass_g == 0 && 0 < fits_g {
            continue;
        }
        let now_ms = clock.time_ms();
        plant.print_j -= mass_g as f64 * j_per_g;
        plant.printing_g -= mass_g;
        plant.oxygen_owed_g += OXYGEN_PER_PART * mass_g as f64;
        let oxygen_g = (plant.oxygen_owed_g.floor() as i64).min(plant.tailings_g - mass_g);
        plant.oxygen_owed_g -= oxygen_g as f64;
        plant.tailings_g -= mass_g + oxygen_g;
        plant.spares.mechanical_g += mass_g;
        let energy_ucr = terms.energy_credits_per_kwh * 1e6 * kwh_per_kg * 1e-3 * mass_g as f64;
        let payer = prospectors.get(plant.owner).account;
        let paid_ucr = (energy_ucr.round() as i64).min(ledger.balance(payer));
        for (from, to, amount, memo) in [
            (
                plant.tailings_account,
                plant.spares.mechanical_account,
                mass_g,
                Memo::Printed,
            ),
            (
                plant.tailings_account,
                accounts.vented,
                oxygen_g,
                Memo::Printed,
            ),
            (payer, accounts.utility, paid_ucr, Memo::Energy),
        ] {
            ledger
                .transfer(now_ms, from, to, amount, memo)
                .expect("no more is moved than there is");
        }
        let short = fits_g == 0 && 0 < plant.printing_g;
        if plant.printing_g == 0 || short {
            plant.printing_g = 0;
            plant.print_j = 0.0;
            log.tell(
                now_ms,
                prospectors.name(plant.owner),
                Severity::Info,
                format!(
                    "{}: {}, {:.1} kg of metal parts in stock",
                    plant.name,
                    if short {
                        "no tailings are left to print"
                    } else {
                        "printed"
                    },
                    1e-3 * plant.spares.mechanical_g as f64
                ),
            );
        }
    }
}
