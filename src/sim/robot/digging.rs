//! Bucket drums: how fast they dig, what that pushes, what they bring up, and what they spill.
//!
//! The pilot turns them as fast as the anchors allow; by hand they turn as they are told. What the
//! drums bring up goes to the bin; a part of it is lost on the way and falls ahead of the tool or,
//! thrown faster than the body holds it, drifts off.

use bevy::math::DVec3;
use bevy::prelude::*;

use super::autopilot::{Autopilot, Step};
use super::{Anchor, Bin, Robot, Tool, spoil};
use crate::sim::asteroid::Terrain;
use crate::sim::economy::ledger::{Ledger, Memo};
use crate::sim::law::claims::Registry;
use crate::sim::law::regime::Regime;
use crate::sim::level::{MotionModel, RobotKind};
use crate::sim::order::{Log, Severity};
use crate::sim::physics::{Motion, Physics};
use crate::sim::prospector::Prospectors;
use crate::sim::{Accounts, Clock, Terms};

/// Speed of the drum's teeth through the ground [m/s], as of RASSOR-class excavators.
const TOOTH_SPEED_M_S: f64 = 0.3;
/// Dimensionless wear coefficient of dry three-body abrasion and hardness of tool steel:
/// `materials_wear.csv`, archard_k_dry_abrasive and hardness_tool_steel.
const ARCHARD_K: f64 = 1e-3;
const TOOL_HARDNESS_PA: f64 = 7e9;
/// Steel that the teeth may lose before they are blunt [m³] (assumed: 2 cm³).
const TOOL_WEAR_VOLUME_M3: f64 = 2e-6;
/// A blunt tool digs at this fraction of a new one's rate (assumed).
const BLUNT_RATE: f64 = 0.3;
/// The tool has lost the ground when the chassis floats higher than this [m].
pub(super) const DIG_REACH_M: f64 = 0.35;

/// Part of what the drums bring up that never reaches the bin (assumed).
pub(super) const SPILL_SHARE: f64 = 0.03;
/// It is let fall in portions [g], larger ones where years are planned, so far beyond the reach of
/// the drums [m].
const SPILL_PORTION_G: i64 = 500;
const SPILL_PORTION_PLANNED_G: i64 = 2_000;
const BESIDE_M: f64 = 0.8;

/// Rate at which the drums may turn so that the reaction stays well inside what holds the robot.
///
/// The counter-rotating drums cancel the sideways part of the digging force and leave
/// `dig_reaction_n` upward at full rate, in proportion to the rate.
pub(super) fn dig_rate_kg_per_s(kind: &RobotKind, anchor: Anchor, wear: f64) -> f64 {
    let Some(drum) = kind.drum else { return 0.0 };
    let full = drum.rate_kg_per_h / 3600.0 * (1.0 - (1.0 - BLUNT_RATE) * wear);
    match anchor {
        Anchor::Out => full,
        Anchor::Holding { pull_out_n, .. } if 0.0 < drum.reaction_n => {
            full * (0.7 * pull_out_n / drum.reaction_n).min(1.0)
        }
        Anchor::Holding { .. } => full,
    }
}

/// Push of the ground on the chassis while the drums turn at a rate [N].
pub(super) fn dig_reaction_n(kind: &RobotKind, rate_kg_per_s: f64) -> f64 {
    kind.drum.map_or(0.0, |drum| {
        drum.reaction_n * rate_kg_per_s * 3600.0 / drum.rate_kg_per_h
    })
}

/// Speed of the teeth while the drums dig at a rate [m/s].
fn tooth_speed_m_s(kind: &RobotKind, rate_kg_per_s: f64) -> f64 {
    kind.drum.map_or(0.0, |drum| {
        TOOTH_SPEED_M_S * (3600.0 * rate_kg_per_s / drum.rate_kg_per_h).min(1.0)
    })
}

/// Whether the tool reaches the ground: always, while anchors hold the robot to it.
pub(super) fn in_reach(terrain: &Terrain, robot: &Robot, motion: &Motion, anchor: Anchor) -> bool {
    let at_m = motion.position_m.as_dvec3();
    anchor != Anchor::Out || terrain.signed_distance_m(at_m) - robot.half_height_m() <= DIG_REACH_M
}

/// Where a robot stands with its feet.
fn foot_m(robot: &Robot, motion: &Motion) -> DVec3 {
    let up = (motion.rotation * Vec3::Y).as_dvec3();
    motion.position_m.as_dvec3() - robot.half_height_m() * up
}

/// Moves rock from the ground into bins, and wears the teeth that do it.
pub(super) fn dig(
    clock: Res<Clock>,
    accounts: Res<Accounts>,
    prospectors: Res<Prospectors>,
    terms: Res<Terms>,
    mut terrain: ResMut<Terrain>,
    mut physics: ResMut<Physics>,
    mut ledger: ResMut<Ledger>,
    mut log: ResMut<Log>,
    (mut regime, mut registry): (ResMut<Regime>, ResMut<Registry>),
    mut robots: Query<(
        &Robot,
        &Motion,
        &Anchor,
        &mut Bin,
        &mut Tool,
        &mut Autopilot,
    )>,
) {
    let mut dug_any = false;
    let portion_g = match terms.motion {
        MotionModel::Simulated => SPILL_PORTION_G,
        MotionModel::Planned => SPILL_PORTION_PLANNED_G,
    };
    for (robot, motion, anchor, mut bin, mut tool, mut pilot) in &mut robots {
        let (until_g, by_hand) = match pilot.step() {
            Some(Step::Dig { until_g }) => (*until_g, false),
            Some(Step::Actuate { .. }) if 0.0 < tool.rate_kg_per_s => (bin.capacity_g, true),
            _ => continue,
        };
        let at_m = motion.position_m.as_dvec3();
        let by = prospectors.name(robot.owner);
        let foot_m = foot_m(robot, motion);
        if by_hand && let Err(forbidden) = regime.may_dig(&registry, by, foot_m, clock.time_ms()) {
            tool.rate_kg_per_s = 0.0;
            pilot.abort();
            log.tell(
                clock.time_ms(),
                prospectors.name(robot.owner),
                Severity::Refused,
                format!("{} stops: {forbidden}", robot.name),
            );
            continue;
        }
        if !by_hand && !in_reach(&terrain, robot, motion, *anchor) {
            tool.rate_kg_per_s = 0.0;
            pilot.abort();
            log.tell(
                clock.time_ms(),
                prospectors.name(robot.owner),
                Severity::Alarm,
                format!(
                    "{}: digging has pushed it off the ground at {:.1} cm/s. Stop brings it down",
                    robot.name,
                    100.0 * motion.velocity_m_s.length()
                ),
            );
            continue;
        }
        tool.owed_g += 1e3 * tool.rate_kg_per_s * clock.tick_s();
        let want_g = (tool.owed_g.floor() as i64)
            .min(until_g - bin.load.mass_g)
            .max(0);
        if by_hand && until_g <= bin.load.mass_g {
            // The bin is full: the drums turn and bring up nothing.
            tool.owed_g = 0.0;
        }
        if 0 < want_g {
            let up = (motion.rotation * Vec3::Y).as_dvec3();
            let ahead = (motion.rotation * Vec3::Z).as_dvec3();
            let arm_m = 0.5 * robot.kind.size_m.2 + 0.3;
            let tool_m = at_m + arm_m * ahead - (robot.half_height_m() + 0.2) * up;
            let reach_m = robot.kind.drum.map_or(0.0, |drum| drum.reach_m);
            let spoil = terrain.excavate(tool_m, reach_m, want_g);
            tool.owed_g -= want_g as f64;
            bin.load.add(spoil);
            ledger
                .transfer(
                    clock.time_ms(),
                    accounts.rock,
                    bin.account,
                    spoil.mass_g,
                    Memo::Dug,
                )
                .expect("the body holds what it gives");
            regime.record_dig(
                &mut registry,
                clock.time_ms(),
                by,
                &robot.name,
                foot_m,
                spoil.mass_g,
            );
            dug_any = true;
            tool.spilling_g += SPILL_SHARE * spoil.mass_g as f64;
            if portion_g as f64 <= tool.spilling_g {
                let speed_m_s = tooth_speed_m_s(&robot.kind, tool.rate_kg_per_s);
                let beside_m = tool_m + (reach_m + BESIDE_M) * ahead;
                let spilt = bin.load.take(portion_g);
                tool.spilling_g -= spilt.mass_g as f64;
                let lies_g = spoil::spill(&mut terrain, beside_m, speed_m_s, spilt);
                for (to, mass_g, memo) in [
                    (accounts.rock, lies_g, Memo::Spilled),
                    (accounts.drifted, spilt.mass_g - lies_g, Memo::Lost),
                ] {
                    ledger
                        .transfer(clock.time_ms(), bin.account, to, mass_g, memo)
                        .expect("the bin's account holds what the bin holds");
                }
            }
            if spoil.mass_g < want_g && !by_hand {
                pilot.finish();
                tool.rate_kg_per_s = 0.0;
                log.tell(
                    clock.time_ms(),
                    prospectors.name(robot.owner),
                    Severity::Info,
                    format!(
                        "{}: nothing is left within the reach of its drums",
                        robot.name
                    ),
                );
            }
        }
        // Archard (1953): volume lost = k F s / H.
        let force_n = dig_reaction_n(&robot.kind, tool.rate_kg_per_s);
        let lost_m3 = ARCHARD_K * force_n * TOOTH_SPEED_M_S * clock.tick_s() / TOOL_HARDNESS_PA;
        let life = TOOL_WEAR_VOLUME_M3 * robot.kind.durability.tool_life_factor / terms.ageing;
        tool.wear = (tool.wear + lost_m3 / life).min(1.0);
        tool.dug_kg += tool.rate_kg_per_s * clock.tick_s();
        if until_g <= bin.load.mass_g && !by_hand {
            tool.owed_g = 0.0;
            tool.rate_kg_per_s = 0.0;
            pilot.finish();
            log.tell(
                clock.time_ms(),
                prospectors.name(robot.owner),
                Severity::Info,
                format!(
                    "{}: {:.1} kg in the bin",
                    robot.name,
                    1e-3 * bin.load.mass_g as f64
                ),
            );
        }
    }
    if dug_any {
        let changed = terrain.take_changed_chunks();
        if !changed.is_empty() {
            physics.renew_ground(&*terrain, &changed);
        }
    }
}
