//! The law in force and what it has led to: one resource, made of the records of each office, so
//! that a save and the state hash hold all of it.

use std::sync::Arc;

use bevy::prelude::Resource;
use serde::{Deserialize, Serialize};

use super::charter::Charter;

/// The charter in force and the records of the law.
#[derive(Resource, Clone, Debug, Default, Serialize, Deserialize)]
pub struct Regime {
    pub(super) charter: Arc<Charter>,
}

impl Regime {
    pub fn new(charter: Charter) -> Self {
        Self {
            charter: Arc::new(charter),
        }
    }

    /// The rules in force.
    pub fn charter(&self) -> &Arc<Charter> {
        &self.charter
    }
}
