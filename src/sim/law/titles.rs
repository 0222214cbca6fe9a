//! Offers of titles: claims, leases and quota shares that one prospector would let another have at
//! a price. Both sides consent, one by the offer, the other by taking it.

use serde::{Deserialize, Serialize};
use thiserror::Error;

/// A right that can change hands.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub enum Title {
    /// A claim, for good.
    Claim { claim: u32 },
    /// The use of a claim for some days, for rent by thirty days besides the price.
    Lease {
        claim: u32,
        days: f64,
        rent_credits: f64,
    },
    /// Shares of the quota.
    Quota { shares: u32 },
}

impl std::fmt::Display for Title {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Claim { claim } => write!(f, "claim {claim}"),
            Self::Lease {
                claim,
                days,
                rent_credits,
            } => write!(
                f,
                "the use of claim {claim} for {days} days at {rent_credits} credits by thirty days"
            ),
            Self::Quota { shares } => write!(f, "{shares} shares of the quota"),
        }
    }
}

/// A title that can be had.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TitleOffer {
    pub id: u32,
    pub by: String,
    pub title: Title,
    pub price_ucr: i64,
    /// Who alone may take it; None for anyone.
    pub to: Option<String>,
    pub open: bool,
}

/// Why an offer was not made or taken, in words for its sender.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum OfferRefusal {
    #[error("there is no offer {0}")]
    Unknown(u32),
    #[error("offer {0} is no longer open")]
    Over(u32),
    #[error("offer {0} is not yours")]
    NotYours(u32),
    #[error("offer {0} is your own")]
    Own(u32),
    #[error("offer {0} is not for you")]
    NotForYou(u32),
}

/// All offers of titles, in order.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Titles {
    offers: Vec<TitleOffer>,
}

impl Titles {
    pub fn offers(&self) -> &[TitleOffer] {
        &self.offers
    }

    /// Those that can be taken.
    pub fn open(&self) -> impl Iterator<Item = &TitleOffer> {
        self.offers.iter().filter(|offer| offer.open)
    }

    pub(super) fn add(
        &mut self,
        by: &str,
        title: Title,
        price_ucr: i64,
        to: Option<String>,
    ) -> u32 {
        let id = u32::try_from(self.offers.len() + 1).expect("fewer than 2^32 offers");
        self.offers.push(TitleOffer {
            id,
            by: by.to_owned(),
            title,
            price_ucr,
            to,
            open: true,
        });
        id
    }

    fn find(&self, id: u32) -> Result<&TitleOffer, OfferRefusal> {
        let at = (id as usize).checked_sub(1);
        let offer = at.and_then(|at| self.offers.get(at));
        let offer = offer.ok_or(OfferRefusal::Unknown(id))?;
        if offer.open {
            Ok(offer)
        } else {
            Err(OfferRefusal::Over(id))
        }
    }

    /// Takes an offer of one's own back.
    ///
    /// # Errors
    /// [`OfferRefusal`] with the reason; nothing has changed then.
    pub(super) fn withdraw(&mut self, id: u32, by: &str) -> Result<(), OfferRefusal> {
        if self.find(id)?.by != by {
            return Err(OfferRefusal::NotYours(id));
        }
        self.close(id);
        Ok(())
    }

    /// An offer that somebody may take.
    ///
    /// # Errors
    /// [`OfferRefusal`] with the reason.
    pub(super) fn takeable(&self, id: u32, by: &str) -> Result<&TitleOffer, OfferRefusal> {
        let offer = self.find(id)?;
        if offer.by == by {
            return Err(OfferRefusal::Own(id));
        }
        if offer.to.as_deref().is_some_and(|only| only != by) {
            return Err(OfferRefusal::NotForYou(id));
        }
        Ok(offer)
    }

    pub(super) fn close_all_of(&mut self, name: &str) {
        for offer in self.offers.iter_mut().filter(|offer| offer.by == name) {
            offer.open = false;
        }
    }

    pub(super) fn close(&mut self, id: u32) {
        if let Some(offer) = self.offers.get_mut((id as usize).wrapping_sub(1)) {
            offer.open = false;
        }
    }
}
