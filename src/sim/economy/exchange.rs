//! The exchange: limit and market orders of prospectors, matched in a call auction at every full
//! hour for each place and good, and for the shares of each company.
//!
//! **Prices** are whole micro-credits for a gram, thousandths of a credit for a kilogram (or whole
//! micro-credits for a share), so that what a trade costs is exact and no rounding favours anyone. A buyer's limit is rounded down, a
//! seller's up: nobody trades worse than told. Where the clearing price lies half-way between two
//! steps, it is rounded down and up in turn.
//!
//! **Escrow**: a bid sets aside its money, an ask its goods or shares, when it is placed. What waits can
//! always be honoured; the escrow of the exchange is the sum of what its open orders may still
//! take.
//!
//! **No self-trade**: an order that would meet another of its own sender's is refused. As an
//! auction has one price, an own bid and an own ask that do not cross can never both trade, and
//! the volume stays the largest possible.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::fmt;

use serde::{Deserialize, Serialize};

use super::auction::{Match, OrderBook, Side, Waiting};
use super::commerce::{Books, HOUR_MS, Party};
use super::good::Good;
use super::ledger::{AccountId, Memo, Unit};
use super::set_aside::SetAside;
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
pub enum Listing {
    /// Counted in grams here, in kilograms for people.
    Goods { place: Place, good: Good },
    /// Of a company, by its name.
    Shares { venture: String },
}

impl Listing {
    /// Kilograms or shares.
    fn quantity(&self, count: i64) -> f64 {
        match self {
            Self::Goods { .. } => 1e-3 * count as f64,
            Self::Shares { .. } => count as f64,
        }
    }

    /// Credits for a kilogram or a share.
    fn price_credits(&self, steps: i64) -> f64 {
        match self {
            Self::Goods { .. } => 1e-3 * steps as f64,
            Self::Shares { .. } => 1e-6 * steps as f64,
        }
    }
}

impl fmt::Display for Listing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Goods { place, good } => write!(f, "{good} at {place}"),
            Self::Shares { venture } => write!(f, "shares of {venture}"),
        }
    }
}

/// An order that waits for an auction.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Open {
    owner: Party,
    pit: u32,
    side: Side,
    /// Limit [µcr/g, or µcr a share].
    price: i64,
    left: i64,
    placed: i64,
    placed_ms: u64,
    expires_ms: u64,
}

/// What one auction came to.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct CallRecord {
    pub at_ms: u64,
    /// For a kilogram or a share.
    pub price_credits: f64,
    /// Kilograms or shares.
    pub volume: f64,
    /// What buyers would have paid above, and sellers taken below, the price [credits].
    pub surplus_credits: f64,
}

/// A trade as one of its parties sees it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct OwnTrade {
    pub at_ms: u64,
    pub order: u64,
    pub side: Side,
    pub listing: Listing,
    /// Kilograms or shares.
    pub quantity: f64,
    /// For a kilogram or a share.
    pub price_credits: f64,
}

/// The book of one listing.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Pit {
    listing: Listing,
    book: OrderBook,
    /// Account of the goods that asks have set aside; shares are set aside in the order itself.
    escrow: Option<AccountId>,
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
    /// Grams or shares.
    pub quantity: i64,
    /// In µcr/g, or µcr for a share; `None` takes part in the next auction only, at any price that those who wait now
    /// would have given it.
    pub limit: Option<i64>,
    pub wait_ms: u64,
}

/// The public side of one book.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Depth {
    pub listing: Listing,
    /// Price and quantity of each level, best first.
    pub bids: Vec<DepthLevel>,
    pub asks: Vec<DepthLevel>,
    pub next_auction_ms: u64,
    /// The latest auctions that traded, oldest first.
    pub calls: Vec<CallRecord>,
}

/// All that waits at one price.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct DepthLevel {
    /// For a kilogram or a share.
    pub price_credits: f64,
    /// Kilograms or shares.
    pub quantity: f64,
}

/// An open order of one's own.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct OwnOrder {
    pub order: u64,
    pub side: Side,
    pub listing: Listing,
    /// For a kilogram or a share.
    pub limit_credits: f64,
    /// Kilograms or shares.
    pub left: f64,
    pub placed: f64,
    pub placed_ms: u64,
    pub expires_ms: u64,
}

/// A limit of an order, for a kilogram or a share, in steps of price, rounded so that it is not
/// exceeded.
///
/// # Errors
/// [`Refusal`] if it is no price.
pub fn price_steps(listing: &Listing, side: Side, limit_credits: f64) -> Result<i64, Refusal> {
    const MAX_STEPS: f64 = 1e13;
    let (field, steps_per_credit) = match listing {
        Listing::Goods { .. } => ("limit_credits_per_kg", 1e3),
        Listing::Shares { .. } => ("limit_credits", 1e6),
    };
    let exact = steps_per_credit * limit_credits;
    if !(1.0..=MAX_STEPS).contains(&exact) {
        return Err(Refusal::because(format!(
            "{field} = {limit_credits} must be from {} to {:e}",
            1.0 / steps_per_credit,
            MAX_STEPS / steps_per_credit
        )));
    }
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
    /// returns its limit in steps of price, and whether it takes part in the next auction only.
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
        let &Wish { side, quantity, .. } = wish;
        let listing = &wish.listing;
        if let Listing::Goods { good, .. } = listing
            && !good.is_tradable()
        {
            return Err(Refusal::because(format!("{good} cannot change hands")));
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
            None => self.market_limit(pit, sender, side, quantity, listing)?,
        };
        if let Some(own) = self.own_that_meets(pit, sender, side, price) {
            return Err(Refusal::because(format!(
                "it would meet your own order {own}: cancel that first"
            )));
        }
        let cost_ucr = i128::from(price) * i128::from(quantity);
        match (side, listing) {
            (Side::Buy, _) => books.needs_money(sender, cost_ucr, "the bid")?,
            (Side::Sell, Listing::Goods { place, good }) => {
                books.needs_goods(sender, place, *good, quantity - beside_g)?;
            }
            (Side::Sell, Listing::Shares { venture }) => {
                books.needs_shares(sender, venture, quantity as u64)?;
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
            quantity,
            wait_ms,
            ..
        } = wish;
        let listing = &wish.listing;
        let pit = self.pit_of.get(listing).copied();
        let pit = pit.unwrap_or_else(|| self.open_pit(books, listing));
        match side {
            Side::Buy => {
                let (purse, escrow) = (books.account(sender), self.escrow(books));
                books.transfer(purse, escrow, price * quantity, Memo::Escrow);
            }
            Side::Sell => self.pits[pit as usize].take_in(books, sender, quantity),
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
            .rest(side, price, id, quantity as u64);
        self.expiries.insert((expires_ms, id));
        self.own.entry(sender).or_default().insert(id);
        let open = Open {
            owner: sender,
            pit,
            side,
            price,
            left: quantity,
            placed: quantity,
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
            let (owner, left) = (open.owner, open.left);
            let listing = &self.pits[open.pit as usize].listing;
            let left = listing.quantity(left);
            let text = format!("order {id} has expired: {left} of {listing} were left");
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
        let mut volume = 0;
        for found in &*matches {
            let quantity = found.quantity as i64;
            volume += quantity;
            let (buyer, limit) = self.fill(books, found.bid, quantity, price, index);
            let (seller, _) = self.fill(books, found.ask, quantity, price, index);
            let (payer, payee) = (books.account(buyer), books.account(seller));
            books.transfer(escrow, payee, price * quantity, Memo::Traded);
            books.transfer(escrow, payer, (limit - price) * quantity, Memo::Escrow);
            self.pits[index].give_out(books, buyer, quantity, Memo::Traded);
        }
        let Pit { calls, listing, .. } = &mut self.pits[index];
        if calls.len() == CALLS_KEPT {
            calls.pop_front();
        }
        calls.push_back(CallRecord {
            at_ms: books.now_ms,
            price_credits: listing.price_credits(price),
            volume: listing.quantity(volume),
            surplus_credits: 1e-6 * call.surplus as f64,
        });
    }

    /// Books a fill to an order; returns its owner and its limit.
    fn fill(
        &mut self,
        books: &mut Books,
        id: u64,
        quantity: i64,
        price: i64,
        pit: usize,
    ) -> (Party, i64) {
        let open = self.orders.get_mut(&id).expect("what waits is open");
        open.left -= quantity;
        let (owner, limit, side, left) = (open.owner, open.price, open.side, open.left);
        if left == 0 {
            let expires_ms = open.expires_ms;
            self.orders.remove(&id);
            self.forget(owner, expires_ms, id);
        }
        let listing = &self.pits[pit].listing;
        let trades = self.trades.entry(owner).or_default();
        match trades.back_mut() {
            // Several fills of one order in one auction are one trade.
            Some(last) if last.order == id && last.at_ms == books.now_ms => {
                last.quantity += listing.quantity(quantity);
            }
            _ => {
                if trades.len() == TRADES_KEPT {
                    trades.pop_front();
                }
                trades.push_back(OwnTrade {
                    at_ms: books.now_ms,
                    order: id,
                    side,
                    listing: listing.clone(),
                    quantity: listing.quantity(quantity),
                    price_credits: listing.price_credits(price),
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
        let pit = &mut self.pits[open.pit as usize];
        let left = pit.book.withdraw(open.side, open.price, id);
        debug_assert_eq!(left, Some(open.left as u64));
        match open.side {
            Side::Buy => {
                let (purse, escrow) = (books.account(open.owner), self.escrow(books));
                books.transfer(escrow, purse, open.price * open.left, Memo::Escrow);
            }
            Side::Sell => pit.give_out(books, open.owner, open.left, Memo::Escrow),
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
        quantity: i64,
        listing: &Listing,
    ) -> Result<i64, Refusal> {
        let mut wanted = quantity as u64;
        let mut worst = None;
        if let Some(pit) = pit {
            let book = &self.pits[pit as usize].book;
            let mut take = |(price, waiting): (i64, Waiting)| {
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
        let escrow = match listing {
            Listing::Goods { place, good } => {
                let name = format!("{ESCROW}:{place}:{}", good.as_str());
                Some(books.keep(&name, Unit::Good(*good)))
            }
            Listing::Shares { .. } => None,
        };
        let pit = Pit {
            listing: listing.clone(),
            book: OrderBook::default(),
            escrow,
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

    /// Price of the best bid and of the best ask: the first of [`Exchange::depth`], at less cost.
    pub fn best(&self, listing: &Listing) -> (Option<f64>, Option<f64>) {
        let Some(&pit) = self.pit_of.get(listing) else {
            return (None, None);
        };
        let book = &self.pits[pit as usize].book;
        let told = |price: Option<i64>| price.map(|price| listing.price_credits(price));
        (told(book.best_bid()), told(book.best_ask()))
    }

    /// The public side of the book of a listing at a time.
    pub fn depth(&self, listing: &Listing, now_ms: u64) -> Depth {
        let mut depth = Depth {
            listing: listing.clone(),
            bids: Vec::new(),
            asks: Vec::new(),
            next_auction_ms: next_auction_ms(now_ms),
            calls: Vec::new(),
        };
        if let Some(&pit) = self.pit_of.get(listing) {
            let pit = &self.pits[pit as usize];
            depth.bids = levels(listing, pit.book.bids());
            depth.asks = levels(listing, pit.book.asks());
            depth.calls = pit.calls.iter().copied().collect();
        }
        depth
    }

    /// Everything that was ever listed.
    pub fn listings(&self) -> impl Iterator<Item = &Listing> {
        self.pits.iter().map(|pit| &pit.listing)
    }

    /// Price of the latest auction that traded, for a kilogram or a share.
    pub fn last_price_credits(&self, listing: &Listing) -> Option<f64> {
        let pit = &self.pits[*self.pit_of.get(listing)? as usize];
        Some(pit.calls.back()?.price_credits)
    }

    /// Takes back all orders in one book: what is traded there ends.
    pub fn close(&mut self, books: &mut Books, listing: &Listing) {
        if let Some(&pit) = self.pit_of.get(listing) {
            let waiting = self.orders.iter().filter(|(_, open)| open.pit == pit);
            let ids: Vec<u64> = waiting.map(|(&id, _)| id).collect();
            for id in ids {
                self.release(books, id);
            }
        }
    }

    /// How many open orders a party has.
    pub fn own_count(&self, party: Party) -> usize {
        self.own.get(&party).map_or(0, |own| own.len())
    }

    /// The open orders of a party, oldest first.
    pub fn own_orders(&self, party: Party) -> Vec<OwnOrder> {
        let own = self.own.get(&party).into_iter().flatten();
        own.zip(self.open_of(party))
            .map(|(id, (open, listing))| OwnOrder {
                order: *id,
                side: open.side,
                listing: listing.clone(),
                limit_credits: listing.price_credits(open.price),
                left: listing.quantity(open.left),
                placed: listing.quantity(open.placed),
                placed_ms: open.placed_ms,
                expires_ms: open.expires_ms,
            })
            .collect()
    }

    fn open_of(&self, party: Party) -> impl Iterator<Item = (&Open, &Listing)> {
        let own = self.own.get(&party).into_iter().flatten();
        own.map(|id| {
            let open = &self.orders[id];
            (open, &self.pits[open.pit as usize].listing)
        })
    }

    /// Adds the money of the bids of a party, and the goods of its asks.
    pub(super) fn set_aside(&self, party: Party, aside: &mut SetAside) {
        for (open, listing) in self.open_of(party) {
            match (open.side, listing) {
                (Side::Buy, _) => aside.money_ucr += open.price * open.left,
                (Side::Sell, Listing::Goods { place, good }) => {
                    aside.add_goods(place, *good, open.left);
                }
                (Side::Sell, Listing::Shares { .. }) => {}
            }
        }
    }

    /// Shares of a company that a party asks a price for.
    pub fn shares_asked(&self, venture: &str, party: Party) -> u64 {
        let of_venture = self.open_of(party).filter(|(open, listing)| {
            let shares = matches!(listing, Listing::Shares { venture: name } if name == venture);
            shares && open.side == Side::Sell
        });
        of_venture.map(|(open, _)| open.left as u64).sum()
    }

    /// The latest trades of a party, oldest first.
    pub fn own_trades(&self, party: Party) -> impl Iterator<Item = &OwnTrade> {
        self.trades.get(&party).into_iter().flatten()
    }

    /// What open orders may still take: money [µcr], goods by the account that keeps them [g], and
    /// shares by company.
    pub fn obligations(&self) -> Obligations {
        let mut held = Obligations {
            money: (self.escrow, 0),
            ..Obligations::default()
        };
        for pit in &self.pits {
            held.goods.extend(pit.escrow.map(|escrow| (escrow, 0)));
        }
        for open in self.orders.values() {
            let pit = &self.pits[open.pit as usize];
            match (open.side, &pit.listing, pit.escrow) {
                (Side::Buy, ..) => held.money.1 += open.price * open.left,
                (Side::Sell, Listing::Shares { venture }, _) => {
                    *held.shares.entry(venture.clone()).or_default() += open.left as u64;
                }
                (Side::Sell, _, Some(escrow)) => {
                    *held.goods.entry(escrow).or_default() += open.left;
                }
                (Side::Sell, _, None) => {}
            }
        }
        held
    }
}

/// What lies in escrow at the exchange, as its open orders have it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Obligations {
    pub money: (Option<AccountId>, i64),
    pub goods: BTreeMap<AccountId, i64>,
    pub shares: BTreeMap<String, u64>,
}

impl Pit {
    /// Sets aside what an ask offers.
    fn take_in(&self, books: &mut Books, seller: Party, quantity: i64) {
        match (&self.listing, self.escrow) {
            (Listing::Shares { venture }, _) => {
                books.shares.take(venture, seller, quantity as u64);
            }
            (Listing::Goods { place, good }, Some(escrow)) => {
                let store = books.store(seller, place, *good);
                books.transfer(store, escrow, quantity, Memo::Escrow);
            }
            (Listing::Goods { .. }, None) => unreachable!("goods have an account"),
        }
    }

    /// Hands out what asks have set aside.
    fn give_out(&self, books: &mut Books, to: Party, quantity: i64, memo: Memo) {
        match (&self.listing, self.escrow) {
            (Listing::Shares { venture }, _) => books.shares.add(venture, to, quantity as u64),
            (Listing::Goods { place, good }, Some(escrow)) => {
                let store = books.store(to, place, *good);
                books.transfer(escrow, store, quantity, memo);
            }
            (Listing::Goods { .. }, None) => unreachable!("goods have an account"),
        }
    }
}

/// The first auction after a time [ms].
pub fn next_auction_ms(now_ms: u64) -> u64 {
    (now_ms / AUCTION_PERIOD_MS + 1) * AUCTION_PERIOD_MS
}

fn levels(listing: &Listing, waiting: impl Iterator<Item = (i64, Waiting)>) -> Vec<DepthLevel> {
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
        .map(|(price, quantity)| DepthLevel {
            price_credits: listing.price_credits(price),
            quantity: listing.quantity(quantity as i64),
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::sim::economy::commerce::{News, Parties, Shares};
    use crate::sim::economy::ledger::{AccountKind, Ledger};
    use crate::sim::economy::stores::Stores;

    const PARTIES: u32 = 4;
    const MONEY_UCR: i64 = 2_000_000_000;
    const WATER_G: i64 = 50_000;

    fn listing() -> Listing {
        Listing::Goods {
            place: depot(),
            good: Good::Water,
        }
    }

    fn depot() -> Place {
        Place::Node("EML1".to_owned())
    }

    struct Town {
        ledger: Ledger,
        stores: Stores,
        parties: Parties,
        shares: Shares,
        deals: u32,
        news: Vec<News>,
        now_ms: u64,
    }

    impl Town {
        fn new() -> Self {
            let mut town = Self {
                ledger: Ledger::default(),
                stores: Stores::default(),
                parties: Parties::default(),
                shares: Shares::default(),
                deals: 0,
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
                let store = books.store(party, &depot(), Good::Water);
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
                shares: &mut self.shares,
                deals: &mut self.deals,
                news: &mut self.news,
            }
        }

        /// Micro-credits and grams of a party.
        fn wealth(&mut self, party: Party) -> (i64, i64) {
            let books = self.books();
            let water_g = books.held_g(party, &depot(), Good::Water);
            (books.balance_ucr(party), water_g)
        }

        fn is_balanced(&self, exchange: &Exchange) -> bool {
            let Obligations { money, goods, .. } = exchange.obligations();
            let holds = |account, amount| self.ledger.balance(account) == amount;
            self.ledger.mass_error_g() == 0
                && self.ledger.credit_error_ucr() == 0
                && money.0.is_none_or(|escrow| holds(escrow, money.1))
                && goods
                    .iter()
                    .all(|(&account, &left_g)| holds(account, left_g))
        }

        fn auction(&mut self, exchange: &mut Exchange) {
            self.now_ms = next_auction_ms(self.now_ms);
            exchange.hold_auctions(&mut self.books());
        }
    }

    fn wish(side: Side, quantity: i64, limit: Option<i64>) -> Wish {
        Wish {
            listing: listing(),
            side,
            quantity,
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
        assert_eq!(exchange.own_orders(b)[0].left, 2.0);
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
            prices.push(1e3 * exchange.last_price_credits(&listing()).unwrap());
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
        assert_eq!(
            price_steps(&listing(), Side::Buy, 900.001).unwrap(),
            900_001
        );
        assert_eq!(
            price_steps(&listing(), Side::Sell, 900.001).unwrap(),
            900_001
        );
        assert_eq!(price_steps(&listing(), Side::Buy, 1.0009).unwrap(), 1_000);
        assert_eq!(price_steps(&listing(), Side::Sell, 1.0001).unwrap(), 1_001);
        for wrong in [0.0, -1.0, f64::NAN, f64::INFINITY, 1e11] {
            assert!(price_steps(&listing(), Side::Buy, wrong).is_err());
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
                            .map(|(&id, open)| (id, open.owner, open.side, open.price, open.left))
                            .collect();
                        let crossed = exchange.pits.first().is_some_and(|pit| pit.book.is_crossed());
                        town.auction(&mut exchange);
                        if !crossed {
                            continue;
                        }
                        let price = (1e3 * exchange.last_price_credits(&listing()).unwrap()).round() as i64;
                        let (mut bought, mut sold) = (BTreeSet::new(), BTreeSet::new());
                        for (id, owner, side, limit, left_g) in waiting {
                            let traded_g: i64 = exchange
                                .own_trades(owner)
                                .filter(|trade| trade.order == id && trade.at_ms == town.now_ms)
                                .map(|trade| (1e3 * trade.quantity).round() as i64)
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
