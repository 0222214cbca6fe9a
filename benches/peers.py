"""Bonanza beside other simulations on the same machine: ``python benches/peers.py [--json]``.

Installs nothing: what is not there is left out and named. All rates are per second of one core, medians
over several batches in one process after another, so that each has the machine to itself; compare the
ratios, for the machine decides the rest.

- Bonanza's own rates are those of ``python -m bonanza.bench``: all systems on, structured
  observations and masks included.
- MuJoCo: free robots of the same number on a plane with a contact each, steps of 2 ms, no rendering
  (``pip install mujoco``). A robot-substep is one robot advanced by one step of the integrator; of
  Bonanza, one robot advanced by one tick, with its gravity, power, tools and observations.
- PettingZoo's multiwalker (``pip install pettingzoo[sisl]``) and Melting Pot's commons_harvest
  (``pip install dm-meltingpot``): agent-steps with random actions, observations as they come.
- RLlib (``pip install 'bonanza[ray]' torch``): its stock multi-agent runner and ours, over the same
  task with the same policy network, in agent-steps.
"""

from __future__ import annotations

import json
import os
import statistics
import sys
import time
from collections.abc import Callable
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "")

import numpy as np

import bonanza
from bonanza import bench

BATCHES = 5


def rate(step: Callable[[], Any], units: int, steps: int) -> float:
    """Units a second of processor time: the median over batches."""
    for _ in range(steps // 4):
        step()
    rates = []
    for _ in range(BATCHES):
        begun = time.process_time()
        for _ in range(steps):
            step()
        rates.append(units * steps / max(time.process_time() - begun, 1e-9))
    return statistics.median(rates)


def robots(count: int, lifted: bool) -> bonanza.VecWorlds:
    """So many haulers on Bennu, in flight or pushed along the ground."""
    task = bench.flight_8()
    data = json.loads(task.to_json())
    spec = data["replace"]["robots"][0]
    side = int(np.ceil(np.sqrt(count)))
    fleet = []
    for place in range(count):
        robot = json.loads(json.dumps(spec)) | {"name": f"hauler-{place}"}
        robot["site"]["Offset"] |= {
            "east_m": 6.0 + 6.0 * (place % side),
            "north_m": 6.0 * (place // side),
        }
        fleet.append(robot)
    changes: dict[str, Any] = {"replace": {"robots": fleet}, "stride": {"Ticks": 10}}
    if not lifted:
        changes |= {"goal": None, "reward": "Zero"}
    return bonanza.VecWorlds(task.with_(**changes), seed=1, autoreset="same_step")


def bonanza_substeps(count: int, lifted: bool) -> float:
    """Robot-ticks a second, with observations every tenth."""
    worlds = robots(count, lifted)
    rng = np.random.default_rng(1)
    actions = np.zeros((1, count, 11), dtype=np.float32)

    def step() -> None:
        # Thrust along the ground keeps them moving, and in touch with it.
        actions[..., 0] = rng.uniform(-1, 1, (1, count))
        actions[..., 2] = rng.uniform(-1, 1, (1, count))
        worlds.native.step(actions, worlds)

    return rate(step, 10 * count, 60 if count > 16 else 200)


def mujoco_substeps(count: int) -> float:
    """Robot-substeps a second of MuJoCo."""
    import mujoco

    side = int(np.ceil(np.sqrt(count)))
    bodies = "".join(
        f'<body pos="{3.0 * (place % side)} {3.0 * (place // side)} 0.5"><freejoint/>'
        '<geom type="box" size="0.5 0.5 0.4" density="300"/></body>'
        for place in range(count)
    )
    model = mujoco.MjModel.from_xml_string(
        '<mujoco><option timestep="0.002"/><worldbody><geom type="plane" size="200 200 1"/>'
        f"{bodies}</worldbody></mujoco>"
    )
    data = mujoco.MjData(model)
    rng = np.random.default_rng(1)

    def step() -> None:
        data.qfrc_applied[:] = 0.0
        for place in range(count):
            data.qfrc_applied[6 * place : 6 * place + 2] = rng.uniform(-50, 50, 2)
        mujoco.mj_step(model, data, 10)

    return rate(step, 10 * count, 60 if count > 16 else 200)


def multiwalker() -> float:
    """Agent-steps a second of PettingZoo's multiwalker."""
    from pettingzoo.sisl import multiwalker_v9

    env = multiwalker_v9.parallel_env(max_cycles=500)
    env.reset(seed=1)
    count = len(env.possible_agents)
    spaces = {agent: env.action_space(agent) for agent in env.possible_agents}

    def step() -> None:
        if not env.agents:
            env.reset()
        env.step({agent: spaces[agent].sample() for agent in env.agents})

    return rate(step, count, 300)


def commons_harvest() -> float:
    """Agent-steps a second of Melting Pot's commons_harvest."""
    from meltingpot import substrate

    name = "commons_harvest__open"
    roles = substrate.get_config(name).default_player_roles
    env = substrate.build(name, roles=roles)
    env.reset()
    rng = np.random.default_rng(1)

    def step() -> None:
        if env.step(rng.integers(0, 8, len(roles))).last():
            env.reset()

    return rate(step, len(roles), 100)


ICE: dict[str, Any] = {"task": bench.ice_8(), "horizon_steps": 200}


def rllib_runner(ours: bool, worlds: int) -> float:
    """Agent-steps a second of a runner of RLlib, sampling with its default network."""
    import logging

    logging.disable(logging.WARNING)
    import torch
    from ray.rllib.algorithms.ppo import PPOConfig
    from ray.rllib.env.multi_agent_env_runner import MultiAgentEnvRunner

    from bonanza.rllib import MultiAgentWorld, WorldsEnvRunner

    torch.set_num_threads(1)
    config = (
        PPOConfig()
        .environment(env=MultiAgentWorld, env_config=ICE)
        .env_runners(num_env_runners=0, num_envs_per_env_runner=worlds)
        .multi_agent(
            policies={"shared"}, policy_mapping_fn=lambda agent, *_, **__: "shared"
        )
        .debugging(seed=1)
    )
    runner = (WorldsEnvRunner if ours else MultiAgentEnvRunner)(config=config)
    fragment = 32 * worlds
    return rate(lambda: runner.sample(num_timesteps=fragment), 8 * fragment, 4)


MEASURED: dict[str, Callable[[], float]] = {
    "bonanza: agent-steps, ice_8": lambda: bench._rate(
        bench.ice_8(), warm_up=bench._WARM_UP
    ),
    "bonanza: agent-steps, flight_8": lambda: bench._rate(bench.flight_8()),
    "bonanza: agent-steps, economy_8": lambda: bench._rate(
        bench.economy_8(), warm_up=bench._WARM_UP
    ),
    "bonanza: robot-ticks, 8 in flight": lambda: bonanza_substeps(8, True),
    "bonanza: robot-ticks, 8 on the ground": lambda: bonanza_substeps(8, False),
    "bonanza: robot-ticks, 64 on the ground": lambda: bonanza_substeps(64, False),
    "mujoco: robot-substeps, 8": lambda: mujoco_substeps(8),
    "mujoco: robot-substeps, 64": lambda: mujoco_substeps(64),
    "pettingzoo multiwalker: agent-steps": multiwalker,
    "melting pot commons_harvest: agent-steps": commons_harvest,
    "rllib, bonanza's runner, 64 worlds: agent-steps": lambda: rllib_runner(True, 64),
    "rllib, stock runner, 1 world: agent-steps": lambda: rllib_runner(False, 1),
}

RATIOS = [
    ("bonanza: robot-ticks, 8 on the ground", "mujoco: robot-substeps, 8"),
    ("bonanza: robot-ticks, 64 on the ground", "mujoco: robot-substeps, 64"),
    ("bonanza: agent-steps, ice_8", "pettingzoo multiwalker: agent-steps"),
    ("bonanza: agent-steps, ice_8", "melting pot commons_harvest: agent-steps"),
    (
        "rllib, bonanza's runner, 64 worlds: agent-steps",
        "rllib, stock runner, 1 world: agent-steps",
    ),
]


def main() -> int:
    """Measures and prints."""
    if any(argument != "--json" for argument in sys.argv[1:]):
        print("usage: python benches/peers.py [--json]", file=sys.stderr)
        return 2
    rates: dict[str, float] = {}
    missing: dict[str, str] = {}
    for name, measure in MEASURED.items():
        print(f"measuring {name} ...", file=sys.stderr, flush=True)
        try:
            rates[name] = measure()
        except (ImportError, bonanza.MissingDependencyError) as error:
            missing[name] = str(error)
    ratios = {
        f"{ours} / {theirs}": rates[ours] / rates[theirs]
        for ours, theirs in RATIOS
        if ours in rates and theirs in rates
    }
    told = {"rates_per_s": rates, "ratios": ratios, "missing": missing}
    if "--json" in sys.argv[1:]:
        print(json.dumps(told))
        return 0
    for name, value in rates.items():
        print(f"{name:52} {value:>14,.0f}")
    for name, value in ratios.items():
        print(f"{value:>8.1f} times  {name}")
    for name, why in missing.items():
        print(f"left out: {name} ({why})")
    return 0


if __name__ == "__main__":
    sys.exit(main())
