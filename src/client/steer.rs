//! Steering by hand: keys held down become short orders of thrust and torque in the robot's own
//! axes, one after the other, until they are let go.
//!
//! A stick gives nothing that an order could not: each is an [`Order::Actuate`], checked, recorded
//! and replayed like any other. What the pilot sees meanwhile is painted by `panels::cockpit`.

use std::time::Duration;

use bevy::prelude::*;
use bevy_egui::input::EguiWantsInput;

use super::panels::{Desk, Forms, Intent, Intents};
use super::selection::Selection;
use super::{AppState, ClientSystems, Game};
use crate::sim::level::RobotKind;
use crate::sim::observation::OwnRobot;
use crate::sim::order::Order;

/// A stick that is held gives a new order this often [wall clock].
const EVERY: Duration = Duration::from_millis(250);
/// An order lasts somewhat longer, so that none ends before the next one comes.
const OVERLAP: f64 = 1.6;
/// Longest order [s]; the world takes up to 600.
const LONGEST_S: f64 = 600.0;
/// Share of thrust and torque without the key for all of it.
const GENTLE: f32 = 0.25;
/// Faster than this no hand can follow.
pub const WARP_MAX: u32 = 60;

pub(super) fn plugin(app: &mut App) {
    app.init_resource::<Steering>().add_systems(
        Update,
        steer
            .in_set(ClientSystems::Input)
            .run_if(in_state(AppState::Site).and_then(resource_exists::<Game>)),
    );
}

/// Whether a robot is steered by hand, and how the stick stands.
#[derive(Resource, Clone, Debug, Default)]
pub struct Steering {
    robot: Option<String>,
    stick: Stick,
    /// When the last order was given.
    given: Duration,
}

/// Where the stick stands, each −1 to 1, in the robot's axes: +X left, +Y up, +Z ahead.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Stick {
    pub thrust: Vec3,
    pub torque: Vec3,
}

impl Steering {
    /// The robot that is being steered.
    pub fn robot(&self) -> Option<&str> {
        self.robot.as_deref()
    }

    pub fn stick(&self) -> Stick {
        self.stick
    }

    pub fn begin(&mut self, robot: &str) {
        *self = Self {
            robot: Some(robot.to_owned()),
            ..default()
        };
    }

    pub fn leave(&mut self) {
        *self = default();
    }
}

/// Keys and what they push: the key, its cap, and the words for it.
pub const KEYS: [(&str, &str); 7] = [
    ("S", "Begin, for the selected robot"),
    ("W S", "Push ahead, back"),
    ("A D", "Push left, right"),
    ("R F", "Push up, down"),
    ("Arrows", "Nose up, down, left, right"),
    ("Q E", "Roll left, right"),
    ("Shift", "All it has; else a quarter"),
];

impl Stick {
    /// The stick from the keys that are held down.
    pub fn of(is_down: impl Fn(KeyCode) -> bool) -> Self {
        let axis = |plus: KeyCode, minus: KeyCode| {
            f32::from(u8::from(is_down(plus))) - f32::from(u8::from(is_down(minus)))
        };
        // Seen ahead along +Z with +Y up, +X lies to the left.
        let thrust = Vec3::new(
            axis(KeyCode::KeyA, KeyCode::KeyD),
            axis(KeyCode::KeyR, KeyCode::KeyF),
            axis(KeyCode::KeyW, KeyCode::KeyS),
        );
        let torque = Vec3::new(
            axis(KeyCode::ArrowDown, KeyCode::ArrowUp),
            axis(KeyCode::ArrowLeft, KeyCode::ArrowRight),
            axis(KeyCode::KeyE, KeyCode::KeyQ),
        );
        let is_full = is_down(KeyCode::ShiftLeft) || is_down(KeyCode::ShiftRight);
        let share = if is_full { 1.0 } else { GENTLE };
        Self {
            thrust: thrust * share,
            torque: torque * share,
        }
    }

    /// The order that it stands for.
    pub fn order(self, robot: &str, kind: &RobotKind, for_s: f64) -> Order {
        let thrust_n = self.thrust.as_dvec3() * kind.thrust_max_n();
        let torque_n_m = self.torque.as_dvec3() * kind.wheels.torque_n_m;
        Order::Actuate {
            robot: robot.to_owned(),
            thrust_n: thrust_n.to_array(),
            torque_n_m: torque_n_m.to_array(),
            drum_rate: 0.0,
            drill_press: 0.0,
            drill_speed: 0.0,
            for_s,
        }
    }
}

/// Why a robot cannot be steered by hand; `None` if it can.
pub fn hindrance(robot: &OwnRobot) -> Option<&'static str> {
    if robot.lost {
        Some("This robot is lost.")
    } else if !robot.outfit.thrusters && robot.sheet.wheels.torque_n_m <= 0.0 {
        Some("It has neither thrusters nor wheels.")
    } else if robot.anchored {
        Some("Release the anchors first.")
    } else if robot.bit_stuck {
        Some("The bit is stuck in its hole: get it free first.")
    } else {
        None
    }
}

fn steer(
    keys: Res<ButtonInput<KeyCode>>,
    wants: Res<EguiWantsInput>,
    time: Res<Time<Real>>,
    game: Res<Game>,
    desk: Res<Desk>,
    forms: Res<Forms>,
    selection: Res<Selection>,
    mut steering: ResMut<Steering>,
    mut intents: ResMut<Intents>,
) {
    let Some(name) = steering.robot.clone() else {
        return;
    };
    let own = desk
        .facts()
        .and_then(|facts| facts.seen.robots.iter().find(|own| own.name == name));
    let why = own.and_then(hindrance);
    if why.is_some() || own.is_none() || selection.robot.as_ref() != Some(&name) {
        steering.leave();
        intents
            .0
            .extend(why.map(|why| Intent::Warn(why.to_owned())));
        return;
    }
    let Some(own) = own else { return };
    if game.paused {
        steering.stick = Stick::default();
        return;
    }
    let stick = if wants.wants_keyboard_input() || forms.menu_open {
        Stick::default()
    } else {
        Stick::of(|key| keys.pressed(key))
    };
    let is_new = stick != steering.stick;
    let is_held = stick != Stick::default();
    let is_due = EVERY <= time.elapsed().saturating_sub(steering.given);
    if is_new || (is_held && is_due) {
        let for_s = if is_held {
            OVERLAP * EVERY.as_secs_f64() * f64::from(game.warp)
        } else {
            // Ends what the last order had left.
            game.level.tick_s
        };
        steering.stick = stick;
        steering.given = time.elapsed();
        let order = stick.order(&name, &own.sheet, for_s.min(LONGEST_S));
        intents.0.push(Intent::Steer(order));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sim::level::modules::Catalogue;

    #[test]
    fn keys_push_and_turn_the_way_they_say() {
        let stick = |down: &[KeyCode]| Stick::of(|key| down.contains(&key));
        let full = stick(&[KeyCode::KeyW, KeyCode::ShiftLeft]);
        assert_eq!(full.thrust, Vec3::Z);
        assert_eq!(stick(&[KeyCode::KeyW]).thrust, Vec3::Z * GENTLE);
        assert_eq!(stick(&[KeyCode::KeyW, KeyCode::KeyS]), Stick::default());
        // Right of one who looks ahead, and his nose where the arrow points.
        let right = Vec3::Z.cross(Vec3::Y);
        assert_eq!(stick(&[KeyCode::KeyD]).thrust, right * GENTLE);
        let turned = |key| Quat::from_scaled_axis(stick(&[key]).torque) * Vec3::Z;
        assert!(0.0 < turned(KeyCode::ArrowUp).y);
        assert!(0.0 < turned(KeyCode::ArrowRight).dot(right));
        let rolled = Quat::from_scaled_axis(stick(&[KeyCode::KeyE]).torque) * Vec3::Y;
        assert!(0.0 < rolled.dot(right));
    }

    #[test]
    fn a_full_stick_asks_for_all_that_thrusters_and_wheels_give() {
        let kind = Catalogue::built_in()
            .kind("hopping-digger")
            .expect("it is there");
        let stick = Stick {
            thrust: Vec3::Y,
            torque: Vec3::NEG_X,
        };
        let Order::Actuate {
            thrust_n,
            torque_n_m,
            for_s,
            ..
        } = stick.order("digger-1", &kind, 0.4)
        else {
            panic!("a stick gives an Actuate");
        };
        assert_eq!(thrust_n, [0.0, kind.thrust_max_n(), 0.0]);
        assert_eq!(torque_n_m[0], -kind.wheels.torque_n_m);
        assert_eq!(for_s, 0.4);
    }
}
