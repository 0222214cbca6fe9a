//! How the ground looks: dark, rough rubble at every scale, lit as a rough surface without air is.
//!
//! One tile of rubble is made here, from a seed: angular stones of all sizes stamped into a height
//! field, kept as slope, tone and openness. The shader lays it on the ground along three axes at
//! several scales; what is finer than a voxel is made of it. The body's surface looks alike from
//! millimetres to decametres, so the same tile serves all scales.

use bevy::asset::{RenderAssetUsages, uuid_handle};
use bevy::image::{ImageAddressMode, ImageFilterMode, ImageSampler, ImageSamplerDescriptor};
use bevy::mesh::MeshVertexBufferLayoutRef;
use bevy::pbr::{MaterialPipeline, MaterialPipelineKey};
use bevy::prelude::*;
use bevy::render::render_resource::{
    AsBindGroup, Extent3d, RenderPipelineDescriptor, ShaderType, SpecializedMeshPipelineError,
    TextureDimension, TextureFormat,
};
use bevy::shader::ShaderRef;
use rand::{RngExt, SeedableRng};

use super::super::Game;
use super::{Frame, ViewSystems};

pub(super) fn plugin(app: &mut App) {
    app.world_mut()
        .resource_mut::<Assets<Shader>>()
        .insert(
            &GROUND_SHADER,
            Shader::from_wgsl(
                include_str!("../../../assets/shaders/ground.wgsl"),
                "shaders/ground.wgsl",
            ),
        )
        .expect("a handle made from a number has a place");
    app.add_plugins(MaterialPlugin::<GroundMaterial>::default())
        .add_systems(Startup, make_ground)
        .add_systems(
            Update,
            colour_ground
                .in_set(ViewSystems::Follow)
                // Made when a site is entered.
                .run_if(resource_added::<Frame>),
        );
}

/// Compiled in, so that the program runs from anywhere.
const GROUND_SHADER: Handle<Shader> = uuid_handle!("5b0a7f0e-6d5c-4f3b-9d0b-2d8f1c1b7a11");

/// The ground's material, and the stones' that lie on it.
#[derive(Asset, TypePath, AsBindGroup, Clone, Debug)]
pub struct GroundMaterial {
    #[uniform(0)]
    pub look: GroundLook,
    #[texture(1)]
    #[sampler(2)]
    pub rubble: Handle<Image>,
    #[uniform(3)]
    pub chart: ChartLook,
    /// Red: the estimate between `low` and `high`; green: its standard deviation by that of
    /// ground that nobody has sampled.
    #[texture(4, sample_type = "float", filterable = false)]
    pub estimates: Handle<Image>,
}

/// Where a chart of estimates lies on the ground, in the drawn world. `strength` 0 shows none.
#[derive(ShaderType, Clone, Copy, Debug, Default, PartialEq)]
pub struct ChartLook {
    pub centre_m: Vec3,
    /// Edge of the square that the chart covers.
    pub span_m: f32,
    pub east: Vec3,
    pub strength: f32,
    pub north: Vec3,
    /// 0 shows the estimates, 1 their uncertainty.
    pub shows_doubt: f32,
}

/// Numbers of the ground's look.
#[derive(ShaderType, Clone, Copy, Debug)]
pub struct GroundLook {
    /// Reflectance at full phase of undisturbed ground, linear.
    pub albedo: Vec3,
    /// Strength of the finest relief.
    pub relief: f32,
    /// Reflectance of ground that was dug a short while ago.
    pub fresh_albedo: Vec3,
    pub spare: f32,
}

impl Material for GroundMaterial {
    fn fragment_shader() -> ShaderRef {
        ShaderRef::Handle(GROUND_SHADER)
    }

    fn specialize(
        _pipeline: &MaterialPipeline,
        descriptor: &mut RenderPipelineDescriptor,
        _layout: &MeshVertexBufferLayoutRef,
        _key: MaterialPipelineKey<Self>,
    ) -> Result<(), SpecializedMeshPipelineError> {
        // The skirts that close the seams between chunks are seen from either side.
        descriptor.primitive.cull_mode = None;
        Ok(())
    }
}

/// The one ground material of the window.
#[derive(Resource, Clone, Debug)]
pub struct Ground(pub Handle<GroundMaterial>);

fn make_ground(
    mut commands: Commands,
    mut materials: ResMut<Assets<GroundMaterial>>,
    mut images: ResMut<Assets<Image>>,
) {
    let rubble = images.add(rubble_tile(7));
    commands.insert_resource(Ground(materials.add(GroundMaterial {
        look: look_of("CI_CM_bennu"),
        rubble,
        chart: ChartLook::default(),
        estimates: images.add(blank_chart()),
    })));
}

/// Gives the ground the colour of what it is made of.
fn colour_ground(
    game: Res<Game>,
    ground: Res<Ground>,
    mut materials: ResMut<Assets<GroundMaterial>>,
) {
    if let Some(mut material) = materials.get_mut(&ground.0) {
        let class = &game.headless().terrain().model().record().composition_class;
        material.look = look_of(class);
        material.chart = ChartLook::default();
    }
}

/// Colours by row of `composition.csv`.
///
/// Bennu reflects 4.4 % (Lauretta et al. 2019) and is slightly blue; the exposure of the camera
/// lifts it to where it can be seen beside white panels. Brighter ground is lifted less, as by an
/// eye: the order of the classes is kept, not their ratios. Means by class: DeMeo & Carry 2013.
fn look_of(class: &str) -> GroundLook {
    let albedo = if class.starts_with('C') {
        Vec3::new(0.098, 0.099, 0.102)
    } else if class == "unknown_D" {
        Vec3::new(0.104, 0.094, 0.085)
    } else if class.starts_with("lunar_mare") {
        Vec3::new(0.128, 0.122, 0.114)
    } else if class.starts_with("lunar") {
        Vec3::new(0.178, 0.172, 0.162)
    } else if class == "aubrite" {
        Vec3::new(0.225, 0.222, 0.212)
    } else if class == "eucrite" {
        Vec3::new(0.205, 0.186, 0.158)
    } else if matches!(class, "H" | "L" | "LL" | "unknown") {
        Vec3::new(0.172, 0.147, 0.119)
    } else {
        // Metal and what is mixed with it.
        Vec3::new(0.136, 0.131, 0.124)
    };
    // Dark rubble is darker still where it was turned over; ground that the Sun has weathered
    // comes up brighter.
    let fresh_albedo = if class.starts_with('C') {
        Vec3::new(0.61, 0.64, 0.69) * albedo
    } else {
        Vec3::new(1.18, 1.22, 1.28) * albedo
    };
    GroundLook {
        albedo,
        relief: 1.0,
        fresh_albedo,
        spare: 0.0,
    }
}

/// A chart that nothing has been drawn on.
fn blank_chart() -> Image {
    chart_image(1, &[[0.0, 1.0]])
}

/// A square chart of `side` texels along each edge. The shader interpolates between them: bytes
/// would be too coarse for lines of equal value, and not every machine filters floats.
pub(super) fn chart_image(side: u32, texels: &[[f32; 2]]) -> Image {
    Image::new(
        Extent3d {
            width: side,
            height: side,
            depth_or_array_layers: 1,
        },
        TextureDimension::D2,
        texels
            .iter()
            .flatten()
            .flat_map(|part| part.to_le_bytes())
            .collect(),
        TextureFormat::Rg32Float,
        RenderAssetUsages::RENDER_WORLD,
    )
}

const TILE: usize = 512;

/// A tile that repeats without a seam. Red and green: slope along u and v, ±2 over the range;
/// blue: tone, half is 1; alpha: openness to the sky.
fn rubble_tile(seed: u64) -> Image {
    let mut random = rand_pcg::Pcg64Mcg::seed_from_u64(seed);
    let mut height = vec![0.0f32; TILE * TILE];
    let mut tone = vec![1.0f32; TILE * TILE];
    let at = |x: i32, y: i32| {
        let wrap = |v: i32| v.rem_euclid(TILE as i32) as usize;
        wrap(y) * TILE + wrap(x)
    };
    // Fines between the stones: gentle swells and grain.
    for y in 0..TILE as i32 {
        for x in 0..TILE as i32 {
            let turn = std::f32::consts::TAU / TILE as f32;
            let (u, v) = (x as f32 * turn, y as f32 * turn);
            let swell = (2.0 * u + (3.0 * v).sin()).sin() + (3.0 * v + 2.0 * (2.0 * u).cos()).sin();
            height[at(x, y)] = 1.2 * swell + random.random_range(-0.5..0.5);
            tone[at(x, y)] = 0.92 + random.random_range(-0.06..0.06);
        }
    }
    // Stones, the small ones first, so that large ones lie on top. Each octave of size covers
    // about the same share of the ground, as on a rubble pile.
    let octaves: [(f32, f32); 6] = [
        (1.6, 0.30),
        (2.8, 0.32),
        (5.0, 0.30),
        (9.0, 0.26),
        (17.0, 0.20),
        (34.0, 0.12),
    ];
    for (radius_px, cover) in octaves {
        let area = std::f32::consts::PI * radius_px * radius_px;
        let count = (cover * (TILE * TILE) as f32 / area) as usize;
        for _ in 0..count {
            let radius = radius_px * random.random_range(0.7f32..1.45);
            let (cx, cy) = (
                random.random_range(0.0..TILE as f32),
                random.random_range(0.0..TILE as f32),
            );
            let base = height[at(cx as i32, cy as i32)] - 0.25 * radius;
            let stone_tone = if random.random_range(0.0..1.0) < 0.06 {
                random.random_range(1.3f32..1.75)
            } else {
                random.random_range(0.72f32..1.18)
            };
            // An angular stone: the ground under several leaning planes.
            let mut planes = [(0.0f32, 0.0f32, 0.0f32); 8];
            let sides = random.random_range(5..8usize);
            let turn = random.random_range(0.0..std::f32::consts::TAU);
            for (side, plane) in planes.iter_mut().take(sides).enumerate() {
                let angle = turn
                    + std::f32::consts::TAU * (side as f32 + random.random_range(-0.3f32..0.3))
                        / sides as f32;
                let steep = random.random_range(0.8f32..2.6);
                let reach = radius * random.random_range(0.72f32..1.0);
                *plane = (steep * angle.cos(), steep * angle.sin(), steep * reach);
            }
            let (tilt_x, tilt_y) = (
                random.random_range(-0.35f32..0.35),
                random.random_range(-0.35f32..0.35),
            );
            let top = radius * random.random_range(0.35f32..0.75);
            let reach_px = (radius * 1.1).ceil() as i32;
            for dy in -reach_px..=reach_px {
                for dx in -reach_px..=reach_px {
                    let (x, y) = (dx as f32, dy as f32);
                    let mut above = top + tilt_x * x + tilt_y * y;
                    for (sx, sy, level) in &planes[..sides] {
                        above = above.min(level - sx * x - sy * y);
                    }
                    if above <= 0.0 {
                        continue;
                    }
                    let index = at(cx as i32 + dx, cy as i32 + dy);
                    let level = base + above;
                    if height[index] < level {
                        height[index] = level;
                        tone[index] = stone_tone;
                    }
                }
            }
        }
    }
    let near = blurred(&height, 3);
    let wide = blurred(&height, 14);
    let texels: Vec<[f32; 4]> = (0..TILE * TILE)
        .map(|index| {
            let (x, y) = ((index % TILE) as i32, (index / TILE) as i32);
            let slope_u = 0.5 * (height[at(x + 1, y)] - height[at(x - 1, y)]);
            let slope_v = 0.5 * (height[at(x, y + 1)] - height[at(x, y - 1)]);
            let rise = 0.13 * (height[index] - near[index]) + 0.06 * (height[index] - wide[index]);
            [
                (slope_u * 0.25 + 0.5).clamp(0.0, 1.0),
                (slope_v * 0.25 + 0.5).clamp(0.0, 1.0),
                (tone[index] * 0.5).clamp(0.0, 1.0),
                (0.72 + rise).clamp(0.12, 1.0),
            ]
        })
        .collect();
    with_mips(texels)
}

/// Mean over a square of `2 reach + 1` texels, wrapping around.
fn blurred(field: &[f32], reach: i32) -> Vec<f32> {
    let pass = |from: &[f32], step_x: i32, step_y: i32| -> Vec<f32> {
        let wrap = |v: i32| v.rem_euclid(TILE as i32) as usize;
        (0..TILE * TILE)
            .map(|index| {
                let (x, y) = ((index % TILE) as i32, (index / TILE) as i32);
                let sum: f32 = (-reach..=reach)
                    .map(|k| from[wrap(y + k * step_y) * TILE + wrap(x + k * step_x)])
                    .sum();
                sum / (2 * reach + 1) as f32
            })
            .collect()
    };
    pass(&pass(field, 1, 0), 0, 1)
}

/// The image of the texels with all its smaller copies.
fn with_mips(mut texels: Vec<[f32; 4]>) -> Image {
    let mut data = Vec::with_capacity(TILE * TILE * 16 / 3);
    let mut size = TILE;
    let mut levels = 0;
    loop {
        data.extend(
            texels
                .iter()
                .flatten()
                .map(|value| (value * 255.0 + 0.5) as u8),
        );
        levels += 1;
        if size == 1 {
            break;
        }
        let half = size / 2;
        texels = (0..half * half)
            .map(|index| {
                let (x, y) = (2 * (index % half), 2 * (index / half));
                std::array::from_fn(|channel| {
                    let of = |dx: usize, dy: usize| texels[(y + dy) * size + x + dx][channel];
                    0.25 * (of(0, 0) + of(1, 0) + of(0, 1) + of(1, 1))
                })
            })
            .collect();
        size = half;
    }
    let mut image = Image::new_uninit(
        Extent3d {
            width: TILE as u32,
            height: TILE as u32,
            depth_or_array_layers: 1,
        },
        TextureDimension::D2,
        TextureFormat::Rgba8Unorm,
        RenderAssetUsages::RENDER_WORLD,
    );
    image.texture_descriptor.mip_level_count = levels;
    image.data = Some(data);
    image.sampler = ImageSampler::Descriptor(ImageSamplerDescriptor {
        address_mode_u: ImageAddressMode::Repeat,
        address_mode_v: ImageAddressMode::Repeat,
        mag_filter: ImageFilterMode::Linear,
        min_filter: ImageFilterMode::Linear,
        mipmap_filter: ImageFilterMode::Linear,
        // No anisotropy: the software renderer takes minutes for it. The shader sharpens instead.
        ..default()
    });
    image
}
