//! One rush under several charters, over many seeds: what each brings, with how much certainty.
//!
//! Every pair of a charter and a seed is a world of its own; worlds run side by side over the
//! threads of the machine and know nothing of each other, so that their number changes nothing.
//! Under each charter the seeds are the same, so that what differs is the law.

pub mod plots;
pub mod stats;

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use serde::Serialize;

use self::stats::Interval;
use crate::headless::Headless;
use crate::sim::economy::figures::Figure;
use crate::sim::level::{Brain, CharterChoice, Level};

/// A world tells how far it is about so often [ms of simulation].
const TELL_EVERY_MS: u64 = 86_400_000;

/// What is to be compared.
#[derive(Clone, Debug)]
pub struct Plan {
    pub level: Level,
    /// By the names that reports use.
    pub charters: Vec<(String, CharterChoice)>,
    pub seeds: Vec<u64>,
    /// For how long each world runs [ms].
    pub for_ms: u64,
    /// Worlds that run at once, at least one.
    pub threads: usize,
}

/// One world at its end.
#[derive(Clone, Debug, PartialEq)]
pub struct Run {
    pub charter: String,
    pub seed: u64,
    pub ticks: u64,
    /// 16 hexadecimal digits.
    pub state_hash: String,
    /// In the order of [`Figure::ALL`]; None where a figure means nothing.
    pub figures: Vec<Option<f64>>,
    /// Days since the start and the figures then, once a day or less often.
    pub series: Vec<(f64, Vec<Option<f64>>)>,
    /// In the order of the level.
    pub careers: Vec<Career>,
}

/// What one prospector made of a world.
#[derive(Clone, Debug, PartialEq)]
pub struct Career {
    pub prospector: String,
    /// How it decides: the name of its temperament as levels write it, or `Human`.
    pub character: String,
    /// Money, goods and machines at the prices of the day.
    pub worth_at_start_credits: f64,
    /// What it owns at the end beyond that.
    pub gained_credits: f64,
}

/// What all runs together say: by charter, then by figure.
pub type Summary = BTreeMap<String, BTreeMap<&'static str, Option<Interval>>>;

/// Who gains what: by charter, then the prospectors in the order of the level.
pub type Standings = BTreeMap<String, Vec<Standing>>;

/// What one prospector came to over all seeds under a charter.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Standing {
    pub prospector: String,
    pub character: String,
    pub gained_credits: Interval,
    /// Gained of what it had at the start: what compares a small purse with a large one.
    pub gained_of_start: Interval,
    /// Worlds in which nobody gained more credits.
    pub first: usize,
    /// Worlds in which nobody gained more of what it had at the start.
    pub first_of_start: usize,
}

/// Runs all worlds; `progress` is told how much simulated time is done of how much [ms], from any
/// thread.
///
/// # Errors
/// Why a world cannot be made, or what is wrong with its books, as a sentence.
pub fn run(plan: &Plan, progress: impl Fn(u64, u64) + Sync) -> Result<Vec<Run>, String> {
    let jobs: Vec<(&str, &CharterChoice, u64)> = plan
        .charters
        .iter()
        .flat_map(|(name, charter)| {
            let seeds = plan.seeds.iter();
            seeds.map(move |&seed| (name.as_str(), charter, seed))
        })
        .collect();
    let all_ms = plan.for_ms.saturating_mul(jobs.len() as u64);
    let next = AtomicUsize::new(0);
    let failed = AtomicBool::new(false);
    let done_ms = Mutex::new(0u64);
    let outcomes: Mutex<BTreeMap<usize, Result<Run, String>>> = Mutex::default();
    let work = || {
        while !failed.load(Ordering::Relaxed) {
            let index = next.fetch_add(1, Ordering::Relaxed);
            let Some(&(name, charter, seed)) = jobs.get(index) else {
                return;
            };
            let outcome = run_one(plan, name, charter, seed, |more_ms| {
                let mut done_ms = done_ms.lock().unwrap_or_else(|lock| lock.into_inner());
                *done_ms += more_ms;
                progress((*done_ms).min(all_ms), all_ms);
            });
            failed.fetch_or(outcome.is_err(), Ordering::Relaxed);
            let mut outcomes = outcomes.lock().unwrap_or_else(|lock| lock.into_inner());
            outcomes.insert(index, outcome);
        }
    };
    std::thread::scope(|scope| {
        for _ in 1..plan.threads.clamp(1, jobs.len().max(1)) {
            scope.spawn(work);
        }
        work();
    });
    let outcomes = outcomes
        .into_inner()
        .unwrap_or_else(|lock| lock.into_inner());
    outcomes.into_values().collect()
}

fn run_one(
    plan: &Plan,
    name: &str,
    charter: &CharterChoice,
    seed: u64,
    mut tell: impl FnMut(u64),
) -> Result<Run, String> {
    let mut level = plan.level.clone();
    level.charter = charter.clone();
    let failed = |what: String| format!("charter {name}, seed {seed}: {what}");
    level
        .validate()
        .map_err(|errors| failed(errors.to_string()))?;
    let mut world =
        Headless::load(&level, Some(seed)).map_err(|error| failed(error.to_string()))?;
    let worth_at_start_credits = worths_credits(&mut world, &level);
    let mut told_ms = 0;
    while world.time_ms() < plan.for_ms {
        world.step();
        if told_ms + TELL_EVERY_MS <= world.time_ms() {
            tell(world.time_ms() - told_ms);
            told_ms = world.time_ms();
        }
    }
    tell(plan.for_ms.saturating_sub(told_ms));
    // A table of what never happened is worse than none.
    let (mass_error_g, credit_error_ucr) =
        (world.mass_error_g(), world.ledger().credit_error_ucr());
    if (mass_error_g, credit_error_ucr) != (0, 0) {
        return Err(failed(format!(
            "its books are off by {mass_error_g} g and {credit_error_ucr} micro-credits"
        )));
    }
    let figures = world.figures();
    let now_ms = world.time_ms();
    let days = |at_ms: u64| at_ms as f64 / 86_400_000.0;
    let mut series: Vec<_> = world
        .figure_series()
        .iter()
        .filter(|sample| sample.at_ms < now_ms)
        .map(|sample| (days(sample.at_ms), sample.values.clone()))
        .collect();
    series.push((days(now_ms), figures.clone()));
    let worth_credits = worths_credits(&mut world, &level);
    let careers = level
        .prospectors
        .iter()
        .zip(worth_at_start_credits.iter().zip(&worth_credits))
        .map(|(prospector, (start, end))| Career {
            prospector: prospector.name.clone(),
            character: match &prospector.brain {
                Brain::Human => "Human".to_owned(),
                Brain::Scripted { temperament, .. } => format!("{temperament:?}"),
            },
            worth_at_start_credits: *start,
            gained_credits: end - start,
        })
        .collect();
    Ok(Run {
        charter: name.to_owned(),
        seed,
        ticks: world.tick(),
        state_hash: crate::record::hash_text(world.state_hash()),
        figures,
        series,
        careers,
    })
}

/// What each prospector of a level owns [credits].
fn worths_credits(world: &mut Headless, level: &Level) -> Vec<f64> {
    let names = level.prospectors.iter().map(|each| &each.name);
    names
        .map(|name| world.net_worth_credits(name).unwrap_or(0.0))
        .collect()
}

/// Mean and interval of each figure under each charter.
///
/// A figure that means nothing in some runs is the mean of the others; in all runs, it has none.
pub fn summarise(runs: &[Run]) -> Summary {
    let mut summary = Summary::new();
    for run in runs {
        summary.entry(run.charter.clone()).or_default();
    }
    for (charter, figures) in &mut summary {
        for (index, figure) in Figure::ALL.iter().enumerate() {
            let values: Vec<f64> = runs
                .iter()
                .filter(|run| run.charter == *charter)
                .filter_map(|run| run.figures[index])
                .collect();
            figures.insert(figure.id, Interval::of(&values));
        }
    }
    summary
}

/// What each prospector gains under each charter, and how often it gains most.
pub fn standings(runs: &[Run]) -> Standings {
    let mut standings = Standings::new();
    for run in runs {
        if standings.contains_key(&run.charter) {
            continue;
        }
        let of_charter: Vec<&Run> = runs
            .iter()
            .filter(|other| other.charter == run.charter)
            .collect();
        let standing = |seat: usize| {
            let careers = || of_charter.iter().map(|run| &run.careers[seat]);
            let mean =
                |of: fn(&Career) -> f64| Interval::of(&careers().map(of).collect::<Vec<_>>());
            let first = |of: fn(&Career) -> f64| {
                let worlds = of_charter.iter();
                worlds
                    .filter(|run| {
                        let own = of(&run.careers[seat]);
                        run.careers.iter().all(|other| of(other) <= own)
                    })
                    .count()
            };
            let career = careers().next()?;
            Some(Standing {
                prospector: career.prospector.clone(),
                character: career.character.clone(),
                gained_credits: mean(|career| career.gained_credits)?,
                gained_of_start: mean(Career::gained_of_start)?,
                first: first(|career| career.gained_credits),
                first_of_start: first(Career::gained_of_start),
            })
        };
        let seats = 0..run.careers.len();
        standings.insert(run.charter.clone(), seats.filter_map(standing).collect());
    }
    standings
}

impl Career {
    /// Gained of what it had at the start; 0 for who had nothing.
    pub fn gained_of_start(&self) -> f64 {
        if 0.0 < self.worth_at_start_credits {
            self.gained_credits / self.worth_at_start_credits
        } else {
            0.0
        }
    }
}

/// `prospectors.csv`: a row for each prospector of each world.
pub fn prospectors_csv(runs: &[Run]) -> Result<Vec<u8>, csv::Error> {
    let mut table = csv::Writer::from_writer(Vec::new());
    table.write_record([
        "charter",
        "seed",
        "prospector",
        "character",
        "worth_at_start_credits",
        "gained_credits",
    ])?;
    for run in runs {
        for career in &run.careers {
            table.write_record([
                run.charter.as_str(),
                &run.seed.to_string(),
                &career.prospector,
                &career.character,
                &career.worth_at_start_credits.to_string(),
                &career.gained_credits.to_string(),
            ])?;
        }
    }
    into_bytes(table)
}

/// `runs.csv`: a row for each world.
pub fn runs_csv(runs: &[Run]) -> Result<Vec<u8>, csv::Error> {
    let mut table = csv::Writer::from_writer(Vec::new());
    let mut header = vec!["charter", "seed", "ticks", "state_hash"];
    header.extend(Figure::ALL.iter().map(|figure| figure.id));
    table.write_record(&header)?;
    for run in runs {
        let mut row = vec![
            run.charter.clone(),
            run.seed.to_string(),
            run.ticks.to_string(),
            run.state_hash.clone(),
        ];
        row.extend(run.figures.iter().map(|value| number(*value)));
        table.write_record(&row)?;
    }
    into_bytes(table)
}

/// `summary.csv`: a row for each charter and figure.
pub fn summary_csv(runs: &[Run]) -> Result<Vec<u8>, csv::Error> {
    let mut table = csv::Writer::from_writer(Vec::new());
    table.write_record(["charter", "metric", "unit", "runs", "mean", "lo95", "hi95"])?;
    let summary = summarise(runs);
    for (charter, figures) in &summary {
        let count = runs.iter().filter(|run| run.charter == *charter).count();
        for figure in Figure::ALL {
            let interval = figures[figure.id];
            table.write_record([
                charter.as_str(),
                figure.id,
                figure.unit,
                &count.to_string(),
                &number(interval.map(|interval| interval.mean)),
                &number(interval.and_then(|interval| interval.lo95)),
                &number(interval.and_then(|interval| interval.hi95)),
            ])?;
        }
    }
    into_bytes(table)
}

/// `series.csv`: the means over the seeds of each figure over time, by charter.
pub fn series_csv(runs: &[Run]) -> Result<Vec<u8>, csv::Error> {
    let mut table = csv::Writer::from_writer(Vec::new());
    let mut header = vec!["charter", "day"];
    header.extend(Figure::ALL.iter().map(|figure| figure.id));
    table.write_record(&header)?;
    let mut charters: Vec<&str> = runs.iter().map(|run| run.charter.as_str()).collect();
    charters.dedup();
    for charter in charters {
        let of_charter: Vec<&Run> = runs.iter().filter(|run| run.charter == charter).collect();
        let lines = of_charter.iter().map(|run| run.series.len()).min();
        for line in 0..lines.unwrap_or(0) {
            let mut row = vec![
                charter.to_owned(),
                format!("{:.3}", of_charter[0].series[line].0),
            ];
            for index in 0..Figure::ALL.len() {
                let values: Vec<f64> = of_charter
                    .iter()
                    .filter_map(|run| run.series[line].1[index])
                    .collect();
                row.push(number(Interval::of(&values).map(|interval| interval.mean)));
            }
            table.write_record(&row)?;
        }
    }
    into_bytes(table)
}

fn into_bytes(table: csv::Writer<Vec<u8>>) -> Result<Vec<u8>, csv::Error> {
    table
        .into_inner()
        .map_err(|error| csv::Error::from(std::io::Error::other(error.to_string())))
}

/// Empty for what there is not.
fn number(value: Option<f64>) -> String {
    value.map_or_else(String::new, |value| value.to_string())
}

/// What `bonanza compare --json` prints.
#[derive(Debug, Serialize)]
pub struct Report<'a> {
    pub level: &'a str,
    pub seeds: &'a [u64],
    /// Simulated time of each run [s].
    pub sim_s: f64,
    pub runs: usize,
    pub charters: &'a Summary,
    pub prospectors: &'a Standings,
    pub wall_s: f64,
}
