"""Scenes made by hand: every number that a test relies on stands in the test."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import pytest

from rvosbench.synthetic.scenes import COLOURS, Background, Scene, SceneObject

FRAMES = 12


@pytest.fixture
def obj() -> Callable[..., SceneObject]:
    def make(
        object_id: int,
        start: tuple[float, float],
        end: tuple[float, float] | None = None,
        *,
        path: Sequence[tuple[float, float]] | None = None,
        colour: str = "red",
        shape: str = "square",
        size: str = "small",
        radius: float = 10.0,
        depth: int | None = None,
        frames: tuple[int, int] = (0, FRAMES),
    ) -> SceneObject:
        present = np.zeros(FRAMES, np.bool_)
        present[slice(*frames)] = True
        centres = np.array(path) if path is not None else np.linspace(start, end or start, FRAMES)
        return SceneObject(
            object_id=object_id,
            shape=shape,
            colour=colour,
            size=size,
            radius=radius,
            angle=0.0,
            tint=COLOURS[colour],
            depth=object_id if depth is None else depth,
            motion="made by hand",
            centres=centres.astype(np.float64),
            present=present,
        )

    return make


@pytest.fixture
def scene() -> Callable[..., Scene]:
    def make(*objects: SceneObject) -> Scene:
        background = Background(
            texture="plain",
            colours=((128, 128, 128), (136, 136, 136)),
            period=20.0,
            angle=0.0,
            light=(0.0, -1.0),
            noise_seed=0,
        )
        return Scene(height=96, width=128, frames=FRAMES, background=background, objects=objects)

    return make
