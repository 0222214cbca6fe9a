//! Two ways in which wishes to trade meet: in a call auction, where all orders meet at one price at
//! one time, and one by one as they come. Both work on one [`OrderBook`]. Prices are integers of the
//! caller's unit (micro-credits in the game), quantities whole lots, so that nothing is lost by
//! rounding. Who may trade, and moving the money, is the caller's.

use std::collections::btree_map::OccupiedEntry;
use std::collections::{BTreeMap, VecDeque};

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
    let left_bid = bid_ranks.get(next_bid).map(|&bid| bids[bid].price);
    let left_ask = ask_ranks.get(next_ask).map(|&ask| asks[ask].price);
    Some(Clearing {
        volume,
        competitive_prices: competitive_prices((last_bid, last_ask), (left_bid, left_ask)),
        surplus,
        bought,
        sold,
    })
}

/// Lowest and highest price that suits the last to trade and none of the first that are left over;
/// of both, the bid and the ask.
fn competitive_prices(
    (last_bid, last_ask): (i64, i64),
    (left_bid, left_ask): (Option<i64>, Option<i64>),
) -> (i64, i64) {
    (
        left_bid.map_or(last_ask, |price| price.max(last_ask)),
        left_ask.map_or(last_bid, |price| price.min(last_bid)),
    )
}

/// Which way an order goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Side {
    Buy,
    Sell,
}

/// An order, or what is left of it, that waits in a book.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Waiting {
    /// Grows from order to order: the lower of two has waited longer.
    pub id: u64,
    pub quantity: u64,
}

/// Lots that change hands between two orders.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Match {
    /// Id of the order that buys, and of the one that sells.
    pub bid: u64,
    pub ask: u64,
    pub quantity: u64,
    /// Of the order that waited; in a call auction the clearing price replaces it.
    pub price: i64,
}

/// What a call auction over a book came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Call {
    pub volume: u64,
    /// Lowest and highest price at which as much is wanted as offered.
    pub competitive_prices: (i64, i64),
    /// Bids less asks of all that was traded.
    pub surplus: i128,
}

/// Those who wait at one price, the earliest first.
type Level = VecDeque<Waiting>;

/// Orders that wait, by price and within a price by time.
///
/// A level of price is found in logarithmic time, its first order at once.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct OrderBook {
    bids: BTreeMap<i64, Level>,
    asks: BTreeMap<i64, Level>,
}

impl OrderBook {
    /// Waiting buyers with their prices, best price first and among equals the earliest.
    pub fn bids(&self) -> impl Iterator<Item = (i64, Waiting)> {
        let levels = self.bids.iter().rev();
        levels.flat_map(|(&price, level)| level.iter().map(move |&waiting| (price, waiting)))
    }

    /// Waiting sellers with their prices, best price first and among equals the earliest.
    pub fn asks(&self) -> impl Iterator<Item = (i64, Waiting)> {
        let levels = self.asks.iter();
        levels.flat_map(|(&price, level)| level.iter().map(move |&waiting| (price, waiting)))
    }

    /// Highest price that a waiting buyer pays.
    pub fn best_bid(&self) -> Option<i64> {
        self.bids.last_key_value().map(|(&price, _)| price)
    }

    /// Lowest price that a waiting seller takes.
    pub fn best_ask(&self) -> Option<i64> {
        self.asks.first_key_value().map(|(&price, _)| price)
    }

    /// Whether a buyer and a seller agree.
    pub fn is_crossed(&self) -> bool {
        matches!((self.best_bid(), self.best_ask()), (Some(bid), Some(ask)) if ask <= bid)
    }

    /// Lets an order wait behind all others at its price. Its `id` is higher than any before it.
    pub fn rest(&mut self, side: Side, price: i64, id: u64, quantity: u64) {
        if 0 < quantity {
            let level = self.side(side).entry(price).or_default();
            level.push_back(Waiting { id, quantity });
        }
    }

    /// Takes an order out and returns what was left of it, if it waits there.
    pub fn withdraw(&mut self, side: Side, price: i64, id: u64) -> Option<u64> {
        let levels = self.side(side);
        let level = levels.get_mut(&price)?;
        let index = level.binary_search_by_key(&id, |waiting| waiting.id).ok()?;
        let taken = level.remove(index)?;
        if level.is_empty() {
            levels.remove(&price);
        }
        Some(taken.quantity)
    }

    /// Trades an order against those that wait, in their order and at their prices, and keeps what
    /// is left of it waiting if it has a limit. What it traded is added to `matches`.
    pub fn submit(
        &mut self,
        side: Side,
        limit: Option<i64>,
        id: u64,
        mut quantity: u64,
        matches: &mut Vec<Match>,
    ) {
        while 0 < quantity {
            let Some(mut best) = self.best(side) else {
                break;
            };
            let price = *best.key();
            let suits = match side {
                Side::Buy => limit.is_none_or(|limit| price <= limit),
                Side::Sell => limit.is_none_or(|limit| limit <= price),
            };
            if !suits {
                break;
            }
            let level = best.get_mut();
            while 0 < quantity
                && let Some(first) = level.front_mut()
            {
                let lots = quantity.min(first.quantity);
                let (bid, ask) = match side {
                    Side::Buy => (id, first.id),
                    Side::Sell => (first.id, id),
                };
                matches.push(Match {
                    bid,
                    ask,
                    quantity: lots,
                    price,
                });
                quantity -= lots;
                first.quantity -= lots;
                if first.quantity == 0 {
                    level.pop_front();
                }
            }
            if level.is_empty() {
                best.remove();
            }
        }
        if let Some(price) = limit {
            self.rest(side, price, id, quantity);
        }
    }

    /// Holds a call auction over all that wait, as [`call_auction`] does, or returns None if no bid
    /// reaches an ask. Who trades how much with whom is added to `matches`; each trades at one
    /// price within [`Call::competitive_prices`], which is for the caller to choose.
    pub fn clear(&mut self, matches: &mut Vec<Match>) -> Option<Call> {
        let mut volume = 0_u64;
        let mut surplus = 0_i128;
        let mut marginal = None;
        while let Some(mut buying) = self.bids.last_entry()
            && let Some(mut selling) = self.asks.first_entry()
        {
            let (bid_price, ask_price) = (*buying.key(), *selling.key());
            if bid_price < ask_price {
                break;
            }
            marginal = Some((bid_price, ask_price));
            let gap = i128::from(bid_price) - i128::from(ask_price);
            let (buyers, sellers) = (buying.get_mut(), selling.get_mut());
            while let Some(buyer) = buyers.front_mut()
                && let Some(seller) = sellers.front_mut()
            {
                let lots = buyer.quantity.min(seller.quantity);
                matches.push(Match {
                    bid: buyer.id,
                    ask: seller.id,
                    quantity: lots,
                    price: ask_price,
                });
                volume = volume.saturating_add(lots);
                surplus = surplus.saturating_add(gap.saturating_mul(i128::from(lots)));
                buyer.quantity -= lots;
                seller.quantity -= lots;
                if buyer.quantity == 0 {
                    buyers.pop_front();
                }
                if seller.quantity == 0 {
                    sellers.pop_front();
                }
            }
            if buyers.is_empty() {
                buying.remove();
            }
            if sellers.is_empty() {
                selling.remove();
            }
        }
        let (last_bid, last_ask) = marginal?;
        Some(Call {
            volume,
            competitive_prices: competitive_prices(
                (last_bid, last_ask),
                (self.best_bid(), self.best_ask()),
            ),
            surplus,
        })
    }

    fn side(&mut self, side: Side) -> &mut BTreeMap<i64, Level> {
        match side {
            Side::Buy => &mut self.bids,
            Side::Sell => &mut self.asks,
        }
    }

    /// The best level that an order of a side can trade against.
    fn best(&mut self, side: Side) -> Option<OccupiedEntry<'_, i64, Level>> {
        match side {
            Side::Buy => self.asks.first_entry(),
            Side::Sell => self.bids.last_entry(),
        }
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
        fn a_book_clears_as_a_call_auction_of_its_orders(bids in orders(12), asks in orders(12)) {
            let mut book = OrderBook::default();
            for (id, bid) in (0..).zip(&bids) {
                book.rest(Side::Buy, bid.price, id, bid.quantity);
            }
            for (id, ask) in (0..).zip(&asks) {
                book.rest(Side::Sell, ask.price, id, ask.quantity);
            }
            let mut matches = Vec::new();
            let call = book.clear(&mut matches);
            let Some(clearing) = call_auction(&bids, &asks) else {
                prop_assert_eq!(call, None);
                prop_assert!(matches.is_empty());
                return Ok(());
            };
            let call = call.unwrap();
            prop_assert_eq!(call.volume, clearing.volume);
            prop_assert_eq!(call.competitive_prices, clearing.competitive_prices);
            prop_assert_eq!(call.surplus, clearing.surplus);
            let mut bought = vec![0; bids.len()];
            let mut sold = vec![0; asks.len()];
            for traded in matches {
                bought[traded.bid as usize] += traded.quantity;
                sold[traded.ask as usize] += traded.quantity;
            }
            prop_assert_eq!(bought, clearing.bought);
            prop_assert_eq!(sold, clearing.sold);
            prop_assert!(!book.is_crossed());
        }

        #[test]
        fn a_book_keeps_limits_priority_and_every_lot(
            orders in prop::collection::vec((any::<bool>(), prop::option::weighted(0.9, 90..110_i64), 0..9_u64, any::<u8>()), 0..60)
        ) {
            let mut book = OrderBook::default();
            let mut waiting = [0_u64; 2];
            let mut placed = Vec::new();
            for (id, (buys, limit, quantity, pick)) in (0..).zip(orders) {
                if pick < 40 && !placed.is_empty() {
                    let (side, price, id) = placed[usize::from(pick) % placed.len()];
                    waiting[usize::from(side == Side::Buy)] -= book.withdraw(side, price, id).unwrap_or(0);
                    prop_assert_eq!(book.withdraw(side, price, id), None);
                }
                let side = if buys { Side::Buy } else { Side::Sell };
                let mut matches = Vec::new();
                book.submit(side, limit, id, quantity, &mut matches);
                placed.extend(limit.map(|limit| (side, limit, id)));
                let traded: u64 = matches.iter().map(|found| found.quantity).sum();
                for found in &matches {
                    prop_assert!(0 < found.quantity);
                    let (taker, better) = if buys {
                        (found.bid, limit.is_none_or(|limit| found.price <= limit))
                    } else {
                        (found.ask, limit.is_none_or(|limit| limit <= found.price))
                    };
                    prop_assert_eq!(taker, id);
                    prop_assert!(better);
                }
                waiting[usize::from(!buys)] -= traded;
                waiting[usize::from(buys)] += limit.map_or(0, |_| quantity - traded);
                prop_assert_eq!(book.asks().map(|(_, order)| order.quantity).sum::<u64>(), waiting[0]);
                prop_assert_eq!(book.bids().map(|(_, order)| order.quantity).sum::<u64>(), waiting[1]);
                prop_assert!(book.bids().is_sorted_by_key(|(price, order)| (-price, order.id)));
                prop_assert!(book.asks().is_sorted_by_key(|(price, order)| (price, order.id)));
                prop_assert!(!book.is_crossed());
            }
        }
    }
}
