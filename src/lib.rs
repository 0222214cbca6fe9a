//! Bonanza: a simulation of the rush for the asteroids.
//!
//! The map of the house. Arrows point one way: [`sim`] ← [`headless`] ← `client` and the command
//! line.
//!
//! - [`sim`] is the world; it knows no window, colour, key or socket.
//! - [`headless`] owns one world and steps it, for tests, the command line and the window alike.
//! - [`record`] writes a run to a folder and runs it again.
//! - [`reference`](mod@reference) holds the formulas of the simulation against published cases.
//! - [`train`] makes worlds into environments for learning agents.
//! - [`compare`] runs one level under several charters, over many seeds.
//! - `client` is the window and the offscreen pictures (feature `client`).

pub mod cli;
#[cfg(feature = "client")]
pub mod client;
pub mod compare;
pub mod headless;
pub mod record;
pub mod reference;
pub mod sim;
pub mod train;
