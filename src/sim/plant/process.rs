//! Processes: what a plant can make of rock or of goods, as data, and the arithmetic of one pass.
//!
//! A pass works on some matter, of which it is known what it holds. Each output draws a part of
//! something that is in there; what is drawn by none is left over. Everything is counted in whole
//! nanograms and parts in a million, so that a pass neither makes nor loses any; grams come out
//! of it in [`Tally`].
//!
//! Which processes there are stands in `assets/data/processes.ron`; a level may add its own.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::sim::asteroid::catalogue::Composition;
use crate::sim::asteroid::constituent::Constituent;
use crate::sim::asteroid::{Contents, Feedstock};
use crate::sim::economy::good::Good;

/// Nanograms in a gram.
const NG_PER_G: u64 = 1_000_000_000;
const PPM: u64 = 1_000_000;
/// No more than this part of free metal is nickel (assumed: taenite and tetrataenite), so that
/// rock with little metal has most of its nickel elsewhere.
const NICKEL_IN_METAL_MAX_PPM: u64 = 600_000;

/// What can be done with rock or with goods.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Process {
    /// What it does, for people: "bakes water out of rock".
    pub title: String,
    pub input: Input,
    /// Heat and electricity for each kilogram of input [kWh].
    pub kwh_per_kg: f64,
    pub outputs: Vec<Output>,
    /// What is left over.
    #[serde(default = "tailings")]
    pub residue: Good,
    /// Where the numbers are from.
    pub source: String,
}

fn tailings() -> Good {
    Good::Tailings
}

/// What a process works on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub enum Input {
    /// Rock from the hopper.
    Rock,
    /// Rock from the hopper, of which another process first makes a good in the same pass; that
    /// good is worked on, and what else the other process makes comes out too.
    After { process: String, good: Good },
    /// Goods of the plant's owner: water from the tank, the rest from the store at the site. The
    /// parts by mass add up to one.
    Goods(Vec<(Good, f64)>),
}

/// One thing that a process makes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Output {
    pub good: Good,
    pub of: Matter,
    /// Part of that which ends up in the good, 0 to 1.
    pub recovery: f64,
    /// Heat and electricity for each kilogram of `of`, recovered or not [kWh].
    #[serde(default)]
    pub kwh_per_kg: f64,
}

/// What an output is drawn from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Matter {
    /// All of the input.
    Whole,
    /// All there is of a constituent.
    Of(Constituent),
    /// The part of nickel, cobalt or the platinum group that is in free metal: nearly all where
    /// there is much metal, nothing where there is none.
    InMetal(Constituent),
    /// Free metal that is neither nickel, cobalt nor of the platinum group.
    Iron,
    /// One noble metal in free metal, in the proportion of the body's class.
    Noble(Noble),
}

/// The metals that the platinum group is split into, and gold, which keeps its proportion to them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Noble {
    Platinum,
    Palladium,
    Rhodium,
    Iridium,
    Ruthenium,
    Gold,
}

/// How the noble metals of a body go together: each over the platinum group [ppm].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct NobleRatios([u64; 6]);

impl NobleRatios {
    /// From the class of the body.
    pub fn of(class: &Composition) -> Self {
        let group = Constituent::PlatinumGroup.mean_in(class);
        if group <= 0.0 {
            return Self::default();
        }
        let metals = [
            class.platinum,
            class.palladium,
            class.rhodium,
            class.iridium,
            class.ruthenium,
            class.gold,
        ];
        Self(metals.map(|metal| (metal / group * PPM as f64).floor() as u64))
    }

    fn of_metal(self, noble: Noble) -> u64 {
        self.0[noble as usize]
    }
}

/// Some matter by the nanogram, with what it holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stuff {
    pub mass_ng: u64,
    pub contents: Contents,
}

impl Stuff {
    pub fn of(rock: &Feedstock) -> Self {
        Self {
            mass_ng: rock.mass_g.max(0) as u64 * NG_PER_G,
            contents: rock.contents,
        }
    }

    fn add(&mut self, other: Self) {
        self.mass_ng += other.mass_ng;
        self.contents.add(other.contents);
    }

    fn ng(&self, constituent: Constituent) -> u64 {
        let per_ng = constituent.units_per_g() / NG_PER_G;
        self.contents.units(constituent) / per_ng
    }

    /// Nickel, cobalt or platinum group in free metal [ng].
    fn in_metal_ng(&self, constituent: Constituent) -> u64 {
        let metal = self.ng(Constituent::Metal);
        let nickel = self.ng(Constituent::Nickel);
        let room = part(metal, NICKEL_IN_METAL_MAX_PPM);
        let all = self.ng(constituent);
        let there = if nickel <= room {
            all
        } else {
            (u128::from(all) * u128::from(room) / u128::from(nickel)) as u64
        };
        there.min(metal)
    }

    fn matter_ng(&self, matter: Matter, ratios: NobleRatios) -> u64 {
        let in_metal = |constituent| self.in_metal_ng(constituent);
        match matter {
            Matter::Whole => self.mass_ng,
            Matter::Of(constituent) => self.ng(constituent),
            Matter::InMetal(constituent) => in_metal(constituent),
            Matter::Iron => [
                Constituent::Nickel,
                Constituent::Cobalt,
                Constituent::PlatinumGroup,
            ]
            .into_iter()
            .fold(self.ng(Constituent::Metal), |left, constituent| {
                left.saturating_sub(in_metal(constituent))
            }),
            Matter::Noble(noble) => {
                part(in_metal(Constituent::PlatinumGroup), ratios.of_metal(noble))
            }
        }
    }
}

/// So many parts in a million, rounded down; the amount may be near the largest there is.
fn part(amount: u64, ppm: u64) -> u64 {
    (u128::from(amount) * u128::from(ppm) / u128::from(PPM)) as u64
}

fn ppm(share: f64) -> u64 {
    (share * PPM as f64).round() as u64
}

/// All processes of a world, by name.
pub type Processes = BTreeMap<String, Process>;

/// Whether a good keeps what it holds when it is stored, because it is worked on later.
pub fn is_concentrate(good: Good) -> bool {
    matches!(good, Good::MetalConcentrate | Good::NobleConcentrate)
}

impl Process {
    /// The good that this makes of some matter, and what else comes out; `book` has the processes
    /// that come before it. What is left over is under the residue's name. The sum over all of
    /// them is the input, to the nanogram.
    pub fn pass(
        &self,
        book: &Processes,
        input: Stuff,
        ratios: NobleRatios,
    ) -> BTreeMap<Good, Stuff> {
        let (mut made, input) = match &self.input {
            Input::After { process, good } => {
                let mut before = book[process].pass(book, input, ratios);
                let input = before.remove(good).unwrap_or_default();
                (before, input)
            }
            Input::Rock | Input::Goods(_) => (BTreeMap::new(), input),
        };
        let mut rest = input;
        for output in &self.outputs {
            let wanted_ng = part(input.matter_ng(output.of, ratios), ppm(output.recovery));
            let mass_ng = wanted_ng.min(rest.mass_ng);
            let mut drawn = Stuff {
                mass_ng,
                contents: Contents::default(),
            };
            if let (Matter::Of(Constituent::Metal), true) = (output.of, 0 < mass_ng) {
                // A magnet takes metal grains whole, with what is in them.
                let metal_ng = input.ng(Constituent::Metal);
                let along = |constituent| {
                    let there = u128::from(input.in_metal_ng(constituent));
                    let share = there * u128::from(mass_ng) / u128::from(metal_ng);
                    (constituent, share as u64)
                };
                drawn.contents = Contents::of_units(&[
                    (Constituent::Metal, mass_ng),
                    along(Constituent::Nickel),
                    along(Constituent::Cobalt),
                    along(Constituent::PlatinumGroup),
                ]);
            }
            rest.mass_ng -= mass_ng;
            rest.contents = less(rest.contents, drawn.contents);
            rest.contents = less(rest.contents, drawn_of(output.of, mass_ng));
            if !is_concentrate(output.good) {
                drawn.contents = Contents::default();
            }
            made.entry(output.good).or_default().add(drawn);
        }
        if !is_concentrate(self.residue) {
            rest.contents = Contents::default();
        }
        made.entry(self.residue).or_default().add(rest);
        made
    }

    /// Heat and electricity for some matter [J].
    pub fn energy_j(&self, book: &Processes, input: Stuff, ratios: NobleRatios) -> f64 {
        const J_PER_KWH: f64 = 3.6e6;
        let kilograms = |ng: u64| ng as f64 * 1e-12;
        let (before_j, input) = match &self.input {
            Input::After { process, good } => {
                let before = &book[process];
                let made = before.pass(book, input, ratios);
                (
                    before.energy_j(book, input, ratios),
                    made.get(good).copied().unwrap_or_default(),
                )
            }
            Input::Rock | Input::Goods(_) => (0.0, input),
        };
        let of_outputs: f64 = self
            .outputs
            .iter()
            .map(|output| output.kwh_per_kg * kilograms(input.matter_ng(output.of, ratios)))
            .sum();
        before_j + J_PER_KWH * (self.kwh_per_kg * kilograms(input.mass_ng) + of_outputs)
    }

    /// Whether it works on what lies in the hopper.
    pub fn takes_rock(&self) -> bool {
        !matches!(self.input, Input::Goods(_))
    }

    /// Everything that can come out of it.
    pub fn makes(&self, book: &Processes) -> Vec<Good> {
        let mut goods: Vec<Good> = self.outputs.iter().map(|output| output.good).collect();
        goods.push(self.residue);
        if let Input::After { process, good } = &self.input {
            let before = book[process].makes(book);
            goods.extend(before.into_iter().filter(|made| made != good));
        }
        goods.sort_unstable();
        goods.dedup();
        goods
    }

    /// The first thing wrong with it: field, value and what was expected.
    ///
    /// # Errors
    /// A sentence without an end, for the reader of a catalogue.
    pub fn check(&self, book: &Processes) -> Result<(), (String, String)> {
        let wrong = |field: &str, text: String| Err((field.to_owned(), text));
        if !(0.0..=1e9).contains(&self.kwh_per_kg) {
            return wrong(
                "kwh_per_kg",
                format!("kwh_per_kg = {} must be from 0 to 1e9", self.kwh_per_kg),
            );
        }
        match &self.input {
            Input::Rock => {}
            Input::After { process, good } => {
                // As many steps as there are processes, or it goes in a circle.
                let mut before = book.get(process);
                for _ in 0..book.len() {
                    match before.map(|before| &before.input) {
                        Some(Input::After { process, .. }) => before = book.get(process),
                        _ => break,
                    }
                }
                match (before.map(|before| &before.input), book.get(process)) {
                    (Some(Input::Rock), Some(direct)) => {
                        let makes = direct.outputs.iter().any(|output| output.good == *good)
                            || direct.residue == *good;
                        if !makes {
                            return wrong(
                                "input",
                                format!("good = {good:?} must be made by {process:?}"),
                            );
                        }
                    }
                    _ => {
                        return wrong(
                            "input",
                            format!(
                                "process = {process:?} must be a process that begins with rock"
                            ),
                        );
                    }
                }
            }
            Input::Goods(parts) => {
                let sum: f64 = parts.iter().map(|(_, share)| share).sum();
                let sound = parts
                    .iter()
                    .all(|(good, share)| good.is_tradable() && is_permille(*share));
                if parts.is_empty() || !sound || 1e-9 < (sum - 1.0).abs() {
                    return wrong(
                        "input",
                        format!(
                            "parts = {parts:?} must be goods by shares in thousandths that add up to 1"
                        ),
                    );
                }
            }
        }
        for (i, output) in self.outputs.iter().enumerate() {
            for (field, value, max) in [
                ("recovery", output.recovery, 1.0),
                ("kwh_per_kg", output.kwh_per_kg, 1e12),
            ] {
                if !(0.0..=max).contains(&value) {
                    return wrong(
                        &format!("outputs[{i}].{field}"),
                        format!("{field} = {value} must be from 0 to {max:e}"),
                    );
                }
            }
            if !output.good.is_tradable() {
                return wrong(
                    &format!("outputs[{i}].good"),
                    format!("good = {:?} must be a good that can be stored", output.good),
                );
            }
        }
        if !self.residue.is_tradable() {
            return wrong(
                "residue",
                format!(
                    "residue = {:?} must be a good that can be stored",
                    self.residue
                ),
            );
        }
        Ok(())
    }
}

/// Whether a share is some whole thousandths, so that kilograms are split into whole grams.
fn is_permille(share: f64) -> bool {
    0.001 <= share && share <= 1.0 && (1e3 * share - (1e3 * share).round()).abs() < 1e-9
}

/// What is left of some contents when others have gone, no less than nothing of each.
fn less(contents: Contents, gone: Contents) -> Contents {
    let units = Constituent::ALL.map(|constituent| {
        let left = contents.units(constituent);
        (constituent, left.saturating_sub(gone.units(constituent)))
    });
    Contents::of_units(&units)
}

/// What a pure good takes along of the constituents that it was drawn from.
fn drawn_of(matter: Matter, mass_ng: u64) -> Contents {
    let of = |constituents: &[Constituent]| {
        let units: Vec<(Constituent, u64)> = constituents
            .iter()
            .map(|&constituent| {
                let per_ng = constituent.units_per_g() / NG_PER_G;
                (constituent, mass_ng * per_ng)
            })
            .collect();
        Contents::of_units(&units)
    };
    match matter {
        // Metal goes with all that is in it, which is taken off elsewhere.
        Matter::Whole | Matter::Of(Constituent::Metal) => Contents::default(),
        Matter::Of(constituent) => of(&[constituent]),
        Matter::InMetal(constituent) => of(&[constituent, Constituent::Metal]),
        Matter::Iron => of(&[Constituent::Metal]),
        Matter::Noble(Noble::Gold) => Contents::default(),
        Matter::Noble(_) => of(&[Constituent::PlatinumGroup, Constituent::Metal]),
    }
}

/// What has been made and has not yet come to whole grams, by good.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tally(BTreeMap<Good, Stuff>);

impl Tally {
    pub fn add(&mut self, good: Good, stuff: Stuff) {
        self.0.entry(good).or_default().add(stuff);
    }

    /// Takes off a share, rounded down.
    pub fn split(stuff: Stuff, share_ppm: u64) -> (Stuff, Stuff) {
        let mut rest = stuff;
        let mass_ng = part(stuff.mass_ng, share_ppm);
        let contents = rest.contents.take(share_ppm, PPM);
        rest.mass_ng -= mass_ng;
        (Stuff { mass_ng, contents }, rest)
    }

    /// Whole grams of each good, out of up to `room_g` of matter, with what concentrates hold.
    pub fn grams(&mut self, room_g: i64) -> Vec<(Good, Feedstock)> {
        let mut left_g = room_g;
        let mut out = Vec::new();
        for (&good, stuff) in &mut self.0 {
            let mass_g = ((stuff.mass_ng / NG_PER_G) as i64).min(left_g);
            if mass_g <= 0 {
                continue;
            }
            let taken_ng = mass_g as u64 * NG_PER_G;
            let contents = stuff.contents.take(taken_ng, stuff.mass_ng);
            stuff.mass_ng -= taken_ng;
            left_g -= mass_g;
            out.push((good, Feedstock { mass_g, contents }));
        }
        out
    }

    pub fn hash_into(&self, hash: &mut xxhash_rust::xxh3::Xxh3) {
        for (good, stuff) in &self.0 {
            hash.update(good.as_str().as_bytes());
            hash.update(&stuff.mass_ng.to_le_bytes());
            stuff.contents.hash_into(hash);
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::sim::asteroid::catalogue::composition;
    use crate::sim::level::modules::Catalogue;

    fn book() -> &'static Processes {
        &Catalogue::built_in().processes
    }

    fn class(id: &str) -> &'static Composition {
        composition(id).expect("the table has it")
    }

    /// A thousand tonnes of rock of a class.
    fn rock(id: &str) -> Feedstock {
        let mass_g = 1_000_000_000;
        let grams: Vec<(Constituent, f64)> = Constituent::ALL
            .into_iter()
            .map(|constituent| (constituent, 1e9 * constituent.mean_in(class(id))))
            .collect();
        Feedstock {
            mass_g,
            contents: Contents::of_grams(&grams),
        }
    }

    /// Grams of what a process makes of such rock.
    fn grams(process: &str, id: &str) -> BTreeMap<Good, f64> {
        let made = book()[process].pass(book(), Stuff::of(&rock(id)), NobleRatios::of(class(id)));
        let grams = |stuff: Stuff| stuff.mass_ng as f64 * 1e-9;
        made.into_iter()
            .map(|(good, stuff)| (good, grams(stuff)))
            .collect()
    }

    #[test]
    fn platinum_comes_in_the_proportion_of_the_class_and_nickel_out_of_metal_alone() {
        let made = grams("noble-refining", "H");
        let near = |good: Good, expected_g: f64| {
            let error = made[&good] / expected_g - 1.0;
            assert!(error.abs() < 1e-3, "{good}: {} g", made[&good]);
        };
        // Contents by composition.csv, in a thousand tonnes, times the yields of each step.
        near(Good::Platinum, 1_580.0 * 0.9 * 0.95);
        near(Good::Iridium, 770.0 * 0.9 * 0.9);
        near(Good::Gold, 220.0 * 0.9 * 0.95);
        near(Good::Nickel, 17.1e6 * 0.9 * 0.95);
        near(Good::Cobalt, 830e3 * 0.9 * 0.9);
        assert!(!made.contains_key(&Good::MetalConcentrate), "{made:?}");
        // Carbonaceous rock has nickel and no metal to take it from.
        let made = grams("noble-refining", "CI_CM_bennu");
        assert!(0.0 < Constituent::Nickel.mean_in(class("CI_CM_bennu")));
        assert_eq!(made[&Good::Nickel], 0.0);
        assert_eq!(made[&Good::Platinum], 0.0);
        // Kilograms of ore a kilogram, as the table of processes says: 10 to 50 times as rich.
        let concentrate =
            book()["carbonyl"].pass(book(), Stuff::of(&rock("H")), NobleRatios::of(class("H")));
        let noble = concentrate[&Good::NobleConcentrate];
        let group = noble.contents.grams(Constituent::PlatinumGroup);
        let grade = group / (noble.mass_ng as f64 * 1e-9);
        let in_metal = 5.34e-6 / 0.18;
        assert!((10.0..50.0).contains(&(grade / in_metal)), "{grade}");
    }

    #[test]
    fn concentrate_from_the_store_gives_what_it_would_have_given_at_once() {
        let ratios = NobleRatios::of(class("H"));
        let direct = grams("noble-refining", "H");
        let mut stock = book()["carbonyl"].pass(book(), Stuff::of(&rock("H")), ratios);
        let noble = stock.remove(&Good::NobleConcentrate).unwrap();
        let later = book()["noble-refining-of-concentrate"].pass(book(), noble, ratios);
        for good in [Good::Platinum, Good::Cobalt, Good::Ruthenium] {
            assert_eq!(later[&good].mass_ng as f64 * 1e-9, direct[&good]);
        }
    }

    #[test]
    fn water_becomes_propellant_six_to_one_and_oxygen_for_eight_kilowatt_hours() {
        let water = Stuff {
            mass_ng: 9_000_000_000_000,
            contents: Contents::default(),
        };
        let process = &book()["electrolysis"];
        let made = process.pass(book(), water, NobleRatios::default());
        let kg = |good| made[&good].mass_ng as f64 * 1e-12;
        assert!((kg(Good::Propellant) - 7.0).abs() < 1e-4);
        assert!((kg(Good::Oxygen) - 2.0).abs() < 1e-4);
        let kwh = process.energy_j(book(), water, NobleRatios::default()) / 3.6e6;
        assert!((kwh / kg(Good::Propellant) - 8.0).abs() < 0.01, "{kwh}");
    }

    #[test]
    fn energies_are_those_of_the_tables() {
        let kwh = |process: &str, id: &str| {
            let energy_j =
                book()[process].energy_j(book(), Stuff::of(&rock(id)), NobleRatios::default());
            energy_j / 3.6e6
        };
        // 26 kWh for each kilogram of oxygen; 3 to 7.5 kWh for each of water.
        let oxygen_kg = 1e-3 * grams("molten-rock-electrolysis", "H")[&Good::Oxygen];
        assert!((kwh("molten-rock-electrolysis", "H") / oxygen_kg - 26.0).abs() < 0.01);
        let water_kg = 1e-3 * grams("volatiles", "CI_ryugu")[&Good::Water];
        let each = kwh("volatiles", "CI_ryugu") / water_kg;
        assert!((3.0..7.5).contains(&each), "{each}");
        // Some million kilowatt-hours for a kilogram of helium-3.
        let helium_kg = 1e-3 * grams("helium-3", "lunar_mare_highTi")[&Good::Helium3];
        let each = kwh("helium-3", "lunar_mare_highTi") / helium_kg;
        assert!((2.9e6..25e6).contains(&each), "{each}");
    }

    #[test]
    fn a_process_that_cannot_be_is_refused_with_the_field() {
        let sound = book()["printing"].clone();
        assert_eq!(sound.check(book()), Ok(()));
        let field = |process: Process| process.check(book()).unwrap_err().0;
        let mut wrong = sound.clone();
        wrong.outputs[0].recovery = 1.5;
        assert_eq!(field(wrong), "outputs[0].recovery");
        let mut wrong = sound.clone();
        wrong.input = Input::Goods(vec![(Good::Iron, 0.5)]);
        assert_eq!(field(wrong), "input");
        let mut wrong = sound.clone();
        wrong.input = Input::After {
            process: "printing".to_owned(),
            good: Good::Parts,
        };
        assert_eq!(field(wrong), "input", "printing does not begin with rock");
        let mut wrong = sound;
        wrong.residue = Good::DryMass;
        assert_eq!(field(wrong), "residue");
    }

    proptest! {
        #[test]
        fn no_pass_makes_or_loses_a_nanogram(
            mass_g in 1..1_000_000_000_i64,
            shares in prop::collection::vec(0.0..1.0_f64, Constituent::ALL.len()),
            which in 0..4_usize,
        ) {
            // Any rock, possible or not: no constituent is more than the whole.
            let grams: Vec<(Constituent, f64)> = Constituent::ALL
                .into_iter()
                .zip(&shares)
                .map(|(constituent, share)| (constituent, share * mass_g as f64))
                .collect();
            let rock = Feedstock { mass_g, contents: Contents::of_grams(&grams) };
            let input = Stuff::of(&rock);
            let id = ["H", "LL", "iron_IIAB", "lunar_highland"][which];
            let ratios = NobleRatios::of(class(id));
            for (name, process) in book() {
                let made = process.pass(book(), input, ratios);
                let sum: u64 = made.values().map(|stuff| stuff.mass_ng).sum();
                prop_assert_eq!(sum, input.mass_ng, "{}", name);
                let energy_j = process.energy_j(book(), input, ratios);
                prop_assert!(0.0 <= energy_j && energy_j.is_finite(), "{}", name);
                // What concentrates hold was in the rock.
                for constituent in Constituent::ALL {
                    let held: u64 = made.values().map(|s| s.contents.units(constituent)).sum();
                    prop_assert!(held <= rock.contents.units(constituent), "{}", name);
                }
                // Grams come out as there are whole ones, and the rest waits.
                let mut tally = Tally::default();
                for (&good, &stuff) in &made {
                    tally.add(good, stuff);
                }
                let out = tally.grams(mass_g);
                let out_g: i64 = out.iter().map(|(_, product)| product.mass_g).sum();
                prop_assert!(out_g <= mass_g);
                let left: u64 = tally.0.values().map(|stuff| stuff.mass_ng).sum();
                prop_assert_eq!(left + out_g as u64 * NG_PER_G, input.mass_ng);
            }
        }
    }
}
