//! Tenders: a buyer calls for offers until a day; the lowest valid one wins and becomes a contract.
//!
//! Offers are sealed: until the tender closes, nobody but its sender sees one. The buyer sets aside
//! the most that it would pay, each bidder the penalty, so that whoever wins is bound. The winner
//! is paid what it has offered; among equal offers the earlier one wins.

use std::collections::{BTreeMap, VecDeque};

use serde::{Deserialize, Serialize};

use super::commerce::{Books, HISTORY_KEPT, OPEN_DEALS_MAX, Party, Whom};
use super::contracts::{Contracts, Delivery, check_delivery};
use super::ledger::{Memo, Unit};
use crate::sim::order::Refusal;

const ESCROW: &str = "escrow:tenders";

/// A call for offers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tender {
    pub id: u32,
    pub buyer: Party,
    pub to: Whom,
    /// Its price is the most that the buyer pays.
    pub delivery: Delivery,
    pub closes_ms: u64,
    /// Offers in the order in which they came: who, and for how much [µcr].
    bids: Vec<(Party, i64)>,
}

/// What a tender has come to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Award {
    pub tender: u32,
    pub at_ms: u64,
    pub bids: usize,
    /// The winner, its price [µcr] and the number of the contract.
    pub won: Option<(Party, i64, u32)>,
}

/// All tenders that are open, and the latest awards.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tenders {
    open: BTreeMap<u32, Tender>,
    awards: VecDeque<Award>,
}

impl Tenders {
    /// Calls for offers and sets aside the most that one would pay.
    ///
    /// # Errors
    /// [`Refusal`] says what forbids it; nothing has changed then.
    pub fn call(
        &mut self,
        books: &mut Books,
        sender: Party,
        delivery: Delivery,
        closes_ms: u64,
        to: Whom,
    ) -> Result<u32, Refusal> {
        check_delivery(books, &delivery)?;
        if delivery.deadline_ms <= closes_ms {
            return Err(Refusal::because(
                "the delivery must be due after the tender has closed",
            ));
        }
        let own = self.open.values().filter(|tender| tender.buyer == sender);
        if OPEN_DEALS_MAX <= own.count() {
            return Err(Refusal::because(format!(
                "{OPEN_DEALS_MAX} tenders of yours are open already"
            )));
        }
        books.needs_money(sender, delivery.price_ucr.into(), "the highest price")?;
        let escrow = books.keep(ESCROW, Unit::Credit);
        let purse = books.account(sender);
        books.transfer(purse, escrow, delivery.price_ucr, Memo::Escrow);
        let id = books.new_deal();
        let tender = Tender {
            id,
            buyer: sender,
            to,
            delivery,
            closes_ms,
            bids: Vec::new(),
        };
        self.open.insert(id, tender);
        Ok(id)
    }

    /// Makes a sealed offer, or replaces one's own.
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
        let tender = self.open.get_mut(&id).ok_or_else(|| unknown(id))?;
        if tender.buyer == sender || !tender.to.includes(sender) {
            return Err(Refusal::because(format!(
                "tender {id} does not call for an offer of yours"
            )));
        }
        if tender.delivery.price_ucr < price_ucr {
            return Err(Refusal::because(format!(
                "tender {id} pays {:.2} credits at most",
                1e-6 * tender.delivery.price_ucr as f64
            )));
        }
        if let Some(own) = tender.bids.iter().position(|(bidder, _)| *bidder == sender) {
            // A changed offer stands behind those that came before the change.
            tender.bids.remove(own);
        } else {
            let penalty_ucr = tender.delivery.penalty_ucr;
            books.needs_money(sender, penalty_ucr.into(), "the penalty")?;
            let escrow = books.keep(ESCROW, Unit::Credit);
            books.transfer(books.account(sender), escrow, penalty_ucr, Memo::Escrow);
        }
        tender.bids.push((sender, price_ucr));
        Ok(())
    }

    /// Takes a tender of one's own back while there is no offer, or an offer of one's own while the
    /// tender is open.
    ///
    /// # Errors
    /// [`Refusal`] if it is neither.
    pub fn withdraw(&mut self, books: &mut Books, sender: Party, id: u32) -> Result<(), Refusal> {
        let tender = self.open.get_mut(&id).ok_or_else(|| unknown(id))?;
        let escrow = books.keep(ESCROW, Unit::Credit);
        let purse = books.account(sender);
        if let Some(own) = tender.bids.iter().position(|(bidder, _)| *bidder == sender) {
            tender.bids.remove(own);
            books.transfer(escrow, purse, tender.delivery.penalty_ucr, Memo::Escrow);
            return Ok(());
        }
        if tender.buyer != sender {
            return Err(Refusal::because(format!("tender {id} is not yours")));
        }
        if !tender.bids.is_empty() {
            return Err(Refusal::because(format!(
                "tender {id} has offers and can no longer be taken back"
            )));
        }
        books.transfer(escrow, purse, tender.delivery.price_ucr, Memo::Escrow);
        self.open.remove(&id);
        Ok(())
    }

    /// Opens the offers of the tenders that close.
    pub fn pass_hour(&mut self, books: &mut Books, contracts: &mut Contracts) {
        let due: Vec<u32> = self
            .open
            .values()
            .filter(|tender| tender.closes_ms <= books.now_ms)
            .map(|tender| tender.id)
            .collect();
        for id in due {
            self.award(books, contracts, id);
        }
    }

    /// Takes back all that a party has called for or offered.
    pub(super) fn wind_up(&mut self, books: &mut Books, party: Party) {
        let ids: Vec<u32> = self.open.keys().copied().collect();
        let escrow = books.keep(ESCROW, Unit::Credit);
        for id in ids {
            let tender = &self.open[&id];
            if tender.buyer != party {
                if tender.bids.iter().any(|(bidder, _)| *bidder == party) {
                    let _ = self.withdraw(books, party, id);
                }
                continue;
            }
            let Some(tender) = self.open.remove(&id) else {
                continue;
            };
            for (bidder, _) in &tender.bids {
                let purse = books.account(*bidder);
                books.transfer(escrow, purse, tender.delivery.penalty_ucr, Memo::Escrow);
            }
            let purse = books.account(party);
            books.transfer(escrow, purse, tender.delivery.price_ucr, Memo::Escrow);
        }
    }

    fn award(&mut self, books: &mut Books, contracts: &mut Contracts, id: u32) {
        let tender = self.open.remove(&id).expect("it is open");
        let escrow = books.keep(ESCROW, Unit::Credit);
        // The first of the lowest.
        let best = tender.bids.iter().min_by_key(|(_, price_ucr)| *price_ucr);
        let best = best.copied();
        for (bidder, _) in &tender.bids {
            if Some(*bidder) != best.map(|(winner, _)| winner) {
                let purse = books.account(*bidder);
                books.transfer(escrow, purse, tender.delivery.penalty_ucr, Memo::Escrow);
                books.tell(*bidder, format!("tender {id} went to another"));
            }
        }
        let spared_ucr = tender.delivery.price_ucr - best.map_or(0, |(_, price_ucr)| price_ucr);
        let purse = books.account(tender.buyer);
        books.transfer(escrow, purse, spared_ucr, Memo::Escrow);
        let won = best.map(|(winner, price_ucr)| {
            let delivery = Delivery {
                price_ucr,
                ..tender.delivery.clone()
            };
            let pair = (tender.buyer, winner);
            let contract = contracts.agree(books, pair, delivery, escrow);
            let text = format!(
                "tender {id} goes to {} for {:.2} credits: contract {contract}",
                books.name(winner),
                1e-6 * price_ucr as f64
            );
            books.tell(tender.buyer, text.clone());
            books.tell(winner, text);
            (winner, price_ucr, contract)
        });
        if won.is_none() {
            books.tell(tender.buyer, format!("tender {id} found nobody"));
        }
        if self.awards.len() == HISTORY_KEPT {
            self.awards.pop_front();
        }
        self.awards.push_back(Award {
            tender: id,
            at_ms: books.now_ms,
            bids: tender.bids.len(),
            won,
        });
    }

    pub fn find(&self, id: u32) -> Option<&Tender> {
        self.open.get(&id)
    }

    pub fn open(&self) -> impl Iterator<Item = &Tender> {
        self.open.values()
    }

    /// The latest awards, oldest first.
    pub fn awards(&self) -> impl Iterator<Item = &Award> {
        self.awards.iter()
    }

    /// What a party answers for: the most that it would pay, and penalties of its offers [µcr].
    pub(super) fn set_aside_ucr(&self, party: Party) -> i64 {
        let of_one = |tender: &Tender| {
            if tender.buyer == party {
                tender.delivery.price_ucr
            } else if tender.own_bid_ucr(party).is_some() {
                tender.delivery.penalty_ucr
            } else {
                0
            }
        };
        self.open.values().map(of_one).sum()
    }

    /// The name of the escrow and what all that is open answers for [µcr].
    pub fn obligations(&self) -> (&'static str, i64) {
        let held = |tender: &Tender| {
            tender.delivery.price_ucr + tender.bids.len() as i64 * tender.delivery.penalty_ucr
        };
        (ESCROW, self.open.values().map(held).sum())
    }
}

impl Tender {
    /// What a party has offered [µcr]: its own secret until the tender closes.
    pub fn own_bid_ucr(&self, party: Party) -> Option<i64> {
        let own = self.bids.iter().find(|(bidder, _)| *bidder == party)?;
        Some(own.1)
    }
}

fn unknown(id: u32) -> Refusal {
    Refusal::because(format!("no tender {id} is open"))
}
