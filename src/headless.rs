//! One world and its clockwork: the class that tests, the command line, the window and the training
//! interface all drive, so that what is tested is what is played.

use std::collections::BTreeMap;
use std::sync::Arc;

use bevy::ecs::schedule::{Schedule, Schedules};
use bevy::ecs::system::SystemState;
use bevy::math::DVec3;
use bevy::prelude::*;
use serde::Serialize;
use xxhash_rust::xxh3::Xxh3;

use crate::sim::asteroid::constituent::Constituent;
use crate::sim::asteroid::{BodyError, Terrain};
use crate::sim::build::Setting;
use crate::sim::chronicle::Chronicle;
use crate::sim::desk::Desk;
use crate::sim::desk::goods::SaleQuote;
use crate::sim::economy::commerce::{Commerce, TradeView};
use crate::sim::economy::exchange::{Depth, Listing};
use crate::sim::economy::figures::{Figure, Figures, Sample};
use crate::sim::economy::good::Good;
use crate::sim::economy::labour::Jobs;
use crate::sim::economy::ledger::{AccountId, Ledger, Memo};
use crate::sim::economy::markets::{Displaced, MarketNow, Markets};
use crate::sim::economy::stores::Place;
use crate::sim::law::charter::Charter;
use crate::sim::law::claims::Registry;
use crate::sim::law::regime::Regime;
use crate::sim::lesson::Lessons;
use crate::sim::level::modules::Catalogue;
use crate::sim::level::{Brain, Level};
use crate::sim::observation::telemetry::Telemetry;
use crate::sim::observation::{MarketRow, Observation, Scene, Senses};
use crate::sim::order::{Inbox, Issued, Log, LogLine, Order, Refusal, Taken};
use crate::sim::physics::{BodyHandle, Motion, Physics};
use crate::sim::plant::Plant;
use crate::sim::prospecting::grade_map::GradeMaps;
use crate::sim::prospecting::probe::Probe;
use crate::sim::prospecting::trade::{DataMarket, OfferView};
use crate::sim::prospecting::{Grade, GradeMap};
use crate::sim::prospector::brains::Scripts;
use crate::sim::prospector::{ProspectorId, Prospectors};
use crate::sim::robot::autopilot::Autopilot;
use crate::sim::robot::command::Estimate;
use crate::sim::robot::drill::{Borehole, Boreholes};
use crate::sim::robot::feats::Feats;
use crate::sim::robot::recoil::Recoil;
use crate::sim::robot::service::{RefitEstimate, ServiceEstimate};
use crate::sim::robot::{self, Anchor, Battery, Bin, Gear, Health, Robot, Service, Tank, Tool};
use crate::sim::snapshot::{self, Checkpoint, Copier, SnapshotError, State};
use crate::sim::tally::Tally;
use crate::sim::{Accounts, Clock, SimPlugin, Terms, Tick, pace};

/// A world that is stepped by whoever holds it.
pub struct Headless {
    world: World,
    tick: Schedule,
    setting: Arc<Setting>,
    seed: u64,
    copier: Copier,
    senses: SystemState<Senses<'static, 'static>>,
    tally: SystemState<Tally<'static, 'static>>,
    desk: SystemState<Desk<'static, 'static>>,
    pilots: QueryState<(
        &'static Autopilot,
        &'static Anchor,
        &'static Probe,
        &'static Service,
    )>,
}

/// Why a level could not be made into a world.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    #[error(transparent)]
    Body(#[from] BodyError),
}

/// What a run has come to: the object that `bonanza run --json` prints.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Report {
    pub level: String,
    pub seed: u64,
    pub ticks: u64,
    /// Simulated time [s].
    pub sim_s: f64,
    /// 64 bits, as 16 hexadecimal digits.
    pub state_hash: String,
    /// Grams made or lost by mistake: always zero.
    pub mass_error_g: i64,
    /// Credits made or lost by mistake: always zero.
    pub credit_error: f64,
    pub price_credits_per_kg: f64,
    /// What the Earth was spared by what was sold.
    pub displaced: Displaced,
    /// The figures of merit by their ids; null where one means nothing.
    pub figures: BTreeMap<&'static str, Option<f64>>,
    pub orders_taken: u64,
    pub orders_refused: u64,
    pub claims: usize,
    pub prospectors: Vec<ProspectorReport>,
    pub robots: Vec<RobotReport>,
    pub plants: Vec<PlantReport>,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ProspectorReport {
    pub name: String,
    pub brain: &'static str,
    pub credits: f64,
    /// Delivered at the node, by good.
    pub sold_g: BTreeMap<&'static str, i64>,
    pub dug_g: i64,
    /// Readings of the ground that it holds.
    pub samples: usize,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct RobotReport {
    pub name: String,
    pub owner: String,
    /// Site frame.
    pub position_m: [f32; 3],
    /// In the rotating frame of the body.
    pub velocity_m_s: [f32; 3],
    pub at_rest: bool,
    /// In touch with the ground or with another machine.
    pub touching: bool,
    pub lost: bool,
    pub anchored: bool,
    pub activity: String,
    pub bin_g: i64,
    pub propellant_g: i64,
    pub battery_fraction: f64,
    /// Water where it stands, as its owner's readings have it, and the standard error of that.
    pub water_estimate: f64,
    pub water_estimate_std: f64,
}

#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct PlantReport {
    pub name: String,
    pub owner: String,
    pub hopper_g: i64,
    pub water_g: i64,
    pub tailings_g: i64,
}

/// Where a ray meets something.
#[derive(Clone, Debug, PartialEq)]
pub struct RayHit {
    pub point_m: Vec3,
    pub normal: Vec3,
    pub robot: Option<String>,
    pub plant: Option<String>,
}

impl Headless {
    /// A new world of a checked level; `seed` replaces the level's own.
    ///
    /// # Errors
    /// [`LoadError`] if the level names a body that the catalogue does not have.
    pub fn load(level: &Level, seed: Option<u64>) -> Result<Self, LoadError> {
        let setting = Setting::of(level)?;
        let seed = seed.unwrap_or(level.seed);
        let start = setting.start(seed);
        Ok(Self::new(setting, seed, &start))
    }

    /// The world of a snapshot.
    ///
    /// # Errors
    /// [`SnapshotError`] if the bytes are not a whole snapshot of this version.
    pub fn restore(bytes: &[u8]) -> Result<Self, SnapshotError> {
        Ok(Self::from_checkpoint(&snapshot::read(bytes)?))
    }

    /// A new world that goes on from a checkpoint.
    pub fn from_checkpoint(checkpoint: &Checkpoint) -> Self {
        let setting = Arc::clone(checkpoint.setting());
        Self::new(setting, checkpoint.seed(), checkpoint.state())
    }

    fn new(setting: Arc<Setting>, seed: u64, state: &State) -> Self {
        let (mut world, tick) = empty_world();
        setting.install(&mut world);
        let mut copier = Copier::new(&mut world);
        copier.put(&mut world, &setting, state);
        Self {
            copier,
            senses: SystemState::new(&mut world),
            tally: SystemState::new(&mut world),
            desk: SystemState::new(&mut world),
            pilots: world.query(),
            world,
            tick,
            setting,
            seed,
        }
    }

    /// All that the world is now, kept in memory: see [`Headless::return_to`].
    pub fn checkpoint(&mut self) -> Checkpoint {
        Checkpoint::new(&self.setting, self.seed, self.copier.copy(&self.world))
    }

    /// Makes this world what another, or this one, was when the checkpoint was taken: it goes on from
    /// there as that would have, bit for bit.
    pub fn return_to(&mut self, checkpoint: &Checkpoint) {
        if !Arc::ptr_eq(&self.setting, checkpoint.setting()) {
            self.setting = Arc::clone(checkpoint.setting());
            self.setting.install(&mut self.world);
        }
        self.seed = checkpoint.seed();
        self.copier
            .put(&mut self.world, &self.setting, checkpoint.state());
    }

    /// Starts anew, as [`Headless::load`] would with the same level; `None` keeps the seed.
    pub fn reset(&mut self, seed: Option<u64>) {
        self.seed = seed.unwrap_or(self.seed);
        let start = self.setting.start(self.seed);
        self.copier.put(&mut self.world, &self.setting, &start);
    }

    pub fn level(&self) -> &Level {
        &self.setting.level
    }

    pub fn seed(&self) -> u64 {
        self.seed
    }

    /// One tick, short or long.
    pub fn step(&mut self) {
        self.tick.run(&mut self.world);
        self.world.clear_trackers();
    }

    /// Ticks until the time of the world is at least `time_ms`.
    pub fn run_until_ms(&mut self, time_ms: u64) {
        while self.time_ms() < time_ms {
            self.step();
        }
    }

    /// Ticks done.
    pub fn tick(&self) -> u64 {
        self.world.resource::<Clock>().tick()
    }

    /// Time since the start of the run [ms].
    pub fn time_ms(&self) -> u64 {
        self.world.resource::<Clock>().time_ms()
    }

    /// Length of the tick that [`Headless::step`] would take now [ms].
    pub fn next_tick_ms(&mut self) -> u64 {
        let world = &self.world;
        let (tick_ms, _) = pace(
            world.resource::<Clock>(),
            world.resource::<Terms>(),
            world.resource::<Inbox>(),
            world.resource::<Physics>(),
            self.pilots.query(world).into_iter(),
        );
        tick_ms
    }

    /// Gives an order, to be taken in the next tick; the answer comes in the log.
    pub fn submit(&mut self, by: &str, order: Order) {
        self.schedule(Issued {
            at_ms: self.time_ms(),
            by: by.to_owned(),
            order,
        });
    }

    /// Gives an order for a time to come; one for the past is taken in the next tick.
    ///
    /// A long tick ends when the next order is due, so an order is never late.
    pub fn schedule(&mut self, mut issued: Issued) {
        issued.at_ms = issued.at_ms.max(self.time_ms());
        self.world.resource_mut::<Inbox>().post(issued, false);
    }

    /// The newest messages of the world, oldest first.
    pub fn log(&self) -> &Chronicle<LogLine> {
        self.world.resource::<Log>().lines()
    }

    /// How many messages there ever were: a reader that remembers it knows what is new.
    pub fn log_written(&self) -> u64 {
        self.world.resource::<Log>().written()
    }

    /// The newest orders taken, with their answers: all of them up to some ten thousand.
    pub fn orders_taken(&self) -> &Chronicle<Taken> {
        self.world.resource::<Log>().taken()
    }

    /// How many orders were ever taken: a reader that remembers it knows which are new.
    pub fn orders_taken_count(&self) -> u64 {
        self.world.resource::<Log>().taken_count()
    }

    /// Orders from outside that wait for their time, earliest first.
    pub fn orders_waiting(&self) -> impl Iterator<Item = &Issued> {
        self.world.resource::<Inbox>().given()
    }

    /// Keeps at least so many of the newest messages and orders from now on, and no more than twice as
    /// many.
    pub fn keep_log(&mut self, lines: usize, orders: usize) {
        self.world.resource_mut::<Log>().keep(lines, orders);
    }

    /// What a prospector knows; `None` if there is none of that name.
    pub fn observe(&mut self, prospector: &str) -> Option<Observation> {
        let id = self.world.resource::<Prospectors>().find(prospector)?;
        Some(self.senses().observe(id))
    }

    /// What a prospector has in stores, at the exchange and in deals; `None` if there is none of
    /// that name.
    pub fn trade(&mut self, prospector: &str) -> Option<TradeView> {
        let id = self.world.resource::<Prospectors>().find(prospector)?;
        Some(self.senses().trade(id))
    }

    /// What everybody sees of the exchange of a good at a place, or of shares.
    pub fn depth(&mut self, listing: &Listing) -> Depth {
        self.senses().depth(listing)
    }

    /// Full-time jobs by trade that the activity of a prospector, or of all, has come to; `None` if
    /// there is none of that name.
    pub fn jobs(&mut self, prospector: Option<&str>) -> Option<Jobs> {
        let id = match prospector {
            Some(name) => Some(self.world.resource::<Prospectors>().find(name)?),
            None => None,
        };
        Some(self.senses().jobs(id))
    }

    /// What a prospector's readings say of a constituent at any place; `None` if there is none of
    /// that name. The map is the prospector's as of now and can be kept and asked at leisure.
    pub fn grade_map(
        &mut self,
        prospector: &str,
        constituent: Constituent,
    ) -> Option<Arc<GradeMap>> {
        let id = self.world.resource::<Prospectors>().find(prospector)?;
        Some(self.map_of(id, constituent))
    }

    /// The price of every good at every node that buys it.
    pub fn market_rows(&mut self) -> Vec<MarketRow> {
        self.senses().market_rows()
    }

    /// The figures of merit now, in the order of [`Figure::ALL`].
    ///
    /// [`Figure::ALL`]: crate::sim::economy::figures::Figure::ALL
    pub fn figures(&mut self) -> Vec<Option<f64>> {
        let now_ms = self.time_ms();
        let tally = self
            .tally
            .get(&self.world)
            .expect("the world has all that a built level has");
        tally.values(self.world.resource::<Figures>(), now_ms)
    }

    /// What a prospector owns at the prices of the day [credits]; `None` if there is none of that
    /// name.
    pub fn net_worth_credits(&mut self, prospector: &str) -> Option<f64> {
        let now_ms = self.time_ms();
        let prospectors = self.world.resource::<Prospectors>();
        let id = prospectors.find(prospector)?;
        let tally = self.tally.get(&self.world).ok()?;
        Some(tally.net_worth_credits(id, prospectors.get(id), now_ms))
    }

    /// The figures of merit so far: at the start, then once a day, in long runs less often.
    pub fn figure_series(&self) -> &[Sample] {
        self.world.resource::<Figures>().samples()
    }

    /// Offers of survey data that a prospector may take up, and its own; none if there is no
    /// prospector of that name.
    pub fn data_offers(&self, prospector: &str) -> Vec<OfferView> {
        let prospectors = self.world.resource::<Prospectors>();
        let data = self.world.resource::<DataMarket>();
        let id = prospectors.find(prospector);
        id.map_or_else(Vec::new, |id| data.seen_by(prospectors, id))
    }

    /// Reads all instruments and books at once, as plain numbers.
    pub fn read_telemetry(&mut self, into: &mut Telemetry) {
        self.senses().read_telemetry(into);
    }

    /// The cheapest plant of others with room that takes the rock of a prospector, by its place in
    /// [`Telemetry::plants`].
    pub fn cheapest_open_plant(&mut self, guest: ProspectorId) -> Option<usize> {
        self.senses().cheapest_open_plant(guest)
    }

    /// Where everything stands, for drawing.
    pub fn scene(&mut self) -> Scene {
        self.senses().scene()
    }

    fn senses(&mut self) -> Senses<'_, '_> {
        self.senses
            .get(&self.world)
            .expect("the world has all that a built level has")
    }

    /// What a hop would take, told before it is ordered.
    ///
    /// # Errors
    /// [`Refusal`] as the order itself would be refused.
    pub fn estimate(&mut self, by: &str, order: &Order) -> Result<Estimate, Refusal> {
        self.desk
            .get_mut(&mut self.world)
            .expect("the world has all that a built level has")
            .estimate(by, order)
    }

    /// What a refit would make of a robot, and what it would cost, told before it is ordered.
    ///
    /// # Errors
    /// [`Refusal`] as the order itself would be refused, except that the robot need not be at the
    /// plant yet and the money need not be there.
    pub fn estimate_refit(&mut self, by: &str, order: &Order) -> Result<RefitEstimate, Refusal> {
        self.desk
            .get_mut(&mut self.world)
            .expect("the world has all that a built level has")
            .estimate_refit(by, order)
    }

    /// What work on a machine would take if it were ordered now.
    ///
    /// # Errors
    /// [`Refusal`] as the order itself would be refused.
    pub fn estimate_service(
        &mut self,
        by: &str,
        order: &Order,
    ) -> Result<ServiceEstimate, Refusal> {
        self.desk
            .get_mut(&mut self.world)
            .expect("the world has all that a built level has")
            .estimate_service(by, order)
    }

    /// What a lot would really bring at a node from a place, beside the spot price, and what it would
    /// do to that price.
    ///
    /// # Errors
    /// [`Refusal`] if the mass is unusable, nobody there buys the good, or no tug goes there.
    pub fn quote(
        &mut self,
        from: &Place,
        node: &str,
        good: Good,
        mass_kg: f64,
    ) -> Result<SaleQuote, Refusal> {
        self.desk
            .get_mut(&mut self.world)
            .expect("the world has all that a built level has")
            .quote_sale(from, node, good, mass_kg)
    }

    /// What prospectors have and have agreed among each other.
    pub fn commerce(&self) -> &Commerce {
        self.world.resource()
    }

    /// All that robots of this world can be built from.
    pub fn catalogue(&self) -> &Catalogue {
        self.world.resource()
    }

    pub fn terrain(&self) -> &Terrain {
        self.world.resource()
    }

    pub fn ledger(&self) -> &Ledger {
        self.world.resource()
    }

    /// The market of the level, which the order `Sell` uses.
    pub fn market(&self) -> MarketNow<'_> {
        self.markets().main()
    }

    /// Every market, public as its price is.
    pub fn markets(&self) -> &Markets {
        self.world.resource()
    }

    pub fn claims(&self) -> &Registry {
        self.world.resource()
    }

    /// What the law has led to: fund, quota, records, disputes, votes. All of it is public but
    /// what inspectors have yet to find and sealed bids.
    pub fn regime(&self) -> &Regime {
        self.world.resource()
    }

    /// The rules in force.
    pub fn charter(&self) -> &Charter {
        self.world.resource::<Regime>().charter()
    }

    /// Mass of a robot with all that it carries [g].
    pub fn mass_of_g(&mut self, robot: &str) -> Option<i64> {
        let mut robots = self.world.query::<(&Robot, &Bin, &Tank)>();
        robots
            .iter(&self.world)
            .find(|(candidate, ..)| candidate.name == robot)
            .map(|(found, bin, tank)| (1e3 * found.mass_kg(bin, tank)).round() as i64)
    }

    /// Jumps and cores so far.
    pub fn feats(&self) -> &Feats {
        self.world.resource()
    }

    /// Every hole that was drilled.
    pub fn boreholes(&self) -> &[Borehole] {
        self.world.resource::<Boreholes>().holes()
    }

    /// What the robots have given to the body.
    pub fn recoil(&self) -> &Recoil {
        self.world.resource()
    }

    /// The account of a prospector.
    pub fn account(&self, prospector: &str) -> Option<AccountId> {
        let prospectors = self.world.resource::<Prospectors>();
        Some(prospectors.get(prospectors.find(prospector)?).account)
    }

    /// Snapshot of the whole world.
    pub fn save(&mut self) -> Vec<u8> {
        snapshot::save(&self.checkpoint())
    }

    /// Puts a robot somewhere with some velocity: the initial state of an experiment, not a thing
    /// that can happen in a run. Returns whether there is such a robot.
    pub fn place_robot(
        &mut self,
        name: &str,
        position_m: Vec3,
        rotation: Quat,
        velocity_m_s: Vec3,
    ) -> bool {
        let mut robots = self.world.query::<(&Robot, &BodyHandle, &mut Motion)>();
        let Some((_, &body, mut motion)) = robots
            .iter_mut(&mut self.world)
            .find(|(robot, ..)| robot.name == name)
        else {
            return false;
        };
        *motion = Motion {
            position_m,
            rotation,
            velocity_m_s,
            ..default()
        };
        let mut physics = self.world.resource_mut::<Physics>();
        physics.set_pose(body, position_m, rotation);
        physics.set_velocity(body, velocity_m_s);
        true
    }

    /// Position [m] and velocity [m/s] of a robot in 64 bits, where [`Scene`] is rounded to 32: for
    /// experiments that weigh energies.
    pub fn exact_motion(&mut self, name: &str) -> Option<(DVec3, DVec3)> {
        let mut robots = self.world.query::<(&Robot, &BodyHandle)>();
        let (_, &body) = robots
            .iter(&self.world)
            .find(|(robot, _)| robot.name == name)?;
        Some(self.world.resource::<Physics>().place_and_velocity(body))
    }

    /// Wakes every robot that has come to rest: for experiments on how still rest is.
    pub fn wake_robots(&mut self) {
        let mut robots = self.world.query::<&BodyHandle>();
        let bodies: Vec<BodyHandle> = robots.iter(&self.world).copied().collect();
        let mut physics = self.world.resource_mut::<Physics>();
        for body in bodies {
            physics.wake(body);
        }
    }

    /// Digs or heaps ground in one go: the initial state of an experiment, not a thing that can
    /// happen in a run. The books still hold what was there before.
    pub fn replace_terrain(&mut self, mut terrain: Terrain) {
        let changed = terrain.take_changed_chunks();
        let mut physics = self.world.resource_mut::<Physics>();
        physics.renew_ground(&terrain, &changed);
        self.world.insert_resource(terrain);
    }

    /// Hash of everything that can make a difference later.
    pub fn state_hash(&mut self) -> u64 {
        let mut hash = Xxh3::new();
        let mut robots = self.world.query::<(
            &Robot,
            &Motion,
            &Bin,
            &Tank,
            &Battery,
            &Tool,
            &Anchor,
            &Autopilot,
            &Probe,
            &Gear,
            &Health,
            &Service,
        )>();
        let clock = *self.world.resource::<Clock>();
        hash.update(&clock.tick().to_le_bytes());
        hash.update(&clock.time_ms().to_le_bytes());
        for (
            robot,
            motion,
            bin,
            tank,
            battery,
            tool,
            anchor,
            pilot,
            probe,
            gear,
            health,
            service,
        ) in robots.iter(&self.world)
        {
            let stores = (bin, tank, battery, tool, anchor, gear);
            robot::hash_robot(
                &mut hash,
                robot,
                motion,
                stores,
                pilot.activity(robot, motion),
            );
            pilot.hash_into(&mut hash);
            probe.hash_into(&mut hash);
            health.hash_into(&mut hash);
            service.hash_into(&mut hash);
        }
        let mut plants = self.world.query::<&Plant>();
        for plant in plants.iter(&self.world) {
            plant.hash_into(&mut hash);
        }
        self.world.resource::<Physics>().hash_into(&mut hash);
        self.terrain().hash_into(&mut hash);
        self.ledger().hash_into(&mut hash);
        self.markets().hash_into(&mut hash);
        self.claims().hash_into(&mut hash);
        self.world.resource::<Figures>().hash_into(&mut hash);
        for part in [
            postcard::to_stdvec(self.world.resource::<Scripts>()),
            postcard::to_stdvec(self.world.resource::<Inbox>()),
            postcard::to_stdvec(self.world.resource::<Feats>()),
            postcard::to_stdvec(self.world.resource::<Lessons>()),
            postcard::to_stdvec(self.world.resource::<Recoil>()),
            postcard::to_stdvec(self.world.resource::<Boreholes>()),
            postcard::to_stdvec(self.world.resource::<Prospectors>()),
            postcard::to_stdvec(self.world.resource::<DataMarket>()),
            postcard::to_stdvec(self.world.resource::<Commerce>()),
            postcard::to_stdvec(self.world.resource::<Regime>()),
        ] {
            hash.update(&part.expect("scripts, orders and surveys have no unserialisable part"));
        }
        hash.digest()
    }

    /// What has come of each prospector, in the order of the level.
    pub fn prospector_reports(&mut self) -> Vec<ProspectorReport> {
        let world = &mut self.world;
        let mut robots = world.query::<(&Robot, &Bin)>();
        let prospectors = world.resource::<Prospectors>();
        let ledger = world.resource::<Ledger>();
        let commerce = world.resource::<Commerce>();
        let market = world.resource::<Markets>().main();
        let sum = |memo: Memo, to: AccountId| -> i64 {
            i64::try_from(ledger.moved(memo, None, Some(to))).unwrap_or(i64::MAX)
        };
        let mut bins_of = |id: ProspectorId| -> Vec<AccountId> {
            robots
                .query(world)
                .iter()
                .filter(|(robot, ..)| robot.owner == id)
                .map(|(_, bin)| bin.account)
                .collect()
        };
        prospectors
            .iter()
            .map(|(id, prospector)| {
                let bins = bins_of(id);
                let mut sold_g = BTreeMap::from([(market.good().as_str(), 0)]);
                for (good, sold) in commerce.sales.of(&prospector.name) {
                    sold_g.insert(good.as_str(), sold.mass_g);
                }
                let dug_g = bins.iter().map(|&bin| sum(Memo::Dug, bin)).sum();
                ProspectorReport {
                    name: prospector.name.clone(),
                    brain: match prospector.brain {
                        Brain::Human => "human",
                        Brain::Scripted { .. } => "scripted",
                    },
                    credits: 1e-6 * ledger.balance(prospector.account) as f64,
                    sold_g,
                    dug_g,
                    samples: prospector.survey.measured_count(),
                }
            })
            .collect()
    }

    /// What the run has come to.
    pub fn report(&mut self) -> Report {
        let state_hash = format!("{:016x}", self.state_hash());
        let mass_error_g = self.mass_error_g();
        let water_under = self.water_under_robots();
        let ids = Figure::ALL.iter().map(|figure| figure.id);
        let figures = ids.zip(self.figures()).collect();
        let prospector_reports = self.prospector_reports();
        let world = &mut self.world;
        let mut robots =
            world.query::<(&Robot, &Motion, &Bin, &Tank, &Battery, &Anchor, &Autopilot)>();
        let mut plants = world.query::<&Plant>();
        let prospectors = world.resource::<Prospectors>();
        let ledger = world.resource::<Ledger>();
        let log = world.resource::<Log>();
        let market = world.resource::<Markets>().main();
        Report {
            level: self.setting.level.name.clone(),
            seed: self.seed,
            ticks: world.resource::<Clock>().tick(),
            sim_s: 1e-3 * world.resource::<Clock>().time_ms() as f64,
            state_hash,
            mass_error_g,
            credit_error: 1e-6 * ledger.credit_error_ucr() as f64,
            price_credits_per_kg: market.price_credits_per_kg(),
            displaced: world.resource::<Markets>().displaced(),
            figures,
            orders_taken: log.taken_count(),
            orders_refused: log.refused_count(),
            claims: world.resource::<Registry>().standing().count(),
            prospectors: prospector_reports,
            robots: robots
                .query(world)
                .iter()
                .map(
                    |(robot, motion, bin, tank, battery, anchor, pilot)| RobotReport {
                        name: robot.name.clone(),
                        owner: prospectors.name(robot.owner).to_owned(),
                        position_m: motion.position_m.to_array(),
                        velocity_m_s: motion.velocity_m_s.to_array(),
                        at_rest: motion.at_rest,
                        touching: motion.touching,
                        lost: robot.lost,
                        anchored: *anchor != Anchor::Out,
                        activity: pilot.describe(robot, motion, bin),
                        bin_g: bin.load_g(),
                        propellant_g: tank.propellant_g(),
                        battery_fraction: battery.fraction(),
                        water_estimate: water_under[&robot.name].mean(),
                        water_estimate_std: water_under[&robot.name].std(),
                    },
                )
                .collect(),
            plants: plants
                .query(world)
                .iter()
                .map(|plant| PlantReport {
                    name: plant.name.clone(),
                    owner: prospectors.name(plant.owner).to_owned(),
                    hopper_g: plant.hopper_g(),
                    water_g: plant.water_g(),
                    tailings_g: plant.tailings_g(),
                })
                .collect(),
        }
    }

    /// What the owner of each robot makes of the ground where it is, by the robot's name.
    fn water_under_robots(&mut self) -> BTreeMap<String, Grade> {
        let mut robots = self.world.query::<(&Robot, &Motion)>();
        let places: Vec<(String, ProspectorId, Vec3)> = robots
            .iter(&self.world)
            .map(|(robot, motion)| (robot.name.clone(), robot.owner, motion.position_m))
            .collect();
        places
            .into_iter()
            .map(|(name, owner, place_m)| {
                let map = self.map_of(owner, Constituent::Water);
                (name, map.at(&[place_m])[0])
            })
            .collect()
    }

    fn map_of(&mut self, id: ProspectorId, constituent: Constituent) -> Arc<GradeMap> {
        self.world
            .resource_scope(|world, mut maps: Mut<GradeMaps>| {
                let survey = &world.resource::<Prospectors>().get(id).survey;
                let body = world.resource::<Terrain>().model();
                maps.get(id, constituent, survey, body)
            })
    }

    /// Grams that the books, the machines and the ground disagree about: always zero.
    ///
    /// Sums the ledger anew, counts the voxels again, and compares every bin, tank and hopper with
    /// its account, so that a mistake in any of them shows.
    pub fn mass_error_g(&mut self) -> i64 {
        let mut robots = self.world.query::<(&Robot, &Bin, &Tank)>();
        let mut plants = self.world.query::<&Plant>();
        let ledger = self.ledger();
        let terrain = self.terrain();
        let accounts = self.world.resource::<Accounts>();
        let rock = ledger.account(accounts.rock);
        let mut error_g = ledger.mass_error_g().abs()
            + (rock.opening() - rock.balance() - terrain.removed_g()).abs()
            + (terrain.recount_removed_g() - terrain.removed_g()).abs();
        let mut compare = |account: AccountId, held_g: i64| {
            error_g += (ledger.balance(account) - held_g).abs();
        };
        for (robot, bin, tank) in robots.iter(&self.world) {
            compare(robot.machine_account, robot.dry_g());
            compare(robot.spares.mechanical_account, robot.spares.mechanical_g());
            compare(robot.spares.electronic_account, robot.spares.electronic_g());
            compare(bin.account, bin.load_g());
            compare(tank.account, tank.propellant_g());
        }
        for plant in plants.iter(&self.world) {
            compare(plant.hopper_account, plant.hopper_g());
            compare(plant.water_account, plant.water_g());
            compare(plant.tailings_account, plant.tailings_g());
            let stock_g = plant.stock().iter().map(|part| part.mass_g).sum();
            compare(plant.stock_account, stock_g);
            compare(
                plant.spares().mechanical_account,
                plant.spares().mechanical_g(),
            );
            compare(
                plant.spares().electronic_account,
                plant.spares().electronic_g(),
            );
        }
        for (account, under_way_g) in self.commerce().shipping.in_transit() {
            compare(account, under_way_g);
        }
        error_g
    }

    /// The first thing that a ray meets within `max_m`: a robot, a plant or the ground.
    pub fn cast_ray(&mut self, origin_m: Vec3, direction: Vec3, max_m: f32) -> Option<RayHit> {
        let direction = direction.try_normalize()?;
        let mut robots = self.world.query::<(&Robot, &Motion)>();
        let mut plants = self.world.query::<&Plant>();
        let mut nearest: Option<(f32, Vec3, Option<String>, Option<String>)> = None;
        let mut offer = |hit: Option<(f32, Vec3)>, robot: Option<&str>, plant: Option<&str>| {
            if let Some((along_m, normal)) = hit
                && along_m < nearest.as_ref().map_or(max_m, |(best_m, ..)| *best_m)
            {
                nearest = Some((
                    along_m,
                    normal,
                    robot.map(str::to_owned),
                    plant.map(str::to_owned),
                ));
            }
        };
        for (robot, motion) in robots.iter(&self.world) {
            // A little larger than life, so that a distant robot can still be clicked.
            let size_m = 1.3 * robot.size_m();
            let hit = ray_box(
                origin_m,
                direction,
                motion.position_m,
                motion.rotation,
                size_m,
            );
            offer(hit, Some(&robot.name), None);
        }
        for plant in plants.iter(&self.world) {
            let (x, y, z) = plant.kind.size_m;
            let size_m = DVec3::new(x, y, z).as_vec3();
            let hit = ray_box(
                origin_m,
                direction,
                plant.position_m,
                plant.rotation,
                size_m,
            );
            offer(hit, None, Some(&plant.name));
        }
        let terrain = self.terrain();
        let reach_m = nearest.as_ref().map_or(max_m, |(best_m, ..)| *best_m);
        let mut along_m = 0.0f32;
        while along_m < reach_m {
            let at_m = (origin_m + along_m * direction).as_dvec3();
            let gap_m = terrain.signed_distance_m(at_m) as f32;
            if gap_m < 0.02 {
                return Some(RayHit {
                    point_m: at_m.as_vec3(),
                    normal: terrain.normal(at_m).as_vec3(),
                    robot: None,
                    plant: None,
                });
            }
            along_m += (0.7 * gap_m).max(0.02);
        }
        nearest.map(|(along_m, normal, robot, plant)| RayHit {
            point_m: origin_m + along_m * direction,
            normal,
            robot,
            plant,
        })
    }
}

fn empty_world() -> (World, Schedule) {
    let mut app = App::empty();
    app.add_plugins(SimPlugin);
    app.finish();
    app.cleanup();
    let mut world = std::mem::take(app.world_mut());
    let tick = world
        .resource_mut::<Schedules>()
        .remove(Tick)
        .expect("SimPlugin makes the schedule");
    (world, tick)
}

/// Where a ray enters a box of full extents `size_m`: distance along it, and the face's normal.
fn ray_box(
    origin_m: Vec3,
    direction: Vec3,
    centre_m: Vec3,
    rotation: Quat,
    size_m: Vec3,
) -> Option<(f32, Vec3)> {
    let into = rotation.inverse();
    let from = into * (origin_m - centre_m);
    let along = into * direction;
    let near_planes = (-0.5 * size_m * along.signum() - from) / along;
    let far_planes = (0.5 * size_m * along.signum() - from) / along;
    let enter = near_planes.max_element();
    let leave = far_planes.min_element();
    if leave < enter || enter < 0.0 {
        return None;
    }
    let mut normal = Vec3::ZERO;
    let axis = near_planes.max_position();
    normal[axis] = -along.signum()[axis];
    Some((enter, rotation * normal))
}
