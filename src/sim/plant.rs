//! Plants: machines that bake water out of feedstock and leave tailings.
//!
//! Heat first brings the rock to the temperature of dehydroxylation, then drives the water out:
//! `heat_mj_per_kg_rock` and `heat_mj_per_kg_water` of the kind, from `materials_wear.csv`, row
//! water_from_CI_10pct_heat. Robots bring feedstock in `robot::autopilot`; water leaves through
//! `desk` when it is sold.

use std::sync::Arc;

use bevy::prelude::*;
use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::Xxh3;

use super::asteroid::Terrain;
use super::daylight::{Daylight, Horizon, SUNLIGHT_PERIOD_MS};
use super::economy::ledger::{AccountId, Ledger, Memo};
use super::level::PlantKind;
use super::level::kind::Fitted;
use super::order::{Log, Severity};
use super::prospector::{ProspectorId, Prospectors};
use super::robot::{Feedstock, Spares, service};
use super::{Accounts, Clock, SimSystems, Terms, Tick};

/// A robot may stand this much outside the arm's reach and still be served [m].
const DOCKING_SLACK_M: f64 = 1.5;

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
    pub(super) hopper: Feedstock,
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
    /// Water recovered and not yet a whole gram [g].
    pub(super) water_owed_g: f64,
    /// Energy used and not yet paid for [J].
    pub(super) unpaid_j: f64,
    /// Power of the oven in this tick [W].
    pub(super) power_w: f64,
    pub(super) solar_w: f64,
    pub(super) next_look_ms: u64,
}

impl Plant {
    pub fn hopper_g(&self) -> i64 {
        self.hopper.mass_g
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
        self.hopper_capacity_g() - self.hopper.mass_g
    }

    /// Whether the arm reaches a robot at a place.
    pub fn reaches(&self, robot_m: Vec3) -> bool {
        f64::from(robot_m.distance(self.position_m)) <= self.kind.dock_radius_m + DOCKING_SLACK_M
    }

    /// Where beside the plant a robot should stand, from centre to centre.
    pub fn docking_distance_m(&self) -> f64 {
        self.kind.dock_radius_m
    }

    pub(super) fn receive(&mut self, feedstock: Feedstock) {
        self.hopper.add(feedstock);
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

    /// Bakes with `energy_j` of heat and returns what became of the rock.
    ///
    /// The rock is taken to be as wet as the hopper is on average; what the plant does not
    /// recover stays in the tailings.
    fn bake(&mut self, energy_j: f64) -> Baked {
        if self.hopper.mass_g == 0 {
            self.heat_j = 0.0;
            return Baked::default();
        }
        self.heat_j += energy_j;
        let grade = 1e-6 * self.hopper.water_ug as f64 / self.hopper.mass_g as f64;
        let j_per_g =
            1e3 * (self.kind.heat_mj_per_kg_rock + grade * self.kind.heat_mj_per_kg_water);
        let tank_room_g = (grams(self.kind.tank_capacity_kg) - self.water_g).max(0) as f64;
        let fits_g = if 0.0 < grade {
            tank_room_g / grade
        } else {
            f64::INFINITY
        };
        let mass_g = ((self.heat_j / j_per_g).floor().min(fits_g)) as i64;
        let rock = self.hopper.take(mass_g);
        self.heat_j = if self.hopper.mass_g == 0 {
            0.0
        } else {
            (self.heat_j - rock.mass_g as f64 * j_per_g).clamp(0.0, j_per_g)
        };
        self.water_owed_g += self.kind.water_recovery * 1e-6 * rock.water_ug as f64;
        let water_g = (self.water_owed_g.floor() as i64).min(rock.mass_g);
        self.water_owed_g -= water_g as f64;
        self.water_g += water_g;
        self.tailings_g += rock.mass_g - water_g;
        Baked {
            water_g,
            tailings_g: rock.mass_g - water_g,
        }
    }

    pub(crate) fn hash_into(&self, hash: &mut Xxh3) {
        hash.update(self.name.as_bytes());
        for value in [
            self.hopper.mass_g,
            self.hopper.water_ug,
            self.water_g,
            self.tailings_g,
            self.printing_g,
            self.stock.iter().map(|part| part.mass_g).sum(),
        ] {
            hash.update(&value.to_le_bytes());
        }
        self.spares.hash_into(hash);
        for value in [
            self.heat_j,
            self.water_owed_g,
            self.unpaid_j,
            self.print_j,
            self.oxygen_owed_g,
        ] {
            hash.update(&value.to_bits().to_le_bytes());
        }
    }
}

/// What a tick's heat made of the rock in the oven.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Baked {
    water_g: i64,
    tailings_g: i64,
}

/// Kilograms of a level as grams of the ledger.
pub(super) fn grams(kg: f64) -> i64 {
    (1e3 * kg).round() as i64
}

pub(super) fn bake(
    clock: Res<Clock>,
    daylight: Res<Daylight>,
    terms: Res<Terms>,
    accounts: Res<Accounts>,
    terrain: Res<Terrain>,
    prospectors: Res<Prospectors>,
    mut ledger: ResMut<Ledger>,
    mut log: ResMut<Log>,
    mut plants: Query<(&mut Plant, &mut Horizon)>,
) {
    for (mut plant, mut horizon) in &mut plants {
        if plant.next_look_ms <= clock.time_ms() {
            plant.next_look_ms = clock.time_ms() + SUNLIGHT_PERIOD_MS;
            let height_m = 0.5 * plant.kind.size_m.1;
            plant.solar_w = if horizon.sees_sun(&daylight, &terrain, plant.position_m, height_m) {
                daylight.flux_w_m2() * plant.kind.solar_area_m2 * plant.kind.solar_efficiency
            } else {
                0.0
            };
        }
        let available_w = (plant.solar_w - plant.kind.idle_power_w).max(0.0);
        let tank_full = grams(plant.kind.tank_capacity_kg) <= plant.water_g;
        plant.power_w = if plant.hopper.mass_g == 0 || tank_full {
            0.0
        } else {
            available_w.min(plant.kind.oven_power_w)
        };
        if plant.power_w == 0.0 {
            continue;
        }
        let energy_j = plant.power_w * clock.tick_s();
        let first_water = plant.water_g == 0 && plant.tailings_g == 0;
        let baked = plant.bake(energy_j);
        let now_ms = clock.time_ms();
        for (to, amount_g, memo) in [
            (plant.water_account, baked.water_g, Memo::Baked),
            (plant.tailings_account, baked.tailings_g, Memo::Tailings),
        ] {
            ledger
                .transfer(now_ms, plant.hopper_account, to, amount_g, memo)
                .expect("the hopper's account holds what the hopper holds");
        }
        plant.unpaid_j += energy_j;
        let ucr_per_j = terms.energy_credits_per_kwh * 1e6 / 3.6e6;
        let due_ucr = (plant.unpaid_j * ucr_per_j).floor();
        if 1.0 <= due_ucr {
            let payer = prospectors.get(plant.owner).account;
            let paid_ucr = (due_ucr as i64).min(ledger.balance(payer));
            plant.unpaid_j -= due_ucr / ucr_per_j;
            ledger
                .transfer(now_ms, payer, accounts.utility, paid_ucr, Memo::Energy)
                .expect("no more is paid than there is");
        }
        let owner = prospectors.name(plant.owner);
        if first_water && 0 < baked.water_g {
            log.tell(
                now_ms,
                owner,
                Severity::Info,
                format!("{} drips its first water", plant.name),
            );
        }
        if plant.hopper.mass_g == 0 {
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
