"""Trains a baseline: ``python -m bonanza.train [TASK] [--steps N] [--out DIR]``.

Proximal policy optimisation (Schulman et al. 2017) by Stable-Baselines3 over one batch of worlds, with
progress, a learning curve, checkpoints that survive an interrupt, and the policy as ONNX at the end.
"""

from __future__ import annotations

import argparse
import csv
import json
import os
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from .env import Env
from .errors import Error, MissingDependencyError
from .tasks import Task, task_names

__all__ = ["autopilot", "evaluate", "main"]

EVALUATED = 40
"""Episodes of an evaluation; their seeds are never trained on."""
_EVALUATION_SEED = 1_000_000


def autopilot(env: Env) -> bool:
    """Gives the orders that a player would give for the goal of a task, at its start.

    Returns whether there are any: the robot's pilot then does the rest while the agent waits.
    """
    goal = env.task.goal or {}
    robot = env._single.agents[0]
    if "Land" in goal:
        env.submit({"Free": {"robot": robot}})
    elif "Reach" in goal:
        mark_m = env.metrics()["agents"][0]["mark_m"]
        order = "FlyTo" if env.layout.numbers else "HopTo"
        env.submit({order: {"robot": robot, "target_m": mark_m}})
    else:
        return False
    return True


def _greedy(env: Env) -> Any:
    """Sells all that there is at once, as the scripts of the levels do; else waits."""
    masks = env.action_masks()
    action, at = [], 0
    for options in env.layout.choices:
        sells = [place for place, name in enumerate(options) if name == "sell_100_percent"]
        sell = sells[0] if sells and masks[at + sells[0]] else 0
        action.append(sell)
        at += len(options)
    return action if len(action) > 1 else action[0]


def evaluate(task: Task, policy: Any, episodes: int = EVALUATED) -> dict[str, float]:
    """Mean return, success and length of episodes that nobody has trained on.

    Args:
        task: with one agent.
        policy: from an observation to an action, or None for the script: the robot's own pilot where
            the task has a goal of its own, selling at once where it has a market.
        episodes: how many.
    """
    env = Env(task)
    returns, successes, lengths = [], [], []
    for episode in range(episodes):
        observation, info = env.reset(seed=_EVALUATION_SEED + episode)
        piloted = policy is None and autopilot(env)
        total, steps, over = 0.0, 0, False
        while not over:
            if policy is not None:
                action = policy(observation)
            elif piloted:
                action = np.zeros(env.action_space.shape or (), env.action_space.dtype)
            else:
                action = _greedy(env)
            observation, reward, terminated, truncated, info = env.step(action)
            total += reward
            steps += 1
            over = terminated or truncated
        returns.append(total)
        successes.append(info["is_success"])
        lengths.append(steps)
    return {
        "return": float(np.mean(returns)),
        "return_std_error": float(np.std(returns) / np.sqrt(episodes)),
        "success": float(np.mean(successes)),
        "steps": float(np.mean(lengths)),
    }


def export_onnx(model: Any, task: Task, path: Path) -> None:
    """Writes the policy as ONNX, with the task in its metadata.

    Input ``observation``: float32, (batch, numbers). Output ``action``: float32, (batch, numbers) from
    -1 to 1 where actions are numbers, else (batch, choices), the higher the better, all heads one after
    the other.
    """
    import torch

    class Net(torch.nn.Module):  # type: ignore[misc]
        """The acting half of the policy."""

        def __init__(self, policy: Any) -> None:
            super().__init__()
            self.body, self.head = policy.mlp_extractor.policy_net, policy.action_net

        def forward(self, observation: Any) -> Any:
            """One row of actions or of scores per observation."""
            told = self.head(self.body(observation))
            return torch.clamp(told, -1.0, 1.0) if numbers else told

    numbers = hasattr(model.action_space, "low")
    net = Net(model.policy).eval()
    example = torch.zeros(1, int(np.prod(model.observation_space.shape)))
    torch.onnx.export(
        net,
        (example,),
        str(path),
        input_names=["observation"],
        output_names=["action"],
        dynamic_axes={"observation": {0: "batch"}, "action": {0: "batch"}},
        opset_version=17,
        dynamo=False,
    )
    stamp_onnx(path, task)


def stamp_onnx(path: Path, task: Task) -> None:
    """Writes into the metadata of an ONNX file what ``bonanza play --brain`` must know of a policy.

    For networks that other libraries have trained: one input, float32 of (batch, numbers), and as its
    first output what :func:`export_onnx` says.

    Args:
        path: the file, which is changed in place.
        task: what the policy was trained for.
    """
    import onnx

    from . import LAYOUT_VERSION

    world = Env(task)
    names = [field.name for field in world.layout.fields]
    world.close()
    written = onnx.load(str(path))
    told = {
        "bonanza.task": task.to_json(),
        "bonanza.layout": str(LAYOUT_VERSION),
        "bonanza.fields": ",".join(names),
    }
    kept = [entry for entry in written.metadata_props if entry.key not in told]
    del written.metadata_props[:]
    written.metadata_props.extend(kept)
    for key, value in told.items():
        entry = written.metadata_props.add()
        entry.key, entry.value = key, value
    onnx.save(written, str(path))


def _plot(rows: list[dict[str, float]], script: dict[str, float], name: str, path: Path) -> None:
    """The learning curve, with the script for comparison."""
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(figsize=(7, 4.2), dpi=120)
    steps = [row["steps"] for row in rows]
    axes.plot(steps, [row["return"] for row in rows], color="#c4622d", label="PPO, while learning")
    axes.axhline(script["return"], color="#3b6ea5", linestyle="--", label="script")
    axes.set_xlabel("steps")
    axes.set_ylabel("return of an episode")
    axes.set_title(name)
    axes.grid(alpha=0.3)
    axes.legend(frameon=False)
    figure.tight_layout()
    figure.savefig(path)
    pyplot.close(figure)


def _train(arguments: argparse.Namespace) -> int:
    try:
        import torch
        from stable_baselines3 import PPO
        from stable_baselines3.common.callbacks import BaseCallback
    except ImportError as error:
        raise MissingDependencyError(
            f"training needs Stable-Baselines3: pip install 'bonanza[train]' ({error})"
        ) from error
    from .sb3 import SB3VecEnv

    torch.set_num_threads(1)
    task = Task(arguments.task)
    out = Path(arguments.out or f"runs/{task.name}")
    out.mkdir(parents=True, exist_ok=True)
    checkpoint, curve = out / "policy.zip", out / "curve.csv"
    worlds = SB3VecEnv(
        task, worlds=arguments.worlds, threads=arguments.threads, seed=arguments.seed
    )
    rows: list[dict[str, float]] = []
    if checkpoint.exists() and curve.exists() and not arguments.fresh:
        model = PPO.load(checkpoint, env=worlds, device="cpu")
        with curve.open(newline="") as file:
            rows = [
                {key: float(value) for key, value in row.items()} for row in csv.DictReader(file)
            ]
        print(
            f"==> going on with {checkpoint} at {model.num_timesteps} steps (--fresh starts anew)"
        )
    else:
        model = PPO(
            "MlpPolicy",
            worlds,
            seed=arguments.seed,
            n_steps=256,
            batch_size=512,
            n_epochs=8,
            gamma=0.995,
            gae_lambda=0.95,
            ent_coef=0.0 if worlds.worlds.layout.numbers else 0.01,
            learning_rate=3e-4,
            # Thrusters are strong: bolder guesses never touch down softly.
            policy_kwargs={"net_arch": [64, 64], "log_std_init": -1.6},
            device="cpu",
        )
    begun, done_before = time.monotonic(), model.num_timesteps

    def save() -> None:
        # Whole or not at all, whatever interrupts it.
        part = out / "part.zip"
        model.save(part)
        os.replace(part, checkpoint)
        part_of_curve = out / "curve.part"
        with part_of_curve.open("w", newline="") as file:
            writer = csv.DictWriter(file, ["steps", "return", "success", "length", "seconds"])
            writer.writeheader()
            writer.writerows(rows)
        os.replace(part_of_curve, curve)

    class Progress(BaseCallback):  # type: ignore[misc]
        """Tells how it goes, after every batch of steps."""

        def __init__(self) -> None:
            super().__init__()
            self.seen: list[dict[str, Any]] = []
            self.saved = 0.0

        def _on_step(self) -> bool:
            for info in self.locals["infos"]:
                if "episode" in info:
                    self.seen.append({**info["episode"], "success": info["is_success"]})
            return True

        def _on_rollout_end(self) -> None:
            if not self.seen:
                return
            row = {
                "steps": float(self.num_timesteps),
                "return": float(np.mean([one["r"] for one in self.seen])),
                "success": float(np.mean([one["success"] for one in self.seen])),
                "length": float(np.mean([one["l"] for one in self.seen])),
                "seconds": time.monotonic() - begun,
            }
            rows.append(row)
            self.seen = []
            rate = (self.num_timesteps - done_before) / max(row["seconds"], 1e-9)
            left_s = max(0.0, arguments.steps - self.num_timesteps) / max(rate, 1e-9)
            print(
                f"\r{self.num_timesteps:>9,} of {arguments.steps:,} steps, return {row['return']:8.2f}, "
                f"success {100 * row['success']:3.0f} %, {rate:,.0f} steps/s, {left_s:4.0f} s left ",
                end="" if sys.stdout.isatty() else "\n",
                flush=True,
            )
            if 20.0 < time.monotonic() - self.saved:
                self.saved = time.monotonic()
                save()

    left = arguments.steps - model.num_timesteps
    try:
        if 0 < left:
            model.learn(left, callback=Progress(), reset_num_timesteps=False)
    except KeyboardInterrupt:
        save()
        print(f"\n==> interrupted; run the same command to go on from {checkpoint}")
        return 130
    save()
    print("\n==> holding it against the script, on episodes that it has not seen")

    def policy(observation: npt.NDArray[np.float32]) -> Any:
        action = model.predict(observation, deterministic=True)[0]
        return np.clip(action, -1.0, 1.0) if worlds.worlds.layout.numbers else action

    learnt, script = evaluate(task, policy), evaluate(task, None)
    export_onnx(model, task, out / "policy.onnx")
    _plot(rows, script, task.name, out / "curve.png")
    result = {"task": task.name, "steps": model.num_timesteps, "learnt": learnt, "script": script}
    (out / "result.json").write_text(json.dumps(result, indent=2) + "\n")
    for name, told in (("learnt", learnt), ("script", script)):
        print(
            f"{name:8} return {told['return']:8.2f} ± {told['return_std_error']:.2f}, "
            f"success {100 * told['success']:3.0f} %, {told['steps']:.0f} steps"
        )
    print(f"==> {out}/policy.onnx, policy.zip, curve.png, curve.csv, result.json")
    return 0


def main(argv: list[str] | None = None) -> int:
    """The command line."""
    parser = argparse.ArgumentParser(
        prog="python -m bonanza.train", description=(__doc__ or "").splitlines()[0]
    )
    parser.add_argument("task", nargs="?", default="land", help=f"one of {', '.join(task_names())}")
    parser.add_argument("--steps", type=int, default=400_000, help="in all (default: 400000)")
    parser.add_argument("--worlds", type=int, default=16, help="side by side (default: 16)")
    parser.add_argument("--threads", type=int, default=max(1, os.cpu_count() or 1))
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", help="folder for what is made (default: runs/TASK)")
    parser.add_argument(
        "--fresh", action="store_true", help="start anew in a folder with a checkpoint"
    )
    try:
        return _train(parser.parse_args(argv))
    except Error as error:
        print(f"bonanza.train: {error}", file=sys.stderr)
        return 2


if __name__ == "__main__":
    raise SystemExit(main())
