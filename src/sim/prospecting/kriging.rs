//! Kriging: from scattered readings to a mean and an error anywhere.
//!
//! Gaussian-process regression with a field that has two structures of covariance, a mean that is
//! known only so well, readings that are averages over areas, noise that differs from reading to
//! reading, and biases that readings of one instrument share (Cressie 1993, chapters 3 and 5;
//! Rasmussen & Williams 2006, chapters 2 and 5). No crate for it was found that takes the last
//! three and stays small.
//!
//! Everything here is a function of the readings in their order, to the bit: whether they came one
//! by one or all at once makes no difference, so that a world restored from a save goes on as it
//! would have.

use bevy::math::Vec3;

/// Part of the variance that varies within pockets, and their size over that of the lenses.
const POCKET_SHARE: f64 = 0.25;
const POCKET_SIZE: f64 = 1.0 / 6.0;
/// Added to the variance of each reading, as a part of the field's, so that two perfect readings
/// of one place do not make the equations singular.
const JITTER: f64 = 1e-9;
/// Parameters are fitted again when the number of readings passes one of these.
const FITTED_AT: [usize; 13] = [1, 2, 3, 4, 6, 8, 12, 16, 24, 32, 48, 64, 96];
/// Ranges that are tried, over the expected one.
const RANGES_TRIED: [f64; 7] = [0.25, 0.4, 0.63, 1.0, 1.6, 2.5, 4.0];
/// Variances that are tried: so many standard deviations of their logarithm from the expected one.
const VARIANCES_TRIED: [f64; 13] = [
    -3.0, -2.5, -2.0, -1.5, -1.0, -0.5, 0.0, 0.5, 1.0, 1.5, 2.0, 2.5, 3.0,
];
/// How far the logarithms of range and variance may be off what is expected (standard deviation).
const RANGE_LOG_STD: f64 = 0.7;
const VARIANCE_LOG_STD: f64 = 0.7;
/// Places that are asked for at once share the walk through the equations.
const LANES: usize = 8;

/// One reading of the field.
#[derive(Clone, Debug, PartialEq)]
pub struct Datum {
    /// The places that it is the even mean of, at least one.
    pub places_m: Vec<Vec3>,
    pub value: f64,
    /// Standard deviation of the error that is its own.
    pub random_std: f64,
    /// Standard deviation of the error that it shares with all others of the same `unit`.
    pub systematic_std: f64,
    /// Of whatever has a bias of its own.
    pub unit: u32,
}

/// What is expected of a field before it is read.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Expectation {
    /// Of the mean of the field, and how far that may be off.
    pub mean: f64,
    pub mean_std: f64,
    /// Standard deviation of the field about its mean, and how far its logarithm may be off
    /// besides what any field's may.
    pub spread: f64,
    pub spread_log_std: f64,
    /// Distance over which the field changes [m].
    pub range_m: f64,
}

/// Parameters of the covariance, as fitted.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Covariance {
    pub variance: f64,
    pub range_m: f64,
}

impl Covariance {
    /// Of the field at two places this far apart.
    pub fn at(&self, distance_m: f64) -> f64 {
        self.variance * correlation(distance_m / self.range_m)
    }

    fn between(&self, some_m: &[Vec3], others_m: &[Vec3]) -> f64 {
        self.variance * mean_correlation(self.range_m, some_m, others_m)
    }

    /// Of a row of readings with those before it and with itself.
    fn row(&self, data: &[Datum], row: usize) -> impl Iterator<Item = f64> {
        data[..=row]
            .iter()
            .map(move |old| self.between(&data[row].places_m, &old.places_m))
    }
}

/// Of two places so many ranges apart: two nested Matérn structures of order 3/2.
fn correlation(lens: f64) -> f64 {
    (1.0 - POCKET_SHARE) * matern(lens) + POCKET_SHARE * matern(lens / POCKET_SIZE)
}

fn mean_correlation(range_m: f64, some_m: &[Vec3], others_m: &[Vec3]) -> f64 {
    let mut sum = 0.0;
    for a in some_m {
        for b in others_m {
            sum += correlation(f64::from(a.distance(*b)) / range_m);
        }
    }
    sum / (some_m.len() * others_m.len()) as f64
}

/// (1 + √3 r) e^(−√3 r): a field that is smooth, but not very (Matérn 1960).
fn matern(r: f64) -> f64 {
    let x = 3f64.sqrt() * r;
    if 40.0 < x {
        return 0.0;
    }
    (1.0 + x) * (-x).exp()
}

/// A field as known from readings.
#[derive(Clone, Debug)]
pub struct Kriging {
    expected: Expectation,
    covariance: Covariance,
    data: Vec<Datum>,
    /// Lower triangle of the Cholesky factor of the readings' covariance, row after row.
    factor: Vec<f64>,
    /// The factor's inverse times the readings less the expected mean.
    whitened: Vec<f64>,
}

impl Kriging {
    /// A field of which nothing has been read.
    pub fn new(expected: Expectation) -> Self {
        Self {
            covariance: Covariance {
                variance: expected.spread.powi(2),
                range_m: expected.range_m,
            },
            expected,
            data: Vec::new(),
            factor: Vec::new(),
            whitened: Vec::new(),
        }
    }

    pub fn len(&self) -> usize {
        self.data.len()
    }

    pub fn is_empty(&self) -> bool {
        self.data.is_empty()
    }

    pub fn covariance(&self) -> Covariance {
        self.covariance
    }

    /// Whether parameters are fitted again when there are so many readings.
    pub fn fits_with(count: usize) -> bool {
        FITTED_AT.contains(&count)
    }

    /// Expects something else of the field from the next fit on, which must be that of the next
    /// reading.
    pub fn expect(&mut self, expected: Expectation) {
        self.expected = expected;
        self.factor.clear();
        self.whitened.clear();
    }

    /// Mean and standard deviation at a place that is too far away for the readings to tell of it.
    pub fn unread(&self) -> (f64, f64) {
        let variance = self.covariance.variance + self.expected.mean_std.powi(2);
        (self.expected.mean, variance.sqrt())
    }

    /// Takes one more reading in: quadratic in their number, and a fit now and then.
    pub fn add(&mut self, datum: Datum) {
        self.data.push(datum);
        if Self::fits_with(self.data.len()) {
            let fitted = self.fit();
            if fitted != self.covariance {
                self.covariance = fitted;
                self.factor.clear();
                self.whitened.clear();
            }
        }
        for row in self.whitened.len()..self.data.len() {
            extend(
                &self.expected,
                self.covariance.variance,
                self.covariance.row(&self.data, row),
                &self.data,
                &mut self.factor,
                &mut self.whitened,
            );
        }
    }

    /// Posterior means of the variance and of the logarithm of the range, over a grid: restricted
    /// likelihood, with the mean integrated out under what is expected of it (Harville 1974), times
    /// log-normal expectations. The most probable values instead would leave out that few readings
    /// leave a larger variance possible, and intervals would be too narrow.
    fn fit(&self) -> Covariance {
        let variance_log_std = VARIANCE_LOG_STD.hypot(2.0 * self.expected.spread_log_std);
        let mut tried = Vec::with_capacity(RANGES_TRIED.len() * VARIANCES_TRIED.len());
        for range in RANGES_TRIED {
            let of_range = Covariance {
                variance: 1.0,
                range_m: range * self.expected.range_m,
            };
            // Row after row, as the factor is: areas make this the larger part of the work.
            let correlations: Vec<f64> = (0..self.data.len())
                .flat_map(|row| of_range.row(&self.data, row))
                .collect();
            for off in VARIANCES_TRIED {
                let covariance = Covariance {
                    variance: (off * variance_log_std).exp() * self.expected.spread.powi(2),
                    ..of_range
                };
                let mut log_chance = -0.5 * (range.ln() / RANGE_LOG_STD).powi(2) - 0.5 * off * off;
                let (mut factor, mut whitened) = (Vec::new(), Vec::new());
                for row in 0..self.data.len() {
                    let start = row * (row + 1) / 2;
                    let row_of = &correlations[start..=start + row];
                    extend(
                        &self.expected,
                        covariance.variance,
                        row_of.iter().map(|part| covariance.variance * part),
                        &self.data,
                        &mut factor,
                        &mut whitened,
                    );
                    let pivot = factor[factor.len() - 1];
                    log_chance -= pivot.ln() + 0.5 * whitened[row].powi(2);
                }
                tried.push((log_chance, covariance));
            }
        }
        let best = tried.iter().map(|t| t.0).fold(f64::NEG_INFINITY, f64::max);
        let (mut whole, mut variance, mut log_range) = (0.0, 0.0, 0.0);
        for (log_chance, covariance) in tried {
            let weight = (log_chance - best).exp();
            whole += weight;
            variance += weight * covariance.variance;
            log_range += weight * covariance.range_m.ln();
        }
        Covariance {
            variance: variance / whole,
            range_m: (log_range / whole).exp(),
        }
    }

    /// Mean and standard deviation of the field itself, not of a reading of it, at each place.
    pub fn at(&self, places_m: &[Vec3]) -> Vec<(f64, f64)> {
        let n = self.data.len();
        let mean_variance = self.expected.mean_std.powi(2);
        let prior_variance = self.covariance.variance + mean_variance;
        let mut found = Vec::with_capacity(places_m.len());
        let mut solved = vec![[0.0; LANES]; n];
        for batch_m in places_m.chunks(LANES) {
            for (row, datum) in solved.iter_mut().zip(&self.data) {
                for (lane, place_m) in row.iter_mut().zip(batch_m) {
                    *lane = mean_variance
                        + self
                            .covariance
                            .between(std::slice::from_ref(place_m), &datum.places_m);
                }
            }
            let mut mean = [self.expected.mean; LANES];
            let mut variance = [prior_variance; LANES];
            let mut start = 0;
            for i in 0..n {
                let (before, rest) = solved.split_at_mut(i);
                let row = &mut rest[0];
                let factor = &self.factor[start..start + i];
                for (l, solved) in factor.iter().zip(before) {
                    for (x, s) in row.iter_mut().zip(&*solved) {
                        *x -= l * s;
                    }
                }
                let pivot = self.factor[start + i];
                for (lane, x) in row.iter_mut().enumerate() {
                    *x /= pivot;
                    mean[lane] += *x * self.whitened[i];
                    variance[lane] -= *x * *x;
                }
                start += i + 1;
            }
            for lane in 0..batch_m.len() {
                found.push((mean[lane], variance[lane].max(0.0).sqrt()));
            }
        }
        found
    }
}

/// Appends the next row of the Cholesky factor and of the whitened readings, from the covariances
/// of the field in its reading with those before it and with itself.
fn extend(
    expected: &Expectation,
    variance: f64,
    covariances: impl Iterator<Item = f64>,
    data: &[Datum],
    factor: &mut Vec<f64>,
    whitened: &mut Vec<f64>,
) {
    let row = whitened.len();
    let new = &data[row];
    let start = factor.len();
    let mut dot = 0.0;
    for (column, (old, covariance)) in data.iter().zip(covariances).enumerate() {
        let mut entry = expected.mean_std.powi(2) + covariance;
        if new.unit == old.unit {
            entry += new.systematic_std * old.systematic_std;
        }
        let other = column * (column + 1) / 2;
        for k in 0..column {
            entry -= factor[start + k] * factor[other + k];
        }
        if column < row {
            let value = entry / factor[other + column];
            dot += value * whitened[column];
            factor.push(value);
        } else {
            let least = JITTER * (variance + expected.mean_std.powi(2));
            entry += new.random_std.powi(2) + least;
            factor.push(entry.max(least).sqrt());
        }
    }
    let pivot = factor[factor.len() - 1];
    whitened.push((new.value - expected.mean - dot) / pivot);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sim::random;

    const EXPECTED: Expectation = Expectation {
        mean: 0.08,
        mean_std: 0.02,
        spread: 0.02,
        spread_log_std: 0.0,
        range_m: 30.0,
    };

    fn datum(x: f32, value: f64, random_std: f64) -> Datum {
        Datum {
            places_m: vec![Vec3::X * x],
            value,
            random_std,
            systematic_std: 0.0,
            unit: 0,
        }
    }

    fn scattered(count: usize) -> Vec<Datum> {
        let mut stream = random::stream(5, "scattered");
        let mut place = || 100.0 * random::uniform(&mut stream) as f32;
        (0..count)
            .map(|i| Datum {
                places_m: (0..1 + i % 3)
                    .map(|_| Vec3::new(place(), place(), 0.0))
                    .collect(),
                value: 0.06 + 0.0004 * f64::from(place()),
                random_std: 0.005,
                systematic_std: 0.002,
                unit: (i % 2) as u32,
            })
            .collect()
    }

    #[test]
    fn a_perfect_reading_is_met_exactly_and_forgotten_far_away() {
        let mut field = Kriging::new(EXPECTED);
        for (x, value) in [(0.0, 0.05), (20.0, 0.09), (55.0, 0.11)] {
            field.add(datum(x, value, 0.0));
        }
        let found = field.at(&[Vec3::ZERO, Vec3::X * 20.0, Vec3::X * 55.0]);
        for ((mean, std), value) in found.into_iter().zip([0.05, 0.09, 0.11]) {
            assert!((mean - value).abs() < 1e-6, "{mean}");
            assert!(std < 1e-4 * EXPECTED.spread.max(1.0), "{std}");
        }
        // Far away only the mean is known, and better than before.
        let (far_mean, far_std) = field.at(&[Vec3::X * 1e5])[0];
        let prior_std = EXPECTED.mean_std.hypot(field.covariance().variance.sqrt());
        assert!((0.05..0.11).contains(&far_mean));
        assert!(field.covariance().variance.sqrt() < far_std && far_std < prior_std);
    }

    #[test]
    fn nothing_read_is_what_was_expected() {
        let (mean, std) = Kriging::new(EXPECTED).at(&[Vec3::ONE])[0];
        assert_eq!(mean, 0.08);
        assert!((std - 0.02 * 2f64.sqrt()).abs() < 1e-15);
    }

    #[test]
    fn one_reading_weighs_as_bayes_says() {
        let mut field = Kriging::new(EXPECTED);
        field.add(datum(0.0, 0.10, 0.01));
        let (mean, std) = field.at(&[Vec3::ZERO])[0];
        let prior = EXPECTED.mean_std.powi(2) + field.covariance().variance;
        let weight = prior / (prior + 1e-4);
        assert!((mean - (0.08 + weight * 0.02)).abs() < 1e-8);
        assert!((std - (prior * (1.0 - weight)).sqrt()).abs() < 1e-8);
    }

    #[test]
    fn repetition_shrinks_the_random_error_and_leaves_the_systematic_one() {
        let mut field = Kriging::new(EXPECTED);
        for _ in 0..200 {
            field.add(Datum {
                systematic_std: 0.004,
                ..datum(0.0, 0.08, 0.01)
            });
        }
        let (_, std) = field.at(&[Vec3::ZERO])[0];
        // 0.01 / √200 and 0.004, which the expectation of the field itself shrinks a little.
        assert!((0.0035..0.0041).contains(&std), "{std}");
        // A second instrument has another bias.
        for _ in 0..200 {
            field.add(Datum {
                systematic_std: 0.004,
                unit: 1,
                ..datum(0.0, 0.08, 0.01)
            });
        }
        let (_, both_std) = field.at(&[Vec3::ZERO])[0];
        assert!((0.65..0.78).contains(&(both_std / std)), "{both_std} {std}");
    }

    #[test]
    fn an_average_over_an_area_says_less_of_each_of_its_places() {
        let places_m: Vec<Vec3> = (0..20).map(|i| Vec3::X * 10.0 * i as f32).collect();
        let mut area = Kriging::new(EXPECTED);
        area.add(Datum {
            places_m: places_m.clone(),
            ..datum(0.0, 0.10, 0.0)
        });
        let mut spot = Kriging::new(EXPECTED);
        spot.add(datum(90.0, 0.10, 0.0));
        let at_m = [Vec3::X * 90.0];
        assert!(spot.at(&at_m)[0].1 < 0.5 * area.at(&at_m)[0].1);
        // The mean over the area itself is met.
        let found = area.at(&places_m);
        let mean = found.iter().map(|(mean, _)| mean).sum::<f64>() / 20.0;
        assert!((mean - 0.10).abs() < 1e-6, "{mean}");
    }

    #[test]
    fn one_by_one_or_in_lanes_the_bits_are_the_same() {
        let data = scattered(70);
        let places_m: Vec<Vec3> = (0..19)
            .map(|i| Vec3::new(5.0 * i as f32, 40.0, 1.0))
            .collect();
        let mut field = Kriging::new(EXPECTED);
        let mut grown = Vec::new();
        for datum in &data {
            field.add(datum.clone());
            grown.push(field.at(&places_m[..1])[0]);
        }
        let mut again = Kriging::new(EXPECTED);
        for (count, datum) in data.iter().enumerate() {
            again.add(datum.clone());
            assert_eq!(again.at(&places_m)[0], grown[count], "after {count}");
        }
        let at_once = again.at(&places_m);
        for (place_m, found) in places_m.iter().zip(at_once) {
            assert_eq!(again.at(&[*place_m])[0], found);
        }
    }

    #[test]
    fn the_range_of_a_field_is_found() {
        // Fields drawn from a covariance, read well at a hundred places.
        let mut found = Vec::new();
        for (seed, range_m) in [(1, 12.0), (2, 12.0), (3, 90.0), (4, 90.0)] {
            let truth = Covariance {
                variance: EXPECTED.spread.powi(2),
                range_m,
            };
            let mut stream = random::stream(seed, "places");
            let mut place = || 120.0 * random::uniform(&mut stream) as f32;
            let places: Vec<Datum> = (0..96)
                .map(|_| Datum {
                    places_m: vec![Vec3::new(place(), place(), 0.0)],
                    ..datum(0.0, 0.0, 0.0)
                })
                .collect();
            let known = Expectation {
                mean_std: 1e-9,
                ..EXPECTED
            };
            let (mut factor, mut whitened) = (Vec::new(), Vec::new());
            for row in 0..places.len() {
                let covariances = truth.row(&places, row);
                extend(
                    &known,
                    truth.variance,
                    covariances,
                    &places,
                    &mut factor,
                    &mut whitened,
                );
            }
            let mut stream = random::stream(seed, "field");
            let z: Vec<f64> = places.iter().map(|_| random::normal(&mut stream)).collect();
            let mut field = Kriging::new(EXPECTED);
            for (row, datum) in places.iter().enumerate() {
                let start = row * (row + 1) / 2;
                let value: f64 = (0..=row).map(|k| factor[start + k] * z[k]).sum();
                field.add(Datum {
                    value: 0.08 + value,
                    random_std: 1e-3,
                    ..datum.clone()
                });
            }
            found.push(field.covariance().range_m);
        }
        assert!(found[0].max(found[1]) < 20.0, "{found:?}");
        assert!(50.0 < found[2].min(found[3]), "{found:?}");
    }
}
