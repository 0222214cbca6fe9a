//! The double-entry ledger: the one place where balances of money and of goods are kept.
//!
//! Everything is integer, micro-credits for money and grams for goods, so that nothing is created
//! or lost by rounding: the sum over all accounts of a class is the sum of their openings in every
//! tick. Machines hold the same grams in their components; an audit compares the two. What a good
//! costs belongs in [`market`](super::market), who may order a transfer belongs to the callers.
//!
//! A [`Source`](AccountKind::Source) stands for what lies outside the game and may go below zero
//! (buyers at a node); a [`Sink`](AccountKind::Sink) swallows for good (burnt propellant, fees); a
//! [`Holding`](AccountKind::Holding) is somebody's and never goes below zero.

use std::collections::{BTreeMap, HashMap};
use std::hash::{BuildHasherDefault, Hasher};
use std::sync::Arc;

use bevy::prelude::Resource;
use serde::{Deserialize, Serialize};
use thiserror::Error;
use xxhash_rust::xxh3::Xxh3;

use crate::sim::chronicle::Chronicle;

pub use super::good::Good;

/// Transfers of one flow within this much simulated time share one journal entry [ms].
pub const MERGE_WINDOW_MS: u64 = 600_000;

/// Lines that the journal holds at most. Beyond, its older half is summed up by the day, then by
/// longer times, so that years of work take no more room than a month: see [`Ledger::journal`].
pub const JOURNAL_LINES_MAX: usize = 100_000;
const DAY_MS: u64 = 86_400_000;

/// Micro-credits in a credit.
pub const UCR_PER_CREDIT: i64 = 1_000_000;

/// An account of one [`Ledger`], in order of opening.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct AccountId(pub u32);

/// What an account counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Unit {
    /// Micro-credits.
    Credit,
    /// Grams. A transfer between two goods is a conversion: grams stay grams.
    Good(Good),
}

impl Unit {
    /// The name as in tables and reports, with the unit of measure.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Credit => "credit_ucr",
            Self::Good(good) => good.unit_str(),
        }
    }

    fn is_mass(self) -> bool {
        matches!(self, Self::Good(_))
    }
}

/// How far an account may go.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum AccountKind {
    /// Never below zero.
    Holding,
    /// May go below zero: the world outside the game.
    Source,
    /// Only grows.
    Sink,
}

/// A balance with a name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Account {
    /// Unique in its ledger, by convention `kind:owner:part`, such as `robot:digger-1:bin`.
    pub name: String,
    pub unit: Unit,
    pub kind: AccountKind,
    opening: i64,
    balance: i64,
}

impl Account {
    /// What it was opened with, in micro-credits or grams.
    pub fn opening(&self) -> i64 {
        self.opening
    }

    /// What is in it now, in micro-credits or grams.
    pub fn balance(&self) -> i64 {
        self.balance
    }
}

/// Why a transfer was made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Memo {
    /// What a prospector starts with.
    Endowment,
    /// Rock broken out of the body.
    Dug,
    /// Bin to hopper.
    Delivered,
    /// Feedstock to water.
    Baked,
    /// Feedstock to tailings.
    Tailings,
    /// Burnt in a thruster.
    Propellant,
    /// Tank of a plant to tank of a robot.
    Refuelled,
    /// Goods to the buyer, money to the seller.
    Sold,
    /// Carriage to the node, in money or in goods burnt on the way.
    Freight,
    Energy,
    Upkeep,
    ClaimFee,
    /// Lost to space or given up with a machine.
    Lost,
    /// Poured or fallen back on the ground.
    Spilled,
    Bought,
    /// Modules and parts between robots, stores and scrap.
    Refitted,
    /// Spare parts built in, worn parts thrown away.
    Repaired,
    /// Parts of a wreck.
    Cannibalised,
    /// Tailings to spare parts.
    Printed,
    /// Feedstock or goods to other goods.
    Refined,
    /// For the work of a plant on rock of others.
    Tariff,
    /// From a store to a ship, and from a ship to a store.
    Shipped,
    Arrived,
    Wages,
    Royalty,
    Dividend,
    /// Part of a sale that is shared through the fund.
    Share,
    /// What the fund has earned outside.
    FundReturn,
    LicenceFee,
    /// For joining or leaving the treaty.
    TreatyFee,
    /// For a claim, a lease or shares of the quota.
    Title,
    Rent,
    /// Costs of a ruling.
    Court,
    Damages,
    Fine,
    Sterilisation,
    /// For matter let go into space.
    Debris,
    /// Set aside for an open order or a deal, or given back.
    Escrow,
    /// Between prospectors, at the exchange.
    Traded,
    /// Out of a tank into a store, or back.
    Stored,
    /// What a default under a contract costs.
    Penalty,
    /// For the use of a machine.
    Hire,
    /// For a machine that changes hands.
    Machine,
    /// Lent, or paid back.
    Loan,
    Interest,
    /// Collateral of a loan in default.
    Seized,
    Premium,
    /// Paid by an insurer for a loss.
    Indemnity,
    /// Paid into a venture, and shared out by it.
    Pooled,
    Shared,
    /// Overdue, and paid at last.
    Debt,
    /// Of an estate.
    Liquidated,
    WrittenOff,
    /// For drawing up a venture's agreement, and for signing it.
    Notary,
}

impl Memo {
    /// The name as in tables and reports.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Endowment => "endowment",
            Self::Dug => "dug",
            Self::Delivered => "delivered",
            Self::Baked => "baked",
            Self::Tailings => "tailings",
            Self::Propellant => "propellant",
            Self::Refuelled => "refuelled",
            Self::Sold => "sold",
            Self::Freight => "freight",
            Self::Energy => "energy",
            Self::Upkeep => "upkeep",
            Self::ClaimFee => "claim_fee",
            Self::Lost => "lost",
            Self::Spilled => "spilled",
            Self::Bought => "bought",
            Self::Refitted => "refitted",
            Self::Repaired => "repaired",
            Self::Cannibalised => "cannibalised",
            Self::Printed => "printed",
            Self::Refined => "refined",
            Self::Tariff => "tariff",
            Self::Shipped => "shipped",
            Self::Arrived => "arrived",
            Self::Wages => "wages",
            Self::Royalty => "royalty",
            Self::Dividend => "dividend",
            Self::Share => "share",
            Self::FundReturn => "fund_return",
            Self::LicenceFee => "licence_fee",
            Self::TreatyFee => "treaty_fee",
            Self::Title => "title",
            Self::Rent => "rent",
            Self::Court => "court",
            Self::Damages => "damages",
            Self::Fine => "fine",
            Self::Sterilisation => "sterilisation",
            Self::Debris => "debris",
            Self::Escrow => "escrow",
            Self::Traded => "traded",
            Self::Stored => "stored",
            Self::Penalty => "penalty",
            Self::Hire => "hire",
            Self::Machine => "machine",
            Self::Loan => "loan",
            Self::Interest => "interest",
            Self::Seized => "seized",
            Self::Premium => "premium",
            Self::Indemnity => "indemnity",
            Self::Pooled => "pooled",
            Self::Shared => "shared",
            Self::Debt => "debt",
            Self::Liquidated => "liquidated",
            Self::WrittenOff => "written_off",
            Self::Notary => "notary",
        }
    }

    /// Whether it is something that its receiver has earned: not what was his before, lent or put
    /// in trust.
    pub fn is_income(self) -> bool {
        matches!(
            self,
            Self::Sold
                | Self::Bought
                | Self::Wages
                | Self::Royalty
                | Self::Dividend
                | Self::Title
                | Self::Rent
        )
    }

    /// Whether it comes in driblets, tick by tick. Only flows are merged in the journal; a sale or
    /// a fee is a deed and keeps its own line.
    pub fn is_flow(self) -> bool {
        matches!(
            self,
            Self::Dug
                | Self::Delivered
                | Self::Baked
                | Self::Tailings
                | Self::Propellant
                | Self::Refuelled
                | Self::Energy
                | Self::Printed
                | Self::Refined
                | Self::Tariff
                | Self::Upkeep
                | Self::Lost
                | Self::Spilled
        )
    }
}

/// A line of the journal: `amount` went from one account to another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    /// When it was made, and of a merged flow when it began: the line then holds all transfers of
    /// the [`MERGE_WINDOW_MS`] from here.
    pub at_ms: u64,
    pub from: AccountId,
    pub to: AccountId,
    /// In micro-credits or grams, above zero.
    pub amount: i64,
    pub memo: Memo,
}

/// A transfer that was not made; the ledger is as before.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum LedgerError {
    #[error("the ledger has no account number {}", .0.0)]
    UnknownAccount(AccountId),
    #[error("a transfer of {0} is negative")]
    Negative(i64),
    #[error("{0} cannot pay itself")]
    SameAccount(String),
    #[error("{from} counts {from_unit} and {to} counts {to_unit}: money and mass do not mix")]
    UnlikeUnits {
        from: String,
        from_unit: &'static str,
        to: String,
        to_unit: &'static str,
    },
    #[error("{account} holds {balance}, which is less than the {amount} to be taken [{unit}]")]
    Insufficient {
        account: String,
        balance: i64,
        amount: i64,
        unit: &'static str,
    },
    #[error("nothing comes back out of {0}")]
    FromSink(String),
    #[error("{0} would pass the largest number that the ledger can hold")]
    Overflow(String),
}

/// All that ever went one way for one reason.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Total {
    pub from: AccountId,
    pub to: AccountId,
    pub memo: Memo,
    /// How many transfers there were.
    pub count: u64,
    /// In micro-credits or grams.
    pub amount: i128,
}

/// The lines of a ledger.
pub type Journal = Chronicle<Entry, 512>;

/// All accounts of a world and the journal of what moved between them.
#[derive(Resource, Clone, Debug, Default, Serialize, Deserialize)]
#[serde(from = "LedgerRecord")]
pub struct Ledger {
    accounts: Vec<Account>,
    journal: Journal,
    /// One for each way and reason, in the order of the first transfer.
    totals: Vec<Total>,
    #[serde(skip)]
    by_name: Arc<BTreeMap<String, AccountId>>,
    /// Looked up, never iterated.
    #[serde(skip)]
    routes: HashMap<Route, Slot, BuildHasherDefault<RouteHasher>>,
}

/// Where a way and reason stands in the books.
#[derive(Clone, Copy, Debug)]
struct Slot {
    total: u32,
    /// Of a flow, its latest line in the journal; `u32::MAX` if that has been summed up.
    line: u32,
}

impl Ledger {
    /// Opens an account with `opening` micro-credits or grams.
    ///
    /// # Panics
    /// If the name is taken, or a holding or sink would open below zero: names and endowments are
    /// checked when a level is read.
    pub fn open(
        &mut self,
        name: impl Into<String>,
        unit: Unit,
        kind: AccountKind,
        opening: i64,
    ) -> AccountId {
        let name = name.into();
        assert!(
            kind == AccountKind::Source || 0 <= opening,
            "account {name} opens with {opening}"
        );
        let id = AccountId(u32::try_from(self.accounts.len()).expect("fewer than 2^32 accounts"));
        let taken = Arc::make_mut(&mut self.by_name).insert(name.clone(), id);
        assert!(taken.is_none(), "account {name} is already open");
        self.accounts.push(Account {
            name,
            unit,
            kind,
            opening,
            balance: opening,
        });
        id
    }

    /// Moves `amount` micro-credits or grams, all or nothing. A transfer of zero leaves no trace.
    ///
    /// # Errors
    /// [`LedgerError`] says what forbids it; nothing has changed then.
    pub fn transfer(
        &mut self,
        at_ms: u64,
        from: AccountId,
        to: AccountId,
        amount: i64,
        memo: Memo,
    ) -> Result<(), LedgerError> {
        if amount < 0 {
            return Err(LedgerError::Negative(amount));
        }
        let payer = self.get(from)?;
        let payee = self.get(to)?;
        if from == to {
            return Err(LedgerError::SameAccount(payer.name.clone()));
        }
        if payer.unit.is_mass() != payee.unit.is_mass() {
            return Err(LedgerError::UnlikeUnits {
                from: payer.name.clone(),
                from_unit: payer.unit.as_str(),
                to: payee.name.clone(),
                to_unit: payee.unit.as_str(),
            });
        }
        if amount == 0 {
            return Ok(());
        }
        match payer.kind {
            AccountKind::Holding if payer.balance < amount => {
                return Err(LedgerError::Insufficient {
                    account: payer.name.clone(),
                    balance: payer.balance,
                    amount,
                    unit: payer.unit.as_str(),
                });
            }
            AccountKind::Sink => return Err(LedgerError::FromSink(payer.name.clone())),
            AccountKind::Holding | AccountKind::Source => {}
        }
        let paid = payer
            .balance
            .checked_sub(amount)
            .ok_or_else(|| LedgerError::Overflow(payer.name.clone()))?;
        let received = payee
            .balance
            .checked_add(amount)
            .ok_or_else(|| LedgerError::Overflow(payee.name.clone()))?;
        self.accounts[from.0 as usize].balance = paid;
        self.accounts[to.0 as usize].balance = received;
        self.write(Entry {
            at_ms,
            from,
            to,
            amount,
            memo,
        });
        Ok(())
    }

    /// What is in an account, in micro-credits or grams.
    ///
    /// # Panics
    /// If `id` is of another ledger and not open in this one.
    pub fn balance(&self, id: AccountId) -> i64 {
        self.accounts[id.0 as usize].balance
    }

    /// # Panics
    /// If `id` is of another ledger and not open in this one.
    pub fn account(&self, id: AccountId) -> &Account {
        &self.accounts[id.0 as usize]
    }

    pub fn find(&self, name: &str) -> Option<AccountId> {
        self.by_name.get(name).copied()
    }

    /// All accounts, in order of their [`AccountId`].
    pub fn accounts(&self) -> &[Account] {
        &self.accounts
    }

    /// All accounts with their numbers.
    pub fn iter(&self) -> impl Iterator<Item = (AccountId, &Account)> {
        (0..).map(AccountId).zip(&self.accounts)
    }

    /// What moved, in order of the beginning of each line.
    ///
    /// Transfers of one way and reason that are long past may share a line, deeds too, so that
    /// there are never more than [`JOURNAL_LINES_MAX`]; no gram and no credit is left out.
    pub fn journal(&self) -> &Journal {
        &self.journal
    }

    /// Sums over all time, one for each way and reason, in the order of the first transfer.
    pub fn totals(&self) -> &[Total] {
        &self.totals
    }

    /// All that was ever moved for a reason, out of an account, into one, or both, in micro-credits
    /// or grams.
    pub fn moved(&self, memo: Memo, from: Option<AccountId>, to: Option<AccountId>) -> i128 {
        self.totals
            .iter()
            .filter(|total| {
                total.memo == memo
                    && from.is_none_or(|from| total.from == from)
                    && to.is_none_or(|to| total.to == to)
            })
            .map(|total| total.amount)
            .sum()
    }

    /// All grams now less all grams at opening: always 0, summed afresh for the audit.
    pub fn mass_error_g(&self) -> i64 {
        self.error(true)
    }

    /// All micro-credits now less all micro-credits at opening: always 0, summed afresh for the
    /// audit.
    pub fn credit_error_ucr(&self) -> i64 {
        self.error(false)
    }

    /// Feeds the balances to the state hash.
    pub fn hash_into(&self, hash: &mut Xxh3) {
        for account in &self.accounts {
            hash.update(&account.balance.to_le_bytes());
        }
        hash.update(&(self.journal.len() as u64).to_le_bytes());
    }

    fn get(&self, id: AccountId) -> Result<&Account, LedgerError> {
        self.accounts
            .get(id.0 as usize)
            .ok_or(LedgerError::UnknownAccount(id))
    }

    fn error(&self, mass: bool) -> i64 {
        // Single balances fit in 64 bits, their sum need not.
        let error: i128 = self
            .accounts
            .iter()
            .filter(|account| account.unit.is_mass() == mass)
            .map(|account| i128::from(account.balance) - i128::from(account.opening))
            .sum();
        i64::try_from(error).unwrap_or(if error < 0 { i64::MIN } else { i64::MAX })
    }

    fn write(&mut self, entry: Entry) {
        let next = u32::try_from(self.journal.len()).expect("fewer than 2^32 journal lines");
        let unknown = Slot {
            total: u32::try_from(self.totals.len()).expect("fewer than 2^32 ways"),
            line: u32::MAX,
        };
        let slot = self.routes.entry(Route::of(&entry)).or_insert(unknown);
        if slot.total == unknown.total {
            self.totals.push(Total {
                from: entry.from,
                to: entry.to,
                memo: entry.memo,
                count: 0,
                amount: 0,
            });
        }
        let total = &mut self.totals[slot.total as usize];
        total.count += 1;
        total.amount += i128::from(entry.amount);
        if entry.memo.is_flow() {
            if let Some(line) = self.journal.get_mut(slot.line as usize)
                && entry.at_ms.saturating_sub(line.at_ms) < MERGE_WINDOW_MS
                && let Some(amount) = line.amount.checked_add(entry.amount)
            {
                line.amount = amount;
                return;
            }
            slot.line = next;
        }
        self.journal.push(entry);
        if JOURNAL_LINES_MAX <= self.journal.len() {
            self.sum_up();
        }
    }

    /// Lets old lines of one way and reason share one, first those of a day, then of longer times.
    fn sum_up(&mut self) {
        let half = self.journal.len() / 2;
        let newer: Vec<Entry> = self.journal.since(half).copied().collect();
        let older: Vec<Entry> = self.journal.iter().take(half).copied().collect();
        let (mut window_ms, enough) = (DAY_MS, older.len() / 2);
        let mut merged = older;
        // A century is one window at last, and a way that overflows 63 bits keeps lines of its own.
        while enough < merged.len() && window_ms < 40_000 * DAY_MS {
            let mut lines: Vec<Entry> = Vec::new();
            let mut of_window: BTreeMap<(u64, u32, u32, Memo), usize> = BTreeMap::new();
            for entry in merged {
                let key = (
                    entry.at_ms / window_ms,
                    entry.from.0,
                    entry.to.0,
                    entry.memo,
                );
                let known = of_window.get(&key).copied();
                if let Some(index) = known
                    && let Some(amount) = lines[index].amount.checked_add(entry.amount)
                {
                    lines[index].amount = amount;
                } else {
                    of_window.insert(key, lines.len());
                    lines.push(entry);
                }
            }
            merged = lines;
            window_ms *= 4;
        }
        self.journal = merged.into_iter().chain(newer).collect();
        self.find_latest();
    }

    /// Looks up the latest line of each flow again.
    fn find_latest(&mut self) {
        for (index, total) in (0..).zip(&self.totals) {
            let slot = Slot {
                total: index,
                line: u32::MAX,
            };
            self.routes.insert(Route::of_total(total), slot);
        }
        for (line, entry) in (0..).zip(&self.journal) {
            if entry.memo.is_flow()
                && let Some(slot) = self.routes.get_mut(&Route::of(entry))
            {
                slot.line = line;
            }
        }
    }
}

/// What is saved of a [`Ledger`]; the indices are made again from it.
#[derive(Deserialize)]
#[serde(rename = "Ledger")]
struct LedgerRecord {
    accounts: Vec<Account>,
    journal: Journal,
    totals: Vec<Total>,
}

impl From<LedgerRecord> for Ledger {
    fn from(record: LedgerRecord) -> Self {
        let by_name = (0..)
            .map(AccountId)
            .zip(&record.accounts)
            .map(|(id, account)| (account.name.clone(), id))
            .collect();
        let mut ledger = Self {
            accounts: record.accounts,
            journal: record.journal,
            totals: record.totals,
            by_name: Arc::new(by_name),
            routes: HashMap::default(),
        };
        ledger.find_latest();
        ledger
    }
}

/// From where to where and why, packed for a quick look-up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Route {
    ends: u64,
    memo: Memo,
}

impl Route {
    fn of(entry: &Entry) -> Self {
        Self::new(entry.from, entry.to, entry.memo)
    }

    fn of_total(total: &Total) -> Self {
        Self::new(total.from, total.to, total.memo)
    }

    fn new(from: AccountId, to: AccountId, memo: Memo) -> Self {
        Self {
            ends: u64::from(from.0) << 32 | u64::from(to.0),
            memo,
        }
    }
}

impl std::hash::Hash for Route {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u64(self.ends ^ (self.memo as u64) << 24);
    }
}

/// One multiplication instead of SipHash: the keys are account numbers that no outsider picks, and
/// a transfer is made for every digging robot in every tick.
#[derive(Clone, Copy, Debug, Default)]
struct RouteHasher(u64);

impl Hasher for RouteHasher {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for &byte in bytes {
            self.write_u64(u64::from(byte));
        }
    }

    fn write_u64(&mut self, value: u64) {
        // Odd constant of the golden ratio (Knuth, TAOCP 3, 6.4); the rotation brings the well
        // mixed high bits down to where the table takes its bucket from.
        self.0 = (self.0 ^ value)
            .wrapping_mul(0x9E37_79B9_7F4A_7C15)
            .rotate_left(32);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Two prospectors and a body that can be dug, with money and mass.
    fn ledger() -> Ledger {
        use AccountKind::{Holding, Sink, Source};
        let mut ledger = Ledger::default();
        for (name, unit, kind, opening) in [
            ("prospector:one", Unit::Credit, Holding, 1_000),
            ("prospector:two", Unit::Credit, Holding, 0),
            ("node:buyers", Unit::Credit, Source, 0),
            ("fees", Unit::Credit, Sink, 0),
            ("body", Unit::Good(Good::Rock), Holding, 5_000),
            ("bin", Unit::Good(Good::Feedstock), Holding, 0),
            ("tank", Unit::Good(Good::Water), Holding, 7),
            ("space", Unit::Good(Good::Water), Sink, 0),
        ] {
            ledger.open(name, unit, kind, opening);
        }
        ledger
    }

    #[test]
    fn refused_transfers_say_why_and_change_nothing() {
        let mut ledger = ledger();
        let id = |name: &str| ledger.find(name).unwrap();
        let (one, fees, bin, body) = (id("prospector:one"), id("fees"), id("bin"), id("body"));
        let before = ledger.clone();
        let mut refuse = |from, to, amount| {
            ledger
                .transfer(0, from, to, amount, Memo::Bought)
                .unwrap_err()
                .to_string()
        };
        assert_eq!(
            refuse(one, fees, 1_001),
            "prospector:one holds 1000, which is less than the 1001 to be taken [credit_ucr]"
        );
        assert_eq!(
            refuse(one, bin, 1),
            "prospector:one counts credit_ucr and bin counts feedstock_g: money and mass do not mix"
        );
        assert_eq!(refuse(fees, one, 1), "nothing comes back out of fees");
        assert_eq!(refuse(one, one, 1), "prospector:one cannot pay itself");
        assert_eq!(refuse(body, bin, -1), "a transfer of -1 is negative");
        assert_eq!(
            refuse(AccountId(99), bin, 1),
            "the ledger has no account number 99"
        );
        assert_eq!(ledger.accounts, before.accounts);
        assert!(ledger.journal().is_empty());
    }

    #[test]
    fn a_source_that_pays_out_more_than_a_number_holds_is_refused() {
        let mut ledger = ledger();
        let buyers = ledger.find("node:buyers").unwrap();
        let two = ledger.find("prospector:two").unwrap();
        assert_eq!(
            ledger.transfer(0, buyers, two, i64::MAX, Memo::Sold),
            Ok(())
        );
        let error = ledger.transfer(0, buyers, two, i64::MAX, Memo::Sold);
        assert_eq!(error, Err(LedgerError::Overflow("node:buyers".into())));
        assert_eq!(ledger.credit_error_ucr(), 0);
    }

    #[test]
    fn flows_share_a_line_for_ten_minutes_and_deeds_do_not() {
        let mut ledger = ledger();
        let id = |name: &str| ledger.find(name).unwrap();
        let (body, bin, tank) = (id("body"), id("bin"), id("tank"));
        let (one, two) = (id("prospector:one"), id("prospector:two"));
        // Two flows in turn, as of two robots.
        for at_ms in (0..2 * MERGE_WINDOW_MS).step_by(1_000) {
            ledger.transfer(at_ms, body, bin, 2, Memo::Dug).unwrap();
            ledger.transfer(at_ms, bin, tank, 1, Memo::Baked).unwrap();
        }
        let amounts: Vec<i64> = ledger.journal().iter().map(|line| line.amount).collect();
        assert_eq!(amounts, [1_200, 600, 1_200, 600]);
        for _ in 0..2 {
            ledger.transfer(0, one, two, 5, Memo::Sold).unwrap();
        }
        assert_eq!(ledger.journal().len(), 6);
    }

    #[test]
    fn years_of_work_take_no_more_room_than_a_month_and_lose_nothing() {
        let mut ledger = ledger();
        let id = |name: &str| ledger.find(name).unwrap();
        let (body, bin, tank) = (id("body"), id("bin"), id("tank"));
        let (one, two, buyers) = (
            id("prospector:one"),
            id("prospector:two"),
            id("node:buyers"),
        );
        let opening = ledger.accounts.clone();
        let transfers = 2 * JOURNAL_LINES_MAX as u64 + 17;
        for k in 0..transfers {
            let at_ms = k * MERGE_WINDOW_MS;
            // A flow that is a line each time, and deeds.
            ledger.transfer(at_ms, tank, bin, 1, Memo::Baked).unwrap();
            ledger.transfer(at_ms, bin, tank, 1, Memo::Spilled).unwrap();
            ledger.transfer(at_ms, one, two, 3, Memo::Bought).unwrap();
            ledger.transfer(at_ms, two, one, 3, Memo::Sold).unwrap();
        }
        ledger.transfer(0, body, bin, 5, Memo::Dug).unwrap();
        ledger.transfer(0, buyers, two, 7, Memo::Sold).unwrap();
        assert!(ledger.journal().len() < JOURNAL_LINES_MAX);
        let lines = ledger.journal().iter().rev().skip(2).rev();
        assert!(lines.map(|line| line.at_ms).is_sorted());
        let mut told: Vec<i64> = opening.iter().map(|account| account.balance).collect();
        let mut by_memo: BTreeMap<Memo, i128> = BTreeMap::new();
        for line in ledger.journal() {
            told[line.from.0 as usize] -= line.amount;
            told[line.to.0 as usize] += line.amount;
            *by_memo.entry(line.memo).or_default() += i128::from(line.amount);
        }
        let balances: Vec<i64> = ledger.accounts.iter().map(Account::balance).collect();
        assert_eq!(told, balances);
        for (memo, amount) in by_memo {
            assert_eq!(ledger.moved(memo, None, None), amount, "{memo:?}");
        }
        assert_eq!(ledger.moved(Memo::Sold, Some(buyers), None), 7);
        assert_eq!(
            ledger.moved(Memo::Bought, None, Some(two)),
            3 * i128::from(transfers)
        );
        let bought = ledger
            .totals()
            .iter()
            .find(|total| total.memo == Memo::Bought)
            .unwrap();
        assert_eq!(bought.count, transfers);
    }

    #[test]
    fn a_saved_ledger_goes_on_as_the_original() {
        let mut ledger = ledger();
        let (body, bin) = (ledger.find("body").unwrap(), ledger.find("bin").unwrap());
        ledger.transfer(0, body, bin, 2, Memo::Dug).unwrap();
        let bytes = postcard::to_stdvec(&ledger).unwrap();
        let mut restored: Ledger = postcard::from_bytes(&bytes).unwrap();
        for ledger in [&mut ledger, &mut restored] {
            ledger.transfer(100, body, bin, 3, Memo::Dug).unwrap();
        }
        assert_eq!(restored.accounts, ledger.accounts);
        assert_eq!(restored.journal, ledger.journal);
        assert_eq!(restored.journal.len(), 1);
        assert_eq!(restored.totals, ledger.totals);
        assert_eq!(restored.find("bin"), Some(bin));
    }

    proptest! {
        #[test]
        fn no_sequence_of_transfers_makes_or_loses_anything(
            transfers in prop::collection::vec((0..9_u32, 0..9_u32, -5..2_000_i64, 0..2_000_000_u64), 0..200)
        ) {
            let mut ledger = ledger();
            let opening = ledger.accounts.clone();
            for (from, to, amount, at_ms) in transfers {
                let sinks: Vec<i64> = ledger.accounts.iter().map(Account::balance).collect();
                // Some are refused, and that is part of the test.
                let _ = ledger.transfer(at_ms, AccountId(from), AccountId(to), amount, Memo::Dug);
                prop_assert_eq!(ledger.mass_error_g(), 0);
                prop_assert_eq!(ledger.credit_error_ucr(), 0);
                for (account, before) in ledger.accounts.iter().zip(sinks) {
                    prop_assert!(account.kind != AccountKind::Holding || 0 <= account.balance);
                    prop_assert!(account.kind != AccountKind::Sink || before <= account.balance);
                }
            }
            // The journal tells the same story as the balances.
            let mut told: Vec<i64> = opening.iter().map(|account| account.balance).collect();
            for line in ledger.journal() {
                told[line.from.0 as usize] -= line.amount;
                told[line.to.0 as usize] += line.amount;
            }
            let balances: Vec<i64> = ledger.accounts.iter().map(Account::balance).collect();
            prop_assert_eq!(told, balances);
        }
    }
}
