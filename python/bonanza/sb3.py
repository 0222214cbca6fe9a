"""Stable-Baselines3 over :class:`bonanza.VecWorlds`: one batch, no subprocesses."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from .errors import MissingDependencyError, TaskError
from .tasks import Task
from .vector import VecWorlds

try:
    from stable_baselines3.common.vec_env import VecEnv
except ImportError as error:
    raise MissingDependencyError(
        f"bonanza.sb3 needs Stable-Baselines3: pip install 'bonanza[train]' ({error})"
    ) from error

__all__ = ["SB3VecEnv"]


class SB3VecEnv(VecEnv):  # type: ignore[misc]
    """Worlds of one task with one agent each, as Stable-Baselines3 wants them.

    Args:
        task: name, path or text of a task, or a :class:`bonanza.Task`.
        worlds, threads, seed, **changes: as for :class:`bonanza.VecWorlds`.
    """

    def __init__(
        self, task: str | Task, *, worlds: int = 8, threads: int = 1, seed: int = 0, **changes: Any
    ) -> None:
        self.worlds = VecWorlds(
            task, worlds=worlds, threads=threads, seed=seed, autoreset="same_step", **changes
        )
        if len(self.worlds.agents) != 1:
            raise TaskError(
                f"task {self.worlds.task.name!r} has {len(self.worlds.agents)} agents, expected 1"
            )
        layout = self.worlds.layout
        self._heads = len(layout.head_names)
        self._actions: npt.NDArray[Any] = np.zeros(0)
        self._returns = np.zeros(worlds)
        self._lengths = np.zeros(worlds, dtype=np.int64)
        self._next_seed: int | None = seed
        self.render_mode = None
        super().__init__(worlds, layout.observation_space(), layout.action_space())

    def reset(self) -> npt.NDArray[np.float32]:
        """Starts all worlds anew."""
        self.worlds.reset(seed=self._next_seed)
        self._next_seed = None
        self._returns[:] = 0.0
        self._lengths[:] = 0
        return self.worlds.observations[:, 0].copy()

    def seed(self, seed: int | None = None) -> Sequence[int | None]:
        """The seed that the next reset begins with."""
        self._next_seed = seed
        return [None if seed is None else seed + place for place in range(self.num_envs)]

    def step_async(self, actions: npt.NDArray[Any]) -> None:
        """Keeps the actions."""
        self._actions = actions

    def step_wait(self) -> Any:
        """Steps all worlds."""
        worlds = self.worlds
        shape = (self.num_envs, 1, self._heads)
        worlds.step(np.asarray(self._actions).reshape(shape))
        rewards = worlds.rewards[:, 0].copy()
        terminated, truncated = worlds.terminations[:, 0], worlds.truncations[:, 0]
        dones = terminated | truncated
        self._returns += rewards
        self._lengths += 1
        infos: list[dict[str, Any]] = [{} for _ in range(self.num_envs)]
        for place in np.flatnonzero(dones):
            infos[place] = {
                "terminal_observation": worlds.final_observations[place, 0].copy(),
                "TimeLimit.truncated": bool(truncated[place]),
                "episode": {"r": float(self._returns[place]), "l": int(self._lengths[place])},
                # The goal is worth ten.
                "is_success": bool(terminated[place] and 0.0 < rewards[place]),
            }
            self._returns[place] = 0.0
            self._lengths[place] = 0
        return worlds.observations[:, 0].copy(), rewards, dones, infos

    def action_masks(self) -> npt.NDArray[np.bool_]:
        """Which choices make sense now, shape (worlds, choices)."""
        return self.worlds.action_masks[:, 0].copy()

    def close(self) -> None:
        """Nothing is held that Python would not free."""

    def get_attr(self, attr_name: str, indices: Any = None) -> list[Any]:
        """The same for all worlds."""
        return [getattr(self, attr_name)] * len(list(self._get_indices(indices)))

    def set_attr(self, attr_name: str, value: Any, indices: Any = None) -> None:
        """Sets it for all worlds."""
        setattr(self, attr_name, value)

    def env_method(
        self, method_name: str, *method_args: Any, indices: Any = None, **method_kwargs: Any
    ) -> list[Any]:
        """``action_masks`` by world; anything else once, for all."""
        told = getattr(self, method_name)(*method_args, **method_kwargs)
        places = list(self._get_indices(indices))
        if method_name == "action_masks":
            return [told[place] for place in places]
        return [told] * len(places)

    def env_is_wrapped(self, wrapper_class: Any, indices: Any = None) -> list[bool]:
        """There are no wrappers; episodes are counted here."""
        return [False] * len(list(self._get_indices(indices)))
