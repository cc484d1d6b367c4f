"""Scored runs over a tiny store, drawn in code, for the tests of reports."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np

from rvosbench import masks
from rvosbench.evaluation.evaluate import evaluate
from rvosbench.files.atomic import write_json
from rvosbench.runs.predictions import Prediction, PredictionsWriter
from rvosbench.store import Store
from rvosbench.types import Video
from tests.tiny_store import HEIGHT, WIDTH, square, two_squares, video, write_store

EVIL = '<script>alert("1")</script> & "><img src=x onerror=alert(1)> {{ 7*7 }} $x_1$'

Answer = Callable[[Video, str, int], np.ndarray]
"""(video, expression id, frame) -> (H, W) bool."""


def store_of_pairs(folder: Path) -> Store:
    """Three videos; the last one has an expression that attacks whoever shows it."""
    still = {0: {n: square(4) for n in range(6)}, 1: {n: square(20) for n in range(6)}}
    return write_store(
        folder,
        [
            two_squares("a"),
            two_squares("b"),
            video("c", "train", still, {EVIL: (0,), "the blue square": (1,), "x": (1,)}),
        ],
    )


def store_of_annotators(folder: Path) -> Store:
    """Two videos; four annotators describe each of two objects, which never touch."""
    tracks = {1: {n: square(2 * n) for n in range(6)}, 2: {n: square(20, 14) for n in range(6)}}
    expressions = {f"{who} {thing}": (thing,) for who in "wxyz" for thing in (1, 2)}
    videos = []
    for name in ("d", "e"):
        drawn = video(name, "train", tracks, expressions)
        named = tuple(replace(each, annotator=each.text[0]) for each in drawn.expressions)
        videos.append(replace(drawn, expressions=named))
    return write_store(folder, videos)


def truth(each: Video, expression_id: str, frame: int) -> np.ndarray:
    (expression,) = (e for e in each.expressions if e.expression_id == expression_id)
    rles = [each.masks[i, frame] for i in expression.object_ids or () if (i, frame) in each.masks]
    return masks.decode(masks.union(rles, HEIGHT, WIDTH))


def nothing(each: Video, expression_id: str, frame: int) -> np.ndarray:
    return np.zeros((HEIGHT, WIDTH), np.bool_)


def late(each: Video, expression_id: str, frame: int) -> np.ndarray:
    """Right but for the second frame, where nothing is found."""
    return nothing(each, expression_id, frame) if frame == 1 else truth(each, expression_id, frame)


def scored_run(run: Path, store: Store, answer: Answer, protocol: str = "ytvos", **facts: object) -> Path:
    """Predictions of `answer` for the split `train`, scored under a protocol."""
    left_out = set(facts.get("left_out", ()))
    with PredictionsWriter(run / "predictions") as writer:
        for video_id in store.video_ids("train"):
            each = store.video("train", video_id)
            writer.add(
                Prediction(
                    video_id=video_id,
                    expression_id=expression.expression_id,
                    frame_index=frame,
                    candidate=0,
                    score=1.0,
                    mask=masks.encode(answer(each, expression.expression_id, frame)),
                )
                for expression in each.expressions
                if f"{video_id}/{expression.expression_id}" not in left_out
                for frame in range(len(each.frames))
            )
    known = {
        "model": run.name,
        "store_fingerprint": store.fingerprint,
        "split": "train",
        "unit": "expression",
        "seed": 0,
        "is_oracle": False,
        "mismatched_expressions": False,
    }
    write_json(run / "run.json", known | facts)
    evaluate(run, store=store, split="train", protocol=protocol, allow_empty=answer is nothing)
    return run


def scores_file(run: Path, value: float = 0.5, **changes: object) -> Path:
    """A run folder with nothing but a hand-written scores.json."""
    protocol = {"name": changes.pop("protocol", "ytvos"), "unit": "expression", "main_metric": "J&F"}
    metrics = {
        name: {"value": number, "n": 10, "unit": "expression", "low": number - 0.05, "high": number + 0.05}
        for name, number in (("J", value - 0.01), ("J&F", value), ("F", value + 0.01))
    }
    scores = {
        "schema_version": 1,
        "protocol": protocol,
        "metrics": metrics,
        "dataset": "ytvos",
        "split": "valid",
        "store_fingerprint": "f" * 64,
        "model": run.name,
        "is_oracle": False,
        "swapped_sentences": False,
        "n_expressions": 10,
        "n_videos": 4,
    }
    run.mkdir(parents=True)
    (run / "scores.json").write_text(json.dumps(scores | changes))
    return run
