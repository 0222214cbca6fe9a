//! Plants: machines that make goods of rock, or of goods, and leave tailings.
//!
//! Every plant bakes water out of rock with the figures of its kind; what else it is equipped for
//! are [`process`]es by name. Rock waits in the hopper in lots with their owners, [`queue`], and is
//! worked first come, first served. What is made belongs to the owner of the lot: the plant's own
//! water goes to its tank, all else to the owner's store at the site. Tailings stay with the plant.
//! Robots bring rock in `robot::autopilot`; orders come from `desk::goods`.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use bevy::prelude::*;
use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::Xxh3;

use super::asteroid::constituent::Constituent;
use super::asteroid::{BodyModel, Feedstock, Terrain};
use super::daylight::{Daylight, Horizon, SUNLIGHT_PERIOD_MS};
use super::economy::commerce::Commerce;
use super::economy::good::Good;
use super::economy::ledger::{AccountId, Ledger, Memo};
use super::economy::stores::Place;
use super::level::kind::Fitted;
use super::level::modules::Catalogue;
use super::level::{MotionModel, PlantKind};
use super::order::{Log, Severity};
use super::prospector::{ProspectorId, Prospectors};
use super::robot::atlas::Atlas;
use super::robot::{Spares, service};
use super::{Accounts, Clock, SimSystems, Terms, Tick};

pub mod process;
pub mod queue;
pub(super) mod subsidence;

use process::{Input, Matter, NobleRatios, Output, Process, Processes, Stuff, Tally};
use queue::{Lot, Opening, Toll};

/// The process that every plant is equipped for.
pub const BAKE: &str = "bake";
/// What any plant can do: nothing. What lies in its hopper stays there.
pub const STAND_STILL: &str = "stand-still";
/// Goods are mixed by the kilogram, so that each part is a whole number of grams.
const MIXED_STEP_G: i64 = 1_000;

/// A robot may stand this much outside the arm's reach and still be served [m].
const DOCKING_SLACK_M: f64 = 1.5;
/// So much above or below a plant a robot is served over a winch [m]: on an asteroid its load weighs
/// less than the line. Assumed.
const WINCH_M: f64 = 20.0;

/// Runs the plants.
pub struct PlantPlugin;

impl Plugin for PlantPlugin {
    fn build(&self, app: &mut App) {
        app.add_systems(
            Tick,
            (bake, service::print).chain().in_set(SimSystems::Economy),
        );
    }
}

/// A plant and what is in it.
#[derive(Component, Clone, Debug, Serialize, Deserialize)]
pub struct Plant {
    pub name: String,
    pub owner: ProspectorId,
    pub kind_name: String,
    pub kind: Arc<PlantKind>,
    /// Centre of the machine, site frame; +Y of `rotation` is up.
    pub position_m: Vec3,
    pub rotation: Quat,
    pub hopper_account: AccountId,
    pub water_account: AccountId,
    pub tailings_account: AccountId,
    /// What waits in the hopper, first come first.
    pub(super) lots: Vec<Lot>,
    /// What it does now, by name, and as data.
    pub(super) process: String,
    pub(super) recipe: Arc<Process>,
    /// How much more of goods it is to work on [g]; `None` is as much as there is.
    pub(super) batch_g: Option<i64>,
    pub(super) ratios: NobleRatios,
    /// Made and not yet whole grams, by owner.
    pub(super) tallies: BTreeMap<ProspectorId, Tally>,
    /// Tariffs due and not yet whole micro-credits, in thousandths of one.
    pub(super) due_milli_ucr: BTreeMap<ProspectorId, i64>,
    /// For whom else it works.
    pub(super) opening: Option<Opening>,
    /// The account of the venture that it belongs to, if it does: then `owner` is its steward, all
    /// members pay the tariff, the venture gets it, and pays for energy and upkeep.
    pub(super) common: Option<AccountId>,
    pub(super) water_g: i64,
    pub(super) tailings_g: i64,
    /// Modules that robots have left here.
    pub(super) stock: Vec<Fitted>,
    pub stock_account: AccountId,
    pub(super) spares: Spares,
    /// Spare parts still to be printed [g], and the energy put into the next of them [J].
    pub(super) printing_g: i64,
    pub(super) print_j: f64,
    /// Oxygen set free by printing and not yet a whole gram [g].
    pub(super) oxygen_owed_g: f64,
    /// Heat put into the rock in the oven and not yet spent [J].
    pub(super) heat_j: f64,
    /// Energy used and not yet paid for [J].
    pub(super) unpaid_j: f64,
    /// Power of the oven in this tick [W].
    pub(super) power_w: f64,
    pub(super) solar_w: f64,
    pub(super) next_look_ms: u64,
}

impl Plant {
    pub fn hopper_g(&self) -> i64 {
        self.lots.iter().map(|lot| lot.rock.mass_g).sum()
    }

    /// What waits in the hopper, first come first.
    pub fn lots(&self) -> &[Lot] {
        &self.lots
    }

    /// What it does now.
    pub fn process(&self) -> &str {
        &self.process
    }

    /// For whom it works besides its owner.
    pub fn opening(&self) -> Option<&Opening> {
        self.opening.as_ref()
    }

    /// Whether rock of a prospector is worked as a guest's: paid for, and its water not for the tank.
    fn is_guest(&self, who: ProspectorId) -> bool {
        who != self.owner || self.common.is_some()
    }

    /// Who gets its tariffs and pays for its energy and upkeep.
    pub(super) fn purse(&self, prospectors: &Prospectors) -> AccountId {
        self.common
            .unwrap_or_else(|| prospectors.get(self.owner).account)
    }

    /// The account of the venture that it belongs to, if it does.
    pub fn common(&self) -> Option<AccountId> {
        self.common
    }

    /// Whether it takes the rock of a prospector.
    pub fn admits(&self, who: ProspectorId) -> bool {
        who == self.owner || self.opening.as_ref().is_some_and(|open| open.admits(who))
    }

    /// What it can be set to: baking, the processes of its kind, and nothing.
    pub fn processes(&self) -> impl Iterator<Item = &str> {
        std::iter::once(BAKE)
            .chain(self.kind.processes.iter().map(String::as_str))
            .chain(std::iter::once(STAND_STILL))
    }

    pub fn water_g(&self) -> i64 {
        self.water_g
    }

    /// Modules in stock, sorted.
    pub fn stock(&self) -> &[Fitted] {
        &self.stock
    }

    /// Spare parts in stock.
    pub fn spares(&self) -> &Spares {
        &self.spares
    }

    /// Spare parts still to be printed [g].
    pub fn printing_g(&self) -> i64 {
        self.printing_g
    }

    pub fn tailings_g(&self) -> i64 {
        self.tailings_g
    }

    pub fn power_w(&self) -> f64 {
        self.power_w
    }

    /// What the array gives beyond the plant's own needs, up to what the dock can pass on [W].
    pub fn spare_power_w(&self) -> f64 {
        let spare_w = self.solar_w - self.kind.idle_power_w - self.power_w;
        spare_w.clamp(0.0, self.kind.charge_power_w)
    }

    pub fn is_running(&self) -> bool {
        0.0 < self.power_w
    }

    pub fn hopper_capacity_g(&self) -> i64 {
        grams(self.kind.hopper_capacity_kg)
    }

    pub fn hopper_room_g(&self) -> i64 {
        self.hopper_capacity_g() - self.hopper_g()
    }

    /// How far aside a robot may stand and still be served, from centre to centre.
    pub fn reach_m(&self) -> f64 {
        self.kind.dock_radius_m + DOCKING_SLACK_M
    }

    /// Whether the arm reaches a robot at a place, or the winch does: over the pit beside it, or on its
    /// rim.
    pub fn reaches(&self, model: &BodyModel, robot_m: Vec3) -> bool {
        let up = model.outward(self.position_m.as_dvec3()).as_vec3();
        is_served(self.position_m, up, self.reach_m(), robot_m)
    }

    /// Where beside the plant a robot should stand, from centre to centre.
    pub fn docking_distance_m(&self) -> f64 {
        self.kind.dock_radius_m
    }

    /// Rock of an owner comes into the hopper, on the terms of today.
    pub(super) fn receive(&mut self, owner: ProspectorId, rock: Feedstock) {
        let toll = match &self.opening {
            Some(opening) if self.is_guest(owner) => opening.toll,
            _ => Toll::default(),
        };
        queue::join(&mut self.lots, owner, rock, toll);
    }

    /// Takes up to `want_g` of water from the tank.
    pub(super) fn draw_water(&mut self, want_g: i64) -> i64 {
        let drawn_g = want_g.clamp(0, self.water_g);
        self.water_g -= drawn_g;
        drawn_g
    }

    /// Water leaves for the market.
    pub(super) fn ship_water(&mut self, mass_g: i64) {
        debug_assert!(mass_g <= self.water_g);
        self.water_g -= mass_g;
    }

    pub fn tank_room_g(&self) -> i64 {
        (grams(self.kind.tank_capacity_kg) - self.water_g).max(0)
    }

    /// Works with the energy of a tick on whatever there is, and books it.
    fn work(
        &mut self,
        (now_ms, energy_j): (u64, f64),
        book: &Processes,
        prospectors: &Prospectors,
        ledger: &mut Ledger,
        commerce: &mut Commerce,
    ) -> Vec<Worked> {
        self.heat_j += energy_j;
        let mut done = Vec::new();
        loop {
            let worked = match self.next_work(ledger, commerce, prospectors) {
                Work::None => {
                    // An oven that has worked everything off is let cool.
                    self.heat_j = 0.0;
                    None
                }
                Work::Lot(at) => {
                    let payer = prospectors.get(self.lots[at].owner).account;
                    self.work_lot(at, book, ledger.balance(payer))
                }
                Work::Goods { most_g } => self.work_goods(most_g, book, commerce),
            };
            let Some(worked) = worked else {
                return done;
            };
            book_work(now_ms, self, &worked, prospectors, ledger, commerce);
            done.push(worked);
        }
    }

    /// What it would work on now.
    fn next_work(&self, ledger: &Ledger, commerce: &Commerce, prospectors: &Prospectors) -> Work {
        if self.process == STAND_STILL {
            return Work::None;
        }
        let Input::Goods(parts) = &self.recipe.input else {
            let bakes = self.recipe.outputs.iter().any(|o| o.good == Good::Water);
            let full = bakes && self.tank_room_g() == 0;
            let workable = self.lots.iter().position(|lot| {
                if !self.is_guest(lot.owner) {
                    return !full;
                }
                let balance_ucr = ledger.balance(prospectors.get(lot.owner).account);
                0 < self.payable_g(lot, balance_ucr)
            });
            return workable.map_or(Work::None, Work::Lot);
        };
        let name = prospectors.name(self.owner);
        let held_g = |good| match good {
            Good::Water => self.water_g,
            good => commerce.stores.held_g(ledger, name, &Place::Site, good),
        };
        let most_g = parts
            .iter()
            .map(|&(good, share)| (held_g(good) as f64 / share + 1e-6).floor() as i64)
            .min()
            .unwrap_or(0)
            .min(self.batch_g.unwrap_or(i64::MAX));
        match most_g - most_g % self.step_g() {
            0 => Work::None,
            most_g => Work::Goods { most_g },
        }
    }

    fn step_g(&self) -> i64 {
        match &self.recipe.input {
            Input::Goods(parts) if 1 < parts.len() => MIXED_STEP_G,
            _ => 1,
        }
    }

    /// How much of a guest's lot its money pays for [g].
    fn payable_g(&self, lot: &Lot, balance_ucr: i64) -> i64 {
        let due = self.due_milli_ucr.get(&lot.owner).copied().unwrap_or(0);
        lot.toll.payable_g(balance_ucr, due)
    }

    /// How many grams the heat in the oven is enough for.
    fn heated_g(&self, j_per_g: f64, most_g: i64) -> i64 {
        if j_per_g <= 0.0 {
            return most_g;
        }
        ((self.heat_j / j_per_g).floor() as i64).min(most_g)
    }

    /// Works on a lot with the heat that there is; nothing if that is not enough for a gram.
    fn work_lot(&mut self, at: usize, book: &Processes, balance_ucr: i64) -> Option<Worked> {
        let lot = &self.lots[at];
        let whole = Stuff::of(&lot.rock);
        let lot_g = lot.rock.mass_g;
        let j_per_g = self.recipe.energy_j(book, whole, self.ratios) / lot_g as f64;
        let mut most_g = lot_g;
        if !self.is_guest(lot.owner) {
            let made = self.recipe.pass(book, whole, self.ratios);
            let water = made.get(&Good::Water).map_or(0, |water| water.mass_ng);
            if 0 < water {
                let share = water as f64 / whole.mass_ng as f64;
                most_g = most_g.min((self.tank_room_g() as f64 / share) as i64);
            }
        } else {
            most_g = most_g.min(self.payable_g(lot, balance_ucr));
        }
        let mass_g = self.heated_g(j_per_g, most_g);
        if mass_g <= 0 {
            self.heat_j = self.heat_j.min(j_per_g);
            return None;
        }
        let lot = &mut self.lots[at];
        let (owner, toll) = (lot.owner, lot.toll);
        let rock = lot.rock.take(mass_g);
        if lot.rock.mass_g == 0 {
            self.lots.remove(at);
        }
        self.heat_j = (self.heat_j - mass_g as f64 * j_per_g).max(0.0);
        let made = self.recipe.pass(book, Stuff::of(&rock), self.ratios);
        let mut worked = Worked {
            owner,
            rock_g: mass_g,
            used: Vec::new(),
            products: Vec::new(),
            tailings_g: mass_g,
            tariff_ucr: 0,
        };
        for (good, stuff) in made {
            if good == Good::Tailings {
                continue;
            }
            let (kept, rest) = Tally::split(stuff, toll.product_share_ppm);
            if 0 < kept.mass_ng {
                self.tallies.entry(self.owner).or_default().add(good, kept);
            }
            self.tallies.entry(owner).or_default().add(good, rest);
        }
        let mut takers = vec![owner];
        if owner != self.owner && 0 < toll.product_share_ppm {
            takers.push(self.owner);
        }
        for taker in takers {
            let Some(tally) = self.tallies.get_mut(&taker) else {
                continue;
            };
            for (good, product) in tally.grams(worked.tailings_g) {
                worked.tailings_g -= product.mass_g;
                worked.products.push((taker, good, product));
            }
        }
        if self.is_guest(owner) {
            let due = self.due_milli_ucr.entry(owner).or_default();
            *due += toll.due_milli_ucr(mass_g);
            worked.tariff_ucr = *due / 1000;
            *due %= 1000;
        }
        self.account_for(&worked);
        Some(worked)
    }

    /// Works on goods of the owner's; `commerce` loses what concentrates held.
    fn work_goods(
        &mut self,
        most_g: i64,
        book: &Processes,
        commerce: &mut Commerce,
    ) -> Option<Worked> {
        let recipe = Arc::clone(&self.recipe);
        let Input::Goods(parts) = &recipe.input else {
            return None;
        };
        let step_g = self.step_g();
        let share_g = |mass_g: i64, share: f64| (mass_g as f64 * share).round() as i64;
        // What a step of it holds, before any is taken.
        let mut sample = Feedstock::default();
        for &(good, share) in parts {
            let mut blend = commerce.stores.blend(good);
            let wanted_g = share_g(step_g.max(1_000), share);
            let contents = blend.take(wanted_g).contents;
            sample.add(Feedstock {
                mass_g: wanted_g,
                contents,
            });
        }
        let sample_j = recipe.energy_j(book, Stuff::of(&sample), self.ratios);
        let j_per_g = sample_j / sample.mass_g as f64;
        let heated_g = self.heated_g(j_per_g, most_g);
        let mass_g = heated_g - heated_g % step_g;
        if mass_g <= 0 {
            self.heat_j = self.heat_j.min(j_per_g * step_g as f64);
            return None;
        }
        let mut worked = Worked {
            owner: self.owner,
            rock_g: mass_g,
            used: Vec::new(),
            products: Vec::new(),
            tailings_g: mass_g,
            tariff_ucr: 0,
        };
        let mut input = Feedstock::default();
        let mut left_g = mass_g;
        for (i, &(good, share)) in parts.iter().enumerate() {
            let part_g = if i + 1 == parts.len() {
                left_g
            } else {
                share_g(mass_g, share)
            };
            left_g -= part_g;
            let contents = commerce.stores.unblend(good, part_g);
            input.add(Feedstock {
                mass_g: part_g,
                contents,
            });
            worked.used.push((good, part_g));
        }
        self.heat_j = (self.heat_j - mass_g as f64 * j_per_g).max(0.0);
        if let Some(batch_g) = &mut self.batch_g {
            *batch_g -= mass_g;
        }
        let tally = self.tallies.entry(self.owner).or_default();
        for (good, stuff) in recipe.pass(book, Stuff::of(&input), self.ratios) {
            if good != Good::Tailings {
                tally.add(good, stuff);
            }
        }
        for (good, product) in tally.grams(mass_g) {
            worked.tailings_g -= product.mass_g;
            worked.products.push((self.owner, good, product));
        }
        for &(good, part_g) in &worked.used {
            if good == Good::Water {
                self.water_g -= part_g;
            }
        }
        self.account_for(&worked);
        Some(worked)
    }

    /// What stays in the plant itself.
    fn account_for(&mut self, worked: &Worked) {
        self.tailings_g += worked.tailings_g;
        for &(taker, good, product) in &worked.products {
            if !self.is_guest(taker) && good == Good::Water {
                self.water_g += product.mass_g;
            }
        }
    }

    pub(crate) fn hash_into(&self, hash: &mut Xxh3) {
        hash.update(self.name.as_bytes());
        hash.update(self.process.as_bytes());
        for lot in &self.lots {
            hash.update(&lot.owner.0.to_le_bytes());
            lot.rock.hash_into(hash);
            hash.update(&lot.toll.tariff_ucr_per_kg.to_le_bytes());
            hash.update(&lot.toll.product_share_ppm.to_le_bytes());
        }
        for (owner, tally) in &self.tallies {
            hash.update(&owner.0.to_le_bytes());
            tally.hash_into(hash);
        }
        for (owner, due) in &self.due_milli_ucr {
            hash.update(&owner.0.to_le_bytes());
            hash.update(&due.to_le_bytes());
        }
        hash.update(&[
            u8::from(self.opening.is_some()),
            u8::from(self.common.is_some()),
        ]);
        for value in [
            self.batch_g.unwrap_or(-1),
            self.water_g,
            self.tailings_g,
            self.printing_g,
            self.stock.iter().map(|part| part.mass_g).sum(),
        ] {
            hash.update(&value.to_le_bytes());
        }
        self.spares.hash_into(hash);
        for value in [self.heat_j, self.unpaid_j, self.print_j, self.oxygen_owed_g] {
            hash.update(&value.to_bits().to_le_bytes());
        }
    }
}

impl PlantKind {
    /// The process that every plant is equipped for, with the figures of the kind.
    pub fn baking(&self) -> Process {
        const MJ_PER_KWH: f64 = 3.6;
        Process {
            title: "bakes water out of rock".to_owned(),
            input: Input::Rock,
            kwh_per_kg: self.heat_mj_per_kg_rock / MJ_PER_KWH,
            outputs: vec![Output {
                good: Good::Water,
                of: Matter::Of(Constituent::Water),
                recovery: self.water_recovery,
                kwh_per_kg: self.heat_mj_per_kg_water / MJ_PER_KWH,
            }],
            residue: Good::Tailings,
            source: "the kind of plant".to_owned(),
        }
    }
}

/// What there is to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Work {
    None,
    /// The lot of this number.
    Lot(usize),
    /// Goods of the owner's.
    Goods {
        most_g: i64,
    },
}

/// What the heat of a tick made of a lot or of goods.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Worked {
    owner: ProspectorId,
    /// All that went in.
    rock_g: i64,
    /// Goods that went in, if it was no rock.
    used: Vec<(Good, i64)>,
    /// Who gets what, with what concentrates hold.
    products: Vec<(ProspectorId, Good, Feedstock)>,
    tailings_g: i64,
    tariff_ucr: i64,
}

/// Kilograms of a level as grams of the ledger.
pub(super) fn grams(kg: f64) -> i64 {
    (1e3 * kg).round() as i64
}

/// Whether a plant at a place serves a robot at another: so far aside, or over the winch. `up` is away
/// from the centre of the body.
pub fn is_served(plant_m: Vec3, up: Vec3, reach_m: f64, robot_m: Vec3) -> bool {
    let away_m = robot_m - plant_m;
    let height_m = away_m.dot(up);
    let aside_m = (away_m - height_m * up).length();
    f64::from(aside_m) <= reach_m && f64::from(height_m.abs()) <= WINCH_M
}

/// Runs the plants: as much work as the Sun gives power for.
#[expect(
    clippy::too_many_arguments,
    reason = "a system asks for all that it looks at and changes"
)]
pub(super) fn bake(
    clock: Res<Clock>,
    daylight: Res<Daylight>,
    terms: Res<Terms>,
    accounts: Res<Accounts>,
    catalogue: Res<Catalogue>,
    terrain: Res<Terrain>,
    atlas: Res<Atlas>,
    prospectors: Res<Prospectors>,
    mut ledger: ResMut<Ledger>,
    mut commerce: ResMut<Commerce>,
    mut log: ResMut<Log>,
    mut plants: Query<(&mut Plant, &mut Horizon)>,
) {
    let now_ms = clock.time_ms();
    let book = &catalogue.processes;
    for (mut plant, mut horizon) in &mut plants {
        if plant.next_look_ms <= now_ms {
            plant.next_look_ms = now_ms + SUNLIGHT_PERIOD_MS;
            let height_m = 0.5 * plant.kind.size_m.1;
            let sees_sun = match terms.motion {
                MotionModel::Simulated => {
                    horizon.sees_sun(&daylight, &terrain, plant.position_m, height_m)
                }
                // Measured once: years of digging would have it measured again every day.
                MotionModel::Planned => horizon.sees_sun_over(&daylight, plant.position_m, || {
                    atlas.skyline(plant.position_m.as_dvec3(), height_m)
                }),
            };
            plant.solar_w = if sees_sun {
                daylight.flux_w_m2() * plant.kind.solar_area_m2 * plant.kind.solar_efficiency
            } else {
                0.0
            };
        }
        let available_w = (plant.solar_w - plant.kind.idle_power_w).max(0.0);
        let work = plant.next_work(&ledger, &commerce, &prospectors);
        plant.power_w = if work == Work::None {
            0.0
        } else {
            available_w.min(plant.kind.oven_power_w)
        };
        if plant.power_w == 0.0 {
            continue;
        }
        let energy_j = plant.power_w * clock.tick_s();
        let first_water = plant.water_g == 0 && plant.tailings_g == 0;
        let had_rock = !plant.lots.is_empty();
        let worked = plant.work(
            (now_ms, energy_j),
            book,
            &prospectors,
            &mut ledger,
            &mut commerce,
        );
        let guests: BTreeSet<ProspectorId> = worked
            .iter()
            .map(|worked| worked.owner)
            .filter(|owner| plant.is_guest(*owner))
            .collect();
        for guest in guests {
            if plant.lots.iter().all(|lot| lot.owner != guest) {
                log.tell(
                    now_ms,
                    prospectors.name(guest),
                    Severity::Info,
                    format!("{} has worked off your rock", plant.name),
                );
            }
        }
        plant.unpaid_j += energy_j;
        let ucr_per_j = terms.energy_credits_per_kwh * 1e6 / 3.6e6;
        let due_ucr = (plant.unpaid_j * ucr_per_j).floor();
        if 1.0 <= due_ucr {
            let payer = plant.purse(&prospectors);
            let paid_ucr = (due_ucr as i64).min(ledger.balance(payer));
            plant.unpaid_j -= due_ucr / ucr_per_j;
            ledger
                .transfer(now_ms, payer, accounts.utility, paid_ucr, Memo::Energy)
                .expect("no more is paid than there is");
        }
        let owner = prospectors.name(plant.owner);
        if first_water && 0 < plant.water_g {
            log.tell(
                now_ms,
                owner,
                Severity::Info,
                format!("{} drips its first water", plant.name),
            );
        }
        if had_rock && plant.lots.is_empty() {
            let water_kg = 1e-3 * plant.water_g as f64;
            log.tell(
                now_ms,
                owner,
                Severity::Info,
                format!(
                    "{} has emptied its hopper; {water_kg:.2} kg of water in the tank",
                    plant.name
                ),
            );
        }
    }
}

/// Books what a plant has made: from the hopper, tank or stores to tank, stores and tailings.
fn book_work(
    now_ms: u64,
    plant: &Plant,
    worked: &Worked,
    prospectors: &Prospectors,
    ledger: &mut Ledger,
    commerce: &mut Commerce,
) {
    // Where the matter comes from, in the order in which it is used up.
    let mut sources: Vec<(AccountId, i64)> = if worked.used.is_empty() {
        vec![(plant.hopper_account, worked.rock_g)]
    } else {
        let name = prospectors.name(plant.owner);
        let used = worked.used.iter().map(|&(good, mass_g)| {
            let account = match good {
                Good::Water => plant.water_account,
                good => commerce
                    .stores
                    .find(name, &Place::Site, good)
                    .expect("what was used lay in a store"),
            };
            (account, mass_g)
        });
        used.collect()
    };
    let mut give = |ledger: &mut Ledger, to: AccountId, mut mass_g: i64, memo| {
        for (from, left_g) in &mut sources {
            let part_g = mass_g.min(*left_g);
            *left_g -= part_g;
            mass_g -= part_g;
            if *from != to {
                ledger
                    .transfer(now_ms, *from, to, part_g, memo)
                    .expect("what was used was there");
            }
        }
    };
    for &(taker, good, product) in &worked.products {
        let (to, memo) = if !plant.is_guest(taker) && good == Good::Water {
            (plant.water_account, Memo::Baked)
        } else {
            commerce.stores.reblend(good, product);
            let name = prospectors.name(taker);
            let to = commerce.stores.open(ledger, name, &Place::Site, good);
            (to, Memo::Refined)
        };
        give(ledger, to, product.mass_g, memo);
    }
    give(
        ledger,
        plant.tailings_account,
        worked.tailings_g,
        Memo::Tailings,
    );
    if 0 < worked.tariff_ucr {
        let from = prospectors.get(worked.owner).account;
        let to = plant.purse(prospectors);
        ledger
            .transfer(now_ms, from, to, worked.tariff_ucr, Memo::Tariff)
            .expect("no more was worked than the guest can pay for");
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::sim::asteroid::Contents;
    use crate::sim::economy::ledger::{AccountKind, Unit};
    use crate::sim::level::{Brain, Level, ProspectorKind};
    use crate::sim::prospecting::Survey;
    use crate::sim::prospector::Prospector;

    const HOST: ProspectorId = ProspectorId(0);

    struct Yard {
        plant: Plant,
        prospectors: Prospectors,
        ledger: Ledger,
        commerce: Commerce,
    }

    /// A plant of the first of three prospectors, who have so many micro-credits each.
    fn yard(purses_ucr: [i64; 3], process: &str) -> Yard {
        let level = Level::find("first-water").expect("the level ships with the program");
        let kind = Arc::new(level.plant_kinds["still"].clone());
        let mut ledger = Ledger::default();
        let mut open =
            |name: &str, unit, opening| ledger.open(name, unit, AccountKind::Holding, opening);
        let mut prospectors = Prospectors::default();
        for (name, purse_ucr) in ["host", "one", "two"].into_iter().zip(purses_ucr) {
            prospectors.0.push(Prospector {
                name: name.to_owned(),
                kind: ProspectorKind::Person,
                brain: Brain::Human,
                account: open(name, Unit::Credit, purse_ucr),
                survey: Survey::default(),
                upkeep_due_ucr: 0,
                upkeep_paid_ucr: 0,
            });
        }
        let recipe = match Catalogue::built_in().processes.get(process) {
            Some(recipe) => recipe.clone(),
            None => kind.baking(),
        };
        let mut mass = |name: &str, good| open(name, Unit::Good(good), 0);
        let hopper_account = mass("hopper", Good::Feedstock);
        let water_account = mass("water", Good::Water);
        let tailings_account = mass("tailings", Good::Tailings);
        let machine = mass("stock", Good::DryMass);
        let plant = Plant {
            name: "still".to_owned(),
            owner: HOST,
            kind_name: "still".to_owned(),
            kind,
            position_m: Vec3::ZERO,
            rotation: Quat::IDENTITY,
            hopper_account,
            water_account,
            tailings_account,
            lots: Vec::new(),
            process: process.to_owned(),
            recipe: Arc::new(recipe),
            batch_g: None,
            ratios: NobleRatios::default(),
            tallies: BTreeMap::new(),
            due_milli_ucr: BTreeMap::new(),
            opening: None,
            common: None,
            water_g: 0,
            tailings_g: 0,
            stock: Vec::new(),
            stock_account: machine,
            spares: Spares {
                mechanical_account: machine,
                electronic_account: machine,
                mechanical_g: 0,
                electronic_g: 0,
            },
            printing_g: 0,
            print_j: 0.0,
            oxygen_owed_g: 0.0,
            heat_j: 0.0,
            unpaid_j: 0.0,
            power_w: 0.0,
            solar_w: 0.0,
            next_look_ms: 0,
        };
        Yard {
            plant,
            prospectors,
            ledger,
            commerce: Commerce::default(),
        }
    }

    impl Yard {
        /// Rock of an owner, a tenth of it water and a fifth metal, comes in.
        fn tip(&mut self, owner: u32, mass_g: i64, tariff_ucr_per_kg: i64, share_ppm: u64) {
            self.plant.opening = Some(Opening {
                toll: Toll {
                    tariff_ucr_per_kg,
                    product_share_ppm: share_ppm,
                },
                to: None,
            });
            let kilograms = mass_g as f64;
            let contents = Contents::of_grams(&[
                (Constituent::Water, 0.1 * kilograms),
                (Constituent::Metal, 0.2 * kilograms),
                (Constituent::Nickel, 0.02 * kilograms),
            ]);
            self.plant
                .receive(ProspectorId(owner), Feedstock { mass_g, contents });
            let source = self.ledger.open(
                format!("ground {}", self.ledger.accounts().len()),
                Unit::Good(Good::Rock),
                AccountKind::Holding,
                mass_g,
            );
            self.ledger
                .transfer(0, source, self.plant.hopper_account, mass_g, Memo::Dug)
                .unwrap();
        }

        fn work(&mut self, energy_j: f64) -> Vec<Worked> {
            let book = &Catalogue::built_in().processes;
            self.plant.work(
                (0, energy_j),
                book,
                &self.prospectors,
                &mut self.ledger,
                &mut self.commerce,
            )
        }

        fn credits_ucr(&self, who: u32) -> i64 {
            let account = self.prospectors.get(ProspectorId(who)).account;
            self.ledger.balance(account)
        }

        /// Grams of a good in a store at the site, and in the tank of the host.
        fn has_g(&self, who: u32, good: Good) -> i64 {
            let name = self.prospectors.name(ProspectorId(who));
            let stores = &self.commerce.stores;
            let stored_g = stores.held_g(&self.ledger, name, &Place::Site, good);
            let tank_g = if ProspectorId(who) == HOST && good == Good::Water {
                self.plant.water_g
            } else {
                0
            };
            stored_g + tank_g
        }
    }

    #[test]
    fn lots_are_worked_in_the_order_in_which_they_came() {
        let mut yard = yard([0, 1_000_000_000, 1_000_000_000], BAKE);
        for owner in [1, 0, 2, 1] {
            yard.tip(owner, 500, 1_000_000, 0);
        }
        let mut order = Vec::new();
        while !yard.plant.lots.is_empty() {
            for worked in yard.work(20_000.0) {
                if order.last() != Some(&worked.owner.0) {
                    order.push(worked.owner.0);
                }
            }
        }
        assert_eq!(order, [1, 0, 2, 1]);
    }

    #[test]
    fn a_lot_that_nobody_can_pay_for_is_passed_over_until_somebody_can() {
        let mut yard = yard([0, 250_000, 0], BAKE);
        // A credit for a kilogram: there is enough for 250 g.
        yard.tip(1, 1_000, 1_000_000, 0);
        yard.tip(0, 300, 0, 0);
        let worked = yard.work(1e9);
        let grams: Vec<(u32, i64)> = worked.iter().map(|w| (w.owner.0, w.rock_g)).collect();
        assert_eq!(grams, [(1, 250), (0, 300)]);
        assert_eq!(yard.credits_ucr(1), 0);
        assert_eq!(yard.credits_ucr(0), 250_000);
        assert!(yard.work(1e9).is_empty());
        let source = yard
            .ledger
            .open("gift", Unit::Credit, AccountKind::Source, 0);
        let purse = yard.prospectors.get(ProspectorId(1)).account;
        yard.ledger
            .transfer(0, source, purse, 5_000_000, Memo::Endowment)
            .unwrap();
        assert_eq!(yard.work(1e9)[0].rock_g, 750);
        assert_eq!(yard.credits_ucr(0), 1_000_000);
    }

    #[test]
    fn a_full_tank_stops_the_host_and_not_its_guests() {
        let mut yard = yard([0, 0, 0], BAKE);
        let capacity_g = grams(yard.plant.kind.tank_capacity_kg);
        yard.tip(0, 2_000_000, 0, 0);
        yard.tip(1, 10_000, 0, 0);
        yard.work(1e13);
        assert_eq!(yard.plant.water_g, capacity_g);
        assert!((899..=900).contains(&yard.has_g(1, Good::Water)));
        let left: Vec<u32> = yard.plant.lots.iter().map(|lot| lot.owner.0).collect();
        assert_eq!(left, [0]);
    }

    proptest! {
        #[test]
        fn every_gram_and_micro_credit_goes_to_whom_it_belongs(
            lots in prop::collection::vec(
                (0..3_u32, 1..20_000_i64, 0..3_000_000_i64, 0..=1_000_000_u64),
                1..8,
            ),
            energies in prop::collection::vec(1.0..5e7_f64, 1..20),
            process in prop::sample::select(vec![BAKE, "magnetic-separation", "carbonyl"]),
        ) {
            let mut yard = yard([5_000_000, 8_000_000, 2_000_000], process);
            for (owner, mass_g, tariff, share) in lots {
                yard.tip(owner, mass_g, tariff, share);
            }
            let mut worked_g = [0_i64; 3];
            let mut tariffs = [0_i64; 3];
            for energy_j in energies {
                for worked in yard.work(energy_j) {
                    worked_g[worked.owner.0 as usize] += worked.rock_g;
                    tariffs[worked.owner.0 as usize] += worked.tariff_ucr;
                    // What comes out of a lot went in.
                    let out_g: i64 = worked.products.iter().map(|(.., p)| p.mass_g).sum();
                    prop_assert_eq!(out_g + worked.tailings_g, worked.rock_g);
                    prop_assert!(0 <= worked.tailings_g);
                }
                prop_assert_eq!(yard.ledger.mass_error_g(), 0);
                prop_assert_eq!(yard.ledger.credit_error_ucr(), 0);
                let balance = |account| yard.ledger.balance(account);
                prop_assert_eq!(balance(yard.plant.hopper_account), yard.plant.hopper_g());
                prop_assert_eq!(balance(yard.plant.water_account), yard.plant.water_g);
                prop_assert_eq!(balance(yard.plant.tailings_account), yard.plant.tailings_g);
            }
            prop_assert_eq!(tariffs[0], 0);
            prop_assert_eq!(yard.credits_ucr(1), 8_000_000 - tariffs[1]);
            prop_assert_eq!(yard.credits_ucr(2), 2_000_000 - tariffs[2]);
            prop_assert_eq!(yard.credits_ucr(0), 5_000_000 + tariffs[1] + tariffs[2]);
            // Nobody gets more than there was in its own rock, and the host its own and its shares.
            for good in [Good::Water, Good::MetalConcentrate, Good::Iron, Good::Nickel] {
                for who in [1, 2] {
                    prop_assert!(yard.has_g(who, good) <= worked_g[who as usize] / 5 + 1);
                }
            }
        }
    }
}
