//! Titles and money across the counter: bids, hammers, draws, offers of titles, and rent.

use std::sync::Arc;

use thiserror::Error;

use super::boundary::Boundary;
use super::charter::{days_ms, micro_credits};
use super::claims::{ClaimId, ClaimRefusal, ClaimRequest, Lease, Registry, TitleRefusal};
use super::regime::Regime;
use super::rounds::{Bid, BidRefusal, Lot, Outcome};
use super::standing::StandingRefusal;
use super::titles::{OfferRefusal, Title};
use crate::sim::economy::ledger::{AccountId, Ledger, Memo};
use crate::sim::order::Log;
use crate::sim::random;

/// Why a deal was not made, in words for its sender.
#[derive(Clone, Debug, PartialEq, Error)]
pub enum DealRefusal {
    #[error(transparent)]
    Claim(#[from] ClaimRefusal),
    #[error(transparent)]
    Title(#[from] TitleRefusal),
    #[error(transparent)]
    Bid(#[from] BidRefusal),
    #[error(transparent)]
    Offer(#[from] OfferRefusal),
    #[error(transparent)]
    Standing(#[from] StandingRefusal),
    #[error("the price is {0} credits, more than there is")]
    Price(String),
    #[error("claim {} is up for auction", .0.0)]
    UpForAuction(ClaimId),
    #[error("{by} holds {held} shares of the quota, not {wanted}")]
    Shares { by: String, held: u32, wanted: u32 },
    #[error("there is no prospector {0:?} but yourself")]
    Nobody(String),
    #[error("only members of the treaty hold shares of the quota")]
    NoMember,
}

fn price(amount_ucr: i64) -> DealRefusal {
    DealRefusal::Price(format!("{:.2}", 1e-6 * amount_ucr as f64))
}

impl Regime {
    /// Whether somebody may file over ground that is reserved.
    pub fn may_take_reserved(&self, who: &str) -> bool {
        self.is_of_reserved_kind(who)
    }

    /// The ground that an auction is about, if it is about ground.
    pub fn ground_in_auction(&self, id: u32) -> Option<&Boundary> {
        match &self.rounds.get(id)?.lot {
            Lot::Ground(boundary) => Some(boundary),
            Lot::Claim(_) | Lot::QuotaShares(_) => None,
        }
    }

    /// Lets somebody into one's zones, or no longer.
    ///
    /// # Errors
    /// [`DealRefusal`] if there is nobody of the name.
    pub(in crate::sim) fn grant_passage(
        &mut self,
        by: &str,
        to: &str,
        open: bool,
    ) -> Result<(), DealRefusal> {
        if by == to || self.citizen(to).is_none() {
            return Err(DealRefusal::Nobody(to.to_owned()));
        }
        self.standing.set_passage(by, to, open);
        Ok(())
    }

    /// Puts a claim of one's own up for auction.
    ///
    /// # Errors
    /// [`DealRefusal`] with the reason; nothing has changed then.
    pub(in crate::sim) fn put_up_claim(
        &mut self,
        registry: &Registry,
        now_ms: u64,
        by: &str,
        id: ClaimId,
        reserve_ucr: i64,
    ) -> Result<u32, DealRefusal> {
        registry.check_passing(&self.charter, id, by, None)?;
        if self.rounds.offers_claim(id) {
            return Err(DealRefusal::UpForAuction(id));
        }
        let terms = &self.charter.claims;
        let closes_ms = now_ms + days_ms(terms.auction_days);
        let sealed = terms.sealed_bids;
        Ok(self.rounds.open_auction(
            Lot::Claim(id),
            Some(by.to_owned()),
            reserve_ucr,
            sealed,
            (now_ms, closes_ms),
        ))
    }

    /// Takes a bid and its money; `request` is what the registry is to enter if ground is won.
    /// Returns who was outbid and has its money back.
    ///
    /// # Errors
    /// [`DealRefusal`] with the reason; nothing has changed then.
    pub(in crate::sim) fn bid(
        &mut self,
        registry: &Registry,
        ledger: &mut Ledger,
        now_ms: u64,
        by: &str,
        (auction, amount_ucr): (u32, i64),
        request: Option<ClaimRequest>,
    ) -> Result<Option<String>, DealRefusal> {
        let lot = &self.rounds.check_bid(auction, by, amount_ucr, now_ms)?.lot;
        match (lot, &request) {
            (Lot::Ground(_), Some(request)) => {
                registry.check(&self.charter, request)?;
                self.check_standing(ledger, by)?;
            }
            (Lot::QuotaShares(_), _) if !self.is_member(by) => return Err(DealRefusal::NoMember),
            _ => {}
        }
        let account = self
            .account(by)
            .ok_or_else(|| DealRefusal::Nobody(by.to_owned()))?;
        let back_ucr = self.refund_of(auction, by);
        let there_ucr = ledger.balance(account) + back_ucr;
        let begins_ucr = if request.is_some() {
            self.beginning_ucr(by)
        } else {
            0
        };
        if there_ucr < amount_ucr + begins_ucr {
            return Err(price(amount_ucr));
        }
        if request.is_some() {
            self.begin(ledger, now_ms, by);
        }
        let bid = Bid {
            by: by.to_owned(),
            amount_ucr,
            at_ms: now_ms,
            request,
        };
        let replaced = self.rounds.take_bid(auction, bid);
        if let Some(bid) = &replaced {
            self.refund(ledger, now_ms, &bid.by, bid.amount_ucr);
        }
        ledger
            .transfer(
                now_ms,
                account,
                self.accounts.escrow,
                amount_ucr,
                Memo::Escrow,
            )
            .expect("the money was counted above");
        Ok(replaced.map(|bid| bid.by).filter(|outbid| outbid != by))
    }

    /// What a bidder would have back first if its own bid is replaced [µcr].
    fn refund_of(&self, auction: u32, by: &str) -> i64 {
        self.rounds
            .get(auction)
            .and_then(|auction| auction.bid_of(by))
            .map_or(0, |bid| bid.amount_ucr)
    }

    fn refund(&self, ledger: &mut Ledger, now_ms: u64, to: &str, amount_ucr: i64) {
        let account = self.account(to).expect("bidders are citizens");
        ledger
            .transfer(
                now_ms,
                self.accounts.escrow,
                account,
                amount_ucr,
                Memo::Escrow,
            )
            .expect("what was put up is in escrow");
    }

    /// Lets the hammer fall where the time is over.
    pub(super) fn close_auctions(
        &mut self,
        registry: &mut Registry,
        ledger: &mut Ledger,
        log: &mut Log,
        now_ms: u64,
    ) {
        while let Some(id) = self.rounds.due(now_ms) {
            let Some(auction) = self.rounds.get(id).cloned() else {
                return;
            };
            let winner = auction.highest().cloned();
            let seller = match &auction.seller {
                Some(seller) => self.account(seller),
                None => Some(self.fees_account()),
            };
            let mut outcome = Outcome::Unsold;
            if let (Some(bid), Some(seller)) = (&winner, seller)
                && self.hand_over(
                    registry,
                    now_ms,
                    &auction.lot,
                    auction.seller.as_deref(),
                    bid,
                )
            {
                self.pay_from_escrow(ledger, now_ms, seller, bid.amount_ucr);
                log.announce(
                    now_ms,
                    format!(
                        "auction {id}: {} wins for {:.0} credits",
                        bid.by,
                        1e-6 * bid.amount_ucr as f64
                    ),
                );
                outcome = Outcome::Sold {
                    to: bid.by.clone(),
                    price_ucr: bid.amount_ucr,
                };
            }
            let sold = matches!(outcome, Outcome::Sold { .. });
            for bid in &auction.bids {
                let won = sold && winner.as_ref() == Some(bid);
                if !won {
                    self.refund(ledger, now_ms, &bid.by, bid.amount_ucr);
                }
            }
            self.rounds.close(id, outcome);
        }
    }

    /// Gives a lot to the highest bidder; false if that can no longer be done.
    fn hand_over(
        &mut self,
        registry: &mut Registry,
        now_ms: u64,
        lot: &Lot,
        seller: Option<&str>,
        bid: &Bid,
    ) -> bool {
        let charter = Arc::clone(&self.charter);
        match (lot, seller, &bid.request) {
            (Lot::Ground(_), _, Some(request)) => {
                registry.file(&charter, now_ms, request.clone()).is_ok()
            }
            (Lot::Ground(_), _, None) | (Lot::Claim(_), None, _) => false,
            (Lot::Claim(id), Some(seller), _) => {
                let passes = registry
                    .check_passing(&charter, *id, seller, Some(&bid.by))
                    .is_ok();
                if passes {
                    registry.pass(now_ms, *id, &bid.by);
                }
                passes
            }
            (Lot::QuotaShares(shares), ..) => {
                let member = self.is_member(&bid.by);
                if member {
                    self.grant_quota(&bid.by, *shares);
                }
                member
            }
        }
    }

    fn pay_from_escrow(&self, ledger: &mut Ledger, now_ms: u64, to: AccountId, amount_ucr: i64) {
        ledger
            .transfer(now_ms, self.accounts.escrow, to, amount_ucr, Memo::Title)
            .expect("what was put up is in escrow");
    }

    /// Whether a draw is held in the hour up to a time.
    pub(super) fn draw_comes(&self, hour_end_ms: u64) -> bool {
        const HOUR_MS: u64 = 3_600_000;
        let interval_ms = days_ms(self.charter.claims.draw_days).max(HOUR_MS);
        !self.rounds.tickets().is_empty()
            && hour_end_ms / interval_ms != (hour_end_ms - HOUR_MS) / interval_ms
    }

    /// Draws the lots: who is drawn first has the ground, who then overlaps it has its money back.
    pub(super) fn draw_lots(
        &mut self,
        registry: &mut Registry,
        ledger: &mut Ledger,
        log: &mut Log,
        now_ms: u64,
    ) {
        let charter = Arc::clone(&self.charter);
        let fees = self.fees_account();
        let mut stream = random::stream(self.seed, &format!("draw:{now_ms}"));
        for ticket in self.rounds.draw(&mut stream) {
            let by = ticket.request.holder.clone();
            match registry.file(&charter, now_ms, ticket.request) {
                Ok(id) => {
                    self.pay_from_escrow(ledger, now_ms, fees, ticket.price_ucr);
                    log.announce(now_ms, format!("the draw gives {by} claim {}", id.0));
                }
                Err(_) => {
                    self.refund(ledger, now_ms, &by, ticket.price_ucr);
                    log.announce(now_ms, format!("the draw gives {by} nothing"));
                }
            }
        }
    }

    /// Offers a title of one's own.
    ///
    /// # Errors
    /// [`DealRefusal`] with the reason; nothing has changed then.
    pub(in crate::sim) fn offer_title(
        &mut self,
        registry: &Registry,
        now_ms: u64,
        by: &str,
        title: Title,
        price_ucr: i64,
        to: Option<&str>,
    ) -> Result<u32, DealRefusal> {
        if let Some(to) = to
            && (to == by || self.citizen(to).is_none())
        {
            return Err(DealRefusal::Nobody(to.to_owned()));
        }
        self.check_title(registry, now_ms, by, title, to)?;
        Ok(self.titles.add(by, title, price_ucr, to.map(str::to_owned)))
    }

    fn check_title(
        &self,
        registry: &Registry,
        now_ms: u64,
        by: &str,
        title: Title,
        to: Option<&str>,
    ) -> Result<(), DealRefusal> {
        match title {
            Title::Claim { claim } => {
                let id = ClaimId(claim);
                registry.check_passing(&self.charter, id, by, to)?;
                if self.rounds.offers_claim(id) {
                    return Err(DealRefusal::UpForAuction(id));
                }
            }
            Title::Lease { claim, days, .. } => {
                let id = ClaimId(claim);
                registry.check_letting(&self.charter, id, by, now_ms + days_ms(days))?;
                if self.rounds.offers_claim(id) {
                    return Err(DealRefusal::UpForAuction(id));
                }
            }
            Title::Quota { shares } => {
                let held = self.treasury.shares_of(by);
                if shares == 0 || held < shares {
                    return Err(DealRefusal::Shares {
                        by: by.to_owned(),
                        held,
                        wanted: shares,
                    });
                }
                if to.is_some_and(|to| !self.is_member(to)) {
                    return Err(DealRefusal::NoMember);
                }
            }
        }
        Ok(())
    }

    /// Takes an offer of one's own back.
    ///
    /// # Errors
    /// [`DealRefusal`] with the reason; nothing has changed then.
    pub(in crate::sim) fn withdraw_title(&mut self, id: u32, by: &str) -> Result<(), DealRefusal> {
        Ok(self.titles.withdraw(id, by)?)
    }

    /// Takes an offer up: the price goes one way, the title the other. Returns what to announce.
    ///
    /// # Errors
    /// [`DealRefusal`] with the reason; nothing has changed then.
    pub(in crate::sim) fn accept_title(
        &mut self,
        registry: &mut Registry,
        ledger: &mut Ledger,
        now_ms: u64,
        id: u32,
        by: &str,
    ) -> Result<String, DealRefusal> {
        let offer = self.titles.takeable(id, by)?.clone();
        self.check_title(registry, now_ms, &offer.by, offer.title, Some(by))?;
        let (Some(buyer), Some(seller)) = (self.account(by), self.account(&offer.by)) else {
            return Err(DealRefusal::Nobody(by.to_owned()));
        };
        let rent_ucr = match offer.title {
            Title::Lease { rent_credits, .. } => micro_credits(rent_credits),
            Title::Claim { .. } | Title::Quota { .. } => 0,
        };
        let in_all_ucr = offer.price_ucr + rent_ucr;
        if ledger.balance(buyer) < in_all_ucr {
            return Err(price(in_all_ucr));
        }
        let mut pay = |amount_ucr, memo| {
            ledger
                .transfer(now_ms, buyer, seller, amount_ucr, memo)
                .expect("the money was counted above");
        };
        pay(offer.price_ucr, Memo::Title);
        pay(rent_ucr, Memo::Rent);
        match offer.title {
            Title::Claim { claim } => registry.pass(now_ms, ClaimId(claim), by),
            Title::Lease { claim, days, .. } => registry.let_to(
                now_ms,
                ClaimId(claim),
                Lease {
                    lessee: by.to_owned(),
                    rent_ucr,
                    next_due_ms: now_ms + Lease::PERIOD_MS,
                    ends_at_ms: now_ms + days_ms(days),
                },
            ),
            Title::Quota { shares } => {
                self.transfer_quota(&offer.by, by, shares);
            }
        }
        self.titles.close(id);
        Ok(format!(
            "{by} has {} from {} for {:.0} credits",
            offer.title,
            offer.by,
            1e-6 * offer.price_ucr as f64
        ))
    }

    /// Ends leases whose time is over, and collects the rent of the others; whoever cannot pay it
    /// loses the lease.
    pub(super) fn collect_rents(
        &self,
        registry: &mut Registry,
        ledger: &mut Ledger,
        log: &mut Log,
        now_ms: u64,
    ) {
        let due: Vec<(ClaimId, String, Lease)> = registry
            .standing()
            .filter_map(|claim| Some((claim.id, claim.holder.clone(), claim.lease.clone()?)))
            .filter(|(.., lease)| lease.ends_at_ms.min(lease.next_due_ms) <= now_ms)
            .collect();
        for (id, holder, lease) in due {
            let paid = now_ms < lease.ends_at_ms
                && match (self.account(&lease.lessee), self.account(&holder)) {
                    (Some(from), Some(to)) => ledger
                        .transfer(now_ms, from, to, lease.rent_ucr, Memo::Rent)
                        .is_ok(),
                    _ => false,
                };
            if paid {
                registry.next_rent(id);
            } else {
                registry.end_lease(now_ms, id);
                log.announce(
                    now_ms,
                    format!("the lease of claim {} to {} ends", id.0, lease.lessee),
                );
            }
        }
    }
}
