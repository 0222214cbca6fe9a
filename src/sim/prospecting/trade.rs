//! Trade in survey data: offers, purchases and gifts of readings.
//!
//! What a prospector has measured is its own secret until it says otherwise. It may share readings
//! with some or with all, or offer them at a price, to as many buyers as like. Only what it has
//! measured itself is its to give: bought readings stay with the buyer. A buyer sees what an offer
//! holds (how many readings, of what, over which ground, how good and how old) and no value before
//! it has paid.

use std::fmt;
use std::sync::Arc;

use bevy::prelude::*;
use serde::{Deserialize, Serialize};

use super::{Held, Instrument, Provenance, Quantity, Reading, Support, Survey};
use crate::sim::asteroid::constituent::Constituent;
use crate::sim::economy::ledger::{Ledger, Memo};
use crate::sim::order::Refusal;
use crate::sim::prospector::{ProspectorId, Prospectors};

/// Dearest offer [credits]: more is a slip of the pen.
pub const PRICE_MAX_CREDITS: f64 = 1e12;
/// Offers of one prospector that may stand at a time.
const OFFERS_MAX: usize = 64;

/// Whom an offer or a gift is for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Audience {
    /// Every other prospector.
    Public,
    /// These, by name.
    Only(Vec<String>),
}

impl fmt::Display for Audience {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Public => f.write_str("all"),
            Self::Only(names) => f.write_str(&names.join(", ")),
        }
    }
}

/// Some of one's own readings: those that meet all that is said, or all.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Choice {
    pub instrument: Option<Instrument>,
    pub robot: Option<String>,
    /// Not older than this [ms].
    pub since_ms: Option<u64>,
    /// Within so many metres of a place.
    pub around: Option<Circle>,
}

/// A place and what is near it.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Circle {
    /// In the site's frame.
    pub centre_m: [f64; 3],
    pub radius_m: f64,
}

impl Choice {
    /// Whether it means this reading.
    pub fn takes(&self, reading: &Reading) -> bool {
        let near = |circle: Circle| {
            let centre_m = Vec3::from_array(circle.centre_m.map(|x| x as f32));
            f64::from(reading.point_m.distance(centre_m)) <= circle.radius_m
        };
        self.instrument.is_none_or(|i| i == reading.instrument)
            && self.robot.as_deref().is_none_or(|r| r == reading.robot)
            && self
                .since_ms
                .is_none_or(|since_ms| since_ms <= reading.at_ms)
            && self.around.is_none_or(near)
    }

    /// The readings that it means of what a prospector has measured itself.
    fn of(&self, survey: &Survey) -> Result<Vec<Arc<Reading>>, Refusal> {
        if let Some(Circle { centre_m, radius_m }) = self.around
            && !(0.0 < radius_m && radius_m.is_finite() && centre_m.iter().all(|x| x.is_finite()))
        {
            return Err(Refusal::because(format!(
                "around: centre_m = {centre_m:?} and radius_m = {radius_m} must be finite, the radius above 0"
            )));
        }
        let readings: Vec<Arc<Reading>> = survey
            .held()
            .iter()
            .filter(|held| held.provenance == Provenance::Own && self.takes(&held.reading))
            .map(|held| Arc::clone(&held.reading))
            .collect();
        if readings.is_empty() {
            return Err(Refusal::because(
                "there are no such readings of your own: only what you have measured yourself is yours to give",
            ));
        }
        Ok(readings)
    }
}

/// Readings at a price. They are those of the time of the offer; later ones want another.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Offer {
    id: u32,
    seller: ProspectorId,
    readings: Vec<Arc<Reading>>,
    price_ucr: i64,
    /// `None` is everybody.
    to: Option<Vec<ProspectorId>>,
    made_at_ms: u64,
}

/// A purchase that was made.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Receipt {
    pub at_ms: u64,
    pub offer: u32,
    pub seller: String,
    pub buyer: String,
    pub readings: usize,
    pub price_credits: f64,
}

/// All offers that stand, and all purchases.
#[derive(Resource, Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct DataMarket {
    offers: Vec<Offer>,
    made: u32,
    receipts: Vec<Receipt>,
}

/// What can be seen of an offer without paying for it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct OfferView {
    pub id: u32,
    pub seller: String,
    pub price_credits: f64,
    /// Whether it stands open to everybody.
    pub public: bool,
    pub made_at_ms: u64,
    pub readings: usize,
    /// How many readings each instrument has made.
    pub instruments: Vec<(Instrument, usize)>,
    pub constituents: Vec<Constituent>,
    pub oldest_ms: u64,
    pub newest_ms: u64,
    /// All readings lie in this circle.
    pub centre_m: Vec3,
    pub radius_m: f32,
    /// Root mean square of the stated errors of water. Of what was counted, the systematic part
    /// alone: the whole follows from the count, and would tell it.
    pub water_std: Option<f64>,
    /// Readings that the one who looks does not hold yet.
    pub new_to_you: usize,
}

impl DataMarket {
    /// Puts readings up for sale; returns the number of the offer.
    ///
    /// # Errors
    /// [`Refusal`] with the reason; nothing has changed then.
    pub(in crate::sim) fn offer(
        &mut self,
        now_ms: u64,
        prospectors: &Prospectors,
        seller: ProspectorId,
        choice: &Choice,
        price_credits: f64,
        to: &Audience,
    ) -> Result<u32, Refusal> {
        if !(0.0 <= price_credits && price_credits <= PRICE_MAX_CREDITS) {
            return Err(Refusal::because(format!(
                "price_credits = {price_credits} must be from 0 to {PRICE_MAX_CREDITS:e}"
            )));
        }
        let standing = self.offers.iter().filter(|o| o.seller == seller).count();
        if OFFERS_MAX <= standing {
            return Err(Refusal::because(format!(
                "{standing} of your offers stand: withdraw one first"
            )));
        }
        let to = audience(prospectors, seller, to)?;
        let readings = choice.of(&prospectors.get(seller).survey)?;
        self.made += 1;
        self.offers.push(Offer {
            id: self.made,
            seller,
            readings,
            price_ucr: (1e6 * price_credits).round() as i64,
            to,
            made_at_ms: now_ms,
        });
        Ok(self.made)
    }

    /// Takes one's own offer back. What was bought stays bought.
    ///
    /// # Errors
    /// [`Refusal`] if there is no such offer of one's own.
    pub(in crate::sim) fn withdraw(&mut self, by: ProspectorId, id: u32) -> Result<(), Refusal> {
        let at = self
            .offers
            .iter()
            .position(|o| o.id == id && o.seller == by);
        let at = at.ok_or_else(|| Refusal::because(format!("you have made no offer {id}")))?;
        self.offers.remove(at);
        Ok(())
    }

    /// Buys an offer: money to the seller, its readings to the buyer.
    ///
    /// # Errors
    /// [`Refusal`] with the reason; nothing has changed then. An offer to others is refused as one
    /// that does not exist is.
    pub(in crate::sim) fn buy(
        &mut self,
        now_ms: u64,
        prospectors: &mut Prospectors,
        ledger: &mut Ledger,
        buyer: ProspectorId,
        id: u32,
    ) -> Result<Receipt, Refusal> {
        let offer = self
            .offers
            .iter()
            .find(|offer| offer.id == id && offer.is_for(buyer))
            .ok_or_else(|| Refusal::because(format!("there is no offer {id} to you")))?;
        if offer.seller == buyer {
            return Err(Refusal::because(format!("offer {id} is your own")));
        }
        let (seller, price_ucr) = (offer.seller, offer.price_ucr);
        if prospectors.get(buyer).survey.lacks(&offer.readings) == 0 {
            return Err(Refusal::because(format!(
                "you hold all readings of offer {id} already"
            )));
        }
        let account = |id| prospectors.get(id).account;
        ledger
            .transfer(
                now_ms,
                account(buyer),
                account(seller),
                price_ucr,
                Memo::Bought,
            )
            .map_err(|_| {
                Refusal::because(format!(
                    "offer {id} costs {:.0} credits, more than there is",
                    1e-6 * price_ucr as f64
                ))
            })?;
        let from = prospectors.name(seller).to_owned();
        let receipt = Receipt {
            at_ms: now_ms,
            offer: id,
            buyer: prospectors.name(buyer).to_owned(),
            readings: offer.readings.len(),
            price_credits: 1e-6 * price_ucr as f64,
            seller: from.clone(),
        };
        let bought = Provenance::Bought {
            from,
            at_ms: now_ms,
        };
        let readings = offer.readings.clone();
        prospectors
            .get_mut(buyer)
            .survey
            .receive(&readings, &bought);
        self.receipts.push(receipt.clone());
        Ok(receipt)
    }

    /// The offers that a prospector may see, oldest first: its own and those made to it.
    pub fn seen_by(&self, prospectors: &Prospectors, id: ProspectorId) -> Vec<OfferView> {
        self.offers
            .iter()
            .filter(|offer| offer.seller == id || offer.is_for(id))
            .map(|offer| offer.view(prospectors, id))
            .collect()
    }

    /// Whether an offer stands and is for this prospector.
    pub fn is_open_to(&self, offer: u32, id: ProspectorId) -> bool {
        self.offers.iter().any(|o| o.id == offer && o.is_for(id))
    }

    /// The purchases that a prospector was a party to, oldest first.
    pub fn receipts_of(&self, name: &str) -> Vec<Receipt> {
        self.receipts
            .iter()
            .filter(|receipt| receipt.buyer == name || receipt.seller == name)
            .cloned()
            .collect()
    }
}

/// Gives readings away; returns how many and to how many.
///
/// # Errors
/// [`Refusal`] with the reason; nothing has changed then.
pub(in crate::sim) fn share(
    now_ms: u64,
    prospectors: &mut Prospectors,
    giver: ProspectorId,
    choice: &Choice,
    with: &Audience,
) -> Result<(usize, Vec<ProspectorId>), Refusal> {
    let takers: Vec<ProspectorId> = match audience(prospectors, giver, with)? {
        Some(takers) => takers,
        None => prospectors
            .iter()
            .map(|(id, _)| id)
            .filter(|id| *id != giver)
            .collect(),
    };
    let readings = choice.of(&prospectors.get(giver).survey)?;
    let shared = Provenance::Shared {
        from: prospectors.name(giver).to_owned(),
        at_ms: now_ms,
    };
    for taker in &takers {
        prospectors
            .get_mut(*taker)
            .survey
            .receive(&readings, &shared);
    }
    Ok((readings.len(), takers))
}

/// The prospectors meant, `None` for all.
pub(in crate::sim) fn audience(
    prospectors: &Prospectors,
    by: ProspectorId,
    audience: &Audience,
) -> Result<Option<Vec<ProspectorId>>, Refusal> {
    let Audience::Only(names) = audience else {
        return Ok(None);
    };
    if names.is_empty() {
        return Err(Refusal::because("nobody is named"));
    }
    let mut ids = Vec::new();
    for name in names {
        let id = prospectors
            .find(name)
            .ok_or_else(|| Refusal::because(format!("there is no prospector \"{name}\"")))?;
        if id == by {
            return Err(Refusal::because("you need not name yourself"));
        }
        if !ids.contains(&id) {
            ids.push(id);
        }
    }
    Ok(Some(ids))
}

impl Offer {
    fn is_for(&self, id: ProspectorId) -> bool {
        self.to.as_ref().is_none_or(|to| to.contains(&id))
    }

    fn view(&self, prospectors: &Prospectors, viewer: ProspectorId) -> OfferView {
        let mut instruments: Vec<(Instrument, usize)> = Vec::new();
        let mut constituents = Vec::new();
        let (mut squares, mut waters) = (0.0, 0.0);
        let ground = || self.readings.iter().filter(|r| r.support != Support::Body);
        for reading in &self.readings {
            match instruments
                .iter_mut()
                .find(|(i, _)| *i == reading.instrument)
            {
                Some((_, count)) => *count += 1,
                None => instruments.push((reading.instrument, 1)),
            }
            for estimate in &reading.estimates {
                let Quantity::Content(constituent) = estimate.quantity else {
                    continue;
                };
                if !constituents.contains(&constituent) {
                    constituents.push(constituent);
                }
                if constituent == Constituent::Water {
                    let std = match reading.instrument {
                        Instrument::GammaNeutron => estimate.systematic_std,
                        _ => estimate.std,
                    };
                    squares += std * std;
                    waters += 1.0;
                }
            }
        }
        instruments.sort_unstable();
        constituents.sort_unstable();
        let count = ground().count().max(1) as f32;
        let centre_m = ground().map(|reading| reading.point_m).sum::<Vec3>() / count;
        let radius_m = ground()
            .map(|reading| reading.point_m.distance(centre_m))
            .fold(0.0, f32::max);
        let times = || self.readings.iter().map(|reading| reading.at_ms);
        OfferView {
            id: self.id,
            seller: prospectors.name(self.seller).to_owned(),
            price_credits: 1e-6 * self.price_ucr as f64,
            public: self.to.is_none(),
            made_at_ms: self.made_at_ms,
            readings: self.readings.len(),
            instruments,
            constituents,
            oldest_ms: times().min().unwrap_or(0),
            newest_ms: times().max().unwrap_or(0),
            centre_m,
            radius_m,
            water_std: (0.0 < waters).then(|| (squares / waters).sqrt()),
            new_to_you: prospectors.get(viewer).survey.lacks(&self.readings),
        }
    }
}

impl Survey {
    /// How many of some readings it does not hold.
    fn lacks(&self, readings: &[Arc<Reading>]) -> usize {
        readings
            .iter()
            .filter(|reading| !self.holds(reading))
            .count()
    }

    fn holds(&self, reading: &Reading) -> bool {
        self.held()
            .iter()
            .any(|held: &Held| *held.reading == *reading)
    }

    /// Adds what it does not hold yet.
    fn receive(&mut self, readings: &[Arc<Reading>], provenance: &Provenance) {
        for reading in readings {
            if !self.holds(reading) {
                self.add(Arc::clone(reading), provenance.clone());
            }
        }
    }
}
