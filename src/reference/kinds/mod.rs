//! The kinds of cases that are known, and the functions of the simulation that compute them.

mod economy;
mod finance;
mod gravity;
mod rocket;
mod small_body;

use serde_json::{Map, Value, json};

use super::input::{Input, Malformed};

/// A kind of cases: how to know one, what it prints, and how that is computed.
pub(super) struct Kind {
    group: &'static str,
    /// What an id begins with, before a slash.
    prefix: &'static str,
    /// Fields that every input of the kind has.
    needs: &'static [&'static str],
    /// Keys of a full output.
    pub(super) prints: &'static [&'static str],
    pub(super) compute: fn(&Input) -> Result<Computed, Malformed>,
}

impl Kind {
    /// The kind of a case, or None if it is not known.
    ///
    /// The id decides where it names a kind, so that a missing field is missed; else the fields do.
    pub(super) fn of(group: &str, id: &str, input: &Input) -> Option<&'static Kind> {
        let prefix = id.split('/').next().unwrap_or_default();
        let in_group = || KINDS.iter().filter(|kind| kind.group == group);
        // A group of one kind needs no telling apart.
        if let (Some(only), None) = (in_group().next(), in_group().nth(1)) {
            return Some(only);
        }
        let present = |kind: &&Kind| kind.needs.iter().filter(|field| input.has(field)).count();
        let complete = |kind: &&Kind| present(kind) == kind.needs.len();
        let named = in_group().filter(|kind| kind.prefix == prefix);
        named
            .max_by_key(|kind| (complete(kind), present(kind)))
            .or_else(|| in_group().filter(complete).max_by_key(present))
    }
}

/// What came out of a case.
#[derive(Default)]
pub(super) struct Computed {
    pub(super) values: Map<String, Value>,
    /// What an odd value means.
    pub(super) note: Option<String>,
}

impl Computed {
    pub(super) fn put(&mut self, key: &str, value: Value) {
        self.values.insert(key.into(), value);
    }

    pub(super) fn number(&mut self, key: &str, value: f64) {
        // A JSON number is finite.
        if !value.is_finite() {
            self.remark(format!("{key} is not finite"));
        }
        self.put(key, json!(value));
    }

    pub(super) fn numbers(&mut self, key: &str, values: &[f64]) {
        if values.iter().any(|value| !value.is_finite()) {
            self.remark(format!("{key} is not finite"));
        }
        self.put(key, json!(values));
    }

    pub(super) fn remark(&mut self, note: String) {
        match &mut self.note {
            Some(notes) => *notes = format!("{notes}; {note}"),
            None => self.note = Some(note),
        }
    }
}

impl<const N: usize> From<[(&str, f64); N]> for Computed {
    fn from(values: [(&str, f64); N]) -> Self {
        let mut computed = Self::default();
        for (key, value) in values {
            computed.number(key, value);
        }
        computed
    }
}

const KINDS: &[Kind] = &[
    Kind {
        group: "polyhedron_gravity",
        prefix: "",
        needs: &["mesh", "point_m"],
        prints: &[
            "potential_m2_s2",
            "acceleration_m_s2",
            "laplacian_s2",
            "inside",
        ],
        compute: gravity::polyhedron_gravity,
    },
    Kind {
        group: "surface_gravity",
        prefix: "",
        needs: &["shape", "GM_m3_s2", "rotation_period_h"],
        prints: &[
            "volume_m3",
            "density_kg_m3",
            "equivalent_radius_m",
            "sphere_g_m_s2",
            "sphere_escape_m_s",
            "g_min",
            "g_mean",
            "g_max",
            "g_eff_min",
            "g_eff_mean",
            "g_eff_max",
            "escape_speed_min",
            "escape_speed_mean",
            "escape_speed_max",
            "return_speed_min",
            "return_speed_mean",
            "return_speed_max",
            "slope_mean_deg",
            "slope_p95_deg",
            "point_mass_vector_error_mean",
            "point_mass_vector_error_max",
        ],
        compute: gravity::surface_gravity,
    },
    Kind {
        group: "gravity_approximation",
        prefix: "mascon",
        needs: &["shape", "voxel_m", "height_m"],
        prints: &[
            "voxels",
            "point_mean",
            "point_p95",
            "point_max",
            "capped_mean",
            "capped_p95",
            "capped_max",
        ],
        compute: gravity::mascons,
    },
    Kind {
        group: "gravity_approximation",
        prefix: "grid",
        needs: &["shape", "spacing_m", "height_m"],
        prints: &["mean", "p95", "max"],
        compute: gravity::grid,
    },
    Kind {
        group: "gravity_approximation",
        prefix: "point",
        needs: &["shape", "height_m"],
        prints: &["mean", "p95", "max"],
        compute: gravity::point_mass,
    },
    Kind {
        group: "small_body",
        prefix: "hill",
        needs: &["a_au", "e", "GM_m3_s2"],
        prints: &["hill_at_perihelion_m", "soi_laplace_m"],
        compute: small_body::hill,
    },
    Kind {
        group: "small_body",
        prefix: "spin_barrier",
        needs: &["density_kg_m3"],
        prints: &["critical_period_h"],
        compute: small_body::spin_barrier,
    },
    Kind {
        group: "small_body",
        prefix: "equator",
        needs: &["GM_m3_s2", "radius_m", "period_h"],
        prints: &[
            "g_m_s2",
            "centrifugal_m_s2",
            "g_eff_m_s2",
            "sync_orbit_radius_m",
            "escape_speed_m_s",
            "circular_speed_m_s",
        ],
        compute: small_body::equator,
    },
    Kind {
        group: "small_body",
        prefix: "hop_vertical",
        needs: &["GM_m3_s2", "radius_m", "speed_m_s"],
        prints: &[
            "apex_height_m",
            "time_of_flight_s",
            "flat_gravity_time_s",
            "flat_gravity_height_m",
        ],
        compute: small_body::hop,
    },
    Kind {
        group: "small_body",
        prefix: "hop_45deg",
        needs: &["GM_m3_s2", "radius_m", "speed_m_s", "elevation_deg"],
        prints: &[
            "surface_range_m",
            "time_of_flight_s",
            "apex_height_m",
            "flat_gravity_range_m",
        ],
        compute: small_body::hop,
    },
    Kind {
        group: "small_body",
        prefix: "drop",
        needs: &["GM_m3_s2", "radius_m", "height_m"],
        prints: &["fall_time_s", "impact_speed_m_s"],
        compute: small_body::drop,
    },
    Kind {
        group: "small_body",
        prefix: "bounce",
        needs: &["impact_speed_m_s", "restitution", "g_m_s2"],
        prints: &[
            "settling_time_s",
            "bounces_until_stop_speed",
            "time_until_stop_speed_s",
        ],
        compute: small_body::bounce,
    },
    Kind {
        group: "small_body",
        prefix: "anchor_screw",
        needs: &["radius_m", "length_m", "cohesion_pa"],
        prints: &["skin_holding_force_n"],
        compute: small_body::anchor_screw,
    },
    Kind {
        group: "small_body",
        prefix: "robot_weight",
        needs: &["mass_kg", "g_m_s2"],
        prints: &["weight_n", "fraction_of_100N_weight_on_bit"],
        compute: small_body::robot_weight,
    },
    Kind {
        group: "small_body",
        prefix: "reaction_liftoff",
        needs: &["net_upward_force_n", "mass_kg", "duration_s"],
        prints: &["speed_m_s"],
        compute: small_body::reaction_liftoff,
    },
    Kind {
        group: "small_body",
        prefix: "solar",
        needs: &["r_au", "albedo_bond", "emissivity"],
        prints: &[
            "flux_w_m2",
            "subsolar_temp_k",
            "fast_rotator_equator_temp_k",
            "mean_sphere_temp_k",
        ],
        compute: small_body::solar,
    },
    Kind {
        group: "small_body",
        prefix: "low_orbit",
        needs: &["GM_m3_s2", "radius_m", "altitude_m"],
        prints: &["period_s", "speed_m_s"],
        compute: small_body::low_orbit,
    },
    Kind {
        group: "economics",
        prefix: "call_auction",
        needs: &["bids_price_qty", "asks_price_qty"],
        prints: &[
            "volume",
            "price_interval",
            "midpoint_price",
            "total_surplus",
        ],
        compute: economy::auction,
    },
    Kind {
        group: "economics",
        prefix: "order_book",
        needs: &["orders_side_limit_qty_owner"],
        prints: &["trades", "bids_left", "asks_left"],
        compute: economy::order_book,
    },
    Kind {
        group: "economics",
        prefix: "price_impact",
        needs: &["price0", "world_q", "added_q", "demand_elasticity"],
        prints: &[
            "new_price",
            "revenue",
            "revenue_at_old_price",
            "realised_fraction",
        ],
        compute: economy::impact,
    },
    Kind {
        group: "economics",
        prefix: "gini",
        needs: &["wealth"],
        prints: &["gini", "top10pct_share"],
        compute: economy::inequality,
    },
    Kind {
        group: "economics",
        prefix: "revenue_ceiling",
        needs: &["demand_elasticity"],
        prints: &[
            "best_added_fraction_of_world",
            "max_revenue_fraction_of_world_market",
        ],
        compute: finance::revenue_ceiling,
    },
    Kind {
        group: "economics",
        prefix: "supply_response",
        needs: &["demand_elasticity", "supply_elasticity", "added_fraction"],
        prints: &["price_ratio", "terrestrial_supply_ratio", "demand_ratio"],
        compute: finance::supply_response,
    },
    Kind {
        group: "economics",
        prefix: "npv",
        needs: &["discount_rate", "cash_flow_by_year"],
        prints: &["npv", "irr"],
        compute: finance::npv,
    },
    Kind {
        group: "economics",
        prefix: "npv",
        needs: &["discount_rate", "success_probability", "cost_flow"],
        prints: &["expected_npv"],
        compute: finance::expected_npv,
    },
    Kind {
        group: "economics",
        prefix: "learning",
        needs: &["first_unit_cost", "learning_rate", "unit_number"],
        prints: &["unit_cost", "cumulative_average_to_n"],
        compute: finance::learning,
    },
    Kind {
        group: "economics",
        prefix: "cost_per_kg",
        needs: &["mission_cost_usd", "returned_kg"],
        prints: &["usd_per_kg"],
        compute: finance::cost_per_kg,
    },
    Kind {
        group: "economics",
        prefix: "royalty_fund",
        needs: &[
            "revenue_by_year",
            "royalty_rate",
            "share_to_fund",
            "share_paid_at_once",
            "fund_real_return",
            "payout_fraction_of_fund",
        ],
        prints: &["payout_by_year", "fund_end", "royalty_total"],
        compute: finance::royalty_fund,
    },
    Kind {
        group: "economics",
        prefix: "royalty",
        needs: &[
            "revenue_by_year",
            "rate_first_period",
            "rate_second_period",
            "switch_after_years",
        ],
        prints: &["royalty_by_year", "total"],
        compute: finance::royalty_steps,
    },
    Kind {
        group: "economics",
        prefix: "ore",
        needs: &["diameter_m", "density_kg_m3"],
        prints: &["mass_kg", "platinum_kg", "platinum_value_spot_usd"],
        compute: finance::ore,
    },
    Kind {
        group: "rocket",
        prefix: "prop_mass",
        needs: &["dv_km_s", "isp_s", "final_mass_kg"],
        prints: &["propellant_kg", "initial_mass_kg", "mass_ratio"],
        compute: rocket::propellant,
    },
    Kind {
        group: "rocket",
        prefix: "solar_power",
        needs: &["array_kw_at_1au", "r_au"],
        prints: &["power_kw"],
        compute: rocket::solar_power,
    },
];
