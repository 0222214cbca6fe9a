//! Hops: from one place on the surface to another in the field that is really there.
//!
//! [`plan_hop`] finds one ballistic flight; [`plan_leg`] the next of as many as the way takes, and
//! [`plan_route`] all of them. What a robot then makes of a plan belongs in `autopilot`, what it
//! is likely to come to in `forecast`.

use std::f64::consts::PI;

use bevy::math::{DMat3, DQuat, DVec3};
use serde::{Deserialize, Serialize};

use crate::sim::asteroid::{GravityCell, Terrain};
use crate::sim::random::{self, Stream};

/// One standard deviation of a take-off: of its speed, as a part of it, and of its direction to
/// each side [rad]. Assumed; the flywheel hops of Hockman et al. (2017) scatter by about a tenth
/// of their range on firm ground, which these two make together.
pub const TAKE_OFF_SPEED_STD: f64 = 0.02;
pub const TAKE_OFF_DIRECTION_STD_RAD: f64 = 0.03;
/// Fewest and most integration steps of a flight.
const STEPS: std::ops::RangeInclusive<f64> = 48.0..=400.0;
/// A path must clear the ground by this much, except near its ends [m].
const CLEARANCE_M: f64 = 0.7;
/// Faster than this part of the local escape speed is a gamble.
const ESCAPE_FRACTION_MAX: f64 = 0.75;
/// A flight that goes farther from the centre than so many times where it begins and ends is none: at
/// [`ESCAPE_FRACTION_MAX`] of the escape speed the highest is 1/(1 - 0.75²), 2.3 times as far.
const FARTHEST: f64 = 3.0;
/// A flight is looked for until it ends this near to its mark [m].
const HIT_M: f64 = 0.01;
/// Longer ways are split: the first guess of a flight knows of no curvature [rad].
const LEG_ANGLE_MAX_RAD: f64 = 1.1;
/// Steeper than this a robot may slide where it lands: the slope of friction 0.5, less a margin.
const LANDING_SLOPE_MAX: f64 = 0.36;
/// A mark is moved by no more than this to flatter ground [m].
const SPOT_REACH_M: f64 = 0.7;
/// More legs than this are no way, and neither are so many in a row that come no nearer to the mark:
/// who is hemmed in hops about in vain.
pub const LEGS_MAX: usize = 64;
const ASTRAY_MAX: usize = 6;

/// A ballistic flight between two places, as seen from the rotating body.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Hop {
    pub take_off_m_s: DVec3,
    pub touch_down_m_s: DVec3,
    pub flight_s: f64,
    /// Greatest height above the place of take-off, along its "up" [m].
    pub apex_m: f64,
}

/// One flight of a longer way.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Leg {
    pub from_m: DVec3,
    /// Where the middle of the chassis shall come down.
    pub to_m: DVec3,
    pub hop: Hop,
    /// It ends at the mark of the whole way.
    pub last: bool,
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
    #[error("the ground there pulls outward: nothing stays on it")]
    Outward,
}

/// Speed that leaves the body for good from a place at rest on the rotating surface, at least [m/s].
///
/// √(2GM/r) of the point mass, less the spin's help (Scheeres et al. 1996 for the sense of it).
pub fn escape_speed_m_s(terrain: &Terrain, at_m: DVec3) -> f64 {
    let model = terrain.model();
    let from_centre = model.from_centre(at_m);
    let inertial = (2.0 * model.mu_m3_per_s2() / from_centre.length()).sqrt();
    (inertial - terrain.spin().omega_rad_per_s.cross(from_centre).length()).max(0.1 * inertial)
}

/// Fastest take-off that is safe at a place [m/s].
pub fn safe_speed_m_s(terrain: &Terrain, at_m: DVec3, speed_max_m_s: f64) -> f64 {
    speed_max_m_s.min(ESCAPE_FRACTION_MAX * escape_speed_m_s(terrain, at_m))
}

/// Plans a hop: the slowest of a few flight times whose path clears the ground.
///
/// Shooting: a constant-gravity guess is flown through the field with fourth-order Runge–Kutta and
/// corrected by Broyden's method until it ends within a centimetre of its mark.
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
    plan_hop_over(terrain, cell, from_m, to_m, speed_max_m_s, CLEARANCE_M)
}

fn plan_hop_over(
    terrain: &Terrain,
    cell: &mut GravityCell,
    from_m: DVec3,
    to_m: DVec3,
    speed_max_m_s: f64,
    clearance_m: f64,
) -> Result<Hop, NoHop> {
    let distance_m = from_m.distance(to_m);
    if distance_m < 0.5 {
        return Err(NoHop::TooNear(distance_m));
    }
    let allowed_m_s = safe_speed_m_s(terrain, from_m, speed_max_m_s);
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
        if clears(terrain, cell, from_m, to_m, &hop, clearance_m) {
            return Ok(hop);
        }
        problem = NoHop::Blocked;
    }
    Err(problem)
}

/// The next flight towards `to_m`: straight there where that is safe, else to ground on the way.
///
/// Ground on the way is looked for along the shortest arc about the centre and to both sides of
/// it, farthest first, and must hold what lands on it and not be steep. A robot plans again at
/// each landing, from where it really is.
///
/// # Errors
/// As [`plan_hop`] for the whole way, if no leg helps either.
pub fn plan_leg(
    terrain: &Terrain,
    cell: &mut GravityCell,
    from_m: DVec3,
    to_m: DVec3,
    half_height_m: f64,
    speed_max_m_s: f64,
) -> Result<Leg, NoHop> {
    let centre_m = terrain.model().centre_m();
    let (arm_m, to_arm_m) = (from_m - centre_m, to_m - centre_m);
    let angle_rad = arm_m.angle_between(to_arm_m);
    let direct = if angle_rad < LEG_ANGLE_MAX_RAD {
        match plan_hop(terrain, cell, from_m, to_m, speed_max_m_s) {
            Ok(hop) => {
                return Ok(Leg {
                    from_m,
                    to_m,
                    hop,
                    last: true,
                });
            }
            Err(near @ NoHop::TooNear(_)) => return Err(near),
            Err(no_hop) => no_hop,
        }
    } else {
        NoHop::TooFast {
            needed_cm_s: 100.0 * escape_speed_m_s(terrain, from_m),
            allowed_cm_s: 100.0 * safe_speed_m_s(terrain, from_m, speed_max_m_s),
        }
    };
    let gravity = terrain
        .acceleration_m_s2(from_m, DVec3::ZERO, cell)
        .length()
        .max(1e-9);
    let speed_m_s = safe_speed_m_s(terrain, from_m, speed_max_m_s);
    let radius_m = arm_m.length();
    // Range of a throw at 45°, and no farther than the mark.
    let reach_rad = (0.85 * speed_m_s * speed_m_s / gravity / radius_m).min(LEG_ANGLE_MAX_RAD);
    let pole = arm_m
        .cross(to_arm_m)
        .normalize_or(arm_m.any_orthonormal_vector());
    for (part, clearance_m) in [
        (1.0, CLEARANCE_M),
        (0.7, CLEARANCE_M),
        (0.45, CLEARANCE_M),
        (0.25, CLEARANCE_M),
        (0.12, CLEARANCE_M),
        (0.5, 0.25),
        (0.2, 0.25),
    ] {
        let step_rad = part * reach_rad.min(0.9 * angle_rad);
        if step_rad * radius_m < 1.5 {
            continue;
        }
        for sideways_rad in [0.0, 0.45, -0.45, 0.95, -0.95] {
            let turned = DQuat::from_axis_angle(arm_m / radius_m, sideways_rad) * pole;
            let Some(spot_m) = spot_near(
                terrain,
                cell,
                centre_m + DQuat::from_axis_angle(turned, step_rad) * arm_m,
                (0.06 * step_rad * radius_m).clamp(1.0, 6.0),
                half_height_m,
            ) else {
                continue;
            };
            if let Ok(hop) =
                plan_hop_over(terrain, cell, from_m, spot_m, speed_max_m_s, clearance_m)
            {
                return Ok(Leg {
                    from_m,
                    to_m: spot_m,
                    hop,
                    last: false,
                });
            }
        }
    }
    // Better a scrape than no way: the last clearance that a direct hop may have.
    if angle_rad < LEG_ANGLE_MAX_RAD
        && let Ok(hop) = plan_hop_over(terrain, cell, from_m, to_m, speed_max_m_s, 0.2)
    {
        return Ok(Leg {
            from_m,
            to_m,
            hop,
            last: true,
        });
    }
    // Hemmed in: any short hop to open ground, even away from the mark.
    for step_m in [4.0, 8.0, 15.0] {
        let step_rad = step_m / radius_m;
        for sideways_rad in [1.6, -1.6, 2.4, -2.4, PI] {
            let turned = DQuat::from_axis_angle(arm_m / radius_m, sideways_rad) * pole;
            let beside_m = centre_m + DQuat::from_axis_angle(turned, step_rad) * arm_m;
            if let Some(spot_m) = spot_near(terrain, cell, beside_m, 1.0, half_height_m)
                && let Ok(hop) = plan_hop_over(terrain, cell, from_m, spot_m, speed_max_m_s, 0.2)
            {
                return Ok(Leg {
                    from_m,
                    to_m: spot_m,
                    hop,
                    last: false,
                });
            }
        }
    }
    Err(direct)
}

/// All flights to `to_m`, as if each ended where it should.
///
/// # Errors
/// As [`plan_leg`], from wherever the way ends.
pub fn plan_route(
    terrain: &Terrain,
    cell: &mut GravityCell,
    from_m: DVec3,
    to_m: DVec3,
    half_height_m: f64,
    speed_max_m_s: f64,
) -> Result<Vec<Leg>, NoHop> {
    let mut legs: Vec<Leg> = Vec::new();
    let mut at_m = from_m;
    let (mut nearest_m, mut astray) = (from_m.distance(to_m), 0);
    while legs.len() < LEGS_MAX && astray < ASTRAY_MAX {
        let leg = plan_leg(terrain, cell, at_m, to_m, half_height_m, speed_max_m_s)?;
        at_m = leg.to_m;
        legs.push(leg);
        if leg.last {
            return Ok(legs);
        }
        let left_m = at_m.distance(to_m);
        astray = if left_m < nearest_m { 0 } else { astray + 1 };
        nearest_m = nearest_m.min(left_m);
    }
    Err(NoHop::NotFound)
}

/// Where a robot of this half height would come to stand on the flattest ground near
/// a mark; the mark itself unless that is steep.
pub fn landing_spot_m(terrain: &Terrain, mark_m: DVec3, half_height_m: f64) -> DVec3 {
    let mut cell = GravityCell::default();
    let up = terrain.up_by(mark_m, &mut cell);
    let east = up.any_orthonormal_vector();
    let north = up.cross(east);
    let mut best = (f64::INFINITY, mark_m);
    for ring in [0.0, 0.5, 1.0] {
        for k in 0..if ring == 0.0 { 1 } else { 6 } {
            let angle_rad = std::f64::consts::TAU * f64::from(k) / 6.0 + ring;
            let beside = SPOT_REACH_M * ring * (angle_rad.cos() * east + angle_rad.sin() * north);
            let ground_m = terrain.surface_below(mark_m + beside + 0.5 * up);
            // Over an edge the ground beside is far below.
            if SPOT_REACH_M * 1.3 < ground_m.distance(mark_m) {
                continue;
            }
            let slope = steepness(terrain, ground_m, up);
            let demerit = (slope - LANDING_SLOPE_MAX).max(0.0) + 0.05 * ring;
            if demerit < best.0 {
                best = (demerit, ground_m);
            }
        }
        if best.0 <= 0.05 {
            break;
        }
    }
    best.1 + (half_height_m + 0.02) * up
}

/// Tangent of the angle between the ground's normal and "up"; large where it overhangs.
fn steepness(terrain: &Terrain, ground_m: DVec3, up: DVec3) -> f64 {
    let normal = terrain.normal(ground_m);
    let cosine = normal.dot(up);
    if cosine <= 0.05 {
        return 20.0;
    }
    normal.reject_from_normalized(up).length() / cosine
}

/// The flattest of a few places around a place on the way where a robot would stay; `None` if it
/// would stay nowhere there.
fn spot_near(
    terrain: &Terrain,
    cell: &mut GravityCell,
    place_m: DVec3,
    spread_m: f64,
    half_height_m: f64,
) -> Option<DVec3> {
    let model = terrain.model();
    let outward = model.outward(place_m);
    let east = outward.any_orthonormal_vector();
    let north = outward.cross(east);
    let outside_m = model.centre_m() + outward * model.bounding_radius_m();
    let mut best: Option<(f64, DVec3)> = None;
    for (i, k) in [(0.0, 0.0), (1.0, 0.0), (-1.0, 0.0), (0.0, 1.0), (0.0, -1.0)] {
        let ground_m = terrain.surface_below(outside_m + spread_m * (i * east + k * north));
        let weight = terrain.acceleration_m_s2(ground_m, DVec3::ZERO, cell);
        let up = -weight.normalize_or_zero();
        let slope = steepness(terrain, ground_m, up);
        if up == DVec3::ZERO || 0.7 < slope {
            continue;
        }
        if best.is_none_or(|(least, _)| slope < least) {
            best = Some((slope, ground_m + (half_height_m + 0.02) * up));
        }
        if slope < 0.2 {
            break;
        }
    }
    best.map(|(_, spot_m)| spot_m)
}

/// Finds the take-off whose flight of `flight_s` ends at `to_m`.
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
    let up = terrain.up_by(from_m, cell);
    // Broyden (1965), the good method: the inverse of the derivative of the miss by the take-off.
    let mut inverse = DMat3::from_diagonal(DVec3::splat(1.0 / flight_s));
    let model = terrain.model();
    let out_m = |at_m| model.from_centre(at_m).length();
    let farthest_m = FARTHEST * out_m(from_m).max(out_m(to_m));
    let stays = |at_m| out_m(at_m) < farthest_m;
    let mut flight = fly(terrain, cell, from_m, take_off_m_s, flight_s, up, stays)?;
    for _ in 0..16 {
        let miss_m = flight.end_m - to_m;
        if miss_m.length() < HIT_M {
            return Some(Hop {
                take_off_m_s,
                touch_down_m_s: flight.end_m_s,
                flight_s,
                apex_m: flight.apex_m,
            });
        }
        let step = -(inverse * miss_m);
        if !step.is_finite() || 3.0 * escape_speed_m_s(terrain, from_m) < step.length() {
            return None;
        }
        take_off_m_s += step;
        flight = fly(terrain, cell, from_m, take_off_m_s, flight_s, up, stays)?;
        let change_m = flight.end_m - to_m - miss_m;
        let predicted = inverse * change_m;
        let scale = step.dot(predicted);
        if 1e-12 * step.length_squared() < scale.abs() {
            let row = inverse.transpose() * step / scale;
            let error = step - predicted;
            inverse += DMat3::from_cols(error * row.x, error * row.y, error * row.z);
        }
    }
    None
}

fn clears(
    terrain: &Terrain,
    cell: &mut GravityCell,
    from_m: DVec3,
    to_m: DVec3,
    hop: &Hop,
    clearance_m: f64,
) -> bool {
    let near_m = 4.0 * CLEARANCE_M;
    let up = DVec3::ZERO;
    fly(
        terrain,
        cell,
        from_m,
        hop.take_off_m_s,
        hop.flight_s,
        up,
        |at_m| {
            at_m.distance(from_m).min(at_m.distance(to_m)) < near_m
                || clearance_m < terrain.signed_distance_m(at_m)
        },
    )
    .is_some()
}

struct Flown {
    end_m: DVec3,
    end_m_s: DVec3,
    apex_m: f64,
}

/// Flies a path; `None` as soon as `pass` is false somewhere.
fn fly(
    terrain: &Terrain,
    cell: &mut GravityCell,
    from_m: DVec3,
    velocity_m_s: DVec3,
    flight_s: f64,
    up: DVec3,
    pass: impl Fn(DVec3) -> bool,
) -> Option<Flown> {
    let steps = (flight_s / 15.0).clamp(*STEPS.start(), *STEPS.end()).ceil();
    let step_s = flight_s / steps;
    let mut at_m = from_m;
    let mut velocity = velocity_m_s;
    let mut apex_m = 0.0f64;
    for _ in 0..steps as u32 {
        (at_m, velocity) = advance(terrain, cell, at_m, velocity, step_s);
        apex_m = apex_m.max((at_m - from_m).dot(up));
        if !pass(at_m) {
            return None;
        }
    }
    Some(Flown {
        end_m: at_m,
        end_m_s: velocity,
        apex_m,
    })
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

/// What comes of a wanted take-off, with the errors of legs and ground drawn from `stream`.
pub fn disturbed_m_s(wanted_m_s: DVec3, stream: &mut Stream) -> DVec3 {
    let speed_m_s = wanted_m_s.length() * (1.0 + TAKE_OFF_SPEED_STD * random::normal(stream));
    let (aside, over) = (random::normal(stream), random::normal(stream));
    let Some(ahead) = wanted_m_s.try_normalize() else {
        return wanted_m_s;
    };
    let side = ahead.any_orthonormal_vector();
    let turned = ahead + TAKE_OFF_DIRECTION_STD_RAD * (aside * side + over * ahead.cross(side));
    speed_m_s * turned.normalize()
}
