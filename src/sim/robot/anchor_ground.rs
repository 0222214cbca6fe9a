//! What the ground gives an anchor to hold on to.

use std::f64::consts::TAU;

use bevy::math::DVec3;
use bevy::prelude::*;

use super::autopilot::Autopilot;
use super::{Anchor, Robot};
use crate::sim::Clock;
use crate::sim::asteroid::{Ground, Terrain};
use crate::sim::level::kind::AnchorSpec;
use crate::sim::order::{Log, Severity};
use crate::sim::physics::{BodyHandle, Motion, Physics};
use crate::sim::prospector::Prospectors;

/// How deep feet and hooks reach into a boulder to find it [m], and in what steps its extent is
/// felt for.
const FEEL_DEPTH_M: f64 = 0.3;
const FEEL_STEP_M: f64 = 0.5;

/// How far beside the chassis limbs take hold of rock [m] (assumed; those of LEMUR 3 are longer).
const LIMB_REACH_M: f64 = 1.0;

/// Where anchors stand under a chassis, as parts of its length, and at which depths their ground is
/// looked at [m].
const FEET: [(f64, f64); 4] = [(-0.35, -0.35), (0.35, -0.35), (-0.35, 0.35), (0.35, 0.35)];
const FEET_DEPTHS_M: [f64; 2] = [0.15, 0.4];
/// Shares of their hold below which the owner is told, and below which nothing holds.
const WARN_AT: [f64; 3] = [0.75, 0.5, 0.25];
const HOLDS_NOTHING: f64 = 0.1;

/// Pull that an anchor withstands at a place [N]: a belt must also go around the boulder there.
///
/// # Errors
/// Why it finds no hold.
pub fn hold_at(
    terrain: &Terrain,
    anchor: AnchorSpec,
    foot_m: DVec3,
    up: DVec3,
) -> Result<f64, &'static str> {
    let ground = terrain.model().ground_at(foot_m - FEEL_DEPTH_M * up);
    let held_n = hold_n(anchor, &ground)?;
    if let AnchorSpec::Belt { boulder_max_m, .. } = anchor
        && boulder_max_m < rock_extent_m(terrain, foot_m, up, boulder_max_m)
    {
        return Err("the boulder is too large for the belt");
    }
    Ok(held_n)
}

/// How wide the rock under a foot is in its narrowest direction, up to a little more than
/// `enough_m` [m].
pub fn rock_extent_m(terrain: &Terrain, foot_m: DVec3, up: DVec3, enough_m: f64) -> f64 {
    let east = up.any_orthonormal_vector();
    let north = up.cross(east);
    let steps = (enough_m / FEEL_STEP_M).ceil() as u32 + 1;
    let reach_m = |direction: DVec3| {
        let rock = |i: &u32| {
            let beside_m = foot_m + f64::from(*i) * FEEL_STEP_M * direction;
            let ground_m = terrain.surface_below(beside_m);
            terrain.model().ground_at(ground_m - FEEL_DEPTH_M * up).rock
        };
        f64::from((1..=steps).take_while(rock).count() as u32) * FEEL_STEP_M
    };
    (0..4)
        .map(|k| {
            let angle_rad = std::f64::consts::PI * f64::from(k) / 4.0;
            let direction = angle_rad.cos() * east + angle_rad.sin() * north;
            reach_m(direction) + reach_m(-direction)
        })
        .fold(f64::INFINITY, f64::min)
}

/// The nearest rock to a place within `reach_m`, on the surface; `None` if there is none.
///
/// Boulders are seen from afar, so nothing hidden is told.
pub fn rock_near_m(terrain: &Terrain, place_m: DVec3, reach_m: f64) -> Option<DVec3> {
    let up = terrain.up(place_m);
    let east = up.any_orthonormal_vector();
    let north = up.cross(east);
    let rings = (reach_m / FEEL_STEP_M).ceil() as u32;
    for ring in 0..=rings {
        let around = (6 * ring).max(1);
        for k in 0..around {
            let angle_rad = std::f64::consts::TAU * f64::from(k) / f64::from(around);
            let beside =
                f64::from(ring) * FEEL_STEP_M * (angle_rad.cos() * east + angle_rad.sin() * north);
            let ground_m = terrain.surface_below(place_m + beside + 1.0 * up);
            if terrain.model().ground_at(ground_m - FEEL_DEPTH_M * up).rock {
                return Some(ground_m);
            }
        }
    }
    None
}

/// Where an anchor takes hold under a foot: limbs with spines or a belt reach for the rock beside
/// it, a screw goes in where it stands.
pub(super) fn within_limbs_m(terrain: &Terrain, anchor: AnchorSpec, foot_m: DVec3) -> DVec3 {
    match anchor {
        AnchorSpec::Microspines { .. } | AnchorSpec::Belt { .. } => {
            rock_near_m(terrain, foot_m, LIMB_REACH_M).unwrap_or(foot_m)
        }
        _ => foot_m,
    }
}

/// Share of the ground around the feet of a robot that nobody has dug away, 0 to 1.
pub(super) fn ground_left(terrain: &Terrain, robot: &Robot, motion: &Motion) -> f64 {
    let at = |(x, z): (f64, f64), depth_m: f64| {
        let (length_x_m, height_m, length_z_m) = robot.kind.size_m;
        let foot = DVec3::new(x * length_x_m, -0.5 * height_m - depth_m, z * length_z_m);
        let foot_m = motion.position_m.as_dvec3() + motion.rotation.as_dquat() * foot;
        terrain.undug_share(foot_m)
    };
    let mut sum = 0.0;
    for foot in FEET {
        for depth_m in FEET_DEPTHS_M {
            sum += at(foot, depth_m);
        }
    }
    sum / (FEET.len() * FEET_DEPTHS_M.len()) as f64
}

/// Whether anything is left to anchor in.
///
/// # Errors
/// Why there is not.
pub(super) fn check_ground_left(left: f64) -> Result<(), &'static str> {
    if left < HOLDS_NOTHING {
        Err("the ground here has been dug away: there is nothing left to hold on to")
    } else {
        Ok(())
    }
}

/// The revision of the surface at which holds were last looked at.
#[derive(Resource, Clone, Copy, Debug, Default)]
pub struct Loosened(Option<u64>);

/// Lets anchors hold less as the ground around them goes, whoever digs it.
///
/// Where the surface is as it was when this was last looked at, so is every hold.
pub(super) fn loosen(
    mut looked_at: ResMut<Loosened>,
    clock: Res<Clock>,
    terrain: Res<Terrain>,
    prospectors: Res<Prospectors>,
    mut physics: ResMut<Physics>,
    mut log: ResMut<Log>,
    mut robots: Query<(
        &Robot,
        &BodyHandle,
        &mut Motion,
        &mut Anchor,
        &mut Autopilot,
    )>,
) {
    if looked_at.0.replace(terrain.shown_revision()) == Some(terrain.shown_revision()) {
        return;
    }
    for (robot, &body, mut motion, mut anchor, mut pilot) in &mut robots {
        let Anchor::Holding {
            pull_out_n,
            whole_n,
        } = *anchor
        else {
            continue;
        };
        if matches!(robot.kind.anchor, Some(AnchorSpec::ThrustDown { .. })) {
            continue;
        }
        let left = ground_left(&terrain, robot, &motion);
        let holds_n = left * whole_n;
        if holds_n == pull_out_n {
            continue;
        }
        *anchor = Anchor::Holding {
            pull_out_n: holds_n,
            whole_n,
        };
        let mut tell = |severity, text: String| {
            let owner = prospectors.name(robot.owner);
            log.tell(clock.time_ms(), owner, severity, text);
        };
        if left < HOLDS_NOTHING {
            *anchor = Anchor::Out;
            physics.let_go(body);
            motion.at_rest = false;
            pilot.abort();
            tell(
                Severity::Alarm,
                format!(
                    "{}: the ground around its anchors is gone, they hold no more",
                    robot.name
                ),
            );
            continue;
        }
        let before = pull_out_n / whole_n;
        if WARN_AT.iter().any(|warn| left < *warn && *warn <= before) {
            tell(
                Severity::Alarm,
                format!(
                    "{}: ground around its anchors has been dug away, they hold {holds_n:.1} N of {whole_n:.1} N",
                    robot.name
                ),
            );
        }
    }
}

/// Pull that an anchor withstands in this ground [N].
///
/// # Errors
/// Why it finds no hold.
pub fn hold_n(anchor: AnchorSpec, ground: &Ground) -> Result<f64, &'static str> {
    match anchor {
        AnchorSpec::Screws { .. } if ground.rock => Err("bare rock: the screws find no hold"),
        AnchorSpec::Screws {
            count,
            radius_m,
            length_m,
            ..
        } => Ok(f64::from(count) * screw_holding_force_n(radius_m, length_m, ground.cohesion_pa)),
        AnchorSpec::Microspines { pull_max_n, .. } | AnchorSpec::Belt { pull_max_n, .. } => {
            if ground.rock {
                Ok(pull_max_n)
            } else {
                Err("no rock: there is nothing to grip")
            }
        }
        AnchorSpec::ThrustDown { force_n } => Ok(force_n),
    }
}

/// Pull that an anchor screw withstands by the soil's grip on its skin alone, N = 2π r L c [N].
///
/// The weight and strength of a cone of soil above the screw are left out, which errs on the safe
/// side. `cohesion_pa` is 1 to 100 Pa in regolith of small bodies.
pub fn screw_holding_force_n(radius_m: f64, length_m: f64, cohesion_pa: f64) -> f64 {
    TAU * radius_m * length_m * cohesion_pa
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_screw_in_firm_regolith_holds_two_newtons() {
        assert!((screw_holding_force_n(0.05, 0.3, 25.0) - 2.356_194_490_192_34).abs() < 1e-12);
    }
}
