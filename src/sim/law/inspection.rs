//! Duties and what comes of them: labour hours, processing, contamination, debris and trespass are
//! written down as they happen, from facts that the world tells through the hooks here; inspectors
//! find what they find, and fine it.

use std::collections::{BTreeMap, BTreeSet};

use bevy::math::DVec3;
use serde::{Deserialize, Serialize};

use super::charter::{DAY_MS, Enforcement, days_ms, micro_credits};
use super::claims::Registry;
use super::regime::Regime;
use crate::sim::economy::ledger::{AccountId, Ledger, Memo};
use crate::sim::order::{Log, Severity};
use crate::sim::random;

const HOUR_MS: u64 = 3_600_000;
const WEEK_MS: u64 = 7 * DAY_MS;

/// Something that the charter forbids and that was done.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Breach {
    /// Dug on the ground of another.
    Trespass { claim: u32 },
    /// Dug in the zone of another.
    Intrusion { holder: String },
    /// Kept crews at work for longer than a day may be.
    Overwork { robot: String },
    /// Left crews without their days of rest.
    NoRest { robot: String },
    /// Sold too little that was refined at the place.
    Unprocessed,
}

impl std::fmt::Display for Breach {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Trespass { claim } => write!(f, "digging on claim {claim}"),
            Self::Intrusion { holder } => write!(f, "digging in a zone of {holder}"),
            Self::Overwork { robot } => write!(f, "overworking the crews of {robot}"),
            Self::NoRest { robot } => write!(f, "no days of rest for the crews of {robot}"),
            Self::Unprocessed => f.write_str("refining too little at the place"),
        }
    }
}

/// A breach that inspectors have found, for everybody to read.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Finding {
    pub at_ms: u64,
    pub by: String,
    pub breach: Breach,
    pub fine_ucr: i64,
}

/// Something that was charged and could not be paid at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Debt {
    pub to: AccountId,
    pub amount_ucr: i64,
    pub memo: Memo,
}

/// What the law has written down about one prospector.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Record {
    pub first_sale_ms: Option<u64>,
    /// Sales since the start, and since the last payout of the fund [µcr].
    pub sold_ucr: i64,
    pub sold_in_period_ucr: i64,
    /// Royalties and shares of sales taken [µcr].
    pub dues_ucr: i64,
    pub dividends_ucr: i64,
    /// Sold as refined or made goods and as others since the last inspection [g].
    pub refined_g: i64,
    pub raw_g: i64,
    /// Fines so far [µcr], paid or not, and how many.
    pub fines_ucr: i64,
    pub offences: u32,
    /// What inspectors could find now. Not public.
    pub(super) breaches: BTreeSet<Breach>,
    pub(super) debts: Vec<Debt>,
    /// Robots that lie dead on the body, and what life they have left there [spores].
    pub wrecks: u32,
    pub spores: f64,
    /// Let go into space: ground and machines [g].
    pub debris_g: i64,
    /// Hours that crews have worked at robots.
    pub crew_hours: u64,
    /// Readings that have been looked through for disclosure.
    disclosed: usize,
}

/// The hours of the crews of one robot.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Shift {
    day: u64,
    hours: u32,
    week: u64,
    days: u32,
}

/// What the law has written down.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Records {
    of: BTreeMap<String, Record>,
    findings: Vec<Finding>,
    /// Robots whose sterilisation has been paid, and those whose end has been written down.
    sterilised: BTreeSet<String>,
    ended: BTreeSet<String>,
    shifts: BTreeMap<String, Shift>,
}

/// What the world shows of a robot on the hour.
#[derive(Clone, Debug, PartialEq)]
pub struct RobotFact<'a> {
    pub name: &'a str,
    pub owner: &'a str,
    pub mass_g: i64,
    /// A crew is at work with it.
    pub working: bool,
    /// It has left the body for good.
    pub lost: bool,
    /// It lies dead on the body.
    pub dead: bool,
}

impl Records {
    pub fn of(&self, name: &str) -> Option<&Record> {
        self.of.get(name)
    }

    /// All records, by name.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Record)> {
        self.of.iter().map(|(name, record)| (name.as_str(), record))
    }

    /// What inspectors have found, in order.
    pub fn findings(&self) -> &[Finding] {
        &self.findings
    }

    pub(super) fn of_mut(&mut self, name: &str) -> &mut Record {
        if !self.of.contains_key(name) {
            self.of.insert(name.to_owned(), Record::default());
        }
        self.of.get_mut(name).expect("it has just been put there")
    }

    /// Left on the body by all wrecks [spores].
    pub fn spores(&self) -> f64 {
        self.of.values().map(|record| record.spores).sum()
    }

    /// Robots that lie dead on the body, or did before they were mended.
    pub fn wrecks(&self) -> u32 {
        self.of.values().map(|record| record.wrecks).sum()
    }

    /// Let go into space by all [kg].
    pub fn debris_kg(&self) -> f64 {
        1e-3 * self.of.values().map(|record| record.debris_g).sum::<i64>() as f64
    }

    pub(super) fn close_period(&mut self) {
        for record in self.of.values_mut() {
            record.sold_in_period_ucr = 0;
        }
    }
}

impl Regime {
    /// What has been written down about everybody.
    pub fn records(&self) -> &Records {
        &self.records
    }

    /// What somebody owes under the law [µcr].
    pub fn owed_ucr(&self, name: &str) -> i64 {
        self.records.of(name).map_or(0, |record| {
            record.debts.iter().map(|debt| debt.amount_ucr).sum()
        })
    }

    /// Takes money that is due: from the account as far as it goes, then from whoever sponsors;
    /// the rest is owed, and taken from what comes in.
    pub(super) fn charge(
        &mut self,
        ledger: &mut Ledger,
        log: &mut Log,
        now_ms: u64,
        name: &str,
        to: AccountId,
        amount_ucr: i64,
        memo: Memo,
    ) {
        if amount_ucr <= 0 {
            return;
        }
        let mut left_ucr = amount_ucr;
        let sponsor = self.standing.sponsor_of(name).map(str::to_owned);
        // Earlier debts come first.
        let payers: Vec<String> = if self.owed_ucr(name) == 0 {
            std::iter::once(name.to_owned()).chain(sponsor).collect()
        } else {
            sponsor.into_iter().collect()
        };
        for payer in payers {
            if let Some(account) = self.account(&payer) {
                let paid_ucr = left_ucr.min(ledger.balance(account));
                ledger
                    .transfer(now_ms, account, to, paid_ucr, memo)
                    .expect("no more is paid than there is");
                left_ucr -= paid_ucr;
            }
        }
        if 0 < left_ucr {
            self.records.of_mut(name).debts.push(Debt {
                to,
                amount_ucr: left_ucr,
                memo,
            });
            log.tell(
                now_ms,
                name,
                Severity::Alarm,
                format!(
                    "{:.0} credits ({}) are owed and will be taken from what comes in",
                    1e-6 * left_ucr as f64,
                    memo.as_str()
                ),
            );
        }
    }

    /// Takes what is owed from those who have come to money, oldest debts first.
    pub(super) fn collect_debts(&mut self, ledger: &mut Ledger, now_ms: u64) {
        let debtors: Vec<String> = self
            .records
            .iter()
            .filter(|(_, record)| !record.debts.is_empty())
            .map(|(name, _)| name.to_owned())
            .collect();
        for name in debtors {
            let Some(account) = self.account(&name) else {
                continue;
            };
            let debts = &mut self.records.of_mut(&name).debts;
            for debt in debts.iter_mut() {
                let paid_ucr = debt.amount_ucr.min(ledger.balance(account));
                ledger
                    .transfer(now_ms, account, debt.to, paid_ucr, debt.memo)
                    .expect("no more is paid than there is");
                debt.amount_ucr -= paid_ucr;
            }
            debts.retain(|debt| 0 < debt.amount_ucr);
        }
        self.clear_arrears();
    }

    /// Cancels what somebody owes and says how much that was [µcr].
    pub(super) fn write_off(&mut self, name: &str) -> i64 {
        let owed_ucr = self.owed_ucr(name);
        if 0 < owed_ucr {
            self.records.of_mut(name).debts.clear();
        }
        owed_ucr
    }

    /// Books what a robot has dug at a place, on whose ground it was and in whose zone. Call it
    /// where rock is broken out.
    pub fn record_dig(
        &mut self,
        registry: &mut Registry,
        now_ms: u64,
        by: &str,
        robot: &str,
        point_m: DVec3,
        mass_g: i64,
    ) {
        if mass_g <= 0 {
            return;
        }
        self.standing.note_activity(by);
        if self.charter.claims.enforcement == Enforcement::Recorded
            && let Some(holder) = self.zone_at(registry, by, point_m, now_ms)
        {
            let holder = holder.to_owned();
            self.note_breach(by, Breach::Intrusion { holder });
        }
        let mut trespassed = Vec::new();
        for claim in registry.standing() {
            if claim.covers(point_m) && !self.may_work(claim, by) {
                trespassed.push(claim.id.0);
            }
        }
        for &claim in &trespassed {
            self.note_breach(by, Breach::Trespass { claim });
        }
        registry.record_dig(now_ms, by, robot, point_m, mass_g, |claim| {
            !trespassed.contains(&claim.id.0)
        });
    }

    /// Books what was poured out on the ground at a place, and what of it went into space.
    pub fn record_pouring(
        &mut self,
        registry: &mut Registry,
        ledger: &mut Ledger,
        log: &mut Log,
        now_ms: u64,
        by: &str,
        point_m: DVec3,
        (lies_g, drifted_g): (i64, i64),
    ) {
        if 0 < lies_g {
            registry.record_pouring(by, point_m, lies_g);
        }
        self.record_debris(ledger, log, now_ms, by, drifted_g);
    }

    /// Books matter or a machine that somebody has let go into space, and charges for it.
    pub fn record_debris(
        &mut self,
        ledger: &mut Ledger,
        log: &mut Log,
        now_ms: u64,
        by: &str,
        mass_g: i64,
    ) {
        if mass_g <= 0 {
            return;
        }
        self.records.of_mut(by).debris_g += mass_g;
        if self.binds(by) {
            let per_kg_ucr = micro_credits(self.charter.debris.credits_per_kg);
            let due_ucr = (i128::from(per_kg_ucr) * i128::from(mass_g) / 1000) as i64;
            let to = self.fees_account();
            self.charge(ledger, log, now_ms, by, to, due_ucr, Memo::Debris);
        }
    }

    pub(super) fn note_breach(&mut self, by: &str, breach: Breach) {
        if self.binds(by) {
            self.records.of_mut(by).breaches.insert(breach);
        }
    }

    /// Looks at the robots on the hour: who works, what has been lost, what lies dead.
    pub(super) fn look_at_robots<'a>(
        &mut self,
        ledger: &mut Ledger,
        log: &mut Log,
        now_ms: u64,
        robots: impl Iterator<Item = RobotFact<'a>>,
    ) {
        for robot in robots {
            if robot.working {
                self.note_hour(&robot, now_ms);
            }
            if robot.lost || robot.dead {
                if self.records.ended.insert(robot.name.to_owned()) {
                    if robot.lost {
                        self.record_debris(ledger, log, now_ms, robot.owner, robot.mass_g);
                    } else {
                        self.record_wreck(ledger, log, now_ms, &robot);
                    }
                }
                continue;
            }
            // What was dead has been mended.
            if self.records.ended.contains(robot.name) {
                self.records.ended.remove(robot.name);
            }
            let price = self
                .charter
                .contamination
                .map_or(0.0, |terms| terms.sterilisation_credits_per_robot);
            if 0.0 < price
                && self.binds(robot.owner)
                && !self.records.sterilised.contains(robot.name)
            {
                self.records.sterilised.insert(robot.name.to_owned());
                let to = self.fees_account();
                let price_ucr = micro_credits(price);
                self.charge(
                    ledger,
                    log,
                    now_ms,
                    robot.owner,
                    to,
                    price_ucr,
                    Memo::Sterilisation,
                );
            }
        }
    }

    fn record_wreck(&mut self, ledger: &mut Ledger, log: &mut Log, now_ms: u64, robot: &RobotFact) {
        let terms = self.charter.contamination;
        let class = terms.map_or(super::charter::ProtectionClass::I, |terms| terms.class);
        let record = self.records.of_mut(robot.owner);
        record.wrecks += 1;
        record.spores += class.spores_per_robot();
        let over = terms.is_some_and(|terms| terms.limit_spores < record.spores);
        if let Some(terms) = terms.filter(|_| over && self.binds(robot.owner)) {
            let fine_ucr = micro_credits(terms.fine_credits);
            self.records.of_mut(robot.owner).fines_ucr += fine_ucr;
            let to = self.fees_account();
            self.charge(ledger, log, now_ms, robot.owner, to, fine_ucr, Memo::Fine);
            log.announce(
                now_ms,
                format!(
                    "{} pays for contamination: the wreck of {} puts it over the limit",
                    robot.owner, robot.name
                ),
            );
        }
    }

    fn note_hour(&mut self, robot: &RobotFact, now_ms: u64) {
        self.records.of_mut(robot.owner).crew_hours += 1;
        let Some(terms) = self.charter.labour else {
            return;
        };
        // The hour that ends now belongs to the day that it was in.
        let within_ms = now_ms.saturating_sub(1);
        let (day, week) = (within_ms / DAY_MS, within_ms / WEEK_MS);
        if !self.records.shifts.contains_key(robot.name) {
            let shift = Shift {
                day: u64::MAX,
                week: u64::MAX,
                ..Shift::default()
            };
            self.records.shifts.insert(robot.name.to_owned(), shift);
        }
        let Some(shift) = self.records.shifts.get_mut(robot.name) else {
            return;
        };
        if shift.week != week {
            shift.week = week;
            shift.days = 0;
        }
        if shift.day != day {
            shift.day = day;
            shift.hours = 0;
            shift.days += 1;
        }
        shift.hours += 1;
        let shift = *shift;
        let hours_max = terms.hours_per_day_max * f64::from(terms.crews_per_robot);
        if hours_max < f64::from(shift.hours) {
            let robot_name = robot.name.to_owned();
            self.note_breach(robot.owner, Breach::Overwork { robot: robot_name });
        }
        if 7 < shift.days + terms.rest_days_per_week {
            let robot_name = robot.name.to_owned();
            self.note_breach(robot.owner, Breach::NoRest { robot: robot_name });
        }
    }

    /// Whether inspectors come in the hour up to a time.
    pub(super) fn inspectors_come(&self, hour_end_ms: u64) -> bool {
        self.charter.inspections.is_some_and(|terms| {
            let interval_ms = days_ms(terms.interval_days).max(HOUR_MS);
            hour_end_ms / interval_ms != (hour_end_ms - HOUR_MS) / interval_ms
        })
    }

    /// Inspectors look at everybody. What they do not find now is past.
    pub(super) fn inspect(&mut self, ledger: &mut Ledger, log: &mut Log, now_ms: u64) {
        let Some(terms) = self.charter.inspections else {
            return;
        };
        let names: Vec<String> = self.roster.iter().map(|each| each.name.clone()).collect();
        for name in names {
            if let Some(local) = self.charter.local {
                let record = self.records.of_mut(&name);
                let (refined_g, sold_g) = (record.refined_g, record.refined_g + record.raw_g);
                (record.refined_g, record.raw_g) = (0, 0);
                if (refined_g as f64) < local.processed_share_min * sold_g as f64 {
                    self.note_breach(&name, Breach::Unprocessed);
                }
            }
            let breaches = std::mem::take(&mut self.records.of_mut(&name).breaches);
            let mut stream = random::stream(self.seed, &format!("inspection:{name}:{now_ms}"));
            for breach in breaches {
                if terms.find_probability <= random::uniform(&mut stream) {
                    continue;
                }
                let record = self.records.of_mut(&name);
                // Bounded, so that a stubborn offender owes no more than money can express.
                let times = terms.repeat_factor.powi(record.offences.min(20) as i32);
                let fine_ucr = micro_credits((terms.fine_credits * times).min(1e12));
                record.offences += 1;
                record.fines_ucr += fine_ucr;
                let to = self.fees_account();
                self.charge(ledger, log, now_ms, &name, to, fine_ucr, Memo::Fine);
                log.announce(
                    now_ms,
                    format!(
                        "inspectors fine {name} {:.0} credits for {breach}",
                        1e-6 * fine_ucr as f64
                    ),
                );
                self.records.findings.push(Finding {
                    at_ms: now_ms,
                    by: name.clone(),
                    breach,
                    fine_ucr,
                });
            }
        }
    }

    /// How many of somebody's readings have been looked through for disclosure.
    pub(super) fn disclosed(&self, name: &str) -> usize {
        self.records.of(name).map_or(0, |record| record.disclosed)
    }

    pub(super) fn set_disclosed(&mut self, name: &str, count: usize) {
        self.records.of_mut(name).disclosed = count;
    }
}
