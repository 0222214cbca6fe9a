//! The market: who waits at the exchange at which price, what a node really pays for a lot, and the
//! player's own orders with what they have set aside.

use bevy_egui::egui::{Button, Grid, RichText, ScrollArea, Ui, vec2};
use egui_plot::{Corner, HLine, Legend, Line, LineStyle, Plot, PlotPoints, VLine};

use super::{amount, choose, heading, name, prices, weak};
use crate::client::panels::fleet::capitalised;
use crate::client::panels::{Intent, Pane, format};
use crate::client::{Game, theme};
use crate::sim::desk::goods::SaleQuote;
use crate::sim::economy::auction::Side;
use crate::sim::economy::commerce::TradeView;
use crate::sim::economy::exchange::{
    Depth, DepthLevel, Listing, OwnOrder, WAIT_MAX_H, WAIT_USUAL_H,
};
use crate::sim::economy::good::Good;
use crate::sim::economy::market::PricePoint;
use crate::sim::economy::stores::Place;
use crate::sim::observation::MarketRow;
use crate::sim::order::Order;

const EMPTY_BOOK: &str = "Nobody waits here now.";
const NO_ORDERS: &str = "You have no orders waiting.";
const NO_CALLS: &str = "Nothing has been traded here yet.";
const CALL_NOTE: &str = "At every full hour all orders that wait meet at one price. Your bid sets its \
                         money aside, your offer its goods, until it trades, expires or is cancelled.";
const MARKET_NOTE: &str = "Without a limit the order takes part in the next auction only, at a price \
                           that those who wait now would give.";
const FLOOD: f64 = 10.0;
/// Masses along the curve of what a lot brings.
const CURVE_POINTS: u32 = 24;
/// Levels, auctions and trades that are listed.
const LEVELS_SHOWN: usize = 5;
const CALLS_SHOWN: usize = 4;

/// Which part of the market is looked at.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Part {
    #[default]
    Exchange,
    Node,
    Prices,
}

impl Part {
    const ALL: [(Self, &'static str, &'static str); 3] = [
        (
            Self::Exchange,
            "Exchange",
            "Bids and offers between prospectors",
        ),
        (
            Self::Node,
            "What a sale brings",
            "Price on the board, what your lot really fetches, and what a flood does",
        ),
        (
            Self::Prices,
            "Prices so far",
            "The course of the price and the sales of all",
        ),
    ];
}

#[derive(Clone, Debug)]
pub(in crate::client::panels) struct MarketForm {
    part: Part,
    place: Place,
    good: Good,
    /// Shares of this company instead of goods.
    venture: Option<String>,
    side: Side,
    mass_kg: f64,
    shares: u64,
    is_limited: bool,
    /// For a kilogram or a share; as the book suggests until it is touched.
    limit: Option<f64>,
    wait_h: f64,
    /// The market whose price is looked at; the level's own until one is chosen.
    node: Option<(String, Good)>,
    lot_kg: f64,
    from: Place,
    buys_propellant: bool,
}

impl Default for MarketForm {
    fn default() -> Self {
        Self {
            part: Part::default(),
            place: Place::Site,
            good: Good::Water,
            venture: None,
            side: Side::Buy,
            mass_kg: 10.0,
            shares: 100,
            is_limited: true,
            limit: None,
            wait_h: WAIT_USUAL_H,
            node: None,
            lot_kg: 100.0,
            from: Place::Site,
            buys_propellant: true,
        }
    }
}

impl MarketForm {
    fn listing(&self) -> Listing {
        match &self.venture {
            Some(venture) => Listing::Shares {
                venture: venture.clone(),
            },
            None => Listing::Goods {
                place: self.place.clone(),
                good: self.good,
            },
        }
    }
}

/// What the market shows.
#[derive(Clone, Debug)]
pub struct MarketFacts {
    rows: Vec<MarketRow>,
    places: Vec<Place>,
    goods: Vec<Good>,
    /// Companies whose shares are traded.
    ventures: Vec<String>,
    /// Books in which somebody waits.
    busy: Vec<Listing>,
    depth: Depth,
    trade: TradeView,
    node: (String, Good),
    quote: Result<SaleQuote, String>,
    flood: Result<SaleQuote, String>,
    curve: Vec<SaleQuote>,
    pub(super) history: Vec<PricePoint>,
    pub(super) price: f64,
    pub(super) base_price: f64,
}

impl MarketFacts {
    pub(super) fn gather(game: &mut Game, form: &MarketForm) -> Self {
        let player = game.player.clone();
        let headless = game.headless_mut();
        let rows = headless.market_rows();
        let trade = headless.trade(&player).unwrap_or_default();
        let listings: Vec<Listing> = headless.commerce().exchange.listings().cloned().collect();
        let busy = listings
            .into_iter()
            .filter(|listing| {
                let depth = headless.depth(listing);
                !depth.bids.is_empty() || !depth.asks.is_empty()
            })
            .collect();
        let mut places = vec![Place::Site];
        for row in &rows {
            let place = Place::Node(row.node.clone());
            if !places.contains(&place) {
                places.push(place);
            }
        }
        let goods = Good::ALL
            .into_iter()
            .filter(|good| good.is_tradable())
            .collect();
        let ventures = headless
            .commerce()
            .ventures
            .iter()
            .filter(|venture| venture.agreement.tradable)
            .map(|venture| venture.name.clone())
            .collect();
        let main = headless.market();
        let main = (main.node().to_owned(), main.good());
        let node = form.node.clone().unwrap_or(main);
        let (history, price, base_price) = match headless.markets().find(&node.0, node.1) {
            Some(market) => (
                market.history().to_vec(),
                market.price_credits_per_kg(),
                market.terms().base_price_credits_per_kg,
            ),
            None => (Vec::new(), 0.0, 0.0),
        };
        let depth = headless.depth(&form.listing());
        let mut quote = |mass_kg: f64| {
            headless
                .quote(&form.from, &node.0, node.1, mass_kg)
                .map_err(|why| why.to_string())
        };
        let is_shown = form.part == Part::Node;
        let curve = (1..=CURVE_POINTS)
            .filter(|_| is_shown)
            .filter_map(|k| {
                let part = f64::from(k) / f64::from(CURVE_POINTS);
                quote(part * FLOOD * form.lot_kg).ok()
            })
            .collect();
        Self {
            depth,
            quote: quote(form.lot_kg),
            flood: quote(FLOOD * form.lot_kg),
            curve,
            rows,
            places,
            goods,
            ventures,
            busy,
            trade,
            node,
            history,
            price,
            base_price,
        }
    }
}

pub(super) fn show(ui: &mut Ui, pane: &mut Pane) {
    ui.horizontal(|ui| {
        for (part, text, hint) in Part::ALL {
            let form = &mut pane.forms.book.market;
            let button = Button::new(text).selected(form.part == part);
            if ui.add(button).on_hover_text(hint).clicked() {
                form.part = part;
            }
        }
    });
    let Some(facts) = pane
        .facts
        .book
        .as_ref()
        .and_then(|book| book.market.as_ref())
    else {
        return;
    };
    match pane.forms.book.market.part {
        Part::Exchange => exchange(ui, pane, facts),
        Part::Node => node(ui, pane, facts),
        Part::Prices => {
            choose_market(ui, pane, facts);
            prices::show(ui, facts, pane.clock.time_ms);
        }
    }
}

fn exchange(ui: &mut Ui, pane: &mut Pane, facts: &MarketFacts) {
    choose_listing(ui, pane, facts);
    ScrollArea::vertical()
        .auto_shrink([false, false])
        .show(ui, |ui| {
            depth_plot(ui, facts);
            ui.columns_const(|[left, right]| {
                order_form(left, pane, facts);
                levels(right, facts);
            });
            ui.separator();
            own_orders(ui, pane, facts);
            ui.separator();
            ui.columns_const(|[left, right]| {
                calls(left, facts);
                own_trades(right, facts);
            });
            weak(ui, CALL_NOTE);
        });
}

fn choose_listing(ui: &mut Ui, pane: &mut Pane, facts: &MarketFacts) {
    let form = &mut pane.forms.book.market;
    let before = form.listing();
    ui.horizontal_wrapped(|ui| {
        let is_busy = |listing: &Listing| facts.busy.contains(listing);
        let mark = |busy: bool| if busy { " •" } else { "" };
        let good = form.good;
        let place = form.place.clone();
        match &mut form.venture {
            None => {
                choose(ui, "good", &mut form.good, &facts.goods, |good| {
                    let listing = Listing::Goods {
                        place: place.clone(),
                        good: *good,
                    };
                    format!(
                        "{}{}",
                        capitalised(&good.to_string()),
                        mark(is_busy(&listing))
                    )
                });
                name(ui, "at");
                choose(ui, "place", &mut form.place, &facts.places, |place| {
                    let listing = Listing::Goods {
                        place: place.clone(),
                        good,
                    };
                    format!("{place}{}", mark(is_busy(&listing)))
                });
            }
            Some(venture) => {
                name(ui, "Shares of");
                choose(ui, "venture", venture, &facts.ventures, String::clone);
            }
        }
        if !facts.ventures.is_empty() {
            let mut shares = form.venture.is_some();
            if ui.checkbox(&mut shares, "shares").clicked() {
                form.venture = shares.then(|| facts.ventures[0].clone());
            }
        }
        if !facts.busy.is_empty() {
            name(ui, "Busy:");
            let mut jump = form.listing();
            choose(ui, "busy", &mut jump, &facts.busy, Listing::to_string);
            match jump {
                Listing::Goods { place, good } => {
                    (form.place, form.good, form.venture) = (place, good, None);
                }
                Listing::Shares { venture } => form.venture = Some(venture),
            }
        }
    });
    if form.listing() != before {
        form.limit = None;
    }
    let wait_ms = facts
        .depth
        .next_auction_ms
        .saturating_sub(pane.clock.time_ms);
    ui.horizontal_wrapped(|ui| {
        name(ui, "Next auction in");
        ui.monospace(format::duration(wait_ms));
        if let Some(last) = facts.depth.calls.last() {
            name(ui, "last price");
            ui.monospace(price(&facts.depth.listing, last.price_credits));
        }
    });
}

/// A price in the words of what is traded.
fn price(listing: &Listing, credits: f64) -> String {
    match listing {
        Listing::Goods { .. } => format::price(credits),
        Listing::Shares { .. } => format!("{} a share", format::credits(credits)),
    }
}

fn quantity(listing: &Listing, count: f64) -> String {
    match listing {
        Listing::Goods { .. } => format::mass(count),
        Listing::Shares { .. } => format!("{count:.0} shares"),
    }
}

/// How much waits at a price or a better one: corners of the steps, best price first.
fn steps(levels: &[DepthLevel]) -> Vec<[f64; 2]> {
    let mut corners = Vec::with_capacity(2 * levels.len());
    let mut sum = 0.0;
    for level in levels {
        corners.push([level.price_credits, sum]);
        sum += level.quantity;
        corners.push([level.price_credits, sum]);
    }
    corners
}

fn depth_plot(ui: &mut Ui, facts: &MarketFacts) {
    let depth = &facts.depth;
    if depth.bids.is_empty() && depth.asks.is_empty() {
        ui.label(RichText::new(EMPTY_BOOK).color(theme::TEXT_WEAK));
        return;
    }
    let (unit, each) = match depth.listing {
        Listing::Goods { .. } => ("Waiting [kg]", "Price [cr/kg]"),
        Listing::Shares { .. } => ("Waiting [shares]", "Price [cr a share]"),
    };
    let line = |name: &'static str, levels: &[DepthLevel], color| {
        Line::new(name, PlotPoints::new(steps(levels)))
            .color(color)
            .width(2.0)
            .fill(0.0)
            .fill_alpha(0.18)
    };
    let last = depth.calls.last();
    Plot::new("depth")
        .height(150.0)
        .allow_scroll(false)
        .allow_boxed_zoom(false)
        .allow_drag(false)
        .allow_zoom(false)
        .grid_color(theme::GRID)
        .legend(Legend::default().position(Corner::RightTop))
        .x_axis_label(each)
        .y_axis_label(unit)
        .y_axis_min_width(56.0)
        .include_y(0.0)
        .set_margin_fraction(vec2(0.05, 0.08))
        .show(ui, |plot| {
            plot.line(line("Wanted", &depth.bids, theme::WATER));
            plot.line(line("Offered", &depth.asks, theme::ROCK));
            if let Some(last) = last {
                let last = VLine::new("Last price", last.price_credits);
                plot.vline(
                    last.color(theme::TEXT_WEAK)
                        .style(LineStyle::dashed_loose()),
                );
            }
        });
}

fn levels(ui: &mut Ui, facts: &MarketFacts) {
    heading(ui, "Best prices");
    let depth = &facts.depth;
    Grid::new("levels")
        .num_columns(4)
        .spacing(vec2(10.0, 3.0))
        .show(ui, |ui| {
            for text in ["Wanted", "at", "Offered", "at"] {
                name(ui, text);
            }
            ui.end_row();
            for k in 0..LEVELS_SHOWN {
                for (levels, color) in [(&depth.bids, theme::WATER), (&depth.asks, theme::ROCK)] {
                    let Some(level) = levels.get(k) else {
                        ui.label("");
                        ui.label("");
                        continue;
                    };
                    let count = quantity(&depth.listing, level.quantity);
                    ui.label(RichText::new(count).monospace().color(color));
                    let digits = if level.price_credits < 100.0 { 2 } else { 0 };
                    ui.monospace(format!("{:.digits$}", level.price_credits));
                }
                ui.end_row();
            }
        });
}

/// The price that the book suggests: what the other side asks now, or the last, or the spot.
fn suggested(facts: &MarketFacts, side: Side) -> f64 {
    let depth = &facts.depth;
    let other = match side {
        Side::Buy => depth.asks.first(),
        Side::Sell => depth.bids.first(),
    };
    other
        .map(|level| level.price_credits)
        .or(depth.calls.last().map(|call| call.price_credits))
        .unwrap_or(match depth.listing {
            Listing::Goods { good, .. } => facts
                .rows
                .iter()
                .find(|row| row.good == good)
                .map_or(100.0, |row| row.spot_credits_per_kg),
            Listing::Shares { .. } => 1.0,
        })
}

fn order_form(ui: &mut Ui, pane: &mut Pane, facts: &MarketFacts) {
    heading(ui, "New order");
    let form = &mut pane.forms.book.market;
    ui.horizontal(|ui| {
        for (side, text) in [(Side::Buy, "Buy"), (Side::Sell, "Sell")] {
            if ui
                .add(Button::new(text).selected(form.side == side))
                .clicked()
            {
                form.side = side;
                form.limit = None;
            }
        }
        match form.venture {
            None => amount(ui, &mut form.mass_kg, 0.001..=1e9, " kg"),
            Some(_) => {
                let mut shares = form.shares as f64;
                amount(ui, &mut shares, 1.0..=1e12, " shares");
                form.shares = shares.round() as u64;
            }
        }
    });
    let mut limit = form.limit.unwrap_or_else(|| suggested(facts, form.side));
    ui.horizontal(|ui| {
        ui.checkbox(&mut form.is_limited, "limit")
            .on_hover_text(MARKET_NOTE);
        if form.is_limited {
            let before = limit;
            let unit = if form.venture.is_some() {
                " cr"
            } else {
                " cr/kg"
            };
            amount(ui, &mut limit, 0.001..=1e9, unit);
            if limit != before {
                form.limit = Some(limit);
            }
            let mut days = form.wait_h / 24.0;
            name(ui, "for");
            amount(ui, &mut days, 0.05..=WAIT_MAX_H / 24.0, " days");
            form.wait_h = (days * 24.0).min(WAIT_MAX_H);
        } else {
            name(ui, "next auction only");
        }
    });
    let count = match form.venture {
        None => form.mass_kg,
        Some(_) => form.shares as f64,
    };
    let aside = match form.side {
        Side::Buy if form.is_limited => format!("Sets {} aside.", format::credits(count * limit)),
        Side::Buy => "Sets aside what the offers ask.".to_owned(),
        Side::Sell => format!("Sets {} aside.", quantity(&form.listing(), count)),
    };
    weak(ui, &aside);
    let text = match form.side {
        Side::Buy => "Place the bid",
        Side::Sell => "Place the offer",
    };
    // In a row, so that it is no wider than its words.
    let place = ui.horizontal(|ui| ui.add(theme::primary_button(text)));
    if place.inner.clicked() {
        let limit = form.is_limited.then_some(limit);
        let wait_h = form.is_limited.then_some(form.wait_h);
        let order = match &form.venture {
            None => Order::PlaceOrder {
                place: form.place.clone(),
                good: form.good,
                side: form.side,
                mass_kg: form.mass_kg,
                limit_credits_per_kg: limit,
                wait_h,
            },
            Some(venture) => Order::PlaceShareOrder {
                venture: venture.clone(),
                side: form.side,
                shares: form.shares,
                limit_credits: limit,
                wait_h,
            },
        };
        pane.want(Intent::Give(order));
    }
}

/// What an order has set aside: credits, or nothing for an offer of goods.
fn escrow_credits(order: &OwnOrder) -> f64 {
    match order.side {
        Side::Buy => order.left * order.limit_credits,
        Side::Sell => 0.0,
    }
}

fn own_orders(ui: &mut Ui, pane: &mut Pane, facts: &MarketFacts) {
    let orders = &facts.trade.orders;
    ui.horizontal(|ui| {
        heading(ui, "Your orders");
        let escrow: f64 = orders.iter().map(escrow_credits).sum();
        if 0.0 < escrow {
            name(ui, &format!("{} set aside in all", format::credits(escrow)));
        }
    });
    if orders.is_empty() {
        ui.label(RichText::new(NO_ORDERS).color(theme::TEXT_WEAK));
        return;
    }
    Grid::new("own orders")
        .num_columns(7)
        .striped(true)
        .spacing(vec2(10.0, 4.0))
        .show(ui, |ui| {
            for text in ["", "What", "Left", "of", "Limit", "Ends in", ""] {
                name(ui, text);
            }
            ui.end_row();
            for order in orders {
                ui.label(match order.side {
                    Side::Buy => "Buy",
                    Side::Sell => "Sell",
                });
                ui.label(order.listing.to_string());
                let aside = match order.side {
                    Side::Buy => format!("{} set aside", format::credits(escrow_credits(order))),
                    Side::Sell => format!("{} set aside", quantity(&order.listing, order.left)),
                };
                ui.monospace(quantity(&order.listing, order.left))
                    .on_hover_text(aside);
                ui.monospace(quantity(&order.listing, order.placed));
                ui.monospace(price(&order.listing, order.limit_credits));
                let left_ms = order.expires_ms.saturating_sub(pane.clock.time_ms);
                ui.monospace(format::duration(left_ms));
                if ui.button("Cancel").clicked() {
                    pane.want(Intent::Give(Order::CancelOrder { order: order.order }));
                }
                ui.end_row();
            }
        });
}

fn calls(ui: &mut Ui, facts: &MarketFacts) {
    heading(ui, "Last auctions");
    let depth = &facts.depth;
    if depth.calls.is_empty() {
        ui.label(RichText::new(NO_CALLS).color(theme::TEXT_WEAK));
    }
    for call in depth.calls.iter().rev().take(CALLS_SHOWN) {
        ui.horizontal(|ui| {
            name(ui, &format::stamp(call.at_ms));
            ui.monospace(quantity(&depth.listing, call.volume));
            name(ui, "at");
            ui.monospace(price(&depth.listing, call.price_credits));
        });
    }
}

fn own_trades(ui: &mut Ui, facts: &MarketFacts) {
    heading(ui, "Your trades");
    if facts.trade.trades.is_empty() {
        ui.label(RichText::new("You have not traded yet.").color(theme::TEXT_WEAK));
    }
    for trade in facts.trade.trades.iter().rev().take(CALLS_SHOWN) {
        ui.horizontal(|ui| {
            name(ui, &format::stamp(trade.at_ms));
            let verb = match trade.side {
                Side::Buy => "bought",
                Side::Sell => "sold",
            };
            let count = quantity(&trade.listing, trade.quantity);
            let each = price(&trade.listing, trade.price_credits);
            theme::elided(ui, format!("{verb} {count} at {each}"))
                .on_hover_text(trade.listing.to_string());
        });
    }
}

fn choose_market(ui: &mut Ui, pane: &mut Pane, facts: &MarketFacts) {
    let form = &mut pane.forms.book.market;
    ui.horizontal_wrapped(|ui| {
        let (mut node, mut good) = facts.node.clone();
        let goods: Vec<Good> = Good::ALL
            .into_iter()
            .filter(|good| facts.rows.iter().any(|row| row.good == *good))
            .collect();
        choose(ui, "sold good", &mut good, &goods, |good| {
            capitalised(&good.to_string())
        });
        let buyers = |good: Good| -> Vec<String> {
            let rows = facts.rows.iter().filter(|row| row.good == good);
            rows.map(|row| row.node.clone()).collect()
        };
        let nodes = buyers(good);
        if !nodes.contains(&node)
            && let Some(first) = nodes.first()
        {
            node = first.clone();
        }
        name(ui, "to");
        choose(ui, "sold node", &mut node, &nodes, String::clone);
        if (&node, good) != (&facts.node.0, facts.node.1) {
            form.node = Some((node, good));
        }
    });
}

fn node(ui: &mut Ui, pane: &mut Pane, facts: &MarketFacts) {
    choose_market(ui, pane, facts);
    let (node, good) = facts.node.clone();
    let there = Place::Node(node.clone());
    let form = &mut pane.forms.book.market;
    ui.horizontal_wrapped(|ui| {
        name(ui, "A lot of");
        amount(ui, &mut form.lot_kg, 0.001..=1e8, " kg");
        name(ui, "from");
        let places = [Place::Site, there.clone()];
        if !places.contains(&form.from) {
            form.from = Place::Site;
        }
        choose(ui, "from", &mut form.from, &places, Place::to_string);
    });
    ScrollArea::vertical()
        .auto_shrink([false, false])
        .show(ui, |ui| {
            match &facts.quote {
                Err(why) => {
                    ui.label(RichText::new(capitalised(why)).color(theme::AMBER));
                }
                Ok(quote) => {
                    what_it_brings(ui, quote, facts.flood.as_ref().ok());
                    curve(ui, facts, quote);
                }
            }
            ui.separator();
            own_goods(ui, pane, facts, &there, good);
        });
}

/// Spot, lot and flood, side by side.
fn what_it_brings(ui: &mut Ui, quote: &SaleQuote, flood: Option<&SaleQuote>) {
    let spot = quote.spot_credits_per_kg;
    Grid::new("what it brings")
        .num_columns(5)
        .striped(true)
        .spacing(vec2(16.0, 5.0))
        .show(ui, |ui| {
            for text in ["", "a kilogram", "in all", "price then", "back in"] {
                name(ui, text);
            }
            ui.end_row();
            ui.label("On the board")
                .on_hover_text("The price of the next gram: no lot ever brings it.");
            ui.monospace(format::price(spot));
            ui.monospace(format::credits(spot * quote.mass_kg));
            ui.monospace("–");
            ui.monospace("–");
            ui.end_row();
            let mut row = |what: String, quote: &SaleQuote, strong: bool| {
                let color = if strong {
                    theme::TEXT_STRONG
                } else {
                    theme::TEXT
                };
                let mono = |text: String| RichText::new(text).monospace().color(color);
                ui.label(RichText::new(what).color(color))
                    .on_hover_ui(|ui| details(ui, quote));
                ui.label(mono(format::price(quote.net_credits / quote.mass_kg)));
                ui.label(mono(format::credits(quote.net_credits)));
                let fall = quote.price_after_credits_per_kg / spot - 1.0;
                ui.label(mono(format!("{:+.1} %", 100.0 * fall)));
                ui.label(mono(match quote.recovery_days {
                    Some(days) => format::duration((days * 86_400e3) as u64),
                    None => "never".to_owned(),
                }));
                ui.end_row();
            };
            row(
                format!("Your {}, after freight", format::mass(quote.mass_kg)),
                quote,
                true,
            );
            if let Some(flood) = flood {
                row(
                    format!("A flood of {}", format::mass(flood.mass_kg)),
                    flood,
                    false,
                );
            }
        });
}

fn details(ui: &mut Ui, quote: &SaleQuote) {
    theme::fact(ui, "Arrives", format::mass(quote.arrives_kg));
    theme::fact(
        ui,
        "Paid for a kilogram of it",
        format::price(quote.lot_credits_per_kg),
    );
    theme::fact(ui, "Paid in all", format::credits(quote.gross_credits));
    theme::fact(ui, "Freight", format::credits(quote.freight_credits));
    theme::fact(ui, "Left to you", format::credits(quote.net_credits));
    if 0.0 < quote.transit_days {
        theme::fact(ui, "Under way", format!("{:.0} d", quote.transit_days));
        theme::fact(
            ui,
            "Lost with a chance of",
            format::percent(quote.loss_chance),
        );
    }
}

fn curve(ui: &mut Ui, facts: &MarketFacts, quote: &SaleQuote) {
    let points = |of: fn(&SaleQuote) -> f64| -> PlotPoints<'static> {
        let points = facts.curve.iter().map(|quote| [quote.mass_kg, of(quote)]);
        points.collect()
    };
    let net = points(|quote| quote.net_credits / quote.mass_kg);
    let after = points(|quote| quote.price_after_credits_per_kg);
    Plot::new("lot curve")
        .height(190.0)
        .allow_scroll(false)
        .allow_boxed_zoom(false)
        .allow_drag(false)
        .allow_zoom(false)
        .grid_color(theme::GRID)
        .legend(Legend::default().position(Corner::LeftBottom))
        .x_axis_label("Lot [kg]")
        .y_axis_label("[cr/kg]")
        .y_axis_min_width(56.0)
        .include_x(0.0)
        .set_margin_fraction(vec2(0.02, 0.12))
        .show(ui, |plot| {
            let spot = HLine::new("On the board", quote.spot_credits_per_kg);
            plot.hline(
                spot.color(theme::TEXT_WEAK)
                    .style(LineStyle::dashed_loose()),
            );
            plot.line(
                Line::new("Left to you", net)
                    .color(theme::ACCENT)
                    .width(2.0),
            );
            plot.line(Line::new("Price then", after).color(theme::ROCK).width(2.0));
            let lot = VLine::new("Your lot", quote.mass_kg);
            plot.vline(lot.color(theme::GREEN).style(LineStyle::dashed_dense()));
        });
}

/// Where the player's own goods lie, and what can be done with them.
fn own_goods(ui: &mut Ui, pane: &mut Pane, facts: &MarketFacts, there: &Place, good: Good) {
    let Place::Node(node) = there else {
        return;
    };
    heading(ui, &format!("Your {good}"));
    let is_main = pane.facts.seen.market.node == *node && good == Good::Water;
    let mut any = false;
    for plant in pane
        .facts
        .seen
        .plants
        .iter()
        .filter(|plant| good == Good::Water && 0.0 < plant.water_kg)
    {
        any = true;
        let mass_kg = pane.forms.book.market.lot_kg.min(plant.water_kg);
        ui.horizontal(|ui| {
            ui.monospace(format::mass(plant.water_kg));
            name(ui, &format!("in the tank of {}", plant.name));
            if is_main
                && ui
                    .button(format!("Send and sell {}", format::mass(mass_kg)))
                    .clicked()
            {
                pane.want(Intent::Give(Order::Sell {
                    plant: plant.name.clone(),
                    mass_kg,
                }));
            }
            if ui
                .button("Into the store")
                .on_hover_text("Pump it into your store at the site, from where it can be shipped.")
                .clicked()
            {
                pane.want(Intent::Give(Order::StoreWater {
                    plant: plant.name.clone(),
                    mass_kg,
                }));
            }
        });
    }
    for store in facts.trade.stores.iter().filter(|store| store.good == good) {
        any = true;
        let mass_kg = pane.forms.book.market.lot_kg.min(store.mass_kg);
        ui.horizontal(|ui| {
            ui.monospace(format::mass(store.mass_kg));
            name(ui, &format!("in your store at {}", store.place));
            if store.place == *there {
                let text = format!("Sell {}", format::mass(mass_kg));
                if ui.button(text).clicked() {
                    pane.want(Intent::Give(Order::SellGoods {
                        node: node.clone(),
                        good,
                        mass_kg,
                    }));
                }
            } else {
                let text = format!("Ship {} to {node}", format::mass(mass_kg));
                let form = &mut pane.forms.book.market;
                let ship = ui.button(text).clicked();
                ui.checkbox(&mut form.buys_propellant, "buy propellant");
                if ship {
                    let order = Order::Ship {
                        from: store.place.clone(),
                        to: there.clone(),
                        good,
                        mass_kg,
                        buy_propellant: form.buys_propellant,
                    };
                    pane.want(Intent::Give(order));
                }
            }
        });
    }
    for cargo in &pane.facts.seen.shipments {
        any = true;
        ui.horizontal(|ui| {
            ui.monospace(format::mass(cargo.mass_kg));
            let left_ms = cargo.arrives_at_ms.saturating_sub(pane.clock.time_ms);
            let text = format!(
                "of {} under way to {}, there in {}",
                cargo.good,
                cargo.to,
                format::duration(left_ms)
            );
            name(ui, &text);
        });
    }
    if !any {
        let text = format!("You have no {good} to sell yet.");
        ui.label(RichText::new(text).color(theme::TEXT_WEAK));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn depth_grows_from_the_best_price_to_the_worst_and_holds_all_that_waits() {
        let levels =
            [(60.0, 2.0), (55.0, 3.0), (40.0, 0.5)].map(|(price_credits, quantity)| DepthLevel {
                price_credits,
                quantity,
            });
        let corners = steps(&levels);
        assert_eq!(corners[0], [60.0, 0.0]);
        assert_eq!(corners.last(), Some(&[40.0, 5.5]));
        for pair in corners.windows(2) {
            let ([price, waits], [next_price, next_waits]) = (pair[0], pair[1]);
            // A step is level or upright.
            assert!(price == next_price || waits == next_waits, "{pair:?}");
            assert!(next_price <= price && waits <= next_waits, "{pair:?}");
        }
        assert!(steps(&[]).is_empty());
    }
}
