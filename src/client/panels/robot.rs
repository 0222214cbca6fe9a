//! The selected robot: its telemetry in full, and a button for every order it can be given. A
//! button that is out of reach says why.

use bevy_egui::egui::{
    Align, Button, CursorIcon, DragValue, Grid, Label, Layout, RichText, Slider, Ui, vec2,
};

use super::book::registry::widest_m;
use super::facts::Facts;
use super::fleet::{activity_color, capitalised};
use super::orders::{Amounts, Verb};
use super::{Forms, Intent, Pane, Sheet, forecast, format, panel};
use crate::client::{steer, theme};
use crate::sim::observation::OwnRobot;
use crate::sim::order::Order;
use crate::sim::prospecting::Instrument;

const NOTHING: &str = "Nothing selected";
const NOTHING_HINT: &str = "Click a robot in the picture or in the fleet. Right-click the ground \
                            for what can be done there.";
const FOLLOW: &str = "Follow";
const FOLLOW_HELP: &str = "Let the camera go along (G)";
const AIMING: &str = "Click the place on the ground, Esc to leave it.";
const RIVAL: &str = "Belongs to another prospector: you see where it is and what it does not hide.";
const WORKSHOP: &str = "Workshop";
const WORKSHOP_HELP: &str = "Modules, mending, spare parts, power (W)";
const STEER: &str = "By hand";
const STEER_HELP: &str = "Steer it with the keys: push and turn as long as a key is held (S)";
const MEASURE: &str = "Measure…";
const MEASURING: &str = "Measuring";
const DRILL_DEPTH: &str = "Drill depth";
const JUMP_SPEED: &str = "Jump speed";
const FORETELL: &str = "I foretell a height of";
const FORETELL_HELP: &str = "Say how high the next jump goes. Some goals ask for it.";
const CLAIM_RADIUS: &str = "Claim radius";

pub fn show(ui: &mut Ui, pane: &mut Pane) {
    let facts = pane.facts;
    let Some(name) = pane.selection.robot.as_deref() else {
        if pane.selection.plant.is_none() {
            panel(ui, |ui| {
                theme::title(ui, NOTHING);
                ui.label(RichText::new(NOTHING_HINT).color(theme::TEXT_WEAK));
            });
        }
        return;
    };
    if let Some(robot) = facts.seen.robots.iter().find(|own| own.name == name) {
        panel(ui, |ui| {
            head(ui, pane, robot);
            telemetry(ui, pane, robot);
            ui.add_space(2.0);
            buttons(ui, pane, robot);
        });
    } else if let Some(other) = facts.seen.others.iter().find(|other| other.name == name) {
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
            if ui.button(FOLLOW).on_hover_text(FOLLOW_HELP).clicked() {
                pane.want(Intent::Follow(other.name.clone()));
            }
        });
    }
}

fn head(ui: &mut Ui, pane: &mut Pane, robot: &OwnRobot) {
    ui.horizontal(|ui| {
        ui.label(
            RichText::new(&robot.name)
                .size(15.0)
                .color(theme::TEXT_STRONG),
        );
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            if ui.button(FOLLOW).on_hover_text(FOLLOW_HELP).clicked() {
                pane.want(Intent::Follow(robot.name.clone()));
            }
            theme::elided(
                ui,
                RichText::new(robot.kind.replace('-', " ")).color(theme::TEXT_WEAK),
            );
        });
    });
    let activity = RichText::new(capitalised(&robot.activity_text));
    ui.label(activity.color(activity_color(robot.activity)));
    if let Some(progress) = robot.progress {
        theme::bar(ui, progress, theme::ACCENT, 4.0)
            .on_hover_text(format!("{} done", format::percent(f64::from(progress))));
    }
}

fn telemetry(ui: &mut Ui, pane: &Pane, robot: &OwnRobot) {
    let part = |load: f64, capacity: f64| (load / capacity.max(1e-9)) as f32;
    let propellant = part(robot.propellant_kg, robot.propellant_capacity_kg);
    let battery = format!(
        "{}  +{}",
        format::percent(f64::from(robot.battery_fraction)),
        format::power(f64::from(robot.solar_power_w))
    );
    theme::gauge(
        ui,
        "Battery",
        &battery,
        robot.battery_fraction,
        theme::store_color(robot.battery_fraction, theme::GREEN),
    )
    .on_hover_text("Charge, and what the solar panel gives now");
    if 0.0 < robot.bin_capacity_kg {
        theme::gauge(
            ui,
            "Bin",
            &format::fill(robot.bin_kg, robot.bin_capacity_kg),
            part(robot.bin_kg, robot.bin_capacity_kg),
            theme::ROCK,
        )
        .on_hover_text("Rock on board. How much water is in it shows in the plant.");
    }
    if 0.0 < robot.propellant_capacity_kg {
        theme::gauge(
            ui,
            "Propellant",
            &format::fill(robot.propellant_kg, robot.propellant_capacity_kg),
            propellant,
            theme::store_color(propellant, theme::WATER),
        )
        .on_hover_text("Water for the thrusters. Your plant can refill it.");
    }

    let speed = if robot.at_rest {
        "at rest".to_owned()
    } else {
        format::speed(f64::from(robot.speed_m_s))
    };
    let anchors = if robot.anchored {
        format::force(f64::from(robot.anchor_hold_n))
    } else {
        "out".to_owned()
    };
    theme::facts(
        ui,
        ("Speed", speed, theme::TEXT),
        ("Anchors", anchors, theme::TEXT),
    );
    let claims = &pane.facts.seen.claims;
    let holder = claims
        .iter()
        .find(|claim| robot.position_m.distance(claim.centre_m) <= claim.radius_m);
    let (ground, color) = match holder {
        Some(claim) if claim.owner == pane.facts.player => ("yours".to_owned(), theme::ACCENT),
        Some(claim) => (claim.owner.clone(), pane.accent(&claim.owner)),
        None => ("free".to_owned(), theme::TEXT),
    };
    let wear = if robot.wear > 0.75 {
        theme::AMBER
    } else {
        theme::TEXT
    };
    theme::facts(
        ui,
        ("Wear", format::percent(f64::from(robot.wear)), wear),
        ("Ground", ground, color),
    );
    let (coldest_k, hottest_k) = robot.operating_k;
    let within = coldest_k <= robot.temperature_k && robot.temperature_k <= hottest_k;
    let of_state = |is_well: bool| if is_well { theme::TEXT } else { theme::AMBER };
    theme::facts(
        ui,
        (
            "Heat",
            format!("{:.0} °C", robot.temperature_k - 273.15),
            of_state(within),
        ),
        (
            "Dust",
            format::percent(f64::from(robot.panel_dust)),
            of_state(robot.panel_dust < 0.2),
        ),
    );
    theme::facts(
        ui,
        (
            "Seals",
            format::percent(f64::from(robot.seal_wear)),
            of_state(robot.seal_wear < 0.75),
        ),
        (
            "Dose",
            format::percent(f64::from(robot.dose_gy / robot.dose_limit_gy.max(1e-6))),
            of_state(robot.dose_gy < 0.75 * robot.dose_limit_gy),
        ),
    );
    for fault in &robot.faults {
        ui.label(RichText::new(capitalised(fault)).color(theme::RED));
    }
    theme::fact(
        ui,
        "Place",
        format::coordinates(robot.position_m - pane.facts.seen.centre_m),
    );
}

fn buttons(ui: &mut Ui, pane: &mut Pane, robot: &OwnRobot) {
    let aim = pane.selection.aim.as_ref();
    let aimed = aim.filter(|aim| aim.robot == robot.name).map(|aim| aim.way);
    let mut weighed = None;
    let columns = 2;
    let gap = 6.0;
    let width = (ui.available_width() - gap) / columns as f32;
    Grid::new("orders")
        .num_columns(columns)
        .spacing(vec2(gap, 5.0))
        .min_col_width(width)
        .max_col_width(width)
        .show(ui, |ui| {
            let suited = Verb::ALL.into_iter().filter(|verb| verb.suits(robot));
            for (i, verb) in suited.enumerate() {
                let is_aimed = aimed.is_some() && verb.way() == aimed;
                if button(ui, pane, robot, verb, width, is_aimed) {
                    weighed = verb.order(&robot.name, &pane.forms.amounts(pane.facts));
                }
                if i % columns == columns - 1 {
                    ui.end_row();
                }
            }
        });
    pane.forms.robot.weighed = weighed;
    if aimed.is_some() {
        ui.label(RichText::new(AIMING).color(theme::AMBER));
    }
    ui.horizontal(|ui| {
        measure_menu(ui, pane, robot);
        if ui.button(WORKSHOP).on_hover_text(WORKSHOP_HELP).clicked() {
            pane.want(Intent::Open(Sheet::Workshop));
        }
        let hindrance = steer::hindrance(robot);
        let is_steered = pane.steering.robot() == Some(robot.name.as_str());
        let stick = ui
            .add_enabled(hindrance.is_none(), Button::new(STEER).selected(is_steered))
            .on_hover_text(STEER_HELP)
            .on_disabled_hover_text(hindrance.unwrap_or_default());
        if stick.clicked() {
            pane.want(if is_steered {
                Intent::LeaveStick
            } else {
                Intent::TakeStick(robot.name.clone())
            });
        }
    });
    amounts(ui, pane, robot);
}

/// A menu of the instruments on board.
fn measure_menu(ui: &mut Ui, pane: &mut Pane, robot: &OwnRobot) {
    if robot.instruments.is_empty() {
        return;
    }
    let label = match robot.measuring {
        Some(_) => MEASURING,
        None => MEASURE,
    };
    ui.menu_button(label, |ui| {
        for spec in &robot.instruments {
            let on_spot = spec.instrument.needs_ground() && !robot.at_rest && !robot.anchored;
            let hindrance = if robot.lost {
                Some("This robot is lost.")
            } else if on_spot {
                Some("It has to stay on one spot of the ground for this.")
            } else {
                None
            };
            let time = format::duration((1e3 * spec.time_s) as u64);
            let button = Button::new(capitalised(&spec.instrument.to_string()))
                .right_text(RichText::new(time).monospace().small());
            let response = ui
                .add_enabled(hindrance.is_none(), button)
                .on_hover_text(measures(spec.instrument))
                .on_disabled_hover_text(hindrance.unwrap_or_default());
            if response.clicked() {
                pane.want(Intent::Give(Order::Measure {
                    robot: robot.name.clone(),
                    instrument: spec.instrument,
                    time_s: None,
                }));
                ui.close();
            }
        }
    });
}

/// What an instrument tells, in a sentence.
fn measures(instrument: Instrument) -> &'static str {
    match instrument {
        Instrument::Telescope => "Colour and bands of the whole body: what class it may be of.",
        Instrument::OrbitRadar => {
            "Echoes from below: roughness, boulders, density of the upper metre."
        }
        Instrument::ThermalMapper => "Warmth of the ground below: rock, or fines.",
        Instrument::GammaNeutron => {
            "Water and elements, averaged over an area as wide as it is high. The longer it \
             counts, the better."
        }
        Instrument::ContactSpectrometer => "What the ground holds at this very spot.",
        Instrument::CoreSampler => "Readings down a hole, one each quarter of a metre.",
        Instrument::Accelerometer => "Gravity here, and how far it differs from an even body.",
    }
}

fn button(
    ui: &mut Ui,
    pane: &mut Pane,
    robot: &OwnRobot,
    verb: Verb,
    width: f32,
    is_selected: bool,
) -> bool {
    let hindrance = pane.hindrance(verb, robot);
    let caution = verb.caution(robot).filter(|_| hindrance.is_none());
    let text = RichText::new(verb.label());
    let text = match caution {
        Some(_) => text.color(theme::AMBER),
        None => text,
    };
    let key = RichText::new(verb.key_name())
        .monospace()
        .small()
        .color(theme::TEXT_WEAK);
    let button = Button::new(text)
        .right_text(key)
        .min_size(vec2(width, 24.0))
        .selected(is_selected);
    let response = ui
        .add_enabled(hindrance.is_none(), button)
        .on_hover_cursor(CursorIcon::PointingHand)
        .on_hover_ui(|ui| {
            ui.label(verb.explanation());
            if verb == Verb::Claim {
                theme::fact(ui, "Fee", format::credits(pane.facts.charter.claim_fee));
            }
            if let Some(caution) = caution {
                ui.label(RichText::new(caution).color(theme::AMBER));
            }
            let order = verb.order(&robot.name, &pane.forms.amounts(pane.facts));
            if let (Some(order), Some((weighed, forecast))) = (&order, &pane.facts.weighed)
                && order == weighed
                && forecast.is_ok()
            {
                ui.separator();
                forecast::lines(ui, forecast);
            }
        })
        .on_disabled_hover_ui(|ui| {
            ui.label(verb.explanation());
            if let Some(why) = &hindrance {
                ui.label(RichText::new(why).color(theme::AMBER));
            }
        });
    if response.clicked() {
        pane.command(verb, robot);
    }
    response.hovered()
}

/// Sliders for the orders that need an amount.
fn amounts(ui: &mut Ui, pane: &mut Pane, robot: &OwnRobot) {
    if pane.facts.charter.gives_claims {
        let mut radius_m = pane.forms.claim_radius_m(pane.facts);
        let before_m = radius_m;
        let widest_m = widest_m(pane.facts).max(radius_m);
        slider(
            ui,
            CLAIM_RADIUS,
            Slider::new(&mut radius_m, 1.0..=widest_m)
                .logarithmic(true)
                .step_by(0.5)
                .suffix(" m"),
        );
        if radius_m != before_m {
            pane.forms.book.registry.radius_m = Some(radius_m);
        }
    }
    let form = &mut pane.forms.robot;
    if Verb::Drill.suits(robot) {
        let deepest_m = f64::from(robot.outfit.drill_depth_m);
        form.depth_m = form.depth_m.clamp(0.05, deepest_m);
        let depth = Slider::new(&mut form.depth_m, 0.05..=deepest_m);
        slider(ui, DRILL_DEPTH, depth.step_by(0.05).suffix(" m"));
    }
    if Verb::Jump.suits(robot) {
        let mut speed_cm_s = 100.0 * form.jump_m_s;
        let fastest_cm_s = 100.0 * f64::from(robot.outfit.hop_speed_max_m_s);
        let speed = Slider::new(&mut speed_cm_s, 0.5..=fastest_cm_s.max(1.0));
        slider(ui, JUMP_SPEED, speed.step_by(0.1).suffix(" cm/s"));
        form.jump_m_s = 0.01 * speed_cm_s;
        ui.horizontal(|ui| {
            ui.checkbox(&mut form.foretells, FORETELL)
                .on_hover_text(FORETELL_HELP);
            if form.foretells {
                ui.add(
                    DragValue::new(&mut form.apex_m)
                        .range(0.01..=1e5)
                        .speed(0.05)
                        .max_decimals(2)
                        .suffix(" m"),
                );
            }
        });
    }
}

fn slider(ui: &mut Ui, name: &str, slider: Slider) {
    ui.horizontal(|ui| {
        ui.add_sized(
            [84.0, 18.0],
            Label::new(RichText::new(name).color(theme::TEXT_WEAK)).halign(Align::Min),
        );
        // Room for the number beside it, with its unit.
        ui.spacing_mut().slider_width = (ui.available_width() - 88.0).max(40.0);
        ui.add(slider.max_decimals(2));
    });
}

/// What the player has set for the next orders.
#[derive(Clone, Debug)]
pub(super) struct RobotForm {
    depth_m: f64,
    jump_m_s: f64,
    foretells: bool,
    apex_m: f64,
    /// The order under the pointer, for its forecast.
    pub(super) weighed: Option<Order>,
}

impl Default for RobotForm {
    fn default() -> Self {
        Self {
            depth_m: 1.0,
            jump_m_s: 0.02,
            foretells: false,
            apex_m: 1.0,
            weighed: None,
        }
    }
}

impl Forms {
    /// What has been set for the orders that need an amount.
    pub(in crate::client) fn amounts(&self, facts: &Facts) -> Amounts {
        Amounts {
            claim_radius_m: self.claim_radius_m(facts),
            depth_m: self.robot.depth_m,
            jump_m_s: self.robot.jump_m_s,
            apex_m: self.robot.foretells.then_some(self.robot.apex_m),
        }
    }
}

impl Pane<'_> {
    /// Why `robot` cannot do this now; `None` if it may.
    pub(super) fn hindrance(&self, verb: Verb, robot: &OwnRobot) -> Option<String> {
        verb.hindrance(robot, &self.facts.orders_context())
    }

    /// Gives `robot` the order behind a button or key, or begins to aim it.
    pub(super) fn command(&mut self, verb: Verb, robot: &OwnRobot) {
        let amounts = self.forms.amounts(self.facts);
        self.want(verb.intent(&robot.name, &amounts));
    }
}
