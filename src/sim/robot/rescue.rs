//! Robots that carry others: the way home for what has seized, run dry or died on the spot.
//!
//! A carried robot is out of the physics of the site; it rides over its carrier, which weighs as
//! much more. `service` begins and ends it; here is what every tick does.

use bevy::math::DVec3;
use bevy::prelude::*;

use super::Robot;
use crate::sim::asteroid::Terrain;
use crate::sim::physics::Motion;

/// Room between a carrier and its load, and around a place to put one down [m].
const ROOM_M: f64 = 0.1;
/// Directions in which a place is looked for.
const AROUND: u32 = 12;

/// Lets carried robots ride over those that carry them.
pub(super) fn follow(
    mut carriers: Local<Vec<(String, Motion, f64, bool)>>,
    mut robots: Query<(&mut Robot, &mut Motion)>,
) {
    carriers.clear();
    for (robot, motion) in &robots {
        if let Some(load) = &robot.carries {
            carriers.push((load.clone(), *motion, robot.half_height_m(), robot.lost));
        }
    }
    if carriers.is_empty() {
        return;
    }
    for (mut robot, mut motion) in &mut robots {
        if robot.carried_by.is_none() {
            continue;
        }
        let carrier = carriers.iter().find(|(load, ..)| *load == robot.name);
        let Some((_, carrier, half_m, lost)) = carrier else {
            continue;
        };
        let above_m = half_m + robot.half_height_m() + ROOM_M;
        *motion = Motion {
            position_m: carrier.position_m + above_m as f32 * (carrier.rotation * Vec3::Y),
            ..*carrier
        };
        if *lost && !robot.lost {
            robot.lost = true;
        }
    }
}

/// Where beside a robot another can be put down, `spacing_m` from centre to centre and clear of
/// all `taken` places (centre and radius); its centre, upright.
pub(super) fn place_beside_m(
    terrain: &Terrain,
    carrier_m: DVec3,
    spacing_m: f64,
    (radius_m, half_height_m): (f64, f64),
    taken: &[(DVec3, f64)],
) -> Option<DVec3> {
    let up = terrain.up(carrier_m);
    let east = up.any_orthonormal_vector();
    let north = up.cross(east);
    (0..AROUND).find_map(|k| {
        let angle = std::f64::consts::TAU * f64::from(k) / f64::from(AROUND);
        let beside_m =
            carrier_m + (spacing_m + ROOM_M) * (angle.cos() * east + angle.sin() * north);
        let ground_m = terrain.surface_below(beside_m);
        let centre_m = ground_m + (half_height_m + 0.05) * terrain.up(ground_m);
        let clear = taken
            .iter()
            .all(|(there_m, size_m)| size_m + radius_m <= there_m.distance(centre_m));
        // A step in the ground: the load would hang over it or lie under it.
        let level = (ground_m - carrier_m).dot(up).abs() < 2.0 * spacing_m;
        (clear && level).then_some(centre_m)
    })
}
