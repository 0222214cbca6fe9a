//! What the ground is made of at a place: water, cohesion, density.
//!
//! The truth, which no instrument tells without an error. Water follows a field that is
//! correlated over tens of metres, with veins, and is mapped so that its distribution over the
//! body's surface has the mean of its class and stays within the range of its class.

use bevy::math::DVec3;
use noise::{NoiseFn, Perlin};

use super::catalogue::{self, BodyRecord, Composition};
use super::outline::{Outline, even_directions};
use super::relief::Lie;

/// Sets the noise of the ore apart from that of the relief.
const NOISE_OF_ORE: u64 = 0x6F72_6521;
/// Places of the surface that the distribution of the raw field is taken from.
const SURVEY: usize = 4096;
const QUANTILES: usize = 128;
/// Depth over which loose ground becomes about as dense as the body.
const COMPACTION_DEPTH_M: f64 = 1.5;
/// Strength of the rock of a boulder in tension [Pa]: 0.1 to 1.7 MPa on Bennu and Ryugu (Grott et
/// al. 2019; Ballouz et al. 2020).
const ROCK_COHESION_PA: f64 = 3e5;

/// The ground at a place. Never shown to a brain.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Ground {
    pub bulk_density_kg_m3: f64,
    /// Mass of water that heat can free, by mass of rock.
    pub water_fraction: f64,
    pub cohesion_pa: f64,
    /// A boulder or bedrock.
    pub rock: bool,
    pub friction: f64,
    /// Of a hard robot.
    pub restitution: f64,
}

/// The ore of one body.
#[derive(Clone, Debug)]
pub struct Ore {
    noise: Perlin,
    /// Lengths of the octaves are shorter on bodies smaller than these.
    scale: f64,
    /// Raw values that split the surface into equal parts.
    quantiles: Vec<f64>,
    water_range: [f64; 2],
    /// Of the map from rank to water that keeps the mean of the class.
    water_exponent: f64,
    cohesion_pa: [f64; 3],
    loose_density_kg_m3: f64,
    bulk_density_kg_m3: f64,
    rock_density_kg_m3: f64,
    friction: f64,
    restitution_of_rock: f64,
    restitution_of_regolith: f64,
}

impl Ore {
    pub fn new(seed: u64, record: &BodyRecord, outline: &Outline) -> Self {
        let class = catalogue::composition(&record.composition_class)
            .or_else(|| catalogue::composition("unknown"))
            .expect("the table has the class of what is unknown");
        let loose = catalogue::constant("bulk_density_surface_bennu").value;
        let bennu = catalogue::body("bennu").expect("the table has Bennu");
        let bulk_density_kg_m3 = record.density_kg_m3;
        let cohesion = catalogue::constant(if record.composition_class.starts_with("lunar") {
            "cohesion_moon"
        } else {
            "cohesion_rubble_pile"
        });
        let mut ore = Self {
            // Its seeds have 32 bits: both halves of ours count.
            noise: Perlin::new(
                (seed ^ NOISE_OF_ORE) as u32 ^ ((seed >> 32) as u32).rotate_left(16),
            ),
            scale: (outline.mean_radius_m() / 60.0).min(1.0),
            quantiles: Vec::new(),
            water_range: class.water_range,
            water_exponent: water_exponent(class),
            cohesion_pa: [
                cohesion.low.unwrap_or(cohesion.value),
                cohesion.value,
                cohesion.high.unwrap_or(cohesion.value),
            ],
            // Elsewhere fresh regolith is as much looser than the body as on Bennu.
            loose_density_kg_m3: bulk_density_kg_m3 * loose / bennu.density_kg_m3,
            bulk_density_kg_m3,
            // A boulder has less void than the pile it lies on, but is no denser than stone.
            rock_density_kg_m3: (1.45 * bulk_density_kg_m3)
                .min(2_800.0)
                .max(bulk_density_kg_m3),
            friction: catalogue::constant("friction_coefficient").value,
            restitution_of_rock: catalogue::constant("restitution_rock").value,
            restitution_of_regolith: catalogue::constant("restitution_regolith").value,
        };
        let mut survey: Vec<f64> = even_directions(SURVEY)
            .map(|direction| ore.raw(direction * outline.rim(direction).radius_m))
            .collect();
        survey.sort_by(f64::total_cmp);
        ore.quantiles = (0..=QUANTILES)
            .map(|i| survey[i * (SURVEY - 1) / QUANTILES])
            .collect();
        ore
    }

    /// Water by mass at a place.
    pub fn water_fraction(&self, p: DVec3) -> f64 {
        let [low, high] = self.water_range;
        low + (high - low) * self.rank(self.raw(p)).powf(self.water_exponent)
    }

    pub fn ground(&self, p: DVec3, lie: Lie) -> Ground {
        let rock = lie.in_boulder;
        let depth_m = (-lie.distance_m).max(0.0);
        let packed = 1.0 - (-depth_m / COMPACTION_DEPTH_M).exp();
        let [low, middle, high] = self.cohesion_pa;
        let spread = 2.2 * self.wave(p, 17.0, 5.3) + 1.6 * self.wave(p, 5.0, 11.9);
        Ground {
            bulk_density_kg_m3: if rock {
                self.rock_density_kg_m3
            } else {
                self.loose_density_kg_m3
                    + (self.bulk_density_kg_m3 - self.loose_density_kg_m3) * packed
            },
            water_fraction: self.water_fraction(p),
            cohesion_pa: if rock {
                ROCK_COHESION_PA
            } else {
                (middle * spread.exp()).clamp(low, high)
            },
            rock,
            friction: self.friction,
            restitution: if rock {
                self.restitution_of_rock
            } else {
                self.restitution_of_regolith
            },
        }
    }

    /// Before it is mapped to water: lenses of about 60 m, pockets of about 12 m, and veins where
    /// one wave of 35 m crosses zero.
    fn raw(&self, p: DVec3) -> f64 {
        let vein = 1.0 - (self.wave(p, 35.0, 2.2).abs() / 0.08).min(1.0);
        let lens = self.wave(p, 60.0, 0.4);
        lens + 0.5 * self.wave(p, 12.0, 7.7) + 0.45 * vein * (0.3 + lens).max(0.0)
    }

    /// Share of the surface with a lower raw value: 0 to 1.
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

    fn wave(&self, p: DVec3, length_m: f64, shift: f64) -> f64 {
        let at = p / (length_m * self.scale) + DVec3::new(0.31 - shift, shift, 1.7 * shift + 0.11);
        self.noise.get((at).to_array())
    }
}

/// γ such that low + (high − low) u^γ has the mean of the class for u spread evenly over 0 to 1.
fn water_exponent(class: &Composition) -> f64 {
    let [low, high] = class.water_range;
    if class.water <= low {
        return 1.0;
    }
    (high - class.water) / (class.water - low)
}

#[cfg(test)]
mod tests {
    use super::super::BodyModel;
    use super::*;

    #[test]
    fn water_has_the_mean_and_the_range_of_its_class() {
        for id in ["bennu", "ryugu", "eros", "2008ev5", "phaethon"] {
            let body = BodyModel::shared(id, 21).unwrap();
            let class = catalogue::composition(&body.record().composition_class).unwrap();
            let [low, high] = class.water_range;
            // Other places, and other depths, than those the distribution was taken from.
            let places = even_directions(3_001).enumerate();
            let waters: Vec<f64> = places
                .map(|(i, d)| body.centre_m() + d * (body.outline_radius_m(d) - (i % 5) as f64))
                .map(|p| body.ground_at(p).water_fraction)
                .collect();
            assert!(waters.iter().all(|w| low <= *w && *w <= high), "{id}");
            let mean = waters.iter().sum::<f64>() / waters.len() as f64;
            let allowed = 0.03 * class.water + 1e-12;
            assert!(
                (mean - class.water).abs() <= allowed,
                "{id}: {mean} not {}",
                class.water
            );
        }
    }

    #[test]
    fn ore_is_alike_nearby_and_unlike_far_off() {
        let bennu = BodyModel::shared("bennu", 21).unwrap();
        let water = |p: DVec3| bennu.ground_at(p).water_fraction;
        let (mut near, mut far) = (0.0, 0.0);
        let places: Vec<DVec3> = even_directions(500)
            .map(|d| d * bennu.outline_radius_m(d))
            .collect();
        for (index, &place) in places.iter().enumerate() {
            near += (water(place) - water(place + DVec3::new(1.0, -0.5, 0.5))).powi(2);
            far += (water(place) - water(places[(index + 217) % places.len()])).powi(2);
        }
        assert!(near < 0.2 * far, "{near} and {far}");
    }

    #[test]
    fn cohesion_stays_in_its_range_and_ground_packs_with_depth() {
        let bennu = BodyModel::shared("bennu", 21).unwrap();
        let mut soft = Vec::new();
        for direction in even_directions(500) {
            let surface = direction * bennu.surface_radius_m(direction);
            let top = bennu.ground_at(surface);
            let deep = bennu.ground_at(surface - direction * 40.0);
            if !top.rock {
                assert!((3.0..=100.0).contains(&top.cohesion_pa));
                assert!((549.0..1190.0).contains(&top.bulk_density_kg_m3));
                soft.push(top.cohesion_pa);
            }
            if !deep.rock {
                assert!((deep.bulk_density_kg_m3 - 1190.0).abs() < 1.0);
            }
        }
        soft.sort_by(f64::total_cmp);
        let median = soft[soft.len() / 2];
        assert!((15.0..40.0).contains(&median), "{median} Pa");
    }
}
