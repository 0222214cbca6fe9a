"""One agent: Gymnasium's checker, spaces, seeds, endings, copies, curricula."""

from __future__ import annotations

import copy
import pickle
import subprocess
import sys
import warnings

import gymnasium
import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env

import bonanza
from conftest import QUICK, act, make


@pytest.mark.parametrize("task", bonanza.task_names())
def test_the_checker_of_gymnasium_passes_every_task(task: str) -> None:
    env = make(task, disable_env_checker=True).unwrapped
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        check_env(env, skip_render_check=True)


@pytest.mark.parametrize("task", QUICK)
def test_spaces_are_the_same_objects_and_hold_all_that_is_seen(
    task: str, rng: np.random.Generator
) -> None:
    env = bonanza.Env(task)
    space = env.observation_space
    assert space is env.observation_space and env.action_space is env.action_space
    assert np.isfinite(space.low).all() and np.isfinite(space.high).all()
    observation, info = env.reset(seed=3)
    for _ in range(20):
        assert observation in space and observation.dtype == np.float32
        observation, reward, terminated, truncated, info = env.step(act(rng, env))
        assert np.isfinite(reward) and not (terminated and truncated)
        if terminated or truncated:
            assert info["metrics"]["agents"][0]["is_done"] == terminated
            observation, info = env.reset()


def test_an_episode_is_cut_off_at_its_horizon_and_not_before() -> None:
    env = bonanza.Env("hop-to-target", horizon_steps=4)
    env.reset(seed=1)
    ends = [env.step(0)[2:4] for _ in range(4)]
    assert ends == [(False, False)] * 3 + [(False, True)]
    with pytest.raises(bonanza.StateError, match="reset"):
        env.step(0)


def test_seeds_repeat_and_episodes_differ() -> None:
    one, other = bonanza.Env("land"), bonanza.Env("land")
    first = one.reset(seed=5)[0]
    assert np.array_equal(first, other.reset(seed=5)[0])
    second = one.reset()[0]
    assert np.array_equal(second, other.reset()[0]) and not np.array_equal(first, second)
    assert not np.array_equal(first, one.reset(seed=6)[0])


@pytest.mark.parametrize("task", QUICK)
@pytest.mark.parametrize("way", [copy.deepcopy, lambda env: pickle.loads(pickle.dumps(env))])
def test_a_copy_goes_on_bit_for_bit(task: str, way: object, rng: np.random.Generator) -> None:
    env = bonanza.Env(task)
    env.reset(seed=2)
    for _ in range(5):
        if any(env.step(act(rng, env))[2:4]):
            env.reset()
    twin = way(env)  # type: ignore[operator]
    assert twin.state_hash() == env.state_hash()
    for _ in range(6):
        action = act(rng, env)
        mine, its = env.step(action), twin.step(action)
        assert np.array_equal(mine[0], its[0]) and mine[1:4] == its[1:4]
        assert twin.state_hash() == env.state_hash()
        if mine[2] or mine[3]:
            assert np.array_equal(env.reset()[0], twin.reset()[0])


def test_a_snapshot_brings_back_the_past_here_and_in_another_process() -> None:
    env = bonanza.Env("sell-well")
    env.reset(seed=4)
    for _ in range(3):
        env.step([0, 0, 0])
    snapshot = env.snapshot()
    path = [env.step([2, 0, 0])[1] for _ in range(4)]
    hash_there = env.state_hash()
    env.restore(snapshot)
    assert [env.step([2, 0, 0])[1] for _ in range(4)] == path
    assert env.state_hash() == hash_there
    program = (
        "import sys, bonanza\n"
        "env = bonanza.Env('sell-well')\n"
        "env.restore(bonanza.Snapshot.from_bytes(sys.stdin.buffer.read()))\n"
        "for _ in range(4): env.step([2, 0, 0])\n"
        "print(env.state_hash())"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], input=snapshot.to_bytes(), capture_output=True, check=True
    )
    assert int(done.stdout) == hash_there
    with pytest.raises(bonanza.SnapshotError):
        bonanza.Snapshot.from_bytes(b"no snapshot")
    with pytest.raises(bonanza.SnapshotError, match="agents|task"):
        bonanza.parallel_env("the-last-ice").restore(snapshot)


def test_a_reward_of_ones_own_is_asked_for_each_step() -> None:
    asked = []

    def reward(before: bonanza.env.Metrics, now: bonanza.env.Metrics) -> list[float]:
        asked.append(now["time_s"] - before["time_s"])
        return [now["agents"][0]["credits"] - before["agents"][0]["credits"]]

    own = bonanza.Env("sell-well", reward=reward)
    usual = bonanza.Env("sell-well")
    own.reset(seed=1)
    usual.reset(seed=1)
    for _ in range(5):
        mine, its = own.step([4, 0, 0])[1], usual.step([4, 0, 0])[1]
        assert mine == pytest.approx(1e5 * its, abs=0.1)
    assert len(asked) == 5 and all(43200.0 <= time_s < 46800.0 for time_s in asked)
    wrong = bonanza.Env("sell-well", reward=lambda before, now: [float("nan")])
    wrong.reset(seed=1)
    with pytest.raises(bonanza.ActionError, match="nan"):
        wrong.step([0, 0, 0])


def test_options_of_a_reset_change_the_level_and_are_checked() -> None:
    env = bonanza.Env("sell-well")
    place = [field.name for field in env.layout.fields].index("market.price")
    field = env.layout.fields[place]

    def price(told: float) -> float:
        return told * field.scale / (1.0 - told)

    usual = price(env.reset(seed=1)[0][place])
    cheap = {"replace": {"market.base_price_credits_per_kg": 650.0}}
    assert price(env.reset(seed=1, options=cheap)[0][place]) == pytest.approx(650.0, rel=1e-3)
    with pytest.raises(bonanza.TaskError, match="base_prise"):
        env.reset(options={"replace": {"market.base_prise": 1.0}})
    with pytest.raises(bonanza.TaskError, match="colour"):
        env.reset(options={"colour": "red"})
    with pytest.raises(bonanza.TaskError, match="-3"):
        env.reset(options={"replace": {"tick_s": -3}})
    env.step([0, 0, 0])
    assert 1000.0 < usual


def test_a_dict_holds_the_same_numbers_by_block() -> None:
    flat, split = bonanza.Env("hop-to-target"), bonanza.Env("hop-to-target", observation="dict")
    one, other = flat.reset(seed=1)[0], split.reset(seed=1)[0]
    assert other in split.observation_space and {"robot0", "target", "market"} <= set(other)
    assert np.array_equal(one, np.concatenate([other[block] for block in flat.layout.blocks()]))


def test_what_is_no_action_or_argument_is_refused_and_moves_nothing() -> None:
    land, hop = bonanza.Env("land"), bonanza.Env("hop-to-target")
    land.reset(seed=1)
    hop.reset(seed=1)
    hashes = land.state_hash(), hop.state_hash()
    nothing = [None, "up", b"up", object(), [], {}, [None] * 11, np.zeros(10), np.zeros((1, 11))]
    for action in [*nothing, np.full(11, np.nan), np.full(11, 2.0), np.zeros(11, complex), 1, 1j]:
        with pytest.raises(bonanza.ActionError):
            land.step(action)
    for action in [*nothing, -1, 34, 10**6, 1.0, np.array([1]), np.float32(2), np.int64(-(2**62))]:
        with pytest.raises(bonanza.ActionError):
            hop.step(action)
    assert (land.state_hash(), hop.state_hash()) == hashes
    for seed in ["x", 1.5, -1, 2**64, True]:
        with pytest.raises(bonanza.TaskError, match="seed"):
            land.reset(seed=seed)  # type: ignore[arg-type]
    for wrong in [
        {"task": "fly"},
        {"task": 3},
        {"task": "land", "hurry": 1},
        {"task": "land", "horizon_steps": "many"},
        {"task": "land", "horizon_steps": 0},
        {"task": "land", "stride": {"Seconds": -1.0}},
        {"task": "land", "observation": "smell"},
        {"task": "land", "metrics_every": -1},
        {"task": "land", "render_mode": "film"},
        {"task": "land", "level": "no-such-level"},
        {"task": "land", "charter": "anarchy"},
        {"task": "land", "reward_scale": float("inf")},
        {"task": "the-last-ice"},
        {"task": "the-last-ice", "agents": {"Prospectors": ["nobody"]}},
    ]:
        with pytest.raises(bonanza.TaskError):
            bonanza.Env(**wrong)  # type: ignore[arg-type]


def test_every_error_is_one_of_ours() -> None:
    for name in bonanza.__all__:
        if name.endswith("Error"):
            assert issubclass(getattr(bonanza, name), bonanza.Error)
    with pytest.raises(ValueError, match="seed"):
        bonanza.Env("land").reset(seed=-1)


def test_an_old_name_in_the_registry_is_enough_to_make_one() -> None:
    env = gymnasium.make("bonanza/FirstWater-v0")
    observation, info = env.reset(seed=1)
    assert observation in env.observation_space
    mask = info["action_mask"]
    assert np.array_equal(np.concatenate(mask), env.unwrapped.action_masks())  # type: ignore[attr-defined]
    assert env.action_space.sample(mask=mask) in env.action_space
