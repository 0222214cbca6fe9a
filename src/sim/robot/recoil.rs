//! What robots do to the body: every push pushes back.
//!
//! A push of a leg, the reaction of a tool or an impact moves the body as much as the robot, by
//! momentum. The body is so heavy that nothing of it is seen, so it is not moved: it is booked.
//! The pull of a robot's mass on the body is booked as well, so that a robot at rest, whose weight
//! and whose footing cancel, gives nothing.

use bevy::math::DVec3;
use bevy::prelude::Resource;
use serde::{Deserialize, Serialize};

use crate::sim::asteroid::Terrain;

/// Momentum that the robots have given to the body, in the frame of the site.
#[derive(Resource, Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Recoil {
    /// [N s].
    pub momentum_n_s: DVec3,
    /// About the body's centre of mass [N m s].
    pub angular_n_m_s: DVec3,
}

impl Recoil {
    /// Books what a robot at `from_centre_m` gives to the body: a force and a free couple.
    pub fn book(&mut self, from_centre_m: DVec3, force_n: DVec3, couple_n_m: DVec3, time_s: f64) {
        self.momentum_n_s += time_s * force_n;
        self.angular_n_m_s += time_s * (from_centre_m.cross(force_n) + couple_n_m);
    }

    /// Change of the body's velocity so far [m/s].
    pub fn velocity_change_m_s(&self, terrain: &Terrain) -> DVec3 {
        self.momentum_n_s / (1e-3 * terrain.model().mass_g() as f64)
    }

    /// Change of the body's spin so far [rad/s], as of a homogeneous sphere: L/(⅖ M R²).
    pub fn spin_change_rad_per_s(&self, terrain: &Terrain) -> DVec3 {
        let model = terrain.model();
        let inertia_kg_m2 = 0.4 * 1e-3 * model.mass_g() as f64 * model.reference_radius_m().powi(2);
        self.angular_n_m_s / inertia_kg_m2
    }
}
