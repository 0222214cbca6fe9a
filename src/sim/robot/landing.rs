//! Landings on thrusters, foretold: what the pilot does from the end of a flight to standing still.
//!
//! The pilot's own law is followed with a point instead of a chassis: it thrusts so that the
//! velocity comes to what it wants within its response, and carries the weight meanwhile, which
//! is what a landing costs. What the point has not, bounces and slopes, is booked at what it takes
//! on average.

use bevy::math::DVec3;

use super::autopilot::{
    APPROACH_S, CRUISE_ESCAPE_FRACTION, CRUISE_M_S, FAR_M, LAND_HERE_M, NEAR_M, PRESS_M_S2,
    RESPONSE_S, approach_m_s,
};
use super::guidance::{self, Leg};
use crate::sim::asteroid::{GravityCell, Terrain};

/// Steps in which the pilot's law is followed [s], and in how many of them ground and weight are looked
/// at again.
const STEP_S: f64 = 1.0;
const LOOK_DOWN_STEPS: u32 = 6;
/// A flight that has not come down after this long has not come back [s].
pub(super) const GONE_S: f64 = 4.0 * 86_400.0;
/// Corrections of a flight over the ground take this much change of speed a second besides holding
/// the weight [m/s²].
pub(super) const CRUISE_JITTER_M_S2: f64 = 6e-5;
/// From touch-down to standing still, pressed down meanwhile so that bounces end [s]: the mean over
/// three hundred landings on Bennu, Itokawa and Ryugu, which differ by up to a fifth.
const SETTLE_S: f64 = 180.0;

/// Where a flight is when the pilot begins to land.
#[derive(Clone, Copy, Debug)]
pub(super) struct Arrival {
    pub at_m: DVec3,
    pub velocity: DVec3,
    pub flight_s: f64,
}

/// What a landing has taken.
#[derive(Clone, Copy, Debug)]
pub(super) struct Landed {
    pub at_m: DVec3,
    /// It was near enough to glide to the mark.
    pub on_mark: bool,
    pub time_s: f64,
    pub delta_v_m_s: f64,
}

/// Flies a leg with another take-off until the pilot begins to land; `None` if it does not come back.
pub(super) fn arrival(
    terrain: &Terrain,
    cell: &mut GravityCell,
    leg: &Leg,
    take_off_m_s: DVec3,
) -> Option<Arrival> {
    let model = terrain.model();
    let radius_m = |at_m| model.from_centre(at_m).length();
    let low_m = radius_m(leg.to_m).min(radius_m(leg.from_m)) + 30.0;
    let long_s = (leg.hop.flight_s / 60.0).clamp(5.0, 60.0);
    let (mut at_m, mut velocity) = (leg.from_m, take_off_m_s);
    let mut flight_s = 0.0;
    loop {
        // Metres matter at the end.
        let late = 0.7 * leg.hop.flight_s < flight_s;
        let step_s = if late { 0.25 * long_s } else { long_s };
        let step_s = step_s.min((leg.hop.flight_s - flight_s).max(1.0));
        (at_m, velocity) = guidance::advance(terrain, cell, at_m, velocity, step_s);
        flight_s += step_s;
        let falls = velocity.dot(terrain.up_by(at_m, cell)) < 0.0;
        let near = at_m.distance(leg.to_m) < NEAR_M
            || late && radius_m(at_m) < low_m && terrain.signed_distance_m(at_m) < LAND_HERE_M;
        if falls && near || leg.hop.flight_s <= flight_s {
            return Some(Arrival {
                at_m,
                velocity,
                flight_s,
            });
        }
        if GONE_S < flight_s || !model.is_within_reach(at_m) {
            return None;
        }
    }
}

/// Lands from there on the mark of the leg, or on any ground where that has been missed.
pub(super) fn land(
    terrain: &Terrain,
    cell: &mut GravityCell,
    leg: &Leg,
    half_height_m: f64,
    from: Arrival,
) -> Landed {
    let missed_m = if leg.last { FAR_M } else { NEAR_M };
    let mark_m = (from.at_m.distance(leg.to_m) <= missed_m).then_some(leg.to_m);
    let mut velocity = from.velocity;
    let mut landed = Landed {
        at_m: from.at_m,
        on_mark: mark_m.is_some(),
        time_s: 0.0,
        delta_v_m_s: 0.0,
    };
    let (mut height_m, mut up, mut free_fall) = (0.0, DVec3::ZERO, DVec3::ZERO);
    let mut steps = 0;
    while landed.time_s < APPROACH_S {
        if steps % LOOK_DOWN_STEPS == 0 {
            height_m = terrain.signed_distance_m(landed.at_m) - half_height_m;
            up = terrain.up_by(landed.at_m, cell);
            free_fall = terrain.acceleration_m_s2(landed.at_m, velocity, cell);
        }
        if height_m <= 0.0 {
            break;
        }
        let to_mark_m = mark_m.map_or(DVec3::ZERO, |mark_m| mark_m - landed.at_m);
        let wanted_m_s = approach_m_s(to_mark_m, height_m, up);
        let push_m_s2 = (wanted_m_s - velocity) / RESPONSE_S;
        landed.delta_v_m_s += STEP_S * (push_m_s2 - free_fall).length();
        velocity += STEP_S * push_m_s2;
        landed.at_m += STEP_S * velocity;
        height_m += STEP_S * velocity.dot(up);
        landed.time_s += STEP_S;
        steps += 1;
    }
    landed.time_s += SETTLE_S;
    landed.delta_v_m_s += PRESS_M_S2 * SETTLE_S;
    landed
}

/// Time and change of speed of a way over the ground on the thrusters, without its landing.
pub(super) fn cruise(
    terrain: &Terrain,
    cell: &mut GravityCell,
    from_m: DVec3,
    way_m: f64,
) -> (f64, f64) {
    let escape_m_s = guidance::escape_speed_m_s(terrain, from_m);
    let speed_m_s = CRUISE_M_S.min(CRUISE_ESCAPE_FRACTION * escape_m_s);
    let weight = terrain
        .acceleration_m_s2(from_m, DVec3::ZERO, cell)
        .length();
    let time_s = way_m / speed_m_s + 60.0;
    (
        time_s,
        (weight + CRUISE_JITTER_M_S2) * time_s + 2.0 * speed_m_s,
    )
}
