//! The chart of a good's grade on the ground: what the player's readings say, and how surely.
//!
//! The player's grade map is asked at the points of a square grid laid over the site, in the
//! background, and what it answers becomes a texture that the ground's shader drapes. Nothing but
//! the player's own map is asked, so the chart cannot show what the player does not know.

use std::sync::Arc;

use bevy::prelude::*;
use bevy::tasks::{AsyncComputeTaskPool, Task, block_on, poll_once};

use crate::sim::asteroid::Terrain;
use crate::sim::asteroid::constituent::Constituent;
use crate::sim::prospecting::{GradeMap, Reading, Support};

use super::super::{AppState, Game};
use super::ground::{ChartLook, Ground, GroundMaterial, chart_image};
use super::{Frame, ViewSystems};

pub(super) fn plugin(app: &mut App) {
    app.init_resource::<ChartWish>()
        .init_resource::<Chart>()
        .add_systems(OnExit(AppState::Site), forget_chart)
        .add_systems(
            Update,
            (ask_for_chart, lay_chart)
                .chain()
                .in_set(ViewSystems::Follow),
        );
}

/// What the player wants to see on the ground.
#[derive(Resource, Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ChartWish {
    /// The good whose grade is shown; none is, if there is none.
    pub constituent: Option<Constituent>,
    /// Shows the standard deviation instead of the estimate.
    pub shows_doubt: bool,
}

/// The chart that is laid out, and the next one while it is drawn.
#[derive(Resource, Default)]
pub struct Chart {
    /// What its colours mean.
    pub scale: Option<ChartScale>,
    task: Option<Task<Drawn>>,
    /// The map that the chart, laid out or being drawn, is made of.
    of: Option<(Arc<GradeMap>, bool)>,
}

/// The ends of the colours of a chart, as mass fractions.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ChartScale {
    pub constituent: Constituent,
    pub shows_doubt: bool,
    pub low: f64,
    pub high: f64,
}

struct Drawn {
    texels: Vec<[f32; 2]>,
    scale: ChartScale,
    look: ChartLook,
}

/// Points along the edge of the grid.
const SIDE: usize = 80;
/// The chart reaches this far beyond the outermost reading [m], and is at least so wide.
const MARGIN_M: f32 = 25.0;
const NARROWEST_M: f32 = 90.0;
/// Part of the ground's own look that the chart covers.
const STRENGTH: f32 = 0.80;

/// Dark blue over green to yellow, for a value from 0 to 1: even to the eye, and to those who see
/// red and green alike. The same polynomial as in the ground's shader.
pub fn colour(value: f32) -> [u8; 3] {
    const TERMS: [[f32; 3]; 7] = [
        [0.2777, 0.0054, 0.3341],
        [0.1051, 1.4046, 1.3846],
        [-0.3309, 0.2148, 0.0951],
        [-4.6342, -5.7991, -19.3324],
        [6.2283, 14.1799, 56.6906],
        [4.7764, -13.7451, -65.3530],
        [-5.4355, 4.6459, 26.3124],
    ];
    let t = value.clamp(0.0, 1.0);
    let sum = TERMS
        .iter()
        .rev()
        .fold(Vec3::ZERO, |sum, &term| sum * t + Vec3::from(term));
    sum.to_array()
        .map(|part| (255.0 * part.clamp(0.0, 1.0)).round() as u8)
}

/// Where a reading counts towards a map; nothing for those of the whole body.
fn place_m(reading: &Reading) -> Option<Vec3> {
    (reading.support != Support::Body).then_some(reading.point_m)
}

fn ask_for_chart(
    mut chart: ResMut<Chart>,
    wish: Res<ChartWish>,
    mut game: ResMut<Game>,
    frame: Res<Frame>,
) {
    let Some(constituent) = wish.constituent else {
        if chart.of.is_some() {
            *chart = Chart::default();
        }
        return;
    };
    let player = game.player.clone();
    let Some(map) = game.headless_mut().grade_map(&player, constituent) else {
        return;
    };
    let is_same = chart
        .of
        .as_ref()
        .is_some_and(|(of, doubt)| Arc::ptr_eq(of, &map) && *doubt == wish.shows_doubt);
    if is_same || chart.task.is_some() {
        return;
    }
    let Some(seen) = game.headless_mut().observe(&player) else {
        return;
    };
    let mut places_m: Vec<Vec3> = seen
        .readings
        .iter()
        .filter_map(|held| place_m(&held.reading))
        .collect();
    places_m.extend(
        seen.robots
            .iter()
            .filter(|own| !own.lost)
            .map(|own| own.position_m),
    );
    let Some(middle_m) = places_m.iter().copied().reduce(|sum, at| sum + at) else {
        return;
    };
    let middle_m = middle_m / places_m.len() as f32;
    let reach_m = places_m
        .iter()
        .map(|at| at.distance(middle_m))
        .fold(0.0, f32::max);
    let terrain = game.headless().terrain().clone();
    let widest_m = 2.0 * terrain.model().reference_radius_m() as f32;
    let span_m = (2.0 * (reach_m + MARGIN_M)).max(NARROWEST_M).min(widest_m);
    let (frame, shows_doubt) = (*frame, wish.shows_doubt);
    chart.of = Some((Arc::clone(&map), shows_doubt));
    chart.task = Some(AsyncComputeTaskPool::get().spawn(async move {
        draw(
            &terrain,
            &map,
            constituent,
            shows_doubt,
            &frame,
            middle_m,
            span_m,
        )
    }));
}

fn draw(
    terrain: &Terrain,
    map: &GradeMap,
    constituent: Constituent,
    shows_doubt: bool,
    frame: &Frame,
    middle_m: Vec3,
    span_m: f32,
) -> Drawn {
    let centre_m = terrain.surface_below(middle_m.as_dvec3());
    let up = terrain.up(centre_m).as_vec3();
    let east = Vec3::Z.cross(up).normalize_or(up.any_orthonormal_vector());
    let north = up.cross(east);
    let centre_m = centre_m.as_vec3();
    let places_m: Vec<Vec3> = (0..SIDE * SIDE)
        .map(|texel| {
            let along = |k: usize| span_m * ((k as f32 + 0.5) / SIDE as f32 - 0.5);
            let over_m = centre_m + east * along(texel % SIDE) + north * along(texel / SIDE);
            terrain.surface_below(over_m.as_dvec3()).as_vec3()
        })
        .collect();
    let grades: Vec<(f64, f64)> = map
        .at(&places_m)
        .iter()
        .map(|grade| (grade.mean(), grade.std()))
        .collect();
    let doubt_max = grades.iter().map(|grade| grade.1).fold(1e-12, f64::max);
    let (low, high) = if shows_doubt {
        (0.0, doubt_max)
    } else {
        let least = grades.iter().map(|grade| grade.0).fold(f64::MAX, f64::min);
        let most = grades.iter().map(|grade| grade.0).fold(0.0, f64::max);
        // Ground that is all alike shall not look like a pattern.
        let narrow = (0.2 * doubt_max - 0.5 * (most - least)).max(0.0);
        ((least - narrow).max(0.0), most + narrow)
    };
    let texels = grades
        .iter()
        .map(|(mean, std)| {
            let value = (mean - low) / (high - low).max(1e-12);
            [value as f32, (std / doubt_max) as f32]
        })
        .collect();
    Drawn {
        texels,
        scale: ChartScale {
            constituent,
            shows_doubt,
            low,
            high,
        },
        look: ChartLook {
            centre_m: frame.to_render(centre_m),
            span_m,
            east,
            strength: STRENGTH,
            north,
            shows_doubt: f32::from(u8::from(shows_doubt)),
        },
    }
}

fn lay_chart(
    mut chart: ResMut<Chart>,
    wish: Res<ChartWish>,
    ground: Res<Ground>,
    mut materials: ResMut<Assets<GroundMaterial>>,
    mut images: ResMut<Assets<Image>>,
) {
    if wish.constituent.is_none() {
        let is_shown = materials
            .get(&ground.0)
            .is_some_and(|material| material.chart.strength != 0.0);
        if is_shown && let Some(mut material) = materials.get_mut(&ground.0) {
            material.chart = ChartLook::default();
        }
        return;
    }
    let Some(drawn) = chart
        .task
        .as_mut()
        .and_then(|task| block_on(poll_once(task)))
    else {
        return;
    };
    chart.task = None;
    chart.scale = Some(drawn.scale);
    if let Some(mut material) = materials.get_mut(&ground.0) {
        material.chart = drawn.look;
        material.estimates = images.add(chart_image(SIDE as u32, &drawn.texels));
    }
}

fn forget_chart(mut chart: ResMut<Chart>, mut wish: ResMut<ChartWish>) {
    *chart = Chart::default();
    *wish = ChartWish::default();
}

impl Chart {
    /// Whether nothing is being drawn that was asked for.
    pub fn is_complete(&self) -> bool {
        self.task.is_none()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_colours_run_from_dark_to_light() {
        let light = |value: f32| {
            let [r, g, b] = colour(value).map(f32::from);
            0.2126 * r + 0.7152 * g + 0.0722 * b
        };
        for k in 0..20 {
            let (here, there) = (k as f32 / 20.0, (k + 1) as f32 / 20.0);
            assert!(light(here) < light(there), "{here}");
        }
    }
}
