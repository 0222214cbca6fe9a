//! The window and the offscreen pictures: one client of the simulation.
//!
//! The client owns no state of the world. It steps a [`Headless`](crate::headless::Headless)
//! (module [`game`]), draws its scenes (module [`view`]), shows its public record and the player's
//! observations (module [`panels`]) and turns clicks and keys into orders (modules [`input`] and
//! [`selection`], and [`steer`] while a robot is steered by hand). [`shot`](mod@shot) draws the same view to a file.
//!
//! World units are metres. The drawn world is the site frame moved to an origin near the
//! work site; see [`view::Frame`].

mod export;
pub mod game;
pub mod input;
mod measure;
pub mod menu;
pub mod panels;
pub mod selection;
pub mod shot;
pub mod steer;
pub mod theme;
pub mod view;

use std::sync::Arc;

use bevy::diagnostic::{Diagnostic, DiagnosticPath, RegisterDiagnostic};
use bevy::prelude::*;
use bevy::window::{ExitCondition, PresentMode};

use crate::headless::LoadError;
use crate::sim::level::Level;
use crate::train::{Policy, PolicyError};

pub use game::Game;
pub use shot::{ShotOptions, shot};

/// Processor time of the ticks of one frame [ms].
pub const SIM_CPU_MS: DiagnosticPath = DiagnosticPath::const_new("sim_cpu_ms");
/// Processor time of the panels of one frame [ms].
pub const PANELS_CPU_MS: DiagnosticPath = DiagnosticPath::const_new("panels_cpu_ms");
/// Processor time to mesh one chunk of the surface [ms].
pub const CHUNK_MESH_MS: DiagnosticPath = DiagnosticPath::const_new("chunk_mesh_ms");

/// What the window shows.
#[derive(States, Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum AppState {
    #[default]
    Menu,
    Site,
}

/// The order of a frame, in `Update`. Panels are drawn after it, in egui's own pass.
#[derive(SystemSet, Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ClientSystems {
    /// Keys, clicks, camera wishes.
    Input,
    /// The clock and the ticks.
    Simulate,
    /// The scene onto entities, the camera, the light.
    Draw,
}

/// Why the window or a picture could not be had.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    #[error("there is no display: {0}")]
    NoDisplay(String),
    #[error(
        "no graphics adapter was found: install a Vulkan driver (on Debian and Ubuntu, \
         mesa-vulkan-drivers draws in software)"
    )]
    NoAdapter,
    #[error("cannot load the level: {0}")]
    Load(#[from] LoadError),
    #[error(transparent)]
    Policy(#[from] PolicyError),
    #[error("cannot write {path}: {reason}")]
    Write { path: String, reason: String },
    #[error("unknown camera \"{0}\": expected {names}", names = view::camera::NamedCamera::NAMES.join(", "))]
    Camera(String),
    #[error("there is no robot \"{given}\": expected {known}", known = known.join(", "))]
    Robot { given: String, known: Vec<String> },
    #[error("size {width}x{height} must be between 16x16 and 8192x8192")]
    Size { width: u32, height: u32 },
    #[error("the picture was given up: nothing more of it was finished within {after_s} s")]
    Unfinished { after_s: u64 },
    #[error("the window ended with an error")]
    Window,
}

/// What both the window and the pictures need.
struct ClientPlugin;

impl Plugin for ClientPlugin {
    fn build(&self, app: &mut App) {
        app.init_state::<AppState>()
            .configure_sets(
                Update,
                (
                    ClientSystems::Input,
                    ClientSystems::Simulate,
                    ClientSystems::Draw,
                )
                    .chain(),
            )
            .register_diagnostic(Diagnostic::new(SIM_CPU_MS).with_suffix(" ms"))
            .register_diagnostic(Diagnostic::new(PANELS_CPU_MS).with_suffix(" ms"))
            .register_diagnostic(
                Diagnostic::new(CHUNK_MESH_MS)
                    .with_suffix(" ms")
                    .with_max_history_length(4_000),
            )
            .add_plugins((game::plugin, selection::plugin, view::plugin));
    }
}

/// What only the window needs.
struct WindowedPlugin;

impl Plugin for WindowedPlugin {
    fn build(&self, app: &mut App) {
        app.add_plugins(bevy_egui::EguiPlugin::default())
            .add_plugins((input::plugin, steer::plugin, menu::plugin, panels::plugin));
    }
}

/// Opens the window, in a level or at its menu, and returns when it is closed.
///
/// # Errors
/// [`ClientError::NoDisplay`] and [`ClientError::NoAdapter`] before any window opens;
/// [`ClientError::Load`] if the level's world cannot be made.
pub fn play(level: Option<Level>, appointed: &[(String, Arc<Policy>)]) -> Result<(), ClientError> {
    find_display()?;
    if shot::find_adapter().is_none() {
        return Err(ClientError::NoAdapter);
    }
    let mut game = level.map(|level| Game::load(level, None)).transpose()?;
    if let Some(game) = &mut game {
        for (prospector, policy) in appointed {
            game.seat(policy, prospector)?;
        }
    }
    let mut app = App::new();
    app.add_plugins(
        DefaultPlugins
            .set(bevy::log::LogPlugin {
                filter: "warn,wgpu=error,naga=error".into(),
                ..default()
            })
            .set(WindowPlugin {
                primary_window: Some(Window {
                    title: "Bonanza".into(),
                    name: Some("bonanza".into()),
                    present_mode: PresentMode::AutoVsync,
                    ..default()
                }),
                exit_condition: ExitCondition::OnAllClosed,
                ..default()
            }),
    )
    .add_plugins((ClientPlugin, WindowedPlugin));
    if let Some(game) = game {
        app.insert_resource(game).insert_state(AppState::Site);
    }
    app.add_plugins(measure::plugin);
    match app.run() {
        AppExit::Success => Ok(()),
        AppExit::Error(_) => Err(ClientError::Window),
    }
}

/// Finds out whether a display answers, so that the window system need not be asked in vain: it
/// would end the program.
fn find_display() -> Result<(), ClientError> {
    if !cfg!(target_os = "linux") {
        return Ok(());
    }
    let of = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    if of("WAYLAND_DISPLAY").is_some() || of("WAYLAND_SOCKET").is_some() {
        return Ok(());
    }
    let Some(display) = of("DISPLAY") else {
        return Err(ClientError::NoDisplay(
            "neither DISPLAY nor WAYLAND_DISPLAY is set".into(),
        ));
    };
    #[cfg(unix)]
    if let Some(number) = display
        .strip_prefix(':')
        .map(|rest| rest.split('.').next().unwrap_or_default())
    {
        let socket = format!("/tmp/.X11-unix/X{number}");
        let answers = std::os::unix::net::UnixStream::connect(&socket).is_ok() || {
            use std::os::linux::net::SocketAddrExt;
            std::os::unix::net::SocketAddr::from_abstract_name(&socket)
                .and_then(|address| std::os::unix::net::UnixStream::connect_addr(&address))
                .is_ok()
        };
        if !answers {
            return Err(ClientError::NoDisplay(format!(
                "nothing answers at DISPLAY={display}"
            )));
        }
    }
    Ok(())
}
