"""Tasks: who acts in which world, by what means, how often, and for what.

A task is plain data. Those that come with the package are read by name, those of your own from a RON
file; every field can be replaced::

    Task("the-last-ice", charter="ice-quota", stride={"Seconds": 3600.0})
    Task("sell-well", replace={"market.base_price_credits_per_kg": 3000.0})

Fields, with their meaning and units, stand in ``docs/training.md``.
"""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from typing import Any

from . import _native
from .errors import TaskError

__all__ = ["Task", "task_names"]


def task_names() -> list[str]:
    """Names of the tasks that come with the package, from easy to hard."""
    return _native.task_names()


class Task:
    """A task, immutable.

    Args:
        source: name of a task of the package, path of a RON file, text of one, or another task.
        **changes: fields to put in the place of the task's own.

    Raises:
        TaskError: if there is no such task or field.
    """

    __slots__ = ("_fields",)

    def __init__(self, source: str | os.PathLike[str] | Task, **changes: Any) -> None:
        if isinstance(source, Task):
            fields = dict(source._fields)
        elif isinstance(source, (str, os.PathLike)):
            fields = json.loads(_native.read_task(os.fspath(source)))
        else:
            raise TaskError(
                f"task = {source!r}, expected a name, a path, the text of a task, or a Task"
            )
        for name, value in changes.items():
            if name not in fields:
                known = ", ".join(sorted(fields))
                raise TaskError(f"a task has no field {name!r}: it is none of {known}")
            if name == "replace" and isinstance(value, Mapping):
                value = {**fields["replace"], **value}
            fields[name] = value
        try:
            fields = json.loads(json.dumps(fields, allow_nan=False))
        except (TypeError, ValueError) as error:
            raise TaskError(
                f"the changes {changes!r} cannot be written as plain data: {error}"
            ) from None
        self._fields: dict[str, Any] = fields

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__") or name == "_fields":
            raise AttributeError(name)
        try:
            return self._fields[name]
        except KeyError:
            raise AttributeError(f"a task has no field {name!r}") from None

    def with_(self, **changes: Any) -> Task:
        """The same task with other values of some fields."""
        return Task(self, **changes)

    def to_json(self) -> str:
        """The task as one JSON object."""
        return json.dumps(self._fields)

    def __repr__(self) -> str:
        return f"Task({self._fields['name']!r})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Task) and self._fields == other._fields

    def __hash__(self) -> int:
        return hash(self.to_json())

    def __getstate__(self) -> dict[str, Any]:
        return self._fields

    def __setstate__(self, state: dict[str, Any]) -> None:
        self._fields = state
