//! Rivals: the characters of scripted prospectors, and their affairs in figures.

use serde::{Deserialize, Serialize};

use super::check::Check;
use crate::sim::asteroid::constituent::Constituent;
use crate::sim::economy::good::Good;

/// The character of a scripted prospector.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub enum Temperament {
    /// Claims what is near and digs at once.
    Wildcatter,
    /// Samples several spots and claims the best of them.
    Surveyor,
    /// Holds as much ground as it may, works for others for a toll, and buys what they dig.
    Corporation,
    /// Has a mandate: publishes what it measures, and keeps a stock at the node.
    Agency,
    /// Pools what it knows, and works for others at cost.
    Cooperative,
    /// Buys to sell: goods, shares of a quota. It need not own a robot.
    Speculator,
    /// Measures nothing and buys no data: waits for others, and digs beside what they found.
    FreeRider,
    /// Takes ground that lapses, contests, and digs in open ground where others dig.
    ClaimJumper,
}

impl Temperament {
    pub const ALL: [Self; 8] = [
        Self::Wildcatter,
        Self::Surveyor,
        Self::Corporation,
        Self::Agency,
        Self::Cooperative,
        Self::Speculator,
        Self::FreeRider,
        Self::ClaimJumper,
    ];
}

/// How a rival does business besides selling the water that its plants bake.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Affairs {
    /// Kept in the account whatever is on offer [credits].
    pub reserve_credits: f64,
    /// What a credit in a year is worth less than one today, 0 to 1: the impatience of small
    /// purses, which sell at the site what large ones ship.
    pub discount_per_year: f64,
    /// Gain that it wants on what it buys to sell again, as a part of the price.
    pub margin: f64,
    /// What its chart of the ground is of.
    pub seeks: Constituent,
    /// Goods that it bids for at the site.
    pub buys: Vec<Good>,
    /// Claims that it wants to hold at a time, where the charter gives any.
    pub claims: u32,
    /// At what tariff its plants work for others; without it, for nobody.
    pub toll_credits_per_kg: Option<f64>,
    /// Water that it means to keep at the node of the level's market, and buys there [kg].
    pub mandate_kg: f64,
    /// What its plants are set to do, where they are equipped for it, besides baking water.
    pub process: Option<String>,
    /// Water that stays in the tank of each plant for the robots, whatever is sold [kg].
    pub keeps_water_kg: f64,
    /// Part of the first price below which its robots rest where nobody can take the ground from
    /// under them; 0 never rests.
    pub patience: f64,
    /// At what price it sells each of its plants; without it, it sells none.
    pub sells_plants_credits: Option<f64>,
}

impl Default for Affairs {
    fn default() -> Self {
        Self {
            reserve_credits: 250_000.0,
            discount_per_year: 0.2,
            margin: 0.1,
            seeks: Constituent::Water,
            buys: Vec::new(),
            claims: 1,
            toll_credits_per_kg: None,
            mandate_kg: 0.0,
            process: None,
            keeps_water_kg: 30.0,
            patience: 0.0,
            sells_plants_credits: None,
        }
    }
}

impl Affairs {
    pub(super) fn check(&self, check: &mut Check, at: &str) {
        for (field, value, max) in [
            ("reserve_credits", self.reserve_credits, 1e12),
            ("discount_per_year", self.discount_per_year, 1.0),
            ("margin", self.margin, 1.0),
            (
                "toll_credits_per_kg",
                self.toll_credits_per_kg.unwrap_or(0.0),
                1e6,
            ),
            ("mandate_kg", self.mandate_kg, 1e9),
            ("keeps_water_kg", self.keeps_water_kg, 1e9),
            ("patience", self.patience, 1.0),
            (
                "sells_plants_credits",
                self.sells_plants_credits.unwrap_or(0.0),
                1e12,
            ),
        ] {
            check.range(&format!("{at}.{field}"), value, 0.0, max);
        }
        for (i, good) in self.buys.iter().enumerate() {
            if !good.is_tradable() {
                check.error(
                    &format!("{at}.buys[{i}]"),
                    format!("buys = {good:?} must be a good that can be sold"),
                );
            }
        }
    }
}
