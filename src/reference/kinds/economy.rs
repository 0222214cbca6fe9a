//! Markets, order books and how unequal things are.

use serde_json::{Value, json};

use super::super::input::{Input, Malformed, Range, number_in};
use super::Computed;
use crate::sim::economy::auction::{LimitOrder, OrderBook, Side, Waiting, call_auction};
use crate::sim::economy::figures::{gini, richest_tenth_share};
use crate::sim::economy::price::price_impact;

use Range::{Any, Negative, NotNegative, Positive};

/// Prices are turned into whole millionths, as in the ledger.
const MICRO: f64 = 1e6;

pub(super) fn auction(input: &Input) -> Result<Computed, Malformed> {
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

pub(super) fn order_book(input: &Input) -> Result<Computed, Malformed> {
    let orders = input.list(
        "orders_side_limit_qty_owner",
        "\"buy\" or \"sell\", a price or null, a whole number of lots and an owner's name",
        |order| {
            let [side, limit, quantity, owner] = order.as_array()?.as_slice() else {
                return None;
            };
            let side = match side.as_str()? {
                "buy" => Side::Buy,
                "sell" => Side::Sell,
                _ => return None,
            };
            let limit = match limit {
                Value::Null => None,
                limit => Some(micro(limit)?),
            };
            Some((side, limit, quantity.as_u64()?, owner.as_str()?.to_owned()))
        },
    )?;
    let mut book = OrderBook::default();
    let mut matches = Vec::new();
    for (id, (side, limit, quantity, _)) in (0..).zip(&orders) {
        book.submit(*side, *limit, id, *quantity, &mut matches);
    }
    let owner = |id: u64| &orders[id as usize].3;
    let trades: Vec<Value> = matches
        .iter()
        .map(|trade| {
            json!({
                "price": from_micro(trade.price.into()),
                "qty": trade.quantity,
                "buyer": owner(trade.bid),
                "seller": owner(trade.ask),
            })
        })
        .collect();
    let left = |(price, order): (i64, Waiting)| {
        json!([from_micro(price.into()), order.quantity, owner(order.id)])
    };
    let mut computed = Computed::default();
    computed.put("trades", Value::Array(trades));
    computed.put("bids_left", book.bids().map(left).collect());
    computed.put("asks_left", book.asks().map(left).collect());
    Ok(computed)
}

pub(super) fn impact(input: &Input) -> Result<Computed, Malformed> {
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

pub(super) fn inequality(input: &Input) -> Result<Computed, Malformed> {
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
