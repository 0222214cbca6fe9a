//! Scripted prospectors: they survey, claim, dig, deliver and sell by the same orders and from the
//! same observations as everybody else.
//!
//! What a rival does with its robots stands in [`operations`], what with its readings in [`data`].

mod data;
mod operations;

use bevy::math::Vec3;
use bevy::prelude::*;
use serde::{Deserialize, Serialize};

use super::{ProspectorId, Prospectors};
use crate::sim::asteroid::constituent::Constituent;
use crate::sim::level::{Brain, Temperament};
use crate::sim::observation::{Activity, Observation, Senses};
use crate::sim::order::{Inbox, Issued, Order};
use crate::sim::prospecting::GradeMap;
use crate::sim::prospecting::grade_map::GradeMaps;
use crate::sim::random::{self, Stream};
use crate::sim::{Terms, asteroid::Terrain};

/// How often a script looks at a world in which nothing has happened to it [ms].
const GLANCE_MS: u64 = 60_000;
/// After so many equal orders in a row a crew waits so long.
const REPEATS_MAX: u32 = 3;
const SULK_MS: u64 = 900_000;
/// A reading takes a robot about so long, with the hop there [s].
const READING_S: f64 = 720.0;

/// The minds of the scripted prospectors, by index of the prospector.
#[derive(Resource, Clone, Debug, Default, Serialize, Deserialize)]
pub struct Scripts(pub(in crate::sim) Vec<Option<Script>>);

/// What a script remembers besides what it observes.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Script {
    stream: Stream,
    next_look_ms: u64,
    /// Places to sample, nearest to the plant first.
    spots: Vec<Vec3>,
    /// Those that have been sampled, or tried, by their number.
    scouted: Vec<usize>,
    /// Readings of its own when it last offered them, and offers that it has tried to buy.
    offered: usize,
    tried_offers: Vec<u32>,
    claimed: bool,
    refused_claims: usize,
    /// One entry per robot, by name.
    crews: Vec<Crew>,
}

/// What a script wants of one robot.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Crew {
    robot: String,
    /// Where it is to dig.
    face_m: Option<Vec3>,
    /// What it was last told, to see whether it worked.
    last: Last,
    failures: u32,
    /// The very order, how often in a row it was given, and the time before which it is not given
    /// again: what fails thrice will not work a second later.
    order: Option<Order>,
    repeats: u32,
    wait_until_ms: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
enum Last {
    Nothing,
    Hop,
    Anchor,
    Dig,
    Survey,
    Other,
}

impl Script {
    pub(in crate::sim) fn new(seed: u64, name: &str) -> Self {
        Self {
            stream: random::stream(seed, &format!("script:{name}")),
            next_look_ms: 0,
            spots: Vec::new(),
            scouted: Vec::new(),
            offered: 0,
            tried_offers: Vec::new(),
            claimed: false,
            refused_claims: 0,
            crews: Vec::new(),
        }
    }
}

/// Asks every script whose robots stand idle, or whose time has come, for its orders.
pub(in crate::sim) fn decide(
    senses: Senses,
    terms: Res<Terms>,
    terrain: Res<Terrain>,
    prospectors: Res<Prospectors>,
    mut maps: ResMut<GradeMaps>,
    mut scripts: ResMut<Scripts>,
    mut inbox: ResMut<Inbox>,
) {
    let now_ms = senses.now_ms();
    for (index, script) in scripts.0.iter_mut().enumerate() {
        let Some(script) = script else {
            continue;
        };
        if now_ms < script.next_look_ms {
            continue;
        }
        let id = ProspectorId(index as u32);
        let Brain::Scripted {
            temperament,
            survey_spots,
            search_radius_m,
            claim_radius_m,
            sale_lot_kg,
            sale_price_min_credits_per_kg,
        } = prospectors.get(id).brain.clone()
        else {
            continue;
        };
        let habits = Habits {
            temperament,
            survey_spots: survey_spots as usize,
            search_radius_m: search_radius_m as f32,
            claim_radius_m,
            sale_lot_kg,
            sale_price_min: sale_price_min_credits_per_kg,
            reading_cost_credits: terms.upkeep_credits_per_robot_day * READING_S / 86_400.0,
        };
        // Scripts look in turn, a second apart, so that one tick does not carry all of them.
        script.next_look_ms = now_ms
            + if senses.has_idle_robot(id) {
                2_000
            } else {
                5_000
            };
        if !senses.has_idle_robot(id) && !senses.has_water_to_sell(id, habits.sale_lot_kg) {
            continue;
        }
        let seen = senses.observe(id);
        let survey = &prospectors.get(id).survey;
        let chart = maps.get(id, Constituent::Water, survey, terrain.model());
        let orders = script.think(&habits, &seen, &chart);
        if orders.is_empty() {
            script.next_look_ms = now_ms + GLANCE_MS;
        }
        for order in orders {
            let issued = Issued {
                at_ms: now_ms,
                by: seen.prospector.clone(),
                order,
            };
            inbox.post(issued, true);
        }
    }
}

/// The temperament of a script in figures.
struct Habits {
    temperament: Temperament,
    survey_spots: usize,
    search_radius_m: f32,
    claim_radius_m: f64,
    sale_lot_kg: f64,
    sale_price_min: f64,
    /// Upkeep of a robot for the time of one reading, with the way there.
    reading_cost_credits: f64,
}

impl Script {
    fn think(&mut self, habits: &Habits, seen: &Observation, chart: &GradeMap) -> Vec<Order> {
        let mut orders = Vec::new();
        for plant in &seen.plants {
            if habits.sale_lot_kg <= plant.water_kg
                && habits.sale_price_min <= seen.market.price_credits_per_kg
            {
                orders.push(Order::Sell {
                    plant: plant.name.clone(),
                    // Whole grams, a few left for the robots' tanks.
                    mass_kg: (plant.water_kg * 0.9 * 1e3).floor() * 1e-3,
                });
            }
        }
        let Some(base) = seen.plants.first() else {
            return orders;
        };
        if self.spots.is_empty() {
            self.choose_spots(habits, base.position_m, seen);
        }
        self.trade(habits, seen, base.position_m, &mut orders);
        for robot in &seen.robots {
            if robot.lost || !matches!(robot.activity, Activity::Idle | Activity::Adrift) {
                continue;
            }
            let at = self.crews.iter().position(|crew| crew.robot == robot.name);
            let at = at.unwrap_or_else(|| {
                self.crews.push(Crew {
                    robot: robot.name.clone(),
                    face_m: None,
                    last: Last::Nothing,
                    failures: 0,
                    order: None,
                    repeats: 0,
                    wait_until_ms: 0,
                });
                self.crews.len() - 1
            });
            if seen.time_ms < self.crews[at].wait_until_ms {
                continue;
            }
            if let Some((order, last)) = self.command(habits, seen, chart, robot, at) {
                let crew = &mut self.crews[at];
                crew.last = last;
                crew.repeats = if crew.order.as_ref() == Some(&order) {
                    crew.repeats + 1
                } else {
                    0
                };
                if REPEATS_MAX <= crew.repeats {
                    crew.wait_until_ms = seen.time_ms + SULK_MS;
                    crew.repeats = 0;
                    // Somewhere else it may work.
                    crew.face_m = None;
                }
                crew.order = Some(order.clone());
                orders.push(order);
            }
        }
        orders
    }
}
