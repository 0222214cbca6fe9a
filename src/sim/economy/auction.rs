//! Two ways in which prospectors trade among themselves: a call auction, where all orders meet at
//! one price at one time, and a continuous order book. Prices are integers of the caller's unit
//! (micro-credits in the game), quantities whole lots, so that nothing is lost by rounding. Who
//! may trade, and moving the money, is the caller's.

use std::collections::VecDeque;

use serde::{Deserialize, Serialize};

/// A wish to trade up to `quantity` lots at `price` or better.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LimitOrder {
    /// For one lot.
    pub price: i64,
    pub quantity: u64,
}

/// The outcome of a call auction in which something was traded.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Clearing {
    /// The most lots that can change hands.
    pub volume: u64,
    /// Lowest and highest price at which as much is wanted as offered.
    pub competitive_prices: (i64, i64),
    /// What all trades together are worth to those who make them: bids less asks.
    pub surplus: i128,
    /// Lots bought by each bid, in the order given.
    pub bought: Vec<u64>,
    /// Lots sold by each ask, in the order given.
    pub sold: Vec<u64>,
}

impl Clearing {
    /// Middle of the competitive prices, which splits their gap evenly between buyers and sellers
    /// (k = 0.5).
    pub fn midpoint_price(&self) -> f64 {
        let (low, high) = self.competitive_prices;
        0.5 * (low as f64 + high as f64)
    }

    /// The one price of all trades: the midpoint, rounded down to a whole unit.
    pub fn price(&self) -> i64 {
        let (low, high) = self.competitive_prices;
        // In 128 bits, since the sum of two prices may not fit.
        (i128::from(low) + i128::from(high)).div_euclid(2) as i64
    }
}

/// Clears a uniform-price call auction, or returns None if no bid reaches an ask.
///
/// Better prices go first and among equal ones the earlier in its slice. The volume is the largest
/// possible and with it the surplus. Source: Friedman & Rust (1993), The Double Auction Market,
/// chapter 1; Wilson (1985), Econometrica 53, for the k-double auction.
pub fn call_auction(bids: &[LimitOrder], asks: &[LimitOrder]) -> Option<Clearing> {
    let by_priority = |orders: &[LimitOrder], sign: i128| {
        let mut ranks: Vec<usize> = (0..orders.len())
            .filter(|&index| 0 < orders[index].quantity)
            .collect();
        // Stable, so earlier orders stay first.
        ranks.sort_by_key(|&index| sign * i128::from(orders[index].price));
        ranks
    };
    let bid_ranks = by_priority(bids, -1);
    let ask_ranks = by_priority(asks, 1);
    let mut bought = vec![0; bids.len()];
    let mut sold = vec![0; asks.len()];
    let (mut next_bid, mut next_ask) = (0, 0);
    let mut volume = 0_u64;
    let mut surplus = 0_i128;
    let mut marginal = None;
    while let (Some(&bid), Some(&ask)) = (bid_ranks.get(next_bid), ask_ranks.get(next_ask)) {
        let gap = i128::from(bids[bid].price) - i128::from(asks[ask].price);
        if gap < 0 {
            break;
        }
        let wanted = bids[bid].quantity - bought[bid];
        let offered = asks[ask].quantity - sold[ask];
        let lots = wanted.min(offered);
        bought[bid] += lots;
        sold[ask] += lots;
        volume = volume.saturating_add(lots);
        surplus = surplus.saturating_add(gap.saturating_mul(i128::from(lots)));
        marginal = Some((bids[bid].price, asks[ask].price));
        next_bid += usize::from(lots == wanted);
        next_ask += usize::from(lots == offered);
    }
    let (last_bid, last_ask) = marginal?;
    // A price that suits all who trade and none of those who are left over.
    let left_bid = bid_ranks.get(next_bid).map(|&bid| bids[bid].price);
    let left_ask = ask_ranks.get(next_ask).map(|&ask| asks[ask].price);
    Some(Clearing {
        volume,
        competitive_prices: (
            left_bid.map_or(last_ask, |price| price.max(last_ask)),
            left_ask.map_or(last_bid, |price| price.min(last_bid)),
        ),
        surplus,
        bought,
        sold,
    })
}

/// Which way an order goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Side {
    Buy,
    Sell,
}

/// An order to the book.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BookOrder {
    pub side: Side,
    /// Worst price for one lot; None takes any, and does not wait in the book.
    pub limit: Option<i64>,
    pub quantity: u64,
    /// Name of the prospector.
    pub owner: String,
}

/// An order, or what is left of it, that waits in the book.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RestingOrder {
    pub price: i64,
    pub quantity: u64,
    /// Name of the prospector.
    pub owner: String,
}

/// Lots that changed hands, at the price of the order that waited.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trade {
    pub price: i64,
    pub quantity: u64,
    pub buyer: String,
    pub seller: String,
}

/// A continuous order book with price-time priority.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderBook {
    bids: VecDeque<RestingOrder>,
    asks: VecDeque<RestingOrder>,
}

impl OrderBook {
    /// Waiting buyers, best price first and among equals the earliest.
    pub fn bids(&self) -> impl Iterator<Item = &RestingOrder> {
        self.bids.iter()
    }

    /// Waiting sellers, best price first and among equals the earliest.
    pub fn asks(&self) -> impl Iterator<Item = &RestingOrder> {
        self.asks.iter()
    }

    /// Trades an order against those that wait, in their order, and keeps what is left of it
    /// waiting if it has a limit.
    pub fn submit(&mut self, order: BookOrder) -> Vec<Trade> {
        let BookOrder {
            side,
            limit,
            mut quantity,
            owner,
        } = order;
        let (own, other) = match side {
            Side::Buy => (&mut self.bids, &mut self.asks),
            Side::Sell => (&mut self.asks, &mut self.bids),
        };
        // Whether `price` is at least as good for this side as `than`.
        let as_good = |price: i64, than: i64| match side {
            Side::Buy => price <= than,
            Side::Sell => than <= price,
        };
        let mut trades = Vec::new();
        while 0 < quantity
            && let Some(resting) = other.front_mut()
            && limit.is_none_or(|limit| as_good(resting.price, limit))
        {
            let lots = quantity.min(resting.quantity);
            let (buyer, seller) = match side {
                Side::Buy => (owner.clone(), resting.owner.clone()),
                Side::Sell => (resting.owner.clone(), owner.clone()),
            };
            trades.push(Trade {
                price: resting.price,
                quantity: lots,
                buyer,
                seller,
            });
            quantity -= lots;
            resting.quantity -= lots;
            if resting.quantity == 0 {
                other.pop_front();
            }
        }
        if let Some(price) = limit
            && 0 < quantity
        {
            // Behind all that offer the other side as much: a buyer who pays no less, a seller who
            // asks no more.
            let place = own.partition_point(|resting| as_good(price, resting.price));
            let resting = RestingOrder {
                price,
                quantity,
                owner,
            };
            own.insert(place, resting);
        }
        trades
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn orders(max: usize) -> impl Strategy<Value = Vec<LimitOrder>> {
        let order = (90..110_i64, 0..6_u64);
        prop::collection::vec(
            order.prop_map(|(price, quantity)| LimitOrder { price, quantity }),
            0..max,
        )
    }

    /// Lots wanted or offered at `price`.
    fn lots(orders: &[LimitOrder], suits: impl Fn(i64) -> bool) -> u64 {
        let suited = orders.iter().filter(|order| suits(order.price));
        suited.map(|order| order.quantity).sum()
    }

    /// The best sum over the first `n` lots of one side for every `n`.
    fn sums(orders: &[LimitOrder], sign: i64) -> Vec<i64> {
        let mut prices: Vec<i64> = orders
            .iter()
            .flat_map(|order| std::iter::repeat_n(sign * order.price, order.quantity as usize))
            .collect();
        prices.sort_unstable();
        prices
            .iter()
            .scan(0, |sum, price| {
                *sum += price;
                Some(*sum)
            })
            .collect()
    }

    #[test]
    fn the_earlier_of_equal_orders_is_served_first() {
        let order = |price, quantity| LimitOrder { price, quantity };
        let bids = [order(100, 5), order(100, 5), order(90, 2)];
        let asks = [order(80, 4), order(100, 3)];
        let clearing = call_auction(&bids, &asks).unwrap();
        assert_eq!(clearing.bought, [5, 2, 0]);
        assert_eq!(clearing.sold, [4, 3]);
        assert_eq!(clearing.competitive_prices, (100, 100));
        assert_eq!(clearing.surplus, 80);
    }

    #[test]
    fn extreme_prices_and_quantities_do_not_overflow() {
        let order = |price| LimitOrder {
            price,
            quantity: u64::MAX,
        };
        let clearing = call_auction(&[order(i64::MAX)], &[order(i64::MIN)]).unwrap();
        assert_eq!(clearing.volume, u64::MAX);
        assert_eq!(clearing.price(), -1);
    }

    proptest! {
        #[test]
        fn a_call_auction_trades_all_it_can_at_a_price_that_suits_all(bids in orders(12), asks in orders(12)) {
            let best = (89..=110)
                .map(|at| lots(&bids, |price| at <= price).min(lots(&asks, |price| price <= at)))
                .max()
                .unwrap();
            let Some(clearing) = call_auction(&bids, &asks) else {
                prop_assert_eq!(best, 0);
                return Ok(());
            };
            prop_assert_eq!(clearing.volume, best);
            prop_assert_eq!(clearing.bought.iter().sum::<u64>(), best);
            prop_assert_eq!(clearing.sold.iter().sum::<u64>(), best);
            let (low, high) = clearing.competitive_prices;
            prop_assert!(low <= clearing.price() && clearing.price() <= high);
            for at in low..=high {
                // Nobody trades at a loss, and nobody who would gain is left out.
                for (bid, &bought) in bids.iter().zip(&clearing.bought) {
                    prop_assert!(bought == 0 || at <= bid.price);
                    prop_assert!(bought == bid.quantity || bid.price <= at);
                }
                for (ask, &sold) in asks.iter().zip(&clearing.sold) {
                    prop_assert!(sold == 0 || ask.price <= at);
                    prop_assert!(sold == ask.quantity || at <= ask.price);
                }
            }
            let most = sums(&bids, -1)
                .iter()
                .zip(sums(&asks, 1))
                .map(|(paid, asked)| -paid - asked)
                .max()
                .unwrap();
            prop_assert_eq!(clearing.surplus, i128::from(most));
        }

        #[test]
        fn a_book_keeps_limits_priority_and_every_lot(
            orders in prop::collection::vec((any::<bool>(), prop::option::weighted(0.9, 90..110_i64), 0..9_u64), 0..60)
        ) {
            let mut book = OrderBook::default();
            let mut waiting = [0_u64; 2];
            for (number, (buys, limit, quantity)) in orders.into_iter().enumerate() {
                let side = if buys { Side::Buy } else { Side::Sell };
                let owner = number.to_string();
                let trades = book.submit(BookOrder { side, limit, quantity, owner: owner.clone() });
                let traded: u64 = trades.iter().map(|trade| trade.quantity).sum();
                for trade in &trades {
                    prop_assert!(0 < trade.quantity);
                    let (taker, better) = if buys {
                        (&trade.buyer, limit.is_none_or(|limit| trade.price <= limit))
                    } else {
                        (&trade.seller, limit.is_none_or(|limit| limit <= trade.price))
                    };
                    prop_assert_eq!(taker, &owner);
                    prop_assert!(better);
                }
                waiting[usize::from(!buys)] -= traded;
                waiting[usize::from(buys)] += limit.map_or(0, |_| quantity - traded);
                prop_assert_eq!(book.asks().map(|order| order.quantity).sum::<u64>(), waiting[0]);
                prop_assert_eq!(book.bids().map(|order| order.quantity).sum::<u64>(), waiting[1]);
                let seniority = |order: &RestingOrder| order.owner.parse::<usize>().unwrap();
                prop_assert!(book.bids().is_sorted_by_key(|order| (-order.price, seniority(order))));
                prop_assert!(book.asks().is_sorted_by_key(|order| (order.price, seniority(order))));
                if let (Some(bid), Some(ask)) = (book.bids().next(), book.asks().next()) {
                    prop_assert!(bid.price < ask.price);
                }
            }
        }
    }
}
