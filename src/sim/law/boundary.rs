//! Boundaries on the surface of a body: caps around a point, and polygons.
//!
//! A cap is a ball around a point of the surface: who is nearer than its radius, by the straight
//! line, is within. A polygon is a cone of great circles seen from the centre of the body, so that
//! it holds whatever lies above or below its ground. Two boundaries overlap if they could share
//! ground; those that only touch do not. Polygons span at most [`SPAN_MAX_DEG`] from their middle,
//! so that two near each other fit into one gnomonic map, in which great circles are straight
//! lines and plane geometry decides.

use bevy::math::{DVec2, DVec3};
use serde::{Deserialize, Serialize};
use thiserror::Error;

/// No corner of a polygon is farther from its middle, seen from the centre of the body [°].
pub const SPAN_MAX_DEG: f64 = 40.0;
/// Corners of a polygon.
pub const CORNERS_MIN: usize = 3;
pub const CORNERS_MAX: usize = 32;

/// Overlaps shallower than this, seen from the centre, are touching [rad]: half a millimetre on
/// Ceres, the rounding of 64 bits many times over.
const TOUCH_RAD: f64 = 1e-9;

/// The edge of a piece of ground. Places are in the site frame.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Boundary {
    Cap { centre_m: DVec3, radius_m: f64 },
    Polygon(Polygon),
}

/// A piece of ground between corners, joined in order by great circles.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Polygon {
    /// Centre of mass of the body.
    body_m: DVec3,
    corners_m: Vec<DVec3>,
    /// Seen from the centre, of length one.
    directions: Vec<DVec3>,
    /// Mean of the directions, of length one.
    middle: DVec3,
    /// Angle from the middle to the farthest corner [rad].
    span_rad: f64,
    /// Mean distance of the corners from the centre [m].
    radius_m: f64,
}

/// Why something is no boundary, in words for the one who drew it.
#[derive(Clone, Debug, PartialEq, Error)]
pub enum BoundaryError {
    #[error("a claim needs a radius above 0 m, not {0} m")]
    Radius(f64),
    #[error("the centre of the claim is not a place")]
    Centre,
    #[error("a boundary needs from {CORNERS_MIN} to {CORNERS_MAX} corners, not {0}")]
    Corners(usize),
    #[error("corner {0} is not a place on the body")]
    Place(usize),
    #[error(
        "corner {corner} lies {angle_deg:.0}° from the middle of the ground; {SPAN_MAX_DEG}° are the most"
    )]
    TooWide { corner: usize, angle_deg: f64 },
    #[error("the edges from corners {0} and {1} touch or cross")]
    Crossed(usize, usize),
}

impl Boundary {
    /// # Errors
    /// [`BoundaryError`] if there is no such cap.
    pub fn cap(centre_m: DVec3, radius_m: f64) -> Result<Self, BoundaryError> {
        if !(0.0 < radius_m && radius_m.is_finite()) {
            return Err(BoundaryError::Radius(radius_m));
        }
        if !centre_m.is_finite() {
            return Err(BoundaryError::Centre);
        }
        Ok(Self::Cap { centre_m, radius_m })
    }

    /// The ground between corners, given in order round it, on a body whose centre of mass is at
    /// `body_m`.
    ///
    /// # Errors
    /// [`BoundaryError`] if the corners enclose no piece of ground.
    pub fn polygon(corners_m: &[DVec3], body_m: DVec3) -> Result<Self, BoundaryError> {
        if !(CORNERS_MIN..=CORNERS_MAX).contains(&corners_m.len()) {
            return Err(BoundaryError::Corners(corners_m.len()));
        }
        let mut directions = Vec::with_capacity(corners_m.len());
        let mut radius_m = 0.0;
        for (i, &corner_m) in corners_m.iter().enumerate() {
            let from_centre_m = corner_m - body_m;
            let length_m = from_centre_m.length();
            if !(1e-3 < length_m && length_m < 1e9) {
                return Err(BoundaryError::Place(i + 1));
            }
            radius_m += length_m / corners_m.len() as f64;
            directions.push(from_centre_m / length_m);
        }
        let sum: DVec3 = directions.iter().sum();
        let middle = sum.try_normalize().ok_or(BoundaryError::TooWide {
            corner: 1,
            angle_deg: 90.0,
        })?;
        let mut span_rad: f64 = 0.0;
        for (i, direction) in directions.iter().enumerate() {
            let angle_rad = angle_between(middle, *direction);
            if SPAN_MAX_DEG.to_radians() < angle_rad {
                return Err(BoundaryError::TooWide {
                    corner: i + 1,
                    angle_deg: angle_rad.to_degrees(),
                });
            }
            span_rad = span_rad.max(angle_rad);
        }
        let polygon = Polygon {
            body_m,
            corners_m: corners_m.to_vec(),
            directions,
            middle,
            span_rad,
            radius_m,
        };
        let map = Map::around(middle);
        if let Some((one, other)) = crossing(&polygon.on(&map)) {
            return Err(BoundaryError::Crossed(one + 1, other + 1));
        }
        Ok(Self::Polygon(polygon))
    }

    /// Whether a point of the site frame lies in it, its edge included.
    pub fn covers(&self, point_m: DVec3) -> bool {
        match self {
            Self::Cap { centre_m, radius_m } => {
                point_m.distance_squared(*centre_m) <= radius_m * radius_m
            }
            Self::Polygon(polygon) => polygon.covers(point_m),
        }
    }

    /// How far outside a point lies [m]; 0 within.
    pub fn distance_m(&self, point_m: DVec3) -> f64 {
        match self {
            Self::Cap { centre_m, radius_m } => (point_m.distance(*centre_m) - radius_m).max(0.0),
            Self::Polygon(polygon) if polygon.covers(point_m) => 0.0,
            Self::Polygon(polygon) => {
                let corners_m = &polygon.corners_m;
                (0..corners_m.len())
                    .map(|i| {
                        let (from_m, to_m) = (corners_m[i], corners_m[(i + 1) % corners_m.len()]);
                        let along = to_m - from_m;
                        let part = (point_m - from_m).dot(along) / along.length_squared();
                        point_m.distance(from_m + part.clamp(0.0, 1.0) * along)
                    })
                    .fold(f64::INFINITY, f64::min)
            }
        }
    }

    /// How deep it reaches into another [m]; None if they share no ground.
    pub fn overlap_m(&self, other: &Self) -> Option<f64> {
        match (self, other) {
            (
                Self::Cap { centre_m, radius_m },
                Self::Cap {
                    centre_m: other_m,
                    radius_m: reach_m,
                },
            ) => {
                let depth_m = radius_m + reach_m - centre_m.distance(*other_m);
                (0.0 < depth_m).then_some(depth_m)
            }
            (Self::Cap { centre_m, radius_m }, Self::Polygon(polygon))
            | (Self::Polygon(polygon), Self::Cap { centre_m, radius_m }) => {
                polygon.overlap_with_cap_m(*centre_m, *radius_m)
            }
            (Self::Polygon(one), Self::Polygon(other)) => one.overlap_m(other),
        }
    }

    /// A place in its middle.
    pub fn centre_m(&self) -> DVec3 {
        match self {
            Self::Cap { centre_m, .. } => *centre_m,
            Self::Polygon(polygon) => polygon.body_m + polygon.radius_m * polygon.middle,
        }
    }

    /// How far it reaches from its middle [m].
    pub fn reach_m(&self) -> f64 {
        match self {
            Self::Cap { radius_m, .. } => *radius_m,
            Self::Polygon(polygon) => {
                let centre_m = self.centre_m();
                let far = |corner_m: &DVec3| corner_m.distance(centre_m);
                polygon.corners_m.iter().map(far).fold(0.0, f64::max)
            }
        }
    }

    /// Its corners in order; none of a cap.
    pub fn corners_m(&self) -> &[DVec3] {
        match self {
            Self::Cap { .. } => &[],
            Self::Polygon(polygon) => &polygon.corners_m,
        }
    }

    /// Level ground within [m²]: of a cap πr², of a polygon that of its corners seen from above.
    pub fn area_m2(&self) -> f64 {
        match self {
            Self::Cap { radius_m, .. } => std::f64::consts::PI * radius_m * radius_m,
            Self::Polygon(polygon) => {
                let corners_m = &polygon.corners_m;
                let first_m = corners_m[0];
                let doubled: DVec3 = (1..corners_m.len() - 1)
                    .map(|i| (corners_m[i] - first_m).cross(corners_m[i + 1] - first_m))
                    .sum();
                0.5 * doubled.length()
            }
        }
    }
}

impl Polygon {
    fn on(&self, map: &Map) -> Vec<DVec2> {
        self.directions
            .iter()
            .map(|direction| map.place(*direction))
            .collect()
    }

    fn covers(&self, point_m: DVec3) -> bool {
        let Some(direction) = (point_m - self.body_m).try_normalize() else {
            return false;
        };
        if self.span_rad + 1e-6 < angle_between(self.middle, direction) {
            return false;
        }
        let map = Map::around(self.middle);
        within(map.place(direction), &self.on(&map))
    }

    fn overlap_m(&self, other: &Self) -> Option<f64> {
        let apart_rad = angle_between(self.middle, other.middle);
        if self.span_rad + other.span_rad <= apart_rad {
            return None;
        }
        // The spans are below 40°, so the middles are within 80° and no corner is 80° from here.
        let map = Map::around((self.middle + other.middle).normalize());
        let (ours, theirs) = (triangles(&self.on(&map)), triangles(&other.on(&map)));
        let depth = ours
            .iter()
            .flat_map(|one| theirs.iter().map(move |other| depth(one, other)))
            .fold(0.0, f64::max);
        (TOUCH_RAD < depth).then_some(depth * self.radius_m)
    }

    /// A cap is taken for the cone around it, which holds all of its ball.
    fn overlap_with_cap_m(&self, centre_m: DVec3, radius_m: f64) -> Option<f64> {
        let from_centre_m = centre_m - self.body_m;
        let away_m = from_centre_m.length();
        if away_m <= radius_m {
            return Some(radius_m);
        }
        let axis = from_centre_m / away_m;
        let cone_rad = (radius_m / away_m).asin();
        let count = self.directions.len();
        let edge_rad = (0..count)
            .map(|i| angle_to_arc(axis, self.directions[i], self.directions[(i + 1) % count]))
            .fold(f64::INFINITY, f64::min);
        let depth_rad = if self.covers(centre_m) {
            cone_rad + edge_rad
        } else {
            cone_rad - edge_rad
        };
        (TOUCH_RAD < depth_rad).then_some(depth_rad * away_m)
    }
}

/// A gnomonic map: the plane that touches the unit sphere at a direction.
struct Map {
    up: DVec3,
    east: DVec3,
    north: DVec3,
}

impl Map {
    fn around(up: DVec3) -> Self {
        let east = up.any_orthonormal_vector();
        Self {
            up,
            east,
            north: up.cross(east),
        }
    }

    /// Where a direction of the same half of the sphere lies.
    fn place(&self, direction: DVec3) -> DVec2 {
        DVec2::new(direction.dot(self.east), direction.dot(self.north)) / direction.dot(self.up)
    }
}

/// Angle between directions of length one [rad], exact for small ones too.
fn angle_between(one: DVec3, other: DVec3) -> f64 {
    one.cross(other).length().atan2(one.dot(other))
}

/// Angle from a direction to the nearest place of a great circle's arc [rad].
fn angle_to_arc(direction: DVec3, from: DVec3, to: DVec3) -> f64 {
    let ends = angle_between(direction, from).min(angle_between(direction, to));
    let Some(pole) = from.cross(to).try_normalize() else {
        return ends;
    };
    let foot = direction - direction.dot(pole) * pole;
    let beside = pole.cross(from).dot(foot) >= 0.0 && to.cross(pole).dot(foot) >= 0.0;
    if beside && 0.0 < foot.dot(from + to) {
        direction.dot(pole).abs().min(1.0).asin()
    } else {
        ends
    }
}

/// Twice the area of the triangle `a`, `b`, `c`; above zero if they turn left.
fn turn(a: DVec2, b: DVec2, c: DVec2) -> f64 {
    (b - a).perp_dot(c - a)
}

/// Whether a place lies within a polygon, its edge included.
fn within(place: DVec2, corners: &[DVec2]) -> bool {
    let mut inside = false;
    for (i, &a) in corners.iter().enumerate() {
        let b = corners[(i + 1) % corners.len()];
        let on_line = turn(a, b, place).abs() <= 1e-12 * (b - a).length();
        if on_line && (place - a).dot(place - b) <= 0.0 {
            return true;
        }
        if (a.y > place.y) != (b.y > place.y)
            && place.x < a.x + (b.x - a.x) * (place.y - a.y) / (b.y - a.y)
        {
            inside = !inside;
        }
    }
    inside
}

/// The first two edges that meet where they should not, by their first corners.
fn crossing(corners: &[DVec2]) -> Option<(usize, usize)> {
    let count = corners.len();
    let edge = |i: usize| (corners[i], corners[(i + 1) % count]);
    for i in 0..count {
        let (a, b) = edge(i);
        let next = corners[(i + 2) % count];
        // An edge without length, or a spike.
        let back = turn(a, b, next).abs() <= 1e-15 && (b - a).dot(next - b) <= 0.0;
        if a == b || back {
            return Some((i, (i + 1) % count));
        }
        for j in i + 2..count {
            if (j + 1) % count == i {
                continue;
            }
            let (c, d) = edge(j);
            let (abc, abd) = (turn(a, b, c), turn(a, b, d));
            let (cda, cdb) = (turn(c, d, a), turn(c, d, b));
            let apart = (0.0 < abc && 0.0 < abd)
                || (abc < 0.0 && abd < 0.0)
                || (0.0 < cda && 0.0 < cdb)
                || (cda < 0.0 && cdb < 0.0);
            // On one line, edges are apart if their extents are.
            let on_line = abc == 0.0 && abd == 0.0;
            let along = b - a;
            let (low, high) = (0.0, along.length_squared());
            let (from, to) = ((c - a).dot(along), (d - a).dot(along));
            let beyond = from.max(to) < low || high < from.min(to);
            if !(apart || on_line && beyond) {
                return Some((i, j));
            }
        }
    }
    None
}

/// A simple polygon as triangles, by cutting off ears.
fn triangles(corners: &[DVec2]) -> Vec<[DVec2; 3]> {
    let mut rest = corners.to_vec();
    let doubled: f64 = (0..rest.len())
        .map(|i| rest[i].perp_dot(rest[(i + 1) % rest.len()]))
        .sum();
    if doubled < 0.0 {
        rest.reverse();
    }
    let mut cut = Vec::with_capacity(rest.len());
    while 3 < rest.len() {
        let count = rest.len();
        let corner = |i: usize| rest[i % count];
        let is_ear = |i: usize| {
            let (a, b, c) = (corner(i + count - 1), corner(i), corner(i + 1));
            0.0 < turn(a, b, c)
                && !rest.iter().any(|&other| {
                    other != a
                        && other != b
                        && other != c
                        && 0.0 <= turn(a, b, other)
                        && 0.0 <= turn(b, c, other)
                        && 0.0 <= turn(c, a, other)
                })
        };
        // Rounding may hide the last ears of a sliver; any corner will do there.
        let ear = (0..count).find(|&i| is_ear(i)).unwrap_or(0);
        cut.push([corner(ear + count - 1), corner(ear), corner(ear + 1)]);
        rest.remove(ear);
    }
    cut.push([rest[0], rest[1], rest[2]]);
    cut
}

/// How deep two triangles reach into each other: the least shift that parts them, and 0 or less
/// when they are apart.
fn depth(one: &[DVec2; 3], other: &[DVec2; 3]) -> f64 {
    let mut least = f64::INFINITY;
    for triangle in [one, other] {
        for i in 0..3 {
            let along = triangle[(i + 1) % 3] - triangle[i];
            let Some(normal) = along.perp().try_normalize() else {
                return 0.0;
            };
            let extent = |corners: &[DVec2; 3]| {
                let at = corners.map(|corner| corner.dot(normal));
                (at[0].min(at[1]).min(at[2]), at[0].max(at[1]).max(at[2]))
            };
            let ((low, high), (from, to)) = (extent(one), extent(other));
            least = least.min(high.min(to) - low.max(from));
        }
    }
    least
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const RADIUS_M: f64 = 250.0;

    /// A place of a lumpy body near the north pole: metres east and north of it.
    fn at(east_m: f64, north_m: f64) -> DVec3 {
        let direction = DVec3::new(east_m, north_m, RADIUS_M).normalize();
        let lumps = 1.0 + 0.05 * (7.0 * direction.x).sin() * (5.0 * direction.y).cos();
        RADIUS_M * lumps * direction
    }

    fn polygon(corners: &[(f64, f64)]) -> Result<Boundary, BoundaryError> {
        let corners_m: Vec<DVec3> = corners.iter().map(|&(x, y)| at(x, y)).collect();
        Boundary::polygon(&corners_m, DVec3::ZERO)
    }

    fn square(east_m: f64, north_m: f64, half_m: f64) -> Boundary {
        polygon(&[
            (east_m - half_m, north_m - half_m),
            (east_m + half_m, north_m - half_m),
            (east_m + half_m, north_m + half_m),
            (east_m - half_m, north_m + half_m),
        ])
        .unwrap()
    }

    #[test]
    fn neighbours_that_share_an_edge_share_no_ground() {
        let one = square(0.0, 0.0, 10.0);
        assert_eq!(one.overlap_m(&square(20.0, 0.0, 10.0)), None);
        assert!(one.overlap_m(&square(19.9, 0.0, 10.0)).is_some());
        // The same ground, and ground within, overlap as well.
        assert!(one.overlap_m(&one.clone()).is_some());
        assert!(one.overlap_m(&square(1.0, 1.0, 2.0)).is_some());
        // On the far side there is nothing.
        let far = Boundary::polygon(
            &one.corners_m()
                .iter()
                .map(|&corner| -corner)
                .collect::<Vec<_>>(),
            DVec3::ZERO,
        )
        .unwrap();
        assert_eq!(one.overlap_m(&far), None);
        assert!(!far.covers(at(0.0, 0.0)) && one.covers(at(0.0, 0.0)));
        assert!((one.area_m2() - 400.0).abs() < 25.0, "{}", one.area_m2());
        assert!((one.distance_m(at(30.0, 0.0)) - 20.0).abs() < 1.5);
    }

    #[test]
    fn what_encloses_nothing_is_no_boundary() {
        let crossed = polygon(&[(0.0, 0.0), (10.0, 10.0), (10.0, 0.0), (0.0, 10.0)]);
        assert!(matches!(crossed, Err(BoundaryError::Crossed(..))));
        let spike = polygon(&[(0.0, 0.0), (10.0, 0.0), (5.0, 0.0)]);
        assert!(spike.is_err(), "{spike:?}");
        let twice = polygon(&[(0.0, 0.0), (10.0, 0.0), (10.0, 0.0), (5.0, 9.0)]);
        assert!(matches!(twice, Err(BoundaryError::Crossed(..))));
        assert_eq!(
            polygon(&[(0.0, 0.0), (1.0, 0.0)]),
            Err(BoundaryError::Corners(2))
        );
        let wide = polygon(&[(-900.0, 0.0), (900.0, 0.0), (0.0, 900.0)]);
        assert!(matches!(wide, Err(BoundaryError::TooWide { .. })));
        let nowhere = Boundary::polygon(&[DVec3::NAN; 3], DVec3::ZERO);
        assert_eq!(nowhere, Err(BoundaryError::Place(1)));
        assert!(Boundary::cap(DVec3::X, f64::INFINITY).is_err());
    }

    /// A star with random arms: never crossed, and mostly not convex.
    fn stars() -> impl Strategy<Value = Boundary> {
        (
            prop::collection::vec(4.0..40.0_f64, 3..9),
            -60.0..60.0_f64,
            -60.0..60.0_f64,
        )
            .prop_map(|(arms_m, x_m, y_m)| {
                let count = arms_m.len() as f64;
                let corners: Vec<(f64, f64)> = (0..)
                    .map(f64::from)
                    .zip(&arms_m)
                    .map(|(k, arm_m)| {
                        let angle: f64 = std::f64::consts::TAU * k / count;
                        (x_m + arm_m * angle.cos(), y_m + arm_m * angle.sin())
                    })
                    .collect();
                polygon(&corners).expect("a star does not cross itself")
            })
    }

    fn grounds() -> impl Strategy<Value = Boundary> {
        let caps = (-60.0..60.0_f64, -60.0..60.0_f64, 1.0..40.0_f64)
            .prop_map(|(x, y, radius_m)| Boundary::cap(at(x, y), radius_m).unwrap());
        prop_oneof![caps, stars()]
    }

    proptest! {
        #[test]
        fn no_place_lies_in_two_grounds_that_do_not_overlap(
            one in grounds(),
            other in grounds(),
        ) {
            let overlap = one.overlap_m(&other);
            prop_assert_eq!(overlap.is_some(), other.overlap_m(&one).is_some());
            let mut shared = 0;
            for i in -50..=50 {
                for k in -50..=50 {
                    let place_m = at(2.0 * f64::from(i), 2.0 * f64::from(k));
                    if one.covers(place_m) && other.covers(place_m) {
                        shared += 1;
                    }
                }
            }
            if overlap.is_none() {
                prop_assert!(shared == 0, "{shared} places are in both");
            }
            // An overlap of polygons deeper than the mesh of the samples is seen by them. Caps are
            // taken for the cones around them, which are wider on high ground.
            if let (Boundary::Polygon(_), Boundary::Polygon(_), Some(depth_m)) = (&one, &other, overlap)
                && 8.0 < depth_m
            {
                prop_assert!(0 < shared, "{depth_m} m deep, and no place in both");
            }
        }

        #[test]
        fn ears_cut_off_a_polygon_add_up_to_it(star in stars()) {
            let Boundary::Polygon(polygon) = &star else { unreachable!() };
            let corners = polygon.on(&Map::around(polygon.middle));
            let doubled: f64 = (0..corners.len())
                .map(|i| corners[i].perp_dot(corners[(i + 1) % corners.len()]))
                .sum();
            let cut: f64 = triangles(&corners)
                .iter()
                .map(|[a, b, c]| turn(*a, *b, *c).abs())
                .sum();
            prop_assert!((cut - doubled.abs()).abs() < 1e-12);
        }
    }
}
