//! Shapes that a seed makes: invented bodies, and real ones of which only the size is known.

use bevy::math::{DVec3, I64Vec3};
use noise::{Fbm, MultiFractal, NoiseFn, Perlin, RidgedMulti};

use super::catalogue::BodyRecord;
use super::choice::InventedShape;
use super::lattice::{Dice, GradientNoise};
use super::outline::{Foot, Outline};
use super::polyhedron::TriangleMesh;
use super::surface::{in_parallel, sphere_mesh};

/// Sets the dice of shapes apart from those of relief and ore.
const DICE_OF_SHAPES: u64 = 0x7368_6170;

/// Two ellipsoids grown together.
#[derive(Clone, Debug)]
pub struct Lobes {
    centres: [DVec3; 2],
    semi_axes: [DVec3; 2],
    /// A place in the neck, from which all of both is seen.
    neck: DVec3,
    /// Width of the neck's rounding.
    blend: f64,
    noise: GradientNoise,
    rough: f64,
    wave: f64,
}

/// The shape of an invented body.
pub fn outline(shape: InventedShape, mean_radius_m: f64, seed: u64) -> Outline {
    let mut dice = Dice::new(seed, DICE_OF_SHAPES, I64Vec3::new(shape as i64, 0, 0));
    let bits = seed as u32 ^ ((seed >> 32) as u32).rotate_left(16);
    let wave = Fbm::<Perlin>::new(bits).set_octaves(5);
    let waves = move |d: DVec3, frequency: f64| wave.get((d * frequency).to_array());
    match shape {
        InventedShape::RubblePile => {
            let axes = DVec3::new(1.0, 0.78 + 0.18 * dice.unit(), 0.68 + 0.2 * dice.unit());
            Outline::star(mean_radius_m, move |d| {
                ellipsoid(axes, d) * (1.0 + 0.16 * waves(d, 1.3))
            })
        }
        InventedShape::Monolith => {
            let axes = DVec3::new(1.0, 0.6 + 0.25 * dice.unit(), 0.5 + 0.25 * dice.unit());
            // Faces of a broken rock.
            let planes: Vec<(DVec3, f64)> = (0..14)
                .map(|_| {
                    let normal = dice.direction();
                    let support = (normal * axes).length();
                    (normal, support * (0.66 + 0.26 * dice.unit()))
                })
                .collect();
            Outline::star(mean_radius_m, move |d| {
                let block = planes
                    .iter()
                    .fold(ellipsoid(axes, d), |radius, (normal, far)| {
                        let along = normal.dot(d);
                        if along <= 0.05 {
                            return radius;
                        }
                        // Edges are chipped, not sharp.
                        let (face, blend) = (far / along, 0.05);
                        let overlap = (blend - (radius - face).abs()).max(0.0) / blend;
                        radius.min(face) - overlap * overlap * blend * 0.25
                    });
                block * (1.0 + 0.05 * waves(d, 2.2))
            })
        }
        InventedShape::Spinner => {
            // Between a double cone and a ball, as Bennu, Ryugu and Moshup are.
            let sharp = 1.3 + 0.25 * dice.unit();
            let flat = 0.84 + 0.1 * dice.unit();
            let ridge = 0.02 + 0.04 * dice.unit();
            Outline::star(mean_radius_m, move |d| {
                let level = d.x.hypot(d.y);
                let cone = (level.powf(sharp) + (d.z.abs() / flat).powf(sharp)).powf(-1.0 / sharp);
                let crest = ridge * (-(d.z / 0.12).powi(2)).exp();
                cone * (1.0 + crest + 0.05 * waves(d, 1.8))
            })
        }
        InventedShape::Cratered => {
            let axes = DVec3::new(1.0, 0.85 + 0.12 * dice.unit(), 0.75 + 0.15 * dice.unit());
            let basins: Vec<(DVec3, f64, f64)> = (0..9)
                .map(|_| {
                    let towards = dice.direction();
                    let wide = 0.25 * dice.power_law(2.0) * dice.power_law(2.0);
                    (towards, wide, wide * (0.16 + 0.1 * dice.unit()))
                })
                .collect();
            Outline::star(mean_radius_m, move |d| {
                let mut radius = ellipsoid(axes, d) * (1.0 + 0.1 * waves(d, 1.5));
                for &(towards, wide, deep) in &basins {
                    let apart2 = d.distance_squared(towards) / (wide * wide);
                    let bowl = (1.0 - apart2).max(0.0);
                    let rim = 0.12 * deep * (-(apart2.sqrt() - 1.0).powi(2) * 20.0).exp();
                    radius += rim - deep * bowl * bowl;
                }
                radius
            })
        }
        InventedShape::Ridged => {
            let axes = DVec3::new(1.0, 0.6 + 0.2 * dice.unit(), 0.55 + 0.2 * dice.unit());
            let ridges = RidgedMulti::<Perlin>::new(bits).set_octaves(4);
            let across = dice.direction();
            let shift = dice.unit();
            Outline::star(mean_radius_m, move |d| {
                // Ridges run along great circles, as the grooves of Eros and Phobos do.
                let stretched = d - across * (0.75 * across.dot(d)) + DVec3::splat(shift);
                let ridge = ridges.get((stretched * 1.9).to_array());
                ellipsoid(axes, d) * (1.0 + 0.07 * ridge + 0.06 * waves(d, 1.4))
            })
        }
        InventedShape::ContactBinary => Outline::lobes(mean_radius_m, Lobes::roll(&mut dice, seed)),
    }
}

/// What a body of the catalogue looks like of which only the diameter is known: about the ratios
/// of axes that light curves show (Cibulková et al. 2016, A&A 596), rounder the larger it is.
/// Known tumblers have the moments of inertia that were found of them.
pub fn irregular(record: &BodyRecord, seed: u64) -> impl Fn(DVec3) -> f64 + use<> {
    let mut dice = Dice::new(seed, DICE_OF_SHAPES, I64Vec3::new(-1, 0, 0));
    let bits = seed as u32 ^ ((seed >> 32) as u32).rotate_left(16);
    let wave = Fbm::<Perlin>::new(bits).set_octaves(4);
    // Above some hundred kilometres weight makes bodies round.
    let stiff = (1e5 / record.diameter_m).min(1.0);
    let known = super::spin::KnownTumbler::of(&record.id).and_then(|known| known.axis_ratios);
    let axes = known.unwrap_or_else(|| {
        DVec3::new(
            1.0,
            1.0 - stiff * (0.08 + 0.22 * dice.unit()),
            1.0 - stiff * (0.15 + 0.25 * dice.unit()),
        )
    });
    let rough = if known.is_some() { 0.04 } else { 0.14 * stiff };
    move |d| ellipsoid(axes, d) * (1.0 + rough * wave.get((d * 1.4).to_array()))
}

fn ellipsoid(semi_axes: DVec3, direction: DVec3) -> f64 {
    (direction / semi_axes).length().recip()
}

impl Lobes {
    fn roll(dice: &mut Dice, seed: u64) -> Self {
        let axes = |dice: &mut Dice, size: f64| {
            DVec3::new(
                size * (1.0 + 0.25 * dice.unit()),
                size * (0.85 + 0.15 * dice.unit()),
                size * (0.75 + 0.15 * dice.unit()),
            )
        };
        let great = axes(dice, 1.0);
        let size = 0.55 + 0.3 * dice.unit();
        let small = axes(dice, size);
        let apart = 0.9 * (great.x + small.x);
        let aside = DVec3::new(0.0, 0.1 * dice.unit() - 0.05, 0.1 * dice.unit() - 0.05);
        let centres = [DVec3::ZERO, DVec3::new(apart, 0.0, 0.0) + aside];
        // Where both surfaces cross the line between the centres, in the middle.
        let neck = DVec3::new(0.5 * (great.x + apart - small.x), 0.0, 0.0) + 0.5 * aside;
        Self {
            centres,
            semi_axes: [great, small],
            neck,
            blend: 0.2 * size,
            noise: GradientNoise::new(seed ^ DICE_OF_SHAPES),
            rough: 0.04 * size,
            wave: 0.45 * size,
        }
    }

    pub fn moved_and_scaled(self, by: DVec3, scale: f64) -> Self {
        Self {
            centres: self.centres.map(|c| (c + by) * scale),
            semi_axes: self.semi_axes.map(|a| a * scale),
            neck: (self.neck + by) * scale,
            blend: self.blend * scale,
            rough: self.rough * scale,
            wave: self.wave * scale,
            ..self
        }
    }

    /// About the signed distance; negative inside.
    pub fn distance_m(&self, p: DVec3) -> f64 {
        let lobe = |k: usize| {
            let (arm, axes) = (p - self.centres[k], self.semi_axes[k]);
            let scaled = arm / axes;
            let k0 = scaled.length();
            if k0 < 1e-6 {
                return -axes.min_element();
            }
            // Close to the surface this is the distance to first order (I. Quilez, "ellipsoids").
            k0 * (k0 - 1.0) / (scaled / axes).length()
        };
        let (a, b) = (lobe(0), lobe(1));
        let overlap = (self.blend - (a - b).abs()).max(0.0) / self.blend;
        let joined = a.min(b) - overlap * overlap * self.blend * 0.25;
        joined - self.rough * self.noise.at(p / self.wave)
    }

    fn slope(&self, p: DVec3) -> DVec3 {
        let step = 1e-3 * self.wave;
        let along =
            |axis: DVec3| self.distance_m(p + axis * step) - self.distance_m(p - axis * step);
        DVec3::new(along(DVec3::X), along(DVec3::Y), along(DVec3::Z)) / (2.0 * step)
    }

    pub fn foot(&self, p: DVec3) -> Foot {
        let mut on = p;
        let mut up = DVec3::Z;
        // Newton's method down the slope; the second look corrects what the first one missed.
        for _ in 0..2 {
            let slope = self.slope(on);
            let steep2 = slope.length_squared().max(0.04);
            on -= slope * (self.distance_m(on) / steep2);
            up = slope.normalize_or(DVec3::Z);
        }
        Foot {
            on,
            up,
            height_m: (p - on).dot(up),
            cosine: 1.0,
        }
    }

    /// A closed mesh of the surface, seen from the neck.
    pub fn mesh(&self, subdivisions: usize) -> TriangleMesh {
        let (directions, faces) = sphere_mesh(subdivisions);
        let reach = 4.0 * self.semi_axes[0].max_element() + 4.0 * self.semi_axes[1].max_element();
        let vertices_m = in_parallel(&directions, |direction| {
            let distance = |t: f64| self.distance_m(self.neck + direction * t);
            // Out in steps that cannot leave a lobe unseen, then closer and closer.
            let mut inside = 0.0;
            let mut outside = reach;
            let mut t = 0.0;
            while t < reach {
                let depth = -distance(t);
                if depth <= 0.0 {
                    outside = t;
                    break;
                }
                inside = t;
                t += (0.6 * depth).max(2e-3 * self.blend);
            }
            for _ in 0..40 {
                let middle = 0.5 * (inside + outside);
                if distance(middle) < 0.0 {
                    inside = middle;
                } else {
                    outside = middle;
                }
            }
            self.neck + direction * (0.5 * (inside + outside))
        });
        TriangleMesh { vertices_m, faces }
    }
}

#[cfg(test)]
mod tests {
    use super::super::outline::even_directions;
    use super::*;

    /// Share of directions in which two shapes of the same size differ by more than a part of it.
    fn difference(one: &Outline, other: &Outline, part: f64) -> f64 {
        let count = 200;
        let apart = even_directions(count)
            .filter(|&d| {
                let (a, b) = (one.rim(d).radius_m, other.rim(d).radius_m);
                part * one.mean_radius_m() < (a - b).abs()
            })
            .count();
        apart as f64 / count as f64
    }

    #[test]
    fn every_shape_has_its_size_and_stands_about_its_centre_of_mass() {
        for shape in InventedShape::ALL {
            for seed in 1..5 {
                let outline = outline(shape, 100.0, seed);
                let mesh = outline.as_mesh(24);
                mesh.check()
                    .unwrap_or_else(|e| panic!("{shape} {seed}: {e}"));
                let sphere_m3 = 4.0 / 3.0 * std::f64::consts::PI * 1e6;
                let ratio = mesh.volume_m3() / sphere_m3;
                assert!((0.97..1.01).contains(&ratio), "{shape} {seed}: {ratio}");
                let off_m = mesh.centroid_m().length();
                assert!(off_m < 1.0, "{shape} {seed}: {off_m} m");
                for &vertex in &mesh.vertices_m {
                    assert!(
                        vertex.length() <= 1.01 * outline.max_radius_m(),
                        "{shape} {seed}"
                    );
                    let height_m = outline.foot(vertex).height_m;
                    assert!(height_m.abs() < 0.3, "{shape} {seed}: {height_m}");
                }
            }
        }
    }

    #[test]
    fn two_seeds_make_two_shapes() {
        for shape in InventedShape::ALL {
            let (one, other) = (outline(shape, 100.0, 1), outline(shape, 100.0, 2));
            assert!(0.3 < difference(&one, &other, 0.01), "{shape}");
            assert_eq!(difference(&one, &outline(shape, 100.0, 1), 0.0), 0.0);
        }
    }

    #[test]
    fn a_contact_binary_has_a_neck_and_a_spinner_a_ridge() {
        for seed in 1..6 {
            let binary = outline(InventedShape::ContactBinary, 100.0, seed);
            let mesh = binary.as_mesh(24);
            // Width of slices across the long axis: two maxima with a waist between them.
            let (low, high) = mesh
                .vertices_m
                .iter()
                .fold((0.0_f64, 0.0_f64), |(l, h), v| (l.min(v.x), h.max(v.x)));
            let mut widths = [0.0_f64; 16];
            for v in &mesh.vertices_m {
                let slice = ((v.x - low) / (high - low) * 15.999) as usize;
                widths[slice] = widths[slice].max(v.y.hypot(v.z));
            }
            let waist = widths[4..14]
                .iter()
                .enumerate()
                .min_by(|a, b| a.1.total_cmp(b.1))
                .map(|(i, w)| (i + 4, *w))
                .unwrap();
            let widest = |part: &[f64]| part.iter().copied().fold(0.0, f64::max);
            let sides = widest(&widths[..waist.0]).min(widest(&widths[waist.0 + 1..]));
            assert!(1.06 * waist.1 < sides, "{seed}: {widths:?}");

            let top = outline(InventedShape::Spinner, 100.0, seed);
            let around = |latitude_rad: f64| {
                (0..60)
                    .map(|k| super::super::direction_of(latitude_rad, 0.1047 * f64::from(k)))
                    .map(|d| top.rim(d).radius_m)
                    .sum::<f64>()
                    / 60.0
            };
            assert!(1.05 * around(0.6) < around(0.0) && 1.05 * around(-0.6) < around(0.0));
        }
    }
}
