//! The player's plants: what goes in, what is in the tank, and the sale of water with its quote.

use bevy_egui::egui::{
    Align, CollapsingHeader, ComboBox, Layout, RichText, ScrollArea, Slider, Ui,
};

use super::facts::Offer;
use super::{Intent, Pane, format, panel};
use crate::client::selection::Machine;
use crate::client::theme;
use crate::sim::observation::OwnPlant;
use crate::sim::order::Order;
use crate::sim::plant::{BAKE, STAND_STILL};
use crate::sim::robot::service::TAILINGS_PER_PART;

const RUNNING: &str = "baking";
const WORKING: &str = "working";
const WAITING: &str = "waiting for rock";
const IDLE: &str = "waiting";
const STILL: &str = "stands still";
const WORK_HELP: &str = "What the plant does with what lies in its hopper or in your store here. \
                         One that stands still uses no energy, and its hopper fills up.";
const NO_SUN: &str = "no sun on the array";
const LOOK: &str = "Look";
const SELL: &str = "Sell";
const NO_WATER: &str = "No water in the tank yet.";
const SELL_HELP: &str = "Sell this much at the market's node. Part of the cargo is burnt on the \
                         way, and the carrier takes a fee.";
/// Less room than this shows a plant in one line [points].
const WHOLE_HEIGHT: f32 = 190.0;
const OPEN: &str = "Open";
const OPEN_HELP: &str = "Its hopper, its tank and the sale of water";
const SPARES: &str = "Spare parts";
const PRINT: &str = "Print";
const PRINT_HELP: &str = "Melt tailings and print bits, teeth, seals and joints of their metal";
const NO_TAILINGS: &str = "The printer wants tailings: three kilograms for each of parts.";
const RIVAL: &str = "Belongs to another prospector.";

pub fn show(ui: &mut Ui, pane: &mut Pane) {
    let facts = pane.facts;
    let other = facts
        .other_plants
        .iter()
        .find(|other| Some(&other.name) == pane.selection.plant.as_ref());
    if let Some(other) = other {
        panel(ui, |ui| {
            ui.horizontal(|ui| {
                ui.label(
                    RichText::new(&other.name)
                        .size(15.0)
                        .color(theme::TEXT_STRONG),
                );
                ui.label(RichText::new(&other.owner).color(pane.accent(&other.owner)));
            });
            theme::fact(
                ui,
                "Place",
                format::coordinates(other.position_m - pane.facts.seen.centre_m),
            );
            ui.label(RichText::new(RIVAL).color(theme::TEXT_WEAK));
        });
    }
    if facts.seen.plants.is_empty() {
        return;
    }
    if ui.available_height() < WHOLE_HEIGHT && pane.selection.plant.is_none() {
        panel(ui, |ui| {
            for plant in &facts.seen.plants {
                in_short(ui, pane, plant);
            }
        });
        return;
    }
    ScrollArea::vertical()
        .id_salt("plants")
        .auto_shrink([false, true])
        .max_height(ui.available_height().max(80.0))
        .show(ui, |ui| {
            for plant in &facts.seen.plants {
                panel(ui, |ui| one(ui, pane, plant));
            }
        });
}

/// One line and the way to more, where a robot's panel leaves no room.
fn in_short(ui: &mut Ui, pane: &mut Pane, plant: &OwnPlant) {
    ui.horizontal(|ui| {
        ui.label(RichText::new(&plant.name).color(theme::TEXT_STRONG));
        let water = RichText::new(format::mass(plant.water_kg)).monospace();
        ui.label(water.color(theme::WATER))
            .on_hover_text("Water in the tank");
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            if ui.button(OPEN).on_hover_text(OPEN_HELP).clicked() {
                pane.want(Intent::Select(Some(Machine::Plant(plant.name.clone()))));
            }
        });
    });
}

fn one(ui: &mut Ui, pane: &mut Pane, plant: &OwnPlant) {
    ui.horizontal(|ui| {
        let is_selected = pane.selection.plant.as_ref() == Some(&plant.name);
        let color = if is_selected {
            theme::ACCENT
        } else {
            theme::TEXT_STRONG
        };
        ui.label(RichText::new(&plant.name).size(15.0).color(color));
        let bakes = plant.process == BAKE;
        let (state, color) = if plant.process == STAND_STILL {
            (STILL, theme::TEXT_WEAK)
        } else if plant.running && bakes {
            (RUNNING, theme::GREEN)
        } else if plant.running {
            (WORKING, theme::GREEN)
        } else if plant.feedstock_kg > 0.0 && bakes {
            (NO_SUN, theme::AMBER)
        } else if bakes {
            (WAITING, theme::TEXT_WEAK)
        } else {
            (IDLE, theme::TEXT_WEAK)
        };
        ui.label(RichText::new(state).color(color));
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            if ui.button(LOOK).clicked() {
                pane.want(Intent::Select(Some(Machine::Plant(plant.name.clone()))));
                pane.want(Intent::LookAt(plant.position_m));
            }
        });
    });
    work(ui, pane, plant);
    let part = (plant.feedstock_kg / plant.hopper_capacity_kg.max(1e-9)) as f32;
    theme::gauge(
        ui,
        "Hopper",
        &format::fill(plant.feedstock_kg, plant.hopper_capacity_kg),
        part,
        theme::ROCK,
    )
    .on_hover_text("Rock that waits to be baked, and in the oven");
    theme::fact_in(
        ui,
        "Water in tank",
        format::mass(plant.water_kg),
        theme::WATER,
    );
    theme::facts(
        ui,
        ("Tailings", format::mass(plant.tailings_kg), theme::TEXT),
        (
            "Power",
            format::power(f64::from(plant.power_w)),
            theme::TEXT,
        ),
    );
    ui.separator();
    sale(ui, pane, plant);
    spares(ui, pane, plant);
}

/// What the plant does, to choose from all that it can do.
fn work(ui: &mut Ui, pane: &mut Pane, plant: &OwnPlant) {
    let mut chosen = plant.process.clone();
    ui.horizontal(|ui| {
        ui.label(RichText::new("Work").color(theme::TEXT_WEAK));
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            ComboBox::from_id_salt(("work", &plant.name))
                .selected_text(in_words(&chosen))
                .show_ui(ui, |ui| {
                    for process in &plant.processes {
                        let words = in_words(process);
                        ui.selectable_value(&mut chosen, process.clone(), words);
                    }
                })
                .response
                .on_hover_text(WORK_HELP);
        });
    });
    if chosen != plant.process {
        pane.want(Intent::Give(Order::SetProcess {
            plant: plant.name.clone(),
            process: chosen,
            mass_kg: None,
        }));
    }
}

/// "noble-refining" as "Noble refining".
fn in_words(process: &str) -> String {
    let mut letters = process.chars();
    let first = letters.next().map(|letter| letter.to_ascii_uppercase());
    let rest = letters.map(|letter| if letter == '-' { ' ' } else { letter });
    first.into_iter().chain(rest).collect()
}

/// Spare parts and modules in stock, and the printer.
fn spares(ui: &mut Ui, pane: &mut Pane, plant: &OwnPlant) {
    let has_stock =
        0.0 < plant.mechanical_spares_kg + plant.electronic_spares_kg || !plant.modules.is_empty();
    if !plant.prints && !has_stock {
        return;
    }
    CollapsingHeader::new(RichText::new(SPARES).color(theme::TEXT_WEAK))
        .id_salt(("spares", &plant.name))
        .show(ui, |ui| {
            theme::facts(
                ui,
                (
                    "Mech.",
                    format::mass(plant.mechanical_spares_kg),
                    theme::TEXT,
                ),
                (
                    "Elec.",
                    format::mass(plant.electronic_spares_kg),
                    theme::TEXT,
                ),
            );
            if !plant.modules.is_empty() {
                ui.label(
                    RichText::new(format!("In stock: {}", plant.modules.join(", ")))
                        .small()
                        .color(theme::TEXT_WEAK),
                );
            }
            if plant.prints {
                printer(ui, pane, plant);
            }
        });
}

fn printer(ui: &mut Ui, pane: &mut Pane, plant: &OwnPlant) {
    if 0.0 < plant.printing_kg {
        theme::fact(ui, "Still to print", format::mass(plant.printing_kg));
    }
    // What is being printed has its tailings set aside.
    let most_kg = plant.tailings_kg / TAILINGS_PER_PART - plant.printing_kg;
    if most_kg < 0.001 {
        ui.label(RichText::new(NO_TAILINGS).small().color(theme::TEXT_WEAK));
        return;
    }
    let print_kg = &mut pane.forms.print_kg;
    *print_kg = print_kg.clamp(0.001, most_kg);
    ui.horizontal(|ui| {
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            if ui.button(PRINT).on_hover_text(PRINT_HELP).clicked() {
                let mass_kg = (*print_kg * 1000.0).floor() / 1000.0;
                pane.intents.push(Intent::Give(Order::PrintSpares {
                    plant: plant.name.clone(),
                    mass_kg,
                }));
            }
            ui.spacing_mut().slider_width = (ui.available_width() - 70.0).max(40.0);
            ui.add(
                Slider::new(print_kg, 0.001..=most_kg)
                    .max_decimals(2)
                    .suffix(" kg"),
            );
        });
    });
}

fn sale(ui: &mut Ui, pane: &mut Pane, plant: &OwnPlant) {
    let facts = pane.facts;
    if plant.water_kg < 0.001 {
        ui.label(RichText::new(NO_WATER).color(theme::TEXT_WEAK));
        lot(pane, plant, Some(0.0));
        return;
    }
    let mut mass_kg = lot(pane, plant, None).min(plant.water_kg);
    ui.horizontal(|ui| {
        let enabled = mass_kg >= 0.001;
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            let sell = ui
                .add_enabled(enabled, theme::primary_button(SELL))
                .on_hover_text(SELL_HELP);
            if sell.clicked() {
                pane.want(Intent::Give(Order::Sell {
                    plant: plant.name.clone(),
                    mass_kg: (mass_kg * 1000.0).floor() / 1000.0,
                }));
            }
            ui.spacing_mut().slider_width = (ui.available_width() - 70.0).max(40.0);
            ui.add(
                Slider::new(&mut mass_kg, 0.0..=plant.water_kg)
                    .max_decimals(2)
                    .suffix(" kg"),
            );
        });
    });
    lot(pane, plant, Some(mass_kg));
    match facts
        .market
        .offers
        .iter()
        .find(|offer| offer.plant == plant.name)
    {
        Some(offer) => quote(ui, pane, offer),
        None => {
            ui.label("…");
        }
    }
}

/// What is on the table for this plant [kg]: a new amount, or the one so far, at first half the
/// tank.
fn lot(pane: &mut Pane, plant: &OwnPlant, set_kg: Option<f64>) -> f64 {
    let lots = &mut pane.forms.lots;
    let at = match lots.iter().position(|(name, _)| *name == plant.name) {
        Some(at) => at,
        None => {
            lots.push((plant.name.clone(), 0.0));
            lots.len() - 1
        }
    };
    let lot = &mut lots[at].1;
    if let Some(mass_kg) = set_kg {
        *lot = mass_kg;
    } else if *lot <= 0.0 {
        *lot = plant.water_kg;
    }
    *lot
}

fn quote(ui: &mut Ui, pane: &Pane, offer: &Offer) {
    let node = &pane.facts.seen.market.node;
    theme::fact(
        ui,
        &format!("Arrives at {node}"),
        format!(
            "{} ({})",
            format::mass(offer.arrives_kg),
            format::percent(pane.facts.seen.market.delivered_fraction)
        ),
    );
    let drop = 1.0 - offer.price_after / offer.price_now.max(1e-9);
    let color = if drop > 0.1 {
        theme::AMBER
    } else {
        theme::TEXT
    };
    let prices = format!(
        "{} → {}",
        format::price(offer.price_now).trim_end_matches(" cr/kg"),
        format::price(offer.price_after)
    );
    theme::fact_in(ui, "Price, after", prices, color).on_hover_text(
        "The price now, and what it is after this sale: the whole lot is paid at it",
    );
    theme::fact(ui, "Node pays", format::credit_change(offer.proceeds));
    theme::fact(ui, "Freight", format::credit_change(-offer.freight));
    let color = if offer.net() >= 0.0 {
        theme::GREEN
    } else {
        theme::RED
    };
    theme::fact_in(ui, "You get", format::credit_change(offer.net()), color);
}
