//! Orders robots to random places of a body and measures where they end up: shared by the promise
//! in `tests/pilots.rs` and the full count in `benches/pilots.rs`.

use bevy::math::{DVec3, Vec3};
use bonanza::headless::Headless;
use bonanza::sim::asteroid::{BodyChoice, BodyModel, GravityCell, Terrain};
use bonanza::sim::level::{Brain, Level, RobotSpec, Site};
use bonanza::sim::order::Order;
use bonanza::sim::random;
use bonanza::sim::robot::command::Estimate;
use bonanza::sim::robot::stand;

/// A pilot that has not arrived after this long has failed [h].
const PATIENCE_H: u64 = 48;

/// How an order to go somewhere went.
#[derive(Clone, Debug)]
pub struct Arrival {
    pub from_m: DVec3,
    pub to_m: DVec3,
    /// From the mark on the ground to the middle of the chassis at the end.
    pub miss_m: f64,
    pub lost: bool,
    pub time_s: f64,
    pub propellant_kg: f64,
    pub estimate: Option<Estimate>,
    /// The answer to the order, if it was refused, or what the pilot last said.
    pub said: String,
}

/// A level on `body` with `count` robots of the first level's kind, one owner, and nobody else.
pub fn level_on(body: &str, count: usize, change: impl Fn(&mut Level)) -> Level {
    let mut level = Level::find("first-water").expect("the level ships with the program");
    level.body = BodyChoice::of(body, level.body.seed());
    level
        .prospectors
        .retain(|prospector| prospector.brain == Brain::Human);
    level.prospectors[0].credits = 1e9;
    level.lesson.clear();
    level.plants.retain(|plant| plant.owner == "player");
    let spec = level.robots[0].clone();
    level.robots = (0..count)
        .map(|index| RobotSpec {
            name: format!("r{index}"),
            owner: "player".into(),
            site: Site::At {
                latitude_deg: -60.0,
                longitude_deg: 30.0 * index as f64,
            },
            ..spec.clone()
        })
        .collect();
    change(&mut level);
    level.validate().expect("the changed level is sound");
    level
}

/// A surface place in a random direction where a thing at rest is held down.
pub fn random_site(terrain: &Terrain, stream: &mut random::Stream) -> DVec3 {
    let mut cell = GravityCell::default();
    loop {
        let z = 2.0 * random::uniform(stream) - 1.0;
        let longitude_rad = std::f64::consts::TAU * random::uniform(stream);
        let site_m = terrain.model().surface_point(z.asin(), longitude_rad);
        let weight = terrain.acceleration_m_s2(site_m, DVec3::ZERO, &mut cell);
        if weight.dot(terrain.model().surface_normal(site_m)) < 0.0 {
            return site_m;
        }
    }
}

/// Sends robots between `pairs` random pairs of sites.
pub fn arrivals(
    level: &Level,
    pairs: usize,
    seed: u64,
    order: impl Fn(String, [f64; 3]) -> Order,
) -> Vec<Arrival> {
    let terrain = pristine(level);
    let mut stream = random::stream(seed, "sites");
    let mut site = || random_site(&terrain, &mut stream);
    let ways: Vec<(DVec3, DVec3)> = (0..pairs).map(|_| (site(), site())).collect();
    arrivals_between(level, &ways, order)
}

/// The body of a level before anybody has dug.
pub fn pristine(level: &Level) -> Terrain {
    let model = BodyModel::of(&level.body, level.anchor()).expect("the level names a known body");
    Terrain::new(model)
}

/// Sends robots between pairs of places on the ground.
pub fn arrivals_between(
    level: &Level,
    ways: &[(DVec3, DVec3)],
    order: impl Fn(String, [f64; 3]) -> Order,
) -> Vec<Arrival> {
    let mut done = Vec::new();
    for ways in ways.chunks(level.robots.len()) {
        let mut world = Headless::load(level, None).expect("the level names a known body");
        let count = ways.len();
        let mut marks = Vec::new();
        for (index, &(from_m, to_m)) in ways.iter().enumerate() {
            let up = world.terrain().up(from_m);
            let rotation = stand(up, up.any_orthonormal_vector());
            let kind = bonanza::sim::level::modules::Catalogue::of(level)
                .kind(&level.robots[index].kind)
                .expect("a kind of the catalogue");
            let height_m = 0.5 * kind.size_m.1 + 0.3;
            world.place_robot(
                &level.robots[index].name,
                (from_m + height_m * up).as_vec3(),
                rotation.as_quat(),
                Vec3::ZERO,
            );
            marks.push((from_m, to_m));
        }
        world.run_until_ms(3_600_000);
        let start_ms = world.time_ms();
        let mut trips: Vec<Arrival> = Vec::new();
        let fuel = |world: &mut Headless, index: usize| {
            world.observe("player").expect("the player").robots[index].propellant_kg
        };
        for (index, &(from_m, to_m)) in marks.iter().enumerate() {
            let order = order(level.robots[index].name.clone(), to_m.to_array());
            let estimate = world.estimate("player", &order);
            trips.push(Arrival {
                from_m,
                to_m,
                miss_m: f64::INFINITY,
                lost: false,
                time_s: 0.0,
                propellant_kg: fuel(&mut world, index),
                said: estimate
                    .as_ref()
                    .err()
                    .map(ToString::to_string)
                    .unwrap_or_default(),
                estimate: estimate.ok(),
            });
            world.submit("player", order);
        }
        world.step();
        let mut open: Vec<usize> = (0..count).collect();
        while !open.is_empty() && world.time_ms() < start_ms + PATIENCE_H * 3_600_000 {
            let minute_later_ms = world.time_ms() + 60_000;
            world.run_until_ms(minute_later_ms);
            let scene = world.scene();
            let now_s = 1e-3 * (world.time_ms() - start_ms) as f64;
            open.retain(|&index| {
                let robot = &scene.robots[index];
                let trip = &mut trips[index];
                trip.miss_m = robot.position_m.as_dvec3().distance(trip.to_m);
                trip.lost = robot.lost;
                trip.time_s = now_s;
                !(robot.lost || (robot.activity_text == "standing by" && robot.at_rest))
            });
        }
        for (index, trip) in trips.iter_mut().enumerate() {
            trip.propellant_kg -= fuel(&mut world, index);
            let name = &level.robots[index].name;
            if let Some(line) = world
                .log()
                .iter()
                .rfind(|line| line.text.contains(name.as_str()))
            {
                trip.said = line.text.clone();
            }
        }
        done.extend(trips);
    }
    done
}
