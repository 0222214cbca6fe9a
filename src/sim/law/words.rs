//! A charter in plain words: sentences for players and students, and what a change changes.

use super::charter::{
    Allocation, Article, Charter, ClaimRule, ClaimTerms, CredentialTerms, Dividend, DividendTerms,
    Enforcement, FundTerms, QuotaTerms, RoyaltyStep, Sponsor, Weight,
};
use crate::sim::level::ProspectorKind;

impl Charter {
    /// Everything that the charter rules, in sentences.
    pub fn in_plain_words(&self) -> Vec<String> {
        self.articles().iter().flat_map(Article::words).collect()
    }

    /// What is different under another charter, in sentences that begin with `Now:` or
    /// `No longer:`.
    pub fn changes_to(&self, other: &Self) -> Vec<String> {
        let mut changes = Vec::new();
        for (before, after) in self.articles().iter().zip(other.articles()) {
            let (before, after) = (before.words(), after.words());
            for sentence in before.iter().filter(|sentence| !after.contains(sentence)) {
                changes.push(format!("No longer: {sentence}"));
            }
            for sentence in after.iter().filter(|sentence| !before.contains(sentence)) {
                changes.push(format!("Now: {sentence}"));
            }
        }
        changes
    }
}

impl Article {
    /// What the article is about.
    pub fn title(&self) -> &'static str {
        match self {
            Self::Claims(_) => "claims",
            Self::Credentials(_) => "credentials",
            Self::Royalty(_) => "royalty",
            Self::Fund(_) => "fund",
            Self::Dividend(_) => "dividend",
            Self::Quota(_) => "quota",
            Self::Zones(_) => "safety zones",
            Self::Contamination(_) => "contamination",
            Self::Debris(_) => "debris",
            Self::Labour(_) => "labour",
            Self::Disclosure(_) => "disclosure",
            Self::Local(_) => "local duties",
            Self::Inspections(_) => "inspections",
            Self::Disputes(_) => "disputes",
            Self::Politics(_) => "politics",
            Self::Treaty(_) => "treaty",
        }
    }

    /// What it rules, in sentences; nothing where it rules nothing.
    pub fn words(&self) -> Vec<String> {
        let mut words = Vec::new();
        match self {
            Self::Claims(terms) => claims(terms, &mut words),
            Self::Credentials(terms) => credentials(terms, &mut words),
            Self::Royalty(steps) => royalty(steps, &mut words),
            Self::Fund(terms) => fund(terms, &mut words),
            Self::Dividend(terms) => dividend(terms, &mut words),
            Self::Quota(Some(terms)) => quota(terms, &mut words),
            Self::Zones(Some(terms)) => {
                let what = if terms.landing_needs_leave {
                    "dig or land"
                } else {
                    "dig"
                };
                words.push(format!(
                    "Around claims, and around work of the last {}, nobody else may {what} within {} without leave.",
                    days(terms.work_days),
                    metres(terms.radius_m)
                ));
            }
            Self::Contamination(Some(terms)) => {
                words.push(format!(
                    "The body is of planetary protection category {:?}: a wreck leaves {} spores on it.",
                    terms.class,
                    many(terms.class.spores_per_robot())
                ));
                if 0.0 < terms.sterilisation_credits_per_robot {
                    words.push(format!(
                        "Sterilising costs {} for each robot on the body.",
                        credits(terms.sterilisation_credits_per_robot)
                    ));
                }
                words.push(format!(
                    "Wrecks of one prospector that leave more than {} spores cost {} each.",
                    many(terms.limit_spores),
                    credits(terms.fine_credits)
                ));
            }
            Self::Debris(terms) if 0.0 < terms.credits_per_kg => words.push(format!(
                "Whoever lets matter or machines go into space owes {} for each kilogram.",
                credits(terms.credits_per_kg)
            )),
            Self::Labour(Some(terms)) => {
                words.push(format!(
                    "A crew may work {} hours a day at a robot, and {} may take turns.",
                    number(terms.hours_per_day_max),
                    count(terms.crews_per_robot, "crew", "crews")
                ));
                if 0 < terms.rest_days_per_week {
                    words.push(format!(
                        "A robot's crews rest {} in each week.",
                        count(terms.rest_days_per_week, "day", "days")
                    ));
                }
            }
            Self::Disclosure(Some(terms)) => words.push(format!(
                "Readings of the ground become known to {} {} after they were taken.",
                if terms.members_only { "all members" } else { "all" },
                days(terms.after_days)
            )),
            Self::Local(Some(terms)) => {
                if 0.0 < terms.share {
                    words.push(format!(
                        "{} of each sale is shared through the fund.",
                        percent(terms.share)
                    ));
                }
                if 0.0 < terms.processed_share_min {
                    words.push(format!(
                        "At least {} of what is sold must have been refined at the place.",
                        percent(terms.processed_share_min)
                    ));
                }
            }
            Self::Inspections(Some(terms)) => {
                words.push(format!(
                    "Inspectors come every {} and find a breach with a chance of {}; each costs {}.",
                    days(terms.interval_days),
                    percent(terms.find_probability),
                    credits(terms.fine_credits)
                ));
                if terms.repeat_factor != 1.0 {
                    words.push(format!(
                        "Each further fine is {} times the one before.",
                        number(terms.repeat_factor)
                    ));
                }
            }
            Self::Disputes(Some(terms)) => {
                words.push(format!(
                    "Claims and trespass can be contested; a ruling takes {} and costs {}, which the loser pays.",
                    days(terms.ruling_days),
                    credits(terms.cost_credits)
                ));
                if 0.0 < terms.trespass_credits_per_kg {
                    words.push(format!(
                        "What is dug on the ground of another costs {} for each kilogram.",
                        credits(terms.trespass_credits_per_kg)
                    ));
                }
                if 0.0 < terms.damage_credits_per_kg {
                    words.push(format!(
                        "What is poured out on the ground of another costs {} for each kilogram.",
                        credits(terms.damage_credits_per_kg)
                    ));
                }
            }
            Self::Politics(Some(terms)) => words.push(format!(
                "Prospectors may change these rules by vote within {}, {}: {} must vote, more than {} of the votes must be in favour.",
                days(terms.voting_days),
                match terms.weight {
                    Weight::PerHead => "one head one vote",
                    Weight::ByShare => "by shares of the quota",
                    Weight::ByCapital => "by capital",
                },
                percent(terms.quorum),
                percent(terms.majority)
            )),
            Self::Treaty(Some(terms)) => {
                words.push(format!(
                    "Royalties, quotas, funds and duties bind members of a treaty, once {} of all are members.",
                    percent(terms.quorum)
                ));
                words.push(format!(
                    "Joining costs {}, leaving {}; those outside may {}.",
                    credits(terms.joining_credits),
                    credits(terms.leaving_credits),
                    if terms.outsiders_may_mine {
                        "mine free of duties and have no part in the dividend"
                    } else {
                        "not mine"
                    }
                ));
            }
            Self::Debris(_)
            | Self::Quota(None)
            | Self::Zones(None)
            | Self::Contamination(None)
            | Self::Labour(None)
            | Self::Disclosure(None)
            | Self::Local(None)
            | Self::Inspections(None)
            | Self::Disputes(None)
            | Self::Politics(None)
            | Self::Treaty(None) => {}
        }
        words
    }
}

fn claims(terms: &ClaimTerms, words: &mut Vec<String>) {
    let price = credits(terms.fee_credits);
    words.push(match terms.rule {
        ClaimRule::OpenAccess => {
            "Nobody can hold ground: everybody may dig everywhere and owns what is dug.".to_owned()
        }
        ClaimRule::Quota => {
            "Nobody can hold ground; who holds shares of the quota may dig everywhere.".to_owned()
        }
        ClaimRule::FirstCome => format!("The first to file holds the ground. A claim costs {price}."),
        ClaimRule::Zones => format!(
            "Work in progress is protected by a zone that its holder files. A zone costs {price}."
        ),
        ClaimRule::Auctioned => format!(
            "Ground goes to the highest bidder: who files bids {price}, and others have {} to bid more{}.",
            days(terms.auction_days),
            if terms.sealed_bids { ", unseen" } else { "" }
        ),
        ClaimRule::Sponsored => format!(
            "The first to file holds the ground, and a second site of the same size goes to the authority. An application costs {price}."
        ),
        ClaimRule::Lottery => format!(
            "Ground is drawn by lot every {}. A lot costs {price}, which losers get back.",
            days(terms.draw_days)
        ),
        ClaimRule::Pooled => format!(
            "The first to file holds the ground for all members. A claim costs {price}."
        ),
    });
    for area in &terms.reserved_areas {
        words.push(format!(
            "The ground within {} of {}° N, {}° E is reserved.",
            metres(area.radius_m),
            number(area.latitude_deg),
            number(area.longitude_deg)
        ));
    }
    if !terms.reserved_for.is_empty() {
        words.push(format!(
            "Reserved ground is for {}.",
            kinds(&terms.reserved_for)
        ));
    }
    if !terms.rule.gives_claims() {
        return;
    }
    words.push(
        match (terms.exclusive, terms.enforcement) {
            (true, Enforcement::Refused) => "Nobody else can dig on a claim.",
            (true, Enforcement::Recorded) => {
                "Nobody else may dig on a claim; who does so is in the record."
            }
            (false, _) => "A claim keeps nobody from digging.",
        }
        .to_owned(),
    );
    if let Some(radius_m) = terms.radius_max_m {
        words.push(format!("A claim reaches {} at most.", metres(radius_m)));
    }
    if let Some(area_m2) = terms.area_max_m2 {
        words.push(format!("A claim covers {} m² at most.", number(area_m2)));
    }
    if let Some(most) = terms.per_prospector_max {
        words.push(format!(
            "A prospector may hold {} at a time.",
            count(most, "claim", "claims")
        ));
    }
    if let Some(years) = terms.term_years {
        words.push(format!(
            "A claim ends after {}{}.",
            duration(years),
            if terms.renewable {
                " and can be renewed for the fee"
            } else {
                ""
            }
        ));
    }
    if let Some(years) = terms.idle_years_max {
        words.push(format!(
            "A claim without work for {} is lost.",
            duration(years)
        ));
    }
    if 0 < terms.survey_readings_min {
        words.push(format!(
            "Whoever files must hold {} of their own from within the ground.",
            count(terms.survey_readings_min, "reading", "readings")
        ));
    }
    if !terms.on_the_spot {
        words.push("Claims can be filed from afar.".to_owned());
    }
    if terms.transferable {
        words.push("Claims can be sold and given away.".to_owned());
    }
    if terms.leasable {
        words.push("Claims can be let.".to_owned());
    }
}

fn credentials(terms: &CredentialTerms, words: &mut Vec<String>) {
    if terms.may_mine.len() < 4 {
        words.push(format!("Only {} may mine.", kinds(&terms.may_mine)));
        if let Some(price) = terms.incorporation_credits {
            words.push(format!(
                "Others found a company for {} when they begin.",
                credits(price)
            ));
        }
    }
    if 0.0 < terms.standing_credits {
        words.push(format!(
            "Whoever begins must own {}.",
            credits(terms.standing_credits)
        ));
    }
    match terms.sponsor {
        Sponsor::Nobody => {}
        Sponsor::HomeState { fee_credits } if 0.0 < fee_credits => words.push(format!(
            "A state must answer for each prospector; it takes {} once.",
            credits(fee_credits)
        )),
        Sponsor::HomeState { .. } => {
            words.push("A state answers for each prospector.".to_owned());
        }
        Sponsor::Agency => words.push("An agency must sponsor each other prospector.".to_owned()),
    }
    if 0.0 < terms.licence_credits_per_year {
        words.push(format!(
            "The licence costs {} a year.",
            credits(terms.licence_credits_per_year)
        ));
        if let Some(months) = terms.arrears_months_max {
            words.push(format!(
                "Whoever owes it for more than {} may not dig.",
                count(months, "month", "months")
            ));
        }
    }
}

fn royalty(steps: &[RoyaltyStep], words: &mut Vec<String>) {
    for step in steps
        .iter()
        .filter(|step| 0.0 < step.rate || 1 < steps.len())
    {
        words.push(if step.from_year == 0.0 {
            format!("The royalty is {} of each sale.", percent(step.rate))
        } else {
            format!(
                "From {} after the first sale the royalty is {}.",
                duration(step.from_year),
                percent(step.rate)
            )
        });
    }
}

fn fund(terms: &FundTerms, words: &mut Vec<String>) {
    if 0.0 < terms.royalty_share {
        words.push(format!(
            "The fund keeps {} of royalties.",
            percent(terms.royalty_share)
        ));
    }
    if 0.0 < terms.at_once_share {
        words.push(format!(
            "{} of royalties is paid out in the same period.",
            percent(terms.at_once_share)
        ));
    }
    if 0.0 < terms.sales_share {
        words.push(format!(
            "{} of each sale goes into the common fund.",
            percent(terms.sales_share)
        ));
    }
    if terms.takes_fees {
        words.push("Fees and fines go into the fund.".to_owned());
    }
    if 0.0 < terms.return_per_year {
        words.push(format!(
            "The fund earns {} a year.",
            percent(terms.return_per_year)
        ));
    }
    if 0.0 < terms.payout_per_year {
        words.push(format!(
            "It pays out {} of what it holds a year.",
            percent(terms.payout_per_year)
        ));
    }
    if 0.0 < terms.payout_per_year.max(terms.at_once_share) {
        words.push(format!("Payouts come every {}.", days(terms.period_days)));
    }
}

fn dividend(terms: &DividendTerms, words: &mut Vec<String>) {
    let sentence = match terms.rule {
        Dividend::Nothing => return,
        Dividend::PerHead => "Payouts are split equally, per head.".to_owned(),
        Dividend::ByContribution { floor_share } if 0.0 < floor_share => format!(
            "Payouts are split by what each has sold, {} of them per head.",
            percent(floor_share)
        ),
        Dividend::ByContribution { .. } => {
            "Payouts are split by what each has sold in the period.".to_owned()
        }
        Dividend::ByNeed => "Payouts are split by need: who has less gets more.".to_owned(),
        Dividend::ByShare => "Payouts are split by shares of the quota.".to_owned(),
    };
    words.push(sentence);
    if 0.0 < terms.outside_share {
        words.push(format!(
            "{} of each payout goes to people outside the rush.",
            percent(terms.outside_share)
        ));
    }
}

fn quota(terms: &QuotaTerms, words: &mut Vec<String>) {
    let goods: Vec<String> = terms.goods.iter().map(ToString::to_string).collect();
    words.push(format!(
        "All together may sell {} kg of {} a year{}.",
        number(terms.mass_kg_per_year),
        list(&goods, "and"),
        terms
            .node
            .as_ref()
            .map_or(String::new(), |node| format!(" at {node}"))
    ));
    words.push(format!(
        "The quota is in shares that can be traded; at the beginning {}.",
        match terms.allocation {
            Allocation::Equal => "each member gets the same",
            Allocation::Auctioned => "they go to the highest bidders",
            Allocation::ByHistory => "they go by what each has sold before",
        }
    ));
}

fn kinds(kinds: &[ProspectorKind]) -> String {
    let names: Vec<String> = kinds
        .iter()
        .map(|kind| {
            match kind {
                ProspectorKind::Person => "persons",
                ProspectorKind::Company => "companies",
                ProspectorKind::Agency => "agencies",
                ProspectorKind::Cooperative => "co-operatives",
            }
            .to_owned()
        })
        .collect();
    list(&names, "and")
}

/// Words as a list: `a, b and c`.
fn list(words: &[String], last: &str) -> String {
    match words {
        [] => "nobody".to_owned(),
        [only] => only.clone(),
        [init @ .., end] => format!("{} {last} {end}", init.join(", ")),
    }
}

fn count(number: u32, one: &str, many: &str) -> String {
    format!("{number} {}", if number == 1 { one } else { many })
}

/// Without the noise of binary fractions, and with its thousands set apart.
fn number(value: f64) -> String {
    // Four digits are as many as anybody reads; wholes are told whole, and what is below one with
    // four decimals.
    let size = value.abs();
    let decimals = if size < 1.0 {
        4
    } else {
        (3 - size.log10() as i32).max(0)
    };
    let step = 10_f64.powi(decimals);
    let told = ((value * step).round() / step).to_string();
    let (whole, fraction) = told.split_once('.').unwrap_or((&told, ""));
    let mut text = String::with_capacity(told.len() + 4);
    for (place, digit) in whole.char_indices() {
        if 0 < place && (whole.len() - place).is_multiple_of(3) && !text.ends_with('-') {
            text.push(',');
        }
        text.push(digit);
    }
    if !fraction.is_empty() {
        text = format!("{text}.{fraction}");
    }
    text
}

/// A large number, as people say it.
fn many(value: f64) -> String {
    if value < 1e6 {
        number(value)
    } else {
        format!("{} million", number(1e-6 * value))
    }
}

fn credits(value: f64) -> String {
    if value == 0.0 {
        "nothing".to_owned()
    } else {
        format!("{} credits", number(value))
    }
}

fn metres(value: f64) -> String {
    format!("{} m", number(value))
}

fn percent(part: f64) -> String {
    format!("{} %", number(100.0 * part))
}

fn days(value: f64) -> String {
    if value == 1.0 {
        "1 day".to_owned()
    } else {
        format!("{} days", number(value))
    }
}

fn duration(years: f64) -> String {
    if years < 1.0 {
        days(years * 365.25)
    } else if years == 1.0 {
        "1 year".to_owned()
    } else {
        format!("{} years", number(years))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_is_told_as_what_goes_and_what_comes() {
        let before = Charter {
            royalty: vec![RoyaltyStep {
                from_year: 0.0,
                rate: 0.05,
            }],
            ..Charter::default()
        };
        assert!(before.changes_to(&before).is_empty());
        let mut after = before.clone();
        after.adopt(Article::Royalty(vec![
            RoyaltyStep {
                from_year: 0.0,
                rate: 0.02,
            },
            RoyaltyStep {
                from_year: 5.0,
                rate: 0.06,
            },
        ]));
        assert_eq!(
            before.changes_to(&after),
            [
                "No longer: The royalty is 5 % of each sale.",
                "Now: The royalty is 2 % of each sale.",
                "Now: From 5 years after the first sale the royalty is 6 %.",
            ]
        );
        assert_eq!(
            after.changes_to(&before).len(),
            before.changes_to(&after).len()
        );
    }

    #[test]
    fn numbers_are_told_with_four_digits_and_their_thousands_apart() {
        let told = [
            0.0, 0.0625, 2.0, 12.5, 91.3125, 365.25, 10_000.0, -1234.56, 1e6,
        ];
        let words = [
            "0",
            "0.0625",
            "2",
            "12.5",
            "91.31",
            "365.3",
            "10,000",
            "-1,235",
            "1,000,000",
        ];
        assert_eq!(told.map(number), words);
    }

    #[test]
    fn a_charter_that_rules_nothing_says_so_in_one_sentence() {
        let words = Charter::default().in_plain_words();
        assert_eq!(words.len(), 1, "{words:?}");
    }
}
