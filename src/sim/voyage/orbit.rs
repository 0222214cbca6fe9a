//! Heliocentric two-body motion of a body, and where the Sun stands in its sky.

use bevy::math::{DQuat, DVec3};

use crate::sim::asteroid::catalogue::{ASTRONOMICAL_UNIT_M, BodyRecord};
use crate::sim::asteroid::figure::SUN_MU_M3_PER_S2;

/// Eccentric anomaly [rad] for a mean anomaly [rad] and `0 ≤ eccentricity < 1`.
///
/// Newton's method on Kepler's equation M = E − e sin E (Curtis, Orbital Mechanics, algorithm 3.1).
pub fn eccentric_anomaly_rad(mean_anomaly_rad: f64, eccentricity: f64) -> f64 {
    let mean = mean_anomaly_rad.rem_euclid(std::f64::consts::TAU);
    let mut anomaly = if mean < std::f64::consts::PI {
        mean + 0.5 * eccentricity
    } else {
        mean - 0.5 * eccentricity
    };
    for _ in 0..50 {
        let step =
            (anomaly - eccentricity * anomaly.sin() - mean) / (1.0 - eccentricity * anomaly.cos());
        anomaly -= step;
        if step.abs() < 1e-14 {
            break;
        }
    }
    anomaly
}

/// Heliocentric position [m], ecliptic J2000, of a Sun-orbiting body by two-body motion from its
/// elements; `None` for a moon, whose elements are about its planet.
pub fn heliocentric_position_m(body: &BodyRecord, jd_tdb: f64) -> Option<DVec3> {
    if body.centre != "Sun" {
        return None;
    }
    let orbit = &body.orbit;
    let a_m = orbit.semi_major_axis_m;
    let e = orbit.eccentricity;
    let mean_motion_rad_per_s = (SUN_MU_M3_PER_S2 / a_m.powi(3)).sqrt();
    let elapsed_s = (jd_tdb - orbit.epoch_jd_tdb) * 86_400.0;
    let anomaly = eccentric_anomaly_rad(
        orbit.mean_anomaly_rad + mean_motion_rad_per_s * elapsed_s,
        e,
    );
    let in_plane_m = DVec3::new(
        a_m * (anomaly.cos() - e),
        a_m * (1.0 - e * e).sqrt() * anomaly.sin(),
        0.0,
    );
    let ecliptic_from_plane = DQuat::from_rotation_z(orbit.ascending_node_rad)
        * DQuat::from_rotation_x(orbit.inclination_rad)
        * DQuat::from_rotation_z(orbit.periapsis_rad);
    Some(ecliptic_from_plane * in_plane_m)
}

/// The sky of a site: what of it depends on the time.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Sky {
    /// Unit vector towards the Sun, body frame.
    pub sun_direction: DVec3,
    pub sun_distance_au: f64,
    /// Rotates ecliptic directions (the fixed stars) into the body frame.
    pub body_from_ecliptic: DQuat,
}

/// The sky over a body at a time.
///
/// The pole is taken to stand upright on the ecliptic (the tables hold no poles) and `phase_rad` is
/// the rotation angle at `jd_tdb`. A moon is given its planet's distance of one astronomical unit.
pub fn sky(body: &BodyRecord, jd_tdb: f64, phase_rad: f64) -> Sky {
    let body_from_ecliptic = DQuat::from_rotation_z(-phase_rad);
    let position_m =
        heliocentric_position_m(body, jd_tdb).unwrap_or(DVec3::X * ASTRONOMICAL_UNIT_M);
    Sky {
        sun_direction: body_from_ecliptic * -position_m.normalize(),
        sun_distance_au: position_m.length() / ASTRONOMICAL_UNIT_M,
        body_from_ecliptic,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn keplers_equation_holds(mean in -50.0..50.0f64, e in 0.0..0.99f64) {
            let anomaly = eccentric_anomaly_rad(mean, e);
            let back = anomaly - e * anomaly.sin();
            let error = (back - mean.rem_euclid(std::f64::consts::TAU)).abs();
            prop_assert!(error < 1e-12);
        }
    }
}
