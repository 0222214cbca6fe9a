//! Pictures without a window: the same view, drawn into an image and written as a PNG.

use std::num::NonZero;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use bevy::app::{PluginsState, TaskPoolOptions, TaskPoolThreadAssignmentPolicy};
use bevy::asset::RenderAssetUsages;
use bevy::camera::RenderTarget;
use bevy::prelude::*;
use bevy::render::RenderPlugin;
use bevy::render::pipelined_rendering::PipelinedRenderingPlugin;
use bevy::render::render_resource::TextureFormat;
use bevy::render::settings::{RenderCreation, RenderResources, WgpuSettings};
use bevy::render::view::screenshot::{Screenshot, ScreenshotCaptured};
use bevy::window::{ExitCondition, WindowPlugin};
use bevy::winit::WinitPlugin;

use crate::sim::level::Level;

use super::view::Moment;
use super::view::body::Surface;
use super::view::camera::{CameraRig, NamedCamera, SiteCamera, take_named};
use super::view::chart::{Chart, ChartWish};
use super::{AppState, ClientError, ClientPlugin, Game};
use crate::sim::asteroid::constituent::Constituent;
use crate::sim::order::Issued;
use crate::train::Policy;

/// What to draw, from where, and where to.
#[derive(Clone)]
pub struct ShotOptions {
    pub level: Level,
    /// Policies with the names of the prospectors that they decide for.
    pub appointed: Vec<(String, Arc<Policy>)>,
    /// Given before the world starts.
    pub orders: Vec<Issued>,
    /// The robot to look at; the busiest one if none is named.
    pub robot: Option<String>,
    /// The good whose estimates are laid over the ground.
    pub chart: Option<Constituent>,
    /// The PNG to write.
    pub out: PathBuf,
    /// Simulated time before the picture is taken [ms].
    pub after_ms: u64,
    /// One of [`NamedCamera::NAMES`].
    pub camera: String,
    /// Width and height in pixels.
    pub size: (u32, u32),
}

/// Frames before the picture in which nothing is drawn and the world runs at this pace, so that
/// dust is in flight.
const LEAD_FRAMES: u64 = 80;
const LEAD_FRAME_MS: u64 = 500;
/// A picture is given up when nothing of it has been finished for so long: the largest piece takes
/// seconds on a slow machine.
const PATIENCE: Duration = Duration::from_secs(120);
/// Frames drawn before the one that is kept: textures and shadows are there by then.
const FRAMES_DRAWN: u64 = 3;

/// Runs a level for a while and writes a picture of it.
///
/// # Errors
/// A [`ClientError`] if the size is absurd, the file cannot be written, the level's world cannot
/// be made, or there is nothing to draw with.
pub fn shot(options: ShotOptions) -> Result<(), ClientError> {
    let (width, height) = options.size;
    if !(16..=8192).contains(&width) || !(16..=8192).contains(&height) {
        return Err(ClientError::Size { width, height });
    }
    let Some(camera) = NamedCamera::named(&options.camera) else {
        return Err(ClientError::Camera(options.camera));
    };
    // Found out before the minutes of work, not after.
    let draft = Draft::beside(&options.out)?;
    let picture = draw(&options, camera)?;
    draft.finish(&picture)
}

/// Finds a graphics adapter and opens it, or `None` if there is none.
pub(super) fn find_adapter() -> Option<RenderResources> {
    let settings = WgpuSettings::default();
    let backends = settings.backends?;
    // The renderer panics where there is no adapter; the answer here is a sentence instead.
    let hook = std::panic::take_hook();
    std::panic::set_hook(Box::new(|_| {}));
    let found = std::panic::catch_unwind(|| {
        bevy::tasks::block_on(bevy::render::renderer::initialize_renderer(
            backends, None, &settings,
        ))
    });
    std::panic::set_hook(hook);
    found.ok()
}

/// A file beside the wanted one, which takes its place when it is complete and is removed when
/// it is not, whatever happens.
struct Draft<'a> {
    path: PathBuf,
    wanted: &'a Path,
}

impl<'a> Draft<'a> {
    fn beside(wanted: &'a Path) -> Result<Self, ClientError> {
        if wanted.is_dir() {
            return Err(cannot_write(wanted, "it is a folder"));
        }
        let Some(name) = wanted.file_name() else {
            return Err(cannot_write(wanted, "it names no file"));
        };
        let path = wanted.with_file_name(format!(
            ".{}.{}.png",
            name.to_string_lossy(),
            std::process::id()
        ));
        std::fs::File::create(&path).map_err(|error| cannot_write(wanted, error))?;
        Ok(Self { path, wanted })
    }

    fn finish(self, picture: &Image) -> Result<(), ClientError> {
        picture
            .clone()
            .try_into_dynamic()
            .map_err(|error| cannot_write(self.wanted, error))?
            .to_rgb8()
            .save(&self.path)
            .map_err(|error| cannot_write(self.wanted, error))?;
        std::fs::rename(&self.path, self.wanted).map_err(|error| cannot_write(self.wanted, error))
    }
}

impl Drop for Draft<'_> {
    fn drop(&mut self) {
        // Gone already if it took its place; and nothing more can be done about it if not.
        let _ = std::fs::remove_file(&self.path);
    }
}

fn cannot_write(path: &Path, reason: impl ToString) -> ClientError {
    ClientError::Write {
        path: path.display().to_string(),
        reason: reason.to_string(),
    }
}

/// The picture, once the renderer has handed it over.
#[derive(Resource, Clone, Default)]
struct Taken(Arc<Mutex<Option<Image>>>);

fn draw(options: &ShotOptions, camera: NamedCamera) -> Result<Image, ClientError> {
    let Some(adapter) = find_adapter() else {
        return Err(ClientError::NoAdapter);
    };
    let mut game = Game::load(options.level.clone(), None)?;
    for (prospector, policy) in &options.appointed {
        game.seat(policy, prospector)?;
    }
    if let Some(robot) = &options.robot
        && !game.scene().robots.iter().any(|seen| seen.name == *robot)
    {
        return Err(ClientError::Robot {
            given: robot.clone(),
            known: game
                .scene()
                .robots
                .iter()
                .map(|seen| seen.name.clone())
                .collect(),
        });
    }
    for issued in &options.orders {
        game.headless_mut().schedule(issued.clone());
    }
    let lead_ms = (LEAD_FRAMES * LEAD_FRAME_MS).min(options.after_ms);
    game.run_until_ms(options.after_ms - lead_ms);
    let lead_frames = lead_ms.div_ceil(LEAD_FRAME_MS).max(1);
    game.frame_ms = Some(lead_ms as f64 / lead_frames as f64);

    let cores = std::thread::available_parallelism().map_or(1, NonZero::get);
    let mut app = App::new();
    app.add_plugins(
        DefaultPlugins
            .set(bevy::log::LogPlugin {
                filter: "error".into(),
                ..default()
            })
            .set(WindowPlugin {
                primary_window: None,
                exit_condition: ExitCondition::DontExit,
                ..default()
            })
            .set(RenderPlugin {
                render_creation: RenderCreation::Manual(adapter),
                synchronous_pipeline_compilation: true,
                ..default()
            })
            // The meshes are all there is to wait for: every core may make them.
            .set(TaskPoolPlugin {
                task_pool_options: TaskPoolOptions {
                    async_compute: TaskPoolThreadAssignmentPolicy {
                        min_threads: cores,
                        max_threads: cores,
                        percent: 1.0,
                        on_thread_spawn: None,
                        on_thread_destroy: None,
                    },
                    ..default()
                },
            })
            .disable::<WinitPlugin>()
            .disable::<PipelinedRenderingPlugin>(),
    )
    .add_plugins(ClientPlugin)
    .insert_resource(game)
    .insert_state(AppState::Site);
    while app.plugins_state() == PluginsState::Adding {
        bevy::tasks::tick_global_task_pools_on_main_thread();
    }
    app.finish();
    app.cleanup();

    let target = {
        let mut image = Image::new_target_texture(
            options.size.0,
            options.size.1,
            TextureFormat::Rgba8UnormSrgb,
            None,
        );
        image.asset_usage = RenderAssetUsages::default();
        app.world_mut().resource_mut::<Assets<Image>>().add(image)
    };

    let taken = Taken::default();
    let mut drawn = 0;
    let mut progress = (0, Instant::now());
    for frame in 0u64.. {
        app.update();
        let finished = app
            .world()
            .get_resource::<Surface>()
            .map_or(0, Surface::finished);
        let finished = finished + frame.min(lead_frames + 4) + drawn;
        if progress.0 != finished {
            progress = (finished, Instant::now());
        } else if PATIENCE < progress.1.elapsed() {
            break;
        }
        let world = app.world_mut();
        match frame {
            0 => {
                // Nothing is drawn until all is there to be drawn: drawing in software is slow.
                let mut cameras = world.query_filtered::<(Entity, &mut Camera), With<SiteCamera>>();
                let found: Vec<Entity> = cameras
                    .iter_mut(world)
                    .map(|(entity, mut camera)| {
                        camera.is_active = false;
                        entity
                    })
                    .collect();
                for entity in found {
                    world
                        .entity_mut(entity)
                        .insert(RenderTarget::Image(target.clone().into()));
                }
            }
            _ if frame < lead_frames => {}
            _ if frame == lead_frames => {
                world.resource_mut::<Game>().paused = true;
                let moment = world.resource::<Moment>().clone();
                let player = world.resource::<Game>().player.clone();
                let mut rig = world.resource_mut::<CameraRig>();
                let robot = options.robot.as_deref();
                take_named(&mut rig, camera, &moment, &player, robot);
                rig.arrive();
                world.resource_mut::<ChartWish>().constituent = options.chart;
            }
            _ if frame < lead_frames + 4 => {
                world.resource_mut::<CameraRig>().arrive();
            }
            _ if drawn == 0 => {
                let chart = world.resource::<Chart>();
                if world.resource::<Surface>().is_complete() && chart.is_complete() {
                    drawn = 1;
                    let mut cameras = world.query_filtered::<&mut Camera, With<SiteCamera>>();
                    for mut camera in cameras.iter_mut(world) {
                        camera.is_active = true;
                    }
                } else {
                    // The pool needs the processor more than this loop does.
                    std::thread::sleep(std::time::Duration::from_millis(2));
                }
            }
            _ => {
                drawn += 1;
                if drawn == FRAMES_DRAWN {
                    let taken = taken.clone();
                    world.spawn(Screenshot::image(target.clone())).observe(
                        move |captured: On<ScreenshotCaptured>| {
                            if let Ok(mut slot) = taken.0.lock() {
                                *slot = Some(captured.image.clone());
                            }
                        },
                    );
                }
                if let Some(picture) = taken.0.lock().ok().and_then(|mut slot| slot.take()) {
                    return Ok(picture);
                }
            }
        }
    }
    Err(ClientError::Unfinished {
        after_s: PATIENCE.as_secs(),
    })
}
