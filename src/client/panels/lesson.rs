//! The level's goals with the player's progress, and its lesson, one step at a time. A step that
//! asks for a deed gives way to the next when that has been done.

use bevy_egui::egui::{Align, Button, Layout, RichText, ScrollArea, Ui};

use super::{Pane, panel};
use crate::client::theme;
use crate::sim::level::lesson::LessonStep;

const GOALS: &str = "Goals";
const LESSON: &str = "Lesson";
const BACK: &str = "◀";
const NEXT: &str = "▶";
const HIDE: &str = "Hide";
const SHOW_AGAIN: &str = "Show lesson";
const DONE: &str = "✔ Done";
const TO_DO: &str = "Goes on by itself when done";

/// Where the reader is.
#[derive(Clone, Debug, Default)]
pub struct LessonForm {
    step: usize,
    hidden: bool,
    /// Which steps were done when last looked.
    seen: Vec<bool>,
}

impl LessonForm {
    /// Turns the page when a step that asks for something has been done since the last look;
    /// returns its number.
    pub(super) fn follow(&mut self, steps: &[LessonStep], done: &[bool]) -> Option<usize> {
        let is_new = |i: usize| done.get(i) == Some(&true) && self.seen.get(i) != Some(&true);
        let last_new = (self.step..steps.len()).rev().find(|&i| is_new(i));
        self.seen = done.to_vec();
        let finished = last_new?;
        // What was done beforehand need not be told.
        let next = (finished + 1..steps.len()).find(|&i| done.get(i) != Some(&true));
        self.step = next.unwrap_or(steps.len() - 1);
        Some(finished)
    }
}

pub fn show(ui: &mut Ui, pane: &mut Pane) {
    let facts = pane.facts;
    if facts.goals.is_empty() && pane.lesson_steps.is_empty() {
        return;
    }
    panel(ui, |ui| {
        if !facts.goals.is_empty() {
            theme::title(ui, GOALS);
        }
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
    let done = &pane.facts.seen.lesson_done;
    let form = &mut pane.forms.lesson;
    if form.hidden {
        if ui.button(SHOW_AGAIN).clicked() {
            form.hidden = false;
        }
        return;
    }
    form.step = form.step.min(steps.len() - 1);
    let step = &steps[form.step];
    ui.horizontal(|ui| {
        theme::title(ui, LESSON);
        ui.label(
            RichText::new(format!("{} of {}", form.step + 1, steps.len())).color(theme::TEXT_WEAK),
        );
        if done.get(form.step) == Some(&true) {
            ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                ui.label(RichText::new(DONE).color(theme::GREEN));
            });
        }
    });
    let room = (ui.available_height() - 40.0).max(60.0);
    ScrollArea::vertical()
        .id_salt(("lesson", form.step))
        .max_height(room)
        .show(ui, |ui| {
            ui.label(&step.text);
            if step.until.is_some() && done.get(form.step) != Some(&true) {
                ui.label(RichText::new(TO_DO).small().color(theme::TEXT_WEAK));
            }
        });
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sim::level::lesson::Deed;

    fn step(until: Option<Deed>) -> LessonStep {
        LessonStep {
            text: "a step".into(),
            until,
        }
    }

    #[test]
    fn the_page_turns_when_a_step_is_done_and_only_then() {
        let asks = || step(Some(Deed::Claimed));
        let steps = [step(None), asks(), asks(), asks(), step(None)];
        let mut form = LessonForm::default();
        assert_eq!(form.follow(&steps, &[false; 5]), None);
        assert_eq!(form.step, 0);
        // Done though the reader was still at the page before.
        let mut done = [false, true, false, false, false];
        assert_eq!(form.follow(&steps, &done), Some(1));
        assert_eq!(form.step, 2);
        // Reading back does not turn the page again.
        form.step = 1;
        assert_eq!(form.follow(&steps, &done), None);
        assert_eq!(form.step, 1);
        // The third was done before the second: both are passed.
        done[3] = true;
        form.step = 2;
        assert_eq!(form.follow(&steps, &done), Some(3));
        done[2] = true;
        form.step = 2;
        assert_eq!(form.follow(&steps, &done), Some(2));
        assert_eq!(form.step, 4);
    }
}
