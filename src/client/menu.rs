//! The first page of the window: which level, which seed, settings, go on, leave.

pub mod settings;

mod backdrop;

use bevy::prelude::*;
use bevy_egui::egui::{
    self, Align, Button, Layout, RichText, ScrollArea, Sense, TextEdit, Ui, vec2,
};
use bevy_egui::{EguiContexts, EguiPrimaryContextPass};

use super::{AppState, Game, theme};
use crate::sim::level::{Brain, Level};
use backdrop::Backdrop;
use settings::Settings;

const TITLE: &str = "Bonanza";
const SUBTITLE: &str = "The rush for the asteroids";
const PLAY: &str = "Play";
const CONTINUE: &str = "Continue";
const CONTINUE_HELP: &str = "Go on from the quick save";
const SETTINGS: &str = "Settings";
const QUIT: &str = "Quit";
const LEVELS: &str = "Levels";
const SEED: &str = "Seed";
const SEED_HELP: &str = "The same seed makes the same rivals and the same chances. Leave it empty \
                         for the level's own.";
const BAD_SEED: &str = "A seed is a whole number from 0 to 18,446,744,073,709,551,615.";
const LOADING: &str = "Preparing the site…";
const NO_LEVELS: &str = "No levels were found.";

pub(super) fn plugin(app: &mut App) {
    app.add_plugins(settings::plugin)
        .init_resource::<MenuPage>()
        .add_systems(OnEnter(AppState::Menu), read_levels)
        .add_systems(
            EguiPrimaryContextPass,
            (
                apply_theme.run_if(run_once),
                draw_menu.run_if(in_state(AppState::Menu)),
            )
                .chain(),
        );
}

/// What the page shows and what was typed.
#[derive(Resource, Default)]
struct MenuPage {
    levels: Vec<Entry>,
    chosen: usize,
    seed: String,
    settings_open: bool,
    has_save: bool,
    /// What went wrong last.
    trouble: Option<String>,
    /// A start that waits until the page has said so.
    starting: Option<(Start, u32)>,
    backdrop: Backdrop,
}

/// A level that was found, or why it cannot be used.
struct Entry {
    name: String,
    level: Result<Box<Level>, String>,
}

/// What to start.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Start {
    Level,
    QuickSave,
}

impl MenuPage {
    /// The level that is chosen, if it can be used.
    fn level(&self) -> Option<&Level> {
        self.levels.get(self.chosen)?.level.as_deref().ok()
    }
}

fn apply_theme(mut contexts: EguiContexts) -> Result {
    theme::apply(contexts.ctx_mut()?);
    Ok(())
}

fn read_levels(mut page: ResMut<MenuPage>) {
    page.levels = Level::all_names()
        .into_iter()
        .map(|name| Entry {
            level: Level::find(&name)
                .map(Box::new)
                .map_err(|errors| errors.to_string()),
            name,
        })
        .collect();
    page.chosen = page.chosen.min(page.levels.len().saturating_sub(1));
    page.has_save = settings::quick_save_exists();
    page.starting = None;
}

fn draw_menu(
    mut contexts: EguiContexts,
    mut page: ResMut<MenuPage>,
    mut settings: ResMut<Settings>,
    mut commands: Commands,
    mut screen: ResMut<NextState<AppState>>,
    mut exit: MessageWriter<AppExit>,
) -> Result {
    let ctx = contexts.ctx_mut()?.clone();
    settings::apply_scale(&ctx, &settings);
    let page = &mut *page;
    let body = page.level().map(|level| level.body.clone());
    page.backdrop.paint(&ctx, body.as_ref());

    let screen_rect = ctx.content_rect();
    let width = (screen_rect.width() * 0.42).clamp(300.0, 460.0);
    let margin = (screen_rect.width() * 0.06).min(90.0);
    egui::Area::new(egui::Id::new("menu"))
        .fixed_pos(screen_rect.min + vec2(margin, screen_rect.height() * 0.08))
        .show(&ctx, |ui| {
            ui.set_width(width);
            ui.set_max_height(screen_rect.height() * 0.86);
            head(ui);
            ui.add_space(14.0);
            level_list(ui, page);
            ui.add_space(4.0);
            start_row(ui, page);
            if let Some(trouble) = &page.trouble {
                ui.label(RichText::new(trouble).color(theme::AMBER));
            }
            if page.starting.is_some() {
                ui.label(RichText::new(LOADING).color(theme::ACCENT));
            }
            ui.add_space(10.0);
            ui.horizontal(|ui| {
                let button = Button::new(SETTINGS).selected(page.settings_open);
                if ui.add(button).clicked() {
                    page.settings_open = !page.settings_open;
                }
                if ui.button(QUIT).clicked() {
                    exit.write(AppExit::Success);
                }
            });
            if page.settings_open {
                theme::panel_frame().show(ui, |ui| {
                    ui.set_width(ui.available_width());
                    settings::show(ui, &mut settings);
                });
            }
        });

    // The page first says that it is loading, in a frame that is shown, and then loads.
    if let Some((start, frames)) = &mut page.starting {
        *frames += 1;
        if *frames > 2 {
            let start = *start;
            page.starting = None;
            match begin(page, start) {
                Ok(mut game) => {
                    if start == Start::Level {
                        game.warp = settings.start_warp;
                    }
                    page.trouble = None;
                    commands.insert_resource(game);
                    screen.set(AppState::Site);
                }
                Err(trouble) => page.trouble = Some(trouble),
            }
        }
    }
    Ok(())
}

fn begin(page: &MenuPage, start: Start) -> Result<Game, String> {
    match start {
        Start::QuickSave => settings::read_quick_save(),
        Start::Level => {
            let level = page.level().ok_or(NO_LEVELS)?.clone();
            let seed = seed_of(&page.seed)?;
            Game::load(level, seed).map_err(|error| error.to_string())
        }
    }
}

/// The seed that was typed; `None` for an empty field.
fn seed_of(text: &str) -> Result<Option<u64>, String> {
    let text = text.trim();
    if text.is_empty() {
        return Ok(None);
    }
    text.parse().map(Some).map_err(|_| BAD_SEED.to_owned())
}

fn head(ui: &mut Ui) {
    ui.label(RichText::new(TITLE).size(54.0).color(theme::TEXT_STRONG));
    ui.label(RichText::new(SUBTITLE).size(18.0).color(theme::TEXT_WEAK));
}

fn level_list(ui: &mut Ui, page: &mut MenuPage) {
    theme::panel_frame().show(ui, |ui| {
        ui.set_width(ui.available_width());
        theme::title(ui, LEVELS);
        if page.levels.is_empty() {
            ui.label(RichText::new(NO_LEVELS).color(theme::AMBER));
        }
        ScrollArea::vertical()
            .max_height((ui.ctx().content_rect().height() * 0.36).max(120.0))
            .auto_shrink([false, true])
            .show(ui, |ui| {
                for (i, entry) in page.levels.iter().enumerate() {
                    let response = theme::card_frame(i == page.chosen)
                        .show(ui, |ui| {
                            ui.set_width(ui.available_width());
                            card(ui, entry);
                        })
                        .response
                        .interact(Sense::click());
                    if response
                        .on_hover_cursor(egui::CursorIcon::PointingHand)
                        .clicked()
                    {
                        page.chosen = i;
                        page.trouble = None;
                    }
                }
            });
    });
}

fn card(ui: &mut Ui, entry: &Entry) {
    match &entry.level {
        Ok(level) => {
            ui.horizontal(|ui| {
                ui.label(
                    RichText::new(&level.title)
                        .size(16.0)
                        .color(theme::TEXT_STRONG),
                );
                ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                    let body = super::panels::capitalised(&level.body.title());
                    theme::elided(ui, RichText::new(body).color(theme::TEXT_WEAK));
                });
            });
            ui.label(RichText::new(&level.summary).color(theme::TEXT));
            ui.horizontal_wrapped(|ui| {
                for prospector in &level.prospectors {
                    let is_player = matches!(prospector.brain, Brain::Human);
                    let name = if is_player { "you" } else { &prospector.name };
                    let color = if is_player {
                        theme::ACCENT
                    } else {
                        theme::owner_accent(&prospector.name, "")
                    };
                    theme::dot(ui, color);
                    ui.label(RichText::new(name).small().color(color));
                    ui.add_space(6.0);
                }
            });
        }
        Err(trouble) => {
            ui.label(
                RichText::new(&entry.name)
                    .size(16.0)
                    .color(theme::TEXT_WEAK),
            );
            ui.label(RichText::new(trouble).color(theme::AMBER));
        }
    }
}

fn start_row(ui: &mut Ui, page: &mut MenuPage) {
    ui.horizontal(|ui| {
        let ready = page.starting.is_none();
        let seed_fits = seed_of(&page.seed).is_ok();
        let can_play = ready && seed_fits && page.level().is_some();
        if ui
            .add_enabled(can_play, theme::primary_button(PLAY))
            .clicked()
        {
            page.starting = Some((Start::Level, 0));
        }
        let go_on = Button::new(CONTINUE).min_size(vec2(96.0, 30.0));
        let go_on = ui
            .add_enabled(ready && page.has_save, go_on)
            .on_hover_text(CONTINUE_HELP);
        if go_on.clicked() {
            page.starting = Some((Start::QuickSave, 0));
        }
        ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
            let own = page
                .level()
                .map_or(String::new(), |level| level.seed.to_string());
            let color = if seed_fits { theme::TEXT } else { theme::AMBER };
            let field = TextEdit::singleline(&mut page.seed)
                .hint_text(own)
                .text_color(color)
                .desired_width(90.0);
            let field = ui.add(field).on_hover_text(SEED_HELP);
            if !seed_fits {
                field.on_hover_text(BAD_SEED);
            }
            ui.label(RichText::new(SEED).color(theme::TEXT_WEAK));
        });
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_seed_is_a_whole_number_or_nothing() {
        assert_eq!(seed_of(" "), Ok(None));
        assert_eq!(seed_of(" 42 "), Ok(Some(42)));
        assert_eq!(seed_of("18446744073709551615"), Ok(Some(u64::MAX)));
        for bad in ["-1", "1.5", "NaN", "18446744073709551616", "seed"] {
            assert!(seed_of(bad).is_err(), "{bad}");
        }
    }
}
