//! Reaction wheels: they turn the chassis by taking its momentum, until they are full.
//!
//! What the wheels have taken stays in them. At rest they are emptied against the ground, in
//! flight by a couple of thrusters, which burns propellant; with neither, a full wheel turns the
//! chassis no further that way. Who asks for a torque belongs in `autopilot` and in `apply_loads`.

use bevy::math::DVec3;
use bevy::prelude::Component;
use serde::{Deserialize, Serialize};

use crate::sim::level::kind::WheelSpec;

/// From this part of their capacity on the wheels are emptied.
const UNLOAD_FROM: f64 = 0.6;

/// Angular momentum in the wheels, in the frame of the site [N m s]: none above the capacity.
///
/// The slow turn of that frame against the stars is left out: at 4e-4 rad/s and 5 N m s it asks of
/// the wheels two thousandths of a newton metre.
#[derive(Component, Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Wheels {
    momentum_n_m_s: DVec3,
}

impl Wheels {
    pub fn momentum_n_m_s(&self) -> DVec3 {
        self.momentum_n_m_s
    }

    /// Fullness, 0 to 1.
    pub fn fill(&self, spec: WheelSpec) -> f64 {
        if spec.momentum_max_n_m_s <= 0.0 {
            return 0.0;
        }
        (self.momentum_n_m_s.length() / spec.momentum_max_n_m_s).min(1.0)
    }

    /// Whether they should be emptied when there is an occasion.
    pub fn want_unloading(&self, spec: WheelSpec) -> bool {
        UNLOAD_FROM <= self.fill(spec)
    }

    /// Torque on the chassis of the one that is wanted [N m]; its opposite goes into the wheels.
    #[must_use = "the chassis must feel what the wheels took"]
    pub fn turn(&mut self, wanted_n_m: DVec3, spec: WheelSpec, tick_s: f64) -> DVec3 {
        let torque_n_m = wanted_n_m.clamp_length_max(spec.torque_n_m);
        let after = self.momentum_n_m_s - torque_n_m * tick_s;
        let before = self.momentum_n_m_s;
        // A wheel that is full may still be slowed down.
        self.momentum_n_m_s = after.clamp_length_max(spec.momentum_max_n_m_s.max(0.0));
        (before - self.momentum_n_m_s) / tick_s
    }

    /// Empties the wheels against a couple of up to `couple_n_m`; returns the couple used [N m].
    /// Wheels and couple cancel on the chassis.
    pub fn unload(&mut self, couple_n_m: f64, tick_s: f64) -> f64 {
        let held = self.momentum_n_m_s.length();
        let couple_n_m = couple_n_m.min(held / tick_s);
        if 0.0 < held {
            self.momentum_n_m_s -= self.momentum_n_m_s * (couple_n_m * tick_s / held);
        }
        couple_n_m
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SPEC: WheelSpec = WheelSpec {
        torque_n_m: 0.5,
        momentum_max_n_m_s: 4.0,
    };

    #[test]
    fn wheels_take_what_the_chassis_gets_and_stop_when_full() {
        let mut wheels = Wheels::default();
        let mut given = DVec3::ZERO;
        for _ in 0..200 {
            given += 0.1 * wheels.turn(DVec3::Y, SPEC, 0.1);
        }
        assert!((given + wheels.momentum_n_m_s()).length() < 1e-12);
        // 0.5 N m fill 4 N m s in 8 s; the other 12 s they turn nothing.
        assert!((given.y - 4.0).abs() < 1e-9);
        assert!(wheels.turn(DVec3::Y, SPEC, 0.1).length() < 1e-12);
        let back = wheels.turn(-DVec3::Y, SPEC, 0.1) + 0.5 * DVec3::Y;
        assert!(back.length() < 1e-12);
    }

    #[test]
    fn an_unloaded_wheel_is_empty_and_asks_for_no_more() {
        let mut wheels = Wheels::default();
        let _ = wheels.turn(DVec3::X, SPEC, 5.0);
        let impulse: f64 = (0..100).map(|_| 0.1 * wheels.unload(1.0, 0.1)).sum();
        assert!((impulse - 2.5).abs() < 1e-9);
        assert!(wheels.momentum_n_m_s().length() < 1e-12);
    }
}
