//! Hops: from one place on the surface to another in the field that is really there.

use bevy::math::DVec3;
use serde::{Deserialize, Serialize};

use crate::sim::asteroid::{GravityCell, Terrain};

/// Fewest and most integration steps of a flight.
const STEPS: std::ops::RangeInclusive<f64> = 48.0..=400.0;
/// A path must clear the ground by this much, except near its ends [m].
const CLEARANCE_M: f64 = 0.7;
/// Faster than this part of the local escape speed is a gamble.
const ESCAPE_FRACTION_MAX: f64 = 0.75;

/// A ballistic flight between two places, as seen from the rotating body.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Hop {
    pub take_off_m_s: DVec3,
    pub touch_down_m_s: DVec3,
    pub flight_s: f64,
    /// Greatest height above the straight line between the ends' distances from the centre [m].
    pub apex_m: f64,
}

/// Why there is no hop.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
pub enum NoHop {
    #[error("the place is {0:.2} m away: the robot is there already")]
    TooNear(f64),
    #[error(
        "it would take {needed_cm_s:.1} cm/s, more than the {allowed_cm_s:.1} cm/s that are safe here"
    )]
    TooFast { needed_cm_s: f64, allowed_cm_s: f64 },
    #[error("the ground is in the way of every path that is safe")]
    Blocked,
    #[error("no path was found")]
    NotFound,
}

/// Speed that leaves the body for good from a place at rest on the rotating surface, at least [m/s].
///
/// √(2GM/r) of the point mass, less the spin's help (Scheeres et al. 1996 for the sense of it).
pub fn escape_speed_m_s(terrain: &Terrain, at_m: DVec3) -> f64 {
    let model = terrain.model();
    let inertial = (2.0 * model.mu_m3_per_s2() / at_m.length()).sqrt();
    (inertial - model.spin_rad_per_s().cross(at_m).length()).max(0.1 * inertial)
}

/// Plans a hop: the slowest of a few flight times whose path clears the ground.
///
/// Shooting: a constant-gravity guess is flown through the field with fourth-order Runge–Kutta and
/// corrected by the miss over the flight time until it lands within a centimetre.
///
/// # Errors
/// [`NoHop`] says why there is none within `speed_max_m_s` and a safe part of the escape speed.
pub fn plan_hop(
    terrain: &Terrain,
    cell: &mut GravityCell,
    from_m: DVec3,
    to_m: DVec3,
    speed_max_m_s: f64,
) -> Result<Hop, NoHop> {
    let distance_m = from_m.distance(to_m);
    if distance_m < 0.5 {
        return Err(NoHop::TooNear(distance_m));
    }
    let allowed_m_s = speed_max_m_s.min(ESCAPE_FRACTION_MAX * escape_speed_m_s(terrain, from_m));
    let gravity = terrain
        .acceleration_m_s2(from_m, DVec3::ZERO, cell)
        .length()
        .max(1e-9);
    let shortest_s = (2.0 * distance_m / gravity).sqrt();
    let mut problem = NoHop::NotFound;
    for stretch in [0.8, 1.0, 1.25, 1.6, 2.2, 3.0] {
        let flight_s = stretch * shortest_s;
        let Some(hop) = shoot(terrain, cell, from_m, to_m, flight_s) else {
            continue;
        };
        let needed_m_s = hop.take_off_m_s.length();
        if allowed_m_s < needed_m_s {
            if !matches!(problem, NoHop::Blocked) {
                problem = NoHop::TooFast {
                    needed_cm_s: 100.0 * needed_m_s,
                    allowed_cm_s: 100.0 * allowed_m_s,
                };
            }
            continue;
        }
        if clears(terrain, cell, from_m, to_m, &hop) {
            return Ok(hop);
        }
        problem = NoHop::Blocked;
    }
    Err(problem)
}

fn shoot(
    terrain: &Terrain,
    cell: &mut GravityCell,
    from_m: DVec3,
    to_m: DVec3,
    flight_s: f64,
) -> Option<Hop> {
    let mean = 0.5
        * (terrain.acceleration_m_s2(from_m, DVec3::ZERO, cell)
            + terrain.acceleration_m_s2(to_m, DVec3::ZERO, cell));
    let mut take_off_m_s = (to_m - from_m) / flight_s - 0.5 * flight_s * mean;
    for _ in 0..12 {
        let (end_m, touch_down_m_s, apex_m) =
            fly(terrain, cell, from_m, take_off_m_s, flight_s, |_| true)?;
        let miss_m = end_m - to_m;
        if miss_m.length() < 0.01 {
            return Some(Hop {
                take_off_m_s,
                touch_down_m_s,
                flight_s,
                apex_m,
            });
        }
        take_off_m_s -= miss_m / flight_s;
    }
    None
}

fn clears(
    terrain: &Terrain,
    cell: &mut GravityCell,
    from_m: DVec3,
    to_m: DVec3,
    hop: &Hop,
) -> bool {
    let near_m = 4.0 * CLEARANCE_M;
    fly(
        terrain,
        cell,
        from_m,
        hop.take_off_m_s,
        hop.flight_s,
        |at_m| {
            at_m.distance(from_m).min(at_m.distance(to_m)) < near_m
                || CLEARANCE_M < terrain.signed_distance_m(at_m)
        },
    )
    .is_some()
}

/// Flies a path; `None` as soon as `pass` is false somewhere.
fn fly(
    terrain: &Terrain,
    cell: &mut GravityCell,
    from_m: DVec3,
    velocity_m_s: DVec3,
    flight_s: f64,
    pass: impl Fn(DVec3) -> bool,
) -> Option<(DVec3, DVec3, f64)> {
    let steps = (flight_s / 15.0).clamp(*STEPS.start(), *STEPS.end()).ceil();
    let step_s = flight_s / steps;
    let mut at_m = from_m;
    let mut velocity = velocity_m_s;
    let ground_m = from_m.length();
    let mut apex_m = 0.0f64;
    for _ in 0..steps as u32 {
        (at_m, velocity) = advance(terrain, cell, at_m, velocity, step_s);
        apex_m = apex_m.max(at_m.length() - ground_m);
        if !pass(at_m) {
            return None;
        }
    }
    Some((at_m, velocity, apex_m))
}

/// One step of free fall by fourth-order Runge–Kutta.
pub fn advance(
    terrain: &Terrain,
    cell: &mut GravityCell,
    at_m: DVec3,
    velocity_m_s: DVec3,
    step_s: f64,
) -> (DVec3, DVec3) {
    let mut field = |at_m, velocity| terrain.acceleration_m_s2(at_m, velocity, cell);
    let half_s = 0.5 * step_s;
    let k1 = field(at_m, velocity_m_s);
    let v2 = velocity_m_s + half_s * k1;
    let k2 = field(at_m + half_s * velocity_m_s, v2);
    let v3 = velocity_m_s + half_s * k2;
    let k3 = field(at_m + half_s * v2, v3);
    let v4 = velocity_m_s + step_s * k3;
    let k4 = field(at_m + step_s * v3, v4);
    (
        at_m + step_s / 6.0 * (velocity_m_s + 2.0 * v2 + 2.0 * v3 + v4),
        velocity_m_s + step_s / 6.0 * (k1 + 2.0 * k2 + 2.0 * k3 + k4),
    )
}
