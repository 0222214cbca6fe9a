//! Machines as trade sees them: who holds each, what it is worth, whether it is lost. The world
//! shows them to the trades, and carries out what these decide.

use std::collections::BTreeMap;
use std::fmt;

use serde::{Deserialize, Serialize};

use super::commerce::Party;
use crate::sim::order::Refusal;

/// A machine by its name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Machine {
    Robot(String),
    Plant(String),
}

impl fmt::Display for Machine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Robot(name) | Self::Plant(name) => f.write_str(name),
        }
    }
}

/// What is to be known of a machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Craft {
    /// Who commands it: its owner, or who hires it.
    pub holder: Party,
    /// Price of a new one [µcr].
    pub value_ucr: i64,
    /// Gone for good, or taken apart.
    pub lost: bool,
}

/// All machines, and those that have changed hands.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Fleet {
    machines: BTreeMap<Machine, Craft>,
    handed_over: Vec<(Machine, Party)>,
}

impl Fleet {
    pub fn enter(&mut self, machine: Machine, craft: Craft) {
        self.machines.insert(machine, craft);
    }

    pub fn get(&self, machine: &Machine) -> Option<&Craft> {
        self.machines.get(machine)
    }

    pub fn iter(&self) -> impl Iterator<Item = (&Machine, &Craft)> {
        self.machines.iter()
    }

    /// # Errors
    /// [`Refusal`] if a party does not hold the machine, or if it is lost.
    pub fn needs_own(&self, party: Party, machine: &Machine) -> Result<Craft, Refusal> {
        let craft = self
            .get(machine)
            .ok_or_else(|| Refusal::because(format!("there is no machine \"{machine}\"")))?;
        if craft.holder != party {
            return Err(Refusal::because(format!("{machine} is not yours")));
        }
        if craft.lost {
            return Err(Refusal::because(format!("{machine} is lost")));
        }
        Ok(*craft)
    }

    /// Lets another command a machine.
    pub fn hand_over(&mut self, machine: &Machine, to: Party) {
        if let Some(craft) = self.machines.get_mut(machine)
            && craft.holder != to
        {
            craft.holder = to;
            self.handed_over.push((machine.clone(), to));
        }
    }

    /// Those that have changed hands since the last call, in order.
    pub fn take_handed_over(&mut self) -> Vec<(Machine, Party)> {
        std::mem::take(&mut self.handed_over)
    }
}
