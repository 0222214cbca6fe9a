//! Planned motion: journeys that are drawn from their forecast instead of being flown.
//!
//! In a level with `motion: Planned` no rigid body moves. A robot whose next step is a flight is away
//! for as long as one of the flights of its forecast took, burns what that burnt, and ends as it
//! did: on its mark, beside it, stranded with a dry tank, or lost. Which one is drawn from a stream
//! of its own, so that the chances are those that `forecast` tells before an order. Ways come out
//! of the [`Atlas`]. Everything else goes on as in `autopilot::work`, and ticks last from one end of
//! a step to the next ([`foresee`]).

use std::sync::Arc;

use bevy::math::DVec3;
use bevy::prelude::*;
use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::Xxh3;

use super::atlas::Atlas;
use super::autopilot::LOW_BATTERY;
use super::autopilot::{Autopilot, REFUEL_S, Step, craft};
use super::digging::{DIG_REACH_M, dig_reaction_n};
use super::feats::{Feats, Jump, ThrowOff};
use super::forecast::{self, BOUNCE_OUT_S, End, Journey, LANDING_S, Way};
use super::guidance::{self, NoHop};
use super::{Anchor, Battery, Bin, Gear, Robot, Service, Tank, Tool, drill, spoil, stand};
use crate::sim::asteroid::{GravityCell, Terrain};
use crate::sim::level::kind::AnchorSpec;
use crate::sim::order::{Log, Severity};
use crate::sim::physics::{BodyHandle, Motion, Physics};
use crate::sim::prospecting::probe::Probe;
use crate::sim::prospector::Prospectors;
use crate::sim::random::{self, Stream};
use crate::sim::{Chance, Clock};

/// A robot that ends a journey farther than this from its mark has not arrived [m].
const MISS_M: f64 = 1.5;
/// Steps in which a throw straight up is followed [s].
const THROW_STEP_S: (f64, f64) = (2.0, 60.0);
/// A throw that has not come back after this long does not [s].
const GONE_S: f64 = 4.0 * 86_400.0;

/// A robot on its way.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Transit {
    from_m: DVec3,
    to_m: DVec3,
    leaves_ms: u64,
    arrives_ms: u64,
    /// Greatest height over the straight way along the ground.
    apex_m: f64,
    /// What the thrusters' boiler draws on the mean [W].
    power_w: f64,
    end: End,
    legs: u32,
    /// For the step at the front of the plan; not so when another order came meanwhile.
    serves: bool,
}

impl Transit {
    pub fn arrives_ms(&self) -> u64 {
        self.arrives_ms
    }

    pub(super) fn power_w(&self) -> f64 {
        self.power_w
    }

    /// Lands on its own: what it was for has been replaced.
    pub(super) fn serve_no_more(&mut self) {
        self.serves = false;
    }

    pub(super) fn hash_into(&self, hash: &mut Xxh3) {
        hash.update(&self.arrives_ms.to_le_bytes());
        for value in self.to_m.to_array() {
            hash.update(&value.to_bits().to_le_bytes());
        }
        hash.update(
            &[
                matches!(self.end, End::Lost),
                matches!(self.end, End::Dry { .. }),
                self.serves,
            ]
            .map(u8::from),
        );
    }

    /// From a place to where it lands [m].
    pub(super) fn left_m(&self, at_m: DVec3) -> f64 {
        at_m.distance(self.to_m)
    }

    /// Done part of the time, 0 to 1.
    fn part(&self, now_ms: u64) -> f64 {
        let whole_ms = (self.arrives_ms - self.leaves_ms).max(1) as f64;
        ((now_ms - self.leaves_ms) as f64 / whole_ms).min(1.0)
    }

    /// Where it is drawn on its way: over the shortest arc, as high as a throw would be.
    fn place_m(&self, terrain: &Terrain, now_ms: u64) -> DVec3 {
        let part = self.part(now_ms);
        let centre_m = terrain.model().centre_m();
        let (arm, to_arm) = (self.from_m - centre_m, self.to_m - centre_m);
        let turn = bevy::math::DQuat::from_rotation_arc(
            arm.normalize_or(DVec3::Z),
            to_arm.normalize_or(DVec3::Z),
        );
        let direction = bevy::math::DQuat::IDENTITY.slerp(turn, part) * arm.normalize_or(DVec3::Z);
        let level_m = arm.length() + part * (to_arm.length() - arm.length());
        centre_m + (level_m + 4.0 * self.apex_m * part * (1.0 - part)) * direction
    }
}

type Travelling<'w> = (
    &'w mut Robot,
    &'w BodyHandle,
    &'w mut Motion,
    &'w Bin,
    &'w mut Tank,
    &'w Battery,
    &'w Anchor,
    &'w mut Autopilot,
    &'w Tool,
    &'w Gear,
    &'w Probe,
    &'w Service,
);

/// Lets robots arrive and set out, at the end of the tick.
pub(super) fn travel(
    clock: Res<Clock>,
    terrain: Res<Terrain>,
    atlas: Res<Atlas>,
    prospectors: Res<Prospectors>,
    chance: Res<Chance>,
    mut physics: ResMut<Physics>,
    mut log: ResMut<Log>,
    mut feats: ResMut<Feats>,
    mut robots: Query<Travelling>,
) {
    let now_ms = clock.end_ms();
    for (
        mut robot,
        &body,
        mut motion,
        bin,
        mut tank,
        battery,
        anchor,
        mut pilot,
        tool,
        gear,
        probe,
        service,
    ) in &mut robots
    {
        if robot.lost || robot.carried_by.is_some() {
            // Nothing of it is worth ending a tick for.
            if pilot.due_ms.is_some() {
                pilot.due_ms = None;
            }
            continue;
        }
        let owner = prospectors.name(robot.owner);
        let mut tell = |severity, text: String| log.tell(now_ms, owner, severity, text);
        if let Some(transit) = &pilot.transit {
            if now_ms < transit.arrives_ms {
                motion.position_m = transit.place_m(&terrain, now_ms).as_vec3();
                continue;
            }
            let transit = pilot.transit.take().expect("it has just been looked at");
            if transit.end == End::Lost {
                robot.lost = true;
                pilot.abort();
                pilot.due_ms = None;
                physics.remove_from_site(body);
                tell(
                    Severity::Alarm,
                    format!(
                        "{} has left {} for good",
                        robot.name,
                        terrain.model().record().name
                    ),
                );
                continue;
            }
            let ground_m = terrain.surface_below(transit.to_m);
            let up = atlas.up(ground_m);
            let place_m = ground_m + (robot.half_height_m() + 0.02) * up;
            let rotation = stand(up, place_m - transit.from_m).as_quat();
            *motion = Motion {
                position_m: place_m.as_vec3(),
                rotation,
                touching: true,
                at_rest: true,
                ..default()
            };
            physics.set_pose(body, motion.position_m, rotation);
            if transit.serves {
                end_step(
                    &transit,
                    &robot.name,
                    owner,
                    now_ms,
                    &mut pilot,
                    &mut feats,
                    &mut tell,
                );
            }
        } else if !motion.at_rest {
            // It has just been set down.
            motion.at_rest = true;
            motion.touching = true;
            motion.velocity_m_s = Vec3::ZERO;
            motion.angular_velocity_rad_s = Vec3::ZERO;
        }

        let from_m = motion.position_m.as_dvec3();
        let craft = craft(&robot, bin, &tank);
        let stream = || chance.stream("journey", &robot.name, now_ms);
        let mut cell = GravityCell::default();
        if let Some(speed_m_s) =
            thrown_m_s(&terrain, &robot, &craft, anchor, &pilot, tool, gear, from_m)
        {
            if pilot.drills() {
                feats.throw_offs.push(ThrowOff {
                    at_ms: now_ms,
                    prospector: owner.to_owned(),
                    robot: robot.name.clone(),
                    speed_m_s,
                });
            }
            tell(
                Severity::Alarm,
                format!(
                    "{}: its tool has pushed it off the ground at {:.1} cm/s",
                    robot.name,
                    100.0 * speed_m_s
                ),
            );
            pilot.abort();
            let up = terrain.up(from_m);
            let throw = throw(&terrain, &mut cell, from_m, speed_m_s * up);
            pilot.transit = Some(Transit {
                serves: false,
                ..throw.transit(from_m, now_ms, craft.can_thrust())
            });
        } else if sets_out(battery, &mut pilot, &robot.name, &mut tell) {
            let mark_m = match pilot.step() {
                Some(Step::Hop { target_m, .. } | Step::Fly { target_m, .. }) => *target_m,
                _ => from_m,
            };
            let way = match pilot.step() {
                Some(Step::Hop { .. }) => {
                    let way = atlas.way(&craft, from_m, mark_m);
                    // What was one place before anybody dug may have a pit between now.
                    let far_m = MISS_M + craft.half_height_m;
                    let deep_m = matches!(&*way, Err(NoHop::TooNear(_)))
                        .then(|| terrain.surface_below(mark_m))
                        .filter(|ground_m| far_m < from_m.distance(*ground_m));
                    deep_m.map_or(way, |ground_m| {
                        Arc::new(Ok(forecast::fly_to(&terrain, &mut cell, from_m, ground_m)))
                    })
                }
                Some(Step::Fly { .. }) => {
                    Arc::new(Ok(forecast::fly_to(&terrain, &mut cell, from_m, mark_m)))
                }
                _ => Arc::new(Err(NoHop::TooNear(0.0))),
            };
            match (pilot.step(), &*way) {
                (Some(&Step::Jump { speed_m_s, .. }), _) => {
                    let wanted_m_s = speed_m_s * terrain.up(from_m);
                    let take_off_m_s = guidance::disturbed_m_s(wanted_m_s, &mut stream());
                    let throw = throw(&terrain, &mut cell, from_m, take_off_m_s);
                    pilot.transit = Some(throw.transit(from_m, now_ms, craft.can_thrust()));
                }
                (_, Ok(way)) => {
                    let mut stream = stream();
                    let journey = way.draw(&craft, &mut stream);
                    tank.owed_g += 1e3 * journey.propellant_kg;
                    let to_m = destination_m(&terrain, from_m, mark_m, journey.end, &mut stream);
                    pilot.transit = Some(under_way(&terrain, way, &journey, from_m, to_m, now_ms));
                }
                (_, Err(NoHop::TooNear(_))) => {
                    if matches!(pilot.step(), Some(Step::Hop { .. })) {
                        tell(
                            Severity::Info,
                            format!("{} has landed, on the mark", robot.name),
                        );
                    }
                    pilot.finish();
                }
                (_, Err(no_hop)) => {
                    tell(
                        Severity::Alarm,
                        format!("{}: cannot hop there: {no_hop}", robot.name),
                    );
                    pilot.abort();
                }
            }
        }
        if let Some(transit) = &pilot.transit {
            let way_m_s = (transit.to_m - from_m) * 1e3
                / (transit.arrives_ms - transit.leaves_ms).max(1) as f64;
            motion.at_rest = false;
            motion.touching = false;
            motion.velocity_m_s = way_m_s.as_vec3();
        }
        // What waits for the Sun ends nobody knows when.
        let powered = LOW_BATTERY <= battery.fraction();
        let left_s = foresee(&robot, bin, battery, &pilot, tool)
            .into_iter()
            .chain(probe.left_s().filter(|_| powered))
            .chain(service.left_s(&robot.kind).filter(|_| powered))
            .min_by(f64::total_cmp);
        pilot.due_ms = match &pilot.transit {
            Some(transit) => Some(transit.arrives_ms),
            None => left_s.map(|left_s| now_ms + (1e3 * left_s).ceil() as u64),
        };
    }
}

/// Ends the step that a journey was for.
fn end_step(
    transit: &Transit,
    name: &str,
    owner: &str,
    now_ms: u64,
    pilot: &mut Autopilot,
    feats: &mut Feats,
    tell: &mut impl FnMut(Severity, String),
) {
    match (pilot.step(), transit.end) {
        (
            Some(&Step::Jump {
                speed_m_s,
                predicted_apex_m,
                ..
            }),
            _,
        ) => {
            let jump = Jump {
                at_ms: now_ms,
                prospector: owner.to_owned(),
                robot: name.to_owned(),
                speed_m_s,
                apex_m: transit.apex_m,
                predicted_apex_m,
            };
            tell(Severity::Info, jump.in_words());
            feats.jumps.push(jump);
            pilot.finish();
        }
        (Some(Step::Hop { .. } | Step::Fly { .. }), End::Down { off_m }) if off_m <= MISS_M => {
            tell(
                Severity::Info,
                format!("{name} has landed, {off_m:.1} m from the mark"),
            );
            pilot.finish();
        }
        (Some(Step::Hop { target_m, .. } | Step::Fly { target_m, .. }), _) => {
            let off_m = target_m.distance(transit.to_m);
            tell(
                Severity::Alarm,
                format!(
                    "{name} stands {off_m:.1} m from the mark and gives up after {} flights",
                    transit.legs
                ),
            );
            pilot.abort();
        }
        _ => {}
    }
}

/// Whether the next step is a flight that can begin now.
fn sets_out(
    battery: &Battery,
    pilot: &mut Autopilot,
    name: &str,
    tell: &mut impl FnMut(Severity, String),
) -> bool {
    let flies = matches!(
        pilot.step(),
        Some(Step::Hop { .. } | Step::Fly { .. } | Step::Land { .. } | Step::Jump { .. })
    );
    if !flies || pilot.transit.is_some() || pilot.is_waiting_for_power() {
        return false;
    }
    if battery.fraction() < LOW_BATTERY && !matches!(pilot.step(), Some(Step::Land { .. })) {
        pilot.wait_for_power();
        tell(
            Severity::Alarm,
            format!("{name}: the battery is too low to hop"),
        );
        return false;
    }
    true
}

/// The journey that a way has led to by chance.
fn under_way(
    terrain: &Terrain,
    way: &Way,
    journey: &Journey,
    from_m: DVec3,
    to_m: DVec3,
    now_ms: u64,
) -> Transit {
    let time_s = match journey.end {
        // It is watched until it is out of reach.
        End::Lost => reach_s(terrain, way.take_off_m_s()),
        _ => journey.time_s,
    };
    Transit {
        from_m,
        to_m,
        leaves_ms: now_ms,
        arrives_ms: now_ms + milliseconds(time_s),
        apex_m: way.apex_m() / f64::from(way.legs().max(1)),
        power_w: journey.thrust_j / time_s.max(1.0),
        end: journey.end,
        legs: way.legs(),
        serves: true,
    }
}

/// Where a journey ends, before the ground there is felt for.
fn destination_m(
    terrain: &Terrain,
    from_m: DVec3,
    mark_m: DVec3,
    end: End,
    stream: &mut Stream,
) -> DVec3 {
    match end {
        End::Down { off_m } => {
            let up = terrain.up(mark_m);
            let east = up.any_orthonormal_vector();
            let angle_rad = std::f64::consts::TAU * random::uniform(stream);
            let aside = angle_rad.cos() * east + angle_rad.sin() * up.cross(east);
            mark_m + off_m * aside
        }
        End::Dry { part } => from_m.lerp(mark_m, part),
        End::Lost => {
            let model = terrain.model();
            mark_m + model.bounding_radius_m() * model.outward(mark_m)
        }
    }
}

/// Time in which something that leaves for good is out of reach [s].
fn reach_s(terrain: &Terrain, speed_m_s: f64) -> f64 {
    let model = terrain.model();
    let radius_m = model.bounding_radius_m();
    let mut far_m = 2.0 * radius_m;
    while model.is_within_reach(model.centre_m() + far_m * DVec3::Z) {
        far_m *= 1.25;
    }
    (far_m / speed_m_s.max(1e-3)).min(GONE_S)
}

/// A flight straight up that nobody steers.
struct Throw {
    apex_m: f64,
    lands_m: DVec3,
    /// None for one that does not come back.
    flight_s: Option<f64>,
    gone_s: f64,
}

impl Throw {
    fn transit(&self, from_m: DVec3, now_ms: u64, can_thrust: bool) -> Transit {
        let settles_s = if can_thrust { LANDING_S } else { BOUNCE_OUT_S };
        let time_s = self
            .flight_s
            .map_or(self.gone_s, |flight_s| flight_s + settles_s);
        Transit {
            from_m,
            to_m: self.lands_m,
            leaves_ms: now_ms,
            arrives_ms: now_ms + milliseconds(time_s),
            apex_m: self.apex_m,
            power_w: 0.0,
            end: match self.flight_s {
                Some(_) => End::Down { off_m: 0.0 },
                None => End::Lost,
            },
            legs: 1,
            serves: true,
        }
    }
}

/// Follows a throw through the field until it meets the ground or is gone.
fn throw(terrain: &Terrain, cell: &mut GravityCell, from_m: DVec3, take_off_m_s: DVec3) -> Throw {
    let up = terrain.up(from_m);
    let weight = terrain
        .acceleration_m_s2(from_m, DVec3::ZERO, cell)
        .length()
        .max(1e-9);
    let short_s =
        (2.0 * take_off_m_s.length() / weight / 40.0).clamp(THROW_STEP_S.0, THROW_STEP_S.1);
    let (mut at_m, mut velocity) = (from_m, take_off_m_s);
    let (mut time_s, mut apex_m) = (0.0, 0.0f64);
    loop {
        (at_m, velocity) = guidance::advance(terrain, cell, at_m, velocity, short_s);
        time_s += short_s;
        apex_m = apex_m.max((at_m - from_m).dot(up));
        let falls = velocity.dot(terrain.up_by(at_m, cell)) < 0.0;
        if falls && terrain.signed_distance_m(at_m) < 0.5 {
            return Throw {
                apex_m,
                lands_m: at_m,
                flight_s: Some(time_s),
                gone_s: 0.0,
            };
        }
        if GONE_S < time_s || !terrain.model().is_within_reach(at_m) {
            return Throw {
                apex_m,
                lands_m: at_m,
                flight_s: None,
                gone_s: time_s,
            };
        }
    }
}

/// Speed at which a tool pushes a robot off that nothing holds, if it does: the work of its push, less
/// the weight, over the reach in which it still meets the ground.
fn thrown_m_s(
    terrain: &Terrain,
    robot: &Robot,
    craft: &super::forecast::Craft,
    anchor: &Anchor,
    pilot: &Autopilot,
    tool: &Tool,
    gear: &Gear,
    at_m: DVec3,
) -> Option<f64> {
    if *anchor != Anchor::Out
        || pilot.transit.is_some()
        || !(pilot.drums().is_some() || pilot.drills())
    {
        return None;
    }
    let push_n =
        dig_reaction_n(&robot.kind, tool.rate_kg_per_s) + gear.drill.load().weight_on_bit_n;
    let weight = terrain.acceleration_m_s2(at_m, DVec3::ZERO, &mut GravityCell::default());
    let net_m_s2 = push_n / craft.mass_kg - weight.length();
    let reach_m = if pilot.drums().is_some() {
        DIG_REACH_M
    } else {
        drill::STROKE_M
    };
    (0.0 < net_m_s2).then(|| (2.0 * net_m_s2 * reach_m).sqrt())
}

/// Time until the present step ends by itself [s], as far as that can be told.
fn foresee(
    robot: &Robot,
    bin: &Bin,
    battery: &Battery,
    pilot: &Autopilot,
    tool: &Tool,
) -> Option<f64> {
    if pilot.is_waiting_for_power() {
        return None;
    }
    let kind = &robot.kind;
    let unload_g_per_s = kind.unload_rate_kg_per_h / 3.6;
    let whole_s = match pilot.step()? {
        Step::Release | Step::Anchor => kind.anchor.map_or(0.0, AnchorSpec::set_time_s),
        Step::Dig { until_g } => {
            let left_g = (until_g - bin.load.mass_g) as f64 - tool.owed_g;
            // Work already done shows in the bin, not in the time.
            return (0.0 < tool.rate_kg_per_s).then(|| left_g.max(0.0) * 1e-3 / tool.rate_kg_per_s);
        }
        Step::Charge => {
            let gain_w = battery.solar_w() - kind.idle_power_w;
            let left_j = 0.995 * battery.capacity_j - battery.charge_j;
            return (0.0 < gain_w).then(|| left_j.max(0.0) / gain_w);
        }
        Step::Unload { .. } => bin.load.mass_g as f64 / unload_g_per_s,
        Step::Dump => bin.load.mass_g.min(spoil::PORTION_G) as f64 / unload_g_per_s,
        Step::Refuel { .. } => REFUEL_S,
        Step::Unjam => drill::FREE_TRY_S,
        Step::Drill { .. }
        | Step::Hop { .. }
        | Step::Fly { .. }
        | Step::Land { .. }
        | Step::Jump { .. }
        | Step::Actuate { .. } => return None,
    };
    Some((whole_s - pilot.spent_s).max(0.0))
}

fn milliseconds(seconds: f64) -> u64 {
    (1e3 * seconds).ceil().max(1.0) as u64
}
