"""Names of the tasks in Gymnasium's registry."""

from __future__ import annotations

import functools
from typing import Any

import gymnasium

from .tasks import task_names

__all__ = ["env_id", "register"]

# Tasks of several agents; with one, the scripts of the level decide for the others.
_SOCIAL = ("the-last-ice", "the-last-ice-quota", "ice-for-four", "share-the-yield")


def env_id(task: str) -> str:
    """The id of a task in Gymnasium: ``first-water`` is ``bonanza/FirstWater-v0``."""
    return f"bonanza/{''.join(word.capitalize() for word in task.split('-'))}-v0"


def seat(task: str) -> dict[str, Any]:
    """What makes a task one of a single agent: the keyword arguments of its environment."""
    if task in _SOCIAL:
        return {"task": task, "agents": {"Prospectors": ["player"]}, "alone": False}
    return {"task": task}


def _vector(task: str, **kwargs: Any) -> Any:
    from .vector import entry_point

    kwargs.pop("max_episode_steps", None)
    return entry_point(**{**seat(task), **kwargs})


def register() -> None:
    """Registers all tasks; again does nothing."""
    for task in task_names():
        if env_id(task) in gymnasium.registry:
            continue
        gymnasium.register(
            id=env_id(task),
            entry_point="bonanza.env:Env",
            vector_entry_point=(
                "bonanza.vector:entry_point"
                if hasattr(gymnasium, "VectorizeMode")
                # Before Gymnasium 1.0 the arguments of the registry do not reach it.
                else functools.partial(_vector, task)
            ),
            kwargs=seat(task),
        )
