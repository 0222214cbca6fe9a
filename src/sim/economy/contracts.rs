//! Contracts for delivery: so much of a good, at a place, by a time, at a price.
//!
//! Both sides set aside what they answer for: the buyer the price, the seller the penalty. Goods
//! are paid for as they come, in proportion, and to the micro-credit when the last gram is there.
//! What is missing at the deadline is a default: the buyer gets its share of the penalty, and what
//! it has not paid out.

use std::collections::{BTreeMap, VecDeque};

use serde::{Deserialize, Serialize};

use super::auction::Side;
use super::commerce::{Books, HISTORY_KEPT, OPEN_DEALS_MAX, Party, Whom, share_of};
use super::good::Good;
use super::ledger::{AccountId, Memo, Unit};
use super::stores::Place;
use crate::sim::order::Refusal;

const ESCROW: &str = "escrow:contracts";

/// What is to be delivered, and what for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Delivery {
    pub place: Place,
    pub good: Good,
    pub mass_g: i64,
    /// For all of it.
    pub price_ucr: i64,
    /// If nothing of it comes.
    pub penalty_ucr: i64,
    pub deadline_ms: u64,
}

/// How far a contract has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum ContractState {
    Offered,
    Agreed,
    Fulfilled,
    Defaulted,
    /// Taken back, or not accepted in time.
    Lapsed,
}

/// An offer, or what two parties have agreed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Contract {
    pub id: u32,
    pub buyer: Option<Party>,
    pub seller: Option<Party>,
    pub to: Whom,
    pub delivery: Delivery,
    pub delivered_g: i64,
    pub paid_ucr: i64,
    pub state: ContractState,
}

impl Contract {
    /// Whether a party is one of the two.
    pub fn concerns(&self, party: Party) -> bool {
        self.buyer == Some(party) || self.seller == Some(party)
    }

    /// What lies in escrow for it [µcr].
    fn escrow_ucr(&self) -> i64 {
        let both = [self.buyer, self.seller].into_iter().flatten();
        both.map(|party| self.set_aside_ucr(party)).sum()
    }

    /// What lies in escrow of a party: of the buyer what is not yet paid, of the seller the
    /// penalty [µcr].
    fn set_aside_ucr(&self, party: Party) -> i64 {
        if self.buyer == Some(party) {
            self.delivery.price_ucr - self.paid_ucr
        } else if self.seller == Some(party) {
            self.delivery.penalty_ucr
        } else {
            0
        }
    }
}

/// All contracts that stand, and the latest that have ended.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Contracts {
    standing: BTreeMap<u32, Contract>,
    ended: VecDeque<Contract>,
}

impl Contracts {
    /// Offers to buy or to sell by contract, and sets aside one's own part.
    ///
    /// # Errors
    /// [`Refusal`] says what forbids it; nothing has changed then.
    pub fn offer(
        &mut self,
        books: &mut Books,
        sender: Party,
        side: Side,
        delivery: Delivery,
        to: Whom,
    ) -> Result<u32, Refusal> {
        check_delivery(books, &delivery)?;
        self.needs_room(sender)?;
        let (own_ucr, what) = match side {
            Side::Buy => (delivery.price_ucr, "the price"),
            Side::Sell => (delivery.penalty_ucr, "the penalty"),
        };
        books.needs_money(sender, own_ucr.into(), what)?;
        let escrow = books.keep(ESCROW, Unit::Credit);
        books.transfer(books.account(sender), escrow, own_ucr, Memo::Escrow);
        let id = books.new_deal();
        let contract = Contract {
            id,
            buyer: (side == Side::Buy).then_some(sender),
            seller: (side == Side::Sell).then_some(sender),
            to,
            delivery,
            delivered_g: 0,
            paid_ucr: 0,
            state: ContractState::Offered,
        };
        self.standing.insert(id, contract);
        Ok(id)
    }

    /// Enters what a tender has come to. The price lies in `from`, and so does the penalty.
    pub(super) fn agree(
        &mut self,
        books: &mut Books,
        (buyer, seller): (Party, Party),
        delivery: Delivery,
        from: AccountId,
    ) -> u32 {
        let escrow = books.keep(ESCROW, Unit::Credit);
        let held_ucr = delivery.price_ucr + delivery.penalty_ucr;
        books.transfer(from, escrow, held_ucr, Memo::Escrow);
        let id = books.new_deal();
        let contract = Contract {
            id,
            buyer: Some(buyer),
            seller: Some(seller),
            to: Whom::nobody(),
            delivery,
            delivered_g: 0,
            paid_ucr: 0,
            state: ContractState::Agreed,
        };
        self.standing.insert(id, contract);
        id
    }

    /// Takes an offer up, and sets aside one's own part.
    ///
    /// # Errors
    /// [`Refusal`] says what forbids it; nothing has changed then.
    pub fn accept(&mut self, books: &mut Books, sender: Party, id: u32) -> Result<(), Refusal> {
        let contract = self.standing.get_mut(&id).ok_or_else(|| unknown(id))?;
        if contract.state != ContractState::Offered
            || contract.concerns(sender)
            || !contract.to.includes(sender)
        {
            return Err(Refusal::because(format!(
                "contract {id} is not offered to you"
            )));
        }
        let (part, own_ucr, what) = if contract.buyer.is_none() {
            let price_ucr = contract.delivery.price_ucr;
            (&mut contract.buyer, price_ucr, "the price")
        } else {
            let penalty_ucr = contract.delivery.penalty_ucr;
            (&mut contract.seller, penalty_ucr, "the penalty")
        };
        books.needs_money(sender, own_ucr.into(), what)?;
        let escrow = books.keep(ESCROW, Unit::Credit);
        books.transfer(books.account(sender), escrow, own_ucr, Memo::Escrow);
        *part = Some(sender);
        contract.state = ContractState::Agreed;
        let (buyer, seller) = parties_of(contract);
        let text = format!(
            "contract {id} is agreed between {} and {}",
            books.name(buyer),
            books.name(seller)
        );
        books.tell(buyer, text.clone());
        books.tell(seller, text);
        Ok(())
    }

    /// Delivers out of the seller's store, up to what is still missing (default: all of it).
    ///
    /// # Errors
    /// [`Refusal`] says what forbids it; nothing has changed then.
    pub fn deliver(
        &mut self,
        books: &mut Books,
        sender: Party,
        id: u32,
        mass_g: Option<i64>,
    ) -> Result<(), Refusal> {
        let contract = self.standing.get(&id).ok_or_else(|| unknown(id))?;
        if contract.seller != Some(sender) || contract.state != ContractState::Agreed {
            return Err(Refusal::because(format!(
                "you have nothing to deliver under contract {id}"
            )));
        }
        let Delivery {
            place,
            good,
            mass_g: whole_g,
            ..
        } = &contract.delivery;
        let missing_g = whole_g - contract.delivered_g;
        let mass_g = mass_g.unwrap_or(missing_g);
        if missing_g < mass_g {
            return Err(Refusal::because(format!(
                "contract {id} wants only {:.3} kg more",
                1e-3 * missing_g as f64
            )));
        }
        books.needs_goods(sender, place, *good, mass_g)?;
        self.hand_over(books, id, mass_g);
        Ok(())
    }

    /// Takes an offer of one's own back, if nobody has taken it up.
    ///
    /// # Errors
    /// [`Refusal`] if it is no such offer.
    pub fn withdraw(&mut self, books: &mut Books, sender: Party, id: u32) -> Result<(), Refusal> {
        match self.standing.get(&id) {
            Some(contract)
                if contract.concerns(sender) && contract.state == ContractState::Offered =>
            {
                self.lapse(books, id);
                Ok(())
            }
            _ => Err(Refusal::because(format!(
                "contract {id} is no open offer of yours"
            ))),
        }
    }

    /// Delivers what has come to lie in the sellers' stores, and ends what has run out.
    pub fn pass_hour(&mut self, books: &mut Books) {
        let ids: Vec<u32> = self.standing.keys().copied().collect();
        for id in ids {
            let contract = &self.standing[&id];
            let late = contract.delivery.deadline_ms <= books.now_ms;
            if contract.state == ContractState::Offered {
                if late {
                    self.lapse(books, id);
                }
                continue;
            }
            let (_, seller) = parties_of(contract);
            let Delivery {
                place,
                good,
                mass_g,
                ..
            } = &contract.delivery;
            let missing_g = mass_g - contract.delivered_g;
            let there_g = books.held_g(seller, place, *good);
            if missing_g <= there_g || late && 0 < there_g {
                self.hand_over(books, id, missing_g.min(there_g));
            }
            if late && self.standing.contains_key(&id) {
                self.default_on(books, id);
            }
        }
    }

    /// Ends all that a party has agreed or offered: its offers lapse, what it still had to deliver
    /// is a default, what it was to get is given up against the penalty.
    pub(super) fn wind_up(&mut self, books: &mut Books, party: Party) {
        let ids: Vec<u32> = self
            .standing
            .values()
            .filter(|contract| contract.concerns(party))
            .map(|contract| contract.id)
            .collect();
        for id in ids {
            match self.standing[&id].state {
                ContractState::Offered => self.lapse(books, id),
                _ => self.default_on(books, id),
            }
        }
    }

    fn hand_over(&mut self, books: &mut Books, id: u32, mass_g: i64) {
        let contract = self.standing.get_mut(&id).expect("it stands");
        let (buyer, seller) = parties_of(contract);
        let delivery = &contract.delivery;
        let from = books.store(seller, &delivery.place, delivery.good);
        let to = books.store(buyer, &delivery.place, delivery.good);
        books.transfer(from, to, mass_g, Memo::Traded);
        contract.delivered_g += mass_g;
        let due_ucr = share_of(delivery.price_ucr, contract.delivered_g, delivery.mass_g);
        let escrow = books.keep(ESCROW, Unit::Credit);
        let payee = books.account(seller);
        books.transfer(escrow, payee, due_ucr - contract.paid_ucr, Memo::Traded);
        contract.paid_ucr = due_ucr;
        if contract.delivered_g == delivery.mass_g {
            books.transfer(escrow, payee, delivery.penalty_ucr, Memo::Escrow);
            let text = format!(
                "contract {id} is fulfilled: {:.3} kg of {} at {}",
                1e-3 * delivery.mass_g as f64,
                delivery.good,
                delivery.place
            );
            books.tell(buyer, text.clone());
            books.tell(seller, text);
            self.end(id, ContractState::Fulfilled);
        }
    }

    fn default_on(&mut self, books: &mut Books, id: u32) {
        let contract = &self.standing[&id];
        let (buyer, seller) = parties_of(contract);
        let Delivery {
            mass_g,
            price_ucr,
            penalty_ucr,
            ..
        } = contract.delivery;
        let forfeit_ucr = share_of(penalty_ucr, mass_g - contract.delivered_g, mass_g);
        let escrow = books.keep(ESCROW, Unit::Credit);
        let (payer, payee) = (books.account(seller), books.account(buyer));
        books.transfer(escrow, payee, forfeit_ucr, Memo::Penalty);
        books.transfer(escrow, payer, penalty_ucr - forfeit_ucr, Memo::Escrow);
        books.transfer(escrow, payee, price_ucr - contract.paid_ucr, Memo::Escrow);
        let text = format!(
            "contract {id} is in default: {:.3} of {:.3} kg came, the penalty is {:.2} credits",
            1e-3 * contract.delivered_g as f64,
            1e-3 * mass_g as f64,
            1e-6 * forfeit_ucr as f64
        );
        books.alarm(buyer, text.clone());
        books.alarm(seller, text);
        self.end(id, ContractState::Defaulted);
    }

    fn lapse(&mut self, books: &mut Books, id: u32) {
        let contract = &self.standing[&id];
        let escrow = books.keep(ESCROW, Unit::Credit);
        if let Some(proposer) = contract.buyer.or(contract.seller) {
            let purse = books.account(proposer);
            books.transfer(escrow, purse, contract.escrow_ucr(), Memo::Escrow);
        }
        self.end(id, ContractState::Lapsed);
    }

    fn end(&mut self, id: u32, state: ContractState) {
        if let Some(mut contract) = self.standing.remove(&id) {
            contract.state = state;
            if self.ended.len() == HISTORY_KEPT {
                self.ended.pop_front();
            }
            self.ended.push_back(contract);
        }
    }

    fn needs_room(&self, sender: Party) -> Result<(), Refusal> {
        let open = |contract: &&Contract| {
            contract.state == ContractState::Offered && contract.concerns(sender)
        };
        if self.standing.values().filter(open).count() < OPEN_DEALS_MAX {
            return Ok(());
        }
        Err(Refusal::because(format!(
            "{OPEN_DEALS_MAX} offers of yours stand already: withdraw one first"
        )))
    }

    pub fn find(&self, id: u32) -> Option<&Contract> {
        self.standing.get(&id)
    }

    /// Contracts that stand, by number.
    pub fn standing(&self) -> impl Iterator<Item = &Contract> {
        self.standing.values()
    }

    /// The latest that have ended, oldest first.
    pub fn ended(&self) -> impl Iterator<Item = &Contract> {
        self.ended.iter()
    }

    /// What a party answers for [µcr].
    pub(super) fn set_aside_ucr(&self, party: Party) -> i64 {
        let standing = self.standing.values();
        standing.map(|contract| contract.set_aside_ucr(party)).sum()
    }

    /// The name of the escrow and what all that stands answers for [µcr].
    pub fn obligations(&self) -> (&'static str, i64) {
        let held = self.standing.values().map(Contract::escrow_ucr).sum();
        (ESCROW, held)
    }
}

/// # Errors
/// [`Refusal`] if the terms can never be met.
pub(super) fn check_delivery(books: &Books, delivery: &Delivery) -> Result<(), Refusal> {
    if !delivery.good.is_tradable() {
        return Err(Refusal::because(format!(
            "{} cannot change hands",
            delivery.good
        )));
    }
    if delivery.deadline_ms <= books.now_ms {
        return Err(Refusal::because("the deadline has passed"));
    }
    Ok(())
}

fn parties_of(contract: &Contract) -> (Party, Party) {
    contract
        .buyer
        .zip(contract.seller)
        .expect("what is agreed has two parties")
}

fn unknown(id: u32) -> Refusal {
    Refusal::because(format!("no contract {id} stands"))
}
