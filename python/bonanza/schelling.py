"""Is it a dilemma? ``python -m bonanza.schelling [TASK] [--seeds N] [--learn ROUNDS] [--out DIR]``.

A Schelling diagram (Schelling 1973) shows what one prospector earns by either of two ways, against how
many of the others choose the first. In a commons dilemma the second way pays more everywhere, and yet
all are better off where all choose the first than where nobody does. In a stag hunt it pays to do as the
others do, and all are better off where all choose the first.

Scripts work the robots; the two ways differ in dealings alone:

``restraint``
    Who holds back lets its plant stand still half the time, so that its hopper fills up, its diggers wait
    and ice stays in the ground; who takes all bakes all the time. Both sell all that they have.
``saving``
    Who saves up sells a tenth of its tank every time; who sells all sells all of it.
``joining``
    Who joins pays half of its free money, and half of what is left again, into a venture until that can
    buy the plant that is for sale, and votes for it; who stays alone keeps to its own. Both sell all that
    they have.
"""

from __future__ import annotations

import argparse
import csv
import functools
import os
import sys
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from .errors import Error, TaskError
from .tasks import Task
from .vector import VecWorlds

__all__ = ["WAYS", "Learnt", "Ways", "learn", "payoffs"]

_SALE = "sell_100_percent"
_BAKES = "process_0"
_STANDS_STILL = "stand_still"
_CHANCE = 0.1
"""How often a learner goes a way of chance."""
_ROUND_STEPS = 10
"""Who works part of the time does so at the beginning of every so many steps."""


@dataclass(frozen=True)
class Ways:
    """Two ways to deal, and how what comes of them is measured."""

    first: str
    second: str
    together: str
    """What all do who choose the first."""
    works: tuple[float, float] = (1.0, 1.0)
    """Part of the time in which the plants work, by either way."""
    sales: tuple[str, str] = (_SALE, _SALE)
    """Of the water in a tank, by either way."""
    dealings: tuple[tuple[str, ...], tuple[str, ...]] = ((), ())
    """By either way: the first of them that makes sense."""
    begins: str | None = None
    """What the first of those who choose the first way does besides, as none of them could alone."""
    measure: str = "profit"
    """Of :meth:`bonanza.VecWorlds.metrics`."""


WAYS = {
    "restraint": Ways("holds back", "takes all", "holding back", works=(0.5, 1.0)),
    "saving": Ways("saves up", "sells all", "saving up", sales=("sell_10_percent", _SALE)),
    "joining": Ways(
        "joins",
        "stays alone",
        "joining",
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
    agents = _agents(task)
    cells = [
        (way, others, seed) for way in (0, 1) for others in range(agents) for seed in range(seeds)
    ]
    second = np.ones((len(cells), agents), dtype=np.bool_)
    for place, (way, others, seed) in enumerate(cells):
        second[place, 0] = bool(way)
        # Not always the same neighbours.
        for number in range(others):
            second[place, 1 + (number + seed) % (agents - 1)] = False
    worlds = VecWorlds(task, worlds=len(cells), threads=threads, autoreset="disabled")
    seeded = [1_000 + seed for _, _, seed in cells]
    gains, _ = _season(worlds, seeded, second, ways, progress=progress)
    told = np.zeros((2, agents, seeds))
    for place, (way, others, seed) in enumerate(cells):
        told[way, others, seed] = gains[place, 0]
    return told


@dataclass(frozen=True)
class Learnt:
    """What independent learners did, round by round."""

    second: npt.NDArray[np.bool_]
    """Whether each chose the second way: shape (rounds, worlds, agents)."""
    gains: npt.NDArray[np.float64]
    """What each came to [credits], of the same shape."""
    figures: list[list[dict[str, float | None]]]
    """The figures of each world at the end of its season."""


def learn(
    task: Task,
    ways: Ways = WAYS["restraint"],
    *,
    rounds: int = 8,
    worlds: int = 8,
    seed: int = 0,
    threads: int = 1,
    progress: bool = False,
) -> Learnt:
    """What prospectors come to do who learn from their own gains alone, season after season.

    Each is a learner without states (Claus and Boutilier 1998): it holds an estimate of what a season
    brings by either way, moves it half way to the mean of what it has just come to by that way, and goes
    the way that it holds the better, but one time in ten, and always in the first round, a way of chance.

    Args:
        task: as for :func:`payoffs`.
        ways: the two ways.
        rounds: after each, all estimates are brought up to date.
        worlds: seasons in a round, one world each.
        seed: of the choices and of the worlds.
        threads: how many share the work.
        progress: whether to tell how far it is on standard error.
    """
    agents = _agents(task)
    rng = np.random.default_rng(seed)
    batch = VecWorlds(task, worlds=worlds, threads=threads, autoreset="disabled")
    estimates = np.full((agents, 2), np.nan)
    chosen, gained, figures = [], [], []
    for number in range(rounds):
        chance = rng.random((worlds, agents)) < (1.0 if number == 0 else _CHANCE)
        # Who has not tried a way yet takes it for the better one.
        hopes = np.where(np.isnan(estimates), np.inf, estimates)
        ties = hopes[:, 1] == hopes[:, 0]
        better = np.where(ties, rng.random((worlds, agents)) < 0.5, hopes[:, 1] > hopes[:, 0])
        second = np.where(chance, rng.random((worlds, agents)) < 0.5, better)
        seeded = [int(drawn) for drawn in rng.integers(0, 1 << 31, worlds)]
        if progress:
            print(f"round {number + 1} of {rounds}", file=sys.stderr)
        gains, told = _season(batch, seeded, second, ways, progress=progress)
        for agent, way in np.ndindex(agents, 2):
            tried = second[:, agent] == way
            if tried.any():
                mean = gains[tried, agent].mean()
                before = estimates[agent, way]
                estimates[agent, way] = mean if np.isnan(before) else 0.5 * (before + mean)
        if progress:
            share, mean = 100.0 * (1.0 - second.mean()), gains.mean()
            print(f"{share:.0f} % {ways.first}, {mean:,.0f} credits each", file=sys.stderr)
        chosen.append(second)
        gained.append(gains)
        figures.append(told)
    return Learnt(np.array(chosen), np.array(gained), figures)


def _agents(task: Task) -> int:
    """How many deal, or an error if they do not."""
    probe = VecWorlds(task)
    if len(probe.agents) < 2:
        raise TaskError(f"task {task.name!r} has {len(probe.agents)} agent, expected at least 2")
    heads = probe.layout.head_names
    if "plant0" not in heads or "dealing" not in heads:
        raise TaskError(f"the agents of task {task.name!r} sell nothing, expected Economy")
    return len(probe.agents)


def _season(
    worlds: VecWorlds,
    seeds: list[int],
    second: npt.NDArray[np.bool_],
    ways: Ways,
    *,
    progress: bool,
) -> tuple[npt.NDArray[np.float64], list[dict[str, float | None]]]:
    """Plays worlds to their ends; ``second`` of shape (worlds, agents) tells who goes which way.

    Returns what each agent has come to [credits], of the same shape, and the figures of each world.
    """
    worlds.reset(seed=seeds)
    layout = worlds.layout
    heads = layout.head_names
    plants = [place for place, head in enumerate(heads) if head.startswith("plant")]
    dealing = heads.index("dealing")
    starts = np.concatenate(([0], np.cumsum([len(options) for options in layout.choices])))
    begins = np.cumsum(~second, axis=1) == 1
    begins &= ~second
    actions = np.zeros((*second.shape, len(heads)), dtype=np.int64)
    steps = 0
    # Who loses its last robot has no more to do, while the others go on.
    done = np.zeros(second.shape, dtype=np.bool_)
    while not done.all():
        actions[:] = 0
        masks = worlds.action_masks
        for way in (False, True):
            own = second == way
            works = steps % _ROUND_STEPS < ways.works[way] * _ROUND_STEPS
            # A plant that is not yet as it should be is told so before anything is sold.
            told = (_BAKES if works else _STANDS_STILL, ways.sales[way])
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
        done |= worlds.terminations | worlds.truncations
        steps += 1
        if progress:
            end = "" if sys.stderr.isatty() else "\n"
            horizon = worlds.task.horizon_steps
            print(f"\r{steps} of {horizon} steps", end=end, file=sys.stderr, flush=True)
    if progress and sys.stderr.isatty():
        print(file=sys.stderr)
    metrics = [worlds.metrics(place) for place in range(len(second))]
    gains = np.array([[agent[ways.measure] for agent in told["agents"]] for told in metrics])
    return gains, [told["figures"] for told in metrics]


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
    axes.set_xticks(others)
    axes.set_xlabel(f"others {ways.together}")
    axes.set_ylabel(f"{ways.measure.replace('_', ' ')} [million credits]")
    axes.set_title(title)
    axes.grid(alpha=0.3)
    axes.legend(frameon=False)
    figure.tight_layout()
    figure.savefig(path)
    pyplot.close(figure)


def _plot_learnt(learnt: Learnt, ways: Ways, title: str, path: Path) -> None:
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, (above, below) = pyplot.subplots(2, 1, figsize=(7, 5.2), dpi=120, sharex=True)
    rounds = np.arange(1, len(learnt.second) + 1)
    first = 100.0 * (1.0 - learnt.second.mean(axis=1))
    above.plot(rounds, first, color="#9aa7b4", linewidth=1)
    above.plot(rounds, first.mean(axis=1), color="#3b6ea5", marker="o", label="mean of all")
    above.set_ylabel(f"who {ways.first} [%]")
    above.set_ylim(-3, 103)
    above.legend(frameon=False)
    below.plot(rounds, learnt.gains.mean(axis=(1, 2)) / 1e6, color="#c4622d", marker="o")
    below.set_ylabel(f"{ways.measure.replace('_', ' ')} each\n[million credits]")
    below.set_xlabel("round")
    above.set_title(title)
    for axes in (above, below):
        axes.grid(alpha=0.3)
    figure.tight_layout()
    figure.savefig(path)
    pyplot.close(figure)


def _tell_learnt(learnt: Learnt, ways: Ways, name: str, out: Path) -> None:
    """Writes what was learnt as a table and a picture, and prints it."""
    agents = learnt.gains.shape[2]
    taken = [
        [told["water_taken_kg"] or 0.0 for told in of_round] for of_round in learnt.figures
    ]
    with (out / f"{name}-learnt.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        own = [f"{what}_{agent}" for agent in range(agents) for what in ("way", ways.measure)]
        writer.writerow(["round", "world", "water_taken_kg", *own])
        for (turn, world), mass_kg in np.ndenumerate(np.array(taken)):
            row: list[Any] = [turn + 1, world, round(float(mass_kg), 1)]
            for agent in range(agents):
                way = (ways.first, ways.second)[int(learnt.second[turn, world, agent])]
                row += [way, round(float(learnt.gains[turn, world, agent]), 2)]
            writer.writerow(row)
    print(f"round   who {ways.first:12} {ways.measure} each [credits]   water taken [kg]")
    for turn, second in enumerate(learnt.second):
        share = 100.0 * (1.0 - second.mean())
        gain = learnt.gains[turn].mean()
        print(f"{turn + 1:5} {share:14.0f} % {gain:24,.0f} {np.mean(taken[turn]):18,.0f}")


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
    parser.add_argument(
        "--works",
        type=float,
        help="part of the time in which plants of the first way work (default: 0.5 in restraint)",
    )
    parser.add_argument("--seeds", type=int, default=2, help="worlds for each point (default: 2)")
    parser.add_argument("--steps", type=int, default=120, help="of half a day (default: 120)")
    parser.add_argument("--threads", type=int, default=max(1, os.cpu_count() or 1))
    parser.add_argument("--charter", help="by name or path, in the place of the task's own")
    parser.add_argument(
        "--learn",
        type=int,
        metavar="ROUNDS",
        help="no diagram: what independent learners come to do in so many rounds",
    )
    parser.add_argument("--worlds", type=int, default=8, help="in each round (default: 8)")
    parser.add_argument("--seed", type=int, default=0, help="of the learners (default: 0)")
    parser.add_argument("--out", default="runs/schelling")
    arguments = parser.parse_args(argv)
    for option in ("seeds", "steps", "threads", "learn", "worlds"):
        value = getattr(arguments, option)
        if value is not None and value < 1:
            parser.error(f"argument --{option}: {value}, expected at least 1")
    usual = "joining" if arguments.task == "share-the-yield" else "restraint"
    ways = WAYS[arguments.ways or usual]
    if arguments.works is not None:
        if not 0.0 <= arguments.works <= 1.0:
            parser.error(f"argument --works: {arguments.works}, expected a part from 0 to 1")
        ways = replace(ways, works=(arguments.works, ways.works[1]))
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
        out = Path(arguments.out)
        out.mkdir(parents=True, exist_ok=True)
        charter = Path(arguments.charter).stem if arguments.charter else None
        name = f"{task.name}-{charter}" if charter else task.name
        if arguments.learn is not None:
            learnt = learn(
                task,
                ways,
                rounds=arguments.learn,
                worlds=arguments.worlds,
                seed=arguments.seed,
                threads=arguments.threads,
                progress=True,
            )
            _tell_learnt(learnt, ways, name, out)
            picture = out / f"{name}-learnt.png"
            plot = functools.partial(_plot_learnt, learnt)
        else:
            told = payoffs(
                task, ways, seeds=arguments.seeds, threads=arguments.threads, progress=True
            )
            _tell(told, ways, name, out)
            picture = out / f"{name}.png"
            plot = functools.partial(_plot, told)
    except Error as error:
        print(f"bonanza.schelling: {error}", file=sys.stderr)
        return 2
    try:
        plot(ways, name, picture)
    except ImportError:
        print("no picture without Matplotlib: pip install 'bonanza[train]'", file=sys.stderr)
    return 0


def _tell(told: npt.NDArray[np.float64], ways: Ways, name: str, out: Path) -> None:
    """Writes a diagram as a table, and prints it with its verdict."""
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


if __name__ == "__main__":
    raise SystemExit(main())
