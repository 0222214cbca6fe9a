//! How a constituent varies over a body of a class: what the tables say, and so what everybody may
//! expect.
//!
//! The mean over a body is that of its class. Where the tables give a range, places lie within it;
//! what they give none for varies by [`RELATIVE`] of its mean to both sides. Where the ore of one
//! body is rich and where it is poor belongs in `ore`, which keeps to these rules.

use super::catalogue::Composition;
use super::constituent::Constituent;

/// Greatest deviation from the mean where the tables give no range.
pub const RELATIVE: f64 = 0.4;
/// Standard deviation of what is even between its bounds, over half their distance.
const EVEN: f64 = 0.577_350_269;
/// Organic matter comes with water: about this is the correlation of the two.
const WATER_WITH_ORGANICS: f64 = 0.5;
/// A distribution whose exponent is smaller or greater than that is a point.
const EXPONENTS: (f64, f64) = (1e-6, 1e6);

/// The distribution of a mass fraction over the volume of a body.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Spread {
    /// All places have the same.
    Point(f64),
    /// low + (high − low) uᵞ with u even between 0 and 1: all of the range, and the mean of the class.
    Ranked { low: f64, high: f64, exponent: f64 },
    /// What is left over by several others.
    Normal { mean: f64, std: f64 },
}

/// Greatest deviation of the metal from its mean, as a part of it: what else there is must leave
/// room for more metal than the mean.
pub fn of_metal(class: &Composition) -> f64 {
    let room = (1.0 - (class.water_range[0].max(2.0 * class.water) + class.carbon + class.sulfur))
        .max(0.0);
    if 0.0 < class.metal {
        RELATIVE.min((room.min(0.998) / class.metal - 1.0).max(0.002))
    } else {
        RELATIVE
    }
}

impl Spread {
    /// Of a constituent over a body of a class.
    pub fn of(constituent: Constituent, class: &Composition) -> Self {
        let mean = constituent.mean_in(class);
        let within = |part: f64| Self::ranked([(1.0 - part) * mean, (1.0 + part) * mean], mean);
        match constituent {
            Constituent::Water | Constituent::PlatinumGroup => match constituent.range_in(class) {
                Some(range) => Self::ranked(range, mean),
                None => within(RELATIVE),
            },
            Constituent::Carbon | Constituent::Helium3 => within(RELATIVE),
            Constituent::Metal | Constituent::Nickel | Constituent::Cobalt => {
                within(of_metal(class))
            }
            // Half of it with the metal as troilite, half with the organic matter.
            Constituent::Sulfur => Self::Normal {
                mean,
                std: 0.5 * mean * EVEN * RELATIVE.hypot(of_metal(class)),
            },
            Constituent::Silicates => {
                let water = Self::of(Constituent::Water, class).std();
                let organics =
                    EVEN * RELATIVE * (class.carbon + class.nitrogen + 0.5 * class.sulfur);
                let metal = EVEN * of_metal(class) * (class.metal + 0.5 * class.sulfur);
                let together = 2.0 * WATER_WITH_ORGANICS * water * organics;
                let variance = water.powi(2) + organics.powi(2) + together + metal.powi(2);
                Self::Normal {
                    mean,
                    std: variance.sqrt(),
                }
            }
        }
    }

    fn ranked([low, high]: [f64; 2], mean: f64) -> Self {
        let mean = mean.clamp(low, high);
        // ∫ u^γ du = 1/(1+γ).
        let exponent = (high - mean) / (mean - low);
        if !(low < high && EXPONENTS.0 < exponent && exponent < EXPONENTS.1) {
            return Self::Point(mean);
        }
        Self::Ranked {
            low,
            high,
            exponent,
        }
    }

    pub fn mean(&self) -> f64 {
        match *self {
            Self::Point(mean) | Self::Normal { mean, .. } => mean,
            Self::Ranked {
                low,
                high,
                exponent,
            } => low + (high - low) / (1.0 + exponent),
        }
    }

    /// Standard deviation from place to place.
    pub fn std(&self) -> f64 {
        match *self {
            Self::Point(_) => 0.0,
            Self::Normal { std, .. } => std,
            Self::Ranked {
                low,
                high,
                exponent,
            } => {
                let variance = (1.0 + 2.0 * exponent).recip() - (1.0 + exponent).powi(-2);
                (high - low) * variance.max(0.0).sqrt()
            }
        }
    }

    /// Share of the volume with less than `x`; steps are as wide as `blur` to both sides.
    pub fn share_below(&self, x: f64, blur: f64) -> f64 {
        match *self {
            Self::Point(at) => (0.5 + 0.5 * (x - at) / blur).clamp(0.0, 1.0),
            Self::Normal { mean, std } => normal_share((x - mean) / std.max(blur)),
            Self::Ranked {
                low,
                high,
                exponent,
            } => ((x - low) / (high - low))
                .clamp(0.0, 1.0)
                .powf(exponent.recip()),
        }
    }

    /// Values between which the distribution is even enough, in order.
    pub fn marks(&self, blur: f64) -> Vec<f64> {
        const PARTS: u32 = 24;
        let parts = (0..=PARTS).map(|i| f64::from(i) / f64::from(PARTS));
        match *self {
            Self::Point(at) => vec![at - blur, at + blur],
            Self::Normal { mean, std } => parts
                .map(|u| mean + std.max(blur) * (8.0 * u - 4.0))
                .collect(),
            Self::Ranked {
                low,
                high,
                exponent,
            } => parts
                .map(|u| low + (high - low) * u.powf(exponent))
                .collect(),
        }
    }
}

/// Share of a normal distribution below x standard deviations (Abramowitz & Stegun 1964, 7.1.26,
/// good to 1e-7).
pub fn normal_share(x: f64) -> f64 {
    let z = x.abs() / 2f64.sqrt();
    let t = 1.0 / (1.0 + 0.327_591_1 * z);
    let series = t
        * (0.254_829_592
            + t * (-0.284_496_736
                + t * (1.421_413_741 + t * (-1.453_152_027 + t * 1.061_405_429))));
    let tail = 0.5 * series * (-z * z).exp();
    if x < 0.0 { tail } else { 1.0 - tail }
}
