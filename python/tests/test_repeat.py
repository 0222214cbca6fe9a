"""One hash over ten thousand steps: twice, in another process, on two threads, among others, after a restore."""

from __future__ import annotations

import hashlib
import subprocess
import sys
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest

import bonanza

STEPS = 10_000
TASK = {"stride": {"Ticks": 1}, "horizon_steps": 700}
SEED = 17


def task() -> bonanza.Task:
    """Thrust, torque and tools on Bennu, a tick a step; fourteen episodes and a part of another."""
    return bonanza.Task("fly-to-target", **TASK)


def actions(begin: int, end: int) -> npt.NDArray[np.float32]:
    """The same for the same step, whoever asks."""
    drawn = np.random.default_rng(5).uniform(-1.0, 1.0, (STEPS, 11)).astype(np.float32)
    return drawn[begin:end]


def go_on(env: bonanza.Env, begin: int, end: int) -> str:
    """Steps, and a hash of all that was told on the way and of the state at the end."""
    told = hashlib.blake2b(digest_size=16)
    for action in actions(begin, end):
        observation, reward, terminated, truncated, _ = env.step(action)
        told.update(observation.tobytes() + np.float32(reward).tobytes())
        told.update(bytes([terminated, truncated]))
        if terminated or truncated:
            told.update(env.reset()[0].tobytes())
    told.update(env.state_hash().to_bytes(8, "little"))
    return told.hexdigest()


def alone(end: int = STEPS) -> str:
    """A world on its own, from its seed."""
    env = bonanza.Env(task())
    env.reset(seed=SEED)
    return go_on(env, 0, end)


def among(worlds: int, threads: int) -> str:
    """The same world as number 0 of a batch, whose other worlds do something else."""
    batch = bonanza.VecWorlds(
        task(), worlds=worlds, threads=threads, seed=SEED, autoreset="same_step"
    )
    others = np.random.default_rng(6)
    told = hashlib.blake2b(digest_size=16)
    chosen = np.zeros((worlds, 1, 11), dtype=np.float32)
    for action in actions(0, STEPS):
        chosen[1:] = others.uniform(-1.0, 1.0, (1, 1, 11))
        chosen[0, 0] = action
        batch.step(chosen)
        last = batch.final_observations if batch.began[0] else batch.observations
        told.update(last[0, 0].tobytes() + batch.rewards[0, 0].tobytes())
        told.update(bytes([int(batch.terminations[0, 0]), int(batch.truncations[0, 0])]))
        if batch.began[0]:
            told.update(batch.observations[0, 0].tobytes())
    told.update(batch.state_hash(0).to_bytes(8, "little"))
    return told.hexdigest()


@pytest.fixture(scope="module")
def expected() -> str:
    return alone()


def elsewhere(*arguments: str) -> str:
    """What this file tells in another process."""
    command = [sys.executable, __file__, *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


def test_twice_and_in_another_process(expected: str) -> None:
    assert alone() == expected
    assert elsewhere("alone") == expected
    assert alone(STEPS - 1) != expected


@pytest.mark.parametrize(("worlds", "threads"), [(64, 2), (3, 1)])
def test_in_a_batch_on_one_thread_or_two(expected: str, worlds: int, threads: int) -> None:
    assert among(worlds, threads) == expected


def test_after_a_restore_in_another_process(tmp_path: Path) -> None:
    env = bonanza.Env(task())
    env.reset(seed=SEED)
    go_on(env, 0, 6_000)
    (tmp_path / "snapshot").write_bytes(env.snapshot().to_bytes())
    rest = go_on(env, 6_000, STEPS)
    assert elsewhere("rest", str(tmp_path / "snapshot")) == rest


if __name__ == "__main__":
    if sys.argv[1] == "alone":
        print(alone())
    else:
        world = bonanza.Env(task())
        world.reset(seed=1)
        world.restore(bonanza.Snapshot.from_bytes(Path(sys.argv[2]).read_bytes()))
        print(go_on(world, 6_000, STEPS))
