//! Trained policies in the seats of prospectors, in any world.
//!
//! A policy is a network in an ONNX file, from what an agent sees to what it does, with the task that
//! it was trained for in the metadata of the file:
//!
//! | key | value |
//! |---|---|
//! | `bonanza.task` | the [`Task`], in JSON |
//! | `bonanza.layout` | the [`layout::VERSION`] of the program that it was trained with |
//! | `bonanza.fields` | the names of all numbers of an observation, with commas between |
//!
//! The network has one input, `f32` of (batch, numbers), and its first output is `f32` of (batch,
//! actions): from -1 to 1 where actions are numbers, else a score for each choice of each head, of
//! which the highest that makes sense is taken.

use std::path::Path;
use std::sync::Arc;

use rten::{Dimension, Model, NodeId, RunOptions, ThreadPool, ValueOrView};
use rten_tensor::NdTensorView;
use rten_tensor::prelude::*;

use super::action::{Heads, Kind};
use super::cast::Cast;
use super::env::{Actions, Fault};
use super::layout::{self, Layout};
use super::seats::Seats;
use super::task::{Control, Goal, Stride, Task, Who};
use crate::headless::Headless;
use crate::sim::level::{Brain, Level, ProspectorSpec};

/// A network and what it was trained for.
pub struct Policy {
    /// Its name in errors.
    file: String,
    model: Model,
    input: NodeId,
    output: NodeId,
    /// Networks of this size gain nothing from a second thread.
    pool: Arc<ThreadPool>,
    task: Task,
    fields: Vec<String>,
}

/// Why a policy cannot decide for anybody.
#[derive(Debug, thiserror::Error)]
pub enum PolicyError {
    #[error("cannot read the policy \"{file}\": {source}")]
    Read {
        file: String,
        source: std::io::Error,
    },
    #[error("the policy \"{file}\" is no ONNX network that can be run: {what}")]
    Network { file: String, what: String },
    #[error("the policy \"{file}\": {field} is {found}, expected {expected}")]
    Form {
        file: String,
        field: &'static str,
        found: String,
        expected: String,
    },
    #[error("the policy \"{file}\" cannot decide for \"{prospector}\" in level \"{level}\": {why}")]
    Seat {
        file: String,
        prospector: String,
        level: String,
        why: String,
    },
}

impl Policy {
    /// Reads an ONNX file.
    ///
    /// # Errors
    /// [`PolicyError`] with what the file is and what was expected.
    pub fn read(path: &Path) -> Result<Self, PolicyError> {
        let file = path.display().to_string();
        let bytes = std::fs::read(path).map_err(|source| PolicyError::Read {
            file: file.clone(),
            source,
        })?;
        Self::parse(bytes, file)
    }

    fn parse(bytes: Vec<u8>, file: String) -> Result<Self, PolicyError> {
        let model = Model::load(bytes).map_err(|error| PolicyError::Network {
            file: file.clone(),
            what: one_line(&error.to_string()),
        })?;
        let wrong = |field, found: String, expected: &str| PolicyError::Form {
            file: file.clone(),
            field,
            found,
            expected: expected.to_owned(),
        };
        let told = |field: &'static str, expected: &str| {
            let value = model.metadata().get(field);
            value.ok_or_else(|| wrong(field, "missing in the metadata".to_owned(), expected))
        };
        let version = told(
            "bonanza.layout",
            "the version of the layout of observations",
        )?;
        if version != layout::VERSION.to_string() {
            let expected = format!("{}, that of this program", layout::VERSION);
            return Err(wrong("bonanza.layout", version.to_owned(), &expected));
        }
        let text = told("bonanza.task", "the task that it was trained for, in JSON")?;
        let task: Task = serde_json::from_str(text)
            .map_err(|error| wrong("bonanza.task", error.to_string(), "a task in JSON"))?;
        task.check()
            .map_err(|error| wrong("bonanza.task", error.to_string(), "a task that makes sense"))?;
        let fields = told("bonanza.fields", "the names of what it sees, in order")?;
        let fields: Vec<String> = fields.split(',').map(str::to_owned).collect();
        let &[input] = model.input_ids() else {
            let count = model.input_ids().len().to_string();
            return Err(wrong(
                "the number of inputs",
                count,
                "1: what an agent sees",
            ));
        };
        let Some(&output) = model.output_ids().first() else {
            let expected = "at least 1: what an agent does";
            return Err(wrong("the number of outputs", "0".to_owned(), expected));
        };
        let shape = model.input_shape(0);
        let fits = match shape.as_deref() {
            Some([_, Dimension::Fixed(numbers)]) => *numbers == fields.len(),
            Some([_, Dimension::Symbolic(_)]) => true,
            _ => false,
        };
        if !fits {
            let expected = format!("(batch, {}), as many as bonanza.fields names", fields.len());
            return Err(wrong(
                "the shape of its input",
                shape_text(shape),
                &expected,
            ));
        }
        Ok(Self {
            pool: Arc::new(ThreadPool::with_num_threads(1)),
            file,
            input,
            output,
            task,
            fields,
            model,
        })
    }

    /// What it was trained for.
    pub fn task(&self) -> &Task {
        &self.task
    }

    /// Makes room for it in a level that is not yet a world: the prospector is decided for from
    /// outside, or by a script that works the robots where the policy only deals.
    ///
    /// # Errors
    /// [`PolicyError::Seat`] if there is no such prospector, or it has no robots where the policy
    /// acts through robots.
    pub fn make_room(&self, level: &mut Level, prospector: &str) -> Result<(), PolicyError> {
        let mut changed = level.clone();
        self.task_for(&changed, prospector)?.make_room(&mut changed);
        *level = changed;
        Ok(())
    }

    /// Its task, told for a prospector of a level.
    fn task_for(&self, level: &Level, prospector: &str) -> Result<Task, PolicyError> {
        let refuse = |why: String| PolicyError::Seat {
            file: self.file.clone(),
            prospector: prospector.to_owned(),
            level: level.name.clone(),
            why,
        };
        find(level, prospector).map_err(refuse)?;
        if let Some(Goal::Land { .. }) = self.task.goal {
            return Err(refuse(format!(
                "it was trained for \"{}\", where every episode sets the robot in the sky",
                self.task.name
            )));
        }
        let agents = match &self.task.agents {
            Who::Prospectors(_) => Who::Prospectors(vec![prospector.to_owned()]),
            Who::Robots(trained) => {
                let kinds = self.kinds(trained);
                let fits = |kind: &String| kinds.as_ref().is_none_or(|kinds| kinds.contains(kind));
                let own = level
                    .robots
                    .iter()
                    .filter(|robot| robot.owner == prospector);
                let fit = own.filter(|robot| fits(&robot.kind));
                let fit: Vec<String> = fit.map(|robot| robot.name.clone()).collect();
                if fit.is_empty() {
                    let kinds = kinds.map_or("any".to_owned(), |kinds| kinds.join(" or "));
                    return Err(refuse(format!("it has no robot of kind {kinds} there")));
                }
                Who::Robots(fit)
            }
        };
        Ok(Task {
            level: level.name.clone(),
            replace: Default::default(),
            randomise: Vec::new(),
            alone: false,
            charter: None,
            agents,
            ..self.task.clone()
        })
    }

    /// Kinds of the robots that it was trained with; `None` if all are the same to it, or its level is
    /// not here.
    fn kinds(&self, robots: &[String]) -> Option<Vec<String>> {
        if robots.is_empty() {
            return None;
        }
        let level = Level::find(&self.task.level).ok()?;
        let trained = level
            .robots
            .iter()
            .filter(|robot| robots.contains(&robot.name));
        let mut kinds: Vec<String> = trained.map(|robot| robot.kind.clone()).collect();
        kinds.dedup();
        Some(kinds)
    }

    /// What it does about what agents see, who stand one after the other in `observations` (agents ×
    /// numbers) and `mask` (agents × choices).
    ///
    /// # Errors
    /// [`PolicyError`] if the network gives no answer, or one of another length.
    pub fn decide(
        &self,
        observations: &[f32],
        mask: &[bool],
        heads: &Heads,
    ) -> Result<Decision, PolicyError> {
        let agents = observations.len() / self.fields.len();
        let told = self.answer(observations, agents)?;
        let expected = match heads.kind {
            Kind::Numbers => heads.len(),
            Kind::Choices => heads.mask_len(),
        };
        if told.len() != agents * expected {
            return Err(PolicyError::Form {
                file: self.file.clone(),
                field: "the number of its answers to an observation",
                found: (told.len() / agents.max(1)).to_string(),
                expected: expected.to_string(),
            });
        }
        Ok(match heads.kind {
            Kind::Numbers => {
                Decision::Numbers(told.iter().map(|told| told.clamp(-1.0, 1.0)).collect())
            }
            Kind::Choices => Decision::Choices(best(&told, mask, heads)),
        })
    }

    fn answer(&self, observations: &[f32], agents: usize) -> Result<Vec<f32>, PolicyError> {
        let wrong = |what: String| PolicyError::Network {
            file: self.file.clone(),
            what: one_line(&what),
        };
        let shape = [agents, self.fields.len()];
        let seen = NdTensorView::from_data(shape, observations);
        let mut options = RunOptions::default();
        options.thread_pool = Some(Arc::clone(&self.pool));
        let told = self.model.run_n(
            vec![(self.input, ValueOrView::from(seen.as_dyn()))],
            [self.output],
            Some(options),
        );
        let [told] = told.map_err(|error| wrong(error.to_string()))?;
        let told: rten_tensor::Tensor<f32> = told
            .try_into()
            .map_err(|_| wrong("its first output is not float32".to_owned()))?;
        let told = told.to_vec();
        match told.iter().find(|number| !number.is_finite()) {
            Some(number) => Err(wrong(format!("it answers {number}, which is no number"))),
            None => Ok(told),
        }
    }
}

/// What a policy wants done: the actions of all agents, one after the other.
#[derive(Clone, Debug, PartialEq)]
pub enum Decision {
    Numbers(Vec<f32>),
    Choices(Vec<i64>),
}

impl Decision {
    pub fn actions(&self) -> Actions<'_> {
        match self {
            Self::Numbers(numbers) => Actions::Numbers(numbers),
            Self::Choices(choices) => Actions::Choices(choices),
        }
    }
}

/// A policy that decides for a prospector of a world.
pub struct SeatedPolicy {
    policy: Arc<Policy>,
    prospector: String,
    seats: Seats,
    wait: Wait,
    observations: Vec<f32>,
    mask: Vec<bool>,
}

/// When a policy decides next.
#[derive(Clone, Copy, Debug, Default)]
struct Wait {
    until_ms: u64,
    until_tick: u64,
    /// A robot of the agent has worked since.
    busy: bool,
}

impl SeatedPolicy {
    /// Seats a policy in a world, which goes on from where it is.
    ///
    /// # Errors
    /// [`PolicyError`] if there is no such prospector, a script decides for it, or what it sees and
    /// may do there is not what the policy was trained with.
    pub fn new(
        policy: &Arc<Policy>,
        prospector: &str,
        world: &mut Headless,
    ) -> Result<Self, PolicyError> {
        let level = world.level().clone();
        let task = policy.task_for(&level, prospector)?;
        let refuse = |why: String| PolicyError::Seat {
            file: policy.file.clone(),
            prospector: prospector.to_owned(),
            level: level.name.clone(),
            why,
        };
        let sits = find(&level, prospector).map_err(refuse)?;
        if task.control != Control::Economy && sits.brain != Brain::Human {
            let why = "a script decides for it since the run began: seat policies at the start";
            return Err(refuse(why.to_owned()));
        }
        let fault = |fault: Fault| refuse(fault.to_string());
        let cast = Cast::of(&task, &level, world).map_err(fault)?;
        let layout = Layout::of(&cast);
        check_fields(&policy.fields, &layout, &policy.task).map_err(refuse)?;
        let agents = cast.agents.len();
        let numbers = agents * layout.len();
        let choices = agents * layout.heads.mask_len();
        let seed = world.seed();
        let mut seats = Seats::new(Arc::new(cast), Arc::new(layout), seed);
        seats.begin(world, seed);
        let seated = Self {
            policy: Arc::clone(policy),
            prospector: prospector.to_owned(),
            seats,
            wait: Wait::default(),
            observations: vec![0.0; numbers],
            mask: vec![false; choices],
        };
        // Better to know now than in the middle of a run.
        let heads = &seated.seats.layout.heads;
        policy.decide(&seated.observations, &seated.mask, heads)?;
        Ok(seated)
    }

    /// For whom it decides.
    pub fn prospector(&self) -> &str {
        &self.prospector
    }

    pub fn policy(&self) -> &Arc<Policy> {
        &self.policy
    }

    /// Gives orders if it is time to: to be called before each tick.
    ///
    /// # Errors
    /// [`PolicyError::Network`] if the network gives no answer.
    pub fn act(&mut self, world: &mut Headless) -> Result<(), PolicyError> {
        world.read_telemetry(&mut self.seats.telemetry);
        if !self.is_due(world) {
            return Ok(());
        }
        let (seats, world) = (&mut self.seats, world);
        seats.note_refusals(world);
        seats.look(world);
        seats.renew_goals(world);
        seats.observe(world, &mut self.observations);
        seats.masks(world, &mut self.mask);
        let heads = &seats.layout.heads;
        let decision = self.policy.decide(&self.observations, &self.mask, heads)?;
        seats.order(world, decision.actions());
        seats.episode.steps += 1;
        self.wait = self.next(world);
        Ok(())
    }

    fn is_due(&mut self, world: &Headless) -> bool {
        match self.seats.cast.task.stride {
            Stride::Ticks(_) => self.wait.until_tick <= world.tick(),
            Stride::Seconds(_) => self.wait.until_ms <= world.time_ms(),
            Stride::Decision(_) => {
                let mut busy = self.wait.busy;
                let asks = self.seats.asks_for_more(&mut busy);
                self.wait.busy = busy;
                asks || self.wait.until_ms <= world.time_ms()
            }
        }
    }

    fn next(&self, world: &Headless) -> Wait {
        let mut wait = Wait::default();
        match self.seats.cast.task.stride {
            Stride::Ticks(ticks) => wait.until_tick = world.tick() + u64::from(ticks),
            Stride::Seconds(seconds) | Stride::Decision(seconds) => {
                wait.until_ms = world.time_ms() + (1e3 * seconds).round() as u64;
            }
        }
        wait
    }
}

/// The best choice of each head that makes sense, head by head and agent by agent.
fn best(scores: &[f32], mask: &[bool], heads: &Heads) -> Vec<i64> {
    let sizes = heads.choices.iter().map(Vec::len);
    let agents = scores.len() / heads.mask_len().max(1);
    let mut at = 0;
    std::iter::repeat_n(sizes, agents)
        .flatten()
        .map(|size| {
            let choices = at..at + size;
            at += size;
            let (scores, mask) = (&scores[choices.clone()], &mask[choices]);
            let open = (0..size).filter(|&choice| mask[choice]);
            let choice = open.max_by(|&one, &other| {
                // The first of equals.
                let order = scores[one].total_cmp(&scores[other]);
                order.then(other.cmp(&one))
            });
            choice.unwrap_or(0) as i64
        })
        .collect()
}

fn find<'a>(level: &'a Level, prospector: &str) -> Result<&'a ProspectorSpec, String> {
    let mut known = level.prospectors.iter();
    known.find(|known| known.name == prospector).ok_or_else(|| {
        let names = level.prospectors.iter().map(|known| known.name.as_str());
        let names: Vec<&str> = names.collect();
        format!("there is nobody of that name, only {}", names.join(", "))
    })
}

fn check_fields(trained: &[String], layout: &Layout, task: &Task) -> Result<(), String> {
    let shown = &layout.fields;
    let first = trained
        .iter()
        .zip(shown)
        .position(|(trained, shown)| *trained != shown.name);
    let at = match first {
        Some(at) => at,
        None if trained.len() == shown.len() => return Ok(()),
        None => trained.len().min(shown.len()),
    };
    let name = |name: Option<&str>| name.map_or("nothing".to_owned(), |name| format!("`{name}`"));
    Err(format!(
        "it would see {} numbers, and was trained with {} for \"{}\"; number {at} is {}, expected {}: robots, plants and rules must be of the same number and kind",
        shown.len(),
        trained.len(),
        task.name,
        name(shown.get(at).map(|field| field.name.as_str())),
        name(trained.get(at).map(String::as_str)),
    ))
}

fn shape_text(shape: Option<Vec<Dimension>>) -> String {
    let Some(shape) = shape else {
        return "not told".to_owned();
    };
    let sizes = shape.iter().map(|size| match size {
        Dimension::Fixed(size) => size.to_string(),
        Dimension::Symbolic(name) => name.clone(),
    });
    let sizes: Vec<String> = sizes.collect();
    format!("({})", sizes.join(", "))
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
