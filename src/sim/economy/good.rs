//! Goods: what is counted in grams, from rock in the ground to what is sold.
//!
//! What a good costs is in [`market`](super::market); who has how much, in the
//! [`ledger`](super::ledger). Prices and market sizes on Earth stand in `commodities.csv`, whose
//! rows [`Good::commodity_id`] names.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A kind of matter that is counted in grams.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Good {
    /// Undisturbed, in the body.
    Rock,
    /// Dug, in a bin or hopper.
    Feedstock,
    /// Baked out, in a tank, on the way or sold.
    Water,
    /// What is left of feedstock: slag and regolith, good for shielding.
    Tailings,
    /// Machines without their load.
    DryMass,
    /// Free metal sorted out of feedstock by magnets, with its nickel, cobalt and noble metals.
    MetalConcentrate,
    /// What is left of metal when iron and nickel have gone off as carbonyls: noble metals in
    /// cobalt.
    NobleConcentrate,
    Platinum,
    Palladium,
    Rhodium,
    Iridium,
    Ruthenium,
    Gold,
    Silver,
    Nickel,
    Cobalt,
    Iron,
    Copper,
    Aluminium,
    /// Of a purity for solar cells.
    Silicon,
    /// Oxides, as a basket.
    RareEarths,
    /// Liquid oxygen and hydrogen, six to one by mass.
    Propellant,
    Oxygen,
    /// Ammonia, carbon dioxide and methane.
    Volatiles,
    Carbon,
    Helium3,
    /// For science and collectors.
    Samples,
    /// Structures printed or cast of metal.
    Parts,
    /// Made of silicon.
    SolarCells,
}

/// How far a good has come on its way from the ground.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Stage {
    /// In the body.
    Ground,
    /// Dug and not yet worked on.
    Feedstock,
    /// Sorted: richer than the ground, not yet pure.
    Concentrate,
    /// What a buyer on Earth or in space wants.
    Refined,
    /// Made of refined goods.
    Manufactured,
    /// What is left over.
    Residue,
    /// Machines.
    Equipment,
}

impl Good {
    pub const ALL: [Self; 29] = [
        Self::Rock,
        Self::Feedstock,
        Self::Water,
        Self::Tailings,
        Self::DryMass,
        Self::MetalConcentrate,
        Self::NobleConcentrate,
        Self::Platinum,
        Self::Palladium,
        Self::Rhodium,
        Self::Iridium,
        Self::Ruthenium,
        Self::Gold,
        Self::Silver,
        Self::Nickel,
        Self::Cobalt,
        Self::Iron,
        Self::Copper,
        Self::Aluminium,
        Self::Silicon,
        Self::RareEarths,
        Self::Propellant,
        Self::Oxygen,
        Self::Volatiles,
        Self::Carbon,
        Self::Helium3,
        Self::Samples,
        Self::Parts,
        Self::SolarCells,
    ];

    /// The name as in tables and reports.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Rock => "rock",
            Self::Feedstock => "feedstock",
            Self::Water => "water",
            Self::Tailings => "tailings",
            Self::DryMass => "dry_mass",
            Self::MetalConcentrate => "metal_concentrate",
            Self::NobleConcentrate => "noble_concentrate",
            Self::Platinum => "platinum",
            Self::Palladium => "palladium",
            Self::Rhodium => "rhodium",
            Self::Iridium => "iridium",
            Self::Ruthenium => "ruthenium",
            Self::Gold => "gold",
            Self::Silver => "silver",
            Self::Nickel => "nickel",
            Self::Cobalt => "cobalt",
            Self::Iron => "iron",
            Self::Copper => "copper",
            Self::Aluminium => "aluminium",
            Self::Silicon => "silicon",
            Self::RareEarths => "rare_earths",
            Self::Propellant => "propellant",
            Self::Oxygen => "oxygen",
            Self::Volatiles => "volatiles",
            Self::Carbon => "carbon",
            Self::Helium3 => "helium_3",
            Self::Samples => "samples",
            Self::Parts => "parts",
            Self::SolarCells => "solar_cells",
        }
    }

    /// The name with the unit of measure, as in the ledger's tables.
    pub(super) fn unit_str(self) -> &'static str {
        match self {
            Self::Rock => "rock_g",
            Self::Feedstock => "feedstock_g",
            Self::Water => "water_g",
            Self::Tailings => "tailings_g",
            Self::DryMass => "dry_mass_g",
            Self::MetalConcentrate => "metal_concentrate_g",
            Self::NobleConcentrate => "noble_concentrate_g",
            Self::Platinum => "platinum_g",
            Self::Palladium => "palladium_g",
            Self::Rhodium => "rhodium_g",
            Self::Iridium => "iridium_g",
            Self::Ruthenium => "ruthenium_g",
            Self::Gold => "gold_g",
            Self::Silver => "silver_g",
            Self::Nickel => "nickel_g",
            Self::Cobalt => "cobalt_g",
            Self::Iron => "iron_g",
            Self::Copper => "copper_g",
            Self::Aluminium => "aluminium_g",
            Self::Silicon => "silicon_g",
            Self::RareEarths => "rare_earths_g",
            Self::Propellant => "propellant_g",
            Self::Oxygen => "oxygen_g",
            Self::Volatiles => "volatiles_g",
            Self::Carbon => "carbon_g",
            Self::Helium3 => "helium_3_g",
            Self::Samples => "samples_g",
            Self::Parts => "parts_g",
            Self::SolarCells => "solar_cells_g",
        }
    }

    /// The good with this name.
    pub fn find(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|good| good.as_str() == name)
    }

    /// How far it has come.
    pub fn stage(self) -> Stage {
        match self {
            Self::Rock => Stage::Ground,
            Self::Feedstock | Self::Samples => Stage::Feedstock,
            Self::MetalConcentrate | Self::NobleConcentrate => Stage::Concentrate,
            Self::Tailings => Stage::Residue,
            Self::DryMass => Stage::Equipment,
            Self::Parts | Self::SolarCells => Stage::Manufactured,
            _ => Stage::Refined,
        }
    }

    /// Whether it can lie in a store, be carried to a node and change hands there.
    pub fn is_tradable(self) -> bool {
        !matches!(self, Self::Rock | Self::DryMass)
    }

    /// The row of `commodities.csv`, if Earth has a market for it.
    pub fn commodity_id(self) -> Option<&'static str> {
        match self {
            Self::Tailings => Some("regolith"),
            Self::Silicon => Some("silicon_pv"),
            Self::Propellant => Some("lox_lh2"),
            Self::Volatiles => Some("ammonia_co2"),
            Self::Helium3 => Some("helium3"),
            Self::Rock
            | Self::Feedstock
            | Self::DryMass
            | Self::MetalConcentrate
            | Self::NobleConcentrate
            | Self::Parts
            | Self::SolarCells => None,
            _ => Some(self.as_str()),
        }
    }
}

impl fmt::Display for Good {
    /// For people.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::DryMass => "machines",
            Self::MetalConcentrate => "metal concentrate",
            Self::NobleConcentrate => "noble-metal concentrate",
            Self::RareEarths => "rare earths",
            Self::Helium3 => "helium-3",
            Self::SolarCells => "solar cells",
            other => other.as_str(),
        })
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_good_has_a_name_of_its_own_and_every_commodity_a_good() {
        let names: BTreeSet<&str> = Good::ALL.iter().map(|good| good.as_str()).collect();
        assert_eq!(names.len(), Good::ALL.len());
        let table = include_str!("../../../assets/data/commodities.csv");
        let mut rows: BTreeSet<&str> = table
            .lines()
            .filter(|line| !line.starts_with('#') && !line.starts_with("id,"))
            .filter_map(|line| line.split(',').next())
            .collect();
        for good in Good::ALL {
            assert_eq!(Good::find(good.as_str()), Some(good));
            if let Some(id) = good.commodity_id() {
                assert!(rows.remove(id), "{good} names {id}, which is no commodity");
            }
        }
        assert!(rows.is_empty(), "no good for {rows:?}");
    }
}
