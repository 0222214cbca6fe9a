//! What the charter says holds for orders and for the world.

use bonanza::headless::Headless;
use bonanza::sim::law::charter::{
    Article, Charter, ClaimRule, ClaimTerms, CredentialTerms, DisclosureTerms, Dividend,
    DividendTerms, Enforcement, FundTerms, PoliticsTerms, RoyaltyStep, Weight,
};
use bonanza::sim::law::disputes::Cause;
use bonanza::sim::law::titles::Title;
use bonanza::sim::level::{Brain, CharterChoice, Level, ProspectorKind};
use bonanza::sim::order::Order;

const HOUR_MS: u64 = 3_600_000;

/// First water without scripts, with 50 kg of water in every tank, under a charter of the test's.
fn world(change: impl FnOnce(&mut Charter)) -> Headless {
    let mut level = Level::find("first-water").expect("the level ships with the program");
    for prospector in &mut level.prospectors {
        prospector.brain = Brain::Human;
    }
    for kind in level.plant_kinds.values_mut() {
        kind.water_kg = 50.0;
    }
    level.costs.upkeep_credits_per_robot_day = 0.0;
    level.costs.upkeep_credits_per_plant_day = 0.0;
    let mut charter = Charter {
        id: "test".to_owned(),
        name: "Test".to_owned(),
        claims: ClaimTerms {
            rule: ClaimRule::FirstCome,
            ..ClaimTerms::default()
        },
        ..Charter::default()
    };
    change(&mut charter);
    level.charter = CharterChoice::Own(Box::new(charter));
    level.validate().expect("the charter is sound");
    Headless::load(&level, None).expect("the level names a known body")
}

/// How an order is answered in the next tick.
fn answer(world: &mut Headless, by: &str, order: Order) -> String {
    world.submit(by, order);
    world.step();
    let taken = world.orders_taken().last().expect("it has been taken");
    match &taken.answer {
        Ok(()) => "done".to_owned(),
        Err(refusal) => refusal.to_string(),
    }
}

fn credits(world: &Headless, name: &str) -> f64 {
    let account = world.account(name).expect("the level has it");
    1e-6 * world.ledger().balance(account) as f64
}

/// The corners of a square around a robot, in the air above the ground.
fn square(world: &mut Headless, robot: &str, half_m: f32) -> Vec<[f64; 3]> {
    let scene = world.scene();
    let robot = scene.robots.iter().find(|each| each.name == robot).unwrap();
    let up = scene.outward(robot.position_m);
    let east = up.any_orthonormal_vector();
    let north = up.cross(east);
    [(-1.0, -1.0), (1.0, -1.0), (1.0, 1.0), (-1.0, 1.0)]
        .map(|(x, y)| {
            let corner_m = robot.position_m + half_m * (x * east + y * north) + 3.0 * up;
            corner_m.as_dvec3().to_array()
        })
        .to_vec()
}

fn file(robot: &str) -> Order {
    Order::FileClaim {
        robot: robot.to_owned(),
        radius_m: 8.0,
    }
}

fn dig(robot: &str) -> Order {
    Order::Dig {
        robot: robot.to_owned(),
        until_kg: Some(1.0),
    }
}

#[test]
fn ground_is_filed_by_cap_or_by_corners_and_its_title_sold() {
    let mut world = world(|charter| charter.claims.transferable = true);
    world.run_until_ms(60_000);
    let corners_m = square(&mut world, "hydra-1", 7.0);
    let bounds = |robot: Option<&str>| Order::FileBoundary {
        robot: robot.map(str::to_owned),
        corners_m: corners_m.clone(),
    };
    assert_eq!(answer(&mut world, "player", file("digger-1")), "done");
    assert_eq!(
        answer(&mut world, "hydra", bounds(None)),
        "the charter wants a robot of yours to stand on the ground that is claimed"
    );
    assert_eq!(
        answer(&mut world, "hydra", bounds(Some("hydra-2"))),
        "hydra-2 stands outside the boundary"
    );
    assert_eq!(answer(&mut world, "hydra", bounds(Some("hydra-1"))), "done");
    let claims = world.observe("tycho").unwrap().claims;
    assert_eq!(claims[1].owner, "hydra");
    assert_eq!(claims[1].corners_m.len(), 4);
    // Nobody else files over it, however the ground is described.
    let refusal = answer(&mut world, "tycho", bounds(Some("tycho-1")));
    assert_eq!(refusal, "tycho-1 stands outside the boundary");

    let offer = Order::OfferTitle {
        title: Title::Claim { claim: 2 },
        price_credits: 1_000.0,
        to: Some("tycho".to_owned()),
    };
    assert_eq!(answer(&mut world, "hydra", offer), "done");
    assert_eq!(world.observe("tycho").unwrap().law.titles.len(), 1);
    let take = Order::AcceptTitle { offer: 1 };
    assert_eq!(
        answer(&mut world, "player", take.clone()),
        "offer 1 is not for you"
    );
    assert_eq!(answer(&mut world, "tycho", take), "done");
    assert_eq!(
        answer(&mut world, "hydra", dig("hydra-1")),
        "this is claim 2 of tycho"
    );
    assert_eq!(credits(&world, "hydra"), 251_000.0);
    assert_eq!(world.claims().journal().len(), 3);
}

#[test]
fn a_charter_may_let_ground_be_claimed_from_afar() {
    let mut world = world(|charter| charter.claims.on_the_spot = false);
    let corners_m = square(&mut world, "hydra-1", 7.0);
    let order = Order::FileBoundary {
        robot: None,
        corners_m,
    };
    assert_eq!(answer(&mut world, "player", order), "done");
    world.run_until_ms(60_000);
    assert_eq!(
        answer(&mut world, "hydra", dig("hydra-1")),
        "this is claim 1 of player"
    );
}

#[test]
fn a_sale_pays_its_royalty_and_every_head_has_its_dividend() {
    let mut world = world(|charter| {
        charter.royalty = vec![RoyaltyStep {
            from_year: 0.0,
            rate: 0.1,
        }];
        charter.fund = FundTerms {
            at_once_share: 1.0,
            period_days: 1.0,
            ..FundTerms::default()
        };
        charter.dividend = DividendTerms {
            rule: Dividend::PerHead,
            outside_share: 0.0,
        };
    });
    let sell = Order::Sell {
        plant: "player-still".to_owned(),
        mass_kg: 10.0,
    };
    assert_eq!(answer(&mut world, "player", sell), "done");
    let journal = world.ledger().journal();
    let of = |memo: &str| -> i64 {
        let lines = journal.iter().filter(|line| line.memo.as_str() == memo);
        lines.map(|line| line.amount).sum()
    };
    let buyer = world.ledger().find("buyer:EML1").unwrap();
    let price_ucr: i64 = journal
        .iter()
        .filter(|line| line.from == buyer)
        .map(|line| line.amount)
        .sum();
    assert_eq!(of("royalty"), price_ucr / 10);
    let mut again = Headless::restore(&world.save()).expect("it has just been saved");
    for world in [&mut world, &mut again] {
        world.run_until_ms(25 * HOUR_MS);
        let third = 1e-6 * (price_ucr / 10) as f64 / 3.0;
        for name in ["hydra", "tycho"] {
            let gain = credits(world, name) - 250_000.0;
            assert!((gain - third).abs() < 2e-6, "{name}: {gain} of {third}");
        }
        assert_eq!(world.ledger().credit_error_ucr(), 0);
    }
    assert_eq!(world.state_hash(), again.state_hash());
}

#[test]
fn who_has_no_credential_does_not_dig() {
    let mut world = world(|charter| {
        charter.credentials = CredentialTerms {
            may_mine: vec![ProspectorKind::Company],
            ..CredentialTerms::default()
        };
    });
    world.run_until_ms(60_000);
    assert_eq!(
        answer(&mut world, "player", dig("digger-1")),
        "the charter gives no licence to a person"
    );
    assert_eq!(answer(&mut world, "hydra", dig("hydra-1")), "done");
}

#[test]
fn digging_where_one_may_not_is_refused_or_recorded_as_the_charter_says() {
    for enforcement in [Enforcement::Refused, Enforcement::Recorded] {
        let mut world = world(|charter| {
            charter.claims.enforcement = enforcement;
            charter.claims.on_the_spot = false;
        });
        world.run_until_ms(60_000);
        let corners_m = square(&mut world, "hydra-1", 7.0);
        let claim = Order::FileBoundary {
            robot: None,
            corners_m,
        };
        assert_eq!(answer(&mut world, "player", claim), "done");
        let anchor = Order::Anchor {
            robot: "hydra-1".to_owned(),
        };
        assert_eq!(answer(&mut world, "hydra", anchor), "done");
        world.run_until_ms(HOUR_MS);
        let answer = answer(&mut world, "hydra", dig("hydra-1"));
        world.run_until_ms(4 * HOUR_MS);
        let seen = world.observe("player").unwrap().law.trespassers;
        if enforcement == Enforcement::Refused {
            assert_eq!(answer, "this is claim 1 of player");
            assert!(seen.is_empty());
        } else {
            assert_eq!(answer, "done");
            let dug_g = world.report().prospectors[1].dug_g;
            assert!(0 < dug_g);
            assert_eq!(seen, [(1, "hydra".to_owned(), 1e-3 * dug_g as f64)]);
        }
    }
}

#[test]
fn readings_become_public_when_the_charter_says() {
    let known = |disclosure: Option<DisclosureTerms>| {
        let mut world = world(|charter| charter.disclosure = disclosure);
        world.run_until_ms(60_000);
        let survey = Order::Survey {
            robot: "digger-1".to_owned(),
        };
        assert_eq!(answer(&mut world, "player", survey), "done");
        world.run_until_ms(3 * HOUR_MS);
        assert_eq!(world.observe("player").unwrap().samples.len(), 1);
        world.observe("hydra").unwrap().samples.len()
    };
    let after = |after_days: f64| {
        Some(DisclosureTerms {
            after_days,
            members_only: false,
        })
    };
    assert_eq!(known(None), 0);
    assert_eq!(known(after(10.0)), 0);
    assert_eq!(known(after(0.01)), 1);
}

#[test]
fn refused_orders_change_nothing() {
    let nonsense = [
        Order::RenewClaim { claim: 0 },
        Order::AbandonClaim { claim: u32::MAX },
        Order::AuctionClaim {
            claim: 1,
            reserve_credits: f64::NAN,
        },
        Order::Bid {
            auction: 0,
            credits: -1.0,
        },
        Order::OfferTitle {
            title: Title::Lease {
                claim: 1,
                days: f64::INFINITY,
                rent_credits: 1.0,
            },
            price_credits: 1.0,
            to: None,
        },
        Order::OfferTitle {
            title: Title::Quota { shares: 0 },
            price_credits: 1e300,
            to: None,
        },
        Order::WithdrawTitle { offer: 0 },
        Order::AcceptTitle { offer: u32::MAX },
        Order::Complain {
            against: "nobody".to_owned(),
            cause: Cause::Trespass { claim: 0 },
        },
        Order::GrantPassage {
            to: "player".to_owned(),
        },
        Order::ProposeChange {
            articles: Vec::new(),
            reason: String::new(),
        },
        Order::ProposeChange {
            articles: vec![Article::Royalty(vec![RoyaltyStep {
                from_year: 0.0,
                rate: f64::NAN,
            }])],
            reason: String::new(),
        },
        Order::Vote {
            proposal: 0,
            in_favour: true,
        },
        Order::JoinTreaty {},
        Order::LeaveTreaty {},
        Order::Sponsor {
            prospector: "hydra".to_owned(),
        },
        Order::EndSponsorship {
            prospector: "hydra".to_owned(),
        },
        Order::FileBoundary {
            robot: Some("digger-1".to_owned()),
            corners_m: vec![[f64::NAN; 3]; 5],
        },
        Order::FileBoundary {
            robot: None,
            corners_m: vec![[1e308; 3]; 40],
        },
        Order::FileClaim {
            robot: "digger-1".to_owned(),
            radius_m: f64::INFINITY,
        },
    ];
    let charter = |charter: &mut Charter| {
        charter.claims.transferable = true;
        charter.claims.leasable = true;
        charter.politics = Some(PoliticsTerms {
            weight: Weight::PerHead,
            quorum: 0.5,
            majority: 0.5,
            voting_days: 1.0,
        });
    };
    // The same ticks with an order that is about nothing.
    let (mut one, mut other) = (world(charter), world(charter));
    for order in nonsense {
        let words = order.to_string();
        let refusal = answer(&mut one, "player", order);
        assert_ne!(refusal, "done", "{words}");
        let idle = Order::Stop {
            robot: String::new(),
        };
        answer(&mut other, "player", idle);
        assert!(one.state_hash() == other.state_hash(), "{words}: {refusal}");
    }
}

#[test]
fn a_vote_changes_the_charter_and_the_orders_read_as_they_are_documented() {
    let mut world = world(|charter| {
        charter.politics = Some(PoliticsTerms {
            weight: Weight::PerHead,
            quorum: 0.5,
            majority: 0.5,
            voting_days: 1.0,
        });
    });
    let order = |text: &str| serde_json::from_str::<Order>(text).expect(text);
    let propose = r#"{"ProposeChange": {"articles": [{"Royalty": [{"from_year": 0, "rate": 0.1}]}], "reason": "for the schools"}}"#;
    assert_eq!(answer(&mut world, "hydra", order(propose)), "done");
    let open = world.observe("tycho").unwrap().law.proposals;
    assert_eq!(open[0].changes, ["Now: The royalty is 10 % of each sale."]);
    let vote = r#"{"Vote": {"proposal": 1, "in_favour": true}}"#;
    assert_eq!(answer(&mut world, "tycho", order(vote)), "done");
    assert_eq!(world.charter().royalty, []);
    world.run_until_ms(26 * HOUR_MS);
    assert_eq!(world.charter().royalty.len(), 1);
    let told = world.log().iter().filter(|line| line.to.is_none());
    assert!(
        told.into_iter()
            .any(|line| line.text == "Now: The royalty is 10 % of each sale."),
        "everybody is told"
    );
    for text in [
        r#"{"FileBoundary": {"robot": "digger-1", "corners_m": [[0, 0, 1], [1, 0, 1], [0, 1, 1]]}}"#,
        r#"{"OfferTitle": {"title": {"Lease": {"claim": 1, "days": 90, "rent_credits": 100}}, "price_credits": 0, "to": "hydra"}}"#,
        r#"{"Complain": {"against": "hydra", "cause": {"Trespass": {"claim": 1}}}}"#,
        r#"{"JoinTreaty": {}}"#,
    ] {
        order(text);
    }
}

#[test]
fn a_level_may_name_a_charter_amend_it_or_bring_its_own() {
    let text = |charter: &str| {
        let level = Level::find("first-water").unwrap().to_ron();
        let from = level.find("    charter: ").unwrap();
        let to = from + level[from..].find("    costs: ").unwrap();
        format!(
            "{}    charter: {charter},\n{}",
            &level[..from],
            &level[to..]
        )
    };
    let parse = |charter: &str| Level::parse(&text(charter), "a.ron");
    let named = parse("Named(\"quota_treaty\")").unwrap();
    assert_eq!(&named.charter(), Charter::built_in("quota_treaty").unwrap());
    let amended =
        parse("Amended(\"open_access\", [Royalty([(from_year: 0.0, rate: 0.2)])])").unwrap();
    assert_eq!(amended.charter().royalty[0].rate, 0.2);
    for (charter, field, words) in [
        (
            "Named(\"open_acces\")",
            "charter[0]",
            "charter = \"open_acces\" must name a charter, such as open_access",
        ),
        (
            "Amended(\"open_access\", [Royalty([(from_year: 0.0, rate: 2.0)])])",
            "charter[1][0][0][0].rate",
            "rate = 2 must be from 0 to 1",
        ),
        (
            "(claims: FirstCome, claim_fee_credits: 1.0, claim_radius_max_m: 2.0)",
            "charter",
            "Named(\"open_access\")",
        ),
    ] {
        let errors = parse(charter).unwrap_err().0;
        assert_eq!(errors[0].field, field, "{errors:?}");
        assert!(errors[0].message.contains(words), "{}", errors[0].message);
        assert!(0 < errors[0].line);
    }
}
