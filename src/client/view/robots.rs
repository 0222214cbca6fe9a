//! Robots as machines: chassis, bin, bucket drums, solar wings, screw anchors, thrusters.
//!
//! Moving parts show what a robot does: drums turn and lower when it digs, screws go in when it
//! anchors, wings face the Sun at rest and fold in flight, the bin fills, nozzles fire, a light
//! tells the activity and a band the owner. Names are drawn by the panels.

use std::collections::{HashMap, HashSet};
use std::f32::consts::{FRAC_PI_2, TAU};

use bevy::light::NotShadowCaster;
use bevy::prelude::*;

use crate::sim::observation::{Activity, RobotView};

use super::super::{AppState, Game, theme};
use super::ground::Ground;
use super::machines::{Materials, Solids};
use super::{Frame, Moment, OfSite, ViewSystems};

pub(super) fn plugin(app: &mut App) {
    app.add_systems(Startup, make_parts).add_systems(
        Update,
        (keep_robots, pose_robots, move_joints)
            .chain()
            .in_set(ViewSystems::Pose),
    );
    app.add_systems(OnExit(AppState::Site), forget_colours);
}

/// Extents for which the model below is made [m]; others are scaled to.
const MODEL_SIZE_M: Vec3 = Vec3::new(1.2, 0.8, 1.4);

/// The drawn robot, with the state of its joints.
#[derive(Component)]
pub struct RobotModel {
    pub name: String,
    /// Turn of the drums [rad].
    drum: f32,
    /// 0 raised, 1 on the ground.
    arm: f32,
    /// 0 drawn in, 1 in the ground.
    screw: f32,
    screw_turn: f32,
    /// 0 folded up, 1 spread.
    spread: f32,
    /// Turn of the wings about their axis [rad].
    tilt: f32,
    fill: f32,
    thrust: Vec3,
    light: LinearRgba,
}

/// A part of a robot that moves.
#[derive(Component, Clone, Copy, Debug, PartialEq)]
enum Joint {
    Arm,
    Drum { sense: f32 },
    Wing { side: f32 },
    Screw { x: f32, z: f32 },
    Fill,
    Plume,
    Light,
}

#[derive(Resource)]
struct Parts {
    white: Handle<Mesh>,
    foil: Handle<Mesh>,
    metal: Handle<Mesh>,
    dark: Handle<Mesh>,
    lens: Handle<Mesh>,
    band: Handle<Mesh>,
    arm: Handle<Mesh>,
    drum: Handle<Mesh>,
    wing_frame: Handle<Mesh>,
    wing_cells: Handle<Mesh>,
    screw: Handle<Mesh>,
    fill: Handle<Mesh>,
    light: Handle<Mesh>,
    plume: Handle<Mesh>,
}

/// Materials with the colours of owners.
#[derive(Resource, Default)]
struct Bands(HashMap<String, Handle<StandardMaterial>>);

const FEET: [(f32, f32); 4] = [(-0.46, -0.52), (0.46, -0.52), (-0.46, 0.46), (0.46, 0.46)];
const NOZZLES: [(f32, f32); 4] = [(-0.24, -0.30), (0.24, -0.30), (-0.24, 0.24), (0.24, 0.24)];

fn make_parts(mut commands: Commands, mut meshes: ResMut<Assets<Mesh>>) {
    let at = |x: f32, y: f32, z: f32| Transform::from_xyz(x, y, z);

    let mut white = Solids::default();
    white
        .block([0.70, 0.035, 0.80], [0.0, 0.125, -0.03])
        .block([0.012, 0.17, 0.56], [-0.342, 0.0, -0.03])
        .block([0.012, 0.17, 0.56], [0.342, 0.0, -0.03])
        .block([0.13, 0.10, 0.11], [0.20, 0.375, 0.29]);
    // A high-gain dish, looking up and back.
    white.add(
        ConicalFrustum {
            radius_top: 0.13,
            radius_bottom: 0.02,
            height: 0.05,
        },
        at(-0.24, 0.335, 0.24).with_rotation(Quat::from_rotation_x(-0.5)),
    );
    // Walls of the bin.
    white
        .block([0.52, 0.20, 0.018], [0.0, 0.24, -0.40])
        .block([0.52, 0.15, 0.018], [0.0, 0.215, 0.04])
        .block([0.018, 0.19, 0.44], [-0.26, 0.235, -0.18])
        .block([0.018, 0.19, 0.44], [0.26, 0.235, -0.18]);

    let mut foil = Solids::default();
    foil.block([0.66, 0.22, 0.76], [0.0, 0.0, -0.03])
        .block([0.46, 0.06, 0.52], [0.0, -0.135, -0.03]);

    let mut metal = Solids::default();
    for (x, z) in FEET {
        let inner = [x.signum() * 0.31, -0.02, z.signum() * 0.33 - 0.03];
        let knee = [x * 1.06, 0.03, z * 1.04];
        let foot = [x, -0.36, z];
        metal.bar(0.026, inner, knee).bar(0.021, knee, foot).bar(
            0.012,
            [x.signum() * 0.30, -0.10, z.signum() * 0.30 - 0.03],
            [x * 1.02, -0.14, z * 1.02],
        );
        metal.add(
            Cylinder::new(0.105, 0.022).mesh().resolution(18).build(),
            at(x, -0.380, z),
        );
        metal.add(
            Sphere::new(0.036)
                .mesh()
                .ico(1)
                .unwrap_or_else(|_| Sphere::new(0.036).mesh().build()),
            at(knee[0], knee[1], knee[2]),
        );
    }
    // Mast of the camera and of the light.
    metal
        .bar(0.016, [0.20, 0.13, 0.29], [0.20, 0.34, 0.29])
        .bar(0.010, [-0.24, 0.13, 0.24], [-0.24, 0.32, 0.24])
        .bar(0.009, [-0.29, 0.13, -0.36], [-0.29, 0.44, -0.36])
        .bar(0.020, [-0.36, 0.155, 0.0], [0.36, 0.155, 0.0]);

    let mut dark = Solids::default();
    for (x, z) in NOZZLES {
        dark.add(
            ConicalFrustum {
                radius_top: 0.022,
                radius_bottom: 0.058,
                height: 0.09,
            },
            at(x, -0.20, z),
        );
    }
    dark.block([0.48, 0.012, 0.40], [0.0, 0.150, -0.18])
        .block([0.20, 0.12, 0.014], [0.0, 0.01, 0.355]);

    let mut lens = Solids::default();
    for x in [0.165, 0.235] {
        lens.add(
            Cylinder::new(0.026, 0.02).mesh().resolution(14).build(),
            at(x, 0.38, 0.352).with_rotation(Quat::from_rotation_x(FRAC_PI_2)),
        );
    }

    let mut band = Solids::default();
    band.block([0.006, 0.075, 0.36], [-0.351, 0.02, -0.03])
        .block([0.006, 0.075, 0.36], [0.351, 0.02, -0.03])
        .block([0.30, 0.10, 0.006], [0.0, 0.25, -0.412])
        .block([0.12, 0.006, 0.20], [-0.05, 0.1455, 0.25]);

    // Arm and drums turn about the origin of their own meshes.
    let mut arm = Solids::default();
    arm.bar(0.022, [-0.30, 0.0, 0.0], [-0.30, -0.05, 0.30])
        .bar(0.022, [0.30, 0.0, 0.0], [0.30, -0.05, 0.30])
        .bar(0.018, [-0.30, 0.0, 0.0], [0.30, 0.0, 0.0])
        .bar(0.030, [-0.31, -0.05, 0.30], [0.31, -0.05, 0.30]);

    let mut drum = Solids::default();
    let lying = Quat::from_rotation_z(FRAC_PI_2);
    drum.add(
        Cylinder::new(0.115, 0.25).mesh().resolution(22).build(),
        Transform::from_rotation(lying),
    );
    for side in [-0.128, 0.128] {
        drum.add(
            Cylinder::new(0.145, 0.012).mesh().resolution(22).build(),
            at(side, 0.0, 0.0).with_rotation(lying),
        );
    }
    for scoop in 0..9 {
        let turn = Quat::from_rotation_x(TAU * scoop as f32 / 9.0);
        let x = (scoop % 3) as f32 * 0.075 - 0.075;
        drum.add(
            Cuboid::new(0.075, 0.052, 0.018),
            Transform::from_translation(Vec3::X * x + turn * Vec3::new(0.0, 0.135, 0.0))
                .with_rotation(turn * Quat::from_rotation_x(0.7)),
        );
    }

    // The wing lies along +X, its face along +Y.
    let mut wing_frame = Solids::default();
    wing_frame.block([0.50, 0.012, 0.64], [0.31, 0.0, 0.0]).bar(
        0.016,
        [0.0, 0.0, 0.0],
        [0.08, 0.0, 0.0],
    );
    let mut wing_cells = Solids::default();
    for column in 0..3 {
        for row in 0..4 {
            wing_cells.block(
                [0.150, 0.006, 0.145],
                [
                    0.15 + 0.16 * column as f32,
                    0.008,
                    -0.2325 + 0.155 * row as f32,
                ],
            );
        }
    }

    let mut screw = Solids::default();
    screw.bar(0.016, [0.0, 0.05, 0.0], [0.0, -0.26, 0.0]);
    for turn in 0..14 {
        let share = turn as f32 / 14.0;
        let angle = share * 4.0 * TAU;
        screw.add(
            Cuboid::new(0.05, 0.007, 0.03),
            at(
                0.028 * angle.cos(),
                -0.02 - 0.22 * share,
                0.028 * angle.sin(),
            )
            .with_rotation(Quat::from_rotation_y(-angle)),
        );
    }

    commands.insert_resource(Bands::default());
    commands.insert_resource(Parts {
        white: meshes.add(white.mesh()),
        foil: meshes.add(foil.mesh()),
        metal: meshes.add(metal.mesh()),
        dark: meshes.add(dark.mesh()),
        lens: meshes.add(lens.mesh()),
        band: meshes.add(band.mesh()),
        arm: meshes.add(arm.mesh()),
        drum: meshes.add(drum.mesh()),
        wing_frame: meshes.add(wing_frame.mesh()),
        wing_cells: meshes.add(wing_cells.mesh()),
        screw: meshes.add(screw.mesh()),
        fill: meshes.add(heap_mesh()),
        light: meshes.add(Sphere::new(0.034).mesh().uv(12, 8)),
        plume: meshes.add(
            // Opens downwards from its tip at the origin.
            Mesh::from(Cone::new(0.5, 1.0)).transformed_by(Transform::from_xyz(0.0, -0.5, 0.0)),
        ),
    });
}

/// Broken ground that fills a bin: a low heap over a unit square, with y from 0 to 1.
fn heap_mesh() -> Mesh {
    let mut heap = Solids::default();
    heap.block([1.0, 0.8, 1.0], [0.0, 0.4, 0.0]);
    for lump in 0..26 {
        let (x, z) = (
            (lump as f32 * 0.618_034).fract() - 0.5,
            (lump as f32 * 0.754_877).fract() - 0.5,
        );
        let near = 1.0 - (x * x + z * z).sqrt();
        let size = 0.13 + 0.10 * (lump as f32 * 0.41).fract();
        heap.add(
            Cuboid::new(size, size * 1.4, size),
            Transform::from_xyz(0.86 * x, 0.62 + 0.32 * near, 0.86 * z).with_rotation(
                Quat::from_euler(EulerRot::XYZ, lump as f32, 1.7 * lump as f32, 0.4),
            ),
        );
    }
    heap.mesh()
}

/// Spawns robots that are new and removes those that are gone.
fn keep_robots(
    mut commands: Commands,
    moment: Res<Moment>,
    game: Res<Game>,
    parts: Res<Parts>,
    paint: Res<Materials>,
    ground: Res<Ground>,
    mut bands: ResMut<Bands>,
    mut materials: ResMut<Assets<StandardMaterial>>,
    models: Query<(Entity, &RobotModel)>,
) {
    let wanted: HashSet<&str> = moment
        .scene
        .robots
        .iter()
        .map(|robot| robot.name.as_str())
        .collect();
    let mut drawn: HashSet<String> = HashSet::new();
    for (entity, model) in &models {
        if wanted.contains(model.name.as_str()) {
            drawn.insert(model.name.clone());
        } else {
            commands.entity(entity).despawn();
        }
    }
    for robot in &moment.scene.robots {
        if drawn.contains(&robot.name) {
            continue;
        }
        let band = bands
            .0
            .entry(robot.owner.clone())
            .or_insert_with(|| {
                let colour = theme::owner_colour(&robot.owner, &game.player).to_linear();
                materials.add(StandardMaterial {
                    base_color: (colour * 0.24).into(),
                    emissive: colour * 0.10,
                    // As seen, whatever the exposure.
                    emissive_exposure_weight: 0.0,
                    perceptual_roughness: 0.7,
                    ..default()
                })
            })
            .clone();
        let light = materials.add(StandardMaterial {
            base_color: Color::BLACK,
            emissive_exposure_weight: 0.0,
            ..default()
        });
        spawn_robot(&mut commands, robot, &parts, &paint, &ground, band, light);
    }
}

fn spawn_robot(
    commands: &mut Commands,
    robot: &RobotView,
    parts: &Parts,
    paint: &Materials,
    ground: &Ground,
    band: Handle<StandardMaterial>,
    light: Handle<StandardMaterial>,
) {
    let model = RobotModel {
        name: robot.name.clone(),
        drum: 0.0,
        arm: f32::from(u8::from(robot.activity == Activity::Digging)),
        screw: f32::from(u8::from(robot.anchored)),
        screw_turn: 0.0,
        spread: f32::from(u8::from(robot.at_rest)),
        tilt: 0.0,
        fill: robot.bin_fill,
        thrust: Vec3::ZERO,
        light: LinearRgba::BLACK,
    };
    let solid = |mesh: &Handle<Mesh>, material: &Handle<StandardMaterial>| {
        (Mesh3d(mesh.clone()), MeshMaterial3d(material.clone()))
    };
    commands
        .spawn((OfSite, model, Transform::default(), Visibility::default()))
        .with_children(|root| {
            root.spawn(solid(&parts.white, &paint.white));
            root.spawn(solid(&parts.foil, &paint.foil));
            root.spawn(solid(&parts.metal, &paint.metal));
            root.spawn(solid(&parts.dark, &paint.dark));
            root.spawn(solid(&parts.lens, &paint.lens));
            root.spawn(solid(&parts.band, &band));
            root.spawn((Joint::Arm, solid(&parts.arm, &paint.metal)));
            for sense in [-1.0, 1.0] {
                root.spawn((Joint::Drum { sense }, solid(&parts.drum, &paint.metal)));
            }
            for side in [-1.0, 1.0] {
                root.spawn((
                    Joint::Wing { side },
                    solid(&parts.wing_frame, &paint.white),
                    children![solid(&parts.wing_cells, &paint.cells)],
                ));
            }
            for (x, z) in FEET {
                root.spawn((Joint::Screw { x, z }, solid(&parts.screw, &paint.metal)));
            }
            root.spawn((
                Joint::Fill,
                Mesh3d(parts.fill.clone()),
                MeshMaterial3d(ground.0.clone()),
            ));
            root.spawn((
                Joint::Plume,
                NotShadowCaster,
                solid(&parts.plume, &paint.plume),
            ));
            root.spawn((Joint::Light, NotShadowCaster, solid(&parts.light, &light)));
        });
}

fn pose_robots(
    moment: Res<Moment>,
    frame: Res<Frame>,
    time: Res<Time<Real>>,
    mut models: Query<(&mut RobotModel, &mut Transform)>,
) {
    // Joints move at a pace that an eye can follow, whatever the warp.
    let step_s = moment.step_s.min(0.1);
    let ease = 1.0 - (-3.0 * step_s).exp();
    for (mut model, mut transform) in &mut models {
        let Some(robot) = moment.robot(&model.name) else {
            continue;
        };
        transform.translation = frame.to_render(robot.position_m);
        transform.rotation = robot.rotation;
        transform.scale = robot.size_m / MODEL_SIZE_M;

        let digging = robot.activity == Activity::Digging;
        let goal = |on: bool| f32::from(u8::from(on));
        let model = &mut *model;
        model.arm += (goal(digging) - model.arm) * ease;
        if digging || 0.0 < robot.dig_rate_kg_s {
            model.drum += 4.0 * step_s;
        }
        let screwing = robot.activity == Activity::Anchoring && !robot.anchored;
        let depth = if robot.anchored {
            1.0
        } else {
            0.6 * goal(screwing)
        };
        if 0.02 < (depth - model.screw).abs() {
            model.screw_turn += 5.0 * step_s * (depth - model.screw).signum();
        }
        model.screw += (depth - model.screw) * (0.5 * ease);
        model.spread += (goal(robot.at_rest) - model.spread) * (0.6 * ease);
        // About the wings' axis, the angle that faces the Sun; never on its back.
        let sun = robot.rotation.inverse() * moment.scene.sun_direction;
        let facing = sun.z.atan2(sun.y.max(0.05)).clamp(-1.25, 1.25);
        model.tilt += (facing * model.spread - model.tilt) * ease;
        model.fill = robot.bin_fill;
        model.thrust = robot.rotation.inverse() * robot.thrust_n;
        let beat = time.elapsed_secs().rem_euclid(1.0) < 0.5;
        model.light = light_of(robot, beat);
    }
}

/// Colour of the status light.
fn light_of(robot: &RobotView, beat: bool) -> LinearRgba {
    let blinking = |colour: LinearRgba| if beat { colour } else { colour * 0.15 };
    match robot.activity {
        _ if robot.lost => LinearRgba::BLACK,
        Activity::Idle | Activity::Settling => LinearRgba::rgb(0.10, 0.95, 0.25),
        Activity::Hopping | Activity::Braking => LinearRgba::rgb(0.35, 0.80, 1.0),
        Activity::Anchoring | Activity::Digging => LinearRgba::rgb(1.0, 0.50, 0.06),
        Activity::Unloading | Activity::Refuelling => LinearRgba::rgb(0.75, 0.35, 1.0),
        Activity::Charging => LinearRgba::rgb(0.12, 0.30, 1.0),
        Activity::Surveying => LinearRgba::rgb(0.95, 0.95, 0.90),
        Activity::Adrift | Activity::Lost => blinking(LinearRgba::rgb(1.0, 0.05, 0.03)),
    }
}

fn move_joints(
    models: Query<&RobotModel>,
    mut joints: Query<(
        &Joint,
        &ChildOf,
        &mut Transform,
        &mut Visibility,
        &MeshMaterial3d<StandardMaterial>,
    )>,
    mut fills: Query<
        (&ChildOf, &mut Transform, &mut Visibility),
        (With<Joint>, Without<MeshMaterial3d<StandardMaterial>>),
    >,
    mut materials: ResMut<Assets<StandardMaterial>>,
) {
    for (joint, child, mut transform, mut visibility, material) in &mut joints {
        let Ok(model) = models.get(child.parent()) else {
            continue;
        };
        let arm = Quat::from_rotation_x(-0.55 + 0.80 * model.arm);
        let shoulder = Vec3::new(0.0, -0.06, 0.36);
        match *joint {
            Joint::Arm => {
                transform.translation = shoulder;
                transform.rotation = arm;
            }
            Joint::Drum { sense } => {
                transform.translation = shoulder + arm * Vec3::new(0.15 * sense, -0.05, 0.30);
                transform.rotation = arm * Quat::from_rotation_x(sense * model.drum);
            }
            Joint::Wing { side } => {
                let hinge = Quat::from_rotation_z(side * 1.35 * (1.0 - model.spread));
                let turn = if side < 0.0 {
                    Quat::from_rotation_y(std::f32::consts::PI)
                } else {
                    Quat::IDENTITY
                };
                transform.translation = Vec3::new(0.36 * side, 0.155, 0.0);
                transform.rotation = hinge * Quat::from_rotation_x(model.tilt) * turn;
            }
            Joint::Screw { x, z } => {
                transform.translation = Vec3::new(x, -0.12 - 0.27 * model.screw, z);
                transform.rotation = Quat::from_rotation_y(model.screw_turn);
            }
            Joint::Fill => {}
            Joint::Plume => {
                let thrust_n = model.thrust.length();
                if thrust_n < 1e-4 {
                    *visibility = Visibility::Hidden;
                } else {
                    *visibility = Visibility::Inherited;
                    let push = model.thrust / thrust_n;
                    let length_m = 0.5 + 0.7 * (thrust_n / 2.0).min(3.0).sqrt();
                    transform.translation = -push * 0.22;
                    transform.rotation = Quat::from_rotation_arc(Vec3::Y, push);
                    transform.scale = Vec3::new(0.45 * length_m, length_m, 0.45 * length_m);
                }
            }
            Joint::Light => {
                transform.translation = Vec3::new(-0.29, 0.46, -0.36);
                let is_new = materials
                    .get(&material.0)
                    .is_some_and(|now| now.emissive != model.light * 3.0);
                if is_new && let Some(mut now) = materials.get_mut(&material.0) {
                    now.emissive = model.light * 3.0;
                }
            }
        }
    }
    for (child, mut transform, mut visibility) in &mut fills {
        let Ok(model) = models.get(child.parent()) else {
            continue;
        };
        if model.fill < 0.005 {
            *visibility = Visibility::Hidden;
        } else {
            *visibility = Visibility::Inherited;
            transform.translation = Vec3::new(0.0, 0.155, -0.18);
            transform.scale = Vec3::new(0.49, 0.03 + 0.17 * model.fill, 0.41);
        }
    }
}

fn forget_colours(mut bands: ResMut<Bands>) {
    bands.0.clear();
}
