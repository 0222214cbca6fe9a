"""Many worlds: arrays in place, autoreset in three ways, the same stream in any company."""

from __future__ import annotations

from typing import Any

import gymnasium
import numpy as np
import pytest

import bonanza
from conftest import choose

MODES = ["next_step", "same_step", "disabled"]
# Its name before Gymnasium 1.0.
BY_ENTRY_POINT = "vector_entry_point" if hasattr(gymnasium, "VectorizeMode") else "custom"


def actions(rngs: list[np.random.Generator], worlds: bonanza.VecWorlds) -> np.ndarray:
    return np.stack(
        [
            np.stack([choose(rng, worlds.layout, mask) for mask in worlds.action_masks[place]])
            for place, rng in enumerate(rngs)
        ]
    )


@pytest.mark.parametrize("task", ["land", "hop-to-target"])
@pytest.mark.parametrize("mode", MODES)
def test_a_world_alone_and_in_a_batch_give_the_same_stream(task: str, mode: str) -> None:
    alone = bonanza.Env(task, horizon_steps=12)
    rng = np.random.default_rng(0)
    seen, _ = alone.reset(seed=9)
    path = [seen]
    rewards, hashes = [0.0], [alone.state_hash()]
    for _ in range(30):
        action = choose(rng, alone.layout, alone.action_masks())
        seen, reward, terminated, truncated, _ = alone.step(
            action if alone.layout.numbers else action[0]
        )
        rewards.append(reward)
        if terminated or truncated:
            seen, _ = alone.reset()
        path.append(seen)
        hashes.append(alone.state_hash())
    for threads in (1, 2):
        worlds = bonanza.VecWorlds(
            task, worlds=3, threads=threads, seed=9, autoreset=mode, horizon_steps=12
        )
        rngs = [np.random.default_rng(place) for place in range(3)]
        at = 0
        assert np.array_equal(worlds.observations[0, 0], path[0])
        while at < 30:
            worlds.step(actions(rngs, worlds))
            over = worlds.terminations[0, 0] or worlds.truncations[0, 0]
            at += 1
            assert worlds.rewards[0, 0] == pytest.approx(rewards[at])
            if over and mode == "next_step":
                # The choice that starts the next episode counts for nothing.
                state = rngs[0].bit_generator.state
                worlds.step(actions(rngs, worlds))
                rngs[0].bit_generator.state = state
                assert worlds.began[0] and worlds.rewards[0, 0] == 0.0
            elif over and mode == "disabled":
                worlds.reset(mask=np.array([True, False, False]))
            assert np.array_equal(worlds.observations[0, 0], path[at])
            assert worlds.state_hash(0) == hashes[at]


def test_arrays_are_written_in_place() -> None:
    worlds = bonanza.VecWorlds("land", worlds=2)
    views = worlds.observations, worlds.rewards, worlds.terminations, worlds.action_masks
    before = worlds.observations.copy()
    worlds.step(np.ones((2, 1, 11), dtype=np.float32))
    assert not np.array_equal(before, views[0]) and views[0] is worlds.observations
    assert views[1] is worlds.rewards and views[3].shape == (2, 1, 0)


def test_social_worlds_fill_rows_for_every_agent() -> None:
    worlds = bonanza.VecWorlds(
        "the-last-ice", worlds=2, threads=2, stride={"Seconds": 600.0}, horizon_steps=3
    )
    assert worlds.observations.shape[:2] == (2, 8) == worlds.rewards.shape
    rngs = [np.random.default_rng(place) for place in range(2)]
    ended = [worlds.step(actions(rngs, worlds)) for _ in range(3)]
    assert ended == [0, 0, 2] and worlds.truncations.all() and not worlds.terminations.any()
    figures = worlds.metrics(1)["figures"]
    assert 0.0 <= figures["gini_wealth"] <= 1.0
    snapshot, hash_there = worlds.snapshot(1), worlds.state_hash(1)
    worlds.restore(0, snapshot)
    assert worlds.state_hash(0) == hash_there
    assert np.array_equal(worlds.observations[0], worlds.observations[1])


def test_wrong_arrays_are_refused_and_move_nothing() -> None:
    worlds = bonanza.VecWorlds("land", worlds=2)
    hashes = [worlds.state_hash(place) for place in range(2)]
    for wrong in [
        None,
        "x",
        np.zeros((2, 11)),
        np.zeros((3, 1, 11)),
        np.full((2, 1, 11), np.inf),
        np.zeros((2, 1, 11), dtype=object),
        [[[0.0] * 11]],
    ]:
        with pytest.raises(bonanza.ActionError):
            worlds.step(wrong)  # type: ignore[arg-type]
    half = np.zeros((2, 1, 11), dtype=np.float32)
    half[1, 0, 0] = np.nan
    with pytest.raises(bonanza.ActionError, match="thrust_left"):
        worlds.step(half)
    assert [worlds.state_hash(place) for place in range(2)] == hashes
    for wrong in [-1, 2, "0", None]:
        with pytest.raises(bonanza.ActionError, match="world"):
            worlds.state_hash(wrong)  # type: ignore[arg-type]
    with pytest.raises(bonanza.ActionError, match="mask"):
        worlds.reset(mask=[1, 0])
    with pytest.raises(bonanza.TaskError, match="seed"):
        worlds.reset(seed=[1])
    for kwargs in [{"worlds": 0}, {"threads": 0}, {"autoreset": "maybe"}, {"worlds": 2.5}]:
        with pytest.raises(bonanza.TaskError, match=next(iter(kwargs))):
            bonanza.VecWorlds("land", **kwargs)  # type: ignore[arg-type]
    # Arrays that were swapped for others.
    worlds.rewards = np.zeros((2, 2), dtype=np.float32)
    with pytest.raises(bonanza.ActionError, match="rewards"):
        worlds.step(np.zeros((2, 1, 11), dtype=np.float32))
    worlds.rewards = np.zeros((2, 1), dtype=np.float32)
    worlds.observations = np.zeros((4, 1, worlds.observations.shape[2]), dtype=np.float32)[::2]
    with pytest.raises(bonanza.ActionError, match="observations"):
        worlds.step(np.zeros((2, 1, 11), dtype=np.float32))
    worlds.observations = np.zeros((2, 1, 46), dtype=np.float64)  # type: ignore[assignment]
    with pytest.raises((bonanza.ActionError, TypeError), match="observations|cast"):
        worlds.step(np.zeros((2, 1, 11), dtype=np.float32))


def make(mode: str, **kwargs: Any) -> bonanza.VectorEnv:
    return bonanza.VectorEnv("land", 3, autoreset_mode=mode, **kwargs)


def test_the_registry_makes_vectors() -> None:
    env = gymnasium.make_vec("bonanza/Land-v0", num_envs=2, vectorization_mode=BY_ENTRY_POINT)
    assert env.num_envs == 2
    observations, _ = env.reset(seed=1)
    assert observations in env.observation_space
    assert isinstance(env.unwrapped, bonanza.VectorEnv)
    env.step(env.action_space.sample())


@pytest.mark.parametrize("mode", MODES)
def test_gymnasiums_three_ways_to_go_on(mode: str) -> None:
    env = make(mode, horizon_steps=5)
    name = env.metadata["autoreset_mode"]
    assert str(getattr(name, "name", name)).lower() == mode
    first, _ = env.reset(seed=4)
    still = np.zeros((3, 11), dtype=np.float32)
    for _ in range(4):
        observations, rewards, terminated, truncated, info = env.step(still)
        assert not truncated.any()
    last, _, _, truncated, info = env.step(still)
    assert truncated.all() and first.shape == last.shape
    if mode == "same_step":
        assert info["_final_obs"].all()
        assert not np.array_equal(info["final_obs"][0], last[0])
    else:
        assert "final_obs" not in info
    if mode == "disabled":
        with_mask = {"reset_mask": np.array([True, False, False])}
        fresh, _ = env.reset(options=with_mask)
        assert not np.array_equal(fresh[0], last[0]) and np.array_equal(fresh[1], last[1])
    observations, rewards, terminated, truncated, _ = env.step(still)
    if mode == "next_step":
        assert (rewards == 0).all() and not truncated.any()
    if mode == "disabled":
        assert list(truncated) == [False, True, True]
    # Handed out arrays are not written to again.
    kept = observations.copy()
    env.step(still)
    assert np.array_equal(kept, observations)
