//! Telemetry: what [`Observation`](super::Observation) tells of machines, money and prices, as plain
//! numbers, for brains that look in every tick.
//!
//! One look fills the rows of everybody, so that a batch of brains pays for it once. Which rows a
//! brain may read is up to whoever hands them on: of its own machines all, of those of others what
//! [`OtherRobot`](super::OtherRobot) tells, of other accounts nothing.

use bevy::math::{DVec3, Quat, Vec3};

use super::{Activity, Senses, activity, fill, kilograms};
use crate::sim::asteroid::{GravityCell, Terrain};
use crate::sim::daylight::Daylight;
use crate::sim::economy::commerce::Party;
use crate::sim::economy::good::Good;
use crate::sim::economy::stores::Place;
use crate::sim::level::MotionModel;
use crate::sim::prospector::ProspectorId;
use crate::sim::robot::Anchor;

/// The radar altimeter of a robot reads so far [m]; above, it tells that much.
pub const ALTIMETER_MAX_M: f32 = 50.0;

/// It reads to within this, where the ground is level [m].
const ALTIMETER_ERROR_M: f64 = 0.01;
/// A hole is under a robot if its mouth is so near to the bottom of the chassis [m].
const HOLE_REACH_M: f64 = 0.6;

/// A look at the whole site; filled by [`Headless::read_telemetry`] and used again.
///
/// [`Headless::read_telemetry`]: crate::headless::Headless::read_telemetry
#[derive(Clone, Debug, Default)]
pub struct Telemetry {
    pub time_ms: u64,
    /// Towards the Sun, in the frame of the body.
    pub sun: Vec3,
    /// In the order of the machines in the world, which does not change.
    pub robots: Vec<RobotRow>,
    pub plants: Vec<PlantRow>,
    /// In the order of the level.
    pub prospectors: Vec<ProspectorRow>,
    /// Of the level's market [credits/kg], [kg].
    pub price_credits_per_kg: f64,
    pub overhang_kg: f64,
    cells: Vec<GravityCell>,
}

/// A robot's own instruments. Frame of all vectors: that of the site, which turns with the body.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RobotRow {
    pub owner: ProspectorId,
    pub position_m: Vec3,
    pub velocity_m_s: Vec3,
    pub rotation: Quat,
    pub angular_velocity_rad_s: Vec3,
    /// Against its weight, of length one.
    pub up: Vec3,
    /// Weight of a kilogram at rest there [m/s²].
    pub weight_m_s2: f32,
    pub activity: Activity,
    /// It has nothing to do and may be told something.
    pub idle: bool,
    /// Done part of the present task, 0 where it cannot be told.
    pub progress: f32,
    pub battery_fraction: f32,
    pub solar_w: f32,
    pub bin_kg: f32,
    pub bin_fill: f32,
    pub propellant_kg: f32,
    pub propellant_fill: f32,
    pub anchored: bool,
    pub anchor_hold_n: f32,
    pub touching: bool,
    pub at_rest: bool,
    /// Beyond the reach of the site, dead or taken apart: nothing more will come of it.
    pub gone: bool,
    /// Its joints or its electronics do not obey.
    pub faulty: bool,
    /// Worn part of the digging tools, 0 to 1.
    pub wear: f32,
    pub seal_wear: f32,
    pub panel_dust: f32,
    /// Where in its working range its temperature is, 0 (cold limit) to 1 (hot limit).
    pub warmth: f32,
    /// Cosine of the tilt: 1 upright, 0 on its side.
    pub upright: f32,
    pub wheel_fill: f32,
    pub bit_stuck: bool,
    /// Of the deepest hole under it, and how fast its bit goes down.
    pub hole_depth_m: f32,
    pub drill_rate_m_s: f32,
}

/// A plant's own instruments.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PlantRow {
    pub owner: ProspectorId,
    pub position_m: Vec3,
    pub hopper_kg: f32,
    pub hopper_fill: f32,
    pub water_kg: f64,
    pub tank_room_kg: f64,
    pub tailings_kg: f32,
    pub running: bool,
    /// Place of what it does in the list of all that it is equipped for.
    pub process: u8,
}

/// A prospector's own books.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ProspectorRow {
    pub credits: f64,
    /// Water of its own in its store at the site.
    pub stored_water_kg: f64,
    /// Readings of the ground that it holds.
    pub readings: u32,
    /// Claims in its name.
    pub claims: u32,
    /// Orders of its own that wait at the exchange.
    pub waiting_orders: u32,
}

impl Senses<'_, '_> {
    /// Reads all instruments and books.
    pub fn read_telemetry(&self, into: &mut Telemetry) {
        into.time_ms = self.now_ms();
        // The light of a tick is that of its beginning; what is told is of its end.
        into.sun = if self.daylight.is_of(into.time_ms) {
            self.daylight.sky().sun_direction.as_vec3()
        } else {
            let now = Daylight::at(&self.terrain, &self.terms, into.time_ms);
            now.sky().sun_direction.as_vec3()
        };
        let market = self.markets.main();
        into.price_credits_per_kg = market.price_credits_per_kg();
        into.overhang_kg = market.overhang_kg();
        let Telemetry { robots, cells, .. } = into;
        robots.clear();
        let planned = self.terms.motion == MotionModel::Planned;
        for (
            at,
            (
                robot,
                motion,
                bin,
                tank,
                battery,
                anchor,
                tool,
                _,
                pilot,
                probe,
                health,
                service,
                gear,
            ),
        ) in self.robots.iter().enumerate()
        {
            if cells.len() == at {
                cells.push(GravityCell::default());
            }
            let at_m = motion.position_m.as_dvec3();
            let gone = robot.lost || robot.stripped || health.is_dead();
            let weight = self
                .terrain
                .acceleration_m_s2(at_m, DVec3::ZERO, &mut cells[at]);
            let up = (-weight)
                .normalize_or(self.terrain.model().outward(at_m))
                .as_vec3();
            let (cold_k, hot_k) = robot.kind.operating_k;
            robots.push(RobotRow {
                owner: robot.owner,
                position_m: motion.position_m,
                velocity_m_s: motion.velocity_m_s,
                rotation: motion.rotation,
                angular_velocity_rad_s: motion.angular_velocity_rad_s,
                up,
                weight_m_s2: weight.length() as f32,
                activity: activity(robot, motion, pilot, probe, service),
                idle: pilot.is_idle()
                    && service.is_idle()
                    && probe.is_idle()
                    && !gone
                    && (motion.at_rest || !motion.touching),
                progress: pilot
                    .progress(robot, battery, bin)
                    .or_else(|| service.progress(&robot.kind))
                    .or_else(|| probe.progress())
                    .unwrap_or(0.0) as f32,
                battery_fraction: battery.fraction() as f32,
                solar_w: battery.solar_w() as f32,
                bin_kg: kilograms(bin.load_g()) as f32,
                bin_fill: fill(bin.load_g(), bin.capacity_g),
                propellant_kg: kilograms(tank.propellant_g()) as f32,
                propellant_fill: fill(tank.propellant_g(), tank.capacity_g),
                anchored: *anchor != Anchor::Out,
                anchor_hold_n: anchor.hold_n() as f32,
                touching: motion.touching,
                at_rest: motion.at_rest,
                gone,
                faulty: health.is_seized() || health.is_dead(),
                wear: tool.wear() as f32,
                seal_wear: health.seal_wear() as f32,
                panel_dust: health.panel_dust() as f32,
                warmth: ((health.temperature_k() - cold_k) / (hot_k - cold_k)) as f32,
                upright: if planned {
                    1.0
                } else {
                    (motion.rotation * Vec3::Y).dot(up)
                },
                wheel_fill: gear.wheels().fill(robot.kind.wheels) as f32,
                bit_stuck: gear.drill().is_stuck(),
                hole_depth_m: self
                    .boreholes
                    .near(at_m, robot.half_height_m() + HOLE_REACH_M)
                    .map_or(0.0, |hole| hole.depth_m as f32),
                drill_rate_m_s: gear.drill().load().rate_m_per_s as f32,
            });
        }
        into.plants.clear();
        into.plants.extend(self.plants.iter().map(|plant| {
            PlantRow {
                owner: plant.owner,
                position_m: plant.position_m,
                hopper_kg: kilograms(plant.hopper_g()) as f32,
                hopper_fill: fill(plant.hopper_g(), plant.hopper_capacity_g()),
                water_kg: kilograms(plant.water_g()),
                tank_room_kg: kilograms(plant.tank_room_g()),
                tailings_kg: kilograms(plant.tailings_g()) as f32,
                running: plant.is_running(),
                process: plant
                    .processes()
                    .position(|process| process == plant.process())
                    .unwrap_or(0) as u8,
            }
        }));
        into.prospectors.clear();
        into.prospectors
            .extend(self.prospectors.iter().map(|(id, prospector)| {
                let water = self
                    .commerce
                    .stores
                    .of(&prospector.name)
                    .find(|(place, good, _)| **place == Place::Site && *good == Good::Water);
                ProspectorRow {
                    credits: 1e-6 * self.ledger.balance(prospector.account) as f64,
                    stored_water_kg: water
                        .map_or(0.0, |(.., account)| kilograms(self.ledger.balance(account))),
                    readings: prospector.survey.held().len() as u32,
                    claims: 0,
                    waiting_orders: self.commerce.exchange.own_count(Party(id.0)) as u32,
                }
            }));
        for claim in self.registry.standing() {
            if let Some(holder) = self.prospectors.find(&claim.holder) {
                into.prospectors[holder.0 as usize].claims += 1;
            }
        }
    }
}

impl Senses<'_, '_> {
    /// The cheapest plant of others with room that takes the rock of a prospector, by its place among
    /// the rows of plants.
    pub fn cheapest_open_plant(&self, guest: ProspectorId) -> Option<usize> {
        self.plants
            .iter()
            .enumerate()
            .filter(|(_, plant)| {
                plant.owner != guest && plant.admits(guest) && 0 < plant.hopper_room_g()
            })
            .filter_map(|(at, plant)| Some((at, plant.opening()?.toll.tariff_ucr_per_kg)))
            .min_by_key(|(_, tariff_ucr_per_kg)| *tariff_ucr_per_kg)
            .map(|(at, _)| at)
    }
}

/// What a radar altimeter under a chassis reads: from its bottom to the ground [m].
///
/// Apart from the rest, for looking for the ground costs more than all of that.
pub fn radar_height_m(terrain: &Terrain, at_m: Vec3, half_height_m: f64) -> f32 {
    let at_m = at_m.as_dvec3();
    let model = terrain.model();
    let above_all_m = model.from_centre(at_m).length() - model.bounding_radius_m();
    if f64::from(ALTIMETER_MAX_M) <= above_all_m {
        return ALTIMETER_MAX_M;
    }
    let down = -terrain.up(at_m);
    let reach_m = f64::from(ALTIMETER_MAX_M) + half_height_m;
    // The distance is never overrated, so that no step goes through the ground.
    let mut along_m = 0.0;
    while along_m < reach_m {
        let clear_m = terrain.signed_distance_m(at_m + along_m * down);
        if clear_m < ALTIMETER_ERROR_M {
            break;
        }
        along_m += clear_m;
    }
    ((along_m - half_height_m).max(0.0) as f32).min(ALTIMETER_MAX_M)
}
