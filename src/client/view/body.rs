//! The ground, meshed where someone looks: a tree of chunks, finer near the camera.
//!
//! A node of level 0 is a chunk of the terrain itself (1 m voxels), the same mesh that robots
//! stand on. A node of level k covers twice the span of its children with voxels of 2ᵏ m, sampled
//! from the same field. A node gives way to its eight children when all of those are meshed, so
//! the ground never has a hole; seams between levels are closed by skirts under the edges.
//! Meshing runs on the pool for background work, on a snapshot of the terrain.

#![allow(
    clippy::iter_over_hash_type,
    reason = "nodes are marked, drawn and dropped in any order to the same picture"
)]

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Instant;

use bevy::asset::RenderAssetUsages;
use bevy::diagnostic::Diagnostics;
use bevy::math::DVec3;
use bevy::mesh::{Indices, PrimitiveTopology};
use bevy::prelude::*;
use bevy::tasks::{AsyncComputeTaskPool, Task, block_on, poll_once};
use fast_surface_nets::ndshape::{ConstShape, ConstShape3u32};
use fast_surface_nets::{SurfaceNetsBuffer, surface_nets};

use crate::sim::asteroid::{ChunkKey, Terrain};

use super::super::{AppState, CHUNK_MESH_MS, Game};
use super::camera::CameraRig;
use super::ground::Ground;
use super::{Frame, OfSite, ViewSystems, stones};

pub(super) fn plugin(app: &mut App) {
    app.add_systems(
        OnEnter(AppState::Site),
        start_surface.after(super::enter_site),
    )
    .add_systems(
        Update,
        (collect_meshes, refine_surface)
            .chain()
            .in_set(ViewSystems::Follow)
            .after(super::camera::place_camera),
    );
}

/// Voxels along the edge of a node.
const CELLS: u32 = 16;
/// The coarsest level of a small body: voxels of 16 m. Larger ones have coarser nodes far off.
const TOP_LEVEL: u8 = 4;
/// The coarsest level of any: voxels of 16 km.
const TOP_LEVEL_MAX: u8 = 14;
/// A node of level k is refined nearer than this many of its own edge lengths; of the last for all
/// levels above.
const REFINE_WITHIN: [f64; 6] = [0.0, 2.0, 2.6, 9.0, 40.0, 6.0];
/// Roots of the tree along the diameter of a body, at most: more would be walked in vain.
const ROOTS_ACROSS: f64 = 16.0;
/// Meshes handed to the renderer in one frame, so that no frame stalls.
const UPLOADS_PER_FRAME: usize = 24;
/// Nodes meshed at the same time.
const JOBS_AT_ONCE: usize = 6;
/// Nodes kept although they are not drawn.
const NODES_KEPT: usize = 6_000;

/// A cube of the octree: level, and place in units of its own span.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct NodeKey {
    level: u8,
    at: IVec3,
}

impl NodeKey {
    fn span_m(self) -> f64 {
        f64::from(CELLS << self.level)
    }

    fn min_corner_m(self) -> DVec3 {
        self.at.as_dvec3() * self.span_m()
    }

    fn centre_m(self) -> DVec3 {
        self.min_corner_m() + DVec3::splat(0.5 * self.span_m())
    }

    /// From a point to the nearest point of the cube.
    fn distance_m(self, from_m: DVec3) -> f64 {
        let half = 0.5 * self.span_m();
        ((from_m - self.centre_m()).abs() - half)
            .max(DVec3::ZERO)
            .length()
    }

    fn children(self) -> impl Iterator<Item = Self> {
        (0..8).map(move |i| Self {
            level: self.level - 1,
            at: self.at * 2 + IVec3::new(i & 1, (i >> 1) & 1, i >> 2),
        })
    }

    fn contains(self, chunk: ChunkKey) -> bool {
        let at = IVec3::new(chunk.x, chunk.y, chunk.z);
        at >> i32::from(self.level) == self.at
    }

    fn chunk(self) -> ChunkKey {
        ChunkKey {
            x: self.at.x,
            y: self.at.y,
            z: self.at.z,
        }
    }
}

/// What is known of a node.
#[derive(Default)]
struct Node {
    /// Drawn by this entity; `None` while nothing is meshed, or if the cube holds no surface.
    entity: Option<Entity>,
    meshed: bool,
    task: Option<Task<Built>>,
    /// Chunk revision the mesh was made from (level 0).
    revision: u32,
    stale: bool,
    wanted_in_frame: u64,
}

/// A finished mesh job.
struct Built {
    mesh: Option<Mesh>,
    stones: Option<Mesh>,
    origin_m: DVec3,
    cost_ms: f64,
}

/// The octree over the body.
#[derive(Resource)]
pub struct Surface {
    nodes: HashMap<NodeKey, Node>,
    roots: Vec<NodeKey>,
    snapshot: Arc<Terrain>,
    /// Chunks seen to be dug, with the revision last drawn.
    revisions: HashMap<ChunkKey, u32>,
    frame: u64,
    running: usize,
    /// Nodes that the last pass wanted and did not have.
    missing: usize,
    /// Meshes that were ever finished.
    finished: u64,
    shown: HashSet<NodeKey>,
}

impl Surface {
    /// Whether everything wanted from here is drawn.
    pub fn is_complete(&self) -> bool {
        0 < self.frame && self.missing == 0 && self.running == 0
    }

    /// How many meshes have been finished since the site was entered: grows as long as there is
    /// something left to mesh.
    pub fn finished(&self) -> u64 {
        self.finished
    }
}

fn start_surface(mut commands: Commands, game: Res<Game>) {
    let terrain = game.headless().terrain();
    let model = terrain.model();
    let radius_m = model.bounding_radius_m();
    let span_m = |level: u8| f64::from(CELLS << level);
    let level = (TOP_LEVEL..TOP_LEVEL_MAX)
        .find(|&level| 2.0 * radius_m <= ROOTS_ACROSS * span_m(level))
        .unwrap_or(TOP_LEVEL_MAX);
    let low = ((model.centre_m() - radius_m) / span_m(level))
        .floor()
        .as_ivec3();
    let high = ((model.centre_m() + radius_m) / span_m(level))
        .floor()
        .as_ivec3();
    let mut roots = Vec::new();
    for x in low.x..=high.x {
        for y in low.y..=high.y {
            for z in low.z..=high.z {
                let key = NodeKey {
                    level,
                    at: IVec3::new(x, y, z),
                };
                roots.push(key);
            }
        }
    }
    commands.insert_resource(Surface {
        nodes: HashMap::new(),
        roots,
        snapshot: Arc::new(terrain.clone()),
        revisions: HashMap::new(),
        frame: 0,
        running: 0,
        missing: 0,
        finished: 0,
        shown: HashSet::new(),
    });
}

/// Takes finished meshes from the pool.
fn collect_meshes(
    mut commands: Commands,
    mut surface: ResMut<Surface>,
    mut meshes: ResMut<Assets<Mesh>>,
    ground: Res<Ground>,
    frame: Res<Frame>,
    mut diagnostics: Diagnostics,
) {
    let surface = &mut *surface;
    let mut uploads = 0;
    for (key, node) in &mut surface.nodes {
        if UPLOADS_PER_FRAME <= uploads {
            break;
        }
        let Some(task) = &mut node.task else {
            continue;
        };
        let Some(built) = block_on(poll_once(task)) else {
            continue;
        };
        node.task = None;
        node.meshed = true;
        surface.running -= 1;
        surface.finished += 1;
        uploads += 1;
        if key.level == 0 {
            diagnostics.add_measurement(&CHUNK_MESH_MS, || built.cost_ms);
        }
        if let Some(old) = node.entity.take() {
            commands.entity(old).despawn();
        }
        let Some(mesh) = built.mesh else {
            continue;
        };
        let entity = commands
            .spawn((
                OfSite,
                Mesh3d(meshes.add(mesh)),
                MeshMaterial3d(ground.0.clone()),
                Transform::from_translation((built.origin_m - frame.origin_m).as_vec3()),
                if surface.shown.contains(key) {
                    Visibility::Inherited
                } else {
                    Visibility::Hidden
                },
            ))
            .id();
        if let Some(stones) = built.stones {
            commands
                .entity(entity)
                .with_child((Mesh3d(meshes.add(stones)), MeshMaterial3d(ground.0.clone())));
        }
        node.entity = Some(entity);
    }
}

/// Chooses what to draw from where the camera is, and orders what is missing.
fn refine_surface(
    mut commands: Commands,
    mut surface: ResMut<Surface>,
    game: Res<Game>,
    rig: Res<CameraRig>,
    frame: Res<Frame>,
) {
    let surface = &mut *surface;
    surface.frame += 1;
    let terrain = game.headless().terrain();
    note_changes(surface, terrain);

    let eye_m = frame.to_body_m(rig.eye());
    let mut pass = Pass {
        eye_m,
        frame: surface.frame,
        show: HashSet::new(),
        wishes: Vec::new(),
    };
    for root in surface.roots.clone() {
        pass.visit(surface, root);
    }

    // What is near first, since a machine stands there; a parent always comes before its children.
    let mut wishes = pass.wishes;
    wishes.sort_by(|(a, near_a), (b, near_b)| near_a.total_cmp(near_b).then(b.level.cmp(&a.level)));
    surface.missing = wishes.len();
    let pool = AsyncComputeTaskPool::get();
    for (key, _) in wishes {
        let node = surface.nodes.entry(key).or_default();
        if node.task.is_some() {
            continue;
        }
        if JOBS_AT_ONCE <= surface.running {
            break;
        }
        let snapshot = surface.snapshot.clone();
        node.revision = if key.level == 0 {
            snapshot.chunk_revision(key.chunk())
        } else {
            0
        };
        let dug = if key.level == 0 {
            0 < node.revision
        } else {
            snapshot.edited_chunks().any(|chunk| key.contains(chunk))
        };
        node.stale = false;
        node.task = Some(pool.spawn(async move { build(&snapshot, key, dug) }));
        surface.running += 1;
    }

    for key in surface.shown.difference(&pass.show) {
        if let Some(entity) = surface.nodes.get(key).and_then(|node| node.entity) {
            commands.entity(entity).insert(Visibility::Hidden);
        }
    }
    for key in pass.show.difference(&surface.shown) {
        if let Some(entity) = surface.nodes.get(key).and_then(|node| node.entity) {
            commands.entity(entity).insert(Visibility::Inherited);
        }
    }
    surface.shown = pass.show;
    forget(surface, &mut commands);
}

/// Marks what was dug since the last frame for a new mesh.
fn note_changes(surface: &mut Surface, terrain: &Terrain) {
    let mut changed = Vec::new();
    for (key, node) in &surface.nodes {
        if key.level == 0 && (node.meshed || node.task.is_some()) {
            let revision = terrain.chunk_revision(key.chunk());
            if revision != node.revision && surface.revisions.get(&key.chunk()) != Some(&revision) {
                changed.push((key.chunk(), revision));
            }
        }
    }
    if changed.is_empty() {
        return;
    }
    surface.snapshot = Arc::new(terrain.clone());
    for (chunk, revision) in changed {
        surface.revisions.insert(chunk, revision);
        for (key, node) in &mut surface.nodes {
            if key.contains(chunk) && (node.meshed || node.task.is_some()) {
                node.stale = true;
            }
        }
    }
}

/// Drops nodes that were not wanted for long.
fn forget(surface: &mut Surface, commands: &mut Commands) {
    if surface.nodes.len() < NODES_KEPT {
        return;
    }
    let horizon = surface.frame.saturating_sub(600);
    let shown = &surface.shown;
    surface.nodes.retain(|key, node| {
        let keep = horizon < node.wanted_in_frame || node.task.is_some() || shown.contains(key);
        if !keep && let Some(entity) = node.entity {
            commands.entity(entity).despawn();
        }
        keep
    });
}

/// One walk over the tree.
struct Pass {
    eye_m: DVec3,
    frame: u64,
    show: HashSet<NodeKey>,
    /// What to mesh, with its distance.
    wishes: Vec<(NodeKey, f64)>,
}

impl Pass {
    fn visit(&mut self, surface: &mut Surface, key: NodeKey) {
        let distance_m = key.distance_m(self.eye_m);
        let node = surface.nodes.entry(key).or_default();
        node.wanted_in_frame = self.frame;
        if !node.meshed || node.stale {
            self.wishes.push((key, distance_m));
        }
        if node.meshed && node.entity.is_none() {
            // No surface in this cube. A coarse field can miss a thin one, but not by a voxel.
            return;
        }
        let refine =
            0 < key.level && node.meshed && distance_m < refine_within(key.level) * key.span_m();
        if refine {
            let ready = key.children().fold(true, |ready, child| {
                let node = surface.nodes.entry(child).or_default();
                node.wanted_in_frame = self.frame;
                if !node.meshed {
                    self.wishes.push((child, child.distance_m(self.eye_m)));
                }
                ready && node.meshed
            });
            if ready {
                for child in key.children() {
                    self.visit(surface, child);
                }
                return;
            }
        }
        if node_is_meshed(surface, key) {
            self.show.insert(key);
        }
    }
}

fn refine_within(level: u8) -> f64 {
    REFINE_WITHIN[usize::from(level).min(REFINE_WITHIN.len() - 1)]
}

fn node_is_meshed(surface: &Surface, key: NodeKey) -> bool {
    surface.nodes.get(&key).is_some_and(|node| node.meshed)
}

/// Meshes one node.
///
/// `dug` says that ground was taken from it, so that what was laid open must be told apart.
fn build(terrain: &Terrain, key: NodeKey, dug: bool) -> Built {
    let began = Instant::now();
    let (origin_m, positions, normals, indices) = if key.level == 0 {
        let chunk = terrain.chunk_mesh(key.chunk());
        (
            chunk.origin_m,
            chunk.positions.clone(),
            chunk.normals.clone(),
            chunk.indices.clone(),
        )
    } else {
        coarse_surface(terrain, key, dug)
    };
    let mut built = Built {
        mesh: None,
        stones: None,
        origin_m,
        cost_ms: 0.0,
    };
    if !indices.is_empty() {
        let mut shape = Shape {
            positions,
            normals,
            dug: Vec::new(),
            indices,
        };
        shape.dug = shape
            .positions
            .iter()
            .map(|&p| {
                if !dug {
                    return 0.0;
                }
                let at_m = origin_m + Vec3::from(p).as_dvec3();
                let depth_m = -terrain.model().signed_distance_m(at_m);
                ((depth_m - 0.1) / 0.4).clamp(0.0, 1.0) as f32
            })
            .collect();
        if key.level == 0 {
            built.stones = stones::scatter(terrain, key.chunk(), &shape);
        }
        shape.add_skirt(0.7 * (1 << key.level) as f32);
        built.mesh = Some(shape.into_mesh());
    }
    built.cost_ms = began.elapsed().as_secs_f64() * 1e3;
    built
}

/// A triangle mesh in the making.
pub(super) struct Shape {
    pub positions: Vec<[f32; 3]>,
    pub normals: Vec<[f32; 3]>,
    /// 0 for old ground, 1 for ground laid open.
    pub dug: Vec<f32>,
    pub indices: Vec<u32>,
}

impl Shape {
    /// Hangs a strip of `depth_m` under every open edge.
    fn add_skirt(&mut self, depth_m: f32) {
        let mut edges: HashMap<(u32, u32), (u32, u32, i32)> = HashMap::new();
        for triangle in self.indices.chunks_exact(3) {
            for side in 0..3 {
                let (a, b) = (triangle[side], triangle[(side + 1) % 3]);
                let entry = edges.entry((a.min(b), a.max(b))).or_insert((a, b, 0));
                entry.2 += 1;
            }
        }
        // Sorted, so that the same ground is the same mesh.
        let mut open: Vec<(u32, u32)> = edges
            .into_values()
            .filter(|&(_, _, count)| count == 1)
            .map(|(a, b, _)| (a, b))
            .collect();
        open.sort_unstable();
        let mut lowered: HashMap<u32, u32> = HashMap::new();
        for (a, b) in open {
            let [low_a, low_b] = [a, b].map(|top| {
                *lowered.entry(top).or_insert_with(|| {
                    let normal = Vec3::from(self.normals[top as usize]);
                    let below = Vec3::from(self.positions[top as usize]) - normal * depth_m;
                    self.positions.push(below.to_array());
                    self.normals.push(normal.to_array());
                    self.dug.push(self.dug[top as usize]);
                    self.positions.len() as u32 - 1
                })
            });
            self.indices.extend([b, a, low_a, b, low_a, low_b]);
        }
    }

    pub(super) fn into_mesh(self) -> Mesh {
        let uvs: Vec<[f32; 2]> = self.dug.iter().map(|&dug| [dug, 0.0]).collect();
        Mesh::new(
            PrimitiveTopology::TriangleList,
            RenderAssetUsages::RENDER_WORLD,
        )
        .with_inserted_attribute(Mesh::ATTRIBUTE_POSITION, self.positions)
        .with_inserted_attribute(Mesh::ATTRIBUTE_NORMAL, self.normals)
        .with_inserted_attribute(Mesh::ATTRIBUTE_UV_0, uvs)
        .with_inserted_indices(Indices::U32(self.indices))
    }
}

type Grid = ConstShape3u32<18, 18, 18>;
type Parts = (DVec3, Vec<[f32; 3]>, Vec<[f32; 3]>, Vec<u32>);

/// The surface within a node, from the field sampled at the node's own spacing.
///
/// Where nothing was dug, what is smaller than a voxel is left out, which is what makes it quick
/// and free of steps; the vertices are laid on the surface and lit by its slope.
fn coarse_surface(terrain: &Terrain, key: NodeKey, dug: bool) -> Parts {
    let origin_m = key.min_corner_m();
    let voxel_m = f64::from(1u32 << key.level);
    if dug {
        return net_of(origin_m, voxel_m, |p| terrain.signed_distance_m(p));
    }
    // Cells and vertices reach one voxel beyond the cube.
    let half_m = 0.5 * key.span_m() + 2.0 * voxel_m;
    let afar = terrain
        .model()
        .seen_from_afar(key.centre_m(), half_m * 3f64.sqrt(), voxel_m);
    net_of(origin_m, voxel_m, |p| afar.signed_distance_m(p))
}

/// The surface of a field within a cube of [`CELLS`] voxels.
fn net_of(origin_m: DVec3, voxel_m: f64, field: impl Fn(DVec3) -> f64) -> Parts {
    let at = |cell: UVec3| field(origin_m + cell.as_dvec3() * voxel_m);
    // Most of a cube is far from the surface. Blocks of cells that one sample shows to be so are
    // filled with that sample; the field is no steeper than about 1.2.
    const BLOCK: u32 = 3;
    let reach_m = 1.35 * voxel_m * f64::from(BLOCK) * 0.5 * 3f64.sqrt() + 1.5 * voxel_m;
    let whole_m = at(UVec3::splat(9));
    if 1.35 * 9.5 * voxel_m * 3f64.sqrt() < whole_m.abs() {
        return (origin_m, Vec::new(), Vec::new(), Vec::new());
    }
    let mut samples = vec![0.0f32; Grid::SIZE as usize];
    for block in 0..6u32.pow(3) {
        let base = UVec3::new(block % 6, block / 6 % 6, block / 36) * BLOCK;
        let middle_m = at(base + 1);
        let far = reach_m < middle_m.abs();
        for cell in 0..BLOCK.pow(3) {
            let cell = base + UVec3::new(cell % 3, cell / 3 % 3, cell / 9);
            let value = if far { middle_m } else { at(cell) };
            samples[Grid::linearize(cell.to_array()) as usize] = value as f32;
        }
    }
    let mut nets = SurfaceNetsBuffer::default();
    surface_nets(&samples, &Grid {}, [0; 3], [17; 3], &mut nets);
    let mut positions = Vec::with_capacity(nets.positions.len());
    let mut normals = Vec::with_capacity(nets.normals.len());
    for (&position, &normal) in nets.positions.iter().zip(&nets.normals) {
        let mut place_m = Vec3::from(position).as_dvec3() * voxel_m;
        let mut normal = Vec3::from(normal).as_dvec3().normalize_or(DVec3::Z);
        // Along the slope onto the surface, but not out of its cell.
        let down_m = field(origin_m + place_m).clamp(-0.5 * voxel_m, 0.5 * voxel_m);
        place_m -= normal * down_m;
        // The slope over half a voxel, from the corners of a tetrahedron.
        let mut slope = DVec3::ZERO;
        for arm in [
            DVec3::new(1.0, 1.0, 1.0),
            DVec3::new(1.0, -1.0, -1.0),
            DVec3::new(-1.0, 1.0, -1.0),
            DVec3::new(-1.0, -1.0, 1.0),
        ] {
            slope += arm * field(origin_m + place_m + arm * (0.3 * voxel_m));
        }
        normal = slope.try_normalize().unwrap_or(normal);
        positions.push(place_m.as_vec3().to_array());
        normals.push(normal.as_vec3().to_array());
    }
    (origin_m, positions, normals, nets.indices)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sim::asteroid::BodyModel;

    #[test]
    fn a_coarse_field_is_finite_everywhere_even_at_the_centre() {
        let bennu = BodyModel::shared("bennu", 7).expect("Bennu is in the catalogue");
        let afar = bennu.seen_from_afar(DVec3::ZERO, 600.0, 16.0);
        for at_m in [DVec3::ZERO, DVec3::Z * 240.0, DVec3::X * 400.0] {
            assert!(afar.signed_distance_m(at_m).is_finite(), "{at_m}");
        }
        assert!(afar.signed_distance_m(DVec3::ZERO) < 0.0);
    }

    #[test]
    fn a_coarse_mesh_of_a_large_body_lies_on_its_surface_without_steps() {
        let eros = BodyModel::shared("eros", 0).expect("Eros is in the catalogue");
        let terrain = Terrain::new(eros);
        let level = 7;
        let surface_m = terrain.surface_below(
            terrain.model().centre_m()
                + DVec3::new(0.3, 1.0, 0.4) * terrain.model().bounding_radius_m(),
        );
        let key = NodeKey {
            level,
            at: (surface_m / f64::from(CELLS << level)).floor().as_ivec3(),
        };
        let (origin_m, positions, normals, indices) = coarse_surface(&terrain, key, false);
        assert!(20 < positions.len() && !indices.is_empty());
        let voxel_m = f64::from(1u32 << level);
        let off_m: f64 = positions
            .iter()
            .map(|&p| {
                let at_m = origin_m + Vec3::from(p).as_dvec3();
                at_m.distance(terrain.surface_below(at_m)) / voxel_m
            })
            .sum::<f64>()
            / positions.len() as f64;
        // What is smaller than a voxel is left out, so no vertex is exact.
        assert!(off_m < 0.12, "{off_m} voxels off on the average");
        // Faces lean as their corners are lit: steps would show here.
        let mut lean = 0.0;
        for face in indices.chunks_exact(3) {
            let [a, b, c] = [0, 1, 2].map(|k| Vec3::from(positions[face[k] as usize]));
            let flat = (b - a).cross(c - a).normalize_or_zero();
            let lit: Vec3 = face.iter().map(|&v| Vec3::from(normals[v as usize])).sum();
            lean += flat.angle_between(lit.normalize()).to_degrees();
        }
        let mean_deg = lean / (indices.len() / 3) as f32;
        assert!(mean_deg < 10.0, "{mean_deg} degrees");
    }
}
