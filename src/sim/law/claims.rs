//! The public registry of claims on one body.
//!
//! A claim is a ball around a point of the surface: who stands or digs within its radius, by the
//! straight line, is on it. The first to file has it. Two claims of different holders may touch
//! and never overlap; a holder's own claims may, so that a patch can be extended without gaps.
//! What a claim forbids others is asked by those who dig, with [`Registry::may_dig`]; the fee is
//! moved by the caller, after [`Registry::check`] and before [`Registry::file`].

use bevy::math::DVec3;
use bevy::prelude::Resource;
use serde::{Deserialize, Serialize};
use thiserror::Error;
use xxhash_rust::xxh3::Xxh3;

use super::charter::{CLAIM_RADIUS_MAX_M, ClaimTerms};

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
    /// On the surface, in the site frame.
    pub centre_m: DVec3,
    pub radius_m: f64,
}

/// A registered right to a place.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Claim {
    pub id: ClaimId,
    /// Name of the prospector.
    pub holder: String,
    /// On the surface, in the site frame.
    pub centre_m: DVec3,
    pub radius_m: f64,
    pub filed_at_ms: u64,
    /// None while it stands.
    pub released_at_ms: Option<u64>,
}

impl Claim {
    /// Whether a point of the site frame lies in it, its edge included.
    pub fn covers(&self, point_m: DVec3) -> bool {
        point_m.distance_squared(self.centre_m) <= self.radius_m * self.radius_m
    }
}

/// Why a claim was not registered, in words for the one who asked.
#[derive(Clone, Debug, PartialEq, Error)]
pub enum ClaimRefusal {
    #[error("the charter gives out no claims: everybody may dig everywhere")]
    OpenAccess,
    #[error("a claim needs a radius above 0 m, not {0} m")]
    Radius(f64),
    #[error("a radius of {radius_m} m is more than the charter's {radius_max_m} m")]
    TooWide { radius_m: f64, radius_max_m: f64 },
    #[error("the centre of the claim is not a place")]
    Centre,
    #[error("{holder} already holds {held} claims, as many as the charter allows")]
    TooMany { holder: String, held: u32 },
    #[error("overlaps claim {} of {holder} by {overlap_m:.1} m", .claim.0)]
    Overlap {
        claim: ClaimId,
        holder: String,
        overlap_m: f64,
    },
}

/// Why ground was not given up, in words for the one who asked.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum ReleaseRefusal {
    #[error("there is no claim {}", .0.0)]
    Unknown(ClaimId),
    #[error("claim {} belongs to {holder}", .claim.0)]
    NotYours { claim: ClaimId, holder: String },
    #[error("claim {} has been given up already", .0.0)]
    Released(ClaimId),
}

/// Why somebody may not dig at a place, in words for the one who asked.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("this is claim {} of {holder}", .claim.0)]
pub struct Trespass {
    pub claim: ClaimId,
    pub holder: String,
}

/// All claims on a body, standing and given up, in order of filing.
#[derive(Resource, Clone, Debug, Serialize, Deserialize)]
pub struct Registry {
    terms: ClaimTerms,
    claims: Vec<Claim>,
}

impl Registry {
    pub fn new(terms: ClaimTerms) -> Self {
        Self {
            terms,
            claims: Vec::new(),
        }
    }

    /// Whether a request would be registered now.
    ///
    /// # Errors
    /// [`ClaimRefusal`] with the reason, of several overlaps with the widest.
    pub fn check(&self, request: &ClaimRequest) -> Result<(), ClaimRefusal> {
        let ClaimRequest {
            holder,
            centre_m,
            radius_m,
        } = request;
        if !self.terms.rule.gives_claims() {
            return Err(ClaimRefusal::OpenAccess);
        }
        if !(0.0 < *radius_m && radius_m.is_finite()) {
            return Err(ClaimRefusal::Radius(*radius_m));
        }
        let radius_max_m = self.terms.radius_max_m.unwrap_or(CLAIM_RADIUS_MAX_M);
        if radius_max_m < *radius_m {
            return Err(ClaimRefusal::TooWide {
                radius_m: *radius_m,
                radius_max_m,
            });
        }
        if !centre_m.is_finite() {
            return Err(ClaimRefusal::Centre);
        }
        if let Some(max) = self.terms.per_prospector_max {
            let held = self.standing().filter(|claim| claim.holder == *holder);
            if max as usize <= held.count() {
                return Err(ClaimRefusal::TooMany {
                    holder: holder.clone(),
                    held: max,
                });
            }
        }
        let widest = self
            .standing()
            .filter(|claim| claim.holder != *holder)
            .map(|claim| {
                let reach_m = claim.radius_m + radius_m;
                (reach_m - claim.centre_m.distance(*centre_m), claim)
            })
            .filter(|(overlap_m, _)| 0.0 < *overlap_m)
            .max_by(|(one_m, _), (other_m, _)| one_m.total_cmp(other_m));
        match widest {
            Some((overlap_m, claim)) => Err(ClaimRefusal::Overlap {
                claim: claim.id,
                holder: claim.holder.clone(),
                overlap_m,
            }),
            None => Ok(()),
        }
    }

    /// Registers a claim, if [`check`](Self::check) allows it.
    ///
    /// # Errors
    /// [`ClaimRefusal`] with the reason; the registry is as before.
    pub fn file(&mut self, at_ms: u64, request: ClaimRequest) -> Result<ClaimId, ClaimRefusal> {
        self.check(&request)?;
        let id = ClaimId(u32::try_from(self.claims.len() + 1).expect("fewer than 2^32 claims"));
        self.claims.push(Claim {
            id,
            holder: request.holder,
            centre_m: request.centre_m,
            radius_m: request.radius_m,
            filed_at_ms: at_ms,
            released_at_ms: None,
        });
        Ok(id)
    }

    /// Gives a claim up; it stays in the history.
    ///
    /// # Errors
    /// [`ReleaseRefusal`] with the reason; the registry is as before.
    pub fn release(&mut self, at_ms: u64, id: ClaimId, by: &str) -> Result<(), ReleaseRefusal> {
        let claim = (id.0 as usize)
            .checked_sub(1)
            .and_then(|index| self.claims.get_mut(index))
            .ok_or(ReleaseRefusal::Unknown(id))?;
        if claim.holder != by {
            return Err(ReleaseRefusal::NotYours {
                claim: id,
                holder: claim.holder.clone(),
            });
        }
        if claim.released_at_ms.is_some() {
            return Err(ReleaseRefusal::Released(id));
        }
        claim.released_at_ms = Some(at_ms);
        Ok(())
    }

    /// The claim that a point of the site frame lies in; of several of one holder, the oldest.
    pub fn holder_at(&self, point_m: DVec3) -> Option<&Claim> {
        self.standing().find(|claim| claim.covers(point_m))
    }

    /// Whether a prospector may dig at a point of the site frame: anywhere but on the claim of
    /// another.
    ///
    /// # Errors
    /// [`Trespass`] names the claim and its holder.
    pub fn may_dig(&self, prospector: &str, point_m: DVec3) -> Result<(), Trespass> {
        match self.holder_at(point_m) {
            Some(claim) if claim.holder != prospector => Err(Trespass {
                claim: claim.id,
                holder: claim.holder.clone(),
            }),
            _ => Ok(()),
        }
    }

    /// Claims that stand, oldest first.
    pub fn standing(&self) -> impl Iterator<Item = &Claim> {
        self.claims
            .iter()
            .filter(|claim| claim.released_at_ms.is_none())
    }

    /// Every claim ever registered, in order of filing.
    pub fn history(&self) -> &[Claim] {
        &self.claims
    }

    /// Feeds the claims to the state hash.
    pub fn hash_into(&self, hash: &mut Xxh3) {
        for claim in &self.claims {
            hash.update(claim.holder.as_bytes());
            for coordinate_m in claim.centre_m.to_array() {
                hash.update(&coordinate_m.to_bits().to_le_bytes());
            }
            hash.update(&claim.radius_m.to_bits().to_le_bytes());
            hash.update(&claim.filed_at_ms.to_le_bytes());
            hash.update(&claim.released_at_ms.unwrap_or(u64::MAX).to_le_bytes());
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::sim::law::charter::ClaimRule;

    fn registry() -> Registry {
        Registry::new(ClaimTerms {
            rule: ClaimRule::FirstCome,
            radius_max_m: Some(30.0),
            per_prospector_max: Some(3),
            ..ClaimTerms::default()
        })
    }

    fn request(holder: &str, x_m: f64, radius_m: f64) -> ClaimRequest {
        ClaimRequest {
            holder: holder.into(),
            centre_m: DVec3::new(x_m, 245.0, 0.0),
            radius_m,
        }
    }

    #[test]
    fn the_first_to_file_holds_the_ground() {
        let mut registry = registry();
        registry.file(0, request("hydra", 0.0, 20.0)).unwrap();
        let refusal = registry.file(1, request("player", 30.8, 15.0)).unwrap_err();
        assert_eq!(refusal.to_string(), "overlaps claim 1 of hydra by 4.2 m");
        let id = registry.file(2, request("player", 35.0, 15.0)).unwrap();
        assert_eq!(id, ClaimId(2));
        let at = |x_m| DVec3::new(x_m, 245.0, 0.0);
        assert_eq!(registry.holder_at(at(-20.0)).unwrap().holder, "hydra");
        assert!(registry.holder_at(at(-20.1)).is_none());
        assert_eq!(registry.may_dig("hydra", at(0.0)), Ok(()));
        assert_eq!(registry.may_dig("player", at(-21.0)), Ok(()));
        let trespass = registry.may_dig("player", at(0.0)).unwrap_err();
        assert_eq!(trespass.to_string(), "this is claim 1 of hydra");
    }

    #[test]
    fn a_holder_may_overlap_himself_up_to_the_charters_number() {
        let mut registry = registry();
        for x_m in [0.0, 10.0, 20.0] {
            registry.file(0, request("player", x_m, 20.0)).unwrap();
        }
        assert_eq!(
            registry.file(0, request("player", 30.0, 20.0)),
            Err(ClaimRefusal::TooMany {
                holder: "player".into(),
                held: 3
            })
        );
        registry.release(5, ClaimId(2), "player").unwrap();
        registry.file(6, request("player", 30.0, 20.0)).unwrap();
        assert_eq!(registry.history().len(), 4);
        assert_eq!(registry.standing().count(), 3);
    }

    #[test]
    fn only_the_holder_gives_up_a_claim_and_once() {
        let mut registry = registry();
        let id = registry.file(0, request("hydra", 0.0, 20.0)).unwrap();
        let refuse =
            |registry: &mut Registry, id, by| registry.release(1, id, by).unwrap_err().to_string();
        assert_eq!(
            refuse(&mut registry, id, "player"),
            "claim 1 belongs to hydra"
        );
        assert_eq!(
            refuse(&mut registry, ClaimId(0), "hydra"),
            "there is no claim 0"
        );
        registry.release(1, id, "hydra").unwrap();
        assert_eq!(
            refuse(&mut registry, id, "hydra"),
            "claim 1 has been given up already"
        );
        registry.file(2, request("player", 0.0, 20.0)).unwrap();
    }

    #[test]
    fn nonsense_is_refused() {
        let mut registry = registry();
        for radius_m in [0.0, -1.0, f64::NAN, f64::INFINITY, 30.1] {
            assert!(registry.file(0, request("player", 0.0, radius_m)).is_err());
        }
        let nowhere = request("player", f64::NAN, 10.0);
        assert_eq!(registry.file(0, nowhere), Err(ClaimRefusal::Centre));
        let mut open = Registry::new(ClaimTerms {
            rule: ClaimRule::OpenAccess,
            ..registry.terms.clone()
        });
        let refusal = open.file(0, request("player", 0.0, 10.0));
        assert_eq!(refusal, Err(ClaimRefusal::OpenAccess));
    }

    proptest! {
        #[test]
        fn claims_of_different_holders_never_share_ground(
            requests in prop::collection::vec((0..3_u8, -100.0..100.0_f64, 1.0..30.0_f64), 0..40)
        ) {
            let mut registry = registry();
            for (holder, x_m, radius_m) in requests {
                // Some are refused, and that is part of the test.
                let _ = registry.file(0, request(&holder.to_string(), x_m, radius_m));
            }
            for one in registry.history() {
                for other in registry.history() {
                    let apart_m = one.centre_m.distance(other.centre_m);
                    let reach_m = one.radius_m + other.radius_m;
                    prop_assert!(one.holder == other.holder || reach_m <= apart_m);
                }
            }
        }
    }
}
