"""Predictions for the videos of `tests.tiny_store`, as a run or as PNG folders."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from rvosbench import masks
from rvosbench.runs.predictions import Prediction, PredictionsWriter
from rvosbench.store import Store
from rvosbench.types import Expression, Video
from tests.tiny_store import HEIGHT, WIDTH

ANNOTATORS = ("annot1-first", "annot1-full", "annot2-first", "annot2-full")
EMPTY = np.zeros((HEIGHT, WIDTH), np.bool_)


def truth(video: Video, expression_id: str, frame: int) -> np.ndarray:
    (expression,) = (each for each in video.expressions if each.expression_id == expression_id)
    rles = [video.masks[i, frame] for i in expression.object_ids or () if (i, frame) in video.masks]
    return masks.decode(masks.union(rles, HEIGHT, WIDTH))


def shifted(video: Video, expression_id: str, frame: int) -> np.ndarray:
    return np.roll(truth(video, expression_id, frame), int(expression_id), axis=1)


def answer(video: Video, answered=shifted, **other) -> list[Prediction]:
    """One candidate for every expression and frame."""
    return [
        Prediction(
            video_id=video.video_id,
            expression_id=expression.expression_id,
            frame_index=frame,
            candidate=0,
            score=0.5,
            mask=masks.encode(answered(video, expression.expression_id, frame)),
        )
        for expression in video.expressions
        for frame in other.get("frames", range(len(video.frames)))
    ]


def make_run(run: Path, store: Store, rows: list[list[Prediction]], **record) -> Path:
    with PredictionsWriter(run / "predictions") as writer:
        for each in rows:
            writer.add(each)
    facts = {"model": "drawn", "unit": "expression", "split": "train", "store_fingerprint": store.fingerprint}
    (run / "run.json").write_text(json.dumps(facts | record))
    return run


def palette_folder(root: Path, video: Video, moved: int = 0) -> Path:
    for index, frame in enumerate(video.frames):
        labels = np.zeros((HEIGHT, WIDTH), np.uint8)
        for (object_id, at), rle in video.masks.items():
            if at == index and object_id != 255:
                labels[np.roll(masks.decode(rle), moved, axis=1)] = object_id
        path = root / video.video_id / f"{frame.name}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(masks.encode_index_png(labels))
    return root


def expressions(video_id: str, objects: tuple[int, ...]) -> tuple[Expression, ...]:
    """Four annotators, each with an expression about each object, numbered as in the usual conversion."""
    return tuple(
        Expression(
            video_id=video_id,
            expression_id=str(4 * place + k),
            text=f"object {object_id}",
            object_ids=(object_id,),
            annotator=annotator,
        )
        for place, object_id in enumerate(objects)
        for k, annotator in enumerate(ANNOTATORS)
    )


def row(video_id: str, expression_id: str, frame: int, mask: np.ndarray, score: float = 1.0) -> Prediction:
    return Prediction(
        video_id=video_id,
        expression_id=expression_id,
        frame_index=frame,
        candidate=0,
        score=score,
        mask=masks.encode(mask),
    )
