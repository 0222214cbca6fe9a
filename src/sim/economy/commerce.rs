//! What prospectors have and have agreed among each other: one resource, made of the books of each
//! trade, so that a save and the state hash hold all of it.

use bevy::prelude::Resource;
use serde::{Deserialize, Serialize};

use super::stores::Stores;

/// The books of trade between prospectors.
#[derive(Resource, Clone, Debug, Default, Serialize, Deserialize)]
pub struct Commerce {
    pub stores: Stores,
}
