//! Gravity of a body as the tick needs it: exact where it is made, cheap where it is used.
//!
//! The body is a polyhedron of constant density through its surface mesh, the one that is exported
//! ([`BodyModel::surface_mesh`](super::BodyModel::surface_mesh)). Its field is computed
//! ([`super::solid`]) at the nodes of a grid, each when it is first needed, and interpolated
//! between them. The cells are fine near the surface and grow with the distance from it. Outside the
//! sphere around the body only what a mass with a quadrupole leaves over is interpolated, which is
//! little and smooth, and so the cells there are large; far out nothing is left over. Nodes are shared
//! by all worlds of the body: their values depend on nothing else.
//!
//! At the surface the slope of the field jumps by 4πGρ, which a linear interpolation over a cell
//! with rock in one part and void in the other would smear. So the corners of such a cell that lie
//! in rock hold the field outside continued inwards, and what the rock overhead takes away is
//! subtracted where it belongs, by the depth under the surface.
//!
//! Rock that was dug away or heaped up acts as a ball of negative or positive mass at its centroid.
//! Left out of the field are the density differences of the interior and the gravity of machines.

use std::f64::consts::PI;
use std::sync::OnceLock;

use bevy::math::{DVec3, I64Vec3};

use super::GRAVITATIONAL_CONSTANT;
use super::cache::Cache;
use super::polyhedron::TriangleMesh;
use super::solid::Solid;

/// Finest cells in one mean radius of the body.
const CELLS_PER_RADIUS: f64 = 72.0;
/// Edge of the finest cells, at least [m]: on a body of thirty metres the field is then within 0.1 %
/// at a height of one metre, and within 0.3 % at a foot. Robots are larger than that.
const FINEST_MIN_M: f64 = 0.6;
/// Yet so many cells in one mean radius.
const CELLS_PER_RADIUS_MIN: f64 = 25.0;
/// A cell is no larger than this part of its distance from the surface.
const SIZE_PER_HEIGHT: f64 = 1.0 / 3.0;
/// A cell is no larger than this part of its distance from the centre, where the whole field is
/// interpolated.
const SIZE_PER_DISTANCE: f64 = 1.0 / 40.0;
/// Beyond this many greatest radii only what a mass with a quadrupole leaves over is.
const BEYOND: f64 = 1.1;
/// There a cell is no larger than this part of its distance r from the centre, times (r/R)^1.5: what is
/// left over falls with the cube of r/R beside the field.
const SIZE_PER_DISTANCE_BEYOND: f64 = 1.0 / 20.0;
/// And no larger than this part in any case.
const SIZE_PER_DISTANCE_MAX: f64 = 1.0 / 8.0;
/// Beyond this many greatest radii the body is a mass with a quadrupole.
const FAR: f64 = 10.0;
/// Nodes that are remembered: some 15 MB of each body; and so many cells.
const NODES_KEPT: usize = 7 << 14;
const SPLITS_KEPT: usize = NODES_KEPT / 4;
/// A body with no more nodes than this is remembered whole, cells too: on the last ice, a body of some
/// twenty metres, robots would else keep making again what they have forgotten.
const NODES_KEPT_WHOLE: usize = 7 << 15;
/// Density that tells the size of the ball that a dug or dumped mass is taken for [kg/m³].
const LOOSE_DENSITY_KG_M3: f64 = 1_200.0;

/// The field of the pristine body.
#[derive(Debug)]
pub struct GravityField {
    mu_m3_per_s2: f64,
    /// Edge of the finest cells.
    finest_m: f64,
    mean_radius_m: f64,
    max_radius_m: f64,
    far_m: f64,
    /// Whose cells are never too small at `far_m`.
    coarsest: u32,
    solid: OnceLock<Solid>,
    nodes: Cache<Place, Node>,
    /// Whether a cell is split into finer ones.
    splits: Cache<Place, bool>,
}

/// A node, or the cell above it on all axes, of the grid whose cells are 2^`level` finest ones.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Place {
    level: u32,
    at: I64Vec3,
}

#[derive(Clone, Copy, Debug)]
struct Node {
    acceleration_m_s2: DVec3,
    /// From the nearest place of the surface, and whether that is upwards from it; only of the
    /// finest nodes close to the surface.
    surface: Option<(DVec3, bool)>,
}

/// The grid cell that a moving thing was last seen in: keep one per robot, of one body.
///
/// It only saves time. What is computed with a fresh one has the same bits, so it need not be
/// saved with a world.
#[derive(Clone, Debug, PartialEq)]
pub struct GravityCell {
    /// Edges in one metre.
    per_m: f64,
    /// Lowest corner, in edges.
    corner: DVec3,
    /// x fastest, then y, then z [m/s²].
    values: [DVec3; 8],
    /// They are what a mass with a quadrupole leaves over.
    beyond: bool,
    rock: Option<Rock>,
    holes: HoleCell,
}

/// Where the rock is in a cell that the surface passes through.
#[derive(Clone, Debug, PartialEq)]
struct Rock {
    /// Heights of the corners over the surface [m].
    heights_m: [f64; 8],
    /// What a metre of rock overhead takes away [1/s²]: 4πGρ.
    per_s2: f64,
}

/// Gravity of what was dug and dumped at the corners of a small cell.
#[derive(Clone, Debug, Default, PartialEq)]
struct HoleCell {
    /// Index of the cell and revision of the holes.
    key: Option<(I64Vec3, u64)>,
    values: [DVec3; 8],
}

/// Mass that was dug away, if negative, or heaped up.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Mascon {
    pub centre_m: DVec3,
    pub mass_g: i64,
}

/// Steps of the mass that gravity feels of a hole or heap.
const FELT_STEP_G: i64 = 1 << 16;
/// Steps of the place that gravity feels of a hole or heap.
const FELT_STEP_M: f64 = 0.25;

impl Mascon {
    /// Rounded to whole steps, so that it changes seldom while someone digs: what robots keep
    /// about it stays good meanwhile.
    pub fn felt(self) -> Self {
        Self {
            centre_m: (self.centre_m / FELT_STEP_M).round() * FELT_STEP_M,
            mass_g: self.mass_g / FELT_STEP_G * FELT_STEP_G,
        }
    }
}

impl Default for GravityCell {
    fn default() -> Self {
        Self {
            per_m: 0.0,
            // No place is in this cell.
            corner: DVec3::INFINITY,
            values: [DVec3::ZERO; 8],
            beyond: false,
            rock: None,
            holes: HoleCell::default(),
        }
    }
}

impl GravityField {
    /// Of a body with a mean and a greatest radius. The mesh is asked for when it is needed.
    pub fn new(mu_m3_per_s2: f64, mean_radius_m: f64, max_radius_m: f64) -> Self {
        let finest_m = (mean_radius_m / CELLS_PER_RADIUS)
            .max(FINEST_MIN_M.min(mean_radius_m / CELLS_PER_RADIUS_MIN));
        let far_m = FAR * max_radius_m;
        let coarsest_m = SIZE_PER_DISTANCE_MAX * far_m;
        // Of the finest cells: those beyond are few.
        let all = 4.0 / 3.0 * PI * (BEYOND * max_radius_m / finest_m).powi(3);
        let (nodes_kept, splits_kept) = if all <= NODES_KEPT_WHOLE as f64 {
            (NODES_KEPT_WHOLE, NODES_KEPT_WHOLE)
        } else {
            (NODES_KEPT, SPLITS_KEPT)
        };
        Self {
            mu_m3_per_s2,
            finest_m,
            mean_radius_m,
            max_radius_m,
            far_m,
            coarsest: (coarsest_m / finest_m).log2().ceil().max(0.0) as u32,
            solid: OnceLock::new(),
            nodes: Cache::new(nodes_kept),
            splits: Cache::new(splits_kept),
        }
    }

    /// Acceleration by interpolation [m/s²].
    ///
    /// `cell` must have been used with this field only, or be fresh; `mesh` makes the surface.
    pub fn acceleration_m_s2(
        &self,
        p: DVec3,
        cell: &mut GravityCell,
        mesh: impl Fn() -> TriangleMesh,
    ) -> DVec3 {
        let solid = self.solid(mesh);
        if let Some(value) = cell.value(p) {
            return if cell.beyond {
                value + self.far(p, solid)
            } else {
                value
            };
        }
        let Some(place) = self.leaf(p, solid) else {
            return self.far(p, solid);
        };
        let nodes: [Node; 8] = std::array::from_fn(|corner| {
            let corner = corner as i64;
            let offset = I64Vec3::new(corner & 1, corner >> 1 & 1, corner >> 2);
            let place = Place {
                at: place.at + offset,
                ..place
            };
            self.node(place, solid)
        });
        cell.per_m = self.per_m(place.level);
        cell.corner = place.at.as_dvec3();
        cell.values = nodes.map(|node| node.acceleration_m_s2);
        cell.rock = None;
        cell.beyond = self.is_beyond(place, solid);
        if cell.beyond {
            for (corner, value) in cell.values.iter_mut().enumerate() {
                let offset = DVec3::new(
                    (corner & 1) as f64,
                    (corner >> 1 & 1) as f64,
                    (corner >> 2) as f64,
                );
                let at = (cell.corner + offset) * self.size_m(place.level);
                *value -= self.far(at, solid);
            }
            return cell.interpolated(p * cell.per_m - cell.corner) + self.far(p, solid);
        }
        let below = |node: &Node| matches!(node.surface, Some((_, false)));
        if nodes.iter().all(|node| node.surface.is_some()) && nodes.iter().any(below) {
            let per_s2 = 4.0 * PI * solid.g_rho_per_s2();
            let mut heights_m = [0.0; 8];
            for ((value, height_m), node) in cell.values.iter_mut().zip(&mut heights_m).zip(&nodes)
            {
                let (arm, above) = node.surface.unwrap_or_default();
                *height_m = if above { arm.length() } else { -arm.length() };
                if !above {
                    *value += arm * per_s2;
                }
            }
            cell.rock = Some(Rock { heights_m, per_s2 });
        }
        cell.interpolated(p * cell.per_m - cell.corner)
    }

    /// The surface as a solid of constant density.
    pub fn solid(&self, mesh: impl Fn() -> TriangleMesh) -> &Solid {
        self.solid.get_or_init(|| {
            let mesh = mesh();
            let density_kg_m3 = self.mu_m3_per_s2 / (GRAVITATIONAL_CONSTANT * mesh.volume_m3());
            Solid::new(&mesh, density_kg_m3).expect("the surface of a body is a closed mesh")
        })
    }

    fn size_m(&self, level: u32) -> f64 {
        self.finest_m * f64::from(1_u32 << level)
    }

    /// Powers of two apart, so that cells of all levels share their borders to the bit.
    fn per_m(&self, level: u32) -> f64 {
        self.finest_m.recip() / f64::from(1_u32 << level)
    }

    /// The cell around a place that is not split; None far from the body.
    fn leaf(&self, p: DVec3, solid: &Solid) -> Option<Place> {
        let cell_of = |level: u32| Place {
            level,
            at: (p * self.per_m(level)).floor().as_i64vec3(),
        };
        // Told by the cell and not by the place, so that it holds for all of the cell.
        let widest = cell_of(self.coarsest);
        let middle = (widest.at.as_dvec3() + 0.5) * self.size_m(self.coarsest);
        if !(middle.distance_squared(solid.centroid_m()) < self.far_m * self.far_m) {
            return None;
        }
        let mut place = widest;
        while 0 < place.level && self.is_split(place, solid) {
            place = cell_of(place.level - 1);
        }
        Some(place)
    }

    fn is_split(&self, place: Place, solid: &Solid) -> bool {
        self.splits.get_or_make(place, || {
            let size_m = self.size_m(place.level);
            let middle = (place.at.as_dvec3() + 0.5) * size_m;
            let out_m = middle.distance(solid.centroid_m());
            // Half the diagonal of a cube is 0.87 of its edge.
            let reach_m = size_m * (SIZE_PER_HEIGHT.recip() + 0.87);
            let widest_m = if self.is_beyond(place, solid) {
                let radii = out_m / self.max_radius_m;
                let part = SIZE_PER_DISTANCE_BEYOND * radii * radii.sqrt();
                out_m * part.min(SIZE_PER_DISTANCE_MAX)
            } else {
                SIZE_PER_DISTANCE * out_m.max(0.5 * self.mean_radius_m)
            };
            widest_m < size_m || solid.nearest_within(middle, reach_m).is_some()
        })
    }

    /// Whether all of a cell lies outside the sphere around the body.
    fn is_beyond(&self, place: Place, solid: &Solid) -> bool {
        let size_m = self.size_m(place.level);
        let middle = (place.at.as_dvec3() + 0.5) * size_m;
        let out_m = middle.distance(solid.centroid_m());
        BEYOND * self.max_radius_m + 0.87 * size_m < out_m
    }

    fn node(&self, place: Place, solid: &Solid) -> Node {
        self.nodes.get_or_make(place, || {
            let size_m = self.size_m(place.level);
            let at = place.at.as_dvec3() * size_m;
            let near = (place.level == 0)
                .then(|| solid.nearest_within(at, 1.8 * size_m))
                .flatten();
            Node {
                acceleration_m_s2: solid.acceleration_m_s2(at),
                surface: near.map(|near| (at - near.point_m, 0.0 <= near.distance_m)),
            }
        })
    }

    /// Point mass with quadrupole: g = −μ r/r³ + grad(3 μ rᵀQr / (2 r⁵)) with the traceless Q.
    fn far(&self, p: DVec3, solid: &Solid) -> DVec3 {
        let arm = p - solid.centroid_m();
        let radius_m = arm.length();
        let unit = arm / radius_m;
        let pull = self.mu_m3_per_s2 / (radius_m * radius_m);
        let qu = solid.quadrupole_m2() * unit;
        let shape = (qu - 2.5 * unit.dot(qu) * unit) * (3.0 / (radius_m * radius_m));
        pull * (shape - unit)
    }
}

impl GravityCell {
    /// If the place lies in the cell.
    fn value(&self, p: DVec3) -> Option<DVec3> {
        let t = p * self.per_m - self.corner;
        let within = 0.0 <= t.x && t.x < 1.0 && 0.0 <= t.y && t.y < 1.0 && 0.0 <= t.z && t.z < 1.0;
        within.then(|| self.interpolated(t))
    }

    fn interpolated(&self, t: DVec3) -> DVec3 {
        let value = trilinear(&self.values, t);
        let Some(rock) = &self.rock else {
            return value;
        };
        let h = &rock.heights_m;
        let along = |i: usize| h[i] + (h[i + 1] - h[i]) * t.x;
        let (a, b, c, d) = (along(0), along(2), along(4), along(6));
        let (low, high) = (a + (b - a) * t.y, c + (d - c) * t.y);
        let height_m = low + (high - low) * t.z;
        if 0.0 <= height_m {
            return value;
        }
        let slope_x = |i: usize| h[i + 1] - h[i];
        let blend = |p: f64, q: f64, t: f64| p + (q - p) * t;
        let slope = DVec3::new(
            blend(
                blend(slope_x(0), slope_x(2), t.y),
                blend(slope_x(4), slope_x(6), t.y),
                t.z,
            ),
            blend(b - a, d - c, t.z),
            high - low,
        ) * self.per_m;
        value - slope * (height_m * rock.per_s2)
    }
}

fn trilinear(c: &[DVec3; 8], t: DVec3) -> DVec3 {
    let edge = |i: usize| c[i] + (c[i + 1] - c[i]) * t.x;
    let low = edge(0) + (edge(2) - edge(0)) * t.y;
    let high = edge(4) + (edge(6) - edge(4)) * t.y;
    low + (high - low) * t.z
}

/// What holes and heaps add to gravity at a place [m/s²].
///
/// Each is a homogeneous ball, so that nothing pulls without bounds.
pub fn mascons_m_s2(mascons: &[Mascon], p: DVec3) -> DVec3 {
    let mut sum = DVec3::ZERO;
    for mascon in mascons {
        let arm = mascon.centre_m - p;
        let mass_kg = mascon.mass_g as f64 * 1e-3;
        // r³ of the ball, without the root.
        let ball3_m3 = mass_kg.abs() * (3.0 / (4.0 * PI * LOOSE_DENSITY_KG_M3));
        let apart2_m2 = arm.length_squared();
        let apart3_m3 = apart2_m2 * apart2_m2.sqrt();
        if 0.0 < ball3_m3 {
            sum += arm * (mass_kg / apart3_m3.max(ball3_m3));
        }
    }
    sum * GRAVITATIONAL_CONSTANT
}

/// The same through a robot's cell, in a time that does not grow with their number while the robot
/// stays in a cell and `revision` stays the same.
pub fn mascons_by_cell_m_s2(
    mascons: &[Mascon],
    revision: u64,
    p: DVec3,
    cell: &mut GravityCell,
) -> DVec3 {
    if mascons.is_empty() {
        return DVec3::ZERO;
    }
    let scaled = p / HOLE_CELL_M;
    let floor = scaled.floor();
    let key = Some((floor.as_i64vec3(), revision));
    if cell.holes.key != key {
        cell.holes.values = std::array::from_fn(|corner| {
            let offset = DVec3::new(
                (corner & 1) as f64,
                (corner >> 1 & 1) as f64,
                (corner >> 2) as f64,
            );
            mascons_m_s2(mascons, (floor + offset) * HOLE_CELL_M)
        });
        cell.holes.key = key;
    }
    trilinear(&cell.holes.values, scaled - floor)
}

/// Edge of the cells in which the gravity of holes and heaps is interpolated.
const HOLE_CELL_M: f64 = 2.0;

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::super::outline::even_directions;
    use super::super::polyhedron::Polyhedron;
    use super::super::{BodyModel, Terrain};
    use super::*;

    fn bennu() -> Arc<BodyModel> {
        BodyModel::shared("bennu", 7).unwrap()
    }

    /// Errors against the exact polyhedron over some faces of the surface, worst last.
    fn errors(body: &BodyModel, heights_m: &[f64], places: usize) -> Vec<Vec<f64>> {
        let mesh = body.surface_mesh();
        let density_kg_m3 = body.mu_m3_per_s2() / (GRAVITATIONAL_CONSTANT * mesh.volume_m3());
        let exact = Polyhedron::new(&mesh, density_kg_m3).unwrap();
        let origin_m = body.origin_m();
        let step = mesh.faces.len() / places;
        let of_height = |&height_m: &f64| {
            let mut errors: Vec<f64> = (mesh.faces.iter().skip(step / 2).step_by(step))
                .filter_map(|face| {
                    let [a, b, c] = face.map(|v| mesh.vertices_m[v as usize]);
                    let normal = (b - a).cross(c - a).normalize();
                    let p = 0.2 * a + 0.35 * b + 0.45 * c + height_m * normal;
                    // In a valley another slope may be nearer.
                    let free_m = body.solid().nearest(p).distance_m;
                    (0.9 * height_m <= free_m).then_some(p)
                })
                .map(|p| {
                    let truth = exact.field_at(p).acceleration_m_per_s2;
                    let value = body.gravity_m_s2(p - origin_m, &mut GravityCell::default());
                    (value - truth).length() / truth.length()
                })
                .collect();
            errors.sort_by(f64::total_cmp);
            errors
        };
        heights_m.iter().map(of_height).collect()
    }

    #[test]
    fn the_field_is_that_of_the_surface_within_a_hundredth_below_and_a_thousandth_above() {
        for (id, places) in [("bennu", 40), ("itokawa", 40), ("eros", 25), ("1991vg", 15)] {
            let body = BodyModel::shared(id, 7).unwrap();
            let radius_m = body.reference_radius_m();
            let heights_m = [
                1.0,
                0.1 * radius_m,
                0.5 * radius_m,
                radius_m,
                6.0 * radius_m,
            ];
            let errors = errors(&body, &heights_m, places);
            for (height_m, errors) in heights_m.into_iter().zip(errors) {
                assert!(places / 2 < errors.len(), "{id} at {height_m} m");
                let allowed = if height_m < radius_m { 0.01 } else { 0.001 };
                let worst = errors.last().unwrap();
                assert!(
                    *worst < allowed,
                    "{id}: {worst} at {height_m} m over the surface"
                );
                let mean = errors.iter().sum::<f64>() / errors.len() as f64;
                assert!(mean < 0.3 * allowed, "{id}: {mean} at {height_m} m");
            }
        }
    }

    #[test]
    fn in_rock_the_field_is_that_of_the_surface_too() {
        let bennu = bennu();
        let mesh = bennu.surface_mesh();
        let exact = Polyhedron::new(&mesh, bennu.solid().density_kg_m3()).unwrap();
        for direction in even_directions(12) {
            for depth_m in [0.5, 2.0, 6.0, 30.0, 150.0] {
                let p = direction * (bennu.surface_radius_m(direction) - depth_m);
                let truth = exact.field_at(p).acceleration_m_per_s2;
                let error = bennu.gravity_m_s2(p, &mut GravityCell::default()) - truth;
                let relative = error.length() / 8e-5;
                assert!(
                    relative < 0.02,
                    "{relative} at {depth_m} m under {direction}"
                );
            }
        }
    }

    #[test]
    fn many_holes_and_heaps_cost_no_more_than_few_and_pull_as_balls() {
        let mascons: Vec<Mascon> = (0..300)
            .map(|i| Mascon {
                centre_m: DVec3::new(f64::from(i % 20) * 16.0, f64::from(i / 20) * 16.0, -4.0),
                mass_g: if i % 3 == 0 {
                    2_000_000_000
                } else {
                    -900_000_000
                },
            })
            .collect();
        let mut cell = GravityCell::default();
        for step in 0..50 {
            let p = DVec3::new(
                40.0 + 0.3 * f64::from(step),
                55.0,
                3.0 + 0.1 * f64::from(step),
            );
            let direct = mascons_m_s2(&mascons, p);
            let fresh = mascons_by_cell_m_s2(&mascons, 1, p, &mut GravityCell::default());
            assert_eq!(mascons_by_cell_m_s2(&mascons, 1, p, &mut cell), fresh);
            assert!((fresh - direct).length() < 0.03 * direct.length() + 2e-9);
        }
        // A change of the revision is seen at once.
        let p = DVec3::new(50.0, 55.0, 5.0);
        let one = mascons_by_cell_m_s2(&mascons, 1, p, &mut cell);
        let other = mascons_by_cell_m_s2(&mascons[..200], 2, p, &mut cell);
        assert_ne!(one, other);
        assert_eq!(mascons_by_cell_m_s2(&[], 3, p, &mut cell), DVec3::ZERO);
    }

    #[test]
    fn far_off_the_body_weighs_what_the_table_says() {
        let bennu = bennu();
        let p = DVec3::new(4.0, -9.0, 2.0) * 1e4;
        let g = bennu.gravity_m_s2(p, &mut GravityCell::default());
        let point_mass = -p * (bennu.mu_m3_per_s2() / p.length().powi(3));
        assert!((g - point_mass).length() < 1e-5 * point_mass.length());
    }

    #[test]
    fn the_field_has_no_steps_between_zones() {
        let bennu = bennu();
        let mut cell = GravityCell::default();
        let direction = DVec3::new(0.3, -0.5, 0.7).normalize();
        let top_m = 4.0 * bennu.bounding_radius_m();
        let mut last = None;
        let mut radius_m = bennu.surface_radius_m(direction);
        while radius_m < top_m {
            let g = bennu.gravity_m_s2(direction * radius_m, &mut cell);
            if let Some(last) = last {
                let step: DVec3 = g - last;
                assert!(step.length() < 2e-3 * g.length(), "at {radius_m} m");
            }
            last = Some(g);
            radius_m += 0.1;
        }
    }

    #[test]
    fn a_cell_only_saves_time() {
        let bennu = bennu();
        let mut kept = GravityCell::default();
        for step in 0..60 {
            let p = DVec3::new(260.0 + 7.0 * f64::from(step), 3.0 * f64::from(step), 40.0);
            let fresh = bennu.gravity_m_s2(p, &mut GravityCell::default());
            assert_eq!(bennu.gravity_m_s2(p, &mut kept), fresh);
        }
    }

    #[test]
    fn a_hole_pulls_less() {
        let bennu = bennu();
        let mut terrain = Terrain::new(Arc::clone(&bennu));
        let place = bennu.surface_point(0.1, 0.2);
        let above = place + place.normalize() * 3.0;
        let before = terrain.gravity_m_s2(above, &mut GravityCell::default());
        let dug = terrain.excavate(place, 3.0, i64::MAX);
        let after = terrain.gravity_m_s2(above, &mut GravityCell::default());
        assert!(10_000_000 < dug.mass_g, "{dug:?}");
        let missing = after - before;
        assert!(0.0 < missing.dot(place));
        // From afar it is a point of negative mass.
        let far = place.normalize() * 5_000.0;
        let change = terrain.gravity_m_s2(far, &mut GravityCell::default())
            - bennu.gravity_m_s2(far, &mut GravityCell::default());
        let arm = far - place;
        let expected =
            arm * (GRAVITATIONAL_CONSTANT * dug.mass_g as f64 * 1e-3) / arm.length().powi(3);
        assert!((change - expected).length() < 0.01 * expected.length());
    }

    #[test]
    fn thousands_of_tonnes_dug_shift_gravity_by_what_they_weighed() {
        let bennu = bennu();
        let mut terrain = Terrain::new(Arc::clone(&bennu));
        let (mut dug_g, mut moment) = (0, DVec3::ZERO);
        let place = bennu.surface_point(0.05, 1.2);
        let (east, north) = place.normalize().any_orthonormal_pair();
        for index in 0..6 {
            let aside = 9.0 * (f64::from(index % 3) * east + f64::from(index / 3) * north);
            let centre = terrain.surface_below(place + aside);
            let spoil = terrain.excavate(centre, 7.0, i64::MAX);
            // A bowl's centroid lies three eighths of its radius down.
            moment += (centre - centre.normalize() * 2.6) * spoil.mass_g as f64;
            dug_g += spoil.mass_g;
        }
        assert!(2_000_000_000 < dug_g, "{dug_g} g");
        let centroid = moment / dug_g as f64;
        for away_m in [60.0, 120.0, 600.0] {
            for side in [place.normalize(), (place.normalize() + east).normalize()] {
                let p = centroid + side * away_m;
                let change = terrain.gravity_m_s2(p, &mut GravityCell::default())
                    - bennu.gravity_m_s2(p, &mut GravityCell::default());
                let arm = p - centroid;
                let expected =
                    arm * (GRAVITATIONAL_CONSTANT * dug_g as f64 * 1e-3) / arm.length().powi(3);
                let error = (change - expected).length() / expected.length();
                // Near by, the pit is no point.
                let allowed = 0.01 + (14.0 / away_m).powi(2);
                assert!(error < allowed, "{error} at {away_m} m");
            }
        }
        // On its rim one weighs less, by more than the model's own error.
        let rim = place + place.normalize() * 1.0;
        let before = bennu.gravity_m_s2(rim, &mut GravityCell::default());
        let after = terrain.gravity_m_s2(rim, &mut GravityCell::default());
        let change = (after - before).length() / before.length();
        assert!((0.005..0.1).contains(&change), "{change}");
    }

    #[test]
    fn turning_adds_centrifugal_and_coriolis_acceleration() {
        let terrain = Terrain::new(bennu());
        let spin = terrain.model().spin_rad_per_s().z;
        let p = DVec3::new(300.0, 0.0, 0.0);
        let cell = &mut GravityCell::default();
        let at_rest = terrain.acceleration_m_s2(p, DVec3::ZERO, cell);
        let centrifugal = at_rest - terrain.gravity_m_s2(p, cell);
        assert!((centrifugal - DVec3::X * (spin * spin * 300.0)).length() < 1e-18);
        let moving = terrain.acceleration_m_s2(p, DVec3::new(0.0, 0.1, 0.0), cell);
        assert!((moving - at_rest - DVec3::X * (2.0 * spin * 0.1)).length() < 1e-18);
    }
}
