//! What the program promises, one file per promise.

mod bodies;
mod body_command;
mod checkpoints;
mod cli;
mod compare;
mod contact;
mod goods;
mod invariants;
mod law;
mod levels;
mod machines;
mod microgravity;
#[cfg(feature = "client")]
mod picture;
mod pilots;
mod planned;
mod policies;
mod prospecting;
mod replay;
mod rivals;
mod secrets;
mod tools;
mod support {
    //! What several promises, and the timings in `benches`, share.
    pub mod arrivals;
}
mod trade;
mod training;
mod ventures;
