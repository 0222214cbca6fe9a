"""Spaces of observations and actions, from the layout of a task.

``python -m bonanza.spaces TASK`` prints the table of every observation and action of a task.
"""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
from gymnasium import spaces

from . import _native
from .errors import ActionError
from .tasks import Task

__all__ = ["Field", "Layout"]


@dataclass(frozen=True, slots=True)
class Field:
    """One number of an observation.

    Where ``scale`` is given, a quantity x of the unit ``unit`` is told as ``x / (|x| + scale)``;
    ``y * scale / (1 - |y|)`` gives it back.
    """

    name: str
    unit: str
    scale: float | None
    low: float
    high: float


class Layout:
    """What each number of an observation and each choice of an action means.

    Attributes:
        version: changes whenever a number changes meaning or place.
        fields: one per number of the flat observation.
        numbers: whether actions are numbers from -1 to 1 (else choices).
        head_names: one per number, or per choice, of an action.
        choices: names of the choices of each head; empty for numbers.
    """

    def __init__(self, json_text: str) -> None:
        told: dict[str, Any] = json.loads(json_text)
        self.version: int = told["version"]
        self.fields: tuple[Field, ...] = tuple(Field(**field) for field in told["fields"])
        heads = told["heads"]
        self.numbers: bool = heads["kind"] == "Numbers"
        self.head_names: tuple[str, ...] = tuple(heads["names"])
        self.choices: tuple[tuple[str, ...], ...] = tuple(
            tuple(options) for options in heads["choices"]
        )
        self.mask_len: int = sum(len(options) for options in self.choices)

    def observation_space(self) -> spaces.Box:
        """Flat float32 within the bounds of each field."""
        low = np.array([field.low for field in self.fields], dtype=np.float32)
        high = np.array([field.high for field in self.fields], dtype=np.float32)
        return spaces.Box(low, high, dtype=np.float32)

    def blocks(self) -> dict[str, slice]:
        """Places of the blocks, such as ``robot0`` or ``market``, in the flat observation."""
        found: dict[str, slice] = {}
        for place, field in enumerate(self.fields):
            block = field.name.split(".", 1)[0]
            begun = found.get(block, slice(place, place)).start
            found[block] = slice(begun, place + 1)
        return found

    def dict_space(self) -> spaces.Dict:
        """One Box per block."""
        flat = self.observation_space()
        return spaces.Dict(
            {
                block: spaces.Box(flat.low[part], flat.high[part], dtype=np.float32)
                for block, part in self.blocks().items()
            }
        )

    def action_space(self) -> spaces.Box | spaces.Discrete[Any] | spaces.MultiDiscrete:
        """Box(-1, 1) for numbers; Discrete for one head of choices, else MultiDiscrete."""
        if self.numbers:
            return spaces.Box(-1.0, 1.0, (len(self.head_names),), dtype=np.float32)
        if len(self.choices) == 1:
            return spaces.Discrete(len(self.choices[0]))
        return spaces.MultiDiscrete([len(options) for options in self.choices])

    def split_mask(self, mask: npt.NDArray[np.bool_]) -> Any:
        """A mask over all heads as ``action_space.sample(mask)`` takes it: int8, one array per head."""
        flags = mask.astype(np.int8)
        parts, at = [], 0
        for options in self.choices:
            parts.append(flags[at : at + len(options)])
            at += len(options)
        return parts[0] if len(parts) == 1 else tuple(parts)

    def encode(self, action: Any, shape: tuple[int, ...], name: str = "action") -> npt.NDArray[Any]:
        """An action as the array that the compiled part takes.

        Raises:
            ActionError: if it has another shape, or holds what is no number.
        """
        if isinstance(action, np.ndarray) or not isinstance(action, (str, bytes)):
            try:
                array = np.asarray(action)
            except (TypeError, ValueError) as error:
                raise ActionError(f"{name} = {action!r} is no array: {error}") from None
        else:
            raise ActionError(f"{name} = {action!r}, expected numbers")
        wanted = "float32" if self.numbers else "whole numbers"
        if array.dtype.kind not in ("biuf" if self.numbers else "biu"):
            raise ActionError(
                f"{name} has the type {array.dtype}, expected {wanted} of shape {shape}"
            )
        if array.shape != shape:
            raise ActionError(f"{name} has the shape {array.shape}, expected {shape}")
        return np.ascontiguousarray(array, dtype=np.float32 if self.numbers else np.int64)

    def describe(self) -> str:
        """The tables of observations and actions, as Markdown."""
        lines = [
            f"Layout version {self.version}",
            "",
            "| # | observation | unit | told as | range |",
        ]
        lines.append("|---|---|---|---|---|")
        for place, field in enumerate(self.fields):
            told = "x" if field.scale is None else f"x/(\\|x\\| + {field.scale:g})"
            lines.append(
                f"| {place} | `{field.name}` | {field.unit or '-'} | {told} "
                f"| {field.low:g} to {field.high:g} |"
            )
        lines += ["", "| # | action | choices |", "|---|---|---|"]
        for place, head in enumerate(self.head_names):
            options = "a number from -1 to 1"
            if not self.numbers:
                options = ", ".join(
                    f"{number} {option}" for number, option in enumerate(self.choices[place])
                )
            lines.append(f"| {place} | `{head}` | {options} |")
        return "\n".join(lines)


def main() -> int:
    """Prints the tables of a task."""
    if len(sys.argv) != 2 or sys.argv[1] in ("-h", "--help"):
        print(f"usage: python -m bonanza.spaces TASK\ntasks: {', '.join(_native.task_names())}")
        return 0 if len(sys.argv) == 2 else 2
    world = _native.World(Task(sys.argv[1]).to_json(), 0)
    print(Layout(world.layout).describe())
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
