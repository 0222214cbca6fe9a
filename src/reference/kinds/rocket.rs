//! Propellant, and power by distance from the Sun.

use super::super::input::{Input, Malformed, Range, number_in};
use super::Computed;
use crate::sim::robot::sunlight;
use crate::sim::voyage::rocket;

use Range::{NotNegative, Positive};

const METRES_PER_KM: f64 = 1000.0;

pub(super) fn propellant(input: &Input) -> Result<Computed, Malformed> {
    let delta_v_m_per_s = input.number("dv_km_s", NotNegative)? * METRES_PER_KM;
    let isp_s = input.number("isp_s", Positive)?;
    let final_mass_kg = input.number("final_mass_kg", NotNegative)?;
    let propellant_kg = rocket::propellant_kg(delta_v_m_per_s, isp_s, final_mass_kg);
    Ok(Computed::from([
        ("propellant_kg", propellant_kg),
        ("initial_mass_kg", final_mass_kg + propellant_kg),
        ("mass_ratio", rocket::mass_ratio(delta_v_m_per_s, isp_s)),
    ]))
}

pub(super) fn solar_power(input: &Input) -> Result<Computed, Malformed> {
    let at_1_au_kw = input.number("array_kw_at_1au", NotNegative)?;
    let distances_au = input.list("r_au", Positive.as_str(), |each| number_in(each, Positive))?;
    let power_kw: Vec<f64> = distances_au
        .into_iter()
        .map(|distance_au| {
            at_1_au_kw * sunlight::flux_w_per_m2(distance_au) / sunlight::SOLAR_CONSTANT_W_PER_M2
        })
        .collect();
    let mut computed = Computed::default();
    computed.numbers("power_kw", &power_kw);
    Ok(computed)
}
