//! The picture behind the menu: stars, and the chosen level's body turning in sunlight, painted
//! with the panels' own means, so that no world needs to be loaded for it.

use std::sync::Arc;

use bevy::prelude::*;
use bevy_egui::egui::{self, Color32, Mesh, Pos2, Shape, pos2};

use crate::client::theme;
use crate::sim::asteroid::{Anchor, BodyModel};
use crate::sim::level::BodyChoice;

/// An icosphere of this fineness is smooth enough at the size of a menu.
const SUBDIVISIONS: usize = 24;
const STARS: usize = 260;
/// One turn of the body on the screen [s].
const TURN_S: f64 = 90.0;
const SUN: Vec3 = Vec3::new(-0.72, 0.42, 0.55);

/// What is painted, made once for each body.
#[derive(Default)]
pub struct Backdrop {
    body: Option<(BodyChoice, Option<Silhouette>)>,
    began_s: Option<f64>,
}

/// A body's outline, its size made 1.
struct Silhouette {
    positions: Vec<Vec3>,
    normals: Vec<Vec3>,
    indices: Vec<u32>,
}

impl Silhouette {
    fn of(choice: &BodyChoice) -> Option<Self> {
        let model = BodyModel::of(choice, Anchor::default()).ok()?;
        let mesh = model.far_mesh(SUBDIVISIONS);
        let scale = 1.0 / model.bounding_radius_m().max(1e-6) as f32;
        Some(Self {
            positions: mesh
                .positions
                .iter()
                // Relative to the centre of the body, which is where the mesh has its origin.
                .map(|p| Vec3::from_array(*p) * scale)
                .collect(),
            normals: mesh.normals.iter().map(|n| Vec3::from_array(*n)).collect(),
            indices: mesh.indices.clone(),
        })
    }

    /// The lit side of the body as seen from +Z, with its spin axis up.
    fn shape(&self, turn: f32, centre: Pos2, radius: f32) -> Mesh {
        // Spin axis +Z to screen-up, tilted a little towards the eye.
        let pose = Quat::from_rotation_x(-1.35) * Quat::from_rotation_z(turn);
        let sun = SUN.normalize();
        let mut mesh = Mesh::default();
        mesh.reserve_vertices(self.positions.len());
        let mut faces_eye = Vec::with_capacity(self.positions.len());
        for (position, normal) in self.positions.iter().zip(&self.normals) {
            let place = pose * *position;
            let normal = pose * *normal;
            faces_eye.push(normal.z > -0.05);
            let light = normal.dot(sun).max(0.0).powf(0.8);
            let shade = |albedo: f32| ((0.012 + light * albedo) * 255.0).min(255.0) as u8;
            mesh.colored_vertex(
                centre + egui::vec2(place.x, -place.y) * radius,
                Color32::from_rgb(shade(0.60), shade(0.57), shade(0.54)),
            );
        }
        for corners in self.indices.chunks_exact(3) {
            if corners.iter().any(|corner| faces_eye[*corner as usize]) {
                mesh.add_triangle(corners[0], corners[1], corners[2]);
            }
        }
        mesh
    }
}

impl Backdrop {
    pub fn paint(&mut self, ctx: &egui::Context, choice: Option<&BodyChoice>) {
        let screen = ctx.content_rect();
        let painter = ctx.layer_painter(egui::LayerId::background());
        painter.rect_filled(screen, 0.0, Color32::from_rgb(4, 6, 9));
        paint_stars(&painter, screen);
        let Some(choice) = choice else {
            return;
        };
        if self.body.as_ref().is_none_or(|(known, _)| known != choice) {
            self.body = Some((choice.clone(), Silhouette::of(choice)));
        }
        let Some((_, Some(silhouette))) = &self.body else {
            return;
        };
        let now_s = ctx.time();
        let began_s = *self.began_s.get_or_insert(now_s);
        let turn = ((now_s - began_s) / TURN_S).fract() * std::f64::consts::TAU;
        let radius = screen.height().min(screen.width()) * 0.40;
        let centre = pos2(
            screen.min.x + screen.width() * 0.70,
            screen.min.y + screen.height() * 0.52,
        );
        let mesh = silhouette.shape(turn as f32, centre, radius);
        painter.add(Shape::Mesh(Arc::new(mesh)));
        ctx.request_repaint();
    }
}

/// A field of stars that stays the same from start to start.
fn paint_stars(painter: &egui::Painter, screen: egui::Rect) {
    let mut state = 0x2545_F491_4F6C_DD1D_u64;
    let mut next = || {
        // Xorshift (Marsaglia 2003): good enough to scatter dots.
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 40) as f32 / (1_u64 << 24) as f32
    };
    for _ in 0..STARS {
        let at = pos2(
            screen.min.x + next() * screen.width(),
            screen.min.y + next() * screen.height(),
        );
        let brightness = next().powi(4);
        let color = theme::TEXT_STRONG.gamma_multiply(0.12 + 0.7 * brightness);
        painter.circle_filled(at, 0.5 + 0.7 * brightness, color);
    }
}
