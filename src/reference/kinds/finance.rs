//! What ventures are worth, what markets bear, and what royalties pay.

use serde_json::Value;

use super::super::input::{Input, Malformed, Range, number_in};
use super::Computed;
use crate::sim::economy::finance::{self, FundRule, FundYear, RoyaltySteps};

use Range::{AboveMinusOne, Any, Negative, NotNegative, Positive, Share};

/// What the fields of a revenue that comes once begin with, before the number of its year.
const REVENUE_AT_YEAR: &str = "revenue_at_year";
/// More units than anyone will ever build.
const UNITS_MAX: f64 = 1e15;

pub(super) fn revenue_ceiling(input: &Input) -> Result<Computed, Malformed> {
    let elasticity = input.number("demand_elasticity", Negative)?;
    let mut computed = Computed::default();
    match finance::revenue_ceiling(elasticity) {
        Some(ceiling) => {
            computed.number("best_added_fraction_of_world", ceiling.added_share);
            computed.number(
                "max_revenue_fraction_of_world_market",
                ceiling.revenue_share,
            );
        }
        None => {
            computed.put("best_added_fraction_of_world", Value::Null);
            computed.put("max_revenue_fraction_of_world_market", Value::Null);
            computed.remark("revenue has no maximum where demand is elastic".into());
        }
    }
    Ok(computed)
}

pub(super) fn supply_response(input: &Input) -> Result<Computed, Malformed> {
    let found = finance::supply_response(
        input.number("demand_elasticity", Negative)?,
        input.number("supply_elasticity", NotNegative)?,
        input.number("added_fraction", Any)?,
    );
    let mut computed = Computed::default();
    match found {
        Some(found) => {
            computed.number("price_ratio", found.price_ratio);
            computed.number("terrestrial_supply_ratio", found.supply_ratio);
            computed.number("demand_ratio", found.demand_ratio);
        }
        None => {
            for key in ["price_ratio", "terrestrial_supply_ratio", "demand_ratio"] {
                computed.put(key, Value::Null);
            }
            computed.remark("no price balances so much withdrawn".into());
        }
    }
    Ok(computed)
}

pub(super) fn npv(input: &Input) -> Result<Computed, Malformed> {
    let rate = input.number("discount_rate", AboveMinusOne)?;
    let flow = by_year(input, "cash_flow_by_year")?;
    let mut computed = Computed::from([("npv", finance::npv(rate, &flow))]);
    match finance::irr(&flow) {
        Some(irr) => computed.number("irr", irr),
        None => {
            computed.put("irr", Value::Null);
            computed.remark("no rate of return makes the flow worth nothing".into());
        }
    }
    let rates = finance::internal_rates(&flow);
    if 1 < rates.len() {
        computed.remark(format!(
            "of the {} rates of return {rates:?} irr is the one nearest to zero",
            rates.len()
        ));
    }
    Ok(computed)
}

pub(super) fn expected_npv(input: &Input) -> Result<Computed, Malformed> {
    let mut revenues = Vec::new();
    for field in input.map.keys() {
        if let Some(year) = field.strip_prefix(REVENUE_AT_YEAR) {
            let year = year.parse().map_err(|_| Malformed {
                field: field.clone(),
                fault: "must end in the number of a year, such as 4".into(),
            })?;
            revenues.push((year, input.number(field, Any)?));
        }
    }
    if revenues.is_empty() {
        return Err(Malformed {
            field: format!("{REVENUE_AT_YEAR}N"),
            fault: "is missing and must be a number, N being the year of the revenue".into(),
        });
    }
    Ok(Computed::from([(
        "expected_npv",
        finance::expected_npv(
            input.number("discount_rate", AboveMinusOne)?,
            input.number("success_probability", Share)?,
            &by_year(input, "cost_flow")?,
            &revenues,
        ),
    )]))
}

pub(super) fn learning(input: &Input) -> Result<Computed, Malformed> {
    let first = input.number("first_unit_cost", Any)?;
    let rate = input.number("learning_rate", Positive)?;
    let unit = input.number("unit_number", Positive)?;
    if unit.fract() != 0.0 || UNITS_MAX < unit {
        return Err(Malformed {
            field: "unit_number".into(),
            fault: format!("= {unit} must be a whole number from 1 to {UNITS_MAX:e}"),
        });
    }
    let unit = unit as u64;
    Ok(Computed::from([
        ("unit_cost", finance::learned_unit_cost(first, rate, unit)),
        (
            "cumulative_average_to_n",
            finance::learned_average_cost(first, rate, unit),
        ),
    ]))
}

pub(super) fn cost_per_kg(input: &Input) -> Result<Computed, Malformed> {
    let cost_usd = input.number("mission_cost_usd", NotNegative)?;
    let returned_kg = input.number("returned_kg", Positive)?;
    Ok(Computed::from([("usd_per_kg", cost_usd / returned_kg)]))
}

pub(super) fn royalty_fund(input: &Input) -> Result<Computed, Malformed> {
    let rate = input.number("royalty_rate", Share)?;
    let rule = FundRule {
        share_to_fund: input.number("share_to_fund", Share)?,
        share_paid_at_once: input.number("share_paid_at_once", Share)?,
        real_return: input.number("fund_real_return", AboveMinusOne)?,
        payout_fraction: input.number("payout_fraction_of_fund", Share)?,
    };
    let royalties: Vec<f64> = by_year(input, "revenue_by_year")?
        .into_iter()
        .map(|revenue| rate * revenue)
        .collect();
    let years = rule.years(royalties.iter().copied());
    let payouts: Vec<f64> = years.iter().map(FundYear::payout).collect();
    let mut computed = Computed::default();
    computed.numbers("payout_by_year", &payouts);
    computed.number("fund_end", years.last().map_or(0.0, |year| year.fund));
    computed.number("royalty_total", royalties.iter().sum());
    Ok(computed)
}

pub(super) fn royalty_steps(input: &Input) -> Result<Computed, Malformed> {
    let steps = RoyaltySteps {
        first_rate: input.number("rate_first_period", Share)?,
        second_rate: input.number("rate_second_period", Share)?,
        switch_after_years: input.number("switch_after_years", NotNegative)?,
    };
    let royalties: Vec<f64> = (0..)
        .map(f64::from)
        .zip(by_year(input, "revenue_by_year")?)
        .map(|(year, revenue): (f64, f64)| steps.rate(year) * revenue)
        .collect();
    let mut computed = Computed::default();
    computed.numbers("royalty_by_year", &royalties);
    computed.number("total", royalties.iter().sum());
    Ok(computed)
}

pub(super) fn ore(input: &Input) -> Result<Computed, Malformed> {
    let or_zero = |field: &str, range| {
        if input.has(field) {
            input.number(field, range)
        } else {
            Ok(0.0)
        }
    };
    let mass_kg = finance::body_mass_kg(
        input.number("diameter_m", Positive)?,
        input.number("density_kg_m3", Positive)?,
        or_zero("macroporosity", Share)?,
    );
    let mut computed = Computed::from([("mass_kg", mass_kg)]);
    // Whatever is given in parts per million is weighed, and priced where there is a price.
    for field in input.map.keys() {
        let Some(good) = field.strip_suffix("_ppm") else {
            continue;
        };
        let content_kg = finance::content_kg(mass_kg, input.number(field, NotNegative)?);
        computed.number(&format!("{good}_kg"), content_kg);
        let price = format!("{good}_price_usd_kg");
        if input.has(&price) {
            let value_usd = content_kg * input.number(&price, NotNegative)?;
            computed.number(&format!("{good}_value_spot_usd"), value_usd);
        }
    }
    Ok(computed)
}

/// A number for each year, at least one.
fn by_year(input: &Input, field: &str) -> Result<Vec<f64>, Malformed> {
    let numbers = input.list(field, Any.as_str(), |each| number_in(each, Any))?;
    if numbers.is_empty() {
        return Err(Malformed {
            field: field.into(),
            fault: "is empty and must hold a number for each year".into(),
        });
    }
    Ok(numbers)
}
