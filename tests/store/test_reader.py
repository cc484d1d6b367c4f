from __future__ import annotations

import json
import pickle
from dataclasses import replace

import pyarrow.parquet as pq
import pytest

from rvosbench.errors import FormatError, LocationError, MissingPathError, UnknownNameError
from rvosbench.store import Store, StoreWriter, open_store
from tests.store.random_videos import CARD
from tests.store.test_writer import VIDEO
from tests.tiny_store import two_squares, write_store


@pytest.fixture
def folder(tmp_path):
    with StoreWriter(
        tmp_path / "store", CARD, release=tmp_path / "raw", fingerprint="f", arguments={}
    ) as writer:
        writer.add(VIDEO)
    return tmp_path / "store"


@pytest.fixture
def two_splits(tmp_path):
    """Two train videos and a valid one that shares an id with a train video."""
    with StoreWriter(
        tmp_path / "two", CARD, release=tmp_path / "raw", fingerprint="f", arguments={}
    ) as writer:
        for split, video_id in (("train", "aaa"), ("train", "bbb"), ("valid", "aaa")):
            expressions = tuple(replace(expression, video_id=video_id) for expression in VIDEO.expressions)
            writer.add(replace(VIDEO, split=split, video_id=video_id, expressions=expressions))
    return Store.open(tmp_path / "two")


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
    with pytest.raises(
        FormatError,
        match=r"is an empty folder, expected a store with its dataset\.json; make a store with: rvos prepare",
    ):
        Store.open(tmp_path)


def test_a_half_written_store_is_not_a_store(folder):
    (folder / "dataset.json").rename(folder / "elsewhere.json")
    with pytest.raises(FormatError, match="is a store that was not finished, expected a store"):
        Store.open(folder)


def test_the_length_and_the_order_are_those_of_the_videos_of_all_splits(two_splits):
    assert len(two_splits) == 3 and bool(two_splits)
    assert [(video.split, video.video_id) for video in two_splits] == [
        ("train", "aaa"),
        ("train", "bbb"),
        ("valid", "aaa"),
    ]


def test_iterating_reads_a_video_when_its_turn_comes(two_splits, monkeypatch):
    read = []
    original = Store.video
    monkeypatch.setattr(Store, "video", lambda *words: read.append(words[1:]) or original(*words))
    assert next(iter(two_splits)).video_id == "aaa"
    assert read == [("train", "aaa")]


def test_a_video_is_known_by_its_id_in_the_first_split_that_has_it(two_splits):
    assert two_splits["aaa"] == two_splits.video("train", "aaa")
    assert two_splits.split_of("bbb") == "train"
    assert "bbb" in two_splits and "ccc" not in two_splits and 3 not in two_splits
    with pytest.raises(UnknownNameError) as caught:
        two_splits["bba"]
    assert str(caught.value) == (
        f"no video of {two_splits.folder} is named 'bba'; did you mean 'bbb'? all are listed by: "
        f"rvos info {two_splits.folder} --videos"
    )


def test_an_unknown_video_does_not_list_all_others(two_splits):
    with pytest.raises(
        UnknownNameError, match=r"is named 'zzz'; list them with: rvos info .* --videos --split train$"
    ):
        two_splits.video("train", "zzz")


def test_a_table_of_all_splits_says_which_row_is_of_which(two_splits):
    table = two_splits.table("videos", columns=["video_id"])
    assert table.to_pydict() == {"split": ["train", "train", "valid"], "video_id": ["aaa", "bbb", "aaa"]}
    frame = two_splits.to_pandas("videos", "valid")
    assert list(frame["video_id"]) == ["aaa"]
    assert len(two_splits.to_pandas()) == sum(
        len(two_splits.expressions(split)) for split in two_splits.splits
    )
    with pytest.raises(UnknownNameError, match="no table of a store is named 'mask'; did you mean 'masks'"):
        two_splits.table("mask")


def test_a_store_says_what_it_is(two_splits):
    assert repr(two_splits) == f"<Store tiny at {two_splits.folder}, videos: train 2, valid 1>"


def test_the_only_split_needs_not_be_named(folder, two_splits):
    assert Store.open(folder).only_split() == "train"
    assert two_splits.only_split("valid") == "valid"
    with pytest.raises(UnknownNameError, match="has the splits train, valid; choose one with --split"):
        two_splits.only_split()
    with pytest.raises(UnknownNameError, match="did you mean 'valid'"):
        two_splits.only_split("valdi")


def test_a_store_is_opened_by_text_too_and_an_open_one_is_taken_as_it_is(folder, tmp_path):
    store = open_store(str(folder))
    assert store.folder == folder and open_store(store) is store
    assert open_store(store, str(tmp_path / "moved")).release == tmp_path / "moved"
    with pytest.raises(LocationError, match="not on this machine"):
        open_store("s3://bucket/store")


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


def test_videos_in_order_read_every_row_group_once(tmp_path, monkeypatch):
    """Two row groups of each table; whoever goes back and forth reads them again."""
    monkeypatch.setattr("rvosbench.store.writer._GROUP_ROWS", 20)
    store = write_store(tmp_path / "store", [two_squares(name) for name in "abcd"])
    read = []
    original = pq.ParquetFile.read_row_group

    def counted(self, group, *arguments, **options):
        read.append(group)
        return original(self, group, *arguments, **options)

    monkeypatch.setattr(pq.ParquetFile, "read_row_group", counted)
    ids = store.video_ids("train")
    in_order = [store.video("train", video_id) for video_id in ids]
    once = len(read)
    assert once == sum(file.num_row_groups for table in store._tables.values() for file in table._files)
    assert once == 5 * max(read) + 5 and max(read) > 0
    assert [store.video("train", video_id) for video_id in reversed(ids)] == in_order[::-1]
    assert len(read) > once
    sent = pickle.loads(pickle.dumps(store))
    assert sent.video("train", "a") == in_order[0] and sent._tables is not store._tables
