"""Trains many agents at once over a Ray cluster: ``python -m bonanza.cluster [TASK] [--runners N]``.

The same command runs on one machine and on many. Where a Ray cluster runs (``ray start --head`` on one
machine, ``ray start --address=...`` on the others, Bonanza installed on each), it joins; else it starts
Ray on this machine alone. One policy is shared by all agents of a task and trained by RLlib's PPO, from
worlds that :class:`bonanza.rllib.WorldsEnvRunner` steps. A runner whose process dies is made anew.
"""

from __future__ import annotations

import argparse
import csv
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from .errors import Error, MissingDependencyError
from .tasks import Task, task_names

__all__ = ["configure", "main"]

FRAGMENT = 64
"""Steps of each world between two updates of the policy."""


def configure(task: Task, *, runners: int, worlds: int, threads: int, seed: int) -> Any:
    """RLlib's PPO for a task: one module that all agents share.

    Args:
        task: with any number of agents.
        runners: processes that step worlds; 0 to step them in the process that learns.
        worlds: of each runner.
        threads: of each runner.
        seed: of everything.
    """
    from ray.rllib.algorithms.ppo import PPOConfig

    from .multi import ParallelWorld
    from .rllib import MultiAgentWorld, WorldsEnvRunner

    agents = len(ParallelWorld(task).possible_agents)
    batch = FRAGMENT * max(runners, 1) * worlds * agents
    return (
        PPOConfig()
        .environment(env=MultiAgentWorld, env_config={"task": task, "threads": threads})
        .env_runners(
            env_runner_cls=WorldsEnvRunner,
            num_env_runners=runners,
            num_envs_per_env_runner=worlds,
            rollout_fragment_length=FRAGMENT,
            num_cpus_per_env_runner=threads,
            sample_timeout_s=600.0,
        )
        .multi_agent(
            policies={"shared"},
            policy_mapping_fn=lambda agent, *_, **__: "shared",
            count_steps_by="agent_steps",
        )
        .training(
            lr=3e-4,
            gamma=0.99,
            lambda_=0.95,
            entropy_coeff=0.01,
            num_epochs=4,
            train_batch_size_per_learner=batch,
            minibatch_size=min(batch, 2048),
        )
        .rl_module(model_config={"fcnet_hiddens": [64, 64], "fcnet_activation": "tanh"})
        .fault_tolerance(restart_failed_env_runners=True)
        .debugging(seed=seed, log_level="ERROR")
    )


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
    parser.add_argument("--out", type=Path, help="folder for what is made (runs/cluster-TASK)")
    options = parser.parse_args(arguments)
    try:
        import ray
        from ray.rllib.algorithms.ppo import PPO

        task = Task(options.task)
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
            ).build_algo()
    except ImportError as error:
        missing = MissingDependencyError(f"this needs RLlib: pip install 'bonanza[ray]' ({error})")
        print(f"bonanza.cluster: {missing}", file=sys.stderr)
        return 2
    except Error as error:
        print(f"bonanza.cluster: {error}", file=sys.stderr)
        return 2
    _train(algorithm, options.steps, checkpoint, out / "curve.csv")
    algorithm.stop()
    print(f"==> {out}/checkpoint, curve.csv", flush=True)
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
