//! Gravity of a closed triangle mesh of constant density, exactly.
//!
//! The formulas are those of Werner and Scheeres (1996), "Exterior gravitation of a polyhedron
//! derived and compared with harmonic and mascon gravitation representations of asteroid 4769
//! Castalia", Celestial Mechanics and Dynamical Astronomy 65. They hold inside, outside and on
//! the surface. One evaluation costs time proportional to the number of faces, so the simulation
//! asks [`super::gravity`], which keeps the values on a grid.

use std::collections::HashMap;
use std::num::NonZero;

use bevy::math::DVec3;
use thiserror::Error;

use super::GRAVITATIONAL_CONSTANT;

/// A closed surface of triangles, wound counter-clockwise as seen from outside.
#[derive(Clone, Debug, PartialEq)]
pub struct TriangleMesh {
    /// In the body frame.
    pub vertices_m: Vec<DVec3>,
    /// Indices into `vertices_m`, from zero.
    pub faces: Vec<[u32; 3]>,
}

/// Why a mesh cannot be used.
#[derive(Clone, Debug, Error, PartialEq)]
pub enum MeshError {
    #[error("line {line} of the mesh: {reason}")]
    Line { line: usize, reason: String },
    #[error("face {face} names vertex {vertex}, but the mesh has {vertices} vertices")]
    Vertex {
        face: usize,
        vertex: u32,
        vertices: usize,
    },
    #[error("the mesh has no faces")]
    Empty,
    #[error(
        "the mesh is not closed and consistently wound: the edge between vertices {from} and {to} \
         does not separate exactly two faces"
    )]
    Open { from: u32, to: u32 },
    #[error("face {face} has no area")]
    Degenerate { face: usize },
    #[error("vertex {vertex} is not finite")]
    NotFinite { vertex: usize },
    #[error("the mesh encloses {volume_m3} m³: it must be wound outwards and hold a volume")]
    NoVolume { volume_m3: f64 },
}

/// Gravity at a place, in the frame of the mesh.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Field {
    /// Positive: the work that gravity does on a unit mass coming from infinity.
    pub potential_m2_per_s2: f64,
    /// The gradient of the potential, which points towards the body.
    pub acceleration_m_per_s2: DVec3,
    /// Zero outside, −4πGρ inside, in between on the surface.
    pub laplacian_per_s2: f64,
    /// Strictly inside: false on the surface.
    pub inside: bool,
}

/// A mesh prepared for [`Polyhedron::field_at`].
#[derive(Clone, Debug)]
pub struct Polyhedron {
    vertices_m: Vec<DVec3>,
    faces: Vec<Face>,
    edges: Vec<Edge>,
    /// G times the density [1/s²].
    g_rho_per_s2: f64,
    volume_m3: f64,
}

#[derive(Clone, Copy, Debug)]
struct Face {
    corners: [u32; 3],
    normal: DVec3,
}

/// An edge with the two halves of its dyad E = n_A ⊗ n_A12 + n_B ⊗ n_B21.
#[derive(Clone, Copy, Debug)]
struct Edge {
    ends: [u32; 2],
    length_m: f64,
    normals: [DVec3; 2],
    /// In the plane of its face, square to the edge, pointing away from the face.
    outward: [DVec3; 2],
}

/// What a field of constant density does at the surface of its mesh.
///
/// Means are weighted by area, the median and the 95th percentile of the slope are by face.
/// Effective gravity contains the centrifugal term. The slope is the angle between effective
/// gravity and the inward normal.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SurfaceStatistics {
    pub volume_m3: f64,
    pub density_kg_m3: f64,
    /// Of the sphere with the same volume.
    pub equivalent_radius_m: f64,
    pub sphere_g_m_s2: f64,
    pub sphere_escape_m_s: f64,
    pub g_m_s2: Spread,
    pub g_eff_m_s2: Spread,
    /// The part of it that holds things down: negative where loose matter leaves.
    pub g_eff_inward_m_s2: Spread,
    /// √(2U).
    pub escape_speed_m_s: Spread,
    /// Least speed along the normal that surely escapes, seen from the turning ground (Scheeres
    /// et al. 1996, "Orbits close to asteroid 4769 Castalia", Icarus 121).
    pub return_speed_m_s: Spread,
    pub slope_mean_deg: f64,
    pub slope_median_deg: f64,
    pub slope_p95_deg: f64,
    pub slope_max_deg: f64,
    /// |point-mass field − field| / |field|.
    pub point_mass_vector_error_mean: f64,
    pub point_mass_vector_error_max: f64,
}

/// Least, mean and greatest value over a surface.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Spread {
    pub min: f64,
    pub mean: f64,
    pub max: f64,
}

impl TriangleMesh {
    /// Reads the `v` and `f` lines of a Wavefront OBJ text; polygons are cut into fans.
    ///
    /// # Errors
    /// [`MeshError::Line`] names the first line that is not understood; the other errors are
    /// those of [`TriangleMesh::check`].
    pub fn from_obj(text: &str) -> Result<Self, MeshError> {
        let mesh = Self::parse_obj(text)?;
        mesh.check()?;
        Ok(mesh)
    }

    /// Reads the vertices and faces of a Wavefront OBJ text, whatever they enclose.
    ///
    /// # Errors
    /// [`MeshError::Line`] names the first line that is not understood.
    pub fn parse_obj(text: &str) -> Result<Self, MeshError> {
        let mut mesh = Self {
            vertices_m: Vec::new(),
            faces: Vec::new(),
        };
        for (number, line) in text.lines().enumerate() {
            let error = |reason: String| MeshError::Line {
                line: number + 1,
                reason,
            };
            let mut words = line.split_whitespace();
            match words.next() {
                Some("v") => {
                    let mut coordinate = || {
                        let word = words
                            .next()
                            .ok_or_else(|| error("a vertex needs three coordinates".into()))?;
                        word.parse::<f64>()
                            .ok()
                            .filter(|value| value.is_finite())
                            .ok_or_else(|| error(format!("\"{word}\" is not a finite number")))
                    };
                    mesh.vertices_m
                        .push(DVec3::new(coordinate()?, coordinate()?, coordinate()?));
                }
                Some("f") => {
                    let corners = words
                        .map(|word| {
                            let index = word.split('/').next().unwrap_or_default();
                            let index: i64 = index
                                .parse()
                                .map_err(|_| error(format!("\"{word}\" is not a vertex index")))?;
                            // A negative index counts back from the newest vertex.
                            let from_zero = if index < 0 {
                                mesh.vertices_m.len() as i64 + index
                            } else {
                                index - 1
                            };
                            u32::try_from(from_zero)
                                .map_err(|_| error(format!("{index} is not a vertex index")))
                        })
                        .collect::<Result<Vec<_>, _>>()?;
                    if corners.len() < 3 {
                        return Err(error("a face needs three corners".into()));
                    }
                    for pair in corners[1..].windows(2) {
                        mesh.faces.push([corners[0], pair[0], pair[1]]);
                    }
                }
                _ => {}
            }
        }
        Ok(mesh)
    }

    /// Whether the mesh is closed, wound outwards and free of empty faces.
    ///
    /// # Errors
    /// Names the first defect found.
    pub fn check(&self) -> Result<(), MeshError> {
        if self.faces.is_empty() {
            return Err(MeshError::Empty);
        }
        let vertices = self.vertices_m.len();
        if let Some(vertex) = self.vertices_m.iter().position(|v| !v.is_finite()) {
            return Err(MeshError::NotFinite { vertex });
        }
        for (face, corners) in self.faces.iter().enumerate() {
            if let Some(&vertex) = corners.iter().find(|&&v| vertices <= v as usize) {
                return Err(MeshError::Vertex {
                    face,
                    vertex,
                    vertices,
                });
            }
            if self.area_vector_m2(*corners).length() == 0.0 {
                return Err(MeshError::Degenerate { face });
            }
        }
        let mut sides = HashMap::with_capacity(self.faces.len() * 3);
        for corners in &self.faces {
            for side in sides_of(*corners) {
                *sides.entry(side).or_insert(0_u32) += 1;
            }
        }
        for corners in &self.faces {
            for (from, to) in sides_of(*corners) {
                if sides[&(from, to)] != 1 || sides.get(&(to, from)) != Some(&1) {
                    return Err(MeshError::Open { from, to });
                }
            }
        }
        let volume_m3 = self.volume_m3();
        if volume_m3 <= 0.0 {
            return Err(MeshError::NoVolume { volume_m3 });
        }
        Ok(())
    }

    pub fn volume_m3(&self) -> f64 {
        self.corners_of_faces()
            .map(|[a, b, c]| a.dot(b.cross(c)) / 6.0)
            .sum()
    }

    /// Centre of mass at constant density.
    pub fn centroid_m(&self) -> DVec3 {
        let moment: DVec3 = self
            .corners_of_faces()
            .map(|[a, b, c]| (a + b + c) * (a.dot(b.cross(c)) / 24.0))
            .sum();
        moment / self.volume_m3()
    }

    /// Second moments of volume ∫ x xᵀ dV [m⁵] about the origin: xx, yy, zz, xy, xz, yz.
    pub fn second_moments_m5(&self) -> [f64; 6] {
        let mut moments = [0.0; 6];
        for [a, b, c] in self.corners_of_faces() {
            let six_volumes = a.dot(b.cross(c));
            let sum = a + b + c;
            // Exact integral of a quadratic over a tetrahedron with one corner at the origin.
            let term = |i: usize, j: usize| {
                (a[i] * a[j] + b[i] * b[j] + c[i] * c[j] + sum[i] * sum[j]) * six_volumes / 120.0
            };
            for (moment, (i, j)) in
                moments
                    .iter_mut()
                    .zip([(0, 0), (1, 1), (2, 2), (0, 1), (0, 2), (1, 2)])
            {
                *moment += term(i, j);
            }
        }
        moments
    }

    pub(super) fn corners_of_faces(&self) -> impl Iterator<Item = [DVec3; 3]> {
        self.faces
            .iter()
            .map(|corners| corners.map(|v| self.vertices_m[v as usize]))
    }

    /// Twice the area, along the outward normal.
    pub(super) fn area_vector_m2(&self, corners: [u32; 3]) -> DVec3 {
        let [a, b, c] = corners.map(|v| self.vertices_m[v as usize]);
        (b - a).cross(c - a)
    }
}

impl Polyhedron {
    /// # Errors
    /// Those of [`TriangleMesh::check`].
    pub fn new(mesh: &TriangleMesh, density_kg_m3: f64) -> Result<Self, MeshError> {
        mesh.check()?;
        let faces: Vec<Face> = mesh
            .faces
            .iter()
            .map(|&corners| Face {
                corners,
                normal: mesh.area_vector_m2(corners).normalize(),
            })
            .collect();
        let face_by_side: HashMap<(u32, u32), usize> = faces
            .iter()
            .enumerate()
            .flat_map(|(index, face)| sides_of(face.corners).map(|side| (side, index)))
            .collect();
        let mut edges = Vec::with_capacity(faces.len() * 3 / 2);
        for face in &faces {
            for (from, to) in sides_of(face.corners) {
                if to < from {
                    continue;
                }
                let other = &faces[face_by_side[&(to, from)]];
                let along = mesh.vertices_m[to as usize] - mesh.vertices_m[from as usize];
                let length_m = along.length();
                let along = along / length_m;
                edges.push(Edge {
                    ends: [from, to],
                    length_m,
                    normals: [face.normal, other.normal],
                    outward: [along.cross(face.normal), other.normal.cross(along)],
                });
            }
        }
        Ok(Self {
            vertices_m: mesh.vertices_m.clone(),
            faces,
            edges,
            g_rho_per_s2: GRAVITATIONAL_CONSTANT * density_kg_m3,
            volume_m3: mesh.volume_m3(),
        })
    }

    pub fn volume_m3(&self) -> f64 {
        self.volume_m3
    }

    pub fn field_at(&self, point_m: DVec3) -> Field {
        let arms: Vec<(DVec3, f64)> = self
            .vertices_m
            .iter()
            .map(|&vertex| {
                let arm = vertex - point_m;
                (arm, arm.length())
            })
            .collect();

        let mut double_potential = 0.0;
        let mut attraction = DVec3::ZERO;
        for edge in &self.edges {
            let [(a, a_m), (b, b_m)] = edge.ends.map(|v| arms[v as usize]);
            let log = edge_logarithm(a, a_m, b, b_m, edge.length_m);
            let er = (edge.normals[0] * edge.outward[0].dot(a)
                + edge.normals[1] * edge.outward[1].dot(a))
                * log;
            double_potential += a.dot(er);
            attraction -= er;
        }

        let mut solid_angle = 0.0;
        for face in &self.faces {
            let [(a, a_m), (b, b_m), (c, c_m)] = face.corners.map(|v| arms[v as usize]);
            let angle = face_solid_angle(a, a_m, b, b_m, c, c_m);
            let height = face.normal.dot(a);
            let weighted = height * angle;
            double_potential -= height * weighted;
            attraction += face.normal * weighted;
            solid_angle += angle;
        }

        Field {
            potential_m2_per_s2: 0.5 * self.g_rho_per_s2 * double_potential,
            acceleration_m_per_s2: self.g_rho_per_s2 * attraction,
            laplacian_per_s2: -self.g_rho_per_s2 * solid_angle,
            // The rounding of the sum is far below this margin, a re-entrant corner far above.
            inside: 4.0 * std::f64::consts::PI * (1.0 - 1e-9) < solid_angle,
        }
    }
}

/// ∫ ds/r along an edge of length `length_m`, whose ends lie at `a` and `b` from the field point.
///
/// The textbook form ln((|a|+|b|+e)/(|a|+|b|−e)) loses all digits close to the edge and close to
/// its far extension; with |a|²+|b|²−e² = 2a·b its denominator becomes (|a||b|+a·b)/(|a|+|b|+e),
/// which has a form without cancellation on either side. On the edge itself the integral
/// diverges, but its factor E·a vanishes faster, so that zero is the right limit.
pub(super) fn edge_logarithm(a: DVec3, a_m: f64, b: DVec3, b_m: f64, length_m: f64) -> f64 {
    let dot = a.dot(b);
    let product = a_m * b_m;
    let opening = if dot < 0.0 {
        a.cross(b).length_squared() / (product - dot)
    } else {
        product + dot
    };
    if opening <= 0.0 {
        return 0.0;
    }
    (length_m * (a_m + b_m + length_m) / opening).ln_1p()
}

/// Solid angle of a triangle, positive when seen from its inner side (van Oosterom and Strackee
/// 1983). In the plane of the triangle it jumps by 4π; there the mean of both sides is given.
pub(super) fn face_solid_angle(a: DVec3, a_m: f64, b: DVec3, b_m: f64, c: DVec3, c_m: f64) -> f64 {
    let triple = a.dot(b.cross(c));
    let product = a_m * b_m * c_m;
    if triple.abs() <= 1e-15 * product {
        return 0.0;
    }
    let denominator = product + a_m * b.dot(c) + b_m * c.dot(a) + c_m * a.dot(b);
    2.0 * triple.atan2(denominator)
}

fn sides_of([a, b, c]: [u32; 3]) -> [(u32, u32); 3] {
    [(a, b), (b, c), (c, a)]
}

/// What a field does just above one face.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct FaceSample {
    pub area_m2: f64,
    pub g_m_s2: f64,
    /// With the centrifugal term.
    pub g_eff_m_s2: f64,
    /// The part of it that holds things down: negative where loose matter leaves.
    pub g_eff_inward_m_s2: f64,
    pub escape_speed_m_s: f64,
    pub return_speed_m_s: f64,
    /// Potential of gravity and spin together.
    pub effective_potential_m2_s2: f64,
    pub slope_deg: f64,
    pub point_mass_vector_error: f64,
}

/// Gravity and its consequences `height_m` above the middle of every face, along its normal.
///
/// The density is `gm_m3_per_s2` / (G · volume), the spin about +Z.
///
/// # Errors
/// Those of [`TriangleMesh::check`].
pub fn surface_statistics(
    mesh: &TriangleMesh,
    gm_m3_per_s2: f64,
    period_h: f64,
    height_m: f64,
) -> Result<SurfaceStatistics, MeshError> {
    let density_kg_m3 = gm_m3_per_s2 / (GRAVITATIONAL_CONSTANT * mesh.volume_m3());
    let polyhedron = Polyhedron::new(mesh, density_kg_m3)?;
    let spin_rad_per_s = DVec3::Z * (std::f64::consts::TAU / (period_h * 3600.0));
    let samples = face_samples(mesh, gm_m3_per_s2, spin_rad_per_s, height_m, |point_m| {
        let field = polyhedron.field_at(point_m);
        (field.potential_m2_per_s2, field.acceleration_m_per_s2)
    });
    Ok(SurfaceStatistics::of(&samples, mesh, gm_m3_per_s2))
}

/// What a field, potential [m²/s²] and acceleration [m/s²], does above every face of a mesh.
///
/// Work is spread over threads; the result does not depend on how many.
pub fn face_samples(
    mesh: &TriangleMesh,
    gm_m3_per_s2: f64,
    spin_rad_per_s: DVec3,
    height_m: f64,
    field_at: impl Fn(DVec3) -> (f64, DVec3) + Sync,
) -> Vec<FaceSample> {
    let sample = |corners: [u32; 3]| {
        let area_vector = mesh.area_vector_m2(corners);
        let normal = area_vector.normalize();
        let centre = corners.map(|v| mesh.vertices_m[v as usize]);
        let point = (centre[0] + centre[1] + centre[2]) / 3.0 + normal * height_m;
        let (potential_m2_s2, g) = field_at(point);
        let ground = spin_rad_per_s.cross(point);
        let g_eff = g - spin_rad_per_s.cross(ground);
        let radius = point.length();
        let point_mass = point * (-gm_m3_per_s2 / radius.powi(3));
        let along = normal.dot(ground);
        let depth = potential_m2_s2.max(gm_m3_per_s2 / radius);
        let back = -along
            + (along * along + 2.0 * depth - ground.length_squared())
                .max(0.0)
                .sqrt();
        FaceSample {
            area_m2: 0.5 * area_vector.length(),
            g_m_s2: g.length(),
            g_eff_m_s2: g_eff.length(),
            g_eff_inward_m_s2: -g_eff.dot(normal),
            escape_speed_m_s: (2.0 * potential_m2_s2).sqrt(),
            return_speed_m_s: back,
            effective_potential_m2_s2: potential_m2_s2 + 0.5 * ground.length_squared(),
            slope_deg: g_eff.angle_between(-normal).to_degrees(),
            point_mass_vector_error: (point_mass - g).length() / g.length(),
        }
    };
    let mut samples = vec![FaceSample::default(); mesh.faces.len()];
    let threads = std::thread::available_parallelism().map_or(1, NonZero::get);
    let share = mesh.faces.len().div_ceil(threads).max(1);
    std::thread::scope(|scope| {
        for (faces, samples) in mesh.faces.chunks(share).zip(samples.chunks_mut(share)) {
            let sample = &sample;
            scope.spawn(move || {
                for (out, &corners) in samples.iter_mut().zip(faces) {
                    *out = sample(corners);
                }
            });
        }
    });
    samples
}

impl Spread {
    /// Over a surface, the mean by area.
    pub fn of(samples: &[FaceSample], value: impl Fn(&FaceSample) -> f64) -> Self {
        let area_m2: f64 = samples.iter().map(|s| s.area_m2).sum();
        let sum: f64 = samples.iter().map(|s| value(s) * s.area_m2).sum();
        Self {
            min: samples.iter().map(&value).fold(f64::MAX, f64::min),
            mean: sum / area_m2,
            max: samples.iter().map(&value).fold(f64::MIN, f64::max),
        }
    }
}

impl SurfaceStatistics {
    /// Of the samples over the faces of a mesh with a gravitational parameter.
    pub fn of(samples: &[FaceSample], mesh: &TriangleMesh, gm_m3_per_s2: f64) -> Self {
        let volume_m3 = mesh.volume_m3();
        let equivalent_radius_m = (volume_m3 * 3.0 / (4.0 * std::f64::consts::PI)).cbrt();
        let mut slopes_deg: Vec<f64> = samples.iter().map(|s| s.slope_deg).collect();
        slopes_deg.sort_by(f64::total_cmp);
        // Between the two faces nearest to that rank, each face counting once.
        let quantile = |share: f64| {
            let rank = share * (slopes_deg.len() - 1) as f64;
            let (below, above) = (
                slopes_deg[rank.floor() as usize],
                slopes_deg[rank.ceil() as usize],
            );
            below + (above - below) * rank.fract()
        };
        let slope_deg = Spread::of(samples, |s| s.slope_deg);
        let point_mass_error = Spread::of(samples, |s| s.point_mass_vector_error);
        Self {
            volume_m3,
            density_kg_m3: gm_m3_per_s2 / (GRAVITATIONAL_CONSTANT * volume_m3),
            equivalent_radius_m,
            sphere_g_m_s2: gm_m3_per_s2 / equivalent_radius_m.powi(2),
            sphere_escape_m_s: (2.0 * gm_m3_per_s2 / equivalent_radius_m).sqrt(),
            g_m_s2: Spread::of(samples, |s| s.g_m_s2),
            g_eff_m_s2: Spread::of(samples, |s| s.g_eff_m_s2),
            g_eff_inward_m_s2: Spread::of(samples, |s| s.g_eff_inward_m_s2),
            escape_speed_m_s: Spread::of(samples, |s| s.escape_speed_m_s),
            return_speed_m_s: Spread::of(samples, |s| s.return_speed_m_s),
            slope_mean_deg: slope_deg.mean,
            slope_median_deg: quantile(0.5),
            slope_p95_deg: quantile(0.95),
            slope_max_deg: slope_deg.max,
            point_mass_vector_error_mean: point_mass_error.mean,
            point_mass_vector_error_max: point_mass_error.max,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::f64::consts::PI;

    use super::*;

    const CUBE: &str = "\
v -1 -1 -1\nv 1 -1 -1\nv 1 1 -1\nv -1 1 -1\nv -1 -1 1\nv 1 -1 1\nv 1 1 1\nv -1 1 1
f 1 4 3 2\nf 1 2 6 5\nf 1 5 8 4\nf 2 3 7 6\nf 3 4 8 7\nf 5 6 7 8\n";
    const DENSITY: f64 = 2670.0;

    fn cube() -> (TriangleMesh, Polyhedron) {
        let mesh = TriangleMesh::from_obj(CUBE).unwrap();
        let polyhedron = Polyhedron::new(&mesh, DENSITY).unwrap();
        (mesh, polyhedron)
    }

    /// Waldvogel (1976): potential at the centre of a cube of edge a.
    fn potential_at_centre() -> f64 {
        GRAVITATIONAL_CONSTANT * DENSITY * 4.0 * (3.0 * (2.0 + 3f64.sqrt()).ln() - PI / 2.0)
    }

    fn assert_close(value: f64, expected: f64, relative: f64) {
        assert!(
            (value - expected).abs() <= relative * expected.abs(),
            "{value} is not {expected}"
        );
    }

    #[test]
    fn the_cube_has_its_closed_form_at_the_centre_and_half_of_it_at_the_corners() {
        let (_, cube) = cube();
        let centre = cube.field_at(DVec3::ZERO);
        assert_close(centre.potential_m2_per_s2, potential_at_centre(), 1e-14);
        assert!(centre.acceleration_m_per_s2.length() < 1e-20);
        assert!(centre.inside);
        for corner in [DVec3::ONE, DVec3::new(-1.0, 1.0, -1.0)] {
            let field = cube.field_at(corner);
            assert_close(
                field.potential_m2_per_s2,
                potential_at_centre() / 2.0,
                1e-14,
            );
            assert!(!field.inside);
        }
    }

    #[test]
    fn the_laplacian_tells_inside_from_outside() {
        let (_, cube) = cube();
        let inside = -4.0 * PI * GRAVITATIONAL_CONSTANT * DENSITY;
        for point in [DVec3::new(0.1, 0.2, 0.15), DVec3::splat(0.999_999)] {
            let field = cube.field_at(point);
            assert!(field.inside);
            assert_close(field.laplacian_per_s2, inside, 1e-12);
        }
        for point in [
            DVec3::new(1.000_001, 0.0, 0.0),
            DVec3::new(20.0, -14.0, 8.0),
        ] {
            let field = cube.field_at(point);
            assert!(!field.inside);
            assert!(field.laplacian_per_s2.abs() < 1e-9 * inside.abs());
        }
        // On a face half of the sky is rock.
        let on_face = cube.field_at(DVec3::new(1.0, 0.2, 0.3));
        assert_close(on_face.laplacian_per_s2, inside / 2.0, 1e-12);
    }

    #[test]
    fn the_field_is_continuous_across_faces_edges_and_corners() {
        let (_, cube) = cube();
        let places = [
            DVec3::new(1.0, 0.3, 0.3),
            DVec3::new(1.0, 1.0, 0.2),
            DVec3::ONE,
            DVec3::new(1.0, 0.3, 0.3).with_z(-1.0),
        ];
        for place in places {
            let there = cube.field_at(place);
            for offset in [DVec3::X, DVec3::new(-0.6, 0.3, 0.5)] {
                let near = cube.field_at(place + offset * 1e-9);
                assert_close(near.potential_m2_per_s2, there.potential_m2_per_s2, 3e-9);
                let jump = (near.acceleration_m_per_s2 - there.acceleration_m_per_s2).length();
                assert!(
                    jump < 1e-7 * there.acceleration_m_per_s2.length(),
                    "{place}"
                );
            }
        }
    }

    #[test]
    fn the_acceleration_is_the_gradient_of_the_potential() {
        let (_, cube) = cube();
        let step = 1e-5;
        for point in [DVec3::new(1.5, 0.7, -0.2), DVec3::new(0.4, -0.3, 0.8)] {
            let g = cube.field_at(point).acceleration_m_per_s2;
            for axis in DVec3::AXES {
                let slope = (cube.field_at(point + axis * step).potential_m2_per_s2
                    - cube.field_at(point - axis * step).potential_m2_per_s2)
                    / (2.0 * step);
                assert!((slope - g.dot(axis)).abs() < 1e-8 * g.length());
            }
        }
    }

    #[test]
    fn a_far_cube_pulls_like_its_mass_in_one_point() {
        let (mesh, cube) = cube();
        assert_close(mesh.volume_m3(), 8.0, 1e-15);
        assert!(mesh.centroid_m().length() < 1e-15);
        let at = DVec3::new(300.0, -200.0, 100.0);
        let mu = GRAVITATIONAL_CONSTANT * DENSITY * 8.0;
        let field = cube.field_at(at);
        // The cube has no quadrupole: what is left falls with the fourth power of size/distance.
        assert_close(field.potential_m2_per_s2, mu / at.length(), 1e-8);
        let point_mass = at * (-mu / at.length().powi(3));
        assert!((field.acceleration_m_per_s2 - point_mass).length() < 1e-8 * point_mass.length());
    }

    #[test]
    fn second_moments_of_a_cube_are_its_own() {
        let (mesh, _) = cube();
        let moments = mesh.second_moments_m5();
        for (moment, expected) in moments.into_iter().zip([8.0 / 3.0, 8.0 / 3.0, 8.0 / 3.0]) {
            assert_close(moment, expected, 1e-14);
        }
        assert!(moments[3..].iter().all(|m| m.abs() < 1e-14));
    }

    #[test]
    fn a_broken_mesh_is_refused_with_its_defect() {
        let open = CUBE.replace("f 5 6 7 8\n", "");
        assert!(matches!(
            TriangleMesh::from_obj(&open),
            Err(MeshError::Open { .. })
        ));
        assert!(matches!(
            TriangleMesh::from_obj("v 1 2\n"),
            Err(MeshError::Line { line: 1, .. })
        ));
        assert!(matches!(
            TriangleMesh::from_obj("v 1 2 nan\n"),
            Err(MeshError::Line { line: 1, .. })
        ));
        assert!(matches!(
            TriangleMesh::from_obj("v 1 2 3\nf 1 2 3\n"),
            Err(MeshError::Vertex { .. })
        ));
        assert_eq!(TriangleMesh::from_obj(""), Err(MeshError::Empty));
        let (mut inverted, _) = cube();
        for face in &mut inverted.faces {
            face.reverse();
        }
        assert!(matches!(inverted.check(), Err(MeshError::NoVolume { .. })));
    }

    #[test]
    fn statistics_of_a_resting_cube_obey_its_symmetry() {
        let (mesh, _) = cube();
        let gm = GRAVITATIONAL_CONSTANT * DENSITY * 8.0;
        let statistics = surface_statistics(&mesh, gm, f64::INFINITY, 0.01).unwrap();
        assert_close(statistics.density_kg_m3, DENSITY, 1e-12);
        // All twelve triangles are mirror images of each other, and nothing turns.
        for spread in [statistics.g_m_s2, statistics.escape_speed_m_s] {
            assert_close(spread.min, spread.max, 1e-12);
        }
        assert_close(statistics.g_eff_m_s2.mean, statistics.g_m_s2.mean, 1e-12);
    }
}
