//! The player's readings of the ground, each with its error, and what they add up to by place.

use bevy::prelude::*;
use bevy_egui::egui::{Context, Grid, RichText, ScrollArea, Ui, vec2};

use super::{Intent, Pane, Sheet, format, sheet};
use crate::client::theme;
use crate::sim::observation::Sample;

const TITLE: &str = "Samples";
const EMPTY: &str = "No readings yet. Select a robot at rest and press V.";
const LOOK: &str = "Look";
const HEADINGS: [&str; 5] = ["Place", "Water", "Readings", "Last", ""];
const NOTE: &str = "Water by mass, with one standard error. Readings within 2 m count as one place; \
                    their error shrinks with their number. The truth is not shown anywhere.";
/// Readings nearer than this are of one place [m].
const SAME_PLACE_M: f32 = 2.0;

pub fn show(ctx: &Context, pane: &mut Pane) {
    sheet(
        ctx,
        pane,
        Sheet::Samples,
        TITLE,
        vec2(460.0, 300.0),
        |ui, pane| {
            let places = places(&pane.facts.seen.samples);
            if places.is_empty() {
                ui.label(RichText::new(EMPTY).color(theme::TEXT_WEAK));
                return;
            }
            ScrollArea::both()
                .auto_shrink([false, true])
                .max_height(ui.available_height() - 44.0)
                .show(ui, |ui| table(ui, pane, &places));
            ui.label(RichText::new(NOTE).small().color(theme::TEXT_WEAK));
        },
    );
}

fn table(ui: &mut Ui, pane: &mut Pane, places: &[Place]) {
    let richest = places.iter().map(|place| place.water).fold(0.0, f64::max);
    Grid::new("samples")
        .num_columns(HEADINGS.len())
        .striped(true)
        .spacing(vec2(14.0, 5.0))
        .show(ui, |ui| {
            for heading in HEADINGS {
                ui.label(RichText::new(heading).color(theme::TEXT_WEAK));
            }
            ui.end_row();
            for place in places {
                ui.monospace(format::coordinates(place.point_m));
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
