//! What time does to a robot: temperature, dust, abrasion and dose, and what fails of it.
//!
//! All of it is reckoned once a simulated minute, whatever the length of the ticks, from what has
//! added up since. The rates are rows of `materials_wear.csv`; the level's `ageing` multiplies
//! those of dust, wear and dose, so that a lesson need not last for years.

use bevy::prelude::*;
use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::Xxh3;

use super::atlas::Atlas;
use super::autopilot::{Autopilot, Step};
use super::power::Battery;
use super::thermal::{self, Shell, Surroundings};
use super::{FieldCell, Robot, Tool};
use crate::sim::asteroid::Terrain;
use crate::sim::daylight::Daylight;
use crate::sim::level::{MotionModel, RobotKind};
use crate::sim::order::{Log, Refusal, Severity};
use crate::sim::physics::Motion;
use crate::sim::prospector::Prospectors;
use crate::sim::{Chance, Clock, Terms, random};

/// How often robots age [ms].
const AGEING_PERIOD_MS: u64 = 60_000;
const YEAR_S: f64 = 365.25 * 86_400.0;
/// A robot as it is set down [K].
const BORN_K: f64 = 293.0;
/// Heaters go on when it gets within so much of the cold limit, and off when it is so far from it
/// [K].
const THERMOSTAT_K: (f64, f64) = (15.0, 20.0);
/// A robot works slower within this of its hot limit [K].
const HOT_MARGIN_K: f64 = 10.0;
/// Thermal inertia of rubble, and of the Moon's dust [J m⁻² K⁻¹ s^−½]: thermal_inertia_bennu.
const INERTIA: f64 = 300.0;
const INERTIA_MOON: f64 = 50.0;

/// Loss of light by settling dust in a year, far from digging and near it: dust_solar_loss, low
/// end and typical.
const DUST_PER_YEAR: f64 = 0.02;
const DUST_NEAR_DIGGING_PER_YEAR: f64 = 0.1;
/// Digging that dust_solar_loss is taken to stand beside [kg/h]: the mean of IPEx.
const DUST_DIGGING_KG_PER_H: f64 = 38.0;
/// Digging raises dust on robots this near [m].
const DUST_REACH_M: f32 = 10.0;

/// gcr_dose [Gy/yr].
const COSMIC_RAYS_GY_PER_YEAR: f64 = 0.12;
/// spe_dose_event: large events in a solar cycle of eleven years, and the dose of one [Gy].
const STORMS_PER_DAY: f64 = 3.0 / (11.0 * 365.25);
const STORM_GY: (f64, f64, f64) = (0.1, 1.0, 5.0);
const DAY_MS: u64 = 86_400_000;

/// Scatter of the life of seals and electronics from piece to piece, as a standard deviation of
/// its logarithm (assumed).
const LIFE_SCATTER: (f64, f64) = (0.2, 0.4);

/// What of a robot time has used up.
#[derive(Component, Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Health {
    temperature_k: f64,
    heating: bool,
    /// Share of the light that dust keeps from the panels.
    panel_dust: f64,
    /// Share of their power that the cells have lost to radiation.
    cell_loss: f64,
    /// Worn part of the seals; they seize at about 1.
    seal_wear: f64,
    dose_gy: f64,
    /// Wear at which these seals seize, and dose that kills these electronics [Gy]. Nobody knows
    /// them beforehand.
    seal_limit: f64,
    dose_limit_gy: f64,
    seized: bool,
    dead: bool,
    /// Told that it is too hot to work.
    hot_told: bool,
    /// Since it last aged: time that joints turned in dust [s].
    turned_s: f64,
    aged_ms: u64,
}

impl Health {
    /// A new robot; `chance` decides how long its parts will last.
    pub fn new(kind: &RobotKind, name: &str, chance: &Chance) -> Self {
        let mut health = Self {
            temperature_k: BORN_K,
            heating: false,
            panel_dust: 0.0,
            cell_loss: 0.0,
            seal_wear: 0.0,
            dose_gy: 0.0,
            seal_limit: 1.0,
            dose_limit_gy: kind.durability.dose_limit_gy,
            seized: false,
            dead: false,
            hot_told: false,
            turned_s: 0.0,
            aged_ms: 0,
        };
        health.renew_seals(name, chance, 0);
        health.renew_electronics(kind, name, chance, 0);
        health
    }

    pub fn temperature_k(&self) -> f64 {
        self.temperature_k
    }

    /// Share of the light that dust keeps from the panels, 0 to 1.
    pub fn panel_dust(&self) -> f64 {
        self.panel_dust
    }

    /// Share of its first power that a clean panel has lost, 0 to 1.
    pub fn cell_loss(&self) -> f64 {
        self.cell_loss
    }

    /// Worn part of the seals by the book; these seize somewhere about 1.
    pub fn seal_wear(&self) -> f64 {
        self.seal_wear
    }

    /// Absorbed by the electronics [Gy].
    pub fn dose_gy(&self) -> f64 {
        self.dose_gy
    }

    /// Its joints turn no more: tools and anchors are useless until they are mended.
    pub fn is_seized(&self) -> bool {
        self.seized
    }

    /// Its electronics are dead: it neither answers nor acts until they are mended.
    pub fn is_dead(&self) -> bool {
        self.dead
    }

    pub fn heats(&self) -> bool {
        self.heating && !self.dead
    }

    /// Share of its first light that a panel turns into power.
    pub fn panel_share(&self) -> f64 {
        (1.0 - self.panel_dust) * (1.0 - self.cell_loss)
    }

    /// Share of the full rate at which it may work: none when it is too hot or broken.
    pub fn vigour(&self) -> f64 {
        if self.seized || self.dead || self.hot_told {
            0.0
        } else {
            1.0
        }
    }

    /// What is wrong with it, in words.
    pub fn faults(&self) -> Vec<&'static str> {
        let mut faults = Vec::new();
        if self.dead {
            faults.push("dead electronics");
        }
        if self.seized {
            faults.push("seized joints");
        }
        if self.hot_told {
            faults.push("too hot");
        }
        faults
    }

    /// Whether it can take an order; `joints` if that needs tools or anchors.
    ///
    /// # Errors
    /// What is broken.
    pub fn may_act(&self, name: &str, joints: bool) -> Result<(), Refusal> {
        if self.dead {
            return Err(Refusal::because(format!(
                "the electronics of {name} are dead: it needs repair"
            )));
        }
        if joints && self.seized {
            return Err(Refusal::because(format!(
                "the joints of {name} have seized: it needs repair"
            )));
        }
        Ok(())
    }

    /// Adds up what wears while a tick lasts.
    pub(super) fn note_work(&mut self, pilot: &Autopilot, tick_s: f64) {
        let turning = match pilot.step() {
            Some(Step::Dig { .. } | Step::Drill { .. } | Step::Actuate { .. }) => {
                pilot.drums().is_some() || pilot.drills()
            }
            Some(Step::Anchor | Step::Release | Step::Unjam) => true,
            _ => false,
        };
        if turning {
            self.turned_s += tick_s;
        }
    }

    /// No repair brings it back: it has been taken apart.
    pub(super) fn kill(&mut self) {
        self.dead = true;
    }

    /// Leaves a share of the dust on the panels.
    pub fn brush(&mut self, leaves: f64) {
        self.panel_dust *= leaves;
    }

    /// New seals, which last as long as chance lets them.
    pub(super) fn renew_seals(&mut self, name: &str, chance: &Chance, now_ms: u64) {
        let luck = random::normal(&mut chance.stream("seals", name, now_ms));
        self.seal_wear = 0.0;
        self.seal_limit = (LIFE_SCATTER.0 * luck).exp();
        self.seized = false;
    }

    /// New boards, which last as long as chance lets them.
    pub(super) fn renew_electronics(
        &mut self,
        kind: &RobotKind,
        name: &str,
        chance: &Chance,
        now_ms: u64,
    ) {
        let luck = random::normal(&mut chance.stream("electronics", name, now_ms));
        self.dose_gy = 0.0;
        self.dose_limit_gy = kind.durability.dose_limit_gy * (LIFE_SCATTER.1 * luck).exp();
        self.dead = false;
    }

    pub(crate) fn hash_into(&self, hash: &mut Xxh3) {
        for value in [
            self.temperature_k,
            self.panel_dust,
            self.cell_loss,
            self.seal_wear,
            self.dose_gy,
            self.seal_limit,
            self.dose_limit_gy,
            self.turned_s,
        ] {
            hash.update(&value.to_bits().to_le_bytes());
        }
        hash.update(&self.aged_ms.to_le_bytes());
        hash.update(&[self.heating, self.seized, self.dead, self.hot_told].map(u8::from));
    }

    /// Dust of a time far from digging and of so much digging near by.
    fn gather_dust(&mut self, time_s: f64, dug_near_kg: f64, ageing: f64) {
        let year_kg = DUST_DIGGING_KG_PER_H * YEAR_S / 3600.0;
        let settled = DUST_PER_YEAR * time_s / YEAR_S
            + (DUST_NEAR_DIGGING_PER_YEAR - DUST_PER_YEAR) * dug_near_kg / year_kg;
        self.panel_dust = 1.0 - (1.0 - self.panel_dust) * (-ageing * settled).exp();
    }

    /// Wear of seals by what turned, and their healing.
    fn wear_seals(&mut self, kind: &RobotKind, time_s: f64, ageing: f64) {
        let durability = &kind.durability;
        self.seal_wear += ageing * self.turned_s / (3600.0 * durability.seal_life_h);
        self.turned_s = 0.0;
        self.seal_wear *= (-durability.heals_per_day * time_s / 86_400.0).exp();
    }

    fn irradiate(
        &mut self,
        kind: &RobotKind,
        time_s: f64,
        storm_gy: f64,
        sun_au: f64,
        ageing: f64,
    ) {
        let rays_gy = COSMIC_RAYS_GY_PER_YEAR * time_s / YEAR_S;
        self.dose_gy += ageing * (rays_gy + storm_gy);
        let lost = kind.durability.cell_loss_per_year * time_s / YEAR_S / (sun_au * sun_au);
        self.cell_loss = 1.0 - (1.0 - self.cell_loss) * (-ageing * lost).exp();
    }
}

/// Dose of the solar storm of a day of the run [Gy]: zero on most days.
pub fn storm_gy(chance: &Chance, day: u64) -> f64 {
    let mut stream = chance.stream("solar storm", "", day);
    if STORMS_PER_DAY <= random::uniform(&mut stream) {
        return 0.0;
    }
    let (least, typical, most) = STORM_GY;
    // The largest is five times the typical one: two standard deviations.
    let spread = (most / typical).ln() / 2.0;
    (typical * (spread * random::normal(&mut stream)).exp()).clamp(least, most)
}

type Ageing<'w> = (
    &'w Robot,
    &'w Motion,
    &'w mut Tool,
    &'w mut Battery,
    &'w mut Health,
    &'w mut Autopilot,
    &'w mut FieldCell,
);

/// Lets robots warm, cool, gather dust, wear and fail.
pub(super) fn age(
    clock: Res<Clock>,
    daylight: Res<Daylight>,
    terrain: Res<Terrain>,
    terms: Res<Terms>,
    atlas: Res<Atlas>,
    chance: Res<Chance>,
    prospectors: Res<Prospectors>,
    mut log: ResMut<Log>,
    mut dug: Local<Vec<(Vec3, f64)>>,
    mut robots: Query<Ageing>,
) {
    let end_ms = clock.end_ms();
    if clock.time_ms() / AGEING_PERIOD_MS == end_ms / AGEING_PERIOD_MS {
        return;
    }
    // Storms are told once, to all.
    let storm = (clock.time_ms() / DAY_MS + 1..=end_ms / DAY_MS)
        .map(|day| storm_gy(&chance, day))
        .sum::<f64>();
    if 0.0 < storm {
        log.announce(
            end_ms,
            format!("a solar storm: {storm:.1} Gy behind a few millimetres of aluminium"),
        );
    }
    dug.clear();
    let planned = terms.motion == MotionModel::Planned;
    for (_, motion, mut tool, ..) in &mut robots {
        if 0.0 < tool.dug_kg {
            dug.push((motion.position_m, std::mem::take(&mut tool.dug_kg)));
        }
    }
    let sky = *daylight.sky();
    let moon = terrain.model().record().id == "moon";
    let inertia = if moon { INERTIA_MOON } else { INERTIA };
    let spin = terrain.model().spin_rad_per_s().length();
    let sunlit_k = |height: f64| thermal::ground_k(sky.sun_distance_au, spin, inertia, height);
    let dark_k = sunlit_k(0.0);
    for (robot, motion, _, mut battery, mut health, mut pilot, mut cell) in &mut robots {
        let time_s = 1e-3 * (end_ms - health.aged_ms) as f64;
        health.aged_ms = end_ms;
        if robot.lost {
            battery.heat_j = 0.0;
            continue;
        }
        let kind = &*robot.kind;
        let at_m = motion.position_m.as_dvec3();
        let around = if battery.lit {
            // Where motion is planned there are no wrinkles of the field worth looking up each minute.
            let up = match pilot.transit() {
                Some(_) => terrain.model().outward(at_m),
                None if planned => atlas.skyline(at_m, robot.half_height_m()).up(),
                None => terrain.up_by(at_m, &mut cell.0),
            };
            Surroundings {
                sun_w_m2: daylight.flux_w_m2(),
                ground_k: sunlit_k(sky.sun_direction.dot(up)),
            }
        } else {
            Surroundings {
                sun_w_m2: 0.0,
                ground_k: dark_k,
            }
        };
        let heat_w = battery.heat_j / time_s;
        battery.heat_j = 0.0;
        let steps = (time_s / 60.0).ceil().max(1.0);
        for _ in 0..steps as u32 {
            let shell = Shell::of(kind, health.temperature_k);
            health.temperature_k = thermal::relax_k(
                health.temperature_k,
                shell,
                around,
                heat_w,
                kind.heat_capacity_j_per_k,
                time_s / steps,
            );
        }
        battery.set_temperature(health.temperature_k);
        let above_cold_k = health.temperature_k - kind.operating_k.0;
        if above_cold_k < THERMOSTAT_K.0 {
            health.heating = true;
        } else if THERMOSTAT_K.1 < above_cold_k {
            health.heating = false;
        }

        let ageing = terms.ageing;
        let dug_near_kg = dug
            .iter()
            .filter(|(place_m, _)| place_m.distance(motion.position_m) < DUST_REACH_M)
            .map(|(_, mass_kg)| mass_kg)
            .sum();
        health.gather_dust(time_s, dug_near_kg, ageing);
        health.wear_seals(kind, time_s, ageing);
        health.irradiate(kind, time_s, storm, sky.sun_distance_au, ageing);

        let mut alarm = |text: String| {
            log.tell(
                end_ms,
                prospectors.name(robot.owner),
                Severity::Alarm,
                format!("{}: {text}", robot.name),
            );
        };
        let limit_k = kind.operating_k.1;
        if !health.hot_told && limit_k <= health.temperature_k {
            health.hot_told = true;
            alarm(format!(
                "too hot to work at {:.0} K, it has to cool down",
                health.temperature_k
            ));
        } else if health.temperature_k < limit_k - HOT_MARGIN_K {
            health.hot_told = false;
        }
        if !health.dead && health.dose_limit_gy <= health.dose_gy {
            health.dead = true;
            pilot.abort();
            alarm(format!(
                "its electronics have died after {:.0} Gy",
                health.dose_gy
            ));
        }
        if !health.seized && health.seal_limit <= health.seal_wear {
            health.seized = true;
            let works = pilot.drums().is_some() || pilot.bit().is_some();
            if works
                || matches!(
                    pilot.step(),
                    Some(Step::Dig { .. } | Step::Anchor | Step::Release)
                )
            {
                pilot.abort();
            }
            alarm("dust has worn its seals through, and the joints have seized".to_owned());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sim::level::modules::Catalogue;

    fn digger() -> (RobotKind, Health) {
        let kind = Catalogue::built_in().kind("hopping-digger").unwrap();
        let health = Health::new(&kind, "digger", &Chance::new(1));
        (kind, health)
    }

    #[test]
    fn a_year_takes_what_the_tables_say() {
        let (kind, mut health) = digger();
        health.gather_dust(YEAR_S, DUST_DIGGING_KG_PER_H * YEAR_S / 3600.0, 1.0);
        assert!((health.panel_dust() - (1.0 - (-0.1f64).exp())).abs() < 1e-12);
        health.irradiate(&kind, YEAR_S, 0.0, 1.0, 1.0);
        assert!((health.dose_gy() - 0.12).abs() < 1e-12);
        assert!((health.cell_loss() - (1.0 - (-0.025f64).exp())).abs() < 1e-12);
        // Half as much light ages cells half as much.
        let (_, mut far) = digger();
        far.irradiate(&kind, YEAR_S, 0.0, 2.0f64.sqrt(), 1.0);
        assert!((far.cell_loss() - (1.0 - (-0.0125f64).exp())).abs() < 1e-12);
    }

    #[test]
    fn wear_does_not_ask_how_time_is_cut() {
        let (kind, whole) = digger();
        let run = |cuts: u32| {
            let mut health = whole.clone();
            let time_s = 360_000.0 / f64::from(cuts);
            for _ in 0..cuts {
                health.turned_s += 0.5 * time_s;
                health.gather_dust(time_s, 10.0 / f64::from(cuts), 1.0);
                health.wear_seals(&kind, time_s, 1.0);
                health.irradiate(&kind, time_s, 0.0, 1.1, 1.0);
            }
            [
                health.panel_dust(),
                health.seal_wear(),
                health.dose_gy(),
                health.cell_loss(),
            ]
        };
        let (long, short) = (run(1), run(6_000));
        for (long, short) in long.into_iter().zip(short) {
            assert!((long / short - 1.0).abs() < 1e-7, "{long} {short}");
        }
        assert!(
            (long[1] - 0.5).abs() < 1e-9,
            "half of seal_life_dust: {}",
            long[1]
        );
    }

    #[test]
    fn storms_come_as_often_and_as_hard_as_in_the_tables() {
        let chance = Chance::new(3);
        let days = 100_000;
        let storms: Vec<f64> = (0..days)
            .map(|day| storm_gy(&chance, day))
            .filter(|dose| 0.0 < *dose)
            .collect();
        let expected = STORMS_PER_DAY * days as f64;
        assert!(
            (storms.len() as f64 - expected).abs() < 4.0 * expected.sqrt(),
            "{}",
            storms.len()
        );
        assert!(storms.iter().all(|dose| (0.1..=5.0).contains(dose)));
        let mean = storms.iter().sum::<f64>() / storms.len() as f64;
        assert!((0.8..2.0).contains(&mean), "{mean}");
    }
}
