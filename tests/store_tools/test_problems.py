"""problems.parquet in `info` and `verify`."""

from __future__ import annotations

import hashlib
import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from rvosbench.store import ReleaseProblem, Store, StoreWriter
from rvosbench.store_tools.info import as_json, describe
from rvosbench.store_tools.verify import verify
from tests.tiny_store import CARD, two_squares

PROBLEMS = [
    ReleaseProblem(kind="reported", message="train lacks 3 videos"),
    ReleaseProblem(kind="reported", split="train", video_id="pair", message="pair is odd"),
    ReleaseProblem(
        kind="skipped", split="train", video_id="lost", message="lost/00000.png is \udcff cut off"
    ),
]


@pytest.fixture
def folder(tmp_path):
    path = tmp_path / "store"
    with StoreWriter(path, CARD, release=tmp_path, fingerprint="f", arguments={}) as writer:
        writer.add(two_squares())
        for problem in PROBLEMS:
            writer.report(problem)
    return path


def told(folder):
    return [str(problem) for problem in verify(folder)]


def rewrite(folder, table):
    """Another problems.parquet, with a manifest that knows it."""
    path = folder / "problems.parquet"
    pq.write_table(table, path)
    manifest = json.loads((folder / "dataset.json").read_text())
    data = path.read_bytes()
    facts = {"rows": table.num_rows, "bytes": len(data), "sha256": hashlib.sha256(data).hexdigest()}
    manifest["files"]["problems.parquet"] = facts
    (folder / "dataset.json").write_text(json.dumps(manifest))


def test_info_counts_and_shows_the_skipped_ones_first(folder):
    found = describe(Store.open(folder), problems=2).problems
    assert (found.skipped, found.reported) == (1, 2)
    assert [problem.video_id for problem in found.first] == ["lost", None]
    assert found.first[0].message == "lost/00000.png is \\udcff cut off"  # half a character, written out
    content = json.loads(json.dumps(as_json(describe(Store.open(folder)))))
    assert content["problems"]["first"][0]["kind"] == "skipped"
    assert content["packed"] is False


def test_verify_has_nothing_against_it(folder):
    assert told(folder) == []


def test_verify_compares_the_kinds_with_the_manifest(folder):
    table = Store.open(folder).problems()
    rewrite(folder, table.slice(0, 2))
    assert told(folder) == ["problems skipped: found 0 rows; expected 1, as the manifest says"]
    rewrite(folder, table.set_column(2, "kind", pa.array(["reported", None, "lost"])))
    assert told(folder) == [
        "problems kind: found None, lost; expected skipped or reported",
        "problems skipped: found 0 rows; expected 1, as the manifest says",
        "problems reported: found 1 rows; expected 2, as the manifest says",
    ]


def test_verify_knows_its_columns_and_sees_damage(folder):
    rewrite(folder, Store.open(folder).problems().drop_columns(["kind"]))
    (line,) = told(folder)
    assert line.startswith(
        "files problems.parquet: found the columns split: string, video_id: string, message"
    )
    (folder / "problems.parquet").write_bytes(b"PAR1")
    assert any("no Parquet file" in line for line in told(folder))
    (folder / "problems.parquet").unlink()
    assert told(folder) == ["files problems.parquet: found no file; expected a file of the manifest"]


def test_verify_names_one_that_is_not_listed(folder):
    manifest = json.loads((folder / "dataset.json").read_text())
    del manifest["files"]["problems.parquet"]
    (folder / "dataset.json").write_text(json.dumps(manifest))
    (line,) = told(folder)
    assert line.startswith("files problems.parquet: found a file that is not in the manifest")


def test_a_manifest_that_does_not_count_them_is_told(folder):
    manifest = json.loads((folder / "dataset.json").read_text())
    for wrong in (None, [], {"skipped": "1", "reported": 2}):
        (folder / "dataset.json").write_text(json.dumps(manifest | {"problems": wrong}))
        assert any(line.startswith("problems skipped: found 1 rows; expected None") for line in told(folder))
