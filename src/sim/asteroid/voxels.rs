//! What has been dug from a body: one world's [`Terrain`].
//!
//! Only voxels that something was taken from are stored. A voxel starts with the mass of the
//! ground it is filled with and loses whole grams. Its field value goes from the pristine
//! distance to half a voxel of void in step with the share that is gone, so a hole grows smoothly
//! and ground that nobody touched keeps its exact surface.
//!
//! The surface lags a little: it follows once a chunk has lost another few kilograms, or a voxel
//! is empty. Mesh, collider and distance all show the same state, so that a robot stands on what
//! is drawn, and colliders need not be made every tick.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bevy::math::{DQuat, DVec3, IVec3};
use bevy::prelude::Resource;
use serde::{Deserialize, Serialize};
use thiserror::Error;
use xxhash_rust::xxh3::Xxh3;

use super::constituent::Constituent;
use super::feedstock::{Assay, Contents, Feedstock};
use super::gravity::{GravityCell, Mascon, mascons_by_cell_m_s2};
use super::spin::{Spin, Turning};
use super::surface::{ChunkMesh, Samples, mesh_of, sample_index, voxel_centre_m};
use super::{
    Anchor, BodyChoice, BodyError, BodyModel, CHUNK_VOXELS, ChunkKey, VOXEL_M, first_crossing,
    normal_of,
};

/// Mass that a chunk loses before its surface follows.
const SHOWN_STEP_G: i64 = 4_000;
/// Places where the field of a chunk has changed that are told apart until it is asked for.
const CHANGES_KEPT: usize = 8;
/// Field value in the middle of an empty voxel.
const VOID_M: f64 = 0.5 * VOXEL_M;
/// Share of a voxel with which its value leaves the distance to the pristine surface behind.
const FIRST_SHARE: f64 = 0.05;
/// Places where someone digs are rounded to this, so that a machine that trembles digs one hole.
const DIG_GRID_M: f64 = 0.125;
/// Digs that are kept at hand: several for each machine of a large fleet, since making one looks at
/// the relief and the ore of every voxel in reach.
const DIGS_KEPT: usize = 2048;
/// The greatest reach of one dig.
const DIG_RADIUS_MAX_M: f64 = 8.0;
/// Nearer to the centre than this nobody digs, so that below every place there is ground, however
/// deep: of a body of 24 m it is two thousandths.
pub const CORE_M: f64 = 1.5;

/// One world's state of a body.
#[derive(Resource, Debug, Serialize, Deserialize)]
#[serde(try_from = "SavedTerrain", into = "SavedTerrain")]
pub struct Terrain {
    model: Arc<BodyModel>,
    turning: Turning,
    /// By key. Few: only those that something was taken from.
    chunks: Vec<Arc<ChunkEdits>>,
    /// One for each of `chunks`, as gravity feels it.
    holes: Vec<Mascon>,
    /// Counts the changes of `holes`.
    holes_revision: u64,
    /// Counts the changes of the surface; not kept in a save.
    shown_revision: u64,
    removed_g: i64,
    revisions: BTreeMap<ChunkKey, u32>,
    changed: BTreeSet<ChunkKey>,
    /// By centre on the dig grid and radius in the same unit.
    digs: Arc<BTreeMap<[i32; 4], Dig>>,
    /// Voxels whose surroundings have changed and may not hold any more.
    pub(super) restless: BTreeSet<(ChunkKey, u16)>,
    fields: Mutex<BTreeMap<ChunkKey, KeptField>>,
    meshes: Mutex<BTreeMap<ChunkKey, (u32, Arc<ChunkMesh>)>>,
}

/// What a chunk is, as things that touch it feel.
#[derive(Clone, Debug)]
pub enum Field {
    /// Nothing but space.
    Void,
    /// Nothing but ground.
    Solid,
    /// Values at the middles of its voxels: see [`super::surface::Cell`].
    Samples(Arc<Samples>),
}

/// Edits of one chunk.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct ChunkEdits {
    key: ChunkKey,
    /// By index.
    voxels: Vec<VoxelEdit>,
    /// What each of `voxels` is made of, apart from them because hands that feel for the ground need
    /// only its shape.
    ores: Vec<VoxelOre>,
    /// Taken since the surface last followed.
    unshown_g: i64,
    /// Of what was taken, by axis, in grams times half voxels from the corner of the chunk: whole
    /// numbers, so that the centroid does not depend on the order of digging.
    moment: [i64; 3],
    /// Of all its voxels together, less what was heaped on them.
    removed_g: i64,
}

/// A voxel that something was taken from: `shown_g ≤ removed_g ≤ initial_g`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct VoxelEdit {
    /// x + 16 (y + 16 z) within the chunk.
    index: u16,
    initial_g: u32,
    removed_g: u32,
    /// As much of `removed_g` as the surface shows.
    shown_g: u32,
    /// Spoil that lies in it.
    heap_g: u32,
    /// As much of `heap_g` as the surface shows.
    heap_shown_g: u32,
}

/// What a voxel that something was taken from is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct VoxelOre {
    /// Of undisturbed ground.
    assay: Assay,
    /// In the spoil that lies there.
    heap: Contents,
}

/// The field of a chunk as it was made last, and what has changed since.
#[derive(Clone, Debug)]
struct KeptField {
    revision: u32,
    samples: Arc<Samples>,
    changed: Vec<Span>,
}

/// Voxels from one corner to another, both among them, counted from the first of a chunk.
#[derive(Clone, Copy, Debug)]
struct Span {
    from: IVec3,
    to: IVec3,
}

/// The voxels that one place of work reaches, nearest first.
#[derive(Clone, Debug)]
struct Dig {
    voxels: Arc<[Reach]>,
    /// All before this one are empty, and stay so.
    next: usize,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Reach {
    key: ChunkKey,
    index: u16,
    initial_g: u32,
    assay: Assay,
}

/// A terrain as it is written.
#[derive(Clone, Debug, Serialize, Deserialize)]
struct SavedTerrain {
    body: BodyChoice,
    anchor: Anchor,
    turning: Turning,
    chunks: Vec<Arc<ChunkEdits>>,
    revisions: BTreeMap<ChunkKey, u32>,
    changed: BTreeSet<ChunkKey>,
    restless: BTreeSet<(ChunkKey, u16)>,
}

/// Why a saved terrain cannot be loaded.
#[derive(Debug, Error)]
pub enum TerrainError {
    #[error(transparent)]
    Body(#[from] BodyError),
    #[error("the saved terrain is damaged at chunk {0:?}")]
    Damaged(ChunkKey),
}

impl Terrain {
    /// The pristine body.
    pub fn new(model: Arc<BodyModel>) -> Self {
        Self {
            turning: model.rotation().start(),
            model,
            chunks: Vec::new(),
            holes: Vec::new(),
            holes_revision: 0,
            shown_revision: 0,
            removed_g: 0,
            revisions: BTreeMap::new(),
            changed: BTreeSet::new(),
            digs: Arc::default(),
            restless: BTreeSet::new(),
            fields: Mutex::default(),
            meshes: Mutex::default(),
        }
    }

    /// How the body turns now: as of the end of the last tick.
    pub fn spin(&self) -> &Spin {
        self.turning.spin()
    }

    /// Attitude of the body at the beginning of the present minute of the run.
    pub fn attitude_at_minute(&self) -> DQuat {
        self.turning.at_minute()
    }

    /// Turns the body on to a time of the run.
    pub fn turn_to(&mut self, time_ms: u64) {
        self.turning.advance(self.model.rotation(), time_ms);
    }

    pub fn model(&self) -> &Arc<BodyModel> {
        &self.model
    }

    /// Signed distance to the surface with its holes; negative inside. See
    /// [`BodyModel::signed_distance_m`] for how far it can be trusted.
    pub fn signed_distance_m(&self, p: DVec3) -> f64 {
        let pristine_m = self.model.signed_distance_m(p);
        let (dug, heaped) = self.edited_shares(p);
        shaped_m(pristine_m, dug, heaped)
    }

    /// The surface straight below `p`, along the line to the centre; straight above it if `p`
    /// lies in rock.
    pub fn surface_below(&self, p: DVec3) -> DVec3 {
        let from_centre = self.model.from_centre(p);
        let centre_m = self.model.centre_m();
        let Some(direction) = from_centre.try_normalize() else {
            return self.model.surface_point(0.0, 0.0);
        };
        let at = |radius_m: f64| self.signed_distance_m(centre_m + direction * radius_m);
        let radius_m = from_centre.length();
        let outside_m = self.model.bounding_radius_m();
        let found = if at(radius_m) < 0.0 {
            first_crossing(radius_m, outside_m.max(radius_m), |r| -at(r))
        } else {
            first_crossing(radius_m, 0.0, at)
        };
        found.map_or_else(
            || self.model.surface_towards(direction),
            |radius_m| centre_m + direction * radius_m,
        )
    }

    /// Outward, of length one.
    pub fn normal(&self, p: DVec3) -> DVec3 {
        normal_of(p, self.model.outward(p), |at| self.signed_distance_m(at))
    }

    /// Takes up to `want_g` from the voxels whose middle lies within `radius_m` of `centre`,
    /// those nearest to it first, and says what it took.
    ///
    /// The centre is rounded to an eighth of a metre; `radius_m` is at most 8 m. Nothing is taken
    /// of void nor of the innermost metres, so that less than `want_g` means that all in reach is
    /// gone.
    pub fn excavate(&mut self, centre: DVec3, radius_m: f64, want_g: i64) -> Feedstock {
        let mut spoil = Feedstock::default();
        if want_g <= 0 || !centre.is_finite() || radius_m.is_nan() || radius_m <= 0.0 {
            return spoil;
        }
        let place = self.dig_at(centre, radius_m.min(DIG_RADIUS_MAX_M));
        while spoil.mass_g < want_g {
            let dig = self.digs.get(&place).expect("it has just been made");
            let Some(&reach) = dig.voxels.get(dig.next) else {
                break;
            };
            let taken = self.take(reach, want_g - spoil.mass_g);
            spoil.add(taken);
            if spoil.mass_g < want_g {
                let digs = Arc::make_mut(&mut self.digs);
                digs.get_mut(&place).expect("taking forgets no dig").next += 1;
            }
        }
        self.removed_g += spoil.mass_g;
        spoil
    }

    /// All that was taken and not put back.
    pub fn removed_g(&self) -> i64 {
        self.removed_g
    }

    /// What was taken and not put back of the chunks within a distance of a place along each axis of
    /// the site frame.
    pub fn removed_around_g(&self, at_m: DVec3, within_m: f64) -> i64 {
        let from = ChunkKey::containing(at_m - within_m);
        let to = ChunkKey::containing(at_m + within_m);
        let mut removed_g = 0;
        for x in from.x..=to.x {
            for y in from.y..=to.y {
                for z in from.z..=to.z {
                    if let Ok(slot) = self.chunk_slot(ChunkKey { x, y, z }) {
                        removed_g += self.chunks[slot].removed_g;
                    }
                }
            }
        }
        removed_g
    }

    /// What was taken of each constituent and not put back, in the order of
    /// [`Constituent::ALL`] and in their units, added up from the voxels: for the audit.
    pub fn recount_removed_contents(&self) -> [i128; Constituent::ALL.len()] {
        let mut sum = [0; Constituent::ALL.len()];
        for chunk in &self.chunks {
            for (edit, ore) in chunk.voxels.iter().zip(&chunk.ores) {
                let taken = ore.assay.ground(edit.removed_g.into()).contents.all();
                for (sum, (taken, heaped)) in
                    sum.iter_mut().zip(taken.into_iter().zip(ore.heap.all()))
                {
                    *sum += i128::from(taken) - i128::from(heaped);
                }
            }
        }
        sum
    }

    /// [`Terrain::removed_g`] again, added up from the voxels: for the audit.
    pub fn recount_removed_g(&self) -> i64 {
        self.chunks.iter().map(|chunk| chunk.recount_g()).sum()
    }

    /// Gravity of the rock that is there [m/s²].
    ///
    /// `cell` belongs to one robot on this body; with it the usual call takes no lock.
    pub fn gravity_m_s2(&self, p: DVec3, cell: &mut GravityCell) -> DVec3 {
        self.model.gravity_m_s2(p, cell)
            + mascons_by_cell_m_s2(&self.holes, self.holes_revision, p, cell)
    }

    /// What a free thing feels in the turning frame [m/s²]: gravity, centrifugal and Coriolis.
    pub fn acceleration_m_s2(
        &self,
        p: DVec3,
        velocity_m_s: DVec3,
        cell: &mut GravityCell,
    ) -> DVec3 {
        let spin = self.turning.spin();
        let omega = spin.omega_rad_per_s;
        let from_centre = self.model.from_centre(p);
        self.gravity_m_s2(p, cell)
            - omega.cross(omega.cross(from_centre) + 2.0 * velocity_m_s)
            - spin.omega_dot_rad_per_s2.cross(from_centre)
    }

    /// Chunks whose surface has changed since this was last asked, in the order of their keys.
    pub fn take_changed_chunks(&mut self) -> Vec<ChunkKey> {
        if self.changed.is_empty() {
            return Vec::new();
        }
        std::mem::take(&mut self.changed).into_iter().collect()
    }

    /// Grows with each change of the surface in a chunk; 0 while it is pristine.
    pub fn chunk_revision(&self, key: ChunkKey) -> u32 {
        self.revisions.get(&key).copied().unwrap_or(0)
    }

    /// The chunks that anything was ever taken from or heaped on.
    pub fn edited_chunks(&self) -> impl Iterator<Item = ChunkKey> {
        self.revisions.keys().copied()
    }

    /// The surface in a chunk; may be empty.
    pub fn chunk_mesh(&self, key: ChunkKey) -> Arc<ChunkMesh> {
        let revision = self.chunk_revision(key);
        if revision == 0 {
            return self.model.chunk_mesh(key);
        }
        let mut meshes = locked(&self.meshes);
        if let Some((made, mesh)) = meshes.get(&key)
            && *made == revision
        {
            return Arc::clone(mesh);
        }
        let mesh = Arc::new(mesh_of(key, &self.samples(key)));
        meshes.insert(key, (revision, Arc::clone(&mesh)));
        mesh
    }

    /// [`Terrain::field`] of a chunk that was dug, if it need not be made for this.
    pub fn field_at_hand(&self, key: ChunkKey) -> Option<Field> {
        let fields = locked(&self.fields);
        let kept = fields.get(&key)?;
        (kept.revision == self.chunk_revision(key))
            .then(|| Field::Samples(Arc::clone(&kept.samples)))
    }

    /// What things that touch the ground feel of a chunk.
    pub fn field(&self, key: ChunkKey) -> Field {
        let revision = self.chunk_revision(key);
        if revision != 0 {
            let mut fields = locked(&self.fields);
            let kept = fields.entry(key).or_insert_with(|| KeptField {
                revision,
                samples: Arc::new(self.samples(key)),
                changed: Vec::new(),
            });
            if kept.revision != revision {
                for span in kept.changed.drain(..) {
                    self.follow(key, Arc::make_mut(&mut kept.samples), span);
                }
                kept.revision = revision;
            }
            return Field::Samples(Arc::clone(&kept.samples));
        }
        if self.model.chunk_may_hold_surface(key) {
            return Field::Samples(self.model.samples(key));
        }
        let half_m = 0.5 * VOXEL_M * f64::from(CHUNK_VOXELS);
        if self
            .model
            .signed_distance_m(key.min_corner_m() + DVec3::splat(half_m))
            < 0.0
        {
            Field::Solid
        } else {
            Field::Void
        }
    }

    /// The edits, for the hash of the state.
    pub fn hash_into(&self, h: &mut Xxh3) {
        for chunk in &self.chunks {
            for index in [chunk.key.x, chunk.key.y, chunk.key.z] {
                h.update(&index.to_le_bytes());
            }
            for (voxel, ore) in chunk.voxels.iter().zip(&chunk.ores) {
                h.update(&voxel.index.to_le_bytes());
                h.update(&voxel.removed_g.to_le_bytes());
                h.update(&voxel.shown_g.to_le_bytes());
                h.update(&voxel.heap_g.to_le_bytes());
                h.update(&voxel.heap_shown_g.to_le_bytes());
                if 0 < voxel.heap_g {
                    ore.heap.hash_into(h);
                }
            }
        }
        h.update(&self.removed_g.to_le_bytes());
        h.update(&self.turning.bytes().collect::<Vec<u8>>());
        for (key, index) in &self.restless {
            for part in [key.x, key.y, key.z, i32::from(*index)] {
                h.update(&part.to_le_bytes());
            }
        }
    }

    /// Makes sure that the voxels within reach of a place are in `digs`; returns their key.
    fn dig_at(&mut self, centre: DVec3, radius_m: f64) -> [i32; 4] {
        let unit = (centre / DIG_GRID_M).round().as_ivec3();
        let radius = (radius_m / DIG_GRID_M).ceil() as i32;
        let place = [unit.x, unit.y, unit.z, radius];
        if !self.digs.contains_key(&place) {
            let dig = Dig {
                voxels: self
                    .voxels_in_reach(unit.as_dvec3() * DIG_GRID_M, radius_m)
                    .into(),
                next: 0,
            };
            let digs = Arc::make_mut(&mut self.digs);
            if DIGS_KEPT <= digs.len() {
                digs.clear();
            }
            digs.insert(place, dig);
        }
        place
    }

    /// Voxels that had material at first, nearest to `centre` first.
    fn voxels_in_reach(&self, centre: DVec3, radius_m: f64) -> Vec<Reach> {
        let first = ((centre - radius_m) / VOXEL_M).floor().as_ivec3();
        let last = ((centre + radius_m) / VOXEL_M).floor().as_ivec3();
        let mut near = Vec::new();
        for x in first.x..=last.x {
            for y in first.y..=last.y {
                for z in first.z..=last.z {
                    let voxel = [x, y, z];
                    let key = ChunkKey {
                        x: x.div_euclid(CHUNK_VOXELS),
                        y: y.div_euclid(CHUNK_VOXELS),
                        z: z.div_euclid(CHUNK_VOXELS),
                    };
                    let within = voxel.map(|i| i.rem_euclid(CHUNK_VOXELS));
                    let middle = voxel_centre_m(key, within);
                    let apart2_m2 = middle.distance_squared(centre);
                    let in_core = self.model.from_centre(middle).length_squared() < CORE_M * CORE_M;
                    if in_core || radius_m * radius_m < apart2_m2 {
                        continue;
                    }
                    let reach = self.pristine_voxel(key, within);
                    if 0 < reach.initial_g || 0 < self.heap_g(key, reach.index) {
                        near.push((apart2_m2, reach));
                    }
                }
            }
        }
        // Equal distances keep the order of the loops: the sort is stable.
        near.sort_by(|(a, _), (b, _)| a.total_cmp(b));
        near.into_iter().map(|(_, reach)| reach).collect()
    }

    /// What a voxel holds before anyone digs.
    pub(super) fn pristine_voxel(&self, key: ChunkKey, voxel: [i32; 3]) -> Reach {
        let middle = voxel_centre_m(key, voxel);
        let distance_m = self.model.signed_distance_m(middle);
        let fill = (0.5 - distance_m / VOXEL_M).clamp(0.0, 1.0);
        let ground = self.model.ground_at(middle);
        let mass_g = fill * ground.bulk_density_kg_m3 * VOXEL_M.powi(3) * 1e3;
        Reach {
            key,
            index: voxel_index(voxel),
            initial_g: mass_g.round() as u32,
            assay: Assay::of(&ground.grades),
        }
    }

    /// Where the edits of a voxel are kept: made if there are none yet.
    fn edit_slots(&mut self, reach: Reach) -> (usize, usize) {
        let slot = match self.chunk_slot(reach.key) {
            Ok(slot) => slot,
            Err(slot) => {
                self.chunks.insert(
                    slot,
                    Arc::new(ChunkEdits {
                        key: reach.key,
                        voxels: Vec::new(),
                        ores: Vec::new(),
                        unshown_g: 0,
                        moment: [0; 3],
                        removed_g: 0,
                    }),
                );
                self.holes.insert(slot, self.chunks[slot].hole());
                self.holes_revision += 1;
                slot
            }
        };
        let chunk = Arc::make_mut(&mut self.chunks[slot]);
        let at = chunk.voxel_slot(reach.index).unwrap_or_else(|at| {
            let edit = VoxelEdit {
                index: reach.index,
                initial_g: reach.initial_g,
                removed_g: 0,
                shown_g: 0,
                heap_g: 0,
                heap_shown_g: 0,
            };
            let ore = VoxelOre {
                assay: reach.assay,
                heap: Contents::default(),
            };
            chunk.voxels.insert(at, edit);
            chunk.ores.insert(at, ore);
            at
        });
        (slot, at)
    }

    /// Books a change of mass in a chunk; `removed_g` is negative for what was heaped up.
    fn book(&mut self, slot: usize, index: u16, removed_g: i64, at_once: bool) {
        let chunk = Arc::make_mut(&mut self.chunks[slot]);
        for (moment, i) in chunk.moment.iter_mut().zip(voxel_of(index)) {
            *moment += i64::from(2 * i + 1) * removed_g;
        }
        chunk.removed_g += removed_g;
        chunk.unshown_g += removed_g.abs();
        let (hole, shows) = (chunk.hole(), SHOWN_STEP_G <= chunk.unshown_g);
        if hole != self.holes[slot] {
            self.holes[slot] = hole;
            self.holes_revision += 1;
        }
        if at_once || shows {
            self.show(slot);
        }
    }

    /// Takes up to `want_g` from one voxel, spoil first.
    fn take(&mut self, reach: Reach, want_g: i64) -> Feedstock {
        let (slot, at) = self.edit_slots(reach);
        let chunk = Arc::make_mut(&mut self.chunks[slot]);
        let (edit, ore) = (&mut chunk.voxels[at], &mut chunk.ores[at]);
        let heap_g = i64::from(edit.heap_g).min(want_g).max(0);
        let mut spoil = Feedstock::default();
        if 0 < heap_g {
            spoil.mass_g = heap_g;
            spoil.contents = ore.heap.take(heap_g as u64, edit.heap_g.into());
            edit.heap_g -= heap_g as u32;
        }
        let left_g = i64::from(edit.initial_g - edit.removed_g);
        // `left_g` has 32 bits, so the lesser of both has.
        let mass_g = left_g.min(want_g - heap_g).max(0);
        edit.removed_g += mass_g as u32;
        spoil.add(ore.assay.ground(mass_g));
        if spoil.mass_g == 0 {
            return spoil;
        }
        let emptied = edit.removed_g == edit.initial_g && edit.heap_g == 0;
        self.book(slot, reach.index, spoil.mass_g, emptied);
        spoil
    }

    /// Takes up to `want_g` from the voxel around a place, and lets the surface follow at once.
    pub(super) fn take_at(&mut self, at_m: DVec3, want_g: i64) -> Feedstock {
        let (key, voxel) = voxel_around(at_m);
        let spoil = self.take(self.pristine_voxel(key, voxel), want_g);
        self.removed_g += spoil.mass_g;
        if let Ok(slot) = self.chunk_slot(key)
            && 0 < spoil.mass_g
        {
            self.show(slot);
        }
        spoil
    }

    /// Puts as much of some spoil into the voxel around a place as that has room for, up to
    /// `most_g`. Returns the mass.
    pub(super) fn put_at(&mut self, at_m: DVec3, spoil: &mut Feedstock, most_g: i64) -> i64 {
        let (key, voxel) = voxel_around(at_m);
        let reach = self.pristine_voxel(key, voxel);
        let pristine_m = self.model.signed_distance_m(voxel_centre_m(key, voxel));
        let full_g = self.heap_full_g();
        let (slot, at) = self.edit_slots(reach);
        let chunk = Arc::make_mut(&mut self.chunks[slot]);
        let (edit, ore) = (&mut chunk.voxels[at], &mut chunk.ores[at]);
        let room_g = edit.room_g(pristine_m, full_g) - i64::from(edit.heap_g);
        let put = spoil.take(most_g.min(room_g));
        let put_g = put.mass_g;
        if put_g == 0 {
            return 0;
        }
        edit.heap_g += put_g as u32;
        ore.heap.add(put.contents);
        self.removed_g -= put_g;
        // What was known to be empty is not.
        let middle_m = voxel_centre_m(key, voxel);
        Arc::make_mut(&mut self.digs).retain(|&[x, y, z, radius], _| {
            let centre_m = DIG_GRID_M * DVec3::new(f64::from(x), f64::from(y), f64::from(z));
            DIG_GRID_M * f64::from(radius) < centre_m.distance(middle_m)
        });
        self.book(slot, reach.index, -put_g, true);
        put_g
    }

    /// Spoil that lies in the voxel around a place [g].
    pub fn spoil_at(&self, at_m: DVec3) -> i64 {
        let (key, voxel) = voxel_around(at_m);
        i64::from(self.heap_g(key, voxel_index(voxel)))
    }

    /// Grows with each change of the surface anywhere, since this world was made or loaded.
    pub fn shown_revision(&self) -> u64 {
        self.shown_revision
    }

    /// Share of the ground around a place that nobody has dug away, spoil left out: 0 to 1.
    pub fn undug_share(&self, at_m: DVec3) -> f64 {
        1.0 - self.edited_shares(at_m).0
    }

    /// All spoil that lies on the body [g].
    pub fn spoil_g(&self) -> i64 {
        self.chunks
            .iter()
            .flat_map(|chunk| &chunk.voxels)
            .map(|edit| i64::from(edit.heap_g))
            .sum()
    }

    fn heap_g(&self, key: ChunkKey, index: u16) -> u32 {
        let Ok(slot) = self.chunk_slot(key) else {
            return 0;
        };
        let chunk = &self.chunks[slot];
        chunk
            .voxel_slot(index)
            .map_or(0, |at| chunk.voxels[at].heap_g)
    }

    /// Density of spoil [kg/m³]: ground that was loosened takes twice its room (assumed; half the
    /// bulk density, as the loose surface of Bennu has, Walsh et al. 2022).
    pub fn heap_density_kg_m3(&self) -> f64 {
        0.5 * self.model.record().density_kg_m3
    }

    fn heap_full_g(&self) -> f64 {
        1e3 * self.heap_density_kg_m3() * VOXEL_M.powi(3)
    }

    /// Lets the surface of a chunk follow what was dug.
    fn show(&mut self, slot: usize) {
        self.shown_revision += 1;
        let chunk = Arc::make_mut(&mut self.chunks[slot]);
        let key = chunk.key;
        chunk.unshown_g = 0;
        let mut touched = BTreeSet::from([key]);
        let mut changed: Option<Span> = None;
        for edit in &mut chunk.voxels {
            if edit.shown_g == edit.removed_g && edit.heap_shown_g == edit.heap_g {
                continue;
            }
            edit.shown_g = edit.removed_g;
            edit.heap_shown_g = edit.heap_g;
            self.restless.insert((key, edit.index));
            let voxel = voxel_of(edit.index);
            let here = Span::of(voxel.into());
            changed = Some(changed.map_or(here, |changed| changed.with(here)));
            // A chunk reads one voxel beyond each of its borders, and what is beside that.
            let sides = voxel.map(|i| match i {
                0 | 1 => -1..=0,
                i if CHUNK_VOXELS - 2 <= i => 0..=1,
                _ => 0..=0,
            });
            for x in sides[0].clone() {
                for y in sides[1].clone() {
                    for z in sides[2].clone() {
                        touched.insert(key.offset([x, y, z]));
                    }
                }
            }
        }
        let fields = self
            .fields
            .get_mut()
            .unwrap_or_else(PoisonError::into_inner);
        for near in touched {
            *self.revisions.entry(near).or_insert(0) += 1;
            self.changed.insert(near);
            if let (Some(kept), Some(span)) = (fields.get_mut(&near), changed) {
                let [x, y, z] = [key.x - near.x, key.y - near.y, key.z - near.z];
                kept.note(span.moved(CHUNK_VOXELS * IVec3::new(x, y, z)));
            }
        }
    }

    fn chunk_slot(&self, key: ChunkKey) -> Result<usize, usize> {
        self.chunks.binary_search_by_key(&key, |chunk| chunk.key)
    }

    /// Shares of the rock around `p` that are gone, and of the room that is filled with spoil, as
    /// the surface shows them: 0 to 1.
    fn edited_shares(&self, p: DVec3) -> (f64, f64) {
        if self.chunks.is_empty() {
            return (0.0, 0.0);
        }
        // Between the middles of eight voxels.
        let scaled = p / VOXEL_M - 0.5;
        let floor = scaled.floor();
        let t = scaled - floor;
        let base = floor.as_ivec3();
        let (mut dug, mut heaped) = (0.0, 0.0);
        let mut at_hand: Option<(ChunkKey, Option<&ChunkEdits>)> = None;
        for corner in 0..8 {
            let offset = [corner & 1, corner >> 1 & 1, corner >> 2];
            let voxel = [base.x + offset[0], base.y + offset[1], base.z + offset[2]];
            let key = ChunkKey {
                x: voxel[0].div_euclid(CHUNK_VOXELS),
                y: voxel[1].div_euclid(CHUNK_VOXELS),
                z: voxel[2].div_euclid(CHUNK_VOXELS),
            };
            let chunk = match at_hand {
                Some((known, chunk)) if known == key => chunk,
                _ => {
                    let chunk = self.chunk_slot(key).ok().map(|slot| &*self.chunks[slot]);
                    at_hand = Some((key, chunk));
                    chunk
                }
            };
            let Some(chunk) = chunk else { continue };
            let index = voxel_index(voxel.map(|i| i.rem_euclid(CHUNK_VOXELS)));
            let Ok(slot) = chunk.voxel_slot(index) else {
                continue;
            };
            let weight = |i: usize, t: f64| if offset[i] == 1 { t } else { 1.0 - t };
            let weight = weight(0, t.x) * weight(1, t.y) * weight(2, t.z);
            let edit = &chunk.voxels[slot];
            dug += weight * edit.shown_share();
            if 0 < edit.heap_shown_g {
                let middle = voxel_centre_m(key, voxel_of(index));
                let pristine_m = self.model.signed_distance_m(middle);
                heaped += weight * edit.heap_share(pristine_m, self.heap_full_g());
            }
        }
        (dug, heaped)
    }

    /// Values of the field in a chunk, with what has been dug and heaped.
    fn samples(&self, key: ChunkKey) -> Samples {
        let mut samples = *self.model.samples(key);
        self.follow(key, &mut samples, Span::KNOWN);
        samples
    }

    /// Brings the values of a chunk's field up to date where some voxels have changed.
    ///
    /// Around what has changed, distances to the pristine surface say nothing any more: ground
    /// beside a void counts as half a voxel of ground, and void beside a heap as half a voxel of
    /// void, so that the surface between them lies in the middle.
    fn follow(&self, key: ChunkKey, samples: &mut Samples, changed: Span) {
        let pristine = self.model.samples(key);
        let full_g = self.heap_full_g();
        // A value depends on its own voxel and on those beside it.
        let stale = changed.wider().within(Span::KNOWN);
        let read = stale.wider();
        let size = (read.to - read.from + 1).as_usizevec3();
        let place = |voxel: IVec3| {
            let [x, y, z] = (voxel - read.from).as_usizevec3().to_array();
            x + size.x * (y + size.y * z)
        };
        for voxel in stale.voxels() {
            let at = sample_index(voxel.into());
            samples[at] = pristine[at];
        }
        // By voxel that is read: how much is dug and heaped there.
        let mut dug = vec![0.0_f32; size.element_product()];
        let mut heaped = dug.clone();
        let chunks = Span {
            from: read.from.div_euclid(IVec3::splat(CHUNK_VOXELS)),
            to: read.to.div_euclid(IVec3::splat(CHUNK_VOXELS)),
        };
        for offset in chunks.voxels() {
            let Ok(slot) = self.chunk_slot(key.offset(offset.into())) else {
                continue;
            };
            let first = CHUNK_VOXELS * offset;
            for edit in self.chunks[slot].edits_in(read.moved(-first)) {
                let voxel = IVec3::from(voxel_of(edit.index)) + first;
                let at = place(voxel);
                dug[at] = (edit.shown_share() / FIRST_SHARE).min(1.0) as f32;
                let heap_share = f64::from(edit.heap_shown_g) / full_g;
                heaped[at] = (heap_share / FIRST_SHARE).min(1.0) as f32;
                if stale.holds(voxel) {
                    let sample = &mut samples[sample_index(voxel.into())];
                    let pristine_m = f64::from(*sample);
                    let heaped = edit.heap_share(pristine_m, full_g);
                    *sample = shaped_m(pristine_m, edit.shown_share(), heaped) as f32;
                }
            }
        }
        let steps = [1, size.x, size.x * size.y];
        spread(&mut dug, steps);
        spread(&mut heaped, steps);
        for voxel in stale.voxels() {
            let sample = &mut samples[sample_index(voxel.into())];
            let at = place(voxel);
            *sample += (-VOID_M as f32 - *sample).max(0.0) * dug[at];
            *sample += (VOID_M as f32 - *sample).min(0.0) * heaped[at];
        }
    }
}

impl KeptField {
    /// Remembers what has changed, together with what has changed beside it.
    fn note(&mut self, span: Span) {
        let full = CHANGES_KEPT <= self.changed.len();
        match self.changed.last_mut() {
            Some(last) if full || last.wider().meets(span) => *last = last.with(span),
            _ => self.changed.push(span),
        }
    }
}

impl Span {
    /// All that a chunk knows the field of: its own voxels and one more on every side.
    const KNOWN: Self = Self {
        from: IVec3::NEG_ONE,
        to: IVec3::splat(CHUNK_VOXELS),
    };

    /// A single voxel.
    fn of(voxel: IVec3) -> Self {
        Self {
            from: voxel,
            to: voxel,
        }
    }

    /// The least that holds both.
    fn with(self, other: Self) -> Self {
        Self {
            from: self.from.min(other.from),
            to: self.to.max(other.to),
        }
    }

    fn meets(self, other: Self) -> bool {
        self.from.cmple(other.to).all() && other.from.cmple(self.to).all()
    }

    fn moved(self, by: IVec3) -> Self {
        Self {
            from: self.from + by,
            to: self.to + by,
        }
    }

    /// With one voxel more on every side.
    fn wider(self) -> Self {
        Self {
            from: self.from - 1,
            to: self.to + 1,
        }
    }

    fn within(self, other: Self) -> Self {
        Self {
            from: self.from.max(other.from),
            to: self.to.min(other.to),
        }
    }

    fn holds(self, voxel: IVec3) -> bool {
        self.from.cmple(voxel).all() && voxel.cmple(self.to).all()
    }

    /// x fastest.
    fn voxels(self) -> impl Iterator<Item = IVec3> {
        let (from, to) = (self.from, self.to);
        (from.z..=to.z).flat_map(move |z| {
            (from.y..=to.y).flat_map(move |y| (from.x..=to.x).map(move |x| IVec3::new(x, y, z)))
        })
    }
}

/// Replaces each value by the greatest among it and its 26 neighbours, one axis after the other, whose
/// neighbours lie `steps` apart. Those at the border, which nobody asks for, see what they have.
fn spread(values: &mut [f32], steps: [usize; 3]) {
    for step in steps {
        let before = values.to_vec();
        let inner = step..before.len() - step;
        for (at, value) in values[inner].iter_mut().enumerate() {
            *value = before[at].max(before[at + step]).max(before[at + 2 * step]);
        }
    }
}

/// What a lock guards, which is whole even if somebody died with it.
fn locked<T>(guarded: &Mutex<T>) -> MutexGuard<'_, T> {
    guarded.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Clone for Terrain {
    fn clone(&self) -> Self {
        // What is kept for speed goes along: it is known by revisions, which a world that has gone
        // another way gives to other ground.
        Self {
            turning: self.turning,
            chunks: self.chunks.clone(),
            holes: self.holes.clone(),
            holes_revision: self.holes_revision,
            shown_revision: self.shown_revision,
            removed_g: self.removed_g,
            revisions: self.revisions.clone(),
            changed: self.changed.clone(),
            digs: Arc::clone(&self.digs),
            restless: self.restless.clone(),
            fields: Mutex::new(locked(&self.fields).clone()),
            meshes: Mutex::new(locked(&self.meshes).clone()),
            model: Arc::clone(&self.model),
        }
    }
}

impl From<Terrain> for SavedTerrain {
    fn from(terrain: Terrain) -> Self {
        Self {
            body: terrain.model.choice().clone(),
            anchor: terrain.model.anchor(),
            turning: terrain.turning,
            chunks: terrain.chunks,
            revisions: terrain.revisions,
            changed: terrain.changed,
            restless: terrain.restless,
        }
    }
}

impl TryFrom<SavedTerrain> for Terrain {
    type Error = TerrainError;

    fn try_from(saved: SavedTerrain) -> Result<Self, TerrainError> {
        let model = BodyModel::of(&saved.body, saved.anchor)?;
        let mut terrain = Self::new(model);
        terrain.turning = saved.turning;
        if let Some(pair) = saved
            .chunks
            .windows(2)
            .find(|pair| pair[1].key <= pair[0].key)
        {
            return Err(TerrainError::Damaged(pair[1].key));
        }
        for chunk in &saved.chunks {
            chunk.check(&terrain)?;
        }
        terrain.holes = saved.chunks.iter().map(|chunk| chunk.hole()).collect();
        terrain.removed_g = saved.chunks.iter().map(|chunk| chunk.removed_g).sum();
        terrain.chunks = saved.chunks;
        terrain.revisions = saved.revisions;
        terrain.changed = saved.changed;
        terrain.restless = saved.restless;
        Ok(terrain)
    }
}

impl ChunkEdits {
    fn voxel_slot(&self, index: u16) -> Result<usize, usize> {
        self.voxels.binary_search_by_key(&index, |edit| edit.index)
    }

    /// Those of the voxels in a span, row by row.
    fn edits_in(&self, span: Span) -> impl Iterator<Item = &VoxelEdit> {
        let span = span.within(Span {
            from: IVec3::ZERO,
            to: IVec3::splat(CHUNK_VOXELS - 1),
        });
        let rows = (span.from.z..=span.to.z)
            .flat_map(move |z| (span.from.y..=span.to.y).map(move |y| (y, z)));
        rows.flat_map(move |(y, z)| {
            let first = voxel_index([span.from.x, y, z]);
            let last = voxel_index([span.to.x, y, z]);
            let from = self.voxels.partition_point(|edit| edit.index < first);
            self.voxels[from..]
                .iter()
                .take_while(move |edit| edit.index <= last)
        })
    }

    fn recount_g(&self) -> i64 {
        self.voxels.iter().map(VoxelEdit::net_removed_g).sum()
    }

    /// The mass that is missing, at its centroid; in the middle of the chunk while none is.
    fn hole(&self) -> Mascon {
        let [x, y, z] = self.moment.map(|sum| {
            if self.removed_g == 0 {
                f64::from(CHUNK_VOXELS) / 2.0
            } else {
                // A hole and a heap of about the same mass have a centroid anywhere: it is kept in
                // the chunk, where their sum is next to nothing.
                (0.5 * sum as f64 / self.removed_g as f64).clamp(0.0, f64::from(CHUNK_VOXELS))
            }
        });
        Mascon {
            centre_m: self.key.min_corner_m() + DVec3::new(x, y, z) * VOXEL_M,
            mass_g: -self.removed_g,
        }
        .felt()
    }

    /// Whether these edits can have come from digging.
    fn check(&self, terrain: &Terrain) -> Result<(), TerrainError> {
        let sorted = self.voxels.windows(2).all(|w| w[0].index < w[1].index);
        let limit = CHUNK_VOXELS.pow(3) as u16;
        let paired = self.voxels.len() == self.ores.len();
        let sound = self.voxels.iter().zip(&self.ores).all(|(edit, ore)| {
            edit.index < limit && {
                let pristine = terrain.pristine_voxel(self.key, voxel_of(edit.index));
                (0 < edit.initial_g || 0 < edit.heap_g || edit.removed_g == 0)
                    && edit.initial_g == pristine.initial_g
                    && ore.assay == pristine.assay
                    && edit.removed_g <= edit.initial_g
                    && edit.shown_g <= edit.removed_g
            }
        });
        let mut moment = [0_i64; 3];
        for edit in &self.voxels {
            for (sum, i) in moment.iter_mut().zip(voxel_of(edit.index)) {
                *sum += i64::from(2 * i + 1) * edit.net_removed_g();
            }
        }
        if sorted
            && paired
            && sound
            && 0 <= self.unshown_g
            && moment == self.moment
            && self.recount_g() == self.removed_g
        {
            Ok(())
        } else {
            Err(TerrainError::Damaged(self.key))
        }
    }
}

impl VoxelEdit {
    fn shown_share(&self) -> f64 {
        if self.initial_g == 0 {
            return 0.0;
        }
        f64::from(self.shown_g) / f64::from(self.initial_g)
    }

    fn net_removed_g(&self) -> i64 {
        i64::from(self.removed_g) - i64::from(self.heap_g)
    }

    /// Spoil that fits into the voxel beside the ground that is left [g].
    fn room_g(&self, pristine_m: f64, full_g: f64) -> i64 {
        let fill = (0.5 - pristine_m / VOXEL_M).clamp(0.0, 1.0);
        let left = if self.initial_g == 0 {
            0.0
        } else {
            1.0 - f64::from(self.removed_g) / f64::from(self.initial_g)
        };
        (full_g * (1.0 - fill * left)).round() as i64
    }

    fn heap_share(&self, pristine_m: f64, full_g: f64) -> f64 {
        if self.heap_shown_g == 0 {
            return 0.0;
        }
        let room_g = self.room_g(pristine_m, full_g).max(1);
        (f64::from(self.heap_shown_g) / room_g as f64).min(1.0)
    }
}

/// Value of the field in a voxel of which a share is gone and whose room is filled in part.
///
/// From half a voxel of ground to half a voxel of void in step with what is there, so that the
/// surface in a voxel stands as high as it is full. Deep in the rock and high in the sky distances
/// are larger; the first of what changes brings them there.
fn shaped_m(pristine_m: f64, dug: f64, heaped: f64) -> f64 {
    let from_m = pristine_m + (-VOID_M - pristine_m).max(0.0) * (dug / FIRST_SHARE).min(1.0);
    let left_m = from_m + (VOID_M - from_m) * dug;
    let from_m = left_m + (VOID_M - left_m).min(0.0) * (heaped / FIRST_SHARE).min(1.0);
    from_m + (-VOID_M - from_m).min(0.0) * heaped
}

/// The chunk of the voxel around a place, and the voxel in it.
fn voxel_around(at_m: DVec3) -> (ChunkKey, [i32; 3]) {
    let key = ChunkKey::containing(at_m);
    let within = ((at_m - key.min_corner_m()) / VOXEL_M).floor().as_ivec3();
    (key, within.to_array().map(|i| i.clamp(0, CHUNK_VOXELS - 1)))
}

/// The voxel around a place, by its chunk and its index there.
pub(super) fn voxel_key(at_m: DVec3) -> (ChunkKey, u16) {
    let (key, voxel) = voxel_around(at_m);
    (key, voxel_index(voxel))
}

pub(super) fn centre_of(key: ChunkKey, index: u16) -> DVec3 {
    voxel_centre_m(key, voxel_of(index))
}

fn voxel_index([x, y, z]: [i32; 3]) -> u16 {
    (x + CHUNK_VOXELS * (y + CHUNK_VOXELS * z)) as u16
}

fn voxel_of(index: u16) -> [i32; 3] {
    let index = i32::from(index);
    [
        index % CHUNK_VOXELS,
        index / CHUNK_VOXELS % CHUNK_VOXELS,
        index / (CHUNK_VOXELS * CHUNK_VOXELS),
    ]
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::outline::even_directions;
    use super::*;

    fn terrain() -> Terrain {
        Terrain::new(BodyModel::shared("bennu", 7).unwrap())
    }

    fn hash(terrain: &Terrain) -> u64 {
        let mut hash = Xxh3::new();
        terrain.hash_into(&mut hash);
        hash.digest()
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]

        /// What is kept of the field and brought up to date is what a world that was loaded makes.
        #[test]
        fn the_field_is_the_same_however_often_it_is_looked_at(
            deeds in prop::collection::vec(
                (-0.1..0.1_f64, 0.0..0.2_f64, -3.0..1.0_f64, 0.1..2.5_f64, 1_i64..600_000, any::<bool>(), 0..4),
                1..24,
            ),
        ) {
            let mut terrain = terrain();
            let mut spoil = Feedstock::default();
            for (latitude_rad, longitude_rad, height_m, radius_m, most_g, heaps, looks) in deeds {
                let surface = terrain.model().surface_point(latitude_rad, longitude_rad);
                let place = surface + surface.normalize() * height_m;
                if heaps {
                    let _ = terrain.put_at(place, &mut spoil, most_g);
                } else {
                    spoil.add(terrain.excavate(place, radius_m, most_g));
                }
                if looks == 0 {
                    let _ = terrain.felt_m(place);
                }
            }
            let anew = Terrain::try_from(SavedTerrain::from(terrain.clone())).unwrap();
            for key in terrain.edited_chunks() {
                match (terrain.field(key), anew.field(key)) {
                    (Field::Samples(kept), Field::Samples(made)) => {
                        prop_assert!(kept == made, "{key:?}");
                    }
                    _ => prop_assert!(false, "a chunk that was dug has values"),
                }
            }
        }

        #[test]
        fn no_gram_is_made_or_lost(
            digs in prop::collection::vec(
                (-0.2..0.2_f64, 0.0..0.3_f64, -3.0..3.0_f64, 0.1..2.5_f64, 1_i64..3_000_000),
                1..12,
            ),
        ) {
            let mut terrain = terrain();
            let mut dug = Feedstock::default();
            for (latitude_rad, longitude_rad, height_m, radius_m, want_g) in digs {
                let surface = terrain.model().surface_point(latitude_rad, longitude_rad);
                let centre = surface + surface.normalize() * height_m;
                let spoil = terrain.excavate(centre, radius_m, want_g);
                prop_assert!(0 <= spoil.mass_g && spoil.mass_g <= want_g);
                prop_assert!(spoil.grade(Constituent::Water) <= 1.0);
                dug.add(spoil);
            }
            let mass_g = dug.mass_g;
            prop_assert_eq!(mass_g, terrain.removed_g());
            prop_assert_eq!(mass_g, terrain.recount_removed_g());
            let contents = dug.contents.all().map(i128::from);
            prop_assert_eq!(contents, terrain.recount_removed_contents());
            let text = postcard::to_allocvec(&terrain).unwrap();
            let restored: Terrain = postcard::from_bytes(&text).unwrap();
            prop_assert_eq!(hash(&restored), hash(&terrain));
            prop_assert_eq!(restored.removed_g(), mass_g);
            prop_assert_eq!(contents, restored.recount_removed_contents());
            prop_assert_eq!(&restored.holes, &terrain.holes);
        }
    }

    #[test]
    fn gram_by_gram_or_at_once_the_same_comes_up() {
        let (mut slow, mut fast) = (terrain(), terrain());
        let place = slow.model().surface_point(0.2, 0.3);
        let mut dug = Feedstock::default();
        for _ in 0..20_000 {
            dug.add(slow.excavate(place, 1.0, 1));
        }
        assert_eq!(dug, fast.excavate(place, 1.0, 20_000));
        assert_eq!(slow.removed_g(), fast.removed_g());
        let share = dug.grade(Constituent::Water);
        let expected = slow.model().ground_at(place).water_fraction;
        assert!((share - expected).abs() < 0.01, "{share} and {expected}");
    }

    #[test]
    fn a_hole_is_there_to_see_and_to_fall_into() {
        let mut terrain = terrain();
        let place = terrain.model().surface_point(-0.1, 0.5);
        let up = place.normalize();
        let key = ChunkKey::containing(place);
        let before = terrain.chunk_mesh(key);
        assert_eq!(terrain.chunk_revision(key), 0);
        assert!((terrain.surface_below(place + up * 20.0) - place).length() < 1e-3);
        terrain.excavate(place, 3.0, i64::MAX);
        let bottom = terrain.surface_below(place + up * 20.0);
        let depth_m = (place - bottom).dot(up);
        assert!((2.0..4.5).contains(&depth_m), "{depth_m} m deep");
        assert!(0.0 < terrain.signed_distance_m(place - up));
        assert!(terrain.signed_distance_m(place - up * 6.0) < 0.0);
        let changed = terrain.take_changed_chunks();
        assert!(changed.contains(&key));
        assert!(terrain.take_changed_chunks().is_empty());
        assert!(0 < terrain.chunk_revision(key));
        assert_ne!(*terrain.chunk_mesh(key), *before);
        // The pristine body and other worlds keep their ground.
        assert_eq!(
            *Terrain::new(Arc::clone(terrain.model())).chunk_mesh(key),
            *before
        );
    }

    #[test]
    fn meshes_lie_on_the_surface_with_its_holes() {
        let mut terrain = terrain();
        // On a border, so that several chunks share the hole.
        let rough = terrain.model().surface_point(0.05, 0.1);
        let corner = ChunkKey::containing(rough).min_corner_m();
        let place = terrain.surface_below(DVec3::new(rough.x, corner.y, corner.z));
        terrain.excavate(place, 2.5, 6_000_000);
        let changed = terrain.take_changed_chunks();
        assert!(2 <= changed.len());
        for key in changed {
            let mesh = terrain.chunk_mesh(key);
            for position in &mesh.positions {
                let at = mesh.origin_m + bevy::math::Vec3::from(*position).as_dvec3();
                assert!(terrain.signed_distance_m(at).abs() < 0.8);
            }
        }
    }

    #[test]
    fn the_surface_follows_every_few_kilograms() {
        let mut terrain = terrain();
        let place = terrain.model().surface_point(0.3, 0.2);
        let mut changes = 0;
        for _ in 0..1_000 {
            terrain.excavate(place, 1.0, 50);
            changes += usize::from(!terrain.take_changed_chunks().is_empty());
        }
        assert!((8..=16).contains(&changes), "{changes} changes for 50 kg");
    }

    #[test]
    fn there_is_nothing_to_dig_in_the_sky_or_with_nonsense() {
        let mut terrain = terrain();
        let place = terrain.model().surface_point(0.3, 0.2);
        assert_eq!(
            terrain.excavate(place * 1.5, 2.0, 1_000),
            Feedstock::default()
        );
        assert_eq!(
            terrain.excavate(place, f64::NAN, 1_000),
            Feedstock::default()
        );
        assert_eq!(
            terrain.excavate(DVec3::NAN, 1.0, 1_000),
            Feedstock::default()
        );
        assert_eq!(terrain.excavate(place, 1.0, -5), Feedstock::default());
        assert_eq!(hash(&terrain), hash(&self::terrain()));
    }

    #[test]
    fn a_damaged_save_is_refused() {
        let mut terrain = terrain();
        let place = terrain.model().surface_point(0.3, 0.2);
        terrain.excavate(place, 1.0, 5_000);
        let mut saved = SavedTerrain::from(terrain.clone());
        Arc::make_mut(&mut saved.chunks[0]).voxels[0].removed_g = u32::MAX;
        assert!(matches!(
            Terrain::try_from(saved),
            Err(TerrainError::Damaged(_))
        ));
        let mut saved = SavedTerrain::from(terrain);
        saved.body = BodyChoice::of("nowhere", 1);
        assert!(matches!(
            Terrain::try_from(saved),
            Err(TerrainError::Body(_))
        ));
    }

    #[test]
    fn the_surface_below_a_place_is_on_the_surface() {
        let terrain = terrain();
        for direction in even_directions(50) {
            let surface_m = terrain.model().surface_radius_m(direction);
            for radius_m in [surface_m + 150.0, surface_m + 1.0, surface_m - 3.0, 10.0] {
                let found = terrain.surface_below(direction * radius_m);
                assert!(terrain.signed_distance_m(found).abs() < 1e-3);
                assert!(found.normalize().dot(direction) > 1.0 - 1e-9);
            }
        }
    }
}
