"""Pictures of predictions: a mask per expression or object, or label maps; read one video at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from rvosbench import masks
from rvosbench.errors import ScoreError
from rvosbench.files.text import one_line
from rvosbench.metrics.labels import label_ids
from rvosbench.metrics.matching import MAX_PROPOSALS
from rvosbench.runs.predictions import Prediction
from rvosbench.runs.tolerance import Adjusted, Tolerance
from rvosbench.submission.files import Files
from rvosbench.submission.fitting import fit_array
from rvosbench.submission.frame_names import meant_frames
from rvosbench.submission.jpeg import read_mask
from rvosbench.submission.sources import PredictionSource, VideoRows, refuse_slips, refuse_surplus
from rvosbench.submission.trees import Name, Tree
from rvosbench.types import Rle, Video

_Key = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class _Asked:
    """A picture of a video that is to be read."""

    key: _Key
    index: int  # of the frame in the video
    name: Name


class _Pictures(PredictionSource):
    def __init__(
        self, tree: Tree, files: Files, tolerance: Tolerance, notes: tuple[str, ...] = (), strays: int = 0
    ) -> None:
        self._tree = tree
        self._files = files
        self._tolerance = tolerance
        self.notes = notes
        self.strays = strays

    def video_ids(self) -> tuple[str, ...]:
        return tuple(sorted(self._files))

    def names(self) -> Iterator[Name]:
        """Of all files that are read."""
        for of_video in self._files.values():
            yield from of_video.values()

    def _of_video(self, video_id: str) -> Mapping[_Key, Name]:
        return self._files.get(video_id, {})

    def _asked(self, video: Video, known: Callable[[_Key], bool] | None) -> tuple[list[_Asked], int]:
        """The pictures of a video's frames, and how many others are ignored.

        Args:
            video: the video.
            known: whether a key is of an expression or object that the video has; None: all are.
        """
        position = {frame.name: index for index, frame in enumerate(video.frames)}
        asked, late, other = [], [], 0
        frames = [frame.name for frame in video.frames]
        meant = {
            (*folder, name): position[frame]
            for folder, names in _unknown_frames(self._of_video(video.video_id), position).items()
            for name, frame in meant_frames(names, frames).items()
        }
        for key, name in sorted(self._of_video(video.video_id).items()):
            index = position.get(key[-1], meant.get(key))
            # Under "error" whoever scores says which expressions there are; ignored ones are not even read.
            is_surplus = known is not None and not known(key) and self._tolerance.surplus == "ignore"
            if index is None:
                late.append(key)
            elif is_surplus:
                other += 1
            else:
                asked.append(_Asked(key, index, name))
        if late:
            for folder in sorted({key[:-1] for key in late}):
                mine = {key[-1] for key in self._of_video(video.video_id) if key[:-1] == folder}
                refuse_slips(mine, position, f"frame of video {video.video_id}", self._tolerance)
            shown = f"its frames are {frames[0]} to {frames[-1]}"
            refuse_surplus(video, [one_line("/".join(key), 200) for key in late], shown, self._tolerance)
        return asked, len(late) + other

    def _masks(
        self, video: Video, asked: list[_Asked]
    ) -> Iterator[tuple[_Asked, NDArray[np.bool_], Adjusted]]:
        """The masks of pictures that hold one each, and what was done to them."""
        for picture in asked:
            data, shown = self._tree.bytes_of(picture.name)
            mask, cut = read_mask(data, shown, self._tolerance.threshold)
            mask, resized = fit_array(mask, shown, video, self._tolerance)
            yield picture, mask, Adjusted(thresholded=cut, resized=resized)

    def _labels(
        self, video: Video, asked: list[_Asked]
    ) -> Iterator[tuple[_Asked, dict[int, Rle], bool, str]]:
        """The mask of every label of pictures that hold several, whether they were resized, and the file."""
        for picture in asked:
            data, shown = self._tree.bytes_of(picture.name)
            labels, resized = fit_array(
                masks.read_labels(data, shown, role="prediction"), shown, video, self._tolerance
            )
            yield picture, masks.split_labels(labels), resized, shown


class MaskFolders(_Pictures):
    """One picture per expression and frame."""

    def read(self, video: Video) -> VideoRows:
        """See `PredictionSource`."""
        known = {expression.expression_id for expression in video.expressions}
        mine = {key[0] for key in self._of_video(video.video_id)}
        refuse_slips(mine, known, f"expression of video {video.video_id}", self._tolerance)
        asked, surplus = self._asked(video, lambda key: key[0] in known)
        rows, adjusted = [], Adjusted(surplus=surplus)
        for picture, mask, changed in self._masks(video, asked):
            rows.append(_row(video, picture.key[0], picture.index, masks.encode(mask)))
            adjusted += changed
        return VideoRows(rows, adjusted)


class ObjectMaps(_Pictures):
    """One picture per frame with all objects in it, or one per object and frame."""

    def read(self, video: Video) -> VideoRows:
        """See `PredictionSource`; every object has a row in every frame that there is a label map for."""
        objects = list(label_ids(video))
        files = self._of_video(video.video_id)
        by_object = any(len(key) == 2 for key in files)
        read = self._of_objects if by_object else self._of_frames
        rows, adjusted = read(video, objects)
        return VideoRows(sorted(rows, key=lambda row: (row.expression_id, row.frame_index)), adjusted)

    def _of_objects(self, video: Video, objects: list[int]) -> tuple[list[Prediction], Adjusted]:
        folders: dict[int, str] = {}
        for folder, _ in self._of_video(video.video_id):
            if folders.setdefault(int(folder), folder) != folder:
                raise ScoreError(
                    f"video {video.video_id} has predictions in the folders {folders[int(folder)]} and "
                    f"{folder}, which are one object; remove the one that is wrong"
                )
        right = {str(obj) for obj in objects}
        refuse_slips(set(map(str, folders)), right, f"object of video {video.video_id}", self._tolerance)
        asked, surplus = self._asked(video, lambda key: int(key[0]) in objects)
        rows, adjusted = [], Adjusted(surplus=surplus)
        for picture, mask, changed in self._masks(video, asked):
            rows.append(_row(video, str(int(picture.key[0])), picture.index, masks.encode(mask)))
            adjusted += changed
        return rows, adjusted

    def _of_frames(self, video: Video, objects: list[int]) -> tuple[list[Prediction], Adjusted]:
        asked, surplus = self._asked(video, None)
        if asked and 0 in objects:
            raise ScoreError(
                f"video {video.video_id} has an object 0, which no label map can hold: 0 is the background "
                "there; write a mask per object, <sequence>/<object>/<frame>.png"
            )
        rows, adjusted = [], Adjusted(surplus=surplus)
        nothing = masks.empty(video.height, video.width)
        for picture, labels, resized, shown in self._labels(video, asked):
            unknown = labels.keys() - set(objects)
            if unknown and self._tolerance.surplus == "error":
                raise ScoreError(
                    f"{shown} holds {_labels_in_words(sorted(unknown))}, the objects of {video.video_id} are "
                    f"{objects}; a palette PNG holds object ids, a 0/255 mask per expression needs a "
                    "protocol for expressions. To leave out labels that are no object, add --surplus ignore"
                )
            rows += [_row(video, str(obj), picture.index, labels.get(obj, nothing)) for obj in objects]
            adjusted += Adjusted(surplus=len(unknown), resized=len(objects) * resized)
        return rows, adjusted


class AnnotatorMaps(_Pictures):
    """One picture per annotator and frame, with a label for each thing that the annotator describes."""

    merged = True

    def video_ids(self) -> tuple[str, ...]:
        """The sequences of any annotator, sorted."""
        return tuple(sorted({key[0] for files in self._files.values() for key in files}))

    def read(self, video: Video) -> VideoRows:
        """For each annotator, the labels from 1 to the largest; one empty label where nothing is marked."""
        maps: dict[str, dict[int, dict[int, Rle]]] = {}
        nothing = masks.empty(video.height, video.width)
        asked, surplus = self._asked(video, None)
        adjusted = Adjusted(surplus=surplus)
        for picture, labels, resized, shown in self._labels(video, asked):
            largest = max(labels, default=0)
            if largest > MAX_PROPOSALS:
                raise ScoreError(
                    f"{shown} holds the label {largest}, expected at most {MAX_PROPOSALS} labels, "
                    "counted from 1; is it a 0/255 mask, or a copy of annotations with void?"
                )
            maps.setdefault(picture.key[0], {})[picture.index] = labels
            adjusted += Adjusted(resized=len(labels) * resized)
        rows = [
            _row(video, f"{annotator}/{label}", index, labels.get(label, nothing))
            for annotator, frames in maps.items()
            for label in range(1, 1 + max(1, *(max(labels, default=0) for labels in frames.values())))
            for index, labels in frames.items()
        ]
        return VideoRows(rows, adjusted)

    def _of_video(self, video_id: str) -> Mapping[_Key, Name]:
        return {
            (annotator, key[1]): name
            for annotator, files in self._files.items()
            for key, name in files.items()
            if key[0] == video_id
        }


def _unknown_frames(files: Iterable[_Key], known: Mapping[str, int]) -> Mapping[_Key, list[str]]:
    """Folder -> the names of its pictures, of folders with a picture that is named after no frame."""
    folders: dict[_Key, list[str]] = {}
    for key in files:
        folders.setdefault(key[:-1], []).append(key[-1])
    return {folder: names for folder, names in folders.items() if not known.keys() >= set(names)}


def _row(video: Video, expression_id: str, index: int, mask: Rle) -> Prediction:
    return Prediction(
        video_id=video.video_id,
        expression_id=expression_id,
        frame_index=index,
        candidate=0,
        score=1.0,
        mask=mask,
    )


def _labels_in_words(labels: list[int]) -> str:
    if len(labels) <= 8:
        return f"the labels {labels}"
    return f"{len(labels)} labels from {labels[0]} to {labels[-1]}"
