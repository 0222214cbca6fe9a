//! Tasks: what agents are asked to do, as plain data.

use std::collections::BTreeMap;
use std::path::Path;

use serde::{Deserialize, Serialize};

use crate::sim::law::charter::Charter;
use crate::sim::level::{Brain, CharterChoice, Level, LevelErrors, Temperament};

/// The version of the format of tasks that this program reads.
const TASK_FORMAT: u32 = 1;

/// Tasks that come with the program, by name, from easy to hard.
pub const TASKS: [(&str, &str); 13] = [
    (
        "hop-to-target",
        include_str!("../../levels/tasks/hop-to-target.ron"),
    ),
    ("land", include_str!("../../levels/tasks/land.ron")),
    (
        "fly-to-target",
        include_str!("../../levels/tasks/fly-to-target.ron"),
    ),
    (
        "anchor-and-drill",
        include_str!("../../levels/tasks/anchor-and-drill.ron"),
    ),
    (
        "fill-the-bin",
        include_str!("../../levels/tasks/fill-the-bin.ron"),
    ),
    (
        "sell-well",
        include_str!("../../levels/tasks/sell-well.ron"),
    ),
    (
        "first-water",
        include_str!("../../levels/tasks/first-water.ron"),
    ),
    (
        "claim-and-mine",
        include_str!("../../levels/tasks/claim-and-mine.ron"),
    ),
    (
        "claim-rush",
        include_str!("../../levels/tasks/claim-rush.ron"),
    ),
    (
        "the-last-ice",
        include_str!("../../levels/tasks/the-last-ice.ron"),
    ),
    (
        "the-last-ice-quota",
        include_str!("../../levels/tasks/the-last-ice-quota.ron"),
    ),
    (
        "ice-for-four",
        include_str!("../../levels/tasks/ice-for-four.ron"),
    ),
    (
        "share-the-yield",
        include_str!("../../levels/tasks/share-the-yield.ron"),
    ),
];

/// Charters that come with the program besides those of the tables.
const CHARTERS: [(&str, &str); 1] = [(
    "ice-quota",
    include_str!("../../levels/charters/ice-quota.ron"),
)];

/// Who acts in which world, by what means, how often, and for what.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Task {
    pub format: u32,
    pub name: String,
    /// What an agent has to do, in a sentence.
    pub summary: String,
    /// 1 (an hour of learning at most) to 5 (open).
    pub difficulty: u8,
    /// Name of a built-in level, or path of a level file.
    pub level: String,
    /// Values to put in the place of the level's, by path: see [`set_field`].
    #[serde(default)]
    pub replace: BTreeMap<String, serde_json::Value>,
    /// Leave out everybody who is no agent, and their machines.
    #[serde(default)]
    pub alone: bool,
    /// The charter in force, by name or by path, in the place of the level's.
    #[serde(default)]
    pub charter: Option<String>,
    pub control: Control,
    pub agents: Who,
    pub stride: Stride,
    /// Steps after which an episode is cut off.
    pub horizon_steps: u32,
    pub reward: Reward,
    /// Rewards are divided by this: credits that are worth 1.
    #[serde(default = "one")]
    pub reward_scale: f64,
    #[serde(default)]
    pub goal: Option<Goal>,
    /// Ranges that a value of the level is drawn from in each episode.
    #[serde(default)]
    pub randomise: Vec<Randomise>,
    /// Others robots that an agent sees, the nearest first.
    #[serde(default = "four")]
    pub neighbours: usize,
}

fn one() -> f64 {
    1.0
}

fn four() -> usize {
    4
}

/// By what means agents act.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Control {
    /// Thrust, torque, tools, anchors and legs of one robot, in numbers from -1 to 1.
    Actuators,
    /// Orders to robots and plants, and dealings: one choice each.
    Orders,
    /// Dealings alone: a script drives the robots.
    Economy,
}

/// Who acts. Everybody else is decided for as the level says.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Who {
    /// One agent per prospector of these names; empty for all that have a robot.
    Prospectors(Vec<String>),
    /// One agent per robot of these names; empty for all.
    Robots(Vec<String>),
}

/// How much of the world's time a step takes.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub enum Stride {
    Ticks(u32),
    /// Whole ticks until at least so much time has passed [s].
    Seconds(f64),
    /// Until a robot of an agent has done what it was told and asks for more, but no longer than
    /// this [s]: few steps, and each a decision.
    Decision(f64),
}

/// What an agent is rewarded for in each step.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Reward {
    /// What its prospector's credits have grown by.
    Profit,
    /// What its prospector's net worth has grown by: goods and machines at the prices of the day.
    Worth,
    /// The mean of all agents' profits.
    Shared,
    /// What the welfare of all has grown by: buyers, prospectors and public funds.
    Welfare,
    /// Profit, and half of all dividends paid to anybody.
    Dividend,
    /// What the goal says: see [`Goal`].
    Goal,
    /// Nothing: whoever trains computes its own from the metrics.
    Zero,
}

/// Something to be achieved; an episode ends when it is.
///
/// In each step an agent is rewarded for how much nearer it has come (a potential, so that no
/// detour pays; Ng, Harada and Russell 1999), and with 10 when it is done.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub enum Goal {
    /// Be at rest (or hover at less than 5 cm/s, where actuators are in the agent's hands) within
    /// `within_m` of a place on the ground `distance_m` away that is drawn in each episode.
    Reach {
        distance_m: (f64, f64),
        within_m: f64,
    },
    /// Come down from `height_m`, falling at `fall_m_s` and drifting aside at up to `drift_m_s`, all
    /// drawn in each episode, and touch the ground upright and no faster than `touch_max_m_s`;
    /// any other touch fails.
    Land {
        height_m: (f64, f64),
        fall_m_s: (f64, f64),
        drift_m_s: f64,
        touch_max_m_s: f64,
    },
    /// A hole of this depth.
    Hole { depth_m: f64 },
    /// A bin as full as this.
    Bin { fill: f64 },
}

/// A value of the level that is drawn anew in each episode.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Randomise {
    /// As in [`Task::replace`].
    pub path: String,
    pub low: f64,
    pub high: f64,
}

/// What is wrong with a task.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum TaskError {
    #[error("there is no task \"{name}\": it is none of {known}, and no file of that name")]
    Unknown { name: String, known: String },
    #[error("task \"{name}\" cannot be read: {what}")]
    Syntax { name: String, what: String },
    #[error("task \"{task}\": {field} = {value}, expected {expected}")]
    Field {
        task: String,
        field: String,
        value: String,
        expected: String,
    },
    #[error("{0}")]
    Level(String),
}

impl Task {
    /// A task of the program, or one from a file.
    ///
    /// # Errors
    /// [`TaskError`] if there is none, or it makes no sense.
    pub fn find(name: &str) -> Result<Self, TaskError> {
        if let Some((_, text)) = TASKS.iter().find(|(known, _)| *known == name) {
            return Self::parse(text, name);
        }
        if Path::new(name).is_file() {
            let text = std::fs::read_to_string(name).map_err(|error| TaskError::Syntax {
                name: name.to_owned(),
                what: error.to_string(),
            })?;
            return Self::parse(&text, name);
        }
        Err(TaskError::Unknown {
            name: name.to_owned(),
            known: TASKS.map(|(known, _)| known).join(", "),
        })
    }

    /// Reads the text of a task; `name` is its name in errors.
    ///
    /// # Errors
    /// [`TaskError`] with the place or the field, what it was and what was expected.
    pub fn parse(text: &str, name: &str) -> Result<Self, TaskError> {
        let task: Self = ron::from_str(text).map_err(|error| TaskError::Syntax {
            name: name.to_owned(),
            what: error.to_string(),
        })?;
        task.check()?;
        Ok(task)
    }

    /// Whether a text is meant for a task: it begins with the word.
    pub fn is_task(text: &str) -> bool {
        text.lines()
            .map(str::trim)
            .find(|line| !line.is_empty() && !line.starts_with("//"))
            .is_some_and(|line| line.starts_with("Task"))
    }

    fn wrong(&self, field: &str, value: impl ToString, expected: &str) -> TaskError {
        TaskError::Field {
            task: self.name.clone(),
            field: field.to_owned(),
            value: value.to_string(),
            expected: expected.to_owned(),
        }
    }

    /// Checks what can be told without the level.
    ///
    /// # Errors
    /// [`TaskError`] with the field, what it was and what was expected.
    pub fn check(&self) -> Result<(), TaskError> {
        let positive = |value: f64| 0.0 < value && value.is_finite();
        if self.format != TASK_FORMAT {
            return Err(self.wrong("format", self.format, &format!("{TASK_FORMAT}")));
        }
        if self.horizon_steps == 0 {
            return Err(self.wrong("horizon_steps", 0, "at least 1"));
        }
        match self.stride {
            Stride::Ticks(0) => return Err(self.wrong("stride", "Ticks(0)", "at least 1 tick")),
            Stride::Seconds(s) | Stride::Decision(s) if !(positive(s) && s <= 1e8) => {
                return Err(self.wrong("stride", s, "more than 0 s and at most 1e8 s"));
            }
            _ => {}
        }
        if !positive(self.reward_scale) {
            return Err(self.wrong("reward_scale", self.reward_scale, "a positive number"));
        }
        if 64 < self.neighbours {
            return Err(self.wrong("neighbours", self.neighbours, "at most 64"));
        }
        if self.control == Control::Actuators && matches!(self.agents, Who::Prospectors(_)) {
            return Err(self.wrong(
                "agents",
                "Prospectors",
                "Robots, for an agent has the actuators of one robot",
            ));
        }
        if self.control == Control::Economy && matches!(self.agents, Who::Robots(_)) {
            return Err(self.wrong("agents", "Robots", "Prospectors, for robots have no money"));
        }
        if self.reward == Reward::Goal && self.goal.is_none() {
            return Err(self.wrong("reward", "Goal", "a goal to go with it"));
        }
        if self.goal.is_some() && matches!(self.agents, Who::Prospectors(_)) {
            return Err(self.wrong(
                "agents",
                "Prospectors",
                "Robots, for goals are of one robot",
            ));
        }
        let rising = |(low, high): (f64, f64)| 0.0 <= low && low <= high && high.is_finite();
        let sane = match self.goal {
            None => true,
            Some(Goal::Reach {
                distance_m,
                within_m,
            }) => rising(distance_m) && positive(within_m),
            Some(Goal::Land {
                height_m,
                fall_m_s,
                drift_m_s,
                touch_max_m_s,
            }) => {
                rising(height_m)
                    && rising(fall_m_s)
                    && 0.0 <= drift_m_s
                    && drift_m_s.is_finite()
                    && positive(touch_max_m_s)
            }
            Some(Goal::Hole { depth_m }) => positive(depth_m),
            Some(Goal::Bin { fill }) => positive(fill) && fill <= 1.0,
        };
        if !sane {
            return Err(self.wrong(
                "goal",
                format!("{:?}", self.goal),
                "positive numbers, and ranges from low to high",
            ));
        }
        for range in &self.randomise {
            if !(range.low.is_finite() && range.high.is_finite() && range.low <= range.high) {
                return Err(self.wrong(
                    "randomise",
                    format!("{} from {} to {}", range.path, range.low, range.high),
                    "finite numbers, low at most high",
                ));
            }
        }
        Ok(())
    }

    /// The level of the task with everything replaced, ready to be built.
    ///
    /// # Errors
    /// [`TaskError::Level`] if the level cannot be read or a replacement does not fit.
    pub fn read_level(&self) -> Result<Level, TaskError> {
        let level =
            Level::find(&self.level).map_err(|errors| TaskError::Level(errors.to_string()))?;
        self.prepare(&level, &[])
    }

    /// A level with everything replaced, and the numbers of [`Task::randomise`] as given.
    ///
    /// # Errors
    /// [`TaskError::Level`] if a replacement does not fit.
    pub fn prepare(&self, level: &Level, drawn: &[f64]) -> Result<Level, TaskError> {
        let mut level = level.clone();
        if !self.replace.is_empty() || !drawn.is_empty() {
            let mut value = serde_json::to_value(&level)
                .map_err(|error| TaskError::Level(error.to_string()))?;
            for (path, new) in &self.replace {
                set_field(&mut value, path, new.clone())?;
            }
            for (range, number) in self.randomise.iter().zip(drawn) {
                set_field(&mut value, &range.path, serde_json::Value::from(*number))?;
            }
            level = serde_json::from_value(value).map_err(|error| {
                TaskError::Level(format!("level \"{}\" as replaced: {error}", self.level))
            })?;
        }
        if let Some(charter) = &self.charter {
            level.charter = find_charter(charter)?;
        }
        // Players look on.
        level.lesson.clear();
        level.goals.clear();
        self.make_room(&mut level);
        level
            .validate()
            .map_err(|errors| TaskError::Level(errors.to_string()))?;
        Ok(level)
    }

    /// Gives the seats of agents to whoever comes from outside, or to a script that works the
    /// robots and leaves the dealings to the agent.
    pub(super) fn make_room(&self, level: &mut Level) {
        if self.control == Control::Actuators {
            // Hands on the stick: no tick outlasts a step.
            let step_s = match self.stride {
                Stride::Ticks(ticks) => f64::from(ticks) * level.tick_s,
                Stride::Seconds(step_s) | Stride::Decision(step_s) => step_s,
            };
            let longest_s = step_s.max(level.tick_s);
            level.long_tick_s = level.long_tick_s.min(longest_s);
            level.idle_tick_s = level.idle_tick_s.min(longest_s);
        }
        let robots = level.robots.clone();
        let has_robot = |name: &str| robots.iter().any(|robot| robot.owner == name);
        let acts = |name: &String| match &self.agents {
            Who::Prospectors(names) if names.is_empty() => has_robot(name),
            Who::Prospectors(names) => names.contains(name),
            Who::Robots(names) => robots.iter().any(|robot| {
                robot.owner == *name && (names.is_empty() || names.contains(&robot.name))
            }),
        };
        if self.alone {
            level
                .prospectors
                .retain(|prospector| acts(&prospector.name));
            level.robots.retain(|robot| acts(&robot.owner));
            level.plants.retain(|plant| acts(&plant.owner));
        }
        for prospector in &mut level.prospectors {
            if !acts(&prospector.name) {
                continue;
            }
            prospector.brain = match self.control {
                Control::Actuators | Control::Orders => Brain::Human,
                Control::Economy => driver_of(&prospector.brain),
            };
        }
    }
}

/// A charter of the program, or one from a file.
fn find_charter(name: &str) -> Result<CharterChoice, TaskError> {
    if Charter::built_in(name).is_some() {
        return Ok(CharterChoice::Named(name.to_owned()));
    }
    let own = |read: Result<Charter, LevelErrors>| {
        read.map(|charter| CharterChoice::Own(Box::new(charter)))
            .map_err(|errors| TaskError::Level(errors.to_string()))
    };
    if let Some((_, text)) = CHARTERS.iter().find(|(known, _)| *known == name) {
        return own(Charter::parse(text, name));
    }
    if Path::new(name).is_file() {
        return own(Charter::read(Path::new(name)));
    }
    let known = Charter::all_built_in()
        .iter()
        .map(|charter| charter.id.as_str());
    let known: Vec<&str> = known.chain(CHARTERS.map(|(name, _)| name)).collect();
    Err(TaskError::Level(format!(
        "there is no charter \"{name}\": it is none of {}, and no file of that name",
        known.join(", ")
    )))
}

/// A script that works the robots and never sells.
fn driver_of(brain: &Brain) -> Brain {
    const NEVER_KG: f64 = 1e6;
    let (survey_spots, search_radius_m, claim_radius_m) = match brain {
        Brain::Scripted {
            survey_spots,
            search_radius_m,
            claim_radius_m,
            ..
        } => (*survey_spots, *search_radius_m, *claim_radius_m),
        Brain::Human => (3, 25.0, 4.0),
    };
    Brain::Scripted {
        temperament: Temperament::Surveyor,
        survey_spots,
        search_radius_m,
        claim_radius_m,
        sale_lot_kg: NEVER_KG,
        sale_price_min_credits_per_kg: 0.0,
        affairs: None,
    }
}

/// Puts a value in the place of another: a path of names and numbers with dots between, such as
/// `market.base_price_credits_per_kg`, `prospectors.0.credits` or `body.Invented.period_h`.
///
/// # Errors
/// [`TaskError::Level`] naming the part of the path that there is not.
pub fn set_field(
    level: &mut serde_json::Value,
    path: &str,
    new: serde_json::Value,
) -> Result<(), TaskError> {
    let mut at = level;
    for part in path.split('.') {
        let known = match &*at {
            serde_json::Value::Object(map) => map.keys().cloned().collect::<Vec<_>>().join(", "),
            serde_json::Value::Array(list) => format!("0 to {}", list.len().saturating_sub(1)),
            other => format!("nothing, for it is {other}"),
        };
        let index = match at {
            serde_json::Value::Object(map) => map.get_mut(part),
            serde_json::Value::Array(list) => {
                let index = part.parse::<usize>().ok();
                index.and_then(|index| list.get_mut(index))
            }
            _ => None,
        };
        at = index.ok_or_else(|| {
            TaskError::Level(format!(
                "the level has no field \"{path}\": \"{part}\" is none of {known}"
            ))
        })?;
    }
    // A whole number stays one.
    *at = match (&*at, new.as_f64()) {
        (old, Some(number)) if old.is_u64() || old.is_i64() => {
            serde_json::Value::from(number.round() as i64)
        }
        _ => new,
    };
    Ok(())
}
