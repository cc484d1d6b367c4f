"""Annotation PNGs into run lengths: one decode per file, one pass per object that is in it."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from rvosbench import masks
from rvosbench.datasets.reading import image_files, read_bytes
from rvosbench.errors import DatasetError, MissingPathError
from rvosbench.files.text import some
from rvosbench.types import Rle


def read_labels(path: Path) -> NDArray[np.uint8]:
    """The object ids of an annotation PNG, after the rules of `rvosbench.masks.labels`.

    Returns:
        (H, W) uint8, 0 is background.

    Raises:
        MissingPathError: there is no such file.
        DatasetError: the file is damaged or too large, or does not say which pixel is of which object.
    """
    return masks.read_labels(read_bytes(path), str(path), role="annotation")


def annotation_files(folder: Path, frame_names: Sequence[str], *, all_frames: bool) -> tuple[Path, ...]:
    """The files that `read_annotations` reads: one for every frame, or those that are there.

    Raises:
        DatasetError: two files have the name of one frame.
    """
    there = image_files(folder)
    return tuple(
        folder / there.get(name, f"{name}.png") for name in frame_names if all_frames or name in there
    )


def read_annotations(
    folder: Path,
    frame_names: Sequence[str],
    size: tuple[int, int],
    *,
    all_frames: bool,
    objects: Collection[int] | None = None,
    meant: Collection[int] = (),
    hint: str = "",
) -> tuple[dict[tuple[int, int], Rle], tuple[bool, ...]]:
    """The object masks of one video from `<folder>/<frame name>.png`.

    Args:
        folder: the video's annotation folder.
        frame_names: the official names of the video's frames, in order.
        size: (height, width) px of the frames.
        all_frames: every frame must have its PNG; otherwise a frame without one is not annotated.
        objects: the objects of the video, where an index lists them.
        meant: the objects that its expressions mean.
        hint: what to say about a PNG whose height and width are those of the frames exchanged.

    Returns:
        (object id, frame index) -> mask, and for each frame whether it is annotated.

    Raises:
        MissingPathError: a PNG is missing and `all_frames` is set.
        DatasetError: a PNG is damaged, has another size than the frames, or shows an object that the index
            does not list; two files have the name of one frame; or no index lists the objects, and the PNGs
            are full of noise, or their values are no ids.
    """
    rles: dict[tuple[int, int], Rle] = {}
    noise = masks.Noise()
    annotated = []
    there = image_files(folder)
    for index, name in enumerate(frame_names):
        path = folder / there.get(name, f"{name}.png")
        try:
            labels = read_labels(path)
        except MissingPathError:
            if all_frames:
                raise
            annotated.append(False)
            continue
        if labels.shape != size:
            why = hint if labels.shape == size[::-1] else ""
            raise DatasetError(
                f"{path} is {labels.shape[0]}x{labels.shape[1]} px (height x width), its frame is "
                f"{size[0]}x{size[1]}{why}; masks are never resized, fetch the original annotation"
            )
        annotated.append(True)
        if objects is None:
            noise.add(labels)
        present = masks.split_labels(labels)
        if objects is not None and not present.keys() <= set(objects):
            raise DatasetError(
                f"{path} has pixels of value {min(present.keys() - set(objects))}, its video has the objects "
                f"{some(map(str, objects), 10)}; do the annotation and the index belong together?"
            )
        rles |= {(object_id, index): rle for object_id, rle in present.items()}
    what = noise.fault() or _no_ids({object_id for object_id, _ in rles}, meant)
    if what is not None:
        raise DatasetError(
            f"{folder} shows {what}; expected label maps as they were drawn, fetch the PNGs of the release"
        )
    return rles, tuple(annotated)


def _no_ids(labels: set[int], meant: Collection[int]) -> str | None:
    """Why the values of a video are no object ids, where none of them is an object that is meant."""
    if not labels or not meant or labels & set(meant):
        return None
    objects = f"while its expressions mean {some(map(str, sorted(meant)), 10, in_order=False)}"
    if labels == {255}:
        return f"masks of 0 and 255 and no object ids, {objects}"
    palette = masks.converted_to_grey(labels)
    if palette is not None:
        shown = some(map(str, sorted(labels)), 10, in_order=False)
        return f"the values {shown}, {objects}: the colours of {palette}, converted to grey"
    return None
