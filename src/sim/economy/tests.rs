//! Every trade order in any sequence: nothing is made or lost, escrow is what is owed, nobody
//! touches what is another's, and a refusal changes nothing.

use proptest::prelude::*;

use super::auction::Side;
use super::commerce::{Commerce, DAY_MS, HOUR_MS, Party, RunningCosts, Whom};
use super::contracts::Delivery;
use super::credit::Pledge;
use super::exchange::{Listing, Wish};
use super::fleet::{Craft, Fleet, Machine};
use super::good::Good;
use super::insolvency::GRACE_DAYS;
use super::labour::{Deed, Duty, LabourTerms};
use super::ledger::{AccountKind, JOURNAL_LINES_MAX, Ledger, Memo, Unit};
use super::stores::Place;
use super::venture::{Agreement, Motion, Split};
use crate::sim::order::Refusal;

const PARTIES: u32 = 5;
const MONEY_UCR: i64 = 3_000_000_000;
const GOODS: [Good; 2] = [Good::Water, Good::Iron];

struct World {
    commerce: Commerce,
    ledger: Ledger,
    fleet: Fleet,
    costs: RunningCosts,
    hard_times: bool,
    now_ms: u64,
}

fn places() -> [Place; 2] {
    [Place::Site, Place::Node("EML1".to_owned())]
}

/// Something that a prospector may try, with numbers that pick what it is about.
#[derive(Clone, Debug)]
struct Step {
    by: Party,
    kind: u8,
    pick: u32,
    amount: i64,
    price: i64,
    flag: bool,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = (
        0..PARTIES,
        0..48_u8,
        0..1_000_u32,
        prop_oneof![3 => 1..9_000_i64, 1 => 1..2_000_000_i64],
        prop_oneof![4 => 1_000..200_000_i64, 1 => 1..300_000_000_000_000_i64],
        any::<bool>(),
    )
        .prop_map(|(by, kind, pick, amount, price, flag)| Step {
            by: Party(by),
            kind,
            pick,
            amount,
            price,
            flag,
        });
    prop::collection::vec(step, 1..150)
}

impl World {
    fn new() -> Self {
        let mut ledger = Ledger::default();
        let mut commerce = Commerce::default();
        let mut fleet = Fleet::default();
        let wages_to = ledger.open("operations", Unit::Credit, AccountKind::Sink, 0);
        for number in 0..PARTIES {
            let name = format!("p{number}");
            let account = ledger.open(
                format!("prospector:{name}"),
                Unit::Credit,
                AccountKind::Holding,
                MONEY_UCR,
            );
            let party = commerce.parties.enter(&name, account);
            for good in GOODS {
                let origin = ledger.open(
                    format!("origin:{name}:{good}"),
                    Unit::Good(good),
                    AccountKind::Holding,
                    40_000,
                );
                for place in places() {
                    let store = commerce.stores.open(&mut ledger, &name, &place, good);
                    ledger
                        .transfer(0, origin, store, 20_000, Memo::Stored)
                        .unwrap();
                }
            }
            for machine in [
                Machine::Robot(format!("{name}-robot")),
                Machine::Plant(format!("{name}-plant")),
            ] {
                let craft = Craft {
                    holder: party,
                    value_ucr: 1_000_000_000,
                    lost: false,
                };
                fleet.enter(machine, craft);
            }
        }
        let labour = LabourTerms {
            wage_credits_per_h: 60.0,
            autonomy_credits_per_robot_day: 20.0,
            autonomy_error_per_robot_day: 0.0,
        };
        Self {
            commerce,
            ledger,
            fleet,
            costs: RunningCosts { labour, wages_to },
            hard_times: false,
            now_ms: 0,
        }
    }

    fn machine(&self, step: &Step) -> Machine {
        let owner = if step.pick.is_multiple_of(5) {
            step.pick / 5 % PARTIES
        } else {
            step.by.0
        };
        if step.flag {
            Machine::Robot(format!("p{owner}-robot"))
        } else {
            Machine::Plant(format!("p{owner}-plant"))
        }
    }

    /// Lets hours pass.
    fn wait(&mut self, hours: u64) {
        for _ in 0..hours {
            self.now_ms += HOUR_MS;
            let mut news = Vec::new();
            for (machine, craft) in self.fleet.iter() {
                let duty = match machine {
                    Machine::Robot(_) => Duty::Dig,
                    Machine::Plant(_) => Duty::Plant,
                };
                self.commerce.labour.attend(craft.holder, duty);
            }
            if self.hard_times {
                for party in [0, 1].map(Party) {
                    self.commerce.labour.count(party, Deed::Claim);
                }
            }
            self.commerce.pass_hour(
                self.now_ms,
                &mut self.ledger,
                &mut self.fleet,
                &self.costs,
                &mut news,
            );
            self.fleet.take_handed_over();
        }
    }

    fn try_step(&mut self, step: &Step) -> Result<(), Refusal> {
        let &Step {
            by,
            kind,
            pick,
            amount,
            price,
            flag,
        } = step;
        let machine = self.machine(step);
        let bound = self.commerce.bond_of(&machine).is_some();
        let side = if flag { Side::Buy } else { Side::Sell };
        let place = places()[pick as usize % 2].clone();
        let good = GOODS[pick as usize / 2 % 2];
        let to = match pick % 3 {
            0 => Whom(Some(vec![Party(pick / 3 % PARTIES)])),
            _ => Whom(None),
        };
        let venture = format!("v{}", pick % 4);
        let mut news = Vec::new();
        let (trades, mut books) =
            self.commerce
                .open_books(self.now_ms, &mut self.ledger, &mut news);
        let books = &mut books;
        // One of those that stand, or a number that may be none's.
        let among = |ids: Vec<u32>| {
            let count = ids.len().max(1);
            ids.get(pick as usize % count).copied().unwrap_or(pick)
        };
        let delivery = Delivery {
            place: place.clone(),
            good,
            mass_g: amount,
            price_ucr: price * 1_000,
            penalty_ucr: price * i64::from(pick % 3) * 300,
            deadline_ms: books.now_ms + u64::from(pick % 90) * HOUR_MS,
        };
        match kind {
            0..=6 => {
                let shares = pick % 4 == 3;
                let wish = Wish {
                    listing: if shares {
                        Listing::Shares { venture }
                    } else {
                        Listing::Goods { place, good }
                    },
                    side,
                    quantity: if shares { amount % 40 + 1 } else { amount },
                    limit: (pick % 10 != 0).then_some(price),
                    wait_ms: u64::from(pick % 40) * HOUR_MS,
                };
                trades.exchange.place(books, by, &wish).map(|_| ())
            }
            7 => trades.exchange.cancel(books, by, u64::from(pick % 60)),
            8 | 9 => trades
                .contracts
                .offer(books, by, side, delivery, to)
                .map(|_| ()),
            10 | 11 => {
                let id = among(trades.contracts.standing().map(|each| each.id).collect());
                trades.contracts.accept(books, by, id)
            }
            12 => {
                let id = among(trades.contracts.standing().map(|each| each.id).collect());
                trades
                    .contracts
                    .deliver(books, by, id, flag.then_some(amount))
            }
            13 => {
                let id = among(trades.contracts.standing().map(|each| each.id).collect());
                trades.contracts.withdraw(books, by, id)
            }
            14 => {
                let closes_ms = books.now_ms + u64::from(pick % 30) * HOUR_MS;
                trades
                    .tenders
                    .call(books, by, delivery, closes_ms, to)
                    .map(|_| ())
            }
            15 | 16 => {
                let id = among(trades.tenders.open().map(|each| each.id).collect());
                trades.tenders.bid(books, by, id, price * 500)
            }
            17 => {
                let id = among(trades.tenders.open().map(|each| each.id).collect());
                trades.tenders.withdraw(books, by, id)
            }
            18 if !bound => {
                let terms = (price * 100, price * i64::from(pick % 4) * 100);
                let what = (machine, pick % 5 + 1);
                trades
                    .hires
                    .offer(books, &self.fleet, by, what, terms, to)
                    .map(|_| ())
            }
            19 => {
                let id = among(trades.hires.standing().map(|each| each.id).collect());
                trades.hires.take(books, &mut self.fleet, by, id)
            }
            20 => {
                let id = among(trades.hires.standing().map(|each| each.id).collect());
                trades.hires.end(books, &mut self.fleet, by, id)
            }
            21 if !bound => {
                let mut collateral = Vec::new();
                if pick % 2 == 0 {
                    collateral.push(Pledge::Machine(machine));
                }
                if pick % 3 == 0 {
                    collateral.push(Pledge::Goods {
                        place,
                        good,
                        mass_g: amount,
                    });
                }
                let terms = (
                    price * 2_000,
                    amount * 30,
                    u64::from(pick % 40 + 1) * DAY_MS,
                );
                trades
                    .credit
                    .request(books, &self.fleet, by, terms, collateral, to)
                    .map(|_| ())
            }
            22 => {
                let id = among(trades.credit.standing().map(|each| each.id).collect());
                trades.credit.grant(books, &self.fleet, by, id)
            }
            23 => {
                let id = among(trades.credit.standing().map(|each| each.id).collect());
                trades
                    .credit
                    .repay(books, by, id, flag.then_some(price * 100))
            }
            24 => {
                let id = among(trades.credit.standing().map(|each| each.id).collect());
                trades.credit.withdraw(books, by, id)
            }
            25 => trades
                .insurance
                .offer(books, by, (amount * 40, price * 10_000), to)
                .map(|_| ()),
            26 => {
                let id = among(trades.insurance.covers().map(|each| each.id).collect());
                trades.insurance.withdraw(by, id)
            }
            27 | 28 => {
                let id = among(trades.insurance.covers().map(|each| each.id).collect());
                let what = (machine, price * 3_000, u64::from(pick % 50 + 1) * DAY_MS);
                trades
                    .insurance
                    .insure(books, &self.fleet, by, what, (pick % 2 == 0).then_some(id))
                    .map(|_| ())
            }
            29 => {
                let agreement = Agreement {
                    split: match pick % 3 {
                        0 => Split::ByContribution,
                        1 => Split::ByHead,
                        _ => Split::ByWeights([("p0".to_owned(), 2), ("p1".to_owned(), 3)].into()),
                    },
                    pooled_percent: (amount % 103) as u8,
                    reserve_percent: (pick % 60) as u8,
                    entry_credits: pick % 9,
                    dissolve_percent: (pick % 90 + 10) as u8,
                    pools_data: flag,
                    tradable: flag,
                };
                let shares = (amount % 300) as u64;
                trades
                    .ventures
                    .found(books, by, &venture, agreement, shares, to)
            }
            30 | 31 => trades
                .ventures
                .join(books, by, &venture, (amount % 200) as u64),
            32 => {
                trades.ventures.leave(books, by, &venture)?;
                trades.ventures.appoint(&mut self.fleet);
                Ok(())
            }
            33 => {
                let other = Party(pick % PARTIES);
                let shares = (amount % 20) as u64;
                trades.ventures.pass_on(books, by, &venture, shares, other)
            }
            34 => {
                if flag && trades.ventures.would_dissolve(by, &venture) {
                    trades.exchange.close(
                        books,
                        &Listing::Shares {
                            venture: venture.clone(),
                        },
                    );
                }
                trades.ventures.vote_to_dissolve(books, by, &venture, flag)
            }
            35 => trades.ventures.pay_in(books, by, &venture, price),
            36 | 37 => {
                let id = among(trades.insolvency.lots().map(|each| each.id).collect());
                trades.insolvency.bid(books, by, id, price * 10)
            }
            38 if !bound => trades
                .machine_sales
                .offer(books, &self.fleet, by, (machine, price * 10), to)
                .map(|_| ()),
            39 => {
                let id = among(
                    trades
                        .machine_sales
                        .standing()
                        .map(|each| each.id)
                        .collect(),
                );
                let (sales, ventures) = (trades.machine_sales, trades.ventures);
                sales.buy(books, &mut self.fleet, ventures, by, id)
            }
            40 => {
                let id = among(
                    trades
                        .machine_sales
                        .standing()
                        .map(|each| each.id)
                        .collect(),
                );
                trades.machine_sales.withdraw(by, id)
            }
            41 | 42 => {
                let motion = if flag {
                    let standing = trades.machine_sales.standing();
                    Motion::Buy {
                        deal: among(standing.map(|each| each.id).collect()),
                        tariff_ucr_per_kg: 0,
                    }
                } else {
                    Motion::Sell {
                        plant: format!("p{}-plant", pick % PARTIES),
                        price_ucr: price * 10,
                    }
                };
                let (sales, motion) = (trades.machine_sales, (motion, pick % 7 != 0));
                trades
                    .ventures
                    .vote(books, &mut self.fleet, sales, by, &venture, motion)
            }
            _ => trades
                .insolvency
                .salvage(books, &mut self.fleet, by, &machine),
        }
    }

    /// Money, and grams in all stores, of each.
    fn wealth(&self) -> Vec<(i64, i64)> {
        let parties = &self.commerce.parties;
        parties
            .iter()
            .map(|party| {
                let stores = self.commerce.stores.of(parties.name(party));
                let held_g = stores
                    .map(|(.., account)| self.ledger.balance(account))
                    .sum();
                (self.ledger.balance(parties.account(party)), held_g)
            })
            .collect()
    }

    fn check(&self) -> Result<(), TestCaseError> {
        prop_assert_eq!(self.ledger.mass_error_g(), 0);
        prop_assert_eq!(self.ledger.credit_error_ucr(), 0);
        let held = |name: &str| {
            let account = self.ledger.find(name);
            account.map_or(0, |account| self.ledger.balance(account))
        };
        for (name, owed_ucr) in [
            self.commerce.contracts.obligations(),
            self.commerce.tenders.obligations(),
            self.commerce.hires.obligations(),
            self.commerce.insurance.obligations(),
            self.commerce.insolvency.obligations(),
        ] {
            prop_assert_eq!(held(name), owed_ucr, "{}", name);
        }
        for (name, owed_g) in self.commerce.credit.obligations() {
            prop_assert_eq!(held(&name), owed_g, "{}", name);
        }
        let exchange = self.commerce.exchange.obligations();
        prop_assert_eq!(held("escrow:exchange"), exchange.money.1);
        for (account, left_g) in exchange.goods {
            prop_assert_eq!(self.ledger.balance(account), left_g);
        }
        // All that deals and estates hold is somebody's.
        let mut aside_ucr = 0;
        let mut aside_g = 0;
        for party in self.commerce.parties.iter() {
            let aside = self.commerce.set_aside_by(&self.ledger, party);
            aside_ucr += aside.money_ucr;
            aside_g += aside.goods_g.values().sum::<i64>();
        }
        let (mut kept_ucr, mut kept_g) = (0, 0);
        for account in self.ledger.accounts() {
            if !account.name.starts_with("escrow:") && !account.name.starts_with("estate:") {
                continue;
            }
            match account.unit {
                Unit::Credit => kept_ucr += held(&account.name),
                Unit::Good(_) => kept_g += held(&account.name),
            }
        }
        prop_assert_eq!((aside_ucr, aside_g), (kept_ucr, kept_g));
        for venture in self.commerce.ventures.iter() {
            let money_ucr = self.ledger.balance(venture.account);
            prop_assert!(0 <= venture.reserve_ucr && venture.reserve_ucr <= money_ucr);
        }
        Ok(())
    }
}

proptest! {
    // Each case lives through months.
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn no_sequence_of_trade_orders_makes_loses_or_steals_anything(steps in steps()) {
        let mut world = World::new();
        // In every other run the first two have more work than they can pay for.
        world.hard_times = steps[0].flag;
        if world.hard_times {
            world.wait(24 * (GRACE_DAYS + 2));
        }
        let names: Vec<String> = (0..PARTIES).map(|number| format!("p{number}")).collect();
        for step in &steps {
            let before = world.wealth();
            let books_before = postcard::to_stdvec(&(&world.commerce, &world.ledger)).unwrap();
            let fleet_before = world.fleet.clone();
            if 44 <= step.kind {
                world.wait(u64::from(step.pick) % (6 * GRACE_DAYS));
            } else if world.commerce.insolvency.is_insolvent(step.by) {
                continue;
            } else if world.try_step(step).is_err() {
                let books_after = postcard::to_stdvec(&(&world.commerce, &world.ledger)).unwrap();
                prop_assert!(books_before == books_after, "a refusal changed something: {:?}", step);
                prop_assert_eq!(&world.fleet, &fleet_before);
            } else {
                // Cover is the one thing by which an order of another may bind one's money: it
                // was offered for that. Votes and exits may only pay.
                let binds = matches!(step.kind, 27 | 28);
                for (other, (was, is)) in before.iter().zip(world.wealth()).enumerate() {
                    if other != step.by.0 as usize {
                        prop_assert!(was.1 <= is.1, "{:?} took goods of {}", step, names[other]);
                        prop_assert!(binds || was.0 <= is.0, "{:?} took money of {}", step, names[other]);
                    }
                }
            }
            world.check()?;
        }
        world.wait(24 * (GRACE_DAYS + 9));
        world.check()?;
        // Every machine that is not lost is somebody's.
        prop_assert_eq!(world.fleet.iter().count(), 2 * PARTIES as usize);
    }
}

#[test]
fn a_venture_gets_its_part_however_long_the_books_have_grown() {
    let mut world = World::new();
    let agreement = Agreement {
        split: Split::ByHead,
        pooled_percent: 50,
        reserve_percent: 100,
        entry_credits: 0,
        dissolve_percent: 100,
        pools_data: false,
        tradable: false,
    };
    let mut news = Vec::new();
    let (trades, mut books) = world.commerce.open_books(0, &mut world.ledger, &mut news);
    let founded = trades
        .ventures
        .found(&mut books, Party(0), "v", agreement, 0, Whom(None));
    founded.expect("the name is free");
    let node = books.keep_as("node:buyers", Unit::Credit, AccountKind::Source);
    let accounts = [0, 1, 2].map(|party| books.account(Party(party)));
    let mut in_it_ucr = 0;
    for _ in 0..3 {
        // More lines than the journal keeps: old ones are summed up.
        for line in 0..JOURNAL_LINES_MAX as u64 {
            let (from, to) = match line % 2 {
                0 => (accounts[1], accounts[2]),
                _ => (accounts[2], accounts[1]),
            };
            let at_ms = world.now_ms;
            let moved = world.ledger.transfer(at_ms, from, to, 1, Memo::Bought);
            moved.expect("they have money");
        }
        let at_ms = world.now_ms;
        let sold = world
            .ledger
            .transfer(at_ms, node, accounts[0], 1_000_000, Memo::Sold);
        sold.expect("the node pays what it likes");
        world.wait(24);
        in_it_ucr += 500_000;
        let venture = world.commerce.ventures.iter().next().expect("it stands");
        assert_eq!(world.ledger.balance(venture.account), in_it_ucr);
    }
    assert!(world.ledger.journal().len() < JOURNAL_LINES_MAX);
}
