//! Drills: what a bit asks of its machine and of the ground, and the holes that stay.
//!
//! A bit turns and is pressed down. Both push back on the chassis: the press lifts it, the torque
//! turns it, and only what holds the robot down lets the bit bite. The hole is remembered by the
//! world, so that another day or another robot goes on where the last one stopped. Cuttings go to
//! the bin; without a bin they stay around the mouth, within the voxel that they came from.

use bevy::math::DVec3;
use bevy::prelude::*;
use serde::{Deserialize, Serialize};

use super::autopilot::{Autopilot, Bit};
use super::digging::in_reach;
use super::feats::{Core, Feats, ThrowOff};
use super::{Anchor, Battery, Bin, Gear, Robot};
use crate::sim::asteroid::{Ground, Terrain};
use crate::sim::economy::ledger::{Ledger, Memo};
use crate::sim::level::kind::DrillSpec;
use crate::sim::order::{Log, Severity};
use crate::sim::physics::{BodyHandle, Motion, Physics};
use crate::sim::prospector::Prospectors;
use crate::sim::random;
use crate::sim::{Accounts, Chance, Clock};

/// Energy to drill ground without strength [J/m³]: `materials_wear.csv`, drill_energy_regolith.
const SPECIFIC_ENERGY_LOOSE_J_M3: f64 = 5e6;
/// Of strong basalt [J/m³]: drill_energy_basalt. The life of a bit is counted in metres of it.
const SPECIFIC_ENERGY_BASALT_J_M3: f64 = 3e8;
/// A worn-out bit cuts at this part of a new one's rate (assumed).
const BLUNT_RATE: f64 = 0.3;
/// Part of the press of basalt that ground without strength asks for (assumed, after the 15 N of
/// SD2 and the 100 N of TRIDENT in `robots.csv`).
const LOOSE_PRESS: f64 = 0.15;
/// No auger clears cuttings faster than it goes down so fast [m/s] (assumed).
const FEED_MAX_M_S: f64 = 1e-3;
/// A bite: then the bit is drawn to clear the cuttings, as TRIDENT does [m].
const BITE_M: f64 = 0.10;
/// Speed at which it is drawn and set back [m/s] (assumed).
const TRIP_M_S: f64 = 0.02;
/// Part of what holds the robot that the pilot lets the bit use.
const MARGIN: f64 = 0.6;
/// Chance that cuttings jam the bit within one bite: at the mouth, and more per metre of depth
/// (assumed: one hole of a metre in five).
const JAM_AT_MOUTH: f64 = 0.004;
const JAM_PER_M: f64 = 0.03;
/// Time of one try to work a stuck bit loose [s], the chance that it works, and what it costs the
/// bit (assumed).
pub const FREE_TRY_S: f64 = 120.0;
const FREE_CHANCE: f64 = 0.6;
const FREE_WEAR: f64 = 0.02;
/// A hole begun this near is the same hole [m].
const SAME_HOLE_M: f64 = 0.15;
/// A bit whose chassis has risen this far has lost the bottom [m].
pub const STROKE_M: f64 = 0.3;
/// Speed at which anchors creep out under their full hold [m/s], and how steeply it falls with a
/// smaller load (assumed: nothing to be seen below half of it).
const CREEP_M_S: f64 = 2e-5;
const CREEP_POWER: i32 = 8;
/// Anchors that have crept this far are out [m].
const CREEP_MAX_M: f64 = 0.05;

/// Compressive strength of ground that nobody has probed [Pa]: of regolith with the cohesion of
/// rubble piles, and of a boulder of Bennu (Grott et al. 2019).
const USUAL_LOOSE_PA: f64 = 100.0;
const USUAL_ROCK_PA: f64 = 3e6;

/// Energy to drill a volume of ground [J/m³]: what loosening takes, and no less than its
/// compressive strength (Teale 1965).
pub fn specific_energy_j_m3(strength_pa: f64) -> f64 {
    SPECIFIC_ENERGY_LOOSE_J_M3 + strength_pa.max(0.0)
}

/// Press that lets a bit cut at its full rate [N].
pub fn weight_on_bit_n(spec: DrillSpec, specific_energy_j_m3: f64) -> f64 {
    let hardness = (specific_energy_j_m3 / SPECIFIC_ENERGY_BASALT_J_M3).sqrt();
    spec.weight_on_bit_max_n * (LOOSE_PRESS + (1.0 - LOOSE_PRESS) * hardness).min(1.0)
}

/// Torque of a bit that spends a power at the spec's speed [N m].
pub fn torque_n_m(spec: DrillSpec, power_w: f64) -> f64 {
    let turn_rad_per_s = spec.rpm * std::f64::consts::TAU / 60.0;
    (power_w / turn_rad_per_s).min(spec.torque_max_n_m)
}

/// What the bit does at a time: its press, torque and power, and how fast it goes down.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct BitLoad {
    pub weight_on_bit_n: f64,
    pub torque_n_m: f64,
    pub power_w: f64,
    pub rate_m_per_s: f64,
}

/// Load of a bit that may use `hold_n` of push and, at `arm_m` from its axis, of turn.
///
/// Rate of penetration = P/(SE A), in proportion to the press it gets.
pub fn bit_load(spec: DrillSpec, ground: &Ground, wear: f64, hold_n: f64, arm_m: f64) -> BitLoad {
    bit_load_in(spec, ground.strength_pa, wear, hold_n, arm_m)
}

fn bit_load_in(spec: DrillSpec, strength_pa: f64, wear: f64, hold_n: f64, arm_m: f64) -> BitLoad {
    let energy_j_m3 = specific_energy_j_m3(strength_pa);
    let press_n = weight_on_bit_n(spec, energy_j_m3);
    let torque_full_n_m = torque_n_m(spec, spec.power_w);
    let share = (hold_n / press_n)
        .min(hold_n * arm_m / torque_full_n_m)
        .clamp(0.0, 1.0);
    let area_m2 = 0.25 * std::f64::consts::PI * spec.bit_diameter_m * spec.bit_diameter_m;
    let sharp = 1.0 - (1.0 - BLUNT_RATE) * wear;
    // Power in proportion to the torque, cut in proportion to the press as well.
    let full_m_s = spec.power_w / (energy_j_m3 * area_m2);
    BitLoad {
        weight_on_bit_n: share * press_n,
        torque_n_m: share * torque_full_n_m,
        power_w: share * spec.power_w,
        rate_m_per_s: (full_m_s * share * share * sharp).min(FEED_MAX_M_S),
    }
}

/// Load of a bit that is pressed and turned by hand, each as a part of its greatest: its press is
/// what it is told, whatever the ground asks for and whatever holds the robot.
pub fn load_by_hand(
    spec: DrillSpec,
    ground: &Ground,
    wear: f64,
    press: f64,
    speed: f64,
) -> BitLoad {
    let weight_on_bit_n = press * spec.weight_on_bit_max_n;
    let wanted_n = self::weight_on_bit_n(spec, specific_energy_j_m3(ground.strength_pa));
    let share = (weight_on_bit_n / wanted_n).min(1.0);
    let full = bit_load_in(
        spec,
        ground.strength_pa,
        wear,
        share * wanted_n,
        f64::INFINITY,
    );
    BitLoad {
        weight_on_bit_n,
        // A bit that stands still cuts nothing and turns nothing.
        torque_n_m: if 0.0 < speed { full.torque_n_m } else { 0.0 },
        power_w: speed * full.power_w,
        rate_m_per_s: speed * full.rate_m_per_s,
    }
}

/// Part of a bit's life that a metre of this ground takes.
pub fn wear_per_m(spec: DrillSpec, ground: &Ground) -> f64 {
    specific_energy_j_m3(ground.strength_pa)
        / SPECIFIC_ENERGY_BASALT_J_M3
        / spec.bit_life_m.max(1e-3)
}

/// Chance that a bite that ends at this depth jams.
pub fn jam_chance(depth_m: f64) -> f64 {
    (JAM_AT_MOUTH + JAM_PER_M * depth_m).min(0.5)
}

/// A hole in the ground. Too narrow for the voxels, it stays in every save.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Borehole {
    pub mouth_m: DVec3,
    /// Unit vector into the ground.
    pub down: DVec3,
    pub depth_m: f64,
    pub diameter_m: f64,
}

/// All holes, oldest first.
#[derive(Resource, Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Boreholes {
    holes: Vec<Borehole>,
}

impl Boreholes {
    pub fn holes(&self) -> &[Borehole] {
        &self.holes
    }

    /// The deepest hole that begins within `reach_m` of a place.
    pub fn near(&self, place_m: DVec3, reach_m: f64) -> Option<Borehole> {
        self.holes
            .iter()
            .filter(|hole| hole.mouth_m.distance(place_m) <= reach_m)
            .max_by(|a, b| a.depth_m.total_cmp(&b.depth_m))
            .copied()
    }

    /// The hole under a bit, a new one if there is none.
    fn under(&mut self, mouth_m: DVec3, down: DVec3, diameter_m: f64) -> usize {
        let known = self
            .holes
            .iter()
            .position(|hole| hole.mouth_m.distance(mouth_m) < SAME_HOLE_M);
        known.unwrap_or_else(|| {
            self.holes.push(Borehole {
                mouth_m,
                down,
                depth_m: 0.0,
                diameter_m,
            });
            self.holes.len() - 1
        })
    }
}

/// The drill of a robot.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Drill {
    /// Worn part of the bit, 0 to 1.
    pub(super) wear: f64,
    /// Jammed in its hole: the robot goes nowhere.
    pub(super) stuck: bool,
    pub(super) load: BitLoad,
    /// Index in [`Boreholes`] while it drills.
    hole: Option<u32>,
    /// Where the chassis was when it began.
    begun_m: DVec3,
    slip_m: f64,
    /// How far the anchors have crept out [m].
    crept_m: f64,
    /// Left of the present bite [m], and of the trip to clear it [s].
    bite_m: f64,
    pause_s: f64,
    /// Cut and not yet a whole gram [g].
    owed_g: f64,
}

impl Drill {
    pub fn wear(&self) -> f64 {
        self.wear
    }

    pub fn is_stuck(&self) -> bool {
        self.stuck
    }

    pub fn load(&self) -> BitLoad {
        self.load
    }

    /// Numbers that make a difference later, for the hash of the state.
    pub(super) fn numbers(&self) -> [f64; 7] {
        [
            self.wear,
            f64::from(u8::from(self.stuck)),
            self.slip_m,
            self.crept_m,
            self.bite_m,
            self.pause_s,
            self.owed_g,
        ]
    }

    /// The bit is out of the ground.
    fn draw(&mut self) {
        self.load = BitLoad::default();
        self.hole = None;
        self.bite_m = 0.0;
        self.pause_s = 0.0;
    }
}

/// Lever of the feet against the torque of the bit [m].
pub(super) fn arm_m(robot: &Robot) -> f64 {
    let (x, _, z) = robot.kind.size_m;
    0.25 * (x + z)
}

/// Sets press and torque of the bits at work.
pub(super) fn press(
    terrain: Res<Terrain>,
    mut holes: ResMut<Boreholes>,
    mut robots: Query<(&Robot, &Motion, &Anchor, &Autopilot, &mut Gear)>,
) {
    for (robot, motion, anchor, pilot, mut gear) in &mut robots {
        // By hand the bit begins only where it finds ground.
        let begins = |drill: &Drill| {
            drill.hole.is_some()
                || matches!(pilot.bit(), Some(Bit::Piloted { .. }))
                || in_reach(&terrain, robot, motion, *anchor)
        };
        let works = pilot.drills() && begins(&gear.drill);
        let Some(spec) = robot.kind.drill.filter(|_| works) else {
            if gear.drill.load != BitLoad::default() {
                gear.drill.load = BitLoad::default();
            }
            continue;
        };
        let drill = &mut gear.drill;
        let at_m = motion.position_m.as_dvec3();
        let index = match drill.hole {
            Some(index) => index as usize,
            None => {
                let down = -(motion.rotation * Vec3::Y).as_dvec3();
                let mouth_m = at_m + robot.half_height_m() * down;
                let index = holes.under(mouth_m, down, spec.bit_diameter_m);
                drill.hole = Some(index as u32);
                drill.begun_m = at_m;
                drill.slip_m = 0.0;
                drill.crept_m = 0.0;
                drill.bite_m = BITE_M;
                drill.pause_s = 0.0;
                index
            }
        };
        if 0.0 < drill.pause_s {
            drill.load = BitLoad::default();
            continue;
        }
        let hole = holes.holes[index];
        let bit_m = hole.mouth_m + (hole.depth_m + 0.01) * hole.down;
        let ground = terrain.model().ground_at(bit_m);
        // Free, a robot gives the bit all it asks for, and goes where that pushes it.
        let hold_n = match *anchor {
            Anchor::Out => f64::INFINITY,
            Anchor::Holding { pull_out_n, .. } => MARGIN * pull_out_n,
        };
        drill.load = match pilot.bit() {
            Some(Bit::ByHand { press, speed }) => {
                load_by_hand(spec, &ground, drill.wear, press, speed)
            }
            _ => bit_load(spec, &ground, drill.wear, hold_n, arm_m(robot)),
        };
    }
}

/// Deepens the holes, moves the cuttings and wears the bits.
pub(super) fn deepen(
    clock: Res<Clock>,
    accounts: Res<Accounts>,
    chance: Res<Chance>,
    prospectors: Res<Prospectors>,
    mut terrain: ResMut<Terrain>,
    mut physics: ResMut<Physics>,
    mut ledger: ResMut<Ledger>,
    mut log: ResMut<Log>,
    mut holes: ResMut<Boreholes>,
    mut feats: ResMut<Feats>,
    mut robots: Query<(
        &Robot,
        &BodyHandle,
        &mut Motion,
        &mut Anchor,
        &mut Bin,
        &mut Battery,
        &mut Gear,
        &mut Autopilot,
    )>,
) {
    let now_ms = clock.time_ms();
    let mut dug_any = false;
    for (robot, &body, mut motion, mut anchor, mut bin, mut battery, mut gear, mut pilot) in
        &mut robots
    {
        let (Some(spec), Some(bit)) = (robot.kind.drill, pilot.bit()) else {
            if gear.drill.hole.is_some() && !gear.drill.stuck {
                gear.drill.draw();
            }
            continue;
        };
        let depth_m = match bit {
            Bit::Piloted { depth_m } => depth_m,
            Bit::ByHand { .. } => spec.depth_max_m,
        };
        let drill = &mut gear.drill;
        let Some(index) = drill.hole.filter(|_| pilot.drills()) else {
            continue;
        };
        let index = index as usize;
        let mut tell = |severity, text: String| {
            log.tell(now_ms, prospectors.name(robot.owner), severity, text);
        };
        let at_m = motion.position_m.as_dvec3();
        let up = -holes.holes[index].down;
        drill.slip_m = drill.slip_m.max(at_m.distance(drill.begun_m));
        if *anchor == Anchor::Out && STROKE_M < (at_m - drill.begun_m).dot(up) {
            tell(
                Severity::Alarm,
                format!(
                    "{}: the bit has pushed it off the ground at {:.1} cm/s, turning {:.0}° a second. \
                     Stop brings it down",
                    robot.name,
                    100.0 * motion.velocity_m_s.length(),
                    motion.angular_velocity_rad_s.length().to_degrees()
                ),
            );
            feats.throw_offs.push(ThrowOff {
                at_ms: now_ms,
                prospector: prospectors.name(robot.owner).to_owned(),
                robot: robot.name.clone(),
                speed_m_s: f64::from(motion.velocity_m_s.length()),
            });
            drill.draw();
            pilot.abort();
            continue;
        }
        let mut left_s = clock.tick_s();
        let mut jammed = false;
        // A long tick may hold several bites and trips.
        while 0.0 < left_s && !jammed && holes.holes[index].depth_m < depth_m {
            if 0.0 < drill.pause_s {
                let spent_s = drill.pause_s.min(left_s);
                drill.pause_s -= spent_s;
                left_s -= spent_s;
                continue;
            }
            let hole = holes.holes[index];
            let ground = terrain
                .model()
                .ground_at(hole.mouth_m + (hole.depth_m + 0.01) * hole.down);
            let load = match (*anchor, bit) {
                (Anchor::Holding { pull_out_n, .. }, Bit::Piloted { .. }) => {
                    bit_load(spec, &ground, drill.wear, MARGIN * pull_out_n, arm_m(robot))
                }
                _ => drill.load,
            };
            if load.rate_m_per_s <= 0.0 {
                break;
            }
            let way_m = drill.bite_m.min(depth_m - hole.depth_m);
            let spent_s = (way_m / load.rate_m_per_s).min(left_s);
            let step_m = load.rate_m_per_s * spent_s;
            left_s -= spent_s;
            battery.drain_j(load.power_w * spent_s);
            holes.holes[index].depth_m += step_m;
            drill.bite_m -= step_m;
            let life = robot.kind.durability.tool_life_factor;
            drill.wear = (drill.wear + wear_per_m(spec, &ground) * step_m / life).min(1.0);
            if let Anchor::Holding { pull_out_n, .. } = *anchor {
                let strain = load.weight_on_bit_n.max(load.torque_n_m / arm_m(robot)) / pull_out_n;
                drill.crept_m += CREEP_M_S * strain.powi(CREEP_POWER) * spent_s;
            }
            let area_m2 = 0.25 * std::f64::consts::PI * spec.bit_diameter_m.powi(2);
            drill.owed_g += 1e3 * ground.bulk_density_kg_m3 * area_m2 * step_m;
            if drill.bite_m <= 1e-9 {
                drill.bite_m = BITE_M;
                let depth_m = holes.holes[index].depth_m;
                drill.pause_s = 2.0 * depth_m / TRIP_M_S;
                let mut stream = chance.stream("jam", &robot.name, (1e4 * depth_m) as u64 + now_ms);
                jammed = random::uniform(&mut stream) < jam_chance(depth_m);
            }
        }
        let hole = holes.holes[index];
        let want_g = (drill.owed_g.floor() as i64).min(bin.capacity_g - bin.load.mass_g);
        if 0 < want_g {
            let bit_m = hole.mouth_m + hole.depth_m * hole.down;
            let spoil = terrain.excavate(bit_m, 1.0, want_g);
            bin.load.add(spoil);
            ledger
                .transfer(now_ms, accounts.rock, bin.account, spoil.mass_g, Memo::Dug)
                .expect("the body holds what it gives");
            dug_any = true;
        }
        drill.owed_g = drill.owed_g.fract();
        drill.slip_m = drill.slip_m.max(drill.crept_m);
        if CREEP_MAX_M < drill.crept_m {
            *anchor = Anchor::Out;
            physics.let_go(body);
            motion.at_rest = false;
            tell(
                Severity::Alarm,
                format!(
                    "{}: the anchors have crept out by {:.0} mm and hold no more",
                    robot.name,
                    1e3 * drill.crept_m
                ),
            );
            drill.draw();
            pilot.abort();
        } else if jammed {
            drill.stuck = true;
            drill.load = BitLoad::default();
            pilot.abort();
            tell(
                Severity::Alarm,
                format!(
                    "{}: the bit is stuck {:.2} m deep. Free works it loose",
                    robot.name, hole.depth_m
                ),
            );
        } else if depth_m <= hole.depth_m && matches!(bit, Bit::Piloted { .. }) {
            tell(
                Severity::Info,
                format!(
                    "{} has drilled {:.2} m deep and slipped {:.1} cm",
                    robot.name,
                    hole.depth_m,
                    100.0 * drill.slip_m
                ),
            );
            feats.cores.push(Core {
                at_ms: now_ms,
                prospector: prospectors.name(robot.owner).to_owned(),
                robot: robot.name.clone(),
                mouth_m: hole.mouth_m,
                down: hole.down,
                depth_m: hole.depth_m,
                slip_m: drill.slip_m,
            });
            drill.draw();
            pilot.finish();
        }
    }
    if dug_any {
        let changed = terrain.take_changed_chunks();
        if !changed.is_empty() {
            physics.renew_ground(&*terrain, &changed);
        }
    }
}

/// Time, energy and chance of trouble of a hole, as far as they can be told beforehand: the ground
/// is taken as it looks from above, loose or rock, with the strength that its kind has on average.
pub fn forecast(
    spec: DrillSpec,
    from_m: f64,
    to_m: f64,
    rock: bool,
    hold_n: Option<f64>,
    arm_m: f64,
) -> (f64, f64, f64) {
    let strength_pa = if rock { USUAL_ROCK_PA } else { USUAL_LOOSE_PA };
    let load = bit_load_in(
        spec,
        strength_pa,
        0.0,
        hold_n.map_or(f64::INFINITY, |n| MARGIN * n),
        arm_m,
    );
    let bites = ((to_m - from_m) / BITE_M).max(0.0);
    let middle_m = 0.5 * (from_m + to_m);
    let drilling_s = (to_m - from_m) / load.rate_m_per_s.max(1e-9);
    let time_s = drilling_s + bites * 2.0 * middle_m / TRIP_M_S;
    let jam = 1.0 - (1.0 - jam_chance(middle_m)).powf(bites);
    (time_s, load.power_w * drilling_s, jam)
}

/// Speed at which the press of the bit throws off a robot that nothing holds [m/s]: the work of the
/// press over its stroke.
pub fn throw_m_s(spec: DrillSpec, rock: bool, mass_kg: f64) -> f64 {
    let strength_pa = if rock { USUAL_ROCK_PA } else { USUAL_LOOSE_PA };
    let press_n = weight_on_bit_n(spec, specific_energy_j_m3(strength_pa));
    (2.0 * press_n / mass_kg * STROKE_M).sqrt()
}

/// One try to work a stuck bit loose; whether it worked.
pub(super) fn try_to_free(drill: &mut Drill, chance: &Chance, robot: &str, now_ms: u64) -> bool {
    drill.wear = (drill.wear + FREE_WEAR).min(1.0);
    let mut stream = chance.stream("free", robot, now_ms);
    let free = random::uniform(&mut stream) < FREE_CHANCE;
    if free {
        drill.stuck = false;
        drill.draw();
    }
    free
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const TRIDENT: DrillSpec = DrillSpec {
        depth_max_m: 1.0,
        bit_diameter_m: 0.025,
        weight_on_bit_max_n: 100.0,
        torque_max_n_m: 15.0,
        power_w: 200.0,
        rpm: 120.0,
        bit_life_m: 5.0,
    };

    #[test]
    fn a_bit_cuts_by_power_specific_energy_and_area() {
        // A tenth of the power of TRIDENT, in loose ground more than the auger clears.
        let weak = DrillSpec {
            power_w: 20.0,
            ..TRIDENT
        };
        let load = bit_load_in(weak, 0.0, 0.0, f64::INFINITY, 1.0);
        assert_eq!(load.rate_m_per_s, FEED_MAX_M_S);
        let harder = bit_load_in(weak, 3e8, 0.0, f64::INFINITY, 1.0);
        let expected_m_s = 20.0 / (3.05e8 * 4.908_738_521e-4);
        assert!((harder.rate_m_per_s / expected_m_s - 1.0).abs() < 1e-6);
        // 20 W at 120 turns a minute.
        assert!((harder.torque_n_m - 20.0 / (4.0 * std::f64::consts::PI)).abs() < 1e-9);
    }

    #[test]
    fn a_metre_of_basalt_takes_a_fifth_of_a_bit_that_lives_for_five() {
        let ratio = specific_energy_j_m3(2.95e8) / SPECIFIC_ENERGY_BASALT_J_M3;
        assert!((ratio - 1.0).abs() < 1e-9);
    }

    proptest! {
        /// Whatever holds the robot, the bit asks for no more, and a better hold never slows it.
        #[test]
        fn a_bit_stays_within_its_hold(
            hold_n in 0.0..300.0f64,
            more_n in 0.0..300.0f64,
            strength_pa in 0.0..4e8f64,
            wear in 0.0..1.0f64,
            arm_m in 0.1..1.0f64,
        ) {
            let load = bit_load_in(TRIDENT, strength_pa, wear, hold_n, arm_m);
            prop_assert!(load.weight_on_bit_n <= hold_n * (1.0 + 1e-12));
            prop_assert!(load.torque_n_m <= hold_n * arm_m * (1.0 + 1e-12));
            prop_assert!(load.power_w <= TRIDENT.power_w);
            let better = bit_load_in(TRIDENT, strength_pa, wear, hold_n + more_n, arm_m);
            prop_assert!(load.rate_m_per_s <= better.rate_m_per_s);
        }
    }
}
