from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rvosbench.datasets import mask_dict
from rvosbench.datasets.mask_dict import open_mask_dict
from rvosbench.errors import DatasetError, MissingPathError

RLE = {"size": [24, 32], "counts": 'a"b\\c]}{[é'}


@pytest.fixture
def path(tmp_path):
    return tmp_path / "mask_dict.json"


@pytest.mark.parametrize("chunk", [1, 2, 7, 64, 1024])
@pytest.mark.parametrize("indent", [None, 2])
@pytest.mark.parametrize("ascii_only", [True, False])
def test_every_list_is_found_wherever_the_pieces_are_cut(path, monkeypatch, chunk, indent, ascii_only):
    monkeypatch.setattr(mask_dict, "_CHUNK", chunk)
    content = {"0": [RLE, None], "17": [], "5": [None, {"counts": [1, 22, -3.5e7]}], "é": [RLE], "6": [12]}
    path.write_text(json.dumps(content, indent=indent, ensure_ascii=ascii_only), encoding="utf-8")
    found = open_mask_dict(path, {0, 5, 6, 17})
    assert {key: found.read(key) for key in (0, 5, 6, 17)} == {
        int(key): value for key, value in content.items() if key != "é"
    }
    assert found.unused == 1


def test_a_byte_order_mark_and_an_empty_object_are_read(path):
    path.write_bytes(b"\xef\xbb\xbf {} \n")
    assert open_mask_dict(path, {1}).spans == {}
    path.write_bytes(b'\xef\xbb\xbf{"1":[null]}')
    assert open_mask_dict(path, {1}).read(1) == [None]


@given(cut=st.integers(0, 200))
def test_a_file_that_is_cut_off_anywhere_is_refused(tmp_path_factory, cut):
    path = tmp_path_factory.mktemp("cut") / "mask_dict.json"
    whole = json.dumps({"0": [RLE, None], "1": [None, RLE]}).encode()
    path.write_bytes(whole[: min(cut, len(whole) - 1)])
    with pytest.raises(DatasetError, match="fetch it again"):
        open_mask_dict(path, {0, 1})


@pytest.mark.parametrize(
    "text",
    [
        "[]",
        "null",
        "",
        "{",
        '{"1" []}',
        '{"1": []',
        '{"1": [],}',
        '{"1": [] "2": []}',
        "{1: []}",
        '{"1": [}',
        '{"1": {}}',
        '{"1": "x"}',
        '{"1": null}',
        '{"1": [], "1": []}',
        '{"1": []} x',
        '{"1": []}{}',
        '{"1": ' + "[" * 200_000 + "}",
        '{"1": ["\n"]}',
        '{"1": [' + "7" * 5000 + "]}",
        '{"1": [[NaN]], "1": []}',
    ],
)
def test_another_shape_is_one_line_that_names_the_file(path, text):
    path.write_text(text)
    with pytest.raises(DatasetError) as caught:
        open_mask_dict(path, {1})
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < len(str(path)) + 160


def test_one_endless_list_does_not_fill_the_memory(path, monkeypatch):
    monkeypatch.setattr(mask_dict, "MAX_LIST_BYTES", 5000)
    monkeypatch.setattr(mask_dict, "_CHUNK", 512)
    path.write_text('{"1": [' + "null, " * 4000 + "null]}")
    with pytest.raises(DatasetError, match="no valid JSON value of less than 5000 bytes"):
        open_mask_dict(path, {1})


def test_a_missing_file_and_a_missing_object_are_named(path):
    with pytest.raises(MissingPathError, match=r"mask_dict\.json is missing"):
        open_mask_dict(path, {1})
    path.write_text('{"1": []}')
    with pytest.raises(DatasetError, match="no masks of object 2"):
        open_mask_dict(path, {1, 2}).read(2)


def test_a_file_that_changes_meanwhile_is_noticed(path):
    path.write_text('{"1": [null, null, null]}')
    found = open_mask_dict(path, {1})
    path.write_text('{"1": [null]}')
    with pytest.raises(DatasetError, match="did the file change meanwhile"):
        found.read(1)
