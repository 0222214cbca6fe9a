//! The context menu: what can be done with the ground, the robot or the plant under the pointer.

use bevy::prelude::*;
use bevy_egui::egui::{self, Button, Pos2, RichText, Ui, vec2};

use super::orders::Verb;
use super::{Intent, Pane, Tab, forecast, format};
use crate::client::selection::{Forecast, Machine, Way};
use crate::client::theme;
use crate::sim::observation::OwnRobot;

const HOP_HERE: &str = "Hop here";
const LOOK_HERE: &str = "Look here";
const SELECT: &str = "Select";
const FOLLOW: &str = "Follow";
const NO_ROBOT: &str = "Select one of your robots to send it here.";

/// An open context menu.
#[derive(Clone, Debug)]
pub struct ContextMenu {
    /// Where it was opened, in egui points.
    pub at: Pos2,
    /// The ground under it [m, site frame].
    pub ground_m: Option<Vec3>,
    pub machine: Option<Machine>,
    /// The selected robot's hop to the ground, if one is selected.
    pub hop: Option<(String, Result<Forecast, String>)>,
}

pub(super) fn show_context_menu(ctx: &egui::Context, pane: &mut Pane) {
    let Some(menu) = pane.forms.context.clone() else {
        return;
    };
    let before = pane.intents.len();
    let response = egui::Area::new(egui::Id::new("context menu"))
        .order(egui::Order::Foreground)
        .fixed_pos(menu.at)
        .constrain_to(ctx.content_rect().shrink(6.0))
        .show(ctx, |ui| {
            theme::popup_frame().show(ui, |ui| {
                ui.set_width(236.0);
                ui.spacing_mut().item_spacing = vec2(6.0, 3.0);
                match &menu.machine {
                    Some(machine) => of_machine(ui, pane, machine),
                    None => of_ground(ui, pane, &menu),
                }
            });
        })
        .response;
    let chosen = pane.intents.len() > before;
    let clicked_elsewhere = ctx.input(|input| {
        input.pointer.any_pressed()
            && input
                .pointer
                .interact_pos()
                .is_some_and(|at| !response.rect.contains(at))
    });
    if chosen || clicked_elsewhere {
        pane.forms.context = None;
    }
}

fn of_ground(ui: &mut Ui, pane: &mut Pane, menu: &ContextMenu) {
    let Some(ground_m) = menu.ground_m else {
        return;
    };
    let facts = pane.facts;
    ui.label(RichText::new(format::coordinates(ground_m - facts.seen.centre_m)).monospace());
    let claim = facts
        .seen
        .claims
        .iter()
        .find(|claim| ground_m.distance(claim.centre_m) <= claim.radius_m);
    if let Some(claim) = claim {
        let text = format!("Claim {} of {}", claim.id, claim.owner);
        ui.label(RichText::new(text).color(pane.accent(&claim.owner)));
    }
    let sample = facts
        .seen
        .samples
        .iter()
        .rfind(|sample| sample.point_m.distance(ground_m) < 3.0);
    if let Some(sample) = sample {
        let water = f64::from(sample.water_fraction);
        let std = f64::from(sample.water_fraction_std);
        theme::fact(
            ui,
            "Sampled near here",
            format::percent_estimate(water, std),
        );
    }
    ui.separator();
    match &menu.hop {
        Some((robot, hop)) => {
            if item(ui, &format!("{HOP_HERE}: {robot}"), "", hop.is_ok()) {
                pane.want(Intent::Give(Way::Hop.order(robot, ground_m)));
            }
            forecast::lines(ui, hop);
            ui.separator();
        }
        None => {
            ui.label(RichText::new(NO_ROBOT).color(theme::TEXT_WEAK));
        }
    }
    if item(ui, LOOK_HERE, "", true) {
        pane.want(Intent::LookAt(ground_m));
    }
    if item(ui, "Corner of a claim", "", true) {
        pane.forms.open_book(Tab::Registry);
        pane.forms.book.registry.corners_m.push(ground_m);
        pane.forms.context = None;
    }
    if item(ui, "Claims…", "P", true) {
        pane.forms.open_book(Tab::Registry);
        pane.forms.context = None;
    }
}

fn of_machine(ui: &mut Ui, pane: &mut Pane, machine: &Machine) {
    let facts = pane.facts;
    ui.label(RichText::new(machine.name()).color(theme::TEXT_STRONG));
    if item(ui, SELECT, "", true) {
        pane.want(Intent::Select(Some(machine.clone())));
    }
    if let Machine::Robot(name) = machine {
        if item(ui, FOLLOW, "G", true) {
            pane.want(Intent::Select(Some(machine.clone())));
            pane.want(Intent::Follow(name.clone()));
        }
        if let Some(robot) = facts.seen.robots.iter().find(|own| own.name == *name) {
            ui.separator();
            orders(ui, pane, robot);
        }
    }
    if let Machine::Plant(name) = machine
        && let Some(plant) = facts.seen.plants.iter().find(|own| own.name == *name)
    {
        theme::fact(ui, "Water in tank", format::mass(plant.water_kg));
        let own = facts
            .seen
            .robots
            .iter()
            .find(|own| Some(&own.name) == pane.selection.robot.as_ref());
        if let Some(robot) = own {
            ui.separator();
            for verb in [Verb::Deliver, Verb::Refuel] {
                order(
                    ui,
                    pane,
                    robot,
                    verb,
                    &format!("{}: {}", robot.name, verb.label()),
                );
            }
        }
    }
}

fn orders(ui: &mut Ui, pane: &mut Pane, robot: &OwnRobot) {
    for verb in Verb::ALL.into_iter().filter(|verb| verb.suits(robot)) {
        order(ui, pane, robot, verb, verb.label());
    }
}

fn order(ui: &mut Ui, pane: &mut Pane, robot: &OwnRobot, verb: Verb, label: &str) {
    let hindrance = pane.hindrance(verb, robot);
    let button = row(label, verb.key_name(), ui.available_width());
    let response = ui.add_enabled(hindrance.is_none(), button);
    let response = match hindrance {
        Some(why) => response.on_disabled_hover_text(why),
        None => response.on_hover_text(verb.explanation()),
    };
    if response.clicked() {
        pane.command(verb, robot);
    }
}

fn item(ui: &mut Ui, label: &str, key: &str, enabled: bool) -> bool {
    let width = ui.available_width();
    ui.add_enabled(enabled, row(label, key, width)).clicked()
}

fn row(label: &str, key: &str, width: f32) -> Button<'static> {
    let key = RichText::new(key.to_owned())
        .monospace()
        .small()
        .color(theme::TEXT_WEAK);
    Button::new(RichText::new(label.to_owned()))
        .right_text(key)
        .min_size(vec2(width, 22.0))
        .frame_when_inactive(false)
        .truncate()
}
