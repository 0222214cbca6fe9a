//! `bonanza bench`: what a world costs on this machine.
//!
//! One thread; medians over batches, so that another process that takes a core for a moment does
//! not count. Build with `--release` for figures worth quoting.

pub(super) mod economy;
pub(super) mod physics;

use std::{fs, time::Instant};

use bevy::math::Vec3;
use serde::Serialize;

use super::{Failure, print_json, print_text, summary::thousands};
use crate::{
    headless::Headless,
    sim::level::{BUILT_IN_LEVELS, Brain, Level, RobotSpec, Site},
};

/// Robots of the scenarios in flight and in contact.
const ROBOTS: usize = 8;
/// Batches of which the median counts.
const BATCHES: usize = 9;

/// The figures; the first seven are those that `docs/cli.md` promises.
#[derive(Debug, Serialize)]
struct Figures {
    /// Ticks of a world in which nothing moves [1/s].
    idle_ticks_per_s: f64,
    /// Ticks times robots while eight robots fly [1/s].
    flight_8_robot_ticks_per_s: f64,
    /// Ticks times robots while eight robots slide and bounce on the ground [1/s].
    contact_8_robot_ticks_per_s: f64,
    /// Reading and making `first-water` in a fresh process [s].
    load_s: f64,
    /// Memory that this took [MB]; null where the system does not tell.
    load_mb: Option<f64>,
    /// Making a second world of the same body [ms].
    second_world_ms: f64,
    second_world_mb: Option<f64>,
    /// Whether the program was built with optimisation and without checks.
    release_build: bool,
}

pub fn bench(json: bool) -> Result<(), Failure> {
    // First, while the process is fresh.
    let (load_s, load_mb, first) = measured(|| load(&first_water()?))?;
    let (second_s, _, second) = measured(|| load(&first_water()?))?;
    let second_world_mb = world_mb(&first_water()?)?;
    drop((first, second));

    let figures = Figures {
        idle_ticks_per_s: idle()?,
        flight_8_robot_ticks_per_s: flight()? * ROBOTS as f64,
        contact_8_robot_ticks_per_s: contact()? * ROBOTS as f64,
        load_s,
        load_mb,
        second_world_ms: second_s * 1e3,
        second_world_mb,
        release_build: !cfg!(debug_assertions),
    };
    if json {
        return print_json(&figures);
    }
    let megabytes = |value: Option<f64>| match value {
        Some(value) => format!("{value:.1} MB"),
        None => "memory unknown".to_owned(),
    };
    let mut text = format!(
        "idle world        {:>12} ticks/s\n\
         8 robots flying   {:>12} robot-ticks/s\n\
         8 robots sliding  {:>12} robot-ticks/s\n\
         load first-water  {:>12.3} s, {}\n\
         second world      {:>12.3} ms, {}\n",
        thousands(figures.idle_ticks_per_s),
        thousands(figures.flight_8_robot_ticks_per_s),
        thousands(figures.contact_8_robot_ticks_per_s),
        figures.load_s,
        megabytes(figures.load_mb),
        figures.second_world_ms,
        megabytes(figures.second_world_mb),
    );
    if !figures.release_build {
        text += "This is a build for development; a release build is several times faster.\n";
    }
    print_text(&text);
    Ok(())
}

fn first_water() -> Result<Level, Failure> {
    let (name, text) = BUILT_IN_LEVELS[0];
    Level::parse(text, name).map_err(Failure::input)
}

fn load(level: &Level) -> Result<Headless, Failure> {
    Headless::load(level, None).map_err(Failure::input)
}

/// The built-in level with eight robots of one prospector around the first site, and nobody else.
fn eight_robots() -> Result<Level, Failure> {
    let mut level = first_water()?;
    level
        .prospectors
        .retain(|prospector| prospector.brain == Brain::Human);
    level.prospectors.truncate(1);
    let owner = level.prospectors[0].name.clone();
    // Upkeep of a hundred days must not end in bankruptcy half-way through.
    level.prospectors[0].credits = 1e9;
    level.plants.retain(|plant| plant.owner == owner);
    level.goals.clear();
    level.lesson.clear();
    let place = level.sites.keys().next().cloned().unwrap_or_default();
    let kind = level.robots[0].kind.clone();
    level.robots = (0..ROBOTS)
        .map(|i| RobotSpec {
            name: format!("robot-{i}"),
            owner: owner.clone(),
            kind: kind.clone(),
            site: Site::Offset {
                of: place.clone(),
                east_m: 12.0 + 6.0 * (i % 4) as f64,
                north_m: 10.0 + 6.0 * (i / 4) as f64,
            },
        })
        .collect();
    level.validate().map_err(Failure::input)?;
    Ok(level)
}

/// A settled world of [`eight_robots`].
fn settled() -> Result<Headless, Failure> {
    let mut world = load(&eight_robots()?)?;
    world.run_until_ms(3_600_000);
    Ok(world)
}

fn idle() -> Result<f64, Failure> {
    let mut world = settled()?;
    Ok(median_ticks_per_s(&mut world, 10_000, |_| {}))
}

fn flight() -> Result<f64, Failure> {
    let mut world = settled()?;
    throw_all(&mut world, 0.15);
    let ticks_per_s = median_ticks_per_s(&mut world, 2_000, |_| {});
    all_move(&mut world, "flight")?;
    Ok(ticks_per_s)
}

/// Robots that are pushed along the ground before they come to rest.
fn contact() -> Result<f64, Failure> {
    let mut world = settled()?;
    let ticks_per_s = median_ticks_per_s(&mut world, 2_000, |world| slide_all(world, 0.004));
    all_move(&mut world, "contact")?;
    Ok(ticks_per_s)
}

/// A figure counts only if all robots moved to the end.
fn all_move(world: &mut Headless, scenario: &str) -> Result<(), Failure> {
    match world
        .report()
        .robots
        .iter()
        .filter(|robot| robot.at_rest)
        .count()
    {
        0 => Ok(()),
        resting => Err(Failure::Check(format!(
            "{resting} of {ROBOTS} robots had come to rest before the scenario {scenario} was over"
        ))),
    }
}

/// Gives each robot a velocity straight away from the ground [m/s].
fn throw_all(world: &mut Headless, speed_m_s: f32) {
    push_all(world, |up| up * speed_m_s);
}

/// Gives each robot a velocity along the ground [m/s].
fn slide_all(world: &mut Headless, speed_m_s: f32) {
    push_all(world, |up| {
        Vec3::Z.cross(up).normalize_or(Vec3::X) * speed_m_s
    });
}

/// Gives each robot the velocity that `velocity_m_s` makes of the direction away from the ground.
fn push_all(world: &mut Headless, velocity_m_s: impl Fn(Vec3) -> Vec3) {
    let scene = world.scene();
    for robot in &scene.robots {
        let up = scene.outward(robot.position_m);
        world.place_robot(
            &robot.name,
            robot.position_m,
            robot.rotation,
            velocity_m_s(up),
        );
    }
}

/// Ticks per second of this machine's time: the median of some batches. `before` is called every
/// [`NUDGE_EVERY_TICKS`] and its time does not count.
fn median_ticks_per_s(
    world: &mut Headless,
    batch_ticks: u32,
    before: impl Fn(&mut Headless),
) -> f64 {
    let mut rates: Vec<f64> = (0..BATCHES)
        .map(|_| {
            let mut spent_s = 0.0;
            let mut done = 0;
            while done < batch_ticks {
                before(world);
                let started = Instant::now();
                for _ in 0..NUDGE_EVERY_TICKS {
                    world.step();
                }
                spent_s += started.elapsed().as_secs_f64();
                done += NUDGE_EVERY_TICKS;
            }
            f64::from(done) / spent_s.max(1e-9)
        })
        .collect();
    rates.sort_by(f64::total_cmp);
    rates[BATCHES / 2]
}

/// Ticks between two pushes in the scenario in contact.
const NUDGE_EVERY_TICKS: u32 = 100;

/// Time [s] and memory [MB] that making something takes.
fn measured<T>(
    make: impl FnOnce() -> Result<T, Failure>,
) -> Result<(f64, Option<f64>, T), Failure> {
    let before_mb = resident_mb();
    let started = Instant::now();
    let made = make()?;
    let spent_s = started.elapsed().as_secs_f64();
    let taken_mb = resident_mb()
        .zip(before_mb)
        .map(|(after, before)| after - before);
    Ok((spent_s, taken_mb, made))
}

/// Time that the processor gave to this thread, where Linux tells it; else time that passed.
struct Stopwatch {
    passed: Instant,
    given_s: Option<f64>,
}

impl Stopwatch {
    fn start() -> Self {
        Self {
            passed: Instant::now(),
            given_s: Self::given_s(),
        }
    }

    fn spent_s(&self) -> f64 {
        match Self::given_s().zip(self.given_s) {
            Some((now_s, then_s)) if then_s < now_s => now_s - then_s,
            _ => self.passed.elapsed().as_secs_f64(),
        }
    }

    fn given_s() -> Option<f64> {
        let text = fs::read_to_string("/proc/thread-self/schedstat").ok()?;
        let nanoseconds: f64 = text.split_whitespace().next()?.parse().ok()?;
        Some(1e-9 * nanoseconds)
    }
}

/// Memory of one more world of a level whose body is at hand [MB], where the system tells it.
///
/// A world may fit into pages that the process has and does not use, so many are made and held, and
/// the later half of them counts.
fn world_mb(level: &Level) -> Result<Option<f64>, Failure> {
    const WORLDS: std::ops::RangeInclusive<usize> = 4..=48;
    const MAKING_S: f64 = 1.0;
    let begun = Instant::now();
    let mut worlds = Vec::new();
    let mut resident = Vec::new();
    while worlds.len() < *WORLDS.start()
        || worlds.len() < *WORLDS.end() && begun.elapsed().as_secs_f64() < MAKING_S
    {
        let mut world = load(level)?;
        world.step();
        worlds.push(world);
        let Some(mb) = resident_mb() else {
            return Ok(None);
        };
        resident.push(mb);
    }
    let (half, last) = (resident.len() / 2 - 1, resident.len() - 1);
    let mb = (resident[last] - resident[half]) / (last - half) as f64;
    Ok((0.0 < mb).then_some(mb))
}

/// Resident memory of this process, where Linux tells it [MB].
fn resident_mb() -> Option<f64> {
    let status = fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmRSS:"))?;
    let kib: f64 = line.split_whitespace().nth(1)?.parse().ok()?;
    Some(kib * 1024e-6)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_level_of_eight_robots_is_sound() {
        let level = eight_robots().unwrap();
        assert_eq!(level.robots.len(), ROBOTS);
        assert_eq!(level.prospectors.len(), 1);
    }
}
