//! The level's goals with the player's progress, and its lesson, one step at a time.

use bevy_egui::egui::{Align, Button, Layout, RichText, ScrollArea, Ui};

use super::{Pane, panel};
use crate::client::theme;

const GOALS: &str = "Goals";
const LESSON: &str = "Lesson";
const BACK: &str = "◀";
const NEXT: &str = "▶";
const HIDE: &str = "Hide";
const SHOW_AGAIN: &str = "Show lesson";

/// Where the reader is.
#[derive(Clone, Debug, Default)]
pub struct LessonForm {
    step: usize,
    hidden: bool,
}

pub fn show(ui: &mut Ui, pane: &mut Pane) {
    let facts = pane.facts;
    panel(ui, |ui| {
        theme::title(ui, GOALS);
        for goal in &facts.goals {
            let is_reached = goal.progress >= 1.0;
            let color = if is_reached {
                theme::GREEN
            } else {
                theme::ACCENT
            };
            let mark = if is_reached { "✔ " } else { "" };
            ui.horizontal(|ui| {
                ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                    ui.label(RichText::new(&goal.reading).monospace());
                    ui.with_layout(Layout::left_to_right(Align::Center), |ui| {
                        let text = RichText::new(format!("{mark}{}", goal.text));
                        theme::elided(ui, text.color(theme::TEXT_WEAK));
                    });
                });
            });
            theme::bar(ui, goal.progress, color, 4.0);
        }
        if !pane.lesson_steps.is_empty() {
            ui.add_space(4.0);
            steps(ui, pane);
        }
    });
}

fn steps(ui: &mut Ui, pane: &mut Pane) {
    let steps = pane.lesson_steps;
    let form = &mut pane.forms.lesson;
    if form.hidden {
        if ui.button(SHOW_AGAIN).clicked() {
            form.hidden = false;
        }
        return;
    }
    form.step = form.step.min(steps.len() - 1);
    ui.horizontal(|ui| {
        theme::title(ui, LESSON);
        ui.label(
            RichText::new(format!("{} of {}", form.step + 1, steps.len())).color(theme::TEXT_WEAK),
        );
    });
    let room = (ui.available_height() - 40.0).max(60.0);
    ScrollArea::vertical()
        .id_salt("lesson")
        .max_height(room)
        .show(ui, |ui| ui.label(&steps[form.step]));
    ui.horizontal(|ui| {
        let is_first = form.step == 0;
        let is_last = form.step + 1 == steps.len();
        if ui.add_enabled(!is_first, Button::new(BACK)).clicked() {
            form.step -= 1;
        }
        if ui.add_enabled(!is_last, Button::new(NEXT)).clicked() {
            form.step += 1;
        }
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            if ui.button(HIDE).clicked() {
                form.hidden = true;
            }
        });
    });
}
