"""COCO segmentations into run lengths: polygons, plain run lengths, compressed run lengths.

pycocotools trusts its input: runs that add up to more than the image write past its end, a polygon
with huge coordinates or a long outline takes all memory and crashes. So everything is checked before it is
handed over.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from pycocotools import mask as coco

from rvosbench import masks
from rvosbench.datasets.reading import as_list, as_mapping
from rvosbench.errors import DatasetError, ScoreError
from rvosbench.files.text import shown
from rvosbench.masks.run_lengths import foreground_areas, foreground_runs
from rvosbench.types import Rle

_REACH = 2  # coordinates lie within so many times the longer side
_LONGEST = 100
"""Outlines longer than so many times height + width are refused: every px takes memory when it is drawn."""


def segmentation(value: object, height: int, width: int, where: str) -> Rle:
    """The mask of one COCO annotation, as `COCO.annToRLE` makes it.

    Args:
        value: the field "segmentation": a list of polygons, or {"size", "counts"}.
        height: of the image, px.
        width: of the image, px.
        where: what to call it in errors.

    Raises:
        DatasetError: it has another shape, or does not fit the image.
    """
    if isinstance(value, list):
        polygons = [_polygon(polygon, height, width, where) for polygon in value]
        polygons = [polygon for polygon in polygons if len(polygon) >= 6]  # fewer corners enclose no pixel
        if not polygons:
            return masks.empty(height, width)
        longest = _LONGEST * (height + width)
        edges = sum(len(polygon) for polygon in polygons) // 2
        if edges * 2 * _REACH * max(height, width) > longest and (length := _outline(polygons)) > longest:
            raise DatasetError(
                f"{where}: its outline is {length:.0f} px long, more than {_LONGEST} times height and width "
                "of its image; expected the polygons of one object"
            )
        return Rle(height, width, coco.merge(coco.frPyObjects(polygons, height, width))["counts"])
    rle = _run_lengths(value, height, width, where)
    try:
        foreground_runs([rle], lambda _: where)
    except ScoreError as error:
        raise DatasetError(str(error)) from None
    return rle


def visible_masks(
    values: Sequence[object], height: int, width: int, where: Callable[[int], str]
) -> dict[int, Rle]:
    """The masks of one object over time, checked all at once.

    Args:
        values: for each frame {"size", "counts"}, or None where the object is not there.
        height: of the frames, px.
        width: of the frames, px.
        where: what to call the mask of a frame in errors.

    Returns:
        Position -> mask, without the frames where nothing of the object is seen.

    Raises:
        DatasetError: a mask has another shape, or does not fit the frame.
    """
    visible = {
        index: _run_lengths(value, height, width, where(index))
        for index, value in enumerate(values)
        if value is not None
    }
    positions = list(visible)
    try:
        areas = foreground_areas(list(visible.values()), lambda number: where(positions[number]))
    except ScoreError as error:
        raise DatasetError(str(error)) from None
    return {index: visible[index] for index, area in zip(positions, areas.tolist(), strict=True) if area}


def _run_lengths(value: object, height: int, width: int, where: str) -> Rle:
    """Plain runs, checked, or compressed ones, which are not."""
    content = as_mapping(value, f"{where}: segmentation")
    if content.get("size") != [height, width]:
        raise DatasetError(
            f"{where}: segmentation has size {shown(content.get('size'))}, its image {[height, width]} "
            "(height, width)"
        )
    size = (height, width)
    counts = content.get("counts")
    if isinstance(counts, list):
        if not all(isinstance(run, int) and run >= 0 for run in counts) or sum(counts) != height * width:
            raise DatasetError(f"{where}: the runs do not add up to the {height}x{width} px of the image")
        return Rle(height, width, coco.frPyObjects({"size": list(size), "counts": counts}, *size)["counts"])
    if not isinstance(counts, str) or not counts.isascii():
        raise DatasetError(f"{where}: counts is {shown(counts)}, expected a list or COCO's compressed text")
    return Rle(height, width, counts.encode())


def _outline(polygons: Sequence[Sequence[float]]) -> float:
    """The length of closed polygons in px, by the longer axis from corner to corner, as they are drawn."""
    corners = (np.asarray(polygon, np.float64).reshape(-1, 2) for polygon in polygons)
    return sum(float(np.abs(xy - np.roll(xy, 1, axis=0)).max(axis=1).sum()) for xy in corners)


def _polygon(value: object, height: int, width: int, where: str) -> Sequence[float]:
    points = as_list(value, f"{where}: a polygon")
    reach = _REACH * max(height, width)
    # Compared as they are: not a number is never in reach, and a whole number may be too large for a float.
    good = all(
        isinstance(v, int | float) and not isinstance(v, bool) and -reach <= v <= reach for v in points
    )
    if not good or len(points) % 2:
        raise DatasetError(
            f"{where}: a polygon of {len(points)} numbers; expected x, y, x, y, ... in px, near its "
            f"{height}x{width} image"
        )
    return points
