//! Snapshots: a whole world as bytes, to be continued as if nothing had happened.
//!
//! A snapshot holds the level it came from, every resource and every machine, and the rigid bodies'
//! sets with their contacts. What follows from those (the pristine body, the Sun, caches) is made
//! again. The format carries a magic word, a version and a checksum, so that a foreign, an old or
//! a damaged file is refused and never half loaded.

use bevy::ecs::system::SystemState;
use bevy::prelude::*;
use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::xxh3_64;

use super::asteroid::{BodyError, BodyModel, Terrain};
use super::daylight::{Daylight, Horizon};
use super::economy::commerce::Commerce;
use super::economy::figures::Figures;
use super::economy::ledger::Ledger;
use super::economy::markets::Markets;
use super::law::claims::Registry;
use super::law::regime::Regime;
use super::lesson::Lessons;
use super::level::Level;
use super::level::modules::Catalogue;
use super::order::{Inbox, Log};
use super::physics::{BodyHandle, Motion, Physics};
use super::plant::Plant;
use super::prospecting::probe::Probe;
use super::prospecting::trade::DataMarket;
use super::prospector::Prospectors;
use super::prospector::brains::Scripts;
use super::robot::atlas::Atlas;
use super::robot::autopilot::Autopilot;
use super::robot::drill::Boreholes;
use super::robot::feats::Feats;
use super::robot::recoil::Recoil;
use super::robot::{
    Anchor, Battery, Bin, Drive, FieldCell, Gear, Health, Robot, Service, Tank, Tool,
};
use super::{Accounts, Chance, Clock, build};

const MAGIC: &[u8; 8] = b"BONANZA\n";
/// Changes whenever the bytes of any part change meaning.
const VERSION: u32 = 8;
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

/// Everything that a world is, in one value. `M` is how machines are held: by reference or owned.
#[derive(Serialize, Deserialize)]
struct State {
    level: String,
    /// Of the file of the body, if it has one.
    mesh_digest: Option<u64>,
    seed: u64,
    clock: Clock,
    accounts: Accounts,
    chance: Chance,
    prospectors: Prospectors,
    scripts: Scripts,
    inbox: Inbox,
    log: Log,
    ledger: Ledger,
    markets: Markets,
    registry: Registry,
    data: DataMarket,
    commerce: Commerce,
    figures: Figures,
    regime: Regime,
    terrain: Terrain,
    feats: Feats,
    lessons: Lessons,
    recoil: Recoil,
    boreholes: Boreholes,
    robots: Vec<RobotState>,
    plants: Vec<Plant>,
}

/// The components of one robot.
#[derive(Serialize, Deserialize)]
struct RobotState {
    robot: Robot,
    motion: Motion,
    body: BodyHandle,
    bin: Bin,
    tank: Tank,
    battery: Battery,
    anchor: Anchor,
    tool: Tool,
    drive: Drive,
    pilot: Autopilot,
    probe: Probe,
    gear: Gear,
    health: Health,
    service: Service,
}

/// Writes a world down.
pub fn save(world: &mut World, level: &Level, seed: u64) -> Vec<u8> {
    type Robots<'w, 's> = Query<
        'w,
        's,
        (
            &'static Robot,
            &'static Motion,
            &'static BodyHandle,
            &'static Bin,
            &'static Tank,
            &'static Battery,
            &'static Anchor,
            &'static Tool,
            &'static Drive,
            &'static Autopilot,
            &'static Probe,
            &'static Gear,
            &'static Health,
            &'static Service,
        ),
    >;
    let mut machines = SystemState::<(Robots, Query<&Plant>)>::new(world);
    let (robots, plants) = machines
        .get(world)
        .expect("queries are always there to be asked");
    let robots = robots
        .iter()
        .map(
            |(
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
            )| {
                RobotState {
                    robot: robot.clone(),
                    motion: *motion,
                    body: *body,
                    bin: bin.clone(),
                    tank: tank.clone(),
                    battery: battery.clone(),
                    anchor: *anchor,
                    tool: tool.clone(),
                    drive: *drive,
                    pilot: pilot.clone(),
                    probe: probe.clone(),
                    gear: *gear,
                    health: health.clone(),
                    service: service.clone(),
                }
            },
        )
        .collect();
    let plants = plants.iter().cloned().collect();
    let state = State {
        level: level.to_ron(),
        mesh_digest: world.resource::<Terrain>().model().mesh_digest(),
        seed,
        clock: *world.resource(),
        accounts: *world.resource(),
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
        recoil: *world.resource(),
        boreholes: world.resource::<Boreholes>().clone(),
        robots,
        plants,
    };
    let mut bytes = vec![0; HEADER_BYTES];
    bytes = postcard::to_extend(&state, bytes).expect("the state has no unserialisable part");
    // Not cloned for the purpose.
    bytes = postcard::to_extend(world.resource::<Physics>(), bytes)
        .expect("rigid bodies have no unserialisable part");
    let checksum = xxh3_64(&bytes[HEADER_BYTES..]);
    bytes[..8].copy_from_slice(MAGIC);
    bytes[8..12].copy_from_slice(&VERSION.to_le_bytes());
    bytes[12..20].copy_from_slice(&checksum.to_le_bytes());
    bytes
}

/// Reads a world back into an empty `World`; returns its level and seed.
///
/// # Errors
/// [`SnapshotError`] if the bytes are not a whole snapshot of this version; the world is then
/// still empty.
pub fn restore(world: &mut World, bytes: &[u8]) -> Result<(Level, u64), SnapshotError> {
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
    let (state, rest) = postcard::take_from_bytes::<State>(content)?;
    let physics = postcard::from_bytes::<Physics>(rest)?;
    let terrain = state.terrain;
    let terms = build::terms(&level, &model);
    for part in state.robots {
        let RobotState {
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
        } = part;
        let cell = FieldCell::default();
        world.spawn((
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
            (cell, Horizon::default()),
        ));
    }
    for plant in state.plants {
        world.spawn((plant, Horizon::default()));
    }
    world.insert_resource(Atlas::of(terrain.model()));
    world.insert_resource(Daylight::at(&terrain, &terms, state.clock.time_ms()));
    world.insert_resource(Catalogue::of(&level));
    world.insert_resource(terms);
    world.insert_resource(state.clock);
    world.insert_resource(state.accounts);
    world.insert_resource(state.chance);
    world.insert_resource(state.prospectors);
    world.insert_resource(state.scripts);
    world.insert_resource(state.inbox);
    world.insert_resource(state.log);
    world.insert_resource(state.ledger);
    world.insert_resource(state.markets);
    world.insert_resource(state.registry);
    world.insert_resource(state.data);
    world.insert_resource(state.commerce);
    world.insert_resource(state.figures);
    world.insert_resource(state.regime);
    world.insert_resource(terrain);
    world.insert_resource(state.feats);
    world.insert_resource(state.lessons);
    world.insert_resource(state.recoil);
    world.insert_resource(state.boreholes);
    world.insert_resource(physics);
    Ok((level, state.seed))
}
