"""What can go wrong, as one tree: catch :class:`Error` for all of it."""

from __future__ import annotations


class Error(Exception):
    """Anything that Bonanza refuses. Its message names the argument, its value and what was expected."""


class TaskError(Error, ValueError):
    """A task or a level that makes no sense, or that there is not."""


class ActionError(Error, ValueError):
    """An action or an array that cannot be taken. Nothing has moved."""


class SnapshotError(Error, ValueError):
    """Bytes that are no snapshot, or a snapshot of another task."""


class StateError(Error, RuntimeError):
    """A call at the wrong time, such as a step before the first reset."""


class MissingDependencyError(Error, ImportError):
    """A library that an optional part of the package needs is not installed."""


class InternalError(Error, RuntimeError):
    """A mistake of Bonanza. The world that it happened in cannot go on; others can."""
