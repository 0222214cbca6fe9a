use bevy::math::{DVec3, Quat, Vec3};

use super::raster::{Camera, Canvas};
use super::*;
use crate::headless::Headless;
use crate::sim::asteroid::Terrain;
use crate::sim::level::Level;
use crate::train::task::{Task, Who};

/// A level with all robots as agents, and what is needed to see it.
struct Site {
    cast: Cast,
    telemetry: Telemetry,
    terrain: Terrain,
}

impl Site {
    fn of(level: &str) -> Self {
        let level = Level::find(level).unwrap();
        let mut task = Task::find("fly-to-target").unwrap();
        task.level = level.name.clone();
        task.agents = Who::Robots(Vec::new());
        let mut world = Headless::load(&level, Some(3)).unwrap();
        let cast = Cast::of(&task, &level, &mut world).unwrap();
        let mut telemetry = Telemetry::default();
        world.read_telemetry(&mut telemetry);
        Self {
            cast,
            telemetry,
            terrain: Terrain::new(std::sync::Arc::clone(world.terrain().model())),
        }
    }

    fn picture(&self, at: usize) -> Vec<[u8; 2]> {
        let rings = std::sync::Arc::clone(&self.cast.rings);
        let mut eyes = Eyes::new(rings, self.cast.agents.len(), Vec::new());
        let mut out = vec![0; PICTURE.iter().product()];
        let Self {
            cast,
            telemetry,
            terrain,
        } = self;
        eyes.picture(at, Some(at), cast, telemetry, terrain, &mut out);
        out.chunks_exact(2)
            .map(|pixel| [pixel[0], pixel[1]])
            .collect()
    }

    /// A place so far before the camera of a robot and level with it.
    fn before(&self, at: usize, ahead_m: f32) -> Vec3 {
        let row = &self.telemetry.robots[at];
        row.position_m + row.rotation * Vec3::Z * ahead_m
    }
}

fn share(picture: &[[u8; 2]], material: Material) -> f64 {
    let of = picture.iter().filter(|pixel| pixel[1] == material as u8);
    of.count() as f64 / picture.len() as f64
}

/// Where a ray from the origin meets a triangle, by Möller and Trumbore (1997).
fn meets(ray: DVec3, [a, b, c]: [DVec3; 3]) -> Option<f64> {
    let (ab, ac) = (b - a, c - a);
    let p = ray.cross(ac);
    let volume = ab.dot(p);
    if volume.abs() < 1e-15 {
        return None;
    }
    let u = -a.dot(p) / volume;
    let q = (-a).cross(ab);
    let v = ray.dot(q) / volume;
    let far = ac.dot(q) / volume;
    (0.0 <= u && 0.0 <= v && u + v <= 1.0 && 0.0 < far).then_some(far)
}

#[test]
fn every_pixel_tells_how_far_the_nearest_triangle_is() {
    for level in ["first-water", "the-last-ice"] {
        let site = Site::of(level);
        let row = &site.telemetry.robots[0];
        let eye_m = row.position_m + 1.0 * row.up;
        let ahead = row.rotation * Vec3::new(0.0, -0.3, 1.0);
        let camera = Camera::new(ahead, row.up, HALF_VIEW_RAD, (SIDE, SIDE));
        let mut canvas = Canvas::new((SIDE, SIDE));
        let rings = std::sync::Arc::clone(&site.cast.rings);
        let mut eyes = Eyes::new(rings, 1, Vec::new());
        eyes.draw_ground(0, &camera, eye_m, &site.terrain, Vec3::ZERO, &mut canvas);
        let mut triangles = Vec::new();
        for piece in &eyes.views[0].pieces {
            let mesh = &piece.mesh;
            let place = |index: u32| {
                let at = Vec3::from_array(mesh.positions[index as usize]);
                mesh.origin_m + at.as_dvec3() - eye_m.as_dvec3()
            };
            for corners in mesh.indices.chunks_exact(3) {
                let [a, b, c] = [corners[0], corners[1], corners[2]].map(place);
                // From outside alone, as cameras do.
                if (b - a).cross(c - a).dot(a) < 0.0 {
                    triangles.push([a, b, c]);
                }
            }
        }
        assert!(500 < triangles.len(), "{}", triangles.len());
        let (mut seen, mut sky, mut wrong) = (0, 0, 0);
        for pixel in (0..SIDE * SIDE).step_by(11) {
            let ray = camera
                .ray(pixel % SIDE, pixel / SIDE, (SIDE, SIDE))
                .as_dvec3();
            let meetings = triangles
                .iter()
                .filter_map(|triangle| meets(ray, *triangle));
            let nearest = meetings.min_by(f64::total_cmp);
            let told = canvas
                .depth_m(pixel)
                .map(|depth_m| depth_m * eyes.stretch[pixel]);
            match (nearest, told) {
                (Some(far), Some(told)) => {
                    seen += 1;
                    // On an edge the neighbour may be hit.
                    wrong += usize::from(0.01 * far < (far - f64::from(told)).abs());
                }
                (None, None) => sky += 1,
                _ => wrong += 1,
            }
        }
        assert!(
            200 < seen && 20 < sky,
            "{level}: {seen} of ground, {sky} of sky"
        );
        assert!(wrong <= 6, "{level}: {wrong} of {} wrong", seen + sky);
    }
}

#[test]
fn a_robot_before_the_camera_is_seen_where_it_is_and_one_behind_is_not() {
    let mut site = Site::of("first-water");
    // High above the ground, so that nothing hides anything.
    let up = site.telemetry.robots[0].up;
    for row in &mut site.telemetry.robots {
        row.position_m += 200.0 * up;
        row.gone = true;
    }
    site.telemetry.robots[0].gone = false;
    site.telemetry.robots[1].gone = false;
    for distance_m in [4.0, 9.0, 20.0] {
        site.telemetry.robots[1].position_m = site.before(0, distance_m);
        site.telemetry.robots[1].rotation = site.telemetry.robots[0].rotation;
        let picture = site.picture(0);
        let own = picture
            .iter()
            .filter(|pixel| pixel[1] == Material::Robot as u8);
        let nearest_m = own
            .filter_map(|pixel| depth_of_code(pixel[0]))
            .min_by(f32::total_cmp)
            .expect("a robot straight ahead is in view");
        let length_m = site.cast.robots[0].kind.size_m.2 as f32;
        let wanted_m = distance_m - 0.9 * length_m;
        // One step of the code is five per cent.
        assert!(
            (nearest_m / wanted_m).ln().abs() < 0.1,
            "{nearest_m} m told of a side {wanted_m} m ahead"
        );
    }
    site.telemetry.robots[1].position_m = site.before(0, -4.0);
    assert_eq!(share(&site.picture(0), Material::Robot), 0.0);
}

#[test]
fn a_robot_that_is_gone_sees_nothing() {
    let mut site = Site::of("first-water");
    assert!(0.3 < share(&site.picture(0), Material::Ground));
    site.telemetry.robots[0].gone = true;
    assert!(
        site.picture(0)
            .iter()
            .all(|pixel| *pixel == [SKY_DEPTH, Material::Sky as u8])
    );
}

#[test]
fn what_is_dug_shows_and_shows_deeper() {
    let mut site = Site::of("first-water");
    let before = site.picture(0);
    assert_eq!(share(&before, Material::Worked), 0.0);
    let place_m = site.terrain.surface_below(site.before(0, 3.5).as_dvec3());
    let dug = site.terrain.excavate(place_m, 1.2, 3_000_000);
    assert!(1_000_000 < dug.mass_g);
    let after = site.picture(0);
    assert!(
        0.01 < share(&after, Material::Worked),
        "{}",
        share(&after, Material::Worked)
    );
    let deeper = before
        .iter()
        .zip(&after)
        .filter(|(before, after)| before[0] < after[0]);
    assert!(20 < deeper.count());
}

#[test]
fn the_codes_of_distances_can_be_read_back() {
    for code in 0..=254 {
        assert_eq!(depth_code(depth_of_code(code).unwrap()), code);
    }
    assert_eq!(depth_of_code(255), None);
    assert_eq!(depth_code(0.01), 0);
    assert_eq!(depth_code(1e6), 254);
}

#[test]
fn a_box_before_the_camera_is_a_rectangle() {
    let camera = Camera::new(Vec3::Z, Vec3::Y, HALF_VIEW_RAD, (SIDE, SIDE));
    let mut canvas = Canvas::new((SIDE, SIDE));
    let solid = Solid {
        position_m: Vec3::new(0.0, 0.0, 11.0),
        rotation: Quat::IDENTITY,
        size_m: Vec3::new(4.0, 8.0, 2.0),
        paint: Material::Plant as u8,
    };
    solid.draw(&camera, Vec3::ZERO, Vec3::ZERO, &mut canvas);
    let pixels = (0..SIDE * SIDE)
        .filter(|&pixel| canvas.depth_m(pixel).is_some())
        .count();
    // 4 m × 8 m at 10 m, where 20 m are 84 pixels.
    let wanted = (4.0 / 20.0 * 84.0) * (8.0 / 20.0 * 84.0);
    assert!(
        (pixels as f64 / wanted - 1.0).abs() < 0.1,
        "{pixels} pixels, {wanted} expected"
    );
    assert!((canvas.depth_m(SIDE * SIDE / 2 + SIDE / 2).unwrap() - 10.0).abs() < 1e-3);
    // Half of it behind the camera: what is left is cut off cleanly.
    canvas.clear();
    let around = Solid {
        position_m: Vec3::new(0.0, -3.0, 0.0),
        size_m: Vec3::new(40.0, 2.0, 40.0),
        ..solid
    };
    around.draw(&camera, Vec3::ZERO, Vec3::ZERO, &mut canvas);
    let below = |row: usize| canvas.depth_m(row * SIDE + SIDE / 2);
    assert!(below(SIDE - 1).is_some() && below(SIDE / 2 - 1).is_none());
    assert!((below(SIDE - 1).unwrap() - 2.0).abs() < 0.1);
}
