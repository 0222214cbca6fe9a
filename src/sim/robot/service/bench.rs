//! What comes of a finished job: machines change, and the ledger with them.

use std::sync::Arc;

use bevy::math::DVec3;
use bevy::prelude::*;

use super::super::autopilot::{Autopilot, LOW_BATTERY};
use super::super::rescue::place_beside_m;
use super::super::{Anchor, Battery, Bin, Gear, Health, Robot, Tank, Tool, stand};
use super::orders::check_carry;
use super::refit::{Loaded, plan_refit};
use super::repair::{Change, due_change, next_change};
use super::spares::spares_cost_ucr;
use super::{CABLE_M, Job, Service, gap_m};
use crate::sim::asteroid::Terrain;
use crate::sim::economy::ledger::{AccountId, Ledger, Memo};
use crate::sim::level::modules::{Catalogue, Part};
use crate::sim::order::Refusal;
use crate::sim::physics::{BodyHandle, Motion, Physics};
use crate::sim::plant::{Plant, grams};
use crate::sim::prospector::{ProspectorId, Prospectors};
use crate::sim::{Accounts, Chance};

/// Energy that arrives over energy sent (assumed: two converters of 95 %).
const CABLE_EFFICIENCY: f64 = 0.9;
/// Share of the dust that an arm with a brush leaves on another robot's panels (assumed).
const ARM_LEAVES: f64 = 0.1;
/// Shares of a wreck's dry mass that serve as mechanical and electronic spare parts (assumed).
const SALVAGE: (f64, f64) = (0.25, 0.04);

/// What has come of a job.
pub(super) enum Outcome {
    /// It goes on in the next tick, as this.
    More(Job),
    /// A part of it is done and the next begins.
    Next(String),
    Done(String),
    Failed(String),
}

/// All that a finished job may change besides the machines.
pub(super) struct Bench<'a> {
    pub(super) now_ms: u64,
    pub(super) tick_s: f64,
    pub(super) accounts: Accounts,
    pub(super) catalogue: &'a Catalogue,
    pub(super) chance: &'a Chance,
    pub(super) prospectors: &'a Prospectors,
    pub(super) ledger: &'a mut Ledger,
    pub(super) terrain: &'a Terrain,
    pub(super) physics: &'a mut Physics,
    /// Where machines stand, and how large they are [m].
    pub(super) taken: &'a [(DVec3, f64)],
}

pub(super) type Machine<'a> = (
    Entity,
    Mut<'a, Robot>,
    Mut<'a, Motion>,
    Mut<'a, Bin>,
    Mut<'a, Tank>,
    Mut<'a, Battery>,
    Mut<'a, Tool>,
    Mut<'a, Health>,
    Mut<'a, Service>,
    Mut<'a, Autopilot>,
    &'a BodyHandle,
    Mut<'a, Anchor>,
    Mut<'a, Gear>,
);

impl Bench<'_> {
    fn book(&mut self, from: AccountId, to: AccountId, amount: i64, memo: Memo) {
        self.ledger
            .transfer(self.now_ms, from, to, amount, memo)
            .expect("cover was checked before");
    }

    /// Pays for goods of the world outside; false if there is no cover.
    fn pay(&mut self, owner: ProspectorId, amount_ucr: i64) -> bool {
        let payer = self.prospectors.get(owner).account;
        self.ledger
            .transfer(
                self.now_ms,
                payer,
                self.accounts.supplier,
                amount_ucr,
                Memo::Bought,
            )
            .is_ok()
    }

    /// Takes spare parts out of a plant's stock, and buys what it has not.
    fn draw_spares(
        &mut self,
        (plant, owner): (&mut Plant, ProspectorId),
        (mechanical_g, mechanical_to): (i64, AccountId),
        (electronic_g, electronic_to): (i64, AccountId),
    ) -> Result<(), Refusal> {
        let cost_ucr = spares_cost_ucr(self.catalogue, plant, mechanical_g, electronic_g)?;
        if !self.pay(owner, cost_ucr) {
            return Err(Refusal::because("no spare parts: the money is gone"));
        }
        let imports = self.accounts.imports;
        let store = &mut plant.spares;
        let from_g = mechanical_g.min(store.mechanical_g);
        self.book(
            store.mechanical_account,
            mechanical_to,
            from_g,
            Memo::Refitted,
        );
        self.book(imports, mechanical_to, mechanical_g - from_g, Memo::Bought);
        store.mechanical_g -= from_g;
        let from_g = electronic_g.min(store.electronic_g);
        self.book(
            store.electronic_account,
            electronic_to,
            from_g,
            Memo::Refitted,
        );
        self.book(imports, electronic_to, electronic_g - from_g, Memo::Bought);
        store.electronic_g -= from_g;
        Ok(())
    }

    /// Makes a part of a robot as good as new.
    fn renew(
        &self,
        change: Change,
        robot: &Robot,
        (health, tool, gear): (&mut Health, &mut Tool, &mut Gear),
    ) {
        match change {
            Change::Boards => {
                health.renew_electronics(&robot.kind, &robot.name, self.chance, self.now_ms);
            }
            Change::Seals => health.renew_seals(&robot.name, self.chance, self.now_ms),
            Change::Bit => gear.drill.wear = 0.0,
            Change::Teeth => tool.wear = 0.0,
            Change::Dust => health.brush(ARM_LEAVES),
        }
    }

    pub(super) fn work_alone(
        &mut self,
        machine: Machine,
        plants: &mut Query<&mut Plant>,
        job: &Job,
    ) -> Outcome {
        let (
            _,
            mut robot,
            motion,
            mut bin,
            mut tank,
            mut battery,
            mut tool,
            mut health,
            ..,
            mut gear,
        ) = machine;
        match job {
            Job::Clean => {
                let leaves = robot.kind.brush_leaves;
                health.brush(leaves);
                Outcome::Done("the panels are clean".to_owned())
            }
            Job::Refit { plant, remove, add } => {
                let Some(mut plant) = plant_near(self.terrain, plants, plant, &motion) else {
                    return Outcome::Failed(format!("{plant} is out of reach"));
                };
                let loaded = Loaded {
                    robot: &robot,
                    bin: &bin,
                    tank: &tank,
                    tool: &tool,
                    gear: &gear,
                    health: &health,
                };
                let plan = match plan_refit(self.catalogue, loaded, &plant, remove, add) {
                    Ok(plan) => plan,
                    Err(refusal) => return Outcome::Failed(format!("no refit: {refusal}")),
                };
                if !self.pay(robot.owner, plan.cost_ucr()) {
                    return Outcome::Failed("no refit: the money is gone".to_owned());
                }
                let machine = robot.machine_account;
                for part in &plan.from_stock {
                    let at = plant.stock.iter().position(|there| there == part);
                    plant.stock.remove(at.expect("it has just been seen there"));
                    self.book(plant.stock_account, machine, part.mass_g, Memo::Refitted);
                }
                for part in &plan.bought {
                    self.book(self.accounts.imports, machine, part.mass_g, Memo::Bought);
                }
                for part in &plan.to_scrap {
                    self.book(machine, self.accounts.scrap, part.mass_g, Memo::Refitted);
                }
                for part in plan.to_stock {
                    self.book(machine, plant.stock_account, part.mass_g, Memo::Refitted);
                    plant.stock.push(part);
                }
                plant.stock.sort();
                robot.dry_g = plan.kind.dry_mass_g();
                bin.capacity_g = grams(plan.kind.bin_capacity_kg);
                tank.capacity_g = grams(plan.kind.tank_capacity_kg);
                battery.capacity_j = 3600.0 * plan.kind.battery_wh;
                battery.charge_j = battery.charge_j.min(battery.capacity_j);
                battery.set_temperature(health.temperature_k());
                battery.next_look_ms = 0;
                let adds = |wanted: fn(&Part) -> bool| {
                    let spec = |name: &String| self.catalogue.modules.get(name);
                    add.iter().filter_map(spec).any(|spec| wanted(&spec.part))
                };
                if adds(|part| matches!(part, Part::Drum(_))) {
                    tool.wear = 0.0;
                }
                if adds(|part| matches!(part, Part::Drill(_))) {
                    gear.drill.wear = 0.0;
                }
                if adds(|part| matches!(part, Part::Drum(_) | Part::Drill(_))) {
                    health.renew_seals(&robot.name, self.chance, self.now_ms);
                }
                robot.kind = Arc::new(plan.kind);
                Outcome::Done(format!(
                    "refitted, {:.1} kg dry now",
                    robot.kind.dry_mass_kg
                ))
            }
            Job::Overhaul { plant } => {
                let Some(mut plant) = plant_near(self.terrain, plants, plant, &motion) else {
                    return Outcome::Failed(format!("{plant} is out of reach"));
                };
                let change = match due_change((&robot, &health, &tool, &gear)) {
                    Ok(change) => change,
                    Err(refusal) => return Outcome::Done(refusal.to_string()),
                };
                let (mechanical_g, electronic_g) = change.needs_g();
                let machine = robot.machine_account;
                if let Err(refusal) = self.draw_spares(
                    (&mut plant, robot.owner),
                    (mechanical_g, machine),
                    (electronic_g, machine),
                ) {
                    return Outcome::Failed(refusal.to_string());
                }
                let scrap = self.accounts.scrap;
                self.book(machine, scrap, mechanical_g + electronic_g, Memo::Repaired);
                self.renew(change, &robot, (&mut health, &mut tool, &mut gear));
                let text = format!("has {}", change.describe());
                match due_change((&robot, &health, &tool, &gear)) {
                    Ok(_) => Outcome::Next(text),
                    Err(_) => Outcome::Done(text),
                }
            }
            Job::Stock {
                plant,
                mechanical_g,
                electronic_g,
            } => {
                let Some(mut plant) = plant_near(self.terrain, plants, plant, &motion) else {
                    return Outcome::Failed(format!("{plant} is out of reach"));
                };
                let drawn = self.draw_spares(
                    (&mut plant, robot.owner),
                    (*mechanical_g, robot.spares.mechanical_account),
                    (*electronic_g, robot.spares.electronic_account),
                );
                if let Err(refusal) = drawn {
                    return Outcome::Failed(refusal.to_string());
                }
                robot.spares.mechanical_g += mechanical_g;
                robot.spares.electronic_g += electronic_g;
                Outcome::Done(format!(
                    "{:.1} kg of spare parts on board",
                    1e-3 * robot.spares.total_g() as f64
                ))
            }
            Job::Repair { .. }
            | Job::Cannibalise { .. }
            | Job::GivePower { .. }
            | Job::Carry { .. }
            | Job::PutDown { .. } => Outcome::Failed("the other robot is gone".to_owned()),
        }
    }

    pub(super) fn work_on(&mut self, machine: Machine, other: Machine, job: &Job) -> Outcome {
        let (_, mut robot, motion, _, _, mut battery, ..) = machine;
        let (
            _,
            mut other,
            mut there,
            bin,
            tank,
            mut others,
            mut tool,
            mut health,
            _,
            mut pilot,
            &body,
            mut anchor,
            mut gear,
        ) = other;
        let reach_m = match job {
            Job::PutDown { .. } => f64::INFINITY,
            Job::GivePower { .. } => CABLE_M,
            _ => robot.kind.repair.map_or(0.0, |arm| arm.reach_m),
        };
        if other.lost || reach_m < gap_m((&robot, &motion), (&other, &there)) {
            return Outcome::Failed(format!("{} is out of reach", other.name));
        }
        let (locker, name) = (robot.spares.clone(), other.name.clone());
        match job {
            Job::Repair { .. } => {
                let change = match next_change((&other, &health, &tool, &gear), &robot.spares) {
                    Ok(change) if !other.stripped => change,
                    Ok(_) => return Outcome::Failed(format!("{name} has been taken apart")),
                    Err(refusal) => return Outcome::Done(refusal.to_string()),
                };
                let (mechanical_g, electronic_g) = change.needs_g();
                let machine = other.machine_account;
                // The new part goes in, the old one of the same weight comes out.
                self.book(
                    locker.mechanical_account,
                    machine,
                    mechanical_g,
                    Memo::Repaired,
                );
                self.book(
                    locker.electronic_account,
                    machine,
                    electronic_g,
                    Memo::Repaired,
                );
                let scrap = self.accounts.scrap;
                self.book(machine, scrap, mechanical_g + electronic_g, Memo::Repaired);
                robot.spares.mechanical_g -= mechanical_g;
                robot.spares.electronic_g -= electronic_g;
                self.renew(change, &other, (&mut health, &mut tool, &mut gear));
                let text = format!("{name} has {}", change.describe());
                match next_change((&other, &health, &tool, &gear), &robot.spares) {
                    Ok(_) => Outcome::Next(text),
                    Err(_) => Outcome::Done(text),
                }
            }
            Job::Carry { .. } => {
                let mass_kg = other.mass_kg(&bin, &tank);
                let carry_max_kg = robot.kind.repair.map_or(0.0, |arm| arm.carry_max_kg);
                if let Err(refusal) = check_carry(&robot, &other, mass_kg, carry_max_kg) {
                    return Outcome::Failed(refusal.to_string());
                }
                pilot.abort();
                *anchor = Anchor::Out;
                self.physics.remove_from_site(body);
                robot.carries = Some(name.clone());
                robot.burden_g = (1e3 * mass_kg).round() as i64;
                other.carried_by = Some(robot.name.clone());
                Outcome::Done(format!("has {name} on its back"))
            }
            Job::PutDown { .. } => {
                let radius_m = |robot: &Robot| 0.5 * f64::from(robot.size_m().length());
                let carrier_m = motion.position_m.as_dvec3();
                let place_m = place_beside_m(
                    self.terrain,
                    carrier_m,
                    radius_m(&robot) + radius_m(&other),
                    (radius_m(&other), other.half_height_m()),
                    self.taken,
                );
                let Some(place_m) = place_m else {
                    return Outcome::Failed(format!("there is no room to put {name} down"));
                };
                let up = self.terrain.up(place_m);
                let rotation = stand(up, place_m - carrier_m).as_quat();
                *there = Motion {
                    position_m: place_m.as_vec3(),
                    rotation,
                    ..default()
                };
                self.physics.set_pose(body, there.position_m, rotation);
                self.physics.set_velocity(body, Vec3::ZERO);
                robot.carries = None;
                robot.burden_g = 0;
                other.carried_by = None;
                others.next_look_ms = 0;
                Outcome::Done(format!("has put {name} down"))
            }
            Job::Cannibalise { .. } => {
                if other.stripped {
                    return Outcome::Failed(format!("{name} has been taken apart"));
                }
                let room_g = grams(robot.kind.spares_capacity_kg) - robot.spares.total_g();
                let share = |part: f64| (part * other.dry_g as f64).floor() as i64;
                let electronic_g = share(SALVAGE.1).min(room_g);
                let mechanical_g = share(SALVAGE.0).min(room_g - electronic_g);
                let machine = other.machine_account;
                self.book(
                    machine,
                    locker.electronic_account,
                    electronic_g,
                    Memo::Cannibalised,
                );
                self.book(
                    machine,
                    locker.mechanical_account,
                    mechanical_g,
                    Memo::Cannibalised,
                );
                other.dry_g -= electronic_g + mechanical_g;
                other.stripped = true;
                health.kill();
                robot.spares.electronic_g += electronic_g;
                robot.spares.mechanical_g += mechanical_g;
                Outcome::Done(format!(
                    "took {:.1} kg of mechanical and {:.1} kg of electronic parts from {name}",
                    1e-3 * mechanical_g as f64,
                    1e-3 * electronic_g as f64
                ))
            }
            Job::GivePower { to, left_j } => {
                if battery.fraction() < 2.0 * LOW_BATTERY {
                    return Outcome::Done(format!("keeps what charge it has, {to} gets no more"));
                }
                let sent_j = (robot.kind.charger_w * self.tick_s).min(*left_j);
                let sent_j = battery.give_j(sent_j);
                battery.heat_j += (1.0 - CABLE_EFFICIENCY) * sent_j;
                others.store_j(CABLE_EFFICIENCY * sent_j);
                let left_j = left_j - sent_j;
                if left_j <= 1e-6 || others.is_full() {
                    let percent = 100.0 * others.fraction();
                    return Outcome::Done(format!("{to} is charged to {percent:.0} %"));
                }
                Outcome::More(Job::GivePower {
                    to: to.clone(),
                    left_j,
                })
            }
            _ => Outcome::Done(String::new()),
        }
    }
}

/// A plant that reaches a robot.
fn plant_near<'a>(
    terrain: &Terrain,
    plants: &'a mut Query<&mut Plant>,
    name: &str,
    motion: &Motion,
) -> Option<Mut<'a, Plant>> {
    plants
        .iter_mut()
        .find(|plant| plant.name == name && plant.reaches(terrain.model(), motion.position_m))
}
