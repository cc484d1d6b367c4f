"""Masks of one video, in any order and number -> its rows, checked and ranked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import cv2
import numpy as np

from rvosbench import masks
from rvosbench.errors import MaskSizeError, ScoreError
from rvosbench.masks.run_lengths import foreground_areas
from rvosbench.runs.predictions import Prediction, check
from rvosbench.runs.tolerance import Adjusted, Tolerance
from rvosbench.submission.sources import VideoRows
from rvosbench.types import Rle, Video


@dataclass(frozen=True, slots=True)
class Detection:
    """One mask that somebody has for an expression in a frame."""

    expression_id: str
    frame: int  # position
    mask: Rle
    score: float | None  # None: nobody says
    rank: int | None  # None: by the score
    where: str  # for errors


class Detections:
    """Collects what is known about one video."""

    def __init__(self, video: Video, tolerance: Tolerance) -> None:
        """Nothing yet.

        Args:
            video: that the masks are of.
            tolerance: what may be wrong with them.
        """
        self.video = video
        self.tolerance = tolerance
        self._all: list[Detection] = []
        self._surplus: list[str] = []
        self._thresholded = 0

    def add(self, detection: Detection) -> None:
        """Take one mask."""
        self._all.append(detection)

    def surplus(self, expression_id: str, frame: object) -> None:
        """Remember a mask of a frame that the video does not have."""
        self._surplus.append(f"{expression_id}/{frame}")

    def thresholded(self, count: int) -> None:
        """Count masks that a threshold has cut."""
        self._thresholded += count

    def rows(self) -> VideoRows:
        """All rows, by expression, frame and candidate; of equal scores the first in the file comes first.

        Raises:
            ScoreError: masks of frames that the video does not have, two answers without scores, broken run
                lengths.
            MaskSizeError: a mask has another size than the video.
        """
        if self._surplus and self.tolerance.surplus == "error":
            frames = self.video.frames
            raise ScoreError(
                f"{len(self._surplus)} predictions of video {self.video.video_id} are of frames that it does "
                f"not have, such as {', '.join(self._surplus[:3])}; its frames are {frames[0].name} to "
                f"{frames[-1].name}"
            )
        detections, resized = self._of_one_size()
        grouped: dict[tuple[str, int], list[Detection]] = {}
        for detection in detections:
            grouped.setdefault((detection.expression_id, detection.frame), []).append(detection)
        rows = [
            Prediction(
                video_id=self.video.video_id,
                expression_id=expression_id,
                frame_index=frame,
                candidate=number if detection.rank is None else detection.rank,
                score=1.0 if detection.score is None else detection.score,
                mask=detection.mask,
            )
            for (expression_id, frame), group in sorted(grouped.items())
            for number, detection in enumerate(self._ranked(group))
        ]
        rows.sort(key=lambda row: (row.expression_id, row.frame_index, row.candidate))
        check(rows)
        return VideoRows(
            rows,
            Adjusted(surplus=len(self._surplus), resized=resized, thresholded=self._thresholded),
        )

    def _ranked(self, group: list[Detection]) -> list[Detection]:
        if len(group) == 1:
            return group
        if all(detection.rank is not None for detection in group):
            return group
        if any(detection.rank is not None or detection.score is None for detection in group):
            first = group[0]
            raise ScoreError(
                f"{group[1].where} is a second answer to {first.expression_id} of video "
                f"{self.video.video_id} in frame {self.video.frames[first.frame].name}; expected one, or a "
                "score for each"
            )
        return sorted(group, key=lambda detection: -(detection.score or 0.0))

    def _of_one_size(self) -> tuple[Sequence[Detection], int]:
        """The detections in the size of the video, and how many had another."""
        size = (self.video.height, self.video.width)
        odd = [n for n, one in enumerate(self._all) if (one.mask.height, one.mask.width) != size]
        if not odd:
            return self._all, 0
        first = self._all[odd[0]]
        if self.tolerance.resize == "error":
            turned = (first.mask.width, first.mask.height) == size
            raise MaskSizeError(
                f"{first.where} is {first.mask.height}x{first.mask.width} px (height x width), the video "
                f"{self.video.video_id} is {size[0]}x{size[1]}; "
                + (
                    "is its size written as [width, height]?"
                    if turned
                    else "masks are never resized, write them at the size of the frames"
                )
            )
        # Nothing is decoded before it is known to be whole.
        foreground_areas([self._all[n].mask for n in odd], lambda index: self._all[odd[index]].where)
        made = list(self._all)
        for n in odd:
            small = masks.decode(made[n].mask).view(np.uint8)
            large = cv2.resize(small, (size[1], size[0]), interpolation=cv2.INTER_NEAREST).view(np.bool_)
            made[n] = replace(made[n], mask=masks.encode(large))
        return made, len(odd)
