"""The outline of a mask as COCO polygons that give back the very same mask."""

from __future__ import annotations

import numpy as np

from rvosbench.types import BoolMask

Point = tuple[int, int]


def outlines(mask: BoolMask) -> list[list[float]] | None:
    """One polygon (x1, y1, x2, y2, ... in px) around every connected part of a mask.

    Corners lie on the grid between the pixels, so that rasterising loses nothing.

    Returns:
        The polygons, or None when the mask has a hole: COCO takes the union of the polygons of one
        annotation and cannot say "without".
    """
    polygons = []
    edges = _edges(mask)
    while edges:
        corners = _follow(edges)
        if _area(corners) < 0:
            return None
        polygons.append([float(value) for corner in corners for value in corner])
    return polygons


def _edges(mask: BoolMask) -> dict[Point, list[Point]]:
    """Start -> ends of all unit edges between inside and outside, with the inside on the right."""
    padded = np.pad(mask, 1)
    inside = padded[1:-1, 1:-1]
    edges: dict[Point, list[Point]] = {}
    for outside, start, end in (
        (~padded[:-2, 1:-1], (0, 0), (1, 0)),
        (~padded[1:-1, 2:], (1, 0), (1, 1)),
        (~padded[2:, 1:-1], (1, 1), (0, 1)),
        (~padded[1:-1, :-2], (0, 1), (0, 0)),
    ):
        for y, x in np.argwhere(inside & outside).tolist():
            edges.setdefault((x + start[0], y + start[1]), []).append((x + end[0], y + end[1]))
    return edges


def _follow(edges: dict[Point, list[Point]]) -> list[Point]:
    """Take one closed loop out of `edges`; only its corners are returned."""
    first = next(iter(edges))
    loop = [first, _take(edges, first, edges[first][0])]
    while loop[-1] != first:
        here, before = loop[-1], loop[-2]
        step = (here[0] - before[0], here[1] - before[1])
        # Where two parts touch at a corner, turning right stays on the part that the loop goes around.
        right = (here[0] - step[1], here[1] + step[0])
        loop.append(_take(edges, here, right if right in edges[here] else edges[here][0]))
    loop.pop()
    turns = zip(loop, loop[1:] + loop[:1], loop[-1:] + loop[:-1], strict=True)
    return [here for here, after, before in turns if (after[0] - before[0]) * (after[1] - before[1])]


def _take(edges: dict[Point, list[Point]], start: Point, end: Point) -> Point:
    edges[start].remove(end)
    if not edges[start]:
        del edges[start]
    return end


def _area(corners: list[Point]) -> float:
    """Signed area in px²; negative for the border of a hole."""
    pairs = zip(corners, corners[1:] + corners[:1], strict=True)
    return sum(x1 * y2 - x2 * y1 for (x1, y1), (x2, y2) in pairs) / 2
