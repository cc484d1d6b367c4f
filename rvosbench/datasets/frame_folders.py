"""One video that is a folder of image files, with its annotation PNGs or other masks beside it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from rvosbench.datasets.expression_json import VideoEntry
from rvosbench.datasets.label_maps import read_annotations
from rvosbench.datasets.reading import folder_names, image_files, some
from rvosbench.errors import MissingPathError
from rvosbench.images import image_size
from rvosbench.types import Expression, Frame, Object, Rle, Video


@dataclass(frozen=True, slots=True)
class FrameFolder:
    """The frames of one video, all of them there."""

    images: str  # the folder, relative to the release
    names: tuple[str, ...]  # stems, in order
    files: tuple[str, ...]  # file names, in the same order
    size: tuple[int, int]  # (height, width) px of the first frame


def open_frames(root: Path, images: str, frame_names: Sequence[str]) -> FrameFolder:
    """Find the image files of one video.

    Args:
        root: the release.
        images: the folder with the frames, relative to `root`, with `/`.
        frame_names: the stems of the image files, in order; at least one.

    Raises:
        MissingPathError: a frame is missing.
        DatasetError: the first frame is damaged.
    """
    files = image_files(root / images)
    for name in frame_names:
        if name not in files:
            raise MissingPathError(
                f"{root / images / name}.jpg is missing; the release lists this frame, extract it again"
            )
    size = image_size(root / images / files[frame_names[0]])
    return FrameFolder(images, tuple(frame_names), tuple(files[name] for name in frame_names), size)


def as_video(
    frames: FrameFolder,
    *,
    video_id: str,
    split: str,
    expressions: tuple[Expression, ...],
    fps: float | None,
    masks: Mapping[tuple[int, int], Rle],
    annotated: Sequence[bool],
    categories: Mapping[int, str],
) -> Video:
    """The record of one video. Its objects are those that have a mask or that a sentence means.

    Args:
        frames: the frames.
        video_id: the official id.
        split: the split.
        expressions: the sentences.
        fps: frames per second.
        masks: (object id, frame index) -> mask.
        annotated: for each frame whether it is annotated.
        categories: object id -> category, for the objects that have one.
    """
    object_ids = {object_id for object_id, _ in masks}
    object_ids |= {object_id for sentence in expressions for object_id in sentence.object_ids or ()}
    return Video(
        video_id=video_id,
        split=split,
        height=frames.size[0],
        width=frames.size[1],
        fps=fps,
        source=frames.images,
        frames=tuple(
            Frame(name=name, annotated=known, path=f"{frames.images}/{file}")
            for name, file, known in zip(frames.names, frames.files, annotated, strict=True)
        ),
        objects=tuple(Object(object_id=i, category=categories.get(i)) for i in sorted(object_ids)),
        expressions=expressions,
        masks=masks,
    )


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
    """Everything about one video whose masks are PNG files.

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
    frames = open_frames(root, images, frame_names)
    masks: dict[tuple[int, int], Rle] = {}
    annotated: tuple[bool, ...] = (False,) * len(frame_names)
    if annotations is not None:
        masks, annotated = read_annotations(annotations, frame_names, frames.size, all_frames=all_annotated)
    return as_video(
        frames,
        video_id=video_id,
        split=split,
        expressions=expressions,
        fps=fps,
        masks=masks,
        annotated=annotated,
        categories=categories,
    )


def with_frames(
    root: Path, split: str, entries: Mapping[str, VideoEntry]
) -> tuple[dict[str, VideoEntry], str | None]:
    """The videos of a split that have a folder in `<split>/JPEGImages`, and what to say about the others.

    Args:
        root: the release.
        split: the split and its folder.
        entries: the videos that the index lists.

    Returns:
        The videos that are there, and one sentence about those that are not, if any.
    """
    missing = entries.keys() - folder_names(root / split / "JPEGImages")
    if not missing:
        return dict(entries), None
    return {video_id: entry for video_id, entry in entries.items() if video_id not in missing}, (
        f"{split}/JPEGImages lacks {len(missing)} of the {len(entries)} videos of {split} "
        f"({some(missing)}); they are left out, is the download complete?"
    )
