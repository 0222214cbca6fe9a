//! Standing before the law: who may mine, who answers for whom, who is a member, and who has leave
//! to enter whose zone.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::charter::{Sponsor, micro_credits};
use super::claims::{ClaimId, End, Registry};
use super::regime::Regime;
use crate::sim::economy::ledger::{AccountId, Ledger, Memo};
use crate::sim::level::ProspectorKind;
use crate::sim::order::Log;

/// A month of licences [ms]: thirty days.
pub const MONTH_MS: u64 = 30 * super::charter::DAY_MS;

/// Why somebody may not mine, in words for the one concerned.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum StandingRefusal {
    #[error("{0} is not on the roll of prospectors")]
    Unknown(String),
    #[error("only members of the treaty may mine")]
    OutsideTreaty,
    #[error("the charter gives no licence to a {0}")]
    Kind(&'static str),
    #[error("an agency must sponsor you first")]
    NoSponsor,
    #[error("the licence is {months} months in arrears, {owed} credits in all")]
    Arrears { months: u32, owed: String },
    #[error("the charter wants {wanted} credits in the account of whoever begins, fees included")]
    Poor { wanted: String },
}

/// Why a change of membership or sponsorship was refused, in words for the one who asked.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum MembershipRefusal {
    #[error("the charter knows no treaty to join or leave")]
    NoTreaty,
    #[error("you are a member already")]
    Member,
    #[error("you are no member")]
    NoMember,
    #[error("the price is {0} credits, more than there is")]
    Price(String),
    #[error("only an agency can sponsor")]
    NoAgency,
    #[error("there is no prospector {0:?} but yourself and those who need no sponsor")]
    Nobody(String),
    #[error("{prospector} is sponsored by {sponsor}")]
    Sponsored { prospector: String, sponsor: String },
    #[error("you do not sponsor {0}")]
    NotSponsored(String),
}

/// Who stands how before the law.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Standing {
    /// Those who have shown what is asked of whoever begins.
    pub(super) begun: BTreeSet<String>,
    /// Those who have founded a company to get a licence.
    incorporated: BTreeSet<String>,
    /// The agency that answers for a prospector.
    sponsors: BTreeMap<String, String>,
    members: BTreeSet<String>,
    /// Those who have dug, sold or held a claim in this month.
    active: BTreeSet<String>,
    /// Months of licence that are owed.
    arrears: BTreeMap<String, u32>,
    /// Who lets whom into its zones.
    passages: BTreeSet<(String, String)>,
}

impl Standing {
    /// Members of the treaty, by name.
    pub fn members(&self) -> impl Iterator<Item = &str> {
        self.members.iter().map(String::as_str)
    }

    /// The agency that answers for a prospector.
    pub fn sponsor_of(&self, name: &str) -> Option<&str> {
        self.sponsors.get(name).map(String::as_str)
    }

    /// Whether one lets another into its zones.
    pub fn lets_in(&self, holder: &str, guest: &str) -> bool {
        self.passages
            .contains(&(holder.to_owned(), guest.to_owned()))
    }

    pub(super) fn set_passage(&mut self, holder: &str, guest: &str, open: bool) {
        let passage = (holder.to_owned(), guest.to_owned());
        if open {
            self.passages.insert(passage);
        } else {
            self.passages.remove(&passage);
        }
    }

    pub(super) fn note_activity(&mut self, name: &str) {
        if !self.active.contains(name) {
            self.active.insert(name.to_owned());
        }
    }

    pub(super) fn admit(&mut self, name: &str) {
        self.members.insert(name.to_owned());
    }

    fn months_owed(&self, name: &str) -> u32 {
        self.arrears.get(name).copied().unwrap_or(0)
    }
}

impl Regime {
    /// Who stands how before the law.
    pub fn standing(&self) -> &Standing {
        &self.standing
    }

    /// Whether somebody is a member of the treaty or pool; all are where the charter knows none.
    pub fn is_member(&self, name: &str) -> bool {
        self.charter.treaty.is_none() || self.standing.members.contains(name)
    }

    /// Whether there are members enough for royalties, quotas, funds and duties.
    pub fn in_force(&self) -> bool {
        self.charter.treaty.is_none_or(|treaty| {
            treaty.quorum * self.roster.len() as f64 <= self.standing.members.len() as f64 + 1e-9
        })
    }

    /// Whether royalties, quotas and duties bind somebody now.
    pub fn binds(&self, name: &str) -> bool {
        self.in_force() && self.is_member(name)
    }

    pub(super) fn kind_of(&self, name: &str) -> Option<ProspectorKind> {
        self.citizen(name).map(|citizen| citizen.kind)
    }

    /// What somebody would pay to begin to mine [µcr], for founding a company and to its state.
    fn price_of_beginning_ucr(&self, name: &str, kind: ProspectorKind) -> (i64, i64) {
        let terms = &self.charter.credentials;
        if self.standing.begun.contains(name) {
            return (0, 0);
        }
        let founding = terms
            .incorporation_credits
            .filter(|_| !self.is_of_licensed_kind(name, kind))
            .map_or(0, micro_credits);
        let state = match terms.sponsor {
            Sponsor::HomeState { fee_credits }
                if kind != ProspectorKind::Agency && !self.standing.sponsors.contains_key(name) =>
            {
                micro_credits(fee_credits)
            }
            _ => 0,
        };
        (founding, state)
    }

    /// What somebody would pay to begin to mine [µcr], besides the fee for what it begins with.
    pub(super) fn beginning_ucr(&self, name: &str) -> i64 {
        self.kind_of(name).map_or(0, |kind| {
            let (founding, state) = self.price_of_beginning_ucr(name, kind);
            founding + state
        })
    }

    fn is_of_licensed_kind(&self, name: &str, kind: ProspectorKind) -> bool {
        self.charter.credentials.may_mine.contains(&kind)
            || self.standing.incorporated.contains(name)
    }

    /// Whether somebody may mine, or may begin to now.
    ///
    /// # Errors
    /// [`StandingRefusal`] with the reason.
    pub fn check_standing(&self, ledger: &Ledger, name: &str) -> Result<(), StandingRefusal> {
        let citizen = self
            .citizen(name)
            .ok_or_else(|| StandingRefusal::Unknown(name.to_owned()))?;
        let kind = citizen.kind;
        let terms = &self.charter.credentials;
        if let Some(treaty) = &self.charter.treaty
            && !treaty.outsiders_may_mine
            && !self.is_member(name)
        {
            return Err(StandingRefusal::OutsideTreaty);
        }
        if !self.is_of_licensed_kind(name, kind) && terms.incorporation_credits.is_none() {
            return Err(StandingRefusal::Kind(match kind {
                ProspectorKind::Person => "person",
                ProspectorKind::Company => "company",
                ProspectorKind::Agency => "agency",
                ProspectorKind::Cooperative => "co-operative",
            }));
        }
        if terms.sponsor == Sponsor::Agency
            && kind != ProspectorKind::Agency
            && !self.standing.sponsors.contains_key(name)
        {
            return Err(StandingRefusal::NoSponsor);
        }
        let months = self.standing.months_owed(name);
        if terms.arrears_months_max.is_some_and(|most| most < months) {
            return Err(StandingRefusal::Arrears {
                months,
                owed: format!("{:.0}", 1e-6 * self.owed_ucr(name) as f64),
            });
        }
        if !self.standing.begun.contains(name) {
            let (founding, state) = self.price_of_beginning_ucr(name, kind);
            let wanted_ucr = micro_credits(terms.standing_credits).max(founding + state);
            if ledger.balance(citizen.account) < wanted_ucr {
                return Err(StandingRefusal::Poor {
                    wanted: format!("{:.0}", 1e-6 * wanted_ucr as f64),
                });
            }
        }
        Ok(())
    }

    /// Writes down that somebody mines or files, and takes what is due of whoever begins. Call it
    /// after [`check_standing`](Self::check_standing), with the deed.
    pub fn begin(&mut self, ledger: &mut Ledger, now_ms: u64, name: &str) {
        self.standing.note_activity(name);
        let Some(citizen) = self.citizen(name).cloned() else {
            return;
        };
        if self.standing.begun.contains(name) {
            return;
        }
        let (founding, state) = self.price_of_beginning_ucr(name, citizen.kind);
        let founds = !self.is_of_licensed_kind(name, citizen.kind);
        for amount_ucr in [founding, state] {
            ledger
                .transfer(
                    now_ms,
                    citizen.account,
                    self.accounts.registry,
                    amount_ucr,
                    Memo::LicenceFee,
                )
                .expect("standing was checked");
        }
        if founds {
            self.standing.incorporated.insert(name.to_owned());
        }
        self.standing.begun.insert(name.to_owned());
    }

    /// Joins the treaty, for its price.
    ///
    /// # Errors
    /// [`MembershipRefusal`] with the reason; nothing has changed then.
    pub(in crate::sim) fn join(
        &mut self,
        ledger: &mut Ledger,
        now_ms: u64,
        name: &str,
    ) -> Result<(), MembershipRefusal> {
        let treaty = self.charter.treaty.ok_or(MembershipRefusal::NoTreaty)?;
        if self.is_member(name) {
            return Err(MembershipRefusal::Member);
        }
        self.pay_to_authority(ledger, now_ms, name, treaty.joining_credits)?;
        self.standing.admit(name);
        Ok(())
    }

    /// Leaves the treaty, for its price. Shares of a quota go back in equal parts to those who
    /// stay.
    ///
    /// # Errors
    /// [`MembershipRefusal`] with the reason; nothing has changed then.
    pub(in crate::sim) fn leave(
        &mut self,
        ledger: &mut Ledger,
        now_ms: u64,
        name: &str,
    ) -> Result<(), MembershipRefusal> {
        let treaty = self.charter.treaty.ok_or(MembershipRefusal::NoTreaty)?;
        if !self.is_member(name) {
            return Err(MembershipRefusal::NoMember);
        }
        self.pay_to_authority(ledger, now_ms, name, treaty.leaving_credits)?;
        self.standing.members.remove(name);
        self.spread_shares_of(name);
        Ok(())
    }

    /// Gives the quota shares of somebody to the other members in equal parts.
    fn spread_shares_of(&mut self, name: &str) {
        let Some(shares) = self.treasury.shares.remove(name) else {
            return;
        };
        let others: Vec<String> = self
            .roster
            .iter()
            .map(|citizen| &citizen.name)
            .filter(|other| *other != name && self.is_member(other))
            .cloned()
            .collect();
        let parts = super::treasury::split(i64::from(shares), &vec![1; others.len()], 0);
        for (other, part) in others.iter().zip(parts) {
            self.grant_quota(other, part as u32);
        }
    }

    /// Ends all that somebody holds under the law, for insolvency: claims, leases, offers, quota
    /// shares and what is owed. Bids and deposits stay in escrow until their time. Returns what is
    /// written off [µcr].
    pub fn wind_up(&mut self, registry: &mut Registry, now_ms: u64, name: &str) -> i64 {
        let claims: Vec<(ClaimId, bool)> = registry
            .standing()
            .filter(|claim| claim.holder == name || claim.digger() == name)
            .map(|claim| (claim.id, claim.holder == name))
            .collect();
        for (id, own) in claims {
            if own {
                registry.end(now_ms, id, End::GivenUp);
            } else {
                registry.end_lease(now_ms, id);
            }
        }
        self.titles.close_all_of(name);
        self.spread_shares_of(name);
        self.write_off(name)
    }

    fn pay_to_authority(
        &mut self,
        ledger: &mut Ledger,
        now_ms: u64,
        name: &str,
        credits: f64,
    ) -> Result<(), MembershipRefusal> {
        let price = || MembershipRefusal::Price(format!("{credits:.0}"));
        let account = self.account(name).ok_or_else(price)?;
        let to = self.fees_account();
        ledger
            .transfer(now_ms, account, to, micro_credits(credits), Memo::TreatyFee)
            .map_err(|_| price())
    }

    /// An agency answers for a prospector from now on.
    ///
    /// # Errors
    /// [`MembershipRefusal`] with the reason; nothing has changed then.
    pub(in crate::sim) fn sponsor(
        &mut self,
        agency: &str,
        prospector: &str,
    ) -> Result<(), MembershipRefusal> {
        if self.kind_of(agency) != Some(ProspectorKind::Agency) {
            return Err(MembershipRefusal::NoAgency);
        }
        let kind = self.kind_of(prospector);
        if agency == prospector || kind.is_none() || kind == Some(ProspectorKind::Agency) {
            return Err(MembershipRefusal::Nobody(prospector.to_owned()));
        }
        if let Some(sponsor) = self.standing.sponsors.get(prospector) {
            return Err(MembershipRefusal::Sponsored {
                prospector: prospector.to_owned(),
                sponsor: sponsor.clone(),
            });
        }
        self.standing
            .sponsors
            .insert(prospector.to_owned(), agency.to_owned());
        Ok(())
    }

    /// An agency no longer answers for a prospector.
    ///
    /// # Errors
    /// [`MembershipRefusal`] with the reason; nothing has changed then.
    pub(in crate::sim) fn end_sponsorship(
        &mut self,
        agency: &str,
        prospector: &str,
    ) -> Result<(), MembershipRefusal> {
        if self.standing.sponsor_of(prospector) != Some(agency) {
            return Err(MembershipRefusal::NotSponsored(prospector.to_owned()));
        }
        self.standing.sponsors.remove(prospector);
        Ok(())
    }

    /// Charges the licence for a month to those who were active in it.
    pub(super) fn charge_licences(&mut self, ledger: &mut Ledger, log: &mut Log, now_ms: u64) {
        let yearly_ucr = micro_credits(self.charter.credentials.licence_credits_per_year);
        let month_ucr = (i128::from(yearly_ucr) * i128::from(MONTH_MS)
            / i128::from(super::charter::YEAR_MS)) as i64;
        let active = std::mem::take(&mut self.standing.active);
        if month_ucr == 0 {
            return;
        }
        let to = self.fees_account();
        for name in active {
            self.charge(ledger, log, now_ms, &name, to, month_ucr, Memo::LicenceFee);
            if 0 < self.owed_ucr(&name) {
                *self.standing.arrears.entry(name).or_default() += 1;
            } else {
                self.standing.arrears.remove(&name);
            }
        }
    }

    /// Forgets arrears that have been paid.
    pub(super) fn clear_arrears(&mut self) {
        let records = &self.records;
        self.standing.arrears.retain(|name, _| {
            records
                .of(name)
                .is_some_and(|record| !record.debts.is_empty())
        });
    }

    /// Where fees and fines go.
    pub(in crate::sim) fn fees_account(&self) -> AccountId {
        if self.charter.fund.takes_fees {
            self.accounts.fund
        } else {
            self.accounts.registry
        }
    }
}
