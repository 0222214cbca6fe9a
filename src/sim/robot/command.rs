//! Orders to robots become plans here, or are refused with a reason.
//!
//! Each order is checked against what the robot, the plant and the registry are in this tick.

use bevy::math::DVec3;
use bevy::prelude::*;

use super::atlas::Atlas;
use super::autopilot::{
    Autopilot, GLIDE_PROPELLANT_G, LOW_BATTERY, Stage, Step, can_thrust, craft, hop_speed_max_m_s,
    jump_speed_max_m_s,
};
use super::digging::{SPILL_SHARE, dig_rate_kg_per_s};
use super::forecast;
pub use super::forecast::Estimate;
use super::guidance::{self, Hop, NoHop};
use super::{
    Anchor, Battery, Bin, FieldCell, Gear, Health, Robot, Service, Tank, Tool, anchor_ground, drill,
};
use crate::sim::asteroid::{GravityCell, Terrain};
use crate::sim::desk::Desk;
use crate::sim::level::MotionModel;
use crate::sim::level::kind::AnchorSpec;
use crate::sim::observation::Activity;
use crate::sim::order::{Order, Refusal};
use crate::sim::physics::Motion;
use crate::sim::plant::Plant;
use crate::sim::prospecting::probe::Probe;
use crate::sim::prospecting::{Instrument, instrument};
use crate::sim::prospector::ProspectorId;
use crate::sim::random;

/// A measurement takes at least and at most so long [s].
const MEASURE_S: (f64, f64) = (1.0, 1e7);

/// Longest time that one order steers by hand [s].
const ACTUATE_MAX_S: f64 = 600.0;
/// Rock to grip is looked for within this distance of the place that was pointed at [m].
const GRIP_REACH_M: f64 = 5.0;
/// Cosine of the tilt from which a robot lies on its side.
pub(super) const UPRIGHT: f64 = 0.5;
/// The jump in which a robot turns over [m/s], and the time that it has for it [s].
const RIGHTING_M_S: f64 = 0.015;
const RIGHTING_S: f64 = 60.0;

pub(in crate::sim) type Commanded = (
    &'static Robot,
    &'static Motion,
    &'static Bin,
    &'static Tank,
    &'static Battery,
    &'static Anchor,
    &'static mut Autopilot,
    &'static mut FieldCell,
    &'static mut Probe,
    &'static Gear,
    &'static Health,
    &'static Tool,
    &'static mut Service,
);

impl Desk<'_, '_> {
    pub(in crate::sim) fn command_robot(
        &mut self,
        sender: ProspectorId,
        order: &Order,
    ) -> Result<(), Refusal> {
        let Self {
            terms,
            atlas,
            terrain,
            prospectors,
            registry,
            regime,
            clock,
            robots,
            plants,
            ..
        } = self;
        let name = order.robot().unwrap_or_default();
        let (
            robot,
            motion,
            bin,
            tank,
            battery,
            anchor,
            mut pilot,
            mut cell,
            mut probe,
            gear,
            health,
            _,
            mut service,
        ) = own_robot(robots, sender, name)?;
        let at_m = motion.position_m.as_dvec3();
        let standing = motion.at_rest || motion.touching;
        let needs_ground = |what: &str| {
            if standing {
                Ok(())
            } else {
                Err(Refusal::because(format!(
                    "{name} must stand on the ground to {what}"
                )))
            }
        };
        let needs_part = |there: bool, what: &str| {
            if there {
                Ok(())
            } else {
                Err(Refusal::because(format!("{name} has no {what}")))
            }
        };
        let may_land = |target_m: DVec3| {
            regime
                .may_land(
                    registry,
                    prospectors.name(sender),
                    target_m,
                    clock.time_ms(),
                )
                .map_err(|forbidden| Refusal::because(forbidden.to_string()))
        };
        let needs_power = || {
            if battery.fraction() < LOW_BATTERY {
                Err(Refusal::because(format!(
                    "the battery of {name} is down to {:.0} %",
                    100.0 * battery.fraction()
                )))
            } else {
                Ok(())
            }
        };
        let needs_upright = |what: &str| {
            if (motion.rotation * Vec3::Y).as_dvec3().dot(terrain.up(at_m)) < UPRIGHT {
                Err(Refusal::because(format!(
                    "{name} lies on its side and cannot {what}: Free turns it over"
                )))
            } else {
                Ok(())
            }
        };
        let moves = matches!(
            order,
            Order::HopTo { .. }
                | Order::FlyTo { .. }
                | Order::Jump { .. }
                | Order::Actuate { .. }
                | Order::Grip { .. }
                | Order::DrillTo { .. }
                | Order::Deliver { .. }
                | Order::Refuel { .. }
                | Order::Release { .. }
        );
        if moves && gear.drill.is_stuck() {
            return Err(Refusal::because(format!(
                "the bit of {name} is stuck in its hole: Free works it loose"
            )));
        }
        let joints = matches!(
            order,
            Order::Anchor { .. }
                | Order::Release { .. }
                | Order::Dig { .. }
                | Order::DrillTo { .. }
                | Order::Grip { .. }
        );
        health.may_act(name, joints)?;
        let mut plan: Vec<Step> = Vec::new();
        let release_first = |plan: &mut Vec<Step>| {
            if *anchor != Anchor::Out {
                plan.push(Step::Release);
            }
        };
        let planned = terms.motion == MotionModel::Planned;
        let stand = |place_m| stand(terrain, atlas, planned, robot, place_m);
        // Whether hops lead there at all.
        let find_way = |cell: &mut GravityCell, target_m: DVec3| {
            let found = if planned {
                let way = atlas.way(&craft(robot, bin, tank), at_m, target_m);
                way.as_ref().as_ref().map(|_| ()).map_err(|no_hop| *no_hop)
            } else {
                guidance::plan_route(
                    terrain,
                    cell,
                    at_m,
                    target_m,
                    robot.half_height_m(),
                    hop_speed_max_m_s(robot, bin, tank),
                )
                .map(|_| ())
            };
            found.map_err(|no_hop| Refusal::because(no_hop.to_string()))
        };
        match order {
            Order::HopTo { target_m, .. } => {
                needs_part(robot.kind.hop.is_some(), "legs to hop with")?;
                needs_power()?;
                let target_m = stand(DVec3::from_array(*target_m))?;
                may_land(target_m)?;
                if standing && !can_glide(robot, tank) {
                    find_way(&mut cell.0, target_m)?;
                }
                release_first(&mut plan);
                plan.push(hop(target_m));
            }
            Order::FlyTo { target_m, .. } => {
                needs_power()?;
                let target_m = stand(DVec3::from_array(*target_m))?;
                may_land(target_m)?;
                let craft = craft(robot, bin, tank);
                if !craft.can_thrust() {
                    return Err(Refusal::because(format!(
                        "{name} has no thrusters, or nothing to burn in them"
                    )));
                }
                let way = forecast::fly_to(terrain, &mut cell.0, at_m, target_m).estimate(&craft);
                if craft.propellant_kg < way.propellant_kg {
                    return Err(Refusal::because(format!(
                        "the way takes {:.2} kg of propellant, {name} has {:.2} kg",
                        way.propellant_kg, craft.propellant_kg
                    )));
                }
                release_first(&mut plan);
                plan.push(Step::Fly {
                    target_m,
                    stage: Stage::Aim,
                    tries: 0,
                });
            }
            Order::Grip { target_m, .. } => {
                needs_power()?;
                let spec = robot.kind.anchor.filter(|anchor| {
                    matches!(
                        anchor,
                        AnchorSpec::Microspines { .. } | AnchorSpec::Belt { .. }
                    )
                });
                let Some(spec) = spec else {
                    return Err(Refusal::because(format!(
                        "{name} has neither microspines nor a belt"
                    )));
                };
                let target_m = grip_at(terrain, robot, spec, DVec3::from_array(*target_m))?;
                may_land(target_m)?;
                release_first(&mut plan);
                if 1.5 < at_m.distance(target_m) || !standing {
                    if standing && !can_glide(robot, tank) {
                        find_way(&mut cell.0, target_m)?;
                    }
                    plan.push(hop(target_m));
                }
                plan.push(Step::Anchor);
            }
            Order::DrillTo { depth_m, .. } => {
                needs_part(robot.kind.drill.is_some(), "drill")?;
                needs_ground("drill")?;
                needs_power()?;
                needs_upright("drill")?;
                let depth_max_m = robot.kind.drill.map_or(0.0, |spec| spec.depth_max_m);
                if !(0.01 <= *depth_m && *depth_m <= depth_max_m) {
                    return Err(Refusal::because(format!(
                        "depth_m = {depth_m} must be from 0.01 to the {depth_max_m} m of its drill"
                    )));
                }
                let foot_m = at_m - robot.half_height_m() * terrain.up(at_m);
                regime
                    .may_dig(registry, prospectors.name(sender), foot_m, clock.time_ms())
                    .map_err(|forbidden| Refusal::because(forbidden.to_string()))?;
                plan.push(Step::Drill { depth_m: *depth_m });
            }
            Order::Jump {
                speed_m_s,
                predicted_apex_m,
                ..
            } => {
                needs_ground("jump")?;
                needs_power()?;
                let fastest_m_s = jump_speed_max_m_s(robot, bin, tank);
                if !(0.005 <= *speed_m_s && *speed_m_s <= fastest_m_s) {
                    return Err(Refusal::because(format!(
                        "speed_m_s = {speed_m_s} must be from 0.005 to the {fastest_m_s:.3} that \
                         its legs give"
                    )));
                }
                if let Some(apex_m) = predicted_apex_m
                    && !(0.0 < *apex_m && apex_m.is_finite())
                {
                    return Err(Refusal::because(format!(
                        "predicted_apex_m = {apex_m} must be positive and finite"
                    )));
                }
                release_first(&mut plan);
                plan.push(Step::Jump {
                    speed_m_s: *speed_m_s,
                    predicted_apex_m: *predicted_apex_m,
                    from_m: at_m,
                    up: terrain.up(at_m),
                    apex_m: 0.0,
                    stage: Stage::Aim,
                });
            }
            Order::Actuate {
                thrust_n,
                torque_n_m,
                drum_rate,
                drill_press,
                drill_speed,
                for_s,
                ..
            } => {
                if !(0.0 < *for_s && *for_s <= ACTUATE_MAX_S) {
                    return Err(Refusal::because(format!(
                        "for_s = {for_s} must be above 0 and at most {ACTUATE_MAX_S} s"
                    )));
                }
                let (thrust_n, torque_n_m) =
                    (DVec3::from_array(*thrust_n), DVec3::from_array(*torque_n_m));
                if !thrust_n.is_finite() || !torque_n_m.is_finite() {
                    return Err(Refusal::because(
                        "thrust_n and torque_n_m must be finite numbers",
                    ));
                }
                let steers = thrust_n != DVec3::ZERO || torque_n_m != DVec3::ZERO;
                let (digs, drills) = (
                    *drum_rate != 0.0,
                    *drill_press != 0.0 || *drill_speed != 0.0,
                );
                if *anchor != Anchor::Out && (steers || !(digs || drills)) {
                    return Err(Refusal::because(format!(
                        "{name} is anchored: release it first"
                    )));
                }
                if planned {
                    return Err(Refusal::because(
                        "motion is planned in this level: nothing can be steered by hand",
                    ));
                }
                for (field, value) in [
                    ("drum_rate", *drum_rate),
                    ("drill_press", *drill_press),
                    ("drill_speed", *drill_speed),
                ] {
                    if !value.is_finite() {
                        return Err(Refusal::because(format!(
                            "{field} = {value} must be a number from 0 to 1"
                        )));
                    }
                }
                needs_part(!digs || robot.kind.drum.is_some(), "drum to dig with")?;
                needs_part(!drills || robot.kind.drill.is_some(), "drill")?;
                if digs || drills {
                    let foot_m = at_m - robot.half_height_m() * terrain.up(at_m);
                    regime
                        .may_dig(registry, prospectors.name(sender), foot_m, clock.time_ms())
                        .map_err(|forbidden| Refusal::because(forbidden.to_string()))?;
                    health.may_act(name, true)?;
                    needs_power()?;
                }
                plan.push(Step::Actuate {
                    thrust_n,
                    torque_n_m,
                    drum_rate: drum_rate.clamp(0.0, 1.0),
                    bit: (drill_press.clamp(0.0, 1.0), drill_speed.clamp(0.0, 1.0)),
                    left_s: *for_s,
                });
            }
            Order::Free { .. } if gear.drill.is_stuck() => plan.push(Step::Unjam),
            Order::Free { .. } => {
                let upright = (motion.rotation * Vec3::Y).as_dvec3().dot(terrain.up(at_m));
                let stage = if !standing {
                    Stage::Approach { for_s: 0.0 }
                } else if upright < UPRIGHT {
                    // Off the ground for a moment, so that the wheels can turn it.
                    Stage::Kick {
                        hop: Hop {
                            take_off_m_s: RIGHTING_M_S * terrain.up(at_m),
                            touch_down_m_s: DVec3::ZERO,
                            flight_s: RIGHTING_S,
                            apex_m: 0.0,
                        },
                        left_s: 3.0,
                    }
                } else {
                    return Err(Refusal::because(format!("nothing holds {name}")));
                };
                release_first(&mut plan);
                plan.push(Step::Land { stage });
            }
            Order::Anchor { .. } => {
                needs_part(robot.kind.anchor.is_some(), "anchor")?;
                needs_ground("anchor")?;
                needs_upright("anchor")?;
                needs_power()?;
                if *anchor != Anchor::Out {
                    return Err(Refusal::because(format!("{name} is anchored already")));
                }
                plan.push(Step::Anchor);
            }
            Order::Release { .. } => {
                if *anchor == Anchor::Out {
                    return Err(Refusal::because(format!("{name} is not anchored")));
                }
                plan.push(Step::Release);
            }
            Order::Dig { until_kg, .. } => {
                needs_part(robot.kind.drum.is_some(), "drum to dig with")?;
                needs_ground("dig")?;
                needs_power()?;
                let capacity_kg = 1e-3 * bin.capacity_g as f64;
                let until_kg = until_kg.unwrap_or(capacity_kg);
                if !(0.0 < until_kg && until_kg <= capacity_kg) {
                    return Err(Refusal::because(format!(
                        "until_kg = {until_kg} must be above 0 and at most the bin's {capacity_kg} kg"
                    )));
                }
                let until_g = (1e3 * until_kg).round() as i64;
                if until_g <= bin.load.mass_g {
                    return Err(Refusal::because(format!(
                        "the bin of {name} holds {:.1} kg already",
                        1e-3 * bin.load.mass_g as f64
                    )));
                }
                let foot_m = at_m - robot.half_height_m() * terrain.up(at_m);
                regime
                    .may_dig(registry, prospectors.name(sender), foot_m, clock.time_ms())
                    .map_err(|forbidden| Refusal::because(forbidden.to_string()))?;
                plan.push(Step::Dig { until_g });
            }
            Order::Deliver { plant, .. } => {
                if bin.load.mass_g == 0 {
                    return Err(Refusal::because(format!("the bin of {name} is empty")));
                }
                let plant = willing_plant(plants, sender, plant.as_deref(), motion.position_m)?;
                if plant.hopper_room_g() == 0 {
                    return Err(Refusal::because(format!(
                        "the hopper of {} is full",
                        plant.name
                    )));
                }
                go_to_dock(
                    &mut plan,
                    terrain,
                    (planned, &stand),
                    motion,
                    *anchor,
                    plant,
                )?;
                plan.push(Step::Unload {
                    plant: plant.name.clone(),
                });
            }
            Order::Refuel { .. } => {
                if tank.capacity_g == tank.propellant_g {
                    return Err(Refusal::because(format!("the tank of {name} is full")));
                }
                let plant = own_plant(plants, sender, None, motion.position_m)?;
                if plant.water_g() == 0 {
                    return Err(Refusal::because(format!(
                        "there is no water in {}",
                        plant.name
                    )));
                }
                go_to_dock(
                    &mut plan,
                    terrain,
                    (planned, &stand),
                    motion,
                    *anchor,
                    plant,
                )?;
                plan.push(Step::Refuel {
                    plant: plant.name.clone(),
                });
            }
            Order::Dump { .. } => {
                needs_ground("dump its load")?;
                if bin.load.mass_g == 0 {
                    return Err(Refusal::because(format!("the bin of {name} is empty")));
                }
                plan.push(Step::Dump);
            }
            Order::Charge { .. } => {
                needs_ground("charge")?;
                plan.push(Step::Charge);
            }
            Order::Survey { .. } | Order::Measure { .. } => {
                let (instrument, time_s) = match order {
                    Order::Measure {
                        instrument, time_s, ..
                    } => (*instrument, *time_s),
                    _ => (Instrument::ContactSpectrometer, None),
                };
                let spec = instrument::carried(&robot.kind, instrument)
                    .ok_or_else(|| Refusal::because(format!("{name} carries no {instrument}")))?;
                let time_s = time_s.unwrap_or(spec.time_s);
                if !(MEASURE_S.0 <= time_s && time_s <= MEASURE_S.1) {
                    return Err(Refusal::because(format!(
                        "time_s = {time_s} must be from {} to {} s",
                        MEASURE_S.0, MEASURE_S.1
                    )));
                }
                needs_power()?;
                if instrument.needs_ground() {
                    needs_ground("measure")?;
                    pilot.set([]);
                }
                probe.begin(spec, time_s, motion.position_m);
                return Ok(());
            }
            Order::Stop { .. } => {
                if !standing {
                    plan.push(Step::Land {
                        stage: Stage::Approach { for_s: 0.0 },
                    });
                }
            }
            Order::FileClaim { .. }
            | Order::OfferData { .. }
            | Order::WithdrawOffer { .. }
            | Order::BuyData { .. }
            | Order::ShareData { .. } => unreachable!("not for a robot's pilot"),
            _ => unreachable!("work on machines is not for a pilot"),
        }
        match order {
            Order::Stop { .. } => probe.stop(),
            Order::Charge { .. } | Order::Dump { .. } => {}
            _ => probe.leave_ground(),
        }
        service.stop();
        pilot.set(plan);
        Ok(())
    }

    /// What an order would take and may come to, for the one who may give it.
    ///
    /// Chances are counted over flights with errors of a stream of their own, so that asking
    /// changes nothing and the same question has the same answer.
    pub fn estimate(&mut self, by: &str, order: &Order) -> Result<Estimate, Refusal> {
        let sender = self
            .prospectors
            .find(by)
            .ok_or_else(|| Refusal::because(format!("there is no prospector \"{by}\"")))?;
        let name = order.robot().unwrap_or_default();
        let (robot, motion, bin, tank, _, anchor, _, mut cell, ..) =
            own_robot(&mut self.robots, sender, name)?;
        let from_m = motion.position_m.as_dvec3();
        let craft = craft(robot, bin, tank);
        let terrain = &*self.terrain;
        let planned = self.terms.motion == MotionModel::Planned;
        let atlas = &*self.atlas;
        let stand = |place_m| stand(terrain, atlas, planned, robot, place_m);
        let mut hop_to = |target_m: DVec3| {
            if planned {
                return match &*atlas.way(&craft, from_m, target_m) {
                    Ok(way) => Ok(way.estimate(&craft)),
                    Err(no_hop) => Err(Refusal::because(no_hop.to_string())),
                };
            }
            let mut stream = random::stream(0, "estimate");
            forecast::hop_to(terrain, &mut cell.0, &craft, from_m, target_m, &mut stream)
                .map(|way| way.estimate(&craft))
                .map_err(|no_hop| Refusal::because(no_hop.to_string()))
        };
        match order {
            Order::HopTo { target_m, .. } => hop_to(stand(DVec3::from_array(*target_m))?),
            Order::FlyTo { target_m, .. } => {
                let target_m = stand(DVec3::from_array(*target_m))?;
                Ok(forecast::fly_to(terrain, &mut cell.0, from_m, target_m).estimate(&craft))
            }
            Order::Grip { target_m, .. } => {
                let spec = robot
                    .kind
                    .anchor
                    .ok_or_else(|| Refusal::because(format!("{name} has no anchor")))?;
                let there = hop_to(grip_at(terrain, robot, spec, DVec3::from_array(*target_m))?)?;
                Ok(Estimate {
                    time_s: there.time_s + spec.set_time_s(),
                    energy_j: there.energy_j
                        + spec.set_time_s() * (spec.power_w() + craft.idle_power_w),
                    ..there
                })
            }
            Order::DrillTo { depth_m, .. } => {
                let spec = robot
                    .kind
                    .drill
                    .ok_or_else(|| Refusal::because(format!("{name} has no drill")))?;
                let foot_m = from_m - robot.half_height_m() * terrain.up(from_m);
                let rock = terrain.model().ground_at(foot_m).rock;
                let held = *anchor != Anchor::Out;
                let thrown = drill::throw_m_s(spec, rock, craft.mass_kg)
                    / guidance::escape_speed_m_s(terrain, from_m);
                let (time_s, energy_j, jam) = drill::forecast(
                    spec,
                    0.0,
                    *depth_m,
                    rock,
                    held.then(|| anchor.hold_n()),
                    drill::arm_m(robot),
                );
                Ok(Estimate {
                    time_s,
                    energy_j: energy_j + craft.idle_power_w * time_s,
                    arrive_chance: 1.0,
                    // Free on the ground the press lifts the chassis off its bit for certain.
                    trouble_chance: if held { jam } else { 1.0 },
                    escape_fraction: if held { 0.0 } else { thrown },
                    lost_chance: f64::from(u8::from(!held && 1.0 < thrown && !craft.can_thrust())),
                    ..Estimate::default()
                })
            }
            Order::Dig { until_kg, .. } => {
                let capacity_kg = 1e-3 * bin.capacity_g as f64;
                let left_kg = until_kg.unwrap_or(capacity_kg) - 1e-3 * bin.load.mass_g as f64;
                let rate_kg_per_s = dig_rate_kg_per_s(&robot.kind, *anchor, 0.0);
                if !(0.0 < left_kg && 0.0 < rate_kg_per_s) {
                    return Err(Refusal::because(format!("{name} has nothing to dig with")));
                }
                let time_s = left_kg / (rate_kg_per_s * (1.0 - SPILL_SHARE));
                let power_w = robot.kind.drum.map_or(0.0, |drum| drum.power_w);
                Ok(Estimate {
                    time_s,
                    energy_j: (power_w + craft.idle_power_w) * time_s,
                    arrive_chance: 1.0,
                    trouble_chance: if *anchor == Anchor::Out { 1.0 } else { 0.0 },
                    ..Estimate::default()
                })
            }
            Order::Deliver { plant, .. } => {
                let plant =
                    willing_plant(&self.plants, sender, plant.as_deref(), motion.position_m)?;
                let mut plan = Vec::new();
                go_to_dock(
                    &mut plan,
                    terrain,
                    (planned, &stand),
                    motion,
                    *anchor,
                    plant,
                )?;
                let unload_s = 3.6 * bin.load.mass_g as f64 / robot.kind.unload_rate_kg_per_h;
                let there = match plan.last() {
                    Some(Step::Hop { target_m, .. }) => hop_to(*target_m)?,
                    _ => Estimate {
                        arrive_chance: 1.0,
                        ..Estimate::default()
                    },
                };
                Ok(Estimate {
                    time_s: there.time_s + unload_s,
                    energy_j: there.energy_j + craft.idle_power_w * unload_s,
                    ..there
                })
            }
            Order::Jump { .. } => Err(Refusal::because(
                "how high a jump goes is for its owner to foretell",
            )),
            _ => Err(Refusal::because("there is no estimate for this order")),
        }
    }
}

pub(in crate::sim) type CommandedItem<'a> = (
    &'a Robot,
    &'a Motion,
    &'a Bin,
    &'a Tank,
    &'a Battery,
    &'a Anchor,
    Mut<'a, Autopilot>,
    Mut<'a, FieldCell>,
    Mut<'a, Probe>,
    &'a Gear,
    &'a Health,
    &'a Tool,
    Mut<'a, Service>,
);

pub(in crate::sim) fn own_robot<'a>(
    robots: &'a mut Query<Commanded>,
    sender: ProspectorId,
    name: &str,
) -> Result<CommandedItem<'a>, Refusal> {
    let found = robots.iter_mut().find(|(robot, ..)| robot.name == name);
    let Some(found) = found else {
        return Err(Refusal::because(format!("there is no robot \"{name}\"")));
    };
    if found.0.owner != sender {
        return Err(Refusal::because(format!("{name} is not yours")));
    }
    if let Some(carrier) = &found.0.carried_by {
        return Err(Refusal::because(format!(
            "{name} is being carried by {carrier}"
        )));
    }
    if found.6.activity(found.0, found.1) == Activity::Lost {
        return Err(Refusal::because(format!("{name} is lost to space")));
    }
    Ok(found)
}

/// The named plant, or the nearest of one's own.
fn own_plant<'a>(
    plants: &'a Query<&'static mut Plant>,
    sender: ProspectorId,
    name: Option<&str>,
    near_m: Vec3,
) -> Result<&'a Plant, Refusal> {
    let found = match name {
        Some(name) => plants.iter().find(|plant| plant.name == name),
        None => plants
            .iter()
            .filter(|plant| plant.owner == sender)
            .min_by(|a, b| {
                let distance = |plant: &Plant| plant.position_m.distance(near_m);
                distance(a).total_cmp(&distance(b))
            }),
    };
    match (found, name) {
        (Some(plant), _) if plant.owner == sender => Ok(plant),
        (Some(plant), _) => Err(Refusal::because(format!("{} is not yours", plant.name))),
        (None, Some(name)) => Err(Refusal::because(format!("there is no plant \"{name}\""))),
        (None, None) => Err(Refusal::because("you own no plant")),
    }
}

/// The plant that is to take the robot's load: a named one that is one's own or open to one; without
/// a name the nearest of one's own, or the nearest open one for those who own none.
fn willing_plant<'a>(
    plants: &'a Query<&'static mut Plant>,
    sender: ProspectorId,
    name: Option<&str>,
    near_m: Vec3,
) -> Result<&'a Plant, Refusal> {
    let guest = |plant: &&Plant| plant.owner != sender && plant.admits(sender);
    let open = match name {
        Some(name) => plants.iter().filter(guest).find(|plant| plant.name == name),
        None if plants.iter().any(|plant| plant.owner == sender) => None,
        None => plants.iter().filter(guest).min_by(|a, b| {
            let distance = |plant: &Plant| plant.position_m.distance(near_m);
            distance(a).total_cmp(&distance(b))
        }),
    };
    match open {
        Some(plant) => Ok(plant),
        None => own_plant(plants, sender, name, near_m),
    }
}

/// Whether a robot that no hop brings there can fly on its thrusters.
fn can_glide(robot: &Robot, tank: &Tank) -> bool {
    can_thrust(robot, tank) && GLIDE_PROPELLANT_G <= tank.propellant_g
}

fn hop(target_m: DVec3) -> Step {
    Step::Hop {
        target_m,
        leg_m: target_m,
        last: true,
        stage: Stage::Aim,
        tries: 0,
        flights: 0,
    }
}

/// Where the chassis is when the robot stands at the surface point nearest to `place_m`.
pub(super) fn stand_at(
    terrain: &Terrain,
    half_height_m: f64,
    place_m: DVec3,
) -> Result<DVec3, Refusal> {
    let model = terrain.model();
    let from_centre = model.from_centre(place_m);
    if !place_m.is_finite()
        || !model.is_within_reach(place_m)
        || 4.0 * model.bounding_radius_m() < from_centre.length()
        || from_centre.length() < 1.0
    {
        return Err(Refusal::because(format!(
            "target_m = [{}, {}, {}] must be a place on the body",
            place_m.x, place_m.y, place_m.z
        )));
    }
    let ground_m = terrain.surface_below(place_m);
    let weight = terrain.acceleration_m_s2(ground_m, DVec3::ZERO, &mut Default::default());
    if 0.0 < weight.dot(terrain.normal(ground_m)) {
        return Err(Refusal::because(NoHop::Outward.to_string()));
    }
    Ok(guidance::landing_spot_m(terrain, ground_m, half_height_m))
}

/// Where the chassis is when the robot stands on the rock nearest to a place.
fn grip_at(
    terrain: &Terrain,
    robot: &Robot,
    spec: AnchorSpec,
    place_m: DVec3,
) -> Result<DVec3, Refusal> {
    let ground_m = stand_at(terrain, robot.half_height_m(), place_m)?;
    let rock_m = anchor_ground::rock_near_m(terrain, ground_m, GRIP_REACH_M).ok_or_else(|| {
        Refusal::because(format!(
            "there is no rock to grip within {GRIP_REACH_M} m of that place"
        ))
    })?;
    let up = terrain.up(rock_m);
    anchor_ground::hold_at(terrain, spec, rock_m, up).map_err(Refusal::because)?;
    Ok(rock_m + (robot.half_height_m() + 0.02) * up)
}

/// Where a robot stands that is told to go to a place. Where motion is planned, the ground is that
/// of before anybody dug, so that it need not be felt for again: it is when the robot lands.
fn stand(
    terrain: &Terrain,
    atlas: &Atlas,
    planned: bool,
    robot: &Robot,
    place_m: DVec3,
) -> Result<DVec3, Refusal> {
    if planned {
        atlas.stand(robot.half_height_m(), place_m)
    } else {
        stand_at(terrain, robot.half_height_m(), place_m)
    }
}

/// The steps that bring a robot within reach of a plant's dock.
fn go_to_dock(
    plan: &mut Vec<Step>,
    terrain: &Terrain,
    (planned, stand): (bool, &dyn Fn(DVec3) -> Result<DVec3, Refusal>),
    motion: &Motion,
    anchor: Anchor,
    plant: &Plant,
) -> Result<(), Refusal> {
    if plant.reaches(terrain.model(), motion.position_m) && (motion.at_rest || motion.touching) {
        return Ok(());
    }
    if anchor != Anchor::Out {
        plan.push(Step::Release);
    }
    let mut plant_m = plant.position_m.as_dvec3();
    let model = terrain.model();
    let up = if planned {
        // Where it has sunk, ways go by the ground as it was, over it.
        let ground_m = model.surface_towards(model.outward(plant_m));
        if model.from_centre(plant_m).length() < model.from_centre(ground_m).length() {
            plant_m = ground_m;
        }
        model.outward(plant_m)
    } else {
        terrain.up(plant_m)
    };
    let mut towards = (motion.position_m.as_dvec3() - plant_m)
        .reject_from_normalized(up)
        .normalize_or(up.any_orthonormal_vector());
    if planned {
        towards = berth(up, towards);
    }
    let beside_m = plant_m + plant.docking_distance_m() * towards;
    plan.push(hop(stand(beside_m)?));
    Ok(())
}

/// The nearest of a few directions around a plant: berths whose ground is known from earlier visits.
fn berth(up: DVec3, towards: DVec3) -> DVec3 {
    const BERTHS: f64 = 16.0;
    let east = up.any_orthonormal_vector();
    let north = up.cross(east);
    let step_rad = std::f64::consts::TAU / BERTHS;
    let angle_rad = towards.dot(north).atan2(towards.dot(east));
    let angle_rad = (angle_rad / step_rad).round() * step_rad;
    angle_rad.cos() * east + angle_rad.sin() * north
}
