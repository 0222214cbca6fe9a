//! Training: worlds as environments for learning agents, for Python and for trained brains.
//!
//! - [`Task`] says who acts, by what means, how often, for what reward: plain data, in RON.
//! - [`Layout`] names every number of an observation and every choice of an action.
//! - [`Env`] is one world stepped by agents; [`Batch`] is many, over threads.
//! - [`Policy`] is what has been learnt, and a [`SeatedPolicy`] decides for a prospector of any world.
//!
//! An agent acts by the same orders and sees the same instruments and public record as a player.
//! Nothing here reads the truth about the ground.

mod action;
mod batch;
mod cast;
mod dealing;
mod env;
mod eyes;
mod layout;
mod look;
mod policy;
mod seats;
mod task;

pub use action::{Heads, Kind as ActionKind, RobotVerb};
pub use batch::{Autoreset, Batch, Buffers, Outcome};
pub use env::{Actions, AgentMetrics, Env, Fault, Metrics, Snapshot, episode_seed};
pub use eyes::{Material, PATCH, PICTURE, SCENE, depth_code, depth_of_code};
pub use layout::{Field, Layout, VERSION as LAYOUT_VERSION};
pub use policy::{Decision, Policy, PolicyError, SeatedPolicy};
pub use task::{Control, Goal, Randomise, Reward, Stride, TASKS, Task, TaskError, Who, set_field};
