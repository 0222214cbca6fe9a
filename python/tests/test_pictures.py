"""Pictures: spaces, what is in them, the same alone and in a batch, and what is shown to people."""

from __future__ import annotations

import copy
import os
import pickle
import warnings

import gymnasium
import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env
from pettingzoo.test import parallel_api_test

os.environ.setdefault("SDL_VIDEODRIVER", "dummy")

import bonanza
from bonanza.sights import MATERIALS, PICTURE_SHAPE, SCENE_SHAPE, depth_m

TASKS = ["fly-to-target", "first-water"]


def idle(env: bonanza.Env) -> np.ndarray:
    """An action that does nothing."""
    return np.zeros(env.action_space.shape, dtype=env.action_space.dtype)


@pytest.mark.parametrize("task", TASKS)
def test_the_checker_of_gymnasium_passes_with_pictures(task: str) -> None:
    env = gymnasium.make(
        f"bonanza/{''.join(part.title() for part in task.split('-'))}-v0",
        pictures=True,
        patch=True,
        render_mode="rgb_array",
        disable_env_checker=True,
    ).unwrapped
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        check_env(env)


def test_a_picture_shows_ground_below_the_sky_and_tells_how_far() -> None:
    env = bonanza.Env("fly-to-target", pictures=True)
    observation, _ = env.reset(seed=2)
    assert observation in env.observation_space
    picture = observation["picture"]
    assert picture.shape == PICTURE_SHAPE and picture.dtype == np.uint8
    far, material = depth_m(picture[..., 0]), picture[..., 1]
    assert set(np.unique(material)) <= set(range(len(MATERIALS)))
    sky = material == MATERIALS.index("sky")
    assert np.isinf(far[sky]).all() and np.isfinite(far[~sky]).all()
    # The robot stands: ground fills the lower half and comes nearer towards the bottom.
    assert not sky[-10:].any() and 0 < sky.sum() < sky.size / 2
    assert np.median(far[-1]) < np.median(far[50][~sky[50]]) < 100
    assert far.min() > 0.1


def test_without_the_option_observations_are_what_they_were() -> None:
    plain, seeing = (
        bonanza.Env("first-water"),
        bonanza.Env("first-water", pictures=True, patch=True),
    )
    first, second = plain.reset(seed=4)[0], seeing.reset(seed=4)[0]
    assert isinstance(first, np.ndarray)
    assert sorted(second) == ["patch", "picture", "vector"]
    assert np.array_equal(first, second["vector"])
    assert set(np.unique(second["patch"])) <= {0, 1, 2}
    # Looking changes nothing.
    assert plain.state_hash() == seeing.state_hash()


@pytest.mark.parametrize("threads", [1, 2])
def test_pictures_are_the_same_alone_and_in_a_batch(threads: int) -> None:
    worlds = bonanza.VecWorlds("fly-to-target", worlds=5, threads=threads, seed=8, pictures=True)
    env = bonanza.Env("fly-to-target", pictures=True)
    observation, _ = env.reset(seed=8)
    held = worlds.pictures
    rng = np.random.default_rng(1)
    for _ in range(12):
        assert worlds.pictures is held and held is not None
        assert np.array_equal(held[0, 0], observation["picture"])
        action = rng.uniform(-1, 1, env.action_space.shape).astype(np.float32)
        worlds.step(np.broadcast_to(action, (5, 1, *action.shape)).copy())
        observation = env.step(action)[0]


def test_pictures_are_handed_out_as_copies_and_go_with_copies_of_the_world() -> None:
    env = bonanza.Env("fly-to-target", pictures=True)
    first, _ = env.reset(seed=1)
    kept = first["picture"].copy()
    action = idle(env)
    action[1] = 1.0
    for _ in range(5):
        later = env.step(action)[0]
    assert np.array_equal(first["picture"], kept) and not np.array_equal(later["picture"], kept)
    for other in (copy.deepcopy(env), pickle.loads(pickle.dumps(env))):
        ahead, behind = env.snapshot(), other.step(action)[0]
        assert np.array_equal(env.step(action)[0]["picture"], behind["picture"])
        env.restore(ahead)


def test_the_vector_environment_has_pictures_and_says_where_it_has_none() -> None:
    envs = bonanza.VectorEnv("fly-to-target", 3, pictures=True, render_mode="rgb_array")
    observation, _ = envs.reset(seed=1)
    assert observation in envs.observation_space
    assert observation["picture"].shape == (3, *PICTURE_SHAPE)
    frames = envs.render()
    assert frames is not None and [frame.shape for frame in frames] == [SCENE_SHAPE] * 3
    with pytest.raises(bonanza.TaskError, match="same_step"):
        bonanza.VectorEnv("land", 2, autoreset_mode="same_step", pictures=True)
    with pytest.raises(bonanza.TaskError, match="pictures = 1"):
        bonanza.Env("land", pictures=1)


def test_many_agents_see() -> None:
    env = bonanza.parallel_env("the-last-ice", pictures=True, horizon_steps=6)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        parallel_api_test(env, num_cycles=8)
    seen = env.reset(seed=1)[0]
    pictures = [one["picture"] for one in seen.values()]
    assert not np.array_equal(pictures[0], pictures[1])


def test_people_see_the_robot_in_the_middle() -> None:
    env = bonanza.Env("fly-to-target", render_mode="rgb_array")
    env.reset(seed=1)
    frame = env.render()
    assert frame is not None and frame.shape == SCENE_SHAPE and frame.dtype == np.uint8
    height, width, _ = SCENE_SHAPE
    middle = frame[height // 2 - 20 : height // 2 + 20, width // 2 - 20 : width // 2 + 20]
    edge = frame[-40:, :40]
    # Orange against grey.
    colourful = np.ptp(middle.astype(int), axis=-1)
    assert np.percentile(colourful, 75) > 3 * np.ptp(edge.astype(int), axis=-1).mean()
    assert bonanza.Env("land").render() is None


def test_a_window_shows_every_step() -> None:
    import pygame

    env = bonanza.Env("fly-to-target", render_mode="human")
    env.reset(seed=1)
    first = pygame.surfarray.array3d(pygame.display.get_surface())
    assert first.shape == (640, 480, 3) and 40 < np.median(first)
    action = idle(env)
    action[1] = 1.0
    for _ in range(5):
        env.step(action)
    later = pygame.surfarray.array3d(pygame.display.get_surface())
    assert not np.array_equal(first, later)
    assert env.render() is None
    env.close()
    assert not pygame.display.get_init()


def test_a_window_needs_pygame_and_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(__import__("sys").modules, "pygame", None)
    env = bonanza.Env("land", render_mode="human")
    with pytest.raises(bonanza.MissingDependencyError, match="pygame"):
        env.reset(seed=1)
    env.close()
