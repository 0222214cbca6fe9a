//! Instruments at work: what a robot is measuring now, and what comes of it.

use std::sync::Arc;

use bevy::math::DVec3;
use bevy::prelude::*;
use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::Xxh3;

use super::measure::{self, Setup};
use super::{Instrument, InstrumentSpec, Provenance, Quantity, Reading};
use crate::sim::asteroid::Terrain;
use crate::sim::asteroid::constituent::Constituent;
use crate::sim::order::{Log, Severity};
use crate::sim::physics::Motion;
use crate::sim::prospector::Prospectors;
use crate::sim::robot::autopilot::LOW_BATTERY;
use crate::sim::robot::drill::Boreholes;
use crate::sim::robot::{Battery, Robot};
use crate::sim::{Chance, Clock};

/// A measurement that needs the ground is spoilt when the robot moves farther than this [m].
const SLIP_M: f32 = 0.3;
/// A core sampler finds a hole that begins within this distance of the robot's foot [m].
const HOLE_REACH_M: f64 = 0.7;
/// A moving instrument notes where it is so many times in one measurement.
const STATIONS: usize = 8;

/// The instruments of a robot at work: one measurement at a time.
#[derive(Component, Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Probe {
    running: Option<Measurement>,
}

/// A measurement that is being made.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Measurement {
    spec: InstrumentSpec,
    time_s: f64,
    spent_s: f64,
    /// Where the robot was so far, evenly in time.
    stations_m: Vec<Vec3>,
}

impl Probe {
    pub fn is_idle(&self) -> bool {
        self.running.is_none()
    }

    /// The instrument at work.
    pub fn instrument(&self) -> Option<Instrument> {
        Some(self.running.as_ref()?.spec.instrument)
    }

    /// 0 to 1, while it measures.
    pub fn progress(&self) -> Option<f64> {
        let running = self.running.as_ref()?;
        Some((running.spent_s / running.time_s).min(1.0))
    }

    /// Time that the present measurement still takes [s].
    pub fn left_s(&self) -> Option<f64> {
        let running = self.running.as_ref()?;
        Some((running.time_s - running.spent_s).max(0.0))
    }

    pub fn power_w(&self) -> f64 {
        self.running.as_ref().map_or(0.0, |m| m.spec.power_w)
    }

    /// Begins a measurement in place of the one that may be running.
    pub(in crate::sim) fn begin(&mut self, spec: InstrumentSpec, time_s: f64, at_m: Vec3) {
        self.running = Some(Measurement {
            spec,
            time_s,
            spent_s: 0.0,
            stations_m: vec![at_m],
        });
    }

    /// Gives up what is running.
    pub(in crate::sim) fn stop(&mut self) {
        self.running = None;
    }

    /// Gives up what needs the robot to stay where it is.
    pub(in crate::sim) fn leave_ground(&mut self) {
        if self.instrument().is_some_and(Instrument::needs_ground) {
            self.stop();
        }
    }

    /// Feeds what is running to the state hash.
    pub fn hash_into(&self, hash: &mut Xxh3) {
        if let Some(running) = &self.running {
            hash.update(&[running.spec.instrument as u8]);
            for value in [running.time_s, running.spent_s] {
                hash.update(&value.to_bits().to_le_bytes());
            }
        }
    }

    pub fn describe(&self) -> Option<String> {
        let running = self.running.as_ref()?;
        Some(format!(
            "measuring with the {}, {:.0} %",
            running.spec.instrument,
            100.0 * self.progress()?
        ))
    }
}

/// Lets every instrument that is at work measure on.
pub(in crate::sim) fn run_probes(
    clock: Res<Clock>,
    terrain: Res<Terrain>,
    chance: Res<Chance>,
    holes: Res<Boreholes>,
    mut prospectors: ResMut<Prospectors>,
    mut log: ResMut<Log>,
    mut robots: Query<(&Robot, &Motion, &mut Battery, &mut Probe)>,
) {
    for (robot, motion, mut battery, mut probe) in &mut robots {
        let Some(running) = &mut probe.running else {
            continue;
        };
        let owner = prospectors.name(robot.owner).to_owned();
        let instrument = running.spec.instrument;
        let mut give_up = |why: &str| {
            log.tell(
                clock.end_ms(),
                &owner,
                Severity::Alarm,
                format!("{}: the {instrument} has no reading: {why}", robot.name),
            );
        };
        if robot.lost {
            probe.running = None;
            continue;
        }
        if instrument.needs_ground() {
            let moved_m = running.stations_m[0].distance(motion.position_m);
            if SLIP_M < moved_m {
                give_up("the robot has moved");
                probe.running = None;
                continue;
            }
        }
        if battery.fraction() < LOW_BATTERY {
            // It waits for the Sun.
            continue;
        }
        let tick_s = clock.tick_s();
        battery.drain_j(running.spec.power_w * tick_s);
        running.spent_s += tick_s;
        let due = (running.spent_s / running.time_s * STATIONS as f64) as usize;
        if running.stations_m.len() < due.min(STATIONS) {
            running.stations_m.push(motion.position_m);
        }
        if running.spent_s < running.time_s {
            continue;
        }
        let running = probe.running.take().expect("it has just been looked at");
        let readings = measure::measure(
            &terrain,
            &Setup {
                spec: running.spec,
                time_s: running.time_s,
                seed: chance.seed(),
                at_ms: clock.end_ms(),
                measured_by: &owner,
                robot: &robot.name,
                position_m: motion.position_m.as_dvec3(),
                track_m: track_m(&terrain, &running.stations_m),
                hole: holes.near(
                    motion.position_m.as_dvec3(),
                    robot.half_height_m() + HOLE_REACH_M,
                ),
            },
        );
        log.tell(
            clock.end_ms(),
            &owner,
            Severity::Info,
            format!("{}: {}", robot.name, in_words(&readings)),
        );
        let survey = &mut prospectors.get_mut(robot.owner).survey;
        for reading in readings {
            survey.add(Arc::new(reading), Provenance::Own);
        }
    }
}

/// The stations of an instrument that moved far for its height; none of one that stayed.
fn track_m(terrain: &Terrain, stations_m: &[Vec3]) -> Vec<DVec3> {
    let stations = || stations_m.iter().map(|station_m| station_m.as_dvec3());
    let first_m = stations_m[0].as_dvec3();
    let height_m = (first_m - terrain.surface_below(first_m)).length();
    if stations().all(|station_m| station_m.distance(first_m) < height_m.max(1.0)) {
        return Vec::new();
    }
    stations().collect()
}

/// The readings of one measurement in a line.
fn in_words(readings: &[Reading]) -> String {
    let Some(first) = readings.first() else {
        return "nothing was read".into();
    };
    let of_water = |reading: &Reading| {
        let water = reading.estimate(Quantity::Content(Constituent::Water))?;
        Some(format!(
            "{:.1} ± {:.1} %",
            100.0 * water.value,
            100.0 * water.std
        ))
    };
    match first.instrument {
        Instrument::ContactSpectrometer | Instrument::GammaNeutron => match of_water(first) {
            Some(water) => format!("the {} reads {water} of water", first.instrument),
            None => format!("the {} has a reading", first.instrument),
        },
        Instrument::CoreSampler => {
            let line: Vec<String> = readings.iter().filter_map(of_water).collect();
            format!("the core holds, from the top, {} of water", line.join(", "))
        }
        _ => {
            let line: Vec<String> = first
                .estimates
                .iter()
                .map(|e| {
                    format!(
                        "{} {}",
                        e.quantity,
                        Figure(e.value, e.std, e.quantity.unit())
                    )
                })
                .collect();
            format!("the {} reads {}", first.instrument, line.join(", "))
        }
    }
}

/// A value and its error, as precise as the error allows.
struct Figure(f64, f64, &'static str);

impl std::fmt::Display for Figure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self(value, std, unit) = *self;
        if std <= 0.0 || !std.is_finite() {
            return write!(f, "{value:.3e} {unit}");
        }
        let digits = (1.0 - std.log10().floor()).max(0.0) as usize;
        if digits <= 4 {
            write!(f, "{value:.digits$} ± {std:.digits$}")?;
        } else {
            write!(f, "{value:.1e} ± {std:.0e}")?;
        }
        if unit.is_empty() {
            return Ok(());
        }
        write!(f, " {unit}")
    }
}
