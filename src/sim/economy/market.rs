//! The market of one good at one node.
//!
//! Demand has constant elasticity below a ceiling: what a buyer would otherwise pay to bring the
//! same mass from Earth. With Q the yearly demand at the base price P₀ and s the overhang (what
//! was lately supplied and still weighs on the price), a lot q is bought at the price after it,
//!
//! P = min(ceiling, P₀ ((D + s + q)/D)^(1/ε)),  D = Q·τ.
//!
//! The overhang fades exponentially with the market's memory τ, ds/dt = −s/τ. Then a steady supply
//! of f kg a year settles at s = f·τ and the price at P₀ ((Q + f)/Q)^(1/ε): the demand curve of
//! `commodities.csv`, whatever τ is. Consumption at a constant rate, the other simple model, would
//! let any supply below Q leave no trace in the price. τ is a year by default, so that D = Q; a
//! shorter one describes a node that forgets a single large lot sooner and is shallower for it.
//!
//! A seller gets the price after the whole lot, so one large lot brings less than many small ones,
//! and under inelastic demand a larger lot can bring less than a smaller one. Who pays and where
//! the grams go is the [`ledger`](super::ledger)'s business.

use bevy::prelude::Resource;
use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::Xxh3;

use super::ledger::Good;
use super::price::price_after;

const MS_PER_DAY: f64 = 86_400_000.0;
const DAYS_PER_YEAR: f64 = 365.25;

/// More points than a plot of the window is wide would not show.
const HISTORY_MAX: usize = 512;
const FIRST_SAMPLE_EVERY_MS: u64 = 3_600_000;

/// A node's demand for one good, as a level states it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MarketTerms {
    /// An id of `launch_and_nodes.csv`, such as `EML1`.
    pub node: String,
    pub good: Good,
    /// Paid while nothing weighs on the market.
    pub base_price_credits_per_kg: f64,
    /// Launch displacement: never paid more.
    pub ceiling_credits_per_kg: f64,
    /// Bought in a year at the base price.
    pub demand_kg_per_year: f64,
    /// d ln Q / d ln P, below zero.
    pub elasticity: f64,
    /// Time in which the weight of a lot on the price falls to 1/e.
    #[serde(default = "default_memory_days")]
    pub memory_days: f64,
}

fn default_memory_days() -> f64 {
    DAYS_PER_YEAR
}

impl MarketTerms {
    /// The first field out of range and what was expected of it.
    ///
    /// # Errors
    /// The field's name, its value and the expectation, for the reader of a level.
    pub fn check(&self) -> Result<(), (&'static str, f64, &'static str)> {
        let positive = |value: f64, max: f64| 0.0 < value && value <= max;
        let fields: [(&'static str, f64, bool, &'static str); 5] = [
            (
                "base_price_credits_per_kg",
                self.base_price_credits_per_kg,
                positive(self.base_price_credits_per_kg, 1e9),
                "above 0 and at most 1e9",
            ),
            (
                "ceiling_credits_per_kg",
                self.ceiling_credits_per_kg,
                positive(self.ceiling_credits_per_kg, 1e9),
                "above 0 and at most 1e9",
            ),
            (
                "demand_kg_per_year",
                self.demand_kg_per_year,
                positive(self.demand_kg_per_year, 1e18),
                "above 0 and at most 1e18",
            ),
            (
                "elasticity",
                self.elasticity,
                (-100.0..=-0.01).contains(&self.elasticity),
                "from -100 to -0.01",
            ),
            (
                "memory_days",
                self.memory_days,
                positive(self.memory_days, 1e6),
                "above 0 and at most 1e6",
            ),
        ];
        match fields.into_iter().find(|(.., fits, _)| !fits) {
            Some((field, value, _, expected)) => Err((field, value, expected)),
            None => Ok(()),
        }
    }
}

/// What a lot would bring now.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Quote {
    pub mass_g: i64,
    /// Paid for every kilogram of the lot: the price after it [µcr/kg], rounded down.
    pub unit_price_ucr_per_kg: i64,
    /// For the whole lot [µcr], rounded down: rounding never favours the seller.
    pub proceeds_ucr: i64,
}

impl Quote {
    /// Paid for every kilogram of the lot [credits/kg].
    pub fn unit_price_credits_per_kg(&self) -> f64 {
        self.unit_price_ucr_per_kg as f64 * 1e-6
    }
}

/// A point of the price plot.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct PricePoint {
    pub at_ms: u64,
    pub price_credits_per_kg: f64,
    /// Sold at this point's price; 0 for a mere sample.
    pub sold_g: i64,
}

/// One good at one node: its price, the recent supply that weighs on it, and their history.
#[derive(Resource, Clone, Debug, Serialize, Deserialize)]
pub struct Market {
    terms: MarketTerms,
    now_ms: u64,
    /// Overhang at `overhang_at_ms`; it is faded from there in one step, so that the length of the
    /// ticks in between leaves no trace.
    overhang_kg: f64,
    overhang_at_ms: u64,
    sold_g: i64,
    history: Vec<PricePoint>,
    sample_every_ms: u64,
    next_sample_ms: u64,
}

impl Market {
    /// A market that nobody has sold to yet.
    ///
    /// # Panics
    /// If the terms fail their [`check`](MarketTerms::check).
    pub fn new(terms: MarketTerms) -> Self {
        if let Err((field, value, expected)) = terms.check() {
            panic!("{field} = {value} must be {expected}");
        }
        Self {
            terms,
            now_ms: 0,
            overhang_kg: 0.0,
            overhang_at_ms: 0,
            sold_g: 0,
            history: Vec::new(),
            sample_every_ms: FIRST_SAMPLE_EVERY_MS,
            next_sample_ms: 0,
        }
    }

    pub fn terms(&self) -> &MarketTerms {
        &self.terms
    }

    pub fn node(&self) -> &str {
        &self.terms.node
    }

    pub fn good(&self) -> Good {
        self.terms.good
    }

    /// Sold here since the start.
    pub fn sold_g(&self) -> i64 {
        self.sold_g
    }

    /// Recent supply that still weighs on the price [kg].
    pub fn overhang_kg(&self) -> f64 {
        self.overhang_kg_at(self.now_ms)
    }

    /// Price of the next gram.
    pub fn price_credits_per_kg(&self) -> f64 {
        self.price_with_kg(self.overhang_kg())
    }

    /// What a lot would bring now.
    ///
    /// # Panics
    /// If `mass_g` is negative.
    pub fn quote(&self, mass_g: i64) -> Quote {
        assert!(0 <= mass_g, "a lot of {mass_g} g");
        let price = self.price_with_kg(self.overhang_kg() + mass_g as f64 * 1e-3);
        let unit_price_ucr_per_kg = (price * 1e6).floor() as i64;
        // 1000 g in a kilogram; both factors are non-negative, so the division rounds down.
        let proceeds = i128::from(mass_g) * i128::from(unit_price_ucr_per_kg) / 1000;
        Quote {
            mass_g,
            unit_price_ucr_per_kg,
            proceeds_ucr: i64::try_from(proceeds).unwrap_or(i64::MAX),
        }
    }

    /// Takes a lot at its [`quote`](Self::quote). The caller moves the goods and the money.
    ///
    /// # Panics
    /// If `mass_g` is negative.
    #[must_use = "pay the seller what the quote says"]
    pub fn sell(&mut self, mass_g: i64) -> Quote {
        let quote = self.quote(mass_g);
        if 0 < mass_g {
            self.overhang_kg = self.overhang_kg() + mass_g as f64 * 1e-3;
            self.overhang_at_ms = self.now_ms;
            self.sold_g = self.sold_g.saturating_add(mass_g);
            self.remember(PricePoint {
                at_ms: self.now_ms,
                price_credits_per_kg: quote.unit_price_credits_per_kg(),
                sold_g: mass_g,
            });
        }
        quote
    }

    /// Lets time pass. How it is cut into ticks makes no difference, to the bit.
    pub fn advance(&mut self, dt_ms: u64) {
        let until_ms = self.now_ms.saturating_add(dt_ms);
        while self.next_sample_ms <= until_ms {
            self.now_ms = self.next_sample_ms;
            self.remember(PricePoint {
                at_ms: self.now_ms,
                price_credits_per_kg: self.price_credits_per_kg(),
                sold_g: 0,
            });
            let Some(next_ms) = self.next_sample_ms.checked_add(self.sample_every_ms) else {
                break;
            };
            self.next_sample_ms = next_ms;
        }
        self.now_ms = until_ms;
    }

    /// Prices at regular times and at every sale, oldest first, coarser as time goes on: at most
    /// 512 points. The price now is not among them.
    pub fn history(&self) -> &[PricePoint] {
        &self.history
    }

    /// Feeds the market to the state hash.
    pub fn hash_into(&self, hash: &mut Xxh3) {
        hash.update(&self.now_ms.to_le_bytes());
        hash.update(&self.overhang_kg.to_bits().to_le_bytes());
        hash.update(&self.overhang_at_ms.to_le_bytes());
        hash.update(&self.sold_g.to_le_bytes());
    }

    fn overhang_kg_at(&self, at_ms: u64) -> f64 {
        let memories = (at_ms - self.overhang_at_ms) as f64 / (self.terms.memory_days * MS_PER_DAY);
        self.overhang_kg * (-memories).exp()
    }

    fn price_with_kg(&self, overhang_kg: f64) -> f64 {
        let terms = &self.terms;
        let depth_kg = terms.demand_kg_per_year * terms.memory_days / DAYS_PER_YEAR;
        price_after(
            terms.base_price_credits_per_kg,
            depth_kg,
            overhang_kg,
            terms.elasticity,
        )
        .min(terms.ceiling_credits_per_kg)
    }

    fn remember(&mut self, point: PricePoint) {
        if self.history.len() == HISTORY_MAX {
            // Every second point goes and new samples come half as often; what a dropped point
            // sold moves to the next, so that the sum over the plot stays what was sold.
            let thinned = self.history.chunks(2).map(|pair| PricePoint {
                sold_g: pair.iter().map(|point| point.sold_g).sum(),
                ..pair[pair.len() - 1]
            });
            self.history = thinned.collect();
            self.sample_every_ms = self.sample_every_ms.saturating_mul(2);
        }
        self.history.push(point);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const YEAR_MS: u64 = 31_557_600_000;

    fn terms() -> MarketTerms {
        MarketTerms {
            node: "EML1".into(),
            good: Good::Water,
            base_price_credits_per_kg: 1_000.0,
            ceiling_credits_per_kg: 8_149.0,
            demand_kg_per_year: 400.0,
            elasticity: -0.8,
            memory_days: DAYS_PER_YEAR,
        }
    }

    #[test]
    fn a_lot_of_half_a_years_demand_lowers_its_own_price() {
        let mut market = Market::new(terms());
        let quote = market.sell(200_000);
        let price = 1_000.0 * 1.5_f64.powf(-1.25);
        assert_eq!(quote.unit_price_ucr_per_kg, (price * 1e6) as i64);
        assert_eq!(quote.proceeds_ucr, quote.unit_price_ucr_per_kg * 200);
        assert!((market.price_credits_per_kg() / price - 1.0).abs() < 1e-12);
    }

    #[test]
    fn a_steady_supply_settles_on_the_demand_curve_whatever_the_memory() {
        for memory_days in [10.0, DAYS_PER_YEAR] {
            let mut market = Market::new(MarketTerms {
                memory_days,
                ..terms()
            });
            // As much again as the demand at the base price, in many small lots.
            let lots_a_year = 40_000;
            for _ in 0..10 * lots_a_year {
                let _ = market.sell(400_000 / lots_a_year);
                market.advance(YEAR_MS / lots_a_year as u64);
            }
            let expected = 1_000.0 * 2.0_f64.powf(-1.25);
            let error = market.price_credits_per_kg() / expected - 1.0;
            assert!(error.abs() < 1e-3, "{error} with {memory_days} days");
        }
    }

    #[test]
    fn nobody_pays_more_than_the_ceiling() {
        let market = Market::new(MarketTerms {
            ceiling_credits_per_kg: 500.0,
            ..terms()
        });
        assert_eq!(market.quote(1_000).proceeds_ucr, 500_000_000);
        assert_eq!(market.quote(0).proceeds_ucr, 0);
        assert_eq!(market.price_credits_per_kg(), 500.0);
    }

    #[test]
    fn the_history_stays_small_and_sums_to_what_was_sold() {
        let mut market = Market::new(terms());
        for _ in 0..2_000 {
            let _ = market.sell(1_000);
            market.advance(10_000_000);
        }
        market.advance(u64::MAX);
        let history = market.history();
        assert!(history.len() <= HISTORY_MAX);
        assert!(history.is_sorted_by_key(|point| point.at_ms));
        let sold_g: i64 = history.iter().map(|point| point.sold_g).sum();
        assert_eq!(sold_g, 2_000_000);
        assert_eq!(market.sold_g(), 2_000_000);
        assert!(market.price_credits_per_kg().is_finite());
    }

    #[test]
    fn terms_out_of_range_are_named() {
        let wrong = MarketTerms {
            elasticity: 0.5,
            ..terms()
        };
        assert_eq!(
            wrong.check(),
            Err(("elasticity", 0.5, "from -100 to -0.01"))
        );
        let wrong = MarketTerms {
            demand_kg_per_year: f64::NAN,
            ..terms()
        };
        assert_eq!(wrong.check().unwrap_err().0, "demand_kg_per_year");
        assert_eq!(terms().check(), Ok(()));
    }

    proptest! {
        #[test]
        fn how_time_is_cut_into_ticks_leaves_no_trace(
            spans in prop::collection::vec((0..2_000_000_000_u64, 0.0..1.0_f64, 0..50_000_i64), 1..20)
        ) {
            let mut whole = Market::new(terms());
            let mut cut = Market::new(terms());
            for (span_ms, share, lot_g) in spans {
                let first_ms = (span_ms as f64 * share) as u64;
                whole.advance(span_ms);
                cut.advance(first_ms);
                cut.advance(span_ms - first_ms);
                prop_assert_eq!(whole.sell(lot_g), cut.sell(lot_g));
            }
            prop_assert_eq!(whole.overhang_kg().to_bits(), cut.overhang_kg().to_bits());
            prop_assert_eq!(whole.history(), cut.history());
        }

        #[test]
        fn rounding_never_favours_the_seller(mass_g in 0..1_000_000_000_i64, overhang_g in 0..1_000_000_000_i64) {
            let mut market = Market::new(terms());
            let _ = market.sell(overhang_g);
            let quote = market.quote(mass_g);
            let kg = mass_g as f64 * 1e-3;
            let exact_ucr = market.price_with_kg(market.overhang_kg() + kg) * 1e6 * kg;
            prop_assert!(0 <= quote.proceeds_ucr);
            prop_assert!(quote.proceeds_ucr as f64 <= exact_ucr * (1.0 + 1e-15));
            prop_assert!(exact_ucr - (quote.proceeds_ucr as f64) < kg + 1.0 + exact_ucr * 1e-15);
        }
    }
}
