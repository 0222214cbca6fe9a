//! What must hold whatever is asked of the law.

use proptest::prelude::*;

use super::*;
use crate::sim::law::charter::{
    Article, ClaimTerms, DisputeTerms, Dividend, DividendTerms, FundTerms, InspectionTerms,
    PoliticsTerms, RoyaltyStep, TreatyTerms, Weight,
};
use crate::sim::law::claims::ClaimId;
use crate::sim::law::disputes::Cause;
use crate::sim::law::titles::Title;

/// Something that a prospector asks of the law, or that happens.
#[derive(Clone, Debug)]
enum Deed {
    FileCap { east_m: f64, radius_m: f64 },
    FileSquare { east_m: f64, half_m: f64 },
    Release(u32),
    PutUp(u32),
    Bid { auction: u32, credits: i64 },
    Offer { title: Title, credits: i64 },
    Withdraw(u32),
    Accept(u32),
    Complain { of: usize, cause: Cause },
    Propose(f64),
    Vote { proposal: u32, in_favour: bool },
    Join,
    Leave,
    Sponsor(usize),
    Passage { to: usize, open: bool },
    Dig { east_m: f64, mass_g: i64 },
    Pour { east_m: f64, mass_g: i64 },
    Sell { kg: f64, credits: i64 },
    Pass(u64),
}

fn deeds() -> impl Strategy<Value = Deed> {
    let east = -60.0..60.0_f64;
    let number = 1..8_u32;
    prop_oneof![
        3 => (east.clone(), 1.0..25.0_f64)
            .prop_map(|(east_m, radius_m)| Deed::FileCap { east_m, radius_m }),
        3 => (east.clone(), 1.0..25.0_f64)
            .prop_map(|(east_m, half_m)| Deed::FileSquare { east_m, half_m }),
        1 => number.clone().prop_map(Deed::Release),
        2 => number.clone().prop_map(Deed::PutUp),
        3 => (number.clone(), 0..5_000_000_i64)
            .prop_map(|(auction, credits)| Deed::Bid { auction, credits }),
        2 => (number.clone(), 0..3_000_000_i64, 0..3_u8).prop_map(|(claim, credits, kind)| {
            let title = match kind {
                0 => Title::Claim { claim },
                1 => Title::Lease { claim, days: 40.0, rent_credits: 1_000.0 },
                _ => Title::Quota { shares: 100 * claim },
            };
            Deed::Offer { title, credits }
        }),
        1 => number.clone().prop_map(Deed::Withdraw),
        3 => number.clone().prop_map(Deed::Accept),
        2 => (0..4_usize, number.clone(), 0..3_u8).prop_map(|(of, claim, kind)| {
            let cause = match kind {
                0 => Cause::Priority { claim },
                1 => Cause::Trespass { claim },
                _ => Cause::Damage { claim },
            };
            Deed::Complain { of, cause }
        }),
        1 => (0.0..0.9_f64).prop_map(Deed::Propose),
        2 => (number, any::<bool>())
            .prop_map(|(proposal, in_favour)| Deed::Vote { proposal, in_favour }),
        1 => Just(Deed::Join),
        1 => Just(Deed::Leave),
        1 => (0..4_usize).prop_map(Deed::Sponsor),
        1 => (0..4_usize, any::<bool>()).prop_map(|(to, open)| Deed::Passage { to, open }),
        3 => (east.clone(), 1..100_000_i64)
            .prop_map(|(east_m, mass_g)| Deed::Dig { east_m, mass_g }),
        2 => (east, 1..100_000_i64).prop_map(|(east_m, mass_g)| Deed::Pour { east_m, mass_g }),
        3 => (0.01..100.0_f64, 0..9_000_000_i64)
            .prop_map(|(kg, credits)| Deed::Sell { kg, credits }),
        3 => (1..900_u64).prop_map(Deed::Pass),
    ]
}

/// A charter with everything in it, by a rule for claims.
fn full(rule: ClaimRule) -> Charter {
    Charter {
        claims: ClaimTerms {
            rule,
            fee_credits: 1_000.0,
            term_years: Some(0.3),
            idle_years_max: Some(0.2),
            transferable: true,
            leasable: true,
            per_prospector_max: Some(3),
            sealed_bids: rule == ClaimRule::Auctioned,
            ..ClaimTerms::default()
        },
        royalty: vec![RoyaltyStep {
            from_year: 0.0,
            rate: 0.07,
        }],
        fund: FundTerms {
            royalty_share: 0.6,
            at_once_share: 0.3,
            sales_share: 0.1,
            takes_fees: true,
            return_per_year: 0.05,
            payout_per_year: 0.5,
            period_days: 30.0,
        },
        dividend: DividendTerms {
            rule: Dividend::ByContribution { floor_share: 0.3 },
            outside_share: 0.1,
        },
        debris: crate::sim::law::charter::DebrisTerms {
            credits_per_kg: 3.0,
        },
        inspections: Some(InspectionTerms {
            interval_days: 10.0,
            find_probability: 0.5,
            fine_credits: 400_000.0,
            repeat_factor: 2.0,
        }),
        disputes: Some(DisputeTerms {
            cost_credits: 10_000.0,
            ruling_days: 5.0,
            trespass_credits_per_kg: 2_000.0,
            damage_credits_per_kg: 2_000.0,
        }),
        politics: Some(PoliticsTerms {
            weight: Weight::ByCapital,
            quorum: 0.1,
            majority: 0.5,
            voting_days: 6.0,
        }),
        treaty: Some(TreatyTerms {
            quorum: 0.25,
            founded: true,
            joining_credits: 5_000.0,
            leaving_credits: 7_000.0,
            outsiders_may_mine: true,
        }),
        ..Charter::default()
    }
}

impl Scene {
    /// Everything that a refused deed must leave as it was.
    fn state(&self) -> Vec<u8> {
        let balances: Vec<i64> = self.ledger.accounts().iter().map(|a| a.balance()).collect();
        postcard::to_stdvec(&(&self.regime, &self.registry, balances)).unwrap()
    }

    fn attempt(&mut self, who: &str, deed: &Deed) -> Result<(), String> {
        let now_ms = self.now_ms;
        let text = |error: &dyn std::fmt::Display| error.to_string();
        match deed.clone() {
            Deed::FileCap { east_m, radius_m } => self
                .file(who, east_m, radius_m)
                .map(|_| ())
                .map_err(|e| text(&e)),
            Deed::FileSquare { east_m, half_m } => {
                let north = |place_m: DVec3, m: f64| place_m + m * DVec3::Z;
                let (west_m, east_m) = (at(east_m - half_m), at(east_m + half_m));
                let corners_m = [
                    north(west_m, -half_m),
                    north(east_m, -half_m),
                    north(east_m, half_m),
                    north(west_m, half_m),
                ];
                let boundary = Boundary::polygon(&corners_m, DVec3::ZERO).map_err(|e| text(&e))?;
                let request = ClaimRequest {
                    boundary,
                    ..self.request(who, 0.0, 1.0, 1)
                };
                self.file_request(request).map(|_| ()).map_err(|e| text(&e))
            }
            Deed::Release(id) => self
                .registry
                .release(now_ms, ClaimId(id), who)
                .map_err(|e| text(&e)),
            Deed::PutUp(id) => self
                .regime
                .put_up_claim(&self.registry, now_ms, who, ClaimId(id), 1_000_000)
                .map(|_| ())
                .map_err(|e| text(&e)),
            Deed::Bid { auction, credits } => {
                let ground = self.regime.ground_in_auction(auction).cloned();
                let request = ground.map(|boundary| ClaimRequest {
                    boundary,
                    ..self.request(who, 0.0, 1.0, 0)
                });
                self.regime
                    .bid(
                        &self.registry,
                        &mut self.ledger,
                        now_ms,
                        who,
                        (auction, credits * 1_000_000),
                        request,
                    )
                    .map(|_| ())
                    .map_err(|e| text(&e))
            }
            Deed::Offer { title, credits } => self
                .regime
                .offer_title(
                    &self.registry,
                    now_ms,
                    who,
                    title,
                    credits * 1_000_000,
                    None,
                )
                .map(|_| ())
                .map_err(|e| text(&e)),
            Deed::Withdraw(id) => self.regime.withdraw_title(id, who).map_err(|e| text(&e)),
            Deed::Accept(id) => self
                .regime
                .accept_title(&mut self.registry, &mut self.ledger, now_ms, id, who)
                .map(|_| ())
                .map_err(|e| text(&e)),
            Deed::Complain { of, cause } => self
                .regime
                .complain(
                    &self.registry,
                    &mut self.ledger,
                    now_ms,
                    who,
                    PEOPLE[of].0,
                    cause,
                    1,
                )
                .map(|_| ())
                .map_err(|e| text(&e)),
            Deed::Propose(rate) => {
                let articles = [Article::Royalty(vec![RoyaltyStep {
                    from_year: 0.0,
                    rate,
                }])];
                self.regime
                    .propose(&mut self.log, now_ms, who, &articles, "why not")
                    .map(|_| ())
                    .map_err(|e| text(&e))
            }
            Deed::Vote {
                proposal,
                in_favour,
            } => self
                .regime
                .vote(now_ms, who, proposal, in_favour)
                .map_err(|e| text(&e)),
            Deed::Join => self
                .regime
                .join(&mut self.ledger, now_ms, who)
                .map_err(|e| text(&e)),
            Deed::Leave => self
                .regime
                .leave(&mut self.ledger, now_ms, who)
                .map_err(|e| text(&e)),
            Deed::Sponsor(of) => self.regime.sponsor(who, PEOPLE[of].0).map_err(|e| text(&e)),
            Deed::Passage { to, open } => self
                .regime
                .grant_passage(who, PEOPLE[to].0, open)
                .map_err(|e| text(&e)),
            Deed::Dig { east_m, mass_g } => {
                self.dig(who, east_m, mass_g);
                Ok(())
            }
            Deed::Pour { east_m, mass_g } => {
                self.regime.record_pouring(
                    &mut self.registry,
                    &mut self.ledger,
                    &mut self.log,
                    now_ms,
                    who,
                    at(east_m),
                    (mass_g, mass_g / 2),
                );
                Ok(())
            }
            Deed::Sell { kg, credits } => self
                .sell(who, (Good::Water, "EML1"), kg, credits)
                .map_err(|e| text(&e)),
            Deed::Pass(hours) => {
                self.pass_with(hours, &[]);
                Ok(())
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn no_ground_has_two_holders_no_record_shrinks_and_no_credit_is_lost(
        rule in prop_oneof![
            Just(ClaimRule::FirstCome),
            Just(ClaimRule::Zones),
            Just(ClaimRule::Auctioned),
            Just(ClaimRule::Sponsored),
            Just(ClaimRule::Lottery),
            Just(ClaimRule::Pooled),
        ],
        deeds in prop::collection::vec((0..4_usize, deeds()), 1..80),
    ) {
        let mut scene = Scene::of(full(rule));
        let mut written = 0;
        for (who, deed) in &deeds {
            let before = scene.state();
            if let Err(refusal) = scene.attempt(PEOPLE[*who].0, deed) {
                prop_assert!(before == scene.state(), "{deed:?} was refused ({refusal}) and changed something");
            }
            prop_assert_eq!(scene.ledger.credit_error_ucr(), 0);
            prop_assert_eq!(scene.regime.escrow_error_ucr(&scene.ledger), 0);
            let standing: Vec<_> = scene.registry.standing().collect();
            for (i, one) in standing.iter().enumerate() {
                for other in &standing[i + 1..] {
                    prop_assert!(
                        one.holder == other.holder || one.boundary.overlap_m(&other.boundary).is_none(),
                        "{one:?} and {other:?} share ground after {deed:?}"
                    );
                }
            }
            let entries = scene.registry.journal().len() + scene.registry.history().len();
            prop_assert!(written <= entries);
            written = entries;
            let shares: u32 = scene.regime.treasury().shares().values().sum();
            prop_assert!(shares <= crate::sim::law::charter::QUOTA_SHARES);
        }
    }

    #[test]
    fn the_law_goes_on_from_a_save_as_it_would_have(
        deeds in prop::collection::vec((0..4_usize, deeds()), 1..30),
    ) {
        let run = |scene: &mut Scene| {
            for (who, deed) in &deeds {
                let _ = scene.attempt(PEOPLE[*who].0, deed);
            }
            scene.state()
        };
        let (mut one, mut other) = (Scene::of(full(ClaimRule::Auctioned)), Scene::of(full(ClaimRule::Auctioned)));
        // A copy by way of a save goes on like the original.
        let half = deeds.len() / 2;
        for (who, deed) in &deeds[..half] {
            let _ = one.attempt(PEOPLE[*who].0, deed);
        }
        let bytes = postcard::to_stdvec(&one.regime).unwrap();
        one.regime = postcard::from_bytes(&bytes).unwrap();
        let bytes = postcard::to_stdvec(&one.registry).unwrap();
        one.registry = postcard::from_bytes(&bytes).unwrap();
        for (who, deed) in &deeds[half..] {
            let _ = one.attempt(PEOPLE[*who].0, deed);
        }
        prop_assert!(one.state() == run(&mut other));
    }
}
