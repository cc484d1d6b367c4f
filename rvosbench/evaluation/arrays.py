"""Answers in memory, as arrays or run lengths, scored without a file."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rvosbench import masks
from rvosbench.errors import ScoreError
from rvosbench.files.text import shown
from rvosbench.runs.tolerance import STRICT, Tolerance
from rvosbench.submission import PredictionSource, VideoRows
from rvosbench.submission.forms.detections import Detection, Detections
from rvosbench.submission.forms.frames import frames_of
from rvosbench.submission.forms.pixels import as_masks
from rvosbench.types import Rle, Segmentation, Video

Answer = NDArray[Any] | Sequence[Rle] | Segmentation | Mapping[str, NDArray[Any] | Rle]
"""The masks of one expression: an array (T, H, W), T run lengths, a segmentation with its candidates, or one
mask for each frame by the frame's name.

T is the number of the video's frames, or of its annotated frames alone. An array holds bool; whole numbers 0
and 1, or 0 and 255; floats 0 and 1; or, with a threshold, grey values from 0 to 255 or probabilities.
"""

Answering = (
    Mapping[tuple[str, str], Answer]
    | Iterable[tuple[str, Mapping[str, Answer]]]
    | Callable[[Video], Mapping[str, Answer]]
)
"""(video id, expression id) -> answer; or, video by video, (video id, {expression id: answer}); or a function
that answers a video. Under a protocol about objects, the object's id as text stands for the expression's."""


class Arrays(PredictionSource):
    """Answers in memory as a source of predictions."""

    def __init__(self, answers: Answering, video_ids: Iterable[str], tolerance: Tolerance = STRICT) -> None:
        """Sort the answers by video.

        Args:
            answers: a mapping, an iterable or a function.
            video_ids: of the split; a function is asked for all of them.
            tolerance: what may be wrong with them.

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
            ScoreError: an answer is not of the video's frames, or holds no masks.
            MaskSizeError: a mask has another size than the video.
        """
        answers = self._answers.get(video.video_id, {}) if self._function is None else self._function(video)
        detections = Detections(video, self._tolerance)
        for key, answer in answers.items():
            _add(detections, str(key), answer, self._tolerance.threshold)
        return detections.rows()


def _small(answer: Answer) -> Answer:
    if isinstance(answer, np.ndarray) and answer.dtype == np.bool_ and answer.ndim == 3:
        return masks.encode_many(answer)
    return answer


def _add(detections: Detections, expression_id: str, answer: Answer, threshold: int | None) -> None:
    where = f"the answer to expression {expression_id} of video {detections.video.video_id}"
    if isinstance(answer, Segmentation):
        shape = answer.masks.shape[:2]
        scores = answer.scores if answer.scores.ndim == 2 else answer.scores[:, None]
        every = np.broadcast_to(scores, shape).astype(float).tolist()
        for rank, (candidate, of_candidate) in enumerate(zip(answer.masks, every, strict=True)):
            track, cut = _track(candidate, where, threshold)
            detections.thresholded(cut)
            _add_track(
                detections,
                expression_id,
                frames_of(detections.video, len(track), where),
                track,
                of_candidate,
                rank,
                where,
            )
        return
    names: Sequence[object] | None = None
    if isinstance(answer, Mapping):
        names, answer = list(answer), _stacked(list(answer.values()))
    track, cut = _track(answer, where, threshold)
    detections.thresholded(cut)
    frames: Sequence[int | None] = (
        frames_of(detections.video, len(track), where)
        if names is None
        else detections.frame_names.positions(names, where)
    )
    _add_track(detections, expression_id, frames, track, [1.0] * len(track), 0, where, names)


def _add_track(
    detections: Detections,
    expression_id: str,
    frames: Sequence[int | None],
    track: Sequence[Rle],
    scores: Sequence[float],
    rank: int,
    where: str,
    names: Sequence[object] | None = None,
) -> None:
    for number, (frame, mask, score) in enumerate(zip(frames, track, scores, strict=True)):
        if frame is None:
            detections.surplus(expression_id, shown(names[number] if names else number))
        else:
            detections.add(Detection(expression_id, frame, mask, score, rank, where))


def _track(answer: object, where: str, threshold: int | None) -> tuple[Sequence[Rle], int]:
    """The masks of a track, and how many the threshold cut."""
    if isinstance(answer, np.ndarray):
        made, cut = as_masks(answer, where, threshold)
        return masks.encode_many(made), int(cut.sum())
    track = list(answer) if isinstance(answer, Sequence) and not isinstance(answer, str | bytes) else [answer]
    plain = [mask for mask in track if isinstance(mask, Rle)]
    if len(plain) != len(track):
        odd = next(mask for mask in track if not isinstance(mask, Rle))
        raise ScoreError(
            f"{where} is a list of {type(odd).__name__}; expected a (T, H, W) bool array or a list of "
            "rvosbench.types.Rle"
        )
    return plain, 0


def _stacked(values: list[Any]) -> Any:
    """(H, W) arrays of several frames as one; anything else as it is."""
    is_plain = values and all(isinstance(value, np.ndarray) for value in values)
    same = is_plain and len({(value.shape, value.dtype) for value in values}) == 1
    return np.stack(values) if same else values
