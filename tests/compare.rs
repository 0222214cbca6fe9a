//! One rush under several charters: the same worlds whatever the threads, whole tables, plots that
//! are pictures.

use bonanza::compare::{Plan, plots, run, standings, summarise};
use bonanza::sim::economy::figures::Figure;
use bonanza::sim::level::{CharterChoice, Level, MotionModel};

use crate::cli::failure;

fn rush() -> Level {
    let mut level = Level::find("first-water").expect("the level ships with the program");
    level.motion = MotionModel::Planned;
    level.long_tick_s = 600.0;
    level.idle_tick_s = 3600.0;
    level
}

fn plan(threads: usize) -> Plan {
    let level = rush();
    let mut taxed = level.charter();
    taxed.id = "taxed".to_owned();
    taxed.claims.fee_credits = 50_000.0;
    Plan {
        charters: vec![
            ("own".to_owned(), level.charter.clone()),
            ("taxed".to_owned(), CharterChoice::Own(Box::new(taxed))),
        ],
        level,
        seeds: vec![1, 2],
        for_ms: 86_400_000,
        threads,
    }
}

#[test]
fn worlds_side_by_side_are_those_one_after_the_other() {
    let (alone, together) = (plan(1), plan(4));
    let one = run(&alone, |_, _| {}).expect("sound worlds");
    let other = run(&together, |done, all| assert!(done <= all)).expect("sound worlds");
    assert_eq!(one, other);
    let names: Vec<(&str, u64)> = one
        .iter()
        .map(|run| (run.charter.as_str(), run.seed))
        .collect();
    assert_eq!(names, [("own", 1), ("own", 2), ("taxed", 1), ("taxed", 2)]);
    assert_ne!(one[0].state_hash, one[1].state_hash, "the seed counts");

    let summary = summarise(&one);
    let worth = |charter: &str| summary[charter]["net_worth_credits"].expect("a mean");
    assert!(
        worth("taxed").mean < worth("own").mean,
        "a dearer claim costs"
    );
    let sold = Figure::find("output_kg").expect("a figure");
    for (charter, figures) in &summary {
        for figure in Figure::ALL {
            if let Some(interval) = figures[figure.id] {
                let (low, high) = (interval.lo95.unwrap(), interval.hi95.unwrap());
                assert!(
                    low <= interval.mean && interval.mean <= high,
                    "{charter} {figure:?}"
                );
            }
        }
    }
    assert!(one.iter().all(|run| 0.0 < run.figures[sold].unwrap()));
    assert!(
        one.iter().all(|run| run.series.len() == 2),
        "the start and the end of a day"
    );

    // What they gain together is what all of them gained, and somebody gained most in each world.
    let profits = Figure::find("profits_credits").expect("a figure");
    for run in &one {
        let together: f64 = run.careers.iter().map(|each| each.gained_credits).sum();
        let all = run.figures[profits].expect("a number");
        assert!(
            (together - all).abs() < 1e-6 * all.abs().max(1.0),
            "{together} of {all}"
        );
    }
    let standings = standings(&one);
    for charter in ["own", "taxed"] {
        let firsts: usize = standings[charter].iter().map(|each| each.first).sum();
        assert!(2 <= firsts, "{charter}: {firsts} winners of two worlds");
    }
    let gained = |charter: &str| -> f64 {
        let of_charter = standings[charter].iter();
        of_charter.map(|each| each.gained_credits.mean).sum()
    };
    assert!(gained("taxed") < gained("own"), "a dearer claim costs");

    let pictures = plots::all(&alone, &one).expect("plots");
    assert!(pictures.iter().any(|(name, _)| name == "overview.png"));
    for (name, bytes) in &pictures {
        let decoder = png::Decoder::new(std::io::Cursor::new(bytes));
        let reader = decoder
            .read_info()
            .unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(
            (reader.info().width, reader.info().height),
            (1600, 900),
            "{name}"
        );
    }
}

#[test]
fn charters_and_folders_that_cannot_be_used_are_refused_in_a_sentence() {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("full"), "x").expect("a file");
    let full = folder.path().display().to_string();
    for (args, expected) in [
        (
            vec!["--charters", "anarchy"],
            "there is no charter \"anarchy\"",
        ),
        (vec!["--charters", "no/such.ron"], "cannot read charter"),
        (vec!["--charters", "open_access,open_access"], "twice"),
        (vec!["--charters", "open_access", "--seeds", "0"], "--seeds"),
        (vec!["--charters", "open_access", "-o", &full], "not empty"),
        (vec![], "--charters"),
    ] {
        let mut words = vec!["compare", "first-water"];
        words.extend(args);
        let complaint = failure(&words, 2);
        assert!(complaint.contains(expected), "{words:?}: {complaint}");
    }
}
