//! The tables of `assets/data` that the economy starts from: commodities, nodes, how supply on
//! Earth answers, where demand in space is, and what a kilogram from space spares the Earth.

use std::sync::LazyLock;

use serde::Deserialize;

use super::good::Good;
use super::market::{Growth, MarketTerms};
use crate::sim::asteroid::catalogue::rows;

/// The node of `commodities.csv` that is no row of `launch_and_nodes.csv`.
pub const EARTH: &str = "Earth";

/// A price on Earth never rises above so many times the base price (assumed: the swing of rhodium
/// from 2018 to 2021 was nine).
const EARTH_CEILING_FACTOR: f64 = 20.0;
/// A lot on Earth weighs on the year's market.
const EARTH_MEMORY_DAYS: f64 = 365.25;

/// A row of `commodities.csv`, as far as it is used.
#[derive(Clone, Debug, Deserialize)]
pub struct Commodity {
    pub id: String,
    pub earth_price_usd_kg: f64,
    pub world_production_kg_yr: Option<f64>,
    pub demand_elasticity: f64,
    pub value_lunar_surface_usd_kg: Option<f64>,
    pub in_space_demand_t_yr_2035: f64,
}

/// A row of `launch_and_nodes.csv`, as far as it is used.
#[derive(Clone, Debug, Deserialize)]
pub struct Node {
    pub id: String,
    pub name: String,
    pub dv_from_leo_km_s: f64,
    pub gear_ratio: f64,
    pub cost_base_usd_kg: f64,
}

#[derive(Clone, Debug, Deserialize)]
struct Response {
    id: String,
    supply_elasticity: f64,
    adjust_days: f64,
    market_kg_yr: Option<f64>,
}

#[derive(Clone, Debug, Deserialize)]
struct NodeDemand {
    node: String,
    share: f64,
    start_fraction: f64,
    growth_rate: f64,
    lag_days: f64,
    base_price_fraction: f64,
    memory_days: f64,
}

/// What a kilogram that comes from space, and is not made on Earth, spares it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Deserialize)]
pub struct Footprint {
    pub ore_kg_per_kg: f64,
    pub energy_mj_per_kg: f64,
    pub emissions_kg_co2e_per_kg: f64,
}

#[derive(Clone, Debug, Deserialize)]
struct FootprintRow {
    id: String,
    ore_kg_per_kg: f64,
    energy_mj_per_kg: f64,
    emissions_kg_co2e_per_kg: f64,
}

struct Tables {
    commodities: Vec<Commodity>,
    nodes: Vec<Node>,
    responses: Vec<Response>,
    demands: Vec<NodeDemand>,
    footprints: Vec<FootprintRow>,
}

static TABLES: LazyLock<Tables> = LazyLock::new(|| Tables {
    commodities: rows(
        "commodities.csv",
        include_str!("../../../assets/data/commodities.csv"),
    ),
    nodes: rows(
        "launch_and_nodes.csv",
        include_str!("../../../assets/data/launch_and_nodes.csv"),
    ),
    responses: rows(
        "supply_response.csv",
        include_str!("../../../assets/data/supply_response.csv"),
    ),
    demands: rows(
        "node_demand.csv",
        include_str!("../../../assets/data/node_demand.csv"),
    ),
    footprints: rows(
        "displacement.csv",
        include_str!("../../../assets/data/displacement.csv"),
    ),
});

/// The nodes of `launch_and_nodes.csv`, in its order.
pub fn nodes() -> &'static [Node] {
    &TABLES.nodes
}

/// A node in space by its id.
pub fn node(id: &str) -> Option<&'static Node> {
    TABLES.nodes.iter().find(|node| node.id == id)
}

/// Where goods can be sold: Earth and the nodes in space.
pub fn is_node(id: &str) -> bool {
    id == EARTH || node(id).is_some()
}

/// The row of a good.
pub fn commodity(good: Good) -> Option<&'static Commodity> {
    let id = good.commodity_id()?;
    TABLES.commodities.iter().find(|row| row.id == id)
}

fn footprint_row(id: &str) -> Option<Footprint> {
    let row = TABLES.footprints.iter().find(|row| row.id == id)?;
    Some(Footprint {
        ore_kg_per_kg: row.ore_kg_per_kg,
        energy_mj_per_kg: row.energy_mj_per_kg,
        emissions_kg_co2e_per_kg: row.emissions_kg_co2e_per_kg,
    })
}

/// What making a kilogram of a good costs the Earth.
pub fn footprint(good: Good) -> Footprint {
    good.commodity_id()
        .and_then(footprint_row)
        .unwrap_or_default()
}

/// What bringing a kilogram to low Earth orbit costs the Earth.
pub fn launch_footprint() -> Footprint {
    footprint_row("launch").expect("the table has a row for launches")
}

/// The market of a good at a node as the tables have it; `None` where they have none: the good has
/// no price there, or nobody at the node wants it.
pub fn terms(node_id: &str, good: Good) -> Option<MarketTerms> {
    let row = commodity(good)?;
    if node_id == EARTH {
        let response = TABLES.responses.iter().find(|r| r.id == row.id)?;
        let demand_kg_per_year = row.world_production_kg_yr.or(response.market_kg_yr)?;
        return (0.0 < row.earth_price_usd_kg).then(|| MarketTerms {
            node: EARTH.to_owned(),
            good,
            base_price_credits_per_kg: row.earth_price_usd_kg,
            ceiling_credits_per_kg: EARTH_CEILING_FACTOR * row.earth_price_usd_kg,
            demand_kg_per_year,
            elasticity: row.demand_elasticity,
            memory_days: EARTH_MEMORY_DAYS,
            supply_elasticity: response.supply_elasticity,
            supply_delay_days: response.adjust_days,
            growth: None,
        });
    }
    let node = node(node_id)?;
    let demand = TABLES.demands.iter().find(|d| d.node == node_id)?;
    let bound_kg = 1e3 * row.in_space_demand_t_yr_2035 * demand.share;
    if bound_kg <= 0.0 {
        return None;
    }
    // The cost of launch bounds every price; on the Moon slag is worth what the table says.
    let ceiling = if node_id == "LUNAR_SURFACE" {
        row.value_lunar_surface_usd_kg?
    } else {
        node.cost_base_usd_kg
    };
    Some(MarketTerms {
        node: node_id.to_owned(),
        good,
        base_price_credits_per_kg: demand.base_price_fraction * ceiling,
        ceiling_credits_per_kg: ceiling,
        demand_kg_per_year: demand.start_fraction * bound_kg,
        elasticity: row.demand_elasticity,
        memory_days: demand.memory_days,
        supply_elasticity: 0.0,
        supply_delay_days: super::market::default_supply_delay_days(),
        growth: Some(Growth {
            bound: demand.start_fraction.recip(),
            rate: demand.growth_rate,
            lag_days: demand.lag_days,
        }),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn earth_trades_every_commodity_that_has_a_price_and_nodes_what_is_wanted_in_space() {
        for good in Good::ALL {
            let Some(row) = commodity(good) else { continue };
            let earth = terms(EARTH, good);
            assert_eq!(earth.is_some(), 0.0 < row.earth_price_usd_kg, "{good}");
            if let Some(terms) = earth {
                assert_eq!(terms.base_price_credits_per_kg, row.earth_price_usd_kg);
                assert_eq!(terms.check(), Ok(()), "{good}");
            }
            for node in nodes() {
                let there = terms(&node.id, good);
                assert_eq!(there.is_some(), 0.0 < row.in_space_demand_t_yr_2035);
                if let Some(terms) = there {
                    assert!(terms.ceiling_credits_per_kg <= node.cost_base_usd_kg);
                    assert_eq!(terms.check(), Ok(()), "{good} at {}", node.id);
                }
            }
        }
    }

    #[test]
    fn demand_of_all_nodes_grows_to_that_of_the_table_and_each_good_has_a_footprint() {
        let shares: f64 = TABLES.demands.iter().map(|demand| demand.share).sum();
        assert!((shares - 1.0).abs() < 1e-12, "{shares}");
        for row in &TABLES.commodities {
            assert!(footprint_row(&row.id).is_some(), "{}", row.id);
        }
        assert!(0.0 < launch_footprint().energy_mj_per_kg);
    }
}
