//! All markets of a world: demand for many goods at many nodes.
//!
//! Time passes lazily: a tick only moves the clock here, unless a sample or a day of a market that
//! somebody sold to is due. So an idle tick costs the same with one market and with a hundred.

use std::collections::BTreeMap;

use bevy::prelude::Resource;
use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::Xxh3;

use super::good::Good;
use super::market::{Flood, Market, MarketTerms, PricePoint, Quote};
use super::tables::{self, EARTH, Footprint};

/// The markets that a level has besides its [`market`](crate::sim::level::Level::market).
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct MarketsSpec {
    /// Nodes whose markets are those of the tables, `Earth` among them.
    pub tables: Vec<String>,
    /// Markets with terms of the level's own; they take the place of those of the tables.
    pub own: Vec<MarketTerms>,
}

impl MarketsSpec {
    /// The terms of all these markets; the later of two for one good at one node holds.
    pub fn terms(&self) -> Vec<MarketTerms> {
        let of_tables = self.tables.iter().flat_map(|node| {
            Good::ALL
                .into_iter()
                .filter_map(|good| tables::terms(node, good))
        });
        of_tables.chain(self.own.iter().cloned()).collect()
    }
}

/// Every market, by node and good.
#[derive(Resource, Clone, Debug, Serialize, Deserialize)]
pub struct Markets {
    now_ms: u64,
    /// When one of them next has something to do.
    due_ms: u64,
    /// Which of them the order `Sell` uses.
    main: usize,
    /// Sorted by node and good.
    markets: Vec<Market>,
}

/// A market as of now.
#[derive(Clone, Copy, Debug)]
pub struct MarketNow<'a> {
    market: &'a Market,
    now_ms: u64,
}

impl<'a> MarketNow<'a> {
    pub fn terms(&self) -> &'a MarketTerms {
        self.market.terms()
    }

    pub fn node(&self) -> &'a str {
        &self.market.terms().node
    }

    pub fn good(&self) -> Good {
        self.market.terms().good
    }

    /// Sold here since the start.
    pub fn sold_g(&self) -> i64 {
        self.market.sold_g()
    }

    /// Price of the next gram.
    pub fn price_credits_per_kg(&self) -> f64 {
        self.market.price_credits_per_kg(self.now_ms)
    }

    /// Demand in a year at the base price, as it has grown [kg].
    pub fn demand_kg_per_year(&self) -> f64 {
        self.market.demand_kg_per_year()
    }

    /// What others supply in a year, such as mines on Earth [kg].
    pub fn other_supply_kg_per_year(&self) -> f64 {
        self.market.other_supply_kg_per_year()
    }

    /// Recent supply that still weighs on the price [kg].
    pub fn overhang_kg(&self) -> f64 {
        self.market.overhang_kg(self.now_ms)
    }

    /// What a lot would bring now.
    ///
    /// # Panics
    /// If `mass_g` is negative.
    pub fn quote(&self, mass_g: i64) -> Quote {
        self.market.quote(self.now_ms, mass_g)
    }

    /// What a lot would cost; `None` if that is more than can be bought up.
    ///
    /// # Panics
    /// If `mass_g` is negative.
    pub fn offer(&self, mass_g: i64) -> Option<Quote> {
        self.market.offer(self.now_ms, mass_g)
    }

    /// What a lot would do to the price.
    ///
    /// # Panics
    /// If `mass_g` is negative.
    pub fn flood(&self, mass_g: i64) -> Flood {
        self.market.flood(self.now_ms, mass_g)
    }

    /// Prices so far, oldest first; the price now is not among them.
    pub fn history(&self) -> &'a [PricePoint] {
        self.market.history()
    }
}

/// What the Earth was spared so far by what came from space.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Displaced {
    /// Rock that was not moved as ore [kg].
    pub ore_kg: f64,
    /// Primary energy that was not used [MJ].
    pub energy_mj: f64,
    /// Emissions that were not made [kg of CO2 equivalent].
    pub emissions_kg_co2e: f64,
}

impl Displaced {
    fn add(&mut self, kg: f64, each: Footprint) {
        self.ore_kg += kg * each.ore_kg_per_kg;
        self.energy_mj += kg * each.energy_mj_per_kg;
        self.emissions_kg_co2e += kg * each.emissions_kg_co2e_per_kg;
    }
}

/// What each prospector has sold to the markets of all nodes.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sales(BTreeMap<String, BTreeMap<Good, Sold>>);

/// Sales of one good by one prospector.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sold {
    pub mass_g: i64,
    /// What the nodes paid [µcr].
    pub proceeds_ucr: i64,
}

impl Sales {
    pub(in crate::sim) fn book(
        &mut self,
        seller: &str,
        good: Good,
        mass_g: i64,
        proceeds_ucr: i64,
    ) {
        let of_seller = match self.0.get_mut(seller) {
            Some(of_seller) => of_seller,
            None => self.0.entry(seller.to_owned()).or_default(),
        };
        let sold = of_seller.entry(good).or_default();
        sold.mass_g = sold.mass_g.saturating_add(mass_g);
        sold.proceeds_ucr = sold.proceeds_ucr.saturating_add(proceeds_ucr);
    }

    /// What a prospector has sold, by good.
    pub fn of(&self, seller: &str) -> impl Iterator<Item = (Good, Sold)> {
        let sold = self.0.get(seller).into_iter().flatten();
        sold.map(|(&good, &sold)| (good, sold))
    }
}

impl Markets {
    /// The market that `Sell` uses, and others; the later of two for one good at one node holds,
    /// and the main one before all.
    ///
    /// # Panics
    /// If terms fail their [`check`](MarketTerms::check).
    pub fn new(main: MarketTerms, others: Vec<MarketTerms>) -> Self {
        let key = |terms: &MarketTerms| (terms.node.clone(), terms.good);
        let mut sorted = BTreeMap::new();
        for terms in others {
            sorted.insert(key(&terms), Market::aside(terms));
        }
        let main_key = key(&main);
        sorted.insert(main_key.clone(), Market::new(main));
        let at = sorted.keys().position(|known| *known == main_key);
        let mut markets = Self {
            now_ms: 0,
            due_ms: 0,
            main: at.expect("it has just been put there"),
            markets: sorted.into_values().collect(),
        };
        markets.renew_due();
        markets
    }

    /// The market that `Sell` uses.
    pub fn main(&self) -> MarketNow<'_> {
        self.now(&self.markets[self.main])
    }

    /// The market of a good at a node, if there is one.
    pub fn find(&self, node: &str, good: Good) -> Option<MarketNow<'_>> {
        self.at(node, good)
            .map(|index| self.now(&self.markets[index]))
    }

    /// All markets, by node and good.
    pub fn iter(&self) -> impl Iterator<Item = MarketNow<'_>> {
        self.markets.iter().map(|market| self.now(market))
    }

    fn now<'a>(&self, market: &'a Market) -> MarketNow<'a> {
        MarketNow {
            market,
            now_ms: self.now_ms,
        }
    }

    fn at(&self, node: &str, good: Good) -> Option<usize> {
        self.markets
            .binary_search_by(|market| {
                let terms = market.terms();
                (terms.node.as_str(), terms.good).cmp(&(node, good))
            })
            .ok()
    }

    /// Takes a lot to the main market. The caller moves the goods and the money.
    #[must_use = "pay the seller what the quote says"]
    pub(in crate::sim) fn sell_main(&mut self, mass_g: i64) -> Quote {
        let quote = self.markets[self.main].sell(self.now_ms, mass_g);
        self.renew_due();
        quote
    }

    /// Takes a lot to a market, at its quote. The caller moves the goods and the money.
    #[must_use = "pay the seller what the quote says"]
    pub(in crate::sim) fn sell(&mut self, node: &str, good: Good, mass_g: i64) -> Option<Quote> {
        let index = self.at(node, good)?;
        let quote = self.markets[index].sell(self.now_ms, mass_g);
        self.renew_due();
        Some(quote)
    }

    /// Gives a lot of a market at its offer; `None` if there is no such market, or not so much.
    #[must_use = "let the buyer pay what the offer says"]
    pub(in crate::sim) fn buy(&mut self, node: &str, good: Good, mass_g: i64) -> Option<Quote> {
        let index = self.at(node, good)?;
        let offer = self.markets[index].buy(self.now_ms, mass_g);
        self.renew_due();
        offer
    }

    /// Lets time pass.
    pub(in crate::sim) fn advance(&mut self, dt_ms: u64) {
        self.now_ms = self.now_ms.saturating_add(dt_ms);
        if self.due_ms <= self.now_ms {
            for market in &mut self.markets {
                if market.due_ms() <= self.now_ms {
                    market.advance_to(self.now_ms);
                }
            }
            self.renew_due();
        }
    }

    fn renew_due(&mut self) {
        let due = self.markets.iter().map(Market::due_ms).min();
        self.due_ms = due.unwrap_or(u64::MAX);
    }

    /// What buyers everywhere would have paid for all that was sold to them, less what they paid
    /// [credits].
    pub fn surplus_credits(&self) -> f64 {
        self.markets.iter().map(Market::surplus_credits).sum()
    }

    /// What the Earth was spared so far. On Earth mines stand idle for part of what is sold, as the
    /// supply response has it, over the years; in space each kilogram stands for its launch, and
    /// for the propellant that would have brought it on from low orbit.
    pub fn displaced(&self) -> Displaced {
        let mut sum = Displaced::default();
        for market in &self.markets {
            let terms = market.terms();
            if terms.node == EARTH {
                sum.add(market.cut_kg(), tables::footprint(terms.good));
            } else if let Some(node) = tables::node(&terms.node) {
                let sold_kg = market.sold_g() as f64 * 1e-3;
                sum.add(node.gear_ratio * sold_kg, tables::launch_footprint());
            }
        }
        sum
    }

    /// Feeds the markets to the state hash.
    pub fn hash_into(&self, hash: &mut Xxh3) {
        hash.update(&self.now_ms.to_le_bytes());
        for market in &self.markets {
            market.hash_into(hash);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sim::economy::market::MS_PER_DAY;

    fn markets() -> Markets {
        let spec = MarketsSpec {
            tables: ["Earth", "EML1", "LEO"].map(str::to_owned).to_vec(),
            own: Vec::new(),
        };
        let main = tables::terms("EML1", Good::Water).unwrap();
        Markets::new(main, spec.terms())
    }

    #[test]
    fn every_good_has_its_own_price_at_each_node() {
        let mut markets = markets();
        let price = |markets: &Markets, node, good| {
            let market = markets.find(node, good).expect("the tables have it");
            market.price_credits_per_kg()
        };
        assert_eq!(price(&markets, "Earth", Good::Platinum), 30_704.0);
        let leo = price(&markets, "LEO", Good::Water);
        assert!(leo < price(&markets, "EML1", Good::Water));
        assert!(markets.find("EML1", Good::Platinum).is_none());
        assert!(markets.find("Moon", Good::Water).is_none());
        let quote = markets.sell("EML1", Good::Water, 500_000).unwrap();
        assert_eq!(
            quote.unit_price_ucr_per_kg,
            (1e6 * price(&markets, "EML1", Good::Water)).floor() as i64
        );
        assert_eq!(
            price(&markets, "LEO", Good::Water),
            leo,
            "a market of its own"
        );
        assert_eq!(markets.main().sold_g(), 500_000);
        assert_eq!(markets.sell("EML1", Good::Gold, 1), None);
    }

    #[test]
    fn idle_markets_have_nothing_to_do_and_yet_prices_recover() {
        let mut markets = markets();
        let before = markets.find("Earth", Good::Rhodium).unwrap();
        let before = before.price_credits_per_kg();
        let _ = markets.sell("Earth", Good::Rhodium, 5_000_000);
        let floor = markets.find("Earth", Good::Rhodium).unwrap();
        assert!(floor.price_credits_per_kg() < 0.6 * before);
        for _ in 0..10 * 365 {
            markets.advance(MS_PER_DAY);
        }
        let risen = markets.find("Earth", Good::Rhodium).unwrap();
        assert!((risen.price_credits_per_kg() / before - 1.0).abs() < 0.05);
        // The others were not touched, and one that nobody sold to is never due.
        let gold = markets.at("Earth", Good::Gold).unwrap();
        assert_eq!(markets.markets[gold].due_ms(), u64::MAX);
        assert!(
            markets
                .find("Earth", Good::Gold)
                .unwrap()
                .history()
                .is_empty()
        );
    }

    #[test]
    fn what_is_sold_spares_the_earth_ore_energy_and_emissions() {
        let mut markets = markets();
        assert_eq!(markets.displaced(), Displaced::default());
        let _ = markets.sell("EML1", Good::Oxygen, 1_000_000);
        let launch = markets.displaced();
        // A tonne at EML1 is 2.716 t in low orbit, 300 MJ each kilogram.
        assert!((launch.energy_mj - 2_716.0 * 300.0).abs() < 1e-6);
        assert_eq!(launch.ore_kg, 0.0);
        let _ = markets.sell("Earth", Good::Platinum, 10_000_000);
        assert_eq!(markets.displaced(), launch, "mines have not answered yet");
        for _ in 0..5 * 365 {
            markets.advance(MS_PER_DAY);
        }
        let ore_kg = markets.displaced().ore_kg;
        // Part of ten tonnes, at 250 t of ore each kilogram.
        assert!(0.0 < ore_kg && ore_kg < 10_000.0 * 250_000.0, "{ore_kg}");
    }
}
