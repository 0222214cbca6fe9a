"""Is it a dilemma? ``python -m bonanza.schelling [TASK] [--seeds N] [--out DIR]``.

A Schelling diagram (Schelling 1973) shows what one prospector earns who holds back, and who does not,
against how many of the others hold back. In a commons dilemma the second curve lies above the first
everywhere, and yet all are better off where all hold back than where nobody does.

Scripts work the robots; the two ways differ in what is sold. Who holds back sells a tenth of its tank
each half day, so that its plant fills up and ice stays in the ground; who does not sells all of it.
"""

from __future__ import annotations

import argparse
import csv
import os
import sys
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from .errors import Error, TaskError
from .tasks import Task
from .vector import VecWorlds

__all__ = ["payoffs"]

HOLDS_BACK, TAKES_ALL = "sell_10_percent", "sell_100_percent"


def payoffs(
    task: Task, *, seeds: int = 2, threads: int = 1, progress: bool = False
) -> npt.NDArray[np.float64]:
    """Profit of the first agent by its way and by how many others hold back.

    Args:
        task: with at least two agents who deal (``control="Economy"``).
        seeds: worlds for each point.
        threads: how many share the work.
        progress: whether to tell how far it is on standard error.

    Returns:
        Credits, shape (2, others + 1, seeds): first those of who holds back, then of who takes all.
    """
    probe = VecWorlds(task)
    agents = len(probe.agents)
    if agents < 2:
        raise TaskError(f"task {task.name!r} has {agents} agent, expected at least 2")
    layout = probe.layout
    for head, options in zip(layout.head_names, layout.choices, strict=True):
        if head.startswith("plant") and HOLDS_BACK not in options:
            raise TaskError(f"task {task.name!r} has no choice {HOLDS_BACK!r}")
    plants = [place for place, head in enumerate(layout.head_names) if head.startswith("plant")]
    if not plants:
        raise TaskError(f"the agents of task {task.name!r} sell nothing, expected Economy")
    del probe
    cells = [
        (way, others, seed) for way in (0, 1) for others in range(agents) for seed in range(seeds)
    ]
    worlds = VecWorlds(task, worlds=len(cells), threads=threads, autoreset="disabled")
    worlds.reset(seed=[1_000 + seed for _, _, seed in cells])
    shape = (len(cells), agents, len(layout.head_names))
    hold = layout.choices[plants[0]].index(HOLDS_BACK)
    take = layout.choices[plants[0]].index(TAKES_ALL)
    wanted = np.full((len(cells), agents), take)
    for place, (way, others, seed) in enumerate(cells):
        wanted[place, 0] = (hold, take)[way]
        # Not always the same neighbours.
        for number in range(others):
            wanted[place, 1 + (number + seed) % (agents - 1)] = hold
    actions = np.zeros(shape, dtype=np.int64)
    steps = 0
    while not worlds.truncations.all():
        for place in plants:
            start = sum(len(options) for options in layout.choices[:place])
            open_ = np.take_along_axis(worlds.action_masks, (start + wanted)[..., None], axis=-1)[
                ..., 0
            ]
            actions[..., place] = np.where(open_, wanted, 0)
        worlds.step(actions)
        steps += 1
        if progress:
            end = "" if sys.stderr.isatty() else "\n"
            print(f"\r{steps} of {task.horizon_steps} steps", end=end, file=sys.stderr, flush=True)
    if progress and sys.stderr.isatty():
        print(file=sys.stderr)
    told = np.zeros((2, agents, seeds))
    for place, (way, others, seed) in enumerate(cells):
        told[way, others, seed] = worlds.metrics(place)["agents"][0]["profit"]
    return told


def verdict(told: npt.NDArray[np.float64]) -> str:
    """What the curves say, in words."""
    hold, take = told.mean(axis=2)
    last = len(hold) - 1
    tempts = bool((take > hold).all())
    pays = bool(hold[last] > take[0])
    if tempts and pays:
        return (
            "a commons dilemma: taking all pays more whatever the others do, holding back pays all"
        )
    if tempts:
        return "no dilemma: taking all pays more whatever the others do, and all are better off so"
    if pays and hold[last] > take[last] and take[0] > hold[0]:
        return "a stag hunt: it pays to do as the others do, and all are better off holding back"
    return "neither a commons dilemma nor a stag hunt"


def _plot(told: npt.NDArray[np.float64], title: str, path: Path) -> None:
    import matplotlib

    matplotlib.use("Agg")
    from matplotlib import pyplot

    figure, axes = pyplot.subplots(figsize=(7, 4.2), dpi=120)
    others = np.arange(told.shape[1])
    for way, (label, colour) in enumerate((("holds back", "#3b6ea5"), ("takes all", "#c4622d"))):
        mean = told[way].mean(axis=1) / 1e6
        axes.plot(others, mean, color=colour, marker="o", label=label)
        axes.fill_between(
            others,
            told[way].min(axis=1) / 1e6,
            told[way].max(axis=1) / 1e6,
            color=colour,
            alpha=0.15,
        )
    axes.set_xlabel("others who hold back")
    axes.set_ylabel("profit [million credits]")
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
    parser.add_argument("--seeds", type=int, default=2)
    parser.add_argument("--steps", type=int, default=120, help="of half a day (default: 120)")
    parser.add_argument("--threads", type=int, default=max(1, os.cpu_count() or 1))
    parser.add_argument("--charter", help="by name or path, in the place of the task's own")
    parser.add_argument("--out", default="runs/schelling")
    arguments = parser.parse_args(argv)
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
        told = payoffs(task, seeds=arguments.seeds, threads=arguments.threads, progress=True)
    except Error as error:
        print(f"bonanza.schelling: {error}", file=sys.stderr)
        return 2
    out = Path(arguments.out)
    out.mkdir(parents=True, exist_ok=True)
    name = f"{arguments.task}-{arguments.charter}" if arguments.charter else arguments.task
    with (out / f"{name}.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["way", "others_who_hold_back", "seed", "profit_credits"])
        for (way, others, seed), profit in np.ndenumerate(told):
            writer.writerow(
                [("holds back", "takes all")[way], others, seed, round(float(profit), 2)]
            )
    print("others who hold back   holds back    takes all   [credits]")
    for others, (hold, take) in enumerate(told.mean(axis=2).T):
        print(f"{others:20} {hold:12,.0f} {take:12,.0f}")
    print(f"{name}: {verdict(told)}")
    try:
        _plot(told, name, out / f"{name}.png")
    except ImportError:
        print("no picture without Matplotlib: pip install 'bonanza[train]'", file=sys.stderr)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
