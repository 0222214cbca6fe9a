//! What the ground gives an anchor to hold on to.

use std::f64::consts::TAU;

use bevy::math::DVec3;

use crate::sim::asteroid::{Ground, Terrain};
use crate::sim::level::kind::AnchorSpec;

/// How deep feet and hooks reach into a boulder to find it [m], and in what steps its extent is
/// felt for.
const FEEL_DEPTH_M: f64 = 0.3;
const FEEL_STEP_M: f64 = 0.5;

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
