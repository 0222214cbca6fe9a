//! `bonanza bench economy`: orders matched, and what trade costs by the number of prospectors.
//!
//! One thread; medians over batches, in time that the processor gave to it. The orders are drawn
//! beforehand, so that drawing them does not count.

use serde::Serialize;

use super::super::{Failure, print_json, print_text, summary::thousands};
use super::Stopwatch;
use crate::sim::economy::auction::{OrderBook, Side};
use crate::sim::economy::commerce::{Commerce, HOUR_MS, RunningCosts};
use crate::sim::economy::exchange::{Listing, Wish};
use crate::sim::economy::fleet::Fleet;
use crate::sim::economy::labour::LabourTerms;
use crate::sim::economy::ledger::{AccountKind, Good, Ledger, Memo, Unit};
use crate::sim::economy::stores::Place;
use crate::sim::random::{self, uniform};

/// Batches of which the median counts.
const BATCHES: usize = 5;
/// Orders of one batch, and between two calls of a book.
const ORDERS: usize = 400_000;
const CALL_EVERY: usize = 4_096;
/// Prices lie about this one, within a tenth of it: half of the orders find somebody.
const PRICE: i64 = 1_000_000;
/// Crowds of prospectors, the hours that they trade, and the orders of each in an hour.
const CROWDS: [u32; 3] = [8, 64, 512];
const HOURS: u64 = 64;
const ORDERS_AN_HOUR: u32 = 4;

#[derive(Debug, Serialize)]
struct Figures {
    /// Orders that a book takes and matches in call auctions, on one core [1/s].
    orders_per_s: f64,
    /// Orders that a book takes and matches one by one [1/s].
    continuous_orders_per_s: f64,
    /// Orders through the whole exchange, with their escrow and all bookings [1/s].
    exchange_orders_per_s: f64,
    /// Lots matched per order, so that it is seen that orders do trade.
    filled_share: f64,
    crowds: Vec<Crowd>,
    /// Cost per prospector at the largest crowd over that at the smallest.
    growth: f64,
    release_build: bool,
}

#[derive(Clone, Copy, Debug, Serialize)]
struct Crowd {
    prospectors: u32,
    /// Of an hour of trade: its orders, its part of the auction and of all that falls due [µs].
    cost_per_prospector_us: f64,
}

/// An order of the bench: side, price, lots.
type Draw = (Side, i64, u64);

pub fn bench(json: bool) -> Result<(), Failure> {
    let draws = draws(ORDERS);
    let wanted: u64 = draws.iter().map(|draw| draw.2).sum();
    let mut filled = 0;
    let calls_s = median_s(|| filled = call_auctions(&draws));
    let continuous_s = median_s(|| {
        one_by_one(&draws);
    });
    let crowds: Vec<Crowd> = CROWDS.map(|count| crowd(count, &draws)).to_vec();
    let per_order_us = crowds[CROWDS.len() - 1].cost_per_prospector_us / f64::from(ORDERS_AN_HOUR);
    let figures = Figures {
        orders_per_s: ORDERS as f64 / calls_s,
        continuous_orders_per_s: ORDERS as f64 / continuous_s,
        exchange_orders_per_s: 1e6 / per_order_us,
        filled_share: 2.0 * filled as f64 / wanted as f64,
        growth: crowds[CROWDS.len() - 1].cost_per_prospector_us / crowds[0].cost_per_prospector_us,
        crowds,
        release_build: !cfg!(debug_assertions),
    };
    if json {
        return print_json(&figures);
    }
    let mut text = format!(
        "call auctions     {:>12} orders/s\n\
         one by one        {:>12} orders/s\n\
         whole exchange    {:>12} orders/s\n",
        thousands(figures.orders_per_s),
        thousands(figures.continuous_orders_per_s),
        thousands(figures.exchange_orders_per_s),
    );
    for crowd in &figures.crowds {
        text += &format!(
            "{:>3} prospectors   {:>12.3} µs an hour and prospector\n",
            crowd.prospectors, crowd.cost_per_prospector_us
        );
    }
    if !figures.release_build {
        text += "This is a build for development; a release build is several times faster.\n";
    }
    print_text(&text);
    Ok(())
}

fn draws(count: usize) -> Vec<Draw> {
    let mut chance = random::stream(1, "bench economy");
    (0..count)
        .map(|_| {
            let side = if uniform(&mut chance) < 0.5 {
                Side::Buy
            } else {
                Side::Sell
            };
            let price = PRICE as f64 * (0.9 + 0.2 * uniform(&mut chance));
            let lots = 1.0 + 100.0 * uniform(&mut chance);
            (side, price as i64, lots as u64)
        })
        .collect()
}

/// The median over some batches of the time that something takes [s].
fn median_s(mut run: impl FnMut()) -> f64 {
    let mut times: Vec<f64> = (0..BATCHES)
        .map(|_| {
            let watch = Stopwatch::start();
            run();
            watch.spent_s()
        })
        .collect();
    times.sort_by(f64::total_cmp);
    times[BATCHES / 2].max(1e-9)
}

/// Lots that were matched.
fn call_auctions(draws: &[Draw]) -> u64 {
    let mut filled = 0;
    let mut matches = Vec::new();
    for (batch, orders) in draws.chunks(CALL_EVERY).enumerate() {
        // What an auction leaves would soon outweigh what comes: each begins with an empty book.
        let mut book = OrderBook::default();
        for (id, &(side, price, lots)) in ((batch * CALL_EVERY) as u64..).zip(orders) {
            book.rest(side, price, id, lots);
        }
        matches.clear();
        book.clear(&mut matches);
        filled += matches.iter().map(|found| found.quantity).sum::<u64>();
    }
    filled
}

fn one_by_one(draws: &[Draw]) -> u64 {
    let mut filled = 0;
    let mut matches = Vec::new();
    let mut book = OrderBook::default();
    for (id, &(side, price, lots)) in (0..).zip(draws) {
        matches.clear();
        book.submit(side, Some(price), id, lots, &mut matches);
        filled += matches.iter().map(|found| found.quantity).sum::<u64>();
    }
    filled
}

/// What trade costs in a crowd that buys and sells one good, half of it on each side.
fn crowd(prospectors: u32, draws: &[Draw]) -> Crowd {
    let mut times_us: Vec<f64> = (0..BATCHES)
        .map(|_| {
            let (mut commerce, mut ledger) = town(prospectors);
            let parties: Vec<_> = commerce.parties.iter().collect();
            let listing = Listing::Goods {
                place: Place::Site,
                good: Good::Water,
            };
            let mut news = Vec::new();
            let mut fleet = Fleet::default();
            let costs = RunningCosts {
                labour: LabourTerms::default(),
                wages_to: ledger.open("operations", Unit::Credit, AccountKind::Sink, 0),
            };
            let mut draws = draws.iter().cycle();
            let watch = Stopwatch::start();
            for hour in 0..HOURS {
                for &party in &parties {
                    let side = if party.0 % 2 == 0 {
                        Side::Buy
                    } else {
                        Side::Sell
                    };
                    for &(_, price, lots) in draws.by_ref().take(ORDERS_AN_HOUR as usize) {
                        let wish = Wish {
                            listing: listing.clone(),
                            side,
                            quantity: lots as i64,
                            limit: Some(price),
                            wait_ms: 4 * HOUR_MS,
                        };
                        let (trades, mut books) =
                            commerce.open_books(hour * HOUR_MS, &mut ledger, &mut news);
                        trades
                            .exchange
                            .place(&mut books, party, &wish)
                            .expect("the town is rich");
                    }
                }
                let now_ms = (hour + 1) * HOUR_MS;
                commerce.pass_hour(now_ms, &mut ledger, &mut fleet, &costs, &mut news);
                news.clear();
            }
            1e6 * watch.spent_s() / (HOURS * u64::from(prospectors)) as f64
        })
        .collect();
    times_us.sort_by(f64::total_cmp);
    Crowd {
        prospectors,
        cost_per_prospector_us: times_us[BATCHES / 2],
    }
}

/// Prospectors with enough of everything.
fn town(prospectors: u32) -> (Commerce, Ledger) {
    let mut ledger = Ledger::default();
    let mut commerce = Commerce::default();
    let water = Unit::Good(Good::Water);
    let spring = ledger.open("spring", water, AccountKind::Source, 0);
    for number in 0..prospectors {
        let name = format!("prospector-{number}");
        let account = ledger.open(
            format!("prospector:{name}"),
            Unit::Credit,
            AccountKind::Holding,
            1_000_000_000_000_000,
        );
        commerce.parties.enter(&name, account);
        let store = commerce
            .stores
            .open(&mut ledger, &name, &Place::Site, Good::Water);
        ledger
            .transfer(0, spring, store, 1_000_000_000, Memo::Stored)
            .expect("a source gives what is asked");
    }
    (commerce, ledger)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_orders_of_the_bench_do_trade() {
        let draws = draws(20_000);
        let wanted: u64 = draws.iter().map(|draw| draw.2).sum();
        let share = |filled: u64| 2.0 * filled as f64 / wanted as f64;
        assert!(0.4 < share(call_auctions(&draws)));
        assert!(0.4 < share(one_by_one(&draws)));
    }
}
