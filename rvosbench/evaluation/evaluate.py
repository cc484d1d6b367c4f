"""Store + predictions -> scores, under a named protocol, one video at a time.

Needs neither torch nor the model: predictions are files, whatever made them.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from rvosbench.errors import MissingPathError, OutputError, ScoreError
from rvosbench.evaluation.answers import Answers, answer
from rvosbench.evaluation.protocols import protocol_named
from rvosbench.evaluation.score_tables import FrameRow, ScoreTables
from rvosbench.evaluation.targets import Query, queries
from rvosbench.metrics.pairs import PairScores, measure_pairs
from rvosbench.plugins.protocol import ANNOTATORS, Protocol
from rvosbench.runs import record as run_record
from rvosbench.runs.predictions import Prediction
from rvosbench.runs.record import EMPTY_ANSWERS, RunRecord
from rvosbench.runs.run import PREDICTIONS
from rvosbench.runs.scores import Scores
from rvosbench.store import Store
from rvosbench.submission import PredictionSource, open_predictions
from rvosbench.types import Video

_log = logging.getLogger(__name__)


def evaluate(
    run: Path,
    *,
    store: Store,
    split: str,
    predictions: Path | None = None,
    protocol: str,
    seed: int = 0,
    allow_empty: bool = False,
    on_progress: Callable[[int, int], None] | None = None,
) -> Scores:
    """Score predictions against a store; memory holds the masks of one video at a time.

    Writes `scores.json`, `frame_scores.parquet` and `expression_scores.parquet` into `scores/<protocol>/` of
    the run folder. Earlier scores under the same protocol are replaced, those under others stay.

    Args:
        run: the folder that `rvos predict` wrote; any folder, made if need be, for external predictions.
        store: the ground truth.
        split: of the store.
        predictions: external ones: PNG folders, a zip or Parquet (see `rvosbench.submission`). Without
            them, the run's own.
        protocol: one of `rvosbench.evaluation.protocols.PROTOCOLS`.
        seed: of the bootstrap.
        allow_empty: score predictions even if not one has a pixel. Those of the baseline `nothing` are
            scored anyway; anybody else's are probably a mistake.
        on_progress: called with (videos done, videos in all).

    Raises:
        UnknownNameError: no such protocol or split.
        MissingPathError: there are no predictions.
        ScoreError: the predictions are of another store or split, incomplete, or cannot be scored; the
            ground truth is hidden.
        ShapeError: a mask has another size than its video.
        OutputError: the folder cannot be written, or holds a run of its own.
    """
    rules = protocol_named(protocol)
    video_ids = store.video_ids(split)
    source, record = _source(run, store, split, predictions, rules)
    left_out = frozenset(record.left_out if record else ())
    video_ids = video_ids[: record.limit if record else None]
    surplus = tuple(sorted(set(source.video_ids()) - set(video_ids)))
    if surplus:
        _log.warning(
            "predictions for %d videos that %s/%s does not have are ignored, such as %s",
            len(surplus),
            store.name,
            split,
            ", ".join(surplus[:3]),
        )
    absent = sorted(set(video_ids) - set(source.video_ids()))
    unanswered = [video_id for video_id in absent if _asked(store.video(split, video_id), rules, left_out)]
    if unanswered:
        raise ScoreError(
            f"{len(unanswered)} of {len(video_ids)} videos of {store.name}/{split} have no predictions: "
            f"{', '.join(unanswered[:3])}{' ...' if len(unanswered) > 3 else ''}; predict them too"
        )
    asked, exact = 0, True
    with ScoreTables(run, rules) as tables:
        for done, video_id in enumerate(video_ids):
            video = store.video(split, video_id)
            wanted = _asked(video, rules, left_out)
            if wanted:
                wanted, answers = answer(video, wanted, source.read(video), rules, merged=source.merged)
                rows = list(_measured(video, wanted, answers, rules))
                exact = exact and all(row.intersection == row.union for _, row in rows)
                tables.add(video, wanted, rows, answers)
                asked += len(wanted)
            if on_progress is not None:
                on_progress(done + 1, len(video_ids))
        if not asked:
            raise ScoreError(
                f"{store.name}/{split} has nothing to score under '{rules.name}' (unit: {rules.unit}); "
                "choose another split or protocol"
            )
        expected = allow_empty or (record is not None and EMPTY_ANSWERS in record.traits)
        if tables.all_empty and not expected:
            raise ScoreError(
                f"all masks in {predictions or run / PREDICTIONS} are empty; were scores saved instead of "
                "masks, the threshold set too high, the weights not loaded? If they are meant to be, add "
                "--allow-empty"
            )
        if exact and predictions is not None:
            _log.warning(
                "every mask in %s equals the ground truth to the pixel; is it a copy of it?", predictions
            )
        scores = Scores(
            protocol=rules,
            metrics=tables.metrics(seed),
            dataset=store.name,
            split=split,
            store=str(store.folder),
            store_fingerprint=store.fingerprint,
            predictions=None if predictions is None else str(predictions),
            model=(record.model if record else Path(str(predictions)).stem) or run.name,
            is_oracle=record is not None and record.is_oracle,
            traits=record.traits if record else (),
            settings=record.settings if record else {},
            mismatched_expressions=record is not None and record.mismatched_expressions,
            n_expressions=asked // (len(ANNOTATORS) if rules.annotators == "mean" else 1),
            n_videos=tables.n_videos,
            n_frames=tables.n_frames,
            n_left_out=len(left_out),
            ignored_videos=surplus,
        )
        tables.finish(scores)
    return scores


def _source(
    run: Path, store: Store, split: str, predictions: Path | None, rules: Protocol
) -> tuple[PredictionSource, RunRecord | None]:
    """The predictions, and what is known about how they were made."""
    own = run / PREDICTIONS
    if predictions is not None:
        if own.exists():
            raise OutputError(
                f"{run} holds predictions of its own; choose another folder for the scores of {predictions}"
            )
        return open_predictions(predictions, rules.answers, store.release, store.folder), None
    record = RunRecord.from_json(run_record.read_run(run), run / run_record.NAME)
    if not own.is_dir():
        raise MissingPathError(
            f"{run} has no {PREDICTIONS}; make them with rvos predict, or name --predictions"
        )
    unit = "object" if rules.answers == "object" else "expression"  # the expressions that annotators wrote
    for key, expected in (("store_fingerprint", store.fingerprint), ("split", split), ("unit", unit)):
        if getattr(record, key) != expected:
            raise ScoreError(
                f"{run} was predicted with {key.replace('_', ' ')} {getattr(record, key)!r}, it would be "
                f"scored with {expected!r}; score it against {record.store or 'the store it was made from'}, "
                "or predict again"
            )
    return open_predictions(own, rules.answers), record


def _asked(video: Video, rules: Protocol, left_out: frozenset[str]) -> list[Query]:
    """The queries of a video, without those about expressions that the run did not ask."""
    asked = queries(video, rules)
    if rules.answers != "annotator":
        return [q for q in asked if f"{video.video_id}/{q.expression_id}" not in left_out]
    gone = sum(f"{video.video_id}/{each.expression_id}" in left_out for each in video.expressions)
    if 0 < gone < len(video.expressions):
        raise ScoreError(
            f"the run did not ask {gone} of the {len(video.expressions)} expressions of video "
            f"{video.video_id}, '{rules.name}' merges them all; choose davis-expressions"
        )
    return [] if gone else asked


def _measured(
    video: Video, wanted: Sequence[Query], answers: Answers, rules: Protocol
) -> Iterator[tuple[Query, FrameRow]]:
    """Every scored frame of a video, by query."""
    keys = [(query, place) for query in wanted for place in range(len(query.frames))]
    best = [scored_candidate(answers[q.expression_id, q.frames[place]], rules) for q, place in keys]
    voids = [None if q.voids is None else q.voids[place] for q, place in keys]
    measured: PairScores = measure_pairs(
        [row.mask for row in best],
        [query.truths[place] for query, place in keys],
        voids if any(void is not None for void in voids) else None,
    )
    for index, (query, place) in enumerate(keys):
        yield (
            query,
            FrameRow(
                video_id=video.video_id,
                expression_id=query.expression_id,
                frame_index=query.frames[place],
                j=float(measured.j[index]),
                f=float(measured.f[index]),
                intersection=int(measured.intersection[index]),
                union=int(measured.union[index]),
                predicted_area=int(measured.predicted_area[index]),
                true_area=int(measured.true_area[index]),
            ),
        )


def scored_candidate(candidates: Sequence[Prediction], rules: Protocol) -> Prediction:
    """The one that J and F are taken from: candidate 0.

    For frame samples the best score, of equal ones the last, as published.
    """
    if rules.unit != "frame sample":
        return candidates[0]
    return max(candidates, key=lambda row: (row.score, row.candidate))
