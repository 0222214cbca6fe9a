//! Gravity of shapes: the polyhedron, statistics of surfaces, and what cheaper models miss.

use bevy::math::DVec3;
use serde_json::json;

use super::super::input::{Input, Malformed, Range};
use super::Computed;
use crate::sim::asteroid::approximation::{
    CappedMascons, CheapField, Mascons, NodeGrid, PointMass, RelativeErrors, exact_m_s2,
    mu_m3_per_s2,
};
use crate::sim::asteroid::polyhedron::{MeshError, Polyhedron, TriangleMesh, surface_statistics};
use crate::sim::random;

use Range::{NotNegative, Positive};

/// Of a mesh whose density is not given, by the conventions of the group.
const DEFAULT_DENSITY_KG_PER_M3: f64 = 2670.0;

pub(super) fn polyhedron_gravity(input: &Input) -> Result<Computed, Malformed> {
    let point_m = input.point_m("point_m")?;
    let density_kg_per_m3 = if input.has("density_kg_m3") {
        input.number("density_kg_m3", NotNegative)?
    } else {
        DEFAULT_DENSITY_KG_PER_M3
    };
    let mesh = input.named_mesh("mesh", "mesh_location")?;
    let body =
        Polyhedron::new(&mesh, density_kg_per_m3).map_err(|error| no_mesh("mesh", &error))?;
    let field = body.field_at(point_m);
    let mut computed = Computed::from([
        ("potential_m2_s2", field.potential_m2_per_s2),
        ("laplacian_s2", field.laplacian_per_s2),
    ]);
    let acceleration_m_per_s2 = field.acceleration_m_per_s2.to_array();
    computed.numbers("acceleration_m_s2", &acceleration_m_per_s2);
    computed.put("inside", json!(field.inside));
    Ok(computed)
}

pub(super) fn surface_gravity(input: &Input) -> Result<Computed, Malformed> {
    let mu_m3_per_s2 = input.number("GM_m3_s2", Positive)?;
    let period_h = input.number("rotation_period_h", Positive)?;
    let mesh = input.mesh_file("shape")?;
    let height_m = if input.has("height_m") {
        input.number("height_m", NotNegative)?
    } else {
        height_over_faces_m(&mesh)
    };
    let statistics = surface_statistics(&mesh, mu_m3_per_s2, period_h, height_m)
        .map_err(|error| no_mesh("shape", &error))?;
    let mut computed = Computed::from([
        ("volume_m3", statistics.volume_m3),
        ("density_kg_m3", statistics.density_kg_m3),
        ("equivalent_radius_m", statistics.equivalent_radius_m),
        ("sphere_g_m_s2", statistics.sphere_g_m_s2),
        ("sphere_escape_m_s", statistics.sphere_escape_m_s),
        ("slope_mean_deg", statistics.slope_mean_deg),
        ("slope_p95_deg", statistics.slope_p95_deg),
        (
            "point_mass_vector_error_mean",
            statistics.point_mass_vector_error_mean,
        ),
        (
            "point_mass_vector_error_max",
            statistics.point_mass_vector_error_max,
        ),
    ]);
    for (key, spread) in [
        ("g", statistics.g_m_s2),
        ("g_eff", statistics.g_eff_m_s2),
        ("escape_speed", statistics.escape_speed_m_s),
        ("return_speed", statistics.return_speed_m_s),
    ] {
        computed.number(&format!("{key}_min"), spread.min);
        computed.number(&format!("{key}_mean"), spread.mean);
        computed.number(&format!("{key}_max"), spread.max);
    }
    Ok(computed)
}

/// Height at which a surface is sampled, by the conventions of the group: 0.05 m, and 0.5 m for
/// Eros, which is kilometres wide where the others are hundreds of metres.
fn height_over_faces_m(mesh: &TriangleMesh) -> f64 {
    const EROS_VOLUME_M3: f64 = 1e12;
    if EROS_VOLUME_M3 < mesh.volume_m3() {
        0.5
    } else {
        0.05
    }
}

fn no_mesh(field: &str, error: &MeshError) -> Malformed {
    Malformed {
        field: field.into(),
        fault: format!("is no mesh: {error}"),
    }
}

/// Points over a surface, by the conventions of the group, with the exact field there.
struct Trial {
    mesh: TriangleMesh,
    mu_m3_per_s2: f64,
    exact: Polyhedron,
    places: Vec<DVec3>,
    truth: Vec<DVec3>,
}

impl Trial {
    /// `count` points `height_m` over the middle of random faces, along the normal.
    fn of(input: &Input, count: usize) -> Result<Self, Malformed> {
        const MOST_POINTS: f64 = 1e5;
        let mesh = input.mesh_file("shape")?;
        let height_m = input.number("height_m", NotNegative)?;
        let count = if input.has("points") {
            input.number("points", Positive)?.clamp(1.0, MOST_POINTS) as usize
        } else {
            count
        };
        // Errors are relative: any density does.
        let density_kg_m3 = DEFAULT_DENSITY_KG_PER_M3;
        let exact =
            Polyhedron::new(&mesh, density_kg_m3).map_err(|error| no_mesh("shape", &error))?;
        let mut stream = random::stream(0, "gravity_approximation");
        let places: Vec<DVec3> = (0..count)
            .map(|_| {
                let face = (random::uniform(&mut stream) * mesh.faces.len() as f64) as usize;
                let [a, b, c] = mesh.faces[face].map(|v| mesh.vertices_m[v as usize]);
                (a + b + c) / 3.0 + (b - a).cross(c - a).normalize() * height_m
            })
            .collect();
        Ok(Self {
            mu_m3_per_s2: mu_m3_per_s2(&mesh, density_kg_m3),
            truth: exact_m_s2(&exact, &places),
            mesh,
            exact,
            places,
        })
    }

    fn errors(&self, field: &impl CheapField) -> RelativeErrors {
        RelativeErrors::of(&self.truth, field, &self.places)
    }

    /// A length that cuts the body into a number of pieces that can be counted.
    fn pitch_m(&self, input: &Input, field: &str) -> Result<f64, Malformed> {
        const MOST_PIECES: f64 = 1e7;
        let pitch_m = input.number(field, Positive)?;
        if MOST_PIECES < self.mesh.volume_m3() / pitch_m.powi(3) {
            return Err(Malformed {
                field: field.into(),
                fault: format!("= {pitch_m} is too small: the body has more than 1e7 of them"),
            });
        }
        Ok(pitch_m)
    }
}

fn put_errors(computed: &mut Computed, prefix: &str, errors: RelativeErrors) {
    computed.number(&format!("{prefix}mean"), errors.mean);
    computed.number(&format!("{prefix}p95"), errors.p95);
    computed.number(&format!("{prefix}max"), errors.max);
}

pub(super) fn mascons(input: &Input) -> Result<Computed, Malformed> {
    let trial = Trial::of(input, 200)?;
    let voxel_m = trial.pitch_m(input, "voxel_m")?;
    let mascons = Mascons::of(&trial.mesh, trial.mu_m3_per_s2, voxel_m);
    let mut computed = Computed::default();
    computed.put("voxels", json!(mascons.count()));
    put_errors(&mut computed, "point_", trial.errors(&mascons));
    put_errors(
        &mut computed,
        "capped_",
        trial.errors(&CappedMascons(&mascons)),
    );
    Ok(computed)
}

pub(super) fn grid(input: &Input) -> Result<Computed, Malformed> {
    let trial = Trial::of(input, 300)?;
    let spacing_m = trial.pitch_m(input, "spacing_m")?;
    let grid = NodeGrid::around(&trial.exact, spacing_m, &trial.places);
    let mut computed = Computed::default();
    put_errors(&mut computed, "", trial.errors(&grid));
    Ok(computed)
}

pub(super) fn point_mass(input: &Input) -> Result<Computed, Malformed> {
    let trial = Trial::of(input, 300)?;
    let point = PointMass::of(&trial.mesh, trial.mu_m3_per_s2);
    let mut computed = Computed::default();
    let errors = trial.errors(&point);
    put_errors(&mut computed, "", errors);
    put_errors(&mut computed, "point_", errors);
    Ok(computed)
}
