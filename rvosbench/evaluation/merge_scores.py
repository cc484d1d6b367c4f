"""Scores of all parts -> those of the whole: rows joined, numbers and intervals computed from all of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

from rvosbench.errors import ScoreError
from rvosbench.evaluation.checks import check_scored
from rvosbench.evaluation.collect import joined
from rvosbench.evaluation.evaluate import figures
from rvosbench.evaluation.inputs import Given
from rvosbench.evaluation.part_files import read_part
from rvosbench.plugins.registry import METRICS
from rvosbench.runs.run import PREDICTIONS, Run
from rvosbench.runs.scores import Scores


def common_protocols(runs: Sequence[Run]) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """The protocols that all parts were scored under; and one remark for each that only some were."""
    names = [set(run.protocols) for run in runs]
    common = set.intersection(*names)
    notes = []
    for name in sorted(set.union(*names) - common):
        have = sum(name in held for held in names)
        notes.append(
            f"{have} of {len(runs)} parts were scored under '{name}', whose scores are left behind; score "
            "the run"
        )
    return tuple(sorted(common)), tuple(notes)


# What decides a row or a number, of those that are not the part's own.
_SAME = (
    *("dataset", "split", "store_fingerprint", "protocol", "tolerance", "seed", "model", "traits"),
    *("settings", "mismatched_expressions"),
)


def merged_scores(
    runs: Sequence[Run], protocol: str, *, elsewhere: bool, allow_empty: bool = False
) -> Scores:
    """The scores of the whole, with their tables.

    Args:
        runs: the parts, in order.
        protocol: all were scored under it.
        elsewhere: the predictions are where the parts say; else in the run.
        allow_empty: masks may be empty without exception.

    Raises:
        ScoreError: two parts were scored differently.
        FormatError: a table is damaged.
    """
    scored = [run.scores(protocol) for run in runs]
    first = scored[0]
    for run, scores in zip(runs[1:], scored[1:], strict=True):
        for name in (*_SAME, *(("predictions",) if elsewhere else ())):
            if getattr(scores, name) != getattr(first, name):
                what = "predictions" if name == "predictions" else name.replace("_", " ")
                raise ScoreError(
                    f"the scores of {run.path} (shard {scores.shard}) under '{protocol}' were made with "
                    f"another {what} than those of {runs[0].path}; score shard {scores.shard} like the others"
                )
        if set(scores.metrics) != set(first.metrics):
            raise ScoreError(
                f"{run.path} (shard {scores.shard}) was scored with the metrics {', '.join(scores.metrics)}, "
                f"{runs[0].path} with {', '.join(first.metrics)}; score shard {scores.shard} like the others"
            )
    for run, scores in zip(runs, scored, strict=True):
        own = run.record.shard if run.record else scores.shard
        if scores.shard is None or scores.shard != own:
            raise ScoreError(
                f"the scores in {run.path} under '{protocol}' are not of shard {own}; score it again"
            )
    parts = [
        read_part(run.scores_folders[protocol], scores) for run, scores in zip(runs, scored, strict=True)
    ]
    filled = [part.expressions["video_id"].to_pylist() for part in parts if part.expressions.num_rows]
    for before, after in pairwise(filled):
        if before[-1] >= after[0]:
            raise ScoreError(
                f"the scores of two parts overlap: video {after[0]} comes after {before[-1]}; were they made "
                "with the same --limit? score the parts again"
            )
    whole = joined(parts)
    metrics = {name: METRICS[name] for name in first.metrics}
    record = runs[0].record
    what = Given(run=runs[0], path=None if record else Path(first.predictions or PREDICTIONS))
    check_scored(whole, first.protocol, what, f"{first.dataset}/{first.split}", allow_empty)
    return replace(
        first,
        **figures(whole, metrics, first.protocol, first.seed),
        predictions=first.predictions if elsewhere else None,
        n_left_out=sum(scores.n_left_out for scores in scored),
        ignored_videos=tuple(sorted({video for scores in scored for video in scores.ignored_videos})),
        shard=None,
        fingerprint=None,
    )
