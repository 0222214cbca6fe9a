//! Sunlight on panels, the battery, and what draws on it.

use bevy::math::DVec3;
use bevy::prelude::*;
use serde::{Deserialize, Serialize};

use super::atlas::Atlas;
use super::autopilot::{Autopilot, Step};
use super::wear::Health;
use super::{Drive, Robot};
use crate::sim::asteroid::Terrain;
use crate::sim::daylight::{Daylight, Horizon, SUNLIGHT_PERIOD_MS};
use crate::sim::level::kind::Mounting;
use crate::sim::level::{MotionModel, RobotKind};
use crate::sim::physics::Motion;
use crate::sim::plant::Plant;
use crate::sim::{Clock, Terms};

/// Part of the drums' power that heats the robot; the rest goes into the ground (assumed).
const DIG_HEAT: f64 = 0.5;
/// Part of the boiler's power that heats the robot; the rest leaves with the steam (assumed).
const THRUST_HEAT: f64 = 0.2;
/// Panels all round a box show a quarter of their area to any one side (Cauchy 1841: the mean
/// shadow of a convex body).
const ALL_SIDES: f64 = 0.25;
/// Share of a battery's energy that it gives, by temperature [K]: lithium-ion cells lose half at
/// −20 °C and nearly all at −40 °C (Smart et al. 1999, low-temperature cells for Mars rovers).
const COLD_BATTERY: [(f64, f64); 4] = [(228.0, 0.05), (243.0, 0.3), (253.0, 0.5), (283.0, 1.0)];

/// The battery and what the panels give.
#[derive(Component, Clone, Debug, Serialize, Deserialize)]
pub struct Battery {
    pub(in crate::sim) charge_j: f64,
    pub capacity_j: f64,
    pub(in crate::sim) solar_w: f64,
    /// The Sun shone on it when it last looked.
    pub(in crate::sim) lit: bool,
    pub(in crate::sim) next_look_ms: u64,
    /// Stored, but out of reach while the cells are cold [J].
    pub(in crate::sim) cold_j: f64,
    /// Spent since the temperature was last reckoned, and turned to heat on board [J].
    pub(in crate::sim) heat_j: f64,
}

impl Battery {
    /// A full battery.
    pub fn full(capacity_wh: f64) -> Self {
        let capacity_j = 3600.0 * capacity_wh;
        Self {
            charge_j: capacity_j,
            capacity_j,
            solar_w: 0.0,
            lit: false,
            next_look_ms: 0,
            cold_j: 0.0,
            heat_j: 0.0,
        }
    }

    /// What it would give now, over what it would give full and warm: 0 to 1.
    pub fn fraction(&self) -> f64 {
        self.available_j() / self.capacity_j
    }

    /// Energy that it would give now [J].
    pub fn available_j(&self) -> f64 {
        (self.charge_j - self.cold_j).max(0.0)
    }

    /// No more goes in.
    pub fn is_full(&self) -> bool {
        0.995 * self.capacity_j <= self.charge_j
    }

    pub fn solar_w(&self) -> f64 {
        self.solar_w
    }

    /// Takes what there is of an amount of energy, to be spent on board; returns what there was.
    pub(in crate::sim) fn drain_j(&mut self, energy_j: f64) -> f64 {
        let given_j = self.give_j(energy_j);
        self.heat_j += given_j;
        given_j
    }

    /// Takes what there is of an amount of energy, to be spent elsewhere; returns what there was.
    pub(in crate::sim) fn give_j(&mut self, energy_j: f64) -> f64 {
        let given_j = energy_j.clamp(0.0, self.available_j());
        self.charge_j -= given_j;
        given_j
    }

    /// Stores what there is room for of an amount of energy.
    pub(in crate::sim) fn store_j(&mut self, energy_j: f64) {
        self.charge_j = (self.charge_j + energy_j).min(self.capacity_j);
    }

    /// Lets the cells be as warm as the robot.
    pub(in crate::sim) fn set_temperature(&mut self, temperature_k: f64) {
        self.cold_j = (1.0 - usable_share(temperature_k)) * self.capacity_j;
    }
}

/// Share of a battery's energy that it gives at a temperature, 0 to 1.
pub fn usable_share(temperature_k: f64) -> f64 {
    let [first, .., last] = COLD_BATTERY;
    if temperature_k <= first.0 {
        return first.1;
    }
    COLD_BATTERY
        .windows(2)
        .find(|pair| temperature_k <= pair[1].0)
        .map_or(last.1, |pair| {
            let part = (temperature_k - pair[0].0) / (pair[1].0 - pair[0].0);
            pair[0].1 + part * (pair[1].1 - pair[0].1)
        })
}

/// Share of the full sunlight that panels catch, by how they are mounted; directions in one frame.
pub fn panel_cosine(mounting: Mounting, robot_up: DVec3, sun: DVec3) -> f64 {
    match mounting {
        Mounting::Deck => robot_up.dot(sun).max(0.0),
        Mounting::AllSides => ALL_SIDES,
        Mounting::Tracking => 1.0,
    }
}

/// What a robot draws, and how much of it stays on board as heat [W].
fn load_w(kind: &RobotKind, pilot: &Autopilot, drive: &Drive, health: &Health) -> (f64, f64) {
    if health.is_dead() {
        return (0.0, 0.0);
    }
    let mut load_w = kind.idle_power_w;
    if health.heats() {
        load_w += kind.heater_w;
    }
    let mut heat_w = load_w;
    if let Some(drum) = kind.drum {
        let drum_w = pilot.drum_share() * health.vigour() * drum.power_w;
        load_w += drum_w;
        heat_w += DIG_HEAT * drum_w;
    }
    if let Some(transit) = pilot.transit() {
        load_w += transit.power_w();
        heat_w += THRUST_HEAT * transit.power_w();
    }
    if drive.thrust_n != DVec3::ZERO
        && let Some(thrusters) = kind.thrusters
    {
        load_w += thrusters.power_w;
        heat_w += THRUST_HEAT * thrusters.power_w;
    }
    (load_w, heat_w)
}

type Powered<'w> = (
    &'w Robot,
    &'w Motion,
    &'w Drive,
    &'w Autopilot,
    &'w mut Battery,
    &'w mut Horizon,
    &'w mut Health,
);

/// Charges and drains batteries.
pub(super) fn draw_power(
    clock: Res<Clock>,
    terms: Res<Terms>,
    atlas: Res<Atlas>,
    daylight: Res<Daylight>,
    terrain: Res<Terrain>,
    plants: Query<&Plant>,
    mut robots: Query<Powered>,
) {
    let tick_s = clock.tick_s();
    for (robot, motion, drive, pilot, mut battery, mut horizon, mut health) in &mut robots {
        if robot.lost {
            continue;
        }
        let kind = &robot.kind;
        if battery.next_look_ms <= clock.time_ms() {
            battery.next_look_ms = clock.time_ms() + SUNLIGHT_PERIOD_MS;
            let height_m = robot.half_height_m();
            battery.lit = if terms.motion == MotionModel::Planned {
                // High above the ground there are no shadows but the night's.
                let sun = daylight.sky().sun_direction;
                let at_m = motion.position_m.as_dvec3();
                match pilot.transit() {
                    Some(_) => 0.0 < sun.dot(terrain.model().outward(at_m)),
                    None => horizon.sees_sun_over(&daylight, motion.position_m, || {
                        atlas.skyline(at_m, height_m)
                    }),
                }
            } else if motion.at_rest {
                horizon.sees_sun(&daylight, &terrain, motion.position_m, height_m)
            } else {
                daylight.reaches(&terrain, motion.position_m.as_dvec3(), height_m)
            };
            battery.solar_w = if battery.lit {
                let up = (motion.rotation * Vec3::Y).as_dvec3();
                daylight.flux_w_m2()
                    * kind.solar_area_m2
                    * kind.solar_efficiency
                    * panel_cosine(kind.solar_mounting, up, daylight.sky().sun_direction)
                    * health.panel_share()
            } else {
                0.0
            };
        }
        let (load_w, heat_w) = load_w(kind, pilot, drive, &health);
        let mut supply_w = battery.solar_w;
        if matches!(pilot.step(), Some(Step::Charge)) {
            let docked = plants.iter().filter(|plant| {
                plant.owner == robot.owner && plant.reaches(terrain.model(), motion.position_m)
            });
            supply_w += docked.map(Plant::spare_power_w).fold(0.0, f64::max);
        }
        let (supply_j, load_j) = (supply_w * tick_s, load_w * tick_s);
        let spent_j = if load_j <= supply_j {
            battery.store_j(supply_j - load_j);
            load_j
        } else {
            supply_j + battery.give_j(load_j - supply_j)
        };
        if 0.0 < load_w {
            battery.heat_j += spent_j * heat_w / load_w;
        }
        health.note_work(pilot, tick_s);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cold_battery_keeps_its_charge_and_gives_less_of_it() {
        let mut battery = Battery::full(100.0);
        battery.set_temperature(253.0);
        assert!((battery.fraction() - 0.5).abs() < 1e-12);
        assert_eq!(battery.drain_j(1e9), 180_000.0);
        assert_eq!(battery.fraction(), 0.0);
        battery.set_temperature(300.0);
        assert!(
            (battery.fraction() - 0.5).abs() < 1e-12,
            "warmth gives it back"
        );
    }

    #[test]
    fn what_a_battery_gives_rises_with_its_temperature() {
        let shares: Vec<f64> = (150..350).map(|k| usable_share(f64::from(k))).collect();
        assert!(shares.is_sorted() && shares[0] == 0.05 && shares[199] == 1.0);
    }

    #[test]
    fn panels_catch_light_by_the_cosine_unless_they_turn() {
        let slanted = DVec3::new(0.0, 0.5, 0.75f64.sqrt());
        assert!((panel_cosine(Mounting::Deck, DVec3::Y, slanted) - 0.5).abs() < 1e-12);
        assert_eq!(panel_cosine(Mounting::Deck, DVec3::Y, -DVec3::Y), 0.0);
        assert_eq!(panel_cosine(Mounting::Tracking, DVec3::Y, slanted), 1.0);
    }
}
