//! A record holds all that is needed to run a run again to the same bits, and is never half there.

use std::{
    fs,
    path::{Path, PathBuf},
};

use tempfile::TempDir;

use crate::cli::{failure, file, json, success};

const ORDERS: &str = concat!(
    r#"{"at_s": 3.5, "by": "player", "order": {"Anchor": {"robot": "digger-1"}}}"#,
    "\n",
    r#"{"at_s": 120, "by": "player", "order": {"Dig": {"robot": "digger-1"}}}"#,
    "\n",
    r#"{"at_s": 60, "by": "player", "order": {"Dig": {"robot": "hydra-1"}}}"#,
    "\n",
);

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

/// A record of five minutes with orders.
fn record(folder: &TempDir) -> PathBuf {
    let orders = file(folder, "orders.jsonl", ORDERS);
    let record = folder.path().join("record");
    success(&[
        "run",
        "first-water",
        "--for",
        "5min",
        "--seed",
        "9",
        "--orders",
        text(&orders),
        "--record",
        text(&record),
    ]);
    record
}

#[test]
fn a_record_replays_to_the_same_hashes() {
    let folder = tempfile::tempdir().unwrap();
    let record = record(&folder);
    let replay = json(&["replay", text(&record), "--json"]);
    assert!(replay["mismatch"].is_null(), "{replay}");
    let hashes = fs::read_to_string(record.join("hashes.csv")).unwrap();
    assert_eq!(
        replay["hashes_compared"].as_u64(),
        Some(hashes.lines().count() as u64 - 1)
    );
    assert!(2 < hashes.lines().count(), "{hashes}");
    assert!(success(&["replay", text(&record)]).contains("agree"));
    // Only whole records stand under their names, and nothing else stays behind.
    let mut names: Vec<_> = fs::read_dir(folder.path())
        .unwrap()
        .map(|entry| entry.unwrap().file_name())
        .collect();
    names.sort();
    assert_eq!(names, ["orders.jsonl", "record"]);
}

#[test]
fn a_record_can_be_studied() {
    let folder = tempfile::tempdir().unwrap();
    let record = record(&folder);
    let header = |name: &str| {
        let text = fs::read_to_string(record.join(name)).unwrap();
        assert!(1 < text.lines().count(), "{name} holds no rows");
        text.lines().next().unwrap().to_owned()
    };
    assert!(header("series.csv").starts_with(
        "time_s,tick,rock_removed_kg,price_credits_per_kg,player_credits,player_water_sold_kg"
    ));
    assert_eq!(
        header("ledger.csv"),
        "time_s,from_account,to_account,amount_g,amount_micro_credits,memo"
    );
    assert!(header("accounts.csv").starts_with("account,holds,opening_g"));
    let orders = fs::read_to_string(record.join("orders.jsonl")).unwrap();
    let refused: Vec<&str> = orders
        .lines()
        .filter(|line| line.contains("\"refused\""))
        .collect();
    assert!(
        refused.iter().any(|line| line.contains("hydra-1")),
        "{orders}"
    );
    // The record's own orders are an orders file: the same run without the record.
    let hash = |arguments: &[&str]| json(arguments)["state_hash"].clone();
    let orders = record.join("orders.jsonl");
    let again = hash(&[
        "run",
        "first-water",
        "--for",
        "5min",
        "--seed",
        "9",
        "--orders",
        text(&orders),
        "--json",
    ]);
    let facts: serde_json::Value =
        serde_json::from_str(&fs::read_to_string(record.join("run.json")).unwrap()).unwrap();
    assert_eq!(again, facts["state_hash"]);
}

#[test]
fn a_record_that_goes_on_from_a_save_replays_too() {
    let folder = tempfile::tempdir().unwrap();
    let orders = file(&folder, "orders.jsonl", ORDERS);
    let save = folder.path().join("middle.save");
    let record = folder.path().join("record");
    success(&[
        "run",
        "first-water",
        "--for",
        "80s",
        "--orders",
        text(&orders),
        "--save",
        text(&save),
    ]);
    let more = file(
        &folder,
        "more.jsonl",
        r#"{"at_s": 200, "by": "player", "order": {"Stop": {"robot": "digger-1"}}}"#,
    );
    success(&[
        "run",
        "--from",
        text(&save),
        "--for",
        "200s",
        "--orders",
        text(&more),
        "--record",
        text(&record),
    ]);
    let replay = json(&["replay", text(&record), "--json"]);
    assert!(replay["mismatch"].is_null(), "{replay}");
}

#[test]
fn a_hash_that_differs_fails_with_its_tick() {
    let folder = tempfile::tempdir().unwrap();
    let record = record(&folder);
    let path = record.join("hashes.csv");
    let hashes = fs::read_to_string(&path).unwrap();
    let last = hashes.lines().last().unwrap();
    let (tick, _) = last.split_once(',').unwrap();
    let hash = last.rsplit(',').next().unwrap();
    fs::write(&path, hashes.replace(hash, "0123456789abcdef")).unwrap();
    let complaint = crate::cli::bonanza(&["replay", text(&record)]);
    assert_eq!(complaint.status.code(), Some(1));
    let complaint = String::from_utf8(complaint.stderr).unwrap();
    assert!(complaint.contains(&format!("tick {tick}")), "{complaint}");
}

#[test]
fn an_order_that_was_changed_is_noticed() {
    let folder = tempfile::tempdir().unwrap();
    let record = record(&folder);
    let path = record.join("orders.jsonl");
    let orders = fs::read_to_string(&path).unwrap();
    let changed = orders.replace("\"at_s\":120.0", "\"at_s\":121.0");
    assert_ne!(orders, changed);
    fs::write(&path, changed).unwrap();
    assert!(failure(&["replay", text(&record)], 1).contains("tick"));
}

#[test]
fn a_damaged_record_is_refused_with_file_and_line() {
    let folder = tempfile::tempdir().unwrap();
    let record = record(&folder);
    for name in ["run.json", "level.ron", "orders.jsonl", "hashes.csv"] {
        let path = record.join(name);
        let whole = fs::read_to_string(&path).unwrap();
        let half: Vec<&str> = whole.lines().collect();
        for damaged in [
            half[..half.len() - 1].join("\n"),
            format!("{whole}%\n"),
            String::new(),
        ] {
            fs::write(&path, damaged).unwrap();
            let complaint = failure(&["replay", text(&record)], 2);
            assert!(
                complaint.contains(name) && complaint.contains("line"),
                "{name}: {complaint}"
            );
        }
        fs::remove_file(&path).unwrap();
        assert!(failure(&["replay", text(&record)], 2).contains(name));
        fs::write(&path, whole).unwrap();
    }
    success(&["replay", text(&record)]);
}

#[test]
fn a_record_never_overwrites_and_never_stays_half_written() {
    let folder = tempfile::tempdir().unwrap();
    let taken = folder.path().join("taken");
    fs::create_dir(&taken).unwrap();
    fs::write(taken.join("thesis.txt"), "years of work").unwrap();
    let complaint = failure(
        &[
            "run",
            "first-water",
            "--for",
            "1s",
            "--record",
            text(&taken),
        ],
        2,
    );
    assert!(complaint.contains("not empty"), "{complaint}");
    assert_eq!(fs::read_dir(&taken).unwrap().count(), 1);

    let plain = file(&folder, "plain", "a file");
    failure(
        &[
            "run",
            "first-water",
            "--for",
            "1s",
            "--record",
            text(&plain),
        ],
        2,
    );
    failure(
        &[
            "run",
            "first-water",
            "--for",
            "1s",
            "--record",
            text(&plain.join("below")),
        ],
        2,
    );

    let empty = folder.path().join("empty");
    fs::create_dir(&empty).unwrap();
    success(&[
        "run",
        "first-water",
        "--for",
        "1s",
        "--record",
        text(&empty),
    ]);
    success(&["replay", text(&empty)]);
}

#[cfg(target_os = "linux")]
#[test]
fn a_folder_that_cannot_be_written_is_refused_before_the_run() {
    // Even root cannot write here.
    failure(
        &[
            "run",
            "first-water",
            "--for",
            "1s",
            "--record",
            "/proc/bonanza",
        ],
        2,
    );
    failure(
        &[
            "run",
            "first-water",
            "--for",
            "1s",
            "--save",
            "/proc/bonanza.save",
        ],
        2,
    );
}
