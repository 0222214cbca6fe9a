//! What the player has set once for all sites, and the quick save: the two files that the window
//! keeps in the folders the platform gives it.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use bevy::prelude::*;
use bevy::window::{PresentMode, PrimaryWindow};
use bevy_egui::egui::{self, ComboBox, Grid, RichText, Slider, Ui, vec2};
use serde::{Deserialize, Serialize};

use crate::client::Game;
use crate::client::game::WARPS;
use crate::client::panels::format;
use crate::client::theme;
use crate::sim::level::Level;

const SETTINGS_FILE: &str = "settings.ron";
const QUICK_SAVE_FILE: &str = "quick.save";
const SCALE: &str = "Size of panels";
const AUTOMATIC: &str = "Automatic";
const VSYNC: &str = "Wait for the display (vsync)";
const START_WARP: &str = "Warp at the start";
const SENSITIVITY: &str = "Mouse sensitivity";
const SCALES: [f32; 7] = [0.8, 0.9, 1.0, 1.15, 1.3, 1.5, 2.0];

pub(super) fn plugin(app: &mut App) {
    app.insert_resource(Settings::read()).add_systems(
        Update,
        (set_vsync, keep).run_if(resource_changed::<Settings>),
    );
}

/// The player's choices.
#[derive(Resource, Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Settings {
    /// Size of the panels; `None` fits it to the window.
    pub ui_scale: Option<f32>,
    pub vsync: bool,
    /// One of [`WARPS`].
    pub start_warp: u32,
    /// How far the view turns for a drag, 1 for the usual.
    pub mouse_sensitivity: f32,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            ui_scale: None,
            vsync: true,
            start_warp: WARPS[0],
            mouse_sensitivity: 1.0,
        }
    }
}

impl Settings {
    /// The settings of last time; the usual ones where there are none or they make no sense.
    fn read() -> Self {
        let text =
            config_folder().and_then(|folder| fs::read_to_string(folder.join(SETTINGS_FILE)).ok());
        text.map_or_else(Self::default, |text| Self::of(&text))
    }

    fn of(text: &str) -> Self {
        let read: Self = match ron::from_str(text) {
            Ok(read) => read,
            Err(error) => {
                warn!("the settings cannot be read and start afresh: {error}");
                return Self::default();
            }
        };
        let usual = Self::default();
        Self {
            ui_scale: read.ui_scale.filter(|scale| (0.5..=3.0).contains(scale)),
            vsync: read.vsync,
            start_warp: if WARPS.contains(&read.start_warp) {
                read.start_warp
            } else {
                usual.start_warp
            },
            mouse_sensitivity: if (0.1..=5.0).contains(&read.mouse_sensitivity) {
                read.mouse_sensitivity
            } else {
                usual.mouse_sensitivity
            },
        }
    }
}

/// A run that can be gone on with: the level it is of, and a snapshot.
#[derive(Serialize, Deserialize)]
struct QuickSave {
    level: String,
    snapshot: Vec<u8>,
}

/// Gives the panels the size that was set, or one that suits the window.
pub fn apply_scale(ctx: &egui::Context, settings: &Settings) {
    let zoom = ctx.zoom_factor();
    let window = ctx.content_rect().size() * zoom;
    let scale = settings.ui_scale.unwrap_or_else(|| fitting_scale(window));
    if (scale - zoom).abs() > 1e-3 {
        ctx.set_zoom_factor(scale);
    }
}

/// Larger windows get larger panels, but less than in proportion: they also show more.
fn fitting_scale(window: egui::Vec2) -> f32 {
    let ratio = (window.x / 1280.0).min(window.y / 720.0);
    // In steps, so that dragging the window's edge does not set the letters anew all the time.
    ((ratio.max(0.0).sqrt() * 20.0).round() / 20.0).clamp(0.8, 2.0)
}

/// The settings as a form.
pub fn show(ui: &mut Ui, settings: &mut Settings) {
    let mut new = settings.clone();
    Grid::new("settings")
        .num_columns(2)
        .spacing(vec2(12.0, 8.0))
        .show(ui, |ui| {
            let name = |ui: &mut Ui, name: &str| {
                ui.label(RichText::new(name).color(theme::TEXT_WEAK));
            };
            name(ui, SCALE);
            let text = |scale: Option<f32>| match scale {
                Some(scale) => format::percent(f64::from(scale)),
                None => AUTOMATIC.to_owned(),
            };
            ComboBox::from_id_salt("scale")
                .selected_text(text(new.ui_scale))
                .show_ui(ui, |ui| {
                    ui.selectable_value(&mut new.ui_scale, None, AUTOMATIC);
                    for scale in SCALES {
                        ui.selectable_value(&mut new.ui_scale, Some(scale), text(Some(scale)));
                    }
                });
            ui.end_row();
            name(ui, START_WARP);
            ComboBox::from_id_salt("start warp")
                .selected_text(format::warp(f64::from(new.start_warp)))
                .show_ui(ui, |ui| {
                    for warp in WARPS {
                        let text = format::warp(f64::from(warp));
                        ui.selectable_value(&mut new.start_warp, warp, text);
                    }
                });
            ui.end_row();
            name(ui, SENSITIVITY);
            ui.spacing_mut().slider_width = 90.0;
            ui.add(
                Slider::new(&mut new.mouse_sensitivity, 0.2..=3.0)
                    .max_decimals(1)
                    .logarithmic(true),
            );
            ui.end_row();
        });
    ui.checkbox(&mut new.vsync, VSYNC);
    // Touching the resource only when something changed keeps the disk quiet.
    if new != *settings {
        *settings = new;
    }
}

/// Whether there is a run to go on with.
pub fn quick_save_exists() -> bool {
    data_folder().is_some_and(|folder| folder.join(QUICK_SAVE_FILE).is_file())
}

/// Keeps the run as it is now.
///
/// # Errors
/// A sentence that says what went wrong; an older quick save is then still there.
pub fn write_quick_save(game: &mut Game) -> Result<(), String> {
    let save = QuickSave {
        level: game.level.to_ron(),
        snapshot: game.save(),
    };
    let bytes = postcard::to_stdvec(&save).map_err(|error| error.to_string())?;
    let folder = data_folder().ok_or("this system names no folder for saved games")?;
    write_whole(&folder.join(QUICK_SAVE_FILE), &bytes).map_err(|error| error.to_string())
}

/// The run that was kept.
///
/// # Errors
/// A sentence that says what is wrong with it.
pub fn read_quick_save() -> Result<Game, String> {
    let path = data_folder()
        .map(|folder| folder.join(QUICK_SAVE_FILE))
        .filter(|path| path.is_file())
        .ok_or("there is no quick save yet")?;
    let bytes = fs::read(&path).map_err(|error| error.to_string())?;
    let save: QuickSave =
        postcard::from_bytes(&bytes).map_err(|_| "the quick save is damaged".to_owned())?;
    let level = Level::parse(&save.level, "quick save").map_err(|errors| errors.to_string())?;
    Game::restore(level, &save.snapshot).map_err(|error| error.to_string())
}

fn set_vsync(settings: Res<Settings>, mut windows: Query<&mut Window, With<PrimaryWindow>>) {
    let mode = if settings.vsync {
        PresentMode::AutoVsync
    } else {
        PresentMode::AutoNoVsync
    };
    for mut window in &mut windows {
        if window.present_mode != mode {
            window.present_mode = mode;
        }
    }
}

fn keep(settings: Res<Settings>) {
    // As they were read, they need not be written.
    if settings.is_added() {
        return;
    }
    let Some(folder) = config_folder() else {
        return;
    };
    let text = ron::ser::to_string_pretty(&*settings, ron::ser::PrettyConfig::default())
        .expect("settings are plain data that RON can write");
    if let Err(error) = write_whole(&folder.join(SETTINGS_FILE), text.as_bytes()) {
        warn!(
            "the settings cannot be kept in {}: {error}",
            folder.display()
        );
    }
}

/// Writes a file so that it is there as a whole or as it was before.
fn write_whole(path: &Path, bytes: &[u8]) -> io::Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    let draft = path.with_extension("part");
    fs::write(&draft, bytes)?;
    fs::rename(&draft, path)
}

fn config_folder() -> Option<PathBuf> {
    folder(&["XDG_CONFIG_HOME", "APPDATA"], ".config")
}

/// Where the window keeps what the player makes.
pub fn data_folder() -> Option<PathBuf> {
    folder(&["XDG_DATA_HOME", "APPDATA"], ".local/share")
}

/// The first of these variables that names a folder, else `in_home` in the user's home.
fn folder(variables: &[&str], in_home: &str) -> Option<PathBuf> {
    let of = |name: &str| std::env::var_os(name).filter(|value| !value.is_empty());
    variables
        .iter()
        .find_map(|name| of(name).map(PathBuf::from))
        .or_else(|| of("HOME").map(|home| PathBuf::from(home).join(in_home)))
        .map(|folder| folder.join("bonanza"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_come_back_as_they_were_written() {
        let settings = Settings {
            ui_scale: Some(1.3),
            vsync: false,
            start_warp: 60,
            mouse_sensitivity: 0.7,
        };
        let text = ron::to_string(&settings).unwrap();
        assert_eq!(Settings::of(&text), settings);
    }

    #[test]
    fn nonsense_in_the_settings_does_no_harm() {
        assert_eq!(
            Settings::of("(ui_scale: Some(NaN), start_warp: 7)"),
            Settings::default()
        );
        assert_eq!(
            Settings::of("(mouse_sensitivity: -1e30)"),
            Settings::default()
        );
        assert_eq!(Settings::of("not even RON ((("), Settings::default());
        assert_eq!(Settings::of(""), Settings::default());
    }

    #[test]
    fn panels_grow_with_the_window_but_less_than_it() {
        assert_eq!(fitting_scale(vec2(1280.0, 720.0)), 1.0);
        let large = fitting_scale(vec2(1920.0, 1080.0));
        assert!(1.1 < large && large < 1.3, "{large}");
        assert_eq!(fitting_scale(vec2(0.0, 0.0)), 0.8);
    }

    #[test]
    fn a_file_is_replaced_as_a_whole() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("deep/er/file");
        write_whole(&path, b"one").unwrap();
        write_whole(&path, b"two").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"two");
        assert_eq!(fs::read_dir(path.parent().unwrap()).unwrap().count(), 1);
    }
}
