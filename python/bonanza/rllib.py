"""Ray RLlib: an environment for its multi-agent stack, and a runner that steps many worlds at once.

:class:`MultiAgentWorld` works wherever RLlib takes a ``MultiAgentEnv``, one dictionary at a time.
:class:`WorldsEnvRunner` takes the place of RLlib's own runner and feeds the same modules from the arrays
of :class:`bonanza.VecWorlds`: all agents of all worlds in one pass through the network.

.. code-block:: python

    config = (
        PPOConfig()
        .environment(env=MultiAgentWorld, env_config={"task": "the-last-ice"})
        .env_runners(env_runner_cls=WorldsEnvRunner, num_env_runners=4, num_envs_per_env_runner=16)
        .multi_agent(policies={"shared"}, policy_mapping_fn=lambda agent, *_, **__: "shared")
    )
"""

from __future__ import annotations

import math
import uuid
from collections.abc import Collection, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from .env import check_seed
from .errors import MissingDependencyError, TaskError
from .multi import ParallelWorld
from .spaces import Layout
from .vector import VecWorlds

try:
    import ray
    import torch
    from gymnasium.spaces import Box
    from ray.rllib.algorithms.ppo.torch.default_ppo_torch_rl_module import DefaultPPOTorchRLModule
    from ray.rllib.core import COMPONENT_RL_MODULE, DEFAULT_MODULE_ID
    from ray.rllib.core.columns import Columns
    from ray.rllib.env import INPUT_ENV_SINGLE_SPACES, INPUT_ENV_SPACES
    from ray.rllib.env.env_runner import EnvRunner
    from ray.rllib.env.multi_agent_env import MultiAgentEnv
    from ray.rllib.env.single_agent_episode import SingleAgentEpisode
    from ray.rllib.env.utils.infinite_lookback_buffer import InfiniteLookbackBuffer
    from ray.rllib.utils.checkpoints import Checkpointable
    from ray.rllib.utils.torch_utils import FLOAT_MIN
    from ray.rllib.utils.metrics import (
        EPISODE_LEN_MEAN,
        EPISODE_RETURN_MAX,
        EPISODE_RETURN_MEAN,
        EPISODE_RETURN_MIN,
        NUM_AGENT_STEPS_SAMPLED,
        NUM_AGENT_STEPS_SAMPLED_LIFETIME,
        NUM_ENV_STEPS_SAMPLED,
        NUM_ENV_STEPS_SAMPLED_LIFETIME,
        NUM_EPISODES,
        NUM_EPISODES_LIFETIME,
        NUM_MODULE_STEPS_SAMPLED,
        NUM_MODULE_STEPS_SAMPLED_LIFETIME,
        WEIGHTS_SEQ_NO,
    )
except ImportError as error:
    raise MissingDependencyError(
        f"bonanza.rllib needs RLlib and PyTorch: pip install 'bonanza[ray]' torch ({error})"
    ) from error

__all__ = ["MaskedModule", "MultiAgentWorld", "WorldsEnvRunner"]


class MultiAgentWorld(MultiAgentEnv):  # type: ignore[misc]
    """A task as RLlib's ``MultiAgentEnv``: one agent per prospector, or per robot.

    Args:
        config: ``task``, and fields of the task to replace, as for :func:`bonanza.parallel_env`;
            ``threads`` is for :class:`WorldsEnvRunner` and means nothing here. With ``masks`` the
            action mask stands at the end of each observation, as numbers 0 and 1, for
            :class:`MaskedModule`.

    The episode is over (``__all__``) as soon as every agent has terminated or was cut off, whichever
    of the two it was for each.
    """

    def __init__(self, config: Mapping[str, Any] | None = None) -> None:
        super().__init__()
        changes = _changes(config)
        changes.pop("threads")
        masks = bool(changes.pop("masks"))
        self._world = ParallelWorld(changes.pop("task"), **changes)
        self._masks = masks and not self._world.layout.numbers
        self.possible_agents = list(self._world.possible_agents)
        self.agents = list(self.possible_agents)
        self.observation_spaces = {
            agent: _with_masks(self._world.observation_space(agent), self._world.layout)
            if self._masks
            else self._world.observation_space(agent)
            for agent in self.possible_agents
        }
        self.action_spaces = {
            agent: self._world.action_space(agent) for agent in self.possible_agents
        }

    def reset(
        self, *, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[dict[str, Any], dict[str, Any]]:
        """As :meth:`bonanza.Env.reset`, for all agents."""
        observations, infos = self._world.reset(seed, options)
        self.agents = list(self._world.agents)
        return self._masked(observations, infos), infos

    def _masked(self, observations: dict[str, Any], infos: dict[str, Any]) -> dict[str, Any]:
        if not self._masks:
            return observations
        return {
            agent: np.concatenate((seen, *_as_tuple(infos[agent]["action_mask"])), dtype=np.float32)
            for agent, seen in observations.items()
        }

    def step(
        self, action_dict: dict[str, Any]
    ) -> tuple[dict[str, Any], dict[str, float], dict[str, bool], dict[str, bool], dict[str, Any]]:
        """One decision of every live agent."""
        observations, rewards, terminations, truncations, infos = self._world.step(action_dict)
        self.agents = list(self._world.agents)
        over = not self.agents
        ended = over and all(terminations.values())
        terminations["__all__"] = ended
        truncations["__all__"] = over and not ended
        seen = self._masked(observations, infos)
        return seen, rewards, terminations, truncations, infos

    def close(self) -> None:
        """Closes the window, if there is one."""
        self._world.close()


def _changes(config: Mapping[str, Any] | None) -> dict[str, Any]:
    """The task, threads and changes that an ``env_config`` names.

    Raises:
        TaskError: if it names no task.
    """
    changes = dict(config or {})
    if "task" not in changes:
        raise TaskError("env_config names no task, expected {'task': 'the-last-ice', ...}")
    changes.setdefault("threads", 1)
    changes.setdefault("masks", False)
    return changes


def seen_with_masks(worlds: VecWorlds) -> npt.NDArray[np.float32]:
    """What all agents of all worlds see, with their masks at the ends."""
    parts = (worlds.observations, worlds.action_masks)
    return np.concatenate(parts, axis=2, dtype=np.float32)


def _as_tuple(mask: Any) -> tuple[Any, ...]:
    return mask if isinstance(mask, tuple) else (mask,)


def _with_masks(space: Any, layout: Layout) -> Any:
    """The space of observations with masks at their ends."""
    low = np.concatenate((space.low, np.zeros(layout.mask_len, dtype=np.float32)))
    high = np.concatenate((space.high, np.ones(layout.mask_len, dtype=np.float32)))
    return Box(low, high, dtype=np.float32)


class MaskedModule(DefaultPPOTorchRLModule):  # type: ignore[misc]
    """PPO's own module, for observations at whose end the action mask stands.

    The network sees the observation without the mask; choices that make no sense now have no chance.
    For environments with ``env_config={"masks": True}`` whose actions are choices.
    """

    def __init__(self, *args: Any, observation_space: Any, action_space: Any, **kwargs: Any) -> None:
        self._whole_space = observation_space
        self._choices = int(np.sum(getattr(action_space, "nvec", getattr(action_space, "n", 0))))
        seen = Box(
            observation_space.low[: -self._choices],
            observation_space.high[: -self._choices],
            dtype=np.float32,
        )
        super().__init__(*args, observation_space=seen, action_space=action_space, **kwargs)

    def setup(self) -> None:
        """Makes the networks, which are those for what is seen without the mask."""
        super().setup()
        self.observation_space = self._whole_space

    def _split(self, batch: dict[str, Any]) -> tuple[dict[str, Any], Any]:
        seen = batch[Columns.OBS]
        return {**batch, Columns.OBS: seen[..., : -self._choices]}, seen[..., -self._choices :]

    def _forward(self, batch: dict[str, Any], **kwargs: Any) -> dict[str, Any]:
        batch, mask = self._split(batch)
        return _close(super()._forward(batch, **kwargs), mask)

    def _forward_train(self, batch: dict[str, Any], **kwargs: Any) -> dict[str, Any]:
        batch, mask = self._split(batch)
        return _close(super()._forward_train(batch, **kwargs), mask)

    def compute_values(self, batch: dict[str, Any], embeddings: Any = None) -> Any:
        """Of the states of a batch, as PPO asks for them."""
        batch, _ = self._split(batch)
        return super().compute_values(batch, embeddings)


def _close(told: dict[str, Any], mask: Any) -> dict[str, Any]:
    """Takes their chance from choices that make no sense now."""
    scores = told[Columns.ACTION_DIST_INPUTS]
    told[Columns.ACTION_DIST_INPUTS] = scores.masked_fill(mask < 0.5, FLOAT_MIN)
    return told


def act(
    module: Any, seen: npt.NDArray[np.float32], explore: bool
) -> tuple[npt.NDArray[Any], dict[str, npt.NDArray[np.float32]]]:
    """What a module does about observations, and what it had to say.

    Args:
        module: an RLModule on PyTorch.
        seen: shape (count, numbers), with masks at the ends if the module wants them.
        explore: whether actions are drawn, or the likeliest ones taken.
    """
    batch = {Columns.OBS: torch.from_numpy(seen)}
    with torch.inference_mode():
        if explore:
            told = module.forward_exploration(batch)
            kind = module.get_exploration_action_dist_cls()
            inputs = told[Columns.ACTION_DIST_INPUTS]
            by = kind.from_logits(inputs)
        else:
            told = module.forward_inference(batch)
            kind = module.get_inference_action_dist_cls()
            inputs = told[Columns.ACTION_DIST_INPUTS]
            by = kind.from_logits(inputs).to_deterministic()
        drawn = by.sample()
        part = {Columns.ACTION_DIST_INPUTS: inputs.numpy()}
        if explore:
            part[Columns.ACTION_LOGP] = by.logp(drawn).numpy()
        return drawn.numpy(), part


class WorldsEnvRunner(EnvRunner, Checkpointable):  # type: ignore[misc]
    """Steps ``num_envs_per_env_runner`` worlds at once and hands RLlib an episode per agent.

    All agents that share a module go through it in one batch. Observations and actions are those of
    the task, without connectors in between, with their masks at the end where ``env_config`` says
    ``masks``; actions beyond the bounds of a Box are clipped on their way to the world and learnt from
    as they were drawn. One RLlib environment step is one step of one
    world, whatever the number of its agents.
    """

    def __init__(self, *, config: Any, **kwargs: Any) -> None:
        super().__init__(config=config, **kwargs)
        self.spaces = kwargs.get("spaces", {})
        self.module: Any = None
        self.worlds: VecWorlds | None = None
        self.num_envs = 0
        self._weights_seq_no = 0
        self._needs_reset = True
        steps_worlds = (
            self.worker_index
            or not self.config.num_env_runners
            or self.config.create_env_on_local_worker
        )
        # Where others step worlds, the spaces are known from them.
        if steps_worlds or not self.spaces:
            self.make_env()
        self.make_module()

    def make_env(self) -> None:
        """Makes the worlds, of which those of different runners begin with different seeds."""
        changes = _changes(self.config.env_config)
        masks = bool(changes.pop("masks"))
        self.num_envs = int(self.config.num_envs_per_env_runner)
        seed = check_seed(self._seed)
        if seed is None:
            seed = int(np.random.default_rng().integers(0, 2**62))
        self.worlds = VecWorlds(
            changes.pop("task"),
            worlds=self.num_envs,
            # Far apart: world i begins with the seed plus i.
            seed=(seed * 1_000_003 + 7_919 * (self.worker_index or 0)) % 2**63,
            autoreset="same_step",
            **changes,
        )
        self.env = self.worlds
        layout = self.worlds.layout
        self._masks = masks and not layout.numbers
        self._space = layout.observation_space()
        if self._masks:
            self._space = _with_masks(self._space, layout)
        self._action_space: Any = layout.action_space()
        agents = self.worlds.agents
        self._module_of = [self._module_for(agent) for agent in agents]
        self._groups = {
            module: np.array([place for place, of in enumerate(self._module_of) if of == module])
            for module in dict.fromkeys(self._module_of)
        }
        shape = (self.num_envs, len(agents))
        self._alive = np.ones(shape, dtype=np.bool_)
        self._ids = np.empty(shape, dtype=object)
        self._lengths = np.zeros(shape, dtype=np.int64)
        self._returns = np.zeros(shape, dtype=np.float64)
        self._is_fresh = True
        self._needs_reset = True

    def _module_for(self, agent: str) -> str:
        if not self.config.is_multi_agent:
            return str(DEFAULT_MODULE_ID)
        return str(self.config.policy_mapping_fn(agent, None))

    def make_module(self) -> None:
        """Makes the modules that agents act by."""
        spec = self.config.get_multi_rl_module_spec(spaces=self.get_spaces(), inference_only=True)
        self.module = spec.build()

    def get_spaces(self) -> dict[str, Any]:
        """Of the environment, and of each module."""
        if self.worlds is None:
            return dict(self.spaces)
        pair = (self._space, self._action_space)
        spaces: dict[str, Any] = {INPUT_ENV_SPACES: pair, INPUT_ENV_SINGLE_SPACES: pair}
        return spaces | {module: pair for module in self._groups}

    def assert_healthy(self) -> None:
        """That there is something to step, and something to act by."""
        assert self.worlds is not None and self.module is not None

    def sample(
        self,
        *,
        num_timesteps: int | None = None,
        num_episodes: int | None = None,
        explore: bool | None = None,
        random_actions: bool = False,
        force_reset: bool = False,
    ) -> list[Any]:
        """Steps all worlds and returns what each agent has been through, as episodes or parts of them.

        Args:
            num_timesteps: steps of all worlds together, at least.
            num_episodes: episodes of worlds, at least, from their beginnings.
            explore: whether actions are drawn, or the likeliest ones taken.
            random_actions: drawn from the action space instead.
            force_reset: begin with new episodes.
        """
        assert self.worlds is not None
        explore = self.config.explore if explore is None else explore
        if num_timesteps is None and num_episodes is None:
            if self.config.batch_mode == "truncate_episodes":
                fragment = self.config.get_rollout_fragment_length(self.worker_index or 0)
                num_timesteps = fragment * self.num_envs
            else:
                num_episodes = self.num_envs
        if force_reset or self._needs_reset or num_episodes is not None:
            self._begin()
        steps = None if num_timesteps is None else math.ceil(num_timesteps / self.num_envs)
        rollout = _Rollout(self)
        ended = 0
        while (steps is None or rollout.length < steps) and (
            num_episodes is None or ended < num_episodes
        ):
            ended += rollout.step(bool(explore), random_actions)
        episodes = rollout.episodes()
        if num_episodes is not None:
            episodes = [episode for episode in episodes if episode.is_done]
            self._needs_reset = True
        self._count(rollout.length * self.num_envs, ended, episodes)
        return episodes

    def _begin(self) -> None:
        assert self.worlds is not None
        if not self._is_fresh:
            self.worlds.reset()
        self._is_fresh = False
        self._alive[:] = True
        self._lengths[:] = 0
        self._returns[:] = 0.0
        for world in range(self.num_envs):
            self.name_episodes(world)
        self._needs_reset = False

    def seen(self) -> npt.NDArray[np.float32]:
        """What all agents of all worlds see, with their masks if these are wanted."""
        assert self.worlds is not None
        return seen_with_masks(self.worlds) if self._masks else self.worlds.observations.copy()

    def seen_last(self) -> npt.NDArray[np.float32]:
        """The same of worlds that have just begun anew, before they did; everything is open then."""
        assert self.worlds is not None
        last = self.worlds.final_observations
        if not self._masks:
            return last.copy()
        everything = np.ones(self.worlds.action_masks.shape, dtype=np.float32)
        return np.concatenate((last, everything), axis=2, dtype=np.float32)

    def name_episodes(self, world: int) -> None:
        """New names for the episodes of a world's agents."""
        for agent in range(self._ids.shape[1]):
            self._ids[world, agent] = uuid.uuid4().hex

    def forward(
        self, seen: npt.NDArray[np.float32], explore: bool, random_actions: bool
    ) -> tuple[npt.NDArray[Any], dict[str, npt.NDArray[np.float32]]]:
        """Actions of all agents of all worlds by what they see, and what their modules had to say."""
        if random_actions:
            count = seen.shape[0] * seen.shape[1]
            drawn: Any = np.stack([self._action_space.sample() for _ in range(count)])
            return drawn.reshape(*seen.shape[:2], *self._action_space.shape), {}
        actions: npt.NDArray[Any] | None = None
        extra: dict[str, npt.NDArray[np.float32]] = {}
        for name, places in self._groups.items():
            own = np.ascontiguousarray(seen[:, places]).reshape(-1, seen.shape[2])
            chosen, part = act(self.module[name], own, explore)
            if len(self._groups) == 1:
                shape = seen.shape[:2]
                told_by = {
                    key: value.reshape(*shape, *value.shape[1:]) for key, value in part.items()
                }
                return chosen.reshape(*shape, *chosen.shape[1:]), told_by
            if actions is None:
                actions = np.zeros((*seen.shape[:2], *chosen.shape[1:]), dtype=chosen.dtype)
            actions[:, places] = chosen.reshape(seen.shape[0], len(places), *chosen.shape[1:])
            for key, value in part.items():
                if key not in extra:
                    extra[key] = np.zeros((*seen.shape[:2], *value.shape[1:]), dtype=np.float32)
                extra[key][:, places] = value.reshape(seen.shape[0], len(places), *value.shape[1:])
        assert actions is not None
        return actions, extra

    def encode(self, actions: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """Actions as the worlds take them: (worlds, agents, numbers or heads)."""
        assert self.worlds is not None
        heads = len(self.worlds.layout.head_names)
        shaped: npt.NDArray[Any] = actions.reshape(*actions.shape[:2], heads)
        if self.worlds.layout.numbers:
            shaped = np.clip(shaped, -1.0, 1.0)
            return shaped.astype(np.float32)
        return shaped.astype(np.int64)

    def _count(self, steps: int, ended: int, episodes: list[Any]) -> None:
        log = self.metrics.log_value
        log(NUM_ENV_STEPS_SAMPLED, steps, reduce="sum")
        log(NUM_EPISODES, ended, reduce="sum")
        log(NUM_ENV_STEPS_SAMPLED_LIFETIME, steps, reduce="lifetime_sum", with_throughput=True)
        log(NUM_EPISODES_LIFETIME, ended, reduce="lifetime_sum")
        by_agent: dict[str, int] = {}
        by_module: dict[str, int] = {}
        for episode in episodes:
            length = len(episode)
            by_agent[episode.agent_id] = by_agent.get(episode.agent_id, 0) + length
            module = episode.module_id or DEFAULT_MODULE_ID
            by_module[module] = by_module.get(module, 0) + length
        for agent, count in by_agent.items():
            log((NUM_AGENT_STEPS_SAMPLED, agent), count, reduce="sum")
            log((NUM_AGENT_STEPS_SAMPLED_LIFETIME, agent), count, reduce="lifetime_sum")
        for module, count in by_module.items():
            log((NUM_MODULE_STEPS_SAMPLED, module), count, reduce="sum")
            log((NUM_MODULE_STEPS_SAMPLED_LIFETIME, module), count, reduce="lifetime_sum")
        self.num_env_steps_sampled_lifetime += steps

    def log_episode(self, world: int) -> None:
        """Notes what came of an episode of a world: the mean return of its agents."""
        window = max(
            1,
            math.ceil(
                self.config.metrics_num_episodes_for_smoothing / (self.config.num_env_runners or 1)
            ),
        )
        told = float(self._returns[world].mean())
        length = int(self._lengths[world].max())
        self.metrics.log_value(EPISODE_RETURN_MEAN, told, window=window)
        self.metrics.log_value(EPISODE_RETURN_MIN, told, reduce="min", window=window)
        self.metrics.log_value(EPISODE_RETURN_MAX, told, reduce="max", window=window)
        self.metrics.log_value(EPISODE_LEN_MEAN, length, window=window)

    def get_metrics(self) -> Any:
        """What was counted since it was last asked for."""
        return self.metrics.reduce()

    def get_state(
        self,
        components: str | Collection[str] | None = None,
        *,
        not_components: str | Collection[str] | None = None,
        **kwargs: Any,
    ) -> dict[str, Any]:
        """The modules and the count of steps; worlds begin anew."""
        state: dict[str, Any] = {
            NUM_ENV_STEPS_SAMPLED_LIFETIME: self.num_env_steps_sampled_lifetime
        }
        if self._check_component(COMPONENT_RL_MODULE, components, not_components):
            state[COMPONENT_RL_MODULE] = self.module.get_state(
                components=self._get_subcomponents(COMPONENT_RL_MODULE, components),
                not_components=self._get_subcomponents(COMPONENT_RL_MODULE, not_components),
                **kwargs,
            )
            state[WEIGHTS_SEQ_NO] = self._weights_seq_no
        return state

    def set_state(self, state: dict[str, Any]) -> None:
        """Takes modules that are newer than its own, and counts."""
        if COMPONENT_RL_MODULE in state:
            number = state.get(WEIGHTS_SEQ_NO, 0)
            if number == 0 or self._weights_seq_no < number:
                modules = state[COMPONENT_RL_MODULE]
                if isinstance(modules, ray.ObjectRef):
                    modules = ray.get(modules)
                self.module.set_state(modules)
            if number > 0:
                self._weights_seq_no = number
        if NUM_ENV_STEPS_SAMPLED_LIFETIME in state:
            self.num_env_steps_sampled_lifetime = state[NUM_ENV_STEPS_SAMPLED_LIFETIME]

    def get_ctor_args_and_kwargs(self) -> tuple[tuple[()], dict[str, Any]]:
        """What it is made from."""
        return (), {"config": self.config}

    def get_checkpointable_components(self) -> list[tuple[str, Any]]:
        """The modules."""
        return [(COMPONENT_RL_MODULE, self.module)]

    def stop(self) -> None:
        """Nothing is held that Python would not free."""


class _Rollout:
    """What all agents go through in one call of ``sample``, step by step, in arrays."""

    def __init__(self, runner: WorldsEnvRunner) -> None:
        assert runner.worlds is not None
        self.runner = runner
        self.length = 0
        self._seen = [runner.seen()]
        # Worlds that began anew in a step, and what was seen last before.
        self._last: list[tuple[npt.NDArray[np.bool_], npt.NDArray[np.float32]] | None] = []
        self._actions: list[npt.NDArray[Any]] = []
        self._rewards: list[npt.NDArray[np.float32]] = []
        self._extra: list[dict[str, npt.NDArray[np.float32]]] = []
        shape = runner._alive.shape
        # Where the part of each agent begins that is not handed out yet; -1 for one that is done.
        self._begins = np.where(runner._alive, 0, -1)
        self._parts: list[tuple[int, int, int, int, bool, bool, str, int]] = []
        self._count = shape

    def step(self, explore: bool, random_actions: bool) -> int:
        """Steps all worlds; how many of their episodes ended."""
        runner = self.runner
        worlds = runner.worlds
        assert worlds is not None
        actions, extra = runner.forward(self._seen[-1], explore, random_actions)
        worlds.native.step(runner.encode(actions), worlds)
        self._actions.append(actions)
        self._extra.append(extra)
        self._rewards.append(worlds.rewards.copy())
        self._seen.append(runner.seen())
        began = worlds.began
        self._last.append((began.copy(), runner.seen_last()) if began.any() else None)
        self.length += 1
        alive = runner._alive
        runner._returns[alive] += worlds.rewards[alive]
        runner._lengths[alive] += 1
        over = alive & (worlds.terminations | worlds.truncations)
        for world, agent in np.argwhere(over):
            self._cut(world, agent, bool(worlds.terminations[world, agent]), True)
        alive &= ~over
        for world in np.flatnonzero(began):
            runner.log_episode(int(world))
            runner.name_episodes(int(world))
            alive[world] = True
            runner._returns[world] = 0.0
            runner._lengths[world] = 0
            self._begins[world] = self.length
        return int(began.sum())

    def _cut(self, world: int, agent: int, terminated: bool, done: bool) -> None:
        begin = int(self._begins[world, agent])
        self._begins[world, agent] = -1
        if begin < 0 or begin == self.length:
            return
        length = int(self.runner._lengths[world, agent])
        name = self.runner._ids[world, agent]
        truncated = done and not terminated
        self._parts.append((world, agent, begin, self.length, terminated, truncated, name, length))

    def episodes(self) -> list[Any]:
        """All that was gone through, an episode or a part of one for each agent."""
        for world, agent in np.argwhere(0 <= self._begins):
            self._cut(world, agent, False, False)
        runner = self.runner
        assert runner.worlds is not None
        seen = np.stack(self._seen)
        actions, rewards = np.stack(self._actions), np.stack(self._rewards)
        extra = {key: np.stack([one[key] for one in self._extra]) for key in self._extra[0]}
        names, modules = runner.worlds.agents, runner._module_of
        episodes = []
        for world, agent, begin, end, terminated, truncated, name, length in self._parts:
            own = seen[begin : end + 1, world, agent].copy()
            last = self._last[end - 1]
            if (terminated or truncated) and last is not None and last[0][world]:
                # The next episode has begun in the same step.
                own[-1] = last[1][world, agent]
            steps = slice(begin, end)
            part = {
                key: InfiniteLookbackBuffer(value[steps, world, agent].copy())
                for key, value in extra.items()
            }
            episodes.append(
                SingleAgentEpisode(
                    id_=name,
                    agent_id=names[agent],
                    module_id=modules[agent],
                    observations=InfiniteLookbackBuffer(own),
                    observation_space=runner._space,
                    infos=InfiniteLookbackBuffer([{}] * (end - begin + 1)),
                    actions=InfiniteLookbackBuffer(actions[steps, world, agent].copy()),
                    action_space=runner._action_space,
                    rewards=InfiniteLookbackBuffer(rewards[steps, world, agent].copy()),
                    terminated=terminated,
                    truncated=truncated,
                    extra_model_outputs=part,
                    t_started=length - (end - begin),
                    len_lookback_buffer=0,
                )
            )
        return episodes
