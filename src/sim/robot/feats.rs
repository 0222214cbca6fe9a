//! What robots have achieved that a level may ask for: jumps foretold, cores drilled.
//!
//! A public record, written when a feat ends and never changed.

use bevy::math::DVec3;
use bevy::prelude::Resource;
use serde::{Deserialize, Serialize};

/// A jump that came back to the ground.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Jump {
    pub at_ms: u64,
    pub prospector: String,
    pub robot: String,
    pub speed_m_s: f64,
    /// Greatest height above the place of take-off.
    pub apex_m: f64,
    /// What the prospector said it would be.
    pub predicted_apex_m: Option<f64>,
}

impl Jump {
    /// Error of the prediction as a part of what came.
    pub fn error(&self) -> Option<f64> {
        self.predicted_apex_m
            .map(|predicted_m| (predicted_m / self.apex_m.max(1e-3) - 1.0).abs())
    }
}

/// A hole drilled in one go.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Core {
    pub at_ms: u64,
    pub prospector: String,
    pub robot: String,
    pub mouth_m: DVec3,
    /// Unit vector into the ground.
    pub down: DVec3,
    pub depth_m: f64,
    /// How far the chassis moved while it drilled.
    pub slip_m: f64,
}

/// All of them, oldest first.
#[derive(Resource, Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Feats {
    pub(super) jumps: Vec<Jump>,
    pub(super) cores: Vec<Core>,
}

impl Feats {
    pub fn jumps(&self) -> &[Jump] {
        &self.jumps
    }

    pub fn cores(&self) -> &[Core] {
        &self.cores
    }
}
