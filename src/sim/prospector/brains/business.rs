//! Business: what a rival makes, where and when it sells, what it ships, and what it buys of others.
//!
//! A rival values goods at the site by what they would bring at the best node: what arrives of a
//! kilogram, at the price that its own lot would leave, less freight, the chance of loss and its own
//! impatience for money that comes months later. Who is in less of a hurry values them higher; so
//! small purses sell at the site what large ones ship, and both gain.

use super::{Habits, PublicRecord, Remembered, Script};
use crate::sim::asteroid::constituent::Constituent;
use crate::sim::economy::auction::Side;
use crate::sim::economy::deals::DealView;
use crate::sim::economy::exchange::{Depth, Listing};
use crate::sim::economy::good::Good;
use crate::sim::economy::stores::Place;
use crate::sim::level::{Affairs, Temperament};
use crate::sim::observation::Observation;
use crate::sim::order::Order;
use crate::sim::voyage::shipping::Route;

use super::ground::Rules;

const MS_PER_DAY: f64 = 86_400_000.0;
/// Smaller lots are not worth the paper.
const LOT_MIN_KG: f64 = 5.0;
const LOT_MIN_CREDITS: f64 = 10_000.0;
/// Parts of what there is that are weighed up as a lot: more lowers its own price.
const LOTS: [f64; 8] = [1.0, 0.6, 0.3, 0.15, 0.07, 0.03, 0.015, 0.007];
/// Cargoes are booked when a tug leaves so soon [days].
const BOOKING_DAYS: f64 = 1.5;
/// Part of the price seen today that is counted on for the day of arrival.
const PRUDENCE: f64 = 0.9;
/// How fast the memory of a price follows the price, a day.
const RECOLLECTION: f64 = 0.03;
/// Part of its free money that a rival puts into bids for one good in a day.
const STAKE_SHARE: f64 = 0.08;
/// Part of what a rival has at a node that it sells in a day: at least so much, and by impatience.
const SALE_SHARE_MIN: f64 = 0.04;
/// Part of the usual price below which a rival holds back what it has at a node.
const HOLD_SHARE: f64 = 0.5;
/// Water that an electrolysing plant is given at a time [kg].
const BATCH_KG: f64 = 200.0;
/// Water that a digger makes in a day, as a rival reckons for those of others [kg]: a bin of 120 kg a
/// day with a fourteenth of water.
const YIELD_KG_PER_ROBOT_DAY: f64 = 8.0;
const ELECTROLYSIS: &str = "electrolysis";

/// What a rival looks at when it sits down to its books.
pub(super) struct Board<'a> {
    pub habits: &'a Habits<'a>,
    pub affairs: &'a Affairs,
    pub seen: &'a Observation,
    pub rules: &'a Rules<'a>,
    /// What is offered to it, and what it has agreed.
    pub deals: &'a [DealView],
    pub depth: &'a dyn Fn(&Listing) -> Depth,
    pub public: &'a PublicRecord<'a>,
}

/// Where a good fetches most.
#[derive(Clone, Copy)]
struct Outlet<'a> {
    route: &'a Route,
    node: &'a str,
    departs_in_days: f64,
    /// What a kilogram at the site is worth today.
    value_credits_per_kg: f64,
}

impl Board<'_> {
    fn now_ms(&self) -> u64 {
        self.seen.time_ms
    }

    /// Money above the reserve [credits].
    pub(super) fn free_credits(&self) -> f64 {
        (self.seen.credits - self.affairs.reserve_credits).max(0.0)
    }

    /// Mass of a good of its own in a store [kg].
    pub(super) fn stored_kg(&self, place: &Place, good: Good) -> f64 {
        let stores = self.seen.stores.iter();
        stores
            .filter(|store| store.place == *place && store.good == good)
            .map(|store| store.mass_kg)
            .sum()
    }

    /// What it may part with at the site [kg].
    pub(super) fn spare_kg(&self, good: Good) -> f64 {
        let mut spare_kg = self.stored_kg(&Place::Site, good);
        if good == Good::Water {
            let tanks = self.seen.plants.iter();
            let kept_kg = self.affairs.keeps_water_kg;
            spare_kg += tanks
                .map(|plant| (plant.water_kg - kept_kg).max(0.0))
                .sum::<f64>();
            spare_kg = (spare_kg - self.promised_kg()).max(0.0);
        }
        spare_kg
    }

    /// Price of a lot that is sold at a node now [credits/kg].
    fn lot_price(&self, node: &str, good: Good, mass_kg: f64) -> Option<f64> {
        let market = self.public.markets.find(node, good)?;
        let quote = market.quote((1e3 * mass_kg) as i64);
        Some(quote.unit_price_credits_per_kg())
    }

    pub(super) fn spot(&self, node: &str, good: Good) -> Option<f64> {
        let market = self.public.markets.find(node, good)?;
        Some(market.price_credits_per_kg())
    }

    /// The best of the ways to sell a good that lies at the site.
    fn best_outlet(&self, good: Good, mass_kg: f64) -> Option<Outlet<'_>> {
        let routes = self.public.terms.routes.iter();
        routes
            .filter(|route| route.from == Place::Site)
            .filter_map(|route| self.outlet(route, good, mass_kg))
            .max_by(|one, other| {
                let (one, other) = (one.value_credits_per_kg, other.value_credits_per_kg);
                one.total_cmp(&other)
            })
            .filter(|outlet| 0.0 < outlet.value_credits_per_kg)
    }

    /// What a kilogram of a lot at the site is worth to it [credits], if anything.
    pub(super) fn value_at_site(&self, good: Good, mass_kg: f64) -> Option<f64> {
        let outlet = self.best_outlet(good, mass_kg)?;
        Some(outlet.value_credits_per_kg)
    }

    fn outlet<'b>(&self, route: &'b Route, good: Good, mass_kg: f64) -> Option<Outlet<'b>> {
        let Place::Node(node) = &route.to else {
            return None;
        };
        let burns_itself = matches!(good, Good::Water | Good::Propellant);
        let arrives = if burns_itself {
            1.0 - route.burnt_share()
        } else {
            1.0
        };
        let under_way = self.seen.shipments.iter();
        let under_way_kg: f64 = under_way
            .filter(|cargo| cargo.to == route.to && cargo.good == good)
            .map(|cargo| cargo.mass_kg)
            .sum();
        let coming_kg = under_way_kg + self.crowd_kg(node, good, arrives);
        let price = PRUDENCE * self.lot_price(node, good, mass_kg * arrives + coming_kg)?;
        let propellant = if burns_itself {
            0.0
        } else {
            1e-3 * route.propellant_g(1000) as f64 * route.propellant_credits_per_kg
        };
        let departs_in_days =
            (route.departure_ms(self.now_ms()) - self.now_ms()) as f64 / MS_PER_DAY;
        let years = (departs_in_days + route.transit_days) / 365.25;
        let patience = (1.0 - self.affairs.discount_per_year).powf(years);
        let costs = route.fee_credits_per_kg + propellant;
        Some(Outlet {
            route,
            node,
            departs_in_days,
            value_credits_per_kg: arrives * price * (1.0 - route.loss_chance) * patience - costs,
        })
    }

    /// Water that others are likely to bring to a node before it forgets it, beyond what weighs on
    /// its price already [kg].
    ///
    /// Everybody's robots are seen. Each is taken to bring what a digger does, and what all bring to
    /// go where it is worth most, node by node by what they spend.
    fn crowd_kg(&self, node: &str, good: Good, arrives: f64) -> f64 {
        if good != Good::Water || self.habits.seeks() != Constituent::Water {
            return 0.0;
        }
        let markets = self.public.markets.iter();
        let (mut all, mut here) = (0.0, None);
        for market in markets.filter(|market| market.good() == good) {
            let spends = market.demand_kg_per_year() * market.price_credits_per_kg();
            all += spends;
            if market.node() == node {
                here = Some((spends, market));
            }
        }
        here.map_or(0.0, |(spends, market)| {
            let kg_per_day = YIELD_KG_PER_ROBOT_DAY * self.seen.others.len() as f64;
            let comes_kg = kg_per_day * arrives * spends / all * market.terms().memory_days;
            (comes_kg - market.overhang_kg()).max(0.0)
        })
    }

    /// The lot that brings most, of what there is, and where.
    fn best_lot(&self, good: Good, spare_kg: f64) -> Option<(f64, Outlet<'_>)> {
        let lots = LOTS.iter().map(|part| grams(part * spare_kg));
        lots.filter(|&mass_kg| 0.0 < mass_kg)
            .filter_map(|mass_kg| Some((mass_kg, self.best_outlet(good, mass_kg)?)))
            .max_by(|(one_kg, one), (other_kg, other)| {
                let one = one_kg * one.value_credits_per_kg;
                one.total_cmp(&(other_kg * other.value_credits_per_kg))
            })
    }

    fn is_at_hub(&self, place: &Place) -> bool {
        matches!(place, Place::Node(node) if *node == self.seen.market.node)
    }
}

/// Whole grams.
pub(super) fn grams(kg: f64) -> f64 {
    (kg * 1e3).floor() * 1e-3
}

impl Script {
    /// Sits down to its books.
    pub(super) fn do_business(&mut self, board: &Board, orders: &mut Vec<Order>) {
        self.remember_prices(board);
        if let Some(base) = board.seen.plants.first() {
            self.trade_data(board.habits, board.seen, base.position_m, orders);
        }
        self.run_plants(board, orders);
        self.sell_at_nodes(board, orders);
        self.sell_at_site(board, orders);
        self.buy_at_site(board, orders);
        self.keep_mandate(board, orders);
        self.make_deals(board, orders);
        self.rest(board);
        self.look_after_claims(board);
        self.attend_to_law(board, orders);
    }

    fn remember_prices(&mut self, board: &Board) {
        for market in board.public.markets.iter() {
            let price = market.price_credits_per_kg();
            let key = (market.node().to_owned(), market.good());
            let known = self.prices.entry(key).or_insert(Remembered {
                first: price,
                usual: price,
            });
            known.usual += RECOLLECTION * (price - known.usual);
        }
    }

    fn remembered(&self, node: &str, good: Good) -> Option<Remembered> {
        self.prices.get(&(node.to_owned(), good)).copied()
    }

    /// Opens its plants to others, and splits water where propellant brings more.
    fn run_plants(&mut self, board: &Board, orders: &mut Vec<Order>) {
        if !self.settled {
            self.settled = true;
            if let Some(tariff) = board.affairs.toll_credits_per_kg {
                for plant in &board.seen.plants {
                    orders.push(Order::OpenPlant {
                        plant: plant.name.clone(),
                        tariff_credits_per_kg: tariff,
                        product_share: 0.0,
                        to: crate::sim::prospecting::trade::Audience::Public,
                    });
                }
            }
        }
        for plant in &board.seen.plants {
            if let Some(process) = &board.affairs.process
                && plant.process != *process
                && plant.processes.contains(process)
            {
                orders.push(Order::SetProcess {
                    plant: plant.name.clone(),
                    process: process.clone(),
                    mass_kg: None,
                });
            }
        }
        let value = |good| {
            board
                .best_outlet(good, BATCH_KG)
                .map_or(0.0, |outlet| outlet.value_credits_per_kg)
        };
        for plant in &board.seen.plants {
            if !plant
                .processes
                .iter()
                .any(|process| process == ELECTROLYSIS)
            {
                continue;
            }
            let split = (7.0 * value(Good::Propellant) + 2.0 * value(Good::Oxygen)) / 9.0;
            if split <= value(Good::Water) {
                continue;
            }
            let spare_kg = board.spare_kg(Good::Water).min(BATCH_KG);
            if spare_kg < LOT_MIN_KG {
                continue;
            }
            // What the tanks hold above their stock goes where the plant takes it from.
            for still in &board.seen.plants {
                let over_kg = grams((still.water_kg - board.affairs.keeps_water_kg).min(BATCH_KG));
                if LOT_MIN_KG <= over_kg {
                    orders.push(Order::StoreWater {
                        plant: still.name.clone(),
                        mass_kg: over_kg,
                    });
                }
            }
            orders.push(Order::SetProcess {
                plant: plant.name.clone(),
                process: ELECTROLYSIS.to_owned(),
                mass_kg: Some(grams(spare_kg)),
            });
        }
    }

    /// Sells part of what it has at each node: to whoever bids more than the market, or to that.
    fn sell_at_nodes(&mut self, board: &Board, orders: &mut Vec<Order>) {
        let poor = board.seen.credits < board.affairs.reserve_credits;
        let share = if poor {
            1.0
        } else {
            board.affairs.discount_per_year.max(SALE_SHARE_MIN)
        };
        for store in &board.seen.stores {
            let Place::Node(node) = &store.place else {
                continue;
            };
            let mandated = board.is_at_hub(&store.place)
                && store.good == Good::Water
                && 0.0 < board.affairs.mandate_kg;
            if mandated {
                continue;
            }
            let all_credits = store.mass_kg * board.spot(node, store.good).unwrap_or(0.0);
            let part_kg = if all_credits < 2.0 * LOT_MIN_CREDITS {
                store.mass_kg
            } else {
                store.mass_kg * share.max(LOT_MIN_CREDITS / all_credits)
            };
            let quota = board.public.regime.quota_left_g(
                &board.seen.prospector,
                store.good,
                node,
                board.now_ms(),
            );
            let left_kg = quota.map_or(f64::INFINITY, |left_g| 1e-3 * left_g as f64);
            let mass_kg = grams(part_kg.min(left_kg));
            if mass_kg <= 0.0 {
                continue;
            }
            let price = board.lot_price(node, store.good, mass_kg);
            let depth = (board.depth)(&Listing::Goods {
                place: store.place.clone(),
                good: store.good,
            });
            let bid = depth
                .bids
                .first()
                .filter(|bid| price.is_none_or(|price| price <= bid.price_credits));
            if let Some(bid) = bid {
                orders.push(Order::PlaceOrder {
                    place: store.place.clone(),
                    good: store.good,
                    side: Side::Sell,
                    mass_kg: grams(mass_kg.min(bid.quantity)).max(0.001),
                    limit_credits_per_kg: Some(bid.price_credits),
                    wait_h: Some(2.0),
                });
                continue;
            }
            let usual = self.remembered(node, store.good);
            let holds = !poor
                && usual.is_some_and(|known| {
                    price.is_some_and(|price| price < HOLD_SHARE * known.usual)
                });
            if price.is_some() && !holds {
                orders.push(Order::SellGoods {
                    node: node.clone(),
                    good: store.good,
                    mass_kg,
                });
            }
        }
    }

    /// Offers at the site what it has there, and ships what nobody took when a tug leaves.
    fn sell_at_site(&mut self, board: &Board, orders: &mut Vec<Order>) {
        let mut goods: Vec<Good> = board
            .seen
            .stores
            .iter()
            .filter(|store| store.place == Place::Site)
            .map(|store| store.good)
            .collect();
        goods.push(Good::Water);
        goods.sort();
        goods.dedup();
        for good in goods {
            let spare_kg = grams(board.spare_kg(good));
            if good == Good::Water && spare_kg < board.habits.sale_lot_kg.max(LOT_MIN_KG) {
                continue;
            }
            let Some((spare_kg, outlet)) = board.best_lot(good, spare_kg) else {
                continue;
            };
            if spare_kg * outlet.value_credits_per_kg < LOT_MIN_CREDITS {
                continue;
            }
            if outlet.departs_in_days <= BOOKING_DAYS {
                let mass_kg = grams(spare_kg.min(outlet.route.capacity_kg));
                let fee = outlet.route.fee_credits_per_kg * mass_kg;
                if fee < board.seen.credits {
                    orders.push(Order::Ship {
                        from: Place::Site,
                        to: Place::Node(outlet.node.to_owned()),
                        good,
                        mass_kg,
                        buy_propellant: true,
                    });
                }
            } else if !board.affairs.buys.contains(&good) {
                let until_tug_h = 24.0 * (outlet.departs_in_days - 1.0);
                orders.push(Order::PlaceOrder {
                    place: Place::Site,
                    good,
                    side: Side::Sell,
                    mass_kg: spare_kg,
                    limit_credits_per_kg: Some(outlet.value_credits_per_kg),
                    wait_h: Some(until_tug_h.clamp(1.0, 24.0 * 30.0)),
                });
            }
        }
    }

    /// Bids at the site for what it can sell on at a gain.
    fn buy_at_site(&mut self, board: &Board, orders: &mut Vec<Order>) {
        for &good in &board.affairs.buys {
            let Some(outlet) = board.best_outlet(good, board.spare_kg(good).max(BATCH_KG)) else {
                continue;
            };
            let limit = outlet.value_credits_per_kg * (1.0 - board.affairs.margin);
            let mass_kg = grams(STAKE_SHARE * board.free_credits() / limit);
            if mass_kg < LOT_MIN_KG || limit < 1.0 {
                continue;
            }
            orders.push(Order::PlaceOrder {
                place: Place::Site,
                good,
                side: Side::Buy,
                mass_kg,
                limit_credits_per_kg: Some(limit),
                wait_h: Some(23.0),
            });
        }
    }

    /// Fills its stock at the node where prices are low, and sells out of it where they are high.
    fn keep_mandate(&mut self, board: &Board, orders: &mut Vec<Order>) {
        let mandate_kg = board.affairs.mandate_kg;
        let node = board.seen.market.node.clone();
        let speculates = board.habits.temperament == Temperament::Speculator;
        if mandate_kg <= 0.0 && !speculates {
            return;
        }
        let place = Place::Node(node.clone());
        let Some(spot) = board.spot(&node, Good::Water) else {
            return;
        };
        let Some(known) = self.remembered(&node, Good::Water) else {
            return;
        };
        let there_kg = board.stored_kg(&place, Good::Water);
        if 0.0 < mandate_kg && 1.05 * known.usual < spot && 0.1 * mandate_kg < there_kg {
            orders.push(Order::SellGoods {
                node,
                good: Good::Water,
                mass_kg: grams(0.05 * there_kg).max(0.001),
            });
            return;
        }
        let wanted_kg = if speculates {
            // It takes large lots off those who would flood the market with them.
            f64::INFINITY
        } else {
            mandate_kg - there_kg
        };
        let limit = spot * (1.0 - board.affairs.margin);
        let mass_kg = grams(wanted_kg.min(STAKE_SHARE * board.free_credits() / limit.max(1.0)));
        if LOT_MIN_KG <= mass_kg && 1.0 <= limit {
            orders.push(Order::PlaceOrder {
                place,
                good: Good::Water,
                side: Side::Buy,
                mass_kg,
                limit_credits_per_kg: Some(limit),
                wait_h: Some(23.0),
            });
        }
    }

    /// Lets its robots rest where that costs nothing but time: when what it digs fetches little and
    /// nobody else can dig it meanwhile, or when it has more than it may sell.
    fn rest(&mut self, board: &Board) {
        let patience = board.affairs.patience;
        let secure = board.rules.exclusive && !board.rules.pooled && 0 < board.held_claims();
        let market = &board.seen.market;
        let Some(known) = self.remembered(&market.node, Good::Water) else {
            return;
        };
        let waits = secure && market.price_credits_per_kg < patience * known.first;
        if waits || board.has_more_than_its_quota() {
            self.rest_until_ms = board.now_ms() + MS_PER_DAY as u64;
        }
    }

    /// Looks whether what it filed has become ground of its own, and whether it wants more.
    fn look_after_claims(&mut self, board: &Board) {
        const AGAIN_MS: u64 = 20 * 86_400_000;
        const TRIES_MAX: usize = 8;
        let files = board.rules.claims && board.habits.temperament != Temperament::FreeRider;
        if !files || !self.claimed {
            return;
        }
        let held = board.held_claims();
        let wanted = (board.affairs.claims as usize).min(board.rules.claims_max);
        let since_ms = board.now_ms() - self.filed_at_ms;
        if held < wanted && AGAIN_MS <= since_ms && self.refused_claims < TRIES_MAX {
            self.claimed = false;
            self.refused_claims = held.min(self.refused_claims);
        }
    }
}
