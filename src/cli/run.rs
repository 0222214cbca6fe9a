//! `bonanza run`: a level or a save, without a window, for some time.

use std::{
    collections::BTreeSet,
    fs, io,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use clap::Args;

use super::{
    Failure,
    brain::{self, Appointed, BrainArg},
    duration::{duration_text, parse_duration_ms},
    find_level, print_json, print_text, progress_bar,
    summary::{RunReport, summary},
};
use crate::{
    headless::Headless,
    record::{Beginning, End, RUN_MAX_MS, Recorder, parse_orders, write_whole},
    sim::{
        level::{Brain, Level},
        order::Issued,
    },
    train::SeatedPolicy,
};

/// How long a level runs when nothing is said [ms].
const RUN_DEFAULT_MS: u64 = 86_400_000;

/// How often the clock of the machine is read and the bar moved [ticks].
const GLANCE_EVERY_TICKS: u64 = 64;

#[derive(Debug, Args)]
pub struct RunArgs {
    /// A level file or the name of a level
    #[arg(required_unless_present = "from")]
    level: Option<String>,
    /// Seed of everything random, in place of the level's own
    #[arg(long, value_name = "N", conflicts_with = "from")]
    seed: Option<u64>,
    /// Simulation time to run, such as 90s, 15min, 2h or 1d [default: 1d]
    #[arg(long = "for", value_name = "DURATION", value_parser = parse_duration_ms)]
    duration_ms: Option<u64>,
    /// Ticks to run, in place of a duration
    #[arg(long, value_name = "N", conflicts_with = "duration_ms")]
    ticks: Option<u64>,
    /// Orders to give, one JSON object a line
    #[arg(long, value_name = "FILE")]
    orders: Option<PathBuf>,
    /// Folder in which to record the run
    #[arg(long, value_name = "DIR")]
    record: Option<PathBuf>,
    /// Go on from a save in place of a level's start
    #[arg(long, value_name = "FILE", conflicts_with = "level")]
    from: Option<PathBuf>,
    /// Save the state at the end
    #[arg(long, value_name = "FILE")]
    save: Option<PathBuf>,
    /// Let a trained policy decide for a prospector; may be repeated
    #[arg(long = "brain", value_name = "PROSPECTOR=ONNX", value_parser = BrainArg::parse)]
    brains: Vec<BrainArg>,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

pub fn run(args: &RunArgs) -> Result<(), Failure> {
    let appointed = brain::read(&args.brains)?;
    let beginning = beginning(args, &appointed)?;
    let mut world = beginning.world().map_err(Failure::Input)?;
    let mut policies = brain::seat(&appointed, &mut world)?;
    let given = orders(args.orders.as_deref(), world.level(), world.time_ms())?;
    for issued in &given {
        world.schedule(issued.clone());
    }
    let end = end(args, &world)?;
    if let Some(path) = &args.save {
        check_writable(path)?;
    }
    let mut recorder = match &args.record {
        Some(folder) => Some(
            Recorder::create(folder, &beginning, given, end, &mut world).map_err(Failure::input)?,
        ),
        None => None,
    };

    let started = Instant::now();
    advance(&mut world, end, &mut policies, &mut recorder)?;
    let wall_s = started.elapsed().as_secs_f64();

    if let Some(recorder) = recorder {
        recorder.finish(&mut world).map_err(Failure::input)?;
    }
    if let Some(path) = &args.save {
        let bytes = world.save();
        write_whole(path, &bytes).map_err(|error| unwritable(path, &error))?;
    }
    let report = RunReport::of(&mut world, wall_s, &policies);
    if args.json {
        print_json(&report)
    } else {
        print_text(&summary(&report, &world));
        Ok(())
    }
}

fn beginning(args: &RunArgs, appointed: &Appointed) -> Result<Beginning, Failure> {
    if let Some(path) = &args.from {
        let bytes = fs::read(path).map_err(|error| {
            Failure::Input(format!(
                "cannot read the save \"{}\": {error}",
                path.display()
            ))
        })?;
        return Ok(Beginning::Save { bytes });
    }
    // The argument parser sees to it that there is a level where there is no save.
    let mut level = find_level(args.level.as_deref().unwrap_or_default())?;
    brain::make_room(appointed, &mut level)?;
    Ok(Beginning::Level {
        seed: args.seed.unwrap_or(level.seed),
        level: Box::new(level),
    })
}

/// The orders of an orders file, all of them usable from `now_ms` on.
pub(super) fn orders(
    path: Option<&Path>,
    level: &Level,
    now_ms: u64,
) -> Result<Vec<Issued>, Failure> {
    let Some(path) = path else {
        return Ok(Vec::new());
    };
    let file = path.display().to_string();
    let text = fs::read_to_string(path).map_err(|error| {
        Failure::Input(format!("cannot read the orders file \"{file}\": {error}"))
    })?;
    let senders = human_prospectors(level);
    parse_orders(&text, &file, |issued| {
        if !senders.contains(issued.by.as_str()) {
            let expected = if senders.is_empty() {
                "this level has no prospector that takes orders from outside".to_owned()
            } else {
                let names: Vec<&str> = senders.iter().copied().collect();
                format!(
                    "must name a prospector that takes orders from outside: {}",
                    names.join(", ")
                )
            };
            return Err(format!("by = {:?}: {expected}", issued.by));
        }
        if issued.at_ms < now_ms {
            return Err(format!(
                "at_s = {} lies before the save, at {} s",
                issued.at_ms as f64 / 1e3,
                now_ms as f64 / 1e3
            ));
        }
        Ok(())
    })
    .map_err(Failure::input)
}

/// Who decides outside the simulation.
fn human_prospectors(level: &Level) -> BTreeSet<&str> {
    level
        .prospectors
        .iter()
        .filter(|prospector| prospector.brain == Brain::Human)
        .map(|prospector| prospector.name.as_str())
        .collect()
}

fn end(args: &RunArgs, world: &Headless) -> Result<End, Failure> {
    if let Some(ticks) = args.ticks {
        let end = world.tick().checked_add(ticks);
        return end.map(End::AtTick).ok_or_else(|| {
            Failure::Input(format!("--ticks {ticks} is more than a run can count"))
        });
    }
    let end_ms = world.time_ms() + args.duration_ms.unwrap_or(RUN_DEFAULT_MS);
    if RUN_MAX_MS < end_ms {
        return Err(Failure::Input(format!(
            "the run would end after {}, but a world cannot exceed 100 years",
            duration_text(end_ms)
        )));
    }
    Ok(End::AtMs(end_ms))
}

/// Runs to the end; tells a terminal how far it is.
fn advance(
    world: &mut Headless,
    end: End,
    policies: &mut [SeatedPolicy],
    recorder: &mut Option<Recorder>,
) -> Result<(), Failure> {
    let bar = progress_bar();
    let (from, all) = match end {
        End::AtMs(end_ms) => (world.time_ms(), end_ms - world.time_ms()),
        End::AtTick(end_tick) => (world.tick(), end_tick - world.tick()),
    };
    bar.set_length(all);
    let mut shown = Instant::now();
    let mut ticks: u64 = 0;
    while !end.is_reached(world) {
        for policy in &mut *policies {
            policy.act(world).map_err(Failure::input)?;
        }
        end.step(world);
        if let Some(recorder) = recorder {
            recorder.observe(world).map_err(Failure::input)?;
        }
        ticks += 1;
        if ticks.is_multiple_of(GLANCE_EVERY_TICKS) && Duration::from_millis(100) < shown.elapsed()
        {
            shown = Instant::now();
            bar.set_message(duration_text(world.time_ms()));
            bar.set_position(match end {
                End::AtMs(_) => world.time_ms() - from,
                End::AtTick(_) => world.tick() - from,
            });
        }
    }
    bar.finish_and_clear();
    Ok(())
}

/// Better to know before the run than after it.
fn check_writable(path: &Path) -> Result<(), Failure> {
    if path.is_dir() {
        return Err(unwritable(path, &io::Error::other("it is a folder")));
    }
    let mut probe = std::ffi::OsString::from(".");
    probe.push(path.file_name().unwrap_or_default());
    probe.push(format!(".probe-{}", std::process::id()));
    let probe = path.with_file_name(probe);
    fs::File::create(&probe)
        .and_then(|_| fs::remove_file(&probe))
        .map_err(|error| unwritable(path, &error))
}

fn unwritable(path: &Path, error: &io::Error) -> Failure {
    Failure::Input(format!(
        "cannot write the save \"{}\": {error}",
        path.display()
    ))
}
