"""A store and a model -> predictions: every expression of every video, over the whole video."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from rvosbench import masks
from rvosbench.errors import ScoreError
from rvosbench.files.atomic import atomic_folder, write_json
from rvosbench.files.locations import local_path
from rvosbench.files.places import check_folder
from rvosbench.inference.candidates import needed_candidates
from rvosbench.inference.clips import whole_video
from rvosbench.inference.queries import Query, mismatched_queries, queries
from rvosbench.models.loading import Model, check_model, load_model
from rvosbench.runs import record as run_record
from rvosbench.runs.content import ANSWERS, weights_of
from rvosbench.runs.predictions import Prediction, PredictionsWriter
from rvosbench.store import Store
from rvosbench.types import Clip, Video


@dataclass(frozen=True, kw_only=True, slots=True)
class PredictOptions:
    """Everything about a run of predictions that has a default."""

    checkpoint: str | Path | None = None  # for models that need one
    model_options: Mapping[str, object] = field(default_factory=dict)  # the model's own, see `load_model`
    device: str = "cpu"  # or "cuda", "cuda:N"
    precision: str = "fp32"  # one of `rvosbench.plugins.recipe.PRECISIONS`
    seed: int = 0  # for models that draw at random
    candidates: int | None = None
    """Ranked masks per expression, at most. None: what the protocol looks at, so 1 or all that the model
    has."""
    protocol: str | None = None  # what the run is to be scored under; None: the dataset's own
    mismatched_expressions: bool = False
    """Ask for every object with an expression about another object of the same video. A model that does
    not listen keeps its score. Expressions of videos that talk about a single object cannot be mismatched;
    they are left out and listed in run.json."""
    limit: int | None = None  # only so many videos, the first ones
    overwrite: bool = False
    """A run of predictions that is at `out`, with its scores, gives way when this one is complete."""


def predict(
    model: str,
    store: Store | str | Path,
    *,
    out: str | Path,
    split: str | None = None,
    on_progress: Callable[[int, int], None] | None = None,
    **options: Any,
) -> Path:
    """Let a model answer all expressions of a split.

    The model sees whole videos, and all expressions of a video at once. It answers for the annotated
    frames; for all frames where the ground truth is hidden, as the public servers want them.

    Args:
        model: in the model registry.
        store: where videos and expressions come from.
        out: run folder; appears when it is complete, with `predictions/` and `run.json`.
        split: of the store; None: the only one.
        on_progress: called with (videos done, videos in all).
        options: fields of `PredictOptions`, such as `checkpoint` and `device`.

    Returns:
        `out`.

    Raises:
        UnknownNameError: no such model, option, split or precision.
        MissingPathError: the model needs a checkpoint; the checkpoint or a frame is gone.
        CheckpointError: the model takes no checkpoint, or it is another model's.
        OutputError: `out` holds something, or cannot be written.
        ShapeError: the model answered with masks of the wrong shape.
        ScoreError: the split has no expression to ask.

    Example:
        >>> predict("soc", "stores/ytvos", split="valid", out="runs/a", checkpoint="soc")  # doctest: +SKIP
    """
    chosen = PredictOptions(**options)
    out = local_path(out)
    check_folder(out, overwrite=chosen.overwrite, content=ANSWERS, parents=True)
    checkpoint = None if chosen.checkpoint is None else weights_of(local_path(chosen.checkpoint))
    check_model(model, checkpoint, chosen.model_options)
    opened = store if isinstance(store, Store) else Store.open(local_path(store))
    split = opened.only_split(split)
    video_ids = opened.video_ids(split)[: chosen.limit]
    sha256 = None if checkpoint is None else run_record.sha256_of(checkpoint)
    start_s = time.perf_counter()
    loaded = load_model(
        model,
        checkpoint,
        device=chosen.device,
        precision=chosen.precision,
        seed=chosen.seed,
        options=chosen.model_options,
    )
    tally = _Tally(load_s=time.perf_counter() - start_s)
    candidates = chosen.candidates or needed_candidates(opened.name, loaded.candidates, chosen.protocol)
    facts = {  # now, so that a model that cannot say what it is fails before the work
        "kind": "predictions",
        "unit": "expression",
        **_model_facts(loaded, sha256),
        **_store_facts(opened, split),
        "seed": chosen.seed,
        "candidates": candidates,
        "candidates_available": loaded.candidates,
        "mismatched_expressions": chosen.mismatched_expressions,
        "limit": chosen.limit,
        "settings": loaded.settings,
    }
    with atomic_folder(out, overwrite=chosen.overwrite, content=ANSWERS) as partial:
        with PredictionsWriter(partial / "predictions") as writer:
            for done, video_id in enumerate(video_ids):
                video = opened.video(split, video_id)
                if chosen.mismatched_expressions:
                    asked = mismatched_queries(video, seed=chosen.seed)
                else:
                    asked = queries(video)
                tally.count(video, asked)
                if asked:
                    clip = whole_video(video, opened.release, with_objects=loaded.spec.is_oracle)
                    writer.add(_answers(loaded, clip, asked, candidates, tally))
                if on_progress is not None:
                    on_progress(done + 1, len(video_ids))
        if not tally.expressions:
            raise ScoreError(
                f"{opened.folder} has no expression to ask in split '{split}' "
                f"({len(video_ids)} videos, {len(tally.left_out)} expressions that cannot be mismatched); "
                "expected at least one, choose another --split"
            )
        seconds = time.perf_counter() - start_s
        record = {**facts, **tally.as_json(seconds), **run_record.environment()}
        record["hardware"] |= {"device": chosen.device}
        write_json(partial / run_record.NAME, record)
    return out


def _model_facts(loaded: Model, checkpoint_sha256: str | None) -> Mapping[str, Any]:
    """What run.json says about the model. Its traits are for readers that do not have it installed."""
    return {
        "model": loaded.name,
        "is_oracle": loaded.spec.is_oracle,
        "traits": sorted(loaded.traits),
        "checkpoint": None if loaded.checkpoint is None else str(loaded.checkpoint),
        "checkpoint_sha256": checkpoint_sha256,
        "text_encoder": getattr(loaded.options, "text_encoder", None),
        "precision": loaded.precision,
    }


def _store_facts(store: Store, split: str) -> Mapping[str, Any]:
    return {
        "dataset": store.name,
        "store": str(store.folder),
        "store_fingerprint": store.fingerprint,
        "split": split,
    }


@dataclass(slots=True)
class _Tally:
    """What the run came to."""

    load_s: float
    model_s: float = 0.0
    videos: int = 0
    frames: int = 0
    expressions: int = 0
    left_out: list[str] = field(default_factory=list)  # video/expression

    def count(self, video: Video, asked: Sequence[Query]) -> None:
        answered = {query.expression_id for query in asked}
        self.videos += 1
        self.expressions += len(answered)
        self.left_out += [
            f"{video.video_id}/{expression.expression_id}"
            for expression in video.expressions
            if expression.expression_id not in answered
        ]

    def as_json(self, seconds: float) -> Mapping[str, Any]:
        return {
            "videos": self.videos,
            "frames": self.frames,
            "expressions": self.expressions,
            "left_out": self.left_out,
            "timings": {
                "total_s": round(seconds, 3),
                "load_s": round(self.load_s, 3),
                "model_s": round(self.model_s, 3),
            },
        }


def _answers(
    loaded: Model, clip: Clip, asked: Sequence[Query], candidates: int, tally: _Tally
) -> Iterator[Prediction]:
    start_s = time.perf_counter()
    answers = loaded.segment(clip, [query.text for query in asked], candidates)
    tally.model_s += time.perf_counter() - start_s
    tally.frames += len(clip.frames)
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
