"""What needs a learning library: its checker, a short run, an interrupt, the policy as ONNX."""

from __future__ import annotations

import csv
import json
import signal
import subprocess
import sys
import time
import warnings
from pathlib import Path

import numpy as np
import pytest
from stable_baselines3 import PPO
from stable_baselines3.common.env_checker import check_env

import bonanza
from bonanza import train
from bonanza.registration import seat
from bonanza.sb3 import SB3VecEnv


@pytest.mark.parametrize("task", bonanza.task_names())
def test_the_checker_of_stable_baselines_passes_every_task(task: str) -> None:
    env = bonanza.Env(**seat(task))
    with warnings.catch_warnings():
        warnings.simplefilter("error", UserWarning)
        check_env(env, skip_render_check=True)


def test_batches_tell_stable_baselines_of_ends_and_of_what_was_seen_last() -> None:
    worlds = SB3VecEnv("land", worlds=3, seed=1, horizon_steps=4)
    worlds.reset()
    still = np.zeros((3, 11), dtype=np.float32)
    for _ in range(3):
        dones = worlds.step(still)[2]
        assert not dones.any()
    observations, _, dones, infos = worlds.step(still)
    assert dones.all()
    for place, info in enumerate(infos):
        assert info["TimeLimit.truncated"] and info["episode"]["l"] == 4
        assert not np.array_equal(info["terminal_observation"], observations[place])


def test_a_run_is_interrupted_goes_on_and_leaves_a_policy(tmp_path: Path) -> None:
    command = [
        sys.executable,
        "-m",
        "bonanza.train",
        "land",
        "--worlds",
        "4",
        "--threads",
        "1",
        "--out",
        str(tmp_path),
    ]
    first = subprocess.Popen(
        [*command, "--steps", "1000000"],
        stdout=subprocess.PIPE,
        text=True,
        # What runs in the background of a shell is started with interrupts switched off.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )
    assert first.stdout is not None
    for line in first.stdout:
        if "steps," in line:
            break
    first.send_signal(signal.SIGINT)
    out = first.communicate()[0]
    assert first.returncode == 130 and "go on" in out
    done = PPO.load(tmp_path / "policy.zip").num_timesteps
    assert 0 < done
    again = subprocess.run(
        [*command, "--steps", str(done + 1024)], capture_output=True, text=True, check=True
    )
    assert f"at {done} steps" in again.stdout
    model = PPO.load(tmp_path / "policy.zip")
    assert done < model.num_timesteps
    with (tmp_path / "curve.csv").open(newline="") as file:
        steps = [float(row["steps"]) for row in csv.DictReader(file)]
    assert steps == sorted(steps) and steps[-1] == model.num_timesteps
    assert (tmp_path / "curve.png").stat().st_size > 5_000
    result = json.loads((tmp_path / "result.json").read_text())
    # The pilot lands; who has learnt for seconds need not.
    assert 0.8 <= result["script"]["success"] <= 1.0

    import onnx
    from onnx.reference import ReferenceEvaluator

    written = onnx.load(tmp_path / "policy.onnx")
    told = {entry.key: entry.value for entry in written.metadata_props}
    assert json.loads(told["bonanza.task"])["name"] == "land"
    assert told["bonanza.layout"] == str(bonanza.LAYOUT_VERSION)
    observation, _ = bonanza.Env("land").reset(seed=3)
    action = ReferenceEvaluator(written).run(None, {"observation": observation[None]})[0]
    expected = np.clip(model.predict(observation, deterministic=True)[0], -1.0, 1.0)
    assert np.allclose(action[0], expected, atol=1e-4)


def test_what_is_learnt_in_a_minute_is_better_than_chance() -> None:
    # A few thousand decisions teach which of them bring a hopper nearer to its place.
    begun = time.monotonic()
    worlds = SB3VecEnv("hop-to-target", worlds=8, seed=2)
    model = PPO(
        "MlpPolicy", worlds, seed=2, n_steps=128, batch_size=256, ent_coef=0.01, device="cpu"
    )
    rng = np.random.default_rng(0)
    task = bonanza.Task("hop-to-target")
    chance = train.evaluate(task, lambda _: int(rng.integers(0, 33)), episodes=12)
    model.learn(8 * 128 * 12)
    learnt = train.evaluate(task, lambda seen: int(model.predict(seen)[0]), episodes=12)
    assert chance["return"] < learnt["return"], (chance, learnt, time.monotonic() - begun)
