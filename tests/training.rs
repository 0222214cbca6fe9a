//! Worlds to learn in: every task plays, a run repeats to the bit alone and in company, nothing
//! hidden is told, and what is no action is refused and changes nothing.

use std::collections::BTreeSet;
use std::sync::Arc;

use bonanza::sim::asteroid::{BodyModel, Terrain};
use bonanza::train::{
    ActionKind, Actions, Autoreset, Batch, Buffers, Control, Env, Fault, Goal, Layout, Randomise,
    Snapshot, Stride, TASKS, Task, TaskError, Who,
};
use proptest::prelude::*;
use rand_pcg::rand_core::{Rng, SeedableRng};

/// Actions at random, of those that make sense.
struct Dice(rand_pcg::Pcg64Mcg);

enum Thrown {
    Numbers(Vec<f32>),
    Choices(Vec<i64>),
}

impl Thrown {
    fn actions(&self) -> Actions<'_> {
        match self {
            Self::Numbers(numbers) => Actions::Numbers(numbers),
            Self::Choices(choices) => Actions::Choices(choices),
        }
    }
}

impl Dice {
    fn new(seed: u64) -> Self {
        Self(rand_pcg::Pcg64Mcg::seed_from_u64(seed))
    }

    fn throw(&mut self, env: &Env) -> Thrown {
        let heads = &env.layout().heads;
        let agents = env.agents().len();
        if heads.kind == ActionKind::Numbers {
            let mut number = || (self.0.next_u32() % 2001) as f32 / 1000.0 - 1.0;
            return Thrown::Numbers((0..agents * heads.len()).map(|_| number()).collect());
        }
        let mut mask = vec![false; agents * heads.mask_len()];
        env.masks(&mut mask);
        let mut left = mask.as_slice();
        let mut choices = Vec::new();
        for _ in 0..agents {
            for options in &heads.choices {
                let (own, others) = left.split_at(options.len());
                left = others;
                let open: Vec<i64> = (0..)
                    .zip(own)
                    .filter(|(_, open)| **open)
                    .map(|(at, _)| at)
                    .collect();
                assert!(!open.is_empty(), "a head with no choice left");
                choices.push(open[self.0.next_u32() as usize % open.len()]);
            }
        }
        Thrown::Choices(choices)
    }
}

fn task(name: &str) -> Task {
    Task::find(name).unwrap_or_else(|error| panic!("{error}"))
}

/// Eight prospectors on ice, a quarter of an hour a step.
fn ice() -> Task {
    let mut task = task("the-last-ice");
    task.stride = Stride::Seconds(900.0);
    task.horizon_steps = 40;
    task
}

fn seen(env: &Env) -> Vec<f32> {
    let mut seen = vec![0.0; env.agents().len() * env.layout().len()];
    env.observe(&mut seen);
    seen
}

fn bits(numbers: &[f32]) -> Vec<u32> {
    numbers.iter().map(|number| number.to_bits()).collect()
}

fn assert_in_bounds(layout: &Layout, seen: &[f32], of: &str) {
    for agent in seen.chunks_exact(layout.len()) {
        for (field, value) in layout.fields.iter().zip(agent) {
            assert!(
                field.low <= *value && *value <= field.high,
                "{of}: {} = {value}, outside {} to {}",
                field.name,
                field.low,
                field.high
            );
        }
    }
}

/// Steps with the same dice, and what came of each: all that was seen, the rewards, the hash.
fn run(env: &mut Env, dice: &mut Dice, steps: usize) -> Vec<(Vec<u32>, Vec<u32>, u64)> {
    let mut rewards = vec![0.0; env.agents().len()];
    (0..steps)
        .map(|_| {
            if env.is_over() {
                env.reset(None).unwrap();
            }
            let thrown = dice.throw(env);
            env.step(thrown.actions(), &mut rewards).unwrap();
            (bits(&seen(env)), bits(&rewards), env.state_hash())
        })
        .collect()
}

#[test]
fn every_task_plays_and_tells_only_what_its_layout_says() {
    for (name, _) in TASKS {
        let task = task(name);
        assert_eq!(task.name, name);
        let mut env = Env::new(&task, 3).unwrap_or_else(|fault| panic!("{name}: {fault}"));
        let layout = Arc::clone(env.layout());
        let names: BTreeSet<&str> = layout
            .fields
            .iter()
            .map(|field| field.name.as_str())
            .collect();
        assert_eq!(names.len(), layout.len(), "{name}: two numbers of one name");
        let mut dice = Dice::new(5);
        let mut rewards = vec![0.0; env.agents().len()];
        // Rivals think long.
        let steps = if task.alone || task.level == "proving-ground" {
            12
        } else {
            2
        };
        for _ in 0..steps {
            if env.is_over() {
                break;
            }
            let thrown = dice.throw(&env);
            env.step(thrown.actions(), &mut rewards).unwrap();
            assert_in_bounds(&layout, &seen(&env), name);
            assert!(rewards.iter().all(|reward| reward.is_finite()), "{name}");
        }
        let metrics = env.metrics();
        assert_eq!(metrics.agents.len(), env.agents().len());
        assert!(metrics.figures["gini_wealth"].is_none_or(|gini| (0.0..=1.0).contains(&gini)));
    }
}

#[test]
fn a_world_goes_the_same_way_alone_in_company_and_over_threads() {
    for task in [task("land"), ice()] {
        let worlds = 3;
        let mut alone = Env::new(&task, 11).unwrap();
        let (agents, layout) = (alone.agents().len(), Arc::clone(alone.layout()));
        let (numbers, choices) = (agents * layout.len(), agents * layout.heads.mask_len());
        let mut streams = Vec::new();
        for threads in [1, 2] {
            let mut batch = Batch::new(&task, 11, worlds, threads, Autoreset::SameStep).unwrap();
            let mut dice: Vec<Dice> = (0..worlds as u64).map(Dice::new).collect();
            let (mut observations, mut last) =
                (vec![0.0; worlds * numbers], vec![0.0; worlds * numbers]);
            let (mut rewards, mut masks) =
                (vec![0.0; worlds * agents], vec![false; worlds * choices]);
            let (mut terminated, mut truncated) =
                (vec![false; worlds * agents], vec![false; worlds * agents]);
            let mut began = vec![false; worlds];
            let mut stream = Vec::new();
            for _ in 0..60 {
                let thrown: Vec<Thrown> = dice
                    .iter_mut()
                    .zip(batch.envs())
                    .map(|(dice, env)| dice.throw(env))
                    .collect();
                let mut out = Buffers {
                    observations: &mut observations,
                    rewards: &mut rewards,
                    terminated: &mut terminated,
                    truncated: &mut truncated,
                    masks: &mut masks,
                    final_observations: &mut last,
                    began: &mut began,
                };
                match &thrown[0] {
                    Thrown::Numbers(_) => {
                        let all: Vec<f32> = thrown
                            .iter()
                            .flat_map(|thrown| match thrown {
                                Thrown::Numbers(numbers) => numbers.clone(),
                                Thrown::Choices(_) => Vec::new(),
                            })
                            .collect();
                        batch.step(Actions::Numbers(&all), &mut out).unwrap();
                    }
                    Thrown::Choices(_) => {
                        let all: Vec<i64> = thrown
                            .iter()
                            .flat_map(|thrown| match thrown {
                                Thrown::Choices(choices) => choices.clone(),
                                Thrown::Numbers(_) => Vec::new(),
                            })
                            .collect();
                        batch.step(Actions::Choices(&all), &mut out).unwrap();
                    }
                }
                let hashes: Vec<u64> = batch.envs_mut().iter_mut().map(Env::state_hash).collect();
                stream.push((bits(&observations), bits(&rewards), began.clone(), hashes));
            }
            streams.push(stream);
        }
        assert_eq!(streams[0], streams[1], "{}: one thread and two", task.name);
        let mut dice = Dice::new(0);
        let mut rewards = vec![0.0; agents];
        for (observations, told, began, hashes) in &streams[0] {
            let thrown = dice.throw(&alone);
            alone.step(thrown.actions(), &mut rewards).unwrap();
            assert_eq!(
                alone.is_over(),
                began[0],
                "{}: when an episode ends",
                task.name
            );
            if alone.is_over() {
                alone.reset(None).unwrap();
            }
            assert_eq!(
                &bits(&seen(&alone)),
                &observations[..numbers],
                "{}",
                task.name
            );
            assert_eq!(&bits(&rewards), &told[..agents], "{}", task.name);
            assert_eq!(alone.state_hash(), hashes[0], "{}", task.name);
        }
    }
}

#[test]
fn a_snapshot_goes_on_as_the_world_would_have_here_and_from_bytes() {
    for task in [task("land"), task("sell-well"), ice()] {
        let mut env = Env::new(&task, 2).unwrap();
        run(&mut env, &mut Dice::new(1), 7);
        let snapshot = env.snapshot();
        let hash = env.state_hash();
        let went_on = run(&mut env, &mut Dice::new(9), 12);
        env.restore(&snapshot).unwrap();
        assert_eq!(env.state_hash(), hash, "{}", task.name);
        assert_eq!(
            run(&mut env, &mut Dice::new(9), 12),
            went_on,
            "{}: here",
            task.name
        );
        let bytes = snapshot.to_bytes();
        let mut other = env.sibling(77).unwrap();
        other
            .restore(&Snapshot::from_bytes(&bytes).unwrap())
            .unwrap();
        assert_eq!(
            run(&mut other, &mut Dice::new(9), 12),
            went_on,
            "{}: elsewhere",
            task.name
        );
        assert!(Snapshot::from_bytes(&bytes[..bytes.len() / 2]).is_err());
    }
}

#[test]
fn episodes_of_a_seed_repeat_and_differ_from_one_another() {
    let task = task("land");
    let mut one = Env::new(&task, 21).unwrap();
    let mut other = Env::new(&task, 4).unwrap();
    other.reset(Some(21)).unwrap();
    assert_eq!(seen(&one), seen(&other));
    let first = seen(&one);
    one.reset(None).unwrap();
    other.reset(None).unwrap();
    assert_eq!(seen(&one), seen(&other));
    assert_ne!(seen(&one), first, "two episodes begin alike");
}

#[test]
fn what_is_no_action_is_refused_and_moves_nothing() {
    let mut land = Env::new(&task("land"), 1).unwrap();
    let mut hop = Env::new(&task("hop-to-target"), 1).unwrap();
    let (land_hash, hop_hash) = (land.state_hash(), hop.state_hash());
    let mut reward = [0.0];
    let told = |result: Result<(), Fault>| result.unwrap_err().to_string();
    let mut numbers = [0.0_f32; 11];
    numbers[3] = f32::NAN;
    let message = told(land.step(Actions::Numbers(&numbers), &mut reward));
    assert!(
        message.contains("torque_left") && message.contains("NaN"),
        "{message}"
    );
    numbers[3] = 1.5;
    assert!(told(land.step(Actions::Numbers(&numbers), &mut reward)).contains("1.5"));
    assert!(told(land.step(Actions::Numbers(&[0.0; 3]), &mut reward)).contains("expected 11"));
    assert!(told(land.step(Actions::Choices(&[0]), &mut reward)).contains("numbers"));
    let message = told(hop.step(Actions::Choices(&[34]), &mut reward));
    assert!(
        message.contains("scout") && message.contains("0 to 33"),
        "{message}"
    );
    assert!(told(hop.step(Actions::Choices(&[-1]), &mut reward)).contains("-1"));
    assert!(told(hop.step(Actions::Choices(&[0, 0]), &mut reward)).contains("expected 1"));
    assert!(told(hop.step(Actions::Choices(&[0]), &mut [])).contains("rewards"));
    assert_eq!((land.state_hash(), hop.state_hash()), (land_hash, hop_hash));
}

#[test]
fn a_task_that_makes_no_sense_says_where() {
    let told = |change: fn(&mut Task)| {
        let mut task = task("land");
        change(&mut task);
        match Env::new(&task, 0) {
            Ok(_) => panic!("such a task was taken"),
            Err(fault) => fault.to_string(),
        }
    };
    assert!(told(|task| task.horizon_steps = 0).contains("horizon_steps = 0"));
    assert!(told(|task| task.stride = Stride::Seconds(f64::NAN)).contains("stride = NaN"));
    assert!(told(|task| task.agents = Who::Robots(vec!["nobody".into()])).contains("nobody"));
    assert!(told(|task| task.control = Control::Economy).contains("agents"));
    assert!(told(|task| task.level = "nowhere".into()).contains("nowhere"));
    assert!(told(|task| task.charter = Some("anarchy".into())).contains("anarchy"));
    let message = told(|task| {
        let value = serde_json::json!(1.0);
        task.replace.insert("market.base_price".into(), value);
    });
    assert!(message.contains("base_price") && message.contains("base_price_credits_per_kg"));
    let message = told(|task| {
        task.replace
            .insert("tick_s".into(), serde_json::json!(-1.0));
    });
    assert!(
        message.contains("tick_s") && message.contains("-1"),
        "{message}"
    );
    assert!(matches!(Task::find("fly"), Err(TaskError::Unknown { .. })));
    assert!(
        Task::parse("(format: 1, nme: 3)", "mine")
            .unwrap_err()
            .to_string()
            .contains("mine")
    );
}

#[test]
fn what_is_drawn_for_an_episode_lies_in_its_range_and_is_the_seeds() {
    let mut task = task("sell-well");
    task.randomise = vec![Randomise {
        path: "market.base_price_credits_per_kg".into(),
        low: 2000.0,
        high: 4000.0,
    }];
    let price = |env: &Env| env.world().level().market.base_price_credits_per_kg;
    let mut env = Env::new(&task, 1).unwrap();
    let mut prices = vec![price(&env)];
    for _ in 0..3 {
        env.reset(None).unwrap();
        prices.push(price(&env));
    }
    assert!(
        prices.iter().all(|price| (2000.0..=4000.0).contains(price)),
        "{prices:?}"
    );
    assert!(prices.windows(2).all(|two| two[0] != two[1]), "{prices:?}");
    env.reset(Some(1)).unwrap();
    assert_eq!(price(&env), prices[0]);
}

/// Brakes a fall so that the robot comes down at a speed that sinks with the height.
fn brake(env: &Env) -> Vec<f32> {
    let seen = seen(env);
    let at = |name: &str| {
        let place = env
            .layout()
            .fields
            .iter()
            .position(|field| field.name == name);
        let place = place.unwrap_or_else(|| panic!("no field {name}"));
        let field = &env.layout().fields[place];
        let told = seen[place];
        // As the layout says: x/(|x| + scale).
        field
            .scale
            .map_or(told, |scale| scale * told / (1.0 - told.abs()))
    };
    let mut action = vec![0.0; 11];
    let wanted_m_s = (0.04 * at("robot0.height")).clamp(0.03, 0.4);
    for (axis, name) in ["left", "up", "ahead"].into_iter().enumerate() {
        let wanted = -wanted_m_s * at(&format!("robot0.vertical_{name}"));
        let error = wanted - at(&format!("robot0.velocity_{name}"));
        action[axis] = (8.0 * error).clamp(-1.0, 1.0);
    }
    action
}

#[test]
fn who_brakes_lands_and_who_does_not_crashes() {
    let task = task("land");
    let Some(Goal::Land { .. }) = task.goal else {
        panic!("the goal of \"land\" is to land");
    };
    let mut landed = 0;
    for seed in 0..10 {
        let mut env = Env::new(&task, seed).unwrap();
        let mut reward = [0.0];
        let mut sum = 0.0;
        while !env.is_over() {
            env.step(Actions::Numbers(&brake(&env)), &mut reward)
                .unwrap();
            sum += reward[0];
        }
        let succeeded = env.metrics().agents[0].succeeded;
        landed += u32::from(succeeded);
        assert!(!succeeded || 5.0 < sum, "seed {seed}: landed for {sum}");
        env.reset(Some(seed)).unwrap();
        while !env.is_over() {
            env.step(Actions::Numbers(&[0.0; 11]), &mut reward).unwrap();
        }
        assert!(
            !env.metrics().agents[0].succeeded,
            "seed {seed}: landed without braking"
        );
        assert!(
            env.is_done(0) && reward[0] < 0.0,
            "seed {seed}: a crash is an end and costs"
        );
    }
    assert!(8 <= landed, "{landed} of 10 landed");
}

/// Two environments whose bodies differ in their ore alone.
fn twins(task: &Task, seed: u64) -> [Env; 2] {
    let one = Env::new(task, seed).unwrap();
    let mut other = Env::new(task, seed).unwrap();
    let level = one.world().level();
    let ore = BodyModel::with_other_ore(&level.body, level.anchor(), 77).unwrap();
    other.world_mut().replace_terrain(Terrain::new(ore));
    [one, other]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(6))]

    /// Hops, waits, charges and dealings: nothing that reads or digs the ground.
    #[test]
    fn no_observation_tells_of_ore_that_nobody_has_read(dice in any::<u64>()) {
        let mut task = task("hop-to-target");
        task.horizon_steps = 1000;
        task.goal = Some(Goal::Reach { distance_m: (500.0, 600.0), within_m: 0.1 });
        let [mut one, mut other] = twins(&task, 3);
        let mut dice = Dice::new(dice);
        let mut reward = [0.0];
        for _ in 0..12 {
            let choice = [i64::from(dice.0.next_u32() % 17)];
            one.step(Actions::Choices(&choice), &mut reward).unwrap();
            let told = reward;
            other.step(Actions::Choices(&choice), &mut reward).unwrap();
            prop_assert_eq!(told, reward);
            prop_assert_eq!(bits(&seen(&one)), bits(&seen(&other)));
        }
    }
}
