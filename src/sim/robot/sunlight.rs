//! Sunlight and the temperatures that it keeps up.

use std::f64::consts::PI;

/// Sunlight at one astronomical unit [W/m²]. Source: Kopp & Lean (2011).
pub const SOLAR_CONSTANT_W_PER_M2: f64 = 1361.0;

/// Stefan and Boltzmann's constant [W/(m² K⁴)]. Source: CODATA 2018.
pub const STEFAN_BOLTZMANN_W_PER_M2_K4: f64 = 5.670_374_419e-8;

/// Sunlight on a plane that faces the Sun, by the inverse square [W/m²].
pub fn flux_w_per_m2(distance_au: f64) -> f64 {
    SOLAR_CONSTANT_W_PER_M2 / (distance_au * distance_au)
}

/// Temperatures in balance between absorbed sunlight and thermal radiation.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SurfaceTemperatures {
    /// Where the Sun stands overhead on slowly turning ground, all absorbed is radiated: /1.
    pub subsolar_k: f64,
    /// On the equator of a body that turns too fast to cool at night: /π.
    pub fast_rotator_equator_k: f64,
    /// A sphere of one temperature, four times its cross-section: /4.
    pub mean_sphere_k: f64,
}

/// The balance εσT⁴ = S(1 − A)/k with Bond albedo A and emissivity ε, for k of 1, π and 4.
///
/// Source: Lebofsky & Spencer (1989), in Asteroids II.
pub fn surface_temperatures(
    distance_au: f64,
    bond_albedo: f64,
    emissivity: f64,
) -> SurfaceTemperatures {
    let absorbed_w_per_m2 = flux_w_per_m2(distance_au) * (1.0 - bond_albedo);
    let balance_k = |share: f64| {
        (absorbed_w_per_m2 / (share * emissivity * STEFAN_BOLTZMANN_W_PER_M2_K4))
            .sqrt()
            .sqrt()
    };
    SurfaceTemperatures {
        subsolar_k: balance_k(1.0),
        fast_rotator_equator_k: balance_k(PI),
        mean_sphere_k: balance_k(4.0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dark_ground_at_one_astronomical_unit_reaches_the_boiling_point_of_water() {
        let temperatures = surface_temperatures(1.0, 0.05, 0.9);
        assert!((temperatures.subsolar_k - 398.962_311_208_5).abs() < 1e-9);
        assert!((temperatures.fast_rotator_equator_k - 299.670_783_227_5).abs() < 1e-9);
        assert!((temperatures.mean_sphere_k - 282.108_955_693_4).abs() < 1e-9);
    }

    #[test]
    fn light_thins_with_the_square_of_the_distance() {
        assert_eq!(flux_w_per_m2(2.0), SOLAR_CONSTANT_W_PER_M2 / 4.0);
    }
}
