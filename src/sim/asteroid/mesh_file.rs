//! A mesh of the author's own: read from OBJ or glTF, checked, and put about its centre of mass.
//!
//! Units are metres, axes are those of the body: +Z is the axis of rotation. glTF scenes are read
//! with the transforms of their nodes and no other turn. Vertices at the same place are one, since
//! exporters split them along seams.

use std::collections::HashMap;
use std::path::Path;

use bevy::math::{DMat4, DVec3};
use thiserror::Error;
use xxhash_rust::xxh3::xxh3_64;

use super::polyhedron::{MeshError, TriangleMesh};

/// Sizes that a body may have, longest extent [m].
const SIZE_M: (f64, f64) = (2.0, 2e6);
/// Facets of a body, at most: finer ones make gravity slow and are lost in voxels.
const FACES_MAX: usize = 500_000;
/// Bytes of a file, at most.
const BYTES_MAX: u64 = 200_000_000;

/// A mesh that can be a body.
#[derive(Clone, Debug)]
pub struct MeshFile {
    /// From the centre of mass.
    pub mesh: TriangleMesh,
    /// By how much the vertices of the file were moved to have the centre of mass at the origin.
    pub shift_m: DVec3,
    /// Of the bytes of the file, to know it again.
    pub digest: u64,
}

/// Why a file is no body: one sentence with the file and what was expected.
#[derive(Clone, Debug, Error, PartialEq)]
pub enum MeshFileError {
    #[error("cannot read the mesh \"{file}\": {reason}")]
    Read { file: String, reason: String },
    #[error("the mesh \"{file}\" has an unknown format; expected .obj, .gltf or .glb")]
    Format { file: String },
    #[error("the mesh \"{file}\" cannot be understood: {reason}")]
    Syntax { file: String, reason: String },
    #[error(
        "the mesh \"{file}\" is open or wound inconsistently at the edge from {from} to {to}; \
         every edge must be used twice, once in each direction"
    )]
    Open {
        file: String,
        from: DVec3,
        to: DVec3,
    },
    #[error(
        "the mesh \"{file}\" is wound inwards: its volume is {volume_m3:.3e} m³; faces must be \
         counter-clockwise as seen from outside"
    )]
    Inward { file: String, volume_m3: f64 },
    #[error("face {face} of the mesh \"{file}\" near {near} has no area")]
    Degenerate {
        file: String,
        face: usize,
        near: DVec3,
    },
    #[error("vertex {vertex} of the mesh \"{file}\" is not finite")]
    NotFinite { file: String, vertex: usize },
    #[error("the mesh \"{file}\" has no faces")]
    Empty { file: String },
    #[error(
        "the mesh \"{file}\" is {size_m} m long; a body must be from {} m to {} km, in metres",
        SIZE_M.0, SIZE_M.1 / 1e3
    )]
    Size { file: String, size_m: f64 },
    #[error("the mesh \"{file}\" has {faces} faces; at most {FACES_MAX} are of use")]
    TooFine { file: String, faces: usize },
}

/// Reads and checks a mesh.
///
/// # Errors
/// The first thing that keeps it from being a body.
pub fn read(file: &str) -> Result<MeshFile, MeshFileError> {
    let path = Path::new(file);
    let unreadable = |reason: String| MeshFileError::Read {
        file: file.to_owned(),
        reason,
    };
    let size = std::fs::metadata(path).map_err(|error| unreadable(error.to_string()))?;
    if BYTES_MAX < size.len() {
        return Err(unreadable(format!("it is larger than {BYTES_MAX} bytes")));
    }
    let bytes = std::fs::read(path).map_err(|error| unreadable(error.to_string()))?;
    let syntax = |reason: String| MeshFileError::Syntax {
        file: file.to_owned(),
        reason,
    };
    let extension = path.extension().and_then(|e| e.to_str()).unwrap_or("");
    let soup = match extension.to_ascii_lowercase().as_str() {
        "obj" => {
            let text = std::str::from_utf8(&bytes).map_err(|error| syntax(error.to_string()))?;
            TriangleMesh::parse_obj(text).map_err(|error| syntax(error.to_string()))?
        }
        "gltf" | "glb" => gltf_mesh(path, &bytes).map_err(syntax)?,
        _ => {
            return Err(MeshFileError::Format {
                file: file.to_owned(),
            });
        }
    };
    let (mesh, shift_m) = checked(soup, file)?;
    Ok(MeshFile {
        mesh,
        shift_m,
        digest: xxh3_64(&bytes),
    })
}

/// Welds, checks and centres a mesh; returns it with the shift.
fn checked(soup: TriangleMesh, file: &str) -> Result<(TriangleMesh, DVec3), MeshFileError> {
    let named = || file.to_owned();
    if soup.faces.is_empty() {
        return Err(MeshFileError::Empty { file: named() });
    }
    if FACES_MAX < soup.faces.len() {
        return Err(MeshFileError::TooFine {
            file: named(),
            faces: soup.faces.len(),
        });
    }
    if let Some(vertex) = soup.vertices_m.iter().position(|v| !v.is_finite()) {
        return Err(MeshFileError::NotFinite {
            file: named(),
            vertex,
        });
    }
    let mut mesh = welded(soup);
    let (mut low, mut high) = (DVec3::INFINITY, DVec3::NEG_INFINITY);
    for &vertex in &mesh.vertices_m {
        low = low.min(vertex);
        high = high.max(vertex);
    }
    let size_m = (high - low).max_element();
    if !(SIZE_M.0 <= size_m && size_m <= SIZE_M.1) {
        return Err(MeshFileError::Size {
            file: named(),
            size_m,
        });
    }
    // About the middle first: volumes far from the origin lose digits.
    let middle = 0.5 * (low + high);
    for vertex in &mut mesh.vertices_m {
        *vertex -= middle;
    }
    let place = |vertex: u32| mesh.vertices_m[vertex as usize] + middle;
    mesh.check().map_err(|error| match error {
        MeshError::Open { from, to } => MeshFileError::Open {
            file: named(),
            from: place(from),
            to: place(to),
        },
        MeshError::NoVolume { volume_m3 } => MeshFileError::Inward {
            file: named(),
            volume_m3,
        },
        MeshError::Degenerate { face } => MeshFileError::Degenerate {
            file: named(),
            face,
            near: place(mesh.faces[face][0]),
        },
        other => MeshFileError::Syntax {
            file: named(),
            reason: other.to_string(),
        },
    })?;
    let centroid = mesh.centroid_m();
    for vertex in &mut mesh.vertices_m {
        *vertex -= centroid;
    }
    Ok((mesh, -(middle + centroid)))
}

/// Makes vertices at the same place one, and leaves out those that no face uses.
fn welded(soup: TriangleMesh) -> TriangleMesh {
    let mut known: HashMap<[u64; 3], u32> = HashMap::new();
    let mut vertices_m = Vec::new();
    let mut faces = Vec::with_capacity(soup.faces.len());
    let count = soup.vertices_m.len();
    for face in soup.faces {
        // What names no vertex is left for the check to find.
        if face.iter().any(|&v| count <= v as usize) {
            faces.push(face.map(|_| u32::MAX));
            continue;
        }
        let corners = face.map(|v| {
            let place = soup.vertices_m[v as usize];
            // Adding zero makes −0 and 0 one.
            let name = (place + 0.0).to_array().map(f64::to_bits);
            *known.entry(name).or_insert_with(|| {
                vertices_m.push(place);
                vertices_m.len() as u32 - 1
            })
        });
        faces.push(corners);
    }
    TriangleMesh { vertices_m, faces }
}

/// All triangles of the scene of a glTF file.
fn gltf_mesh(path: &Path, bytes: &[u8]) -> Result<TriangleMesh, String> {
    let gltf = gltf::Gltf::from_slice(bytes).map_err(|error| error.to_string())?;
    let folder = path.parent().unwrap_or(Path::new(""));
    let mut buffers = Vec::new();
    for buffer in gltf.buffers() {
        let data = match buffer.source() {
            gltf::buffer::Source::Bin => gltf.blob.clone().ok_or("the binary part is missing")?,
            gltf::buffer::Source::Uri(uri) if uri.starts_with("data:") => {
                return Err("its buffers are written as text; save it as .glb".to_owned());
            }
            gltf::buffer::Source::Uri(uri) => std::fs::read(folder.join(uri))
                .map_err(|error| format!("its buffer \"{uri}\" cannot be read: {error}"))?,
        };
        if data.len() < buffer.length() {
            return Err(format!(
                "buffer {} holds {} bytes of {}",
                buffer.index(),
                data.len(),
                buffer.length()
            ));
        }
        buffers.push(data);
    }
    let mut mesh = TriangleMesh {
        vertices_m: Vec::new(),
        faces: Vec::new(),
    };
    let scene = gltf
        .default_scene()
        .or_else(|| gltf.scenes().next())
        .ok_or("it has no scene")?;
    let mut waiting: Vec<(gltf::Node, DMat4)> =
        scene.nodes().map(|node| (node, DMat4::IDENTITY)).collect();
    let mut visited = 0;
    while let Some((node, parent)) = waiting.pop() {
        visited += 1;
        if 100_000 < visited {
            return Err("its nodes form a circle".to_owned());
        }
        let local = bevy::math::Mat4::from_cols_array_2d(&node.transform().matrix()).as_dmat4();
        let to_body = parent * local;
        waiting.extend(node.children().map(|child| (child, to_body)));
        let Some(part) = node.mesh() else { continue };
        for primitive in part.primitives() {
            if primitive.mode() != gltf::mesh::Mode::Triangles {
                return Err("it has lines, points or strips; only triangles are a body".to_owned());
            }
            let reader = primitive.reader(|buffer| buffers.get(buffer.index()).map(Vec::as_slice));
            let first = mesh.vertices_m.len() as u32;
            let places = reader
                .read_positions()
                .ok_or("a part of it has no positions")?;
            mesh.vertices_m.extend(
                places.map(|p| to_body.transform_point3(bevy::math::Vec3::from(p).as_dvec3())),
            );
            let count = mesh.vertices_m.len() as u32 - first;
            let indices: Vec<u32> = match reader.read_indices() {
                Some(indices) => indices.into_u32().collect(),
                None => (0..count).collect(),
            };
            if let Some(index) = indices.iter().find(|&&index| count <= index) {
                return Err(format!("a face names vertex {index} of {count}"));
            }
            mesh.faces.extend(
                indices
                    .chunks_exact(3)
                    .map(|c| [first + c[0], first + c[1], first + c[2]]),
            );
        }
    }
    Ok(mesh)
}
