"""Several agents in one world: PettingZoo's interfaces."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from . import _native
from .env import OPTIONS, Metrics, Single, Snapshot, as_task, check_rewards, check_seed, draw_seed
from .errors import ActionError, MissingDependencyError, StateError, TaskError
from .sights import RENDER_MODES, Painter, Sights
from .tasks import Task

try:
    from pettingzoo import AECEnv, ParallelEnv
    from pettingzoo.utils import parallel_to_aec
except ImportError as error:
    raise MissingDependencyError(
        f"bonanza.parallel_env and bonanza.aec_env need PettingZoo: pip install 'bonanza[pettingzoo]' ({error})"
    ) from error

__all__ = ["ParallelWorld", "aec_env", "parallel_env"]


class ParallelWorld(ParallelEnv):  # type: ignore[misc]
    """A task with any number of agents; see :func:`parallel_env`."""

    def __init__(
        self,
        task: str | Task,
        *,
        pictures: bool = False,
        patch: bool = False,
        render_mode: str | None = None,
        **changes: Any,
    ) -> None:
        self.task, self._function = as_task(task, changes)
        self._painter = Painter(render_mode, f"Bonanza: {self.task.name}")
        self.render_mode = render_mode
        self._sights = Sights(pictures, patch)
        self.metadata = {
            "name": f"bonanza_{self.task.name}",
            "render_modes": RENDER_MODES,
            "is_parallelizable": True,
        }
        self._single = Single(self.task, 0, self._sights)
        self.layout = self._single.layout
        self.possible_agents: list[str] = list(self._single.agents)
        self.agents: list[str] = []
        self._place = {agent: place for place, agent in enumerate(self.possible_agents)}
        self._observation_spaces = {
            agent: self._sights.space(self.layout.observation_space())
            for agent in self.possible_agents
        }
        self._action_spaces = {agent: self.layout.action_space() for agent in self.possible_agents}
        self.np_random = np.random.default_rng()
        self._seeded = False
        self._before: Metrics = {}

    def observation_space(self, agent: str) -> Any:
        """The same object on each call."""
        return self._observation_spaces[agent]

    def action_space(self, agent: str) -> Any:
        """The same object on each call."""
        return self._action_spaces[agent]

    def reset(
        self, seed: int | None = None, options: Mapping[str, Any] | None = None
    ) -> tuple[dict[str, Any], dict[str, Any]]:
        """As :meth:`bonanza.Env.reset`, for all agents."""
        seed = check_seed(seed)
        # PettingZoo passes on what other environments understand.
        changes = {name: value for name, value in (options or {}).items() if name in OPTIONS}
        if changes:
            task = self.task.with_(**changes)
            single = Single(task, 0, self._sights)
            if single.agents != self.possible_agents:
                raise TaskError(f"options {sorted(changes)} would change who acts")
            self.task, self._single = task, single
        if seed is not None:
            self.np_random = np.random.default_rng(seed)
        elif not self._seeded or changes:
            seed = draw_seed(self.np_random)
        self._seeded = True
        self._single.reset(seed)
        self.agents = list(self.possible_agents)
        self._before = self._single.metrics() if self._function else {}
        return self._observations(self.agents), self._infos(self.agents, False)

    def step(
        self, actions: Mapping[str, Any]
    ) -> tuple[dict[str, Any], dict[str, float], dict[str, bool], dict[str, bool], dict[str, Any]]:
        """One decision of every live agent.

        Raises:
            ActionError: if an action is missing, or is none. Nothing has moved then.
        """
        if not self.agents:
            raise StateError("the episode is over, or has not begun: call reset first")
        live = list(self.agents)
        heads = len(self.layout.head_names)
        dtype = np.float32 if self.layout.numbers else np.int64
        encoded = np.zeros((len(self.possible_agents), heads), dtype=dtype)
        shape = () if not self.layout.numbers and heads == 1 else (heads,)
        for agent in live:
            if agent not in actions:
                raise ActionError(f"no action for agent {agent!r}, expected one for each of {live}")
            encoded[self._place[agent]] = self.layout.encode(
                actions[agent], shape, f"action of {agent!r}"
            )
        truncated = self._single.step(encoded)
        if self._function is not None:
            now = self._single.metrics()
            self._single.rewards[:] = check_rewards(
                self._function(self._before, now), len(self.possible_agents)
            )
            self._before = now
        terminations = {agent: bool(self._single.terminated[self._place[agent]]) for agent in live}
        truncations = {agent: truncated and not terminations[agent] for agent in live}
        rewards = {agent: float(self._single.rewards[self._place[agent]]) for agent in live}
        self.agents = [
            agent for agent in live if not terminations[agent] and not truncations[agent]
        ]
        infos = self._infos(live, not self.agents)
        if self.render_mode == "human":
            self.render()
        return self._observations(live), rewards, terminations, truncations, infos

    def _observations(self, agents: list[str]) -> dict[str, Any]:
        told = {}
        for agent in agents:
            place = self._place[agent]
            told[agent] = self._sights.observation(self._single.observations[place].copy(), place)
        return told

    def _infos(self, agents: list[str], over: bool) -> dict[str, Any]:
        infos: dict[str, dict[str, Any]] = {agent: {} for agent in agents}
        if not self.layout.numbers:
            for agent in agents:
                mask = self._single.masks[self._place[agent]]
                infos[agent]["action_mask"] = self.layout.split_mask(mask)
        if over:
            metrics = self._single.metrics()
            for agent in agents:
                infos[agent]["metrics"] = metrics
        return infos

    def state(self) -> Any:
        """What all agents see, one after the other: float32, shape (agents × numbers,)."""
        return self._single.observations.reshape(-1).copy()

    @property
    def state_space(self) -> Any:
        """Of :meth:`state`."""
        from gymnasium import spaces

        one = self.layout.observation_space()
        count = len(self.possible_agents)
        return spaces.Box(np.tile(one.low, count), np.tile(one.high, count), dtype=np.float32)

    def metrics(self) -> Metrics:
        """What has come of the world so far."""
        return self._single.metrics()

    def state_hash(self) -> int:
        """64 bits that tell any two states apart that could go on differently."""
        return self._single.native.state_hash()

    def snapshot(self) -> Snapshot:
        """The whole state of the world."""
        return self._single.native.snapshot()

    def restore(self, snapshot: Snapshot) -> dict[str, Any]:
        """Goes to a snapshot of the same task; returns what the live agents see there."""
        self._single.native.restore(snapshot)
        self._single.look()
        over = self._single.native.status()[2]
        gone = {agent["agent"] for agent in self._single.metrics()["agents"] if agent["is_done"]}
        self.agents = [] if over else [one for one in self.possible_agents if one not in gone]
        self._seeded = True
        self._before = self._single.metrics() if self._function else {}
        return self._observations(self.agents)

    def render(self) -> Any:
        """A picture for people from behind the first agent, uint8, (480, 640, 3): see ``render_mode``."""
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
        self._single = Single(self.task, 0, self._sights)
        self._single.native.restore(snapshot)
        self._single.look()


def parallel_env(task: str | Task, **kwargs: Any) -> ParallelWorld:
    """A task as a PettingZoo parallel environment: one agent per prospector, or per robot.

    ``reset`` and ``step`` key exactly the agents that were live when they were called; an agent that is
    done does not come back within an episode.

    Args:
        task: name, path or text of a task, or a :class:`bonanza.Task`.
        **kwargs: ``pictures``, ``patch`` and ``render_mode`` as for :class:`bonanza.Env`, and fields of
            the task to replace.
    """
    return ParallelWorld(task, **kwargs)


def aec_env(task: str | Task, **kwargs: Any) -> AECEnv[str, Any, Any]:
    """The same, agent by agent: all decide before the world moves."""
    return parallel_to_aec(ParallelWorld(task, **kwargs))
