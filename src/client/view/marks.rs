//! What is drawn but not there: outlines of claims, the selected machine, a planned hop.

use std::collections::HashMap;
use std::f32::consts::TAU;

use bevy::prelude::*;

use crate::sim::asteroid::Terrain;

use super::super::selection::Selection;
use super::super::{AppState, Game, theme};
use super::camera::CameraRig;
use super::{Frame, Moment, ViewSystems};

pub(super) fn plugin(app: &mut App) {
    app.init_resource::<Outlines>()
        .add_systems(Startup, set_up_lines)
        .add_systems(OnExit(AppState::Site), forget_outlines)
        .add_systems(
            Update,
            (draw_claims, draw_selection, draw_hop)
                .in_set(ViewSystems::Follow)
                .after(super::camera::place_camera),
        );
}

/// Claims' outlines draped over the ground, by claim; in the drawn world.
#[derive(Resource, Default)]
struct Outlines(HashMap<u32, Vec<Vec3>>);

fn set_up_lines(mut store: ResMut<GizmoConfigStore>) {
    let (config, _) = store.config_mut::<DefaultGizmoConfigGroup>();
    config.line.width = 2.0;
    // Slightly nearer than the ground it lies on.
    config.depth_bias = -0.002;
}

fn forget_outlines(mut outlines: ResMut<Outlines>) {
    outlines.0.clear();
}

/// A circle of `radius_m` around a place, laid on the ground; site frame in, drawn world out.
fn draped(
    terrain: &Terrain,
    frame: &Frame,
    centre_m: Vec3,
    radius_m: f32,
    lift_m: f32,
) -> Vec<Vec3> {
    let up = terrain.model().outward(centre_m.as_dvec3()).as_vec3();
    let x = up.any_orthonormal_vector();
    let y = up.cross(x);
    let count = (radius_m * 20.0).clamp(64.0, 400.0) as usize;
    (0..=count)
        .map(|k| {
            let angle = TAU * k as f32 / count as f32;
            let over = centre_m + (x * angle.cos() + y * angle.sin()) * radius_m;
            let on = terrain.surface_below(over.as_dvec3()).as_vec3();
            frame.to_render(on) + up * lift_m
        })
        .collect()
}

fn draw_claims(
    mut outlines: ResMut<Outlines>,
    mut gizmos: Gizmos,
    moment: Res<Moment>,
    game: Res<Game>,
    frame: Res<Frame>,
    rig: Res<CameraRig>,
) {
    let claims = &moment.scene.claims;
    outlines
        .0
        .retain(|id, _| claims.iter().any(|claim| claim.id == *id));
    // From far off, the line would be wider than the claim.
    let part = 1.0 - ((rig.distance_m() - 250.0) / 400.0).clamp(0.0, 1.0);
    for claim in claims {
        let outline = outlines.0.entry(claim.id).or_insert_with(|| {
            let terrain = game.headless().terrain();
            draped(terrain, &frame, claim.centre_m, claim.radius_m, 0.12)
        });
        let colour = theme::owner_colour(&claim.owner, &game.player);
        gizmos.linestrip(outline.iter().copied(), colour.with_alpha(0.85 * part));
    }
}

fn draw_selection(
    mut gizmos: Gizmos,
    selection: Option<Res<Selection>>,
    moment: Res<Moment>,
    frame: Res<Frame>,
) {
    let Some(robot) = selection
        .as_ref()
        .and_then(|selection| selection.robot.as_deref())
        .and_then(|name| moment.robot(name))
    else {
        return;
    };
    let up = moment.scene.outward(robot.position_m);
    let upright = Quat::from_rotation_arc(Vec3::Z, up);
    let centre = frame.to_render(robot.position_m);
    let radius_m = 0.85 * robot.size_m.x.max(robot.size_m.z);
    let colour = Color::srgba(1.0, 1.0, 1.0, 0.75);
    let low = centre - up * 0.3 * robot.size_m.y;
    gizmos
        .circle(Isometry3d::new(low, upright), radius_m, colour)
        .resolution(48);
}

fn draw_hop(
    mut gizmos: Gizmos,
    selection: Option<Res<Selection>>,
    frame: Res<Frame>,
    rig: Res<CameraRig>,
) {
    let Some(selection) = selection else {
        return;
    };
    let path = &selection.trajectory_m;
    let colour = Color::srgba(0.55, 0.85, 1.0, 0.9);
    for (index, place) in path.iter().enumerate() {
        let at = frame.to_render(*place);
        let size_m = 0.0035 * rig.eye().distance(at).max(2.0);
        let facing = Quat::from_rotation_arc(Vec3::Z, (rig.eye() - at).normalize_or(Vec3::Z));
        let last = index + 1 == path.len();
        gizmos
            .circle(
                Isometry3d::new(at, facing),
                if last { 3.0 * size_m } else { size_m },
                colour,
            )
            .resolution(if last { 24 } else { 8 });
    }
}
