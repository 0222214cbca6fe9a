//! What a telescope makes of a body: a spectrum, and from it how likely each class of matter is.
//!
//! Bodies of one class differ, and classes look alike: both blur the guess, and no exposure helps.
//! The guess is Bayes' rule over the classes of `composition.csv`, from the share of each among
//! near-Earth objects.

use serde::{Deserialize, Serialize};

use super::{Estimate, Quantity, Reading};
use crate::sim::asteroid::BodyModel;
use crate::sim::asteroid::catalogue::{self, Composition};
use crate::sim::asteroid::constituent::Constituent;
use crate::sim::asteroid::spread::Spread;
use crate::sim::random;

const FEATURES: usize = 4;
const QUANTITIES: [Quantity; FEATURES] = [
    Quantity::Albedo,
    Quantity::SpectralSlope,
    Quantity::BandDepth1Um,
    Quantity::BandDepth3Um,
];
/// Spread of the bodies of one class; of the albedo as a part of it.
const SCATTER: [f64; FEATURES] = [0.25, 1.5, 0.03, 0.03];
/// Random and systematic error of one night at a large telescope on Earth; an instrument at the
/// site has a quarter of both.
const EARTH_RANDOM: [f64; FEATURES] = [0.015, 1.0, 0.02, 0.04];
const EARTH_SYSTEMATIC: [f64; FEATURES] = [0.008, 0.5, 0.01, 0.02];

/// Class of `composition.csv`, share among near-Earth objects (0 where it is of another place),
/// and the typical albedo, slope and band depths. After Binzel et al. (2019) for the shares and
/// DeMeo et al. (2009), Usui et al. (2011) and Takir & Emery (2012) for the features, rounded.
const CLASSES: [(&str, f64, [f64; FEATURES]); 25] = [
    ("CI", 0.01, [0.045, 1.0, 0.01, 0.25]),
    ("CI_ryugu", 0.03, [0.045, 0.5, 0.01, 0.10]),
    ("CI_CM_bennu", 0.03, [0.044, -1.0, 0.01, 0.20]),
    ("CI_CM_dry", 0.02, [0.10, -1.5, 0.02, 0.02]),
    ("CM", 0.08, [0.05, 1.0, 0.02, 0.20]),
    ("CM_ice", 0.02, [0.07, 1.0, 0.01, 0.27]),
    ("CV", 0.04, [0.13, 3.0, 0.06, 0.03]),
    ("H", 0.12, [0.24, 8.0, 0.18, 0.02]),
    ("L", 0.18, [0.24, 9.0, 0.15, 0.02]),
    ("LL", 0.22, [0.25, 8.0, 0.25, 0.02]),
    ("EH", 0.04, [0.15, 5.0, 0.03, 0.02]),
    ("aubrite", 0.03, [0.50, 2.0, 0.01, 0.03]),
    ("eucrite", 0.05, [0.36, 9.0, 0.45, 0.02]),
    ("iron_IIAB", 0.01, [0.15, 6.0, 0.01, 0.01]),
    ("iron_IIIAB", 0.01, [0.15, 6.0, 0.01, 0.01]),
    ("iron_p90", 0.005, [0.15, 6.0, 0.01, 0.01]),
    ("M_1986DA", 0.01, [0.14, 6.0, 0.04, 0.02]),
    ("M_psyche", 0.01, [0.15, 6.0, 0.03, 0.05]),
    ("M_mixed", 0.04, [0.15, 5.0, 0.03, 0.05]),
    ("unknown_D", 0.03, [0.05, 8.0, 0.01, 0.04]),
    ("lunar_mare_highTi", 0.0, [0.07, 10.0, 0.06, 0.03]),
    ("lunar_mare_lowTi", 0.0, [0.08, 12.0, 0.10, 0.03]),
    ("lunar_highland", 0.0, [0.16, 9.0, 0.04, 0.03]),
    ("lunar_KREEP", 0.0, [0.10, 10.0, 0.08, 0.03]),
    ("lunar_psr", 0.0, [0.16, 9.0, 0.04, 0.10]),
];
/// Of a class that the table does not hold.
const UNKNOWN: [f64; FEATURES] = [0.15, 5.0, 0.08, 0.05];

/// Constituents that tell classes apart: those that the others follow.
const TELLING: [Constituent; 5] = [
    Constituent::Water,
    Constituent::Carbon,
    Constituent::Sulfur,
    Constituent::Metal,
    Constituent::PlatinumGroup,
];
/// How far the mean of a body may be off that of its class, over the spread of its places (assumed).
const BODY_MEAN_STD: f64 = 0.2;
/// Part of the variance of a body's places that is left in the mean of a few readings near to each
/// other (assumed).
const PATCH_SHARE: f64 = 0.6;

/// What a perfect telescope would see of a body.
#[derive(Clone, Copy, Debug)]
pub(super) struct Spectrum([f64; FEATURES]);

impl Spectrum {
    /// The truth: typical of the class of the body, with a scatter of its own.
    pub(super) fn of(model: &BodyModel) -> Self {
        let record = model.record();
        let typical = CLASSES
            .iter()
            .find(|(class, ..)| *class == record.composition_class)
            .map_or(UNKNOWN, |(.., features)| *features);
        let mut stream = random::stream(model.seed(), &format!("spectrum:{}", record.id));
        let scattered = std::array::from_fn(|i| {
            let z = random::normal(&mut stream);
            if QUANTITIES[i] == Quantity::Albedo {
                typical[i] * (SCATTER[i] * z).exp()
            } else {
                typical[i] + SCATTER[i] * z
            }
        });
        Self(scattered)
    }

    /// Estimates of each feature by `error(quantity, truth, random, systematic)`, with the errors
    /// of a telescope on Earth.
    pub(super) fn seen_by(
        self,
        error: &mut impl FnMut(Quantity, f64, f64, f64) -> Estimate,
    ) -> Vec<Estimate> {
        (0..FEATURES)
            .map(|i| {
                error(
                    QUANTITIES[i],
                    self.0[i],
                    EARTH_RANDOM[i],
                    EARTH_SYSTEMATIC[i],
                )
            })
            .collect()
    }
}

/// How likely a class of matter is.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ClassChance {
    /// Of `composition.csv`.
    pub class: String,
    pub probability: f64,
}

/// What is thought of a body as a whole: the classes it may be of, the likeliest first.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct ClassGuess(pub Vec<ClassChance>);

/// What is expected of a mass fraction before any ground is measured.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Prior {
    /// Of the mean over the body.
    pub mean: f64,
    pub mean_std: f64,
    /// From place to place on one body: standard deviation, and how far its logarithm may be off.
    pub spread: f64,
    pub spread_log_std: f64,
}

impl ClassGuess {
    /// Bayes' rule over the classes, from the spectra among the readings.
    ///
    /// On the Moon it is known that one is on the Moon: `lunar` picks the classes to choose from.
    pub fn from_readings<'a>(lunar: bool, readings: impl Iterator<Item = &'a Reading>) -> Self {
        // Several looks count by their random errors; what is systematic stays.
        let mut sums = [[0.0; 3]; FEATURES];
        for reading in readings {
            for (sum, quantity) in sums.iter_mut().zip(QUANTITIES) {
                let Some(estimate) = reading.estimate(quantity) else {
                    continue;
                };
                let weight = estimate.random_std().max(1e-9).powi(-2);
                sum[0] += weight;
                sum[1] += weight * estimate.value;
                sum[2] += weight * estimate.systematic_std.powi(2);
            }
        }
        let chances: Vec<(&str, f64)> = CLASSES
            .iter()
            .filter(|(class, share, _)| {
                lunar == class.starts_with("lunar") && (lunar || 0.0 < *share)
            })
            .map(|(class, share, typical)| {
                let mut log_chance = if lunar { 0.0 } else { share.ln() };
                for (i, [weight, value, systematic]) in sums.into_iter().enumerate() {
                    if weight == 0.0 {
                        continue;
                    }
                    let scatter = if QUANTITIES[i] == Quantity::Albedo {
                        SCATTER[i] * typical[i]
                    } else {
                        SCATTER[i]
                    };
                    let variance = scatter * scatter + (1.0 + systematic) / weight;
                    let miss = value / weight - typical[i];
                    log_chance -= 0.5 * (miss * miss / variance + variance.ln());
                }
                (*class, log_chance)
            })
            .collect();
        Self::normalised(chances)
    }

    /// The same after a look at what was read of the ground.
    ///
    /// Bayes' rule again, with the mean of the readings of each constituent: it may differ from that of a
    /// body of the class by the errors of the readings, and because the ground that was read is
    /// not the whole body.
    pub fn given(&self, evidence: &Evidence) -> Self {
        let known: Vec<(&str, f64)> = self
            .0
            .iter()
            .filter_map(|chance| {
                let class = catalogue::composition(&chance.class)?;
                let log_chance = chance.probability.max(f64::MIN_POSITIVE).ln();
                Some((
                    chance.class.as_str(),
                    log_chance + evidence.log_chance(class),
                ))
            })
            .collect();
        Self::normalised(known)
    }

    /// From logarithms of chances that need not add up to one.
    fn normalised(chances: Vec<(&str, f64)>) -> Self {
        let best = chances.iter().map(|c| c.1).fold(f64::MIN, f64::max);
        let mut chances: Vec<(f64, &str)> = chances
            .into_iter()
            .map(|(class, log_chance)| ((log_chance - best).exp(), class))
            .collect();
        let total: f64 = chances.iter().map(|c| c.0).sum();
        chances.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(b.1)));
        Self(
            chances
                .into_iter()
                .map(|(chance, class)| ClassChance {
                    class: class.to_owned(),
                    probability: chance / total,
                })
                .collect(),
        )
    }

    /// What to expect of a constituent: the mixture of the classes, each with its mean and spread.
    pub fn prior(&self, constituent: Constituent) -> Prior {
        let spreads: Vec<(f64, Spread)> = self.spreads(constituent).collect();
        let mean: f64 = spreads.iter().map(|(p, spread)| p * spread.mean()).sum();
        // A field of exactly nothing is a claim that no spectrum supports.
        let least = least_of(mean);
        let (mut variance, mut log_spread, mut log_square) = (0.0, 0.0, 0.0);
        for (p, spread) in spreads {
            let whole_body = BODY_MEAN_STD * spread.std();
            variance += p * ((spread.mean() - mean).powi(2) + whole_body.powi(2));
            let log = spread.std().max(least).ln();
            log_spread += p * log;
            log_square += p * log * log;
        }
        Prior {
            mean,
            mean_std: variance.sqrt().max(least),
            spread: log_spread.exp(),
            spread_log_std: (log_square - log_spread * log_spread).max(0.0).sqrt(),
        }
    }

    /// How a constituent varies over a body of each class, with the chance of the class.
    pub(super) fn spreads(&self, constituent: Constituent) -> impl Iterator<Item = (f64, Spread)> {
        self.0.iter().filter_map(move |chance| {
            let class = catalogue::composition(&chance.class)?;
            Some((chance.probability, Spread::of(constituent, class)))
        })
    }
}

/// Differences of a mass fraction that are as good as none, where `mean` is expected.
pub(super) fn least_of(mean: f64) -> f64 {
    1e-3 * mean + 1e-12
}

/// What readings of the ground say of the class of the body: their means, constituent by
/// constituent.
#[derive(Clone, Debug, Default)]
pub struct Evidence([Sum; TELLING.len()]);

#[derive(Clone, Copy, Debug, Default)]
struct Sum {
    /// Of the readings' weights, which are the inverses of the squares of their random errors.
    weight: f64,
    value: f64,
    systematic_std: f64,
}

impl Evidence {
    pub fn add(&mut self, reading: &Reading) {
        for (sum, constituent) in self.0.iter_mut().zip(TELLING) {
            if let Some(estimate) = reading.estimate(Quantity::Content(constituent)) {
                let weight = estimate.random_std().max(1e-12).powi(-2);
                sum.weight += weight;
                sum.value += weight * estimate.value;
                sum.systematic_std += weight * estimate.systematic_std;
            }
        }
    }

    /// Logarithm of how likely such means are on a body of a class, but for a constant.
    fn log_chance(&self, class: &Composition) -> f64 {
        let read = self.0.iter().zip(TELLING);
        read.filter(|(sum, _)| 0.0 < sum.weight)
            .map(|(sum, constituent)| {
                let spread = Spread::of(constituent, class);
                let variance = sum.weight.recip()
                    + (sum.systematic_std / sum.weight).powi(2)
                    + (PATCH_SHARE + BODY_MEAN_STD * BODY_MEAN_STD) * spread.std().powi(2);
                let miss = sum.value / sum.weight - spread.mean();
                -0.5 * (miss * miss / variance + variance.ln())
            })
            .sum()
    }
}
