//! Claims on the body: outlines of all that is held, and while the map is wanted also hatched
//! ground, reserved ground, safety zones and what is in dispute.
//!
//! Lines are laid on the ground once, a few claims in a frame, and lifted a little more from afar,
//! where the ground is drawn coarser than it is.

use std::collections::BTreeMap;
use std::f64::consts::TAU;

use bevy::math::DVec3;
use bevy::prelude::*;

use crate::sim::asteroid::Terrain;
use crate::sim::law::boundary::Boundary;
use crate::sim::law::charter::ReservedArea;
use crate::sim::law::claims::{AUTHORITY, ClaimId};

use super::super::{AppState, Game, theme};
use super::camera::CameraRig;
use super::{Frame, ViewSystems};

pub(super) fn plugin(app: &mut App) {
    app.init_resource::<MapWish>()
        .init_resource::<Laid>()
        .add_systems(OnExit(AppState::Site), forget)
        .add_systems(
            Update,
            (lay, draw)
                .chain()
                .in_set(ViewSystems::Follow)
                .after(super::camera::place_camera),
        );
}

/// Whether the map of claims is wanted.
#[derive(Resource, Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct MapWish(pub bool);

/// What has been laid on the ground.
#[derive(Resource, Default)]
struct Laid {
    claims: BTreeMap<u32, Lines>,
    zones: BTreeMap<ZoneKey, Vec<Vec3>>,
    reserved: Vec<(ReservedArea, Lines)>,
}

/// A zone around a claim, or around a place of work to the metre; and its width to the metre.
type ZoneKey = (Option<u32>, [i32; 3], i64);

/// Lines of a piece of ground, in the site frame.
#[derive(Clone, Debug, Default, PartialEq)]
struct Lines {
    outline: Vec<Vec3>,
    hatch: Vec<[Vec3; 2]>,
    /// The other way, for what is reserved or disputed.
    cross: Vec<[Vec3; 2]>,
}

/// Pieces of ground that are laid in one frame, so that no frame stalls.
const LAID_PER_FRAME: usize = 2;
/// Lines across a piece of ground, and steps along each.
const HATCH_LINES: i32 = 9;
const HATCH_STEPS: i32 = 24;
/// Above the ground [m], and for each metre of the camera's distance.
const LIFT_M: f32 = 0.12;
const LIFT_BY_DISTANCE: f32 = 0.004;

fn forget(mut laid: ResMut<Laid>, mut wish: ResMut<MapWish>) {
    *laid = default();
    *wish = default();
}

/// Points along the edge of a boundary, closed.
fn outline(terrain: &Terrain, boundary: &Boundary) -> Vec<Vec3> {
    let centre_m = terrain.model().centre_m();
    let corners_m = boundary.corners_m();
    if corners_m.is_empty() {
        let count = (boundary.reach_m() * 20.0).clamp(64.0, 200.0) as u32;
        return rim(terrain, boundary, count, 0.0);
    }
    // Edges are great circles seen from the centre.
    let mut points = Vec::new();
    for (k, from_m) in corners_m.iter().enumerate() {
        let to_m = corners_m[(k + 1) % corners_m.len()];
        let steps = ((from_m.distance(to_m) / 2.0) as u32).clamp(4, 40);
        for step in 0..steps {
            let part = f64::from(step) / f64::from(steps);
            let over_m = (*from_m - centre_m).lerp(to_m - centre_m, part) + centre_m;
            points.push(terrain.surface_below(over_m).as_vec3());
        }
    }
    points.extend(points.first().copied());
    points
}

/// Points of the ground that lie `beyond_m` from a boundary, all round it.
fn rim(terrain: &Terrain, boundary: &Boundary, count: u32, beyond_m: f64) -> Vec<Vec3> {
    let middle_m = boundary.centre_m();
    let centre_m = terrain.model().centre_m();
    let up = terrain.model().outward(middle_m);
    let x = up.any_orthonormal_vector();
    let y = up.cross(x);
    let radius_m = (middle_m - centre_m).length();
    let reach_m = boundary.reach_m() + beyond_m;
    let is_in = |place_m: DVec3| {
        if beyond_m <= 0.0 {
            boundary.covers(place_m)
        } else {
            boundary.distance_m(place_m) <= beyond_m
        }
    };
    let place = |azimuth: f64, angle: f64| {
        let aside = x * azimuth.cos() + y * azimuth.sin();
        let direction = up * angle.cos() + aside * angle.sin();
        terrain.surface_below(centre_m + direction * radius_m)
    };
    // No farther than the other side of the body; a little more than a ball would need.
    let most = (2.2 * (0.5 * reach_m / radius_m).min(1.0).asin()).min(3.1);
    let mut points: Vec<Vec3> = (0..count)
        .map(|k| {
            let azimuth = TAU * f64::from(k) / f64::from(count);
            let (mut near, mut far) = (0.0, most);
            for _ in 0..9 {
                let between = 0.5 * (near + far);
                if is_in(place(azimuth, between)) {
                    near = between;
                } else {
                    far = between;
                }
            }
            place(azimuth, near).as_vec3()
        })
        .collect();
    points.extend(points.first().copied());
    points
}

/// Lines across what a boundary covers: one way, or the other.
fn hatch(terrain: &Terrain, boundary: &Boundary, other_way: bool) -> Vec<[Vec3; 2]> {
    let middle_m = boundary.centre_m();
    let up = terrain.model().outward(middle_m);
    let radius_m = (middle_m - terrain.model().centre_m()).length();
    // Lines that lean towards the north-east, or to the north-west.
    let north = (DVec3::Z - up * DVec3::Z.dot(up)).try_normalize();
    let north = north.unwrap_or(up.any_orthonormal_vector());
    let east = north.cross(up);
    let lean = if other_way { -1.0 } else { 1.0 };
    let along = (north + east * lean).normalize();
    let across = up.cross(along);
    // A flat map does not reach round the body.
    let reach_m = boundary.reach_m().min(0.9 * radius_m);
    let place = |line: i32, step: i32| {
        let aside_m = reach_m * f64::from(line) / f64::from(HATCH_LINES / 2 + 1);
        let ahead_m = reach_m * (2.0 * f64::from(step) / f64::from(HATCH_STEPS) - 1.0);
        terrain.surface_below(middle_m + across * aside_m + along * ahead_m)
    };
    let mut segments = Vec::new();
    for line in -(HATCH_LINES / 2)..=HATCH_LINES / 2 {
        let mut before: Option<DVec3> = None;
        for step in 0..=HATCH_STEPS {
            let here = Some(place(line, step)).filter(|place| boundary.covers(*place));
            if let (Some(from), Some(to)) = (before, here) {
                segments.push([from.as_vec3(), to.as_vec3()]);
            }
            before = here;
        }
    }
    segments
}

fn lines(terrain: &Terrain, boundary: &Boundary) -> Lines {
    Lines {
        outline: outline(terrain, boundary),
        hatch: hatch(terrain, boundary, false),
        cross: hatch(terrain, boundary, true),
    }
}

/// Lays what is new on the ground, and forgets what is gone.
fn lay(mut laid: ResMut<Laid>, game: Res<Game>, wish: Res<MapWish>) {
    let headless = game.headless();
    let (terrain, registry) = (headless.terrain(), headless.claims());
    let laid = &mut *laid;
    laid.claims.retain(|id, _| {
        let claim = registry.get(ClaimId(*id));
        claim.is_some_and(|claim| claim.stands())
    });
    let mut budget = LAID_PER_FRAME;
    for claim in registry.standing() {
        if budget == 0 {
            return;
        }
        laid.claims.entry(claim.id.0).or_insert_with(|| {
            budget -= 1;
            lines(terrain, &claim.boundary)
        });
    }
    if !wish.0 {
        return;
    }
    let charter = headless.charter();
    let areas = &charter.claims.reserved_areas;
    if !areas.iter().eq(laid.reserved.iter().map(|(area, _)| area)) {
        let cap = |area: &ReservedArea| {
            let middle_m = terrain.model().surface_point(
                area.latitude_deg.to_radians(),
                area.longitude_deg.to_radians(),
            );
            Boundary::cap(middle_m, area.radius_m).ok()
        };
        laid.reserved = areas
            .iter()
            .filter_map(|area| Some((*area, lines(terrain, &cap(area)?))))
            .collect();
    }
    let Some(zones) = charter.zones else {
        laid.zones.clear();
        return;
    };
    let now_ms = headless.time_ms();
    let width = zones.radius_m.round() as i64;
    let mut wanted: Vec<(ZoneKey, Boundary)> = registry
        .standing()
        .filter(|claim| !claim.is_reserved())
        .map(|claim| ((Some(claim.id.0), [0; 3], width), claim.boundary.clone()))
        .collect();
    for work in registry.works(now_ms, zones.work_days) {
        let at = work.point_m.round().as_ivec3();
        if let Ok(spot) = Boundary::cap(at.as_dvec3(), 1e-3) {
            wanted.push(((None, at.to_array(), width), spot));
        }
    }
    laid.zones
        .retain(|key, _| wanted.iter().any(|(wanted, _)| wanted == key));
    for (key, boundary) in wanted {
        if budget == 0 {
            return;
        }
        if let std::collections::btree_map::Entry::Vacant(gap) = laid.zones.entry(key) {
            gap.insert(rim(terrain, &boundary, 64, zones.radius_m));
            budget -= 1;
        }
    }
}

fn draw(
    laid: Res<Laid>,
    wish: Res<MapWish>,
    mut gizmos: Gizmos,
    game: Res<Game>,
    frame: Res<Frame>,
    rig: Res<CameraRig>,
) {
    let headless = game.headless();
    let (registry, regime) = (headless.claims(), headless.regime());
    let centre_m = headless.terrain().model().centre_m().as_vec3();
    let is_map = wish.0;
    let lift_m = if is_map {
        LIFT_M + LIFT_BY_DISTANCE * rig.distance_m()
    } else {
        LIFT_M
    };
    let lifted = |place_m: Vec3| {
        let up = (place_m - centre_m).normalize_or_zero();
        frame.to_render(place_m) + up * lift_m
    };
    // From far off, the line would be wider than the claim; on the map it is meant to be seen.
    let fading = 1.0 - ((rig.distance_m() - 250.0) / 400.0).clamp(0.0, 1.0);
    let part = if is_map { 1.0 } else { fading };
    for (id, lines) in &laid.claims {
        let Some(claim) = registry.get(ClaimId(*id)) else {
            continue;
        };
        let colour = if claim.holder == AUTHORITY {
            theme::in_picture(theme::TEXT_WEAK)
        } else {
            theme::owner_colour(&claim.holder, &game.player)
        };
        let outline = lines.outline.iter().map(|place| lifted(*place));
        gizmos.linestrip(outline, colour.with_alpha(0.85 * part));
        if !is_map {
            continue;
        }
        let mut strokes = |segments: &[[Vec3; 2]], colour: Color| {
            for [from, to] in segments {
                gizmos.line(lifted(*from), lifted(*to), colour);
            }
        };
        if claim.holder == game.player {
            strokes(&lines.hatch, colour.with_alpha(0.45));
        } else if claim.holder == AUTHORITY {
            strokes(&lines.hatch, colour.with_alpha(0.4));
            strokes(&lines.cross, colour.with_alpha(0.4));
        }
        let mut pending = regime.disputes().pending();
        if pending.any(|dispute| dispute.cause.claim() == claim.id) {
            let red = theme::in_picture(theme::RED).with_alpha(0.7);
            strokes(&lines.hatch, red);
            strokes(&lines.cross, red);
        }
    }
    if !is_map {
        return;
    }
    let grey = theme::in_picture(theme::TEXT_WEAK);
    for (_, lines) in &laid.reserved {
        let outline = lines.outline.iter().map(|place| lifted(*place));
        gizmos.linestrip(outline, grey.with_alpha(0.9));
        for [from, to] in lines.hatch.iter().chain(&lines.cross) {
            gizmos.line(lifted(*from), lifted(*to), grey.with_alpha(0.4));
        }
    }
    let white = theme::in_picture(theme::TEXT_STRONG).with_alpha(0.55);
    for rim in laid.zones.values() {
        // Dashed: every other piece.
        for pair in rim.windows(2).step_by(2) {
            gizmos.line(lifted(pair[0]), lifted(pair[1]), white);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sim::asteroid::BodyModel;

    #[test]
    fn outlines_and_hatching_keep_to_the_ground_that_is_held() {
        let bennu = BodyModel::shared("bennu", 7).expect("Bennu is in the catalogue");
        let terrain = Terrain::new(bennu);
        let place = |latitude: f64, longitude: f64| {
            terrain.surface_below(terrain.model().surface_point(latitude, longitude))
        };
        let cap = Boundary::cap(place(0.2, 1.0), 15.0).expect("a cap");
        let corners = [
            (0.5, 2.0),
            (0.5, 2.2),
            (0.62, 2.2),
            (0.58, 2.1),
            (0.62, 2.0),
        ];
        let corners = corners.map(|(latitude, longitude)| place(latitude, longitude));
        let polygon = Boundary::polygon(&corners, terrain.model().centre_m()).expect("a polygon");
        for boundary in [cap, polygon] {
            let lines = lines(&terrain, &boundary);
            assert_eq!(lines.outline.first(), lines.outline.last(), "it is closed");
            // A little nearer to the middle is within, a little farther is not.
            let middle_m = boundary.centre_m();
            for point in &lines.outline {
                let from_middle_m = point.as_dvec3() - middle_m;
                assert!(boundary.covers(middle_m + 0.9 * from_middle_m), "{point}");
                assert!(!boundary.covers(middle_m + 1.1 * from_middle_m), "{point}");
            }
            assert!(20 < lines.hatch.len() && 20 < lines.cross.len());
            for point in lines.hatch.iter().chain(&lines.cross).flatten() {
                let off_m = boundary.distance_m(point.as_dvec3());
                assert!(off_m < 0.01, "hatched {off_m} m outside of {boundary:?}");
            }
        }
    }

    #[test]
    fn a_zone_lies_as_far_from_its_claim_as_the_charter_says() {
        let bennu = BodyModel::shared("bennu", 7).expect("Bennu is in the catalogue");
        let terrain = Terrain::new(bennu);
        let middle_m = terrain.surface_below(terrain.model().surface_point(-0.3, 4.0));
        let cap = Boundary::cap(middle_m, 10.0).expect("a cap");
        for point in rim(&terrain, &cap, 32, 40.0) {
            let off_m = cap.distance_m(point.as_dvec3());
            assert!((off_m - 40.0).abs() < 2.0, "{off_m} m");
        }
    }
}
