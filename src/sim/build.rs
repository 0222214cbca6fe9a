//! Builds a world from a level: who stands where with what.
//!
//! Where a machine stands, and most else, does not depend on the seed of the run. So a level is built
//! once, and a run starts with a copy of that in which chance is drawn anew.

use std::collections::BTreeMap;
use std::sync::{Arc, LazyLock, Mutex, OnceLock, PoisonError, Weak};

use bevy::math::{DQuat, DVec3};
use bevy::prelude::*;

use super::asteroid::catalogue::composition;
use super::asteroid::{BodyError, BodyModel, Feedstock, Terrain, spin};
use super::daylight::Horizon;
use super::economy::commerce::Commerce;
use super::economy::figures::Figures;
use super::economy::ledger::{AccountKind, Good, Ledger, Memo, Unit};
use super::economy::markets::Markets;
use super::law::claims::Registry;
use super::law::regime::{Citizen, Regime};
use super::lesson::Lessons;
use super::level::modules::Catalogue;
use super::level::{Brain, Level, RobotKind, Site};
use super::order::{Inbox, Log};
use super::physics::{Motion, Physics};
use super::plant::process::NobleRatios;
use super::plant::{BAKE, Plant, grams};
use super::prospecting::grade_map::GradeMaps;
use super::prospecting::probe::Probe;
use super::prospecting::trade::DataMarket;
use super::prospecting::{Provenance, Survey, measure};
use super::prospector::brains::{Script, Scripts};
use super::prospector::{Prospector, ProspectorId, Prospectors};
use super::robot::anchor_ground::Loosened;
use super::robot::atlas::Atlas;
use super::robot::autopilot::Autopilot;
use super::robot::drill::Boreholes;
use super::robot::feats::Feats;
use super::robot::recoil::Recoil;
use super::robot::{
    Anchor, Battery, Bin, Drive, FieldCell, Gear, Health, Robot, Service, Spares, Tank, Tool, stand,
};
use super::snapshot::{PlantState, RobotState, State};
use super::voyage::{orbit, shipping};
use super::{Accounts, Chance, Clock, Terms};

/// A robot is set down this high above the ground and settles [m].
const SET_DOWN_M: f64 = 0.02;
/// Spots that are felt for with the feet, of those that look most level.
const SPOTS_FELT: usize = 8;
/// Feet look for the ground from this height [m].
const LOOK_FROM_M: f64 = 3.0;
/// A machine is set down on the most level ground within this distance of its site [m].
const LEVEL_GROUND_M: f64 = 6.0;

/// What all runs of a level have in common.
pub struct Setting {
    pub level: Level,
    pub(super) model: Arc<BodyModel>,
    pub(super) terms: Terms,
    catalogue: Catalogue,
    atlas: Atlas,
    /// How the runs start, but for what chance decides.
    start: OnceLock<State>,
}

impl Setting {
    /// The setting of a checked level: one and the same for all worlds that use it at one time.
    ///
    /// # Errors
    /// [`BodyError`] if there is no such body.
    pub fn of(level: &Level) -> Result<Arc<Self>, BodyError> {
        static SETTINGS: LazyLock<Mutex<Vec<Weak<Setting>>>> = LazyLock::new(Mutex::default);
        let model = BodyModel::of(&level.body, level.anchor())?;
        let mut settings = SETTINGS.lock().unwrap_or_else(PoisonError::into_inner);
        settings.retain(|setting| setting.strong_count() != 0);
        // Another model of the same level is that of a mesh that has changed.
        let known = settings
            .iter()
            .filter_map(Weak::upgrade)
            .find(|setting| Arc::ptr_eq(&setting.model, &model) && setting.level == *level);
        Ok(known.unwrap_or_else(|| {
            let setting = Arc::new(Self {
                terms: terms(level, &model),
                catalogue: Catalogue::of(level),
                atlas: Atlas::of(&model),
                level: level.clone(),
                start: OnceLock::new(),
                model,
            });
            settings.push(Arc::downgrade(&setting));
            setting
        }))
    }

    /// Gives a world what no tick changes.
    pub fn install(&self, world: &mut World) {
        world.insert_resource(self.atlas.clone());
        world.insert_resource(self.catalogue.clone());
        world.insert_resource(self.terms.clone());
    }

    /// How a run with this seed starts.
    pub fn start(&self, seed: u64) -> State {
        let mut state = self.start.get_or_init(|| self.build()).clone();
        draw(&mut state, seed);
        state
    }

    fn build(&self) -> State {
        build(&self.level, &self.model, &self.catalogue)
    }
}

/// Draws all that chance decides before a run begins.
fn draw(state: &mut State, seed: u64) {
    state.chance = Chance::new(seed);
    // What is known of the body before anybody has been there.
    let mut known = Survey::default();
    known.add(
        Arc::new(measure::from_earth(&state.terrain, seed)),
        Provenance::Public,
    );
    for prospector in &mut state.prospectors.0 {
        prospector.survey = known.clone();
    }
    let scripts = state.prospectors.iter().enumerate();
    let scripts = scripts.map(|(index, (_, prospector))| match prospector.brain {
        Brain::Human => None,
        Brain::Scripted { .. } => Some(Script::new(seed, &prospector.name, index)),
    });
    state.scripts = Scripts(scripts.collect());
    state.regime.reseed(seed);
    for RobotState { robot, health, .. } in &mut state.robots {
        *health = Health::new(&robot.kind, &robot.name, &state.chance);
    }
}

/// Everything before the first tick, with the chances of seed 0.
fn build(level: &Level, model: &Arc<BodyModel>, catalogue: &Catalogue) -> State {
    let terrain = Terrain::new(Arc::clone(model));
    let mut ledger = Ledger::default();
    let mass = |good| Unit::Good(good);
    let rock = ledger.open(
        "body",
        mass(Good::Rock),
        AccountKind::Holding,
        model.mass_g(),
    );
    let exhaust = ledger.open("exhaust", mass(Good::Water), AccountKind::Sink, 0);
    let drifted = ledger.open("drifted", mass(Good::Rock), AccountKind::Sink, 0);
    let sold = ledger.open(
        format!("sold:{}", level.market.node),
        mass(Good::Water),
        AccountKind::Sink,
        0,
    );
    let endowment = ledger.open("endowment", Unit::Credit, AccountKind::Source, 0);
    let mut sink = |name: &str| ledger.open(name, Unit::Credit, AccountKind::Sink, 0);
    let (carrier, operations, utility, registry) = (
        sink("carrier"),
        sink("operations"),
        sink("utility"),
        sink("registry"),
    );
    let supplier = ledger.open("supplier", Unit::Credit, AccountKind::Sink, 0);
    let imports = ledger.open("imports", mass(Good::DryMass), AccountKind::Source, 0);
    let scrap = ledger.open("scrap", mass(Good::DryMass), AccountKind::Holding, 0);
    let vented = ledger.open("vented", mass(Good::Tailings), AccountKind::Sink, 0);
    let buyer = ledger.open(
        format!("buyer:{}", level.market.node),
        Unit::Credit,
        AccountKind::Source,
        0,
    );
    let accounts = Accounts {
        rock,
        exhaust,
        drifted,
        sold,
        buyer,
        carrier,
        operations,
        utility,
        registry,
        supplier,
        imports,
        scrap,
        vented,
    };

    let mut prospectors = Prospectors::default();
    let mut commerce = Commerce::default();
    for spec in &level.prospectors {
        let account = ledger.open(
            format!("prospector:{}", spec.name),
            Unit::Credit,
            AccountKind::Holding,
            0,
        );
        ledger
            .transfer(
                0,
                endowment,
                account,
                micro_credits(spec.credits),
                Memo::Endowment,
            )
            .expect("a source gives what the level says");
        commerce.parties.enter(&spec.name, account);
        prospectors.0.push(Prospector {
            name: spec.name.clone(),
            kind: spec.kind,
            brain: spec.brain.clone(),
            account,
            survey: Survey::default(),
            upkeep_due_ucr: 0,
            upkeep_paid_ucr: 0,
        });
    }
    let owner = |name: &str, prospectors: &Prospectors| -> ProspectorId {
        prospectors
            .find(name)
            .expect("a checked level names no unknown owner")
    };

    let mut physics = Physics::default();
    let mut taken = Vec::new();
    let mut plants = Vec::new();
    let mut robots = Vec::new();
    let plant_kinds: BTreeMap<_, _> = level
        .plant_kinds
        .iter()
        .map(|(name, kind)| (name, Arc::new(kind.clone())))
        .collect();
    let ratios = composition(&model.record().composition_class)
        .map_or_else(NobleRatios::default, NobleRatios::of);
    for spec in &level.plants {
        let kind = Arc::clone(&plant_kinds[&spec.kind]);
        let (position_m, rotation) = stand_on(
            &terrain,
            place_m(model, level, &spec.site),
            kind.size_m,
            &mut taken,
        );
        let (x, y, z) = kind.size_m;
        physics.add_fixture(
            position_m.as_vec3(),
            rotation.as_quat(),
            DVec3::new(x, y, z).as_vec3(),
        );
        let part = |part: &str| format!("plant:{}:{part}", spec.name);
        let water_g = grams(kind.water_kg);
        let dry_g = grams(kind.dry_mass_kg);
        ledger.open(
            part("machine"),
            mass(Good::DryMass),
            AccountKind::Holding,
            dry_g,
        );
        let hopper_account = ledger.open(
            part("hopper"),
            mass(Good::Feedstock),
            AccountKind::Holding,
            0,
        );
        let water_account = ledger.open(
            part("water"),
            mass(Good::Water),
            AccountKind::Holding,
            water_g,
        );
        let tailings_account = ledger.open(
            part("tailings"),
            mass(Good::Tailings),
            AccountKind::Holding,
            0,
        );
        let stock_account =
            ledger.open(part("stock"), mass(Good::DryMass), AccountKind::Holding, 0);
        let spares = open_spares(&mut ledger, "plant", &spec.name, (0, 0));
        let plant = Plant {
            name: spec.name.clone(),
            owner: owner(&spec.owner, &prospectors),
            kind_name: spec.kind.clone(),
            kind: Arc::clone(&kind),
            position_m: position_m.as_vec3(),
            rotation: rotation.as_quat(),
            hopper_account,
            water_account,
            tailings_account,
            lots: Vec::new(),
            process: BAKE.to_owned(),
            recipe: Arc::new(kind.baking()),
            batch_g: None,
            ratios,
            tallies: BTreeMap::new(),
            due_milli_ucr: BTreeMap::new(),
            opening: None,
            common: None,
            water_g,
            tailings_g: 0,
            stock: Vec::new(),
            stock_account,
            spares,
            printing_g: 0,
            print_j: 0.0,
            oxygen_owed_g: 0.0,
            heat_j: 0.0,
            unpaid_j: 0.0,
            power_w: 0.0,
            solar_w: 0.0,
            next_look_ms: 0,
        };
        plants.push(PlantState {
            plant,
            horizon: Horizon::default(),
        });
    }
    let chance = Chance::new(0);
    let mut robot_kinds: BTreeMap<&str, Arc<RobotKind>> = BTreeMap::new();
    for spec in &level.robots {
        robot_kinds.entry(&spec.kind).or_insert_with(|| {
            Arc::new(
                catalogue
                    .kind(&spec.kind)
                    .expect("a checked level names kinds that can be built"),
            )
        });
    }
    for spec in &level.robots {
        let kind = Arc::clone(&robot_kinds[spec.kind.as_str()]);
        let (position_m, rotation) = stand_on(
            &terrain,
            place_m(model, level, &spec.site),
            kind.size_m,
            &mut taken,
        );
        let part = |part: &str| format!("robot:{}:{part}", spec.name);
        let propellant_g = grams(kind.propellant_kg);
        let dry_g = kind.dry_mass_g();
        let machine_account = ledger.open(
            part("machine"),
            mass(Good::DryMass),
            AccountKind::Holding,
            dry_g,
        );
        let spares_g = (grams(kind.spares_kg.0), grams(kind.spares_kg.1));
        let spares = open_spares(&mut ledger, "robot", &spec.name, spares_g);
        let bin_account = ledger.open(part("bin"), mass(Good::Feedstock), AccountKind::Holding, 0);
        let tank_account = ledger.open(
            part("tank"),
            mass(Good::Water),
            AccountKind::Holding,
            propellant_g,
        );
        let robot = Robot {
            name: spec.name.clone(),
            owner: owner(&spec.owner, &prospectors),
            kind_name: spec.kind.clone(),
            kind: Arc::clone(&kind),
            lost: false,
            dry_g,
            machine_account,
            spares,
            stripped: false,
            carried_by: None,
            carries: None,
            burden_g: 0,
        };
        let motion = Motion {
            position_m: position_m.as_vec3(),
            rotation: rotation.as_quat(),
            ..default()
        };
        let mass_kg = kind.dry_mass_kg + kind.propellant_kg + kind.spares_kg.0 + kind.spares_kg.1;
        let body = physics.add_robot(
            motion.position_m,
            motion.rotation,
            robot.size_m(),
            mass_kg as f32,
        );
        robots.push(RobotState {
            health: Health::new(&kind, &spec.name, &chance),
            robot,
            motion,
            body,
            bin: Bin {
                load: Feedstock::default(),
                capacity_g: grams(kind.bin_capacity_kg),
                account: bin_account,
            },
            tank: Tank {
                propellant_g,
                capacity_g: grams(kind.tank_capacity_kg),
                account: tank_account,
                owed_g: 0.0,
            },
            battery: Battery::full(kind.battery_wh),
            anchor: Anchor::Out,
            tool: Tool::default(),
            drive: Drive::default(),
            pilot: Autopilot::default(),
            probe: Probe::default(),
            gear: Gear::default(),
            service: Service::default(),
            cell: FieldCell::default(),
            horizon: Horizon::default(),
        });
    }

    let roster = prospectors
        .iter()
        .map(|(_, prospector)| Citizen {
            name: prospector.name.clone(),
            kind: prospector.kind,
            account: prospector.account,
        })
        .collect();
    let regime = Regime::found(level.charter(), 0, roster, &mut ledger, accounts.registry);
    State {
        clock: Clock::default(),
        accounts,
        chance,
        prospectors,
        scripts: Scripts::default(),
        inbox: Inbox::default(),
        log: Log::default(),
        ledger,
        markets: Markets::new(level.market.clone(), level.markets.terms()),
        registry: Registry::new(model.centre_m()),
        data: DataMarket::default(),
        commerce,
        figures: Figures::default(),
        regime,
        terrain,
        feats: Feats::default(),
        lessons: Lessons::of(level),
        recoil: Recoil::default(),
        boreholes: Boreholes::default(),
        robots,
        plants,
        physics,
        grade_maps: GradeMaps::default(),
        loosened: Loosened::default(),
    }
}

/// Opens the accounts of spare parts of a machine.
fn open_spares(
    ledger: &mut Ledger,
    sort: &str,
    name: &str,
    (mechanical_g, electronic_g): (i64, i64),
) -> Spares {
    let mut open = |part: &str, mass_g| {
        ledger.open(
            format!("{sort}:{name}:{part}"),
            Unit::Good(Good::DryMass),
            AccountKind::Holding,
            mass_g,
        )
    };
    Spares {
        mechanical_account: open("mechanical-spares", mechanical_g),
        electronic_account: open("electronic-spares", electronic_g),
        mechanical_g,
        electronic_g,
    }
}

/// What the level sets once.
fn terms(level: &Level, model: &BodyModel) -> Terms {
    let milliseconds = |seconds: f64| (1e3 * seconds).round() as u64;
    // The Sun stands over longitude (12 h − h) · 15° at the start.
    let sky = orbit::sky(model.record(), level.start.jd_tdb, DQuat::IDENTITY);
    let wanted_rad = ((12.0 - level.start.time_of_day_h) * 15.0).to_radians();
    Terms {
        tick_ms: milliseconds(level.tick_s),
        long_tick_ms: milliseconds(level.long_tick_s),
        idle_tick_ms: milliseconds(level.idle_tick_s),
        motion: level.motion,
        start_jd_tdb: level.start.jd_tdb,
        start_phase_rad: spin::start_phase_rad(model.rotation(), sky.sun_direction, wanted_rad),
        freight: level.freight.clone(),
        routes: shipping::routes(level),
        upkeep_credits_per_robot_day: level.costs.upkeep_credits_per_robot_day,
        upkeep_credits_per_plant_day: level.costs.upkeep_credits_per_plant_day,
        energy_credits_per_kwh: level.costs.energy_credits_per_kwh,
        venture_fee_credits: level.costs.venture_fee_credits,
        labour: level.costs.labour,
        ageing: level.ageing,
    }
}

fn micro_credits(credits: f64) -> i64 {
    (1e6 * credits).round() as i64
}

/// The surface point of a site.
fn place_m(model: &BodyModel, level: &Level, site: &Site) -> DVec3 {
    let (latitude_rad, longitude_rad) = level
        .latitude_longitude_rad(site, model.reference_radius_m())
        .expect("a checked level names no unknown site");
    model.surface_point(latitude_rad, longitude_rad)
}

/// Pose of a machine with full extents `size_m` on the most level ground near a place.
///
/// The ground around the place is judged by the field's slope first; the best few spots are then
/// felt for with the four feet on the mesh that the machine will stand on.
fn stand_on(
    terrain: &Terrain,
    place_m: DVec3,
    size_m: (f64, f64, f64),
    taken: &mut Vec<(DVec3, f64)>,
) -> (DVec3, DQuat) {
    let (x_m, y_m, z_m) = size_m;
    let radius_m = 0.5 * DVec3::new(x_m, y_m, z_m).length();
    let up = terrain.up(place_m);
    let east = DVec3::Z.cross(up).normalize_or(up.any_orthonormal_vector());
    let north = up.cross(east);
    let mut spots = Vec::new();
    for ring in 0..=4 {
        let away_m = LEVEL_GROUND_M * f64::from(ring) / 4.0;
        let around = (6 * ring).max(1);
        for k in 0..around {
            let angle = std::f64::consts::TAU * f64::from(k) / f64::from(around);
            let beside_m = place_m + away_m * (angle.cos() * east + angle.sin() * north);
            let ground_m = terrain.surface_below(beside_m);
            let slope = 1.0 - terrain.normal(ground_m).dot(up);
            let rock = terrain.model().ground_at(ground_m - 0.2 * up).rock;
            let demerit = slope + 0.005 * away_m + if rock { 0.5 } else { 0.0 };
            // Only where there is no other place may two stand in each other's way.
            let crowded = taken.iter().any(|&(other_m, other_radius_m)| {
                other_m.distance(ground_m) < radius_m + other_radius_m
            });
            spots.push((demerit + if crowded { 1e3 } else { 0.0 }, ground_m));
        }
    }
    spots.sort_by(|a, b| a.0.total_cmp(&b.0));
    let free = spots[0].0 < 1e3;
    let spots = spots.iter().filter(|spot| !free || spot.0 < 1e3);
    let stands = spots.take(SPOTS_FELT).map(|&(_, ground_m)| {
        let level = stand(up, north);
        let feet = feet_m(terrain, ground_m, up, level, size_m);
        let heights = feet.map(|foot| (foot - ground_m).dot(up));
        let high = heights.into_iter().fold(f64::NEG_INFINITY, f64::max);
        let low = heights.into_iter().fold(f64::INFINITY, f64::min);
        (high - low, ground_m, feet)
    });
    let (_, ground_m, feet) = stands
        .min_by(|a, b| a.0.total_cmp(&b.0))
        .expect("there is at least the place itself");
    let normal = (feet[1] - feet[2])
        .cross(feet[0] - feet[3])
        .normalize_or(up);
    let normal = if normal.dot(up) < 0.0 {
        -normal
    } else {
        normal
    };
    let rotation = stand(normal, north);
    let highest_m = feet_m(terrain, ground_m, normal, rotation, size_m)
        .into_iter()
        .chain([ground_m])
        .map(|foot| (foot - ground_m).dot(normal))
        .fold(f64::NEG_INFINITY, f64::max);
    let centre_m = ground_m + (highest_m + 0.5 * size_m.1 + SET_DOWN_M) * normal;
    taken.push((centre_m, radius_m));
    (centre_m, rotation)
}

/// Where the ground is under the corners of a machine over `ground_m`: left and right, back first.
fn feet_m(
    terrain: &Terrain,
    ground_m: DVec3,
    up: DVec3,
    rotation: DQuat,
    (x_m, _, z_m): (f64, f64, f64),
) -> [DVec3; 4] {
    [(-1.0, -1.0), (1.0, -1.0), (-1.0, 1.0), (1.0, 1.0)].map(|(i, k)| {
        let corner = rotation * DVec3::new(0.5 * x_m * i, 0.0, 0.5 * z_m * k);
        let from_m = ground_m + corner + LOOK_FROM_M * up;
        let drop_m = terrain.drop_m(from_m, -up, 2.0 * LOOK_FROM_M);
        from_m - drop_m.unwrap_or(LOOK_FROM_M) * up
    })
}
