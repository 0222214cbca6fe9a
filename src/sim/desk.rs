//! The desk where orders are taken: each is checked by the rights of its sender and by what is,
//! and is carried out or refused with a reason. A refused order changes nothing.
//!
//! This module finds out who is meant and hands an order to those who know its trade:
//! `robot::command` for what a machine is to do, `robot::service` for work on machines, [`goods`]
//! for plants, stores, ships and markets, [`trade`] for deals between prospectors. Claims and survey
//! data stand here; [`settle`] lets time pass over what was agreed.

use bevy::ecs::system::SystemParam;
use bevy::prelude::*;

use super::asteroid::Terrain;
use super::economy::commerce::{Commerce, Party};
use super::economy::fleet::Machine;
use super::economy::ledger::Ledger;
use super::economy::markets::Markets;
use super::law::claims::Registry;
use super::law::regime::Regime;
use super::level::modules::Catalogue;
use super::order::{Inbox, Issued, Log, Order, Refusal, Severity, Taken, Waiting};
use super::plant::Plant;
use super::prospecting::trade::{self as survey_trade, DataMarket, Receipt};
use super::prospector::{ProspectorId, Prospectors};
use super::robot::Robot;
use super::robot::atlas::Atlas;
use super::robot::command::Commanded;
use super::{Accounts, Clock, Terms};

pub mod goods;
mod law;
pub mod settle;
mod trade;

/// Everything that an order may look at or change.
#[derive(SystemParam)]
pub struct Desk<'w, 's> {
    pub(super) catalogue: Res<'w, Catalogue>,
    pub(super) clock: Res<'w, Clock>,
    pub(super) terms: Res<'w, Terms>,
    pub(super) accounts: Res<'w, Accounts>,
    pub(super) terrain: Res<'w, Terrain>,
    pub(super) atlas: Res<'w, Atlas>,
    pub(super) prospectors: ResMut<'w, Prospectors>,
    pub(super) ledger: ResMut<'w, Ledger>,
    pub(super) markets: ResMut<'w, Markets>,
    pub(super) registry: ResMut<'w, Registry>,
    pub(super) data: ResMut<'w, DataMarket>,
    pub(super) commerce: ResMut<'w, Commerce>,
    pub(super) regime: ResMut<'w, Regime>,
    pub(super) log: ResMut<'w, Log>,
    pub(super) robots: Query<'w, 's, Commanded>,
    pub(super) plants: Query<'w, 's, &'static mut Plant>,
}

/// Takes the orders that are due.
///
/// Robots change hands between two orders, for a desk only reads them.
pub(super) fn take_orders(
    mut inbox: ResMut<Inbox>,
    mut parts: ParamSet<(Desk, Query<&mut Robot>)>,
) {
    let now_ms = parts.p0().clock.time_ms();
    let mut due = inbox.take_due(now_ms).into_iter();
    while 0 < due.len() {
        let handed_over = parts.p0().work_off(&mut due);
        if !handed_over.is_empty() {
            settle::assign(handed_over, &mut parts.p1());
        }
    }
}

impl Desk<'_, '_> {
    /// Takes orders until one makes machines change hands, or all are taken; returns those machines.
    fn work_off(&mut self, due: &mut impl Iterator<Item = Waiting>) -> Vec<(Machine, Party)> {
        let (now_ms, tick) = (self.clock.time_ms(), self.clock.tick());
        for Waiting { issued, scripted } in due {
            let Issued { by, order, .. } = &issued;
            let answer = self.answer(by, order);
            if let Err(refusal) = &answer {
                let text = format!("refused: {order}: {refusal}");
                self.log.tell(now_ms, by, Severity::Refused, text);
            }
            self.log.record(Taken {
                tick,
                scripted,
                answer,
                issued,
            });
            let handed_over = self.commerce.take_handed_over();
            if !handed_over.is_empty() {
                return handed_over;
            }
        }
        Vec::new()
    }

    fn answer(&mut self, by: &str, order: &Order) -> Result<(), Refusal> {
        let Some(sender) = self.prospectors.find(by) else {
            return Err(Refusal::because(format!("there is no prospector \"{by}\"")));
        };
        self.check_bonds(sender, order)?;
        match order {
            order if order.is_about_goods() => self.order_goods(sender, order),
            Order::OfferData { .. }
            | Order::WithdrawOffer { .. }
            | Order::BuyData { .. }
            | Order::ShareData { .. } => self.trade_data(sender, order),
            Order::Dig { .. } => {
                self.permit_digging(sender)?;
                self.command_robot(sender, order)?;
                self.begin_digging(sender);
                Ok(())
            }
            order if order.is_legal() => self.practise_law(sender, order),
            order if order.is_trade() => self.trade(sender, order),
            order if order.is_service() => self.serve(sender, order),
            _ => self.command_robot(sender, order),
        }
    }

    fn trade_data(&mut self, sender: ProspectorId, order: &Order) -> Result<(), Refusal> {
        let now_ms = self.clock.time_ms();
        let prospectors = &mut *self.prospectors;
        let by = prospectors.name(sender).to_owned();
        let mut tell = |to: &str, text: String| self.log.tell(now_ms, to, Severity::Info, text);
        match order {
            Order::OfferData {
                readings,
                price_credits,
                to,
            } => {
                let price = *price_credits;
                let id = self
                    .data
                    .offer(now_ms, prospectors, sender, readings, price, to)?;
                tell(
                    &by,
                    format!("offer {id} stands: survey data for {price:.0} credits"),
                );
                for (other, prospector) in prospectors.iter() {
                    if other != sender && self.data.is_open_to(id, other) {
                        let text =
                            format!("{by} offers survey data for {price:.0} credits, offer {id}");
                        tell(&prospector.name, text);
                    }
                }
            }
            Order::WithdrawOffer { offer } => {
                self.data.withdraw(sender, *offer)?;
                tell(&by, format!("offer {offer} is withdrawn"));
            }
            Order::BuyData { offer } => {
                let ledger = &mut self.ledger;
                let Receipt {
                    seller,
                    readings,
                    price_credits,
                    ..
                } = self.data.buy(now_ms, prospectors, ledger, sender, *offer)?;
                tell(
                    &by,
                    format!(
                        "bought {readings} readings of {seller} for {price_credits:.0} credits"
                    ),
                );
                tell(
                    &seller,
                    format!(
                        "{by} bought {readings} readings, offer {offer}, for {price_credits:.0} credits"
                    ),
                );
            }
            Order::ShareData { readings, with } => {
                let (count, takers) =
                    survey_trade::share(now_ms, prospectors, sender, readings, with)?;
                tell(&by, format!("{count} readings are shared with {with}"));
                for taker in takers {
                    tell(
                        prospectors.name(taker),
                        format!("{by} shares {count} readings with you"),
                    );
                }
            }
            _ => unreachable!("not about data"),
        }
        Ok(())
    }
}
