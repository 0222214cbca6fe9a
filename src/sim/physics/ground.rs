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
use crate::sim::asteroid::surface::{Feel, feel};
use crate::sim::asteroid::{CHUNK_VOXELS, ChunkKey, Field, VOXEL_M};

/// Chunks that are kept.
const PATCHES_KEPT: usize = 512;
/// Edges and faces are this hollow [m]: on flat ground a box stands on its corners, and on ground
/// that bulges it is carried by what it lies on, with nothing that goes on and off in between.
const HOLLOW_M: f64 = 1e-3;
/// A clearance greater than this is asked of the surroundings, not of samples [m].
const FAR_M: f64 = 3.0;

/// Sampled chunks, looked up and never walked.
#[derive(Default)]
pub(super) struct Ground {
    patches: HashMap<ChunkKey, Patch>,
}

struct Patch {
    field: Field,
    /// By voxel; made when something first touches it there.
    grips: HashMap<u16, Grip>,
}

impl Ground {
    /// Forgets what has changed.
    pub(super) fn forget(&mut self, key: ChunkKey) {
        self.patches.remove(&key);
    }

    fn patch(&mut self, surroundings: &impl Surroundings, key: ChunkKey) -> &mut Patch {
        if PATCHES_KEPT <= self.patches.len() && !self.patches.contains_key(&key) {
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
            Field::Samples(samples) => feel(key, samples, at_m).value_m,
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
            Field::Samples(samples) => feel(key, samples, at_m),
            Field::Void => Feel {
                value_m: f64::from(CHUNK_VOXELS),
                slope: DVec3::ZERO,
            },
            Field::Solid => {
                // Deep inside: rare, so that it may cost something.
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
        let mut feels = [Feel {
            value_m: f64::INFINITY,
            slope: DVec3::ZERO,
        }; POINTS];
        let arm_m = |point: usize| {
            let [x, y, z] = [point % 3, point / 3 % 3, point / 9].map(|i| i as f64 - 1.0);
            x * axes[0] + y * axes[1] + z * axes[2]
        };
        // One look-up serves a box that lies within one chunk, as most do.
        let low = ChunkKey::containing(
            body.position_m - DVec3::from_array(std::array::from_fn(|i| spread(&axes, i))),
        );
        let high = ChunkKey::containing(
            body.position_m + DVec3::from_array(std::array::from_fn(|i| spread(&axes, i))),
        );
        if low == high
            && let Field::Samples(samples) = &self.patch(surroundings, low).field
        {
            for (point, felt) in feels.iter_mut().enumerate() {
                *felt = feel(low, samples, body.position_m + arm_m(point));
            }
        } else {
            for (point, feel) in feels.iter_mut().enumerate() {
                *feel = self.feel_at(surroundings, body.position_m + arm_m(point));
            }
        }
        for (point, feel) in feels.iter().enumerate() {
            let inner = inner_axes(point);
            if inner == 3 {
                continue;
            }
            // Where hole and rock cancel there is no slope; the value is no distance either then.
            let steepness = feel.slope.length().max(0.1);
            let mut gap_m = feel.value_m / steepness;
            if 0 < inner {
                gap_m += HOLLOW_M;
            }
            if reach_m < gap_m {
                continue;
            }
            let normal = feel
                .slope
                .normalize_or(-arm_m(point).normalize_or(DVec3::Z));
            let arm_m = arm_m(point);
            let grip = self.grip_at(surroundings, body.position_m + arm_m - 0.3 * normal);
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

/// Half the extent along a world axis of a box with these half axes.
fn spread(axes: &[DVec3; 3], axis: usize) -> f64 {
    axes.iter().map(|half| half[axis].abs()).sum()
}

/// In how many directions a point of the 3 × 3 × 3 on a box lies between corners.
fn inner_axes(point: usize) -> usize {
    [point % 3, point / 3 % 3, point / 9]
        .iter()
        .filter(|&&i| i == 1)
        .count()
}
