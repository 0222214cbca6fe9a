//! Spare parts: in lockers and stores, bought, and printed from tailings.

use bevy::prelude::*;
use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::Xxh3;

use crate::sim::desk::Desk;
use crate::sim::economy::ledger::{AccountId, Ledger, Memo};
use crate::sim::level::modules::{Catalogue, SpareTerms};
use crate::sim::order::{Log, Refusal, Severity};
use crate::sim::plant::{Plant, grams};
use crate::sim::prospector::{ProspectorId, Prospectors};
use crate::sim::{Accounts, Clock, Terms};

/// Tailings that a printer needs for its mass of metal, and oxygen that it lets go: rock with a
/// third of metal in oxides of which two sevenths are oxygen (FeO, 56 + 16).
pub const TAILINGS_PER_PART: f64 = 3.0;
pub const OXYGEN_PER_PART: f64 = 0.4;
/// Largest order of spare parts [kg]: more is a slip of the pen.
pub(super) const SPARES_MAX_KG: f64 = 1e5;

/// Spare parts in a locker or a store.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Spares {
    /// Bits, teeth, seals, joints [g].
    pub(in crate::sim) mechanical_g: i64,
    /// Boards and cells [g].
    pub(in crate::sim) electronic_g: i64,
    pub mechanical_account: AccountId,
    pub electronic_account: AccountId,
}

impl Spares {
    pub fn mechanical_g(&self) -> i64 {
        self.mechanical_g
    }

    pub fn electronic_g(&self) -> i64 {
        self.electronic_g
    }

    pub fn total_g(&self) -> i64 {
        self.mechanical_g + self.electronic_g
    }

    pub(crate) fn hash_into(&self, hash: &mut Xxh3) {
        for value in [self.mechanical_g, self.electronic_g] {
            hash.update(&value.to_le_bytes());
        }
    }
}

impl Desk<'_, '_> {
    /// Orders parts of a plant that has a printer.
    pub(super) fn print(
        &mut self,
        sender: ProspectorId,
        name: &str,
        mass_kg: f64,
    ) -> Result<(), Refusal> {
        let mut plant = self
            .plants
            .iter_mut()
            .find(|plant| plant.name == name)
            .ok_or_else(|| Refusal::because(format!("there is no plant \"{name}\"")))?;
        if plant.owner != sender {
            return Err(Refusal::because(format!("{name} is not yours")));
        }
        if plant.kind.print_kwh_per_kg.is_none() {
            return Err(Refusal::because(format!("{name} has no printer")));
        }
        if !(0.001..=SPARES_MAX_KG).contains(&mass_kg) {
            return Err(Refusal::because(format!(
                "mass_kg = {mass_kg} must be from 0.001 to {SPARES_MAX_KG:e} kg"
            )));
        }
        let needed_kg = TAILINGS_PER_PART * (mass_kg + 1e-3 * plant.printing_g as f64);
        let there_kg = 1e-3 * plant.tailings_g as f64;
        if there_kg < needed_kg {
            return Err(Refusal::because(format!(
                "{mass_kg} kg of metal parts take {needed_kg:.1} kg of tailings, and {name} has {there_kg:.1} kg"
            )));
        }
        plant.printing_g += grams(mass_kg);
        Ok(())
    }
}

/// Price of the spare parts that a plant has not in stock [µcr].
pub(super) fn spares_cost_ucr(
    catalogue: &Catalogue,
    plant: &Plant,
    mechanical_g: i64,
    electronic_g: i64,
) -> Result<i64, Refusal> {
    let missing = (
        (mechanical_g - plant.spares.mechanical_g).max(0),
        (electronic_g - plant.spares.electronic_g).max(0),
    );
    if missing == (0, 0) {
        return Ok(0);
    }
    let SpareTerms {
        mechanical_credits_per_kg,
        electronic_credits_per_kg,
    } = catalogue
        .spares
        .ok_or_else(|| Refusal::because("spare parts are not for sale here"))?;
    let price = |mass_g: i64, credits_per_kg: f64| (1e3 * credits_per_kg * mass_g as f64).ceil();
    Ok(
        (price(missing.0, mechanical_credits_per_kg) + price(missing.1, electronic_credits_per_kg))
            as i64,
    )
}

/// Prints spare parts from tailings, with the power that plants have to spare.
pub(in crate::sim) fn print(
    clock: Res<Clock>,
    accounts: Res<Accounts>,
    terms: Res<Terms>,
    prospectors: Res<Prospectors>,
    mut ledger: ResMut<Ledger>,
    mut log: ResMut<Log>,
    mut plants: Query<&mut Plant>,
) {
    for mut plant in &mut plants {
        let (Some(kwh_per_kg), true) = (plant.kind.print_kwh_per_kg, 0 < plant.printing_g) else {
            continue;
        };
        let power_w = plant.spare_power_w();
        plant.print_j += power_w * clock.tick_s();
        let j_per_g = 3.6e6 * kwh_per_kg / 1e3;
        let fits_g = (plant.tailings_g as f64 / TAILINGS_PER_PART).floor() as i64;
        let want_g = ((plant.print_j / j_per_g).floor() as i64).min(plant.printing_g);
        let mass_g = want_g.min(fits_g);
        if mass_g == 0 && 0 < fits_g {
            continue;
        }
        let now_ms = clock.time_ms();
        plant.print_j -= mass_g as f64 * j_per_g;
        plant.printing_g -= mass_g;
        plant.oxygen_owed_g += OXYGEN_PER_PART * mass_g as f64;
        let oxygen_g = (plant.oxygen_owed_g.floor() as i64).min(plant.tailings_g - mass_g);
        plant.oxygen_owed_g -= oxygen_g as f64;
        plant.tailings_g -= mass_g + oxygen_g;
        plant.spares.mechanical_g += mass_g;
        let energy_ucr = terms.energy_credits_per_kwh * 1e6 * kwh_per_kg * 1e-3 * mass_g as f64;
        let payer = prospectors.get(plant.owner).account;
        let paid_ucr = (energy_ucr.round() as i64).min(ledger.balance(payer));
        for (from, to, amount, memo) in [
            (
                plant.tailings_account,
                plant.spares.mechanical_account,
                mass_g,
                Memo::Printed,
            ),
            (
                plant.tailings_account,
                accounts.vented,
                oxygen_g,
                Memo::Printed,
            ),
            (payer, accounts.utility, paid_ucr, Memo::Energy),
        ] {
            ledger
                .transfer(now_ms, from, to, amount, memo)
                .expect("no more is moved than there is");
        }
        let short = fits_g == 0 && 0 < plant.printing_g;
        if plant.printing_g == 0 || short {
            plant.printing_g = 0;
            plant.print_j = 0.0;
            log.tell(
                now_ms,
                prospectors.name(plant.owner),
                Severity::Info,
                format!(
                    "{}: {}, {:.1} kg of metal parts in stock",
                    plant.name,
                    if short {
                        "no tailings are left to print"
                    } else {
                        "printed"
                    },
                    1e-3 * plant.spares.mechanical_g as f64
                ),
            );
        }
    }
}
