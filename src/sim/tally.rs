//! The tally: reads the figures of merit off a world, once a day and whenever somebody asks.
//!
//! What the figures are called and how they run over time stands in
//! [`figures`](super::economy::figures), what each means in `docs/figures.md`. Nothing here changes
//! anything but the notes themselves.

use bevy::ecs::system::SystemParam;
use bevy::prelude::*;

use super::asteroid::Terrain;
use super::asteroid::constituent::Constituent;
use super::economy::commerce::{Commerce, Party};
use super::economy::figures::{Figure, Figures, Merit, Sample, gini, richest_tenth_share};
use super::economy::fleet::Machine;
use super::economy::good::Good;
use super::economy::labour::Occupation;
use super::economy::ledger::{AccountId, Ledger, Memo, UCR_PER_CREDIT, Unit};
use super::economy::markets::Markets;
use super::economy::stores::Place;
use super::law::charter::{days_ms, years_ms};
use super::law::claims::Registry;
use super::law::regime::Regime;
use super::plant::Plant;
use super::prospector::{Prospector, ProspectorId, Prospectors};
use super::robot::{Health, Robot};
use super::{Accounts, Clock, SimSystems, Terms, Tick};

/// Time in which a machine loses all of its price, evenly [ms] (assumed: ten years).
const MACHINE_LIFE_MS: f64 = 10.0 * 365.25 * 86_400e3;

/// A claim is idle without work for so long, where the charter says nothing [d].
const IDLE_DAYS: f64 = 90.0;

/// Notes the figures of merit.
pub struct TallyPlugin;

impl Plugin for TallyPlugin {
    fn build(&self, app: &mut App) {
        app.add_systems(
            Tick,
            note.after(super::prospector::brains::decide)
                .before(super::end)
                .in_set(SimSystems::Observe),
        );
    }
}

fn note(clock: Res<Clock>, tally: Tally, mut figures: ResMut<Figures>) {
    let now_ms = clock.end_ms();
    if !figures.is_due(now_ms) {
        return;
    }
    let received_ucr = tally.received_ucr();
    let sample = Sample {
        at_ms: now_ms,
        values: tally.values(&figures, now_ms),
    };
    figures.note(sample);
    figures.note_receipts(now_ms, received_ucr);
}

/// Everything that a figure is read from.
#[derive(SystemParam)]
pub struct Tally<'w, 's> {
    terms: Res<'w, Terms>,
    accounts: Res<'w, Accounts>,
    terrain: Res<'w, Terrain>,
    prospectors: Res<'w, Prospectors>,
    ledger: Res<'w, Ledger>,
    markets: Res<'w, Markets>,
    registry: Res<'w, Registry>,
    regime: Res<'w, Regime>,
    commerce: Res<'w, Commerce>,
    robots: Query<'w, 's, (&'static Robot, &'static Health)>,
    plants: Query<'w, 's, &'static Plant>,
}

impl Tally<'_, '_> {
    /// All figures, in the order of [`Figure::ALL`]; None where one means nothing.
    pub fn values(&self, figures: &Figures, now_ms: u64) -> Vec<Option<f64>> {
        let mut values = vec![None; Figure::ALL.len()];
        let mut put = |merit: Merit, value: f64| {
            values[merit as usize] = value.is_finite().then_some(value);
        };
        let credits = |ucr: i128| ucr as f64 / UCR_PER_CREDIT as f64;
        let ledger = &*self.ledger;
        let moved = |memo: Memo, money: bool| -> i128 {
            let of_kind = ledger.totals().iter().filter(|total| {
                total.memo == memo && (ledger.account(total.from).unit == Unit::Credit) == money
            });
            of_kind.map(|total| total.amount).sum()
        };
        let sold_g: i64 = self.markets.iter().map(|market| market.sold_g()).sum();
        put(Merit::Output, 1e-3 * sold_g as f64);
        put(Merit::OutputValue, credits(self.sold_ucr()));
        put(Merit::Price, self.markets.main().price_credits_per_kg());
        put(Merit::ConsumerSurplus, self.markets.surplus_credits());
        let displaced = self.markets.displaced();
        put(Merit::OreDisplaced, displaced.ore_kg);
        put(Merit::EnergyDisplaced, displaced.energy_mj);
        put(Merit::EmissionsDisplaced, displaced.emissions_kg_co2e);
        put(Merit::Taken, 1e-3 * self.terrain.removed_g() as f64);
        let water = self.terrain.recount_removed_contents()[Constituent::Water as usize];
        let water_g = water as f64 / Constituent::Water.units_per_g() as f64;
        put(Merit::WaterTaken, 1e-3 * water_g);
        put(Merit::Royalty, credits(moved(Memo::Royalty, true)));
        let treasury = self.regime.treasury();
        // In the ledger a dividend passes through the fund's own accounts as well.
        put(Merit::Dividend, treasury.dividends_credits());
        let public = self.regime.public_credits(ledger);
        put(Merit::Public, public);
        put(Merit::Fines, credits(moved(Memo::Fine, true)));
        put(Merit::Disputes, self.regime.disputes().all().len() as f64);
        put(
            Merit::Contamination,
            f64::from(self.regime.records().wrecks()),
        );
        let idle_max_ms = match self.regime.charter().claims.idle_years_max {
            Some(years) => years_ms(years),
            None => days_ms(IDLE_DAYS),
        };
        let idle = self.registry.idle(now_ms, idle_max_ms).count();
        put(Merit::IdleClaims, idle as f64);
        put(Merit::Trade, credits(self.trade_ucr()));
        put(Merit::Claims, self.registry.standing().count() as f64);

        let jobs = self.commerce.labour.jobs(None, now_ms).full_time;
        for (merit, who) in [
            (Merit::Operators, Occupation::Operator),
            (Merit::Engineers, Occupation::Engineer),
            (Merit::Geologists, Occupation::Geologist),
            (Merit::Logistics, Occupation::Logistics),
            (Merit::Law, Occupation::Law),
            (Merit::Finance, Occupation::Finance),
        ] {
            put(merit, jobs.get(who.as_str()).copied().unwrap_or(0.0));
        }

        let wealth: Vec<f64> = self
            .prospectors
            .iter()
            .map(|(id, prospector)| self.net_worth_credits(id, prospector, now_ms))
            .collect();
        let income: Vec<f64> = figures
            .income_ucr(&self.received_ucr())
            .into_iter()
            .map(|ucr| credits(ucr.into()))
            .collect();
        let net_worth: f64 = wealth.iter().sum();
        let profits = net_worth - self.endowed_credits();
        put(Merit::NetWorth, net_worth);
        put(Merit::Profits, profits);
        put(
            Merit::Welfare,
            self.markets.surplus_credits() + profits + public,
        );
        let or_nothing = |share: Option<f64>| share.unwrap_or(f64::NAN);
        put(Merit::GiniWealth, or_nothing(gini(&wealth)));
        put(Merit::TopWealth, or_nothing(richest_tenth_share(&wealth)));
        put(Merit::GiniIncome, or_nothing(gini(&income)));
        put(Merit::TopIncome, or_nothing(richest_tenth_share(&income)));
        let solvent = wealth.iter().filter(|worth| 0.0 < **worth).count();
        put(Merit::Solvent, solvent as f64 / wealth.len() as f64);

        let gone =
            |(robot, health): &(&Robot, &Health)| robot.lost || robot.stripped || health.is_dead();
        put(
            Merit::RobotsLost,
            self.robots.iter().filter(gone).count() as f64,
        );
        let lost_g: i64 = self
            .robots
            .iter()
            .filter(|(robot, _)| robot.lost)
            .map(|(robot, _)| robot.dry_g())
            .sum();
        let drifted_g = ledger.balance(self.accounts.drifted);
        put(Merit::Debris, 1e-3 * (lost_g + drifted_g) as f64);
        values
    }

    /// What nodes have paid for goods [µcr].
    fn sold_ucr(&self) -> i128 {
        let sellers = self.prospectors.iter();
        sellers
            .flat_map(|(_, prospector)| self.commerce.sales.of(&prospector.name))
            .map(|(_, sold)| i128::from(sold.proceeds_ucr))
            .sum()
    }

    fn owner_of(&self, account: AccountId) -> Option<ProspectorId> {
        self.prospectors
            .iter()
            .find(|(_, prospector)| prospector.account == account)
            .map(|(id, _)| id)
    }

    /// What prospectors have paid each other [µcr].
    fn trade_ucr(&self) -> i128 {
        self.ledger
            .totals()
            .iter()
            .filter(|total| {
                // What is bought at the exchange or by contract comes out of escrow.
                let paid = self.owner_of(total.from).is_some() || total.memo == Memo::Traded;
                paid && self.owner_of(total.to).is_some()
            })
            .map(|total| total.amount)
            .sum()
    }

    /// What each prospector has earned since the start, before costs [µcr].
    fn received_ucr(&self) -> Vec<i64> {
        let mut received = vec![0i128; self.prospectors.iter().count()];
        for total in self.ledger.totals() {
            if total.memo.is_income()
                && let Some(id) = self.owner_of(total.to)
            {
                received[id.0 as usize] += total.amount;
            }
        }
        received
            .into_iter()
            .map(|ucr| i64::try_from(ucr).unwrap_or(i64::MAX))
            .collect()
    }

    /// Money and machines of all at the start [credits].
    fn endowed_credits(&self) -> f64 {
        let money_ucr = self.ledger.moved(Memo::Endowment, None, None);
        let robots: f64 = self
            .robots
            .iter()
            .map(|(robot, _)| robot.kind.price_credits)
            .sum();
        let plants: f64 = self
            .plants
            .iter()
            .map(|plant| plant.kind.price_credits)
            .sum();
        money_ucr as f64 / UCR_PER_CREDIT as f64 + robots + plants
    }

    /// What a prospector owns at the prices of the day [credits]: money, also what deals hold of it,
    /// and what others owe it, less what it owes; goods at what the next kilogram would fetch from
    /// where they lie; machines by their age; its part of ventures.
    pub fn net_worth_credits(&self, id: ProspectorId, prospector: &Prospector, now_ms: u64) -> f64 {
        let (commerce, name, party) = (&self.commerce, &prospector.name, Party(id.0));
        let aside = commerce.set_aside_by(&self.ledger, party);
        let money_ucr = self.ledger.balance(prospector.account)
            + aside.money_ucr
            + commerce.claims_ucr(party)
            + self.regime.in_escrow_of_ucr(name)
            - self.regime.owed_ucr(name);
        let money = money_ucr as f64 / UCR_PER_CREDIT as f64;
        let in_stores = commerce
            .stores
            .of(name)
            .map(|(place, good, account)| (place, good, self.ledger.balance(account)));
        let in_deals = aside
            .goods_g
            .iter()
            .map(|((place, good), &mass_g)| (place, *good, mass_g));
        let stored: f64 = in_stores
            .chain(in_deals)
            .map(|(place, good, mass_g)| 1e-3 * mass_g as f64 * self.price_at(place, good))
            .sum();
        let cargoes = commerce.shipping.under_way().iter();
        let under_way: f64 = cargoes
            .filter(|cargo| cargo.owner == id)
            .map(|cargo| 1e-3 * cargo.mass_g as f64 * self.price_at(&cargo.to, cargo.good))
            .sum();
        let water_price = self.price_at(&Place::Site, Good::Water);
        let in_tanks: f64 = self
            .plants
            .iter()
            .filter(|plant| plant.owner == id)
            .map(|plant| 1e-3 * plant.water_g() as f64 * water_price)
            .sum();
        let left = (1.0 - now_ms as f64 / MACHINE_LIFE_MS).max(0.0);
        let robots: f64 = self
            .robots
            .iter()
            .filter(|(robot, health)| !robot.lost && !robot.stripped && !health.is_dead())
            .filter(|(robot, _)| {
                let is_it = |machine: &Machine| matches!(machine, Machine::Robot(name) if *name == robot.name);
                self.owns(id, robot.owner, is_it)
            })
            .map(|(robot, _)| left * robot.kind.price_credits)
            .sum();
        let plants: f64 = self
            .plants
            .iter()
            .filter(|plant| plant.common().is_none())
            .filter(|plant| {
                let is_it = |machine: &Machine| matches!(machine, Machine::Plant(name) if *name == plant.name);
                self.owns(id, plant.owner, is_it)
            })
            .map(|plant| left * plant.kind.price_credits)
            .sum();
        let in_common: f64 = commerce
            .ventures
            .iter()
            .map(|venture| {
                let part = venture.part_of(commerce, party);
                let common = |plant: &&Plant| plant.common() == Some(venture.account);
                let plants = self.plants.iter().filter(common);
                let worth: f64 = plants.map(|plant| left * plant.kind.price_credits).sum();
                let money = self.ledger.balance(venture.account) as f64 / UCR_PER_CREDIT as f64;
                part * (worth + money)
            })
            .sum();
        money + stored + under_way + in_tanks + robots + plants + in_common
    }

    /// Whether a machine is a party's own: what is hired stays with who lets it, what is abandoned is
    /// nobody's.
    fn owns(
        &self,
        who: ProspectorId,
        holder: ProspectorId,
        is_it: impl Fn(&Machine) -> bool,
    ) -> bool {
        let mut hired_out = self.commerce.hires.hired_out();
        let hired = hired_out.find(|(machine, _)| is_it(machine));
        let owner = hired.map_or(holder.0, |(_, owner)| owner.0);
        owner == who.0 && !self.commerce.insolvency.abandoned().any(is_it)
    }

    /// What a kilogram fetches at a place [credits]: at a node its price there, at the site the best
    /// price of all nodes less the way there; nothing where nobody buys it.
    fn price_at(&self, place: &Place, good: Good) -> f64 {
        let of_good = self.markets.iter().filter(|market| market.good() == good);
        match place {
            Place::Node(node) => of_good
                .filter(|market| market.node() == node)
                .map(|market| market.price_credits_per_kg())
                .fold(0.0, f64::max),
            Place::Site => of_good
                .filter_map(|market| {
                    let there = Place::Node(market.node().to_owned());
                    let mut routes = self.terms.routes.iter();
                    let route =
                        routes.find(|route| route.from == Place::Site && route.to == there)?;
                    let price = market.price_credits_per_kg();
                    let arrives = price * (1.0 - route.burnt_share());
                    Some(arrives - route.fee_credits_per_kg)
                })
                .fold(0.0, f64::max),
        }
    }
}
