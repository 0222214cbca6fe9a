//! Plants: a still with retort, hopper, dome tank, solar array, steam vent, and its tailings.

use std::collections::HashSet;

use bevy::prelude::*;

use super::super::{Game, theme};
use super::ground::Ground;
use super::machines::{Materials, Solids};
use super::{Frame, Moment, OfSite, ViewSystems};

pub(super) fn plugin(app: &mut App) {
    app.add_systems(Startup, make_parts).add_systems(
        Update,
        (keep_plants, pose_plants).chain().in_set(ViewSystems::Pose),
    );
}

/// Where steam leaves the plant, in its own axes [m].
pub(super) const VENT_M: Vec3 = Vec3::new(0.55, 1.28, -0.55);
/// Loose density of what the still throws out [kg/m³].
const TAILINGS_KG_PER_M3: f32 = 1_300.0;

#[derive(Component)]
struct PlantModel {
    name: String,
}

#[derive(Component, Clone, Copy, Debug, PartialEq)]
enum Part {
    Array,
    Fill,
    Heap,
    Glow,
}

#[derive(Resource)]
struct Parts {
    white: Handle<Mesh>,
    foil: Handle<Mesh>,
    metal: Handle<Mesh>,
    dark: Handle<Mesh>,
    band: Handle<Mesh>,
    array_frame: Handle<Mesh>,
    array_cells: Handle<Mesh>,
    fill: Handle<Mesh>,
    heap: Handle<Mesh>,
    glow: Handle<Mesh>,
}

fn make_parts(mut commands: Commands, mut meshes: ResMut<Assets<Mesh>>) {
    let at = |x: f32, y: f32, z: f32| Transform::from_xyz(x, y, z);
    // The model stands on y = -1.1, the lower face of a plant 2.2 m high.
    let floor = -1.1;
    let mut white = Solids::default();
    white.add(
        Cylinder::new(0.50, 0.55).mesh().resolution(36).build(),
        at(-0.55, floor + 0.62, -0.50),
    );
    white.add(
        Sphere::new(0.50).mesh().uv(36, 18),
        at(-0.55, floor + 0.895, -0.50).with_scale(Vec3::new(1.0, 0.72, 1.0)),
    );
    white.block([0.42, 0.30, 0.30], [0.10, floor + 0.42, 0.92]);

    let mut foil = Solids::default();
    foil.add(
        Cylinder::new(0.34, 1.15).mesh().resolution(30).build(),
        at(0.55, floor + 0.98, -0.30),
    );
    foil.add(
        ConicalFrustum {
            radius_top: 0.14,
            radius_bottom: 0.34,
            height: 0.24,
        },
        at(0.55, floor + 1.675, -0.30),
    );

    let mut metal = Solids::default();
    metal.block([2.1, 0.10, 2.0], [0.0, floor + 0.30, 0.0]);
    for (x, z) in [(-0.95, -0.9), (0.95, -0.9), (-0.95, 0.9), (0.95, 0.9)] {
        metal.bar(
            0.05,
            [x, floor + 0.28, z],
            [x * 1.08, floor + 0.02, z * 1.08],
        );
        metal.add(
            Cylinder::new(0.17, 0.04).mesh().resolution(20).build(),
            at(x * 1.08, floor + 0.02, z * 1.08),
        );
    }
    metal
        .bar(
            0.04,
            [0.55, floor + 1.75, -0.30],
            [0.55, floor + 2.32, -0.55],
        )
        .bar(
            0.035,
            [0.40, floor + 1.60, -0.42],
            [-0.10, floor + 1.35, -0.50],
        )
        .bar(
            0.035,
            [-0.10, floor + 1.35, -0.50],
            [-0.30, floor + 1.12, -0.50],
        )
        .bar(0.05, [0.55, floor + 0.40, 0.02], [0.35, floor + 0.75, 0.45])
        .bar(
            0.06,
            [-0.95, floor + 0.35, 0.15],
            [-0.95, floor + 1.85, 0.15],
        );
    // The hopper: a funnel on legs, open at the top.
    metal.add(
        ConicalFrustum {
            radius_top: 0.56,
            radius_bottom: 0.16,
            height: 0.50,
        },
        at(0.40, floor + 1.0, 0.50),
    );

    let mut dark = Solids::default();
    dark.add(
        Torus::new(0.53, 0.58).mesh().build(),
        at(0.40, floor + 1.25, 0.50),
    );
    for k in 0..5 {
        dark.add(
            Torus::new(0.335, 0.365).mesh().build(),
            at(0.55, floor + 0.52 + 0.22 * k as f32, -0.30),
        );
    }
    dark.add(
        ConicalFrustum {
            radius_top: 0.09,
            radius_bottom: 0.045,
            height: 0.12,
        },
        at(0.55, floor + 2.36, -0.55),
    );

    let mut band = Solids::default();
    band.add(
        Cylinder::new(0.505, 0.09).mesh().resolution(36).build(),
        at(-0.55, floor + 0.74, -0.50),
    );
    band.block([0.30, 0.16, 0.01], [0.10, floor + 0.44, 1.075]);

    // The array turns about the head of its mast; its face is +Y.
    let mut array_frame = Solids::default();
    array_frame.block([1.50, 0.03, 2.5], [0.0, 0.0, 0.0]);
    let mut array_cells = Solids::default();
    for column in 0..4 {
        for row in 0..7 {
            array_cells.block(
                [0.345, 0.01, 0.335],
                [
                    -0.5475 + 0.365 * column as f32,
                    0.02,
                    -1.065 + 0.355 * row as f32,
                ],
            );
        }
    }

    commands.insert_resource(Parts {
        white: meshes.add(white.mesh()),
        foil: meshes.add(foil.mesh()),
        metal: meshes.add(metal.mesh()),
        dark: meshes.add(dark.mesh()),
        band: meshes.add(band.mesh()),
        array_frame: meshes.add(array_frame.mesh()),
        array_cells: meshes.add(array_cells.mesh()),
        fill: meshes.add(Cylinder::new(0.5, 1.0).mesh().resolution(28).build()),
        heap: meshes.add(heap_mesh()),
        glow: meshes.add(Sphere::new(0.06).mesh().uv(12, 8)),
    });
}

/// A heap of unit radius and unit height with a rough surface, its foot well below zero so that it
/// closes with uneven ground.
fn heap_mesh() -> Mesh {
    use bevy::asset::RenderAssetUsages;
    use bevy::mesh::{Indices, PrimitiveTopology};
    let (rings, sides) = (12usize, 40usize);
    let mut positions = vec![[0.0, 1.0, 0.0]];
    for ring in 1..=rings {
        let r = 1.25 * ring as f32 / rings as f32;
        for side in 0..sides {
            let angle = std::f32::consts::TAU * side as f32 / sides as f32;
            let rough = 0.05 * ((angle * 5.0 + r * 9.0).sin() + (angle * 11.0 - r * 17.0).sin());
            let height = (1.0 - r).max(-0.35) + rough * (1.0 - 0.5 * r);
            positions.push([r * angle.cos(), height, r * angle.sin()]);
        }
    }
    let mut indices = Vec::new();
    let at = |ring: usize, side: usize| (1 + (ring - 1) * sides + side % sides) as u32;
    for side in 0..sides {
        indices.extend([0, at(1, side + 1), at(1, side)]);
        for ring in 1..rings {
            let (a, b) = (at(ring, side), at(ring, side + 1));
            let (c, d) = (at(ring + 1, side), at(ring + 1, side + 1));
            indices.extend([a, b, c, b, d, c]);
        }
    }
    // Baked ground has lost its water: drawn as ground freshly laid open.
    let uvs = vec![[0.8, 0.0]; positions.len()];
    Mesh::new(
        PrimitiveTopology::TriangleList,
        RenderAssetUsages::RENDER_WORLD,
    )
    .with_inserted_attribute(Mesh::ATTRIBUTE_POSITION, positions)
    .with_inserted_attribute(Mesh::ATTRIBUTE_UV_0, uvs)
    .with_inserted_indices(Indices::U32(indices))
    .with_computed_smooth_normals()
}

fn keep_plants(
    mut commands: Commands,
    moment: Res<Moment>,
    game: Res<Game>,
    parts: Res<Parts>,
    paint: Res<Materials>,
    ground: Res<Ground>,
    mut materials: ResMut<Assets<StandardMaterial>>,
    models: Query<(Entity, &PlantModel)>,
) {
    let mut drawn: HashSet<&str> = HashSet::new();
    for (entity, model) in &models {
        if moment
            .scene
            .plants
            .iter()
            .any(|plant| plant.name == model.name)
        {
            drawn.insert(&model.name);
        } else {
            commands.entity(entity).despawn();
        }
    }
    for plant in &moment.scene.plants {
        if drawn.contains(plant.name.as_str()) {
            continue;
        }
        let colour = theme::owner_colour(&plant.owner, &game.player).to_linear();
        let band = materials.add(StandardMaterial {
            base_color: (colour * 0.24).into(),
            emissive: colour * 0.10,
            emissive_exposure_weight: 0.0,
            perceptual_roughness: 0.7,
            ..default()
        });
        let glow = materials.add(StandardMaterial {
            base_color: Color::BLACK,
            emissive_exposure_weight: 0.0,
            ..default()
        });
        let solid = |mesh: &Handle<Mesh>, material: &Handle<StandardMaterial>| {
            (Mesh3d(mesh.clone()), MeshMaterial3d(material.clone()))
        };
        commands
            .spawn((
                OfSite,
                PlantModel {
                    name: plant.name.clone(),
                },
                Transform::default(),
                Visibility::default(),
            ))
            .with_children(|root| {
                root.spawn(solid(&parts.white, &paint.white));
                root.spawn(solid(&parts.foil, &paint.foil));
                root.spawn(solid(&parts.metal, &paint.metal));
                root.spawn(solid(&parts.dark, &paint.dark));
                root.spawn(solid(&parts.band, &band));
                root.spawn((
                    Part::Array,
                    solid(&parts.array_frame, &paint.white),
                    children![solid(&parts.array_cells, &paint.cells)],
                ));
                root.spawn((Part::Glow, solid(&parts.glow, &glow)));
                for (part, mesh) in [(Part::Fill, &parts.fill), (Part::Heap, &parts.heap)] {
                    root.spawn((part, Mesh3d(mesh.clone()), MeshMaterial3d(ground.0.clone())));
                }
            });
    }
}

fn pose_plants(
    moment: Res<Moment>,
    frame: Res<Frame>,
    mut models: Query<(&PlantModel, &mut Transform), Without<Part>>,
    mut parts: Query<
        (
            &Part,
            &ChildOf,
            &mut Transform,
            &mut Visibility,
            Option<&MeshMaterial3d<StandardMaterial>>,
        ),
        Without<PlantModel>,
    >,
    mut materials: ResMut<Assets<StandardMaterial>>,
) {
    let find = |name: &str| moment.scene.plants.iter().find(|plant| plant.name == name);
    for (model, mut transform) in &mut models {
        if let Some(plant) = find(&model.name) {
            transform.translation = frame.to_render(plant.position_m);
            transform.rotation = plant.rotation;
        }
    }
    for (part, child, mut transform, mut visibility, material) in &mut parts {
        let Some(plant) = models
            .get(child.parent())
            .ok()
            .and_then(|(model, _)| find(&model.name))
        else {
            continue;
        };
        match part {
            Part::Array => {
                let sun = plant.rotation.inverse() * moment.scene.sun_direction;
                // It leans to the Sun, but not into the ground.
                let lean = Vec3::new(sun.x, sun.y.max(0.35), sun.z).normalize_or(Vec3::Y);
                transform.translation = Vec3::new(-0.95, 0.80, 0.15);
                transform.rotation = Quat::from_rotation_arc(Vec3::Y, lean);
            }
            Part::Fill => {
                *visibility = shown(0.01 < plant.hopper_fill);
                let width = 0.66 + 0.38 * plant.hopper_fill;
                transform.translation = Vec3::new(0.40, -0.32 + 0.42 * plant.hopper_fill, 0.50);
                transform.scale = Vec3::new(width, 0.1, width);
            }
            Part::Heap => {
                // A cone at 35 degrees of the volume that was thrown out.
                let volume_m3 = plant.tailings_kg / TAILINGS_KG_PER_M3;
                *visibility = shown(0.005 < volume_m3);
                let slope = 0.7;
                let radius_m = (3.0 * volume_m3 / (std::f32::consts::PI * slope)).cbrt();
                transform.translation = Vec3::new(1.55 + 0.5 * radius_m, -1.12, -1.0);
                transform.scale =
                    Vec3::new(radius_m, slope * radius_m, radius_m).max(Vec3::splat(0.02));
            }
            Part::Glow => {
                transform.translation = Vec3::new(0.55, 0.80, -0.30) + Vec3::Z * 0.3;
                let glow = if plant.running {
                    LinearRgba::rgb(3.0, 1.1, 0.15)
                } else {
                    LinearRgba::rgb(0.25, 0.03, 0.02)
                };
                let stale = |material: &StandardMaterial| material.emissive != glow;
                if let Some(material) = material
                    && materials.get(&material.0).is_some_and(stale)
                    && let Some(mut now) = materials.get_mut(&material.0)
                {
                    now.emissive = glow;
                }
            }
        }
    }
}

fn shown(visible: bool) -> Visibility {
    if visible {
        Visibility::Inherited
    } else {
        Visibility::Hidden
    }
}
