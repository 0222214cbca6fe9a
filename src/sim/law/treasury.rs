//! The treasury: royalties, the fund and its payouts, and shares of a quota.
//!
//! What a sale owes is told before it is made and booked with it, by whoever books sales:
//! [`Regime::check_sale`], [`Regime::dues`] and [`Regime::book_sale`]. The fund earns its return
//! from a named source and pays out by the charter's rule; every split is exact to the
//! micro-credit.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::charter::{Allocation, DAY_MS, Dividend, QUOTA_SHARES, QuotaTerms, YEAR_MS, days_ms};
use super::regime::Regime;
use super::rounds::Lot;
use crate::sim::economy::good::{Good, Stage};
use crate::sim::economy::ledger::{AccountId, Ledger, Memo};
use crate::sim::order::Log;

/// Lots in which the shares of a quota are auctioned.
const QUOTA_LOTS: u32 = 20;

/// What is sold, before the money moves.
#[derive(Clone, Debug, PartialEq)]
pub struct Sale<'a> {
    /// Name of the prospector who sells.
    pub seller: &'a str,
    pub good: Good,
    /// Id of the node where it is sold.
    pub node: &'a str,
    pub mass_g: i64,
    /// What the buyer pays [µcr].
    pub proceeds_ucr: i64,
}

/// A part of the proceeds that is not the seller's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Due {
    pub to: AccountId,
    pub amount_ucr: i64,
    pub memo: Memo,
}

/// Why a sale is not allowed, in words for the seller.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum SaleRefusal {
    #[error(
        "the quota of {good} leaves you {left_kg} kg to sell this year, and this is {wanted_kg} kg"
    )]
    OverQuota {
        good: Good,
        left_kg: String,
        wanted_kg: String,
    },
}

/// The balances of the treasury that are no accounts.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Treasury {
    /// What the fund held after the last payout, on which it earns [µcr].
    pub(super) invested_ucr: i64,
    /// Payouts so far: the turn in which parts too small to share are given out.
    pub(super) payouts: u64,
    /// Royalties taken and dividends paid so far [µcr].
    pub(super) royalties_ucr: i64,
    pub(super) dividends_ucr: i64,
    /// Paid to people outside the rush so far [µcr].
    pub(super) abroad_ucr: i64,
    /// Shares of the quota, by name.
    pub(super) shares: BTreeMap<String, u32>,
    /// Sold under the quota, by name: the year, counted from the start, and how much in it [g].
    pub(super) sold: BTreeMap<String, (u64, i64)>,
}

/// Splits a sum by weights so that the parts add up to it exactly.
///
/// Each gets its part rounded down; what is left goes by single units to those who lost most by
/// rounding (the method of Hamilton). Of equals, those come first whose turn it is, so that over
/// many splits nobody is favoured by standing first. All weights zero give nothing to anybody.
pub fn split(total: i64, weights: &[i64], turn: u64) -> Vec<i64> {
    let sum: i128 = weights
        .iter()
        .map(|&weight| i128::from(weight.max(0)))
        .sum();
    if sum == 0 || total <= 0 {
        return vec![0; weights.len()];
    }
    let count = weights.len();
    let mut parts = Vec::with_capacity(count);
    let mut remainders = Vec::with_capacity(count);
    for (i, &weight) in weights.iter().enumerate() {
        let share = i128::from(total) * i128::from(weight.max(0));
        parts.push((share / sum) as i64);
        let place = (i as u64 + count as u64 - turn % count as u64) % count as u64;
        remainders.push((std::cmp::Reverse(share % sum), place, i));
    }
    let left = total - parts.iter().sum::<i64>();
    remainders.sort_unstable();
    for &(_, _, i) in remainders.iter().take(left as usize) {
        parts[i] += 1;
    }
    parts
}

/// A part of a sum, rounded down: what is taken never exceeds the rate.
fn part_ucr(amount_ucr: i64, rate: f64) -> i64 {
    const PARTS: f64 = 1e12;
    (i128::from(amount_ucr) * (rate * PARTS).round() as i128 / PARTS as i128) as i64
}

impl Treasury {
    /// What royalties have come to [credits].
    pub fn royalties_credits(&self) -> f64 {
        1e-6 * self.royalties_ucr as f64
    }

    /// What prospectors have been paid [credits].
    pub fn dividends_credits(&self) -> f64 {
        1e-6 * self.dividends_ucr as f64
    }

    /// What people outside have been paid [credits].
    pub fn abroad_credits(&self) -> f64 {
        1e-6 * self.abroad_ucr as f64
    }

    /// Shares of the quota, by name.
    pub fn shares(&self) -> &BTreeMap<String, u32> {
        &self.shares
    }

    pub fn shares_of(&self, name: &str) -> u32 {
        self.shares.get(name).copied().unwrap_or(0)
    }

    /// Sold under the quota in the present year [g].
    fn sold_g(&self, name: &str, now_ms: u64) -> i64 {
        match self.sold.get(name) {
            Some(&(year, sold_g)) if year == now_ms / YEAR_MS => sold_g,
            _ => 0,
        }
    }
}

impl Regime {
    /// The treasury's figures, which are public.
    pub fn treasury(&self) -> &Treasury {
        &self.treasury
    }

    /// What is in the fund [credits].
    pub fn fund_credits(&self, ledger: &Ledger) -> f64 {
        1e-6 * ledger.balance(self.accounts.fund) as f64
    }

    /// What belongs to all: in the fund and its pot, paid to people outside, and bid for titles of
    /// the authority, which cost nothing to give [credits].
    pub fn public_credits(&self, ledger: &Ledger) -> f64 {
        let held_ucr = ledger.balance(self.accounts.fund) + ledger.balance(self.accounts.pot);
        let bid_ucr = ledger.moved(Memo::Title, None, Some(self.accounts.registry));
        1e-6 * (i128::from(held_ucr + self.treasury.abroad_ucr) + bid_ucr) as f64
    }

    /// The quota that binds a sale, if one does.
    fn quota_on(&self, seller: &str, good: Good, node: &str) -> Option<&QuotaTerms> {
        let quota = self.charter.quota.as_ref()?;
        let limited = quota.goods.contains(&good)
            && quota.node.as_ref().is_none_or(|only| only == node)
            && self.binds(seller);
        limited.then_some(quota)
    }

    /// What the quota leaves a prospector to sell this year [g]; None where no quota binds it.
    pub fn quota_left_g(&self, seller: &str, good: Good, node: &str, now_ms: u64) -> Option<i64> {
        let quota = self.quota_on(seller, good, node)?;
        let year_g = (1e3 * quota.mass_kg_per_year).round() as i128;
        let shares = i128::from(self.treasury.shares_of(seller));
        let entitled_g = (year_g * shares / i128::from(QUOTA_SHARES)) as i64;
        Some((entitled_g - self.treasury.sold_g(seller, now_ms)).max(0))
    }

    /// Whether a sale is allowed now. Call it before goods and money move.
    ///
    /// # Errors
    /// [`SaleRefusal`] with the reason.
    pub fn check_sale(&self, sale: &Sale, now_ms: u64) -> Result<(), SaleRefusal> {
        match self.quota_left_g(sale.seller, sale.good, sale.node, now_ms) {
            Some(left_g) if left_g < sale.mass_g => Err(SaleRefusal::OverQuota {
                good: sale.good,
                left_kg: format!("{:.3}", 1e-3 * left_g as f64),
                wanted_kg: format!("{:.3}", 1e-3 * sale.mass_g as f64),
            }),
            _ => Ok(()),
        }
    }

    /// The rate of the royalty for a prospector now.
    pub fn royalty_rate(&self, seller: &str, now_ms: u64) -> f64 {
        if !self.binds(seller) {
            return 0.0;
        }
        let first_ms = self
            .records
            .of(seller)
            .and_then(|record| record.first_sale_ms)
            .unwrap_or(now_ms);
        let years = (now_ms - first_ms) as f64 / YEAR_MS as f64;
        self.charter
            .royalty
            .iter()
            .rev()
            .find(|step| step.from_year <= years)
            .map_or(0.0, |step| step.rate)
    }

    /// What a sale owes, and to whom; nothing is booked.
    pub fn dues(&self, sale: &Sale, now_ms: u64) -> Vec<Due> {
        if !self.binds(sale.seller) {
            return Vec::new();
        }
        let fund = &self.charter.fund;
        let royalty_ucr = part_ucr(sale.proceeds_ucr, self.royalty_rate(sale.seller, now_ms));
        let to_fund_ucr = part_ucr(royalty_ucr, fund.royalty_share);
        let at_once_ucr = part_ucr(royalty_ucr, fund.at_once_share).min(royalty_ucr - to_fund_ucr);
        let local = self.charter.local.map_or(0.0, |terms| terms.share);
        let shared_ucr =
            part_ucr(sale.proceeds_ucr, fund.sales_share).min(sale.proceeds_ucr - royalty_ucr);
        let local_ucr =
            part_ucr(sale.proceeds_ucr, local).min(sale.proceeds_ucr - royalty_ucr - shared_ucr);
        [
            (self.accounts.fund, to_fund_ucr, Memo::Royalty),
            (self.accounts.pot, at_once_ucr, Memo::Royalty),
            (
                self.accounts.registry,
                royalty_ucr - to_fund_ucr - at_once_ucr,
                Memo::Royalty,
            ),
            (self.accounts.fund, shared_ucr + local_ucr, Memo::Share),
        ]
        .into_iter()
        .filter(|(_, amount_ucr, _)| 0 < *amount_ucr)
        .map(|(to, amount_ucr, memo)| Due {
            to,
            amount_ucr,
            memo,
        })
        .collect()
    }

    /// Takes from the seller what a sale owes, and writes the sale down. Call it once the buyer's
    /// money is in the seller's account. Returns what was taken [µcr].
    pub fn book_sale(&mut self, ledger: &mut Ledger, now_ms: u64, sale: &Sale) -> i64 {
        let dues = self.dues(sale, now_ms);
        let mut taken_ucr = 0;
        if let Some(account) = self.account(sale.seller) {
            for due in &dues {
                // The proceeds are there, and no due is more than a part of them.
                let moved = ledger.transfer(now_ms, account, due.to, due.amount_ucr, due.memo);
                if moved.is_ok() {
                    taken_ucr += due.amount_ucr;
                    if due.memo == Memo::Royalty {
                        self.treasury.royalties_ucr += due.amount_ucr;
                    }
                }
            }
        }
        if self.quota_on(sale.seller, sale.good, sale.node).is_some() {
            let sold_g = self.treasury.sold_g(sale.seller, now_ms) + sale.mass_g;
            self.treasury
                .sold
                .insert(sale.seller.to_owned(), (now_ms / YEAR_MS, sold_g));
        }
        self.standing.note_activity(sale.seller);
        let record = self.records.of_mut(sale.seller);
        record.first_sale_ms.get_or_insert(now_ms);
        record.sold_ucr += sale.proceeds_ucr;
        record.sold_in_period_ucr += sale.proceeds_ucr;
        record.dues_ucr += taken_ucr;
        if matches!(sale.good.stage(), Stage::Refined | Stage::Manufactured) {
            record.refined_g += sale.mass_g;
        } else {
            record.raw_g += sale.mass_g;
        }
        taken_ucr
    }

    /// Gives out the shares of a quota anew.
    pub(super) fn allocate_quota(&mut self, now_ms: u64) {
        self.treasury.shares.clear();
        self.treasury.sold.clear();
        let Some(quota) = &self.charter.quota else {
            return;
        };
        let names: Vec<String> = self
            .roster
            .iter()
            .map(|citizen| citizen.name.clone())
            .filter(|name| self.is_member(name))
            .collect();
        let weights: Vec<i64> = match quota.allocation {
            Allocation::Auctioned => {
                let close_ms = now_ms + days_ms(self.charter.claims.auction_days);
                for _ in 0..QUOTA_LOTS {
                    self.rounds.open_auction(
                        Lot::QuotaShares(QUOTA_SHARES / QUOTA_LOTS),
                        None,
                        0,
                        self.charter.claims.sealed_bids,
                        (now_ms, close_ms),
                    );
                }
                return;
            }
            Allocation::Equal => vec![1; names.len()],
            Allocation::ByHistory => {
                let sold =
                    |name: &String| self.records.of(name).map_or(0, |record| record.sold_ucr);
                let sold: Vec<i64> = names.iter().map(sold).collect();
                if sold.iter().all(|&sold_ucr| sold_ucr == 0) {
                    vec![1; names.len()]
                } else {
                    sold
                }
            }
        };
        let parts = split(i64::from(QUOTA_SHARES), &weights, 0);
        self.treasury.shares = names
            .into_iter()
            .zip(parts)
            .map(|(name, shares)| (name, shares as u32))
            .collect();
    }

    /// Moves shares of the quota between prospectors, for whoever has both sides' consent: an
    /// exchange, or an offer that was taken. False, and nothing moves, if there are not so many.
    pub fn transfer_quota(&mut self, from: &str, to: &str, shares: u32) -> bool {
        let held = self.treasury.shares_of(from);
        if held < shares || self.account(to).is_none() {
            return false;
        }
        self.treasury.shares.insert(from.to_owned(), held - shares);
        self.grant_quota(to, shares);
        true
    }

    pub(super) fn grant_quota(&mut self, to: &str, shares: u32) {
        *self.treasury.shares.entry(to.to_owned()).or_default() += shares;
    }

    /// Ends a period of the fund: it earns, and pays out.
    pub(super) fn close_period(&mut self, ledger: &mut Ledger, log: &mut Log, now_ms: u64) {
        let terms = self.charter.fund.clone();
        let years = terms.period_days / 365.25;
        let accounts = self.accounts;
        let earned_ucr = part_ucr(self.treasury.invested_ucr, terms.return_per_year * years);
        let mut book = |from, to, amount_ucr, memo| {
            ledger
                .transfer(now_ms, from, to, amount_ucr, memo)
                .expect("the fund holds what it pays");
        };
        book(
            accounts.earnings,
            accounts.fund,
            earned_ucr,
            Memo::FundReturn,
        );
        let of_fund_ucr = part_ucr(
            ledger.balance(accounts.fund),
            (terms.payout_per_year * years).min(1.0),
        );
        let at_once_ucr = ledger.balance(accounts.pot);
        let weights = self.dividend_weights(ledger);
        let payable = self.in_force()
            && self.charter.dividend.rule != Dividend::Nothing
            && weights.iter().any(|(_, weight)| 0 < *weight);
        if payable {
            let payout_ucr = of_fund_ucr + at_once_ucr;
            let abroad_ucr = part_ucr(payout_ucr, self.charter.dividend.outside_share);
            let heads_ucr = payout_ucr - abroad_ucr;
            let mut book = |from, to, amount_ucr, memo| {
                ledger
                    .transfer(now_ms, from, to, amount_ucr, memo)
                    .expect("the fund holds what it pays");
            };
            // All in one place first, so that each payment is one line.
            book(accounts.fund, accounts.pot, of_fund_ucr, Memo::Dividend);
            book(accounts.pot, accounts.abroad, abroad_ucr, Memo::Dividend);
            let parts = self.split_payout(heads_ucr, &weights);
            for ((name, _), part_ucr) in weights.iter().zip(parts) {
                let account = self.account(name).expect("weights are those of citizens");
                book(accounts.pot, account, part_ucr, Memo::Dividend);
                self.records.of_mut(name).dividends_ucr += part_ucr;
            }
            self.treasury.dividends_ucr += heads_ucr;
            self.treasury.abroad_ucr += abroad_ucr;
            self.treasury.payouts += 1;
            if 0 < payout_ucr {
                log.announce(
                    now_ms,
                    format!("the fund pays out {:.0} credits", 1e-6 * payout_ucr as f64),
                );
            }
        }
        self.treasury.invested_ucr = ledger.balance(accounts.fund);
        self.records.close_period();
    }

    /// Those who have a part in payouts, with their weights.
    fn dividend_weights(&self, ledger: &Ledger) -> Vec<(String, i64)> {
        let members = self
            .roster
            .iter()
            .filter(|citizen| self.is_member(&citizen.name));
        let wealth = |account| ledger.balance(account).max(0) as f64;
        let count = members.clone().count().max(1) as f64;
        let mean = members
            .clone()
            .map(|citizen| wealth(citizen.account))
            .sum::<f64>()
            / count;
        members
            .map(|citizen| {
                let name = &citizen.name;
                let weight = match self.charter.dividend.rule {
                    Dividend::Nothing => 0,
                    Dividend::PerHead => 1,
                    Dividend::ByContribution { .. } => self
                        .records
                        .of(name)
                        .map_or(0, |record| record.sold_in_period_ucr),
                    Dividend::ByNeed => {
                        let relative = if 0.0 < mean {
                            wealth(citizen.account) / mean
                        } else {
                            0.0
                        };
                        (1e9 / (1.0 + relative)).round() as i64
                    }
                    Dividend::ByShare => i64::from(self.treasury.shares_of(name)),
                };
                (name.clone(), weight)
            })
            .collect()
    }

    fn split_payout(&self, heads_ucr: i64, weights: &[(String, i64)]) -> Vec<i64> {
        let turn = self.treasury.payouts;
        let weights: Vec<i64> = weights.iter().map(|(_, weight)| *weight).collect();
        let Dividend::ByContribution { floor_share } = self.charter.dividend.rule else {
            return split(heads_ucr, &weights, turn);
        };
        let floor_ucr = part_ucr(heads_ucr, floor_share);
        let floor = split(floor_ucr, &vec![1; weights.len()], turn);
        let rest = split(heads_ucr - floor_ucr, &weights, turn);
        floor
            .iter()
            .zip(rest)
            .map(|(one, other)| one + other)
            .collect()
    }

    /// Whether a period of the fund ends in the hour up to a time.
    pub(super) fn period_ends(&self, hour_end_ms: u64) -> bool {
        let period_ms = days_ms(self.charter.fund.period_days).max(DAY_MS / 24);
        hour_end_ms / period_ms != (hour_end_ms - DAY_MS / 24) / period_ms
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn a_split_is_exact_and_within_one_unit_of_just(
            total in 0..i64::MAX / 2,
            weights in prop::collection::vec(0..1_000_000_000_000_i64, 1..20),
            turn in 0..50_u64,
        ) {
            let parts = split(total, &weights, turn);
            let sum: i128 = weights.iter().map(|&weight| i128::from(weight)).sum();
            if sum == 0 {
                prop_assert!(parts.iter().all(|&part| part == 0));
                return Ok(());
            }
            prop_assert_eq!(parts.iter().sum::<i64>(), total);
            for (&part, &weight) in parts.iter().zip(&weights) {
                let just = i128::from(total) * i128::from(weight) / sum;
                let excess = i128::from(part) - just;
                prop_assert!((0..=1).contains(&excess), "{part} of {just}");
            }
        }

        #[test]
        fn over_many_payouts_no_equal_is_favoured(total in 1..10_000_i64, heads in 1..12_usize) {
            let mut sums = vec![0; heads];
            let rounds = 12 * heads as u64;
            for turn in 0..rounds {
                for (sum, part) in sums.iter_mut().zip(split(total, &vec![7; heads], turn)) {
                    *sum += part;
                }
            }
            prop_assert!(sums.iter().all(|sum| *sum == sums[0]), "{sums:?}");
        }
    }
}
