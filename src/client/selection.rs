//! What the player has picked out: the robot or plant that is selected, the one under the pointer,
//! and the place an order is being aimed at.
//!
//! Pointer and keys become choices in `input`; how a choice is lit up in the picture belongs to
//! the view, how it is shown in words to the panels.

use bevy::prelude::*;

use crate::sim::order::Order;

pub(super) fn plugin(app: &mut App) {
    app.init_resource::<Selection>();
}

/// A machine on the site, by the name it has in the world.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Machine {
    Robot(String),
    Plant(String),
}

impl Machine {
    pub fn name(&self) -> &str {
        match self {
            Self::Robot(name) | Self::Plant(name) => name,
        }
    }
}

/// What the player points at and has picked.
#[derive(Resource, Clone, Debug, Default)]
pub struct Selection {
    /// The selected robot, whoever owns it. Then no plant is selected.
    pub robot: Option<String>,
    /// The selected plant, whoever owns it. Then no robot is selected.
    pub plant: Option<String>,
    /// The machine under the pointer.
    pub hovered: Option<Machine>,
    /// The ground under the pointer [m, site frame].
    pub ground_m: Option<Vec3>,
    /// An order that waits for its target.
    pub aim: Option<Aim>,
    /// The path of the hop being aimed [m, site frame]; empty if there is none.
    pub trajectory_m: Vec<Vec3>,
}

/// The orders that need a place on the ground.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Way {
    Hop,
    Fly,
    Grip,
}

impl Way {
    pub fn order(self, robot: &str, target_m: Vec3) -> Order {
        let robot = robot.to_owned();
        let target_m = target_m.as_dvec3().to_array();
        match self {
            Self::Hop => Order::HopTo { robot, target_m },
            Self::Fly => Order::FlyTo { robot, target_m },
            Self::Grip => Order::Grip { robot, target_m },
        }
    }
}

/// An order being aimed: the next click on the ground gives it.
#[derive(Clone, Debug, PartialEq)]
pub struct Aim {
    pub robot: String,
    pub way: Way,
    /// The place the forecast is for [m, site frame].
    pub target_m: Option<Vec3>,
    /// What the flight would take, or why it cannot be flown.
    pub forecast: Option<Result<Forecast, String>>,
}

/// What an order would take, as names and readings for the screen.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Forecast {
    pub lines: Vec<(&'static str, String)>,
    /// Something to be wary of.
    pub caution: Option<String>,
    /// Height of the flight above the straight line [m].
    pub apex_m: f32,
}

impl Aim {
    pub fn of(robot: impl Into<String>, way: Way) -> Self {
        Self {
            robot: robot.into(),
            way,
            target_m: None,
            forecast: None,
        }
    }
}

impl Selection {
    /// Picks a machine or nothing, and drops a hop that was being aimed for another.
    pub fn select(&mut self, machine: Option<Machine>) {
        let (robot, plant) = match machine {
            Some(Machine::Robot(name)) => (Some(name), None),
            Some(Machine::Plant(name)) => (None, Some(name)),
            None => (None, None),
        };
        if robot != self.robot {
            self.drop_aim();
        }
        self.robot = robot;
        self.plant = plant;
    }

    /// Stops aiming.
    pub fn drop_aim(&mut self) {
        self.aim = None;
        self.trajectory_m.clear();
    }

    /// Whether this is the machine that is selected.
    pub fn is_selected(&self, machine: &Machine) -> bool {
        match machine {
            Machine::Robot(name) => self.robot.as_ref() == Some(name),
            Machine::Plant(name) => self.plant.as_ref() == Some(name),
        }
    }

    /// The robot after the selected one among `own`, in order, around the end.
    pub fn next_robot<'a>(&self, own: &[&'a str]) -> Option<&'a str> {
        let current = self.robot.as_deref();
        match own.iter().position(|name| Some(*name) == current) {
            Some(at) => own.get((at + 1) % own.len()).copied(),
            None => own.first().copied(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn robot(name: &str) -> Option<Machine> {
        Some(Machine::Robot(name.into()))
    }

    #[test]
    fn the_next_robot_goes_around_and_starts_at_the_first() {
        let own = ["a", "b", "c"];
        let mut selection = Selection::default();
        assert_eq!(selection.next_robot(&own), Some("a"));
        selection.select(robot("c"));
        assert_eq!(selection.next_robot(&own), Some("a"));
        selection.select(robot("rival"));
        assert_eq!(selection.next_robot(&own), Some("a"));
        assert_eq!(selection.next_robot(&[]), None);
    }

    #[test]
    fn choosing_something_else_drops_the_aim() {
        let mut selection = Selection::default();
        selection.select(robot("a"));
        selection.aim = Some(Aim::of("a", Way::Hop));
        selection.select(robot("a"));
        assert!(selection.aim.is_some());
        selection.select(Some(Machine::Plant("still".into())));
        assert!(selection.aim.is_none());
        assert!(selection.robot.is_none());
        assert!(selection.is_selected(&Machine::Plant("still".into())));
    }
}
