"""Training samples of a store's split: every (video, expression, window), by number.

Sample `index` of epoch `epoch` is a pure function of (seed, epoch, index): it does not depend on which
worker makes it, nor on what was asked before.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor
from torch.utils.data import Dataset

from rvosbench import masks
from rvosbench.errors import DatasetError, MissingPathError, TrainingError
from rvosbench.loader.augment import Sample
from rvosbench.loader.cache import ByteCache
from rvosbench.loader.windows import Window
from rvosbench.media.frames import open_frames
from rvosbench.media.resize import Side, resize_frames, resize_masks
from rvosbench.store import Store
from rvosbench.types import VOID, Expression, Video

DEFAULT_CACHE_BYTES = 1024**3


@dataclass(frozen=True, slots=True)
class _Record:
    """One window of one expression."""

    expression: Expression
    clip: int  # as the window counts


@dataclass(slots=True)
class _Timeline:
    """What the choice of frames needs to know of a video; its pixels and masks are read later."""

    annotated: list[int]
    length: int  # frames
    shown: dict[int, set[int]]  # object -> annotated frames with a mask that is not empty

    def shows(self, expression: Expression) -> frozenset[int]:
        return frozenset().union(*(self.shown.get(i, set()) for i in expression.object_ids or ()))


class Samples(Dataset[Sample]):
    """The training samples of one split, decoded once and kept small in memory.

    Left out: expressions without a target or with hidden ground truth, and windows in which the object
    is never seen. An expression about several objects means their union, which is one row of the target.
    """

    def __init__(
        self,
        store: Store,
        split: str,
        window: Window,
        *,
        side: Side,
        seed: int,
        augment: Callable[[Sample, np.random.Generator], Sample] | None = None,
        with_other_objects: bool = True,
        longest_expression: int | None = None,
        cache: ByteCache | None = None,
    ) -> None:
        """List the samples; no pixel is read.

        Args:
            store: an open store.
            split: the split to train on.
            window: how clips are cut.
            side: the size that clips are shrunk or grown to before they are cached.
            seed: not negative.
            augment: changes a sample by its own rng.
            with_other_objects: the target also holds the video's other objects that the clip shows.
            longest_expression: leave out expressions of more words.
            cache: keeps decoded frames and masks, per process; one may serve several lists of samples of
                the same split and side.

        Raises:
            UnknownNameError: no such split.
            TrainingError: the split has nothing to train on.
        """
        self.window = window
        self.side = side
        self.seed = seed
        self._store = store
        self._split = split
        self._augment = augment
        self._with_other_objects = with_other_objects
        self._longest_expression = longest_expression
        self._cache = ByteCache(DEFAULT_CACHE_BYTES) if cache is None else cache  # an empty one is falsy
        objects = store.table("objects", split, ["category"])
        names = sorted({name for name in objects["category"].to_pylist() if name not in (None, VOID)})
        self.categories = tuple(names)  # alphabetical; a label is a position in it
        self._label = {name: label for label, name in enumerate(names)}
        self._timelines = _timelines(store, split)
        self._records = self._list()

    def __len__(self) -> int:
        return len(self._records)

    def __getitem__(self, position: tuple[int, int]) -> Sample:
        """The sample at (epoch, index).

        Raises:
            DatasetError: a frame is missing or damaged; names the sample and the file.
            FormatError: the store is damaged.
        """
        epoch, index = position
        record = self._records[index]
        rng = np.random.default_rng((self.seed, epoch, index))
        clip = self._cut(record, rng)
        name = _name(record, clip)
        video = self._video(record.expression.video_id)
        wanted = self.window.wanted(clip, self._timelines[video.video_id].annotated)
        try:
            rows, labels = self._rows(video, record.expression, [clip[position] for position in wanted])
            frames = self._frames(video, clip)
        except (DatasetError, MissingPathError) as error:
            raise DatasetError(f"sample {name} of {self._store.folder}/{self._split}: {error}") from error
        sample = Sample(
            name=name,
            frames=frames,
            masks=rows,
            labels=labels,
            referred=0,
            text=record.expression.text,
            wanted=wanted,
        )
        return self._augment(sample, rng) if self._augment else sample

    def name(self, position: tuple[int, int]) -> str:
        """What to call the sample at (epoch, index) in a message; reads no pixel."""
        epoch, index = position
        rng = np.random.default_rng((self.seed, epoch, index))
        return _name(self._records[index], self._cut(self._records[index], rng))

    def _list(self) -> list[_Record]:
        expressions = self._store.expressions(self._split)
        if self._longest_expression is not None:
            expressions = tuple(e for e in expressions if len(e.text.split()) <= self._longest_expression)
        records = []
        for expression in expressions:
            timeline = self._timelines[expression.video_id]
            shown = timeline.shows(expression)
            if shown:
                clips = self.window.clips(timeline.annotated, shown)
                records += [_Record(expression, clip) for clip in clips]
        if not records:
            hidden = sum(expression.object_ids is None for expression in expressions)
            raise TrainingError(
                f"{self._store.folder} has no ground truth to train on in split '{self._split}' "
                f"({len(expressions)} expressions{self._limit()}, {hidden} with hidden ground truth); "
                f"expected expressions with masks, choose another split of: {', '.join(self._store.splits)}"
            )
        return records

    def _limit(self) -> str:
        return "" if self._longest_expression is None else f" of at most {self._longest_expression} words"

    def _cut(self, record: _Record, rng: np.random.Generator) -> tuple[int, ...]:
        timeline = self._timelines[record.expression.video_id]
        shown = timeline.shows(record.expression)
        return self.window.cut(record.clip, timeline.annotated, shown, timeline.length, rng)

    def _rows(self, video: Video, expression: Expression, frames: Sequence[int]) -> tuple[Tensor, Tensor]:
        """Masks (N, K, h, w) bool and labels (N,) int64; row 0 is what the expression means."""
        objects = [entry for entry in video.objects if entry.category != VOID]
        masks_of_all = self._masks(video, frames)
        meant = [row for row, entry in enumerate(objects) if entry.object_id in (expression.object_ids or ())]
        rows = [masks_of_all[meant].any(0)]
        labels = [self._label.get(objects[meant[0]].category or "", 0)]
        if self._with_other_objects:
            seen = masks_of_all.flatten(1).any(1).tolist()
            for row in range(len(objects)):
                if row not in meant and seen[row]:
                    rows.append(masks_of_all[row])
                    labels.append(self._label.get(objects[row].category or "", 0))
        return torch.stack(rows), torch.tensor(labels)

    def _video(self, video_id: str) -> Video:
        def size(video: Video) -> int:
            packed = sum(200 + len(frame.encoded or b"") for frame in video.frames)
            return packed + sum(200 + len(rle.counts) for rle in video.masks.values())

        video: Video = self._cache.get_or_make(
            video_id, lambda: self._store.video(self._split, video_id), size
        )
        return video

    def _frames(self, video: Video, clip: Sequence[int]) -> Tensor:
        """(T, h, w, 3) uint8."""
        height, width = self.side.of(video.height, video.width)
        frames = np.empty((len(clip), height, width, 3), np.uint8)
        missing: dict[int, list[int]] = {}  # frame -> its positions in the clip
        for position, frame in enumerate(clip):
            cached = self._cache.get((video.video_id, frame))
            if cached is None:
                missing.setdefault(frame, []).append(position)
            else:
                frames[position] = cached
        if missing:
            with open_frames(video, self._store.release) as reader:
                pixels = resize_frames(reader.read(tuple(missing)), height, width)
            for (frame, positions), frame_pixels in zip(missing.items(), pixels, strict=True):
                frames[positions] = frame_pixels
                self._cache.put_array((video.video_id, frame), frame_pixels)
        return torch.from_numpy(frames)

    def _masks(self, video: Video, frames: Sequence[int]) -> Tensor:
        """All objects in some frames, (N, K, h, w) bool."""
        height, width = self.side.of(video.height, video.width)
        objects = [entry.object_id for entry in video.objects if entry.category != VOID]
        small = np.zeros((len(objects), len(frames), height, width), np.bool_)
        for column, frame in enumerate(frames):
            key = (video.video_id, frame, "masks")
            cached = self._cache.get(key)
            if cached is not None:
                small[:, column] = cached
                continue
            for row, object_id in enumerate(objects):
                rle = video.masks.get((object_id, frame))
                if rle is not None:
                    small[row, column] = resize_masks(masks.decode(rle), height, width)
            self._cache.put_array(key, small[:, column])
        return torch.from_numpy(small)


def _timelines(store: Store, split: str) -> dict[str, _Timeline]:
    """Every video of a split, without its pixels and run lengths."""
    timelines: dict[str, _Timeline] = defaultdict(lambda: _Timeline([], 0, defaultdict(set)))
    frames = store.table("frames", split, ["video_id", "frame_index", "annotated"])
    for video_id, frame, annotated in zip(*(column.to_pylist() for column in frames.columns), strict=True):
        timelines[video_id].length += 1
        if annotated:
            timelines[video_id].annotated.append(frame)
    rows = store.table("masks", split, ["video_id", "object_id", "frame_index", "area"])
    for video_id, object_id, frame, area in zip(
        *(column.to_pylist() for column in rows.columns), strict=True
    ):
        if area > 0:
            timelines[video_id].shown[object_id].add(frame)
    return dict(timelines)


def _name(record: _Record, clip: Sequence[int]) -> str:
    expression = record.expression
    long = len(clip) > 16
    frames = f"{clip[0]}-{clip[-1]}" if long else ",".join(str(frame) for frame in clip)
    return f"{expression.video_id}/{expression.expression_id} at frames {frames}"
