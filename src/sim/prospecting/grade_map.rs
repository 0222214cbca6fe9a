//! Grade maps: what a prospector's readings say of each constituent at any place.
//!
//! Kriging says what the readings tell of a place ([`kriging`](super::kriging)), the tables what
//! bodies of the classes that it may be of hold at all; a [`Grade`] is both together. A map follows
//! from the readings that one prospector holds and from nothing else. It is kept beside the world,
//! not in it: after a restored save it is made again, to the bit.

use std::collections::BTreeMap;
use std::sync::Arc;

use bevy::prelude::*;

use super::grade::{Grade, Mixture};
use super::kriging::{Covariance, Datum, Expectation, Kriging};
use super::spectrum::{ClassGuess, Evidence};
use super::{Estimate, Quantity, Reading, Support, Survey};
use crate::sim::asteroid::BodyModel;
use crate::sim::asteroid::constituent::Constituent;
use crate::sim::prospector::ProspectorId;

/// Distance over which ore is expected to change [m], and over that of a small body's radius.
const RANGE_M: f64 = 30.0;
const RANGE_OF_RADIUS: f64 = 0.3;

/// The map of one constituent by one prospector.
#[derive(Clone, Debug)]
pub struct GradeMap {
    constituent: Constituent,
    field: Kriging,
    /// Readings of the survey that have been looked at.
    held: usize,
    /// From the spectra.
    guess: ClassGuess,
    /// What the readings of the ground say of the class.
    evidence: Evidence,
    /// From both, as of the last fit, and what the classes hold.
    believed: ClassGuess,
    mixture: Mixture,
    range_m: f64,
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
        let range_m = RANGE_M.min(RANGE_OF_RADIUS * body.reference_radius_m());
        Self {
            constituent,
            field: Kriging::new(expectation(&guess, constituent, range_m)),
            held: 0,
            evidence: Evidence::default(),
            believed: guess.clone(),
            mixture: Mixture::of(&guess, constituent),
            guess,
            range_m,
            units: BTreeMap::new(),
        }
    }

    /// Adds what the survey holds beyond what has been looked at.
    fn take_in(&mut self, survey: &Survey) {
        let quantity = Quantity::Content(self.constituent);
        for held in &survey.held()[self.held..] {
            let reading = &*held.reading;
            self.evidence.add(reading);
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
            if Kriging::fits_with(self.field.len() + 1) {
                self.believed = self.guess.given(&self.evidence);
                self.mixture = Mixture::of(&self.believed, self.constituent);
                let expected = expectation(&self.believed, self.constituent, self.range_m);
                self.field.expect(expected);
            }
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

    /// What the body is taken for, from its spectra and from what was read of its ground.
    pub fn class_guess(&self) -> &ClassGuess {
        &self.believed
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
        let (mean, std) = self.field.unread();
        self.field
            .at(places_m)
            .into_iter()
            .map(|(centre, width)| {
                // What the readings add to the expectation is what changes it into what was found.
                let precision = width.max(1e-12).powi(-2) - std.powi(-2);
                let told = (1e-6 < precision * std * std).then(|| {
                    let centre = centre / width.max(1e-12).powi(2) - mean / (std * std);
                    (centre / precision, precision.sqrt().recip())
                });
                self.mixture.given(told)
            })
            .collect()
    }
}

fn expectation(guess: &ClassGuess, constituent: Constituent, range_m: f64) -> Expectation {
    let prior = guess.prior(constituent);
    Expectation {
        mean: prior.mean,
        mean_std: prior.mean_std,
        spread: prior.spread,
        spread_log_std: prior.spread_log_std,
        range_m,
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
