//! Rigid bodies at one site: Rapier's world, set up for microgravity.
//!
//! Rapier is driven through `bevy_rapier3d::rapier` as one [`PhysicsWorld`] resource and not
//! through the plugin's mirrored components: a tick then costs no copying to and fro, and the
//! whole state, contacts included, is one value that a snapshot can hold. The frame is the body's
//! own, rotating; fictitious forces come with gravity from `asteroid`. Who pushes a robot and why
//! belongs in `robot`.

use std::collections::{BTreeMap, BTreeSet};

use bevy::math::DVec3;
use bevy::prelude::*;
use bevy_rapier3d::rapier::prelude as rapier;
use bevy_rapier3d::rapier::prelude::{
    ActiveEvents, ColliderBuilder, ColliderHandle, PhysicsWorld, RigidBodyBuilder, RigidBodyHandle,
    RigidBodyType,
};
use serde::{Deserialize, Serialize};

use super::asteroid::{CHUNK_VOXELS, ChunkKey, Terrain, VOXEL_M};

/// A robot slower than this, in touch with the ground for [`REST_AFTER_S`], has come to rest.
const REST_SPEED_M_S: f32 = 5e-4;
const REST_AFTER_S: f32 = 10.0;
/// Penetration is pushed out no faster than this: far under any escape speed.
const RECOVERY_SPEED_M_S: f32 = 2e-3;
/// Side of the cells for which the ground around a robot is made ready.
const READY_CELL_M: f32 = 4.0;
/// Ground this far around a robot's cell has collision surfaces [m].
const READY_MARGIN_M: f32 = 4.0;

/// Hard robot on regolith: `materials_wear.csv`, friction_coefficient and restitution_regolith. One
/// mesh holds fines and boulders, so boulders bounce no better here.
const GROUND_FRICTION: f32 = 0.5;
const GROUND_RESTITUTION: f32 = 0.15;

/// Name of a robot's body in [`Physics`].
#[derive(Component, Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BodyHandle {
    body: RigidBodyHandle,
    collider: ColliderHandle,
}

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

/// The rigid bodies and the ground's collision surfaces.
#[derive(Resource, Serialize, Deserialize)]
pub struct Physics {
    world: PhysicsWorld,
    ground: BTreeMap<ChunkKey, Option<ColliderHandle>>,
    /// Cells around which the ground is ready.
    ready: BTreeSet<[i32; 3]>,
    /// Something was let go, woken or placed since the last step.
    stirred: bool,
}

impl Default for Physics {
    fn default() -> Self {
        // Rapier's own gravity is the Earth's; ours comes as a force on each body.
        let mut world = PhysicsWorld {
            gravity: Vec3::ZERO,
            ..default()
        };
        let parameters = &mut world.integration_parameters;
        parameters.normalized_max_corrective_velocity = RECOVERY_SPEED_M_S;
        parameters.normalized_allowed_linear_error = 1e-3;
        parameters.normalized_prediction_distance = 0.01;
        // A recycled contact keeps its points until the pair has moved so far: a small part of a
        // voxel, and of a robot.
        parameters.normalized_contact_recycle_distance = 5e-3;
        // Robots stand alone, not in stacks: two rounds settle what their few contacts ask.
        parameters.num_solver_iterations = 2;
        parameters.max_ccd_substeps = 0;
        Self {
            world,
            ground: BTreeMap::new(),
            ready: BTreeSet::new(),
            stirred: true,
        }
    }
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
        let body = RigidBodyBuilder::dynamic()
            .pose(rapier::Pose::from_parts(position_m, rotation))
            .can_sleep(false)
            .build();
        let body = self.world.bodies.insert(body);
        let half_m = 0.5 * size_m;
        let collider = ColliderBuilder::cuboid(half_m.x, half_m.y, half_m.z)
            .mass(mass_kg)
            .friction(GROUND_FRICTION)
            .restitution(GROUND_RESTITUTION)
            .active_events(ActiveEvents::empty())
            .build();
        let collider =
            self.world
                .colliders
                .insert_with_parent(collider, body, &mut self.world.bodies);
        BodyHandle { body, collider }
    }

    /// Adds a machine that stands for good.
    pub fn add_fixture(&mut self, position_m: Vec3, rotation: Quat, size_m: Vec3) {
        let half_m = 0.5 * size_m;
        let collider = ColliderBuilder::cuboid(half_m.x, half_m.y, half_m.z)
            .position(rapier::Pose::from_parts(position_m, rotation))
            .friction(GROUND_FRICTION)
            .restitution(GROUND_RESTITUTION)
            .build();
        self.world.colliders.insert(collider);
    }

    /// Whether anything moves, or may: then only short ticks will do.
    pub fn is_stirring(&self) -> bool {
        self.stirred || 0 < self.world.islands.num_active_bodies()
    }

    pub fn set_mass(&mut self, handle: BodyHandle, mass_kg: f32) {
        if let Some(collider) = self.world.colliders.get_mut(handle.collider)
            && collider.mass() != mass_kg
        {
            collider.set_mass(mass_kg);
        }
    }

    /// Anchored: the ground holds the body where it is.
    pub fn hold(&mut self, handle: BodyHandle) {
        let body = &mut self.world.bodies[handle.body];
        body.set_linvel(Vec3::ZERO, false);
        body.set_angvel(Vec3::ZERO, false);
        body.set_body_type(RigidBodyType::Fixed, false);
        self.stirred = true;
    }

    pub fn let_go(&mut self, handle: BodyHandle) {
        let body = &mut self.world.bodies[handle.body];
        body.set_body_type(RigidBodyType::Dynamic, true);
        body.wake_up(true);
        self.stirred = true;
    }

    /// Takes a body out of the site: it is beyond reach.
    pub fn remove_from_site(&mut self, handle: BodyHandle) {
        self.world.bodies[handle.body].set_enabled(false);
    }

    pub fn wake(&mut self, handle: BodyHandle) {
        let body = &mut self.world.bodies[handle.body];
        if body.is_sleeping() {
            body.wake_up(true);
            self.stirred = true;
        }
    }

    /// Wakes what rests within `radius_m` of a place where the ground has changed.
    fn wake_near(&mut self, at_m: Vec3, radius_m: f32) {
        for (_, body) in self.world.bodies.iter_mut() {
            if body.is_sleeping() && body.translation().distance(at_m) < radius_m {
                body.wake_up(true);
                self.stirred = true;
            }
        }
    }

    pub fn is_moving(&self, handle: BodyHandle) -> bool {
        let body = &self.world.bodies[handle.body];
        body.is_dynamic() && body.is_enabled() && !body.is_sleeping()
    }

    /// Sets the force [N] and torque [N m] that act on a body during the next step.
    pub fn set_load(&mut self, handle: BodyHandle, force_n: Vec3, torque_n_m: Vec3) {
        let body = &mut self.world.bodies[handle.body];
        body.reset_forces(false);
        body.add_force(force_n, false);
        if torque_n_m != Vec3::ZERO || body.user_torque() != Vec3::ZERO {
            body.reset_torques(false);
            body.add_torque(torque_n_m, false);
        }
    }

    /// Principal moment about the robot's axes, largest of the three [kg m²].
    pub fn inertia_kg_m2(&self, handle: BodyHandle) -> f32 {
        self.world.bodies[handle.body]
            .mass_properties()
            .local_mprops
            .principal_inertia()
            .max_element()
    }

    /// Gives a body a velocity: the initial state of an experiment.
    pub fn set_velocity(&mut self, handle: BodyHandle, velocity_m_s: Vec3) {
        let body = &mut self.world.bodies[handle.body];
        body.wake_up(true);
        body.set_linvel(velocity_m_s, true);
        self.stirred = true;
    }

    /// Places a body: the initial state of an experiment.
    pub fn set_pose(&mut self, handle: BodyHandle, position_m: Vec3, rotation: Quat) {
        let body = &mut self.world.bodies[handle.body];
        body.wake_up(true);
        body.set_position(rapier::Pose::from_parts(position_m, rotation), true);
        self.stirred = true;
    }

    pub fn step(&mut self, tick_s: f32) {
        self.world.integration_parameters.dt = tick_s;
        self.world.step();
        self.stirred = false;
    }

    /// Reads a body's state into `motion` and lets it come to rest when it touches the ground.
    pub fn read(&mut self, handle: BodyHandle, motion: &mut Motion) {
        let touching = self.touches(handle);
        let body = &mut self.world.bodies[handle.body];
        motion.position_m = body.translation();
        motion.rotation = *body.rotation();
        motion.velocity_m_s = body.linvel();
        motion.angular_velocity_rad_s = body.angvel();
        motion.touching = touching;
        motion.at_rest = body.is_fixed() || body.is_sleeping();
        // Rapier's own test would put a body to sleep at the top of its arc: only what touches
        // something may come to rest.
        let threshold = if touching { REST_SPEED_M_S } else { -1.0 };
        let activation = body.activation();
        if activation.normalized_linear_threshold != threshold {
            let activation = body.activation_mut();
            activation.normalized_linear_threshold = threshold;
            activation.angular_threshold = threshold;
            activation.time_until_sleep = REST_AFTER_S;
            activation.time_since_can_sleep = 0.0;
        }
    }

    fn touches(&self, handle: BodyHandle) -> bool {
        self.world
            .narrow_phase
            .contact_pairs_with(handle.collider)
            .any(|pair| pair.has_any_active_contact())
    }

    /// Makes the ground around a place solid.
    pub fn prepare_ground(&mut self, terrain: &Terrain, at_m: Vec3) {
        let cell = (at_m / READY_CELL_M).floor().as_ivec3().to_array();
        if !self.ready.insert(cell) {
            return;
        }
        let low_m = IVec3::from_array(cell).as_vec3() * READY_CELL_M - READY_MARGIN_M;
        let high_m = low_m + READY_CELL_M + 2.0 * READY_MARGIN_M;
        let low = ChunkKey::containing(low_m.as_dvec3());
        let high = ChunkKey::containing(high_m.as_dvec3());
        for x in low.x..=high.x {
            for y in low.y..=high.y {
                for z in low.z..=high.z {
                    let key = ChunkKey { x, y, z };
                    if !self.ground.contains_key(&key) {
                        self.lay_ground(terrain, key);
                    }
                }
            }
        }
    }

    /// Renews the surfaces of the chunks that digging has changed.
    pub fn renew_ground(&mut self, terrain: &Terrain, changed: &[ChunkKey]) {
        for &key in changed {
            if let Some(old) = self.ground.remove(&key) {
                if let Some(old) = old {
                    let world = &mut self.world;
                    world
                        .colliders
                        .remove(old, &mut world.islands, &mut world.bodies, false);
                }
                self.lay_ground(terrain, key);
                let half_m = 0.5 * f64::from(CHUNK_VOXELS) * VOXEL_M;
                let centre_m = key.min_corner_m() + DVec3::splat(half_m);
                self.wake_near(centre_m.as_vec3(), 2.0 * half_m as f32);
            }
        }
    }

    fn lay_ground(&mut self, terrain: &Terrain, key: ChunkKey) {
        let shape = terrain.collision_shape(key);
        let handle = shape.map(|shape| {
            let collider = ColliderBuilder::new(shape)
                .friction(GROUND_FRICTION)
                .restitution(GROUND_RESTITUTION)
                .translation(key.min_corner_m().as_vec3())
                .build();
            self.world.colliders.insert(collider)
        });
        self.ground.insert(key, handle);
    }
}
