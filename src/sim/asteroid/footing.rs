//! The ground as a machine meets it: which way is up, and the surface it stands on.

use bevy::math::DVec3;

use super::surface::Cell;
use super::{ChunkKey, Field, GravityCell, Terrain, VOXEL_M};

impl Terrain {
    /// Unit vector against the weight of a thing at rest here: gravity and spin together.
    ///
    /// Where the two cancel, away from the centre.
    pub fn up(&self, at_m: DVec3) -> DVec3 {
        self.up_by(at_m, &mut GravityCell::default())
    }

    /// As [`Terrain::up`], through a cache.
    pub fn up_by(&self, at_m: DVec3, cell: &mut GravityCell) -> DVec3 {
        let weight = self.acceleration_m_s2(at_m, DVec3::ZERO, cell);
        (-weight).normalize_or(self.model().outward(at_m))
    }

    /// Value of the field that feet feel [m]: about the distance to the ground, negative below it.
    ///
    /// It differs from [`Terrain::signed_distance_m`] by what a metre's voxels cannot show.
    pub fn felt_m(&self, at_m: DVec3) -> f64 {
        let key = ChunkKey::containing(at_m);
        self.felt_in_m(key, &self.field(key), at_m)
    }

    /// [`Terrain::felt_m`] in a chunk whose field is at hand.
    fn felt_in_m(&self, key: ChunkKey, field: &Field, at_m: DVec3) -> f64 {
        match field {
            Field::Samples(samples) => Cell::around(key, samples, at_m).value_m(),
            Field::Void | Field::Solid => self.signed_distance_m(at_m),
        }
    }

    /// How far from `from_m` along the unit vector `down` the ground that machines stand on lies, if
    /// within `reach_m`.
    pub fn drop_m(&self, from_m: DVec3, down: DVec3, reach_m: f64) -> Option<f64> {
        // Distances are of the pristine surface: where something was dug or heaped, the ground may be
        // nearer.
        let around = |key: ChunkKey| (key, self.field(key), self.chunk_revision(key) == 0);
        let mut at_hand = around(ChunkKey::containing(from_m));
        let mut gap_m = |along_m: f64| {
            let at_m = from_m + along_m * down;
            let key = ChunkKey::containing(at_m);
            if at_hand.0 != key {
                at_hand = around(key);
            }
            let (_, field, pristine) = &at_hand;
            let gap_m = self.felt_in_m(key, field, at_m);
            if *pristine { gap_m } else { gap_m.min(VOXEL_M) }
        };
        let mut above_m = 0.0;
        let mut gap_above_m = gap_m(above_m);
        if gap_above_m < 0.0 {
            return Some(0.0);
        }
        loop {
            // Shorter than the gap, which the field may overrate a little.
            let below_m = above_m + (0.6 * gap_above_m).max(0.02);
            if reach_m < below_m {
                return None;
            }
            let gap_below_m = gap_m(below_m);
            if gap_below_m < 0.0 {
                let (mut low_m, mut high_m) = (above_m, below_m);
                while 1e-6 < high_m - low_m {
                    let middle_m = 0.5 * (low_m + high_m);
                    if gap_m(middle_m) < 0.0 {
                        high_m = middle_m;
                    } else {
                        low_m = middle_m;
                    }
                }
                return Some(low_m);
            }
            (above_m, gap_above_m) = (below_m, gap_below_m);
        }
    }
}
