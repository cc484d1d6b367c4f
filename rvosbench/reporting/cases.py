"""One expression of a run, with all that shows what happened: pixels, masks, scores over time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pyarrow.compute as pc
from numpy.typing import NDArray

from rvosbench import masks
from rvosbench.drawing import overlay
from rvosbench.errors import DatasetError, MissingPathError, ScoreError
from rvosbench.media.frames import open_frames
from rvosbench.media.images import RgbImage
from rvosbench.reporting.answers import ScoredRun, Track
from rvosbench.types import Video

Key = tuple[str, str]
"""(video id, expression id)"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Case:
    """An expression and its answer. `T` frames were scored, `S` of them are shown."""

    video_id: str
    expression_id: str
    text: str
    j: float
    f: float
    j_and_f: float
    frame_names: tuple[str, ...]  # T
    j_over_time: tuple[float, ...]  # T
    f_over_time: tuple[float, ...]  # T
    shown: tuple[int, ...]  # S positions among the T frames, ascending
    pixels: NDArray[np.uint8] | None  # (S, H, W, 3); None: the release is not there
    predicted: NDArray[np.bool_]  # (S, H, W)
    truth: NDArray[np.bool_]  # (S, H, W)


def read_cases(scored: ScoredRun, keys: Sequence[Key], *, frames: int = 6) -> list[Case]:
    """Load chosen expressions of a scored run, one video at a time.

    Args:
        scored: the run beside its store.
        keys: the expressions.
        frames: how many frames to show of each; see `key_frames`.

    Returns:
        One case per key, in order.

    Raises:
        ScoreError: the run does not hold a key.
        UnknownNameError: the store has no such video.
    """
    cases: dict[Key, Case] = {}
    for video_id in dict.fromkeys(video_id for video_id, _ in keys):
        cases |= cases_of(scored, *scored.video(video_id), keys, frames=frames)
    return [cases[key] for key in keys]


def cases_of(
    scored: ScoredRun, video: Video, tracks: Mapping[str, Track], keys: Sequence[Key], *, frames: int = 6
) -> dict[Key, Case]:
    """The cases of one video that are among `keys`; `video` and `tracks` are from `scored.video`.

    Raises:
        ScoreError: the run does not hold a key of this video.
    """
    rows = scored.expressions.filter(pc.equal(scored.expressions["video_id"], video.video_id)).to_pylist()
    totals = {row["expression_id"]: row for row in rows}
    cases = {}
    for video_id, expression_id in keys:
        if video_id != video.video_id:
            continue
        if expression_id not in totals or expression_id not in tracks:
            raise ScoreError(f"the run has no score for expression {expression_id} of video {video_id}")
        cases[video_id, expression_id] = _case(
            video, tracks[expression_id], totals[expression_id], scored.store.release, frames
        )
    return cases


def strip(case: Case, *, tile: tuple[int, int] = (150, 200), gap: int = 4) -> RgbImage:
    """A filmstrip: above the frames with the true contour, below what was right, invented and missed.

    Args:
        case: with S frames to show.
        tile: height and width in px that one frame must fit into; small frames are enlarged.
        gap: between frames, in px.

    Returns:
        (height, width, 3) uint8 RGB, S frames side by side.
    """
    H, W = case.truth.shape[1:]
    scale = min(tile[0] / H, tile[1] / W)
    size = (max(1, round(W * scale)), max(1, round(H * scale)))
    columns = []
    for place in range(len(case.shown)):
        pixels = np.full((H, W, 3), 128, np.uint8) if case.pixels is None else case.pixels[place]
        method = cv2.INTER_AREA if scale < 1 else cv2.INTER_CUBIC
        frame = np.asarray(cv2.resize(pixels, size, interpolation=method), np.uint8)
        truth, predicted = _resized(case.truth[place], size), _resized(case.predicted[place], size)
        above = overlay.contour(frame, truth)
        below = overlay.difference(frame, predicted, truth)
        line = np.full((gap, size[0], 3), 255, np.uint8)
        columns += [np.concatenate([above, line, below]), np.full((2 * size[1] + gap, gap, 3), 255, np.uint8)]
    return np.concatenate(columns[:-1], axis=1)


def _resized(mask: NDArray[np.bool_], size: tuple[int, int]) -> NDArray[np.bool_]:
    resized = cv2.resize(mask.astype(np.uint8), size, interpolation=cv2.INTER_NEAREST)
    return np.asarray(resized, np.uint8).astype(np.bool_)


def _case(video: Video, track: Track, totals: Mapping[str, Any], release: Path, count: int) -> Case:
    query = track.query
    j = tuple(row["j"] for row in track.rows)
    shown = key_frames(j, count)
    return Case(
        video_id=video.video_id,
        expression_id=query.expression_id,
        text=query.text or f"object {query.expression_id}",
        j=totals["j"],
        f=totals["f"],
        j_and_f=totals["j_and_f"],
        frame_names=tuple(video.frames[frame].name for frame in query.frames),
        j_over_time=j,
        f_over_time=tuple(row["f"] for row in track.rows),
        shown=shown,
        pixels=_pixels(video, release, [query.frames[place] for place in shown]),
        predicted=np.stack([masks.decode(track.masks[place]) for place in shown]),
        truth=np.stack([masks.decode(query.truths[place]) for place in shown]),
    )


def key_frames(j: Sequence[float], count: int) -> tuple[int, ...]:
    """At most `count` positions, evenly spread from the first frame to the last, one of them the worst.

    Args:
        j: region similarity of every frame.
        count: how many to choose; the lowest J takes the place of its neighbour.
    """
    chosen = [round(place) for place in np.linspace(0, len(j) - 1, min(count, len(j)))]
    worst = min(range(len(j)), key=lambda place: j[place])
    if j[worst] < min(j[place] for place in chosen):
        inner = range(1, len(chosen) - 1) if len(chosen) > 2 else range(len(chosen))
        nearest = min(inner, key=lambda place: abs(chosen[place] - worst))
        chosen[nearest] = worst
    return tuple(sorted(chosen))


def _pixels(video: Video, release: Path, indices: Sequence[int]) -> NDArray[np.uint8] | None:
    """(S, H, W, 3), or None: scores can be looked at on a machine that does not hold the release."""
    try:
        with open_frames(video, release) as reader:
            return reader.read(indices)
    except (MissingPathError, DatasetError):
        return None
