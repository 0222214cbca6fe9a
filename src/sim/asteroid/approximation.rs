//! Cheaper models of a body's gravity, to be held against the exact polyhedron.
//!
//! They tell what the simulation would lose by them: one point for the whole body, a point for
//! each voxel (mascons), and a grid with the exact field at its nodes. The simulation's own model
//! is [`super::gravity`].

use std::collections::HashMap;
use std::f64::consts::PI;
use std::num::NonZero;

use bevy::math::{DVec3, I64Vec3};

use super::GRAVITATIONAL_CONSTANT;
use super::polyhedron::{Polyhedron, TriangleMesh};

/// Samples along an edge of a voxel by which its fill is told.
const SUPERSAMPLES: i64 = 4;

/// A cheap field [m/s²] beside the exact one.
pub trait CheapField: Sync {
    fn acceleration_m_s2(&self, p: DVec3) -> DVec3;
}

/// All mass in the centre of mass.
#[derive(Clone, Copy, Debug)]
pub struct PointMass {
    pub centre_m: DVec3,
    pub mu_m3_per_s2: f64,
}

/// A mass for each voxel that the body fills or cuts.
#[derive(Clone, Debug)]
pub struct Mascons {
    voxel_m: f64,
    /// Middle and gravitational parameter.
    masses: Vec<(DVec3, f64)>,
}

/// [`Mascons`] in which a mass nearer than the ball of a voxel's volume pulls like that ball:
/// r³ is replaced by max(r, R)³ with R = d (3/4π)^(1/3).
#[derive(Clone, Copy, Debug)]
pub struct CappedMascons<'a>(pub &'a Mascons);

/// The exact field at the nodes of a grid, trilinear in between.
#[derive(Clone, Debug)]
pub struct NodeGrid {
    spacing_m: f64,
    nodes: HashMap<I64Vec3, DVec3>,
}

/// How far a field is from the exact one over some places: |g − g₀| / |g₀|.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct RelativeErrors {
    pub mean: f64,
    pub p95: f64,
    pub max: f64,
}

impl PointMass {
    pub fn of(mesh: &TriangleMesh, mu_m3_per_s2: f64) -> Self {
        Self {
            centre_m: mesh.centroid_m(),
            mu_m3_per_s2,
        }
    }
}

impl CheapField for PointMass {
    fn acceleration_m_s2(&self, p: DVec3) -> DVec3 {
        let arm = self.centre_m - p;
        arm * (self.mu_m3_per_s2 / arm.length().powi(3))
    }
}

impl Mascons {
    /// Voxels of edge `voxel_m` that begin at the lowest corner of the body's box. A voxel that the
    /// surface cuts has the share of its mass that 4 × 4 × 4 samples within it find inside; all together
    /// have the mass of the body.
    pub fn of(mesh: &TriangleMesh, mu_m3_per_s2: f64, voxel_m: f64) -> Self {
        let low_m = (mesh.vertices_m.iter().copied()).fold(DVec3::INFINITY, DVec3::min);
        let mut moved = mesh.clone();
        for vertex in &mut moved.vertices_m {
            *vertex -= low_m;
        }
        let filled = filled_samples(&moved, voxel_m / SUPERSAMPLES as f64);
        let mut fill: HashMap<I64Vec3, u32> = HashMap::new();
        for sample in &filled {
            let voxel = sample.map(|i| i.div_euclid(SUPERSAMPLES));
            *fill.entry(I64Vec3::from_array(voxel)).or_default() += 1;
        }
        let each = mu_m3_per_s2 / filled.len().max(1) as f64;
        let mut masses: Vec<(I64Vec3, u32)> = fill.into_iter().collect();
        // A hash table has no order; sums should.
        masses.sort_by_key(|(voxel, _)| voxel.to_array());
        Self {
            voxel_m,
            masses: masses
                .into_iter()
                .map(|(voxel, samples)| {
                    let middle_m = low_m + (voxel.as_dvec3() + 0.5) * voxel_m;
                    (middle_m, f64::from(samples) * each)
                })
                .collect(),
        }
    }

    /// How many voxels hold mass.
    pub fn count(&self) -> usize {
        self.masses.len()
    }

    fn sum(&self, p: DVec3, least_m: f64) -> DVec3 {
        let least3_m3 = least_m.powi(3);
        self.masses
            .iter()
            .map(|&(middle_m, mu_m3_per_s2)| {
                let arm = middle_m - p;
                let apart2_m2 = arm.length_squared();
                arm * (mu_m3_per_s2 / (apart2_m2 * apart2_m2.sqrt()).max(least3_m3))
            })
            .sum()
    }
}

impl CheapField for Mascons {
    fn acceleration_m_s2(&self, p: DVec3) -> DVec3 {
        self.sum(p, f64::MIN_POSITIVE)
    }
}

impl CheapField for CappedMascons<'_> {
    fn acceleration_m_s2(&self, p: DVec3) -> DVec3 {
        let ball_m = self.0.voxel_m * (3.0 / (4.0 * PI)).cbrt();
        self.0.sum(p, ball_m)
    }
}

impl NodeGrid {
    /// A grid with nodes on multiples of `spacing_m`, where `places` need them.
    pub fn around(exact: &Polyhedron, spacing_m: f64, places: &[DVec3]) -> Self {
        let mut needed: Vec<I64Vec3> = places
            .iter()
            .flat_map(|place| {
                let cell = (place / spacing_m).floor().as_i64vec3();
                (0..8).map(move |corner| {
                    cell + I64Vec3::new(corner & 1, corner >> 1 & 1, corner >> 2)
                })
            })
            .collect();
        needed.sort_by_key(|node| node.to_array());
        needed.dedup();
        let values = in_parallel(&needed, |node| {
            exact
                .field_at(node.as_dvec3() * spacing_m)
                .acceleration_m_per_s2
        });
        Self {
            spacing_m,
            nodes: needed.into_iter().zip(values).collect(),
        }
    }
}

impl CheapField for NodeGrid {
    /// # Panics
    /// At a place that the grid was not made for.
    fn acceleration_m_s2(&self, p: DVec3) -> DVec3 {
        let scaled = p / self.spacing_m;
        let floor = scaled.floor();
        let (cell, t) = (floor.as_i64vec3(), scaled - floor);
        (0..8_i64)
            .map(|corner| {
                let offset = I64Vec3::new(corner & 1, corner >> 1 & 1, corner >> 2);
                let part = |o: i64, t: f64| if o == 1 { t } else { 1.0 - t };
                let weight = part(offset.x, t.x) * part(offset.y, t.y) * part(offset.z, t.z);
                self.nodes[&(cell + offset)] * weight
            })
            .sum()
    }
}

impl RelativeErrors {
    /// # Panics
    /// Without places.
    pub fn of(exact: &[DVec3], field: &impl CheapField, places: &[DVec3]) -> Self {
        let pairs: Vec<(DVec3, DVec3)> =
            places.iter().copied().zip(exact.iter().copied()).collect();
        let mut errors = in_parallel(&pairs, |&(place, exact)| {
            (field.acceleration_m_s2(place) - exact).length() / exact.length()
        });
        errors.sort_by(f64::total_cmp);
        let rank = 0.95 * (errors.len() - 1) as f64;
        let (below, above) = (errors[rank.floor() as usize], errors[rank.ceil() as usize]);
        Self {
            mean: errors.iter().sum::<f64>() / errors.len() as f64,
            p95: below + (above - below) * rank.fract(),
            max: errors[errors.len() - 1],
        }
    }
}

/// The exact field at some places [m/s²].
pub fn exact_m_s2(exact: &Polyhedron, places: &[DVec3]) -> Vec<DVec3> {
    in_parallel(places, |&place| exact.field_at(place).acceleration_m_per_s2)
}

/// Gravitational parameter of a mesh of a density [m³/s²].
pub fn mu_m3_per_s2(mesh: &TriangleMesh, density_kg_m3: f64) -> f64 {
    GRAVITATIONAL_CONSTANT * density_kg_m3 * mesh.volume_m3()
}

/// The samples of a lattice of pitch `pitch_m`, in the middle of its cells, that lie inside.
///
/// Along each column of samples the surface is crossed in and out by turns. A side shared by two
/// faces is judged by the same numbers for both, so that a column crosses just one of them.
fn filled_samples(mesh: &TriangleMesh, pitch_m: f64) -> Vec<[i64; 3]> {
    let mut crossings: HashMap<(i64, i64), Vec<f64>> = HashMap::new();
    let first = |low: f64| (low / pitch_m - 0.5).ceil() as i64;
    let last = |high: f64| (high / pitch_m - 0.5).floor() as i64;
    for face in &mesh.faces {
        let corners = face.map(|v| mesh.vertices_m[v as usize]);
        let low = corners.iter().copied().fold(DVec3::INFINITY, DVec3::min);
        let high = corners
            .iter()
            .copied()
            .fold(DVec3::NEG_INFINITY, DVec3::max);
        for i in first(low.x)..=last(high.x) {
            let x = (i as f64 + 0.5) * pitch_m;
            for j in first(low.y)..=last(high.y) {
                let y = (j as f64 + 0.5) * pitch_m;
                // Twice the area between the column and a side, from its first vertex to its
                // second by number whichever face asks.
                let area = |a: usize, b: usize| {
                    let (from, to, sign) = if face[a] < face[b] {
                        (corners[a], corners[b], 1.0)
                    } else {
                        (corners[b], corners[a], -1.0)
                    };
                    sign * ((from.x - x) * (to.y - y) - (from.y - y) * (to.x - x))
                };
                let areas = [area(1, 2), area(2, 0), area(0, 1)];
                let whole: f64 = areas.iter().sum();
                let crosses = whole != 0.0
                    && (areas.iter().all(|area| 0.0 <= *area)
                        || areas.iter().all(|area| *area < 0.0));
                if crosses {
                    let z: f64 = (0..3).map(|k| corners[k].z * areas[k]).sum::<f64>() / whole;
                    crossings.entry((i, j)).or_default().push(z);
                }
            }
        }
    }
    let mut columns: Vec<_> = crossings.into_iter().collect();
    columns.sort_by_key(|(column, _)| *column);
    let mut filled = Vec::new();
    for ((i, j), mut heights_m) in columns {
        heights_m.sort_by(f64::total_cmp);
        for pair in heights_m.chunks_exact(2) {
            filled.extend((first(pair[0])..=last(pair[1])).map(|k| [i, j, k]));
        }
    }
    filled
}

/// Values of a function, in order; the work is spread over threads.
fn in_parallel<T: Sync, R: Send>(items: &[T], value: impl Fn(&T) -> R + Sync) -> Vec<R> {
    let threads = std::thread::available_parallelism().map_or(1, NonZero::get);
    let share = items.len().div_ceil(threads).max(1);
    let value = &value;
    std::thread::scope(|scope| {
        let parts: Vec<_> = items
            .chunks(share)
            .map(|part| scope.spawn(move || part.iter().map(value).collect::<Vec<R>>()))
            .collect();
        parts
            .into_iter()
            .flat_map(|part| match part.join() {
                Ok(values) => values,
                Err(panic) => std::panic::resume_unwind(panic),
            })
            .collect()
    })
}

#[cfg(test)]
mod tests {
    use super::super::surface::sphere_mesh;
    use super::*;

    fn ball(radius_m: f64) -> TriangleMesh {
        let (directions, faces) = sphere_mesh(12);
        TriangleMesh {
            vertices_m: directions.into_iter().map(|d| d * radius_m).collect(),
            faces,
        }
    }

    #[test]
    fn voxels_fill_the_volume() {
        for mesh in [ball(10.0), ball(10.3)] {
            for pitch_m in [0.5, 0.37] {
                let filled = filled_samples(&mesh, pitch_m);
                let volume_m3 = filled.len() as f64 * pitch_m.powi(3);
                let ratio = volume_m3 / mesh.volume_m3();
                assert!((ratio - 1.0).abs() < 0.01, "{ratio} at {pitch_m} m");
                for sample in filled {
                    let p = DVec3::from_array(sample.map(|i| (i as f64 + 0.5) * pitch_m));
                    assert!(p.length() < 10.31);
                }
            }
        }
    }

    #[test]
    fn every_model_nears_the_polyhedron_and_a_ball_is_a_point_outside() {
        let mesh = ball(50.0);
        let density_kg_m3 = 2_000.0;
        let exact = Polyhedron::new(&mesh, density_kg_m3).unwrap();
        let mu = mu_m3_per_s2(&mesh, density_kg_m3);
        let places: Vec<DVec3> = (mesh.faces.iter().step_by(40))
            .map(|face| face.map(|v| mesh.vertices_m[v as usize]))
            .map(|[a, b, c]| (a + b + c) / 3.0 * 1.1)
            .collect();
        let truth = exact_m_s2(&exact, &places);
        let point = RelativeErrors::of(&truth, &PointMass::of(&mesh, mu), &places);
        assert!(point.max < 0.005, "{point:?}");
        let errors = [10.0, 2.5].map(|voxel_m| {
            let mascons = Mascons::of(&mesh, mu, voxel_m);
            let plain = RelativeErrors::of(&truth, &mascons, &places);
            let capped = RelativeErrors::of(&truth, &CappedMascons(&mascons), &places);
            assert!(
                capped.mean <= plain.mean * 1.001,
                "{plain:?} and {capped:?}"
            );
            capped.mean
        });
        assert!(
            errors[1] < 0.3 * errors[0] && errors[1] < 0.003,
            "{errors:?}"
        );
        let errors = [8.0, 2.0].map(|spacing_m| {
            let grid = NodeGrid::around(&exact, spacing_m, &places);
            RelativeErrors::of(&truth, &grid, &places).mean
        });
        assert!(
            errors[1] < 0.2 * errors[0] && errors[1] < 0.001,
            "{errors:?}"
        );
    }
}
