//! What robots have achieved that a level may ask for: jumps foretold, cores drilled.
//!
//! A public record, written when a feat ends and never changed.

use bevy::math::DVec3;
use bevy::prelude::Resource;
use serde::{Deserialize, Serialize};

use crate::sim::level::Goal;

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

    /// For its prospector.
    pub(super) fn in_words(&self) -> String {
        let verdict = self.error().map_or_else(String::new, |error| {
            format!(
                "; {:.1} m were predicted, {:.0} % off",
                self.predicted_apex_m.unwrap_or_default(),
                100.0 * error
            )
        });
        format!("{} has been {:.1} m up{verdict}", self.robot, self.apex_m)
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

/// A robot that its own drill has pushed off the ground.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct ThrowOff {
    pub at_ms: u64,
    pub prospector: String,
    pub robot: String,
    pub speed_m_s: f64,
}

/// All of them, oldest first.
#[derive(Resource, Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Feats {
    pub(super) jumps: Vec<Jump>,
    pub(super) cores: Vec<Core>,
    pub(super) throw_offs: Vec<ThrowOff>,
}

impl Feats {
    pub fn jumps(&self) -> &[Jump] {
        &self.jumps
    }

    pub fn cores(&self) -> &[Core] {
        &self.cores
    }

    pub fn throw_offs(&self) -> &[ThrowOff] {
        &self.throw_offs
    }

    /// How far a goal has come that only feats can reach, 0 to 1, with what has been done for it;
    /// `None` for a goal of another kind. `lost` says whether the prospector has lost a robot.
    pub fn progress(&self, goal: &Goal, lost: bool) -> Option<(f64, String)> {
        let of = |name: &str| name == goal.prospector();
        Some(match goal {
            Goal::Foretold {
                apex_min_m,
                tolerance,
                ..
            } => {
                let jumps = self.jumps.iter().filter(|jump| of(&jump.prospector));
                let high = jumps.filter(|jump| *apex_min_m <= jump.apex_m);
                let best = high.filter_map(Jump::error).fold(f64::INFINITY, f64::min);
                if best.is_finite() {
                    let done = (tolerance / best.max(1e-9)).min(1.0);
                    (done, format!("{:.0} % off", 100.0 * best))
                } else {
                    (0.0, "not yet".to_owned())
                }
            }
            Goal::ThrownOff { .. } => {
                let thrown = self
                    .throw_offs
                    .iter()
                    .rfind(|thrown| of(&thrown.prospector));
                thrown.map_or((0.0, "not yet".to_owned()), |thrown| {
                    (1.0, format!("{:.0} cm/s", 100.0 * thrown.speed_m_s))
                })
            }
            Goal::Cored {
                depth_m,
                slip_max_m,
                ..
            } => {
                let cores = self.cores.iter().filter(|core| of(&core.prospector));
                let firm = cores.filter(|core| core.slip_m <= *slip_max_m);
                let deepest_m = firm.map(|core| core.depth_m).fold(0.0, f64::max);
                // A bit stops within a millimetre.
                let done = ((deepest_m + 1e-3) / depth_m).min(1.0);
                (
                    if deepest_m == 0.0 { 0.0 } else { done },
                    format!("{deepest_m:.2} m"),
                )
            }
            Goal::NoneLost { .. } => {
                let word = if lost { "one is lost" } else { "all there" };
                (f64::from(u8::from(!lost)), word.to_owned())
            }
            Goal::Sold { .. } | Goal::Credits { .. } => return None,
        })
    }
}
