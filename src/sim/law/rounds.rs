//! Auctions and lotteries: how ground, claims and quota shares are given out by price or by lot.
//!
//! Whoever bids or enters pays at once into escrow and has it back when outbid, when not drawn, or
//! when there is nothing left to win. This module keeps the bids; the money is moved by
//! [`Regime`](super::regime::Regime).

use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::boundary::Boundary;
use super::claims::{ClaimId, ClaimRequest};
use crate::sim::random::{self, Stream};

/// What is up for auction.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Lot {
    /// Ground that nobody holds yet.
    Ground(Boundary),
    Claim(ClaimId),
    QuotaShares(u32),
}

/// Offers of money for a lot until a time.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Auction {
    pub id: u32,
    /// Who is paid; None for the authority.
    pub seller: Option<String>,
    pub lot: Lot,
    pub reserve_ucr: i64,
    /// Bids are seen by nobody but their bidder until the hammer.
    pub sealed: bool,
    pub opened_at_ms: u64,
    pub closes_at_ms: u64,
    /// At most one of each bidder when sealed, at most one in all when not.
    pub(super) bids: Vec<Bid>,
    pub outcome: Option<Outcome>,
}

/// Money that somebody has put up.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Bid {
    pub by: String,
    pub amount_ucr: i64,
    pub at_ms: u64,
    /// What the registry is to enter if the bid wins ground.
    pub request: Option<ClaimRequest>,
}

/// How an auction ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Outcome {
    Sold { to: String, price_ucr: i64 },
    Unsold,
}

/// Why a bid was not taken, in words for the bidder.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum BidRefusal {
    #[error("there is no auction {0}")]
    Unknown(u32),
    #[error("auction {0} is over")]
    Over(u32),
    #[error("auction {0} is your own")]
    Own(u32),
    #[error("a bid must be at least {:.2} credits", 1e-6 * *.0 as f64)]
    TooLow(i64),
}

/// An entry for the next draw.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Ticket {
    pub request: ClaimRequest,
    pub price_ucr: i64,
    pub at_ms: u64,
}

/// All auctions, and the entries for the next draw.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Rounds {
    auctions: Vec<Auction>,
    tickets: Vec<Ticket>,
}

impl Auction {
    pub fn is_open(&self) -> bool {
        self.outcome.is_none()
    }

    /// The highest bid, as far as the public may know it: of equal ones the first.
    pub fn best(&self) -> Option<&Bid> {
        (!self.sealed || !self.is_open())
            .then(|| self.highest())
            .flatten()
    }

    pub(super) fn highest(&self) -> Option<&Bid> {
        self.bids.iter().reduce(|best, bid| {
            if best.amount_ucr < bid.amount_ucr {
                bid
            } else {
                best
            }
        })
    }

    /// The bid of one prospector, which it may know itself.
    pub fn bid_of(&self, by: &str) -> Option<&Bid> {
        self.bids.iter().find(|bid| bid.by == by)
    }

    /// The least that a new bid must be [µcr]: a hundredth more than the best that is seen.
    pub fn least_ucr(&self) -> i64 {
        match self.best() {
            Some(bid) => bid.amount_ucr + (bid.amount_ucr / 100).max(1),
            None => self.reserve_ucr.max(1),
        }
    }
}

impl Rounds {
    /// Every auction there ever was, in order.
    pub fn auctions(&self) -> &[Auction] {
        &self.auctions
    }

    /// Those that take bids.
    pub fn open(&self) -> impl Iterator<Item = &Auction> {
        self.auctions.iter().filter(|auction| auction.is_open())
    }

    /// Entries for the next draw.
    pub fn tickets(&self) -> &[Ticket] {
        &self.tickets
    }

    /// The open auction of ground that a boundary reaches into.
    pub fn auction_over(&self, boundary: &Boundary) -> Option<u32> {
        self.open()
            .find(|auction| {
                matches!(&auction.lot, Lot::Ground(ground) if ground.overlap_m(boundary).is_some())
            })
            .map(|auction| auction.id)
    }

    /// Whether a claim is up for auction already.
    pub fn offers_claim(&self, id: ClaimId) -> bool {
        self.open().any(|auction| auction.lot == Lot::Claim(id))
    }

    pub(super) fn open_auction(
        &mut self,
        lot: Lot,
        seller: Option<String>,
        reserve_ucr: i64,
        sealed: bool,
        (opened_at_ms, closes_at_ms): (u64, u64),
    ) -> u32 {
        let id = u32::try_from(self.auctions.len() + 1).expect("fewer than 2^32 auctions");
        self.auctions.push(Auction {
            id,
            seller,
            lot,
            reserve_ucr,
            sealed,
            opened_at_ms,
            closes_at_ms,
            bids: Vec::new(),
            outcome: None,
        });
        id
    }

    /// An auction by its number.
    pub fn get(&self, id: u32) -> Option<&Auction> {
        self.auctions.get((id as usize).checked_sub(1)?)
    }

    /// Whether a bid would be taken.
    ///
    /// # Errors
    /// [`BidRefusal`] with the reason.
    pub fn check_bid(
        &self,
        id: u32,
        by: &str,
        amount_ucr: i64,
        now_ms: u64,
    ) -> Result<&Auction, BidRefusal> {
        let auction = self.get(id).ok_or(BidRefusal::Unknown(id))?;
        if !auction.is_open() || auction.closes_at_ms <= now_ms {
            return Err(BidRefusal::Over(id));
        }
        if auction.seller.as_deref() == Some(by) {
            return Err(BidRefusal::Own(id));
        }
        if amount_ucr < auction.least_ucr() {
            return Err(BidRefusal::TooLow(auction.least_ucr()));
        }
        Ok(auction)
    }

    /// Takes a bid that has been checked and paid for; returns the one that it replaces.
    pub(super) fn take_bid(&mut self, id: u32, bid: Bid) -> Option<Bid> {
        let auction = self.auctions.get_mut((id as usize).checked_sub(1)?)?;
        let replaced = if auction.sealed {
            auction.bids.iter().position(|other| other.by == bid.by)
        } else {
            (!auction.bids.is_empty()).then_some(0)
        };
        let replaced = replaced.map(|at| auction.bids.remove(at));
        auction.bids.push(bid);
        replaced
    }

    /// The next auction whose time is over, oldest first.
    pub(super) fn due(&self, now_ms: u64) -> Option<u32> {
        self.open()
            .filter(|auction| auction.closes_at_ms <= now_ms)
            .min_by_key(|auction| (auction.closes_at_ms, auction.id))
            .map(|auction| auction.id)
    }

    /// Writes down how an auction ended.
    pub(super) fn close(&mut self, id: u32, outcome: Outcome) {
        if let Some(auction) = self.auctions.get_mut((id as usize).wrapping_sub(1)) {
            auction.outcome = Some(outcome);
        }
    }

    pub(super) fn enter(&mut self, ticket: Ticket) {
        self.tickets.push(ticket);
    }

    /// All entries in the order in which they are drawn, each as likely to come first as any.
    pub(super) fn draw(&mut self, stream: &mut Stream) -> Vec<Ticket> {
        let mut tickets = std::mem::take(&mut self.tickets);
        for last in (1..tickets.len()).rev() {
            let other = (random::uniform(stream) * (last + 1) as f64) as usize;
            tickets.swap(last, other.min(last));
        }
        tickets
    }

    /// All that bidders and entrants have in escrow [µcr].
    pub(super) fn in_escrow_ucr(&self) -> i64 {
        self.put_up(|_| true)
    }

    pub(super) fn in_escrow_of_ucr(&self, name: &str) -> i64 {
        self.put_up(|by| by == name)
    }

    fn put_up(&self, by: impl Fn(&str) -> bool) -> i64 {
        let bids = self.open().flat_map(|auction| &auction.bids);
        let bids = bids.filter(|bid| by(&bid.by)).map(|bid| bid.amount_ucr);
        let tickets = self.tickets.iter();
        let tickets = tickets
            .filter(|ticket| by(&ticket.request.holder))
            .map(|ticket| ticket.price_ucr);
        bids.chain(tickets).sum()
    }
}
