//! What an order is likely to come to, told before it is given.
//!
//! A [`Way`] is planned as the pilot would plan it, then flown a few times with the errors that legs
//! and ground make, drawn from a stream of its own: the chances and the scatter of the estimate
//! are counted over those flights, landings as in [`landing`] (`cargo bench --bench pilots` holds
//! them against what is flown).

use bevy::math::DVec3;
use serde::{Deserialize, Serialize};

use super::autopilot::{CRUISE_ESCAPE_FRACTION, CRUISE_M_S};
use super::guidance::{self, Leg, NoHop};
use super::landing::{self, GONE_S};
use crate::sim::asteroid::{GravityCell, Terrain};
use crate::sim::random::{self, Stream};

/// Journeys of which chances are counted: of one flight, and of several.
const JOURNEYS: u32 = 24;
const LONG_JOURNEYS: u32 = 8;
/// A journey that has taken so many times the flights that were planned, and some, is given up.
const FLIGHTS_PER_LEG: usize = 3;
const FLIGHTS_BESIDES: usize = 6;
/// Time from the end of a flight over the ground to standing still on the mark [s], and what it takes
/// in change of speed besides braking and hovering [m/s].
pub(super) const LANDING_S: f64 = 240.0;
const LANDING_M_S: f64 = 0.10;
/// Ways over ground are longer than straight lines by this factor.
const DETOUR: f64 = 1.25;
/// Part of a hop's range by which a robot without thrusters bounces and slides on, and its scatter
/// (restitution and friction of regolith on a slope of 45°, see `ballistics`).
const ROLL_ON: f64 = 0.12;
const ROLL_ON_STD: f64 = 0.12;
/// Time to come to rest after a hop without thrusters [s].
pub(super) const BOUNCE_OUT_S: f64 = 2600.0;
/// A robot on its mark within this has arrived [m]: the promise is two metres on the ground.
const ARRIVED_M: f64 = 1.5;
/// Landings that go wrong for reasons that are not counted here: boulders, slopes, edges.
const MISHAP: f64 = 0.02;
/// The same without thrusters to choose the last metres.
const MISHAP_WITHOUT_THRUST: f64 = 0.12;
/// How far from its mark a robot stands that has landed on its thrusters [m], and one that has given
/// up: at least so far, with so much scatter.
const LANDED_OFF_M: f64 = 0.5;
const GIVES_UP_M: (f64, f64) = (2.0, 3.0);

/// What a robot brings to a flight.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Craft {
    pub mass_kg: f64,
    pub half_height_m: f64,
    pub hop_speed_max_m_s: f64,
    /// Effective exhaust speed; zero without thrusters.
    pub exhaust_m_s: f64,
    pub propellant_kg: f64,
    pub thruster_power_w: f64,
    pub idle_power_w: f64,
}

/// What an order would cost and what may come of it.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Estimate {
    pub time_s: f64,
    pub propellant_kg: f64,
    pub take_off_m_s: f64,
    pub apex_m: f64,
    /// Take-off speed over the escape speed of where it begins, the greatest of all flights.
    pub escape_fraction: f64,
    /// Drawn from the battery, sunlight not counted [J].
    pub energy_j: f64,
    /// Flights that the way takes.
    pub legs: u32,
    /// Chance to end within two metres of the mark, 0 to 1; 1 for orders without a mark.
    pub arrive_chance: f64,
    /// Chance that the robot never comes back, 0 to 1.
    pub lost_chance: f64,
    /// Chance that the order ends in a machine that needs help: anchors out, a stuck bit, 0 to 1.
    pub trouble_chance: f64,
}

impl Craft {
    pub fn can_thrust(&self) -> bool {
        0.0 < self.exhaust_m_s && 0.0 < self.propellant_kg
    }

    /// Propellant for a change of speed, by the rocket equation [kg].
    pub fn burnt_kg(&self, delta_v_m_s: f64) -> f64 {
        if self.exhaust_m_s <= 0.0 {
            return 0.0;
        }
        self.mass_kg * (1.0 - (-delta_v_m_s / self.exhaust_m_s).exp())
    }

    fn estimate(&self, time_s: f64, delta_v_m_s: f64, burning_s: f64) -> Estimate {
        Estimate {
            time_s,
            propellant_kg: self.burnt_kg(delta_v_m_s),
            energy_j: self.idle_power_w * time_s + self.thruster_power_w * burning_s,
            ..Estimate::default()
        }
    }
}

/// A way as it was planned, and flown a few times with the errors that it may have: what any robot
/// that flies it so may meet.
#[derive(Clone, Debug, PartialEq)]
pub struct Way {
    /// Fastest take-off, and the greatest part of the escape speed of where it begins that any has.
    take_off_m_s: f64,
    escape_fraction: f64,
    apex_m: f64,
    legs: u32,
    /// Landings that go wrong for reasons that are not counted, 0 to 1.
    mishap: f64,
    /// Chance of a loss that is too rare to be counted.
    rare_loss: f64,
    flown: Vec<FlownWay>,
}

/// What came of one journey.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Journey {
    pub time_s: f64,
    pub propellant_kg: f64,
    /// Spent in the thrusters' boiler [J].
    pub thrust_j: f64,
    pub end: End,
}

/// Where a journey ends.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub enum End {
    /// On the ground, so far from the mark [m].
    Down { off_m: f64 },
    /// On the ground where the propellant ran out: so much of the way is done, 0 to 1.
    Dry { part: f64 },
    /// Never.
    Lost,
}

impl Way {
    /// What the way would take of a robot, and the chances that it has.
    pub fn estimate(&self, craft: &Craft) -> Estimate {
        let (mut time_s, mut speed_m_s, mut burning_s) = (0.0, 0.0, 0.0);
        let (mut lost, mut arrived) = (0u32, 0u32);
        let counted = self.flown.len() as f64;
        for flown in &self.flown {
            lost += u32::from(flown.lost);
            arrived += u32::from(flown.arrived && flown.is_in_reach_of(craft) && !flown.lost);
            time_s += flown.time_s / counted;
            speed_m_s += flown.delta_v_m_s / counted;
            burning_s += flown.burning_s / counted;
        }
        Estimate {
            take_off_m_s: self.take_off_m_s,
            apex_m: self.apex_m,
            escape_fraction: self.escape_fraction,
            legs: self.legs,
            arrive_chance: f64::from(arrived) / counted * (1.0 - self.mishap),
            lost_chance: (f64::from(lost) / counted).max(self.rare_loss).min(1.0),
            ..craft.estimate(time_s, speed_m_s, burning_s)
        }
    }

    /// One journey by chance: one of the flights that the estimate was counted over, with the
    /// mishaps and the rare losses that it adds to them.
    pub fn draw(&self, craft: &Craft, stream: &mut Stream) -> Journey {
        let index = (random::uniform(stream) * self.flown.len() as f64) as usize;
        let flown = &self.flown[index];
        let counted =
            self.flown.iter().filter(|flown| flown.lost).count() as f64 / self.flown.len() as f64;
        let rare = ((self.rare_loss - counted) / (1.0 - counted).max(1e-12)).max(0.0);
        let lost = random::uniform(stream) < rare || flown.lost;
        let mishap = random::uniform(stream) < self.mishap;
        let scatter = random::normal(stream).abs();
        let needed_kg = craft.burnt_kg(flown.delta_v_m_s);
        let end = if lost {
            End::Lost
        } else if !flown.is_in_reach_of(craft) {
            End::Dry {
                part: craft.propellant_kg / needed_kg,
            }
        } else if !flown.arrived {
            End::Down {
                off_m: flown.miss_m,
            }
        } else if mishap {
            End::Down {
                off_m: GIVES_UP_M.0 + GIVES_UP_M.1 * scatter,
            }
        } else {
            End::Down {
                off_m: flown.miss_m.min(ARRIVED_M),
            }
        };
        let part = match end {
            End::Dry { part } => part,
            _ => 1.0,
        };
        Journey {
            time_s: part * flown.time_s,
            propellant_kg: (part * needed_kg).min(craft.propellant_kg),
            thrust_j: part * craft.thruster_power_w * flown.burning_s,
            end,
        }
    }

    /// Greatest height over the start [m].
    pub fn apex_m(&self) -> f64 {
        self.apex_m
    }

    /// Speed of the fastest take-off [m/s].
    pub fn take_off_m_s(&self) -> f64 {
        self.take_off_m_s
    }

    pub fn legs(&self) -> u32 {
        self.legs
    }
}

/// A way in hops.
///
/// # Errors
/// As [`guidance::plan_route`], if there are no thrusters to do without hops.
pub fn hop_to(
    terrain: &Terrain,
    cell: &mut GravityCell,
    craft: &Craft,
    from_m: DVec3,
    to_m: DVec3,
    stream: &mut Stream,
) -> Result<Way, NoHop> {
    if from_m.distance(to_m) < 0.5 {
        return Err(NoHop::TooNear(from_m.distance(to_m)));
    }
    let route = guidance::plan_route(
        terrain,
        cell,
        from_m,
        to_m,
        craft.half_height_m,
        craft.hop_speed_max_m_s,
    );
    let legs = match route {
        Ok(legs) => legs,
        Err(_) if craft.can_thrust() => return Ok(fly_to(terrain, cell, from_m, to_m)),
        Err(no_hop) => return Err(no_hop),
    };
    let fastest_m_s = legs
        .iter()
        .map(|leg| leg.hop.take_off_m_s.length())
        .fold(0.0, f64::max);
    // Each flight has the escape speed of where it begins.
    let escape_fractions: Vec<f64> = legs
        .iter()
        .map(|leg| leg.hop.take_off_m_s.length() / guidance::escape_speed_m_s(terrain, leg.from_m))
        .collect();
    let journeys = if legs.len() == 1 {
        JOURNEYS
    } else {
        LONG_JOURNEYS
    };
    let flown = (0..journeys).map(|_| {
        if craft.can_thrust() {
            fly_with_thrusters(terrain, cell, &legs, craft, stream)
        } else {
            fly_legs_without(terrain, cell, &legs, stream)
        }
    });
    let flown = flown.collect();
    // What is too rare to be counted: a take-off faster than the escape speed.
    let beyond = |fraction: &f64| {
        normal_above((1.0 / fraction.max(1e-9) - 1.0) / guidance::TAKE_OFF_SPEED_STD)
    };
    Ok(Way {
        take_off_m_s: fastest_m_s,
        escape_fraction: escape_fractions.iter().copied().fold(0.0, f64::max),
        apex_m: legs.iter().map(|leg| leg.hop.apex_m).fold(0.0, f64::max),
        legs: legs.len() as u32,
        mishap: if craft.can_thrust() {
            MISHAP
        } else {
            MISHAP_WITHOUT_THRUST
        },
        rare_loss: escape_fractions.iter().map(beyond).sum::<f64>().min(1.0),
        flown,
    })
}

/// A way over the ground on the thrusters.
pub fn fly_to(terrain: &Terrain, cell: &mut GravityCell, from_m: DVec3, to_m: DVec3) -> Way {
    let escape_m_s = guidance::escape_speed_m_s(terrain, from_m);
    let speed_m_s = CRUISE_M_S.min(CRUISE_ESCAPE_FRACTION * escape_m_s);
    // Along the ground around the centre, not through it.
    let model = terrain.model();
    let (arm_m, to_arm_m) = (model.from_centre(from_m), model.from_centre(to_m));
    let arc_m = 0.5 * (arm_m.length() + to_arm_m.length()) * arm_m.angle_between(to_arm_m);
    let way_m = DETOUR * arc_m.max(from_m.distance(to_m));
    let (cruise_s, cruise_m_s) = landing::cruise(terrain, cell, from_m, way_m);
    let weight = terrain
        .acceleration_m_s2(from_m, DVec3::ZERO, cell)
        .length();
    let delta_v_m_s = cruise_m_s + weight * LANDING_S + LANDING_M_S;
    Way {
        take_off_m_s: speed_m_s,
        escape_fraction: speed_m_s / escape_m_s,
        apex_m: 8.0,
        legs: 1,
        mishap: MISHAP,
        rare_loss: 0.0,
        flown: vec![FlownWay {
            time_s: cruise_s + LANDING_S,
            delta_v_m_s,
            burning_s: cruise_s + LANDING_S,
            miss_m: LANDED_OFF_M,
            arrived: true,
            lost: false,
        }],
    }
}

#[derive(Clone, Copy, Debug, PartialEq)]
struct FlownWay {
    time_s: f64,
    delta_v_m_s: f64,
    burning_s: f64,
    /// From the mark at the end [m].
    miss_m: f64,
    arrived: bool,
    lost: bool,
}

impl FlownWay {
    const NOT_BEGUN: Self = Self {
        time_s: 0.0,
        delta_v_m_s: 0.0,
        burning_s: 0.0,
        miss_m: LANDED_OFF_M,
        arrived: true,
        lost: false,
    };

    fn is_in_reach_of(&self, craft: &Craft) -> bool {
        craft.burnt_kg(self.delta_v_m_s) <= craft.propellant_kg || craft.exhaust_m_s <= 0.0
    }
}

/// Hops whose misses the thrusters make good at each landing, or another hop does.
///
/// The next flight is the planned one where a landing was near enough to its mark to glide there, else
/// one that is planned from where the robot really is, as a pilot does.
fn fly_with_thrusters(
    terrain: &Terrain,
    cell: &mut GravityCell,
    legs: &[Leg],
    craft: &Craft,
    stream: &mut Stream,
) -> FlownWay {
    let mut way = FlownWay::NOT_BEGUN;
    let mark_m = legs[legs.len() - 1].to_m;
    let mut rest = &legs[1..];
    let mut leg = legs[0];
    for _ in 0..FLIGHTS_PER_LEG * legs.len() + FLIGHTS_BESIDES {
        let take_off_m_s = guidance::disturbed_m_s(leg.hop.take_off_m_s, stream);
        let Some(arrival) = landing::arrival(terrain, cell, &leg, take_off_m_s) else {
            way.lost = true;
            return way;
        };
        let landed = landing::land(terrain, cell, &leg, craft.half_height_m, arrival);
        way.time_s += arrival.flight_s + landed.time_s;
        way.burning_s += landed.time_s;
        way.delta_v_m_s += landed.delta_v_m_s;
        if leg.last && landed.on_mark {
            way.miss_m = LANDED_OFF_M;
            return way;
        }
        way.miss_m = landed.at_m.distance(mark_m);
        leg = match rest.split_first().filter(|_| landed.on_mark) {
            Some((planned, others)) => {
                rest = others;
                *planned
            }
            None => {
                rest = &[];
                let next = guidance::plan_leg(
                    terrain,
                    cell,
                    landed.at_m,
                    mark_m,
                    craft.half_height_m,
                    craft.hop_speed_max_m_s,
                );
                match next {
                    Ok(next) => next,
                    Err(NoHop::TooNear(_)) => return way,
                    Err(_) => {
                        let over = fly_to(terrain, cell, landed.at_m, mark_m).flown[0];
                        way.time_s += over.time_s;
                        way.burning_s += over.burning_s;
                        way.delta_v_m_s += over.delta_v_m_s;
                        way.miss_m = over.miss_m;
                        return way;
                    }
                }
            }
        };
    }
    way.arrived = false;
    way
}

/// Hops that end where they end: each that follows is as long as the last one missed.
fn fly_legs_without(
    terrain: &Terrain,
    cell: &mut GravityCell,
    legs: &[Leg],
    stream: &mut Stream,
) -> FlownWay {
    let mut way = FlownWay::NOT_BEGUN;
    let mut miss_m = 0.0;
    for leg in legs {
        let take_off_m_s = guidance::disturbed_m_s(leg.hop.take_off_m_s, stream);
        let Some(landing) = fall(terrain, cell, leg, take_off_m_s) else {
            way.lost = true;
            return way;
        };
        let range_m = landing.at_m.distance(leg.from_m);
        let roll_m = range_m * (ROLL_ON + ROLL_ON_STD * random::normal(stream));
        miss_m = landing.at_m.distance(leg.to_m) + roll_m.abs();
        way.time_s += landing.flight_s + BOUNCE_OUT_S;
    }
    let weight = legs.last().map_or(1e-4, |leg| {
        terrain
            .acceleration_m_s2(leg.to_m, DVec3::ZERO, cell)
            .length()
            .max(1e-7)
    });
    let mut tries = 0;
    while ARRIVED_M < miss_m && tries < 40 {
        tries += 1;
        way.time_s += (2.0 * miss_m / weight).sqrt() + BOUNCE_OUT_S;
        miss_m = (miss_m * (ROLL_ON + 1.5 * ROLL_ON_STD * random::normal(stream).abs())).max(0.3);
    }
    way.miss_m = miss_m;
    way.arrived = miss_m <= ARRIVED_M;
    way
}

struct Landing {
    at_m: DVec3,
    flight_s: f64,
}

/// Flies a leg with another take-off until it meets the ground; `None` if it does not come back.
fn fall(
    terrain: &Terrain,
    cell: &mut GravityCell,
    leg: &Leg,
    take_off_m_s: DVec3,
) -> Option<Landing> {
    let from_m = leg.from_m;
    let step_s = (leg.hop.flight_s / 60.0).clamp(5.0, 60.0);
    let (mut at_m, mut velocity) = (from_m, take_off_m_s);
    let mut flight_s = 0.0;
    let model = terrain.model();
    let radius_m = |at_m| model.from_centre(at_m).length();
    let low_m = radius_m(leg.to_m).min(radius_m(from_m)) + 30.0;
    loop {
        (at_m, velocity) = guidance::advance(terrain, cell, at_m, velocity, step_s);
        flight_s += step_s;
        // The ground is looked at where the planned flight ends, not along the way.
        let low = radius_m(at_m) < low_m;
        if 0.7 * leg.hop.flight_s < flight_s && low && terrain.signed_distance_m(at_m) < 0.5 {
            return Some(Landing { at_m, flight_s });
        }
        if GONE_S < flight_s || !model.is_within_reach(at_m) {
            return None;
        }
    }
}

/// Chance of a normal deviate above `z`, by the bound exp(−z²/2)/2 for positive z (Chernoff): on
/// the safe side, within a factor of three where it matters.
fn normal_above(z: f64) -> f64 {
    if z <= 0.0 {
        0.5
    } else {
        0.5 * (-0.5 * z * z).exp()
    }
}
