//! Operations: what a rival does with its robots. They scout, claim, dig, deliver, refuel and are
//! mended, each by the order that anybody would give.

use bevy::math::Vec3;

use super::ground::{Rules, THERE_M, ground_distance_m};
use super::{HASTY_MS, Habits, Last, Script};
use crate::sim::observation::{Activity, Observation, OpenPlant, OwnPlant, OwnRobot};
use crate::sim::order::Order;
use crate::sim::prospecting::GradeMap;

/// Wear of the seals with which a script has them renewed.
const WORN_SEALS: f32 = 0.6;
/// So far from the middle of a plant a robot comes down to be mended [m].
const DOCK_M: f32 = 4.0;
/// Below this charge a robot is sent to bask.
const LOW_BATTERY: f32 = 0.3;
/// Below this much propellant a robot is sent to refuel, if there is water [kg].
const LOW_PROPELLANT_KG: f64 = 0.8;

impl Script {
    pub(super) fn command(
        &mut self,
        habits: &Habits,
        rules: &Rules,
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
        let near = |plant: &&OwnPlant| plant.reaches(robot.position_m);
        let plant = seen.plants.iter().find(near);
        // Seals seize sooner or later than by the book.
        let told = robot.faults.iter().any(|fault| fault.contains("seized"));
        let seized = 1.0 < robot.seal_wear || habits.affairs.is_some() && told;
        let worn = seized || WORN_SEALS < robot.seal_wear;
        if let Some(plant) = plant.filter(|_| worn && !robot.anchored) {
            let order = Order::Repair {
                robot: name(),
                by: plant.name.clone(),
            };
            return Some((order, Last::Other));
        }
        if seized && 0.0 < robot.bin_kg && plant.is_none() {
            let order = Order::Deliver {
                robot: name(),
                plant: None,
            };
            return Some((order, Last::Other));
        }
        // What has seized with nothing in its bin goes to be mended all the same.
        if let Some(home) = seen
            .plants
            .first()
            .filter(|_| habits.affairs.is_some() && seized && plant.is_none() && !robot.anchored)
        {
            let up = seen.outward(home.position_m);
            let aside = (robot.position_m - home.position_m).reject_from_normalized(up);
            // At the height of who stands higher: the plant may have sunk into a pit.
            let level_m = |place_m: Vec3| (place_m - seen.centre_m).length();
            let level_m = level_m(home.position_m).max(level_m(robot.position_m));
            let over_m = seen.centre_m + level_m * up;
            return hop_to(over_m + DOCK_M * aside.normalize_or_zero());
        }
        // Where the nearest tank is dry it goes on without, and asks again after the next deed.
        let crew = &self.crews[at];
        let in_vain = habits.affairs.is_some()
            && matches!(crew.order, Some(Order::Refuel { .. }))
            && seen.time_ms < crew.told_at_ms + HASTY_MS;
        let thirsty = robot.propellant_kg < LOW_PROPELLANT_KG && !in_vain;
        if thirsty && !robot.anchored && seen.plants.iter().any(|plant| 0.5 < plant.water_kg) {
            return Some((Order::Refuel { robot: name() }, Last::Other));
        }
        if 0.95 * robot.bin_capacity_kg < robot.bin_kg {
            let room = |plant: &&OwnPlant| {
                plant.feedstock_kg + 0.5 * robot.bin_kg < plant.hopper_capacity_kg
            };
            let own = seen.plants.iter().find(room).map(|plant| &plant.name);
            let order = Order::Deliver {
                robot: name(),
                plant: Some(own.or_else(|| open_plant(seen, robot))?.clone()),
            };
            return Some((order, Last::Other));
        }
        let wanted = match habits.affairs {
            None => habits.survey_spots.max(1),
            Some(_) => habits.survey_spots,
        };
        let scouting = at == 0 && seen.samples.len() < wanted && self.scouted.len() < 2 * wanted;
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
            return match habits.affairs {
                None => self.stake(habits, rules, seen, chart, robot, hop_to),
                Some(_) => self.settle(habits, rules, seen, chart, robot, hop_to),
            };
        }
        if habits.affairs.is_some() && seen.time_ms < self.rest_until_ms {
            return None;
        }
        self.dig(rules, seen, chart, robot, at, hop_to)
    }

    /// How often in a row the crew was told the same, counting this time.
    pub(super) fn tries(&mut self, at: usize, what: Last) -> u32 {
        let crew = &mut self.crews[at];
        crew.failures = if crew.last == what {
            crew.failures + 1
        } else {
            0
        };
        crew.failures
    }

    /// Anchors and digs at the crew's face, and finds another face where that fails.
    pub(super) fn dig(
        &mut self,
        rules: &Rules,
        seen: &Observation,
        chart: &GradeMap,
        robot: &OwnRobot,
        at: usize,
        hop_to: impl Fn(Vec3) -> Option<(Order, Last)>,
    ) -> Option<(Order, Last)> {
        let last = self.crews[at].last;
        let face_m = match self.crews[at].face_m {
            Some(face_m) => face_m,
            None => self.next_face(rules, seen, chart, robot, at),
        };
        if THERE_M < ground_distance_m(seen, robot.position_m, face_m) && !robot.anchored {
            if last == Last::Hop && 2 < self.tries(at, Last::Hop) {
                // No way leads there.
                self.spend_face(at);
                let face_m = self.next_face(rules, seen, chart, robot, at);
                return hop_to(face_m);
            }
            return hop_to(face_m);
        }
        if !robot.anchored {
            if last == Last::Anchor {
                self.spend_face(at);
                let face_m = self.next_face(rules, seen, chart, robot, at);
                return hop_to(face_m);
            }
            let order = Order::Anchor {
                robot: robot.name.clone(),
            };
            return Some((order, Last::Anchor));
        }
        if last == Last::Dig && robot.bin_kg < 0.95 * robot.bin_capacity_kg {
            // The face is worked out, or somebody else's.
            self.spend_face(at);
            let face_m = self.next_face(rules, seen, chart, robot, at);
            return hop_to(face_m);
        }
        if rules.remembers {
            self.crews[at].held_m = Some(robot.position_m);
        }
        let order = Order::Dig {
            robot: robot.name.clone(),
            until_kg: None,
        };
        Some((order, Last::Dig))
    }
}

/// The cheapest plant of another that takes a robot's load.
fn open_plant<'a>(seen: &'a Observation, robot: &OwnRobot) -> Option<&'a String> {
    let dear = |plant: &&OpenPlant| plant.toll.tariff_credits_per_kg;
    let pay_kg = |tariff: f64| {
        if 0.0 < tariff {
            seen.credits / tariff
        } else {
            f64::INFINITY
        }
    };
    seen.open_plants
        .iter()
        .filter(|plant| robot.bin_kg <= plant.room_kg && robot.bin_kg < pay_kg(dear(plant)))
        .min_by(|one, other| dear(one).total_cmp(&dear(other)))
        .map(|plant| &plant.name)
}
