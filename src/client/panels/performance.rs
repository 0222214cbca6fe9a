//! One line of figures about this machine: frames, and the processor time of the tick and of the
//! panels.

use bevy::diagnostic::{DiagnosticPath, DiagnosticsStore};
use bevy_egui::egui::{self, Align2, FontId, pos2};

use super::Pane;
use crate::client::{CHUNK_MESH_MS, PANELS_CPU_MS, SIM_CPU_MS, theme};

pub(super) fn paint(ctx: &egui::Context, pane: &Pane, diagnostics: &DiagnosticsStore) {
    if !pane.forms.performance {
        return;
    }
    let of = |path: &DiagnosticPath| match diagnostics.get(path).and_then(|d| d.average()) {
        Some(ms) => format!("{ms:.2} ms"),
        None => "–".to_owned(),
    };
    let fps = 1.0 / ctx.input(|input| input.unstable_dt).max(1e-4);
    let text = format!(
        "{fps:.0} frames/s   ticks {}   panels {}   chunk {}",
        of(&SIM_CPU_MS),
        of(&PANELS_CPU_MS),
        of(&CHUNK_MESH_MS)
    );
    let free = pane.forms.free;
    let painter = ctx.layer_painter(egui::LayerId::new(
        egui::Order::Foreground,
        egui::Id::new("performance"),
    ));
    let at = pos2(free.min.x + 6.0, free.max.y - 6.0);
    let galley = painter.layout_no_wrap(text, FontId::monospace(11.5), theme::TEXT);
    let rect = Align2::LEFT_BOTTOM.anchor_size(at, galley.size());
    painter.rect_filled(rect.expand(4.0), 4.0, egui::Color32::from_black_alpha(170));
    painter.galley(rect.min, galley, theme::TEXT);
}
