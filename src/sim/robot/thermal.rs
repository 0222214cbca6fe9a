//! Heat: one thermal node for each robot.
//!
//! Hull and radiator absorb sunlight and the glow of the ground, radiate to space, and the loads
//! on board add their heat: C dT/dt = Q + Q_sun + Q_ground − ε A σ T⁴. Panels stand off the hull
//! and share no heat with it; neither do ground and feet.

use super::sunlight::{STEFAN_BOLTZMANN_W_PER_M2_K4, surface_temperatures};
use crate::sim::level::RobotKind;

/// Bond albedo and emissivity of regolith, as in the row subsolar_temp_1au of
/// `materials_wear.csv`.
const GROUND_ALBEDO: f64 = 0.1;
const GROUND_EMISSIVITY: f64 = 0.9;
/// Absorptance over emittance of the outer layer of a blanket (aluminised Kapton, Gilmore 2002).
const HULL_SUN_OVER_GLOW: f64 = 0.5;
/// Emittance of a radiator behind louvres that are shut, and open (Gilmore 2002).
const LOUVRES: (f64, f64) = (0.14, 0.74);
/// Between these the louvres open [K].
const LOUVRES_OPEN_K: (f64, f64) = (285.0, 300.0);
/// Absorptance over emittance of an optical solar reflector (Gilmore 2002).
const RADIATOR_SUN_OVER_GLOW: f64 = 0.12;

/// What a robot stands in.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Surroundings {
    /// Sunlight on a plane that faces the Sun; zero in shadow.
    pub sun_w_m2: f64,
    /// Temperature of the ground around.
    pub ground_k: f64,
}

/// How a body takes up and gives off radiation: areas times absorptance or emittance [m²].
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Shell {
    pub absorbs_sun_m2: f64,
    pub absorbs_ground_m2: f64,
    pub emits_m2: f64,
}

impl Shell {
    /// The shell of a robot at a temperature: its louvres follow it.
    pub fn of(kind: &RobotKind, temperature_k: f64) -> Self {
        let hull_m2 = kind.insulation * kind.hull_area_m2();
        let open = (temperature_k - LOUVRES_OPEN_K.0) / (LOUVRES_OPEN_K.1 - LOUVRES_OPEN_K.0);
        let emittance = LOUVRES.0 + open.clamp(0.0, 1.0) * (LOUVRES.1 - LOUVRES.0);
        // Two sides, which stand upright: each sees half sky, half ground.
        let radiator_m2 = 2.0 * emittance * kind.radiator_area_m2;
        Self {
            // A box shows a quarter of its surface to the Sun, on the mean; so does a fin.
            absorbs_sun_m2: 0.25
                * (HULL_SUN_OVER_GLOW * hull_m2 + RADIATOR_SUN_OVER_GLOW * radiator_m2),
            absorbs_ground_m2: 0.5 * (hull_m2 + radiator_m2),
            emits_m2: hull_m2 + radiator_m2,
        }
    }

    /// Taken up from Sun and ground [W].
    pub fn absorbed_w(&self, around: Surroundings) -> f64 {
        self.absorbs_sun_m2 * around.sun_w_m2
            + self.absorbs_ground_m2 * STEFAN_BOLTZMANN_W_PER_M2_K4 * around.ground_k.powi(4)
    }

    /// Temperature at which it gives off what it takes up and what its loads heat [K].
    pub fn equilibrium_k(&self, around: Surroundings, heat_w: f64) -> f64 {
        let gain_w = heat_w + self.absorbed_w(around);
        (gain_w / (STEFAN_BOLTZMANN_W_PER_M2_K4 * self.emits_m2))
            .sqrt()
            .sqrt()
    }
}

/// Temperature after a time in which a shell took up and gave off heat [K].
///
/// Relaxes towards the equilibrium at the rate of the radiation between the two temperatures,
/// which is exact near it and stable for any time.
pub fn relax_k(
    temperature_k: f64,
    shell: Shell,
    around: Surroundings,
    heat_w: f64,
    capacity_j_per_k: f64,
    time_s: f64,
) -> f64 {
    let target_k = shell.equilibrium_k(around, heat_w);
    // σε A (T⁴ − E⁴) = σε A (T² + E²)(T + E)(T − E).
    let w_per_k = STEFAN_BOLTZMANN_W_PER_M2_K4
        * shell.emits_m2
        * (temperature_k.powi(2) + target_k.powi(2))
        * (temperature_k + target_k);
    target_k + (temperature_k - target_k) * (-w_per_k * time_s / capacity_j_per_k).exp()
}

/// Temperature of the ground [K].
///
/// Between the night, which the ground's thermal inertia keeps from freezing, and the balance with
/// sunlight: T⁴ = T_n⁴ + (T_ss⁴ − T_n⁴) sin h with the height h of the Sun. The night is T_n =
/// T_ss π^(−1/4) x / (x + 0.44), x = Θ^0.41, with the thermal parameter Θ = Γ √ω / (ε σ T_ss³) of
/// Spencer, Lebofsky & Sykes (1989): the limit of a fast rotator, and for the rest fitted to the
/// nights of Bennu and the Moon in `materials_wear.csv`.
pub fn ground_k(
    sun_distance_au: f64,
    spin_rad_per_s: f64,
    inertia_j_m2_k_s05: f64,
    sin_sun_height: f64,
) -> f64 {
    let subsolar_k =
        surface_temperatures(sun_distance_au, GROUND_ALBEDO, GROUND_EMISSIVITY).subsolar_k;
    let parameter = inertia_j_m2_k_s05 * spin_rad_per_s.abs().sqrt()
        / (GROUND_EMISSIVITY * STEFAN_BOLTZMANN_W_PER_M2_K4 * subsolar_k.powi(3));
    let x = parameter.powf(0.41);
    let night_k = subsolar_k * std::f64::consts::PI.powf(-0.25) * x / (x + 0.44);
    let (night, noon) = (night_k.powi(4), subsolar_k.powi(4));
    (night + (noon - night) * sin_sun_height.max(0.0))
        .sqrt()
        .sqrt()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sim::level::modules::Catalogue;

    const DARK: Surroundings = Surroundings {
        sun_w_m2: 0.0,
        ground_k: 0.0,
    };

    #[test]
    fn a_plate_in_the_sun_reaches_the_subsolar_temperature_of_the_tables() {
        // Black to sunlight at 0.9, black to heat at 0.9, its back insulated: 394 K at 1 au.
        let plate = Shell {
            absorbs_sun_m2: 0.9,
            absorbs_ground_m2: 0.0,
            emits_m2: 0.9,
        };
        let around = Surroundings {
            sun_w_m2: 1361.0,
            ..DARK
        };
        assert!((plate.equilibrium_k(around, 0.0) - 394.0).abs() < 0.5);
        let mut temperature_k = 200.0;
        for _ in 0..600 {
            temperature_k = relax_k(temperature_k, plate, around, 0.0, 1e4, 60.0);
        }
        assert!((temperature_k - plate.equilibrium_k(around, 0.0)).abs() < 1e-6);
    }

    #[test]
    fn steps_of_a_minute_follow_the_exact_cooling() {
        // Into the dark: 1/T³ − 1/T₀³ = 3 σ ε A t / C.
        let shell = Shell {
            absorbs_sun_m2: 0.0,
            absorbs_ground_m2: 0.0,
            emits_m2: 0.4,
        };
        let (capacity, hours) = (64e3, 6.0);
        let mut temperature_k = 300.0;
        for _ in 0..(60.0 * hours) as u32 {
            temperature_k = relax_k(temperature_k, shell, DARK, 0.0, capacity, 60.0);
        }
        let slope = 3.0 * STEFAN_BOLTZMANN_W_PER_M2_K4 * 0.4 / capacity;
        let exact_k = (300.0f64.powi(-3) + slope * 3600.0 * hours).powf(-1.0 / 3.0);
        assert!(
            (temperature_k - exact_k).abs() < 0.1,
            "{temperature_k} {exact_k}"
        );
    }

    #[test]
    fn nights_are_as_cold_as_measured() {
        // Bennu: Γ 300, 4.296 h, 200 to 250 K. Moon: Γ 50, 29.5 d, about 95 K at night.
        let spin = |hours: f64| std::f64::consts::TAU / (3600.0 * hours);
        let bennu_k = ground_k(1.0, spin(4.296), 300.0, -0.5);
        assert!((200.0..250.0).contains(&bennu_k), "{bennu_k}");
        let moon_k = ground_k(1.0, spin(708.7), 50.0, -0.5);
        assert!((85.0..110.0).contains(&moon_k), "{moon_k}");
        // Noon: bennu_surface_temp_max and lunar_equator_temp_max are 390 K.
        for (hours, inertia) in [(4.296, 300.0), (708.7, 50.0)] {
            let noon_k = ground_k(1.0, spin(hours), inertia, 1.0);
            assert!((380.0..400.0).contains(&noon_k), "{noon_k}");
        }
    }

    #[test]
    fn a_radiator_rejects_what_the_tables_say() {
        // radiator_areal_power: 300 to 600 W/m², two-sided, near 320 K, less the environment.
        let mut kind = Catalogue::built_in().kind("hopping-digger").unwrap();
        kind.insulation = 0.0;
        let shell = Shell::of(&kind, 320.0);
        let around = Surroundings {
            sun_w_m2: 1361.0,
            ground_k: 300.0,
        };
        let emitted_w = shell.emits_m2 * STEFAN_BOLTZMANN_W_PER_M2_K4 * 320.0f64.powi(4);
        let rejected = (emitted_w - shell.absorbed_w(around)) / kind.radiator_area_m2;
        assert!((300.0..600.0).contains(&rejected), "{rejected}");
    }
}
