//! The camera: it orbits a place on the ground, follows a robot, or shows the whole body.
//!
//! Up is the lie of the land around the place looked at. The camera keeps above the ground, and
//! glides to where it is sent. Dragging with the left or middle button turns it, with the right
//! button moves it along the ground, the wheel brings it nearer or farther.

use std::f32::consts::FRAC_PI_2;

use bevy::camera::Exposure;
use bevy::core_pipeline::tonemapping::Tonemapping;
use bevy::input::mouse::{AccumulatedMouseMotion, AccumulatedMouseScroll, MouseScrollUnit};
use bevy::math::DVec3;
use bevy::prelude::*;
use bevy_egui::input::EguiWantsInput;

use crate::sim::asteroid::Terrain;
use crate::sim::observation::Activity;

use super::super::menu::settings::Settings;
use super::super::{AppState, ClientSystems, Game};
use super::{Frame, Moment, ViewSystems};

pub(super) fn plugin(app: &mut App) {
    app.add_systems(Startup, spawn_camera)
        .add_systems(OnEnter(AppState::Site), aim_camera.after(super::enter_site))
        .add_systems(
            Update,
            steer_by_mouse.in_set(ClientSystems::Input).run_if(
                in_state(AppState::Site)
                    .and_then(resource_exists::<CameraRig>)
                    .and_then(resource_exists::<EguiWantsInput>),
            ),
        )
        .add_systems(Update, place_camera.in_set(ViewSystems::Follow));
}

/// The one camera that shows the site.
#[derive(Component, Clone, Copy, Debug, Default)]
pub struct SiteCamera;

/// What the camera looks at.
#[derive(Clone, Debug, PartialEq)]
pub enum CameraMode {
    /// A place on the ground.
    Orbit,
    /// A robot, by name.
    Follow(String),
    /// The whole body.
    Overview,
}

/// The named views of `bonanza shot --camera NAME`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum NamedCamera {
    /// The work site: robots and plant from some way off.
    #[default]
    Site,
    /// Beside a robot at work, the player's own if it can be.
    Follow,
    /// The whole body.
    Overview,
    /// The ground and a robot from as near as one can get.
    Close,
}

impl NamedCamera {
    pub const NAMES: [&'static str; 4] = ["site", "follow", "overview", "close"];

    pub fn named(name: &str) -> Option<Self> {
        match name {
            "site" => Some(Self::Site),
            "follow" => Some(Self::Follow),
            "overview" => Some(Self::Overview),
            "close" => Some(Self::Close),
            _ => None,
        }
    }
}

/// Where the camera is, and where it is going. Positions are in the drawn world.
#[derive(Resource, Clone, Debug)]
pub struct CameraRig {
    mode: CameraMode,
    wish: Pose,
    now: Pose,
    /// The place between the machines, to come home to.
    home_m: Vec3,
    body_centre_m: Vec3,
    body_radius_m: f32,
    eye_m: Vec3,
    rotation: Quat,
}

/// A way of looking at a place.
#[derive(Clone, Copy, Debug)]
struct Pose {
    focus_m: Vec3,
    distance_m: f32,
    yaw: f32,
    /// Height of the camera above the horizontal.
    pitch: f32,
    /// Takes +Y to the lie of the land.
    upright: Quat,
}

const NEAREST_M: f32 = 1.2;
const FIELD_OF_VIEW: f32 = 0.80;
/// Part of the way that remains after a second of gliding.
const GLIDE: f32 = 0.001;

impl CameraRig {
    pub fn mode(&self) -> &CameraMode {
        &self.mode
    }

    /// Position of the camera in the drawn world [m].
    pub fn eye(&self) -> Vec3 {
        self.eye_m
    }

    /// The place looked at, in the drawn world [m].
    pub fn focus(&self) -> Vec3 {
        self.now.focus_m
    }

    /// Distance from the camera to the place looked at [m].
    pub fn distance_m(&self) -> f32 {
        self.now.distance_m
    }

    /// Radius of a sphere around the body [m].
    pub fn body_radius_m(&self) -> f32 {
        self.body_radius_m
    }

    /// Keeps a robot in view.
    pub fn follow(&mut self, robot: &str) {
        self.mode = CameraMode::Follow(robot.to_owned());
        self.wish.distance_m = self.wish.distance_m.clamp(4.0, 14.0);
        self.wish.pitch = self.wish.pitch.clamp(0.12, 0.9);
    }

    /// Turns around a place, given in the drawn world.
    pub fn orbit(&mut self, place_m: Vec3) {
        self.mode = CameraMode::Orbit;
        self.wish.focus_m = place_m;
        self.wish.distance_m = self.wish.distance_m.min(60.0);
    }

    /// Shows the whole body.
    pub fn overview(&mut self) {
        self.mode = CameraMode::Overview;
        self.wish.focus_m = self.body_centre_m;
        self.wish.distance_m = self.body_radius_m / (0.5 * FIELD_OF_VIEW).sin() * 1.12;
    }

    /// Back to the work site.
    pub fn home(&mut self) {
        self.mode = CameraMode::Orbit;
        self.wish.focus_m = self.home_m;
        self.wish.distance_m = 26.0;
        self.wish.pitch = 0.42;
    }

    /// Ends all gliding: the camera is where it was sent.
    pub fn arrive(&mut self) {
        self.now = self.wish;
    }
}

/// The camera outlives the sites: the panels are drawn through it in the menu as well.
fn spawn_camera(mut commands: Commands) {
    commands.spawn((
        SiteCamera,
        Camera3d::default(),
        Camera {
            clear_color: ClearColorConfig::Custom(Color::BLACK),
            ..default()
        },
        Projection::Perspective(PerspectiveProjection {
            fov: FIELD_OF_VIEW,
            near: 0.05,
            // Beyond the largest body, seen whole.
            far: 3.0e7,
            ..default()
        }),
        Exposure {
            ev100: super::lighting::EXPOSURE_EV100,
        },
        // The one display transform that needs no table and keeps the greys grey.
        Tonemapping::AcesFitted,
        Msaa::Sample4,
        Transform::default(),
    ));
}

fn aim_camera(mut commands: Commands, game: Res<Game>, frame: Res<Frame>, moment: Res<Moment>) {
    let scene = &moment.scene;
    let model = game.headless().terrain().model();
    let mine = |owner: &str| owner == game.player;
    // Home is where the player's machines are.
    let places: Vec<Vec3> = scene
        .robots
        .iter()
        .filter(|robot| mine(&robot.owner))
        .map(|robot| robot.position_m)
        .chain(
            scene
                .plants
                .iter()
                .filter(|plant| mine(&plant.owner))
                .map(|plant| plant.position_m),
        )
        .collect();
    let middle_m = if places.is_empty() {
        frame.origin_m.as_vec3()
    } else {
        places.iter().sum::<Vec3>() / places.len() as f32
    };
    let home_m = frame.to_render(
        game.headless()
            .terrain()
            .surface_below(middle_m.as_dvec3())
            .as_vec3(),
    );
    let up = lie_of_the_land(game.headless().terrain(), frame.to_body_m(home_m));
    let upright = Quat::from_rotation_arc(Vec3::Y, up);
    let yaw = yaw_beside(upright.inverse() * scene.sun_direction);
    let pose = Pose {
        focus_m: home_m,
        distance_m: 26.0,
        yaw,
        pitch: 0.42,
        upright,
    };
    commands.insert_resource(CameraRig {
        mode: CameraMode::Orbit,
        wish: pose,
        now: pose,
        home_m,
        body_centre_m: frame.to_render(model.centre_m().as_vec3()),
        body_radius_m: model.bounding_radius_m() as f32,
        eye_m: home_m + up * 26.0,
        rotation: Quat::IDENTITY,
    });
}

/// Turns the rig as one of the named cameras wants it, at once. `robot` names the one to look at;
/// otherwise it is the busiest.
pub fn take_named(
    rig: &mut CameraRig,
    camera: NamedCamera,
    moment: &Moment,
    player: &str,
    robot: Option<&str>,
) {
    let robot = moment
        .scene
        .robots
        .iter()
        .filter(|seen| robot.map_or(!seen.lost, |robot| seen.name == robot))
        .min_by_key(|robot| {
            let idleness = match robot.activity {
                Activity::Digging => 0,
                Activity::Idle | Activity::Settling | Activity::Adrift => 2,
                _ => 1,
            };
            (idleness, robot.owner != player)
        })
        .map(|robot| (robot.name.clone(), robot.size_m.max_element()));
    let sun = rig.wish.upright.inverse() * moment.scene.sun_direction;
    rig.wish.yaw = yaw_beside(sun);
    match (camera, robot) {
        (NamedCamera::Overview, _) => rig.overview(),
        (NamedCamera::Site, _) | (_, None) => rig.home(),
        (NamedCamera::Follow, Some((robot, size_m))) => {
            rig.follow(&robot);
            rig.wish.distance_m = (4.3 * size_m).max(NEAREST_M);
            rig.wish.pitch = 0.34;
        }
        (NamedCamera::Close, Some((robot, size_m))) => {
            rig.follow(&robot);
            rig.wish.distance_m = (2.6 * size_m).max(NEAREST_M);
            rig.wish.pitch = 0.22;
            rig.wish.yaw -= 0.3;
        }
    }
}

fn steer_by_mouse(
    mut rig: ResMut<CameraRig>,
    buttons: Res<ButtonInput<MouseButton>>,
    motion: Res<AccumulatedMouseMotion>,
    scroll: Res<AccumulatedMouseScroll>,
    egui: Res<EguiWantsInput>,
    settings: Option<Res<Settings>>,
    mut dragging: Local<bool>,
) {
    let over_panel = egui.wants_any_pointer_input();
    let buttons_used = [MouseButton::Left, MouseButton::Middle, MouseButton::Right];
    if buttons.any_just_pressed(buttons_used) {
        *dragging = !over_panel;
    }
    if !buttons.any_pressed(buttons_used) {
        *dragging = false;
    }
    let sensitivity = settings.map_or(1.0, |settings| settings.mouse_sensitivity);
    let delta = sensitivity * motion.delta;
    if *dragging && delta != Vec2::ZERO {
        if buttons.pressed(MouseButton::Right) {
            let scale = rig.now.distance_m * 0.0014;
            let heading = rig.now.upright * Quat::from_rotation_y(rig.now.yaw);
            let shift = heading * Vec3::new(-delta.x, 0.0, -delta.y) * scale;
            if rig.mode != CameraMode::Orbit {
                rig.mode = CameraMode::Orbit;
                rig.wish.focus_m = rig.now.focus_m;
            }
            rig.wish.focus_m += shift;
        } else {
            rig.wish.yaw -= delta.x * 0.006;
            rig.wish.pitch = (rig.wish.pitch + delta.y * 0.006).clamp(-0.35, FRAC_PI_2 - 0.02);
        }
    }
    if !over_panel && scroll.delta.y != 0.0 {
        let lines = match scroll.unit {
            MouseScrollUnit::Line => scroll.delta.y,
            MouseScrollUnit::Pixel => scroll.delta.y / 40.0,
        };
        let farthest_m = 8.0 * rig.body_radius_m;
        rig.wish.distance_m =
            (rig.wish.distance_m * (-0.16 * lines).exp()).clamp(NEAREST_M, farthest_m);
        // Coming nearer from the overview ends at the work site, not inside the body.
        if rig.mode == CameraMode::Overview && rig.wish.distance_m < 1.6 * rig.body_radius_m {
            rig.mode = CameraMode::Orbit;
            rig.wish.focus_m = rig.home_m;
        }
    }
}

/// Glides towards the wish and puts the camera entity in its place.
pub(super) fn place_camera(
    mut rig: ResMut<CameraRig>,
    game: Res<Game>,
    frame: Res<Frame>,
    moment: Res<Moment>,
    time: Res<Time<Real>>,
    mut camera: Query<&mut Transform, With<SiteCamera>>,
) {
    let terrain = game.headless().terrain();
    let rig = &mut *rig;
    match rig.mode.clone() {
        CameraMode::Follow(name) => match moment.robot(&name) {
            Some(robot) => {
                let focus_m = frame.to_render(robot.position_m);
                // Carried along without lag; only the first approach glides.
                if (rig.now.focus_m - rig.wish.focus_m).length() < 0.5 {
                    rig.now.focus_m += focus_m - rig.wish.focus_m;
                }
                rig.wish.focus_m = focus_m;
            }
            None => rig.mode = CameraMode::Orbit,
        },
        CameraMode::Overview => rig.wish.focus_m = rig.body_centre_m,
        CameraMode::Orbit => {
            // A moved focus stays on the ground.
            let body_m = frame.to_body_m(rig.wish.focus_m);
            if 1.0 < terrain.model().from_centre(body_m).length() {
                rig.wish.focus_m = frame.to_render(terrain.surface_below(body_m).as_vec3());
            }
        }
    }
    if rig.mode != CameraMode::Overview {
        let up = lie_of_the_land(terrain, frame.to_body_m(rig.wish.focus_m));
        let was = rig.wish.upright * Vec3::Y;
        rig.wish.upright = (Quat::from_rotation_arc(was, up) * rig.wish.upright).normalize();
    }

    let rest = GLIDE.powf(time.delta_secs().min(0.1));
    let (now, wish) = (&mut rig.now, &rig.wish);
    now.focus_m = wish.focus_m.lerp(now.focus_m, rest);
    now.distance_m =
        (wish.distance_m.ln() + (now.distance_m.ln() - wish.distance_m.ln()) * rest).exp();
    now.yaw = wish.yaw + (now.yaw - wish.yaw) * rest;
    now.pitch = wish.pitch + (now.pitch - wish.pitch) * rest;
    now.upright = wish.upright.slerp(now.upright, rest);

    // From far away one looks at the body, not at the place on it.
    let far = smoothstep(
        0.8 * rig.body_radius_m,
        2.4 * rig.body_radius_m,
        rig.now.distance_m,
    );
    let focus_m = rig.now.focus_m.lerp(rig.body_centre_m, far);
    let up = rig.now.upright * Vec3::Y;
    let heading = rig.now.upright * Quat::from_rotation_y(rig.now.yaw);
    let eye_at = |pitch: f32| {
        focus_m + heading * Quat::from_rotation_x(-pitch) * Vec3::Z * rig.now.distance_m
    };
    // A rock in the way is looked over.
    let mut pitch = rig.now.pitch;
    while far < 0.5 && pitch < 1.3 && !sees(terrain, &frame, focus_m + up * 0.4, eye_at(pitch)) {
        pitch += 0.04;
    }
    let mut eye_m = eye_at(pitch);
    // Never under the ground, nor with the near plane in it.
    let clearance_m = (0.35 + 0.03 * rig.now.distance_m).min(2.0);
    for _ in 0..24 {
        let above_m = terrain.signed_distance_m(frame.to_body_m(eye_m)) as f32;
        if clearance_m <= above_m {
            break;
        }
        eye_m += up * (clearance_m - above_m).max(0.05);
    }
    let target_m = focus_m + up * (0.4 * (1.0 - far));
    let look = Transform::from_translation(eye_m).looking_at(target_m, up);
    rig.eye_m = eye_m;
    rig.rotation = look.rotation;
    for mut transform in &mut camera {
        *transform = look;
    }
}

/// Where to stand for a Sun that shines from the side and a little from behind, which shows relief
/// best. `sun` is in axes with +Y up.
fn yaw_beside(sun: Vec3) -> f32 {
    sun.x.atan2(sun.z) + 1.0
}

/// Whether no ground lies between two places of the drawn world.
fn sees(terrain: &Terrain, frame: &Frame, from_m: Vec3, to_m: Vec3) -> bool {
    let length_m = from_m.distance(to_m);
    // The first stretch belongs to the thing looked at, which may stand in a hole.
    let mut along_m = 0.9f32.min(0.5 * length_m);
    while along_m < length_m {
        let at_m = frame.to_body_m(from_m.lerp(to_m, along_m / length_m));
        let above_m = terrain.signed_distance_m(at_m) as f32;
        if above_m < 0.0 {
            return false;
        }
        along_m += above_m.max(0.15);
    }
    true
}

/// Mean direction away from the ground over some metres: steadier than the normal of one spot.
fn lie_of_the_land(terrain: &Terrain, at_m: DVec3) -> Vec3 {
    let reach_m = 12.0;
    let slope = DVec3::from_array([DVec3::X, DVec3::Y, DVec3::Z].map(|axis| {
        terrain.signed_distance_m(at_m + axis * reach_m)
            - terrain.signed_distance_m(at_m - axis * reach_m)
    }));
    slope
        .try_normalize()
        .unwrap_or_else(|| terrain.model().outward(at_m))
        .as_vec3()
}

fn smoothstep(from: f32, to: f32, value: f32) -> f32 {
    let t = ((value - from) / (to - from)).clamp(0.0, 1.0);
    t * t * (3.0 - 2.0 * t)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_named_camera_is_found_by_its_name() {
        for name in NamedCamera::NAMES {
            assert!(NamedCamera::named(name).is_some(), "{name}");
        }
        assert_eq!(NamedCamera::named("nowhere"), None);
    }
}
