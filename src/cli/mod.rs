//! The command line: what can be asked, and how it is answered.
//!
//! Exit status 0 is success, 1 a failed check, 2 unusable arguments or input. Errors are one
//! sentence on standard error. With `--json` standard output holds one JSON object and nothing
//! else; `docs/cli.md` describes it.

mod bench;
mod body;
mod brain;
mod check;
mod compare;
mod duration;
mod run;
mod summary;

use std::{
    io::{self, IsTerminal, Write},
    path::{Path, PathBuf},
    process::ExitCode,
};

use clap::{Args, Parser, Subcommand};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde::Serialize;

use self::brain::{Appointed, BrainArg};
use self::duration::parse_duration_ms;
#[cfg(feature = "client")]
use crate::client::{self, ShotOptions};
use crate::sim::asteroid::constituent::Constituent;
use crate::{record, reference, sim::level::Level};

/// Reads the arguments of the process, does what they ask and tells how it went.
pub fn main() -> ExitCode {
    let answer = match Cli::try_parse() {
        Ok(cli) => cli.answer(),
        Err(error) => match error.kind() {
            clap::error::ErrorKind::DisplayHelp | clap::error::ErrorKind::DisplayVersion => {
                // Help that nobody reads to its end is no failure.
                let _ = error.print();
                return ExitCode::SUCCESS;
            }
            _ => Err(Failure::Input(one_sentence(&error.render().to_string()))),
        },
    };
    match answer {
        Ok(()) => ExitCode::SUCCESS,
        Err(Failure::Check(sentence)) => {
            complain(&sentence);
            ExitCode::from(1)
        }
        Err(Failure::Input(sentence)) => {
            complain(&sentence);
            ExitCode::from(2)
        }
    }
}

/// Bonanza: prospectors and their robots on real asteroids, in a window or without one.
#[derive(Debug, Parser)]
#[command(name = "bonanza", version, about, disable_help_subcommand = true)]
struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Open the window in a level
    Play {
        /// A level file or the name of a level
        level: String,
        /// Let a trained policy decide for a prospector; may be repeated
        #[arg(long = "brain", value_name = "PROSPECTOR=ONNX", value_parser = BrainArg::parse)]
        brains: Vec<BrainArg>,
    },
    /// Run a level without a window, as fast as it goes
    Run(run::RunArgs),
    /// Run a record again and compare every state hash
    Replay {
        /// The folder of a record
        dir: PathBuf,
        /// Print one JSON object
        #[arg(long)]
        json: bool,
    },
    /// Draw a level into a PNG file, without a window
    Shot(ShotArgs),
    /// Validate levels and data tables
    Check {
        /// Files or folders; by default the levels and tables of the program
        paths: Vec<PathBuf>,
        /// Print one JSON object
        #[arg(long)]
        json: bool,
    },
    /// Tell what a body is like, write its mesh or a map
    Body(body::BodyArgs),
    /// Check the formulas against published cases
    Reference {
        /// A file in the form of reference_cases.json
        file: PathBuf,
        /// Print one JSON object
        #[arg(long)]
        json: bool,
    },
    /// Run a level under several charters, over many seeds
    Compare(compare::CompareArgs),
    /// Measure throughput and cost on this machine
    Bench {
        #[command(subcommand)]
        what: Option<BenchCommand>,
        /// Print one JSON object
        #[arg(long)]
        json: bool,
    },
}

#[derive(Debug, Subcommand)]
enum BenchCommand {
    /// Orders matched, and what trade costs by the number of prospectors
    Economy {
        /// Print one JSON object
        #[arg(long)]
        json: bool,
    },
    /// Cost of robots in flight, in contact and digging, by body and number
    Physics {
        /// Print one JSON object
        #[arg(long)]
        json: bool,
        /// A body of the catalogue, in place of a choice from small to large; may be repeated
        #[arg(long = "body", value_name = "ID")]
        bodies: Vec<String>,
        /// A number of robots, in place of 1, 8, 64 and 256; may be repeated
        #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1024))]
        robots: Vec<u16>,
    },
}

/// The cameras of `bonanza shot`.
const CAMERAS: [&str; 4] = ["site", "follow", "overview", "close"];

#[derive(Debug, Args)]
struct ShotArgs {
    /// A level file or the name of a level
    level: String,
    /// The picture to write
    #[arg(short, long, value_name = "PNG")]
    out: PathBuf,
    /// Simulation time that passes first, such as 90s, 15min, 2h or 1d
    #[arg(long, value_name = "DURATION", value_parser = parse_duration_ms, default_value = "0s")]
    after: u64,
    /// Seed of everything random, in place of the level's own
    #[arg(long, value_name = "N")]
    seed: Option<u64>,
    /// From where to look
    #[arg(long, value_name = "NAME", default_value = "site", value_parser = CAMERAS)]
    camera: String,
    /// The robot that `follow` and `close` look at [default: the busiest]
    #[arg(long, value_name = "NAME")]
    robot: Option<String>,
    /// Orders to give, one JSON object a line, as for `run`
    #[arg(long, value_name = "FILE")]
    orders: Option<PathBuf>,
    /// Lay the player's estimates of a good over the ground, such as water
    #[arg(long, value_name = "GOOD", value_parser = parse_constituent)]
    chart: Option<Constituent>,
    /// Let a trained policy decide for a prospector, as for `run`
    #[arg(long = "brain", value_name = "PROSPECTOR=ONNX", value_parser = BrainArg::parse)]
    brains: Vec<BrainArg>,
    /// Width and height in pixels
    #[arg(long, value_name = "WxH", value_parser = parse_size, default_value = "1280x720")]
    size: (u32, u32),
}

impl Cli {
    fn answer(self) -> Result<(), Failure> {
        match self.command {
            None => play(None, &Vec::new()),
            Some(Command::Play { level, brains }) => {
                let appointed = brain::read(&brains)?;
                let mut level = find_place(&level)?;
                brain::make_room(&appointed, &mut level)?;
                play(Some(level), &appointed)
            }
            Some(Command::Run(args)) => run::run(&args),
            Some(Command::Replay { dir, json }) => replay(&dir, json),
            Some(Command::Shot(args)) => shot(&args),
            Some(Command::Check { paths, json }) => check::check(&paths, json),
            Some(Command::Body(args)) => body::body(&args),
            Some(Command::Reference { file, json }) => reference(&file, json),
            Some(Command::Compare(args)) => compare::compare(&args),
            Some(Command::Bench { what: None, json }) => bench::bench(json),
            Some(Command::Bench {
                what: Some(BenchCommand::Economy { json: also }),
                json,
            }) => bench::economy::bench(json || also),
            Some(Command::Bench {
                what:
                    Some(BenchCommand::Physics {
                        json: also,
                        bodies,
                        robots,
                    }),
                json,
            }) => {
                let crowds: Vec<usize> = robots.into_iter().map(usize::from).collect();
                bench::physics::bench(json || also, &bodies, &crowds)
            }
        }
    }
}

/// Why a command did not succeed, as a sentence.
#[derive(Debug)]
enum Failure {
    /// What was checked is wrong: exit status 1.
    Check(String),
    /// What was asked or given is unusable: exit status 2.
    Input(String),
}

impl Failure {
    fn input(error: impl ToString) -> Self {
        Self::Input(error.to_string())
    }
}

fn parse_constituent(name: &str) -> Result<Constituent, String> {
    Constituent::find(name).ok_or_else(|| {
        let known = Constituent::ALL.map(Constituent::as_str).join(", ");
        format!("must be one of {known}")
    })
}

fn find_level(name: &str) -> Result<Level, Failure> {
    Level::find(name).map_err(Failure::input)
}

/// A level, or a body of the catalogue without anyone on it: something to look at.
fn find_place(name: &str) -> Result<Level, Failure> {
    find_level(name).or_else(|failure| Level::of_body(name).ok_or(failure))
}

#[cfg(feature = "client")]
fn play(level: Option<Level>, appointed: &Appointed) -> Result<(), Failure> {
    client::play(level, appointed).map_err(Failure::input)
}

#[cfg(not(feature = "client"))]
fn play(_level: Option<Level>, _appointed: &Appointed) -> Result<(), Failure> {
    Err(no_client())
}

#[cfg(feature = "client")]
fn shot(args: &ShotArgs) -> Result<(), Failure> {
    let mut level = find_place(&args.level)?;
    level.seed = args.seed.unwrap_or(level.seed);
    let appointed = brain::read(&args.brains)?;
    brain::make_room(&appointed, &mut level)?;
    let orders = run::orders(args.orders.as_deref(), &level, 0)?;
    client::shot(ShotOptions {
        level,
        appointed,
        orders,
        robot: args.robot.clone(),
        chart: args.chart,
        out: args.out.clone(),
        after_ms: args.after,
        camera: args.camera.clone(),
        size: args.size,
    })
    .map_err(Failure::input)
}

#[cfg(not(feature = "client"))]
fn shot(_args: &ShotArgs) -> Result<(), Failure> {
    Err(no_client())
}

#[cfg(not(feature = "client"))]
fn no_client() -> Failure {
    Failure::Input(
        "this build has no window and draws no pictures; build with the feature `client`"
            .to_owned(),
    )
}

fn replay(dir: &Path, json: bool) -> Result<(), Failure> {
    let bar = progress_bar();
    let replay = record::replay(dir, |done, all| {
        bar.set_length(all);
        bar.set_position(done);
    });
    bar.finish_and_clear();
    let replay = replay.map_err(Failure::input)?;
    if json {
        print_json(&replay)?;
    } else if replay.mismatch.is_none() {
        print_text(&format!(
            "{}, seed {}: {} ticks replayed, all {} state hashes agree\n",
            replay.level, replay.seed, replay.ticks, replay.hashes_compared
        ));
    }
    match replay.mismatch {
        None => Ok(()),
        Some(mismatch) => Err(Failure::Check(format!(
            "the replay of \"{}\" leaves the record at tick {}: state {} after {} ms, recorded {} after {} ms",
            dir.display(),
            mismatch.tick,
            mismatch.replayed_hash,
            mismatch.replayed_time_ms,
            mismatch.recorded_hash,
            mismatch.recorded_time_ms,
        ))),
    }
}

fn reference(file: &Path, json: bool) -> Result<(), Failure> {
    let report = reference::run(file).map_err(Failure::input)?;
    if json {
        print_json(&report)?;
    } else {
        print_text(&format!("{report}\n"));
    }
    match report.failed() {
        0 => Ok(()),
        failed => Err(Failure::Check(format!(
            "{failed} of {} cases in \"{}\" failed",
            report.cases.len(),
            file.display()
        ))),
    }
}

/// Prints one JSON object on standard output.
fn print_json(value: &impl Serialize) -> Result<(), Failure> {
    let text = serde_json::to_string_pretty(value)
        .map_err(|error| Failure::Input(format!("cannot write the report as JSON: {error}")))?;
    print_text(&(text + "\n"));
    Ok(())
}

/// Prints on standard output; a reader that has gone away is no error of ours.
fn print_text(text: &str) {
    let mut out = io::stdout().lock();
    let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
}

fn complain(sentence: &str) {
    let _ = writeln!(io::stderr().lock(), "bonanza: {sentence}");
}

/// The first paragraph of an error of the argument parser, on one line.
fn one_sentence(text: &str) -> String {
    let paragraph: Vec<&str> = text
        .lines()
        .map(str::trim)
        .take_while(|line| !line.is_empty())
        .collect();
    let sentence = paragraph.join(" ");
    let sentence = sentence.strip_prefix("error: ").unwrap_or(&sentence);
    format!("{sentence} (see `bonanza --help`)")
}

/// A bar on standard error; invisible if that is no terminal.
fn progress_bar() -> ProgressBar {
    let target = if io::stderr().is_terminal() {
        ProgressDrawTarget::stderr_with_hz(10)
    } else {
        ProgressDrawTarget::hidden()
    };
    let bar = ProgressBar::with_draw_target(Some(0), target);
    if let Ok(style) = ProgressStyle::with_template("{bar:40} {percent:>3} %  {eta} left  {msg}") {
        bar.set_style(style);
    }
    bar
}

fn parse_size(text: &str) -> Result<(u32, u32), String> {
    let expected = || "expected WIDTHxHEIGHT in pixels, from 16x16 to 8192x8192".to_owned();
    let (width, height) = text.split_once(['x', 'X']).ok_or_else(expected)?;
    match (width.parse(), height.parse()) {
        (Ok(width @ 16..=8192), Ok(height @ 16..=8192)) => Ok((width, height)),
        _ => Err(expected()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_parser_is_consistent() {
        use clap::CommandFactory;
        Cli::command().debug_assert();
    }

    #[test]
    fn sizes_are_two_numbers_of_pixels() {
        assert_eq!(parse_size("640x480"), Ok((640, 480)));
        for text in [
            "",
            "640",
            "x",
            "0x480",
            "640x-1",
            "99999x99999",
            "640x480x3",
        ] {
            assert!(parse_size(text).is_err(), "{text}");
        }
    }

    #[test]
    fn errors_of_the_parser_become_one_sentence() {
        let error = Cli::try_parse_from(["bonanza", "run"]).unwrap_err();
        let sentence = one_sentence(&error.render().to_string());
        assert!(
            !sentence.contains('\n') && sentence.contains("<LEVEL>"),
            "{sentence}"
        );
    }
}
