"""One model asked about the videos of one split: every expression of a video, over the whole video."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence

import numpy as np

from rvosbench import masks
from rvosbench.errors import ScoreError
from rvosbench.inference.clips import whole_video
from rvosbench.inference.finished import Finished, Note, as_body
from rvosbench.inference.queries import Query, mismatched_queries, queries
from rvosbench.inference.seeding import drawing_for
from rvosbench.models.loading import Model
from rvosbench.runs.predictions import Prediction
from rvosbench.store import Store
from rvosbench.types import Clip, Segmentation, Video


class Asking:
    """One model asked about one split."""

    def __init__(
        self, store: Store, split: str, loaded: Model, candidates: int, *, seed: int, mismatched: bool
    ) -> None:
        """
        Args:
            store: whose videos.
            split: of the store.
            loaded: the model.
            candidates: ranked masks per expression, at most.
            seed: for models that draw at random, and for which expression is asked instead of another.
            mismatched: ask for every object with an expression about another one.
        """
        self._store = store
        self._split = split
        self._loaded = loaded
        self._candidates = candidates
        self._seed = seed
        self._mismatched = mismatched

    def answer(self, video_id: str) -> tuple[list[Prediction], Note]:
        """All rows of a video; none if nothing is asked about it."""
        start_s = time.perf_counter()
        video = self._store.video(self._split, video_id)
        asked = self._queries(video)
        rows: list[Prediction] = []
        frames, model_s = 0, 0.0
        if asked:
            clip = whole_video(video, self._store.release, with_objects=self._loaded.spec.is_oracle)
            asked_s = time.perf_counter()
            with drawing_for(self._seed, video_id):
                answers = self._loaded.segment(clip, [query.text for query in asked], self._candidates)
            model_s = time.perf_counter() - asked_s
            frames = len(clip.frames)
            rows = list(_rows(clip, asked, answers))
        answered = {query.expression_id for query in asked}
        note = Note(
            split=self._split,
            video_id=video_id,
            frames=frames,
            expressions=len(answered),
            left_out=tuple(
                f"{video_id}/{expression.expression_id}"
                for expression in video.expressions
                if expression.expression_id not in answered
            ),
            model_s=model_s,
            total_s=time.perf_counter() - start_s,
        )
        return rows, note

    def _queries(self, video: Video) -> Sequence[Query]:
        if self._mismatched:
            return mismatched_queries(video, seed=self._seed)
        return queries(video)


def check_repeatable(asking: Asking, finished: Finished, part: Sequence[str]) -> None:
    """Ask twice: a model that draws from numbers of its own is another one in each part and after a resume.

    Raises:
        ScoreError: it answers differently the second time.
    """
    if finished.entries:
        entry = list(finished.entries.values())[-1]
        video_id, before = entry.note.video_id, finished.body(entry)
        remedy = "begin anew with --no-resume"
    elif part:
        video_id, before = part[0], as_body(asking.answer(part[0])[0])
        remedy = "answer the whole at once, without --shard"
    else:
        return
    if as_body(asking.answer(video_id)[0]) != before:
        raise ScoreError(
            f"the model answers video {video_id} differently when it is asked again: what it answers depends "
            f"on what it was asked before, so that its answers cannot be made in several runs; {remedy}"
        )


def _rows(clip: Clip, asked: Sequence[Query], answers: Sequence[Segmentation]) -> Iterator[Prediction]:
    """A row per expression, candidate and frame."""
    for query, answer in zip(asked, answers, strict=True):
        scores = np.broadcast_to(answer.scores.reshape(len(answer.masks), -1), answer.masks.shape[:2])
        for candidate, frames in enumerate(answer.masks):
            for column, mask in enumerate(frames):
                yield Prediction(
                    video_id=clip.video_id,
                    expression_id=query.expression_id,
                    frame_index=clip.frame_indices[clip.wanted[column]],
                    candidate=candidate,
                    score=float(scores[candidate, column]),
                    mask=masks.encode(mask),
                )
