//! Prospectors: who owns what, who pays for it, and the scripts that decide for some of them.
//!
//! A prospector is an account, a fleet and a memory of what it measured. Money itself lies in
//! `economy::ledger`; what a prospector may do is decided in `desk`.

use bevy::prelude::*;
use serde::{Deserialize, Serialize};

use super::economy::commerce::Commerce;
use super::economy::fleet::Machine;
use super::economy::ledger::{AccountId, Ledger, Memo};
use super::level::{Brain, ProspectorKind};
use super::order::{Log, Severity};
use super::plant::Plant;
use super::prospecting::Survey;
use super::robot::Robot;
use super::{Accounts, Clock, SimSystems, Terms, Tick};

pub mod brains;

const MS_PER_DAY: i128 = 86_400_000;

/// Charges upkeep and lets the scripted prospectors decide.
pub struct ProspectorPlugin;

impl Plugin for ProspectorPlugin {
    fn build(&self, app: &mut App) {
        app.add_systems(
            Tick,
            (
                charge_upkeep
                    .after(super::plant::bake)
                    .after(super::robot::service::print)
                    .in_set(SimSystems::Economy),
                brains::decide.in_set(SimSystems::Observe),
            ),
        );
    }
}

/// Index of a prospector in [`Prospectors`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct ProspectorId(pub u32);

/// An economic actor.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Prospector {
    pub name: String,
    pub kind: ProspectorKind,
    pub brain: Brain,
    pub account: AccountId,
    /// What it knows of the ground.
    pub survey: Survey,
    /// Upkeep due so far [µcr], paid or not.
    pub(super) upkeep_due_ucr: i64,
    pub(super) upkeep_paid_ucr: i64,
}

impl Prospector {
    /// Upkeep that is overdue [µcr], which becomes a debt elsewhere and is no longer asked for here.
    pub(super) fn give_up_upkeep(&mut self) -> i64 {
        let owed_ucr = self.upkeep_due_ucr - self.upkeep_paid_ucr;
        self.upkeep_paid_ucr = self.upkeep_due_ucr;
        owed_ucr
    }
}

/// Everybody in the level, in its order.
#[derive(Resource, Clone, Debug, Default, Serialize, Deserialize)]
pub struct Prospectors(pub(super) Vec<Prospector>);

impl Prospectors {
    pub fn find(&self, name: &str) -> Option<ProspectorId> {
        let index = self
            .0
            .iter()
            .position(|prospector| prospector.name == name)?;
        Some(ProspectorId(index as u32))
    }

    pub fn get(&self, id: ProspectorId) -> &Prospector {
        &self.0[id.0 as usize]
    }

    pub(super) fn get_mut(&mut self, id: ProspectorId) -> &mut Prospector {
        &mut self.0[id.0 as usize]
    }

    pub fn name(&self, id: ProspectorId) -> &str {
        &self.get(id).name
    }

    pub fn iter(&self) -> impl Iterator<Item = (ProspectorId, &Prospector)> {
        (0..).map(ProspectorId).zip(&self.0)
    }
}

/// Charges the crews and the control rooms on Earth by the hour.
///
/// What is due follows from the time since the start, not from the length of the ticks, so that
/// long and short ticks charge the same. Who cannot pay owes it and pays from the next income.
fn charge_upkeep(
    clock: Res<Clock>,
    terms: Res<Terms>,
    accounts: Res<Accounts>,
    mut prospectors: ResMut<Prospectors>,
    mut ledger: ResMut<Ledger>,
    mut log: ResMut<Log>,
    commerce: Res<Commerce>,
    robots: Query<&Robot>,
    plants: Query<&Plant>,
) {
    const PERIOD_MS: u64 = 3_600_000;
    let abandoned = |robot: &Robot| {
        let machine = Machine::Robot(robot.name.clone());
        commerce.insolvency.is_abandoned(&machine)
    };
    let end_ms = clock.end_ms();
    let hours = end_ms / PERIOD_MS;
    if hours == clock.time_ms() / PERIOD_MS {
        return;
    }
    let elapsed_ms = (hours - clock.time_ms() / PERIOD_MS) * PERIOD_MS;
    let due_ucr = |per_day_ucr: f64| {
        (per_day_ucr.round() as i128 * i128::from(elapsed_ms) / MS_PER_DAY) as i64
    };
    // A venture pays for its plants; what it cannot pay falls to the steward.
    let mut unpaid_ucr = vec![0; prospectors.0.len()];
    for plant in &plants {
        let Some(venture) = plant.common() else {
            continue;
        };
        let due_ucr = due_ucr(1e6 * terms.upkeep_credits_per_plant_day);
        let paid_ucr = due_ucr.min(ledger.balance(venture));
        ledger
            .transfer(end_ms, venture, accounts.operations, paid_ucr, Memo::Upkeep)
            .expect("no more is paid than there is");
        unpaid_ucr[plant.owner.0 as usize] += due_ucr - paid_ucr;
    }
    for (index, prospector) in prospectors.0.iter_mut().enumerate() {
        let own = |owner: ProspectorId| owner.0 as usize == index;
        let machines = |count: usize, credits_per_day: f64| count as f64 * credits_per_day * 1e6;
        let per_day_ucr = machines(
            robots
                .iter()
                .filter(|robot| own(robot.owner) && !robot.lost && !abandoned(robot))
                .count(),
            terms.upkeep_credits_per_robot_day,
        ) + machines(
            plants
                .iter()
                .filter(|plant| own(plant.owner) && plant.common().is_none())
                .count(),
            terms.upkeep_credits_per_plant_day,
        );
        let due_ucr = due_ucr(per_day_ucr) + unpaid_ucr[index];
        prospector.upkeep_due_ucr += due_ucr;
        let owed_ucr = prospector.upkeep_due_ucr - prospector.upkeep_paid_ucr;
        let paid_ucr = owed_ucr.min(ledger.balance(prospector.account));
        prospector.upkeep_paid_ucr += paid_ucr;
        ledger
            .transfer(
                end_ms,
                prospector.account,
                accounts.operations,
                paid_ucr,
                Memo::Upkeep,
            )
            .expect("no more is paid than there is");
        if paid_ucr < owed_ucr && owed_ucr - paid_ucr <= due_ucr {
            log.tell(
                end_ms,
                &prospector.name,
                Severity::Alarm,
                format!(
                    "the account is empty: {:.0} credits of upkeep are owed",
                    1e-6 * (owed_ucr - paid_ucr) as f64
                ),
            );
        }
    }
}
