//! What the panels may show: one snapshot of what the player knows, taken a few times a second.
//!
//! Sources are the player's own observation, the public record (registry, market, messages that
//! are public or addressed to the player) and the player's own accounts. Nothing else of the world
//! passes this file, so the panels cannot show what a brain could not see.

use bevy::prelude::*;

use crate::client::Game;
use crate::client::selection::Forecast;
use crate::headless::Headless;
use crate::sim::chronicle::Chronicle;
use crate::sim::economy::ledger::{Account, Entry, Ledger, Memo, Unit};
use crate::sim::level::{Goal, Level};
use crate::sim::observation::{Observation, OtherRobot};
use crate::sim::order::{LogLine, Order};
use crate::sim::robot::feats::Feats;

use super::book::{Asked, BookFacts};
use super::cockpit::FlightFacts;
use super::workshop::{Bench, BenchFacts};
use super::{forecast, orders};

/// Lines of the log and of the ledger that are kept for the screen.
const LINES_SHOWN: usize = 400;
const MS_PER_HOUR: f64 = 3_600_000.0;

/// One snapshot for all panels.
#[derive(Clone, Debug)]
pub struct Facts {
    pub player: String,
    /// Unit vector towards the Sun, body frame.
    pub sun_direction: Vec3,
    /// The player's observation.
    pub seen: Observation,
    /// Plants of others, which stand there for all to see.
    pub other_plants: Vec<OtherRobot>,
    pub market: MarketFacts,
    pub charter: CharterFacts,
    pub goals: Vec<GoalFacts>,
    /// Messages to the player or to all, oldest first.
    pub messages: Vec<LogLine>,
    /// The order that the player thinks about, and what it would take.
    pub weighed: Option<(Order, Result<Forecast, String>)>,
    /// Lines of the player's own accounts, newest first; filled while the ledger is open.
    pub books: Vec<BookLine>,
    /// Water sold by the player since the start [kg].
    pub sold_kg: f64,
    /// The other prospectors, by name.
    pub rivals: Vec<String>,
    /// What the workshop asked.
    pub bench: BenchFacts,
    /// Of the robot that is steered by hand.
    pub flight: Option<FlightFacts>,
    /// What the open page of the book shows.
    pub book: Option<BookFacts>,
}

/// The public face of the market.
#[derive(Clone, Debug, Default)]
pub struct MarketFacts {
    /// Offers for the lots that the player has on the table, by plant.
    pub offers: Vec<Offer>,
}

/// What a lot would bring now.
#[derive(Clone, Debug, PartialEq)]
pub struct Offer {
    pub plant: String,
    pub mass_kg: f64,
    /// Part of the lot that arrives [kg].
    pub arrives_kg: f64,
    /// Price before and after the sale [credits/kg].
    pub price_now: f64,
    pub price_after: f64,
    /// Paid by the node, and taken by the carrier [credits].
    pub proceeds: f64,
    pub freight: f64,
}

impl Offer {
    /// What is left for the seller [credits].
    pub fn net(&self) -> f64 {
        self.proceeds - self.freight
    }
}

/// The rules that concern a player's buttons, from the level.
#[derive(Clone, Debug, Default)]
pub struct CharterFacts {
    pub claim_fee: f64,
    /// Whether ground can be held at all.
    pub gives_claims: bool,
    pub claim_radius_max_m: f64,
    /// Mean radius of the body, which a sensible claim is measured by.
    pub body_radius_m: f64,
}

/// A goal and how far the player has come.
#[derive(Clone, Debug, PartialEq)]
pub struct GoalFacts {
    pub text: String,
    pub reading: String,
    /// 0 to 1.
    pub progress: f32,
}

/// A line of the player's own accounts.
#[derive(Clone, Debug, PartialEq)]
pub struct BookLine {
    pub at_ms: u64,
    pub memo: Memo,
    /// The player's account and the other side, in short.
    pub account: String,
    pub counterpart: String,
    /// Above zero if it came in: credits, or kilograms of goods.
    pub amount: f64,
    pub is_money: bool,
}

/// What the panels want to know beyond the usual.
#[derive(Clone, Debug, Default)]
pub struct Questions {
    pub books: bool,
    pub books_money_only: bool,
    /// An order that the player thinks about.
    pub weighed: Option<Order>,
    /// Lots on the table: plant and mass [kg].
    pub lots: Vec<(String, f64)>,
    pub bench: Bench,
    /// A robot that is steered by hand.
    pub steered: Option<String>,
    /// What the book asks, while it is open.
    pub book: Option<Asked>,
}

impl Facts {
    /// What the player knows around a robot when an order to it is weighed.
    pub fn orders_context(&self) -> orders::Context<'_> {
        orders::Context {
            owner: &self.player,
            plants: &self.seen.plants,
            claims: &self.seen.claims,
            credits: self.seen.credits,
            claim_fee: self.charter.claim_fee,
            gives_claims: self.charter.gives_claims,
        }
    }

    /// Takes a snapshot; `None` if the player is not in this world.
    pub fn gather(game: &mut Game, questions: &Questions) -> Option<Self> {
        let player = game.player.clone();
        let seen = game.headless_mut().observe(&player)?;
        let weighed = questions.weighed.clone().map(|order| {
            let forecast = forecast::of_order(game, &order);
            (order, forecast)
        });
        let bench = bench(game, &player, &questions.bench);
        let flight = questions.steered.as_ref().and_then(|name| {
            let own = seen.robots.iter().find(|own| own.name == *name)?;
            FlightFacts::gather(game, name, own.sheet.thrust_max_n())
        });
        let book = questions
            .book
            .as_ref()
            .map(|asked| BookFacts::gather(game, asked));
        let level = &game.level;
        let rivals = level.prospectors.iter().map(|spec| spec.name.clone());
        let headless = game.headless();
        let scene = game.scene();
        let books = if questions.books {
            books(
                headless.ledger(),
                &player,
                level,
                questions.books_money_only,
            )
        } else {
            Vec::new()
        };
        let sold_kg = sold_kg(headless.ledger(), &player, level);
        Some(Self {
            sun_direction: scene.sun_direction,
            other_plants: scene
                .plants
                .iter()
                .filter(|plant| plant.owner != player)
                .map(|plant| OtherRobot {
                    name: plant.name.clone(),
                    owner: plant.owner.clone(),
                    position_m: plant.position_m,
                })
                .collect(),
            market: market(headless, &seen, questions),
            charter: CharterFacts {
                claim_fee: headless.charter().claims.fee_credits,
                gives_claims: headless.charter().claims.rule.gives_claims(),
                claim_radius_max_m: headless.charter().claim_radius_max_m(),
                body_radius_m: headless.terrain().model().reference_radius_m(),
            },
            goals: goals(
                level,
                headless.feats(),
                &player,
                seen.credits,
                sold_kg,
                seen.robots.iter().any(|robot| robot.lost),
            ),
            messages: messages(headless.log(), &player),
            weighed,
            books,
            sold_kg,
            rivals: rivals.filter(|name| *name != player).collect(),
            bench,
            flight,
            book,
            seen,
            player,
        })
    }
}

fn bench(game: &mut Game, player: &str, asked: &Bench) -> BenchFacts {
    let headless = game.headless_mut();
    BenchFacts {
        refit: asked.refit.clone().map(|order| {
            let answer = headless.estimate_refit(player, &order);
            let answer = answer.map(Box::new).map_err(|why| why.to_string());
            (order, answer)
        }),
        services: asked
            .services
            .iter()
            .map(|order| {
                let answer = headless.estimate_service(player, order);
                (order.clone(), answer.map_err(|why| why.to_string()))
            })
            .collect(),
    }
}

fn market(headless: &Headless, seen: &Observation, questions: &Questions) -> MarketFacts {
    let market = headless.market();
    let price = market.price_credits_per_kg();
    let offers = questions
        .lots
        .iter()
        .map(|(plant, mass_kg)| {
            let arrives_kg = mass_kg * seen.market.delivered_fraction;
            let quote = market.quote((arrives_kg * 1000.0).max(0.0) as i64);
            Offer {
                plant: plant.clone(),
                mass_kg: *mass_kg,
                arrives_kg,
                price_now: price,
                price_after: quote.unit_price_credits_per_kg(),
                proceeds: quote.proceeds_ucr as f64 * 1e-6,
                freight: mass_kg * seen.market.freight_credits_per_kg,
            }
        })
        .collect();
    MarketFacts { offers }
}

fn messages(log: &Chronicle<LogLine>, player: &str) -> Vec<LogLine> {
    let mut lines: Vec<LogLine> = log
        .iter()
        .rev()
        .filter(|line| line.to.as_deref().is_none_or(|to| to == player))
        .take(LINES_SHOWN)
        .cloned()
        .collect();
    lines.reverse();
    lines
}

fn goals(
    level: &Level,
    feats: &Feats,
    player: &str,
    credits: f64,
    sold_kg: f64,
    lost: bool,
) -> Vec<GoalFacts> {
    use super::format;
    let progress = |have: f64, want: f64| (have / want.max(1e-9)).clamp(0.0, 1.0) as f32;
    level
        .goals
        .iter()
        .filter_map(|goal| match goal {
            Goal::Sold {
                prospector,
                mass_kg,
                ..
            } if prospector == player => Some(GoalFacts {
                text: format!("Sell {} of water", format::mass(*mass_kg)),
                reading: format::mass(sold_kg),
                progress: progress(sold_kg, *mass_kg),
            }),
            Goal::Credits {
                prospector,
                credits: want,
            } if prospector == player => Some(GoalFacts {
                text: format!("Own {}", format::credits(*want)),
                reading: format::credits(credits),
                progress: progress(credits, *want),
            }),
            goal if goal.prospector() == player => {
                let (done, reading) = feats.progress(goal, lost)?;
                Some(GoalFacts {
                    text: super::fleet::capitalised(&goal.to_string()),
                    reading,
                    progress: done as f32,
                })
            }
            _ => None,
        })
        .collect()
}

/// Grams of goods that left the player's accounts as sold, after freight [kg].
fn sold_kg(ledger: &Ledger, player: &str, level: &Level) -> f64 {
    let sold_g: i128 = ledger
        .totals()
        .iter()
        .filter(|total| {
            let from = ledger.account(total.from);
            total.memo == Memo::Sold && from.unit != Unit::Credit && is_own(from, player, level)
        })
        .map(|total| total.amount)
        .sum();
    sold_g as f64 * 1e-3
}

/// Whether an account is the player's: its own, or one of its machines'.
fn is_own(account: &Account, player: &str, level: &Level) -> bool {
    let mut parts = account.name.split(':');
    let (Some(kind), Some(owner)) = (parts.next(), parts.next()) else {
        return false;
    };
    match kind {
        "robot" => level
            .robots
            .iter()
            .any(|robot| robot.name == owner && robot.owner == player),
        "plant" => level
            .plants
            .iter()
            .any(|plant| plant.name == owner && plant.owner == player),
        _ => owner == player,
    }
}

fn books(ledger: &Ledger, player: &str, level: &Level, money_only: bool) -> Vec<BookLine> {
    let own: Vec<bool> = ledger
        .accounts()
        .iter()
        .map(|account| is_own(account, player, level))
        .collect();
    let is_money = |entry: &Entry| ledger.account(entry.from).unit == Unit::Credit;
    ledger
        .journal()
        .iter()
        .rev()
        .filter(|entry| own[entry.from.0 as usize] || own[entry.to.0 as usize])
        .filter(|entry| !money_only || is_money(entry))
        .take(LINES_SHOWN)
        .map(|entry| {
            let paid = own[entry.from.0 as usize];
            let (mine, other) = if paid {
                (entry.from, entry.to)
            } else {
                (entry.to, entry.from)
            };
            let is_money = is_money(entry);
            let size = entry.amount as f64 * if is_money { 1e-6 } else { 1e-3 };
            // From one pocket to another is neither gain nor loss: it reads as what moved.
            let within = paid && own[entry.to.0 as usize];
            BookLine {
                at_ms: entry.at_ms,
                memo: entry.memo,
                account: short(&ledger.account(mine).name),
                counterpart: short(&ledger.account(other).name),
                amount: if paid && !within { -size } else { size },
                is_money,
            }
        })
        .collect()
}

/// An account's name without its kind: "robot:digger-1:bin" is "digger-1 bin".
fn short(name: &str) -> String {
    match name.split_once(':') {
        Some((_, rest)) => rest.replace(':', " "),
        None => name.to_owned(),
    }
}

/// Hours since the start, for plots.
pub fn hours(time_ms: u64) -> f64 {
    time_ms as f64 / MS_PER_HOUR
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sim::order::Severity;

    #[test]
    fn messages_to_others_stay_with_them() {
        let line = |to: Option<&str>, text: &str| LogLine {
            at_ms: 0,
            to: to.map(Into::into),
            severity: Severity::Info,
            text: text.into(),
        };
        let log = [
            line(None, "public"),
            line(Some("player"), "mine"),
            line(Some("hydra"), "theirs"),
        ];
        let log = log.into_iter().collect();
        let seen: Vec<_> = messages(&log, "player")
            .into_iter()
            .map(|l| l.text)
            .collect();
        assert_eq!(seen, ["public", "mine"]);
    }

    #[test]
    fn the_books_hold_own_accounts_only() {
        let level = Level::find("first-water").unwrap();
        let mut ledger = Ledger::default();
        use crate::sim::economy::ledger::{AccountKind::*, Good};
        let player = ledger.open("prospector:player", Unit::Credit, Holding, 1_000_000);
        let hydra = ledger.open("prospector:hydra", Unit::Credit, Holding, 1_000_000);
        let fees = ledger.open("sink:fees", Unit::Credit, Sink, 0);
        let rock = ledger.open("body:rock", Unit::Good(Good::Rock), Holding, 9_000);
        let bin = ledger.open(
            "robot:digger-1:bin",
            Unit::Good(Good::Feedstock),
            Holding,
            0,
        );
        let theirs = ledger.open("robot:hydra-1:bin", Unit::Good(Good::Feedstock), Holding, 0);
        ledger
            .transfer(1, player, fees, 250_000, Memo::ClaimFee)
            .unwrap();
        ledger
            .transfer(2, hydra, fees, 250_000, Memo::ClaimFee)
            .unwrap();
        ledger.transfer(3, rock, bin, 4_000, Memo::Dug).unwrap();
        ledger.transfer(4, rock, theirs, 5_000, Memo::Dug).unwrap();

        let lines = books(&ledger, "player", &level, false);
        let read: Vec<_> = lines
            .iter()
            .map(|l| (l.memo, l.account.as_str(), l.amount))
            .collect();
        assert_eq!(
            read,
            [
                (Memo::Dug, "digger-1 bin", 4.0),
                (Memo::ClaimFee, "player", -0.25)
            ]
        );
        assert_eq!(books(&ledger, "player", &level, true).len(), 1);
    }

    #[test]
    fn goals_of_others_are_not_the_players() {
        let level = Level::find("first-water").unwrap();
        let feats = Feats::default();
        let goals = goals(&level, &feats, "player", 150_000.0, 5.0, false);
        assert_eq!(goals.len(), level.goals.len());
        assert_eq!(goals[0].text, "Sell 20.0 kg of water");
        assert!((goals[0].progress - 0.25).abs() < 1e-6);
        assert!(super::goals(&level, &feats, "hydra", 0.0, 0.0, false).is_empty());
    }
}
