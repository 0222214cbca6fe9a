//! Keys and clicks on the picture, turned into the same intents as the panels' buttons.
//!
//! What egui wants for itself (a text field, a window under the pointer) stays with it. Moving the
//! camera by mouse belongs to `view::camera`: a drag is never a click.

use std::time::Duration;

use bevy::prelude::*;
use bevy::window::PrimaryWindow;
use bevy_egui::egui;
use bevy_egui::input::EguiWantsInput;
use bevy_egui::{EguiContexts, EguiInput, EguiPreUpdateSet};

use super::game::WARPS;
use super::panels::orders::Verb;
use super::panels::{
    ContextMenu, Desk, Eye, Forms, Intent, Intents, Sheet, Tab, forecast, is_over_panel,
};
use super::selection::{Machine, Selection, Way};
use super::steer::{self, Steering};
use super::view::chart::ChartWish;
use super::{AppState, ClientSystems, Game};
use crate::sim::asteroid::constituent::Constituent;

/// A press and a release nearer than this are a click [logical pixels].
const CLICK_REACH: f32 = 4.0;
/// As far as a click reaches [m].
const RAY_LENGTH_M: f32 = 3_000.0;
/// The world is asked what is under the pointer, and what a hop would take, this often.
const HOVER_EVERY: Duration = Duration::from_millis(60);
const FORECAST_EVERY: Duration = Duration::from_millis(120);
/// A hop's forecast holds for targets nearer than this [m].
const SAME_TARGET_M: f32 = 0.2;

pub(super) fn plugin(app: &mut App) {
    app.init_resource::<Pressed>()
        .add_systems(
            PreUpdate,
            keep_tab_from_panels
                .after(EguiPreUpdateSet::ProcessInput)
                .before(EguiPreUpdateSet::BeginPass)
                .run_if(in_state(AppState::Site)),
        )
        .add_systems(
            Update,
            (read_keys, hover, read_clicks, forecast_aim)
                .chain()
                .in_set(ClientSystems::Input)
                .run_if(in_state(AppState::Site).and_then(resource_exists::<Game>)),
        );
}

/// Where each button of the mouse went down on the picture.
#[derive(Resource, Default)]
struct Pressed {
    left: Option<Vec2>,
    right: Option<Vec2>,
}

/// Tab picks the next robot; the panels would use it to walk from button to button and then keep
/// the keys to themselves.
fn keep_tab_from_panels(mut inputs: Query<&mut EguiInput>, mut contexts: EguiContexts) {
    let Ok(ctx) = contexts.ctx_mut() else {
        return;
    };
    if ctx.text_edit_focused() {
        return;
    }
    // A button that was clicked shall not take the keys either.
    if let Some(focused) = ctx.memory(|memory| memory.focused()) {
        ctx.memory_mut(|memory| memory.surrender_focus(focused));
    }
    for mut input in &mut inputs {
        input.events.retain(|event| {
            !matches!(
                event,
                egui::Event::Key {
                    key: egui::Key::Tab,
                    ..
                }
            )
        });
    }
}

fn read_keys(
    keys: Res<ButtonInput<KeyCode>>,
    wants: Res<EguiWantsInput>,
    game: Res<Game>,
    desk: Res<Desk>,
    mut selection: ResMut<Selection>,
    chart: Res<ChartWish>,
    mut forms: ResMut<Forms>,
    mut intents: ResMut<Intents>,
    steering: Res<Steering>,
) {
    if wants.wants_keyboard_input() {
        return;
    }
    let chord = [
        KeyCode::ControlLeft,
        KeyCode::ControlRight,
        KeyCode::AltLeft,
        KeyCode::AltRight,
        KeyCode::SuperLeft,
        KeyCode::SuperRight,
    ];
    if keys.any_pressed(chord) {
        return;
    }
    let intents = &mut intents.0;
    let is_steered = steering.robot().is_some();
    if keys.just_pressed(KeyCode::Escape) {
        if is_steered && !forms.menu_open {
            intents.push(Intent::LeaveStick);
        } else {
            step_back(&mut selection, &mut forms);
        }
    }
    if keys.just_pressed(KeyCode::F5) {
        intents.push(Intent::Save);
    }
    if keys.just_pressed(KeyCode::F9) {
        intents.push(Intent::Load);
    }
    if keys.just_pressed(KeyCode::F3) {
        forms.performance = !forms.performance;
    }
    if forms.menu_open {
        return;
    }
    if keys.just_pressed(KeyCode::F1) {
        forms.toggle(Sheet::Help);
    }
    if keys.just_pressed(KeyCode::Space) {
        intents.push(Intent::TogglePause);
    }
    choose_warp(&keys, intents);
    steer_camera(&keys, &game, &selection, intents);
    if is_steered {
        // All other keys are the stick's.
        return;
    }
    for tab in Tab::ALL {
        if keys.just_pressed(tab.key()) {
            forms.toggle_book(tab);
        }
    }
    for (key, sheet) in [
        (KeyCode::KeyJ, Sheet::Ledger),
        (KeyCode::KeyT, Sheet::Survey),
        (KeyCode::KeyW, Sheet::Workshop),
    ] {
        if keys.just_pressed(key) {
            forms.toggle(sheet);
        }
    }
    if keys.just_pressed(KeyCode::KeyE) {
        intents.push(Intent::Chart(ChartWish {
            constituent: match chart.constituent {
                Some(_) => None,
                None => Some(Constituent::Water),
            },
            ..*chart
        }));
    }
    if keys.just_pressed(KeyCode::KeyS) {
        take_stick(&desk, &selection, intents);
    }
    give_orders(&keys, &desk, &selection, &forms, intents);
}

fn choose_warp(keys: &ButtonInput<KeyCode>, intents: &mut Vec<Intent>) {
    let digits = [
        KeyCode::Digit1,
        KeyCode::Digit2,
        KeyCode::Digit3,
        KeyCode::Digit4,
        KeyCode::Digit5,
    ];
    for (key, warp) in digits.into_iter().zip(WARPS) {
        if keys.just_pressed(key) {
            intents.push(Intent::SetWarp(warp));
        }
    }
}

/// Begins to steer the selected robot by hand, or says why not.
fn take_stick(desk: &Desk, selection: &Selection, intents: &mut Vec<Intent>) {
    let own = desk.facts().and_then(|facts| {
        let mut robots = facts.seen.robots.iter();
        robots.find(|own| Some(&own.name) == selection.robot.as_ref())
    });
    intents.push(match own {
        None => Intent::Warn("Select one of your robots first.".to_owned()),
        Some(robot) => match steer::hindrance(robot) {
            Some(why) => Intent::Warn(why.to_owned()),
            None => Intent::TakeStick(robot.name.clone()),
        },
    });
}

/// Escape: first the aim, then what lies on top, then the menu.
fn step_back(selection: &mut Selection, forms: &mut Forms) {
    if selection.aim.is_some() {
        selection.drop_aim();
    } else if forms.menu_open {
        forms.close_menu();
    } else if !forms.close_topmost() {
        forms.menu_open = true;
    }
}

fn steer_camera(
    keys: &ButtonInput<KeyCode>,
    game: &Game,
    selection: &Selection,
    intents: &mut Vec<Intent>,
) {
    let scene = game.scene();
    let own = || {
        scene
            .robots
            .iter()
            .filter(|robot| robot.owner == game.player)
    };
    if keys.just_pressed(KeyCode::Tab) {
        let names: Vec<&str> = own().map(|robot| robot.name.as_str()).collect();
        if let Some(next) = selection.next_robot(&names) {
            intents.push(Intent::Select(Some(Machine::Robot(next.to_owned()))));
            let robot = scene.robots.iter().find(|robot| robot.name == next);
            intents.extend(robot.map(|robot| Intent::LookAt(robot.position_m)));
        }
    }
    let robot = selection
        .robot
        .as_ref()
        .and_then(|name| scene.robots.iter().find(|robot| robot.name == *name))
        .or_else(|| own().next());
    if keys.just_pressed(KeyCode::KeyB) {
        intents.push(Intent::Overview);
    }
    if keys.just_pressed(KeyCode::KeyG) {
        intents.extend(robot.map(|robot| Intent::Follow(robot.name.clone())));
    }
    if keys.just_pressed(KeyCode::KeyO) {
        let plant = selection
            .plant
            .as_ref()
            .and_then(|name| scene.plants.iter().find(|plant| plant.name == *name))
            .map(|plant| plant.position_m);
        let place = plant.or(robot.map(|robot| robot.position_m));
        intents.extend(place.map(Intent::LookAt));
    }
}

fn give_orders(
    keys: &ButtonInput<KeyCode>,
    desk: &Desk,
    selection: &Selection,
    forms: &Forms,
    intents: &mut Vec<Intent>,
) {
    let Some(facts) = desk.facts() else {
        return;
    };
    let own = facts
        .seen
        .robots
        .iter()
        .find(|own| Some(&own.name) == selection.robot.as_ref());
    for verb in Verb::ALL {
        if !keys.just_pressed(verb.key()) {
            continue;
        }
        intents.push(match own {
            None => Intent::Warn("Select one of your robots first.".to_owned()),
            Some(robot) => match verb.hindrance(robot, &facts.orders_context()) {
                Some(why) => Intent::Warn(why),
                None => verb.intent(&robot.name, &forms.amounts(facts)),
            },
        });
    }
}

/// Finds the machine and the ground under the pointer.
fn hover(
    windows: Query<&Window, With<PrimaryWindow>>,
    mut contexts: EguiContexts,
    eye: Eye,
    mut game: ResMut<Game>,
    time: Res<Time<Real>>,
    mut selection: ResMut<Selection>,
    mut last: Local<(Duration, Vec2)>,
) {
    let pointer = windows.single().ok().and_then(Window::cursor_position);
    let Some(pointer) = pointer.filter(|at| !is_covered(&mut contexts, *at)) else {
        if selection.hovered.is_some() || selection.ground_m.is_some() {
            selection.hovered = None;
            selection.ground_m = None;
        }
        return;
    };
    let (looked_at, looked_from) = *last;
    // Robots move under a pointer that rests.
    let every = if pointer == looked_from { 4 } else { 1 } * HOVER_EVERY;
    if time.elapsed().saturating_sub(looked_at) < every {
        return;
    }
    *last = (time.elapsed(), pointer);
    let (machine, ground_m) = under(&eye, &mut game, pointer);
    selection.hovered = machine;
    selection.ground_m = ground_m;
}

/// Whether a panel or window lies at a point of the window. Asked for the very point: what egui
/// said of the last frame's may be about another.
fn is_covered(contexts: &mut EguiContexts, at: Vec2) -> bool {
    contexts.ctx_mut().is_ok_and(|ctx| {
        let zoom = ctx.zoom_factor();
        is_over_panel(ctx, egui::pos2(at.x / zoom, at.y / zoom))
    })
}

/// The machine under a point of the window, or the ground [m, site frame].
fn under(eye: &Eye, game: &mut Game, at: Vec2) -> (Option<Machine>, Option<Vec3>) {
    // A machine is some pixels wide even from afar: what is nearest on the screen counts.
    let reach = |place_m: Vec3, size_m: f32| {
        let (on_screen, distance_m) = eye.on_screen(place_m)?;
        let radius = (size_m / distance_m * 700.0).clamp(9.0, 60.0);
        (on_screen.distance(at) < radius).then_some(distance_m)
    };
    let hit = eye.ray(at).and_then(|(origin, direction)| {
        game.headless_mut()
            .cast_ray(origin, direction.as_vec3(), RAY_LENGTH_M)
    });
    let hit_machine = hit.as_ref().and_then(|hit| {
        let robot = hit.robot.clone().map(Machine::Robot);
        robot.or_else(|| hit.plant.clone().map(Machine::Plant))
    });
    let ground_m = hit.as_ref().map(|hit| hit.point_m);
    if hit_machine.is_some() {
        return (hit_machine, ground_m);
    }
    let ground_at_m = eye
        .place_m()
        .zip(ground_m)
        .map(|(eye, ground)| eye.distance(ground));
    let scene = game.scene();
    let robots = scene.robots.iter().filter_map(|robot| {
        let distance_m = reach(robot.position_m, robot.size_m.max_element())?;
        Some((distance_m, Machine::Robot(robot.name.clone())))
    });
    let plants = scene.plants.iter().filter_map(|plant| {
        let distance_m = reach(plant.position_m, 1.5)?;
        Some((distance_m, Machine::Plant(plant.name.clone())))
    });
    let nearest = robots
        .chain(plants)
        // Not through the ground.
        .filter(|(distance_m, _)| ground_at_m.is_none_or(|ground| *distance_m < ground + 4.0))
        .min_by(|a, b| a.0.total_cmp(&b.0));
    (nearest.map(|(_, machine)| machine), ground_m)
}

fn read_clicks(
    buttons: Res<ButtonInput<MouseButton>>,
    windows: Query<&Window, With<PrimaryWindow>>,
    eye: Eye,
    mut game: ResMut<Game>,
    mut contexts: EguiContexts,
    mut pressed: ResMut<Pressed>,
    mut selection: ResMut<Selection>,
    mut forms: ResMut<Forms>,
    mut intents: ResMut<Intents>,
) {
    let Some(at) = windows.single().ok().and_then(Window::cursor_position) else {
        *pressed = default();
        return;
    };
    let is_free = !forms.menu_open && !is_covered(&mut contexts, at);
    if buttons.just_pressed(MouseButton::Left) {
        pressed.left = is_free.then_some(at);
    }
    if buttons.just_pressed(MouseButton::Right) {
        pressed.right = is_free.then_some(at);
    }
    let is_click = |from: Option<Vec2>| from.is_some_and(|from| from.distance(at) < CLICK_REACH);
    if buttons.just_released(MouseButton::Left) && is_click(pressed.left.take()) {
        let (machine, ground_m) = under(&eye, &mut game, at);
        match (&selection.aim, ground_m) {
            (Some(aim), Some(ground_m)) => {
                let order = aim.way.order(&aim.robot, ground_m);
                intents.0.push(Intent::Give(order));
                selection.drop_aim();
            }
            (Some(_), None) => {}
            (None, _) => selection.select(machine),
        }
    }
    if buttons.just_released(MouseButton::Right) && is_click(pressed.right.take()) {
        selection.drop_aim();
        let (machine, ground_m) = under(&eye, &mut game, at);
        if machine.is_none() && ground_m.is_none() {
            return;
        }
        let own = selection.robot.clone().filter(|name| {
            let scene = game.scene();
            let robot = scene.robots.iter().find(|robot| robot.name == *name);
            robot.is_some_and(|robot| robot.owner == game.player)
        });
        let hop = own.zip(ground_m).map(|(robot, ground_m)| {
            let order = Way::Hop.order(&robot, ground_m);
            (robot, forecast::of_order(&mut game, &order))
        });
        let zoom = contexts.ctx_mut().map_or(1.0, |ctx| ctx.zoom_factor());
        forms.context = Some(ContextMenu {
            at: egui::pos2(at.x / zoom, at.y / zoom),
            ground_m,
            machine,
            hop,
        });
    }
}

/// Keeps the forecast of an order that is being aimed up to date.
fn forecast_aim(
    mut selection: ResMut<Selection>,
    mut game: ResMut<Game>,
    time: Res<Time<Real>>,
    mut last: Local<Duration>,
) {
    if selection.aim.is_none() || time.elapsed().saturating_sub(*last) < FORECAST_EVERY {
        return;
    }
    let selection = &mut *selection;
    let (Some(aim), Some(ground_m)) = (&mut selection.aim, selection.ground_m) else {
        selection.trajectory_m.clear();
        return;
    };
    let is_known = |target_m: Vec3| target_m.distance(ground_m) < SAME_TARGET_M;
    if aim.forecast.is_some() && aim.target_m.is_some_and(is_known) {
        return;
    }
    *last = time.elapsed();
    let forecast = forecast::of_order(&mut game, &aim.way.order(&aim.robot, ground_m));
    let scene = game.scene();
    let robot = scene.robots.iter().find(|robot| robot.name == aim.robot);
    selection.trajectory_m = match (&forecast, robot) {
        (Ok(forecast), Some(robot)) => {
            let up = scene.outward(robot.position_m.midpoint(ground_m));
            forecast::arc(robot.position_m, ground_m, up, forecast.apex_m)
        }
        _ => Vec::new(),
    };
    aim.target_m = Some(ground_m);
    aim.forecast = Some(forecast);
}
