"""Videos scored by several processes, each a contiguous range at a time; the rows are those of one."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import replace
from typing import Any

from rvosbench.evaluation.collect import ScoredVideos, Task, joined, score_videos
from rvosbench.submission import PredictionSource
from rvosbench.work.pool import do_all
from rvosbench.work.shards import runs_of

_MOST_VIDEOS = 32  # of a range: progress is told after each
_RANGES_PER_WORKER = 4  # so that all end at about the same time


def score_spread(
    task: Task,
    video_ids: Sequence[str],
    reopen: Callable[[], PredictionSource],
    workers: int,
    on_progress: Callable[[int, int], None] | None = None,
) -> ScoredVideos:
    """As `score_videos`, by several processes.

    Args:
        task: what decides the rows.
        video_ids: of the split.
        reopen: opens the predictions of `task` once more, in another process.
        workers: how many processes score, this one among them.
        on_progress: called with (videos done, videos in all).

    Raises:
        WorkerError: a worker died, or the task cannot be sent.
        ScoreError, ShapeError: as `score_videos`, of the first video that they are true of.
    """
    if workers == 1 or len(video_ids) < 2:
        return score_videos(task, video_ids, on_progress)
    ranges = runs_of(video_ids, _MOST_VIDEOS, workers * _RANGES_PER_WORKER)
    parts: list[ScoredVideos] = []
    results = do_all(
        _Ranges(task, reopen),
        ranges,
        workers,
        keep=lambda scored: scored,
        shown=lambda ids: ids[0] if len(ids) == 1 else f"{ids[0]} to {ids[-1]}",
        what="the task",
        doing="scoring",
    )
    done = 0
    with closing(results):
        for ids, part in zip(ranges, results, strict=True):
            parts.append(part)
            done += len(ids)
            if on_progress is not None:
                on_progress(done, len(video_ids))
    return joined(parts)


class _Ranges:
    """Scores ranges. On its way to another process it leaves the open predictions behind."""

    def __init__(self, task: Task, reopen: Callable[[], PredictionSource]) -> None:
        self._task = task
        self._reopen = reopen

    def __call__(self, video_ids: Sequence[str]) -> ScoredVideos:
        return score_videos(self._task, video_ids)

    def __getstate__(self) -> dict[str, Any]:
        return {"task": replace(self._task, source=None), "reopen": self._reopen}  # type: ignore[arg-type]

    def __setstate__(self, state: dict[str, Any]) -> None:
        self._reopen = state["reopen"]
        self._task = replace(state["task"], source=self._reopen())
