//! Flight and fall over a sphere that does not turn: hops, drops, bounces, and the push of a tool.
//!
//! These are the closed forms behind previews and checks. In the world itself robots fly in the
//! true field with spin, which these leave out. With x = v²R/μ, the square of speed over circular
//! speed, a hop returns for x < 2; all forms below are arranged so that nothing cancels for the
//! slow hops (x ≪ 1) that robots make.

use crate::sim::asteroid::figure::surface_gravity_m_per_s2;

/// Lowest speed that does not come back, √(2μ/r) [m/s].
pub fn escape_speed_m_per_s(mu_m3_per_s2: f64, distance_m: f64) -> f64 {
    (2.0 * mu_m3_per_s2 / distance_m).sqrt()
}

/// A hop from the surface of a sphere and back to it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Hop {
    /// Highest point above the surface.
    pub apex_height_m: f64,
    pub time_of_flight_s: f64,
    /// Along the surface from start to landing.
    pub surface_range_m: f64,
}

/// The hop that starts with `speed_m_per_s` at `elevation_rad` above the horizon (π/2 is straight
/// up), or None if it never comes back. A push into the ground is no hop: all zero.
///
/// Kepler ellipse, in straight flight the degenerate one. Source: Bate, Mueller & White (1971),
/// section 6.2, with angles counted from the apex: e cos δ = 1 − x, e sin δ = √(x(2 − x)) sin γ,
/// t = 2 √(a³/μ) (δ + e sin δ), tan(range/2R) = x sin γ cos γ/(1 − x cos² γ).
pub fn hop(
    mu_m3_per_s2: f64,
    radius_m: f64,
    speed_m_per_s: f64,
    elevation_rad: f64,
) -> Option<Hop> {
    let (up, along) = elevation_rad.sin_cos();
    if up < 0.0 || speed_m_per_s <= 0.0 {
        return Some(Hop {
            apex_height_m: 0.0,
            time_of_flight_s: 0.0,
            surface_range_m: 0.0,
        });
    }
    let x = speed_m_per_s * speed_m_per_s * radius_m / mu_m3_per_s2;
    if 2.0 <= x {
        return None;
    }
    let eccentricity = ((1.0 - x) * along).hypot(up);
    let e_sin = up * (x * (2.0 - x)).sqrt();
    let from_apex_rad = e_sin.atan2(1.0 - x);
    let semi_major_axis_m = radius_m / (2.0 - x);
    let mean_motion_rad_per_s = (mu_m3_per_s2 / semi_major_axis_m.powi(3)).sqrt();
    // Of two equal forms the one whose terms have the same sign.
    let apex_height_m = if x <= 1.0 {
        radius_m * up * up * x / (eccentricity + 1.0 - x)
    } else {
        radius_m * (eccentricity + x - 1.0) / (2.0 - x)
    };
    Some(Hop {
        apex_height_m,
        time_of_flight_s: 2.0 * (from_apex_rad + e_sin) / mean_motion_rad_per_s,
        surface_range_m: 2.0 * radius_m * (x * up * along).atan2(1.0 - x * along * along),
    })
}

/// The same hop if gravity were that of the surface everywhere and the ground flat: what a
/// textbook on Earth would say.
///
/// h = (v sin γ)²/2g, t = 2 v sin γ/g, range = v² sin 2γ/g.
pub fn flat_hop(mu_m3_per_s2: f64, radius_m: f64, speed_m_per_s: f64, elevation_rad: f64) -> Hop {
    let gravity_m_per_s2 = surface_gravity_m_per_s2(mu_m3_per_s2, radius_m);
    let (up, along) = elevation_rad.sin_cos();
    let up_m_per_s = (speed_m_per_s * up).max(0.0);
    let time_of_flight_s = 2.0 * up_m_per_s / gravity_m_per_s2;
    Hop {
        apex_height_m: 0.5 * up_m_per_s * up_m_per_s / gravity_m_per_s2,
        time_of_flight_s,
        surface_range_m: time_of_flight_s * speed_m_per_s.max(0.0) * along,
    }
}

/// A fall to the surface of a sphere.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Fall {
    pub fall_time_s: f64,
    pub impact_speed_m_per_s: f64,
}

/// The fall from `height_m` above a sphere with a radial speed at the start, positive downwards;
/// None if it is thrown up too fast to fall.
///
/// With the speed as the variable, t = ∫ dv/g(v) where g = μ/r² and, from the energy,
/// 1/r = 1/r₀ + (v² − u²)/2μ: smooth at the apex and at any energy.
pub fn fall(
    mu_m3_per_s2: f64,
    radius_m: f64,
    height_m: f64,
    down_speed_m_per_s: f64,
) -> Option<Fall> {
    let start_m = radius_m + height_m;
    // Thrown up, it first comes back to where it was, now on its way down.
    let return_s = if down_speed_m_per_s < 0.0 {
        let straight_up = std::f64::consts::FRAC_PI_2;
        hop(mu_m3_per_s2, start_m, -down_speed_m_per_s, straight_up)?.time_of_flight_s
    } else {
        0.0
    };
    let start_m_per_s = down_speed_m_per_s.abs();
    let gained_m2_per_s2 = 2.0 * mu_m3_per_s2 * height_m / (radius_m * start_m);
    let impact_speed_m_per_s = (start_m_per_s * start_m_per_s + gained_m2_per_s2).sqrt();
    let inverse_gravity = |speed_m_per_s: f64| {
        let more = (speed_m_per_s - start_m_per_s) * (speed_m_per_s + start_m_per_s);
        let distance_m = (start_m.recip() + 0.5 * more / mu_m3_per_s2).recip();
        distance_m * distance_m / mu_m3_per_s2
    };
    // The difference of the speeds, written so that a short fast fall keeps its digits.
    let gain_m_per_s = gained_m2_per_s2 / (impact_speed_m_per_s + start_m_per_s);
    let down_s = if 0.0 < gain_m_per_s {
        integral(inverse_gravity, start_m_per_s, gain_m_per_s)
    } else {
        0.0
    };
    Some(Fall {
        fall_time_s: return_s + down_s,
        impact_speed_m_per_s,
    })
}

/// ∫ f over `[from, from + width]` by Gauss and Legendre with three nodes in each of 256 panels:
/// for a fall from 1000 radii still good to 1e-9.
fn integral(f: impl Fn(f64) -> f64, from: f64, width: f64) -> f64 {
    const PANELS: u32 = 256;
    let panel = width / f64::from(PANELS);
    let offset = 0.5 * panel * 0.6_f64.sqrt();
    let sum: f64 = (0..PANELS)
        .map(|index| {
            let middle = from + panel * (f64::from(index) + 0.5);
            5.0 * f(middle - offset) + 8.0 * f(middle) + 5.0 * f(middle + offset)
        })
        .sum();
    sum * panel / 18.0
}

/// How bouncing dies out, counted from the first impact.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Bouncing {
    /// Until all motion has died out, over infinitely many bounces.
    pub settling_time_s: f64,
    /// Impacts until the speed after one is no more than the stop speed, that one included.
    pub bounces: f64,
    /// Until the flight after the last of these ends.
    pub time_s: f64,
}

/// Bouncing straight down on flat ground with `0 ≤ restitution < 1`.
///
/// Geometric series: the flight after impact k lasts 2 v eᵏ/g, all together 2 v e/(g(1 − e)).
/// Without a stop speed above zero the count is infinite.
pub fn bouncing(
    impact_speed_m_per_s: f64,
    restitution: f64,
    gravity_m_per_s2: f64,
    stop_speed_m_per_s: f64,
) -> Bouncing {
    let settling_time_s =
        2.0 * impact_speed_m_per_s * restitution / (gravity_m_per_s2 * (1.0 - restitution));
    let bounces = if impact_speed_m_per_s <= stop_speed_m_per_s {
        0.0
    } else if restitution == 0.0 {
        1.0
    } else {
        let ratio = stop_speed_m_per_s / impact_speed_m_per_s;
        let estimate = (ratio.ln() / restitution.ln()).ceil();
        // The logarithms may miss an exact power by one.
        if ratio < restitution.powf(estimate) {
            estimate + 1.0
        } else if restitution.powf(estimate - 1.0) <= ratio {
            estimate - 1.0
        } else {
            estimate
        }
    };
    Bouncing {
        settling_time_s,
        bounces,
        time_s: settling_time_s * (1.0 - restitution.powf(bounces)),
    }
}

/// Weight of a robot [N].
pub fn weight_n(mass_kg: f64, gravity_m_per_s2: f64) -> f64 {
    mass_kg * gravity_m_per_s2
}

/// Force on the bit that a rotary-percussive drill of a metre wants [N].
pub const WEIGHT_ON_BIT_N: f64 = 100.0;

/// Speed at which a tool throws its robot off the ground, F t/m; 0 for a net force that presses it
/// down [m/s].
pub fn liftoff_speed_m_per_s(net_upward_force_n: f64, mass_kg: f64, duration_s: f64) -> f64 {
    net_upward_force_n.max(0.0) * duration_s / mass_kg
}

#[cfg(test)]
mod tests {
    use std::f64::consts::{FRAC_PI_2, FRAC_PI_4};

    use proptest::prelude::*;

    use super::*;

    const MU: f64 = 4.8904;
    const RADIUS: f64 = 245.9;

    /// Height and time by small steps, as an independent witness.
    fn flown(mu: f64, radius: f64, speed: f64, elevation: f64) -> (f64, f64) {
        let acceleration = |p: [f64; 2]| {
            let r = p[0].hypot(p[1]);
            [-mu * p[0] / r.powi(3), -mu * p[1] / r.powi(3)]
        };
        let (mut p, mut v) = (
            [0.0, radius],
            [speed * elevation.cos(), speed * elevation.sin()],
        );
        let step_s = 0.02;
        let (mut apex, mut time) = (0.0_f64, 0.0);
        loop {
            let a = acceleration(p);
            let next = [0, 1].map(|i| p[i] + v[i] * step_s + 0.5 * a[i] * step_s * step_s);
            let b = acceleration(next);
            v = [0, 1].map(|i| v[i] + 0.5 * (a[i] + b[i]) * step_s);
            p = next;
            time += step_s;
            let height = p[0].hypot(p[1]) - radius;
            if height < 0.0 {
                return (apex, time);
            }
            apex = apex.max(height);
        }
    }

    #[test]
    fn a_hop_flies_as_long_and_high_as_small_steps_say() {
        for (speed, elevation) in [
            (0.05, FRAC_PI_2),
            (0.1, FRAC_PI_2),
            (0.05, FRAC_PI_4),
            (0.15, 0.3),
            (0.17, 1.2),
        ] {
            let hop = hop(MU, RADIUS, speed, elevation).unwrap();
            let (apex, time) = flown(MU, RADIUS, speed, elevation);
            assert!(
                (hop.apex_height_m / apex - 1.0).abs() < 1e-4,
                "{hop:?} {apex}"
            );
            assert!(
                (hop.time_of_flight_s / time - 1.0).abs() < 1e-4,
                "{hop:?} {time}"
            );
        }
    }

    #[test]
    fn a_hop_at_escape_speed_has_no_end() {
        let escape = escape_speed_m_per_s(MU, RADIUS);
        assert!(hop(MU, RADIUS, escape * 1.000_001, FRAC_PI_2).is_none());
        assert!(hop(MU, RADIUS, escape * 0.999_999, FRAC_PI_2).is_some());
        assert!(fall(MU, RADIUS, 10.0, -escape).is_none());
        assert_eq!(
            hop(MU, RADIUS, 0.0, FRAC_PI_2).unwrap().time_of_flight_s,
            0.0
        );
        assert_eq!(hop(MU, RADIUS, 0.1, -0.5).unwrap().apex_height_m, 0.0);
    }

    #[test]
    fn a_very_slow_hop_is_flat() {
        let near = hop(MU, RADIUS, 1e-6, 0.7).unwrap();
        let flat = flat_hop(MU, RADIUS, 1e-6, 0.7);
        assert!((near.apex_height_m / flat.apex_height_m - 1.0).abs() < 1e-9);
        assert!((near.time_of_flight_s / flat.time_of_flight_s - 1.0).abs() < 1e-9);
        assert!((near.surface_range_m / flat.surface_range_m - 1.0).abs() < 1e-9);
    }

    #[test]
    fn mascot_falls_ten_metres_in_eight_and_a_half_minutes() {
        let fall = fall(MU, RADIUS, 10.0, 0.0).unwrap();
        assert!(
            (fall.fall_time_s - 514.112_746_562).abs() < 1e-6,
            "{fall:?}"
        );
        assert!(
            (fall.impact_speed_m_per_s - 0.039_425_098_03).abs() < 1e-10,
            "{fall:?}"
        );
    }

    #[test]
    fn a_bounce_that_halves_ends_on_the_exact_power() {
        let bouncing = bouncing(0.08, 0.5, 8e-5, 0.01);
        assert_eq!(bouncing.bounces, 3.0);
        assert!((bouncing.time_s - 2.0 * (0.04 + 0.02 + 0.01) / 8e-5).abs() < 1e-9);
    }

    proptest! {
        #[test]
        fn a_hop_up_is_two_falls_from_its_apex(speed in 1e-4..0.19_f64) {
            let up = hop(MU, RADIUS, speed, FRAC_PI_2).unwrap();
            let down = fall(MU, RADIUS, up.apex_height_m, 0.0).unwrap();
            prop_assert!((2.0 * down.fall_time_s / up.time_of_flight_s - 1.0).abs() < 1e-7);
            prop_assert!((down.impact_speed_m_per_s / speed - 1.0).abs() < 1e-9);
        }

        #[test]
        fn a_throw_up_passes_its_start_again(height in 0.1..500.0_f64, speed in 1e-4..0.1_f64) {
            let up = fall(MU, RADIUS, height, -speed).unwrap();
            let down = fall(MU, RADIUS, height, speed).unwrap();
            let between = hop(MU, RADIUS + height, speed, FRAC_PI_2).unwrap();
            prop_assert!((up.fall_time_s - down.fall_time_s - between.time_of_flight_s).abs() < 1e-9 * up.fall_time_s);
            prop_assert_eq!(up.impact_speed_m_per_s, down.impact_speed_m_per_s);
        }
    }
}
