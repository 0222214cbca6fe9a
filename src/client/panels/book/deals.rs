//! Agreements: contracts, tenders, hire, loans, insurance, ventures and estates, as lists with
//! their state and what can be done with each. New offers are written in [`offer`](super::offer).

use bevy_egui::egui::{Button, Grid, RichText, ScrollArea, Ui, vec2};

use super::{amount, heading, name, offer};
use crate::client::panels::fleet::capitalised;
use crate::client::panels::{Intent, Pane, format};
use crate::client::{Game, theme};
use crate::sim::economy::commerce::TradeView;
use crate::sim::economy::credit::Pledge;
use crate::sim::economy::deals::{DealView, GoodsView};
use crate::sim::economy::fleet::Machine;
use crate::sim::economy::insolvency::LotItem;
use crate::sim::economy::stores::Place;
use crate::sim::economy::venture::{self, Agreement, Split};
use crate::sim::order::{Motion, Order};

/// Kinds of agreement.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(super) enum Kind {
    #[default]
    Delivery,
    Hire,
    Loans,
    Insurance,
    Ventures,
    Estates,
}

impl Kind {
    const ALL: [(Self, &'static str, &'static str); 6] = [
        (
            Self::Delivery,
            "Delivery",
            "Contracts and tenders: so much of a good, at a place, by a time",
        ),
        (Self::Hire, "Hire", "Robots and plants by the day"),
        (Self::Loans, "Loans", "Money now, more money back"),
        (
            Self::Insurance,
            "Insurance",
            "Against the loss of machines and cargoes",
        ),
        (
            Self::Ventures,
            "Ventures",
            "Prospectors who share what they yield",
        ),
        (
            Self::Estates,
            "Estates",
            "What those leave who could not pay, for the highest bid",
        ),
    ];

    /// What kind a deal is of.
    fn of(deal: &DealView) -> Self {
        match deal {
            DealView::Contract { .. } | DealView::Tender { .. } => Self::Delivery,
            DealView::Hire { .. } | DealView::Sale { .. } => Self::Hire,
            DealView::Loan { .. } => Self::Loans,
            DealView::Cover { .. } | DealView::Policy { .. } => Self::Insurance,
            DealView::Venture { .. } => Self::Ventures,
            DealView::Lot { .. } | DealView::Abandoned { .. } => Self::Estates,
        }
    }
}

/// What is set on the page of agreements.
#[derive(Clone, Debug, Default)]
pub(in crate::client::panels) struct DealsForm {
    pub(super) kind: Kind,
    pub(super) offer: offer::OfferForm,
    /// What is bid next, by deal.
    bids: Vec<(u32, f64)>,
    /// What is paid in or bought next [credits].
    credits: f64,
    /// Leaving this venture was asked for, once.
    leaving: Option<String>,
}

/// What the page of agreements shows.
#[derive(Clone, Debug)]
pub struct DealsFacts {
    pub(super) trade: TradeView,
    pub(super) places: Vec<Place>,
    /// What lawyers and notary take from each who founds a venture or joins one.
    venture_fee_credits: f64,
}

impl DealsFacts {
    pub(super) fn gather(game: &mut Game) -> Self {
        let player = game.player.clone();
        let headless = game.headless_mut();
        let mut places = vec![Place::Site];
        for row in headless.market_rows() {
            let place = Place::Node(row.node);
            if !places.contains(&place) {
                places.push(place);
            }
        }
        Self {
            trade: headless.trade(&player).unwrap_or_default(),
            venture_fee_credits: headless.level().costs.venture_fee_credits,
            places,
        }
    }
}

pub(super) fn show(ui: &mut Ui, pane: &mut Pane) {
    let Some(facts) = pane
        .facts
        .book
        .as_ref()
        .and_then(|book| book.deals.as_ref())
    else {
        return;
    };
    ui.horizontal_wrapped(|ui| {
        for (kind, text, hint) in Kind::ALL {
            let count = facts
                .trade
                .deals
                .iter()
                .filter(|deal| Kind::of(deal) == kind);
            let text = match count.count() {
                0 => text.to_owned(),
                count => format!("{text} ({count})"),
            };
            let form = &mut pane.forms.book.deals;
            let button = Button::new(text).selected(form.kind == kind);
            if ui.add(button).on_hover_text(hint).clicked() {
                form.kind = kind;
            }
        }
    });
    let kind = pane.forms.book.deals.kind;
    ScrollArea::vertical()
        .id_salt(("deals", kind))
        .auto_shrink([false, false])
        .show(ui, |ui| {
            let trade = &facts.trade;
            if trade.insolvent {
                let text =
                    "You are insolvent: your estate is on sale, and your orders are refused.";
                ui.label(RichText::new(text).color(theme::RED));
            }
            if 0.0 < trade.debts_credits {
                let owed = format::credits(trade.debts_credits);
                let text = format!("{owed} of yours are overdue; pay within thirty days.");
                ui.label(RichText::new(text).color(theme::AMBER));
            }
            let mut any = false;
            for deal in trade.deals.iter().filter(|deal| Kind::of(deal) == kind) {
                any = true;
                theme::card_frame(false).show(ui, |ui| {
                    ui.set_width(ui.available_width());
                    row(ui, pane, deal);
                });
                ui.add_space(2.0);
            }
            if !any {
                ui.label(RichText::new(nothing(kind)).color(theme::TEXT_WEAK));
            }
            ui.separator();
            offer::show(ui, pane, facts);
        });
}

/// What it says where there is nothing of a kind.
fn nothing(kind: Kind) -> &'static str {
    match kind {
        Kind::Delivery => "No contract or tender is offered to you.",
        Kind::Hire => "No machine is offered for hire or for sale.",
        Kind::Loans => "Nobody asks you for money, and you owe none.",
        Kind::Insurance => "You have no policy, and nobody offers cover but the pool.",
        Kind::Ventures => "There is no venture yet.",
        Kind::Estates => "Nothing is on sale.",
    }
}

/// The first line of a deal: its number, what it is, and its state.
fn title(ui: &mut Ui, deal: Option<u32>, text: &str, state: (&str, bool)) {
    ui.horizontal_wrapped(|ui| {
        if let Some(deal) = deal {
            name(ui, &format!("{deal}."));
        }
        heading(ui, text);
        let (state, is_on) = state;
        let color = if is_on { theme::GREEN } else { theme::ACCENT };
        ui.label(RichText::new(state).color(color));
    });
}

fn accept(ui: &mut Ui, pane: &mut Pane, deal: u32, text: &str, hint: &str) {
    if ui.button(text).on_hover_text(hint).clicked() {
        pane.want(Intent::Give(Order::AcceptDeal { deal }));
    }
}

fn withdraw(ui: &mut Ui, pane: &mut Pane, deal: u32) {
    if ui.button("Take back").clicked() {
        pane.want(Intent::Give(Order::WithdrawDeal { deal }));
    }
}

fn goods(ui: &mut Ui, pane: &Pane, goods: &GoodsView) {
    ui.horizontal_wrapped(|ui| {
        let each = goods.price_credits / goods.mass_kg.max(1e-9);
        name(ui, "for");
        ui.monospace(format::credits(goods.price_credits))
            .on_hover_text(format::price(each));
        name(ui, "penalty");
        ui.monospace(format::credits(goods.penalty_credits));
        let left_ms = goods.deadline_ms.saturating_sub(pane.clock.time_ms);
        name(ui, "due in");
        ui.monospace(format::duration(left_ms))
            .on_hover_text(format::stamp(goods.deadline_ms));
    });
}

fn what(goods: &GoodsView) -> String {
    let mass = format::mass(goods.mass_kg);
    format!("{mass} of {} at {}", goods.good, goods.place)
}

fn row(ui: &mut Ui, pane: &mut Pane, deal: &DealView) {
    let player = pane.facts.player.clone();
    let is_me = |name: &Option<String>| name.as_ref() == Some(&player);
    match deal {
        DealView::Contract {
            deal,
            buyer,
            seller,
            goods: of,
            delivered_kg,
            agreed,
        } => {
            let who = |side: &Option<String>| side.clone().unwrap_or("anyone".to_owned());
            let text = format!("{} sells {} to {}", who(seller), what(of), who(buyer));
            let state = if *agreed { "agreed" } else { "offered" };
            title(ui, Some(*deal), &capitalised(&text), (state, *agreed));
            goods(ui, pane, of);
            if *agreed {
                theme::gauge(
                    ui,
                    "Delivered",
                    &format::fill(*delivered_kg, of.mass_kg),
                    (delivered_kg / of.mass_kg.max(1e-9)) as f32,
                    theme::GREEN,
                );
            }
            ui.horizontal_wrapped(|ui| {
                if *agreed && is_me(seller) {
                    let deliver = ui
                        .button("Deliver what there is")
                        .on_hover_text("Out of your store there. It also happens by itself, at every full hour once all is there.");
                    if deliver.clicked() {
                        let held = pane.facts.seen.stores.iter();
                        let held = held
                            .filter(|store| store.place == of.place && store.good == of.good);
                        let held_kg: f64 = held.map(|store| store.mass_kg).sum();
                        let missing_kg = of.mass_kg - delivered_kg;
                        let mass_kg = (held_kg < missing_kg && 0.0 < held_kg).then_some(held_kg);
                        pane.want(Intent::Give(Order::DeliverContract {
                            deal: *deal,
                            mass_kg,
                        }));
                    }
                } else if !agreed && (is_me(seller) || is_me(buyer)) {
                    withdraw(ui, pane, *deal);
                } else if !agreed {
                    let (text, hint) = if seller.is_some() {
                        ("Buy it", "Sets the price aside.")
                    } else {
                        ("Undertake to deliver", "Sets the penalty aside.")
                    };
                    accept(ui, pane, *deal, text, hint);
                }
            });
        }
        DealView::Tender {
            deal,
            buyer,
            goods: of,
            closes_ms,
            bid_credits,
        } => {
            let text = format!("{buyer} calls for {}", what(of));
            title(ui, Some(*deal), &capitalised(&text), ("tender", false));
            goods(ui, pane, of);
            ui.horizontal_wrapped(|ui| {
                let left_ms = closes_ms.saturating_sub(pane.clock.time_ms);
                name(
                    ui,
                    &format!("The lowest offer wins, in {}.", format::duration(left_ms)),
                );
                if *buyer == player {
                    withdraw(ui, pane, *deal);
                    return;
                }
                let first = bid_credits.unwrap_or(of.price_credits);
                let price_credits = bid(ui, pane, *deal, first, 0.0..=of.price_credits);
                let text = match bid_credits {
                    Some(_) => "Change the offer",
                    None => "Make an offer",
                };
                if ui.button(text).clicked() {
                    pane.want(Intent::Give(Order::BidTender {
                        deal: *deal,
                        price_credits,
                    }));
                }
                if let Some(own) = bid_credits {
                    name(ui, &format!("yours is {}", format::credits(*own)));
                    withdraw(ui, pane, *deal);
                }
            });
        }
        DealView::Hire {
            deal,
            owner,
            hirer,
            machine,
            credits_per_day,
            days,
            deposit_credits,
            since_ms,
        } => {
            let text = match hirer {
                Some(hirer) => format!("{hirer} hires {machine} of {owner}"),
                None => format!("{owner} offers {machine}"),
            };
            let state = if hirer.is_some() {
                "running"
            } else {
                "offered"
            };
            title(
                ui,
                Some(*deal),
                &capitalised(&text),
                (state, hirer.is_some()),
            );
            ui.horizontal_wrapped(|ui| {
                name(ui, "a day");
                ui.monospace(format::credits(*credits_per_day));
                name(ui, "for");
                ui.monospace(format!("{days} d"));
                name(ui, "deposit");
                ui.monospace(format::credits(*deposit_credits));
                if let Some(since_ms) = since_ms {
                    let gone_ms = pane.clock.time_ms.saturating_sub(*since_ms);
                    name(ui, &format!("since {}", format::duration(gone_ms)));
                }
            });
            ui.horizontal_wrapped(|ui| {
                if hirer.is_some() {
                    let (text, hint) = if is_me(hirer) {
                        ("Bring it back", "The day that has begun is paid.")
                    } else {
                        (
                            "Call it back",
                            "The day that has begun is paid back, and another on top.",
                        )
                    };
                    if ui.button(text).on_hover_text(hint).clicked() {
                        pane.want(Intent::Give(Order::EndHire { deal: *deal }));
                    }
                } else if *owner == player {
                    withdraw(ui, pane, *deal);
                } else {
                    let hint =
                        "Pays the first day and sets the deposit aside; then it takes your orders.";
                    accept(ui, pane, *deal, "Hire it", hint);
                }
            });
        }
        DealView::Sale {
            deal,
            seller,
            machine,
            price_credits,
        } => {
            let text = format!("{seller} sells {machine}");
            title(ui, Some(*deal), &capitalised(&text), ("for sale", false));
            let ventures: Vec<String> = ventures_of(pane, &player);
            ui.horizontal_wrapped(|ui| {
                name(ui, "for");
                ui.monospace(format::credits(*price_credits));
                if *seller == player {
                    withdraw(ui, pane, *deal);
                } else {
                    accept(ui, pane, *deal, "Buy it", "Pays at once; then it is yours.");
                }
                let is_plant = matches!(machine, Machine::Plant(_));
                for venture in ventures
                    .into_iter()
                    .filter(|name| is_plant && name != seller)
                {
                    let text = format!("Propose to {venture}");
                    let hint = "It buys when more than half of its members are for it.";
                    if ui.button(text).on_hover_text(hint).clicked() {
                        pane.want(Intent::Give(Order::VoteInVenture {
                            venture,
                            motion: Motion::Buy {
                                deal: *deal,
                                tariff_credits_per_kg: 0.0,
                            },
                            yes: true,
                        }));
                    }
                }
            });
        }
        DealView::Loan {
            deal,
            borrower,
            lender,
            principal_credits,
            owed_credits,
            percent_per_year,
            days,
            due_ms,
            collateral,
        } => {
            let sum = format::credits(*principal_credits);
            let text = match lender {
                Some(lender) => format!("{lender} lends {borrower} {sum}"),
                None => format!("{borrower} asks for {sum}"),
            };
            let state = if lender.is_some() {
                "running"
            } else {
                "asked for"
            };
            title(
                ui,
                Some(*deal),
                &capitalised(&text),
                (state, lender.is_some()),
            );
            ui.horizontal_wrapped(|ui| {
                name(ui, "at");
                ui.monospace(format!("{percent_per_year:.2} % a year"));
                match due_ms {
                    Some(due_ms) => {
                        name(ui, "owed now");
                        ui.monospace(format::credits(*owed_credits));
                        name(ui, "due in");
                        let left_ms = due_ms.saturating_sub(pane.clock.time_ms);
                        ui.monospace(format::duration(left_ms));
                    }
                    None => {
                        name(ui, "for");
                        ui.monospace(format!("{days:.0} d"));
                    }
                }
            });
            let pledged: Vec<String> = collateral.iter().map(pledge).collect();
            let pledged = match pledged.is_empty() {
                true => "Nothing is pledged.".to_owned(),
                false => format!("Pledged: {}.", pledged.join(", ")),
            };
            name(ui, &pledged);
            ui.horizontal_wrapped(|ui| {
                if lender.is_some() && *borrower == player {
                    if ui.button("Pay it all back").clicked() {
                        pane.want(Intent::Give(Order::RepayLoan {
                            deal: *deal,
                            credits: None,
                        }));
                    }
                    let part = bid(ui, pane, *deal, 0.5 * owed_credits, 0.0..=*owed_credits);
                    if ui.button("Pay a part").clicked() {
                        pane.want(Intent::Give(Order::RepayLoan {
                            deal: *deal,
                            credits: Some(part),
                        }));
                    }
                } else if lender.is_none() && *borrower == player {
                    withdraw(ui, pane, *deal);
                } else if lender.is_none() {
                    accept(ui, pane, *deal, "Lend it", "Pays the sum out at once.");
                }
            });
        }
        DealView::Cover {
            deal,
            insurer,
            percent_per_year,
            sum_max_credits,
        } => {
            let text = format!("{insurer} insures machines");
            title(ui, Some(*deal), &capitalised(&text), ("offered", false));
            ui.horizontal_wrapped(|ui| {
                name(ui, "up to");
                ui.monospace(format::credits(*sum_max_credits));
                name(ui, "at");
                ui.monospace(format!("{percent_per_year:.2} % a year"));
                if *insurer == player {
                    withdraw(ui, pane, *deal);
                } else {
                    name(ui, "– choose it below");
                }
            });
        }
        DealView::Policy {
            deal,
            insurer,
            insured,
            machine,
            sum_credits,
            until_ms,
        } => {
            let insurer = insurer.as_deref().unwrap_or("the pool");
            let text = format!("{machine} of {insured}, insured by {insurer}");
            title(ui, Some(*deal), &capitalised(&text), ("running", true));
            ui.horizontal_wrapped(|ui| {
                name(ui, "for");
                ui.monospace(format::credits(*sum_credits));
                name(ui, "ends in");
                let left_ms = until_ms.saturating_sub(pane.clock.time_ms);
                ui.monospace(format::duration(left_ms));
            });
        }
        DealView::Lot {
            deal,
            debtor,
            item,
            best_credits,
            closes_ms,
        } => {
            let text = format!("{} of {debtor}", lot(item));
            title(ui, Some(*deal), &capitalised(&text), ("on sale", false));
            ui.horizontal_wrapped(|ui| {
                let left_ms = closes_ms.saturating_sub(pane.clock.time_ms);
                name(ui, &format!("closes in {}", format::duration(left_ms)));
                name(
                    ui,
                    &match best_credits {
                        Some(best) => format!("best bid {}", format::credits(*best)),
                        None => "no bid yet".to_owned(),
                    },
                );
                let least = best_credits.map_or(1.0, |best| best + 1.0);
                let price_credits = bid(ui, pane, *deal, least, least..=1e12);
                if ui.button("Bid").clicked() {
                    pane.want(Intent::Give(Order::BidLot {
                        deal: *deal,
                        price_credits,
                    }));
                }
            });
        }
        DealView::Abandoned { machine } => {
            let text = format!("{machine} is abandoned");
            title(ui, None, &capitalised(&text), ("free to take", false));
            if ui.button("Salvage it").clicked() {
                pane.want(Intent::Give(Order::Salvage {
                    machine: machine.clone(),
                }));
            }
        }
        DealView::Venture {
            name: venture,
            agreement,
            members,
            invites,
            reserve_credits,
            plants,
            steward,
            motions,
        } => {
            let is_member = members.contains_key(&player);
            let state = match (is_member, *invites) {
                (true, _) => "you are a member",
                (_, true) => "you are invited",
                _ => "closed to you",
            };
            title(ui, None, venture, (state, is_member));
            terms(ui, agreement, *reserve_credits);
            if !is_member && *invites {
                notary(ui, pane);
            }
            Grid::new(("members", venture))
                .num_columns(3)
                .striped(true)
                .spacing(vec2(16.0, 3.0))
                .show(ui, |ui| {
                    for text in ["Member", "Shares", "Paid so far"] {
                        name(ui, text);
                    }
                    ui.end_row();
                    for (member, (shares, paid)) in members {
                        ui.label(RichText::new(member).color(pane.accent(member)));
                        ui.monospace(shares.to_string());
                        ui.monospace(format::credits(*paid));
                        ui.end_row();
                    }
                });
            if !plants.is_empty() {
                let text = format!(
                    "It owns {}, which {steward} gives orders to.",
                    plants.join(", ")
                );
                name(ui, &text);
            }
            for (motion, backers) in motions {
                vote(ui, pane, venture, motion, backers, is_member);
            }
            venture_actions(ui, pane, venture, agreement, is_member, *invites);
        }
    }
}

/// Ventures that somebody is a member of, by name.
fn ventures_of(pane: &Pane, member: &str) -> Vec<String> {
    let deals = pane
        .facts
        .book
        .as_ref()
        .and_then(|book| book.deals.as_ref());
    deals
        .into_iter()
        .flat_map(|facts| &facts.trade.deals)
        .filter_map(|deal| match deal {
            DealView::Venture { name, members, .. } if members.contains_key(member) => {
                Some(name.clone())
            }
            _ => None,
        })
        .collect()
}

/// What the members of a venture vote on, who is for it, and one's own vote.
fn vote(
    ui: &mut Ui,
    pane: &mut Pane,
    venture: &str,
    motion: &venture::Motion,
    backers: &[String],
    is_member: bool,
) {
    let credits = |ucr: i64| 1e-6 * ucr as f64;
    let (text, motion) = match motion {
        venture::Motion::Buy {
            deal,
            tariff_ucr_per_kg,
        } => (
            format!("Buy what is for sale under {deal}."),
            Motion::Buy {
                deal: *deal,
                tariff_credits_per_kg: credits(*tariff_ucr_per_kg),
            },
        ),
        venture::Motion::Sell { plant, price_ucr } => (
            format!("Sell {plant} for {}.", format::credits(credits(*price_ucr))),
            Motion::Sell {
                plant: plant.clone(),
                price_credits: credits(*price_ucr),
            },
        ),
    };
    ui.horizontal_wrapped(|ui| {
        ui.label(text);
        name(ui, &format!("For it: {}.", backers.join(", ")));
        if !is_member {
            return;
        }
        for (yes, text) in [(true, "For it"), (false, "Against it")] {
            if ui.button(text).clicked() {
                pane.want(Intent::Give(Order::VoteInVenture {
                    venture: venture.to_owned(),
                    motion: motion.clone(),
                    yes,
                }));
            }
        }
    });
}

/// The agreement of a venture, in words.
pub(super) fn in_words(agreement: &Agreement) -> Vec<String> {
    let mut words = vec![match &agreement.split {
        Split::ByContribution => "What is shared out is split by shares.".to_owned(),
        Split::ByHead => "What is shared out is split equally.".to_owned(),
        Split::ByWeights(weights) => {
            let parts: Vec<String> = weights
                .iter()
                .map(|(name, weight)| format!("{name} {weight}"))
                .collect();
            format!("What is shared out is split {}.", parts.join(" : "))
        }
    }];
    let Agreement {
        pooled_percent,
        reserve_percent,
        entry_credits,
        dissolve_percent,
        ..
    } = agreement;
    words.push(format!(
        "Members give {pooled_percent} % of what they are paid for goods."
    ));
    if 0 < *reserve_percent {
        words.push(format!("It keeps {reserve_percent} % of that."));
    }
    if 0 < *entry_credits {
        words.push(format!(
            "Whoever joins brings at least {entry_credits} credits."
        ));
    }
    words.push(format!(
        "It ends when {dissolve_percent} % of its members vote for that."
    ));
    if agreement.pools_data {
        words.push("What one has measured all know.".to_owned());
    }
    words.push(if agreement.tradable {
        "Shares can be sold.".to_owned()
    } else {
        "Shares cannot be passed on.".to_owned()
    });
    words
}

/// What founding or joining a venture costs besides the contribution, if anything.
pub(super) fn notary(ui: &mut Ui, pane: &Pane) {
    let book = pane.facts.book.as_ref();
    let Some(facts) = book.and_then(|book| book.deals.as_ref()) else {
        return;
    };
    if 0.0 < facts.venture_fee_credits {
        let fee = format::credits(facts.venture_fee_credits);
        theme::fact(ui, "Lawyers and notary, once", fee);
    }
}

fn terms(ui: &mut Ui, agreement: &Agreement, reserve_credits: f64) {
    name(ui, &in_words(agreement).join(" "));
    theme::fact(ui, "In its reserve", format::credits(reserve_credits));
}

fn venture_actions(
    ui: &mut Ui,
    pane: &mut Pane,
    venture: &str,
    agreement: &Agreement,
    is_member: bool,
    invites: bool,
) {
    let form = &mut pane.forms.book.deals;
    let venture = venture.to_owned();
    let mut wish = None;
    ui.horizontal_wrapped(|ui| {
        if !is_member && !invites {
            return;
        }
        let least = f64::from(agreement.entry_credits);
        let mut credits = form.credits;
        if !is_member {
            credits = credits.max(least);
        }
        amount(ui, &mut credits, 0.0..=1e12, " cr");
        form.credits = credits;
        let whole = credits.max(0.0).floor() as u64;
        let text = if is_member { "Contribute" } else { "Join" };
        let hint = "Each credit is a share.";
        if ui.button(text).on_hover_text(hint).clicked() {
            wish = Some(Order::JoinVenture {
                venture: venture.clone(),
                credits: whole,
            });
        }
        if !is_member {
            return;
        }
        let pay = ui.button("Pay in").on_hover_text("Without a share for it.");
        if pay.clicked() {
            wish = Some(Order::PayVenture {
                venture: venture.clone(),
                credits,
            });
        }
        let is_sure = form.leaving.as_ref() == Some(&venture);
        let text = if is_sure {
            RichText::new("Sure? You leave with your part").color(theme::AMBER)
        } else {
            RichText::new("Leave")
        };
        if ui.button(text).clicked() {
            form.leaving = (!is_sure).then(|| venture.clone());
            if is_sure {
                wish = Some(Order::LeaveVenture {
                    venture: venture.clone(),
                });
            }
        }
        let hint = "When enough have voted all that lies in it is shared out.";
        for (yes, text) in [(true, "Vote to end it"), (false, "Vote to go on")] {
            if ui.button(text).on_hover_text(hint).clicked() {
                wish = Some(Order::VoteToDissolve {
                    venture: venture.clone(),
                    yes,
                });
            }
        }
    });
    if let Some(order) = wish {
        pane.want(Intent::Give(order));
    }
}

/// A sum that is bid on a deal, remembered from frame to frame.
fn bid(
    ui: &mut Ui,
    pane: &mut Pane,
    deal: u32,
    first: f64,
    range: std::ops::RangeInclusive<f64>,
) -> f64 {
    let bids = &mut pane.forms.book.deals.bids;
    let at = bids.iter().position(|(of, _)| *of == deal);
    let at = at.unwrap_or_else(|| {
        bids.push((deal, first));
        bids.len() - 1
    });
    let value = &mut bids[at].1;
    *value = value.clamp(*range.start(), *range.end());
    amount(ui, value, range, " cr");
    *value
}

fn pledge(pledge: &Pledge) -> String {
    match pledge {
        Pledge::Machine(machine) => machine.to_string(),
        Pledge::Goods {
            place,
            good,
            mass_g,
        } => format!(
            "{} of {good} at {place}",
            format::mass(1e-3 * *mass_g as f64)
        ),
    }
}

fn lot(item: &LotItem) -> String {
    match item {
        LotItem::Machine(machine) => machine.to_string(),
        LotItem::Goods {
            place,
            good,
            mass_g,
        } => format!(
            "{} of {good} at {place}",
            format::mass(1e-3 * *mass_g as f64)
        ),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_agreement_is_told_with_all_that_it_says() {
        let plain = Agreement {
            split: Split::ByHead,
            pooled_percent: 40,
            reserve_percent: 0,
            entry_credits: 0,
            dissolve_percent: 51,
            pools_data: false,
            tradable: false,
        };
        let words = in_words(&plain);
        for other in [
            Agreement {
                split: Split::ByContribution,
                ..plain.clone()
            },
            Agreement {
                split: Split::ByWeights([("a".to_owned(), 2)].into()),
                ..plain.clone()
            },
            Agreement {
                pooled_percent: 41,
                ..plain.clone()
            },
            Agreement {
                reserve_percent: 5,
                ..plain.clone()
            },
            Agreement {
                entry_credits: 100,
                ..plain.clone()
            },
            Agreement {
                dissolve_percent: 60,
                ..plain.clone()
            },
            Agreement {
                pools_data: true,
                ..plain.clone()
            },
            Agreement {
                tradable: true,
                ..plain.clone()
            },
        ] {
            assert_ne!(in_words(&other), words, "{other:?}");
        }
    }
}
