//! The law in a small scene: four prospectors on a ball of rock, without a world around them.

mod articles;
mod invariants;

use bevy::math::DVec3;

use super::boundary::Boundary;
use super::charter::{Charter, ClaimRule, DAY_MS};
use super::claims::{ClaimRequest, Registry};
use super::inspection::RobotFact;
use super::regime::{Citizen, Filed, FilingRefusal, Regime};
use super::treasury::{Sale, SaleRefusal};
use crate::sim::economy::good::Good;
use crate::sim::economy::ledger::{AccountId, AccountKind, Ledger, Memo, Unit};
use crate::sim::level::ProspectorKind;
use crate::sim::order::Log;

const HOUR_MS: u64 = 3_600_000;
/// Radius of the ball of rock.
const RADIUS_M: f64 = 250.0;
/// The prospectors, with what they own at the beginning in millions of credits.
const PEOPLE: [(&str, ProspectorKind, i64); 4] = [
    ("ann", ProspectorKind::Person, 1),
    ("bolt", ProspectorKind::Company, 2),
    ("coop", ProspectorKind::Cooperative, 3),
    ("dsa", ProspectorKind::Agency, 4),
];

struct Scene {
    regime: Regime,
    registry: Registry,
    ledger: Ledger,
    log: Log,
    now_ms: u64,
    buyer: AccountId,
}

/// A place on the ball, so far east of where its axis of x comes out.
fn at(east_m: f64) -> DVec3 {
    let angle = east_m / RADIUS_M;
    RADIUS_M * DVec3::new(angle.cos(), angle.sin(), 0.0)
}

impl Scene {
    fn of(charter: Charter) -> Self {
        let mut ledger = Ledger::default();
        let registry = ledger.open("registry", Unit::Credit, AccountKind::Sink, 0);
        let buyer = ledger.open("buyer", Unit::Credit, AccountKind::Source, 0);
        let roster = PEOPLE
            .iter()
            .map(|&(name, kind, millions)| Citizen {
                name: name.to_owned(),
                kind,
                account: ledger.open(
                    format!("prospector:{name}"),
                    Unit::Credit,
                    AccountKind::Holding,
                    millions * 1_000_000_000_000,
                ),
            })
            .collect();
        assert_eq!(charter.validate(), Ok(()));
        Self {
            regime: Regime::found(charter, 5, roster, &mut ledger, registry),
            registry: Registry::new(DVec3::ZERO),
            ledger,
            log: Log::default(),
            now_ms: 0,
            buyer,
        }
    }

    fn balance(&self, who: &str) -> f64 {
        let account = self.regime.account(who).unwrap();
        1e-6 * self.ledger.balance(account) as f64
    }

    /// What somebody has more than at the beginning [credits].
    fn gain(&self, who: &str) -> f64 {
        let account = self.ledger.account(self.regime.account(who).unwrap());
        1e-6 * (account.balance() - account.opening()) as f64
    }

    fn request(&self, who: &str, east_m: f64, radius_m: f64, readings: u32) -> ClaimRequest {
        ClaimRequest {
            holder: who.to_owned(),
            boundary: Boundary::cap(at(east_m), radius_m).unwrap(),
            may_take_reserved: self.regime.may_take_reserved(who),
            readings,
        }
    }

    fn file(&mut self, who: &str, east_m: f64, radius_m: f64) -> Result<Filed, FilingRefusal> {
        let request = self.request(who, east_m, radius_m, 0);
        self.file_request(request)
    }

    fn file_request(&mut self, request: ClaimRequest) -> Result<Filed, FilingRefusal> {
        self.regime.file_ground(
            &mut self.registry,
            &mut self.ledger,
            self.now_ms,
            request,
            |place_m| RADIUS_M * place_m.normalize(),
        )
    }

    /// Who holds the ground at a place, and how digging there is answered.
    fn holder(&self, east_m: f64) -> String {
        self.registry
            .holder_at(at(east_m))
            .map_or("nobody".to_owned(), |claim| claim.holder.clone())
    }

    fn dig_answer(&self, who: &str, east_m: f64) -> String {
        match self
            .regime
            .may_dig(&self.registry, who, at(east_m), self.now_ms)
        {
            Ok(()) => "may dig".to_owned(),
            Err(forbidden) => forbidden.to_string(),
        }
    }

    fn dig(&mut self, who: &str, east_m: f64, mass_g: i64) {
        self.regime.record_dig(
            &mut self.registry,
            self.now_ms,
            who,
            &format!("{who}-1"),
            at(east_m),
            mass_g,
        );
    }

    fn sell(
        &mut self,
        who: &str,
        (good, node): (Good, &str),
        mass_kg: f64,
        credits: i64,
    ) -> Result<(), SaleRefusal> {
        let sale = Sale {
            seller: who,
            good,
            node,
            mass_g: (1e3 * mass_kg) as i64,
            proceeds_ucr: credits * 1_000_000,
        };
        self.regime.check_sale(&sale, self.now_ms)?;
        let account = self.regime.account(who).unwrap();
        self.ledger
            .transfer(
                self.now_ms,
                self.buyer,
                account,
                sale.proceeds_ucr,
                Memo::Sold,
            )
            .unwrap();
        self.regime.book_sale(&mut self.ledger, self.now_ms, &sale);
        Ok(())
    }

    /// Lets hours pass, with robots in sight.
    fn pass_with(&mut self, hours: u64, robots: &[RobotFact]) {
        for _ in 0..hours {
            self.now_ms = (self.now_ms / HOUR_MS + 1) * HOUR_MS;
            self.regime.look_at_robots(
                &mut self.ledger,
                &mut self.log,
                self.now_ms,
                robots.iter().cloned(),
            );
            self.regime.keep_hour(
                &mut self.registry,
                &mut self.ledger,
                &mut self.log,
                self.now_ms,
            );
        }
        assert_eq!(self.ledger.credit_error_ucr(), 0);
        assert_eq!(self.regime.escrow_error_ucr(&self.ledger), 0);
    }

    fn pass_days(&mut self, days: u64) {
        self.pass_with(days * DAY_MS / HOUR_MS, &[]);
    }
}

fn robot<'a>(name: &'a str, owner: &'a str) -> RobotFact<'a> {
    RobotFact {
        name,
        owner,
        mass_g: 100_000,
        working: false,
        lost: false,
        dead: false,
    }
}

fn first_come() -> Charter {
    let mut charter = Charter::default();
    charter.claims.rule = ClaimRule::FirstCome;
    charter
}

#[test]
fn the_fund_follows_the_reference_case() {
    use super::charter::{Dividend, DividendTerms, FundTerms, RoyaltyStep};
    // royalty_fund/simple of the reference cases, in millions of credits.
    let revenue = [0, 0, 50, 120, 300, 500, 800];
    let expected = [
        0.0,
        0.0,
        0.71875,
        1.818515625,
        4.6302193359375,
        8.06551878759766,
        13.3109799906287,
    ];
    let mut scene = Scene::of(Charter {
        royalty: vec![RoyaltyStep {
            from_year: 0.0,
            rate: 0.05,
        }],
        fund: FundTerms {
            royalty_share: 0.75,
            at_once_share: 0.25,
            return_per_year: 0.05,
            payout_per_year: 0.05,
            ..FundTerms::default()
        },
        dividend: DividendTerms {
            rule: Dividend::PerHead,
            outside_share: 0.0,
        },
        ..Charter::default()
    });
    let mut before = 0.0;
    for (millions, expected) in revenue.into_iter().zip(expected) {
        let lot = (Good::Water, "EML1");
        scene.sell("bolt", lot, 1.0, millions * 1_000_000).unwrap();
        scene.pass_with(8766, &[]);
        let paid = scene.regime.treasury().dividends_credits();
        let payout = 1e-6 * (paid - before);
        assert!(
            (payout - expected).abs() < 1e-9 * expected.max(1.0),
            "{payout} {expected}"
        );
        before = paid;
    }
    let end = 1e-6 * scene.regime.fund_credits(&scene.ledger);
    assert!((end - 62.9086198219446).abs() < 1e-7, "{end}");
    let royalties = 1e-6 * scene.regime.treasury().royalties_credits();
    assert!((royalties - 88.5).abs() < 1e-9, "{royalties}");
}
