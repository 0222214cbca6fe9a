//! Plants whose ground is dug away go down with it.
//!
//! Who digs around a plant long enough undermines it. It stands as long as most of its feet do, and
//! then sinks upright to where most of them stand again: slowly, for on these bodies things fall for
//! minutes. Ground that is heaped up around it lifts nothing.

use bevy::math::DVec3;
use bevy::prelude::*;

use super::Plant;
use crate::sim::Clock;
use crate::sim::asteroid::Terrain;
use crate::sim::order::{Log, Severity};
use crate::sim::physics::{Motion, Physics};
use crate::sim::prospector::Prospectors;
use crate::sim::robot::Robot;

/// How often the ground under plants is felt for [ms].
const PERIOD_MS: u64 = 6 * 3_600_000;
/// Gaps below this are what uneven ground leaves under any plant [m].
const GAP_M: f64 = 0.5;
/// From where under its hull the ground is felt for, upwards [m].
const FROM_M: f64 = 0.1;

/// Lets plants sink, a few times a day.
pub(in crate::sim) fn sink(
    clock: Res<Clock>,
    terrain: Res<Terrain>,
    prospectors: Res<Prospectors>,
    mut physics: ResMut<Physics>,
    mut log: ResMut<Log>,
    mut plants: Query<&mut Plant>,
    robots: Query<(&Robot, &Motion)>,
) {
    let (now_ms, end_ms) = (clock.time_ms(), clock.end_ms());
    if now_ms / PERIOD_MS == end_ms / PERIOD_MS {
        return;
    }
    for mut plant in &mut plants {
        let Some(gap_m) = gap_m(&terrain, &plant).filter(|&gap_m| GAP_M < gap_m) else {
            continue;
        };
        let at_m = plant.position_m.as_dvec3();
        let to_m = (at_m - gap_m * terrain.model().outward(at_m)).as_vec3();
        // It comes down on nobody's head.
        let radius_m = 0.5 * size_m(&plant).length();
        let is_clear = robots.iter().all(|(robot, motion)| {
            robot.lost
                || radius_m + 0.5 * f64::from(robot.size_m().length())
                    < f64::from(motion.position_m.distance(to_m))
        });
        if !is_clear {
            continue;
        }
        physics.move_fixture(plant.position_m, to_m);
        plant.position_m = to_m;
        log.tell(
            end_ms,
            prospectors.name(plant.owner),
            Severity::Alarm,
            format!(
                "{} has sunk by {gap_m:.1} m: the ground under it has been dug away",
                plant.name
            ),
        );
    }
}

fn size_m(plant: &Plant) -> DVec3 {
    let (x_m, y_m, z_m) = plant.kind.size_m;
    DVec3::new(x_m, y_m, z_m)
}

/// How far a plant would sink until most of its feet stand, if anything under it was dug [m].
fn gap_m(terrain: &Terrain, plant: &Plant) -> Option<f64> {
    let at_m = plant.position_m.as_dvec3();
    let rotation = plant.rotation.as_dquat();
    let down = -terrain.model().outward(at_m);
    let half_m = 0.5 * size_m(plant);
    if terrain.removed_around_g(at_m, half_m.length()) == 0 {
        return None;
    }
    let reach_m = terrain.model().from_centre(at_m).length();
    let mut gaps_m = [
        (0.0, 0.0),
        (-1.0, -1.0),
        (1.0, -1.0),
        (-1.0, 1.0),
        (1.0, 1.0),
    ]
    .map(|(right, back)| {
        let foot = DVec3::new(right * half_m.x, FROM_M - half_m.y, back * half_m.z);
        let drop_m = terrain.drop_m(at_m + rotation * foot, down, reach_m);
        (drop_m.unwrap_or(f64::INFINITY) - FROM_M).max(0.0)
    });
    gaps_m.sort_by(f64::total_cmp);
    Some(gaps_m[gaps_m.len() / 2]).filter(|gap_m| gap_m.is_finite())
}
