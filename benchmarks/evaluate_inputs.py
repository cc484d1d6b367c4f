"""Stores and predictions for benchmarks/evaluate.py, drawn: outlines that move, and answers that drift."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from metrics import Track, track
from numpy.typing import NDArray

from rvosbench import masks
from rvosbench.runs.predictions import Prediction, PredictionsWriter
from rvosbench.store import Store
from rvosbench.testing.tiny_store import write_store
from rvosbench.types import Expression, Frame, Object, Rle, Video

DRAWN = 12  # tracks that are drawn; the others are the same ones under other names
SPLIT = "train"


class Scenes:
    """Videos of two or more objects, with an answer to each; nothing of a video is kept."""

    def __init__(
        self, videos: int, frames: int, height: int, width: int, *, objects: int = 2, expressions: int = 4
    ) -> None:
        self.videos, self.frames, self.height, self.width = videos, frames, height, width
        self.objects, self.expressions = objects, expressions
        self._drawn = [track(height, width, frames, seed) for seed in range(max(DRAWN, objects))]
        self._label_maps: dict[int, list[NDArray[np.uint8]]] = {}

    def tracks(self, number: int) -> list[Track]:
        """(answers, truths) of every object of a video."""
        return [self._drawn[(number + 5 * index) % len(self._drawn)] for index in range(self.objects)]

    def video(self, number: int) -> Video:
        """As the store holds it; its expressions are about one object after the other."""
        video_id = f"v{number:06d}"
        tracks = self.tracks(number)
        return Video(
            video_id=video_id,
            split=SPLIT,
            height=self.height,
            width=self.width,
            fps=None,
            source="drawn",
            frames=tuple(
                Frame(name=f"{5 * index:05d}", annotated=True, path=f"drawn/{5 * index:05d}.jpg")
                for index in range(self.frames)
            ),
            objects=tuple(Object(object_id=index + 1, category="blob") for index in range(self.objects)),
            expressions=tuple(
                Expression(
                    video_id=video_id,
                    expression_id=str(index),
                    text=f"the blob number {index}",
                    object_ids=(1 + index % self.objects,),
                )
                for index in range(self.expressions)
            ),
            masks={
                (index + 1, frame): mask
                for index, (_, truths) in enumerate(tracks)
                for frame, mask in enumerate(truths)
            },
        )

    def store(self, folder: Path) -> Store:
        """All videos, prepared."""
        return write_store(folder, (self.video(number) for number in range(self.videos)))

    def label_maps(self, number: int) -> list[NDArray[np.uint8]]:
        """(H, W) object ids of every frame: the answers, a later object over an earlier one."""
        kept = self._label_maps.setdefault(number % len(self._drawn), [])
        for frame in range(len(kept), self.frames):
            labels = np.zeros((self.height, self.width), np.uint8)
            for index, (answers, _) in enumerate(self.tracks(number)):
                labels[masks.decode(answers[frame])] = index + 1
            kept.append(labels)
        return kept

    def object_answers(self, number: int) -> list[list[Rle]]:
        """The same as run lengths: a track for each object."""
        maps = self.label_maps(number)
        return [[masks.encode(labels == index + 1) for labels in maps] for index in range(self.objects)]


def write_object_pngs(scenes: Scenes, folder: Path) -> Path:
    """`<video>/<frame>.png` in the DAVIS palette; and all of it as `<folder>.zip`."""
    with zipfile.ZipFile(folder.with_suffix(".zip"), "w") as archive:
        for number in range(scenes.videos):
            video = scenes.video(number)
            (folder / video.video_id).mkdir(parents=True)
            for frame, labels in zip(video.frames, scenes.label_maps(number), strict=True):
                path = folder / video.video_id / f"{frame.name}.png"
                path.write_bytes(masks.encode_index_png(labels))
                archive.write(path, path.relative_to(folder))
    return folder


def write_object_rows(scenes: Scenes, folder: Path) -> Path:
    """The same answers as Parquet."""
    with PredictionsWriter(folder) as writer:
        for number in range(scenes.videos):
            answers = scenes.object_answers(number)
            writer.add(_rows(scenes.video(number), {str(i + 1): track for i, track in enumerate(answers)}))
    return folder


def write_expression_pngs(scenes: Scenes, folder: Path) -> Path:
    """`<video>/<expression>/<frame>.png`, grey with 0 and 255."""
    for number in range(scenes.videos):
        video = scenes.video(number)
        for expression_id, answers in _of_expressions(scenes, number).items():
            (folder / video.video_id / expression_id).mkdir(parents=True)
            for frame, mask in zip(video.frames, answers, strict=True):
                data = masks.encode_binary_png(masks.decode(mask))
                (folder / video.video_id / expression_id / f"{frame.name}.png").write_bytes(data)
    return folder


def write_expression_rows(scenes: Scenes, folder: Path) -> Path:
    """The same answers as Parquet."""
    with PredictionsWriter(folder) as writer:
        for number in range(scenes.videos):
            writer.add(_rows(scenes.video(number), _of_expressions(scenes, number)))
    return folder


def write_candidates(scenes: Scenes, folder: Path, candidates: int) -> Path:
    """One frame a video, with ranked candidates: shapes from all tracks, under random scores."""
    rng = np.random.default_rng(0)
    shapes = [mask for answers, _ in scenes._drawn for mask in answers]
    with PredictionsWriter(folder) as writer:
        for number in range(scenes.videos):
            video = scenes.video(number)
            scores = np.sort(rng.random(candidates))[::-1].tolist()
            mine, _ = scenes.tracks(number)[0]
            writer.add(
                Prediction(
                    video_id=video.video_id,
                    expression_id=expression.expression_id,
                    frame_index=frame,
                    candidate=rank,
                    score=score,
                    mask=mine[frame] if rank == number % 3 else shapes[(7 * number + rank) % len(shapes)],
                )
                for expression in video.expressions
                for frame in range(scenes.frames)
                for rank, score in enumerate(scores)
            )
    return folder


def _of_expressions(scenes: Scenes, number: int) -> dict[str, list[Rle]]:
    tracks = scenes.tracks(number)
    return {str(index): tracks[index % scenes.objects][0] for index in range(scenes.expressions)}


def _rows(video: Video, answers: dict[str, list[Rle]]) -> Iterator[Prediction]:
    for expression_id, track_of_it in answers.items():
        for frame, mask in enumerate(track_of_it):
            yield Prediction(
                video_id=video.video_id,
                expression_id=expression_id,
                frame_index=frame,
                candidate=0,
                score=1.0,
                mask=mask,
            )
