"""Is it a dilemma? ``python -m bonanza.schelling [TASK] [--seeds N] [--out DIR]``.

A Schelling diagram (Schelling 1973) shows what one prospector earns by either of two ways, against how
many of the others choose the first. In a commons dilemma the second way pays more everywhere, and yet
all are better off where all choose the first than where nobody does. In a stag hunt it pays to do as the
others do, and all are better off where all choose the first.

Scripts work the robots; the two ways differ in dealings alone:

``restraint``
    Who holds back lets its plant stand still four days of five, so that its hopper fills up, its diggers
    wait and ice stays in the ground; who takes all bakes all the time. Both sell all that they have.
``joining``
    Who joins pays half of its free money, and half of what is left again, into a venture until that can
    buy the plant that is for sale, and votes for it; who stays alone keeps to its own. Both sell all that
    they have.
"""

from __future__ import annotations

import argparse
import csv
import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from .errors import Error, TaskError
from .tasks import Task
from .vector import VecWorlds

__all__ = ["WAYS", "Ways", "payoffs"]

_SALE = "sell_100_percent"
_BAKES = "process_0"
_STANDS_STILL = "stand_still"
_ROUND_STEPS = 10
"""Who works part of the time does so at the beginning of every so many steps."""


@dataclass(frozen=True)
class Ways:
    """Two ways to deal, and how what comes of them is measured."""

    first: str
    second: str
    together: str
    """What all do who choose the first."""
    works: tuple[float, float]
    """Part of the time in which the plants work, by either way."""
    dealings: tuple[tuple[str, ...], tuple[str, ...]]
    """By either way: the first of them that makes sense."""
    begins: str | None
    """What the first of those who choose the first way does besides, as none of them could alone."""
    measure: str
    """Of :meth:`bonanza.VecWorlds.metrics`."""


WAYS = {
    "restraint": Ways(
        first="holds back",
        second="takes all",
        together="holding back",
        works=(0.2, 1.0),
        dealings=((), ()),
        begins=None,
        measure="profit",
    ),
    "joining": Ways(
        first="joins",
        second="stays alone",
        together="joining",
        works=(1.0, 1.0),
        dealings=(("vote_to_buy", "join_venture", "load_water"), ("load_water",)),
        begins="found_venture",
        measure="worth_gained",
    ),
}


def payoffs(
    task: Task,
    ways: Ways = WAYS["restraint"],
    *,
    seeds: int = 2,
    threads: int = 1,
    progress: bool = False,
) -> npt.NDArray[np.float64]:
    """What the first agent comes to by its way and by how many others choose the first.

    Args:
        task: with at least two agents who deal (``control="Economy"``).
        ways: the two ways.
        seeds: worlds for each point.
        threads: how many share the work.
        progress: whether to tell how far it is on standard error.

    Returns:
        Credits, shape (2, others + 1, seeds): first those of the first way, then of the second.
    """
    probe = VecWorlds(task)
    agents = len(probe.agents)
    if agents < 2:
        raise TaskError(f"task {task.name!r} has {agents} agent, expected at least 2")
    layout = probe.layout
    heads = layout.head_names
    plants = [place for place, head in enumerate(heads) if head.startswith("plant")]
    if not plants or "dealing" not in heads:
        raise TaskError(f"the agents of task {task.name!r} sell nothing, expected Economy")
    dealing = heads.index("dealing")
    starts = np.concatenate(([0], np.cumsum([len(options) for options in layout.choices])))
    del probe
    cells = [
        (way, others, seed) for way in (0, 1) for others in range(agents) for seed in range(seeds)
    ]
    worlds = VecWorlds(task, worlds=len(cells), threads=threads, autoreset="disabled")
    worlds.reset(seed=[1_000 + seed for _, _, seed in cells])
    second = np.ones((len(cells), agents), dtype=np.bool_)
    for place, (way, others, seed) in enumerate(cells):
        second[place, 0] = bool(way)
        # Not always the same neighbours.
        for number in range(others):
            second[place, 1 + (number + seed) % (agents - 1)] = False
    begins = np.cumsum(~second, axis=1) == 1
    begins &= ~second
    actions = np.zeros((len(cells), agents, len(heads)), dtype=np.int64)
    steps = 0
    while not worlds.truncations.all():
        actions[:] = 0
        masks = worlds.action_masks
        for way in (False, True):
            own = second == way
            works = steps % _ROUND_STEPS < ways.works[way] * _ROUND_STEPS
            # A plant that is not yet as it should be is told so before anything is sold.
            told = (_BAKES if works else _STANDS_STILL, _SALE)
            for head, names in [
                *((plant, told) for plant in plants),
                (dealing, ways.dealings[way]),
            ]:
                # The first that makes sense is written last.
                for name in reversed(names):
                    choice = layout.choices[head].index(name)
                    makes_sense = masks[..., starts[head] + choice]
                    actions[..., head] = np.where(own & makes_sense, choice, actions[..., head])
        if ways.begins is not None:
            choice = layout.choices[dealing].index(ways.begins)
            can = begins & masks[..., starts[dealing] + choice]
            actions[..., dealing] = np.where(can, choice, actions[..., dealing])
        worlds.step(actions)
        steps += 1
        if progress:
            end = "" if sys.stderr.isatty() else "\n"
            print(f"\r{steps} of {task.horizon_steps} steps", end=end, file=sys.stderr, flush=True)
    if progress and sys.stderr.isatty():
        print(file=sys.stderr)
    gained = np.zeros((2, agents, seeds))
    for place, (way, others, seed) in enumerate(cells):
        gained[way, others, seed] = worlds.metrics(place)["agents"][0][ways.measure]
    return gained


def verdict(told: npt.NDArray[np.float64], ways: Ways = WAYS["restraint"]) -> str:
    """What the curves say, in words."""
    first, second = told.mean(axis=2)
    last = len(first) - 1
    one, other, together = ways.first, ways.second, ways.together
    tempts = bool((second > first).all())
    pays = bool(first[last] > second[0])
    if tempts and pays:
        return f"a commons dilemma: who {other} earns more whatever the others do, {together} pays all"
    if tempts:
        return f"no dilemma: who {other} earns more whatever the others do, to the good of all"
    if pays and first[last] > second[last] and second[0] > first[0]:
        return f"a stag hunt: it pays to do as the others do, and all are better off {together}"
    if pays and bool((first > second).all()):
        return f"no dilemma: who {one} earns more whatever the others do, to the good of all"
    return "neither a commons dilemma nor a stag hunt"


def _plot(told: npt.NDArray[np.float64], ways: Ways, title: str, path: Path) -> None:
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(figsize=(7, 4.2), dpi=120)
    others = np.arange(told.shape[1])
    for way, (label, colour) in enumerate(((ways.first, "#3b6ea5"), (ways.second, "#c4622d"))):
        mean = told[way].mean(axis=1) / 1e6
        axes.plot(others, mean, color=colour, marker="o", label=label)
        axes.fill_between(
            others,
            told[way].min(axis=1) / 1e6,
            told[way].max(axis=1) / 1e6,
            color=colour,
            alpha=0.15,
        )
    axes.set_xlabel(f"others of whom each {ways.first}")
    axes.set_ylabel(f"{ways.measure.replace('_', ' ')} [million credits]")
    axes.set_title(title)
    axes.grid(alpha=0.3)
    axes.legend(frameon=False)
    figure.tight_layout()
    figure.savefig(path)
    pyplot.close(figure)


def main(argv: list[str] | None = None) -> int:
    """The command line."""
    parser = argparse.ArgumentParser(
        prog="python -m bonanza.schelling", description=(__doc__ or "").splitlines()[0]
    )
    parser.add_argument("task", nargs="?", default="the-last-ice")
    parser.add_argument(
        "--ways",
        choices=sorted(WAYS),
        help="what differs (default: joining in share-the-yield, else restraint)",
    )
    parser.add_argument("--seeds", type=int, default=2)
    parser.add_argument("--steps", type=int, default=120, help="of half a day (default: 120)")
    parser.add_argument("--threads", type=int, default=max(1, os.cpu_count() or 1))
    parser.add_argument("--charter", help="by name or path, in the place of the task's own")
    parser.add_argument("--out", default="runs/schelling")
    arguments = parser.parse_args(argv)
    usual = "joining" if arguments.task == "share-the-yield" else "restraint"
    ways = WAYS[arguments.ways or usual]
    try:
        changes: dict[str, Any] = {
            "control": "Economy",
            "stride": {"Seconds": 43_200.0},
            "horizon_steps": arguments.steps,
            "reward": "Zero",
        }
        if arguments.charter:
            changes["charter"] = arguments.charter
        task = Task(arguments.task, **changes)
        told = payoffs(
            task, ways, seeds=arguments.seeds, threads=arguments.threads, progress=True
        )
    except Error as error:
        print(f"bonanza.schelling: {error}", file=sys.stderr)
        return 2
    out = Path(arguments.out)
    out.mkdir(parents=True, exist_ok=True)
    name = f"{arguments.task}-{arguments.charter}" if arguments.charter else arguments.task
    with (out / f"{name}.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["way", "others_of_the_first", "seed", f"{ways.measure}_credits"])
        for (way, others, seed), profit in np.ndenumerate(told):
            writer.writerow(
                [(ways.first, ways.second)[way], others, seed, round(float(profit), 2)]
            )
    print(f"others {ways.first:>13} {ways.second:>13}   [{ways.measure}, credits]")
    for others, (one, other) in enumerate(told.mean(axis=2).T):
        print(f"{others:6} {one:13,.0f} {other:13,.0f}")
    print(f"{name}: {verdict(told, ways)}")
    try:
        _plot(told, ways, name, out / f"{name}.png")
    except ImportError:
        print("no picture without Matplotlib: pip install 'bonanza[train]'", file=sys.stderr)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
