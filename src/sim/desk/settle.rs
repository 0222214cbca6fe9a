//! What time brings to what prospectors have agreed: auctions by the hour, and all that falls due.
//!
//! Everything is due at times counted from the start of the run, never by the tick, so that long and
//! short ticks agree; several that fall into one long tick are held one by one, in order.

use bevy::ecs::system::SystemParam;
use bevy::prelude::*;

use super::trade::publish;
use crate::sim::economy::commerce::{Commerce, DAY_MS, HOUR_MS, Party, RunningCosts};
use crate::sim::economy::fleet::{Craft, Fleet, Machine};
use crate::sim::economy::insolvency::Rank;
use crate::sim::economy::labour::{Deed, Duty};
use crate::sim::economy::ledger::Ledger;
use crate::sim::observation::{Activity, activity};
use crate::sim::order::{Log, Order, Severity};
use crate::sim::physics::Motion;
use crate::sim::plant::Plant;
use crate::sim::plant::queue::{Opening, Toll};
use crate::sim::prospecting::probe::Probe;
use crate::sim::prospecting::trade::{Audience, Choice, share};
use crate::sim::prospector::{ProspectorId, Prospectors};
use crate::sim::random;
use crate::sim::robot::autopilot::Autopilot;
use crate::sim::robot::{Robot, Service};
use crate::sim::{Accounts, Chance, Clock, SimSystems, Terms, Tick};

/// Holds auctions and settles what prospectors owe one another.
pub struct CommercePlugin;

impl Plugin for CommercePlugin {
    fn build(&self, app: &mut App) {
        app.add_systems(Tick, settle.in_set(SimSystems::Settle));
    }
}

/// What settling looks at and changes.
#[derive(SystemParam)]
pub(in crate::sim) struct Settling<'w, 's> {
    terms: Res<'w, Terms>,
    accounts: Res<'w, Accounts>,
    chance: Res<'w, Chance>,
    prospectors: ResMut<'w, Prospectors>,
    ledger: ResMut<'w, Ledger>,
    commerce: ResMut<'w, Commerce>,
    log: ResMut<'w, Log>,
    robots: Query<
        'w,
        's,
        (
            &'static mut Robot,
            &'static Motion,
            &'static mut Autopilot,
            &'static Probe,
            &'static Service,
        ),
    >,
    plants: Query<'w, 's, &'static mut Plant>,
}

pub(in crate::sim) fn settle(clock: Res<Clock>, mut settling: Settling) {
    let first = clock.time_ms() / HOUR_MS + 1;
    let last = clock.end_ms() / HOUR_MS;
    for now_ms in (first..=last).map(|hour| hour * HOUR_MS) {
        settling.pass_hour(now_ms);
    }
}

impl Settling<'_, '_> {
    fn pass_hour(&mut self, now_ms: u64) {
        self.count_work();
        let new_day = now_ms.is_multiple_of(DAY_MS);
        if new_day {
            self.let_programs_err(now_ms);
            self.demand_upkeep(now_ms);
            self.pool_data(now_ms);
        }
        let robots = self.robots.iter().map(|(robot, ..)| robot);
        let mut fleet = fleet(robots, &self.plants);
        let costs = RunningCosts {
            labour: self.terms.labour,
            wages_to: self.accounts.operations,
        };
        let mut news = Vec::new();
        self.commerce
            .pass_hour(now_ms, &mut self.ledger, &mut fleet, &costs, &mut news);
        publish(news, now_ms, &self.commerce, &mut self.log);
        let handed_over = fleet.take_handed_over();
        assign_plants(&handed_over, &mut self.plants);
        open_common_plants(&self.commerce, &mut self.plants);
        for (machine, to) in handed_over {
            let Machine::Robot(name) = machine else {
                continue;
            };
            for (mut robot, ..) in &mut self.robots {
                if robot.name == name {
                    robot.owner = ProspectorId(to.0);
                }
            }
        }
    }

    /// Books an hour of attention to each machine, and what was done by order.
    fn count_work(&mut self) {
        let labour = &mut self.commerce.labour;
        for (robot, motion, pilot, probe, service) in &self.robots {
            if robot.lost || robot.stripped {
                continue;
            }
            let duty = match activity(robot, motion, pilot, probe, service) {
                Activity::Lost => continue,
                Activity::Idle | Activity::Charging => Duty::Standby,
                Activity::Digging | Activity::Unloading | Activity::Anchoring => Duty::Dig,
                Activity::Surveying => Duty::Measure,
                Activity::Servicing => Duty::Service,
                _ => Duty::Travel,
            };
            labour.attend(Party(robot.owner.0), duty);
        }
        for plant in &self.plants {
            labour.attend(Party(plant.owner.0), Duty::Plant);
        }
        let taken = self.log.taken();
        // The log keeps the newest alone: more than it keeps are not taken within an hour.
        let unseen = self.log.taken_count() - labour.seen_orders;
        let first = taken.len().saturating_sub(unseen as usize);
        for each in taken.since(first) {
            let party = self.prospectors.find(&each.issued.by);
            if let (Ok(()), Some(party)) = (&each.answer, party)
                && let Some(deed) = deed(&each.issued.order)
            {
                labour.count(Party(party.0), deed);
            }
        }
        labour.seen_orders = self.log.taken_count();
    }

    /// Robots that are left to programs sometimes drop what they do.
    fn let_programs_err(&mut self, now_ms: u64) {
        let rate = self.terms.labour.autonomy_error_per_robot_day;
        for (robot, _, mut pilot, ..) in &mut self.robots {
            let level = self.commerce.labour.autonomy(Party(robot.owner.0));
            if level == 0.0 || rate == 0.0 || robot.lost || pilot.is_idle() {
                continue;
            }
            let mut chance = self.chance.stream("autonomy", &robot.name, now_ms);
            if random::uniform(&mut chance) < rate * level {
                pilot.abort();
                self.log.tell(
                    now_ms,
                    self.prospectors.name(robot.owner),
                    Severity::Alarm,
                    format!(
                        "{}: its programs have erred, and it has stopped",
                        robot.name
                    ),
                );
            }
        }
    }

    /// Upkeep that could not be paid becomes a debt like others.
    fn demand_upkeep(&mut self, now_ms: u64) {
        let mut news = Vec::new();
        let operations = self.accounts.operations;
        let (trades, books) = self
            .commerce
            .open_books(now_ms, &mut self.ledger, &mut news);
        let ids: Vec<ProspectorId> = self.prospectors.iter().map(|(id, _)| id).collect();
        for id in ids {
            let owed_ucr = self.prospectors.get_mut(id).give_up_upkeep();
            let debtor = Party(id.0);
            trades
                .arrears
                .owe_account(&books, debtor, Rank::Wages, operations, owed_ucr);
        }
    }

    /// What members of a venture that pools its data have measured is every member's.
    fn pool_data(&mut self, now_ms: u64) {
        let pools: Vec<Vec<ProspectorId>> = self
            .commerce
            .ventures
            .iter()
            .filter(|venture| venture.agreement.pools_data && 1 < venture.members.len())
            .map(|venture| {
                let members = venture.members.iter();
                members.map(|each| ProspectorId(each.party.0)).collect()
            })
            .collect();
        for members in pools {
            for &giver in &members {
                let others = members.iter().filter(|&&other| other != giver);
                let names = others.map(|&other| self.prospectors.name(other).to_owned());
                let with = Audience::Only(names.collect());
                // Who has measured nothing yet has nothing to share.
                let _ = share(
                    now_ms,
                    &mut self.prospectors,
                    giver,
                    &Choice::default(),
                    &with,
                );
            }
        }
    }
}

/// The work that an order makes on Earth, beyond attention to a machine.
fn deed(order: &Order) -> Option<Deed> {
    Some(match order {
        Order::Measure { .. } | Order::Survey { .. } => Deed::Sample,
        Order::Repair { .. } | Order::Refit { .. } | Order::Cannibalise { .. } => Deed::Repair,
        Order::Sell { .. } => Deed::Shipment,
        order if order.is_legal() => Deed::Claim,
        Order::PlaceOrder { .. } | Order::PlaceShareOrder { .. } => Deed::Trade,
        order if order.is_trade() => Deed::Deal,
        _ => return None,
    })
}

/// Machines as trade sees them.
pub(super) fn fleet<'a>(
    robots: impl Iterator<Item = &'a Robot>,
    plants: &Query<&'static mut Plant>,
) -> Fleet {
    let mut fleet = Fleet::default();
    for robot in robots {
        let craft = Craft {
            holder: Party(robot.owner.0),
            value_ucr: (1e6 * robot.kind.price_credits).round() as i64,
            lost: robot.lost || robot.stripped,
        };
        fleet.enter(Machine::Robot(robot.name.clone()), craft);
    }
    for plant in plants {
        let craft = Craft {
            holder: Party(plant.owner.0),
            value_ucr: (1e6 * plant.kind.price_credits).round() as i64,
            lost: false,
        };
        fleet.enter(Machine::Plant(plant.name.clone()), craft);
    }
    fleet
}

/// Gives robots to those who have got them.
pub(super) fn assign(handed_over: Vec<(Machine, Party)>, robots: &mut Query<&mut Robot>) {
    for (machine, to) in handed_over {
        let Machine::Robot(name) = machine else {
            continue;
        };
        for mut robot in robots.iter_mut() {
            if robot.name == name {
                robot.owner = ProspectorId(to.0);
            }
        }
    }
}

/// Gives plants to those who have got them.
pub(super) fn assign_plants(
    handed_over: &[(Machine, Party)],
    plants: &mut Query<&'static mut Plant>,
) {
    for (machine, to) in handed_over {
        let Machine::Plant(name) = machine else {
            continue;
        };
        for mut plant in plants.iter_mut() {
            if plant.name == *name {
                plant.owner = ProspectorId(to.0);
            }
        }
    }
}

/// Opens the plants of ventures to their members, and closes those that are nobody's in common now.
pub(super) fn open_common_plants(commerce: &Commerce, plants: &mut Query<&'static mut Plant>) {
    for mut plant in plants.iter_mut() {
        let mut common = None;
        for venture in commerce.ventures.iter() {
            let own = venture.commons.iter();
            for each in own.filter(|each| each.plant == plant.name) {
                let members = venture.members.iter();
                let opening = Opening {
                    toll: Toll {
                        tariff_ucr_per_kg: each.tariff_ucr_per_kg,
                        product_share_ppm: 0,
                    },
                    to: Some(members.map(|each| ProspectorId(each.party.0)).collect()),
                };
                common = Some((venture.account, opening));
            }
        }
        match common {
            Some((account, opening)) => {
                plant.common = Some(account);
                plant.opening = Some(opening);
            }
            None if plant.common.is_some() => {
                plant.common = None;
                plant.opening = None;
            }
            None => {}
        }
    }
}
