//! The player's books: every movement on their own accounts, newest first.

use bevy_egui::egui::{Align, Checkbox, Context, Layout, RichText, ScrollArea, TextEdit, Ui, vec2};

use super::facts::BookLine;
use super::{Pane, Sheet, format, sheet};
use crate::client::theme;

const TITLE: &str = "Ledger";
const MONEY_ONLY: &str = "Money only";
const SEARCH: &str = "Filter by reason or account…";
const EMPTY: &str = "Nothing has moved on your accounts yet.";
const HEADINGS: [&str; 5] = ["When", "Why", "Account", "Other side", "Amount"];

/// What the reader looks for.
#[derive(Clone, Debug)]
pub struct LedgerForm {
    pub money_only: bool,
    search: String,
}

impl Default for LedgerForm {
    fn default() -> Self {
        Self {
            money_only: true,
            search: String::new(),
        }
    }
}

pub fn show(ctx: &Context, pane: &mut Pane) {
    sheet(
        ctx,
        pane,
        Sheet::Ledger,
        TITLE,
        vec2(600.0, 380.0),
        |ui, pane| {
            ui.horizontal(|ui| {
                let form = &mut pane.forms.ledger;
                ui.add(Checkbox::new(&mut form.money_only, MONEY_ONLY));
                ui.add(
                    TextEdit::singleline(&mut form.search)
                        .hint_text(SEARCH)
                        .desired_width(200.0),
                );
                ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                    ui.label(
                        RichText::new(format::credits(pane.facts.seen.credits))
                            .monospace()
                            .color(theme::TEXT_STRONG),
                    );
                    ui.label(RichText::new("Balance").color(theme::TEXT_WEAK));
                });
            });
            ui.separator();
            let search = pane.forms.ledger.search.trim().to_lowercase();
            let lines: Vec<&BookLine> = pane
                .facts
                .books
                .iter()
                .filter(|line| search.is_empty() || fits(line, &search))
                .collect();
            if lines.is_empty() {
                ui.label(RichText::new(EMPTY).color(theme::TEXT_WEAK));
                return;
            }
            table(ui, &lines);
        },
    );
}

fn table(ui: &mut Ui, lines: &[&BookLine]) {
    let row_height = 20.0;
    let width = ui.available_width() - 14.0;
    let columns = [
        70.0,
        84.0,
        (width - 290.0) / 2.0,
        (width - 290.0) / 2.0,
        110.0,
    ];
    row(ui, &columns, row_height, |i| {
        RichText::new(HEADINGS[i]).color(theme::TEXT_WEAK)
    });
    ScrollArea::vertical()
        .auto_shrink([false, false])
        .show_rows(ui, row_height, lines.len(), |ui, shown| {
            for line in &lines[shown] {
                row(ui, &columns, row_height, |i| match i {
                    0 => RichText::new(format::stamp(line.at_ms))
                        .monospace()
                        .color(theme::TEXT_WEAK),
                    1 => RichText::new(reason(line)),
                    2 => RichText::new(&line.account),
                    3 => RichText::new(&line.counterpart).color(theme::TEXT_WEAK),
                    _ => RichText::new(amount(line))
                        .monospace()
                        .color(if line.amount < 0.0 {
                            theme::TEXT
                        } else {
                            theme::GREEN
                        }),
                });
            }
        });
}

/// One line of cells; the last stands to the right, as numbers do.
fn row(ui: &mut Ui, columns: &[f32; 5], height: f32, cell: impl Fn(usize) -> RichText) {
    ui.horizontal(|ui| {
        ui.spacing_mut().item_spacing.x = 4.0;
        for (i, width) in columns.iter().enumerate() {
            let layout = if i + 1 == columns.len() {
                Layout::right_to_left(Align::Center)
            } else {
                Layout::left_to_right(Align::Center)
            };
            let size = vec2((width - 4.0).max(20.0), height - 5.0);
            ui.allocate_ui_with_layout(size, layout, |ui| {
                ui.set_min_size(size);
                theme::elided(ui, cell(i));
            });
        }
    });
}

fn fits(line: &BookLine, search: &str) -> bool {
    [reason(line).as_str(), &line.account, &line.counterpart]
        .iter()
        .any(|text| text.to_lowercase().contains(search))
}

fn reason(line: &BookLine) -> String {
    super::fleet::capitalised(&line.memo.as_str().replace('_', " "))
}

fn amount(line: &BookLine) -> String {
    if line.is_money {
        format::credit_change(line.amount)
    } else {
        format::mass(line.amount)
    }
}
