//! What is thought of a mass fraction at one place.
//!
//! Before anything is read it is spread as over the volume of the bodies that the body may be like:
//! within the range of a class and often far from normal, because rich ground is rare. What the
//! readings say of the place multiplies that (Bayes' rule), so that a reading that errs by more
//! than the ground varies narrows nothing, and ground between readings may be as rich as ground
//! is.

use super::spectrum::{ClassGuess, least_of};
use crate::sim::asteroid::constituent::Constituent;

/// Steps of the distribution that a grade keeps.
const LEVELS: usize = 40;
/// What the tables say of a class is trusted to this part; the rest is spread evenly from nothing to
/// so many times what they say at most.
const TRUSTED: f64 = 0.998;
const BEYOND: f64 = 1.3;
/// Where less than this of it agrees with what the readings tell, they are believed alone.
const SURPRISE: f64 = 1e-6;
/// Classes less likely than this are left out.
const UNLIKELY: f64 = 1e-4;
/// What the readings tell is looked at in so many steps, to so many standard deviations.
const STEPS: u32 = 48;
const WIDTH_STD: f64 = 5.5;

/// A distribution of mass fractions, within 0 to 1.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Grade {
    mean: f64,
    std: f64,
    /// Values that split it into equal parts, from the least to the greatest.
    levels: [f32; LEVELS + 1],
}

impl Grade {
    /// Expected mass fraction, within 0 to 1.
    pub fn mean(&self) -> f64 {
        self.mean
    }

    /// Standard deviation.
    pub fn std(&self) -> f64 {
        self.std
    }

    /// The middle part of the distribution that holds the share `level` of it, such as 0.8.
    pub fn interval(&self, level: f64) -> (f64, f64) {
        let tail = 0.5 * (1.0 - level.clamp(0.0, 1.0));
        (self.quantile(tail), self.quantile(1.0 - tail))
    }

    fn quantile(&self, share: f64) -> f64 {
        let at = share * LEVELS as f64;
        let below = (at as usize).min(LEVELS - 1);
        let [low, high] = [below, below + 1].map(|level| f64::from(self.levels[level]));
        low + (at - below as f64) * (high - low)
    }

    /// How likely it is that there is at least so much.
    pub fn chance_above(&self, fraction: f64) -> f64 {
        let below = self
            .levels
            .partition_point(|&level| f64::from(level) < fraction);
        if below == 0 {
            return 1.0;
        }
        if LEVELS < below {
            return 0.0;
        }
        let [low, high] = [below - 1, below].map(|level| f64::from(self.levels[level]));
        let at = below as f64 - 1.0 + (fraction - low) / (high - low);
        1.0 - at / LEVELS as f64
    }
}

/// How likely mass fractions are on the bodies that a body may be like, before a place is looked at.
#[derive(Clone, Debug)]
pub struct Mixture {
    /// Between two of them the distribution is even.
    marks: Vec<f64>,
    /// Share of it below each.
    below: Vec<f64>,
}

impl Mixture {
    /// Of a constituent.
    pub fn of(guess: &ClassGuess, constituent: Constituent) -> Self {
        let spreads: Vec<_> = guess
            .spreads(constituent)
            .filter(|(chance, _)| UNLIKELY < *chance)
            .collect();
        let whole: f64 = spreads.iter().map(|(chance, _)| chance).sum();
        let mean: f64 = spreads.iter().map(|(p, spread)| p * spread.mean()).sum();
        let blur = least_of(mean);
        let mut marks = vec![0.0];
        let mut classes = Vec::new();
        for (chance, spread) in spreads {
            let own = spread.marks(blur);
            let top = (BEYOND * own[own.len() - 1]).clamp(blur, 1.0);
            marks.extend(own);
            marks.push(top);
            classes.push((chance / whole, spread, top));
        }
        marks.sort_by(f64::total_cmp);
        marks.dedup_by(|mark, before| *mark - *before < 1e-3 * blur);
        let below = marks
            .iter()
            .map(|&mark| {
                let of_class = classes.iter().map(|(chance, spread, top)| {
                    let within = TRUSTED * spread.share_below(mark, blur);
                    let beyond = (1.0 - TRUSTED) * (mark / top).clamp(0.0, 1.0);
                    chance * (within + beyond)
                });
                of_class.sum()
            })
            .collect();
        Self { marks, below }
    }

    /// A place of which readings tell a normal distribution, by its centre and width; or nothing.
    pub fn given(&self, told: Option<(f64, f64)>) -> Grade {
        let Some((centre, width)) = told else {
            return grade_of(&self.marks, &self.below);
        };
        let middle = centre.clamp(0.0, 1.0);
        let low = middle - WIDTH_STD * width;
        let high = middle + WIDTH_STD * width;
        let mut edges = self.marks.clone();
        edges.retain(|edge| low < *edge && *edge < high);
        // Points have a width on both sides of them, and one may lie at zero.
        let low = low.max(self.marks[0].min(0.0));
        let step = (high.min(1.0) - low) / f64::from(STEPS);
        edges.extend((0..=STEPS).map(|i| low + f64::from(i) * step));
        edges.sort_unstable_by(f64::total_cmp);
        // Of the normal distribution, over that at the nearest place that is allowed, so that it is
        // not zero everywhere.
        let least = (middle - centre) / width;
        let likelihood = |at: f64| {
            let off = (at - centre) / width;
            (0.5 * (least * least - off * off)).exp()
        };
        let product = |shares: &[f64]| {
            let mut sum = 0.0;
            let mut product = vec![0.0];
            for (edge, share) in edges.windows(2).zip(shares.windows(2)) {
                sum += (share[1] - share[0]) * likelihood(0.5 * (edge[0] + edge[1]));
                product.push(sum);
            }
            product
        };
        let expected = product(&self.shares_below(&edges));
        if expected[expected.len() - 1] < SURPRISE {
            return grade_of(&edges, &product(&edges));
        }
        grade_of(&edges, &expected)
    }

    /// Share of the distribution below each of some values, which are in order.
    fn shares_below(&self, values: &[f64]) -> Vec<f64> {
        let mut next = 1;
        let shares = values.iter().map(|&value| {
            while next < self.marks.len() - 1 && self.marks[next] < value {
                next += 1;
            }
            let part = (value - self.marks[next - 1]) / (self.marks[next] - self.marks[next - 1]);
            let low = self.below[next - 1];
            low + part.clamp(0.0, 1.0) * (self.below[next] - low)
        });
        shares.collect()
    }
}

/// From the shares below some values, which are even between them and need not end at one.
fn grade_of(edges: &[f64], below: &[f64]) -> Grade {
    let whole = below[below.len() - 1] - below[0];
    let (mut mean, mut square) = (0.0, 0.0);
    let mut levels = [0.0; LEVELS + 1];
    let mut level = 0;
    for (edge, share) in edges.windows(2).zip(below.windows(2)) {
        let part = (share[1] - share[0]) / whole;
        let [low, high] = [edge[0], edge[1]].map(|x| x.clamp(0.0, 1.0));
        mean += part * 0.5 * (low + high);
        square += part * (low * low + low * high + high * high) / 3.0;
        let end = (share[1] - below[0]) / whole;
        while level <= LEVELS && level as f64 / LEVELS as f64 <= end {
            let begin = (share[0] - below[0]) / whole;
            let at = if 0.0 < part {
                ((level as f64 / LEVELS as f64 - begin) / part).clamp(0.0, 1.0)
            } else {
                0.0
            };
            levels[level] = (low + at * (high - low)) as f32;
            level += 1;
        }
    }
    // Rounding may leave the last level above the sum.
    for rest in &mut levels[level.min(LEVELS)..] {
        *rest = edges[edges.len() - 1].clamp(0.0, 1.0) as f32;
    }
    Grade {
        mean,
        std: (square - mean * mean).max(0.0).sqrt().max(1e-15),
        levels,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::sim::prospecting::spectrum::ClassChance;

    fn like(class: &str, constituent: Constituent) -> Mixture {
        let guess = ClassGuess(vec![ClassChance {
            class: class.to_owned(),
            probability: 1.0,
        }]);
        Mixture::of(&guess, constituent)
    }

    #[test]
    fn what_is_told_well_within_the_range_is_believed() {
        let water = like("CI_CM_bennu", Constituent::Water);
        let grade = water.given(Some((0.085, 0.001)));
        assert!((grade.mean() - 0.085).abs() < 2e-4, "{}", grade.mean());
        assert!((grade.std() - 0.001).abs() < 3e-5, "{}", grade.std());
        let (low, high) = grade.interval(0.8);
        // 1.2816 standard deviations to both sides.
        assert!((high - low - 0.002_563).abs() < 8e-5, "{low} {high}");
        assert!((grade.chance_above(grade.quantile(0.3)) - 0.7).abs() < 1e-3);
    }

    #[test]
    fn readings_that_err_by_more_than_the_ground_varies_tell_nothing() {
        let metals = like("CI_CM_bennu", Constituent::PlatinumGroup);
        let (unread, read) = (metals.given(None), metals.given(Some((0.0, 2e-6))));
        assert!((read.std() / unread.std() - 1.0).abs() < 0.3, "{read:?}");
        let (low, high) = read.interval(0.8);
        assert!(2.5e-6 < low && high < 3.51e-6, "{low} {high}");
    }

    #[test]
    fn what_a_class_does_not_hold_is_nothing_and_a_surprise_is_believed() {
        let metal = like("CI", Constituent::Metal);
        let grade = metal.given(Some((0.01, 0.02)));
        assert_eq!(grade.interval(0.8).0, 0.0);
        assert!(grade.interval(0.8).1 < 1e-9, "{grade:?}");
        let surprise = metal.given(Some((0.3, 0.01)));
        assert!((surprise.mean() - 0.3).abs() < 0.01, "{surprise:?}");
    }

    proptest! {
        #[test]
        fn a_grade_never_leaves_its_bounds(
            centre in -1.0..2.0f64,
            width in 1e-9..2.0f64,
            level in 0.0..1.0f64,
        ) {
            for (class, constituent) in [
                ("LL", Constituent::Silicates),
                ("M_1986DA", Constituent::PlatinumGroup),
                ("CI", Constituent::Helium3),
            ] {
                let grade = like(class, constituent).given(Some((centre, width)));
                let (mean, std) = (grade.mean(), grade.std());
                prop_assert!((0.0..=1.0).contains(&mean), "{mean}");
                prop_assert!(0.0 < std && std <= 0.5, "{std}");
                let (low, high) = grade.interval(level);
                prop_assert!(0.0 <= low && low <= high && high <= 1.0, "{low} {high}");
                prop_assert!((0.0..=1.0).contains(&grade.chance_above(centre)));
            }
        }
    }
}
