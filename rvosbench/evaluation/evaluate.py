"""Store + predictions -> scores, under a named protocol.

Needs neither torch nor the model: predictions are files or arrays, whatever made them.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rvosbench.errors import InvalidDataError, OutputError, ScoreError
from rvosbench.evaluation.breakdown import by_annotator, with_statistics
from rvosbench.evaluation.collect import ScoredVideos, Task, asked_of, score_videos
from rvosbench.evaluation.compute import metric_value
from rvosbench.evaluation.hints import better_name, remarks
from rvosbench.evaluation.inputs import (
    Given,
    Predicted,
    given,
    opened,
    rules_of,
    split_of,
    store_of,
)
from rvosbench.evaluation.writing import scores_folder, write_scores
from rvosbench.files.locations import local_path
from rvosbench.plugins.metric import Metric
from rvosbench.plugins.model import Trait
from rvosbench.plugins.protocol import ANNOTATORS, Protocol
from rvosbench.plugins.registry import METRICS
from rvosbench.runs.run import PREDICTIONS
from rvosbench.runs.scores import Scores
from rvosbench.store import Store

_log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True, slots=True)
class EvaluateOptions:
    """What is rarely asked for when predictions are scored."""

    seed: int = 0  # of the bootstrap
    allow_empty: bool = False
    """Score predictions even if not one has a pixel. A model that gives empty answers on purpose may anyway;
    anybody else's are probably a mistake."""
    model: str | None = None
    """What the scores call the model. None: what the run's record says, else the name of the file."""


def evaluate(
    predictions: Predicted,
    store: Store | str | Path | None = None,
    *,
    split: str | None = None,
    protocol: str | Protocol | None = None,
    metrics: Sequence[str] = (),
    out: str | Path | None = None,
    on_progress: Callable[[int, int], None] | None = None,
    **options: Any,
) -> Scores:
    """Score predictions against a store; memory holds the masks of one video at a time.

    The scores of a run are written into it, into `scores/<protocol>/`: earlier ones under the same protocol
    are replaced, those under others stay. Everything else is written where `out` says, or nowhere.

    Args:
        predictions: a run, or its folder; PNG folders, a zip or Parquet (see `rvosbench.submission`); or
            answers in memory (see `rvosbench.evaluation.arrays.Answering`): a mapping from (video id,
            expression id) to (T, H, W) bool, for example.
        store: the ground truth. Without it, the store that the run was made from.
        split: of the store. Without it, the run's, or the only one.
        protocol: its name in `rvosbench.plugins.registry.PROTOCOLS`. Without it, the dataset's own.
        metrics: names in `rvosbench.plugins.registry.METRICS`, added to the protocol's own.
        out: a folder for the scores; it becomes a run without a record.
        on_progress: called with (videos done, videos in all).
        options: fields of `EvaluateOptions`, such as `seed`.

    Raises:
        UnknownNameError: no such protocol, metric or split.
        PluginError: a metric fails.
        MissingPathError: there are no predictions, or no store.
        ScoreError: the predictions are of another store or split, incomplete, or cannot be scored; the
            ground truth is hidden.
        ShapeError: a mask has another size than its video.
        OutputError: the folder cannot be written, or holds a run of its own.
    """
    chosen = EvaluateOptions(**options)
    what = given(predictions)
    folder = _folder(what, None if out is None else local_path(out))
    store = store_of(what, store)
    split = split_of(what, store, split)
    rules = rules_of(store, protocol)
    if (hint := better_name(rules, store.name)) is not None:
        _log.warning("%s", hint)
    asked = {name: METRICS[name] for name in dict.fromkeys([*rules.metrics, *metrics])}
    video_ids = store.video_ids(split)[: what.record.limit if what.record else None]
    task = Task(
        store=store,
        split=split,
        source=opened(what, store, split, rules),
        rules=rules,
        left_out=frozenset(what.record.left_out if what.record else ()),
        ranks=any(metric.over == "ranking" for metric in asked.values()),
    )
    surplus = tuple(sorted(set(task.source.video_ids()) - set(video_ids)))
    _check_videos(task, video_ids, surplus)
    with nullcontext() if folder is None else scores_folder(folder, rules.name) as target:
        scored = score_videos(task, video_ids, on_progress)
        _check_scored(task, scored, what, chosen)
        scores = _scores(task, scored, asked, what, surplus, chosen)
        if target is not None:
            write_scores(scores, target)
    return scores


def _folder(what: Given, out: Path | None) -> Path | None:
    """The run to write into."""
    if what.run is not None:
        if out is not None:
            raise InvalidDataError(f"the scores of {what.run.path} are written into it; leave out {out}")
        return what.run.path
    if out is not None and (out / PREDICTIONS).exists():
        raise OutputError(
            f"{out} holds predictions of its own; choose another folder for the scores of {what.shown}"
        )
    return out


def _check_videos(task: Task, video_ids: Sequence[str], surplus: Sequence[str]) -> None:
    """Refuse videos without predictions; warn of predictions without a video."""
    name = f"{task.store.name}/{task.split}"
    if surplus:
        _log.warning(
            "predictions for %d videos that %s does not have are ignored, such as %s",
            len(surplus),
            name,
            ", ".join(surplus[:3]),
        )
    absent = sorted(set(video_ids) - set(task.source.video_ids()))
    unanswered = [
        video_id
        for video_id in absent
        if asked_of(task.store.video(task.split, video_id), task.rules, task.left_out)
    ]
    if unanswered:
        raise ScoreError(
            f"{len(unanswered)} of {len(video_ids)} videos of {name} have no predictions: "
            f"{', '.join(unanswered[:3])}{' ...' if len(unanswered) > 3 else ''}; predict them too"
        )


def _check_scored(task: Task, scored: ScoredVideos, what: Given, options: EvaluateOptions) -> None:
    """Refuse what was probably a mistake."""
    rules = task.rules
    if not scored.annotators:
        raise ScoreError(
            f"{task.store.name}/{task.split} has nothing to score under '{rules.name}' (unit: {rules.unit}, "
            f"frames: {rules.frames}); choose another split or protocol"
        )
    for remark in remarks(scored, rules):
        _log.warning("%s", remark)
    on_purpose = what.record is not None and Trait.EMPTY_ANSWERS in what.record.traits
    if scored.all_empty and not (options.allow_empty or on_purpose):
        raise ScoreError(
            f"all masks in {what.shown} are empty; were scores saved instead of masks, the threshold set too "
            "high, the weights not loaded? If they are meant to be, add --allow-empty"
        )
    if what.record is None and scored.equals_truth:
        _log.warning("every mask in %s equals the ground truth to the pixel; is it a copy of it?", what.shown)


def _scores(
    task: Task,
    scored: ScoredVideos,
    metrics: dict[str, Metric],
    what: Given,
    surplus: tuple[str, ...],
    options: EvaluateOptions,
) -> Scores:
    record, store, rules = what.record, task.store, task.rules
    table = scored.table
    return Scores(
        protocol=rules,
        metrics={
            name: metric_value(metric, table, rules, annotators=scored.annotators, seed=options.seed)
            for name, metric in metrics.items()
        },
        dataset=store.name,
        split=task.split,
        store=str(store.folder),
        store_fingerprint=store.fingerprint,
        predictions=None if what.path is None else str(what.path),
        model=options.model or what.model,
        is_oracle=record is not None and record.is_oracle,
        traits=record.traits if record else (),
        settings=record.settings if record else {},
        mismatched_expressions=record is not None and record.mismatched_expressions,
        n_expressions=len(scored.annotators) // (len(ANNOTATORS) if rules.annotators == "mean" else 1),
        n_videos=len(set(scored.expressions["video_id"].to_pylist())),
        n_frames=scored.frames.num_rows,
        n_left_out=len(task.left_out),
        ignored_videos=surplus,
        unscored_videos=scored.unscored,
        by_annotator=by_annotator(metrics, table, scored.authors),
        adjusted=scored.adjusted,
        frames=scored.frames,
        expressions=with_statistics(scored.expressions, table, metrics),
    )
