//! One world and its agents.

use std::sync::Arc;

use bevy::math::Vec3;
use serde::Serialize;
use xxhash_rust::xxh3::xxh3_64_with_seed;

use super::action::NoSuchChoice;
use super::cast::Cast;
use super::eyes::{Eyes, Material, PATCH, PICTURE, SCENE, Solid};
use super::layout::Layout;
use super::seats::{Episode, Seats};
use super::task::{Task, TaskError};
use crate::headless::Headless;
use crate::sim::level::Level;
use crate::sim::random;
use crate::sim::snapshot::{self, Checkpoint};

/// Messages and orders that a world keeps.
const LOG_LINES: usize = 64;
const LOG_ORDERS: usize = 256;
/// Of a plant that was not there at the start [m].
const PLANT_SIZE_M: Vec3 = Vec3::new(3.0, 2.0, 3.0);

/// An environment, frozen.
#[derive(Clone)]
pub struct Snapshot {
    world: Checkpoint,
    episode: Episode,
}

/// Why an environment cannot go on.
#[derive(Debug, thiserror::Error)]
pub enum Fault {
    #[error(transparent)]
    Task(#[from] TaskError),
    #[error("{0}")]
    Load(String),
    #[error("there is no agent \"{name}\": the level has {known}")]
    Agent { name: String, known: String },
    #[error("actions of agent \"{agent}\": {choice}")]
    Choice { agent: String, choice: NoSuchChoice },
    #[error(
        "actions of agent \"{agent}\": {name} = {value}, expected a finite number from -1 to 1"
    )]
    Number {
        agent: String,
        name: &'static str,
        value: f32,
    },
    #[error("{what} has {found} values, expected {expected}")]
    Length {
        what: &'static str,
        found: usize,
        expected: usize,
    },
    #[error("the task takes {0}, and was given {1}")]
    Kind(&'static str, &'static str),
    #[error("the snapshot cannot be used: {0}")]
    Snapshot(String),
}

/// What has come of an agent so far.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct AgentMetrics {
    pub agent: String,
    pub prospector: String,
    pub credits: f64,
    /// Since the start of the episode [credits].
    pub profit: f64,
    pub worth: f64,
    pub worth_gained: f64,
    pub refusals: u32,
    /// Where it is to go, in the frame of the site [m].
    pub mark_m: Option<[f32; 3]>,
    /// Its goal is achieved.
    pub succeeded: bool,
    pub is_done: bool,
}

/// What has come of a world so far.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Metrics {
    pub time_s: f64,
    pub steps: u32,
    /// The figures of merit by their ids.
    pub figures: std::collections::BTreeMap<&'static str, Option<f64>>,
    pub agents: Vec<AgentMetrics>,
}

/// Actions of all agents of a world, one after the other.
#[derive(Clone, Copy, Debug)]
pub enum Actions<'a> {
    Numbers(&'a [f32]),
    Choices(&'a [i64]),
}

/// The seed of an episode: that of the first is the seed itself.
pub fn episode_seed(seed: u64, number: u64) -> u64 {
    match number {
        0 => seed,
        number => xxh3_64_with_seed(&number.to_le_bytes(), seed),
    }
}

/// One world stepped by agents.
pub struct Env {
    level: Arc<Level>,
    /// The first episode at its start, which other worlds of the task are made from.
    start: Checkpoint,
    world: Headless,
    seats: Seats,
    /// Made when the first picture is wanted.
    eyes: Option<Eyes>,
}

impl Env {
    /// A new environment, at the start of its first episode.
    ///
    /// # Errors
    /// [`Fault`] if the task does not fit its level.
    pub fn new(task: &Task, seed: u64) -> Result<Self, Fault> {
        task.check()?;
        let level = Arc::new(task.read_level()?);
        let mut world = load(task, &level, seed)?;
        let cast = Arc::new(Cast::of(task, &level, &mut world)?);
        let layout = Arc::new(Layout::of(&cast));
        Ok(Self::around(cast, layout, level, world, seed))
    }

    /// Another environment of the same task.
    ///
    /// # Errors
    /// [`Fault`] as [`Env::new`].
    pub fn sibling(&self, seed: u64) -> Result<Self, Fault> {
        let world = if self.seats.cast.task.randomise.is_empty() {
            let mut world = Headless::from_checkpoint(&self.start);
            world.reset(Some(seed));
            world
        } else {
            load(&self.seats.cast.task, &self.level, seed)?
        };
        Ok(Self::around(
            Arc::clone(&self.seats.cast),
            Arc::clone(&self.seats.layout),
            Arc::clone(&self.level),
            world,
            seed,
        ))
    }

    fn around(
        cast: Arc<Cast>,
        layout: Arc<Layout>,
        level: Arc<Level>,
        mut world: Headless,
        seed: u64,
    ) -> Self {
        let mut env = Self {
            level,
            start: world.checkpoint(),
            world,
            seats: Seats::new(cast, layout, seed),
            eyes: None,
        };
        env.begin();
        env
    }

    pub fn task(&self) -> &Task {
        &self.seats.cast.task
    }

    pub fn layout(&self) -> &Arc<Layout> {
        &self.seats.layout
    }

    pub fn world(&self) -> &Headless {
        &self.world
    }

    pub fn world_mut(&mut self) -> &mut Headless {
        &mut self.world
    }

    /// Names of all agents, in the order of all arrays.
    pub fn agents(&self) -> impl ExactSizeIterator<Item = &str> {
        self.seats
            .cast
            .agents
            .iter()
            .map(|agent| agent.name.as_str())
    }

    /// Steps done in this episode.
    pub fn steps(&self) -> u32 {
        self.seats.episode.steps
    }

    /// The seed of this episode.
    pub fn seed(&self) -> u64 {
        episode_seed(self.seats.episode.seed, self.seats.episode.number)
    }

    /// Nothing more will come of this episode.
    pub fn is_over(&self) -> bool {
        self.seats.episode.truncated || self.seats.episode.seats.iter().all(|seat| seat.done)
    }

    pub fn is_truncated(&self) -> bool {
        self.seats.episode.truncated
    }

    pub fn is_done(&self, agent: usize) -> bool {
        self.seats.episode.seats[agent].done
    }

    /// Starts anew: the first episode of a seed, or the next of the same.
    ///
    /// # Errors
    /// [`Fault`] if what is drawn for the episode does not make a level.
    pub fn reset(&mut self, seed: Option<u64>) -> Result<(), Fault> {
        match seed {
            Some(seed) => (self.seats.episode.seed, self.seats.episode.number) = (seed, 0),
            None => self.seats.episode.number += 1,
        }
        let seed = self.seed();
        if self.seats.cast.task.randomise.is_empty() {
            self.world.reset(Some(seed));
        } else {
            self.world = load(&self.seats.cast.task, &self.level, seed)?;
        }
        self.begin();
        Ok(())
    }

    fn begin(&mut self) {
        let seed = self.seed();
        self.world.keep_log(LOG_LINES, LOG_ORDERS);
        self.seats.begin(&mut self.world, seed);
        self.eyes = None;
    }

    /// Takes the actions of all agents and lets the world go on for a stride. Agents that are done
    /// do nothing.
    ///
    /// # Errors
    /// [`Fault`] if the actions are not as long as the agents are many, a choice does not exist or a
    /// number is none; the world has not moved then.
    pub fn step(&mut self, actions: Actions<'_>, rewards: &mut [f32]) -> Result<(), Fault> {
        let agents = self.seats.cast.agents.len();
        length("the array of rewards", rewards.len(), agents)?;
        self.check_actions(actions)?;
        let (seats, world) = (&mut self.seats, &mut self.world);
        seats.order(world, actions);
        seats.advance(world);
        seats.episode.steps += 1;
        world.read_telemetry(&mut seats.telemetry);
        seats.note_refusals(world);
        seats.look_round(world);
        seats.reward(world, rewards);
        seats.episode.truncated = seats.cast.task.horizon_steps <= seats.episode.steps;
        Ok(())
    }

    /// Whether the actions of all agents can be taken.
    ///
    /// # Errors
    /// As [`Env::step`].
    pub fn check_actions(&self, actions: Actions<'_>) -> Result<(), Fault> {
        self.seats.check_actions(actions)
    }

    /// Writes what all agents see, one after the other.
    ///
    /// # Panics
    /// If `out` is not as long as all observations together.
    pub fn observe(&self, out: &mut [f32]) {
        self.seats.observe(&self.world, out);
    }

    /// Writes which choices make sense for all agents, one after the other.
    ///
    /// # Panics
    /// If `out` is not as long as all masks together.
    pub fn masks(&self, out: &mut [bool]) {
        self.seats.masks(&self.world, out);
    }

    /// What has come of the world so far. Costs more than a step.
    pub fn metrics(&mut self) -> Metrics {
        self.seats.metrics(&mut self.world)
    }

    /// Hash of everything that can make a difference later.
    pub fn state_hash(&mut self) -> u64 {
        let episode = postcard::to_stdvec(&self.seats.episode).expect("an episode is plain data");
        xxh3_64_with_seed(&episode, self.world.state_hash())
    }

    pub fn snapshot(&mut self) -> Snapshot {
        Snapshot {
            world: self.world.checkpoint(),
            episode: self.seats.episode.clone(),
        }
    }

    /// Goes back, or on, to a snapshot of the same task.
    ///
    /// # Errors
    /// [`Fault::Snapshot`] if it is of another task.
    pub fn restore(&mut self, snapshot: &Snapshot) -> Result<(), Fault> {
        if snapshot.episode.seats.len() != self.seats.cast.agents.len() {
            return Err(Fault::Snapshot(format!(
                "it has {} agents, this task has {}",
                snapshot.episode.seats.len(),
                self.seats.cast.agents.len()
            )));
        }
        let level = snapshot.world.level();
        let is_same = level.name == self.level.name
            && level.robots.len() == self.level.robots.len()
            && self
                .seats
                .cast
                .agents
                .iter()
                .zip(&snapshot.episode.seats)
                .all(|(agent, seat)| {
                    agent.owner == seat.owner
                        && agent.robots == seat.robots
                        && agent.plants == seat.plants
                });
        if !is_same {
            return Err(Fault::Snapshot(format!(
                "it is of other agents, or of a world of level \"{}\"",
                level.name
            )));
        }
        self.world.return_to(&snapshot.world);
        self.seats.episode = snapshot.episode.clone();
        self.seats.look(&mut self.world);
        if let Some(eyes) = &mut self.eyes {
            eyes.forget();
        }
        Ok(())
    }

    /// Writes what the cameras of all agents see, one after the other: agents × [`PICTURE`], see
    /// [`Eyes::picture`].
    ///
    /// # Errors
    /// [`Fault::Length`] if `out` has another length.
    pub fn pictures(&mut self, out: &mut [u8]) -> Result<(), Fault> {
        let each = PICTURE.iter().product();
        length(
            "the array of pictures",
            out.len(),
            each * self.agents().len(),
        )?;
        let (seats, eyes) = (
            &self.seats,
            opened(&mut self.eyes, &self.seats, &mut self.world),
        );
        let (cast, telemetry) = (&seats.cast, &seats.telemetry);
        let agents = seats.episode.seats.iter().zip(out.chunks_exact_mut(each));
        for (agent, (seat, out)) in agents.enumerate() {
            let at = seat.robots.first().copied();
            eyes.picture(agent, at, cast, telemetry, self.world.terrain(), out);
        }
        Ok(())
    }

    /// Writes the ground around the first robots of all agents: agents × [`PATCH`], see
    /// [`Eyes::patch`].
    ///
    /// # Errors
    /// [`Fault::Length`] if `out` has another length.
    pub fn patches(&self, out: &mut [u8]) -> Result<(), Fault> {
        let each = PATCH.iter().product();
        length(
            "the array of patches",
            out.len(),
            each * self.agents().len(),
        )?;
        let seats = self.seats.episode.seats.iter();
        for (seat, out) in seats.zip(out.chunks_exact_mut(each)) {
            let at = seat.robots.first().copied();
            Eyes::patch(at, &self.seats.telemetry, self.world.terrain(), out);
        }
        Ok(())
    }

    /// Writes a picture for people, from behind the first robot of an agent that has one: [`SCENE`].
    ///
    /// # Errors
    /// [`Fault::Length`] if `out` has another length.
    pub fn scene(&mut self, agent: usize, out: &mut [u8]) -> Result<(), Fault> {
        length(
            "the array of the picture",
            out.len(),
            SCENE.iter().product(),
        )?;
        let (seats, eyes) = (
            &self.seats,
            opened(&mut self.eyes, &self.seats, &mut self.world),
        );
        let seat = seats.episode.seats.get(agent);
        let at = seat
            .and_then(|seat| seat.robots.first())
            .copied()
            .unwrap_or(0);
        eyes.scene(at, &seats.cast, &seats.telemetry, self.world.terrain(), out);
        Ok(())
    }
}

/// The eyes of a world, opened now if they were not.
fn opened<'a>(eyes: &'a mut Option<Eyes>, seats: &Seats, world: &mut Headless) -> &'a mut Eyes {
    eyes.get_or_insert_with(|| {
        let level = world.level().clone();
        let size_m = |name: &str| {
            let spec = level.plants.iter().find(|plant| plant.name == name)?;
            let (x, y, z) = level.plant_kinds.get(&spec.kind)?.size_m;
            Some(Vec3::new(x as f32, y as f32, z as f32))
        };
        let plants = world.scene().plants;
        let plants = plants.iter().map(|plant| Solid {
            position_m: plant.position_m,
            rotation: plant.rotation,
            size_m: size_m(&plant.name).unwrap_or(PLANT_SIZE_M),
            paint: Material::Plant as u8,
        });
        let rings = Arc::clone(&seats.cast.rings);
        Eyes::new(rings, seats.cast.agents.len(), plants.collect())
    })
}

impl Snapshot {
    pub fn to_bytes(&self) -> Vec<u8> {
        postcard::to_stdvec(&(&self.episode, snapshot::save(&self.world)))
            .expect("a snapshot is plain data")
    }

    /// # Errors
    /// [`Fault::Snapshot`] if the bytes are none.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, Fault> {
        let (episode, world): (Episode, Vec<u8>) = postcard::from_bytes(bytes)
            .map_err(|error| Fault::Snapshot(format!("it cannot be read: {error}")))?;
        let world = snapshot::read(&world).map_err(|error| Fault::Snapshot(error.to_string()))?;
        Ok(Self { world, episode })
    }
}

pub(super) fn length(what: &'static str, found: usize, expected: usize) -> Result<(), Fault> {
    if found == expected {
        return Ok(());
    }
    Err(Fault::Length {
        what,
        found,
        expected,
    })
}

/// The world of an episode.
fn load(task: &Task, level: &Level, seed: u64) -> Result<Headless, Fault> {
    let failed = |error: crate::headless::LoadError| Fault::Load(error.to_string());
    if task.randomise.is_empty() {
        return Headless::load(level, Some(seed)).map_err(failed);
    }
    let mut stream = random::stream(seed, "randomise");
    let drawn: Vec<f64> = task
        .randomise
        .iter()
        .map(|range| range.low + (range.high - range.low) * random::uniform(&mut stream))
        .collect();
    let level = task.prepare(level, &drawn)?;
    Headless::load(&level, Some(seed)).map_err(failed)
}
