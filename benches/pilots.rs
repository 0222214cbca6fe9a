//! Where pilots end up:
//! `cargo bench --no-default-features --bench pilots -- [PAIRS] [kind=KIND] [BODY…]`.
//!
//! Sends robots between random pairs of sites spread over the whole of Bennu, Ryugu and Itokawa,
//! and prints how many came within two metres of their mark, with every miss, and how what they took
//! stands to what was said beforehand.

#[path = "../tests/support/arrivals.rs"]
mod arrivals;

use arrivals::{arrivals, level_on};
use bonanza::sim::order::Order;

/// Robots that fly at once in one world.
const AT_ONCE: usize = 10;

fn main() {
    let words: Vec<String> = std::env::args()
        .skip(1)
        .filter(|word| !word.starts_with("--"))
        .collect();
    let pairs = words
        .iter()
        .find_map(|word| word.parse().ok())
        .unwrap_or(100);
    let kind = words
        .iter()
        .find_map(|word| word.strip_prefix("kind="))
        .unwrap_or("hopping-digger")
        .to_owned();
    let named: Vec<&str> = words
        .iter()
        .map(String::as_str)
        .filter(|word| word.parse::<usize>().is_err() && !word.starts_with("kind="))
        .collect();
    let bodies = if named.is_empty() {
        vec!["bennu", "ryugu", "itokawa"]
    } else {
        named
    };
    for body in bodies {
        let level = level_on(body, pairs.min(AT_ONCE), |level| {
            for robot in &mut level.robots {
                robot.kind.clone_from(&kind);
            }
        });
        let trips = arrivals(&level, pairs, 2026, |robot, target_m| Order::HopTo {
            robot,
            target_m,
        });
        let arrived = trips.iter().filter(|trip| trip.miss_m < 2.0).count();
        println!("{body}: {arrived} of {pairs} within 2 m");
        let sums = trips.iter().filter_map(|trip| Some((trip, trip.estimate?)));
        let (mut time, mut fuel, mut chance, mut n) = ((0.0, 0.0), (0.0, 0.0), 0.0, 0.0);
        for (trip, said) in sums.filter(|(trip, _)| !trip.lost) {
            time = (time.0 + trip.time_s, time.1 + said.time_s);
            fuel = (fuel.0 + trip.propellant_kg, fuel.1 + said.propellant_kg);
            chance += said.arrive_chance;
            n += 1.0;
        }
        println!(
            "  all: {:.0} s (said {:.0}), {:.2} kg (said {:.2}), said to arrive {:.1} of {n}",
            time.0, time.1, fuel.0, fuel.1, chance
        );
        println!(
            "  flown over said: time {:.3}, propellant {:.3}",
            time.0 / time.1,
            fuel.0 / fuel.1
        );
        for trip in trips {
            let estimate = trip.estimate.map_or_else(
                || "no estimate".to_owned(),
                |e| {
                    format!(
                        "{:.0} s, {:.3} kg, {} legs, {:.2}",
                        e.time_s, e.propellant_kg, e.legs, e.arrive_chance
                    )
                },
            );
            println!(
                "  {} {:6.0} m apart: {:8.2} m off after {:7.0} s, {:.3} kg (said {estimate}) {}",
                if trip.miss_m < 2.0 { "ok  " } else { "MISS" },
                trip.from_m.distance(trip.to_m),
                trip.miss_m,
                trip.time_s,
                trip.propellant_kg,
                trip.said,
            );
        }
    }
}
