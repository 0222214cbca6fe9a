//! Insurance of machines against loss.
//!
//! Whoever commands or owns a machine insures it for up to what a new one costs; the sum is paid
//! when it is lost within the term, and nothing without a loss. The **pool** on Earth insures
//! everybody: its premium is the expected loss and a third for its trouble, by how often machines
//! have been lost on this body so far. A **prospector** may offer cover at a rate of its own, and
//! sets the sums aside, so that its word is as good as the pool's.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::commerce::{Books, OPEN_DEALS_MAX, Party, Whom};
use super::fleet::{Fleet, Machine};
use super::ledger::{AccountKind, Memo, Unit};
use crate::sim::order::Refusal;

const ESCROW: &str = "escrow:insurance";
/// Where premiums of the pool go, and where its claims are paid from.
const POOL_PREMIUMS: &str = "insurance-pool:premiums";
const POOL_CLAIMS: &str = "insurance-pool:claims";
/// What the pool assumes before it has seen anything: half a loss in ten machine-years. Assumed.
const PRIOR_LOSSES: f64 = 0.5;
const PRIOR_YEARS: f64 = 10.0;
/// What the pool takes above the expected loss. Assumed.
const LOADING: f64 = 1.0 / 3.0;
const MS_PER_YEAR: f64 = 365.0 * 86_400_000.0;

/// Cover that a prospector offers.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cover {
    pub id: u32,
    pub insurer: Party,
    /// Premium in parts per million of the sum and year.
    pub rate_ppm: i64,
    pub sum_max_ucr: i64,
    pub to: Whom,
}

/// A machine that is insured.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Policy {
    pub id: u32,
    /// `None` is the pool.
    pub insurer: Option<Party>,
    pub insured: Party,
    pub machine: Machine,
    pub sum_ucr: i64,
    pub premium_ucr: i64,
    pub until_ms: u64,
}

/// All cover on offer and all policies in force.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Insurance {
    covers: BTreeMap<u32, Cover>,
    policies: BTreeMap<u32, Policy>,
    /// Cargoes that the pool insures, by the number of the shipment: for whom and how much [µcr].
    cargoes: BTreeMap<u32, (Party, i64)>,
    /// Ends of voyages that have been looked at.
    seen_outcomes: u64,
    /// Machine-hours watched, and the machines that were lost in them.
    watched_h: u64,
    lost: BTreeSet<Machine>,
}

impl Insurance {
    /// Chance that a machine is lost in a year, by the losses seen so far.
    pub fn losses_per_year(&self) -> f64 {
        let years = PRIOR_YEARS + self.watched_h as f64 / (365.0 * 24.0);
        (PRIOR_LOSSES + self.lost.len() as f64) / years
    }

    /// What the pool asks for a sum over a term [µcr]: the expected loss and its loading, rounded
    /// to the nearest.
    pub fn pool_premium_ucr(&self, sum_ucr: i64, term_ms: u64) -> i64 {
        let chance = -(-self.losses_per_year() * term_ms as f64 / MS_PER_YEAR).exp_m1();
        ((sum_ucr as f64 * chance * (1.0 + LOADING)).round() as i64).max(1)
    }

    /// Offers cover to others.
    ///
    /// # Errors
    /// [`Refusal`] if there is too much of it.
    pub fn offer(
        &mut self,
        books: &mut Books,
        sender: Party,
        (rate_ppm, sum_max_ucr): (i64, i64),
        to: Whom,
    ) -> Result<u32, Refusal> {
        let own = self.covers.values().filter(|cover| cover.insurer == sender);
        if OPEN_DEALS_MAX <= own.count() {
            return Err(Refusal::because(format!(
                "{OPEN_DEALS_MAX} offers of cover of yours stand already"
            )));
        }
        let id = books.new_deal();
        let cover = Cover {
            id,
            insurer: sender,
            rate_ppm,
            sum_max_ucr,
            to,
        };
        self.covers.insert(id, cover);
        Ok(id)
    }

    /// # Errors
    /// [`Refusal`] if it is no offer of the sender's.
    pub fn withdraw(&mut self, sender: Party, id: u32) -> Result<(), Refusal> {
        match self.covers.get(&id) {
            Some(cover) if cover.insurer == sender => {
                self.covers.remove(&id);
                Ok(())
            }
            _ => Err(Refusal::because(format!("cover {id} is no offer of yours"))),
        }
    }

    /// Insures a machine with whoever offers the cover, or with the pool, and pays the premium.
    ///
    /// # Errors
    /// [`Refusal`] says what forbids it; nothing has changed then.
    pub fn insure(
        &mut self,
        books: &mut Books,
        fleet: &Fleet,
        sender: Party,
        (machine, sum_ucr, term_ms): (Machine, i64, u64),
        cover: Option<u32>,
    ) -> Result<u32, Refusal> {
        let craft = fleet.needs_own(sender, &machine)?;
        if craft.value_ucr < sum_ucr {
            return Err(Refusal::because(format!(
                "a new {machine} costs {:.2} credits, and nothing is insured for more",
                1e-6 * craft.value_ucr as f64
            )));
        }
        let mut insured = self.policies.values();
        if insured.any(|policy| policy.machine == machine) {
            return Err(Refusal::because(format!("{machine} is insured already")));
        }
        let insurer = match cover {
            None => None,
            Some(id) => {
                let cover = self
                    .covers
                    .get(&id)
                    .filter(|cover| cover.insurer != sender && cover.to.includes(sender));
                let cover = cover
                    .ok_or_else(|| Refusal::because(format!("cover {id} is not offered to you")))?;
                if cover.sum_max_ucr < sum_ucr {
                    return Err(Refusal::because(format!(
                        "cover {id} is for up to {:.2} credits",
                        1e-6 * cover.sum_max_ucr as f64
                    )));
                }
                if books.balance_ucr(cover.insurer) < sum_ucr {
                    return Err(Refusal::because(format!(
                        "{} cannot set so much aside now",
                        books.name(cover.insurer)
                    )));
                }
                Some((cover.insurer, cover.rate_ppm))
            }
        };
        let premium_ucr = match insurer {
            None => self.pool_premium_ucr(sum_ucr, term_ms),
            Some((_, rate_ppm)) => {
                let years = term_ms as f64 / MS_PER_YEAR;
                (1e-6 * rate_ppm as f64 * years * sum_ucr as f64).round() as i64
            }
        };
        books.needs_money(sender, premium_ucr.into(), "the premium")?;
        let payer = books.account(sender);
        match insurer {
            None => {
                let pool = books.keep_as(POOL_PREMIUMS, Unit::Credit, AccountKind::Sink);
                books.transfer(payer, pool, premium_ucr, Memo::Premium);
            }
            Some((insurer, _)) => {
                let escrow = books.keep(ESCROW, Unit::Credit);
                let payee = books.account(insurer);
                books.transfer(payee, escrow, sum_ucr, Memo::Escrow);
                books.transfer(payer, payee, premium_ucr, Memo::Premium);
            }
        }
        let id = books.new_deal();
        let policy = Policy {
            id,
            insurer: insurer.map(|(insurer, _)| insurer),
            insured: sender,
            machine,
            sum_ucr,
            premium_ucr,
            until_ms: books.now_ms + term_ms,
        };
        self.policies.insert(id, policy);
        Ok(id)
    }

    /// Insures a cargo with the pool, by the chance of its loss.
    ///
    /// # Errors
    /// [`Refusal`] says what forbids it; nothing has changed then.
    pub fn insure_cargo(
        &mut self,
        books: &mut Books,
        sender: Party,
        shipment: u32,
        loss_chance: f64,
        sum_ucr: i64,
    ) -> Result<(), Refusal> {
        if self.cargoes.contains_key(&shipment) {
            return Err(Refusal::because(format!(
                "shipment {shipment} is insured already"
            )));
        }
        let expected_ucr = sum_ucr as f64 * loss_chance;
        let premium_ucr = ((expected_ucr * (1.0 + LOADING)).round() as i64).max(1);
        books.needs_money(sender, premium_ucr.into(), "the premium")?;
        let pool = books.keep_as(POOL_PREMIUMS, Unit::Credit, AccountKind::Sink);
        let payer = books.account(sender);
        books.transfer(payer, pool, premium_ucr, Memo::Premium);
        self.cargoes.insert(shipment, (sender, sum_ucr));
        let premium = 1e-6 * premium_ucr as f64;
        let text = format!("shipment {shipment} is insured for a premium of {premium:.2} credits");
        books.tell(sender, text);
        Ok(())
    }

    /// Pays for cargoes that were lost: of the voyages that have ended since the last call, number
    /// and whether the cargo was lost.
    pub fn end_cargoes(&mut self, books: &mut Books, ended: &[(u32, bool)]) {
        for &(shipment, lost) in ended {
            if let Some((insured, sum_ucr)) = self.cargoes.remove(&shipment)
                && lost
            {
                let pool = books.keep_as(POOL_CLAIMS, Unit::Credit, AccountKind::Source);
                let payee = books.account(insured);
                books.transfer(pool, payee, sum_ucr, Memo::Indemnity);
                let paid = 1e-6 * sum_ucr as f64;
                let text = format!("shipment {shipment} was insured: {paid:.2} credits are paid");
                books.tell(insured, text);
            }
        }
        self.seen_outcomes += ended.len() as u64;
    }

    /// How many ends of voyages have been looked at.
    pub fn seen_outcomes(&self) -> usize {
        self.seen_outcomes as usize
    }

    /// Counts losses, pays for those that are insured, and ends what has run out.
    pub fn pass_hour(&mut self, books: &mut Books, fleet: &Fleet) {
        for (machine, craft) in fleet.iter() {
            if !craft.lost {
                self.watched_h += 1;
            } else if !self.lost.contains(machine) {
                self.lost.insert(machine.clone());
            }
        }
        let ids: Vec<u32> = self.policies.keys().copied().collect();
        for id in ids {
            let policy = &self.policies[&id];
            let lost = fleet.get(&policy.machine).is_none_or(|craft| craft.lost);
            if lost {
                let machine = &policy.machine;
                let text = format!(
                    "{machine} was insured: {:.2} credits are paid",
                    1e-6 * policy.sum_ucr as f64
                );
                books.tell(policy.insured, text);
                self.close(books, id, true);
            } else if policy.until_ms <= books.now_ms {
                self.close(books, id, false);
            }
        }
    }

    /// Takes back the cover that a party offers and ends what it insures or has insured.
    pub(super) fn wind_up(&mut self, books: &mut Books, party: Party) {
        self.covers.retain(|_, cover| cover.insurer != party);
        let own: Vec<u32> = self
            .policies
            .values()
            .filter(|policy| policy.insured == party)
            .map(|policy| policy.id)
            .collect();
        // What it insures goes on: the sums are set aside.
        for id in own {
            self.close(books, id, false);
        }
    }

    fn close(&mut self, books: &mut Books, id: u32, pays: bool) {
        let policy = self.policies.remove(&id).expect("it is in force");
        let insured = books.account(policy.insured);
        match policy.insurer {
            Some(insurer) => {
                let escrow = books.keep(ESCROW, Unit::Credit);
                if pays {
                    books.transfer(escrow, insured, policy.sum_ucr, Memo::Indemnity);
                } else {
                    let insurer = books.account(insurer);
                    books.transfer(escrow, insurer, policy.sum_ucr, Memo::Escrow);
                }
            }
            None if pays => {
                let pool = books.keep_as(POOL_CLAIMS, Unit::Credit, AccountKind::Source);
                books.transfer(pool, insured, policy.sum_ucr, Memo::Indemnity);
            }
            None => {}
        }
    }

    pub fn covers(&self) -> impl Iterator<Item = &Cover> {
        self.covers.values()
    }

    pub fn policies(&self) -> impl Iterator<Item = &Policy> {
        self.policies.values()
    }

    /// The sums that a party has set aside for what it insures [µcr].
    pub(super) fn set_aside_ucr(&self, party: Party) -> i64 {
        let policies = self.policies.values();
        let own = policies.filter(|policy| policy.insurer == Some(party));
        own.map(|policy| policy.sum_ucr).sum()
    }

    /// The name of the escrow and the sums that prospectors have set aside [µcr].
    pub fn obligations(&self) -> (&'static str, i64) {
        let backed = self
            .policies
            .values()
            .filter(|policy| policy.insurer.is_some());
        (ESCROW, backed.map(|policy| policy.sum_ucr).sum())
    }
}
