//! Deals: what a rival agrees with others beyond the exchange.
//!
//! Who has a mandate to fill orders water ahead, and those who will have it deliver. Who leaves its
//! robots idle lets them for hire to those whose plants have room. Who has more on the way than in
//! its purse borrows on its robots from those with money to lend. And where a plant is for sale that
//! nobody can pay for alone, some found a venture that can.

use super::Script;
use super::business::{Board, grams};
use super::ground::LIE_IN_WAIT_MS;
use crate::sim::economy::auction::Side;
use crate::sim::economy::deals::DealView;
use crate::sim::economy::fleet::Machine;
use crate::sim::economy::good::Good;
use crate::sim::economy::stores::Place;
use crate::sim::economy::venture::{Agreement, USUAL_TARIFF_CREDITS_PER_KG};
use crate::sim::level::Temperament;
use crate::sim::order::{Collateral, Motion, Order};
use crate::sim::prospecting::trade::Audience;

/// Water of one contract [kg], and how long its seller has for it [d].
const CONTRACT_KG: f64 = 250.0;
const CONTRACT_DAYS: f64 = 60.0;
/// Contracts of one's own that stand at a time.
const CONTRACTS_MAX: usize = 2;
/// Part of the price that a default costs.
const PENALTY_SHARE: f64 = 0.1;
/// Part of a contract that its seller has already when it accepts.
const AT_HAND_SHARE: f64 = 0.4;
/// Hire of a robot over its upkeep: what is asked, and what is paid at most.
const HIRE_ASKED: f64 = 2.0;
const HIRE_PAID: f64 = 4.0;
/// Upkeep of so many days is the deposit.
const DEPOSIT_DAYS: f64 = 20.0;
/// Who cannot pay its upkeep for so long borrows, and for how many days' upkeep.
const RUNWAY_DAYS: f64 = 90.0;
const LOAN_DAYS_OF_UPKEEP: f64 = 150.0;
/// Terms of a loan.
const LOAN_PERCENT: f64 = 12.0;
const LOAN_DAYS: f64 = 300.0;
/// Part of its free money that one loan may be.
const LOAN_SHARE: f64 = 0.1;
/// Part of what is on the way that a borrower counts on.
const ON_THE_WAY_SHARE: f64 = 0.5;
/// Part of its free money that a rival puts into a plant of its own, or into a common one.
const PLANT_SHARE: f64 = 0.5;

impl Script {
    pub(super) fn make_deals(&mut self, board: &Board, orders: &mut Vec<Order>) {
        order_water(board, orders);
        deliver_water(board, orders);
        hire(board, orders);
        borrow(board, orders);
        lend(board, orders);
        sell_plants(board, orders);
        share_a_plant(board, orders);
    }
}

impl Board<'_> {
    fn is_me(&self, name: &Option<String>) -> bool {
        name.as_deref() == Some(self.seen.prospector.as_str())
    }

    fn upkeep_credits_per_day(&self) -> f64 {
        let terms = &self.public.terms;
        self.seen.robots.len() as f64 * terms.upkeep_credits_per_robot_day
            + self.seen.plants.len() as f64 * terms.upkeep_credits_per_plant_day
    }

    /// What contracts still take of its water at the site [kg].
    pub(super) fn promised_kg(&self) -> f64 {
        self.deals
            .iter()
            .map(|deal| match deal {
                DealView::Contract {
                    seller,
                    goods,
                    delivered_kg,
                    agreed: true,
                    ..
                } if self.is_me(seller)
                    && goods.good == Good::Water
                    && goods.place == Place::Site =>
                {
                    goods.mass_kg - delivered_kg
                }
                _ => 0.0,
            })
            .sum()
    }
}

/// Orders water ahead while the stock is short of the mandate.
fn order_water(board: &Board, orders: &mut Vec<Order>) {
    let standing = board.deals.iter().filter(|deal| match deal {
        DealView::Contract { buyer, .. } => board.is_me(buyer),
        _ => false,
    });
    if board.affairs.mandate_kg <= 0.0 || CONTRACTS_MAX <= standing.count() {
        return;
    }
    let hub = Place::Node(board.seen.market.node.clone());
    let under_way = board.seen.shipments.iter();
    let under_way_kg: f64 = under_way
        .filter(|cargo| cargo.good == Good::Water)
        .map(|cargo| cargo.mass_kg)
        .sum();
    let stock_kg = board.stored_kg(&hub, Good::Water) + under_way_kg + board.spare_kg(Good::Water);
    let Some(value) = board.value_at_site(Good::Water, CONTRACT_KG) else {
        return;
    };
    let price_credits = (CONTRACT_KG * value * (1.0 - board.affairs.margin)).floor();
    if board.affairs.mandate_kg <= stock_kg || 0.2 * board.free_credits() < price_credits {
        return;
    }
    orders.push(Order::OfferContract {
        side: Side::Buy,
        place: Place::Site,
        good: Good::Water,
        mass_kg: CONTRACT_KG,
        price_credits,
        penalty_credits: (PENALTY_SHARE * price_credits).floor(),
        days: CONTRACT_DAYS,
        to: Audience::Public,
    });
}

/// Accepts a contract that pays more than its own way to sell, and pumps what it owes into its store.
fn deliver_water(board: &Board, orders: &mut Vec<Order>) {
    let promised_kg = board.promised_kg();
    if 0.0 < promised_kg {
        let mut missing_kg = promised_kg - board.stored_kg(&Place::Site, Good::Water);
        for plant in &board.seen.plants {
            let over_kg = plant.water_kg - board.affairs.keeps_water_kg;
            let mass_kg = grams(over_kg.min(missing_kg));
            if 1.0 <= mass_kg {
                missing_kg -= mass_kg;
                orders.push(Order::StoreWater {
                    plant: plant.name.clone(),
                    mass_kg,
                });
            }
        }
        return;
    }
    for deal in board.deals {
        let DealView::Contract {
            deal,
            buyer: Some(_),
            seller: None,
            goods,
            ..
        } = deal
        else {
            continue;
        };
        let pays = goods.price_credits / goods.mass_kg;
        let own = board
            .value_at_site(goods.good, goods.mass_kg)
            .unwrap_or(0.0);
        if goods.place == Place::Site
            && goods.good == Good::Water
            && !board.affairs.buys.contains(&Good::Water)
            && AT_HAND_SHARE * goods.mass_kg <= board.spare_kg(Good::Water)
            && own < pays
            && goods.penalty_credits < 0.2 * board.seen.credits
        {
            orders.push(Order::AcceptDeal { deal: *deal });
            return;
        }
    }
}

/// Who waits for others to find something lets its last robot meanwhile; who has plants for the rock
/// of others hires what is cheap.
fn hire(board: &Board, orders: &mut Vec<Order>) {
    let upkeep = board.public.terms.upkeep_credits_per_robot_day;
    let now_ms = board.seen.time_ms;
    let waits = matches!(
        board.habits.temperament,
        Temperament::FreeRider | Temperament::ClaimJumper
    );
    if waits && now_ms + 2 * 86_400_000 < LIE_IN_WAIT_MS && 1 < board.seen.robots.len() {
        let offered = board.deals.iter().any(|deal| match deal {
            DealView::Hire { owner, .. } => *owner == board.seen.prospector,
            _ => false,
        });
        if let Some(robot) = board.seen.robots.last().filter(|_| !offered) {
            orders.push(Order::OfferHire {
                machine: Machine::Robot(robot.name.clone()),
                credits_per_day: HIRE_ASKED * upkeep,
                days: ((LIE_IN_WAIT_MS - now_ms) / 86_400_000) as u32,
                deposit_credits: DEPOSIT_DAYS * upkeep,
                to: Audience::Public,
            });
        }
    }
    if board.affairs.toll_credits_per_kg.is_none() {
        return;
    }
    for deal in board.deals {
        let DealView::Hire {
            deal,
            owner,
            hirer: None,
            machine: Machine::Robot(_),
            credits_per_day,
            days,
            deposit_credits,
            ..
        } = deal
        else {
            continue;
        };
        let all = credits_per_day * f64::from(*days) + deposit_credits;
        if *owner != board.seen.prospector
            && *credits_per_day <= HIRE_PAID * upkeep
            && all < 0.1 * board.free_credits()
        {
            orders.push(Order::AcceptDeal { deal: *deal });
            return;
        }
    }
}

/// Borrows on its robots when its money runs out before what is on the way has come, and pays back
/// when there is enough.
fn borrow(board: &Board, orders: &mut Vec<Order>) {
    let per_day = board.upkeep_credits_per_day();
    let mut owes = false;
    for deal in board.deals {
        if let DealView::Loan {
            deal,
            borrower,
            lender,
            owed_credits,
            ..
        } = deal
            && *borrower == board.seen.prospector
        {
            owes = true;
            let left = board.seen.credits - owed_credits;
            if lender.is_some() && RUNWAY_DAYS * per_day < left {
                orders.push(Order::RepayLoan {
                    deal: *deal,
                    credits: None,
                });
            }
        }
    }
    let coming: f64 = board
        .seen
        .shipments
        .iter()
        .filter_map(|cargo| {
            let Place::Node(node) = &cargo.to else {
                return None;
            };
            Some(cargo.mass_kg * board.spot(node, cargo.good)?)
        })
        .sum();
    let wanted = (LOAN_DAYS_OF_UPKEEP * per_day).floor();
    let short = board.seen.credits < RUNWAY_DAYS * per_day;
    if owes || !short || wanted <= 0.0 || ON_THE_WAY_SHARE * coming < wanted {
        return;
    }
    let robots = board.seen.robots.iter().filter(|robot| !robot.lost);
    let collateral: Vec<Collateral> = robots
        .map(|robot| Collateral::Machine(Machine::Robot(robot.name.clone())))
        .collect();
    if !collateral.is_empty() {
        orders.push(Order::RequestLoan {
            credits: wanted,
            percent_per_year: LOAN_PERCENT,
            days: LOAN_DAYS,
            collateral,
            to: Audience::Public,
        });
    }
}

/// Lends on machines what it can spare, where that pays more than its own impatience.
fn lend(board: &Board, orders: &mut Vec<Order>) {
    for deal in board.deals {
        let DealView::Loan {
            deal,
            borrower,
            lender: None,
            principal_credits,
            percent_per_year,
            collateral,
            ..
        } = deal
        else {
            continue;
        };
        if *borrower != board.seen.prospector
            && !collateral.is_empty()
            && 100.0 * board.affairs.discount_per_year <= *percent_per_year
            && *principal_credits <= LOAN_SHARE * board.free_credits()
        {
            orders.push(Order::AcceptDeal { deal: *deal });
            return;
        }
    }
}

/// Who has plants and a price for them offers them for sale.
fn sell_plants(board: &Board, orders: &mut Vec<Order>) {
    let Some(price_credits) = board.affairs.sells_plants_credits else {
        return;
    };
    for plant in &board.seen.plants {
        let machine = Machine::Plant(plant.name.clone());
        let offered = board.deals.iter().any(|deal| match deal {
            DealView::Sale { machine: known, .. } => *known == machine,
            _ => false,
        });
        let common = board.deals.iter().any(|deal| match deal {
            DealView::Venture { plants, .. } => plants.contains(&plant.name),
            _ => false,
        });
        if !offered && !common {
            orders.push(Order::SellMachine {
                machine,
                price_credits,
                to: Audience::Public,
            });
        }
    }
}

/// Buys a plant that is for sale: alone if it can, else with others. A co-operative founds the
/// venture, others join it; a free rider does neither.
fn share_a_plant(board: &Board, orders: &mut Vec<Order>) {
    let me = &board.seen.prospector;
    let rides = board.habits.temperament == Temperament::FreeRider;
    if board.seen.robots.is_empty() || rides || board.affairs.sells_plants_credits.is_some() {
        return;
    }
    let for_sale = board.deals.iter().find_map(|deal| match deal {
        DealView::Sale {
            deal,
            seller,
            machine: Machine::Plant(_),
            price_credits,
        } if seller != me => Some((*deal, *price_credits)),
        _ => None,
    });
    let Some((sale, price)) = for_sale else {
        return;
    };
    let stake = PLANT_SHARE * board.free_credits();
    if price <= stake {
        orders.push(Order::AcceptDeal { deal: sale });
        return;
    }
    let venture = board.deals.iter().find_map(|deal| match deal {
        DealView::Venture {
            name,
            members,
            invites,
            reserve_credits,
            ..
        } => Some((name, members.contains_key(me), *invites, *reserve_credits)),
        _ => None,
    });
    match venture {
        None if board.habits.temperament == Temperament::Cooperative => {
            orders.push(Order::FoundVenture {
                venture: format!("{me}-works"),
                agreement: Agreement::usual(),
                credits: stake as u64,
                invite: Audience::Public,
            });
        }
        Some((name, true, _, reserve)) if price <= reserve => {
            orders.push(Order::VoteInVenture {
                venture: name.clone(),
                motion: Motion::Buy {
                    deal: sale,
                    tariff_credits_per_kg: USUAL_TARIFF_CREDITS_PER_KG,
                },
                yes: true,
            });
        }
        Some((name, member, invites, reserve)) if member || invites => {
            let credits = stake.min((price - reserve).ceil()) as u64;
            if 0 < credits {
                orders.push(Order::JoinVenture {
                    venture: name.clone(),
                    credits,
                });
            }
        }
        _ => {}
    }
}
