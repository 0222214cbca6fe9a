//! The charter in plain words: what is ruled on each matter, what changed and by which vote, and
//! the votes themselves. The editor of a proposal is [`draft`](super::draft).

use bevy_egui::egui::{self, Button, RichText, ScrollArea, Ui};

use super::{Draft, draft, heading, name, weak};
use crate::client::panels::fleet::capitalised;
use crate::client::panels::{Intent, Pane, format};
use crate::client::{Game, theme};
use crate::sim::law::charter::{Article, Charter, Weight};
use crate::sim::law::politics::Proposal;
use crate::sim::law::regime::Regime;
use crate::sim::order::Order;

const NO_CHANGE: &str = "Nothing has been changed since the run began.";
const NO_VOTES: &str = "These rules cannot be changed by vote: the charter says nothing of votes.";
const NO_MEMBER: &str = "Only members vote, and you are none.";
const NONE_OPEN: &str = "Nothing is being voted on now.";
const CAPITAL: &str = "Votes weigh as much as the money behind them when they are counted; that is not \
                       known before.";

/// Which part of the charter is looked at.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Part {
    #[default]
    Rules,
    Changes,
    Votes,
    Propose,
}

/// What is set on the page of the charter.
#[derive(Clone, Debug, Default)]
pub(in crate::client::panels) struct CharterForm {
    part: Part,
    pub(super) draft: Option<Draft>,
    pub(super) reason: String,
}

/// What the page of the charter shows.
#[derive(Clone, Debug)]
pub struct CharterFacts {
    pub(super) charter: Charter,
    /// Every proposal, oldest first.
    proposals: Vec<Proposal>,
    members: usize,
    /// What each member's vote counts, where that is public.
    weights: Option<Vec<(String, i64)>>,
    is_member: bool,
}

impl CharterFacts {
    pub(super) fn gather(game: &Game) -> Self {
        let regime = game.headless().regime();
        let members: Vec<&str> = regime
            .roster()
            .iter()
            .map(|citizen| citizen.name.as_str())
            .filter(|name| regime.is_member(name))
            .collect();
        Self {
            charter: Charter::clone(regime.charter()),
            proposals: regime.politics().proposals().to_vec(),
            members: members.len(),
            weights: weights(regime, &members),
            is_member: regime.is_member(&game.player),
        }
    }

    /// The proposal that last changed a matter, if one did.
    fn changed_by(&self, article: &Article) -> Option<&Proposal> {
        self.proposals.iter().rev().find(|proposal| {
            let adopted = proposal.result.as_ref().is_some_and(|count| count.adopted);
            let same = |other: &Article| other.title() == article.title();
            adopted && proposal.articles.iter().any(same)
        })
    }
}

/// What each member's vote counts; nothing where that follows from accounts, which are private.
fn weights(regime: &Regime, members: &[&str]) -> Option<Vec<(String, i64)>> {
    let weight = regime.charter().politics?.weight;
    let of = |name: &&str| match weight {
        Weight::PerHead => Some(1),
        Weight::ByShare => Some(i64::from(regime.treasury().shares_of(name))),
        Weight::ByCapital => None,
    };
    let counted = members
        .iter()
        .map(|name| Some(((*name).to_owned(), of(name)?)));
    counted.collect()
}

/// How a vote stands.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Tally {
    in_favour: f64,
    against: f64,
    /// Of all that may be cast.
    of_all: f64,
}

impl Tally {
    /// By what votes count; `weights` are all members'.
    fn of(proposal: &Proposal, weights: &[(String, i64)]) -> Self {
        let sum = |wanted: Option<bool>| -> f64 {
            let counted = weights.iter().filter(|(name, _)| {
                wanted.is_none_or(|wanted| proposal.votes.get(name) == Some(&wanted))
            });
            counted.map(|(_, weight)| *weight as f64).sum()
        };
        Self {
            in_favour: sum(Some(true)),
            against: sum(Some(false)),
            of_all: sum(None),
        }
    }

    fn part(self, votes: f64) -> f64 {
        votes / self.of_all.max(1.0)
    }
}

pub(super) fn show(ui: &mut Ui, pane: &mut Pane) {
    let Some(facts) = pane
        .facts
        .book
        .as_ref()
        .and_then(|book| book.charter.as_ref())
    else {
        return;
    };
    let open = facts
        .proposals
        .iter()
        .filter(|proposal| proposal.result.is_none())
        .count();
    ui.horizontal_wrapped(|ui| {
        let votes = match open {
            0 => "Votes".to_owned(),
            open => format!("Votes ({open})"),
        };
        for (part, text) in [
            (Part::Rules, "Rules in force"),
            (Part::Changes, "What changed"),
            (Part::Votes, votes.as_str()),
            (Part::Propose, "Propose a change"),
        ] {
            let form = &mut pane.forms.book.charter;
            if ui
                .add(Button::new(text).selected(form.part == part))
                .clicked()
            {
                form.part = part;
            }
        }
    });
    let part = pane.forms.book.charter.part;
    ScrollArea::vertical()
        .id_salt(("charter", part as u8))
        .auto_shrink([false, false])
        .show(ui, |ui| match part {
            Part::Rules => rules(ui, pane, facts),
            Part::Changes => changes(ui, facts),
            Part::Votes => votes(ui, pane, facts),
            Part::Propose => match hindrance(facts) {
                Some(why) => {
                    ui.label(RichText::new(why).color(theme::TEXT_WEAK));
                }
                None => draft::show(ui, pane, facts),
            },
        });
}

/// Why the player may not vote, if so.
fn hindrance(facts: &CharterFacts) -> Option<&'static str> {
    if facts.charter.politics.is_none() {
        Some(NO_VOTES)
    } else if !facts.is_member {
        Some(NO_MEMBER)
    } else {
        None
    }
}

fn rules(ui: &mut Ui, pane: &mut Pane, facts: &CharterFacts) {
    let charter = &facts.charter;
    ui.horizontal_wrapped(|ui| {
        heading(ui, &charter.name);
        name(ui, &format!("Source: {}", charter.source));
    });
    if !charter.note.is_empty() {
        weak(ui, &charter.note);
    }
    standing(ui, pane, facts);
    for article in charter.articles() {
        ui.add_space(3.0);
        theme::card_frame(false).show(ui, |ui| {
            ui.set_width(ui.available_width());
            ui.horizontal_wrapped(|ui| {
                heading(ui, &capitalised(article.title())).on_hover_text(about(&article));
                if let Some(proposal) = facts.changed_by(&article) {
                    let text = format!("changed {}, vote {}", adopted_at(proposal), proposal.id);
                    ui.label(RichText::new(text).small().color(theme::ACCENT))
                        .on_hover_text(proposal.changes.join("\n"));
                }
            });
            for sentence in sentences(&article) {
                ui.label(sentence);
            }
        });
    }
}

/// What an article rules, or that it rules nothing.
fn sentences(article: &Article) -> Vec<String> {
    let words = article.words();
    if words.is_empty() {
        vec![silence(article).to_owned()]
    } else {
        words
    }
}

/// Where the player stands before the law, and how it comes and goes.
fn standing(ui: &mut Ui, pane: &mut Pane, facts: &CharterFacts) {
    let law = &pane.facts.seen.law;
    let mut lines: Vec<String> = Vec::new();
    if let Some(why) = &law.barred {
        lines.push(format!("You may not dig now: {why}."));
    }
    if 0.0 < law.owed_credits {
        let owed = format::credits(law.owed_credits);
        lines.push(format!("You owe {owed} under these rules."));
    }
    if 0.0 < law.royalty_rate {
        let rate = 100.0 * law.royalty_rate;
        lines.push(format!("Your next sale pays a royalty of {rate:.1} %."));
    }
    if 0 < law.quota_shares {
        let shares = law.quota_shares;
        lines.push(format!("You hold {shares} of 10000 shares of the quota."));
    }
    if facts.charter.fund != Default::default() {
        let fund = format::credits(law.fund_credits);
        lines.push(format!("The common fund holds {fund}."));
    }
    for line in lines {
        ui.label(RichText::new(line).color(theme::TEXT_STRONG));
    }
    if facts.charter.treaty.is_some() {
        ui.horizontal_wrapped(|ui| {
            let (text, button, order) = if law.member {
                (
                    "You are a member.",
                    "Leave the treaty",
                    Order::LeaveTreaty {},
                )
            } else {
                (
                    "You are no member.",
                    "Join the treaty",
                    Order::JoinTreaty {},
                )
            };
            ui.label(RichText::new(text).color(theme::TEXT_STRONG));
            if ui.button(button).clicked() {
                pane.want(Intent::Give(order));
            }
        });
    }
}

fn adopted_at(proposal: &Proposal) -> String {
    let at_ms = proposal.result.as_ref().map_or(0, |count| count.at_ms);
    format!("on {}", format::stamp(at_ms))
}

fn changes(ui: &mut Ui, facts: &CharterFacts) {
    let adopted: Vec<&Proposal> = facts
        .proposals
        .iter()
        .rev()
        .filter(|proposal| proposal.result.as_ref().is_some_and(|count| count.adopted))
        .collect();
    if adopted.is_empty() {
        ui.label(RichText::new(NO_CHANGE).color(theme::TEXT_WEAK));
    }
    for proposal in adopted {
        theme::card_frame(false).show(ui, |ui| {
            ui.set_width(ui.available_width());
            heading(
                ui,
                &format!("Vote {}, {}", proposal.id, adopted_at(proposal)),
            );
            name(ui, &outcome(proposal));
            old_and_new(ui, &proposal.changes);
        });
        ui.add_space(3.0);
    }
}

/// Who proposed it and how it was counted.
fn outcome(proposal: &Proposal) -> String {
    let by = &proposal.by;
    match &proposal.result {
        Some(count) => {
            let part = |votes: i64| format::percent(votes as f64 / count.of_all.max(1) as f64);
            format!(
                "Proposed by {by}; {} of all votes were for it, {} against.",
                part(count.in_favour),
                part(count.against)
            )
        }
        None => format!("Proposed by {by}."),
    }
}

/// What goes and what comes, one under the other.
pub(super) fn old_and_new(ui: &mut Ui, changes: &[String]) {
    for change in changes {
        let (mark, text, color) = match change.split_once(": ") {
            Some(("No longer", rest)) => ("old", rest, theme::TEXT_WEAK),
            Some(("Now", rest)) => ("new", rest, theme::TEXT_STRONG),
            _ => ("", change.as_str(), theme::TEXT),
        };
        ui.horizontal_wrapped(|ui| {
            ui.label(RichText::new(mark).small().color(theme::ACCENT));
            let text = RichText::new(text).color(color);
            ui.label(if mark == "old" {
                text.strikethrough()
            } else {
                text
            });
        });
    }
}

fn votes(ui: &mut Ui, pane: &mut Pane, facts: &CharterFacts) {
    if let Some(terms) = &facts.charter.politics {
        let how = match terms.weight {
            Weight::PerHead => "One member, one vote.",
            Weight::ByShare => "Votes count by shares of the quota.",
            Weight::ByCapital => "Votes count by the money behind them.",
        };
        name(
            ui,
            &format!(
                "{how} {} of all must vote, and more than {} of those for it.",
                format::percent(terms.quorum),
                format::percent(terms.majority)
            ),
        );
    } else {
        ui.label(RichText::new(NO_VOTES).color(theme::TEXT_WEAK));
    }
    let mut any = false;
    for proposal in facts.proposals.iter().rev() {
        if proposal.result.is_some() {
            continue;
        }
        any = true;
        ballot(ui, pane, facts, proposal);
        ui.add_space(3.0);
    }
    if !any {
        ui.label(RichText::new(NONE_OPEN).color(theme::TEXT_WEAK));
    }
    let ended = facts.proposals.iter().rev();
    let ended: Vec<_> = ended.filter(|proposal| proposal.result.is_some()).collect();
    if !ended.is_empty() {
        ui.add_space(4.0);
        heading(ui, "Earlier votes");
    }
    for proposal in ended {
        let adopted = proposal.result.as_ref().is_some_and(|count| count.adopted);
        ui.horizontal_wrapped(|ui| {
            let (text, color) = if adopted {
                ("adopted", theme::GREEN)
            } else {
                ("not adopted", theme::TEXT_WEAK)
            };
            ui.label(format!("{}.", proposal.id));
            ui.label(RichText::new(text).color(color));
            name(
                ui,
                &format!("{}. {}", adopted_at(proposal), outcome(proposal)),
            );
        })
        .response
        .on_hover_text(proposal.changes.join("\n"));
    }
}

/// An open proposal, with the buttons to vote on it.
fn ballot(ui: &mut Ui, pane: &mut Pane, facts: &CharterFacts, proposal: &Proposal) {
    theme::card_frame(false).show(ui, |ui| {
        ui.set_width(ui.available_width());
        ui.horizontal_wrapped(|ui| {
            heading(ui, &format!("{}.", proposal.id));
            ui.label(RichText::new(&proposal.by).color(pane.accent(&proposal.by)));
            name(ui, "proposes; closes in");
            let left_ms = proposal.closes_at_ms.saturating_sub(pane.clock.time_ms);
            ui.monospace(format::duration(left_ms));
        });
        if !proposal.reason.is_empty() {
            ui.label(RichText::new(format!("“{}”", proposal.reason)).italics());
        }
        old_and_new(ui, &proposal.changes);
        tally(ui, facts, proposal);
        let own = proposal.votes.get(&pane.facts.player).copied();
        let why = hindrance(facts);
        ui.horizontal_wrapped(|ui| {
            for (in_favour, text) in [(true, "Vote for it"), (false, "Vote against it")] {
                let button = Button::new(text).selected(own == Some(in_favour));
                let button = ui
                    .add_enabled(why.is_none() && own != Some(in_favour), button)
                    .on_disabled_hover_text(why.unwrap_or("That is your vote."));
                if button.clicked() {
                    pane.want(Intent::Give(Order::Vote {
                        proposal: proposal.id,
                        in_favour,
                    }));
                }
            }
            name(
                ui,
                match own {
                    Some(true) => "You are for it.",
                    Some(false) => "You are against it.",
                    None => "You have not voted.",
                },
            );
        });
    });
}

/// Bars of the votes, with the marks that they must pass.
fn tally(ui: &mut Ui, facts: &CharterFacts, proposal: &Proposal) {
    let count = |wanted: bool| {
        proposal
            .votes
            .values()
            .filter(|vote| **vote == wanted)
            .count()
    };
    let names = |wanted: bool| -> String {
        let votes = proposal.votes.iter();
        let names = votes.filter(|(_, vote)| **vote == wanted);
        let names: Vec<&str> = names.map(|(name, _)| name.as_str()).collect();
        names.join(", ")
    };
    ui.horizontal_wrapped(|ui| {
        let text = RichText::new(format!("For: {}", count(true))).color(theme::GREEN);
        ui.label(text).on_hover_text(names(true));
        let text = RichText::new(format!("Against: {}", count(false))).color(theme::ROCK);
        ui.label(text).on_hover_text(names(false));
        name(ui, &format!("of {} members", facts.members));
    });
    let (Some(terms), Some(weights)) = (facts.charter.politics, &facts.weights) else {
        weak(ui, CAPITAL);
        return;
    };
    let tally = Tally::of(proposal, weights);
    let (rect, _) =
        ui.allocate_exact_size(egui::vec2(ui.available_width(), 12.0), egui::Sense::hover());
    let painter = ui.painter();
    theme::paint_bar(painter, rect, 0.0, theme::GREEN);
    let x = |part: f64| rect.min.x + rect.width() * part.clamp(0.0, 1.0) as f32;
    let in_favour = tally.part(tally.in_favour);
    let voted = tally.part(tally.in_favour + tally.against);
    let piece = |from: f64, to: f64| {
        egui::Rect::from_min_max(
            egui::pos2(x(from), rect.min.y),
            egui::pos2(x(to), rect.max.y),
        )
    };
    painter.rect_filled(piece(0.0, in_favour), 3.0, theme::GREEN);
    painter.rect_filled(piece(in_favour, voted), 3.0, theme::ROCK);
    let mark = egui::Stroke::new(2.0, theme::TEXT_STRONG);
    painter.vline(x(terms.quorum), rect.y_range(), mark);
    let missing = (terms.quorum * tally.of_all - tally.in_favour - tally.against).max(0.0);
    let text = if 0.0 < missing {
        format!(
            "{} have voted; the mark is the quorum of {}.",
            format::percent(voted),
            format::percent(terms.quorum)
        )
    } else if terms.majority * (tally.in_favour + tally.against) < tally.in_favour {
        "The quorum is there, and as it stands it is adopted.".to_owned()
    } else {
        format!(
            "The quorum is there; more than {} of the votes must be for it.",
            format::percent(terms.majority)
        )
    };
    weak(ui, &text);
}

/// What a matter is about, for those who meet the word for the first time.
pub(super) fn about(article: &Article) -> &'static str {
    match article {
        Article::Claims(_) => {
            "Who may have which ground, for how long, and what that keeps others from."
        }
        Article::Credentials(_) => "Who may mine at all, and what they pay for the permission.",
        Article::Royalty(_) => "A part of what each sale brings that is paid to the community.",
        Article::Fund(_) => "A common purse: what goes in, what it earns, and when it pays out.",
        Article::Dividend(_) => "How what the fund pays out is split.",
        Article::Quota(_) => {
            "A limit on what all together may sell, so that the price does not fall."
        }
        Article::Zones(_) => "Distance to keep from the work of others.",
        Article::Contamination(_) => "Care that no life from Earth spoils the body for science.",
        Article::Debris(_) => "What is due for rubbish that flies off into space.",
        Article::Labour(_) => "How long the crews who watch the robots may work.",
        Article::Disclosure(_) => "When what you have measured becomes known to others.",
        Article::Local(_) => "What must stay at the place or come to its people.",
        Article::Inspections(_) => {
            "Who checks that the rules are kept, and what it costs to be caught."
        }
        Article::Disputes(_) => "The court: how quarrels are settled and who pays.",
        Article::Politics(_) => "How these rules themselves are changed.",
        Article::Treaty(_) => "Whom the rules bind: members, and how one joins and leaves.",
    }
}

/// What it means that a charter says nothing of a matter.
fn silence(article: &Article) -> &'static str {
    match article {
        Article::Claims(_) => "Nobody can hold ground.",
        Article::Credentials(_) => "Everybody may mine, without a licence.",
        Article::Royalty(_) => "No royalty: you keep all that a sale brings.",
        Article::Fund(_) => "There is no common fund.",
        Article::Dividend(_) => "Nothing is paid out to anybody.",
        Article::Quota(_) => "You may sell as much as you like.",
        Article::Zones(_) => "There are no safety zones: others may dig right beside you.",
        Article::Contamination(_) => "Nobody asks what life your robots carry.",
        Article::Debris(_) => "Rubbish that flies off into space costs nothing.",
        Article::Labour(_) => "Crews may work around the clock.",
        Article::Disclosure(_) => "What you measure is yours to keep secret.",
        Article::Local(_) => "Nothing has to stay at the place.",
        Article::Inspections(_) => "Nobody inspects.",
        Article::Disputes(_) => "There is no court.",
        Article::Politics(_) => "These rules cannot be changed by vote.",
        Article::Treaty(_) => "The rules bind everybody.",
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use serde_json::Value;

    use super::*;

    /// Every number, switch and word within a value, by its path.
    fn leaves(value: &Value, path: &str, found: &mut Vec<String>) {
        match value {
            Value::Object(fields) => {
                for (field, value) in fields {
                    leaves(value, &format!("{path}/{field}"), found);
                }
            }
            Value::Array(items) => {
                for (k, value) in items.iter().enumerate() {
                    leaves(value, &format!("{path}/{k}"), found);
                }
            }
            Value::Null => {}
            _ => found.push(path.to_owned()),
        }
    }

    /// Another value that a charter could have in its place.
    fn another(value: &Value, path: &str) -> Value {
        match value {
            Value::Bool(flag) => Value::from(!flag),
            Value::Number(number) if number.is_u64() => Value::from(number.as_u64().unwrap() + 1),
            Value::Number(number) => {
                let number = number.as_f64().unwrap();
                // Shares stay below one.
                Value::from(if number < 1.0 {
                    0.5 * number + 0.017
                } else {
                    1.5 * number + 3.0
                })
            }
            Value::String(word) => {
                let words: &[&str] = match path.rsplit('/').next().unwrap() {
                    "rule" if path.starts_with("/Claims") => &["Lottery", "FirstCome"],
                    "rule" => &["PerHead", "ByNeed"],
                    "enforcement" => &["Refused", "Recorded"],
                    "sponsor" => &["Agency", "Nobody"],
                    "allocation" => &["Equal", "ByHistory"],
                    "class" => &["III", "IV"],
                    "weight" => &["PerHead", "ByCapital"],
                    "node" => &["Earth", "EML1"],
                    _ if path.contains("/goods/") => &["Platinum", "Gold"],
                    _ => &["Person", "Company"],
                };
                let other = words.iter().find(|other| *other != word).unwrap();
                Value::from(*other)
            }
            other => other.clone(),
        }
    }

    /// Whether a field is without effect as the rest of its article stands, and why.
    fn is_idle(path: &str, article: &Value) -> bool {
        let at = |path: &str| article.pointer(path).cloned().unwrap_or(Value::Null);
        let number = |path: &str| at(path).as_f64().unwrap_or(0.0);
        let rule = at("/Claims/rule");
        let field = path.rsplit('/').next().unwrap();
        let gives = rule != "OpenAccess" && rule != "Quota";
        match path.split('/').nth(1).unwrap() {
            "Claims" => match field {
                // Without ground that can be held there is nothing more to say of it.
                "rule" | "latitude_deg" | "longitude_deg" => false,
                _ if path.contains("reserved") => false,
                _ if !gives => true,
                "auction_days" | "sealed_bids" => rule != "Auctioned",
                "draw_days" => rule != "Lottery",
                "renewable" => at("/Claims/term_years").is_null(),
                "enforcement" => at("/Claims/exclusive") == false,
                _ => false,
            },
            "Credentials" => match field {
                // Nobody needs a company where everybody may mine.
                "incorporation_credits" => {
                    at("/Credentials/may_mine").as_array().unwrap().len() == 4
                }
                "arrears_months_max" => number("/Credentials/licence_credits_per_year") == 0.0,
                // Two persons in the list of four are the same as one.
                _ if path.contains("may_mine") => true,
                _ => false,
            },
            "Fund" => {
                let pays = number("/Fund/payout_per_year").max(number("/Fund/at_once_share"));
                field == "period_days" && pays == 0.0
            }
            "Dividend" => field == "outside_share" && at("/Dividend/rule") == "Nothing",
            // How it began is history once it runs; the page says who is a member now.
            "Treaty" => field == "founded",
            _ => false,
        }
    }

    #[test]
    fn every_parameter_of_every_charter_is_told_in_words() {
        let mut told: BTreeMap<String, u32> = BTreeMap::new();
        for charter in Charter::all_built_in() {
            for article in charter.articles() {
                let before = sentences(&article);
                assert!(
                    before.iter().all(|sentence| sentence.ends_with('.')),
                    "{before:?}"
                );
                let value = serde_json::to_value(&article).unwrap();
                let mut paths = Vec::new();
                leaves(&value, "", &mut paths);
                for path in paths {
                    if is_idle(&path, &value) {
                        continue;
                    }
                    let mut changed = value.clone();
                    let leaf = changed.pointer_mut(&path).unwrap();
                    *leaf = another(leaf, &path);
                    let changed: Article = serde_json::from_value(changed)
                        .unwrap_or_else(|error| panic!("{}{path}: {error}", charter.id));
                    if changed == article {
                        continue;
                    }
                    assert_ne!(
                        sentences(&changed),
                        before,
                        "{}: nothing is said of {path}",
                        charter.id
                    );
                    *told.entry(path).or_default() += 1;
                }
            }
        }
        assert!(60 < told.len(), "{} parameters", told.len());
    }

    #[test]
    fn a_charter_that_is_silent_on_a_matter_says_what_that_means() {
        let silent = Charter::default();
        let mut said: Vec<&str> = silent.articles().iter().map(silence).collect();
        said.sort_unstable();
        said.dedup();
        assert_eq!(said.len(), silent.articles().len());
    }

    #[test]
    fn votes_are_weighed_and_measured_against_all() {
        let proposal = Proposal {
            id: 1,
            by: "a".into(),
            articles: Vec::new(),
            reason: String::new(),
            changes: Vec::new(),
            proposed_at_ms: 0,
            closes_at_ms: 9,
            votes: BTreeMap::from([
                ("a".into(), true),
                ("b".into(), false),
                ("gone".into(), true),
            ]),
            result: None,
        };
        let weights = [("a", 600), ("b", 300), ("c", 100)];
        let weights = weights.map(|(name, weight)| (name.to_owned(), weight));
        let tally = Tally::of(&proposal, &weights);
        assert_eq!(
            (tally.in_favour, tally.against, tally.of_all),
            (600.0, 300.0, 1000.0)
        );
        assert_eq!(tally.part(tally.in_favour), 0.6);
    }
}
