//! Scripted prospectors: they survey, claim, dig, deliver and sell by the same orders and from the
//! same observations as everybody else.

use bevy::math::Vec3;
use bevy::prelude::*;
use serde::{Deserialize, Serialize};

use super::{ProspectorId, Prospectors};
use crate::sim::asteroid::constituent::Constituent;
use crate::sim::level::{Brain, Temperament};
use crate::sim::observation::{Activity, Observation, OwnRobot, Senses};
use crate::sim::order::{Inbox, Issued, Order};
use crate::sim::prospecting::grade_map::GradeMaps;
use crate::sim::prospecting::trade::{Audience, Choice};
use crate::sim::prospecting::{Grade, GradeMap, Held, Provenance};
use crate::sim::random::{self, Stream};
use crate::sim::{Terms, asteroid::Terrain};

/// Wear of the seals with which a script has them renewed.
const WORN_SEALS: f32 = 0.6;
/// Nearer than this a plant can mend a robot [m].
const NEAR_PLANT_M: f32 = 5.4;
/// How often a script looks at a world in which nothing has happened to it [ms].
const GLANCE_MS: u64 = 60_000;
/// After so many equal orders in a row a crew waits so long.
const REPEATS_MAX: u32 = 3;
const SULK_MS: u64 = 900_000;
/// A robot this near to a spot is there [m].
const THERE_M: f32 = 3.0;
/// Below this charge a robot is sent to bask.
const LOW_BATTERY: f32 = 0.3;
/// Below this much propellant a robot is sent to refuel, if there is water [kg].
const LOW_PROPELLANT_KG: f64 = 0.8;

/// Places that are weighed up for each one that is sampled, and for a face to dig.
const SPOTS_PER_SAMPLE: usize = 3;
const FACES_WEIGHED: usize = 4;
/// A reading takes a robot about so long, with the hop there [s].
const READING_S: f64 = 720.0;
/// New readings before a script offers its data again.
const RESTOCK: usize = 1;
/// Price asked and price paid for a reading, over what one of one's own costs.
const SALE_SHARE: f64 = 0.5;
const PURCHASE_SHARE: f64 = 0.8;

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

    /// Places around the plant: a ring that widens, at angles of chance.
    fn choose_spots(&mut self, habits: &Habits, base_m: Vec3, seen: &Observation) {
        let up = seen.outward(base_m);
        let east = up.any_orthonormal_vector();
        let north = up.cross(east);
        // More than will be sampled, so that there is a choice.
        let count = SPOTS_PER_SAMPLE * habits.survey_spots.max(1);
        let phase = random::uniform(&mut self.stream) as f32 * std::f32::consts::TAU;
        self.spots = (0..count)
            .map(|k| {
                let part = (k as f32 + 1.0) / count as f32;
                let radius_m = 8.0 + (habits.search_radius_m - 8.0).max(0.0) * part;
                let angle = phase + std::f32::consts::TAU * k as f32 / count as f32;
                base_m + radius_m * (angle.cos() * east + angle.sin() * north)
            })
            .collect();
        // A wildcatter starts where its first robot happens to stand.
        if habits.temperament == Temperament::Wildcatter
            && let Some(robot) = seen.robots.first()
        {
            self.spots[0] = robot.position_m;
        }
    }

    fn command(
        &mut self,
        habits: &Habits,
        seen: &Observation,
        chart: &GradeMap,
        robot: &OwnRobot,
        at: usize,
    ) -> Option<(Order, Last)> {
        let name = || robot.name.clone();
        let hop_to = |place: Vec3| {
            let order = Order::HopTo {
                robot: name(),
                target_m: place.as_dvec3().to_array(),
            };
            Some((order, Last::Hop))
        };
        if robot.activity == Activity::Adrift {
            return Some((Order::Stop { robot: name() }, Last::Other));
        }
        if robot.battery_fraction < LOW_BATTERY {
            return Some((Order::Charge { robot: name() }, Last::Other));
        }
        // A plant near by mends what is worn; what has seized goes there with what it has dug.
        let near = |plant: &&crate::sim::observation::OwnPlant| {
            plant.position_m.distance(robot.position_m) < NEAR_PLANT_M
        };
        let plant = seen.plants.iter().find(near);
        if let Some(plant) = plant.filter(|_| WORN_SEALS < robot.seal_wear && !robot.anchored) {
            let order = Order::Repair {
                robot: name(),
                by: plant.name.clone(),
            };
            return Some((order, Last::Other));
        }
        if 1.0 < robot.seal_wear && 0.0 < robot.bin_kg && plant.is_none() {
            let order = Order::Deliver {
                robot: name(),
                plant: None,
            };
            return Some((order, Last::Other));
        }
        let thirsty = robot.propellant_kg < LOW_PROPELLANT_KG;
        if thirsty && !robot.anchored && seen.plants.iter().any(|plant| 0.5 < plant.water_kg) {
            return Some((Order::Refuel { robot: name() }, Last::Other));
        }
        if 0.95 * robot.bin_capacity_kg < robot.bin_kg {
            let room = |plant: &&crate::sim::observation::OwnPlant| {
                plant.feedstock_kg + 0.5 * robot.bin_kg < plant.hopper_capacity_kg
            };
            let plant = seen.plants.iter().find(room)?;
            let order = Order::Deliver {
                robot: name(),
                plant: Some(plant.name.clone()),
            };
            return Some((order, Last::Other));
        }
        let scouting = at == 0 && seen.samples.len() < habits.survey_spots.max(1);
        if scouting {
            let (index, spot) = self.next_spot(habits, seen, chart);
            let there = ground_distance_m(seen, robot.position_m, spot) < THERE_M;
            if there || (self.crews[at].last == Last::Hop && 1 < self.tries(at, Last::Hop)) {
                if !self.scouted.contains(&index) {
                    self.scouted.push(index);
                }
                return Some((Order::Survey { robot: name() }, Last::Survey));
            }
            return hop_to(spot);
        }
        if at == 0 && !self.claimed {
            return self.stake(habits, seen, chart, robot, hop_to);
        }
        self.dig(seen, chart, robot, at, hop_to)
    }

    /// The candidate that may be the richest, as far as is known: its number and place.
    fn next_spot(&self, habits: &Habits, seen: &Observation, chart: &GradeMap) -> (usize, Vec3) {
        if habits.temperament == Temperament::Wildcatter && seen.samples.is_empty() {
            return (0, self.spots[0]);
        }
        let mut left: Vec<usize> = (0..self.spots.len())
            .filter(|spot| !self.scouted.contains(spot))
            .collect();
        if left.is_empty() {
            left = (0..self.spots.len()).collect();
        }
        let places_m: Vec<Vec3> = left.iter().map(|&spot| self.spots[spot]).collect();
        // Ground that is unknown may be rich.
        let promise = |grade: &Grade| grade.mean() + grade.std();
        let spot = left[best(&chart.at(&places_m), promise)];
        (spot, self.spots[spot])
    }

    /// Sells what it has measured, and buys what others have for less than a way of its own.
    fn trade(
        &mut self,
        habits: &Habits,
        seen: &Observation,
        base_m: Vec3,
        orders: &mut Vec<Order>,
    ) {
        let own = |held: &&Held| held.provenance == Provenance::Own;
        let measured = seen.readings.iter().filter(own).count();
        // A prospector that still looks for its place keeps what it knows to itself.
        if self.claimed && self.offered + RESTOCK <= measured {
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
                && offer.constituents.contains(&Constituent::Water)
                && offer.price_credits <= worth_credits.min(0.1 * seen.credits)
                && !self.tried_offers.contains(&offer.id)
            {
                self.tried_offers.push(offer.id);
                orders.push(Order::BuyData { offer: offer.id });
            }
        }
    }

    /// How often in a row the crew was told the same, counting this time.
    fn tries(&mut self, at: usize, what: Last) -> u32 {
        let crew = &mut self.crews[at];
        crew.failures = if crew.last == what {
            crew.failures + 1
        } else {
            0
        };
        crew.failures
    }

    fn stake(
        &mut self,
        habits: &Habits,
        seen: &Observation,
        chart: &GradeMap,
        robot: &OwnRobot,
        hop_to: impl Fn(Vec3) -> Option<(Order, Last)>,
    ) -> Option<(Order, Last)> {
        if seen
            .claims
            .iter()
            .any(|claim| claim.owner == seen.prospector)
        {
            self.claimed = true;
            self.crews[0].face_m = Some(robot.position_m);
            return self.dig(seen, chart, robot, 0, hop_to);
        }
        // Sampled places and places between them, by what is there even if the map is somewhat off.
        let mut places_m: Vec<Vec3> = seen.samples.iter().map(|sample| sample.point_m).collect();
        places_m.extend(&self.spots);
        let base_m = seen
            .plants
            .first()
            .map_or(robot.position_m, |plant| plant.position_m);
        let reach_m = habits.search_radius_m + THERE_M;
        places_m.retain(|place_m| ground_distance_m(seen, base_m, *place_m) <= reach_m);
        let grades = chart.at(&places_m);
        let worth = |grade: &Grade| grade.mean() - 0.5 * grade.std();
        let mut by_grade: Vec<(f64, Vec3)> = grades
            .iter()
            .map(worth)
            .zip(places_m.iter().copied())
            .collect();
        by_grade.sort_by(|a, b| b.0.total_cmp(&a.0));
        let Some(&(_, best_m)) =
            by_grade.get(self.refused_claims.min(by_grade.len().saturating_sub(1)))
        else {
            self.claimed = true;
            return None;
        };
        if ground_distance_m(seen, robot.position_m, best_m) < THERE_M
            || (self.crews[0].last == Last::Hop && 1 < self.tries(0, Last::Hop))
        {
            self.refused_claims += 1;
            if by_grade.len() < self.refused_claims {
                // Nobody lets it claim anything: dig where it stands.
                self.claimed = true;
            }
            let order = Order::FileClaim {
                robot: robot.name.clone(),
                radius_m: habits.claim_radius_m,
            };
            return Some((order, Last::Other));
        }
        hop_to(best_m)
    }

    /// Anchors and digs at the crew's face, and finds another face where that fails.
    fn dig(
        &mut self,
        seen: &Observation,
        chart: &GradeMap,
        robot: &OwnRobot,
        at: usize,
        hop_to: impl Fn(Vec3) -> Option<(Order, Last)>,
    ) -> Option<(Order, Last)> {
        let last = self.crews[at].last;
        let face_m = match self.crews[at].face_m {
            Some(face_m) => face_m,
            None => self.next_face(seen, chart, robot, at),
        };
        if THERE_M < ground_distance_m(seen, robot.position_m, face_m) && !robot.anchored {
            if last == Last::Hop && 2 < self.tries(at, Last::Hop) {
                let face_m = self.next_face(seen, chart, robot, at);
                return hop_to(face_m);
            }
            return hop_to(face_m);
        }
        if !robot.anchored {
            if last == Last::Anchor {
                let face_m = self.next_face(seen, chart, robot, at);
                return hop_to(face_m);
            }
            let order = Order::Anchor {
                robot: robot.name.clone(),
            };
            return Some((order, Last::Anchor));
        }
        if last == Last::Dig && robot.bin_kg < 0.95 * robot.bin_capacity_kg {
            // The face is worked out, or somebody else's.
            let face_m = self.next_face(seen, chart, robot, at);
            return hop_to(face_m);
        }
        let order = Order::Dig {
            robot: robot.name.clone(),
            until_kg: None,
        };
        Some((order, Last::Dig))
    }

    /// Another place to dig: within a claim of one's own if there is one.
    fn next_face(
        &mut self,
        seen: &Observation,
        chart: &GradeMap,
        robot: &OwnRobot,
        at: usize,
    ) -> Vec3 {
        let own = seen
            .claims
            .iter()
            .find(|claim| claim.owner == seen.prospector);
        let (centre_m, radius_m) = match own {
            Some(claim) => (claim.centre_m, 0.7 * claim.radius_m),
            None => (robot.position_m, 5.0),
        };
        let up = seen.outward(centre_m);
        let east = up.any_orthonormal_vector();
        let north = up.cross(east);
        // The likeliest of a few, so that a face that failed is not found again at once.
        let faces_m = [(); FACES_WEIGHED].map(|()| {
            let angle = random::uniform(&mut self.stream) as f32 * std::f32::consts::TAU;
            let distance_m = radius_m * (random::uniform(&mut self.stream) as f32).sqrt();
            centre_m + distance_m * (angle.cos() * east + angle.sin() * north)
        });
        let face_m = faces_m[best(&chart.at(&faces_m), Grade::mean)];
        self.crews[at].face_m = Some(face_m);
        self.crews[at].failures = 0;
        face_m
    }
}

/// Index of the greatest by some measure; the first of equals. Panics on an empty list.
fn best(grades: &[Grade], by: impl Fn(&Grade) -> f64) -> usize {
    let measures: Vec<f64> = grades.iter().map(by).collect();
    (0..measures.len())
        .reduce(|best, i| {
            if measures[best] < measures[i] {
                i
            } else {
                best
            }
        })
        .expect("there is at least one place to compare")
}

/// Distance along the ground, height left out.
fn ground_distance_m(seen: &Observation, a_m: Vec3, b_m: Vec3) -> f32 {
    let up = seen.outward(a_m);
    (b_m - a_m).reject_from_normalized(up).length()
}
