//! `bonanza bench physics`: what robots cost in flight, in contact and digging.
//!
//! Cost per robot must grow neither with the crowd nor with the body, so every figure is given per
//! body and number of robots. Only robots that do what the row says count: they are awake, and fly,
//! or touch the ground, or dig. All of them are put back where they stood before each new push, so
//! that none drifts into another.

use std::time::Instant;

use bevy::math::{DVec3, Quat, Vec3};
use serde::Serialize;

use super::super::{Failure, print_json, print_text, summary::thousands};
use super::{Stopwatch, first_water, load, measured, world_mb};
use crate::headless::Headless;
use crate::sim::asteroid::{BodyModel, GravityCell, Terrain, catalogue};
use crate::sim::level::{BodyChoice, Brain, Coordinates, Level, RobotSpec, Site};
use crate::sim::order::Order;

/// Small to large.
const BODIES: [&str; 4] = ["itokawa", "bennu", "eros", "moon"];
const CROWDS: [usize; 4] = [1, 8, 64, 256];
/// Distance between robots [m].
const APART_M: f64 = 3.0;
/// Batches of which the median counts, and the least time of one [s].
const BATCHES: usize = 5;
const BATCH_S: f64 = 0.12;
/// Ticks of robots at work: ten seconds each, so that no bin is full at the end. That is soon
/// over where there are few, so it is done in several worlds, up to this time [s].
const DIGGING_TICKS: u32 = 200;
const DIGGING_S: f64 = 2.0;
/// Robots in flight start this high [m].
const FLIGHT_M: f64 = 20.0;
/// Looks at what the robots do between two pushes.
const LOOKS: u32 = 4;
/// Part of the robots that must do what the row says, over all looks.
const HONEST: f64 = 0.5;

#[derive(Debug, Serialize)]
struct Figures {
    rows: Vec<Row>,
    release_build: bool,
}

#[derive(Clone, Debug, Serialize)]
struct Row {
    body: String,
    robots: usize,
    mode: &'static str,
    /// Of the robots that are at it; null where most cannot be kept at it.
    robot_ticks_per_s: Option<f64>,
    /// Memory of one more world of the body, null where the system does not tell it [MB].
    world_mb: Option<f64>,
    /// Making the body and a world of it, and again while the body is at hand.
    cold_s: f64,
    warm_s: f64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Mode {
    Flight,
    Contact,
    Digging,
}

impl Mode {
    const ALL: [Self; 3] = [Self::Flight, Self::Contact, Self::Digging];

    fn name(self) -> &'static str {
        match self {
            Self::Flight => "flight",
            Self::Contact => "contact",
            Self::Digging => "digging",
        }
    }
}

pub fn bench(json: bool, bodies: &[String], crowds: &[usize]) -> Result<(), Failure> {
    let bodies: Vec<String> = if bodies.is_empty() {
        BODIES.map(str::to_owned).to_vec()
    } else {
        bodies.to_vec()
    };
    let crowds = if crowds.is_empty() { &CROWDS } else { crowds };
    let mut rows = Vec::new();
    for body in &bodies {
        catalogue::find_body(body).map_err(Failure::input)?;
        for &robots in crowds {
            eprintln!("{body}, {robots} robots");
            rows.extend(rows_of(body, robots)?);
        }
    }
    let figures = Figures {
        rows,
        release_build: !cfg!(debug_assertions),
    };
    if json {
        return print_json(&figures);
    }
    let mut text =
        String::from("body         robots  mode     robot-ticks/s  world MB   cold s   warm s\n");
    for row in &figures.rows {
        let rate = row.robot_ticks_per_s.map_or("-".to_owned(), thousands);
        let world = row.world_mb.map_or("-".to_owned(), |mb| format!("{mb:.2}"));
        text += &format!(
            "{:<12} {:>6}  {:<8} {:>13}  {:>8} {:>8.3} {:>8.3}\n",
            row.body, row.robots, row.mode, rate, world, row.cold_s, row.warm_s
        );
    }
    if !figures.release_build {
        text += "This is a build for development; a release build is several times faster.\n";
    }
    print_text(&text);
    Ok(())
}

fn rows_of(body: &str, robots: usize) -> Result<Vec<Row>, Failure> {
    let level = level_on(body, robots)?;
    let (cold_s, _, first) = measured(|| load(&level))?;
    let (warm_s, _, second) = measured(|| load(&level))?;
    drop(second);
    let world_mb = world_mb(&level)?;
    Mode::ALL
        .into_iter()
        .map(|mode| {
            let robot_ticks_per_s = rate(&level, mode)?;
            if robot_ticks_per_s.is_none() {
                eprintln!("  {}: the robots do not stay at it here", mode.name());
            }
            // The first world keeps the body at hand.
            let _ = &first;
            Ok(Row {
                body: body.to_owned(),
                robots,
                mode: mode.name(),
                robot_ticks_per_s,
                world_mb,
                cold_s,
                warm_s,
            })
        })
        .collect()
}

/// A level of many robots of one prospector, side by side where the weight is greatest.
fn level_on(body: &str, robots: usize) -> Result<Level, Failure> {
    let mut level = first_water()?;
    level.body = BodyChoice::Catalogue {
        id: body.to_owned(),
        seed: 7,
    };
    level.prospectors.retain(|one| one.brain == Brain::Human);
    level.prospectors.truncate(1);
    let owner = level.prospectors[0].name.clone();
    level.prospectors[0].credits = 1e9;
    level.plants.clear();
    level.goals.clear();
    level.lesson.clear();
    level
        .sites
        .insert("bench".to_owned(), heaviest_place(body)?);
    let kind_name = level.robots[0].kind.clone();
    let side = (robots as f64).sqrt().ceil() as usize;
    level.robots = (0..robots)
        .map(|i| RobotSpec {
            name: format!("robot-{i}"),
            owner: owner.clone(),
            kind: kind_name.clone(),
            site: Site::Offset {
                of: "bench".to_owned(),
                east_m: APART_M * ((i % side) as f64 - 0.5 * (side as f64 - 1.0)),
                north_m: APART_M * ((i / side) as f64 - 0.5 * (side as f64 - 1.0)),
            },
        })
        .collect();
    Ok(level)
}

/// Where a body holds things best, off its poles, at which east has no meaning.
fn heaviest_place(body: &str) -> Result<Coordinates, Failure> {
    let model = BodyModel::shared(body, 7).map_err(Failure::input)?;
    let terrain = Terrain::new(model);
    let mut best: Option<(f64, Coordinates)> = None;
    for latitude_deg in [-70.0, -35.0, 0.0, 35.0, 70.0] {
        for longitude_deg in [0.0, 60.0, 120.0, 180.0, 240.0, 300.0] {
            let place = terrain.model().surface_point(
                f64::to_radians(latitude_deg),
                f64::to_radians(longitude_deg),
            );
            let pull = terrain.acceleration_m_s2(place, DVec3::ZERO, &mut GravityCell::default());
            let into = -pull.dot(terrain.normal(place));
            if best.as_ref().is_none_or(|(most, _)| *most < into) {
                best = Some((
                    into,
                    Coordinates {
                        latitude_deg,
                        longitude_deg,
                    },
                ));
            }
        }
    }
    Ok(best.expect("there are places").1)
}

/// Robot-ticks per second; `None` if the robots do not stay at it.
fn rate(level: &Level, mode: Mode) -> Result<Option<f64>, Failure> {
    if mode == Mode::Digging {
        return digging_rate(level);
    }
    let mut world = load(level)?;
    // Down on the ground first.
    for _ in 0..2_000 {
        world.step();
    }
    let stands: Vec<Stand> = world
        .scene()
        .robots
        .into_iter()
        .map(|robot| (robot.name, robot.position_m, robot.rotation))
        .collect();
    let at_m = stands[0].1.as_dvec3();
    let weight_m_s2 = world
        .terrain()
        .acceleration_m_s2(at_m, DVec3::ZERO, &mut GravityCell::default())
        .length();
    let model = world.terrain().model();
    let escape_m_s = (2.0 * model.mu_m3_per_s2() / model.reference_radius_m()).sqrt();
    // A throw at a quarter of the escape speed, a push that friction ends in some seconds.
    let (push, period_s) = if mode == Mode::Flight {
        let throw_m_s = (0.25 * escape_m_s).min(5.0);
        let flight_s = (throw_m_s + (throw_m_s.powi(2) + 2.0 * weight_m_s2 * FLIGHT_M).sqrt())
            / weight_m_s2.max(1e-9);
        ((FLIGHT_M, throw_m_s, 0.0), (0.6 * flight_s).min(100.0))
    } else {
        let slide_m_s = 0.3 * weight_m_s2.sqrt();
        // While it slides and rocks: sooner than rest, which takes two seconds at least.
        let slide_s = slide_m_s / (0.5 * weight_m_s2);
        ((0.0, 0.0, slide_m_s), (0.7 * slide_s).clamp(1.6, 20.0))
    };
    let look_ticks = (period_s / level.tick_s / f64::from(LOOKS)).clamp(2.0, 250.0) as u32;
    let mut rates = Vec::new();
    let (mut looked, mut seen) = (0, 0);
    for _ in 0..BATCHES {
        let (mut spent_s, mut robot_ticks) = (0.0, 0.0);
        while spent_s < BATCH_S {
            push_all(&mut world, &stands, push);
            for _ in 0..LOOKS {
                let started = Stopwatch::start();
                for _ in 0..look_ticks {
                    world.step();
                }
                spent_s += started.spent_s();
                let at_it = at_it(&mut world, mode);
                robot_ticks += f64::from(look_ticks) * at_it as f64;
                looked += stands.len();
                seen += at_it;
            }
        }
        rates.push(robot_ticks / spent_s);
    }
    let honest = HONEST * looked as f64 <= seen as f64;
    Ok(honest.then(|| median(rates)))
}

/// As [`rate`], of robots at work.
fn digging_rate(level: &Level) -> Result<Option<f64>, Failure> {
    let begun = Instant::now();
    let mut rates = Vec::new();
    while rates.is_empty() || rates.len() < BATCHES && begun.elapsed().as_secs_f64() < DIGGING_S {
        let mut world = load(level)?;
        all_dig(&mut world, level);
        // Screws find no hold on bare rock.
        let digging = at_it(&mut world, Mode::Digging);
        let started = Stopwatch::start();
        for _ in 0..DIGGING_TICKS {
            world.step();
        }
        let spent_s = started.spent_s();
        let still = at_it(&mut world, Mode::Digging);
        if still == 0 || (still as f64) < HONEST * digging as f64 {
            return Ok(None);
        }
        rates.push(f64::from(DIGGING_TICKS) * still as f64 / spent_s);
    }
    Ok(Some(median(rates)))
}

fn median(mut rates: Vec<f64>) -> f64 {
    rates.sort_by(f64::total_cmp);
    rates[rates.len() / 2]
}

/// Name of a robot, and where and how it stood.
type Stand = (String, Vec3, Quat);

/// Puts every robot where it stood, lifted, with a velocity away from the ground and along it.
fn push_all(
    world: &mut Headless,
    stands: &[Stand],
    (lift_m, rise_m_s, slide_m_s): (f64, f64, f64),
) {
    for (i, (name, position_m, rotation)) in stands.iter().enumerate() {
        let up = world.terrain().up(position_m.as_dvec3());
        let along = up.any_orthonormal_vector();
        // Neighbours at other heights, so that none hits another.
        let above_m = if 0.0 < lift_m {
            lift_m + 3.0 * (i % 5) as f64
        } else {
            0.0
        };
        let from_m = *position_m + (above_m * up).as_vec3();
        let velocity: DVec3 = rise_m_s * up + slide_m_s * along;
        world.place_robot(name, from_m, *rotation, velocity.as_vec3());
    }
}

/// Anchors every robot that finds hold and sets it to work.
fn all_dig(world: &mut Headless, level: &Level) {
    let owner = level.prospectors[0].name.clone();
    world.run_until_ms(600_000);
    let names: Vec<String> = world.scene().robots.into_iter().map(|r| r.name).collect();
    for robot in &names {
        let robot = robot.clone();
        world.submit(&owner, Order::Anchor { robot });
    }
    world.run_until_ms(world.time_ms() + 300_000);
    for robot in names {
        world.submit(
            &owner,
            Order::Dig {
                robot,
                until_kg: None,
            },
        );
    }
    world.run_until_ms(world.time_ms() + 60_000);
}

/// How many robots do what the row says.
fn at_it(world: &mut Headless, mode: Mode) -> usize {
    let robots = world.report().robots;
    robots
        .iter()
        .filter(|robot| match mode {
            Mode::Flight => !robot.at_rest && !robot.lost && !robot.touching,
            Mode::Contact => !robot.at_rest && robot.touching,
            Mode::Digging => robot.activity.contains("digging"),
        })
        .count()
}
