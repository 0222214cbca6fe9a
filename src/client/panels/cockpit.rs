//! What a pilot sees who steers by hand: the stick, what the thrusters do, what is left in wheels
//! and tank, and how the robot moves over the ground.

use bevy::math::Vec3;
use bevy_egui::egui::{
    self, Align2, Color32, FontId, Pos2, Rect, RichText, Stroke, Ui, pos2, vec2,
};

use super::{Intent, Pane, format};
use crate::client::Game;
use crate::client::steer::Stick;
use crate::client::theme;
use crate::sim::robot::guidance;

const HEIGHT: f32 = 138.0;
const PAD: f32 = 88.0;
const LEAVE: &str = "Leave";
const KEYS: &str = "W S A D R F push, arrows Q E turn, Shift: full";
/// From these parts of the escape speed on it is worth a warning, and an alarm.
const CAUTION: f64 = 0.5;
const ALARM: f64 = 0.8;

/// How a robot moves over the ground.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct FlightFacts {
    /// Of the underside above the ground straight below [m].
    pub height_m: f64,
    /// Away from the ground and along it [m/s].
    pub climb_m_s: f64,
    pub along_m_s: f64,
    /// Of the speed over ground that leaves the body for good.
    pub escape_fraction: f64,
    /// What the thrusters give now, in parts of what they can, in the robot's axes.
    pub thrust: Vec3,
}

impl FlightFacts {
    /// Of a robot of the player's; `None` if there is none of that name.
    pub fn gather(game: &Game, robot: &str, thrust_max_n: f64) -> Option<Self> {
        let seen = game.scene().robots.iter().find(|seen| seen.name == robot)?;
        let terrain = game.headless().terrain();
        let at_m = seen.position_m.as_dvec3();
        let up = terrain.up(at_m);
        let velocity_m_s = seen.velocity_m_s.as_dvec3();
        let climb_m_s = velocity_m_s.dot(up);
        let below_m = terrain.surface_below(at_m);
        Some(Self {
            height_m: (at_m - below_m).dot(up) - 0.5 * f64::from(seen.size_m.y),
            climb_m_s,
            along_m_s: (velocity_m_s - climb_m_s * up).length(),
            escape_fraction: velocity_m_s.length() / guidance::escape_speed_m_s(terrain, at_m),
            thrust: seen.rotation.inverse() * seen.thrust_n / (thrust_max_n as f32).max(1e-9),
        })
    }

    /// What the pilot must know at once.
    fn warning(&self) -> Option<(&'static str, Color32)> {
        if 1.0 <= self.escape_fraction {
            Some(("Faster than escape speed: brake, or it is gone", theme::RED))
        } else if ALARM <= self.escape_fraction {
            Some(("Close to escape speed", theme::RED))
        } else if CAUTION <= self.escape_fraction {
            Some(("Over half the escape speed", theme::AMBER))
        } else {
            None
        }
    }
}

pub(super) fn show(ctx: &egui::Context, pane: &mut Pane) {
    let Some(robot) = pane.steering.robot() else {
        return;
    };
    let facts = pane.facts;
    let Some(own) = facts.seen.robots.iter().find(|own| own.name == robot) else {
        return;
    };
    let flight = facts.flight.unwrap_or_default();
    let free = pane.forms.free;
    let width = 540f32.min(free.width() - 16.0);
    let rect = Rect::from_min_size(
        pos2(free.center().x - 0.5 * width, free.max.y - HEIGHT - 6.0),
        vec2(width, HEIGHT),
    );
    egui::Area::new(egui::Id::new("cockpit"))
        .order(egui::Order::Middle)
        .fixed_pos(rect.min)
        .show(ctx, |ui| {
            theme::panel_frame().show(ui, |ui| {
                ui.set_width(width - 20.0);
                ui.horizontal(|ui| {
                    let title = format!("Steering {}", own.name);
                    ui.label(RichText::new(title).color(theme::TEXT_STRONG));
                    ui.label(RichText::new(KEYS).small().color(theme::TEXT_WEAK));
                    let right = egui::Layout::right_to_left(egui::Align::Center);
                    ui.with_layout(right, |ui| {
                        if ui.button(LEAVE).on_hover_text("Esc").clicked() {
                            pane.want(Intent::LeaveStick);
                        }
                    });
                });
                ui.horizontal(|ui| {
                    sticks(ui, pane.steering.stick(), flight.thrust);
                    ui.add_space(10.0);
                    ui.vertical(|ui| {
                        ui.spacing_mut().item_spacing.y = 3.0;
                        stores(ui, own);
                        motion(ui, &flight);
                    });
                });
            });
        });
}

fn stores(ui: &mut Ui, own: &crate::sim::observation::OwnRobot) {
    let propellant = (own.propellant_kg / own.propellant_capacity_kg.max(1e-9)) as f32;
    ui.columns_const(|[left, right]| {
        let fill = format::percent(f64::from(own.wheel_fill));
        let color = if own.wheel_fill < 0.75 {
            theme::ACCENT
        } else {
            theme::AMBER
        };
        theme::gauge(left, "Wheels full", &fill, own.wheel_fill, color)
            .on_hover_text("Full wheels turn the robot no further that way.");
        theme::gauge(
            right,
            "Propellant",
            &format::mass(own.propellant_kg),
            propellant,
            theme::store_color(propellant, theme::WATER),
        );
    });
}

fn motion(ui: &mut Ui, flight: &FlightFacts) {
    let plain = theme::TEXT;
    theme::facts(
        ui,
        ("Height", format::length(flight.height_m.max(0.0)), plain),
        ("Along", format::speed(flight.along_m_s), plain),
    );
    let color = flight.warning().map_or(plain, |(_, color)| color);
    theme::facts(
        ui,
        ("Climb", format::speed(flight.climb_m_s), plain),
        ("Of escape", format::percent(flight.escape_fraction), color),
    );
    let (text, color) = flight.warning().unwrap_or(("", plain));
    theme::elided(ui, RichText::new(text).small().color(color));
}

/// The stick as seen from above the robot, with the push up and down beside it, and the turn.
fn sticks(ui: &mut Ui, stick: Stick, thrust: Vec3) {
    let size = vec2(2.0 * PAD + 44.0, PAD);
    let (rect, response) = ui.allocate_exact_size(size, egui::Sense::hover());
    response.on_hover_text(
        "Push, push up and down, turn: the ring is the stick, the dot what the thrusters give",
    );
    let painter = ui.painter();
    let pad = Rect::from_min_size(rect.min, vec2(PAD, PAD));
    let lift = Rect::from_min_size(rect.min + vec2(PAD + 12.0, 0.0), vec2(10.0, PAD));
    let turn = Rect::from_min_size(rect.min + vec2(PAD + 44.0, 0.0), vec2(PAD, PAD));
    let line = Stroke::new(1.0, theme::GRID);
    for (field, name) in [(pad, "push"), (turn, "turn")] {
        painter.circle_stroke(field.center(), 0.5 * PAD - 2.0, line);
        painter.line_segment([field.center_top(), field.center_bottom()], line);
        painter.line_segment([field.left_center(), field.right_center()], line);
        painter.text(
            field.left_top(),
            Align2::LEFT_TOP,
            name,
            FontId::proportional(10.0),
            theme::TEXT_WEAK,
        );
    }
    painter.rect_stroke(lift, 4.0, line, egui::StrokeKind::Inside);
    painter.line_segment([lift.left_center(), lift.right_center()], line);
    // Left of the robot is left on the screen.
    let reach = 0.5 * PAD - 8.0;
    let on =
        |field: Rect, left: f32, up: f32| -> Pos2 { field.center() + vec2(-left, -up) * reach };
    let ring = |at: Pos2, is_on: bool| {
        let color = if is_on {
            theme::ACCENT
        } else {
            theme::TEXT_WEAK
        };
        painter.circle_stroke(at, 6.0, Stroke::new(2.0, color));
    };
    let is_pushed = stick.thrust.x != 0.0 || stick.thrust.z != 0.0;
    ring(on(pad, stick.thrust.x, stick.thrust.z), is_pushed);
    ring(on(lift, 0.0, stick.thrust.y), stick.thrust.y != 0.0);
    let is_turned = stick.torque.x != 0.0 || stick.torque.y != 0.0;
    ring(on(turn, stick.torque.y, -stick.torque.x), is_turned);
    if stick.torque.z != 0.0 {
        let text = if 0.0 < stick.torque.z {
            "roll right"
        } else {
            "roll left"
        };
        painter.text(
            turn.center_bottom(),
            Align2::CENTER_BOTTOM,
            text,
            FontId::proportional(11.0),
            theme::ACCENT,
        );
    }
    if 0.01 < thrust.length() {
        let thrust = thrust.clamp(Vec3::NEG_ONE, Vec3::ONE);
        painter.circle_filled(on(pad, thrust.x, thrust.z), 3.5, theme::WATER);
        painter.circle_filled(on(lift, 0.0, thrust.y), 3.5, theme::WATER);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pilot_is_warned_before_the_robot_is_gone() {
        let flight = |escape_fraction| FlightFacts {
            escape_fraction,
            ..FlightFacts::default()
        };
        assert_eq!(flight(0.3).warning(), None);
        assert_eq!(flight(0.6).warning().unwrap().1, theme::AMBER);
        assert_eq!(flight(0.9).warning().unwrap().1, theme::RED);
        assert!(flight(1.1).warning().unwrap().0.contains("gone"));
    }

    #[test]
    fn a_robot_at_rest_is_on_the_ground_and_does_not_move() {
        let level = crate::sim::level::Level::find("first-water").expect("it ships");
        let mut game = Game::load(level, None).expect("Bennu is in the catalogue");
        game.run_until_ms(120_000);
        let flight = FlightFacts::gather(&game, "digger-1", 4.0).expect("it is there");
        assert!(flight.height_m.abs() < 0.5, "{flight:?}");
        assert!(flight.escape_fraction < 0.02, "{flight:?}");
        assert!(FlightFacts::gather(&game, "nobody", 4.0).is_none());
    }
}
