"""A scene as pixels: smooth RGB frames, and masks that say exactly whose pixel is whose.

Every shape is a signed distance (px, negative inside). A pixel whose centre is inside belongs to the
object; the colour mixes over one px around the outline, so the mask is where an object covers more than half.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import cv2
import numpy as np
from numpy.typing import NDArray

from rvosbench.synthetic.scenes import OUTER_RADIUS, Background, Scene, SceneObject

Floats = NDArray[np.float32]

_SHADOW_OFFSET: Final = 3  # px, away from the light
_SHADOW_SOFTNESS: Final = 6.0  # px from full shadow to none
_SHADOW_DEPTH: Final = 0.3
_NOISE: Final = 2.5  # standard deviation of the sensor, in grey levels


@dataclass(frozen=True, slots=True)
class Rendered:
    """The clip."""

    frames: NDArray[np.uint8]  # (T, H, W, 3) RGB
    labels: NDArray[np.uint8]  # (T, H, W) object_id of the front object, 0 is background


def render(scene: Scene) -> Rendered:
    """Draw every frame; a pure function of the scene."""
    rng = np.random.default_rng(scene.background.noise_seed)
    canvas = _draw_background(scene.background, scene.height, scene.width, rng)
    frames = np.empty((scene.frames, scene.height, scene.width, 3), np.uint8)
    labels = np.zeros((scene.frames, scene.height, scene.width), np.uint8)
    back_to_front = sorted(scene.objects, key=lambda obj: obj.depth)
    for t in range(scene.frames):
        frame = canvas.copy()
        for obj in back_to_front:
            if obj.present[t]:
                _draw(obj, t, scene.background.light, frame, labels[t])
        frame += rng.normal(0, _NOISE, frame.shape).astype(np.float32)
        frames[t] = np.clip(np.rint(frame), 0, 255)
    return Rendered(frames, labels)


def _draw_background(background: Background, height: int, width: int, rng: np.random.Generator) -> Floats:
    """(H, W, 3) float32 in [0, 255]."""
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    along = x * np.float32(np.cos(background.angle)) + y * np.float32(np.sin(background.angle))
    across = y * np.float32(np.cos(background.angle)) - x * np.float32(np.sin(background.angle))
    wave = np.float32(2 * np.pi / background.period)
    if background.texture == "stripes":
        mix = 0.5 + 0.5 * np.tanh(3 * np.sin(along * wave))
    elif background.texture == "checks":
        mix = 0.5 + 0.5 * np.tanh(4 * np.sin(along * wave) * np.sin(across * wave))
    elif background.texture == "clouds":
        mix = _smooth_noise(rng, height, width, cells=6)
    else:
        mix = (along - along.min()) / np.float32(np.ptp(along) or 1)
    first, second = (np.array(colour, np.float32) for colour in background.colours)
    canvas = first + (second - first) * mix[..., None]
    canvas *= 0.96 + 0.08 * _smooth_noise(rng, height, width, cells=24)[..., None]
    light_x, light_y = background.light
    toward_light = light_x * (x / width - 0.5) + light_y * (y / height - 0.5)
    return np.asarray(canvas * (1 + 0.16 * toward_light[..., None]), np.float32)


def _smooth_noise(rng: np.random.Generator, height: int, width: int, cells: int) -> Floats:
    """(H, W) in [0, 1]: a coarse random grid, made smooth."""
    grid = rng.random((cells, cells)).astype(np.float32)
    return np.clip(cv2.resize(grid, (width, height), interpolation=cv2.INTER_CUBIC), 0, 1).astype(np.float32)


def _draw(
    obj: SceneObject, t: int, light: tuple[float, float], frame: Floats, labels: NDArray[np.uint8]
) -> None:
    """Paint one object, and the shadow it throws, over what is there."""
    height, width = labels.shape
    centre_x, centre_y = obj.centres[t]
    margin = int(np.ceil(obj.radius * OUTER_RADIUS[obj.shape] + _SHADOW_OFFSET + _SHADOW_SOFTNESS))
    top, left = int(centre_y) - margin, int(centre_x) - margin
    x = np.arange(left, left + 2 * margin + 2, dtype=np.float32) - np.float32(centre_x)
    y = np.arange(top, top + 2 * margin + 2, dtype=np.float32)[:, None] - np.float32(centre_y)
    distance = signed_distance(obj, x, y)

    light_x, light_y = light
    away = (-round(_SHADOW_OFFSET * light_y), -round(_SHADOW_OFFSET * light_x))
    shadow = np.clip(0.5 - np.roll(distance, away, axis=(0, 1)) / _SHADOW_SOFTNESS, 0, 1)
    coverage = np.clip(0.5 - distance, 0, 1)
    toward_light = (x * np.float32(light_x) + y * np.float32(light_y)) / np.float32(obj.radius)
    weave = np.sin(x * 1.3) * np.sin(y * 1.3)
    # A rim, a little darker, separates two objects of one colour that overlap.
    rim = np.clip(1 + (distance + 0.5) / 1.5, 0, 1)
    shade = (1 + 0.12 * np.clip(toward_light, -1.3, 1.3) + 0.035 * weave) * (1 - 0.28 * rim)

    rows = slice(max(top, 0), min(top + len(distance), height))
    columns = slice(max(left, 0), min(left + len(distance), width))
    inner = (
        slice(rows.start - top, rows.stop - top),
        slice(columns.start - left, columns.stop - left),
    )
    patch = frame[rows, columns]
    patch *= 1 - _SHADOW_DEPTH * shadow[inner][..., None]
    colour = np.array(obj.tint, np.float32) * shade[inner][..., None]
    patch += (colour - patch) * coverage[inner][..., None]
    labels[rows, columns][distance[inner] < 0] = obj.object_id


def signed_distance(obj: SceneObject, x: Floats, y: Floats) -> Floats:
    """Px from the outline of an object, negative inside.

    Args:
        obj: what to measure from; its own radius and angle apply.
        x: (w,) float32 px to the right of its centre.
        y: (h, 1) float32 px below its centre.

    Returns:
        (h, w) float32.
    """
    if obj.shape == "circle":
        return np.asarray(np.hypot(x, y) - np.float32(obj.radius), np.float32)
    corners = _outline(obj.shape) * np.float32(obj.radius * OUTER_RADIUS[obj.shape])
    cos, sin = np.float32(np.cos(obj.angle)), np.float32(np.sin(obj.angle))
    return _distance_to_polygon(corners @ np.array([[cos, sin], [-sin, cos]], np.float32), x, y)


def _outline(shape: str) -> Floats:
    """(V, 2) corners of a shape whose farthest corner is at distance 1; y grows downwards."""
    if shape == "star":
        angle = -np.pi / 2 + np.arange(10) * np.pi / 5
        length = np.where(np.arange(10) % 2, 0.5, 1.0)
    elif shape == "cross":
        arm = 0.36  # half the width of an arm over its length
        near, far = np.arctan(arm), np.hypot(1, arm)
        turns = np.arange(4) * np.pi / 2
        angle = np.stack([turns - near, turns + near, turns + np.pi / 4], axis=1).ravel()
        length = np.tile([1.0, 1.0, arm * np.sqrt(2) / far], 4)
    else:
        corners = {"square": 4, "triangle": 3}[shape]
        first = -np.pi / 2 if corners == 3 else np.pi / 4
        angle = first + np.arange(corners) * 2 * np.pi / corners
        length = np.ones(corners)
    return np.stack([np.cos(angle) * length, np.sin(angle) * length], axis=1).astype(np.float32)


def _distance_to_polygon(corners: Floats, x: Floats, y: Floats) -> Floats:
    """(h, w) signed distance: to the nearest edge, its sign from the number of edges crossed."""
    nearest = np.full((len(y), len(x)), np.inf, np.float32)
    inside = np.zeros(nearest.shape, np.bool_)
    for (start_x, start_y), (end_x, end_y) in zip(corners, np.roll(corners, -1, axis=0), strict=True):
        edge_x, edge_y = end_x - start_x, end_y - start_y
        to_x, to_y = x - start_x, y - start_y
        along = (to_x * edge_x + to_y * edge_y) / (edge_x**2 + edge_y**2)
        np.clip(along, 0, 1, out=along)
        gap = (to_x - along * edge_x) ** 2
        gap += (to_y - along * edge_y) ** 2
        np.minimum(nearest, gap, out=nearest)
        if edge_y:
            crosses = (start_y > y) != (end_y > y)
            inside ^= crosses & (to_x < to_y * (edge_x / edge_y))
    distance = np.sqrt(nearest)
    return np.where(inside, -distance, distance)
