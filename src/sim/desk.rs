//! The desk where orders are taken: each is checked by the rights of its sender and by what is,
//! and is carried out or refused with a reason. A refused order changes nothing.
//!
//! This module finds out who is meant and hands an order to those who know its trade:
//! `robot::command` for what a machine is to do, `robot::service` for work on machines, [`trade`] for
//! deals between prospectors. What is sold to a node and claimed stands here; [`settle`] lets time
//! pass over what was agreed.

use bevy::ecs::system::SystemParam;
use bevy::prelude::*;

use super::asteroid::Terrain;
use super::economy::commerce::Commerce;
use super::economy::ledger::{Ledger, Memo};
use super::economy::market::Market;
use super::law::claims::{ClaimRequest, Registry};
use super::law::regime::Regime;
use super::level::modules::Catalogue;
use super::order::{Inbox, Issued, Log, Order, Refusal, Severity, Taken};
use super::plant::Plant;
use super::prospecting::trade::{self as survey_trade, DataMarket, Receipt};
use super::prospector::{ProspectorId, Prospectors};
use super::robot::command::{Commanded, own_robot};
use super::voyage::rocket;
use super::{Accounts, Clock, Terms};

pub mod settle;
mod trade;

/// Largest weight of one order's water [kg]: more is a slip of the pen.
const SALE_MAX_KG: f64 = 1e9;

/// Everything that an order may look at or change.
#[derive(SystemParam)]
pub struct Desk<'w, 's> {
    pub(super) catalogue: Res<'w, Catalogue>,
    pub(super) clock: Res<'w, Clock>,
    pub(super) terms: Res<'w, Terms>,
    pub(super) accounts: Res<'w, Accounts>,
    pub(super) terrain: Res<'w, Terrain>,
    pub(super) prospectors: ResMut<'w, Prospectors>,
    pub(super) ledger: ResMut<'w, Ledger>,
    pub(super) market: ResMut<'w, Market>,
    pub(super) registry: ResMut<'w, Registry>,
    pub(super) data: ResMut<'w, DataMarket>,
    pub(super) commerce: ResMut<'w, Commerce>,
    pub(super) regime: ResMut<'w, Regime>,
    pub(super) log: ResMut<'w, Log>,
    pub(super) robots: Query<'w, 's, Commanded>,
    pub(super) plants: Query<'w, 's, &'static mut Plant>,
}

/// Takes the orders that are due.
pub(super) fn take_orders(mut inbox: ResMut<Inbox>, mut desk: Desk) {
    let now_ms = desk.clock.time_ms();
    for waiting in inbox.take_due(now_ms) {
        let Issued { by, order, .. } = &waiting.issued;
        let answer = desk.answer(by, order);
        if let Err(refusal) = &answer {
            let text = format!("refused: {order}: {refusal}");
            desk.log.tell(now_ms, by, Severity::Refused, text);
        }
        let tick = desk.clock.tick();
        desk.log.record(Taken {
            tick,
            scripted: waiting.scripted,
            answer,
            issued: waiting.issued,
        });
    }
}

impl Desk<'_, '_> {
    fn answer(&mut self, by: &str, order: &Order) -> Result<(), Refusal> {
        let Some(sender) = self.prospectors.find(by) else {
            return Err(Refusal::because(format!("there is no prospector \"{by}\"")));
        };
        match order {
            Order::Sell { plant, mass_kg } => self.sell(sender, plant, *mass_kg),
            Order::FileClaim { robot, radius_m } => self.file_claim(sender, robot, *radius_m),
            Order::OfferData { .. }
            | Order::WithdrawOffer { .. }
            | Order::BuyData { .. }
            | Order::ShareData { .. } => self.trade_data(sender, order),
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

    fn file_claim(
        &mut self,
        sender: ProspectorId,
        robot: &str,
        radius_m: f64,
    ) -> Result<(), Refusal> {
        let (robot, motion, ..) = own_robot(&mut self.robots, sender, robot)?;
        if !(motion.at_rest || motion.touching) {
            return Err(Refusal::because(format!(
                "{} must stand on the claim",
                robot.name
            )));
        }
        let at_m = motion.position_m.as_dvec3();
        let request = ClaimRequest {
            holder: self.prospectors.name(sender).to_owned(),
            centre_m: at_m - robot.half_height_m() * self.terrain.up(at_m),
            radius_m,
        };
        self.registry
            .check(&request)
            .map_err(|refusal| Refusal::because(refusal.to_string()))?;
        let fee_ucr = self.regime.charter().claim_fee_ucr();
        let now_ms = self.clock.time_ms();
        let payer = self.prospectors.get(sender).account;
        self.ledger
            .transfer(
                now_ms,
                payer,
                self.accounts.registry,
                fee_ucr,
                Memo::ClaimFee,
            )
            .map_err(|_| {
                Refusal::because(format!(
                    "the fee is {:.0} credits, more than there is",
                    1e-6 * fee_ucr as f64
                ))
            })?;
        let id = self
            .registry
            .file(now_ms, request)
            .expect("the request has just been checked");
        let holder = self.prospectors.name(sender);
        self.log.announce(
            now_ms,
            format!(
                "{holder} holds claim {}, {radius_m:.0} m around {}",
                id.0, robot.name
            ),
        );
        Ok(())
    }

    fn sell(&mut self, sender: ProspectorId, plant: &str, mass_kg: f64) -> Result<(), Refusal> {
        if !(0.001 <= mass_kg && mass_kg <= SALE_MAX_KG) {
            return Err(Refusal::because(format!(
                "mass_kg = {mass_kg} must be from 0.001 to {SALE_MAX_KG:e} kg"
            )));
        }
        let mut plant = self
            .plants
            .iter_mut()
            .find(|candidate| candidate.name == plant)
            .ok_or_else(|| Refusal::because(format!("there is no plant \"{plant}\"")))?;
        if plant.owner != sender {
            return Err(Refusal::because(format!("{} is not yours", plant.name)));
        }
        let mass_g = (1e3 * mass_kg).round() as i64;
        if plant.water_g() < mass_g {
            return Err(Refusal::because(format!(
                "the tank of {} holds {:.3} kg of water, not {mass_kg} kg",
                plant.name,
                1e-3 * plant.water_g() as f64
            )));
        }
        let freight = &self.terms.freight;
        let rocket::Freight {
            burnt_g,
            delivered_g: arriving_g,
        } = rocket::freight(mass_g, 1e3 * freight.delta_v_km_s, freight.isp_s);
        let fee_ucr = (freight.fee_credits_per_kg * mass_g as f64 * 1e3).ceil() as i64;
        let quote = self.market.quote(arriving_g);
        if quote.proceeds_ucr < fee_ucr {
            return Err(Refusal::because(format!(
                "the freight of {:.0} credits would eat the {:.0} that {} pays",
                1e-6 * fee_ucr as f64,
                1e-6 * quote.proceeds_ucr as f64,
                self.market.node()
            )));
        }
        let now_ms = self.clock.time_ms();
        let seller = self.prospectors.get(sender).account;
        let accounts = &self.accounts;
        let mut book = |from, to, amount, memo| {
            self.ledger
                .transfer(now_ms, from, to, amount, memo)
                .expect("cover was checked above");
        };
        let quote = self.market.sell(arriving_g);
        book(
            plant.water_account,
            accounts.exhaust,
            burnt_g,
            Memo::Freight,
        );
        book(plant.water_account, accounts.sold, arriving_g, Memo::Sold);
        book(accounts.buyer, seller, quote.proceeds_ucr, Memo::Sold);
        book(seller, accounts.carrier, fee_ucr, Memo::Freight);
        plant.ship_water(mass_g);
        let earned = 1e-6 * (quote.proceeds_ucr - fee_ucr) as f64;
        self.log.tell(
            now_ms,
            self.prospectors.name(sender),
            Severity::Info,
            format!(
                "sold {:.1} kg at {} for {:.0} credits/kg; {:.1} kg were burnt on the way; {earned:.0} credits net of freight",
                1e-3 * arriving_g as f64,
                self.market.node(),
                quote.unit_price_credits_per_kg(),
                1e-3 * burnt_g as f64,
            ),
        );
        Ok(())
    }
}
