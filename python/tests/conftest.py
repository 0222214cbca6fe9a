"""What the tests share."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from typing import Any

import gymnasium
import numpy as np
import pytest

import bonanza

# Cheap enough to be stepped many times by a build for development.
QUICK = ["hop-to-target", "land", "fly-to-target", "anchor-and-drill", "sell-well"]


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(7)


@pytest.fixture(autouse=True)
def _loud() -> Iterator[None]:
    with warnings.catch_warnings():
        warnings.simplefilter("error", category=UserWarning)
        yield


def make(task: str, **kwargs: Any) -> gymnasium.Env[Any, Any]:
    return gymnasium.make(bonanza.env_id(task), **kwargs)


def choose(rng: np.random.Generator, layout: bonanza.Layout, mask: np.ndarray) -> np.ndarray:
    """An action at random, of those that make sense."""
    if layout.numbers:
        return rng.uniform(-1, 1, len(layout.head_names)).astype(np.float32)
    chosen, at = [], 0
    for options in layout.choices:
        chosen.append(rng.choice(np.flatnonzero(mask[at : at + len(options)])))
        at += len(options)
    return np.array(chosen)


def act(rng: np.random.Generator, env: bonanza.Env) -> Any:
    action = choose(rng, env.layout, env.action_masks())
    return action[0] if isinstance(env.action_space, gymnasium.spaces.Discrete) else action
