//! Agents in a world that somebody else holds: what they see, do and are rewarded for.

use std::sync::Arc;

use bevy::math::Vec3;
use serde::{Deserialize, Serialize};

use super::action;
use super::cast::{Cast, CastAgent};
use super::env::{Actions, AgentMetrics, Fault, Metrics, episode_seed, length};
use super::layout::Layout;
use super::look::{self, Values};
use super::task::{Control, Goal, Reward, Stride};
use crate::headless::Headless;
use crate::sim::asteroid::constituent::Constituent;
use crate::sim::economy::commerce::{Commerce, Party};
use crate::sim::economy::exchange::Listing;
use crate::sim::economy::figures::Figure;
use crate::sim::economy::fleet::Machine;
use crate::sim::economy::good::Good;
use crate::sim::economy::sale::Seller;
use crate::sim::economy::stores::Place;
use crate::sim::economy::venture::Venture;
use crate::sim::observation::telemetry::{RobotRow, Telemetry, radar_height_m};
use crate::sim::order::Order;
use crate::sim::prospecting::GradeMap;
use crate::sim::prospector::ProspectorId;
use crate::sim::random;

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
/// How often offers of data are looked through [ms].
const OFFERS_MS: u64 = 3_600_000;

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

/// What an agent sees of a venture.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(super) struct SeatVenture {
    pub name: String,
    pub is_member: bool,
    pub members: u32,
    pub reserve_credits: f64,
    pub plants: u32,
    /// Its own part of what is shared out.
    pub part: f32,
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
    /// The cheapest plant of others that takes its rock.
    pub open_plant: Option<usize>,
    /// The cheapest plant that others sell: number of the deal and price [credits].
    pub sale: Option<(u32, f64)>,
    /// Its own, or one that it may join.
    pub venture: Option<SeatVenture>,
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
pub(super) struct Episode {
    /// The seed that the run of episodes began with, and how many have begun since.
    pub seed: u64,
    pub number: u64,
    pub steps: u32,
    pub truncated: bool,
    pub seats: Vec<Seat>,
    /// Of all, when the last reward was reckoned.
    pub welfare: f64,
    pub dividends: f64,
    pub orders_seen: u64,
    /// When offers, and when altimeters, are read next.
    pub offers_at_ms: u64,
    pub radar_at_ms: u64,
}

/// The seats of a cast, taken, in the world that each call is given.
pub(super) struct Seats {
    pub cast: Arc<Cast>,
    pub layout: Arc<Layout>,
    pub telemetry: Telemetry,
    pub episode: Episode,
    public: Public,
    /// Memory that each step uses again.
    orders: Vec<Order>,
    spare: Telemetry,
}

impl Seats {
    /// Nobody sits yet: see [`Seats::begin`].
    pub fn new(cast: Arc<Cast>, layout: Arc<Layout>, seed: u64) -> Self {
        Self {
            cast,
            layout,
            telemetry: Telemetry::default(),
            episode: Episode {
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
            },
            public: Public::default(),
            orders: Vec::new(),
            spare: Telemetry::default(),
        }
    }

    /// Brings up to date all that agents see.
    pub fn look(&mut self, world: &mut Headless) {
        world.read_telemetry(&mut self.telemetry);
        self.look_round(world);
    }

    /// Seats everybody in a world that has just been made.
    pub fn begin(&mut self, world: &mut Headless, seed: u64) {
        self.episode.steps = 0;
        self.episode.truncated = false;
        self.episode.orders_seen = world.orders_taken_count();
        self.episode.offers_at_ms = 0;
        self.episode.radar_at_ms = 0;
        self.episode.seats = self.cast.agents.iter().map(Seat::of).collect();
        world.read_telemetry(&mut self.telemetry);
        if let Some(goal) = self.cast.task.goal {
            for agent in 0..self.episode.seats.len() {
                self.set_goal(world, agent, goal, seed);
            }
            world.read_telemetry(&mut self.telemetry);
        }
        self.look_round(world);
        for agent in 0..self.episode.seats.len() {
            let credits = self.credits(agent);
            let worth = self.worth(world, agent);
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
        (self.episode.welfare, self.episode.dividends) = self.public_good(world);
    }

    /// Where there is no end of an episode: who has achieved its goal gets another place to go to, or
    /// rests if there is none.
    pub fn renew_goals(&mut self, world: &mut Headless) {
        let Some(goal) = self.cast.task.goal else {
            return;
        };
        for agent in 0..self.episode.seats.len() {
            let (succeeded, failed) = self.outcome(agent);
            if succeeded && matches!(goal, Goal::Reach { .. }) {
                let seed = episode_seed(self.episode.seed, u64::from(self.episode.steps) + 1);
                self.set_goal(world, agent, goal, seed);
            } else {
                self.episode.seats[agent].done = succeeded || failed;
            }
        }
    }

    /// Draws what an agent's goal leaves open.
    fn set_goal(&mut self, world: &mut Headless, agent: usize, goal: Goal, seed: u64) {
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
                let model = world.terrain().model();
                let ground_m = model.surface_towards(model.from_centre(beside_m).normalize());
                let half_m = 0.5 * self.cast.robots[at].kind.size_m.1;
                let mark_m = ground_m + half_m * world.terrain().up(ground_m);
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
                world.place_robot(name, place_m, rotation, drift - fall_m_s * row.up);
            }
            Goal::Hole { .. } | Goal::Bin { .. } => {}
        }
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

    pub fn order(&mut self, world: &mut Headless, actions: Actions<'_>) {
        let each = self.layout.heads.len();
        let for_s = self.stride_s();
        let mut orders = std::mem::take(&mut self.orders);
        for agent in 0..self.episode.seats.len() {
            let seat = &self.episode.seats[agent];
            if seat.done {
                continue;
            }
            let mine = agent * each..(agent + 1) * each;
            let view = self.view(world);
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
                world.submit(by, order);
            }
        }
        self.orders = orders;
    }

    /// Length of a step, at least [s].
    pub fn stride_s(&self) -> f64 {
        match self.cast.task.stride {
            Stride::Ticks(ticks) => f64::from(ticks) * self.cast.tick_s,
            Stride::Seconds(seconds) | Stride::Decision(seconds) => {
                (seconds / self.cast.tick_s).ceil() * self.cast.tick_s
            }
        }
    }

    pub fn advance(&mut self, world: &mut Headless) {
        match self.cast.task.stride {
            Stride::Ticks(ticks) => {
                for _ in 0..ticks {
                    world.step();
                }
            }
            Stride::Seconds(seconds) => {
                let until_ms = world.time_ms() + (1e3 * seconds).round() as u64;
                if matches!(self.cast.task.goal, Some(Goal::Land { .. })) {
                    self.fly_until_touch(world, until_ms);
                } else {
                    world.run_until_ms(until_ms);
                }
            }
            Stride::Decision(seconds) => {
                let until_ms = world.time_ms() + (1e3 * seconds).round() as u64;
                let mut busy = false;
                while world.time_ms() < until_ms {
                    world.step();
                    world.read_telemetry(&mut self.telemetry);
                    if self.asks_for_more(&mut busy) {
                        break;
                    }
                }
            }
        }
    }

    /// Ticks until a time, or until the first robot of an agent touches the ground.
    fn fly_until_touch(&mut self, world: &mut Headless, until_ms: u64) {
        let mut touched = false;
        while world.time_ms() < until_ms && !touched {
            world.step();
            let mut before = std::mem::take(&mut self.telemetry);
            self.telemetry = std::mem::take(&mut self.spare);
            world.read_telemetry(&mut self.telemetry);
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
    pub fn asks_for_more(&self, busy: &mut bool) -> bool {
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

    pub fn note_refusals(&mut self, world: &Headless) {
        for seat in &mut self.episode.seats {
            seat.refused = false;
        }
        let count = world.orders_taken_count();
        let taken = world.orders_taken();
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
    pub fn look_round(&mut self, world: &mut Headless) {
        if self.cast.task.control == Control::Actuators {
            self.read_altimeters(world);
            return;
        }
        let now_ms = world.time_ms();
        let registry = world.claims();
        let regime = world.regime();
        self.public = Public {
            fund_credits: regime.fund_credits(world.ledger()),
            claims: registry.standing().count(),
            open_proposal: regime.politics().open().next().map(|proposal| proposal.id),
            ..Public::default()
        };
        let main = world.market();
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
        let (bid, ask) = world.commerce().exchange.best(&SITE_WATER);

        self.public.best_bid = bid.unwrap_or(0.0);
        self.public.best_ask = ask.unwrap_or(0.0);
        if self.cast.deals && (self.episode.offers_at_ms <= now_ms) {
            self.episode.offers_at_ms = now_ms + OFFERS_MS;
            for seat in &mut self.episode.seats {
                let name = &self.cast.prospectors[seat.owner.0 as usize];
                let offers = world.data_offers(name);
                seat.cheapest_offer = offers
                    .iter()
                    .filter(|offer| offer.seller != *name && 0 < offer.new_to_you)
                    .map(|offer| (offer.id, offer.price_credits))
                    .min_by(|one, other| one.1.total_cmp(&other.1));
                seat.offers_data = offers.iter().any(|offer| offer.seller == *name);
                seat.open_plant = world.cheapest_open_plant(seat.owner);
                let commerce = world.commerce();
                let own = Party(seat.owner.0);
                seat.sale = cheapest_plant(commerce, own);
                seat.venture = venture_of(commerce, own);
            }
        }
        self.read_ground(world);
    }

    fn read_altimeters(&mut self, world: &Headless) {
        let now_ms = world.time_ms();
        if now_ms < self.episode.radar_at_ms {
            return;
        }
        self.episode.radar_at_ms = now_ms + RADAR_MS;
        let terrain = world.terrain();
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
    fn read_ground(&mut self, world: &mut Headless) {
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
                        let Some(map) = world.grade_map(name, Constituent::Water) else {
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

    fn worth(&self, world: &mut Headless, agent: usize) -> f64 {
        let owner = self.episode.seats[agent].owner;
        let name = &self.cast.prospectors[owner.0 as usize];
        world.net_worth_credits(name).unwrap_or(0.0)
    }

    /// Welfare and dividends so far, where the reward asks for them [credits].
    fn public_good(&self, world: &mut Headless) -> (f64, f64) {
        match self.cast.task.reward {
            Reward::Welfare => {
                let at = Figure::find("welfare").expect("a figure of that name is promised");
                (world.figures()[at].unwrap_or(0.0), 0.0)
            }
            Reward::Dividend => (0.0, world.regime().treasury().dividends_credits()),
            _ => (0.0, 0.0),
        }
    }

    pub fn reward(&mut self, world: &mut Headless, rewards: &mut [f32]) {
        let scale = self.cast.task.reward_scale;
        let kind = self.cast.task.reward;
        let (welfare, dividends) = self.public_good(world);
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
                    let worth = self.worth(world, agent);
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

    pub fn view<'a>(&'a self, world: &'a Headless) -> View<'a> {
        View {
            telemetry: &self.telemetry,
            commerce: world.commerce(),
            public: self.public,
            progress: self.episode.steps as f32 / self.cast.task.horizon_steps as f32,
            may_claim: true,
            claim_radius_max_m: world.charter().claims.radius_max_m,
        }
    }

    /// Writes what all agents see, one after the other.
    ///
    /// # Panics
    /// If `out` is not as long as all observations together.
    pub fn observe(&self, world: &Headless, out: &mut [f32]) {
        let each = self.layout.len();
        assert_eq!(out.len(), each * self.cast.agents.len());
        let view = self.view(world);
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
    pub fn masks(&self, world: &Headless, out: &mut [bool]) {
        let each = self.layout.heads.mask_len();
        assert_eq!(out.len(), each * self.cast.agents.len());
        if each == 0 {
            return;
        }
        let view = self.view(world);
        for (seat, out) in self.episode.seats.iter().zip(out.chunks_exact_mut(each)) {
            action::mask(&self.cast, seat, &view, out);
        }
    }

    /// What has come of the world so far. Costs more than a step.
    pub fn metrics(&self, world: &mut Headless) -> Metrics {
        let ids = Figure::ALL.iter().map(|figure| figure.id);
        let figures = ids.zip(world.figures()).collect();
        let agents = (0..self.cast.agents.len())
            .map(|agent| {
                let worth = self.worth(world, agent);
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
            time_s: 1e-3 * world.time_ms() as f64,
            steps: self.episode.steps,
            figures,
            agents,
        }
    }
}

/// The cheapest plant that others sell to a party: number of the deal and price [credits].
fn cheapest_plant(commerce: &Commerce, party: Party) -> Option<(u32, f64)> {
    let sales = commerce.machine_sales.standing();
    sales
        .filter(|sale| {
            matches!(sale.machine, Machine::Plant(_))
                && sale.seller != Seller::Party(party)
                && sale.to.includes(party)
        })
        .map(|sale| (sale.id, 1e-6 * sale.price_ucr as f64))
        .min_by(|one, other| one.1.total_cmp(&other.1))
}

/// The venture of a party, or else one that it may join: of several the one with most in reserve.
fn venture_of(commerce: &Commerce, party: Party) -> Option<SeatVenture> {
    let richest = |which: &dyn Fn(&&Venture) -> bool| {
        let ventures = commerce.ventures.iter().filter(which);
        ventures.max_by_key(|venture| (venture.reserve_ucr, std::cmp::Reverse(&venture.name)))
    };
    let own = richest(&|venture| venture.member(party).is_some());
    let venture = own.or_else(|| richest(&|venture| venture.to.includes(party)))?;
    Some(SeatVenture {
        name: venture.name.clone(),
        is_member: own.is_some(),
        members: venture.members.len() as u32,
        reserve_credits: 1e-6 * venture.reserve_ucr as f64,
        plants: venture.commons.len() as u32,
        part: venture.part_of(commerce, party) as f32,
    })
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
            open_plant: None,
            sale: None,
            venture: None,
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
