//! Each parameter of a charter changes what it says: the same scene with it off and on.

use super::*;
use crate::sim::law::charter::{
    Allocation, Article, ContaminationTerms, CredentialTerms, DebrisTerms, DisputeTerms, Dividend,
    Enforcement, FundTerms, InspectionTerms, LabourTerms, LocalTerms, PoliticsTerms,
    ProtectionClass, QuotaTerms, ReservedArea, RoyaltyStep, Sponsor, TreatyTerms, Weight,
    ZoneTerms,
};
use crate::sim::law::claims::ClaimId;
use crate::sim::law::disputes::Cause;
use crate::sim::law::titles::Title;

/// A parameter, what it is changed to, a scene, and how that ends before and after.
struct Case {
    parameter: &'static str,
    base: fn(&mut Charter),
    change: fn(&mut Charter),
    scene: fn(&mut Scene) -> String,
    before: &'static str,
    after: &'static str,
}

const WATER: (Good, &str) = (Good::Water, "EML1");
const TO_EARTH: (Good, &str) = (Good::Platinum, "Earth");

fn check(cases: &[Case]) {
    for case in cases {
        let mut charter = Charter::default();
        (case.base)(&mut charter);
        let before = (case.scene)(&mut Scene::of(charter.clone()));
        (case.change)(&mut charter);
        let after = (case.scene)(&mut Scene::of(charter));
        assert_eq!(
            (before.as_str(), after.as_str()),
            (case.before, case.after),
            "{}",
            case.parameter
        );
    }
}

fn nothing(_: &mut Charter) {}

fn claims(charter: &mut Charter) {
    charter.claims.rule = ClaimRule::FirstCome;
}

fn words<T>(result: Result<T, impl std::fmt::Display>) -> String {
    match result {
        Ok(_) => "done".to_owned(),
        Err(error) => error.to_string(),
    }
}

/// The first claim is offered for sale.
fn sale_of_claim(scene: &mut Scene) -> String {
    scene.file("ann", 0.0, 10.0).unwrap();
    let title = Title::Claim { claim: 1 };
    let offer =
        scene
            .regime
            .offer_title(&scene.registry, scene.now_ms, "ann", title, 5_000_000, None);
    if let Ok(offer) = offer {
        let registry = &mut scene.registry;
        scene
            .regime
            .accept_title(registry, &mut scene.ledger, scene.now_ms, offer, "bolt")
            .unwrap();
        return format!(
            "{} holds it, ann has {}",
            scene.holder(0.0),
            scene.gain("ann")
        );
    }
    words(offer)
}

#[test]
fn claims_are_made_as_the_charter_says() {
    check(&[
        Case {
            parameter: "rule",
            base: nothing,
            change: claims,
            scene: |scene| words(scene.file("ann", 0.0, 10.0)),
            before: "the charter gives out no claims: everybody may dig everywhere",
            after: "done",
        },
        Case {
            parameter: "exclusive",
            base: claims,
            change: |charter| charter.claims.exclusive = false,
            scene: |scene| {
                scene.file("ann", 0.0, 10.0).unwrap();
                scene.dig_answer("bolt", 5.0)
            },
            before: "this is claim 1 of ann",
            after: "may dig",
        },
        Case {
            parameter: "enforcement",
            base: claims,
            change: |charter| charter.claims.enforcement = Enforcement::Recorded,
            scene: |scene| {
                scene.file("ann", 0.0, 10.0).unwrap();
                scene.dig("bolt", 5.0, 700);
                let wrong = scene.registry.get(ClaimId(1)).unwrap().trespass_g["bolt"];
                format!("{}, {wrong} g", scene.dig_answer("bolt", 5.0))
            },
            before: "this is claim 1 of ann, 700 g",
            after: "may dig, 700 g",
        },
        Case {
            parameter: "fee_credits",
            base: claims,
            change: |charter| charter.claims.fee_credits = 250.0,
            scene: |scene| {
                scene.file("ann", 0.0, 10.0).unwrap();
                scene.gain("ann").to_string()
            },
            before: "0",
            after: "-250",
        },
        Case {
            parameter: "radius_max_m",
            base: claims,
            change: |charter| charter.claims.radius_max_m = Some(8.0),
            scene: |scene| words(scene.file("ann", 0.0, 10.0)),
            before: "done",
            after: "a radius of 10 m is more than the charter's 8 m",
        },
        Case {
            parameter: "area_max_m2",
            base: claims,
            change: |charter| charter.claims.area_max_m2 = Some(300.0),
            scene: |scene| words(scene.file("ann", 0.0, 10.0)),
            before: "done",
            after: "314 m² are more than the charter's 300 m²",
        },
        Case {
            parameter: "per_prospector_max",
            base: claims,
            change: |charter| charter.claims.per_prospector_max = Some(1),
            scene: |scene| {
                scene.file("ann", 0.0, 10.0).unwrap();
                words(scene.file("ann", 40.0, 10.0))
            },
            before: "done",
            after: "ann already holds 1 claims, as many as the charter allows",
        },
        Case {
            parameter: "term_years",
            base: claims,
            change: |charter| charter.claims.term_years = Some(0.1),
            scene: |scene| {
                scene.file("ann", 0.0, 10.0).unwrap();
                scene.pass_days(36);
                let held = scene.holder(0.0);
                scene.pass_days(1);
                format!("{held}, then {}", scene.holder(0.0))
            },
            before: "ann, then ann",
            after: "ann, then nobody",
        },
        Case {
            parameter: "renewable",
            base: |charter| {
                claims(charter);
                charter.claims.term_years = Some(1.0);
            },
            change: |charter| charter.claims.renewable = false,
            scene: |scene| {
                scene.file("ann", 0.0, 10.0).unwrap();
                let charter = scene.regime.charter().clone();
                words(scene.registry.check_renewal(&charter, ClaimId(1), "ann"))
            },
            before: "done",
            after: "the charter does not let claims be renewed",
        },
        Case {
            parameter: "idle_years_max",
            base: claims,
            change: |charter| charter.claims.idle_years_max = Some(0.1),
            scene: |scene| {
                scene.file("ann", 0.0, 10.0).unwrap();
                scene.file("bolt", 40.0, 10.0).unwrap();
                scene.pass_days(30);
                scene.dig("ann", 3.0, 10);
                // A trespasser keeps no claim alive.
                scene.dig("ann", 40.0, 10);
                scene.pass_days(30);
                format!("{}, {}", scene.holder(0.0), scene.holder(40.0))
            },
            before: "ann, bolt",
            after: "ann, nobody",
        },
        Case {
            parameter: "survey_readings_min",
            base: claims,
            change: |charter| charter.claims.survey_readings_min = 2,
            scene: |scene| {
                let request = scene.request("ann", 0.0, 10.0, 1);
                let first = words(scene.file_request(request));
                let request = scene.request("ann", 40.0, 10.0, 2);
                format!("{first}; {}", words(scene.file_request(request)))
            },
            before: "done; done",
            after: "1 readings of your own lie within, and the charter wants 2 before ground is claimed; done",
        },
        Case {
            parameter: "transferable",
            base: claims,
            change: |charter| charter.claims.transferable = true,
            scene: sale_of_claim,
            before: "the charter does not let claims change hands",
            after: "bolt holds it, ann has 5",
        },
        Case {
            parameter: "leasable",
            base: claims,
            change: |charter| charter.claims.leasable = true,
            scene: |scene| {
                scene.file("ann", 0.0, 10.0).unwrap();
                let title = Title::Lease {
                    claim: 1,
                    days: 70.0,
                    rent_credits: 100.0,
                };
                let offer = scene
                    .regime
                    .offer_title(&scene.registry, 0, "ann", title, 0, None);
                let Ok(offer) = offer else {
                    return words(offer);
                };
                scene
                    .regime
                    .accept_title(&mut scene.registry, &mut scene.ledger, 0, offer, "bolt")
                    .unwrap();
                let digs = scene.dig_answer("bolt", 0.0);
                let holder = scene.dig_answer("ann", 0.0);
                scene.pass_days(71);
                format!(
                    "{digs}; {holder}; ann has {}; then {}",
                    scene.gain("ann"),
                    scene.dig_answer("bolt", 0.0)
                )
            },
            before: "the charter does not let claims be let",
            after: "may dig; claim 1 is let to bolt; ann has 300; then this is claim 1 of ann",
        },
    ]);
}

/// Ann files ground, Bolt and the co-operative bid; who has it after a week, and at what price.
fn auction(scene: &mut Scene) -> String {
    scene.file("ann", 0.0, 10.0).unwrap();
    let ground = scene.regime.ground_in_auction(1).cloned();
    let mut bids = Vec::new();
    for (who, credits) in [("bolt", 900), ("coop", 700), ("ann", 1000)] {
        let request = ground.clone().map(|boundary| ClaimRequest {
            boundary,
            ..scene.request(who, 0.0, 10.0, 0)
        });
        let bid = scene.regime.bid(
            &scene.registry,
            &mut scene.ledger,
            scene.now_ms,
            who,
            (1, credits * 1_000_000),
            request,
        );
        bids.push(bid.is_ok());
    }
    scene.pass_days(6);
    let early = scene.holder(0.0);
    scene.pass_days(2);
    format!(
        "{bids:?}, {early}, {}, ann {}, bolt {}, public {}",
        scene.holder(0.0),
        scene.gain("ann"),
        scene.gain("bolt"),
        scene.regime.public_credits(&scene.ledger)
    )
}

#[test]
fn ground_is_auctioned_drawn_reserved_and_pooled_as_the_charter_says() {
    check(&[
        Case {
            parameter: "sealed_bids",
            base: |charter| {
                charter.claims.rule = ClaimRule::Auctioned;
                charter.claims.fee_credits = 500.0;
            },
            change: |charter| charter.claims.sealed_bids = true,
            scene: auction,
            before: "[true, false, true], nobody, ann, ann -1000, bolt 0, public 1000",
            after: "[true, true, true], nobody, ann, ann -1000, bolt 0, public 1000",
        },
        Case {
            parameter: "auction_days",
            base: |charter| charter.claims.rule = ClaimRule::Auctioned,
            change: |charter| charter.claims.auction_days = 3.0,
            scene: |scene| {
                scene.file("ann", 0.0, 10.0).unwrap();
                scene.pass_days(4);
                let held = scene.holder(0.0);
                scene.pass_days(4);
                format!("{held}, then {}", scene.holder(0.0))
            },
            before: "nobody, then ann",
            after: "ann, then ann",
        },
        Case {
            parameter: "draw_days",
            base: |charter| {
                charter.claims.rule = ClaimRule::Lottery;
                charter.claims.fee_credits = 100.0;
            },
            change: |charter| charter.claims.draw_days = 2.0,
            scene: |scene| {
                for who in ["ann", "bolt", "coop"] {
                    scene.file(who, 0.0, 10.0).unwrap();
                }
                scene.pass_days(3);
                let early = scene.registry.standing().count();
                scene.pass_days(5);
                let paid: f64 = ["ann", "bolt", "coop"]
                    .map(|who| scene.gain(who))
                    .iter()
                    .sum();
                format!(
                    "{early}, then {}, {paid}",
                    scene.registry.standing().count()
                )
            },
            before: "0, then 1, -100",
            after: "1, then 1, -100",
        },
        Case {
            parameter: "rule = Sponsored, reserved_for",
            base: |charter| charter.claims.rule = ClaimRule::Sponsored,
            change: |charter| charter.claims.reserved_for = vec![ProspectorKind::Person],
            scene: |scene| {
                let Filed::Claim {
                    reserved: Some(second),
                    ..
                } = scene.file("bolt", 0.0, 10.0).unwrap()
                else {
                    return "no second site".to_owned();
                };
                let site = scene.registry.get(second).unwrap().boundary.clone();
                let request = |who: &str, scene: &Scene| ClaimRequest {
                    boundary: site.clone(),
                    ..scene.request(who, 0.0, 10.0, 0)
                };
                let company = request("bolt", scene);
                let person = request("ann", scene);
                format!(
                    "{}, {}",
                    scene.file_request(company).is_ok(),
                    scene.file_request(person).is_ok()
                )
            },
            before: "false, false",
            after: "false, true",
        },
        Case {
            parameter: "reserved_areas",
            base: claims,
            change: |charter| {
                charter.claims.reserved_areas = vec![ReservedArea {
                    latitude_deg: 0.0,
                    longitude_deg: 0.0,
                    radius_m: 30.0,
                }];
            },
            scene: |scene| {
                format!(
                    "{}; {}; {}",
                    scene.dig_answer("ann", 20.0),
                    words(scene.file("ann", 35.0, 10.0)),
                    words(scene.file("ann", 45.0, 10.0))
                )
            },
            before: "may dig; done; done",
            after: "the charter reserves this ground; overlaps ground that the charter reserves; done",
        },
        Case {
            parameter: "rule = Pooled",
            base: claims,
            change: |charter| charter.claims.rule = ClaimRule::Pooled,
            scene: |scene| {
                scene.file("ann", 0.0, 10.0).unwrap();
                scene.dig_answer("bolt", 0.0)
            },
            before: "this is claim 1 of ann",
            after: "may dig",
        },
        Case {
            parameter: "zones",
            base: claims,
            change: |charter| {
                charter.zones = Some(ZoneTerms {
                    radius_m: 15.0,
                    work_days: 5.0,
                    landing_needs_leave: false,
                });
            },
            scene: |scene| {
                scene.file("ann", 0.0, 10.0).unwrap();
                let beside = scene.dig_answer("bolt", 20.0);
                scene.dig("ann", 60.0, 5);
                let by_work = scene.dig_answer("bolt", 70.0);
                scene.pass_days(6);
                let later = scene.dig_answer("bolt", 70.0);
                scene.regime.grant_passage("ann", "bolt", true).unwrap();
                format!(
                    "{beside}; {by_work}; {later}; {}",
                    scene.dig_answer("bolt", 20.0)
                )
            },
            before: "may dig; may dig; may dig; may dig",
            after: "this is in the safety zone of ann, who has given you no leave; this is in the safety zone of ann, who has given you no leave; may dig; may dig",
        },
        Case {
            parameter: "landing_needs_leave",
            base: |charter| {
                claims(charter);
                charter.zones = Some(ZoneTerms {
                    radius_m: 15.0,
                    work_days: 5.0,
                    landing_needs_leave: false,
                });
            },
            change: |charter| {
                if let Some(zones) = &mut charter.zones {
                    zones.landing_needs_leave = true;
                }
            },
            scene: |scene| {
                scene.file("ann", 0.0, 10.0).unwrap();
                let land =
                    |who: &str| words(scene.regime.may_land(&scene.registry, who, at(12.0), 0));
                format!("{}; {}", land("ann"), land("bolt"))
            },
            before: "done; done",
            after: "done; this is in the safety zone of ann, who has given you no leave",
        },
    ]);
}

#[test]
fn credentials_are_asked_for_as_the_charter_says() {
    let standing = |scene: &mut Scene| {
        let answer = |who: &str| words(scene.regime.check_standing(&scene.ledger, who));
        format!("{}; {}", answer("ann"), answer("bolt"))
    };
    let begin = |scene: &mut Scene| {
        for who in ["ann", "bolt", "dsa"] {
            scene.regime.begin(&mut scene.ledger, 0, who);
            scene.regime.begin(&mut scene.ledger, 0, who);
        }
        ["ann", "bolt", "dsa"]
            .map(|who| scene.gain(who).to_string())
            .join(", ")
    };
    let companies = |charter: &mut Charter| {
        charter.credentials.may_mine = vec![ProspectorKind::Company];
    };
    check(&[
        Case {
            parameter: "may_mine",
            base: nothing,
            change: companies,
            scene: standing,
            before: "done; done",
            after: "the charter gives no licence to a person; done",
        },
        Case {
            parameter: "incorporation_credits",
            base: nothing,
            change: |charter| {
                charter.credentials.may_mine =
                    vec![ProspectorKind::Company, ProspectorKind::Agency];
                charter.credentials.incorporation_credits = Some(12_000.0);
            },
            scene: begin,
            before: "0, 0, 0",
            after: "-12000, 0, 0",
        },
        Case {
            parameter: "standing_credits",
            base: nothing,
            change: |charter| charter.credentials.standing_credits = 1_500_000.0,
            scene: standing,
            before: "done; done",
            after: "the charter wants 1500000 credits in the account of whoever begins, fees included; done",
        },
        Case {
            parameter: "sponsor = HomeState",
            base: nothing,
            change: |charter| {
                charter.credentials.sponsor = Sponsor::HomeState { fee_credits: 300.0 };
            },
            scene: begin,
            before: "0, 0, 0",
            after: "-300, -300, 0",
        },
        Case {
            parameter: "sponsor = Agency",
            base: nothing,
            change: |charter| charter.credentials.sponsor = Sponsor::Agency,
            scene: |scene| {
                let before = words(scene.regime.check_standing(&scene.ledger, "ann"));
                scene.regime.sponsor("dsa", "ann").unwrap();
                let after = words(scene.regime.check_standing(&scene.ledger, "ann"));
                scene.regime.end_sponsorship("dsa", "ann").unwrap();
                let later = words(scene.regime.check_standing(&scene.ledger, "ann"));
                format!("{before}; {after}; {later}")
            },
            before: "done; done; done",
            after: "an agency must sponsor you first; done; an agency must sponsor you first",
        },
        Case {
            parameter: "licence_credits_per_year",
            base: nothing,
            change: |charter| charter.credentials.licence_credits_per_year = 36_525.0,
            scene: |scene| {
                scene.regime.begin(&mut scene.ledger, 0, "ann");
                // Active in the first month and not in the second.
                scene.pass_days(60);
                format!("{}, {}", scene.gain("ann"), scene.gain("bolt"))
            },
            before: "0, 0",
            after: "-3000, 0",
        },
        Case {
            parameter: "arrears_months_max",
            base: |charter| {
                charter.credentials = CredentialTerms {
                    licence_credits_per_year: 36_525_000.0,
                    ..CredentialTerms::default()
                };
            },
            change: |charter| charter.credentials.arrears_months_max = Some(1),
            scene: |scene| {
                for _ in 0..2 {
                    scene.dig("ann", 0.0, 1);
                    scene.pass_days(30);
                }
                let barred = words(scene.regime.check_standing(&scene.ledger, "ann"));
                // Money that comes in pays what is owed.
                scene.sell("ann", WATER, 1.0, 10_000_000).unwrap();
                scene.pass_days(1);
                format!(
                    "{barred}; {}, {}",
                    words(scene.regime.check_standing(&scene.ledger, "ann")),
                    scene.gain("ann")
                )
            },
            before: "done; done, 4000000",
            after: "the licence is 2 months in arrears, 5000000 credits in all; done, 4000000",
        },
    ]);
}

#[test]
fn royalties_fund_and_dividend_go_as_the_charter_says() {
    fn royalty(charter: &mut Charter) {
        charter.royalty = vec![RoyaltyStep {
            from_year: 0.0,
            rate: 0.1,
        }];
    }
    fn paying(charter: &mut Charter) {
        royalty(charter);
        charter.fund = FundTerms {
            royalty_share: 0.5,
            at_once_share: 0.5,
            payout_per_year: 1.0,
            ..FundTerms::default()
        };
        charter.dividend.rule = Dividend::PerHead;
    }
    /// What each has gained when a period is over: ann has sold for 2,000, bolt for 6,000.
    fn payout(scene: &mut Scene) -> String {
        scene.sell("ann", WATER, 1.0, 2_000).unwrap();
        scene.sell("bolt", WATER, 1.0, 6_000).unwrap();
        scene.pass_with(8766, &[]);
        PEOPLE
            .map(|(who, ..)| scene.gain(who).to_string())
            .join(", ")
    }
    /// What a sale of 1,000 leaves, and what is in the fund and the pot.
    fn sale(scene: &mut Scene) -> String {
        scene.sell("ann", WATER, 1.0, 1_000).unwrap();
        let accounts = *scene.regime.accounts();
        let credits = |account| 1e-6 * scene.ledger.balance(account) as f64;
        format!(
            "{}, fund {}, pot {}, authority {}",
            scene.gain("ann"),
            credits(accounts.fund),
            credits(accounts.pot),
            credits(accounts.registry)
        )
    }
    check(&[
        Case {
            parameter: "royalty",
            base: nothing,
            change: |charter| {
                royalty(charter);
                charter.royalty.push(RoyaltyStep {
                    from_year: 1.0,
                    rate: 0.2,
                });
            },
            scene: |scene| {
                scene.sell("ann", WATER, 1.0, 100).unwrap();
                scene.pass_days(365);
                scene.sell("ann", WATER, 1.0, 100).unwrap();
                scene.pass_days(1);
                scene.sell("ann", WATER, 1.0, 100).unwrap();
                // Years count from one's own first sale.
                scene.sell("bolt", WATER, 1.0, 100).unwrap();
                format!("{}, {}", scene.gain("ann"), scene.gain("bolt"))
            },
            before: "300, 100",
            after: "260, 90",
        },
        Case {
            parameter: "royalty_share",
            base: royalty,
            change: |charter| charter.fund.royalty_share = 0.3,
            scene: sale,
            before: "900, fund 0, pot 0, authority 100",
            after: "900, fund 30, pot 0, authority 70",
        },
        Case {
            parameter: "at_once_share",
            base: royalty,
            change: |charter| charter.fund.at_once_share = 0.4,
            scene: sale,
            before: "900, fund 0, pot 0, authority 100",
            after: "900, fund 0, pot 40, authority 60",
        },
        Case {
            parameter: "sales_share",
            base: nothing,
            change: |charter| charter.fund.sales_share = 0.3,
            scene: sale,
            before: "1000, fund 0, pot 0, authority 0",
            after: "700, fund 300, pot 0, authority 0",
        },
        Case {
            parameter: "local.share",
            base: nothing,
            change: |charter| {
                charter.local = Some(LocalTerms {
                    share: 0.2,
                    processed_share_min: 0.0,
                });
            },
            scene: sale,
            before: "1000, fund 0, pot 0, authority 0",
            after: "800, fund 200, pot 0, authority 0",
        },
        Case {
            parameter: "takes_fees",
            base: |charter| {
                claims(charter);
                charter.claims.fee_credits = 80.0;
            },
            change: |charter| charter.fund.takes_fees = true,
            scene: |scene| {
                scene.file("ann", 0.0, 5.0).unwrap();
                scene.regime.fund_credits(&scene.ledger).to_string()
            },
            before: "0",
            after: "80",
        },
        Case {
            parameter: "return_per_year",
            base: |charter| charter.fund.sales_share = 0.5,
            change: |charter| charter.fund.return_per_year = 0.1,
            scene: |scene| {
                scene.sell("ann", WATER, 1.0, 2_000).unwrap();
                // What comes in during a year earns from the next on.
                scene.pass_with(8766, &[]);
                let first = scene.regime.fund_credits(&scene.ledger);
                scene.pass_with(8766, &[]);
                format!("{first}, {}", scene.regime.fund_credits(&scene.ledger))
            },
            before: "1000, 1000",
            after: "1000, 1100",
        },
        Case {
            parameter: "payout_per_year",
            base: |charter| {
                charter.fund.sales_share = 0.5;
                charter.dividend.rule = Dividend::PerHead;
            },
            change: |charter| charter.fund.payout_per_year = 0.25,
            scene: payout,
            before: "1000, 3000, 0, 0",
            after: "1250, 3250, 250, 250",
        },
        Case {
            parameter: "period_days",
            base: paying,
            change: |charter| {
                charter.fund.period_days = 30.0;
                charter.fund.payout_per_year = 12.0;
            },
            scene: |scene| {
                scene.sell("ann", WATER, 1.0, 1_000).unwrap();
                scene.pass_days(30);
                (0.0 < scene.gain("bolt")).to_string()
            },
            before: "false",
            after: "true",
        },
        Case {
            parameter: "dividend = PerHead",
            base: |charter| {
                paying(charter);
                charter.dividend.rule = Dividend::Nothing;
            },
            change: |charter| charter.dividend.rule = Dividend::PerHead,
            scene: payout,
            before: "1800, 5400, 0, 0",
            after: "2000, 5600, 200, 200",
        },
        Case {
            parameter: "dividend = ByContribution",
            base: paying,
            change: |charter| charter.dividend.rule = Dividend::ByContribution { floor_share: 0.0 },
            scene: payout,
            before: "2000, 5600, 200, 200",
            after: "2000, 6000, 0, 0",
        },
        Case {
            parameter: "floor_share",
            base: |charter| {
                paying(charter);
                charter.dividend.rule = Dividend::ByContribution { floor_share: 0.0 };
            },
            change: |charter| charter.dividend.rule = Dividend::ByContribution { floor_share: 0.5 },
            scene: payout,
            before: "2000, 6000, 0, 0",
            after: "2000, 5800, 100, 100",
        },
        Case {
            parameter: "dividend = ByNeed",
            base: paying,
            change: |charter| charter.dividend.rule = Dividend::ByNeed,
            scene: |scene| {
                payout(scene);
                let paid = |who: &str| scene.regime.records().of(who).unwrap().dividends_ucr;
                let falls = PEOPLE
                    .windows(2)
                    .all(|pair| paid(pair[1].0) < paid(pair[0].0));
                let sum: i64 = PEOPLE.iter().map(|(who, ..)| paid(who)).sum();
                format!("{falls}, {sum}")
            },
            before: "false, 800000000",
            after: "true, 800000000",
        },
        Case {
            parameter: "outside_share",
            base: paying,
            change: |charter| charter.dividend.outside_share = 0.25,
            scene: |scene| {
                let gains = payout(scene);
                format!(
                    "{gains}, abroad {}",
                    scene.regime.treasury().abroad_credits()
                )
            },
            before: "2000, 5600, 200, 200, abroad 0",
            after: "1950, 5550, 150, 150, abroad 200",
        },
    ]);
}

fn quota(charter: &mut Charter) {
    charter.quota = Some(QuotaTerms {
        goods: vec![Good::Platinum],
        node: Some("Earth".to_owned()),
        mass_kg_per_year: 40.0,
        allocation: Allocation::Equal,
    });
}

#[test]
fn quotas_bind_in_shares_that_can_be_traded() {
    fn sell_20_kg(scene: &mut Scene) -> String {
        format!(
            "{}; {}; {}",
            words(scene.sell("ann", TO_EARTH, 20.0, 1)),
            words(scene.sell("ann", (Good::Platinum, "LEO"), 20.0, 1)),
            words(scene.sell("ann", (Good::Water, "Earth"), 20.0, 1)),
        )
    }
    check(&[
        Case {
            parameter: "quota",
            base: nothing,
            change: quota,
            scene: sell_20_kg,
            before: "done; done; done",
            after: "the quota of platinum leaves you 10.000 kg to sell this year, and this is 20.000 kg; done; done",
        },
        Case {
            parameter: "quota.mass_kg_per_year",
            base: quota,
            change: |charter| {
                if let Some(quota) = &mut charter.quota {
                    quota.mass_kg_per_year = 80.0;
                }
            },
            scene: |scene| words(scene.sell("ann", TO_EARTH, 20.0, 1)),
            before: "the quota of platinum leaves you 10.000 kg to sell this year, and this is 20.000 kg",
            after: "done",
        },
        Case {
            parameter: "quota.node",
            base: quota,
            change: |charter| {
                if let Some(quota) = &mut charter.quota {
                    quota.node = None;
                }
            },
            scene: |scene| words(scene.sell("ann", (Good::Platinum, "LEO"), 20.0, 1)),
            before: "done",
            after: "the quota of platinum leaves you 10.000 kg to sell this year, and this is 20.000 kg",
        },
        Case {
            parameter: "quota.allocation",
            base: quota,
            change: |charter| {
                if let Some(quota) = &mut charter.quota {
                    quota.allocation = Allocation::Auctioned;
                }
            },
            scene: |scene| {
                let given = scene.regime.treasury().shares_of("bolt");
                for auction in 1..=20 {
                    let _ = scene.regime.bid(
                        &scene.registry,
                        &mut scene.ledger,
                        0,
                        "bolt",
                        (auction, 1_000_000),
                        None,
                    );
                }
                scene.pass_days(8);
                format!(
                    "{given}, then {} for {}",
                    scene.regime.treasury().shares_of("bolt"),
                    scene.gain("bolt")
                )
            },
            before: "2500, then 2500 for 0",
            after: "0, then 10000 for -20",
        },
        Case {
            parameter: "claims.rule = Quota",
            base: quota,
            change: |charter| charter.claims.rule = ClaimRule::Quota,
            scene: |scene| {
                assert!(scene.regime.transfer_quota("ann", "bolt", 2500));
                assert!(!scene.regime.transfer_quota("ann", "bolt", 1));
                format!(
                    "{}; {}",
                    scene.dig_answer("ann", 0.0),
                    scene.dig_answer("bolt", 0.0)
                )
            },
            before: "may dig; may dig",
            after: "the charter lets those dig who hold shares of the quota, and you hold none; may dig",
        },
    ]);
    // A new year is a new quota, and shares that are bought can be used.
    let mut charter = Charter::default();
    quota(&mut charter);
    let mut scene = Scene::of(charter);
    scene.sell("ann", TO_EARTH, 10.0, 1).unwrap();
    assert!(scene.sell("ann", TO_EARTH, 0.001, 1).is_err());
    let title = Title::Quota { shares: 1000 };
    let offer = scene
        .regime
        .offer_title(&scene.registry, 0, "bolt", title, 7_000_000, None);
    let registry = &mut scene.registry;
    scene
        .regime
        .accept_title(registry, &mut scene.ledger, 0, offer.unwrap(), "ann")
        .unwrap();
    scene.sell("ann", TO_EARTH, 4.0, 1).unwrap();
    assert!(scene.sell("bolt", TO_EARTH, 6.001, 1).is_err());
    scene.pass_with(8766, &[]);
    scene.sell("ann", TO_EARTH, 14.0, 1).unwrap();
    // By history: a quota that is voted in later goes by what each has sold.
    let mut later = Charter::clone(scene.regime.charter());
    later.quota.as_mut().unwrap().allocation = Allocation::ByHistory;
    scene.sell("dsa", WATER, 1.0, 29).unwrap();
    scene.regime.enact(&mut scene.log, scene.now_ms, later);
    let shares = scene.regime.treasury().shares();
    assert_eq!(shares.values().sum::<u32>(), 10_000);
    assert!(
        shares["ann"] < shares["dsa"] && shares["bolt"] == 0,
        "{shares:?}"
    );
}

#[test]
fn duties_are_inspected_and_fined_as_the_charter_says() {
    fn inspected(charter: &mut Charter) {
        charter.inspections = Some(InspectionTerms {
            interval_days: 10.0,
            find_probability: 1.0,
            fine_credits: 100.0,
            repeat_factor: 1.0,
        });
    }
    fn terms(charter: &mut Charter) -> &mut InspectionTerms {
        charter.inspections.as_mut().unwrap()
    }
    fn recorded(charter: &mut Charter) {
        claims(charter);
        inspected(charter);
        charter.claims.enforcement = Enforcement::Recorded;
    }
    /// Bolt digs on two claims of ann's in each of forty days.
    fn trespass(scene: &mut Scene) -> String {
        scene.file("ann", 0.0, 10.0).unwrap();
        scene.file("ann", 40.0, 10.0).unwrap();
        for _ in 0..40 {
            scene.dig("bolt", 0.0, 10);
            scene.dig("bolt", 40.0, 10);
            scene.pass_days(1);
        }
        scene.gain("bolt").to_string()
    }
    /// One robot at work for some hours of each of fourteen days.
    fn work(scene: &mut Scene, hours: u64, days: u64) -> String {
        for day in 0..14 {
            let working = RobotFact {
                working: day % 7 < days,
                ..robot("r", "ann")
            };
            scene.pass_with(hours, &[working]);
            scene.pass_with(24 - hours, &[robot("r", "ann")]);
        }
        scene.pass_days(10);
        scene.gain("ann").to_string()
    }
    fn labour(
        hours_per_day_max: f64,
        rest_days_per_week: u32,
        crews_per_robot: u32,
    ) -> LabourTerms {
        LabourTerms {
            hours_per_day_max,
            rest_days_per_week,
            crews_per_robot,
        }
    }
    fn protected(charter: &mut Charter) {
        charter.contamination = Some(ContaminationTerms {
            class: ProtectionClass::IV,
            sterilisation_credits_per_robot: 0.0,
            limit_spores: 5e5,
            fine_credits: 0.0,
        });
    }
    /// Two robots of ann's die on the body, one is lost to space.
    fn wrecks(scene: &mut Scene) -> String {
        let dead = |name| RobotFact {
            dead: true,
            ..robot(name, "ann")
        };
        let lost = RobotFact {
            lost: true,
            ..robot("c", "ann")
        };
        scene.pass_with(
            30,
            &[robot("a", "ann"), robot("b", "ann"), robot("c", "ann")],
        );
        scene.pass_with(30, &[dead("a"), dead("b"), lost]);
        let records = scene.regime.records();
        format!(
            "{}, {:e} spores, {} kg",
            scene.gain("ann"),
            records.spores(),
            records.debris_kg()
        )
    }
    check(&[
        Case {
            parameter: "inspections",
            base: |charter| {
                claims(charter);
                charter.claims.enforcement = Enforcement::Recorded;
            },
            change: inspected,
            scene: trespass,
            before: "0",
            after: "-800",
        },
        Case {
            parameter: "interval_days",
            base: recorded,
            change: |charter| terms(charter).interval_days = 20.0,
            scene: trespass,
            before: "-800",
            after: "-400",
        },
        Case {
            parameter: "find_probability",
            base: recorded,
            change: |charter| terms(charter).find_probability = 0.0,
            scene: trespass,
            before: "-800",
            after: "0",
        },
        Case {
            parameter: "fine_credits",
            base: recorded,
            change: |charter| terms(charter).fine_credits = 3.0,
            scene: trespass,
            before: "-800",
            after: "-24",
        },
        Case {
            parameter: "repeat_factor",
            base: recorded,
            change: |charter| terms(charter).repeat_factor = 2.0,
            scene: trespass,
            before: "-800",
            after: "-25500",
        },
        Case {
            parameter: "hours_per_day_max",
            base: |charter| {
                inspected(charter);
                charter.labour = Some(labour(12.0, 0, 1));
            },
            change: |charter| charter.labour = Some(labour(8.0, 0, 1)),
            scene: |scene| work(scene, 10, 7),
            before: "0",
            after: "-200",
        },
        Case {
            parameter: "crews_per_robot",
            base: |charter| {
                inspected(charter);
                charter.labour = Some(labour(8.0, 0, 1));
            },
            change: |charter| charter.labour = Some(labour(8.0, 0, 2)),
            scene: |scene| work(scene, 10, 7),
            before: "-200",
            after: "0",
        },
        Case {
            parameter: "rest_days_per_week",
            base: |charter| {
                inspected(charter);
                charter.labour = Some(labour(12.0, 1, 1));
            },
            change: |charter| charter.labour = Some(labour(12.0, 2, 1)),
            scene: |scene| work(scene, 10, 6),
            before: "0",
            after: "-200",
        },
        Case {
            parameter: "processed_share_min",
            base: |charter| {
                inspected(charter);
                charter.local = Some(LocalTerms {
                    share: 0.0,
                    processed_share_min: 0.3,
                });
            },
            change: |charter| {
                charter.local = Some(LocalTerms {
                    share: 0.0,
                    processed_share_min: 0.6,
                });
            },
            scene: |scene| {
                scene.sell("ann", WATER, 5.0, 0).unwrap();
                scene
                    .sell("ann", (Good::Feedstock, "EML1"), 5.0, 0)
                    .unwrap();
                scene.pass_days(20);
                scene.gain("ann").to_string()
            },
            before: "0",
            after: "-100",
        },
        Case {
            parameter: "contamination.class",
            base: |charter| {
                protected(charter);
                charter.contamination.as_mut().unwrap().class = ProtectionClass::II;
            },
            change: protected,
            scene: wrecks,
            before: "0, 6e7 spores, 100 kg",
            after: "0, 6e5 spores, 100 kg",
        },
        Case {
            parameter: "sterilisation_credits_per_robot",
            base: protected,
            change: |charter| {
                let terms = charter.contamination.as_mut().unwrap();
                terms.sterilisation_credits_per_robot = 7.0;
            },
            scene: wrecks,
            before: "0, 6e5 spores, 100 kg",
            after: "-21, 6e5 spores, 100 kg",
        },
        Case {
            parameter: "contamination.fine_credits",
            base: protected,
            change: |charter| charter.contamination.as_mut().unwrap().fine_credits = 5.0,
            scene: wrecks,
            before: "0, 6e5 spores, 100 kg",
            after: "-5, 6e5 spores, 100 kg",
        },
        Case {
            parameter: "contamination.limit_spores",
            base: |charter| {
                protected(charter);
                charter.contamination.as_mut().unwrap().fine_credits = 5.0;
            },
            change: |charter| charter.contamination.as_mut().unwrap().limit_spores = 1e5,
            scene: wrecks,
            before: "-5, 6e5 spores, 100 kg",
            after: "-10, 6e5 spores, 100 kg",
        },
        Case {
            parameter: "debris.credits_per_kg",
            base: protected,
            change: |charter| {
                charter.debris = DebrisTerms {
                    credits_per_kg: 2.0,
                }
            },
            scene: wrecks,
            before: "0, 6e5 spores, 100 kg",
            after: "-200, 6e5 spores, 100 kg",
        },
    ]);
}

#[test]
fn disputes_are_ruled_by_the_charter_and_the_record() {
    fn court(charter: &mut Charter) {
        claims(charter);
        charter.claims.enforcement = Enforcement::Recorded;
        charter.disputes = Some(DisputeTerms {
            cost_credits: 50.0,
            ruling_days: 10.0,
            trespass_credits_per_kg: 0.0,
            damage_credits_per_kg: 0.0,
        });
    }
    fn terms(charter: &mut Charter) -> &mut DisputeTerms {
        charter.disputes.as_mut().unwrap()
    }
    fn complain(scene: &mut Scene, by: &str, against: &str, cause: Cause) -> String {
        words(scene.regime.complain(
            &scene.registry,
            &mut scene.ledger,
            scene.now_ms,
            by,
            against,
            cause,
            2,
        ))
    }
    /// Bolt digs 3 kg on ann's claim and pours 2 kg there; ann complains of both.
    fn wronged(scene: &mut Scene) -> String {
        scene.file("ann", 0.0, 10.0).unwrap();
        scene.dig("bolt", 0.0, 3_000);
        scene.registry.record_pouring("bolt", at(1.0), 2_000);
        let answer = complain(scene, "ann", "bolt", Cause::Trespass { claim: 1 });
        complain(scene, "ann", "bolt", Cause::Damage { claim: 1 });
        scene.pass_days(5);
        let early = scene.gain("bolt");
        scene.pass_days(6);
        format!(
            "{answer}, {early}, {}, {}",
            scene.gain("ann"),
            scene.gain("bolt")
        )
    }
    check(&[
        Case {
            parameter: "disputes",
            base: claims,
            change: court,
            scene: wronged,
            before: "the charter knows no court, 0, 0, 0",
            after: "done, 0, 0, -100",
        },
        Case {
            parameter: "cost_credits",
            base: court,
            change: |charter| terms(charter).cost_credits = 60.0,
            scene: wronged,
            before: "done, 0, 0, -100",
            after: "done, 0, 0, -120",
        },
        Case {
            parameter: "ruling_days",
            base: court,
            change: |charter| terms(charter).ruling_days = 3.0,
            scene: wronged,
            before: "done, 0, 0, -100",
            after: "done, -100, 0, -100",
        },
        Case {
            parameter: "trespass_credits_per_kg",
            base: court,
            change: |charter| terms(charter).trespass_credits_per_kg = 10.0,
            scene: wronged,
            before: "done, 0, 0, -100",
            after: "done, 0, 30, -130",
        },
        Case {
            parameter: "damage_credits_per_kg",
            base: court,
            change: |charter| terms(charter).damage_credits_per_kg = 10.0,
            scene: wronged,
            before: "done, 0, 0, -100",
            after: "done, 0, 20, -120",
        },
    ]);
    // Who complains without evidence pays; a claim over ground that another had surveyed falls.
    let mut charter = Charter::default();
    court(&mut charter);
    let mut scene = Scene::of(charter);
    scene.file("ann", 0.0, 10.0).unwrap();
    let surveyed = scene.request("bolt", 40.0, 10.0, 1);
    scene.file_request(surveyed).unwrap();
    let priority = |claim| Cause::Priority { claim };
    assert_eq!(complain(&mut scene, "coop", "ann", priority(1)), "done");
    assert_eq!(complain(&mut scene, "coop", "bolt", priority(2)), "done");
    assert_eq!(
        complain(&mut scene, "coop", "ann", priority(1)),
        "such a complaint of yours is before the court already, number 1"
    );
    scene.pass_days(11);
    let rulings: Vec<bool> = scene
        .regime
        .disputes()
        .all()
        .iter()
        .map(|dispute| dispute.ruling.as_ref().unwrap().upheld)
        .collect();
    assert_eq!(rulings, [true, false]);
    assert_eq!(scene.holder(0.0), "nobody");
    assert_eq!(scene.holder(40.0), "bolt");
    let gains = ["ann", "bolt", "coop"].map(|who| scene.gain(who));
    assert_eq!(gains, [-50.0, 0.0, -50.0]);
}

#[test]
fn charters_are_changed_by_vote_and_treaties_by_members() {
    fn votes(charter: &mut Charter) {
        charter.politics = Some(PoliticsTerms {
            weight: Weight::PerHead,
            quorum: 0.5,
            majority: 0.5,
            voting_days: 10.0,
        });
    }
    fn terms(charter: &mut Charter) -> &mut PoliticsTerms {
        charter.politics.as_mut().unwrap()
    }
    /// Ann proposes a royalty, bolt and the co-operative vote for it, the agency against it.
    fn vote(scene: &mut Scene) -> String {
        let articles = [Article::Royalty(vec![RoyaltyStep {
            from_year: 0.0,
            rate: 0.25,
        }])];
        let (regime, log) = (&mut scene.regime, &mut scene.log);
        let proposal = regime.propose(log, scene.now_ms, "ann", &articles, "for the schools");
        let Ok(id) = proposal else {
            return words(proposal);
        };
        for (who, in_favour) in [("bolt", true), ("dsa", false)] {
            regime.vote(scene.now_ms, who, id, in_favour).unwrap();
        }
        scene.pass_days(6);
        let early = scene.regime.royalty_rate("ann", scene.now_ms);
        scene.pass_days(5);
        format!(
            "{early}, {}",
            scene.regime.royalty_rate("ann", scene.now_ms)
        )
    }
    check(&[
        Case {
            parameter: "politics",
            base: nothing,
            change: votes,
            scene: vote,
            before: "the charter cannot be changed by vote",
            after: "0, 0.25",
        },
        Case {
            parameter: "weight",
            base: votes,
            // Ann and bolt have 3 millions, the agency has 4.
            change: |charter| terms(charter).weight = Weight::ByCapital,
            scene: vote,
            before: "0, 0.25",
            after: "0, 0",
        },
        Case {
            parameter: "weight = ByShare",
            base: |charter| {
                votes(charter);
                quota(charter);
            },
            change: |charter| terms(charter).weight = Weight::ByShare,
            scene: |scene| {
                assert!(scene.regime.transfer_quota("coop", "dsa", 2500));
                vote(scene)
            },
            before: "0, 0.25",
            after: "0, 0",
        },
        Case {
            parameter: "quorum",
            base: votes,
            change: |charter| terms(charter).quorum = 0.8,
            scene: vote,
            before: "0, 0.25",
            after: "0, 0",
        },
        Case {
            parameter: "majority",
            base: votes,
            change: |charter| terms(charter).majority = 0.67,
            scene: vote,
            before: "0, 0.25",
            after: "0, 0",
        },
        Case {
            parameter: "voting_days",
            base: votes,
            change: |charter| terms(charter).voting_days = 5.0,
            scene: vote,
            before: "0, 0.25",
            after: "0.25, 0.25",
        },
    ]);

    fn treaty(charter: &mut Charter) {
        charter.royalty = vec![RoyaltyStep {
            from_year: 0.0,
            rate: 0.1,
        }];
        charter.treaty = Some(TreatyTerms {
            quorum: 0.5,
            founded: true,
            joining_credits: 0.0,
            leaving_credits: 0.0,
            outsiders_may_mine: true,
        });
    }
    fn compact(charter: &mut Charter) -> &mut TreatyTerms {
        charter.treaty.as_mut().unwrap()
    }
    /// Ann leaves and sells for 100, bolt stays and sells for 100, ann joins again.
    fn leave(scene: &mut Scene) -> String {
        let left = words(scene.regime.leave(&mut scene.ledger, 0, "ann"));
        scene.sell("ann", WATER, 1.0, 100).unwrap();
        scene.sell("bolt", WATER, 1.0, 100).unwrap();
        let mines = words(scene.regime.check_standing(&scene.ledger, "ann"));
        let joined = words(scene.regime.join(&mut scene.ledger, 0, "ann"));
        format!(
            "{left}, {mines}, {joined}, {}, {}",
            scene.gain("ann"),
            scene.gain("bolt")
        )
    }
    check(&[
        Case {
            parameter: "treaty",
            base: |charter| {
                treaty(charter);
                charter.treaty = None;
            },
            change: treaty,
            scene: leave,
            before: "the charter knows no treaty to join or leave, done, the charter knows no treaty to join or leave, 90, 90",
            after: "done, done, done, 100, 90",
        },
        Case {
            parameter: "treaty.quorum",
            base: treaty,
            change: |charter| compact(charter).quorum = 1.0,
            scene: leave,
            before: "done, done, done, 100, 90",
            after: "done, done, done, 100, 100",
        },
        Case {
            parameter: "founded",
            base: treaty,
            change: |charter| compact(charter).founded = false,
            scene: leave,
            before: "done, done, done, 100, 90",
            after: "you are no member, done, done, 100, 100",
        },
        Case {
            parameter: "joining_credits",
            base: treaty,
            change: |charter| compact(charter).joining_credits = 30.0,
            scene: leave,
            before: "done, done, done, 100, 90",
            after: "done, done, done, 70, 90",
        },
        Case {
            parameter: "leaving_credits",
            base: treaty,
            change: |charter| compact(charter).leaving_credits = 40.0,
            scene: leave,
            before: "done, done, done, 100, 90",
            after: "done, done, done, 60, 90",
        },
        Case {
            parameter: "outsiders_may_mine",
            base: treaty,
            change: |charter| compact(charter).outsiders_may_mine = false,
            scene: leave,
            before: "done, done, done, 100, 90",
            after: "done, only members of the treaty may mine, done, 100, 90",
        },
    ]);
}

#[test]
fn an_agency_pays_for_those_it_answers_for() {
    let mut charter = first_come();
    charter.debris.credits_per_kg = 20_000.0;
    let mut scene = Scene::of(charter);
    scene.regime.sponsor("dsa", "ann").unwrap();
    let lost = RobotFact {
        lost: true,
        ..robot("r", "ann")
    };
    // 100 kg cost two millions: ann has one, and her sponsor pays the other.
    scene.pass_with(1, &[lost]);
    assert_eq!(
        (scene.balance("ann"), scene.gain("dsa")),
        (0.0, -1_000_000.0)
    );
    assert_eq!(scene.regime.owed_ucr("ann"), 0);
}

#[test]
fn what_an_insolvent_holds_goes_back() {
    let mut charter = first_come();
    charter.claims.leasable = true;
    quota(&mut charter);
    charter.debris.credits_per_kg = 20_000.0;
    let mut scene = Scene::of(charter);
    scene.file("ann", 0.0, 10.0).unwrap();
    scene.file("bolt", 40.0, 10.0).unwrap();
    let title = Title::Lease {
        claim: 2,
        days: 50.0,
        rent_credits: 1.0,
    };
    let offer = scene
        .regime
        .offer_title(&scene.registry, 0, "bolt", title, 0, None)
        .unwrap();
    scene
        .regime
        .accept_title(&mut scene.registry, &mut scene.ledger, 0, offer, "ann")
        .unwrap();
    let lost = RobotFact {
        lost: true,
        ..robot("r", "ann")
    };
    scene.pass_with(1, &[lost]);
    let owed_ucr = scene.regime.owed_ucr("ann");
    assert!(0 < owed_ucr);
    let written_off_ucr = scene
        .regime
        .wind_up(&mut scene.registry, scene.now_ms, "ann");
    assert_eq!(written_off_ucr, owed_ucr);
    assert_eq!(scene.regime.owed_ucr("ann"), 0);
    assert_eq!(scene.holder(0.0), "nobody");
    assert_eq!(scene.dig_answer("bolt", 40.0), "may dig");
    let shares = scene.regime.treasury().shares();
    assert!(!shares.contains_key("ann"));
    assert_eq!(shares.values().sum::<u32>(), 10_000);
}

#[test]
fn people_are_told_of_changes_in_plain_words() {
    let mut scene = Scene::of(first_come());
    let mut after = first_come();
    after.claims.fee_credits = 10.0;
    scene.regime.enact(&mut scene.log, 0, after);
    let told: Vec<&str> = scene
        .log
        .lines()
        .iter()
        .map(|line| line.text.as_str())
        .collect();
    assert_eq!(
        told,
        [
            "No longer: The first to file holds the ground. A claim costs nothing.",
            "Now: The first to file holds the ground. A claim costs 10 credits.",
        ]
    );
}
