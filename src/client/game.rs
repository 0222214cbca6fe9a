//! The running world behind the window: one [`Headless`], the clock of the screen, and orders.
//!
//! The window steps the very same world as a run without a window. This module decides *when* to
//! step: the screen's clock runs at the chosen warp, and a tick is taken as soon as the clock has
//! reached its end. So the world is at or before the screen's time, never after it, and an order
//! given now takes effect now, even in the middle of a long tick. What is drawn between two ticks
//! is interpolated from the last two [`Scene`]s.

use std::sync::Arc;
use std::time::{Duration, Instant};

use bevy::diagnostic::Diagnostics;
use bevy::prelude::*;

use crate::headless::{Headless, LoadError};
use crate::sim::level::{Brain, Level};
use crate::sim::observation::Scene;
use crate::sim::order::{Issued, Order};
use crate::sim::snapshot::SnapshotError;
use crate::train::{Policy, PolicyError, SeatedPolicy};

use super::{AppState, ClientSystems, SIM_CPU_MS};

pub(super) fn plugin(app: &mut App) {
    app.add_systems(OnExit(AppState::Site), leave_site)
        .add_systems(
            Update,
            advance_game
                .in_set(ClientSystems::Simulate)
                .run_if(in_state(AppState::Site).and_then(resource_exists::<Game>)),
        );
}

/// The choices of time warp: seconds of simulation per second of the wall clock.
pub const WARPS: [u32; 5] = [1, 10, 60, 600, 3600];

/// Processor time that one frame may spend on ticks. A warp that wants more is not held.
const TICK_BUDGET: Duration = Duration::from_millis(4);

/// Wall time that one frame may add to the clock: a stall of the machine is not made up for.
const LONGEST_FRAME_S: f64 = 0.1;

/// The running world, as the window sees it. Exists while a site is shown.
#[derive(Resource)]
pub struct Game {
    /// The level the world was loaded from.
    pub level: Level,
    /// Seconds of simulation per second of the wall clock: one of [`WARPS`].
    pub warp: u32,
    /// Stops the clock. Orders given meanwhile wait for it.
    pub paused: bool,
    /// The prospector whose orders this window gives.
    pub player: String,
    headless: Headless,
    /// Policies that decide for prospectors.
    policies: Vec<SeatedPolicy>,
    /// Why one of them decides no more.
    trouble: Option<String>,
    /// The screen's clock [ms], at or after the world's time.
    clock_ms: f64,
    /// The newest scene and the one before it.
    scene: Scene,
    previous: Scene,
    held: bool,
    /// The player has ended the run: the clock stands for good.
    over: bool,
    /// Clock time of a frame [ms], where it is not that of the wall.
    pub(super) frame_ms: Option<f64>,
}

impl Game {
    /// Loads a level; `seed` replaces the level's own.
    ///
    /// # Errors
    /// As [`Headless::load`].
    pub fn load(level: Level, seed: Option<u64>) -> Result<Self, LoadError> {
        let headless = Headless::load(&level, seed)?;
        Ok(Self::of(level, headless))
    }

    /// Shows a world that has already run for a while.
    pub fn of(level: Level, mut headless: Headless) -> Self {
        let scene = headless.scene();
        Self {
            player: player_of(&level, &[]),
            level,
            warp: WARPS[0],
            paused: false,
            clock_ms: headless.time_ms() as f64,
            headless,
            policies: Vec::new(),
            trouble: None,
            previous: scene.clone(),
            scene,
            held: true,
            over: false,
            frame_ms: None,
        }
    }

    /// Goes on from a snapshot of the same level.
    ///
    /// # Errors
    /// As [`Headless::restore`].
    pub fn restore(level: Level, snapshot: &[u8]) -> Result<Self, SnapshotError> {
        Ok(Self::of(level, Headless::restore(snapshot)?))
    }

    /// Lets a policy decide for a prospector from now on.
    ///
    /// # Errors
    /// As [`SeatedPolicy::new`].
    pub fn seat(&mut self, policy: &Arc<Policy>, prospector: &str) -> Result<(), PolicyError> {
        let seated = SeatedPolicy::new(policy, prospector, &mut self.headless)?;
        self.policies.push(seated);
        self.player = player_of(&self.level, &self.policies);
        Ok(())
    }

    /// Lets the policies of another run of the same level decide here, where they can.
    pub fn seat_as_in(&mut self, other: &Self) {
        for seated in &other.policies {
            if let Err(error) = self.seat(seated.policy(), seated.prospector()) {
                self.trouble = Some(error.to_string());
            }
        }
    }

    /// Why a policy decides no more, told once.
    pub fn take_trouble(&mut self) -> Option<String> {
        self.trouble.take()
    }

    fn let_policies_act(&mut self) {
        let (policies, world) = (&mut self.policies, &mut self.headless);
        policies.retain_mut(|policy| match policy.act(world) {
            Ok(()) => true,
            Err(error) => {
                self.trouble = Some(error.to_string());
                false
            }
        });
    }

    /// A snapshot of the world at its last tick.
    pub fn save(&mut self) -> Vec<u8> {
        self.headless.save()
    }

    pub fn headless(&self) -> &Headless {
        &self.headless
    }

    pub fn headless_mut(&mut self) -> &mut Headless {
        &mut self.headless
    }

    /// The newest scene. For what is seen between two ticks, see [`Game::moment`].
    pub fn scene(&self) -> &Scene {
        &self.scene
    }

    /// Time shown on the screen's clock [ms].
    pub fn display_time_ms(&self) -> u64 {
        self.clock_ms as u64
    }

    /// The same, with fractions [ms].
    pub fn clock_ms(&self) -> f64 {
        self.clock_ms
    }

    /// Whether the last frame reached the warp that was asked for.
    pub fn warp_is_held(&self) -> bool {
        self.held
    }

    /// Stops the clock for good.
    pub fn end(&mut self) {
        self.over = true;
        self.paused = true;
    }

    /// Whether the player has ended the run.
    pub fn is_over(&self) -> bool {
        self.over
    }

    /// Gives an order in the player's name; the answer comes in the log.
    pub fn submit(&mut self, order: Order) {
        let at_ms = self.display_time_ms();
        self.headless.schedule(Issued {
            at_ms,
            by: self.player.clone(),
            order,
        });
    }

    /// The two scenes around what is on the screen, and how far it is from the first to the second.
    ///
    /// The screen shows robots one tick late. Nothing moves freely in a long tick, so after one
    /// the newest scene is reached within the time of a short tick.
    pub fn moment(&self) -> (&Scene, &Scene, f32) {
        let tick_ms = self.scene.time_ms.saturating_sub(self.previous.time_ms) as f64;
        let reach_ms = tick_ms.min(self.level.tick_s * 1e3);
        let since_ms = self.clock_ms - self.scene.time_ms as f64;
        let alpha = if reach_ms <= 0.0 || self.paused && since_ms <= 0.0 {
            1.0
        } else {
            (since_ms / reach_ms).clamp(0.0, 1.0)
        };
        (&self.previous, &self.scene, alpha as f32)
    }

    /// Seconds from the newest scene to the screen's clock, for what moves by itself: the sky.
    pub fn since_scene_s(&self) -> f64 {
        (self.clock_ms - self.scene.time_ms as f64).max(0.0) * 1e-3
    }

    /// Runs the world up to a time without drawing, and sets the clock there.
    pub fn run_until_ms(&mut self, time_ms: u64) {
        while self.headless.time_ms() < time_ms {
            self.let_policies_act();
            self.headless.step();
        }
        self.clock_ms = self.headless.time_ms() as f64;
        self.scene = self.headless.scene();
        self.previous = self.scene.clone();
    }

    /// Moves the clock on by `wall_s` of wall time and takes the ticks that fit.
    fn advance(&mut self, wall_s: f64) {
        if self.paused || self.over {
            return;
        }
        self.clock_ms += self
            .frame_ms
            .unwrap_or(wall_s.min(LONGEST_FRAME_S) * 1e3 * f64::from(self.warp));
        let began = Instant::now();
        self.held = true;
        let mut stepped = false;
        let mut before = None;
        loop {
            self.let_policies_act();
            let tick_ms = self.headless.next_tick_ms();
            let end_ms = self.headless.time_ms() + tick_ms;
            if self.clock_ms < end_ms as f64 {
                break;
            }
            if TICK_BUDGET <= began.elapsed() && self.frame_ms.is_none() {
                // Too dear: the clock waits for the world.
                self.clock_ms = self.headless.time_ms() as f64;
                self.held = false;
                break;
            }
            // Only the last two scenes are drawn; the ones before are not worth making.
            let is_near_last = self.clock_ms < (end_ms + 2 * tick_ms) as f64;
            if is_near_last && stepped {
                before = Some(self.headless.scene());
            }
            self.headless.step();
            stepped = true;
        }
        if stepped {
            let scene = self.headless.scene();
            let last = std::mem::replace(&mut self.scene, scene);
            self.previous = before.unwrap_or(last);
        }
    }
}

/// The prospector that the level leaves to somebody outside, and that no policy decides for; the
/// first one if there is none.
fn player_of(level: &Level, policies: &[SeatedPolicy]) -> String {
    let human = level.prospectors.iter().find(|prospector| {
        let mut seated = policies.iter();
        matches!(prospector.brain, Brain::Human)
            && !seated.any(|policy| policy.prospector() == prospector.name)
    });
    human
        .or(level.prospectors.first())
        .map(|prospector| prospector.name.clone())
        .unwrap_or_default()
}

fn leave_site(mut commands: Commands) {
    commands.remove_resource::<Game>();
}

fn advance_game(mut game: ResMut<Game>, time: Res<Time<Real>>, mut diagnostics: Diagnostics) {
    let began = Instant::now();
    game.advance(time.delta_secs_f64());
    diagnostics.add_measurement(&SIM_CPU_MS, || began.elapsed().as_secs_f64() * 1e3);
}
