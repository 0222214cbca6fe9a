//! Scripted prospectors: they survey, claim, dig, deliver, trade and vote by the same orders and
//! from the same observations and public record as everybody else.
//!
//! What a rival does with its robots stands in [`operations`], where it digs and what it claims in
//! [`ground`], what it does with its readings in [`data`], with goods and money in [`business`], what
//! it agrees with others in [`deals`], and what it does before the law in [`state`]. What tells one temperament from another is written where
//! it matters, never in a place of its own.
//!
//! To look is costly, so rivals look seldom: when a robot has nothing to do, and once a day at the
//! books.

mod business;
mod data;
mod deals;
mod ground;
mod operations;
mod state;

use std::collections::{BTreeMap, BTreeSet};

use bevy::math::Vec3;
use bevy::prelude::*;
use serde::{Deserialize, Serialize};

use self::business::Board;
use self::ground::Rules;
use super::{ProspectorId, Prospectors};
use crate::sim::Terms;
use crate::sim::asteroid::Terrain;
use crate::sim::asteroid::constituent::Constituent;
use crate::sim::economy::good::Good;
use crate::sim::economy::markets::Markets;
use crate::sim::law::claims::Registry;
use crate::sim::law::regime::Regime;
use crate::sim::level::{Affairs, Brain, Temperament};
use crate::sim::observation::{Activity, Observation, OwnRobot, Senses};
use crate::sim::order::{Inbox, Issued, Order};
use crate::sim::prospecting::GradeMap;
use crate::sim::prospecting::grade_map::GradeMaps;
use crate::sim::random::{self, Stream};

/// How often a script without affairs looks at a world in which nothing has happened to it [ms].
const GLANCE_MS: u64 = 60_000;
/// After so many equal orders in a row a crew waits so long, and twice as long each time after that if
/// they are to go somewhere, up to so many times.
const REPEATS_MAX: u32 = 3;
const SULK_MS: u64 = 900_000;
const SULKS_MAX: u32 = 7;
/// An order that is over sooner than this has come to nothing [ms]; after so many in a row a crew
/// of a rival with affairs waits so long.
const HASTY_MS: u64 = 30_000;
const HASTY_MAX: u32 = 5;
const REST_MS: u64 = 3_600_000;
/// How often a rival with affairs sits down to its books [ms].
const BUSINESS_MS: u64 = 86_400_000;
/// Rivals do so in turn, so far apart [ms].
const TURN_MS: u64 = 3_600_000;
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
    /// When it next sits down to its books.
    next_business_ms: u64,
    /// Its robots rest until then.
    rest_until_ms: u64,
    /// Around here it digs where it has no claim.
    home_m: Option<Vec3>,
    /// Faces that gave no hold, are worked out, or show bare rock: nobody tries them again.
    spent: BTreeSet<[i32; 3]>,
    /// When it last went to file.
    filed_at_ms: u64,
    /// Prices as it remembers them, by node and good [credits/kg].
    prices: BTreeMap<(String, Good), Remembered>,
    /// Whatever it does once: open its plants, make its proposal.
    settled: bool,
    proposed: bool,
}

/// A price as it was at first, and as it has been of late.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
struct Remembered {
    first: f64,
    usual: f64,
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
    /// Where its anchors held last.
    held_m: Option<Vec3>,
    /// When it was last told something, and how many orders in a row were over at once.
    told_at_ms: u64,
    hasty: u32,
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
    /// The mind of the prospector at a place in the level's list.
    pub(in crate::sim) fn new(seed: u64, name: &str, index: usize) -> Self {
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
            next_business_ms: index as u64 * TURN_MS % BUSINESS_MS,
            rest_until_ms: 0,
            home_m: None,
            spent: BTreeSet::new(),
            filed_at_ms: 0,
            prices: BTreeMap::new(),
            settled: false,
            proposed: false,
        }
    }

    /// The crew of a robot; a new one for a robot that has none yet.
    fn crew(&mut self, robot: &str) -> usize {
        let at = self.crews.iter().position(|crew| crew.robot == robot);
        at.unwrap_or_else(|| {
            self.crews.push(Crew {
                robot: robot.to_owned(),
                face_m: None,
                last: Last::Nothing,
                failures: 0,
                order: None,
                repeats: 0,
                wait_until_ms: 0,
                held_m: None,
                told_at_ms: 0,
                hasty: 0,
            });
            self.crews.len() - 1
        })
    }

    /// Whether a robot is to be left alone for now.
    fn lets_wait(&self, robot: &str, now_ms: u64) -> bool {
        let crew = self.crews.iter().find(|crew| crew.robot == robot);
        crew.is_some_and(|crew| now_ms < crew.wait_until_ms)
    }
}

/// The public record: what anybody may read, whoever asks.
#[derive(bevy::ecs::system::SystemParam)]
pub(in crate::sim) struct PublicRecord<'w> {
    terms: Res<'w, Terms>,
    terrain: Res<'w, Terrain>,
    markets: Res<'w, Markets>,
    registry: Res<'w, Registry>,
    regime: Res<'w, Regime>,
}

/// Asks every script whose robots stand idle, or whose time has come, for its orders.
pub(in crate::sim) fn decide(
    senses: Senses,
    public: PublicRecord,
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
        let id = ProspectorId(index as u32);
        let Brain::Scripted {
            temperament,
            survey_spots,
            search_radius_m,
            claim_radius_m,
            sale_lot_kg,
            sale_price_min_credits_per_kg,
            affairs,
        } = &prospectors.get(id).brain
        else {
            continue;
        };
        let upkeep = public.terms.upkeep_credits_per_robot_day;
        let habits = Habits {
            temperament: *temperament,
            survey_spots: *survey_spots as usize,
            search_radius_m: *search_radius_m as f32,
            claim_radius_m: *claim_radius_m,
            sale_lot_kg: *sale_lot_kg,
            sale_price_min: *sale_price_min_credits_per_kg,
            reading_cost_credits: upkeep * READING_S / 86_400.0,
            affairs: affairs.as_ref(),
        };
        let chart = |maps: &mut GradeMaps| {
            let survey = &prospectors.get(id).survey;
            maps.get(id, habits.seeks(), survey, public.terrain.model())
        };
        let (by, orders) = match affairs {
            None => {
                if now_ms < script.next_look_ms {
                    continue;
                }
                // Scripts look in turn, a second apart, so that one tick does not carry all of them.
                let idle = senses.has_idle_robot(id);
                script.next_look_ms = now_ms + if idle { 2_000 } else { 5_000 };
                if !idle && !senses.has_water_to_sell(id, habits.sale_lot_kg) {
                    continue;
                }
                let seen = senses.observe(id);
                let orders = script.think(&habits, &seen, &chart(&mut maps));
                if orders.is_empty() {
                    script.next_look_ms = now_ms + GLANCE_MS;
                }
                (seen.prospector, orders)
            }
            Some(affairs) => {
                let business = script.next_business_ms <= now_ms;
                let idle = senses
                    .idle_robots(id)
                    .any(|robot| !script.lets_wait(robot, now_ms));
                if !business && !idle {
                    continue;
                }
                let seen = senses.observe(id);
                let rules = Rules::of(&public.regime, &public.terrain, &seen);
                let mut orders = Vec::new();
                if business {
                    script.next_business_ms += BUSINESS_MS;
                    let deals = senses.trade(id).deals;
                    let board = Board {
                        habits: &habits,
                        affairs,
                        seen: &seen,
                        rules: &rules,
                        deals: &deals,
                        depth: &|listing| senses.depth(listing),
                        public: &public,
                    };
                    script.do_business(&board, &mut orders);
                }
                if idle {
                    script.direct(&habits, &rules, &seen, &chart(&mut maps), &mut orders);
                }
                (seen.prospector, orders)
            }
        };
        for order in orders {
            let issued = Issued {
                at_ms: now_ms,
                by: by.clone(),
                order,
            };
            inbox.post(issued, true);
        }
    }
}

/// The temperament of a script in figures.
struct Habits<'a> {
    temperament: Temperament,
    survey_spots: usize,
    search_radius_m: f32,
    claim_radius_m: f64,
    sale_lot_kg: f64,
    sale_price_min: f64,
    /// Upkeep of a robot for the time of one reading, with the way there.
    reading_cost_credits: f64,
    affairs: Option<&'a Affairs>,
}

impl Habits<'_> {
    /// What the chart of the ground is of.
    fn seeks(&self) -> Constituent {
        self.affairs
            .map_or(Constituent::Water, |affairs| affairs.seeks)
    }
}

impl Script {
    /// What a rival without affairs does: it digs, bakes and sells water.
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
        if let Some(base) = seen.plants.first() {
            self.trade_data(habits, seen, base.position_m, &mut orders);
            self.direct(habits, &Rules::first_come(), seen, chart, &mut orders);
        }
        orders
    }

    /// Tells every robot that has nothing to do what to do.
    fn direct(
        &mut self,
        habits: &Habits,
        rules: &Rules,
        seen: &Observation,
        chart: &GradeMap,
        orders: &mut Vec<Order>,
    ) {
        let Some(base) = seen.plants.first() else {
            return;
        };
        if self.spots.is_empty() {
            self.choose_spots(habits, base.position_m, seen);
        }
        for robot in &seen.robots {
            if robot.lost || !matches!(robot.activity, Activity::Idle | Activity::Adrift) {
                continue;
            }
            let at = self.crew(&robot.name);
            if seen.time_ms < self.crews[at].wait_until_ms {
                continue;
            }
            let told = self.command(habits, rules, seen, chart, robot, at);
            self.tell(habits, seen, robot, at, told, orders);
        }
    }

    fn tell(
        &mut self,
        habits: &Habits,
        seen: &Observation,
        robot: &OwnRobot,
        at: usize,
        told: Option<(Order, Last)>,
        orders: &mut Vec<Order>,
    ) {
        let now_ms = seen.time_ms;
        let has_affairs = habits.affairs.is_some();
        let crew = &mut self.crews[at];
        let Some((order, last)) = told else {
            if has_affairs {
                crew.wait_until_ms = now_ms + REST_MS;
            }
            return;
        };
        crew.last = last;
        crew.repeats = if crew.order.as_ref() == Some(&order) {
            crew.repeats + 1
        } else {
            0
        };
        crew.hasty = if now_ms < crew.told_at_ms + HASTY_MS {
            crew.hasty + 1
        } else {
            0
        };
        crew.told_at_ms = now_ms;
        if 0 < crew.repeats && crew.repeats.is_multiple_of(REPEATS_MAX) {
            // A robot that cannot get out of its pit costs more thought each time than it is worth.
            let sulks = match crew.order {
                Some(Order::Deliver { .. } | Order::HopTo { .. }) => crew.repeats / REPEATS_MAX - 1,
                _ => 0,
            };
            crew.wait_until_ms = now_ms + (SULK_MS << sulks.min(SULKS_MAX));
            // Somewhere else it may work.
            crew.face_m = None;
        }
        if has_affairs && HASTY_MAX <= crew.hasty {
            crew.wait_until_ms = now_ms + REST_MS;
            crew.hasty = 0;
            crew.face_m = None;
        }
        debug_assert_eq!(crew.robot, robot.name);
        crew.order = Some(order.clone());
        orders.push(order);
    }
}
