//! The exchange: limit and market orders of prospectors, matched in a call auction for each place
//! and good at every full hour.
//!
//! **Prices** are whole micro-credits for a gram, thousandths of a credit for a kilogram, so that
//! what a trade costs is exact and no rounding favours anyone. A buyer's limit is rounded down, a
//! seller's up: nobody trades worse than told. Where the clearing price lies half-way between two
//! steps, it is rounded down and up in turn.
//!
//! **Escrow**: a bid sets aside its money, an ask its goods, when it is placed. What waits can
//! always be honoured; the escrow of the exchange is the sum of what its open orders may still
//! take.
//!
//! **No self-trade**: an order that would meet another of its own sender's is refused. As an
//! auction has one price, an own bid and an own ask that do not cross can never both trade, and
//! the volume stays the largest possible.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::fmt;

use serde::{Deserialize, Serialize};

use super::auction::{Match, OrderBook, Side};
use super::commerce::{Books, HOUR_MS, Party};
use super::good::Good;
use super::ledger::{AccountId, Memo, Unit};
use super::stores::Place;
use crate::sim::order::Refusal;

/// Auctions are held at every full multiple of this.
pub const AUCTION_PERIOD_MS: u64 = HOUR_MS;
/// An order waits at most so long [h], and so long if its sender does not say.
pub const WAIT_MAX_H: f64 = 90.0 * 24.0;
pub const WAIT_USUAL_H: f64 = 7.0 * 24.0;
/// Orders of one party that may wait at a time.
const OPEN_MAX: usize = 256;
/// Auctions of one good that are remembered, and own trades of one party.
const CALLS_KEPT: usize = 256;
const TRADES_KEPT: usize = 256;
/// Levels of price that the public depth shows on each side.
const DEPTH_LEVELS: usize = 16;
/// Account of the money that bids have set aside.
const ESCROW: &str = "escrow:exchange";

/// What is traded in one book.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Listing {
    pub place: Place,
    pub good: Good,
}

impl fmt::Display for Listing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} at {}", self.good, self.place)
    }
}

/// An order that waits for an auction.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Open {
    owner: Party,
    pit: u32,
    side: Side,
    /// Limit [µcr/g].
    price: i64,
    left_g: i64,
    placed_g: i64,
    placed_ms: u64,
    expires_ms: u64,
}

/// What one auction came to.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct CallRecord {
    pub at_ms: u64,
    pub price_credits_per_kg: f64,
    pub volume_kg: f64,
    /// What buyers would have paid above, and sellers taken below, the price [credits].
    pub surplus_credits: f64,
}

/// A trade as one of its parties sees it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct OwnTrade {
    pub at_ms: u64,
    pub order: u64,
    pub side: Side,
    pub place: Place,
    pub good: Good,
    pub mass_kg: f64,
    pub price_credits_per_kg: f64,
}

/// The book of one listing.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Pit {
    listing: Listing,
    book: OrderBook,
    /// Account of the goods that asks have set aside.
    escrow: AccountId,
    /// Whether the next price between two steps is rounded up.
    rounds_up: bool,
    calls: VecDeque<CallRecord>,
}

/// All open orders and what was traded.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Exchange {
    escrow: Option<AccountId>,
    pits: Vec<Pit>,
    pit_of: BTreeMap<Listing, u32>,
    orders: BTreeMap<u64, Open>,
    /// Orders of each party, by id.
    own: BTreeMap<Party, BTreeSet<u64>>,
    expiries: BTreeSet<(u64, u64)>,
    trades: BTreeMap<Party, VecDeque<OwnTrade>>,
    placed: u64,
}

/// An order as its sender asks for it, in whole units.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Wish {
    pub listing: Listing,
    pub side: Side,
    pub mass_g: i64,
    /// In µcr/g; `None` takes part in the next auction only, at any price that those who wait now
    /// would have given it.
    pub limit: Option<i64>,
    pub wait_ms: u64,
}

/// The public side of one book.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Depth {
    pub place: Place,
    pub good: Good,
    /// Price and mass of each level, best first.
    pub bids: Vec<DepthLevel>,
    pub asks: Vec<DepthLevel>,
    pub next_auction_ms: u64,
    /// The latest auctions that traded, oldest first.
    pub calls: Vec<CallRecord>,
}

/// All that waits at one price.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct DepthLevel {
    pub price_credits_per_kg: f64,
    pub mass_kg: f64,
}

/// An open order of one's own.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct OwnOrder {
    pub order: u64,
    pub side: Side,
    pub place: Place,
    pub good: Good,
    pub limit_credits_per_kg: f64,
    pub left_kg: f64,
    pub placed_kg: f64,
    pub placed_ms: u64,
    pub expires_ms: u64,
}

/// A limit of an order [credits/kg] in steps of price [µcr/g], rounded so that it is not exceeded.
///
/// # Errors
/// [`Refusal`] if it is no price.
pub fn price_steps(side: Side, credits_per_kg: f64) -> Result<i64, Refusal> {
    const MAX_CREDITS_PER_KG: f64 = 1e10;
    if !(0.001..=MAX_CREDITS_PER_KG).contains(&credits_per_kg) {
        return Err(Refusal::because(format!(
            "limit_credits_per_kg = {credits_per_kg} must be from 0.001 to {MAX_CREDITS_PER_KG:e}"
        )));
    }
    let exact = 1e3 * credits_per_kg;
    let nearest = exact.round();
    // 900.001 has no exact double: what is within its rounding of a step means that step.
    let steps = if (exact - nearest).abs() <= 4.0 * f64::EPSILON * exact {
        nearest
    } else {
        match side {
            Side::Buy => exact.floor(),
            Side::Sell => exact.ceil(),
        }
    };
    Ok((steps as i64).max(1))
}

impl Exchange {
    /// Whether an order could be placed, if `beside_g` more of the good lay in the sender's store;
    /// returns its limit [µcr/g], and whether it takes part in the next auction only.
    ///
    /// # Errors
    /// [`Refusal`] says what forbids it.
    pub fn check(
        &self,
        books: &Books,
        sender: Party,
        wish: &Wish,
        beside_g: i64,
    ) -> Result<(i64, bool), Refusal> {
        let &Wish { side, mass_g, .. } = wish;
        let listing = &wish.listing;
        if !listing.good.is_tradable() {
            return Err(Refusal::because(format!(
                "{} cannot change hands",
                listing.good
            )));
        }
        if self
            .own
            .get(&sender)
            .is_some_and(|own| OPEN_MAX <= own.len())
        {
            return Err(Refusal::because(format!(
                "{OPEN_MAX} orders of yours wait already: cancel one first"
            )));
        }
        let pit = self.pit_of.get(listing).copied();
        let price = match wish.limit {
            Some(price) => price,
            None => self.market_limit(pit, sender, side, mass_g, listing)?,
        };
        if let Some(own) = self.own_that_meets(pit, sender, side, price) {
            return Err(Refusal::because(format!(
                "it would meet your own order {own}: cancel that first"
            )));
        }
        let cost_ucr = i128::from(price) * i128::from(mass_g);
        match side {
            Side::Buy => books.needs_money(sender, cost_ucr, "the bid")?,
            Side::Sell => {
                books.needs_goods(sender, &listing.place, listing.good, mass_g - beside_g)?;
            }
        }
        Ok((price, wish.limit.is_none()))
    }

    /// Places an order and sets aside what it may cost.
    ///
    /// # Errors
    /// [`Refusal`] says what forbids it; nothing has changed then.
    pub fn place(&mut self, books: &mut Books, sender: Party, wish: &Wish) -> Result<u64, Refusal> {
        let (price, only_next) = self.check(books, sender, wish, 0)?;
        let &Wish {
            side,
            mass_g,
            wait_ms,
            ..
        } = wish;
        let listing = &wish.listing;
        let pit = self.pit_of.get(listing).copied();
        let pit = pit.unwrap_or_else(|| self.open_pit(books, listing));
        let escrow = self.escrow(books);
        match side {
            Side::Buy => {
                let purse = books.account(sender);
                books.transfer(purse, escrow, price * mass_g, Memo::Escrow);
            }
            Side::Sell => {
                let store = books.store(sender, &listing.place, listing.good);
                books.transfer(store, self.pits[pit as usize].escrow, mass_g, Memo::Escrow);
            }
        }
        self.placed += 1;
        let id = self.placed;
        let next_ms = next_auction_ms(books.now_ms);
        let expires_ms = if only_next {
            next_ms
        } else {
            // At least the next auction is taken part in.
            (books.now_ms + wait_ms).max(next_ms)
        };
        self.pits[pit as usize]
            .book
            .rest(side, price, id, mass_g as u64);
        self.expiries.insert((expires_ms, id));
        self.own.entry(sender).or_default().insert(id);
        let open = Open {
            owner: sender,
            pit,
            side,
            price,
            left_g: mass_g,
            placed_g: mass_g,
            placed_ms: books.now_ms,
            expires_ms,
        };
        self.orders.insert(id, open);
        Ok(id)
    }

    /// Takes an order of one's own back, and with it what it had set aside.
    ///
    /// # Errors
    /// [`Refusal`] if the sender has no such order.
    pub fn cancel(&mut self, books: &mut Books, sender: Party, id: u64) -> Result<(), Refusal> {
        match self.orders.get(&id) {
            Some(open) if open.owner == sender => {
                self.release(books, id);
                Ok(())
            }
            _ => Err(Refusal::because(format!("you have no open order {id}"))),
        }
    }

    /// Takes all orders of a party back.
    pub fn cancel_all(&mut self, books: &mut Books, party: Party) {
        for id in self.own.get(&party).cloned().unwrap_or_default() {
            self.release(books, id);
        }
    }

    /// Holds the auctions of one full hour, and then lets expire what has waited long enough.
    pub fn hold_auctions(&mut self, books: &mut Books) {
        let mut matches = Vec::new();
        for index in 0..self.pits.len() {
            if self.pits[index].book.is_crossed() {
                self.hold_auction(books, index, &mut matches);
            }
        }
        while let Some(&(expires_ms, id)) = self.expiries.first()
            && expires_ms <= books.now_ms
        {
            let open = &self.orders[&id];
            let (owner, left_g) = (open.owner, open.left_g);
            let listing = &self.pits[open.pit as usize].listing;
            let text = format!(
                "order {id} has expired with {:.3} kg of {listing} left",
                1e-3 * left_g as f64
            );
            books.tell(owner, text);
            self.release(books, id);
        }
    }

    fn hold_auction(&mut self, books: &mut Books, index: usize, matches: &mut Vec<Match>) {
        let escrow = self.escrow(books);
        let pit = &mut self.pits[index];
        matches.clear();
        let Some(call) = pit.book.clear(matches) else {
            return;
        };
        let (low, high) = call.competitive_prices;
        // Limits are positive and below 2^44, so that the sum fits.
        let twice = low + high;
        let price = if twice % 2 != 0 {
            pit.rounds_up = !pit.rounds_up;
            twice / 2 + i64::from(!pit.rounds_up)
        } else {
            twice / 2
        };
        let (goods, listing) = (pit.escrow, pit.listing.clone());
        let mut volume_g = 0;
        for found in &*matches {
            let mass_g = found.quantity as i64;
            volume_g += mass_g;
            let (buyer, limit) = self.fill(books, found.bid, mass_g, price, index);
            let (seller, _) = self.fill(books, found.ask, mass_g, price, index);
            let store = books.store(buyer, &listing.place, listing.good);
            let (payer, payee) = (books.account(buyer), books.account(seller));
            books.transfer(escrow, payee, price * mass_g, Memo::Traded);
            books.transfer(escrow, payer, (limit - price) * mass_g, Memo::Escrow);
            books.transfer(goods, store, mass_g, Memo::Traded);
        }
        let calls = &mut self.pits[index].calls;
        if calls.len() == CALLS_KEPT {
            calls.pop_front();
        }
        calls.push_back(CallRecord {
            at_ms: books.now_ms,
            price_credits_per_kg: 1e-3 * price as f64,
            volume_kg: 1e-3 * volume_g as f64,
            surplus_credits: 1e-6 * call.surplus as f64,
        });
    }

    /// Books a fill to an order; returns its owner and its limit.
    fn fill(
        &mut self,
        books: &mut Books,
        id: u64,
        mass_g: i64,
        price: i64,
        pit: usize,
    ) -> (Party, i64) {
        let open = self.orders.get_mut(&id).expect("what waits is open");
        open.left_g -= mass_g;
        let (owner, limit, side, left_g) = (open.owner, open.price, open.side, open.left_g);
        if left_g == 0 {
            let expires_ms = open.expires_ms;
            self.orders.remove(&id);
            self.forget(owner, expires_ms, id);
        }
        let listing = &self.pits[pit].listing;
        let trades = self.trades.entry(owner).or_default();
        match trades.back_mut() {
            // Several fills of one order in one auction are one trade.
            Some(last) if last.order == id && last.at_ms == books.now_ms => {
                last.mass_kg += 1e-3 * mass_g as f64;
            }
            _ => {
                if trades.len() == TRADES_KEPT {
                    trades.pop_front();
                }
                trades.push_back(OwnTrade {
                    at_ms: books.now_ms,
                    order: id,
                    side,
                    place: listing.place.clone(),
                    good: listing.good,
                    mass_kg: 1e-3 * mass_g as f64,
                    price_credits_per_kg: 1e-3 * price as f64,
                });
            }
        }
        (owner, limit)
    }

    /// Takes an open order out and gives back what it had set aside.
    fn release(&mut self, books: &mut Books, id: u64) {
        let open = self
            .orders
            .remove(&id)
            .expect("only open orders are released");
        self.forget(open.owner, open.expires_ms, id);
        let escrow = self.escrow(books);
        let pit = &mut self.pits[open.pit as usize];
        let left = pit.book.withdraw(open.side, open.price, id);
        debug_assert_eq!(left, Some(open.left_g as u64));
        match open.side {
            Side::Buy => {
                let purse = books.account(open.owner);
                books.transfer(escrow, purse, open.price * open.left_g, Memo::Escrow);
            }
            Side::Sell => {
                let store = books.store(open.owner, &pit.listing.place, pit.listing.good);
                books.transfer(pit.escrow, store, open.left_g, Memo::Escrow);
            }
        }
    }

    fn forget(&mut self, owner: Party, expires_ms: u64, id: u64) {
        self.expiries.remove(&(expires_ms, id));
        if let Some(own) = self.own.get_mut(&owner) {
            own.remove(&id);
        }
    }

    /// The worst price that an order would get from those who wait now, if it takes them one by
    /// one.
    fn market_limit(
        &self,
        pit: Option<u32>,
        sender: Party,
        side: Side,
        mass_g: i64,
        listing: &Listing,
    ) -> Result<i64, Refusal> {
        let mut wanted = mass_g as u64;
        let mut worst = None;
        if let Some(pit) = pit {
            let book = &self.pits[pit as usize].book;
            let mut take = |(price, waiting): (i64, super::auction::Waiting)| {
                if 0 < wanted && self.orders[&waiting.id].owner != sender {
                    worst = Some(price);
                    wanted = wanted.saturating_sub(waiting.quantity);
                }
                0 < wanted
            };
            match side {
                Side::Buy => book.asks().all(&mut take),
                Side::Sell => book.bids().all(&mut take),
            };
        }
        worst.ok_or_else(|| {
            let (nobody, what) = match side {
                Side::Buy => ("sells", "buy"),
                Side::Sell => ("buys", "sell"),
            };
            Refusal::because(format!(
                "nobody {nobody} {listing} now: to {what}, name a limit"
            ))
        })
    }

    fn own_that_meets(
        &self,
        pit: Option<u32>,
        sender: Party,
        side: Side,
        price: i64,
    ) -> Option<u64> {
        let pit = pit?;
        self.own.get(&sender)?.iter().copied().find(|id| {
            let open = &self.orders[id];
            open.pit == pit
                && match (side, open.side) {
                    (Side::Buy, Side::Sell) => open.price <= price,
                    (Side::Sell, Side::Buy) => price <= open.price,
                    _ => false,
                }
        })
    }

    fn open_pit(&mut self, books: &mut Books, listing: &Listing) -> u32 {
        let name = format!("{ESCROW}:{}:{}", listing.place, listing.good.as_str());
        let pit = Pit {
            listing: listing.clone(),
            book: OrderBook::default(),
            escrow: books.keep(&name, Unit::Good(listing.good)),
            rounds_up: false,
            calls: VecDeque::new(),
        };
        let index = self.pits.len() as u32;
        self.pits.push(pit);
        self.pit_of.insert(listing.clone(), index);
        index
    }

    fn escrow(&mut self, books: &mut Books) -> AccountId {
        *self
            .escrow
            .get_or_insert_with(|| books.keep(ESCROW, Unit::Credit))
    }

    /// The public side of the book of a listing at a time.
    pub fn depth(&self, listing: &Listing, now_ms: u64) -> Depth {
        let mut depth = Depth {
            place: listing.place.clone(),
            good: listing.good,
            bids: Vec::new(),
            asks: Vec::new(),
            next_auction_ms: next_auction_ms(now_ms),
            calls: Vec::new(),
        };
        if let Some(&pit) = self.pit_of.get(listing) {
            let pit = &self.pits[pit as usize];
            depth.bids = levels(pit.book.bids());
            depth.asks = levels(pit.book.asks());
            depth.calls = pit.calls.iter().copied().collect();
        }
        depth
    }

    /// Everything that was ever listed.
    pub fn listings(&self) -> impl Iterator<Item = &Listing> {
        self.pits.iter().map(|pit| &pit.listing)
    }

    /// Price of the latest auction that traded [credits/kg].
    pub fn last_price_credits_per_kg(&self, listing: &Listing) -> Option<f64> {
        let pit = &self.pits[*self.pit_of.get(listing)? as usize];
        Some(pit.calls.back()?.price_credits_per_kg)
    }

    /// The open orders of a party, oldest first.
    pub fn own_orders(&self, party: Party) -> Vec<OwnOrder> {
        let own = self.own.get(&party).into_iter().flatten();
        own.map(|id| {
            let open = &self.orders[id];
            let listing = &self.pits[open.pit as usize].listing;
            OwnOrder {
                order: *id,
                side: open.side,
                place: listing.place.clone(),
                good: listing.good,
                limit_credits_per_kg: 1e-3 * open.price as f64,
                left_kg: 1e-3 * open.left_g as f64,
                placed_kg: 1e-3 * open.placed_g as f64,
                placed_ms: open.placed_ms,
                expires_ms: open.expires_ms,
            }
        })
        .collect()
    }

    /// The latest trades of a party, oldest first.
    pub fn own_trades(&self, party: Party) -> impl Iterator<Item = &OwnTrade> {
        self.trades.get(&party).into_iter().flatten()
    }

    /// What open orders may still take: money [µcr], and goods by the account that keeps them [g].
    pub fn obligations(&self) -> (Option<AccountId>, i64, Vec<(AccountId, i64)>) {
        let mut money_ucr = 0;
        let mut goods: Vec<(AccountId, i64)> =
            self.pits.iter().map(|pit| (pit.escrow, 0)).collect();
        for open in self.orders.values() {
            match open.side {
                Side::Buy => money_ucr += open.price * open.left_g,
                Side::Sell => goods[open.pit as usize].1 += open.left_g,
            }
        }
        (self.escrow, money_ucr, goods)
    }
}

/// The first auction after a time [ms].
pub fn next_auction_ms(now_ms: u64) -> u64 {
    (now_ms / AUCTION_PERIOD_MS + 1) * AUCTION_PERIOD_MS
}

fn levels(waiting: impl Iterator<Item = (i64, super::auction::Waiting)>) -> Vec<DepthLevel> {
    let mut levels: Vec<(i64, u64)> = Vec::new();
    for (price, order) in waiting {
        let full = levels.len() == DEPTH_LEVELS;
        match levels.last_mut() {
            Some(last) if last.0 == price => last.1 += order.quantity,
            _ if full => break,
            _ => levels.push((price, order.quantity)),
        }
    }
    levels
        .into_iter()
        .map(|(price, mass_g)| DepthLevel {
            price_credits_per_kg: 1e-3 * price as f64,
            mass_kg: 1e-3 * mass_g as f64,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::sim::economy::commerce::{News, Parties};
    use crate::sim::economy::ledger::{AccountKind, Ledger};
    use crate::sim::economy::stores::Stores;

    const PARTIES: u32 = 4;
    const MONEY_UCR: i64 = 2_000_000_000;
    const WATER_G: i64 = 50_000;

    fn listing() -> Listing {
        Listing {
            place: Place::Node("EML1".to_owned()),
            good: Good::Water,
        }
    }

    struct Town {
        ledger: Ledger,
        stores: Stores,
        parties: Parties,
        news: Vec<News>,
        now_ms: u64,
    }

    impl Town {
        fn new() -> Self {
            let mut town = Self {
                ledger: Ledger::default(),
                stores: Stores::default(),
                parties: Parties::default(),
                news: Vec::new(),
                now_ms: 0,
            };
            let (kind, water) = (AccountKind::Holding, Unit::Good(Good::Water));
            let spring = town
                .ledger
                .open("spring", water, kind, i64::from(PARTIES) * WATER_G);
            for name in (0..PARTIES).map(|number| format!("p{number}")) {
                let account = town
                    .ledger
                    .open(name.as_str(), Unit::Credit, kind, MONEY_UCR);
                let party = town.parties.enter(&name, account);
                let mut books = town.books();
                let store = books.store(party, &listing().place, Good::Water);
                books.transfer(spring, store, WATER_G, Memo::Stored);
            }
            town
        }

        fn books(&mut self) -> Books<'_> {
            Books {
                now_ms: self.now_ms,
                ledger: &mut self.ledger,
                stores: &mut self.stores,
                parties: &self.parties,
                news: &mut self.news,
            }
        }

        /// Micro-credits and grams of a party.
        fn wealth(&mut self, party: Party) -> (i64, i64) {
            let books = self.books();
            let water_g = books.held_g(party, &listing().place, Good::Water);
            (books.balance_ucr(party), water_g)
        }

        fn is_balanced(&self, exchange: &Exchange) -> bool {
            let (escrow, money_ucr, goods) = exchange.obligations();
            self.ledger.mass_error_g() == 0
                && self.ledger.credit_error_ucr() == 0
                && escrow.is_none_or(|escrow| self.ledger.balance(escrow) == money_ucr)
                && goods
                    .iter()
                    .all(|&(account, left_g)| self.ledger.balance(account) == left_g)
        }

        fn auction(&mut self, exchange: &mut Exchange) {
            self.now_ms = next_auction_ms(self.now_ms);
            exchange.hold_auctions(&mut self.books());
        }
    }

    fn wish(side: Side, mass_g: i64, limit: Option<i64>) -> Wish {
        Wish {
            listing: listing(),
            side,
            mass_g,
            limit,
            wait_ms: 10 * HOUR_MS,
        }
    }

    #[test]
    fn a_buyer_pays_the_one_price_and_gets_the_rest_of_its_escrow_back() {
        let (mut town, mut exchange) = (Town::new(), Exchange::default());
        let [a, b] = [Party(0), Party(1)];
        let ask = wish(Side::Sell, 3_000, Some(100));
        exchange.place(&mut town.books(), a, &ask).unwrap();
        let bid = wish(Side::Buy, 5_000, Some(200));
        exchange.place(&mut town.books(), b, &bid).unwrap();
        assert_eq!(town.wealth(a), (MONEY_UCR, WATER_G - 3_000));
        assert_eq!(town.wealth(b), (MONEY_UCR - 1_000_000, WATER_G));
        town.auction(&mut exchange);
        // Two kilograms of the bid are left over, so that its own limit is the price.
        assert_eq!(town.wealth(a), (MONEY_UCR + 600_000, WATER_G - 3_000));
        assert_eq!(town.wealth(b), (MONEY_UCR - 1_000_000, WATER_G + 3_000));
        assert_eq!(exchange.own_orders(b)[0].left_kg, 2.0);
        assert!(exchange.own_orders(a).is_empty());
        exchange.cancel(&mut town.books(), b, 2).unwrap();
        assert_eq!(town.wealth(b), (MONEY_UCR - 600_000, WATER_G + 3_000));
        assert!(town.is_balanced(&exchange));
    }

    #[test]
    fn prices_between_two_steps_are_rounded_down_and_up_in_turn() {
        let (mut town, mut exchange) = (Town::new(), Exchange::default());
        let mut prices = Vec::new();
        for _ in 0..4 {
            for (party, side, limit) in [(0, Side::Sell, 100), (1, Side::Buy, 101)] {
                let wish = wish(side, 10, Some(limit));
                exchange
                    .place(&mut town.books(), Party(party), &wish)
                    .unwrap();
            }
            town.auction(&mut exchange);
            prices.push(1e3 * exchange.last_price_credits_per_kg(&listing()).unwrap());
        }
        assert_eq!(prices, [100.0, 101.0, 100.0, 101.0]);
    }

    #[test]
    fn a_market_order_takes_what_waits_and_does_not_stay() {
        let (mut town, mut exchange) = (Town::new(), Exchange::default());
        let [a, b] = [Party(0), Party(1)];
        let take = wish(Side::Buy, 5_000, None);
        assert!(exchange.place(&mut town.books(), b, &take).is_err());
        for limit in [100, 130] {
            let ask = wish(Side::Sell, 2_000, Some(limit));
            exchange.place(&mut town.books(), a, &ask).unwrap();
        }
        exchange.place(&mut town.books(), b, &take).unwrap();
        town.auction(&mut exchange);
        assert_eq!(town.wealth(b), (MONEY_UCR - 4_000 * 130, WATER_G + 4_000));
        assert!(exchange.own_orders(b).is_empty());
        assert!(town.is_balanced(&exchange));
    }

    #[test]
    fn limits_are_never_rounded_against_their_sender() {
        assert_eq!(price_steps(Side::Buy, 900.001).unwrap(), 900_001);
        assert_eq!(price_steps(Side::Sell, 900.001).unwrap(), 900_001);
        assert_eq!(price_steps(Side::Buy, 1.0009).unwrap(), 1_000);
        assert_eq!(price_steps(Side::Sell, 1.0001).unwrap(), 1_001);
        for wrong in [0.0, -1.0, f64::NAN, f64::INFINITY, 1e11] {
            assert!(price_steps(Side::Buy, wrong).is_err());
        }
    }

    proptest! {
        #[test]
        fn nobody_trades_worse_than_told_nor_with_itself_and_nothing_is_lost(
            steps in prop::collection::vec(
                (0..PARTIES, any::<bool>(), 1..9_000_i64, prop::option::weighted(0.9, 90_000..110_000_i64), 0..8_u8),
                1..80,
            )
        ) {
            let (mut town, mut exchange) = (Town::new(), Exchange::default());
            for (party, buys, mass_g, limit, step) in steps {
                let party = Party(party);
                let before: Vec<_> = (0..PARTIES).map(|p| town.wealth(Party(p))).collect();
                match step {
                    0 => {
                        // Anybody may try to cancel anything.
                        let id = mass_g as u64 % (exchange.placed + 1);
                        let own = exchange.own_orders(party).iter().any(|order| order.order == id);
                        prop_assert_eq!(exchange.cancel(&mut town.books(), party, id).is_ok(), own);
                    }
                    1 => {
                        let waiting: Vec<(u64, Party, Side, i64, i64)> = exchange
                            .orders
                            .iter()
                            .map(|(&id, open)| (id, open.owner, open.side, open.price, open.left_g))
                            .collect();
                        let crossed = exchange.pits.first().is_some_and(|pit| pit.book.is_crossed());
                        town.auction(&mut exchange);
                        if !crossed {
                            continue;
                        }
                        let price = (1e3 * exchange.last_price_credits_per_kg(&listing()).unwrap()).round() as i64;
                        let (mut bought, mut sold) = (BTreeSet::new(), BTreeSet::new());
                        for (id, owner, side, limit, left_g) in waiting {
                            let traded_g: i64 = exchange
                                .own_trades(owner)
                                .filter(|trade| trade.order == id && trade.at_ms == town.now_ms)
                                .map(|trade| (1e3 * trade.mass_kg).round() as i64)
                                .sum();
                            let (worse, better) = match side {
                                Side::Buy => (limit < price, price < limit),
                                Side::Sell => (price < limit, limit < price),
                            };
                            prop_assert!(traded_g == 0 || !worse, "order {} traded beyond its limit", id);
                            prop_assert!(traded_g == left_g || !better, "order {} was passed over", id);
                            if 0 < traded_g {
                                (if side == Side::Buy { &mut bought } else { &mut sold }).insert(owner);
                            }
                        }
                        prop_assert!(bought.is_disjoint(&sold), "somebody traded with itself");
                    }
                    _ => {
                        let side = if buys { Side::Buy } else { Side::Sell };
                        if exchange.place(&mut town.books(), party, &wish(side, mass_g, limit)).is_err() {
                            prop_assert_eq!(town.wealth(party), before[party.0 as usize], "a refused order changed something");
                        }
                        for other in (0..PARTIES).filter(|&other| other != party.0) {
                            prop_assert_eq!(town.wealth(Party(other)), before[other as usize]);
                        }
                    }
                }
                prop_assert!(town.is_balanced(&exchange));
            }
            for party in (0..PARTIES).map(Party) {
                exchange.cancel_all(&mut town.books(), party);
            }
            prop_assert!(town.is_balanced(&exchange));
            let total: i64 = (0..PARTIES).map(|p| town.wealth(Party(p)).0).sum();
            prop_assert_eq!(total, i64::from(PARTIES) * MONEY_UCR);
        }
    }
}
