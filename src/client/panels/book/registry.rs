//! The registry of claims: a map on the body with its legend, the claims with their history, and
//! what their holders and others may do with them.

use bevy::math::{DVec3, Vec3};
use bevy_egui::egui::{
    self, Align2, Button, Color32, Context, FontId, Id, LayerId, Order as Layer, RichText,
    ScrollArea, Sense, Slider, Stroke, Ui, pos2, vec2,
};

use super::{amount, choose, heading, name, weak};
use crate::client::panels::fleet::capitalised;
use crate::client::panels::{Eye, Facts, Forms, Intent, Pane, Tab, format};
use crate::client::{Game, theme};
use crate::sim::law::boundary::{CORNERS_MAX, CORNERS_MIN};
use crate::sim::law::charter::{ClaimTerms, ZoneTerms, days_ms, years_ms};
use crate::sim::law::claims::{AUTHORITY, Claim, Deed, End};
use crate::sim::law::disputes::{Cause, Dispute};
use crate::sim::law::titles::{Title, TitleOffer};
use crate::sim::law::view::{AuctionView, TitleView};
use crate::sim::order::Order;

const EMPTY: &str = "Nobody has claimed anything yet.";
const NO_CLAIMS: &str = "Under this charter nobody can hold ground.";
const NO_ROBOT: &str = "Select one of your robots: a claim is filed around it.";
const CORNERS_HINT: &str = "Or right-click corners on the ground, one after the other.";
/// A claim is idle without work for so long, where the charter says nothing [d]: as in the figures.
const IDLE_DAYS: f64 = 90.0;
/// The first radius of a claim: a twentieth of the body's, and no more than machines can work [m].
const RADIUS_OF_BODY: f64 = 0.05;
const RADIUS_USUAL_MAX_M: f64 = 25.0;
/// The widest that the form offers, as a part of the body's radius.
const WIDEST_OF_BODY: f64 = 0.6;

/// What is set in the registry.
#[derive(Clone, Debug)]
pub(in crate::client::panels) struct RegistryForm {
    /// The radius of the next claim, once it has been chosen [m].
    pub(in crate::client::panels) radius_m: Option<f64>,
    /// Corners of the next claim [m, site frame].
    pub(in crate::client::panels) corners_m: Vec<Vec3>,
    /// The map is drawn while the page is open.
    pub(super) shows_map: bool,
    shows_ended: bool,
    opened: Option<u32>,
    price: f64,
    days: f64,
    rent: f64,
    to: Option<String>,
    bid: f64,
    /// Giving this claim up was asked for, once.
    leaving: Option<u32>,
}

impl Default for RegistryForm {
    fn default() -> Self {
        Self {
            radius_m: None,
            corners_m: Vec::new(),
            shows_map: true,
            shows_ended: false,
            opened: None,
            price: 10_000.0,
            days: 90.0,
            rent: 1_000.0,
            to: None,
            bid: 0.0,
            leaving: None,
        }
    }
}

/// The radius to begin with under a limit, on a body of some radius [m].
fn usual_radius_m(max_m: f64, body_m: f64) -> f64 {
    let usual_m = (RADIUS_OF_BODY * body_m).min(RADIUS_USUAL_MAX_M);
    // Half metres, as the slider has them.
    let usual_m = ((2.0 * usual_m).round() / 2.0).max(1.0);
    usual_m.min(0.75 * max_m)
}

/// The widest radius that a form offers [m].
pub(in crate::client::panels) fn widest_m(facts: &Facts) -> f64 {
    let charter = &facts.charter;
    let of_body_m = (WIDEST_OF_BODY * charter.body_radius_m).max(2.0);
    charter.claim_radius_max_m.min(of_body_m)
}

impl Forms {
    /// The radius of the next claim, as chosen or as suits the body [m].
    pub fn claim_radius_m(&self, facts: &Facts) -> f64 {
        let charter = &facts.charter;
        let max_m = charter.claim_radius_max_m;
        let chosen_m = self.book.registry.radius_m;
        chosen_m
            .unwrap_or_else(|| usual_radius_m(max_m, charter.body_radius_m))
            .min(max_m)
    }

    /// Whether claims are to be drawn as a map.
    pub(in crate::client::panels) fn wants_map(&self) -> bool {
        self.is_book_at(Tab::Registry) && self.book.registry.shows_map
    }
}

/// What the registry shows.
#[derive(Clone, Debug)]
pub struct RegistryFacts {
    claims: Vec<ClaimFacts>,
    terms: ClaimTerms,
    zones: Option<ZoneTerms>,
    has_court: bool,
    /// Offers of titles of one's own.
    own_offers: Vec<TitleOffer>,
}

/// A claim in the public record.
#[derive(Clone, Debug)]
struct ClaimFacts {
    id: u32,
    holder: String,
    lessee: Option<String>,
    centre_m: Vec3,
    reach_m: f64,
    area_m2: f64,
    corners: usize,
    filed_at_ms: u64,
    expires_at_ms: Option<u64>,
    worked_at_ms: u64,
    is_idle: bool,
    ended: Option<&'static str>,
    is_disputed: bool,
    /// What happened to it, oldest first.
    history: Vec<(u64, String)>,
}

impl RegistryFacts {
    pub(super) fn gather(game: &Game) -> Self {
        let headless = game.headless();
        let (registry, regime) = (headless.claims(), headless.regime());
        let terms = regime.charter().claims.clone();
        let now_ms = headless.time_ms();
        let idle_ms = match terms.idle_years_max {
            Some(years) => years_ms(years),
            None => days_ms(IDLE_DAYS),
        };
        let disputes = regime.disputes().all();
        let claim = |claim: &Claim| {
            let of_it = || {
                disputes
                    .iter()
                    .filter(|each| each.cause.claim() == claim.id)
            };
            let mut history: Vec<(u64, String)> = registry
                .journal()
                .iter()
                .filter(|entry| entry.claim == claim.id)
                .map(|entry| (entry.at_ms, deed(&entry.deed)))
                .chain(of_it().flat_map(told))
                .collect();
            history.sort_by_key(|(at_ms, _)| *at_ms);
            ClaimFacts {
                id: claim.id.0,
                holder: claim.holder.clone(),
                lessee: claim.lease.as_ref().map(|lease| lease.lessee.clone()),
                centre_m: claim.boundary.centre_m().as_vec3(),
                reach_m: claim.boundary.reach_m(),
                area_m2: claim.boundary.area_m2(),
                corners: claim.boundary.corners_m().len(),
                filed_at_ms: claim.filed_at_ms,
                expires_at_ms: claim.expires_at_ms,
                worked_at_ms: claim.worked_at_ms,
                is_idle: claim.stands()
                    && !claim.is_reserved()
                    && claim.worked_at_ms + idle_ms <= now_ms,
                ended: claim.ended.map(|ending| end(ending.how)),
                is_disputed: of_it().any(|dispute| dispute.ruling.is_none()),
                history,
            }
        };
        let offers = regime.titles().open();
        Self {
            claims: registry.history().iter().map(claim).collect(),
            zones: regime.charter().zones,
            has_court: regime.charter().disputes.is_some(),
            own_offers: offers
                .filter(|offer| offer.by == game.player)
                .cloned()
                .collect(),
            terms,
        }
    }
}

fn end(how: End) -> &'static str {
    match how {
        End::GivenUp => "given up",
        End::Expired => "expired",
        End::Idle => "lost, for nobody worked there",
        End::Struck => "struck out by a ruling",
    }
}

/// A line of the registry's journal, in words.
fn deed(deed: &Deed) -> String {
    match deed {
        Deed::Filed { by } => format!("filed by {by}"),
        Deed::Reserved => "reserved for the authority".to_owned(),
        Deed::Renewed { until_ms } => format!("renewed until {}", format::stamp(*until_ms)),
        Deed::Passed { from, to } => format!("passed from {from} to {to}"),
        Deed::Let { to, until_ms } => format!("let to {to} until {}", format::stamp(*until_ms)),
        Deed::LeaseEnded { lessee } => format!("no longer let to {lessee}"),
        Deed::Ended(how) => end(*how).to_owned(),
    }
}

/// A dispute, in a line for the complaint and one for the ruling.
fn told(dispute: &Dispute) -> Vec<(u64, String)> {
    let what = match dispute.cause {
        Cause::Priority { .. } => "says the ground was surveyed before",
        Cause::Trespass { .. } => "complains of digging there",
        Cause::Damage { .. } => "complains of spoil poured out there",
    };
    let (by, against) = (&dispute.by, &dispute.against);
    let mut lines = vec![(
        dispute.filed_at_ms,
        format!("{by} {what}, against {against}"),
    )];
    if let Some(ruling) = &dispute.ruling {
        let verdict = if ruling.upheld {
            format!("{by} is right")
        } else {
            format!("{against} is right")
        };
        lines.push((
            ruling.at_ms,
            format!("ruling: {verdict}, for {}", ruling.because),
        ));
    }
    lines
}

pub(super) fn show(ui: &mut Ui, pane: &mut Pane) {
    let Some(facts) = pane
        .facts
        .book
        .as_ref()
        .and_then(|book| book.registry.as_ref())
    else {
        return;
    };
    ScrollArea::vertical()
        .id_salt("registry")
        .auto_shrink([false, false])
        .show(ui, |ui| {
            legend(ui, pane, facts);
            ui.separator();
            file(ui, pane, facts);
            ui.separator();
            list(ui, pane, facts);
            offers(ui, pane, facts);
        });
}

/// What the lines on the body mean.
fn legend(ui: &mut Ui, pane: &mut Pane, facts: &RegistryFacts) {
    ui.horizontal_wrapped(|ui| {
        let form = &mut pane.forms.book.registry;
        ui.checkbox(&mut form.shows_map, "Map on the body")
            .on_hover_text("Draws claims, reserved ground and zones while this page is open");
        if ui
            .button("Whole body")
            .on_hover_text("Look at all of it (B)")
            .clicked()
        {
            pane.want(Intent::Overview);
        }
    });
    let mark = |ui: &mut Ui, color: Color32, kind: Mark, text: &str| {
        let (rect, _) = ui.allocate_exact_size(vec2(18.0, 14.0), Sense::hover());
        let painter = ui.painter().with_clip_rect(rect.expand(1.0));
        let stroke = Stroke::new(1.5, color);
        let rect = rect.shrink(1.0);
        if kind == Mark::Dashed {
            let ring: Vec<_> = (0..=12)
                .map(|k| {
                    let angle = std::f32::consts::TAU * k as f32 / 12.0;
                    rect.center() + vec2(angle.cos() * 7.5, angle.sin() * 5.5)
                })
                .collect();
            painter.extend(egui::Shape::dashed_line(&ring, stroke, 3.0, 2.5));
        } else {
            painter.rect_stroke(rect, 2.0, stroke, egui::StrokeKind::Inside);
        }
        if matches!(kind, Mark::Hatched | Mark::Crossed) {
            for k in 0..5 {
                let x = rect.min.x - 8.0 + 5.0 * k as f32;
                let from = pos2(x, rect.max.y);
                painter.line_segment([from, from + vec2(12.0, -12.0)], stroke);
                if kind == Mark::Crossed {
                    painter.line_segment([pos2(x, rect.min.y), pos2(x + 12.0, rect.max.y)], stroke);
                }
            }
        }
        name(ui, text);
    };
    ui.horizontal_wrapped(|ui| {
        mark(ui, theme::ACCENT, Mark::Hatched, "yours");
        let mut holders: Vec<&str> = Vec::new();
        for claim in &facts.claims {
            let holder = claim.holder.as_str();
            let is_other = holder != pane.facts.player && holder != AUTHORITY;
            if is_other && claim.ended.is_none() && !holders.contains(&holder) {
                holders.push(holder);
            }
        }
        for holder in holders {
            mark(ui, pane.accent(holder), Mark::Outline, holder);
        }
        mark(ui, theme::TEXT_WEAK, Mark::Crossed, "reserved");
        if facts.zones.is_some() {
            mark(ui, theme::TEXT_STRONG, Mark::Dashed, "safety zone");
        }
        mark(ui, theme::RED, Mark::Crossed, "disputed");
    });
}

/// How something is drawn in the legend.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Mark {
    Outline,
    Hatched,
    Crossed,
    Dashed,
}

/// The form for a new claim.
fn file(ui: &mut Ui, pane: &mut Pane, facts: &RegistryFacts) {
    heading(ui, "New claim");
    if !facts.terms.rule.gives_claims() {
        ui.label(RichText::new(NO_CLAIMS).color(theme::TEXT_WEAK));
        return;
    }
    let own = pane.facts;
    let robot = own
        .seen
        .robots
        .iter()
        .find(|robot| Some(&robot.name) == pane.selection.robot.as_ref());
    let mut radius_m = pane.forms.claim_radius_m(own);
    let widest_m = widest_m(own).max(radius_m);
    ui.horizontal_wrapped(|ui| {
        name(ui, "Fee");
        ui.monospace(format::credits(own.charter.claim_fee));
        if let Some(radius_m) = facts.terms.radius_max_m {
            name(ui, "widest");
            ui.monospace(format::length(radius_m));
        }
        if let Some(most) = facts.terms.per_prospector_max {
            name(ui, "at most");
            ui.monospace(most.to_string());
        }
    });
    ui.horizontal(|ui| {
        name(ui, "Radius");
        ui.spacing_mut().slider_width = 150.0;
        let slider = Slider::new(&mut radius_m, 1.0..=widest_m)
            .logarithmic(true)
            .step_by(0.5)
            .suffix(" m");
        if ui.add(slider).changed() {
            pane.forms.book.registry.radius_m = Some(radius_m);
        }
    });
    match robot {
        Some(robot) => {
            let text = format!("Claim {radius_m:.1} m around {}", robot.name);
            if ui.add(theme::primary_button(&text)).clicked() {
                pane.want(Intent::Give(Order::FileClaim {
                    robot: robot.name.clone(),
                    radius_m,
                }));
            }
        }
        None => weak(ui, NO_ROBOT),
    }
    let corners = pane.forms.book.registry.corners_m.clone();
    if corners.is_empty() {
        weak(ui, CORNERS_HINT);
        return;
    }
    ui.horizontal_wrapped(|ui| {
        let count = corners.len();
        name(
            ui,
            &format!("{count} of {CORNERS_MIN} to {CORNERS_MAX} corners"),
        );
        let enough = (CORNERS_MIN..=CORNERS_MAX).contains(&count);
        if ui
            .add_enabled(enough, Button::new("Claim the ground within"))
            .clicked()
        {
            let place = |corner: &Vec3| corner.as_dvec3().to_array();
            pane.want(Intent::Give(Order::FileBoundary {
                robot: robot.map(|robot| robot.name.clone()),
                corners_m: corners.iter().map(place).collect(),
            }));
        }
        if ui.button("Undo").clicked() {
            pane.forms.book.registry.corners_m.pop();
        }
        if ui.button("Clear").clicked() {
            pane.forms.book.registry.corners_m.clear();
        }
    });
}

fn list(ui: &mut Ui, pane: &mut Pane, facts: &RegistryFacts) {
    ui.horizontal(|ui| {
        let standing = facts.claims.iter().filter(|claim| claim.ended.is_none());
        heading(ui, &format!("{} claims", standing.count()));
        let form = &mut pane.forms.book.registry;
        ui.checkbox(&mut form.shows_ended, "and those that ended");
    });
    let shows_ended = pane.forms.book.registry.shows_ended;
    let mut shown = facts
        .claims
        .iter()
        .filter(|claim| shows_ended || claim.ended.is_none())
        .peekable();
    if shown.peek().is_none() {
        ui.label(RichText::new(EMPTY).color(theme::TEXT_WEAK));
    }
    for claim in shown {
        let is_open = pane.forms.book.registry.opened == Some(claim.id);
        theme::card_frame(is_open).show(ui, |ui| {
            ui.set_width(ui.available_width());
            row(ui, pane, claim, is_open);
            if is_open {
                detail(ui, pane, facts, claim);
            }
        });
    }
}

fn row(ui: &mut Ui, pane: &mut Pane, claim: &ClaimFacts, is_open: bool) {
    ui.horizontal(|ui| {
        let accent = if claim.holder == AUTHORITY {
            theme::TEXT_WEAK
        } else {
            pane.accent(&claim.holder)
        };
        theme::dot(ui, accent);
        let glyph = if is_open { "⏷" } else { "⏵" };
        let title = RichText::new(format!("{glyph} {} · {}", claim.id, claim.holder));
        if ui
            .add(Button::new(title.color(accent)).frame(false))
            .clicked()
        {
            let form = &mut pane.forms.book.registry;
            form.opened = (!is_open).then_some(claim.id);
            form.leaving = None;
        }
        name(ui, &format::length(claim.reach_m));
        let (text, color) = match (claim.ended, claim.is_disputed, claim.is_idle) {
            (Some(how), ..) => (how, theme::TEXT_WEAK),
            (_, true, _) => ("disputed", theme::RED),
            (_, _, true) => ("idle", theme::TEXT_WEAK),
            _ => ("", theme::TEXT),
        };
        theme::elided(ui, RichText::new(text).color(color));
        ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
            if ui.button("Look").clicked() {
                pane.want(Intent::LookAt(claim.centre_m));
            }
        });
    });
}

fn detail(ui: &mut Ui, pane: &mut Pane, facts: &RegistryFacts, claim: &ClaimFacts) {
    let now_ms = pane.clock.time_ms;
    let shape = match claim.corners {
        0 => "a circle".to_owned(),
        corners => format!("{corners} corners"),
    };
    theme::fact(ui, "Ground", format!("{:.0} m², {shape}", claim.area_m2));
    theme::fact(ui, "Filed", format::stamp(claim.filed_at_ms));
    if let Some(lessee) = &claim.lessee {
        theme::fact(ui, "Let to", lessee);
    }
    if claim.ended.is_none() && claim.holder != AUTHORITY {
        let since_ms = now_ms.saturating_sub(claim.worked_at_ms);
        theme::fact(
            ui,
            "Last worked",
            format!("{} ago", format::duration(since_ms)),
        );
        if let Some(at_ms) = claim.expires_at_ms {
            let left_ms = at_ms.saturating_sub(now_ms);
            theme::fact(ui, "Ends in", format::duration(left_ms));
        }
    }
    for (at_ms, text) in &claim.history {
        ui.horizontal_wrapped(|ui| {
            name(ui, &format::stamp(*at_ms));
            ui.label(text);
        });
    }
    if claim.ended.is_some() {
        return;
    }
    ui.add_space(2.0);
    if claim.holder == pane.facts.player {
        own_actions(ui, pane, facts, claim);
    } else if facts.has_court && claim.holder != AUTHORITY {
        let priority = ui
            .button("Dispute it")
            .on_hover_text("Says before the court that you surveyed this ground before it was filed, and its holder had not. The court takes a deposit; the loser pays.");
        if priority.clicked() {
            pane.want(Intent::Give(Order::Complain {
                against: claim.holder.clone(),
                cause: Cause::Priority { claim: claim.id },
            }));
        }
    }
}

/// What the holder may do.
fn own_actions(ui: &mut Ui, pane: &mut Pane, facts: &RegistryFacts, claim: &ClaimFacts) {
    let id = claim.id;
    let rivals = pane.facts.rivals.clone();
    ui.horizontal_wrapped(|ui| {
        if facts.terms.renewable && claim.expires_at_ms.is_some() && ui.button("Renew").clicked() {
            pane.want(Intent::Give(Order::RenewClaim { claim: id }));
        }
        let is_sure = pane.forms.book.registry.leaving == Some(id);
        let text = if is_sure {
            RichText::new("Sure? It is gone for good").color(theme::AMBER)
        } else {
            RichText::new("Give it up")
        };
        if ui.button(text).clicked() {
            pane.forms.book.registry.leaving = (!is_sure).then_some(id);
            if is_sure {
                pane.want(Intent::Give(Order::AbandonClaim { claim: id }));
            }
        }
    });
    let form = &mut pane.forms.book.registry;
    let mut wishes = Vec::new();
    if facts.terms.transferable || facts.terms.leasable {
        ui.horizontal_wrapped(|ui| {
            name(ui, "For");
            amount(ui, &mut form.price, 0.0..=1e9, " cr");
            name(ui, "to");
            let mut whom = vec![None];
            whom.extend(rivals.iter().cloned().map(Some));
            choose(ui, "title to", &mut form.to, &whom, |to| {
                to.clone().unwrap_or_else(|| "anyone".to_owned())
            });
            if facts.terms.transferable {
                if ui.button("Offer for sale").clicked() {
                    wishes.push(Order::OfferTitle {
                        title: Title::Claim { claim: id },
                        price_credits: form.price,
                        to: form.to.clone(),
                    });
                }
                let auction = ui
                    .button("Auction")
                    .on_hover_text("To the highest bidder, from this sum on");
                if auction.clicked() {
                    wishes.push(Order::AuctionClaim {
                        claim: id,
                        reserve_credits: form.price,
                    });
                }
            }
        });
    } else {
        weak(ui, "The charter lets nobody sell or let claims.");
    }
    if facts.terms.leasable {
        ui.horizontal_wrapped(|ui| {
            name(ui, "For");
            amount(ui, &mut form.days, 1.0..=36_525.0, " days");
            name(ui, "at");
            amount(ui, &mut form.rent, 0.0..=1e9, " cr");
            name(ui, "by thirty days");
            if ui
                .button("Offer to let")
                .on_hover_text("The price above is paid besides the rent.")
                .clicked()
            {
                wishes.push(Order::OfferTitle {
                    title: Title::Lease {
                        claim: id,
                        days: form.days,
                        rent_credits: form.rent,
                    },
                    price_credits: form.price,
                    to: form.to.clone(),
                });
            }
        });
    }
    if facts.has_court {
        for (trespassed, who, mass_kg) in &pane.facts.seen.law.trespassers {
            if *trespassed != id {
                continue;
            }
            ui.horizontal_wrapped(|ui| {
                let text = format!("{who} has dug {} here", format::mass(*mass_kg));
                ui.label(RichText::new(text).color(theme::AMBER));
                if ui.button("Go to court").clicked() {
                    wishes.push(Order::Complain {
                        against: who.clone(),
                        cause: Cause::Trespass { claim: id },
                    });
                }
            });
        }
    }
    for order in wishes {
        pane.want(Intent::Give(order));
    }
}

/// Auctions and offers of titles.
fn offers(ui: &mut Ui, pane: &mut Pane, facts: &RegistryFacts) {
    let law = &pane.facts.seen.law;
    if !law.auctions.is_empty() {
        ui.separator();
        heading(ui, "Auctions");
        for auction in &law.auctions {
            auction_row(ui, pane, auction);
        }
    }
    if law.titles.is_empty() && facts.own_offers.is_empty() {
        return;
    }
    ui.separator();
    heading(ui, "Offers");
    for offer in &law.titles {
        title_row(ui, pane, offer);
    }
    for offer in &facts.own_offers {
        ui.horizontal_wrapped(|ui| {
            let to = offer.to.as_deref().unwrap_or("anyone");
            let price = format::credits(1e-6 * offer.price_ucr as f64);
            ui.label(format!("You offer {} to {to} for {price}", offer.title));
            if ui.button("Take back").clicked() {
                pane.want(Intent::Give(Order::WithdrawTitle { offer: offer.id }));
            }
        });
    }
}

fn title_row(ui: &mut Ui, pane: &mut Pane, offer: &TitleView) {
    ui.horizontal_wrapped(|ui| {
        ui.label(RichText::new(&offer.by).color(pane.accent(&offer.by)));
        let price = format::credits(offer.price_credits);
        ui.label(format!("offers {} for {price}", offer.title));
        if ui.button("Take it").clicked() {
            pane.want(Intent::Give(Order::AcceptTitle { offer: offer.id }));
        }
    });
}

fn auction_row(ui: &mut Ui, pane: &mut Pane, auction: &AuctionView) {
    theme::card_frame(false).show(ui, |ui| {
        ui.set_width(ui.available_width());
        ui.horizontal_wrapped(|ui| {
            ui.label(format!("{}. {}", auction.id, capitalised(&auction.lot)));
            name(ui, &format!("of {}", auction.seller));
            let left_ms = auction.closes_at_ms.saturating_sub(pane.clock.time_ms);
            name(ui, &format!("closes in {}", format::duration(left_ms)));
            if let Some((centre_m, _)) = auction.ground
                && ui.button("Look").clicked()
            {
                pane.want(Intent::LookAt(DVec3::from(centre_m).as_vec3()));
            }
        });
        ui.horizontal_wrapped(|ui| {
            if let Some(leader) = &auction.leader {
                name(ui, &format!("{leader} leads"));
            }
            if let Some(own) = auction.own_bid_credits {
                name(ui, &format!("your bid {}", format::credits(own)));
            }
            let form = &mut pane.forms.book.registry;
            let mut bid = form.bid.max(auction.least_credits.ceil());
            amount(ui, &mut bid, auction.least_credits..=1e9, " cr");
            if bid > auction.least_credits.ceil() {
                form.bid = bid;
            }
            if ui.button("Bid").clicked() {
                pane.want(Intent::Give(Order::Bid {
                    auction: auction.id,
                    credits: bid,
                }));
            }
        });
    });
}

/// The corners of the next claim, on the picture.
pub(in crate::client::panels) fn paint_corners(ctx: &Context, pane: &Pane, eye: &Eye) {
    let corners = &pane.forms.book.registry.corners_m;
    if corners.is_empty() {
        return;
    }
    let zoom = ctx.zoom_factor();
    let painter = ctx
        .layer_painter(LayerId::new(Layer::Background, Id::new("corners")))
        .with_clip_rect(pane.forms.free);
    let places: Vec<Option<egui::Pos2>> = corners
        .iter()
        .map(|corner_m| {
            let (at, _) = eye.on_screen(*corner_m)?;
            Some(pos2(at.x / zoom, at.y / zoom))
        })
        .collect();
    for (k, place) in places.iter().enumerate() {
        let Some(place) = place else {
            continue;
        };
        if let Some(next) = places[(k + 1) % places.len()] {
            painter.line_segment([*place, next], Stroke::new(1.5, theme::ACCENT));
        }
        painter.circle_filled(*place, 4.0, theme::ACCENT);
        painter.text(
            *place + vec2(6.0, -6.0),
            Align2::LEFT_BOTTOM,
            k + 1,
            FontId::proportional(12.0),
            theme::TEXT_STRONG,
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_radius_suits_the_body_and_the_charter() {
        // Bennu under no limit, under one of 16 m, and under one of 4 m.
        assert_eq!(usual_radius_m(1e4, 245.0), 12.5);
        assert_eq!(usual_radius_m(16.0, 245.0), 12.0);
        assert_eq!(usual_radius_m(4.0, 245.0), 3.0);
        // A pebble of a body, and the Moon.
        assert_eq!(usual_radius_m(1e4, 3.0), 1.0);
        assert_eq!(usual_radius_m(1e4, 1_737_400.0), 25.0);
    }

    #[test]
    fn every_deed_and_ruling_has_its_line() {
        let mut dispute = Dispute {
            id: 1,
            by: "rook".into(),
            against: "wanda".into(),
            cause: Cause::Priority { claim: 3 },
            filed_at_ms: 5,
            ruling_at_ms: 9,
            deposit_ucr: 1,
            readings: 0,
            ruling: None,
        };
        assert_eq!(told(&dispute).len(), 1);
        dispute.ruling = Some(crate::sim::law::disputes::Ruling {
            at_ms: 9,
            upheld: false,
            damages_ucr: 0,
            because: "no reading is older".into(),
        });
        let lines = told(&dispute);
        assert_eq!(lines.len(), 2);
        assert!(lines[1].1.contains("wanda is right"), "{lines:?}");
        let passed = deed(&Deed::Passed {
            from: "rook".into(),
            to: "lark".into(),
        });
        assert_eq!(passed, "passed from rook to lark");
    }
}
