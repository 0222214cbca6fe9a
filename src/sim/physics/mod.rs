//! Rigid bodies at one site, made for microgravity.
//!
//! Boxes move in the body's own, rotating frame, in 64 bits: free flight by fourth-order
//! Runge–Kutta, so that energy and angular momentum hold over an orbit, contact by sequential
//! impulses with speculative gaps (Catto 2005, "Iterative dynamics with temporal coherence"). What
//! general engines set for Earth follows from the place here: a robot comes to rest, and a collision
//! counts as a blow, at speeds that the local weight gives in a moment.
//!
//! No contact makes energy. Overlap is undone by a displacement that carries no velocity; a blow
//! returns at most the energy that it took; and whatever the solver found, the kinetic energy of
//! those that touch never exceeds what they brought along.
//!
//! - `ground` is the surface as feet feel it, sampled from the voxels that are drawn;
//! - `pairs` finds which boxes are near each other, and where they touch;
//! - `solver` computes the impulses of those that touch each other, `lone` those of one body.
//!
//! Why something pushes a robot belongs in `robot`, gravity and spin in `asteroid`.

mod ground;
mod lone;
mod pairs;
mod solver;

#[cfg(test)]
mod tests;

use bevy::math::{DMat3, DQuat, DVec3};
use bevy::prelude::*;
use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::Xxh3;

use self::ground::Ground;
use self::pairs::Neighbours;
use self::solver::{Contact, Solver, Warm};
use super::asteroid::{ChunkKey, Field, GravityCell, Terrain};

/// A thing comes to rest once it is slower than a fall from this height makes it [m].
const REST_FALL_M: f64 = 1e-3;
const REST_SPEED_MAX_M_S: f64 = 1e-3;
const REST_SPEED_MIN_M_S: f64 = 2e-6;
/// It must stay so slow for this many times the time in which its weight gives it that speed.
const REST_TIMES: f64 = 8.0;
const REST_AFTER_MIN_S: f64 = 2.0;
const REST_AFTER_MAX_S: f64 = 300.0;
/// Parts of the escape speed at which overlap is undone, and the most [m/s].
const RECOVERY_PER_ESCAPE: f64 = 0.05;
const RECOVERY_MAX_M_S: f64 = 0.05;
/// Overlap that is left alone [m].
const SLOP_M: f64 = 1e-3;
/// Part of the overlap that is undone in one step.
const RECOVERY_SHARE: f64 = 0.2;
/// A gap below this counts as touching [m].
const TOUCH_M: f64 = 5e-3;
/// Gaps are looked at from this distance on [m].
const MARGIN_M: f64 = 0.02;
/// A thing at rest wakes when the ground under it has moved by this much [m].
const FOOTING_M: f64 = 2e-4;
/// What stands stays where it is, awake too, as long as what pulls it off its footing is less than
/// this part of its weight (assumed): feet that sink in by some millimetres under half a metre of
/// chassis resist rolling by about as much.
const HOLD_SHARE: f64 = 0.01;
/// Machine on machine: `materials_wear.csv`, friction_coefficient; metal on metal, damped by
/// joints, bounces about as little as on regolith (assumed).
const MACHINE_FRICTION: f64 = 0.5;
const MACHINE_RESTITUTION: f64 = 0.15;

/// Points of a box that feel the ground, its middle among them.
const POINTS: usize = 27;

/// Name of a robot's body in [`Physics`].
#[derive(Component, Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BodyHandle(u32);

/// Position and motion of a robot in the body's rotating frame, as of the end of the tick.
#[derive(Component, Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Motion {
    pub position_m: Vec3,
    pub rotation: Quat,
    pub velocity_m_s: Vec3,
    pub angular_velocity_rad_s: Vec3,
    /// In touch with the ground or with another machine.
    pub touching: bool,
    /// Not moving at all: at rest on the ground, or held by its anchors.
    pub at_rest: bool,
}

/// What surrounds the bodies: gravity and ground.
pub trait Surroundings {
    /// What a free thing feels in the turning frame [m/s²].
    fn acceleration_m_s2(&self, at_m: DVec3, velocity_m_s: DVec3, cell: &mut GravityCell) -> DVec3;
    /// Of the frame.
    fn spin_rad_per_s(&self) -> DVec3;
    /// Speed that leaves for good, about: the measure of what is slow here.
    fn escape_speed_m_s(&self) -> f64;
    /// A distance to the ground, at most the true one [m]; negative below ground.
    fn clearance_m(&self, at_m: DVec3) -> f64;
    fn field(&self, key: ChunkKey) -> Field;
    /// Friction and restitution of a hard robot on the ground here.
    fn grip(&self, at_m: DVec3) -> Grip;
}

/// How ground holds and throws back what touches it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Grip {
    pub friction: f64,
    pub restitution: f64,
}

impl Surroundings for Terrain {
    fn acceleration_m_s2(&self, at_m: DVec3, velocity_m_s: DVec3, cell: &mut GravityCell) -> DVec3 {
        Terrain::acceleration_m_s2(self, at_m, velocity_m_s, cell)
    }

    fn spin_rad_per_s(&self) -> DVec3 {
        self.spin().omega_rad_per_s
    }

    fn escape_speed_m_s(&self) -> f64 {
        let model = self.model();
        (2.0 * model.mu_m3_per_s2() / model.reference_radius_m()).sqrt()
    }

    fn clearance_m(&self, at_m: DVec3) -> f64 {
        self.signed_distance_m(at_m)
    }

    fn field(&self, key: ChunkKey) -> Field {
        Terrain::field(self, key)
    }

    fn grip(&self, at_m: DVec3) -> Grip {
        let ground = self.model().ground_at(at_m);
        Grip {
            friction: ground.friction,
            restitution: ground.restitution,
        }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
enum State {
    Moving,
    /// Asleep on the ground.
    Resting,
    /// Anchored, or a machine that stands for good.
    Held,
    /// Out of the site.
    Gone,
}

/// A box.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct Body {
    state: State,
    half_m: DVec3,
    mass_kg: f64,
    position_m: DVec3,
    rotation: DQuat,
    velocity_m_s: DVec3,
    angular_velocity_rad_s: DVec3,
    /// Of actuators and tools, without gravity.
    force_n: DVec3,
    torque_n_m: DVec3,
    touching: bool,
    /// For how long it has been slow and in touch.
    calm_s: f64,
    /// Way that it may still go before the ground can be near.
    clear_m: f64,
    /// Values of the ground's field at its points when it came to rest.
    footing: [f32; POINTS],
    /// Saves time only.
    #[serde(skip)]
    cell: GravityCell,
}

/// The rigid bodies of one site.
#[derive(Resource, Default, Serialize, Deserialize)]
pub struct Physics {
    bodies: Vec<Body>,
    /// Impulses of the last step, which the next one starts from.
    warm: Vec<Warm>,
    /// Length of that step.
    warm_tick_s: f64,
    /// Something was let go, woken or placed since the last step.
    stirred: bool,
    /// How many move.
    moving: usize,
    // What follows is made again at need and changes no result.
    #[serde(skip)]
    ground: Ground,
    #[serde(skip)]
    neighbours: Neighbours,
    #[serde(skip)]
    solver: Solver,
    #[serde(skip)]
    scratch: Scratch,
}

impl Clone for Physics {
    fn clone(&self) -> Self {
        Self {
            bodies: self.bodies.clone(),
            warm: self.warm.clone(),
            warm_tick_s: self.warm_tick_s,
            stirred: self.stirred,
            moving: self.moving,
            ..Self::default()
        }
    }
}

/// Memory that each step uses again.
#[derive(Default)]
struct Scratch {
    contacts: Vec<Contact>,
    /// Of what moves: acceleration of the free body at the beginning of the step, without
    /// actuators.
    pulls_m_s2: Vec<DVec3>,
    /// By body: 0 where nothing may touch it.
    weights_m_s2: Vec<f64>,
    free: Vec<Option<Free>>,
    /// Sleepers that are being hit.
    woken: Vec<usize>,
    /// By the number of an island: its bodies that are not calm yet.
    islands: Vec<u32>,
    slept: Vec<(u32, usize)>,
}

/// Where a body would be at the end of the step if nothing touched it.
#[derive(Clone, Copy)]
struct Free {
    position_m: DVec3,
    velocity_m_s: DVec3,
    /// Of its fastest point at the beginning of the step [m/s].
    came_at_m_s: f64,
}

impl Body {
    fn new(state: State, position_m: DVec3, rotation: DQuat, size_m: DVec3, mass_kg: f64) -> Self {
        Self {
            state,
            half_m: 0.5 * size_m,
            mass_kg,
            position_m,
            rotation,
            velocity_m_s: DVec3::ZERO,
            angular_velocity_rad_s: DVec3::ZERO,
            force_n: DVec3::ZERO,
            torque_n_m: DVec3::ZERO,
            touching: false,
            calm_s: 0.0,
            clear_m: 0.0,
            footing: [0.0; POINTS],
            cell: GravityCell::default(),
        }
    }

    fn radius_m(&self) -> f64 {
        self.half_m.length()
    }

    /// Principal moments of a homogeneous box.
    fn inertia_kg_m2(&self) -> DVec3 {
        let square = self.half_m * self.half_m;
        self.mass_kg / 3.0
            * DVec3::new(
                square.y + square.z,
                square.x + square.z,
                square.x + square.y,
            )
    }

    /// What a free body feels here, without actuators [m/s²].
    fn pull_m_s2(&mut self, surroundings: &impl Surroundings) -> DVec3 {
        surroundings.acceleration_m_s2(self.position_m, self.velocity_m_s, &mut self.cell)
    }

    /// How far any of its points may come in a step [m].
    fn way_m(&self, pull_m_s2: DVec3, tick_s: f64) -> f64 {
        let push_m_s2 = self.force_n.length() / self.mass_kg;
        (self.speed_m_s() + (pull_m_s2.length() + push_m_s2) * tick_s) * tick_s
    }

    /// Upper bound of the speed of any of its points [m/s].
    fn speed_m_s(&self) -> f64 {
        self.velocity_m_s.length() + self.angular_velocity_rad_s.length() * self.radius_m()
    }

    /// What the ground is felt with: corners, and the middles of edges and faces; x fastest.
    fn points_m(&self) -> [DVec3; POINTS] {
        let axes = [DVec3::X, DVec3::Y, DVec3::Z]
            .map(|axis| self.rotation * (axis * self.half_m.dot(axis)));
        std::array::from_fn(|point| {
            let [x, y, z] = [point % 3, point / 3 % 3, point / 9].map(|i| i as f64 - 1.0);
            self.position_m + (x * axes[0] + y * axes[1] + z * axes[2])
        })
    }
}

/// Moments about world axes of a body with these about its own.
fn inertia_in_world(rotation: DQuat, principal: DVec3) -> DMat3 {
    let axes = DMat3::from_quat(rotation);
    let scaled = DMat3::from_cols(
        axes.x_axis * principal.x,
        axes.y_axis * principal.y,
        axes.z_axis * principal.z,
    );
    scaled * axes.transpose()
}

/// What moments of inertia about its own axes make of a vector in the world.
fn through_axes(rotation: DQuat, moments: DVec3, v: DVec3) -> DVec3 {
    rotation * (moments * (rotation.inverse() * v))
}

/// Speed below which a thing is as good as still under this weight.
fn rest_speed_m_s(weight_m_s2: f64) -> f64 {
    (2.0 * weight_m_s2 * REST_FALL_M)
        .sqrt()
        .clamp(REST_SPEED_MIN_M_S, REST_SPEED_MAX_M_S)
}

/// How long it must be so slow: long enough that a fall would show.
fn rest_after_s(weight_m_s2: f64) -> f64 {
    (REST_TIMES * rest_speed_m_s(weight_m_s2) / weight_m_s2.max(1e-12))
        .clamp(REST_AFTER_MIN_S, REST_AFTER_MAX_S)
}

/// Slower than this it may be while it must be so slow: what pulls it off its footing by more than
/// [`HOLD_SHARE`] has made it faster by then.
fn calm_speed_m_s(weight_m_s2: f64) -> f64 {
    let pulled_m_s = HOLD_SHARE * weight_m_s2 * rest_after_s(weight_m_s2);
    pulled_m_s.clamp(REST_SPEED_MIN_M_S, rest_speed_m_s(weight_m_s2))
}

impl Physics {
    /// Adds a box-shaped robot of `size_m` (full extents) at a pose.
    pub fn add_robot(
        &mut self,
        position_m: Vec3,
        rotation: Quat,
        size_m: Vec3,
        mass_kg: f32,
    ) -> BodyHandle {
        self.add(State::Moving, position_m, rotation, size_m, mass_kg)
    }

    /// Adds a machine that stands for good.
    pub fn add_fixture(&mut self, position_m: Vec3, rotation: Quat, size_m: Vec3) {
        self.add(State::Held, position_m, rotation, size_m, 1.0);
    }

    /// Moves the machine that stands at a place for good; nothing happens where none does.
    pub fn move_fixture(&mut self, from_m: Vec3, to_m: Vec3) {
        let there = |body: &Body| body.state == State::Held && body.position_m.as_vec3() == from_m;
        let Some(index) = self.bodies.iter().position(there) else {
            return;
        };
        self.wake_neighbours(index);
        self.bodies[index].position_m = to_m.as_dvec3();
        self.warm
            .retain(|warm| ![warm.a, warm.b].contains(&(index as u32)));
        self.neighbours.forget();
        self.wake_neighbours(index);
        self.stirred = true;
    }

    fn add(
        &mut self,
        state: State,
        position_m: Vec3,
        rotation: Quat,
        size_m: Vec3,
        mass_kg: f32,
    ) -> BodyHandle {
        let handle = BodyHandle(self.bodies.len() as u32);
        self.bodies.push(Body::new(
            state,
            position_m.as_dvec3(),
            rotation.as_dquat().normalize(),
            size_m.as_dvec3(),
            f64::from(mass_kg),
        ));
        self.moving += usize::from(state == State::Moving);
        self.stirred = true;
        self.neighbours.forget();
        handle
    }

    fn body(&self, handle: BodyHandle) -> &Body {
        &self.bodies[handle.0 as usize]
    }

    fn set_state(&mut self, index: usize, state: State) {
        let body = &mut self.bodies[index];
        if body.state == state {
            return;
        }
        self.moving -= usize::from(body.state == State::Moving);
        self.moving += usize::from(state == State::Moving);
        let leaves = body.state != State::Moving;
        body.state = state;
        body.calm_s = 0.0;
        body.clear_m = 0.0;
        match state {
            State::Moving => {
                self.stirred = true;
                if leaves {
                    // What leaned on it must find its own feet.
                    self.wake_neighbours(index);
                }
            }
            State::Resting | State::Held | State::Gone => {
                body.velocity_m_s = DVec3::ZERO;
                body.angular_velocity_rad_s = DVec3::ZERO;
                body.force_n = DVec3::ZERO;
                body.torque_n_m = DVec3::ZERO;
            }
        }
        if state == State::Gone {
            self.neighbours.forget();
            self.wake_neighbours(index);
        }
    }

    /// Wakes what rests in touch with a body.
    fn wake_neighbours(&mut self, index: usize) {
        let (at_m, radius_m) = (
            self.bodies[index].position_m,
            self.bodies[index].radius_m() + TOUCH_M,
        );
        for other in 0..self.bodies.len() {
            let body = &self.bodies[other];
            if body.state == State::Resting
                && body.position_m.distance(at_m) < radius_m + body.radius_m()
            {
                self.set_state(other, State::Moving);
            }
        }
    }

    /// Whether anything moves, or may: then only short ticks will do.
    pub fn is_stirring(&self) -> bool {
        self.stirred || 0 < self.moving
    }

    pub fn set_mass(&mut self, handle: BodyHandle, mass_kg: f32) {
        self.bodies[handle.0 as usize].mass_kg = f64::from(mass_kg);
    }

    /// Anchored: the ground holds the body where it is.
    pub fn hold(&mut self, handle: BodyHandle) {
        self.set_state(handle.0 as usize, State::Held);
        self.stirred = true;
    }

    pub fn let_go(&mut self, handle: BodyHandle) {
        self.set_state(handle.0 as usize, State::Moving);
        self.stirred = true;
    }

    /// Takes a body out of the site: it is beyond reach.
    pub fn remove_from_site(&mut self, handle: BodyHandle) {
        self.set_state(handle.0 as usize, State::Gone);
    }

    pub fn wake(&mut self, handle: BodyHandle) {
        if self.body(handle).state == State::Resting {
            self.set_state(handle.0 as usize, State::Moving);
        }
    }

    pub fn is_moving(&self, handle: BodyHandle) -> bool {
        self.body(handle).state == State::Moving
    }

    /// Sets the force [N] and torque [N m] of actuators and tools on a body during the next step.
    /// Gravity and the terms of the rotating frame come on top.
    pub fn set_load(&mut self, handle: BodyHandle, force_n: Vec3, torque_n_m: Vec3) {
        let body = &mut self.bodies[handle.0 as usize];
        body.force_n = force_n.as_dvec3();
        body.torque_n_m = torque_n_m.as_dvec3();
    }

    /// Principal moment about the robot's axes, largest of the three [kg m²].
    pub fn inertia_kg_m2(&self, handle: BodyHandle) -> f32 {
        self.body(handle).inertia_kg_m2().max_element() as f32
    }

    /// Position [m] and velocity [m/s] to the last bit, where [`Motion`] is rounded.
    pub fn place_and_velocity(&self, handle: BodyHandle) -> (DVec3, DVec3) {
        let body = self.body(handle);
        (body.position_m, body.velocity_m_s)
    }

    /// Gives a body a velocity: the initial state of an experiment.
    pub fn set_velocity(&mut self, handle: BodyHandle, velocity_m_s: Vec3) {
        let index = handle.0 as usize;
        self.set_state(index, State::Moving);
        let body = &mut self.bodies[index];
        body.velocity_m_s = velocity_m_s.as_dvec3();
        body.angular_velocity_rad_s = DVec3::ZERO;
        body.calm_s = 0.0;
        body.clear_m = 0.0;
        self.stirred = true;
    }

    /// Turns a body: the initial state of an experiment.
    pub fn set_angular_velocity(&mut self, handle: BodyHandle, angular_velocity_rad_s: Vec3) {
        let index = handle.0 as usize;
        self.set_state(index, State::Moving);
        self.bodies[index].angular_velocity_rad_s = angular_velocity_rad_s.as_dvec3();
        self.stirred = true;
    }

    /// Places a body: the initial state of an experiment.
    pub fn set_pose(&mut self, handle: BodyHandle, position_m: Vec3, rotation: Quat) {
        let index = handle.0 as usize;
        self.wake_neighbours(index);
        self.set_state(index, State::Moving);
        let body = &mut self.bodies[index];
        body.position_m = position_m.as_dvec3();
        body.rotation = rotation.as_dquat().normalize();
        body.calm_s = 0.0;
        body.clear_m = 0.0;
        self.warm
            .retain(|warm| warm.a != handle.0 && warm.b != handle.0);
        self.neighbours.forget();
        self.stirred = true;
    }

    /// Moves everything on by one short tick.
    pub fn step(&mut self, surroundings: &impl Surroundings, tick_s: f64) {
        self.stirred = false;
        let mut scratch = std::mem::take(&mut self.scratch);
        scratch.contacts.clear();
        self.neighbours.renew(&self.bodies);
        self.weigh(surroundings, &mut scratch);
        self.meet_each_other(surroundings, &mut scratch, tick_s);
        self.meet_ground(surroundings, &mut scratch, tick_s);
        self.accelerate(surroundings, &mut scratch, tick_s);
        let recovery_m_s =
            (RECOVERY_PER_ESCAPE * surroundings.escape_speed_m_s()).min(RECOVERY_MAX_M_S);
        let mut solver = std::mem::take(&mut self.solver);
        let steady = self.warm_tick_s == tick_s;
        solver.solve(
            &self.bodies,
            &mut scratch.contacts,
            if steady { &self.warm } else { &[] },
            &scratch.weights_m_s2,
            tick_s,
            recovery_m_s,
        );
        self.advance(surroundings, &solver, &mut scratch, tick_s);
        solver.keep_warm(&scratch.contacts, &mut self.warm);
        self.warm_tick_s = tick_s;
        self.solver = solver;
        self.scratch = scratch;
    }

    /// Asks what pulls at everything that moves.
    fn weigh(&mut self, surroundings: &impl Surroundings, scratch: &mut Scratch) {
        let pulls = self.bodies.iter_mut().map(|body| {
            if body.state == State::Moving {
                body.pull_m_s2(surroundings)
            } else {
                DVec3::ZERO
            }
        });
        scratch.pulls_m_s2.clear();
        scratch.pulls_m_s2.extend(pulls);
    }

    /// Finds where machines touch, and wakes sleepers that are about to be hit.
    fn meet_each_other(
        &mut self,
        surroundings: &impl Surroundings,
        scratch: &mut Scratch,
        tick_s: f64,
    ) {
        let Scratch {
            contacts,
            pulls_m_s2,
            woken,
            ..
        } = scratch;
        woken.clear();
        for &(a, b) in self.neighbours.pairs() {
            let (one, other) = (&self.bodies[a as usize], &self.bodies[b as usize]);
            let moves = |body: &Body| body.state == State::Moving;
            if !moves(one) && !moves(other) {
                continue;
            }
            let [way_one_m, way_other_m] = [(a, one), (b, other)]
                .map(|(index, body)| body.way_m(pulls_m_s2[index as usize], tick_s));
            let closing_m = way_one_m + way_other_m + MARGIN_M;
            let first = contacts.len();
            pairs::touch(one, other, (a, b), closing_m, contacts);
            for contact in &contacts[first..] {
                let hit = contact.approach_m_s(one, other);
                for (index, body) in [(a, one), (b, other)] {
                    if body.state == State::Resting && REST_SPEED_MAX_M_S < hit {
                        woken.push(index as usize);
                    }
                }
            }
        }
        for &mut index in woken {
            self.set_state(index, State::Moving);
            pulls_m_s2[index] = self.bodies[index].pull_m_s2(surroundings);
        }
    }

    /// Finds where moving machines touch the ground.
    fn meet_ground(
        &mut self,
        surroundings: &impl Surroundings,
        scratch: &mut Scratch,
        tick_s: f64,
    ) {
        self.ground.carry(self.bodies.len());
        for (index, body) in self.bodies.iter_mut().enumerate() {
            if body.state != State::Moving {
                continue;
            }
            let reach_m = 1.5 * body.way_m(scratch.pulls_m_s2[index], tick_s) + MARGIN_M;
            if reach_m < body.clear_m {
                continue;
            }
            let clearance_m = self.ground.clearance_m(surroundings, body.position_m);
            body.clear_m = 0.7 * clearance_m - body.radius_m();
            if reach_m < body.clear_m {
                continue;
            }
            body.clear_m = 0.0;
            self.ground.touch(
                surroundings,
                body,
                index as u32,
                reach_m,
                &mut scratch.contacts,
            );
        }
    }

    /// Computes where each moving body would go if nothing touched it, and gives those that may be
    /// touched the velocity that gravity and actuators alone would.
    fn accelerate(&mut self, surroundings: &impl Surroundings, scratch: &mut Scratch, tick_s: f64) {
        let Scratch {
            contacts,
            pulls_m_s2,
            weights_m_s2,
            free,
            ..
        } = scratch;
        free.clear();
        free.resize(self.bodies.len(), None);
        weights_m_s2.clear();
        weights_m_s2.resize(self.bodies.len(), 0.0);
        for contact in contacts.iter() {
            for index in [contact.a, contact.b] {
                if let Some(weight) = weights_m_s2.get_mut(index as usize) {
                    // Marks what may be touched; the weight itself follows.
                    *weight = 1.0;
                }
            }
        }
        for (index, body) in self.bodies.iter_mut().enumerate() {
            if body.state != State::Moving {
                continue;
            }
            let push_m_s2 = body.force_n / body.mass_kg;
            let (at_m, velocity) = (body.position_m, body.velocity_m_s);
            let came_at_m_s = body.speed_m_s();
            let pull_m_s2 = pulls_m_s2[index];
            if weights_m_s2[index] == 0.0 {
                let cell = &mut body.cell;
                let field = |at_m, velocity| {
                    surroundings.acceleration_m_s2(at_m, velocity, cell) + push_m_s2
                };
                let first = pull_m_s2 + push_m_s2;
                let (end_m, end_m_s) = runge_kutta(at_m, velocity, first, tick_s, field);
                free[index] = Some(Free {
                    position_m: end_m,
                    velocity_m_s: end_m_s,
                    came_at_m_s,
                });
            } else {
                weights_m_s2[index] = pull_m_s2.length();
                body.velocity_m_s += tick_s * (pull_m_s2 + push_m_s2);
                free[index] = Some(Free {
                    position_m: at_m + 0.5 * tick_s * (velocity + body.velocity_m_s),
                    velocity_m_s: body.velocity_m_s,
                    came_at_m_s,
                });
            }
            if body.torque_n_m != DVec3::ZERO {
                let eased = body.inertia_kg_m2().recip();
                body.angular_velocity_rad_s +=
                    tick_s * through_axes(body.rotation, eased, body.torque_n_m);
            }
        }
    }

    /// Moves bodies by the velocities that the solver found.
    fn advance(
        &mut self,
        surroundings: &impl Surroundings,
        solver: &Solver,
        scratch: &mut Scratch,
        tick_s: f64,
    ) {
        let spin = surroundings.spin_rad_per_s();
        // Angular momentum is kept in a frame that does not turn. Seen from ours, which does, it
        // turns backwards by this in a step.
        let back = DQuat::from_scaled_axis(-tick_s * spin);
        let mut slept = std::mem::take(&mut scratch.slept);
        slept.clear();
        for (index, body) in self.bodies.iter_mut().enumerate() {
            if body.state != State::Moving {
                continue;
            }
            let free = scratch.free[index].expect("every moving body was accelerated");
            let before_m = body.position_m;
            let principal = body.inertia_kg_m2();
            let weight_m_s2 = scratch.weights_m_s2[index];
            let mut outcome = *solver.outcome(index);
            if outcome.pushed && outcome.touching {
                let hold_m_s = HOLD_SHARE * weight_m_s2 * tick_s;
                let now_m_s = outcome.velocity_m_s.length()
                    + outcome.angular_velocity_rad_s.length() * body.radius_m();
                if free.came_at_m_s.max(now_m_s) < hold_m_s {
                    outcome.velocity_m_s = DVec3::ZERO;
                    outcome.angular_velocity_rad_s = DVec3::ZERO;
                }
            }
            let (turn, recovery_rad_s) = if outcome.pushed {
                body.velocity_m_s = outcome.velocity_m_s;
                body.position_m += tick_s * (outcome.velocity_m_s + outcome.recovery_m_s);
                (outcome.angular_velocity_rad_s, outcome.recovery_rad_s)
            } else {
                body.position_m = free.position_m;
                body.velocity_m_s = free.velocity_m_s;
                (body.angular_velocity_rad_s, DVec3::ZERO)
            };
            let momentum = through_axes(body.rotation, principal, turn + spin);
            if outcome.pushed {
                let turned = DQuat::from_scaled_axis(tick_s * (turn + recovery_rad_s));
                body.rotation = (turned * body.rotation).normalize();
            } else {
                // By the velocity in the middle of the step, which depends on itself: two rounds
                // keep the energy of a tumbling chassis.
                let mut middle = turn + spin;
                for _ in 0..2 {
                    let half = DQuat::from_scaled_axis(0.5 * tick_s * middle) * body.rotation;
                    middle = through_axes(half, principal.recip(), momentum);
                }
                let turned = back * DQuat::from_scaled_axis(tick_s * middle);
                body.rotation = (turned * body.rotation).normalize();
            }
            body.angular_velocity_rad_s =
                through_axes(body.rotation, principal.recip(), back * momentum) - spin;
            body.clear_m -= before_m.distance(body.position_m);
            body.touching = outcome.touching;
            let calm = outcome.touching
                && !outcome.overlaps
                && body.speed_m_s() < calm_speed_m_s(weight_m_s2);
            if calm {
                body.calm_s += tick_s;
                if rest_after_s(weight_m_s2) <= body.calm_s {
                    slept.push((outcome.island, index));
                }
            } else {
                body.calm_s = 0.0;
            }
        }
        if slept.is_empty() {
            scratch.slept = slept;
            return;
        }
        // Those that lean on each other go to rest together.
        let islands = &mut scratch.islands;
        islands.clear();
        islands.resize(self.bodies.len(), 0);
        for (index, body) in self.bodies.iter().enumerate() {
            if body.state == State::Moving && solver.outcome(index).touching {
                islands[solver.outcome(index).island as usize] += 1;
            }
        }
        for &(island, _) in &slept {
            islands[island as usize] -= 1;
        }
        slept.retain(|&(island, _)| islands[island as usize] == 0);
        for &(_, index) in &slept {
            self.set_state(index, State::Resting);
            let points = self.bodies[index].points_m();
            self.bodies[index].footing =
                points.map(|at_m| self.ground.value_m(surroundings, at_m) as f32);
        }
        scratch.slept = slept;
    }

    /// Reads a body's state into `motion`.
    pub fn read(&self, handle: BodyHandle, motion: &mut Motion) {
        let body = self.body(handle);
        motion.position_m = body.position_m.as_vec3();
        motion.rotation = body.rotation.as_quat();
        motion.velocity_m_s = body.velocity_m_s.as_vec3();
        motion.angular_velocity_rad_s = body.angular_velocity_rad_s.as_vec3();
        motion.touching = body.touching;
        motion.at_rest = matches!(body.state, State::Held | State::Resting);
    }

    /// Becomes a copy of other bodies on the same body; `ground` is what it is now where it was or is
    /// dug, for those chunks that need not be made again.
    pub fn return_to(
        &mut self,
        saved: &Self,
        ground: impl Iterator<Item = (ChunkKey, Option<Field>)>,
    ) {
        self.bodies.clone_from(&saved.bodies);
        self.warm.clone_from(&saved.warm);
        self.warm_tick_s = saved.warm_tick_s;
        self.stirred = saved.stirred;
        self.moving = saved.moving;
        self.neighbours.forget();
        for (key, field) in ground {
            self.ground.renew(key, field);
        }
    }

    /// Lets the ground follow what has been dug or heaped up, and wakes what stood on it.
    pub fn renew_ground(&mut self, surroundings: &impl Surroundings, changed: &[ChunkKey]) {
        for &key in changed {
            self.ground.forget(key);
        }
        for index in 0..self.bodies.len() {
            let body = &mut self.bodies[index];
            match body.state {
                State::Moving => body.clear_m = 0.0,
                State::Held | State::Gone => {}
                State::Resting => {
                    let points = body.points_m();
                    let near = points
                        .iter()
                        .any(|&at_m| changed.contains(&ChunkKey::containing(at_m)));
                    if !near {
                        continue;
                    }
                    let was = body.footing;
                    let moved = points.iter().zip(was).any(|(&at_m, was)| {
                        let now = self.ground.value_m(surroundings, at_m);
                        FOOTING_M < (now - f64::from(was)).abs()
                    });
                    if moved {
                        self.set_state(index, State::Moving);
                    }
                }
            }
        }
    }

    /// Feeds everything that can make a difference later to a hash.
    pub fn hash_into(&self, hash: &mut Xxh3) {
        for body in &self.bodies {
            for value in body
                .position_m
                .to_array()
                .into_iter()
                .chain(body.rotation.to_array())
                .chain(body.velocity_m_s.to_array())
                .chain(body.angular_velocity_rad_s.to_array())
                .chain([body.mass_kg, body.calm_s])
            {
                hash.update(&value.to_bits().to_le_bytes());
            }
            hash.update(&[body.state as u8, u8::from(body.touching)]);
        }
        hash.update(&(self.warm.len() as u64).to_le_bytes());
    }
}

/// One step of fourth-order Runge–Kutta; `k1` is the field at its beginning.
fn runge_kutta(
    at_m: DVec3,
    velocity: DVec3,
    k1: DVec3,
    step_s: f64,
    mut field: impl FnMut(DVec3, DVec3) -> DVec3,
) -> (DVec3, DVec3) {
    let half_s = 0.5 * step_s;
    let v2 = velocity + half_s * k1;
    let k2 = field(at_m + half_s * velocity, v2);
    let v3 = velocity + half_s * k2;
    let k3 = field(at_m + half_s * v2, v3);
    let v4 = velocity + step_s * k3;
    let k4 = field(at_m + step_s * v3, v4);
    (
        at_m + step_s / 6.0 * (velocity + 2.0 * v2 + 2.0 * v3 + v4),
        velocity + step_s / 6.0 * (k1 + 2.0 * k2 + 2.0 * k3 + k4),
    )
}
