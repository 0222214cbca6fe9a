//! A map of a body: effective gravity, slope and grade over longitude and latitude.

use bevy::math::DVec3;

use super::Facts;
use super::picture::{CIVIDIS, INK, MAGMA, Picture, Scale, Side, Size, VIRIDIS, WHITE};
use crate::sim::asteroid::polyhedron::{FaceSample, TriangleMesh};
use crate::sim::asteroid::{BodyModel, Grades, direction_of};

/// Pixels of a panel: two and a half for each degree.
const WIDTH: usize = 900;
const HEIGHT: usize = 450;
const LEFT: usize = 96;
const TOP: usize = 110;
const STEP: usize = HEIGHT + 116;
/// Grade is told this far under the surface [m].
const GRADE_DEPTH_M: f64 = 1.0;

/// Values by pixel, row by row from the north, from 180° west to 180° east.
pub struct Map {
    panels: [Panel; 3],
}

struct Panel {
    title: String,
    values: Vec<f64>,
    scale: Scale,
}

/// What a grade map shows: the good that one would come for.
struct Ware {
    name: &'static str,
    unit: &'static str,
    per_unit: f64,
    of: fn(&Grades) -> f64,
}

impl Ware {
    fn of(bulk: &Grades) -> Self {
        let share = |good: &str| bulk.named_as(good).unwrap_or(0.0);
        if 0.01 <= share("water") {
            Self {
                name: "Water",
                unit: "% of mass",
                per_unit: 1e-2,
                of: |grades| grades.named_as("water").unwrap_or(0.0),
            }
        } else if 5e-7 <= bulk.platinum_group() {
            Self {
                name: "Platinum-group metals",
                unit: "ppm of mass",
                per_unit: 1e-6,
                of: Grades::platinum_group,
            }
        } else if 0.0 < share("helium3") {
            Self {
                name: "Helium-3",
                unit: "ppb of mass",
                per_unit: 1e-9,
                of: |grades| grades.named_as("helium3").unwrap_or(0.0),
            }
        } else {
            Self {
                name: "Free metal",
                unit: "% of mass",
                per_unit: 1e-2,
                of: |grades| grades.named_as("metal").unwrap_or(0.0),
            }
        }
    }
}

impl Map {
    pub fn of(model: &BodyModel, mesh: &TriangleMesh, samples: &[FaceSample]) -> Self {
        let gravity = at_vertices(mesh, samples, |sample| sample.g_eff_m_s2);
        let slope = at_vertices(mesh, samples, |sample| sample.slope_deg);
        let (unit, per_unit) = unit_of(samples.iter().map(|s| s.g_eff_m_s2).fold(0.0, f64::max));
        let ware = Ware::of(&model.bulk_grades());
        let solid = model.solid();
        let depth_m = GRADE_DEPTH_M.min(0.1 * model.reference_radius_m());

        let half_rad = std::f64::consts::PI / WIDTH as f64;
        let row = |latitude_rad: f64| -> Vec<[f64; 3]> {
            (0..WIDTH)
                .map(|x| {
                    let longitude = (x as f64 + 0.5) / WIDTH as f64 - 0.5;
                    let longitude_rad = longitude * std::f64::consts::TAU;
                    let direction = direction_of(latitude_rad, longitude_rad);
                    let Some(exit) = solid.exit(direction) else {
                        return [f64::NAN; 3];
                    };
                    let corners = mesh.faces[exit.face];
                    let mixed = |values: &[f64]| -> f64 {
                        let terms = corners.iter().zip(exit.weights);
                        terms.map(|(&v, weight)| values[v as usize] * weight).sum()
                    };
                    // Ore changes within a pixel of a large body: the mean of four places.
                    let grade: f64 = (0..4)
                        .map(|quarter| {
                            let aside = |bit: i32| (f64::from(quarter >> bit & 1) - 0.5) * half_rad;
                            let direction =
                                direction_of(latitude_rad + aside(0), longitude_rad + aside(1));
                            let below: DVec3 = direction * (exit.radius_m - depth_m);
                            (ware.of)(&model.grades_at(below, depth_m))
                        })
                        .sum();
                    [
                        mixed(&gravity) / per_unit,
                        mixed(&slope),
                        0.25 * grade / ware.per_unit,
                    ]
                })
                .collect()
        };
        let latitudes_rad: Vec<f64> = (0..HEIGHT)
            .map(|y| (0.5 - (y as f64 + 0.5) / HEIGHT as f64) * std::f64::consts::PI)
            .collect();
        let threads = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        let share = HEIGHT.div_ceil(threads);
        let rows: Vec<Vec<[f64; 3]>> = std::thread::scope(|scope| {
            let parts: Vec<_> = latitudes_rad
                .chunks(share)
                .map(|part| {
                    let row = &row;
                    scope.spawn(move || part.iter().map(|&l| row(l)).collect::<Vec<_>>())
                })
                .collect();
            parts
                .into_iter()
                .flat_map(|part| part.join().expect("a map has no holes to fall into"))
                .collect()
        });
        let values = |panel: usize| rows.iter().flatten().map(|values| values[panel]).collect();
        Self {
            panels: [
                Panel {
                    title: format!("Effective gravity [{unit}]"),
                    values: values(0),
                    scale: VIRIDIS,
                },
                Panel {
                    title: "Slope against effective gravity [°]".into(),
                    values: values(1),
                    scale: MAGMA,
                },
                Panel {
                    title: format!(
                        "{}, {depth_m} m below the surface [{}]",
                        ware.name, ware.unit
                    ),
                    values: values(2),
                    scale: CIVIDIS,
                },
            ],
        }
    }

    pub fn png(&self, facts: &Facts) -> Vec<u8> {
        let mut picture = Picture::new(LEFT + WIDTH + 150, TOP + 3 * STEP - 10);
        let title = format!("{}, seed {}, class {}", facts.name, facts.seed, facts.class);
        let middle = LEFT + WIDTH / 2;
        picture.text(&title, middle, 30, Size::Large, Side::Middle);
        let frame = "Cylindrical projection, planetocentric, in the body-fixed frame";
        picture.text(frame, middle, 58, Size::Small, Side::Middle);
        for (index, panel) in self.panels.iter().enumerate() {
            panel.draw(&mut picture, TOP + index * STEP);
        }
        picture.png()
    }
}

impl Panel {
    fn draw(&self, picture: &mut Picture, top: usize) {
        let known = || {
            self.values
                .iter()
                .copied()
                .filter(|value| value.is_finite())
        };
        let low = known().fold(f64::INFINITY, f64::min);
        let high = known().fold(f64::NEG_INFINITY, f64::max);
        let (low, high) = if low < high {
            (low, high)
        } else {
            // A value that is the same all over still has a colour.
            let low = if low.is_finite() { low } else { 0.0 };
            (
                low - 0.5e-3 * low.abs() - 1e-12,
                low + 0.5e-3 * low.abs() + 1e-12,
            )
        };
        let share = |value: f64| (value - low) / (high - low);
        picture.text(&self.title, LEFT, top - 18, Size::Large, Side::Left);
        for (index, &value) in self.values.iter().enumerate() {
            let colour = if value.is_finite() {
                self.scale.colour(share(value))
            } else {
                WHITE
            };
            picture.set(LEFT + index % WIDTH, top + index / WIDTH, colour);
        }
        picture.frame(LEFT, top, WIDTH, HEIGHT);
        for longitude in (-180_i32..=180).step_by(60) {
            let x = LEFT + ((longitude + 180) as usize * WIDTH) / 360;
            let name = match longitude {
                0 => "0°".to_owned(),
                180 | -180 => "180°".to_owned(),
                west if west < 0 => format!("{}°W", -west),
                east => format!("{east}°E"),
            };
            for y in 0..6 {
                picture.set(x.min(LEFT + WIDTH - 1), top + HEIGHT + 1 + y, INK);
            }
            for y in (0..HEIGHT).filter(|_| longitude.abs() < 180) {
                picture.blend(x, top + y, WHITE, 0.25);
            }
            picture.text(&name, x, top + HEIGHT + 18, Size::Small, Side::Middle);
        }
        picture.text(
            "Longitude",
            LEFT + WIDTH / 2,
            top + HEIGHT + 40,
            Size::Small,
            Side::Middle,
        );
        for latitude in (-90_i32..=90).step_by(30) {
            let y = top + ((90 - latitude) as usize * HEIGHT) / 180;
            let name = match latitude {
                0 => "0°".to_owned(),
                south if south < 0 => format!("{}°S", -south),
                north => format!("{north}°N"),
            };
            for x in 0..6 {
                picture.set(LEFT - 2 - x, y.min(top + HEIGHT - 1), INK);
            }
            for x in (0..WIDTH).filter(|_| latitude.abs() < 90) {
                picture.blend(LEFT + x, y, WHITE, 0.25);
            }
            picture.text(&name, LEFT - 12, y, Size::Small, Side::Right);
        }
        let bar = LEFT + WIDTH + 24;
        for y in 0..HEIGHT {
            let colour = self.scale.colour(1.0 - (y as f64 + 0.5) / HEIGHT as f64);
            for x in 0..22 {
                picture.set(bar + x, top + y, colour);
            }
        }
        picture.frame(bar, top, 22, HEIGHT);
        let step = round_step((high - low) / 6.0);
        let decimals = (-step.log10().floor()).max(0.0) as usize;
        let decimals = decimals + usize::from(step * 10f64.powi(decimals as i32) % 1.0 > 0.01);
        let mut tick = (low / step).ceil() * step;
        while tick <= high + 1e-9 * step {
            let y = top + ((1.0 - share(tick)) * (HEIGHT - 1) as f64).round() as usize;
            for x in 0..6 {
                picture.set(bar + 23 + x, y, INK);
            }
            // No minus before a zero.
            let name = format!(
                "{:.decimals$}",
                if tick.abs() < 1e-9 * step { 0.0 } else { tick }
            );
            picture.text(&name, bar + 34, y, Size::Small, Side::Left);
            tick += step;
        }
    }
}

/// Means over the faces around each vertex, by area.
fn at_vertices(
    mesh: &TriangleMesh,
    samples: &[FaceSample],
    value: fn(&FaceSample) -> f64,
) -> Vec<f64> {
    let mut sums = vec![(0.0, 0.0); mesh.vertices_m.len()];
    for (face, sample) in mesh.faces.iter().zip(samples) {
        for &vertex in face {
            let (sum, area_m2) = &mut sums[vertex as usize];
            *sum += value(sample) * sample.area_m2;
            *area_m2 += sample.area_m2;
        }
    }
    sums.into_iter()
        .map(|(sum, area_m2)| sum / area_m2)
        .collect()
}

/// A unit in which a gravity is a number of handy size.
fn unit_of(gravity_m_s2: f64) -> (&'static str, f64) {
    if 0.5 <= gravity_m_s2 {
        ("m/s²", 1.0)
    } else if 5e-4 <= gravity_m_s2 {
        ("mm/s²", 1e-3)
    } else {
        ("µm/s²", 1e-6)
    }
}

/// 1, 2 or 5 times a power of ten, about as large as `step`.
fn round_step(step: f64) -> f64 {
    let power = 10f64.powf(step.log10().floor());
    let mantissa = step / power;
    power
        * if mantissa < 1.5 {
            1.0
        } else if mantissa < 3.5 {
            2.0
        } else if mantissa < 7.5 {
            5.0
        } else {
            10.0
        }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_are_round() {
        for (step, round) in [(0.13, 0.1), (0.21, 0.2), (4.0, 5.0), (80.0, 100.0)] {
            assert!((round_step(step) / round - 1.0).abs() < 1e-12, "{step}");
        }
    }
}
