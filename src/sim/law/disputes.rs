//! Disputes: a complaint with a deposit, evidence from the record, and a ruling that follows from
//! both and from the charter alone. The loser pays.

use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::charter::{days_ms, micro_credits};
use super::claims::{ClaimId, End, Registry};
use super::regime::Regime;
use crate::sim::economy::ledger::{Ledger, Memo};
use crate::sim::order::Log;

/// What a complaint is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub enum Cause {
    /// A claim of another was filed over ground that the complainant had surveyed before and its
    /// holder had not.
    Priority { claim: u32 },
    /// Another has dug on a claim of the complainant.
    Trespass { claim: u32 },
    /// Another has poured its spoil on a claim of the complainant.
    Damage { claim: u32 },
}

impl Cause {
    /// The claim that it is about.
    pub fn claim(self) -> ClaimId {
        match self {
            Self::Priority { claim } | Self::Trespass { claim } | Self::Damage { claim } => {
                ClaimId(claim)
            }
        }
    }
}

/// A complaint and what became of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Dispute {
    pub id: u32,
    pub by: String,
    pub against: String,
    pub cause: Cause,
    pub filed_at_ms: u64,
    pub ruling_at_ms: u64,
    /// Put up by the complainant [µcr].
    pub deposit_ucr: i64,
    /// Readings of the complainant's own from within, older than the claim.
    pub readings: u32,
    pub ruling: Option<Ruling>,
}

/// What was decided, and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ruling {
    pub at_ms: u64,
    pub upheld: bool,
    pub damages_ucr: i64,
    /// The evidence, in a sentence.
    pub because: String,
}

/// Why a complaint was not taken, in words for the complainant.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum DisputeRefusal {
    #[error("the charter knows no court")]
    NoCourt,
    #[error("there is no claim {0}")]
    NoClaim(u32),
    #[error("claim {0} is your own")]
    OwnClaim(u32),
    #[error("claim {claim} belongs to {holder}")]
    NotYourClaim { claim: u32, holder: String },
    #[error("claim {0} has ended")]
    Ended(u32),
    #[error("there is no prospector {0:?} to complain of")]
    Nobody(String),
    #[error("{against} does not hold claim {claim}")]
    NotTheHolder { against: String, claim: u32 },
    #[error("such a complaint of yours is before the court already, number {0}")]
    Pending(u32),
    #[error("the deposit is {0} credits, more than there is")]
    Deposit(String),
}

/// All complaints, in order.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Disputes {
    all: Vec<Dispute>,
}

impl Disputes {
    pub fn all(&self) -> &[Dispute] {
        &self.all
    }

    /// Those that wait for their ruling.
    pub fn pending(&self) -> impl Iterator<Item = &Dispute> {
        self.all.iter().filter(|dispute| dispute.ruling.is_none())
    }

    pub(super) fn in_escrow_of_ucr(&self, name: &str) -> i64 {
        self.pending()
            .filter(|dispute| dispute.by == name)
            .map(|dispute| dispute.deposit_ucr)
            .sum()
    }

    pub(super) fn in_escrow_ucr(&self) -> i64 {
        self.pending().map(|dispute| dispute.deposit_ucr).sum()
    }
}

impl Regime {
    pub fn disputes(&self) -> &Disputes {
        &self.disputes
    }

    /// Takes a complaint with its deposit; `readings` are the complainant's own from within the
    /// claim and older than it.
    ///
    /// # Errors
    /// [`DisputeRefusal`] with the reason; nothing has changed then.
    pub(in crate::sim) fn complain(
        &mut self,
        registry: &Registry,
        ledger: &mut Ledger,
        now_ms: u64,
        by: &str,
        against: &str,
        cause: Cause,
        readings: u32,
    ) -> Result<u32, DisputeRefusal> {
        let terms = self.charter.disputes.ok_or(DisputeRefusal::NoCourt)?;
        let number = cause.claim().0;
        let claim = registry
            .get(cause.claim())
            .ok_or(DisputeRefusal::NoClaim(number))?;
        if against == by || self.account(against).is_none() {
            return Err(DisputeRefusal::Nobody(against.to_owned()));
        }
        match cause {
            Cause::Priority { .. } => {
                if claim.holder == by {
                    return Err(DisputeRefusal::OwnClaim(number));
                }
                if claim.holder != against {
                    return Err(DisputeRefusal::NotTheHolder {
                        against: against.to_owned(),
                        claim: number,
                    });
                }
                if !claim.stands() {
                    return Err(DisputeRefusal::Ended(number));
                }
            }
            // A wrong done to a claim outlives it.
            Cause::Trespass { .. } | Cause::Damage { .. } => {
                if claim.holder != by {
                    return Err(DisputeRefusal::NotYourClaim {
                        claim: number,
                        holder: claim.holder.clone(),
                    });
                }
            }
        }
        let same = |dispute: &&Dispute| {
            dispute.by == by && dispute.against == against && dispute.cause == cause
        };
        if let Some(dispute) = self.disputes.pending().find(same) {
            return Err(DisputeRefusal::Pending(dispute.id));
        }
        let deposit_ucr = micro_credits(terms.cost_credits);
        let price = || DisputeRefusal::Deposit(format!("{:.0}", terms.cost_credits));
        let account = self.account(by).ok_or_else(price)?;
        ledger
            .transfer(
                now_ms,
                account,
                self.accounts.escrow,
                deposit_ucr,
                Memo::Escrow,
            )
            .map_err(|_| price())?;
        let id = u32::try_from(self.disputes.all.len() + 1).expect("fewer than 2^32 disputes");
        self.disputes.all.push(Dispute {
            id,
            by: by.to_owned(),
            against: against.to_owned(),
            cause,
            filed_at_ms: now_ms,
            ruling_at_ms: now_ms + days_ms(terms.ruling_days),
            deposit_ucr,
            readings,
            ruling: None,
        });
        Ok(id)
    }

    /// Rules on what is due, oldest complaint first.
    pub(super) fn rule(
        &mut self,
        registry: &mut Registry,
        ledger: &mut Ledger,
        log: &mut Log,
        now_ms: u64,
    ) {
        for at in 0..self.disputes.all.len() {
            let dispute = &self.disputes.all[at];
            if dispute.ruling.is_some() || now_ms < dispute.ruling_at_ms {
                continue;
            }
            let dispute = dispute.clone();
            let (upheld, damages_ucr, because) = self.judge(registry, &dispute);
            let (escrow, registry_account) = (self.accounts.escrow, self.accounts.registry);
            let complainant = self
                .account(&dispute.by)
                .expect("complaints are those of citizens");
            let back_to = if upheld {
                complainant
            } else {
                registry_account
            };
            ledger
                .transfer(now_ms, escrow, back_to, dispute.deposit_ucr, Memo::Court)
                .expect("the deposit is in escrow");
            if upheld {
                let cost_ucr = dispute.deposit_ucr;
                self.charge(
                    ledger,
                    log,
                    now_ms,
                    &dispute.against,
                    registry_account,
                    cost_ucr,
                    Memo::Court,
                );
                self.charge(
                    ledger,
                    log,
                    now_ms,
                    &dispute.against,
                    complainant,
                    damages_ucr,
                    Memo::Damages,
                );
                if let Cause::Priority { .. } = dispute.cause {
                    registry.end(now_ms, dispute.cause.claim(), End::Struck);
                }
            }
            log.announce(
                now_ms,
                format!(
                    "dispute {}, {} against {}: {}, because {because}",
                    dispute.id,
                    dispute.by,
                    dispute.against,
                    if upheld { "upheld" } else { "dismissed" },
                ),
            );
            self.disputes.all[at].ruling = Some(Ruling {
                at_ms: now_ms,
                upheld,
                damages_ucr,
                because,
            });
        }
    }

    /// What the record says: whether a complaint is right, what is owed, and why. What is ruled on
    /// is taken from the record of wrongs, so that nothing is paid twice.
    fn judge(&self, registry: &mut Registry, dispute: &Dispute) -> (bool, i64, String) {
        // The charter may have lost its court; what is pending is ruled on without damages.
        let (trespass, damage) = self.charter.disputes.map_or((0.0, 0.0), |terms| {
            (terms.trespass_credits_per_kg, terms.damage_credits_per_kg)
        });
        let Some(claim) = registry.get_mut(dispute.cause.claim()) else {
            return (false, 0, "there is no such claim".to_owned());
        };
        let owed_ucr = |mass_g: i64, credits_per_kg: f64| {
            (i128::from(mass_g) * i128::from(micro_credits(credits_per_kg)) / 1000) as i64
        };
        match dispute.cause {
            Cause::Priority { .. } => {
                let upheld = claim.stands()
                    && claim.readings_at_filing == 0
                    && 0 < dispute.readings
                    && claim.holder == dispute.against;
                let because = format!(
                    "{} held {} readings from within when claim {} was filed, and its holder {}",
                    dispute.by, dispute.readings, claim.id.0, claim.readings_at_filing
                );
                (upheld, 0, because)
            }
            Cause::Trespass { .. } => {
                let mass_g = claim.trespass_g.remove(&dispute.against).unwrap_or(0);
                let because = format!(
                    "{} has dug {:.1} kg on claim {} without a right to it",
                    dispute.against,
                    1e-3 * mass_g as f64,
                    claim.id.0
                );
                (0 < mass_g, owed_ucr(mass_g, trespass), because)
            }
            Cause::Damage { .. } => {
                let mass_g = claim.poured_g.remove(&dispute.against).unwrap_or(0);
                let because = format!(
                    "{} has poured {:.1} kg on claim {}",
                    dispute.against,
                    1e-3 * mass_g as f64,
                    claim.id.0
                );
                (0 < mass_g, owed_ucr(mass_g, damage), because)
            }
        }
    }
}
