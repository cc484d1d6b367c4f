"""Predictions survive a round trip; what cannot be scored is refused and named."""

from __future__ import annotations

import errno
import math
import pickle
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from rvosbench import masks
from rvosbench.errors import FormatError, MissingPathError, OutputError, ScoreError
from rvosbench.runs.predictions import SCHEMA, Prediction, Predictions, PredictionsWriter
from rvosbench.types import Rle


def row(video: str = "v", expression: str = "0", frame: int = 0, candidate: int = 0, **other) -> Prediction:
    mask = np.zeros((4, 6), np.bool_)
    mask[candidate % 4, : frame + 1] = True
    return Prediction(
        video_id=video,
        expression_id=expression,
        frame_index=frame,
        candidate=candidate,
        score=other.get("score", 0.5),
        mask=other.get("mask", masks.encode(mask)),
    )


def as_table(rows: list[Prediction]) -> pa.Table:
    return pa.table(
        {
            "video_id": [each.video_id for each in rows],
            "expression_id": [each.expression_id for each in rows],
            "frame_index": [each.frame_index for each in rows],
            "candidate": [each.candidate for each in rows],
            "score": [each.score for each in rows],
            "height": [each.mask.height for each in rows],
            "width": [each.mask.width for each in rows],
            "counts": [each.mask.counts for each in rows],
        }
    )


def test_what_is_written_is_read_sorted(tmp_path: Path):
    first = [row("a", e, f, c) for c in (1, 0) for f in (2, 0) for e in ("1", "0")]
    second = [row("b", score=-3.25)]
    with PredictionsWriter(tmp_path / "predictions") as writer:
        writer.add(first)
        writer.add(second)
        writer.add([])
    found = Predictions.open(tmp_path / "predictions")
    assert found.video_ids() == ("a", "b")
    key = lambda each: (each.expression_id, each.frame_index, each.candidate)  # noqa: E731
    assert found.video("a") == sorted(first, key=key)
    assert found.video("b") == second
    assert found.video("c") == []


def test_many_rows_stream_into_groups_that_each_hold_whole_videos(tmp_path: Path):
    with PredictionsWriter(tmp_path / "p") as writer:
        for number in range(9):
            writer.add([row(f"v{number}", "0", frame) for frame in range(500)])
    (part,) = (tmp_path / "p").glob("*.parquet")
    file = pq.ParquetFile(part)
    assert file.schema_arrow.equals(SCHEMA)
    assert file.num_row_groups == 3
    groups = [set(file.read_row_group(group)["video_id"].to_pylist()) for group in range(3)]
    assert not groups[0] & groups[1]
    assert not groups[1] & groups[2]
    assert len(Predictions.open(tmp_path / "p").video("v8")) == 500


def test_videos_in_order_read_every_row_group_once(tmp_path: Path, monkeypatch):
    with PredictionsWriter(tmp_path / "p") as writer:
        for number in range(9):
            writer.add([row(f"v{number}", "0", frame) for frame in range(500)])
    predictions = Predictions.open(tmp_path / "p")
    read = []
    original = pq.ParquetFile.read_row_group

    def counted(self, group, *arguments, **options):
        read.append(group)
        return original(self, group, *arguments, **options)

    monkeypatch.setattr(pq.ParquetFile, "read_row_group", counted)
    in_order = [predictions.video(f"v{number}") for number in range(9)]
    assert read == [0, 1, 2]
    sent = pickle.loads(pickle.dumps(predictions))
    assert [sent.video(f"v{number}") for number in range(9)] == in_order


def test_rows_of_several_videos_that_lie_mixed_in_one_group_are_told_apart(tmp_path: Path):
    rows = [row("ab"[number % 2], "0", number // 2) for number in range(20)]
    pq.write_table(as_table(rows[::-1]), tmp_path / "mine.parquet")
    found = Predictions.open(tmp_path / "mine.parquet")
    assert found.video("a") == rows[::2] and found.video("b") == rows[1::2]


def test_no_predictions_are_a_valid_empty_table(tmp_path: Path):
    with PredictionsWriter(tmp_path / "p"):
        pass
    assert Predictions.open(tmp_path / "p").video_ids() == ()


def test_the_final_name_appears_only_at_the_end(tmp_path: Path):
    with PredictionsWriter(tmp_path / "p") as writer:
        writer.add([row()])
        assert not (tmp_path / "p").exists()
    assert [path.name for path in tmp_path.iterdir()] == ["p"]


def test_a_failure_leaves_nothing(tmp_path: Path):
    with pytest.raises(RuntimeError), PredictionsWriter(tmp_path / "p") as writer:
        writer.add([row()])
        raise RuntimeError
    assert list(tmp_path.iterdir()) == []


def test_a_taken_place_is_not_overwritten(tmp_path: Path):
    (tmp_path / "p").mkdir()
    (tmp_path / "p" / "mine").touch()
    with pytest.raises(OutputError, match="is not empty"):
        PredictionsWriter(tmp_path / "p")


def test_a_video_is_written_once(tmp_path: Path):
    with pytest.raises(ScoreError, match="second time"), PredictionsWriter(tmp_path / "p") as writer:
        writer.add([row("v")])
        writer.add([row("v", "1")])


def test_rows_of_other_writers_are_read_in_any_order_and_type(tmp_path: Path):
    rows = [row("a", frame=1), row("b"), row("a", frame=0)]
    table = as_table(rows)
    table = table.set_column(0, "video_id", table["video_id"].cast(pa.large_string()))
    table = table.set_column(7, "counts", table["counts"].cast(pa.string()))
    table = table.append_column("note", pa.array(["x"] * 3)).select(["note", *reversed(SCHEMA.names)])
    pq.write_table(table, tmp_path / "mine.parquet", row_group_size=1)
    found = Predictions.open(tmp_path / "mine.parquet")
    assert found.video("a") == [rows[2], rows[0]]
    assert found.video("b") == [rows[1]]


BAD = {
    "score nan": (row(score=math.nan), r"expression 0, frame 0, candidate 0 has the score nan"),
    "score infinite": (row(score=math.inf), r"frame 0, candidate 0 has the score inf"),
    "negative frame": (row(frame=-1), "frame -1, candidate 0 has a negative index"),
    "negative candidate": (row(candidate=-1), "candidate -1 has a negative index"),
    "wrong total": (row(mask=Rle(4, 6, b"4")), "candidate 0 has runs of 4 pixels in all"),
    "negative run": (row(mask=Rle(4, 6, b"5L?")), "candidate 0 has a run of negative length"),
    "no size": (row(mask=Rle(0, 6, b"")), "candidate 0 claims to be 0x6"),
}


@pytest.mark.parametrize(("bad", "complaint"), BAD.values(), ids=BAD)
def test_a_row_that_cannot_be_scored_is_named(tmp_path: Path, bad, complaint):
    good = row(expression="other")
    pq.write_table(as_table([good, bad]), tmp_path / "p.parquet")
    with pytest.raises(ScoreError, match=complaint):
        Predictions.open(tmp_path / "p.parquet").video("v")
    with pytest.raises(ScoreError, match=complaint), PredictionsWriter(tmp_path / "p") as writer:
        writer.add([good, bad])


def test_the_same_candidate_twice_is_refused(tmp_path: Path):
    twice = [row(frame=3), row(frame=1), replace(row(frame=3), score=0.7)]
    pq.write_table(as_table(twice), tmp_path / "p.parquet")
    with pytest.raises(ScoreError, match="video v, expression 0, frame 3, candidate 0 comes twice"):
        Predictions.open(tmp_path / "p.parquet").video("v")


def test_a_missing_value_is_refused(tmp_path: Path):
    table = as_table([row(), row(frame=1)])
    holes = table.set_column(4, "score", pa.array([0.5, None]))
    pq.write_table(holes, tmp_path / "p.parquet")
    with pytest.raises(ScoreError, match="frame 1 has no score"):
        Predictions.open(tmp_path / "p.parquet").video("v")
    pq.write_table(table.set_column(0, "video_id", pa.array(["v", None])), tmp_path / "q.parquet")
    with pytest.raises(ScoreError, match="has no video_id"):
        Predictions.open(tmp_path / "q.parquet")


def test_a_value_of_the_wrong_kind_is_refused(tmp_path: Path):
    table = as_table([row()])
    pq.write_table(table.set_column(2, "frame_index", pa.array(["00005x"])), tmp_path / "p.parquet")
    with pytest.raises(ScoreError, match=r"p\.parquet holds a value that does not fit"):
        Predictions.open(tmp_path / "p.parquet").video("v")


def test_what_is_no_predictions_is_refused(tmp_path: Path):
    with pytest.raises(MissingPathError, match="is not there"):
        Predictions.open(tmp_path / "nowhere")
    (tmp_path / "empty").mkdir()
    with pytest.raises(FormatError, match=r"holds no \*\.parquet"):
        Predictions.open(tmp_path / "empty")
    pq.write_table(as_table([row()]).drop_columns(["score", "counts"]), tmp_path / "p.parquet")
    with pytest.raises(FormatError, match="lacks the columns score, counts"):
        Predictions.open(tmp_path / "p.parquet")
    pq.write_table(as_table([row()]), tmp_path / "q.parquet")
    whole = (tmp_path / "q.parquet").read_bytes()
    (tmp_path / "cut.parquet").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(FormatError, match=r"cut\.parquet cannot be read as Parquet"):
        Predictions.open(tmp_path / "cut.parquet")


def test_a_full_disk_leaves_nothing_and_is_one_line(tmp_path: Path, monkeypatch):
    def full(self, *args, **kwargs):
        raise OSError(errno.ENOSPC, "Error writing bytes to file\ndetail")

    monkeypatch.setattr(pq.ParquetWriter, "write_table", full)
    with (
        pytest.raises(OutputError, match=r"p cannot be written \(No space left on device\); free some space"),
        PredictionsWriter(tmp_path / "p") as writer,
    ):
        writer.add([row()])
    assert list(tmp_path.iterdir()) == []
