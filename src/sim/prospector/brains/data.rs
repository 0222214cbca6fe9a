//! Trade in survey data: a rival sells what it has measured, and buys what it would cost more to
//! measure itself.

use bevy::math::Vec3;

use super::ground::ground_distance_m;
use super::{Habits, Script};
use crate::sim::level::Temperament;
use crate::sim::observation::Observation;
use crate::sim::order::Order;
use crate::sim::prospecting::trade::{Audience, Choice};
use crate::sim::prospecting::{Held, Provenance};

/// New readings before a script offers its data again.
const RESTOCK: usize = 1;
/// Price asked and price paid for a reading, over what one of one's own costs.
const SALE_SHARE: f64 = 0.5;
const PURCHASE_SHARE: f64 = 0.8;

impl Script {
    /// Sells what it has measured, and buys what others have for less than a way of its own.
    pub(super) fn trade_data(
        &mut self,
        habits: &Habits,
        seen: &Observation,
        base_m: Vec3,
        orders: &mut Vec<Order>,
    ) {
        let own = |held: &&Held| held.provenance == Provenance::Own;
        let measured = seen.readings.iter().filter(own).count();
        let publishes = habits.affairs.is_some()
            && matches!(
                habits.temperament,
                Temperament::Agency | Temperament::Cooperative
            );
        // A prospector that still looks for its place keeps what it knows to itself.
        if publishes && self.offered + RESTOCK <= measured {
            orders.push(Order::ShareData {
                readings: Choice::default(),
                with: Audience::Public,
            });
            self.offered = measured;
        } else if self.claimed && self.offered + RESTOCK <= measured {
            let standing = seen
                .data_offers
                .iter()
                .filter(|o| o.seller == seen.prospector);
            orders.extend(standing.map(|offer| Order::WithdrawOffer { offer: offer.id }));
            orders.push(Order::OfferData {
                readings: Choice::default(),
                price_credits: (SALE_SHARE * habits.reading_cost_credits * measured as f64).round(),
                to: Audience::Public,
            });
            self.offered = measured;
        }
        if self.claimed || habits.survey_spots <= seen.samples.len() {
            return;
        }
        for offer in &seen.data_offers {
            let apart_m = f64::from(ground_distance_m(seen, base_m, offer.centre_m));
            let near = apart_m <= f64::from(habits.search_radius_m + offer.radius_m);
            let worth_credits =
                PURCHASE_SHARE * habits.reading_cost_credits * offer.new_to_you as f64;
            if offer.seller != seen.prospector
                && near
                && offer.constituents.contains(&habits.seeks())
                && offer.price_credits <= worth_credits.min(0.1 * seen.credits)
                && !self.tried_offers.contains(&offer.id)
            {
                self.tried_offers.push(offer.id);
                orders.push(Order::BuyData { offer: offer.id });
            }
        }
    }
}
