//! What the ground gives an anchor to hold on to.

use std::f64::consts::TAU;

use crate::sim::asteroid::Ground;
use crate::sim::level::kind::AnchorSpec;

/// Pull that an anchor withstands in this ground [N].
///
/// # Errors
/// Why it finds no hold.
pub fn hold_n(anchor: AnchorSpec, ground: &Ground) -> Result<f64, &'static str> {
    match anchor {
        AnchorSpec::Screws { .. } if ground.rock => Err("bare rock: the screws find no hold"),
        AnchorSpec::Screws {
            count,
            radius_m,
            length_m,
            ..
        } => Ok(f64::from(count) * screw_holding_force_n(radius_m, length_m, ground.cohesion_pa)),
        AnchorSpec::Microspines { pull_max_n, .. } | AnchorSpec::Belt { pull_max_n, .. } => {
            if ground.rock {
                Ok(pull_max_n)
            } else {
                Err("no rock: there is nothing to grip")
            }
        }
        AnchorSpec::ThrustDown { force_n } => Ok(force_n),
    }
}

/// Pull that an anchor screw withstands by the soil's grip on its skin alone, N = 2π r L c [N].
///
/// The weight and strength of a cone of soil above the screw are left out, which errs on the safe
/// side. `cohesion_pa` is 1 to 100 Pa in regolith of small bodies.
pub fn screw_holding_force_n(radius_m: f64, length_m: f64, cohesion_pa: f64) -> f64 {
    TAU * radius_m * length_m * cohesion_pa
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_screw_in_firm_regolith_holds_two_newtons() {
        assert!((screw_holding_force_n(0.05, 0.3, 25.0) - 2.356_194_490_192_34).abs() < 1e-12);
    }
}
