//! The book of the rush: one window with a tab for all that prospectors share. Each tab shows one
//! part of the public record and of the player's own affairs, and its buttons become orders like
//! any other; what became of the last one stands at the foot.

mod charter;
mod deals;
mod draft;
mod market;
mod offer;
mod prices;
pub(super) mod registry;
mod report;

use std::sync::Arc;

use bevy::input::keyboard::KeyCode;
use bevy_egui::egui::{
    Align, Button, ComboBox, Context, DragValue, Id, Layout, Order as Layer, Response, RichText,
    Ui, Window, vec2,
};

use super::fleet::capitalised;
use super::{Forms, Pane, Plan, Sheet, first_place};
use crate::client::{Game, theme};
use crate::sim::order::Order;

use draft::Draft;

pub use report::{ProspectorRow, ReportFacts, SHOWN};

const TITLE: &str = "The rush";
const SENT: &str = "On its way…";
const WAITS: &str = "Waits for the clock: press Space to go on.";

/// A page of the book.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Tab {
    #[default]
    Market,
    Charter,
    Registry,
    Deals,
    Report,
}

impl Tab {
    /// In the order in which they stand.
    pub const ALL: [Self; 5] = [
        Self::Market,
        Self::Charter,
        Self::Registry,
        Self::Deals,
        Self::Report,
    ];

    pub fn name(self) -> &'static str {
        match self {
            Self::Market => "Market",
            Self::Charter => "Charter",
            Self::Registry => "Claims",
            Self::Deals => "Deals",
            Self::Report => "Report",
        }
    }

    pub fn key_name(self) -> &'static str {
        match self {
            Self::Market => "M",
            Self::Charter => "Q",
            Self::Registry => "P",
            Self::Deals => "F2",
            Self::Report => "F4",
        }
    }

    pub fn key(self) -> KeyCode {
        match self {
            Self::Market => KeyCode::KeyM,
            Self::Charter => KeyCode::KeyQ,
            Self::Registry => KeyCode::KeyP,
            Self::Deals => KeyCode::F2,
            Self::Report => KeyCode::F4,
        }
    }

    /// What is found there, in a sentence.
    pub fn hint(self) -> &'static str {
        match self {
            Self::Market => "Who wants and offers what, what a sale really brings, and your orders",
            Self::Charter => "The rules in plain words, what changed, and votes",
            Self::Registry => "Who holds which ground, and a map of it on the body",
            Self::Deals => "Contracts, tenders, hire, loans, insurance and ventures",
            Self::Report => "What the run has come to, in figures, plots and files",
        }
    }
}

/// What is set in the book, from frame to frame.
#[derive(Clone, Debug, Default)]
pub(super) struct BookForm {
    pub(super) tab: Tab,
    market: market::MarketForm,
    charter: charter::CharterForm,
    pub(super) registry: registry::RegistryForm,
    deals: deals::DealsForm,
    report: report::ReportForm,
    /// The last order that was given at this window, and how many had been taken by then.
    given: Option<(Order, u64)>,
}

impl BookForm {
    /// Remembers an order that is given, to tell what became of it.
    pub(super) fn note(&mut self, order: &Order, taken_count: u64) {
        self.given = Some((order.clone(), taken_count));
    }
}

/// What the book wants to know.
#[derive(Clone, Debug)]
pub struct Asked {
    form: Box<BookForm>,
    /// The report as it was last made.
    pub(super) report: Option<Arc<ReportFacts>>,
}

impl Asked {
    /// Whether the report is looked at.
    pub(super) fn wants_report(&self) -> bool {
        self.form.tab == Tab::Report
    }
}

/// What the open tab shows.
#[derive(Clone, Debug, Default)]
pub struct BookFacts {
    /// What became of the last order, once it has been taken.
    answer: Option<Result<(), String>>,
    market: Option<market::MarketFacts>,
    charter: Option<charter::CharterFacts>,
    registry: Option<registry::RegistryFacts>,
    deals: Option<deals::DealsFacts>,
    report: Option<Arc<ReportFacts>>,
}

impl BookFacts {
    pub(super) fn gather(game: &mut Game, asked: &Asked) -> Self {
        let form = &asked.form;
        let mut facts = Self {
            answer: form
                .given
                .as_ref()
                .and_then(|(order, count)| answer(game, order, *count)),
            ..Self::default()
        };
        match form.tab {
            Tab::Market => facts.market = Some(market::MarketFacts::gather(game, &form.market)),
            Tab::Charter => facts.charter = Some(charter::CharterFacts::gather(game)),
            Tab::Registry => facts.registry = Some(registry::RegistryFacts::gather(game)),
            Tab::Deals => facts.deals = Some(deals::DealsFacts::gather(game)),
            // It is dear, and renewed more rarely.
            Tab::Report => facts.report = asked.report.clone(),
        }
        facts
    }
}

/// What became of an order of the player's, which was given when so many had been taken.
fn answer(game: &Game, order: &Order, taken_before: u64) -> Option<Result<(), String>> {
    let headless = game.headless();
    let taken = headless.orders_taken();
    let new = headless.orders_taken_count().saturating_sub(taken_before);
    let from = taken.len() - usize::try_from(new).unwrap_or(usize::MAX).min(taken.len());
    let found = taken
        .since(from)
        .find(|taken| taken.issued.by == game.player && taken.issued.order == *order)?;
    Some(found.answer.clone().map_err(|why| why.to_string()))
}

impl Forms {
    /// Opens the book at a page, or closes it if it lies open there.
    pub fn toggle_book(&mut self, tab: Tab) {
        if self.is_open(Sheet::Book) && self.book.tab == tab {
            self.close(Sheet::Book);
        } else {
            self.open_book(tab);
        }
    }

    /// Opens the book at a page, on top of all else.
    pub fn open_book(&mut self, tab: Tab) {
        self.book.tab = tab;
        self.close(Sheet::Book);
        self.toggle(Sheet::Book);
    }

    /// Whether the book lies open at a page.
    pub fn is_book_at(&self, tab: Tab) -> bool {
        self.is_open(Sheet::Book) && self.book.tab == tab
    }

    pub(super) fn book_asks(&self) -> Option<Asked> {
        self.is_open(Sheet::Book).then(|| Asked {
            form: Box::new(self.book.clone()),
            report: None,
        })
    }
}

pub(super) fn show(ctx: &Context, pane: &mut Pane) {
    if !pane.forms.is_open(Sheet::Book) {
        return;
    }
    let free = pane.forms.free;
    let mut open = true;
    let screen = ctx.content_rect();
    // The map of claims wants the body beside it, so that page is narrow and stands at the edge.
    let is_map = pane.forms.book.tab == Tab::Registry;
    let (size, at) = if is_map {
        let size = vec2(400.0, free.height() + 60.0);
        (size, free.left_top() - vec2(free.min.x - Plan::GAP, 0.0))
    } else {
        let size = vec2(700.0, 620.0).min(free.size() + vec2(40.0, 60.0));
        (size, first_place(free, size))
    };
    Window::new(TITLE)
        .id(Id::new(("book", is_map)))
        .open(&mut open)
        .order(Layer::Foreground)
        .default_pos(at)
        .default_size(size)
        .min_width(380.0)
        .constrain_to(screen.shrink(4.0))
        .collapsible(false)
        .show(ctx, |ui| {
            tabs(ui, pane);
            ui.separator();
            let foot = 26.0;
            let room = vec2(ui.available_width(), ui.available_height() - foot);
            ui.allocate_ui_with_layout(room, Layout::top_down(Align::Min), |ui| {
                ui.set_min_size(room);
                match pane.forms.book.tab {
                    Tab::Market => market::show(ui, pane),
                    Tab::Charter => charter::show(ui, pane),
                    Tab::Registry => registry::show(ui, pane),
                    Tab::Deals => deals::show(ui, pane),
                    Tab::Report => report::show(ui, pane),
                }
            });
            footer(ui, pane);
        });
    if !open {
        pane.forms.close(Sheet::Book);
    }
}

fn tabs(ui: &mut Ui, pane: &mut Pane) {
    ui.horizontal(|ui| {
        for tab in Tab::ALL {
            let key = RichText::new(tab.key_name())
                .monospace()
                .small()
                .color(theme::TEXT_WEAK);
            let button = Button::new(tab.name())
                .right_text(key)
                .selected(pane.forms.book.tab == tab);
            if ui.add(button).on_hover_text(tab.hint()).clicked() {
                pane.forms.book.tab = tab;
            }
        }
    });
}

/// What became of the last order.
fn footer(ui: &mut Ui, pane: &Pane) {
    let Some((order, _)) = &pane.forms.book.given else {
        weak(ui, pane.forms.book.tab.hint());
        return;
    };
    let answer = pane
        .facts
        .book
        .as_ref()
        .and_then(|book| book.answer.as_ref());
    let text = |text: String, color| RichText::new(text).color(color);
    let order = capitalised(&order.to_string());
    let line = match answer {
        Some(Ok(())) => text(format!("✔ {order}: done."), theme::GREEN),
        Some(Err(why)) => text(format!("✘ {order}: refused, {why}."), theme::AMBER),
        None if pane.clock.paused => text(format!("{order}. {WAITS}"), theme::TEXT),
        None => text(format!("{order}. {SENT}"), theme::TEXT),
    };
    theme::elided(ui, line);
}

/// A line of small letters that explains.
fn weak(ui: &mut Ui, text: &str) {
    ui.label(RichText::new(text).small().color(theme::TEXT_WEAK));
}

fn heading(ui: &mut Ui, text: &str) -> Response {
    ui.label(RichText::new(text).color(theme::TEXT_STRONG))
}

/// The name of a field.
fn name(ui: &mut Ui, text: &str) {
    ui.label(RichText::new(text).color(theme::TEXT_WEAK));
}

/// A number that can be dragged or typed.
fn amount(ui: &mut Ui, value: &mut f64, range: std::ops::RangeInclusive<f64>, unit: &str) {
    let speed = (0.01 * value.abs()).max(0.01);
    let field = DragValue::new(value)
        .range(range)
        .speed(speed)
        .max_decimals(2)
        .suffix(unit);
    ui.add(field);
}

/// A list to choose from, by what each is called.
fn choose<T: Clone + PartialEq>(
    ui: &mut Ui,
    id: &str,
    chosen: &mut T,
    choices: &[T],
    called: impl Fn(&T) -> String,
) {
    ComboBox::from_id_salt(id)
        .selected_text(called(chosen))
        .height(320.0)
        .show_ui(ui, |ui| {
            for choice in choices {
                let text = called(choice);
                ui.selectable_value(chosen, choice.clone(), text);
            }
        });
}
