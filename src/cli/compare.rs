//! `bonanza compare`: the same rush under several charters.

use std::{
    fs,
    io::{self, IsTerminal, Write},
    path::{Path, PathBuf},
    sync::Mutex,
    time::{Duration, Instant},
};

use clap::Args;

use super::{
    Failure,
    duration::{duration_text, parse_duration_ms},
    find_level, print_json, print_text, progress_bar,
    summary::thousands,
};
use crate::compare::{
    self, Plan, Report, Standings, Summary, plots, prospectors_csv, runs_csv, series_csv,
    standings, stats::Interval, summarise, summary_csv,
};
use crate::record::{RUN_MAX_MS, write_whole};
use crate::sim::economy::figures::Figure;
use crate::sim::law::charter::Charter;
use crate::sim::level::{CharterChoice, MotionModel};

/// How long each world runs when nothing is said [ms]: two years where motion is planned, else a
/// day, which takes about as long.
const PLANNED_MS: u64 = 2 * 365 * 86_400_000;
const SIMULATED_MS: u64 = 86_400_000;

#[derive(Debug, Args)]
pub struct CompareArgs {
    /// A level file or the name of a level
    level: String,
    /// Charters by their ids, such as open_access, or files of charters
    #[arg(long, value_name = "A,B,C", value_delimiter = ',', required = true)]
    charters: Vec<String>,
    /// Worlds under each charter; their seeds count up from the level's own
    #[arg(long, value_name = "N", default_value = "5",
          value_parser = clap::value_parser!(u32).range(1..=100_000))]
    seeds: u32,
    /// Simulation time of each world [default: 730d where motion is planned, else 1d]
    #[arg(long = "for", value_name = "DURATION", value_parser = parse_duration_ms)]
    duration_ms: Option<u64>,
    /// Folder for tables and plots, which must not exist or be empty
    #[arg(short, long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// Worlds that run at once [default: as many as the machine has processors]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
    threads: Option<u16>,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

pub fn compare(args: &CompareArgs) -> Result<(), Failure> {
    let level = find_level(&args.level)?;
    let charters = charters(&args.charters)?;
    let for_ms = args.duration_ms.unwrap_or(match level.motion {
        MotionModel::Planned => PLANNED_MS,
        MotionModel::Simulated => SIMULATED_MS,
    });
    if RUN_MAX_MS < for_ms {
        return Err(Failure::Input("a world cannot exceed 100 years".into()));
    }
    let threads = args.threads.map_or_else(
        || std::thread::available_parallelism().map_or(1, usize::from),
        usize::from,
    );
    let plan = Plan {
        seeds: (0..u64::from(args.seeds))
            .map(|k| level.seed.wrapping_add(k))
            .collect(),
        level,
        charters,
        for_ms,
        threads,
    };
    if let Some(folder) = &args.out {
        make_folder(folder)?;
    }
    let started = Instant::now();
    let runs = with_progress(&plan)?;
    let wall_s = started.elapsed().as_secs_f64();
    let summary = summarise(&runs);
    let standings = standings(&runs);
    if let Some(folder) = &args.out {
        let table = |table: Result<Vec<u8>, csv::Error>| table.map_err(Failure::input);
        let mut files: Vec<(String, Vec<u8>)> = vec![
            ("runs.csv".into(), table(runs_csv(&runs))?),
            ("summary.csv".into(), table(summary_csv(&runs))?),
            ("series.csv".into(), table(series_csv(&runs))?),
            ("prospectors.csv".into(), table(prospectors_csv(&runs))?),
        ];
        files.extend(plots::all(&plan, &runs).map_err(Failure::Input)?);
        for (name, bytes) in files {
            write_whole(&folder.join(name), &bytes).map_err(|error| unwritable(folder, &error))?;
        }
    }
    if args.json {
        print_json(&Report {
            level: &plan.level.name,
            seeds: &plan.seeds,
            sim_s: 1e-3 * plan.for_ms as f64,
            runs: runs.len(),
            charters: &summary,
            prospectors: &standings,
            wall_s,
        })
    } else {
        print_text(&(table(&plan, &summary, wall_s) + &gains(&plan, &standings)));
        Ok(())
    }
}

/// The charters by name, each once.
fn charters(names: &[String]) -> Result<Vec<(String, CharterChoice)>, Failure> {
    let mut charters: Vec<(String, CharterChoice)> = Vec::new();
    for name in names {
        let name = name.trim();
        let (id, charter) = charter(name)?;
        if charters.iter().any(|(known, _)| *known == id) {
            return Err(Failure::Input(format!(
                "--charters names {id:?} twice, but each charter can be compared only once"
            )));
        }
        charters.push((id, charter));
    }
    Ok(charters)
}

/// A charter of the program by its id, or one of a file.
fn charter(name: &str) -> Result<(String, CharterChoice), Failure> {
    if Charter::built_in(name).is_some() {
        return Ok((name.to_owned(), CharterChoice::Named(name.to_owned())));
    }
    let path = Path::new(name);
    if path.is_file() || path.extension().is_some_and(|ending| ending == "ron") {
        let charter = Charter::read(path).map_err(Failure::input)?;
        return Ok((charter.id.clone(), CharterChoice::Own(Box::new(charter))));
    }
    let known: Vec<&str> = Charter::all_built_in()
        .iter()
        .map(|charter| charter.id.as_str())
        .collect();
    Err(Failure::Input(format!(
        "there is no charter {name:?}; name a file, or one of {}",
        known.join(", ")
    )))
}

/// Runs all worlds and tells on standard error how far they are.
fn with_progress(plan: &Plan) -> Result<Vec<compare::Run>, Failure> {
    let bar = progress_bar();
    let worlds = plan.charters.len() * plan.seeds.len();
    let plain = !io::stderr().is_terminal();
    let started = Instant::now();
    let told = Mutex::new((0u64, Instant::now()));
    let runs = compare::run(plan, |done, all| {
        bar.set_length(all);
        bar.set_position(done);
        // A log file wants a line now and then, not a bar.
        let mut told = told.lock().unwrap_or_else(|lock| lock.into_inner());
        let percent = 100 * done / all.max(1);
        if plain && told.0 < percent && Duration::from_secs(5) <= told.1.elapsed() {
            *told = (percent, Instant::now());
            let _ = writeln!(
                io::stderr().lock(),
                "{percent} % of {worlds} worlds after {:.0} s",
                started.elapsed().as_secs_f64()
            );
        }
    });
    bar.finish_and_clear();
    runs.map_err(Failure::Check)
}

/// A folder of its own for the results.
fn make_folder(folder: &Path) -> Result<(), Failure> {
    fs::create_dir_all(folder).map_err(|error| unwritable(folder, &error))?;
    let mut entries = fs::read_dir(folder).map_err(|error| unwritable(folder, &error))?;
    if entries.next().is_some() {
        return Err(Failure::Input(format!(
            "the folder \"{}\" exists and is not empty; name another or remove it",
            folder.display()
        )));
    }
    Ok(())
}

fn unwritable(folder: &Path, error: &io::Error) -> Failure {
    Failure::Input(format!(
        "cannot write the folder \"{}\": {error}",
        folder.display()
    ))
}

/// The summary for a terminal: a block for each figure that differs from nothing.
fn table(plan: &Plan, summary: &Summary, wall_s: f64) -> String {
    let mut text = format!(
        "{}: {} charters, {} seeds each, {} of simulated time ({wall_s:.0} s)\n",
        plan.level.title,
        plan.charters.len(),
        plan.seeds.len(),
        duration_text(plan.for_ms),
    );
    let width = plan.charters.iter().map(|(id, _)| id.chars().count()).max();
    for figure in Figure::ALL {
        let of = |id: &str| summary.get(id).and_then(|figures| figures[figure.id]);
        let told = plan
            .charters
            .iter()
            .any(|(id, _)| of(id).is_some_and(|interval| interval.mean != 0.0));
        if !told {
            continue;
        }
        let unit = if figure.unit.is_empty() {
            String::new()
        } else {
            format!(" [{}]", figure.unit)
        };
        text += &format!("\n{}{unit}\n", figure.title);
        for (id, _) in &plan.charters {
            text += &format!("  {id:<0$}  {1}\n", width.unwrap_or(0), in_words(of(id)));
        }
    }
    text
}

/// Who gained what: a block for each charter, who gained most first.
fn gains(plan: &Plan, standings: &Standings) -> String {
    let mut text = String::new();
    for (id, _) in &plan.charters {
        let Some(standings) = standings.get(id) else {
            continue;
        };
        let mut sorted: Vec<_> = standings.iter().collect();
        sorted.sort_by(|one, other| {
            let by_mean = |each: &compare::Standing| each.gained_credits.mean;
            by_mean(other).total_cmp(&by_mean(one))
        });
        text += &format!("\nGained under {id} [credits]\n");
        let name = |each: &compare::Standing| format!("{} ({})", each.prospector, each.character);
        let width = standings
            .iter()
            .map(|each| name(each).chars().count())
            .max();
        for each in sorted {
            let most = match each.first {
                0 => String::new(),
                first => format!("   most in {first} of {}", plan.seeds.len()),
            };
            text += &format!(
                "  {:<2$}  {}{most}\n",
                name(each),
                in_words(Some(each.gained_credits)),
                width.unwrap_or(0)
            );
        }
    }
    text
}

fn in_words(interval: Option<Interval>) -> String {
    match interval {
        None => "-".to_owned(),
        Some(Interval {
            mean,
            lo95: Some(low),
            hi95: Some(high),
        }) => format!(
            "{:>14}   {} to {}",
            rounded(mean),
            rounded(low),
            rounded(high)
        ),
        Some(Interval { mean, .. }) => format!("{:>14}", rounded(mean)),
    }
}

/// A number with about four digits that mean something.
fn rounded(value: f64) -> String {
    if 1000.0 <= value.abs() {
        thousands(value)
    } else if 10.0 <= value.abs() {
        format!("{value:.1}")
    } else {
        format!("{value:.3}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_as_long_as_they_mean_something() {
        assert_eq!(rounded(1_234_567.8), "1,234,568");
        assert_eq!(rounded(-12.345), "-12.3");
        assert_eq!(rounded(0.51234), "0.512");
    }

    #[test]
    fn one_world_has_no_interval() {
        let interval = Interval::of(&[2.0]);
        assert_eq!(in_words(interval).trim(), "2.000");
    }
}
