//! The sky: a seeded field of stars with a band like the Milky Way's, and the Sun's disc.
//!
//! Stars are points of a few pixels, brighter ones larger, all in one mesh that turns with the
//! body's spin. Their numbers follow the sky's: about 2.5 to 3 times as many for each magnitude.

use std::f32::consts::TAU;

use bevy::asset::{RenderAssetUsages, uuid_handle};
use bevy::camera::visibility::NoFrustumCulling;
use bevy::light::{NotShadowCaster, NotShadowReceiver};
use bevy::mesh::{Indices, MeshVertexBufferLayoutRef, PrimitiveTopology};
use bevy::pbr::{MaterialPipeline, MaterialPipelineKey};
use bevy::prelude::*;
use bevy::render::render_resource::{
    AsBindGroup, RenderPipelineDescriptor, ShaderType, SpecializedMeshPipelineError,
};
use bevy::shader::ShaderRef;
use rand::{RngExt, SeedableRng};
use rand_pcg::Pcg64Mcg;

use super::super::AppState;
use super::camera::CameraRig;
use super::{Moment, OfSite, ViewSystems};

pub(super) fn plugin(app: &mut App) {
    app.world_mut()
        .resource_mut::<Assets<Shader>>()
        .insert(
            &SKY_SHADER,
            Shader::from_wgsl(
                include_str!("../../../assets/shaders/sky.wgsl"),
                "shaders/sky.wgsl",
            ),
        )
        .expect("a handle made from a number has a place");
    app.add_plugins(MaterialPlugin::<SkyMaterial>::default())
        .add_systems(OnEnter(AppState::Site), spawn_sky.after(super::enter_site))
        .add_systems(
            Update,
            turn_sky
                .in_set(ViewSystems::Follow)
                .after(super::camera::place_camera),
        );
}

const SKY_SHADER: Handle<Shader> = uuid_handle!("5b0a7f0e-6d5c-4f3b-9d0b-2d8f1c1b7a12");

/// Light of its own, infinitely far behind everything. Vertices carry a direction (position), the
/// corner of their sprite (uv) and a colour.
#[derive(Asset, TypePath, AsBindGroup, Clone, Debug)]
struct SkyMaterial {
    #[uniform(0)]
    look: SkyLook,
}

#[derive(ShaderType, Clone, Copy, Debug)]
struct SkyLook {
    /// Half the width of a sprite: in pixels for stars, in radians for the Sun.
    size: f32,
    /// 0: stars, 1: the Sun, 2: the band.
    kind: u32,
    gain: f32,
    spare: f32,
}

impl Material for SkyMaterial {
    fn vertex_shader() -> ShaderRef {
        ShaderRef::Handle(SKY_SHADER)
    }

    fn fragment_shader() -> ShaderRef {
        ShaderRef::Handle(SKY_SHADER)
    }

    fn alpha_mode(&self) -> AlphaMode {
        AlphaMode::Add
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

/// Turns with the fixed stars.
#[derive(Component)]
struct Stars;

#[derive(Component)]
struct SunDisc;

const STARS: usize = 7_000;

fn spawn_sky(
    mut commands: Commands,
    mut meshes: ResMut<Assets<Mesh>>,
    mut materials: ResMut<Assets<SkyMaterial>>,
) {
    let mut look = |kind: u32, size: f32, gain: f32| {
        MeshMaterial3d(materials.add(SkyMaterial {
            look: SkyLook {
                size,
                kind,
                gain,
                spare: 0.0,
            },
        }))
    };
    let sky = || (OfSite, NoFrustumCulling, NotShadowCaster, NotShadowReceiver);
    commands.spawn((
        sky(),
        Stars,
        Mesh3d(meshes.add(star_mesh(3))),
        look(0, 1.0, 1.0),
        Transform::default(),
    ));
    commands.spawn((
        sky(),
        Stars,
        Mesh3d(meshes.add(band_mesh(3))),
        look(2, 0.0, 1.0),
        Transform::default(),
    ));
    // The glow is the camera's: a bright disc in a clean lens.
    commands.spawn((
        sky(),
        SunDisc,
        Mesh3d(meshes.add(sprites(&[(Vec3::Z, [1.0, 0.97, 0.92, 1.0])]))),
        look(1, 0.16, 1.0),
        Transform::default(),
    ));
}

fn turn_sky(
    moment: Res<Moment>,
    rig: Res<CameraRig>,
    mut stars: Query<&mut Transform, (With<Stars>, Without<SunDisc>)>,
    mut sun: Query<&mut Transform, (With<SunDisc>, Without<Stars>)>,
) {
    for mut transform in &mut stars {
        transform.rotation = moment.scene.body_from_stars;
        // Where the camera is, so that sorting puts the sky behind all that shines through.
        transform.translation = rig.eye();
    }
    for mut transform in &mut sun {
        transform.rotation = Quat::from_rotation_arc(Vec3::Z, moment.scene.sun_direction);
        transform.translation = rig.eye();
    }
}

/// The pole of the band: the galactic pole in the ecliptic axes of the fixed stars.
fn galactic_pole() -> Vec3 {
    let (latitude, longitude) = (29.81f32.to_radians(), 180.02f32.to_radians());
    Vec3::new(
        latitude.cos() * longitude.cos(),
        latitude.cos() * longitude.sin(),
        latitude.sin(),
    )
}

fn star_mesh(seed: u64) -> Mesh {
    let mut random = Pcg64Mcg::seed_from_u64(seed);
    let pole = galactic_pole();
    let mut stars = Vec::with_capacity(STARS);
    while stars.len() < STARS {
        let z = random.random_range(-1.0f32..1.0);
        let turn = random.random_range(0.0..TAU);
        let flat = (1.0 - z * z).sqrt();
        let direction = Vec3::new(flat * turn.cos(), flat * turn.sin(), z);
        // Faint stars crowd towards the band.
        let share = random.random_range(0.0f32..1.0);
        let latitude = direction.dot(pole).abs();
        if 0.30 + 0.70 * (-latitude / 0.16).exp() < random.random_range(0.0f32..1.0) {
            continue;
        }
        // Each magnitude holds 2.8 times the stars of the one before: from -1 to 6.8.
        let magnitude = 6.8 + share.max(1e-4).log10() / 0.447;
        let magnitude = magnitude.max(-1.2);
        let light = 10f32.powf(-0.4 * (magnitude - 3.2));
        let tint = match random.random_range(0..10) {
            0 | 1 => [1.0, 0.80, 0.62],
            2..=4 => [1.0, 0.93, 0.84],
            5..=7 => [0.96, 0.97, 1.0],
            _ => [0.76, 0.86, 1.0],
        };
        stars.push((direction, [tint[0], tint[1], tint[2], light]));
    }
    sprites(&stars)
}

/// One quad for each direction; the shader opens it around its middle.
fn sprites(points: &[(Vec3, [f32; 4])]) -> Mesh {
    let corners = [[-1.0, -1.0], [1.0, -1.0], [1.0, 1.0], [-1.0, 1.0]];
    let mut positions = Vec::with_capacity(points.len() * 4);
    let mut uvs = Vec::with_capacity(points.len() * 4);
    let mut colours = Vec::with_capacity(points.len() * 4);
    let mut indices = Vec::with_capacity(points.len() * 6);
    for (direction, colour) in points {
        let first = positions.len() as u32;
        for corner in corners {
            positions.push(direction.to_array());
            uvs.push(corner);
            colours.push(*colour);
        }
        indices.extend([0, 1, 2, 0, 2, 3].map(|k| first + k));
    }
    mesh_of(positions, uvs, colours, indices)
}

/// The unresolved light of the band, on a sphere.
fn band_mesh(seed: u64) -> Mesh {
    let mut random = Pcg64Mcg::seed_from_u64(seed ^ 0x5eed);
    let waves: Vec<(Vec3, f32, f32)> = (0..40)
        .map(|_| {
            let axis = Vec3::new(
                random.random_range(-1.0f32..1.0),
                random.random_range(-1.0f32..1.0),
                random.random_range(-1.0f32..1.0),
            )
            .normalize_or(Vec3::X);
            let pitch = random.random_range(3.0f32..26.0);
            (
                axis * pitch,
                random.random_range(0.0..TAU),
                pitch.powf(-0.7),
            )
        })
        .collect();
    let pole = galactic_pole();
    let centre = pole.any_orthonormal_vector();
    let (rows, columns) = (90usize, 180usize);
    let mut positions = Vec::new();
    let mut colours = Vec::new();
    let mut indices = Vec::new();
    for row in 0..=rows {
        for column in 0..=columns {
            let (theta, turn) = (
                std::f32::consts::PI * row as f32 / rows as f32,
                TAU * column as f32 / columns as f32,
            );
            let direction = Vec3::new(
                theta.sin() * turn.cos(),
                theta.sin() * turn.sin(),
                theta.cos(),
            );
            let noise: f32 = waves
                .iter()
                .map(|(wave, phase, size)| (wave.dot(direction) + phase).sin() * size)
                .sum();
            let latitude = direction.dot(pole);
            let bulge = 0.5 + 0.5 * direction.dot(centre);
            let width = 0.10 + 0.12 * bulge * bulge;
            let glow = (-(latitude / width).powi(2)).exp() * (0.35 + 0.65 * bulge * bulge);
            // Dust lanes darken the middle.
            let lane = 1.0 - 0.75 * (-((latitude + 0.02 * noise) / 0.045).powi(2)).exp();
            let light = glow * lane * (1.0 + 0.28 * noise).max(0.1);
            positions.push(direction.to_array());
            colours.push([0.80, 0.86, 1.0, light]);
            if row < rows && column < columns {
                let a = (row * (columns + 1) + column) as u32;
                let b = a + columns as u32 + 1;
                indices.extend([a, b, a + 1, a + 1, b, b + 1]);
            }
        }
    }
    let uvs = vec![[0.0, 0.0]; positions.len()];
    mesh_of(positions, uvs, colours, indices)
}

fn mesh_of(
    positions: Vec<[f32; 3]>,
    uvs: Vec<[f32; 2]>,
    colours: Vec<[f32; 4]>,
    indices: Vec<u32>,
) -> Mesh {
    Mesh::new(
        PrimitiveTopology::TriangleList,
        RenderAssetUsages::RENDER_WORLD,
    )
    .with_inserted_attribute(Mesh::ATTRIBUTE_POSITION, positions)
    .with_inserted_attribute(Mesh::ATTRIBUTE_UV_0, uvs)
    .with_inserted_attribute(Mesh::ATTRIBUTE_COLOR, colours)
    .with_inserted_indices(Indices::U32(indices))
}
