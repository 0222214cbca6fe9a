//! Work on Earth: the minutes of attention that machines need, the hours that samples, repairs,
//! shipments, claims and deals take, who does them, and what they are paid.
//!
//! Hours are assumed throughout, for want of a published figure for a fleet of mining robots; the
//! early Mars rovers took a team each. The one table below holds all of them.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::commerce::{Books, Party};
use super::insolvency::{Arrears, Rank};
use super::ledger::{AccountId, Memo};

const MINUTE_MS: u64 = 60_000;
/// Hours that a full-time job has in a year: the mean of the OECD in 2022 (OECD Employment
/// Outlook 2023, table of hours worked).
const FULL_TIME_H_PER_YEAR: f64 = 1_752.0;
const MS_PER_H: f64 = 3.6e6;

/// Who works.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Occupation {
    Operator,
    Engineer,
    Geologist,
    Logistics,
    Law,
    Finance,
}

impl Occupation {
    pub const ALL: [Self; 6] = [
        Self::Operator,
        Self::Engineer,
        Self::Geologist,
        Self::Logistics,
        Self::Law,
        Self::Finance,
    ];

    pub fn as_str(self) -> &'static str {
        match self {
            Self::Operator => "operators",
            Self::Engineer => "engineers",
            Self::Geologist => "geologists",
            Self::Logistics => "logistics",
            Self::Law => "law",
            Self::Finance => "finance",
        }
    }
}

/// What a machine does while somebody attends to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Duty {
    Standby,
    Travel,
    Dig,
    Measure,
    Service,
    /// A plant, running or not.
    Plant,
}

/// Something done once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Deed {
    Sample,
    Repair,
    Shipment,
    Claim,
    Trade,
    Deal,
}

/// Minutes of attention a day, and by whom. Assumed.
fn attention(duty: Duty) -> (Occupation, u64) {
    match duty {
        Duty::Standby => (Occupation::Operator, 10),
        Duty::Travel => (Occupation::Operator, 120),
        Duty::Dig => (Occupation::Operator, 60),
        Duty::Measure => (Occupation::Geologist, 90),
        Duty::Service => (Occupation::Engineer, 240),
        Duty::Plant => (Occupation::Engineer, 45),
    }
}

/// Minutes that a deed takes, and whose. Assumed.
fn effort(deed: Deed) -> (Occupation, u64) {
    match deed {
        Deed::Sample => (Occupation::Geologist, 120),
        Deed::Repair => (Occupation::Engineer, 360),
        Deed::Shipment => (Occupation::Logistics, 480),
        Deed::Claim => (Occupation::Law, 960),
        Deed::Trade => (Occupation::Finance, 20),
        Deed::Deal => (Occupation::Finance, 180),
    }
}

/// What work costs in a level.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LabourTerms {
    /// For an hour of anybody's work; with 0 work is counted and not paid.
    pub wage_credits_per_h: f64,
    /// For a robot that is left to itself, a day.
    pub autonomy_credits_per_robot_day: f64,
    /// Chance that a robot which is left to itself drops what it does, a day.
    pub autonomy_error_per_robot_day: f64,
}

/// Hours of one prospector.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Payroll {
    /// Worked since the start, and not yet paid for [ms].
    worked_ms: [u64; 6],
    unpaid_ms: u64,
    /// Part of robots' attention that programs take over, in thousandths.
    autonomy_permille: u64,
    /// Robot-hours of autonomy not yet paid for, in thousandths.
    autonomous_permille_h: u64,
}

/// All hours.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Labour {
    payrolls: BTreeMap<Party, Payroll>,
    /// Orders that have been looked at for deeds.
    pub(in crate::sim) seen_orders: u64,
}

/// Full-time jobs that a prospector's activity has come to, on the average since the start.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Jobs {
    pub full_time: BTreeMap<String, f64>,
}

impl Labour {
    /// Sets the part of the attention to robots that programs take over, from 0 to 1.
    pub fn set_autonomy(&mut self, party: Party, level: f64) {
        self.payroll(party).autonomy_permille = (1e3 * level).round() as u64;
    }

    /// From 0 to 1.
    pub fn autonomy(&self, party: Party) -> f64 {
        let payroll = self.payrolls.get(&party);
        1e-3 * payroll.map_or(0, |payroll| payroll.autonomy_permille) as f64
    }

    /// Books an hour of attention to a machine.
    pub fn attend(&mut self, party: Party, duty: Duty) {
        let (who, minutes) = attention(duty);
        let payroll = self.payroll(party);
        let mut spent_ms = minutes * MINUTE_MS / 24;
        if duty != Duty::Plant {
            let programs = payroll.autonomy_permille;
            spent_ms = spent_ms * (1000 - programs) / 1000;
            payroll.autonomous_permille_h += programs;
        }
        payroll.worked_ms[who as usize] += spent_ms;
        payroll.unpaid_ms += spent_ms;
    }

    /// Books what a deed takes.
    pub fn count(&mut self, party: Party, deed: Deed) {
        let (who, minutes) = effort(deed);
        let payroll = self.payroll(party);
        payroll.worked_ms[who as usize] += minutes * MINUTE_MS;
        payroll.unpaid_ms += minutes * MINUTE_MS;
    }

    /// Pays a day's wages and programs; what an account does not hold is owed.
    pub fn pass_day(
        &mut self,
        books: &mut Books,
        terms: &LabourTerms,
        payee: AccountId,
        arrears: &mut Arrears,
    ) {
        for (&party, payroll) in &mut self.payrolls {
            let wages = payroll.unpaid_ms as f64 / MS_PER_H * terms.wage_credits_per_h;
            let robot_days = 1e-3 / 24.0 * payroll.autonomous_permille_h as f64;
            let programs = robot_days * terms.autonomy_credits_per_robot_day;
            payroll.unpaid_ms = 0;
            payroll.autonomous_permille_h = 0;
            let due_ucr = (1e6 * (wages + programs)).round() as i64;
            let paid_ucr = due_ucr.min(books.balance_ucr(party));
            books.transfer(books.account(party), payee, paid_ucr, Memo::Wages);
            arrears.owe_account(books, party, Rank::Wages, payee, due_ucr - paid_ucr);
        }
    }

    /// Full-time jobs of a party, or of all together, over so much time since the start.
    pub fn jobs(&self, party: Option<Party>, elapsed_ms: u64) -> Jobs {
        let mut full_time = BTreeMap::new();
        let years = elapsed_ms as f64 / (365.0 * 86_400_000.0);
        for who in Occupation::ALL {
            let worked_ms: u64 = self
                .payrolls
                .iter()
                .filter(|(each, _)| party.is_none_or(|party| party == **each))
                .map(|(_, payroll)| payroll.worked_ms[who as usize])
                .sum();
            let hours = worked_ms as f64 / MS_PER_H;
            let jobs = if elapsed_ms == 0 {
                0.0
            } else {
                hours / (years * FULL_TIME_H_PER_YEAR)
            };
            full_time.insert(who.as_str().to_owned(), jobs);
        }
        Jobs { full_time }
    }

    fn payroll(&mut self, party: Party) -> &mut Payroll {
        self.payrolls.entry(party).or_default()
    }
}
