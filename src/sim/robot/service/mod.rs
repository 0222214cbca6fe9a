//! Work on machines: refit at a plant, repair by another robot, cleaning, spare parts, a cable.
//!
//! An order begins a [`Job`] here, after the same checks that its end makes again; [`work`] counts
//! its time. Modules and spare parts are dry mass in the ledger: what is bought comes from the
//! source `imports`, what is worn goes to `scrap`, and a robot weighs what its account says.
//!
//! - [`orders`] checks what is ordered.
//! - [`bench`] does what a finished job is for, and books what it moves.
//! - [`refit`] changes modules, [`repair`] worn parts; [`spares`] are bought, printed and stored.

use bevy::math::DVec3;
use bevy::prelude::*;
use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::Xxh3;

use super::autopilot::{Autopilot, LOW_BATTERY};
use super::{Anchor, Battery, Bin, Gear, Health, Robot, Tank, Tool};
use crate::sim::asteroid::Terrain;
use crate::sim::economy::ledger::Ledger;
use crate::sim::level::RobotKind;
use crate::sim::level::modules::Catalogue;
use crate::sim::order::{Log, Severity};
use crate::sim::physics::{BodyHandle, Motion, Physics};
use crate::sim::plant::Plant;
use crate::sim::prospector::Prospectors;
use crate::sim::{Accounts, Chance, Clock};

mod bench;
mod orders;
mod refit;
mod repair;
mod spares;

pub use orders::ServiceEstimate;
pub use refit::RefitEstimate;
pub(in crate::sim) use spares::print;
pub use spares::{OXYGEN_PER_PART, Spares, TAILINGS_PER_PART};

use bench::{Bench, Outcome};
use refit::refit_time_s;

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
/// Wear below this is not worth a spare part.
const WORN: f64 = 0.05;

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

/// Distance from hull to hull of two robots, taken as spheres around their boxes [m].
fn gap_m(a: (&Robot, &Motion), b: (&Robot, &Motion)) -> f64 {
    let radius_m = |robot: &Robot| 0.5 * f64::from(robot.size_m().length());
    f64::from(a.1.position_m.distance(b.1.position_m)) - radius_m(a.0) - radius_m(b.0)
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
