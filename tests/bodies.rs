//! Every body can be stood on, whatever its size and shape, and turns as physics has it.

use std::fs;
use std::path::Path;
use std::sync::Arc;

use bevy::math::DVec3;
use bonanza::headless::Headless;
use bonanza::sim::asteroid::outline::even_directions;
use bonanza::sim::asteroid::polyhedron::TriangleMesh;
use bonanza::sim::asteroid::{
    Anchor, BodyChoice, BodyModel, GravityCell, InventedShape, MoonGround, Terrain, Tumbling,
    TumblingAxis, catalogue, direction_of,
};
use bonanza::sim::level::{Coordinates, Level, Site};
use proptest::prelude::*;

fn anchor(latitude_deg: f64, longitude_deg: f64) -> Anchor {
    Anchor {
        latitude_rad: f64::to_radians(latitude_deg),
        longitude_rad: f64::to_radians(longitude_deg),
    }
}

/// One robot and one plant, side by side on any body.
fn lonely(body: BodyChoice, latitude_deg: f64, longitude_deg: f64) -> Level {
    let mut level = Level::find("first-water").unwrap();
    level.body = body;
    level.prospectors.retain(|p| p.name == "player");
    level.robots.retain(|robot| robot.name == "digger-1");
    level.plants.retain(|plant| plant.name == "player-still");
    level.sites.insert(
        "field".to_owned(),
        Coordinates {
            latitude_deg,
            longitude_deg,
        },
    );
    let site = |east_m: f64| Site::Offset {
        of: "field".to_owned(),
        east_m,
        north_m: 0.0,
    };
    level.robots[0].site = site(0.0);
    level.plants[0].site = site(7.0);
    level
}

fn invented(shape: InventedShape, diameter_m: f64, period_h: f64, seed: u64) -> BodyChoice {
    BodyChoice::Invented {
        class: "CM".to_owned(),
        diameter_m,
        shape,
        period_h,
        seed,
        density_kg_m3: None,
        tumbling: None,
        orbit_of: None,
    }
}

fn mesh_body(file: &Path) -> BodyChoice {
    BodyChoice::Mesh {
        file: file.to_str().unwrap().to_owned(),
        class: "L".to_owned(),
        period_h: 8.0,
        seed: 4,
        density_kg_m3: Some(2_000.0),
        mass_kg: None,
        tumbling: None,
        orbit_of: None,
        relief: false,
    }
}

fn obj(mesh: &TriangleMesh) -> String {
    let vertices = mesh.vertices_m.iter();
    let faces = mesh.faces.iter();
    vertices
        .map(|v| format!("v {} {} {}\n", v.x, v.y, v.z))
        .chain(faces.map(|f| format!("f {} {} {}\n", f[0] + 1, f[1] + 1, f[2] + 1)))
        .collect()
}

/// The first level, moved to another body of the catalogue.
fn first_water_on(body: &str, place: Coordinates) -> Level {
    let mut level = Level::find("first-water").unwrap();
    level.body = BodyChoice::of(body, 7);
    level.sites.insert("field".to_owned(), place);
    level
}

#[test]
fn places_near_the_site_of_a_large_body_keep_their_millimetres_in_32_bits() {
    for (id, latitude_deg, longitude_deg) in [
        ("eros", 10.0, 90.0),
        ("phobos", -35.0, 200.0),
        ("ceres", 20.0, 240.0),
        ("moon", 26.1, 3.6),
    ] {
        let at = anchor(latitude_deg, longitude_deg);
        let model = BodyModel::of(&BodyChoice::of(id, 3), at).unwrap();
        let place = model.surface_point(at.latitude_rad, at.longitude_rad);
        assert!(place.length() < 400.0, "{id}: {place}");
        let stored = place.as_vec3().as_dvec3();
        assert!((stored - place).length() < 1e-4, "{id}");
        // One millimetre is felt in 32 bits as it is in 64.
        let up = model.surface_normal(place);
        let exact_m = model.signed_distance_m(place + 1e-3 * up);
        let stored_m = model.signed_distance_m((place + 1e-3 * up).as_vec3().as_dvec3());
        assert!(
            (exact_m - stored_m).abs() < 1e-4,
            "{id}: {exact_m} {stored_m}"
        );
        let (latitude_rad, longitude_rad) = model.latitude_longitude_rad(place);
        assert!((latitude_rad - at.latitude_rad).abs() < 1e-9, "{id}");
        let turns = (longitude_rad - at.longitude_rad).rem_euclid(std::f64::consts::TAU);
        assert!(turns.min(std::f64::consts::TAU - turns) < 1e-9, "{id}");
        let direction = direction_of(at.latitude_rad, at.longitude_rad);
        assert!((model.outward(place) - direction).length() < 1e-9);
    }
}

#[test]
fn the_ground_is_the_same_wherever_a_body_is_worked() {
    let here = BodyModel::of(&BodyChoice::of("eros", 5), anchor(0.0, 0.0)).unwrap();
    let there = BodyModel::of(&BodyChoice::of("eros", 5), anchor(40.0, 130.0)).unwrap();
    assert_ne!(here.origin_m(), there.origin_m());
    for k in 0..40 {
        let direction = direction_of(0.01 * f64::from(k) - 0.2, 0.157 * f64::from(k));
        let apart_m = here.surface_radius_m(direction) - there.surface_radius_m(direction);
        assert!(apart_m.abs() < 1e-6, "{apart_m} m");
        let place = here.surface_towards(direction);
        let same = there.surface_towards(direction);
        assert!((here.from_centre(place) - there.from_centre(same)).length() < 1e-6);
        let terrains = [
            Terrain::new(Arc::clone(&here)),
            Terrain::new(Arc::clone(&there)),
        ];
        let felt = [(&terrains[0], place), (&terrains[1], same)].map(|(terrain, at)| {
            terrain.acceleration_m_s2(at, DVec3::X, &mut GravityCell::default())
        });
        assert!((felt[0] - felt[1]).length() < 1e-9 * felt[0].length());
    }
}

#[test]
fn a_level_runs_on_a_body_of_twenty_kilometres_as_on_a_small_one() {
    let place = Coordinates {
        latitude_deg: 35.0,
        longitude_deg: 80.0,
    };
    let level = first_water_on("eros", place);
    let mut world = Headless::load(&level, None).unwrap();
    let stand: Vec<_> = world.scene().robots;
    world.run_until_ms(120_000);
    for (was, is) in stand.iter().zip(&world.scene().robots) {
        assert!(!is.lost, "{}", is.name);
        assert!(is.position_m.length() < 500.0, "{}", is.name);
        // The player's have no orders; rivals are off to work.
        let moved_m = is.position_m.distance(was.position_m);
        assert!(is.owner != "player" || moved_m < 1.0, "{}", is.name);
    }
    let hash = world.state_hash();
    let bytes = world.save();
    let mut again = Headless::restore(&bytes).unwrap();
    assert_eq!(again.state_hash(), hash);
    world.run_until_ms(180_000);
    again.run_until_ms(180_000);
    assert_eq!(again.state_hash(), world.state_hash());
}

#[test]
fn every_body_of_the_catalogue_is_a_level_by_its_name() {
    for record in catalogue::bodies() {
        let level = lonely(BodyChoice::of(&record.id, 3), 20.0, 30.0);
        level
            .validate()
            .unwrap_or_else(|e| panic!("{}: {e}", record.id));
        let text = level.to_ron();
        assert!(text.contains("Catalogue("));
        assert_eq!(Level::parse(&text, "a level").unwrap().body, level.body);
    }
    let mut far = lonely(BodyChoice::of("ceres", 3), 20.0, 30.0);
    far.robots[0].site = Site::At {
        latitude_deg: 20.0,
        longitude_deg: 33.0,
    };
    let errors = far.validate().unwrap_err();
    assert_eq!(errors.0[0].field, "robots[0].site");
    assert!(
        errors.to_string().contains("site lies 23 km from"),
        "{errors}"
    );
    // From a rock that throws everything off to a world of its own.
    for id in ["1991vg", "kamooalewa", "psyche", "ceres"] {
        let mut world = Headless::load(&lonely(BodyChoice::of(id, 3), 40.0, 30.0), None).unwrap();
        world.run_until_ms(30_000);
        let robot = &world.scene().robots[0];
        assert!(robot.position_m.is_finite(), "{id}");
        let holds = id != "1991vg" && id != "kamooalewa";
        let slow = robot.velocity_m_s.length() < 2e-3;
        assert_eq!(slow, holds, "{id}: {} m/s", robot.velocity_m_s.length());
        assert_eq!(world.report().mass_error_g, 0, "{id}");
    }
}

#[test]
fn where_weight_points_inwards_the_ground_holds_it() {
    for (id, held) in [
        ("bennu", 0.95..=1.0),
        ("kleopatra", 0.6..=1.0),
        ("1998ky26", 0.0..=0.2),
    ] {
        let terrain = Terrain::new(BodyModel::shared(id, 5).unwrap());
        let model = terrain.model();
        let mut cell = GravityCell::default();
        let count = 100;
        let inward = even_directions(count)
            .filter(|&direction| {
                let place = model.surface_towards(direction);
                let normal = model.surface_normal(place);
                terrain
                    .acceleration_m_s2(place, DVec3::ZERO, &mut cell)
                    .dot(normal)
                    < 0.0
            })
            .count();
        let share = inward as f64 / count as f64;
        assert!(held.contains(&share), "{id}: {share}");
        // Small and fast bodies are bare rock.
        assert_eq!(model.record().monolith, id == "1998ky26", "{id}");
    }
}

#[test]
fn a_body_without_a_known_period_turns_as_assumed() {
    let model = BodyModel::shared("2000sg344", 1).unwrap();
    let period_s = std::f64::consts::TAU / model.spin_rad_per_s().length();
    assert!((period_s - 5.0 * 3.6 * 37.0).abs() < 1.0, "{period_s}");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(6))]

    #[test]
    fn an_invented_body_is_closed_has_its_size_and_holds_together(
        shape in 0..6usize,
        log_diameter in 1.3..4.0f64,
        seed in 0..1_000_000u64,
    ) {
        let (shape, diameter_m) = (InventedShape::ALL[shape], 10f64.powf(log_diameter));
        let choice = invented(shape, diameter_m, 40.0, seed);
        prop_assert!(choice.check(Anchor::default()).is_empty());
        let model = BodyModel::of(&choice, Anchor::default()).unwrap();
        let mesh = model.surface_mesh_of(14);
        prop_assert!(mesh.check().is_ok(), "{shape}");
        let volume_m3 = std::f64::consts::PI / 6.0 * diameter_m.powi(3);
        let ratio = mesh.volume_m3() / volume_m3;
        // Flat facets cut off a little, and a pile of few great boulders is what it is.
        prop_assert!((0.9..1.08).contains(&ratio), "{shape} {diameter_m} {seed}: {ratio}");
        let off_m = mesh.centroid_m().length();
        prop_assert!(off_m < 0.03 * diameter_m, "{shape} {diameter_m} {seed}: {off_m}");
        let mass_kg = model.mu_m3_per_s2() / 6.674_30e-11;
        let density = mass_kg / volume_m3;
        prop_assert!((density - model.record().density_kg_m3).abs() < 1e-6 * density);
        for direction in even_directions(12) {
            let place = model.surface_towards(direction);
            prop_assert!(model.signed_distance_m(place).abs() < 1e-3);
            prop_assert!(
                model.from_centre(place).length() <= 1.001 * model.bounding_radius_m()
            );
            // Gravity points into the body.
            let inward = model.gravity_m_s2(place, &mut GravityCell::default());
            prop_assert!(inward.dot(model.outward(place)) < 0.0);
        }
        let other = BodyModel::of(&choice.with_seed(seed + 1), Anchor::default()).unwrap();
        let differs = even_directions(40)
            .filter(|&d| 1e-3 * diameter_m < (model.surface_radius_m(d) - other.surface_radius_m(d)).abs())
            .count();
        prop_assert!(10 < differs, "{shape}: {differs} of 40");
    }
}

#[test]
fn robots_stand_on_a_contact_binary_and_snapshots_go_on() {
    let level = lonely(
        invented(InventedShape::ContactBinary, 240.0, 12.0, 8),
        35.0,
        160.0,
    );
    let mut world = Headless::load(&level, None).unwrap();
    let was = world.scene().robots[0].position_m;
    world.run_until_ms(300_000);
    let robot = &world.scene().robots[0];
    assert!(robot.position_m.distance(was) < 1.0 && robot.velocity_m_s.length() < 1e-3);
    let mut again = Headless::restore(&world.save()).unwrap();
    for world in [&mut world, &mut again] {
        world.run_until_ms(400_000);
    }
    assert_eq!(again.state_hash(), world.state_hash());
}

#[test]
fn what_moves_straight_outside_bends_in_the_frame_of_a_tumbler_as_its_spin_says() {
    let tumbling = Tumbling {
        axis: TumblingAxis::Short,
        precession_h: 1.1,
        rotation_h: 9.0,
    };
    let mut choice = invented(InventedShape::Ridged, 300.0, 1.0, 3);
    if let BodyChoice::Invented { tumbling: free, .. } = &mut choice {
        *free = Some(tumbling);
    }
    let mut terrain = Terrain::new(BodyModel::of(&choice, Anchor::default()).unwrap());
    let (start_m, velocity_m_s) = (DVec3::new(200.0, -90.0, 150.0), DVec3::new(0.1, 0.2, -0.15));
    let seen = |terrain: &mut Terrain, ms: u64| {
        terrain.turn_to(ms);
        let outside = start_m + velocity_m_s * (1e-3 * ms as f64);
        terrain.spin().attitude.inverse() * outside
    };
    let mut most_euler = 0.0_f64;
    for at_ms in [5_000, 1_000_000, 7_777_000] {
        let step_ms = 2_000;
        let step_s = 1e-3 * step_ms as f64;
        let before = seen(&mut terrain, at_ms - step_ms);
        let after = seen(&mut terrain, at_ms + step_ms);
        let here = seen(&mut terrain, at_ms);
        let velocity = (after - before) / (2.0 * step_s);
        let bent = (after - 2.0 * here + before) / (step_s * step_s);
        let cell = &mut GravityCell::default();
        let told =
            terrain.acceleration_m_s2(here, velocity, cell) - terrain.gravity_m_s2(here, cell);
        // Of the size of its parts, which may nearly cancel.
        let parts = terrain.spin().omega_rad_per_s.length_squared() * here.length();
        assert!((bent - told).length() < 2e-5 * parts, "{bent} {told}");
        let euler = terrain.spin().omega_dot_rad_per_s2.cross(here);
        most_euler = most_euler.max(euler.length() / told.length());
    }
    // Without the Euler term it would be wrong.
    assert!(1e-3 < most_euler, "{most_euler}");
}

#[test]
fn a_tumbler_turns_the_same_in_long_and_short_ticks_and_over_a_save() {
    let level = lonely(BodyChoice::of("apophis", 3), 60.0, 30.0);
    let mut long = Headless::load(&level, None).unwrap();
    long.run_until_ms(1_800_000);
    let mut short = Headless::load(
        &Level {
            idle_tick_s: 10.0,
            ..level
        },
        None,
    )
    .unwrap();
    short.run_until_ms(900_000);
    let mut short = Headless::restore(&short.save()).unwrap();
    short.run_until_ms(1_800_000);
    assert!(long.tick() < short.tick());
    let (long_ms, short_ms) = (long.time_ms(), short.time_ms());
    for (world, time_ms) in [(&long, long_ms), (&short, short_ms)] {
        // At once, as if nothing had happened before.
        let mut terrain = Terrain::new(Arc::clone(world.terrain().model()));
        terrain.turn_to(time_ms);
        assert_eq!(world.terrain().spin(), terrain.spin());
        assert_eq!(
            world.terrain().attitude_at_minute(),
            terrain.attitude_at_minute()
        );
    }
    let spin = long.terrain().spin();
    assert!(0.0 < spin.omega_dot_rad_per_s2.length());
    assert_ne!(
        spin.omega_rad_per_s,
        long.terrain().model().spin_rad_per_s()
    );
}

#[test]
fn the_moon_weighs_as_it_should_and_the_shadowed_floor_never_sees_the_sun() {
    for (ground, latitude_deg) in [
        (MoonGround::Mare, 26.0),
        (MoonGround::Highland, -10.0),
        (MoonGround::ShadowedFloor, -88.5),
    ] {
        let level = lonely(BodyChoice::Moon { ground, seed: 9 }, latitude_deg, 3.0);
        level.validate().unwrap();
        let mut world = Headless::load(&level, None).unwrap();
        let place = world.scene().robots[0].position_m;
        let terrain = world.terrain();
        let weight =
            terrain.acceleration_m_s2(place.as_dvec3(), DVec3::ZERO, &mut GravityCell::default());
        assert!(
            (weight.length() - 1.62).abs() < 0.015,
            "{ground:?}: {}",
            weight.length()
        );
        let level_up = terrain.model().outward(place.as_dvec3());
        assert!(level_up.angle_between(-weight) < 0.01, "{ground:?}");
        let earth = terrain.model().ground_at(place.as_dvec3() - 2.0 * level_up);
        let icy = earth.water_fraction;
        assert_eq!(
            0.002 < icy,
            ground == MoonGround::ShadowedFloor,
            "{ground:?}: {icy}"
        );

        world.run_until_ms(60_000);
        let robot = &world.scene().robots[0];
        assert!(robot.position_m.distance(place) < 1.5, "{ground:?}");
        assert!(robot.velocity_m_s.length() < 0.01, "{ground:?}");

        // A month of days: the Sun goes all the way around.
        let terrain = world.terrain();
        let at = place.as_dvec3();
        let up = terrain.up(at);
        let lit = (0..60)
            .filter(|k| {
                let turned = bevy::math::DQuat::from_rotation_z(0.1047 * f64::from(*k));
                // The Sun stands within 1.6 degrees of the Moon's equator.
                let sun = turned * DVec3::new(1.0, 0.0, -0.028).normalize();
                -0.3 < sun.dot(up)
                    && (1..6).all(|k| {
                        let from = at + f64::from(k) * up;
                        0.0 < terrain.signed_distance_m(from + 30.0 * sun)
                    })
                    && terrain.model().leaves_outline(at + up, sun, 100.0)
            })
            .count();
        if ground == MoonGround::ShadowedFloor {
            assert_eq!(lit, 0);
            assert!(robot_is_dark(&mut world));
        } else {
            assert!((15..45).contains(&lit), "{ground:?}: {lit} of 60");
        }
    }
    let sunny = lonely(
        BodyChoice::Moon {
            ground: MoonGround::ShadowedFloor,
            seed: 1,
        },
        -40.0,
        3.0,
    );
    let errors = sunny.validate().unwrap_err();
    assert_eq!(errors.0[0].field, "body.ground");
    assert!(
        errors.to_string().contains("within 10 degrees of a pole"),
        "{errors}"
    );
}

/// Whether no sunlight has reached the player's robot.
fn robot_is_dark(world: &mut Headless) -> bool {
    let seen = world.observe("player").unwrap();
    seen.robots[0].solar_power_w == 0.0
}

#[test]
fn a_mesh_of_ones_own_is_a_body_about_its_centre_of_mass() {
    let folder = tempfile::tempdir().unwrap();
    let shape = BodyModel::of(
        &invented(InventedShape::Monolith, 60.0, 9.0, 5),
        Anchor::default(),
    )
    .unwrap()
    .surface_mesh_of(8);
    let moved = TriangleMesh {
        vertices_m: shape
            .vertices_m
            .iter()
            .map(|v| *v + DVec3::new(500.0, -3.0, 7.0))
            .collect(),
        faces: shape.faces.clone(),
    };
    let file = folder.path().join("rock.obj");
    fs::write(&file, obj(&moved)).unwrap();
    let model = BodyModel::of(&mesh_body(&file), Anchor::default()).unwrap();
    let shift = model.mesh_shift_m().unwrap();
    assert!((shift + moved.centroid_m()).length() < 1e-6, "{shift}");
    let mesh = model.surface_mesh();
    assert!((mesh.volume_m3() / shape.volume_m3() - 1.0).abs() < 1e-9);
    assert!(mesh.centroid_m().length() < 1e-6);
    let mass_kg = model.mu_m3_per_s2() / 6.674_30e-11;
    assert!((mass_kg / (2_000.0 * shape.volume_m3()) - 1.0).abs() < 1e-9);
    for direction in even_directions(40) {
        let place = model.surface_towards(direction);
        assert!(model.solid().nearest(place).distance_m.abs() < 1e-6);
    }

    // In a level, by a path beside the level file; and the same through binary glTF.
    let binary = folder.path().join("rock.glb");
    fs::write(&binary, glb(&moved)).unwrap();
    for name in ["rock.obj", "rock.glb"] {
        let mut level = lonely(BodyChoice::of("bennu", 1), 50.0, 30.0);
        level.body = mesh_body(Path::new(name));
        let path = folder.path().join("level.ron");
        fs::write(&path, level.to_ron()).unwrap();
        let level = Level::read(&path).unwrap_or_else(|errors| panic!("{errors}"));
        let mut world = Headless::load(&level, None).unwrap();
        let volume_m3 = world.terrain().model().surface_mesh().volume_m3();
        assert!((volume_m3 / shape.volume_m3() - 1.0).abs() < 1e-5, "{name}");
        world.run_until_ms(20_000);
        let mut again = Headless::restore(&world.save()).unwrap();
        assert_eq!(again.state_hash(), world.state_hash());
    }
    // A save knows its mesh.
    let level = lonely(mesh_body(&file), 50.0, 30.0);
    let bytes = Headless::load(&level, None).unwrap().save();
    fs::write(&file, obj(&shape)).unwrap();
    let error = Headless::restore(&bytes).err().unwrap().to_string();
    assert!(error.contains("is not the one"), "{error}");
}

/// A binary glTF file of a mesh.
fn glb(mesh: &TriangleMesh) -> Vec<u8> {
    let mut bin = Vec::new();
    for face in &mesh.faces {
        for corner in face {
            bin.extend(corner.to_le_bytes());
        }
    }
    let faces_bytes = bin.len();
    for vertex in &mesh.vertices_m {
        for x in vertex.as_vec3().to_array() {
            bin.extend(x.to_le_bytes());
        }
    }
    let json = serde_json::json!({
        "asset": {"version": "2.0"},
        "scene": 0,
        "scenes": [{"nodes": [0]}],
        "nodes": [{"mesh": 0}],
        "meshes": [{"primitives": [{"attributes": {"POSITION": 1}, "indices": 0}]}],
        "buffers": [{"byteLength": bin.len()}],
        "bufferViews": [
            {"buffer": 0, "byteLength": faces_bytes},
            {"buffer": 0, "byteOffset": faces_bytes, "byteLength": bin.len() - faces_bytes},
        ],
        "accessors": [
            {"bufferView": 0, "componentType": 5125, "count": 3 * mesh.faces.len(), "type": "SCALAR"},
            {
                "bufferView": 1, "componentType": 5126, "count": mesh.vertices_m.len(),
                "type": "VEC3", "min": [-1e3, -1e3, -1e3], "max": [1e3, 1e3, 1e3],
            },
        ],
    });
    let mut json = json.to_string().into_bytes();
    json.resize(json.len().next_multiple_of(4), b' ');
    bin.resize(bin.len().next_multiple_of(4), 0);
    let mut glb = b"glTF".to_vec();
    let total = 12 + 8 + json.len() + 8 + bin.len();
    for word in [2, total as u32, json.len() as u32] {
        glb.extend(word.to_le_bytes());
    }
    glb.extend(b"JSON");
    glb.extend(&json);
    glb.extend((bin.len() as u32).to_le_bytes());
    glb.extend(b"BIN\0");
    glb.extend(&bin);
    glb
}

#[test]
fn a_mesh_that_is_no_body_is_refused_with_what_is_wrong_and_where() {
    let folder = tempfile::tempdir().unwrap();
    let whole = BodyModel::of(
        &invented(InventedShape::RubblePile, 40.0, 9.0, 5),
        Anchor::default(),
    )
    .unwrap()
    .surface_mesh_of(3);
    let changed = |change: &dyn Fn(&mut TriangleMesh)| {
        let mut mesh = whole.clone();
        change(&mut mesh);
        obj(&mesh)
    };
    let files = [
        (
            "open.obj",
            changed(&|m| m.faces.truncate(m.faces.len() - 1)),
            "must be used twice",
        ),
        (
            "inward.obj",
            changed(&|m| m.faces.iter_mut().for_each(|f| f.reverse())),
            "is wound inwards",
        ),
        (
            "twisted.obj",
            changed(&|m| m.faces[4].reverse()),
            "wound inconsistently at the edge",
        ),
        (
            "flat.obj",
            changed(&|m| m.vertices_m[1] = m.vertices_m[0]),
            "has no area",
        ),
        (
            "small.obj",
            changed(&|m| m.vertices_m.iter_mut().for_each(|v| *v *= 1e-3)),
            "in metres",
        ),
        ("words.obj", "v 1 2 three\n".to_owned(), "line 1"),
        ("empty.obj", "v 1 2 3\n".to_owned(), "has no faces"),
        (
            "rock.stl",
            "solid".to_owned(),
            "expected .obj, .gltf or .glb",
        ),
        (
            "rock.glb",
            "glTF but not".to_owned(),
            "cannot be understood",
        ),
    ];
    for (name, text, expected) in files {
        fs::write(folder.path().join(name), text).unwrap();
        let level = lonely(mesh_body(Path::new(name)), 10.0, 20.0);
        let path = folder.path().join("level.ron");
        fs::write(&path, level.to_ron()).unwrap();
        let errors = Level::read(&path).unwrap_err();
        let error = &errors.0[0];
        assert_eq!(error.field, "body.file", "{name}: {error}");
        assert!(
            0 < error.line && error.message.contains(name),
            "{name}: {error}"
        );
        assert!(error.message.contains(expected), "{name}: {error}");
    }
    let missing = lonely(mesh_body(&folder.path().join("nowhere.obj")), 10.0, 20.0);
    let errors = missing.validate().unwrap_err();
    assert!(
        errors.to_string().contains("cannot read the mesh"),
        "{errors}"
    );
}

#[test]
fn a_choice_of_body_that_makes_no_sense_is_told_with_field_and_expectation() {
    let text = Level::find("first-water").unwrap().to_ron();
    let start = text.find("body: ").unwrap();
    let end = start + text[start..].find("),").unwrap() + 2;
    let with = |body: &str| format!("{}body: {body},{}", &text[..start], &text[end..]);
    let cases = [
        (
            "Catalogue(id: \"benu\", seed: 1)",
            "body.id",
            "such as bennu",
        ),
        (
            "Invented(class: \"CX\", diameter_m: 300, shape: Spinner, period_h: 3, seed: 1)",
            "body.class",
            "class = \"CX\" must be one of CI,",
        ),
        (
            "Invented(class: \"CM\", diameter_m: -3, shape: Spinner, period_h: 3, seed: 1)",
            "body.diameter_m",
            "diameter_m = -3 must be from 3 to 1000000",
        ),
        (
            "Invented(class: \"CM\", diameter_m: 300, shape: Spinner, period_h: NaN, seed: 1)",
            "body.period_h",
            "period_h = NaN must be",
        ),
        (
            "Invented(class: \"CM\", diameter_m: 300, shape: Doughnut, period_h: 3, seed: 1)",
            "body.shape",
            "Doughnut",
        ),
        ("Moon(ground: Mare)", "body.seed", "seed"),
        ("Venus(seed: 1)", "body", "Catalogue"),
    ];
    for (body, field, expected) in cases {
        let errors = Level::parse(&with(body), "x.ron").unwrap_err();
        let error = &errors.0[0];
        assert_eq!(error.field, field, "{body}: {error}");
        assert!(error.message.contains(expected), "{body}: {error}");
        assert!(
            0 < error.line && error.message.contains("x.ron"),
            "{body}: {error}"
        );
    }
}
