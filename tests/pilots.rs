//! Pilots arrive where they said, at the cost they named.

use bonanza::sim::order::Order;

use crate::support::arrivals::{arrivals, level_on};

fn hop(robot: String, target_m: [f64; 3]) -> Order {
    Order::HopTo { robot, target_m }
}

/// The full count, a hundred pairs on each body, is `cargo bench --bench pilots`.
#[test]
fn a_pilot_arrives_within_two_metres_anywhere_on_three_bodies() {
    for body in ["bennu", "ryugu", "itokawa"] {
        for trip in arrivals(&level_on(body, 2, |_| {}), 2, 11, hop) {
            let apart_m = trip.from_m.distance(trip.to_m);
            assert!(trip.estimate.is_some(), "{body}: {}", trip.said);
            assert!(trip.miss_m < 2.0, "{body}, {apart_m} m apart: {trip:?}");
        }
    }
}
