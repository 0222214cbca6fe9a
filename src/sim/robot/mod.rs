//! Robots: what they are made of and how they spend power, propellant and tools.
//!
//! [`autopilot`] decides what a robot does from tick to tick, [`guidance`] computes hops, [`command`]
//! turns orders into plans, [`transit`] makes journeys of them where motion is planned. What the
//! ground is belongs in `asteroid`, how rigid bodies move in `physics`, what a load is worth in
//! `economy`.

use std::sync::Arc;

use bevy::math::DVec3;
use bevy::prelude::*;
use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::Xxh3;

use super::asteroid::{Feedstock, GravityCell, Terrain};
use super::economy::ledger::{AccountId, Ledger, Memo};
use super::level::kind::{AnchorSpec, WheelSpec};
use super::level::{MotionModel, RobotKind};
use super::observation::Activity;
use super::order::{Log, Severity};
use super::physics::{BodyHandle, Motion, Physics};
use super::prospector::{ProspectorId, Prospectors};
use super::voyage::rocket::exhaust_speed_m_per_s;
use super::{Accounts, Clock, SimSystems, Terms, Tick};

pub mod anchor_ground;
pub mod atlas;
pub mod autopilot;
pub mod ballistics;
pub mod command;
pub mod digging;
pub mod drill;
pub mod feats;
pub mod forecast;
pub mod guidance;
mod landing;
pub mod power;
pub mod recoil;
pub mod rescue;
pub mod service;
pub mod spoil;
pub mod sunlight;
pub mod thermal;
pub mod transit;
pub mod wear;
pub mod wheels;

pub use power::Battery;
pub use service::{Service, Spares};
pub use wear::Health;

use autopilot::{Autopilot, Drums};
use digging::{dig_rate_kg_per_s, dig_reaction_n};
use drill::Drill;
use recoil::Recoil;
use wheels::Wheels;

/// Push of the legs at take-off [N] (assumed).
const LEG_FORCE_N: f64 = 40.0;

/// Moves, digs, powers and wears robots.
pub struct RobotPlugin;

impl Plugin for RobotPlugin {
    fn build(&self, app: &mut App) {
        app.add_systems(
            Tick,
            (
                (autopilot::fly.run_if(simulated), drill::press)
                    .chain()
                    .in_set(SimSystems::Command),
                apply_loads.in_set(SimSystems::Forces),
                (move_bodies, rescue::follow, book_recoil)
                    .chain()
                    .in_set(SimSystems::Physics),
                (
                    burn_propellant,
                    digging::dig,
                    drill::deepen,
                    spoil::dump,
                    spoil::settle,
                    super::plant::subsidence::sink,
                    anchor_ground::loosen,
                    power::draw_power,
                    autopilot::work,
                    service::work,
                    wear::age,
                    transit::travel.run_if(planned),
                )
                    .chain()
                    .in_set(SimSystems::Exchange),
            ),
        );
    }
}

fn simulated(terms: Res<Terms>) -> bool {
    terms.motion == MotionModel::Simulated
}

fn planned(terms: Res<Terms>) -> bool {
    terms.motion == MotionModel::Planned
}

/// A machine, its owner and its kind.
#[derive(Component, Clone, Debug, Serialize, Deserialize)]
pub struct Robot {
    pub name: String,
    pub owner: ProspectorId,
    pub kind_name: String,
    pub kind: Arc<RobotKind>,
    /// Gone beyond the reach of the site.
    pub lost: bool,
    /// Weight of the machine itself [g]: its account in the ledger.
    pub(in crate::sim) dry_g: i64,
    pub machine_account: AccountId,
    /// Spare parts in its lockers.
    pub spares: Spares,
    /// Taken apart for its parts, for good.
    pub stripped: bool,
    /// The robot that carries it, and the one that it carries, with what that weighs [g].
    pub carried_by: Option<String>,
    pub carries: Option<String>,
    pub(in crate::sim) burden_g: i64,
}

/// The regolith bin, with `0 ≤ load.mass_g ≤ capacity_g`.
#[derive(Component, Clone, Debug, Serialize, Deserialize)]
pub struct Bin {
    pub(super) load: Feedstock,
    pub capacity_g: i64,
    pub account: AccountId,
}

impl Bin {
    pub fn load_g(&self) -> i64 {
        self.load.mass_g
    }
}

/// Propellant (water, for steam thrusters).
#[derive(Component, Clone, Debug, Serialize, Deserialize)]
pub struct Tank {
    pub(super) propellant_g: i64,
    pub capacity_g: i64,
    pub account: AccountId,
    /// Burnt and not yet a whole gram [g].
    pub(super) owed_g: f64,
}

impl Tank {
    pub fn propellant_g(&self) -> i64 {
        self.propellant_g
    }
}

/// How the robot holds on to the ground.
#[derive(Component, Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub enum Anchor {
    #[default]
    Out,
    Holding {
        /// Pull that the ground resists [N].
        pull_out_n: f64,
        /// What it would resist with all the ground there that nobody has dug [N].
        whole_n: f64,
    },
}

impl Anchor {
    pub fn hold_n(self) -> f64 {
        match self {
            Self::Out => 0.0,
            Self::Holding { pull_out_n, .. } => pull_out_n,
        }
    }
}

/// Bucket drums.
#[derive(Component, Clone, Debug, Default, Serialize, Deserialize)]
pub struct Tool {
    /// Worn part of the teeth, 0 to 1.
    pub(super) wear: f64,
    /// Loosened and not yet a whole gram [g].
    pub(super) owed_g: f64,
    /// Dug since robots near by last gathered its dust [kg].
    pub(super) dug_kg: f64,
    /// Mass rate at which the drums were last turning in the ground [kg/s].
    pub(super) rate_kg_per_s: f64,
    /// Of what is in the bin, what the drums have lost on the way and not yet let fall [g].
    pub(super) spilling_g: f64,
}

impl Tool {
    pub fn wear(&self) -> f64 {
        self.wear
    }

    pub fn rate_kg_per_s(&self) -> f64 {
        self.rate_kg_per_s
    }
}

/// What turns within the chassis: reaction wheels and the bit.
#[derive(Component, Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Gear {
    pub(super) wheels: Wheels,
    pub(super) drill: Drill,
}

impl Gear {
    pub fn wheels(&self) -> &Wheels {
        &self.wheels
    }

    pub fn drill(&self) -> &Drill {
        &self.drill
    }
}

/// What the actuators are told for this tick, body-fixed axes.
#[derive(Component, Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Drive {
    /// Wanted acceleration by thrusters, on top of what gravity does [m/s²].
    pub thrust_m_s2: DVec3,
    /// Wanted change of velocity by the legs [m/s]; needs ground to push on.
    pub kick_m_s: DVec3,
    /// Wanted thrust and torque, by hand [N, N m]; site frame.
    pub push_n: DVec3,
    pub torque_n_m: DVec3,
    /// Wanted "up" and "ahead" of the chassis; attitude is left alone where `None`.
    pub face: Option<(DVec3, DVec3)>,
    /// Thrust as delivered [N].
    pub thrust_n: DVec3,
    /// Mass [kg] and velocity [m/s] with which the tick began.
    pub(super) mass_kg: f64,
    pub(super) before_m_s: DVec3,
    /// Couple of the tools on the chassis [N m].
    pub(super) tool_n_m: DVec3,
}

/// The grid cell of the gravity field that the robot is in. A cache: not part of the state.
#[derive(Component, Clone, Debug, Default)]
pub struct FieldCell(pub GravityCell);

impl Robot {
    pub fn half_height_m(&self) -> f64 {
        0.5 * self.kind.size_m.1
    }

    /// The machine itself, without load and spare parts [g].
    pub fn dry_g(&self) -> i64 {
        self.dry_g
    }

    /// Full extents along the robot's own axes.
    pub fn size_m(&self) -> Vec3 {
        let (x, y, z) = self.kind.size_m;
        DVec3::new(x, y, z).as_vec3()
    }

    /// Everything on board [kg].
    pub fn mass_kg(&self, bin: &Bin, tank: &Tank) -> f64 {
        let mass_g = self.dry_g
            + self.burden_g
            + self.spares.total_g()
            + bin.load.mass_g
            + tank.propellant_g;
        1e-3 * mass_g as f64
    }
}

type Loaded<'w> = (
    &'w mut Robot,
    &'w BodyHandle,
    &'w Motion,
    &'w Bin,
    &'w mut Tank,
    &'w mut Anchor,
    &'w mut Tool,
    &'w mut Drive,
    &'w mut Autopilot,
    &'w mut FieldCell,
    &'w mut Gear,
    &'w Health,
);

/// Sums gravity, fictitious forces, thrust, legs and the reaction of the tools on each chassis.
fn apply_loads(
    clock: Res<Clock>,
    terms: Res<Terms>,
    terrain: Res<Terrain>,
    mut physics: ResMut<Physics>,
    mut log: ResMut<Log>,
    prospectors: Res<Prospectors>,
    mut robots: Query<Loaded>,
) {
    let tick_s = clock.tick_s();
    for (
        mut robot,
        &body,
        motion,
        bin,
        mut tank,
        mut anchor,
        mut tool,
        mut drive,
        mut pilot,
        mut cell,
        mut gear,
        health,
    ) in &mut robots
    {
        if robot.lost || robot.carried_by.is_some() {
            continue;
        }
        let grips = || digging::in_reach(&terrain, &robot, motion, *anchor);
        let rate = match pilot.drums() {
            Some(Drums::Piloted) => {
                health.vigour() * dig_rate_kg_per_s(&robot.kind, *anchor, tool.wear)
            }
            // By hand nothing is held back; in the air the drums find nothing.
            Some(Drums::ByHand { rate }) if grips() => {
                rate * health.vigour() * dig_rate_kg_per_s(&robot.kind, Anchor::Out, tool.wear)
            }
            _ => 0.0,
        };
        tool.rate_kg_per_s = rate;
        let bit = gear.drill.load;
        let reaction_n = dig_reaction_n(&robot.kind, rate) + bit.weight_on_bit_n;
        if let Anchor::Holding { pull_out_n, .. } = *anchor {
            // The feet that hold the chassis down also keep it from turning with the bit.
            let strain_n = reaction_n.max(bit.torque_n_m / drill::arm_m(&robot));
            let dry = presses_down(&robot.kind)
                && 0.0 < strain_n
                && !press_down(&robot.kind, &mut tank, strain_n, tick_s);
            if strain_n <= pull_out_n && !dry {
                gear.rest_wheels(robot.kind.wheels, tick_s);
                continue;
            }
            *anchor = Anchor::Out;
            physics.let_go(body);
            pilot.abort();
            log.tell(
                clock.time_ms(),
                prospectors.name(robot.owner),
                Severity::Alarm,
                format!(
                    "{}: the anchors pulled out: {strain_n:.1} N on a hold of {pull_out_n:.1} N",
                    robot.name
                ),
            );
        }
        if terms.motion == MotionModel::Planned {
            // What nothing holds is thrown off in `transit`.
            continue;
        }
        if !physics.is_moving(body) {
            if drive.thrust_m_s2 == DVec3::ZERO
                && drive.kick_m_s == DVec3::ZERO
                && drive.push_n == DVec3::ZERO
                && drive.torque_n_m == DVec3::ZERO
                && reaction_n == 0.0
            {
                gear.rest_wheels(robot.kind.wheels, tick_s);
                continue;
            }
            physics.wake(body);
        }
        let mass_kg = robot.mass_kg(bin, &tank);
        let at_m = motion.position_m.as_dvec3();
        let velocity = motion.velocity_m_s.as_dvec3();
        // Gravity and the terms of the rotating frame are the business of `physics`.
        let mut force_n = DVec3::ZERO;
        drive.mass_kg = mass_kg;
        drive.before_m_s = velocity;
        drive.tool_n_m = DVec3::ZERO;
        drive.thrust_n = DVec3::ZERO;
        let wanted_n = mass_kg * drive.thrust_m_s2 + drive.push_n;
        if let Some(thrusters) = robot.kind.thrusters
            && wanted_n != DVec3::ZERO
            && 0 < tank.propellant_g
        {
            drive.thrust_n = wanted_n.clamp_length_max(thrusters.thrust_n);
            force_n += drive.thrust_n;
            tank.owed_g +=
                1e3 * drive.thrust_n.length() * tick_s / exhaust_speed_m_per_s(thrusters.isp_s);
        }
        if drive.kick_m_s != DVec3::ZERO {
            let free_fall = terrain.acceleration_m_s2(at_m, velocity, &mut cell.0);
            let kick_n = mass_kg * (drive.kick_m_s / tick_s - free_fall);
            force_n += kick_n.clamp_length_max(LEG_FORCE_N);
        }
        if 0.0 < reaction_n {
            let up = (motion.rotation * Vec3::Y).as_dvec3();
            force_n += reaction_n * up;
            drive.tool_n_m = bit.torque_n_m * up;
        }
        let wheels = robot.kind.wheels;
        let wanted_n_m = match drive.face {
            Some((up, ahead)) => attitude_torque_n_m(
                motion,
                physics.inertia_kg_m2(body),
                wheels.torque_n_m as f32,
                up,
                ahead,
            )
            .as_dvec3(),
            None => drive.torque_n_m,
        };
        let mut torque_n_m = drive.tool_n_m;
        if wanted_n_m != DVec3::ZERO {
            torque_n_m += gear.wheels.turn(wanted_n_m, wheels, tick_s);
        }
        if gear.wheels.want_unloading(wheels)
            && let Some(thrusters) = robot.kind.thrusters
            && 0 < tank.propellant_g
        {
            let lever_m = 0.5 * robot.kind.size_m.0;
            let couple_n_m = gear.wheels.unload(lever_m * thrusters.thrust_n, tick_s);
            tank.owed_g +=
                1e3 * couple_n_m / lever_m * tick_s / exhaust_speed_m_per_s(thrusters.isp_s);
        }
        physics.set_mass(body, mass_kg as f32);
        physics.set_load(body, force_n.as_vec3(), torque_n_m.as_vec3());
        if !terrain.model().is_within_reach(at_m) {
            robot.lost = true;
            pilot.abort();
            physics.remove_from_site(body);
            log.tell(
                clock.time_ms(),
                prospectors.name(robot.owner),
                Severity::Alarm,
                format!(
                    "{} has left {} for good",
                    robot.name,
                    terrain.model().record().name
                ),
            );
        }
    }
}

impl Gear {
    /// At rest the wheels empty themselves against the ground.
    fn rest_wheels(&mut self, spec: WheelSpec, tick_s: f64) {
        if self.wheels != Wheels::default() {
            self.wheels.unload(spec.torque_n_m, tick_s);
        }
    }
}

/// Whether thrusters hold the robot down instead of an anchor.
fn presses_down(kind: &RobotKind) -> bool {
    matches!(kind.anchor, Some(AnchorSpec::ThrustDown { .. }))
}

/// Burns what it takes to press the robot down against a load; whether there was enough.
fn press_down(kind: &RobotKind, tank: &mut Tank, load_n: f64, tick_s: f64) -> bool {
    let Some(thrusters) = kind.thrusters else {
        return false;
    };
    tank.owed_g += 1e3 * load_n * tick_s / exhaust_speed_m_per_s(thrusters.isp_s);
    tank.owed_g < tank.propellant_g as f64
}

/// Reaction wheels: a critically damped turn of about a minute, as strong as the wheels are.
fn attitude_torque_n_m(
    motion: &Motion,
    inertia_kg_m2: f32,
    torque_max_n_m: f32,
    up: DVec3,
    ahead: DVec3,
) -> Vec3 {
    const RATE_PER_S: f32 = 0.15;
    let wanted = stand(up, ahead).as_quat();
    let mut error = wanted * motion.rotation.inverse();
    if error.w < 0.0 {
        error = -error;
    }
    let turn_rad = error.to_scaled_axis();
    let torque_n_m = inertia_kg_m2
        * (RATE_PER_S * RATE_PER_S * turn_rad - 2.0 * RATE_PER_S * motion.angular_velocity_rad_s);
    torque_n_m.clamp_length_max(torque_max_n_m)
}

/// The attitude of a robot that stands with +Y along `up` and +Z as near to `ahead` as that allows.
pub fn stand(up: DVec3, ahead: DVec3) -> bevy::math::DQuat {
    let up = up.normalize_or(DVec3::Y);
    let ahead = ahead.reject_from_normalized(up);
    let ahead = if ahead.length_squared() < 1e-12 {
        up.any_orthonormal_vector()
    } else {
        ahead.normalize()
    };
    bevy::math::DQuat::from_mat3(&bevy::math::DMat3::from_cols(up.cross(ahead), up, ahead))
}

/// Steps the rigid bodies when anything moves freely and reads the result.
fn move_bodies(
    clock: Res<Clock>,
    terrain: Res<Terrain>,
    mut physics: ResMut<Physics>,
    mut robots: Query<(&BodyHandle, &mut Motion)>,
) {
    // A body let go within a long tick waits for the short one that follows.
    if !physics.is_stirring() || !clock.is_short() {
        return;
    }
    physics.step(&*terrain, clock.tick_s());
    for (&body, mut motion) in &mut robots {
        physics.read(body, &mut motion);
    }
}

/// Books to the body what robots in touch with it push: all that changes their momentum but their
/// thrust. Their weight is in it, and with it the pull of their mass on the body, so that a robot
/// at rest gives nothing; in flight its pull is left out, and comes back when it lands.
fn book_recoil(
    clock: Res<Clock>,
    terrain: Res<Terrain>,
    physics: Res<Physics>,
    mut recoil: ResMut<Recoil>,
    robots: Query<(&BodyHandle, &Motion, &Drive)>,
) {
    if !clock.is_short() {
        return;
    }
    for (&body, motion, drive) in &robots {
        let pushes =
            motion.touching || drive.kick_m_s != DVec3::ZERO || drive.tool_n_m != DVec3::ZERO;
        if drive.mass_kg == 0.0 || !pushes || !physics.is_moving(body) {
            continue;
        }
        let change_n =
            drive.mass_kg * (motion.velocity_m_s.as_dvec3() - drive.before_m_s) / clock.tick_s();
        recoil.book(
            terrain.model().from_centre(motion.position_m.as_dvec3()),
            drive.thrust_n - change_n,
            -drive.tool_n_m,
            clock.tick_s(),
        );
    }
}

fn burn_propellant(
    clock: Res<Clock>,
    accounts: Res<Accounts>,
    mut ledger: ResMut<Ledger>,
    mut tanks: Query<&mut Tank>,
) {
    for mut tank in &mut tanks {
        if tank.owed_g < 1.0 {
            continue;
        }
        let burnt_g = (tank.owed_g.floor() as i64).min(tank.propellant_g);
        tank.owed_g = if burnt_g == tank.propellant_g {
            0.0
        } else {
            tank.owed_g - burnt_g as f64
        };
        tank.propellant_g -= burnt_g;
        ledger
            .transfer(
                clock.time_ms(),
                tank.account,
                accounts.exhaust,
                burnt_g,
                Memo::Propellant,
            )
            .expect("the tank's account holds what the tank holds");
    }
}

/// Feeds a robot's state to a hash.
pub(crate) fn hash_robot(
    hash: &mut Xxh3,
    robot: &Robot,
    motion: &Motion,
    stores: (&Bin, &Tank, &Battery, &Tool, &Anchor, &Gear),
    activity: Activity,
) {
    let (bin, tank, battery, tool, anchor, gear) = stores;
    let wheels = gear.wheels.momentum_n_m_s().to_array();
    for value in wheels.into_iter().chain(gear.drill.numbers()) {
        hash.update(&value.to_bits().to_le_bytes());
    }
    hash.update(robot.name.as_bytes());
    for value in motion
        .position_m
        .to_array()
        .into_iter()
        .chain(motion.rotation.to_array())
        .chain(motion.velocity_m_s.to_array())
        .chain(motion.angular_velocity_rad_s.to_array())
    {
        hash.update(&value.to_bits().to_le_bytes());
    }
    for value in [tank.propellant_g, robot.dry_g, robot.burden_g] {
        hash.update(&value.to_le_bytes());
    }
    bin.load.hash_into(hash);
    robot.spares.hash_into(hash);
    hash.update(&[robot.stripped, robot.carried_by.is_some()].map(u8::from));
    for value in [
        tank.owed_g,
        battery.charge_j,
        tool.wear,
        tool.owed_g,
        tool.dug_kg,
        tool.spilling_g,
        battery.cold_j,
        battery.heat_j,
        battery.solar_w,
        anchor.hold_n(),
    ] {
        hash.update(&value.to_bits().to_le_bytes());
    }
    hash.update(&[
        activity as u8,
        u8::from(robot.lost),
        u8::from(motion.at_rest),
    ]);
}
