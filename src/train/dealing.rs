//! What an agent may agree with others: at the exchange, in survey data, and in ventures.

use super::action::{KEPT_WATER_KG, LOT_KG};
use super::cast::Cast;
use super::seats::{Seat, View};
use crate::sim::economy::auction::Side;
use crate::sim::economy::good::Good;
use crate::sim::economy::stores::Place;
use crate::sim::economy::venture::{Agreement, USUAL_TARIFF_CREDITS_PER_KG};
use crate::sim::observation::telemetry::ProspectorRow;
use crate::sim::order::{Motion, Order};
use crate::sim::prospecting::trade::{Audience, Choice};

/// Limits at the exchange, as parts of the price at the market.
const LIMITS: [f64; 3] = [0.7, 0.85, 1.0];
/// Part of its free money that an agent pays into a venture at a time, at most what the plant still
/// costs; and part of what it had at the start that is not free.
const STAKE_SHARE: f64 = 0.5;
const NOT_FREE_SHARE: f64 = 0.125;
const DAY_MS: u64 = 86_400_000;

/// One a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Dealing {
    Wait,
    StoreWater,
    Bid(usize),
    Ask(usize),
    BuyData,
    OfferData,
    CancelOrders,
    /// Pump water from the store into a tank of one's own, from where it can be sold.
    LoadWater,
    /// Found a venture to buy the plant that is for sale,
    FoundVenture,
    /// pay into one that there is,
    JoinVenture,
    VoteToBuy,
    LeaveVenture,
}

impl Dealing {
    pub const ALL: [Self; 16] = [
        Self::Wait,
        Self::StoreWater,
        Self::Bid(0),
        Self::Bid(1),
        Self::Bid(2),
        Self::Ask(0),
        Self::Ask(1),
        Self::Ask(2),
        Self::BuyData,
        Self::OfferData,
        Self::CancelOrders,
        Self::LoadWater,
        Self::FoundVenture,
        Self::JoinVenture,
        Self::VoteToBuy,
        Self::LeaveVenture,
    ];

    pub fn name(self) -> &'static str {
        match self {
            Self::Wait => "wait",
            Self::StoreWater => "store_water",
            Self::Bid(limit) => ["bid_low", "bid_middle", "bid_high"][limit],
            Self::Ask(limit) => ["ask_low", "ask_middle", "ask_high"][limit],
            Self::BuyData => "buy_data",
            Self::OfferData => "offer_data",
            Self::CancelOrders => "cancel_orders",
            Self::LoadWater => "load_water",
            Self::FoundVenture => "found_venture",
            Self::JoinVenture => "join_venture",
            Self::VoteToBuy => "vote_to_buy",
            Self::LeaveVenture => "leave_venture",
        }
    }

    /// Whether it makes sense now: it may still be refused.
    pub fn is_open(self, seat: &Seat, view: &View<'_>) -> bool {
        let books = books(seat, view);
        let waits = 0 < books.waiting_orders;
        let member = || seat.venture.as_ref().filter(|venture| venture.is_member);
        match self {
            Self::Wait => true,
            Self::StoreWater => (seat.plants.iter())
                .any(|&plant| KEPT_WATER_KG < view.telemetry.plants[plant].water_kg),
            Self::Bid(limit) => {
                let price = view.telemetry.price_credits_per_kg;
                !waits && LIMITS[limit] * price * LOT_KG < books.credits
            }
            Self::Ask(_) => !waits && 0.0 < books.stored_water_kg,
            Self::BuyData => seat
                .cheapest_offer
                .is_some_and(|(_, credits)| credits < books.credits),
            // The first reading is what everybody knows.
            Self::OfferData => 1 < books.readings && !seat.offers_data,
            Self::CancelOrders => waits,
            Self::LoadWater => 0.0 < books.stored_water_kg && !seat.plants.is_empty(),
            Self::FoundVenture => seat.venture.is_none() && 0 < stake_credits(seat, books),
            Self::JoinVenture => seat.venture.is_some() && 0 < stake_credits(seat, books),
            Self::VoteToBuy => member()
                .zip(seat.sale)
                .is_some_and(|(venture, (_, price))| price <= venture.reserve_credits),
            Self::LeaveVenture => member().is_some(),
        }
    }

    pub fn orders(self, cast: &Cast, seat: &Seat, view: &View<'_>, orders: &mut Vec<Order>) {
        let books = books(seat, view);
        let me = &cast.prospectors[seat.owner.0 as usize];
        let place = |side, limit: usize, mass_kg: f64| {
            let price = view.telemetry.price_credits_per_kg;
            Order::PlaceOrder {
                place: Place::Site,
                good: Good::Water,
                side,
                mass_kg,
                limit_credits_per_kg: Some((LIMITS[limit] * price).max(1e-3)),
                wait_h: None,
            }
        };
        match self {
            Self::Wait => {}
            Self::StoreWater => {
                for &plant in &seat.plants {
                    let spare_kg = view.telemetry.plants[plant].water_kg - KEPT_WATER_KG;
                    if 0.0 < spare_kg {
                        orders.push(Order::StoreWater {
                            plant: cast.plants[plant].clone(),
                            mass_kg: whole_grams(spare_kg),
                        });
                    }
                }
            }
            Self::Bid(limit) => orders.push(place(Side::Buy, limit, LOT_KG)),
            Self::Ask(limit) => {
                if 0.0 < books.stored_water_kg {
                    orders.push(place(Side::Sell, limit, books.stored_water_kg.min(LOT_KG)));
                }
            }
            Self::BuyData => orders.extend(
                seat.cheapest_offer
                    .map(|(offer, _)| Order::BuyData { offer }),
            ),
            Self::OfferData => orders.push(Order::OfferData {
                readings: Choice::default(),
                price_credits: 0.002 * cast.base_price_credits_per_kg * LOT_KG,
                to: Audience::Public,
            }),
            Self::CancelOrders => {
                let own = view.own_orders(seat).into_iter();
                orders.extend(own.map(|order| Order::CancelOrder { order }));
            }
            Self::LoadWater => {
                let Some(&plant) = seat.plants.first() else {
                    return;
                };
                let room_kg = view.telemetry.plants[plant].tank_room_kg;
                let mass_kg = whole_grams(books.stored_water_kg.min(room_kg));
                if 0.0 < mass_kg {
                    orders.push(Order::LoadWater {
                        plant: cast.plants[plant].clone(),
                        mass_kg,
                    });
                }
            }
            Self::FoundVenture if seat.venture.is_none() => orders.push(Order::FoundVenture {
                // A name is not given twice, nor by one agent twice in a day.
                venture: format!("{me}-works-{}", view.telemetry.time_ms / DAY_MS),
                agreement: Agreement::usual(),
                credits: stake_credits(seat, books),
                invite: Audience::Public,
            }),
            Self::FoundVenture => {}
            Self::JoinVenture => {
                orders.extend(seat.venture.as_ref().map(|venture| Order::JoinVenture {
                    venture: venture.name.clone(),
                    credits: stake_credits(seat, books),
                }))
            }
            Self::VoteToBuy => orders.extend(seat.venture.as_ref().zip(seat.sale).map(
                |(venture, (deal, _))| Order::VoteInVenture {
                    venture: venture.name.clone(),
                    motion: Motion::Buy {
                        deal,
                        tariff_credits_per_kg: USUAL_TARIFF_CREDITS_PER_KG,
                    },
                    yes: true,
                },
            )),
            Self::LeaveVenture => {
                orders.extend(seat.venture.as_ref().map(|venture| Order::LeaveVenture {
                    venture: venture.name.clone(),
                }))
            }
        }
    }
}

fn books<'a>(seat: &Seat, view: &'a View<'_>) -> &'a ProspectorRow {
    &view.telemetry.prospectors[seat.owner.0 as usize]
}

pub(super) fn whole_grams(mass_kg: f64) -> f64 {
    (mass_kg * 1e3).floor() * 1e-3
}

/// What an agent would pay now towards the plant that is for sale [whole credits].
fn stake_credits(seat: &Seat, books: &ProspectorRow) -> u64 {
    let Some((_, price)) = seat.sale else {
        return 0;
    };
    let venture = seat.venture.as_ref();
    let kept = venture.map_or(0.0, |venture| venture.reserve_credits);
    let free = books.credits - NOT_FREE_SHARE * seat.credits_at_start;
    (STAKE_SHARE * free).min((price - kept).ceil()).max(0.0) as u64
}
