"""The numbers of annotators and of single expressions: by hand, and the same from parts of the videos."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from rvosbench.evaluation.evaluate import evaluate
from rvosbench.evaluation.merge_parts import merge
from rvosbench.runs.run import Run, open_run
from rvosbench.store import Store
from rvosbench.types import Video
from tests.reporting.runs import late, store_of_annotators
from tests.tiny_run import answer, make_run
from tests.tiny_store import lone_square, two_squares, write_store


def shifted(video: Video, expression_id: str, frame: int) -> np.ndarray:
    """Late, and for annotator "z" in other frames too."""
    (expression,) = (e for e in video.expressions if e.expression_id == expression_id)
    if expression.annotator == "z":
        return np.roll(late(video, expression_id, frame), 2 * frame, axis=1)
    return late(video, expression_id, frame)


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return store_of_annotators(tmp_path / "store")


@pytest.fixture
def run(tmp_path: Path, store: Store) -> Path:
    return make_run(tmp_path / "run", store, [answer(video, shifted) for video in store])


@pytest.mark.parametrize("protocol", ["davis-official", "davis-expressions", "davis-plain", "ytvos"])
def test_an_annotators_number_is_that_of_its_expressions_alone(store: Store, run: Path, protocol: str):
    found = evaluate(run, store, protocol=protocol)
    written = open_run(run).scores(protocol)
    assert written == found and len(found.by_annotator) == 4
    videos = {video.video_id: video for video in store}
    rows = found.expressions.to_pylist()
    for index, (annotator, values) in enumerate(found.by_annotator.items()):
        mine = [
            row
            for row in rows
            if (
                row["expression_id"].startswith(f"anno_{index}/")
                if protocol == "davis-official"
                else "wxyz"[index]
                == next(
                    e.annotator
                    for e in videos[row["video_id"]].expressions
                    if e.expression_id == row["expression_id"]
                )
            )
        ]
        assert annotator == (f"anno_{index}" if protocol == "davis-official" else "wxyz"[index])
        assert len(mine) == 4
        assert values["J"] == np.mean([row["j"] for row in mine])
        assert (
            values["J&F"] == (np.mean([row["j"] for row in mine]) + np.mean([row["f"] for row in mine])) / 2
        )
    assert values["J"] < found.by_annotator[next(iter(found.by_annotator))]["J"]  # "z" is worse


def test_a_single_annotator_is_not_told_apart(tmp_path: Path):
    store = write_store(tmp_path / "store", [two_squares()])
    run = make_run(tmp_path / "run", store, [answer(two_squares())])
    assert evaluate(run, store, protocol="davis-plain").by_annotator == {}


def test_recall_and_decay_of_each_expression_are_kept_and_make_the_mean(store: Store, run: Path):
    found = evaluate(run, store, protocol="davis-plain")
    table = pq.read_table(run / "scores" / "davis-plain" / "expression_scores.parquet")
    for metric, column in (("J recall", "j_recall"), ("J decay", "j_decay"), ("F recall", "f_recall")):
        assert found.metrics[metric].value == np.mean(table[column].to_numpy())
    # Blind in frame 1 of 6, and otherwise right: five of six frames, and half of the first quarter's two.
    first = table.to_pylist()[0]
    assert (first["j_recall"], first["j_decay"]) == (5 / 6, pytest.approx(-0.5))
    assert "j_recall" not in evaluate(run, store, protocol="ytvos").expressions.column_names


@pytest.mark.parametrize("protocol", ["davis-official", "davis-plain", "a2d-top1", "jhmdb", "refcoco"])
def test_parts_of_the_videos_make_the_whole(store: Store, run: Path, tmp_path: Path, protocol: str):
    whole = evaluate(run, store, protocol=protocol)
    parts = [
        evaluate(run, store, protocol=protocol, shard=f"{n}/2", out=tmp_path / f"part-{n}") for n in (1, 2)
    ]
    assert [part.n_videos for part in parts] == [1, 1]
    merge([tmp_path / "part-1", tmp_path / "part-2"], out=tmp_path / "merged")
    merged = Run(tmp_path / "merged").scores(protocol)
    assert merged.by_annotator == whole.by_annotator
    assert merged.metrics == whole.metrics
    for name in ("frame_scores", "expression_scores"):
        one, other = (
            pq.read_table(path / "scores" / protocol / f"{name}.parquet")
            for path in (run, tmp_path / "merged")
        )
        assert one.equals(other)


def test_videos_that_are_left_out_are_named_in_parts_and_in_the_whole(tmp_path: Path):
    short = replace(lone_square("short"), frames=lone_square().frames[:2], masks={})
    videos = [replace(two_squares("a"), expressions=()), short, replace(two_squares("z"), expressions=())]
    store = write_store(tmp_path / "store", videos)
    rows = [
        [
            replace(row, video_id=video.video_id, expression_id="0", frame_index=n, mask=video.masks[0, n])
            for row in answer(two_squares(), frames=[0])[:1]
            for n in range(6)
        ]
        for video in (videos[0], videos[2])
    ]
    run = make_run(tmp_path / "run", store, rows, unit="object")
    whole = evaluate(run, store, protocol="davis-semi")
    for n in (1, 2, 3):
        evaluate(run, store, protocol="davis-semi", shard=f"{n}/3", out=tmp_path / f"part-{n}")
    merge([tmp_path / f"part-{n}" for n in (1, 2, 3)], out=tmp_path / "merged")
    merged = Run(tmp_path / "merged").scores("davis-semi")
    assert merged.unscored_videos == whole.unscored_videos == ("short",)
    assert merged.metrics == whole.metrics
