//! The bar along the top: time and its warp, money, and the way to every window.

use bevy::prelude::*;
use bevy_egui::egui::{Align, Button, Layout, RichText, Ui};

use super::{Intent, Pane, Sheet, Tab, format, panel};
use crate::client::game::WARPS;
use crate::client::theme;

const PAUSE: &str = "⏸";
const RESUME: &str = "▶";
const MENU: &str = "Menu";
const MENU_HELP: &str = "Save, load, settings, leave (Esc)";
const PAUSE_HELP: &str = "Stop or start the clock (Space)";
const CREDITS_HELP: &str = "Your account. Every movement stands in the ledger (J).";
const LOCAL_HELP: &str = "Solar time where you look: the Sun rises near 06:00 and sets near 18:00. \
                          Panels make power in between.";
const CLOCK_HELP: &str = "Time since the run began";
const LAGGING: &str = "This machine cannot keep up with the warp you asked for; it runs as fast as \
                       it can.";
const SHEETS: [(Sheet, &str, &str); 2] = [
    (Sheet::Ledger, "Ledger", "Your books, line by line (J)"),
    (Sheet::Survey, "Survey", "What you know of the ground (T)"),
];

pub fn show(ui: &mut Ui, pane: &mut Pane) {
    panel(ui, |ui| {
        ui.horizontal(|ui| {
            time(ui, pane);
            ui.separator();
            warp(ui, pane);
            ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                ways(ui, pane);
                ui.separator();
                money(ui, pane);
            });
        });
    });
}

fn time(ui: &mut Ui, pane: &Pane) {
    ui.label(
        RichText::new(format::mission_clock(pane.clock.time_ms))
            .monospace()
            .size(15.0)
            .color(theme::TEXT_STRONG),
    )
    .on_hover_text(CLOCK_HELP);
    if let Some(place_m) = place_of_interest(pane) {
        let seen = &pane.facts.seen;
        let hours = format::local_time_h(place_m - seen.centre_m, pane.facts.sun_direction);
        let is_lit = seen.outward(place_m).dot(pane.facts.sun_direction) > 0.0;
        let (glyph, color) = if is_lit {
            ("☀", theme::AMBER)
        } else {
            ("🌙", theme::TEXT_WEAK)
        };
        ui.add_space(4.0);
        ui.label(RichText::new(glyph).color(color))
            .on_hover_text(LOCAL_HELP);
        ui.label(RichText::new(format::clock(hours)).monospace())
            .on_hover_text(LOCAL_HELP);
    }
}

/// Where the player is at work: the selected machine, else the first of their own.
fn place_of_interest(pane: &Pane) -> Option<Vec3> {
    let facts = pane.facts;
    let robot = pane.selection.robot.as_deref();
    let plant = pane.selection.plant.as_deref();
    let robots = &facts.seen.robots;
    let plants = &facts.seen.plants;
    let found = robots
        .iter()
        .find(|own| Some(own.name.as_str()) == robot)
        .map(|own| own.position_m)
        .or_else(|| {
            let own = plants.iter().find(|own| Some(own.name.as_str()) == plant)?;
            Some(own.position_m)
        });
    found
        .or_else(|| plants.first().map(|own| own.position_m))
        .or_else(|| robots.first().map(|own| own.position_m))
}

fn warp(ui: &mut Ui, pane: &mut Pane) {
    let clock = pane.clock;
    let glyph = if clock.paused { RESUME } else { PAUSE };
    let button = Button::new(RichText::new(glyph).size(15.0)).selected(clock.paused);
    if ui.add(button).on_hover_text(PAUSE_HELP).clicked() {
        pane.want(Intent::TogglePause);
    }
    ui.spacing_mut().item_spacing.x = 2.0;
    for (i, warp) in WARPS.into_iter().enumerate() {
        let is_on = !clock.paused && clock.warp == warp;
        let text = format::warp(f64::from(warp));
        let help = format!(
            "{} of the site in one second of yours (key {})",
            format::duration(u64::from(warp) * 1000),
            i + 1
        );
        let button = Button::new(RichText::new(text).monospace()).selected(is_on);
        if ui.add(button).on_hover_text(help).clicked() {
            pane.want(Intent::SetWarp(warp));
        }
    }
    ui.add_space(6.0);
    if clock.over {
        ui.label(RichText::new("over").color(theme::AMBER));
    } else if clock.paused {
        ui.label(RichText::new("paused").color(theme::AMBER));
    } else if !clock.held {
        let text = format!("runs at {}", format::warp(clock.achieved));
        ui.label(RichText::new(text).color(theme::AMBER))
            .on_hover_text(LAGGING);
    }
}

fn money(ui: &mut Ui, pane: &Pane) {
    ui.label(
        RichText::new(format::credits(pane.facts.seen.credits))
            .monospace()
            .size(15.0)
            .color(theme::TEXT_STRONG),
    )
    .on_hover_text(CREDITS_HELP);
}

fn ways(ui: &mut Ui, pane: &mut Pane) {
    ui.spacing_mut().item_spacing.x = 4.0;
    if ui.button(MENU).on_hover_text(MENU_HELP).clicked() {
        pane.forms.menu_open = !pane.forms.menu_open;
    }
    let help = Button::new("?").selected(pane.forms.is_open(Sheet::Help));
    if ui.add(help).on_hover_text("All keys (F1)").clicked() {
        pane.forms.toggle(Sheet::Help);
    }
    for (sheet, name, hint) in SHEETS.into_iter().rev() {
        let button = Button::new(name).selected(pane.forms.is_open(sheet));
        if ui.add(button).on_hover_text(hint).clicked() {
            pane.forms.toggle(sheet);
        }
    }
    ui.add_space(4.0);
    for tab in Tab::ALL.into_iter().rev() {
        let button = Button::new(tab.name()).selected(pane.forms.is_book_at(tab));
        let hint = format!("{} ({})", tab.hint(), tab.key_name());
        if ui.add(button).on_hover_text(hint).clicked() {
            pane.forms.toggle_book(tab);
        }
    }
}
