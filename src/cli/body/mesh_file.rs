//! The surface of a body as Wavefront OBJ and as binary glTF 2.0.
//!
//! Both keep the body frame as it is: metres from the centre of mass, z along the spin axis, faces
//! wound outwards. glTF readers take y for up, so that the body lies on its side there; turning it
//! would give the points other coordinates than the program's own.

use bevy::math::DVec3;
use serde_json::json;

use super::Facts;
use crate::sim::asteroid::polyhedron::TriangleMesh;

pub fn obj(facts: &Facts, mesh: &TriangleMesh) -> String {
    let mut text = format!(
        "# {}, seed {}: closed surface in metres from the centre of mass, z along the spin axis\n\
         # constant density {} kg/m3, volume {} m3, mass {} kg\n\
         # {} vertices, {} faces, wound counter-clockwise as seen from outside\n",
        facts.name,
        facts.seed,
        facts.density_kg_m3,
        facts.volume_m3,
        facts.mass_kg,
        mesh.vertices_m.len(),
        mesh.faces.len()
    );
    for v in &mesh.vertices_m {
        text += &format!("v {:.6} {:.6} {:.6}\n", v.x, v.y, v.z);
    }
    for [a, b, c] in &mesh.faces {
        text += &format!("f {} {} {}\n", a + 1, b + 1, c + 1);
    }
    text
}

/// Source: Khronos Group, glTF 2.0 specification (2021), sections 3.6 and 4.4.
pub fn glb(facts: &Facts, mesh: &TriangleMesh) -> Vec<u8> {
    const ARRAY_BUFFER: u32 = 34_962;
    const ELEMENT_ARRAY_BUFFER: u32 = 34_963;
    const FLOAT: u32 = 5_126;
    const UNSIGNED_INT: u32 = 5_125;

    let positions: Vec<[f32; 3]> = (mesh.vertices_m.iter())
        .map(|v| v.as_vec3().to_array())
        .collect();
    let mut normals = vec![DVec3::ZERO; positions.len()];
    for face in &mesh.faces {
        let [a, b, c] = face.map(|v| mesh.vertices_m[v as usize]);
        let area = (b - a).cross(c - a);
        for &vertex in face {
            normals[vertex as usize] += area;
        }
    }
    let mut binary = Vec::with_capacity(positions.len() * 24 + mesh.faces.len() * 12);
    let floats = |binary: &mut Vec<u8>, v: [f32; 3]| {
        for x in v {
            binary.extend(x.to_le_bytes());
        }
    };
    for &position in &positions {
        floats(&mut binary, position);
    }
    let normals_at = binary.len();
    for (normal, vertex) in normals.iter().zip(&mesh.vertices_m) {
        let outward = normal.normalize_or(vertex.normalize_or(DVec3::Z));
        floats(&mut binary, outward.as_vec3().to_array());
    }
    let indices_at = binary.len();
    for index in mesh.faces.iter().flatten() {
        binary.extend(index.to_le_bytes());
    }
    let extreme = |choose: fn(f32, f32) -> f32, start: f32| {
        positions.iter().fold([start; 3], |extreme, p| {
            std::array::from_fn(|axis| choose(extreme[axis], p[axis]))
        })
    };
    let document = json!({
        "asset": {"version": "2.0", "generator": "bonanza"},
        "scene": 0,
        "scenes": [{"nodes": [0]}],
        "nodes": [{"name": facts.name, "mesh": 0}],
        "meshes": [{
            "name": facts.name,
            "primitives": [{"attributes": {"POSITION": 0, "NORMAL": 1}, "indices": 2, "mode": 4}],
            "extras": {
                "unit": "m",
                "spin_axis": "z",
                "seed": facts.seed,
                "mass_kg": facts.mass_kg,
                "volume_m3": facts.volume_m3,
                "density_kg_m3": facts.density_kg_m3,
            },
        }],
        "accessors": [
            {
                "bufferView": 0, "componentType": FLOAT, "count": positions.len(), "type": "VEC3",
                "min": extreme(f32::min, f32::MAX), "max": extreme(f32::max, f32::MIN),
            },
            {"bufferView": 1, "componentType": FLOAT, "count": positions.len(), "type": "VEC3"},
            {
                "bufferView": 2, "componentType": UNSIGNED_INT, "count": mesh.faces.len() * 3,
                "type": "SCALAR",
            },
        ],
        "bufferViews": [
            {"buffer": 0, "byteOffset": 0, "byteLength": normals_at, "target": ARRAY_BUFFER},
            {
                "buffer": 0, "byteOffset": normals_at, "byteLength": indices_at - normals_at,
                "target": ARRAY_BUFFER,
            },
            {
                "buffer": 0, "byteOffset": indices_at, "byteLength": binary.len() - indices_at,
                "target": ELEMENT_ARRAY_BUFFER,
            },
        ],
        "buffers": [{"byteLength": binary.len()}],
    });
    let mut text = document.to_string().into_bytes();
    // Chunks are whole words, filled up with spaces and zeros.
    text.resize(text.len().next_multiple_of(4), b' ');
    binary.resize(binary.len().next_multiple_of(4), 0);
    let mut file = Vec::with_capacity(28 + text.len() + binary.len());
    file.extend(b"glTF");
    file.extend(2_u32.to_le_bytes());
    file.extend((28 + text.len() as u32 + binary.len() as u32).to_le_bytes());
    for (kind, chunk) in [(b"JSON", &text), (b"BIN\0", &binary)] {
        file.extend((chunk.len() as u32).to_le_bytes());
        file.extend(kind);
        file.extend(chunk);
    }
    file
}
