//! Robots as machines, each in the form that its modules give it.
//!
//! Moving parts show what a robot does: drums turn and lower when it digs, the auger goes down
//! when it drills, screws go in and claws close when it holds on, wings face the Sun at rest and
//! fold in flight, the bin fills, nozzles fire, a light tells the activity and a band the owner.
//! What a form is made of stands in [`models`]; names are drawn by the panels.

mod models;

use std::collections::{HashMap, HashSet};

use bevy::light::NotShadowCaster;
use bevy::prelude::*;

use crate::sim::observation::{Activity, RobotView};

use super::super::{AppState, Game, theme};
use super::ground::Ground;
use super::machines::Materials;
use super::{Frame, Moment, OfSite, ViewSystems};
use models::{Form, Model, Paint};

pub(super) fn plugin(app: &mut App) {
    app.add_systems(Startup, make_parts).add_systems(
        Update,
        (keep_robots, pose_robots, move_joints)
            .chain()
            .in_set(ViewSystems::Pose),
    );
    app.add_systems(OnExit(AppState::Site), forget_colours);
}

/// The drawn robot, with the state of its joints.
#[derive(Component)]
pub struct RobotModel {
    pub name: String,
    form: Form,
    /// Turn of the drums or the auger [rad].
    drum: f32,
    /// 0 raised, 1 on the ground.
    arm: f32,
    /// 0 drawn in, 1 in the ground, or claws closed.
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

/// A part of a robot that moves, with its seat in the model's axes.
#[derive(Component, Clone, Copy, Debug, PartialEq)]
enum Joint {
    Arm {
        shoulder: Vec3,
    },
    Drum {
        shoulder: Vec3,
        sense: f32,
    },
    Wing {
        hinge: Vec3,
        side: f32,
    },
    Screw {
        foot: Vec3,
        stroke_m: f32,
    },
    /// The sled of a drill on its mast; `turns` for what turns with the bit.
    Carriage {
        top: Vec3,
        stroke_m: f32,
        turns: bool,
    },
    /// A leg with a claw, turned by `yaw` about the vertical.
    Leg {
        hip: Vec3,
        yaw: f32,
    },
    Fill {
        floor: Vec3,
        size: Vec3,
    },
    Plume {
        at: Vec3,
        scale: f32,
    },
    Light {
        at: Vec3,
    },
}

#[derive(Resource)]
struct Parts {
    models: HashMap<Form, Model>,
    light: Handle<Mesh>,
    plume: Handle<Mesh>,
}

/// Materials with the colours of owners.
#[derive(Resource, Default)]
struct Bands(HashMap<String, Handle<StandardMaterial>>);

fn make_parts(mut commands: Commands, mut meshes: ResMut<Assets<Mesh>>) {
    let models = Form::ALL
        .into_iter()
        .map(|form| (form, form.model(&mut meshes)))
        .collect();
    commands.insert_resource(Bands::default());
    commands.insert_resource(Parts {
        models,
        light: meshes.add(Sphere::new(0.034).mesh().uv(12, 8)),
        plume: meshes.add(
            // Opens downwards from its tip at the origin.
            Mesh::from(Cone::new(0.5, 1.0)).transformed_by(Transform::from_xyz(0.0, -0.5, 0.0)),
        ),
    });
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
    let mut drawn: HashSet<String> = HashSet::new();
    for (entity, model) in &models {
        let is_same = moment
            .robot(&model.name)
            .is_some_and(|robot| Form::of(&robot.outfit) == model.form);
        if is_same {
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
    let form = Form::of(&robot.outfit);
    let made = &parts.models[&form];
    let model = RobotModel {
        name: robot.name.clone(),
        form,
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
    let standard = |paint_of: Paint| match paint_of {
        Paint::White => &paint.white,
        Paint::Foil => &paint.foil,
        Paint::Metal => &paint.metal,
        Paint::Dark => &paint.dark,
        Paint::Lens => &paint.lens,
        Paint::Cells => &paint.cells,
        Paint::Band | Paint::Ground => &band,
    };
    commands
        .spawn((OfSite, model, Transform::default(), Visibility::default()))
        .with_children(|root| {
            for (paint_of, mesh) in &made.fixed {
                let material = standard(*paint_of).clone();
                root.spawn((Mesh3d(mesh.clone()), MeshMaterial3d(material)));
            }
            for (joint, paint_of, mesh) in &made.joints {
                let mut part = root.spawn((*joint, Mesh3d(mesh.clone())));
                if *paint_of == Paint::Ground {
                    part.insert(MeshMaterial3d(ground.0.clone()));
                } else {
                    part.insert(MeshMaterial3d(standard(*paint_of).clone()));
                }
            }
            let (at, scale) = (made.plume_at, made.plume_scale);
            root.spawn((
                Joint::Plume { at, scale },
                NotShadowCaster,
                Mesh3d(parts.plume.clone()),
                MeshMaterial3d(paint.plume.clone()),
            ));
            root.spawn((
                Joint::Light { at: made.light_at },
                NotShadowCaster,
                Mesh3d(parts.light.clone()),
                MeshMaterial3d(light),
            ));
        });
}

fn pose_robots(
    moment: Res<Moment>,
    frame: Res<Frame>,
    time: Res<Time<Real>>,
    parts: Res<Parts>,
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
        transform.scale = robot.size_m / parts.models[&model.form].size_m;

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
        Activity::Unloading | Activity::Refuelling | Activity::Servicing => {
            LinearRgba::rgb(0.75, 0.35, 1.0)
        }
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
        (&Joint, &ChildOf, &mut Transform, &mut Visibility),
        Without<MeshMaterial3d<StandardMaterial>>,
    >,
    mut materials: ResMut<Assets<StandardMaterial>>,
) {
    for (joint, child, mut transform, mut visibility, material) in &mut joints {
        let Ok(model) = models.get(child.parent()) else {
            continue;
        };
        let arm = Quat::from_rotation_x(-0.55 + 0.80 * model.arm);
        match *joint {
            Joint::Arm { shoulder } => {
                transform.translation = shoulder;
                transform.rotation = arm;
            }
            Joint::Drum { shoulder, sense } => {
                transform.translation = shoulder + arm * Vec3::new(0.15 * sense, -0.05, 0.30);
                transform.rotation = arm * Quat::from_rotation_x(sense * model.drum);
            }
            Joint::Wing { hinge, side } => {
                let fold = Quat::from_rotation_z(side * 1.35 * (1.0 - model.spread));
                let turn = if side < 0.0 {
                    Quat::from_rotation_y(std::f32::consts::PI)
                } else {
                    Quat::IDENTITY
                };
                transform.translation = hinge;
                transform.rotation = fold * Quat::from_rotation_x(model.tilt) * turn;
            }
            Joint::Screw { foot, stroke_m } => {
                transform.translation = foot - Vec3::Y * (stroke_m * model.screw);
                transform.rotation = Quat::from_rotation_y(model.screw_turn);
            }
            Joint::Carriage {
                top,
                stroke_m,
                turns,
            } => {
                transform.translation = top - Vec3::Y * (stroke_m * model.arm);
                if turns {
                    transform.rotation = Quat::from_rotation_y(model.drum);
                }
            }
            Joint::Leg { hip, yaw } => {
                // Closed claws draw the hull down and the feet in.
                transform.translation = hip;
                transform.rotation =
                    Quat::from_rotation_y(yaw) * Quat::from_rotation_x(0.22 * model.screw);
            }
            Joint::Fill { .. } => {}
            Joint::Plume { at, scale } => {
                let thrust_n = model.thrust.length();
                if thrust_n < 1e-4 {
                    *visibility = Visibility::Hidden;
                } else {
                    *visibility = Visibility::Inherited;
                    let push = model.thrust / thrust_n;
                    let length_m = scale * (0.5 + 0.7 * (thrust_n / 2.0).min(3.0).sqrt());
                    transform.translation = at - push * 0.22;
                    transform.rotation = Quat::from_rotation_arc(Vec3::Y, push);
                    transform.scale = Vec3::new(0.45 * length_m, length_m, 0.45 * length_m);
                }
            }
            Joint::Light { at } => {
                transform.translation = at;
                let is_new = materials
                    .get(&material.0)
                    .is_some_and(|now| now.emissive != model.light * 3.0);
                if is_new && let Some(mut now) = materials.get_mut(&material.0) {
                    now.emissive = model.light * 3.0;
                }
            }
        }
    }
    for (joint, child, mut transform, mut visibility) in &mut fills {
        let (&Joint::Fill { floor, size }, Ok(model)) = (joint, models.get(child.parent())) else {
            continue;
        };
        if model.fill < 0.005 {
            *visibility = Visibility::Hidden;
        } else {
            *visibility = Visibility::Inherited;
            transform.translation = floor;
            transform.scale = Vec3::new(size.x, size.y * (0.15 + 0.85 * model.fill), size.z);
        }
    }
}

fn forget_colours(mut bands: ResMut<Bands>) {
    bands.0.clear();
}
