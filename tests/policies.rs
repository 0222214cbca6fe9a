//! Trained policies in the seats of prospectors: they do in any world what they would do in their
//! environment, records of them replay, and what is no policy is refused by name.
//!
//! `tests/data/*.onnx` were trained and written by `python -m bonanza.train`; that for orders was carried
//! over to the present layout, with no weight on what it did not know.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bonanza::headless::Headless;
use bonanza::sim::order::Issued;
use bonanza::train::{Env, Policy, SeatedPolicy};
use serde_json::Value;

use crate::cli::{failure, json, success};

const DIGGER: &str = "tests/data/first-water.onnx";
const FLYER: &str = "tests/data/fly-to-target.onnx";

fn policy(file: &str) -> Arc<Policy> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(file);
    Arc::new(Policy::read(&path).unwrap_or_else(|error| panic!("{error}")))
}

fn orders_from_outside(world: &Headless) -> Vec<Issued> {
    let taken = world.orders_taken().into_iter();
    let outside = taken.filter(|taken| !taken.scripted);
    outside.map(|taken| taken.issued.clone()).collect()
}

/// What an agent of the task does that follows the policy, and what the policy does in the same
/// level where it is seated and nobody counts steps.
fn assert_same_orders(file: &str, prospector: &str, steps: usize) {
    let policy = policy(file);
    let mut env = Env::new(policy.task(), 5).unwrap();
    let heads = env.layout().heads.clone();
    let mut seen = vec![0.0; env.agents().len() * env.layout().len()];
    let mut mask = vec![false; env.agents().len() * heads.mask_len()];
    let mut rewards = vec![0.0; env.agents().len()];
    for _ in 0..steps {
        env.observe(&mut seen);
        env.masks(&mut mask);
        let decision = policy.decide(&seen, &mask, &heads).unwrap();
        env.step(decision.actions(), &mut rewards).unwrap();
        assert!(!env.is_over(), "the episode is over too soon to compare");
    }
    let wanted = orders_from_outside(env.world());
    assert!(
        !wanted.is_empty(),
        "a policy that does nothing shows nothing"
    );

    let level = policy.task().read_level().unwrap();
    let mut world = Headless::load(&level, Some(5)).unwrap();
    let mut seated = SeatedPolicy::new(&policy, prospector, &mut world).unwrap();
    while world.time_ms() < env.world().time_ms() {
        seated.act(&mut world).unwrap();
        world.step();
    }
    assert_eq!(orders_from_outside(&world), wanted);
}

#[test]
fn a_policy_does_in_its_seat_what_it_would_do_in_its_environment() {
    assert_same_orders(DIGGER, "player", 40);
}

#[test]
fn a_policy_steers_by_hand() {
    let policy = policy(FLYER);
    let mut level = policy.task().read_level().unwrap();
    policy.make_room(&mut level, "player").unwrap();
    let mut world = Headless::load(&level, Some(5)).unwrap();
    let mut seated = SeatedPolicy::new(&policy, "player", &mut world).unwrap();
    let place = |world: &mut Headless| {
        let robots = world.scene().robots;
        let hauler = robots.iter().find(|robot| robot.name == "hauler");
        hauler.unwrap().position_m
    };
    let before = place(&mut world);
    for _ in 0..120 {
        seated.act(&mut world).unwrap();
        world.step();
    }
    let orders = orders_from_outside(&world);
    assert!(
        orders.iter().all(|issued| issued.by == "player") && orders.len() > 10,
        "{} orders",
        orders.len()
    );
    assert!(0.1 < place(&mut world).distance(before));
}

#[test]
fn a_run_with_a_policy_repeats_and_its_record_replays() {
    let folder = tempfile::tempdir().unwrap();
    let record = folder.path().join("record");
    let record = record.to_str().unwrap();
    let brain = format!("player={DIGGER}");
    let run = |more: &[&str]| {
        let arguments = [
            "run",
            "first-water",
            "--for",
            "12h",
            "--brain",
            &brain,
            "--json",
        ];
        json(&[&arguments[..], more].concat())
    };
    let first = run(&["--record", record]);
    let again = run(&[]);
    assert_eq!(first["state_hash"], again["state_hash"]);
    assert_eq!(first["prospectors"][0]["brain"], "policy");
    let text = fs::read_to_string(Path::new(record).join("orders.jsonl")).unwrap();
    let lines: Vec<Value> = text
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect();
    let live = lines.iter().filter(|line| line["live"] == true);
    assert!(3 < live.count(), "{text}");
    assert!(success(&["replay", record]).contains("agree"));
    // Without the policy nothing of it happens.
    let idle = json(&["run", "first-water", "--for", "12h", "--json"]);
    assert_ne!(first["state_hash"], idle["state_hash"]);
}

#[test]
fn a_run_goes_on_from_a_save_with_a_policy() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let (save, record) = (path("a.save"), path("record"));
    let brain = format!("player={DIGGER}");
    success(&[
        "run",
        "first-water",
        "--for",
        "3h",
        "--brain",
        &brain,
        "--save",
        &save,
    ]);
    let arguments = ["run", "--from", &save, "--for", "3h", "--brain", &brain];
    success(&[&arguments[..], &["--record", &record]].concat());
    assert!(success(&["replay", &record]).contains("agree"));
}

/// The file with some bytes in the place of as many others, which it must have.
fn forged(folder: &tempfile::TempDir, old: &str, new: &str) -> PathBuf {
    assert_eq!(old.len(), new.len());
    let mut bytes = fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join(DIGGER)).unwrap();
    let at = bytes
        .windows(old.len())
        .position(|window| window == old.as_bytes())
        .unwrap_or_else(|| panic!("the policy has no {old:?}"));
    bytes[at..at + new.len()].copy_from_slice(new.as_bytes());
    let path = folder.path().join("forged.onnx");
    fs::write(&path, bytes).unwrap();
    path
}

#[test]
fn what_is_no_policy_is_refused_by_name() {
    let folder = tempfile::tempdir().unwrap();
    let refuse = |level: &str, brain: &str, told: &[&str]| {
        let complaint = failure(&["run", level, "--for", "60s", "--brain", brain], 2);
        for part in told {
            assert!(
                complaint.contains(part),
                "{brain}: {part:?} not in {complaint}"
            );
        }
    };
    let seat = |path: &Path| format!("player={}", path.display());
    refuse("first-water", "player", &["PROSPECTOR=FILE.onnx"]);
    refuse(
        "first-water",
        "player=nowhere.onnx",
        &["nowhere.onnx", "cannot read"],
    );
    refuse(
        "first-water",
        "player=README.md",
        &["README.md", "no ONNX network"],
    );
    let bytes = fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join(DIGGER)).unwrap();
    let half = folder.path().join("half.onnx");
    fs::write(&half, &bytes[..bytes.len() / 2]).unwrap();
    refuse("first-water", &seat(&half), &["half.onnx"]);

    let digger = |name: &str| format!("{name}={DIGGER}");
    refuse(
        "first-water",
        &digger("Nobody"),
        &["Nobody", "first-water", "player"],
    );
    let strange = digger("player");
    refuse(
        "the-last-ice",
        // Three robots where it knows two.
        &digger("titan"),
        &[DIGGER, "titan", "numbers", "was trained with"],
    );
    let twice = [
        "run",
        "first-water",
        "--brain",
        &strange,
        "--brain",
        &strange,
    ];
    assert!(failure(&twice, 2).contains("twice"));

    let named = forged(&folder, "robot0.battery", "robot0.bottery");
    refuse(
        "first-water",
        &seat(&named),
        &["robot0.bottery", "robot0.battery"],
    );
    let keyless = forged(&folder, "bonanza.fields", "bonanza.fjelds");
    refuse(
        "first-water",
        &seat(&keyless),
        &["bonanza.fields", "missing"],
    );
    let taskless = forged(&folder, "\"horizon_steps\"", "\"horizon_stops\"");
    refuse(
        "first-water",
        &seat(&taskless),
        &["bonanza.task", "horizon_stops"],
    );
}
