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
//! Others supplied the market before, S of them compared to the start, and D of the demand compared
//! to the start is there. Both change slowly, day by day: mines on Earth cut back when the price
//! falls, dS/dt = (x^η − S)/T with x = P/P₀ (so that S settles where Q₀ x^ε = Q₀ x^η + f), and
//! demand in space grows with what it was served, logistically and bounded:
//! φ(y) = B/(1 + (B − 1) e^(−r y)), y being what was delivered over a year's starting demand, and D
//! follows φ with a lag. The price is then P₀ (S + s/(D Q τ))^(1/ε) below the ceiling.
//!
//! A seller gets the price after the whole lot, so one large lot brings less than many small ones,
//! and under inelastic demand a larger lot can bring less than a smaller one. Who pays and where
//! the grams go is the [`ledger`](super::ledger)'s business.

use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::Xxh3;

use super::ledger::Good;

pub(super) const MS_PER_DAY: u64 = 86_400_000;
pub(super) const DAYS_PER_YEAR: f64 = 365.25;

/// More points than a plot of the window is wide would not show.
const HISTORY_MAX: usize = 512;
const FIRST_SAMPLE_EVERY_MS: u64 = 3_600_000;
/// Of the many markets of the tables: enough for a small plot.
const SIDE_HISTORY_MAX: usize = 128;
/// No more than this part of a market's supply can be bought up at once (assumed).
const BOUGHT_UP_MAX: f64 = 0.5;
/// A price has recovered from a lot when it is this near to what it was.
const RECOVERED: f64 = 0.99;
/// Nobody waits longer for a price to recover [d].
const RECOVERY_MAX_DAYS: u64 = 36_525;

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
    /// d ln S / d ln P of those who supplied the market before, such as mines on Earth; 0 where they
    /// do not answer to the price.
    #[serde(default)]
    pub supply_elasticity: f64,
    /// Time in which they make up for all but 1/e of a change.
    #[serde(default = "default_supply_delay_days")]
    pub supply_delay_days: f64,
    /// How demand grows with what is delivered, if it does.
    #[serde(default)]
    pub growth: Option<Growth>,
}

/// Demand that grows as it is served: logistic in what was delivered, and bounded.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Growth {
    /// Largest demand over that of the start, above 1.
    pub bound: f64,
    /// First growth of demand per year's starting demand delivered, over (1 − 1/bound).
    pub rate: f64,
    /// Time in which customers build what uses it: demand makes up for all but 1/e of a change.
    pub lag_days: f64,
}

impl Growth {
    /// Demand over that of the start, after so many years' starting demand were delivered.
    pub fn demand(&self, years_delivered: f64) -> f64 {
        self.bound / (1.0 + (self.bound - 1.0) * (-self.rate * years_delivered).exp())
    }
}

fn default_memory_days() -> f64 {
    DAYS_PER_YEAR
}

/// Mines take years to open and to close (assumed).
pub(super) fn default_supply_delay_days() -> f64 {
    3.0 * DAYS_PER_YEAR
}

impl MarketTerms {
    /// The first field out of range and what was expected of it.
    ///
    /// # Errors
    /// The field's name, its value and the expectation, for the reader of a level.
    pub fn check(&self) -> Result<(), (&'static str, f64, &'static str)> {
        let positive = |value: f64, max: f64| 0.0 < value && value <= max;
        let growth = self.growth.unwrap_or(Growth {
            bound: 2.0,
            rate: 1.0,
            lag_days: 1.0,
        });
        let fields: [(&'static str, f64, bool, &'static str); 10] = [
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
            (
                "supply_elasticity",
                self.supply_elasticity,
                (0.0..=100.0).contains(&self.supply_elasticity),
                "from 0 to 100",
            ),
            (
                "supply_delay_days",
                self.supply_delay_days,
                positive(self.supply_delay_days, 1e6),
                "above 0 and at most 1e6",
            ),
            (
                "growth.bound",
                growth.bound,
                (1.0..=1e6).contains(&growth.bound),
                "from 1 to 1e6",
            ),
            (
                "growth.rate",
                growth.rate,
                (0.0..=1e3).contains(&growth.rate),
                "from 0 to 1000",
            ),
            (
                "growth.lag_days",
                growth.lag_days,
                positive(growth.lag_days, 1e6),
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

/// What a lot does to the price of all later ones.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Flood {
    /// Of the next gram, before the lot and after it.
    pub before_credits_per_kg: f64,
    pub after_credits_per_kg: f64,
    /// Until the price is back within a hundredth of what it was, if nobody sells more; `None` if
    /// that takes over a century.
    pub recovery_days: Option<f64>,
}

/// What weighs on a price: recent supply, and the slow answers of supply and demand, which are
/// carried on once a day so that the cutting of time into ticks leaves no trace.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
struct Pressure {
    /// Overhang at `overhang_at_ms`; it is faded from there in one step.
    overhang_kg: f64,
    overhang_at_ms: u64,
    /// Supply of others, and demand, over those of the start.
    supply: f64,
    demand: f64,
    /// Whole days that supply and demand have been carried to.
    days: u64,
    /// What others have not supplied for it [kg].
    cut_kg: f64,
}

impl Pressure {
    const NONE: Self = Self {
        overhang_kg: 0.0,
        overhang_at_ms: 0,
        supply: 1.0,
        demand: 1.0,
        days: 0,
        cut_kg: 0.0,
    };

    fn overhang_kg(&self, terms: &MarketTerms, at_ms: u64) -> f64 {
        let memory_ms = terms.memory_days * MS_PER_DAY as f64;
        let memories = at_ms.saturating_sub(self.overhang_at_ms) as f64 / memory_ms;
        self.overhang_kg * (-memories).exp()
    }

    /// The price with so much supplied of late [credits/kg].
    fn price_with_kg(&self, terms: &MarketTerms, overhang_kg: f64) -> f64 {
        let depth_kg = self.demand * terms.demand_kg_per_year * terms.memory_days / DAYS_PER_YEAR;
        let supplied = self.supply + overhang_kg / depth_kg;
        let price = terms.base_price_credits_per_kg * supplied.powf(terms.elasticity.recip());
        price.min(terms.ceiling_credits_per_kg)
    }

    fn price(&self, terms: &MarketTerms, at_ms: u64) -> f64 {
        self.price_with_kg(terms, self.overhang_kg(terms, at_ms))
    }

    fn put(&mut self, terms: &MarketTerms, at_ms: u64, lot_kg: f64) {
        self.overhang_kg = self.overhang_kg(terms, at_ms) + lot_kg;
        self.overhang_at_ms = at_ms;
    }

    /// Carries supply and demand on to the end of the day before `until_ms`.
    fn carry_on(&mut self, terms: &MarketTerms, delivered_kg: f64, until_ms: u64) {
        let last = until_ms / MS_PER_DAY;
        if terms.supply_elasticity == 0.0 && terms.growth.is_none() {
            self.days = last;
        }
        while self.days < last {
            self.days += 1;
            let price = self.price(terms, self.days * MS_PER_DAY);
            let answer = (price / terms.base_price_credits_per_kg).powf(terms.supply_elasticity);
            self.cut_kg += terms.demand_kg_per_year / DAYS_PER_YEAR * (1.0 - self.supply);
            self.supply += (answer - self.supply) * -(-terms.supply_delay_days.recip()).exp_m1();
            if let Some(growth) = terms.growth {
                let wanted = growth.demand(delivered_kg / terms.demand_kg_per_year);
                self.demand += (wanted - self.demand) * -(-growth.lag_days.recip()).exp_m1();
            }
        }
    }
}

/// One good at one node: its price, what weighs on it, and their history.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Market {
    terms: MarketTerms,
    pressure: Pressure,
    sold_g: i64,
    /// What buyers would have paid for all of it, less what they paid.
    surplus_credits: f64,
    /// Somebody has sold or bought here, so that things may change.
    touched: bool,
    history: Vec<PricePoint>,
    history_max: usize,
    sample_every_ms: u64,
    /// `u64::MAX` while there is nothing to sample.
    next_sample_ms: u64,
}

impl Market {
    /// A market that nobody has sold to yet, with its history from the start.
    ///
    /// # Panics
    /// If the terms fail their [`check`](MarketTerms::check).
    pub fn new(terms: MarketTerms) -> Self {
        if let Err((field, value, expected)) = terms.check() {
            panic!("{field} = {value} must be {expected}");
        }
        Self {
            terms,
            pressure: Pressure::NONE,
            sold_g: 0,
            surplus_credits: 0.0,
            touched: false,
            history: Vec::new(),
            history_max: HISTORY_MAX,
            sample_every_ms: FIRST_SAMPLE_EVERY_MS,
            next_sample_ms: 0,
        }
    }

    /// A market whose history begins with its first sale and is kept coarser: one of many.
    ///
    /// # Panics
    /// As [`Market::new`].
    pub fn aside(terms: MarketTerms) -> Self {
        Self {
            history_max: SIDE_HISTORY_MAX,
            sample_every_ms: MS_PER_DAY,
            next_sample_ms: u64::MAX,
            ..Self::new(terms)
        }
    }

    pub fn terms(&self) -> &MarketTerms {
        &self.terms
    }

    /// Sold here since the start.
    pub fn sold_g(&self) -> i64 {
        self.sold_g
    }

    /// What buyers would have paid for all that was sold here, by their demand and under the
    /// ceiling, less what they paid: the consumer surplus.
    pub fn surplus_credits(&self) -> f64 {
        self.surplus_credits
    }

    /// Consumer surplus of a lot that is bought at the price after it: the area between the demand
    /// curve and that price, by Simpson's rule in eight parts.
    fn surplus_of(&self, now_ms: u64, lot_kg: f64) -> f64 {
        const PARTS: u32 = 8;
        let before_kg = self.overhang_kg(now_ms);
        let price = |part: f64| {
            self.pressure
                .price_with_kg(&self.terms, before_kg + part * lot_kg)
        };
        let paid = price(1.0);
        let sum: f64 = (0..=PARTS)
            .map(|k| {
                let weight = match k {
                    0 | PARTS => 1.0,
                    k if k % 2 == 1 => 4.0,
                    _ => 2.0,
                };
                weight * (price(f64::from(k) / f64::from(PARTS)) - paid)
            })
            .sum();
        lot_kg * sum / (3.0 * f64::from(PARTS))
    }

    /// When it next has something to do [ms]: a sample to take, or a day to carry on. Never, while
    /// nobody has sold to it.
    pub(super) fn due_ms(&self) -> u64 {
        let slow = self.terms.supply_elasticity != 0.0 || self.terms.growth.is_some();
        let next_day_ms = if slow && self.touched {
            (self.pressure.days + 1) * MS_PER_DAY
        } else {
            u64::MAX
        };
        self.next_sample_ms.min(next_day_ms)
    }

    /// Recent supply that still weighs on the price [kg].
    pub fn overhang_kg(&self, now_ms: u64) -> f64 {
        self.pressure.overhang_kg(&self.terms, now_ms)
    }

    /// Price of the next gram, at a time no earlier than that of the last change.
    pub fn price_credits_per_kg(&self, now_ms: u64) -> f64 {
        self.pressure.price(&self.terms, now_ms)
    }

    /// Demand in a year at the base price, as it has grown [kg].
    pub fn demand_kg_per_year(&self) -> f64 {
        self.pressure.demand * self.terms.demand_kg_per_year
    }

    /// What others supply in a year [kg].
    pub fn other_supply_kg_per_year(&self) -> f64 {
        self.pressure.supply * self.terms.demand_kg_per_year
    }

    /// What others have not supplied because of what was sold here [kg].
    pub fn cut_kg(&self) -> f64 {
        self.pressure.cut_kg
    }

    /// What a lot would bring now.
    ///
    /// # Panics
    /// If `mass_g` is negative.
    pub fn quote(&self, now_ms: u64, mass_g: i64) -> Quote {
        assert!(0 <= mass_g, "a lot of {mass_g} g");
        let overhang_kg = self.overhang_kg(now_ms) + mass_g as f64 * 1e-3;
        let price = self.pressure.price_with_kg(&self.terms, overhang_kg);
        let unit_price_ucr_per_kg = (price * 1e6).floor() as i64;
        // 1000 g in a kilogram; both factors are non-negative, so the division rounds down.
        let proceeds = i128::from(mass_g) * i128::from(unit_price_ucr_per_kg) / 1000;
        Quote {
            mass_g,
            unit_price_ucr_per_kg,
            proceeds_ucr: i64::try_from(proceeds).unwrap_or(i64::MAX),
        }
    }

    /// What a lot would do to the price.
    ///
    /// # Panics
    /// If `mass_g` is negative.
    pub fn flood(&self, now_ms: u64, mass_g: i64) -> Flood {
        assert!(0 <= mass_g, "a lot of {mass_g} g");
        let terms = &self.terms;
        let before = self.price_credits_per_kg(now_ms);
        let mut after = self.pressure;
        let lot_kg = mass_g as f64 * 1e-3;
        after.carry_on(terms, self.sold_g as f64 * 1e-3, now_ms);
        after.put(terms, now_ms, lot_kg);
        let after_credits_per_kg = after.price(terms, now_ms);
        let delivered_kg = self.sold_g as f64 * 1e-3 + lot_kg;
        let recovery_days = (0..=RECOVERY_MAX_DAYS).find(|day| {
            let at_ms = now_ms + day * MS_PER_DAY;
            after.carry_on(terms, delivered_kg, at_ms);
            RECOVERED * before <= after.price(terms, at_ms)
        });
        Flood {
            before_credits_per_kg: before,
            after_credits_per_kg,
            recovery_days: recovery_days.map(|days| days as f64),
        }
    }

    /// Takes a lot at its [`quote`](Self::quote). The caller moves the goods and the money.
    ///
    /// # Panics
    /// If `mass_g` is negative.
    #[must_use = "pay the seller what the quote says"]
    pub(super) fn sell(&mut self, now_ms: u64, mass_g: i64) -> Quote {
        let quote = self.quote(now_ms, mass_g);
        if 0 < mass_g {
            self.touch(now_ms);
            self.surplus_credits += self.surplus_of(now_ms, mass_g as f64 * 1e-3);
            self.pressure.put(&self.terms, now_ms, mass_g as f64 * 1e-3);
            self.sold_g = self.sold_g.saturating_add(mass_g);
            self.remember(PricePoint {
                at_ms: now_ms,
                price_credits_per_kg: quote.unit_price_credits_per_kg(),
                sold_g: mass_g,
            });
        }
        quote
    }

    /// What a lot would cost, if it is to be had: the price after it, rounded up; `None` if it is
    /// more than the part of the market that can be bought up.
    ///
    /// # Panics
    /// If `mass_g` is negative.
    pub fn offer(&self, now_ms: u64, mass_g: i64) -> Option<Quote> {
        assert!(0 <= mass_g, "a lot of {mass_g} g");
        let terms = &self.terms;
        let overhang_kg = self.overhang_kg(now_ms) - mass_g as f64 * 1e-3;
        let depth_kg =
            self.pressure.demand * terms.demand_kg_per_year * terms.memory_days / DAYS_PER_YEAR;
        if self.pressure.supply + overhang_kg / depth_kg < 1.0 - BOUGHT_UP_MAX {
            return None;
        }
        let price = self.pressure.price_with_kg(terms, overhang_kg);
        let unit_price_ucr_per_kg = (price * 1e6).ceil() as i64;
        let cost = (i128::from(mass_g) * i128::from(unit_price_ucr_per_kg) + 999) / 1000;
        Some(Quote {
            mass_g,
            unit_price_ucr_per_kg,
            proceeds_ucr: i64::try_from(cost).unwrap_or(i64::MAX),
        })
    }

    /// Gives a lot at its [`offer`](Self::offer). The caller moves the goods and the money.
    ///
    /// # Panics
    /// If `mass_g` is negative.
    #[must_use = "let the buyer pay what the offer says"]
    pub(super) fn buy(&mut self, now_ms: u64, mass_g: i64) -> Option<Quote> {
        let offer = self.offer(now_ms, mass_g)?;
        if 0 < mass_g {
            self.touch(now_ms);
            let lot_kg = mass_g as f64 * 1e-3;
            self.pressure.put(&self.terms, now_ms, -lot_kg);
        }
        Some(offer)
    }

    /// From now on there may be something to do.
    fn touch(&mut self, now_ms: u64) {
        if self.touched {
            return;
        }
        self.touched = true;
        self.pressure.days = now_ms / MS_PER_DAY;
        if self.next_sample_ms == u64::MAX {
            self.next_sample_ms = (now_ms / self.sample_every_ms + 1) * self.sample_every_ms;
        }
    }

    /// Lets time pass up to and with `now_ms`. How it is cut into ticks makes no difference, to the
    /// bit.
    pub(super) fn advance_to(&mut self, now_ms: u64) {
        while self.next_sample_ms <= now_ms {
            let at_ms = self.next_sample_ms;
            self.carry_on(at_ms);
            self.remember(PricePoint {
                at_ms,
                price_credits_per_kg: self.price_credits_per_kg(at_ms),
                sold_g: 0,
            });
            let next_ms = at_ms.saturating_add(self.sample_every_ms);
            self.next_sample_ms = next_ms;
            if next_ms == u64::MAX {
                break;
            }
        }
        self.carry_on(now_ms);
    }

    fn carry_on(&mut self, now_ms: u64) {
        if self.touched {
            let delivered_kg = self.sold_g as f64 * 1e-3;
            self.pressure.carry_on(&self.terms, delivered_kg, now_ms);
        }
    }

    /// Prices at regular times and at every sale, oldest first, coarser as time goes on: at most
    /// 512 points. The price now is not among them.
    pub fn history(&self) -> &[PricePoint] {
        &self.history
    }

    /// Feeds the market to the state hash.
    pub(super) fn hash_into(&self, hash: &mut Xxh3) {
        let pressure = &self.pressure;
        for value in [
            pressure.overhang_kg,
            pressure.supply,
            pressure.demand,
            pressure.cut_kg,
        ] {
            hash.update(&value.to_bits().to_le_bytes());
        }
        hash.update(&pressure.overhang_at_ms.to_le_bytes());
        hash.update(&self.sold_g.to_le_bytes());
    }

    fn remember(&mut self, point: PricePoint) {
        if self.history.len() == self.history_max {
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
    use crate::sim::economy::tables;

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
            supply_elasticity: 0.0,
            supply_delay_days: default_supply_delay_days(),
            growth: None,
        }
    }

    /// Terms of every sort: with and without slow answers.
    fn all_terms() -> [MarketTerms; 3] {
        [
            terms(),
            MarketTerms {
                supply_elasticity: 0.6,
                supply_delay_days: 100.0,
                ..terms()
            },
            MarketTerms {
                growth: Some(Growth {
                    bound: 10.0,
                    rate: 0.5,
                    lag_days: 90.0,
                }),
                ..terms()
            },
        ]
    }

    #[test]
    fn a_lot_of_half_a_years_demand_lowers_its_own_price() {
        let mut market = Market::new(terms());
        let quote = market.sell(0, 200_000);
        let price = 1_000.0 * 1.5_f64.powf(-1.25);
        assert_eq!(quote.unit_price_ucr_per_kg, (price * 1e6) as i64);
        assert_eq!(quote.proceeds_ucr, quote.unit_price_ucr_per_kg * 200);
        assert!((market.price_credits_per_kg(0) / price - 1.0).abs() < 1e-12);
    }

    /// The market after years of a steady supply in many small lots.
    fn supplied(terms: MarketTerms, kg_per_year: f64, years: u64) -> (Market, u64) {
        let mut market = Market::new(terms);
        let lots_a_year = 20_000;
        let lot_g = (1e3 * kg_per_year / lots_a_year as f64).round() as i64;
        let mut now_ms = 0;
        for _ in 0..years * lots_a_year {
            let _ = market.sell(now_ms, lot_g);
            now_ms += YEAR_MS / lots_a_year;
            market.advance_to(now_ms);
        }
        (market, now_ms)
    }

    #[test]
    fn a_steady_supply_settles_on_the_demand_curve_whatever_the_memory() {
        for memory_days in [10.0, DAYS_PER_YEAR] {
            let terms = MarketTerms {
                memory_days,
                ..terms()
            };
            // As much again as the demand at the base price.
            let (market, now_ms) = supplied(terms, 400.0, 10);
            let expected = 1_000.0 * 2.0_f64.powf(-1.25);
            let error = market.price_credits_per_kg(now_ms) / expected - 1.0;
            assert!(error.abs() < 1e-3, "{error} with {memory_days} days");
        }
    }

    #[test]
    fn mines_on_earth_cut_back_until_supply_meets_demand() {
        // The reference case supply_response/pt_10pct: Q0 x^ed = Q0 x^es + q.
        let (market, now_ms) = supplied(
            MarketTerms {
                node: tables::EARTH.into(),
                demand_kg_per_year: 170_000.0,
                elasticity: -0.5,
                supply_elasticity: 0.6,
                supply_delay_days: 200.0,
                ..terms()
            },
            17_000.0,
            12,
        );
        let ratio = market.price_credits_per_kg(now_ms) / 1_000.0;
        assert!((ratio - 0.912_756_058_348_841).abs() < 1e-4, "{ratio}");
        let supply = market.other_supply_kg_per_year() / 170_000.0;
        assert!((supply - 0.946_700_997_109_451).abs() < 1e-4, "{supply}");
        // What they cut is what they would have supplied.
        assert!(0.0 < market.cut_kg() && market.cut_kg() < market.sold_g() as f64 * 1e-3);
    }

    #[test]
    fn a_flood_passes_and_those_who_closed_mines_make_it_pass_sooner() {
        let [plain, answering, _] = all_terms();
        let recovery = |terms: MarketTerms| {
            let market = Market::new(terms);
            let flood = market.flood(0, 400_000);
            assert!(flood.after_credits_per_kg < 0.5 * flood.before_credits_per_kg);
            assert_eq!(market.flood(0, 0).recovery_days, Some(0.0));
            flood.recovery_days.expect("it passes")
        };
        let days = recovery(plain.clone());
        // s/D falls to where (1 + s/D)^-1.25 is 0.99: e^(-t/τ) = 0.99^-0.8 - 1.
        let expected = -DAYS_PER_YEAR * (0.99_f64.powf(-0.8) - 1.0).ln();
        assert!((days - expected).abs() <= 1.0, "{days} and {expected}");
        assert!(recovery(answering.clone()) < 0.9 * days);
        // What was foretold comes.
        for terms in all_terms() {
            let mut market = Market::new(terms);
            let flood = market.flood(0, 400_000);
            let before = market.price_credits_per_kg(0);
            let _ = market.sell(0, 400_000);
            assert_eq!(market.price_credits_per_kg(0), flood.after_credits_per_kg);
            let days = flood.recovery_days.expect("it passes") as u64;
            market.advance_to((days - 1) * MS_PER_DAY);
            assert!(market.price_credits_per_kg((days - 1) * MS_PER_DAY) < 0.99 * before);
            market.advance_to(days * MS_PER_DAY);
            assert!(0.99 * before <= market.price_credits_per_kg(days * MS_PER_DAY));
        }
    }

    #[test]
    fn demand_grows_as_it_is_served_and_stays_bounded() {
        let [_, _, growing] = all_terms();
        let growth = growing.growth.unwrap();
        assert_eq!(growth.demand(0.0), 1.0);
        // Logistic: the slope is r φ (1 − φ/B).
        for years in [0.0, 1.0, 4.0, 9.0] {
            let slope = (growth.demand(years + 1e-6) - growth.demand(years - 1e-6)) / 2e-6;
            let demand = growth.demand(years);
            let expected = growth.rate * demand * (1.0 - demand / growth.bound);
            assert!((slope - expected).abs() < 1e-6, "{slope} and {expected}");
        }
        let mut last = 400.0;
        for years in 1..8 {
            let (market, _) = supplied(growing.clone(), 1_600.0, years);
            let demand = market.demand_kg_per_year();
            assert!(last < demand && demand <= 4_000.0, "{demand}");
            last = demand;
        }
        assert!(3_900.0 < last, "{last}");
        // Where nobody delivers nothing grows.
        let mut idle = Market::new(growing);
        idle.advance_to(20 * YEAR_MS);
        assert_eq!(idle.demand_kg_per_year(), 400.0);
    }

    #[test]
    fn nobody_pays_more_than_the_ceiling() {
        let market = Market::new(MarketTerms {
            ceiling_credits_per_kg: 500.0,
            ..terms()
        });
        assert_eq!(market.quote(0, 1_000).proceeds_ucr, 500_000_000);
        assert_eq!(market.quote(0, 0).proceeds_ucr, 0);
        assert_eq!(market.price_credits_per_kg(0), 500.0);
    }

    #[test]
    fn the_history_stays_small_and_sums_to_what_was_sold() {
        for (mut market, points) in [
            (Market::new(terms()), HISTORY_MAX),
            (Market::aside(terms()), SIDE_HISTORY_MAX),
        ] {
            let mut now_ms = 5_000;
            market.advance_to(now_ms);
            for _ in 0..2_000 {
                let _ = market.sell(now_ms, 1_000);
                now_ms += 10_000_000;
                market.advance_to(now_ms);
            }
            market.advance_to(u64::MAX);
            let history = market.history();
            assert!(history.len() <= points);
            assert!(history.is_sorted_by_key(|point| point.at_ms));
            let sold_g: i64 = history.iter().map(|point| point.sold_g).sum();
            assert_eq!(sold_g, 2_000_000);
            assert_eq!(market.sold_g(), 2_000_000);
            assert!(market.price_credits_per_kg(u64::MAX).is_finite());
        }
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
        let wrong = MarketTerms {
            growth: Some(Growth {
                bound: 0.5,
                rate: 1.0,
                lag_days: 1.0,
            }),
            ..terms()
        };
        assert_eq!(wrong.check().unwrap_err().0, "growth.bound");
        assert_eq!(terms().check(), Ok(()));
    }

    proptest! {
        #[test]
        fn how_time_is_cut_into_ticks_leaves_no_trace(
            spans in prop::collection::vec((0..2_000_000_000_u64, 0.0..1.0_f64, 0..50_000_i64), 1..20)
        ) {
            for terms in all_terms() {
                let mut whole = Market::new(terms.clone());
                let mut cut = Market::new(terms);
                let mut now_ms = 0;
                for &(span_ms, share, lot_g) in &spans {
                    cut.advance_to(now_ms + (span_ms as f64 * share) as u64);
                    now_ms += span_ms;
                    whole.advance_to(now_ms);
                    cut.advance_to(now_ms);
                    prop_assert_eq!(whole.sell(now_ms, lot_g), cut.sell(now_ms, lot_g));
                }
                prop_assert_eq!(whole.pressure, cut.pressure);
                prop_assert_eq!(whole.history(), cut.history());
            }
        }

        #[test]
        fn nobody_earns_by_buying_and_selling_at_once(
            overhang_g in 0..300_000_i64,
            lots in prop::collection::vec(1..60_000_i64, 1..8),
        ) {
            for terms in all_terms() {
                let mut market = Market::new(terms);
                let _ = market.sell(0, overhang_g);
                let before = market.price_credits_per_kg(0);
                let (mut cost, mut proceeds, mut had_g) = (0, 0, 0);
                for &lot_g in &lots {
                    if let Some(bought) = market.buy(0, lot_g) {
                        prop_assert!(before <= bought.unit_price_credits_per_kg());
                        cost += bought.proceeds_ucr;
                        had_g += lot_g;
                    }
                }
                for &lot_g in &lots {
                    let lot_g = lot_g.min(had_g);
                    had_g -= lot_g;
                    proceeds += market.sell(0, lot_g).proceeds_ucr;
                }
                prop_assert!(proceeds <= cost);
                prop_assert!(had_g == 0);
            }
        }

        #[test]
        fn rounding_never_favours_the_seller(mass_g in 0..1_000_000_000_i64, overhang_g in 0..1_000_000_000_i64) {
            let mut market = Market::new(terms());
            let _ = market.sell(0, overhang_g);
            let quote = market.quote(0, mass_g);
            let kg = mass_g as f64 * 1e-3;
            let after_kg = market.overhang_kg(0) + kg;
            let exact_ucr = market.pressure.price_with_kg(&market.terms, after_kg) * 1e6 * kg;
            prop_assert!(0 <= quote.proceeds_ucr);
            prop_assert!(quote.proceeds_ucr as f64 <= exact_ucr * (1.0 + 1e-15));
            prop_assert!(exact_ucr - (quote.proceeds_ucr as f64) < kg + 1.0 + exact_ucr * 1e-15);
        }
    }
}
