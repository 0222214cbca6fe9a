//! Ground: where a rival looks, what it claims, and where it digs.

use bevy::math::Vec3;

use super::{Habits, Last, Script};
use crate::sim::asteroid::{CORE_M, Terrain};
use crate::sim::law::charter::ClaimRule;
use crate::sim::law::regime::Regime;
use crate::sim::level::Temperament;
use crate::sim::observation::{ClaimView, Observation, OwnRobot};
use crate::sim::order::Order;
use crate::sim::prospecting::{Grade, GradeMap, Provenance, Support};
use crate::sim::random;

/// A robot this near to a spot is there [m].
pub(super) const THERE_M: f32 = 3.0;
/// Places that are weighed up for each one that is sampled, and for a face to dig.
const SPOTS_PER_SAMPLE: usize = 3;
const FACES_WEIGHED: usize = 4;
/// Where it has no claim, a rival digs within so far of its place [m].
const HOME_RADIUS_M: f32 = 9.0;
/// Free riders and claim jumpers give the others so long to find something [ms].
pub(super) const LIE_IN_WAIT_MS: u64 = 12 * 86_400_000;
/// How often a crew looks for its next face beside the last one that held, and how far around it [m].
const BESIDE_CHANCE: f64 = 0.7;
const BESIDE_M: f32 = 4.0;
/// Faces lie on a grid of this width around the middle of the ground [m], as far as drums reach.
const FACE_GRID_M: f32 = 2.0;
/// Where all faces are spent, it looks so much farther out, but no farther than this [m].
const FARTHER: f32 = 1.5;
const FARTHEST_M: f32 = 60.0;
/// Who has tried every face rests its machines for so long [ms].
const WORKED_OUT_REST_MS: u64 = 10 * 86_400_000;
/// How deep under the surface ground is rock that shows as a boulder [m].
const BOULDER_DEPTH_M: f64 = 0.3;
/// With less ground than this above the innermost, which nobody digs, there is none left [m].
const LEFT_M: f64 = 1.0;
/// Room left between ground that is filed and ground of others [m].
const GAP_M: f32 = 0.5;
/// Bearings from which ground of others is looked at.
const BEARINGS: u32 = 8;

/// What the charter says that matters where robots dig, for the one who looks.
pub(super) struct Rules<'a> {
    /// Boulders are seen from afar; nothing else is looked up here. `None` sees none.
    terrain: Option<&'a Terrain>,
    /// Whether ground can be held, and keeps others off.
    pub claims: bool,
    pub exclusive: bool,
    pub radius_max_m: f64,
    /// Readings of its own that a prospector needs of ground that it files for.
    pub readings_min: usize,
    pub claims_max: usize,
    /// Whether crews remember where their anchors held: those of rivals with affairs do.
    pub remembers: bool,
    /// Ground of members is open to members, and who they are.
    pub pooled: bool,
    pub members: Vec<String>,
}

impl<'a> Rules<'a> {
    /// Those of levels whose rivals have no affairs.
    pub(super) fn first_come() -> Self {
        Self {
            terrain: None,
            claims: true,
            exclusive: true,
            radius_max_m: f64::INFINITY,
            readings_min: 0,
            claims_max: usize::MAX,
            remembers: false,
            pooled: false,
            members: Vec::new(),
        }
    }

    pub(super) fn of(regime: &Regime, terrain: &'a Terrain, seen: &Observation) -> Self {
        let charter = regime.charter();
        let terms = &charter.claims;
        let pooled = terms.rule == ClaimRule::Pooled && regime.is_member(&seen.prospector);
        let members = if pooled {
            regime.standing().members().map(str::to_owned).collect()
        } else {
            Vec::new()
        };
        Self {
            terrain: Some(terrain),
            claims: terms.rule.gives_claims(),
            exclusive: terms.rule.gives_claims() && terms.exclusive,
            radius_max_m: charter.claim_radius_max_m(),
            readings_min: terms.survey_readings_min as usize,
            claims_max: terms
                .per_prospector_max
                .map_or(usize::MAX, |max| max as usize),
            remembers: true,
            pooled,
            members,
        }
    }

    /// Whether a boulder shows at a place, or the body is dug through to its middle.
    fn is_barren(&self, seen: &Observation, place_m: Vec3) -> bool {
        self.terrain.is_some_and(|terrain| {
            let up = seen.outward(place_m).as_dvec3();
            let ground_m = terrain.surface_below(place_m.as_dvec3() + 3.0 * up);
            let model = terrain.model();
            let left_m = model.from_centre(ground_m).length() - CORE_M;
            left_m < LEFT_M || model.ground_at(ground_m - BOULDER_DEPTH_M * up).rock
        })
    }

    /// Whether others may keep the one who looks from digging at a place.
    fn bars(&self, seen: &Observation, place_m: Vec3, margin_m: f32) -> bool {
        self.exclusive
            && seen.claims.iter().any(|claim| {
                claim.owner != seen.prospector
                    && !(self.pooled && self.members.contains(&claim.owner))
                    && claim.centre_m.distance(place_m) < claim.radius_m + margin_m
            })
    }
}

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

    /// The candidate that may be the richest, as far as is known: its number and place.
    pub(super) fn next_spot(
        &self,
        habits: &Habits,
        seen: &Observation,
        chart: &GradeMap,
    ) -> (usize, Vec3) {
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

    /// Files for the best ground it knows of, and for the next best where that is refused: the way
    /// of those without affairs.
    pub(super) fn stake(
        &mut self,
        habits: &Habits,
        rules: &Rules,
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
            return self.dig(rules, seen, chart, robot, 0, hop_to);
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

    /// Looks for a place of its own: files where that can be done, and otherwise just digs there.
    pub(super) fn settle(
        &mut self,
        habits: &Habits,
        rules: &Rules,
        seen: &Observation,
        chart: &GradeMap,
        robot: &OwnRobot,
        hop_to: impl Fn(Vec3) -> Option<(Order, Last)>,
    ) -> Option<(Order, Last)> {
        let stalks = matches!(
            habits.temperament,
            Temperament::FreeRider | Temperament::ClaimJumper
        );
        if stalks && seen.time_ms < LIE_IN_WAIT_MS {
            return None;
        }
        let files = rules.claims && habits.temperament != Temperament::FreeRider;
        let radius_m = habits.claim_radius_m.min(rules.radius_max_m);
        let margin_m = if files {
            radius_m as f32 + GAP_M
        } else {
            GAP_M
        };
        let base_m = seen.plants.first()?.position_m;
        let mut places_m = if stalks {
            beside_others(seen, margin_m)
        } else {
            let mut places_m: Vec<Vec3> = seen.samples.iter().map(|s| s.point_m).collect();
            places_m.extend(&self.spots);
            places_m
        };
        let reach_m = habits.search_radius_m + THERE_M;
        places_m.retain(|&place_m| {
            ground_distance_m(seen, base_m, place_m) <= reach_m
                && !rules.bars(seen, place_m, margin_m)
                && seen.claims.iter().all(|claim| {
                    // More ground is other ground.
                    claim.owner != seen.prospector
                        || claim.radius_m + 0.5 * margin_m < claim.centre_m.distance(place_m)
                })
        });
        let worth = |grade: &Grade| grade.mean() - 0.5 * grade.std();
        let grades = chart.at(&places_m);
        let mut by_worth: Vec<(f64, Vec3)> = grades.iter().map(worth).zip(places_m).collect();
        by_worth.sort_by(|a, b| b.0.total_cmp(&a.0));
        // Where everything near is taken, it digs where it can.
        let Some(&(_, best_m)) = by_worth.get(self.refused_claims.min(by_worth.len().max(1) - 1))
        else {
            self.claimed = true;
            self.home_m.get_or_insert(robot.position_m);
            return self.dig(rules, seen, chart, robot, 0, hop_to);
        };
        let there = ground_distance_m(seen, robot.position_m, best_m) < THERE_M
            || (self.crews[0].last == Last::Hop && 1 < self.tries(0, Last::Hop));
        if !there {
            return hop_to(best_m);
        }
        if files && own_readings(seen, robot.position_m, radius_m as f32) < rules.readings_min {
            let order = Order::Survey {
                robot: robot.name.clone(),
            };
            return Some((order, Last::Survey));
        }
        self.claimed = true;
        self.home_m = Some(robot.position_m);
        self.crews[0].face_m = Some(robot.position_m);
        if !files {
            return self.dig(rules, seen, chart, robot, 0, hop_to);
        }
        // Whether it was granted shows when it next sits down to its books.
        self.filed_at_ms = seen.time_ms;
        self.refused_claims += 1;
        let order = Order::FileClaim {
            robot: robot.name.clone(),
            radius_m,
        };
        Some((order, Last::Other))
    }

    /// Another place to dig: within ground of one's own if there is any, else around one's place.
    pub(super) fn next_face(
        &mut self,
        rules: &Rules,
        seen: &Observation,
        chart: &GradeMap,
        robot: &OwnRobot,
        at: usize,
    ) -> Vec3 {
        let open: Vec<&ClaimView> = seen
            .claims
            .iter()
            .filter(|claim| {
                claim.owner == seen.prospector
                    || rules.pooled && rules.members.contains(&claim.owner)
            })
            .collect();
        // Crews spread over the claims in turn.
        let own = open.get(at % open.len().max(1));
        let (centre_m, radius_m) = match (own, self.home_m) {
            (Some(claim), _) => (claim.centre_m, 0.7 * claim.radius_m),
            (None, Some(home_m)) => (home_m, HOME_RADIUS_M),
            (None, None) => (robot.position_m, 5.0),
        };
        let face_m = if rules.remembers {
            self.fresh_face(rules, seen, chart, at, centre_m, radius_m)
        } else {
            let (east, north) = along(seen, centre_m);
            // The likeliest of a few, so that a face that failed is not found again at once.
            let faces_m = [(); FACES_WEIGHED].map(|()| {
                let angle = random::uniform(&mut self.stream) as f32 * std::f32::consts::TAU;
                let distance_m = radius_m * (random::uniform(&mut self.stream) as f32).sqrt();
                centre_m + distance_m * (angle.cos() * east + angle.sin() * north)
            });
            faces_m[best(&chart.at(&faces_m), Grade::mean)]
        };
        self.crews[at].face_m = Some(face_m);
        self.crews[at].failures = 0;
        face_m
    }

    /// A face on the grid around a place that has not been spent and shows no boulder: the likeliest
    /// of a few, beside the last one that held if there is any there.
    fn fresh_face(
        &mut self,
        rules: &Rules,
        seen: &Observation,
        chart: &GradeMap,
        at: usize,
        centre_m: Vec3,
        radius_m: f32,
    ) -> Vec3 {
        let (east, north) = along(seen, centre_m);
        let half_around_m = std::f32::consts::PI * (centre_m - seen.centre_m).length();
        let farthest_m = FARTHEST_M.min(half_around_m);
        let mut reach_m = radius_m.min(0.99 * farthest_m);
        while reach_m < farthest_m {
            let mut fresh_m = Vec::new();
            let rings = (reach_m / FACE_GRID_M) as i32;
            for i in -rings..=rings {
                for k in -rings..=rings {
                    let beside = FACE_GRID_M * (i as f32 * east + k as f32 * north);
                    let face_m = over_ground_m(seen, centre_m, beside);
                    if beside.length() <= reach_m
                        && !self.spent.contains(&cell(face_m))
                        && !rules.bars(seen, face_m, 0.0)
                    {
                        fresh_m.push(face_m);
                    }
                }
            }
            // Ground that holds one screw holds another beside it, oftener than ground elsewhere.
            if let Some(held_m) = self.crews[at].held_m
                && random::uniform(&mut self.stream) < BESIDE_CHANCE
            {
                let beside = |face_m: &Vec3| ground_distance_m(seen, held_m, *face_m) <= BESIDE_M;
                let beside_m: Vec<Vec3> = fresh_m.iter().copied().filter(beside).collect();
                if !beside_m.is_empty() {
                    fresh_m = beside_m;
                }
            }
            let mut weighed_m = Vec::new();
            while weighed_m.len() < FACES_WEIGHED && !fresh_m.is_empty() {
                let draw = random::uniform(&mut self.stream) * fresh_m.len() as f64;
                let face_m = fresh_m.swap_remove(draw as usize);
                if rules.is_barren(seen, face_m) {
                    self.spent.insert(cell(face_m));
                } else {
                    weighed_m.push(face_m);
                }
            }
            if !weighed_m.is_empty() {
                return weighed_m[best(&chart.at(&weighed_m), Grade::mean)];
            }
            if self.crews[at].held_m.take().is_none() {
                reach_m *= FARTHER;
            }
        }
        // Nothing is left far and wide: after a while it tries where it tried before.
        self.spent.clear();
        self.rest_until_ms = seen.time_ms + WORKED_OUT_REST_MS;
        centre_m
    }

    /// Strikes the face of a crew off: it gives no hold, or no more rock.
    pub(super) fn spend_face(&mut self, at: usize) {
        if let Some(face_m) = self.crews[at].face_m {
            self.spent.insert(cell(face_m));
        }
    }
}

/// By which a face is remembered: whole metres. Faces of one grid lie in cells of their own, for two
/// metres apart are more than one along some axis.
fn cell(face_m: Vec3) -> [i32; 3] {
    face_m.round().as_ivec3().to_array()
}

/// Where one comes to who goes so far from a place along the ground, around the body if it must be.
fn over_ground_m(seen: &Observation, from_m: Vec3, way_m: Vec3) -> Vec3 {
    let arm_m = from_m - seen.centre_m;
    let angle = way_m.length() / arm_m.length().max(1.0);
    let ahead = way_m.normalize_or_zero();
    seen.centre_m + angle.cos() * arm_m + angle.sin() * arm_m.length() * ahead
}

/// Two directions along the ground at a place.
fn along(seen: &Observation, place_m: Vec3) -> (Vec3, Vec3) {
    let up = seen.outward(place_m);
    let east = up.any_orthonormal_vector();
    (east, up.cross(east))
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

/// Readings of spots that the one who looks has made within a radius of a place.
fn own_readings(seen: &Observation, centre_m: Vec3, radius_m: f32) -> usize {
    let own = seen
        .readings
        .iter()
        .filter(|held| held.provenance == Provenance::Own && held.reading.support == Support::Spot);
    own.filter(|held| held.reading.point_m.distance(centre_m) < radius_m)
        .count()
}

/// Places around the ground and the robots of others, where one might dig beside them.
fn beside_others(seen: &Observation, margin_m: f32) -> Vec<Vec3> {
    let claims = seen
        .claims
        .iter()
        .filter(|claim| claim.owner != seen.prospector);
    let claims = claims.map(|claim| (claim.centre_m, claim.radius_m + margin_m + 0.1));
    let robots = seen.others.iter().map(|robot| (robot.position_m, 4.0));
    claims
        .chain(robots)
        .flat_map(|(centre_m, away_m)| {
            let up = seen.outward(centre_m);
            let east = up.any_orthonormal_vector();
            let north = up.cross(east);
            (0..BEARINGS).map(move |k| {
                let angle = std::f32::consts::TAU * k as f32 / BEARINGS as f32;
                centre_m + away_m * (angle.cos() * east + angle.sin() * north)
            })
        })
        .collect()
}

/// Distance along the ground, height left out.
pub(super) fn ground_distance_m(seen: &Observation, a_m: Vec3, b_m: Vec3) -> f32 {
    let up = seen.outward(a_m);
    (b_m - a_m).reject_from_normalized(up).length()
}
