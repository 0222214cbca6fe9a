//! Finance by formula: what a venture is worth, what a market can bear, what a fund pays out.
//!
//! Plain functions of numbers, for markets, charters, brains and `bonanza reference` alike. What
//! a lot does to the price of the moment stands in [`price`](super::price); accounts are the
//! [`ledger`](super::ledger)'s business.

use std::f64::consts::PI;

/// The most that anyone can earn by adding to the supply of a good.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RevenueCeiling {
    /// Supply to add for it, over today's.
    pub added_share: f64,
    /// Revenue of a year, over the value of today's market at today's price.
    pub revenue_share: f64,
}

/// The greatest revenue q P(q) under P = P₀ ((Q + q)/Q)^(1/ε), at q/Q = −1/(1 + 1/ε).
///
/// None where demand is elastic, −1 < ε does not hold: there revenue grows with whatever is added.
/// At ε = −1 it nears, and never reaches, the value of today's market. `demand_elasticity` is below
/// zero. Source: calculus; Elvis (2014), Planetary and Space Science 91, for the argument.
pub fn revenue_ceiling(demand_elasticity: f64) -> Option<RevenueCeiling> {
    if demand_elasticity <= -1.0 {
        return None;
    }
    let inverse = demand_elasticity.recip();
    let added_share = -(1.0 + inverse).recip();
    Some(RevenueCeiling {
        added_share,
        revenue_share: added_share * (1.0 + added_share).powf(inverse),
    })
}

/// A market after supply from elsewhere has come and those who were there have answered.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SupplyResponse {
    /// Price over the price before.
    pub price_ratio: f64,
    /// What those who were there before still supply, over what they did.
    pub supply_ratio: f64,
    /// What is bought, over what was.
    pub demand_ratio: f64,
}

/// The balance x^ε_d = x^ε_s + q/Q of constant-elasticity demand and supply, for the price ratio x.
///
/// `demand_elasticity` is below zero, `supply_elasticity` at least zero; with zero, mines go on as
/// before and the price is that of [`price_after`](super::price::price_after). `added_share` is
/// q/Q, negative where supply is withdrawn. None if more is withdrawn than the market could do
/// without at any price. Source: definition of constant elasticity.
pub fn supply_response(
    demand_elasticity: f64,
    supply_elasticity: f64,
    added_share: f64,
) -> Option<SupplyResponse> {
    // In y = ln x the excess demand falls all the way, so that there is one root.
    let excess =
        |y: f64| (demand_elasticity * y).exp_m1() - (supply_elasticity * y).exp_m1() - added_share;
    if supply_elasticity == 0.0 && added_share <= -1.0 {
        return None;
    }
    let y = falling_root(excess, 0.0)?;
    Some(SupplyResponse {
        price_ratio: y.exp(),
        supply_ratio: (supply_elasticity * y).exp(),
        demand_ratio: (demand_elasticity * y).exp(),
    })
}

/// The root of a falling function, looked for from `start` on outwards; None beyond ±700, where
/// exponentials end.
fn falling_root(f: impl Fn(f64) -> f64, start: f64) -> Option<f64> {
    const END: f64 = 700.0;
    let (mut low, mut high) = (start, start);
    let mut step = 1e-3;
    while f(low) < 0.0 {
        low -= step;
        step *= 2.0;
        if low < -END {
            return None;
        }
    }
    step = 1e-3;
    while 0.0 < f(high) {
        high += step;
        step *= 2.0;
        if END < high {
            return None;
        }
    }
    Some(bisect(f, low, high))
}

/// A root between two places where `f` has different signs, or is zero, to the last bit.
fn bisect(f: impl Fn(f64) -> f64, mut low: f64, mut high: f64) -> f64 {
    let rises = f(low) < f(high);
    loop {
        let middle = 0.5 * (low + high);
        if middle <= low || high <= middle {
            return middle;
        }
        let value = f(middle);
        if value == 0.0 {
            return middle;
        }
        if (value < 0.0) == rises {
            low = middle;
        } else {
            high = middle;
        }
    }
}

/// Net present value Σ c_t/(1 + r)^t of what comes in less what goes out in year t, from t = 0.
///
/// `discount_rate` is above −1.
pub fn npv(discount_rate: f64, flow_by_year: &[f64]) -> f64 {
    let factor = 1.0 + discount_rate;
    // Horner, from the last year back.
    flow_by_year
        .iter()
        .rfold(0.0, |later, each| each + later / factor)
}

/// All internal rates of return: the discount rates at which the net present value is zero,
/// ascending, between −99.9 % and 100,000 % a year.
///
/// A flow that changes its sign once has at most one; one that changes it more often may have
/// several, or none. A flow of zeros has none that means anything.
pub fn internal_rates(flow_by_year: &[f64]) -> Vec<f64> {
    let mut rates = Vec::new();
    if flow_by_year.iter().all(|&each| each == 0.0) {
        return rates;
    }
    // In s = ln(1 + r), and with the middle of the time as its origin, so that neither end drowns
    // the other.
    let middle = 0.5 * (flow_by_year.len() as f64 - 1.0);
    let value = |s: f64| -> f64 {
        (0..)
            .map(f64::from)
            .zip(flow_by_year)
            .map(|(year, each): (f64, &f64)| each * (-(year - middle) * s).exp())
            .sum()
    };
    let (first, last): (f64, f64) = (1e-3_f64.ln(), 1001_f64.ln());
    const STEPS: u32 = 8192;
    let at = |k: u32| first + (last - first) * f64::from(k) / f64::from(STEPS);
    let mut before = (first, value(first));
    for k in 1..=STEPS {
        let here = (at(k), value(at(k)));
        if before.1 == 0.0 {
            rates.push(before.0.exp_m1());
        } else if before.1 * here.1 < 0.0 {
            rates.push(bisect(value, before.0, here.0).exp_m1());
        }
        before = here;
    }
    rates
}

/// The internal rate of return; of several the one nearest to zero.
pub fn irr(flow_by_year: &[f64]) -> Option<f64> {
    internal_rates(flow_by_year)
        .into_iter()
        .min_by(|a, b| a.abs().total_cmp(&b.abs()))
}

/// Expectation of the net present value: the costs are certain, revenues come with a probability.
///
/// `costs_by_year` are as booked, below zero, from year 0; `revenues` are pairs of a year and an
/// amount. Source: Sonter (1997), Acta Astronautica 41.
pub fn expected_npv(
    discount_rate: f64,
    success_probability: f64,
    costs_by_year: &[f64],
    revenues: &[(u32, f64)],
) -> f64 {
    let expected: f64 = revenues
        .iter()
        .map(|&(year, amount)| amount / (1.0 + discount_rate).powf(year.into()))
        .sum();
    npv(discount_rate, costs_by_year) + success_probability * expected
}

/// Cost of the n-th unit, C₁ n^log₂(rate): each doubling of the number multiplies it by the rate.
///
/// Source: Wright (1936), Journal of the Aeronautical Sciences 3.
pub fn learned_unit_cost(first_unit_cost: f64, learning_rate: f64, unit_number: u64) -> f64 {
    first_unit_cost * (unit_number as f64).powf(learning_rate.log2())
}

/// Mean cost of the first n units, by the sum over [`learned_unit_cost`]; 1 ≤ `unit_number`.
pub fn learned_average_cost(first_unit_cost: f64, learning_rate: f64, unit_number: u64) -> f64 {
    /// So many units are summed one by one, the rest by Euler and Maclaurin's formula, whose next
    /// term is then below 1e-16 of the sum.
    const SUMMED: u64 = 10_000;
    let exponent = learning_rate.log2();
    let power = |x: f64| x.powf(exponent);
    let counted = unit_number.min(SUMMED);
    let mut sum: f64 = (1..=counted).rev().map(|k| power(k as f64)).sum();
    if SUMMED < unit_number {
        let (from, to) = (SUMMED as f64, unit_number as f64);
        let integral = if (exponent + 1.0).abs() < 1e-12 {
            (to / from).ln()
        } else {
            (to.powf(exponent + 1.0) - from.powf(exponent + 1.0)) / (exponent + 1.0)
        };
        sum += integral
            + 0.5 * (power(to) - power(from))
            + exponent / 12.0 * (to.powf(exponent - 1.0) - from.powf(exponent - 1.0));
    }
    first_unit_cost * sum / unit_number as f64
}

/// A royalty whose rate changes once.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RoyaltySteps {
    pub first_rate: f64,
    pub second_rate: f64,
    /// Years, counted from the first revenue's year 0, for which the first rate holds.
    pub switch_after_years: f64,
}

impl RoyaltySteps {
    /// Share of the revenue of a year, counted from 0, that is due.
    pub fn rate(&self, year: f64) -> f64 {
        if year < self.switch_after_years {
            self.first_rate
        } else {
            self.second_rate
        }
    }
}

/// How royalties become payments: at once, or through a fund that earns and pays out for ever.
///
/// The rule of the Alaska Permanent Fund in shape: a share of the royalties is invested, and a
/// fraction of the fund is paid out each year.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct FundRule {
    /// Shares of the royalties, 0 to 1, together at most 1.
    pub share_to_fund: f64,
    pub share_paid_at_once: f64,
    /// Earned by the fund in a year.
    pub real_return: f64,
    /// Of the fund, paid out in a year.
    pub payout_fraction: f64,
}

/// What a year makes of a fund.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct FundYear {
    /// What the fund has earned.
    pub earned: f64,
    /// What it has received of the royalties.
    pub received: f64,
    /// Paid to those who are to have it: out of the fund, and of the royalties at once.
    pub paid_from_fund: f64,
    pub paid_at_once: f64,
    /// In the fund at the end.
    pub fund: f64,
}

impl FundYear {
    pub fn payout(&self) -> f64 {
        self.paid_from_fund + self.paid_at_once
    }
}

impl FundRule {
    /// One year: the fund earns its return, receives its share of the royalties, then pays out its
    /// fraction; the rest of the royalties that is due at once is paid in the same year.
    pub fn year(&self, fund: f64, royalty: f64) -> FundYear {
        let earned = fund * self.real_return;
        let received = royalty * self.share_to_fund;
        let full = fund + earned + received;
        let paid_from_fund = full * self.payout_fraction;
        FundYear {
            earned,
            received,
            paid_from_fund,
            paid_at_once: royalty * self.share_paid_at_once,
            fund: full - paid_from_fund,
        }
    }

    /// Year after year from an empty fund.
    pub fn years(&self, royalty_by_year: impl IntoIterator<Item = f64>) -> Vec<FundYear> {
        royalty_by_year
            .into_iter()
            .scan(0.0, |fund, royalty| {
                let year = self.year(*fund, royalty);
                *fund = year.fund;
                Some(year)
            })
            .collect()
    }
}

/// Mass of a spherical body with voids between its blocks [kg].
///
/// `grain_density_kg_m3` is that of the rock, `macroporosity` the share of the volume that is void.
pub fn body_mass_kg(diameter_m: f64, grain_density_kg_m3: f64, macroporosity: f64) -> f64 {
    PI / 6.0 * diameter_m.powi(3) * grain_density_kg_m3 * (1.0 - macroporosity)
}

/// Mass of a constituent of so many parts in a million of a rock [kg].
pub fn content_kg(rock_kg: f64, ppm: f64) -> f64 {
    rock_kg * ppm * 1e-6
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::price::price_after;
    use super::*;

    #[test]
    fn elastic_demand_has_no_ceiling() {
        assert_eq!(revenue_ceiling(-1.0), None);
        assert_eq!(revenue_ceiling(-1.5), None);
        let ceiling = revenue_ceiling(-0.5).unwrap();
        assert_eq!((ceiling.added_share, ceiling.revenue_share), (1.0, 0.25));
    }

    #[test]
    fn a_flow_may_have_no_rate_or_several() {
        assert_eq!(irr(&[-100.0, -10.0]), None);
        assert_eq!(irr(&[0.0, 0.0]), None);
        assert!((irr(&[-100.0, 110.0]).unwrap() - 0.1).abs() < 1e-14);
        // (1.1/(1+r) − 1)(1.3/(1+r) − 1), times −100.
        let rates = internal_rates(&[-100.0, 240.0, -143.0]);
        assert_eq!(rates.len(), 2, "{rates:?}");
        assert!((rates[0] - 0.1).abs() < 1e-10 && (rates[1] - 0.3).abs() < 1e-10);
        assert!((irr(&[-100.0, 50.0]).unwrap() + 0.5).abs() < 1e-14);
    }

    #[test]
    fn long_learning_is_summed_as_short() {
        for rate in [0.5, 0.85, 0.95, 1.0] {
            let exponent = f64::log2(rate);
            let all: f64 = (1..=40_000_u32).map(|k| f64::from(k).powf(exponent)).sum();
            let mean = learned_average_cost(3.0, rate, 40_000);
            assert!((mean / (3.0 * all / 4e4) - 1.0).abs() < 1e-12, "{rate}");
        }
    }

    proptest! {
        #[test]
        fn no_lot_earns_more_than_the_ceiling(elasticity in -0.95..-0.05_f64, lot in 1e-3..1e3_f64) {
            let ceiling = revenue_ceiling(elasticity).unwrap();
            let revenue = lot * price_after(1.0, 1.0, lot, elasticity);
            prop_assert!(revenue <= ceiling.revenue_share * (1.0 + 1e-12));
        }

        #[test]
        fn supply_and_demand_balance_at_the_price_found(
            demand in -3.0..-0.05_f64,
            supply in 0.0..3.0_f64,
            added in -0.5..20.0_f64,
        ) {
            let found = supply_response(demand, supply, added).unwrap();
            prop_assert!((found.demand_ratio - found.supply_ratio - added).abs() < 1e-9 * found.demand_ratio.max(1.0));
            prop_assert!((found.price_ratio.powf(demand) / found.demand_ratio - 1.0).abs() < 1e-9);
            // Mines that cut back hold the price up.
            let rigid = price_after(1.0, 1.0, added, demand);
            prop_assert!((found.price_ratio - 1.0).abs() <= (rigid - 1.0).abs() * (1.0 + 1e-9) + 1e-12);
            let stiff = supply_response(demand, 0.0, added).unwrap();
            prop_assert!((stiff.price_ratio / rigid - 1.0).abs() < 1e-9);
        }

        #[test]
        fn a_flow_is_worth_nothing_at_its_own_rate(
            costs in prop::collection::vec(1.0..1e3_f64, 1..6),
            gains in prop::collection::vec(10.0..1e3_f64, 1..12),
        ) {
            let flow: Vec<f64> = costs.iter().map(|cost| -cost).chain(gains).collect();
            let rates = internal_rates(&flow);
            prop_assert_eq!(rates.len(), 1, "one change of sign has one rate");
            let scale: f64 = flow.iter().map(|each| each.abs()).sum();
            prop_assert!(npv(rates[0], &flow).abs() < 1e-9 * scale * (1.0 + rates[0]).powi(-17).max(1.0));
        }

        #[test]
        fn a_doubling_costs_the_rate(first in 1.0..1e6_f64, rate in 0.5..1.0_f64, n in 1..100_000_u64) {
            let ratio = learned_unit_cost(first, rate, 2 * n) / learned_unit_cost(first, rate, n);
            prop_assert!((ratio / rate - 1.0).abs() < 1e-9);
            prop_assert!(learned_unit_cost(first, rate, n) <= learned_average_cost(first, rate, n) * (1.0 + 1e-12));
        }

        #[test]
        fn a_fund_pays_no_more_than_it_got(
            royalties in prop::collection::vec(0.0..1e3_f64, 1..30),
            to_fund in 0.0..1.0_f64,
            real_return in 0.0..0.2_f64,
            payout_fraction in 0.0..1.0_f64,
        ) {
            let rule = FundRule {
                share_to_fund: to_fund,
                share_paid_at_once: 1.0 - to_fund,
                real_return,
                payout_fraction,
            };
            let years = rule.years(royalties.iter().copied());
            let got: f64 = royalties.iter().sum::<f64>() + years.iter().map(|year| year.earned).sum::<f64>();
            let paid: f64 = years.iter().map(FundYear::payout).sum();
            let left = years.last().unwrap().fund;
            prop_assert!((got - paid - left).abs() < 1e-9 * got.max(1.0));
        }
    }
}
