//! Hire: a machine for a time, at a price for a day and a deposit.
//!
//! While it is hired the hirer commands it and bears its upkeep; the machine stays its owner's, and
//! its account in the ledger as it was. It goes over as it stands, with what is in it, and comes
//! back so. What it digs in between belongs to the hirer, who unloads it before the end.
//!
//! Days are paid in advance. The deposit comes back with the machine; it goes to the owner if the
//! machine is lost, and, up to what the next day would have cost, if a day cannot be paid, which
//! ends the hire. The hirer may bring a machine back at any time, for the price of the day that has
//! begun; an owner who calls it back early gives that day's price back and another day's on top.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::commerce::{Books, DAY_MS, OPEN_DEALS_MAX, Party, Whom};
use super::fleet::{Fleet, Machine};
use super::ledger::{Memo, Unit};
use crate::sim::order::Refusal;

const ESCROW: &str = "escrow:hire";

/// An offer of hire, or a hire that runs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hire {
    pub id: u32,
    pub owner: Party,
    pub machine: Machine,
    pub per_day_ucr: i64,
    pub days: u32,
    pub deposit_ucr: i64,
    pub to: Whom,
    /// Who has it, since when, and for how many days it is paid; `None` while it is on offer.
    pub taken: Option<Taken>,
}

/// A hire that runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Taken {
    pub hirer: Party,
    pub since_ms: u64,
    pub paid_days: u32,
}

/// All that is on offer or hired.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hires {
    standing: BTreeMap<u32, Hire>,
    machines: BTreeSet<Machine>,
}

impl Hires {
    /// Offers a machine of one's own.
    ///
    /// # Errors
    /// [`Refusal`] says what forbids it; nothing has changed then.
    pub fn offer(
        &mut self,
        books: &mut Books,
        fleet: &Fleet,
        sender: Party,
        (machine, days): (Machine, u32),
        (per_day_ucr, deposit_ucr): (i64, i64),
        to: Whom,
    ) -> Result<u32, Refusal> {
        fleet.needs_own(sender, &machine)?;
        let own = self.standing.values().filter(|hire| hire.owner == sender);
        if OPEN_DEALS_MAX <= own.count() {
            return Err(Refusal::because(format!(
                "{OPEN_DEALS_MAX} offers and hires of yours stand already"
            )));
        }
        let id = books.new_deal();
        self.machines.insert(machine.clone());
        let hire = Hire {
            id,
            owner: sender,
            machine,
            per_day_ucr,
            days,
            deposit_ucr,
            to,
            taken: None,
        };
        self.standing.insert(id, hire);
        Ok(id)
    }

    /// Hires what is on offer: pays the first day and sets the deposit aside.
    ///
    /// # Errors
    /// [`Refusal`] says what forbids it; nothing has changed then.
    pub fn take(
        &mut self,
        books: &mut Books,
        fleet: &mut Fleet,
        sender: Party,
        id: u32,
    ) -> Result<(), Refusal> {
        let hire = self.standing.get_mut(&id).ok_or_else(|| unknown(id))?;
        if hire.taken.is_some() || hire.owner == sender || !hire.to.includes(sender) {
            return Err(Refusal::because(format!("hire {id} is not offered to you")));
        }
        fleet.needs_own(hire.owner, &hire.machine)?;
        let first_ucr = i128::from(hire.per_day_ucr) + i128::from(hire.deposit_ucr);
        books.needs_money(sender, first_ucr, "the first day and the deposit")?;
        let escrow = books.keep(ESCROW, Unit::Credit);
        let (payer, payee) = (books.account(sender), books.account(hire.owner));
        books.transfer(payer, payee, hire.per_day_ucr, Memo::Hire);
        books.transfer(payer, escrow, hire.deposit_ucr, Memo::Escrow);
        hire.taken = Some(Taken {
            hirer: sender,
            since_ms: books.now_ms,
            paid_days: 1,
        });
        fleet.hand_over(&hire.machine, sender);
        let text = format!("{} is hired by {}", hire.machine, books.name(sender));
        books.tell(hire.owner, text.clone());
        books.tell(sender, text);
        Ok(())
    }

    /// Ends a hire early, from either side, or takes an offer of one's own back.
    ///
    /// # Errors
    /// [`Refusal`] says what forbids it; nothing has changed then.
    pub fn end(
        &mut self,
        books: &mut Books,
        fleet: &mut Fleet,
        sender: Party,
        id: u32,
    ) -> Result<(), Refusal> {
        let hire = self.standing.get(&id).ok_or_else(|| unknown(id))?;
        match hire.taken {
            None if hire.owner == sender => self.close(books, fleet, id, None),
            Some(taken) if taken.hirer == sender => self.close(books, fleet, id, None),
            Some(taken) if hire.owner == sender => {
                let back_ucr = 2 * i128::from(hire.per_day_ucr);
                books.needs_money(sender, back_ucr, "calling it back early")?;
                let (payer, payee) = (books.account(sender), books.account(taken.hirer));
                books.transfer(payer, payee, back_ucr as i64, Memo::Penalty);
                self.close(books, fleet, id, None);
            }
            _ => return Err(Refusal::because(format!("hire {id} is not yours"))),
        }
        Ok(())
    }

    /// Collects the days that begin, and ends what has run out or is lost.
    pub fn pass_hour(&mut self, books: &mut Books, fleet: &mut Fleet) {
        let ids: Vec<u32> = self.standing.keys().copied().collect();
        for id in ids {
            let Hire {
                owner,
                machine,
                per_day_ucr,
                days,
                deposit_ucr,
                taken,
                ..
            } = &self.standing[&id];
            let lost = fleet.get(machine).is_none_or(|craft| craft.lost);
            let Some(taken) = *taken else {
                if lost {
                    self.close(books, fleet, id, None);
                }
                continue;
            };
            if lost {
                let forfeit_ucr = *deposit_ucr;
                self.close(books, fleet, id, Some(forfeit_ucr));
                continue;
            }
            if books.now_ms < taken.since_ms + u64::from(taken.paid_days) * DAY_MS {
                continue;
            }
            if taken.paid_days == *days {
                self.close(books, fleet, id, None);
                continue;
            }
            let (owner, per_day_ucr, deposit_ucr) = (*owner, *per_day_ucr, *deposit_ucr);
            if per_day_ucr <= books.balance_ucr(taken.hirer) {
                let (payer, payee) = (books.account(taken.hirer), books.account(owner));
                books.transfer(payer, payee, per_day_ucr, Memo::Hire);
                if let Some(Hire {
                    taken: Some(taken), ..
                }) = self.standing.get_mut(&id)
                {
                    taken.paid_days += 1;
                }
            } else {
                self.close(books, fleet, id, Some(deposit_ucr.min(per_day_ucr)));
            }
        }
    }

    /// Ends all that a party has on offer, lent or hired; no day is charged for it.
    pub(super) fn wind_up(&mut self, books: &mut Books, fleet: &mut Fleet, party: Party) {
        let ids: Vec<u32> = self
            .standing
            .values()
            .filter(|hire| {
                hire.owner == party || hire.taken.is_some_and(|taken| taken.hirer == party)
            })
            .map(|hire| hire.id)
            .collect();
        for id in ids {
            self.close(books, fleet, id, None);
        }
    }

    /// Ends a hire; with `forfeit_ucr` of the deposit going to the owner, in default.
    fn close(&mut self, books: &mut Books, fleet: &mut Fleet, id: u32, forfeit_ucr: Option<i64>) {
        let hire = self.standing.remove(&id).expect("it stands");
        self.machines.remove(&hire.machine);
        let Some(taken) = hire.taken else {
            return;
        };
        let escrow = books.keep(ESCROW, Unit::Credit);
        let (payer, payee) = (books.account(taken.hirer), books.account(hire.owner));
        let kept_ucr = forfeit_ucr.unwrap_or(0);
        books.transfer(escrow, payee, kept_ucr, Memo::Penalty);
        books.transfer(escrow, payer, hire.deposit_ucr - kept_ucr, Memo::Escrow);
        fleet.hand_over(&hire.machine, hire.owner);
        let machine = &hire.machine;
        let text = match forfeit_ucr {
            Some(kept) => format!(
                "the hire of {machine} ends in default: {:.2} credits of the deposit are forfeit",
                1e-6 * kept as f64
            ),
            None => format!("the hire of {machine} has ended"),
        };
        for party in [hire.owner, taken.hirer] {
            if forfeit_ucr.is_some() {
                books.alarm(party, text.clone());
            } else {
                books.tell(party, text.clone());
            }
        }
    }

    /// Whether a machine is on offer or hired out.
    pub fn binds(&self, machine: &Machine) -> bool {
        self.machines.contains(machine)
    }

    /// Whose a machine is that somebody hires.
    pub fn owner_of(&self, machine: &Machine) -> Option<Party> {
        let mut hired_out = self.hired_out();
        Some(hired_out.find(|(hired, _)| *hired == machine)?.1)
    }

    pub fn find(&self, id: u32) -> Option<&Hire> {
        self.standing.get(&id)
    }

    pub fn standing(&self) -> impl Iterator<Item = &Hire> {
        self.standing.values()
    }

    /// Machines that are hired out, with their owners.
    pub fn hired_out(&self) -> impl Iterator<Item = (&Machine, Party)> {
        let running = self.standing.values().filter(|hire| hire.taken.is_some());
        running.map(|hire| (&hire.machine, hire.owner))
    }

    /// The deposits that a party has paid [µcr].
    pub(super) fn set_aside_ucr(&self, party: Party) -> i64 {
        let standing = self.standing.values();
        let own = standing.filter(|hire| hire.taken.is_some_and(|taken| taken.hirer == party));
        own.map(|hire| hire.deposit_ucr).sum()
    }

    /// The name of the escrow and the deposits of all that runs [µcr].
    pub fn obligations(&self) -> (&'static str, i64) {
        let running = self.standing.values().filter(|hire| hire.taken.is_some());
        (ESCROW, running.map(|hire| hire.deposit_ucr).sum())
    }
}

fn unknown(id: u32) -> Refusal {
    Refusal::because(format!("no hire {id} stands"))
}
