//! Shipping: goods under way between places, by tugs that leave at set times.
//!
//! A route has a Δv, an engine, a fee, a time of flight, departures and a chance of loss. What is
//! burnt on the way is paid at departure, out of the cargo where that is water or propellant; the
//! rest waits in an account of its good in transit until it arrives in its owner's store, or is
//! lost. Who may ship what is checked in `desk::goods`.

use std::collections::BTreeMap;

use bevy::prelude::*;
use serde::{Deserialize, Serialize};

use crate::sim::economy::commerce::Commerce;
use crate::sim::economy::good::Good;
use crate::sim::economy::ledger::{AccountId, AccountKind, Ledger, Memo, Unit};
use crate::sim::economy::stores::Place;
use crate::sim::economy::tables::{self, EARTH};
use crate::sim::level::Level;
use crate::sim::order::{Log, Severity};
use crate::sim::prospector::{ProspectorId, Prospectors};
use crate::sim::voyage::rocket;
use crate::sim::{Chance, Clock, random};

const MS_PER_DAY: f64 = 86_400_000.0;

/// A way between two places. What a level does not state is assumed, as written beside each.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Route {
    /// `Site`, or a node of the tables.
    pub from: Place,
    pub to: Place,
    pub delta_v_km_s: f64,
    pub isp_s: f64,
    /// Paid to the carrier for each kilogram that leaves.
    pub fee_credits_per_kg: f64,
    /// Time of flight.
    pub transit_days: f64,
    /// A tug leaves every so many days,
    #[serde(default = "thirty")]
    pub departs_every_days: f64,
    /// the first of them so long after the start.
    #[serde(default)]
    pub first_departure_days: f64,
    /// Chance that a cargo is lost, 0 to 1.
    #[serde(default)]
    pub loss_chance: f64,
    /// Largest cargo of a departure, of all owners together [kg].
    #[serde(default = "tug_capacity_kg")]
    pub capacity_kg: f64,
    /// Price of propellant for a cargo that is none, if its owner does not bring it.
    pub propellant_credits_per_kg: f64,
}

fn thirty() -> f64 {
    30.0
}

fn tug_capacity_kg() -> f64 {
    20_000.0
}

impl Route {
    /// Part of a cargo that is burnt on the way, if the cargo is propellant.
    pub fn burnt_share(&self) -> f64 {
        rocket::burnt_share(1e3 * self.delta_v_km_s, self.isp_s)
    }

    /// Propellant for a cargo that is none, rounded up [g].
    pub fn propellant_g(&self, cargo_g: i64) -> i64 {
        let propellant = rocket::propellant_kg(1e3 * self.delta_v_km_s, self.isp_s, cargo_g as f64);
        propellant.ceil() as i64
    }

    /// Paid to the carrier for a cargo [µcr], rounded up.
    pub fn fee_ucr(&self, cargo_g: i64) -> i64 {
        (self.fee_credits_per_kg * cargo_g as f64 * 1e3).ceil() as i64
    }

    /// Price of bought propellant [µcr], rounded up.
    pub fn propellant_ucr(&self, propellant_g: i64) -> i64 {
        (self.propellant_credits_per_kg * propellant_g as f64 * 1e3).ceil() as i64
    }

    /// The first departure at or after a time [ms].
    pub fn departure_ms(&self, now_ms: u64) -> u64 {
        let first = days_ms(self.first_departure_days);
        let every = days_ms(self.departs_every_days).max(1);
        first + now_ms.saturating_sub(first).div_ceil(every) * every
    }

    fn every_ms(&self) -> u64 {
        days_ms(self.departs_every_days).max(1)
    }

    fn capacity_g(&self) -> i64 {
        (1e3 * self.capacity_kg) as i64
    }

    /// The first field out of range and what was expected of it.
    ///
    /// # Errors
    /// The field's name, its value and the range.
    pub fn check(&self) -> Result<(), (&'static str, f64, (f64, f64))> {
        for (field, value, min, max) in [
            ("delta_v_km_s", self.delta_v_km_s, 0.0, 30.0),
            ("isp_s", self.isp_s, 10.0, 1e5),
            ("fee_credits_per_kg", self.fee_credits_per_kg, 0.0, 1e9),
            ("transit_days", self.transit_days, 0.0, 36_525.0),
            (
                "departs_every_days",
                self.departs_every_days,
                0.001,
                36_525.0,
            ),
            (
                "first_departure_days",
                self.first_departure_days,
                0.0,
                36_525.0,
            ),
            ("loss_chance", self.loss_chance, 0.0, 1.0),
            ("capacity_kg", self.capacity_kg, 0.001, 1e9),
            (
                "propellant_credits_per_kg",
                self.propellant_credits_per_kg,
                0.0,
                1e9,
            ),
        ] {
            if !(min..=max).contains(&value) {
                return Err((field, value, (min, max)));
            }
        }
        Ok(())
    }
}

fn days_ms(days: f64) -> u64 {
    (days * MS_PER_DAY).round() as u64
}

/// All routes of a level: those that it states, and for the rest the ways between the site, Earth
/// and the nodes of the tables.
///
/// From the site, the level's freight goes to its market's node; another node is as much farther as
/// the tables set it apart from that one along the ladder from low Earth orbit (no aerobraking, no
/// better windows). Earth is reached by a capsule on the way to the market's node. All other
/// figures of these ways are assumed.
pub fn routes(level: &Level) -> Vec<Route> {
    let freight = &level.freight;
    let hub_km_s = tables::node(&level.market.node).map_or(0.0, |node| node.dv_from_leo_km_s);
    let mut routes = level.routes.clone();
    let mut add = |route: Route| {
        let known = routes
            .iter()
            .any(|known| known.from == route.from && known.to == route.to);
        if !known {
            routes.push(route);
        }
    };
    let from_site = Route {
        from: Place::Site,
        to: Place::Node(EARTH.to_owned()),
        delta_v_km_s: freight.delta_v_km_s,
        isp_s: freight.isp_s,
        // A heat shield and parachutes.
        fee_credits_per_kg: freight.fee_credits_per_kg + 1_000.0,
        transit_days: 180.0,
        departs_every_days: thirty(),
        first_departure_days: 0.0,
        loss_chance: 0.02,
        capacity_kg: tug_capacity_kg(),
        propellant_credits_per_kg: level.market.ceiling_credits_per_kg,
    };
    add(from_site.clone());
    for node in tables::nodes() {
        add(Route {
            to: Place::Node(node.id.clone()),
            delta_v_km_s: freight.delta_v_km_s + (node.dv_from_leo_km_s - hub_km_s).abs(),
            fee_credits_per_kg: freight.fee_credits_per_kg,
            ..from_site.clone()
        });
        // The price of launch has the launcher and its propellant in it.
        add(Route {
            from: Place::Node(EARTH.to_owned()),
            to: Place::Node(node.id.clone()),
            delta_v_km_s: 0.0,
            fee_credits_per_kg: node.cost_base_usd_kg,
            transit_days: 10.0,
            departs_every_days: 7.0,
            ..from_site.clone()
        });
        for other in tables::nodes() {
            if other.id != node.id {
                add(Route {
                    from: Place::Node(node.id.clone()),
                    to: Place::Node(other.id.clone()),
                    delta_v_km_s: (node.dv_from_leo_km_s - other.dv_from_leo_km_s).abs(),
                    isp_s: freight.isp_s,
                    fee_credits_per_kg: 200.0,
                    transit_days: 5.0,
                    departs_every_days: 1.0,
                    first_departure_days: 0.0,
                    loss_chance: 0.002,
                    capacity_kg: tug_capacity_kg(),
                    propellant_credits_per_kg: node.cost_base_usd_kg,
                });
            }
        }
    }
    routes
}

/// A cargo under way, or waiting for its tug.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Shipment {
    pub id: u32,
    pub owner: ProspectorId,
    pub good: Good,
    /// That will arrive, if it does.
    pub mass_g: i64,
    pub from: Place,
    pub to: Place,
    /// That left the store, propellant from the cargo with it: what counts against the capacity.
    pub loaded_g: i64,
    pub booked_at_ms: u64,
    pub departs_at_ms: u64,
    pub arrives_at_ms: u64,
    pub loss_chance: f64,
}

/// How a voyage ended. Who insures it reads this.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Outcome {
    pub shipment: Shipment,
    pub lost: bool,
}

/// All cargoes under way, and how those before them ended.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Shipping {
    made: u32,
    /// By time of arrival, then by number.
    under_way: Vec<Shipment>,
    outcomes: Vec<Outcome>,
    transit: BTreeMap<Good, AccountId>,
}

impl Shipping {
    /// What is under way, the next to arrive first.
    pub fn under_way(&self) -> &[Shipment] {
        &self.under_way
    }

    /// How voyages ended, in the order in which they did.
    pub fn outcomes(&self) -> &[Outcome] {
        &self.outcomes
    }

    /// Every good in transit: its account and what all its cargoes weigh together [g].
    pub fn in_transit(&self) -> impl Iterator<Item = (AccountId, i64)> {
        self.transit.iter().map(|(&good, &account)| {
            let cargoes = self.under_way.iter().filter(|cargo| cargo.good == good);
            (account, cargoes.map(|cargo| cargo.mass_g).sum())
        })
    }

    /// The first departure that has room for a cargo [ms]; `None` if no tug is large enough.
    pub fn departure_ms(&self, route: &Route, now_ms: u64, loaded_g: i64) -> Option<u64> {
        if route.capacity_g() < loaded_g {
            return None;
        }
        let mut at_ms = route.departure_ms(now_ms);
        loop {
            let aboard_g: i64 = self
                .under_way
                .iter()
                .filter(|cargo| {
                    cargo.departs_at_ms == at_ms && cargo.from == route.from && cargo.to == route.to
                })
                .map(|cargo| cargo.loaded_g)
                .sum();
            if aboard_g + loaded_g <= route.capacity_g() {
                return Some(at_ms);
            }
            at_ms += route.every_ms();
        }
    }

    /// The account of a good in transit.
    pub(in crate::sim) fn transit_account(&mut self, ledger: &mut Ledger, good: Good) -> AccountId {
        *self.transit.entry(good).or_insert_with(|| {
            ledger.open(
                format!("transit:{}", good.as_str()),
                Unit::Good(good),
                AccountKind::Holding,
                0,
            )
        })
    }

    /// Books a cargo that has just come into the account of its good in transit.
    pub(in crate::sim) fn send(
        &mut self,
        route: &Route,
        owner: ProspectorId,
        good: Good,
        (mass_g, loaded_g): (i64, i64),
        (booked_at_ms, departs_at_ms): (u64, u64),
    ) -> &Shipment {
        self.made += 1;
        let shipment = Shipment {
            id: self.made,
            owner,
            good,
            mass_g,
            from: route.from.clone(),
            to: route.to.clone(),
            loaded_g,
            booked_at_ms,
            departs_at_ms,
            arrives_at_ms: departs_at_ms + days_ms(route.transit_days),
            loss_chance: route.loss_chance,
        };
        let at = self
            .under_way
            .partition_point(|other| other.arrives_at_ms <= shipment.arrives_at_ms);
        self.under_way.insert(at, shipment);
        &self.under_way[at]
    }

    /// When the next cargo arrives [ms].
    pub fn next_arrival_ms(&self) -> Option<u64> {
        self.under_way.first().map(|cargo| cargo.arrives_at_ms)
    }
}

/// Lets cargoes arrive, or be lost.
pub(in crate::sim) fn arrive(
    clock: Res<Clock>,
    chance: Res<Chance>,
    prospectors: Res<Prospectors>,
    mut ledger: ResMut<Ledger>,
    mut commerce: ResMut<Commerce>,
    mut log: ResMut<Log>,
) {
    let due = commerce.shipping.next_arrival_ms();
    if due.is_none_or(|due_ms| clock.end_ms() < due_ms) {
        return;
    }
    let Commerce {
        stores, shipping, ..
    } = &mut *commerce;
    while let Some(due_ms) = shipping.next_arrival_ms()
        && due_ms <= clock.end_ms()
    {
        let shipment = shipping.under_way.remove(0);
        let good = shipment.good;
        let mut stream = chance.stream("voyage", &shipment.id.to_string(), shipment.booked_at_ms);
        let lost = random::uniform(&mut stream) < shipment.loss_chance;
        let owner = prospectors.name(shipment.owner);
        let (to, memo) = if lost {
            let _ = stores.unblend(good, shipment.mass_g);
            (lost_account(&mut ledger, good), Memo::Lost)
        } else {
            let to = stores.open(&mut ledger, owner, &shipment.to, good);
            (to, Memo::Arrived)
        };
        let from = shipping.transit_account(&mut ledger, good);
        ledger
            .transfer(due_ms, from, to, shipment.mass_g, memo)
            .expect("what is under way is in its account");
        let kg = 1e-3 * shipment.mass_g as f64;
        let (severity, text) = if lost {
            (
                Severity::Alarm,
                format!(
                    "shipment {} with {kg:.3} kg of {good} was lost on the way to {}",
                    shipment.id, shipment.to
                ),
            )
        } else {
            (
                Severity::Info,
                format!(
                    "shipment {}: {kg:.3} kg of {good} have come to {}",
                    shipment.id, shipment.to
                ),
            )
        };
        log.tell(due_ms, owner, severity, text);
        shipping.outcomes.push(Outcome { shipment, lost });
    }
}

/// Where what was lost of a good is counted.
fn lost_account(ledger: &mut Ledger, good: Good) -> AccountId {
    let name = format!("lost:{}", good.as_str());
    ledger
        .find(&name)
        .unwrap_or_else(|| ledger.open(name, Unit::Good(good), AccountKind::Sink, 0))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn route() -> Route {
        let level = Level::find("first-water").expect("the level ships with the program");
        let node = Place::Node("EML1".to_owned());
        routes(&level)
            .into_iter()
            .find(|route| route.from == Place::Site && route.to == node)
            .expect("there is a way to the market")
    }

    #[test]
    fn there_is_a_way_from_the_site_to_every_node_and_to_earth() {
        let level = Level::find("first-water").expect("the level ships with the program");
        let routes = routes(&level);
        let ids = tables::nodes().iter().map(|node| node.id.as_str());
        for id in ids.chain([EARTH]) {
            let to = Place::Node(id.to_owned());
            let way = routes
                .iter()
                .find(|route| route.from == Place::Site && route.to == to)
                .unwrap_or_else(|| panic!("no way to {id}"));
            assert_eq!(way.check(), Ok(()));
            assert!(level.freight.delta_v_km_s <= way.delta_v_km_s);
        }
        // To the market's own node it is the level's freight.
        let hub = route();
        assert_eq!(hub.delta_v_km_s, level.freight.delta_v_km_s);
        assert_eq!(hub.isp_s, level.freight.isp_s);
    }

    #[test]
    fn a_full_tug_leaves_the_rest_to_the_next() {
        let route = Route {
            capacity_kg: 10.0,
            departs_every_days: 10.0,
            first_departure_days: 3.0,
            ..route()
        };
        let day = |days: u64| days * MS_PER_DAY as u64;
        let mut shipping = Shipping::default();
        assert_eq!(shipping.departure_ms(&route, 0, 10_001), None);
        for (loaded_g, expected) in [(6_000, 3), (5_000, 13), (4_000, 3), (5_000, 13), (1, 23)] {
            let at_ms = shipping.departure_ms(&route, day(1), loaded_g).unwrap();
            assert_eq!(at_ms, day(expected), "{loaded_g} g");
            let ship = shipping.send(
                &route,
                ProspectorId(0),
                Good::Water,
                (loaded_g, loaded_g),
                (day(1), at_ms),
            );
            assert_eq!(ship.arrives_at_ms, at_ms + days_ms(route.transit_days));
        }
        assert!(
            shipping
                .under_way()
                .is_sorted_by_key(|cargo| cargo.arrives_at_ms)
        );
    }

    proptest! {
        #[test]
        fn nothing_leaves_before_it_is_booked_and_no_tug_is_missed(
            now_ms in 0..1_000_000_000_000_u64,
            every in 0.01..1_000.0_f64,
            first in 0.0..1_000.0_f64,
        ) {
            let route = Route { departs_every_days: every, first_departure_days: first, ..route() };
            let at_ms = route.departure_ms(now_ms);
            prop_assert!(now_ms <= at_ms);
            prop_assert!(at_ms == days_ms(first) || at_ms < now_ms + route.every_ms());
            prop_assert_eq!((at_ms - days_ms(first)) % route.every_ms(), 0);
        }
    }
}
