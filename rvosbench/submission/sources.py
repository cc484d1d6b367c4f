"""What predictions are to whoever scores them, read one video at a time; and those of Parquet."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from rvosbench.errors import ScoreError
from rvosbench.files.text import one_line
from rvosbench.runs.predictions import Prediction, Predictions
from rvosbench.runs.tolerance import NOTHING, STRICT, Adjusted, Tolerance
from rvosbench.submission.fitting import fit_rle
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

    def __init__(self, predictions: Predictions, tolerance: Tolerance = STRICT) -> None:
        """Read rows of `predictions` with what `tolerance` lets pass."""
        self._predictions = predictions
        self._tolerance = tolerance

    def video_ids(self) -> tuple[str, ...]:
        """See `PredictionSource`."""
        return self._predictions.video_ids()

    def read(self, video: Video) -> VideoRows:
        """See `PredictionSource`."""
        rows = self._predictions.video(video.video_id)
        surplus = [row for row in rows if row.frame_index >= len(video.frames)]
        if surplus:
            refuse_surplus(
                video,
                [f"{row.expression_id}/{row.frame_index}" for row in surplus],
                f"it has {len(video.frames)} frames, counted from 0",
                self._tolerance,
            )
            rows = [row for row in rows if row.frame_index < len(video.frames)]
        fitted = [fit_rle(row.mask, str(row), video, self._tolerance) for row in rows]
        resized = sum(changed for _, changed in fitted)
        if resized:
            rows = [replace(row, mask=mask) for row, (mask, _) in zip(rows, fitted, strict=True)]
        asked = {(row.expression_id, row.frame_index) for row in surplus}
        return VideoRows(rows, Adjusted(surplus=len(asked), resized=resized))


def refuse_surplus(video: Video, surplus: Sequence[str], frames: str, tolerance: Tolerance) -> None:
    """Refuse predictions of frames that a video does not have, unless they may be ignored.

    Args:
        video: the video.
        surplus: <expression>/<frame> of each; at least one.
        frames: which frames it has, for the message.
        tolerance: what is let pass.

    Raises:
        ScoreError: with their number and the first of them.
    """
    if tolerance.surplus == "error":
        raise ScoreError(
            f"{len(surplus)} predictions of video {video.video_id} are of frames that it does not have, "
            f"such as {', '.join(surplus[:3])}; {frames}; are they numbered differently? To leave them out, "
            "add --surplus ignore"
        )


def refuse_other_case(names: Collection[str], known: Collection[str], what: str) -> None:
    """Refuse names that are known but for upper and lower case: not surplus, but a slip.

    Args:
        names: that are not known.
        known: the right ones.
        what: "video" or "frame of video x" and the like.

    Raises:
        ScoreError: naming both.
    """
    folded = {name.casefold(): name for name in known}
    for name in sorted(names):
        right = folded.get(name.casefold())
        if right is not None and right != name:
            raise ScoreError(
                f"there are predictions for the {what} {one_line(name, 200)!r}, which is called {right!r}; "
                "upper and lower case differ, rename it"
            )
