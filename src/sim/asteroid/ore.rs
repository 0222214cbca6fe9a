//! What the ground is made of at a place: constituents, density, strength.
//!
//! The truth, which no instrument tells without an error. Five families of constituents follow
//! fields of their own that are correlated over tens of metres: water in lenses with veins,
//! organic matter along with it, metal in nodules and stringers, the platinum group mostly in
//! the metal, and oxides. Each field is mapped by its rank within the volume of the body, so that
//! its mean over the body is that of the class and all values stay within the range of the class.
//! What is not in the table as a range varies by at most two fifths of its mean.
//!
//! Ice, where a class is known for it, lies under a lag that the Sun has dried: metres deep at
//! the equator, a hand's breadth near the poles and in permanent shadow.
//!
//! Loose ground packs with depth, and the rock below is as much denser as the surface is looser,
//! so that the body keeps its mass. Bodies that spin faster than gravity can hold are single
//! rocks under a thin dusting (Pravec & Harris 2000); the Moon has regolith on bedrock.

use bevy::math::DVec3;
use noise::{NoiseFn, Perlin};

use super::catalogue::{self, BodyRecord, Composition};
use super::constituent::Constituent;
use super::lattice::GradientNoise;
use super::outline::{Outline, even_directions};
use super::relief::Lie;
use super::spread;

/// Sets the noise of the ore apart from that of the relief.
const NOISE_OF_ORE: u64 = 0x6F72_6521;
/// Places of the volume that the distributions of the raw fields are taken from.
const SURVEY: usize = 4096;
const QUANTILES: usize = 128;
/// Depth over which loose ground becomes about as dense as the body.
const COMPACTION_DEPTH_M: f64 = 1.5;
/// On small bodies at most this part of the radius.
const COMPACTION_PER_RADIUS: f64 = 0.05;
/// How many times its cohesion at the surface packed ground has.
const PACKED_COHESION: f64 = 4.0;
/// Depth of the dusting on a body that spins too fast to hold more.
const DUSTING_M: f64 = 0.15;
/// Compressive over tensile strength of rock, about (Pohl & Britt 2020).
const COMPRESSIVE_PER_TENSILE: f64 = 7.0;

/// The ground at a place. Never shown to a brain.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Ground {
    pub bulk_density_kg_m3: f64,
    /// Share of void in the volume.
    pub porosity: f64,
    /// Mass of water that heat can free, by mass of rock.
    pub water_fraction: f64,
    pub cohesion_pa: f64,
    /// Of internal friction: how steep a slope without cohesion stands.
    pub friction_angle_rad: f64,
    /// Unconfined compressive strength.
    pub strength_pa: f64,
    /// A boulder or bedrock.
    pub rock: bool,
    pub friction: f64,
    /// Of a hard robot.
    pub restitution: f64,
    pub grades: Grades,
}

/// Goods that the tables know the content of, as named in `commodities.csv` where they are there.
pub const GOODS: [&str; 19] = [
    "water",
    "carbon",
    "sulfur",
    "nitrogen",
    "metal",
    "silicates",
    "iron",
    "nickel",
    "cobalt",
    "titanium",
    "platinum",
    "palladium",
    "iridium",
    "rhodium",
    "ruthenium",
    "osmium",
    "gold",
    "rare_earths",
    "helium3",
];

const WATER: usize = 0;
const CARBON: usize = 1;
const SULFUR: usize = 2;
const NITROGEN: usize = 3;
const METAL: usize = 4;
const SILICATES: usize = 5;
const IRON: usize = 6;
const NICKEL: usize = 7;
const COBALT: usize = 8;
const TITANIUM: usize = 9;
const PLATINUM: usize = 10;
const OSMIUM: usize = 15;
const GOLD: usize = 16;
const RARE_EARTHS: usize = 17;
const HELIUM_3: usize = 18;

/// Mass fractions of the whole rock, one for each of [`GOODS`].
///
/// Water, carbon, sulfur, nitrogen, metal and silicates make up the whole, within the hundredth
/// that the tables leave; the others are contained in these.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Grades([f64; GOODS.len()]);

/// A field mapped so that it has a mean over the body and stays within a range.
#[derive(Clone, Debug)]
struct Field {
    /// Raw values that split the volume into equal parts.
    quantiles: Vec<f64>,
    low: f64,
    high: f64,
    /// Of the map from rank to value.
    exponent: f64,
}

/// The ore of one body.
#[derive(Clone, Debug)]
pub struct Ore {
    noise: Perlin,
    fine: GradientNoise,
    /// Lengths of the octaves are shorter on bodies smaller than these.
    scale: f64,
    /// Length and weight of the widest differences.
    province_m: f64,
    province: f64,
    /// Depth of the dried lag at the equator, for ice-bearing classes.
    lag_m: Option<f64>,
    class: Grades,
    water: Field,
    platinum_group: Field,
    /// Relative to the class, with a mean of one.
    organics: Field,
    metal: Field,
    oxides: Field,
    ground: Profile,
}

/// How density and strength go with depth.
#[derive(Clone, Debug)]
struct Profile {
    lunar: bool,
    /// Depth of loose ground over bedrock.
    bedrock_m: f64,
    compaction_m: f64,
    cohesion_pa: [f64; 3],
    friction_angle_rad: [f64; 3],
    loose_density_kg_m3: f64,
    deep_density_kg_m3: f64,
    rock_density_kg_m3: f64,
    grain_density_kg_m3: f64,
    rock_strength_pa: f64,
    friction: f64,
    restitution_of_rock: f64,
    restitution_of_regolith: f64,
}

impl Grades {
    /// The means of a class.
    pub fn of_class(class: &Composition) -> Self {
        Self([
            class.water,
            class.carbon,
            class.sulfur,
            class.nitrogen,
            class.metal,
            class.silicates_and_oxides,
            class.iron,
            class.nickel,
            class.cobalt,
            class.titanium,
            class.platinum,
            class.palladium,
            class.iridium,
            class.rhodium,
            class.ruthenium,
            class.osmium,
            class.gold,
            class.rare_earths,
            class.helium_3,
        ])
    }

    /// Mass fraction of a constituent that instruments know.
    pub fn of(&self, constituent: Constituent) -> f64 {
        match constituent {
            Constituent::Water => self.0[WATER],
            Constituent::Carbon => self.0[CARBON],
            Constituent::Sulfur => self.0[SULFUR],
            Constituent::Metal => self.0[METAL],
            Constituent::Nickel => self.0[NICKEL],
            Constituent::Cobalt => self.0[COBALT],
            Constituent::PlatinumGroup => self.platinum_group(),
            Constituent::Silicates => self.0[SILICATES],
            Constituent::Helium3 => self.0[HELIUM_3],
        }
    }

    /// Platinum, palladium, iridium, rhodium, ruthenium and osmium together.
    pub fn platinum_group(&self) -> f64 {
        self.0[PLATINUM..=OSMIUM].iter().sum()
    }

    /// Each of [`GOODS`] with its mass fraction.
    pub fn named(&self) -> impl Iterator<Item = (&'static str, f64)> {
        GOODS.into_iter().zip(self.0)
    }

    /// Mass fraction of one of [`GOODS`].
    pub fn named_as(&self, good: &str) -> Option<f64> {
        self.named().find(|(name, _)| *name == good).map(|(_, x)| x)
    }

    /// Adds another, weighted.
    pub fn add(&mut self, other: &Self, weight: f64) {
        for (sum, term) in self.0.iter_mut().zip(other.0) {
            *sum += weight * term;
        }
    }
}

impl Field {
    /// Of what has no values yet.
    fn within(low: f64, mean: f64, high: f64) -> Self {
        let mean = mean.clamp(low, high);
        Self {
            quantiles: Vec::new(),
            low,
            high,
            // ∫ u^γ du = 1/(1+γ).
            exponent: if mean <= low {
                f64::INFINITY
            } else {
                (high - mean) / (mean - low)
            },
        }
    }

    fn relative(spread: f64) -> Self {
        Self::within(1.0 - spread, 1.0, 1.0 + spread)
    }

    /// From raw values and the volumes that they stand for.
    fn learn(&mut self, mut raw: Vec<(f64, f64)>) {
        raw.sort_by(|(one, _), (other, _)| one.total_cmp(other));
        let whole: f64 = raw.iter().map(|(_, weight)| weight).sum();
        let mut below = 0.0;
        self.quantiles.clear();
        for &(value, weight) in &raw {
            while self.quantiles.len() as f64 / QUANTILES as f64 * whole <= below {
                self.quantiles.push(value);
            }
            below += weight;
        }
        let last = raw.last().map_or(0.0, |&(value, _)| value);
        self.quantiles.resize(QUANTILES + 1, last);
    }

    fn value(&self, raw: f64) -> f64 {
        self.low + (self.high - self.low) * self.rank(raw).powf(self.exponent)
    }

    /// Share of the volume with a lower raw value: 0 to 1.
    fn rank(&self, raw: f64) -> f64 {
        let above = self.quantiles.partition_point(|&q| q <= raw);
        if above == 0 {
            return 0.0;
        }
        if QUANTILES < above {
            return 1.0;
        }
        let (low, high) = (self.quantiles[above - 1], self.quantiles[above]);
        (above as f64 - 1.0 + (raw - low) / (high - low)) / QUANTILES as f64
    }
}

impl Ore {
    /// `boulder_thickness_m` is the volume of boulders over the area of the surface.
    pub fn new(
        seed: u64,
        record: &BodyRecord,
        outline: &Outline,
        boulder_thickness_m: f64,
    ) -> Self {
        let class = catalogue::composition(&record.composition_class)
            .or_else(|| catalogue::composition("unknown"))
            .expect("the table has the class of what is unknown");
        let radius_m = outline.mean_radius_m();
        let lunar = class.class.starts_with("lunar");
        let [low, high] = class.water_range;
        let means = Grades::of_class(class);
        let pgm = means.platinum_group();
        let [pgm_low, pgm_high] = class.platinum_group_range;
        let mut ore = Self {
            // Its seeds have 32 bits: both halves of ours count.
            noise: Perlin::new(
                (seed ^ NOISE_OF_ORE) as u32 ^ ((seed >> 32) as u32).rotate_left(16),
            ),
            fine: GradientNoise::new(seed ^ NOISE_OF_ORE),
            scale: (radius_m / 60.0).min(1.0),
            province_m: 0.6 * radius_m,
            // One site of the Moon has one kind of soil.
            province: if lunar {
                0.0
            } else {
                0.5 * ((radius_m - 300.0) / 1_500.0).clamp(0.0, 1.0)
            },
            lag_m: match class.class.as_str() {
                // Desiccated by the Sun (Prettyman et al. 2017 for Ceres; Schorghofer 2008).
                "CM_ice" => Some(4.0_f64.min(0.05 * radius_m)),
                // Dry soil on ice that never sees the Sun (Colaprete et al. 2010).
                "lunar_psr" => Some(0.3),
                _ => None,
            },
            class: means,
            water: Field::within(low, class.water, high),
            platinum_group: Field::within(pgm_low, pgm, pgm_high),
            organics: Field::relative(spread::RELATIVE),
            metal: Field::relative(spread::of_metal(class)),
            oxides: Field::relative(spread::RELATIVE),
            ground: Profile::new(record, class, radius_m, boulder_thickness_m),
        };
        let mut raws = [const { Vec::new() }; 5];
        for (p, depth_m, weight) in places_within(outline, SURVEY, 0.0) {
            for (raws, raw) in raws.iter_mut().zip(ore.raw(p, depth_m)) {
                raws.push((raw, weight));
            }
        }
        let fields = [
            &mut ore.water,
            &mut ore.organics,
            &mut ore.metal,
            &mut ore.platinum_group,
            &mut ore.oxides,
        ];
        for (field, raws) in fields.into_iter().zip(raws) {
            field.learn(raws);
        }
        ore
    }

    /// The means of the class that the body belongs to.
    pub fn class_grades(&self) -> &Grades {
        &self.class
    }

    pub fn ground(&self, p: DVec3, lie: Lie) -> Ground {
        let depth_m = (-lie.distance_m).max(0.0);
        let grades = self.grades(p, depth_m);
        let cohesion = 2.2 * self.wave(p, 17.0, 5.3) + 1.6 * self.wave(p, 5.0, 11.9);
        let grit = 2.0 * self.fine_wave(p, 23.0, 3.3);
        self.ground.at(
            depth_m,
            lie.in_boulder,
            grades,
            cohesion,
            grit.clamp(-1.0, 1.0),
        )
    }

    /// What is in the ground at a place and depth.
    pub fn grades(&self, p: DVec3, depth_m: f64) -> Grades {
        let [water, organics, metal, platinum_group, oxides] = self.raw(p, depth_m);
        let mut grades = self.class;
        let values = &mut grades.0;
        values[WATER] = self.water.value(water);
        let organics = self.organics.value(organics);
        values[CARBON] *= organics;
        values[NITROGEN] *= organics;
        let metal = self.metal.value(metal);
        for good in [METAL, NICKEL, COBALT, GOLD] {
            values[good] *= metal;
        }
        // Half of the sulfur is with the metal as troilite, half with the organic matter.
        values[SULFUR] *= 0.5 * (metal + organics);
        let oxides = self.oxides.value(oxides);
        for good in [TITANIUM, RARE_EARTHS, HELIUM_3] {
            values[good] *= oxides;
        }
        let class = &self.class;
        let mean = class.platinum_group();
        if 0.0 < mean {
            let share = self.platinum_group.value(platinum_group) / mean;
            for good in &mut values[PLATINUM..=OSMIUM] {
                *good *= share;
            }
        }
        // What is not any of the others; iron is in both metal and silicates.
        let more = |good: usize| values[good] - class.0[good];
        let others = more(WATER) + more(CARBON) + more(SULFUR) + more(NITROGEN) + more(METAL);
        let free_iron = more(METAL) - more(NICKEL) - more(COBALT);
        values[SILICATES] = (values[SILICATES] - others).max(0.0);
        let bound = (class.0[IRON] - class.0[METAL]).max(0.0);
        let silicates = if 0.0 < class.0[SILICATES] {
            values[SILICATES] / class.0[SILICATES] - 1.0
        } else {
            0.0
        };
        values[IRON] = (values[IRON] + free_iron + bound * silicates).clamp(0.0, 1.0);
        grades
    }

    /// Means over the volume, from other places than those that the fields were mapped by.
    pub fn bulk_grades(&self, outline: &Outline) -> Grades {
        let mut bulk = Grades::default();
        let mut volume = 0.0;
        for (p, depth_m, weight) in places_within(outline, 3 * SURVEY, 0.5) {
            bulk.add(&self.grades(p, depth_m), weight);
            volume += weight;
        }
        for value in &mut bulk.0 {
            *value /= volume;
        }
        bulk
    }

    /// Water, organic matter, metal, platinum group and oxides before they are mapped.
    fn raw(&self, p: DVec3, depth_m: f64) -> [f64; 5] {
        let wide = |shift: f64| {
            if self.province == 0.0 {
                return 0.0;
            }
            let at = p / self.province_m + DVec3::new(shift, 1.3 - shift, 0.7 * shift);
            self.province * self.fine.at(at)
        };
        // Lenses of about 60 m, pockets of about 12 m, and veins where one wave of 35 m crosses
        // zero.
        let vein = 1.0 - (self.wave(p, 35.0, 2.2).abs() / 0.08).min(1.0);
        let lens = self.wave(p, 60.0, 0.4) + wide(0.9);
        let mut water = lens + 0.5 * self.wave(p, 12.0, 7.7) + 0.45 * vein * (0.3 + lens).max(0.0);
        if let Some(lag_m) = self.lag_m {
            // Cold traps keep it near the surface.
            let equator = 1.0 - (p.z / p.length().max(f64::MIN_POSITIVE)).powi(2);
            let lag_m = (lag_m * equator).max(0.1);
            let dry = (-(depth_m / lag_m).powi(4)).exp();
            water -= 6.0 * dry;
        }
        let organics = 0.5 * lens + self.fine_wave(p, 28.0, 21.4);
        // Nodules of a few metres along stringers of 45 m.
        let stringer = 1.0 - (self.fine_wave(p, 45.0, 13.1).abs() / 0.12).min(1.0);
        let nodule = (self.fine_wave(p, 4.0, 17.7) - 0.25).max(0.0);
        let metal =
            self.fine_wave(p, 70.0, 9.2) + wide(4.1) + 0.5 * stringer + (1.0 + stringer) * nodule;
        let platinum_group = 0.7 * metal + 0.5 * self.fine_wave(p, 19.0, 27.3);
        let oxides = self.fine_wave(p, 90.0, 33.9) + wide(7.7);
        [water, organics, metal, platinum_group, oxides]
    }

    fn wave(&self, p: DVec3, length_m: f64, shift: f64) -> f64 {
        let at = p / (length_m * self.scale) + DVec3::new(0.31 - shift, shift, 1.7 * shift + 0.11);
        self.noise.get((at).to_array())
    }

    /// As [`Ore::wave`], for a tenth of the time.
    fn fine_wave(&self, p: DVec3, length_m: f64, shift: f64) -> f64 {
        let at = p / (length_m * self.scale) + DVec3::new(0.31 - shift, shift, 1.7 * shift + 0.11);
        self.fine.at(at)
    }
}

/// Places spread over the volume of a body with their depths and the volumes that they stand for.
fn places_within(
    outline: &Outline,
    count: usize,
    shift: f64,
) -> impl Iterator<Item = (DVec3, f64, f64)> {
    even_directions(count)
        .enumerate()
        .map(move |(index, direction)| {
            // Not the golden ratio, with which the directions turn.
            let share = (std::f64::consts::SQRT_2 * index as f64 + shift).fract();
            let rim = outline.rim(direction);
            let p = direction * (rim.radius_m * share.cbrt());
            let depth_m = (rim.radius_m - p.length()) * rim.cosine;
            (p, depth_m, rim.radius_m.powi(3))
        })
}

impl Profile {
    fn new(
        record: &BodyRecord,
        class: &Composition,
        radius_m: f64,
        boulder_thickness_m: f64,
    ) -> Self {
        let lunar = class.class.starts_with("lunar");
        let loose = catalogue::constant("bulk_density_surface_bennu").value;
        let bennu = catalogue::body("bennu").expect("the table has Bennu");
        let bulk_density_kg_m3 = record.density_kg_m3;
        let range = |id: &str| {
            let constant = catalogue::constant(id);
            let value = constant.value;
            [
                constant.low.unwrap_or(value),
                value,
                constant.high.unwrap_or(value),
            ]
        };
        // A boulder has less void than the pile it lies on, but is no denser than stone.
        let grain_density_kg_m3 = grain_density_kg_m3(class);
        let rock_density_kg_m3 = if lunar {
            2_800.0
        } else {
            (1.45 * bulk_density_kg_m3)
                .min(grain_density_kg_m3.max(2_800.0))
                .max(bulk_density_kg_m3)
        };
        let single_rock = record.monolith;
        let bedrock_m = match class.class.as_str() {
            // Thickness of the regolith (McKay et al. 1991, Lunar Sourcebook, chapter 7).
            "lunar_mare_highTi" | "lunar_mare_lowTi" => 5.0,
            _ if lunar => 12.0,
            _ if single_rock => DUSTING_M.min(0.02 * radius_m),
            _ => f64::INFINITY,
        };
        let compaction_m = COMPACTION_DEPTH_M.min(COMPACTION_PER_RADIUS * radius_m);
        // Elsewhere fresh regolith is as much looser than the body as on Bennu.
        let loose_density_kg_m3 = bulk_density_kg_m3 * loose / bennu.density_kg_m3;
        // Shares of the volume that are looser and denser than what is deep: a sphere's worth.
        let thin = compaction_m / radius_m;
        let loose_share = 3.0 * thin - 6.0 * thin.powi(2) + 6.0 * thin.powi(3);
        let rock_share = (3.0 * boulder_thickness_m / radius_m).min(0.3);
        let deep_density_kg_m3 = if bedrock_m.is_finite() {
            bulk_density_kg_m3
        } else {
            let left = bulk_density_kg_m3
                - loose_share * loose_density_kg_m3
                - rock_share * rock_density_kg_m3;
            left / (1.0 - loose_share - rock_share)
        };
        Self {
            lunar,
            bedrock_m,
            compaction_m,
            cohesion_pa: range(if lunar {
                "cohesion_moon"
            } else {
                "cohesion_rubble_pile"
            }),
            friction_angle_rad: range("friction_angle").map(f64::to_radians),
            loose_density_kg_m3,
            deep_density_kg_m3,
            rock_density_kg_m3,
            grain_density_kg_m3,
            rock_strength_pa: rock_strength_pa(class),
            friction: catalogue::constant("friction_coefficient").value,
            restitution_of_rock: catalogue::constant("restitution_rock").value,
            restitution_of_regolith: catalogue::constant("restitution_regolith").value,
        }
    }

    fn at(
        &self,
        depth_m: f64,
        in_boulder: bool,
        grades: Grades,
        cohesion: f64,
        grit: f64,
    ) -> Ground {
        let rock = in_boulder || self.bedrock_m <= depth_m;
        let packed = 1.0 - (-depth_m / self.compaction_m).exp();
        let [low, middle, high] = self.cohesion_pa;
        let [flat, usual, steep] = self.friction_angle_rad;
        let friction_angle_rad = if grit < 0.0 {
            usual + (usual - flat) * grit
        } else {
            usual + (steep - usual) * grit
        };
        let bulk_density_kg_m3 = if rock && in_boulder {
            self.rock_density_kg_m3
        } else if rock && !self.lunar {
            self.deep_density_kg_m3
        } else if rock {
            self.rock_density_kg_m3
        } else if self.lunar {
            // Carrier, Olhoeft & Mendell (1991), Lunar Sourcebook, equation 9.4, in metres.
            1_920.0 * (depth_m + 0.122) / (depth_m + 0.18)
        } else {
            self.loose_density_kg_m3 + (self.deep_density_kg_m3 - self.loose_density_kg_m3) * packed
        };
        let soft_pa = if self.lunar {
            // From a few hundred pascals at the surface to some three thousand below half a
            // metre (Carrier et al. 1991, table 9.12).
            let surface_pa = (0.3 * middle * (0.3 * cohesion).exp()).max(low);
            (surface_pa + (high - surface_pa) * (1.0 - (-depth_m / 0.5).exp())).min(high)
        } else {
            (middle * cohesion.exp()).clamp(low, high) * (1.0 + (PACKED_COHESION - 1.0) * packed)
        };
        let strength_pa = if rock {
            // No two blocks are alike.
            self.rock_strength_pa * (0.35 * grit).exp()
        } else {
            let (sine, cosine) = friction_angle_rad.sin_cos();
            2.0 * soft_pa * cosine / (1.0 - sine)
        };
        Ground {
            bulk_density_kg_m3,
            porosity: (1.0 - bulk_density_kg_m3 / self.grain_density_kg_m3).max(0.0),
            water_fraction: grades.0[WATER],
            cohesion_pa: if rock {
                strength_pa / COMPRESSIVE_PER_TENSILE
            } else {
                soft_pa
            },
            friction_angle_rad,
            strength_pa,
            rock,
            friction: self.friction,
            restitution: if rock {
                self.restitution_of_rock
            } else {
                self.restitution_of_regolith
            },
            grades,
        }
    }
}

/// Of the grains without void: metal among silicates, which are lighter the more water they hold.
fn grain_density_kg_m3(class: &Composition) -> f64 {
    let silicates_kg_m3 = if class.class.starts_with("lunar") {
        3_100.0
    } else {
        (3_500.0 - 6_000.0 * class.water).clamp(2_400.0, 3_500.0)
    };
    (class.metal / 7_800.0 + (1.0 - class.metal) / silicates_kg_m3).recip()
}

/// Unconfined compressive strength of a block: carbonaceous boulders are weak (0.3 MPa in tension
/// on Bennu and Ryugu: Grott et al. 2019; Ballouz et al. 2020), ordinary chondrites some tens of
/// megapascals, iron hundreds (Pohl & Britt 2020, "Strengths of meteorites").
fn rock_strength_pa(class: &Composition) -> f64 {
    if 0.3 < class.metal {
        3e8
    } else if 0.01 < class.water || 0.01 < class.carbon {
        COMPRESSIVE_PER_TENSILE * 3e5
    } else {
        6e7
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::BodyModel;
    use super::*;

    /// Places spread over the volume, other than those of the survey, with their grounds and the
    /// volumes that they stand for.
    fn over_volume(body: &BodyModel, count: usize) -> Vec<(DVec3, Ground, f64)> {
        even_directions(count)
            .enumerate()
            .map(|(index, direction)| {
                let share = (0.414_2 * index as f64 + 0.21).fract();
                let radius_m = body.outline_radius_m(direction);
                let p = direction * (radius_m * share.cbrt());
                (p, body.ground_at(body.centre_m() + p), radius_m.powi(3))
            })
            .collect()
    }

    #[test]
    fn the_bulk_of_a_body_is_its_class_and_stays_within_its_range() {
        for id in ["bennu", "eros", "1986da", "themis", "vesta", "phaethon"] {
            let body = BodyModel::shared(id, 21).unwrap();
            let class = catalogue::composition(&body.record().composition_class).unwrap();
            let means = Grades::of_class(class);
            let places = over_volume(&body, 3_001);
            let (mut bulk, mut squares) = (Grades::default(), Grades::default());
            let volume: f64 = places.iter().map(|(_, _, weight)| weight).sum();
            for (p, ground, weight) in &places {
                let grades = ground.grades;
                assert_eq!(ground.water_fraction, grades.0[WATER]);
                let within = |value: f64, [low, high]: [f64; 2]| {
                    low * (1.0 - 1e-9) <= value && value <= high * (1.0 + 1e-9)
                };
                assert!(within(grades.0[WATER], class.water_range), "{id} at {p}");
                assert!(
                    within(grades.platinum_group(), class.platinum_group_range),
                    "{id} at {p}"
                );
                let whole: f64 = grades.0[..=SILICATES].iter().sum();
                assert!((whole - 1.0).abs() < 0.016, "{id}: {whole} at {p}");
                bulk.add(&grades, weight / volume);
                squares.add(&Grades(grades.0.map(|x| x * x)), weight / volume);
            }
            for (((good, mean), (_, expected)), square) in
                bulk.named().zip(means.named()).zip(squares.0)
            {
                // What is rare and rich is met by few of the places.
                let chance = ((square - mean * mean).max(0.0) / places.len() as f64).sqrt();
                assert!(
                    (mean - expected).abs() <= 0.04 * expected + 2.0 * chance + 1e-12,
                    "{id}: {mean} of {good}, not {expected}"
                );
            }
        }
    }

    #[test]
    fn ore_is_alike_nearby_and_unlike_far_off_and_between_seeds() {
        let bennu = BodyModel::shared("bennu", 21).unwrap();
        let other = BodyModel::shared("bennu", 22).unwrap();
        let places: Vec<DVec3> = even_directions(500)
            .map(|d| d * bennu.outline_radius_m(d))
            .collect();
        for good in ["water", "carbon", "nickel", "platinum", "titanium"] {
            let grade = |p: DVec3| bennu.ground_at(p).grades.named_as(good).unwrap();
            let (mut near, mut far, mut seeds) = (0.0, 0.0, 0.0);
            for (index, &place) in places.iter().enumerate() {
                let elsewhere = places[(index + 217) % places.len()];
                near += (grade(place) - grade(place + DVec3::new(1.0, -0.5, 0.5))).powi(2);
                far += (grade(place) - grade(elsewhere)).powi(2);
                let there = other.ground_at(place).grades.named_as(good).unwrap();
                seeds += (grade(place) - there).powi(2);
            }
            assert!(near < 0.35 * far, "{good}: {near} and {far}");
            assert!(0.3 * far < seeds, "{good}: {seeds} and {far}");
        }
    }

    #[test]
    fn kindred_goods_are_found_together() {
        let eros = BodyModel::shared("eros", 4).unwrap();
        let places = over_volume(&eros, 800);
        let correlation = |one: &str, other: &str| {
            let of = |good: &str| -> Vec<f64> {
                let values: Vec<f64> = places
                    .iter()
                    .map(|(_, ground, _)| ground.grades.named_as(good).unwrap())
                    .collect();
                let mean = values.iter().sum::<f64>() / values.len() as f64;
                values.into_iter().map(|value| value - mean).collect()
            };
            let (a, b) = (of(one), of(other));
            let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
            dot(&a, &b) / (dot(&a, &a) * dot(&b, &b)).sqrt()
        };
        assert!(0.9 < correlation("metal", "nickel"));
        assert!(0.4 < correlation("metal", "platinum"));
        assert!(correlation("metal", "platinum") < 0.95);
        assert!(correlation("metal", "water").abs() < 0.3);
    }

    #[test]
    fn cohesion_stays_in_its_range_and_ground_packs_with_depth() {
        let bennu = BodyModel::shared("bennu", 21).unwrap();
        let mut soft = Vec::new();
        for direction in even_directions(500) {
            let surface = direction * bennu.surface_radius_m(direction);
            let top = bennu.ground_at(surface);
            let deep = bennu.ground_at(surface - direction * 40.0);
            assert!((29.9..45.1).contains(&top.friction_angle_rad.to_degrees()));
            if !top.rock {
                assert!((3.0..=100.0).contains(&top.cohesion_pa));
                assert!((549.0..1190.0).contains(&top.bulk_density_kg_m3));
                assert!((1.0..1e3).contains(&top.strength_pa));
                soft.push(top.cohesion_pa);
            } else {
                assert!(3e5 < top.strength_pa && top.bulk_density_kg_m3 > 1_190.0);
            }
            if !deep.rock {
                assert!((deep.bulk_density_kg_m3 / 1190.0 - 1.0).abs() < 0.03);
                assert!(deep.porosity < top.porosity || top.rock);
                assert!(0.3 < deep.porosity && deep.porosity < 0.7);
            }
        }
        soft.sort_by(f64::total_cmp);
        let median = soft[soft.len() / 2];
        assert!((15.0..40.0).contains(&median), "{median} Pa");
    }

    #[test]
    fn ice_lies_under_a_dried_lag_that_is_thin_at_the_poles() {
        let themis = BodyModel::shared("themis", 3).unwrap();
        let water = |latitude_rad: f64, depth_m: f64| {
            let mean = |i: i32| {
                let place = themis.surface_point(latitude_rad, f64::from(i));
                let up = themis.surface_normal(place);
                themis.ground_at(place - up * depth_m).water_fraction
            };
            (0..30).map(mean).sum::<f64>() / 30.0
        };
        assert!(water(0.0, 0.3) < 0.06);
        assert!(0.12 < water(0.0, 12.0));
        assert!(0.12 < water(1.53, 1.0));
    }

    #[test]
    fn the_density_profile_keeps_the_mass_of_the_body() {
        // As a sphere's shells: what is loose on top is made up for below.
        for (id, seed) in [("bennu", 7), ("ryugu", 7), ("eros", 7)] {
            let body = BodyModel::shared(id, seed).unwrap();
            let (mut mass, mut volume) = (0.0, 0.0);
            let add = |p: DVec3, weight: f64, mass: &mut f64, volume: &mut f64| {
                *mass += weight * body.ground_at(body.centre_m() + p).bulk_density_kg_m3;
                *volume += weight;
            };
            for (index, direction) in even_directions(1_500).enumerate() {
                let radius_m = body.surface_radius_m(direction);
                // A skin of twelve metres and the rest, each with its share of the volume.
                let skin_m = 12.0;
                let core = (1.0 - skin_m / radius_m).powi(3);
                let share = (0.618_034 * index as f64).fract();
                let skin = (core + (1.0 - core) * share).cbrt();
                let deep = (core * share).cbrt();
                let cone = radius_m.powi(3);
                add(
                    direction * radius_m * skin,
                    cone * (1.0 - core),
                    &mut mass,
                    &mut volume,
                );
                add(
                    direction * radius_m * deep,
                    cone * core,
                    &mut mass,
                    &mut volume,
                );
            }
            let ratio = mass / volume / body.record().density_kg_m3;
            assert!((ratio - 1.0).abs() < 0.012, "{id}: {ratio}");
        }
    }

    #[test]
    fn a_fast_spinner_is_a_single_rock() {
        let spinner = BodyModel::shared("2011uw158", 3).unwrap();
        let place = spinner.surface_point(0.2, 0.4);
        let up = spinner.surface_normal(place);
        let below = spinner.ground_at(place - up * 1.0);
        assert!(below.rock && 1e6 < below.strength_pa);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(40))]

        #[test]
        fn a_field_keeps_mean_and_range(
            low in 0.0..0.3_f64,
            width in 0.01..0.6_f64,
            at in 0.05..0.95_f64,
        ) {
            let mean = low + at * width;
            let mut field = Field::within(low, mean, low + width);
            field.learn((0..5_000).map(|i| ((f64::from(i) * 0.37).sin(), 2.0)).collect());
            let values: Vec<f64> =
                (0..20_000).map(|i| field.value((f64::from(i) * 0.611).sin())).collect();
            prop_assert!(values.iter().all(|v| low <= *v && *v <= low + width + 1e-12));
            let found = values.iter().sum::<f64>() / values.len() as f64;
            prop_assert!((found - mean).abs() < 0.02 * width, "{} for {}", found, mean);
        }
    }
}
