//! The course of a price: over time, and what was sold when.

use bevy_egui::egui::{RichText, Ui, vec2};
use egui_plot::{Bar, BarChart, Corner, HLine, Legend, Line, LineStyle, Plot, PlotPoints};

use super::market::MarketFacts;
use crate::client::panels::facts::hours;
use crate::client::panels::format;
use crate::client::theme;

const PRICE: &str = "Price [cr/kg]";
const BASE: &str = "Untouched price";
const SOLD: &str = "Sold [kg]";
const HOURS: &str = "Time since the start [h]";
const NOTE: &str = "Every kilogram sold lowers the price for all; it recovers slowly while nobody \
                    sells.";

pub(super) fn show(ui: &mut Ui, market: &MarketFacts, now_ms: u64) {
    let change = market.price / market.base_price.max(1e-9) - 1.0;
    let sold_kg: f64 = market
        .history
        .iter()
        .map(|point| 1e-3 * point.sold_g as f64)
        .sum();
    ui.horizontal_wrapped(|ui| {
        let fact = |ui: &mut Ui, name: &str, value: String| {
            ui.label(RichText::new(name).color(theme::TEXT_WEAK));
            ui.label(RichText::new(value).monospace().color(theme::TEXT_STRONG));
            ui.add_space(8.0);
        };
        let price = format::price(market.price);
        fact(ui, "Now", format!("{price} ({:+.1} %)", change * 100.0));
        fact(ui, "Sold by all", format::mass(sold_kg));
    });
    let room = ui.available_height() - 44.0;
    price_plot(ui, market, now_ms, (room * 0.64).max(120.0));
    sold_plot(ui, market, now_ms, (room * 0.36).max(70.0));
    ui.label(RichText::new(NOTE).small().color(theme::TEXT_WEAK));
}

fn price_plot(ui: &mut Ui, market: &MarketFacts, now_ms: u64, height: f32) {
    let mut points: Vec<[f64; 2]> = market
        .history
        .iter()
        .map(|point| [hours(point.at_ms), point.price_credits_per_kg])
        .collect();
    points.push([hours(now_ms), market.price]);
    let line = Line::new(PRICE, PlotPoints::new(points))
        .color(theme::ACCENT)
        .width(2.0);
    let base = HLine::new(BASE, market.base_price)
        .color(theme::TEXT_WEAK)
        .style(LineStyle::dashed_loose());
    plot("price", height)
        .legend(Legend::default().position(Corner::LeftBottom))
        .y_axis_label(PRICE)
        .include_y(market.base_price * 1.05)
        .include_y(market.base_price * 0.8)
        .include_x(0.0)
        .include_x(hours(now_ms).max(1.0))
        .show(ui, |plot| {
            plot.hline(base);
            plot.line(line);
        });
}

fn sold_plot(ui: &mut Ui, market: &MarketFacts, now_ms: u64, height: f32) {
    let last_h = market
        .history
        .last()
        .map_or(1.0, |point| hours(point.at_ms));
    // Wide enough to be seen, narrow enough to tell one sale from the next.
    let width = (last_h / 80.0).max(0.05);
    let bars = market
        .history
        .iter()
        .filter(|point| point.sold_g > 0)
        .map(|point| Bar::new(hours(point.at_ms), point.sold_g as f64 * 1e-3).width(width))
        .collect();
    let chart = BarChart::new(SOLD, bars).color(theme::WATER);
    plot("sold", height)
        .x_axis_label(HOURS)
        .y_axis_label(SOLD)
        .include_y(0.0)
        .include_y(1.0)
        .include_x(0.0)
        .include_x(hours(now_ms).max(1.0))
        .show(ui, |plot| plot.bar_chart(chart));
}

/// Both plots share their time axis and let the wheel zoom in time.
fn plot(name: &'static str, height: f32) -> Plot<'static> {
    Plot::new(("market", name))
        .height(height)
        .show_x(true)
        .show_y(true)
        .allow_scroll(false)
        .allow_boxed_zoom(false)
        .allow_zoom([true, false])
        .allow_drag([true, false])
        .grid_color(theme::GRID)
        .y_axis_min_width(64.0)
        .link_axis("market", [true, false])
        .link_cursor("market", [true, false])
        .set_margin_fraction(vec2(0.02, 0.08))
}
