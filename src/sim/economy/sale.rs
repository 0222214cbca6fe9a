//! Sale of machines: one for a price, at once.
//!
//! A machine goes over as it stands, with what is in it: a plant with the water in its tank, while
//! rock that waits in its hopper stays with those who brought it. Nothing is set aside, as nothing
//! is owed before the buyer pays. What a venture sells is paid into the venture.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::commerce::{Books, OPEN_DEALS_MAX, Party, Whom};
use super::fleet::{Fleet, Machine};
use super::ledger::Memo;
use super::venture::Ventures;
use crate::sim::order::Refusal;

/// A machine that is for sale.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct MachineSale {
    pub id: u32,
    /// Who gets the money.
    pub seller: Seller,
    pub machine: Machine,
    pub price_ucr: i64,
    pub to: Whom,
}

/// Who sells a machine.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Seller {
    Party(Party),
    Venture(String),
}

/// All machines that are for sale.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct MachineSales {
    standing: BTreeMap<u32, MachineSale>,
}

impl MachineSales {
    /// Offers a machine of one's own.
    ///
    /// # Errors
    /// [`Refusal`] says what forbids it; nothing has changed then.
    pub fn offer(
        &mut self,
        books: &mut Books,
        fleet: &Fleet,
        sender: Party,
        (machine, price_ucr): (Machine, i64),
        to: Whom,
    ) -> Result<u32, Refusal> {
        fleet.needs_own(sender, &machine)?;
        let seller = Seller::Party(sender);
        let own = self.standing.values().filter(|sale| sale.seller == seller);
        if OPEN_DEALS_MAX <= own.count() {
            return Err(Refusal::because(format!(
                "{OPEN_DEALS_MAX} machines of yours are for sale already"
            )));
        }
        Ok(self.enter(books, seller, machine, price_ucr, to))
    }

    /// Enters what may be sold.
    pub(super) fn enter(
        &mut self,
        books: &mut Books,
        seller: Seller,
        machine: Machine,
        price_ucr: i64,
        to: Whom,
    ) -> u32 {
        let id = books.new_deal();
        let sale = MachineSale {
            id,
            seller,
            machine,
            price_ucr,
            to,
        };
        self.standing.insert(id, sale);
        id
    }

    /// Buys a machine for oneself.
    ///
    /// # Errors
    /// [`Refusal`] says what forbids it; nothing has changed then.
    pub fn buy(
        &mut self,
        books: &mut Books,
        fleet: &mut Fleet,
        ventures: &mut Ventures,
        sender: Party,
        id: u32,
    ) -> Result<(), Refusal> {
        let sale = self.on_offer_to(fleet, ventures, sender, id)?;
        books.needs_money(sender, sale.price_ucr.into(), &sale.machine.to_string())?;
        let sale = self.close(id);
        let payee = match &sale.seller {
            Seller::Party(party) => books.account(*party),
            Seller::Venture(name) => ventures.give_up(name, &sale.machine),
        };
        books.transfer(books.account(sender), payee, sale.price_ucr, Memo::Machine);
        fleet.hand_over(&sale.machine, sender);
        books.announce(format!("{} buys {}", books.name(sender), sale.machine));
        Ok(())
    }

    /// A sale that a party may take up.
    ///
    /// # Errors
    /// [`Refusal`] if there is none of that number, or the machine cannot be handed over any more.
    pub(super) fn on_offer_to(
        &self,
        fleet: &Fleet,
        ventures: &Ventures,
        party: Party,
        id: u32,
    ) -> Result<&MachineSale, Refusal> {
        let sale = self
            .find(id)
            .filter(|sale| sale.stands(fleet, ventures))
            .ok_or_else(|| Refusal::because(format!("no sale {id} stands")))?;
        if sale.seller == Seller::Party(party) || !sale.to.includes(party) {
            return Err(Refusal::because(format!("sale {id} is not offered to you")));
        }
        Ok(sale)
    }

    /// Strikes a sale off that has come about.
    ///
    /// # Panics
    /// If there is none of that number: a check was forgotten.
    pub(super) fn close(&mut self, id: u32) -> MachineSale {
        self.standing.remove(&id).expect("it was checked to stand")
    }

    /// Takes an offer of one's own back.
    ///
    /// # Errors
    /// [`Refusal`] if it is not one's own.
    pub fn withdraw(&mut self, sender: Party, id: u32) -> Result<(), Refusal> {
        let own = self.find(id).map(|sale| sale.seller.clone());
        if own != Some(Seller::Party(sender)) {
            return Err(Refusal::because(format!("sale {id} is not yours")));
        }
        self.standing.remove(&id);
        Ok(())
    }

    /// Forgets what cannot be handed over any more.
    pub fn pass_hour(&mut self, fleet: &Fleet, ventures: &Ventures) {
        self.standing.retain(|_, sale| sale.stands(fleet, ventures));
    }

    /// Takes all offers of a party back.
    pub(super) fn wind_up(&mut self, party: Party) {
        self.standing
            .retain(|_, sale| sale.seller != Seller::Party(party));
    }

    /// Whether a machine is for sale.
    pub fn binds(&self, machine: &Machine) -> bool {
        self.standing.values().any(|sale| sale.machine == *machine)
    }

    pub fn find(&self, id: u32) -> Option<&MachineSale> {
        self.standing.get(&id)
    }

    pub fn standing(&self) -> impl Iterator<Item = &MachineSale> {
        self.standing.values()
    }
}

impl MachineSale {
    /// Whether the seller still has the machine.
    fn stands(&self, fleet: &Fleet, ventures: &Ventures) -> bool {
        match &self.seller {
            Seller::Party(party) => fleet.needs_own(*party, &self.machine).is_ok(),
            Seller::Venture(name) => ventures.holder_of(&self.machine) == Some(name),
        }
    }
}
