//! The report of a run: its figures of merit over time, what came of each prospector, and the way
//! into files ([`export`](crate::client::export)).
//!
//! While the run goes on it holds what is public: what others own, and what the ground really
//! held, stands in it only when the player has ended the run.

use std::sync::Arc;

use bevy_egui::egui::{Button, Color32, Grid, RichText, ScrollArea, TextEdit, Ui, vec2};
use egui_plot::{Line, Plot, PlotPoints};

use super::{heading, name, weak};
use crate::client::export::{self, Exported};
use crate::client::panels::fleet::capitalised;
use crate::client::panels::{Intent, Pane, format};
use crate::client::{Game, theme};
use crate::sim::economy::figures::{Figure, Sample};

const END: &str = "End the run";
const SURE: &str = "Sure? The clock stops for good";
const END_HELP: &str = "Stops the clock for good and opens everybody's books: then the report is \
                        complete. Save before, if you want to go on later.";
const SECRET: &str = "Known when the run is over";
const PUBLIC: &str = "The run goes on: what others own is theirs to know until you end it.";
const COMPLETE: &str = "The run is over: all books are open.";
const DAY_MS: f64 = 86_400e3;
/// Plots beside each other.
const COLUMNS: usize = 3;

/// What is set on the page of the report.
#[derive(Clone, Debug, Default)]
pub(in crate::client::panels) struct ReportForm {
    /// Where files go; the usual folder if it is empty.
    folder: String,
    /// Ending the run was asked for, once.
    ending: bool,
}

/// Something that the report plots: a figure, or the sum of several.
pub struct Shown {
    pub title: &'static str,
    pub unit: &'static str,
    pub figures: &'static [&'static str],
}

const fn shown(title: &'static str, unit: &'static str, figures: &'static [&'static str]) -> Shown {
    Shown {
        title,
        unit,
        figures,
    }
}

/// What the report plots, in this order.
pub const SHOWN: [Shown; 9] = [
    shown("Output", "kg", &["output_kg"]),
    shown("Welfare", "credits", &["welfare_credits"]),
    shown("Gini of wealth", "", &["gini_wealth"]),
    shown("Dividend paid", "credits", &["dividend_credits"]),
    shown("Disputes", "", &["disputes"]),
    shown("Idle claims", "", &["idle_claims"]),
    shown("Contamination", "cases", &["contamination"]),
    shown(
        "Jobs",
        "full-time",
        &[
            "jobs_operators",
            "jobs_engineers",
            "jobs_geologists",
            "jobs_logistics",
            "jobs_law",
            "jobs_finance",
        ],
    ),
    shown("Price", "credits/kg", &["price_credits_per_kg"]),
];

impl Shown {
    /// Its value in a sample; nothing where it means nothing.
    pub fn of(&self, sample: &Sample) -> Option<f64> {
        let mut sum = 0.0;
        for id in self.figures {
            sum += sample.values[Figure::find(id)?]?;
        }
        Some(sum)
    }
}

/// Figures that tell of hidden ground: only in a complete report.
const OF_THE_GROUND: [&str; 1] = ["water_taken_kg"];

/// A run as it is reported.
#[derive(Clone, Debug)]
pub struct ReportFacts {
    pub level: String,
    pub title: String,
    pub charter: String,
    pub seed: u64,
    pub time_ms: u64,
    /// Whether the run is over, and all is told.
    pub is_complete: bool,
    /// The figures of merit, oldest first, the last as of now. None also where one is not told yet.
    pub series: Vec<Sample>,
    pub prospectors: Vec<ProspectorRow>,
}

/// What came of a prospector; None where that is its own affair.
#[derive(Clone, Debug, PartialEq)]
pub struct ProspectorRow {
    pub name: String,
    pub is_player: bool,
    /// Delivered at nodes.
    pub sold_kg: f64,
    pub claims: usize,
    pub disputes: usize,
    pub robots: usize,
    pub credits: Option<f64>,
    pub net_worth_credits: Option<f64>,
    pub dug_kg: Option<f64>,
    pub readings: Option<usize>,
}

impl ReportFacts {
    pub(in crate::client) fn gather(game: &mut Game) -> Arc<Self> {
        let player = game.player.clone();
        let is_complete = game.is_over();
        let robots: Vec<(String, bool)> = game
            .scene()
            .robots
            .iter()
            .map(|robot| (robot.owner.clone(), robot.lost))
            .collect();
        let (level, title) = (game.level.name.clone(), game.level.title.clone());
        let headless = game.headless_mut();
        let mut series = headless.figure_series().to_vec();
        let now = Sample {
            at_ms: headless.time_ms(),
            values: headless.figures(),
        };
        series.retain(|sample| sample.at_ms < now.at_ms);
        series.push(now);
        if !is_complete {
            for sample in &mut series {
                for index in OF_THE_GROUND.iter().filter_map(|id| Figure::find(id)) {
                    sample.values[index] = None;
                }
            }
        }
        let reports = headless.prospector_reports();
        let disputes = headless.regime().disputes().all();
        let disputes: Vec<String> = disputes.iter().map(|each| each.by.clone()).collect();
        let prospectors = reports
            .into_iter()
            .map(|report| {
                let is_player = report.name == player;
                let is_told = is_complete || is_player;
                let sold_g: i64 = report.sold_g.values().sum();
                let own = robots
                    .iter()
                    .filter(|(owner, lost)| *owner == report.name && !lost);
                ProspectorRow {
                    is_player,
                    sold_kg: 1e-3 * sold_g as f64,
                    claims: headless.claims().held_by(&report.name),
                    disputes: disputes.iter().filter(|by| **by == report.name).count(),
                    robots: own.count(),
                    credits: is_told.then_some(report.credits),
                    net_worth_credits: is_told
                        .then(|| headless.net_worth_credits(&report.name))
                        .flatten(),
                    dug_kg: is_told.then_some(1e-3 * report.dug_g as f64),
                    readings: is_told.then_some(report.samples),
                    name: report.name,
                }
            })
            .collect();
        Arc::new(Self {
            charter: headless.charter().name.clone(),
            seed: headless.seed(),
            time_ms: headless.time_ms(),
            level,
            title,
            is_complete,
            series,
            prospectors,
        })
    }
}

/// What a figure means, as `docs/figures.md` defines it.
pub fn definition(id: &str) -> Option<String> {
    const TEXT: &str = include_str!("../../../../docs/figures.md");
    // Figures of the same kind share a row, named by the first of them.
    let named = if id.starts_with("jobs_") {
        "jobs_operators"
    } else {
        id
    };
    let quoted = format!("`{named}`");
    TEXT.lines()
        .filter_map(|line| {
            let mut cells = line.strip_prefix('|')?.split('|');
            let (ids, _unit, meaning) = (cells.next()?, cells.next()?, cells.next()?);
            ids.contains(&quoted).then(|| plain(meaning))
        })
        .next()
}

/// Text without the marks of the page: `[words](link)` is its words.
fn plain(text: &str) -> String {
    let mut plain = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('[') {
        plain.push_str(before);
        let Some((words, tail)) = after.split_once("](") else {
            plain.push('[');
            rest = after;
            continue;
        };
        plain.push_str(words);
        rest = tail.split_once(')').map_or("", |(_, tail)| tail);
    }
    plain.push_str(rest);
    plain.replace('`', "").trim().to_owned()
}

pub(super) fn show(ui: &mut Ui, pane: &mut Pane) {
    let Some(facts) = pane
        .facts
        .book
        .as_ref()
        .and_then(|book| book.report.clone())
    else {
        return;
    };
    head(ui, pane, &facts);
    ui.separator();
    ScrollArea::vertical()
        .id_salt("report")
        .auto_shrink([false, false])
        .show(ui, |ui| {
            plots(ui, &facts);
            ui.separator();
            prospectors(ui, pane, &facts);
            ui.separator();
            figures(ui, &facts);
        });
}

fn head(ui: &mut Ui, pane: &mut Pane, facts: &ReportFacts) {
    ui.horizontal_wrapped(|ui| {
        heading(ui, &facts.title);
        name(ui, &format!("under “{}”,", facts.charter));
        name(ui, &format!("{} so far,", format::duration(facts.time_ms)));
        name(ui, &format!("seed {}", facts.seed));
    });
    let goals = &pane.facts.goals;
    if !goals.is_empty() {
        let reached = goals.iter().filter(|goal| goal.progress >= 1.0).count();
        let color = if reached == goals.len() {
            theme::GREEN
        } else {
            theme::TEXT
        };
        let text = format!("{reached} of {} goals reached.", goals.len());
        ui.label(RichText::new(text).color(color));
    }
    ui.horizontal_wrapped(|ui| {
        let (text, color) = if facts.is_complete {
            (COMPLETE, theme::GREEN)
        } else {
            (PUBLIC, theme::TEXT_WEAK)
        };
        ui.label(RichText::new(text).small().color(color));
        if !facts.is_complete {
            let form = &mut pane.forms.book.report;
            let text = if form.ending {
                RichText::new(SURE).color(theme::AMBER)
            } else {
                RichText::new(END)
            };
            if ui.button(text).on_hover_text(END_HELP).clicked() {
                let is_sure = form.ending;
                form.ending = !is_sure;
                if is_sure {
                    pane.want(Intent::EndRun);
                }
            }
        }
    });
    ui.horizontal(|ui| {
        let form = &mut pane.forms.book.report;
        let usual = export::usual_folder();
        let usual = usual.map_or_else(String::new, |folder| folder.display().to_string());
        name(ui, "Files into");
        ui.add(
            TextEdit::singleline(&mut form.folder)
                .hint_text(usual)
                .desired_width((ui.available_width() - 120.0).max(120.0)),
        );
        let is_free = !matches!(pane.exported, Some(Exported::Writing));
        let hint = "Tables (CSV), all of it (JSON) and the plots (PNG), in a new folder in there.";
        let button = ui.add_enabled(is_free, Button::new("Export"));
        if button.on_hover_text(hint).clicked() {
            let folder = form.folder.trim().to_owned();
            pane.want(Intent::Export(folder));
        }
    });
    match pane.exported {
        Some(Exported::Writing) => weak(ui, "Writing…"),
        Some(Exported::Written(folder)) => {
            let text = format!("✔ Written to {}", folder.display());
            ui.horizontal(|ui| {
                if ui.small_button("Copy path").clicked() {
                    ui.ctx().copy_text(folder.display().to_string());
                }
                theme::elided(ui, RichText::new(text).color(theme::GREEN));
            });
        }
        Some(Exported::Failed(why)) => {
            ui.label(RichText::new(format!("✘ Not written: {why}")).color(theme::AMBER));
        }
        None => {}
    }
}

fn plots(ui: &mut Ui, facts: &ReportFacts) {
    let gap = 8.0;
    let width = (ui.available_width() - gap * (COLUMNS as f32 - 1.0) - 8.0) / COLUMNS as f32;
    for row in SHOWN.chunks(COLUMNS) {
        ui.horizontal(|ui| {
            ui.spacing_mut().item_spacing.x = gap;
            for shown in row {
                ui.vertical(|ui| {
                    ui.set_width(width);
                    plot(ui, facts, shown, width);
                });
            }
        });
    }
}

fn plot(ui: &mut Ui, facts: &ReportFacts, shown: &Shown, width: f32) {
    let points: Vec<[f64; 2]> = facts
        .series
        .iter()
        .filter_map(|sample| Some([sample.at_ms as f64 / DAY_MS, shown.of(sample)?]))
        .collect();
    ui.horizontal(|ui| {
        ui.label(RichText::new(shown.title).color(theme::TEXT_STRONG))
            .on_hover_ui(|ui| defined(ui, shown));
        let now = points
            .last()
            .map_or("–".to_owned(), |[_, value]| number(*value));
        theme::elided(
            ui,
            RichText::new(format!("{now} {}", shown.unit)).color(theme::TEXT_WEAK),
        )
        .on_hover_ui(|ui| defined(ui, shown));
    });
    let line = Line::new(shown.title, PlotPoints::new(points))
        .color(theme::ACCENT)
        .width(1.5);
    let days = facts.time_ms as f64 / DAY_MS;
    Plot::new(("report", shown.title))
        .height(104.0)
        .width(width)
        .allow_scroll(false)
        .allow_boxed_zoom(false)
        .allow_drag(false)
        .allow_zoom(false)
        .grid_color(theme::GRID)
        .y_axis_min_width(38.0)
        .y_axis_formatter(|mark, _| number(mark.value))
        .x_axis_formatter(|mark, _| format!("{} d", number(mark.value)))
        .include_x(0.0)
        .include_x(days.max(1.0))
        .include_y(0.0)
        .include_y(1.0)
        .set_margin_fraction(vec2(0.02, 0.1))
        .show(ui, |plot| plot.line(line));
}

fn defined(ui: &mut Ui, shown: &Shown) {
    for id in shown.figures.iter().take(1) {
        if let Some(text) = definition(id) {
            ui.label(capitalised(&text));
        }
    }
}

/// A number in a few letters.
fn number(value: f64) -> String {
    let size = value.abs();
    let (scaled, letter) = match size {
        _ if size < 1e4 => (value, ""),
        _ if size < 1e6 => (value * 1e-3, "k"),
        _ if size < 1e9 => (value * 1e-6, "M"),
        _ => (value * 1e-9, "G"),
    };
    let digits = match scaled.abs() {
        part if part == part.round() && part < 1e4 => 0,
        part if part < 10.0 => 2,
        part if part < 100.0 => 1,
        _ => 0,
    };
    format!("{scaled:.digits$}{letter}").replace('-', "−")
}

fn prospectors(ui: &mut Ui, pane: &Pane, facts: &ReportFacts) {
    heading(ui, "Prospectors");
    Grid::new("report prospectors")
        .num_columns(9)
        .striped(true)
        .spacing(vec2(14.0, 4.0))
        .show(ui, |ui| {
            for text in [
                "",
                "Net worth",
                "Money",
                "Sold",
                "Dug",
                "Readings",
                "Claims",
                "Disputes",
                "Robots",
            ] {
                name(ui, text);
            }
            ui.end_row();
            for row in &facts.prospectors {
                ui.label(RichText::new(&row.name).color(pane.accent(&row.name)));
                let told = |ui: &mut Ui, value: Option<String>| {
                    let text = value.clone().unwrap_or("–".to_owned());
                    let shown = ui.label(RichText::new(text).monospace().color(theme::TEXT));
                    if value.is_none() {
                        shown.on_hover_text(SECRET);
                    }
                };
                told(ui, row.net_worth_credits.map(format::credits));
                told(ui, row.credits.map(format::credits));
                told(ui, Some(format::mass(row.sold_kg)));
                told(ui, row.dug_kg.map(format::mass));
                told(ui, row.readings.map(|count| count.to_string()));
                for count in [row.claims, row.disputes, row.robots] {
                    told(ui, Some(count.to_string()));
                }
                ui.end_row();
            }
        });
}

fn figures(ui: &mut Ui, facts: &ReportFacts) {
    heading(ui, "All figures");
    let Some(now) = facts.series.last() else {
        return;
    };
    let half = Figure::ALL.len().div_ceil(2);
    ui.columns_const(|columns: &mut [Ui; 2]| {
        for (k, figure) in Figure::ALL.iter().enumerate() {
            let ui = &mut columns[k / half];
            let (text, color): (String, Color32) = match now.values[k] {
                Some(value) => (format!("{} {}", number(value), figure.unit), theme::TEXT),
                None => ("–".to_owned(), theme::TEXT_WEAK),
            };
            theme::fact_in(ui, figure.title, text.trim(), color).on_hover_ui(|ui| {
                if let Some(text) = definition(figure.id) {
                    ui.label(capitalised(&text));
                }
            });
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_figure_has_its_definition() {
        for figure in Figure::ALL {
            let text = definition(figure.id).unwrap_or_default();
            assert!(8 < text.len(), "{}: {text:?}", figure.id);
            assert!(!text.contains(['[', '`', '|']), "{}: {text}", figure.id);
        }
        assert!(definition("no_such_figure").is_none());
        let told = definition("contamination").unwrap();
        assert!(told.contains("what life they carry (law.md)"), "{told}");
    }

    #[test]
    fn every_plot_is_of_figures_that_there_are() {
        for shown in &SHOWN {
            for id in shown.figures {
                assert!(Figure::find(id).is_some(), "{id}");
            }
        }
        let sample = Sample {
            at_ms: 0,
            values: vec![Some(2.0); Figure::ALL.len()],
        };
        assert_eq!(SHOWN[0].of(&sample), Some(2.0));
        assert_eq!(SHOWN[7].of(&sample), Some(12.0), "all six kinds of jobs");
    }

    #[test]
    fn numbers_are_short() {
        for (value, text) in [
            (0.0, "0"),
            (0.437, "0.44"),
            (12.34, "12.3"),
            (1234.0, "1234"),
            (-45_600.0, "−45.6k"),
            (2_500_000.0, "2.50M"),
        ] {
            assert_eq!(number(value), text);
        }
    }
}
