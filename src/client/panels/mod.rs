//! The panels on the picture: what the player knows, and the buttons for what the player may do.
//!
//! A panel reads one snapshot ([`facts::Facts`], renewed a few times a second), keeps what was
//! typed and opened in [`Forms`], and answers with [`Intent`]s; it changes nothing itself.
//! [`carry_out`] is the one place where an intent becomes an order, a camera wish or a change of
//! the clock. Keys and clicks on the picture ([`input`](super::input)) make the same intents.

pub mod book;
pub mod facts;
pub mod format;
pub mod orders;

mod cockpit;
mod fleet;
pub(super) mod forecast;
mod help;
mod labels;
mod ledger;
mod lesson;
mod messages;
mod pause;
mod performance;
mod performance_sheet;
mod pointer;
mod robot;
mod still;
mod survey;
mod toasts;
mod top;
mod trade;
mod workshop;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bevy::diagnostic::{Diagnostics, DiagnosticsStore};
use bevy::ecs::system::SystemParam;
use bevy::prelude::*;
use bevy::tasks::{AsyncComputeTaskPool, Task, block_on, poll_once};
use bevy_egui::egui::{self, Order as Layer, Pos2, Rect, Ui, pos2, vec2};
use bevy_egui::{EguiContexts, EguiPrimaryContextPass};

use super::export::{self, Exported};
use super::menu::settings::{self, Settings};
use super::selection::{Aim, Machine, Selection, Way};
use super::steer::{self, Steering};
use super::view::camera::{CameraRig, SiteCamera};
use super::view::chart::{Chart, ChartScale, ChartWish};
use super::view::claims::MapWish;
use super::view::{Frame, Moment};
use super::{AppState, Game, PANELS_CPU_MS, theme};
use crate::sim::level::lesson::LessonStep;
use crate::sim::level::modules::Catalogue;
use crate::sim::order::Order;

use facts::{Facts, Questions};
use toasts::Toasts;

pub use book::{ProspectorRow, ReportFacts, SHOWN, Tab};
pub(super) use fleet::capitalised;
pub(super) use pointer::ContextMenu;

pub(super) fn plugin(app: &mut App) {
    app.init_resource::<Desk>()
        .init_resource::<Forms>()
        .init_resource::<Intents>()
        .init_resource::<Toasts>()
        .init_resource::<Restored>()
        .add_systems(OnEnter(AppState::Site), clear_desk)
        .add_systems(
            OnTransition {
                exited: AppState::Site,
                entered: AppState::Site,
            },
            enter_restored,
        )
        .add_systems(
            EguiPrimaryContextPass,
            (draw_panels, carry_out)
                .chain()
                .run_if(in_state(AppState::Site).and_then(resource_exists::<Game>)),
        );
}

/// Snapshots are this far apart: faster than anyone reads.
const SNAPSHOT_EVERY: Duration = Duration::from_millis(100);
/// Reports are this far apart: they sum up the whole world.
const REPORT_EVERY: Duration = Duration::from_secs(1);
const OVER: &str = "The run is over: nothing more can be ordered.";

/// Something the player wants done.
#[derive(Clone, Debug, PartialEq)]
pub enum Intent {
    Give(Order),
    /// Gives an order of the stick, of which there are many.
    Steer(Order),
    /// Takes a robot's stick in hand, and lets it go.
    TakeStick(String),
    LeaveStick,
    /// Shows a window.
    Open(Sheet),
    /// Starts aiming an order: the next click on the ground is its target.
    Aim(String, Way),
    Select(Option<Machine>),
    /// Tells the player why something cannot be done.
    Warn(String),
    /// Turns the camera around a place [m, site frame].
    LookAt(Vec3),
    Follow(String),
    Overview,
    TogglePause,
    SetWarp(u32),
    Save,
    Load,
    /// Shows or hides what is known of a good on the ground.
    Chart(ChartWish),
    /// Shows or hides the map of claims.
    ShowMap(bool),
    /// Stops the clock for good, and opens all books.
    EndRun,
    /// Writes the report into a folder; into the usual one if it is empty.
    Export(String),
    Leave,
}

/// What the player wants done, until [`carry_out`] does it.
#[derive(Resource, Default)]
pub struct Intents(pub Vec<Intent>);

/// A run that was loaded: the site is left and entered again with it, so that nothing of the old
/// one stays on the screen.
#[derive(Resource, Default)]
struct Restored(Option<Game>);

/// Windows that can be opened over the picture.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Sheet {
    Book,
    Ledger,
    Survey,
    Workshop,
    Help,
}

/// What the player has typed, opened and dragged, from frame to frame.
#[derive(Resource)]
pub struct Forms {
    open: Vec<Sheet>,
    lesson: lesson::LessonForm,
    messages: messages::MessagesForm,
    ledger: ledger::LedgerForm,
    book: book::BookForm,
    /// Whether all goals had been reached when last looked.
    goals_reached: Option<bool>,
    survey: survey::SurveyForm,
    trade: trade::TradeForm,
    workshop: workshop::WorkshopForm,
    robot: robot::RobotForm,
    /// The lot on the table of each plant [kg].
    lots: Vec<(String, f64)>,
    /// Spare parts to print next [kg].
    print_kg: f64,
    pub(super) menu_open: bool,
    settings_open: bool,
    /// Whether the figures about this machine are shown.
    pub(super) performance: bool,
    /// Where the context menu was opened, and on what.
    pub(super) context: Option<ContextMenu>,
    /// The part of the window that no panel covers, in egui points.
    pub(super) free: Rect,
}

impl Default for Forms {
    fn default() -> Self {
        Self {
            open: Vec::new(),
            lesson: default(),
            messages: default(),
            ledger: default(),
            book: default(),
            goals_reached: None,
            survey: default(),
            trade: default(),
            workshop: default(),
            robot: default(),
            lots: Vec::new(),
            print_kg: 1.0,
            menu_open: false,
            settings_open: false,
            performance: false,
            context: None,
            free: Rect::EVERYTHING,
        }
    }
}

impl Forms {
    pub fn is_open(&self, sheet: Sheet) -> bool {
        self.open.contains(&sheet)
    }

    pub fn toggle(&mut self, sheet: Sheet) {
        if !self.close(sheet) {
            self.open.push(sheet);
        }
    }

    /// Whether it was open.
    pub fn close(&mut self, sheet: Sheet) -> bool {
        let before = self.open.len();
        self.open.retain(|open| *open != sheet);
        self.open.len() < before
    }

    /// Closes what was opened last, one thing per call; `false` if nothing is open.
    pub fn close_topmost(&mut self) -> bool {
        if self.context.take().is_some() || std::mem::take(&mut self.settings_open) {
            return true;
        }
        self.open.pop().is_some()
    }

    /// Closes the menu with all that hangs on it.
    pub fn close_menu(&mut self) {
        self.menu_open = false;
        self.settings_open = false;
    }

    fn questions(&self, facts: Option<&Facts>, steering: &Steering) -> Questions {
        Questions {
            books: self.is_open(Sheet::Ledger),
            books_money_only: self.ledger.money_only,
            weighed: self.robot.weighed.clone(),
            lots: self.lots.clone(),
            bench: facts
                .filter(|_| self.is_open(Sheet::Workshop))
                .map(|facts| workshop::questions(&self.workshop, facts))
                .unwrap_or_default(),
            steered: steering.robot().map(str::to_owned),
            book: self.book_asks(),
        }
    }

    /// Shows the report when the last goal is reached; not again, and not of a run that was loaded
    /// with all of them reached.
    fn follow_goals(&mut self, facts: &Facts) {
        let reached =
            !facts.goals.is_empty() && facts.goals.iter().all(|goal| goal.progress >= 1.0);
        let before = *self.goals_reached.get_or_insert(reached);
        if reached && !before {
            self.goals_reached = Some(true);
            self.open_book(Tab::Report);
        }
    }
}

/// The newest snapshot and the clock of the window.
#[derive(Resource, Default)]
pub struct Desk {
    facts: Option<Facts>,
    taken_at: Option<Instant>,
    clock: Clock,
    /// Wall and simulated time of the last measurement of the warp.
    warp_mark: Option<(Instant, u64)>,
    /// The newest report, and when it was made.
    report: Option<(Instant, Arc<ReportFacts>)>,
    exported: Option<Exported>,
    export: Option<Task<Result<PathBuf, String>>>,
}

/// The simulation's clock as shown.
#[derive(Clone, Copy, Debug, Default)]
pub struct Clock {
    pub time_ms: u64,
    pub paused: bool,
    pub warp: u32,
    /// Whether the machine keeps up with the warp that was asked for.
    pub held: bool,
    /// Simulated seconds per second on the wall, measured.
    pub achieved: f64,
    /// The player has ended the run.
    pub over: bool,
}

/// What a panel gets to draw itself with.
struct Pane<'a> {
    facts: &'a Facts,
    clock: Clock,
    selection: &'a Selection,
    forms: &'a mut Forms,
    intents: &'a mut Vec<Intent>,
    lesson_steps: &'a [LessonStep],
    catalogue: &'a Catalogue,
    steering: &'a Steering,
    title: &'a str,
    chart: ChartWish,
    chart_scale: Option<ChartScale>,
    map: MapWish,
    exported: Option<&'a Exported>,
}

impl Pane<'_> {
    fn want(&mut self, intent: Intent) {
        self.intents.push(intent);
    }

    fn accent(&self, owner: &str) -> egui::Color32 {
        theme::owner_accent(owner, &self.facts.player)
    }
}

/// Where the panels stand in a window, in egui points.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Plan {
    top: Rect,
    left: Rect,
    right: Rect,
    bottom: Rect,
    /// What is left of the picture.
    free: Rect,
}

impl Plan {
    const GAP: f32 = 8.0;
    const TOP_HEIGHT: f32 = 44.0;

    fn of(screen: Rect, messages_height: f32) -> Self {
        let gap = Self::GAP;
        let inner = screen.shrink(gap);
        let top = Rect::from_min_size(inner.min, vec2(inner.width(), Self::TOP_HEIGHT));
        // A quarter of the window at most, so that the picture stays the main thing.
        let side = |want: f32| want.min(inner.width() * 0.27);
        let (left_width, right_width) = (side(264.0), side(300.0));
        let below = top.max.y + gap;
        let left = Rect::from_min_max(
            pos2(inner.min.x, below),
            pos2(inner.min.x + left_width, inner.max.y),
        );
        let right = Rect::from_min_max(
            pos2(inner.max.x - right_width, below),
            pos2(inner.max.x, inner.max.y),
        );
        let bottom_height = messages_height.min(inner.height() * 0.4);
        let bottom = Rect::from_min_max(
            pos2(left.max.x + gap, inner.max.y - bottom_height),
            pos2(right.min.x - gap, inner.max.y),
        );
        let free = Rect::from_min_max(
            pos2(left.max.x + gap, below),
            pos2(right.min.x - gap, bottom.min.y - gap),
        );
        Self {
            top,
            left,
            right,
            bottom,
            free,
        }
    }
}

/// The camera that draws the site, for what is painted at places in the world.
#[derive(SystemParam)]
pub struct Eye<'w, 's> {
    camera: Query<'w, 's, (&'static Camera, &'static GlobalTransform), With<SiteCamera>>,
    frame: Option<Res<'w, Frame>>,
}

impl Eye<'_, '_> {
    /// Where a place of the site frame stands in the window [logical pixels], and its distance
    /// from the camera [m]; `None` behind the camera.
    pub fn on_screen(&self, place_m: Vec3) -> Option<(Vec2, f32)> {
        let (camera, camera_at) = self.camera.single().ok()?;
        let place = self.frame.as_ref()?.to_render(place_m);
        let ahead = camera_at.forward().dot(place - camera_at.translation());
        if ahead <= 0.0 {
            return None;
        }
        let at = camera.world_to_viewport(camera_at, place).ok()?;
        Some((at, camera_at.translation().distance(place)))
    }

    /// The ray under a point of the window: its start [m, site frame] and its direction.
    pub fn ray(&self, at: Vec2) -> Option<(Vec3, Dir3)> {
        let (camera, camera_at) = self.camera.single().ok()?;
        let ray = camera.viewport_to_world(camera_at, at).ok()?;
        Some((self.frame.as_ref()?.to_body(ray.origin), ray.direction))
    }

    /// Where the camera stands [m, site frame].
    pub fn place_m(&self) -> Option<Vec3> {
        let (_, camera_at) = self.camera.single().ok()?;
        Some(self.frame.as_ref()?.to_body(camera_at.translation()))
    }
}

fn clear_desk(
    mut desk: ResMut<Desk>,
    mut forms: ResMut<Forms>,
    mut selection: ResMut<Selection>,
    mut toasts: ResMut<Toasts>,
    mut steering: ResMut<Steering>,
    game: Option<Res<Game>>,
) {
    steering.leave();
    *desk = default();
    *forms = default();
    *selection = default();
    *toasts = default();
    // A newcomer sees at once what a robot can be told.
    selection.robot = game.and_then(|game| {
        let robots = &game.scene().robots;
        let own = robots.iter().find(|robot| robot.owner == game.player)?;
        Some(own.name.clone())
    });
}

fn enter_restored(mut restored: ResMut<Restored>, mut commands: Commands) {
    if let Some(game) = restored.0.take() {
        commands.insert_resource(game);
    }
}

#[expect(
    clippy::too_many_arguments,
    reason = "the one system that draws all panels"
)]
fn draw_panels(
    mut contexts: EguiContexts,
    mut game: ResMut<Game>,
    mut desk: ResMut<Desk>,
    mut forms: ResMut<Forms>,
    mut intents: ResMut<Intents>,
    mut toasts: ResMut<Toasts>,
    mut settings: ResMut<Settings>,
    selection: Res<Selection>,
    moment: Option<Res<Moment>>,
    (chart_wish, chart, map, steering): (Res<ChartWish>, Res<Chart>, Res<MapWish>, Res<Steering>),
    eye: Eye,
    store: Res<DiagnosticsStore>,
    mut diagnostics: Diagnostics,
) -> Result {
    let began = Instant::now();
    let ctx = contexts.ctx_mut()?.clone();
    settings::apply_scale(&ctx, &settings);
    let questions = forms.questions(desk.facts(), &steering);
    desk.refresh(&mut game, &questions, &mut toasts);

    let screen = ctx.content_rect();
    let plan = Plan::of(screen, forms.messages.height(screen.height()));
    forms.free = plan.free;
    // Names go with what is drawn, which is between two ticks.
    let scene = moment.as_ref().map_or(game.scene(), |moment| &moment.scene);
    let desk = &mut *desk;
    if let Some(facts) = &desk.facts {
        let steps = &game.level.lesson;
        if let Some(step) = forms.lesson.follow(steps, &facts.seen.lesson_done) {
            toasts.praise(format!("Step {} of the lesson done.", step + 1));
        }
        let mut pane = Pane {
            facts,
            clock: desk.clock,
            selection: &selection,
            forms: &mut forms,
            intents: &mut intents.0,
            lesson_steps: steps,
            catalogue: game.headless().catalogue(),
            steering: &steering,
            title: &game.level.title,
            chart: *chart_wish,
            chart_scale: chart.scale,
            map: *map,
            exported: desk.exported.as_ref(),
        };
        pane.forms.follow_goals(facts);
        labels::paint(&ctx, &pane, scene, &eye);
        place(&ctx, "top", plan.top, |ui| top::show(ui, &mut pane));
        place(&ctx, "left", plan.left, |ui| {
            fleet::show(ui, &mut pane);
            lesson::show(ui, &mut pane);
        });
        place(&ctx, "right", plan.right, |ui| {
            robot::show(ui, &mut pane);
            still::show(ui, &mut pane);
        });
        place(&ctx, "bottom", plan.bottom, |ui| {
            messages::show(ui, &mut pane)
        });
        book::registry::paint_corners(&ctx, &pane, &eye);
        ledger::show(&ctx, &mut pane);
        book::show(&ctx, &mut pane);
        survey::show(&ctx, &mut pane);
        workshop::show(&ctx, &mut pane);
        help::show(&ctx, &mut pane);
        survey::paint_legend(&ctx, &pane);
        forecast::paint(&ctx, &pane);
        cockpit::show(&ctx, &mut pane);
        performance::paint(&ctx, &pane, &store);
        pointer::show_context_menu(&ctx, &mut pane);
        pause::show(&ctx, &mut pane, &mut settings);
        let wants_map = pane.forms.wants_map();
        if pane.map != MapWish(wants_map) {
            pane.want(Intent::ShowMap(wants_map));
        }
    }
    toasts.show(&ctx, plan.free);
    diagnostics.add_measurement(&PANELS_CPU_MS, || began.elapsed().as_secs_f64() * 1e3);
    Ok(())
}

/// Shows panels in a fixed part of the window, one below the other.
fn place(ctx: &egui::Context, name: &'static str, rect: Rect, show: impl FnOnce(&mut Ui)) {
    egui::Area::new(egui::Id::new(("desk", name)))
        .order(Layer::Middle)
        .fixed_pos(rect.min)
        .default_size(rect.size())
        .constrain(false)
        .movable(false)
        .show(ctx, |ui| {
            ui.set_max_size(rect.size());
            ui.spacing_mut().item_spacing.y = Plan::GAP;
            show(ui);
        });
}

/// Whether a panel or window lies at a point of the screen, in egui points. The background layer
/// is the picture itself and the names on it.
pub(super) fn is_over_panel(ctx: &egui::Context, at: Pos2) -> bool {
    ctx.layer_id_at(at)
        .is_some_and(|layer| layer.order != Layer::Background)
}

/// A panel as wide as its place, with the panels' usual spacing inside.
fn panel<R>(ui: &mut Ui, show: impl FnOnce(&mut Ui) -> R) -> R {
    theme::panel_frame()
        .show(ui, |ui| {
            ui.set_width(ui.available_width());
            ui.spacing_mut().item_spacing = vec2(6.0, 5.0);
            show(ui)
        })
        .inner
}

/// A window over the picture, where it does not cover the panels at first.
fn sheet(
    ctx: &egui::Context,
    pane: &mut Pane,
    sheet: Sheet,
    title: &str,
    size: egui::Vec2,
    show: impl FnOnce(&mut Ui, &mut Pane),
) {
    if !pane.forms.is_open(sheet) {
        return;
    }
    let free = pane.forms.free;
    let size = size
        .min(free.size() - vec2(20.0, 20.0))
        .max(vec2(200.0, 120.0));
    let mut open = true;
    egui::Window::new(title)
        .id(egui::Id::new(("sheet", sheet)))
        .open(&mut open)
        // Above the panels, even after a click on one of them.
        .order(Layer::Foreground)
        .default_pos(first_place(free, size))
        .default_size(size)
        .constrain_to(ctx.content_rect().shrink(4.0))
        .collapsible(false)
        .show(ctx, |ui| show(ui, pane));
    if !open {
        pane.forms.close(sheet);
    }
}

fn first_place(free: Rect, size: egui::Vec2) -> Pos2 {
    pos2(
        free.center().x - size.x / 2.0,
        free.min.y + ((free.height() - size.y) * 0.3).max(8.0),
    )
}

impl Desk {
    /// The newest snapshot.
    pub fn facts(&self) -> Option<&Facts> {
        self.facts.as_ref()
    }

    /// Renews the clock every frame and the snapshot a few times a second.
    fn refresh(&mut self, game: &mut Game, questions: &Questions, toasts: &mut Toasts) {
        let now = Instant::now();
        let time_ms = game.display_time_ms();
        let (mark_at, mark_ms) = *self.warp_mark.get_or_insert((now, time_ms));
        let wall_s = (now - mark_at).as_secs_f64();
        if wall_s > 0.5 {
            self.clock.achieved = time_ms.saturating_sub(mark_ms) as f64 * 1e-3 / wall_s;
            self.warp_mark = Some((now, time_ms));
        }
        self.clock.time_ms = time_ms;
        self.clock.paused = game.paused;
        self.clock.warp = game.warp;
        self.clock.held = game.warp_is_held();
        self.clock.over = game.is_over();
        if let Some(task) = &mut self.export
            && let Some(outcome) = block_on(poll_once(task))
        {
            self.export = None;
            self.exported = Some(match outcome {
                Ok(folder) => {
                    toasts.tell(format!("Report written to {}", folder.display()));
                    Exported::Written(folder)
                }
                Err(why) => {
                    toasts.warn(format!("Report not written: {why}"));
                    Exported::Failed(why)
                }
            });
        }

        let is_due = self
            .taken_at
            .is_none_or(|taken_at| now - taken_at >= SNAPSHOT_EVERY);
        if is_due {
            self.taken_at = Some(now);
            let mut questions = questions.clone();
            if let Some(asked) = &mut questions.book
                && asked.wants_report()
            {
                asked.report = Some(self.report(game));
            }
            if let Some(facts) = Facts::gather(game, &questions) {
                toasts.notice(self.facts.as_ref(), &facts);
                self.facts = Some(facts);
            }
        }
    }

    /// The report, made anew if it is old.
    fn report(&mut self, game: &mut Game) -> Arc<ReportFacts> {
        let now = Instant::now();
        if let Some((made_at, report)) = &self.report
            && now - *made_at < REPORT_EVERY
            && report.is_complete == game.is_over()
        {
            return Arc::clone(report);
        }
        let report = ReportFacts::gather(game);
        self.report = Some((now, Arc::clone(&report)));
        report
    }

    /// Asks for a new snapshot in the next frame.
    fn expire(&mut self) {
        self.taken_at = None;
    }
}

/// Does what the player wants done.
#[expect(
    clippy::too_many_arguments,
    reason = "the one place where intents take effect"
)]
fn carry_out(
    mut intents: ResMut<Intents>,
    mut game: ResMut<Game>,
    mut desk: ResMut<Desk>,
    mut forms: ResMut<Forms>,
    mut selection: ResMut<Selection>,
    mut toasts: ResMut<Toasts>,
    mut rig: Option<ResMut<CameraRig>>,
    mut restored: ResMut<Restored>,
    mut chart: ResMut<ChartWish>,
    mut map: ResMut<MapWish>,
    mut screen: ResMut<NextState<AppState>>,
    mut steering: ResMut<Steering>,
) {
    if let Some(why) = game.take_trouble() {
        toasts.warn(why);
    }
    for intent in std::mem::take(&mut intents.0) {
        match intent {
            Intent::Give(_) | Intent::Steer(_) if game.is_over() => toasts.warn(OVER),
            Intent::Give(order) => {
                forms
                    .book
                    .note(&order, game.headless().orders_taken_count());
                toasts.tell(format!("Order: {order}"));
                forms.messages.echo(game.display_time_ms(), &order);
                game.submit(order);
                desk.expire();
            }
            Intent::Steer(order) => game.submit(order),
            Intent::TakeStick(robot) => {
                selection.select(Some(Machine::Robot(robot.clone())));
                selection.drop_aim();
                steering.begin(&robot);
                game.warp = game.warp.min(steer::WARP_MAX);
                if let Some(rig) = &mut rig {
                    rig.follow(&robot);
                }
            }
            Intent::LeaveStick => steering.leave(),
            Intent::Open(sheet) => {
                forms.close(sheet);
                forms.toggle(sheet);
            }
            Intent::Aim(robot, way) => {
                selection.select(Some(Machine::Robot(robot.clone())));
                selection.aim = Some(Aim::of(robot, way));
            }
            Intent::Select(machine) => selection.select(machine),
            Intent::Warn(why) => toasts.warn(why),
            Intent::LookAt(place_m) => {
                if let Some(rig) = &mut rig {
                    rig.orbit(place_m);
                }
            }
            Intent::Follow(robot) => {
                if let Some(rig) = &mut rig {
                    rig.follow(&robot);
                }
            }
            Intent::Overview => {
                if let Some(rig) = &mut rig {
                    rig.overview();
                }
            }
            Intent::TogglePause | Intent::SetWarp(_) if game.is_over() => toasts.warn(OVER),
            Intent::TogglePause => game.paused = !game.paused,
            Intent::SetWarp(warp) => {
                game.warp = match steering.robot() {
                    Some(_) => warp.min(steer::WARP_MAX),
                    None => warp,
                };
                game.paused = false;
            }
            Intent::Save => match settings::write_quick_save(&mut game) {
                Ok(()) => toasts.tell("Saved. F9 brings you back here."),
                Err(why) => toasts.warn(format!("Not saved: {why}")),
            },
            Intent::Load => match settings::read_quick_save() {
                Ok(mut saved) => {
                    if saved.level.name == game.level.name {
                        saved.seat_as_in(&game);
                    }
                    restored.0 = Some(saved);
                    screen.set(AppState::Site);
                }
                Err(why) => toasts.warn(format!("Not loaded: {why}")),
            },
            Intent::Chart(wish) => *chart = wish,
            Intent::ShowMap(wish) => *map = MapWish(wish),
            Intent::EndRun => {
                game.end();
                desk.expire();
                toasts.tell("The run is over: the report is complete.");
            }
            Intent::Export(folder) => {
                // As of now, and not as of the last second.
                desk.report = None;
                let report = desk.report(&mut game);
                desk.exported = Some(Exported::Writing);
                let pool = AsyncComputeTaskPool::get();
                desk.export = Some(pool.spawn(async move { export::write(&report, &folder) }));
            }
            Intent::Leave => screen.set(AppState::Menu),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn panels_leave_most_of_the_picture_free_and_do_not_overlap() {
        for (width, height) in [(1280.0, 720.0), (1920.0, 1080.0), (1024.0, 600.0)] {
            let screen = Rect::from_min_size(Pos2::ZERO, vec2(width, height));
            let messages = messages::MessagesForm::default();
            let plan = Plan::of(screen, messages.height(height));
            let parts = [plan.top, plan.left, plan.right, plan.bottom, plan.free];
            for (i, a) in parts.iter().enumerate() {
                assert!(screen.contains_rect(*a), "{a:?} in {screen:?}");
                assert!(a.is_positive(), "{a:?}");
                for b in &parts[i + 1..] {
                    assert!(!a.intersects(*b), "{a:?} and {b:?}");
                }
            }
            assert!(plan.free.area() > 0.25 * screen.area());
        }
    }

    #[test]
    fn windows_close_in_the_opposite_order_of_opening() {
        let mut forms = Forms::default();
        forms.toggle(Sheet::Ledger);
        forms.toggle(Sheet::Help);
        assert!(forms.close_topmost());
        assert!(forms.is_open(Sheet::Ledger) && !forms.is_open(Sheet::Help));
        assert!(forms.close_topmost());
        assert!(!forms.close_topmost());
    }

    #[test]
    fn a_page_of_the_book_opens_turns_and_closes() {
        let mut forms = Forms::default();
        forms.toggle_book(Tab::Market);
        assert!(forms.is_book_at(Tab::Market));
        forms.toggle_book(Tab::Charter);
        assert!(forms.is_book_at(Tab::Charter), "another page is turned to");
        forms.toggle_book(Tab::Charter);
        assert!(!forms.is_open(Sheet::Book), "the same page again closes it");
        forms.toggle_book(Tab::Registry);
        assert!(forms.wants_map());
        assert!(forms.close_topmost() && !forms.wants_map());
    }
}
