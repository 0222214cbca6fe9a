//! The report of a run: for programs as one JSON object, for people as a page of text.

use std::{collections::BTreeMap, fmt::Write};

use serde::Serialize;

use super::duration::duration_text;
use crate::{
    headless::{Headless, Report},
    sim::{
        level::{Goal, Level},
        order::Severity,
        robot::feats::Feats,
    },
    train::SeatedPolicy,
};

/// The report of a run with what only the command line knows.
#[derive(Debug, Serialize)]
pub struct RunReport {
    #[serde(flatten)]
    pub world: Report,
    /// Time that the run took on this machine [s].
    pub wall_s: f64,
    /// The orders from outside that were refused, with the reasons.
    pub refused: Vec<RefusedOrder>,
    pub goals: Vec<GoalReport>,
}

#[derive(Debug, Serialize)]
pub struct RefusedOrder {
    pub at_s: f64,
    pub by: String,
    pub order: String,
    pub reason: String,
}

#[derive(Debug, Serialize)]
pub struct GoalReport {
    pub goal: String,
    pub reached: bool,
}

impl RunReport {
    /// `policies` decided for their prospectors.
    pub fn of(world: &mut Headless, wall_s: f64, policies: &[SeatedPolicy]) -> Self {
        let mut report = world.report();
        for prospector in &mut report.prospectors {
            let mut seated = policies.iter();
            if seated.any(|policy| policy.prospector() == prospector.name) {
                prospector.brain = "policy";
            }
        }
        let mut refused = Vec::new();
        for taken in world.orders_taken() {
            if let Err(reason) = &taken.answer
                && !taken.scripted
            {
                refused.push(RefusedOrder {
                    at_s: taken.issued.at_ms as f64 / 1e3,
                    by: taken.issued.by.clone(),
                    order: taken.issued.order.to_string(),
                    reason: reason.to_string(),
                });
            }
        }
        Self {
            goals: goals(world.level(), world.feats(), &report),
            world: report,
            wall_s,
            refused,
        }
    }
}

fn goals(level: &Level, feats: &Feats, report: &Report) -> Vec<GoalReport> {
    let find = |name: &str| report.prospectors.iter().find(|p| p.name == name);
    level
        .goals
        .iter()
        .map(|goal| match goal {
            Goal::Sold {
                prospector,
                good,
                mass_kg,
            } => GoalReport {
                goal: format!("{prospector} has sold {mass_kg} kg of {}", good.as_str()),
                reached: find(prospector).is_some_and(|p| {
                    let sold_g = p.sold_g.get(good.as_str()).copied().unwrap_or(0);
                    *mass_kg <= sold_g as f64 / 1e3
                }),
            },
            Goal::Credits {
                prospector,
                credits,
            } => GoalReport {
                goal: format!("{prospector} owns {} credits", thousands(*credits)),
                reached: find(prospector).is_some_and(|p| *credits <= p.credits),
            },
            goal => {
                let owner = goal.prospector();
                let lost = report
                    .robots
                    .iter()
                    .any(|robot| robot.lost && robot.owner == owner);
                GoalReport {
                    goal: format!("{owner}: {goal}"),
                    reached: feats
                        .progress(goal, lost)
                        .is_some_and(|(done, _)| 1.0 <= done),
                }
            }
        })
        .collect()
}

/// A page for people.
pub fn summary(report: &RunReport, world: &Headless) -> String {
    let mut page = String::new();
    write_summary(&mut page, report, world).expect("a String takes all that is written to it");
    page
}

fn write_summary(
    page: &mut String,
    report: &RunReport,
    world: &Headless,
) -> Result<(), std::fmt::Error> {
    let facts = &report.world;
    let speed = facts.sim_s / report.wall_s.max(1e-9);
    writeln!(
        page,
        "{}, seed {}: {} in {} ticks, {:.2} s on this machine ({} times real time)\n",
        facts.level,
        facts.seed,
        duration_text(world.time_ms()),
        facts.ticks,
        report.wall_s,
        thousands(speed)
    )?;
    writeln!(
        page,
        "{:<14} {:<12} {:>14} {:>14}",
        "prospector", "brain", "credits", "water sold/kg"
    )?;
    for prospector in &facts.prospectors {
        let sold_g = prospector.sold_g.get("water").copied().unwrap_or(0);
        writeln!(
            page,
            "{:<14} {:<12} {:>14} {:>14.3}",
            prospector.name,
            prospector.brain,
            thousands(prospector.credits),
            sold_g as f64 / 1e3
        )?;
    }
    writeln!(page, "\n{:<14} {:<14} doing", "robot", "owner")?;
    for robot in &facts.robots {
        writeln!(
            page,
            "{:<14} {:<14} {}",
            robot.name, robot.owner, robot.activity
        )?;
    }
    writeln!(
        page,
        "\nWater fetches {:.0} credits/kg at {}; {:.1} kg of rock are gone from {}.",
        world.market().price_credits_per_kg(),
        world.level().market.node,
        world.terrain().removed_g() as f64 / 1e3,
        world.level().body.title()
    )?;
    for goal in &report.goals {
        let mark = if goal.reached { "reached" } else { "not yet" };
        writeln!(page, "Goal: {}: {mark}.", goal.goal)?;
    }
    writeln!(
        page,
        "Orders: {} accepted, {} refused.",
        facts.orders_taken - facts.orders_refused,
        facts.orders_refused
    )?;
    for refused in &report.refused {
        writeln!(
            page,
            "  refused at {} s, {}: {}: {}",
            refused.at_s, refused.by, refused.order, refused.reason
        )?;
    }
    for (text, (first_ms, times)) in alarms(world) {
        let since = duration_text(first_ms);
        writeln!(page, "  alarm, {times} times from {since} on: {text}")?;
    }
    writeln!(
        page,
        "Books: mass off by {} g, credits by {}. State {}.",
        facts.mass_error_g, facts.credit_error, facts.state_hash
    )
}

/// The alarms that the log still holds: text, time of the first [ms], and how many there were.
fn alarms(world: &Headless) -> BTreeMap<&str, (u64, usize)> {
    let mut alarms = BTreeMap::new();
    for line in world.log() {
        if line.severity == Severity::Alarm {
            alarms
                .entry(line.text.as_str())
                .or_insert((line.at_ms, 0))
                .1 += 1;
        }
    }
    alarms
}

/// A number without decimals, its thousands apart.
pub fn thousands(value: f64) -> String {
    let digits = format!("{:.0}", value.abs());
    let mut text = String::new();
    for (i, c) in digits.chars().enumerate() {
        if 0 < i && (digits.len() - i).is_multiple_of(3) && c.is_ascii_digit() {
            text.push(',');
        }
        text.push(c);
    }
    if value < 0.0 && digits != "0" {
        text.insert(0, '-');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn thousands_stand_apart() {
        assert_eq!(thousands(0.0), "0");
        assert_eq!(thousands(-0.4), "0");
        assert_eq!(thousands(999.6), "1,000");
        assert_eq!(thousands(-1_234_567.0), "-1,234,567");
    }
}
