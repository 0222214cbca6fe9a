//! The ground as a camera sees it: the chunks that robots stand on near by, and rings of triangles
//! that grow with their distance beyond.

use std::collections::BTreeMap;
use std::f64::consts::{PI, TAU};
use std::sync::{Arc, Mutex, PoisonError};

use bevy::math::{DQuat, DVec3, Vec3};

use crate::sim::asteroid::surface::ChunkMesh;
use crate::sim::asteroid::{BodyModel, ChunkKey, Terrain, VOXEL_M};

/// Chunks whose middles are within so many chunks of the camera's are drawn as they are.
const NEAR_CHUNKS: f32 = 2.9;
/// Spokes of the rings, the radius of the innermost [m], and how much each is wider than the last.
const SPOKES: usize = 80;
const INNERMOST_M: f64 = 2.0;
const WIDER: f64 = 1.15;
/// Farther than this along the ground nothing is drawn [m].
const FARTHEST_M: f64 = 20_000.0;
/// Rings that are kept, at most; all are forgotten beyond.
const RINGS_KEPT: usize = 512;

/// Ground seen from a chunk.
#[derive(Clone, Default)]
pub struct View {
    /// Of which chunk, and of which state of the ground.
    made_for: Option<(ChunkKey, u64)>,
    pub pieces: Vec<Piece>,
}

/// A part of the ground.
#[derive(Clone)]
pub struct Piece {
    pub mesh: Arc<ChunkMesh>,
    /// By vertex: dug into or heaped up. None where the ground is as it was.
    pub touched: Option<Arc<[bool]>>,
    /// A ball around it, relative to the origin of the mesh.
    pub middle_m: Vec3,
    pub radius_m: f32,
}

/// Rings by the chunk in their middle: pristine ground, and so the same for all worlds of a body.
#[derive(Default)]
pub struct Rings(Mutex<Known>);

#[derive(Default)]
struct Known {
    /// Of which body.
    model: Option<Arc<BodyModel>>,
    rings: BTreeMap<ChunkKey, Arc<ChunkMesh>>,
}

impl View {
    /// Brings the view up to date for a camera.
    pub fn look(&mut self, terrain: &Terrain, rings: &Rings, camera_m: DVec3) {
        let middle = ChunkKey::containing(camera_m);
        let made_for = Some((middle, terrain.shown_revision()));
        if self.made_for == made_for {
            return;
        }
        self.made_for = made_for;
        self.pieces.clear();
        let reach = NEAR_CHUNKS.ceil() as i32;
        for x in -reach..=reach {
            for y in -reach..=reach {
                for z in -reach..=reach {
                    if is_near([x, y, z]) {
                        self.add_chunk(terrain, middle.offset([x, y, z]));
                    }
                }
            }
        }
        let far = rings.around(terrain.model(), middle);
        self.pieces.push(Piece::of(far, None));
    }

    fn add_chunk(&mut self, terrain: &Terrain, key: ChunkKey) {
        let is_pristine = terrain.chunk_revision(key) == 0;
        if is_pristine && !terrain.model().chunk_may_hold_surface(key) {
            return;
        }
        let mesh = terrain.chunk_mesh(key);
        if mesh.indices.is_empty() {
            return;
        }
        let touched = (!is_pristine).then(|| {
            let places = mesh.positions.iter();
            let touched = places.map(|place| {
                let at_m = mesh.origin_m + Vec3::from_array(*place).as_dvec3();
                terrain.undug_share(at_m) < 0.999 || 0 < terrain.spoil_at(at_m)
            });
            touched.collect()
        });
        self.pieces.push(Piece::of(mesh, touched));
    }
}

impl Piece {
    fn of(mesh: Arc<ChunkMesh>, touched: Option<Arc<[bool]>>) -> Self {
        let places = || mesh.positions.iter().map(|place| Vec3::from_array(*place));
        let low = places().fold(Vec3::INFINITY, Vec3::min);
        let high = places().fold(Vec3::NEG_INFINITY, Vec3::max);
        let middle_m = if mesh.positions.is_empty() {
            Vec3::ZERO
        } else {
            0.5 * (low + high)
        };
        let radius_m = places().fold(0.0, |radius: f32, place| {
            radius.max(place.distance(middle_m))
        });
        Self {
            mesh,
            touched,
            middle_m,
            radius_m,
        }
    }
}

fn is_near([x, y, z]: [i32; 3]) -> bool {
    let squared = x * x + y * y + z * z;
    squared as f32 <= NEAR_CHUNKS * NEAR_CHUNKS
}

impl Rings {
    fn around(&self, model: &Arc<BodyModel>, middle: ChunkKey) -> Arc<ChunkMesh> {
        let lock = || self.0.lock().unwrap_or_else(PoisonError::into_inner);
        {
            let mut known = lock();
            if !known
                .model
                .as_ref()
                .is_some_and(|of| Arc::ptr_eq(of, model))
            {
                *known = Known::default();
                known.model = Some(Arc::clone(model));
            } else if let Some(mesh) = known.rings.get(&middle) {
                return Arc::clone(mesh);
            }
        }
        // Not under the lock: other worlds look meanwhile, and two may make the same.
        let mesh = Arc::new(rings(model, middle));
        let mut known = lock();
        if known
            .model
            .as_ref()
            .is_some_and(|of| Arc::ptr_eq(of, model))
        {
            if RINGS_KEPT <= known.rings.len() {
                known.rings.clear();
            }
            known.rings.insert(middle, Arc::clone(&mesh));
        }
        mesh
    }
}

/// The pristine surface in rings around the place under the middle of a chunk, without what lies in
/// chunks that are near.
fn rings(model: &BodyModel, middle: ChunkKey) -> ChunkMesh {
    let chunk_m = VOXEL_M * f64::from(crate::sim::asteroid::CHUNK_VOXELS);
    let origin_m = middle.min_corner_m() + DVec3::splat(0.5 * chunk_m);
    let outward = model.outward(origin_m);
    let aside = outward.any_orthonormal_vector();
    let under_m = model.surface_towards(outward);
    let radius_m = model.from_centre(under_m).length();
    let farthest_rad = (FARTHEST_M / radius_m).min(PI);
    let mut angles_rad = Vec::new();
    let mut at_m = INNERMOST_M;
    while at_m / radius_m < farthest_rad {
        angles_rad.push(at_m / radius_m);
        at_m *= WIDER;
    }
    angles_rad.push(farthest_rad);

    let mut mesh = ChunkMesh {
        origin_m,
        ..ChunkMesh::default()
    };
    let mut near = Vec::new();
    let mut put = |place_m: DVec3| {
        let key = ChunkKey::containing(place_m);
        near.push(is_near([
            key.x - middle.x,
            key.y - middle.y,
            key.z - middle.z,
        ]));
        mesh.positions
            .push((place_m - origin_m).as_vec3().to_array());
    };
    put(under_m);
    for angle_rad in &angles_rad {
        for spoke in 0..SPOKES {
            let turn = DQuat::from_axis_angle(outward, TAU * spoke as f64 / SPOKES as f64);
            let tilt = DQuat::from_axis_angle(turn * aside, *angle_rad);
            put(model.surface_towards((tilt * outward).normalize()));
        }
    }
    let vertex = |ring: usize, spoke: usize| 1 + ring * SPOKES + spoke % SPOKES;
    let mut triangle = |corners: [usize; 3]| {
        if !corners.iter().all(|&corner| near[corner]) {
            mesh.indices.extend(corners.map(|corner| corner as u32));
        }
    };
    for spoke in 0..SPOKES {
        triangle([0, vertex(0, spoke), vertex(0, spoke + 1)]);
        for ring in 1..angles_rad.len() {
            let (a, b) = (vertex(ring - 1, spoke), vertex(ring - 1, spoke + 1));
            let (c, d) = (vertex(ring, spoke), vertex(ring, spoke + 1));
            triangle([a, c, d]);
            triangle([a, d, b]);
        }
    }
    mesh.normals = normals(&mesh);
    mesh
}

/// The mean of the normals of the triangles at each vertex.
fn normals(mesh: &ChunkMesh) -> Vec<[f32; 3]> {
    let place = |index: u32| Vec3::from_array(mesh.positions[index as usize]);
    let mut sums = vec![Vec3::ZERO; mesh.positions.len()];
    for corners in mesh.indices.chunks_exact(3) {
        let [a, b, c] = [corners[0], corners[1], corners[2]];
        let normal = (place(b) - place(a)).cross(place(c) - place(a));
        for corner in [a, b, c] {
            sums[corner as usize] += normal.normalize_or_zero();
        }
    }
    let of_length_one = |sum: &Vec3| sum.normalize_or(Vec3::Y).to_array();
    sums.iter().map(of_length_one).collect()
}
