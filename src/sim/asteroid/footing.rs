//! The ground as a machine meets it: which way is up, and the surface it stands on.

use bevy::math::DVec3;
use bevy_rapier3d::rapier::parry::query::Ray;
use bevy_rapier3d::rapier::prelude::{SharedShape, TriMeshFlags};

use super::{ChunkKey, ChunkMesh, GravityCell, Terrain};

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

    /// The collision surface of a chunk, relative to its corner; `None` if the chunk has none.
    ///
    /// Pristine ones are made once for all worlds of the process.
    pub fn collision_shape(&self, key: ChunkKey) -> Option<SharedShape> {
        if self.chunk_revision(key) != 0 {
            return shape(&self.chunk_mesh(key));
        }
        let cache = self.model().collider_cache();
        let known =
            |shapes: &std::collections::HashMap<_, Option<SharedShape>>| shapes.get(&key).cloned();
        // A poisoned lock still guards whole shapes.
        if let Some(made) = known(&cache.lock().unwrap_or_else(|poison| poison.into_inner())) {
            return made;
        }
        let made = shape(&self.chunk_mesh(key));
        cache
            .lock()
            .unwrap_or_else(|poison| poison.into_inner())
            .insert(key, made.clone());
        made
    }

    /// How far from `from_m` along the unit vector `down` the surface that machines stand on lies,
    /// if within `reach_m`. It differs from [`Terrain::signed_distance_m`] by what a metre's voxels
    /// cannot show.
    pub fn drop_m(&self, from_m: DVec3, down: DVec3, reach_m: f64) -> Option<f64> {
        let mut seen = Vec::new();
        let mut nearest = None::<f64>;
        let mut along_m = 0.0;
        while along_m <= reach_m {
            let key = ChunkKey::containing(from_m + along_m * down);
            along_m += 1.0;
            // The mesh of a chunk reaches half a voxel into its neighbours.
            for offset in [[0, 0, 0], [-1, 0, 0], [0, -1, 0], [0, 0, -1]] {
                let key = key.offset(offset);
                if seen.contains(&key) {
                    continue;
                }
                seen.push(key);
                let Some(shape) = self.collision_shape(key) else {
                    continue;
                };
                let ray = Ray::new((from_m - key.min_corner_m()).as_vec3(), down.as_vec3());
                if let Some(hit) = shape.cast_local_ray(&ray, reach_m as f32, false) {
                    let hit_m = f64::from(hit);
                    nearest = Some(nearest.map_or(hit_m, |best: f64| best.min(hit_m)));
                }
            }
        }
        nearest
    }
}

fn shape(mesh: &ChunkMesh) -> Option<SharedShape> {
    if mesh.indices.is_empty() {
        return None;
    }
    let vertices = mesh.positions.iter().map(|&p| p.into()).collect();
    let triangles = mesh
        .indices
        .chunks_exact(3)
        .map(|corners| [corners[0], corners[1], corners[2]])
        .collect();
    // Without the flag a robot that slides along the ground trips on the seams between triangles.
    SharedShape::trimesh_with_flags(vertices, triangles, TriMeshFlags::FIX_INTERNAL_EDGES).ok()
}
