//! What the program promises, one file per promise.

mod bodies;
mod body_command;
mod cli;
mod contact;
mod invariants;
mod levels;
mod machines;
mod microgravity;
#[cfg(feature = "client")]
mod picture;
mod pilots;
mod prospecting;
mod replay;
