"""Masks: COCO run lengths <-> arrays, unions, areas, boxes.

Run lengths are those of `pycocotools` to the letter, so anybody can read a store without us.
"""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray
from pycocotools import mask as coco

from rvosbench.errors import ShapeError
from rvosbench.types import BoolMask, Rle


def encode(mask: BoolMask) -> Rle:
    """One (H, W) bool mask as run lengths.

    Raises:
        ShapeError: `mask` is not a two-dimensional bool array.
    """
    if mask.ndim != 2 or mask.dtype != np.bool_:
        raise ShapeError(f"a mask must be (height, width) bool, got {mask.shape} {mask.dtype}")
    pixels = np.ascontiguousarray(mask).view(np.uint8)
    columns = cv2.transpose(pixels).T if mask.size else np.asfortranarray(pixels)  # faster than numpy
    return Rle(mask.shape[0], mask.shape[1], coco.encode(columns)["counts"])


def encode_many(masks: NDArray[np.bool_]) -> list[Rle]:
    """Run lengths of (N, H, W) bool masks."""
    return [encode(mask) for mask in masks]


def decode(rle: Rle) -> BoolMask:
    """The (H, W) bool mask of run lengths; C-contiguous."""
    return np.ascontiguousarray(coco.decode(as_coco(rle))).view(np.bool_)


def as_coco(rle: Rle) -> dict[str, object]:
    """The dictionary that `pycocotools.mask` works on."""
    return {"size": [rle.height, rle.width], "counts": rle.counts}


def as_json(rle: Rle) -> dict[str, object]:
    """The same with text for bytes, as COCO files and `mask_dict.json` of MeViS hold it."""
    return {"size": [rle.height, rle.width], "counts": rle.counts.decode("ascii")}


def union(rles: Sequence[Rle], height: int, width: int) -> Rle:
    """The union of masks of one size; an empty mask of (height, width) when there are none.

    Raises:
        ShapeError: a mask has another size.
    """
    for rle in rles:
        if (rle.height, rle.width) != (height, width):
            raise ShapeError(
                f"a mask is {rle.height}x{rle.width}, its frame {height}x{width} (height x width)"
            )
    if not rles:
        return empty(height, width)
    if len(rles) == 1:
        return rles[0]
    return Rle(height, width, coco.merge([as_coco(rle) for rle in rles], intersect=False)["counts"])


def empty(height: int, width: int) -> Rle:
    """A mask without foreground."""
    return encode(np.zeros((height, width), np.bool_))


def area(rle: Rle) -> int:
    """Foreground pixels."""
    return int(coco.area(as_coco(rle)))


def bounding_box(rle: Rle) -> tuple[float, float, float, float]:
    """The tight box (x, y, width, height) in px; all 0 for an empty mask."""
    x, y, width, height = (float(value) for value in coco.toBbox(as_coco(rle)))
    return x, y, width, height
