"""RLlib: its check of multi-agent environments, the runner over many worlds, and a cluster that loses a worker."""

from __future__ import annotations

import csv
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

ray = pytest.importorskip("ray")

import psutil  # noqa: E402
from ray.rllib.algorithms.ppo import PPOConfig  # noqa: E402
from ray.rllib.utils.pre_checks.env import check_multiagent_environments  # noqa: E402

import bonanza  # noqa: E402
from bonanza.bench import flight_8  # noqa: E402
from bonanza.cluster import configure  # noqa: E402
from bonanza.rllib import MultiAgentWorld, WorldsEnvRunner  # noqa: E402

ICE: dict[str, Any] = {"task": "the-last-ice", "stride": {"Ticks": 1}, "horizon_steps": 12}


def config(env_config: dict[str, Any], modules: int = 1, worlds: int = 3) -> Any:
    """PPO without learners, with so many modules that agents share."""
    agents = bonanza.parallel_env(**{k: v for k, v in env_config.items()}).possible_agents
    module_of = {agent: f"m{place % modules}" for place, agent in enumerate(agents)}
    return (
        PPOConfig()
        .environment(env=MultiAgentWorld, env_config=env_config)
        .env_runners(num_env_runners=0, num_envs_per_env_runner=worlds, rollout_fragment_length=10)
        .multi_agent(
            policies=set(module_of.values()),
            policy_mapping_fn=lambda agent, *_, **__: module_of[agent],
        )
        .debugging(seed=3)
    )


@pytest.mark.parametrize("task", ["the-last-ice", "claim-rush", "fly-to-target"])
def test_the_check_of_rllib_passes(task: str) -> None:
    for masks in (False, True):
        world = {"task": task, "horizon_steps": 5, "masks": masks}
        check_multiagent_environments(MultiAgentWorld(world))


def test_an_episode_ends_when_all_agents_have_ended_each_in_its_own_way() -> None:
    # Eight haulers fall from forty metres: some touch the ground, the horizon cuts the others off.
    task = flight_8().with_(reward="Goal", stride={"Seconds": 1.0}, horizon_steps=60)
    env = MultiAgentWorld({"task": task})
    env.reset(seed=2)
    push = {agent: np.zeros(11, dtype=np.float32) for agent in env.possible_agents}
    for place, action in enumerate(push.values()):
        action[1] = -1.0 if place % 2 else 1.0
    ways = set()
    while env.agents:
        live = set(env.agents)
        _, _, terminations, truncations, _ = env.step({agent: push[agent] for agent in live})
        assert set(terminations) == set(truncations) == live | {"__all__"}
        ways |= {"terminated" for agent in live if terminations[agent]}
        ways |= {"truncated" for agent in live if truncations[agent]}
        over = not env.agents
        assert (terminations["__all__"] or truncations["__all__"]) == over
    assert ways == {"terminated", "truncated"}


@pytest.mark.parametrize("modules", [1, 3])
def test_the_runner_tells_what_the_environment_would_have_told(modules: int) -> None:
    runner = WorldsEnvRunner(config=config(ICE, modules))
    episodes = runner.sample(num_timesteps=3 * 30)
    assert sum(len(episode) for episode in episodes) == 3 * 30 * 8
    assert runner.worlds is not None
    # Of world 0, its first episode.
    env = bonanza.parallel_env(**ICE)
    observations, _ = env.reset(seed=runner.worlds.seed)
    first: dict[str, Any] = {}
    for episode in episodes:
        shows = np.array_equal(episode.get_observations(0), observations[episode.agent_id])
        if shows and episode.t_started == 0 and episode.agent_id not in first:
            first[episode.agent_id] = episode
    assert sorted(first) == sorted(env.possible_agents)
    for step in range(12):
        actions = {agent: episode.get_actions(step) for agent, episode in first.items()}
        observations, rewards, _, truncations, _ = env.step(actions)
        for agent, episode in first.items():
            assert np.array_equal(episode.get_observations(step + 1), observations[agent])
            assert episode.get_rewards(step) == pytest.approx(rewards[agent], rel=1e-6)
    assert all(truncations.values())
    for episode in first.values():
        assert len(episode) == 12 and episode.is_truncated and not episode.is_terminated
        assert episode.module_id in runner.module
        told = episode.get_extra_model_outputs("action_logp")
        assert len(told) == 12 and np.isfinite(told).all() and (told <= 0).all()


def test_the_parts_of_an_episode_fit_together() -> None:
    runner = WorldsEnvRunner(config=config(ICE))
    parts = [runner.sample(num_timesteps=3 * 5) for _ in range(6)]
    by_name: dict[str, list[Any]] = {}
    for sample in parts:
        for episode in sample:
            by_name.setdefault(episode.id_, []).append(episode)
    whole = [chain for chain in by_name.values() if chain[-1].is_done]
    assert len(whole) == 3 * 8 * 2
    for chain in whole:
        assert sum(len(part) for part in chain) == 12
        at = 0
        for before, after in zip(chain, chain[1:], strict=False):
            at += len(before)
            assert not before.is_done and after.t_started == at
            assert np.array_equal(before.get_observations(-1), after.get_observations(0))


def test_what_makes_no_sense_is_never_chosen_where_masks_are_wanted() -> None:
    task = bonanza.Task("the-last-ice", stride={"Seconds": 3600.0}, horizon_steps=20)
    algorithm = configure(task, runners=0, worlds=2, threads=1, seed=5)
    runner = WorldsEnvRunner(config=algorithm)
    assert runner.worlds is not None
    layout = runner.worlds.layout
    starts = np.concatenate(([0], np.cumsum([len(options) for options in layout.choices])))[:-1]
    closed = 0
    for explore in (True, False):
        for episode in runner.sample(num_timesteps=2 * 25, explore=explore):
            seen = np.stack([episode.get_observations(step) for step in range(len(episode))])
            masks = seen[:, -layout.mask_len :]
            assert seen.shape[1] == len(layout.fields) + layout.mask_len
            chosen = np.stack([episode.get_actions(step) for step in range(len(episode))])
            assert (np.take_along_axis(masks, starts + chosen, axis=1) == 1.0).all()
            closed += int((masks == 0.0).sum())
    assert 0 < closed, "nothing was ever closed"


def test_a_world_without_a_task_is_refused() -> None:
    with pytest.raises(bonanza.TaskError, match="task"):
        MultiAgentWorld({"horizon_steps": 3})


def test_training_goes_on_when_a_worker_dies_and_from_a_checkpoint(tmp_path: Path) -> None:
    command = [
        sys.executable,
        "-m",
        "bonanza.cluster",
        "land",
        "--runners",
        "2",
        "--worlds",
        "4",
        "--independent",
        "--evaluate",
        "3",
        "--out",
        str(tmp_path),
    ]
    environment = os.environ | {"CUDA_VISIBLE_DEVICES": ""}
    with (tmp_path / "log").open("w", encoding="utf-8") as log:
        run = subprocess.Popen(
            [*command, "--steps", "6000"], stdout=log, stderr=log, env=environment
        )
        try:
            killed: int | None = None
            deadline = time.monotonic() + 900.0
            while run.poll() is None and time.monotonic() < deadline:
                time.sleep(0.5)
                if killed is None and (tmp_path / "checkpoint").exists():
                    workers = [
                        process.pid
                        for process in psutil.Process(run.pid).children(recursive=True)
                        if "WorldsEnvRunner" in " ".join(process.cmdline())
                    ]
                    if workers:
                        killed = workers[0]
                        os.kill(killed, signal.SIGKILL)
            code = run.poll()
        finally:
            if run.poll() is None:
                run.kill()
    told = (tmp_path / "log").read_text(encoding="utf-8")
    assert code == 0, told
    assert killed is not None
    done = curve(tmp_path)
    assert 6000 <= done[-1] and len(done) > 3
    again = subprocess.run(
        [*command, "--steps", "7000"], capture_output=True, text=True, env=environment, check=False
    )
    assert again.returncode == 0, again.stderr
    assert "going on" in again.stdout
    with (tmp_path / "evaluation.csv").open(encoding="utf-8") as file:
        played = list(csv.DictReader(file))
    assert len(played) == 3 and all(np.isfinite(float(row["profits_credits"])) for row in played)
    later = curve(tmp_path)
    assert later[: len(done)] == done and 7000 <= later[-1]


def curve(folder: Path) -> list[int]:
    """Agent-steps done, by the rows of the learning curve."""
    with (folder / "curve.csv").open(encoding="utf-8") as file:
        return [int(row["agent_steps"]) for row in csv.DictReader(file)]
