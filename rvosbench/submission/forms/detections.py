"""Masks of one video, in any order and number -> its rows, checked and ranked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from rvosbench.errors import ScoreError
from rvosbench.masks.run_lengths import foreground_areas
from rvosbench.runs.predictions import Prediction, check
from rvosbench.runs.tolerance import Adjusted, Tolerance
from rvosbench.submission.fitting import check_size, fit_rle
from rvosbench.submission.sources import VideoRows, refuse_surplus
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
        if self._surplus:
            frames = self.video.frames
            refuse_surplus(
                self.video,
                self._surplus,
                f"its frames are {frames[0].name} to {frames[-1].name}",
                self.tolerance,
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
        video, size = self.video, (self.video.height, self.video.width)
        odd = [n for n, one in enumerate(self._all) if (one.mask.height, one.mask.width) != size]
        for n in odd:
            check_size(
                self._all[n].mask.height, self._all[n].mask.width, self._all[n].where, video, self.tolerance
            )
        # Nothing is decoded before it is known to be whole.
        foreground_areas([self._all[n].mask for n in odd], lambda index: self._all[odd[index]].where)
        made = list(self._all)
        for n in odd:
            mask, _ = fit_rle(made[n].mask, made[n].where, video, self.tolerance)
            made[n] = replace(made[n], mask=mask)
        return made, len(odd)
