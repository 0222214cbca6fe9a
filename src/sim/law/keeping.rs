//! The law by the clock: what is due is done on the hour, hour by hour, so that long and short
//! ticks agree.

use std::sync::Arc;

use bevy::prelude::*;

use super::claims::{End, Registry};
use super::inspection::RobotFact;
use super::regime::Regime;
use super::standing::MONTH_MS;
use crate::sim::economy::ledger::Ledger;
use crate::sim::observation::Activity;
use crate::sim::order::Log;
use crate::sim::physics::Motion;
use crate::sim::prospecting::Provenance;
use crate::sim::prospector::Prospectors;
use crate::sim::robot::autopilot::Autopilot;
use crate::sim::robot::{Health, Robot};
use crate::sim::{Clock, SimSystems, Tick, desk};

const HOUR_MS: u64 = 3_600_000;

/// Does what the law has to do by the clock.
pub struct LawPlugin;

impl Plugin for LawPlugin {
    fn build(&self, app: &mut App) {
        app.add_systems(
            Tick,
            keep.after(desk::settle::settle)
                .run_if(|clock: Res<Clock>| clock.time_ms() / HOUR_MS != clock.end_ms() / HOUR_MS)
                .in_set(SimSystems::Settle),
        );
    }
}

fn keep(
    clock: Res<Clock>,
    mut regime: ResMut<Regime>,
    mut registry: ResMut<Registry>,
    mut ledger: ResMut<Ledger>,
    mut log: ResMut<Log>,
    mut prospectors: ResMut<Prospectors>,
    robots: Query<(&Robot, &Motion, &Health, &Autopilot)>,
) {
    let (first, last) = (clock.time_ms() / HOUR_MS + 1, clock.end_ms() / HOUR_MS);
    for hour in first..=last {
        let now_ms = hour * HOUR_MS;
        // Robots are seen as they are at the end of the tick.
        let facts = robots
            .iter()
            .map(|(robot, motion, health, pilot)| RobotFact {
                name: &robot.name,
                owner: prospectors.name(robot.owner),
                mass_g: robot.dry_g(),
                working: !matches!(
                    pilot.activity(robot, motion),
                    Activity::Idle | Activity::Charging | Activity::Lost | Activity::Adrift
                ),
                lost: robot.lost,
                dead: health.is_dead() && !robot.lost,
            });
        regime.look_at_robots(&mut ledger, &mut log, now_ms, facts);
        regime.keep_hour(&mut registry, &mut ledger, &mut log, now_ms);
        regime.disclose(&mut prospectors, &mut log, now_ms);
    }
}

impl Regime {
    /// Does what is due in the hour up to a time, robots and readings aside.
    pub(super) fn keep_hour(
        &mut self,
        registry: &mut Registry,
        ledger: &mut Ledger,
        log: &mut Log,
        now_ms: u64,
    ) {
        self.close_auctions(registry, ledger, log, now_ms);
        if self.draw_comes(now_ms) {
            self.draw_lots(registry, ledger, log, now_ms);
        }
        for (id, how) in registry.expire(&Arc::clone(&self.charter), now_ms) {
            let why = match how {
                End::Expired => "its term is over",
                _ => "nobody has worked there for too long",
            };
            log.announce(now_ms, format!("claim {} ends: {why}", id.0));
        }
        self.collect_rents(registry, ledger, log, now_ms);
        if now_ms / MONTH_MS != (now_ms - HOUR_MS) / MONTH_MS {
            // Who holds a claim has a use for a licence, at work or not.
            for claim in registry.standing().filter(|claim| !claim.is_reserved()) {
                self.standing.note_activity(claim.digger());
            }
            self.charge_licences(ledger, log, now_ms);
        }
        if self.inspectors_come(now_ms) {
            self.inspect(ledger, log, now_ms);
        }
        self.rule(registry, ledger, log, now_ms);
        if self.period_ends(now_ms) {
            self.close_period(ledger, log, now_ms);
        }
        self.collect_debts(ledger, now_ms);
        self.count_votes(ledger, log, now_ms);
    }

    /// Makes public, or known to members, what the charter wants disclosed.
    fn disclose(&mut self, prospectors: &mut Prospectors, log: &mut Log, now_ms: u64) {
        let Some(terms) = self.charter.disclosure else {
            return;
        };
        let after_ms = super::charter::days_ms(terms.after_days);
        let mut disclosed = Vec::new();
        for (id, prospector) in prospectors.iter() {
            if !self.binds(&prospector.name) {
                continue;
            }
            let held = prospector.survey.held();
            let mut seen = self.disclosed(&prospector.name);
            let before = seen;
            while let Some(held) = held.get(seen) {
                if held.provenance == Provenance::Own {
                    // Own readings are held in the order of measuring.
                    if now_ms < held.reading.at_ms + after_ms {
                        break;
                    }
                    disclosed.push((id, Arc::clone(&held.reading)));
                }
                seen += 1;
            }
            if before != seen {
                let name = prospector.name.clone();
                self.set_disclosed(&name, seen);
            }
        }
        if disclosed.is_empty() {
            return;
        }
        let everybody: Vec<_> = prospectors.iter().map(|(id, _)| id).collect();
        let mut count = 0;
        for (from, reading) in disclosed {
            count += 1;
            for &to in &everybody {
                let name = prospectors.name(to);
                if to == from || terms.members_only && !self.is_member(name) {
                    continue;
                }
                let survey = &mut prospectors.get_mut(to).survey;
                let known = survey
                    .held()
                    .iter()
                    .any(|held| Arc::ptr_eq(&held.reading, &reading) || held.reading == reading);
                if !known {
                    survey.add(Arc::clone(&reading), Provenance::Public);
                }
            }
        }
        let whom = if terms.members_only { "members" } else { "all" };
        log.announce(now_ms, format!("{count} readings become known to {whom}"));
    }
}
