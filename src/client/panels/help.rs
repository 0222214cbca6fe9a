//! All keys and moves on one page.

use bevy_egui::egui::{Context, Grid, RichText, ScrollArea, Ui, vec2};

use super::orders::Verb;
use super::{Pane, Sheet, sheet};
use crate::client::{steer, theme};

const TITLE: &str = "Keys and moves";
const CAMERA: [(&str, &str); 6] = [
    ("Drag", "Turn the view"),
    ("Right drag", "Shift the view"),
    ("Wheel", "Nearer, farther"),
    ("O", "Orbit the selection"),
    ("G", "Follow the robot"),
    ("B", "The whole body"),
];
const PICTURE: [(&str, &str); 3] = [
    ("Click", "Select a robot or plant"),
    ("Right click", "What can be done there"),
    ("Tab", "Next robot"),
];
const TIME: [(&str, &str); 2] = [("Space", "Pause"), ("1 – 5", "Warp 1× to 3600×")];
const WINDOWS: [(&str, &str); 14] = [
    ("M", "Market"),
    ("Q", "Charter and votes"),
    ("P", "Claims, on the body"),
    ("F2", "Deals"),
    ("F4", "Report"),
    ("J", "Ledger"),
    ("T", "Survey, and its trade"),
    ("W", "Workshop of the robot"),
    ("E", "Estimates on the ground"),
    ("F1", "This page"),
    ("F3", "Figures of this machine"),
    ("F5", "Quick save"),
    ("F9", "Quick load"),
    ("Esc", "Close, then menu"),
];

pub fn show(ctx: &Context, pane: &mut Pane) {
    sheet(
        ctx,
        pane,
        Sheet::Help,
        TITLE,
        vec2(690.0, 470.0),
        |ui, _| {
            ScrollArea::vertical()
                .auto_shrink([false, true])
                .show(ui, |ui| {
                    ui.columns_const(|[left, middle, right]| {
                        block(left, "Camera", CAMERA);
                        block(left, "Picture", PICTURE);
                        block(left, "Time", TIME);
                        let orders = Verb::ALL.map(|verb| (verb.key_name(), verb.label()));
                        block(middle, "Orders to the robot", orders);
                        block(right, "Windows", WINDOWS);
                        block(right, "By hand", steer::KEYS);
                    });
                });
        },
    );
}

fn block<const N: usize>(
    ui: &mut Ui,
    title: &'static str,
    rows: [(&'static str, &'static str); N],
) {
    ui.label(RichText::new(title).color(theme::TEXT_STRONG));
    Grid::new(title)
        .num_columns(2)
        .spacing(vec2(10.0, 4.0))
        .show(ui, |ui| {
            for (key, meaning) in rows {
                theme::key(ui, key);
                ui.label(meaning);
                ui.end_row();
            }
        });
    ui.add_space(6.0);
}
