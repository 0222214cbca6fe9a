//! Price under constant-elasticity demand: what a flood of a good does to its own price.

use serde::Serialize;

/// Price after `added` is supplied on top of `supplied` per year, in the unit of `price`.
///
/// P = P₀ ((Q + q)/Q)^(1/ε), with `elasticity` ε = d ln Q / d ln P below zero and all other supply
/// unchanged. Amounts are in one unit of the caller's choice. Source: definition of constant
/// elasticity, as in the header of `commodities.csv`.
pub fn price_after(price: f64, supplied: f64, added: f64, elasticity: f64) -> f64 {
    price * ((supplied + added) / supplied).powf(elasticity.recip())
}

/// What selling a lot does to the price and what it brings.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct PriceImpact {
    pub new_price: f64,
    /// The whole lot at the price after it.
    pub revenue: f64,
    /// The whole lot at the price before it, which no seller gets.
    pub revenue_at_old_price: f64,
    /// Revenue over revenue at the old price, which does not depend on the price.
    pub realised_fraction: f64,
}

/// The effect of a lot `added` on a market that takes `supplied` per year at `price`.
pub fn price_impact(price: f64, supplied: f64, added: f64, elasticity: f64) -> PriceImpact {
    let new_price = price_after(price, supplied, added, elasticity);
    PriceImpact {
        new_price,
        revenue: new_price * added,
        revenue_at_old_price: price * added,
        realised_fraction: price_after(1.0, supplied, added, elasticity),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ten_tonnes_of_platinum_cost_their_seller_a_tenth() {
        let impact = price_impact(30_700.0, 170_000.0, 10_000.0, -0.5);
        assert!((impact.new_price - 27_383.641_975_308_6).abs() < 1e-9);
        assert!((impact.realised_fraction - 0.891_975_308_641_975).abs() < 1e-14);
        assert!(
            (impact.revenue / impact.revenue_at_old_price - impact.realised_fraction).abs() < 1e-14
        );
    }

    #[test]
    fn under_inelastic_demand_a_larger_lot_brings_less() {
        let revenue = |added| price_impact(1.0, 1.0, added, -0.3).revenue;
        assert!(revenue(2.0) < revenue(0.5));
    }
}
