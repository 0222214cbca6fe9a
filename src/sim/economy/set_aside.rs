//! What a party has set aside: money and goods that deals hold until they are done, and that are
//! its own until then. Whoever asks what a party owns adds it to purse and stores.

use std::collections::BTreeMap;

use super::commerce::{Commerce, Party};
use super::good::Good;
use super::ledger::Ledger;
use super::stores::Place;

/// What deals hold of one party.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SetAside {
    pub money_ucr: i64,
    /// By where they lie [g].
    pub goods_g: BTreeMap<(Place, Good), i64>,
}

impl SetAside {
    pub(super) fn add_goods(&mut self, place: &Place, good: Good, mass_g: i64) {
        *self.goods_g.entry((place.clone(), good)).or_default() += mass_g;
    }
}

impl Commerce {
    /// What the deals of a party, and the sale of its estate, hold of its own: bids and asks that
    /// wait, prices and penalties of contracts and tenders, deposits, sums insured, pledged goods.
    /// Shares of a company that it asks a price for count with those it has
    /// ([`Venture::part_of`](super::venture::Venture::part_of)).
    pub fn set_aside_by(&self, ledger: &Ledger, party: Party) -> SetAside {
        let mut aside = SetAside {
            money_ucr: self.contracts.set_aside_ucr(party)
                + self.tenders.set_aside_ucr(party)
                + self.hires.set_aside_ucr(party)
                + self.insurance.set_aside_ucr(party),
            ..SetAside::default()
        };
        self.exchange.set_aside(party, &mut aside);
        self.credit.set_aside(party, &mut aside);
        let name = self.parties.name(party);
        self.insolvency.set_aside(ledger, name, party, &mut aside);
        aside
    }

    /// What others owe a party less what it owes them [µcr]: by loans with the interest of the full
    /// days so far, and by debts that are overdue. What it owes to Earth, such as wages, counts too.
    pub fn claims_ucr(&self, party: Party) -> i64 {
        let account = self.parties.account(party);
        self.credit.claims_ucr(party) + self.arrears.claims_ucr(party, account)
    }
}
