//! A hop before it is ordered: what the flight would take, beside the pointer while it is aimed.

use bevy::prelude::*;
use bevy_egui::egui::{self, RichText, Stroke, Ui, vec2};

use super::{Pane, format};
use crate::client::Game;
use crate::client::selection::Forecast;
use crate::client::theme;
use crate::sim::order::Order;

const WHERE: &str = "Point at the ground.";
const THINKING: &str = "…";
const HOP: &str = "Hop here: click.  Leave it: Esc.";
/// From this part of the escape speed on, a hop deserves a warning.
const NEAR_ESCAPE: f64 = 0.7;

/// Asks the world what a hop to `target_m` would take.
pub fn of_hop(game: &mut Game, robot: &str, target_m: Vec3) -> Result<Forecast, String> {
    let player = game.player.clone();
    let order = Order::HopTo {
        robot: robot.to_owned(),
        target_m: target_m.as_dvec3().to_array(),
    };
    let estimate = game
        .headless_mut()
        .estimate(&player, &order)
        .map_err(|refusal| refusal.to_string())?;
    let robot = game
        .scene()
        .robots
        .iter()
        .find(|candidate| candidate.name == robot);
    let distance = robot.map(|robot| f64::from(robot.position_m.distance(target_m)));
    let mut lines = vec![
        (
            "Flight and landing",
            format::duration((estimate.time_s * 1e3) as u64),
        ),
        ("Propellant", format::mass(estimate.propellant_kg)),
        ("Apex", format::length(estimate.apex_m)),
        ("Take-off", format::speed(estimate.take_off_m_s)),
        ("Of escape speed", format::percent(estimate.escape_fraction)),
    ];
    if let Some(distance) = distance {
        lines.insert(0, ("Distance", format::length(distance)));
    }
    let caution = (estimate.escape_fraction > NEAR_ESCAPE)
        .then(|| "Close to escape speed: a small error and it does not come back.".to_owned());
    Ok(Forecast {
        lines,
        caution,
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
    let size = vec2(250.0, 170.0);
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
                                ui.label(RichText::new(HOP).small().color(theme::TEXT_WEAK));
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
