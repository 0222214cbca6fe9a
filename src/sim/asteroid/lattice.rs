//! Numbers that depend on a place of a lattice alone: smooth noise, and dice for the things in a
//! cell.
//!
//! Ground is asked for at thousands of places when a chunk is meshed, seven waves each. The
//! gradient noise of the crate `noise` took 150 ns a value for that; this one, which hashes
//! lattice points by arithmetic instead of by tables, takes a tenth of it.

use bevy::math::{DVec3, I64Vec3};

/// Smooth noise in space (Perlin 2002, "Improving noise").
#[derive(Clone, Copy, Debug)]
pub struct GradientNoise {
    seed: u64,
}

impl GradientNoise {
    pub fn new(seed: u64) -> Self {
        Self { seed: mix(seed) }
    }

    /// Between about −1 and 1, with a mean of zero and a root mean square near 0.3; waves are about
    /// two units long.
    pub fn at(&self, p: DVec3) -> f64 {
        let cell = I64Vec3::new(below(p.x), below(p.y), below(p.z));
        let t = p - cell.as_dvec3();
        let fade = t * t * t * (t * (t * 6.0 - 15.0) + 10.0);
        let x = [self.hash_x(cell.x), self.hash_x(cell.x + 1)];
        let y = [hash_y(cell.y), hash_y(cell.y + 1)];
        let z = [hash_z(cell.z), hash_z(cell.z + 1)];
        let corner = |i: usize, j: usize, k: usize| {
            let arm = t - DVec3::new(i as f64, j as f64, k as f64);
            slope(x[i] ^ y[j] ^ z[k], arm)
        };
        let edge = |j: usize, k: usize| {
            let left = corner(0, j, k);
            left + (corner(1, j, k) - left) * fade.x
        };
        let side = |k: usize| {
            let low = edge(0, k);
            low + (edge(1, k) - low) * fade.y
        };
        let near = side(0);
        // The plain sum hardly leaves ±√3/2.
        1.154_700_538_379_251_5 * (near + (side(1) - near) * fade.z)
    }

    fn hash_x(&self, x: i64) -> u64 {
        (x as u64).wrapping_mul(0x9E37_79B9_7F4A_7C15) ^ self.seed
    }
}

fn hash_y(y: i64) -> u64 {
    (y as u64).wrapping_mul(0xC2B2_AE3D_27D4_EB4F)
}

fn hash_z(z: i64) -> u64 {
    (z as u64).wrapping_mul(0x1656_67B1_9E37_79F9)
}

/// Towards the middles of the edges of a cube, four of them twice.
///
/// A table, because the choice is random: a branch on it would be guessed wrong half of the time.
const SLOPES: [DVec3; 16] = [
    DVec3::new(1.0, 1.0, 0.0),
    DVec3::new(-1.0, 1.0, 0.0),
    DVec3::new(1.0, -1.0, 0.0),
    DVec3::new(-1.0, -1.0, 0.0),
    DVec3::new(1.0, 0.0, 1.0),
    DVec3::new(-1.0, 0.0, 1.0),
    DVec3::new(1.0, 0.0, -1.0),
    DVec3::new(-1.0, 0.0, -1.0),
    DVec3::new(0.0, 1.0, 1.0),
    DVec3::new(0.0, -1.0, 1.0),
    DVec3::new(0.0, 1.0, -1.0),
    DVec3::new(0.0, -1.0, -1.0),
    DVec3::new(1.0, 1.0, 0.0),
    DVec3::new(0.0, -1.0, 1.0),
    DVec3::new(-1.0, 1.0, 0.0),
    DVec3::new(0.0, -1.0, -1.0),
];

/// Height at `arm` from a lattice point of the slope that it was dealt.
fn slope(bits: u64, arm: DVec3) -> f64 {
    // The products of small numbers differ in their high bits: fold and spread them again.
    let bits = (bits ^ (bits >> 32)).wrapping_mul(0xD6E8_FEB8_6659_FD93);
    SLOPES[(bits >> 60) as usize].dot(arm)
}

/// The whole number below, without the library call that `floor` is on plain x86-64.
fn below(value: f64) -> i64 {
    let towards_zero = value as i64;
    towards_zero - i64::from(value < towards_zero as f64)
}

/// A stream of numbers that depends on a seed, a purpose and a cell.
#[derive(Clone, Copy, Debug)]
pub struct Dice(u64);

impl Dice {
    pub fn new(seed: u64, purpose: u64, cell: I64Vec3) -> Self {
        let mut state = mix(seed ^ mix(purpose));
        for index in cell.to_array() {
            state = mix(state ^ index as u64);
        }
        Self(state)
    }

    /// From 0 to just below 1.
    pub fn unit(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        (mix(self.0) >> 11) as f64 * 2f64.powi(-53)
    }

    /// From 1 to 2, by a cumulative power law with this exponent, taken negative.
    pub fn power_law(&mut self, exponent: f64) -> f64 {
        (1.0 - self.unit() * (1.0 - 2f64.powf(-exponent))).powf(-exponent.recip())
    }

    /// Of length one.
    pub fn direction(&mut self) -> DVec3 {
        let z = 2.0 * self.unit() - 1.0;
        let (sine, cosine) = (std::f64::consts::TAU * self.unit()).sin_cos();
        let ring = (1.0 - z * z).sqrt();
        DVec3::new(ring * cosine, ring * sine, z)
    }
}

/// The finaliser of SplitMix64 (Steele, Lea and Flood 2014).
fn mix(mut bits: u64) -> u64 {
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    bits ^ (bits >> 31)
}

#[cfg(test)]
mod tests {
    use super::super::outline::even_directions;
    use super::*;

    #[test]
    fn noise_is_smooth_centred_and_bounded() {
        let noise = GradientNoise::new(3);
        let (mut sum, mut squares) = (0.0, 0.0);
        let places: Vec<DVec3> = even_directions(20_000).map(|d| d * 40.0).collect();
        for &place in &places {
            let value = noise.at(place);
            assert!(value.abs() <= 1.2);
            // No step where a cell ends, or anywhere else.
            let near = noise.at(place + DVec3::splat(1e-6));
            assert!((near - value).abs() < 1e-5);
            sum += value;
            squares += value * value;
        }
        let count = places.len() as f64;
        let rms = (squares / count).sqrt();
        assert!((sum / count).abs() < 0.01, "mean {}", sum / count);
        assert!((0.25..0.36).contains(&rms), "rms {rms}");
    }

    #[test]
    fn noise_has_no_direction_it_prefers() {
        let noise = GradientNoise::new(5);
        let steepness = DVec3::AXES.map(|axis| {
            even_directions(5_000)
                .map(|d| {
                    let at = d * 60.0;
                    (noise.at(at + axis * 0.1) - noise.at(at)).powi(2)
                })
                .sum::<f64>()
        });
        let mean = steepness.iter().sum::<f64>() / 3.0;
        assert!(
            steepness.iter().all(|s| (s / mean - 1.0).abs() < 0.15),
            "{steepness:?}"
        );
    }

    #[test]
    fn other_seeds_make_other_noise() {
        let (a, b) = (GradientNoise::new(1), GradientNoise::new(2));
        let (mut both, mut one) = (0.0, 0.0);
        for place in even_directions(10_000).map(|d| d * 50.0) {
            both += a.at(place) * b.at(place);
            one += a.at(place) * a.at(place);
        }
        assert!((both / one).abs() < 0.1, "correlation {}", both / one);
    }

    #[test]
    fn dice_fall_evenly() {
        let mut mean = DVec3::ZERO;
        for index in 0..3_000 {
            let mut dice = Dice::new(7, 1, I64Vec3::new(index % 50, -index, index / 50));
            mean += dice.direction() / 3_000.0;
            let size = dice.power_law(2.9);
            assert!((1.0..=2.0).contains(&size));
        }
        assert!(mean.length() < 0.04, "{mean}");
    }
}
