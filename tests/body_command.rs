//! `bonanza body`: facts that add up, meshes and maps that other programs can read, and gravity
//! that another code finds on the exported surface.

use std::collections::HashMap;
use std::fs;

use bevy::math::DVec3;
use bonanza::sim::asteroid::polyhedron::{Polyhedron, TriangleMesh};
use serde_json::{Value, json};

use crate::cli::{failure, json, success};

const G: f64 = 6.674_30e-11;

fn number(value: &Value, key: &str) -> f64 {
    value[key]
        .as_f64()
        .unwrap_or_else(|| panic!("{key} in {value}"))
}

fn vector(value: &Value) -> DVec3 {
    let parts: Vec<f64> = value
        .as_array()
        .unwrap()
        .iter()
        .map(|x| x.as_f64().unwrap())
        .collect();
    DVec3::from_slice(&parts)
}

/// The promise of the command: export the mesh, compute its field with other means at places of
/// one's own, and find what the robots feel.
#[test]
fn another_code_finds_the_same_gravity_on_the_exported_mesh() {
    let folder = tempfile::tempdir().unwrap();
    let mesh_file = folder.path().join("itokawa.obj");
    let points_file = folder.path().join("points.json");
    success(&[
        "body",
        "itokawa",
        "--seed",
        "5",
        "-o",
        mesh_file.to_str().unwrap(),
    ]);
    let mesh = TriangleMesh::from_obj(&fs::read_to_string(&mesh_file).unwrap()).unwrap();
    let radius_m = (mesh.volume_m3() * 0.75 / std::f64::consts::PI).cbrt();
    let mut points = Vec::new();
    for height_m in [1.0, 5.0, 40.0, radius_m] {
        for face in mesh.faces.iter().step_by(mesh.faces.len() / 15) {
            let [a, b, c] = face.map(|v| mesh.vertices_m[v as usize]);
            let normal = (b - a).cross(c - a).normalize();
            points.push((height_m, (a + b + c) / 3.0 + height_m * normal));
        }
    }
    let list: Vec<[f64; 3]> = points.iter().map(|(_, p)| p.to_array()).collect();
    fs::write(&points_file, json!(list).to_string()).unwrap();
    let at = points_file.to_str().unwrap();
    let facts = json(&["body", "itokawa", "--seed", "5", "--json", "--at", at]);

    let density_kg_m3 = number(&facts, "mass_kg") / mesh.volume_m3();
    assert!((number(&facts, "density_kg_m3") / density_kg_m3 - 1.0).abs() < 1e-6);
    let exact = Polyhedron::new(&mesh, density_kg_m3).unwrap();
    let spin_rad_per_s =
        DVec3::Z * std::f64::consts::TAU / (number(&facts, "rotation_period_h") * 3600.0);
    let gravity = facts["gravity"].as_array().unwrap();
    assert_eq!(gravity.len(), points.len());
    let mut sums = HashMap::new();
    for (answer, (height_m, point)) in gravity.iter().zip(&points) {
        assert!(vector(&answer["point_m"]).distance(*point) < 1e-9);
        let found = vector(&answer["acceleration_m_s2"]);
        let truth = exact.field_at(*point).acceleration_m_per_s2;
        let error = (found - truth).length() / truth.length();
        let allowed = if *height_m < radius_m { 0.01 } else { 0.001 };
        assert!(error < allowed, "{error} at {height_m} m");
        // Over a valley another slope is nearer.
        let height = number(answer, "height_m");
        assert!(
            0.0 < height && height <= height_m * (1.0 + 1e-5),
            "{height}"
        );
        let centrifugal = vector(&answer["effective_m_s2"]) - found;
        let expected = -spin_rad_per_s.cross(spin_rad_per_s.cross(*point));
        assert!((centrifugal - expected).length() < 1e-9 * expected.length() + 1e-18);
        *sums.entry(height_m.to_bits()).or_insert(0.0) += error / 15.0;
    }
    assert!(sums[&1f64.to_bits()] < 0.002, "{sums:?}");
}

#[test]
fn facts_add_up_and_two_seeds_differ() {
    let bennu = json(&["body", "bennu", "--json"]);
    let other = json(&["body", "bennu", "--json", "--seed", "9"]);
    assert_eq!(bennu["name"], "Bennu");
    for facts in [&bennu, &other] {
        let of = |key: &str| number(facts, key);
        assert!((of("mass_kg") * G / 4.8904 - 1.0).abs() < 1e-9);
        assert!((of("mass_kg") / of("volume_m3") / of("density_kg_m3") - 1.0).abs() < 1e-9);
        assert!((of("density_kg_m3") / 1190.0 - 1.0).abs() < 0.03);
        assert_eq!(of("rotation_period_h"), 4.296061);
        // The span that the radar shape has (Scheeres et al. 2019), widened by boulders.
        assert!((2e-5..3.2e-5).contains(&of("g_eff_min_m_s2")));
        assert!((7.5e-5..8.5e-5).contains(&of("g_eff_max_m_s2")));
        assert!((0.18..0.192).contains(&of("escape_speed_min_m_s")));
        assert!((0.2..0.212).contains(&of("escape_speed_max_m_s")));
        assert!(of("surely_back_speed_max_m_s") < of("escape_speed_min_m_s"));
        // The poles stand above the lowest pass: from there nothing is sure (Scheeres et al. 2019).
        assert_eq!(of("surely_back_speed_min_m_s"), 0.0);
        assert!((0.01..0.1).contains(&of("surely_back_speed_max_m_s")));
        assert!((13.0..18.0).contains(&of("slope_mean_deg")));
        let composition = facts["composition"].as_object().unwrap();
        let share = |good: &str| composition[good].as_f64().unwrap();
        // The class CI/CM as returned from Bennu.
        assert!((share("water") / 0.08 - 1.0).abs() < 0.03);
        assert!((share("platinum") / 9.5e-7 - 1.0).abs() < 0.03);
        let whole: f64 = [
            "water",
            "carbon",
            "sulfur",
            "nitrogen",
            "metal",
            "silicates",
        ]
        .map(share)
        .iter()
        .sum();
        assert!((whole - 1.0).abs() < 0.01, "{whole}");
        let tonnes = number(&facts["resources_t"], "water");
        assert!((tonnes * 1e3 / of("mass_kg") / share("water") - 1.0).abs() < 1e-9);
    }
    assert_ne!(number(&bennu, "volume_m3"), number(&other, "volume_m3"));
    assert_ne!(
        number(&bennu, "slope_max_deg"),
        number(&other, "slope_max_deg")
    );
    // A level names its body and seed.
    assert_eq!(json(&["body", "first-water", "--json"])["seed"], 7);
    let text = success(&["body", "bennu"]);
    assert!(
        text.contains("kg/m³") && text.contains("platinum"),
        "{text}"
    );
}

#[test]
fn meshes_are_valid_closed_and_alike() {
    let folder = tempfile::tempdir().unwrap();
    let write = |ending: &str| {
        let file = folder.path().join(format!("body.{ending}"));
        let facts = json(&["body", "1998ky26", "--json", "-o", file.to_str().unwrap()]);
        (facts, fs::read(file).unwrap())
    };
    let (facts, obj) = write("obj");
    // Reading checks that the mesh is closed, wound outwards and without empty faces.
    let obj = TriangleMesh::from_obj(std::str::from_utf8(&obj).unwrap()).unwrap();
    assert!((obj.volume_m3() / number(&facts, "volume_m3") - 1.0).abs() < 1e-4);
    let (_, glb) = write("glb");
    let word = |at: usize| u32::from_le_bytes(glb[at..at + 4].try_into().unwrap()) as usize;
    assert_eq!(&glb[..4], b"glTF");
    assert_eq!((word(4), word(8)), (2, glb.len()));
    assert_eq!(&glb[16..20], b"JSON");
    let text_length = word(12);
    let document: Value = serde_json::from_slice(&glb[20..20 + text_length]).unwrap();
    let binary_at = 20 + text_length + 8;
    assert_eq!(&glb[binary_at - 4..binary_at], b"BIN\0");
    assert_eq!(word(binary_at - 8), glb.len() - binary_at);
    assert_eq!(document["asset"]["version"], "2.0");
    let view = |accessor: usize| {
        let accessor = &document["accessors"][accessor];
        let view = &document["bufferViews"][accessor["bufferView"].as_u64().unwrap() as usize];
        let at = binary_at + view["byteOffset"].as_u64().unwrap() as usize;
        (at, accessor["count"].as_u64().unwrap() as usize)
    };
    let float = |at: usize| f64::from(f32::from_le_bytes(glb[at..at + 4].try_into().unwrap()));
    let (positions_at, vertices) = view(0);
    let (indices_at, indices) = view(2);
    let mesh = TriangleMesh {
        vertices_m: (0..vertices)
            .map(|v| positions_at + 12 * v)
            .map(|at| DVec3::new(float(at), float(at + 4), float(at + 8)))
            .collect(),
        faces: (0..indices / 3)
            .map(|f| [0, 1, 2].map(|corner| word(indices_at + 12 * f + 4 * corner) as u32))
            .collect(),
    };
    mesh.check().unwrap();
    assert_eq!(mesh.faces, obj.faces);
    let off = mesh.vertices_m.iter().zip(&obj.vertices_m);
    assert!(off.map(|(a, b)| a.distance(*b)).fold(0.0, f64::max) < 1e-5);
    let most = vector(&document["accessors"][0]["max"]);
    let highest = mesh.vertices_m.iter().copied().fold(DVec3::MIN, DVec3::max);
    assert!((most - highest).length() < 1e-6);
}

#[test]
fn maps_are_pictures_with_three_panels() {
    let folder = tempfile::tempdir().unwrap();
    for body in ["eros", "1991vg"] {
        let file = folder.path().join("map.png");
        success(&["body", body, "-o", file.to_str().unwrap()]);
        let bytes = fs::read(&file).unwrap();
        let mut reader = png::Decoder::new(std::io::Cursor::new(bytes))
            .read_info()
            .unwrap();
        let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
        let frame = reader.next_frame(&mut pixels).unwrap();
        let (width, height) = (frame.width as usize, frame.height as usize);
        assert!(900 <= width && 1_200 <= height);
        // Each panel shows many values.
        for panel in 0..3 {
            let mut colours = HashMap::new();
            for y in (panel * height / 3 + 150)..((panel + 1) * height / 3 - 100) {
                let at = 3 * (y * width + width / 2);
                *colours.entry(&pixels[at..at + 3]).or_insert(0) += 1;
            }
            assert!(
                20 < colours.len(),
                "{body}, panel {panel}: {}",
                colours.len()
            );
        }
    }
}

#[test]
fn what_cannot_be_used_is_refused_in_a_sentence() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("points.json");
    for text in [
        "",
        "7",
        "{}",
        "[[1, 2]]",
        "[[1, 2, 3], [1, 2, null]]",
        "[1, 2, 3]",
        "[[0, 0, 1e13]]",
        "[[[1, 2, 3]]]",
    ] {
        fs::write(&file, text).unwrap();
        let complaint = failure(&["body", "bennu", "--at", file.to_str().unwrap()], 2);
        assert!(complaint.contains("points.json"), "{text}: {complaint}");
    }
    let complaint = failure(&["body", "benu"], 2);
    assert!(complaint.contains("\"bennu\""), "{complaint}");
    let complaint = failure(&["body", "bennu", "-o", "bennu.stl"], 2);
    assert!(complaint.contains(".glb"), "{complaint}");
    failure(&["body", "bennu", "--at", "no-such-file.json"], 2);
    failure(&["body", "levels/no-such-level.ron"], 2);
    // Far off and in the middle there is an answer too.
    fs::write(&file, "[[0, 0, 0], [9e11, -9e11, 9e11], [1e-300, 0, 0]]").unwrap();
    let facts = json(&["body", "bennu", "--json", "--at", file.to_str().unwrap()]);
    for at in facts["gravity"].as_array().unwrap() {
        assert!(vector(&at["acceleration_m_s2"]).length() < 1e-5);
        assert!(at["height_m"].is_number());
    }
}
