//! The command line: exit status 0, 1 or 2, errors of one sentence, and JSON that programs can
//! rely on.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Output},
};

use serde_json::Value;

/// Runs the program in the source tree.
pub fn bonanza(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_bonanza"))
        .args(arguments)
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .env_remove("DISPLAY")
        .env_remove("WAYLAND_DISPLAY")
        .output()
        .unwrap()
}

/// Standard output of a run that must succeed.
pub fn success(arguments: &[&str]) -> String {
    let output = bonanza(arguments);
    assert!(output.status.success(), "{arguments:?}: {output:?}");
    String::from_utf8(output.stdout).unwrap()
}

/// The JSON object of a run that must succeed.
pub fn json(arguments: &[&str]) -> Value {
    let text = success(arguments);
    let value: Value = serde_json::from_str(&text).unwrap_or_else(|e| panic!("{e}: {text}"));
    assert!(value.is_object(), "{text}");
    value
}

/// The sentence of a run that must fail with this status and print nothing else.
pub fn failure(arguments: &[&str], status: i32) -> String {
    let output = bonanza(arguments);
    let complaint = String::from_utf8(output.stderr.clone()).unwrap();
    assert_eq!(
        output.status.code(),
        Some(status),
        "{arguments:?}: {output:?}"
    );
    assert_eq!(
        complaint.trim_end().lines().count(),
        1,
        "{arguments:?}: {complaint}"
    );
    assert!(
        !complaint.contains("panicked"),
        "{arguments:?}: {complaint}"
    );
    complaint
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

/// A file with this content in a folder.
pub fn file(folder: &tempfile::TempDir, name: &str, content: &str) -> PathBuf {
    let path = folder.path().join(name);
    fs::write(&path, content).unwrap();
    path
}

#[test]
fn run_reports_what_was_promised() {
    let report = json(&[
        "run",
        "first-water",
        "--for",
        "2min",
        "--seed",
        "5",
        "--json",
    ]);
    assert_eq!(report["level"], "first-water");
    assert_eq!(report["seed"], 5);
    assert!(
        report["sim_s"].as_f64().is_some_and(|sim_s| 120.0 <= sim_s),
        "{report}"
    );
    assert_eq!(report["mass_error_g"], 0);
    assert_eq!(report["credit_error"].as_f64(), Some(0.0));
    assert!(
        report["ticks"].as_u64().is_some_and(|ticks| 0 < ticks),
        "{report}"
    );
    assert!(
        report["wall_s"].as_f64().is_some_and(|wall_s| 0.0 < wall_s),
        "{report}"
    );
    assert!(
        report["state_hash"]
            .as_str()
            .is_some_and(|hash| hash.len() == 16),
        "{report}"
    );
    let prospectors = report["prospectors"].as_array().unwrap();
    assert_eq!(prospectors.len(), 3);
    for prospector in prospectors {
        assert!(prospector["name"].is_string() && prospector["brain"].is_string());
        assert!(prospector["credits"].is_number() && prospector["sold_g"].is_object());
    }
    let robots = report["robots"].as_array().unwrap();
    assert_eq!(robots.len(), 5);
    for robot in robots {
        assert!(robot["name"].is_string() && robot["owner"].is_string());
        for vector in ["position_m", "velocity_m_s"] {
            let vector = robot[vector].as_array().unwrap();
            assert!(vector.len() == 3 && vector.iter().all(Value::is_number));
        }
        assert!(robot["at_rest"].is_boolean() && robot["lost"].is_boolean());
    }
}

#[test]
fn run_tells_people_how_it_went() {
    let page = success(&["run", "first-water", "--for", "30s"]);
    for word in [
        "player",
        "hydra",
        "tycho",
        "digger-1",
        "EML1",
        "mass off by 0 g",
    ] {
        assert!(page.contains(word), "{word} is missing in\n{page}");
    }
}

#[test]
fn ticks_are_counted_and_durations_are_met() {
    assert_eq!(
        json(&["run", "first-water", "--ticks", "7", "--json"])["ticks"],
        7
    );
    // Ticks are whole: the last one reaches the end of the time or passes it.
    let sim_s = json(&["run", "first-water", "--for", "12.345s", "--json"])["sim_s"].clone();
    assert!(
        (12.345..=12.345 + 60.0).contains(&sim_s.as_f64().unwrap()),
        "{sim_s}"
    );
    assert_eq!(
        json(&["run", "first-water", "--for", "0", "--json"])["sim_s"],
        0.0
    );
    let seed = u64::MAX.to_string();
    let report = json(&[
        "run",
        "first-water",
        "--ticks",
        "1",
        "--seed",
        &seed,
        "--json",
    ]);
    assert_eq!(report["seed"].as_u64(), Some(u64::MAX));
}

#[test]
fn unusable_arguments_are_refused_in_one_sentence() {
    for arguments in [
        &["run"][..],
        &["run", "no-such-level"],
        &["run", "first-water", "--for", "-5s"],
        &["run", "first-water", "--for", "NaN"],
        &["run", "first-water", "--for", "200000d"],
        &["run", "first-water", "--for", "soon"],
        &["run", "first-water", "--ticks", "-3"],
        &["run", "first-water", "--ticks", "3", "--for", "3s"],
        &["run", "first-water", "--seed", "-1"],
        &["run", "first-water", "--seed", "18446744073709551616"],
        &["run", "first-water", "--seed", "many"],
        &["run", "first-water", "--orders", "/no/such/file"],
        &["run", "--from", "/no/such/file"],
        &[
            "run",
            "first-water",
            "--for",
            "1s",
            "--save",
            "/no/such/folder/x.save",
        ],
        &["replay", "/no/such/folder"],
        &["check", "/no/such/file.ron"],
        &["check", "Cargo.toml"],
        &["reference", "/no/such/file.json"],
        &["dig"],
        &["--fast"],
        &["shot", "first-water", "-o", "x.png", "--size", "0x0"],
    ] {
        failure(arguments, 2);
    }
    assert!(failure(&["run", "first-wate"], 2).contains("first-water"));
}

#[test]
fn a_window_without_a_display_is_refused() {
    failure(&[], 2);
    failure(&["play", "first-water"], 2);
}

#[test]
fn help_and_version_succeed() {
    assert!(success(&["--help"]).contains("replay"));
    assert!(success(&["--version"]).contains(env!("CARGO_PKG_VERSION")));
    assert!(success(&["run", "--help"]).contains("--orders"));
}

#[test]
fn check_finds_the_shipped_files_sound() {
    let report = json(&["check", "--json"]);
    assert_eq!(report["errors"].as_array().map(Vec::len), Some(0));
    assert!(9 < report["files"].as_u64().unwrap());
    assert!(success(&["check"]).contains("sound"));
}

#[test]
fn check_lists_every_error_with_its_place_and_fails() {
    let folder = tempfile::tempdir().unwrap();
    let level =
        fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("levels/first-water.ron"))
            .unwrap();
    let wrong = level
        .replace("dry_mass_kg: 400.0", "dry_mass_kg: -2.0")
        .replace("owner: \"tycho\"", "owner: \"brahe\"");
    file(&folder, "wrong.ron", &wrong);
    file(&folder, "broken.ron", "(format: 1,\n name: }");
    file(&folder, "fine.ron", &level);
    file(&folder, "table.csv", "id,mass_kg\na,-1\n");
    file(&folder, "notes.txt", "not looked at");
    let output = bonanza(&["check", text(folder.path()), "--json"]);
    assert_eq!(output.status.code(), Some(1));
    let report: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(report["files"], 4);
    let errors = report["errors"].as_array().unwrap();
    let at = |name: &str, field: &str| {
        errors
            .iter()
            .find(|error| {
                error["file"].as_str().unwrap().ends_with(name) && error["field"] == field
            })
            .unwrap_or_else(|| panic!("{name}, {field}: {report:#}"))
    };
    let line = 1 + level[..level.find("dry_mass_kg: 400.0").unwrap()]
        .matches('\n')
        .count();
    let mass = at("wrong.ron", "plant_kinds[\"still\"].dry_mass_kg");
    assert_eq!(mass["line"], line);
    let message = mass["message"].as_str().unwrap();
    assert!(message.starts_with("dry_mass_kg = -2 must be positive and finite, in level \""));
    at("wrong.ron", "robots[4].owner");
    assert_eq!(at("broken.ron", "name")["line"], 2);
    assert_eq!(at("table.csv", "mass_kg")["line"], 2);
    assert!(
        errors
            .iter()
            .all(|error| !error["file"].as_str().unwrap().ends_with("fine.ron"))
    );
    failure_with_output(&["check", text(folder.path())], 1);
}

/// A failed check prints its findings and then one sentence.
fn failure_with_output(arguments: &[&str], status: i32) {
    let output = bonanza(arguments);
    assert_eq!(output.status.code(), Some(status));
    assert!(!output.stdout.is_empty());
    assert_eq!(String::from_utf8(output.stderr).unwrap().lines().count(), 1);
}

#[test]
fn a_level_that_is_wrong_runs_nothing() {
    let folder = tempfile::tempdir().unwrap();
    for (name, content) in [
        ("empty.ron", ""),
        ("garbage.ron", "\u{0}\u{1}(((("),
        ("other.ron", "(format: 1)"),
        ("number.ron", "12"),
    ] {
        let path = file(&folder, name, content);
        let complaint = failure(&["run", text(&path), "--for", "1s"], 2);
        assert!(
            complaint.contains(name) && complaint.contains("line"),
            "{complaint}"
        );
    }
    let path = folder.path().join("bytes.ron");
    fs::write(&path, [0xff, 0xfe, 0x00]).unwrap();
    assert!(failure(&["run", text(&path)], 2).contains("bytes.ron"));
}

#[test]
fn an_orders_file_with_a_wrong_line_runs_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let good = r#"{"at_s": 1, "by": "player", "order": {"Stop": {"robot": "digger-1"}}}"#;
    for (wrong, says) in [
        ("not json", "column"),
        ("{}", "at_s"),
        (
            r#"{"at_s": -1, "by": "player", "order": {"Stop": {"robot": "digger-1"}}}"#,
            "at_s = -1",
        ),
        (
            r#"{"at_s": 1e300, "by": "player", "order": {"Stop": {"robot": "digger-1"}}}"#,
            "at_s",
        ),
        (
            r#"{"at_s": 1, "by": "nobody", "order": {"Stop": {"robot": "digger-1"}}}"#,
            "player",
        ),
        (
            r#"{"at_s": 1, "by": "hydra", "order": {"Stop": {"robot": "hydra-1"}}}"#,
            "player",
        ),
        (
            r#"{"at_s": 1, "by": "player", "order": {"Fly": {"robot": "digger-1"}}}"#,
            "Fly",
        ),
        (
            r#"{"at_s": 1, "by": "player", "order": {"Stop": {"robot": 5}}}"#,
            "string",
        ),
        (
            r#"{"at_s": 1, "by": "player", "order": {"Stop": {"robot": "digger-1", "x": 1}}}"#,
            "x",
        ),
        (
            r#"{"at_s": 1, "to": "player", "order": {"Stop": {"robot": "digger-1"}}}"#,
            "to",
        ),
    ] {
        let orders = file(
            &folder,
            "orders.jsonl",
            &format!("{good}\n\n{wrong}\n{good}\n"),
        );
        let record = folder.path().join("record");
        let arguments = [
            "run",
            "first-water",
            "--for",
            "5s",
            "--orders",
            text(&orders),
            "--record",
            text(&record),
        ];
        let complaint = failure(&arguments, 2);
        assert!(
            complaint.contains("orders.jsonl\", line 3"),
            "{wrong}: {complaint}"
        );
        assert!(complaint.contains(says), "{wrong}: {complaint}");
        assert!(!record.exists(), "{wrong}");
    }
}

#[test]
fn an_order_that_is_refused_says_why_in_the_report() {
    let folder = tempfile::tempdir().unwrap();
    let orders = file(
        &folder,
        "orders.jsonl",
        concat!(
            r#"{"at_s": 2, "by": "player", "order": {"Dig": {"robot": "no-such-robot"}}}"#,
            "\n",
            r#"{"at_s": 1, "by": "player", "order": {"Stop": {"robot": "hydra-1"}}}"#,
            "\n",
        ),
    );
    let arguments = [
        "run",
        "first-water",
        "--for",
        "5s",
        "--orders",
        text(&orders),
    ];
    let report = json(&[&arguments[..], &["--json"]].concat());
    let refused = report["refused"].as_array().unwrap();
    assert_eq!(refused.len(), 2, "{report:#}");
    // By time, not by line.
    assert_eq!(refused[0]["at_s"], 1.0);
    assert_eq!(refused[1]["at_s"], 2.0);
    for order in refused {
        assert!(!order["reason"].as_str().unwrap().is_empty());
    }
    assert!(success(&arguments).contains("refused at 1 s, player"));
}

#[test]
fn a_save_goes_on_as_the_run_would_have() {
    let folder = tempfile::tempdir().unwrap();
    let save = folder.path().join("middle.save");
    let orders = file(
        &folder,
        "orders.jsonl",
        concat!(
            r#"{"at_s": 5, "by": "player", "order": {"Anchor": {"robot": "digger-1"}}}"#,
            "\n",
            r#"{"at_s": 100, "by": "player", "order": {"Dig": {"robot": "digger-1"}}}"#,
            "\n",
        ),
    );
    let start = ["run", "first-water", "--json", "--orders", text(&orders)];
    let whole = json(&[&start[..], &["--ticks", "2400"]].concat());
    json(&[&start[..], &["--ticks", "900", "--save", text(&save)]].concat());
    let rest = json(&["run", "--from", text(&save), "--ticks", "1500", "--json"]);
    assert_eq!(rest["state_hash"], whole["state_hash"]);
    assert_eq!(rest["orders_taken"], whole["orders_taken"]);
    assert_eq!(rest["mass_error_g"], 0);
    let bytes = fs::read(&save).unwrap();
    for (name, broken) in [
        ("cut.save", bytes[..bytes.len() / 2].to_vec()),
        ("empty.save", Vec::new()),
        ("noise.save", vec![0xa5; 4096]),
    ] {
        let path = folder.path().join(name);
        fs::write(&path, broken).unwrap();
        failure(&["run", "--from", text(&path), "--for", "1s"], 2);
    }
}
