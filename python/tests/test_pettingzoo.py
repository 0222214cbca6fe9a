"""Many agents in one world: PettingZoo's own tests, live agents, endings."""

from __future__ import annotations

import copy
import pickle
import warnings

import numpy as np
import pytest
from pettingzoo.test import (
    api_test,
    max_cycles_test,
    parallel_api_test,
    parallel_seed_test,
    seed_test,
)

import bonanza
from conftest import choose

QUICK_ICE = {"stride": {"Seconds": 600.0}, "horizon_steps": 12}
SOCIAL = [
    ("the-last-ice", QUICK_ICE),
    ("the-last-ice-quota", QUICK_ICE),
    ("ice-for-four", QUICK_ICE),
    ("share-the-yield", QUICK_ICE),
]
ROBOTS = (
    "fly-to-target",
    {"agents": {"Robots": []}, "goal": None, "reward": "Profit", "horizon_steps": 12},
)


@pytest.mark.parametrize(("task", "changes"), [*SOCIAL, ROBOTS])
def test_the_api_tests_of_pettingzoo_pass(task: str, changes: dict[str, object]) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        parallel_api_test(bonanza.parallel_env(task, **changes), num_cycles=20)
        api_test(bonanza.aec_env(task, **changes), num_cycles=20)


def test_seeds_and_the_longest_episode_pass_the_tests_of_pettingzoo() -> None:
    task, changes = SOCIAL[0]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        parallel_seed_test(lambda: bonanza.parallel_env(task, **changes), num_cycles=6)
        seed_test(lambda: bonanza.aec_env(task, **changes), num_cycles=6)

        class Module:
            """What the test takes for a module of PettingZoo."""

            @staticmethod
            def env(max_cycles: int) -> object:
                return bonanza.aec_env(task, **{**changes, "horizon_steps": max_cycles})

            @staticmethod
            def parallel_env(max_cycles: int) -> object:
                return bonanza.parallel_env(task, **{**changes, "horizon_steps": max_cycles})

        max_cycles_test(Module)


def test_keys_are_exactly_the_live_agents(rng: np.random.Generator) -> None:
    # Each robot has a goal of its own, and is done when it is there.
    env = bonanza.parallel_env(
        "hop-to-target",
        agents={"Robots": ["scout", "excavator"]},
        goal={"Reach": {"distance_m": [0.0, 2.0], "within_m": 3.0}},
        horizon_steps=20,
    )
    observations, infos = env.reset(seed=1)
    assert set(observations) == set(infos) == {"scout", "excavator"} == set(env.agents)
    observations, rewards, terminations, truncations, infos = env.step(dict.fromkeys(env.agents, 0))
    assert set(observations) == set(rewards) == set(terminations) == {"scout", "excavator"}
    assert terminations == {"scout": True, "excavator": True} and not env.agents
    assert 5.0 < rewards["scout"] and infos["scout"]["metrics"]["agents"][0]["succeeded"]
    with pytest.raises(bonanza.StateError):
        env.step({})


def test_a_missing_or_wrong_action_is_refused_and_moves_nothing() -> None:
    env = bonanza.parallel_env("the-last-ice", **QUICK_ICE)  # type: ignore[arg-type]
    env.reset(seed=1)
    hash_before = env.state_hash()
    wait = {agent: np.zeros(len(env.layout.choices), dtype=np.int64) for agent in env.agents}
    with pytest.raises(bonanza.ActionError, match="player"):
        env.step({agent: action for agent, action in wait.items() if agent != "player"})
    with pytest.raises(bonanza.ActionError, match="rook"):
        env.step({**wait, "rook": np.array([99, 0, 0, 0, 0, 0])})
    assert env.state_hash() == hash_before
    env.step(wait)


def test_copies_go_on_bit_for_bit(rng: np.random.Generator) -> None:
    env = bonanza.parallel_env("the-last-ice", **QUICK_ICE)  # type: ignore[arg-type]
    env.reset(seed=3)
    for _ in range(3):
        env.step(actions(rng, env))
    for twin in (copy.deepcopy(env), pickle.loads(pickle.dumps(env))):
        branch = copy.deepcopy(env)
        mine = actions(rng, env)
        branch.step(mine)
        twin.step(mine)
        assert branch.state_hash() == twin.state_hash()
        assert twin.agents == branch.agents


def actions(rng: np.random.Generator, env: bonanza.ParallelWorld) -> dict[str, np.ndarray]:
    masks = dict(zip(env.possible_agents, env._single.masks, strict=True))
    return {agent: choose(rng, env.layout, masks[agent]) for agent in env.agents}
