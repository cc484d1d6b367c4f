"""One video that is a folder of image files, with its annotation PNGs beside it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from rvosbench.datasets.label_maps import read_annotations
from rvosbench.datasets.reading import image_files
from rvosbench.errors import MissingPathError
from rvosbench.images import image_size
from rvosbench.types import Expression, Frame, Object, Rle, Video


def read_video(
    root: Path,
    *,
    video_id: str,
    split: str,
    images: str,
    frame_names: Sequence[str],
    expressions: tuple[Expression, ...],
    fps: float | None,
    annotations: Path | None,
    all_annotated: bool,
    categories: Mapping[int, str],
) -> Video:
    """Everything about one video.

    Args:
        root: the release.
        video_id: the official id.
        split: the split.
        images: the folder with the frames, relative to `root`, with `/`.
        frame_names: the stems of the image files, in order.
        expressions: the sentences.
        fps: frames per second.
        annotations: the folder with the annotation PNGs; None where they are hidden.
        all_annotated: whether every frame must have a PNG.
        categories: object id -> category, for the objects that have one.

    Raises:
        MissingPathError: a frame or an annotation is missing.
        DatasetError: a file is damaged, or a mask has another size than the frames.
    """
    files = image_files(root / images)
    for name in frame_names:
        if name not in files:
            raise MissingPathError(
                f"{root / images / name}.jpg is missing; the release lists this frame, extract it again"
            )
    size = image_size(root / images / files[frame_names[0]])
    masks: dict[tuple[int, int], Rle] = {}
    annotated: tuple[bool, ...] = (False,) * len(frame_names)
    if annotations is not None:
        masks, annotated = read_annotations(annotations, frame_names, size, all_frames=all_annotated)
    object_ids = {object_id for object_id, _ in masks}
    object_ids |= {object_id for sentence in expressions for object_id in sentence.object_ids or ()}
    return Video(
        video_id=video_id,
        split=split,
        height=size[0],
        width=size[1],
        fps=fps,
        source=images,
        frames=tuple(
            Frame(name=name, annotated=known, path=f"{images}/{files[name]}")
            for name, known in zip(frame_names, annotated, strict=True)
        ),
        objects=tuple(Object(object_id=i, category=categories.get(i)) for i in sorted(object_ids)),
        expressions=expressions,
        masks=masks,
    )
