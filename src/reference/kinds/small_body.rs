//! Single formulas of small bodies: spheres of influence, hops, contact, anchors, heat.

use std::f64::consts::FRAC_PI_2;

use serde_json::{Value, json};

use super::super::input::{Input, Malformed, Range};
use super::Computed;
use crate::sim::asteroid::figure;
use crate::sim::robot::{anchor_ground, ballistics, sunlight};

use Range::{Any, NotNegative, Positive, Share};

const SECONDS_PER_HOUR: f64 = 3600.0;
const METRES_PER_AU: f64 = 149_597_870_700.0;

pub(super) fn hill(input: &Input) -> Result<Computed, Malformed> {
    let semi_major_axis_m = input.number("a_au", Positive)? * METRES_PER_AU;
    let eccentricity = input.number("e", Share)?;
    let mu_m3_per_s2 = input.number("GM_m3_s2", NotNegative)?;
    let sun_mu_m3_per_s2 = if input.has("GM_sun") {
        input.number("GM_sun", Positive)?
    } else {
        figure::SUN_MU_M3_PER_S2
    };
    Ok(Computed::from([
        (
            "hill_at_perihelion_m",
            figure::hill_radius_at_perihelion_m(
                semi_major_axis_m,
                eccentricity,
                mu_m3_per_s2,
                sun_mu_m3_per_s2,
            ),
        ),
        (
            "soi_laplace_m",
            figure::sphere_of_influence_m(semi_major_axis_m, mu_m3_per_s2, sun_mu_m3_per_s2),
        ),
    ]))
}

pub(super) fn spin_barrier(input: &Input) -> Result<Computed, Malformed> {
    let density_kg_per_m3 = input.number("density_kg_m3", Positive)?;
    let period_s = figure::spin_barrier_period_s(density_kg_per_m3);
    Ok(Computed::from([(
        "critical_period_h",
        period_s / SECONDS_PER_HOUR,
    )]))
}

pub(super) fn equator(input: &Input) -> Result<Computed, Malformed> {
    let equator = figure::equator(
        input.number("GM_m3_s2", Positive)?,
        input.number("radius_m", Positive)?,
        input.number("period_h", Positive)? * SECONDS_PER_HOUR,
    );
    Ok(Computed::from([
        ("g_m_s2", equator.gravity_m_per_s2),
        ("centrifugal_m_s2", equator.centrifugal_m_per_s2),
        ("g_eff_m_s2", equator.effective_gravity_m_per_s2),
        ("sync_orbit_radius_m", equator.synchronous_radius_m),
        ("escape_speed_m_s", equator.escape_speed_m_per_s),
        ("circular_speed_m_s", equator.circular_speed_m_per_s),
    ]))
}

pub(super) fn hop(input: &Input) -> Result<Computed, Malformed> {
    let mu_m3_per_s2 = input.number("GM_m3_s2", Positive)?;
    let radius_m = input.number("radius_m", Positive)?;
    let speed_m_per_s = input.number("speed_m_s", Any)?;
    let elevation_rad = if input.has("elevation_deg") {
        input.number("elevation_deg", Any)?.to_radians()
    } else {
        FRAC_PI_2
    };
    let flat = ballistics::flat_hop(mu_m3_per_s2, radius_m, speed_m_per_s, elevation_rad);
    let mut computed = Computed::from([
        ("flat_gravity_height_m", flat.apex_height_m),
        ("flat_gravity_time_s", flat.time_of_flight_s),
        ("flat_gravity_range_m", flat.surface_range_m),
    ]);
    let keys = ["apex_height_m", "time_of_flight_s", "surface_range_m"];
    match ballistics::hop(mu_m3_per_s2, radius_m, speed_m_per_s, elevation_rad) {
        Some(hop) => {
            let values = [hop.apex_height_m, hop.time_of_flight_s, hop.surface_range_m];
            for (key, value) in keys.into_iter().zip(values) {
                computed.number(key, value);
            }
        }
        None => {
            for key in keys {
                computed.put(key, Value::Null);
            }
            let escape_m_per_s = ballistics::escape_speed_m_per_s(mu_m3_per_s2, radius_m);
            computed.remark(format!(
                "it does not come back: the escape speed is {escape_m_per_s} m/s"
            ));
        }
    }
    Ok(computed)
}

pub(super) fn drop(input: &Input) -> Result<Computed, Malformed> {
    let down_m_per_s = if input.has("initial_down_speed_m_s") {
        input.number("initial_down_speed_m_s", Any)?
    } else {
        0.0
    };
    let fall = ballistics::fall(
        input.number("GM_m3_s2", Positive)?,
        input.number("radius_m", Positive)?,
        input.number("height_m", NotNegative)?,
        down_m_per_s,
    );
    Ok(match fall {
        Some(fall) => Computed::from([
            ("fall_time_s", fall.fall_time_s),
            ("impact_speed_m_s", fall.impact_speed_m_per_s),
        ]),
        None => {
            let mut computed = Computed::default();
            computed.put("fall_time_s", Value::Null);
            computed.put("impact_speed_m_s", Value::Null);
            computed.remark("it is thrown up too fast to come down".into());
            computed
        }
    })
}

pub(super) fn bounce(input: &Input) -> Result<Computed, Malformed> {
    let stop_m_per_s = if input.has("stop_speed_m_s") {
        input.number("stop_speed_m_s", NotNegative)?
    } else {
        0.0
    };
    let restitution = input.number("restitution", Share)?;
    let bouncing = ballistics::bouncing(
        input.number("impact_speed_m_s", NotNegative)?,
        restitution,
        input.number("g_m_s2", Positive)?,
        stop_m_per_s,
    );
    let mut computed = Computed::from([
        ("settling_time_s", bouncing.settling_time_s),
        ("time_until_stop_speed_s", bouncing.time_s),
    ]);
    computed.put("bounces_until_stop_speed", whole(bouncing.bounces));
    if restitution == 1.0 || !bouncing.bounces.is_finite() {
        computed.remark("the bouncing has no last bounce".into());
    }
    Ok(computed)
}

pub(super) fn anchor_screw(input: &Input) -> Result<Computed, Malformed> {
    let holding_n = anchor_ground::screw_holding_force_n(
        input.number("radius_m", NotNegative)?,
        input.number("length_m", NotNegative)?,
        input.number("cohesion_pa", NotNegative)?,
    );
    Ok(Computed::from([("skin_holding_force_n", holding_n)]))
}

pub(super) fn robot_weight(input: &Input) -> Result<Computed, Malformed> {
    let weight_n = ballistics::weight_n(
        input.number("mass_kg", NotNegative)?,
        input.number("g_m_s2", Any)?,
    );
    Ok(Computed::from([
        ("weight_n", weight_n),
        (
            "fraction_of_100N_weight_on_bit",
            weight_n / ballistics::WEIGHT_ON_BIT_N,
        ),
    ]))
}

pub(super) fn reaction_liftoff(input: &Input) -> Result<Computed, Malformed> {
    let speed_m_per_s = ballistics::liftoff_speed_m_per_s(
        input.number("net_upward_force_n", Any)?,
        input.number("mass_kg", Positive)?,
        input.number("duration_s", NotNegative)?,
    );
    Ok(Computed::from([("speed_m_s", speed_m_per_s)]))
}

pub(super) fn solar(input: &Input) -> Result<Computed, Malformed> {
    let distance_au = input.number("r_au", Positive)?;
    let temperatures = sunlight::surface_temperatures(
        distance_au,
        input.number("albedo_bond", Share)?,
        input.number("emissivity", Positive)?,
    );
    Ok(Computed::from([
        ("flux_w_m2", sunlight::flux_w_per_m2(distance_au)),
        ("subsolar_temp_k", temperatures.subsolar_k),
        (
            "fast_rotator_equator_temp_k",
            temperatures.fast_rotator_equator_k,
        ),
        ("mean_sphere_temp_k", temperatures.mean_sphere_k),
    ]))
}

pub(super) fn low_orbit(input: &Input) -> Result<Computed, Malformed> {
    let orbit = figure::circular_orbit(
        input.number("GM_m3_s2", Positive)?,
        input.number("radius_m", Positive)?,
        input.number("altitude_m", NotNegative)?,
    );
    Ok(Computed::from([
        ("period_s", orbit.period_s),
        ("speed_m_s", orbit.speed_m_per_s),
    ]))
}

/// A count as a whole number, or null if there is no end to it.
fn whole(count: f64) -> Value {
    if (0.0..=9e15).contains(&count) {
        json!(count as u64)
    } else {
        Value::Null
    }
}
