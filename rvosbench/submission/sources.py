"""Files of predictions, read one video at a time."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from rvosbench import masks
from rvosbench.errors import MaskSizeError, ScoreError
from rvosbench.metrics.labels import label_ids
from rvosbench.metrics.matching import MAX_PROPOSALS
from rvosbench.runs.predictions import Prediction, Predictions
from rvosbench.runs.tolerance import NOTHING, Adjusted
from rvosbench.submission.files import Files, Tree
from rvosbench.types import Video


@dataclass(frozen=True, slots=True)
class VideoRows:
    """The rows of one video, sorted by expression, frame and candidate."""

    rows: list[Prediction]
    adjusted: Adjusted = NOTHING  # what had to be let pass to read them


class PredictionSource(Protocol):
    """Predictions from wherever, one video at a time."""

    merged: bool
    """The expressions of an annotator are merged: expression_id is <annotator>/<label>."""
    notes: tuple[str, ...]
    """What a reader should know about how they were found, such as a folder around them that was entered."""

    def video_ids(self) -> tuple[str, ...]:
        """The videos that predictions are there for, sorted."""
        ...

    def read(self, video: Video) -> VideoRows:
        """All rows of one video.

        Raises:
            ScoreError: rows that cannot be scored, or that belong to nothing in this video.
            MaskSizeError: a mask has another size than the video.
        """
        ...


class ParquetSource:
    """Rows as `rvos predict` writes them."""

    merged = False
    notes: tuple[str, ...] = ()

    def __init__(self, predictions: Predictions) -> None:
        self._predictions = predictions

    def video_ids(self) -> tuple[str, ...]:
        """See `PredictionSource`."""
        return self._predictions.video_ids()

    def read(self, video: Video) -> VideoRows:
        """See `PredictionSource`."""
        rows = self._predictions.video(video.video_id)
        surplus = [row for row in rows if row.frame_index >= len(video.frames)]
        if surplus:
            first = ", ".join(f"{row.expression_id}/{row.frame_index}" for row in surplus[:3])
            raise ScoreError(
                f"{len(surplus)} predictions of video {video.video_id} are of frames that it does not have, "
                f"such as {first}; it has {len(video.frames)} frames, counted from 0"
            )
        for row in rows:
            if (row.mask.height, row.mask.width) != (video.height, video.width):
                raise MaskSizeError(_wrong_size(str(row), (row.mask.height, row.mask.width), video))
        return VideoRows(rows)


class _PngSource:
    merged = False
    notes: tuple[str, ...] = ()

    def __init__(self, tree: Tree, files: Files) -> None:
        self._tree = tree
        self._files = files

    def video_ids(self) -> tuple[str, ...]:
        return tuple(sorted(self._files))

    def _of_video(self, video_id: str) -> Mapping[tuple[str, ...], tuple[str, ...]]:
        return self._files.get(video_id, {})

    def _labels(self, video: Video) -> Iterator[tuple[tuple[str, ...], int, NDArray[np.uint8], str]]:
        """(key, frame position, (H, W) labels, file name) of every file of a video."""
        files = self._of_video(video.video_id)
        position = {frame.name: index for index, frame in enumerate(video.frames)}
        unknown = sorted("/".join(key) for key in files if key[-1] not in position)
        if unknown:
            raise ScoreError(
                f"{len(unknown)} predictions of video {video.video_id} are of frames that it does not have, "
                f"such as {', '.join(unknown[:3])}; its frames are {video.frames[0].name} to "
                f"{video.frames[-1].name}"
            )
        for key, name in sorted(files.items()):
            data, shown = self._tree.bytes_of(name)
            labels = masks.decode_index_png(data, shown)
            if labels.shape != (video.height, video.width):
                raise MaskSizeError(_wrong_size(shown, (labels.shape[0], labels.shape[1]), video))
            yield key, position[key[-1]], labels, shown


class MaskFolders(_PngSource):
    """One PNG per expression and frame."""

    def read(self, video: Video) -> VideoRows:
        """See `PredictionSource`."""
        rows = [_row(video, key[0], index, labels != 0) for key, index, labels, _ in self._labels(video)]
        return VideoRows(rows)


class LabelMaps(_PngSource):
    """One PNG per frame, with all objects in it."""

    def read(self, video: Video) -> VideoRows:
        """See `PredictionSource`; every object has a row in every frame that there is a file for."""
        objects = list(label_ids(video))
        rows = []
        for _, index, labels, shown in self._labels(video):
            unknown = sorted(set(np.unique(labels).tolist()) - {0, *objects})
            if unknown:
                raise ScoreError(
                    f"{shown} holds the labels {unknown}, the objects of {video.video_id} are {objects}; a "
                    "palette PNG holds object ids, a 0/255 mask per expression needs a protocol for "
                    "expressions"
                )
            rows += [_row(video, str(object_id), index, labels == object_id) for object_id in objects]
        return VideoRows(sorted(rows, key=lambda row: (row.expression_id, row.frame_index)))


class AnnotatorMaps(_PngSource):
    """One PNG per annotator and frame, with a label for each thing that the annotator describes."""

    merged = True

    def video_ids(self) -> tuple[str, ...]:
        """The sequences of any annotator, sorted."""
        return tuple(sorted({key[0] for files in self._files.values() for key in files}))

    def read(self, video: Video) -> VideoRows:
        """For each annotator, the labels from 1 to the largest; one empty label where nothing is marked."""
        maps: dict[str, dict[int, NDArray[np.uint8]]] = {}
        for key, index, labels, shown in self._labels(video):
            if labels.max() > MAX_PROPOSALS:
                raise ScoreError(
                    f"{shown} holds the label {labels.max()}, expected at most {MAX_PROPOSALS} labels, "
                    "counted from 1; is it a 0/255 mask, or a copy of annotations with void?"
                )
            maps.setdefault(key[0], {})[index] = labels
        return VideoRows(
            [
                _row(video, f"{annotator}/{label}", index, labels == label)
                for annotator, frames in maps.items()
                for label in range(1, 1 + max(1, *(int(labels.max()) for labels in frames.values())))
                for index, labels in frames.items()
            ]
        )

    def _of_video(self, video_id: str) -> Mapping[tuple[str, ...], tuple[str, ...]]:
        return {
            (annotator, key[1]): name
            for annotator, files in self._files.items()
            for key, name in files.items()
            if key[0] == video_id
        }


def _row(video: Video, expression_id: str, index: int, mask: NDArray[np.bool_]) -> Prediction:
    return Prediction(
        video_id=video.video_id,
        expression_id=expression_id,
        frame_index=index,
        candidate=0,
        score=1.0,
        mask=masks.encode(mask),
    )


def _wrong_size(name: str, size: tuple[int, int], video: Video) -> str:
    return (
        f"{name} is {size[0]}x{size[1]} px (height x width), the video {video.video_id} is {video.height}x"
        f"{video.width}; masks are never resized, write them at the size of the frames"
    )
