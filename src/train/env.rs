//! One world and its agents.

use std::sync::Arc;

use bevy::math::{DVec3, Vec3};
use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::xxh3_64_with_seed;

use super::action::{self, NoSuchChoice};
use super::layout::Layout;
use super::look::{self, Values};
use super::task::{Control, Goal, Reward, Stride, Task, TaskError, Who};
use crate::headless::Headless;
use crate::sim::asteroid::constituent::Constituent;
use crate::sim::economy::commerce::{Commerce, Party};
use crate::sim::economy::exchange::Listing;
use crate::sim::economy::figures::Figure;
use crate::sim::economy::good::Good;
use crate::sim::economy::stores::Place;
use crate::sim::level::{Level, RobotKind};
use crate::sim::observation::telemetry::{RobotRow, Telemetry, radar_height_m};
use crate::sim::order::Order;
use crate::sim::prospecting::GradeMap;
use crate::sim::prospector::ProspectorId;
use crate::sim::random;
use crate::sim::robot::guidance;
use crate::sim::snapshot::{self, Checkpoint};

/// A change of velocity within a tick is a blow if it is more than this times what full thrust along
/// all three axes gives, and more than a little [m/s].
const JOLT: f64 = 2.0;
const JOLT_MIN_M_S: f64 = 0.002;
/// Reward for a goal achieved, and for one lost.
const SUCCESS: f64 = 10.0;
const FAILURE: f64 = -10.0;
/// Price of a step on the way to a goal.
const HASTE: f64 = 0.01;
/// Slower than this a robot that is steered by hand has arrived [m/s].
const HOVER_MAX_M_S: f32 = 0.05;
/// A robot stands if its tilt is less than this, as a cosine.
const STANDS: f32 = 0.8;
/// How much of all dividends counts beside one's own profit.
const DIVIDEND_WEIGHT: f64 = 0.5;
/// What agents trade at the exchange.
const SITE_WATER: Listing = Listing::Goods {
    place: Place::Site,
    good: Good::Water,
};
/// How often a radar altimeter reads [ms].
const RADAR_MS: u64 = 1_000;
/// Messages and orders that a world keeps.
const LOG_LINES: usize = 64;
const LOG_ORDERS: usize = 256;
/// How often offers of data are looked through [ms].
const OFFERS_MS: u64 = 3_600_000;

/// Who is in a world, as far as it does not change: one for all worlds of a task.
pub struct Cast {
    pub task: Task,
    pub(super) robots: Vec<CastRobot>,
    pub(super) plants: Vec<String>,
    /// What each plant can be told to do.
    pub(super) processes: Vec<Vec<String>>,
    pub(super) prospectors: Vec<String>,
    pub(super) agents: Vec<CastAgent>,
    /// Most robots and plants that an agent has.
    pub(super) robots_max: usize,
    pub(super) plants_max: usize,
    /// Robots that an agent gives orders to.
    pub(super) robot_heads: usize,
    pub(super) deals: bool,
    pub(super) has_mark: bool,
    pub(super) base_price_credits_per_kg: f64,
    pub(super) safe_speed_m_s: f64,
    tick_s: f64,
}

pub(super) struct CastRobot {
    pub name: String,
    pub kind: Arc<RobotKind>,
}

pub(super) struct CastAgent {
    pub name: String,
    pub owner: ProspectorId,
    pub robots: Vec<usize>,
    pub plants: Vec<usize>,
}

/// What is public and the same for all agents.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Public {
    pub best_bid: f64,
    pub best_ask: f64,
    pub fund_credits: f64,
    pub claims: usize,
    pub open_proposal: Option<u32>,
}

/// All that agents of a world see at one time.
pub(super) struct View<'a> {
    pub telemetry: &'a Telemetry,
    commerce: &'a Commerce,
    pub public: Public,
    /// Of the episode, 0 to 1.
    pub progress: f32,
    pub may_claim: bool,
    pub claim_radius_max_m: Option<f64>,
}

impl View<'_> {
    /// Orders of the agent's prospector that wait at the exchange.
    pub fn own_orders(&self, seat: &Seat) -> Vec<u64> {
        let own = self.commerce.exchange.own_orders(Party(seat.owner.0));
        own.iter().map(|order| order.order).collect()
    }
    /// The nearest robots that are not the agent's first, nearest first.
    pub fn neighbours(&self, at: usize, _seat: &Seat, count: usize) -> Vec<usize> {
        let robots = &self.telemetry.robots;
        let from_m = robots[at].position_m;
        let mut near: Vec<(f32, usize)> = Vec::with_capacity(count + 1);
        for (other, row) in robots.iter().enumerate() {
            if other == at || row.gone {
                continue;
            }
            let squared = row.position_m.distance_squared(from_m);
            if near.len() == count && near.last().is_none_or(|(farthest, _)| *farthest <= squared) {
                continue;
            }
            let slot = near.partition_point(|(nearer, _)| *nearer <= squared);
            near.insert(slot, (squared, other));
            near.truncate(count);
        }
        near.into_iter().map(|(_, other)| other).collect()
    }
}

/// What is thought of the ground under a robot.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Known {
    pub is_known: bool,
    pub water: f32,
    pub water_std: f32,
    /// What it was found from.
    at_m: [f32; 3],
    readings: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct OwnClaim {
    pub id: u32,
    pub centre_m: Vec3,
}

/// One agent within an episode.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct Seat {
    pub owner: ProspectorId,
    pub robots: Vec<usize>,
    pub plants: Vec<usize>,
    /// An order of the last step was refused.
    pub refused: bool,
    /// It has achieved its goal, or failed for good.
    pub done: bool,
    pub mark_m: Option<Vec3>,
    pub credits_at_start: f64,
    pub ground: Vec<Known>,
    pub claims: Vec<OwnClaim>,
    pub quota_left_kg: Option<f64>,
    /// Number and price.
    pub cheapest_offer: Option<(u32, f64)>,
    /// What the last reward was reckoned from.
    last: f64,
    worth_at_start: f64,
    refusals: u32,
    succeeded: bool,
    /// It has an offer of data out.
    pub offers_data: bool,
    /// What the altimeter of its first robot read last, where it is steered by hand [m].
    pub height_m: f32,
    /// Speed with which its first robot touched the ground in the last step, if it did [m/s].
    touched_m_s: Option<f32>,
}

/// The part of the state of an environment that its world does not know.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
struct Episode {
    /// The seed that the run of episodes began with, and how many have begun since.
    seed: u64,
    number: u64,
    steps: u32,
    truncated: bool,
    seats: Vec<Seat>,
    /// Of all, when the last reward was reckoned.
    welfare: f64,
    dividends: f64,
    orders_seen: u64,
    /// When offers, and when altimeters, are read next.
    offers_at_ms: u64,
    radar_at_ms: u64,
}

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
    cast: Arc<Cast>,
    layout: Arc<Layout>,
    level: Arc<Level>,
    /// The first episode at its start, which other worlds of the task are made from.
    start: Checkpoint,
    world: Headless,
    telemetry: Telemetry,
    episode: Episode,
    public: Public,
    /// Memory that each step uses again.
    orders: Vec<Order>,
    spare: Telemetry,
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
        let world = if self.cast.task.randomise.is_empty() {
            let mut world = Headless::from_checkpoint(&self.start);
            world.reset(Some(seed));
            world
        } else {
            load(&self.cast.task, &self.level, seed)?
        };
        Ok(Self::around(
            Arc::clone(&self.cast),
            Arc::clone(&self.layout),
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
        let episode = Episode {
            seed,
            number: 0,
            steps: 0,
            truncated: false,
            seats: Vec::new(),
            welfare: 0.0,
            dividends: 0.0,
            orders_seen: 0,
            offers_at_ms: 0,
            radar_at_ms: 0,
        };
        let mut env = Self {
            cast,
            layout,
            level,
            start: world.checkpoint(),
            world,
            telemetry: Telemetry::default(),
            episode,
            public: Public::default(),
            orders: Vec::new(),
            spare: Telemetry::default(),
        };
        env.begin();
        env
    }

    pub fn task(&self) -> &Task {
        &self.cast.task
    }

    pub fn layout(&self) -> &Arc<Layout> {
        &self.layout
    }

    pub fn world(&self) -> &Headless {
        &self.world
    }

    pub fn world_mut(&mut self) -> &mut Headless {
        &mut self.world
    }

    /// Names of all agents, in the order of all arrays.
    pub fn agents(&self) -> impl ExactSizeIterator<Item = &str> {
        self.cast.agents.iter().map(|agent| agent.name.as_str())
    }

    /// Steps done in this episode.
    pub fn steps(&self) -> u32 {
        self.episode.steps
    }

    /// The seed of this episode.
    pub fn seed(&self) -> u64 {
        episode_seed(self.episode.seed, self.episode.number)
    }

    /// Nothing more will come of this episode.
    pub fn is_over(&self) -> bool {
        self.episode.truncated || self.episode.seats.iter().all(|seat| seat.done)
    }

    pub fn is_truncated(&self) -> bool {
        self.episode.truncated
    }

    pub fn is_done(&self, agent: usize) -> bool {
        self.episode.seats[agent].done
    }

    /// Starts anew: the first episode of a seed, or the next of the same.
    ///
    /// # Errors
    /// [`Fault`] if what is drawn for the episode does not make a level.
    pub fn reset(&mut self, seed: Option<u64>) -> Result<(), Fault> {
        match seed {
            Some(seed) => (self.episode.seed, self.episode.number) = (seed, 0),
            None => self.episode.number += 1,
        }
        let seed = self.seed();
        if self.cast.task.randomise.is_empty() {
            self.world.reset(Some(seed));
        } else {
            self.world = load(&self.cast.task, &self.level, seed)?;
        }
        self.begin();
        Ok(())
    }

    /// Seats everybody in a world that has just been made.
    fn begin(&mut self) {
        let seed = self.seed();
        self.episode.steps = 0;
        self.episode.truncated = false;
        self.episode.orders_seen = self.world.orders_taken_count();
        self.episode.offers_at_ms = 0;
        self.episode.radar_at_ms = 0;
        self.world.keep_log(LOG_LINES, LOG_ORDERS);
        self.episode.seats = self.cast.agents.iter().map(Seat::of).collect();
        self.world.read_telemetry(&mut self.telemetry);
        if let Some(goal) = self.cast.task.goal {
            for agent in 0..self.episode.seats.len() {
                self.set_goal(agent, goal, seed);
            }
            self.world.read_telemetry(&mut self.telemetry);
        }
        self.look_round();
        for agent in 0..self.episode.seats.len() {
            let credits = self.credits(agent);
            let worth = self.worth(agent);
            let potential = self.potential(agent);
            let seat = &mut self.episode.seats[agent];
            seat.credits_at_start = credits;
            seat.worth_at_start = worth;
            seat.last = match self.cast.task.reward {
                Reward::Worth => worth,
                Reward::Goal => potential,
                _ => credits,
            };
        }
        (self.episode.welfare, self.episode.dividends) = self.public_good();
    }

    /// Draws what an agent's goal leaves open.
    fn set_goal(&mut self, agent: usize, goal: Goal, seed: u64) {
        let mut stream = random::stream(seed, &format!("goal:{agent}"));
        let mut draw = |low: f64, high: f64| low + (high - low) * random::uniform(&mut stream);
        let Some(&at) = self.episode.seats[agent].robots.first() else {
            return;
        };
        let row = self.telemetry.robots[at];
        let (east, north) = look::compass(row.up);
        match goal {
            Goal::Reach { distance_m, .. } => {
                let angle = draw(0.0, std::f64::consts::TAU);
                let far_m = draw(distance_m.0, distance_m.1);
                let along = (angle.cos() as f32) * north + (angle.sin() as f32) * east;
                let beside_m = (row.position_m + far_m as f32 * along).as_dvec3();
                let model = self.world.terrain().model();
                let ground_m = model.surface_towards(model.from_centre(beside_m).normalize());
                let half_m = 0.5 * self.cast.robots[at].kind.size_m.1;
                let mark_m = ground_m + half_m * self.world.terrain().up(ground_m);
                self.episode.seats[agent].mark_m = Some(mark_m.as_vec3());
            }
            Goal::Land {
                height_m,
                fall_m_s,
                drift_m_s,
                ..
            } => {
                let height_m = draw(height_m.0, height_m.1) as f32;
                let fall_m_s = draw(fall_m_s.0, fall_m_s.1) as f32;
                let speed_m_s = draw(0.0, drift_m_s) as f32;
                let angle = draw(0.0, std::f64::consts::TAU) as f32;
                let drift = speed_m_s * (angle.cos() * north + angle.sin() * east);
                let name = &self.cast.robots[at].name;
                let rotation = row.rotation;
                let place_m = row.position_m + height_m * row.up;
                self.world
                    .place_robot(name, place_m, rotation, drift - fall_m_s * row.up);
            }
            Goal::Hole { .. } | Goal::Bin { .. } => {}
        }
    }

    /// Takes the actions of all agents and lets the world go on for a stride. Agents that are done
    /// do nothing.
    ///
    /// # Errors
    /// [`Fault`] if the actions are not as long as the agents are many, a choice does not exist or a
    /// number is none; the world has not moved then.
    pub fn step(&mut self, actions: Actions<'_>, rewards: &mut [f32]) -> Result<(), Fault> {
        length(
            "the array of rewards",
            rewards.len(),
            self.cast.agents.len(),
        )?;
        self.check_actions(actions)?;
        self.order(actions);
        self.advance();
        self.episode.steps += 1;
        self.world.read_telemetry(&mut self.telemetry);
        self.note_refusals();
        self.look_round();
        self.reward(rewards);
        self.episode.truncated = self.cast.task.horizon_steps <= self.episode.steps;
        Ok(())
    }

    /// Whether the actions of all agents can be taken.
    ///
    /// # Errors
    /// As [`Env::step`].
    pub fn check_actions(&self, actions: Actions<'_>) -> Result<(), Fault> {
        let agents = self.cast.agents.len();
        let each = self.layout.heads.len();
        match (actions, self.layout.heads.kind) {
            (Actions::Numbers(numbers), action::Kind::Numbers) => {
                length("the array of actions", numbers.len(), agents * each)?;
                if let Some(at) = numbers
                    .iter()
                    .position(|number| !(number.is_finite() && number.abs() <= 1.0))
                {
                    return Err(Fault::Number {
                        agent: self.cast.agents[at / each].name.clone(),
                        name: action::ACTUATORS[at % each],
                        value: numbers[at],
                    });
                }
                Ok(())
            }
            (Actions::Choices(choices), action::Kind::Choices) => {
                length("the array of actions", choices.len(), agents * each)?;
                for (agent, choices) in self.cast.agents.iter().zip(choices.chunks_exact(each)) {
                    action::check(&self.layout.heads, choices).map_err(|choice| Fault::Choice {
                        agent: agent.name.clone(),
                        choice,
                    })?;
                }
                Ok(())
            }
            (Actions::Numbers(_), action::Kind::Choices) => Err(Fault::Kind("choices", "numbers")),
            (Actions::Choices(_), action::Kind::Numbers) => Err(Fault::Kind("numbers", "choices")),
        }
    }

    fn order(&mut self, actions: Actions<'_>) {
        let each = self.layout.heads.len();
        let for_s = self.stride_s();
        let mut orders = std::mem::take(&mut self.orders);
        for agent in 0..self.episode.seats.len() {
            let seat = &self.episode.seats[agent];
            if seat.done {
                continue;
            }
            let mine = agent * each..(agent + 1) * each;
            let view = self.view();
            match actions {
                Actions::Numbers(numbers) => {
                    action::actuate(&self.cast, seat, &view, &numbers[mine], for_s, &mut orders);
                }
                Actions::Choices(choices) => {
                    action::choose(&self.cast, seat, &view, &choices[mine], &mut orders);
                }
            }
            let by = &self.cast.prospectors[seat.owner.0 as usize];
            for order in orders.drain(..) {
                self.world.submit(by, order);
            }
        }
        self.orders = orders;
    }

    /// Length of a step, at least [s].
    fn stride_s(&self) -> f64 {
        match self.cast.task.stride {
            Stride::Ticks(ticks) => f64::from(ticks) * self.cast.tick_s,
            Stride::Seconds(seconds) | Stride::Decision(seconds) => {
                (seconds / self.cast.tick_s).ceil() * self.cast.tick_s
            }
        }
    }

    fn advance(&mut self) {
        match self.cast.task.stride {
            Stride::Ticks(ticks) => {
                for _ in 0..ticks {
                    self.world.step();
                }
            }
            Stride::Seconds(seconds) => {
                let until_ms = self.world.time_ms() + (1e3 * seconds).round() as u64;
                if matches!(self.cast.task.goal, Some(Goal::Land { .. })) {
                    self.fly_until_touch(until_ms);
                } else {
                    self.world.run_until_ms(until_ms);
                }
            }
            Stride::Decision(seconds) => {
                let until_ms = self.world.time_ms() + (1e3 * seconds).round() as u64;
                let mut busy = false;
                while self.world.time_ms() < until_ms {
                    self.world.step();
                    self.world.read_telemetry(&mut self.telemetry);
                    if self.asks_for_more(&mut busy) {
                        break;
                    }
                }
            }
        }
    }

    /// Ticks until a time, or until the first robot of an agent touches the ground.
    fn fly_until_touch(&mut self, until_ms: u64) {
        let mut touched = false;
        while self.world.time_ms() < until_ms && !touched {
            self.world.step();
            let mut before = std::mem::take(&mut self.telemetry);
            self.telemetry = std::mem::take(&mut self.spare);
            self.world.read_telemetry(&mut self.telemetry);
            for seat in self.episode.seats.iter_mut().filter(|seat| !seat.done) {
                let Some(&at) = seat.robots.first() else {
                    continue;
                };
                let (row, was) = (&self.telemetry.robots[at], &before.robots[at]);
                // Who comes fast is thrown back before the tick is over, which an accelerometer feels.
                let jolt_m_s = row.velocity_m_s.distance(was.velocity_m_s);
                let kind = &self.cast.robots[at].kind;
                let steered_m_s = kind.thrust_max_n() / kind.dry_mass_kg * self.cast.tick_s;
                if row.touching || JOLT * steered_m_s + JOLT_MIN_M_S < f64::from(jolt_m_s) {
                    seat.touched_m_s = Some(was.velocity_m_s.length());
                    touched = true;
                }
            }
            std::mem::swap(&mut self.spare, &mut before);
        }
    }

    /// Whether a robot of an agent has become idle; `busy` remembers whether any was not.
    fn asks_for_more(&self, busy: &mut bool) -> bool {
        let seats = self.episode.seats.iter().filter(|seat| !seat.done);
        let mut rows = seats
            .flat_map(|seat| &seat.robots)
            .map(|&at| &self.telemetry.robots[at]);
        let (mut idle, mut works) = (false, false);
        for row in rows.by_ref().filter(|row| !row.gone) {
            idle |= row.idle;
            works |= !row.idle;
        }
        let asks = *busy && idle;
        *busy |= works;
        asks
    }

    fn note_refusals(&mut self) {
        for seat in &mut self.episode.seats {
            seat.refused = false;
        }
        let count = self.world.orders_taken_count();
        let taken = self.world.orders_taken();
        let new = (count - self.episode.orders_seen).min(taken.len() as u64) as usize;
        self.episode.orders_seen = count;
        for order in taken.since(taken.len() - new) {
            if order.answer.is_ok() || order.scripted {
                continue;
            }
            let robot = order.issued.order.robot();
            let agents = self.cast.agents.iter().zip(&mut self.episode.seats);
            for (agent, seat) in agents {
                let by_it = self.cast.prospectors[agent.owner.0 as usize] == order.issued.by;
                let is_own = self.cast.deals
                    || robot.is_none_or(|robot| {
                        agent
                            .robots
                            .iter()
                            .any(|&at| self.cast.robots[at].name == robot)
                    });
                if by_it && is_own {
                    seat.refused = true;
                    seat.refusals += 1;
                }
            }
        }
    }

    /// Brings up to date what telemetry does not tell.
    fn look_round(&mut self) {
        if self.cast.task.control == Control::Actuators {
            self.read_altimeters();
            return;
        }
        let now_ms = self.world.time_ms();
        let registry = self.world.claims();
        let regime = self.world.regime();
        self.public = Public {
            fund_credits: regime.fund_credits(self.world.ledger()),
            claims: registry.standing().count(),
            open_proposal: regime.politics().open().next().map(|proposal| proposal.id),
            ..Public::default()
        };
        let main = self.world.market();
        let (node, good) = (main.node(), main.good());
        for seat in &mut self.episode.seats {
            let name = &self.cast.prospectors[seat.owner.0 as usize];
            seat.claims.clear();
            seat.claims.extend(
                registry
                    .standing()
                    .filter(|claim| claim.holder == *name)
                    .map(|claim| OwnClaim {
                        id: claim.id.0,
                        centre_m: claim.boundary.centre_m().as_vec3(),
                    }),
            );
            seat.quota_left_kg = regime
                .quota_left_g(name, good, node, now_ms)
                .map(|left_g| 1e-3 * left_g as f64);
        }
        let (bid, ask) = self.world.commerce().exchange.best(&SITE_WATER);

        self.public.best_bid = bid.unwrap_or(0.0);
        self.public.best_ask = ask.unwrap_or(0.0);
        if self.cast.deals && (self.episode.offers_at_ms <= now_ms) {
            self.episode.offers_at_ms = now_ms + OFFERS_MS;
            for seat in &mut self.episode.seats {
                let name = &self.cast.prospectors[seat.owner.0 as usize];
                let offers = self.world.data_offers(name);
                seat.cheapest_offer = offers
                    .iter()
                    .filter(|offer| offer.seller != *name && 0 < offer.new_to_you)
                    .map(|offer| (offer.id, offer.price_credits))
                    .min_by(|one, other| one.1.total_cmp(&other.1));
                seat.offers_data = offers.iter().any(|offer| offer.seller == *name);
            }
        }
        self.read_ground();
    }

    fn read_altimeters(&mut self) {
        let now_ms = self.world.time_ms();
        if now_ms < self.episode.radar_at_ms {
            return;
        }
        self.episode.radar_at_ms = now_ms + RADAR_MS;
        let terrain = self.world.terrain();
        for seat in &mut self.episode.seats {
            let Some(&at) = seat.robots.first() else {
                continue;
            };
            let row = &self.telemetry.robots[at];
            seat.height_m = if row.at_rest || row.gone {
                0.0
            } else {
                let half_height_m = 0.5 * self.cast.robots[at].kind.size_m.1;
                radar_height_m(terrain, row.position_m, half_height_m)
            };
        }
    }

    /// What the owner's readings say of the ground under each robot that stands still.
    fn read_ground(&mut self) {
        let mut maps: Vec<(ProspectorId, Arc<GradeMap>)> = Vec::new();
        for seat in &mut self.episode.seats {
            let readings = self.telemetry.prospectors[seat.owner.0 as usize].readings;
            for (known, &at) in seat.ground.iter_mut().zip(&seat.robots) {
                let row: &RobotRow = &self.telemetry.robots[at];
                if row.gone || !row.at_rest {
                    *known = Known::default();
                    continue;
                }
                let at_m = row.position_m.to_array();
                if known.is_known && known.at_m == at_m && known.readings == readings {
                    continue;
                }
                let map = match maps.iter().find(|(owner, _)| *owner == seat.owner) {
                    Some((_, map)) => Arc::clone(map),
                    None => {
                        let name = &self.cast.prospectors[seat.owner.0 as usize];
                        let Some(map) = self.world.grade_map(name, Constituent::Water) else {
                            continue;
                        };
                        maps.push((seat.owner, Arc::clone(&map)));
                        map
                    }
                };
                let grade = map.at(&[row.position_m])[0];
                *known = Known {
                    is_known: true,
                    water: grade.mean() as f32,
                    water_std: grade.std() as f32,
                    at_m,
                    readings,
                };
            }
        }
    }

    fn credits(&self, agent: usize) -> f64 {
        self.telemetry.prospectors[self.episode.seats[agent].owner.0 as usize].credits
    }

    fn worth(&mut self, agent: usize) -> f64 {
        let owner = self.episode.seats[agent].owner;
        let name = &self.cast.prospectors[owner.0 as usize];
        self.world.net_worth_credits(name).unwrap_or(0.0)
    }

    /// Welfare and dividends so far, where the reward asks for them [credits].
    fn public_good(&mut self) -> (f64, f64) {
        match self.cast.task.reward {
            Reward::Welfare => {
                let at = Figure::find("welfare").expect("a figure of that name is promised");
                (self.world.figures()[at].unwrap_or(0.0), 0.0)
            }
            Reward::Dividend => (0.0, self.world.regime().treasury().dividends_credits()),
            _ => (0.0, 0.0),
        }
    }

    fn reward(&mut self, rewards: &mut [f32]) {
        let scale = self.cast.task.reward_scale;
        let kind = self.cast.task.reward;
        let (welfare, dividends) = self.public_good();
        let count = self.episode.seats.len() as f64;
        let mut profits = 0.0;
        for (agent, slot) in rewards.iter_mut().enumerate() {
            *slot = 0.0;
            let was_done = self.episode.seats[agent].done;
            let reward = match kind {
                Reward::Zero => 0.0,
                Reward::Profit | Reward::Shared | Reward::Dividend => {
                    let credits = self.credits(agent);
                    let seat = &mut self.episode.seats[agent];
                    let profit = credits - std::mem::replace(&mut seat.last, credits);
                    profits += profit;
                    profit
                }
                Reward::Worth => {
                    let worth = self.worth(agent);
                    worth - std::mem::replace(&mut self.episode.seats[agent].last, worth)
                }
                Reward::Welfare => (welfare - self.episode.welfare) / count,
                Reward::Goal => 0.0,
            };
            let mut told = reward / scale;
            let (succeeded, failed) = if was_done {
                (false, false)
            } else {
                self.outcome(agent)
            };
            if kind == Reward::Goal && !was_done {
                let potential = self.potential(agent);
                let seat = &mut self.episode.seats[agent];
                told = potential - std::mem::replace(&mut seat.last, potential) - HASTE;
                told += if succeeded {
                    SUCCESS
                } else if failed {
                    FAILURE
                } else {
                    0.0
                };
                told /= scale;
            }
            let seat = &mut self.episode.seats[agent];
            seat.done |= succeeded || failed;
            seat.succeeded |= succeeded;
            if !was_done || kind != Reward::Goal {
                *slot = told as f32;
            }
        }
        match kind {
            Reward::Shared => rewards.fill((profits / count / scale) as f32),
            Reward::Dividend => {
                let paid = DIVIDEND_WEIGHT * (dividends - self.episode.dividends) / scale;
                for slot in rewards.iter_mut() {
                    *slot += paid as f32;
                }
            }
            _ => {}
        }
        (self.episode.welfare, self.episode.dividends) = (welfare, dividends);
    }

    /// How near an agent is to its goal: rises by about ten on the way.
    fn potential(&self, agent: usize) -> f64 {
        let seat = &self.episode.seats[agent];
        let (Some(goal), Some(&at)) = (self.cast.task.goal, seat.robots.first()) else {
            return 0.0;
        };
        let row = &self.telemetry.robots[at];
        match goal {
            Goal::Reach { within_m, .. } => {
                let mark_m = seat.mark_m.unwrap_or(row.position_m);
                -3.0 * (1.0 + f64::from(mark_m.distance(row.position_m)) / within_m).ln()
            }
            Goal::Land { touch_max_m_s, .. } => {
                let fast = f64::from(row.velocity_m_s.length()) / touch_max_m_s;
                -2.0 * (1.0 + f64::from(seat.height_m)).ln() - (1.0 + fast).ln()
            }
            Goal::Hole { depth_m } => {
                8.0 * (f64::from(row.hole_depth_m) / depth_m).min(1.0)
                    + 2.0 * f64::from(u8::from(row.anchored))
            }
            Goal::Bin { fill } => {
                8.0 * (f64::from(row.bin_fill) / fill).min(1.0)
                    + 2.0 * f64::from(u8::from(row.anchored))
            }
        }
    }

    /// Whether an agent has achieved its goal, and whether it has failed for good.
    fn outcome(&self, agent: usize) -> (bool, bool) {
        let seat = &self.episode.seats[agent];
        let rows = &self.telemetry.robots;
        let lost = !seat.robots.is_empty() && seat.robots.iter().all(|&at| rows[at].gone);
        let (Some(goal), Some(&at)) = (self.cast.task.goal, seat.robots.first()) else {
            return (false, lost);
        };
        let row = &rows[at];
        let hovers = self.cast.task.control == Control::Actuators
            && row.velocity_m_s.length() < HOVER_MAX_M_S;
        let succeeded = match goal {
            Goal::Reach { within_m, .. } => seat.mark_m.is_some_and(|mark_m| {
                (row.at_rest || hovers) && f64::from(mark_m.distance(row.position_m)) <= within_m
            }),
            Goal::Land { .. } => seat.touched_m_s.is_some() && STANDS < row.upright,
            Goal::Hole { depth_m } => depth_m <= f64::from(row.hole_depth_m) + 1e-6,
            Goal::Bin { fill } => fill <= f64::from(row.bin_fill) + 1e-6,
        };
        let crashed = match goal {
            Goal::Land { touch_max_m_s, .. } => seat.touched_m_s.is_some_and(|touched_m_s| {
                touch_max_m_s < f64::from(touched_m_s) || row.upright <= STANDS
            }),
            _ => false,
        };
        let failed = lost || crashed;
        (succeeded && !failed, failed)
    }

    fn view(&self) -> View<'_> {
        View {
            telemetry: &self.telemetry,
            commerce: self.world.commerce(),
            public: self.public,
            progress: self.episode.steps as f32 / self.cast.task.horizon_steps as f32,
            may_claim: true,
            claim_radius_max_m: self.world.charter().claims.radius_max_m,
        }
    }

    /// Writes what all agents see, one after the other.
    ///
    /// # Panics
    /// If `out` is not as long as all observations together.
    pub fn observe(&self, out: &mut [f32]) {
        let each = self.layout.len();
        assert_eq!(out.len(), each * self.cast.agents.len());
        let view = self.view();
        for (seat, out) in self.episode.seats.iter().zip(out.chunks_exact_mut(each)) {
            let mut values = Values::of(out);
            look::look(&self.cast, Some((&view, seat)), &mut values);
            debug_assert!(
                values.is_full(),
                "an observation is shorter than its layout"
            );
        }
    }

    /// Writes which choices make sense for all agents, one after the other.
    ///
    /// # Panics
    /// If `out` is not as long as all masks together.
    pub fn masks(&self, out: &mut [bool]) {
        let each = self.layout.heads.mask_len();
        assert_eq!(out.len(), each * self.cast.agents.len());
        if each == 0 {
            return;
        }
        let view = self.view();
        for (seat, out) in self.episode.seats.iter().zip(out.chunks_exact_mut(each)) {
            action::mask(&self.cast, seat, &view, out);
        }
    }

    /// What has come of the world so far. Costs more than a step.
    pub fn metrics(&mut self) -> Metrics {
        let ids = Figure::ALL.iter().map(|figure| figure.id);
        let figures = ids.zip(self.world.figures()).collect();
        let agents = (0..self.cast.agents.len())
            .map(|agent| {
                let worth = self.worth(agent);
                let credits = self.credits(agent);
                let seat = &self.episode.seats[agent];
                AgentMetrics {
                    agent: self.cast.agents[agent].name.clone(),
                    prospector: self.cast.prospectors[seat.owner.0 as usize].clone(),
                    credits,
                    profit: credits - seat.credits_at_start,
                    worth,
                    worth_gained: worth - seat.worth_at_start,
                    refusals: seat.refusals,
                    mark_m: seat.mark_m.map(|mark_m| mark_m.to_array()),
                    succeeded: seat.succeeded,
                    is_done: seat.done,
                }
            })
            .collect();
        Metrics {
            time_s: 1e-3 * self.world.time_ms() as f64,
            steps: self.episode.steps,
            figures,
            agents,
        }
    }

    /// Hash of everything that can make a difference later.
    pub fn state_hash(&mut self) -> u64 {
        let episode = postcard::to_stdvec(&self.episode).expect("an episode is plain data");
        xxh3_64_with_seed(&episode, self.world.state_hash())
    }

    pub fn snapshot(&mut self) -> Snapshot {
        Snapshot {
            world: self.world.checkpoint(),
            episode: self.episode.clone(),
        }
    }

    /// Goes back, or on, to a snapshot of the same task.
    ///
    /// # Errors
    /// [`Fault::Snapshot`] if it is of another task.
    pub fn restore(&mut self, snapshot: &Snapshot) -> Result<(), Fault> {
        if snapshot.episode.seats.len() != self.cast.agents.len() {
            return Err(Fault::Snapshot(format!(
                "it has {} agents, this task has {}",
                snapshot.episode.seats.len(),
                self.cast.agents.len()
            )));
        }
        let level = snapshot.world.level();
        let is_same = level.name == self.level.name
            && level.robots.len() == self.level.robots.len()
            && self
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
        self.episode = snapshot.episode.clone();
        self.world.read_telemetry(&mut self.telemetry);
        self.look_round();
        Ok(())
    }
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

impl Seat {
    fn of(agent: &CastAgent) -> Self {
        Self {
            owner: agent.owner,
            robots: agent.robots.clone(),
            plants: agent.plants.clone(),
            refused: false,
            done: false,
            mark_m: None,
            credits_at_start: 0.0,
            ground: vec![Known::default(); agent.robots.len()],
            claims: Vec::new(),
            quota_left_kg: None,
            cheapest_offer: None,
            last: 0.0,
            worth_at_start: 0.0,
            refusals: 0,
            succeeded: false,
            offers_data: false,
            height_m: 0.0,
            touched_m_s: None,
        }
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

impl Cast {
    fn of(task: &Task, level: &Level, world: &mut Headless) -> Result<Self, Fault> {
        let prospectors: Vec<String> = level
            .prospectors
            .iter()
            .map(|spec| spec.name.clone())
            .collect();
        let id_of = |name: &str| {
            let at = prospectors.iter().position(|known| known == name);
            at.map(|at| ProspectorId(at as u32))
        };
        let scene = world.scene();
        let mut robots = Vec::new();
        let mut owners = Vec::new();
        for view in &scene.robots {
            let seen = world
                .observe(&view.owner)
                .ok_or_else(|| Fault::Load(format!("robot \"{}\" belongs to nobody", view.name)))?;
            let sheet = seen.robots.iter().find(|robot| robot.name == view.name);
            let Some(sheet) = sheet else {
                return Err(Fault::Load(format!("robot \"{}\" has no sheet", view.name)));
            };
            robots.push(CastRobot {
                name: view.name.clone(),
                kind: Arc::clone(&sheet.sheet),
            });
            owners.push(id_of(&view.owner).unwrap_or(ProspectorId(0)));
        }
        let mut plants = Vec::new();
        let mut processes = Vec::new();
        let mut plant_owners = Vec::new();
        for view in &scene.plants {
            let seen = world.observe(&view.owner);
            let own = seen.and_then(|seen| {
                seen.plants
                    .into_iter()
                    .find(|plant| plant.name == view.name)
            });
            plants.push(view.name.clone());
            processes.push(own.map_or_else(Vec::new, |plant| plant.processes));
            plant_owners.push(id_of(&view.owner).unwrap_or(ProspectorId(0)));
        }
        let of = |owners: &[ProspectorId], owner: ProspectorId| -> Vec<usize> {
            (0..owners.len())
                .filter(|&at| owners[at] == owner)
                .collect()
        };
        let unknown = |name: &str, known: Vec<String>| Fault::Agent {
            name: name.to_owned(),
            known: known.join(", "),
        };
        let agents: Vec<CastAgent> = match &task.agents {
            Who::Robots(names) => {
                let all: Vec<String> = robots.iter().map(|robot| robot.name.clone()).collect();
                let chosen = if names.is_empty() { &all } else { names };
                let agent = |name: &String| {
                    let at = all
                        .iter()
                        .position(|known| known == name)
                        .ok_or_else(|| unknown(name, all.clone()))?;
                    Ok(CastAgent {
                        name: name.clone(),
                        owner: owners[at],
                        robots: vec![at],
                        plants: of(&plant_owners, owners[at]),
                    })
                };
                chosen.iter().map(agent).collect::<Result<_, Fault>>()?
            }
            Who::Prospectors(names) => {
                let with_robots: Vec<String> = prospectors
                    .iter()
                    .filter(|name| id_of(name).is_some_and(|id| owners.contains(&id)))
                    .cloned()
                    .collect();
                let chosen = if names.is_empty() {
                    &with_robots
                } else {
                    names
                };
                let agent = |name: &String| {
                    let owner = id_of(name).ok_or_else(|| unknown(name, prospectors.clone()))?;
                    Ok(CastAgent {
                        name: name.clone(),
                        owner,
                        robots: of(&owners, owner),
                        plants: of(&plant_owners, owner),
                    })
                };
                chosen.iter().map(agent).collect::<Result<_, Fault>>()?
            }
        };
        if agents.is_empty() {
            return Err(Fault::Load(format!(
                "level \"{}\" has nobody to act: no robot",
                level.name
            )));
        }
        let most = |of: fn(&CastAgent) -> usize| agents.iter().map(of).max().unwrap_or(0);
        let robots_max = most(|agent| agent.robots.len());
        let place_m = scene
            .robots
            .first()
            .map_or(DVec3::ZERO, |robot| robot.position_m.as_dvec3());
        let terrain = world.terrain();
        Ok(Self {
            robots_max,
            plants_max: match task.agents {
                // A robot has no plant, but it sees those of its owner.
                Who::Robots(_) => most(|agent| agent.plants.len()).min(1),
                Who::Prospectors(_) => most(|agent| agent.plants.len()),
            },
            robot_heads: match task.control {
                Control::Orders => robots_max,
                Control::Actuators | Control::Economy => 0,
            },
            deals: action::deals(task.control, &task.agents),
            has_mark: matches!(task.goal, Some(Goal::Reach { .. })),
            base_price_credits_per_kg: level.market.base_price_credits_per_kg,
            safe_speed_m_s: guidance::safe_speed_m_s(terrain, place_m, f64::MAX),
            tick_s: level.tick_s,
            task: task.clone(),
            robots,
            plants,
            processes,
            prospectors,
            agents,
        })
    }
}
