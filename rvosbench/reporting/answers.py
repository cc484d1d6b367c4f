"""What a run answered, exactly as it was scored: the best candidate, merged and matched by its protocol."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rvosbench.errors import ScoreError
from rvosbench.evaluation.answers import answer
from rvosbench.evaluation.collect import scored_candidate
from rvosbench.evaluation.partial_truth import rules_for
from rvosbench.evaluation.targets import Query, queries
from rvosbench.runs.run import PREDICTIONS, Run, open_run
from rvosbench.runs.tables import ByVideo
from rvosbench.store import Store
from rvosbench.submission import open_predictions
from rvosbench.types import Rle, Video


@dataclass(frozen=True, kw_only=True, slots=True)
class Track:
    """The answer to one expression (or object): one mask for each scored frame."""

    query: Query
    masks: tuple[Rle, ...]
    rows: tuple[dict[str, Any], ...]  # of frame_scores.parquet, one per frame


class ScoredRun:
    """A scored run beside the store that it was scored against: opened once, reads one video at a time."""

    def __init__(
        self,
        run: str | Path | Run,
        store: Store,
        *,
        predictions: Path | None = None,
        protocol: str | None = None,
    ) -> None:
        """Open it.

        Args:
            run: a run that `rvos evaluate` has scored.
            store: the store that it was scored against.
            predictions: where they are, when they are no longer where they were scored.
            protocol: whose scores; see `rvosbench.runs.run.Run.scores`.

        Raises:
            MissingPathError: the run has no scores or predictions.
            ScoreError: the run was scored against another store.
        """
        run = open_run(run)
        scores = run.scores(protocol)
        if scores.store_fingerprint != store.fingerprint:
            raise ScoreError(
                f"{run.path} was scored against another store than {store.folder}; name the one that it was "
                "made from"
            )
        self.run = run
        self.scores = scores
        self.store = store
        self.frames = run.frames(scores.protocol.name)
        self._frames_of = ByVideo(self.frames)
        self.expressions = run.expressions(scores.protocol.name)
        where = predictions or (Path(scores.predictions) if scores.predictions else run.path / PREDICTIONS)
        foreign = predictions is not None or scores.predictions is not None
        self._source = open_predictions(
            where,
            scores.protocol.answers,
            release=store.release,
            store=store if foreign else None,
            tolerance=scores.tolerance,
            split=scores.split,
        )

    def video(self, video_id: str) -> tuple[Video, dict[str, Track]]:
        """A video, and the tracks of its scored expressions by expression id.

        Raises:
            UnknownNameError: there is no such video.
            ScoreError: answers or scores of some frames are missing.
        """
        rules = self.scores.protocol
        video = self.store.video(self.scores.split, video_id)
        mine = self._frames_of[video_id].to_pylist()
        rows = {(row["expression_id"], row["frame_index"]): row for row in mine}
        scored = {expression_id for expression_id, _ in rows}
        if not scored:
            return video, {}
        if video_id in self.store.partly_annotated(self.scores.split):
            rules = rules_for(video, rules)
        asked = [query for query in queries(video, rules) if query.expression_id in scored]
        if not asked:
            return video, {}
        asked, answers, _ = answer(
            video,
            asked,
            self._source.read(video).rows,
            rules,
            merged=self._source.merged,
            tolerance=self.scores.tolerance,
        )
        tracks = {}
        for query in asked:
            keys = [(query.expression_id, frame) for frame in query.frames]
            if any(key not in rows for key in keys):
                raise ScoreError(
                    f"frames of expression {query.expression_id} of video {video_id} lack scores; score "
                    "the run again"
                )
            tracks[query.expression_id] = Track(
                query=query,
                masks=tuple(scored_candidate(answers[key], rules).mask for key in keys),
                rows=tuple(rows[key] for key in keys),
            )
        return video, tracks
