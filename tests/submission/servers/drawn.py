"""Stores and predictions that every server can be tried on."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path

import numpy as np

from rvosbench import masks
from rvosbench.runs.predictions import Prediction, PredictionsWriter
from rvosbench.store import Store
from rvosbench.submission import PredictionSource, open_predictions
from rvosbench.submission.servers import write_submission
from rvosbench.types import Video
from tests.tiny_run import expressions
from tests.tiny_store import HEIGHT, WIDTH, square, video, write_store

FRAMES = ("00000", "00005", "00010")


def two_objects(video_id: str) -> Video:
    """A red and a blue square for three frames, each with one expression."""
    return video(
        video_id,
        "val",
        {1: {n: square(2 * n) for n in range(3)}, 2: {n: square(20, 14) for n in range(3)}},
        {"red": (1,), "blue": (2,)},
        frames=3,
    )


def of_annotators(video_id: str) -> Video:
    """The same, each described by four annotators."""
    return replace(two_objects(video_id), expressions=expressions(video_id, (1, 2)))


def of_hidden(video_id: str) -> Video:
    """The same without any truth."""
    return video(video_id, "val", {}, {"red": None, "blue": None}, frames=3)


def store_of(folder: Path, make: Callable[[str], Video] = two_objects, *names: str) -> Store:
    return write_store(folder, [make(name) for name in sorted(names or ("7", "12"))])


def rows_of(made: Video, *, about: str = "expression") -> list[Prediction]:
    """Two candidates for everything, in every frame; the first of them moves, none meets another."""
    asked = {e.expression_id: e.object_ids or (place + 1,) for place, e in enumerate(made.expressions)}
    if about == "object":
        asked = {str(obj.object_id): (obj.object_id,) for obj in made.objects}
    return [
        Prediction(
            video_id=made.video_id,
            expression_id=key,
            frame_index=frame,
            candidate=candidate,
            score=1.0 - candidate / 2,
            mask=masks.encode(square(frame + candidate, 1 + 9 * (meant[0] - 1))),
        )
        for key, meant in asked.items()
        for frame in range(len(made.frames))
        for candidate in (0, 1)
    ]


def predicted(
    folder: Path,
    store: Store,
    *,
    about: str = "expression",
    without: Iterable[tuple[str, str, int]] = (),
) -> PredictionSource:
    """Parquet of all videos but for some (video, expression, frame)."""
    write_rows(folder, store, about=about, without=without)
    return open_predictions(folder, "object" if about == "object" else "expression")


def write_rows(
    folder: Path,
    store: Store,
    *,
    about: str = "expression",
    without: Iterable[tuple[str, str, int]] = (),
) -> Path:
    gone = set(without)
    with PredictionsWriter(folder) as writer:
        for video_id in store.video_ids("val"):
            rows = rows_of(store.video("val", video_id), about=about)
            kept = [r for r in rows if (r.video_id, r.expression_id, r.frame_index) not in gone]
            if kept:
                writer.add(kept)
    return folder


ABOUT = {"mosev2": "object"}
MAKES = {"davis": of_annotators}


def good_zip(folder: Path, server: str) -> tuple[Store, Path]:
    """A store and a submission of it, one by one as people would make them."""
    store = store_of(folder / "store", MAKES.get(server, two_objects))
    source = predicted(folder / "rows", store, about=ABOUT.get(server, "expression"))
    out = folder / f"{server}.zip"
    write_submission(source, store, "val", server, out)
    return store, out


def entries(path: Path) -> dict[str, bytes]:
    with zipfile.ZipFile(path) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def rezip(path: Path, files: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w") as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return path


def grey(values: np.ndarray) -> bytes:
    from tests.tiny_store import png

    return png(values.astype(np.uint8))


def tracks(path: Path) -> list[dict]:
    return json.loads(entries(path)["results.json"])


SIZE = (HEIGHT, WIDTH)
