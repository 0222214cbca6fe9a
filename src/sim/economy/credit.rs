//! Loans: a sum for a time, at interest, against collateral or trust.
//!
//! Whoever wants a loan says what it would pay and pledge; whoever grants it pays it out. What is
//! pledged stays in use but cannot be sold, taken apart, hired out or pledged again; pledged goods
//! are set aside. Interest accrues by the day on what is still owed, to the micro-credit: the part
//! of a micro-credit is carried from day to day. At the end of the term the rest falls due. If the
//! account does not hold it, the lender is paid what there is, the collateral goes over to it and
//! settles the debt, whatever it may bring: a pawn. A loan without collateral leaves a claim that
//! `insolvency` ranks.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::commerce::{Books, OPEN_DEALS_MAX, Party, Whom};
use super::fleet::{Fleet, Machine};
use super::good::Good;
use super::insolvency::{Arrears, Rank};
use super::ledger::{Memo, Unit};
use super::set_aside::SetAside;
use super::stores::Place;
use crate::sim::order::Refusal;

/// Of the accounts in which pledged goods lie.
const ESCROW: &str = "escrow:pledged";
/// Parts per million and days in a year: what interest is counted in.
const PER_YEAR: i128 = 365 * 1_000_000;

/// What secures a loan.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Pledge {
    Machine(Machine),
    Goods {
        place: Place,
        good: Good,
        mass_g: i64,
    },
}

/// A loan, asked for or granted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Loan {
    pub id: u32,
    pub borrower: Party,
    pub to: Whom,
    pub principal_ucr: i64,
    /// Interest in parts per million and year.
    pub rate_ppm: i64,
    pub term_ms: u64,
    pub collateral: Vec<Pledge>,
    /// `None` while nobody has granted it.
    pub granted: Option<Granted>,
}

/// A loan that was paid out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Granted {
    pub lender: Party,
    pub since_ms: u64,
    /// Principal still owed [µcr].
    pub owed_ucr: i64,
    /// Interest accrued and not yet paid [µcr].
    pub interest_ucr: i64,
    /// Interest below a micro-credit, in parts of [`PER_YEAR`].
    carry: i128,
}

impl Loan {
    /// When the rest falls due, if it runs [ms].
    pub fn due_ms(&self) -> Option<u64> {
        Some(self.granted?.since_ms + self.term_ms)
    }

    fn pledges(&self, machine: &Machine) -> bool {
        self.collateral
            .iter()
            .any(|pledge| matches!(pledge, Pledge::Machine(own) if own == machine))
    }
}

/// All loans that are asked for or run.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Credit {
    standing: BTreeMap<u32, Loan>,
}

impl Credit {
    /// Asks for a loan and sets pledged goods aside.
    ///
    /// # Errors
    /// [`Refusal`] says what forbids it; nothing has changed then.
    pub fn request(
        &mut self,
        books: &mut Books,
        fleet: &Fleet,
        sender: Party,
        (principal_ucr, rate_ppm, term_ms): (i64, i64, u64),
        collateral: Vec<Pledge>,
        to: Whom,
    ) -> Result<u32, Refusal> {
        let own = self
            .standing
            .values()
            .filter(|loan| loan.borrower == sender);
        if OPEN_DEALS_MAX <= own.count() {
            return Err(Refusal::because(format!(
                "{OPEN_DEALS_MAX} loans of yours stand already"
            )));
        }
        for (index, pledge) in collateral.iter().enumerate() {
            if collateral[..index]
                .iter()
                .any(|other| match (pledge, other) {
                    (Pledge::Machine(one), Pledge::Machine(other)) => one == other,
                    (
                        Pledge::Goods { place, good, .. },
                        Pledge::Goods {
                            place: at,
                            good: of,
                            ..
                        },
                    ) => place == at && good == of,
                    _ => false,
                })
            {
                return Err(Refusal::because("the same collateral stands there twice"));
            }
            match pledge {
                Pledge::Machine(machine) => {
                    fleet.needs_own(sender, machine)?;
                }
                Pledge::Goods {
                    place,
                    good,
                    mass_g,
                } => books.needs_goods(sender, place, *good, *mass_g)?,
            }
        }
        for pledge in &collateral {
            if let Pledge::Goods {
                place,
                good,
                mass_g,
            } = pledge
            {
                let store = books.store(sender, place, *good);
                let escrow = books.keep(&escrow_name(place, *good), Unit::Good(*good));
                books.transfer(store, escrow, *mass_g, Memo::Escrow);
            }
        }
        let id = books.new_deal();
        let loan = Loan {
            id,
            borrower: sender,
            to,
            principal_ucr,
            rate_ppm,
            term_ms,
            collateral,
            granted: None,
        };
        self.standing.insert(id, loan);
        Ok(id)
    }

    /// Grants a loan and pays it out.
    ///
    /// # Errors
    /// [`Refusal`] says what forbids it; nothing has changed then.
    pub fn grant(
        &mut self,
        books: &mut Books,
        fleet: &Fleet,
        sender: Party,
        id: u32,
    ) -> Result<(), Refusal> {
        let loan = self.standing.get_mut(&id).ok_or_else(|| unknown(id))?;
        if loan.granted.is_some() || loan.borrower == sender || !loan.to.includes(sender) {
            return Err(Refusal::because(format!("loan {id} is not asked of you")));
        }
        for pledge in &loan.collateral {
            if let Pledge::Machine(machine) = pledge {
                fleet.needs_own(loan.borrower, machine)?;
            }
        }
        books.needs_money(sender, loan.principal_ucr.into(), "the loan")?;
        let (payer, payee) = (books.account(sender), books.account(loan.borrower));
        books.transfer(payer, payee, loan.principal_ucr, Memo::Loan);
        loan.granted = Some(Granted {
            lender: sender,
            since_ms: books.now_ms,
            owed_ucr: loan.principal_ucr,
            interest_ucr: 0,
            carry: 0,
        });
        let text = format!(
            "loan {id}: {} lends {} {:.2} credits",
            books.name(sender),
            books.name(loan.borrower),
            1e-6 * loan.principal_ucr as f64
        );
        books.tell(loan.borrower, text.clone());
        books.tell(sender, text);
        Ok(())
    }

    /// Pays back all, or up to a sum: interest first.
    ///
    /// # Errors
    /// [`Refusal`] says what forbids it; nothing has changed then.
    pub fn repay(
        &mut self,
        books: &mut Books,
        sender: Party,
        id: u32,
        amount_ucr: Option<i64>,
    ) -> Result<(), Refusal> {
        let loan = self.standing.get(&id).ok_or_else(|| unknown(id))?;
        let Some(granted) = loan.granted.filter(|_| loan.borrower == sender) else {
            return Err(Refusal::because(format!("you owe nothing on loan {id}")));
        };
        let debt_ucr = granted.owed_ucr + granted.interest_ucr;
        let paid_ucr = amount_ucr.map_or(debt_ucr, |amount| amount.min(debt_ucr));
        books.needs_money(sender, paid_ucr.into(), "the payment")?;
        self.pay(books, id, paid_ucr);
        self.end_if_paid(books, id);
        Ok(())
    }

    /// Takes back a request that nobody has granted.
    ///
    /// # Errors
    /// [`Refusal`] if it is none of the sender's.
    pub fn withdraw(&mut self, books: &mut Books, sender: Party, id: u32) -> Result<(), Refusal> {
        match self.standing.get(&id) {
            Some(loan) if loan.borrower == sender && loan.granted.is_none() => {
                let loan = self.standing.remove(&id).expect("it stands");
                give_goods(books, &loan, sender);
                Ok(())
            }
            _ => Err(Refusal::because(format!(
                "loan {id} is no request of yours"
            ))),
        }
    }

    /// Lets a day of interest accrue.
    pub fn pass_day(&mut self) {
        for loan in self.standing.values_mut() {
            if let Some(granted) = &mut loan.granted {
                let accrued =
                    i128::from(granted.owed_ucr) * i128::from(loan.rate_ppm) + granted.carry;
                granted.interest_ucr += (accrued / PER_YEAR) as i64;
                granted.carry = accrued % PER_YEAR;
            }
        }
    }

    /// Collects what has fallen due.
    pub fn pass_hour(&mut self, books: &mut Books, fleet: &mut Fleet, arrears: &mut Arrears) {
        let due: Vec<u32> = self
            .standing
            .values()
            .filter(|loan| loan.due_ms().is_some_and(|due_ms| due_ms <= books.now_ms))
            .map(|loan| loan.id)
            .collect();
        for id in due {
            self.collect(books, fleet, arrears, id);
        }
    }

    /// Takes back the requests of a party and makes all due that it owes.
    pub(super) fn wind_up(
        &mut self,
        books: &mut Books,
        fleet: &mut Fleet,
        arrears: &mut Arrears,
        party: Party,
    ) {
        let own: Vec<u32> = self
            .standing
            .values()
            .filter(|loan| loan.borrower == party)
            .map(|loan| loan.id)
            .collect();
        for id in own {
            if self.standing[&id].granted.is_none() {
                let _ = self.withdraw(books, party, id);
            } else {
                self.default_on(books, fleet, arrears, id);
            }
        }
    }

    fn collect(&mut self, books: &mut Books, fleet: &mut Fleet, arrears: &mut Arrears, id: u32) {
        let loan = &self.standing[&id];
        let granted = loan.granted.expect("it runs");
        let debt_ucr = granted.owed_ucr + granted.interest_ucr;
        let paid_ucr = debt_ucr.min(books.balance_ucr(loan.borrower));
        self.pay(books, id, paid_ucr);
        if !self.end_if_paid(books, id) {
            self.default_on(books, fleet, arrears, id);
        }
    }

    fn pay(&mut self, books: &mut Books, id: u32, paid_ucr: i64) {
        let loan = self.standing.get_mut(&id).expect("it stands");
        let granted = loan.granted.as_mut().expect("it runs");
        let interest_ucr = paid_ucr.min(granted.interest_ucr);
        let principal_ucr = paid_ucr - interest_ucr;
        let (payer, payee) = (books.account(loan.borrower), books.account(granted.lender));
        books.transfer(payer, payee, interest_ucr, Memo::Interest);
        books.transfer(payer, payee, principal_ucr, Memo::Loan);
        granted.interest_ucr -= interest_ucr;
        granted.owed_ucr -= principal_ucr;
    }

    fn end_if_paid(&mut self, books: &mut Books, id: u32) -> bool {
        let granted = self.standing[&id].granted.expect("it runs");
        if 0 < granted.owed_ucr + granted.interest_ucr {
            return false;
        }
        let loan = self.standing.remove(&id).expect("it stands");
        give_goods(books, &loan, loan.borrower);
        let text = format!("loan {id} is paid back");
        books.tell(loan.borrower, text.clone());
        books.tell(granted.lender, text);
        true
    }

    fn default_on(&mut self, books: &mut Books, fleet: &mut Fleet, arrears: &mut Arrears, id: u32) {
        let loan = self.standing.remove(&id).expect("it stands");
        let granted = loan.granted.expect("it runs");
        let debt_ucr = granted.owed_ucr + granted.interest_ucr;
        let lender = granted.lender;
        if loan.collateral.is_empty() {
            arrears.owe(books, loan.borrower, Rank::Unsecured, lender, debt_ucr);
        }
        for pledge in &loan.collateral {
            if let Pledge::Machine(machine) = pledge {
                fleet.hand_over(machine, lender);
            }
        }
        give_goods(books, &loan, lender);
        let text = format!(
            "loan {id} is in default with {:.2} credits: {}",
            1e-6 * debt_ucr as f64,
            if loan.collateral.is_empty() {
                "they are claimed"
            } else {
                "the collateral goes to the lender and settles it"
            }
        );
        books.alarm(loan.borrower, text.clone());
        books.alarm(lender, text);
    }

    /// Whether a machine is pledged.
    pub fn binds(&self, machine: &Machine) -> bool {
        self.standing.values().any(|loan| loan.pledges(machine))
    }

    pub fn find(&self, id: u32) -> Option<&Loan> {
        self.standing.get(&id)
    }

    pub fn standing(&self) -> impl Iterator<Item = &Loan> {
        self.standing.values()
    }

    /// Adds the goods that a party has pledged.
    pub(super) fn set_aside(&self, party: Party, aside: &mut SetAside) {
        let own = self.standing.values().filter(|loan| loan.borrower == party);
        for pledge in own.flat_map(|loan| &loan.collateral) {
            if let Pledge::Goods {
                place,
                good,
                mass_g,
            } = pledge
            {
                aside.add_goods(place, *good, *mass_g);
            }
        }
    }

    /// What a party has lent less what it has borrowed, with interest [µcr].
    pub(super) fn claims_ucr(&self, party: Party) -> i64 {
        let of_one = |loan: &Loan| {
            let granted = loan.granted?;
            let debt_ucr = granted.owed_ucr + granted.interest_ucr;
            if granted.lender == party {
                Some(debt_ucr)
            } else if loan.borrower == party {
                Some(-debt_ucr)
            } else {
                None
            }
        };
        self.standing.values().filter_map(of_one).sum()
    }

    /// The names of the accounts of pledged goods, and what lies in each [g].
    pub fn obligations(&self) -> BTreeMap<String, i64> {
        let mut pledged = BTreeMap::new();
        for pledge in self.standing.values().flat_map(|loan| &loan.collateral) {
            if let Pledge::Goods {
                place,
                good,
                mass_g,
            } = pledge
            {
                *pledged.entry(escrow_name(place, *good)).or_default() += mass_g;
            }
        }
        pledged
    }
}

fn escrow_name(place: &Place, good: Good) -> String {
    format!("{ESCROW}:{place}:{}", good.as_str())
}

/// Pledged goods leave the escrow of a loan.
fn give_goods(books: &mut Books, loan: &Loan, to: Party) {
    for pledge in &loan.collateral {
        if let Pledge::Goods {
            place,
            good,
            mass_g,
        } = pledge
        {
            let memo = if to == loan.borrower {
                Memo::Escrow
            } else {
                Memo::Seized
            };
            let escrow = books.keep(&escrow_name(place, *good), Unit::Good(*good));
            let store = books.store(to, place, *good);
            books.transfer(escrow, store, *mass_g, memo);
        }
    }
}

fn unknown(id: u32) -> Refusal {
    Refusal::because(format!("no loan {id} stands"))
}
