"""Scenes that need language to solve: two to four moving objects that share colours and shapes.

A scene is a pure function of (seed, index): nothing else is random. It holds geometry only;
`render.py` makes the pixels and the exact masks, `descriptions.py` decides what is true of it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, TypeVar

import numpy as np
from numpy.typing import NDArray

from rvosbench.synthetic.paths import DIRECTIONS, MOTIONS, offsets

_Choice = TypeVar("_Choice")

SHAPES: Final = ("circle", "square", "triangle", "star", "cross")

COLOURS: Final = {
    "red": (214, 38, 40),
    "orange": (246, 132, 22),
    "yellow": (244, 218, 44),
    "green": (44, 158, 58),
    "blue": (40, 84, 214),
    "purple": (138, 48, 176),
    "white": (240, 240, 236),
    "black": (26, 26, 30),
}
"""Name -> RGB. Far apart on purpose: shading and noise must not turn one into another."""

SIZES: Final = {"small": (12.0, 14.0), "large": (18.0, 21.0)}
"""Name -> range of radii in px of a 96x128 frame. The gap keeps "small" and "large" unarguable."""

OUTER_RADIUS: Final = {"circle": 1.0, "square": 1.3, "triangle": 1.4, "star": 1.34, "cross": 1.25}
"""Shape -> its farthest point over its `radius`, chosen so that shapes of one radius look equally large."""

TEXTURES: Final = ("plain", "stripes", "checks", "clouds")

_OBJECTS_WEIGHTS: Final = {2: 0.15, 3: 0.45, 4: 0.4}
_ENDINGS_WEIGHTS: Final = {"still": 0.22, "loop": 0.11, "": 0.34, "stop": 0.18, "back": 0.15}
_TIMED_SHARE: Final = 0.4  # of scenes with an object that appears late or leaves early
_HIDDEN_MOST: Final = 0.55  # of an object's area in its worst frame
_HIDDEN_MEAN: Final = 0.25  # of an object's area, over its frames


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class SceneObject:
    """One object of a scene."""

    object_id: int  # 1 to N, as in the annotation files
    shape: str
    colour: str
    size: str
    radius: float  # px; the farthest point is OUTER_RADIUS[shape] times as far
    angle: float  # radians of rotation, small
    tint: tuple[int, int, int]  # RGB, a slight variation of the named colour
    depth: int  # 0 is the farthest; the front object owns the pixels
    motion: str  # how it was made to move; expressions go by `centres`, not by this name
    centres: NDArray[np.float64]  # (T, 2) px, x then y, also where it is not present
    present: NDArray[np.bool_]  # (T,)


@dataclass(frozen=True, kw_only=True, slots=True)
class Background:
    """What is behind the objects, and the light on them."""

    texture: str
    colours: tuple[tuple[int, int, int], tuple[int, int, int]]  # RGB, muted
    period: float  # px of stripes and checks
    angle: float  # radians of the stripes
    light: tuple[float, float]  # where the light comes from, a unit vector (x, y)
    noise_seed: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Scene:
    """One clip before it has pixels."""

    height: int  # px
    width: int  # px
    frames: int
    background: Background
    objects: tuple[SceneObject, ...]  # by object_id

    @property
    def unit(self) -> float:
        """How many px of this frame are one px of a 96x128 frame."""
        return unit(self.height, self.width)


def unit(height: int, width: int) -> float:
    """The scale of everything measured in px of a 96x128 frame."""
    return min(height / 96, width / 128)


def generator(seed: int, *key: int) -> np.random.Generator:
    """The random numbers of one object to decide; any integer is a seed, negative ones too."""
    return np.random.default_rng([seed % 2**64, *key])


def make_scene(seed: int, index: int, *, frames: int = 12, size: tuple[int, int] = (96, 128)) -> Scene:
    """The scene number `index` of a seed.

    Args:
        seed: any integer.
        index: 0 or more.
        frames: length of the clip; with 1 nothing moves, appears late or leaves early.
        size: height and width in px.
    """
    height, width = size
    attempt = 0
    while True:
        rng = generator(seed, index, attempt)
        objects = _arrange(_looks(rng), rng, frames, height, width)
        if objects is not None:
            return Scene(
                height=height,
                width=width,
                frames=frames,
                background=_background(rng, unit(height, width)),
                objects=objects,
            )
        attempt += 1


def _looks(rng: np.random.Generator) -> list[tuple[str, str, str]]:
    """(colour, shape, size) of every object, all different, mostly with something in common.

    Neighbours in the list share a shape, a colour, or (with three objects and more) first the one and
    then the other, so that "the red one" and "the square" fail and only "the red square" will do. A shape
    is shared more often: small models see colours long before they see shapes, and where every scene
    asks for shapes they learn neither in minutes.
    """
    count = int(_pick(rng, _OBJECTS_WEIGHTS))
    colours = [str(name) for name in rng.permutation(list(COLOURS))]
    shapes = [str(name) for name in rng.permutation(SHAPES)]
    sizes = [str(name) for name in rng.choice(list(SIZES), count)]
    first_shares = rng.choice(["colour", "shape", "both", "nothing"], p=[0.16, 0.44, 0.08, 0.32])
    looks = [(colours[0], shapes[0], sizes[0])]
    for position in range(1, count):
        colour, shape, size = colours[position], shapes[position], sizes[position]
        before = looks[-1]
        later_shares = rng.choice(["colour", "shape", "nothing"], p=[0.12, 0.34, 0.54])
        shares = first_shares if position == 1 else later_shares
        if shares == "both":
            size = "small" if before[2] == "large" else "large"
        if shares in ("colour", "both"):
            colour = before[0]
        if shares in ("shape", "both"):
            shape = before[1]
        looks.append((colour, shape, size))
    if len(set(looks)) < count:
        return _looks(rng)
    return [looks[i] for i in rng.permutation(count)]


def _arrange(
    looks: list[tuple[str, str, str]], rng: np.random.Generator, frames: int, height: int, width: int
) -> tuple[SceneObject, ...] | None:
    """Give every object a path and a time; None when they would hide each other too much."""
    count = len(looks)
    depths = rng.permutation(count)
    presence = _presence(rng, count, frames)
    objects: list[SceneObject] = []
    for position, (colour, shape, size) in enumerate(looks):
        low, high = SIZES[size]
        radius = float(rng.uniform(low, high)) * unit(height, width)
        for _ in range(12):
            motion = _motion(rng, timed=not bool(presence[position].all())) if frames > 1 else "still"
            centres = _track(rng, motion, presence[position], radius * OUTER_RADIUS[shape], height, width)
            if centres is None:
                continue
            obj = SceneObject(
                object_id=position + 1,
                shape=shape,
                colour=colour,
                size=size,
                radius=radius,
                angle=float(rng.uniform(-0.12, 0.12)),
                tint=_tint(rng, COLOURS[colour]),
                depth=int(depths[position]),
                motion=motion,
                centres=centres,
                present=presence[position],
            )
            if _all_seen([*objects, obj]):
                objects.append(obj)
                break
        else:
            return None
    if frames > 1 and all(obj.motion == "still" for obj in objects):
        return None
    return tuple(objects)


def _presence(rng: np.random.Generator, count: int, frames: int) -> NDArray[np.bool_]:
    """(N, T) bool: who is there when. One object, rarely two, comes late or leaves early."""
    present = np.ones((count, frames), np.bool_)
    if frames < 4 or rng.random() > _TIMED_SHARE:
        return present
    timed = rng.permutation(count)[: 2 if count > 2 and rng.random() < 0.2 else 1]
    late, gone = round(frames * float(rng.uniform(0.25, 0.4))), round(frames * float(rng.uniform(0.6, 0.75)))
    for which, obj in enumerate(timed):
        if (rng.random() < 0.5) == (which == 0):
            present[obj, :late] = False
        else:
            present[obj, gone:] = False
    return present


def _motion(rng: np.random.Generator, *, timed: bool) -> str:
    """A name of `MOTIONS`; objects that come or go keep to simple ones, their time is short."""
    ending = str(_pick(rng, _ENDINGS_WEIGHTS))
    if timed and ending != "still":
        ending = ""
    if ending in MOTIONS:
        return ending
    # Sideways a little more often: the frame is wider than high.
    direction = str(rng.choice(list(DIRECTIONS), p=[0.28, 0.28, 0.22, 0.22]))
    return f"{direction}-{ending}" if ending else direction


def _track(
    rng: np.random.Generator,
    motion: str,
    present: NDArray[np.bool_],
    extent: float,
    height: int,
    width: int,
) -> NDArray[np.float64] | None:
    """(T, 2) centres of a path that keeps the whole object inside the frame, None if there is no room."""
    frames = np.flatnonzero(present)
    time = (np.arange(len(present)) - frames[0]) / max(len(frames) - 1, 1)
    if motion == "loop":
        reach = float(rng.uniform(0.28, 0.4)) * height
    elif motion.startswith(("left", "right")):
        reach = float(rng.uniform(0.3, 0.52)) * width
    else:
        reach = float(rng.uniform(0.32, 0.48)) * height
    path = offsets(motion, np.clip(time, 0.0, 1.0), reach, phase=float(rng.uniform(0, 2 * np.pi)))
    low = extent + 1 - path.min(axis=0)
    high = np.array([width, height]) - extent - 1 - path.max(axis=0)
    if (low > high).any():
        return None
    return np.asarray(path + rng.uniform(low, high))


def _all_seen(objects: list[SceneObject]) -> bool:
    """Whether no object is hidden too much, with every object taken as a disc of its radius."""
    for obj in objects:
        hidden = np.zeros(len(obj.present))
        for other in objects:
            if other.depth > obj.depth:
                distance = np.linalg.norm(obj.centres - other.centres, axis=1)
                overlap = _shared_area(distance, obj.radius, other.radius)
                hidden += np.where(other.present, overlap / (np.pi * obj.radius**2), 0.0)
        hidden = hidden[obj.present]
        if hidden.max() > _HIDDEN_MOST or hidden.mean() > _HIDDEN_MEAN:
            return False
    return True


def _shared_area(distance: NDArray[np.float64], first: float, second: float) -> NDArray[np.float64]:
    """Area that two discs share, px², for (T,) distances of their centres."""
    d = np.clip(distance, abs(first - second) + 1e-9, first + second)
    cos_first = np.clip((d**2 + first**2 - second**2) / (2 * d * first), -1, 1)
    cos_second = np.clip((d**2 + second**2 - first**2) / (2 * d * second), -1, 1)
    sectors = first**2 * np.arccos(cos_first) + second**2 * np.arccos(cos_second)
    return np.asarray(sectors - d * first * np.sqrt(1 - cos_first**2))


def _background(rng: np.random.Generator, scale: float) -> Background:
    """Muted and of middle brightness, so that neither black nor white nor any colour gets lost in it."""
    base = rng.uniform(112, 176) + rng.uniform(-16, 16, 3)
    shift = rng.choice([-1, 1]) * rng.uniform(8, 20) + rng.uniform(-6, 6, 3)
    direction = rng.uniform(0, 2 * np.pi)
    return Background(
        texture=str(rng.choice(TEXTURES)),
        colours=(_rgb(base), _rgb(base + shift)),
        period=float(rng.uniform(12, 30)) * scale,
        angle=float(rng.uniform(0, np.pi)),
        light=(float(np.cos(direction)), float(np.sin(direction))),
        noise_seed=int(rng.integers(2**32)),
    )


def _tint(rng: np.random.Generator, colour: tuple[int, int, int]) -> tuple[int, int, int]:
    return _rgb(np.array(colour) + rng.uniform(-6, 6, 3))


def _rgb(values: NDArray[np.float64]) -> tuple[int, int, int]:
    red, green, blue = (int(value) for value in np.clip(values, 0, 255))
    return red, green, blue


def _pick(rng: np.random.Generator, weights: dict[_Choice, float]) -> _Choice:
    """A key of `weights`, with the probability that stands beside it."""
    return list(weights)[int(rng.choice(len(weights), p=list(weights.values())))]
