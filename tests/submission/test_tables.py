"""Parquet predictions in archives and whole runs that were packed: the same rows, or one line."""

from __future__ import annotations

import json
import pickle
import tarfile
import tempfile
import zipfile
from pathlib import Path

import numpy as np
import pytest

from rvosbench.errors import FormatError, InvalidDataError, ScoreError
from rvosbench.evaluation.evaluate import evaluate
from rvosbench.evaluation.submit import submit
from rvosbench.runs.predictions import Predictions, PredictionsWriter
from rvosbench.store import Store
from rvosbench.submission import convert, open_predictions
from tests.tiny_run import make_run, row
from tests.tiny_store import HEIGHT, WIDTH, two_squares, write_store

KINDS = ("zip", "tar", "tar.gz", "zip in zip")


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return write_store(tmp_path / "store", [two_squares("a"), two_squares("b")])


def rows(store: Store) -> list[list]:
    random = np.random.default_rng(5)
    return [
        [
            row(video_id, expression.expression_id, n, random.random((HEIGHT, WIDTH)) < 0.3)
            for expression in store.video("train", video_id).expressions
            for n in range(6)
        ]
        for video_id in store.video_ids("train")
    ]


@pytest.fixture
def run(tmp_path: Path, store: Store) -> Path:
    """A scored run, which holds more Parquet than its predictions."""
    made = make_run(tmp_path / "runs" / "soc", store, rows(store))
    evaluate(made, store, protocol="ytvos")
    return made


def packed(folder: Path, kind: str, inside: str = "") -> Path:
    """Everything in a folder, below the folder `inside`."""
    path = folder.parent / f"{folder.name}-packed.{kind.replace(' ', '-')}"
    files = [(file, str(Path(inside) / file.relative_to(folder))) for file in sorted(folder.rglob("*"))]
    if kind.startswith("tar"):
        with tarfile.open(path, "w:gz" if kind.endswith("gz") else "w") as archive:
            for file, name in files:
                archive.add(file, name, recursive=False)
        return path
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for file, name in files:
            if file.is_file():
                archive.write(file, name)
    if kind == "zip in zip":
        outer = path.with_suffix(".outer")
        with zipfile.ZipFile(outer, "w") as archive:
            archive.write(path, "all.zip")
        return outer
    return path


def edit(run: Path, **facts: object) -> None:
    record = json.loads((run / "run.json").read_text())
    (run / "run.json").write_text(json.dumps(record | facts))


def read(path: Path, store: Store) -> list:
    source = open_predictions(path, "expression", store=store, split="train")
    return [source.read(store.video("train", video_id)).rows for video_id in store.video_ids("train")]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("inside", ["", "a/b"])
def test_rows_in_an_archive_are_those_of_the_folder(run, store, kind, inside):
    path = packed(run / "predictions", kind, inside)
    assert read(path, store) == [Predictions.open(run / "predictions").video(v) for v in ("a", "b")]
    source = open_predictions(path, "expression", store=store)
    again = pickle.loads(pickle.dumps(source))
    assert again.read(store.video("train", "b")) == source.read(store.video("train", "b"))
    assert any("in the folder a/b" in note for note in source.notes) is bool(inside)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("inside", ["", "soc"])
def test_a_packed_run_scores_as_the_run(run, store, kind, inside):
    path = packed(run, kind, inside)
    notes: list[str] = []
    scores = evaluate(path, store, protocol="ytvos", on_note=notes.append)
    expected = evaluate(run, store, protocol="ytvos")
    assert scores.metrics == expected.metrics and scores.frames.equals(expected.frames)
    assert evaluate(path, store, protocol="ytvos", workers=2).frames.equals(expected.frames)
    assert f"holds a run in the folder {inside or '.'}, of the model drawn" in notes[-1]


def test_a_packed_run_is_converted_and_submitted_too(run, store, tmp_path):
    path = packed(run, "zip", "soc")
    convert(path, store, tmp_path / "again", to="parquet")
    assert read(tmp_path / "again", store) == read(run / "predictions", store)
    submit(path, "mevis", tmp_path / "theirs.zip", store)
    submit(run, "mevis", tmp_path / "mine.zip", store)
    assert (tmp_path / "theirs.zip").read_bytes() == (tmp_path / "mine.zip").read_bytes()


@pytest.mark.parametrize(
    ("facts", "said"),
    [
        ({"shard": {"index": 1, "of": 2}}, "it is shard 1/2 alone, to be merged with: rvos merge"),
        ({"traits": ["oracle"]}, "its model is an oracle; unpack it"),
        ({"is_oracle": True}, "its model is an oracle; unpack it"),
        ({"mismatched_expressions": True}, "mismatched expressions; unpack it"),
        ({"limit": 1}, "of the first 1 videos; unpack it"),
        ({"left_out": ["a/0"]}, "1 expressions were not asked; unpack it"),
        ({"split": "valid"}, "predicted with split 'valid', expected 'train'"),
        ({"store_fingerprint": "x"}, "predicted with store fingerprint 'x'"),
        (
            {"unit": "object"},
            "unit 'object', expected 'expression'; choose another --protocol",
        ),
        ({"seed": "three"}, "holds a value of the wrong type"),
    ],
)
def test_what_scores_must_know_of_a_run_is_not_lost_in_an_archive(run, store, facts, said):
    edit(run, **facts)
    with pytest.raises((ScoreError, FormatError)) as refused:
        evaluate(packed(run, "zip", "soc"), store, protocol="ytvos")
    assert said in str(refused.value) and "\n" not in str(refused.value)


def test_fewer_candidates_than_a_protocol_ranks_are_refused_in_an_archive_too(run, store):
    edit(run, candidates=1, candidates_available=5)
    path = packed(run, "zip")
    with pytest.raises(ScoreError, match="keeps 1 of the 5 candidates that drawn has"):
        evaluate(path, store, protocol="a2d")
    assert evaluate(path, store, protocol="ytvos").n_videos == 2


def test_a_run_below_another_folder_is_named_as_a_run(run, store):
    with pytest.raises(ScoreError, match=r"holds a run in the folder soc; name that folder, as a RUN"):
        evaluate(run.parent, store, protocol="ytvos")


def test_several_runs_and_several_results_are_refused_with_their_list(run, store, tmp_path):
    make_run(tmp_path / "runs" / "other", store, rows(store))
    with pytest.raises(ScoreError, match="holds several runs: other, soc"):
        evaluate(packed(run.parent, "zip"), store, protocol="ytvos")
    for name in ("one", "two"):
        with PredictionsWriter(tmp_path / "tables" / name):
            pass
    with pytest.raises(ScoreError, match="holds several results: one, two"):
        evaluate(packed(tmp_path / "tables", "tar"), store, protocol="ytvos")


@pytest.mark.parametrize("record", [b"{", b"[]", b"[" * 100_000, b"\xff", b'{"left_out": 3}'])
def test_a_damaged_record_is_one_line(run, store, record):
    (run / "run.json").write_bytes(record)
    with pytest.raises(FormatError) as refused:
        evaluate(packed(run, "zip"), store, protocol="ytvos")
    assert "run.json" in str(refused.value) and "\n" not in str(refused.value)


@pytest.mark.parametrize("seed", range(30))
def test_damage_gives_the_right_rows_or_one_line(run, store, seed):
    path = packed(run, "zip" if seed % 2 else "tar", "soc")
    whole = read(path, store)
    data = bytearray(path.read_bytes())
    random = np.random.default_rng(seed)
    for at in random.integers(0, len(data), 1 + seed % 3):
        data[at] ^= int(random.integers(1, 256))
    path.write_bytes(bytes(data[: len(data) - (seed % 5) * 100]))
    try:
        found = read(path, store)
    except (InvalidDataError, FormatError, ScoreError) as error:
        assert "\n" not in str(error)
    else:
        # A tar has no checksums of its files: what Parquet cannot notice there nobody can.
        assert found == whole or path.suffix == ".tar"


def test_nothing_stays_behind_of_what_was_unpacked(run, store, tmp_path, monkeypatch):
    (tmp_path / "tmp").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "tmp"))
    read(packed(run, "zip"), store)
    assert not list((tmp_path / "tmp").iterdir())


def test_tables_that_unpack_to_too_much_are_stopped(run, store, monkeypatch):
    from rvosbench.submission.trees import positioned

    monkeypatch.setattr(positioned, "_FREELY", 100)
    monkeypatch.setattr(positioned, "_RATIO", 0)
    with pytest.raises(FormatError, match="unpacks to more than"):
        read(packed(run, "zip"), store)
