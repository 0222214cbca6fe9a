//! What the program promises, one file per promise.

mod cli;
mod invariants;
mod levels;
mod microgravity;
#[cfg(feature = "client")]
mod picture;
mod replay;
