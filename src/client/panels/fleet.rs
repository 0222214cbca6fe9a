//! The player's robots at a glance: what each does, and its three stores. A click selects one and
//! turns the camera to it.

use bevy_egui::egui::{
    self, Align, Color32, CursorIcon, Layout, RichText, ScrollArea, Sense, Ui, vec2,
};

use super::{Intent, Pane, format, orders, panel};
use crate::client::selection::Machine;
use crate::client::theme;
use crate::sim::observation::{Activity, OwnRobot};

const TITLE: &str = "Fleet";
const EMPTY: &str = "You have no robots.";
const HINT: &str = "Click to select and look at it, double-click to follow it";
const STORES: [&str; 3] = ["Battery", "Bin", "Propellant"];

pub fn show(ui: &mut Ui, pane: &mut Pane) {
    panel(ui, |ui| {
        ui.horizontal(|ui| {
            theme::title(ui, TITLE);
            ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                ui.label(RichText::new("Tab: next").small().color(theme::TEXT_WEAK));
            });
        });
        let facts = pane.facts;
        if facts.seen.robots.is_empty() {
            ui.label(RichText::new(EMPTY).color(theme::TEXT_WEAK));
        }
        let room = (ui.available_height() * 0.55).max(90.0);
        ScrollArea::vertical()
            .id_salt("fleet")
            .max_height(room)
            .auto_shrink([false, true])
            .show(ui, |ui| {
                for robot in &facts.seen.robots {
                    row(ui, pane, robot);
                }
            });
    });
}

fn row(ui: &mut Ui, pane: &mut Pane, robot: &OwnRobot) {
    let is_selected = pane.selection.robot.as_deref() == Some(robot.name.as_str());
    let response = theme::card_frame(is_selected)
        .show(ui, |ui| {
            ui.set_width(ui.available_width());
            ui.spacing_mut().item_spacing.y = 3.0;
            ui.horizontal(|ui| {
                theme::dot(ui, activity_color(robot.activity));
                ui.label(RichText::new(&robot.name).color(theme::TEXT_STRONG));
                ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                    theme::elided(
                        ui,
                        RichText::new(orders::activity_name(robot.activity))
                            .color(activity_color(robot.activity)),
                    );
                });
            });
            stores(ui, robot);
            if let Some(progress) = robot.progress.filter(|p| *p < 1.0) {
                theme::bar(ui, progress, theme::ACCENT, 2.0);
            }
        })
        .response;
    let response = response
        .interact(Sense::click())
        .on_hover_cursor(CursorIcon::PointingHand)
        .on_hover_ui(|ui| tooltip(ui, robot));
    if response.clicked() {
        pane.want(Intent::Select(Some(Machine::Robot(robot.name.clone()))));
        pane.want(Intent::LookAt(robot.position_m));
    }
    if response.double_clicked() {
        pane.want(Intent::Follow(robot.name.clone()));
    }
}

fn tooltip(ui: &mut Ui, robot: &OwnRobot) {
    ui.label(RichText::new(capitalised(&robot.activity_text)).color(theme::TEXT_STRONG));
    for (name, reading) in STORES.into_iter().zip([
        format::percent(f64::from(robot.battery_fraction)),
        format::fill(robot.bin_kg, robot.bin_capacity_kg),
        format::fill(robot.propellant_kg, robot.propellant_capacity_kg),
    ]) {
        theme::fact(ui, name, reading);
    }
    ui.label(RichText::new(HINT).small().color(theme::TEXT_WEAK));
}

/// Battery, bin and propellant as parts of what they hold.
fn fractions(robot: &OwnRobot) -> [f32; 3] {
    let part = |load: f64, capacity: f64| (load / capacity.max(1e-9)) as f32;
    [
        robot.battery_fraction,
        part(robot.bin_kg, robot.bin_capacity_kg),
        part(robot.propellant_kg, robot.propellant_capacity_kg),
    ]
}

/// Three slim bars side by side, each with its name.
fn stores(ui: &mut Ui, robot: &OwnRobot) {
    let [battery, bin, propellant] = fractions(robot);
    let colors = [
        theme::store_color(battery, theme::GREEN),
        theme::ROCK,
        theme::store_color(propellant, theme::WATER),
    ];
    let gap = 6.0;
    let width = (ui.available_width() - 2.0 * gap) / 3.0;
    let (rect, _) = ui.allocate_exact_size(vec2(ui.available_width(), 18.0), Sense::hover());
    for (i, (fraction, color)) in [battery, bin, propellant]
        .into_iter()
        .zip(colors)
        .enumerate()
    {
        let left = rect.min.x + (width + gap) * i as f32;
        let at = egui::pos2(left, rect.min.y);
        ui.painter().text(
            at,
            egui::Align2::LEFT_TOP,
            STORES[i],
            egui::FontId::proportional(10.5),
            theme::TEXT_WEAK,
        );
        let bar = egui::Rect::from_min_size(egui::pos2(left, rect.max.y - 4.0), vec2(width, 4.0));
        theme::paint_bar(ui.painter(), bar, fraction, color);
    }
}

/// A colour that tells at a glance whether all is well: red needs help, amber is on the move, green is at work, grey waits.
pub fn activity_color(activity: Activity) -> Color32 {
    match activity {
        Activity::Idle => theme::TEXT_WEAK,
        Activity::Hopping | Activity::Braking | Activity::Settling => theme::AMBER,
        Activity::Anchoring
        | Activity::Digging
        | Activity::Unloading
        | Activity::Charging
        | Activity::Surveying
        | Activity::Refuelling
        | Activity::Servicing => theme::GREEN,
        Activity::Adrift | Activity::Lost => theme::RED,
    }
}

/// With a capital letter at its beginning.
pub fn capitalised(text: &str) -> String {
    let mut letters = text.chars();
    match letters.next() {
        Some(first) => first.to_uppercase().chain(letters).collect(),
        None => String::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sentences_begin_with_a_capital_letter() {
        assert_eq!(capitalised("digging, 12 kg"), "Digging, 12 kg");
        assert_eq!(capitalised("über"), "Über");
        assert_eq!(capitalised(""), "");
    }
}
