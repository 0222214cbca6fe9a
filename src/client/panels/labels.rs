//! Names on the picture: over robots, plants and claims, in the colour of their owner, fainter
//! with distance. Never over a panel, and never one over another.

use bevy::prelude::*;
use bevy_egui::egui::{self, Align2, Color32, Rect, Stroke, pos2, vec2};

use super::{Eye, Pane, fleet};
use crate::client::selection::Machine;
use crate::sim::observation::{Activity, Scene};

/// Full strength up to here, gone at the far end [m].
const CLEAR_TO_M: f32 = 60.0;
const GONE_AT_M: f32 = 900.0;
/// Drawn this far above what they name [m].
const ROBOT_TOP_M: f32 = 1.1;
const PLANT_TOP_M: f32 = 2.6;
/// A tank of propellant or a battery below this deserves a mark.
const LOW: f32 = 0.15;

/// A name with its place in the window.
struct Label {
    at: egui::Pos2,
    distance_m: f32,
    text: String,
    color: Color32,
    size: f32,
    /// Selected and hovered things are named before all others.
    first: bool,
    /// Not fainter with distance: what a map names.
    steady: bool,
}

pub(super) fn paint(ctx: &egui::Context, pane: &Pane, scene: &Scene, eye: &Eye) {
    let zoom = ctx.zoom_factor();
    let free = pane.forms.free;
    let eye_m = eye.place_m();
    // Names of what stands behind the body stay away.
    let is_in_sight = |place_m: Vec3| {
        eye_m.is_none_or(|eye_m| {
            let to_eye = (eye_m - place_m).normalize_or_zero();
            scene.outward(place_m).dot(to_eye) > -0.15
        })
    };
    let put = |place_m: Vec3| {
        if !is_in_sight(place_m) {
            return None;
        }
        let (at, distance_m) = eye.on_screen(place_m)?;
        let at = pos2(at.x / zoom, at.y / zoom);
        free.contains(at).then_some((at, distance_m))
    };
    let up = |place_m: Vec3, by_m: f32| place_m + scene.outward(place_m) * by_m;

    let mut labels = Vec::new();
    for robot in &scene.robots {
        let Some((at, distance_m)) = put(up(robot.position_m, ROBOT_TOP_M)) else {
            continue;
        };
        let machine = Machine::Robot(robot.name.clone());
        let is_own = robot.owner == pane.facts.player;
        let first = pane.selection.is_selected(&machine)
            || pane.selection.hovered.as_ref() == Some(&machine);
        let mut text = match glyph(robot.activity) {
            Some(glyph) => format!("{glyph} {}", robot.name),
            None => robot.name.clone(),
        };
        if is_own && (robot.battery_fill < LOW || robot.propellant_fill < LOW) {
            text.push_str(" ⚠");
        }
        let needs_help = matches!(robot.activity, Activity::Adrift | Activity::Lost);
        let color = if is_own && needs_help {
            fleet::activity_color(robot.activity)
        } else {
            pane.accent(&robot.owner)
        };
        labels.push(Label {
            at,
            distance_m,
            text,
            color,
            size: 12.5,
            first,
            steady: false,
        });
    }
    for plant in &scene.plants {
        let Some((at, distance_m)) = put(up(plant.position_m, PLANT_TOP_M)) else {
            continue;
        };
        let machine = Machine::Plant(plant.name.clone());
        labels.push(Label {
            at,
            distance_m,
            text: format!("🏭 {}", plant.name),
            color: pane.accent(&plant.owner),
            size: 12.5,
            first: pane.selection.is_selected(&machine),
            steady: false,
        });
    }
    for claim in &scene.claims {
        let Some((at, distance_m)) = put(claim.centre_m) else {
            continue;
        };
        labels.push(Label {
            at,
            distance_m,
            text: if pane.map.0 {
                format!("{} {}", claim.id, claim.owner)
            } else {
                format!("claim {} · {}", claim.id, claim.owner)
            },
            color: pane.accent(&claim.owner).gamma_multiply(0.8),
            size: 11.0,
            first: false,
            steady: pane.map.0,
        });
    }
    labels.sort_by(|a, b| (b.first.cmp(&a.first)).then(a.distance_m.total_cmp(&b.distance_m)));
    draw(ctx, free, &labels);
}

fn draw(ctx: &egui::Context, free: Rect, labels: &[Label]) {
    let layer = egui::Area::new(egui::Id::new("labels"))
        .order(egui::Order::Background)
        .interactable(false)
        .fixed_pos(free.min);
    layer.show(ctx, |ui| {
        let painter = ui.painter().with_clip_rect(free);
        let mut taken: Vec<Rect> = Vec::with_capacity(labels.len());
        for label in labels {
            let strength = strength(label.distance_m, label.first || label.steady);
            if strength <= 0.02 {
                continue;
            }
            let galley = painter.layout_no_wrap(
                label.text.clone(),
                egui::FontId::proportional(label.size),
                Color32::PLACEHOLDER,
            );
            let color = label.color.gamma_multiply(strength);
            let mut rect = Align2::CENTER_BOTTOM
                .anchor_size(label.at - vec2(0.0, 8.0), galley.size())
                .expand2(vec2(5.0, 2.0));
            // A name makes room for the one before it, upwards, twice at most.
            for _ in 0..3 {
                let Some(under) = taken.iter().find(|other| other.intersects(rect)) else {
                    break;
                };
                rect = rect.translate(vec2(0.0, under.min.y - rect.max.y - 2.0));
            }
            if taken.iter().any(|other| other.intersects(rect)) {
                continue;
            }
            let stem = [pos2(label.at.x, rect.max.y), label.at];
            painter.line_segment(stem, Stroke::new(1.0, color.gamma_multiply(0.6)));
            let plate = Color32::from_black_alpha((165.0 * strength) as u8);
            painter.rect_filled(rect, 4.0, plate);
            if label.first {
                painter.rect_stroke(
                    rect,
                    4.0,
                    Stroke::new(1.0, color),
                    egui::StrokeKind::Outside,
                );
            }
            painter.galley_with_override_text_color(rect.min + vec2(5.0, 2.0), galley, color);
            taken.push(rect);
        }
    });
}

/// How strongly a label at this distance is drawn, 0 to 1.
fn strength(distance_m: f32, always: bool) -> f32 {
    if always {
        return 1.0;
    }
    let far = (distance_m - CLEAR_TO_M) / (GONE_AT_M - CLEAR_TO_M);
    1.0 - far.clamp(0.0, 1.0).sqrt() * 0.999
}

/// A small sign for what a robot does.
fn glyph(activity: Activity) -> Option<&'static str> {
    Some(match activity {
        Activity::Idle => return None,
        Activity::Hopping | Activity::Braking | Activity::Settling => "⬈",
        Activity::Anchoring => "⬇",
        Activity::Digging => "⛏",
        Activity::Unloading => "⬆",
        Activity::Charging => "☀",
        Activity::Surveying => "◎",
        Activity::Refuelling => "💧",
        Activity::Servicing => "⚒",
        Activity::Adrift | Activity::Lost => "⚠",
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_fade_with_distance_and_the_selected_one_never_does() {
        assert_eq!(strength(10.0, false), 1.0);
        assert!(strength(400.0, false) < strength(100.0, false));
        assert!(strength(2000.0, false) < 0.02);
        assert_eq!(strength(2000.0, true), 1.0);
    }
}
