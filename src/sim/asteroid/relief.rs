//! The ground below the resolution of the outline: undulation, craters and boulders from a seed.
//!
//! Every value is a pure function of the seed and the place, so nothing is stored for a world,
//! and any two that ask get the same bits. Craters and boulders come from cells of space, one
//! candidate per cell and class of size; a candidate that lies close to the outline is kept.
//! What can reach into one chunk is gathered once, as its [`Neighbourhood`].
//!
//! Sizes follow what was seen on Bennu: boulders by a cumulative power law with exponent −2.9
//! (DellaGiustina et al. 2019, Nature Astronomy 3; Burke et al. 2021), craters with a depth of a
//! tenth of their diameter (Daly et al. 2020) and an exponent near −2. Smooth, boulder-poor ponds
//! of fine regolith lie between them, as at the Nightingale site.

use std::f64::consts::PI;

use bevy::math::{DMat3, DVec3, I64Vec3, Mat3, Vec3};

use super::lattice::{Dice, GradientNoise};
use super::outline::{Foot, Outline};
use super::{CHUNK_VOXELS, VOXEL_M};

/// Up to this far above the ground distances are true; farther out only a lower bound is known.
pub const TRUE_DISTANCE_M: f64 = 4.0;

/// Boulders of the smallest class are about this long: the smallest that a voxel can show.
const SMALLEST_BOULDER_M: f64 = 2.5;
const BOULDER_EXPONENT: f64 = 2.9;
/// Boulders at least 10 m long on a rough square metre of a rubble pile.
const BOULDERS_OVER_10_M_PER_M2: f64 = 8.0e-4;
/// In crater radii: where the last of the rim fades out.
const CRATER_REACH: f64 = 1.7;
const SHORTEST_OCTAVE_M: f64 = 1.8;
/// Octaves up to this length are heaps of cobbles: bumps on a plain, not waves.
const COBBLE_LENGTH_M: f64 = 4.5;
/// Width of the skirt of regolith between a boulder and the ground it lies in.
const SKIRT_M: f64 = 0.5;

/// What kind of land it is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Style {
    /// Root mean square slope that every octave of the undulation adds, about.
    octave_slope: f64,
    /// Craters at least 1 m wide on a square metre, if the power law went on to there.
    craters_over_1_m_per_m2: f64,
    smallest_crater_m: f64,
    largest_crater_m: f64,
    /// The same as a part of the diameter of the body.
    largest_crater: f64,
    /// Number of boulders against that of a rubble pile.
    boulders: f64,
}

impl Style {
    /// Rubble and regolith, as on Bennu, Ryugu and Itokawa.
    pub const RUBBLE: Self = Self {
        octave_slope: 0.055,
        craters_over_1_m_per_m2: 0.025,
        smallest_crater_m: 12.0,
        largest_crater_m: 600.0,
        largest_crater: 0.25,
        boulders: 1.0,
    };
    /// Bare rock that spins too fast to keep anything loose.
    pub const ROCK: Self = Self {
        octave_slope: 0.06,
        craters_over_1_m_per_m2: 0.004,
        boulders: 0.0,
        ..Self::RUBBLE
    };
    /// Twice as many craters, and larger ones.
    pub const CRATERED: Self = Self {
        craters_over_1_m_per_m2: 0.06,
        largest_crater_m: 1_500.0,
        largest_crater: 0.4,
        boulders: 0.5,
        ..Self::RUBBLE
    };
    /// Saturated with small craters: 0.079 of at least their own width squared (Trask 1966; Xiao &
    /// Werner 2015, JGR Planets 120), on plains with a slope of some four degrees over metres
    /// (Rosenburg et al. 2011).
    pub const MARE: Self = Self {
        octave_slope: 0.016,
        craters_over_1_m_per_m2: 0.079,
        smallest_crater_m: 7.0,
        largest_crater_m: 300.0,
        largest_crater: 0.25,
        boulders: 0.02,
    };
    /// As [`Style::MARE`], older and twice as steep.
    pub const HIGHLAND: Self = Self {
        octave_slope: 0.034,
        largest_crater_m: 900.0,
        boulders: 0.01,
        ..Self::MARE
    };
    /// The outline and nothing else.
    pub const FLAT: Self = Self {
        octave_slope: 0.0,
        craters_over_1_m_per_m2: 0.0,
        boulders: 0.0,
        ..Self::RUBBLE
    };
}

/// The relief of one body.
#[derive(Clone, Debug)]
pub struct Relief {
    seed: u64,
    noise: GradientNoise,
    octaves: Vec<Octave>,
    /// Size of a smooth pond or a rough patch.
    patch_m: f64,
    boulders: Vec<SizeClass>,
    craters: Vec<SizeClass>,
    /// Added to keep the volume of the outline.
    offset_m: f64,
    /// Greatest depth and height of the ground without boulders, against the outline.
    ground_range_m: f64,
    /// Greatest height of a boulder above the ground.
    protrusion_m: f64,
    boulder_thickness_m: f64,
}

#[derive(Clone, Copy, Debug)]
struct Octave {
    length_m: f64,
    height_m: f64,
    /// How much of it is left in a smooth pond.
    in_ponds: f64,
}

/// Things with sizes from `size_m` to twice that.
#[derive(Clone, Copy, Debug)]
struct SizeClass {
    size_m: f64,
    cell_m: f64,
    /// That the candidate of a cell exists.
    probability: f64,
    stream: u64,
}

/// Craters and boulders that can be felt within one chunk.
#[derive(Clone, Debug, Default)]
pub struct Neighbourhood {
    craters: Vec<Crater>,
    boulders: Vec<Boulder>,
}

#[derive(Clone, Copy, Debug)]
struct Crater {
    /// On the outline.
    centre: DVec3,
    radius_m: f64,
    depth_m: f64,
    rim_m: f64,
}

/// A rounded, faceted block.
#[derive(Clone, Copy, Debug)]
struct Boulder {
    centre: DVec3,
    boulder_from_body: Mat3,
    semi_axes_m: Vec3,
    bound_m: f32,
    size_m: f32,
    /// Outward normals and distances from the centre of the faces that cut the ellipsoid.
    facets: [(Vec3, f32); FACETS],
}

const FACETS: usize = 7;

/// The relief at a place.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Lie {
    /// Signed distance to ground or boulder, whichever is nearer; negative inside.
    pub distance_m: f64,
    /// Signed distance to the ground alone.
    pub ground_m: f64,
    /// The nearest surface belongs to a boulder, or the place lies within one.
    pub in_boulder: bool,
}

impl Relief {
    pub fn new(seed: u64, outline: &Outline, style: Style) -> Self {
        let radius_m = outline.mean_radius_m();
        let diameter_m = 2.0 * radius_m;

        let mut octaves = Vec::new();
        // What is longer than this the outline has already, or the body is too small for it.
        let mut length_m = (radius_m / 4.0).min(2_000.0);
        // What is shorter than this voxels cannot show: small bodies are as their outline is.
        while SHORTEST_OCTAVE_M <= length_m && 0.0 < style.octave_slope {
            octaves.push(Octave {
                length_m,
                height_m: style.octave_slope
                    * length_m
                    * if length_m < COBBLE_LENGTH_M { 2.8 } else { 1.0 },
                in_ponds: (length_m / 40.0).clamp(0.12, 1.0),
            });
            length_m /= 2.0;
        }

        // Large bodies keep a regolith of their own that buries most blocks.
        let crowding = style.boulders * (1_200.0 / diameter_m).sqrt().clamp(0.05, 1.0);
        let largest_m = (0.1 * diameter_m).min(60.0);
        let boulders = doubling(SMALLEST_BOULDER_M, largest_m)
            .take_while(|_| 0.0 < crowding)
            .enumerate()
            .map(|(index, size_m)| {
                let over = |size_m: f64| {
                    BOULDERS_OVER_10_M_PER_M2 * (10.0 / size_m).powf(BOULDER_EXPONENT)
                };
                let cell_m = 2.3 * size_m;
                SizeClass {
                    size_m,
                    cell_m,
                    probability: (crowding * (over(size_m) - over(2.0 * size_m)) * cell_m.powi(2))
                        .min(1.0),
                    stream: 0x100 + index as u64,
                }
            })
            .collect::<Vec<_>>();
        let largest_m = (style.largest_crater * diameter_m).min(style.largest_crater_m);
        let craters = doubling(style.smallest_crater_m, largest_m)
            .take_while(|_| 0.0 < style.craters_over_1_m_per_m2)
            .enumerate()
            .map(|(index, size_m)| {
                let cell_m = 3.0 * size_m;
                SizeClass {
                    size_m,
                    cell_m,
                    probability: style.craters_over_1_m_per_m2 * 0.75 * (cell_m / size_m).powi(2),
                    stream: 0x200 + index as u64,
                }
            })
            .collect::<Vec<_>>();

        let waves_m: f64 = octaves.iter().map(|o| o.height_m).sum();
        let largest = |classes: &[SizeClass]| classes.last().map_or(0.0, |c| 2.0 * c.size_m);
        // Expected volume per area: boulders stand about half above the ground in the rough
        // part of the land; a bowl holds half its depth, its rim gives a third of that back.
        let boulder_mean_m: f64 = boulders
            .iter()
            .map(|c| c.probability / c.cell_m.powi(2) * 0.55 * PI / 6.0 * (1.3 * c.size_m).powi(3))
            .sum::<f64>();
        let boulder_thickness_m = boulder_mean_m;
        let boulder_mean_m = 0.55 * boulder_thickness_m;
        let crater_mean_m: f64 = craters
            .iter()
            .map(|c| {
                let width_m = 1.35 * c.size_m;
                c.probability / c.cell_m.powi(2) * 0.3 * 0.08 * width_m * PI / 4.0 * width_m.powi(2)
            })
            .sum();
        Self {
            seed,
            noise: GradientNoise::new(seed),
            octaves,
            patch_m: (radius_m / 3.0).min(75.0),
            ground_range_m: 0.8 * waves_m + 0.13 * largest(&craters),
            protrusion_m: 0.55 * largest(&boulders),
            boulders,
            craters,
            offset_m: crater_mean_m - boulder_mean_m,
            boulder_thickness_m,
        }
    }

    /// No part of the body is farther out than the outline and this.
    pub fn height_max_m(&self) -> f64 {
        self.ground_range_m + self.protrusion_m
    }

    /// Expected volume of boulders over the area that they lie on.
    pub fn boulder_thickness_m(&self) -> f64 {
        self.boulder_thickness_m
    }

    /// Whether some boulders belong to a class of at least this length.
    pub fn has_boulders_over_m(&self, size_m: f64) -> bool {
        self.boulders.iter().any(|class| size_m <= class.size_m)
    }

    /// How rough the land is at a place of the outline: 0 in a pond of fine regolith, 1 in a
    /// boulder field.
    pub fn roughness(&self, on_outline: DVec3) -> f64 {
        let wide = self.wave(on_outline, self.patch_m, 7.3);
        let narrow = self.wave(on_outline, self.patch_m / 2.7, 19.1);
        smoothstep(-0.3, 0.05, wide + 0.5 * narrow)
    }

    /// Height of the ground without boulders above the outline, at a place of the outline.
    fn ground_height_m(&self, on_outline: DVec3, roughness: f64, craters: &[Crater]) -> f64 {
        self.ground_height_of_m(on_outline, roughness, craters, 0.0)
    }

    /// The same, without waves shorter than `smallest_m`.
    fn ground_height_of_m(
        &self,
        on_outline: DVec3,
        roughness: f64,
        craters: &[Crater],
        smallest_m: f64,
    ) -> f64 {
        let mut height_m = self.offset_m;
        for (index, octave) in self.octaves.iter().enumerate() {
            if octave.length_m < smallest_m {
                continue;
            }
            let share = octave.in_ponds + (1.0 - octave.in_ponds) * roughness;
            let mut wave = self.wave(on_outline, octave.length_m, 31.7 * index as f64);
            if octave.length_m < COBBLE_LENGTH_M {
                wave = 1.6 * (wave - 0.05).max(0.0) - 0.16;
            }
            height_m += share * octave.height_m * wave;
        }
        // No rim is a circle.
        let ragged = if craters.is_empty() {
            1.0
        } else {
            let wave = self.wave(on_outline, 8.0, 44.4) + self.wave(on_outline, 21.0, 51.2);
            (0.8 + 0.25 * wave).clamp(0.6, 1.0)
        };
        for crater in craters {
            height_m += crater.height_m(on_outline, ragged);
        }
        height_m.clamp(-self.ground_range_m, self.ground_range_m)
    }

    /// Height of the ground without boulders at a place of the outline: what large-scale gravity
    /// feels.
    pub fn smooth_height_m(&self, outline: &Outline, on_outline: DVec3) -> f64 {
        let craters = self.craters_near(outline, on_outline, 0.0, 0.0);
        self.ground_height_m(on_outline, self.roughness(on_outline), &craters)
    }

    /// What can be felt within the chunk around `centre` and the voxels that border on it, without
    /// boulders of classes below `smallest_m`.
    pub fn neighbourhood(
        &self,
        outline: &Outline,
        centre: DVec3,
        smallest_m: f64,
    ) -> Neighbourhood {
        let half_m = 0.5 * VOXEL_M * f64::from(CHUNK_VOXELS);
        let reach_m = (half_m + VOXEL_M) * 3f64.sqrt();
        let foot = outline.foot(centre);
        let near_m = self.height_max_m() + TRUE_DISTANCE_M + reach_m;
        if near_m < foot.height_m.abs() || centre == DVec3::ZERO {
            return Neighbourhood::default();
        }
        let boulders = self.boulders_near(outline, centre, foot, reach_m, (smallest_m, 0.0));
        // Places of the chunk are looked up on the outline straight below or above them.
        let craters = self.craters_near(outline, foot.on, 1.2 * reach_m, 0.0);
        Neighbourhood { craters, boulders }
    }

    /// What shows within `reach_m` of a place to one who tells nothing apart that is smaller than
    /// `smallest_m`.
    pub fn sights(
        &self,
        outline: &Outline,
        centre: DVec3,
        reach_m: f64,
        smallest_m: f64,
    ) -> Neighbourhood {
        let foot = outline.foot(centre);
        let near_m = self.height_max_m() + reach_m;
        if near_m < foot.height_m.abs() || centre == DVec3::ZERO {
            return Neighbourhood::default();
        }
        Neighbourhood {
            boulders: self.boulders_near(outline, centre, foot, reach_m, (smallest_m, smallest_m)),
            craters: self.craters_near(outline, foot.on, 1.2 * reach_m, smallest_m),
        }
    }

    /// About the distance to the surface that shows among these sights, near it and far from it.
    pub fn distance_from_afar_m(
        &self,
        outline: &Outline,
        p: DVec3,
        sights: &Neighbourhood,
        smallest_m: f64,
    ) -> f64 {
        let Foot {
            height_m: radial_m,
            cosine,
            on,
            ..
        } = outline.foot(p);
        let height_m = self.ground_height_of_m(on, self.roughness(on), &sights.craters, smallest_m);
        let mut distance_m = (radial_m - height_m) * cosine;
        if !distance_m.is_finite() {
            // The centre lies below no place in particular.
            return -outline.mean_radius_m();
        }
        for boulder in &sights.boulders {
            let arm = (p - boulder.centre).as_vec3();
            let cutoff_m = (distance_m.max(0.0) + SKIRT_M) as f32;
            if arm.length_squared() < (boulder.bound_m + cutoff_m).powi(2) {
                let block_m = self.block_distance_m(boulder, arm);
                distance_m = smooth_min(distance_m, block_m, SKIRT_M);
            }
        }
        distance_m
    }

    /// Distances at a place of the chunk whose neighbourhood is given.
    pub fn lie(&self, outline: &Outline, p: DVec3, around: &Neighbourhood) -> Lie {
        let foot = outline.foot(p);
        let (radial_m, cosine) = (foot.height_m, foot.cosine);
        let far = |distance_m: f64| Lie {
            distance_m,
            ground_m: distance_m,
            in_boulder: false,
        };
        if self.height_max_m() + TRUE_DISTANCE_M < radial_m {
            // Some other part of a lobed body may be nearer than what lies below.
            return far(((radial_m - self.height_max_m()) * cosine).max(TRUE_DISTANCE_M));
        }
        if radial_m < -(self.ground_range_m + TRUE_DISTANCE_M) {
            return far((radial_m + self.ground_range_m) * cosine);
        }
        let on_outline = foot.on;
        let roughness = self.roughness(on_outline);
        let height_m = self.ground_height_m(on_outline, roughness, &around.craters);
        let ground_m = (radial_m - height_m) * cosine;
        let mut distance_m = ground_m;
        let mut in_boulder = false;
        for boulder in &around.boulders {
            let arm = (p - boulder.centre).as_vec3();
            let cutoff_m = (distance_m.max(0.0) + SKIRT_M).min(TRUE_DISTANCE_M) as f32;
            let apart2_m2 = arm.length_squared();
            if (boulder.bound_m + cutoff_m).powi(2) <= apart2_m2 {
                continue;
            }
            let block_m = self.block_distance_m(boulder, arm);
            if block_m < distance_m {
                in_boulder = true;
            }
            distance_m = smooth_min(distance_m, block_m, SKIRT_M);
        }
        // Beyond the true distances boulders of other chunks may be nearer, so that all that is
        // certain is a bound.
        let bound_m = TRUE_DISTANCE_M.max(ground_m - self.protrusion_m);
        Lie {
            distance_m: distance_m.min(bound_m),
            ground_m,
            in_boulder,
        }
    }

    /// Signed distance from a boulder to a place at `arm` from its centre.
    fn block_distance_m(&self, boulder: &Boulder, arm: Vec3) -> f64 {
        let x = boulder.boulder_from_body * arm;
        let scaled = x / boulder.semi_axes_m;
        let k0 = scaled.length();
        let k1 = (scaled / boulder.semi_axes_m).length().max(1e-6);
        // Close to the surface this is the distance to first order (I. Quilez, "ellipsoids").
        let mut distance_m = k0 * (k0 - 1.0) / k1;
        let blend_m = 0.04 * boulder.size_m;
        for &(normal, offset_m) in &boulder.facets {
            distance_m = smooth_max(distance_m, normal.dot(x) - offset_m, blend_m);
        }
        if 0.6 < distance_m {
            return f64::from(distance_m);
        }
        // Fades in as the surface comes near, so that the distance has no step.
        let near = ((0.6 - distance_m) / 0.4).min(1.0);
        let grain = self.wave(
            x.as_dvec3() + boulder.centre,
            0.35 * f64::from(boulder.size_m),
            3.9,
        );
        let chip = self.wave(
            x.as_dvec3() - boulder.centre,
            0.13 * f64::from(boulder.size_m),
            8.1,
        );
        let grain_m = f64::from(boulder.size_m * near) * (0.055 * grain + 0.02 * chip);
        f64::from(distance_m) + grain_m
    }

    fn craters_near(
        &self,
        outline: &Outline,
        at: DVec3,
        reach_m: f64,
        smallest_m: f64,
    ) -> Vec<Crater> {
        let mut craters = Vec::new();
        let classes = self.craters.iter();
        for class in classes.filter(|class| smallest_m <= class.size_m) {
            let reach_m = reach_m + CRATER_REACH * class.size_m;
            self.for_candidates(
                outline,
                class,
                at,
                reach_m,
                |Foot { on: on_outline, .. }, mut dice| {
                    let diameter_m = class.size_m * dice.power_law(2.0);
                    let radius_m = 0.5 * diameter_m;
                    let depth_m = diameter_m * (0.035 + 0.06 * dice.unit());
                    if on_outline.distance(at) < reach_m {
                        craters.push(Crater {
                            centre: on_outline,
                            radius_m,
                            depth_m,
                            rim_m: 0.02 * diameter_m,
                        });
                    }
                },
            );
        }
        craters
    }

    fn boulders_near(
        &self,
        outline: &Outline,
        centre: DVec3,
        foot: Foot,
        reach_m: f64,
        (smallest_m, smallest_crater_m): (f64, f64),
    ) -> Vec<Boulder> {
        let mut boulders = Vec::new();
        if self.boulders.is_empty() {
            return boulders;
        }
        // The ground may lie off the outline here, and boulders lie on the ground.
        let widest_m = self.felt_and_slack_m(reach_m, self.boulders.last()).1;
        let craters = self.craters_near(outline, foot.on, widest_m + reach_m, smallest_crater_m);
        let height_m = self.ground_height_m(foot.on, self.roughness(foot.on), &craters);
        let lifted = centre - foot.up * height_m;
        let classes = self.boulders.iter();
        for class in classes.filter(|class| smallest_m <= class.size_m) {
            let (felt_m, reach_m) = self.felt_and_slack_m(reach_m, Some(class));
            self.for_candidates(
                outline,
                class,
                lifted,
                reach_m,
                |Foot { on: foot, up, .. }, mut dice| {
                    if reach_m < foot.distance(lifted) {
                        return;
                    }
                    let roughness = self.roughness(foot);
                    // Great blocks stick out of ponds too; small ones are buried there.
                    let bare = (0.04 + class.size_m / 100.0).min(0.5);
                    if bare + (1.0 - bare) * roughness < dice.unit() {
                        return;
                    }
                    let height_m = self.ground_height_m(foot, roughness, &craters);
                    let boulder = Boulder::roll(class, foot + up * height_m, up, &mut dice);
                    if boulder.centre.distance(centre) < felt_m {
                        boulders.push(boulder);
                    }
                },
            );
        }
        boulders
    }

    /// How far from the middle of a chunk a boulder of this class can be felt in it, and how far
    /// from the foot of the chunk on the outline its own foot can then be.
    fn felt_and_slack_m(&self, reach_m: f64, class: Option<&SizeClass>) -> (f64, f64) {
        let bound_m = 1.12 * class.map_or(0.0, |class| class.size_m);
        let felt_m = reach_m + bound_m + TRUE_DISTANCE_M;
        // Over this distance the height of the ground changes by no more than this.
        let slack_m = (3.0 + 0.3 * felt_m).min(2.0 * self.ground_range_m);
        (felt_m, felt_m + slack_m)
    }

    /// Calls `keep` for each thing of a class whose candidate lies within `reach_m` (and some
    /// more) of `at`, with its place on the outline, always in the same order.
    fn for_candidates(
        &self,
        outline: &Outline,
        class: &SizeClass,
        at: DVec3,
        reach_m: f64,
        mut keep: impl FnMut(Foot, Dice),
    ) {
        // A candidate is moved to the outline along its radius, by up to half a cell.
        let reach_m = reach_m + 0.5 * class.cell_m;
        let sphere_m = reach_m + 0.87 * class.cell_m;
        let first = ((at - reach_m) / class.cell_m).floor().as_i64vec3();
        let last = ((at + reach_m) / class.cell_m).floor().as_i64vec3();
        for x in first.x..=last.x {
            for y in first.y..=last.y {
                for z in first.z..=last.z {
                    let cell = I64Vec3::new(x, y, z);
                    let middle = (cell.as_dvec3() + 0.5) * class.cell_m;
                    if sphere_m * sphere_m < middle.distance_squared(at) {
                        continue;
                    }
                    let mut dice = Dice::new(self.seed, class.stream, cell);
                    if class.probability <= dice.unit() {
                        continue;
                    }
                    let within = DVec3::new(dice.unit(), dice.unit(), dice.unit());
                    let candidate = (cell.as_dvec3() + within) * class.cell_m;
                    let foot = outline.foot(candidate);
                    if foot.height_m.abs() * foot.cosine < 0.5 * class.cell_m {
                        keep(foot, dice);
                    }
                }
            }
        }
    }

    /// Smooth noise of unit range and a root mean square near 0.3.
    fn wave(&self, at: DVec3, length_m: f64, shift: f64) -> f64 {
        // Lattice points of all octaves would else meet at the centre.
        let at = at / length_m + DVec3::new(shift, 0.7 * shift + 0.37, 0.29 - shift);
        self.noise.at(at)
    }
}

impl Crater {
    /// Depression of the bowl and height of the rim at a place of the outline.
    /// `ragged`, at most 1, narrows the crater there.
    fn height_m(&self, on_outline: DVec3, ragged: f64) -> f64 {
        let apart2_m2 = on_outline.distance_squared(self.centre);
        let apart2 = apart2_m2 / (self.radius_m * ragged).powi(2);
        if CRATER_REACH * CRATER_REACH <= apart2 {
            return 0.0;
        }
        let outside = CRATER_REACH * CRATER_REACH - apart2;
        let crest = outside / (CRATER_REACH * CRATER_REACH - 1.0);
        let bowl = (1.0 - apart2).max(0.0);
        self.rim_m * apart2 * crest * crest - self.depth_m * bowl * bowl
    }
}

impl Boulder {
    /// Lies at `ground`, more or less sunk in, with `up` square to the outline.
    fn roll(class: &SizeClass, ground: DVec3, up: DVec3, dice: &mut Dice) -> Self {
        let size_m = class.size_m * dice.power_law(BOULDER_EXPONENT);
        // Blocks rest on their flat side: the shortest axis points about up.
        let semi_axes_m = DVec3::new(
            0.5,
            0.5 * (0.7 + 0.28 * dice.unit()),
            0.5 * (0.5 + 0.35 * dice.unit()),
        ) * size_m;
        let lean = (up + 0.45 * dice.direction()).normalize();
        let (east, _) = lean.any_orthonormal_pair();
        let (sine, cosine) = (std::f64::consts::TAU * dice.unit()).sin_cos();
        let forward = east * cosine + lean.cross(east) * sine;
        let body_from_boulder = DMat3::from_cols(forward, lean.cross(forward), lean);
        let semi_axes = semi_axes_m.as_vec3();
        let facets = std::array::from_fn(|_| {
            let normal = dice.direction().as_vec3();
            let support_m = (normal * semi_axes).length();
            (normal, support_m * (0.52 + 0.3 * dice.unit()) as f32)
        });
        let sunk = -0.1 + 0.55 * dice.unit();
        Self {
            centre: ground - up * (sunk * semi_axes_m.z),
            boulder_from_body: body_from_boulder.transpose().as_mat3(),
            semi_axes_m: semi_axes,
            bound_m: (0.56 * size_m) as f32,
            size_m: size_m as f32,
            facets,
        }
    }
}

/// Sizes from `smallest`, each twice the last, whose doubles do not exceed `largest` by much.
fn doubling(smallest: f64, largest: f64) -> impl Iterator<Item = f64> {
    std::iter::successors(Some(smallest), |size| Some(size * 2.0))
        .take_while(move |size| size * 1.6 <= largest)
}

fn smoothstep(low: f64, high: f64, value: f64) -> f64 {
    let t = ((value - low) / (high - low)).clamp(0.0, 1.0);
    t * t * (3.0 - 2.0 * t)
}

/// The lesser, rounded where both are equal over the width `blend`; the plain lesser elsewhere.
fn smooth_min(a: f64, b: f64, blend: f64) -> f64 {
    let overlap = (blend - (a - b).abs()).max(0.0) / blend;
    a.min(b) - overlap * overlap * blend * 0.25
}

fn smooth_max(a: f32, b: f32, blend: f32) -> f32 {
    let overlap = (blend - (a - b).abs()).max(0.0) / blend;
    a.max(b) + overlap * overlap * blend * 0.25
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::super::outline::even_directions;
    use super::super::{Anchor, BodyChoice, BodyModel, ChunkKey};
    use super::*;

    fn bennu(seed: u64) -> Arc<BodyModel> {
        BodyModel::shared("bennu", seed).unwrap()
    }

    #[test]
    fn relief_keeps_the_volume_of_the_outline() {
        let bennu = bennu(7);
        let (mut with, mut without) = (0.0, 0.0);
        for direction in even_directions(600) {
            with += bennu.surface_radius_m(direction).powi(3);
            without += bennu.outline_radius_m(direction).powi(3);
        }
        let ratio = with / without;
        assert!(
            (ratio - 1.0).abs() < 0.012,
            "volume is {ratio} of the outline's"
        );
    }

    #[test]
    fn the_signed_distance_grows_like_a_distance() {
        let bennu = bennu(7);
        let mut off_m = Vec::new();
        for direction in even_directions(150) {
            let surface = direction * bennu.surface_radius_m(direction);
            assert!(bennu.signed_distance_m(surface).abs() < 1e-6);
            let normal = bennu.surface_normal(surface);
            let out_m = bennu.signed_distance_m(surface + normal * 0.5);
            let in_m = bennu.signed_distance_m(surface - normal * 0.5);
            off_m.push((out_m - in_m - 1.0).abs());
        }
        off_m.sort_by(f64::total_cmp);
        // Crevices between blocks have no single normal: a few places may be off by more.
        let typical = off_m[off_m.len() * 8 / 10];
        assert!(typical < 0.2, "{typical} m over one metre");
    }

    #[test]
    fn the_distance_has_no_step_where_chunks_meet() {
        let bennu = bennu(7);
        for direction in even_directions(60) {
            let surface = direction * bennu.surface_radius_m(direction);
            let key = ChunkKey::containing(surface);
            for axis in DVec3::AXES {
                let corner = key.min_corner_m();
                let border = surface - axis * (surface - corner).dot(axis);
                for height_m in [-2.0, 0.0, 3.0] {
                    let at = border + direction * height_m;
                    let at = at - axis * (at - corner).dot(axis);
                    let jump_m = bennu.signed_distance_m(at + axis * 1e-9)
                        - bennu.signed_distance_m(at - axis * 1e-9);
                    assert!(jump_m.abs() < 1e-6, "{jump_m} m at {at}");
                }
            }
        }
    }

    #[test]
    fn boulders_and_smooth_patches_are_found_side_by_side() {
        let bennu = bennu(7);
        let places = || even_directions(400).map(|d| d * bennu.surface_radius_m(d));
        let on_boulder = places()
            .filter(|&p| bennu.ground_at(p * 0.9999).rock)
            .count();
        let smooth = places().filter(|&p| bennu.roughness_at(p) < 0.2).count();
        assert!((40..320).contains(&on_boulder), "{on_boulder} of 400");
        assert!((20..200).contains(&smooth), "{smooth} of 400");
    }

    #[test]
    fn the_seed_alone_decides() {
        let body = || BodyModel::new(&BodyChoice::of("bennu", 11), Anchor::default(), 11).unwrap();
        let (one, same) = (body(), body());
        let other = bennu(12);
        let mut differs = 0;
        for direction in even_directions(40) {
            let radius_m = one.surface_radius_m(direction);
            assert_eq!(
                radius_m.to_bits(),
                same.surface_radius_m(direction).to_bits()
            );
            differs += usize::from(0.05 < (radius_m - other.surface_radius_m(direction)).abs());
        }
        assert!(20 < differs);
    }
}
