//! Charters: the rules of a rush, as plain data that can be read, voted on and compared.
//!
//! A charter is made of articles, one for each matter that can be ruled. What a charter does not
//! speak of is off: [`Charter::default`] rules nothing. Files are read in `level::charters`,
//! sentences for people are made in [`words`](super::words).

use serde::{Deserialize, Serialize};

use crate::sim::economy::good::Good;
use crate::sim::level::ProspectorKind;

/// A year of charters [ms]: 365.25 days.
pub const YEAR_MS: u64 = 31_557_600_000;
/// A day [ms].
pub const DAY_MS: u64 = 86_400_000;

/// Milliseconds in some years, rounded.
pub fn years_ms(years: f64) -> u64 {
    (years * YEAR_MS as f64).round() as u64
}

/// Milliseconds in some days, rounded.
pub fn days_ms(days: f64) -> u64 {
    (days * DAY_MS as f64).round() as u64
}

/// The rules in force. A field that a charter does not give is off.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Charter {
    /// The short name by which levels and reports know it.
    pub id: String,
    pub name: String,
    /// The real text or practice that it follows.
    pub source: String,
    /// What to know before drawing conclusions from it.
    pub note: String,
    pub claims: ClaimTerms,
    pub credentials: CredentialTerms,
    /// Steps of the royalty, by rising year; empty for none.
    pub royalty: Vec<RoyaltyStep>,
    pub fund: FundTerms,
    pub dividend: DividendTerms,
    pub quota: Option<QuotaTerms>,
    pub zones: Option<ZoneTerms>,
    pub contamination: Option<ContaminationTerms>,
    pub debris: DebrisTerms,
    pub labour: Option<LabourTerms>,
    pub disclosure: Option<DisclosureTerms>,
    pub local: Option<LocalTerms>,
    pub inspections: Option<InspectionTerms>,
    pub disputes: Option<DisputeTerms>,
    pub politics: Option<PoliticsTerms>,
    pub treaty: Option<TreatyTerms>,
}

/// One matter of a charter, as it is ruled: what a proposal changes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub enum Article {
    Claims(ClaimTerms),
    Credentials(CredentialTerms),
    Royalty(Vec<RoyaltyStep>),
    Fund(FundTerms),
    Dividend(DividendTerms),
    Quota(Option<QuotaTerms>),
    Zones(Option<ZoneTerms>),
    Contamination(Option<ContaminationTerms>),
    Debris(DebrisTerms),
    Labour(Option<LabourTerms>),
    Disclosure(Option<DisclosureTerms>),
    Local(Option<LocalTerms>),
    Inspections(Option<InspectionTerms>),
    Disputes(Option<DisputeTerms>),
    Politics(Option<PoliticsTerms>),
    Treaty(Option<TreatyTerms>),
}

impl Charter {
    /// Every matter as this charter rules it, always the same matters in the same order.
    pub fn articles(&self) -> [Article; 16] {
        let this = self.clone();
        [
            Article::Claims(this.claims),
            Article::Credentials(this.credentials),
            Article::Royalty(this.royalty),
            Article::Fund(this.fund),
            Article::Dividend(this.dividend),
            Article::Quota(this.quota),
            Article::Zones(this.zones),
            Article::Contamination(this.contamination),
            Article::Debris(this.debris),
            Article::Labour(this.labour),
            Article::Disclosure(this.disclosure),
            Article::Local(this.local),
            Article::Inspections(this.inspections),
            Article::Disputes(this.disputes),
            Article::Politics(this.politics),
            Article::Treaty(this.treaty),
        ]
    }

    /// Rules a matter anew.
    pub fn adopt(&mut self, article: Article) {
        match article {
            Article::Claims(terms) => self.claims = terms,
            Article::Credentials(terms) => self.credentials = terms,
            Article::Royalty(steps) => self.royalty = steps,
            Article::Fund(terms) => self.fund = terms,
            Article::Dividend(terms) => self.dividend = terms,
            Article::Quota(terms) => self.quota = terms,
            Article::Zones(terms) => self.zones = terms,
            Article::Contamination(terms) => self.contamination = terms,
            Article::Debris(terms) => self.debris = terms,
            Article::Labour(terms) => self.labour = terms,
            Article::Disclosure(terms) => self.disclosure = terms,
            Article::Local(terms) => self.local = terms,
            Article::Inspections(terms) => self.inspections = terms,
            Article::Disputes(terms) => self.disputes = terms,
            Article::Politics(terms) => self.politics = terms,
            Article::Treaty(terms) => self.treaty = terms,
        }
    }

    /// The largest radius of a claim [m].
    pub fn claim_radius_max_m(&self) -> f64 {
        self.claims.radius_max_m.unwrap_or(CLAIM_RADIUS_MAX_M)
    }

    /// The fee for a claim [µcr], rounded to the nearest.
    pub fn claim_fee_ucr(&self) -> i64 {
        micro_credits(self.claims.fee_credits)
    }
}

/// Micro-credits of a price in a charter, rounded to the nearest.
pub(super) fn micro_credits(credits: f64) -> i64 {
    (credits * 1e6).round() as i64
}

/// No claim is wider, whatever the charter says [m].
pub const CLAIM_RADIUS_MAX_M: f64 = 1e4;

/// How ground is given out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum ClaimRule {
    /// Nobody can hold ground; everybody may dig everywhere and owns what is dug.
    #[default]
    OpenAccess,
    /// The first to file holds it.
    FirstCome,
    /// What is filed is a notified zone around work in progress.
    Zones,
    /// Who files puts the ground up to auction with the fee as the first bid.
    Auctioned,
    /// The first to file holds it, and a second site of the same size goes to the authority.
    Sponsored,
    /// Who files has a lot in the next draw.
    Lottery,
    /// Nobody can hold ground; who holds shares of the quota may dig.
    Quota,
    /// The first to file holds it for all members.
    Pooled,
}

impl ClaimRule {
    /// Whether ground can be held at all.
    pub fn gives_claims(self) -> bool {
        !matches!(self, Self::OpenAccess | Self::Quota)
    }
}

/// What becomes of digging where one may not.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Enforcement {
    /// The order is refused.
    #[default]
    Refused,
    /// It is done, and stands in the record: for inspectors and for the court.
    Recorded,
}

/// How claims are made, kept and lost.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ClaimTerms {
    pub rule: ClaimRule,
    /// Whether a claim keeps others from digging.
    pub exclusive: bool,
    pub enforcement: Enforcement,
    /// Paid once for each claim; of an auction, the least bid; of a lottery, the price of a lot.
    pub fee_credits: f64,
    /// Without it, as wide as anyone likes.
    pub radius_max_m: Option<f64>,
    pub area_max_m2: Option<f64>,
    /// How many claims one prospector may hold at a time; without it, any number.
    pub per_prospector_max: Option<u32>,
    /// A claim ends after so long; without it, never.
    pub term_years: Option<f64>,
    /// Whether the holder may begin a new term, for the fee.
    pub renewable: bool,
    /// A claim lapses when nobody has worked in it for so long; without it, never.
    pub idle_years_max: Option<f64>,
    /// Readings of one's own within the boundary before it may be claimed.
    pub survey_readings_min: u32,
    /// Whether a robot of one's own must stand within the boundary.
    pub on_the_spot: bool,
    pub transferable: bool,
    pub leasable: bool,
    /// From a first bid to the hammer.
    pub auction_days: f64,
    /// Bids are seen by nobody until the hammer.
    pub sealed_bids: bool,
    /// Between two draws of a lottery.
    pub draw_days: f64,
    /// Who may file within ground that is reserved for the authority.
    pub reserved_for: Vec<ProspectorKind>,
    /// Ground that nobody may claim or dig but those it is reserved for.
    pub reserved_areas: Vec<ReservedArea>,
}

impl Default for ClaimTerms {
    fn default() -> Self {
        Self {
            rule: ClaimRule::OpenAccess,
            exclusive: true,
            enforcement: Enforcement::Refused,
            fee_credits: 0.0,
            radius_max_m: None,
            area_max_m2: None,
            per_prospector_max: None,
            term_years: None,
            renewable: true,
            idle_years_max: None,
            survey_readings_min: 0,
            on_the_spot: true,
            transferable: false,
            leasable: false,
            auction_days: 7.0,
            sealed_bids: false,
            draw_days: 7.0,
            reserved_for: Vec::new(),
            reserved_areas: Vec::new(),
        }
    }
}

/// Ground that is kept from the rush: a cap on the body.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReservedArea {
    pub latitude_deg: f64,
    pub longitude_deg: f64,
    pub radius_m: f64,
}

/// Who may mine, and what that costs by the year.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct CredentialTerms {
    pub may_mine: Vec<ProspectorKind>,
    /// Who is of no such kind may found a company for this, and does when it first digs or files.
    pub incorporation_credits: Option<f64>,
    /// What must be in the account when a prospector first digs or files.
    pub standing_credits: f64,
    pub sponsor: Sponsor,
    /// Due by the month from those that have dug, sold or held a claim in it.
    pub licence_credits_per_year: f64,
    /// Who owes the licence for longer may not dig until it is paid; without it, for ever.
    pub arrears_months_max: Option<u32>,
}

impl Default for CredentialTerms {
    fn default() -> Self {
        Self {
            may_mine: vec![
                ProspectorKind::Person,
                ProspectorKind::Company,
                ProspectorKind::Agency,
                ProspectorKind::Cooperative,
            ],
            incorporation_credits: None,
            standing_credits: 0.0,
            sponsor: Sponsor::Nobody,
            licence_credits_per_year: 0.0,
            arrears_months_max: None,
        }
    }
}

/// Who must answer for a prospector.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub enum Sponsor {
    #[default]
    Nobody,
    /// A state outside the level, which takes a fee once; an agency that sponsors spares it.
    HomeState { fee_credits: f64 },
    /// An agency among the prospectors. Agencies need none.
    Agency,
}

/// The rate of the royalty from a time after a prospector's first sale on.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RoyaltyStep {
    /// Years after the first sale; the first step has 0.
    pub from_year: f64,
    /// Part of what the buyer pays.
    pub rate: f64,
}

/// Where royalties go, and what comes back.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct FundTerms {
    /// Part of each royalty that the fund keeps and invests.
    pub royalty_share: f64,
    /// Part of each royalty that is paid out at the end of the period. What is left of it runs the
    /// authority.
    pub at_once_share: f64,
    /// Part of each sale that goes into the fund besides.
    pub sales_share: f64,
    /// Whether licence fees, claim fees and fines go into the fund.
    pub takes_fees: bool,
    /// What the fund earns outside, a year.
    pub return_per_year: f64,
    /// Part of the fund that is paid out, a year.
    pub payout_per_year: f64,
    /// From one payout to the next.
    pub period_days: f64,
}

impl Default for FundTerms {
    fn default() -> Self {
        Self {
            royalty_share: 0.0,
            at_once_share: 0.0,
            sales_share: 0.0,
            takes_fees: false,
            return_per_year: 0.0,
            payout_per_year: 0.0,
            period_days: 365.25,
        }
    }
}

/// Who is paid what the fund pays out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct DividendTerms {
    pub rule: Dividend,
    /// Part of each payout for people outside the rush.
    pub outside_share: f64,
}

/// How a payout is split.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub enum Dividend {
    /// Nothing is paid out.
    #[default]
    Nothing,
    PerHead,
    /// By what each has sold in the period; a part of it per head.
    ByContribution {
        floor_share: f64,
    },
    /// By need: in inverse proportion to what each has, counted from a mean wealth up.
    ByNeed,
    /// By shares of the quota.
    ByShare,
}

/// A limit on what may be sold in a year, in shares that can be traded.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct QuotaTerms {
    pub goods: Vec<Good>,
    /// Only sales there count; without it, all.
    #[serde(default)]
    pub node: Option<String>,
    pub mass_kg_per_year: f64,
    pub allocation: Allocation,
}

/// Shares in a whole quota.
pub const QUOTA_SHARES: u32 = 10_000;

/// Who gets the shares of a quota.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Allocation {
    /// The same to each member.
    Equal,
    /// To the highest bidders, in lots, at the beginning.
    Auctioned,
    /// By what each has sold before, and equally where nobody has.
    ByHistory,
}

/// Room around work in progress.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ZoneTerms {
    /// Around a standing claim, and around every place of work of the last days.
    pub radius_m: f64,
    /// A place of work is a zone for so long after the last shovel.
    pub work_days: f64,
    /// Whether landing in a zone needs its holder's leave too, and not only digging.
    pub landing_needs_leave: bool,
}

/// How a body is protected from life that robots carry.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ContaminationTerms {
    pub class: ProtectionClass,
    /// For each robot that stands on the body.
    pub sterilisation_credits_per_robot: f64,
    /// What the wrecks of one prospector may leave on the body in all [spores].
    pub limit_spores: f64,
    /// For each wreck over the limit.
    pub fine_credits: f64,
}

/// Categories of planetary protection (COSPAR policy 2021).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum ProtectionClass {
    /// No interest for the origin of life: no duty.
    I,
    /// Remote chance that contamination could matter: robots are documented.
    II,
    /// Flyby or orbit of a body where it could: robots are built in a clean room.
    III,
    /// Landing on such a body: robots are sterilised.
    IV,
}

impl ProtectionClass {
    /// What a robot of the class carries, and its wreck leaves [spores].
    ///
    /// Category IVa lands at most 3e5 (COSPAR policy 2021, 8.2.4); a clean room leaves some ten
    /// times, an ordinary hall some hundred times as many (assumed).
    pub fn spores_per_robot(self) -> f64 {
        match self {
            Self::I | Self::II => 3e7,
            Self::III => 3e6,
            Self::IV => 3e5,
        }
    }
}

/// What is due for matter that leaves the body for space.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct DebrisTerms {
    /// For dumped and thrown up ground, and for lost robots.
    pub credits_per_kg: f64,
}

/// What crews on Earth may be asked to do.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LabourTerms {
    /// One crew at one robot.
    pub hours_per_day_max: f64,
    /// Days without work in each seven.
    #[serde(default)]
    pub rest_days_per_week: u32,
    /// Crews that may take turns at one robot, elsewhere on Earth.
    #[serde(default = "one_crew")]
    pub crews_per_robot: u32,
}

fn one_crew() -> u32 {
    1
}

/// When one's own readings become public.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DisclosureTerms {
    pub after_days: f64,
    /// To members of the treaty or pool alone, not to all.
    #[serde(default)]
    pub members_only: bool,
}

/// What must stay at the place or come to its people.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LocalTerms {
    /// Part of the value of each sale that is shared.
    #[serde(default)]
    pub share: f64,
    /// Part of the mass sold that must be refined at the place.
    #[serde(default)]
    pub processed_share_min: f64,
}

/// Who looks, how often, and what it costs to be found.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InspectionTerms {
    pub interval_days: f64,
    /// Chance that an inspection finds a breach that there is, 0 to 1.
    pub find_probability: f64,
    /// For each breach found.
    pub fine_credits: f64,
    /// Each further fine of the same prospector is so many times the one before.
    #[serde(default = "one")]
    pub repeat_factor: f64,
}

fn one() -> f64 {
    1.0
}

/// How quarrels are settled.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DisputeTerms {
    /// The price of a ruling, which the loser bears.
    pub cost_credits: f64,
    /// From the complaint to the ruling.
    pub ruling_days: f64,
    /// Owed for each kilogram dug on the ground of another.
    #[serde(default)]
    pub trespass_credits_per_kg: f64,
    /// Owed for each kilogram poured out on the ground of another.
    #[serde(default)]
    pub damage_credits_per_kg: f64,
}

/// How the charter itself is changed.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PoliticsTerms {
    pub weight: Weight,
    /// Part of all weight that must vote, 0 to 1.
    pub quorum: f64,
    /// Part of the weight voting that must be in favour, which must be exceeded.
    pub majority: f64,
    pub voting_days: f64,
}

/// What a vote counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Weight {
    PerHead,
    /// By shares of the quota; where there is none, per head.
    ByShare,
    /// By what is in the account when votes are counted.
    ByCapital,
}

/// Who is bound by the charter, and how one comes and goes.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TreatyTerms {
    /// Part of all prospectors that must be members for royalties, quotas, funds and duties to be
    /// in force, 0 to 1.
    pub quorum: f64,
    /// Whether all are members at the beginning.
    pub founded: bool,
    pub joining_credits: f64,
    pub leaving_credits: f64,
    /// Whether those outside may mine, free of duties and without a dividend.
    pub outsiders_may_mine: bool,
}
