//! What the law shows a prospector: its own standing, and what anybody may read and act on now.

use serde::{Deserialize, Serialize};

use super::charter::Weight;
use super::claims::{AUTHORITY, Registry};
use super::regime::Regime;
use super::rounds::Lot;
use super::titles::Title;
use crate::sim::economy::ledger::Ledger;

/// The law as one prospector sees it.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct LawView {
    /// Id of the charter in force; its text is public and stands elsewhere.
    pub charter: String,
    /// Whether royalties, quotas, funds and duties bind the prospector now.
    pub bound: bool,
    /// Whether it is a member of the treaty or pool.
    pub member: bool,
    /// Why it may not dig anywhere, if it may not.
    pub barred: Option<String>,
    /// What it owes under the law [credits].
    pub owed_credits: f64,
    /// The rate of the royalty on its next sale.
    pub royalty_rate: f64,
    /// The agency that answers for it.
    pub sponsor: Option<String>,
    /// Its shares of the quota, of ten thousand.
    pub quota_shares: u32,
    /// In the fund now [credits].
    pub fund_credits: f64,
    /// Auctions that take bids.
    pub auctions: Vec<AuctionView>,
    /// Offers of titles that it may take.
    pub titles: Vec<TitleView>,
    /// Proposals that are being voted on.
    pub proposals: Vec<ProposalView>,
    /// Complaints by and against it that wait for their ruling.
    pub disputes: Vec<u32>,
    /// Diggers on claims of its own that have no right to be there, with what they have dug [kg].
    pub trespassers: Vec<(u32, String, f64)>,
}

/// An auction that takes bids.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AuctionView {
    pub id: u32,
    pub seller: String,
    pub lot: String,
    /// Middle and reach of the ground, where the lot is ground or a claim [m].
    pub ground: Option<([f64; 3], f64)>,
    pub closes_at_ms: u64,
    /// The least that a new bid must be.
    pub least_credits: f64,
    pub own_bid_credits: Option<f64>,
    /// Who leads, unless bids are sealed.
    pub leader: Option<String>,
}

/// An offer of a title.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TitleView {
    pub id: u32,
    pub by: String,
    pub title: Title,
    pub price_credits: f64,
}

/// A proposal that is being voted on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ProposalView {
    pub id: u32,
    pub by: String,
    /// What would change, in plain words.
    pub changes: Vec<String>,
    pub reason: String,
    pub closes_at_ms: u64,
    /// Votes so far, by heads.
    pub in_favour: u32,
    pub against: u32,
    /// The prospector's own vote.
    pub own: Option<bool>,
    pub weight: Option<String>,
}

impl Regime {
    /// The law as one prospector sees it now.
    pub fn view(&self, registry: &Registry, ledger: &Ledger, name: &str, now_ms: u64) -> LawView {
        let credits = |amount_ucr: i64| 1e-6 * amount_ucr as f64;
        let auctions = self
            .rounds
            .open()
            .map(|auction| {
                let boundary = match &auction.lot {
                    Lot::Ground(boundary) => Some(boundary),
                    Lot::Claim(id) => registry.get(*id).map(|claim| &claim.boundary),
                    Lot::QuotaShares(_) => None,
                };
                AuctionView {
                    id: auction.id,
                    seller: auction
                        .seller
                        .clone()
                        .unwrap_or_else(|| AUTHORITY.to_owned()),
                    lot: match &auction.lot {
                        Lot::Ground(_) => "ground".to_owned(),
                        Lot::Claim(id) => format!("claim {}", id.0),
                        Lot::QuotaShares(shares) => format!("{shares} shares of the quota"),
                    },
                    ground: boundary.map(|ground| (ground.centre_m().to_array(), ground.reach_m())),
                    closes_at_ms: auction.closes_at_ms,
                    least_credits: credits(auction.least_ucr()),
                    own_bid_credits: auction.bid_of(name).map(|bid| credits(bid.amount_ucr)),
                    leader: auction.best().map(|bid| bid.by.clone()),
                }
            })
            .collect();
        let titles = self
            .titles
            .open()
            .filter(|offer| offer.by != name && offer.to.as_deref().is_none_or(|only| only == name))
            .map(|offer| TitleView {
                id: offer.id,
                by: offer.by.clone(),
                title: offer.title,
                price_credits: credits(offer.price_ucr),
            })
            .collect();
        let weight = self.charter.politics.map(|terms| match terms.weight {
            Weight::PerHead => "per head".to_owned(),
            Weight::ByShare => "by share".to_owned(),
            Weight::ByCapital => "by capital".to_owned(),
        });
        let proposals = self
            .politics
            .open()
            .map(|proposal| {
                let count = |wanted: bool| {
                    let votes = proposal.votes.values();
                    votes.filter(|in_favour| **in_favour == wanted).count() as u32
                };
                ProposalView {
                    id: proposal.id,
                    by: proposal.by.clone(),
                    changes: proposal.changes.clone(),
                    reason: proposal.reason.clone(),
                    closes_at_ms: proposal.closes_at_ms,
                    in_favour: count(true),
                    against: count(false),
                    own: proposal.votes.get(name).copied(),
                    weight: weight.clone(),
                }
            })
            .collect();
        let trespassers = registry
            .standing()
            .filter(|claim| claim.holder == name)
            .flat_map(|claim| {
                claim
                    .trespass_g
                    .iter()
                    .map(|(who, mass_g)| (claim.id.0, who.clone(), 1e-3 * *mass_g as f64))
            })
            .collect();
        LawView {
            charter: self.charter.id.clone(),
            bound: self.binds(name),
            member: self.is_member(name),
            barred: self
                .check_standing(ledger, name)
                .err()
                .map(|refusal| refusal.to_string()),
            owed_credits: credits(self.owed_ucr(name)),
            royalty_rate: self.royalty_rate(name, now_ms),
            sponsor: self.standing.sponsor_of(name).map(str::to_owned),
            quota_shares: self.treasury.shares_of(name),
            fund_credits: self.fund_credits(ledger),
            auctions,
            titles,
            proposals,
            disputes: self
                .disputes
                .pending()
                .filter(|dispute| dispute.by == name || dispute.against == name)
                .map(|dispute| dispute.id)
                .collect(),
            trespassers,
        }
    }
}
