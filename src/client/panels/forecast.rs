//! An order before it is given: what it would take and what may come of it.

use bevy::math::DVec3;
use bevy::prelude::*;
use bevy_egui::egui::{self, RichText, Stroke, Ui, vec2};

use super::{Pane, format};
use crate::client::Game;
use crate::client::selection::Forecast;
use crate::client::theme;
use crate::sim::order::Order;

const WHERE: &str = "Point at the ground.";
const THINKING: &str = "…";
const HERE: &str = "Here: click.  Leave it: Esc.";
/// From this part of the escape speed on, a hop deserves a warning.
const NEAR_ESCAPE: f64 = 0.7;
/// Chances below these are not worth a line.
const LOSS_WORTH_TELLING: f64 = 0.005;
const TROUBLE_WORTH_TELLING: f64 = 0.02;

/// Asks the world what an order to a robot would take.
pub fn of_order(game: &mut Game, order: &Order) -> Result<Forecast, String> {
    let player = game.player.clone();
    let estimate = game
        .headless_mut()
        .estimate(&player, order)
        .map_err(|refusal| refusal.to_string())?;
    let target_m = match order {
        Order::HopTo { target_m, .. }
        | Order::FlyTo { target_m, .. }
        | Order::Grip { target_m, .. } => Some(DVec3::from_array(*target_m).as_vec3()),
        _ => None,
    };
    let robot = game
        .scene()
        .robots
        .iter()
        .find(|candidate| Some(candidate.name.as_str()) == order.robot());
    let mut lines = Vec::new();
    if let (Some(target_m), Some(robot)) = (target_m, robot) {
        let distance_m = f64::from(robot.position_m.distance(target_m));
        lines.push(("Distance", format::length(distance_m)));
    }
    lines.push(("Time", format::duration((estimate.time_s * 1e3) as u64)));
    if 1 < estimate.legs {
        lines.push(("Flights", estimate.legs.to_string()));
    }
    if 0.0 < estimate.propellant_kg {
        lines.push(("Propellant", format::mass(estimate.propellant_kg)));
    }
    lines.push(("Energy", format::energy(estimate.energy_j)));
    if 0.0 < estimate.take_off_m_s {
        lines.push(("Apex", format::length(estimate.apex_m)));
        lines.push(("Take-off", format::speed(estimate.take_off_m_s)));
        lines.push(("Of escape speed", format::percent(estimate.escape_fraction)));
    }
    if target_m.is_some() {
        lines.push(("Within 2 m", format::percent(estimate.arrive_chance)));
    }
    let mut cautions = Vec::new();
    if LOSS_WORTH_TELLING < estimate.lost_chance {
        lines.push(("Lost for good", format::percent(estimate.lost_chance)));
        cautions.push("It may never come back.");
    } else if NEAR_ESCAPE < estimate.escape_fraction {
        cautions.push("Close to escape speed: a small error and it does not come back.");
    }
    if TROUBLE_WORTH_TELLING < estimate.trouble_chance {
        lines.push(("Trouble", format::percent(estimate.trouble_chance)));
        cautions.push("Anchors may give way, or a bit may stick.");
    }
    Ok(Forecast {
        lines,
        caution: (!cautions.is_empty()).then(|| cautions.join(" ")),
        apex_m: estimate.apex_m as f32,
    })
}

/// A sketch of the path: an arc over the highest point of the flight [m, site frame]. The true
/// path bends with the spin of the body; its ends and its height are right. `up` has length one.
pub fn arc(from_m: Vec3, to_m: Vec3, up: Vec3, apex_m: f32) -> Vec<Vec3> {
    const DOTS: usize = 24;
    (1..DOTS)
        .map(|i| {
            let t = i as f32 / DOTS as f32;
            from_m.lerp(to_m, t) + up * apex_m * 4.0 * t * (1.0 - t)
        })
        .collect()
}

/// Names and readings of a forecast, one below the other.
pub fn lines(ui: &mut Ui, forecast: &Result<Forecast, String>) {
    match forecast {
        Ok(forecast) => {
            for (name, reading) in &forecast.lines {
                theme::fact(ui, name, reading);
            }
            if let Some(caution) = &forecast.caution {
                ui.label(RichText::new(caution).color(theme::AMBER));
            }
        }
        Err(why) => {
            let why = super::fleet::capitalised(why);
            ui.label(RichText::new(why).color(theme::AMBER));
        }
    }
}

pub(super) fn paint(ctx: &egui::Context, pane: &Pane) {
    let Some(aim) = &pane.selection.aim else {
        return;
    };
    let Some(pointer) = ctx.pointer_hover_pos() else {
        return;
    };
    let free = pane.forms.free;
    if !free.contains(pointer) || super::is_over_panel(ctx, pointer) || pane.forms.context.is_some()
    {
        return;
    }
    let size = vec2(250.0, 210.0);
    let mut at = pointer + vec2(18.0, 14.0);
    at.x = at.x.min(free.max.x - size.x);
    if at.y + size.y > free.max.y {
        at.y = pointer.y - size.y - 14.0;
    }
    egui::Area::new(egui::Id::new("forecast"))
        .order(egui::Order::Tooltip)
        .interactable(false)
        .fixed_pos(at)
        .show(ctx, |ui| {
            theme::popup_frame()
                .stroke(Stroke::new(1.0, theme::ACCENT.gamma_multiply(0.5)))
                .show(ui, |ui| {
                    ui.set_width(size.x - 20.0);
                    ui.spacing_mut().item_spacing = vec2(6.0, 3.0);
                    ui.label(RichText::new(&aim.robot).color(theme::TEXT_STRONG));
                    match (&aim.forecast, pane.selection.ground_m) {
                        (_, None) => {
                            ui.label(RichText::new(WHERE).color(theme::TEXT_WEAK));
                        }
                        (None, Some(_)) => {
                            ui.label(THINKING);
                        }
                        (Some(forecast), Some(_)) => {
                            lines(ui, forecast);
                            if forecast.is_ok() {
                                ui.label(RichText::new(HERE).small().color(theme::TEXT_WEAK));
                            }
                        }
                    }
                });
        });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_arc_starts_and_ends_at_the_ground_and_is_as_high_as_the_apex() {
        let (from, to) = (Vec3::new(250.0, 0.0, 0.0), Vec3::new(250.0, 20.0, 0.0));
        let arc = arc(from, to, Vec3::X, 5.0);
        let heights: Vec<f32> = arc.iter().map(|p| p.x - 250.0).collect();
        let top = heights.iter().copied().fold(0.0, f32::max);
        assert!((top - 5.0).abs() < 0.1, "{top}");
        assert!(arc[0].distance(from) < 2.0 && arc[arc.len() - 1].distance(to) < 2.0);
    }
}
