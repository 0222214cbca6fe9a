//! What prospectors have and have agreed among each other: one resource, made of the books of each
//! trade, so that a save and the state hash hold all of it.
//!
//! The trades (exchange, contracts, …) know parties, money and goods and nothing else; `desk`
//! hands them orders, `desk::settle` the passing of time.

use bevy::prelude::Resource;
use serde::{Deserialize, Serialize};

use super::exchange::{Exchange, OwnOrder, OwnTrade};
use super::good::Good;
use super::ledger::{AccountId, AccountKind, Ledger, Memo, Unit};
use super::markets::Sales;
use super::stores::{Place, Stores};
use crate::sim::order::{Refusal, Severity};
use crate::sim::voyage::shipping::Shipping;

/// Largest mass of one deal [kg], and largest sum of money [credits]: more is a slip of the pen.
const MASS_MAX_KG: f64 = 1e9;
const MONEY_MAX_CREDITS: f64 = 1e12;

/// Who can trade: the number of a prospector in the order of the level.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Party(pub u32);

/// Names and accounts of the parties.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Parties(Vec<(String, AccountId)>);

impl Parties {
    /// Enters a party with its account of money.
    pub fn enter(&mut self, name: &str, account: AccountId) -> Party {
        self.0.push((name.to_owned(), account));
        Party(self.0.len() as u32 - 1)
    }

    pub fn find(&self, name: &str) -> Option<Party> {
        let index = self.0.iter().position(|(known, _)| known == name)?;
        Some(Party(index as u32))
    }

    pub fn name(&self, party: Party) -> &str {
        &self.0[party.0 as usize].0
    }

    pub fn account(&self, party: Party) -> AccountId {
        self.0[party.0 as usize].1
    }

    pub fn iter(&self) -> impl Iterator<Item = Party> {
        (0..self.0.len() as u32).map(Party)
    }

    pub fn len(&self) -> usize {
        self.0.len()
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// The books of trade between prospectors.
#[derive(Resource, Clone, Debug, Default, Serialize, Deserialize)]
pub struct Commerce {
    pub stores: Stores,
    pub parties: Parties,
    pub exchange: Exchange,
    pub shipping: Shipping,
    pub sales: Sales,
}

impl Commerce {
    /// What falls due at a full hour of the run.
    pub fn pass_hour(&mut self, now_ms: u64, ledger: &mut Ledger, news: &mut Vec<News>) {
        let (exchange, mut books) = self.at_exchange(now_ms, ledger, news);
        exchange.hold_auctions(&mut books);
    }

    /// The exchange with the books that it works on.
    pub fn at_exchange<'a>(
        &'a mut self,
        now_ms: u64,
        ledger: &'a mut Ledger,
        news: &'a mut Vec<News>,
    ) -> (&'a mut Exchange, Books<'a>) {
        let Self {
            stores,
            parties,
            exchange,
            ..
        } = self;
        let books = Books {
            now_ms,
            ledger,
            stores,
            parties,
            news,
        };
        (exchange, books)
    }

    /// What a party has in stores and at the exchange.
    pub fn view(&self, ledger: &Ledger, party: Party) -> TradeView {
        let stores = self.stores.of(self.parties.name(party));
        TradeView {
            stores: stores
                .map(|(place, good, account)| StoreView {
                    place: place.clone(),
                    good,
                    mass_kg: 1e-3 * ledger.balance(account) as f64,
                })
                .filter(|store| 0.0 < store.mass_kg)
                .collect(),
            orders: self.exchange.own_orders(party),
            trades: self.exchange.own_trades(party).cloned().collect(),
        }
    }
}

/// What a prospector has in trade: its own affairs, which no other sees.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct TradeView {
    /// Goods in stores of one's own.
    pub stores: Vec<StoreView>,
    /// Open orders at the exchange, oldest first.
    pub orders: Vec<OwnOrder>,
    /// Latest trades at the exchange, oldest first.
    pub trades: Vec<OwnTrade>,
}

/// Goods in a store.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StoreView {
    pub place: Place,
    pub good: Good,
    pub mass_kg: f64,
}

/// Something that a party is to hear of.
#[derive(Clone, Debug, PartialEq)]
pub struct News {
    /// `None` is everybody.
    pub to: Option<Party>,
    pub severity: Severity,
    pub text: String,
}

/// What every trade works with: money, goods and who is who, at one time.
pub struct Books<'a> {
    pub now_ms: u64,
    pub ledger: &'a mut Ledger,
    pub stores: &'a mut Stores,
    pub parties: &'a Parties,
    pub news: &'a mut Vec<News>,
}

impl Books<'_> {
    pub fn name(&self, party: Party) -> &str {
        self.parties.name(party)
    }

    pub fn account(&self, party: Party) -> AccountId {
        self.parties.account(party)
    }

    /// What a party has in its account [µcr].
    pub fn balance_ucr(&self, party: Party) -> i64 {
        self.ledger.balance(self.account(party))
    }

    /// What a party has in a store [g].
    pub fn held_g(&self, party: Party, place: &Place, good: Good) -> i64 {
        let name = self.parties.name(party);
        self.stores.held_g(self.ledger, name, place, good)
    }

    /// The account of a party's store, opened if there is none yet.
    pub fn store(&mut self, party: Party, place: &Place, good: Good) -> AccountId {
        let name = self.parties.name(party);
        self.stores.open(self.ledger, name, place, good)
    }

    /// An account in which a trade keeps money or goods for others, opened when first used.
    pub fn keep(&mut self, name: &str, unit: Unit) -> AccountId {
        match self.ledger.find(name) {
            Some(account) => account,
            None => self.ledger.open(name, unit, AccountKind::Holding, 0),
        }
    }

    /// Moves what has been checked to be there.
    ///
    /// # Panics
    /// If it is not there: a check was forgotten.
    pub fn transfer(&mut self, from: AccountId, to: AccountId, amount: i64, memo: Memo) {
        self.ledger
            .transfer(self.now_ms, from, to, amount, memo)
            .expect("cover was checked before");
    }

    /// # Errors
    /// [`Refusal`] if the account of a party does not hold so much [µcr].
    pub fn needs_money(&self, party: Party, amount_ucr: i128, what: &str) -> Result<(), Refusal> {
        let there_ucr = self.balance_ucr(party);
        if amount_ucr <= i128::from(there_ucr) {
            return Ok(());
        }
        Err(Refusal::because(format!(
            "{what} takes {:.2} credits, and the account holds {:.2}",
            1e-6 * amount_ucr as f64,
            1e-6 * there_ucr as f64
        )))
    }

    /// # Errors
    /// [`Refusal`] if the store of a party does not hold so much [g].
    pub fn needs_goods(
        &self,
        party: Party,
        place: &Place,
        good: Good,
        mass_g: i64,
    ) -> Result<(), Refusal> {
        let there_g = self.held_g(party, place, good);
        if mass_g <= there_g {
            return Ok(());
        }
        Err(Refusal::because(format!(
            "{:.3} kg of {good} lie at {place} in a store of your own, not {:.3} kg",
            1e-3 * there_g as f64,
            1e-3 * mass_g as f64
        )))
    }

    pub fn tell(&mut self, to: Party, text: String) {
        self.report(Some(to), Severity::Info, text);
    }

    pub fn alarm(&mut self, to: Party, text: String) {
        self.report(Some(to), Severity::Alarm, text);
    }

    pub fn announce(&mut self, text: String) {
        self.report(None, Severity::Info, text);
    }

    fn report(&mut self, to: Option<Party>, severity: Severity, text: String) {
        self.news.push(News { to, severity, text });
    }
}

/// Kilograms of an order as whole grams.
///
/// # Errors
/// [`Refusal`] if they are no mass that one can trade.
pub fn grams(field: &str, kg: f64) -> Result<i64, Refusal> {
    if (0.001..=MASS_MAX_KG).contains(&kg) {
        return Ok((1e3 * kg).round() as i64);
    }
    Err(Refusal::because(format!(
        "{field} = {kg} must be from 0.001 to {MASS_MAX_KG:e} kg"
    )))
}

/// Credits of an order as whole micro-credits.
///
/// # Errors
/// [`Refusal`] if they are not from `least` to the most that one deal may be about.
pub fn micro_credits(field: &str, credits: f64, least: f64) -> Result<i64, Refusal> {
    if (least..=MONEY_MAX_CREDITS).contains(&credits) {
        return Ok((1e6 * credits).round() as i64);
    }
    Err(Refusal::because(format!(
        "{field} = {credits} must be from {least} to {MONEY_MAX_CREDITS:e} credits"
    )))
}

/// A span of an order in whole milliseconds, from one hour of `unit_ms` milliseconds.
///
/// # Errors
/// [`Refusal`] if it is not above zero and at most `most` units.
pub fn span_ms(field: &str, span: f64, unit_ms: u64, most: f64) -> Result<u64, Refusal> {
    if 0.0 < span && span <= most {
        return Ok(((span * unit_ms as f64).round() as u64).max(1));
    }
    Err(Refusal::because(format!(
        "{field} = {span} must be above 0 and at most {most}"
    )))
}

pub const HOUR_MS: u64 = 3_600_000;
pub const DAY_MS: u64 = 86_400_000;
