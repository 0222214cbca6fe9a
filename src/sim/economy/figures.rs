//! Figures of merit: what a rush has come to, in one number each, and how evenly it shares.
//!
//! Here are their names, their definitions in arithmetic and their course over time. What they are
//! computed from is read in [`tally`](crate::sim::tally); `docs/figures.md` defines each for those
//! who use them.

use std::collections::VecDeque;

use bevy::prelude::Resource;
use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::Xxh3;

/// Figures are noted so often at first [ms]; when there are more than [`SAMPLES_MAX`] notes, every
/// other one is dropped and later ones come half as often.
pub const DAY_MS: u64 = 86_400_000;
pub const SAMPLES_MAX: usize = 1_500;
/// Income is what came in over so many days.
pub const INCOME_DAYS: usize = 30;

/// A figure of merit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Figure {
    /// As in tables, with the unit where there is one.
    pub id: &'static str,
    /// For people; empty for a plain number.
    pub unit: &'static str,
    pub title: &'static str,
}

macro_rules! figures {
    ($($name:ident: $id:literal, $unit:literal, $title:literal;)*) => {
        /// Which figure: its place in [`Figure::ALL`].
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Merit { $($name,)* }

        impl Figure {
            /// All of them, in the order of tables and reports.
            pub const ALL: &'static [Self] = &[
                $(Self { id: $id, unit: $unit, title: $title },)*
            ];
        }
    };
}

figures! {
    Output: "output_kg", "kg", "Goods sold at nodes";
    OutputValue: "output_value_credits", "credits", "Value of goods sold";
    Price: "price_credits_per_kg", "credits/kg", "Price at the main market";
    Taken: "taken_kg", "kg", "Ground taken from the body";
    WaterTaken: "water_taken_kg", "kg", "Water in the ground taken";
    ConsumerSurplus: "consumer_surplus_credits", "credits", "Consumer surplus at the nodes";
    Profits: "profits_credits", "credits", "Profits of all prospectors";
    Public: "public_credits", "credits", "In public hands";
    Welfare: "welfare_credits", "credits", "Welfare";
    NetWorth: "net_worth_credits", "credits", "Net worth of all prospectors";
    GiniWealth: "gini_wealth", "", "Gini of wealth";
    TopWealth: "top_tenth_wealth_share", "", "Share of wealth of the richest tenth";
    GiniIncome: "gini_income", "", "Gini of income, thirty days";
    TopIncome: "top_tenth_income_share", "", "Share of income of the best paid tenth";
    Solvent: "solvent_share", "", "Prospectors who own more than they owe";
    Trade: "trade_credits", "credits", "Paid between prospectors";
    Royalty: "royalty_credits", "credits", "Royalties paid";
    Dividend: "dividend_credits", "credits", "Dividend paid";
    Disputes: "disputes", "", "Disputes brought";
    Claims: "claims", "", "Claims that stand";
    IdleClaims: "idle_claims", "", "Claims that nobody works";
    Fines: "fines_credits", "credits", "Fines paid";
    Contamination: "contamination", "", "Cases of contamination";
    Debris: "debris_kg", "kg", "Lost to space";
    RobotsLost: "robots_lost", "", "Robots lost or wrecked";
    Operators: "jobs_operators", "jobs", "Jobs: operators";
    Engineers: "jobs_engineers", "jobs", "Jobs: engineers";
    Geologists: "jobs_geologists", "jobs", "Jobs: geologists";
    Logistics: "jobs_logistics", "jobs", "Jobs: logistics";
    Law: "jobs_law", "jobs", "Jobs: law";
    Finance: "jobs_finance", "jobs", "Jobs: finance";
    OreDisplaced: "ore_displaced_kg", "kg", "Ore not mined on Earth";
    EnergyDisplaced: "energy_displaced_mj", "MJ", "Energy not used on Earth";
    EmissionsDisplaced: "emissions_displaced_kg", "kg CO2e", "Emissions not made on Earth";
}

impl Figure {
    /// The figure of this id, as its place in [`Figure::ALL`].
    pub fn find(id: &str) -> Option<usize> {
        Self::ALL.iter().position(|figure| figure.id == id)
    }
}

/// The figures at one time, in the order of [`Figure::ALL`]; None where a figure means nothing.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Sample {
    pub at_ms: u64,
    pub values: Vec<Option<f64>>,
}

/// The course of the figures.
#[derive(Resource, Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Figures {
    samples: Vec<Sample>,
    every_ms: u64,
    next_ms: u64,
    /// What each prospector had received since the start, at the ends of the last days [µcr].
    received_ucr: VecDeque<Vec<i64>>,
    next_day_ms: u64,
}

impl Default for Figures {
    fn default() -> Self {
        Self {
            samples: Vec::new(),
            every_ms: DAY_MS,
            next_ms: 0,
            received_ucr: VecDeque::new(),
            next_day_ms: 0,
        }
    }
}

impl Figures {
    /// The figures so far, oldest first: at the start, then once a day, in long runs less often.
    pub fn samples(&self) -> &[Sample] {
        &self.samples
    }

    /// Whether a day has ended.
    pub(in crate::sim) fn is_due(&self, now_ms: u64) -> bool {
        self.next_day_ms <= now_ms
    }

    /// Notes what each prospector has received since the start, once a day.
    pub(in crate::sim) fn note_receipts(&mut self, now_ms: u64, received_ucr: Vec<i64>) {
        while self.next_day_ms <= now_ms {
            self.next_day_ms += DAY_MS;
        }
        self.received_ucr.push_back(received_ucr);
        if INCOME_DAYS + 1 < self.received_ucr.len() {
            self.received_ucr.pop_front();
        }
    }

    /// What each prospector has received over the last thirty days, or since the start [µcr], of
    /// what it had received by now.
    pub(in crate::sim) fn income_ucr(&self, received_ucr: &[i64]) -> Vec<i64> {
        match self.received_ucr.front() {
            Some(then) => received_ucr
                .iter()
                .zip(then)
                .map(|(now, then)| now - then)
                .collect(),
            None => received_ucr.to_vec(),
        }
    }

    /// Notes the figures if it is time.
    pub(in crate::sim) fn note(&mut self, sample: Sample) {
        if sample.at_ms < self.next_ms {
            return;
        }
        let at_ms = sample.at_ms;
        self.samples.push(sample);
        if SAMPLES_MAX < self.samples.len() {
            let mut index = 0;
            self.samples.retain(|_| {
                index += 1;
                index % 2 == 1
            });
            self.every_ms *= 2;
        }
        self.next_ms = (at_ms / self.every_ms + 1) * self.every_ms;
    }

    /// Feeds what is noted to the state hash.
    pub(crate) fn hash_into(&self, hash: &mut Xxh3) {
        hash.update(&(self.samples.len() as u64).to_le_bytes());
        for value in self
            .samples
            .last()
            .into_iter()
            .flat_map(|last| &last.values)
        {
            hash.update(&value.unwrap_or(f64::NAN).to_bits().to_le_bytes());
        }
        for received in self.received_ucr.iter().flatten() {
            hash.update(&received.to_le_bytes());
        }
    }
}

/// Gini coefficient G = Σᵢⱼ|xᵢ − xⱼ|/(2 n² x̄): 0 where all have the same, (n − 1)/n where one has
/// all.
///
/// The population form, without the factor n/(n − 1) for samples. All with nothing are equal: 0.
/// None for nobody, and where debts outweigh or make up all wealth, which the figure cannot
/// express. Source: Sen (1973), On Economic Inequality, chapter 2.
pub fn gini(wealth: &[f64]) -> Option<f64> {
    if wealth.is_empty() {
        return None;
    }
    if wealth.iter().all(|&each| each == 0.0) {
        return Some(0.0);
    }
    let mut sorted = wealth.to_vec();
    sorted.sort_by(f64::total_cmp);
    let total: f64 = sorted.iter().sum();
    let count = sorted.len() as f64;
    // Σᵢⱼ|xᵢ − xⱼ| = 2 Σ (2i − n − 1) xᵢ in ascending order, i from 1.
    let differences: f64 = (1..)
        .map(f64::from)
        .zip(&sorted)
        .map(|(rank, each): (f64, &f64)| (2.0 * rank - count - 1.0) * each)
        .sum();
    (0.0 < total).then(|| differences / (count * total))
}

/// Share of all wealth in the hands of the richest tenth, rounded up to whole people.
///
/// None for nobody, or without wealth to share.
pub fn richest_tenth_share(wealth: &[f64]) -> Option<f64> {
    let mut sorted = wealth.to_vec();
    sorted.sort_by(|one, other| other.total_cmp(one));
    let total: f64 = sorted.iter().sum();
    let top: f64 = sorted[..sorted.len().div_ceil(10)].iter().sum();
    (0.0 < total).then(|| top / total)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn years_of_notes_stay_few_and_evenly_apart() {
        let mut figures = Figures::default();
        for day in 0..5 * SAMPLES_MAX as u64 {
            figures.note(Sample {
                at_ms: day * DAY_MS,
                values: vec![Some(day as f64)],
            });
        }
        let times: Vec<u64> = figures
            .samples()
            .iter()
            .map(|sample| sample.at_ms)
            .collect();
        assert!(times.len() <= SAMPLES_MAX && 500 < times.len());
        assert_eq!(times[0], 0);
        let steps: Vec<u64> = times.windows(2).map(|pair| pair[1] - pair[0]).collect();
        assert!(steps.iter().all(|step| *step == steps[0]), "{steps:?}");
    }

    #[test]
    fn income_is_of_the_last_thirty_days() {
        let mut figures = Figures::default();
        for day in 0..100 {
            figures.note_receipts(day * DAY_MS, vec![10 * day as i64, 0]);
        }
        // By day 100; the oldest day that is kept is day 69.
        assert_eq!(figures.income_ucr(&[1_000, 5]), [310, 5]);
    }

    #[test]
    fn figures_have_ids_of_their_own() {
        for (index, figure) in Figure::ALL.iter().enumerate() {
            assert_eq!(Figure::find(figure.id), Some(index));
        }
    }

    #[test]
    fn one_who_has_all_leaves_nothing_to_share() {
        assert_eq!(gini(&[0.0, 0.0, 0.0, 10.0]), Some(0.75));
        assert_eq!(richest_tenth_share(&[0.0, 0.0, 0.0, 10.0]), Some(1.0));
        assert_eq!(gini(&[0.0; 3]), Some(0.0));
        assert_eq!(richest_tenth_share(&[0.0; 3]), None);
        assert_eq!(gini(&[]), None);
        assert_eq!(richest_tenth_share(&[]), None);
        assert_eq!(gini(&[1.0, -3.0]), None);
    }

    proptest! {
        #[test]
        fn gini_is_the_mean_difference_by_its_definition(wealth in prop::collection::vec(0.0..1e6_f64, 1..40)) {
            let count = wealth.len() as f64;
            let mean = wealth.iter().sum::<f64>() / count;
            let differences: f64 = wealth
                .iter()
                .flat_map(|one| wealth.iter().map(move |other| (one - other).abs()))
                .sum();
            let expected = differences / (2.0 * count * count * mean);
            prop_assert!((gini(&wealth).unwrap() - expected).abs() < 1e-9);
        }
    }
}
