//! A body as a whole: what its mass, size, spin and place in the Solar System imply, taken as a
//! sphere. The field of the true shape belongs in [`polyhedron`](super::polyhedron).

use std::f64::consts::{PI, TAU};

/// Newton's constant of gravitation [m³/(kg s²)]. Source: CODATA 2018.
pub const GRAVITATIONAL_CONSTANT_M3_PER_KG_S2: f64 = 6.674_30e-11;

/// Gravitational parameter of the Sun [m³/s²]. Source: JPL DE440, as in the tables.
pub const SUN_MU_M3_PER_S2: f64 = 1.327_124_400_41e20;

/// Radius around a body inside which orbits can last against the Sun's tide, at perihelion [m].
///
/// r = a (1 − e) (μ/3μ☉)^(1/3), for a heliocentric orbit of semi-major axis a and eccentricity
/// e < 1. Source: Hamilton & Burns (1992), Icarus 96.
pub fn hill_radius_at_perihelion_m(
    semi_major_axis_m: f64,
    eccentricity: f64,
    mu_m3_per_s2: f64,
    sun_mu_m3_per_s2: f64,
) -> f64 {
    semi_major_axis_m * (1.0 - eccentricity) * (mu_m3_per_s2 / (3.0 * sun_mu_m3_per_s2)).cbrt()
}

/// Laplace's sphere of influence, inside which a transfer is patched to the body [m].
///
/// r = a (μ/μ☉)^(2/5). Source: Bate, Mueller & White (1971), section 7.4.
pub fn sphere_of_influence_m(
    semi_major_axis_m: f64,
    mu_m3_per_s2: f64,
    sun_mu_m3_per_s2: f64,
) -> f64 {
    semi_major_axis_m * (mu_m3_per_s2 / sun_mu_m3_per_s2).powf(0.4)
}

/// Rotation period at which the equator of a sphere without cohesion weighs nothing [s].
///
/// T = √(3π/(Gρ)). Source: Pravec & Harris (2000), Icarus 148, who see the barrier at 2.2 h.
pub fn spin_barrier_period_s(density_kg_per_m3: f64) -> f64 {
    (3.0 * PI / (GRAVITATIONAL_CONSTANT_M3_PER_KG_S2 * density_kg_per_m3)).sqrt()
}

/// What holds and what throws at the equator of a spinning sphere.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Equator {
    /// Gravity alone.
    pub gravity_m_per_s2: f64,
    /// Outward, from the spin.
    pub centrifugal_m_per_s2: f64,
    /// Their difference: weight per mass, negative where loose material leaves.
    pub effective_gravity_m_per_s2: f64,
    /// Distance from the centre at which an orbit stands over one place.
    pub synchronous_radius_m: f64,
    /// From the surface, spin left aside.
    pub escape_speed_m_per_s: f64,
    /// Of an orbit that grazes the surface.
    pub circular_speed_m_per_s: f64,
}

/// The equator of a sphere of gravitational parameter μ that turns once in `rotation_period_s`.
pub fn equator(mu_m3_per_s2: f64, radius_m: f64, rotation_period_s: f64) -> Equator {
    let spin_rad_per_s = TAU / rotation_period_s;
    let gravity_m_per_s2 = surface_gravity_m_per_s2(mu_m3_per_s2, radius_m);
    let centrifugal_m_per_s2 = spin_rad_per_s * spin_rad_per_s * radius_m;
    Equator {
        gravity_m_per_s2,
        centrifugal_m_per_s2,
        effective_gravity_m_per_s2: gravity_m_per_s2 - centrifugal_m_per_s2,
        synchronous_radius_m: (mu_m3_per_s2 / (spin_rad_per_s * spin_rad_per_s)).cbrt(),
        escape_speed_m_per_s: (2.0 * mu_m3_per_s2 / radius_m).sqrt(),
        circular_speed_m_per_s: (mu_m3_per_s2 / radius_m).sqrt(),
    }
}

/// Gravity at the surface of a sphere, μ/R² [m/s²].
pub fn surface_gravity_m_per_s2(mu_m3_per_s2: f64, radius_m: f64) -> f64 {
    mu_m3_per_s2 / (radius_m * radius_m)
}

/// A circular orbit.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct CircularOrbit {
    pub period_s: f64,
    pub speed_m_per_s: f64,
}

/// The circular orbit at a height above a sphere. Source: Kepler's third law.
pub fn circular_orbit(mu_m3_per_s2: f64, radius_m: f64, altitude_m: f64) -> CircularOrbit {
    let distance_m = radius_m + altitude_m;
    let speed_m_per_s = (mu_m3_per_s2 / distance_m).sqrt();
    CircularOrbit {
        period_s: TAU * distance_m / speed_m_per_s,
        speed_m_per_s,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sphere_at_its_spin_barrier_has_a_weightless_equator() {
        let (density_kg_per_m3, radius_m) = (1190.0, 245.9);
        let mass_kg = 4.0 / 3.0 * PI * f64::powi(radius_m, 3) * density_kg_per_m3;
        let equator = equator(
            GRAVITATIONAL_CONSTANT_M3_PER_KG_S2 * mass_kg,
            radius_m,
            spin_barrier_period_s(density_kg_per_m3),
        );
        let left = equator.effective_gravity_m_per_s2 / equator.gravity_m_per_s2;
        assert!(left.abs() < 1e-12, "{left} of gravity is left");
        assert!((equator.synchronous_radius_m / radius_m - 1.0).abs() < 1e-12);
    }

    #[test]
    fn bennu_throws_off_half_its_gravity_at_the_equator() {
        let equator = equator(4.8904, 245.9, 4.296_061 * 3600.0);
        assert!((equator.effective_gravity_m_per_s2 - 4.029_178_806_7e-5).abs() < 1e-14);
        let orbit = circular_orbit(4.8904, 245.9, equator.synchronous_radius_m - 245.9);
        assert!((orbit.period_s / (4.296_061 * 3600.0) - 1.0).abs() < 1e-12);
    }
}
