//! What is seen of a site: the body, the sky, the machines and their traces.
//!
//! Everything here is made from the [`Scene`](crate::sim::observation::Scene)s of the
//! [`Game`] and from the terrain, and is thrown away with them. The parts: [`body`] the ground,
//! `ground` how it looks, [`sky`] stars and Sun, [`lighting`] sunlight and shadows, [`camera`],
//! [`chart`] what is known of it, [`claims`] who holds it, [`robots`], [`plants`], [`dust`], and [`marks`] for what is
//! only drawn: the selection, a planned hop.

pub mod body;
pub mod camera;
pub mod chart;
pub mod claims;
pub mod dust;
mod ground;
pub mod lighting;
mod machines;
pub mod marks;
pub mod plants;
pub mod robots;
pub mod sky;
mod stones;

use bevy::math::DVec3;
use bevy::prelude::*;

use super::{AppState, ClientSystems, Game};

pub(super) fn plugin(app: &mut App) {
    app.configure_sets(
        Update,
        ViewSystems::Pose
            .before(ViewSystems::Follow)
            .in_set(ClientSystems::Draw),
    )
    .configure_sets(
        Update,
        (ViewSystems::Pose, ViewSystems::Follow)
            .in_set(ClientSystems::Draw)
            .run_if(in_state(AppState::Site).and_then(resource_exists::<Moment>)),
    )
    .add_systems(OnEnter(AppState::Site), enter_site)
    .add_systems(OnExit(AppState::Site), leave_site)
    .add_systems(
        Update,
        take_moment
            .in_set(ClientSystems::Draw)
            .before(ViewSystems::Pose)
            .run_if(in_state(AppState::Site).and_then(resource_exists::<Game>)),
    )
    .add_plugins((
        ground::plugin,
        machines::plugin,
        body::plugin,
        chart::plugin,
        claims::plugin,
        camera::plugin,
        sky::plugin,
        lighting::plugin,
        robots::plugin,
        plants::plugin,
        dust::plugin,
        marks::plugin,
    ));
}

/// The order within [`ClientSystems::Draw`].
#[derive(SystemSet, Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ViewSystems {
    /// Things are put where they are at this moment.
    Pose,
    /// What looks at them: camera, light, ground detail, marks.
    Follow,
}

/// The drawn world: the site frame with another origin, so that 32-bit positions stay exact
/// where the work is. The origin is chosen once when a site is entered.
#[derive(Resource, Clone, Copy, Debug, Default)]
pub struct Frame {
    /// Position of the drawn origin in the site frame [m].
    pub origin_m: DVec3,
}

impl Frame {
    /// From the site frame to the drawn world [m].
    pub fn to_render(&self, in_body_m: Vec3) -> Vec3 {
        (in_body_m.as_dvec3() - self.origin_m).as_vec3()
    }

    /// From the drawn world to the site frame [m].
    pub fn to_body(&self, in_render_m: Vec3) -> Vec3 {
        self.to_body_m(in_render_m).as_vec3()
    }

    /// As [`Frame::to_body`], in full precision.
    pub fn to_body_m(&self, in_render_m: Vec3) -> DVec3 {
        in_render_m.as_dvec3() + self.origin_m
    }
}

/// What is drawn this frame: the scene interpolated to the screen's clock, in the drawn world.
#[derive(Resource, Clone, Debug)]
pub struct Moment {
    /// Positions in the site frame; the sky turned to the screen's clock.
    pub scene: crate::sim::observation::Scene,
    /// Simulated seconds that passed since the last frame.
    pub step_s: f32,
    last_ms: f64,
}

impl Moment {
    pub fn robot(&self, name: &str) -> Option<&crate::sim::observation::RobotView> {
        self.scene.robots.iter().find(|robot| robot.name == name)
    }
}

/// An entity that shows the site and goes with it.
#[derive(Component, Clone, Copy, Debug, Default)]
pub struct OfSite;

fn enter_site(mut commands: Commands, game: Res<Game>) {
    let scene = game.scene();
    // The middle of the machines, to a metre, so that it is the same from run to run.
    let places = scene
        .robots
        .iter()
        .map(|robot| robot.position_m)
        .chain(scene.plants.iter().map(|plant| plant.position_m));
    let (count, sum) = places.fold((0, Vec3::ZERO), |(count, sum), place| {
        (count + 1, sum + place)
    });
    let middle_m = if count == 0 {
        // Nobody is here: the place that the level names.
        let anchor = game.level.anchor();
        let model = game.headless().terrain().model();
        let place_m = model.surface_point(anchor.latitude_rad, anchor.longitude_rad);
        place_m.as_vec3()
    } else {
        sum / count as f32
    };
    let origin_m = middle_m.round().as_dvec3();
    commands.insert_resource(Frame { origin_m });
    commands.insert_resource(moment_of(&game, None));
}

fn leave_site(mut commands: Commands, things: Query<Entity, With<OfSite>>) {
    for thing in &things {
        commands.entity(thing).despawn();
    }
    commands.remove_resource::<Moment>();
    commands.remove_resource::<Frame>();
    commands.remove_resource::<camera::CameraRig>();
    commands.remove_resource::<body::Surface>();
}

fn take_moment(mut moment: ResMut<Moment>, game: Res<Game>) {
    let last_ms = moment.last_ms;
    *moment = moment_of(&game, Some(last_ms));
}

fn moment_of(game: &Game, last_ms: Option<f64>) -> Moment {
    let (before, after, alpha) = game.moment();
    let mut scene = after.clone();
    for robot in &mut scene.robots {
        // Robots keep their place in the list except when one is bought or lost.
        if let Some(was) = before.robots.iter().find(|was| was.name == robot.name) {
            robot.position_m = was.position_m.lerp(robot.position_m, alpha);
            robot.rotation = was.rotation.slerp(robot.rotation, alpha);
            robot.bin_fill = was.bin_fill.lerp(robot.bin_fill, alpha);
        }
    }
    // The sky turns evenly, whatever the length of a tick.
    let spin = game.headless().terrain().spin().omega_rad_per_s;
    let turned = Quat::from_scaled_axis((-spin * game.since_scene_s()).as_vec3());
    scene.sun_direction = turned * scene.sun_direction;
    scene.body_from_stars = turned * scene.body_from_stars;
    let now_ms = game.clock_ms();
    Moment {
        scene,
        step_s: ((now_ms - last_ms.unwrap_or(now_ms)) * 1e-3).max(0.0) as f32,
        last_ms: now_ms,
    }
}
