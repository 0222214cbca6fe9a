//! What each prospector has done of what the lesson of its level asks for.
//!
//! A deed once done stays done, in whatever order; an order counts from when the deed before it is
//! done, since many orders are given for other reasons. Only prospectors that no script decides for
//! are taught. What is asked for stands in [`level::lesson`](super::level::lesson).

use bevy::prelude::*;
use serde::{Deserialize, Serialize};

use super::Clock;
use super::economy::ledger::{AccountId, Ledger, Memo};
use super::law::claims::Registry;
use super::level::lesson::Deed;
use super::level::{Brain, Level};
use super::order::{Log, Taken};
use super::plant::Plant;
use super::prospector::{ProspectorId, Prospectors};
use super::robot::feats::Feats;
use super::robot::{Anchor, Bin, Robot};

/// The lesson, and what everybody has done of it.
#[derive(Resource, Clone, Debug, Default, Serialize, Deserialize)]
pub struct Lessons {
    /// What each step asks for.
    deeds: Vec<Option<Deed>>,
    /// In the order of the prospectors.
    pupils: Vec<Pupil>,
    /// How many orders have been looked at.
    orders_seen: u64,
}

/// One prospector's progress.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Pupil {
    is_taught: bool,
    /// By step; a step that is only read is never done.
    done: Vec<bool>,
}

impl Lessons {
    /// Everybody at the beginning.
    pub fn of(level: &Level) -> Self {
        let pupils = level.prospectors.iter().map(|prospector| Pupil {
            is_taught: matches!(prospector.brain, Brain::Human),
            done: vec![false; level.lesson.len()],
        });
        Self {
            pupils: pupils.collect(),
            deeds: level.lesson.iter().map(|step| step.until.clone()).collect(),
            ..default()
        }
    }

    /// Which steps a prospector has done; false for those that ask for nothing.
    pub fn done(&self, id: ProspectorId) -> &[bool] {
        let pupil = self.pupils.get(id.0 as usize);
        pupil.map_or(&[], |pupil| &pupil.done)
    }

    /// Whether anything is left that somebody is to do.
    pub fn are_open(&self) -> bool {
        let has_open = |pupil: &Pupil| {
            let mut steps = self.deeds.iter().zip(&pupil.done);
            pupil.is_taught && steps.any(|(deed, done)| deed.is_some() && !done)
        };
        self.pupils.iter().any(has_open)
    }

    /// Counts an order for the one who gave it.
    fn take(&mut self, taken: &Taken, prospectors: &Prospectors) {
        let pupil = prospectors
            .find(&taken.issued.by)
            .and_then(|id| self.pupils.get_mut(id.0 as usize));
        let (Some(pupil), Ok(())) = (pupil, &taken.answer) else {
            return;
        };
        let given = &taken.issued.order;
        let mut is_next = true;
        for (deed, done) in self.deeds.iter().zip(&mut pupil.done) {
            let Some(deed) = deed else { continue };
            if let Deed::Ordered { order, robot } = deed
                && is_next
                && *order == given.name()
                && (robot.is_none() || robot.as_deref() == given.robot())
            {
                *done = true;
            }
            is_next = *done;
        }
    }
}

/// Finds out what has been done since the last tick.
pub(super) fn follow(
    clock: Res<Clock>,
    prospectors: Res<Prospectors>,
    ledger: Res<Ledger>,
    log: Res<Log>,
    registry: Res<Registry>,
    feats: Res<Feats>,
    mut lessons: ResMut<Lessons>,
    robots: Query<(&Robot, &Bin, &Anchor)>,
    plants: Query<&Plant>,
) {
    let lessons = &mut *lessons;
    // The log forgets its oldest orders in between.
    let new = usize::try_from(log.taken_count() - lessons.orders_seen).unwrap_or(usize::MAX);
    let orders = log.taken();
    for taken in orders.since(orders.len().saturating_sub(new)) {
        lessons.take(taken, &prospectors);
    }
    lessons.orders_seen = log.taken_count();

    // Most of what is asked for lasts longer than a second; the rest is counted as it comes.
    if clock.end_ms() / 1000 == clock.time_ms() / 1000 {
        return;
    }
    let Lessons { deeds, pupils, .. } = lessons;
    for ((id, prospector), pupil) in prospectors.iter().zip(pupils) {
        let own = |robot: &Robot, wanted: &Option<String>| {
            robot.owner == id && wanted.as_ref().is_none_or(|wanted| *wanted == robot.name)
        };
        let enough = |have_g: i64, want_kg: f64| 1e3 * want_kg <= have_g as f64;
        if !pupil.is_taught {
            continue;
        }
        for (deed, done) in deeds.iter().zip(&mut pupil.done) {
            let Some(deed) = deed.as_ref().filter(|_| !*done) else {
                continue;
            };
            *done = match deed {
                Deed::Ordered { .. } => false,
                Deed::Anchored { robot: wanted } => robots
                    .iter()
                    .any(|(robot, _, anchor)| own(robot, wanted) && *anchor != Anchor::Out),
                Deed::Loaded {
                    robot: wanted,
                    mass_kg,
                } => robots
                    .iter()
                    .any(|(robot, bin, _)| own(robot, wanted) && enough(bin.load_g(), *mass_kg)),
                Deed::Delivered { mass_kg } => {
                    let own = robots.iter().filter(|(robot, ..)| robot.owner == id);
                    let bins = own.map(|(_, bin, _)| bin.account);
                    enough(moved_g(&ledger, Memo::Delivered, bins), *mass_kg)
                }
                Deed::Baked { mass_kg } => plants
                    .iter()
                    .any(|plant| plant.owner == id && enough(plant.water_g(), *mass_kg)),
                Deed::Sold { mass_kg } => {
                    let own = plants.iter().filter(|plant| plant.owner == id);
                    let tanks = own.map(|plant| plant.water_account);
                    enough(moved_g(&ledger, Memo::Sold, tanks), *mass_kg)
                }
                Deed::Claimed => registry
                    .standing()
                    .any(|claim| claim.holder == prospector.name),
                Deed::Read { readings } => *readings as usize <= prospector.survey.measured_count(),
                Deed::Foretold { .. } | Deed::ThrownOff | Deed::Cored { .. } => deed
                    .as_goal(&prospector.name)
                    .and_then(|goal| feats.progress(&goal, false))
                    .is_some_and(|(done, _)| 1.0 <= done),
            };
        }
    }
}

/// All that ever left some accounts for a reason [g].
fn moved_g(ledger: &Ledger, memo: Memo, accounts: impl Iterator<Item = AccountId>) -> i64 {
    let moved = accounts.map(|account| ledger.moved(memo, Some(account), None));
    i64::try_from(moved.sum::<i128>()).unwrap_or(i64::MAX)
}
