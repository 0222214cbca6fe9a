"""Bonanza: worlds of asteroid mining for learning agents.

>>> import bonanza, gymnasium
>>> env = gymnasium.make("bonanza/Land-v0")
>>> observation, info = env.reset(seed=1)

- :class:`bonanza.Env`: one agent, Gymnasium; registered as ``bonanza/…-v0`` for every task.
- :class:`bonanza.VecWorlds`, :class:`bonanza.VectorEnv`: many worlds over threads.
- :func:`bonanza.parallel_env`, :func:`bonanza.aec_env`: many agents, PettingZoo.
- :class:`bonanza.Task`: who acts in which world, by what means, for what.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ._native import LAYOUT_VERSION, RELEASE_BUILD, __version__
from .env import Env, Snapshot
from .errors import (
    ActionError,
    Error,
    InternalError,
    MissingDependencyError,
    SnapshotError,
    StateError,
    TaskError,
)
from .registration import env_id, register
from .spaces import Field, Layout
from .tasks import Task, task_names
from .vector import VectorEnv, VecWorlds

if TYPE_CHECKING:
    from .multi import ParallelWorld, aec_env, parallel_env

__all__ = [
    "LAYOUT_VERSION",
    "RELEASE_BUILD",
    "ActionError",
    "Env",
    "Error",
    "Field",
    "InternalError",
    "Layout",
    "MissingDependencyError",
    "ParallelWorld",
    "Snapshot",
    "SnapshotError",
    "StateError",
    "Task",
    "TaskError",
    "VecWorlds",
    "VectorEnv",
    "__version__",
    "aec_env",
    "env_id",
    "parallel_env",
    "register",
    "task_names",
]

register()


def __getattr__(name: str) -> Any:
    # PettingZoo takes its time to load, and not everybody has it.
    if name in ("ParallelWorld", "aec_env", "parallel_env"):
        from . import multi

        return getattr(multi, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
