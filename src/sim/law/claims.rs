//! The public registry of claims on one body.
//!
//! A claim is a piece of ground with a holder, a history and, under some charters, an end. Two
//! claims of different holders may touch and never overlap; a holder's own claims may, so that a
//! patch can be extended without gaps. Ground that is reserved is held by the [`AUTHORITY`], and
//! those it is reserved for may file over it. Nothing is ever taken out of the record. What a
//! claim forbids others follows from the charter, with [`Regime::may_dig`]; money is moved by the
//! caller, after [`Registry::check`] and before [`Registry::file`].
//!
//! [`Regime::may_dig`]: super::regime::Regime::may_dig

use std::collections::BTreeMap;

use bevy::math::DVec3;
use bevy::prelude::Resource;
use serde::{Deserialize, Serialize};
use thiserror::Error;
use xxhash_rust::xxh3::Xxh3;

use super::boundary::{Boundary, BoundaryError};
use super::charter::{Charter, ClaimRule, days_ms, years_ms};

/// In whose name the registry holds ground that is reserved: no prospector bears it.
pub const AUTHORITY: &str = "authority";

/// A claim of one [`Registry`], counted from 1 in order of filing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct ClaimId(pub u32);

/// What a prospector asks for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ClaimRequest {
    /// Name of the prospector.
    pub holder: String,
    pub boundary: Boundary,
    /// Whether it may file over ground that is reserved for the authority.
    pub may_take_reserved: bool,
    /// Readings of its own from within the boundary.
    pub readings: u32,
}

/// A registered right to a place.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Claim {
    pub id: ClaimId,
    /// Name of the prospector, or the [`AUTHORITY`].
    pub holder: String,
    pub boundary: Boundary,
    pub filed_at_ms: u64,
    /// When its term ends; None if it has none.
    pub expires_at_ms: Option<u64>,
    /// When somebody with a right to it last dug there; at first, when it was filed.
    pub worked_at_ms: u64,
    pub lease: Option<Lease>,
    /// None while it stands.
    pub ended: Option<Ending>,
    /// Readings of the holder's own from within, when it was filed.
    pub readings_at_filing: u32,
    /// Dug within it in all [g].
    pub dug_g: i64,
    /// Dug by those who had no right to, by name, since the last ruling about it [g].
    pub trespass_g: BTreeMap<String, i64>,
    /// Poured out on it by others, by name, since the last ruling about it [g].
    pub poured_g: BTreeMap<String, i64>,
}

impl Claim {
    pub fn stands(&self) -> bool {
        self.ended.is_none()
    }

    pub fn is_reserved(&self) -> bool {
        self.holder == AUTHORITY
    }

    /// Whether a point of the site frame lies in it, its edge included.
    pub fn covers(&self, point_m: DVec3) -> bool {
        self.boundary.covers(point_m)
    }

    /// Who may dig there: the one to whom it is let, or else the holder.
    pub fn digger(&self) -> &str {
        self.lease
            .as_ref()
            .map_or(&self.holder, |lease| &lease.lessee)
    }
}

/// Ground let to another for a time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lease {
    pub lessee: String,
    /// Due to the holder at the beginning of each [`Lease::PERIOD_MS`].
    pub rent_ucr: i64,
    pub next_due_ms: u64,
    pub ends_at_ms: u64,
}

impl Lease {
    /// Rent is paid by thirty days.
    pub const PERIOD_MS: u64 = 30 * super::charter::DAY_MS;
}

/// How and when a claim came to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ending {
    pub at_ms: u64,
    pub how: End,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum End {
    /// Given up by its holder.
    GivenUp,
    /// Its term is over.
    Expired,
    /// Nobody has worked there for too long.
    Idle,
    /// Struck out by a ruling.
    Struck,
}

/// A line of the registry's journal, for everybody to read.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Entry {
    pub at_ms: u64,
    pub claim: ClaimId,
    pub deed: Deed,
}

/// What happened to a claim.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Deed {
    Filed {
        by: String,
    },
    /// Taken by the authority beside a site that was filed.
    Reserved,
    Renewed {
        until_ms: u64,
    },
    Passed {
        from: String,
        to: String,
    },
    Let {
        to: String,
        until_ms: u64,
    },
    LeaseEnded {
        lessee: String,
    },
    Ended(End),
}

/// Where a robot last dug.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Work {
    /// Name of the prospector.
    pub by: String,
    pub point_m: DVec3,
    pub at_ms: u64,
}

/// Why a claim was not registered, in words for the one who asked.
#[derive(Clone, Debug, PartialEq, Error)]
pub enum ClaimRefusal {
    #[error("the charter gives out no claims: everybody may dig everywhere")]
    OpenAccess,
    #[error("the charter gives out no claims: who holds shares of the quota may dig")]
    Quota,
    #[error(transparent)]
    Boundary(#[from] BoundaryError),
    #[error("a radius of {radius_m} m is more than the charter's {radius_max_m} m")]
    TooWide { radius_m: f64, radius_max_m: f64 },
    #[error("{area_m2:.0} m² are more than the charter's {area_max_m2} m²")]
    TooLarge { area_m2: f64, area_max_m2: f64 },
    #[error("{holder} already holds {held} claims, as many as the charter allows")]
    TooMany { holder: String, held: u32 },
    #[error("overlaps claim {} of {holder} by {overlap_m:.1} m", .claim.0)]
    Overlap {
        claim: ClaimId,
        holder: String,
        overlap_m: f64,
    },
    #[error("overlaps ground that the charter reserves")]
    ReservedArea,
    #[error(
        "{held} readings of your own lie within, and the charter wants {wanted} before ground is claimed"
    )]
    Unsurveyed { held: u32, wanted: u32 },
    #[error("there is no room for a second site of this size beside it, as the charter wants")]
    NoSecondSite,
    #[error("overlaps ground that is up for auction, number {0}")]
    UpForAuction(u32),
}

/// Why an order about a claim was refused, in words for the one who asked.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum TitleRefusal {
    #[error("there is no claim {}", .0.0)]
    Unknown(ClaimId),
    #[error("claim {} belongs to {holder}", .claim.0)]
    NotYours { claim: ClaimId, holder: String },
    #[error("claim {} has been given up already", .0.0)]
    Ended(ClaimId),
    #[error("claim {} has no term that could be renewed", .0.0)]
    NoTerm(ClaimId),
    #[error("the charter does not let claims be renewed")]
    NotRenewable,
    #[error("the charter does not let claims change hands")]
    NotTransferable,
    #[error("the charter does not let claims be let")]
    NotLeasable,
    #[error("claim {} is let to {lessee}", .claim.0)]
    Let { claim: ClaimId, lessee: String },
    #[error("claim {} would end before the lease does", .0.0)]
    TermTooShort(ClaimId),
    #[error("{to} already holds {held} claims, as many as the charter allows")]
    TooMany { to: String, held: u32 },
    #[error("claim {} overlaps claim {} of the same holder, and can change hands only without it", .0.0, .1.0)]
    Entangled(ClaimId, ClaimId),
}

/// All claims on a body, standing and ended, in order of filing.
#[derive(Resource, Clone, Debug, Default, Serialize, Deserialize)]
pub struct Registry {
    /// Centre of mass of the body, in the site frame.
    body_m: DVec3,
    claims: Vec<Claim>,
    /// Those that stand, in order of filing.
    standing: Vec<ClaimId>,
    journal: Vec<Entry>,
    /// The last place of work of each robot, by its name.
    works: BTreeMap<String, Work>,
}

impl Registry {
    /// The empty registry of a body with its centre of mass at a place of the site frame.
    pub fn new(body_m: DVec3) -> Self {
        Self {
            body_m,
            ..Self::default()
        }
    }

    /// Centre of mass of the body, in the site frame.
    pub fn body_m(&self) -> DVec3 {
        self.body_m
    }

    /// Whether a request would be registered now.
    ///
    /// # Errors
    /// [`ClaimRefusal`] with the reason, of several overlaps with the deepest.
    pub fn check(&self, charter: &Charter, request: &ClaimRequest) -> Result<(), ClaimRefusal> {
        let terms = &charter.claims;
        match terms.rule {
            ClaimRule::OpenAccess => return Err(ClaimRefusal::OpenAccess),
            ClaimRule::Quota => return Err(ClaimRefusal::Quota),
            _ => {}
        }
        let boundary = &request.boundary;
        let radius_m = boundary.reach_m();
        let radius_max_m = charter.claim_radius_max_m();
        if radius_max_m < radius_m {
            return Err(ClaimRefusal::TooWide {
                radius_m,
                radius_max_m,
            });
        }
        let area_m2 = boundary.area_m2();
        if let Some(area_max_m2) = terms.area_max_m2.filter(|max_m2| *max_m2 < area_m2) {
            return Err(ClaimRefusal::TooLarge {
                area_m2,
                area_max_m2,
            });
        }
        if let Some(max) = terms.per_prospector_max
            && max as usize <= self.held_by(&request.holder)
        {
            return Err(ClaimRefusal::TooMany {
                holder: request.holder.clone(),
                held: max,
            });
        }
        if request.readings < terms.survey_readings_min {
            return Err(ClaimRefusal::Unsurveyed {
                held: request.readings,
                wanted: terms.survey_readings_min,
            });
        }
        match self.deepest_overlap(request) {
            Some((overlap_m, claim)) => Err(ClaimRefusal::Overlap {
                claim: claim.id,
                holder: claim.holder.clone(),
                overlap_m,
            }),
            None => Ok(()),
        }
    }

    fn deepest_overlap(&self, request: &ClaimRequest) -> Option<(f64, &Claim)> {
        self.standing()
            .filter(|claim| claim.holder != request.holder)
            .filter(|claim| !(claim.is_reserved() && request.may_take_reserved))
            .filter_map(|claim| Some((claim.boundary.overlap_m(&request.boundary)?, claim)))
            .max_by(|(one_m, _), (other_m, _)| one_m.total_cmp(other_m))
    }

    /// Registers a claim, if [`check`](Self::check) allows it.
    ///
    /// # Errors
    /// [`ClaimRefusal`] with the reason; the registry is as before.
    pub fn file(
        &mut self,
        charter: &Charter,
        at_ms: u64,
        request: ClaimRequest,
    ) -> Result<ClaimId, ClaimRefusal> {
        self.check(charter, &request)?;
        Ok(self.register(charter, at_ms, request))
    }

    /// Registers a claim for the authority, without a term and whatever the charter's limits.
    pub(super) fn reserve(&mut self, at_ms: u64, boundary: Boundary) -> ClaimId {
        self.register(
            &Charter::default(),
            at_ms,
            ClaimRequest {
                holder: AUTHORITY.to_owned(),
                boundary,
                may_take_reserved: false,
                readings: 0,
            },
        )
    }

    /// Registers what has been checked.
    pub(super) fn register(
        &mut self,
        charter: &Charter,
        at_ms: u64,
        request: ClaimRequest,
    ) -> ClaimId {
        let id = ClaimId(u32::try_from(self.claims.len() + 1).expect("fewer than 2^32 claims"));
        let deed = if request.holder == AUTHORITY {
            Deed::Reserved
        } else {
            Deed::Filed {
                by: request.holder.clone(),
            }
        };
        self.claims.push(Claim {
            id,
            holder: request.holder,
            boundary: request.boundary,
            filed_at_ms: at_ms,
            expires_at_ms: charter
                .claims
                .term_years
                .map(|years| at_ms + years_ms(years)),
            worked_at_ms: at_ms,
            lease: None,
            ended: None,
            readings_at_filing: request.readings,
            dug_g: 0,
            trespass_g: BTreeMap::new(),
            poured_g: BTreeMap::new(),
        });
        self.standing.push(id);
        self.note(at_ms, id, deed);
        id
    }

    fn note(&mut self, at_ms: u64, claim: ClaimId, deed: Deed) {
        self.journal.push(Entry { at_ms, claim, deed });
    }

    /// A claim by its number.
    pub fn get(&self, id: ClaimId) -> Option<&Claim> {
        self.claims.get((id.0 as usize).checked_sub(1)?)
    }

    pub(super) fn get_mut(&mut self, id: ClaimId) -> Option<&mut Claim> {
        self.claims.get_mut((id.0 as usize).checked_sub(1)?)
    }

    /// A standing claim of somebody's own.
    ///
    /// # Errors
    /// [`TitleRefusal`] if there is none, or it is another's or has ended.
    pub fn own(&self, id: ClaimId, by: &str) -> Result<&Claim, TitleRefusal> {
        let claim = self.get(id).ok_or(TitleRefusal::Unknown(id))?;
        if claim.holder != by {
            return Err(TitleRefusal::NotYours {
                claim: id,
                holder: claim.holder.clone(),
            });
        }
        if !claim.stands() {
            return Err(TitleRefusal::Ended(id));
        }
        Ok(claim)
    }

    /// Gives a claim up; it stays in the history. Where it is let, the lease ends with it.
    ///
    /// # Errors
    /// [`TitleRefusal`] with the reason; the registry is as before.
    pub fn release(&mut self, at_ms: u64, id: ClaimId, by: &str) -> Result<(), TitleRefusal> {
        self.own(id, by)?;
        self.end(at_ms, id, End::GivenUp);
        Ok(())
    }

    /// Ends a standing claim.
    pub(super) fn end(&mut self, at_ms: u64, id: ClaimId, how: End) {
        let Some(claim) = self.get_mut(id).filter(|claim| claim.stands()) else {
            return;
        };
        claim.ended = Some(Ending { at_ms, how });
        self.end_lease(at_ms, id);
        self.standing.retain(|other| *other != id);
        self.note(at_ms, id, Deed::Ended(how));
    }

    /// Begins a new term, from the end of the present one.
    ///
    /// # Errors
    /// [`TitleRefusal`] with the reason; the registry is as before.
    pub fn check_renewal(
        &self,
        charter: &Charter,
        id: ClaimId,
        by: &str,
    ) -> Result<u64, TitleRefusal> {
        let claim = self.own(id, by)?;
        let terms = &charter.claims;
        if !terms.renewable {
            return Err(TitleRefusal::NotRenewable);
        }
        match (claim.expires_at_ms, terms.term_years) {
            (Some(expires_ms), Some(years)) => Ok(expires_ms + years_ms(years)),
            _ => Err(TitleRefusal::NoTerm(id)),
        }
    }

    /// Sets the end of the term that [`check_renewal`](Self::check_renewal) gave.
    pub(in crate::sim) fn renew(&mut self, at_ms: u64, id: ClaimId, until_ms: u64) {
        if let Some(claim) = self.get_mut(id) {
            claim.expires_at_ms = Some(until_ms);
            self.note(at_ms, id, Deed::Renewed { until_ms });
        }
    }

    /// Whether a claim could go to somebody now.
    ///
    /// # Errors
    /// [`TitleRefusal`] with the reason.
    pub fn check_passing(
        &self,
        charter: &Charter,
        id: ClaimId,
        by: &str,
        to: Option<&str>,
    ) -> Result<(), TitleRefusal> {
        let claim = self.own(id, by)?;
        if !charter.claims.transferable {
            return Err(TitleRefusal::NotTransferable);
        }
        if let Some(lease) = &claim.lease {
            return Err(TitleRefusal::Let {
                claim: id,
                lessee: lease.lessee.clone(),
            });
        }
        // Sold alone, it would leave two holders with the same ground.
        let other = self.standing().find(|other| {
            other.id != id
                && other.holder == claim.holder
                && other.boundary.overlap_m(&claim.boundary).is_some()
        });
        if let Some(other) = other {
            return Err(TitleRefusal::Entangled(id, other.id));
        }
        if let (Some(to), Some(max)) = (to, charter.claims.per_prospector_max)
            && max as usize <= self.held_by(to)
        {
            return Err(TitleRefusal::TooMany {
                to: to.to_owned(),
                held: max,
            });
        }
        Ok(())
    }

    /// Gives a standing claim a new holder.
    pub(super) fn pass(&mut self, at_ms: u64, id: ClaimId, to: &str) {
        if let Some(claim) = self.get_mut(id) {
            let from = std::mem::replace(&mut claim.holder, to.to_owned());
            let to = to.to_owned();
            self.note(at_ms, id, Deed::Passed { from, to });
        }
    }

    /// Whether a claim could be let now for some days.
    ///
    /// # Errors
    /// [`TitleRefusal`] with the reason.
    pub fn check_letting(
        &self,
        charter: &Charter,
        id: ClaimId,
        by: &str,
        until_ms: u64,
    ) -> Result<(), TitleRefusal> {
        let claim = self.own(id, by)?;
        if !charter.claims.leasable {
            return Err(TitleRefusal::NotLeasable);
        }
        if let Some(lease) = &claim.lease {
            return Err(TitleRefusal::Let {
                claim: id,
                lessee: lease.lessee.clone(),
            });
        }
        if claim.expires_at_ms.is_some_and(|end_ms| end_ms < until_ms) {
            return Err(TitleRefusal::TermTooShort(id));
        }
        Ok(())
    }

    /// Lets a standing claim; the first rent is due at once.
    pub(super) fn let_to(&mut self, at_ms: u64, id: ClaimId, lease: Lease) {
        if let Some(claim) = self.get_mut(id) {
            let deed = Deed::Let {
                to: lease.lessee.clone(),
                until_ms: lease.ends_at_ms,
            };
            claim.lease = Some(lease);
            self.note(at_ms, id, deed);
        }
    }

    /// Ends the lease of a claim, if it has one.
    pub(super) fn end_lease(&mut self, at_ms: u64, id: ClaimId) {
        if let Some(lease) = self.get_mut(id).and_then(|claim| claim.lease.take()) {
            let lessee = lease.lessee;
            self.note(at_ms, id, Deed::LeaseEnded { lessee });
        }
    }

    /// Puts the next rent of a lease a period off.
    pub(super) fn next_rent(&mut self, id: ClaimId) {
        if let Some(lease) = self.get_mut(id).and_then(|claim| claim.lease.as_mut()) {
            lease.next_due_ms += Lease::PERIOD_MS;
        }
    }

    /// Ends the claims whose term is over or in which nobody works, and returns them.
    pub(super) fn expire(&mut self, charter: &Charter, now_ms: u64) -> Vec<(ClaimId, End)> {
        let idle_max_ms = charter.claims.idle_years_max.map(years_ms);
        let over: Vec<(ClaimId, End)> = self
            .standing()
            .filter(|claim| !claim.is_reserved())
            .filter_map(|claim| {
                if claim.expires_at_ms.is_some_and(|end_ms| end_ms <= now_ms) {
                    Some((claim.id, End::Expired))
                } else if idle_max_ms.is_some_and(|max_ms| claim.worked_at_ms + max_ms <= now_ms) {
                    Some((claim.id, End::Idle))
                } else {
                    None
                }
            })
            .collect();
        for &(id, how) in &over {
            self.end(now_ms, id, how);
        }
        over
    }

    /// The claim that a point of the site frame lies in: of several of one holder the oldest, and
    /// a prospector's before the authority's.
    pub fn holder_at(&self, point_m: DVec3) -> Option<&Claim> {
        let covering = || self.standing().filter(move |claim| claim.covers(point_m));
        covering()
            .find(|claim| !claim.is_reserved())
            .or_else(|| covering().next())
    }

    /// Claims that stand, oldest first.
    pub fn standing(&self) -> impl Iterator<Item = &Claim> {
        self.standing.iter().filter_map(|id| self.get(*id))
    }

    /// How many claims somebody holds.
    pub fn held_by(&self, holder: &str) -> usize {
        self.standing()
            .filter(|claim| claim.holder == holder)
            .count()
    }

    /// Every claim ever registered, in order of filing.
    pub fn history(&self) -> &[Claim] {
        &self.claims
    }

    /// Everything that ever happened to claims, in order.
    pub fn journal(&self) -> &[Entry] {
        &self.journal
    }

    /// Standing claims in which nobody has worked for so long.
    pub fn idle(&self, now_ms: u64, for_ms: u64) -> impl Iterator<Item = &Claim> {
        self.standing()
            .filter(move |claim| !claim.is_reserved() && claim.worked_at_ms + for_ms <= now_ms)
    }

    /// Where robots have dug in the last days, by the robot's name.
    pub fn works(&self, now_ms: u64, days: f64) -> impl Iterator<Item = &Work> {
        self.works
            .values()
            .filter(move |work| now_ms <= work.at_ms + days_ms(days))
    }

    /// Books what a robot has dug: `rightful` says of a claim whether its owner may dig there.
    pub(super) fn record_dig(
        &mut self,
        now_ms: u64,
        by: &str,
        robot: &str,
        point_m: DVec3,
        mass_g: i64,
        rightful: impl Fn(&Claim) -> bool,
    ) {
        match self.works.get_mut(robot) {
            Some(work) => {
                work.point_m = point_m;
                work.at_ms = now_ms;
                if work.by != by {
                    by.clone_into(&mut work.by);
                }
            }
            None => {
                let work = Work {
                    by: by.to_owned(),
                    point_m,
                    at_ms: now_ms,
                };
                self.works.insert(robot.to_owned(), work);
            }
        }
        for id in &self.standing {
            let claim = &mut self.claims[id.0 as usize - 1];
            if !claim.covers(point_m) {
                continue;
            }
            claim.dug_g += mass_g;
            if rightful(claim) {
                claim.worked_at_ms = now_ms;
            } else {
                *claim.trespass_g.entry(by.to_owned()).or_default() += mass_g;
            }
        }
    }

    /// Books what was poured out at a place on the ground of others.
    pub(super) fn record_pouring(&mut self, by: &str, point_m: DVec3, mass_g: i64) {
        for id in &self.standing {
            let claim = &mut self.claims[id.0 as usize - 1];
            if claim.holder != by && claim.digger() != by && claim.covers(point_m) {
                *claim.poured_g.entry(by.to_owned()).or_default() += mass_g;
            }
        }
    }

    /// Feeds the claims to the state hash.
    pub fn hash_into(&self, hash: &mut Xxh3) {
        let bytes = postcard::to_stdvec(self).expect("claims have no unserialisable part");
        hash.update(&bytes);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn charter() -> Charter {
        let mut charter = Charter::default();
        charter.claims.rule = ClaimRule::FirstCome;
        charter
    }

    fn request(holder: &str, x_m: f64, radius_m: f64) -> ClaimRequest {
        ClaimRequest {
            holder: holder.into(),
            boundary: Boundary::cap(DVec3::new(x_m, 245.0, 0.0), radius_m).unwrap(),
            may_take_reserved: false,
            readings: 0,
        }
    }

    #[test]
    fn the_first_to_file_holds_the_ground_until_giving_it_up() {
        let charter = charter();
        let mut registry = Registry::new(DVec3::ZERO);
        let mut file = |at_ms, request| registry.file(&charter, at_ms, request);
        let first = file(0, request("hydra", 0.0, 20.0)).unwrap();
        let refusal = file(1, request("player", 30.8, 15.0)).unwrap_err();
        assert_eq!(refusal.to_string(), "overlaps claim 1 of hydra by 4.2 m");
        assert_eq!(file(2, request("player", 35.0, 15.0)), Ok(ClaimId(2)));
        // A holder extends a patch without gaps.
        assert_eq!(file(3, request("player", 45.0, 15.0)), Ok(ClaimId(3)));
        let at = |x_m| DVec3::new(x_m, 245.0, 0.0);
        assert_eq!(registry.holder_at(at(-20.0)).unwrap().holder, "hydra");
        assert!(registry.holder_at(at(-20.1)).is_none());

        let refuse =
            |registry: &mut Registry, id, by| registry.release(4, id, by).unwrap_err().to_string();
        assert_eq!(
            refuse(&mut registry, first, "player"),
            "claim 1 belongs to hydra"
        );
        assert_eq!(
            refuse(&mut registry, ClaimId(0), "hydra"),
            "there is no claim 0"
        );
        registry.release(4, first, "hydra").unwrap();
        assert_eq!(
            refuse(&mut registry, first, "hydra"),
            "claim 1 has been given up already"
        );
        registry
            .file(&charter, 5, request("player", 0.0, 20.0))
            .unwrap();
        let deeds: Vec<&Deed> = registry.journal().iter().map(|line| &line.deed).collect();
        assert_eq!(deeds.len(), 5);
        assert_eq!(deeds[3], &Deed::Ended(End::GivenUp));
        assert_eq!(registry.history().len(), 4);
    }
}
