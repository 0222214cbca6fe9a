//! What prospectors have and have agreed among each other: one resource, made of the books of each
//! trade, so that a save and the state hash hold all of it.
//!
//! The trades (exchange, contracts, …) know parties, money and goods and nothing else; `desk`
//! hands them orders, `desk::settle` the passing of time.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use bevy::prelude::Resource;
use serde::{Deserialize, Serialize};

use super::contracts::Contracts;
use super::credit::Credit;
use super::deals::{self, DealView};
use super::exchange::{Exchange, OwnOrder, OwnTrade};
use super::fleet::{Fleet, Machine};
use super::good::Good;
use super::hire::Hires;
use super::insolvency::{Arrears, Insolvency};
use super::insurance::Insurance;
use super::labour::{Labour, LabourTerms};
use super::ledger::{AccountId, AccountKind, Ledger, Memo, Unit};
use super::markets::Sales;
use super::sale::MachineSales;
use super::stores::{Place, Stores};
use super::tenders::Tenders;
use super::venture::{self, Ventures};
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

/// Whom an offer is for: `None` is everybody.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Whom(pub Option<Vec<Party>>);

impl Whom {
    pub fn nobody() -> Self {
        Self(Some(Vec::new()))
    }

    pub fn includes(&self, party: Party) -> bool {
        self.0.as_ref().is_none_or(|some| some.contains(&party))
    }
}

/// How many shares of each company who has, by its name. What asks at the exchange have set aside
/// is in none.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Shares(BTreeMap<String, BTreeMap<Party, u64>>);

impl Shares {
    pub fn held(&self, venture: &str, party: Party) -> u64 {
        let held = self.0.get(venture).and_then(|held| held.get(&party));
        held.copied().unwrap_or(0)
    }

    /// Everybody who has any.
    pub fn holders(&self, venture: &str) -> Vec<Party> {
        let held = self.0.get(venture).into_iter().flatten();
        held.filter(|(_, shares)| 0 < **shares)
            .map(|(&party, _)| party)
            .collect()
    }

    pub(super) fn add(&mut self, venture: &str, party: Party, shares: u64) {
        let held = self.0.entry(venture.to_owned()).or_default();
        *held.entry(party).or_default() += shares;
    }

    /// # Panics
    /// If the party has not so many: a check was forgotten.
    pub(super) fn take(&mut self, venture: &str, party: Party, shares: u64) {
        let held = self.0.entry(venture.to_owned()).or_default();
        let own = held.entry(party).or_default();
        *own = own.checked_sub(shares).expect("shares were checked before");
    }

    pub(super) fn strike_off(&mut self, venture: &str) {
        self.0.remove(venture);
    }
}

/// The books of trade between prospectors.
#[derive(Resource, Clone, Debug, Default, Serialize, Deserialize)]
pub struct Commerce {
    pub stores: Stores,
    pub parties: Parties,
    pub shares: Shares,
    pub exchange: Exchange,
    pub shipping: Shipping,
    pub sales: Sales,
    pub contracts: Contracts,
    pub tenders: Tenders,
    pub hires: Hires,
    pub machine_sales: MachineSales,
    pub credit: Credit,
    pub insurance: Insurance,
    pub ventures: Ventures,
    pub labour: Labour,
    pub arrears: Arrears,
    pub insolvency: Insolvency,
    /// Number of the latest deal: offers and deals of all kinds are numbered as one.
    deals: u32,
    /// Machines that an order has handed over, until the world has done so too.
    #[serde(skip)]
    handed_over: Vec<(Machine, Party)>,
}

impl Commerce {
    /// What falls due at a full hour of the run: auctions and deals, and at a full day interest,
    /// wages, shares and debts.
    pub fn pass_hour(
        &mut self,
        now_ms: u64,
        ledger: &mut Ledger,
        fleet: &mut Fleet,
        costs: &RunningCosts,
        news: &mut Vec<News>,
    ) {
        let ended = &self.shipping.outcomes()[self.insurance.seen_outcomes()..];
        let ended: Vec<(u32, bool)> = ended
            .iter()
            .map(|end| (end.shipment.id, end.lost))
            .collect();
        let (mut trades, mut books) = self.open_books(now_ms, ledger, news);
        let books = &mut books;
        trades.insurance.end_cargoes(books, &ended);
        trades.exchange.hold_auctions(books);
        trades.ventures.pass_hour(books);
        trades.contracts.pass_hour(books);
        trades.tenders.pass_hour(books, trades.contracts);
        trades.insurance.pass_hour(books, fleet);
        trades.hires.pass_hour(books, fleet);
        trades.ventures.appoint(fleet);
        trades.machine_sales.pass_hour(fleet, trades.ventures);
        trades.credit.pass_hour(books, fleet, trades.arrears);
        trades.insolvency.pass_hour(books, fleet, trades.arrears);
        if !now_ms.is_multiple_of(DAY_MS) {
            return;
        }
        trades.credit.pass_day();
        trades
            .labour
            .pass_day(books, &costs.labour, costs.wages_to, trades.arrears);
        trades.ventures.pass_day(books);
        for party in trades.insolvency.pass_day(books, trades.arrears) {
            trades.wind_up(books, fleet, party);
        }
    }

    /// The trades, and the books that they work on.
    pub fn open_books<'a>(
        &'a mut self,
        now_ms: u64,
        ledger: &'a mut Ledger,
        news: &'a mut Vec<News>,
    ) -> (Trades<'a>, Books<'a>) {
        let Self {
            stores,
            parties,
            shares,
            exchange,
            contracts,
            tenders,
            hires,
            machine_sales,
            credit,
            insurance,
            ventures,
            labour,
            arrears,
            insolvency,
            deals,
            ..
        } = self;
        let trades = Trades {
            exchange,
            contracts,
            tenders,
            hires,
            machine_sales,
            credit,
            insurance,
            ventures,
            labour,
            arrears,
            insolvency,
        };
        let books = Books {
            now_ms,
            ledger,
            stores,
            parties,
            shares,
            deals,
            news,
        };
        (trades, books)
    }

    /// Machines that have changed hands, for the world to do likewise.
    pub(in crate::sim) fn hand_over(&mut self, machines: Vec<(Machine, Party)>) {
        self.handed_over.extend(machines);
    }

    pub(in crate::sim) fn take_handed_over(&mut self) -> Vec<(Machine, Party)> {
        std::mem::take(&mut self.handed_over)
    }

    /// Why a machine may not be sold, taken apart, hired out or pledged now, if there is a reason.
    pub fn bond_of(&self, machine: &Machine) -> Option<&'static str> {
        if self.hires.binds(machine) {
            Some("on offer or hired")
        } else if self.ventures.binds(machine) {
            Some("a venture's")
        } else if self.machine_sales.binds(machine) {
            Some("for sale")
        } else if self.credit.binds(machine) {
            Some("pledged for a loan")
        } else if self.insolvency.is_abandoned(machine) {
            Some("abandoned: it belongs to the first who salvages it")
        } else {
            None
        }
    }

    /// Whether a party may act for a holder of claims or goods: for itself, and for a venture of
    /// which it is a member.
    pub fn may_act_for(&self, party: Party, holder: &str) -> bool {
        self.parties.name(party) == holder || self.ventures.represents(party, holder)
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
            deals: deals::seen_by(self, party),
            debts_credits: 1e-6
                * self
                    .arrears
                    .debts(party)
                    .iter()
                    .map(|debt| debt.amount_ucr)
                    .sum::<i64>() as f64,
            insolvent: self.insolvency.is_insolvent(party),
            autonomy: self.labour.autonomy(party),
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
    /// Everything that is offered to it, and all that it has agreed.
    pub deals: Vec<DealView>,
    /// Overdue.
    pub debts_credits: f64,
    /// Its estate is on sale, and its orders are refused.
    pub insolvent: bool,
    /// Part of the attention to its robots that programs take over, 0 to 1.
    pub autonomy: f64,
}

/// Goods in a store.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct StoreView {
    pub place: Place,
    pub good: Good,
    pub mass_kg: f64,
}

/// The trades of a [`Commerce`], each by itself.
pub struct Trades<'a> {
    pub exchange: &'a mut Exchange,
    pub contracts: &'a mut Contracts,
    pub tenders: &'a mut Tenders,
    pub hires: &'a mut Hires,
    pub machine_sales: &'a mut MachineSales,
    pub credit: &'a mut Credit,
    pub insurance: &'a mut Insurance,
    pub ventures: &'a mut Ventures,
    pub labour: &'a mut Labour,
    pub arrears: &'a mut Arrears,
    pub insolvency: &'a mut Insolvency,
}

impl Trades<'_> {
    /// Ends all deals of a party that is insolvent, and puts what it has left on sale.
    fn wind_up(&mut self, books: &mut Books, fleet: &mut Fleet, party: Party) {
        self.exchange.cancel_all(books, party);
        self.contracts.wind_up(books, party);
        self.tenders.wind_up(books, party);
        self.hires.wind_up(books, fleet, party);
        self.machine_sales.wind_up(party);
        self.insurance.wind_up(books, party);
        self.ventures.wind_up(books, party);
        self.ventures.appoint(fleet);
        self.credit.wind_up(books, fleet, self.arrears, party);
        self.insolvency.open_estate(books, fleet, party);
    }
}

/// What a day of work costs, and who is paid.
#[derive(Clone, Copy, Debug)]
pub struct RunningCosts {
    pub labour: LabourTerms,
    pub wages_to: AccountId,
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
    pub shares: &'a mut Shares,
    pub deals: &'a mut u32,
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
        self.keep_as(name, unit, AccountKind::Holding)
    }

    /// An account of some kind by its name, opened when first used.
    pub fn keep_as(&mut self, name: &str, unit: Unit, kind: AccountKind) -> AccountId {
        match self.ledger.find(name) {
            Some(account) => account,
            None => self.ledger.open(name, unit, kind, 0),
        }
    }

    /// The number of a new deal.
    pub fn new_deal(&mut self) -> u32 {
        *self.deals += 1;
        *self.deals
    }

    /// # Errors
    /// [`Refusal`] if a party has not so many shares.
    pub fn needs_shares(&self, party: Party, venture: &str, shares: u64) -> Result<(), Refusal> {
        let held = self.shares.held(venture, party);
        if shares <= held {
            return Ok(());
        }
        Err(Refusal::because(format!(
            "you have {held} shares of {venture}, not {shares}"
        )))
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

/// A part of a sum, `part` of `whole`, to the nearest unit; halves go to the even one, so that over
/// many deals nobody gains by them.
pub fn share_of(sum: i64, part: i64, whole: i64) -> i64 {
    let (product, whole) = (i128::from(sum) * i128::from(part), i128::from(whole));
    let (quotient, rest) = (product.div_euclid(whole), product.rem_euclid(whole));
    let up = match (2 * rest).cmp(&whole) {
        Ordering::Less => 0,
        Ordering::Equal => quotient & 1,
        Ordering::Greater => 1,
    };
    (quotient + up) as i64
}

/// Splits a sum that is no more than all parts together in proportion to them: exactly, and to none
/// more than its own.
pub fn proportional(sum: i64, parts: &[i64]) -> Vec<i64> {
    let weights: Vec<u64> = parts.iter().map(|&part| part as u64).collect();
    venture::split(sum, &weights, &mut vec![0; parts.len()])
}

/// A span of an order in whole milliseconds, counted in units of `unit_ms`.
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

/// Offers of one kind and one party that may stand at a time.
pub const OPEN_DEALS_MAX: usize = 64;
/// Ended deals of one kind that are remembered.
pub const HISTORY_KEPT: usize = 256;
pub const HOUR_MS: u64 = 3_600_000;
pub const DAY_MS: u64 = 86_400_000;
