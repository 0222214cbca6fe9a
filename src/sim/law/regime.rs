//! The law in force and what it has led to: one resource, made of the records of each office, so
//! that a save and the state hash hold all of it.

use bevy::prelude::Resource;
use serde::{Deserialize, Serialize};

/// The records of the law.
#[derive(Resource, Clone, Debug, Default, Serialize, Deserialize)]
pub struct Regime {}
