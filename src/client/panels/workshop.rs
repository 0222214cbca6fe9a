//! The workshop: what is bolted to a robot and what could be, and the care of robots: mending,
//! cleaning, spare parts, power, carrying.
//!
//! Nothing is offered that the robot has no tool for, and what cannot be done now says why, in the
//! words of the world itself: each choice on the page is asked for beforehand.

use bevy_egui::egui::{
    Align, Button, ComboBox, Context, Grid, Layout, RichText, ScrollArea, Slider, Ui, vec2,
};

use super::facts::Facts;
use super::fleet::capitalised;
use super::performance_sheet::{self, gist};
use super::{Intent, Pane, Sheet, format, sheet};
use crate::client::theme;
use crate::sim::level::RobotKind;
use crate::sim::level::modules::{Catalogue, KindSpec, Slot};
use crate::sim::observation::{OwnPlant, OwnRobot};
use crate::sim::order::Order;
use crate::sim::robot::service::{RefitEstimate, ServiceEstimate};

const TITLE: &str = "Workshop";
const NO_ROBOT: &str = "Select one of your robots.";
const NO_PLANT: &str = "You own no plant, and only a plant has the arms for a refit.";
const FAR: &str = "Out of reach of the plant: it has to stand beside it.";
const GO: &str = "Go there";
const CHOOSE: &str = "Take modules off and put others on: what comes of it stands here before you \
                      order it.";
const CLEAR: &str = "Clear";
const REFIT: &str = "Refit";
const NO_ONE: &str = "You have no other robot.";
const SURE: &str = "Sure? It is gone for good.";
const STRIP_HELP: &str = "For good: what is left of it is scrap.";
/// Steps of the sliders for spare parts [kg] and power [Wh].
const SPARES_STEP_KG: f64 = 0.5;
const POWER_STEP_WH: f64 = 10.0;

/// The part of the window that is open.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Tab {
    #[default]
    Modules,
    Care,
}

/// What the player has put on the bench.
#[derive(Clone, Debug, Default)]
pub(super) struct WorkshopForm {
    tab: Tab,
    /// The robot that all below is about.
    robot: String,
    remove: Vec<String>,
    add: Vec<String>,
    /// The other robot, for work on it.
    other: Option<String>,
    mechanical_kg: f64,
    electronic_kg: f64,
    power_wh: f64,
    /// The robot that was asked to be taken apart, once.
    doomed: Option<String>,
}

impl WorkshopForm {
    /// Begins anew when another robot is selected.
    fn turn_to(&mut self, robot: &str) {
        if self.robot != robot {
            *self = Self {
                tab: self.tab,
                robot: robot.to_owned(),
                power_wh: 100.0,
                mechanical_kg: 1.0,
                ..Self::default()
            };
        }
    }

    /// The refit on the bench, if there is one.
    fn refit(&self) -> Option<Order> {
        (!self.remove.is_empty() || !self.add.is_empty()).then(|| Order::Refit {
            robot: self.robot.clone(),
            remove: self.remove.clone(),
            add: self.add.clone(),
        })
    }

    /// Takes one module of this name off, or puts it back.
    fn toggle_removal(&mut self, module: &str, nth: usize) {
        let off = self.remove.iter().filter(|name| *name == module).count();
        if nth < off {
            remove_one(&mut self.remove, module);
        } else {
            self.remove.push(module.to_owned());
        }
    }

    /// Puts one more module on, or one of those that were to come off back on.
    fn add_one(&mut self, module: &str) {
        if !remove_one(&mut self.remove, module) {
            self.add.push(module.to_owned());
        }
    }

    /// The modules after the refit.
    fn modules(&self, sheet: &RobotKind) -> Vec<String> {
        let mut modules = sheet.build.module_names();
        for module in &self.remove {
            remove_one(&mut modules, module);
        }
        modules.extend(self.add.iter().cloned());
        modules
    }
}

fn remove_one(names: &mut Vec<String>, name: &str) -> bool {
    let at = names.iter().position(|there| there == name);
    at.map(|at| names.remove(at)).is_some()
}

/// What the page wants to know of the world.
#[derive(Clone, Debug, Default)]
pub struct Bench {
    pub refit: Option<Order>,
    pub services: Vec<Order>,
}

/// The answers.
#[derive(Clone, Debug, Default)]
pub struct BenchFacts {
    pub refit: Option<(Order, Result<Box<RefitEstimate>, String>)>,
    pub services: Vec<(Order, Result<ServiceEstimate, String>)>,
}

/// What a page for the robot asks the world, from what was known a moment ago.
pub(super) fn questions(form: &WorkshopForm, facts: &Facts) -> Bench {
    let robot = facts.seen.robots.iter().find(|own| own.name == form.robot);
    Bench {
        refit: form.refit(),
        services: robot.map_or_else(Vec::new, |robot| {
            let care = care(robot, form, facts).into_iter();
            care.map(|choice| choice.order).collect()
        }),
    }
}

pub fn show(ctx: &Context, pane: &mut Pane) {
    if !pane.forms.is_open(Sheet::Workshop) {
        return;
    }
    let facts = pane.facts;
    let robot = facts
        .seen
        .robots
        .iter()
        .find(|own| Some(&own.name) == pane.selection.robot.as_ref());
    if let Some(robot) = robot {
        pane.forms.workshop.turn_to(&robot.name);
    }
    let title = robot.map_or_else(
        || TITLE.to_owned(),
        |robot| format!("{TITLE}: {}", robot.name),
    );
    sheet(
        ctx,
        pane,
        Sheet::Workshop,
        &title,
        vec2(640.0, 500.0),
        |ui, pane| {
            let Some(robot) = robot else {
                ui.label(RichText::new(NO_ROBOT).color(theme::TEXT_WEAK));
                return;
            };
            ui.horizontal(|ui| {
                let tab = &mut pane.forms.workshop.tab;
                ui.selectable_value(tab, Tab::Modules, "Modules");
                ui.selectable_value(tab, Tab::Care, "Care");
                ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                    let doing = RichText::new(capitalised(&robot.activity_text));
                    theme::elided(ui, doing.color(theme::TEXT_WEAK));
                });
            });
            if let Some(progress) = robot.progress {
                theme::bar(ui, progress, theme::ACCENT, 3.0);
            }
            ui.separator();
            match pane.forms.workshop.tab {
                Tab::Modules => show_modules(ui, pane, robot),
                Tab::Care => show_care(ui, pane, robot),
            }
        },
    );
}

fn show_modules(ui: &mut Ui, pane: &mut Pane, robot: &OwnRobot) {
    let catalogue = pane.catalogue;
    let plant = nearest_plant(robot, &pane.facts.seen.plants);
    // Whatever the window's size, the outcome and its button stay in sight.
    let room = (ui.available_height() - 196.0).max(80.0);
    ui.columns_const(|[left, right]| {
        left.label(RichText::new("On board").color(theme::TEXT_WEAK));
        ScrollArea::vertical()
            .id_salt("on board")
            .max_height(room)
            .auto_shrink([false, false])
            .show(left, |ui| {
                ui.spacing_mut().item_spacing.y = 1.0;
                on_board(ui, pane, robot);
            });
        right.label(RichText::new("Catalogue").color(theme::TEXT_WEAK));
        ScrollArea::vertical()
            .id_salt("catalogue")
            .max_height(room)
            .auto_shrink([false, false])
            .show(right, |ui| {
                ui.spacing_mut().item_spacing.y = 1.0;
                in_catalogue(ui, pane, robot, catalogue, plant);
            });
    });
    ui.separator();
    outcome(ui, pane, robot, plant);
}

fn slots_of(catalogue: &Catalogue, sheet: &RobotKind, slot: Slot) -> u32 {
    let chassis = catalogue.chassis.get(&sheet.build.chassis.name);
    chassis.map_or(0, |chassis| chassis.slots.of(slot))
}

fn slot_of(catalogue: &Catalogue, module: &str) -> Option<Slot> {
    catalogue
        .modules
        .get(module)
        .map(|module| module.part.slot())
}

fn on_board(ui: &mut Ui, pane: &mut Pane, robot: &OwnRobot) {
    let catalogue = pane.catalogue;
    let modules = robot.sheet.build.module_names();
    let planned = pane.forms.workshop.modules(&robot.sheet);
    let in_slot = |names: &[String], slot| {
        let is_of = |name: &&String| slot_of(catalogue, name) == Some(slot);
        names.iter().filter(is_of).count()
    };
    for slot in Slot::ALL {
        let places = slots_of(catalogue, &robot.sheet, slot);
        let taken = in_slot(&planned, slot);
        if places == 0 && taken == 0 {
            continue;
        }
        let color = if places < taken as u32 {
            theme::AMBER
        } else {
            theme::TEXT_WEAK
        };
        let head = format!("{}  {taken} / {places}", capitalised(&slot.to_string()));
        ui.label(RichText::new(head).small().color(color));
        let mut seen: Vec<&str> = Vec::new();
        for module in modules
            .iter()
            .filter(|m| slot_of(catalogue, m) == Some(slot))
        {
            let nth = seen.iter().filter(|name| **name == *module).count();
            seen.push(module);
            let form = &mut pane.forms.workshop;
            let off = form.remove.iter().filter(|name| *name == module).count();
            let text = RichText::new(module);
            let (text, help) = if nth < off {
                (text.strikethrough().color(theme::AMBER), "Leave it on")
            } else {
                (text, "Take it off")
            };
            let response = ui.add(Button::new(text).frame_when_inactive(false));
            let response = response.on_hover_ui(|ui| about(ui, catalogue, module, help));
            if response.clicked() {
                form.toggle_removal(module, nth);
            }
        }
        let form = &mut pane.forms.workshop;
        let added: Vec<String> = form
            .add
            .iter()
            .filter(|m| slot_of(catalogue, m) == Some(slot))
            .cloned()
            .collect();
        for module in added {
            let text = RichText::new(format!("+ {module}")).color(theme::GREEN);
            let response = ui.add(Button::new(text).frame_when_inactive(false));
            let help = "Do not put it on";
            let response = response.on_hover_ui(|ui| about(ui, catalogue, &module, help));
            if response.clicked() {
                remove_one(&mut form.add, &module);
            }
        }
    }
}

fn in_catalogue(
    ui: &mut Ui,
    pane: &mut Pane,
    robot: &OwnRobot,
    catalogue: &Catalogue,
    plant: Option<&OwnPlant>,
) {
    let material = robot.sheet.material;
    for slot in Slot::ALL {
        if slots_of(catalogue, &robot.sheet, slot) == 0 {
            continue;
        }
        ui.label(
            RichText::new(capitalised(&slot.to_string()))
                .small()
                .color(theme::TEXT_WEAK),
        );
        for (name, module) in &catalogue.modules {
            if module.part.slot() != slot {
                continue;
            }
            let in_stock = plant.is_some_and(|plant| plant.modules.contains(name));
            let price = match catalogue.fitted(name, material) {
                _ if in_stock => "in stock".to_owned(),
                Some(part) => format::credits(1e-6 * part.price_ucr as f64),
                None => String::new(),
            };
            let color = if in_stock {
                theme::GREEN
            } else {
                theme::TEXT_WEAK
            };
            let price = RichText::new(price).monospace().small().color(color);
            let button = Button::new(RichText::new(name))
                .right_text(price)
                .min_size(vec2(ui.available_width(), 20.0))
                .frame_when_inactive(false);
            let response = ui
                .add(button)
                .on_hover_ui(|ui| about(ui, catalogue, name, "Put it on"));
            if response.clicked() {
                pane.forms.workshop.add_one(name);
            }
        }
    }
}

fn about(ui: &mut Ui, catalogue: &Catalogue, module: &str, action: &str) {
    ui.label(RichText::new(module).color(theme::TEXT_STRONG));
    if let Some(spec) = catalogue.modules.get(module) {
        for (name, reading) in gist(&spec.part) {
            theme::fact(ui, name, reading);
        }
        theme::fact(ui, "Mass", format::mass(spec.mass_kg));
    }
    ui.label(RichText::new(format!("Click: {}", action.to_lowercase())).color(theme::TEXT_WEAK));
}

/// What the refit on the bench would make of the robot, and the button that orders it.
fn outcome(ui: &mut Ui, pane: &mut Pane, robot: &OwnRobot, plant: Option<&OwnPlant>) {
    let Some(order) = pane.forms.workshop.refit() else {
        ui.label(RichText::new(CHOOSE).color(theme::TEXT_WEAK));
        where_to(ui, pane, robot, plant);
        return;
    };
    let misfits = misfits(pane.catalogue, robot, &pane.forms.workshop);
    let answer = pane.facts.bench.refit.as_ref();
    let answer = answer.filter(|(asked, _)| *asked == order).map(|(_, a)| a);
    let mut is_possible = false;
    let room = (ui.available_height() - 42.0).max(40.0);
    ScrollArea::vertical()
        .id_salt("outcome")
        .max_height(room)
        .auto_shrink([false, false])
        .show(ui, |ui| match (misfits.is_empty(), answer) {
            (false, _) => {
                for misfit in &misfits {
                    ui.label(RichText::new(capitalised(misfit)).color(theme::AMBER));
                }
            }
            (true, None) => {
                ui.label("…");
            }
            (true, Some(Err(why))) => {
                ui.label(RichText::new(capitalised(why)).color(theme::AMBER));
            }
            (true, Some(Ok(estimate))) => {
                is_possible = true;
                comparison(ui, &robot.sheet, estimate);
            }
        });
    ui.horizontal(|ui| {
        let cost = match answer {
            Some(Ok(estimate)) if is_possible => format!(
                "{}, {}",
                format::credits(estimate.cost_credits),
                format::duration((1e3 * estimate.time_s) as u64)
            ),
            _ => String::new(),
        };
        let poor = match answer {
            Some(Ok(estimate)) => pane.facts.seen.credits < estimate.cost_credits,
            _ => false,
        };
        let docked = plant.is_some_and(|plant| is_docked(robot, plant));
        let hindrance = if plant.is_none() {
            Some(NO_PLANT)
        } else if !docked {
            Some(FAR)
        } else if poor {
            Some("You have not the money for it.")
        } else if !is_possible {
            Some("It does not fit as it stands.")
        } else {
            None
        };
        let refit = ui
            .add_enabled(hindrance.is_none(), theme::primary_button(REFIT))
            .on_disabled_hover_text(hindrance.unwrap_or_default());
        if refit.clicked() {
            pane.want(Intent::Give(order));
            let form = &mut pane.forms.workshop;
            form.remove.clear();
            form.add.clear();
        }
        if ui.button(CLEAR).clicked() {
            let form = &mut pane.forms.workshop;
            form.remove.clear();
            form.add.clear();
        }
        ui.label(RichText::new(cost).monospace().color(theme::TEXT_STRONG));
        if is_possible && !docked {
            where_to(ui, pane, robot, plant);
        }
    });
}

/// Everything that does not fit of what is on the bench.
fn misfits(catalogue: &Catalogue, robot: &OwnRobot, form: &WorkshopForm) -> Vec<String> {
    let spec = KindSpec {
        after: Vec::new(),
        summary: String::new(),
        chassis: robot.sheet.build.chassis.name.clone(),
        modules: form.modules(&robot.sheet),
        material: robot.sheet.material,
        propellant_kg: 0.0,
        spares_kg: (0.0, 0.0),
    };
    match catalogue.resolve(&spec) {
        Ok(_) => Vec::new(),
        Err(misfits) => misfits.into_iter().map(|misfit| misfit.message).collect(),
    }
}

fn comparison(ui: &mut Ui, before: &RobotKind, estimate: &RefitEstimate) {
    let rows = performance_sheet::compare(before, &estimate.sheet);
    Grid::new("comparison")
        .num_columns(6)
        .spacing(vec2(10.0, 3.0))
        .show(ui, |ui| {
            for pair in rows.chunks(2) {
                for row in pair {
                    ui.label(RichText::new(row.name).color(theme::TEXT_WEAK));
                    ui.monospace(&row.before);
                    let after = RichText::new(format!("→ {}", row.after)).monospace();
                    ui.label(after.color(theme::ACCENT));
                }
                ui.end_row();
            }
        });
    for (what, names) in [
        ("From stock", &estimate.from_stock),
        ("Bought", &estimate.bought),
        ("Into stock", &estimate.to_stock),
        ("Worn, thrown away", &estimate.to_scrap),
    ] {
        if !names.is_empty() {
            theme::fact(ui, what, names.join(", "));
        }
    }
}

fn nearest_plant<'a>(robot: &OwnRobot, plants: &'a [OwnPlant]) -> Option<&'a OwnPlant> {
    let distance = |plant: &&OwnPlant| plant.position_m.distance(robot.position_m);
    plants
        .iter()
        .min_by(|a, b| distance(a).total_cmp(&distance(b)))
}

fn is_docked(robot: &OwnRobot, plant: &OwnPlant) -> bool {
    plant.reaches(robot.position_m)
}

/// How far the plant is, and the way there.
fn where_to(ui: &mut Ui, pane: &mut Pane, robot: &OwnRobot, plant: Option<&OwnPlant>) {
    let Some(plant) = plant else {
        ui.label(RichText::new(NO_PLANT).color(theme::AMBER));
        return;
    };
    if is_docked(robot, plant) {
        return;
    }
    ui.horizontal(|ui| {
        ui.label(RichText::new(FAR).color(theme::AMBER));
        let can_go = robot.outfit.hops || robot.outfit.thrusters;
        if can_go && ui.button(GO).clicked() {
            let away = (robot.position_m - plant.position_m).normalize_or_zero();
            let target_m = plant.position_m + away * (0.7 * plant.reach_m as f32);
            let target_m = target_m.as_dvec3().to_array();
            let name = robot.name.clone();
            pane.want(Intent::Give(if robot.outfit.hops {
                Order::HopTo {
                    robot: name,
                    target_m,
                }
            } else {
                Order::FlyTo {
                    robot: name,
                    target_m,
                }
            }));
        }
    });
}

/// One thing that can be done for a robot, or by it for another.
#[derive(Clone, Debug, PartialEq)]
struct Choice {
    label: String,
    help: &'static str,
    order: Order,
}

/// All that a robot is equipped for, and all that may be done for it.
fn care(robot: &OwnRobot, form: &WorkshopForm, facts: &Facts) -> Vec<Choice> {
    let name = || robot.name.clone();
    let mut choices = Vec::new();
    let mut offer = |label: String, help: &'static str, order: Order| {
        choices.push(Choice { label, help, order });
    };
    if robot.sheet.brush_leaves < 1.0 {
        offer(
            "Clean the panels".into(),
            "With its own brush.",
            Order::Clean { robot: name() },
        );
    }
    if let Some(load) = &robot.carries {
        offer(
            format!("Put down {load}"),
            "Beside it, on the ground.",
            Order::PutDown { robot: name() },
        );
    }
    if let Some(plant) = nearest_plant(robot, &facts.seen.plants) {
        offer(
            format!("Have {} mend it", plant.name),
            "The plant changes what is worn, one part after the other, and buys the parts that it \
             has not.",
            Order::Repair {
                robot: name(),
                by: plant.name.clone(),
            },
        );
        if 0.0 < robot.sheet.spares_capacity_kg {
            offer(
                format!(
                    "Take {} and {} of spares",
                    format::mass(form.mechanical_kg),
                    format::mass(form.electronic_kg)
                ),
                "Mechanical and electronic, at the plant: what it has not is bought.",
                Order::TakeSpares {
                    robot: name(),
                    mechanical_kg: form.mechanical_kg,
                    electronic_kg: form.electronic_kg,
                },
            );
        }
    }
    let others = &facts.seen.robots;
    let chosen = form.other.as_ref();
    let Some(other) = others.iter().find(|other| Some(&other.name) == chosen) else {
        return choices;
    };
    let to = || other.name.clone();
    if other.sheet.repair.is_some() {
        offer(
            format!("Have {} mend it", other.name),
            "With its arm and the spare parts on board.",
            Order::Repair {
                robot: name(),
                by: to(),
            },
        );
    }
    if let Some(arm) = robot.sheet.repair {
        offer(
            format!("Mend {}", other.name),
            "With its arm and the spare parts on board.",
            Order::Repair {
                robot: to(),
                by: name(),
            },
        );
        if 0.0 < arm.carry_max_kg {
            offer(
                format!("Take {} on its back", other.name),
                "What is anchored or seized comes along.",
                Order::Carry {
                    robot: name(),
                    load: to(),
                },
            );
        }
        offer(
            format!("Take {} apart for spares", other.name),
            STRIP_HELP,
            Order::Cannibalise {
                robot: name(),
                wreck: to(),
            },
        );
    }
    if 0.0 < robot.sheet.charger_w {
        offer(
            format!("Give {} {:.0} Wh", other.name, form.power_wh),
            "Through its cable; a tenth is lost on the way.",
            Order::GivePower {
                robot: name(),
                to: to(),
                energy_wh: form.power_wh,
            },
        );
    }
    choices
}

fn show_care(ui: &mut Ui, pane: &mut Pane, robot: &OwnRobot) {
    condition(ui, robot);
    ui.separator();
    amounts(ui, pane, robot);
    partner(ui, pane, robot);
    ui.separator();
    let choices = care(robot, &pane.forms.workshop, pane.facts);
    ScrollArea::vertical()
        .id_salt("care")
        .auto_shrink([false, true])
        .show(ui, |ui| {
            if 0.0 < robot.bin_kg {
                let dump = ui.button(format!("Dump {} of load", format::mass(robot.bin_kg)));
                if dump
                    .on_hover_text("Pours it out behind the robot.")
                    .clicked()
                {
                    let robot = robot.name.clone();
                    pane.want(Intent::Give(Order::Dump { robot }));
                }
            }
            for choice in choices {
                row(ui, pane, choice);
            }
        });
}

fn row(ui: &mut Ui, pane: &mut Pane, choice: Choice) {
    let answers = &pane.facts.bench.services;
    let answer = answers.iter().find(|(order, _)| *order == choice.order);
    let answer = answer.map(|(_, answer)| answer.clone());
    let is_open = matches!(answer, Some(Ok(_)));
    ui.horizontal(|ui| {
        let doomed = match &choice.order {
            Order::Cannibalise { wreck, .. } => Some(wreck.clone()),
            _ => None,
        };
        let is_asked = doomed.is_some() && pane.forms.workshop.doomed == doomed;
        let text = if is_asked {
            RichText::new(SURE).color(theme::RED)
        } else {
            RichText::new(&choice.label)
        };
        let button = Button::new(text).min_size(vec2(230.0, 24.0));
        let response = ui
            .add_enabled(is_open, button)
            .on_hover_text(choice.help)
            .on_disabled_hover_text(choice.help);
        if response.clicked() {
            let form = &mut pane.forms.workshop;
            if doomed.is_some() && !is_asked {
                form.doomed = doomed;
            } else {
                form.doomed = None;
                pane.want(Intent::Give(choice.order));
            }
        }
        match &answer {
            Some(Ok(estimate)) => {
                let mut text = format::duration((1e3 * estimate.time_s) as u64);
                if 0.0 < estimate.cost_credits {
                    text = format!("{text}, {}", format::credits(estimate.cost_credits));
                }
                ui.label(RichText::new(text).monospace().color(theme::TEXT_WEAK));
            }
            Some(Err(why)) => {
                let why = RichText::new(capitalised(why)).small();
                theme::elided(ui, why.color(theme::AMBER));
            }
            None => {
                ui.label("…");
            }
        }
    });
}

/// How the robot is, in a few numbers.
fn condition(ui: &mut Ui, robot: &OwnRobot) {
    if robot.faults.is_empty() {
        let well = "Nothing is broken.";
        ui.label(RichText::new(well).color(theme::TEXT_WEAK));
    }
    for fault in &robot.faults {
        ui.label(RichText::new(capitalised(fault)).color(theme::RED));
    }
    let mut readings = vec![
        ("Seals", format::percent(f64::from(robot.seal_wear))),
        ("Dust", format::percent(f64::from(robot.panel_dust))),
    ];
    if robot.outfit.drum {
        readings.push(("Teeth", format::percent(f64::from(robot.wear))));
    }
    if 0.0 < robot.outfit.drill_depth_m {
        readings.push(("Bit", format::percent(f64::from(robot.bit_wear))));
    }
    if 0.0 < robot.sheet.spares_capacity_kg {
        readings.push((
            "Spares",
            format!(
                "{} mech., {} elec. of {}",
                format::mass(robot.mechanical_spares_kg),
                format::mass(robot.electronic_spares_kg),
                format::mass(robot.sheet.spares_capacity_kg)
            ),
        ));
    }
    ui.horizontal_wrapped(|ui| {
        for (name, reading) in readings {
            ui.label(RichText::new(name).color(theme::TEXT_WEAK));
            ui.monospace(reading);
            ui.add_space(8.0);
        }
    });
}

fn amounts(ui: &mut Ui, pane: &mut Pane, robot: &OwnRobot) {
    let form = &mut pane.forms.workshop;
    ui.spacing_mut().slider_width = 130.0;
    let locker_kg = robot.sheet.spares_capacity_kg;
    if 0.0 < locker_kg {
        ui.horizontal(|ui| {
            ui.label(RichText::new("Spares to take").color(theme::TEXT_WEAK));
            for (amount, name) in [
                (&mut form.mechanical_kg, " kg mech."),
                (&mut form.electronic_kg, " kg elec."),
            ] {
                *amount = amount.min(locker_kg);
                ui.add(
                    Slider::new(amount, 0.0..=locker_kg)
                        .step_by(SPARES_STEP_KG)
                        .max_decimals(1)
                        .suffix(name),
                );
            }
        });
    }
    if 0.0 < robot.sheet.charger_w {
        ui.horizontal(|ui| {
            ui.label(RichText::new("Power to give").color(theme::TEXT_WEAK));
            let most_wh = robot.sheet.battery_wh.max(POWER_STEP_WH);
            form.power_wh = form.power_wh.clamp(POWER_STEP_WH, most_wh);
            ui.add(
                Slider::new(&mut form.power_wh, POWER_STEP_WH..=most_wh)
                    .step_by(POWER_STEP_WH)
                    .max_decimals(0)
                    .suffix(" Wh"),
            );
        });
    }
}

/// Chooses the other robot, the nearest at first.
fn partner(ui: &mut Ui, pane: &mut Pane, robot: &OwnRobot) {
    let apart_m = |other: &OwnRobot| other.position_m.distance(robot.position_m);
    let mut others: Vec<&OwnRobot> = pane
        .facts
        .seen
        .robots
        .iter()
        .filter(|other| other.name != robot.name)
        .collect();
    // Two robots without arm or cable can do nothing for each other.
    let helps = |one: &OwnRobot| one.sheet.repair.is_some();
    if !helps(robot) && robot.sheet.charger_w <= 0.0 && !others.iter().any(|other| helps(other)) {
        pane.forms.workshop.other = None;
        return;
    }
    others.sort_by(|a, b| apart_m(a).total_cmp(&apart_m(b)));
    let form = &mut pane.forms.workshop;
    if !others
        .iter()
        .any(|other| Some(&other.name) == form.other.as_ref())
    {
        form.other = others.first().map(|other| other.name.clone());
    }
    let Some(chosen) = form.other.clone() else {
        ui.label(RichText::new(NO_ONE).color(theme::TEXT_WEAK));
        return;
    };
    ui.horizontal(|ui| {
        ui.label(RichText::new("With").color(theme::TEXT_WEAK));
        ComboBox::from_id_salt("partner")
            .selected_text(chosen)
            .width(190.0)
            .show_ui(ui, |ui| {
                for other in others {
                    let apart = format::length(f64::from(apart_m(other)));
                    let name = Some(other.name.clone());
                    let text = format!("{}, {apart} away", other.name);
                    ui.selectable_value(&mut form.other, name, text);
                }
            });
    });
}

#[cfg(test)]
mod tests {
    use super::super::orders::tests::{plant, robot};
    use super::*;

    fn form(robot: &OwnRobot) -> WorkshopForm {
        let mut form = WorkshopForm::default();
        form.turn_to(&robot.name);
        form
    }

    #[test]
    fn what_is_taken_off_and_put_on_again_is_no_refit() {
        let robot = robot();
        let mut form = form(&robot);
        assert_eq!(form.refit(), None);
        form.toggle_removal("drum-50", 0);
        assert!(form.refit().is_some());
        assert!(!form.modules(&robot.sheet).contains(&"drum-50".to_owned()));
        form.add_one("drum-50");
        assert_eq!(form.refit(), None);
        form.toggle_removal("drum-50", 0);
        form.toggle_removal("drum-50", 0);
        assert_eq!(form.refit(), None);
        assert_eq!(form.modules(&robot.sheet), robot.sheet.build.module_names());
    }

    #[test]
    fn misfits_are_named_before_anything_is_ordered() {
        let robot = robot();
        let catalogue = Catalogue::built_in();
        let mut form = form(&robot);
        assert!(misfits(catalogue, &robot, &form).is_empty());
        for _ in 0..9 {
            form.add_one("drum-50");
        }
        let said = misfits(catalogue, &robot, &form);
        assert!(said.iter().any(|text| text.contains("tool")), "{said:?}");
    }

    #[test]
    fn only_the_plant_in_reach_is_docked_at() {
        let robot = robot();
        let mut far = plant();
        far.name = "far".into();
        far.position_m.y += 100.0;
        let plants = [far, plant()];
        let near = nearest_plant(&robot, &plants).unwrap();
        assert!(near.name == "still" && is_docked(&robot, near));
        assert!(!is_docked(&robot, &plants[0]));
        assert!(nearest_plant(&robot, &[]).is_none());
    }
}
