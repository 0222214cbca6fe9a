//! Who is in a world, as far as it does not change.

use std::sync::Arc;

use bevy::math::DVec3;

use super::action;
use super::env::Fault;
use super::eyes::Rings;
use super::task::{Control, Goal, Task, Who};
use crate::headless::Headless;
use crate::sim::level::{Level, RobotKind};
use crate::sim::plant::STAND_STILL;
use crate::sim::prospector::ProspectorId;
use crate::sim::robot::guidance;
use crate::sim::voyage::rocket;

/// One for all worlds of a task.
pub struct Cast {
    pub task: Task,
    pub(super) robots: Vec<CastRobot>,
    pub(super) plants: Vec<String>,
    /// What each plant can be told to do.
    pub(super) processes: Vec<Vec<String>>,
    pub(super) prospectors: Vec<String>,
    pub(super) agents: Vec<CastAgent>,
    /// Most robots and plants that an agent has.
    pub(super) robots_max: usize,
    pub(super) plants_max: usize,
    /// Robots that an agent gives orders to.
    pub(super) robot_heads: usize,
    pub(super) deals: bool,
    pub(super) has_mark: bool,
    pub(super) base_price_credits_per_kg: f64,
    pub(super) safe_speed_m_s: f64,
    pub(super) tick_s: f64,
    /// Of what leaves a plant for the market: the rest is burnt on the way.
    pub(super) delivered_share: f64,
    /// What cameras see of the ground far off.
    pub(super) rings: Arc<Rings>,
}

pub(super) struct CastRobot {
    pub name: String,
    pub kind: Arc<RobotKind>,
}

pub(super) struct CastAgent {
    pub name: String,
    pub owner: ProspectorId,
    pub robots: Vec<usize>,
    pub plants: Vec<usize>,
}

impl Cast {
    pub fn of(task: &Task, level: &Level, world: &mut Headless) -> Result<Self, Fault> {
        let prospectors: Vec<String> = level
            .prospectors
            .iter()
            .map(|spec| spec.name.clone())
            .collect();
        let id_of = |name: &str| {
            let at = prospectors.iter().position(|known| known == name);
            at.map(|at| ProspectorId(at as u32))
        };
        let scene = world.scene();
        let mut robots = Vec::new();
        let mut owners = Vec::new();
        for view in &scene.robots {
            let seen = world
                .observe(&view.owner)
                .ok_or_else(|| Fault::Load(format!("robot \"{}\" belongs to nobody", view.name)))?;
            let sheet = seen.robots.iter().find(|robot| robot.name == view.name);
            let Some(sheet) = sheet else {
                return Err(Fault::Load(format!("robot \"{}\" has no sheet", view.name)));
            };
            robots.push(CastRobot {
                name: view.name.clone(),
                kind: Arc::clone(&sheet.sheet),
            });
            owners.push(id_of(&view.owner).unwrap_or(ProspectorId(0)));
        }
        let mut plants = Vec::new();
        let mut processes = Vec::new();
        let mut plant_owners = Vec::new();
        for view in &scene.plants {
            let seen = world.observe(&view.owner);
            let own = seen.and_then(|seen| {
                seen.plants
                    .into_iter()
                    .find(|plant| plant.name == view.name)
            });
            plants.push(view.name.clone());
            let mut works = own.map_or_else(Vec::new, |plant| plant.processes);
            works.retain(|process| process != STAND_STILL);
            processes.push(works);
            plant_owners.push(id_of(&view.owner).unwrap_or(ProspectorId(0)));
        }
        let of = |owners: &[ProspectorId], owner: ProspectorId| -> Vec<usize> {
            (0..owners.len())
                .filter(|&at| owners[at] == owner)
                .collect()
        };
        let unknown = |name: &str, known: Vec<String>| Fault::Agent {
            name: name.to_owned(),
            known: known.join(", "),
        };
        let agents: Vec<CastAgent> = match &task.agents {
            Who::Robots(names) => {
                let all: Vec<String> = robots.iter().map(|robot| robot.name.clone()).collect();
                let chosen = if names.is_empty() { &all } else { names };
                let agent = |name: &String| {
                    let at = all
                        .iter()
                        .position(|known| known == name)
                        .ok_or_else(|| unknown(name, all.clone()))?;
                    Ok(CastAgent {
                        name: name.clone(),
                        owner: owners[at],
                        robots: vec![at],
                        plants: of(&plant_owners, owners[at]),
                    })
                };
                chosen.iter().map(agent).collect::<Result<_, Fault>>()?
            }
            Who::Prospectors(names) => {
                let with_robots: Vec<String> = prospectors
                    .iter()
                    .filter(|name| id_of(name).is_some_and(|id| owners.contains(&id)))
                    .cloned()
                    .collect();
                let chosen = if names.is_empty() {
                    &with_robots
                } else {
                    names
                };
                let agent = |name: &String| {
                    let owner = id_of(name).ok_or_else(|| unknown(name, prospectors.clone()))?;
                    Ok(CastAgent {
                        name: name.clone(),
                        owner,
                        robots: of(&owners, owner),
                        plants: of(&plant_owners, owner),
                    })
                };
                chosen.iter().map(agent).collect::<Result<_, Fault>>()?
            }
        };
        if agents.is_empty() {
            return Err(Fault::Load(format!(
                "level \"{}\" has nobody to act: no robot",
                level.name
            )));
        }
        let most = |of: fn(&CastAgent) -> usize| agents.iter().map(of).max().unwrap_or(0);
        let robots_max = most(|agent| agent.robots.len());
        let place_m = scene
            .robots
            .first()
            .map_or(DVec3::ZERO, |robot| robot.position_m.as_dvec3());
        let terrain = world.terrain();
        Ok(Self {
            robots_max,
            plants_max: match task.agents {
                // A robot has no plant, but it sees those of its owner.
                Who::Robots(_) => most(|agent| agent.plants.len()).min(1),
                Who::Prospectors(_) => most(|agent| agent.plants.len()),
            },
            robot_heads: match task.control {
                Control::Orders => robots_max,
                Control::Actuators | Control::Economy => 0,
            },
            deals: action::deals(task.control, &task.agents),
            has_mark: matches!(task.goal, Some(Goal::Reach { .. })),
            base_price_credits_per_kg: level.market.base_price_credits_per_kg,
            safe_speed_m_s: guidance::safe_speed_m_s(terrain, place_m, f64::MAX),
            tick_s: level.tick_s,
            delivered_share: 1.0
                - rocket::burnt_share(1e3 * level.freight.delta_v_km_s, level.freight.isp_s),
            rings: Arc::default(),
            task: task.clone(),
            robots,
            plants,
            processes,
            prospectors,
            agents,
        })
    }
}
