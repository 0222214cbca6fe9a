//! The ground as feet feel it.
//!
//! The samples are those that the drawn mesh is made of, interpolated between the middles of eight
//! voxels. Unlike a mesh such a field has an inside: whatever lies below the ground is told how deep
//! and which way out. Chunks are sampled when something comes near and forgotten when many others
//! have been; nothing depends on it, since a chunk is a function of the terrain.

use bevy::math::{DVec3, IVec3};
use bevy::platform::collections::HashMap;

use super::solver::{Contact, NOBODY};
use super::{Body, Grip, POINTS, Surroundings};
use crate::sim::asteroid::surface::{Cell, Feel, place_in_samples, values_at};
use crate::sim::asteroid::{CHUNK_VOXELS, ChunkKey, Field, VOXEL_M};

/// Chunks that a world keeps, at least, and for each of its bodies; 24 kB each, which worlds share
/// as long as the model keeps them too.
const PATCHES_KEPT_MIN: usize = 48;
const PATCHES_KEPT_PER_BODY: usize = 4;
/// Edges and faces are this hollow [m]: on flat ground a box stands on its corners, and on ground
/// that bulges it is carried by what it lies on, with nothing that goes on and off in between.
const HOLLOW_M: f64 = 1e-3;
/// No slope is steeper: what lies higher than so many times a distance is out of its reach.
const STEEPEST: f64 = 4.0;
/// A clearance greater than this is asked of the surroundings, not of samples [m].
const FAR_M: f64 = 3.0;

/// Sampled chunks, looked up and never walked.
#[derive(Default)]
pub(super) struct Ground {
    patches: HashMap<ChunkKey, Patch>,
    bodies: usize,
}

struct Patch {
    field: Field,
    /// By voxel; made when something first touches it there.
    grips: HashMap<u16, Grip>,
}

impl Ground {
    /// Makes room for what so many bodies stand on.
    pub(super) fn carry(&mut self, bodies: usize) {
        self.bodies = bodies;
    }

    /// Forgets what has changed.
    pub(super) fn forget(&mut self, key: ChunkKey) {
        self.patches.remove(&key);
    }

    /// Lets what is known of a chunk be this, or forgets it. Its grip is that of the pristine ground.
    pub(super) fn renew(&mut self, key: ChunkKey, field: Option<Field>) {
        match field {
            Some(field) => {
                if let Some(patch) = self.patches.get_mut(&key) {
                    patch.field = field;
                }
            }
            None => self.forget(key),
        }
    }

    fn patch(&mut self, surroundings: &impl Surroundings, key: ChunkKey) -> &mut Patch {
        let kept = PATCHES_KEPT_MIN.max(PATCHES_KEPT_PER_BODY * self.bodies);
        if kept <= self.patches.len() && !self.patches.contains_key(&key) {
            self.patches.clear();
        }
        self.patches.entry(key).or_insert_with(|| Patch {
            field: surroundings.field(key),
            grips: HashMap::default(),
        })
    }

    /// A distance to the ground that is at most about the true one.
    ///
    /// Sampling a chunk costs as much as a thousand distances: what flies over ground that nothing
    /// touches leaves it alone.
    pub(super) fn clearance_m(&mut self, surroundings: &impl Surroundings, at_m: DVec3) -> f64 {
        let key = ChunkKey::containing(at_m);
        if !self.patches.contains_key(&key) {
            let far_m = surroundings.clearance_m(at_m);
            if FAR_M < far_m {
                return far_m;
            }
        }
        match &self.patch(surroundings, key).field {
            Field::Samples(samples) => Cell::around(key, samples, at_m).value_m(),
            Field::Void | Field::Solid => surroundings.clearance_m(at_m),
        }
    }

    /// Value of the field that feet feel; negative below ground.
    pub(super) fn value_m(&mut self, surroundings: &impl Surroundings, at_m: DVec3) -> f64 {
        self.feel_at(surroundings, at_m).value_m
    }

    fn feel_at(&mut self, surroundings: &impl Surroundings, at_m: DVec3) -> Feel {
        let key = ChunkKey::containing(at_m);
        match &self.patch(surroundings, key).field {
            Field::Samples(samples) => Cell::around(key, samples, at_m).feel(),
            Field::Void => Feel {
                value_m: f64::from(CHUNK_VOXELS),
                slope: DVec3::ZERO,
            },
            Field::Solid => feel_inside(surroundings, at_m),
        }
    }

    fn grip_at(&mut self, surroundings: &impl Surroundings, at_m: DVec3) -> Grip {
        let key = ChunkKey::containing(at_m);
        let within = (at_m - key.min_corner_m()) / VOXEL_M;
        let IVec3 { x, y, z } = within
            .as_ivec3()
            .clamp(IVec3::ZERO, IVec3::splat(CHUNK_VOXELS - 1));
        let index = (x + CHUNK_VOXELS * (y + CHUNK_VOXELS * z)) as u16;
        let middle_m = key.min_corner_m() + (IVec3::new(x, y, z).as_dvec3() + 0.5) * VOXEL_M;
        *self
            .patch(surroundings, key)
            .grips
            .entry(index)
            .or_insert_with(|| surroundings.grip(middle_m))
    }

    /// Finds where a box is within `reach_m` of the ground.
    ///
    /// The box is felt with its corners and with the middles of its edges and faces.
    pub(super) fn touch(
        &mut self,
        surroundings: &impl Surroundings,
        body: &Body,
        index: u32,
        reach_m: f64,
        contacts: &mut Vec<Contact>,
    ) {
        let axes = [DVec3::X, DVec3::Y, DVec3::Z]
            .map(|axis| body.rotation * (axis * body.half_m.dot(axis)));
        let spread_m = axes[0].abs() + axes[1].abs() + axes[2].abs();
        let mut chunk = Chunk::of(self, surroundings, body.position_m);
        let whole = chunk.knows(body.position_m - spread_m, body.position_m + spread_m);
        let high_m = STEEPEST * reach_m;
        let values_m = match &chunk.field {
            Field::Samples(samples) if whole => {
                let middle = place_in_samples(chunk.key, body.position_m);
                values_at(samples, &points(middle, axes))
            }
            Field::Void if whole => return,
            _ => [f32::NEG_INFINITY; POINTS],
        };
        for (point, _) in values_m
            .iter()
            .enumerate()
            .filter(|(_, value_m)| **value_m < high_m as f32)
        {
            let steps = [0, 1, 2].map(|axis| f64::from(STEPS[axis][point]));
            let arm_m = steps[0] * axes[0] + steps[1] * axes[1] + steps[2] * axes[2];
            let at_m = body.position_m + arm_m;
            if !whole && !chunk.knows(at_m, at_m) {
                chunk = Chunk::of(self, surroundings, at_m);
            }
            let felt = match &chunk.field {
                Field::Samples(samples) => {
                    let cell = Cell::at(samples, place_in_samples(chunk.key, at_m));
                    if high_m < cell.value_m() {
                        continue;
                    }
                    cell.feel()
                }
                Field::Void => continue,
                Field::Solid => feel_inside(surroundings, at_m),
            };
            let inner = steps.iter().filter(|&&step| step == 0.0).count();
            // Where hole and rock cancel there is no slope; the value is no distance then.
            let mut gap_m = felt.value_m / felt.slope.length().max(0.1);
            if 0 < inner {
                gap_m += HOLLOW_M;
            }
            // The middle of all lies on no side.
            if reach_m < gap_m || inner == 3 {
                continue;
            }
            let normal = felt.slope.normalize_or(-arm_m.normalize_or(DVec3::Z));
            let grip = self.grip_at(surroundings, at_m - 0.3 * normal);
            contacts.push(Contact::new(
                (index, NOBODY),
                point as u64,
                (arm_m, DVec3::ZERO),
                normal,
                gap_m,
                grip,
            ));
        }
    }
}

/// Steps from the middle of a box to its points along each of its axes; x fastest.
const STEPS: [[f32; POINTS]; 3] = {
    let mut steps = [[0.0; POINTS]; 3];
    let mut point = 0;
    while point < POINTS {
        steps[0][point] = (point % 3) as f32 - 1.0;
        steps[1][point] = (point / 3 % 3) as f32 - 1.0;
        steps[2][point] = (point / 9) as f32 - 1.0;
        point += 1;
    }
    steps
};

/// The points of a box with these half axes, by coordinate.
fn points(middle: DVec3, axes: [DVec3; 3]) -> [[f32; POINTS]; 3] {
    let middle = middle.as_vec3().to_array();
    let axes = axes.map(|axis| axis.as_vec3().to_array());
    let mut points = [[0.0; POINTS]; 3];
    for (along, points) in points.iter_mut().enumerate() {
        for (point, at) in points.iter_mut().enumerate() {
            *at = middle[along]
                + STEPS[0][point] * axes[0][along]
                + STEPS[1][point] * axes[1][along]
                + STEPS[2][point] * axes[2][along];
        }
    }
    points
}

/// A chunk at hand.
struct Chunk {
    key: ChunkKey,
    field: Field,
}

impl Chunk {
    fn of(ground: &mut Ground, surroundings: &impl Surroundings, at_m: DVec3) -> Self {
        let key = ChunkKey::containing(at_m);
        let field = ground.patch(surroundings, key).field.clone();
        Self { key, field }
    }

    /// Whether it tells of all places between two corners.
    fn knows(&self, low_m: DVec3, high_m: DVec3) -> bool {
        // Samples reach half a voxel beyond the sides.
        let beyond_m = match self.field {
            Field::Samples(_) => 0.5 * VOXEL_M,
            Field::Void | Field::Solid => 0.0,
        };
        let from_m = self.key.min_corner_m();
        let to_m = from_m + f64::from(CHUNK_VOXELS) * VOXEL_M + beyond_m;
        (from_m - beyond_m).cmple(low_m).all() && high_m.cmplt(to_m).all()
    }
}

/// Deep inside: rare, so that it may cost something.
fn feel_inside(surroundings: &impl Surroundings, at_m: DVec3) -> Feel {
    let step_m = 0.5 * VOXEL_M;
    let along = |axis: DVec3| {
        surroundings.clearance_m(at_m + step_m * axis)
            - surroundings.clearance_m(at_m - step_m * axis)
    };
    Feel {
        value_m: surroundings.clearance_m(at_m),
        slope: DVec3::new(along(DVec3::X), along(DVec3::Y), along(DVec3::Z)),
    }
}
