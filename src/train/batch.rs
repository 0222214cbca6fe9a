//! Many worlds side by side, over threads.
//!
//! Each world has its own random streams and shares nothing that changes, so that it goes the same
//! way alone, in company, and on any number of threads.

use rayon::prelude::*;
use rayon::{ThreadPool, ThreadPoolBuilder};

use super::env::{Actions, Env, Fault, length};
use super::eyes::{PATCH, PICTURE};
use super::task::Task;

/// What becomes of a world whose episode is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Autoreset {
    /// The next step starts the next episode instead of taking actions.
    NextStep,
    /// The same step starts it; what was seen last is kept apart.
    SameStep,
    /// Nothing, until it is told to start anew.
    Disabled,
}

/// Where a step writes, world by world and agent by agent.
pub struct Buffers<'a> {
    /// Worlds × agents × numbers.
    pub observations: &'a mut [f32],
    /// Worlds × agents.
    pub rewards: &'a mut [f32],
    /// Worlds × agents: nothing more will come of the agent in this episode.
    pub terminated: &'a mut [bool],
    /// Worlds × agents: the episode was cut off.
    pub truncated: &'a mut [bool],
    /// Worlds × agents × choices; empty for actions that are numbers.
    pub masks: &'a mut [bool],
    /// As the observations: what was seen at the end of an episode, where this step began another
    /// one. May be empty where no step does.
    pub final_observations: &'a mut [f32],
    /// Worlds: whether an episode began in this step.
    pub began: &'a mut [bool],
}

/// What all worlds have come to in a step, but for the arrays.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Outcome {
    /// Worlds whose episode ended.
    pub ended: usize,
    /// Worlds whose episode began.
    pub began: usize,
}

/// Worlds of one task.
pub struct Batch {
    envs: Vec<Env>,
    /// Episodes that are over and wait for the next step.
    waiting: Vec<bool>,
    /// None for one thread, which is that of the caller.
    pool: Option<ThreadPool>,
    autoreset: Autoreset,
}

/// The part of all buffers that belongs to one world.
struct Job<'a> {
    env: &'a mut Env,
    waiting: &'a mut bool,
    actions: Actions<'a>,
    observations: &'a mut [f32],
    rewards: &'a mut [f32],
    terminated: &'a mut [bool],
    truncated: &'a mut [bool],
    masks: &'a mut [bool],
    last: Option<&'a mut [f32]>,
    began: &'a mut bool,
}

impl Batch {
    /// `worlds` worlds; number i begins with the seed `seed + i`.
    ///
    /// # Errors
    /// [`Fault`] if the task does not fit its level, or the system gives no threads.
    pub fn new(
        task: &Task,
        seed: u64,
        worlds: usize,
        threads: usize,
        autoreset: Autoreset,
    ) -> Result<Self, Fault> {
        let first = Env::new(task, seed)?;
        let mut envs = Vec::with_capacity(worlds);
        for index in 1..worlds as u64 {
            envs.push(first.sibling(seed.wrapping_add(index))?);
        }
        envs.insert(0, first);
        Ok(Self {
            waiting: vec![false; envs.len()],
            envs,
            pool: pool(threads.min(worlds))?,
            autoreset,
        })
    }

    pub fn envs(&self) -> &[Env] {
        &self.envs
    }

    pub fn envs_mut(&mut self) -> &mut [Env] {
        &mut self.envs
    }

    pub fn threads(&self) -> usize {
        self.pool
            .as_ref()
            .map_or(1, ThreadPool::current_num_threads)
    }

    /// Starts worlds anew: all, or those that are marked. With a seed, world i begins with the seed
    /// plus i; without, with its next episode. Fills the buffers of those that start.
    ///
    /// # Errors
    /// [`Fault`] of the first world that has one.
    pub fn reset(
        &mut self,
        seeds: Option<&[u64]>,
        mark: Option<&[bool]>,
        out: &mut Buffers<'_>,
    ) -> Result<(), Fault> {
        self.check(out)?;
        let count = self.envs.len();
        if let Some(seeds) = seeds {
            length("the list of seeds", seeds.len(), count)?;
        }
        if let Some(mark) = mark {
            length("the reset mask", mark.len(), count)?;
        }
        let seeds: Vec<Option<u64>> = match seeds {
            Some(seeds) => seeds.iter().copied().map(Some).collect(),
            None => vec![None; count],
        };
        let actions = vec![Actions::Choices(&[]); count];
        let jobs = jobs(&mut self.envs, &mut self.waiting, &actions, out);
        let chosen: Vec<(Job<'_>, Option<u64>)> = jobs
            .into_iter()
            .zip(seeds)
            .enumerate()
            .filter(|(index, _)| mark.is_none_or(|mark| mark[*index]))
            .map(|(_, job)| job)
            .collect();
        in_threads(self.pool.as_ref(), chosen, |(job, seed)| {
            job.env.reset(seed)?;
            *job.waiting = false;
            *job.began = true;
            job.rewards.fill(0.0);
            job.terminated.fill(false);
            job.truncated.fill(false);
            job.env.observe(job.observations);
            job.env.masks(job.masks);
            Ok(())
        })
    }

    /// Steps all worlds and writes what has come of it.
    ///
    /// # Errors
    /// [`Fault`] of the first world whose actions are none; those of other worlds may have been
    /// taken.
    pub fn step(&mut self, actions: Actions<'_>, out: &mut Buffers<'_>) -> Result<Outcome, Fault> {
        self.check(out)?;
        let count = self.envs.len();
        let agents = self.envs[0].agents().len();
        let each = agents * self.envs[0].layout().heads.len();
        let found = match actions {
            Actions::Numbers(numbers) => numbers.len(),
            Actions::Choices(choices) => choices.len(),
        };
        length("the array of actions", found, count * each)?;
        let parts: Vec<Actions<'_>> = (0..count)
            .map(|index| {
                let part = index * each..(index + 1) * each;
                match actions {
                    Actions::Numbers(numbers) => Actions::Numbers(&numbers[part]),
                    Actions::Choices(choices) => Actions::Choices(&choices[part]),
                }
            })
            .collect();
        // Nothing moves unless every action can be taken.
        for (env, part) in self.envs.iter().zip(&parts) {
            env.check_actions(*part)?;
        }
        let autoreset = self.autoreset;
        let jobs = jobs(&mut self.envs, &mut self.waiting, &parts, out);
        in_threads(self.pool.as_ref(), jobs, |job| run(job, autoreset))?;
        let began = out.began.iter().filter(|began| **began).count();
        let ended = match autoreset {
            Autoreset::SameStep => began,
            Autoreset::NextStep | Autoreset::Disabled => {
                self.envs.iter().filter(|env| env.is_over()).count()
            }
        };
        Ok(Outcome { ended, began })
    }

    /// Writes what all agents see and may do now, without a step: after worlds were put back.
    ///
    /// # Errors
    /// [`Fault::Length`] if an array has another length.
    pub fn look(&self, observations: &mut [f32], masks: &mut [bool]) -> Result<(), Fault> {
        let layout = self.envs[0].layout();
        let agents = self.envs[0].agents().len();
        let seats = self.envs.len() * agents;
        length("observations", observations.len(), seats * layout.len())?;
        length("masks", masks.len(), seats * layout.heads.mask_len())?;
        let mut left = masks;
        let numbers = observations.chunks_exact_mut(agents * layout.len());
        for (env, out) in self.envs.iter().zip(numbers) {
            env.observe(out);
            let (own, others) = left.split_at_mut(agents * layout.heads.mask_len());
            env.masks(own);
            left = others;
        }
        Ok(())
    }

    /// Writes what the cameras of all agents see now: worlds × agents × [`PICTURE`].
    ///
    /// # Errors
    /// [`Fault::Length`] if the array has another length.
    pub fn pictures(&mut self, out: &mut [u8]) -> Result<(), Fault> {
        self.each_writes("pictures", PICTURE, out, |env, out| env.pictures(out))
    }

    /// Writes the ground around the first robots of all agents now: worlds × agents × [`PATCH`].
    ///
    /// # Errors
    /// [`Fault::Length`] if the array has another length.
    pub fn patches(&mut self, out: &mut [u8]) -> Result<(), Fault> {
        self.each_writes("patches", PATCH, out, |env, out| env.patches(out))
    }

    fn each_writes(
        &mut self,
        what: &'static str,
        shape: [usize; 3],
        out: &mut [u8],
        write: impl Fn(&mut Env, &mut [u8]) -> Result<(), Fault> + Send + Sync,
    ) -> Result<(), Fault> {
        let each = self.envs[0].agents().len() * shape.iter().product::<usize>();
        length(what, out.len(), self.envs.len() * each)?;
        let jobs = self.envs.iter_mut().zip(out.chunks_exact_mut(each));
        in_threads(self.pool.as_ref(), jobs.collect(), |(env, out)| {
            write(env, out)
        })
    }

    fn check(&self, out: &Buffers<'_>) -> Result<(), Fault> {
        let layout = self.envs[0].layout();
        let seats = self.envs.len() * self.envs[0].agents().len();
        length("observations", out.observations.len(), seats * layout.len())?;
        length("rewards", out.rewards.len(), seats)?;
        length("terminated", out.terminated.len(), seats)?;
        length("truncated", out.truncated.len(), seats)?;
        length("masks", out.masks.len(), seats * layout.heads.mask_len())?;
        length("began", out.began.len(), self.envs.len())?;
        if !out.final_observations.is_empty() || self.autoreset == Autoreset::SameStep {
            length(
                "final observations",
                out.final_observations.len(),
                seats * layout.len(),
            )?;
        }
        Ok(())
    }
}

fn pool(threads: usize) -> Result<Option<ThreadPool>, Fault> {
    if threads <= 1 {
        return Ok(None);
    }
    let named = ThreadPoolBuilder::new().thread_name(|index| format!("worlds-{index}"));
    let pool = named.num_threads(threads).build();
    pool.map(Some)
        .map_err(|error| Fault::Load(format!("the system gives no {threads} threads: {error}")))
}

fn run(job: Job<'_>, autoreset: Autoreset) -> Result<(), Fault> {
    *job.began = false;
    if std::mem::take(job.waiting) {
        job.env.reset(None)?;
        *job.began = true;
        job.rewards.fill(0.0);
        job.terminated.fill(false);
        job.truncated.fill(false);
    } else if job.env.is_over() {
        // Nobody has asked for the next episode.
        job.rewards.fill(0.0);
    } else {
        job.env.step(job.actions, job.rewards)?;
        for (agent, slot) in job.terminated.iter_mut().enumerate() {
            *slot = job.env.is_done(agent);
        }
        let truncated = job.env.is_truncated();
        for (slot, done) in job.truncated.iter_mut().zip(job.terminated.iter()) {
            *slot = truncated && !done;
        }
        if job.env.is_over() {
            match autoreset {
                Autoreset::NextStep => *job.waiting = true,
                Autoreset::SameStep => {
                    if let Some(last) = job.last {
                        job.env.observe(last);
                    }
                    job.env.reset(None)?;
                    *job.began = true;
                }
                Autoreset::Disabled => {}
            }
        }
    }
    job.env.observe(job.observations);
    job.env.masks(job.masks);
    Ok(())
}

/// Cuts the buffers up by worlds.
fn jobs<'a>(
    envs: &'a mut [Env],
    waiting: &'a mut [bool],
    actions: &[Actions<'a>],
    out: &'a mut Buffers<'_>,
) -> Vec<Job<'a>> {
    let agents = envs[0].agents().len();
    let numbers = agents * envs[0].layout().len();
    let choices = agents * envs[0].layout().heads.mask_len();
    let mut masks = &mut *out.masks;
    let mut last = &mut *out.final_observations;
    envs.iter_mut()
        .zip(waiting)
        .zip(actions)
        .zip(out.observations.chunks_exact_mut(numbers))
        .zip(out.rewards.chunks_exact_mut(agents))
        .zip(out.terminated.chunks_exact_mut(agents))
        .zip(out.truncated.chunks_exact_mut(agents))
        .zip(out.began.iter_mut())
        .map(
            |(
                ((((((env, waiting), actions), observations), rewards), terminated), truncated),
                began,
            )| {
                let (mask, others) = std::mem::take(&mut masks).split_at_mut(choices);
                masks = others;
                let own = if last.is_empty() {
                    None
                } else {
                    let (own, others) = std::mem::take(&mut last).split_at_mut(numbers);
                    last = others;
                    Some(own)
                };
                Job {
                    env,
                    waiting,
                    actions: *actions,
                    observations,
                    rewards,
                    terminated,
                    truncated,
                    masks: mask,
                    last: own,
                    began,
                }
            },
        )
        .collect()
}

/// Does all jobs, on the threads of a pool if there is one.
fn in_threads<J: Send>(
    pool: Option<&ThreadPool>,
    jobs: Vec<J>,
    work: impl Fn(J) -> Result<(), Fault> + Send + Sync,
) -> Result<(), Fault> {
    let Some(pool) = pool else {
        return jobs.into_iter().try_for_each(work);
    };
    // A world at a time: some cost many times what others do.
    pool.install(|| {
        let jobs = jobs.into_par_iter().with_max_len(1);
        jobs.try_for_each(work)
    })
}
