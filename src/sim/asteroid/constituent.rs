//! What ground is made of, by name: the constituents that instruments read and grades are kept of.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::catalogue::Composition;

/// A constituent of the ground, counted as a mass fraction of the whole rock.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Constituent {
    /// What heat can free, as ice or out of minerals.
    Water,
    Carbon,
    Sulfur,
    /// Free iron and nickel.
    Metal,
    Nickel,
    Cobalt,
    /// Platinum, palladium, iridium, rhodium, ruthenium and osmium together.
    PlatinumGroup,
    Silicates,
    Helium3,
}

impl Constituent {
    pub const ALL: [Self; 9] = [
        Self::Water,
        Self::Carbon,
        Self::Sulfur,
        Self::Metal,
        Self::Nickel,
        Self::Cobalt,
        Self::PlatinumGroup,
        Self::Silicates,
        Self::Helium3,
    ];

    /// The name as in tables, reports and on the command line.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Water => "water",
            Self::Carbon => "carbon",
            Self::Sulfur => "sulfur",
            Self::Metal => "metal",
            Self::Nickel => "nickel",
            Self::Cobalt => "cobalt",
            Self::PlatinumGroup => "platinum_group",
            Self::Silicates => "silicates",
            Self::Helium3 => "helium_3",
        }
    }

    /// The constituent with this name.
    pub fn find(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|c| c.as_str() == name)
    }

    /// Mean mass fraction in a class of matter.
    pub fn mean_in(self, class: &Composition) -> f64 {
        match self {
            Self::Water => class.water,
            Self::Carbon => class.carbon,
            Self::Sulfur => class.sulfur,
            Self::Metal => class.metal,
            Self::Nickel => class.nickel,
            Self::Cobalt => class.cobalt,
            Self::PlatinumGroup => {
                class.platinum
                    + class.palladium
                    + class.iridium
                    + class.rhodium
                    + class.ruthenium
                    + class.osmium
            }
            Self::Silicates => class.silicates_and_oxides,
            Self::Helium3 => class.helium_3,
        }
    }

    /// The range of the mass fraction that the tables give for a class of matter, if they do.
    pub fn range_in(self, class: &Composition) -> Option<[f64; 2]> {
        match self {
            Self::Water => Some(class.water_range),
            Self::PlatinumGroup => Some(class.platinum_group_range),
            _ => None,
        }
    }
}

impl fmt::Display for Constituent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::PlatinumGroup => "platinum-group metals",
            Self::Helium3 => "helium-3",
            other => other.as_str(),
        })
    }
}
