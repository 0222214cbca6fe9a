//! Debts that could not be paid, and what becomes of who cannot pay them.
//!
//! What cannot be paid when it is due is written down with its rank and paid as soon as there is
//! money: wages first, then fees, then all else, and within a rank in proportion. Who has owed
//! something for [`GRACE_DAYS`] without a break is insolvent. Its deals are wound up, collateral has
//! gone to those it was pledged to, and all it has left comes under the hammer: money at once,
//! machines and goods as lots on which others bid for [`SALE_DAYS`]. Then what was raised is shared
//! out by rank to the micro-credit; the rest of the debts is written off, through an account of
//! that name, and the prospector is free to begin again. A machine that nobody wanted stays where
//! it is, abandoned, and belongs to the first who salvages it.
//!
//! While its estate is being sold a prospector gives no orders.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::commerce::{Books, DAY_MS, Party, proportional};
use super::fleet::{Fleet, Machine};
use super::good::Good;
use super::ledger::{AccountId, AccountKind, Ledger, Memo, Unit};
use super::set_aside::SetAside;
use super::stores::Place;
use crate::sim::order::Refusal;

/// How long something may be owed. Assumed; thirty days are a common term of payment.
pub const GRACE_DAYS: u64 = 30;
/// How long an estate is on sale. Assumed.
pub const SALE_DAYS: u64 = 7;
/// Account of bids on lots, and of goods in estates.
const ESCROW: &str = "escrow:estates";
/// Between these two what is written off is booked.
const WRITTEN_OFF: &str = "written-off";
const BAD_DEBTS: &str = "bad-debts";

/// Who is paid before whom.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Rank {
    Wages,
    Fees,
    Unsecured,
}

/// Something that is owed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Debt {
    pub rank: Rank,
    pub creditor: AccountId,
    pub amount_ucr: i64,
}

/// All that is owed and overdue.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Arrears {
    debts: BTreeMap<Party, Vec<Debt>>,
    /// Since when each has owed something without a break.
    since_ms: BTreeMap<Party, u64>,
}

impl Arrears {
    /// Writes down what one party owes another.
    pub fn owe(
        &mut self,
        books: &Books,
        debtor: Party,
        rank: Rank,
        creditor: Party,
        amount_ucr: i64,
    ) {
        self.owe_account(books, debtor, rank, books.account(creditor), amount_ucr);
    }

    /// Writes down what a party owes to an account.
    pub fn owe_account(
        &mut self,
        books: &Books,
        debtor: Party,
        rank: Rank,
        creditor: AccountId,
        amount_ucr: i64,
    ) {
        if amount_ucr <= 0 {
            return;
        }
        let debts = self.debts.entry(debtor).or_default();
        match debts
            .iter_mut()
            .find(|debt| debt.rank == rank && debt.creditor == creditor)
        {
            Some(debt) => debt.amount_ucr += amount_ucr,
            None => debts.push(Debt {
                rank,
                creditor,
                amount_ucr,
            }),
        }
        self.since_ms.entry(debtor).or_insert(books.now_ms);
    }

    /// What a party owes that is overdue.
    pub fn debts(&self, party: Party) -> &[Debt] {
        self.debts.get(&party).map_or(&[], Vec::as_slice)
    }

    /// What others owe a party less what it owes, all of it overdue [µcr].
    pub(super) fn claims_ucr(&self, party: Party, account: AccountId) -> i64 {
        let all = self.debts.values().flatten();
        let due = all.filter(|debt| debt.creditor == account);
        let due_ucr: i64 = due.map(|debt| debt.amount_ucr).sum();
        let own = self.debts(party).iter();
        due_ucr - own.map(|debt| debt.amount_ucr).sum::<i64>()
    }

    /// Pays what can be paid out of an account, by rank and in proportion within a rank.
    fn pay(&mut self, books: &mut Books, debtor: Party, from: AccountId) {
        let Some(debts) = self.debts.get_mut(&debtor) else {
            return;
        };
        for rank in [Rank::Wages, Rank::Fees, Rank::Unsecured] {
            let of_rank: Vec<usize> = (0..debts.len())
                .filter(|&index| debts[index].rank == rank)
                .collect();
            let owed: Vec<i64> = of_rank
                .iter()
                .map(|&index| debts[index].amount_ucr)
                .collect();
            let total_ucr: i64 = owed.iter().sum();
            let there_ucr = books.ledger.balance(from).min(total_ucr);
            for (&index, part_ucr) in of_rank.iter().zip(proportional(there_ucr, &owed)) {
                let debt = &mut debts[index];
                if debt.creditor != from {
                    books.transfer(from, debt.creditor, part_ucr, Memo::Debt);
                }
                debt.amount_ucr -= part_ucr;
            }
        }
        debts.retain(|debt| 0 < debt.amount_ucr);
        if debts.is_empty() {
            self.debts.remove(&debtor);
            self.since_ms.remove(&debtor);
        }
    }
}

/// What is under the hammer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum LotItem {
    Machine(Machine),
    Goods {
        place: Place,
        good: Good,
        mass_g: i64,
    },
}

/// Something of an estate on which others bid.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lot {
    pub id: u32,
    pub debtor: Party,
    pub item: LotItem,
    /// The highest so far [µcr].
    pub best: Option<(Party, i64)>,
    pub closes_ms: u64,
}

/// How an estate was settled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Settlement {
    pub debtor: Party,
    pub at_ms: u64,
    pub raised_ucr: i64,
    pub written_off_ucr: i64,
}

/// Estates on sale, what nobody wanted, and how estates were settled.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Insolvency {
    lots: BTreeMap<u32, Lot>,
    /// When each estate is settled [ms].
    estates: BTreeMap<Party, u64>,
    abandoned: BTreeSet<Machine>,
    settlements: Vec<Settlement>,
}

impl Insolvency {
    /// Pays overdue debts and returns those who have now been insolvent for too long.
    pub fn pass_day(&mut self, books: &mut Books, arrears: &mut Arrears) -> Vec<Party> {
        let debtors: Vec<Party> = arrears.debts.keys().copied().collect();
        for &debtor in &debtors {
            if !self.estates.contains_key(&debtor) {
                let purse = books.account(debtor);
                arrears.pay(books, debtor, purse);
            }
        }
        arrears
            .since_ms
            .iter()
            .filter(|&(party, since_ms)| {
                GRACE_DAYS * DAY_MS <= books.now_ms - since_ms && !self.estates.contains_key(party)
            })
            .map(|(&party, _)| party)
            .collect()
    }

    /// Opens the estate of a party whose deals have been wound up.
    pub(super) fn open_estate(&mut self, books: &mut Books, fleet: &Fleet, debtor: Party) {
        let closes_ms = books.now_ms + SALE_DAYS * DAY_MS;
        self.estates.insert(debtor, closes_ms);
        let estate = estate_account(books, debtor);
        let money_ucr = books.balance_ucr(debtor);
        let purse = books.account(debtor);
        books.transfer(purse, estate, money_ucr, Memo::Liquidated);
        let mut items: Vec<LotItem> = fleet
            .iter()
            .filter(|(machine, craft)| {
                craft.holder == debtor && !craft.lost && !self.abandoned.contains(machine)
            })
            .map(|(machine, _)| LotItem::Machine(machine.clone()))
            .collect();
        let name = books.parties.name(debtor);
        let stores: Vec<_> = books
            .stores
            .of(name)
            .map(|(place, good, account)| (place.clone(), good, account))
            .collect();
        for (place, good, account) in stores {
            let mass_g = books.ledger.balance(account);
            if 0 < mass_g {
                let escrow = goods_escrow(books, &place, good);
                books.transfer(account, escrow, mass_g, Memo::Liquidated);
                items.push(LotItem::Goods {
                    place,
                    good,
                    mass_g,
                });
            }
        }
        books.announce(format!(
            "{} is insolvent: {} lots of its estate are on sale for {SALE_DAYS} days",
            books.name(debtor),
            items.len()
        ));
        for item in items {
            let id = books.new_deal();
            let lot = Lot {
                id,
                debtor,
                item,
                best: None,
                closes_ms,
            };
            self.lots.insert(id, lot);
        }
    }

    /// Bids on a lot, above all bids before, and sets the sum aside.
    ///
    /// # Errors
    /// [`Refusal`] says what forbids it; nothing has changed then.
    pub fn bid(
        &mut self,
        books: &mut Books,
        sender: Party,
        id: u32,
        price_ucr: i64,
    ) -> Result<(), Refusal> {
        let lot = self
            .lots
            .get_mut(&id)
            .ok_or_else(|| Refusal::because(format!("no lot {id} is on sale")))?;
        if lot.debtor == sender {
            return Err(Refusal::because("the estate is your own"));
        }
        let (before, refund_ucr) = match lot.best {
            Some((_, best_ucr)) if price_ucr <= best_ucr => {
                return Err(Refusal::because(format!(
                    "{:.2} credits are bid for lot {id} already",
                    1e-6 * best_ucr as f64
                )));
            }
            Some((before, best_ucr)) => (Some(before), best_ucr),
            None => (None, 0),
        };
        // Who raises its own bid has the old one to spend.
        let own_ucr = if before == Some(sender) {
            refund_ucr
        } else {
            0
        };
        books.needs_money(
            sender,
            i128::from(price_ucr) - i128::from(own_ucr),
            "the bid",
        )?;
        let escrow = books.keep(ESCROW, Unit::Credit);
        if let Some(before) = before {
            let purse = books.account(before);
            books.transfer(escrow, purse, refund_ucr, Memo::Escrow);
        }
        let purse = books.account(sender);
        books.transfer(purse, escrow, price_ucr, Memo::Escrow);
        lot.best = Some((sender, price_ucr));
        Ok(())
    }

    /// Takes an abandoned machine.
    ///
    /// # Errors
    /// [`Refusal`] if it is not abandoned.
    pub fn salvage(
        &mut self,
        books: &mut Books,
        fleet: &mut Fleet,
        sender: Party,
        machine: &Machine,
    ) -> Result<(), Refusal> {
        if !self.abandoned.remove(machine) {
            return Err(Refusal::because(format!("{machine} is not abandoned")));
        }
        fleet.hand_over(machine, sender);
        books.announce(format!("{} salvages {machine}", books.name(sender)));
        Ok(())
    }

    /// Closes the lots whose time has come, and settles estates.
    pub fn pass_hour(&mut self, books: &mut Books, fleet: &mut Fleet, arrears: &mut Arrears) {
        let due: Vec<u32> = self
            .lots
            .values()
            .filter(|lot| lot.closes_ms <= books.now_ms)
            .map(|lot| lot.id)
            .collect();
        for id in due {
            self.close_lot(books, fleet, id);
        }
        let settled: Vec<Party> = self
            .estates
            .iter()
            .filter(|&(_, &closes_ms)| closes_ms <= books.now_ms)
            .map(|(&party, _)| party)
            .collect();
        for debtor in settled {
            self.settle(books, arrears, debtor);
        }
    }

    fn close_lot(&mut self, books: &mut Books, fleet: &mut Fleet, id: u32) {
        let lot = self.lots.remove(&id).expect("it is on sale");
        let estate = estate_account(books, lot.debtor);
        if let Some((_, price_ucr)) = lot.best {
            let escrow = books.keep(ESCROW, Unit::Credit);
            books.transfer(escrow, estate, price_ucr, Memo::Liquidated);
        }
        match lot.item {
            LotItem::Machine(machine) => match lot.best {
                Some((buyer, price_ucr)) => {
                    fleet.hand_over(&machine, buyer);
                    books.tell(
                        buyer,
                        format!(
                            "{machine} is yours for {:.2} credits",
                            1e-6 * price_ucr as f64
                        ),
                    );
                }
                None => {
                    books.announce(format!("nobody wanted {machine}: it is abandoned"));
                    self.abandoned.insert(machine);
                }
            },
            LotItem::Goods {
                place,
                good,
                mass_g,
            } => {
                // What nobody wants stays with whom it was.
                let to = lot.best.map_or(lot.debtor, |(buyer, _)| buyer);
                let escrow = goods_escrow(books, &place, good);
                let store = books.store(to, &place, good);
                books.transfer(escrow, store, mass_g, Memo::Liquidated);
            }
        }
    }

    fn settle(&mut self, books: &mut Books, arrears: &mut Arrears, debtor: Party) {
        self.estates.remove(&debtor);
        let estate = estate_account(books, debtor);
        // What came in while the estate was on sale belongs to it.
        let late_ucr = books.balance_ucr(debtor);
        let purse = books.account(debtor);
        books.transfer(purse, estate, late_ucr, Memo::Liquidated);
        let raised_ucr = books.ledger.balance(estate);
        arrears.pay(books, debtor, estate);
        let left_ucr = books.ledger.balance(estate);
        books.transfer(estate, purse, left_ucr, Memo::Liquidated);
        let debts = arrears.debts.remove(&debtor).unwrap_or_default();
        arrears.since_ms.remove(&debtor);
        let written_off_ucr: i64 = debts.iter().map(|debt| debt.amount_ucr).sum();
        if 0 < written_off_ucr {
            let from = books.keep_as(WRITTEN_OFF, Unit::Credit, AccountKind::Source);
            let to = books.keep_as(BAD_DEBTS, Unit::Credit, AccountKind::Sink);
            books.transfer(from, to, written_off_ucr, Memo::WrittenOff);
        }
        books.announce(format!(
            "the estate of {} is settled: {:.2} credits were raised, {:.2} are written off",
            books.name(debtor),
            1e-6 * raised_ucr as f64,
            1e-6 * written_off_ucr as f64
        ));
        self.settlements.push(Settlement {
            debtor,
            at_ms: books.now_ms,
            raised_ucr,
            written_off_ucr,
        });
    }

    /// Whether the estate of a party is on sale.
    pub fn is_insolvent(&self, party: Party) -> bool {
        self.estates.contains_key(&party)
    }

    /// Whether a machine belongs to whoever salvages it.
    pub fn is_abandoned(&self, machine: &Machine) -> bool {
        self.abandoned.contains(machine)
    }

    pub fn abandoned(&self) -> impl Iterator<Item = &Machine> {
        self.abandoned.iter()
    }

    pub fn lots(&self) -> impl Iterator<Item = &Lot> {
        self.lots.values()
    }

    /// How estates were settled, oldest first.
    pub fn settlements(&self) -> &[Settlement] {
        &self.settlements
    }

    /// Adds the bids of a party on lots, and what has been raised and is on sale of its own estate.
    pub(super) fn set_aside(
        &self,
        ledger: &Ledger,
        name: &str,
        party: Party,
        aside: &mut SetAside,
    ) {
        for lot in self.lots.values() {
            match (&lot.item, lot.best) {
                (_, Some((bidder, price_ucr))) if bidder == party => aside.money_ucr += price_ucr,
                (
                    LotItem::Goods {
                        place,
                        good,
                        mass_g,
                    },
                    _,
                ) if lot.debtor == party => {
                    aside.add_goods(place, *good, *mass_g);
                }
                _ => {}
            }
        }
        if self.is_insolvent(party)
            && let Some(estate) = ledger.find(&estate_name(name))
        {
            aside.money_ucr += ledger.balance(estate);
        }
    }

    /// The name of the escrow and the bids in it [µcr].
    pub fn obligations(&self) -> (&'static str, i64) {
        let bids = self.lots.values().filter_map(|lot| lot.best);
        (ESCROW, bids.map(|(_, price_ucr)| price_ucr).sum())
    }
}

fn estate_account(books: &mut Books, debtor: Party) -> AccountId {
    let name = estate_name(books.name(debtor));
    books.keep(&name, Unit::Credit)
}

fn estate_name(debtor: &str) -> String {
    format!("estate:{debtor}")
}

fn goods_escrow(books: &mut Books, place: &Place, good: Good) -> AccountId {
    let name = format!("{ESCROW}:{place}:{}", good.as_str());
    books.keep(&name, Unit::Good(good))
}
