//! The look of the window's panels: colours, type, spacing, and the few widgets all panels share.
//!
//! Dark and calm, so that the eye rests on the rock. One accent colour per prospector, used for
//! its robots, claims and labels alike; amber is a refusal, red is an alarm, and nothing else is.

use std::sync::{PoisonError, RwLock};

use bevy::color::Color;
use bevy_egui::egui::{
    self, Align, Color32, CornerRadius, FontFamily, FontId, Frame, Layout, Margin, Rect, Response,
    RichText, Sense, Shadow, Stroke, StrokeKind, TextStyle, TextWrapMode, Ui, Vec2, WidgetText,
    vec2,
};

pub const TEXT: Color32 = Color32::from_rgb(0xD3, 0xDB, 0xE6);
pub const TEXT_STRONG: Color32 = Color32::from_rgb(0xF3, 0xF6, 0xFA);
pub const TEXT_WEAK: Color32 = Color32::from_rgb(0x94, 0xA1, 0xB2);
pub const ACCENT: Color32 = Color32::from_rgb(0x5B, 0xC6, 0xE8);
pub const AMBER: Color32 = Color32::from_rgb(0xF2, 0xB9, 0x4B);
pub const RED: Color32 = Color32::from_rgb(0xF5, 0x6E, 0x62);
pub const GREEN: Color32 = Color32::from_rgb(0x7F, 0xCF, 0x8B);
pub const WATER: Color32 = Color32::from_rgb(0x4F, 0x9D, 0xF0);
pub const ROCK: Color32 = Color32::from_rgb(0xA8, 0x93, 0x7C);

/// Lines of a plot.
pub const GRID: Color32 = Color32::from_rgb(0x3A, 0x47, 0x57);

const PANEL: Color32 = Color32::from_rgba_premultiplied(0x0C, 0x10, 0x16, 0xF9);
const WINDOW: Color32 = Color32::from_rgb(0x0E, 0x13, 0x1A);
const CARD: Color32 = Color32::from_rgb(0x15, 0x1B, 0x24);
const RAISED: Color32 = Color32::from_rgb(0x20, 0x29, 0x35);
const RAISED_HOVER: Color32 = Color32::from_rgb(0x2C, 0x38, 0x47);
const SUNK: Color32 = Color32::from_rgb(0x09, 0x0C, 0x11);
const LINE: Color32 = Color32::from_rgb(0x2A, 0x34, 0x41);
const SELECTED: Color32 = Color32::from_rgb(0x17, 0x33, 0x3E);

/// Accents of the other prospectors.
const RIVALS: [Color32; 7] = [
    Color32::from_rgb(0xF2, 0x9A, 0x57),
    Color32::from_rgb(0xB5, 0x9B, 0xF3),
    Color32::from_rgb(0x98, 0xCF, 0x6C),
    Color32::from_rgb(0xEE, 0x88, 0xB4),
    Color32::from_rgb(0xE6, 0xD2, 0x6A),
    Color32::from_rgb(0x6F, 0xD6, 0xB4),
    Color32::from_rgb(0xC9, 0xA4, 0x82),
];

/// Prospectors that were given a colour, in the order in which they were first asked for.
static NAMED: RwLock<Vec<String>> = RwLock::new(Vec::new());

/// The one colour of a prospector on the panels. The player has the accent of the window; the
/// others get the next free colour when they are first asked for, and keep it.
pub fn owner_accent(owner: &str, player: &str) -> Color32 {
    if owner == player {
        return ACCENT;
    }
    // A poisoned lock holds nothing worse than a list of names.
    let find = |named: &[String]| named.iter().position(|name| name == owner);
    let known = find(&NAMED.read().unwrap_or_else(PoisonError::into_inner));
    let index = known.unwrap_or_else(|| {
        let mut named = NAMED.write().unwrap_or_else(PoisonError::into_inner);
        find(&named).unwrap_or_else(|| {
            named.push(owner.to_owned());
            named.len() - 1
        })
    });
    RIVALS[index % RIVALS.len()]
}

/// The one colour of a prospector in the picture: [`owner_accent`] for the view.
pub fn owner_colour(owner: &str, player: &str) -> Color {
    in_picture(owner_accent(owner, player))
}

/// A colour of the panels for the view.
pub fn in_picture(color: Color32) -> Color {
    Color::srgb_u8(color.r(), color.g(), color.b())
}

/// Gives the context Bonanza's style. Cheap, but meant to be called once.
pub fn apply(ctx: &egui::Context) {
    ctx.set_theme(egui::Theme::Dark);
    ctx.all_styles_mut(|style| {
        use FontFamily::{Monospace, Proportional};
        style.text_styles = [
            (TextStyle::Small, FontId::new(11.5, Proportional)),
            (TextStyle::Body, FontId::new(14.0, Proportional)),
            (TextStyle::Button, FontId::new(14.0, Proportional)),
            (TextStyle::Heading, FontId::new(17.0, Proportional)),
            // Numbers stand in columns: all digits are as wide as each other.
            (TextStyle::Monospace, FontId::new(12.5, Monospace)),
        ]
        .into();

        let spacing = &mut style.spacing;
        spacing.item_spacing = vec2(6.0, 5.0);
        spacing.button_padding = vec2(8.0, 3.0);
        spacing.window_margin = Margin::same(10);
        spacing.menu_margin = Margin::same(6);
        spacing.interact_size = vec2(28.0, 22.0);
        spacing.scroll = egui::style::ScrollStyle::thin();
        spacing.scroll.bar_width = 6.0;
        spacing.tooltip_width = 300.0;
        spacing.indent = 12.0;

        style.interaction.selectable_labels = false;
        style.interaction.tooltip_delay = 0.35;
        style.animation_time = 0.1;
        style.explanation_tooltips = false;

        let visuals = &mut style.visuals;
        visuals.dark_mode = true;
        visuals.panel_fill = PANEL;
        // Windows may lie on panels and on each other.
        visuals.window_fill = WINDOW;
        visuals.window_stroke = Stroke::new(1.0, LINE);
        visuals.window_corner_radius = CornerRadius::same(8);
        visuals.menu_corner_radius = CornerRadius::same(6);
        visuals.window_shadow = Shadow {
            offset: [0, 4],
            blur: 18,
            spread: 0,
            color: Color32::from_black_alpha(120),
        };
        visuals.popup_shadow = visuals.window_shadow;
        visuals.window_highlight_topmost = false;
        visuals.faint_bg_color = Color32::from_rgb(0x12, 0x18, 0x20);
        visuals.extreme_bg_color = SUNK;
        visuals.code_bg_color = SUNK;
        visuals.warn_fg_color = AMBER;
        visuals.error_fg_color = RED;
        visuals.hyperlink_color = ACCENT;
        visuals.weak_text_color = Some(TEXT_WEAK);
        visuals.selection.bg_fill = SELECTED;
        visuals.selection.stroke = Stroke::new(1.0, TEXT_STRONG);
        visuals.slider_trailing_fill = true;
        visuals.disabled_alpha = 0.42;
        visuals.indent_has_left_vline = false;

        let radius = CornerRadius::same(5);
        let widgets = &mut visuals.widgets;
        for (widget, fill, line, text) in [
            (&mut widgets.noninteractive, CARD, LINE, TEXT),
            (&mut widgets.inactive, RAISED, Color32::TRANSPARENT, TEXT),
            (&mut widgets.hovered, RAISED_HOVER, LINE, TEXT_STRONG),
            (&mut widgets.active, SELECTED, ACCENT, TEXT_STRONG),
            (&mut widgets.open, RAISED, LINE, TEXT_STRONG),
        ] {
            widget.bg_fill = fill;
            widget.weak_bg_fill = fill;
            widget.bg_stroke = Stroke::new(1.0, line);
            widget.fg_stroke = Stroke::new(1.0, text);
            widget.corner_radius = radius;
            widget.expansion = 0.0;
        }
        #[cfg(debug_assertions)]
        {
            style.debug.show_unaligned = false;
            style.debug.warn_if_rect_changes_id = false;
        }
    });
}

/// The frame of the panels that lie on the picture.
pub fn panel_frame() -> Frame {
    Frame::new()
        .fill(PANEL)
        .stroke(Stroke::new(1.0, LINE))
        .corner_radius(CornerRadius::same(8))
        .inner_margin(Margin::same(10))
}

/// The frame of what lies on panels too: menus at the pointer, forecasts.
pub fn popup_frame() -> Frame {
    panel_frame().fill(WINDOW)
}

/// The frame of a row or block within a panel.
pub fn card_frame(selected: bool) -> Frame {
    Frame::new()
        .fill(if selected { SELECTED } else { CARD })
        .corner_radius(CornerRadius::same(6))
        .inner_margin(Margin::symmetric(8, 6))
}

/// The title of a panel: small capitals would be nicer, spaced weak text is what the font has.
pub fn title(ui: &mut Ui, text: &str) {
    ui.label(RichText::new(text).size(15.0).color(TEXT_STRONG));
}

/// Text that is cut with an ellipsis instead of running over, with the whole of it on hover.
pub fn elided(ui: &mut Ui, text: impl Into<WidgetText>) -> Response {
    ui.add(egui::Label::new(text).wrap_mode(TextWrapMode::Truncate))
}

/// A name on the left and its value, in tabular digits, on the right.
pub fn fact(ui: &mut Ui, name: &str, value: impl Into<String>) -> Response {
    fact_in(ui, name, value, TEXT)
}

/// Like [`fact`], with the value in a colour of its own.
pub fn fact_in(ui: &mut Ui, name: &str, value: impl Into<String>, color: Color32) -> Response {
    ui.scope(|ui| {
        ui.spacing_mut().interact_size.y = 15.0;
        ui.horizontal(|ui| {
            ui.label(RichText::new(name).color(TEXT_WEAK));
            ui.with_layout(Layout::right_to_left(Align::Center), |ui| {
                elided(ui, RichText::new(value).monospace().color(color));
            });
        });
    })
    .response
}

/// Two [`fact`]s side by side.
pub fn facts(ui: &mut Ui, left: (&str, String, Color32), right: (&str, String, Color32)) {
    ui.scope(|ui| {
        ui.spacing_mut().item_spacing.x = 14.0;
        ui.columns_const(|columns: &mut [Ui; 2]| {
            for (ui, (name, value, color)) in columns.iter_mut().zip([left, right]) {
                ui.spacing_mut().item_spacing.x = 6.0;
                fact_in(ui, name, value, color);
            }
        });
    });
}

/// A round mark.
pub fn dot(ui: &mut Ui, color: Color32) -> Response {
    let (rect, response) = ui.allocate_exact_size(vec2(9.0, 9.0), Sense::hover());
    ui.painter().circle_filled(rect.center(), 4.0, color);
    response
}

/// A slim bar, filled to `fraction`, with a name on the left and a reading on the right above it.
pub fn gauge(ui: &mut Ui, name: &str, reading: &str, fraction: f32, color: Color32) -> Response {
    ui.scope(|ui| {
        ui.spacing_mut().item_spacing.y = 2.0;
        fact_in(ui, name, reading, TEXT);
        bar(ui, fraction, color, 5.0);
    })
    .response
}

/// A bar alone, as wide as there is room.
pub fn bar(ui: &mut Ui, fraction: f32, color: Color32, height: f32) -> Response {
    let width = ui.available_width().max(12.0);
    let (rect, response) = ui.allocate_exact_size(vec2(width, height), Sense::hover());
    paint_bar(ui.painter(), rect, fraction, color);
    response
}

/// Draws a bar into `rect`.
pub fn paint_bar(painter: &egui::Painter, rect: Rect, fraction: f32, color: Color32) {
    let radius = CornerRadius::same((rect.height() / 2.0).min(4.0) as u8);
    painter.rect_filled(rect, radius, SUNK);
    let fraction = if fraction.is_finite() {
        fraction.clamp(0.0, 1.0)
    } else {
        0.0
    };
    if fraction > 0.0 {
        let filled = Rect::from_min_size(
            rect.min,
            vec2((rect.width() * fraction).max(2.0), rect.height()),
        );
        painter.rect_filled(filled, radius, color);
    }
}

/// The colour of a store that should not run dry: amber when low, red when nearly empty.
pub fn store_color(fraction: f32, plenty: Color32) -> Color32 {
    if fraction < 0.1 {
        RED
    } else if fraction < 0.25 {
        AMBER
    } else {
        plenty
    }
}

/// A key cap.
pub fn key(ui: &mut Ui, name: &str) -> Response {
    let galley = ui.painter().layout_no_wrap(
        name.to_owned(),
        FontId::new(11.5, FontFamily::Monospace),
        TEXT,
    );
    let size = vec2((galley.size().x + 10.0).max(20.0), 18.0);
    let (rect, response) = ui.allocate_exact_size(size, Sense::hover());
    let painter = ui.painter();
    painter.rect(
        rect,
        CornerRadius::same(4),
        RAISED,
        Stroke::new(1.0, LINE),
        StrokeKind::Inside,
    );
    painter.galley(rect.center() - galley.size() / 2.0, galley, TEXT);
    response
}

/// The ground of a notice that is painted instead of laid out.
pub fn paint_plate(painter: &egui::Painter, rect: Rect, line: Color32, opacity: f32) {
    painter.rect(
        rect,
        CornerRadius::same(8),
        PANEL.gamma_multiply(opacity),
        Stroke::new(1.0, line),
        StrokeKind::Inside,
    );
}

/// A button that is marked as the accepted way on.
pub fn primary_button(text: &str) -> egui::Button<'static> {
    egui::Button::new(RichText::new(text.to_owned()).color(SUNK).size(15.0))
        .fill(ACCENT)
        .min_size(Vec2::new(96.0, 30.0))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Relative luminance, WCAG 2.1.
    fn luminance(color: Color32) -> f32 {
        let linear = |c: u8| {
            let c = f32::from(c) / 255.0;
            if c <= 0.040_45 {
                c / 12.92
            } else {
                ((c + 0.055) / 1.055).powf(2.4)
            }
        };
        0.2126 * linear(color.r()) + 0.7152 * linear(color.g()) + 0.0722 * linear(color.b())
    }

    #[test]
    fn every_text_colour_can_be_read_on_panels_and_cards() {
        let texts = [TEXT, TEXT_STRONG, TEXT_WEAK, AMBER, RED, GREEN];
        for text in texts.into_iter().chain(RIVALS).chain([ACCENT]) {
            for ground in [PANEL, WINDOW, CARD, SELECTED] {
                let ratio = (luminance(text) + 0.05) / (luminance(ground) + 0.05);
                // WCAG 2.1, level AA for text of this size.
                assert!(ratio > 4.5, "{text:?} on {ground:?}: {ratio:.2}");
            }
        }
    }

    #[test]
    fn a_prospector_keeps_its_colour_and_shares_it_with_no_neighbour() {
        let first = owner_accent("one of two", "player");
        let second = owner_accent("two of two", "player");
        assert_ne!(first, second);
        assert_ne!(first, ACCENT);
        assert_eq!(owner_accent("one of two", "player"), first);
        assert_eq!(owner_accent("player", "player"), ACCENT);
    }
}
