"""One agent in one world: a Gymnasium environment."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any, ClassVar

import gymnasium
import numpy as np
import numpy.typing as npt

from . import _native
from .errors import ActionError, StateError, TaskError
from .sights import RENDER_MODES, Painter, Sights
from .spaces import Layout
from .tasks import Task

__all__ = ["Env", "Metrics", "RewardFunction", "Snapshot"]

Metrics = dict[str, Any]
"""What has come of a world: ``time_s``, ``steps``, ``figures`` by id, and ``agents``, one dict each."""

RewardFunction = Callable[[Metrics, Metrics], Sequence[float]]
"""From the metrics before and after a step to one reward per agent."""

Snapshot = _native.Snapshot

OPTIONS = ("level", "charter", "replace", "randomise", "horizon_steps")
"""Fields of a task that the options of a reset may replace."""

_SEED_BITS = 63


def draw_seed(source: np.random.Generator) -> int:
    """A seed for a world."""
    return int(source.integers(0, 2**_SEED_BITS))


def as_task(task: str | Task, changes: Mapping[str, Any]) -> tuple[Task, RewardFunction | None]:
    """A task with changes, of which a callable reward is kept apart."""
    changes = dict(changes)
    function: RewardFunction | None = None
    if callable(changes.get("reward")):
        function = changes.pop("reward")
        changes["reward"] = "Zero"
    return Task(task, **changes), function


class Single:
    """A world and its arrays: what the interfaces to one world have in common."""

    def __init__(self, task: Task, seed: int, sights: Sights) -> None:
        self.task = task
        self.sights = sights
        self.native = _native.World(task.to_json(), seed)
        self.layout = Layout(self.native.layout)
        self.agents = self.native.agents
        count = len(self.agents)
        self.observations = np.zeros((count, len(self.layout.fields)), dtype=np.float32)
        self.rewards = np.zeros(count, dtype=np.float32)
        self.terminated = np.zeros(count, dtype=np.bool_)
        self.masks = np.zeros((count, self.layout.mask_len), dtype=np.bool_)

    def reset(self, seed: int | None) -> None:
        """Starts the first episode of a seed, or the next of the same."""
        self.native.reset(seed)
        self.terminated[:] = False
        self.look()

    def look(self) -> None:
        """Brings observations, masks and pictures up to date."""
        self.native.observe(self.observations)
        self.native.masks(self.masks)
        self.sights.look(self.native, (len(self.agents),))

    def step(self, actions: npt.NDArray[Any]) -> bool:
        """Steps; returns whether the episode was cut off."""
        truncated = self.native.step(actions, self.rewards, self.terminated)
        self.look()
        return truncated

    def metrics(self) -> Metrics:
        """What has come of the world so far."""
        told: Metrics = json.loads(self.native.metrics())
        return told


def check_seed(seed: object) -> int | None:
    """A seed that a world takes.

    Raises:
        TaskError: if it is no whole number from 0 to 2**64 - 1.
    """
    if seed is None:
        return None
    if isinstance(seed, bool) or not isinstance(seed, (int, np.integer)):
        raise TaskError(f"seed = {seed!r}, expected a whole number from 0 to 2**64 - 1")
    if not 0 <= int(seed) < 2**64:
        raise TaskError(f"seed = {seed}, expected a whole number from 0 to 2**64 - 1")
    return int(seed)


def changes_of(options: Mapping[str, Any] | None) -> dict[str, Any]:
    """Fields of the task that the options of a reset replace.

    Raises:
        TaskError: if an option is not known.
    """
    for name in options or {}:
        if name not in OPTIONS:
            raise TaskError(f"options[{name!r}] is not known, expected one of {', '.join(OPTIONS)}")
    return dict(options or {})


class Env(gymnasium.Env[Any, Any]):
    """A task with one agent.

    Args:
        task: name, path or text of a task, or a :class:`bonanza.Task`.
        observation: ``"flat"`` for one float32 vector of shape (numbers,), ``"dict"`` for one per
            block (``robot0``, ``market``, ...). ``python -m bonanza.spaces TASK`` names every number.
        pictures: whether an observation is a dict of ``vector``, which is what it would be without,
            and ``picture``: what the camera of the agent's first robot sees, uint8 of shape
            (84, 84, 2), for each pixel a code of its distance (:func:`bonanza.sights.depth_m`) and
            its material (:data:`bonanza.sights.MATERIALS`).
        patch: the same for ``patch``: the ground around the robot in cells of a metre, uint8 of shape
            (16, 16, 16) to the left, up and ahead; 0 nothing, 1 ground, 2 heaped up.
        render_mode: ``"rgb_array"``: :meth:`render` gives a picture for people, uint8 of shape (480,
            640, 3), from behind the robot; ``"human"``: every step shows it in a window (pygame).
        metrics_every: steps between two ``info["metrics"]``; 0 for the end of the episode alone.
        **changes: fields of the task to replace. ``reward`` may also be a function of the metrics
            before and after the step that gives a list of one number per agent.

    ``info["action_mask"]`` tells which choices make sense, as ``action_space.sample`` takes it: int8, one
    array per head. What it allows may still be refused, which costs nothing but the step.

    Raises:
        TaskError: if the task makes no sense, or has more than one agent.
    """

    metadata: ClassVar[dict[str, Any]] = {"render_modes": RENDER_MODES}  # type: ignore[misc]

    def __init__(
        self,
        task: str | Task,
        *,
        observation: str = "flat",
        pictures: bool = False,
        patch: bool = False,
        render_mode: str | None = None,
        metrics_every: int = 0,
        **changes: Any,
    ) -> None:
        if observation not in ("flat", "dict"):
            raise TaskError(f'observation = {observation!r}, expected "flat" or "dict"')
        if (
            isinstance(metrics_every, bool)
            or not isinstance(metrics_every, int)
            or metrics_every < 0
        ):
            raise TaskError(f"metrics_every = {metrics_every!r}, expected a whole number from 0")
        self.task, self._function = as_task(task, changes)
        self._painter = Painter(render_mode, f"Bonanza: {self.task.name}")
        self.render_mode = render_mode
        self._sights = Sights(pictures, patch)
        self._kind = observation
        self._metrics_every = metrics_every
        self._single = self._make(self.task, 0)
        self.layout = self._single.layout
        self.observation_space = self._sights.space(
            self.layout.observation_space() if observation == "flat" else self.layout.dict_space()
        )
        self.action_space = self.layout.action_space()
        self._blocks = self.layout.blocks()
        self._seeded = False
        self._before: Metrics = {}
        self._over = True

    def _make(self, task: Task, seed: int) -> Single:
        single = Single(task, seed, self._sights)
        if len(single.agents) != 1:
            raise TaskError(
                f"task {task.name!r} has {len(single.agents)} agents, expected 1: use "
                "bonanza.parallel_env, or agents={'Prospectors': ['player']}"
            )
        return single

    def reset(
        self, *, seed: int | None = None, options: Mapping[str, Any] | None = None
    ) -> tuple[Any, dict[str, Any]]:
        """Starts the first episode of a seed, or the next one of the last seed.

        Args:
            seed: from 0 to 2**64 - 1.
            options: ``level``, ``charter``, ``replace``, ``randomise`` or ``horizon_steps`` in the
                place of the task's own, from now on: a curriculum. Spaces must stay as they are.

        Raises:
            TaskError: if an option makes no sense. The environment is then as before.
        """
        seed = check_seed(seed)
        changes = changes_of(options)
        if changes:
            task = self.task.with_(**changes)
            single = self._make(task, 0)
            if single.layout.fields != self.layout.fields or (
                single.layout.choices != self.layout.choices
            ):
                raise TaskError(
                    f"options {sorted(changes)} would change the spaces of the environment: "
                    "make a new one for such a level"
                )
            self.task, self._single = task, single
            if seed is None:
                seed = draw_seed(self.np_random)
        super().reset(seed=None if seed is None else seed % 2**63)
        if seed is None and not self._seeded:
            seed = draw_seed(self.np_random)
        self._seeded = True
        self._single.reset(seed)
        self._over = False
        self._before = self._single.metrics() if self._function else {}
        if self.render_mode == "human":
            self.render()
        return self._observation(), self._info(False)

    def step(self, action: Any) -> tuple[Any, float, bool, bool, dict[str, Any]]:
        """One decision, and as much of the world's time as the task's stride says.

        Raises:
            ActionError: if the action is none of the action space. Nothing has moved then.
            StateError: before the first reset, and after the end of an episode.
        """
        if self._over:
            raise StateError("the episode is over, or has not begun: call reset first")
        heads = len(self.layout.head_names)
        if not self.layout.numbers and heads == 1:
            encoded = self.layout.encode(action, ()).reshape(1)
        else:
            encoded = self.layout.encode(action, (heads,))
        truncated = self._single.step(encoded)
        terminated = bool(self._single.terminated[0])
        truncated = truncated and not terminated
        self._over = terminated or truncated
        reward = float(self._single.rewards[0])
        if self._function is not None:
            now = self._single.metrics()
            reward = float(check_rewards(self._function(self._before, now), 1)[0])
            self._before = now
        if self.render_mode == "human":
            self.render()
        return self._observation(), reward, terminated, truncated, self._info(self._over)

    def _observation(self) -> Any:
        flat = self._single.observations[0]
        numbers: Any = (
            flat.copy()
            if self._kind == "flat"
            else {block: flat[part].copy() for block, part in self._blocks.items()}
        )
        return self._sights.observation(numbers, 0)

    def _info(self, over: bool) -> dict[str, Any]:
        info: dict[str, Any] = {}
        if not self.layout.numbers:
            info["action_mask"] = self.layout.split_mask(self._single.masks[0])
        steps = self._single.native.status()[1]
        if over or (self._metrics_every and steps % self._metrics_every == 0):
            metrics = self._single.metrics()
            info["metrics"] = metrics
            info["is_success"] = bool(metrics["agents"][0]["succeeded"])
        return info

    def action_masks(self) -> npt.NDArray[np.bool_]:
        """Which choices make sense now, all heads one after the other; what MaskablePPO asks for."""
        masks: npt.NDArray[np.bool_] = self._single.masks[0].copy()
        return masks

    def submit(self, order: Mapping[str, Any] | str) -> None:
        """Gives any order of the game in the agent's name, to be taken in the next step.

        Args:
            order: as in an orders file, such as ``{"FlyTo": {"robot": "hauler", "target_m": [1, 2, 3]}}``.

        Raises:
            ActionError: if it is no order. One that cannot be carried out is refused in the world.
        """
        try:
            text = json.dumps(order, allow_nan=False)
        except (TypeError, ValueError) as error:
            raise ActionError(f"order = {order!r} is no plain data: {error}") from None
        prospector = self._single.metrics()["agents"][0]["prospector"]
        self._single.native.submit(prospector, text)

    def metrics(self) -> Metrics:
        """What has come of the world so far: more costly than a step."""
        return self._single.metrics()

    def state_hash(self) -> int:
        """64 bits that tell any two states apart that could go on differently."""
        return self._single.native.state_hash()

    def snapshot(self) -> Snapshot:
        """The whole state, to go back to with :meth:`restore`; ``to_bytes`` writes it down."""
        return self._single.native.snapshot()

    def restore(self, snapshot: Snapshot) -> Any:
        """Goes to a snapshot of the same task, bit for bit; returns the observation there."""
        self._single.native.restore(snapshot)
        self._single.look()
        self._over = self._single.native.status()[2]
        self._seeded = True
        self._before = self._single.metrics() if self._function else {}
        return self._observation()

    def render(self) -> npt.NDArray[np.uint8] | None:
        """A picture for people, or nothing where a window shows it: see ``render_mode``."""
        return self._painter.render(self._single.native)

    def close(self) -> None:
        """Closes the window, if there is one; Python frees the rest."""
        self._painter.close()

    def __getstate__(self) -> dict[str, Any]:
        state = self.__dict__.copy()
        del state["_single"]
        state["_snapshot"] = self._single.native.snapshot().to_bytes()
        return state

    def __setstate__(self, state: dict[str, Any]) -> None:
        state = dict(state)
        snapshot = _native.Snapshot.from_bytes(state.pop("_snapshot"))
        self.__dict__.update(state)
        self._single = self._make(self.task, 0)
        self._single.native.restore(snapshot)
        self._single.look()

    def __deepcopy__(self, memo: dict[int, Any]) -> Env:
        import copy

        other = type(self).__new__(type(self))
        memo[id(self)] = other
        state = {
            name: copy.deepcopy(value, memo)
            for name, value in self.__dict__.items()
            if name not in ("_single", "_function")
        }
        other.__dict__.update(state)
        other._function = self._function
        other._single = other._make(self.task, 0)
        other._single.native.restore(self._single.native.snapshot())
        other._single.look()
        return other


def check_rewards(rewards: Any, count: int) -> npt.NDArray[np.float64]:
    """What a reward function gave, as an array of finite numbers.

    Raises:
        ActionError: if it is anything else.
    """
    try:
        array = np.asarray(rewards, dtype=np.float64).reshape(-1)
    except (TypeError, ValueError):
        raise ActionError(
            f"the reward function gave {rewards!r}, expected {count} numbers"
        ) from None
    if array.shape != (count,) or not np.isfinite(array).all():
        raise ActionError(f"the reward function gave {rewards!r}, expected {count} finite numbers")
    return array
