//! A mean and what is known of it: Student's interval.

use std::f64::consts::FRAC_PI_2;

use serde::Serialize;

/// The mean of a few runs, and the interval that holds the true mean with a chance of 95 %.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Interval {
    pub mean: f64,
    /// None for fewer than two runs, of which nobody can say how they scatter.
    pub lo95: Option<f64>,
    pub hi95: Option<f64>,
}

impl Interval {
    /// Of some values; None without any.
    ///
    /// Mean ± t₀.₉₇₅ s/√n with n − 1 degrees of freedom. Source: Student (1908), Biometrika 6.
    pub fn of(values: &[f64]) -> Option<Self> {
        if values.is_empty() {
            return None;
        }
        let count = values.len() as f64;
        let mean = values.iter().sum::<f64>() / count;
        if values.len() < 2 {
            return Some(Self {
                mean,
                lo95: None,
                hi95: None,
            });
        }
        let square: f64 = values.iter().map(|value| (value - mean).powi(2)).sum();
        let error = (square / (count - 1.0) / count).sqrt();
        let half = student_t_95(values.len() as u32 - 1) * error;
        Some(Self {
            mean,
            lo95: Some(mean - half),
            hi95: Some(mean + half),
        })
    }
}

/// The t that Student's distribution exceeds, either way, with a chance of 5 %.
pub fn student_t_95(degrees_of_freedom: u32) -> f64 {
    let (mut low, mut high) = (1.0, 20.0);
    loop {
        let middle: f64 = 0.5 * (low + high);
        if middle <= low || high <= middle {
            return middle;
        }
        if within(middle, degrees_of_freedom) < 0.95 {
            low = middle;
        } else {
            high = middle;
        }
    }
}

/// Chance that Student's t lies within ±t. Source: Abramowitz & Stegun (1964), 26.7.3 and 26.7.4.
fn within(t: f64, degrees_of_freedom: u32) -> f64 {
    /// From here on a normal distribution of the same variance is as good, to a millionth.
    const MANY: u32 = 20_000;
    let degrees = degrees_of_freedom.clamp(1, MANY);
    let angle = (t / f64::from(degrees).sqrt()).atan();
    let (sine, cosine) = angle.sin_cos();
    let odd = degrees % 2 == 1;
    let mut term = if odd { cosine } else { 1.0 };
    let mut sum = 0.0;
    let mut k = if odd { 1 } else { 0 };
    while k + 2 <= degrees {
        sum += term;
        // 2/3, 4/5, … where the degrees are odd; 1/2, 3/4, … where they are even.
        term *= cosine * cosine * f64::from(k + 1) / f64::from(k + 2);
        k += 2;
    }
    if odd {
        (angle + sine * sum) / FRAC_PI_2
    } else {
        sine * sum
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_those_of_the_tables() {
        for (degrees, t) in [
            (1, 12.706_204_736),
            (2, 4.302_652_730),
            (3, 3.182_446_305),
            (4, 2.776_445_105),
            (9, 2.262_157_163),
            (30, 2.042_272_456),
            (1000, 1.962_339_081),
        ] {
            let found = student_t_95(degrees);
            assert!((found - t).abs() < 1e-7, "{degrees}: {found}");
        }
    }

    #[test]
    fn an_interval_holds_the_true_mean_in_nineteen_of_twenty_samples() {
        let mut stream = crate::sim::random::stream(8, "interval");
        let holds = (0..2000)
            .filter(|_| {
                let sample: Vec<f64> = (0..5)
                    .map(|_| 3.0 + 2.0 * crate::sim::random::normal(&mut stream))
                    .collect();
                let interval = Interval::of(&sample).unwrap();
                interval.lo95.unwrap() <= 3.0 && 3.0 <= interval.hi95.unwrap()
            })
            .count();
        // 1900, give or take four standard deviations of ten.
        assert!((1860..=1940).contains(&holds), "{holds}");
    }

    #[test]
    fn one_run_has_a_mean_and_no_interval() {
        let one = Interval::of(&[4.0]).unwrap();
        assert_eq!((one.mean, one.lo95, one.hi95), (4.0, None, None));
        assert_eq!(Interval::of(&[]), None);
    }
}
