"""Pictures: what robots' cameras see beside the numbers, and pictures for people."""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
from gymnasium import spaces

from . import _native
from .errors import MissingDependencyError, TaskError

__all__ = ["MATERIALS", "PATCH_SHAPE", "PICTURE_SHAPE", "SCENE_SHAPE", "depth_m"]

PICTURE_SHAPE: tuple[int, int, int] = _native.PICTURE_SHAPE
"""Height, width, and (distance, material) of the picture of an agent."""

PATCH_SHAPE: tuple[int, int, int] = _native.PATCH_SHAPE
"""Cells to the left, up and ahead in the patch of ground around an agent."""

SCENE_SHAPE: tuple[int, int, int] = _native.SCENE_SHAPE
"""Height, width and colours of a picture for people."""

MATERIALS: tuple[str, ...] = ("sky", "ground", "worked ground", "robot", "plant")
"""What the second number of a pixel means. Worked ground was dug into or heaped up."""

RENDER_MODES = ["rgb_array", "human"]


def depth_m(codes: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]:
    """Distances in metres of the first number of each pixel: infinite for the sky.

    The code c stands for 0.1 m × 200000^(c/254), a step for every five per cent, and 255 for the sky.
    """
    far = np.float32(0.1) * np.float32(2e5) ** (codes.astype(np.float32) / np.float32(254.0))
    return np.where(codes == 255, np.float32(np.inf), far).astype(np.float32)


class _Drawn(Protocol):
    def pictures(self, out: npt.NDArray[np.uint8]) -> None: ...
    def patches(self, out: npt.NDArray[np.uint8]) -> None: ...


class Sights:
    """The pictures that go with each observation, drawn in place.

    Args:
        pictures: whether each agent has a picture, uint8, ``PICTURE_SHAPE``.
        patch: whether it has a patch of the ground around it, uint8, ``PATCH_SHAPE``.
    """

    def __init__(self, pictures: bool, patch: bool) -> None:
        for name, wanted in (("pictures", pictures), ("patch", patch)):
            if not isinstance(wanted, bool):
                raise TaskError(f"{name} = {wanted!r}, expected True or False")
        self.wanted_pictures, self.wanted_patch = pictures, patch
        self.pictures: npt.NDArray[np.uint8] | None = None
        self.patches: npt.NDArray[np.uint8] | None = None

    def __bool__(self) -> bool:
        return self.wanted_pictures or self.wanted_patch

    def look(self, native: _Drawn, agents: tuple[int, ...]) -> None:
        """Draws all that is wanted for all agents, into the same arrays each time."""
        if self.wanted_pictures:
            if self.pictures is None:
                self.pictures = np.zeros((*agents, *PICTURE_SHAPE), dtype=np.uint8)
            native.pictures(self.pictures)
        if self.wanted_patch:
            if self.patches is None:
                self.patches = np.zeros((*agents, *PATCH_SHAPE), dtype=np.uint8)
            native.patches(self.patches)

    def space(self, numbers: spaces.Space[Any]) -> spaces.Space[Any]:
        """The space of observations: ``numbers`` alone, or as ``vector`` beside the pictures."""
        if not self:
            return numbers
        parts: dict[str, spaces.Space[Any]] = {"vector": numbers}
        if self.wanted_pictures:
            parts["picture"] = spaces.Box(0, 255, PICTURE_SHAPE, dtype=np.uint8)
        if self.wanted_patch:
            parts["patch"] = spaces.Box(0, 2, PATCH_SHAPE, dtype=np.uint8)
        return spaces.Dict(parts)

    def observation(self, numbers: Any, place: Any) -> Any:
        """An observation of the agents at a place of the arrays, in arrays of its own."""
        if not self:
            return numbers
        told = {"vector": numbers}
        if self.pictures is not None:
            told["picture"] = self.pictures[place].copy()
        if self.patches is not None:
            told["patch"] = self.patches[place].copy()
        return told


def check_render_mode(mode: str | None) -> str | None:
    """A way of showing that there is.

    Raises:
        TaskError: if there is none of that name.
    """
    if mode is not None and mode not in RENDER_MODES:
        raise TaskError(f'render_mode = {mode!r}, expected None, "rgb_array" or "human"')
    return mode


class Window:
    """A window that shows pictures for people, by pygame.

    Raises:
        MissingDependencyError: if pygame is not installed.
    """

    def __init__(self, title: str) -> None:
        try:
            import pygame
        except ImportError as error:
            raise MissingDependencyError(
                f"render_mode = 'human' needs pygame: pip install pygame-ce ({error})"
            ) from error
        self._pygame = pygame
        pygame.display.init()
        pygame.display.set_caption(title)
        height, width, _ = SCENE_SHAPE
        self._screen = pygame.display.set_mode((width, height))

    def show(self, picture: npt.NDArray[np.uint8]) -> None:
        """Shows a picture, uint8, ``SCENE_SHAPE``."""
        surface = self._pygame.surfarray.make_surface(picture.swapaxes(0, 1))
        self._screen.blit(surface, (0, 0))
        self._pygame.event.pump()
        self._pygame.display.flip()

    def close(self) -> None:
        """Closes the window."""
        self._pygame.display.quit()


class Painter:
    """Pictures for people of one world, as a render mode asks for them."""

    def __init__(self, mode: str | None, title: str) -> None:
        self.mode = check_render_mode(mode)
        self._title = title
        self._window: Window | None = None

    def render(self, native: _native.World, agent: int = 0) -> npt.NDArray[np.uint8] | None:
        """The picture from behind the first robot of an agent; shown instead in a window."""
        if self.mode is None:
            return None
        picture = np.zeros(SCENE_SHAPE, dtype=np.uint8)
        native.scene(agent, picture)
        if self.mode == "rgb_array":
            return picture
        if self._window is None:
            self._window = Window(self._title)
        self._window.show(picture)
        return None

    def close(self) -> None:
        """Closes the window, if there is one."""
        if self._window is not None:
            self._window.close()
            self._window = None

    def __getstate__(self) -> dict[str, Any]:
        return {"mode": self.mode, "_title": self._title, "_window": None}
