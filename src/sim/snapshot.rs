//! Copies of a whole world, to be continued as if nothing had happened.
//!
//! [`State`] is everything that a world is and its level does not say. Kept in memory it is a
//! [`Checkpoint`], which shares with the world and with others what is long and seldom changes;
//! written down, with the level, it is a snapshot. The format of that carries a magic word, a version
//! and a checksum, so that a foreign, an old or a damaged file is refused and never half loaded.

use std::sync::Arc;

use bevy::ecs::query::{QueryData, QueryState};
use bevy::prelude::*;
use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::xxh3_64;

use super::asteroid::{BodyError, BodyModel, Terrain};
use super::build::Setting;
use super::daylight::{Daylight, Horizon};
use super::economy::commerce::Commerce;
use super::economy::figures::Figures;
use super::economy::ledger::Ledger;
use super::economy::markets::Markets;
use super::law::claims::Registry;
use super::law::regime::Regime;
use super::lesson::Lessons;
use super::level::Level;
use super::order::{Inbox, Log};
use super::physics::{BodyHandle, Motion, Physics};
use super::plant::Plant;
use super::prospecting::grade_map::GradeMaps;
use super::prospecting::probe::Probe;
use super::prospecting::trade::DataMarket;
use super::prospector::Prospectors;
use super::prospector::brains::Scripts;
use super::robot::anchor_ground::Loosened;
use super::robot::autopilot::Autopilot;
use super::robot::drill::Boreholes;
use super::robot::feats::Feats;
use super::robot::recoil::Recoil;
use super::robot::{
    Anchor, Battery, Bin, Drive, FieldCell, Gear, Health, Robot, Service, Tank, Tool,
};
use super::{Accounts, Chance, Clock};

const MAGIC: &[u8; 8] = b"BONANZA\n";
/// Changes whenever the bytes of any part change meaning.
const VERSION: u32 = 9;
/// Magic, version and checksum come before the state.
const HEADER_BYTES: usize = 8 + 4 + 8;

/// Why bytes are no snapshot of this program.
#[derive(Debug, thiserror::Error)]
pub enum SnapshotError {
    #[error("this is not a saved world of Bonanza")]
    Foreign,
    #[error("the save is of version {found}, this program reads version {VERSION}")]
    Version { found: u32 },
    #[error("the save is damaged: its checksum does not match")]
    Damaged,
    #[error("the save cannot be read: {0}")]
    Content(#[from] postcard::Error),
    #[error("the level within the save is not valid: {0}")]
    Level(String),
    #[error(transparent)]
    Body(#[from] BodyError),
}

/// Everything that a world is, in one value.
#[derive(Clone, Serialize, Deserialize)]
pub struct State {
    pub(super) clock: Clock,
    pub(super) accounts: Accounts,
    pub(super) chance: Chance,
    pub(super) prospectors: Prospectors,
    pub(super) scripts: Scripts,
    pub(super) inbox: Inbox,
    pub(super) log: Log,
    pub(super) ledger: Ledger,
    pub(super) markets: Markets,
    pub(super) registry: Registry,
    pub(super) data: DataMarket,
    pub(super) commerce: Commerce,
    pub(super) figures: Figures,
    pub(super) regime: Regime,
    pub(super) terrain: Terrain,
    pub(super) feats: Feats,
    pub(super) lessons: Lessons,
    pub(super) recoil: Recoil,
    pub(super) boreholes: Boreholes,
    pub(super) robots: Vec<RobotState>,
    pub(super) plants: Vec<PlantState>,
    pub(super) physics: Physics,
    // What follows saves time only.
    #[serde(skip)]
    pub(super) grade_maps: GradeMaps,
    #[serde(skip)]
    pub(super) loosened: Loosened,
}

/// The components of one robot.
#[derive(Clone, Serialize, Deserialize)]
pub struct RobotState {
    pub(super) robot: Robot,
    pub(super) motion: Motion,
    pub(super) body: BodyHandle,
    pub(super) bin: Bin,
    pub(super) tank: Tank,
    pub(super) battery: Battery,
    pub(super) anchor: Anchor,
    pub(super) tool: Tool,
    pub(super) drive: Drive,
    pub(super) pilot: Autopilot,
    pub(super) probe: Probe,
    pub(super) gear: Gear,
    pub(super) health: Health,
    pub(super) service: Service,
    #[serde(skip)]
    pub(super) cell: FieldCell,
    pub(super) horizon: Horizon,
}

/// The components of one plant.
#[derive(Clone, Serialize, Deserialize)]
pub struct PlantState {
    pub(super) plant: Plant,
    pub(super) horizon: Horizon,
}

impl RobotState {
    fn parts(self) -> impl Bundle {
        let Self {
            robot,
            motion,
            body,
            bin,
            tank,
            battery,
            anchor,
            tool,
            drive,
            pilot,
            probe,
            gear,
            health,
            service,
            cell,
            horizon,
        } = self;
        (
            (robot, motion, body, bin, tank, battery, anchor, tool),
            (drive, pilot, probe, gear, health, service, cell, horizon),
        )
    }
}

#[derive(QueryData)]
#[query_data(mutable)]
struct RobotParts {
    robot: &'static mut Robot,
    motion: &'static mut Motion,
    body: &'static mut BodyHandle,
    bin: &'static mut Bin,
    tank: &'static mut Tank,
    battery: &'static mut Battery,
    anchor: &'static mut Anchor,
    tool: &'static mut Tool,
    drive: &'static mut Drive,
    pilot: &'static mut Autopilot,
    probe: &'static mut Probe,
    gear: &'static mut Gear,
    health: &'static mut Health,
    service: &'static mut Service,
    cell: &'static mut FieldCell,
    horizon: &'static mut Horizon,
}

/// A world as it was, kept in memory. A copy of it costs next to nothing.
#[derive(Clone)]
pub struct Checkpoint {
    setting: Arc<Setting>,
    seed: u64,
    state: Arc<State>,
}

impl Checkpoint {
    pub fn new(setting: &Arc<Setting>, seed: u64, state: State) -> Self {
        Self {
            setting: Arc::clone(setting),
            seed,
            state: Arc::new(state),
        }
    }

    pub fn setting(&self) -> &Arc<Setting> {
        &self.setting
    }

    pub fn level(&self) -> &Level {
        &self.setting.level
    }

    pub fn seed(&self) -> u64 {
        self.seed
    }

    pub fn state(&self) -> &State {
        &self.state
    }

    /// Ticks done by then.
    pub fn tick(&self) -> u64 {
        self.state.clock.tick()
    }

    /// Time of the run [ms].
    pub fn time_ms(&self) -> u64 {
        self.state.clock.time_ms()
    }
}

/// Copies worlds: what it asks a world for, made once.
pub struct Copier {
    robots: QueryState<RobotParts>,
    plants: QueryState<(Entity, &'static mut Plant, &'static mut Horizon)>,
    robot_entities: QueryState<Entity, With<Robot>>,
}

impl Copier {
    pub fn new(world: &mut World) -> Self {
        Self {
            robots: world.query(),
            plants: world.query(),
            robot_entities: world.query_filtered(),
        }
    }

    /// The state of a world.
    pub fn copy(&mut self, world: &World) -> State {
        State {
            clock: *world.resource::<Clock>(),
            accounts: *world.resource::<Accounts>(),
            chance: world.resource::<Chance>().clone(),
            prospectors: world.resource::<Prospectors>().clone(),
            scripts: world.resource::<Scripts>().clone(),
            inbox: world.resource::<Inbox>().clone(),
            log: world.resource::<Log>().clone(),
            ledger: world.resource::<Ledger>().clone(),
            markets: world.resource::<Markets>().clone(),
            registry: world.resource::<Registry>().clone(),
            data: world.resource::<DataMarket>().clone(),
            commerce: world.resource::<Commerce>().clone(),
            figures: world.resource::<Figures>().clone(),
            regime: world.resource::<Regime>().clone(),
            terrain: world.resource::<Terrain>().clone(),
            feats: world.resource::<Feats>().clone(),
            lessons: world.resource::<Lessons>().clone(),
            recoil: *world.resource::<Recoil>(),
            boreholes: world.resource::<Boreholes>().clone(),
            robots: self
                .robots
                .query(world)
                .iter()
                .map(|parts| RobotState {
                    robot: parts.robot.clone(),
                    motion: *parts.motion,
                    body: *parts.body,
                    bin: parts.bin.clone(),
                    tank: parts.tank.clone(),
                    battery: parts.battery.clone(),
                    anchor: *parts.anchor,
                    tool: parts.tool.clone(),
                    drive: *parts.drive,
                    pilot: parts.pilot.clone(),
                    probe: parts.probe.clone(),
                    gear: *parts.gear,
                    health: parts.health.clone(),
                    service: parts.service.clone(),
                    cell: parts.cell.clone(),
                    horizon: parts.horizon.clone(),
                })
                .collect(),
            plants: self
                .plants
                .query(world)
                .iter()
                .map(|(_, plant, horizon)| PlantState {
                    plant: plant.clone(),
                    horizon: horizon.clone(),
                })
                .collect(),
            physics: world.resource::<Physics>().clone(),
            grade_maps: world.resource::<GradeMaps>().clone(),
            loosened: *world.resource::<Loosened>(),
        }
    }

    /// Gives a world a state, of the same level or another, whatever it was before.
    pub fn put(&mut self, world: &mut World, setting: &Setting, state: &State) {
        self.put_machines(world, state);
        put_ground(world, state);
        let daylight = Daylight::at(&state.terrain, &setting.terms, state.clock.time_ms());
        world.insert_resource(daylight);
        world.insert_resource(state.clock);
        world.insert_resource(state.accounts);
        world.insert_resource(state.chance.clone());
        world.insert_resource(state.prospectors.clone());
        world.insert_resource(state.scripts.clone());
        world.insert_resource(state.inbox.clone());
        world.insert_resource(state.log.clone());
        world.insert_resource(state.ledger.clone());
        world.insert_resource(state.markets.clone());
        world.insert_resource(state.registry.clone());
        world.insert_resource(state.data.clone());
        world.insert_resource(state.commerce.clone());
        world.insert_resource(state.figures.clone());
        world.insert_resource(state.regime.clone());
        world.insert_resource(state.feats.clone());
        world.insert_resource(state.lessons.clone());
        world.insert_resource(state.recoil);
        world.insert_resource(state.boreholes.clone());
        world.insert_resource(state.grade_maps.clone());
        world.insert_resource(state.loosened);
    }

    fn put_machines(&mut self, world: &mut World, state: &State) {
        let (robots, plants) = (
            self.robots.query(world).iter().len(),
            self.plants.query(world).iter().len(),
        );
        if (robots, plants) != (state.robots.len(), state.plants.len()) {
            // Queries find machines in the order in which they were made.
            let old: Vec<Entity> = self
                .robot_entities
                .iter(world)
                .chain(self.plants.query(world).iter().map(|(plant, ..)| plant))
                .collect();
            for machine in old {
                world.despawn(machine);
            }
            for robot in &state.robots {
                world.spawn(robot.clone().parts());
            }
            for plant in &state.plants {
                let PlantState { plant, horizon } = plant.clone();
                world.spawn((plant, horizon));
            }
            return;
        }
        for (mut parts, saved) in self.robots.iter_mut(world).zip(&state.robots) {
            parts.robot.clone_from(&saved.robot);
            parts.motion.clone_from(&saved.motion);
            parts.body.clone_from(&saved.body);
            parts.bin.clone_from(&saved.bin);
            parts.tank.clone_from(&saved.tank);
            parts.battery.clone_from(&saved.battery);
            parts.anchor.clone_from(&saved.anchor);
            parts.tool.clone_from(&saved.tool);
            parts.drive.clone_from(&saved.drive);
            parts.pilot.clone_from(&saved.pilot);
            parts.probe.clone_from(&saved.probe);
            parts.gear.clone_from(&saved.gear);
            parts.health.clone_from(&saved.health);
            parts.service.clone_from(&saved.service);
            parts.cell.clone_from(&saved.cell);
            parts.horizon.clone_from(&saved.horizon);
        }
        for ((_, mut plant, mut horizon), saved) in self.plants.iter_mut(world).zip(&state.plants) {
            plant.clone_from(&saved.plant);
            horizon.clone_from(&saved.horizon);
        }
    }
}

/// Puts back the ground, and the bodies on it.
fn put_ground(world: &mut World, state: &State) {
    let same_body = world
        .get_resource::<Terrain>()
        .is_some_and(|terrain| Arc::ptr_eq(terrain.model(), state.terrain.model()));
    if same_body && world.contains_resource::<Physics>() {
        world.resource_scope(|world, mut physics: Mut<Physics>| {
            let was = world.resource::<Terrain>().edited_chunks();
            let dug = was.chain(state.terrain.edited_chunks());
            let ground = dug.map(|key| (key, state.terrain.field_at_hand(key)));
            physics.return_to(&state.physics, ground);
        });
    } else {
        world.insert_resource(state.physics.clone());
    }
    world.insert_resource(state.terrain.clone());
}

/// A snapshot as it is written; the level comes first, since there is no reading on without its body.
#[derive(Serialize, Deserialize)]
struct Written<S> {
    level: String,
    /// Of the file of the body, if it has one.
    mesh_digest: Option<u64>,
    seed: u64,
    state: S,
}

/// Writes a world down.
pub fn save(checkpoint: &Checkpoint) -> Vec<u8> {
    let written = Written {
        level: checkpoint.level().to_ron(),
        mesh_digest: checkpoint.setting.model.mesh_digest(),
        seed: checkpoint.seed,
        state: checkpoint.state(),
    };
    let mut bytes = vec![0; HEADER_BYTES];
    bytes = postcard::to_extend(&written, bytes).expect("the state has no unserialisable part");
    let checksum = xxh3_64(&bytes[HEADER_BYTES..]);
    bytes[..8].copy_from_slice(MAGIC);
    bytes[8..12].copy_from_slice(&VERSION.to_le_bytes());
    bytes[12..20].copy_from_slice(&checksum.to_le_bytes());
    bytes
}

/// Reads back what [`save`] has written.
///
/// # Errors
/// [`SnapshotError`] if the bytes are not a whole snapshot of this version.
pub fn read(bytes: &[u8]) -> Result<Checkpoint, SnapshotError> {
    let Some((header, content)) = bytes.split_at_checked(HEADER_BYTES) else {
        return Err(SnapshotError::Foreign);
    };
    if &header[..8] != MAGIC {
        return Err(SnapshotError::Foreign);
    }
    let word = |range: std::ops::Range<usize>| {
        u32::from_le_bytes(header[range].try_into().unwrap_or_default())
    };
    let found = word(8..12);
    if found != VERSION {
        return Err(SnapshotError::Version { found });
    }
    if u64::from(word(12..16)) | u64::from(word(16..20)) << 32 != xxh3_64(content) {
        return Err(SnapshotError::Damaged);
    }
    // What comes first says whether there is a body for the rest.
    let ((text, mesh_digest), _) = postcard::take_from_bytes::<(String, Option<u64>)>(content)?;
    let level = Level::parse(&text, "the save")
        .map_err(|errors| SnapshotError::Level(errors.to_string()))?;
    let model = BodyModel::of(&level.body, level.anchor())?;
    if model.mesh_digest() != mesh_digest {
        return Err(SnapshotError::Body(BodyError::OtherMesh {
            file: model.record().name.clone(),
        }));
    }
    let Written { seed, state, .. } = postcard::from_bytes::<Written<State>>(content)?;
    Ok(Checkpoint::new(&Setting::of(&level)?, seed, state))
}
