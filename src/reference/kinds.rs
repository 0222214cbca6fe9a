//! The kinds of cases that are known, and the functions of the simulation that compute them.

use std::f64::consts::FRAC_PI_2;

use serde_json::{Map, Value, json};

use super::input::{Input, Malformed, Range, number_in};
use crate::sim::asteroid::figure;
use crate::sim::asteroid::polyhedron::{MeshError, Polyhedron, TriangleMesh, surface_statistics};
use crate::sim::economy::auction::{
    BookOrder, LimitOrder, OrderBook, RestingOrder, Side, call_auction,
};
use crate::sim::economy::figures::{gini, richest_tenth_share};
use crate::sim::economy::price::price_impact;
use crate::sim::robot::{anchor_ground, ballistics, sunlight};
use crate::sim::voyage::rocket;

use Range::{Any, Negative, NotNegative, Positive, Share};

const SECONDS_PER_HOUR: f64 = 3600.0;
const METRES_PER_KM: f64 = 1000.0;
const METRES_PER_AU: f64 = 149_597_870_700.0;

/// Of a mesh whose density is not given, by the conventions of the group.
const DEFAULT_DENSITY_KG_PER_M3: f64 = 2670.0;

/// Prices are turned into whole millionths, as in the ledger.
const MICRO: f64 = 1e6;

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
    /// The fields of the input decide, and the id where they fit more than one kind, or none, as
    /// when a field is missing.
    pub(super) fn of(group: &str, id: &str, input: &Input) -> Option<&'static Kind> {
        let prefix = id.split('/').next().unwrap_or_default();
        let in_group = || KINDS.iter().filter(|kind| kind.group == group);
        // A group of one kind needs no telling apart.
        if let (Some(only), None) = (in_group().next(), in_group().nth(1)) {
            return Some(only);
        }
        in_group()
            .filter(|kind| kind.needs.iter().all(|field| input.has(field)))
            .max_by_key(|kind| (kind.prefix == prefix, kind.needs.len()))
            .or_else(|| in_group().find(|kind| kind.prefix == prefix))
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
    fn put(&mut self, key: &str, value: Value) {
        self.values.insert(key.into(), value);
    }

    fn number(&mut self, key: &str, value: f64) {
        // A JSON number is finite.
        if !value.is_finite() {
            self.remark(format!("{key} is not finite"));
        }
        self.put(key, json!(value));
    }

    fn numbers(&mut self, key: &str, values: &[f64]) {
        if values.iter().any(|value| !value.is_finite()) {
            self.remark(format!("{key} is not finite"));
        }
        self.put(key, json!(values));
    }

    fn remark(&mut self, note: String) {
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
        compute: polyhedron_gravity,
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
        compute: surface_gravity,
    },
    Kind {
        group: "small_body",
        prefix: "hill",
        needs: &["a_au", "e", "GM_m3_s2"],
        prints: &["hill_at_perihelion_m", "soi_laplace_m"],
        compute: hill,
    },
    Kind {
        group: "small_body",
        prefix: "spin_barrier",
        needs: &["density_kg_m3"],
        prints: &["critical_period_h"],
        compute: spin_barrier,
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
        compute: equator,
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
        compute: hop,
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
        compute: hop,
    },
    Kind {
        group: "small_body",
        prefix: "drop",
        needs: &["GM_m3_s2", "radius_m", "height_m"],
        prints: &["fall_time_s", "impact_speed_m_s"],
        compute: drop,
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
        compute: bounce,
    },
    Kind {
        group: "small_body",
        prefix: "anchor_screw",
        needs: &["radius_m", "length_m", "cohesion_pa"],
        prints: &["skin_holding_force_n"],
        compute: anchor_screw,
    },
    Kind {
        group: "small_body",
        prefix: "robot_weight",
        needs: &["mass_kg", "g_m_s2"],
        prints: &["weight_n", "fraction_of_100N_weight_on_bit"],
        compute: robot_weight,
    },
    Kind {
        group: "small_body",
        prefix: "reaction_liftoff",
        needs: &["net_upward_force_n", "mass_kg", "duration_s"],
        prints: &["speed_m_s"],
        compute: reaction_liftoff,
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
        compute: solar,
    },
    Kind {
        group: "small_body",
        prefix: "low_orbit",
        needs: &["GM_m3_s2", "radius_m", "altitude_m"],
        prints: &["period_s", "speed_m_s"],
        compute: low_orbit,
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
        compute: auction,
    },
    Kind {
        group: "economics",
        prefix: "order_book",
        needs: &["orders_side_limit_qty_owner"],
        prints: &["trades", "bids_left", "asks_left"],
        compute: order_book,
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
        compute: impact,
    },
    Kind {
        group: "economics",
        prefix: "gini",
        needs: &["wealth"],
        prints: &["gini", "top10pct_share"],
        compute: inequality,
    },
    Kind {
        group: "rocket",
        prefix: "prop_mass",
        needs: &["dv_km_s", "isp_s", "final_mass_kg"],
        prints: &["propellant_kg", "initial_mass_kg", "mass_ratio"],
        compute: propellant,
    },
    Kind {
        group: "rocket",
        prefix: "solar_power",
        needs: &["array_kw_at_1au", "r_au"],
        prints: &["power_kw"],
        compute: solar_power,
    },
];

fn polyhedron_gravity(input: &Input) -> Result<Computed, Malformed> {
    let point_m = input.point_m("point_m")?;
    let density_kg_per_m3 = if input.has("density_kg_m3") {
        input.number("density_kg_m3", NotNegative)?
    } else {
        DEFAULT_DENSITY_KG_PER_M3
    };
    let mesh = input.named_mesh("mesh", "mesh_location")?;
    let body =
        Polyhedron::new(&mesh, density_kg_per_m3).map_err(|error| no_mesh("mesh", &error))?;
    let field = body.field_at(point_m);
    let mut computed = Computed::from([
        ("potential_m2_s2", field.potential_m2_per_s2),
        ("laplacian_s2", field.laplacian_per_s2),
    ]);
    let acceleration_m_per_s2 = field.acceleration_m_per_s2.to_array();
    computed.numbers("acceleration_m_s2", &acceleration_m_per_s2);
    computed.put("inside", json!(field.inside));
    Ok(computed)
}

fn surface_gravity(input: &Input) -> Result<Computed, Malformed> {
    let mu_m3_per_s2 = input.number("GM_m3_s2", Positive)?;
    let period_h = input.number("rotation_period_h", Positive)?;
    let mesh = input.mesh_file("shape")?;
    let height_m = if input.has("height_m") {
        input.number("height_m", NotNegative)?
    } else {
        height_over_faces_m(&mesh)
    };
    let statistics = surface_statistics(&mesh, mu_m3_per_s2, period_h, height_m)
        .map_err(|error| no_mesh("shape", &error))?;
    let mut computed = Computed::from([
        ("volume_m3", statistics.volume_m3),
        ("density_kg_m3", statistics.density_kg_m3),
        ("equivalent_radius_m", statistics.equivalent_radius_m),
        ("sphere_g_m_s2", statistics.sphere_g_m_s2),
        ("sphere_escape_m_s", statistics.sphere_escape_m_s),
        ("slope_mean_deg", statistics.slope_mean_deg),
        ("slope_p95_deg", statistics.slope_p95_deg),
        (
            "point_mass_vector_error_mean",
            statistics.point_mass_vector_error_mean,
        ),
        (
            "point_mass_vector_error_max",
            statistics.point_mass_vector_error_max,
        ),
    ]);
    for (key, spread) in [
        ("g", statistics.g_m_s2),
        ("g_eff", statistics.g_eff_m_s2),
        ("escape_speed", statistics.escape_speed_m_s),
        ("return_speed", statistics.return_speed_m_s),
    ] {
        computed.number(&format!("{key}_min"), spread.min);
        computed.number(&format!("{key}_mean"), spread.mean);
        computed.number(&format!("{key}_max"), spread.max);
    }
    Ok(computed)
}

/// Height at which a surface is sampled, by the conventions of the group: 0.05 m, and 0.5 m for
/// Eros, which is kilometres wide where the others are hundreds of metres.
fn height_over_faces_m(mesh: &TriangleMesh) -> f64 {
    const EROS_VOLUME_M3: f64 = 1e12;
    if EROS_VOLUME_M3 < mesh.volume_m3() {
        0.5
    } else {
        0.05
    }
}

fn no_mesh(field: &str, error: &MeshError) -> Malformed {
    Malformed {
        field: field.into(),
        fault: format!("is no mesh: {error}"),
    }
}

fn hill(input: &Input) -> Result<Computed, Malformed> {
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

fn spin_barrier(input: &Input) -> Result<Computed, Malformed> {
    let density_kg_per_m3 = input.number("density_kg_m3", Positive)?;
    let period_s = figure::spin_barrier_period_s(density_kg_per_m3);
    Ok(Computed::from([(
        "critical_period_h",
        period_s / SECONDS_PER_HOUR,
    )]))
}

fn equator(input: &Input) -> Result<Computed, Malformed> {
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

fn hop(input: &Input) -> Result<Computed, Malformed> {
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

fn drop(input: &Input) -> Result<Computed, Malformed> {
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

fn bounce(input: &Input) -> Result<Computed, Malformed> {
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

fn anchor_screw(input: &Input) -> Result<Computed, Malformed> {
    let holding_n = anchor_ground::screw_holding_force_n(
        input.number("radius_m", NotNegative)?,
        input.number("length_m", NotNegative)?,
        input.number("cohesion_pa", NotNegative)?,
    );
    Ok(Computed::from([("skin_holding_force_n", holding_n)]))
}

fn robot_weight(input: &Input) -> Result<Computed, Malformed> {
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

fn reaction_liftoff(input: &Input) -> Result<Computed, Malformed> {
    let speed_m_per_s = ballistics::liftoff_speed_m_per_s(
        input.number("net_upward_force_n", Any)?,
        input.number("mass_kg", Positive)?,
        input.number("duration_s", NotNegative)?,
    );
    Ok(Computed::from([("speed_m_s", speed_m_per_s)]))
}

fn solar(input: &Input) -> Result<Computed, Malformed> {
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

fn low_orbit(input: &Input) -> Result<Computed, Malformed> {
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

fn auction(input: &Input) -> Result<Computed, Malformed> {
    let orders = |field| {
        input.list(field, "a price and a whole number of lots", |order| {
            let [price, quantity] = order.as_array()?.as_slice() else {
                return None;
            };
            Some(LimitOrder {
                price: micro(price)?,
                quantity: quantity.as_u64()?,
            })
        })
    };
    let clearing = call_auction(&orders("bids_price_qty")?, &orders("asks_price_qty")?);
    let mut computed = Computed::default();
    match clearing {
        Some(clearing) => {
            let (low, high) = clearing.competitive_prices;
            let interval = [low, high].map(|price| from_micro(price.into()));
            computed.put("volume", json!(clearing.volume));
            computed.put("price_interval", json!(interval));
            computed.number("midpoint_price", clearing.midpoint_price() / MICRO);
            computed.put("total_surplus", from_micro(clearing.surplus));
        }
        None => {
            computed.put("volume", json!(0));
            for key in ["price_interval", "midpoint_price", "total_surplus"] {
                computed.put(key, Value::Null);
            }
        }
    }
    Ok(computed)
}

fn order_book(input: &Input) -> Result<Computed, Malformed> {
    let orders = input.list(
        "orders_side_limit_qty_owner",
        "\"buy\" or \"sell\", a price or null, a whole number of lots and an owner's name",
        |order| {
            let [side, limit, quantity, owner] = order.as_array()?.as_slice() else {
                return None;
            };
            Some(BookOrder {
                side: match side.as_str()? {
                    "buy" => Side::Buy,
                    "sell" => Side::Sell,
                    _ => return None,
                },
                limit: match limit {
                    Value::Null => None,
                    limit => Some(micro(limit)?),
                },
                quantity: quantity.as_u64()?,
                owner: owner.as_str()?.into(),
            })
        },
    )?;
    let mut book = OrderBook::default();
    let trades: Vec<Value> = orders
        .into_iter()
        .flat_map(|order| book.submit(order))
        .map(|trade| {
            json!({
                "price": from_micro(trade.price.into()),
                "qty": trade.quantity,
                "buyer": trade.buyer,
                "seller": trade.seller,
            })
        })
        .collect();
    let left =
        |order: &RestingOrder| json!([from_micro(order.price.into()), order.quantity, order.owner]);
    let mut computed = Computed::default();
    computed.put("trades", Value::Array(trades));
    computed.put("bids_left", book.bids().map(left).collect());
    computed.put("asks_left", book.asks().map(left).collect());
    Ok(computed)
}

fn impact(input: &Input) -> Result<Computed, Malformed> {
    let impact = price_impact(
        input.number("price0", NotNegative)?,
        input.number("world_q", Positive)?,
        input.number("added_q", Any)?,
        input.number("demand_elasticity", Negative)?,
    );
    Ok(Computed::from([
        ("new_price", impact.new_price),
        ("revenue", impact.revenue),
        ("revenue_at_old_price", impact.revenue_at_old_price),
        ("realised_fraction", impact.realised_fraction),
    ]))
}

fn inequality(input: &Input) -> Result<Computed, Malformed> {
    let wealth = input.list("wealth", "a number", |each| number_in(each, Any))?;
    if wealth.is_empty() {
        return Err(Malformed {
            field: "wealth".into(),
            fault: "is empty and must hold a number for each".into(),
        });
    }
    let mut computed = Computed::default();
    for (key, figure) in [
        ("gini", gini(&wealth)),
        ("top10pct_share", richest_tenth_share(&wealth)),
    ] {
        match figure {
            Some(figure) => computed.number(key, figure),
            None => {
                computed.put(key, Value::Null);
                computed.remark(format!("{key} means nothing without wealth"));
            }
        }
    }
    Ok(computed)
}

fn propellant(input: &Input) -> Result<Computed, Malformed> {
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

fn solar_power(input: &Input) -> Result<Computed, Malformed> {
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

/// A price in whole millionths.
fn micro(price: &Value) -> Option<i64> {
    /// Up to here a 64-bit float still tells two whole numbers apart.
    const MAX: f64 = (1_i64 << 53) as f64;
    let micro = (number_in(price, Any)? * MICRO).round();
    (micro.abs() <= MAX).then_some(micro as i64)
}

/// Whole millionths as a number, whole where it is.
fn from_micro(micro: i128) -> Value {
    let one = MICRO as i128;
    match i64::try_from(micro / one) {
        Ok(units) if micro % one == 0 => json!(units),
        _ => json!(micro as f64 / MICRO),
    }
}

/// A count as a whole number, or null if there is no end to it.
fn whole(count: f64) -> Value {
    if (0.0..=9e15).contains(&count) {
        json!(count as u64)
    } else {
        Value::Null
    }
}
