"""A store and a model -> predictions: every expression of every video, over the whole video."""

from __future__ import annotations

import hashlib
import shutil
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rvosbench import masks
from rvosbench.errors import OutputError, ScoreError, ShapeError
from rvosbench.media.frames import open_frames
from rvosbench.models.loading import check_checkpoint, load_model
from rvosbench.models.precision import computing_in
from rvosbench.plugins.contracts import ConfigurableFactory, ModelFactory, Segmenter
from rvosbench.plugins.registry import MODELS
from rvosbench.runs import record as run_record
from rvosbench.runs.predictions import Prediction, PredictionsWriter
from rvosbench.store import Store
from rvosbench.types import VOID, Clip, Expression, Segmentation, Video


def predict(
    model_name: str,
    store: Store,
    split: str,
    out: Path,
    *,
    checkpoint: Path | None = None,
    text_encoder: str | None = None,
    device: str = "cpu",
    precision: str = "fp32",
    seed: int = 0,
    candidates: int = 1,
    swap_sentences: bool = False,
    limit: int | None = None,
    on_progress: Callable[[int, int], None] | None = None,
) -> Path:
    """Let a model answer all expressions of a split.

    The model sees whole videos, and all expressions of a video at once. It answers for the annotated
    frames; for all frames where the ground truth is hidden, as the public servers want them.

    Args:
        model_name: in the model registry.
        store: where videos and expressions come from.
        split: of the store.
        out: run folder; appears when it is complete, with `predictions/` and `run.json`.
        checkpoint: for models that need one.
        text_encoder: for checkpoints that lack its files, see `rvosbench.models.loading.load_model`.
        device: "cpu", "cuda" ...
        precision: one of `rvosbench.models.precision.PRECISIONS`.
        seed: for models that draw at random.
        candidates: ranked masks per expression, at most.
        swap_sentences: ask for every object with an expression about another object of the same video. A
            model that does not listen keeps its score. Expressions of videos that talk about a single
            object cannot be swapped; they are left out and listed in run.json.
        limit: only so many videos, the first ones.
        on_progress: called with (videos done, videos in all).

    Returns:
        `out`.

    Raises:
        UnknownNameError: no such model, split or precision.
        MissingPathError: the model needs a checkpoint; the checkpoint or a frame is gone.
        CheckpointError: the model takes no checkpoint, or it is another model's.
        OutputError: `out` holds something, or cannot be written.
        ShapeError: the model answered with masks of the wrong shape.
        ScoreError: the split has no expression to ask.
    """
    _check_free(out)
    factory: ModelFactory = MODELS[model_name]
    check_checkpoint(model_name, checkpoint)
    facts: dict[str, Any] = {
        "kind": "predictions",
        "unit": "expression",
        "model": model_name,
        "is_oracle": factory.is_oracle,
        "checkpoint": None if checkpoint is None else str(checkpoint),
        "checkpoint_sha256": None if checkpoint is None else run_record.sha256_of(checkpoint),
        "text_encoder": text_encoder,
        "precision": precision,
        "dataset": store.name,
        "store": str(store.folder),
        "store_fingerprint": store.fingerprint,
        "split": split,
        "seed": seed,
        "candidates": candidates,
        "swapped_sentences": swap_sentences,
        "limit": limit,
    }
    video_ids = store.video_ids(split)[:limit]
    start_s = time.perf_counter()
    segmenter = load_model(model_name, checkpoint, device=device, seed=seed, text_encoder=text_encoder)
    facts["settings"] = factory.settings(segmenter) if isinstance(factory, ConfigurableFactory) else {}
    tally = _Tally(load_s=time.perf_counter() - start_s)
    partial = out.with_name(f".{out.name}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    try:
        with PredictionsWriter(partial / "predictions") as writer, computing_in(precision, device):
            for done, video_id in enumerate(video_ids):
                video = store.video(split, video_id)
                queries = _queries(video, seed=seed, swapped=swap_sentences)
                tally.count(video, queries)
                if queries:
                    clip = _clip(video, store.release, with_objects=factory.is_oracle)
                    writer.add(_answers(segmenter, model_name, clip, queries, candidates, tally))
                if on_progress is not None:
                    on_progress(done + 1, len(video_ids))
        if not tally.expressions:
            raise ScoreError(
                f"{store.folder} has no expression to ask in split '{split}' "
                f"({len(video_ids)} videos, {len(tally.left_out)} expressions that cannot be swapped); "
                "expected at least one, choose another --split"
            )
        seconds = time.perf_counter() - start_s
        record = {**facts, **tally.as_json(seconds), **run_record.environment()}
        record["hardware"] |= {"device": device}
        run_record.write_json(partial / run_record.NAME, record)
        _put_in_place(partial, out)
    finally:
        shutil.rmtree(partial, ignore_errors=True)
    return out


@dataclass(frozen=True, slots=True)
class _Query:
    """An expression to ask, and the expression whose answer it is taken for."""

    expression_id: str
    text: str


@dataclass(slots=True)
class _Tally:
    """What the run came to."""

    load_s: float
    model_s: float = 0.0
    videos: int = 0
    frames: int = 0
    expressions: int = 0
    left_out: list[str] = field(default_factory=list)  # video/expression

    def count(self, video: Video, queries: Sequence[_Query]) -> None:
        asked = {query.expression_id for query in queries}
        self.videos += 1
        self.expressions += len(asked)
        self.left_out += [
            f"{video.video_id}/{expression.expression_id}"
            for expression in video.expressions
            if expression.expression_id not in asked
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


def _queries(video: Video, *, seed: int, swapped: bool) -> list[_Query]:
    if not swapped:
        return [_Query(each.expression_id, each.text) for each in video.expressions]
    queries = []
    for expression in video.expressions:
        text = _text_about_another(expression, video.expressions, seed)
        if text is not None:
            queries.append(_Query(expression.expression_id, text))
    return queries


def _text_about_another(expression: Expression, expressions: Sequence[Expression], seed: int) -> str | None:
    """An expression of the same video that shares no object and no wording with `expression`."""
    if not expression.object_ids:
        return None
    others = sorted(
        {
            other.text
            for other in expressions
            if other.object_ids and set(other.object_ids).isdisjoint(expression.object_ids)
        }
        - {expression.text}
    )
    if not others:
        return None
    key = f"{seed}/{expression.video_id}/{expression.expression_id}".encode()
    return others[int.from_bytes(hashlib.sha256(key).digest()[:8], "big") % len(others)]


def _clip(video: Video, release: Path, *, with_objects: bool) -> Clip:
    """The whole video as one clip."""
    indices = tuple(range(len(video.frames)))
    annotated = tuple(index for index in indices if video.frames[index].annotated)
    hidden = any(expression.object_ids is None for expression in video.expressions)
    with open_frames(video, release) as reader:
        clip = Clip(
            video_id=video.video_id,
            frames=reader.read(indices),
            frame_indices=indices,
            wanted=indices if hidden or not annotated else annotated,
        )
    return replace(clip, objects=_objects(video, clip.wanted)) if with_objects else clip


def _objects(video: Video, frames: Sequence[int]) -> NDArray[np.bool_]:
    """The ground truth of all objects, (N, K, H, W); what is marked as void is none."""
    objects = [thing.object_id for thing in video.objects if thing.category != VOID]
    drawn = np.zeros((len(objects), len(frames), video.height, video.width), np.bool_)
    for row, object_id in enumerate(objects):
        for column, frame in enumerate(frames):
            rle = video.masks.get((object_id, frame))
            if rle is not None:
                drawn[row, column] = masks.decode(rle)
    return drawn


def _answers(
    segmenter: Segmenter,
    model_name: str,
    clip: Clip,
    queries: Sequence[_Query],
    candidates: int,
    tally: _Tally,
) -> Iterator[Prediction]:
    start_s = time.perf_counter()
    answers = segmenter.segment(clip, [query.text for query in queries], candidates)
    tally.model_s += time.perf_counter() - start_s
    tally.frames += len(clip.frames)
    if len(answers) != len(queries):
        raise ShapeError(
            f"{model_name} gave {len(answers)} answers to {len(queries)} expressions about "
            f"{clip.video_id}; expected one each"
        )
    for query, answer in zip(queries, answers, strict=True):
        _check_answer(answer, model_name, clip, query, candidates)
        scores = np.broadcast_to(answer.scores.reshape(len(answer.masks), -1), answer.masks.shape[:2])
        for candidate, frames in enumerate(answer.masks):
            for place, mask in enumerate(frames):
                yield Prediction(
                    video_id=clip.video_id,
                    expression_id=query.expression_id,
                    frame_index=clip.frame_indices[clip.wanted[place]],
                    candidate=candidate,
                    score=float(scores[candidate, place]),
                    mask=masks.encode(mask),
                )


def _check_answer(answer: Segmentation, model_name: str, clip: Clip, query: _Query, candidates: int) -> None:
    count = len(answer.masks)
    shape = (count, len(clip.wanted), *clip.frames.shape[2:])
    fits = answer.masks.shape == shape and answer.masks.dtype == np.bool_
    if not fits or not 1 <= count <= candidates or answer.scores.shape not in ((count,), shape[:2]):
        raise ShapeError(
            f"{model_name} answered {query.expression_id!r} of {clip.video_id} with masks "
            f"{answer.masks.shape} {answer.masks.dtype} and scores {answer.scores.shape}; expected "
            f"1 to {candidates} candidates of {shape[1:]} bool (frames, height, width) with one score each"
        )


def _check_free(out: Path) -> None:
    if out.exists() and (not out.is_dir() or any(out.iterdir())):
        raise OutputError(f"{out} is already there and not an empty folder; choose another --out")


def _put_in_place(partial: Path, out: Path) -> None:
    try:
        partial.replace(out)  # an empty folder under that name gives way
    except OSError as error:
        raise OutputError(f"{out} cannot be put in place ({error.strerror}); choose another --out") from error
