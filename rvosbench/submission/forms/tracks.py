"""What a JSON file holds for one expression: a mask per frame, by position or by name, with scores.

```text
[rle | null, ...]                                  a mask for each frame, or each annotated frame
{"00000": rle | null, "00005": ...}                by the names of the frames
{"frames": [...], "prediction_masks": [...], "score": 0.9}
[{"prediction_masks": [...]}, ...]                 candidates, best first
```
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rvosbench import masks
from rvosbench.errors import ScoreError
from rvosbench.files.text import shown
from rvosbench.submission.forms.detections import Detection, Detections
from rvosbench.submission.forms.frames import frames_of
from rvosbench.submission.forms.run_lengths import foreign_rle, is_run_lengths

MASKS = (
    *("prediction_masks", "pred_masks", "predictions", "segmentations", "segmentation", "masks", "mask"),
    *("masks_rle", "mask_rle", "rles", "rle"),
)
"""The keys that hold masks in a record."""

_FRAMES = ("frames", "frame_names", "file_names")
_FRAME = ("frame", "frame_name", "file_name")
SCORES = ("score", "scores", "confidence")
"""The keys that hold how sure a model is."""


def add_answer(
    detections: Detections, expression_id: str, value: object, where: str, frames: object = None
) -> None:
    """Take all that is said about one expression.

    Args:
        detections: where to put it.
        expression_id: that it answers.
        value: in any of the forms above.
        where: what to call it in an error.
        frames: the names of the frames, where the file says them once for a video.

    Raises:
        ScoreError: it is none of these forms, or has another number of masks than the video has frames.
    """
    if isinstance(value, list) and value and all(map(_is_record, value)):
        for rank, candidate in enumerate(value):
            _add_record(detections, expression_id, candidate, f"{where}, candidate {rank}", frames, rank)
    elif _is_record(value):
        assert isinstance(value, dict)
        _add_record(detections, expression_id, value, where, frames, None)
    else:
        _add_masks(detections, expression_id, value, frames, None, where, None)


def add_record(detections: Detections, expression_id: str, record: Mapping[str, Any], where: str) -> None:
    """Take one record of a list, which has its masks under one of `MASKS`.

    Raises:
        ScoreError: as `add_answer`.
    """
    _add_record(detections, expression_id, record, where, None, None)


def mask_key(record: Mapping[str, Any]) -> str | None:
    """The key of `MASKS` that a record holds its masks under."""
    keys = [key for key in MASKS if key in record]
    return next((key for key in keys if record[key] is not None), keys[0] if keys else None)


def _is_record(value: object) -> bool:
    return isinstance(value, dict) and not is_run_lengths(value) and mask_key(value) is not None


def _add_record(
    detections: Detections,
    expression_id: str,
    record: Mapping[str, Any],
    where: str,
    frames: object,
    rank: int | None,
) -> None:
    key = mask_key(record)
    held = [name for name in MASKS if record.get(name) is not None]
    if len(held) > 1:
        raise ScoreError(f"{where} holds masks under {' and '.join(held)}; expected one of them")
    own = next((record[name] for name in _FRAMES if record.get(name) is not None), None)
    single = next((record[name] for name in _FRAME if record.get(name) is not None), None)
    if key is None or (record[key] is None and single is None):
        raise ScoreError(
            f"{where} holds no masks; were only files of masks written? name their folder instead"
        )
    value = record[key]
    if single is not None and own is None and not isinstance(value, list):
        own, value = [single], [value]
    scores = next((record[name] for name in SCORES if record.get(name) is not None), None)
    _add_masks(detections, expression_id, value, frames if own is None else own, scores, where, rank)


def _add_masks(
    detections: Detections,
    expression_id: str,
    value: object,
    frames: object,
    scores: object,
    where: str,
    rank: int | None,
) -> None:
    if is_run_lengths(value):
        value = [value]
    if isinstance(value, dict):
        if not value or not all(mask is None or is_run_lengths(mask) for mask in value.values()):
            raise ScoreError(
                f"{where} is {shown(value)}; expected a list of run lengths or null, one for each frame, or "
                "run lengths by the names of the frames"
            )
        frames, value = list(value), list(value.values())
    if not isinstance(value, list):
        raise ScoreError(
            f"{where} is {shown(value)}; expected a list of run lengths or null, one for each frame"
        )
    where_masks = [_alone(mask) for mask in value]
    positions = _positions(detections, len(value), frames, where)
    all_scores = _scores(scores, len(value), where)
    empty = masks.empty(detections.video.height, detections.video.width) if None in where_masks else None
    for number, (position, mask, score) in enumerate(zip(positions, where_masks, all_scores, strict=True)):
        if position is None:
            detections.surplus(expression_id, _frame_name(frames, number))
            continue
        name = f"{where}, frame {detections.video.frames[position].name}"
        rle = foreign_rle(mask, name) if mask is not None or empty is None else empty
        detections.add(Detection(expression_id, position, rle, score, rank, name))


def _alone(mask: object) -> object:
    """A mask that is the only one in a list of its own: masks of the shape (1, H, W) are written so."""
    if isinstance(mask, list) and len(mask) == 1 and (mask[0] is None or is_run_lengths(mask[0])):
        return mask[0]
    return mask


def _positions(detections: Detections, count: int, frames: object, where: str) -> Sequence[int | None]:
    if frames is None:
        return frames_of(detections.video, count, where)
    if not isinstance(frames, list) or len(frames) != count:
        named = len(frames) if isinstance(frames, list) else shown(frames)
        raise ScoreError(f"{where} has {count} masks and names {named} frames; expected as many")
    return detections.frame_names.positions(frames, where)


def _frame_name(frames: object, number: int) -> str:
    return shown(frames[number]).strip("'\"") if isinstance(frames, list) else str(number)


def _scores(scores: object, count: int, where: str) -> Sequence[float | None]:
    if scores is None:
        return [None] * count
    every = scores if isinstance(scores, list) else [scores] * count
    if len(every) != count:
        raise ScoreError(f"{where} has {count} masks and {len(every)} scores; expected one, or as many")
    return [_score(score, where) for score in every]


def _score(score: object, where: str) -> float:
    if not isinstance(score, int | float) or isinstance(score, bool) or abs(score) > 1e300:
        raise ScoreError(f"{where} has the score {shown(score)}; expected a finite number")
    return float(score)
