"""A commons that can be spared: who lets its plant stand still leaves ice in the ground."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import numpy as np
import pytest

import bonanza
from bonanza import schelling


def water_taken_kg(choice: str | None) -> float:
    worlds = bonanza.VecWorlds(
        "ice-for-four", stride={"Seconds": 86_400.0}, horizon_steps=12, autoreset="disabled", seed=5
    )
    heads = worlds.layout.head_names
    plant = heads.index("plant0")
    actions = np.zeros((1, len(worlds.agents), len(heads)), dtype=np.int64)
    if choice is not None:
        actions[..., plant] = worlds.layout.choices[plant].index(choice)
    while not worlds.truncations.all():
        worlds.step(actions)
        actions[:] = 0
    return float(worlds.metrics(0)["figures"]["water_taken_kg"])


def test_ice_stays_in_the_ground_where_plants_stand_still() -> None:
    spared, taken = water_taken_kg("stand_still"), water_taken_kg(None)
    # Diggers fill hoppers and bins, and then wait.
    assert 0.0 < spared < 0.5 * taken


def test_payoffs_tell_those_who_bake_from_those_who_stand_still() -> None:
    task = bonanza.Task("ice-for-four", stride={"Seconds": 43_200.0}, horizon_steps=16)
    told = schelling.payoffs(task, seeds=1)
    assert told.shape == (2, 4, 1)
    assert np.isfinite(told).all()
    # Within eight days nothing is gained by waiting, whatever the others do.
    assert (told[0] < told[1]).all()


def test_who_sells_all_under_a_quota_sells_what_it_allows_and_is_not_refused() -> None:
    worlds = bonanza.VecWorlds(
        "ice-for-four",
        # Two and a half tonnes for each.
        charter=str(Path(__file__).parents[2] / "levels/charters/ice-quota-tight.ron"),
        stride={"Seconds": 86_400.0},
        horizon_steps=24,
        autoreset="disabled",
        seed=5,
    )
    plant = worlds.layout.head_names.index("plant0")
    actions = np.zeros((1, 4, len(worlds.layout.head_names)), dtype=np.int64)
    actions[..., plant] = worlds.layout.choices[plant].index("sell_100_percent")
    while not worlds.truncations.all():
        worlds.step(actions)
    told = worlds.metrics(0)
    assert told["figures"]["output_kg"] == pytest.approx(10_000.0, abs=1.0)
    assert [agent["refusals"] for agent in told["agents"]] == [0, 0, 0, 0]


def test_learners_come_to_what_pays_each_of_them() -> None:
    task = bonanza.Task("ice-for-four", stride={"Seconds": 43_200.0}, horizon_steps=12)
    # Who holds back lets its plant stand still all the time: within six days that never pays.
    ways = dataclasses.replace(schelling.WAYS["restraint"], works=(0.0, 1.0))
    learnt = schelling.learn(task, ways, rounds=3, worlds=4, seed=1)
    again = schelling.learn(task, ways, rounds=3, worlds=4, seed=1)
    assert learnt.second.shape == learnt.gains.shape == (3, 4, 4)
    assert (learnt.second == again.second).all() and (learnt.gains == again.gains).all()
    assert not learnt.second[0].all()
    assert 0.8 < learnt.second[-1].mean()
    first, last = learnt.figures[0], learnt.figures[-1]
    assert sum(map(_taken_kg, first)) < sum(map(_taken_kg, last))


def _taken_kg(figures: dict[str, float | None]) -> float:
    return figures["water_taken_kg"] or 0.0
