//! The menu over a running site: go on, save, load, settings, leave.

use bevy_egui::egui::{self, Button, RichText, Ui, vec2};

use super::{Intent, Pane, Sheet, Tab};
use crate::client::menu::settings::{self, Settings};
use crate::client::theme;

const RESUME: &str = "Go on";
const SAVE: &str = "Quick save";
const LOAD: &str = "Quick load";
const REPORT: &str = "Report";
const SETTINGS: &str = "Settings";
const KEYS: &str = "Keys";
const LEAVE: &str = "Leave to the menu";
const NO_SAVE: &str = "There is no quick save yet.";
const LEAVE_HELP: &str = "What is not saved is lost.";

pub(super) fn show(ctx: &egui::Context, pane: &mut Pane, settings: &mut Settings) {
    if !pane.forms.menu_open {
        return;
    }
    let modal = egui::Modal::new(egui::Id::new("site menu"))
        .frame(theme::panel_frame())
        .show(ctx, |ui| {
            ui.set_width(280.0);
            ui.vertical_centered_justified(|ui| {
                ui.label(
                    RichText::new(pane.title)
                        .size(18.0)
                        .color(theme::TEXT_STRONG),
                );
                ui.add_space(6.0);
                choices(ui, pane);
            });
            if pane.forms.settings_open {
                ui.separator();
                settings::show(ui, settings);
            }
        });
    if modal.should_close() {
        pane.forms.menu_open = false;
    }
}

fn choices(ui: &mut Ui, pane: &mut Pane) {
    if ui.add(theme::primary_button(RESUME)).clicked() {
        pane.forms.menu_open = false;
    }
    if wide(ui, SAVE, "F5", true).clicked() {
        pane.want(Intent::Save);
        pane.forms.menu_open = false;
    }
    let has_save = settings::quick_save_exists();
    let load = wide(ui, LOAD, "F9", has_save).on_disabled_hover_text(NO_SAVE);
    if load.clicked() {
        pane.want(Intent::Load);
        pane.forms.menu_open = false;
    }
    if wide(ui, REPORT, Tab::Report.key_name(), true).clicked() {
        pane.forms.menu_open = false;
        pane.forms.open_book(Tab::Report);
    }
    if wide(ui, SETTINGS, "", true).clicked() {
        pane.forms.settings_open = !pane.forms.settings_open;
    }
    if wide(ui, KEYS, "F1", true).clicked() {
        pane.forms.menu_open = false;
        pane.forms.toggle(Sheet::Help);
    }
    if wide(ui, LEAVE, "", true)
        .on_hover_text(LEAVE_HELP)
        .clicked()
    {
        pane.want(Intent::Leave);
    }
}

fn wide(ui: &mut Ui, label: &str, key: &str, enabled: bool) -> egui::Response {
    let key = RichText::new(key)
        .monospace()
        .small()
        .color(theme::TEXT_WEAK);
    let button = Button::new(label)
        .right_text(key)
        .min_size(vec2(ui.available_width(), 28.0));
    ui.add_enabled(enabled, button)
}
