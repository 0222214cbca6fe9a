//! `bonanza bench physics`: what robots cost in flight, in contact and digging.
//!
//! Cost per robot must grow neither with the crowd nor with the body, so every figure is given per
//! body and number of robots. A row counts only while its robots do what it says: all of them move,
//! and fly, or touch, or dig.

use bevy::math::{DVec3, Vec3};
use serde::Serialize;

use super::super::{Failure, print_json, print_text, summary::thousands};
use super::{Stopwatch, first_water, load, measured};
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
/// Ticks of robots at work: ten seconds each, so that no bin is full at the end.
const DIGGING_TICKS: u32 = 200;
/// Robots in flight start this high [m].
const FLIGHT_M: f64 = 20.0;
/// Share of robots that must do what the row says whenever it is looked at.
const HONEST: f64 = 0.9;

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
    /// Null where the robots cannot be kept at it: no weight holds them to the ground.
    robot_ticks_per_s: Option<f64>,
    /// Memory of one more world of the body, as far as the system tells it [MB].
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
    let (warm_s, world_mb, second) = measured(|| load(&level))?;
    drop(second);
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
    let mut world = load(level)?;
    let mut counted = world.scene().robots.len();
    let at_m = world.scene().robots[0].position_m.as_dvec3();
    let weight_m_s2 = world
        .terrain()
        .acceleration_m_s2(at_m, DVec3::ZERO, &mut GravityCell::default())
        .length();
    let tick_s = level.tick_s;
    let model = world.terrain().model();
    let escape_m_s = (2.0 * model.mu_m3_per_s2() / model.reference_radius_m()).sqrt();
    // A throw at a quarter of the escape speed, a push that friction ends in some seconds.
    let throw_m_s = (0.25 * escape_m_s).min(5.0);
    let slide_m_s = 0.3 * weight_m_s2.sqrt();
    let flight_s = (throw_m_s + (throw_m_s.powi(2) + 2.0 * weight_m_s2 * FLIGHT_M).sqrt())
        / weight_m_s2.max(1e-9);
    let period_s = match mode {
        Mode::Flight => (0.6 * flight_s).min(100.0),
        // Sooner than rest, which takes two seconds at least.
        Mode::Contact => (slide_m_s / (0.5 * weight_m_s2)).clamp(1.5, 20.0),
        Mode::Digging => 0.0,
    };
    match mode {
        Mode::Digging => {
            all_dig(&mut world, level);
            // Screws find no hold on bare rock.
            counted = at_it(&mut world, mode);
            if counted == 0 {
                return Ok(None);
            }
        }
        Mode::Flight => {}
        Mode::Contact => {
            // Down on the ground first.
            for _ in 0..2_000 {
                world.step();
            }
        }
    }
    let period_ticks = ((period_s / tick_s) as u32).clamp(8, 1_000);
    if mode == Mode::Digging {
        // A bin fills in some hundred ticks: what is dug is measured once, well before that.
        let started = Stopwatch::start();
        for _ in 0..DIGGING_TICKS {
            world.step();
        }
        let spent_s = started.spent_s();
        let rate = f64::from(DIGGING_TICKS) * counted as f64 / spent_s;
        let honest = HONEST * counted as f64 <= at_it(&mut world, mode) as f64;
        return Ok(honest.then_some(rate));
    }
    let mut rates = Vec::new();
    for _ in 0..BATCHES {
        let (mut spent_s, mut ticks) = (0.0, 0u32);
        while spent_s < BATCH_S {
            match mode {
                Mode::Flight => push_all(&mut world, FLIGHT_M, throw_m_s, 0.0),
                Mode::Contact => push_all(&mut world, 0.0, 0.0, slide_m_s),
                Mode::Digging => unreachable!("measured above"),
            }
            let started = Stopwatch::start();
            for _ in 0..period_ticks {
                world.step();
            }
            spent_s += started.spent_s();
            ticks += period_ticks;
            let at_it = at_it(&mut world, mode);
            if (at_it as f64) < HONEST * counted as f64 {
                return Ok(None);
            }
        }
        rates.push(f64::from(ticks) * counted as f64 / spent_s);
    }
    rates.sort_by(f64::total_cmp);
    Ok(Some(rates[BATCHES / 2]))
}

/// Lifts every robot above the ground where it is and gives it a velocity away from and along it.
fn push_all(world: &mut Headless, lift_m: f64, rise_m_s: f64, slide_m_s: f64) {
    for (i, robot) in world.scene().robots.into_iter().enumerate() {
        let at_m = robot.position_m.as_dvec3();
        let terrain = world.terrain();
        let up = terrain.up(at_m);
        let along = up.any_orthonormal_vector();
        let from_m = if 0.0 < lift_m {
            // Back over the ground, however far the last throw went.
            // Neighbours at other heights, so that none hits another.
            terrain.surface_below(at_m) + (lift_m + 3.0 * (i % 5) as f64) * up
        } else {
            at_m
        };
        let velocity: DVec3 = rise_m_s * up + slide_m_s * along;
        let velocity: Vec3 = velocity.as_vec3();
        world.place_robot(&robot.name, from_m.as_vec3(), robot.rotation, velocity);
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
