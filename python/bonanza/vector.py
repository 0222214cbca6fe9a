"""Many worlds side by side, in Rust threads, with arrays written in place."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import gymnasium
import numpy as np
import numpy.typing as npt
from gymnasium.utils import seeding
from gymnasium.vector.utils import batch_space

from . import _native
from .env import Metrics, Snapshot, check_seed
from .errors import ActionError, StateError, TaskError
from .sights import SCENE_SHAPE, Sights, check_render_mode
from .spaces import Layout
from .tasks import Task

__all__ = ["VecWorlds", "VectorEnv"]

AUTORESETS = ("next_step", "same_step", "disabled")


class VecWorlds:
    """Worlds of one task, stepped together on threads without the interpreter's lock.

    All arrays are made once and written in place by every step: copy what you want to keep.

    Args:
        task: name, path or text of a task, or a :class:`bonanza.Task`.
        worlds: how many; world i begins with the seed ``seed + i``.
        threads: how many share the work; the results are the same for any number.
        seed: from 0 to 2**64 - 1.
        autoreset: what a world does whose episode is over. ``"next_step"``: its next step starts the
            next episode instead of taking actions. ``"same_step"``: the same step starts it, and what
            was seen last stands in ``final_observations``. ``"disabled"``: nothing until
            ``reset(mask=...)``.
        pictures: whether every step draws ``pictures``, see :class:`bonanza.Env`.
        patch: whether it draws ``patches``.
        **changes: fields of the task to replace.

    Attributes:
        observations: float32, shape (worlds, agents, numbers).
        rewards: float32, shape (worlds, agents).
        terminations: bool, shape (worlds, agents): nothing more comes of the agent in this episode.
        truncations: bool, shape (worlds, agents): the episode was cut off.
        action_masks: bool, shape (worlds, agents, choices); no choices where actions are numbers.
        final_observations: as observations.
        began: bool, shape (worlds,): an episode began in the last step or reset.
        pictures: uint8, shape (worlds, agents, 84, 84, 2), or None. After a step that began another
            episode they show that one: there are no last pictures of an episode with ``"same_step"``.
        patches: uint8, shape (worlds, agents, 16, 16, 16), or None.

    Raises:
        TaskError: if the task makes no sense.
    """

    def __init__(
        self,
        task: str | Task,
        *,
        worlds: int = 1,
        threads: int = 1,
        seed: int = 0,
        autoreset: str = "next_step",
        pictures: bool = False,
        patch: bool = False,
        **changes: Any,
    ) -> None:
        for name, count in (("worlds", worlds), ("threads", threads)):
            if isinstance(count, bool) or not isinstance(count, (int, np.integer)) or count < 1:
                raise TaskError(f"{name} = {count!r}, expected a whole number from 1")
        if autoreset not in AUTORESETS:
            raise TaskError(f"autoreset = {autoreset!r}, expected one of {', '.join(AUTORESETS)}")
        self.task = Task(task, **changes)
        self.seed = check_seed(seed) or 0
        self.autoreset = autoreset
        self.native = _native.Worlds(
            self.task.to_json(), self.seed, int(worlds), int(threads), autoreset
        )
        self.layout = Layout(self.native.layout)
        self.agents = self.native.agents
        shape = (int(worlds), len(self.agents))
        numbers = len(self.layout.fields)
        self.observations = np.zeros((*shape, numbers), dtype=np.float32)
        self.rewards = np.zeros(shape, dtype=np.float32)
        self.terminations = np.zeros(shape, dtype=np.bool_)
        self.truncations = np.zeros(shape, dtype=np.bool_)
        self.action_masks = np.zeros((*shape, self.layout.mask_len), dtype=np.bool_)
        self.final_observations = np.zeros((*shape, numbers), dtype=np.float32)
        self.began = np.ones(shape[0], dtype=np.bool_)
        self._sights = Sights(pictures, patch)
        self.native.look(self)
        self.draw()

    @property
    def pictures(self) -> npt.NDArray[np.uint8] | None:
        """What all agents' cameras see, where it was asked for."""
        return self._sights.pictures

    @property
    def patches(self) -> npt.NDArray[np.uint8] | None:
        """The ground around all agents, where it was asked for."""
        return self._sights.patches

    def draw(self) -> None:
        """Draws the pictures that were asked for: every step and reset does so by itself."""
        self._sights.look(self.native, (len(self), len(self.agents)))

    def scene(self, world: int, agent: int = 0) -> npt.NDArray[np.uint8]:
        """A picture for people of a world, from behind the first robot of an agent: (480, 640, 3)."""
        picture = np.zeros(SCENE_SHAPE, dtype=np.uint8)
        self.native.scene(self._place(world), agent, picture)
        return picture

    def __len__(self) -> int:
        return len(self.native)

    def reset(
        self,
        *,
        seed: int | Sequence[int] | None = None,
        mask: npt.ArrayLike | None = None,
    ) -> npt.NDArray[np.float32]:
        """Starts all worlds, or those in ``mask`` (bool, shape (worlds,)), anew.

        With a whole number as seed, world i begins with the seed plus i; with a list, with its own.
        """
        count = len(self)
        seeds: list[int] | None = None
        if isinstance(seed, (list, tuple, np.ndarray)):
            if len(seed) != count:
                raise TaskError(f"seed has {len(seed)} entries, expected {count}")
            seeds = [check_seed(one) or 0 for one in seed]
        elif seed is not None:
            first = check_seed(seed) or 0
            seeds = [(first + place) % 2**64 for place in range(count)]
        mark: list[bool] | None = None
        if mask is not None:
            array = np.asarray(mask)
            if array.dtype != np.bool_ or array.shape != (count,):
                raise ActionError(
                    f"mask has the type {array.dtype} and the shape {array.shape}, "
                    f"expected bool and ({count},)"
                )
            mark = array.tolist()
        self.began[:] = False
        self.native.reset(self, seeds, mark)
        self.draw()
        return self.observations

    def step(self, actions: npt.ArrayLike) -> int:
        """Steps all worlds and writes all arrays; returns how many episodes ended.

        Args:
            actions: shape (worlds, agents, numbers or heads).

        Raises:
            ActionError: if they are none. Nothing has moved then.
        """
        shape = (len(self), len(self.agents), len(self.layout.head_names))
        ended = self.native.step(self.layout.encode(actions, shape, "actions"), self)
        self.draw()
        return ended

    def metrics(self, world: int) -> Metrics:
        """What has come of a world so far."""
        told: Metrics = json.loads(self.native.metrics(self._place(world)))
        return told

    def state_hash(self, world: int) -> int:
        """64 bits that tell any two states apart that could go on differently."""
        return self.native.state_hash(self._place(world))

    def snapshot(self, world: int) -> Snapshot:
        """The whole state of a world."""
        return self.native.snapshot(self._place(world))

    def restore(self, world: int, snapshot: Snapshot) -> None:
        """Puts a world back, bit for bit, and brings observations and masks up to date."""
        self.native.restore(self._place(world), snapshot)
        self.native.look(self)
        self.draw()

    def _place(self, world: int) -> int:
        if isinstance(world, bool) or not isinstance(world, (int, np.integer)):
            raise ActionError(
                f"world = {world!r}, expected a whole number from 0 to {len(self) - 1}"
            )
        if not 0 <= world < len(self):
            raise ActionError(f"world = {world}, expected 0 to {len(self) - 1}")
        return int(world)


def _mode(autoreset: str) -> Any:
    """The constant of Gymnasium, where it has one."""
    try:
        from gymnasium.vector import AutoresetMode
    except ImportError:  # before 1.1
        return autoreset
    return {
        "next_step": AutoresetMode.NEXT_STEP,
        "same_step": AutoresetMode.SAME_STEP,
        "disabled": AutoresetMode.DISABLED,
    }[autoreset]


def _name(mode: Any) -> str:
    """The name of a constant of Gymnasium, or the name itself."""
    name = str(getattr(mode, "name", mode)).lower()
    if name not in AUTORESETS:
        raise TaskError(f"autoreset_mode = {mode!r}, expected one of {', '.join(AUTORESETS)}")
    return name


if TYPE_CHECKING:
    _Base = gymnasium.vector.VectorEnv[Any, Any, Any]
else:  # not generic before Gymnasium 1.0
    _Base = gymnasium.vector.VectorEnv


class VectorEnv(_Base):
    """A task with one agent, many times: Gymnasium's interface over :class:`VecWorlds`.

    Args:
        task: as for :class:`bonanza.Env`.
        num_envs: how many worlds.
        threads: as for :class:`VecWorlds`.
        autoreset_mode: Gymnasium's ``AutoresetMode`` or its name in small letters.
        pictures, patch: as for :class:`bonanza.Env`, but not with ``"same_step"``.
        render_mode: None or ``"rgb_array"``.
        **changes: fields of the task to replace.

    Arrays that are handed out are copies, as Gymnasium demands; use :class:`VecWorlds` for the
    arrays themselves.
    """

    def __init__(
        self,
        task: str | Task,
        num_envs: int = 1,
        *,
        threads: int = 1,
        autoreset_mode: Any = "next_step",
        pictures: bool = False,
        patch: bool = False,
        render_mode: str | None = None,
        **changes: Any,
    ) -> None:
        if render_mode == "human":
            raise TaskError(
                'render_mode = "human", expected None or "rgb_array": many worlds do not fit a window'
            )
        self._autoreset = _name(autoreset_mode)
        if self._autoreset == "same_step" and (pictures or patch):
            raise TaskError(
                "pictures and patch need the autoreset mode next_step or disabled: with same_step the "
                "last picture of an episode would be lost"
            )
        self.worlds = VecWorlds(
            task,
            worlds=num_envs,
            threads=threads,
            autoreset=self._autoreset,
            pictures=pictures,
            patch=patch,
            **changes,
        )
        if len(self.worlds.agents) != 1:
            raise TaskError(
                f"task {self.worlds.task.name!r} has {len(self.worlds.agents)} agents, expected 1: "
                "use bonanza.VecWorlds"
            )
        self.num_envs = int(num_envs)
        self.render_mode = check_render_mode(render_mode)
        self.metadata = {"render_modes": ["rgb_array"], "autoreset_mode": _mode(self._autoreset)}
        layout = self.worlds.layout
        self.layout = layout
        self._sights = self.worlds._sights
        self.single_observation_space = self._sights.space(layout.observation_space())
        self.single_action_space = layout.action_space()
        self.observation_space = batch_space(self.single_observation_space, self.num_envs)
        self.action_space = batch_space(self.single_action_space, self.num_envs)
        self._begun = False

    def reset(
        self,
        *,
        seed: int | Sequence[int | None] | None = None,
        options: dict[str, Any] | None = None,
    ) -> tuple[Any, dict[str, Any]]:
        """Starts all worlds anew, or those in ``options["reset_mask"]`` (bool, (num_envs,))."""
        options = dict(options or {})
        mask = options.pop("reset_mask", None)
        if options:
            raise TaskError(f"options {sorted(options)} are not known, expected reset_mask")
        if isinstance(seed, (int, np.integer)):
            self._np_random, self._np_random_seed = seeding.np_random(int(seed) % 2**63)
        seeds: int | list[int] | None
        if isinstance(seed, (list, tuple)):
            if any(one is None for one in seed):
                fresh = self.np_random
                seeds = [int(fresh.integers(0, 2**63)) if one is None else one for one in seed]
            else:
                seeds = [int(one) for one in seed if one is not None]
        elif seed is None and not self._begun:
            seeds = int(self.np_random.integers(0, 2**63))
        else:
            seeds = seed  # type: ignore[assignment]
        if mask is not None and not np.any(mask):
            raise ActionError("options['reset_mask'] marks no world, expected at least one")
        self.worlds.reset(seed=seeds, mask=mask)
        self._begun = True
        return self._observations(), self._info()

    def step(
        self, actions: Any
    ) -> tuple[
        Any,
        npt.NDArray[np.float64],
        npt.NDArray[np.bool_],
        npt.NDArray[np.bool_],
        dict[str, Any],
    ]:
        """Steps all worlds. Actions have the shape of ``action_space``."""
        if not self._begun:
            raise StateError("no episode has begun: call reset first")
        heads = len(self.layout.head_names)
        if not self.layout.numbers and heads == 1:
            encoded = self.layout.encode(actions, (self.num_envs,), "actions")
        else:
            encoded = self.layout.encode(actions, (self.num_envs, heads), "actions")
        worlds = self.worlds
        worlds.native.step(encoded.reshape(self.num_envs, 1, heads), worlds)
        worlds.draw()
        info = self._info()
        if self._autoreset == "same_step" and worlds.began.any():
            final = np.full(self.num_envs, None, dtype=object)
            for place in np.flatnonzero(worlds.began):
                final[place] = worlds.final_observations[place, 0].copy()
            info["final_obs"] = final
            info["_final_obs"] = worlds.began.copy()
            info["final_info"] = {}
            info["_final_info"] = worlds.began.copy()
        return (
            self._observations(),
            worlds.rewards[:, 0].astype(np.float64),
            worlds.terminations[:, 0].copy(),
            worlds.truncations[:, 0].copy(),
            info,
        )

    def _observations(self) -> Any:
        numbers = self.worlds.observations[:, 0].copy()
        return self._sights.observation(numbers, (slice(None), 0))

    def _info(self) -> dict[str, Any]:
        if self.layout.numbers:
            return {}
        masks = self.worlds.action_masks[:, 0].copy()
        return {"action_mask": masks, "_action_mask": np.ones(self.num_envs, dtype=np.bool_)}

    def action_masks(self) -> npt.NDArray[np.bool_]:
        """Which choices make sense now, shape (num_envs, choices)."""
        return self.worlds.action_masks[:, 0].copy()

    def render(self) -> tuple[npt.NDArray[np.uint8], ...] | None:
        """A picture for people of each world, uint8, (480, 640, 3), with ``"rgb_array"``."""
        if self.render_mode is None:
            return None
        return tuple(self.worlds.scene(world) for world in range(self.num_envs))

    def close_extras(self, **kwargs: Any) -> None:
        """Nothing is held that Python would not free."""


def entry_point(num_envs: int = 1, **kwargs: Any) -> VectorEnv:
    """For ``gymnasium.make_vec(..., vectorization_mode="vector_entry_point")``."""
    return VectorEnv(num_envs=num_envs, **kwargs)
