"""What worlds cost on this machine: ``python -m bonanza.bench [--json]``.

One core and one world for the rates, all systems on, structured observations and action masks
included; actions are drawn beforehand among those that make sense, or as numbers at random. Rates are
medians over batches of processor time of this process, so that other programs count little, and are
taken when ways and gravity have been looked up that all worlds of a process share: after the first
90,000 steps of a world with orders, a few seconds.
"""

from __future__ import annotations

import json
import statistics
import sys
import time
from typing import Any

import numpy as np
import numpy.typing as npt

from . import _native
from .env import Env
from .tasks import Task
from .vector import VecWorlds

__all__ = ["figures"]

_ICE = ("player", "wanda", "meridian", "titan", "selene", "commons", "lark", "rook")


def ice_8() -> Task:
    """Eight robots with orders on the last ice, one tick a step."""
    return Task(
        "the-last-ice",
        agents={"Robots": [f"{name}-1" for name in _ICE]},
        stride={"Ticks": 1},
        horizon_steps=2000,
    )


def flight_8() -> Task:
    """Eight haulers in free flight under thrust and torque, one tick a step."""
    robots = [
        {
            "name": f"hauler-{place}",
            "owner": "player",
            "kind": "steam-hauler",
            "site": {
                "Offset": {
                    "of": "field",
                    "east_m": 6.0 + 6.0 * (place % 4),
                    "north_m": 6.0 * (place // 4),
                }
            },
        }
        for place in range(8)
    ]
    return Task(
        "land",
        agents={"Robots": []},
        replace={"robots": robots},
        goal={
            "Land": {
                "height_m": [40.0, 45.0],
                "fall_m_s": [0.0, 0.0],
                "drift_m_s": 0.0,
                "touch_max_m_s": 1.0,
            }
        },
        reward="Profit",
        stride={"Ticks": 1},
        horizon_steps=1500,
        neighbours=4,
    )


def economy_8() -> Task:
    """Eight prospectors who deal while scripts work their robots, one tick a step."""
    return Task("the-last-ice", control="Economy", stride={"Ticks": 1}, horizon_steps=2000)


_WARM_UP = 150
"""Batches in which worlds with orders come to know their body."""


def _draw(worlds: VecWorlds, rng: np.random.Generator, masks: npt.NDArray[np.bool_]) -> Any:
    """Actions for all agents at random, among those that make sense."""
    layout = worlds.layout
    shape = (len(worlds), len(worlds.agents), len(layout.head_names))
    if layout.numbers:
        numbers = rng.uniform(-1.0, 1.0, shape).astype(np.float32)
        # Tools, anchors and legs have no use in flight.
        numbers[..., 6:] = 0.0
        return numbers
    choices = np.zeros(shape, dtype=np.int64)
    at = 0
    for head, options in enumerate(layout.choices):
        part = masks[..., at : at + len(options)]
        choices[..., head] = np.argmax(rng.random(part.shape) * part, axis=-1)
        at += len(options)
    return choices


def _rate(
    task: Task,
    *,
    worlds: int = 1,
    threads: int = 1,
    steps: int = 600,
    batches: int = 9,
    warm_up: int = 6,
    wall: bool = False,
) -> float:
    """Agent-steps a second, of the processor or of the clock on the wall."""
    batch = VecWorlds(task, worlds=worlds, threads=threads, autoreset="same_step", seed=1)
    rng = np.random.default_rng(1)
    clock = time.perf_counter if wall else time.process_time
    rates = []
    for number in range(warm_up + batches):
        spent = 0.0
        for _ in range(steps):
            actions = _draw(batch, rng, batch.action_masks)
            begun = clock()
            batch.native.step(actions, batch)
            spent += clock() - begun
        if warm_up <= number:
            rates.append(steps * worlds * len(batch.agents) / max(spent, 1e-9))
    return statistics.median(rates)


def _resident_mb() -> float | None:
    """Memory of this process, where Linux tells it."""
    try:
        with open("/proc/self/status", encoding="ascii") as status:
            for line in status:
                if line.startswith("VmRSS:"):
                    return int(line.split()[1]) * 1024e-6
    except OSError:
        pass
    return None


def _mb_per_world(worlds: int = 64) -> float | None:
    """Memory of one more world of the last ice, after some steps."""
    held = [VecWorlds("the-last-ice", worlds=1)]
    before = _resident_mb()
    held.append(VecWorlds("the-last-ice", worlds=worlds, seed=9))
    rng = np.random.default_rng(2)
    for _ in range(3):
        held[-1].step(_draw(held[-1], rng, held[-1].action_masks))
    after = _resident_mb()
    if before is None or after is None:
        return None
    return (after - before) / worlds


def _median_s(work: Any, times: int) -> float:
    """Median time of a call on the wall."""
    spent = []
    for _ in range(times):
        begun = time.perf_counter()
        work()
        spent.append(time.perf_counter() - begun)
    return statistics.median(spent)


def _frames_per_s(frames: int = 400) -> float:
    """Pictures a second on one core: eight robots at work on the last ice, ground dug and turned."""
    worlds = VecWorlds(ice_8(), pictures=True)
    rng = np.random.default_rng(3)
    for _ in range(20):
        worlds.native.step(_draw(worlds, rng, worlds.action_masks), worlds)
    worlds.draw()
    begun = time.process_time()
    for _ in range(frames // len(worlds.agents)):
        worlds.draw()
    return frames / max(time.process_time() - begun, 1e-9)


def figures() -> dict[str, Any]:
    """All figures of this machine, by name."""
    env = Env("the-last-ice", agents={"Prospectors": ["player"]}, alone=True)
    env.reset(seed=1)
    waits = np.zeros(len(env.layout.head_names), dtype=np.int64)
    for _ in range(20):
        env.step(waits)
    native = env._single.native
    snapshot = native.snapshot()
    told: dict[str, Any] = {
        "agent_steps_per_s_ice_8": _rate(ice_8(), warm_up=_WARM_UP),
        "agent_steps_per_s_flight_8": _rate(flight_8()),
        "agent_steps_per_s_economy_8": _rate(economy_8(), warm_up=_WARM_UP),
    }
    one = _rate(flight_8(), worlds=32, threads=1, steps=40, wall=True)
    two = _rate(flight_8(), worlds=32, threads=2, steps=40, wall=True)
    told["threads2_over_1"] = two / one
    eight = VecWorlds(ice_8())
    eight.step(np.zeros((1, 8, 1), dtype=np.int64))
    told["reset_ms"] = 1e3 * _median_s(lambda: eight.native.reset(eight, None, None), 25)
    snapshot = eight.snapshot(0)
    told["snapshot_us"] = 1e6 * _median_s(lambda: eight.native.snapshot(0), 50)
    told["restore_us"] = 1e6 * _median_s(lambda: eight.native.restore(0, snapshot), 50)
    told["mb_per_world"] = _mb_per_world()
    told["frames_per_s"] = _frames_per_s()
    told["release_build"] = _native.RELEASE_BUILD
    return told


def main() -> int:
    """Prints the figures."""
    if any(argument != "--json" for argument in sys.argv[1:]):
        print("usage: python -m bonanza.bench [--json]", file=sys.stderr)
        return 2
    told = figures()
    if "--json" in sys.argv[1:]:
        print(json.dumps(told))
        return 0
    for name, value in told.items():
        text = f"{value:,.1f}" if isinstance(value, float) else str(value)
        print(f"{name:30} {text:>14}")
    if not told["release_build"]:
        print("This is a build for development; a release build is several times faster.")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
