//! Reading the input of a case, with an error that names the field.

use std::path::Path;

use bevy::math::DVec3;
use serde_json::{Map, Value};
use thiserror::Error;

use crate::sim::asteroid::polyhedron::TriangleMesh;

/// More than any shape model of a small body takes as text.
const MESH_FILE_MAX_BYTES: u64 = 1 << 28;

/// A field of an input that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("input.{field} {fault}")]
pub(super) struct Malformed {
    pub(super) field: String,
    /// What is wrong with it, or what it must be.
    pub(super) fault: String,
}

/// Where meshes of a group's cases are found.
#[derive(Clone, Copy)]
pub(super) struct Meshes<'a> {
    /// Holds the file of cases.
    pub(super) folder: &'a Path,
    /// By name, within that file.
    pub(super) inline: Option<&'a Value>,
}

/// Values that make sense for a number.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Range {
    Any,
    Positive,
    NotNegative,
    /// From 0 to 1, both included.
    Share,
    Negative,
    /// As rates of growth are.
    AboveMinusOne,
}

impl Range {
    fn contains(self, value: f64) -> bool {
        match self {
            Self::Any => true,
            Self::Positive => 0.0 < value,
            Self::NotNegative => 0.0 <= value,
            Self::Share => (0.0..=1.0).contains(&value),
            Self::Negative => value < 0.0,
            Self::AboveMinusOne => -1.0 < value,
        }
    }

    /// The same in words.
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Any => "a number",
            Self::Positive => "a number above 0",
            Self::NotNegative => "a number of at least 0",
            Self::Share => "a number from 0 to 1",
            Self::Negative => "a number below 0",
            Self::AboveMinusOne => "a number above -1",
        }
    }
}

/// The input of one case.
pub(super) struct Input<'a> {
    pub(super) map: &'a Map<String, Value>,
    pub(super) meshes: Meshes<'a>,
}

impl Input<'_> {
    pub(super) fn has(&self, field: &str) -> bool {
        self.map.contains_key(field)
    }

    pub(super) fn number(&self, field: &str, range: Range) -> Result<f64, Malformed> {
        let value = self.value(field, range.as_str())?;
        number_in(value, range).ok_or_else(|| misfit(field, value, range.as_str()))
    }

    /// A list with one entry per element, read by `read`, which says what it expected instead.
    pub(super) fn list<T>(
        &self,
        field: &str,
        expected: &'static str,
        read: impl Fn(&Value) -> Option<T>,
    ) -> Result<Vec<T>, Malformed> {
        list_in(field, self.value(field, "a list")?, expected, read)
    }

    pub(super) fn point_m(&self, field: &str) -> Result<DVec3, Malformed> {
        let expected = "a list of three numbers";
        let value = self.value(field, expected)?;
        point_in(value).ok_or_else(|| misfit(field, value, expected))
    }

    /// The mesh that `name_field` names: given in place, in the file of cases, or, by
    /// `path_field`, in a file of its own.
    pub(super) fn named_mesh(
        &self,
        name_field: &str,
        path_field: &str,
    ) -> Result<TriangleMesh, Malformed> {
        match self.map.get(path_field) {
            Some(Value::String(path)) if path != "inline" => {
                return self.mesh_of_file(path_field, path);
            }
            None | Some(Value::String(_)) => {}
            Some(value) => return Err(misfit(path_field, value, "\"inline\" or a path")),
        }
        let value = self.value(name_field, "the name of a mesh")?;
        if value.is_object() {
            return mesh_in(name_field, value);
        }
        let name = value
            .as_str()
            .ok_or_else(|| misfit(name_field, value, "the name of a mesh"))?;
        let content = self.meshes.inline.and_then(|meshes| meshes.get(name));
        let content = content.ok_or_else(|| Malformed {
            field: name_field.into(),
            fault: format!("names {name:?}, which is not among the group's meshes_inline"),
        })?;
        mesh_in(name_field, content)
    }

    /// The mesh in the file that `field` names.
    pub(super) fn mesh_file(&self, field: &str) -> Result<TriangleMesh, Malformed> {
        let value = self.value(field, "a path")?;
        let path = value
            .as_str()
            .ok_or_else(|| misfit(field, value, "a path"))?;
        self.mesh_of_file(field, path)
    }

    fn mesh_of_file(&self, field: &str, path: &str) -> Result<TriangleMesh, Malformed> {
        let path = self.meshes.folder.join(path);
        let fault = |what: String| Malformed {
            field: field.into(),
            fault: format!("names {}, which {what}", path.display()),
        };
        // Never waits on a pipe or reads a device without end.
        let facts =
            std::fs::metadata(&path).map_err(|error| fault(format!("cannot be read: {error}")))?;
        if !facts.is_file() || MESH_FILE_MAX_BYTES < facts.len() {
            return Err(fault("cannot be read: not a file of sane size".into()));
        }
        let text = std::fs::read_to_string(&path)
            .map_err(|error| fault(format!("cannot be read: {error}")))?;
        TriangleMesh::from_obj(&text).map_err(|error| fault(format!("is no mesh: {error}")))
    }

    fn value(&self, field: &str, expected: &str) -> Result<&Value, Malformed> {
        self.map.get(field).ok_or_else(|| Malformed {
            field: field.into(),
            fault: format!("is missing and must be {expected}"),
        })
    }
}

/// A number of a JSON value within a range.
pub(super) fn number_in(value: &Value, range: Range) -> Option<f64> {
    let number = value.as_f64()?;
    (number.is_finite() && range.contains(number)).then_some(number)
}

fn point_in(value: &Value) -> Option<DVec3> {
    let coordinates: Option<Vec<f64>> = value
        .as_array()?
        .iter()
        .map(|coordinate| number_in(coordinate, Range::Any))
        .collect();
    <[f64; 3]>::try_from(coordinates?).ok().map(DVec3::from)
}

fn list_in<T>(
    field: &str,
    value: &Value,
    expected: &'static str,
    read: impl Fn(&Value) -> Option<T>,
) -> Result<Vec<T>, Malformed> {
    let elements = value
        .as_array()
        .ok_or_else(|| misfit(field, value, "a list"))?;
    let read = (0..).zip(elements).map(|(index, element)| {
        let place = || format!("{field}[{index}]");
        read(element).ok_or_else(|| misfit(&place(), element, expected))
    });
    read.collect()
}

fn mesh_in(field: &str, value: &Value) -> Result<TriangleMesh, Malformed> {
    let part = |name: &str| value.get(name).unwrap_or(&Value::Null);
    let mesh = TriangleMesh {
        vertices_m: list_in(
            &format!("{field}.vertices_m"),
            part("vertices_m"),
            "a list of three numbers",
            point_in,
        )?,
        faces: list_in(
            &format!("{field}.faces_0based"),
            part("faces_0based"),
            "a list of three vertex numbers",
            |face| {
                let corners: Option<Vec<u32>> = face
                    .as_array()?
                    .iter()
                    .map(|corner| corner.as_u64()?.try_into().ok())
                    .collect();
                corners?.try_into().ok()
            },
        )?,
    };
    mesh.check().map_err(|error| Malformed {
        field: field.into(),
        fault: format!("is no mesh: {error}"),
    })?;
    Ok(mesh)
}

fn misfit(field: &str, value: &Value, expected: &str) -> Malformed {
    // A short value helps to find it, a long one hides the message.
    let value = value.to_string();
    let shown: String = value.chars().take(40).collect();
    let dots = if shown.len() < value.len() { "…" } else { "" };
    Malformed {
        field: field.into(),
        fault: format!("= {shown}{dots} must be {expected}"),
    }
}
