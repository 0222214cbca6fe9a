//! Random streams.
//!
//! One stream per purpose, each derived from the run's seed and the purpose's name, so that a new
//! use of chance leaves the others as they were and a run can be repeated bit for bit.

use rand_pcg::Pcg64Mcg;
use rand_pcg::rand_core::SeedableRng;
use xxhash_rust::xxh3::xxh3_128_with_seed;

/// A generator with a small state that can be saved.
pub type Stream = Pcg64Mcg;

/// The stream of one purpose: the same for the same `seed` and `purpose`.
pub fn stream(seed: u64, purpose: &str) -> Stream {
    Stream::from_seed(xxh3_128_with_seed(purpose.as_bytes(), seed).to_le_bytes())
}

/// Uniform in `[0, 1)` with 53 random bits.
pub fn uniform(stream: &mut Stream) -> f64 {
    use rand_pcg::rand_core::Rng;
    (stream.next_u64() >> 11) as f64 / (1u64 << 53) as f64
}

/// Standard normal deviate (Box and Muller 1958).
pub fn normal(stream: &mut Stream) -> f64 {
    let radius = (-2.0 * (1.0 - uniform(stream)).ln()).sqrt();
    radius * (std::f64::consts::TAU * uniform(stream)).cos()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn streams_repeat_and_differ_by_purpose_and_seed() {
        let draw = |seed, purpose| {
            let mut stream = stream(seed, purpose);
            [(); 4].map(|()| uniform(&mut stream).to_bits())
        };
        assert_eq!(draw(1, "survey"), draw(1, "survey"));
        assert_ne!(draw(1, "survey"), draw(2, "survey"));
        assert_ne!(draw(1, "survey"), draw(1, "brain"));
    }

    #[test]
    fn normal_deviates_have_mean_zero_and_variance_one() {
        let mut stream = stream(3, "test");
        let n = 20_000;
        let draws: Vec<f64> = (0..n).map(|_| normal(&mut stream)).collect();
        let mean = draws.iter().sum::<f64>() / n as f64;
        let variance = draws.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / n as f64;
        // Four standard errors of the mean and of the variance.
        assert!(mean.abs() < 4.0 / (n as f64).sqrt());
        assert!((variance - 1.0).abs() < 4.0 * (2.0 / n as f64).sqrt());
    }
}
