"""What predictions are to whoever scores them, read one video at a time; and those of Parquet."""

from __future__ import annotations

import unicodedata
from abc import ABC, abstractmethod
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

from rvosbench.errors import ScoreError
from rvosbench.files.text import one_line, shown, some
from rvosbench.runs.predictions import Prediction, Predictions
from rvosbench.runs.record import RunRecord
from rvosbench.runs.tolerance import NOTHING, STRICT, Adjusted, Tolerance
from rvosbench.submission.fitting import fit_rle
from rvosbench.types import Video


@dataclass(frozen=True, slots=True)
class VideoRows:
    """The rows of one video, sorted by expression, frame and candidate."""

    rows: list[Prediction]
    adjusted: Adjusted = NOTHING  # what had to be let pass to read them


class PredictionSource(ABC):
    """Predictions from wherever, one video at a time."""

    merged: bool = False
    """The expressions of an annotator are merged: expression_id is <annotator>/<label>."""
    notes: tuple[str, ...] = ()
    """What a reader should know about how they were found, such as a folder around them that was entered."""
    strays: int = 0
    """Files outside the layout that are ignored."""
    record: RunRecord | None = None
    """Of the run that they were found in, in an archive."""

    @abstractmethod
    def video_ids(self) -> tuple[str, ...]:
        """The videos that predictions are there for, sorted."""

    @abstractmethod
    def read(self, video: Video) -> VideoRows:
        """All rows of one video.

        Raises:
            ScoreError: rows that cannot be scored, or that belong to nothing in this video.
            MaskSizeError: a mask has another size than the video.
        """


class ParquetSource(PredictionSource):
    """Rows as `rvos predict` writes them."""

    def __init__(
        self, predictions: Predictions, tolerance: Tolerance = STRICT, record: RunRecord | None = None
    ) -> None:
        """Read rows of `predictions` with what `tolerance` lets pass.

        Args:
            predictions: the rows.
            tolerance: what is let pass.
            record: of the run that they were found in, in an archive.
        """
        self.record = record
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


def unasked(
    names: Collection[str], known: Collection[str], unit: str, video: Video, tolerance: Tolerance
) -> set[str]:
    """The expressions or objects with predictions that nobody asked for, if they may be ignored.

    Args:
        names: all that predictions of the video have.
        known: those that are asked.
        unit: "expression" or "object".
        video: whose they are.
        tolerance: whether surplus is ignored.

    Raises:
        ScoreError: there are some, and they are refused, or only look surplus, see `refuse_slips`.
    """
    unknown = set(names) - set(known)
    if not unknown:
        return unknown
    refuse_slips(names, known, f"{unit} of video {video.video_id}", tolerance)
    if tolerance.surplus == "error":
        names_shown = some(one_line(name, 60) for name in unknown)
        raise ScoreError(
            f"there are predictions for {names_shown} of video {video.video_id}, which has "
            f"{some(known, 5) or 'none'} (unit: {unit}); are they of another version of the dataset, or for "
            "another protocol? To leave them out, add --surplus ignore"
        )
    return unknown


def refuse_slips(names: Collection[str], known: Collection[str], what: str, tolerance: Tolerance) -> None:
    """Refuse names that only look surplus: known ones in other letters, or counted differently.

    Ignoring them would leave out, or give to others, what was meant for the known ones.

    Args:
        names: all names that predictions have.
        known: the right ones.
        what: "video", "frame of video x" and the like.
        tolerance: whether surplus would be ignored; else it is refused anyway, with all there is to say.

    Raises:
        ScoreError: a name is known but for upper and lower case, the form of its accents or spaces around
            it; or the names count from 0 or 1 and the right ones do not.
    """
    unknown = set(names) - set(known)
    folded = {_folded(name): name for name in known}
    for name in sorted(unknown):
        if _folded(name) in folded:
            right = shown(folded[_folded(name)], 200)
            raise ScoreError(
                f"there are predictions for the {what} {shown(name, 200)}, which is called {right}; upper "
                "and lower case, accents or spaces differ, rename it"
            )
    if tolerance.surplus == "ignore" and unknown and _counted_differently(names, known):
        raise ScoreError(
            f"the predictions for each {what} are numbered {min(names)} to {max(names)}, expected "
            f"{some(known)}; they are counted differently and some would be taken for others, rename them"
        )


def _counted_differently(names: Collection[str], known: Collection[str]) -> bool:
    if set(known) <= set(names) or not _are_counted(names):
        return False
    return len(names) == len(known) or (len(names) > 2 and not _are_counted(known))


def _folded(name: str) -> str:
    return unicodedata.normalize("NFC", name).casefold().strip()


def _are_counted(names: Collection[str]) -> bool:
    """Whether names are 0, 1, 2 ... or 1, 2, 3 ..., at least two of them."""
    if len(names) < 2 or not all(name.isdecimal() and len(name) < 20 for name in names):
        return False
    numbers = sorted(map(int, names))
    return numbers[0] in (0, 1) and numbers == list(range(numbers[0], numbers[0] + len(numbers)))
