//! Ventures: prospectors who share what they yield by a written agreement.
//!
//! Members pay in what they contribute, and a part of all they sell; the venture keeps a reserve and
//! shares the rest out at every full day. How it is split is the agreement's: by what each has
//! contributed, by head, or by agreed weights. A split gives every micro-credit to somebody. What a
//! member is due below a micro-credit is carried to the next day, so that over time nobody is
//! favoured, and among equals the one who joined earlier comes first.
//!
//! A credit that is contributed is a **share**. Shares of a company can be passed on, also to
//! somebody new, who becomes a member by them; a partnership and a co-operative want their members
//! to join and leave. Who leaves takes its part of what lies in the venture, by the same split.
//! When as many members as the agreement says have voted for it, the venture is dissolved: all that
//! lies in it is shared out.
//!
//! More than half of the members can buy a plant out of what the venture keeps, and sell it again
//! ([`Motion`]). A common plant works for members alone, all at one tariff, which is paid into the
//! venture; the venture pays its upkeep and energy. Its steward, who gives it orders, is the member
//! who has been there longest.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::commerce::{Books, Commerce, Parties, Party, Whom, share_of};
use super::fleet::{Fleet, Machine};
use super::ledger::{AccountId, Memo, UCR_PER_CREDIT, Unit};
use super::sale::{MachineSales, Seller};
use crate::sim::order::Refusal;

/// Members of one venture, and ventures of one member.
const MEMBERS_MAX: usize = 64;
const VENTURES_MAX: usize = 16;
/// A carry counts in parts of a micro-credit of this size.
const CARRY_ONE: i128 = 1 << 40;

/// How a venture splits what it shares out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Split {
    /// By shares: what each has contributed or bought.
    ByContribution,
    ByHead,
    /// By agreed weights, by name; who is not named gets nothing.
    ByWeights(BTreeMap<String, u32>),
}

/// The written agreement.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Agreement {
    pub split: Split,
    /// Part of what members are paid for goods that goes to the venture, in percent.
    pub pooled_percent: u8,
    /// Part of its income that the venture keeps, in percent.
    pub reserve_percent: u8,
    /// Least contribution of who joins [whole credits].
    pub entry_credits: u32,
    /// Members of a hundred who must vote for it before the venture is dissolved.
    pub dissolve_percent: u8,
    /// Whether survey data of each member is every member's.
    pub pools_data: bool,
    /// Whether shares can be passed on.
    pub tradable: bool,
}

/// What members usually pay for a kilogram of rock that a common plant works [credits].
pub const USUAL_TARIFF_CREDITS_PER_KG: f64 = 10.0;

impl Agreement {
    /// What rivals write who want to buy a plant together: shares by what each has paid in, a quarter
    /// of what members are paid for goods pooled, a fifth of that kept (assumed).
    pub fn usual() -> Self {
        Self {
            split: Split::ByContribution,
            pooled_percent: 25,
            reserve_percent: 20,
            entry_credits: 0,
            dissolve_percent: 67,
            pools_data: true,
            tradable: false,
        }
    }

    fn check(&self) -> Result<(), Refusal> {
        for (field, percent, least) in [
            ("pooled_percent", self.pooled_percent, 0),
            ("reserve_percent", self.reserve_percent, 0),
            ("dissolve_percent", self.dissolve_percent, 1),
        ] {
            if !(least..=100).contains(&percent) {
                return Err(Refusal::because(format!(
                    "{field} = {percent} must be from {least} to 100"
                )));
            }
        }
        if let Split::ByWeights(weights) = &self.split
            && weights.values().all(|&weight| weight == 0)
        {
            return Err(Refusal::because("split: somebody needs a weight above 0"));
        }
        Ok(())
    }
}

/// Somebody in a venture.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Member {
    pub party: Party,
    pub joined_ms: u64,
    pub votes_to_dissolve: bool,
    /// What it has been paid so far [µcr].
    pub paid_ucr: i64,
    /// What it is due beyond that, in parts of a micro-credit.
    carry: i128,
}

/// What members vote on, besides the end of their venture.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Motion {
    /// Buy a plant that is for sale, out of what the venture keeps, and work for members at a
    /// tariff [µcr/kg].
    Buy { deal: u32, tariff_ucr_per_kg: i64 },
    /// Put a common plant up for sale to everybody.
    Sell { plant: String, price_ucr: i64 },
}

/// A plant that belongs to a venture.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Common {
    pub plant: String,
    /// What members pay for its work on their rock [µcr/kg].
    pub tariff_ucr_per_kg: i64,
}

/// Prospectors under one agreement.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Venture {
    pub name: String,
    pub agreement: Agreement,
    pub to: Whom,
    pub account: AccountId,
    /// In the order in which they joined.
    pub members: Vec<Member>,
    /// What it keeps [µcr]; the rest of its account is shared out at the next full day.
    pub reserve_ucr: i64,
    /// Its plants, in the order in which they were bought.
    pub commons: Vec<Common>,
    /// What is being voted on, and who is for it.
    pub motions: Vec<(Motion, BTreeSet<Party>)>,
}

/// All ventures by name.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ventures {
    ventures: BTreeMap<String, Venture>,
    /// What each prospector had been paid for goods since the start, at the latest full day [µcr].
    paid_for_goods_ucr: BTreeMap<Party, i128>,
}

impl Ventures {
    /// Founds a venture with a first contribution [whole credits].
    ///
    /// # Errors
    /// [`Refusal`] says what forbids it; nothing has changed then.
    pub fn found(
        &mut self,
        books: &mut Books,
        sender: Party,
        name: &str,
        agreement: Agreement,
        shares: u64,
        to: Whom,
    ) -> Result<(), Refusal> {
        let well_named = (1..=40).contains(&name.chars().count())
            && name
                .chars()
                .all(|c| c.is_alphanumeric() || " -_'.".contains(c));
        if !well_named {
            return Err(Refusal::because(format!(
                "name = \"{name}\" must be 1 to 40 letters, digits, spaces or -_'."
            )));
        }
        let account_name = format!("venture:{name}");
        if books.parties.find(name).is_some() || books.ledger.find(&account_name).is_some() {
            return Err(Refusal::because(format!("the name \"{name}\" is taken")));
        }
        agreement.check()?;
        self.check_entry(books, sender, &agreement, shares)?;
        let account = books.keep(&account_name, Unit::Credit);
        let mut venture = Venture {
            name: name.to_owned(),
            agreement,
            to,
            account,
            members: Vec::new(),
            reserve_ucr: 0,
            commons: Vec::new(),
            motions: Vec::new(),
        };
        venture.contribute(books, sender, shares);
        books.announce(format!("{} founds {name}", books.name(sender)));
        self.ventures.insert(name.to_owned(), venture);
        Ok(())
    }

    /// Joins a venture that invites one, or contributes more to one's own [whole credits].
    ///
    /// # Errors
    /// [`Refusal`] says what forbids it; nothing has changed then.
    pub fn join(
        &mut self,
        books: &mut Books,
        sender: Party,
        name: &str,
        shares: u64,
    ) -> Result<(), Refusal> {
        let venture = self.get(name)?;
        if venture.member(sender).is_some() {
            let cost_ucr = i128::from(shares) * i128::from(UCR_PER_CREDIT);
            books.needs_money(sender, cost_ucr, "the contribution")?;
        } else {
            if !venture.to.includes(sender) {
                return Err(Refusal::because(format!("{name} does not invite you")));
            }
            if MEMBERS_MAX <= venture.members.len() {
                return Err(Refusal::because(format!(
                    "{name} has {MEMBERS_MAX} members"
                )));
            }
            self.check_entry(books, sender, &venture.agreement, shares)?;
        }
        let venture = self.get_mut(name)?;
        venture.contribute(books, sender, shares);
        books.tell(sender, format!("you are a member of {name}"));
        Ok(())
    }

    /// Leaves a venture with one's part of what lies in it. The last to leave dissolves it.
    ///
    /// # Errors
    /// [`Refusal`] if the sender is no member.
    pub fn leave(&mut self, books: &mut Books, sender: Party, name: &str) -> Result<(), Refusal> {
        let venture = self.get_mut(name)?;
        venture.needs_member(sender)?;
        venture.pay_out(books, sender);
        if venture.members.is_empty() {
            self.ventures.remove(name);
        }
        books.tell(sender, format!("you have left {name}"));
        Ok(())
    }

    /// Passes shares of a company on; who gets its first becomes a member.
    ///
    /// # Errors
    /// [`Refusal`] says what forbids it; nothing has changed then.
    pub fn pass_on(
        &mut self,
        books: &mut Books,
        sender: Party,
        name: &str,
        shares: u64,
        to: Party,
    ) -> Result<(), Refusal> {
        let venture = self.get_mut(name)?;
        venture.needs_member(sender)?;
        let own = books.shares.held(name, sender);
        if !venture.agreement.tradable {
            return Err(Refusal::because(format!(
                "the agreement of {name} lets nobody pass shares on"
            )));
        }
        if shares == 0 || own < shares || sender == to {
            return Err(Refusal::because(format!(
                "you have {own} shares of {name} to pass on to others"
            )));
        }
        if venture.member(to).is_none() && MEMBERS_MAX <= venture.members.len() {
            return Err(Refusal::because(format!(
                "{name} has {MEMBERS_MAX} members"
            )));
        }
        books.shares.take(name, sender, shares);
        books.shares.add(name, to, shares);
        venture.enter(books.now_ms, to);
        let text = format!("{} passes {shares} shares of {name} on", books.name(sender));
        books.tell(sender, text.clone());
        books.tell(to, text);
        Ok(())
    }

    /// Votes for or against dissolution, which comes with the vote that makes it enough.
    ///
    /// # Errors
    /// [`Refusal`] if the sender is no member.
    pub fn vote_to_dissolve(
        &mut self,
        books: &mut Books,
        sender: Party,
        name: &str,
        yes: bool,
    ) -> Result<(), Refusal> {
        let venture = self.get_mut(name)?;
        venture.needs_member(sender)?;
        if yes
            && venture.would_be_dissolved_by(sender)
            && let Some(common) = venture.commons.first()
        {
            return Err(Refusal::because(format!(
                "{name} owns {}: vote to sell it first",
                common.plant
            )));
        }
        let venture = self.get_mut(name)?;
        venture.enter(books.now_ms, sender).votes_to_dissolve = yes;
        if !venture.is_to_be_dissolved() {
            return Ok(());
        }
        books.announce(format!("{name} is dissolved by its members"));
        let mut venture = self.ventures.remove(name).expect("it has just been found");
        venture.reserve_ucr = 0;
        let all_ucr = books.ledger.balance(venture.account);
        venture.share_out(books, all_ucr);
        books.shares.strike_off(name);
        Ok(())
    }

    /// Whether one more vote dissolves a venture.
    pub fn would_dissolve(&self, party: Party, name: &str) -> bool {
        let venture = self.ventures.get(name);
        venture.is_some_and(|venture| {
            venture.commons.is_empty() && venture.would_be_dissolved_by(party)
        })
    }

    /// Votes for or against a motion, which is carried out with the vote that makes more than half
    /// of the members.
    ///
    /// # Errors
    /// [`Refusal`] says what forbids it; nothing has changed then.
    pub fn vote(
        &mut self,
        books: &mut Books,
        fleet: &mut Fleet,
        sales: &mut MachineSales,
        sender: Party,
        name: &str,
        (motion, yes): (Motion, bool),
    ) -> Result<(), Refusal> {
        let venture = self.get(name)?;
        venture.needs_member(sender)?;
        match &motion {
            Motion::Buy { deal, .. } => {
                let sale = sales.on_offer_to(fleet, self, sender, *deal)?;
                if !matches!(sale.machine, Machine::Plant(_)) {
                    return Err(Refusal::because("a venture owns plants and no robots"));
                }
                if sale.seller == Seller::Venture(name.to_owned()) {
                    return Err(Refusal::because(format!("sale {deal} is {name}'s own")));
                }
                let kept_ucr = venture.kept_ucr(books);
                if kept_ucr < sale.price_ucr {
                    return Err(Refusal::because(format!(
                        "{} costs {:.2} credits, and {name} keeps {:.2}",
                        sale.machine,
                        1e-6 * sale.price_ucr as f64,
                        1e-6 * kept_ucr as f64
                    )));
                }
            }
            Motion::Sell { plant, .. } => {
                let machine = Machine::Plant(plant.clone());
                if !venture.owns(&machine) {
                    return Err(Refusal::because(format!("{name} owns no {plant}")));
                }
                if sales.binds(&machine) {
                    return Err(Refusal::because(format!("{plant} is for sale already")));
                }
            }
        }
        let venture = self.get_mut(name)?;
        if !venture.count_vote(sender, &motion, yes) {
            return Ok(());
        }
        venture.motions.retain(|(each, _)| *each != motion);
        match motion {
            Motion::Buy {
                deal,
                tariff_ucr_per_kg,
            } => {
                let sale = sales.close(deal);
                let buyer = venture.account;
                venture.reserve_ucr -= sale.price_ucr;
                venture.commons.push(Common {
                    plant: sale.machine.to_string(),
                    tariff_ucr_per_kg,
                });
                let payee = match &sale.seller {
                    Seller::Party(party) => books.account(*party),
                    Seller::Venture(other) => self.give_up(other, &sale.machine),
                };
                books.transfer(buyer, payee, sale.price_ucr, Memo::Machine);
                books.announce(format!("{name} buys {}", sale.machine));
                self.appoint(fleet);
            }
            Motion::Sell { plant, price_ucr } => {
                let seller = Seller::Venture(name.to_owned());
                let machine = Machine::Plant(plant.clone());
                sales.enter(books, seller, machine, price_ucr, Whom(None));
                books.announce(format!("{name} puts {plant} up for sale"));
            }
        }
        Ok(())
    }

    /// Strikes a plant off that a venture has sold; where the money goes.
    pub(super) fn give_up(&mut self, name: &str, machine: &Machine) -> AccountId {
        let venture = self.ventures.get_mut(name).expect("the sale stands");
        let plant = machine.to_string();
        venture.commons.retain(|common| common.plant != plant);
        venture.account
    }

    /// Hands common plants to their stewards.
    pub fn appoint(&self, fleet: &mut Fleet) {
        for venture in self.ventures.values() {
            for common in &venture.commons {
                let machine = Machine::Plant(common.plant.clone());
                fleet.hand_over(&machine, venture.steward());
            }
        }
    }

    /// The venture that owns a machine.
    pub fn holder_of(&self, machine: &Machine) -> Option<&String> {
        let mut ventures = self.ventures.values();
        let holder = ventures.find(|venture| venture.owns(machine))?;
        Some(&holder.name)
    }

    /// Whether a machine belongs to a venture.
    pub fn binds(&self, machine: &Machine) -> bool {
        self.holder_of(machine).is_some()
    }

    /// Pays into a venture without a share for it.
    ///
    /// # Errors
    /// [`Refusal`] if there is no such venture or not so much money.
    pub fn pay_in(
        &mut self,
        books: &mut Books,
        sender: Party,
        name: &str,
        amount_ucr: i64,
    ) -> Result<(), Refusal> {
        let venture = self.get_mut(name)?;
        books.needs_money(sender, amount_ucr.into(), "the payment")?;
        let purse = books.account(sender);
        books.transfer(purse, venture.account, amount_ucr, Memo::Pooled);
        Ok(())
    }

    /// Collects the pooled part of what members were paid for goods since the last full day, and
    /// shares out what is not reserved.
    pub fn pass_day(&mut self, books: &mut Books) {
        let income = self.income(books);
        for venture in self.ventures.values_mut() {
            let pooled = i64::from(venture.agreement.pooled_percent);
            for member in &venture.members {
                let earned_ucr = income.get(&member.party).copied().unwrap_or(0);
                let due_ucr = share_of(earned_ucr, pooled, 100);
                let paid_ucr = due_ucr.min(books.balance_ucr(member.party));
                let purse = books.account(member.party);
                books.transfer(purse, venture.account, paid_ucr, Memo::Pooled);
            }
            // Upkeep of its plants may have come out of what it kept.
            venture.reserve_ucr = venture.kept_ucr(books);
            let income_ucr = books.ledger.balance(venture.account) - venture.reserve_ucr;
            let kept_ucr = reserved(&venture.agreement, income_ucr);
            venture.reserve_ucr += kept_ucr;
            venture.share_out(books, income_ucr - kept_ucr);
        }
    }

    /// Who has bought shares of a company is a member of it.
    pub fn pass_hour(&mut self, books: &mut Books) {
        for venture in self.ventures.values_mut() {
            if !venture.agreement.tradable {
                continue;
            }
            for party in books.shares.holders(&venture.name) {
                venture.enter(books.now_ms, party);
            }
        }
    }

    /// Lets a party leave everywhere.
    pub(super) fn wind_up(&mut self, books: &mut Books, party: Party) {
        for name in self.of(party) {
            let _ = self.leave(books, party, &name);
        }
    }

    /// What each member of something was paid for goods since the last call [µcr].
    fn income(&mut self, books: &Books) -> BTreeMap<Party, i64> {
        // Of the sums over all time: the journal sums old lines up.
        let mut now_ucr: BTreeMap<AccountId, i128> = BTreeMap::new();
        for total in books.ledger.totals() {
            if matches!(total.memo, Memo::Sold | Memo::Traded) {
                *now_ucr.entry(total.to).or_default() += total.amount;
            }
        }
        let mut income = BTreeMap::new();
        for party in books.parties.iter() {
            let paid_ucr = now_ucr.get(&books.account(party)).copied().unwrap_or(0);
            let before_ucr = self.paid_for_goods_ucr.insert(party, paid_ucr);
            let since_ucr = paid_ucr - before_ucr.unwrap_or(0);
            income.insert(party, i64::try_from(since_ucr).unwrap_or(i64::MAX));
        }
        income
    }

    fn check_entry(
        &self,
        books: &Books,
        sender: Party,
        agreement: &Agreement,
        shares: u64,
    ) -> Result<(), Refusal> {
        if shares < u64::from(agreement.entry_credits) {
            return Err(Refusal::because(format!(
                "who joins contributes {} credits at least",
                agreement.entry_credits
            )));
        }
        if VENTURES_MAX <= self.of(sender).len() {
            return Err(Refusal::because(format!(
                "you are a member of {VENTURES_MAX} ventures already"
            )));
        }
        let cost_ucr = i128::from(shares) * i128::from(UCR_PER_CREDIT);
        books.needs_money(sender, cost_ucr, "the contribution")
    }

    fn get(&self, name: &str) -> Result<&Venture, Refusal> {
        self.ventures.get(name).ok_or_else(|| unknown(name))
    }

    fn get_mut(&mut self, name: &str) -> Result<&mut Venture, Refusal> {
        self.ventures.get_mut(name).ok_or_else(|| unknown(name))
    }

    /// Names of the ventures of a party.
    pub fn of(&self, party: Party) -> Vec<String> {
        self.ventures
            .values()
            .filter(|venture| venture.member(party).is_some())
            .map(|venture| venture.name.clone())
            .collect()
    }

    /// Whether a party may act for a venture, as for its claims: every member may.
    pub fn represents(&self, party: Party, name: &str) -> bool {
        self.ventures
            .get(name)
            .is_some_and(|venture| venture.member(party).is_some())
    }

    pub fn find(&self, name: &str) -> Option<&Venture> {
        self.ventures.get(name)
    }

    pub fn iter(&self) -> impl Iterator<Item = &Venture> {
        self.ventures.values()
    }
}

impl Venture {
    pub fn member(&self, party: Party) -> Option<&Member> {
        self.members.iter().find(|member| member.party == party)
    }

    /// Who gives its plants their orders: the member who has been there longest.
    ///
    /// # Panics
    /// Without members: then there is no venture.
    pub fn steward(&self) -> Party {
        self.members[0].party
    }

    pub fn owns(&self, machine: &Machine) -> bool {
        match machine {
            Machine::Plant(name) => self.commons.iter().any(|common| common.plant == *name),
            Machine::Robot(_) => false,
        }
    }

    /// A member's part of what the venture owns, 0 to 1; shares that it asks a price for are its own.
    pub fn part_of(&self, commerce: &Commerce, party: Party) -> f64 {
        let weights = self.weights(&commerce.parties, |party| {
            let held = commerce.shares.held(&self.name, party);
            held + commerce.exchange.shares_asked(&self.name, party)
        });
        let members = self.members.iter().zip(&weights);
        let mut own = members.filter(|(member, _)| member.party == party);
        let total: u64 = weights.iter().sum();
        own.next()
            .map_or(0.0, |(_, &weight)| weight as f64 / total as f64)
    }

    /// What it keeps and still has [µcr].
    fn kept_ucr(&self, books: &Books) -> i64 {
        self.reserve_ucr.min(books.ledger.balance(self.account))
    }

    /// Enters a vote; whether more than half of the members are for the motion now.
    fn count_vote(&mut self, party: Party, motion: &Motion, yes: bool) -> bool {
        if !self.motions.iter().any(|(each, _)| each == motion) {
            self.motions.push((motion.clone(), BTreeSet::new()));
        }
        let mut motions = self.motions.iter_mut();
        let (_, voters) = motions
            .find(|(each, _)| each == motion)
            .expect("it has just been entered");
        if yes {
            voters.insert(party);
        } else {
            voters.remove(&party);
        }
        let carried = self.members.len() < 2 * voters.len();
        self.motions.retain(|(_, voters)| !voters.is_empty());
        carried
    }

    fn would_be_dissolved_by(&self, party: Party) -> bool {
        let mut after = self.clone();
        let mut members = after.members.iter_mut();
        let Some(own) = members.find(|member| member.party == party) else {
            return false;
        };
        own.votes_to_dissolve = true;
        after.is_to_be_dissolved()
    }

    fn is_to_be_dissolved(&self) -> bool {
        let votes = self
            .members
            .iter()
            .filter(|member| member.votes_to_dissolve);
        let enough = usize::from(self.agreement.dissolve_percent) * self.members.len();
        enough <= 100 * votes.count()
    }

    fn needs_member(&self, party: Party) -> Result<&Member, Refusal> {
        self.member(party)
            .ok_or_else(|| Refusal::because(format!("you are no member of {}", self.name)))
    }

    /// The entry of a member, made if there is none.
    fn enter(&mut self, now_ms: u64, party: Party) -> &mut Member {
        let index = match self.members.iter().position(|member| member.party == party) {
            Some(index) => index,
            None => {
                self.members.push(Member {
                    party,
                    joined_ms: now_ms,
                    votes_to_dissolve: false,
                    paid_ucr: 0,
                    carry: 0,
                });
                self.members.len() - 1
            }
        };
        &mut self.members[index]
    }

    /// A contribution is kept: it is what the venture works with.
    fn contribute(&mut self, books: &mut Books, party: Party, shares: u64) {
        let amount_ucr = shares as i64 * UCR_PER_CREDIT;
        let purse = books.account(party);
        books.transfer(purse, self.account, amount_ucr, Memo::Pooled);
        self.reserve_ucr += amount_ucr;
        books.shares.add(&self.name, party, shares);
        self.enter(books.now_ms, party);
    }

    /// By which it splits among its members; by head if nobody has any weight.
    fn weights(&self, parties: &Parties, shares: impl Fn(Party) -> u64) -> Vec<u64> {
        let weight = |member: &Member| match &self.agreement.split {
            Split::ByContribution => shares(member.party),
            Split::ByHead => 1,
            Split::ByWeights(weights) => {
                let name = parties.name(member.party);
                u64::from(weights.get(name).copied().unwrap_or(0))
            }
        };
        let weights: Vec<u64> = self.members.iter().map(weight).collect();
        if weights.iter().all(|&weight| weight == 0) {
            return vec![1; self.members.len()];
        }
        weights
    }

    /// Shares a sum out of the venture's account to its members.
    fn share_out(&mut self, books: &mut Books, amount_ucr: i64) {
        let weights = self.weights(books.parties, |party| books.shares.held(&self.name, party));
        let mut carries: Vec<i128> = self.members.iter().map(|member| member.carry).collect();
        let parts = split(amount_ucr, &weights, &mut carries);
        for ((member, part_ucr), carry) in self.members.iter_mut().zip(parts).zip(carries) {
            let purse = books.parties.account(member.party);
            books.transfer(self.account, purse, part_ucr, Memo::Shared);
            member.paid_ucr += part_ucr;
            member.carry = carry;
        }
    }

    /// Pays a member its part of all that lies in the venture, and strikes it off.
    fn pay_out(&mut self, books: &mut Books, party: Party) {
        let all_ucr = books.ledger.balance(self.account);
        let weights = self.weights(books.parties, |party| books.shares.held(&self.name, party));
        let total: u64 = weights.iter().sum();
        let Some(index) = self.members.iter().position(|member| member.party == party) else {
            return;
        };
        let part = |sum_ucr: i64| share_of(sum_ucr, weights[index] as i64, total as i64);
        let part_ucr = part(all_ucr);
        let reserve_ucr = part(self.reserve_ucr).min(part_ucr);
        let purse = books.account(party);
        books.transfer(self.account, purse, part_ucr, Memo::Shared);
        self.reserve_ucr -= reserve_ucr;
        self.members.remove(index);
        for (_, voters) in &mut self.motions {
            voters.remove(&party);
        }
        self.motions.retain(|(_, voters)| !voters.is_empty());
        let shares = books.shares.held(&self.name, party);
        books.shares.take(&self.name, party, shares);
    }
}

/// The part of an income that a venture keeps [µcr].
fn reserved(agreement: &Agreement, income_ucr: i64) -> i64 {
    share_of(income_ucr, i64::from(agreement.reserve_percent), 100)
}

/// Splits a sum by weights, to the micro-credit: the largest remainders get what is left over, and
/// among equal ones the earlier. What each is due below a micro-credit is kept in `carries`, in
/// parts of [`CARRY_ONE`], and counts at the next split. Without any weight nobody gets anything.
pub fn split(amount_ucr: i64, weights: &[u64], carries: &mut [i128]) -> Vec<i64> {
    let total: i128 = weights.iter().map(|&weight| i128::from(weight)).sum();
    let mut parts = vec![0; weights.len()];
    if total == 0 || amount_ucr <= 0 {
        return parts;
    }
    // Exact entitlements in parts of a micro-credit; the few parts that the division leaves go to
    // the first, and are 2⁻⁴⁰ of a micro-credit each.
    let whole = i128::from(amount_ucr) * CARRY_ONE;
    let mut left = whole;
    for (carry, &weight) in carries.iter_mut().zip(weights) {
        let due = multiply_divide(whole, i128::from(weight), total);
        *carry += due;
        left -= due;
    }
    if let Some(first) = weights.iter().position(|&weight| 0 < weight) {
        carries[first] += left;
    }
    let mut given = 0;
    for (part, (carry, &weight)) in parts.iter_mut().zip(carries.iter().zip(weights)) {
        if 0 < weight {
            *part = carry.div_euclid(CARRY_ONE).max(0) as i64;
            given += *part;
        }
    }
    let rest = |part: i64, carry: i128| carry - i128::from(part) * CARRY_ONE;
    while given != amount_ucr {
        let able = (0..parts.len()).filter(|&i| 0 < weights[i]);
        if given < amount_ucr {
            let most = able
                .rev()
                .max_by_key(|&i| rest(parts[i], carries[i]))
                .expect("somebody has a weight");
            parts[most] += 1;
            given += 1;
        } else {
            let least = able
                .filter(|&i| 0 < parts[i])
                .rev()
                .min_by_key(|&i| rest(parts[i], carries[i]))
                .expect("somebody was given something");
            parts[least] -= 1;
            given -= 1;
        }
    }
    for (carry, &part) in carries.iter_mut().zip(&parts) {
        *carry -= i128::from(part) * CARRY_ONE;
    }
    parts
}

/// a · b / c, rounded down, without overflow for sums of money and numbers of shares.
fn multiply_divide(a: i128, b: i128, c: i128) -> i128 {
    // a = q c + r: a b / c = q b + r b / c, where r b stays below c² < 2¹²⁷.
    (a / c) * b + (a % c) * b / c
}

fn unknown(name: &str) -> Refusal {
    Refusal::because(format!("there is no venture \"{name}\""))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn equal_members_take_the_odd_micro_credit_in_turn() {
        let mut carries = [0; 3];
        let mut paid = [0; 3];
        for _ in 0..9 {
            for (sum, part) in paid.iter_mut().zip(split(10, &[1, 1, 1], &mut carries)) {
                *sum += part;
            }
        }
        assert_eq!(paid, [30; 3]);
    }

    proptest! {
        #[test]
        fn a_split_is_exact_and_nobody_is_ever_a_micro_credit_and_a_half_away_from_its_due(
            weights in prop::collection::vec(0..1_000_u64, 1..9),
            sums in prop::collection::vec(0..1_000_000_000_i64, 1..60),
            small in any::<bool>(),
        ) {
            prop_assume!(weights.iter().any(|&weight| 0 < weight));
            let total: u64 = weights.iter().sum();
            let mut carries = vec![0; weights.len()];
            let mut paid = vec![0_i128; weights.len()];
            let mut whole = 0_i128;
            for sum in sums {
                let sum = if small { sum % 4 } else { sum };
                let parts = split(sum, &weights, &mut carries);
                prop_assert_eq!(parts.iter().sum::<i64>(), sum);
                prop_assert!(parts.iter().all(|&part| 0 <= part));
                prop_assert_eq!(carries.iter().sum::<i128>(), 0);
                whole += i128::from(sum);
                for ((paid, part), &weight) in paid.iter_mut().zip(parts).zip(&weights) {
                    *paid += i128::from(part);
                    let due = whole as f64 * weight as f64 / total as f64;
                    prop_assert!((*paid as f64 - due).abs() < 1.5, "{} for {}", *paid, due);
                }
            }
        }
    }
}
