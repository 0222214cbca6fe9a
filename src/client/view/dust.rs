//! Dust and grit in flight: thrown up by digging and landing, steam from a plant's vent.
//!
//! Particles fly as things fly here: in the body's own gravity and spin, at centimetres a second,
//! so a cloud hangs for minutes and drifts. They are drawn, not simulated: the mass they show is
//! counted where it was dug.

use std::collections::HashMap;
use std::f32::consts::TAU;

use bevy::asset::{RenderAssetUsages, uuid_handle};
use bevy::camera::visibility::NoFrustumCulling;
use bevy::light::{NotShadowCaster, NotShadowReceiver};
use bevy::mesh::{Indices, MeshVertexBufferLayoutRef, PrimitiveTopology};
use bevy::pbr::{MaterialPipeline, MaterialPipelineKey};
use bevy::prelude::*;
use bevy::render::render_resource::{
    AsBindGroup, RenderPipelineDescriptor, SpecializedMeshPipelineError,
};
use bevy::shader::ShaderRef;
use rand::{RngExt, SeedableRng};
use rand_pcg::Pcg64Mcg;

use crate::sim::asteroid::{GravityCell, Terrain};
use crate::sim::observation::Activity;

use super::super::{AppState, Game};
use super::camera::CameraRig;
use super::{Frame, Moment, OfSite, ViewSystems, plants};

pub(super) fn plugin(app: &mut App) {
    app.world_mut()
        .resource_mut::<Assets<Shader>>()
        .insert(
            &DUST_SHADER,
            Shader::from_wgsl(
                include_str!("../../../assets/shaders/dust.wgsl"),
                "shaders/dust.wgsl",
            ),
        )
        .expect("a handle made from a number has a place");
    app.add_plugins(MaterialPlugin::<DustMaterial>::default())
        .add_systems(
            OnEnter(AppState::Site),
            spawn_cloud.after(super::enter_site),
        )
        .add_systems(
            Update,
            (raise_dust, fly, draw_dust)
                .chain()
                .in_set(ViewSystems::Follow)
                .after(super::camera::place_camera),
        );
}

const DUST_SHADER: Handle<Shader> = uuid_handle!("5b0a7f0e-6d5c-4f3b-9d0b-2d8f1c1b7a13");

/// Particles in flight at most; the oldest give way.
const MOST: usize = 3_000;

/// Soft sprites, lit by the Sun.
#[derive(Asset, TypePath, AsBindGroup, Clone, Debug)]
struct DustMaterial {
    #[uniform(0)]
    tint: Vec4,
}

impl Material for DustMaterial {
    fn vertex_shader() -> ShaderRef {
        ShaderRef::Handle(DUST_SHADER)
    }

    fn fragment_shader() -> ShaderRef {
        ShaderRef::Handle(DUST_SHADER)
    }

    fn alpha_mode(&self) -> AlphaMode {
        AlphaMode::Blend
    }

    fn enable_shadows() -> bool {
        false
    }

    fn enable_prepass() -> bool {
        false
    }

    fn specialize(
        _pipeline: &MaterialPipeline,
        descriptor: &mut RenderPipelineDescriptor,
        layout: &MeshVertexBufferLayoutRef,
        _key: MaterialPipelineKey<Self>,
    ) -> Result<(), SpecializedMeshPipelineError> {
        descriptor.vertex.buffers = vec![layout.0.get_layout(&[
            Mesh::ATTRIBUTE_POSITION.at_shader_location(0),
            Mesh::ATTRIBUTE_UV_0.at_shader_location(1),
            Mesh::ATTRIBUTE_COLOR.at_shader_location(2),
        ])?];
        descriptor.primitive.cull_mode = None;
        Ok(())
    }
}

/// A grain, or a puff of many.
#[derive(Clone, Copy, Debug)]
struct Particle {
    /// In the drawn world.
    place_m: Vec3,
    velocity_m_s: Vec3,
    acceleration_m_s2: Vec3,
    age_s: f32,
    life_s: f32,
    radius_m: f32,
    growth_m_s: f32,
    /// Reflectance, and opacity when new.
    tone: f32,
    opacity: f32,
}

#[derive(Resource)]
struct Cloud {
    particles: Vec<Particle>,
    /// The one to be replaced next when the cloud is full.
    oldest: usize,
    random: Pcg64Mcg,
    /// Parts of particles owed by each source.
    owed: HashMap<String, f32>,
    /// Velocities in the frame before, to see a landing.
    velocities_m_s: HashMap<String, Vec3>,
    mesh: Handle<Mesh>,
}

impl Cloud {
    fn add(&mut self, particle: Particle) {
        if self.particles.len() < MOST {
            self.particles.push(particle);
        } else {
            self.particles[self.oldest] = particle;
            self.oldest = (self.oldest + 1) % MOST;
        }
    }

    /// How many particles a source with a rate gives in a step.
    fn due(&mut self, source: &str, rate_per_s: f32, step_s: f32) -> usize {
        let owed = self.owed.entry(source.to_owned()).or_default();
        *owed += rate_per_s * step_s;
        let count = owed.floor();
        *owed -= count;
        (count as usize).min(60)
    }

    fn sideways(&mut self, up: Vec3) -> Vec3 {
        let angle = self.random.random_range(0.0..TAU);
        let x = up.any_orthonormal_vector();
        x * angle.cos() + up.cross(x) * angle.sin()
    }
}

#[derive(Component)]
struct DustMesh;

fn spawn_cloud(
    mut commands: Commands,
    mut meshes: ResMut<Assets<Mesh>>,
    mut materials: ResMut<Assets<DustMaterial>>,
) {
    let mesh = meshes.add(mesh_of(&[], Vec3::ZERO));
    commands.spawn((
        OfSite,
        DustMesh,
        Mesh3d(mesh.clone()),
        MeshMaterial3d(materials.add(DustMaterial {
            tint: Vec4::new(1.0, 0.99, 0.97, 1.0),
        })),
        NoFrustumCulling,
        NotShadowCaster,
        NotShadowReceiver,
        Transform::default(),
        Visibility::Hidden,
    ));
    commands.insert_resource(Cloud {
        particles: Vec::new(),
        oldest: 0,
        random: Pcg64Mcg::seed_from_u64(11),
        owed: HashMap::new(),
        velocities_m_s: HashMap::new(),
        mesh,
    });
}

/// New particles from whatever digs, lands or vents.
fn raise_dust(mut cloud: ResMut<Cloud>, moment: Res<Moment>, frame: Res<Frame>, game: Res<Game>) {
    let cloud = &mut *cloud;
    let terrain = game.headless().terrain();
    let step_s = moment.step_s.min(30.0);
    for robot in &moment.scene.robots {
        let up = robot.rotation * Vec3::Y;
        let pull = || acceleration(terrain, robot.position_m);
        if robot.activity == Activity::Digging && 0.0 < robot.dig_rate_kg_s && 0.0 < step_s {
            let count = cloud.due(&robot.name, 4.0, step_s);
            let drums = robot.rotation * Vec3::new(0.0, -0.42, 0.5) * robot.size_m.y;
            let ahead = robot.rotation * Vec3::Z;
            let pull_m_s2 = if 0 < count { pull() } else { Vec3::ZERO };
            for _ in 0..count {
                let side = cloud.sideways(up);
                let random = &mut cloud.random;
                let is_puff = random.random_range(0.0f32..1.0) < 0.3;
                let speed = random.random_range(0.004f32..0.05);
                let across = robot.rotation
                    * Vec3::X
                    * random.random_range(-0.42f32..0.42)
                    * robot.size_m.x
                    * 0.5;
                let rise = random.random_range(0.3f32..1.0);
                // Within a frame of a fast clock, some have flown for a while already.
                let head_start_s = random.random_range(0.0..step_s.max(1e-3));
                let velocity_m_s = (up * rise + side * 0.7 + ahead * 0.5) * speed;
                let particle = Particle {
                    place_m: frame.to_render(robot.position_m + drums + across)
                        + velocity_m_s * head_start_s,
                    velocity_m_s,
                    acceleration_m_s2: pull_m_s2,
                    age_s: head_start_s,
                    life_s: random.random_range(60.0f32..420.0),
                    radius_m: if is_puff {
                        random.random_range(0.05f32..0.11)
                    } else {
                        random.random_range(0.005f32..0.022)
                    },
                    growth_m_s: if is_puff { 0.0009 } else { 0.0 },
                    tone: random.random_range(0.6f32..1.3),
                    opacity: if is_puff { 0.05 } else { 0.95 },
                };
                cloud.add(particle);
            }
        }
        let before = cloud
            .velocities_m_s
            .insert(robot.name.clone(), robot.velocity_m_s);
        let Some(before) = before else {
            continue;
        };
        // A landing: the ground took speed away. Thrusters change it too, but not near the ground
        // and not against the way of falling.
        let blow_m_s = (robot.velocity_m_s - before).length();
        let falling = before.dot(up) < -0.005;
        let foot_m = robot.position_m - up * 0.5 * robot.size_m.y;
        if falling && 0.012 < blow_m_s && terrain.signed_distance_m(foot_m.as_dvec3()) < 0.4 {
            let count = (blow_m_s * 900.0).clamp(12.0, 60.0) as usize;
            let pull_m_s2 = pull();
            for _ in 0..count {
                let side = cloud.sideways(up);
                let random = &mut cloud.random;
                let speed = blow_m_s * random.random_range(0.1f32..0.7);
                let is_puff = random.random_range(0.0f32..1.0) < 0.4;
                let particle = Particle {
                    place_m: frame.to_render(foot_m) + side * random.random_range(0.2f32..0.7),
                    velocity_m_s: (side + up * random.random_range(0.1f32..0.6)) * speed,
                    acceleration_m_s2: pull_m_s2,
                    age_s: 0.0,
                    life_s: random.random_range(40.0f32..200.0),
                    radius_m: if is_puff { 0.12 } else { 0.01 },
                    growth_m_s: if is_puff { 0.002 } else { 0.0 },
                    tone: random.random_range(0.7f32..1.2),
                    opacity: if is_puff { 0.06 } else { 0.9 },
                };
                cloud.add(particle);
            }
        }
    }
    for plant in moment.scene.plants.iter().filter(|plant| plant.running) {
        let up = plant.rotation * Vec3::Y;
        // Steam is gone in seconds; a fast clock shows no more of it than a slow one.
        let count = cloud.due(&plant.name, 6.0, step_s.min(0.25));
        for _ in 0..count {
            let side = cloud.sideways(up);
            let random = &mut cloud.random;
            let particle = Particle {
                place_m: frame.to_render(plant.position_m + plant.rotation * plants::VENT_M),
                velocity_m_s: up * random.random_range(0.35f32..0.6)
                    + side * random.random_range(0.0f32..0.16),
                acceleration_m_s2: Vec3::ZERO,
                age_s: 0.0,
                life_s: random.random_range(2.0f32..4.5),
                radius_m: 0.06,
                growth_m_s: 0.11,
                tone: 4.0,
                opacity: 0.16,
            };
            cloud.add(particle);
        }
    }
}

/// Acceleration of something at rest here, in the turning frame.
fn acceleration(terrain: &Terrain, at_m: Vec3) -> Vec3 {
    let mut cell = GravityCell::default();
    terrain
        .acceleration_m_s2(at_m.as_dvec3(), bevy::math::DVec3::ZERO, &mut cell)
        .as_vec3()
}

fn fly(mut cloud: ResMut<Cloud>, moment: Res<Moment>) {
    let step_s = moment.step_s;
    if step_s <= 0.0 {
        return;
    }
    for particle in &mut cloud.particles {
        // Steam of a few seconds is shown for as long, whatever the warp.
        let step_s = if particle.life_s < 10.0 {
            step_s.min(0.1)
        } else {
            step_s
        };
        particle.age_s += step_s;
        particle.place_m +=
            particle.velocity_m_s * step_s + particle.acceleration_m_s2 * (0.5 * step_s * step_s);
        particle.velocity_m_s += particle.acceleration_m_s2 * step_s;
        particle.radius_m += particle.growth_m_s * step_s;
    }
    if cloud.particles.len() < MOST {
        cloud
            .particles
            .retain(|particle| particle.age_s < particle.life_s);
    }
}

fn draw_dust(
    cloud: Res<Cloud>,
    moment: Res<Moment>,
    frame: Res<Frame>,
    rig: Res<CameraRig>,
    mut meshes: ResMut<Assets<Mesh>>,
    mut shown: Query<&mut Visibility, With<DustMesh>>,
) {
    // In the shadow of the body there is nothing to light it.
    let up = moment.scene.outward(frame.to_body(rig.focus()));
    let is_day = -0.05 < up.dot(moment.scene.sun_direction);
    let is_near = rig.distance_m() < 200.0;
    let visible = is_day && is_near && cloud.particles.iter().any(|p| p.age_s < p.life_s);
    for mut visibility in &mut shown {
        *visibility = if visible {
            Visibility::Inherited
        } else {
            Visibility::Hidden
        };
    }
    if visible && let Some(mut mesh) = meshes.get_mut(&cloud.mesh) {
        *mesh = mesh_of(&cloud.particles, rig.eye());
    }
}

/// All particles as sprites, the far ones first.
fn mesh_of(particles: &[Particle], eye_m: Vec3) -> Mesh {
    let mut order: Vec<(f32, &Particle)> = particles
        .iter()
        .filter(|particle| particle.age_s < particle.life_s)
        .map(|particle| (particle.place_m.distance_squared(eye_m), particle))
        .collect();
    order.sort_by(|(a, _), (b, _)| b.total_cmp(a));
    let count = order.len().max(1);
    let mut positions = Vec::with_capacity(4 * count);
    let mut uvs = Vec::with_capacity(4 * count);
    let mut colours = Vec::with_capacity(4 * count);
    let mut indices = Vec::with_capacity(6 * count);
    for (_, particle) in order {
        let first = positions.len() as u32;
        let share = particle.age_s / particle.life_s;
        let fade = (1.0 - share).clamp(0.0, 1.0) * (particle.age_s * 4.0).clamp(0.0, 1.0);
        for corner in [[-1.0, -1.0], [1.0, -1.0], [1.0, 1.0], [-1.0, 1.0]] {
            positions.push(particle.place_m.to_array());
            uvs.push(corner);
            colours.push([
                particle.tone,
                particle.radius_m,
                0.0,
                particle.opacity * fade,
            ]);
        }
        indices.extend([0, 1, 2, 0, 2, 3].map(|k| first + k));
    }
    if positions.is_empty() {
        // A mesh must have a vertex.
        positions.push([0.0; 3]);
        uvs.push([0.0; 2]);
        colours.push([0.0; 4]);
        indices.extend([0, 0, 0]);
    }
    Mesh::new(
        PrimitiveTopology::TriangleList,
        RenderAssetUsages::default(),
    )
    .with_inserted_attribute(Mesh::ATTRIBUTE_POSITION, positions)
    .with_inserted_attribute(Mesh::ATTRIBUTE_UV_0, uvs)
    .with_inserted_attribute(Mesh::ATTRIBUTE_COLOR, colours)
    .with_inserted_indices(Indices::U32(indices))
}
