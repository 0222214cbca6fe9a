"""Trains many agents at once over a Ray cluster: ``python -m bonanza.cluster [TASK] [--runners N]``.

The same command runs on one machine and on many. Where a Ray cluster runs (``ray start --head`` on one
machine, ``ray start --address=...`` on the others, Bonanza installed on each), it joins; else it starts
Ray on this machine alone. One policy is shared by all agents of a task and trained by RLlib's PPO, from
worlds that :class:`bonanza.rllib.WorldsEnvRunner` steps. A runner whose process dies is made anew.
With ``--independent`` every agent learns a policy of its own; with ``--evaluate N`` what was learnt
plays ``N`` more worlds to their ends, and ``evaluation.csv`` holds the figures of each.
"""

from __future__ import annotations

import argparse
import csv
import json
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from .errors import Error, MissingDependencyError, TaskError
from .tasks import Task, task_names

__all__ = ["configure", "evaluate", "main"]

FRAGMENT = 64
"""Steps of each world between two updates of the policy, unless told otherwise."""


def configure(
    task: Task,
    *,
    runners: int,
    worlds: int,
    threads: int,
    seed: int,
    independent: bool = False,
    fragment: int = FRAGMENT,
    lr: float = 3e-4,
    epochs: int = 4,
    minibatch: int = 2048,
) -> Any:
    """RLlib's PPO for a task: one module that all agents share, or one for each.

    Args:
        task: with any number of agents.
        runners: processes that step worlds; 0 to step them in the process that learns.
        worlds: of each runner.
        threads: of each runner.
        seed: of everything.
        independent: whether every agent learns by itself.
        fragment: steps of each world between two updates of the policy.
        lr: learning rate.
        epochs: passes over what was sampled, per update.
        minibatch: agent-steps of one gradient, at most.
    """
    from ray.rllib.algorithms.ppo import PPOConfig
    from ray.rllib.core.rl_module import MultiRLModuleSpec, RLModuleSpec

    from .multi import ParallelWorld
    from .rllib import MaskedModule, MultiAgentWorld, WorldsEnvRunner

    world = ParallelWorld(task)
    agents = len(world.possible_agents)
    chooses = not world.layout.numbers
    policies = list(world.possible_agents) if independent else ["shared"]
    batch = fragment * max(runners, 1) * worlds * agents // len(policies)
    return (
        PPOConfig()
        .environment(env=MultiAgentWorld, env_config={"task": task, "threads": threads, "masks": chooses})
        .env_runners(
            env_runner_cls=WorldsEnvRunner,
            num_env_runners=runners,
            num_envs_per_env_runner=worlds,
            rollout_fragment_length=fragment,
            num_cpus_per_env_runner=threads,
            sample_timeout_s=600.0,
        )
        .multi_agent(
            policies=set(policies),
            policy_mapping_fn=lambda agent, *_, **__: agent if independent else "shared",
            count_steps_by="agent_steps",
        )
        .training(
            lr=lr,
            gamma=0.99,
            lambda_=0.95,
            entropy_coeff=0.01,
            num_epochs=epochs,
            train_batch_size_per_learner=batch,
            minibatch_size=min(batch, minibatch),
        )
        .rl_module(
            rl_module_spec=MultiRLModuleSpec(
                rl_module_specs={
                    policy: RLModuleSpec(
                        module_class=MaskedModule if chooses else None,
                        model_config={"fcnet_hiddens": [64, 64], "fcnet_activation": "tanh"},
                    )
                    for policy in policies
                }
            )
        )
        .fault_tolerance(restart_failed_env_runners=True)
        .debugging(seed=seed, log_level="ERROR")
    )


def evaluate(
    algorithm: Any, task: Task, *, worlds: int, threads: int = 1, seed: int = 0
) -> list[dict[str, float]]:
    """Plays worlds to their ends by what an algorithm of :func:`configure` has learnt.

    Actions are drawn as in training. For each world its figures, and ``profit_NAME`` and
    ``worth_gained_NAME`` [credits] of each agent.
    """
    from .rllib import act, seen_with_masks
    from .vector import VecWorlds

    played = VecWorlds(task, worlds=worlds, threads=threads, autoreset="disabled")
    played.reset(seed=[seed + world for world in range(worlds)])
    numbers = played.layout.numbers
    modules = [
        algorithm.get_module(algorithm.config.policy_mapping_fn(agent, None))
        for agent in played.agents
    ]
    done = np.zeros((worlds, len(played.agents)), dtype=np.bool_)
    heads = len(played.layout.head_names)
    while not done.all():
        seen = played.observations if numbers else seen_with_masks(played)
        actions = np.stack(
            [
                act(module, np.ascontiguousarray(seen[:, place]), True)[0].reshape(worlds, heads)
                for place, module in enumerate(modules)
            ],
            axis=1,
        )
        told = np.clip(actions, -1.0, 1.0).astype(np.float32) if numbers else actions
        played.step(told)
        done |= played.terminations | played.truncations
    rows = []
    for world in range(worlds):
        metrics = played.metrics(world)
        row = {name: float("nan") if v is None else v for name, v in metrics["figures"].items()}
        for agent in metrics["agents"]:
            for what in ("profit", "worth_gained"):
                row[f"{what}_{agent['agent']}"] = agent[what]
        rows.append(row)
    return rows


def _changes(texts: Sequence[str]) -> dict[str, Any]:
    """Fields of a task from ``NAME=VALUE``, where the value is JSON or else a word."""
    changes: dict[str, Any] = {}
    for text in texts:
        name, equals, value = text.partition("=")
        if not equals:
            raise TaskError(f"--set {text!r}, expected FIELD=VALUE")
        try:
            changes[name] = json.loads(value)
        except json.JSONDecodeError:
            changes[name] = value
    return changes


def _join() -> str:
    """Joins the cluster that runs, or starts Ray here; says which."""
    import ray

    if ray.is_initialized():
        return "Ray runs already"
    try:
        ray.init(address="auto", logging_level="ERROR")
        nodes = len(ray.nodes())
        return f"joined a cluster of {nodes} machine{'s' if nodes != 1 else ''}"
    except ConnectionError:
        ray.init(include_dashboard=False, logging_level="ERROR")
        return "started Ray on this machine alone"


def main(arguments: Sequence[str] | None = None) -> int:
    """Trains, with progress, a curve and checkpoints; goes on where a checkpoint lies."""
    parser = argparse.ArgumentParser(prog="python -m bonanza.cluster", description=__doc__)
    parser.add_argument("task", nargs="?", default="the-last-ice", help=", ".join(task_names()))
    parser.add_argument(
        "--runners", type=int, help="processes that step worlds (all cores but one)"
    )
    parser.add_argument("--worlds", type=int, default=16, help="of each runner")
    parser.add_argument("--threads", type=int, default=1, help="of each runner")
    parser.add_argument("--steps", type=int, default=1_000_000, help="agent-steps in all")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument(
        "--fragment", type=int, default=FRAGMENT, help="steps of each world between two updates"
    )
    parser.add_argument("--lr", type=float, default=3e-4, help="learning rate")
    parser.add_argument("--epochs", type=int, default=4, help="passes over what was sampled")
    parser.add_argument("--minibatch", type=int, default=2048, help="agent-steps of one gradient")
    parser.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="FIELD=VALUE",
        help="another value of a field of the task, as JSON or a word; may be repeated",
    )
    parser.add_argument("--independent", action="store_true", help="a policy for each agent")
    parser.add_argument("--evaluate", type=int, default=0, metavar="N", help="worlds played after")
    parser.add_argument("--out", type=Path, help="folder for what is made (runs/cluster-TASK)")
    options = parser.parse_args(arguments)
    for option in ("fragment", "epochs", "minibatch"):
        if getattr(options, option) < 1:
            parser.error(f"argument --{option}: {getattr(options, option)}, expected at least 1")
    if not 0.0 < options.lr < 1.0:
        parser.error(f"argument --lr: {options.lr}, expected more than 0 and less than 1")
    try:
        import ray
        from ray.rllib.algorithms.ppo import PPO

        task = Task(options.task, **_changes(options.set))
        out = (options.out or Path("runs") / f"cluster-{task.name}").absolute()
        out.mkdir(parents=True, exist_ok=True)
        print(f"==> {_join()}", flush=True)
        cores = int(ray.cluster_resources().get("CPU", 1))
        runners = max(cores - 1, 1) if options.runners is None else options.runners
        checkpoint = out / "checkpoint"
        if checkpoint.exists():
            print(f"==> going on from {checkpoint}", flush=True)
            algorithm = PPO.from_checkpoint(str(checkpoint))
        else:
            algorithm = configure(
                task,
                runners=runners,
                worlds=options.worlds,
                threads=options.threads,
                seed=options.seed,
                independent=options.independent,
                fragment=options.fragment,
                lr=options.lr,
                epochs=options.epochs,
                minibatch=options.minibatch,
            ).build_algo()
    except ImportError as error:
        missing = MissingDependencyError(f"this needs RLlib: pip install 'bonanza[ray]' ({error})")
        print(f"bonanza.cluster: {missing}", file=sys.stderr)
        return 2
    except Error as error:
        print(f"bonanza.cluster: {error}", file=sys.stderr)
        return 2
    _train(algorithm, options.steps, checkpoint, out / "curve.csv")
    if options.evaluate:
        print(f"==> playing {options.evaluate} worlds", flush=True)
        rows = evaluate(
            algorithm,
            task,
            worlds=options.evaluate,
            threads=options.threads,
            seed=1_000_000 + options.seed,
        )
        with (out / "evaluation.csv").open("w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, fieldnames=list(rows[0]))
            writer.writeheader()
            writer.writerows(rows)
    algorithm.stop()
    made = ", evaluation.csv" if options.evaluate else ""
    print(f"==> {out}/checkpoint, curve.csv{made}", flush=True)
    return 0


def _train(algorithm: Any, steps: int, checkpoint: Path, curve: Path) -> None:
    done = 0
    fresh = not curve.exists()
    if not fresh:
        with curve.open(encoding="utf-8") as file:
            rows = list(csv.DictReader(file))
        done = int(rows[-1]["agent_steps"]) if rows else 0
    with curve.open("a", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        if fresh:
            writer.writerow(["agent_steps", "return_mean", "agent_steps_per_s"])
        while done < steps:
            begun = time.perf_counter()
            told = algorithm.train().get("env_runners", {})
            counts = told.get("num_agent_steps_sampled", {})
            new = int(sum(counts.values()))
            done += new
            rate = new / (time.perf_counter() - begun)
            mean = told.get("episode_return_mean", float("nan"))
            writer.writerow([done, f"{mean:.4f}", f"{rate:.0f}"])
            file.flush()
            algorithm.save_to_path(str(checkpoint))
            print(
                f"{done:>11,} of {steps:,} agent-steps, return {mean:9.3f}, {rate:,.0f} steps/s",
                flush=True,
            )


if __name__ == "__main__":
    sys.exit(main())
