//! New agreements: the forms in which the player offers a contract, calls a tender, lets a machine,
//! asks for a loan, insures, founds a venture.

use bevy_egui::egui::{Button, RichText, TextEdit, Ui};

use super::deals::{DealsFacts, Kind, in_words, notary};
use super::{amount, choose, heading, name, weak};
use crate::client::panels::fleet::capitalised;
use crate::client::panels::{Intent, Pane, format};
use crate::client::theme;
use crate::sim::economy::auction::Side;
use crate::sim::economy::deals::DealView;
use crate::sim::economy::fleet::Machine;
use crate::sim::economy::good::Good;
use crate::sim::economy::stores::Place;
use crate::sim::economy::venture::{Agreement, Split};
use crate::sim::order::{Collateral, Order};
use crate::sim::prospecting::trade::Audience;

const NO_MACHINES: &str = "You have no machine.";
const POOL: &str = "The pool asks for the expected loss and a third on top.";

/// What is offered for delivery.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Delivery {
    #[default]
    Sell,
    Buy,
    Tender,
}

/// What has been set for the next offer.
#[derive(Clone, Debug)]
pub(in crate::client::panels) struct OfferForm {
    delivery: Delivery,
    place: Place,
    good: Good,
    mass_kg: f64,
    price: f64,
    penalty: f64,
    closes_days: f64,
    days: f64,
    /// To these; to all if there are none.
    to: Vec<String>,
    machine: Option<Machine>,
    per_day: f64,
    hire_days: u32,
    deposit: f64,
    /// Of a machine for sale.
    sale: f64,
    sum: f64,
    percent: f64,
    loan_days: f64,
    pledged: Vec<Machine>,
    /// An offer of cover; the pool if there is none.
    cover: Option<u32>,
    offers_cover: bool,
    shipment: Option<u32>,
    venture: String,
    agreement: Agreement,
    shares: u64,
}

impl Default for OfferForm {
    fn default() -> Self {
        Self {
            delivery: Delivery::default(),
            place: Place::Site,
            good: Good::Water,
            mass_kg: 50.0,
            price: 50_000.0,
            penalty: 5_000.0,
            closes_days: 3.0,
            days: 30.0,
            to: Vec::new(),
            machine: None,
            per_day: 2_000.0,
            hire_days: 30,
            deposit: 50_000.0,
            sale: 1_000_000.0,
            sum: 100_000.0,
            percent: 8.0,
            loan_days: 180.0,
            pledged: Vec::new(),
            cover: None,
            offers_cover: false,
            shipment: None,
            venture: String::new(),
            agreement: Agreement {
                split: Split::ByContribution,
                pooled_percent: 20,
                reserve_percent: 10,
                entry_credits: 1_000,
                dissolve_percent: 51,
                pools_data: false,
                tradable: false,
            },
            shares: 10_000,
        }
    }
}

impl OfferForm {
    fn audience(&self) -> Audience {
        if self.to.is_empty() {
            Audience::Public
        } else {
            Audience::Only(self.to.clone())
        }
    }
}

pub(super) fn show(ui: &mut Ui, pane: &mut Pane, facts: &DealsFacts) {
    let order = match pane.forms.book.deals.kind {
        Kind::Delivery => delivery(ui, pane, facts),
        Kind::Hire => hire(ui, pane),
        Kind::Loans => loan(ui, pane),
        Kind::Insurance => insurance(ui, pane, facts),
        Kind::Ventures => venture(ui, pane),
        Kind::Estates => None,
    };
    if let Some(order) = order {
        pane.want(Intent::Give(order));
    }
}

/// Whom an offer is for.
fn whom(ui: &mut Ui, pane: &mut Pane) {
    let rivals = &pane.facts.rivals;
    let to = &mut pane.forms.book.deals.offer.to;
    ui.horizontal_wrapped(|ui| {
        name(ui, "To");
        if ui.add(Button::new("all").selected(to.is_empty())).clicked() {
            to.clear();
        }
        for rival in rivals {
            let is_in = to.contains(rival);
            let text = RichText::new(rival).color(theme::owner_accent(rival, &pane.facts.player));
            if ui.add(Button::new(text).selected(is_in)).clicked() {
                if is_in {
                    to.retain(|name| name != rival);
                } else {
                    to.push(rival.clone());
                }
            }
        }
    });
}

/// The player's own machines.
fn machines(pane: &Pane) -> Vec<Machine> {
    let seen = &pane.facts.seen;
    let robots = seen.robots.iter().filter(|robot| !robot.lost);
    let robots = robots.map(|robot| Machine::Robot(robot.name.clone()));
    let plants = seen.plants.iter();
    let plants = plants.map(|plant| Machine::Plant(plant.name.clone()));
    robots.chain(plants).collect()
}

fn choose_machine(ui: &mut Ui, pane: &mut Pane) -> Option<Machine> {
    let machines = machines(pane);
    let form = &mut pane.forms.book.deals.offer;
    if form
        .machine
        .as_ref()
        .is_none_or(|one| !machines.contains(one))
    {
        form.machine = machines.first().cloned();
    }
    match &mut form.machine {
        Some(machine) => choose(ui, "machine", machine, &machines, Machine::to_string),
        None => name(ui, NO_MACHINES),
    }
    form.machine.clone()
}

fn delivery(ui: &mut Ui, pane: &mut Pane, facts: &DealsFacts) -> Option<Order> {
    heading(ui, "New contract");
    let form = &mut pane.forms.book.deals.offer;
    ui.horizontal_wrapped(|ui| {
        for (kind, text, hint) in [
            (Delivery::Sell, "I sell", "Sets your penalty aside."),
            (Delivery::Buy, "I buy", "Sets your price aside."),
            (
                Delivery::Tender,
                "I call a tender",
                "Others make sealed offers; the lowest becomes a contract. Sets your highest price aside.",
            ),
        ] {
            let button = Button::new(text).selected(form.delivery == kind);
            if ui.add(button).on_hover_text(hint).clicked() {
                form.delivery = kind;
            }
        }
    });
    ui.horizontal_wrapped(|ui| {
        amount(ui, &mut form.mass_kg, 0.001..=1e9, " kg");
        name(ui, "of");
        let goods: Vec<Good> = Good::ALL
            .into_iter()
            .filter(|good| good.is_tradable())
            .collect();
        choose(ui, "contract good", &mut form.good, &goods, Good::to_string);
        name(ui, "at");
        choose(
            ui,
            "contract place",
            &mut form.place,
            &facts.places,
            Place::to_string,
        );
    });
    let is_tender = form.delivery == Delivery::Tender;
    ui.horizontal_wrapped(|ui| {
        name(ui, if is_tender { "for at most" } else { "for" });
        amount(ui, &mut form.price, 0.0..=1e12, " cr");
        name(
            ui,
            &format!("({})", format::price(form.price / form.mass_kg)),
        );
        name(ui, "penalty");
        amount(ui, &mut form.penalty, 0.0..=1e12, " cr");
    });
    ui.horizontal_wrapped(|ui| {
        if is_tender {
            name(ui, "open for");
            amount(ui, &mut form.closes_days, 0.05..=365.0, " days");
            name(ui, "then due in");
        } else {
            name(ui, "due in");
        }
        amount(ui, &mut form.days, 0.05..=3650.0, " days");
    });
    whom(ui, pane);
    let text = if is_tender {
        "Call the tender"
    } else {
        "Offer it"
    };
    if !ui.add(theme::primary_button(text)).clicked() {
        return None;
    }
    let form = &pane.forms.book.deals.offer;
    let (place, good, mass_kg) = (form.place.clone(), form.good, form.mass_kg);
    Some(match form.delivery {
        Delivery::Tender => Order::CallTender {
            place,
            good,
            mass_kg,
            price_max_credits: form.price,
            penalty_credits: form.penalty,
            closes_days: form.closes_days,
            days: form.days,
            to: form.audience(),
        },
        side => Order::OfferContract {
            side: match side {
                Delivery::Buy => Side::Buy,
                _ => Side::Sell,
            },
            place,
            good,
            mass_kg,
            price_credits: form.price,
            penalty_credits: form.penalty,
            days: form.days,
            to: form.audience(),
        },
    })
}

fn hire(ui: &mut Ui, pane: &mut Pane) -> Option<Order> {
    heading(ui, "Let or sell a machine of yours");
    let machine = ui.horizontal_wrapped(|ui| choose_machine(ui, pane)).inner?;
    let form = &mut pane.forms.book.deals.offer;
    ui.horizontal_wrapped(|ui| {
        name(ui, "for");
        amount(ui, &mut form.per_day, 0.0..=1e9, " cr a day");
        let mut days = f64::from(form.hire_days);
        amount(ui, &mut days, 1.0..=3650.0, " days");
        form.hire_days = days.round() as u32;
        name(ui, "deposit");
        amount(ui, &mut form.deposit, 0.0..=1e12, " cr");
    });
    weak(
        ui,
        "If it is lost, the deposit is yours. It goes over as it stands: unload it before.",
    );
    let form = &mut pane.forms.book.deals.offer;
    ui.horizontal_wrapped(|ui| {
        name(ui, "or for good, for");
        amount(ui, &mut form.sale, 0.0..=1e12, " cr");
    });
    whom(ui, pane);
    let form = &pane.forms.book.deals.offer;
    let (hires, sells) = ui
        .horizontal_wrapped(|ui| {
            let hires = ui.add(theme::primary_button("Offer it for hire")).clicked();
            (hires, ui.button("Offer it for sale").clicked())
        })
        .inner;
    if sells {
        return Some(Order::SellMachine {
            machine,
            price_credits: form.sale,
            to: form.audience(),
        });
    }
    hires.then(|| Order::OfferHire {
        machine,
        credits_per_day: form.per_day,
        days: form.hire_days,
        deposit_credits: form.deposit,
        to: form.audience(),
    })
}

fn loan(ui: &mut Ui, pane: &mut Pane) -> Option<Order> {
    heading(ui, "Ask for a loan");
    let machines = machines(pane);
    let form = &mut pane.forms.book.deals.offer;
    ui.horizontal_wrapped(|ui| {
        amount(ui, &mut form.sum, 1.0..=1e12, " cr");
        name(ui, "at");
        amount(ui, &mut form.percent, 0.0..=1000.0, " % a year");
        name(ui, "for");
        amount(ui, &mut form.loan_days, 1.0..=36_500.0, " days");
    });
    form.pledged.retain(|machine| machines.contains(machine));
    ui.horizontal_wrapped(|ui| {
        name(ui, "Pledge");
        for machine in &machines {
            let is_in = form.pledged.contains(machine);
            let button = Button::new(machine.to_string()).selected(is_in);
            if ui.add(button).clicked() {
                if is_in {
                    form.pledged.retain(|other| other != machine);
                } else {
                    form.pledged.push(machine.clone());
                }
            }
        }
    });
    weak(
        ui,
        "What is pledged stays at work, and is the lender's if you cannot pay at the end.",
    );
    whom(ui, pane);
    let form = &pane.forms.book.deals.offer;
    ui.add(theme::primary_button("Ask for it"))
        .clicked()
        .then(|| Order::RequestLoan {
            credits: form.sum,
            percent_per_year: form.percent,
            days: form.loan_days,
            collateral: form
                .pledged
                .iter()
                .cloned()
                .map(Collateral::Machine)
                .collect(),
            to: form.audience(),
        })
}

fn insurance(ui: &mut Ui, pane: &mut Pane, facts: &DealsFacts) -> Option<Order> {
    let mut order = None;
    heading(ui, "Insure a machine of yours");
    let machine = ui.horizontal_wrapped(|ui| choose_machine(ui, pane)).inner;
    let form = &mut pane.forms.book.deals.offer;
    let covers: Vec<Option<u32>> = std::iter::once(None)
        .chain(facts.trade.deals.iter().filter_map(|deal| match deal {
            DealView::Cover { deal, insurer, .. } if *insurer != pane.facts.player => {
                Some(Some(*deal))
            }
            _ => None,
        }))
        .collect();
    if !covers.contains(&form.cover) {
        form.cover = None;
    }
    ui.horizontal_wrapped(|ui| {
        name(ui, "for");
        amount(ui, &mut form.sum, 1.0..=1e12, " cr");
        amount(ui, &mut form.days, 1.0..=3650.0, " days");
        name(ui, "with");
        choose(ui, "cover", &mut form.cover, &covers, |cover| match cover {
            Some(deal) => format!("offer {deal}"),
            None => "the pool".to_owned(),
        });
        if let Some(machine) = &machine
            && ui.button("Insure it").on_hover_text(POOL).clicked()
        {
            order = Some(Order::Insure {
                machine: machine.clone(),
                sum_credits: form.sum,
                days: form.days,
                cover: form.cover,
            });
        }
    });
    let cargoes: Vec<u32> = pane
        .facts
        .seen
        .shipments
        .iter()
        .map(|each| each.id)
        .collect();
    if let Some(first) = cargoes.first() {
        ui.horizontal_wrapped(|ui| {
            name(ui, "Or a cargo:");
            let mut shipment = form
                .shipment
                .filter(|id| cargoes.contains(id))
                .unwrap_or(*first);
            choose(ui, "cargo", &mut shipment, &cargoes, |id| {
                let all = &pane.facts.seen.shipments;
                all.iter().find(|each| each.id == *id).map_or_else(
                    || id.to_string(),
                    |each| {
                        format!(
                            "{} of {} to {}",
                            format::mass(each.mass_kg),
                            each.good,
                            each.to
                        )
                    },
                )
            });
            form.shipment = Some(shipment);
            if ui.button("Insure the cargo").clicked() {
                order = Some(Order::InsureCargo {
                    shipment,
                    sum_credits: form.sum,
                });
            }
        });
    }
    ui.checkbox(&mut form.offers_cover, "I insure others");
    if form.offers_cover {
        ui.horizontal_wrapped(|ui| {
            name(ui, "Each up to");
            amount(ui, &mut form.price, 1.0..=1e12, " cr");
            name(ui, "at");
            amount(ui, &mut form.percent, 0.0..=1000.0, " % a year");
        });
        whom(ui, pane);
        let form = &pane.forms.book.deals.offer;
        if ui.button("Offer cover").clicked() {
            order = Some(Order::OfferCover {
                percent_per_year: form.percent,
                sum_max_credits: form.price,
                to: form.audience(),
            });
        }
    }
    order
}

fn venture(ui: &mut Ui, pane: &mut Pane) -> Option<Order> {
    heading(ui, "Found a venture");
    let rivals = pane.facts.rivals.clone();
    let player = pane.facts.player.clone();
    let form = &mut pane.forms.book.deals.offer;
    let agreement = &mut form.agreement;
    ui.horizontal_wrapped(|ui| {
        ui.add(
            TextEdit::singleline(&mut form.venture)
                .hint_text("Its name")
                .char_limit(40)
                .desired_width(150.0),
        );
        name(ui, "you bring");
        let mut shares = form.shares as f64;
        amount(ui, &mut shares, 0.0..=1e12, " cr");
        form.shares = shares.round() as u64;
        name(ui, "others at least");
        let mut entry = f64::from(agreement.entry_credits);
        amount(ui, &mut entry, 0.0..=1e9, " cr");
        agreement.entry_credits = entry.round() as u32;
    });
    ui.horizontal_wrapped(|ui| {
        for (text, percent, least) in [
            ("Members give", &mut agreement.pooled_percent, 0.0),
            ("it keeps", &mut agreement.reserve_percent, 0.0),
            ("ends by votes of", &mut agreement.dissolve_percent, 1.0),
        ] {
            name(ui, text);
            let mut value = f64::from(*percent);
            amount(ui, &mut value, least..=100.0, " %");
            *percent = value.round() as u8;
        }
    });
    ui.horizontal_wrapped(|ui| {
        name(ui, "Split");
        for (kind, text) in ["by shares", "equally", "by weights"]
            .into_iter()
            .enumerate()
        {
            let now = match agreement.split {
                Split::ByContribution => 0,
                Split::ByHead => 1,
                Split::ByWeights(_) => 2,
            };
            if ui.add(Button::new(text).selected(now == kind)).clicked() && now != kind {
                agreement.split = match kind {
                    0 => Split::ByContribution,
                    1 => Split::ByHead,
                    _ => {
                        let all = rivals.iter().chain([&player]);
                        Split::ByWeights(all.map(|name| (name.clone(), 1)).collect())
                    }
                };
            }
        }
        ui.checkbox(&mut agreement.pools_data, "share readings");
        ui.checkbox(&mut agreement.tradable, "shares can be sold");
    });
    if let Split::ByWeights(weights) = &mut agreement.split {
        ui.horizontal_wrapped(|ui| {
            for (who, weight) in weights {
                let mut value = f64::from(*weight);
                name(ui, who);
                amount(ui, &mut value, 0.0..=1e6, "");
                *weight = value.round() as u32;
            }
        });
    }
    weak(ui, &in_words(agreement).join(" "));
    notary(ui, pane);
    whom(ui, pane);
    let form = &pane.forms.book.deals.offer;
    let named = !form.venture.trim().is_empty();
    let found = ui
        .add_enabled(named, theme::primary_button("Found it"))
        .on_disabled_hover_text(capitalised("give it a name first"));
    found.clicked().then(|| Order::FoundVenture {
        venture: form.venture.trim().to_owned(),
        agreement: form.agreement.clone(),
        credits: form.shares,
        invite: form.audience(),
    })
}
