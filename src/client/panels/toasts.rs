//! Short notices over the picture: what was just ordered, what was just refused and why, and the
//! moments worth a notice of their own.

use std::time::{Duration, Instant};

use bevy::prelude::*;
use bevy_egui::egui::{self, Color32, Rect, pos2, vec2};

use super::facts::Facts;
use super::format;
use crate::client::theme;
use crate::sim::order::Severity;

const LASTS: Duration = Duration::from_millis(4500);
const FADES: Duration = Duration::from_millis(600);
/// More at a time would hide the picture.
const SHOWN: usize = 4;

/// Notices on the screen, oldest first.
#[derive(Resource, Default)]
pub struct Toasts(Vec<Toast>);

struct Toast {
    since: Instant,
    text: String,
    color: Color32,
}

impl Toasts {
    /// Says something ordinary.
    pub fn tell(&mut self, text: impl Into<String>) {
        self.push(text.into(), theme::TEXT);
    }

    /// Says that something was achieved.
    pub fn praise(&mut self, text: impl Into<String>) {
        self.push(text.into(), theme::GREEN);
    }

    /// Says that something did not work.
    pub fn warn(&mut self, text: impl Into<String>) {
        self.push(text.into(), theme::AMBER);
    }

    /// Finds what is worth a notice between two snapshots.
    pub fn notice(&mut self, before: Option<&Facts>, now: &Facts) {
        let Some(before) = before else {
            return;
        };
        if now.seen.time_ms < before.seen.time_ms {
            return;
        }
        for line in new_messages(before, now) {
            match line.severity {
                Severity::Info => {}
                Severity::Refused => self.push(line.text.clone(), theme::AMBER),
                Severity::Alarm => self.push(line.text.clone(), theme::RED),
            }
        }
        let water = |facts: &Facts| facts.seen.plants.iter().map(|plant| plant.water_kg).sum();
        let (had, has): (f64, f64) = (water(before), water(now));
        if had <= 0.0 && has > 0.0 && now.sold_kg <= 0.0 {
            self.push("First water in the tank.".into(), theme::WATER);
        }
        if before.sold_kg < now.sold_kg {
            let first = if before.sold_kg <= 0.0 {
                "First sale: "
            } else {
                "Sold "
            };
            let mass = format::mass(now.sold_kg - before.sold_kg);
            self.push(format!("{first}{mass} of water."), theme::GREEN);
        }
        for (was, is) in before.goals.iter().zip(&now.goals) {
            if was.progress < 1.0 && is.progress >= 1.0 {
                self.push(format!("Goal reached: {}.", is.text), theme::GREEN);
            }
        }
    }

    pub fn show(&mut self, ctx: &egui::Context, free: Rect) {
        let now = Instant::now();
        self.0.retain(|toast| now - toast.since < LASTS);
        if self.0.is_empty() {
            return;
        }
        let painter = ctx.layer_painter(egui::LayerId::new(
            egui::Order::Foreground,
            egui::Id::new("toasts"),
        ));
        let mut top = free.min.y + 4.0;
        for toast in &self.0 {
            let left = LASTS.saturating_sub(now - toast.since);
            let opacity = (left.as_secs_f32() / FADES.as_secs_f32()).min(1.0);
            let galley = painter.layout(
                toast.text.clone(),
                egui::FontId::proportional(14.0),
                toast.color.gamma_multiply(opacity),
                free.width() * 0.8,
            );
            let size = galley.size() + vec2(24.0, 12.0);
            let rect = Rect::from_center_size(pos2(free.center().x, top + size.y / 2.0), size);
            let line = toast.color.gamma_multiply(0.5 * opacity);
            theme::paint_plate(&painter, rect, line, opacity);
            painter.galley(rect.min + vec2(12.0, 6.0), galley, toast.color);
            top = rect.max.y + 6.0;
        }
    }

    fn push(&mut self, text: String, color: Color32) {
        // The same notice again only stays longer.
        self.0.retain(|toast| toast.text != text);
        if self.0.len() == SHOWN {
            self.0.remove(0);
        }
        self.0.push(Toast {
            since: Instant::now(),
            text,
            color,
        });
    }
}

/// Messages that came after those of `before`.
fn new_messages<'a>(
    before: &'a Facts,
    now: &'a Facts,
) -> impl Iterator<Item = &'a crate::sim::order::LogLine> {
    // Where the last message of before cannot be found, too much has happened to name it all.
    let old = match before.messages.last() {
        None => 0,
        Some(last) => now
            .messages
            .iter()
            .rposition(|line| line == last)
            .map_or(now.messages.len(), |old| old + 1),
    };
    now.messages.iter().skip(old)
}
