//! Gravity of a body as the tick needs it: exact where it is made, cheap where it is used.
//!
//! The exact field of a polyhedron ([`super::polyhedron`]) of outline and ground is computed at
//! the nodes of a grid, each when it is first needed, and interpolated between them. The spacing
//! of the grid doubles with the distance, and far out the field is that of a mass with a
//! quadrupole; neighbouring zones are blended, so that the field has no steps. Nodes are shared by
//! all worlds of the body: their values depend on nothing else.
//!
//! Rock that was dug away acts as a negative mass at the centroid of its hole, softened over half
//! a chunk. Boulders smaller than the facets of the polyhedron are left out of the field, and so
//! is the gravity of robots, plants and their stocks.

use std::collections::HashMap;
use std::sync::{OnceLock, PoisonError, RwLock};

use bevy::math::{DMat3, DVec3, I64Vec3};

use super::outline::Outline;
use super::polyhedron::{Polyhedron, TriangleMesh};
use super::relief::Relief;
use super::surface::sphere_mesh;
use super::{GRAVITATIONAL_CONSTANT, cache::SHARDS};

/// Subdivisions of the icosahedron that carries the field: 642 vertices, 1,280 facets.
const SUBDIVISIONS: usize = 7;
/// Grid cells in one greatest radius of the body.
const CELLS_PER_RADIUS: f64 = 60.0;
/// The finest grid reaches to this many greatest radii.
const FINEST_REACH: f64 = 1.3;
const LEVELS: usize = 3;
/// Last part of each zone over which it gives way to the next.
const BLEND: f64 = 0.12;
/// Softening length of a hole [m].
const SOFTENING_M: f64 = 8.0;

/// The field of the pristine body.
#[derive(Debug)]
pub struct GravityField {
    mu_m3_per_s2: f64,
    finest_m: f64,
    finest_reach_m: f64,
    exact: OnceLock<Exact>,
    nodes: [RwLock<HashMap<Node, DVec3>>; SHARDS],
}

#[derive(Debug)]
struct Exact {
    polyhedron: Polyhedron,
    /// Traceless second moments of mass about the centre, by mass [m²].
    quadrupole_m2: DMat3,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Node {
    level: usize,
    at: I64Vec3,
}

/// The grid cells that a moving thing was last seen in: keep one per robot, of one body.
///
/// It only saves time. What is computed with a fresh one has the same bits, so it need not be
/// saved with a world.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct GravityCell {
    /// Of even and of odd levels, since a blend needs two neighbouring ones.
    slots: [Slot; 2],
}

#[derive(Clone, Debug, Default, PartialEq)]
struct Slot {
    cell: Option<(usize, I64Vec3)>,
    /// x fastest, then y, then z [m/s²].
    corners: [DVec3; 8],
}

/// A hole: mass that is missing.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Mascon {
    pub centre_m: DVec3,
    pub mass_g: i64,
}

impl GravityField {
    pub fn new(mu_m3_per_s2: f64, outline: &Outline) -> Self {
        Self {
            mu_m3_per_s2,
            finest_m: outline.max_radius_m() / CELLS_PER_RADIUS,
            finest_reach_m: FINEST_REACH * outline.max_radius_m(),
            exact: OnceLock::new(),
            nodes: Default::default(),
        }
    }

    /// Acceleration by interpolation [m/s²].
    ///
    /// `cell` must have been used with this field only, or be fresh.
    pub fn acceleration_m_s2(
        &self,
        p: DVec3,
        cell: &mut GravityCell,
        outline: &Outline,
        relief: &Relief,
    ) -> DVec3 {
        let radius_m = p.length();
        let mut level = 0;
        let mut reach_m = self.finest_reach_m;
        while level < LEVELS && reach_m <= radius_m {
            level += 1;
            reach_m *= 2.0;
        }
        let mut value_at = |level: usize| {
            if level < LEVELS {
                self.interpolated(p, level, cell, outline, relief)
            } else {
                self.far(p, radius_m, outline, relief)
            }
        };
        let here = value_at(level);
        let into_next = (radius_m / reach_m - (1.0 - BLEND)) / BLEND;
        if level == LEVELS || into_next <= 0.0 {
            return here;
        }
        let weight = into_next * into_next * (3.0 - 2.0 * into_next);
        here + (value_at(level + 1) - here) * weight
    }

    /// Acceleration from the polyhedron itself [m/s²]: slow.
    pub fn exact_m_s2(&self, p: DVec3, outline: &Outline, relief: &Relief) -> DVec3 {
        let exact = self.exact(outline, relief);
        exact.polyhedron.field_at(p).acceleration_m_per_s2
    }

    fn interpolated(
        &self,
        p: DVec3,
        level: usize,
        cell: &mut GravityCell,
        outline: &Outline,
        relief: &Relief,
    ) -> DVec3 {
        let spacing_m = self.finest_m * (1_u32 << level) as f64;
        let scaled = p / spacing_m;
        let floor = scaled.floor();
        let index = floor.as_i64vec3();
        let slot = &mut cell.slots[level % 2];
        if slot.cell != Some((level, index)) {
            slot.corners = std::array::from_fn(|corner| {
                let corner = corner as i64;
                let offset = I64Vec3::new(corner & 1, corner >> 1 & 1, corner >> 2);
                self.node(
                    Node {
                        level,
                        at: index + offset,
                    },
                    outline,
                    relief,
                )
            });
            slot.cell = Some((level, index));
        }
        let t = scaled - floor;
        let c = &slot.corners;
        let edge = |i: usize| c[i] + (c[i + 1] - c[i]) * t.x;
        let low = edge(0) + (edge(2) - edge(0)) * t.y;
        let high = edge(4) + (edge(6) - edge(4)) * t.y;
        low + (high - low) * t.z
    }

    fn node(&self, node: Node, outline: &Outline, relief: &Relief) -> DVec3 {
        let shard = &self.nodes
            [(node.at.element_sum() + node.level as i64).rem_euclid(SHARDS as i64) as usize];
        // A poisoned lock still guards whole values: a thread can only have died between them.
        let known = shard
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .get(&node)
            .copied();
        known.unwrap_or_else(|| {
            let at = node.at.as_dvec3() * (self.finest_m * (1_u32 << node.level) as f64);
            let value = self.exact_m_s2(at, outline, relief);
            shard
                .write()
                .unwrap_or_else(PoisonError::into_inner)
                .insert(node, value);
            value
        })
    }

    /// Point mass with quadrupole: g = −μ r/r³ + grad(3 μ rᵀQr / (2 r⁵)) with the traceless Q.
    fn far(&self, p: DVec3, radius_m: f64, outline: &Outline, relief: &Relief) -> DVec3 {
        let q = self.exact(outline, relief).quadrupole_m2;
        let unit = p / radius_m;
        let pull = self.mu_m3_per_s2 / (radius_m * radius_m);
        let qu = q * unit;
        let shape = (qu - 2.5 * unit.dot(qu) * unit) * (3.0 / (radius_m * radius_m));
        pull * (shape - unit)
    }

    fn exact(&self, outline: &Outline, relief: &Relief) -> &Exact {
        self.exact.get_or_init(|| {
            let mut mesh = carrier_mesh(outline, relief);
            // The origin is the centre of mass: the facets must not say otherwise.
            let centroid_m = mesh.centroid_m();
            for vertex in &mut mesh.vertices_m {
                *vertex -= centroid_m;
            }
            let volume_m3 = mesh.volume_m3();
            let density_kg_m3 = self.mu_m3_per_s2 / (GRAVITATIONAL_CONSTANT * volume_m3);
            let [xx, yy, zz, xy, xz, yz] = mesh.second_moments_m5().map(|m| m / volume_m3);
            let third = (xx + yy + zz) / 3.0;
            Exact {
                polyhedron: Polyhedron::new(&mesh, density_kg_m3)
                    .expect("a sphere stretched along its radii stays closed"),
                quadrupole_m2: DMat3::from_cols(
                    DVec3::new(xx - third, xy, xz),
                    DVec3::new(xy, yy - third, yz),
                    DVec3::new(xz, yz, zz - third),
                ),
            }
        })
    }
}

/// The mesh whose gravity the body has.
fn carrier_mesh(outline: &Outline, relief: &Relief) -> TriangleMesh {
    let (directions, faces) = sphere_mesh(SUBDIVISIONS);
    TriangleMesh {
        vertices_m: directions
            .into_iter()
            .map(|direction| direction * relief.smooth_radius_m(outline, direction))
            .collect(),
        faces,
    }
}

/// What holes take away from gravity at a place [m/s²].
pub fn holes_m_s2(holes: &[Mascon], p: DVec3) -> DVec3 {
    let mut sum = DVec3::ZERO;
    for hole in holes {
        let arm = p - hole.centre_m;
        let apart2_m2 = arm.length_squared() + SOFTENING_M * SOFTENING_M;
        sum += arm * (hole.mass_g as f64 / (apart2_m2 * apart2_m2.sqrt()));
    }
    sum * (GRAVITATIONAL_CONSTANT * 1e-3)
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::super::outline::even_directions;
    use super::super::{BodyModel, Terrain};
    use super::*;

    fn bennu() -> Arc<BodyModel> {
        BodyModel::shared("bennu", 7).unwrap()
    }

    #[test]
    fn the_grid_follows_the_exact_field() {
        let bennu = bennu();
        let radius_m = bennu.reference_radius_m();
        for (height_m, allowed) in [(1.0, 0.015), (radius_m, 0.001), (4.0 * radius_m, 0.001)] {
            for direction in even_directions(30) {
                let p = direction * (bennu.surface_radius_m(direction) + height_m);
                let exact = bennu.exact_gravity_m_s2(p);
                let error = bennu.gravity_m_s2(p, &mut GravityCell::default()) - exact;
                let relative = error.length() / exact.length();
                assert!(
                    relative < allowed,
                    "{relative} at {height_m} m above {direction}"
                );
            }
        }
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
