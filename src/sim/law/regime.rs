//! The law in force and what it has led to: one resource, made of the records of each office, so
//! that a save and the state hash hold all of it.
//!
//! Here stands who may dig where, how ground is filed, and what is due on the hour. The offices
//! themselves stand beside: [`standing`](super::standing), [`treasury`](super::treasury),
//! [`rounds`](super::rounds), [`titles`](super::titles), [`inspection`](super::inspection),
//! [`disputes`](super::disputes) and [`politics`](super::politics).

use std::sync::Arc;

use bevy::math::{DQuat, DVec3};
use bevy::prelude::Resource;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::boundary::Boundary;
use super::charter::{Charter, ClaimRule, Enforcement, days_ms, micro_credits};
use super::claims::{Claim, ClaimId, ClaimRefusal, ClaimRequest, Registry};
use super::disputes::Disputes;
use super::inspection::Records;
use super::politics::Politics;
use super::rounds::{Bid, Lot, Rounds, Ticket};
use super::standing::{Standing, StandingRefusal};
use super::titles::Titles;
use super::treasury::Treasury;
use crate::sim::asteroid::direction_of;
use crate::sim::economy::ledger::{AccountId, AccountKind, Ledger, Memo, Unit};
use crate::sim::level::ProspectorKind;
use crate::sim::random;

/// Somebody on the roll of prospectors, in the order of joining.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Citizen {
    pub name: String,
    pub kind: ProspectorKind,
    pub account: AccountId,
}

/// The accounts of the law.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LawAccounts {
    /// What the authority runs on: fees and fines, gone for good.
    pub registry: AccountId,
    pub fund: AccountId,
    /// Royalties that are paid out at the end of the period.
    pub pot: AccountId,
    /// Where the fund's return comes from.
    pub earnings: AccountId,
    /// People outside the rush.
    pub abroad: AccountId,
    /// Bids, lots and deposits.
    pub escrow: AccountId,
}

impl LawAccounts {
    fn open(ledger: &mut Ledger, registry: AccountId) -> Self {
        let mut open = |name: &str, kind| ledger.open(name, Unit::Credit, kind, 0);
        Self {
            registry,
            fund: open("fund", AccountKind::Holding),
            pot: open("fund:pot", AccountKind::Holding),
            earnings: open("fund:earnings", AccountKind::Source),
            abroad: open("abroad", AccountKind::Sink),
            escrow: open("escrow:law", AccountKind::Holding),
        }
    }
}

/// The charter in force and the records of the law.
#[derive(Resource, Clone, Debug, Serialize, Deserialize)]
pub struct Regime {
    pub(super) seed: u64,
    pub(super) charter: Arc<Charter>,
    pub(super) roster: Vec<Citizen>,
    pub(super) accounts: LawAccounts,
    pub(super) standing: Standing,
    pub(super) treasury: Treasury,
    pub(super) rounds: Rounds,
    pub(super) titles: Titles,
    pub(super) records: Records,
    pub(super) disputes: Disputes,
    pub(super) politics: Politics,
}

/// Why somebody may not dig at a place, in words for the one who asked.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum Forbidden {
    #[error("this is claim {} of {holder}", .claim.0)]
    Claim { claim: ClaimId, holder: String },
    #[error("claim {} is let to {lessee}", .claim.0)]
    Let { claim: ClaimId, lessee: String },
    #[error("the charter reserves this ground")]
    Reserved,
    #[error("this is in the safety zone of {0}, who has given you no leave")]
    Zone(String),
    #[error("the charter lets those dig who hold shares of the quota, and you hold none")]
    NoShares,
}

/// Why ground was not filed, in words for the one who asked.
#[derive(Clone, Debug, PartialEq, Error)]
pub enum FilingRefusal {
    #[error(transparent)]
    Claim(#[from] ClaimRefusal),
    #[error(transparent)]
    Standing(#[from] StandingRefusal),
    #[error("the fee is {0} credits, more than there is")]
    Fee(String),
}

/// What came of filing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Filed {
    /// The ground is held, and beside it, under some charters, a site for the authority.
    Claim {
        claim: ClaimId,
        reserved: Option<ClaimId>,
    },
    /// The ground is up for auction.
    Auction(u32),
    /// The ground is in the next draw.
    Ticket,
}

impl Regime {
    /// A regime under a charter, with its accounts opened. `registry` is who takes fees; `roster`
    /// are the prospectors in the order of joining.
    pub fn found(
        charter: Charter,
        seed: u64,
        roster: Vec<Citizen>,
        ledger: &mut Ledger,
        registry: AccountId,
    ) -> Self {
        let mut regime = Self {
            seed,
            charter: Arc::new(charter),
            roster,
            accounts: LawAccounts::open(ledger, registry),
            standing: Standing::default(),
            treasury: Treasury::default(),
            rounds: Rounds::default(),
            titles: Titles::default(),
            records: Records::default(),
            disputes: Disputes::default(),
            politics: Politics::default(),
        };
        if regime.charter.treaty.is_some_and(|treaty| treaty.founded) {
            for citizen in &regime.roster {
                regime.standing.admit(&citizen.name);
            }
        }
        regime.allocate_quota(0);
        regime
    }

    /// Lets other chances decide, before the run has begun.
    pub(in crate::sim) fn reseed(&mut self, seed: u64) {
        self.seed = seed;
    }

    /// The rules in force.
    pub fn charter(&self) -> &Arc<Charter> {
        &self.charter
    }

    /// The prospectors, in the order of joining.
    pub fn roster(&self) -> &[Citizen] {
        &self.roster
    }

    pub fn accounts(&self) -> &LawAccounts {
        &self.accounts
    }

    pub fn rounds(&self) -> &Rounds {
        &self.rounds
    }

    pub fn titles(&self) -> &Titles {
        &self.titles
    }

    pub(super) fn citizen(&self, name: &str) -> Option<&Citizen> {
        self.roster.iter().find(|citizen| citizen.name == name)
    }

    pub(super) fn account(&self, name: &str) -> Option<AccountId> {
        self.citizen(name).map(|citizen| citizen.account)
    }

    /// Credits that lie in escrow and belong to no open bid, lot or deposit: always 0.
    pub fn escrow_error_ucr(&self, ledger: &Ledger) -> i64 {
        ledger.balance(self.accounts.escrow)
            - self.rounds.in_escrow_ucr()
            - self.disputes.in_escrow_ucr()
    }

    /// What somebody has in escrow for open bids, lots and deposits [µcr].
    pub fn in_escrow_of_ucr(&self, name: &str) -> i64 {
        self.rounds.in_escrow_of_ucr(name) + self.disputes.in_escrow_of_ucr(name)
    }

    /// Whether a claim leaves somebody free to dig there.
    pub fn may_work(&self, claim: &Claim, who: &str) -> bool {
        let terms = &self.charter.claims;
        if claim.is_reserved() {
            return self.is_of_reserved_kind(who);
        }
        let pooled = terms.rule == ClaimRule::Pooled
            && claim.lease.is_none()
            && self.is_member(who)
            && self.is_member(&claim.holder);
        !terms.rule.gives_claims() || !terms.exclusive || claim.digger() == who || pooled
    }

    pub(super) fn is_of_reserved_kind(&self, who: &str) -> bool {
        self.kind_of(who)
            .is_some_and(|kind| self.charter.claims.reserved_for.contains(&kind))
    }

    /// Whether somebody may dig at a point of the site frame.
    ///
    /// # Errors
    /// [`Forbidden`] says whose ground or zone it is.
    pub fn may_dig(
        &self,
        registry: &Registry,
        who: &str,
        point_m: DVec3,
        now_ms: u64,
    ) -> Result<(), Forbidden> {
        let terms = &self.charter.claims;
        let reserved = terms.reserved_areas.iter().any(|area| {
            let direction = direction_of(
                area.latitude_deg.to_radians(),
                area.longitude_deg.to_radians(),
            );
            let from_centre_m = point_m - registry.body_m();
            (from_centre_m.length() * direction).distance(from_centre_m) <= area.radius_m
        });
        if reserved && !self.is_of_reserved_kind(who) {
            return Err(Forbidden::Reserved);
        }
        if terms.rule == ClaimRule::Quota && self.binds(who) && self.treasury.shares_of(who) == 0 {
            return Err(Forbidden::NoShares);
        }
        if terms.enforcement == Enforcement::Recorded {
            return Ok(());
        }
        if let Some(claim) = registry.holder_at(point_m)
            && !self.may_work(claim, who)
        {
            return Err(match &claim.lease {
                _ if claim.is_reserved() => Forbidden::Reserved,
                Some(lease) if claim.holder == who => Forbidden::Let {
                    claim: claim.id,
                    lessee: lease.lessee.clone(),
                },
                _ => Forbidden::Claim {
                    claim: claim.id,
                    holder: claim.holder.clone(),
                },
            });
        }
        match self.zone_at(registry, who, point_m, now_ms) {
            Some(holder) => Err(Forbidden::Zone(holder.to_owned())),
            None => Ok(()),
        }
    }

    /// Whether somebody may land at a point of the site frame.
    ///
    /// # Errors
    /// [`Forbidden`] says whose zone it is.
    pub fn may_land(
        &self,
        registry: &Registry,
        who: &str,
        point_m: DVec3,
        now_ms: u64,
    ) -> Result<(), Forbidden> {
        let needs_leave = self
            .charter
            .zones
            .is_some_and(|zones| zones.landing_needs_leave);
        if !needs_leave || self.charter.claims.enforcement == Enforcement::Recorded {
            return Ok(());
        }
        match self.zone_at(registry, who, point_m, now_ms) {
            Some(holder) => Err(Forbidden::Zone(holder.to_owned())),
            None => Ok(()),
        }
    }

    /// In whose safety zone a place lies that somebody has no leave to enter.
    pub fn zone_at<'a>(
        &self,
        registry: &'a Registry,
        who: &str,
        point_m: DVec3,
        now_ms: u64,
    ) -> Option<&'a str> {
        let zones = self.charter.zones?;
        // Who holds the ground itself is not kept from it by a neighbour's zone.
        if registry
            .holder_at(point_m)
            .is_some_and(|claim| claim.digger() == who)
        {
            return None;
        }
        let closed = |holder: &str| holder != who && !self.standing.lets_in(holder, who);
        let by_claim = registry
            .standing()
            .filter(|claim| !claim.is_reserved() && closed(claim.digger()))
            .find(|claim| claim.boundary.distance_m(point_m) <= zones.radius_m)
            .map(Claim::digger);
        by_claim.or_else(|| {
            registry
                .works(now_ms, zones.work_days)
                .find(|work| closed(&work.by) && work.point_m.distance(point_m) <= zones.radius_m)
                .map(|work| work.by.as_str())
        })
    }

    /// Files ground by the charter's rule: registers it, puts it up to auction or enters it in the
    /// draw, and takes the fee. `ground` finds the surface below a place.
    ///
    /// # Errors
    /// [`FilingRefusal`] with the reason; nothing has changed then.
    pub(in crate::sim) fn file_ground(
        &mut self,
        registry: &mut Registry,
        ledger: &mut Ledger,
        now_ms: u64,
        request: ClaimRequest,
        ground: impl Fn(DVec3) -> DVec3,
    ) -> Result<Filed, FilingRefusal> {
        let charter = Arc::clone(&self.charter);
        let terms = &charter.claims;
        self.check_filing(registry, ledger, &request)?;
        let fee_ucr = charter.claim_fee_ucr();
        let second = match terms.rule {
            ClaimRule::Sponsored => Some(
                self.second_site(registry, &request.boundary, now_ms, ground)
                    .ok_or(ClaimRefusal::NoSecondSite)?,
            ),
            _ => None,
        };
        let fees = self.fees_account();
        let payer = self
            .account(&request.holder)
            .ok_or_else(|| StandingRefusal::Unknown(request.holder.clone()))?;
        self.begin(ledger, now_ms, &request.holder);
        let mut pay = |to, amount_ucr, memo| {
            ledger
                .transfer(now_ms, payer, to, amount_ucr, memo)
                .expect("the fee was checked");
        };
        match terms.rule {
            ClaimRule::Auctioned => {
                let bid_ucr = fee_ucr.max(1);
                pay(self.accounts.escrow, bid_ucr, Memo::Escrow);
                let auction = self.rounds.open_auction(
                    Lot::Ground(request.boundary.clone()),
                    None,
                    bid_ucr,
                    terms.sealed_bids,
                    (now_ms, now_ms + days_ms(terms.auction_days)),
                );
                let bid = Bid {
                    by: request.holder.clone(),
                    amount_ucr: bid_ucr,
                    at_ms: now_ms,
                    request: Some(request),
                };
                self.rounds.take_bid(auction, bid);
                Ok(Filed::Auction(auction))
            }
            ClaimRule::Lottery => {
                pay(self.accounts.escrow, fee_ucr, Memo::Escrow);
                self.rounds.enter(Ticket {
                    request,
                    price_ucr: fee_ucr,
                    at_ms: now_ms,
                });
                Ok(Filed::Ticket)
            }
            _ => {
                pay(fees, fee_ucr, Memo::ClaimFee);
                let claim = registry.register(&charter, now_ms, request);
                let reserved = second.map(|boundary| registry.reserve(now_ms, boundary));
                Ok(Filed::Claim { claim, reserved })
            }
        }
    }

    fn check_filing(
        &self,
        registry: &Registry,
        ledger: &Ledger,
        request: &ClaimRequest,
    ) -> Result<(), FilingRefusal> {
        registry.check(&self.charter, request)?;
        let body_m = registry.body_m();
        let away_m = (request.boundary.centre_m() - body_m).length();
        for area in &self.charter.claims.reserved_areas {
            let direction = direction_of(
                area.latitude_deg.to_radians(),
                area.longitude_deg.to_radians(),
            );
            let kept = Boundary::Cap {
                centre_m: body_m + away_m * direction,
                radius_m: area.radius_m,
            };
            if !request.may_take_reserved && kept.overlap_m(&request.boundary).is_some() {
                return Err(ClaimRefusal::ReservedArea.into());
            }
        }
        if let Some(auction) = self.rounds.auction_over(&request.boundary) {
            return Err(ClaimRefusal::UpForAuction(auction).into());
        }
        self.check_standing(ledger, &request.holder)?;
        let fee_ucr = self.charter.claim_fee_ucr();
        let there_ucr = self
            .account(&request.holder)
            .map_or(0, |account| ledger.balance(account));
        // Even a first bid must be something.
        let auctioned = self.charter.claims.rule == ClaimRule::Auctioned;
        let wanted_ucr = fee_ucr.max(i64::from(auctioned));
        if there_ucr < wanted_ucr + self.beginning_ucr(&request.holder) {
            return Err(FilingRefusal::Fee(format!("{:.0}", 1e-6 * fee_ucr as f64)));
        }
        Ok(())
    }

    /// A site of the same size for the authority, beside one that is filed, on free ground in a
    /// direction of chance.
    fn second_site(
        &self,
        registry: &Registry,
        first: &Boundary,
        now_ms: u64,
        ground: impl Fn(DVec3) -> DVec3,
    ) -> Option<Boundary> {
        const BEARINGS: u32 = 12;
        let body_m = registry.body_m();
        let from_centre_m = first.centre_m() - body_m;
        let angle_rad = 2.1 * first.reach_m() / from_centre_m.length();
        if std::f64::consts::FRAC_PI_2 < angle_rad {
            return None;
        }
        let up = from_centre_m.normalize();
        let east = up.any_orthonormal_vector();
        let mut stream = random::stream(self.seed, &format!("second site:{now_ms}"));
        let phase = random::uniform(&mut stream);
        (0..BEARINGS)
            .filter_map(|k| {
                let turns = phase + f64::from(k) / f64::from(BEARINGS);
                let axis = DQuat::from_axis_angle(up, std::f64::consts::TAU * turns) * east;
                let turn = DQuat::from_axis_angle(axis, angle_rad);
                let moved = |place_m: DVec3| ground(body_m + turn * (place_m - body_m));
                match first {
                    Boundary::Cap { centre_m, radius_m } => {
                        Boundary::cap(moved(*centre_m), *radius_m).ok()
                    }
                    Boundary::Polygon(_) => {
                        let corners_m: Vec<DVec3> = first
                            .corners_m()
                            .iter()
                            .map(|&corner| moved(corner))
                            .collect();
                        Boundary::polygon(&corners_m, body_m).ok()
                    }
                }
            })
            .find(|site| {
                site.overlap_m(first).is_none()
                    && registry
                        .standing()
                        .all(|claim| claim.boundary.overlap_m(site).is_none())
            })
    }
}

/// Micro-credits of a sum in an order, rounded to the nearest.
pub(in crate::sim) fn order_ucr(credits: f64) -> i64 {
    micro_credits(credits)
}
