//! Operations: what a rival does with its robots. They scout, claim, dig, deliver, refuel and are
//! mended, each by the order that anybody would give.

use bevy::math::Vec3;

use super::{Habits, Last, Script};
use crate::sim::level::Temperament;
use crate::sim::observation::{Activity, Observation, OwnPlant, OwnRobot};
use crate::sim::order::Order;
use crate::sim::prospecting::{Grade, GradeMap};
use crate::sim::random;

/// Wear of the seals with which a script has them renewed.
const WORN_SEALS: f32 = 0.6;
/// Nearer than this a plant can mend a robot [m].
const NEAR_PLANT_M: f32 = 5.4;
/// A robot this near to a spot is there [m].
const THERE_M: f32 = 3.0;
/// Below this charge a robot is sent to bask.
const LOW_BATTERY: f32 = 0.3;
/// Below this much propellant a robot is sent to refuel, if there is water [kg].
const LOW_PROPELLANT_KG: f64 = 0.8;
/// Places that are weighed up for each one that is sampled, and for a face to dig.
const SPOTS_PER_SAMPLE: usize = 3;
const FACES_WEIGHED: usize = 4;

impl Script {
    /// Places around the plant: a ring that widens, at angles of chance.
    pub(super) fn choose_spots(&mut self, habits: &Habits, base_m: Vec3, seen: &Observation) {
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

    pub(super) fn command(
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
        let near = |plant: &&OwnPlant| plant.position_m.distance(robot.position_m) < NEAR_PLANT_M;
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
            let room = |plant: &&OwnPlant| {
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
pub(super) fn ground_distance_m(seen: &Observation, a_m: Vec3, b_m: Vec3) -> f32 {
    let up = seen.outward(a_m);
    (b_m - a_m).reject_from_normalized(up).length()
}
