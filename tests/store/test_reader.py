from __future__ import annotations

import json

import pytest

from rvosbench.errors import FormatError, MissingPathError, UnknownNameError
from rvosbench.store import Store, StoreWriter
from tests.store.random_videos import CARD
from tests.store.test_writer import VIDEO


@pytest.fixture
def folder(tmp_path):
    with StoreWriter(
        tmp_path / "store", CARD, release=tmp_path / "raw", fingerprint="f", arguments={}
    ) as writer:
        writer.add(VIDEO)
    return tmp_path / "store"


def test_the_release_folder_can_be_named_again(folder, tmp_path):
    assert Store.open(folder).release == tmp_path / "raw"
    assert Store.open(folder, tmp_path / "moved").release == tmp_path / "moved"


def test_some_columns_of_a_table(folder):
    assert Store.open(folder).table("objects", "train", ["object_id"]).to_pydict() == {"object_id": [1, 2]}


def test_unknown_splits_and_videos_name_the_nearest(folder):
    store = Store.open(folder)
    with pytest.raises(UnknownNameError, match="did you mean 'train'"):
        store.video_ids("trian")
    with pytest.raises(UnknownNameError, match="did you mean 'aaa'"):
        store.video("train", "aab")


def test_no_store_there(tmp_path):
    with pytest.raises(MissingPathError, match="is not there"):
        Store.open(tmp_path / "absent")
    with pytest.raises(FormatError, match=r"has no dataset\.json"):
        Store.open(tmp_path)


def test_a_half_written_store_is_not_a_store(folder):
    (folder / "dataset.json").rename(folder / "elsewhere.json")
    with pytest.raises(FormatError, match="was not finished"):
        Store.open(folder)


@pytest.mark.parametrize("damage", [lambda path: path.unlink(), lambda path: path.write_bytes(b"PAR1")])
def test_a_missing_or_changed_file_is_named_with_the_command_that_rebuilds(folder, damage):
    damage(folder / "data" / "masks" / "split=train" / "part-00000.parquet")
    with pytest.raises(FormatError, match=r"part-00000\.parquet .* rvos prepare tiny --root .* --overwrite"):
        Store.open(folder)


def test_another_format_version_names_both_and_the_command(folder):
    path = folder / "dataset.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"format_version": 99}))
    with pytest.raises(
        FormatError, match="has store format 99, this rvosbench reads 1; rebuild it with: rvos"
    ):
        Store.open(folder)


@pytest.mark.parametrize(
    "content",
    [
        "",
        "{",
        "[]",
        "null",
        '"text"',
        "{}",
        '{"format_version": 1}',
        '{"format_version": 2, "release": "x"}',
        '{"format_version": 1, "name": "x", "splits": [], "files": {}, "fingerprint": "", "release": {}}',
        '{"format_version": 1, "name": "x", "splits": {}, "files": [], "fingerprint": "", "release": {}}',
        "[" * 100_000,
    ],
)
def test_a_manifest_of_another_shape_is_one_line(folder, content):
    (folder / "dataset.json").write_text(content)
    with pytest.raises(FormatError, match=r"dataset\.json") as caught:
        Store.open(folder)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("start", [4, -8])
def test_damaged_bytes_of_a_table_are_one_line_that_names_the_file(folder, start):
    path = next((folder / "data" / "expressions").rglob("*.parquet"))
    content = bytearray(path.read_bytes())
    for place in range(start, start + 4 if start < 0 else start + 60):
        content[place] ^= 0xFF  # the pages, or the length of the footer; the size stays
    path.write_bytes(content)
    store = Store.open(folder)
    with pytest.raises(FormatError, match=r"expressions.*cannot be read \(.*rvos verify"):
        store.video("train", VIDEO.video_id)
