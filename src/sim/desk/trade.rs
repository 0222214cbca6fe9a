//! Trade between prospectors: reads their orders, checks the numbers, and hands them to the books
//! of `economy`.

use super::{Desk, settle};
use crate::sim::economy::auction::Side;
use crate::sim::economy::commerce::{
    Books, Commerce, DAY_MS, HOUR_MS, News, Parties, Party, Whom, grams, micro_credits, span_ms,
};
use crate::sim::economy::contracts::Delivery;
use crate::sim::economy::credit::Pledge;
use crate::sim::economy::exchange::{self, Listing, Wish};
use crate::sim::economy::fleet::{Fleet, Machine};
use crate::sim::economy::ledger::{AccountKind, Good, Memo, UCR_PER_CREDIT, Unit};
use crate::sim::economy::stores::Place;
use crate::sim::economy::venture::Motion;
use crate::sim::order::{self, Collateral, Log, Order, Refusal};
use crate::sim::plant::Plant;
use crate::sim::prospecting::trade::Audience;
use crate::sim::prospector::ProspectorId;

/// Longest deal and hire [d].
const DAYS_MAX: f64 = 3_650.0;
/// Highest rate of interest or premium [% a year].
const PERCENT_MAX: f64 = 1_000.0;
/// Most shares that one order may be about.
const SHARES_MAX: u64 = 1_000_000_000_000;
/// The account of those who draw agreements up.
const NOTARY: &str = "notary";

impl Desk<'_, '_> {
    /// Carries out an order of trade.
    pub(super) fn trade(&mut self, sender: ProspectorId, order: &Order) -> Result<(), Refusal> {
        let party = Party(sender.0);
        let about_machines = matches!(
            order,
            Order::OfferHire { .. }
                | Order::EndHire { .. }
                | Order::AcceptDeal { .. }
                | Order::WithdrawDeal { .. }
                | Order::RequestLoan { .. }
                | Order::Insure { .. }
                | Order::Salvage { .. }
                | Order::SellMachine { .. }
                | Order::LeaveVenture { .. }
                | Order::VoteInVenture { .. }
        );
        let mut fleet = if about_machines {
            settle::fleet(self.robots.iter().map(|item| item.0), &self.plants)
        } else {
            Fleet::default()
        };
        let mut news = Vec::new();
        self.carry_out_trade(party, order, &mut fleet, &mut news)?;
        let handed_over = fleet.take_handed_over();
        settle::assign_plants(&handed_over, &mut self.plants);
        if matches!(
            order,
            Order::AcceptDeal { .. }
                | Order::JoinVenture { .. }
                | Order::LeaveVenture { .. }
                | Order::PassShares { .. }
                | Order::VoteInVenture { .. }
        ) {
            settle::open_common_plants(&self.commerce, &mut self.plants);
        }
        self.commerce.hand_over(handed_over);
        let now_ms = self.clock.time_ms();
        publish(news, now_ms, &self.commerce, &mut self.log);
        Ok(())
    }

    /// Why an order about machines may not be given because of a deal, if so.
    pub(super) fn check_bonds(&self, sender: ProspectorId, order: &Order) -> Result<(), Refusal> {
        let commerce = &self.commerce;
        if commerce.insolvency.is_insolvent(Party(sender.0)) {
            return Err(Refusal::because(
                "your estate is on sale: until it is settled you give no orders",
            ));
        }
        let check = |machine: Machine| match commerce.bond_of(&machine) {
            Some(bond) => Err(Refusal::because(format!("{machine} is {bond}"))),
            None => Ok(()),
        };
        match order {
            Order::Refit { robot, .. } | Order::Cannibalise { wreck: robot, .. } => {
                check(Machine::Robot(robot.clone()))
            }
            Order::OfferHire { machine, .. } | Order::SellMachine { machine, .. } => {
                check(machine.clone())
            }
            Order::OpenPlant { plant, .. } | Order::ClosePlant { plant } => {
                match commerce.ventures.holder_of(&Machine::Plant(plant.clone())) {
                    Some(venture) => Err(Refusal::because(format!(
                        "{plant} belongs to {venture}, for whose members it works"
                    ))),
                    None => Ok(()),
                }
            }
            Order::RequestLoan { collateral, .. } => {
                let mut pledged = collateral.iter();
                pledged.try_for_each(|pledge| match pledge {
                    Collateral::Machine(machine) => check(machine.clone()),
                    Collateral::Goods { .. } => Ok(()),
                })
            }
            order => match order.robot() {
                Some(robot) => {
                    let machine = Machine::Robot(robot.to_owned());
                    if commerce.insolvency.is_abandoned(&machine) {
                        return check(machine);
                    }
                    Ok(())
                }
                None => Ok(()),
            },
        }
    }

    fn carry_out_trade(
        &mut self,
        sender: Party,
        order: &Order,
        fleet: &mut Fleet,
        news: &mut Vec<News>,
    ) -> Result<(), Refusal> {
        self.check_place(order)?;
        if let Some(wish) = wish(order)? {
            return self.place_order(sender, &wish, news);
        }
        let now_ms = self.clock.time_ms();
        let fee_ucr = (self.terms.venture_fee_credits * UCR_PER_CREDIT as f64).round() as i64;
        let loss_chance = match order {
            Order::InsureCargo { shipment, .. } => self
                .commerce
                .shipping
                .under_way()
                .iter()
                .find(|cargo| cargo.id == *shipment && cargo.owner.0 == sender.0)
                .map(|cargo| cargo.loss_chance),
            _ => None,
        };
        let (trades, mut books) = self.commerce.open_books(now_ms, &mut self.ledger, news);
        let books = &mut books;
        let parties = books.parties;
        let to = |audience: &Audience| whom(parties, audience);
        match order {
            Order::CancelOrder { order } => {
                trades.exchange.cancel(books, sender, *order)?;
                books.tell(sender, format!("order {order} is cancelled"));
            }
            Order::OfferContract {
                side,
                place,
                good,
                mass_kg,
                price_credits,
                penalty_credits,
                days: span,
                to: audience,
            } => {
                let to = to(audience)?;
                let delivery = Delivery {
                    place: place.clone(),
                    good: *good,
                    mass_g: grams("mass_kg", *mass_kg)?,
                    price_ucr: micro_credits("price_credits", *price_credits, 1e-6)?,
                    penalty_ucr: micro_credits("penalty_credits", *penalty_credits, 0.0)?,
                    deadline_ms: now_ms + days("days", *span)?,
                };
                let text = format!("{side:?} {mass_kg} kg of {good} at {place}");
                let deal = trades.contracts.offer(books, sender, *side, delivery, to)?;
                books.tell(sender, format!("contract {deal} is offered: {text}"));
            }
            Order::DeliverContract { deal, mass_kg } => {
                let mass_g = mass_kg.map(|kg| grams("mass_kg", kg)).transpose()?;
                trades.contracts.deliver(books, sender, *deal, mass_g)?;
            }
            Order::CallTender {
                place,
                good,
                mass_kg,
                price_max_credits,
                penalty_credits,
                closes_days,
                days: span,
                to: audience,
            } => {
                let to = to(audience)?;
                let closes_ms = now_ms + days("closes_days", *closes_days)?;
                let delivery = Delivery {
                    place: place.clone(),
                    good: *good,
                    mass_g: grams("mass_kg", *mass_kg)?,
                    price_ucr: micro_credits("price_max_credits", *price_max_credits, 1e-6)?,
                    penalty_ucr: micro_credits("penalty_credits", *penalty_credits, 0.0)?,
                    deadline_ms: closes_ms + days("days", *span)?,
                };
                let deal = trades
                    .tenders
                    .call(books, sender, delivery, closes_ms, to)?;
                books.tell(sender, format!("tender {deal} is open"));
            }
            Order::BidTender {
                deal,
                price_credits,
            } => {
                let price_ucr = micro_credits("price_credits", *price_credits, 1e-6)?;
                trades.tenders.bid(books, sender, *deal, price_ucr)?;
                books.tell(sender, format!("your offer to tender {deal} is sealed"));
            }
            Order::OfferHire {
                machine,
                credits_per_day,
                days: span,
                deposit_credits,
                to: audience,
            } => {
                let to = to(audience)?;
                if !(1..=DAYS_MAX as u32).contains(span) {
                    return Err(Refusal::because(format!(
                        "days = {span} must be from 1 to {DAYS_MAX}"
                    )));
                }
                let terms = (
                    micro_credits("credits_per_day", *credits_per_day, 0.0)?,
                    micro_credits("deposit_credits", *deposit_credits, 0.0)?,
                );
                let what = (machine.clone(), *span);
                let deal = trades.hires.offer(books, fleet, sender, what, terms, to)?;
                books.tell(
                    sender,
                    format!("{machine} is offered for hire: deal {deal}"),
                );
            }
            Order::EndHire { deal } => trades.hires.end(books, fleet, sender, *deal)?,
            Order::SellMachine {
                machine,
                price_credits,
                to: audience,
            } => {
                let to = to(audience)?;
                let price_ucr = micro_credits("price_credits", *price_credits, 0.0)?;
                let what = (machine.clone(), price_ucr);
                let deal = trades.machine_sales.offer(books, fleet, sender, what, to)?;
                books.tell(sender, format!("{machine} is for sale: deal {deal}"));
            }
            Order::RequestLoan {
                credits,
                percent_per_year,
                days: span,
                collateral,
                to: audience,
            } => {
                let to = to(audience)?;
                let collateral = collateral.iter().map(pledge).collect::<Result<_, _>>()?;
                let terms = (
                    micro_credits("credits", *credits, 1e-6)?,
                    rate_ppm(*percent_per_year)?,
                    days("days", *span)?,
                );
                let deal = trades
                    .credit
                    .request(books, fleet, sender, terms, collateral, to)?;
                books.tell(sender, format!("loan {deal} is asked for"));
            }
            Order::RepayLoan { deal, credits } => {
                let amount = credits.map(|credits| micro_credits("credits", credits, 1e-6));
                trades
                    .credit
                    .repay(books, sender, *deal, amount.transpose()?)?;
            }
            Order::OfferCover {
                percent_per_year,
                sum_max_credits,
                to: audience,
            } => {
                let to = to(audience)?;
                let terms = (
                    rate_ppm(*percent_per_year)?,
                    micro_credits("sum_max_credits", *sum_max_credits, 1e-6)?,
                );
                let deal = trades.insurance.offer(books, sender, terms, to)?;
                books.tell(sender, format!("cover {deal} is offered"));
            }
            Order::Insure {
                machine,
                sum_credits,
                days: span,
                cover,
            } => {
                let what = (
                    machine.clone(),
                    micro_credits("sum_credits", *sum_credits, 1e-6)?,
                    days("days", *span)?,
                );
                let deal = trades
                    .insurance
                    .insure(books, fleet, sender, what, *cover)?;
                books.tell(sender, format!("{machine} is insured: policy {deal}"));
            }
            Order::InsureCargo {
                shipment,
                sum_credits,
            } => {
                let sum_ucr = micro_credits("sum_credits", *sum_credits, 1e-6)?;
                let chance = loss_chance.ok_or_else(|| {
                    Refusal::because(format!("shipment {shipment} is none of yours"))
                })?;
                trades
                    .insurance
                    .insure_cargo(books, sender, *shipment, chance, sum_ucr)?;
            }
            Order::FoundVenture {
                venture,
                agreement,
                credits,
                invite,
            } => {
                let to = to(invite)?;
                let shares = shares("credits", *credits)?;
                let agreement = agreement.clone();
                needs_entry_money(books, sender, shares, fee_ucr)?;
                trades
                    .ventures
                    .found(books, sender, venture, agreement, shares, to)?;
                pay_notary(books, sender, fee_ucr);
            }
            Order::JoinVenture { venture, credits } => {
                let shares = shares("credits", *credits)?;
                let known = trades.ventures.find(venture);
                let enters = known.is_some_and(|known| known.member(sender).is_none());
                let fee_ucr = if enters { fee_ucr } else { 0 };
                needs_entry_money(books, sender, shares, fee_ucr)?;
                trades.ventures.join(books, sender, venture, shares)?;
                pay_notary(books, sender, fee_ucr);
            }
            Order::LeaveVenture { venture } => {
                let asks = trades.exchange.own_orders(sender).into_iter();
                let listing = Listing::Shares {
                    venture: venture.clone(),
                };
                if asks.into_iter().any(|own| own.listing == listing) {
                    return Err(Refusal::because(format!(
                        "orders of yours for shares of {venture} wait: cancel them first"
                    )));
                }
                trades.ventures.leave(books, sender, venture)?;
                trades.ventures.appoint(fleet);
            }
            Order::PayVenture { venture, credits } => {
                let amount_ucr = micro_credits("credits", *credits, 1e-6)?;
                trades.ventures.pay_in(books, sender, venture, amount_ucr)?;
            }
            Order::PassShares {
                venture,
                shares: count,
                to: name,
            } => {
                let count = shares("shares", *count)?;
                let to = books.parties.find(name).ok_or_else(|| nobody(name))?;
                trades.ventures.pass_on(books, sender, venture, count, to)?;
            }
            Order::VoteToDissolve { venture, yes } => {
                if *yes && trades.ventures.would_dissolve(sender, venture) {
                    // Shares on offer are their sellers' when all is shared out.
                    let listing = Listing::Shares {
                        venture: venture.clone(),
                    };
                    trades.exchange.close(books, &listing);
                }
                trades
                    .ventures
                    .vote_to_dissolve(books, sender, venture, *yes)?;
            }
            Order::VoteInVenture {
                venture,
                motion,
                yes,
            } => {
                let motion = (proposed(motion)?, *yes);
                trades.ventures.vote(
                    books,
                    fleet,
                    trades.machine_sales,
                    sender,
                    venture,
                    motion,
                )?;
            }
            Order::BidLot {
                deal,
                price_credits,
            } => {
                let price_ucr = micro_credits("price_credits", *price_credits, 1e-6)?;
                trades.insolvency.bid(books, sender, *deal, price_ucr)?;
            }
            Order::Salvage { machine } => {
                trades.insolvency.salvage(books, fleet, sender, machine)?;
            }
            Order::SetAutonomy { level } => {
                if !(0.0..=1.0).contains(level) {
                    return Err(Refusal::because(format!(
                        "level = {level} must be from 0 to 1"
                    )));
                }
                trades.labour.set_autonomy(sender, *level);
            }
            Order::AcceptDeal { deal } => {
                if trades.contracts.find(*deal).is_some() {
                    trades.contracts.accept(books, sender, *deal)?;
                } else if trades.hires.find(*deal).is_some() {
                    trades.hires.take(books, fleet, sender, *deal)?;
                } else if trades.machine_sales.find(*deal).is_some() {
                    trades
                        .machine_sales
                        .buy(books, fleet, trades.ventures, sender, *deal)?;
                } else if trades.credit.find(*deal).is_some() {
                    trades.credit.grant(books, fleet, sender, *deal)?;
                } else {
                    return Err(Refusal::because(format!(
                        "deal {deal} is no contract, hire, sale or loan that stands"
                    )));
                }
            }
            Order::WithdrawDeal { deal } => {
                if trades.contracts.find(*deal).is_some() {
                    trades.contracts.withdraw(books, sender, *deal)?;
                } else if trades.tenders.find(*deal).is_some() {
                    trades.tenders.withdraw(books, sender, *deal)?;
                } else if let Some(hire) = trades.hires.find(*deal) {
                    if hire.taken.is_some() {
                        return Err(Refusal::because(format!("hire {deal} runs: end it")));
                    }
                    trades.hires.end(books, fleet, sender, *deal)?;
                } else if trades.machine_sales.find(*deal).is_some() {
                    trades.machine_sales.withdraw(sender, *deal)?;
                } else if trades.credit.find(*deal).is_some() {
                    trades.credit.withdraw(books, sender, *deal)?;
                } else {
                    trades.insurance.withdraw(sender, *deal)?;
                }
                books.tell(sender, format!("deal {deal} is withdrawn"));
            }
            _ => unreachable!("not an order of trade"),
        }
        Ok(())
    }

    /// Places an order at the exchange. What is sold at the site and does not lie in a store comes
    /// out of the tanks of one's own plants.
    fn place_order(
        &mut self,
        sender: Party,
        wish: &Wish,
        news: &mut Vec<News>,
    ) -> Result<(), Refusal> {
        let now_ms = self.clock.time_ms();
        let (trades, mut books) = self.commerce.open_books(now_ms, &mut self.ledger, news);
        let (exchange, books) = (trades.exchange, &mut books);
        let at_site = Listing::Goods {
            place: Place::Site,
            good: Good::Water,
        };
        if wish.side == Side::Sell && wish.listing == at_site {
            let own = |plant: &&Plant| plant.owner.0 == sender.0;
            let beside_g = self.plants.iter().filter(own).map(Plant::water_g).sum();
            exchange.check(books, sender, wish, beside_g)?;
            let mut missing_g = wish.quantity - books.held_g(sender, &Place::Site, Good::Water);
            for mut plant in &mut self.plants {
                if own(&&*plant) && 0 < missing_g {
                    let drawn_g = plant.draw_water(missing_g);
                    let store = books.store(sender, &Place::Site, Good::Water);
                    books.transfer(plant.water_account, store, drawn_g, Memo::Stored);
                    missing_g -= drawn_g;
                }
            }
        }
        let id = exchange.place(books, sender, wish)?;
        let text = format!("order {id} waits for the next auction of {}", wish.listing);
        books.tell(sender, text);
        Ok(())
    }

    /// Goods are traded at the site and at nodes that there are.
    fn check_place(&self, order: &Order) -> Result<(), Refusal> {
        match order {
            Order::PlaceOrder { place, .. }
            | Order::OfferContract { place, .. }
            | Order::CallTender { place, .. } => match place {
                Place::Site => Ok(()),
                Place::Node(_) if place.exists() => Ok(()),
                Place::Node(id) => Err(Refusal::because(format!("there is no node \"{id}\""))),
            },
            _ => Ok(()),
        }
    }
}

/// What an order to the exchange asks for, if it is one.
fn wish(order: &Order) -> Result<Option<Wish>, Refusal> {
    let (listing, side, quantity, limit, wait_h) = match order {
        Order::PlaceOrder {
            place,
            good,
            side,
            mass_kg,
            limit_credits_per_kg,
            wait_h,
        } => {
            let listing = Listing::Goods {
                place: place.clone(),
                good: *good,
            };
            let mass_g = grams("mass_kg", *mass_kg)?;
            (listing, *side, mass_g, limit_credits_per_kg, wait_h)
        }
        Order::PlaceShareOrder {
            venture,
            side,
            shares: count,
            limit_credits,
            wait_h,
        } => {
            let listing = Listing::Shares {
                venture: venture.clone(),
            };
            let count = shares("shares", (*count).max(1))? as i64;
            (listing, *side, count, limit_credits, wait_h)
        }
        _ => return Ok(None),
    };
    let limit = limit.map(|limit| exchange::price_steps(&listing, side, limit));
    let wait_h = wait_h.unwrap_or(exchange::WAIT_USUAL_H);
    Ok(Some(Wish {
        side,
        quantity,
        limit: limit.transpose()?,
        wait_ms: span_ms("wait_h", wait_h, HOUR_MS, exchange::WAIT_MAX_H)?,
        listing,
    }))
}

fn pledge(collateral: &Collateral) -> Result<Pledge, Refusal> {
    Ok(match collateral {
        Collateral::Machine(machine) => Pledge::Machine(machine.clone()),
        Collateral::Goods {
            place,
            good,
            mass_kg,
        } => Pledge::Goods {
            place: place.clone(),
            good: *good,
            mass_g: grams("mass_kg", *mass_kg)?,
        },
    })
}

/// What it takes to found a venture, or to join one: a contribution and the notary's fee.
fn needs_entry_money(
    books: &Books,
    sender: Party,
    shares: u64,
    fee_ucr: i64,
) -> Result<(), Refusal> {
    let contribution_ucr = i128::from(shares) * i128::from(UCR_PER_CREDIT);
    let what = "the contribution with the notary's fee";
    books.needs_money(sender, contribution_ucr + i128::from(fee_ucr), what)
}

fn pay_notary(books: &mut Books, sender: Party, fee_ucr: i64) {
    if fee_ucr == 0 {
        return;
    }
    let purse = books.account(sender);
    let notary = books.keep_as(NOTARY, Unit::Credit, AccountKind::Sink);
    books.transfer(purse, notary, fee_ucr, Memo::Notary);
}

/// A motion as the books have it.
fn proposed(motion: &order::Motion) -> Result<Motion, Refusal> {
    Ok(match motion {
        order::Motion::Buy {
            deal,
            tariff_credits_per_kg,
        } => Motion::Buy {
            deal: *deal,
            tariff_ucr_per_kg: micro_credits("tariff_credits_per_kg", *tariff_credits_per_kg, 0.0)?,
        },
        order::Motion::Sell {
            plant,
            price_credits,
        } => Motion::Sell {
            plant: plant.clone(),
            price_ucr: micro_credits("price_credits", *price_credits, 0.0)?,
        },
    })
}

fn days(field: &str, days: f64) -> Result<u64, Refusal> {
    span_ms(field, days, DAY_MS, DAYS_MAX)
}

fn rate_ppm(percent: f64) -> Result<i64, Refusal> {
    if (0.0..=PERCENT_MAX).contains(&percent) {
        return Ok((1e4 * percent).round() as i64);
    }
    Err(Refusal::because(format!(
        "percent_per_year = {percent} must be from 0 to {PERCENT_MAX}"
    )))
}

fn shares(field: &str, shares: u64) -> Result<u64, Refusal> {
    if shares <= SHARES_MAX {
        return Ok(shares);
    }
    Err(Refusal::because(format!(
        "{field} = {shares} must be at most {SHARES_MAX}"
    )))
}

/// Those whom an offer is for.
fn whom(parties: &Parties, audience: &Audience) -> Result<Whom, Refusal> {
    match audience {
        Audience::Public => Ok(Whom(None)),
        Audience::Only(names) => {
            let find = |name: &String| parties.find(name).ok_or_else(|| nobody(name));
            Ok(Whom(Some(
                names.iter().map(find).collect::<Result<_, _>>()?,
            )))
        }
    }
}

fn nobody(name: &str) -> Refusal {
    Refusal::because(format!("there is no prospector \"{name}\""))
}

/// Hands news on to those it is for.
pub(super) fn publish(news: Vec<News>, at_ms: u64, commerce: &Commerce, log: &mut Log) {
    for News { to, severity, text } in news {
        match to {
            Some(party) => log.tell(at_ms, commerce.parties.name(party), severity, text),
            None => log.announce(at_ms, text),
        }
    }
}
