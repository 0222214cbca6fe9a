//! What it costs to go somewhere else.

pub mod orbit;
pub mod rocket;
pub mod shipping;
