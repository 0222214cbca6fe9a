//! Charters in files: the ten of the tables, those of a level, and what is wrong with them.

use std::path::Path;
use std::sync::LazyLock;

use serde::{Deserialize, Serialize};

use super::check::{Check, nearest};
use super::{LevelError, LevelErrors, field_lines::FieldLines, syntax};
use crate::sim::law::charter::{
    Article, CLAIM_RADIUS_MAX_M, Charter, Dividend, QuotaTerms, Sponsor,
};

/// The charters compiled into the program, one for each row of `policy_regimes.csv`: id and text.
pub const BUILT_IN_CHARTERS: [(&str, &str); 10] = [
    (
        "open_access",
        include_str!("../../../assets/charters/open_access.ron"),
    ),
    (
        "title_iv",
        include_str!("../../../assets/charters/title_iv.ron"),
    ),
    (
        "luxembourg",
        include_str!("../../../assets/charters/luxembourg.ron"),
    ),
    (
        "safety_zone",
        include_str!("../../../assets/charters/safety_zone.ron"),
    ),
    (
        "exclusive_claim",
        include_str!("../../../assets/charters/exclusive_claim.ron"),
    ),
    (
        "licence_royalty_dividend",
        include_str!("../../../assets/charters/licence_royalty_dividend.ron"),
    ),
    (
        "isa_model",
        include_str!("../../../assets/charters/isa_model.ron"),
    ),
    (
        "moon_agreement",
        include_str!("../../../assets/charters/moon_agreement.ron"),
    ),
    (
        "quota_treaty",
        include_str!("../../../assets/charters/quota_treaty.ron"),
    ),
    (
        "cooperative",
        include_str!("../../../assets/charters/cooperative.ron"),
    ),
];

/// The charter of a level.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub enum CharterChoice {
    /// One of the program's own, by its id.
    Named(String),
    /// One of the program's own with some articles of the level's.
    Amended(String, Vec<Article>),
    /// The level's own.
    Own(Box<Charter>),
}

impl CharterChoice {
    /// The charter that is meant; None if no charter has the name.
    pub fn resolve(&self) -> Option<Charter> {
        match self {
            Self::Named(id) => Charter::built_in(id).cloned(),
            Self::Amended(id, articles) => {
                let mut charter = Charter::built_in(id)?.clone();
                for article in articles {
                    charter.adopt(article.clone());
                }
                Some(charter)
            }
            Self::Own(charter) => Some(Charter::clone(charter)),
        }
    }

    pub(super) fn check(&self, check: &mut Check) {
        match self {
            Self::Named(id) => {
                known(check, "charter[0]", id);
            }
            Self::Amended(id, articles) => {
                if known(check, "charter[0]", id) {
                    for (i, article) in articles.iter().enumerate() {
                        check.article(&format!("charter[1][{i}][0]"), article);
                    }
                }
                if let Some(charter) = self.resolve() {
                    check.sense("charter", &charter);
                }
            }
            Self::Own(charter) => check.charter("charter[0]", charter),
        }
    }
}

fn known(check: &mut Check, field: &str, id: &str) -> bool {
    let found = Charter::built_in(id).is_some();
    if !found {
        let ids: Vec<&str> = BUILT_IN_CHARTERS.iter().map(|(id, _)| *id).collect();
        check.error(
            field,
            format!(
                "charter = {id:?} must name a charter, such as {}",
                nearest(id, &ids, 3)
            ),
        );
    }
    found
}

impl Charter {
    /// The program's own charters, in the order of `policy_regimes.csv`.
    pub fn all_built_in() -> &'static [Self] {
        static ALL: LazyLock<Vec<Charter>> = LazyLock::new(|| {
            BUILT_IN_CHARTERS
                .iter()
                .map(|(id, text)| {
                    Charter::parse(text, id)
                        .unwrap_or_else(|errors| panic!("the program's own charter: {errors}"))
                })
                .collect()
        });
        &ALL
    }

    /// The program's own charter of this id.
    pub fn built_in(id: &str) -> Option<&'static Self> {
        Self::all_built_in().iter().find(|charter| charter.id == id)
    }

    /// Reads and checks a charter file.
    ///
    /// # Errors
    /// As [`Charter::parse`], and that the file cannot be read.
    pub fn read(path: &Path) -> Result<Self, LevelErrors> {
        let file = path.display().to_string();
        let text = std::fs::read_to_string(path).map_err(|error| {
            LevelErrors(vec![LevelError {
                message: format!("cannot read charter \"{file}\": {error}"),
                file: file.clone(),
                line: 0,
                field: String::new(),
            }])
        })?;
        Self::parse(&text, &file)
    }

    /// Reads and checks the text of a charter; `file` is its name in errors.
    ///
    /// # Errors
    /// Everything that is wrong with it; after an error of syntax, that alone.
    pub fn parse(text: &str, file: &str) -> Result<Self, LevelErrors> {
        let lines = FieldLines::of(text);
        let charter: Self = ron::Options::default().from_str(text).map_err(|error| {
            LevelErrors(vec![syntax::syntax_error(
                text, file, "charter", &lines, &error,
            )])
        })?;
        let mut check = Check::of(file, "charter", &lines);
        check.duplicates();
        check.charter("", &charter);
        check.into_result()?;
        Ok(charter)
    }

    /// The charter as the text of a charter file.
    pub fn to_ron(&self) -> String {
        let pretty = ron::ser::PrettyConfig::default().struct_names(true);
        ron::ser::to_string_pretty(self, pretty)
            .expect("a charter is plain data that RON can write")
    }

    /// What keeps a charter that was made in code or by vote from being used, in a sentence.
    ///
    /// # Errors
    /// The first thing that is wrong with it.
    pub fn validate(&self) -> Result<(), String> {
        let lines = FieldLines::default();
        let mut check = Check::of("", "charter", &lines);
        for article in self.articles() {
            check.article(article.title(), &article);
        }
        check.sense("", self);
        check.into_result().map_err(|errors| {
            let message = &errors.0[0].message;
            let end = message.rfind(", in charter").unwrap_or(message.len());
            message[..end].to_owned()
        })
    }

    /// Whether a text is a charter and no level: it begins with its name.
    pub fn is_charter(text: &str) -> bool {
        text.lines()
            .map(str::trim)
            .find(|line| !line.is_empty() && !line.starts_with("//"))
            .is_some_and(|line| line.starts_with("Charter"))
    }
}

const CREDITS_MAX: f64 = 1e12;
const YEARS_MAX: f64 = 1e3;
const DAYS_MAX: f64 = 3.65e5;

/// Puts a field behind its parent.
fn join(at: &str, field: &str) -> String {
    if at.is_empty() {
        field.to_owned()
    } else {
        format!("{at}.{field}")
    }
}

impl Check<'_> {
    fn charter(&mut self, at: &str, charter: &Charter) {
        let id = join(at, "id");
        self.name(&id, &charter.id);
        self.text(&join(at, "name"), &charter.name);
        for article in charter.articles() {
            let field = match article {
                Article::Claims(_) => "claims",
                Article::Credentials(_) => "credentials",
                Article::Royalty(_) => "royalty",
                Article::Fund(_) => "fund",
                Article::Dividend(_) => "dividend",
                Article::Quota(_) => "quota",
                Article::Zones(_) => "zones",
                Article::Contamination(_) => "contamination",
                Article::Debris(_) => "debris",
                Article::Labour(_) => "labour",
                Article::Disclosure(_) => "disclosure",
                Article::Local(_) => "local",
                Article::Inspections(_) => "inspections",
                Article::Disputes(_) => "disputes",
                Article::Politics(_) => "politics",
                Article::Treaty(_) => "treaty",
            };
            self.article(&join(at, field), &article);
        }
        self.sense(at, charter);
    }

    /// The numbers of one article; `at` is the field that holds its terms.
    fn article(&mut self, at: &str, article: &Article) {
        // What stands in Some(…) is one level deeper in the text than what does not.
        let inner = format!("{at}[0]");
        let mut each = |at: &str, limits: &[(&str, f64, f64, f64)]| {
            for &(field, value, min, max) in limits {
                self.range(&format!("{at}.{field}"), value, min, max);
            }
        };
        match article {
            Article::Claims(terms) => {
                each(
                    at,
                    &[
                        ("fee_credits", terms.fee_credits, 0.0, CREDITS_MAX),
                        (
                            "radius_max_m",
                            terms.radius_max_m.unwrap_or(1.0),
                            0.5,
                            CLAIM_RADIUS_MAX_M,
                        ),
                        ("area_max_m2", terms.area_max_m2.unwrap_or(1.0), 0.1, 1e9),
                        (
                            "term_years",
                            terms.term_years.unwrap_or(1.0),
                            1e-3,
                            YEARS_MAX,
                        ),
                        (
                            "idle_years_max",
                            terms.idle_years_max.unwrap_or(1.0),
                            1e-3,
                            YEARS_MAX,
                        ),
                        ("auction_days", terms.auction_days, 0.04, DAYS_MAX),
                        ("draw_days", terms.draw_days, 0.04, DAYS_MAX),
                    ],
                );
                for (i, area) in terms.reserved_areas.iter().enumerate() {
                    each(
                        &format!("{at}.reserved_areas[{i}]"),
                        &[
                            ("latitude_deg", area.latitude_deg, -90.0, 90.0),
                            ("longitude_deg", area.longitude_deg, -360.0, 360.0),
                            ("radius_m", area.radius_m, 0.5, 1e7),
                        ],
                    );
                }
                self.count(
                    &format!("{at}.survey_readings_min"),
                    terms.survey_readings_min,
                    0,
                    10_000,
                );
            }
            Article::Credentials(terms) => {
                let sponsor_fee = match terms.sponsor {
                    Sponsor::HomeState { fee_credits } => fee_credits,
                    Sponsor::Nobody | Sponsor::Agency => 0.0,
                };
                each(
                    at,
                    &[
                        (
                            "incorporation_credits",
                            terms.incorporation_credits.unwrap_or(0.0),
                            0.0,
                            CREDITS_MAX,
                        ),
                        ("standing_credits", terms.standing_credits, 0.0, CREDITS_MAX),
                        ("sponsor.fee_credits", sponsor_fee, 0.0, CREDITS_MAX),
                        (
                            "licence_credits_per_year",
                            terms.licence_credits_per_year,
                            0.0,
                            CREDITS_MAX,
                        ),
                    ],
                );
                if terms.may_mine.is_empty() {
                    self.error(
                        &format!("{at}.may_mine"),
                        "may_mine is empty, but somebody must be allowed to mine".to_owned(),
                    );
                }
            }
            Article::Royalty(steps) => {
                let mut before = 0.0;
                for (i, step) in steps.iter().enumerate() {
                    let at = format!("{at}[{i}]");
                    self.range(&format!("{at}.rate"), step.rate, 0.0, 1.0);
                    let year =
                        self.range(&format!("{at}.from_year"), step.from_year, 0.0, YEARS_MAX);
                    let rises = if i == 0 {
                        step.from_year == 0.0
                    } else {
                        before < step.from_year
                    };
                    if year && !rises {
                        let expected = if i == 0 {
                            "be 0 in the first step".to_owned()
                        } else {
                            format!("be above the {before} of the step before")
                        };
                        self.error(
                            &format!("{at}.from_year"),
                            format!("from_year = {} must {expected}", step.from_year),
                        );
                    }
                    before = step.from_year;
                }
            }
            Article::Fund(terms) => {
                each(
                    at,
                    &[
                        ("royalty_share", terms.royalty_share, 0.0, 1.0),
                        (
                            "at_once_share",
                            terms.at_once_share,
                            0.0,
                            1.0 - terms.royalty_share + 1e-12,
                        ),
                        ("sales_share", terms.sales_share, 0.0, 1.0),
                        ("return_per_year", terms.return_per_year, 0.0, 1.0),
                        ("period_days", terms.period_days, 0.04, DAYS_MAX),
                        (
                            "payout_per_year",
                            terms.payout_per_year,
                            0.0,
                            365.25 / terms.period_days.max(1e-9) * (1.0 + 1e-9),
                        ),
                    ],
                );
            }
            Article::Dividend(terms) => {
                let floor = match terms.rule {
                    Dividend::ByContribution { floor_share } => floor_share,
                    _ => 0.0,
                };
                each(
                    at,
                    &[
                        ("rule.floor_share", floor, 0.0, 1.0),
                        ("outside_share", terms.outside_share, 0.0, 1.0),
                    ],
                );
            }
            Article::Quota(Some(terms)) => self.quota(&inner, terms),
            Article::Zones(Some(terms)) => each(
                &inner,
                &[
                    ("radius_m", terms.radius_m, 0.0, CLAIM_RADIUS_MAX_M),
                    ("work_days", terms.work_days, 0.0, DAYS_MAX),
                ],
            ),
            Article::Contamination(Some(terms)) => each(
                &inner,
                &[
                    (
                        "sterilisation_credits_per_robot",
                        terms.sterilisation_credits_per_robot,
                        0.0,
                        CREDITS_MAX,
                    ),
                    ("limit_spores", terms.limit_spores, 0.0, 1e30),
                    ("fine_credits", terms.fine_credits, 0.0, CREDITS_MAX),
                ],
            ),
            Article::Debris(terms) => {
                each(at, &[("credits_per_kg", terms.credits_per_kg, 0.0, 1e9)])
            }
            Article::Labour(Some(terms)) => {
                each(
                    &inner,
                    &[("hours_per_day_max", terms.hours_per_day_max, 0.1, 24.0)],
                );
                self.count(
                    &format!("{inner}.rest_days_per_week"),
                    terms.rest_days_per_week,
                    0,
                    6,
                );
                self.count(
                    &format!("{inner}.crews_per_robot"),
                    terms.crews_per_robot,
                    1,
                    24,
                );
            }
            Article::Disclosure(Some(terms)) => {
                each(&inner, &[("after_days", terms.after_days, 0.0, DAYS_MAX)])
            }
            Article::Local(Some(terms)) => each(
                &inner,
                &[
                    ("share", terms.share, 0.0, 1.0),
                    ("processed_share_min", terms.processed_share_min, 0.0, 1.0),
                ],
            ),
            Article::Inspections(Some(terms)) => each(
                &inner,
                &[
                    ("interval_days", terms.interval_days, 0.04, DAYS_MAX),
                    ("find_probability", terms.find_probability, 0.0, 1.0),
                    ("fine_credits", terms.fine_credits, 0.0, CREDITS_MAX),
                    ("repeat_factor", terms.repeat_factor, 1.0, 100.0),
                ],
            ),
            Article::Disputes(Some(terms)) => each(
                &inner,
                &[
                    ("cost_credits", terms.cost_credits, 0.0, CREDITS_MAX),
                    ("ruling_days", terms.ruling_days, 0.0, DAYS_MAX),
                    (
                        "trespass_credits_per_kg",
                        terms.trespass_credits_per_kg,
                        0.0,
                        1e9,
                    ),
                    (
                        "damage_credits_per_kg",
                        terms.damage_credits_per_kg,
                        0.0,
                        1e9,
                    ),
                ],
            ),
            Article::Politics(Some(terms)) => each(
                &inner,
                &[
                    ("quorum", terms.quorum, 0.0, 1.0),
                    ("majority", terms.majority, 0.0, 0.9999),
                    ("voting_days", terms.voting_days, 0.04, DAYS_MAX),
                ],
            ),
            Article::Treaty(Some(terms)) => each(
                &inner,
                &[
                    ("quorum", terms.quorum, 0.0, 1.0),
                    ("joining_credits", terms.joining_credits, 0.0, CREDITS_MAX),
                    ("leaving_credits", terms.leaving_credits, 0.0, CREDITS_MAX),
                ],
            ),
            Article::Quota(None)
            | Article::Zones(None)
            | Article::Contamination(None)
            | Article::Labour(None)
            | Article::Disclosure(None)
            | Article::Local(None)
            | Article::Inspections(None)
            | Article::Disputes(None)
            | Article::Politics(None)
            | Article::Treaty(None) => {}
        }
    }

    fn quota(&mut self, at: &str, terms: &QuotaTerms) {
        self.range(
            &format!("{at}.mass_kg_per_year"),
            terms.mass_kg_per_year,
            0.001,
            1e12,
        );
        if terms.goods.is_empty() {
            self.error(
                &format!("{at}.goods"),
                "goods is empty, but a quota must limit something".to_owned(),
            );
        }
        for (i, good) in terms.goods.iter().enumerate() {
            if !good.is_tradable() {
                self.error(
                    &format!("{at}.goods[{i}]"),
                    format!("goods[{i}] = {good:?} must be a good that can be sold"),
                );
            }
        }
        // Earth itself is no row of the nodes' table, which counts from there.
        if let Some(node) = terms.node.as_ref().filter(|node| *node != "Earth") {
            self.market_node(&format!("{at}.node"), node);
        }
    }

    /// What articles need of each other.
    fn sense(&mut self, at: &str, charter: &Charter) {
        use crate::sim::law::charter::{ClaimRule, Weight};
        if charter.claims.rule == ClaimRule::Quota && charter.quota.is_none() {
            self.error(
                &join(at, "claims.rule"),
                "rule = Quota must come with a quota".to_owned(),
            );
        }
        if charter.dividend.rule == Dividend::ByShare && charter.quota.is_none() {
            self.error(
                &join(at, "dividend.rule"),
                "rule = ByShare must come with a quota".to_owned(),
            );
        }
        let by_share = charter
            .politics
            .is_some_and(|politics| politics.weight == Weight::ByShare);
        if by_share && charter.quota.is_none() {
            self.error(
                &join(at, "politics[0].weight"),
                "weight = ByShare must come with a quota".to_owned(),
            );
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::sim::law::charter::ClaimRule;

    /// What a charter says, as `policy_regimes.csv` would.
    fn row_of(charter: &Charter) -> [Option<f64>; 9] {
        let rate = |step: usize| charter.royalty.get(step).map(|step| step.rate);
        let first = rate(0).unwrap_or(0.0);
        let fund = &charter.fund;
        [
            charter.claims.radius_max_m,
            charter.claims.term_years,
            charter.claims.idle_years_max,
            Some(charter.credentials.licence_credits_per_year),
            Some(first),
            Some(rate(1).unwrap_or(first)),
            charter.royalty.get(1).map(|step| step.from_year),
            // A co-operative has no royalty to share; its members share their sales.
            Some(fund.royalty_share + fund.sales_share),
            charter
                .quota
                .as_ref()
                .map(|quota| 1e-3 * quota.mass_kg_per_year),
        ]
    }

    #[test]
    fn the_ten_charters_say_what_the_table_says() {
        let table = include_str!("../../../assets/data/policy_regimes.csv");
        let mut reader = csv::ReaderBuilder::new()
            .comment(Some(b'#'))
            .from_reader(table.as_bytes());
        let headers = reader.headers().unwrap().clone();
        let mut ids = Vec::new();
        for record in reader.records() {
            let record = record.unwrap();
            let row: BTreeMap<&str, &str> = headers.iter().zip(&record).collect();
            let charter = Charter::built_in(row["id"]).unwrap_or_else(|| panic!("{}", row["id"]));
            let number = |column: &str| row[column].parse::<f64>().ok();
            let expected = [
                number("claim_radius_m"),
                // A quota's year is the term of its shares.
                number("term_years").filter(|_| charter.quota.is_none()),
                number("use_it_or_lose_it_years"),
                Some(number("licence_fee_usd_yr").unwrap_or(0.0)),
                number("royalty_rate_1"),
                number("royalty_rate_2"),
                number("royalty_switch_year"),
                number("fund_share"),
                number("quota_t_yr"),
            ];
            assert_eq!(row_of(charter), expected, "{}", charter.id);
            assert_eq!(charter.name, row["name"]);
            assert_eq!(
                charter.claims.rule.gives_claims(),
                charter.claims.rule != ClaimRule::OpenAccess
                    && charter.claims.rule != ClaimRule::Quota
            );
            assert!(!charter.source.is_empty() && !charter.note.is_empty());
            ids.push(row["id"].to_owned());
        }
        let own: Vec<&str> = BUILT_IN_CHARTERS.iter().map(|(id, _)| *id).collect();
        assert_eq!(ids, own);
    }

    #[test]
    fn charters_survive_writing_and_differ_in_plain_words() {
        for charter in Charter::all_built_in() {
            let back = Charter::parse(&charter.to_ron(), "back").unwrap();
            assert_eq!(&back, charter);
            assert_eq!(charter.validate(), Ok(()));
            for other in Charter::all_built_in() {
                let changes = charter.changes_to(other);
                assert_eq!(changes.is_empty(), charter.id == other.id, "{changes:?}");
            }
        }
    }

    #[test]
    fn errors_of_charters_name_line_field_value_and_expectation() {
        for (text, line, field, message) in [
            (
                "Charter(\n id: \"x\", name: \"X\",\n royalty: [(from_year: 0.0, rate: 1.5)],\n)",
                3,
                "royalty[0].rate",
                "rate = 1.5 must be from 0 to 1, in charter \"c.ron\"",
            ),
            (
                "Charter(\n id: \"x\", name: \"X\",\n disputes: Some((\n  cost_credits: -1.0,\n  ruling_days: 3.0)),\n)",
                4,
                "disputes[0].cost_credits",
                "cost_credits = -1 must be at least 0 and finite, in charter \"c.ron\"",
            ),
            (
                "Charter(\n id: \"x\", name: \"X\",\n claims: (rule: Quota),\n)",
                3,
                "claims.rule",
                "rule = Quota must come with a quota, in charter \"c.ron\"",
            ),
            (
                "Charter(\n id: \"x\",\n)",
                1,
                "name",
                "name is empty, but must say something, in charter \"c.ron\"",
            ),
        ] {
            let errors = Charter::parse(text, "c.ron").unwrap_err();
            let first = &errors.0[0];
            assert_eq!(
                (first.line, first.field.as_str(), first.message.as_str()),
                (line, field, message)
            );
        }
        let errors = Charter::parse("Charter(\n id: \"x\",\n roylty: [],\n)", "c.ron").unwrap_err();
        assert!(
            errors.0[0].message.contains("the nearest is royalty"),
            "{errors}"
        );
    }
}
