//! Trade in survey data: offers that stand, one's own to give, and what was bought and sold. What an
//! offer holds can be seen before it is paid for, what it says cannot.

use bevy_egui::egui::{Button, ComboBox, DragValue, Grid, RichText, ScrollArea, Ui, vec2};

use super::facts::Facts;
use super::fleet::capitalised;
use super::{Intent, Pane, format};
use crate::client::theme;
use crate::sim::observation::OwnRobot;
use crate::sim::order::Order;
use crate::sim::prospecting::trade::{Audience, Choice, Circle, OfferView, PRICE_MAX_CREDITS};
use crate::sim::prospecting::{Instrument, Provenance};

const NO_OFFERS: &str = "Nobody offers readings to you.";
const NO_OWN: &str = "You have no readings of your own yet: what was bought is not yours to give.";
const NOBODY: &str = "There is nobody else here.";
const NONE_FIT: &str = "None of your readings fit.";
const LOOK: &str = "Look";
const BUY: &str = "Buy";
const WITHDRAW: &str = "Withdraw";
const OFFER: &str = "Offer";
const SHARE: &str = "Give away";
const SURE: &str = "Sure? They cannot be taken back";
const NOTE: &str = "An offer holds the readings of the time when it was made. A buyer sees how many, \
                    of what, where and how good they are, and no value before paying.";

/// What the player has chosen to give.
#[derive(Clone, Debug)]
pub(super) struct TradeForm {
    instrument: Option<Instrument>,
    robot: Option<String>,
    /// Only near the selected robot.
    is_near: bool,
    radius_m: f64,
    price: f64,
    /// To these; to all if there are none.
    to: Vec<String>,
    /// Giving away was asked for, once.
    is_asked: bool,
}

impl Default for TradeForm {
    fn default() -> Self {
        Self {
            instrument: None,
            robot: None,
            is_near: false,
            radius_m: 20.0,
            price: 1000.0,
            to: Vec::new(),
            is_asked: false,
        }
    }
}

impl TradeForm {
    fn choice(&self, selected: Option<&OwnRobot>) -> Choice {
        Choice {
            instrument: self.instrument,
            robot: self.robot.clone(),
            since_ms: None,
            around: selected.filter(|_| self.is_near).map(|robot| Circle {
                centre_m: robot.position_m.as_dvec3().to_array(),
                radius_m: self.radius_m,
            }),
        }
    }

    fn audience(&self) -> Audience {
        if self.to.is_empty() {
            Audience::Public
        } else {
            Audience::Only(self.to.clone())
        }
    }
}

pub(super) fn show(ui: &mut Ui, pane: &mut Pane) {
    ScrollArea::vertical()
        .id_salt("trade")
        .auto_shrink([false, false])
        .show(ui, |ui| {
            heading(ui, "Offers");
            offers(ui, pane);
            ui.add_space(6.0);
            heading(ui, "Your readings");
            give(ui, pane);
            ui.add_space(6.0);
            receipts(ui, pane.facts);
            ui.label(RichText::new(NOTE).small().color(theme::TEXT_WEAK));
        });
}

fn heading(ui: &mut Ui, text: &str) {
    ui.label(RichText::new(text).color(theme::TEXT_STRONG));
}

fn offers(ui: &mut Ui, pane: &mut Pane) {
    let facts = pane.facts;
    if facts.seen.data_offers.is_empty() {
        ui.label(RichText::new(NO_OFFERS).color(theme::TEXT_WEAK));
        return;
    }
    Grid::new("offers")
        .num_columns(6)
        .striped(true)
        .spacing(vec2(12.0, 5.0))
        .show(ui, |ui| {
            for name in ["From", "Readings", "New", "Water", "Price", ""] {
                ui.label(RichText::new(name).color(theme::TEXT_WEAK));
            }
            ui.end_row();
            for offer in &facts.seen.data_offers {
                offer_row(ui, pane, offer);
            }
        });
}

fn offer_row(ui: &mut Ui, pane: &mut Pane, offer: &OfferView) {
    let facts = pane.facts;
    let is_own = offer.seller == facts.player;
    ui.label(RichText::new(&offer.seller).color(pane.accent(&offer.seller)));
    let span = match offer.radius_m {
        radius_m if radius_m < 0.5 => "one place".to_owned(),
        radius_m => format!("{} around", format::length(f64::from(radius_m))),
    };
    ui.monospace(format!("{} in {span}", offer.readings))
        .on_hover_ui(|ui| covers(ui, offer));
    ui.monospace(if is_own {
        "–".to_owned()
    } else {
        offer.new_to_you.to_string()
    })
    .on_hover_text("Readings of it that you do not hold yet");
    let water = offer.water_std;
    ui.monospace(water.map_or("–".to_owned(), |std| format!("± {:.1} %", 100.0 * std)))
        .on_hover_text("How well its readings know the water, on the average");
    ui.monospace(format::credits(offer.price_credits));
    ui.horizontal(|ui| {
        if ui.button(LOOK).clicked() {
            pane.want(Intent::LookAt(offer.centre_m));
        }
        if is_own {
            if ui.button(WITHDRAW).clicked() {
                pane.want(Intent::Give(Order::WithdrawOffer { offer: offer.id }));
            }
            let to = if offer.public { "to all" } else { "to some" };
            ui.label(RichText::new(to).color(theme::TEXT_WEAK));
            return;
        }
        let hindrance = buying_hindrance(offer, facts.seen.credits);
        let buy = ui
            .add_enabled(hindrance.is_none(), Button::new(BUY))
            .on_disabled_hover_text(hindrance.unwrap_or_default());
        if buy.clicked() {
            pane.want(Intent::Give(Order::BuyData { offer: offer.id }));
        }
    });
    ui.end_row();
}

fn buying_hindrance(offer: &OfferView, credits: f64) -> Option<&'static str> {
    if offer.new_to_you == 0 {
        Some("You hold all of these readings already.")
    } else if credits < offer.price_credits {
        Some("You have not the money for it.")
    } else {
        None
    }
}

/// All that can be told of an offer.
fn covers(ui: &mut Ui, offer: &OfferView) {
    for (instrument, count) in &offer.instruments {
        theme::fact(ui, &capitalised(&instrument.to_string()), count.to_string());
    }
    let goods: Vec<String> = offer.constituents.iter().map(ToString::to_string).collect();
    if !goods.is_empty() {
        ui.label(RichText::new(format!("Tells of {}.", goods.join(", "))).color(theme::TEXT));
    }
    theme::fact(ui, "Oldest", format::stamp(offer.oldest_ms));
    theme::fact(ui, "Newest", format::stamp(offer.newest_ms));
    theme::fact(ui, "Offered", format::stamp(offer.made_at_ms));
}

fn give(ui: &mut Ui, pane: &mut Pane) {
    let facts = pane.facts;
    let own = || {
        let held = facts.seen.readings.iter();
        held.filter(|held| held.provenance == Provenance::Own)
            .map(|held| &held.reading)
    };
    if own().next().is_none() {
        ui.label(RichText::new(NO_OWN).color(theme::TEXT_WEAK));
        return;
    }
    if facts.rivals.is_empty() {
        ui.label(RichText::new(NOBODY).color(theme::TEXT_WEAK));
        return;
    }
    let selected = facts
        .seen
        .robots
        .iter()
        .find(|robot| Some(&robot.name) == pane.selection.robot.as_ref());
    let mut instruments: Vec<Instrument> = Vec::new();
    let mut robots: Vec<&str> = Vec::new();
    for reading in own() {
        if !instruments.contains(&reading.instrument) {
            instruments.push(reading.instrument);
        }
        if !robots.contains(&reading.robot.as_str()) {
            robots.push(&reading.robot);
        }
    }
    let form = &mut pane.forms.trade;
    ui.horizontal_wrapped(|ui| {
        weak(ui, "By");
        ComboBox::from_id_salt("trade instrument")
            .selected_text(
                form.instrument
                    .map_or("any instrument".to_owned(), |i| i.to_string()),
            )
            .show_ui(ui, |ui| {
                ui.selectable_value(&mut form.instrument, None, "any instrument");
                for instrument in instruments {
                    let name = instrument.to_string();
                    ui.selectable_value(&mut form.instrument, Some(instrument), name);
                }
            });
        weak(ui, "of");
        ComboBox::from_id_salt("trade robot")
            .selected_text(form.robot.as_deref().unwrap_or("any robot"))
            .show_ui(ui, |ui| {
                ui.selectable_value(&mut form.robot, None, "any robot");
                for robot in robots {
                    let value = Some(robot.to_owned());
                    ui.selectable_value(&mut form.robot, value, robot);
                }
            });
        if let Some(selected) = selected {
            ui.checkbox(&mut form.is_near, "within");
            ui.add(
                DragValue::new(&mut form.radius_m)
                    .range(0.5..=1e6)
                    .speed(0.5)
                    .max_decimals(1)
                    .suffix(" m"),
            );
            weak(ui, &format!("of {}", selected.name));
        }
    });
    ui.horizontal_wrapped(|ui| {
        weak(ui, "To");
        let mut to_all = form.to.is_empty();
        if ui.checkbox(&mut to_all, "all").clicked() {
            form.to.clear();
        }
        for rival in &facts.rivals {
            let mut is_in = form.to.contains(rival);
            if ui.checkbox(&mut is_in, rival).clicked() {
                if is_in {
                    form.to.push(rival.clone());
                } else {
                    form.to.retain(|name| name != rival);
                }
            }
        }
        weak(ui, "for");
        ui.add(
            DragValue::new(&mut form.price)
                .range(0.0..=PRICE_MAX_CREDITS)
                .speed(50.0)
                .max_decimals(0)
                .suffix(" cr"),
        );
    });
    let readings = form.choice(selected);
    let count = own().filter(|reading| readings.takes(reading)).count();
    let to = form.audience();
    let (price_credits, is_asked) = (form.price, form.is_asked);
    ui.horizontal(|ui| {
        let text = match count {
            0 => NONE_FIT.to_owned(),
            1 => "One reading".to_owned(),
            _ => format!("{count} readings"),
        };
        let any = 0 < count;
        if ui.add_enabled(any, theme::primary_button(OFFER)).clicked() {
            pane.want(Intent::Give(Order::OfferData {
                readings: readings.clone(),
                price_credits,
                to: to.clone(),
            }));
        }
        let text_of = if is_asked {
            RichText::new(SURE).color(theme::AMBER)
        } else {
            RichText::new(SHARE)
        };
        if ui.add_enabled(any, Button::new(text_of)).clicked() {
            pane.forms.trade.is_asked = !is_asked;
            if is_asked {
                pane.want(Intent::Give(Order::ShareData { readings, with: to }));
            }
        }
        weak(ui, &text);
    });
}

fn weak(ui: &mut Ui, text: &str) {
    ui.label(RichText::new(text).color(theme::TEXT_WEAK));
}

fn receipts(ui: &mut Ui, facts: &Facts) {
    if facts.seen.data_receipts.is_empty() {
        return;
    }
    heading(ui, "Bought and sold");
    for receipt in facts.seen.data_receipts.iter().rev() {
        let (verb, other, amount) = if receipt.buyer == facts.player {
            ("bought of", &receipt.seller, -receipt.price_credits)
        } else {
            ("sold to", &receipt.buyer, receipt.price_credits)
        };
        ui.horizontal(|ui| {
            ui.label(
                RichText::new(format::stamp(receipt.at_ms))
                    .monospace()
                    .color(theme::TEXT_WEAK),
            );
            ui.label(format!("{} readings {verb} {other}", receipt.readings));
            ui.monospace(format::credit_change(amount));
        });
    }
}

#[cfg(test)]
mod tests {
    use bevy::math::Vec3;

    use super::super::orders::tests::robot;
    use super::*;

    #[test]
    fn an_offer_is_to_all_unless_somebody_is_named_and_near_means_the_selected_robot() {
        let mut form = TradeForm::default();
        assert_eq!(form.audience(), Audience::Public);
        form.to.push("hydra".into());
        assert_eq!(form.audience(), Audience::Only(vec!["hydra".into()]));
        assert_eq!(form.choice(Some(&robot())), Choice::default());
        form.is_near = true;
        let circle = form.choice(Some(&robot())).around.expect("a circle");
        assert_eq!(circle.centre_m, [250.0, 0.0, 0.0]);
        assert_eq!(form.choice(None).around, None);
    }

    #[test]
    fn nobody_pays_for_what_they_hold_or_cannot_afford() {
        let mut offer = OfferView {
            id: 1,
            seller: "hydra".into(),
            price_credits: 500.0,
            public: true,
            made_at_ms: 0,
            readings: 3,
            instruments: Vec::new(),
            constituents: Vec::new(),
            oldest_ms: 0,
            newest_ms: 0,
            centre_m: Vec3::ZERO,
            radius_m: 4.0,
            water_std: None,
            new_to_you: 3,
        };
        assert_eq!(buying_hindrance(&offer, 600.0), None);
        assert!(buying_hindrance(&offer, 400.0).is_some());
        offer.new_to_you = 0;
        assert!(buying_hindrance(&offer, 600.0).is_some());
    }
}
