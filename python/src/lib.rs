//! The compiled part of the Python package `bonanza`: worlds, their arrays and their errors.
//!
//! Thin by intent: what a task is, what an agent sees and what it may do stands in
//! [`bonanza::train`]; spaces, wrappers and defaults stand in Python. Arrays belong to NumPy and are
//! written in place. The lock of the interpreter is released wherever a world moves. A panic becomes
//! `bonanza.InternalError` and ends the world that it happened in.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;

use bonanza::sim::order::Order;
use bonanza::train::{self, Actions, Autoreset, Batch, Buffers, Env, Fault};
use numpy::{
    Element, PyArrayDyn, PyArrayMethods, PyReadonlyArrayDyn, PyReadwriteArrayDyn,
    PyUntypedArrayMethods,
};
use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyBytes, PyTuple, PyType};

/// The exceptions of `bonanza.errors`.
#[derive(Clone, Copy)]
enum Kind {
    Task,
    Action,
    Snapshot,
    Internal,
}

impl Kind {
    fn name(self) -> &'static str {
        match self {
            Self::Task => "TaskError",
            Self::Action => "ActionError",
            Self::Snapshot => "SnapshotError",
            Self::Internal => "InternalError",
        }
    }

    /// An exception of this class.
    fn raise(self, py: Python<'_>, message: String) -> PyErr {
        static CLASSES: [PyOnceLock<Py<PyType>>; 4] = [const { PyOnceLock::new() }; 4];
        match CLASSES[self as usize].import(py, "bonanza.errors", self.name()) {
            Ok(class) => PyErr::from_type(class.clone(), message),
            Err(error) => error,
        }
    }
}

fn raise(py: Python<'_>, fault: Fault) -> PyErr {
    let kind = match &fault {
        Fault::Task(_) | Fault::Load(_) | Fault::Agent { .. } => Kind::Task,
        Fault::Choice { .. } | Fault::Number { .. } | Fault::Length { .. } | Fault::Kind(..) => {
            Kind::Action
        }
        Fault::Snapshot(_) => Kind::Snapshot,
    };
    kind.raise(py, fault.to_string())
}

/// Does something with what a lock guards, without the lock of the interpreter.
fn guarded<T: Send, R: Send>(
    py: Python<'_>,
    of: &Mutex<T>,
    work: impl FnOnce(&mut T) -> Result<R, Fault> + Send,
) -> PyResult<R> {
    let done = py.detach(|| {
        let Ok(mut inner) = of.lock() else {
            return Err(None);
        };
        // A panic in here poisons the lock, for the guard is dropped on the way.
        let result = catch_unwind(AssertUnwindSafe(move || work(&mut inner)));
        result.map_err(|panic| Some(words_of(panic.as_ref())))
    });
    match done {
        Ok(result) => result.map_err(|fault| raise(py, fault)),
        Err(Some(words)) => Err(Kind::Internal.raise(
            py,
            format!("this is a mistake of Bonanza, please report it: {words}"),
        )),
        Err(None) => Err(Kind::Internal.raise(
            py,
            "this world has broken down before and cannot go on: make a new one".to_owned(),
        )),
    }
}

fn words_of(panic: &(dyn std::any::Any + Send)) -> String {
    panic
        .downcast_ref::<String>()
        .cloned()
        .or_else(|| panic.downcast_ref::<&str>().map(|&words| words.to_owned()))
        .unwrap_or_else(|| "no words".to_owned())
}

fn slice_of<'a, T: Element>(
    py: Python<'_>,
    name: &str,
    array: &'a mut PyReadwriteArrayDyn<'_, T>,
) -> PyResult<&'a mut [T]> {
    if !array.is_c_contiguous() {
        let shape = array.shape();
        let message =
            format!("{name} has the shape {shape:?} with gaps, expected a C-contiguous array");
        return Err(Kind::Action.raise(py, message));
    }
    array
        .as_slice_mut()
        .map_err(|error| Kind::Action.raise(py, format!("{name} cannot be written to: {error}")))
}

/// Numbers or choices, as NumPy has them.
enum ActionArray<'py> {
    Numbers(PyReadonlyArrayDyn<'py, f32>),
    Choices(PyReadonlyArrayDyn<'py, i64>),
}

/// Not derived: that would write an error about numbers before each look for choices.
impl<'py> FromPyObject<'_, 'py> for ActionArray<'py> {
    type Error = PyErr;

    fn extract(actions: pyo3::Borrowed<'_, 'py, PyAny>) -> PyResult<Self> {
        let py = actions.py();
        let borrowed = |error| Kind::Action.raise(py, format!("actions cannot be read: {error}"));
        if let Ok(numbers) = actions.cast::<PyArrayDyn<f32>>() {
            return Ok(Self::Numbers(numbers.try_readonly().map_err(borrowed)?));
        }
        if let Ok(choices) = actions.cast::<PyArrayDyn<i64>>() {
            return Ok(Self::Choices(choices.try_readonly().map_err(borrowed)?));
        }
        let what = match actions.getattr("dtype") {
            Ok(dtype) => format!("an array of {dtype}"),
            Err(_) => format!("a {}", actions.get_type().name()?),
        };
        let message = format!("actions are {what}, expected an array of float32 or of int64");
        Err(Kind::Action.raise(py, message))
    }
}

impl ActionArray<'_> {
    fn actions(&self, py: Python<'_>) -> PyResult<Actions<'_>> {
        let gaps = |_| {
            let message = "actions are an array with gaps, expected a C-contiguous one".to_owned();
            Kind::Action.raise(py, message)
        };
        Ok(match self {
            Self::Numbers(array) => Actions::Numbers(array.as_slice().map_err(gaps)?),
            Self::Choices(array) => Actions::Choices(array.as_slice().map_err(gaps)?),
        })
    }
}

/// A task from its name, its path or its text, as JSON.
#[pyfunction]
fn read_task(py: Python<'_>, name: &str) -> PyResult<String> {
    let task = if name.contains('\n') {
        train::Task::parse(name, "text")
    } else {
        train::Task::find(name)
    };
    let task = task.map_err(|error| raise(py, error.into()))?;
    to_json(py, &task)
}

/// Names and summaries of the tasks that come with the package, from easy to hard.
#[pyfunction]
fn task_names() -> Vec<&'static str> {
    train::TASKS.iter().map(|(name, _)| *name).collect()
}

fn to_json(py: Python<'_>, value: &impl serde::Serialize) -> PyResult<String> {
    serde_json::to_string(value).map_err(|error| Kind::Internal.raise(py, error.to_string()))
}

fn from_json(py: Python<'_>, json: &str) -> PyResult<train::Task> {
    serde_json::from_str(json)
        .map_err(|error| Kind::Task.raise(py, format!("the task does not make sense: {error}")))
}

/// One world with its agents.
#[pyclass(frozen, module = "bonanza._native")]
struct World {
    env: Mutex<Env>,
    layout: String,
    agents: Vec<String>,
    level: String,
}

#[pymethods]
impl World {
    #[new]
    fn new(py: Python<'_>, task: &str, seed: u64) -> PyResult<Self> {
        let task = from_json(py, task)?;
        let made = py.detach(|| catch_unwind(AssertUnwindSafe(|| Env::new(&task, seed))));
        let env = match made {
            Ok(env) => env.map_err(|fault| raise(py, fault))?,
            Err(panic) => return Err(Kind::Internal.raise(py, words_of(panic.as_ref()))),
        };
        Ok(Self {
            layout: to_json(py, env.layout().as_ref())?,
            agents: env.agents().map(str::to_owned).collect(),
            level: env.world().level().to_ron(),
            env: Mutex::new(env),
        })
    }

    /// Fields and heads, as JSON.
    #[getter]
    fn layout(&self) -> &str {
        &self.layout
    }

    #[getter]
    fn agents(&self) -> Vec<String> {
        self.agents.clone()
    }

    /// The level with everything replaced, as RON.
    #[getter]
    fn level(&self) -> &str {
        &self.level
    }

    #[pyo3(signature = (seed=None))]
    fn reset(&self, py: Python<'_>, seed: Option<u64>) -> PyResult<()> {
        guarded(py, &self.env, |env| env.reset(seed))
    }

    /// Steps, and writes rewards and whether each agent is done.
    fn step(
        &self,
        py: Python<'_>,
        actions: ActionArray<'_>,
        mut rewards: PyReadwriteArrayDyn<'_, f32>,
        mut terminated: PyReadwriteArrayDyn<'_, bool>,
    ) -> PyResult<bool> {
        let actions = actions.actions(py)?;
        let rewards = slice_of(py, "rewards", &mut rewards)?;
        let terminated = slice_of(py, "terminated", &mut terminated)?;
        guarded(py, &self.env, |env| {
            if terminated.len() != env.agents().len() {
                return Err(Fault::Length {
                    what: "the array terminated",
                    found: terminated.len(),
                    expected: env.agents().len(),
                });
            }
            env.step(actions, rewards)?;
            for (agent, slot) in terminated.iter_mut().enumerate() {
                *slot = env.is_done(agent);
            }
            Ok(env.is_truncated())
        })
    }

    /// Writes what the agents see.
    fn observe(&self, py: Python<'_>, mut out: PyReadwriteArrayDyn<'_, f32>) -> PyResult<()> {
        let out = slice_of(py, "observations", &mut out)?;
        guarded(py, &self.env, |env| {
            let expected = env.agents().len() * env.layout().len();
            if out.len() != expected {
                return Err(Fault::Length {
                    what: "the array of observations",
                    found: out.len(),
                    expected,
                });
            }
            env.observe(out);
            Ok(())
        })
    }

    /// Writes which choices make sense.
    fn masks(&self, py: Python<'_>, mut out: PyReadwriteArrayDyn<'_, bool>) -> PyResult<()> {
        let out = slice_of(py, "masks", &mut out)?;
        guarded(py, &self.env, |env| {
            let expected = env.agents().len() * env.layout().heads.mask_len();
            if out.len() != expected {
                return Err(Fault::Length {
                    what: "the array of masks",
                    found: out.len(),
                    expected,
                });
            }
            env.masks(out);
            Ok(())
        })
    }

    /// Writes what the agents' cameras see.
    fn pictures(&self, py: Python<'_>, mut out: PyReadwriteArrayDyn<'_, u8>) -> PyResult<()> {
        let out = slice_of(py, "pictures", &mut out)?;
        guarded(py, &self.env, |env| env.pictures(out))
    }

    /// Writes the ground around the agents' robots.
    fn patches(&self, py: Python<'_>, mut out: PyReadwriteArrayDyn<'_, u8>) -> PyResult<()> {
        let out = slice_of(py, "patches", &mut out)?;
        guarded(py, &self.env, |env| env.patches(out))
    }

    /// Writes a picture for people.
    fn scene(
        &self,
        py: Python<'_>,
        agent: usize,
        mut out: PyReadwriteArrayDyn<'_, u8>,
    ) -> PyResult<()> {
        let out = slice_of(py, "picture", &mut out)?;
        guarded(py, &self.env, |env| env.scene(agent, out))
    }

    /// What has come of the world so far, as JSON.
    fn metrics(&self, py: Python<'_>) -> PyResult<String> {
        let metrics = guarded(py, &self.env, |env| Ok(env.metrics()))?;
        to_json(py, &metrics)
    }

    fn state_hash(&self, py: Python<'_>) -> PyResult<u64> {
        guarded(py, &self.env, |env| Ok(env.state_hash()))
    }

    /// Seed, steps, whether the episode is over, and the time of the world [s].
    fn status(&self, py: Python<'_>) -> PyResult<(u64, u32, bool, f64)> {
        guarded(py, &self.env, |env| {
            let time_s = 1e-3 * env.world().time_ms() as f64;
            Ok((env.seed(), env.steps(), env.is_over(), time_s))
        })
    }

    /// Gives an order, as JSON, in the name of a prospector: what an agent's action does, for those who
    /// want more than the actions of the task.
    fn submit(&self, py: Python<'_>, prospector: &str, order: &str) -> PyResult<()> {
        let order: Order = serde_json::from_str(order).map_err(|error| {
            Kind::Action.raise(py, format!("the order does not make sense: {error}"))
        })?;
        guarded(py, &self.env, |env| {
            env.world_mut().submit(prospector, order);
            Ok(())
        })
    }

    fn snapshot(&self, py: Python<'_>) -> PyResult<Snapshot> {
        guarded(py, &self.env, |env| Ok(env.snapshot())).map(Snapshot)
    }

    fn restore(&self, py: Python<'_>, snapshot: &Snapshot) -> PyResult<()> {
        guarded(py, &self.env, |env| env.restore(&snapshot.0))
    }
}

/// An environment, frozen.
#[pyclass(frozen, module = "bonanza._native")]
struct Snapshot(train::Snapshot);

#[pymethods]
impl Snapshot {
    fn to_bytes<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        let bytes = py.detach(|| self.0.to_bytes());
        PyBytes::new(py, &bytes)
    }

    #[staticmethod]
    fn from_bytes(py: Python<'_>, bytes: &[u8]) -> PyResult<Self> {
        let read = py.detach(|| catch_unwind(|| train::Snapshot::from_bytes(bytes)));
        match read {
            Ok(snapshot) => snapshot.map(Self).map_err(|fault| raise(py, fault)),
            Err(panic) => Err(Kind::Internal.raise(py, words_of(panic.as_ref()))),
        }
    }
}

/// Arrays of all worlds, written in place.
#[derive(FromPyObject)]
struct Arrays<'py> {
    observations: Bound<'py, PyArrayDyn<f32>>,
    rewards: Bound<'py, PyArrayDyn<f32>>,
    terminations: Bound<'py, PyArrayDyn<bool>>,
    truncations: Bound<'py, PyArrayDyn<bool>>,
    action_masks: Bound<'py, PyArrayDyn<bool>>,
    final_observations: Bound<'py, PyArrayDyn<f32>>,
    began: Bound<'py, PyArrayDyn<bool>>,
}

/// The arrays of a batch, borrowed for one call.
struct Borrowed<'py> {
    observations: PyReadwriteArrayDyn<'py, f32>,
    rewards: PyReadwriteArrayDyn<'py, f32>,
    terminations: PyReadwriteArrayDyn<'py, bool>,
    truncations: PyReadwriteArrayDyn<'py, bool>,
    action_masks: PyReadwriteArrayDyn<'py, bool>,
    final_observations: PyReadwriteArrayDyn<'py, f32>,
    began: PyReadwriteArrayDyn<'py, bool>,
}

impl<'py> Borrowed<'py> {
    fn of(py: Python<'_>, arrays: &Arrays<'py>) -> PyResult<Self> {
        fn borrow<'py, T: Element>(
            py: Python<'_>,
            name: &str,
            array: &Bound<'py, PyArrayDyn<T>>,
        ) -> PyResult<PyReadwriteArrayDyn<'py, T>> {
            array.try_readwrite().map_err(|error| {
                Kind::Action.raise(py, format!("{name} cannot be written to: {error}"))
            })
        }
        Ok(Self {
            observations: borrow(py, "observations", &arrays.observations)?,
            rewards: borrow(py, "rewards", &arrays.rewards)?,
            terminations: borrow(py, "terminations", &arrays.terminations)?,
            truncations: borrow(py, "truncations", &arrays.truncations)?,
            action_masks: borrow(py, "action_masks", &arrays.action_masks)?,
            final_observations: borrow(py, "final_observations", &arrays.final_observations)?,
            began: borrow(py, "began", &arrays.began)?,
        })
    }

    fn buffers(&mut self, py: Python<'_>) -> PyResult<Buffers<'_>> {
        Ok(Buffers {
            observations: slice_of(py, "observations", &mut self.observations)?,
            rewards: slice_of(py, "rewards", &mut self.rewards)?,
            terminated: slice_of(py, "terminations", &mut self.terminations)?,
            truncated: slice_of(py, "truncations", &mut self.truncations)?,
            masks: slice_of(py, "action_masks", &mut self.action_masks)?,
            final_observations: slice_of(py, "final_observations", &mut self.final_observations)?,
            began: slice_of(py, "began", &mut self.began)?,
        })
    }
}

/// Many worlds of one task.
#[pyclass(frozen, module = "bonanza._native")]
struct Worlds {
    batch: Mutex<Batch>,
    layout: String,
    agents: Vec<String>,
    count: usize,
}

#[pymethods]
impl Worlds {
    #[new]
    fn new(
        py: Python<'_>,
        task: &str,
        seed: u64,
        worlds: usize,
        threads: usize,
        autoreset: &str,
    ) -> PyResult<Self> {
        let task = from_json(py, task)?;
        let mode = match autoreset {
            "next_step" => Autoreset::NextStep,
            "same_step" => Autoreset::SameStep,
            "disabled" => Autoreset::Disabled,
            other => {
                let message = format!(
                    "autoreset = \"{other}\", expected \"next_step\", \"same_step\" or \"disabled\""
                );
                return Err(Kind::Task.raise(py, message));
            }
        };
        if worlds == 0 {
            return Err(Kind::Task.raise(py, "worlds = 0, expected at least 1".to_owned()));
        }
        let made = py.detach(|| {
            catch_unwind(AssertUnwindSafe(|| {
                Batch::new(&task, seed, worlds, threads, mode)
            }))
        });
        let batch = match made {
            Ok(batch) => batch.map_err(|fault| raise(py, fault))?,
            Err(panic) => return Err(Kind::Internal.raise(py, words_of(panic.as_ref()))),
        };
        let first = &batch.envs()[0];
        Ok(Self {
            layout: to_json(py, first.layout().as_ref())?,
            agents: first.agents().map(str::to_owned).collect(),
            count: worlds,
            batch: Mutex::new(batch),
        })
    }

    #[getter]
    fn layout(&self) -> &str {
        &self.layout
    }

    #[getter]
    fn agents(&self) -> Vec<String> {
        self.agents.clone()
    }

    fn __len__(&self) -> usize {
        self.count
    }

    /// Starts all worlds, or those that are marked, anew.
    #[pyo3(signature = (arrays, seeds=None, mark=None))]
    fn reset(
        &self,
        py: Python<'_>,
        arrays: Arrays<'_>,
        seeds: Option<Vec<u64>>,
        mark: Option<Vec<bool>>,
    ) -> PyResult<()> {
        let mut borrowed = Borrowed::of(py, &arrays)?;
        let mut out = borrowed.buffers(py)?;
        guarded(py, &self.batch, |batch| {
            batch.reset(seeds.as_deref(), mark.as_deref(), &mut out)
        })
    }

    /// Steps all worlds; returns how many episodes ended.
    fn step(
        &self,
        py: Python<'_>,
        actions: ActionArray<'_>,
        arrays: Arrays<'_>,
    ) -> PyResult<usize> {
        let actions = actions.actions(py)?;
        let mut borrowed = Borrowed::of(py, &arrays)?;
        let mut out = borrowed.buffers(py)?;
        guarded(py, &self.batch, |batch| {
            Ok(batch.step(actions, &mut out)?.ended)
        })
    }

    fn metrics(&self, py: Python<'_>, world: usize) -> PyResult<String> {
        let metrics = self.with(py, world, |env| Ok(env.metrics()))?;
        to_json(py, &metrics)
    }

    fn state_hash(&self, py: Python<'_>, world: usize) -> PyResult<u64> {
        self.with(py, world, |env| Ok(env.state_hash()))
    }

    fn snapshot(&self, py: Python<'_>, world: usize) -> PyResult<Snapshot> {
        self.with(py, world, |env| Ok(env.snapshot())).map(Snapshot)
    }

    fn restore(&self, py: Python<'_>, world: usize, snapshot: &Snapshot) -> PyResult<()> {
        self.with(py, world, |env| env.restore(&snapshot.0))
    }

    /// Writes what the agents of all worlds see and may do, as after a step.
    fn look(&self, py: Python<'_>, arrays: Arrays<'_>) -> PyResult<()> {
        let mut borrowed = Borrowed::of(py, &arrays)?;
        let out = borrowed.buffers(py)?;
        guarded(py, &self.batch, |batch| {
            batch.look(out.observations, out.masks)
        })
    }

    /// Writes what the cameras of all agents see.
    fn pictures(&self, py: Python<'_>, mut out: PyReadwriteArrayDyn<'_, u8>) -> PyResult<()> {
        let out = slice_of(py, "pictures", &mut out)?;
        guarded(py, &self.batch, |batch| batch.pictures(out))
    }

    /// Writes the ground around the robots of all agents.
    fn patches(&self, py: Python<'_>, mut out: PyReadwriteArrayDyn<'_, u8>) -> PyResult<()> {
        let out = slice_of(py, "patches", &mut out)?;
        guarded(py, &self.batch, |batch| batch.patches(out))
    }

    /// Writes a picture for people of a world.
    fn scene(
        &self,
        py: Python<'_>,
        world: usize,
        agent: usize,
        mut out: PyReadwriteArrayDyn<'_, u8>,
    ) -> PyResult<()> {
        let out = slice_of(py, "picture", &mut out)?;
        self.with(py, world, |env| env.scene(agent, out))
    }
}

impl Worlds {
    fn with<R: Send>(
        &self,
        py: Python<'_>,
        world: usize,
        work: impl FnOnce(&mut Env) -> Result<R, Fault> + Send,
    ) -> PyResult<R> {
        if self.count <= world {
            let message = format!("world = {world}, expected 0 to {}", self.count - 1);
            return Err(Kind::Action.raise(py, message));
        }
        guarded(py, &self.batch, |batch| work(&mut batch.envs_mut()[world]))
    }
}

/// The compiled part of Bonanza: use `bonanza` instead.
#[pymodule]
fn _native(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add("LAYOUT_VERSION", train::LAYOUT_VERSION)?;
    module.add("PICTURE_SHAPE", PyTuple::new(module.py(), train::PICTURE)?)?;
    module.add("PATCH_SHAPE", PyTuple::new(module.py(), train::PATCH)?)?;
    module.add("SCENE_SHAPE", PyTuple::new(module.py(), train::SCENE)?)?;
    module.add("__version__", env!("CARGO_PKG_VERSION"))?;
    // An optimised build, with which figures are worth quoting.
    module.add("RELEASE_BUILD", !cfg!(debug_assertions))?;
    module.add_class::<World>()?;
    module.add_class::<Worlds>()?;
    module.add_class::<Snapshot>()?;
    module.add_function(wrap_pyfunction!(read_task, module)?)?;
    module.add_function(wrap_pyfunction!(task_names, module)?)?;
    Ok(())
}
