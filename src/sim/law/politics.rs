//! Politics: prospectors propose changes of the charter and vote on them. What is adopted is in
//! force at once and is announced in plain words.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::charter::{Article, Charter, Weight, days_ms};
use super::regime::Regime;
use crate::sim::economy::ledger::Ledger;
use crate::sim::order::Log;

/// Articles that one proposal may change.
const ARTICLES_MAX: usize = 16;
/// Longest reason given for a proposal, in letters.
const REASON_MAX: usize = 500;

/// A change of the charter that is put to the vote.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Proposal {
    pub id: u32,
    pub by: String,
    pub articles: Vec<Article>,
    /// Why, in the words of the one who proposes.
    pub reason: String,
    /// What would change, in plain words, when it was proposed.
    pub changes: Vec<String>,
    pub proposed_at_ms: u64,
    pub closes_at_ms: u64,
    /// Who has voted, and whether in favour. Votes are open.
    pub votes: BTreeMap<String, bool>,
    pub result: Option<Count>,
}

/// How a vote ended.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Count {
    pub at_ms: u64,
    pub adopted: bool,
    /// Weight in favour, against, and of all who might have voted.
    pub in_favour: i64,
    pub against: i64,
    pub of_all: i64,
}

/// Why a proposal or a vote was not taken, in words for its sender.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum PoliticsRefusal {
    #[error("the charter cannot be changed by vote")]
    NoVotes,
    #[error("only members vote")]
    NoMember,
    #[error("a proposal must change from 1 to {ARTICLES_MAX} articles, not {0}")]
    Articles(usize),
    #[error("the reason must have at most {REASON_MAX} letters")]
    Reason,
    #[error("the charter is like that already")]
    NoChange,
    #[error("the charter would not make sense: {0}")]
    Nonsense(String),
    #[error("your proposal {0} is still being voted on")]
    Pending(u32),
    #[error("there is no proposal {0}")]
    Unknown(u32),
    #[error("the vote on proposal {0} is over")]
    Over(u32),
}

/// All proposals, in order.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Politics {
    proposals: Vec<Proposal>,
}

impl Politics {
    pub fn proposals(&self) -> &[Proposal] {
        &self.proposals
    }

    /// Those that are being voted on.
    pub fn open(&self) -> impl Iterator<Item = &Proposal> {
        self.proposals
            .iter()
            .filter(|proposal| proposal.result.is_none())
    }
}

impl Regime {
    pub fn politics(&self) -> &Politics {
        &self.politics
    }

    /// Puts a change to the vote; who proposes it votes for it.
    ///
    /// # Errors
    /// [`PoliticsRefusal`] with the reason; nothing has changed then.
    pub(in crate::sim) fn propose(
        &mut self,
        log: &mut Log,
        now_ms: u64,
        by: &str,
        articles: &[Article],
        reason: &str,
    ) -> Result<u32, PoliticsRefusal> {
        let terms = self.charter.politics.ok_or(PoliticsRefusal::NoVotes)?;
        if !self.is_member(by) {
            return Err(PoliticsRefusal::NoMember);
        }
        if !(1..=ARTICLES_MAX).contains(&articles.len()) {
            return Err(PoliticsRefusal::Articles(articles.len()));
        }
        if REASON_MAX < reason.chars().count() {
            return Err(PoliticsRefusal::Reason);
        }
        if let Some(own) = self.politics.open().find(|proposal| proposal.by == by) {
            return Err(PoliticsRefusal::Pending(own.id));
        }
        let amended = self.amended(articles);
        if amended == *self.charter {
            return Err(PoliticsRefusal::NoChange);
        }
        amended.validate().map_err(PoliticsRefusal::Nonsense)?;
        let id = u32::try_from(self.politics.proposals.len() + 1).expect("fewer than 2^32");
        let changes = self.charter.changes_to(&amended);
        log.announce(
            now_ms,
            format!("{by} proposes, number {id}: {}", changes.join(" ")),
        );
        self.politics.proposals.push(Proposal {
            id,
            by: by.to_owned(),
            articles: articles.to_vec(),
            reason: reason.to_owned(),
            changes,
            proposed_at_ms: now_ms,
            closes_at_ms: now_ms + days_ms(terms.voting_days),
            votes: BTreeMap::from([(by.to_owned(), true)]),
            result: None,
        });
        Ok(id)
    }

    fn amended(&self, articles: &[Article]) -> Charter {
        let mut amended = Charter::clone(&self.charter);
        for article in articles {
            amended.adopt(article.clone());
        }
        amended
    }

    /// Takes a vote; a second one of the same prospector replaces the first.
    ///
    /// # Errors
    /// [`PoliticsRefusal`] with the reason; nothing has changed then.
    pub(in crate::sim) fn vote(
        &mut self,
        now_ms: u64,
        by: &str,
        id: u32,
        in_favour: bool,
    ) -> Result<(), PoliticsRefusal> {
        if !self.is_member(by) {
            return Err(PoliticsRefusal::NoMember);
        }
        let proposal = (id as usize)
            .checked_sub(1)
            .and_then(|at| self.politics.proposals.get_mut(at))
            .ok_or(PoliticsRefusal::Unknown(id))?;
        if proposal.result.is_some() || proposal.closes_at_ms <= now_ms {
            return Err(PoliticsRefusal::Over(id));
        }
        proposal.votes.insert(by.to_owned(), in_favour);
        Ok(())
    }

    /// What each member's vote counts now.
    fn weights(&self, ledger: &Ledger) -> BTreeMap<&str, i64> {
        let weight = self.charter.politics.map(|terms| terms.weight);
        self.roster
            .iter()
            .filter(|citizen| self.is_member(&citizen.name))
            .map(|citizen| {
                let counts = match weight {
                    Some(Weight::ByShare) => i64::from(self.treasury.shares_of(&citizen.name)),
                    Some(Weight::ByCapital) => ledger.balance(citizen.account).max(0),
                    Some(Weight::PerHead) | None => 1,
                };
                (citizen.name.as_str(), counts)
            })
            .collect()
    }

    /// Counts the votes whose time is over, oldest first, and puts what is adopted in force.
    pub(super) fn count_votes(&mut self, ledger: &Ledger, log: &mut Log, now_ms: u64) {
        for at in 0..self.politics.proposals.len() {
            let proposal = &self.politics.proposals[at];
            if proposal.result.is_some() || now_ms < proposal.closes_at_ms {
                continue;
            }
            let weights = self.weights(ledger);
            let sum = |wanted: bool| -> i64 {
                proposal
                    .votes
                    .iter()
                    .filter(|(_, in_favour)| **in_favour == wanted)
                    .filter_map(|(name, _)| weights.get(name.as_str()))
                    .sum()
            };
            let (in_favour, against) = (sum(true), sum(false));
            let of_all: i64 = weights.values().sum();
            let voted = (in_favour + against) as f64;
            let amended = self.amended(&proposal.articles);
            // The charter may have changed since; what no longer makes sense is not adopted.
            let adopted = self.charter.politics.is_some_and(|terms| {
                terms.quorum * of_all as f64 <= voted
                    && terms.majority * voted < in_favour as f64
                    && amended.validate().is_ok()
            });
            let (id, by) = (proposal.id, proposal.by.clone());
            self.politics.proposals[at].result = Some(Count {
                at_ms: now_ms,
                adopted,
                in_favour,
                against,
                of_all,
            });
            if adopted {
                self.enact(log, now_ms, amended);
            } else {
                log.announce(now_ms, format!("proposal {id} of {by} is not adopted"));
            }
        }
    }

    /// Puts a charter in force and tells everybody what has changed.
    pub(super) fn enact(&mut self, log: &mut Log, now_ms: u64, charter: Charter) {
        let before = std::mem::replace(&mut self.charter, Arc::new(charter));
        for change in before.changes_to(&self.charter) {
            log.announce(now_ms, change);
        }
        if before.credentials != self.charter.credentials {
            // What the new rules ask of whoever begins is asked of all.
            self.standing.begun.clear();
        }
        if before.treaty.is_none() && self.charter.treaty.is_some_and(|treaty| treaty.founded) {
            let names: Vec<String> = self.roster.iter().map(|each| each.name.clone()).collect();
            for name in names {
                self.standing.admit(&name);
            }
        }
        if before.quota != self.charter.quota {
            self.allocate_quota(now_ms);
        }
    }
}
