//! Sunlight and its shadows, and the little light there is without it.
//!
//! The Sun is the only lamp that counts. Its shadows are hard: its disc is half a degree wide and
//! there is no air. What is not in sunlight sees starlight and sunlit ground, which together are
//! far darker than a screen can show; they are lifted just enough to tell shape from nothing.

use bevy::light::{
    CascadeShadowConfig, CascadeShadowConfigBuilder, DirectionalLightShadowMap, GlobalAmbientLight,
};
use bevy::prelude::*;

use super::super::AppState;
use super::camera::CameraRig;
use super::{Moment, OfSite, ViewSystems};

pub(super) fn plugin(app: &mut App) {
    app.insert_resource(DirectionalLightShadowMap { size: 2048 })
        .insert_resource(GlobalAmbientLight {
            color: Color::srgb(0.80, 0.88, 1.0),
            brightness: 900.0,
            ..default()
        })
        .add_systems(OnEnter(AppState::Site), spawn_sun.after(super::enter_site))
        .add_systems(
            Update,
            shine
                .in_set(ViewSystems::Follow)
                .after(super::camera::place_camera),
        );
}

/// Exposure of the camera: almost three stops over full sun on Earth (EV 15), since the ground is
/// as dark as coal.
pub(super) const EXPOSURE_EV100: f32 = 12.4;

/// Illuminance by the Sun without air at 1 au [lux] (solar illuminance constant, CIE).
const SUNLIGHT_LUX: f32 = 133_000.0;

#[derive(Component)]
struct Sun;

fn spawn_sun(mut commands: Commands) {
    commands.spawn((
        OfSite,
        Sun,
        DirectionalLight {
            color: Color::srgb(1.0, 0.985, 0.96),
            illuminance: SUNLIGHT_LUX,
            shadow_maps_enabled: true,
            // In texels along the normal, so that slopes lit at a grazing angle keep clean, and
            // little along the light, so that feet stand on their shadows.
            shadow_depth_bias: 0.012,
            shadow_normal_bias: 1.6,
            ..default()
        },
        shadows_to(150.0, 8.0),
        Transform::default(),
    ));
}

fn shadows_to(maximum_distance: f32, first_cascade_far_bound: f32) -> CascadeShadowConfig {
    CascadeShadowConfigBuilder {
        num_cascades: 3,
        minimum_distance: 0.05,
        maximum_distance,
        first_cascade_far_bound,
        overlap_proportion: 0.15,
    }
    .build()
}

fn shine(
    moment: Res<Moment>,
    rig: Res<CameraRig>,
    mut sun: Query<
        (
            &mut Transform,
            &mut DirectionalLight,
            &mut CascadeShadowConfig,
        ),
        With<Sun>,
    >,
) {
    for (mut transform, mut light, mut shadows) in &mut sun {
        let to_sun = moment.scene.sun_direction;
        *transform = Transform::default().looking_to(-to_sun, to_sun.any_orthonormal_vector());
        let distance_au = moment.scene.sun_distance_au.max(0.05) as f32;
        // The camera opens its iris as far as the Sun is farther, except for a little.
        light.illuminance = SUNLIGHT_LUX / distance_au.powf(0.3);
        // From near the work, shadows reach 150 m; from far, over the whole body. In steps, since
        // a change of the bounds makes every edge of a shadow swim.
        let distance_m = rig.distance_m();
        let step = 1.5f32.powf((distance_m.max(4.0) / 10.0).log(1.5).round());
        let far_m =
            (150.0f32).max(distance_m + 1.2 * rig.body_radius_m() * (distance_m / 300.0).min(1.0));
        let far_m = 1.25f32.powf(far_m.log(1.25).ceil());
        let near_m = (step * 14.0).clamp(7.0, 0.5 * far_m);
        let bounds = shadows_to(far_m, near_m);
        if shadows.bounds != bounds.bounds {
            *shadows = bounds;
        }
    }
}
