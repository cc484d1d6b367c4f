"""Store + predictions -> scores, under a named protocol.

Needs neither torch nor the model: predictions are files or arrays, whatever made them.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import asdict, dataclass, fields, is_dataclass, replace
from functools import partial
from math import nan
from pathlib import Path
from typing import Any, Literal

from rvosbench.errors import InvalidDataError, OutputError
from rvosbench.evaluation.breakdown import by_annotator, with_statistics
from rvosbench.evaluation.checks import check_scored, check_videos
from rvosbench.evaluation.collect import ScoredVideos, Task
from rvosbench.evaluation.compute import metric_values
from rvosbench.evaluation.cut_masks import why_empty
from rvosbench.evaluation.fingerprint import earlier_scores, fingerprint
from rvosbench.evaluation.hints import better_name
from rvosbench.evaluation.inputs import (
    Given,
    Predicted,
    given,
    left_out_of,
    opened,
    rules_of,
    shard_of,
    split_of,
    store_of,
)
from rvosbench.evaluation.part_files import write_part
from rvosbench.evaluation.partial_truth import partly_annotated
from rvosbench.evaluation.spread import score_spread
from rvosbench.evaluation.writing import scores_folder, write_scores
from rvosbench.files.locations import local_path
from rvosbench.plugins.metric import Metric
from rvosbench.plugins.protocol import ANNOTATORS, Protocol
from rvosbench.plugins.registry import METRICS
from rvosbench.runs.run import PREDICTIONS
from rvosbench.runs.scores import MetricValue, Scores
from rvosbench.runs.tolerance import Adjusted, Tolerance
from rvosbench.store import Store
from rvosbench.work.shards import Shard

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
    workers: int = 1
    """Processes that score, each a contiguous range of the videos at a time; the rows are the same to the
    bit. Answers in memory are scored by one."""
    shard: Shard | str | tuple[int, int] | None = None
    """Score a part of the videos only: (1, 4) or "1/4" is the first of four contiguous ranges of the sorted
    ids. The parts become one with `rvosbench.merge`. A run that is a part itself is scored as that."""
    force: bool = False
    """Compute scores that the run has already, under the same fingerprint, once more."""
    missing: Literal["error", "zero"] = "error"
    surplus: Literal["error", "ignore"] = "error"
    resize: Literal["error", "nearest"] = "error"
    threshold: int | None = None
    truth: Literal["error", "annotated"] = "error"
    """These five let imperfect predictions pass, see `rvosbench.runs.tolerance.Tolerance`; scores say it."""

    @property
    def tolerance(self) -> Tolerance:
        """What is let pass.

        Raises:
            InvalidDataError: a choice that there is not.
        """
        return Tolerance(**{f.name: getattr(self, f.name) for f in fields(Tolerance)})


def evaluate(
    predictions: Predicted,
    store: Store | str | Path | None = None,
    *,
    split: str | None = None,
    protocol: str | Protocol | None = None,
    metrics: Sequence[str] = (),
    out: str | Path | None = None,
    on_progress: Callable[[int, int], None] | None = None,
    on_note: Callable[[str], None] | None = None,
    **options: Any,
) -> Scores:
    """Score predictions against a store; memory holds the masks of one video at a time.

    The scores of a run are written into it, into `scores/<protocol>/`: earlier ones under the same protocol
    are replaced, those under others stay. Everything else is written where `out` says, or nowhere.

    Args:
        predictions: a run, or its folder; PNG folders, an archive, JSON, npz or Parquet (see
            `rvosbench.submission`); or answers in memory (see `rvosbench.evaluation.arrays.Answering`): a
            mapping from (video id, expression id) to (T, H, W) bool, for example.
        store: the ground truth. Without it, the store that the run was made from.
        split: of the store. Without it, the run's, or the only one.
        protocol: its name in `rvosbench.plugins.registry.PROTOCOLS`. Without it, the dataset's own.
        metrics: names in `rvosbench.plugins.registry.METRICS`, added to the protocol's own.
        out: a folder for the scores; it becomes a run without a record.
        on_progress: called with (videos done, videos in all).
        on_note: called with each remark about how the predictions were found, such as a folder around them
            that was entered; without it, remarks are logged as information.
        options: fields of `EvaluateOptions`, such as `seed`.

    Raises:
        UnknownNameError: no such protocol, metric or split.
        PluginError: a metric fails.
        MissingPathError: there are no predictions, or no store.
        ScoreError: the predictions are of another store or split, incomplete, or cannot be scored; the
            ground truth is hidden, or not whole.
        ShapeError: a mask has another size than its video.
        OutputError: the folder cannot be written, or holds a run of its own.
    """
    chosen = EvaluateOptions(**options)
    tolerance = chosen.tolerance
    what = given(predictions)
    _check_workers(what, chosen)
    shard = shard_of(what, chosen.shard)
    folder = _folder(what, None if out is None else local_path(out), shard)
    store = store_of(what, store)
    split = split_of(what, store, split)
    rules = rules_of(store, protocol)
    if (hint := better_name(rules, store.name)) is not None:
        _log.warning("%s", hint)
    asked = {name: METRICS[name] for name in dict.fromkeys([*rules.metrics, *metrics])}
    reopen = partial(opened, what, store, split, rules, tolerance)
    all_ids = store.video_ids(split)[: what.record.limit if what.record else None]
    video_ids = all_ids if shard is None else shard.of_all(all_ids)
    task = Task(
        store=store,
        split=split,
        source=reopen(),
        rules=rules,
        left_out=left_out_of(what, store, split, None if shard is None else video_ids),
        ranks=any(metric.over == "ranking" for metric in asked.values()),
        tolerance=tolerance,
        partly=partly_annotated(store, split, video_ids, tolerance),
    )
    for note in task.source.notes:
        (on_note or _log.info)(note)
    surplus = tuple(sorted(set(task.source.video_ids()) - set(all_ids)))
    check_videos(task, video_ids, surplus)
    known = None if folder is None else _fingerprint(what, store, split, rules, asked, shard, chosen)
    if folder is not None and known is not None and not chosen.force:
        earlier = earlier_scores(folder, rules.name, known)
        if earlier is not None:
            return earlier
    with nullcontext() if folder is None else scores_folder(folder, rules.name) as target:
        scored = score_spread(task, video_ids, reopen, chosen.workers, on_progress)
        if shard is None:
            open_again = partial(opened, what, store, split, rules)
            why = partial(why_empty, open_again, store, split, tolerance)
            check_scored(scored, rules, what, f"{store.name}/{split}", chosen.allow_empty, why)
        if shard is None or shard.index == 1:  # of several parts of the same predictions, the first one tells
            scored = replace(scored, adjusted=scored.adjusted + _ignored(task, surplus))
        else:
            surplus = ()
        scores = replace(_scores(task, scored, asked, what, surplus, shard, chosen), fingerprint=known)
        if target is not None:
            write_scores(scores, target)
            if shard is not None:
                write_part(scored, target)
    return scores


def _check_workers(what: Given, options: EvaluateOptions) -> None:
    if options.workers < 1:
        raise InvalidDataError(f"workers is {options.workers}, expected at least 1")
    if options.workers > 1 and what.answers is not None:
        raise InvalidDataError(
            "answers in memory cannot be sent to other processes; leave workers out, or write them into files"
        )


def _fingerprint(
    what: Given,
    store: Store,
    split: str,
    rules: Protocol,
    asked: dict[str, Metric],
    shard: Shard | None,
    options: EvaluateOptions,
) -> str | None:
    # How many processes do it decides nothing.
    decided = {f.name: getattr(options, f.name) for f in fields(options)}
    del decided["workers"], decided["force"]
    facts = {
        "store_fingerprint": store.fingerprint,
        "split": split,
        "options": {name: _as_json(value) for name, value in decided.items() if name != "shard"},
        "shard": None if shard is None else str(shard),
    }
    return fingerprint(what, rules=rules, metrics=asked, facts=facts)


def _as_json(value: Any) -> Any:
    """An option in JSON types; some are records."""
    return asdict(value) if is_dataclass(value) and not isinstance(value, type) else value


def _folder(what: Given, out: Path | None, shard: Shard | None) -> Path | None:
    """The run to write into."""
    if what.run is not None and shard is not None and what.record is not None and what.record.shard is None:
        if out is None:
            raise InvalidDataError(
                f"the scores of a part of {what.run.path} cannot be written into it; name a folder for each "
                "part as out (--out), and merge them"
            )
    elif what.run is not None:
        if out is not None:
            raise InvalidDataError(f"the scores of {what.run.path} are written into it; leave out {out}")
        return what.run.path
    if out is not None and (out / PREDICTIONS).exists():
        raise OutputError(
            f"{out} holds predictions of its own; choose another folder for the scores of {what.shown}"
        )
    return out


def _ignored(task: Task, surplus: Sequence[str]) -> Adjusted:
    """What was ignored besides predictions of the videos that were scored."""
    if task.tolerance.surplus == "error":
        return Adjusted()
    return Adjusted(surplus=len(surplus) + task.source.strays)


def _scores(
    task: Task,
    scored: ScoredVideos,
    metrics: dict[str, Metric],
    what: Given,
    surplus: tuple[str, ...],
    shard: Shard | None,
    options: EvaluateOptions,
) -> Scores:
    record, store, rules = what.record, task.store, task.rules
    return Scores(
        protocol=rules,
        **figures(scored, metrics, rules, options.seed),
        dataset=store.name,
        split=task.split,
        store=str(store.folder),
        store_fingerprint=store.fingerprint,
        predictions=_where(what, shard),
        model=options.model or what.model,
        is_oracle=record is not None and record.is_oracle,
        traits=record.traits if record else (),
        settings=record.settings if record else {},
        mismatched_expressions=record is not None and record.mismatched_expressions,
        n_left_out=len(task.left_out),
        ignored_videos=surplus,
        tolerance=options.tolerance,
        shard=shard,
    )


def _where(what: Given, shard: Shard | None) -> str | None:
    """The predictions, unless they lie in the run that the scores are written into."""
    if what.path is not None:
        return str(what.path)
    if what.run is not None and what.record is not None and shard != what.record.shard:
        return str(what.run.path / PREDICTIONS)
    return None


def figures(
    scored: ScoredVideos, metrics: Mapping[str, Metric], rules: Protocol, seed: int
) -> dict[str, Any]:
    """What `Scores` holds that follows from the rows alone, by the names of its fields.

    Args:
        scored: the rows.
        metrics: name -> record.
        rules: the protocol.
        seed: of the bootstrap.
    """
    table = scored.table
    unknown = {
        name: MetricValue(value=nan, low=nan, high=nan, n=0, unit=rules.unit, better=metric.better)
        for name, metric in metrics.items()
    }
    return {
        "metrics": metric_values(metrics, table, rules, annotators=scored.annotators, seed=seed)
        if scored.annotators
        else unknown,
        "n_expressions": len(scored.annotators) // (len(ANNOTATORS) if rules.annotators == "mean" else 1),
        "n_videos": len(set(scored.expressions["video_id"].to_pylist())),
        "n_frames": scored.frames.num_rows,
        "adjusted": scored.adjusted,
        "seed": seed,
        "unscored_videos": scored.unscored,
        "by_annotator": by_annotator(metrics, table, scored.authors),
        "frames": scored.frames,
        "expressions": with_statistics(scored.expressions, table, metrics),
    }
