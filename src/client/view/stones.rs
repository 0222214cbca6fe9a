//! Loose stones on the near ground, smaller than a voxel: drawn, but too small to stop a robot.
//!
//! Each chunk has its own, from its place alone, so they lie where they lay whenever one comes
//! back. A stone goes when the ground under it is dug.

use std::f32::consts::TAU;

use bevy::prelude::*;
use rand::{RngExt, SeedableRng};

use crate::sim::asteroid::{ChunkKey, Terrain};

use super::body::Shape;

/// Stones per square metre larger than [`SMALLEST_M`].
const PER_SQUARE_METRE: f32 = 0.9;
/// Radius of the smallest stone drawn as a body of its own [m].
const SMALLEST_M: f32 = 0.055;
/// Radius of the largest [m]: larger ones are part of the ground.
const LARGEST_M: f32 = 0.34;

/// The stones of a chunk as one mesh, in the frame of its ground.
pub(super) fn scatter(terrain: &Terrain, chunk: ChunkKey, ground: &Shape) -> Option<Mesh> {
    let place = [chunk.x, chunk.y, chunk.z].iter().fold(0u64, |hash, &v| {
        (hash ^ (v as u32 as u64))
            .wrapping_mul(0x9E37_79B9_7F4A_7C15)
            .rotate_left(23)
    });
    let mut random = rand_pcg::Pcg64Mcg::seed_from_u64(terrain.model().seed() ^ place);
    let mut stones = Shape {
        positions: Vec::new(),
        normals: Vec::new(),
        dug: Vec::new(),
        indices: Vec::new(),
    };
    for triangle in ground.indices.chunks_exact(3) {
        let [a, b, c] = [0, 1, 2].map(|k| Vec3::from(ground.positions[triangle[k] as usize]));
        let normal = (b - a).cross(c - a);
        let area_m2 = 0.5 * normal.length();
        // Every draw is made whatever becomes of it, so that a hole moves no other stone.
        let wanted = area_m2 * PER_SQUARE_METRE;
        let count =
            wanted as usize + usize::from(random.random_range(0.0f32..1.0) < wanted.fract());
        for _ in 0..count {
            let (u, v) = (
                random.random_range(0.0f32..1.0),
                random.random_range(0.0f32..1.0),
            );
            let (u, v) = if 1.0 < u + v {
                (1.0 - u, 1.0 - v)
            } else {
                (u, v)
            };
            let share = random.random_range(0.0f32..1.0);
            // Cumulative number falls as the square of the size.
            let radius_m =
                SMALLEST_M / (1.0 - share * (1.0 - (SMALLEST_M / LARGEST_M).powi(2))).sqrt();
            let dug = ground.dug[triangle[0] as usize];
            let at = a + (b - a) * u + (c - a) * v;
            let up = normal.normalize_or(Vec3::Z);
            add_stone(
                &mut stones,
                &mut random,
                at + up * radius_m * 0.25,
                up,
                radius_m,
                dug,
            );
        }
    }
    (!stones.indices.is_empty()).then(|| stones.into_mesh())
}

/// An angular stone: an icosahedron pulled out of shape, with flat faces.
fn add_stone(
    stones: &mut Shape,
    random: &mut rand_pcg::Pcg64Mcg,
    centre: Vec3,
    up: Vec3,
    radius_m: f32,
    dug: f32,
) {
    let turn = Quat::from_rotation_arc(Vec3::Y, up)
        * Quat::from_rotation_y(random.random_range(0.0..TAU))
        * Quat::from_rotation_x(random.random_range(-0.5..0.5));
    let stretch = Vec3::new(
        random.random_range(0.75..1.35),
        random.random_range(0.55..0.95),
        random.random_range(0.75..1.25),
    );
    let corners: Vec<Vec3> = CORNERS
        .iter()
        .map(|&corner| {
            let size = radius_m * random.random_range(0.72..1.12);
            centre + turn * (Vec3::from(corner).normalize() * stretch * size)
        })
        .collect();
    if 0.6 < dug {
        return;
    }
    for face in FACES {
        let [a, b, c] = face.map(|corner| corners[corner]);
        let normal = (b - a).cross(c - a).normalize_or(up);
        // Nothing is seen of what is under the ground.
        if normal.dot(up) < -0.55 {
            continue;
        }
        for corner in [a, b, c] {
            stones.indices.push(stones.positions.len() as u32);
            stones.positions.push(corner.to_array());
            stones.normals.push(normal.to_array());
            stones.dug.push(0.0);
        }
    }
}

const G: f32 = 1.618_034;
const CORNERS: [[f32; 3]; 12] = [
    [-1.0, G, 0.0],
    [1.0, G, 0.0],
    [-1.0, -G, 0.0],
    [1.0, -G, 0.0],
    [0.0, -1.0, G],
    [0.0, 1.0, G],
    [0.0, -1.0, -G],
    [0.0, 1.0, -G],
    [G, 0.0, -1.0],
    [G, 0.0, 1.0],
    [-G, 0.0, -1.0],
    [-G, 0.0, 1.0],
];
const FACES: [[usize; 3]; 20] = [
    [0, 11, 5],
    [0, 5, 1],
    [0, 1, 7],
    [0, 7, 10],
    [0, 10, 11],
    [1, 5, 9],
    [5, 11, 4],
    [11, 10, 2],
    [10, 7, 6],
    [7, 1, 8],
    [3, 9, 4],
    [3, 4, 2],
    [3, 2, 6],
    [3, 6, 8],
    [3, 8, 9],
    [4, 9, 5],
    [2, 4, 11],
    [6, 2, 10],
    [8, 6, 7],
    [9, 8, 1],
];
