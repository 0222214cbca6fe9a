//! Spoil that is not binned: loads that are poured out, what drums spill, and ground that gives way.
//!
//! How heaps lie and what holds is computed in `asteroid::slump`; here it is booked. What lies is
//! part of the body again; what finds no ground goes to the account "drifted".

use bevy::math::DVec3;
use bevy::prelude::*;

use super::autopilot::{Autopilot, Step};
use super::{Bin, Feedstock, Robot, guidance};
use crate::sim::asteroid::Terrain;
use crate::sim::economy::ledger::{Ledger, Memo};
use crate::sim::law::claims::Registry;
use crate::sim::law::regime::Regime;
use crate::sim::order::{Log, Severity};
use crate::sim::physics::{Motion, Physics};
use crate::sim::prospector::Prospectors;
use crate::sim::{Accounts, Clock};

/// A load is poured in portions of this mass, and the last of it at once [g].
pub(super) const PORTION_G: i64 = 5_000;
/// Gap between the robot and the foot of its heap [m].
const BEHIND_M: f64 = 1.0;

/// Pours loads out behind the robots that are told to.
pub(super) fn dump(
    clock: Res<Clock>,
    accounts: Res<Accounts>,
    prospectors: Res<Prospectors>,
    mut terrain: ResMut<Terrain>,
    mut ledger: ResMut<Ledger>,
    mut log: ResMut<Log>,
    (mut regime, mut registry): (ResMut<Regime>, ResMut<Registry>),
    mut robots: Query<(&Robot, &Motion, &mut Bin, &mut Autopilot)>,
) {
    for (robot, motion, mut bin, mut pilot) in &mut robots {
        if !matches!(pilot.step(), Some(Step::Dump)) {
            continue;
        }
        let rate_g_per_s = robot.kind.unload_rate_kg_per_h / 3.6;
        let portion_g = bin.load.mass_g.min(PORTION_G);
        if rate_g_per_s * (pilot.spent_s + clock.tick_s()) < portion_g as f64 {
            continue;
        }
        pilot.spent_s = 0.0;
        let poured = bin.load.take(portion_g);
        let ahead = (motion.rotation * Vec3::Z).as_dvec3();
        let behind_m = 0.5 * robot.kind.size_m.2 + BEHIND_M;
        let over_m: DVec3 = motion.position_m.as_dvec3() - behind_m * ahead;
        let foot_m = terrain.surface_below(over_m);
        let lies_g = terrain.deposit(foot_m, poured);
        let mut book = |to, mass_g, memo| {
            ledger
                .transfer(clock.time_ms(), bin.account, to, mass_g, memo)
                .expect("the bin's account holds what the bin holds");
        };
        book(accounts.rock, lies_g, Memo::Spilled);
        book(accounts.drifted, poured.mass_g - lies_g, Memo::Lost);
        regime.record_pouring(
            &mut registry,
            &mut ledger,
            &mut log,
            clock.time_ms(),
            prospectors.name(robot.owner),
            foot_m,
            (lies_g, poured.mass_g - lies_g),
        );
        if bin.load.mass_g == 0 {
            let text = if lies_g < poured.mass_g {
                format!("{}: the load has drifted off", robot.name)
            } else {
                format!("{} has dumped its load", robot.name)
            };
            let owner = prospectors.name(robot.owner);
            log.tell(clock.time_ms(), owner, Severity::Info, text);
            pilot.finish();
        }
    }
}

/// Lets fall what a tool throws at speeds evenly up to that of its teeth (assumed): what is faster
/// than the local escape speed is gone. Returns the mass that comes to lie [g].
pub(super) fn spill(terrain: &mut Terrain, over_m: DVec3, speed_m_s: f64, spilt: Feedstock) -> i64 {
    let escape_m_s = guidance::escape_speed_m_s(terrain, over_m);
    let stays = (escape_m_s / speed_m_s.max(1e-9)).min(1.0);
    let stays_g = (stays * spilt.mass_g as f64).floor() as i64;
    let mut spilt = spilt;
    let falls = spilt.take(stays_g);
    let foot_m = terrain.surface_below(over_m);
    terrain.deposit(foot_m, falls)
}

/// Lets ground that has been dug or heaped hold or give way, and shows feet what has changed.
pub(super) fn settle(
    clock: Res<Clock>,
    accounts: Res<Accounts>,
    mut terrain: ResMut<Terrain>,
    mut physics: ResMut<Physics>,
    mut ledger: ResMut<Ledger>,
) {
    let seconds = clock.seconds_ended();
    if 0 < seconds && terrain.is_restless() {
        let drifted_g = terrain.settle(seconds);
        ledger
            .transfer(
                clock.time_ms(),
                accounts.rock,
                accounts.drifted,
                drifted_g,
                Memo::Lost,
            )
            .expect("the body holds what it loses");
    }
    let changed = terrain.take_changed_chunks();
    if !changed.is_empty() {
        physics.renew_ground(&*terrain, &changed);
    }
}
