//! Repair: which part of a robot is due, and what it takes to change it.

use super::super::{Gear, Health, Robot, Tool};
use super::{Spares, WORN};
use crate::sim::level::RobotKind;
use crate::sim::order::Refusal;

/// Spare parts by what they mend [g] (assumed).
const BOARDS_G: i64 = 1_000;
const SEALS_G: i64 = 600;
const BIT_G: i64 = 500;
const TEETH_G: i64 = 1_500;

/// One part that is to be changed, with its weight.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Change {
    Boards,
    Seals,
    Bit,
    Teeth,
    Dust,
}

impl Change {
    const ALL: [Self; 5] = [
        Self::Boards,
        Self::Seals,
        Self::Bit,
        Self::Teeth,
        Self::Dust,
    ];

    /// Mechanical and electronic spare parts that it takes [g].
    pub(super) fn needs_g(self) -> (i64, i64) {
        match self {
            Self::Boards => (0, BOARDS_G),
            Self::Seals => (SEALS_G, 0),
            Self::Bit => (BIT_G, 0),
            Self::Teeth => (TEETH_G, 0),
            Self::Dust => (0, 0),
        }
    }

    fn is_due(self, kind: &RobotKind, health: &Health, tool: &Tool, gear: &Gear) -> bool {
        match self {
            Self::Boards => health.is_dead(),
            Self::Seals => health.is_seized() || WORN < health.seal_wear(),
            Self::Bit => kind.drill.is_some() && WORN < gear.drill.wear,
            Self::Teeth => kind.drum.is_some() && WORN < tool.wear(),
            Self::Dust => 0.01 < health.panel_dust(),
        }
    }

    pub(super) fn describe(self) -> &'static str {
        match self {
            Self::Boards => "new boards",
            Self::Seals => "new seals",
            Self::Bit => "a new bit",
            Self::Teeth => "new teeth",
            Self::Dust => "clean panels",
        }
    }
}

/// The first change that a robot needs, whatever spare parts there are.
pub(super) fn due_change(
    (robot, health, tool, gear): (&Robot, &Health, &Tool, &Gear),
) -> Result<Change, Refusal> {
    Change::ALL
        .into_iter()
        .find(|change| change.is_due(&robot.kind, health, tool, gear))
        .ok_or_else(|| Refusal::because(format!("nothing of {} needs repair", robot.name)))
}

/// The next change that a robot needs and that these spare parts allow; else why there is none.
pub(super) fn next_change(
    patient: (&Robot, &Health, &Tool, &Gear),
    spares: &Spares,
) -> Result<Change, Refusal> {
    let (robot, health, tool, gear) = patient;
    let mut missing = None;
    for change in Change::ALL {
        if !change.is_due(&robot.kind, health, tool, gear) {
            continue;
        }
        let (mechanical_g, electronic_g) = change.needs_g();
        if mechanical_g <= spares.mechanical_g && electronic_g <= spares.electronic_g {
            return Ok(change);
        }
        missing = missing.or(Some(change));
    }
    Err(Refusal::because(match missing {
        Some(change) => {
            let (mechanical_g, electronic_g) = change.needs_g();
            format!(
                "{} needs {}, for which {:.1} kg of mechanical and {:.1} kg of electronic spare parts must be at hand",
                robot.name,
                change.describe(),
                1e-3 * mechanical_g as f64,
                1e-3 * electronic_g as f64
            )
        }
        None => format!("nothing of {} needs repair", robot.name),
    }))
}
