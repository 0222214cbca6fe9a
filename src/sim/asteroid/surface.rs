//! Meshes of the surface: of one chunk by surface nets, of the whole body from afar.

use std::collections::HashMap;
use std::num::NonZero;
use std::sync::LazyLock;

use bevy::math::DVec3;
use fast_surface_nets::ndshape::{ConstShape, ConstShape3u32};
use fast_surface_nets::{SurfaceNetsBuffer, surface_nets};

use super::polyhedron::TriangleMesh;
use super::{CHUNK_VOXELS, ChunkKey, VOXEL_M};

/// A chunk and one voxel more on every side.
pub const PADDED: usize = CHUNK_VOXELS as usize + 2;
/// Samples of one padded chunk.
pub const SAMPLES: usize = PADDED * PADDED * PADDED;

type PaddedShape = ConstShape3u32<{ PADDED as u32 }, { PADDED as u32 }, { PADDED as u32 }>;

/// Triangles of a piece of surface, wound counter-clockwise as seen from outside.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ChunkMesh {
    /// In the site frame; everything else is relative to it, so that 32 bits suffice far out.
    pub origin_m: DVec3,
    /// Relative to `origin_m`.
    pub positions: Vec<[f32; 3]>,
    /// Of length one.
    pub normals: Vec<[f32; 3]>,
    /// Three for each triangle.
    pub indices: Vec<u32>,
}

/// Values of the signed distance [m] at the centres of the voxels of a padded chunk, x fastest.
pub type Samples = [f32; SAMPLES];

/// Place of a voxel in [`Samples`]; the indices count from the chunk's first voxel, −1 to 16.
pub fn sample_index(voxel: [i32; 3]) -> usize {
    let [x, y, z] = voxel.map(|i| (i + 1) as usize);
    x + PADDED * (y + PADDED * z)
}

/// Indices of all voxels of a padded chunk, in the order of [`Samples`].
pub fn padded_voxels() -> impl Iterator<Item = [i32; 3]> {
    let range = -1..=CHUNK_VOXELS;
    range.clone().flat_map(move |z| {
        let range = range.clone();
        range
            .clone()
            .flat_map(move |y| range.clone().map(move |x| [x, y, z]))
    })
}

/// Centre of a voxel of a chunk in the site frame.
pub fn voxel_centre_m(key: ChunkKey, voxel: [i32; 3]) -> DVec3 {
    let [x, y, z] = voxel.map(|i| (f64::from(i) + 0.5) * VOXEL_M);
    key.min_corner_m() + DVec3::new(x, y, z)
}

/// Value of the field at a place, and its slope.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Feel {
    /// Negative below ground.
    pub value_m: f64,
    /// Outward, of about length one where the field is a distance.
    pub slope: DVec3,
}

/// The field of a chunk between the middles of eight voxels: what feet feel of the surface that
/// [`mesh_of`] draws.
#[derive(Clone, Copy, Debug)]
pub struct Cell {
    /// At the middles: x fastest, then y, then z.
    values_m: [f64; 8],
    /// Place among them, from 0 to 1.
    within: DVec3,
}

impl Cell {
    /// The cell around a place. A chunk is known half a voxel beyond its sides, too.
    pub fn around(key: ChunkKey, samples: &Samples, at_m: DVec3) -> Self {
        Self::at(samples, place_in_samples(key, at_m))
    }

    /// The cell around a [`place_in_samples`].
    #[inline]
    pub fn at(samples: &Samples, place: DVec3) -> Self {
        let inside = place
            .max(DVec3::ZERO)
            .min(DVec3::splat(f64::from(CHUNK_VOXELS)));
        // Of what is not negative; rounding down by `floor` is a call on older processors.
        let [x, y, z] = inside.to_array().map(|along| along as u32);
        let base = DVec3::new(f64::from(x), f64::from(y), f64::from(z));
        let first = (x + ROW * (y + ROW * z)) as usize;
        // One look at the bounds for all eight.
        let near = &samples[first..][..CELL_SPAN];
        Self {
            values_m: CORNERS.map(|corner| f64::from(near[corner])),
            within: place - base,
        }
    }

    /// Negative below ground.
    pub fn value_m(&self) -> f64 {
        let [c000, c100, c010, c110, c001, c101, c011, c111] = self.values_m;
        let t = self.within;
        let y0 = lerp(lerp(c000, c100, t.x), lerp(c010, c110, t.x), t.y);
        let y1 = lerp(lerp(c001, c101, t.x), lerp(c011, c111, t.x), t.y);
        lerp(y0, y1, t.z)
    }

    pub fn feel(&self) -> Feel {
        let [c000, c100, c010, c110, c001, c101, c011, c111] = self.values_m;
        let t = self.within;
        let (x00, x10) = (lerp(c000, c100, t.x), lerp(c010, c110, t.x));
        let (x01, x11) = (lerp(c001, c101, t.x), lerp(c011, c111, t.x));
        let (y0, y1) = (lerp(x00, x10, t.y), lerp(x01, x11, t.y));
        let along_x = lerp(
            lerp(c100 - c000, c110 - c010, t.y),
            lerp(c101 - c001, c111 - c011, t.y),
            t.z,
        );
        Feel {
            value_m: lerp(y0, y1, t.z),
            slope: DVec3::new(along_x, lerp(x10 - x00, x11 - x01, t.z), y1 - y0) / VOXEL_M,
        }
    }
}

/// Values of the field at places among the samples of a chunk, given by coordinate and in voxels from
/// the first, to some micrometres: quick where many places are to be told apart.
pub fn values_at<const PLACES: usize>(
    samples: &Samples,
    places: &[[f32; PLACES]; 3],
) -> [f32; PLACES] {
    // Loops over arrays are what compilers turn into wide instructions.
    let last = CHUNK_VOXELS as f32;
    let mut bases = [[0; PLACES]; 3];
    let mut within = [[0.0; PLACES]; 3];
    for axis in 0..3 {
        for place in 0..PLACES {
            let at = places[axis][place];
            let base = at.max(0.0).min(last) as i32;
            bases[axis][place] = base;
            within[axis][place] = at - base as f32;
        }
    }
    let mut corners_m = [[0.0; PLACES]; 8];
    for place in 0..PLACES {
        let [x, y, z] = [0, 1, 2].map(|axis: usize| bases[axis][place] as usize);
        let near = &samples[x + PADDED * (y + PADDED * z)..][..CELL_SPAN];
        for corner in 0..8 {
            corners_m[corner][place] = near[CORNERS[corner]];
        }
    }
    let mut values_m = [0.0; PLACES];
    for place in 0..PLACES {
        let lerp = |a: f32, b: f32, t: f32| a + (b - a) * t;
        let along_x = |first: usize| {
            lerp(
                corners_m[first][place],
                corners_m[first + 1][place],
                within[0][place],
            )
        };
        let along_y = |first: usize| lerp(along_x(first), along_x(first + 2), within[1][place]);
        values_m[place] = lerp(along_y(0), along_y(4), within[2][place]);
    }
    values_m
}

/// Where a place is among the samples of a chunk, in voxels from the first.
pub fn place_in_samples(key: ChunkKey, at_m: DVec3) -> DVec3 {
    // Padded by one voxel: the first sample is the middle of voxel −1.
    (at_m - key.min_corner_m()) / VOXEL_M + 0.5
}

const ROW: u32 = PADDED as u32;
/// Corners of a cell among the samples, from its first: x fastest, then y, then z.
const CORNERS: [usize; 8] = [
    0,
    1,
    PADDED,
    PADDED + 1,
    PADDED * PADDED,
    PADDED * PADDED + 1,
    PADDED * PADDED + PADDED,
    PADDED * PADDED + PADDED + 1,
];
const CELL_SPAN: usize = CORNERS[7] + 1;

fn lerp(a: f64, b: f64, t: f64) -> f64 {
    a + (b - a) * t
}

/// The surface within a chunk.
///
/// Cells of the net lie between the centres of voxels, so that a chunk needs one voxel more on
/// every side; both chunks at a border find the same vertices there, and only one makes the faces.
pub fn mesh_of(key: ChunkKey, samples: &Samples) -> ChunkMesh {
    let mut net = SurfaceNetsBuffer::default();
    let last = PADDED as u32 - 1;
    debug_assert_eq!(PaddedShape::USIZE, SAMPLES);
    surface_nets(samples, &PaddedShape {}, [0; 3], [last; 3], &mut net);
    if net.indices.is_empty() {
        return ChunkMesh {
            origin_m: key.min_corner_m(),
            ..ChunkMesh::default()
        };
    }
    let positions = net
        .positions
        .iter()
        .map(|p| p.map(|x| (x - 0.5) * VOXEL_M as f32))
        .collect();
    let normals = net
        .normals
        .iter()
        .map(|&[x, y, z]| {
            let normal = DVec3::new(f64::from(x), f64::from(y), f64::from(z));
            // A field may be flat where a hole meets a boulder: any direction is as good there.
            normal.normalize_or(DVec3::Z).as_vec3().to_array()
        })
        .collect();
    ChunkMesh {
        origin_m: key.min_corner_m(),
        positions,
        normals,
        indices: net.indices,
    }
}

/// Directions and faces of an icosahedron whose edges are cut into `subdivisions` parts, wound
/// outwards: 10 n² + 2 vertices, 20 n² faces.
pub fn sphere_mesh(subdivisions: usize) -> (Vec<DVec3>, Vec<[u32; 3]>) {
    let n = subdivisions.max(1);
    let mut directions = Vec::with_capacity(10 * n * n + 2);
    let mut faces = Vec::with_capacity(20 * n * n);
    // A vertex on an edge belongs to two faces: it is known by its corners and their weights.
    let mut known: HashMap<[(usize, usize); 3], u32> = HashMap::new();
    let (corners, triangles) = &*ICOSAHEDRON;
    for &triangle in triangles {
        let mut vertex = |i: usize, j: usize| {
            let weights = [n - i - j, i, j];
            let mut name = std::array::from_fn(|k| (triangle[k], weights[k]));
            for (corner, weight) in &mut name {
                if *weight == 0 {
                    *corner = usize::MAX;
                }
            }
            name.sort_unstable();
            *known.entry(name).or_insert_with(|| {
                // In the order of the name, so that the sum has the same bits for both faces.
                let at: DVec3 = name
                    .iter()
                    .filter(|(_, weight)| *weight != 0)
                    .map(|&(corner, weight)| corners[corner] * weight as f64)
                    .sum();
                directions.push(at.normalize());
                directions.len() as u32 - 1
            })
        };
        for i in 0..n {
            for j in 0..n - i {
                faces.push([vertex(i, j), vertex(i + 1, j), vertex(i, j + 1)]);
                if i + j + 1 < n {
                    faces.push([vertex(i + 1, j), vertex(i + 1, j + 1), vertex(i, j + 1)]);
                }
            }
        }
    }
    (directions, faces)
}

/// Corners and faces, wound outwards.
static ICOSAHEDRON: LazyLock<(Vec<DVec3>, Vec<[usize; 3]>)> = LazyLock::new(|| {
    let golden = 0.5 * (1.0 + 5f64.sqrt());
    let mut corners = Vec::with_capacity(12);
    for short in [-1.0, 1.0] {
        for long in [-golden, golden] {
            corners.push(DVec3::new(short, long, 0.0).normalize());
            corners.push(DVec3::new(0.0, short, long).normalize());
            corners.push(DVec3::new(long, 0.0, short).normalize());
        }
    }
    let edge = 2.0 / (golden * golden + 1.0).sqrt();
    let near = |a: usize, b: usize| (corners[a].distance(corners[b]) - edge).abs() < 1e-9;
    let mut triangles = Vec::with_capacity(20);
    for a in 0..12 {
        for b in a + 1..12 {
            for c in b + 1..12 {
                if near(a, b) && near(b, c) && near(c, a) {
                    let outward = corners[a].dot(corners[b].cross(corners[c]));
                    triangles.push(if 0.0 < outward { [a, b, c] } else { [a, c, b] });
                }
            }
        }
    }
    (corners, triangles)
});

/// The values of a function at many places. Work is spread over threads; the result does not depend
/// on how many.
pub fn in_parallel<T: Copy + Sync, R: Copy + Default + Send>(
    places: &[T],
    value: impl Fn(T) -> R + Sync,
) -> Vec<R> {
    let mut values = vec![R::default(); places.len()];
    let threads = std::thread::available_parallelism().map_or(1, NonZero::get);
    let share = places.len().div_ceil(threads).max(1);
    std::thread::scope(|scope| {
        for (places, values) in places.chunks(share).zip(values.chunks_mut(share)) {
            let value = &value;
            scope.spawn(move || {
                for (place, out) in places.iter().zip(values) {
                    *out = value(*place);
                }
            });
        }
    });
    values
}

/// A mesh for drawing, its vertices given from `origin_m`.
pub fn shaded(origin_m: DVec3, mesh: &TriangleMesh) -> ChunkMesh {
    let points = &mesh.vertices_m;
    let mut normals = vec![DVec3::ZERO; points.len()];
    for face in &mesh.faces {
        let [a, b, c] = face.map(|v| points[v as usize]);
        let area = (b - a).cross(c - a);
        for &vertex in face {
            normals[vertex as usize] += area;
        }
    }
    ChunkMesh {
        origin_m,
        positions: points.iter().map(|p| p.as_vec3().to_array()).collect(),
        normals: normals
            .iter()
            .map(|n| n.normalize_or(DVec3::Z).as_vec3().to_array())
            .collect(),
        indices: mesh.faces.iter().copied().flatten().collect(),
    }
}

/// A closed mesh with the edges longer than `longest_m` halved, time and again, until there are
/// about `faces_max` faces. Both faces at an edge see it halved, so the mesh stays closed.
pub fn refined(mesh: &TriangleMesh, longest_m: f64, faces_max: usize) -> TriangleMesh {
    let mut vertices_m = mesh.vertices_m.clone();
    let mut faces = mesh.faces.clone();
    while faces.len() < faces_max {
        let mut middles: HashMap<(u32, u32), u32> = HashMap::new();
        let mut finer = Vec::with_capacity(faces.len());
        for &[a, b, c] in &faces {
            let mut middle = |from: u32, to: u32| {
                let (p, q) = (vertices_m[from as usize], vertices_m[to as usize]);
                if p.distance(q) <= longest_m {
                    return None;
                }
                Some(
                    *middles
                        .entry((from.min(to), from.max(to)))
                        .or_insert_with(|| {
                            vertices_m.push(0.5 * (p + q));
                            vertices_m.len() as u32 - 1
                        }),
                )
            };
            match [middle(a, b), middle(b, c), middle(c, a)] {
                [None, None, None] => finer.push([a, b, c]),
                [Some(p), None, None] => finer.extend([[a, p, c], [p, b, c]]),
                [None, Some(p), None] => finer.extend([[b, p, a], [p, c, a]]),
                [None, None, Some(p)] => finer.extend([[c, p, b], [p, a, b]]),
                [Some(p), Some(q), None] => finer.extend([[p, b, q], [a, p, q], [a, q, c]]),
                [None, Some(p), Some(q)] => finer.extend([[p, c, q], [b, p, q], [b, q, a]]),
                [Some(q), None, Some(p)] => finer.extend([[p, a, q], [c, p, q], [c, q, b]]),
                [Some(p), Some(q), Some(r)] => {
                    finer.extend([[a, p, r], [p, b, q], [r, q, c], [p, q, r]]);
                }
            }
        }
        if finer.len() == faces.len() {
            break;
        }
        faces = finer;
    }
    TriangleMesh { vertices_m, faces }
}
