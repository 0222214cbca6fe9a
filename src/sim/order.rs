//! Orders: the only way to change the world from outside.
//!
//! An order waits in the [`Inbox`] until its time, is checked in the tick that takes it by its
//! sender's rights and by physics, and is accepted, or refused with a reason that its sender sees.
//! An order that is refused changes nothing. What each order does stands with the thing it moves:
//! `desk`, `robot::command` and `plant`; this module owns the words and the record.

use std::fmt;

use bevy::prelude::*;
use serde::{Deserialize, Serialize};

use super::chronicle::Chronicle;
use super::economy::auction::Side;
use super::economy::fleet::Machine;
use super::economy::good::Good;
use super::economy::stores::Place;
use super::economy::venture::Agreement;
use super::law::charter::Article;
use super::law::disputes::Cause;
use super::law::titles::Title;
use super::prospecting::Instrument;
use super::prospecting::trade::{Audience, Choice};

/// What a prospector may ask for. Positions are in the site frame [m], masses in kilograms.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub enum Order {
    /// Jump to a place on the surface: the nearest surface point above or below `target_m`.
    HopTo {
        robot: String,
        target_m: [f64; 3],
    },
    /// Fly to a place on the thrusters, over the ground, and land.
    FlyTo {
        robot: String,
        target_m: [f64; 3],
    },
    /// Jump straight up with a speed of one's own choice and come down again. The prediction of
    /// the highest point, if there is one, is held against what comes.
    Jump {
        robot: String,
        speed_m_s: f64,
        #[serde(default)]
        predicted_apex_m: Option<f64>,
    },
    /// Steer by hand: thrust and torque in the robot's own axes (+X left, +Y up, +Z ahead) and
    /// set-points of its tools for a time, cut to what they give. Replaces what the robot was doing.
    Actuate {
        robot: String,
        #[serde(default)]
        thrust_n: [f64; 3],
        #[serde(default)]
        torque_n_m: [f64; 3],
        /// Of the drums, 0 to 1 of their full rate.
        #[serde(default)]
        drum_rate: f64,
        /// Of the drill, 0 to 1 of the greatest press on its bit and of its full speed.
        #[serde(default)]
        drill_press: f64,
        #[serde(default)]
        drill_speed: f64,
        for_s: f64,
    },
    /// Help oneself: land what drifts, turn over what lies on its side, work a stuck bit loose.
    Free {
        robot: String,
    },
    /// Screw the anchors into the ground under the robot.
    Anchor {
        robot: String,
    },
    /// Pull the anchors out.
    Release {
        robot: String,
    },
    /// Go to the rock nearest to a place and hold on to it, by microspines or a belt.
    Grip {
        robot: String,
        target_m: [f64; 3],
    },
    /// Drill under the robot to a depth below the mouth of the hole.
    DrillTo {
        robot: String,
        depth_m: f64,
    },
    /// Dig where the robot stands, until the bin holds `until_kg` (default: until it is full).
    Dig {
        robot: String,
        #[serde(default)]
        until_kg: Option<f64>,
    },
    /// Carry the load to a plant of one's own (default: the nearest) and tip it into its hopper.
    Deliver {
        robot: String,
        #[serde(default)]
        plant: Option<String>,
    },
    /// Pour the load out behind the robot, where it lies as a heap or drifts off.
    Dump {
        robot: String,
    },
    /// Rest in the sun until the battery is full.
    Charge {
        robot: String,
    },
    /// Drop what the robot is doing. A robot in flight still lands.
    Stop {
        robot: String,
    },
    /// Measure the ground under the robot with its contact spectrometer.
    Survey {
        robot: String,
    },
    /// Measure with an instrument that the robot carries, for `time_s` (default: as long as one
    /// measurement of it takes).
    Measure {
        robot: String,
        instrument: Instrument,
        #[serde(default)]
        time_s: Option<f64>,
    },
    /// Register a circular claim around the place where the robot stands.
    FileClaim {
        robot: String,
        radius_m: f64,
    },
    /// Register the ground between corners, given in order round it: the nearest surface points
    /// above or below them. Where the charter wants it, a robot must stand within.
    FileBoundary {
        #[serde(default)]
        robot: Option<String>,
        corners_m: Vec<[f64; 3]>,
    },
    /// Begin another term of a claim of one's own, for the fee.
    RenewClaim {
        claim: u32,
    },
    /// Give a claim of one's own up.
    AbandonClaim {
        claim: u32,
    },
    /// Put a claim of one's own up for auction.
    AuctionClaim {
        claim: u32,
        #[serde(default)]
        reserve_credits: f64,
    },
    /// Bid at an open auction. The money is held until the hammer falls or somebody bids more.
    Bid {
        auction: u32,
        credits: f64,
    },
    /// Offer a claim, a lease or shares of the quota to somebody, or to anyone.
    OfferTitle {
        title: Title,
        price_credits: f64,
        #[serde(default)]
        to: Option<String>,
    },
    /// Take an offer of a title of one's own back.
    WithdrawTitle {
        offer: u32,
    },
    /// Take an offer of a title up.
    AcceptTitle {
        offer: u32,
    },
    /// Bring a complaint before the court, with the deposit that the charter wants.
    Complain {
        against: String,
        cause: Cause,
    },
    /// Let somebody into one's safety zones.
    GrantPassage {
        to: String,
    },
    /// No longer let somebody into one's safety zones.
    RevokePassage {
        to: String,
    },
    /// Put a change of the charter to the vote.
    ProposeChange {
        articles: Vec<Article>,
        #[serde(default)]
        reason: String,
    },
    /// Vote on a proposal, or change one's vote.
    Vote {
        proposal: u32,
        in_favour: bool,
    },
    JoinTreaty {},
    LeaveTreaty {},
    /// Answer for another prospector, as an agency.
    Sponsor {
        prospector: String,
    },
    /// No longer answer for a prospector.
    EndSponsorship {
        prospector: String,
    },
    /// Sell water from a plant's tank to the market's node.
    Sell {
        plant: String,
        mass_kg: f64,
    },
    /// Let a plant of one's own do something else: `bake`, `stand-still`, or a process that it is
    /// equipped for. One that works on goods does so until `mass_kg` are used (default: as long as
    /// there are any).
    SetProcess {
        plant: String,
        process: String,
        #[serde(default)]
        mass_kg: Option<f64>,
    },
    /// Let a plant of one's own work for others: they bring rock and get what is made of it, less
    /// `product_share` of each product (0 to 1), and pay the tariff as their rock is worked.
    OpenPlant {
        plant: String,
        #[serde(default)]
        tariff_credits_per_kg: f64,
        #[serde(default)]
        product_share: f64,
        to: Audience,
    },
    /// Take no more rock of others; what they have brought is worked off.
    ClosePlant {
        plant: String,
    },
    /// Pump water from the tank of a plant of one's own into one's store at the site,
    StoreWater {
        plant: String,
        mass_kg: f64,
    },
    /// or back.
    LoadWater {
        plant: String,
        mass_kg: f64,
    },
    /// Send goods from one's store to that at another place, with the next tug. Water and propellant
    /// burn part of themselves; for other goods propellant or water of one's own is burnt, or
    /// propellant is bought.
    Ship {
        from: Place,
        to: Place,
        good: Good,
        mass_kg: f64,
        #[serde(default)]
        buy_propellant: bool,
    },
    /// Buy goods on Earth, into one's store there; `Ship` launches them.
    BuyOnEarth {
        good: Good,
        mass_kg: f64,
    },
    /// Sell goods from one's store at a node to the market there.
    SellGoods {
        node: String,
        good: Good,
        mass_kg: f64,
    },
    /// Offer readings of one's own at a price, to all or to some, as often as they like to buy.
    OfferData {
        #[serde(default)]
        readings: Choice,
        price_credits: f64,
        to: Audience,
    },
    /// Take an offer of one's own back.
    WithdrawOffer {
        offer: u32,
    },
    /// Buy the readings of an offer.
    BuyData {
        offer: u32,
    },
    /// Give readings of one's own away. They cannot be taken back.
    ShareData {
        #[serde(default)]
        readings: Choice,
        with: Audience,
    },
    /// Change a robot's modules at a plant of one's own within reach: what is taken off goes into
    /// the plant's stock, what is put on comes out of it or is bought.
    Refit {
        robot: String,
        #[serde(default)]
        remove: Vec<String>,
        #[serde(default)]
        add: Vec<String>,
    },
    /// Take spare parts on board at a plant of one's own within reach, or buy what it has not.
    TakeSpares {
        robot: String,
        #[serde(default)]
        mechanical_kg: f64,
        #[serde(default)]
        electronic_kg: f64,
    },
    /// Mend a robot: `by`, another robot with an arm and spare parts, or a plant of one's own within
    /// reach, changes what is worn. A plant buys the parts that it has not.
    Repair {
        robot: String,
        by: String,
    },
    /// Take one's own robot `wreck` apart for spare parts, for good.
    Cannibalise {
        robot: String,
        wreck: String,
    },
    /// Take another robot of one's own on one's back: what is anchored or seized comes along.
    Carry {
        robot: String,
        load: String,
    },
    /// Set down what the robot carries, beside it.
    PutDown {
        robot: String,
    },
    /// Clean the robot's panels with its own brush.
    Clean {
        robot: String,
    },
    /// Charge another robot of one's own through a cable.
    GivePower {
        robot: String,
        to: String,
        energy_wh: f64,
    },
    /// Print mechanical spare parts from a plant's tailings.
    PrintSpares {
        plant: String,
        mass_kg: f64,
    },
    /// Fill the robot's propellant tank from a plant of one's own within reach.
    Refuel {
        robot: String,
    },
    /// Bid or ask for goods at the exchange of a place. Without a limit it takes part in the next
    /// auction only, at any price that those who wait now would have given it.
    PlaceOrder {
        place: Place,
        good: Good,
        side: Side,
        mass_kg: f64,
        #[serde(default)]
        limit_credits_per_kg: Option<f64>,
        /// How long it waits for an auction that it can trade in (default: a week).
        #[serde(default)]
        wait_h: Option<f64>,
    },
    /// Take an order of one's own at the exchange back.
    CancelOrder {
        order: u64,
    },
    /// Bid or ask for shares of a company at the exchange.
    PlaceShareOrder {
        venture: String,
        side: Side,
        shares: u64,
        /// For one share.
        #[serde(default)]
        limit_credits: Option<f64>,
        #[serde(default)]
        wait_h: Option<f64>,
    },
    /// Offer to buy or to sell goods by contract: both sides set aside what they answer for.
    OfferContract {
        side: Side,
        place: Place,
        good: Good,
        mass_kg: f64,
        /// For all of it.
        price_credits: f64,
        /// What the seller pays if nothing comes, and its part if not all comes.
        #[serde(default)]
        penalty_credits: f64,
        /// From now to the deadline.
        days: f64,
        to: Audience,
    },
    /// Deliver under a contract out of one's store, before it happens by itself (default: all).
    DeliverContract {
        deal: u32,
        #[serde(default)]
        mass_kg: Option<f64>,
    },
    /// Call for sealed offers to deliver goods; the lowest becomes a contract.
    CallTender {
        place: Place,
        good: Good,
        mass_kg: f64,
        price_max_credits: f64,
        #[serde(default)]
        penalty_credits: f64,
        /// From now until the offers are opened.
        closes_days: f64,
        /// From then to the deadline.
        days: f64,
        to: Audience,
    },
    /// Make a sealed offer to a tender, or change one's own.
    BidTender {
        deal: u32,
        price_credits: f64,
    },
    /// Offer a machine of one's own for hire.
    OfferHire {
        machine: Machine,
        credits_per_day: f64,
        days: u32,
        #[serde(default)]
        deposit_credits: f64,
        to: Audience,
    },
    /// End a hire early: bring the machine back, or call it back.
    EndHire {
        deal: u32,
    },
    /// Offer a machine of one's own for sale.
    SellMachine {
        machine: Machine,
        price_credits: f64,
        to: Audience,
    },
    /// Ask for a loan.
    RequestLoan {
        credits: f64,
        percent_per_year: f64,
        days: f64,
        #[serde(default)]
        collateral: Vec<Collateral>,
        to: Audience,
    },
    /// Pay a loan back, interest first (default: all of it).
    RepayLoan {
        deal: u32,
        #[serde(default)]
        credits: Option<f64>,
    },
    /// Offer to insure the machines of others.
    OfferCover {
        /// Premium, of the sum and year.
        percent_per_year: f64,
        sum_max_credits: f64,
        to: Audience,
    },
    /// Insure a machine against loss, by an offer of cover or with the pool.
    Insure {
        machine: Machine,
        sum_credits: f64,
        days: f64,
        #[serde(default)]
        cover: Option<u32>,
    },
    /// Insure a cargo of one's own that is under way or booked, with the pool.
    InsureCargo {
        shipment: u32,
        sum_credits: f64,
    },
    /// Found a venture under a written agreement, with a first contribution.
    FoundVenture {
        venture: String,
        agreement: Agreement,
        /// Whole credits, each a share.
        #[serde(default)]
        credits: u64,
        invite: Audience,
    },
    /// Join a venture that invites one, or contribute more to one's own.
    JoinVenture {
        venture: String,
        #[serde(default)]
        credits: u64,
    },
    /// Leave a venture with one's part of what lies in it.
    LeaveVenture {
        venture: String,
    },
    /// Pay into a venture.
    PayVenture {
        venture: String,
        credits: f64,
    },
    /// Pass shares of a company on.
    PassShares {
        venture: String,
        shares: u64,
        to: String,
    },
    /// Vote for or against the dissolution of a venture.
    VoteToDissolve {
        venture: String,
        yes: bool,
    },
    /// Vote for or against what a venture might do.
    VoteInVenture {
        venture: String,
        motion: Motion,
        yes: bool,
    },
    /// Bid on a lot of an estate.
    BidLot {
        deal: u32,
        price_credits: f64,
    },
    /// Take an abandoned machine.
    Salvage {
        machine: Machine,
    },
    /// Let programs take over a part of the attention to one's robots, from 0 to 1.
    SetAutonomy {
        level: f64,
    },
    /// Take up a contract, a hire, a sale or a loan that is offered to one.
    AcceptDeal {
        deal: u32,
    },
    /// Take an offer of one's own back that nobody has taken up: a contract, a tender or an offer to
    /// one, a hire, a sale, a request for a loan, cover.
    WithdrawDeal {
        deal: u32,
    },
}

/// What the members of a venture vote on.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub enum Motion {
    /// Buy a plant that is for sale, for the members to use at a tariff.
    Buy {
        deal: u32,
        #[serde(default)]
        tariff_credits_per_kg: f64,
    },
    /// Put a plant of the venture up for sale.
    Sell { plant: String, price_credits: f64 },
}

/// What is pledged for a loan.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub enum Collateral {
    Machine(Machine),
    Goods {
        place: Place,
        good: Good,
        mass_kg: f64,
    },
}

impl Order {
    /// The robot that is to act, if it is one.
    pub fn robot(&self) -> Option<&str> {
        match self {
            Self::HopTo { robot, .. }
            | Self::FlyTo { robot, .. }
            | Self::Jump { robot, .. }
            | Self::Actuate { robot, .. }
            | Self::Free { robot }
            | Self::Grip { robot, .. }
            | Self::DrillTo { robot, .. }
            | Self::Anchor { robot }
            | Self::Release { robot }
            | Self::Dig { robot, .. }
            | Self::Deliver { robot, .. }
            | Self::Dump { robot }
            | Self::Charge { robot }
            | Self::Stop { robot }
            | Self::Survey { robot }
            | Self::Measure { robot, .. }
            | Self::FileClaim { robot, .. }
            | Self::Refit { robot, .. }
            | Self::TakeSpares { robot, .. }
            | Self::Cannibalise { robot, .. }
            | Self::Clean { robot }
            | Self::Carry { robot, .. }
            | Self::PutDown { robot }
            | Self::GivePower { robot, .. }
            | Self::Refuel { robot } => Some(robot),
            Self::Repair { by, .. } => Some(by),
            Self::FileBoundary { robot, .. } => robot.as_deref(),
            Self::RenewClaim { .. }
            | Self::AbandonClaim { .. }
            | Self::AuctionClaim { .. }
            | Self::Bid { .. }
            | Self::OfferTitle { .. }
            | Self::WithdrawTitle { .. }
            | Self::AcceptTitle { .. }
            | Self::Complain { .. }
            | Self::GrantPassage { .. }
            | Self::RevokePassage { .. }
            | Self::ProposeChange { .. }
            | Self::Vote { .. }
            | Self::JoinTreaty {}
            | Self::LeaveTreaty {}
            | Self::Sponsor { .. }
            | Self::EndSponsorship { .. }
            | Self::Sell { .. }
            | Self::SetProcess { .. }
            | Self::OpenPlant { .. }
            | Self::ClosePlant { .. }
            | Self::StoreWater { .. }
            | Self::LoadWater { .. }
            | Self::Ship { .. }
            | Self::SellGoods { .. }
            | Self::BuyOnEarth { .. }
            | Self::PrintSpares { .. }
            | Self::OfferData { .. }
            | Self::WithdrawOffer { .. }
            | Self::BuyData { .. }
            | Self::ShareData { .. }
            | Self::PlaceOrder { .. }
            | Self::CancelOrder { .. }
            | Self::PlaceShareOrder { .. }
            | Self::OfferContract { .. }
            | Self::DeliverContract { .. }
            | Self::CallTender { .. }
            | Self::BidTender { .. }
            | Self::OfferHire { .. }
            | Self::EndHire { .. }
            | Self::SellMachine { .. }
            | Self::RequestLoan { .. }
            | Self::RepayLoan { .. }
            | Self::OfferCover { .. }
            | Self::Insure { .. }
            | Self::InsureCargo { .. }
            | Self::FoundVenture { .. }
            | Self::JoinVenture { .. }
            | Self::LeaveVenture { .. }
            | Self::PayVenture { .. }
            | Self::PassShares { .. }
            | Self::VoteToDissolve { .. }
            | Self::VoteInVenture { .. }
            | Self::BidLot { .. }
            | Self::Salvage { .. }
            | Self::SetAutonomy { .. }
            | Self::AcceptDeal { .. }
            | Self::WithdrawDeal { .. } => None,
        }
    }
}

impl Order {
    /// The word for it, as in files of orders.
    pub fn name(&self) -> String {
        let mut text = format!("{self:?}");
        text.truncate(
            text.find(|c: char| !c.is_alphanumeric())
                .unwrap_or(text.len()),
        );
        text
    }

    /// Whether it is about goods, plants, ships and markets, which `desk::goods` does.
    pub fn is_about_goods(&self) -> bool {
        matches!(
            self,
            Self::Sell { .. }
                | Self::SetProcess { .. }
                | Self::OpenPlant { .. }
                | Self::ClosePlant { .. }
                | Self::StoreWater { .. }
                | Self::LoadWater { .. }
                | Self::Ship { .. }
                | Self::SellGoods { .. }
                | Self::BuyOnEarth { .. }
        )
    }

    /// Whether it is a matter of law, which `desk::law` answers.
    pub fn is_legal(&self) -> bool {
        matches!(
            self,
            Self::FileClaim { .. }
                | Self::FileBoundary { .. }
                | Self::RenewClaim { .. }
                | Self::AbandonClaim { .. }
                | Self::AuctionClaim { .. }
                | Self::Bid { .. }
                | Self::OfferTitle { .. }
                | Self::WithdrawTitle { .. }
                | Self::AcceptTitle { .. }
                | Self::Complain { .. }
                | Self::GrantPassage { .. }
                | Self::RevokePassage { .. }
                | Self::ProposeChange { .. }
                | Self::Vote { .. }
                | Self::JoinTreaty {}
                | Self::LeaveTreaty {}
                | Self::Sponsor { .. }
                | Self::EndSponsorship { .. }
        )
    }

    /// Whether it is work on a machine, which `robot::service` does.
    pub fn is_service(&self) -> bool {
        matches!(
            self,
            Self::Refit { .. }
                | Self::TakeSpares { .. }
                | Self::Repair { .. }
                | Self::Cannibalise { .. }
                | Self::Clean { .. }
                | Self::Carry { .. }
                | Self::PutDown { .. }
                | Self::GivePower { .. }
                | Self::PrintSpares { .. }
        )
    }
}

impl Order {
    /// Whether it is about a deal between prospectors, which `desk::trade` makes.
    pub fn is_trade(&self) -> bool {
        matches!(
            self,
            Self::PlaceOrder { .. }
                | Self::CancelOrder { .. }
                | Self::PlaceShareOrder { .. }
                | Self::OfferContract { .. }
                | Self::DeliverContract { .. }
                | Self::CallTender { .. }
                | Self::BidTender { .. }
                | Self::OfferHire { .. }
                | Self::EndHire { .. }
                | Self::SellMachine { .. }
                | Self::RequestLoan { .. }
                | Self::RepayLoan { .. }
                | Self::OfferCover { .. }
                | Self::Insure { .. }
                | Self::InsureCargo { .. }
                | Self::FoundVenture { .. }
                | Self::JoinVenture { .. }
                | Self::LeaveVenture { .. }
                | Self::PayVenture { .. }
                | Self::PassShares { .. }
                | Self::VoteToDissolve { .. }
                | Self::VoteInVenture { .. }
                | Self::BidLot { .. }
                | Self::Salvage { .. }
                | Self::SetAutonomy { .. }
                | Self::AcceptDeal { .. }
                | Self::WithdrawDeal { .. }
        )
    }
}

impl fmt::Display for Order {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::HopTo { robot, .. } => write!(f, "{robot}: hop"),
            Self::FlyTo { robot, .. } => write!(f, "{robot}: fly"),
            Self::Jump {
                robot, speed_m_s, ..
            } => write!(f, "{robot}: jump at {:.1} cm/s", 100.0 * speed_m_s),
            Self::Actuate { robot, for_s, .. } => write!(f, "{robot}: steer for {for_s} s"),
            Self::Grip { robot, .. } => write!(f, "{robot}: grip"),
            Self::DrillTo { robot, depth_m } => write!(f, "{robot}: drill to {depth_m} m"),
            Self::Free { robot } => write!(f, "{robot}: get free"),
            Self::Anchor { robot } => write!(f, "{robot}: anchor"),
            Self::Release { robot } => write!(f, "{robot}: release the anchors"),
            Self::Dig { robot, .. } => write!(f, "{robot}: dig"),
            Self::Deliver { robot, .. } => write!(f, "{robot}: deliver"),
            Self::Charge { robot } => write!(f, "{robot}: charge"),
            Self::Stop { robot } => write!(f, "{robot}: stop"),
            Self::Survey { robot } => write!(f, "{robot}: survey"),
            Self::Measure {
                robot, instrument, ..
            } => write!(f, "{robot}: measure with the {instrument}"),
            Self::FileClaim { robot, radius_m } => write!(f, "{robot}: claim {radius_m} m around"),
            Self::FileBoundary { corners_m, .. } => {
                write!(f, "claim the ground within {} corners", corners_m.len())
            }
            Self::RenewClaim { claim } => write!(f, "renew claim {claim}"),
            Self::AbandonClaim { claim } => write!(f, "give claim {claim} up"),
            Self::AuctionClaim { claim, .. } => write!(f, "put claim {claim} up for auction"),
            Self::Bid { auction, credits } => {
                write!(f, "bid {credits} credits at auction {auction}")
            }
            Self::OfferTitle {
                title,
                price_credits,
                ..
            } => write!(f, "offer {title} for {price_credits} credits"),
            Self::WithdrawTitle { offer } => write!(f, "withdraw offer {offer} of a title"),
            Self::AcceptTitle { offer } => write!(f, "take offer {offer} of a title"),
            Self::Complain { against, cause } => {
                write!(f, "complain of {against} about claim {}", cause.claim().0)
            }
            Self::GrantPassage { to } => write!(f, "let {to} into the zones"),
            Self::RevokePassage { to } => write!(f, "keep {to} out of the zones"),
            Self::ProposeChange { articles, .. } => {
                let titles: Vec<&str> = articles.iter().map(Article::title).collect();
                write!(f, "propose other rules of {}", titles.join(", "))
            }
            Self::Vote {
                proposal,
                in_favour,
            } => write!(
                f,
                "vote {} proposal {proposal}",
                if *in_favour { "for" } else { "against" }
            ),
            Self::JoinTreaty {} => f.write_str("join the treaty"),
            Self::LeaveTreaty {} => f.write_str("leave the treaty"),
            Self::Sponsor { prospector } => write!(f, "answer for {prospector}"),
            Self::EndSponsorship { prospector } => {
                write!(f, "no longer answer for {prospector}")
            }
            Self::Sell { plant, mass_kg } => write!(f, "{plant}: sell {mass_kg} kg of water"),
            Self::SetProcess { plant, process, .. } => write!(f, "{plant}: {process}"),
            Self::OpenPlant {
                plant,
                tariff_credits_per_kg,
                to,
                ..
            } => write!(
                f,
                "{plant}: work for {to} at {tariff_credits_per_kg} credits/kg"
            ),
            Self::ClosePlant { plant } => write!(f, "{plant}: work for nobody else"),
            Self::StoreWater { plant, mass_kg } => {
                write!(f, "{plant}: store {mass_kg} kg of water")
            }
            Self::LoadWater { plant, mass_kg } => {
                write!(f, "{plant}: take {mass_kg} kg of water from the store")
            }
            Self::Ship {
                from,
                to,
                good,
                mass_kg,
                ..
            } => write!(f, "ship {mass_kg} kg of {good} from {from} to {to}"),
            Self::BuyOnEarth { good, mass_kg } => {
                write!(f, "buy {mass_kg} kg of {good} on Earth")
            }
            Self::SellGoods {
                node,
                good,
                mass_kg,
            } => write!(f, "sell {mass_kg} kg of {good} at {node}"),
            Self::OfferData {
                price_credits, to, ..
            } => write!(f, "offer survey data to {to} for {price_credits} credits"),
            Self::WithdrawOffer { offer } => write!(f, "withdraw offer {offer}"),
            Self::BuyData { offer } => write!(f, "buy the survey data of offer {offer}"),
            Self::ShareData { with, .. } => write!(f, "share survey data with {with}"),
            Self::Refit { robot, remove, add } => {
                let changes: Vec<String> = remove
                    .iter()
                    .map(|module| format!("-{module}"))
                    .chain(add.iter().map(|module| format!("+{module}")))
                    .collect();
                write!(f, "{robot}: refit {}", changes.join(" "))
            }
            Self::TakeSpares {
                robot,
                mechanical_kg,
                electronic_kg,
            } => write!(
                f,
                "{robot}: take {mechanical_kg} kg of mechanical and {electronic_kg} kg of electronic spare parts"
            ),
            Self::Repair { robot, by } => write!(f, "{by}: repair {robot}"),
            Self::Cannibalise { robot, wreck } => write!(f, "{robot}: take {wreck} apart"),
            Self::Clean { robot } => write!(f, "{robot}: clean the panels"),
            Self::Carry { robot, load } => write!(f, "{robot}: take {load} on its back"),
            Self::PutDown { robot } => write!(f, "{robot}: put its load down"),
            Self::GivePower {
                robot,
                to,
                energy_wh,
            } => write!(f, "{robot}: give {energy_wh} Wh to {to}"),
            Self::PrintSpares { plant, mass_kg } => {
                write!(f, "{plant}: print {mass_kg} kg of spare parts")
            }
            Self::Refuel { robot } => write!(f, "{robot}: refuel"),
            Self::Dump { robot } => write!(f, "{robot}: dump the load"),
            Self::PlaceOrder {
                place,
                good,
                side,
                mass_kg,
                ..
            } => {
                let side = match side {
                    Side::Buy => "bid for",
                    Side::Sell => "offer",
                };
                write!(f, "{side} {mass_kg} kg of {good} at {place}")
            }
            Self::CancelOrder { order } => write!(f, "cancel order {order}"),
            Self::PlaceShareOrder {
                venture,
                side,
                shares,
                ..
            } => {
                let side = match side {
                    Side::Buy => "bid for",
                    Side::Sell => "offer",
                };
                write!(f, "{side} {shares} shares of {venture}")
            }
            Self::OfferContract {
                side,
                place,
                good,
                mass_kg,
                ..
            } => {
                let side = match side {
                    Side::Buy => "buy",
                    Side::Sell => "sell",
                };
                write!(
                    f,
                    "offer a contract to {side} {mass_kg} kg of {good} at {place}"
                )
            }
            Self::DeliverContract { deal, .. } => write!(f, "deliver under contract {deal}"),
            Self::CallTender {
                place,
                good,
                mass_kg,
                ..
            } => write!(f, "call a tender for {mass_kg} kg of {good} at {place}"),
            Self::BidTender { deal, .. } => write!(f, "make an offer to tender {deal}"),
            Self::OfferHire { machine, .. } => write!(f, "offer {machine} for hire"),
            Self::EndHire { deal } => write!(f, "end hire {deal}"),
            Self::SellMachine {
                machine,
                price_credits,
                ..
            } => write!(f, "offer {machine} for {price_credits} credits"),
            Self::RequestLoan { credits, .. } => write!(f, "ask for a loan of {credits} credits"),
            Self::RepayLoan { deal, .. } => write!(f, "pay loan {deal} back"),
            Self::OfferCover { .. } => write!(f, "offer cover"),
            Self::Insure { machine, .. } => write!(f, "insure {machine}"),
            Self::InsureCargo { shipment, .. } => write!(f, "insure shipment {shipment}"),
            Self::FoundVenture { venture, .. } => write!(f, "found {venture}"),
            Self::JoinVenture { venture, .. } => write!(f, "join {venture}"),
            Self::LeaveVenture { venture } => write!(f, "leave {venture}"),
            Self::PayVenture { venture, credits } => write!(f, "pay {venture} {credits} credits"),
            Self::PassShares {
                venture,
                shares,
                to,
            } => write!(f, "pass {shares} shares of {venture} to {to}"),
            Self::VoteToDissolve { venture, .. } => write!(f, "vote on the end of {venture}"),
            Self::VoteInVenture {
                venture, motion, ..
            } => match motion {
                Motion::Buy { deal, .. } => write!(f, "vote in {venture} on purchase {deal}"),
                Motion::Sell { plant, .. } => write!(f, "vote in {venture} on the sale of {plant}"),
            },
            Self::BidLot { deal, .. } => write!(f, "bid on lot {deal}"),
            Self::Salvage { machine } => write!(f, "salvage {machine}"),
            Self::SetAutonomy { level } => write!(f, "set autonomy to {level}"),
            Self::AcceptDeal { deal } => write!(f, "accept deal {deal}"),
            Self::WithdrawDeal { deal } => write!(f, "withdraw deal {deal}"),
        }
    }
}

/// An order with its sender and the earliest time at which it may be taken.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Issued {
    /// Simulation time since the start of the run [ms].
    pub at_ms: u64,
    /// Name of the prospector.
    pub by: String,
    pub order: Order,
}

/// Why an order was not carried out, in words for its sender.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{0}")]
pub struct Refusal(pub String);

impl Refusal {
    pub fn because(reason: impl Into<String>) -> Self {
        Self(reason.into())
    }
}

/// An order that a tick has taken, with its answer.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Taken {
    pub issued: Issued,
    pub tick: u64,
    /// Decided by a script inside the world; a replay lets the script decide again.
    pub scripted: bool,
    pub answer: Result<(), Refusal>,
}

/// Orders that wait for their time, earliest first; equal times keep their order of arrival.
#[derive(Resource, Clone, Debug, Default, Serialize, Deserialize)]
pub struct Inbox {
    waiting: Vec<Waiting>,
}

/// An order in the [`Inbox`].
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Waiting {
    pub issued: Issued,
    pub scripted: bool,
}

impl Inbox {
    pub fn post(&mut self, issued: Issued, scripted: bool) {
        let at = self
            .waiting
            .partition_point(|waiting| waiting.issued.at_ms <= issued.at_ms);
        self.waiting.insert(at, Waiting { issued, scripted });
    }

    /// Time of the earliest order [ms].
    pub fn next_at_ms(&self) -> Option<u64> {
        self.waiting.first().map(|waiting| waiting.issued.at_ms)
    }

    /// Orders from outside that are still to be taken, by their time.
    pub fn given(&self) -> impl Iterator<Item = &Issued> {
        let given = self.waiting.iter().filter(|waiting| !waiting.scripted);
        given.map(|waiting| &waiting.issued)
    }

    /// Whether an order is to be taken by now.
    pub fn is_due(&self, now_ms: u64) -> bool {
        self.next_at_ms().is_some_and(|at_ms| at_ms <= now_ms)
    }

    pub(super) fn take_due(&mut self, now_ms: u64) -> Vec<Waiting> {
        let due = self
            .waiting
            .partition_point(|waiting| waiting.issued.at_ms <= now_ms);
        self.waiting.drain(..due).collect()
    }
}

/// What the world has to tell.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Severity {
    Info,
    Refused,
    Alarm,
}

/// A line of the message log.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct LogLine {
    pub at_ms: u64,
    /// The prospector it is for; `None` is public.
    pub to: Option<String>,
    pub severity: Severity,
    pub text: String,
}

/// The newest messages and orders.
#[derive(Resource, Clone, Debug, Default, Serialize, Deserialize)]
pub struct Log {
    /// Least numbers of messages and orders that are kept, where they are not the usual ones.
    kept: Option<(usize, usize)>,
    lines: Chronicle<LogLine>,
    /// Lines and orders dropped from the front to keep the log bounded.
    dropped: u64,
    taken: Chronicle<Taken>,
    dropped_taken: u64,
    refused: u64,
}

impl Log {
    const KEPT_LINES: usize = 2_000;
    /// At least so many of the newest orders are kept.
    pub const KEPT_ORDERS: usize = 10_000;

    /// Keeps at least so many of the newest messages and orders, and no more than twice as many, from
    /// now on: who steps a thousand worlds reads none of them.
    pub fn keep(&mut self, lines: usize, orders: usize) {
        self.kept = Some((lines.max(1), orders.max(1)));
    }

    fn kept(&self) -> (usize, usize) {
        self.kept.unwrap_or((Self::KEPT_LINES, Self::KEPT_ORDERS))
    }

    pub fn lines(&self) -> &Chronicle<LogLine> {
        &self.lines
    }

    /// How many lines were ever written.
    pub fn written(&self) -> u64 {
        self.dropped + self.lines.len() as u64
    }

    /// The newest orders taken, oldest first: all of them up to [`Log::KEPT_ORDERS`], and never
    /// more than twice as many.
    pub fn taken(&self) -> &Chronicle<Taken> {
        &self.taken
    }

    /// How many orders were ever taken.
    pub fn taken_count(&self) -> u64 {
        self.dropped_taken + self.taken.len() as u64
    }

    /// How many of them were refused.
    pub fn refused_count(&self) -> u64 {
        self.refused
    }

    pub(super) fn tell(&mut self, at_ms: u64, to: &str, severity: Severity, text: String) {
        self.push(LogLine {
            at_ms,
            to: Some(to.to_owned()),
            severity,
            text,
        });
    }

    pub(super) fn announce(&mut self, at_ms: u64, text: String) {
        self.push(LogLine {
            at_ms,
            to: None,
            severity: Severity::Info,
            text,
        });
    }

    pub(super) fn record(&mut self, taken: Taken) {
        self.refused += u64::from(taken.answer.is_err());
        let (_, kept) = self.kept();
        if 2 * kept <= self.taken.len() {
            let dropped = self.taken.len() - kept;
            self.taken.forget(dropped);
            self.dropped_taken += dropped as u64;
        }
        self.taken.push(taken);
    }

    fn push(&mut self, line: LogLine) {
        let (kept, _) = self.kept();
        if 2 * kept <= self.lines.len() {
            let dropped = self.lines.len() - kept;
            self.lines.forget(dropped);
            self.dropped += dropped as u64;
        }
        self.lines.push(line);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn orders_are_taken_by_time_then_by_arrival() {
        let mut inbox = Inbox::default();
        for (at_ms, robot) in [(20, "b"), (10, "a"), (20, "c")] {
            let order = Order::Stop {
                robot: robot.into(),
            };
            inbox.post(
                Issued {
                    at_ms,
                    by: "p".into(),
                    order,
                },
                false,
            );
        }
        let names = |due: Vec<Waiting>| -> Vec<String> {
            due.iter()
                .map(|w| w.issued.order.robot().unwrap().to_owned())
                .collect()
        };
        assert_eq!(inbox.next_at_ms(), Some(10));
        assert_eq!(names(inbox.take_due(10)), ["a"]);
        assert_eq!(names(inbox.take_due(30)), ["b", "c"]);
        assert_eq!(inbox.next_at_ms(), None);
    }
}
