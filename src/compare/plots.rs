//! Pictures of a comparison that can go on a slide: each figure by charter with its interval, and
//! the course of price and stock over time.
//!
//! Drawn with plotters into pixels of our own; the letters are those of a font within the program,
//! so that no machine needs fonts. Colours are told apart by those who see few (Okabe and Ito 2008,
//! Tol 2021), and lines carry their names.

use std::sync::Once;

use plotters::backend::BitMapBackend;
use plotters::coord::Shift;
use plotters::drawing::{DrawingArea, IntoDrawingArea};
use plotters::element::{Circle, PathElement, Polygon, Rectangle, Text};
use plotters::style::text_anchor::{HPos, Pos, VPos};
use plotters::style::{Color, FontStyle, IntoFont, RGBColor, ShapeStyle, TextStyle, register_font};

use super::stats::Interval;
use super::{Plan, Run, standings, summarise};
use crate::sim::economy::figures::Figure;

const SIZE: (u32, u32) = (1600, 900);
const FONT: &str = "sans-serif";
const INK: RGBColor = RGBColor(34, 34, 40);
const FAINT: RGBColor = RGBColor(110, 110, 120);
const RULE: RGBColor = RGBColor(222, 222, 228);
const PAPER: RGBColor = RGBColor(255, 255, 255);
const COLOURS: [RGBColor; 10] = [
    RGBColor(0, 114, 178),
    RGBColor(213, 94, 0),
    RGBColor(0, 158, 115),
    RGBColor(204, 121, 167),
    RGBColor(230, 159, 0),
    RGBColor(86, 180, 233),
    RGBColor(51, 34, 136),
    RGBColor(136, 34, 85),
    RGBColor(68, 170, 153),
    RGBColor(120, 120, 40),
];

/// Figures of the overview, most telling first; those that nothing is to be seen of are left out.
const OVERVIEW: [&str; 9] = [
    "welfare_credits",
    "output_value_credits",
    "gini_wealth",
    "gini_income",
    "dividend_credits",
    "disputes",
    "water_taken_kg",
    "price_credits_per_kg",
    "idle_claims",
];
const OVERVIEW_PANELS: usize = 6;
/// Figures whose course over time is drawn.
const OVER_TIME: [&str; 4] = [
    "price_credits_per_kg",
    "water_taken_kg",
    "output_kg",
    "gini_wealth",
];

type Area<'a> = DrawingArea<BitMapBackend<'a>, Shift>;

/// All pictures of a comparison, by the names of their files.
///
/// # Errors
/// Why one could not be drawn, as a sentence.
pub fn all(plan: &Plan, runs: &[Run]) -> Result<Vec<(String, Vec<u8>)>, String> {
    let summary = summarise(runs);
    let charters: Vec<&str> = plan.charters.iter().map(|(id, _)| id.as_str()).collect();
    let intervals = |figure: &Figure| -> Vec<Option<Interval>> {
        let of = |id: &&str| summary.get(*id).and_then(|figures| figures[figure.id]);
        charters.iter().map(of).collect()
    };
    let says = |figure: &Figure| intervals(figure).iter().flatten().any(|i| i.mean != 0.0);
    let below = format!(
        "{}, {} of simulated time, {} seeds under each charter; bars: 95 % interval of the mean",
        plan.level.title,
        span_in_words(plan.for_ms),
        plan.seeds.len()
    );
    let mut files = Vec::new();
    for figure in Figure::ALL.iter().filter(|figure| says(figure)) {
        let png = picture(|area| {
            heading(area, &title_of(figure), &below)?;
            let panel = area.margin(130, 40, 40, 60);
            draw_intervals(&panel, &charters, &intervals(figure), 1.0)
        })?;
        files.push((format!("{}.png", figure.id), png));
    }
    let chosen: Vec<&Figure> = OVERVIEW
        .iter()
        .filter_map(|id| Figure::find(id).map(|index| &Figure::ALL[index]))
        .filter(|figure| says(figure))
        .take(OVERVIEW_PANELS)
        .collect();
    let png = picture(|area| {
        heading(area, "What each charter brings", &below)?;
        let panels = area.margin(120, 20, 20, 20).split_evenly((2, 3));
        for (panel, figure) in panels.iter().zip(&chosen) {
            let panel = panel.margin(10, 20, 15, 15);
            write(&panel, &title_of(figure), (0, 0), 24.0, INK, HPos::Left)?;
            let panel = panel.margin(38, 0, 0, 0);
            draw_intervals(&panel, &charters, &intervals(figure), 0.62)?;
        }
        Ok(())
    })?;
    files.push(("overview.png".to_owned(), png));
    files.push(("gains.png".to_owned(), gains(plan, runs, &below)?));
    for id in OVER_TIME {
        let Some(index) = Figure::find(id) else {
            continue;
        };
        let figure = &Figure::ALL[index];
        if !says(figure) {
            continue;
        }
        let courses: Vec<Vec<(f64, Interval)>> = charters
            .iter()
            .map(|charter| course(runs, charter, index))
            .collect();
        let png = picture(|area| {
            let below = below.replace("bars", "bands");
            heading(area, &format!("{} over time", title_of(figure)), &below)?;
            draw_courses(&area.margin(130, 40, 40, 40), &charters, &courses)
        })?;
        files.push((format!("{id}-over-time.png"), png));
    }
    Ok(files)
}

/// What each prospector gained: a panel for each charter.
fn gains(plan: &Plan, runs: &[Run], below: &str) -> Result<Vec<u8>, String> {
    let standings = standings(runs);
    picture(|area| {
        heading(area, "What each gained [credits]", below)?;
        let columns = plan.charters.len().clamp(1, 3);
        let rows = plan.charters.len().div_ceil(columns).max(1);
        let panels = area.margin(120, 10, 20, 20).split_evenly((rows, columns));
        for (panel, (id, _)) in panels.iter().zip(&plan.charters) {
            let panel = panel.margin(4, 10, 15, 15);
            let title = id.replace('_', " ");
            write(&panel, &title, (0, 0), 22.0, INK, HPos::Left)?;
            let Some(of_charter) = standings.get(id) else {
                continue;
            };
            let names: Vec<&str> = of_charter
                .iter()
                .map(|each| each.prospector.as_str())
                .collect();
            let gained: Vec<Option<Interval>> = of_charter
                .iter()
                .map(|each| Some(each.gained_credits))
                .collect();
            draw_intervals(&panel.margin(30, 0, 0, 0), &names, &gained, 0.55)?;
        }
        Ok(())
    })
}

/// One picture of a run: the course of each of some values over the days, by their titles.
///
/// # Errors
/// Why it could not be drawn, as a sentence.
pub fn of_run(
    title: &str,
    below: &str,
    courses: &[(String, Vec<(f64, f64)>)],
) -> Result<Vec<u8>, String> {
    picture(|area| {
        heading(area, title, below)?;
        let panels = area
            .margin(120, 20, 20, 20)
            .split_evenly((courses.len().div_ceil(3), 3));
        for (panel, (title, course)) in panels.iter().zip(courses) {
            let panel = panel.margin(6, 14, 15, 15);
            write(&panel, title, (0, 0), 24.0, INK, HPos::Left)?;
            draw_course(&panel.margin(34, 0, 0, 0), course)?;
        }
        Ok(())
    })
}

/// Mean and interval of a figure over the seeds at each time that all of them have.
fn course(runs: &[Run], charter: &str, index: usize) -> Vec<(f64, Interval)> {
    let of_charter: Vec<&Run> = runs.iter().filter(|run| run.charter == charter).collect();
    let lines = of_charter.iter().map(|run| run.series.len()).min();
    (0..lines.unwrap_or(0))
        .filter_map(|line| {
            let values: Vec<f64> = of_charter
                .iter()
                .filter_map(|run| run.series[line].1[index])
                .collect();
            Some((of_charter[0].series[line].0, Interval::of(&values)?))
        })
        .collect()
}

fn title_of(figure: &Figure) -> String {
    match figure.unit {
        "" => figure.title.to_owned(),
        unit => format!("{} [{unit}]", figure.title),
    }
}

fn span_in_words(ms: u64) -> String {
    let days = ms as f64 / 86_400_000.0;
    if 365.0 <= days {
        format!("{:.1} years", days / 365.25)
    } else if 2.0 <= days {
        format!("{days:.0} days")
    } else {
        format!("{:.0} hours", 24.0 * days)
    }
}

/// Draws a picture and packs it as PNG.
fn picture(draw: impl FnOnce(&Area) -> Result<(), String>) -> Result<Vec<u8>, String> {
    static FONT_READY: Once = Once::new();
    FONT_READY.call_once(|| {
        // What cannot be read here cannot be read by the tests either.
        let _ = register_font(FONT, FontStyle::Normal, epaint_default_fonts::UBUNTU_LIGHT);
    });
    let (width, height) = SIZE;
    let mut pixels = vec![0; 3 * width as usize * height as usize];
    {
        let area = BitMapBackend::with_buffer(&mut pixels, SIZE).into_drawing_area();
        area.fill(&PAPER).map_err(undrawn)?;
        draw(&area)?;
        area.present().map_err(undrawn)?;
    }
    let mut bytes = Vec::new();
    let mut encoder = png::Encoder::new(&mut bytes, width, height);
    encoder.set_color(png::ColorType::Rgb);
    encoder.set_depth(png::BitDepth::Eight);
    let mut writer = encoder.write_header().map_err(undrawn)?;
    writer.write_image_data(&pixels).map_err(undrawn)?;
    writer.finish().map_err(undrawn)?;
    Ok(bytes)
}

fn undrawn(error: impl std::fmt::Display) -> String {
    format!("a plot cannot be drawn: {error}")
}

fn heading(area: &Area, title: &str, below: &str) -> Result<(), String> {
    write(area, title, (40, 28), 46.0, INK, HPos::Left)?;
    write(area, below, (42, 84), 24.0, FAINT, HPos::Left)
}

/// Writes a line with its upper edge at a place.
fn write(
    area: &Area,
    text: &str,
    at: (i32, i32),
    size: f64,
    colour: RGBColor,
    side: HPos,
) -> Result<(), String> {
    write_at(area, text, at, size, colour, Pos::new(side, VPos::Top))
}

fn write_at(
    area: &Area,
    text: &str,
    at: (i32, i32),
    size: f64,
    colour: RGBColor,
    anchor: Pos,
) -> Result<(), String> {
    let style: TextStyle = TextStyle::from((FONT, size).into_font()).color(&colour);
    area.draw(&Text::new(text.to_owned(), at, style.pos(anchor)))
        .map_err(undrawn)
}

fn line(area: &Area, points: Vec<(i32, i32)>, style: ShapeStyle) -> Result<(), String> {
    area.draw(&PathElement::new(points, style)).map_err(undrawn)
}

/// Rows of charters, each with the mean as a dot and the interval as a bar.
fn draw_intervals(
    area: &Area,
    charters: &[&str],
    intervals: &[Option<Interval>],
    scale: f64,
) -> Result<(), String> {
    let (width, height) = area.dim_in_pixel();
    let px = |length: f64| (length * scale).round() as i32;
    let longest = charters.iter().map(|id| id.chars().count()).max();
    let left = px(13.5 * longest.unwrap_or(0) as f64 + 30.0);
    let right = width as i32 - px(120.0);
    let bottom = height as i32 - px(50.0);
    let ends = intervals.iter().flatten().flat_map(|interval| {
        [
            interval.lo95.unwrap_or(interval.mean),
            interval.hi95.unwrap_or(interval.mean),
            interval.mean,
        ]
    });
    let axis = Axis::around(ends, true);
    let x = |value: f64| left + (axis.part(value) * f64::from(right - left)).round() as i32;
    for tick in axis.ticks() {
        line(
            area,
            vec![(x(tick), 0), (x(tick), bottom)],
            RULE.stroke_width(1),
        )?;
        let text = compact(tick);
        let at = (x(tick), bottom + px(10.0));
        write(area, &text, at, 24.0 * scale, FAINT, HPos::Center)?;
    }
    let step = f64::from(bottom) / charters.len().max(1) as f64;
    let middle = VPos::Center;
    for (row, (charter, interval)) in charters.iter().zip(intervals).enumerate() {
        let y = ((row as f64 + 0.5) * step).round() as i32;
        let colour = COLOURS[row % COLOURS.len()];
        let name = charter.replace('_', " ");
        let size = 28.0 * scale;
        let beside = Pos::new(HPos::Right, middle);
        write_at(area, &name, (left - px(18.0), y), size, INK, beside)?;
        let Some(interval) = interval else {
            continue;
        };
        if let (Some(low), Some(high)) = (interval.lo95, interval.hi95) {
            let half = px(9.0).max(3);
            let bar = Rectangle::new(
                [(x(low), y - half), (x(high), y + half)],
                colour.mix(0.32).filled(),
            );
            area.draw(&bar).map_err(undrawn)?;
        }
        let dot = Circle::new((x(interval.mean), y), px(11.0).max(4), colour.filled());
        area.draw(&dot).map_err(undrawn)?;
        let end = x(interval.hi95.unwrap_or(interval.mean)).max(x(interval.mean));
        let at = (end + px(20.0), y);
        let after = Pos::new(HPos::Left, middle);
        write_at(area, &compact(interval.mean), at, size, colour, after)?;
    }
    Ok(())
}

/// A line for each charter, with a band for the interval and its name at the end.
fn draw_courses(
    area: &Area,
    charters: &[&str],
    courses: &[Vec<(f64, Interval)>],
) -> Result<(), String> {
    let (width, height) = area.dim_in_pixel();
    let longest = charters.iter().map(|id| id.chars().count()).max();
    let left = 110;
    let right = width as i32 - (13.0 * longest.unwrap_or(0) as f64) as i32 - 40;
    let bottom = height as i32 - 70;
    let points = || courses.iter().flatten();
    let days = Axis::around(points().map(|(day, _)| *day), true);
    let values = Axis::around(points().map(|(_, interval)| interval.mean), true);
    let x = |day: f64| left + (days.part(day) * f64::from(right - left)).round() as i32;
    let y = |value: f64| {
        let part = values.part(value).clamp(-0.02, 1.05);
        bottom - (part * f64::from(bottom)).round() as i32
    };
    for tick in values.ticks() {
        line(
            area,
            vec![(left, y(tick)), (right, y(tick))],
            RULE.stroke_width(1),
        )?;
        let at = (left - 14, y(tick));
        let beside = Pos::new(HPos::Right, VPos::Center);
        write_at(area, &compact(tick), at, 24.0, FAINT, beside)?;
    }
    for tick in days.ticks() {
        let at = (x(tick), bottom + 12);
        write(area, &compact(tick), at, 24.0, FAINT, HPos::Center)?;
    }
    let at = ((left + right) / 2, bottom + 42);
    write(area, "days since the start", at, 24.0, FAINT, HPos::Center)?;
    let mut names = Vec::new();
    for (row, course) in courses.iter().enumerate() {
        let colour = COLOURS[row % COLOURS.len()];
        let bound = |of: fn(&Interval) -> Option<f64>| {
            course
                .iter()
                .map(move |(day, interval)| (x(*day), y(of(interval).unwrap_or(interval.mean))))
        };
        let band: Vec<(i32, i32)> = bound(|interval| interval.lo95)
            .chain(bound(|interval| interval.hi95).rev())
            .collect();
        if 2 < band.len() {
            area.draw(&Polygon::new(band, colour.mix(0.12).filled()))
                .map_err(undrawn)?;
        }
        if let Some((day, last)) = course.last() {
            names.push((y(last.mean), x(*day), row));
        }
    }
    for (row, course) in courses.iter().enumerate() {
        let colour = COLOURS[row % COLOURS.len()];
        let means = course
            .iter()
            .map(|(day, interval)| (x(*day), y(interval.mean)));
        line(area, means.collect(), colour.stroke_width(3))?;
    }
    // Names that would lie on each other move down, the lowest first up.
    names.sort_unstable();
    let spacing = 30;
    for index in 1..names.len() {
        names[index].0 = names[index].0.max(names[index - 1].0 + spacing);
    }
    let mut lowest = bottom;
    for name in names.iter_mut().rev() {
        name.0 = name.0.min(lowest);
        lowest = name.0 - spacing;
    }
    for (at_y, _, row) in names {
        let name = charters[row].replace('_', " ");
        let colour = COLOURS[row % COLOURS.len()];
        let after = Pos::new(HPos::Left, VPos::Center);
        write_at(area, &name, (right + 14, at_y), 26.0, colour, after)?;
    }
    Ok(())
}

/// One line over the days, in a small panel.
fn draw_course(area: &Area, course: &[(f64, f64)]) -> Result<(), String> {
    let (width, height) = area.dim_in_pixel();
    let (left, right, bottom) = (78, width as i32 - 12, height as i32 - 34);
    let days = Axis::around(course.iter().map(|(day, _)| *day), true);
    let values = Axis::around(course.iter().map(|(_, value)| *value), true);
    let x = |day: f64| left + (days.part(day) * f64::from(right - left)).round() as i32;
    let y = |value: f64| bottom - (values.part(value) * f64::from(bottom)).round() as i32;
    for tick in values.ticks() {
        line(
            area,
            vec![(left, y(tick)), (right, y(tick))],
            RULE.stroke_width(1),
        )?;
        let beside = Pos::new(HPos::Right, VPos::Center);
        write_at(
            area,
            &compact(tick),
            (left - 8, y(tick)),
            18.0,
            FAINT,
            beside,
        )?;
    }
    for tick in days.ticks() {
        let text = format!("{} d", compact(tick));
        write(
            area,
            &text,
            (x(tick), bottom + 8),
            18.0,
            FAINT,
            HPos::Center,
        )?;
    }
    let points = course.iter().map(|(day, value)| (x(*day), y(*value)));
    line(area, points.collect(), COLOURS[0].stroke_width(3))
}

/// A scale with round numbers at its ticks.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Axis {
    low: f64,
    high: f64,
    step: f64,
}

impl Axis {
    /// A scale for some values, from zero on where that is asked for and they are not below it.
    fn around(values: impl Iterator<Item = f64>, from_zero: bool) -> Self {
        let (mut low, mut high) = values.fold((f64::INFINITY, f64::NEG_INFINITY), |ends, value| {
            (ends.0.min(value), ends.1.max(value))
        });
        if !(low <= high) {
            (low, high) = (0.0, 1.0);
        }
        if from_zero {
            low = low.min(0.0);
            high = high.max(0.0);
        }
        if high <= low {
            high = low + 1.0;
        }
        let rough = (high - low) / 5.0;
        let power = 10f64.powf(rough.log10().floor());
        let step = [1.0, 2.0, 2.5, 5.0, 10.0]
            .into_iter()
            .map(|digit| digit * power)
            .find(|step| rough <= *step)
            .unwrap_or(10.0 * power);
        Self {
            low: (low / step).floor() * step,
            high: (high / step).ceil() * step,
            step,
        }
    }

    fn part(&self, value: f64) -> f64 {
        (value - self.low) / (self.high - self.low)
    }

    fn ticks(&self) -> Vec<f64> {
        let count = ((self.high - self.low) / self.step).round() as u32;
        (0..=count)
            .map(|k| self.low + f64::from(k) * self.step)
            .collect()
    }
}

/// A number with three digits and a letter for its thousands.
fn compact(value: f64) -> String {
    let size = value.abs();
    let (scaled, letter) = match size {
        _ if size < 1e3 => (value, ""),
        _ if size < 1e6 => (value * 1e-3, "k"),
        _ if size < 1e9 => (value * 1e-6, "M"),
        _ if size < 1e12 => (value * 1e-9, "G"),
        _ => (value * 1e-12, "T"),
    };
    let digits = match scaled.abs() {
        0.0 => 0,
        part if part < 0.01 => 5,
        part if part < 1.0 => 3,
        part if part < 10.0 => 2,
        part if part < 100.0 => 1,
        _ => 0,
    };
    let text = format!("{scaled:.digits$}");
    let text = if text.contains('.') {
        text.trim_end_matches('0').trim_end_matches('.')
    } else {
        &text
    };
    format!("{text}{letter}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scales_begin_and_end_on_round_numbers() {
        let axis = Axis::around([3.0, 47.0].into_iter(), true);
        assert_eq!((axis.low, axis.high, axis.step), (0.0, 50.0, 10.0));
        assert_eq!(axis.ticks().len(), 6);
        let axis = Axis::around([-0.2, 0.31].into_iter(), true);
        assert!(axis.low <= -0.2 && 0.31 <= axis.high);
        // Nothing, and nothing but one value, still have a scale.
        assert!(0.0 < Axis::around([].into_iter(), true).step);
        assert!(0.0 < Axis::around([0.0].into_iter(), true).step);
    }

    #[test]
    fn numbers_on_slides_are_short() {
        for (value, text) in [
            (0.0, "0"),
            (0.4567, "0.457"),
            (0.00231, "0.00231"),
            (5.0, "5"),
            (1234.0, "1.23k"),
            (-2_500_000.0, "-2.5M"),
            (999.0, "999"),
        ] {
            assert_eq!(compact(value), text);
        }
    }
}
