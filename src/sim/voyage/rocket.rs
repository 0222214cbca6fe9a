//! Rockets: the mass that a change of speed costs.

/// Standard gravity, which turns a specific impulse in seconds into an exhaust speed [m/s²].
pub const STANDARD_GRAVITY_M_PER_S2: f64 = 9.806_65;

/// Exhaust speed of a specific impulse [m/s].
pub fn exhaust_speed_m_per_s(isp_s: f64) -> f64 {
    isp_s * STANDARD_GRAVITY_M_PER_S2
}

/// Mass before over mass after a burn, exp(Δv/v_e). Source: Tsiolkovsky (1903).
pub fn mass_ratio(delta_v_m_per_s: f64, isp_s: f64) -> f64 {
    (delta_v_m_per_s / exhaust_speed_m_per_s(isp_s)).exp()
}

/// Propellant for a burn that leaves `final_mass_kg` [kg]; exact for the smallest burns too.
pub fn propellant_kg(delta_v_m_per_s: f64, isp_s: f64, final_mass_kg: f64) -> f64 {
    final_mass_kg * (delta_v_m_per_s / exhaust_speed_m_per_s(isp_s)).exp_m1()
}

/// Change of speed from burning `propellant_kg` down to `final_mass_kg` [m/s].
pub fn delta_v_m_per_s(isp_s: f64, propellant_kg: f64, final_mass_kg: f64) -> f64 {
    exhaust_speed_m_per_s(isp_s) * (propellant_kg / final_mass_kg).ln_1p()
}

/// Share of a cargo of propellant that is burnt to carry it over a Δv, 1 − exp(−Δv/v_e).
///
/// The carrier itself is taken as massless: its structure and way back belong in the freight fee.
pub fn burnt_share(delta_v_m_per_s: f64, isp_s: f64) -> f64 {
    -(-delta_v_m_per_s / exhaust_speed_m_per_s(isp_s)).exp_m1()
}

/// A cargo of propellant, such as water, on its way to a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Freight {
    pub burnt_g: i64,
    pub delivered_g: i64,
}

/// Splits a cargo into what is burnt on the way, rounded up to the gram, and what arrives.
///
/// # Panics
/// If `cargo_g` is negative, or the burnt share is not from 0 to 1 for want of a sane Δv and
/// specific impulse.
pub fn freight(cargo_g: i64, delta_v_m_per_s: f64, isp_s: f64) -> Freight {
    assert!(0 <= cargo_g, "a cargo of {cargo_g} g");
    let share = burnt_share(delta_v_m_per_s, isp_s);
    assert!(
        (0.0..=1.0).contains(&share),
        "{share} of a cargo burnt over {delta_v_m_per_s} m/s at {isp_s} s"
    );
    let burnt_g = ((cargo_g as f64 * share).ceil() as i64).min(cargo_g);
    Freight {
        burnt_g,
        delivered_g: cargo_g - burnt_g,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn tsiolkovsky_to_a_near_earth_asteroid() {
        let propellant_kg = propellant_kg(4650.0, 450.0, 1000.0);
        assert!(
            (propellant_kg - 1_868.263_382_463_71).abs() < 1e-9,
            "{propellant_kg}"
        );
        assert!((mass_ratio(4650.0, 450.0) - 2.868_263_382_463_71).abs() < 1e-12);
        assert!((delta_v_m_per_s(450.0, propellant_kg, 1000.0) - 4650.0).abs() < 1e-9);
    }

    proptest! {
        #[test]
        fn freight_loses_no_gram(cargo_g in 0..1_000_000_000_000_i64, delta_v in 0.0..2e4_f64, isp in 50.0..5e3_f64) {
            let freight = freight(cargo_g, delta_v, isp);
            prop_assert_eq!(freight.burnt_g + freight.delivered_g, cargo_g);
            prop_assert!(0 <= freight.delivered_g);
        }

        #[test]
        fn what_arrives_and_what_burns_agree_with_the_mass_ratio(delta_v in 1.0..1e4_f64, isp in 100.0..5e3_f64) {
            let arrives = 1.0 - burnt_share(delta_v, isp);
            prop_assert!((arrives * mass_ratio(delta_v, isp) - 1.0).abs() < 1e-12);
        }
    }
}
