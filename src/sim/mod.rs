//! The world: one schedule, [`Tick`], and what it moves.
//!
//! A tick takes the orders that are due, lets autopilots set actuators, sums forces, steps the rigid bodies,
//! moves goods and money, and shows the result to the scripted prospectors. Nothing here knows a
//! window, a colour, a key or a socket: whoever owns a world (see [`crate::headless`]) writes
//! orders and reads observations.

use bevy::ecs::schedule::{LogLevel, ScheduleBuildSettings, ScheduleLabel, SingleThreadedExecutor};
use bevy::prelude::*;
use serde::{Deserialize, Serialize};

pub mod asteroid;
pub mod build;
pub mod chronicle;
pub mod daylight;
pub mod desk;
pub mod economy;
pub mod law;
pub mod lesson;
pub mod level;
pub mod observation;
pub mod order;
pub mod physics;
pub mod plant;
pub mod prospecting;
pub mod prospector;
pub mod random;
pub mod robot;
pub mod snapshot;
pub mod tally;
pub mod voyage;

use asteroid::Terrain;
use daylight::Daylight;
use economy::labour::LabourTerms;
use economy::ledger::AccountId;
use economy::markets::Markets;
use level::{Freight, MotionModel};
use order::Inbox;
use physics::Physics;
use prospecting::probe::Probe;
use robot::autopilot::Autopilot;
use robot::{Anchor, Service};
use voyage::shipping::Route;

/// One step of the world.
#[derive(ScheduleLabel, Clone, Debug, PartialEq, Eq, Hash)]
pub struct Tick;

/// The phases of a tick.
#[derive(SystemSet, Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum SimSystems {
    /// Choose the length of the tick and put the Sun in its place.
    Begin,
    /// Turn due orders into plans and plans into actuator set-points.
    Command,
    /// Sum the forces and torques on each chassis.
    Forces,
    /// Step the rigid bodies, if anything moves freely.
    Physics,
    /// Move mass, energy and heat between ground, robots and plants.
    Exchange,
    /// Run plants, markets and accounts.
    Economy,
    /// Hold auctions, and settle what prospectors owe one another.
    Settle,
    /// Show the new state to the scripted prospectors, and end the tick.
    Observe,
}

/// The whole simulation.
pub struct SimPlugin;

impl Plugin for SimPlugin {
    fn build(&self, app: &mut App) {
        app.init_schedule(Tick)
            .edit_schedule(Tick, |schedule| {
                // One world, one thread: the default executor costs more than the systems it runs.
                schedule.set_executor(SingleThreadedExecutor::new());
                // Two systems that touch the same data in no order make a run unrepeatable. Set
                // while building: on a schedule that has run, the setting takes no effect.
                schedule.set_build_settings(ScheduleBuildSettings {
                    ambiguity_detection: LogLevel::Error,
                    ..default()
                });
            })
            .configure_sets(
                Tick,
                (
                    SimSystems::Begin,
                    SimSystems::Command,
                    SimSystems::Forces,
                    SimSystems::Physics,
                    SimSystems::Exchange,
                    SimSystems::Economy,
                    SimSystems::Settle,
                    SimSystems::Observe,
                )
                    .chain(),
            )
            .add_systems(
                Tick,
                (
                    begin.in_set(SimSystems::Begin),
                    desk::take_orders
                        .run_if(|clock: Res<Clock>, inbox: Res<Inbox>| {
                            inbox.is_due(clock.time_ms())
                        })
                        .before(robot::autopilot::fly)
                        .in_set(SimSystems::Command),
                    (advance_markets, voyage::shipping::arrive)
                        .chain()
                        .before(plant::bake)
                        .in_set(SimSystems::Economy),
                    lesson::follow
                        .run_if(|lessons: Res<lesson::Lessons>| lessons.are_open())
                        .after(prospector::brains::decide)
                        .in_set(SimSystems::Observe),
                    end.after(lesson::follow).in_set(SimSystems::Observe),
                ),
            )
            .add_plugins((
                robot::RobotPlugin,
                plant::PlantPlugin,
                desk::settle::CommercePlugin,
                law::LawPlugin,
                prospector::ProspectorPlugin,
                prospecting::ProspectingPlugin,
                tally::TallyPlugin,
            ));
    }
}

/// The time of the world. Whole milliseconds, so that no run drifts.
#[derive(Resource, Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Clock {
    tick: u64,
    time_ms: u64,
    tick_ms: u64,
    short: bool,
}

impl Clock {
    /// Ticks done.
    pub fn tick(&self) -> u64 {
        self.tick
    }

    /// Time since the start of the run at the beginning of the tick [ms].
    pub fn time_ms(&self) -> u64 {
        self.time_ms
    }

    /// Time at the end of the present tick [ms].
    pub fn end_ms(&self) -> u64 {
        self.time_ms + self.tick_ms
    }

    /// How many whole seconds since the start of the run end within the present tick.
    pub fn seconds_ended(&self) -> u64 {
        self.end_ms() / 1_000 - self.time_ms / 1_000
    }

    /// Length of the present tick [s].
    pub fn tick_s(&self) -> f64 {
        1e-3 * self.tick_ms as f64
    }

    /// Whether the tick is short enough for rigid bodies.
    pub fn is_short(&self) -> bool {
        self.short
    }
}

/// What the level sets once and nothing changes.
#[derive(Resource, Clone, Debug, Serialize, Deserialize)]
pub struct Terms {
    pub tick_ms: u64,
    pub long_tick_ms: u64,
    pub idle_tick_ms: u64,
    pub motion: MotionModel,
    /// Julian date of the start, barycentric dynamical time.
    pub start_jd_tdb: f64,
    /// Angle about the angular momentum of the body at the start [rad].
    pub start_phase_rad: f64,
    pub freight: Freight,
    /// The ways of the tugs.
    pub routes: Vec<Route>,
    pub upkeep_credits_per_robot_day: f64,
    pub upkeep_credits_per_plant_day: f64,
    pub energy_credits_per_kwh: f64,
    pub venture_fee_credits: f64,
    pub labour: LabourTerms,
    /// Factor on dust, wear and dose.
    pub ageing: f64,
}

/// The accounts that belong to nobody in the level.
#[derive(Resource, Clone, Copy, Debug, Serialize, Deserialize)]
pub struct Accounts {
    /// The body itself [g].
    pub rock: AccountId,
    /// Burnt propellant [g].
    pub exhaust: AccountId,
    /// Ground that has left the body for space [g].
    pub drifted: AccountId,
    /// What has arrived at the node [g].
    pub sold: AccountId,
    /// Who pays for it.
    pub buyer: AccountId,
    pub carrier: AccountId,
    pub operations: AccountId,
    pub utility: AccountId,
    pub registry: AccountId,
    /// Who is paid for modules and spare parts, and where these come from [g].
    pub supplier: AccountId,
    pub imports: AccountId,
    /// Worn parts that lie about [g].
    pub scrap: AccountId,
    /// Gas let go [g].
    pub vented: AccountId,
}

/// Where the chances of the world come from that belong to no script.
#[derive(Resource, Clone, Debug, Serialize, Deserialize)]
pub struct Chance {
    seed: u64,
}

impl Chance {
    pub fn new(seed: u64) -> Self {
        Self { seed }
    }

    /// The seed of the run, from which each use of chance makes the stream of its own purpose.
    pub fn seed(&self) -> u64 {
        self.seed
    }

    /// The chances of one purpose for one machine at one time: no state to keep, none to share.
    pub fn stream(&self, purpose: &str, machine: &str, now_ms: u64) -> random::Stream {
        random::stream(self.seed, &format!("{purpose}:{machine}:{now_ms}"))
    }
}

/// Length of the next tick [ms], and whether it is a short one.
///
/// Short while anything moves freely or an order is due; else long, but never past the time of an
/// order that waits. This follows from the state and the orders alone, so a run with the same
/// orders takes the same ticks, with or without a window.
pub fn pace<'a>(
    clock: &Clock,
    terms: &Terms,
    inbox: &Inbox,
    physics: &Physics,
    pilots: impl Iterator<Item = (&'a Autopilot, &'a Anchor, &'a Probe, &'a Service)>,
) -> (u64, bool) {
    if terms.motion == MotionModel::Planned {
        return (planned_pace(clock, terms, inbox, pilots), false);
    }
    if physics.is_stirring() || inbox.is_due(clock.time_ms) {
        return (terms.tick_ms, true);
    }
    let mut longest_ms = terms.idle_tick_ms;
    for (pilot, anchor, probe, service) in pilots {
        if pilot.moves(*anchor) {
            return (terms.tick_ms, true);
        }
        if !pilot.is_idle() || !probe.is_idle() || !service.is_idle() {
            longest_ms = terms.long_tick_ms;
        }
    }
    match inbox.next_at_ms() {
        Some(at_ms) => (longest_ms.min(at_ms - clock.time_ms), false),
        None => (longest_ms, false),
    }
}

/// Length of the next tick where motion is planned [ms]: up to the next order, or to the end of
/// whatever a robot is at, so that nobody waits for the end of a tick that somebody else needs.
///
/// No tick is longer than machines go without looking for the Sun.
fn planned_pace<'a>(
    clock: &Clock,
    terms: &Terms,
    inbox: &Inbox,
    pilots: impl Iterator<Item = (&'a Autopilot, &'a Anchor, &'a Probe, &'a Service)>,
) -> u64 {
    if inbox.is_due(clock.time_ms) {
        return terms.tick_ms;
    }
    let mut longest_ms = terms.idle_tick_ms;
    let mut due_ms = None;
    for (pilot, _, probe, service) in pilots {
        if !pilot.is_idle() || !probe.is_idle() || !service.is_idle() {
            longest_ms = longest_ms.min(terms.long_tick_ms);
        }
        due_ms = due_ms.into_iter().chain(pilot.due_ms()).min();
    }
    longest_ms = longest_ms.min(daylight::SUNLIGHT_PERIOD_MS);
    if let Some(due_ms) = due_ms {
        // Not in steps without end towards a time that was foretold too early.
        longest_ms = longest_ms.min(due_ms.saturating_sub(clock.time_ms).max(terms.tick_ms));
    }
    match inbox.next_at_ms() {
        Some(at_ms) => longest_ms.min(at_ms - clock.time_ms),
        None => longest_ms,
    }
}

fn begin(
    terms: Res<Terms>,
    inbox: Res<Inbox>,
    physics: Res<Physics>,
    terrain: Res<Terrain>,
    mut clock: ResMut<Clock>,
    mut daylight: ResMut<Daylight>,
    pilots: Query<(&Autopilot, &Anchor, &Probe, &Service)>,
) {
    (clock.tick_ms, clock.short) = pace(&clock, &terms, &inbox, &physics, pilots.iter());
    if !daylight.is_of(clock.time_ms) {
        *daylight = Daylight::at(&terrain, &terms, clock.time_ms);
    }
}

fn advance_markets(clock: Res<Clock>, mut markets: ResMut<Markets>) {
    markets.advance(clock.tick_ms);
}

fn end(mut clock: ResMut<Clock>, mut terrain: ResMut<Terrain>) {
    clock.tick += 1;
    clock.time_ms = clock.end_ms();
    terrain.turn_to(clock.time_ms);
}
