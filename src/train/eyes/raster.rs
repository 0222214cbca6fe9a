//! Triangles into pictures, on the processor: a depth buffer, and what is seen at each pixel.

use bevy::math::{Mat3, Vec2, Vec3};

/// Nothing is seen that is nearer to the camera, along its axis [m].
pub const NEAR_M: f32 = 0.05;

/// Where a picture is taken from.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Camera {
    /// Takes directions of the site to those of the camera: right, up, ahead.
    from_site: Mat3,
    /// Tangents of half the angles of view, across and upright.
    half: Vec2,
}

impl Camera {
    /// Looks along `ahead`, upright as far as `up` allows. `half_angle_rad` is half the angle of view
    /// across; pixels are square.
    pub fn new(
        ahead: Vec3,
        up: Vec3,
        half_angle_rad: f32,
        (width, height): (usize, usize),
    ) -> Self {
        let ahead = ahead.normalize_or(Vec3::Z);
        let right = ahead.cross(up).normalize_or(ahead.any_orthonormal_vector());
        let up = right.cross(ahead);
        let across = half_angle_rad.tan();
        Self {
            from_site: Mat3::from_cols(right, up, ahead).transpose(),
            half: Vec2::new(across, across * height as f32 / width as f32),
        }
    }

    /// Direction of length one through the middle of a pixel, in the frame of the site.
    pub fn ray(&self, column: usize, row: usize, (width, height): (usize, usize)) -> Vec3 {
        let x = (2.0 * (column as f32 + 0.5) / width as f32 - 1.0) * self.half.x;
        let y = (1.0 - 2.0 * (row as f32 + 0.5) / height as f32) * self.half.y;
        (self.from_site.transpose() * Vec3::new(x, y, 1.0)).normalize()
    }

    /// Where it looks, in the frame of the site.
    pub fn ahead(&self) -> Vec3 {
        self.from_site.row(2)
    }

    /// Whether any of a ball may be seen; places are relative to the camera.
    pub fn may_see(&self, middle_m: Vec3, radius_m: f32) -> bool {
        let at = self.from_site * middle_m;
        if at.z + radius_m < NEAR_M {
            return false;
        }
        let beside = |offset: f32, half: f32| {
            // Distance to the plane through the edge of the picture.
            offset.abs() - at.z * half <= radius_m * (1.0 + half * half).sqrt()
        };
        beside(at.x, self.half.x) && beside(at.y, self.half.y)
    }
}

/// A corner of a triangle, in the frame of the camera.
#[derive(Clone, Copy, Debug)]
struct Corner {
    at: Vec3,
    shade: f32,
}

/// A picture in the making.
pub struct Canvas {
    size: (usize, usize),
    /// 1/z of the nearest thing, 0 for the sky.
    nearness: Vec<f32>,
    class: Vec<u8>,
    /// How bright the nearest thing is, 0 to 1.
    shade: Vec<f32>,
    /// Memory that each mesh uses again.
    corners: Vec<Corner>,
}

impl Canvas {
    pub fn new(size: (usize, usize)) -> Self {
        let pixels = size.0 * size.1;
        Self {
            size,
            nearness: vec![0.0; pixels],
            class: vec![0; pixels],
            shade: vec![0.0; pixels],
            corners: Vec::new(),
        }
    }

    /// Nothing but sky.
    pub fn clear(&mut self) {
        self.nearness.fill(0.0);
        self.class.fill(0);
    }

    /// What is seen at a pixel, and how bright it is.
    pub fn seen(&self, pixel: usize) -> (u8, f32) {
        (self.class[pixel], self.shade[pixel])
    }

    /// Distance along the camera's axis at a pixel [m]; none for the sky.
    pub fn depth_m(&self, pixel: usize) -> Option<f32> {
        let nearness = self.nearness[pixel];
        (0.0 < nearness).then(|| nearness.recip())
    }

    /// Draws triangles, wound counter-clockwise as seen from outside. `places` are relative to the
    /// camera once `offset_m` is added; `shade` tells how bright a vertex is, `class` what a
    /// triangle is of these corners.
    pub fn draw(
        &mut self,
        camera: &Camera,
        offset_m: Vec3,
        places: &[[f32; 3]],
        indices: &[u32],
        shade: impl Fn(usize) -> f32,
        class: impl Fn([usize; 3]) -> u8,
    ) {
        let mut corners = std::mem::take(&mut self.corners);
        corners.clear();
        corners.extend(places.iter().enumerate().map(|(index, place)| Corner {
            at: camera.from_site * (Vec3::from_array(*place) + offset_m),
            shade: shade(index),
        }));
        for triangle in indices.chunks_exact(3) {
            let at = [0, 1, 2].map(|corner| triangle[corner] as usize);
            let [a, b, c] = at.map(|index| corners[index]);
            // Right, up and ahead are left-handed: what faces the camera turns the other way round.
            if (b.at - a.at).cross(c.at - a.at).dot(a.at) <= 0.0 {
                continue;
            }
            let behind = [a, b, c].map(|corner| corner.at.z < NEAR_M);
            match behind {
                [false, false, false] => self.fill(camera, [a, b, c], || class(at)),
                [true, true, true] => {}
                _ => self.clip(camera, [a, b, c], || class(at)),
            }
        }
        self.corners = corners;
    }

    /// Draws what of a triangle lies before the camera.
    fn clip(&mut self, camera: &Camera, triangle: [Corner; 3], class: impl Fn() -> u8) {
        let mut kept = [triangle[0]; 4];
        let mut count = 0;
        for index in 0..3 {
            let (from, to) = (triangle[index], triangle[(index + 1) % 3]);
            if NEAR_M <= from.at.z {
                kept[count] = from;
                count += 1;
            }
            if (from.at.z < NEAR_M) != (to.at.z < NEAR_M) {
                let part = (NEAR_M - from.at.z) / (to.at.z - from.at.z);
                kept[count] = Corner {
                    at: from.at.lerp(to.at, part),
                    shade: from.shade + part * (to.shade - from.shade),
                };
                count += 1;
            }
        }
        for last in 2..count {
            self.fill(camera, [kept[0], kept[last - 1], kept[last]], &class);
        }
    }

    fn fill(&mut self, camera: &Camera, triangle: [Corner; 3], class: impl Fn() -> u8) {
        let (width, height) = (self.size.0 as f32, self.size.1 as f32);
        let scale = 0.5 * Vec2::new(width / camera.half.x, -height / camera.half.y);
        let middle = 0.5 * Vec2::new(width, height);
        let [a, b, c] = triangle.map(|corner| {
            let nearness = corner.at.z.recip();
            (corner.at.truncate() * nearness * scale + middle, nearness)
        });
        let low = a.0.min(b.0).min(c.0);
        let high = a.0.max(b.0).max(c.0);
        if high.x < 0.0 || high.y < 0.0 || width <= low.x || height <= low.y {
            return;
        }
        // Pixels whose middles may lie within.
        let first = |low: f32| (low - 0.5).ceil().max(0.0) as usize;
        let end = |high: f32, size: f32| ((high - 0.5).floor() + 1.0).clamp(0.0, size) as usize;
        let (left, right) = (first(low.x), end(high.x, width));
        let (top, bottom) = (first(low.y), end(high.y, height));
        if right <= left || bottom <= top {
            return;
        }
        let area = (b.0 - a.0).perp_dot(c.0 - a.0);
        if area == 0.0 {
            return;
        }
        let per_area = area.recip();
        // Weights of the corners grow evenly over the picture.
        let weight = |from: Vec2, to: Vec2| {
            let along = to - from;
            let step = Vec2::new(-along.y, along.x) * per_area;
            (
                step,
                (Vec2::new(left as f32 + 0.5, top as f32 + 0.5) - from).dot(step),
            )
        };
        let (step_a, at_a) = weight(b.0, c.0);
        let (step_b, at_b) = weight(c.0, a.0);
        let class = class();
        let shades = triangle.map(|corner| corner.shade);
        for row in 0..bottom - top {
            let mut wa = at_a + row as f32 * step_a.y;
            let mut wb = at_b + row as f32 * step_b.y;
            let start = (top + row) * self.size.0;
            for pixel in start + left..start + right {
                let wc = 1.0 - wa - wb;
                if 0.0 <= wa && 0.0 <= wb && 0.0 <= wc {
                    let nearness = wa * a.1 + wb * b.1 + wc * c.1;
                    if self.nearness[pixel] < nearness {
                        self.nearness[pixel] = nearness;
                        self.class[pixel] = class;
                        self.shade[pixel] = wa * shades[0] + wb * shades[1] + wc * shades[2];
                    }
                }
                wa += step_a.x;
                wb += step_b.x;
            }
        }
    }
}
