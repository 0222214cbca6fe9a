//! What is drawn but not there: the selected machine, a planned hop. Claims are in [`claims`](super::claims).

use bevy::prelude::*;

use super::super::selection::Selection;
use super::camera::CameraRig;
use super::{Frame, Moment, ViewSystems};

pub(super) fn plugin(app: &mut App) {
    app.add_systems(Startup, set_up_lines).add_systems(
        Update,
        (draw_selection, draw_hop)
            .in_set(ViewSystems::Follow)
            .after(super::camera::place_camera),
    );
}

fn set_up_lines(mut store: ResMut<GizmoConfigStore>) {
    let (config, _) = store.config_mut::<DefaultGizmoConfigGroup>();
    config.line.width = 2.0;
    // Slightly nearer than the ground it lies on.
    config.depth_bias = -0.002;
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
