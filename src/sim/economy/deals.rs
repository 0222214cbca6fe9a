//! Deals as a prospector sees them: what is offered to it, and what it is a party to. What others
//! have agreed among themselves is theirs; ventures, tenders and lots on sale are public.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::commerce::{Commerce, Party};
use super::contracts::{ContractState, Delivery};
use super::credit::Pledge;
use super::fleet::Machine;
use super::good::Good;
use super::insolvency::LotItem;
use super::sale::Seller;
use super::stores::Place;
use super::venture::{Agreement, Motion};

/// A deal, by its number.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum DealView {
    Contract {
        deal: u32,
        buyer: Option<String>,
        seller: Option<String>,
        goods: GoodsView,
        delivered_kg: f64,
        agreed: bool,
    },
    Tender {
        deal: u32,
        buyer: String,
        /// Its price is the most that the buyer pays.
        goods: GoodsView,
        closes_ms: u64,
        /// One's own.
        bid_credits: Option<f64>,
    },
    Hire {
        deal: u32,
        owner: String,
        hirer: Option<String>,
        machine: Machine,
        credits_per_day: f64,
        days: u32,
        deposit_credits: f64,
        since_ms: Option<u64>,
    },
    Sale {
        deal: u32,
        /// A prospector or a venture.
        seller: String,
        machine: Machine,
        price_credits: f64,
    },
    Loan {
        deal: u32,
        borrower: String,
        lender: Option<String>,
        principal_credits: f64,
        owed_credits: f64,
        percent_per_year: f64,
        days: f64,
        due_ms: Option<u64>,
        collateral: Vec<Pledge>,
    },
    Cover {
        deal: u32,
        insurer: String,
        percent_per_year: f64,
        sum_max_credits: f64,
    },
    Policy {
        deal: u32,
        insurer: Option<String>,
        insured: String,
        machine: Machine,
        sum_credits: f64,
        until_ms: u64,
    },
    Lot {
        deal: u32,
        debtor: String,
        item: LotItem,
        best_credits: Option<f64>,
        closes_ms: u64,
    },
    Venture {
        name: String,
        agreement: Agreement,
        /// Shares and income so far [credits] of each member, by name.
        members: BTreeMap<String, (u64, f64)>,
        /// Whether one may join.
        invites: bool,
        reserve_credits: f64,
        /// Its plants, and who gives them their orders.
        plants: Vec<String>,
        steward: String,
        /// What is being voted on, and who is for it.
        motions: Vec<(Motion, Vec<String>)>,
    },
    /// Belongs to the first who salvages it.
    Abandoned { machine: Machine },
}

/// What is to be delivered, for people.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct GoodsView {
    pub place: Place,
    pub good: Good,
    pub mass_kg: f64,
    pub price_credits: f64,
    pub penalty_credits: f64,
    pub deadline_ms: u64,
}

impl From<&Delivery> for GoodsView {
    fn from(delivery: &Delivery) -> Self {
        Self {
            place: delivery.place.clone(),
            good: delivery.good,
            mass_kg: 1e-3 * delivery.mass_g as f64,
            price_credits: credits(delivery.price_ucr),
            penalty_credits: credits(delivery.penalty_ucr),
            deadline_ms: delivery.deadline_ms,
        }
    }
}

fn credits(ucr: i64) -> f64 {
    1e-6 * ucr as f64
}

/// All deals that a party may see, kind by kind and in order of their numbers.
pub(super) fn seen_by(commerce: &Commerce, party: Party) -> Vec<DealView> {
    let name = |party: Party| commerce.parties.name(party).to_owned();
    let mut deals = Vec::new();
    for contract in commerce.contracts.standing() {
        if contract.concerns(party) || contract.to.includes(party) {
            // Others see an offer as long as it is one.
            let agreed = contract.state == ContractState::Agreed;
            if agreed && !contract.concerns(party) {
                continue;
            }
            deals.push(DealView::Contract {
                deal: contract.id,
                buyer: contract.buyer.map(name),
                seller: contract.seller.map(name),
                goods: (&contract.delivery).into(),
                delivered_kg: 1e-3 * contract.delivered_g as f64,
                agreed,
            });
        }
    }
    for tender in commerce.tenders.open() {
        if tender.buyer == party || tender.to.includes(party) {
            deals.push(DealView::Tender {
                deal: tender.id,
                buyer: name(tender.buyer),
                goods: (&tender.delivery).into(),
                closes_ms: tender.closes_ms,
                bid_credits: tender.own_bid_ucr(party).map(credits),
            });
        }
    }
    for hire in commerce.hires.standing() {
        let own = hire.owner == party || hire.taken.is_some_and(|taken| taken.hirer == party);
        if own || hire.taken.is_none() && hire.to.includes(party) {
            deals.push(DealView::Hire {
                deal: hire.id,
                owner: name(hire.owner),
                hirer: hire.taken.map(|taken| name(taken.hirer)),
                machine: hire.machine.clone(),
                credits_per_day: credits(hire.per_day_ucr),
                days: hire.days,
                deposit_credits: credits(hire.deposit_ucr),
                since_ms: hire.taken.map(|taken| taken.since_ms),
            });
        }
    }
    for sale in commerce.machine_sales.standing() {
        if sale.seller == Seller::Party(party) || sale.to.includes(party) {
            deals.push(DealView::Sale {
                deal: sale.id,
                seller: match &sale.seller {
                    Seller::Party(seller) => name(*seller),
                    Seller::Venture(venture) => venture.clone(),
                },
                machine: sale.machine.clone(),
                price_credits: credits(sale.price_ucr),
            });
        }
    }
    for loan in commerce.credit.standing() {
        let granted = loan.granted;
        let own = loan.borrower == party || granted.is_some_and(|each| each.lender == party);
        if own || granted.is_none() && loan.to.includes(party) {
            let owed_ucr = granted.map_or(0, |each| each.owed_ucr + each.interest_ucr);
            deals.push(DealView::Loan {
                deal: loan.id,
                borrower: name(loan.borrower),
                lender: granted.map(|each| name(each.lender)),
                principal_credits: credits(loan.principal_ucr),
                owed_credits: credits(owed_ucr),
                percent_per_year: 1e-4 * loan.rate_ppm as f64,
                days: loan.term_ms as f64 / 86_400_000.0,
                due_ms: loan.due_ms(),
                collateral: loan.collateral.clone(),
            });
        }
    }
    for cover in commerce.insurance.covers() {
        if cover.insurer == party || cover.to.includes(party) {
            deals.push(DealView::Cover {
                deal: cover.id,
                insurer: name(cover.insurer),
                percent_per_year: 1e-4 * cover.rate_ppm as f64,
                sum_max_credits: credits(cover.sum_max_ucr),
            });
        }
    }
    for policy in commerce.insurance.policies() {
        if policy.insured == party || policy.insurer == Some(party) {
            deals.push(DealView::Policy {
                deal: policy.id,
                insurer: policy.insurer.map(name),
                insured: name(policy.insured),
                machine: policy.machine.clone(),
                sum_credits: credits(policy.sum_ucr),
                until_ms: policy.until_ms,
            });
        }
    }
    for lot in commerce.insolvency.lots() {
        deals.push(DealView::Lot {
            deal: lot.id,
            debtor: name(lot.debtor),
            item: lot.item.clone(),
            best_credits: lot.best.map(|(_, price_ucr)| credits(price_ucr)),
            closes_ms: lot.closes_ms,
        });
    }
    for venture in commerce.ventures.iter() {
        let member = |member: &super::venture::Member| {
            let shares = commerce.shares.held(&venture.name, member.party);
            (name(member.party), (shares, credits(member.paid_ucr)))
        };
        deals.push(DealView::Venture {
            name: venture.name.clone(),
            agreement: venture.agreement.clone(),
            members: venture.members.iter().map(member).collect(),
            invites: venture.to.includes(party) && venture.member(party).is_none(),
            reserve_credits: credits(venture.reserve_ucr),
            plants: venture
                .commons
                .iter()
                .map(|common| common.plant.clone())
                .collect(),
            steward: name(venture.steward()),
            motions: venture
                .motions
                .iter()
                .map(|(motion, voters)| {
                    (motion.clone(), voters.iter().copied().map(name).collect())
                })
                .collect(),
        });
    }
    for machine in commerce.insolvency.abandoned() {
        deals.push(DealView::Abandoned {
            machine: machine.clone(),
        });
    }
    deals
}
