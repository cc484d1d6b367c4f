"""Answers in memory, as arrays or run lengths, scored without a file."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any, TypeGuard

import numpy as np
from numpy.typing import NDArray

from rvosbench import masks
from rvosbench.errors import ScoreError
from rvosbench.runs.predictions import Prediction, check
from rvosbench.runs.tolerance import STRICT, Adjusted, Tolerance
from rvosbench.submission import VideoRows
from rvosbench.submission.fitting import fit_rle
from rvosbench.types import Rle, Segmentation, Video

Answer = NDArray[np.bool_] | Sequence[Rle] | Segmentation
"""The masks of one expression: (T, H, W) bool, T run lengths, or a segmentation with its candidates.

T is the number of the video's frames, or of its annotated frames alone.
"""

Answering = (
    Mapping[tuple[str, str], Answer]
    | Iterable[tuple[str, Mapping[str, Answer]]]
    | Callable[[Video], Mapping[str, Answer]]
)
"""(video id, expression id) -> answer; or, video by video, (video id, {expression id: answer}); or a function
that answers a video. Under a protocol about objects, the object's id as text stands for the expression's."""


class Arrays:
    """Answers in memory as a source of predictions."""

    merged = False
    notes: tuple[str, ...] = ()

    def __init__(self, answers: Answering, video_ids: Iterable[str], tolerance: Tolerance = STRICT) -> None:
        """Sort the answers by video.

        Args:
            answers: a mapping, an iterable or a function.
            video_ids: of the split; a function is asked for all of them.
            tolerance: whether masks of another size are resized.

        Raises:
            ScoreError: `answers` is none of these.
        """
        self._answers: dict[str, Mapping[str, Answer]] = {}
        self._function: Callable[[Video], Mapping[str, Answer]] | None = None
        self._video_ids = tuple(sorted(video_ids))
        self._tolerance = tolerance
        if isinstance(answers, Mapping):
            grouped: dict[str, dict[str, Answer]] = {}
            for key, answer in answers.items():
                if not isinstance(key, tuple) or len(key) != 2:
                    raise ScoreError(
                        f"the answers have the key {key!r}; expected (video id, expression id) for each"
                    )
                grouped.setdefault(str(key[0]), {})[str(key[1])] = answer
            self._answers = dict(grouped)
        elif callable(answers):
            self._function = answers
        elif isinstance(answers, Iterable):
            for video_id, of_video in answers:
                # As run lengths at once: a generator may hold one video's arrays at a time.
                self._answers[str(video_id)] = {str(k): _small(answer) for k, answer in of_video.items()}
        else:
            raise ScoreError(
                f"the answers are of type {type(answers).__name__}; expected a mapping from (video id, "
                "expression id) to masks, an iterable by video or a function of a video"
            )

    def video_ids(self) -> tuple[str, ...]:
        """The videos that answers are there for, sorted."""
        return self._video_ids if self._function is not None else tuple(sorted(self._answers))

    def read(self, video: Video) -> VideoRows:
        """All rows of one video.

        Raises:
            ScoreError: an answer is not of the video's frames, or not of bool masks.
            MaskSizeError: a mask has another size than the video.
        """
        answers = self._answers.get(video.video_id, {}) if self._function is None else self._function(video)
        rows, resized = [], 0
        for key, answer in answers.items():
            for row in _rows(video, str(key), answer):
                where = f"the answer to expression {row.expression_id} of video {video.video_id}"
                mask, changed = fit_rle(row.mask, where, video, self._tolerance)
                rows.append(replace(row, mask=mask) if changed else row)
                resized += changed
        rows.sort(key=lambda row: (row.expression_id, row.frame_index, row.candidate))
        check(rows)
        return VideoRows(rows, Adjusted(resized=resized))


def _small(answer: Answer) -> Answer:
    return masks.encode_many(answer) if _is_bool_masks(answer) else answer


def _is_bool_masks(answer: object) -> TypeGuard[NDArray[np.bool_]]:
    return isinstance(answer, np.ndarray) and answer.dtype == np.bool_ and answer.ndim == 3


def _rows(video: Video, expression_id: str, answer: Answer) -> list[Prediction]:
    where = f"the answer to expression {expression_id} of video {video.video_id}"
    candidates = _candidates(answer, where)
    frames = _frames(video, len(candidates[0][0]), where)
    rows = []
    for number, (track, scores) in enumerate(candidates):
        for frame, mask, score in zip(frames, track, scores, strict=True):
            rows.append(
                Prediction(
                    video_id=video.video_id,
                    expression_id=expression_id,
                    frame_index=frame,
                    candidate=number,
                    score=score,
                    mask=mask,
                )
            )
    return rows


def _candidates(answer: Answer, where: str) -> list[tuple[Sequence[Rle], Sequence[float]]]:
    """(T masks, T scores) of every candidate, best first."""
    if isinstance(answer, Segmentation):
        scores = np.broadcast_to(
            answer.scores if answer.scores.ndim == 2 else answer.scores[:, None], answer.masks.shape[:2]
        )
        tracks = [masks.encode_many(_checked(candidate, where)) for candidate in answer.masks]
        return list(zip(tracks, scores.astype(float).tolist(), strict=True))
    track = masks.encode_many(_checked(answer, where)) if isinstance(answer, np.ndarray) else list(answer)
    if not all(isinstance(mask, Rle) for mask in track):
        raise ScoreError(
            f"{where} is a list of {type(track[0]).__name__}; expected a (T, H, W) bool array or a list of "
            "rvosbench.types.Rle"
        )
    return [(track, [1.0] * len(track))]


def _checked(candidate: NDArray[Any], where: str) -> NDArray[np.bool_]:
    if not _is_bool_masks(candidate):
        raise ScoreError(
            f"{where} is {candidate.shape} {candidate.dtype}; expected (T, H, W) bool: compare scores with a "
            "threshold, 0/255 with > 0"
        )
    return candidate


def _frames(video: Video, count: int, where: str) -> Sequence[int]:
    """The positions that `count` masks are of: all frames, or the annotated ones."""
    if count == len(video.frames):
        return range(count)
    annotated = [index for index, frame in enumerate(video.frames) if frame.annotated]
    if count == len(annotated):
        return annotated
    raise ScoreError(
        f"{where} has {count} masks; the video has {len(video.frames)} frames, {len(annotated)} of them "
        "annotated, expected one mask for each of either"
    )
