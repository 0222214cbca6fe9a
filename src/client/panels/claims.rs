//! The public registry of claims.

use bevy_egui::egui::{Context, Grid, RichText, ScrollArea, Sense, Ui, vec2};

use super::facts::Facts;
use super::{Intent, Pane, Sheet, format, sheet};
use crate::client::theme;

const TITLE: &str = "Claims";
const EMPTY: &str = "Nobody has claimed anything yet.";
const LOOK: &str = "Look";
const HEADINGS: [&str; 6] = ["", "Holder", "Radius", "Distance", "Filed", ""];
const HINT: &str = "Select a robot that stands on free ground and press K to claim what is around \
                    it. Digging on another's claim is refused.";

/// The radius of the next claim.
#[derive(Clone, Debug, Default)]
pub struct ClaimForm {
    pub radius_m: Option<f64>,
}

impl super::Forms {
    /// The radius of the next claim, as chosen or three quarters of what the charter allows [m].
    pub fn claim_radius_m(&self, facts: &Facts) -> f64 {
        let max_m = facts.charter.claim_radius_max_m;
        self.claims.radius_m.unwrap_or(max_m * 0.75).min(max_m)
    }
}

pub fn show(ctx: &Context, pane: &mut Pane) {
    sheet(
        ctx,
        pane,
        Sheet::Claims,
        TITLE,
        vec2(430.0, 280.0),
        |ui, pane| {
            let facts = pane.facts;
            ui.horizontal_wrapped(|ui| {
                ui.label(RichText::new("Fee").color(theme::TEXT_WEAK));
                ui.label(RichText::new(format::credits(facts.charter.claim_fee)).monospace());
                ui.label(RichText::new("Largest radius").color(theme::TEXT_WEAK));
                ui.label(
                    RichText::new(format::length(facts.charter.claim_radius_max_m)).monospace(),
                );
            });
            ui.separator();
            if facts.seen.claims.is_empty() {
                ui.label(RichText::new(EMPTY).color(theme::TEXT_WEAK));
            } else {
                ScrollArea::both()
                    .auto_shrink([false, true])
                    .show(ui, |ui| table(ui, pane));
            }
            ui.label(RichText::new(HINT).small().color(theme::TEXT_WEAK));
        },
    );
}

fn table(ui: &mut Ui, pane: &mut Pane) {
    let facts = pane.facts;
    let from_m = facts
        .seen
        .robots
        .iter()
        .find(|own| Some(&own.name) == pane.selection.robot.as_ref())
        .or(facts.seen.robots.first())
        .map(|own| own.position_m);
    Grid::new("claims")
        .num_columns(HEADINGS.len())
        .striped(true)
        .spacing(vec2(12.0, 5.0))
        .show(ui, |ui| {
            for heading in HEADINGS {
                ui.label(RichText::new(heading).color(theme::TEXT_WEAK));
            }
            ui.end_row();
            for claim in &facts.seen.claims {
                let accent = pane.accent(&claim.owner);
                let (rect, _) = ui.allocate_exact_size(vec2(10.0, 10.0), Sense::hover());
                ui.painter()
                    .circle_stroke(rect.center(), 4.0, (2.0, accent));
                ui.label(RichText::new(&claim.owner).color(accent));
                ui.monospace(format::length(f64::from(claim.radius_m)));
                ui.monospace(from_m.map_or("–".into(), |from_m| {
                    format::length(f64::from(from_m.distance(claim.centre_m)))
                }));
                ui.monospace(format::stamp(claim.filed_at_ms));
                if ui.button(LOOK).clicked() {
                    pane.want(Intent::LookAt(claim.centre_m));
                }
                ui.end_row();
            }
        });
}
