//! The message log: what the world answers and reports. Refusals stand in amber with their reason,
//! alarms in red, and the player's own orders in the accent, so that each answer has its question.

use bevy_egui::egui::{
    Align, Button, Color32, Layout, RichText, ScrollArea, TextEdit, TextStyle, Ui,
};

use super::{Pane, format, panel};
use crate::client::theme;
use crate::sim::order::{Order, Severity};

const TITLE: &str = "Messages";
const EMPTY: &str = "Nothing has happened yet.";
const NO_MATCH: &str = "No message fits the filter.";
const SEARCH: &str = "Filter…";
const SHRINK: &str = "⏷";
const GROW: &str = "⏶";
const KINDS: [(Kind, &str); 4] = [
    (Kind::All, "All"),
    (Kind::Orders, "Orders"),
    (Kind::Refused, "Refused"),
    (Kind::Alarms, "Alarms"),
];
/// Orders of the player that are kept for the log.
const ECHOES_KEPT: usize = 100;

/// Which messages are shown.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Kind {
    #[default]
    All,
    Orders,
    Refused,
    Alarms,
}

/// The filter, and the orders given at this window.
#[derive(Clone, Debug, Default)]
pub struct MessagesForm {
    kind: Kind,
    search: String,
    small: bool,
    echoes: Vec<(u64, String)>,
}

impl MessagesForm {
    /// How high the panel stands.
    pub fn height(&self, screen_height: f32) -> f32 {
        if self.small {
            44.0
        } else {
            (screen_height * 0.19).clamp(120.0, 210.0)
        }
    }

    /// Remembers an order that the player gave.
    pub fn echo(&mut self, at_ms: u64, order: &Order) {
        if self.echoes.len() == ECHOES_KEPT {
            self.echoes.remove(0);
        }
        self.echoes.push((at_ms, order.to_string()));
    }
}

/// A line as it stands in the panel.
#[derive(Clone, Debug, PartialEq)]
struct Line<'a> {
    at_ms: u64,
    kind: Kind,
    text: &'a str,
    color: Color32,
}

pub fn show(ui: &mut Ui, pane: &mut Pane) {
    let height = ui.available_height();
    panel(ui, |ui| {
        // The frame's own margins are part of the place.
        ui.set_height(height - 20.0);
        head(ui, pane);
        if pane.forms.messages.small {
            return;
        }
        let facts = pane.facts;
        let form = &pane.forms.messages;
        let lines = lines(facts, form);
        if lines.is_empty() {
            let text = if facts.messages.is_empty() {
                EMPTY
            } else {
                NO_MATCH
            };
            ui.label(RichText::new(text).color(theme::TEXT_WEAK));
            return;
        }
        ui.spacing_mut().item_spacing.y = 3.0;
        let row_height = ui.text_style_height(&TextStyle::Body);
        ScrollArea::vertical()
            .id_salt("messages")
            .auto_shrink([false, false])
            .stick_to_bottom(true)
            .show_rows(ui, row_height, lines.len(), |ui, shown| {
                for line in &lines[shown] {
                    ui.horizontal(|ui| {
                        ui.set_height(row_height);
                        ui.label(
                            RichText::new(format::stamp(line.at_ms))
                                .monospace()
                                .color(theme::TEXT_WEAK),
                        );
                        theme::elided(ui, RichText::new(line.text).color(line.color));
                    });
                }
            });
    });
}

fn head(ui: &mut Ui, pane: &mut Pane) {
    let form = &mut pane.forms.messages;
    ui.horizontal(|ui| {
        theme::title(ui, TITLE);
        if !form.small {
            ui.add_space(6.0);
            for (kind, name) in KINDS {
                if ui
                    .add(Button::new(name).selected(form.kind == kind))
                    .clicked()
                {
                    form.kind = kind;
                }
            }
        } else if let Some(last) = pane.facts.messages.last() {
            theme::elided(ui, RichText::new(&last.text).color(color_of(last.severity)));
        }
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            let glyph = if form.small { GROW } else { SHRINK };
            if ui.button(glyph).clicked() {
                form.small = !form.small;
            }
            if !form.small {
                let width = ui.available_width().clamp(60.0, 150.0);
                ui.add(
                    TextEdit::singleline(&mut form.search)
                        .hint_text(SEARCH)
                        .desired_width(width),
                );
            }
        });
    });
}

/// Answers and orders together, by time; an order stands before its answer.
fn lines<'a>(facts: &'a super::Facts, form: &'a MessagesForm) -> Vec<Line<'a>> {
    let answers = facts.messages.iter().map(|line| Line {
        at_ms: line.at_ms,
        kind: match line.severity {
            Severity::Info => Kind::All,
            Severity::Refused => Kind::Refused,
            Severity::Alarm => Kind::Alarms,
        },
        text: &line.text,
        color: color_of(line.severity),
    });
    let echoes = form.echoes.iter().map(|(at_ms, text)| Line {
        at_ms: *at_ms,
        kind: Kind::Orders,
        text,
        color: theme::ACCENT,
    });
    let search = form.search.trim().to_lowercase();
    let mut lines: Vec<Line> = echoes
        .chain(answers)
        .filter(|line| form.kind == Kind::All || form.kind == line.kind)
        .filter(|line| search.is_empty() || line.text.to_lowercase().contains(&search))
        .collect();
    lines.sort_by_key(|line| line.at_ms);
    lines
}

fn color_of(severity: Severity) -> Color32 {
    match severity {
        Severity::Info => theme::TEXT,
        Severity::Refused => theme::AMBER,
        Severity::Alarm => theme::RED,
    }
}
