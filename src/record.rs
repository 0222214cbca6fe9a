//! Records of runs: a folder with everything that is needed to run a run again and to study it.
//!
//! | file | holds |
//! |---|---|
//! | `run.json` | what was run and how it ended |
//! | `level.ron` | the level as it was run |
//! | `start.save` | the save that the run went on from, if it did |
//! | `orders.jsonl` | every order taken, one JSON object a line, scripted ones included |
//! | `hashes.csv` | the state hash every so many ticks and at the end |
//! | `series.csv` | credits, sales, price and rock dug over time |
//! | `figures.csv` | the figures of merit over time |
//! | `ledger.csv`, `accounts.csv` | every transfer, and what each account held |
//!
//! A record is written to a hidden folder beside its place and renamed when it is whole, so that
//! there is never half a record. [`replay`] runs the level again with the orders that came from
//! outside and compares every hash; scripts decide again by themselves.

use std::{
    fs::{self, File},
    io::{self, BufWriter, Write},
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};

use crate::{
    headless::Headless,
    sim::{
        economy::figures::{Figure, Sample},
        economy::ledger::Unit,
        level::{Level, LevelErrors},
        order::{Issued, Order},
    },
};

/// The version of the folder's layout.
pub const RECORD_FORMAT: u32 = 1;
/// State hashes are written each time the count of ticks is a multiple of this.
pub const HASH_EVERY_TICKS: u64 = 256;
/// Simulation time between the lines of `series.csv` [ms], and what it is after the first thirty
/// days, so that years do not fill a disk.
pub const SERIES_EVERY_MS: u64 = 600_000;
const SERIES_FINE_MS: u64 = 30 * 86_400_000;
const SERIES_LATER_MS: u64 = 21_600_000;
/// No run may last longer, in simulation time [ms]: 100 years of 365.25 days.
pub const RUN_MAX_MS: u64 = 3_155_760_000_000;

const ORDERS: &str = "orders.jsonl";
const HASHES: &str = "hashes.csv";
const LEVEL: &str = "level.ron";
const RUN: &str = "run.json";
const START: &str = "start.save";

/// What a run goes on from.
#[derive(Clone, Debug, PartialEq)]
pub enum Beginning {
    /// A level and the seed in force.
    Level { level: Box<Level>, seed: u64 },
    /// A save; its bytes.
    Save { bytes: Vec<u8> },
}

impl Beginning {
    /// Makes the world.
    ///
    /// # Errors
    /// Why the level or the save cannot be made into one, as a sentence.
    pub fn world(&self) -> Result<Headless, String> {
        match self {
            Self::Level { level, seed } => {
                Headless::load(level, Some(*seed)).map_err(|error| error.to_string())
            }
            Self::Save { bytes } => Headless::restore(bytes).map_err(|error| error.to_string()),
        }
    }
}

/// When a run ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum End {
    /// With the tick that reaches this time of the simulation [ms].
    AtMs(u64),
    /// At this count of ticks.
    AtTick(u64),
}

impl End {
    /// Takes the next tick towards the end; false if the run is over.
    ///
    /// Ticks are whole: their lengths follow from the state alone, so that a run to an end and one
    /// that goes on beyond it pass through the same states.
    pub fn step(self, world: &mut Headless) -> bool {
        let going = !self.is_reached(world);
        if going {
            world.step();
        }
        going
    }

    /// Whether the run is over.
    pub fn is_reached(self, world: &Headless) -> bool {
        match self {
            Self::AtMs(end_ms) => end_ms <= world.time_ms(),
            Self::AtTick(end_tick) => end_tick <= world.tick() || RUN_MAX_MS <= world.time_ms(),
        }
    }
}

/// A line of an orders file or of `orders.jsonl`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OrderLine {
    /// Simulation time from which the order may be taken [s].
    pub at_s: f64,
    /// The prospector whose order it is.
    pub by: String,
    pub order: Order,
    /// In a record: the tick that took it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tick: Option<u64>,
    /// In a record: a script of the world gave it, and will again.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub scripted: bool,
    /// In a record that goes on from a save: the save had it already, taken or waiting.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub saved: bool,
    /// In a record: it was given at its time and not before the run, as players and trained policies
    /// do.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub live: bool,
    /// In a record: why it was refused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub refused: Option<String>,
}

/// Takes an order out of a list; whether it was there.
fn strike(list: &mut Vec<Issued>, issued: &Issued) -> bool {
    let at = list.iter().position(|known| known == issued);
    if let Some(at) = at {
        list.swap_remove(at);
    }
    at.is_some()
}

/// Reads an orders file: JSON objects, one a line, in any order of time; blank lines are skipped,
/// and so are orders that a record marks as scripted or saved. `file` is its name in errors; `check` tells
/// what is wrong with an order that is well formed.
///
/// # Errors
/// The first line that is not a usable order, by its number. Nothing of the file is usable then.
pub fn parse_orders(
    text: &str,
    file: &str,
    check: impl Fn(&Issued) -> Result<(), String>,
) -> Result<Vec<Issued>, RecordError> {
    let mut orders = Vec::new();
    for parsed in parse_order_lines(text, file)? {
        if !parsed.order.scripted && !parsed.order.saved {
            check(&parsed.issued).map_err(|what| RecordError::Line {
                file: file.to_owned(),
                line: parsed.line,
                what,
            })?;
            orders.push(parsed.issued);
        }
    }
    Ok(orders)
}

/// An order of a file, as it stands there and as the world takes it.
struct ParsedOrder {
    line: usize,
    order: OrderLine,
    issued: Issued,
}

fn parse_order_lines(text: &str, file: &str) -> Result<Vec<ParsedOrder>, RecordError> {
    let mut orders = Vec::new();
    for (i, line) in text.lines().enumerate() {
        if line.trim().is_empty() {
            continue;
        }
        let wrong = |what: String| RecordError::Line {
            file: file.to_owned(),
            line: i + 1,
            what,
        };
        let order: OrderLine =
            serde_json::from_str(line).map_err(|error| wrong(json_complaint(&error)))?;
        let at_ms = (order.at_s * 1e3).round();
        if !(0.0..=RUN_MAX_MS as f64).contains(&at_ms) {
            return Err(wrong(format!(
                "at_s = {} must be from 0 to {} seconds",
                order.at_s,
                RUN_MAX_MS / 1000
            )));
        }
        let issued = Issued {
            at_ms: at_ms as u64,
            by: order.by.clone(),
            order: order.order.clone(),
        };
        orders.push(ParsedOrder {
            line: i + 1,
            order,
            issued,
        });
    }
    Ok(orders)
}

/// An error of JSON in a text of one line, without the line that it counts itself.
fn json_complaint(error: &serde_json::Error) -> String {
    let text = error.to_string();
    match text.rfind(" at line ") {
        Some(end) => format!("{} (column {})", &text[..end], error.column()),
        None => text,
    }
}

/// What `run.json` holds.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RunFacts {
    pub format: u32,
    /// The version of the program that made the record: others may compute other bits.
    pub program: String,
    pub level: String,
    pub seed: u64,
    /// The run went on from `start.save` rather than from the level's start.
    pub from_save: bool,
    pub end: End,
    pub ticks: u64,
    pub time_ms: u64,
    pub hash_every_ticks: u64,
    pub state_hash: String,
    /// Lines of `orders.jsonl` and data rows of `hashes.csv`, to notice when some are missing.
    pub orders: usize,
    pub hashes: usize,
}

/// Why a record cannot be written or used.
#[derive(Debug, thiserror::Error)]
pub enum RecordError {
    #[error("the record folder \"{0}\" exists and is not empty; name another or remove it")]
    Occupied(String),
    #[error("cannot write the record folder \"{folder}\": {source}")]
    Write { folder: String, source: io::Error },
    #[error("cannot read \"{file}\" of the record: {source}")]
    Read { file: String, source: io::Error },
    #[error("{what}, in \"{file}\", line {line}")]
    Line {
        file: String,
        line: usize,
        what: String,
    },
    #[error("{0}")]
    Level(LevelErrors),
    #[error("the record \"{folder}\" cannot be run: {why}")]
    Beginning { folder: String, why: String },
}

/// Writes the record of one run while it goes on.
#[derive(Debug)]
pub struct Recorder {
    folder: PathBuf,
    partial: Partial,
    level: Level,
    seed: u64,
    /// Orders that were given before the run, and those that its save had waiting.
    given: Vec<Issued>,
    saved: Vec<Issued>,
    from_save: bool,
    end: End,
    orders: BufWriter<File>,
    /// Orders that the world has taken, and lines that were written of them.
    orders_seen: u64,
    orders_written: usize,
    hashes: BufWriter<File>,
    hash_rows: usize,
    hashed_tick: Option<u64>,
    series: csv::Writer<File>,
    series_due_ms: u64,
    series_tick: Option<u64>,
}

/// A folder that disappears unless it is renamed into place.
#[derive(Debug)]
struct Partial(PathBuf);

impl Drop for Partial {
    fn drop(&mut self) {
        // After the rename there is nothing here, and that is no error.
        let _ = fs::remove_dir_all(&self.0);
    }
}

impl Recorder {
    /// Opens a record at `folder`, which must not exist or be empty, of a run that begins so and
    /// that was given these orders.
    ///
    /// # Errors
    /// If the folder is taken or cannot be written; nothing has changed then.
    pub fn create(
        folder: &Path,
        beginning: &Beginning,
        given: Vec<Issued>,
        end: End,
        world: &mut Headless,
    ) -> Result<Self, RecordError> {
        let failed = |source: io::Error| RecordError::Write {
            folder: folder.display().to_string(),
            source,
        };
        match fs::read_dir(folder) {
            Ok(mut entries) => {
                if entries.next().is_some() {
                    return Err(RecordError::Occupied(folder.display().to_string()));
                }
                // A folder that forbids writing is a wish to be respected, even if its parent
                // would let us replace it.
                let probe = folder.join(".bonanza-probe");
                File::create(&probe).map_err(failed)?;
                fs::remove_file(&probe).map_err(failed)?;
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(failed(error)),
        }
        let absolute = std::path::absolute(folder).map_err(failed)?;
        let (Some(parent), Some(name)) = (absolute.parent(), absolute.file_name()) else {
            return Err(failed(io::Error::other("it has no name")));
        };
        fs::create_dir_all(parent).map_err(failed)?;
        let mut hidden = std::ffi::OsString::from(".");
        hidden.push(name);
        hidden.push(format!(".partial-{}", std::process::id()));
        let path = parent.join(hidden);
        fs::create_dir(&path).map_err(failed)?;
        let partial = Partial(path);

        let level = world.level().clone();
        let seed = world.seed();
        write_text(&partial.0.join(LEVEL), &level.to_ron()).map_err(failed)?;
        let from_save = match beginning {
            Beginning::Level { .. } => false,
            Beginning::Save { bytes } => {
                fs::write(partial.0.join(START), bytes).map_err(failed)?;
                true
            }
        };
        let orders = BufWriter::new(File::create(partial.0.join(ORDERS)).map_err(failed)?);
        let mut hashes = BufWriter::new(File::create(partial.0.join(HASHES)).map_err(failed)?);
        writeln!(hashes, "tick,time_ms,state_hash").map_err(failed)?;
        let mut series = csv::Writer::from_path(partial.0.join("series.csv"))
            .map_err(|error| failed(error.into()))?;
        let mut header: Vec<String> = ["time_s", "tick", "rock_removed_kg", "price_credits_per_kg"]
            .map(str::to_owned)
            .to_vec();
        for prospector in &level.prospectors {
            header.push(format!("{}_credits", prospector.name));
            header.push(format!("{}_water_sold_kg", prospector.name));
        }
        series
            .write_record(&header)
            .map_err(|error| failed(error.into()))?;
        // What waits and was not given now, the save had.
        let mut saved: Vec<Issued> = world.orders_waiting().cloned().collect();
        for issued in &given {
            if let Some(at) = saved.iter().position(|waiting| waiting == issued) {
                saved.remove(at);
            }
        }
        let mut recorder = Self {
            folder: absolute,
            partial,
            level,
            seed,
            given,
            saved,
            from_save,
            end,
            orders,
            orders_seen: 0,
            orders_written: 0,
            hashes,
            hash_rows: 0,
            hashed_tick: None,
            series,
            series_due_ms: 0,
            series_tick: None,
        };
        recorder.observe(world)?;
        Ok(recorder)
    }

    /// Writes what is due after a tick.
    ///
    /// # Errors
    /// If the disk refuses; the record is then abandoned by dropping it.
    pub fn observe(&mut self, world: &mut Headless) -> Result<(), RecordError> {
        self.write_orders(world)
            .map_err(|source| self.failed(source))?;
        if world.tick().is_multiple_of(HASH_EVERY_TICKS) {
            self.write_hash(world)?;
        }
        if self.series_due_ms <= world.time_ms() {
            let every_ms = if world.time_ms() < SERIES_FINE_MS {
                SERIES_EVERY_MS
            } else {
                SERIES_LATER_MS
            };
            self.series_due_ms = (world.time_ms() / every_ms + 1) * every_ms;
            self.write_series(world)?;
        }
        Ok(())
    }

    /// Completes the record and puts it in its place.
    ///
    /// # Errors
    /// If the disk refuses; nothing is left behind then.
    pub fn finish(mut self, world: &mut Headless) -> Result<(), RecordError> {
        if self.hashed_tick != Some(world.tick()) {
            self.write_hash(world)?;
        }
        if self.series_tick != Some(world.tick()) {
            self.write_series(world)?;
        }
        let orders = self.complete(world).map_err(|source| self.failed(source))?;
        let facts = RunFacts {
            format: RECORD_FORMAT,
            program: env!("CARGO_PKG_VERSION").to_owned(),
            level: self.level.name.clone(),
            seed: self.seed,
            from_save: self.from_save,
            end: self.end,
            ticks: world.tick(),
            time_ms: world.time_ms(),
            hash_every_ticks: HASH_EVERY_TICKS,
            state_hash: hash_text(world.state_hash()),
            orders,
            hashes: self.hash_rows,
        };
        let text = serde_json::to_string_pretty(&facts)
            .map_err(|error| self.failed(io::Error::other(error)))?;
        write_text(&self.partial.0.join(RUN), &(text + "\n"))
            .map_err(|source| self.failed(source))?;
        // An empty folder of that name gives way; a full one makes the rename fail.
        match fs::remove_dir(&self.folder) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                return Err(self.failed(error));
            }
            _ => {}
        }
        fs::rename(&self.partial.0, &self.folder).map_err(|source| self.failed(source))
    }

    fn failed(&self, source: io::Error) -> RecordError {
        RecordError::Write {
            folder: self.folder.display().to_string(),
            source,
        }
    }

    fn write_hash(&mut self, world: &mut Headless) -> Result<(), RecordError> {
        let tick = world.tick();
        let hash = hash_text(world.state_hash());
        writeln!(self.hashes, "{tick},{},{hash}", world.time_ms())
            .map_err(|source| self.failed(source))?;
        self.hash_rows += 1;
        self.hashed_tick = Some(tick);
        Ok(())
    }

    fn write_series(&mut self, world: &mut Headless) -> Result<(), RecordError> {
        let mut row = vec![
            seconds_text(world.time_ms()),
            world.tick().to_string(),
            kilograms_text(world.terrain().removed_g()),
            format!("{:.6}", world.market().price_credits_per_kg()),
        ];
        for prospector in world.prospector_reports() {
            row.push(format!("{:.6}", prospector.credits));
            row.push(kilograms_text(
                prospector.sold_g.get("water").copied().unwrap_or(0),
            ));
        }
        self.series_tick = Some(world.tick());
        self.series
            .write_record(&row)
            .map_err(|error| self.failed(error.into()))
    }

    /// Writes the orders that have been taken since: the world keeps only so many.
    fn write_orders(&mut self, world: &Headless) -> io::Result<()> {
        let count = world.orders_taken_count();
        let taken = world.orders_taken();
        let new = (count - self.orders_seen).min(taken.len() as u64) as usize;
        self.orders_seen = count;
        // What was taken before the recorder came, its save had.
        let began = self.series_tick.is_some();
        for taken in taken.since(taken.len() - new) {
            let from_outside = !taken.scripted;
            let given = from_outside && strike(&mut self.given, &taken.issued);
            let saved =
                from_outside && !given && (!began || strike(&mut self.saved, &taken.issued));
            let line = OrderLine {
                at_s: taken.issued.at_ms as f64 / 1e3,
                by: taken.issued.by.clone(),
                order: taken.issued.order.clone(),
                tick: Some(taken.tick),
                scripted: taken.scripted,
                saved,
                live: from_outside && !given && !saved,
                refused: taken.answer.as_ref().err().map(ToString::to_string),
            };
            serde_json::to_writer(&mut self.orders, &line)?;
            self.orders.write_all(b"\n")?;
            self.orders_written += 1;
        }
        Ok(())
    }

    /// Writes what is known only at the end; the number of orders.
    fn complete(&mut self, world: &mut Headless) -> io::Result<usize> {
        self.write_orders(world)?;
        self.orders.flush()?;
        let mut file = csv::Writer::from_path(self.partial.0.join("figures.csv"))?;
        let ids = Figure::ALL.iter().map(|figure| figure.id);
        file.write_record(std::iter::once("time_s").chain(ids))?;
        let last = Sample {
            at_ms: world.time_ms(),
            values: world.figures(),
        };
        let earlier = world.figure_series().iter();
        let earlier = earlier.filter(|sample| sample.at_ms < last.at_ms);
        for sample in earlier.chain([&last]) {
            let values = sample.values.iter();
            let values = values.map(|value| value.map_or_else(String::new, |v| v.to_string()));
            file.write_record(std::iter::once(seconds_text(sample.at_ms)).chain(values))?;
        }
        file.flush()?;
        let ledger = world.ledger();
        let mut file = csv::Writer::from_path(self.partial.0.join("ledger.csv"))?;
        file.write_record([
            "time_s",
            "from_account",
            "to_account",
            "amount_g",
            "amount_micro_credits",
            "memo",
        ])?;
        for entry in ledger.journal() {
            let from = ledger.account(entry.from);
            let amount = entry.amount.to_string();
            let (grams, micro_credits) = split(from.unit, &amount);
            file.write_record([
                &seconds_text(entry.at_ms),
                &from.name,
                &ledger.account(entry.to).name,
                grams,
                micro_credits,
                entry.memo.as_str(),
            ])?;
        }
        file.flush()?;
        let mut file = csv::Writer::from_path(self.partial.0.join("accounts.csv"))?;
        file.write_record([
            "account",
            "holds",
            "opening_g",
            "opening_micro_credits",
            "balance_g",
            "balance_micro_credits",
        ])?;
        for account in ledger.accounts() {
            let opening = account.opening().to_string();
            let balance = account.balance().to_string();
            let (opening_g, opening_ucr) = split(account.unit, &opening);
            let (balance_g, balance_ucr) = split(account.unit, &balance);
            file.write_record([
                &account.name,
                account.unit.as_str(),
                opening_g,
                opening_ucr,
                balance_g,
                balance_ucr,
            ])?;
        }
        file.flush()?;
        self.hashes.flush()?;
        self.series.flush()?;
        Ok(self.orders_written)
    }
}

/// An amount in the column of its unit: grams or micro-credits.
fn split(unit: Unit, amount: &str) -> (&str, &str) {
    match unit {
        Unit::Credit => ("", amount),
        Unit::Good(_) => (amount, ""),
    }
}

/// How a replay went.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Replay {
    pub level: String,
    pub seed: u64,
    pub ticks: u64,
    pub hashes_compared: usize,
    /// The first hash that differs; `None` if all agree.
    pub mismatch: Option<Mismatch>,
}

/// Where a replay left the record.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Mismatch {
    pub tick: u64,
    pub recorded_time_ms: u64,
    pub replayed_time_ms: u64,
    pub recorded_hash: String,
    pub replayed_hash: String,
}

/// A row of `hashes.csv`.
#[derive(Clone, Debug, PartialEq, Eq)]
struct HashRow {
    tick: u64,
    time_ms: u64,
    hash: String,
}

/// Runs a record again and compares every state hash, up to the first that differs. `progress` is
/// told the ticks done and the ticks in all.
///
/// # Errors
/// If the folder does not hold a whole record.
pub fn replay(folder: &Path, mut progress: impl FnMut(u64, u64)) -> Result<Replay, RecordError> {
    let facts_file = folder.join(RUN);
    let facts_text = read_text(&facts_file)?;
    let facts: RunFacts = serde_json::from_str(&facts_text).map_err(|error| RecordError::Line {
        file: facts_file.display().to_string(),
        line: error.line().max(1),
        what: json_complaint(&error),
    })?;
    let wrong_fact = |what: String| RecordError::Line {
        file: facts_file.display().to_string(),
        line: 1,
        what,
    };
    if facts.format != RECORD_FORMAT {
        return Err(wrong_fact(format!(
            "format = {} must be {RECORD_FORMAT}, the format that this program reads",
            facts.format
        )));
    }

    let beginning = if facts.from_save {
        let file = folder.join(START);
        let bytes = fs::read(&file).map_err(|source| RecordError::Read {
            file: file.display().to_string(),
            source,
        })?;
        Beginning::Save { bytes }
    } else {
        Beginning::Level {
            level: Box::new(Level::read(&folder.join(LEVEL)).map_err(RecordError::Level)?),
            seed: facts.seed,
        }
    };
    let orders_file = folder.join(ORDERS);
    let orders_text = read_text(&orders_file)?;
    let orders_name = orders_file.display().to_string();
    let orders = parse_order_lines(&orders_text, &orders_name)?;
    if orders.len() != facts.orders {
        return Err(RecordError::Line {
            file: orders_name,
            line: orders_text.lines().count() + 1,
            what: format!(
                "the file holds {} orders, but the run took {}",
                orders.len(),
                facts.orders
            ),
        });
    }
    let rows = read_hashes(&folder.join(HASHES), &facts)?;

    let mut world = beginning.world().map_err(|why| RecordError::Beginning {
        folder: folder.display().to_string(),
        why,
    })?;
    let mut live = Vec::new();
    for parsed in orders {
        if parsed.order.live {
            live.push(parsed.issued);
        } else if !parsed.order.scripted && !parsed.order.saved {
            world.schedule(parsed.issued);
        }
    }
    let mut live = live.into_iter().peekable();
    let mut step = |world: &mut Headless| {
        while let Some(issued) = live.next_if(|issued| issued.at_ms <= world.time_ms()) {
            world.schedule(issued);
        }
        facts.end.step(world)
    };

    let mut replay = Replay {
        level: facts.level,
        seed: facts.seed,
        ticks: world.tick(),
        hashes_compared: 0,
        mismatch: None,
    };
    let last_tick = facts.ticks;
    for row in rows {
        while world.tick() < row.tick && step(&mut world) {
            if world.tick().is_multiple_of(HASH_EVERY_TICKS) {
                progress(world.tick(), last_tick);
            }
        }
        replay.ticks = world.tick();
        let hash = hash_text(world.state_hash());
        if world.tick() != row.tick || world.time_ms() != row.time_ms || hash != row.hash {
            replay.mismatch = Some(Mismatch {
                tick: row.tick,
                recorded_time_ms: row.time_ms,
                replayed_time_ms: world.time_ms(),
                recorded_hash: row.hash,
                replayed_hash: hash,
            });
            break;
        }
        replay.hashes_compared += 1;
    }
    progress(last_tick, last_tick);
    Ok(replay)
}

fn read_hashes(path: &Path, facts: &RunFacts) -> Result<Vec<HashRow>, RecordError> {
    let text = read_text(path)?;
    let file = path.display().to_string();
    let wrong = |line: usize, what: String| RecordError::Line {
        file: file.clone(),
        line,
        what,
    };
    let mut lines = text.lines();
    if lines.next() != Some("tick,time_ms,state_hash") {
        return Err(wrong(
            1,
            "the header must be tick,time_ms,state_hash".to_owned(),
        ));
    }
    let mut rows: Vec<HashRow> = Vec::new();
    for (i, line) in lines.enumerate() {
        let row = parse_hash(line).ok_or_else(|| {
            wrong(
                i + 2,
                format!("{line:?} must be a tick, a time in milliseconds and a hash of 16 digits"),
            )
        })?;
        if rows.last().is_some_and(|before| row.tick <= before.tick) {
            return Err(wrong(
                i + 2,
                format!("tick = {} must be after the row before", row.tick),
            ));
        }
        rows.push(row);
    }
    let whole = rows.len() == facts.hashes
        && rows
            .last()
            .is_some_and(|row| (row.tick, row.time_ms) == (facts.ticks, facts.time_ms));
    if !whole {
        return Err(wrong(
            rows.len() + 1,
            format!(
                "the file must hold {} hashes up to tick {}, and holds {}",
                facts.hashes,
                facts.ticks,
                rows.len()
            ),
        ));
    }
    Ok(rows)
}

fn parse_hash(line: &str) -> Option<HashRow> {
    let mut fields = line.split(',');
    let row = HashRow {
        tick: fields.next()?.parse().ok()?,
        time_ms: fields.next()?.parse().ok()?,
        hash: fields.next()?.to_owned(),
    };
    let hash_fits = row.hash.len() == 16 && row.hash.bytes().all(|byte| byte.is_ascii_hexdigit());
    (hash_fits && fields.next().is_none()).then_some(row)
}

/// A state hash as it stands in files and reports: 16 hexadecimal digits.
pub fn hash_text(hash: u64) -> String {
    format!("{hash:016x}")
}

fn seconds_text(time_ms: u64) -> String {
    format!("{}.{:03}", time_ms / 1000, time_ms % 1000)
}

fn kilograms_text(mass_g: i64) -> String {
    format!("{:.3}", mass_g as f64 / 1e3)
}

fn read_text(path: &Path) -> Result<String, RecordError> {
    fs::read_to_string(path).map_err(|source| RecordError::Read {
        file: path.display().to_string(),
        source,
    })
}

/// Writes a file and waits until the disk has it.
fn write_text(path: &Path, text: &str) -> io::Result<()> {
    let mut file = File::create(path)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()
}

/// Writes a file beside its place and renames it, so that a failure leaves what was there.
///
/// # Errors
/// If the disk refuses.
pub fn write_whole(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut hidden = std::ffi::OsString::from(".");
    hidden.push(path.file_name().ok_or(io::Error::other("it has no name"))?);
    hidden.push(format!(".partial-{}", std::process::id()));
    let partial = path.with_file_name(hidden);
    let written = File::create(&partial).and_then(|mut file| {
        file.write_all(bytes)?;
        file.sync_all()
    });
    let placed = written.and_then(|()| fs::rename(&partial, path));
    if placed.is_err() {
        // The first error is the one to report.
        let _ = fs::remove_file(&partial);
    }
    placed
}
