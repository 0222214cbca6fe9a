//! `bonanza body`: what a body is like, its mesh, a map, and the gravity that robots feel there.
//!
//! This is the workshop's view of a body: it knows the ground, which no brain does.

mod map;
mod mesh_file;
mod picture;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bevy::math::DVec3;
use clap::Args;
use indicatif::{ProgressBar, ProgressDrawTarget};
use serde::Serialize;
use serde_json::Value;

use self::map::Map;
use super::{Failure, print_json, print_text};
use crate::sim::asteroid::figure::GRAVITATIONAL_CONSTANT_M3_PER_KG_S2;
use crate::sim::asteroid::polyhedron::{
    FaceSample, Spread, SurfaceStatistics, TriangleMesh, face_samples,
};
use crate::sim::asteroid::{BodyModel, GravityCell, Terrain};
use crate::sim::level::Level;

/// Height over the middle of each face at which the figures of the surface hold.
const HEIGHT_M: f64 = 0.05;
/// Coordinates of points are smaller than this.
const FARTHEST_M: f64 = 1e12;

#[derive(Debug, Args)]
pub struct BodyArgs {
    /// A body of the catalogue, or a level whose body is meant
    name: String,
    /// Seed of relief, boulders and ore, in place of 0 or of the level's own
    #[arg(long, value_name = "N")]
    seed: Option<u64>,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
    /// Write the surface as a mesh (.glb or .obj) or a map (.png)
    #[arg(short, long, value_name = "FILE")]
    out: Option<PathBuf>,
    /// Tell gravity at the points of a JSON list of [x, y, z], in metres from the centre
    #[arg(long, value_name = "FILE")]
    at: Option<PathBuf>,
}

/// What can be written, by the ending of the file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Format {
    Obj,
    Glb,
    Png,
}

/// The facts of a body, under the names that `docs/cli.md` promises.
#[derive(Debug, Serialize)]
struct Facts {
    name: String,
    id: String,
    seed: u64,
    /// Class of matter.
    class: String,
    mass_kg: f64,
    volume_m3: f64,
    density_kg_m3: f64,
    mean_radius_m: f64,
    /// Null if unknown.
    rotation_period_h: Option<f64>,
    g_min_m_s2: f64,
    g_mean_m_s2: f64,
    g_max_m_s2: f64,
    g_eff_min_m_s2: f64,
    g_eff_mean_m_s2: f64,
    g_eff_max_m_s2: f64,
    g_eff_inward_min_m_s2: f64,
    slope_mean_deg: f64,
    slope_median_deg: f64,
    slope_p95_deg: f64,
    slope_max_deg: f64,
    escape_speed_min_m_s: f64,
    escape_speed_mean_m_s: f64,
    escape_speed_max_m_s: f64,
    return_speed_min_m_s: f64,
    return_speed_mean_m_s: f64,
    return_speed_max_m_s: f64,
    surely_back_speed_min_m_s: f64,
    surely_back_speed_mean_m_s: f64,
    surely_back_speed_max_m_s: f64,
    composition: BTreeMap<&'static str, f64>,
    resources_t: BTreeMap<&'static str, f64>,
    mesh_vertices: usize,
    mesh_faces: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    gravity: Option<Vec<GravityAt>>,
}

/// Gravity at a place, as the robots feel it.
#[derive(Debug, Serialize)]
struct GravityAt {
    point_m: [f64; 3],
    /// Over the surface of the mesh; negative inside.
    height_m: f64,
    /// Gravitation alone.
    acceleration_m_s2: [f64; 3],
    /// With the centrifugal term.
    effective_m_s2: [f64; 3],
}

pub fn body(args: &BodyArgs) -> Result<(), Failure> {
    // What can be refused is refused before anything takes time.
    let out = (args.out.as_deref())
        .map(|path| Ok((path, Format::of(path)?)))
        .transpose()?;
    let points = args.at.as_deref().map(read_points).transpose()?;
    let model = find_body(&args.name, args.seed)?;

    let target = ProgressDrawTarget::stderr_with_hz(10);
    let bar = ProgressBar::with_draw_target(None, target);
    bar.enable_steady_tick(std::time::Duration::from_millis(200));
    bar.set_message("shaping the surface");
    let mesh = model.surface_mesh();
    bar.set_message("weighing every facet");
    let samples = samples_of(&model, &mesh);
    bar.set_message("looking into the ground");
    let mut facts = Facts::of(&model, &mesh, &samples);
    if let Some(points) = &points {
        bar.set_message("feeling gravity at the points");
        facts.gravity = Some(gravity_at(&model, points));
    }
    if let Some((path, format)) = out {
        bar.set_message("writing");
        let content = match format {
            Format::Obj => mesh_file::obj(&facts, &mesh).into_bytes(),
            Format::Glb => mesh_file::glb(&facts, &mesh),
            Format::Png => Map::of(&model, &mesh, &samples).png(&facts),
        };
        fs::write(path, content).map_err(|error| {
            Failure::Input(format!("{}: cannot be written: {error}", path.display()))
        })?;
    }
    bar.finish_and_clear();
    if args.json {
        print_json(&facts)
    } else {
        print_text(&facts.table());
        Ok(())
    }
}

impl Format {
    fn of(path: &Path) -> Result<Self, Failure> {
        let ending = path.extension().and_then(|ending| ending.to_str());
        match ending.map(str::to_ascii_lowercase).as_deref() {
            Some("obj") => Ok(Self::Obj),
            Some("glb") => Ok(Self::Glb),
            Some("png") => Ok(Self::Png),
            _ => Err(Failure::Input(format!(
                "\"{}\" must end in .obj or .glb for a mesh, or in .png for a map",
                path.display()
            ))),
        }
    }
}

/// The body with a name: of the catalogue, or of a level.
fn find_body(name: &str, seed: Option<u64>) -> Result<Arc<BodyModel>, Failure> {
    let unknown = match BodyModel::shared(name, seed.unwrap_or(0)) {
        Ok(model) => return Ok(model),
        Err(unknown) => unknown,
    };
    match Level::find(name) {
        Ok(mut level) => {
            if let Some(seed) = seed {
                level.body = level.body.with_seed(seed);
            }
            BodyModel::of(&level.body, level.anchor()).map_err(Failure::input)
        }
        // A file that is there, or a path, is surely meant as a level.
        Err(error) if Path::new(name).exists() || name.contains(['/', '.']) => {
            Err(Failure::input(error))
        }
        Err(_) => Err(Failure::Input(format!(
            "{unknown}; nor is there a level of that name"
        ))),
    }
}

/// What the body's field does over every face of its mesh.
fn samples_of(model: &BodyModel, mesh: &TriangleMesh) -> Vec<FaceSample> {
    let solid = model.solid();
    face_samples(
        mesh,
        model.mu_m3_per_s2(),
        model.spin_rad_per_s(),
        HEIGHT_M,
        |p| solid.potential_and_acceleration(p),
    )
}

/// A JSON list of points.
fn read_points(path: &Path) -> Result<Vec<DVec3>, Failure> {
    let input = |what: String| Failure::Input(format!("{}: {what}", path.display()));
    let text =
        fs::read_to_string(path).map_err(|error| input(format!("cannot be read: {error}")))?;
    let value: Value =
        serde_json::from_str(&text).map_err(|error| input(format!("is not JSON: {error}")))?;
    let points = value.as_array().ok_or_else(|| {
        input("must be a list of points, each a list of three numbers in metres".into())
    })?;
    let point = |value: &Value| {
        let coordinates: Option<Vec<f64>> = value
            .as_array()?
            .iter()
            .map(|x| x.as_f64().filter(|x| x.abs() < FARTHEST_M))
            .collect();
        <[f64; 3]>::try_from(coordinates?).ok().map(DVec3::from)
    };
    (0..)
        .zip(points)
        .map(|(index, value)| {
            point(value).ok_or_else(|| {
                let shown: String = value.to_string().chars().take(60).collect();
                input(format!(
                    "[{index}] = {shown} must be a list of three numbers in metres, each below 1e12"
                ))
            })
        })
        .collect()
}

/// Gravity from the model that moves the robots.
fn gravity_at(model: &Arc<BodyModel>, points: &[DVec3]) -> Vec<GravityAt> {
    let terrain = Terrain::new(Arc::clone(model));
    let mut cell = GravityCell::default();
    points
        .iter()
        .map(|&point_m| {
            let p = model.centre_m() + point_m;
            GravityAt {
                point_m: point_m.to_array(),
                height_m: model.solid().nearest(point_m).distance_m,
                acceleration_m_s2: terrain.gravity_m_s2(p, &mut cell).to_array(),
                effective_m_s2: terrain
                    .acceleration_m_s2(p, DVec3::ZERO, &mut cell)
                    .to_array(),
            }
        })
        .collect()
}

impl Facts {
    fn of(model: &BodyModel, mesh: &TriangleMesh, samples: &[FaceSample]) -> Self {
        let record = model.record();
        let surface = SurfaceStatistics::of(samples, mesh, model.mu_m3_per_s2());
        let mass_kg = model.mu_m3_per_s2() / GRAVITATIONAL_CONSTANT_M3_PER_KG_S2;
        let bulk = model.bulk_grades();
        let pass_m2_s2 = model.pass_potential_m2_s2();
        let back_m_s = Spread::of(samples, |s| {
            // Where loose matter leaves by itself nothing is sure.
            if s.g_eff_inward_m_s2 <= 0.0 {
                return 0.0;
            }
            let depth_m2_s2 = s.effective_potential_m2_s2 - pass_m2_s2;
            (2.0 * depth_m2_s2).max(0.0).sqrt()
        });
        Self {
            name: record.name.clone(),
            id: record.id.clone(),
            seed: model.seed(),
            class: record.composition_class.clone(),
            mass_kg,
            volume_m3: surface.volume_m3,
            density_kg_m3: surface.density_kg_m3,
            mean_radius_m: surface.equivalent_radius_m,
            rotation_period_h: record.rotation_period_s.map(|period_s| period_s / 3600.0),
            g_min_m_s2: surface.g_m_s2.min,
            g_mean_m_s2: surface.g_m_s2.mean,
            g_max_m_s2: surface.g_m_s2.max,
            g_eff_min_m_s2: surface.g_eff_m_s2.min,
            g_eff_mean_m_s2: surface.g_eff_m_s2.mean,
            g_eff_max_m_s2: surface.g_eff_m_s2.max,
            g_eff_inward_min_m_s2: surface.g_eff_inward_m_s2.min,
            slope_mean_deg: surface.slope_mean_deg,
            slope_median_deg: surface.slope_median_deg,
            slope_p95_deg: surface.slope_p95_deg,
            slope_max_deg: surface.slope_max_deg,
            escape_speed_min_m_s: surface.escape_speed_m_s.min,
            escape_speed_mean_m_s: surface.escape_speed_m_s.mean,
            escape_speed_max_m_s: surface.escape_speed_m_s.max,
            return_speed_min_m_s: surface.return_speed_m_s.min,
            return_speed_mean_m_s: surface.return_speed_m_s.mean,
            return_speed_max_m_s: surface.return_speed_m_s.max,
            surely_back_speed_min_m_s: back_m_s.min,
            surely_back_speed_mean_m_s: back_m_s.mean,
            surely_back_speed_max_m_s: back_m_s.max,
            // Iron sits in both metal and silicates, which would count it twice.
            composition: bulk.named().filter(|(good, _)| *good != "iron").collect(),
            resources_t: (bulk.named())
                .map(|(good, share)| (good, share * mass_kg * 1e-3))
                .collect(),
            mesh_vertices: mesh.vertices_m.len(),
            mesh_faces: mesh.faces.len(),
            gravity: None,
        }
    }

    fn table(&self) -> String {
        let spread =
            |min: f64, mean: f64, max: f64| format!("{min:.4e} to {max:.4e}, mean {mean:.4e}");
        let period = self
            .rotation_period_h
            .map_or("unknown".to_owned(), |period_h| format!("{period_h} h"));
        let mut text = format!(
            "{}, seed {}, class {}\n\
             mass               {:.5e} kg\n\
             volume             {:.5e} m³, mean radius {:.1} m\n\
             density            {:.1} kg/m³\n\
             rotation period    {period}\n\
             gravity            {} m/s²\n\
             effective gravity  {} m/s²{}\n\
             slope              mean {:.1}°, median {:.1}°, 95 % below {:.1}°, steepest {:.1}°\n\
             escape speed       {} m/s\n\
             surely gone above  {} m/s, straight up\n\
             surely back below  {} m/s, any way\n\
             surface            {} vertices, {} faces\n",
            self.name,
            self.seed,
            self.class,
            self.mass_kg,
            self.volume_m3,
            self.mean_radius_m,
            self.density_kg_m3,
            spread(self.g_min_m_s2, self.g_mean_m_s2, self.g_max_m_s2),
            spread(
                self.g_eff_min_m_s2,
                self.g_eff_mean_m_s2,
                self.g_eff_max_m_s2
            ),
            if self.g_eff_inward_min_m_s2 < 0.0 {
                "; loose matter leaves in places"
            } else {
                ""
            },
            self.slope_mean_deg,
            self.slope_median_deg,
            self.slope_p95_deg,
            self.slope_max_deg,
            spread(
                self.escape_speed_min_m_s,
                self.escape_speed_mean_m_s,
                self.escape_speed_max_m_s
            ),
            spread(
                self.return_speed_min_m_s,
                self.return_speed_mean_m_s,
                self.return_speed_max_m_s
            ),
            spread(
                self.surely_back_speed_min_m_s,
                self.surely_back_speed_mean_m_s,
                self.surely_back_speed_max_m_s
            ),
            self.mesh_vertices,
            self.mesh_faces,
        );
        text += "\ngood             mass fraction       tonnes\n";
        for (good, tonnes) in &self.resources_t {
            let share = tonnes * 1e3 / self.mass_kg;
            text += &format!("{good:<16} {share:>13.4e} {tonnes:>12.4e}\n");
        }
        if let Some(gravity) = &self.gravity {
            text += "\npoint [m], height over the surface [m]: gravity; effective gravity [m/s²]\n";
            for at in gravity {
                let vector = |v: [f64; 3]| format!("[{:.6e}, {:.6e}, {:.6e}]", v[0], v[1], v[2]);
                text += &format!(
                    "{:?}, {:.3}: {}; {}\n",
                    at.point_m,
                    at.height_m,
                    vector(at.acceleration_m_s2),
                    vector(at.effective_m_s2)
                );
            }
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ending_of_a_file_tells_what_to_write() {
        assert_eq!(Format::of(Path::new("a/b.OBJ")).unwrap(), Format::Obj);
        assert_eq!(Format::of(Path::new("b.glb")).unwrap(), Format::Glb);
        assert_eq!(Format::of(Path::new("b.png")).unwrap(), Format::Png);
        for wrong in ["b", "b.stl", ".png"] {
            assert!(Format::of(Path::new(wrong)).is_err(), "{wrong}");
        }
    }
}
