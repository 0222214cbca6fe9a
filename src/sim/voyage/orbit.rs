//! Heliocentric two-body motion of a body, and where the Sun stands in its sky.

use bevy::math::{DQuat, DVec3};

use crate::sim::asteroid::catalogue::{self, ASTRONOMICAL_UNIT_M, BodyRecord, Planet};
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

/// Heliocentric position [m], ecliptic J2000, by two-body motion from the elements of a body that
/// orbits the Sun. A moon is where its planet is, by the mean elements of `planets.csv`; `None` if
/// there is no such planet.
pub fn heliocentric_position_m(body: &BodyRecord, jd_tdb: f64) -> Option<DVec3> {
    if body.centre != "Sun" {
        return catalogue::planet_of(&body.centre).map(|planet| planet.position_m(jd_tdb));
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

impl Planet {
    /// Heliocentric position [m], ecliptic J2000, from mean elements and their rates (E. M. Standish,
    /// "Keplerian elements for approximate positions of the major planets").
    pub fn position_m(&self, jd_tdb: f64) -> DVec3 {
        let centuries = (jd_tdb - 2_451_545.0) / 36_525.0;
        let at = |[value, rate]: [f64; 2]| value + rate * centuries;
        let (a_m, e) = (at(self.semi_major_axis_m), at(self.eccentricity));
        let anomaly = eccentric_anomaly_rad(
            at(self.mean_longitude_rad) - at(self.perihelion_longitude_rad),
            e,
        );
        let in_plane_m = DVec3::new(
            a_m * (anomaly.cos() - e),
            a_m * (1.0 - e * e).sqrt() * anomaly.sin(),
            0.0,
        );
        let node_rad = at(self.ascending_node_rad);
        DQuat::from_rotation_z(node_rad)
            * DQuat::from_rotation_x(at(self.inclination_rad))
            * DQuat::from_rotation_z(at(self.perihelion_longitude_rad) - node_rad)
            * in_plane_m
    }
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
/// The attitude takes directions of the body to the ecliptic.
pub fn sky(body: &BodyRecord, jd_tdb: f64, ecliptic_from_body: DQuat) -> Sky {
    let body_from_ecliptic = ecliptic_from_body.inverse();
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

    #[test]
    fn moons_go_around_the_sun_with_their_planets() {
        // The Earth is nearest to the Sun at the beginning of January, at 0.983 au.
        let moon = catalogue::body("moon").unwrap();
        let position_m = heliocentric_position_m(moon, 2_461_044.5).unwrap();
        assert!((position_m.length() / ASTRONOMICAL_UNIT_M - 0.9833).abs() < 5e-4);
        let longitude_deg = position_m.y.atan2(position_m.x).to_degrees();
        assert!((longitude_deg - 103.0).abs() < 3.0, "{longitude_deg}");
        let phobos = catalogue::body("phobos").unwrap();
        let far_au = heliocentric_position_m(phobos, 2_461_044.5)
            .unwrap()
            .length()
            / ASTRONOMICAL_UNIT_M;
        assert!((1.38..1.67).contains(&far_au), "{far_au}");
    }

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
