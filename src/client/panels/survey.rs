//! What the player knows of the ground: every reading with its error, what readings add up to by
//! place, and what the body as a whole may be.

use bevy::prelude::*;
use bevy_egui::egui::{
    Align2, Color32, Context, FontId, Grid, Id, LayerId, Order, Rect, RichText, ScrollArea, Ui,
    pos2, vec2,
};

use super::fleet::capitalised;
use super::{Intent, Pane, Sheet, format, sheet, trade};
use crate::client::theme;
use crate::client::view::chart;
use crate::sim::asteroid::constituent::Constituent;
use crate::sim::observation::Sample;
use crate::sim::prospecting::{Estimate, Held, Provenance, Quantity};

const TITLE: &str = "What is known of the ground";
const NO_WATER: &str = "No spot has been read yet. Select a robot at rest and press V.";
const NO_READINGS: &str = "No readings yet. A robot measures with what it carries.";
const LOOK: &str = "Look";
const HEADINGS: [&str; 5] = ["Place", "Water", "Readings", "Last", ""];
const READING_HEADINGS: [&str; 5] = ["When", "Instrument", "Estimates", "From", ""];
const NOTE: &str = "Water by mass, with one standard error. Readings within 2 m count as one place; \
                    their error shrinks with their number. The truth is not shown anywhere.";
const READING_NOTE: &str = "Each with one standard error. Part of it is the instrument's own and \
                            does not shrink when the same robot measures again.";
const MAP_NOTE: &str = "Drawn on the ground from your readings by kriging, and pale where little is \
                        known. Lines part the scale into tenths. E turns it on and off.";
const BODY_NOTE: &str = "From spectra alone. Classes that look alike share the odds until a robot \
                         touches the ground.";
/// Readings nearer than this are of one place [m].
const SAME_PLACE_M: f32 = 2.0;
/// Readings listed, the newest first.
const READINGS_SHOWN: usize = 200;
/// Classes listed.
const CLASSES_SHOWN: usize = 8;

/// The part of the window that is open.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Tab {
    #[default]
    Places,
    Map,
    Readings,
    Body,
    Trade,
}

/// What the player has chosen in this window.
#[derive(Debug, Default)]
pub(super) struct SurveyForm {
    tab: Tab,
}

pub fn show(ctx: &Context, pane: &mut Pane) {
    sheet(
        ctx,
        pane,
        Sheet::Survey,
        TITLE,
        vec2(580.0, 380.0),
        |ui, pane| {
            ui.horizontal(|ui| {
                let tab = &mut pane.forms.survey.tab;
                ui.selectable_value(tab, Tab::Places, "Water by place");
                ui.selectable_value(tab, Tab::Map, "Map");
                ui.selectable_value(tab, Tab::Readings, "Readings");
                ui.selectable_value(tab, Tab::Body, "The body");
                ui.selectable_value(tab, Tab::Trade, "Trade");
            });
            ui.separator();
            match pane.forms.survey.tab {
                Tab::Places => show_places(ui, pane),
                Tab::Map => show_map(ui, pane),
                Tab::Readings => show_readings(ui, pane),
                Tab::Body => show_body(ui, pane),
                Tab::Trade => trade::show(ui, pane),
            }
        },
    );
}

fn show_places(ui: &mut Ui, pane: &mut Pane) {
    let places = places(&pane.facts.seen.samples);
    if places.is_empty() {
        ui.label(RichText::new(NO_WATER).color(theme::TEXT_WEAK));
        return;
    }
    scroll(ui, |ui| table(ui, pane, &places));
    note(ui, NOTE);
}

/// Which good is charted on the ground, and whether its estimate or its uncertainty.
fn show_map(ui: &mut Ui, pane: &mut Pane) {
    let mut wish = pane.chart;
    ui.horizontal_wrapped(|ui| {
        ui.selectable_value(&mut wish.constituent, None, "Off");
        for constituent in Constituent::ALL {
            let name = capitalised(&constituent.to_string());
            ui.selectable_value(&mut wish.constituent, Some(constituent), name);
        }
    });
    ui.horizontal(|ui| {
        ui.selectable_value(&mut wish.shows_doubt, false, "Estimate");
        ui.selectable_value(&mut wish.shows_doubt, true, "Uncertainty");
    });
    if wish != pane.chart {
        pane.want(Intent::Chart(wish));
    }
    note(ui, MAP_NOTE);
}

/// What the colours on the ground mean, in the corner of the picture.
pub(super) fn paint_legend(ctx: &Context, pane: &Pane) {
    let (Some(_), Some(scale)) = (pane.chart.constituent, pane.chart_scale) else {
        return;
    };
    let size = vec2(216.0, 50.0);
    let free = pane.forms.free;
    let rect = Rect::from_min_size(
        pos2(free.max.x - size.x - 6.0, free.max.y - size.y - 6.0),
        size,
    );
    let painter = ctx.layer_painter(LayerId::new(Order::Background, Id::new("legend")));
    theme::paint_plate(&painter, rect, theme::TEXT_WEAK, 0.85);
    let name = capitalised(&scale.constituent.to_string());
    let title = if scale.shows_doubt {
        format!("{name}: standard error")
    } else {
        format!("{name}: estimate")
    };
    let font = FontId::proportional(12.0);
    let inner = rect.shrink2(vec2(9.0, 6.0));
    painter.text(
        inner.min,
        Align2::LEFT_TOP,
        title,
        font.clone(),
        theme::TEXT_STRONG,
    );
    let bar = Rect::from_min_max(
        pos2(inner.min.x, inner.min.y + 17.0),
        pos2(inner.max.x, inner.min.y + 24.0),
    );
    const STEPS: usize = 48;
    for step in 0..STEPS {
        let at = |k: usize| bar.min.x + bar.width() * k as f32 / STEPS as f32;
        let [r, g, b] = chart::colour((step as f32 + 0.5) / STEPS as f32);
        let part = Rect::from_min_max(pos2(at(step), bar.min.y), pos2(at(step + 1), bar.max.y));
        painter.rect_filled(part, 0.0, Color32::from_rgb(r, g, b));
    }
    let ends = [
        (inner.min.x, Align2::LEFT_BOTTOM, scale.low),
        (inner.max.x, Align2::RIGHT_BOTTOM, scale.high),
    ];
    for (x, align, value) in ends {
        let text = format::content(value, scale.high);
        painter.text(
            pos2(x, inner.max.y + 2.0),
            align,
            text,
            font.clone(),
            theme::TEXT,
        );
    }
}

fn show_readings(ui: &mut Ui, pane: &mut Pane) {
    let facts = pane.facts;
    if facts.seen.readings.is_empty() {
        ui.label(RichText::new(NO_READINGS).color(theme::TEXT_WEAK));
        return;
    }
    scroll(ui, |ui| {
        Grid::new("readings")
            .num_columns(READING_HEADINGS.len())
            .striped(true)
            .spacing(vec2(14.0, 5.0))
            .show(ui, |ui| {
                headings(ui, &READING_HEADINGS);
                for held in facts.seen.readings.iter().rev().take(READINGS_SHOWN) {
                    reading_row(ui, pane, held);
                }
            });
    });
    note(ui, READING_NOTE);
}

fn reading_row(ui: &mut Ui, pane: &mut Pane, held: &Held) {
    let reading = &held.reading;
    ui.monospace(format::stamp(reading.at_ms));
    ui.label(capitalised(&reading.instrument.to_string()))
        .on_hover_text(&reading.robot);
    let told: Vec<String> = reading.estimates.iter().map(estimate_text).collect();
    let first = told.iter().take(2).cloned().collect::<Vec<_>>().join(", ");
    let first = match told.len() {
        0..=2 => first,
        more => format!("{first} and {} more", more - 2),
    };
    ui.label(RichText::new(first).monospace())
        .on_hover_text(told.join("\n"));
    let from = match &held.provenance {
        Provenance::Own => reading.robot.clone(),
        Provenance::Bought { from, .. } => format!("bought of {from}"),
        Provenance::Shared { from, .. } => format!("shared by {from}"),
        Provenance::Public => "public record".to_owned(),
    };
    ui.label(RichText::new(from).color(theme::TEXT_WEAK));
    if reading.point_m == Vec3::ZERO {
        ui.label("");
    } else if ui.button(LOOK).clicked() {
        pane.want(Intent::LookAt(reading.point_m));
    }
    ui.end_row();
}

/// "water 8.1 ± 1.0 %".
fn estimate_text(estimate: &Estimate) -> String {
    let Estimate {
        quantity,
        value,
        std,
        ..
    } = *estimate;
    let reading = match quantity {
        Quantity::Content(_) => format::content_estimate(value, std),
        Quantity::RockCover | Quantity::Albedo => format::percent_estimate(value, std),
        Quantity::Gravity | Quantity::GravityAnomaly => {
            format!("{:.2} ± {:.2} µm/s²", 1e6 * value, 1e6 * std)
        }
        _ => {
            // As many digits as the error leaves meaning to.
            let digits = (1.0 - std.max(1e-9).log10().floor()).clamp(0.0, 4.0) as usize;
            format!("{value:.digits$} ± {std:.digits$} {}", quantity.unit())
        }
    };
    format!("{quantity} {}", reading.trim_end())
}

fn show_body(ui: &mut Ui, pane: &mut Pane) {
    let guess = &pane.facts.seen.class_guess.0;
    Grid::new("classes")
        .num_columns(3)
        .spacing(vec2(12.0, 5.0))
        .show(ui, |ui| {
            for chance in guess.iter().take(CLASSES_SHOWN) {
                ui.label(chance.class.replace('_', " "));
                ui.scope(|ui| {
                    ui.set_width(220.0);
                    theme::bar(ui, chance.probability as f32, theme::ACCENT, 8.0);
                });
                ui.monospace(format::percent(chance.probability));
                ui.end_row();
            }
        });
    note(ui, BODY_NOTE);
}

fn scroll(ui: &mut Ui, show: impl FnOnce(&mut Ui)) {
    ScrollArea::both()
        .auto_shrink([false, true])
        .max_height(ui.available_height() - 44.0)
        .show(ui, show);
}

fn note(ui: &mut Ui, text: &str) {
    ui.add_space(4.0);
    ui.label(RichText::new(text).small().color(theme::TEXT_WEAK));
}

fn headings(ui: &mut Ui, headings: &[&str]) {
    for heading in headings {
        ui.label(RichText::new(*heading).color(theme::TEXT_WEAK));
    }
    ui.end_row();
}

fn table(ui: &mut Ui, pane: &mut Pane, places: &[Place]) {
    let richest = places.iter().map(|place| place.water).fold(0.0, f64::max);
    Grid::new("samples")
        .num_columns(HEADINGS.len())
        .striped(true)
        .spacing(vec2(14.0, 5.0))
        .show(ui, |ui| {
            headings(ui, &HEADINGS);
            for place in places {
                ui.monospace(format::coordinates(
                    place.point_m - pane.facts.seen.centre_m,
                ));
                let color = if place.water >= richest {
                    theme::GREEN
                } else {
                    theme::TEXT
                };
                let water = format::percent_estimate(place.water, place.std);
                ui.label(RichText::new(water).monospace().color(color));
                ui.monospace(place.count.to_string());
                ui.monospace(format::stamp(place.last_ms));
                if ui.button(LOOK).clicked() {
                    pane.want(Intent::LookAt(place.point_m));
                }
                ui.end_row();
            }
        });
}

/// Readings of one place taken together.
#[derive(Clone, Debug, PartialEq)]
struct Place {
    point_m: Vec3,
    water: f64,
    std: f64,
    count: usize,
    last_ms: u64,
}

/// Readings by place, the latest place first: means weighted by the inverse variances.
fn places(samples: &[Sample]) -> Vec<Place> {
    let mut groups: Vec<(Vec3, Vec<&Sample>)> = Vec::new();
    for sample in samples {
        let near = |(point_m, _): &&mut (Vec3, Vec<&Sample>)| {
            point_m.distance(sample.point_m) < SAME_PLACE_M
        };
        match groups.iter_mut().find(near) {
            Some((_, group)) => group.push(sample),
            None => groups.push((sample.point_m, vec![sample])),
        }
    }
    let mut places: Vec<Place> = groups
        .into_iter()
        .map(|(point_m, group)| {
            let weight =
                |sample: &Sample| 1.0 / f64::from(sample.water_fraction_std).powi(2).max(1e-12);
            let weights: f64 = group.iter().map(|sample| weight(sample)).sum();
            let water: f64 = group
                .iter()
                .map(|sample| weight(sample) * f64::from(sample.water_fraction))
                .sum();
            Place {
                point_m,
                water: water / weights,
                std: weights.sqrt().recip(),
                count: group.len(),
                last_ms: group.iter().map(|sample| sample.at_ms).max().unwrap_or(0),
            }
        })
        .collect();
    places.sort_by_key(|place| std::cmp::Reverse(place.last_ms));
    places
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample(x: f32, at_ms: u64, water_fraction: f32) -> Sample {
        Sample {
            at_ms,
            point_m: Vec3::X * x,
            water_fraction,
            water_fraction_std: 0.02,
        }
    }

    #[test]
    fn readings_of_one_place_are_averaged_and_their_error_shrinks() {
        let samples = [
            sample(0.0, 1, 0.06),
            sample(0.5, 2, 0.10),
            sample(0.2, 3, 0.08),
            sample(0.1, 4, 0.08),
            sample(50.0, 5, 0.12),
        ];
        let places = places(&samples);
        assert_eq!(places.len(), 2);
        assert_eq!(places[0].count, 1);
        assert_eq!(places[1].count, 4);
        assert!((places[1].water - 0.08).abs() < 1e-6);
        // Four readings halve the error.
        assert!((places[1].std - 0.01).abs() < 1e-6);
    }
}
