//! The autopilot: a robot's plan, step by step.
//!
//! A plan is a queue of [`Step`]s. Flying steps set thrusters, legs and wheels in [`fly`]; working
//! steps count their time and move goods in [`work`]. What an order means as a plan stands in
//! `command`.

use std::collections::VecDeque;

use bevy::math::DVec3;
use bevy::prelude::*;
use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::Xxh3;

use super::feats::{Feats, Jump};
use super::forecast::Craft;
use super::guidance::{self, Hop, NoHop};
use super::transit::Transit;
use super::{Anchor, Battery, Bin, Drive, FieldCell, Gear, Robot, Tank, anchor_ground, drill};
use crate::sim::asteroid::Terrain;
use crate::sim::economy::ledger::{Ledger, Memo};
use crate::sim::level::kind::AnchorSpec;
use crate::sim::observation::Activity;
use crate::sim::order::{Log, Severity};
use crate::sim::physics::{BodyHandle, Motion, Physics};
use crate::sim::plant::Plant;
use crate::sim::prospector::Prospectors;
use crate::sim::voyage::rocket::exhaust_speed_m_per_s;
use crate::sim::{Chance, Clock};

/// A hop that ends farther than this from its mark is flown again [m].
pub(super) const MISS_M: f64 = 1.5;
/// Flights in vain towards one mark before the pilot gives up: more for robots that cannot brake,
/// which come nearer bounce by bounce.
const TRIES: u8 = 6;
const TRIES_WITHOUT_THRUST: u8 = 40;
/// More flights than this towards one mark lead nowhere.
const FLIGHTS_MAX: u16 = 150;
/// Height at which the descent slows down over the mark [m].
const HOVER_M: f64 = 2.5;
/// Nearer than this to the mark the landing begins [m].
pub(super) const NEAR_M: f64 = 3.0 * HOVER_M;
/// Farther than this from the mark a flight has missed it [m].
pub(super) const FAR_M: f64 = 4.0 * NEAR_M;
/// Falling so near to the ground a robot lands, wherever it is [m]: distances are true only to
/// four metres above it.
pub(super) const LAND_HERE_M: f64 = 2.0;
/// A landing that has gone on for this long is begun anew [s].
pub(super) const APPROACH_S: f64 = 1800.0;
/// Height above the highest ground ahead that a flight on thrusters keeps [m], how far ahead it
/// looks [m], and its greatest speed [m/s], which also stays below a part of the escape speed so
/// that a dead engine is no loss.
const CRUISE_M: f64 = 7.0;
const LOOK_AHEAD_M: [f64; 3] = [0.0, 12.0, 30.0];
pub(super) const CRUISE_M_S: f64 = 0.20;
pub(super) const CRUISE_ESCAPE_FRACTION: f64 = 0.6;
/// Part of the difference to the wanted velocity that each look ahead takes up.
const CRUISE_SMOOTHING: f64 = 0.15;
/// In free flight the height is looked up this often: a robot moves millimetres in a tick.
const LOOK_DOWN_TICKS: u64 = 20;
/// Push onto the ground after touch-down, as an acceleration [m/s²]: some ten times the weight, so
/// that a bounce of a centimetre per second is over in half a minute instead of minutes.
pub(super) const PRESS_M_S2: f64 = 6e-4;
/// A robot in touch with the ground for this long has landed even if it still creeps [s].
const PRESS_S: f64 = 20.0;
/// Time in which the thrusters correct a speed [s].
pub(super) const RESPONSE_S: f64 = 6.0;
/// First climb of a flight on thrusters [m/s].
const CLIMB_M_S: f64 = 0.03;
/// Propellant without which no robot sets out on its thrusters [g].
pub(super) const GLIDE_PROPELLANT_G: i64 = 200;
/// A robot that has not settled after this long is taken as standing [s].
const SETTLE_S: f64 = 600.0;
/// Without thrusters to press it down a robot bounces for longer [s].
const SETTLE_WITHOUT_THRUST_S: f64 = 3600.0;
/// Below this charge nothing but charging starts.
pub const LOW_BATTERY: f64 = 0.05;

/// Slower than this a robot off the ground is no more than bouncing.
const ADRIFT_M_S: f32 = 0.01;

/// One thing to do.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Step {
    Release,
    /// To a place, in as many flights as it takes.
    Hop {
        target_m: DVec3,
        /// Where the present flight ends, and whether that is the mark.
        leg_m: DVec3,
        last: bool,
        stage: Stage,
        tries: u8,
        /// All flights so far.
        flights: u16,
    },
    /// To a place on the thrusters.
    Fly {
        target_m: DVec3,
        stage: Stage,
        tries: u8,
    },
    /// Come down where the robot is.
    Land {
        stage: Stage,
    },
    /// Straight up with a chosen speed, and down again.
    Jump {
        speed_m_s: f64,
        /// What its owner says the apex will be [m].
        predicted_apex_m: Option<f64>,
        from_m: DVec3,
        up: DVec3,
        /// Greatest height so far [m].
        apex_m: f64,
        stage: Stage,
    },
    /// Set-points from outside, in the robot's own axes, until the time is over.
    Actuate {
        thrust_n: DVec3,
        torque_n_m: DVec3,
        /// Of the drums, and of the bit its press and its speed: each 0 to 1 of its greatest.
        drum_rate: f64,
        bit: (f64, f64),
        left_s: f64,
    },
    Anchor,
    Dig {
        until_g: i64,
    },
    Drill {
        depth_m: f64,
    },
    /// Work a stuck bit loose.
    Unjam,
    Unload {
        plant: String,
    },
    /// Pour the load on the ground.
    Dump,
    Charge,
    Refuel {
        plant: String,
    },
}

/// Where in a flight the robot is.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub enum Stage {
    Aim,
    Kick {
        hop: Hop,
        left_s: f64,
    },
    Coast {
        left_s: f64,
    },
    /// Over the ground on the thrusters.
    Cruise {
        wanted_m_s: DVec3,
    },
    Approach {
        for_s: f64,
    },
    Settle {
        for_s: f64,
    },
}

/// Who turns the drums.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Drums {
    Piloted,
    /// At a part of their full rate.
    ByHand {
        rate: f64,
    },
}

/// Who drives the bit.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Bit {
    Piloted {
        depth_m: f64,
    },
    /// Parts of its greatest press and speed.
    ByHand {
        press: f64,
        speed: f64,
    },
}

/// The plan of a robot.
#[derive(Component, Clone, Debug, Default, Serialize, Deserialize)]
pub struct Autopilot {
    plan: VecDeque<Step>,
    /// Time spent on the present step [s].
    pub(super) spent_s: f64,
    /// Said once while the battery keeps the plan waiting.
    waiting_for_power: bool,
    /// Where motion is planned: the journey that the robot is on, whatever the plan says by now,
    /// and when what it is at will end [ms].
    pub(super) transit: Option<Transit>,
    pub(super) due_ms: Option<u64>,
}

impl Autopilot {
    pub fn step(&self) -> Option<&Step> {
        self.plan.front()
    }

    pub fn is_idle(&self) -> bool {
        self.plan.is_empty() && self.transit.is_none()
    }

    /// When what it is at will end, where that is planned [ms].
    pub fn due_ms(&self) -> Option<u64> {
        self.due_ms
    }

    /// The planned journey that it is on.
    pub fn transit(&self) -> Option<&Transit> {
        self.transit.as_ref()
    }

    pub(super) fn is_waiting_for_power(&self) -> bool {
        self.waiting_for_power
    }

    pub(super) fn wait_for_power(&mut self) {
        self.waiting_for_power = true;
    }

    /// Feeds a planned journey to the state hash.
    pub(crate) fn hash_into(&self, hash: &mut Xxh3) {
        if let Some(transit) = &self.transit {
            transit.hash_into(hash);
        }
    }

    /// Replaces the plan.
    pub(super) fn set(&mut self, plan: impl IntoIterator<Item = Step>) {
        self.plan = plan.into_iter().collect();
        self.spent_s = 0.0;
        self.waiting_for_power = false;
        // What has taken off lands, wanted or not.
        if let Some(transit) = &mut self.transit {
            transit.serve_no_more();
        }
    }

    /// The present step is done.
    pub(super) fn finish(&mut self) {
        self.plan.pop_front();
        self.spent_s = 0.0;
    }

    /// Drops the whole plan.
    pub(in crate::sim) fn abort(&mut self) {
        self.set([]);
    }

    fn is_free_to_work(&self) -> bool {
        !self.waiting_for_power && self.transit.is_none()
    }

    /// Who turns the drums, if they turn.
    pub(super) fn drums(&self) -> Option<Drums> {
        if !self.is_free_to_work() {
            return None;
        }
        match self.step()? {
            Step::Dig { .. } => Some(Drums::Piloted),
            Step::Actuate { drum_rate, .. } if 0.0 < *drum_rate => {
                Some(Drums::ByHand { rate: *drum_rate })
            }
            _ => None,
        }
    }

    /// Part of their full rate at which the drums turn at most.
    pub(super) fn drum_share(&self) -> f64 {
        match self.drums() {
            Some(Drums::Piloted) => 1.0,
            Some(Drums::ByHand { rate }) => rate,
            None => 0.0,
        }
    }

    /// Who drives the bit, working or waiting for power.
    pub(super) fn bit(&self) -> Option<Bit> {
        match *self.step()? {
            Step::Drill { depth_m } => Some(Bit::Piloted { depth_m }),
            Step::Actuate {
                bit: (press, speed),
                ..
            } if 0.0 < press => Some(Bit::ByHand { press, speed }),
            _ => None,
        }
    }

    pub(super) fn drills(&self) -> bool {
        self.bit().is_some() && self.is_free_to_work()
    }

    /// Whether the present step moves the robot, and so needs short ticks.
    pub fn moves(&self, anchor: Anchor) -> bool {
        let moves = match self.step() {
            Some(Step::Hop { .. } | Step::Fly { .. } | Step::Land { .. } | Step::Jump { .. }) => {
                true
            }
            // Steering by hand ends at its time, anchored or not.
            Some(Step::Actuate { .. }) => true,
            Some(Step::Dig { .. } | Step::Drill { .. }) => anchor == Anchor::Out,
            _ => false,
        };
        moves && !self.waiting_for_power
    }

    pub fn activity(&self, robot: &Robot, motion: &Motion) -> Activity {
        if robot.lost {
            return Activity::Lost;
        }
        if self.transit.is_some() {
            return Activity::Hopping;
        }
        match self.step() {
            None if motion.at_rest || motion.touching => Activity::Idle,
            None if motion.velocity_m_s.length() < ADRIFT_M_S => Activity::Settling,
            None => Activity::Adrift,
            Some(Step::Actuate { .. }) if self.drums().is_some() || self.drills() => {
                Activity::Digging
            }
            Some(Step::Actuate { .. }) => Activity::Hopping,
            Some(Step::Release | Step::Anchor) => Activity::Anchoring,
            Some(
                Step::Hop { stage, .. }
                | Step::Fly { stage, .. }
                | Step::Jump { stage, .. }
                | Step::Land { stage },
            ) => match stage {
                Stage::Aim | Stage::Kick { .. } | Stage::Coast { .. } | Stage::Cruise { .. } => {
                    Activity::Hopping
                }
                Stage::Approach { .. } => Activity::Braking,
                Stage::Settle { .. } => Activity::Settling,
            },
            Some(Step::Dig { .. } | Step::Drill { .. } | Step::Unjam) => Activity::Digging,
            Some(Step::Unload { .. }) => Activity::Unloading,
            Some(Step::Dump) => Activity::Unloading,
            Some(Step::Charge) => Activity::Charging,
            Some(Step::Refuel { .. }) => Activity::Refuelling,
        }
    }

    /// What it does, in words for its owner.
    pub fn describe(&self, robot: &Robot, motion: &Motion, bin: &Bin) -> String {
        if robot.lost {
            return "lost to space".into();
        }
        if let Some(transit) = &self.transit {
            let off_m = match self.step() {
                Some(Step::Hop { target_m, .. } | Step::Fly { target_m, .. }) => {
                    motion.position_m.as_dvec3().distance(*target_m)
                }
                _ => transit.left_m(motion.position_m.as_dvec3()),
            };
            return format!("in flight, {off_m:.0} m to go");
        }
        if self.waiting_for_power {
            return "waiting for the Sun: battery low".into();
        }
        match self.step() {
            None if motion.at_rest => "standing by".into(),
            None if motion.touching || motion.velocity_m_s.length() < ADRIFT_M_S => {
                "coming to rest".into()
            }
            None => format!("adrift at {:.1} cm/s", 100.0 * motion.velocity_m_s.length()),
            Some(Step::Release) => "drawing the anchors".into(),
            Some(Step::Anchor) => "screwing in the anchors".into(),
            Some(
                Step::Hop {
                    target_m, stage, ..
                }
                | Step::Fly {
                    target_m, stage, ..
                },
            ) => {
                let distance_m = motion.position_m.as_dvec3().distance(*target_m);
                match stage {
                    Stage::Aim => "aiming".into(),
                    Stage::Kick { .. } => "taking off".into(),
                    Stage::Coast { .. } => format!("in flight, {distance_m:.0} m to go"),
                    Stage::Cruise { .. } => {
                        format!("flying on its thrusters, {distance_m:.0} m to go")
                    }
                    Stage::Approach { .. } => format!("landing, {distance_m:.1} m to go"),
                    Stage::Settle { .. } => "settling".into(),
                }
            }
            Some(Step::Actuate { left_s, .. }) => {
                format!("steered by hand for {left_s:.0} s more")
            }
            Some(Step::Jump { apex_m, stage, .. }) => match stage {
                Stage::Aim | Stage::Kick { .. } => "jumping".into(),
                Stage::Settle { .. } => "settling".into(),
                _ => format!("in flight, {apex_m:.1} m up at most so far"),
            },
            Some(Step::Land { stage }) => match stage {
                Stage::Settle { .. } => "settling".into(),
                _ => "coming down".into(),
            },
            Some(Step::Dig { until_g }) => format!(
                "digging, {:.1} of {:.0} kg",
                1e-3 * bin.load.mass_g as f64,
                1e-3 * *until_g as f64
            ),
            Some(Step::Drill { depth_m }) => format!("drilling to {depth_m:.2} m"),
            Some(Step::Unjam) => "working the bit loose".into(),
            Some(Step::Unload { plant }) => format!("unloading at {plant}"),
            Some(Step::Dump) => "dumping its load".into(),
            Some(Step::Charge) => "charging".into(),
            Some(Step::Refuel { plant }) => format!("refuelling at {plant}"),
        }
    }

    /// Done part of the present step, where it can be told.
    pub fn progress(&self, robot: &Robot, battery: &Battery, bin: &Bin) -> Option<f64> {
        let kind = &robot.kind;
        let part = match self.step()? {
            Step::Release | Step::Anchor => {
                let set_s = kind.anchor.map_or(0.0, AnchorSpec::set_time_s);
                self.spent_s / set_s.max(1e-3)
            }
            Step::Dig { until_g } => bin.load.mass_g as f64 / *until_g as f64,
            Step::Dump => 1.0 - bin.load.mass_g as f64 / bin.capacity_g as f64,
            Step::Charge => battery.fraction(),
            Step::Unload { .. } => 1.0 - bin.load.mass_g as f64 / bin.capacity_g as f64,
            Step::Hop { stage, .. }
            | Step::Fly { stage, .. }
            | Step::Jump { stage, .. }
            | Step::Land { stage } => match stage {
                Stage::Settle { for_s } => for_s / SETTLE_S,
                _ => return None,
            },
            Step::Unjam => self.spent_s / drill::FREE_TRY_S,
            Step::Refuel { .. } | Step::Actuate { .. } | Step::Drill { .. } => return None,
        };
        Some(part.clamp(0.0, 1.0))
    }
}

type Flying<'w> = (
    &'w Robot,
    &'w BodyHandle,
    &'w Motion,
    &'w Bin,
    &'w Tank,
    &'w Battery,
    &'w Anchor,
    &'w mut Drive,
    &'w mut Autopilot,
    &'w mut FieldCell,
);

/// Sets thrusters, legs and wheels of the robots whose step is a flight.
pub(in crate::sim) fn fly(
    clock: Res<Clock>,
    terrain: Res<Terrain>,
    prospectors: Res<Prospectors>,
    chance: Res<Chance>,
    mut physics: ResMut<Physics>,
    mut log: ResMut<Log>,
    mut feats: ResMut<Feats>,
    mut robots: Query<Flying>,
) {
    for (robot, &body, motion, bin, tank, battery, anchor, mut drive, mut pilot, mut cell) in
        &mut robots
    {
        if let Some(Step::Actuate {
            thrust_n,
            torque_n_m,
            left_s,
            ..
        }) = pilot.plan.front_mut()
        {
            let to_site = motion.rotation.as_dquat();
            *drive = Drive {
                push_n: to_site * *thrust_n,
                torque_n_m: to_site * *torque_n_m,
                thrust_n: drive.thrust_n,
                ..default()
            };
            *left_s -= clock.tick_s();
            if *left_s < 0.5 * clock.tick_s() {
                pilot.finish();
            }
            continue;
        }
        let (mut flight, tries_max) = match Flight::of(pilot.step()) {
            Some(flight) => (flight, tries_max(robot, tank)),
            None => {
                if *drive != Drive::default() {
                    *drive = Drive::default();
                }
                continue;
            }
        };
        *drive = Drive {
            thrust_n: drive.thrust_n,
            ..default()
        };
        let tick_s = clock.tick_s();
        let mut tell = |severity, text: String| {
            log.tell(
                clock.time_ms(),
                prospectors.name(robot.owner),
                severity,
                text,
            );
        };
        let at_m = motion.position_m.as_dvec3();
        let velocity = motion.velocity_m_s.as_dvec3();
        let up = terrain.up_by(at_m, &mut cell.0);
        // Looked up only where it is needed: it costs more than the rest of the tick.
        let height_m = || terrain.signed_distance_m(at_m) - robot.half_height_m();
        // Ground on the way is as good as the ground that was meant, unless that is near; and from far
        // beside the mark another hop costs less than a flight there on the thrusters.
        let missed_m = if flight.last { FAR_M } else { NEAR_M };
        if matches!(pilot.step(), Some(Step::Hop { .. }))
            && matches!(flight.stage, Stage::Approach { .. } | Stage::Settle { .. })
            && flight
                .mark_m
                .is_some_and(|mark_m| missed_m < at_m.distance(mark_m))
        {
            flight.mark_m = None;
        }
        let mark_m = flight.mark_m.unwrap_or_else(|| at_m - height_m() * up);
        let can_thrust = can_thrust(robot, tank);
        let lands = matches!(pilot.step(), Some(Step::Land { .. } | Step::Jump { .. }));
        match flight.stage {
            Stage::Aim => {
                if !motion.at_rest && !motion.touching {
                    flight.stage = Stage::Approach { for_s: 0.0 };
                } else if battery.fraction() < LOW_BATTERY {
                    if !pilot.waiting_for_power {
                        pilot.waiting_for_power = true;
                        tell(
                            Severity::Alarm,
                            format!("{}: the battery is too low to hop", robot.name),
                        );
                    }
                    continue;
                } else if let Some(Step::Jump { speed_m_s, .. }) = pilot.step() {
                    physics.wake(body);
                    let hop = Hop {
                        take_off_m_s: guidance::disturbed_m_s(
                            *speed_m_s * up,
                            &mut chance.stream("take-off", &robot.name, clock.time_ms()),
                        ),
                        touch_down_m_s: DVec3::ZERO,
                        flight_s: f64::INFINITY,
                        apex_m: 0.0,
                    };
                    flight.stage = Stage::Kick { hop, left_s: 3.0 };
                } else if flight.on_thrust {
                    pilot.waiting_for_power = false;
                    physics.wake(body);
                    flight.stage = Stage::Cruise {
                        wanted_m_s: CLIMB_M_S * up,
                    };
                } else {
                    pilot.waiting_for_power = false;
                    match guidance::plan_leg(
                        &terrain,
                        &mut cell.0,
                        at_m,
                        flight.target_m,
                        robot.half_height_m(),
                        hop_speed_max_m_s(robot, bin, tank),
                    ) {
                        Ok(leg) => {
                            debug_assert_eq!(*anchor, Anchor::Out);
                            physics.wake(body);
                            flight.leg_m = leg.to_m;
                            flight.last = leg.last;
                            let hop = Hop {
                                take_off_m_s: guidance::disturbed_m_s(
                                    leg.hop.take_off_m_s,
                                    &mut chance.stream("take-off", &robot.name, clock.time_ms()),
                                ),
                                ..leg.hop
                            };
                            flight.flights = flight.flights.saturating_add(1);
                            flight.stage = Stage::Kick { hop, left_s: 3.0 };
                        }
                        Err(NoHop::TooNear(_)) => {
                            flight.last = true;
                            flight.stage = Stage::Settle { for_s: PRESS_S };
                        }
                        Err(_) if GLIDE_PROPELLANT_G <= tank.propellant_g && can_thrust => {
                            physics.wake(body);
                            flight.on_thrust = true;
                            flight.stage = Stage::Cruise {
                                wanted_m_s: CLIMB_M_S * up,
                            };
                        }
                        Err(no_hop) => {
                            tell(
                                Severity::Alarm,
                                format!("{}: cannot hop there: {no_hop}", robot.name),
                            );
                            pilot.abort();
                            continue;
                        }
                    }
                }
            }
            Stage::Kick { hop, left_s } => {
                let missing_m_s = hop.take_off_m_s - velocity;
                if missing_m_s.length() < 2e-4 || left_s <= 0.0 {
                    flight.stage = Stage::Coast {
                        left_s: hop.flight_s,
                    };
                } else {
                    drive.kick_m_s = missing_m_s;
                    flight.stage = Stage::Kick {
                        hop,
                        left_s: left_s - tick_s,
                    };
                }
            }
            Stage::Coast { left_s } => {
                let falling = velocity.dot(up) < 0.0;
                let near = || {
                    flight.mark_m.is_some() && at_m.distance(mark_m) < NEAR_M
                        || (clock.tick().is_multiple_of(LOOK_DOWN_TICKS)
                            && height_m() < LAND_HERE_M)
                };
                drive.face = Some((up, mark_m - at_m));
                flight.stage = if (falling && near()) || left_s <= 0.0 {
                    Stage::Approach { for_s: 0.0 }
                } else {
                    Stage::Coast {
                        left_s: left_s - tick_s,
                    }
                };
            }
            Stage::Cruise { mut wanted_m_s } => {
                let to_mark_m = (mark_m - at_m).reject_from_normalized(up);
                if !can_thrust || to_mark_m.length() < 0.5 * NEAR_M {
                    flight.stage = Stage::Approach { for_s: 0.0 };
                } else {
                    if clock.tick().is_multiple_of(LOOK_DOWN_TICKS) {
                        // Smoothed: each change of mind burns propellant.
                        let now_m_s = cruise_m_s(&terrain, at_m, to_mark_m, up);
                        wanted_m_s = wanted_m_s.lerp(now_m_s, CRUISE_SMOOTHING);
                    }
                    drive.face = Some((up, to_mark_m));
                    let free_fall = terrain.acceleration_m_s2(at_m, velocity, &mut cell.0);
                    drive.thrust_m_s2 = (wanted_m_s - velocity) / RESPONSE_S - free_fall;
                    flight.stage = Stage::Cruise { wanted_m_s };
                }
            }
            Stage::Approach { for_s } => {
                if !can_thrust {
                    // Nothing left to brake with: fall, and see what comes of it.
                    if motion.touching {
                        flight.stage = Stage::Settle { for_s: 0.0 };
                    }
                } else if motion.touching && velocity.length() < 0.03 || APPROACH_S < for_s {
                    flight.stage = Stage::Settle { for_s: 0.0 };
                } else if flight.mark_m.is_some() && FAR_M < at_m.distance(mark_m) {
                    flight.stage = Stage::Cruise {
                        wanted_m_s: CLIMB_M_S * up,
                    };
                } else {
                    drive.face = Some((up, mark_m - at_m));
                    let free_fall = terrain.acceleration_m_s2(at_m, velocity, &mut cell.0);
                    let wanted_m_s = approach_m_s(mark_m - at_m, height_m(), up);
                    drive.thrust_m_s2 = (wanted_m_s - velocity) / RESPONSE_S - free_fall;
                    flight.stage = Stage::Approach {
                        for_s: for_s + tick_s,
                    };
                }
            }
            Stage::Settle { for_s } => {
                if !motion.at_rest {
                    // Straight into the ground: a push along the weight drives it downhill.
                    let normal = terrain.normal(at_m);
                    drive.thrust_m_s2 =
                        -PRESS_M_S2 * normal - 0.05 * velocity.reject_from_normalized(normal);
                }
                let settle_s = if can_thrust {
                    SETTLE_S
                } else {
                    SETTLE_WITHOUT_THRUST_S
                };
                let standing = PRESS_S <= for_s && (motion.at_rest || settle_s < for_s);
                if can_thrust && !motion.touching && !motion.at_rest && HOVER_M < height_m() {
                    flight.stage = Stage::Approach { for_s: 0.0 };
                } else if !standing {
                    flight.stage = Stage::Settle {
                        for_s: for_s + tick_s,
                    };
                } else if flight.mark_m.is_none() && !lands && flight.flights < FLIGHTS_MAX {
                    flight.stage = Stage::Aim;
                } else if lands {
                    if let Some(&Step::Jump {
                        speed_m_s,
                        predicted_apex_m,
                        apex_m,
                        ..
                    }) = pilot.step()
                    {
                        let jump = Jump {
                            at_ms: clock.time_ms(),
                            prospector: prospectors.name(robot.owner).to_owned(),
                            robot: robot.name.clone(),
                            speed_m_s,
                            apex_m,
                            predicted_apex_m,
                        };
                        tell(Severity::Info, jump.in_words());
                        feats.jumps.push(jump);
                    }
                    pilot.finish();
                    continue;
                } else {
                    let off_m = at_m.distance(flight.target_m);
                    let missed = MISS_M < off_m;
                    let goes_on = if flight.last {
                        flight.tries < tries_max
                    } else {
                        flight.flights < FLIGHTS_MAX
                    };
                    if missed && goes_on {
                        // A way has as many legs as it takes; only misses of the mark count.
                        flight.tries = flight.tries.saturating_add(u8::from(flight.last));
                        flight.stage = Stage::Aim;
                    } else {
                        let (severity, text) = if missed {
                            (
                                Severity::Alarm,
                                format!(
                                    "{} stands {off_m:.1} m from the mark and gives up after {} \
                                     flights",
                                    robot.name,
                                    flight.flights.max(u16::from(flight.tries) + 1)
                                ),
                            )
                        } else {
                            (
                                Severity::Info,
                                format!("{} has landed, {off_m:.1} m from the mark", robot.name),
                            )
                        };
                        tell(severity, text);
                        if missed {
                            pilot.abort();
                        } else {
                            pilot.finish();
                        }
                        continue;
                    }
                }
            }
        }
        if let Some(Step::Jump {
            from_m, up, apex_m, ..
        }) = pilot.plan.front_mut()
        {
            *apex_m = apex_m.max((at_m - *from_m).dot(*up));
        }
        flight.write_to(pilot.plan.front_mut());
    }
}

/// A flying step, whichever it is, as [`fly`] works on it.
struct Flight {
    /// Where this flight is to end; `None` for wherever the robot is.
    mark_m: Option<DVec3>,
    target_m: DVec3,
    leg_m: DVec3,
    last: bool,
    stage: Stage,
    tries: u8,
    flights: u16,
    on_thrust: bool,
}

impl Flight {
    fn of(step: Option<&Step>) -> Option<Self> {
        Some(match *step? {
            Step::Hop {
                target_m,
                leg_m,
                last,
                stage,
                tries,
                flights,
            } => {
                // On its thrusters a robot needs no ground on the way.
                let on_thrust = matches!(stage, Stage::Cruise { .. });
                Self {
                    mark_m: Some(if on_thrust { target_m } else { leg_m }),
                    target_m,
                    leg_m,
                    last,
                    stage,
                    tries,
                    flights,
                    on_thrust: false,
                }
            }
            Step::Fly {
                target_m,
                stage,
                tries,
            } => Self {
                mark_m: Some(target_m),
                target_m,
                leg_m: target_m,
                last: true,
                stage,
                tries,
                flights: 0,
                on_thrust: true,
            },
            Step::Land { stage } | Step::Jump { stage, .. } => Self {
                mark_m: None,
                target_m: DVec3::ZERO,
                leg_m: DVec3::ZERO,
                last: true,
                stage,
                tries: 0,
                flights: 0,
                on_thrust: true,
            },
            _ => return None,
        })
    }

    fn write_to(self, step: Option<&mut Step>) {
        match step {
            Some(Step::Hop {
                leg_m,
                last,
                stage,
                tries,
                flights,
                ..
            }) => {
                *flights = self.flights;
                let on_thrust = self.on_thrust || matches!(self.stage, Stage::Cruise { .. });
                *leg_m = if on_thrust { self.target_m } else { self.leg_m };
                *last = on_thrust || self.last;
                *stage = self.stage;
                *tries = self.tries;
            }
            Some(Step::Fly { stage, tries, .. }) => {
                *stage = self.stage;
                *tries = self.tries;
            }
            Some(Step::Land { stage } | Step::Jump { stage, .. }) => *stage = self.stage,
            _ => {}
        }
    }
}

/// Whether there are thrusters and something to burn in them.
pub(super) fn can_thrust(robot: &Robot, tank: &Tank) -> bool {
    robot.kind.thrusters.is_some() && 0 < tank.propellant_g
}

/// Fastest take-off by legs or flywheels that the pilot allows with the present load [m/s]; 0 for a
/// machine that cannot hop.
pub(super) fn hop_speed_max_m_s(robot: &Robot, bin: &Bin, tank: &Tank) -> f64 {
    let strongest_m_s = jump_speed_max_m_s(robot, bin, tank);
    robot.kind.hop_speed_max_m_s().min(strongest_m_s)
}

/// Fastest take-off that the stored momentum gives with the present load, safe or not [m/s].
pub(super) fn jump_speed_max_m_s(robot: &Robot, bin: &Bin, tank: &Tank) -> f64 {
    let impulse_n_s = robot.kind.hop.map_or(0.0, |hop| hop.impulse_max_n_s);
    impulse_n_s / robot.mass_kg(bin, tank)
}

/// What the robot brings to a flight, for a forecast of it.
pub(super) fn craft(robot: &Robot, bin: &Bin, tank: &Tank) -> Craft {
    let kind = &robot.kind;
    let can_thrust = can_thrust(robot, tank);
    Craft {
        mass_kg: robot.mass_kg(bin, tank),
        half_height_m: robot.half_height_m(),
        hop_speed_max_m_s: hop_speed_max_m_s(robot, bin, tank),
        exhaust_m_s: kind
            .thrusters
            .filter(|_| can_thrust)
            .map_or(0.0, |spec| exhaust_speed_m_per_s(spec.isp_s)),
        propellant_kg: 1e-3 * tank.propellant_g as f64,
        thruster_power_w: kind.thrusters.map_or(0.0, |spec| spec.power_w),
        idle_power_w: kind.idle_power_w,
    }
}

fn tries_max(robot: &Robot, tank: &Tank) -> u8 {
    if can_thrust(robot, tank) {
        TRIES
    } else {
        TRIES_WITHOUT_THRUST
    }
}

/// Velocity of a flight over the ground on the thrusters: towards the mark, and high enough above
/// the highest ground ahead.
fn cruise_m_s(terrain: &Terrain, at_m: DVec3, to_mark_m: DVec3, up: DVec3) -> DVec3 {
    let ahead = to_mark_m.normalize_or_zero();
    let off_m = to_mark_m.length();
    let lowest_m = LOOK_AHEAD_M
        .into_iter()
        .map(|along_m| {
            let over_m = at_m + along_m.min(off_m) * ahead;
            (over_m - terrain.surface_below(over_m)).dot(up)
        })
        .fold(f64::INFINITY, f64::min);
    let climb_m_s = ((CRUISE_M - lowest_m) / 15.0).clamp(-0.08, 0.12);
    let fast_m_s =
        CRUISE_M_S.min(CRUISE_ESCAPE_FRACTION * guidance::escape_speed_m_s(terrain, at_m));
    // Slow down where the ground ahead is near, and towards the mark.
    let speed_m_s =
        fast_m_s.min(off_m / 40.0 + 0.03) * (lowest_m / (0.5 * CRUISE_M)).clamp(0.0, 1.0);
    speed_m_s * ahead + climb_m_s * up
}

/// Velocity that glides to a point above the mark and lets the robot down.
pub(super) fn approach_m_s(to_mark_m: DVec3, height_m: f64, up: DVec3) -> DVec3 {
    let sideways_m = to_mark_m.reject_from_normalized(up);
    let off_m = sideways_m.length();
    let glide_m_s = sideways_m.normalize_or_zero() * (off_m / 40.0).min(0.06);
    // Over the mark: down, slower the nearer. Beside it: level off at hover height first.
    let climb_m_s = if off_m < 0.8 || (height_m < HOVER_M && off_m < 1.2) {
        -(height_m / 40.0).clamp(0.012, 0.10)
    } else {
        ((HOVER_M - height_m) / 30.0).clamp(-0.10, 0.04)
    };
    glide_m_s + climb_m_s * up
}

type Working<'w> = (
    &'w Robot,
    &'w BodyHandle,
    &'w mut Motion,
    &'w mut Bin,
    &'w mut Tank,
    &'w mut Battery,
    &'w mut Anchor,
    &'w mut Autopilot,
    &'w mut Gear,
);

/// Counts the time of the steps that need nothing but time, and does what they are for.
pub(in crate::sim) fn work(
    clock: Res<Clock>,
    terrain: Res<Terrain>,
    prospectors: Res<Prospectors>,
    chance: Res<Chance>,
    mut physics: ResMut<Physics>,
    mut ledger: ResMut<Ledger>,
    mut log: ResMut<Log>,
    mut plants: Query<&mut Plant>,
    mut robots: Query<Working>,
) {
    let tick_s = clock.tick_s();
    for (
        robot,
        &body,
        mut motion,
        mut bin,
        mut tank,
        mut battery,
        mut anchor,
        mut pilot,
        mut gear,
    ) in &mut robots
    {
        let Some(step) = pilot.step().cloned() else {
            continue;
        };
        let kind = robot.kind.clone();
        let at_m = motion.position_m.as_dvec3();
        let owner = robot.owner;
        let mut tell = |severity, text: String| {
            log.tell(clock.time_ms(), prospectors.name(owner), severity, text);
        };
        if battery.fraction() < LOW_BATTERY
            && !matches!(step, Step::Charge | Step::Dump | Step::Unload { .. })
        {
            let works = pilot.drums().is_some() || pilot.bit().is_some();
            if matches!(step, Step::Actuate { .. }) && works {
                pilot.abort();
                tell(
                    Severity::Alarm,
                    format!("{}: battery low, the tools stop", robot.name),
                );
                continue;
            }
            if !pilot.waiting_for_power
                && !matches!(
                    step,
                    Step::Hop { .. }
                        | Step::Fly { .. }
                        | Step::Land { .. }
                        | Step::Jump { .. }
                        | Step::Actuate { .. }
                )
            {
                pilot.waiting_for_power = true;
                tell(
                    Severity::Alarm,
                    format!("{}: battery low, waiting for the Sun", robot.name),
                );
            }
        } else if 2.0 * LOW_BATTERY < battery.fraction() {
            pilot.waiting_for_power = false;
        }
        if pilot.waiting_for_power || pilot.transit.is_some() {
            continue;
        }
        pilot.spent_s += tick_s;
        let spent_s = pilot.spent_s;
        match step {
            Step::Hop { .. }
            | Step::Fly { .. }
            | Step::Land { .. }
            | Step::Jump { .. }
            | Step::Actuate { .. }
            | Step::Drill { .. }
            | Step::Dig { .. } => {}
            Step::Unjam => {
                if drill::FREE_TRY_S <= spent_s {
                    pilot.spent_s = 0.0;
                    if drill::try_to_free(&mut gear.drill, &chance, &robot.name, clock.time_ms()) {
                        tell(Severity::Info, format!("{}: the bit is free", robot.name));
                        pilot.finish();
                    }
                }
            }
            Step::Release => {
                battery.drain_j(kind.anchor.map_or(0.0, AnchorSpec::power_w) * tick_s);
                if kind.anchor.map_or(0.0, AnchorSpec::set_time_s) <= spent_s {
                    *anchor = Anchor::Out;
                    physics.let_go(body);
                    motion.at_rest = false;
                    pilot.finish();
                }
            }
            Step::Anchor => {
                battery.drain_j(kind.anchor.map_or(0.0, AnchorSpec::power_w) * tick_s);
                if kind.anchor.map_or(0.0, AnchorSpec::set_time_s) <= spent_s {
                    let foot_m =
                        at_m - robot.half_height_m() * (motion.rotation * Vec3::Y).as_dvec3();
                    let up = (motion.rotation * Vec3::Y).as_dvec3();
                    let hold_n = match kind.anchor {
                        Some(spec @ AnchorSpec::ThrustDown { .. }) => {
                            anchor_ground::hold_at(&terrain, spec, foot_m, up).map(|n| (n, 1.0))
                        }
                        Some(spec) => {
                            let left = anchor_ground::ground_left(&terrain, robot, &motion);
                            anchor_ground::check_ground_left(left)
                                .and_then(|()| {
                                    let hold_m =
                                        anchor_ground::within_limbs_m(&terrain, spec, foot_m);
                                    anchor_ground::hold_at(&terrain, spec, hold_m, up)
                                })
                                .map(|whole_n| (whole_n, left))
                        }
                        None => Err("it has no anchor"),
                    };
                    match hold_n {
                        Err(why) => {
                            tell(Severity::Refused, format!("{}: {why}", robot.name));
                            pilot.abort();
                        }
                        Ok((whole_n, left)) => {
                            let pull_out_n = left * whole_n;
                            *anchor = Anchor::Holding {
                                pull_out_n,
                                whole_n,
                            };
                            physics.hold(body);
                            motion.at_rest = true;
                            motion.velocity_m_s = Vec3::ZERO;
                            motion.angular_velocity_rad_s = Vec3::ZERO;
                            tell(
                                Severity::Info,
                                format!(
                                    "{} is anchored: the ground holds {pull_out_n:.1} N",
                                    robot.name
                                ),
                            );
                            pilot.finish();
                        }
                    }
                }
            }
            Step::Unload { plant } => {
                let Some(mut plant) = plants.iter_mut().find(|p| p.name == plant) else {
                    pilot.abort();
                    continue;
                };
                if !plant.reaches(terrain.model(), motion.position_m) || !plant.admits(robot.owner)
                {
                    let why = if plant.admits(robot.owner) {
                        "is out of reach"
                    } else {
                        "does not work for you any more"
                    };
                    tell(
                        Severity::Alarm,
                        format!("{}: {} {why}", robot.name, plant.name),
                    );
                    pilot.abort();
                    continue;
                }
                let want_g = (kind.unload_rate_kg_per_h / 3.6 * spent_s).floor() as i64;
                let batch_g = want_g.min(bin.load.mass_g).min(plant.hopper_room_g());
                if 0 < batch_g {
                    // The time is spent in whole grams.
                    pilot.spent_s -= batch_g as f64 * 3.6 / kind.unload_rate_kg_per_h;
                    let moved = bin.load.take(batch_g);
                    plant.receive(robot.owner, moved);
                    ledger
                        .transfer(
                            clock.time_ms(),
                            bin.account,
                            plant.hopper_account,
                            moved.mass_g,
                            Memo::Delivered,
                        )
                        .expect("the bin's account holds what the bin holds");
                }
                if bin.load.mass_g == 0 {
                    tell(
                        Severity::Info,
                        format!("{} has unloaded at {}", robot.name, plant.name),
                    );
                    pilot.finish();
                } else if plant.hopper_room_g() == 0 {
                    tell(
                        Severity::Info,
                        format!(
                            "{}: the hopper of {} is full, {:.1} kg stay in the bin",
                            robot.name,
                            plant.name,
                            1e-3 * bin.load.mass_g as f64
                        ),
                    );
                    pilot.finish();
                }
            }
            // In `spoil`, before this.
            Step::Dump => {}
            Step::Charge => {
                if battery.is_full() {
                    tell(Severity::Info, format!("{} is charged", robot.name));
                    pilot.finish();
                }
            }
            Step::Refuel { plant } => {
                let Some(mut plant) = plants.iter_mut().find(|p| p.name == plant) else {
                    pilot.abort();
                    continue;
                };
                if !plant.reaches(terrain.model(), motion.position_m) {
                    tell(
                        Severity::Alarm,
                        format!("{}: {} is out of reach", robot.name, plant.name),
                    );
                    pilot.abort();
                    continue;
                }
                if REFUEL_S <= spent_s {
                    let filled_g = plant.draw_water(tank.capacity_g - tank.propellant_g);
                    tank.propellant_g += filled_g;
                    ledger
                        .transfer(
                            clock.time_ms(),
                            plant.water_account,
                            tank.account,
                            filled_g,
                            Memo::Refuelled,
                        )
                        .expect("the plant's account holds what its tank holds");
                    tell(
                        Severity::Info,
                        format!(
                            "{} took {:.1} kg of water from {}",
                            robot.name,
                            1e-3 * filled_g as f64,
                            plant.name
                        ),
                    );
                    pilot.finish();
                }
            }
        }
    }
}

/// Time to fill a tank [s] (assumed).
pub(super) const REFUEL_S: f64 = 60.0;
