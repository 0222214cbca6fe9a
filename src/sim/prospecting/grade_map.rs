//! Grade maps: what a prospector's readings say of each constituent at any place.
//!
//! A map follows from the readings that one prospector holds and from nothing else. It is kept
//! beside the world, not in it: after a restored save it is made again, to the bit.

use std::collections::BTreeMap;
use std::f64::consts::PI;
use std::sync::Arc;

use bevy::prelude::*;

use super::kriging::{Covariance, Datum, Expectation, Kriging};
use super::{ClassGuess, Estimate, Quantity, Reading, Support, Survey};
use crate::sim::asteroid::BodyModel;
use crate::sim::asteroid::constituent::Constituent;
use crate::sim::prospector::ProspectorId;

/// Distance over which ore is expected to change [m], and over that of a small body's radius.
const RANGE_M: f64 = 30.0;
const RANGE_OF_RADIUS: f64 = 0.3;

/// What is thought of a mass fraction at one place: a normal distribution, cut off below 0 and
/// above 1.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Grade {
    centre: f64,
    width: f64,
}

impl Grade {
    fn new(centre: f64, width: f64) -> Self {
        // A width of nothing would divide by it.
        Self {
            centre,
            width: width.max(1e-12),
        }
    }

    /// Expected mass fraction, within 0 to 1.
    pub fn mean(&self) -> f64 {
        self.moments().0
    }

    /// Standard deviation.
    pub fn std(&self) -> f64 {
        self.moments().1
    }

    /// Mean and standard deviation (Johnson, Kotz & Balakrishnan 1994, section 13.10.1).
    fn moments(&self) -> (f64, f64) {
        let (a, b) = self.bounds();
        // Where hardly anything is left within the bounds, all of it lies at the nearer one.
        let mass = normal_share(b) - normal_share(a);
        if mass < 1e-9 {
            let mean = self.centre.clamp(0.0, 1.0);
            return (mean, self.width.min(1.0 / 12f64.sqrt()) * 1e-3);
        }
        let density = |x: f64| (-0.5 * x * x).exp() / (2.0 * PI).sqrt();
        let flow = (density(a) - density(b)) / mass;
        let pull = (a.clamp(-40.0, 40.0) * density(a) - b.clamp(-40.0, 40.0) * density(b)) / mass;
        let mean = (self.centre + self.width * flow).clamp(0.0, 1.0);
        let variance = self.width.powi(2) * (1.0 + pull - flow * flow).max(1e-12);
        (mean, variance.sqrt())
    }

    fn bounds(&self) -> (f64, f64) {
        (-self.centre / self.width, (1.0 - self.centre) / self.width)
    }

    /// The middle part of the distribution that holds the share `level` of it, such as 0.8.
    pub fn interval(&self, level: f64) -> (f64, f64) {
        let (a, b) = self.bounds();
        let (low, high) = (normal_share(a), normal_share(b));
        let tail = 0.5 * (1.0 - level.clamp(0.0, 1.0));
        let at = |part: f64| {
            let share = low + part * (high - low);
            let z = if high - low < 1e-9 {
                0.0
            } else {
                normal_quantile(share)
            };
            (self.centre + self.width * z).clamp(0.0, 1.0)
        };
        (at(tail), at(1.0 - tail))
    }

    /// How likely it is that there is at least so much.
    pub fn chance_above(&self, fraction: f64) -> f64 {
        let (a, b) = self.bounds();
        let (low, high) = (normal_share(a), normal_share(b));
        if high - low < 1e-9 {
            return f64::from(u8::from(fraction <= self.centre));
        }
        let at = normal_share((fraction - self.centre) / self.width);
        ((high - at) / (high - low)).clamp(0.0, 1.0)
    }
}

/// The map of one constituent by one prospector.
#[derive(Clone, Debug)]
pub struct GradeMap {
    constituent: Constituent,
    field: Kriging,
    /// Readings of the survey that have been looked at.
    held: usize,
    guess: ClassGuess,
    /// Robots and instruments, each with a bias of its own, by number.
    units: BTreeMap<(String, String, u8), u32>,
}

impl GradeMap {
    /// The map that these readings make.
    pub fn of(constituent: Constituent, survey: &Survey, body: &BodyModel) -> Self {
        let guess = ClassGuess::from_readings(body.is_lunar(), survey.readings());
        let mut map = Self::empty(constituent, guess, body);
        map.take_in(survey);
        map
    }

    fn empty(constituent: Constituent, guess: ClassGuess, body: &BodyModel) -> Self {
        let prior = guess.prior(constituent);
        let expected = Expectation {
            mean: prior.mean,
            mean_std: prior.mean_std,
            spread: prior.spread,
            spread_log_std: prior.spread_log_std,
            range_m: RANGE_M.min(RANGE_OF_RADIUS * body.reference_radius_m()),
        };
        Self {
            constituent,
            field: Kriging::new(expected),
            held: 0,
            guess,
            units: BTreeMap::new(),
        }
    }

    /// Adds what the survey holds beyond what has been looked at.
    fn take_in(&mut self, survey: &Survey) {
        let quantity = Quantity::Content(self.constituent);
        for held in &survey.held()[self.held..] {
            let reading = &*held.reading;
            let places_m = match &reading.support {
                Support::Spot => vec![reading.point_m],
                Support::Area { places_m, .. } if !places_m.is_empty() => places_m.clone(),
                Support::Area { .. } => vec![reading.point_m],
                Support::Core { middle_m, .. } => vec![*middle_m],
                Support::Body => continue,
            };
            let Some(estimate) = reading.estimate(quantity) else {
                continue;
            };
            let unit = self.unit_of(reading);
            self.field.add(datum(estimate, places_m, unit));
        }
        self.held = survey.len();
    }

    fn unit_of(&mut self, reading: &Reading) -> u32 {
        let next = self.units.len() as u32;
        let key = (
            reading.measured_by.clone(),
            reading.robot.clone(),
            reading.instrument as u8,
        );
        *self.units.entry(key).or_insert(next)
    }

    /// What the body was taken for when the map was begun.
    pub fn class_guess(&self) -> &ClassGuess {
        &self.guess
    }

    pub fn constituent(&self) -> Constituent {
        self.constituent
    }

    /// Readings that tell of the constituent.
    pub fn readings(&self) -> usize {
        self.field.len()
    }

    /// How the grade varies from place to place, as far as the readings show it.
    pub fn covariance(&self) -> Covariance {
        self.field.covariance()
    }

    /// The grade at each of some places of the site's frame: cheapest when asked for many at once.
    pub fn at(&self, places_m: &[Vec3]) -> Vec<Grade> {
        self.field
            .at(places_m)
            .into_iter()
            .map(|(centre, width)| Grade::new(centre, width))
            .collect()
    }
}

fn datum(estimate: &Estimate, places_m: Vec<Vec3>, unit: u32) -> Datum {
    Datum {
        places_m,
        value: estimate.value,
        random_std: estimate.random_std(),
        systematic_std: estimate.systematic_std,
        unit,
    }
}

/// The maps that somebody has asked for. Follows from the surveys: not part of the state.
#[derive(Resource, Clone, Debug, Default)]
pub struct GradeMaps(BTreeMap<(ProspectorId, Constituent), Arc<GradeMap>>);

impl GradeMaps {
    /// The map of a prospector's readings as they are now.
    pub fn get(
        &mut self,
        id: ProspectorId,
        constituent: Constituent,
        survey: &Survey,
        body: &BodyModel,
    ) -> Arc<GradeMap> {
        let map = self.0.entry((id, constituent)).or_insert_with(|| {
            let guess = ClassGuess::from_readings(body.is_lunar(), survey.readings());
            Arc::new(GradeMap::empty(constituent, guess, body))
        });
        if map.held != survey.len() {
            let new_spectrum = survey.held()[map.held..]
                .iter()
                .any(|held| held.reading.support == Support::Body);
            if new_spectrum {
                // Another guess is another prior, and that is where all else began.
                *map = Arc::new(GradeMap::of(constituent, survey, body));
            } else {
                Arc::make_mut(map).take_in(survey);
            }
        }
        Arc::clone(map)
    }
}

/// Share of a normal distribution below x standard deviations (Abramowitz & Stegun 1964, 7.1.26,
/// good to 1e-7).
fn normal_share(x: f64) -> f64 {
    let z = x.abs() / 2f64.sqrt();
    let t = 1.0 / (1.0 + 0.327_591_1 * z);
    let series = t
        * (0.254_829_592
            + t * (-0.284_496_736
                + t * (1.421_413_741 + t * (-1.453_152_027 + t * 1.061_405_429))));
    let tail = 0.5 * series * (-z * z).exp();
    if x < 0.0 { tail } else { 1.0 - tail }
}

/// The inverse of [`normal_share`], by bisection: exact to what that is.
fn normal_quantile(share: f64) -> f64 {
    let (mut low, mut high) = (-8.0, 8.0);
    for _ in 0..50 {
        let middle = 0.5 * (low + high);
        if normal_share(middle) < share {
            low = middle;
        } else {
            high = middle;
        }
    }
    0.5 * (low + high)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_grade_far_from_its_bounds_is_normal() {
        let grade = Grade::new(0.5, 0.01);
        assert!((grade.mean() - 0.5).abs() < 1e-9);
        assert!((grade.std() - 0.01).abs() < 1e-9);
        let (low, high) = grade.interval(0.8);
        assert!((low - (0.5 - 0.012_815_5)).abs() < 1e-5, "{low}");
        assert!((high - (0.5 + 0.012_815_5)).abs() < 1e-5, "{high}");
        assert!((grade.chance_above(0.5) - 0.5).abs() < 1e-6);
    }

    #[test]
    fn a_grade_at_zero_is_half_a_normal_one() {
        let grade = Grade::new(0.0, 0.01);
        assert!((grade.mean() - 0.01 * (2.0 / PI).sqrt()).abs() < 1e-7);
        assert!((grade.std() - 0.01 * (1.0 - 2.0 / PI).sqrt()).abs() < 1e-7);
    }

    proptest! {
        #[test]
        fn a_grade_never_leaves_its_bounds(centre in -1.0..2.0f64, width in 0.0..2.0f64) {
            let grade = Grade::new(centre, width);
            let (mean, std) = (grade.mean(), grade.std());
            prop_assert!((0.0..=1.0).contains(&mean), "{mean}");
            prop_assert!(0.0 < std && std <= width.max(1e-9) && std <= 0.5, "{std}");
            let (low, high) = grade.interval(0.8);
            prop_assert!(0.0 <= low && low <= high && high <= 1.0, "{low} {high}");
            prop_assert!((0.0..=1.0).contains(&grade.chance_above(0.3)));
        }
    }
}
