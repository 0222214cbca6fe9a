//! Feedstock: ground that was dug, with what it is made of, as whole numbers that no splitting
//! loses.
//!
//! The ground of a voxel holds each [`Constituent`] in whole billionths of its mass (helium-3 in
//! whole trillionths), so that any number of whole grams of it holds a whole number of nanograms
//! (picograms), however it is dug. From there on amounts are only added and split.

use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::Xxh3;

use super::constituent::Constituent;
use super::ore::Grades;

const COUNT: usize = Constituent::ALL.len();

impl Constituent {
    /// How many of the units that it is counted in make a gram: nanograms, or picograms for what
    /// there are a few parts in a billion of.
    pub fn units_per_g(self) -> u64 {
        match self {
            Self::Helium3 => 1_000_000_000_000,
            _ => 1_000_000_000,
        }
    }
}

/// What a gram of some ground holds of each constituent, in whole units.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Assay([u32; COUNT]);

impl Assay {
    /// Rounded to whole units per gram.
    pub fn of(grades: &Grades) -> Self {
        Self(Constituent::ALL.map(|constituent| {
            // A float too large for the integer becomes its largest value.
            (grades.of(constituent) * constituent.units_per_g() as f64).round() as u32
        }))
    }

    /// So many grams of this ground.
    ///
    /// # Panics
    /// If `mass_g` is negative.
    pub fn ground(self, mass_g: i64) -> Feedstock {
        let grams = u64::try_from(mass_g).expect("ground has a mass");
        Feedstock {
            mass_g,
            contents: Contents(self.0.map(|units| u64::from(units) * grams)),
        }
    }
}

/// Amounts of the constituents, in units of [`Constituent::units_per_g`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Contents([u64; COUNT]);

impl Contents {
    /// From grams of some constituents.
    pub fn of_grams(grams: &[(Constituent, f64)]) -> Self {
        let mut contents = Self::default();
        for &(constituent, grams) in grams {
            contents.0[constituent as usize] =
                (grams * constituent.units_per_g() as f64).round() as u64;
        }
        contents
    }

    /// From units of some constituents.
    pub fn of_units(units: &[(Constituent, u64)]) -> Self {
        let mut contents = Self::default();
        for &(constituent, units) in units {
            contents.0[constituent as usize] = units;
        }
        contents
    }

    pub fn units(&self, constituent: Constituent) -> u64 {
        self.0[constituent as usize]
    }

    /// Grams of a constituent.
    pub fn grams(&self, constituent: Constituent) -> f64 {
        self.units(constituent) as f64 / constituent.units_per_g() as f64
    }

    /// Every amount, in the order of [`Constituent::ALL`].
    pub fn all(&self) -> [u64; COUNT] {
        self.0
    }

    pub fn add(&mut self, other: Self) {
        for (sum, more) in self.0.iter_mut().zip(other.0) {
            *sum += more;
        }
    }

    /// Splits off the share `part` of `whole`, rounded down.
    ///
    /// # Panics
    /// If `whole` is zero or less than `part`.
    #[must_use = "what is taken here must be put elsewhere"]
    pub fn take(&mut self, part: u64, whole: u64) -> Self {
        assert!(0 < whole && part <= whole, "{part} of {whole}");
        Self(std::array::from_fn(|i| {
            let share = u128::from(self.0[i]) * u128::from(part) / u128::from(whole);
            self.0[i] -= share as u64;
            share as u64
        }))
    }

    pub fn hash_into(&self, hash: &mut Xxh3) {
        for units in self.0 {
            hash.update(&units.to_le_bytes());
        }
    }
}

/// Rock on its way from the ground to a plant, or lying in a heap. What it holds is known to the
/// rock alone.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Feedstock {
    pub mass_g: i64,
    pub contents: Contents,
}

impl Feedstock {
    pub fn add(&mut self, other: Feedstock) {
        self.mass_g += other.mass_g;
        self.contents.add(other.contents);
    }

    /// Splits off up to `mass_g`, with its share of everything.
    #[must_use = "what is taken here must be put elsewhere"]
    pub fn take(&mut self, mass_g: i64) -> Feedstock {
        let mass_g = mass_g.clamp(0, self.mass_g);
        if mass_g == 0 {
            return Feedstock::default();
        }
        if mass_g == self.mass_g {
            return std::mem::take(self);
        }
        let contents = self.contents.take(mass_g as u64, self.mass_g as u64);
        self.mass_g -= mass_g;
        Feedstock { mass_g, contents }
    }

    /// Mass fraction of a constituent; 0 of nothing.
    pub fn grade(&self, constituent: Constituent) -> f64 {
        if self.mass_g == 0 {
            return 0.0;
        }
        self.contents.grams(constituent) / self.mass_g as f64
    }

    pub fn hash_into(&self, hash: &mut Xxh3) {
        hash.update(&self.mass_g.to_le_bytes());
        self.contents.hash_into(hash);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::catalogue::composition;
    use super::*;

    fn class(id: &str) -> Grades {
        Grades::of_class(composition(id).expect("the table has it"))
    }

    #[test]
    fn what_is_dug_holds_what_the_ground_holds() {
        for id in ["CI_CM_bennu", "H", "iron_IIAB", "lunar_highland"] {
            let grades = class(id);
            let rock = Assay::of(&grades).ground(1_000_000);
            for constituent in Constituent::ALL {
                let found = rock.contents.grams(constituent);
                let expected = 1e6 * grades.of(constituent);
                // Half a unit in each gram.
                let rounding = 0.5e6 / constituent.units_per_g() as f64;
                assert!(
                    (found - expected).abs() <= 1.001 * rounding,
                    "{constituent} of {id}: {found} and {expected}"
                );
            }
        }
        // Platinum-group metals of an H chondrite: five grams in a tonne, and no gram too small.
        let mut rock = Assay::of(&class("H")).ground(1_000_000);
        let first = rock.take(1);
        assert!(0 < first.contents.units(Constituent::PlatinumGroup));
    }

    proptest! {
        #[test]
        fn no_splitting_loses_anything(
            mass_g in 1..10_000_000_000_i64,
            cuts in prop::collection::vec(0..10_000_000_000_i64, 0..20),
        ) {
            let whole = Assay::of(&class("H")).ground(mass_g);
            let mut left = whole;
            let mut parts = Feedstock::default();
            for cut_g in cuts {
                let part = left.take(cut_g);
                prop_assert!(0 <= part.mass_g && 0 <= left.mass_g);
                parts.add(part);
            }
            parts.add(left);
            prop_assert_eq!(parts, whole);
        }
    }
}
