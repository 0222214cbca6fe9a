//! Orders about goods: what plants make of rock and for whom, stores, ships, and sales to the
//! markets of nodes.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::Desk;
use crate::sim::economy::good::Good;
use crate::sim::economy::ledger::{AccountId, AccountKind, Memo, Unit};
use crate::sim::economy::stores::Place;
use crate::sim::economy::tables::EARTH;
use crate::sim::law::treasury::Sale;
use crate::sim::order::{Order, Refusal, Severity};
use crate::sim::plant::process::{Input, Process};
use crate::sim::plant::queue::{Opening, Toll};
use crate::sim::plant::{BAKE, Plant, STAND_STILL};
use crate::sim::prospecting::trade::{Audience, audience};
use crate::sim::prospector::ProspectorId;
use crate::sim::voyage::rocket;
use crate::sim::voyage::shipping::Route;

/// Largest weight of one order's goods [kg]: more is a slip of the pen.
const MASS_MAX_KG: f64 = 1e9;
/// Highest tariff [credits/kg].
const TARIFF_MAX_CREDITS_PER_KG: f64 = 1e9;

/// What a lot would really bring, and what it would do to the price.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct SaleQuote {
    pub node: String,
    pub good: Good,
    /// Asked about.
    pub mass_kg: f64,
    /// Price of the next gram: what is printed everywhere, and what no lot brings.
    pub spot_credits_per_kg: f64,
    /// That comes to the node; the rest is burnt on the way.
    pub arrives_kg: f64,
    /// Paid at the node for each kilogram of it.
    pub lot_credits_per_kg: f64,
    pub gross_credits: f64,
    /// Carrier, and bought propellant.
    pub freight_credits: f64,
    /// What is left to the seller.
    pub net_credits: f64,
    /// Chance that the cargo is lost on the way, and the days until it is there, from the next
    /// departure on.
    pub loss_chance: f64,
    pub transit_days: f64,
    /// Of the next gram, after the lot.
    pub price_after_credits_per_kg: f64,
    /// Until the price is back within a hundredth of the spot price of today, if nobody sells
    /// more; `None` if that takes over a century.
    pub recovery_days: Option<f64>,
}

impl Desk<'_, '_> {
    pub(super) fn order_goods(
        &mut self,
        sender: ProspectorId,
        order: &Order,
    ) -> Result<(), Refusal> {
        match order {
            Order::Sell { plant, mass_kg } => self.sell(sender, plant, *mass_kg),
            Order::SetProcess {
                plant,
                process,
                mass_kg,
            } => self.set_process(sender, plant, process, *mass_kg),
            Order::OpenPlant {
                plant,
                tariff_credits_per_kg,
                product_share,
                to,
            } => self.open_plant(sender, plant, *tariff_credits_per_kg, *product_share, to),
            Order::ClosePlant { plant } => self.close_plant(sender, plant),
            Order::StoreWater { plant, mass_kg } => self.pump(sender, plant, *mass_kg, true),
            Order::LoadWater { plant, mass_kg } => self.pump(sender, plant, *mass_kg, false),
            Order::Ship {
                from,
                to,
                good,
                mass_kg,
                buy_propellant,
            } => self.ship(sender, (from, to), *good, *mass_kg, *buy_propellant),
            Order::SellGoods {
                node,
                good,
                mass_kg,
            } => self.sell_goods(sender, node, *good, *mass_kg),
            Order::BuyOnEarth { good, mass_kg } => self.buy_on_earth(sender, *good, *mass_kg),
            _ => unreachable!("not about goods"),
        }
    }

    fn own_plant_of(&mut self, sender: ProspectorId, name: &str) -> Result<&mut Plant, Refusal> {
        let plant = self
            .plants
            .iter_mut()
            .find(|candidate| candidate.name == name)
            .ok_or_else(|| Refusal::because(format!("there is no plant \"{name}\"")))?;
        if plant.owner != sender {
            return Err(Refusal::because(format!("{name} is not yours")));
        }
        Ok(plant.into_inner())
    }

    fn tell(&mut self, to: ProspectorId, text: String) {
        let now_ms = self.clock.time_ms();
        let name = self.prospectors.name(to);
        self.log.tell(now_ms, name, Severity::Info, text);
    }

    fn set_process(
        &mut self,
        sender: ProspectorId,
        plant: &str,
        process: &str,
        mass_kg: Option<f64>,
    ) -> Result<(), Refusal> {
        let batch_g = mass_kg.map(grams_of).transpose()?;
        let recipe = self.catalogue.processes.get(process).cloned();
        let plant = self.own_plant_of(sender, plant)?;
        let equipped: Vec<&str> = plant.processes().collect();
        if !equipped.contains(&process) {
            return Err(Refusal::because(format!(
                "{} is equipped for {}, not for \"{process}\"",
                plant.name,
                equipped.join(", ")
            )));
        }
        let recipe = match recipe {
            _ if process == BAKE => plant.kind.baking(),
            // It goes on with whatever it is set to next.
            _ if process == STAND_STILL => Process {
                title: "stands still".to_owned(),
                ..plant.kind.baking()
            },
            Some(recipe) => recipe,
            None => {
                return Err(Refusal::because(format!(
                    "there is no process \"{process}\""
                )));
            }
        };
        if batch_g.is_some() && !matches!(recipe.input, Input::Goods(_)) {
            return Err(Refusal::because(format!(
                "{process} works on what is in the hopper: leave mass_kg out"
            )));
        }
        let text = format!("{} {}", plant.name, recipe.title);
        plant.process = process.to_owned();
        plant.recipe = Arc::new(recipe);
        plant.batch_g = batch_g;
        plant.heat_j = 0.0;
        self.tell(sender, text);
        Ok(())
    }

    fn open_plant(
        &mut self,
        sender: ProspectorId,
        plant: &str,
        tariff_credits_per_kg: f64,
        product_share: f64,
        to: &Audience,
    ) -> Result<(), Refusal> {
        for (field, value, max) in [
            (
                "tariff_credits_per_kg",
                tariff_credits_per_kg,
                TARIFF_MAX_CREDITS_PER_KG,
            ),
            ("product_share", product_share, 1.0),
        ] {
            if !(0.0..=max).contains(&value) {
                return Err(Refusal::because(format!(
                    "{field} = {value} must be from 0 to {max:e}"
                )));
            }
        }
        let to = audience(&self.prospectors, sender, to)?;
        let plant = self.own_plant_of(sender, plant)?;
        plant.opening = Some(Opening {
            toll: Toll {
                tariff_ucr_per_kg: (1e6 * tariff_credits_per_kg).round() as i64,
                product_share_ppm: (1e6 * product_share).round() as u64,
            },
            to,
        });
        let opening = plant.opening.clone();
        let name = plant.name.clone();
        let by = self.prospectors.name(sender).to_owned();
        let text = format!(
            "{by} opens {name} to others' rock, for {tariff_credits_per_kg} credits/kg and {:.1} % of the products",
            100.0 * product_share
        );
        let guests: Vec<ProspectorId> = self
            .prospectors
            .iter()
            .map(|(id, _)| id)
            .filter(|id| opening.as_ref().is_some_and(|open| open.admits(*id)))
            .collect();
        for guest in guests {
            self.tell(guest, text.clone());
        }
        Ok(())
    }

    fn close_plant(&mut self, sender: ProspectorId, plant: &str) -> Result<(), Refusal> {
        let plant = self.own_plant_of(sender, plant)?;
        if plant.opening.take().is_none() {
            return Err(Refusal::because(format!(
                "{} is open to nobody",
                plant.name
            )));
        }
        let text = format!(
            "{} takes no more rock of others; what is in the hopper is worked off",
            plant.name
        );
        self.tell(sender, text);
        Ok(())
    }

    /// Pumps water from a plant's tank into the store at the site, or back.
    fn pump(
        &mut self,
        sender: ProspectorId,
        plant: &str,
        mass_kg: f64,
        into_store: bool,
    ) -> Result<(), Refusal> {
        let mass_g = grams_of(mass_kg)?;
        let now_ms = self.clock.time_ms();
        let name = self.prospectors.name(sender).to_owned();
        let stored_g = self
            .commerce
            .stores
            .held_g(&self.ledger, &name, &Place::Site, Good::Water);
        let plant = self.own_plant_of(sender, plant)?;
        let (there_g, what) = if into_store {
            (plant.water_g(), format!("the tank of {}", plant.name))
        } else {
            (stored_g, "your store at the site".to_owned())
        };
        if there_g < mass_g {
            return Err(Refusal::because(format!(
                "{what} holds {:.3} kg of water, not {mass_kg} kg",
                1e-3 * there_g as f64
            )));
        }
        let room_g = (1e3 * plant.kind.tank_capacity_kg).round() as i64 - plant.water_g();
        if !into_store && room_g < mass_g {
            return Err(Refusal::because(format!(
                "the tank of {} has room for {:.3} kg",
                plant.name,
                1e-3 * room_g as f64
            )));
        }
        plant.water_g += if into_store { -mass_g } else { mass_g };
        let tank = plant.water_account;
        let commerce = &mut *self.commerce;
        let store = commerce
            .stores
            .open(&mut self.ledger, &name, &Place::Site, Good::Water);
        let (from, to) = if into_store {
            (tank, store)
        } else {
            (store, tank)
        };
        self.ledger
            .transfer(now_ms, from, to, mass_g, Memo::Stored)
            .expect("cover was checked above");
        Ok(())
    }

    /// Where a prospector has a good at a place, and how much [g]: its store, and at the site the
    /// tanks of its plants.
    fn holdings(&self, who: ProspectorId, place: &Place, good: Good) -> Vec<(Holder, i64)> {
        let name = self.prospectors.name(who);
        let mut holdings = Vec::new();
        if let Some(account) = self.commerce.stores.find(name, place, good) {
            holdings.push((Holder::Store(account), self.ledger.balance(account)));
        }
        if *place == Place::Site && good == Good::Water {
            for plant in &self.plants {
                if plant.owner == who {
                    holdings.push((Holder::Tank(plant.name.clone()), plant.water_g()));
                }
            }
        }
        holdings
    }

    /// Takes so much out of holdings that hold it, in their order.
    fn draw(&mut self, holdings: &[(Holder, i64)], mut mass_g: i64, to: AccountId, memo: Memo) {
        let now_ms = self.clock.time_ms();
        for (holder, held_g) in holdings {
            let part_g = mass_g.min(*held_g);
            mass_g -= part_g;
            let from = match holder {
                Holder::Store(account) => *account,
                Holder::Tank(name) => {
                    let mut plant = self
                        .plants
                        .iter_mut()
                        .find(|plant| plant.name == *name)
                        .expect("the plant was there a moment ago");
                    plant.ship_water(part_g);
                    plant.water_account
                }
            };
            self.ledger
                .transfer(now_ms, from, to, part_g, memo)
                .expect("the holding was asked a moment ago");
        }
        assert_eq!(mass_g, 0, "cover is checked before anything is drawn");
    }

    fn route(&self, from: &Place, to: &Place) -> Result<&Route, Refusal> {
        self.terms
            .routes
            .iter()
            .find(|route| route.from == *from && route.to == *to)
            .ok_or_else(|| Refusal::because(format!("no tug goes from {from} to {to}")))
    }

    fn ship(
        &mut self,
        sender: ProspectorId,
        (from, to): (&Place, &Place),
        good: Good,
        mass_kg: f64,
        buy_propellant: bool,
    ) -> Result<(), Refusal> {
        let mass_g = grams_of(mass_kg)?;
        if !good.is_tradable() {
            return Err(Refusal::because(format!("{good} cannot be shipped")));
        }
        let route = self.route(from, to)?.clone();
        let held = self.holdings(sender, from, good);
        let held_g = sum(&held);
        if held_g < mass_g {
            return Err(Refusal::because(format!(
                "you have {:.3} kg of {good} at {from}, not {mass_kg} kg",
                1e-3 * held_g as f64
            )));
        }
        let bill = Bill::of(&route, good, mass_g, buy_propellant);
        if bill.arrives_g <= 0 {
            return Err(Refusal::because(format!(
                "nothing of {mass_kg} kg would arrive: the way to {to} burns it all"
            )));
        }
        // Propellant of one's own for a cargo that is none.
        let mut tanks = Vec::new();
        if 0 < bill.own_propellant_g {
            for fuel in [Good::Propellant, Good::Water] {
                tanks.extend(self.holdings(sender, from, fuel));
            }
            let there_g = sum(&tanks);
            if there_g < bill.own_propellant_g {
                return Err(Refusal::because(format!(
                    "the way to {to} burns {:.3} kg of propellant or water, and you have {:.3} kg at {from}; buy_propellant buys it",
                    1e-3 * bill.own_propellant_g as f64,
                    1e-3 * there_g as f64
                )));
            }
        }
        let payer = self.prospectors.get(sender).account;
        if self.ledger.balance(payer) < bill.cost_ucr() {
            return Err(Refusal::because(format!(
                "freight and propellant cost {:.0} credits, more than there is",
                1e-6 * bill.cost_ucr() as f64
            )));
        }
        let now_ms = self.clock.time_ms();
        let departs_at_ms = self
            .commerce
            .shipping
            .departure_ms(&route, now_ms, mass_g)
            .ok_or_else(|| {
                Refusal::because(format!(
                    "a tug to {to} carries {} kg, not {mass_kg} kg",
                    route.capacity_kg
                ))
            })?;
        let (exhaust, carrier) = (self.accounts.exhaust, self.accounts.carrier);
        let commerce = &mut *self.commerce;
        let transit = commerce.shipping.transit_account(&mut self.ledger, good);
        self.draw(&held, bill.arrives_g, transit, Memo::Shipped);
        let rest = self.holdings(sender, from, good);
        self.draw(&rest, bill.burnt_cargo_g, exhaust, Memo::Freight);
        self.draw(&tanks, bill.own_propellant_g, exhaust, Memo::Freight);
        self.ledger
            .transfer(now_ms, payer, carrier, bill.cost_ucr(), Memo::Freight)
            .expect("cover was checked above");
        let shipment = self.commerce.shipping.send(
            &route,
            sender,
            good,
            (bill.arrives_g, mass_g),
            (now_ms, departs_at_ms),
        );
        let days = |at_ms: u64| at_ms.saturating_sub(now_ms) as f64 / 86_400_000.0;
        let text = format!(
            "shipment {}: {:.3} kg of {good} leave for {to} in {:.1} days and arrive in {:.1}",
            shipment.id,
            1e-3 * shipment.mass_g as f64,
            days(shipment.departs_at_ms),
            days(shipment.arrives_at_ms)
        );
        self.tell(sender, text);
        Ok(())
    }

    fn buy_on_earth(
        &mut self,
        sender: ProspectorId,
        good: Good,
        mass_kg: f64,
    ) -> Result<(), Refusal> {
        let mass_g = grams_of(mass_kg)?;
        let market = self
            .markets
            .find(EARTH, good)
            .ok_or_else(|| Refusal::because(format!("nobody on Earth sells {good}")))?;
        let offer = market.offer(mass_g).ok_or_else(|| {
            Refusal::because(format!("there are no {mass_kg} kg of {good} to be had"))
        })?;
        let payer = self.prospectors.get(sender).account;
        let there_ucr = self.ledger.balance(payer);
        if there_ucr < offer.proceeds_ucr {
            return Err(Refusal::because(format!(
                "{mass_kg} kg of {good} cost {:.2} credits, and the account holds {:.2}",
                1e-6 * offer.proceeds_ucr as f64,
                1e-6 * there_ucr as f64
            )));
        }
        let paid = self
            .markets
            .buy(EARTH, good, mass_g)
            .expect("the offer stood a moment ago");
        let name = self.prospectors.name(sender).to_owned();
        let earth = Place::Node(EARTH.to_owned());
        let store = self
            .commerce
            .stores
            .open(&mut self.ledger, &name, &earth, good);
        let made = self.open_once(
            &format!("made:{EARTH}:{}", good.as_str()),
            Unit::Good(good),
            AccountKind::Source,
        );
        let (now_ms, supplier) = (self.clock.time_ms(), self.accounts.supplier);
        for (from, to, amount) in [(payer, supplier, paid.proceeds_ucr), (made, store, mass_g)] {
            self.ledger
                .transfer(now_ms, from, to, amount, Memo::Bought)
                .expect("cover was checked above");
        }
        self.tell(
            sender,
            format!(
                "bought {mass_kg:.3} kg of {good} on Earth for {:.2} credits/kg",
                paid.unit_price_credits_per_kg()
            ),
        );
        Ok(())
    }

    fn sell_goods(
        &mut self,
        sender: ProspectorId,
        node: &str,
        good: Good,
        mass_kg: f64,
    ) -> Result<(), Refusal> {
        let mass_g = grams_of(mass_kg)?;
        if self.markets.find(node, good).is_none() {
            return Err(Refusal::because(format!("nobody at {node} buys {good}")));
        }
        let seller = self.prospectors.name(sender).to_owned();
        let place = Place::Node(node.to_owned());
        let store = self.commerce.stores.find(&seller, &place, good);
        let held_g = store.map_or(0, |store| self.ledger.balance(store));
        let (Some(store), true) = (store, mass_g <= held_g) else {
            return Err(Refusal::because(format!(
                "you have {:.3} kg of {good} at {node}, not {mass_kg} kg",
                1e-3 * held_g as f64
            )));
        };
        let proceeds_ucr = self
            .markets
            .find(node, good)
            .map_or(0, |market| market.quote(mass_g).proceeds_ucr);
        self.dues_of_sale(sender, node, good, mass_g, proceeds_ucr)?;
        let quote = self
            .markets
            .sell(node, good, mass_g)
            .expect("the market was there a moment ago");
        let sold = self.open_once(
            &format!("sold:{node}:{}", good.as_str()),
            Unit::Good(good),
            AccountKind::Sink,
        );
        let _ = self.commerce.stores.unblend(good, mass_g);
        let now_ms = self.clock.time_ms();
        self.ledger
            .transfer(now_ms, store, sold, mass_g, Memo::Sold)
            .expect("cover was checked above");
        self.pay_for_sale(sender, node, good, mass_g, quote.proceeds_ucr);
        self.tell(
            sender,
            format!(
                "sold {:.3} kg of {good} at {node} for {:.2} credits/kg",
                1e-3 * mass_g as f64,
                quote.unit_price_credits_per_kg()
            ),
        );
        Ok(())
    }

    /// What the law takes of a sale [µcr], if it allows it.
    fn dues_of_sale(
        &self,
        seller: ProspectorId,
        node: &str,
        good: Good,
        mass_g: i64,
        proceeds_ucr: i64,
    ) -> Result<i64, Refusal> {
        let sale = Sale {
            seller: self.prospectors.name(seller),
            good,
            node,
            mass_g,
            proceeds_ucr,
        };
        let now_ms = self.clock.time_ms();
        self.regime
            .check_sale(&sale, now_ms)
            .map_err(|refusal| Refusal::because(refusal.to_string()))?;
        let dues = self.regime.dues(&sale, now_ms);
        Ok(dues.iter().map(|due| due.amount_ucr).sum())
    }

    /// Books what a node pays for a sale, to whoever shares in it. Every sale to a market passes
    /// here.
    fn pay_for_sale(
        &mut self,
        seller: ProspectorId,
        node: &str,
        good: Good,
        mass_g: i64,
        proceeds_ucr: i64,
    ) {
        let buyer = self.open_once(&format!("buyer:{node}"), Unit::Credit, AccountKind::Source);
        let account = self.prospectors.get(seller).account;
        let now_ms = self.clock.time_ms();
        self.ledger
            .transfer(now_ms, buyer, account, proceeds_ucr, Memo::Sold)
            .expect("a source pays what it owes");
        let name = self.prospectors.name(seller).to_owned();
        self.commerce.sales.book(&name, good, mass_g, proceeds_ucr);
        let sale = Sale {
            seller: &name,
            good,
            node,
            mass_g,
            proceeds_ucr,
        };
        self.regime.book_sale(&mut self.ledger, now_ms, &sale);
    }

    fn open_once(&mut self, name: &str, unit: Unit, kind: AccountKind) -> AccountId {
        self.ledger
            .find(name)
            .unwrap_or_else(|| self.ledger.open(name, unit, kind, 0))
    }

    fn sell(&mut self, sender: ProspectorId, plant: &str, mass_kg: f64) -> Result<(), Refusal> {
        let mass_g = grams_of(mass_kg)?;
        let name = plant;
        let plant = self
            .plants
            .iter()
            .find(|candidate| candidate.name == name)
            .ok_or_else(|| Refusal::because(format!("there is no plant \"{name}\"")))?;
        if plant.owner != sender {
            return Err(Refusal::because(format!("{} is not yours", plant.name)));
        }
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
        let market = self.markets.main();
        let node = market.node().to_owned();
        let quote = market.quote(arriving_g);
        if quote.proceeds_ucr < fee_ucr {
            return Err(Refusal::because(format!(
                "the freight of {:.0} credits would eat the {:.0} that {node} pays",
                1e-6 * fee_ucr as f64,
                1e-6 * quote.proceeds_ucr as f64,
            )));
        }
        let good = market.good();
        let due_ucr = self.dues_of_sale(sender, &node, good, arriving_g, quote.proceeds_ucr)?;
        if quote.proceeds_ucr < fee_ucr + due_ucr {
            return Err(Refusal::because(format!(
                "freight and dues of {:.0} credits would eat the {:.0} that {node} pays",
                1e-6 * (fee_ucr + due_ucr) as f64,
                1e-6 * quote.proceeds_ucr as f64,
            )));
        }
        let plant = self.own_plant_of(sender, name)?;
        plant.ship_water(mass_g);
        let tank = plant.water_account;
        let now_ms = self.clock.time_ms();
        let seller = self.prospectors.get(sender).account;
        let accounts = *self.accounts;
        let quote = self.markets.sell_main(arriving_g);
        for (to, amount, memo) in [
            (accounts.exhaust, burnt_g, Memo::Freight),
            (accounts.sold, arriving_g, Memo::Sold),
        ] {
            self.ledger
                .transfer(now_ms, tank, to, amount, memo)
                .expect("cover was checked above");
        }
        self.pay_for_sale(sender, &node, Good::Water, arriving_g, quote.proceeds_ucr);
        self.ledger
            .transfer(now_ms, seller, accounts.carrier, fee_ucr, Memo::Freight)
            .expect("the proceeds cover the freight");
        let earned = 1e-6 * (quote.proceeds_ucr - fee_ucr - due_ucr) as f64;
        self.tell(
            sender,
            format!(
                "sold {:.1} kg at {node} for {:.0} credits/kg; {:.1} kg were burnt on the way; {earned:.0} credits net of freight and dues",
                1e-3 * arriving_g as f64,
                quote.unit_price_credits_per_kg(),
                1e-3 * burnt_g as f64,
            ),
        );
        Ok(())
    }

    /// What a lot would bring at a node, told before it is shipped or sold.
    ///
    /// # Errors
    /// [`Refusal`] if the mass is unusable, nobody there buys the good, or no tug goes there.
    pub fn quote_sale(
        &self,
        from: &Place,
        node: &str,
        good: Good,
        mass_kg: f64,
    ) -> Result<SaleQuote, Refusal> {
        let mass_g = grams_of(mass_kg)?;
        let market = self
            .markets
            .find(node, good)
            .ok_or_else(|| Refusal::because(format!("nobody at {node} buys {good}")))?;
        let to = Place::Node(node.to_owned());
        let (arrives_g, freight_ucr, loss_chance, transit_days) = if *from == to {
            (mass_g, 0, 0.0, 0.0)
        } else {
            let route = self.route(from, &to)?;
            let bill = Bill::of(route, good, mass_g, true);
            (
                bill.arrives_g,
                bill.cost_ucr(),
                route.loss_chance,
                route.transit_days,
            )
        };
        let quote = market.quote(arrives_g);
        let flood = market.flood(arrives_g);
        Ok(SaleQuote {
            node: node.to_owned(),
            good,
            mass_kg: 1e-3 * mass_g as f64,
            spot_credits_per_kg: market.price_credits_per_kg(),
            arrives_kg: 1e-3 * arrives_g as f64,
            lot_credits_per_kg: quote.unit_price_credits_per_kg(),
            gross_credits: 1e-6 * quote.proceeds_ucr as f64,
            freight_credits: 1e-6 * freight_ucr as f64,
            net_credits: 1e-6 * (quote.proceeds_ucr - freight_ucr) as f64,
            loss_chance,
            transit_days,
            price_after_credits_per_kg: flood.after_credits_per_kg,
            recovery_days: flood.recovery_days,
        })
    }
}

/// What holds goods of a prospector.
enum Holder {
    Store(AccountId),
    /// The tank of a plant, by its name.
    Tank(String),
}

fn sum(holdings: &[(Holder, i64)]) -> i64 {
    holdings.iter().map(|(_, held_g)| held_g).sum()
}

/// What a cargo costs on its way.
struct Bill {
    arrives_g: i64,
    /// Of the cargo itself.
    burnt_cargo_g: i64,
    /// Of the owner's propellant beside it.
    own_propellant_g: i64,
    fee_ucr: i64,
    propellant_ucr: i64,
}

impl Bill {
    /// Water and propellant burn part of themselves; any other cargo wants propellant, of the
    /// owner's or bought.
    fn of(route: &Route, good: Good, mass_g: i64, buy_propellant: bool) -> Self {
        let fee_ucr = route.fee_ucr(mass_g);
        if matches!(good, Good::Water | Good::Propellant) {
            let freight = rocket::freight(mass_g, 1e3 * route.delta_v_km_s, route.isp_s);
            return Self {
                arrives_g: freight.delivered_g,
                burnt_cargo_g: freight.burnt_g,
                own_propellant_g: 0,
                fee_ucr,
                propellant_ucr: 0,
            };
        }
        let propellant_g = route.propellant_g(mass_g);
        let (own_propellant_g, propellant_ucr) = if buy_propellant {
            (0, route.propellant_ucr(propellant_g))
        } else {
            (propellant_g, 0)
        };
        Self {
            arrives_g: mass_g,
            burnt_cargo_g: 0,
            own_propellant_g,
            fee_ucr,
            propellant_ucr,
        }
    }

    fn cost_ucr(&self) -> i64 {
        self.fee_ucr.saturating_add(self.propellant_ucr)
    }
}

/// Kilograms of an order as grams.
fn grams_of(mass_kg: f64) -> Result<i64, Refusal> {
    if !(0.001 <= mass_kg && mass_kg <= MASS_MAX_KG) {
        return Err(Refusal::because(format!(
            "mass_kg = {mass_kg} must be from 0.001 to {MASS_MAX_KG:e} kg"
        )));
    }
    Ok((1e3 * mass_kg).round() as i64)
}
