//! Pictures for agents, on the processor: how far and what everything is that a robot's camera sees.
//!
//! A picture is drawn from the triangles of the ground that robots stand on, and from boxes of robots
//! and plants. It tells nothing of what is in the ground, and to look changes nothing.

mod ground;
mod raster;

use std::sync::Arc;

use bevy::math::{Quat, Vec3};

pub(super) use self::ground::Rings;
use self::ground::View;
use self::raster::{Camera, Canvas};
use super::cast::Cast;
use crate::sim::asteroid::Terrain;
use crate::sim::observation::telemetry::Telemetry;

/// Height and width of an agent's picture, and numbers for each pixel.
pub const PICTURE: [usize; 3] = [SIDE, SIDE, 2];
const SIDE: usize = 84;
/// Edges of an agent's patch of ground.
pub const PATCH: [usize; 3] = [CELLS, CELLS, CELLS];
const CELLS: usize = 16;
/// Height and width of a picture for people, and its colours.
pub const SCENE: [usize; 3] = [480, 640, 3];

/// Half the angle of view of a robot's camera: a wide lens.
const HALF_VIEW_RAD: f32 = std::f32::consts::FRAC_PI_4;
/// It looks this much down from straight ahead, so that the ground before the robot is in view.
const PITCH_RAD: f32 = 0.35;
/// Nearest and farthest distance that can be told [m]: logarithmic between, 0 to 254.
const DEPTH_M: (f32, f32) = (0.1, 20_000.0);
/// What is told of the sky.
const SKY_DEPTH: u8 = 255;
/// Edge of a cell of the patch [m].
const CELL_M: f64 = 1.0;
/// The camera for people: behind a robot and above it, in its lengths and at least so far [m].
const BEHIND: f32 = 6.0;
const BEHIND_MIN_M: f32 = 5.0;
const ABOVE: f32 = 0.3;
const PEOPLE_HALF_VIEW_RAD: f32 = 0.5;
/// Light in the shade, from the ground around.
const AMBIENT: f32 = 0.06;

/// What is seen at a pixel: the second number of each.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Material {
    Sky,
    /// Ground as it was found.
    Ground,
    /// Ground that was dug into or heaped up.
    Worked,
    Robot,
    Plant,
}

/// In sunlight, sRGB: of the materials, and of what only pictures for people tell apart.
const PAINTS: [[f32; 3]; 8] = [
    [0.012, 0.014, 0.03],
    [0.62, 0.59, 0.55],
    [0.47, 0.36, 0.27],
    [0.90, 0.76, 0.42],
    [0.62, 0.74, 0.86],
    [1.0, 0.56, 0.18],
    [0.16, 0.22, 0.42],
    [0.34, 0.34, 0.36],
];
const OWN: u8 = 5;
const PANEL: u8 = 6;
const LEG: u8 = 7;
/// Regolith is not smooth: grains of this size [m], so much lighter or darker.
const GRAIN_M: f32 = 0.22;
const GRAIN: f32 = 0.10;

/// How a distance is told.
pub fn depth_code(distance_m: f32) -> u8 {
    let (near, far) = DEPTH_M;
    (254.0 * (distance_m / near).ln() / (far / near).ln())
        .round()
        .clamp(0.0, 254.0) as u8
}

/// The distance that is told so [m]; none for the sky.
pub fn depth_of_code(code: u8) -> Option<f32> {
    let (near, far) = DEPTH_M;
    (code != SKY_DEPTH).then(|| near * (far / near).powf(f32::from(code) / 254.0))
}

/// The eyes of all agents of a world.
pub struct Eyes {
    canvas: Canvas,
    /// One for each agent, and one for people.
    views: Vec<View>,
    rings: Arc<Rings>,
    /// By pixel: how much longer the way to it is than its depth.
    stretch: Vec<f32>,
    /// Where plants stand, and how they are turned.
    plants: Vec<Solid>,
}

/// A box that things are drawn as.
#[derive(Clone, Copy, Debug)]
pub struct Solid {
    pub position_m: Vec3,
    pub rotation: Quat,
    pub size_m: Vec3,
    /// A [`Material`], or another of [`PAINTS`].
    pub paint: u8,
}

impl Eyes {
    /// `rings` is shared by the worlds of a body.
    pub fn new(rings: Arc<Rings>, agents: usize, plants: Vec<Solid>) -> Self {
        let camera = Camera::new(Vec3::Z, Vec3::Y, HALF_VIEW_RAD, (SIDE, SIDE));
        let ray = |pixel| camera.ray(pixel % SIDE, pixel / SIDE, (SIDE, SIDE));
        Self {
            canvas: Canvas::new((SIDE, SIDE)),
            views: vec![View::default(); agents + 1],
            rings,
            stretch: (0..SIDE * SIDE).map(|pixel| ray(pixel).z.recip()).collect(),
            plants,
        }
    }
}

impl Eyes {
    /// Forgets all ground that was seen: the world is another now.
    pub fn forget(&mut self) {
        self.views.fill(View::default());
    }

    /// Writes what the camera of a robot sees, row by row from the top, for each pixel the code of its
    /// distance ([`depth_code`], 255 for the sky) and its [`Material`].
    ///
    /// The camera sits on the front of the robot, looks along its own way ahead and 20° down, and
    /// sees 90° across and upright. A robot that is gone sees nothing but sky.
    pub fn picture(
        &mut self,
        agent: usize,
        at: Option<usize>,
        cast: &Cast,
        telemetry: &Telemetry,
        terrain: &Terrain,
        out: &mut [u8],
    ) {
        let seeing = at.filter(|&at| !telemetry.robots[at].gone);
        let Some(at) = seeing else {
            for pixel in out.chunks_exact_mut(2) {
                pixel.copy_from_slice(&[SKY_DEPTH, Material::Sky as u8]);
            }
            return;
        };
        let row = &telemetry.robots[at];
        let (_, height_m, length_m) = cast.robots[at].kind.size_m;
        let front_m = Vec3::new(0.0, 0.4 * height_m as f32, 0.4 * length_m as f32);
        let eye_m = row.position_m + row.rotation * front_m;
        let ahead = row.rotation * Vec3::new(0.0, -PITCH_RAD.sin(), PITCH_RAD.cos());
        let up = row.rotation * Vec3::Y;
        let camera = Camera::new(ahead, up, HALF_VIEW_RAD, (SIDE, SIDE));
        let mut canvas = std::mem::replace(&mut self.canvas, Canvas::new((0, 0)));
        canvas.clear();
        self.draw_ground(agent, &camera, eye_m, terrain, Vec3::ZERO, &mut canvas);
        let others = solids(cast, telemetry, Some(at));
        for solid in others
            .map(|(_, solid)| solid)
            .chain(self.plants.iter().copied())
        {
            solid.draw(&camera, eye_m, Vec3::ZERO, &mut canvas);
        }
        for (pixel, out) in out.chunks_exact_mut(2).enumerate() {
            out[0] = match canvas.depth_m(pixel) {
                Some(depth_m) => depth_code(depth_m * self.stretch[pixel]),
                None => SKY_DEPTH,
            };
            out[1] = canvas.seen(pixel).0;
        }
        self.canvas = canvas;
    }

    /// Writes a picture for people, from behind a robot: rows from the top, red, green and blue.
    pub fn scene(
        &mut self,
        at: usize,
        cast: &Cast,
        telemetry: &Telemetry,
        terrain: &Terrain,
        out: &mut [u8],
    ) {
        let [height, width, _] = SCENE;
        let row = &telemetry.robots[at];
        let (x, y, z) = cast.robots[at].kind.size_m;
        let length_m = Vec3::new(x as f32, y as f32, z as f32).max_element();
        let heading = (row.rotation * Vec3::Z).reject_from_normalized(row.up);
        let heading = heading.normalize_or(row.up.any_orthonormal_vector());
        let away_m = (BEHIND * length_m).max(BEHIND_MIN_M);
        let eye_m = row.position_m + away_m * (ABOVE * row.up - heading);
        let camera = Camera::new(
            row.position_m - eye_m,
            row.up,
            PEOPLE_HALF_VIEW_RAD,
            (width, height),
        );
        let sun = telemetry.sun.normalize_or(Vec3::Y);
        let mut canvas = Canvas::new((width, height));
        let people = self.views.len() - 1;
        self.draw_ground(people, &camera, eye_m, terrain, sun, &mut canvas);
        for (other, robot) in solids(cast, telemetry, None) {
            let body = if other == at {
                OWN
            } else {
                Material::Robot as u8
            };
            for part in robot.parts(body) {
                part.draw(&camera, eye_m, sun, &mut canvas);
            }
        }
        for plant in &self.plants {
            plant.draw(&camera, eye_m, sun, &mut canvas);
        }
        for (pixel, out) in out.chunks_exact_mut(3).enumerate() {
            let (class, light) = canvas.seen(pixel);
            let mut light = light.max(AMBIENT);
            if let Some(depth_m) = canvas.depth_m(pixel) {
                let ray = camera.ray(pixel % width, pixel / width, (width, height));
                let ahead = camera.ahead().dot(ray);
                if class == Material::Ground as u8 || class == Material::Worked as u8 {
                    let place_m = eye_m + ray * (depth_m / ahead);
                    // Far grains run together.
                    light *= 1.0 + GRAIN * grain(place_m) * (12.0 / depth_m).min(1.0);
                }
            } else {
                light = 1.0;
            }
            let light = light.powf(1.0 / 2.2);
            for (out, part) in out.iter_mut().zip(PAINTS[usize::from(class)]) {
                *out = (255.0 * part * light).round() as u8;
            }
        }
    }

    /// Writes the ground around a robot: cells of a metre, [left][up][ahead] of it by its heading over
    /// the ground, 0 where nothing is, 1 in ground, 2 in what was heaped up.
    pub fn patch(at: Option<usize>, telemetry: &Telemetry, terrain: &Terrain, out: &mut [u8]) {
        out.fill(0);
        let seeing = at.filter(|&at| !telemetry.robots[at].gone);
        let Some(at) = seeing else {
            return;
        };
        let row = &telemetry.robots[at];
        let up = row.up.as_dvec3();
        let heading = (row.rotation * Vec3::Z).as_dvec3().reject_from(up);
        let heading = heading.normalize_or(up.any_orthonormal_vector());
        let left = up.cross(heading);
        let middle = 0.5 * (CELLS as f64 - 1.0);
        for (cell, out) in out.iter_mut().enumerate() {
            let steps = |index: usize| CELL_M * (index as f64 - middle);
            let place_m = row.position_m.as_dvec3()
                + steps(cell / (CELLS * CELLS)) * left
                + steps(cell / CELLS % CELLS) * up
                + steps(cell % CELLS) * heading;
            if terrain.signed_distance_m(place_m) < 0.0 {
                *out = if 0 < terrain.spoil_at(place_m) { 2 } else { 1 };
            }
        }
    }

    fn draw_ground(
        &mut self,
        view: usize,
        camera: &Camera,
        eye_m: Vec3,
        terrain: &Terrain,
        sun: Vec3,
        canvas: &mut Canvas,
    ) {
        let view = &mut self.views[view];
        view.look(terrain, &self.rings, eye_m.as_dvec3());
        for piece in &view.pieces {
            let mesh = &piece.mesh;
            let offset_m = (mesh.origin_m - eye_m.as_dvec3()).as_vec3();
            if !camera.may_see(offset_m + piece.middle_m, piece.radius_m) {
                continue;
            }
            let class = |corners: [usize; 3]| match &piece.touched {
                Some(touched) if corners.iter().any(|&corner| touched[corner]) => Material::Worked,
                _ => Material::Ground,
            };
            canvas.draw(
                camera,
                offset_m,
                &mesh.positions,
                &mesh.indices,
                |vertex| sun.dot(Vec3::from_array(mesh.normals[vertex])),
                |corners| class(corners) as u8,
            );
        }
    }
}

/// -1 to 1, the same at the same place.
fn grain(place_m: Vec3) -> f32 {
    let cell = (place_m / GRAIN_M).floor().as_ivec3();
    let [x, y, z] = [cell.x, cell.y, cell.z].map(|part| part as u32);
    let mut mixed =
        x.wrapping_mul(0x9E37_79B1) ^ y.wrapping_mul(0x85EB_CA77) ^ z.wrapping_mul(0xC2B2_AE3D);
    mixed ^= mixed >> 15;
    mixed = mixed.wrapping_mul(0x2C1B_3C6D);
    (mixed >> 8) as f32 / 8_388_608.0 - 1.0
}

/// All robots that are there, but for one, with their places in the telemetry.
fn solids<'a>(
    cast: &'a Cast,
    telemetry: &'a Telemetry,
    but: Option<usize>,
) -> impl Iterator<Item = (usize, Solid)> + 'a {
    let rows = telemetry.robots.iter().zip(&cast.robots).enumerate();
    rows.filter(move |(at, (row, _))| Some(*at) != but && !row.gone)
        .map(|(at, (row, robot))| {
            let (x, y, z) = robot.kind.size_m;
            let solid = Solid {
                position_m: row.position_m,
                rotation: row.rotation,
                size_m: Vec3::new(x as f32, y as f32, z as f32),
                paint: Material::Robot as u8,
            };
            (at, solid)
        })
}

impl Solid {
    /// A robot as people know one, within its box: a body under a panel, on four legs.
    fn parts(self, body: u8) -> impl Iterator<Item = Self> {
        let part = move |middle: Vec3, size: Vec3, paint: u8| Self {
            position_m: self.position_m + self.rotation * (self.size_m * middle),
            size_m: self.size_m * size,
            paint,
            ..self
        };
        let legs = [(-1.0, -1.0), (-1.0, 1.0), (1.0, -1.0), (1.0, 1.0)].map(|(x, z)| {
            let middle = Vec3::new(0.4 * x, -0.28, 0.4 * z);
            part(middle, Vec3::new(0.12, 0.44, 0.12), LEG)
        });
        let body = part(Vec3::new(0.0, 0.05, 0.0), Vec3::new(0.72, 0.5, 0.8), body);
        let mast = part(Vec3::new(0.0, 0.36, 0.0), Vec3::new(0.1, 0.14, 0.1), LEG);
        let panel = part(Vec3::new(0.0, 0.45, 0.0), Vec3::new(1.0, 0.08, 0.9), PANEL);
        legs.into_iter().chain([body, mast, panel])
    }

    fn draw(&self, camera: &Camera, eye_m: Vec3, sun: Vec3, canvas: &mut Canvas) {
        let middle_m = self.position_m - eye_m;
        if !camera.may_see(middle_m, 0.5 * self.size_m.length()) {
            return;
        }
        let mut places = Vec::with_capacity(24);
        let mut light = Vec::with_capacity(24);
        for axis in 0..3 {
            for side in [-1.0, 1.0] {
                let unit = |axis: usize| {
                    let mut unit = Vec3::ZERO;
                    unit[axis % 3] = 1.0;
                    unit
                };
                // Along, aside and out are right-handed on both sides.
                let (out, along, aside) =
                    (side * unit(axis), unit(axis + 1), side * unit(axis + 2));
                for (a, b) in [(-1.0, -1.0), (1.0, -1.0), (1.0, 1.0), (-1.0, 1.0)] {
                    let corner = 0.5 * self.size_m * (out + a * along + b * aside);
                    places.push((self.rotation * corner).to_array());
                    light.push(sun.dot(self.rotation * out));
                }
            }
        }
        const FACES: [u32; 36] = {
            let mut faces = [0; 36];
            let mut face = 0;
            while face < 6 {
                let corners = [0, 1, 2, 0, 2, 3];
                let mut at = 0;
                while at < 6 {
                    faces[6 * face + at] = 4 * face as u32 + corners[at];
                    at += 1;
                }
                face += 1;
            }
            faces
        };
        let class = self.paint;
        canvas.draw(camera, middle_m, &places, &FACES, |at| light[at], |_| class);
    }
}

#[cfg(test)]
mod tests;
