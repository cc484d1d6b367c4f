"""JSON from anybody: what Python's reader would take in silence, or die of, is refused in one line."""

from __future__ import annotations

import json
import re
from pathlib import Path

import hypothesis.strategies as st
import pytest
from hypothesis import HealthCheck, example, given, settings

from rvosbench.errors import InvalidDataError
from rvosbench.submission.forms.json_text import Scanner
from tests.submission.forms.made import VIDEO, opened, put, tracks

_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


@given(_JSON, st.sampled_from([None, 1]))
@settings(max_examples=100, deadline=None)
def test_walking_a_text_member_by_member_gives_what_reading_it_whole_gives(value, indent):
    text = json.dumps(value, indent=indent)
    scanner = Scanner(text, "it")
    if scanner.peek() == "{":
        assert {key: scanner.value() for key in scanner.members()} == value
    elif scanner.peek() == "[":
        assert [scanner.value() for _ in scanner.elements()] == value
    else:
        assert scanner.value() == value
    assert scanner.peek() == ""


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ('{"pair": {"0": [], "0": []}}', "the key '0' twice"),
        ('{"pair": {}, "pair": {}}', "has the key 'pair' twice"),
        ('{"pair": {"0": {"size": [1, 1], "size": [1, 1], "counts": "a"}}}', "the key 'size' twice"),
        ('[{"video_id": "pair", "exp_id": "0", "score": NaN, "masks": []}]', "holds NaN"),
        ('[{"video_id": "pair", "exp_id": "0", "score": -Infinity, "masks": []}]', "holds -Infinity"),
        ("[" * 100_000, "nested too deeply"),
        ('{"pair": ' * 100_000, "nested too deeply"),
        ('{"pair": {"0": [', "ends in the middle"),
        ('{"pair": {"0"', "ends in the middle|is not JSON"),
        ('{"pair"', "ends in the middle"),
        ('{"pair": {},', "ends in the middle"),
        ('{"pair": 1}', "'pair' holds 1; expected masks by expression"),
        ('{"pair": {}} x', "is not JSON at character 13"),
        ("{'pair': {}}", "is not JSON at character 1"),
        ('{"pair": {},}', "is not JSON"),
        ("{1: 2}", "is not JSON"),
        ("x", "is not JSON at character 0"),
        ("", "holds no masks"),
        (" \n\n ", "holds no masks"),
        ('"pair"', "where results were expected"),
        ("5", "where results were expected"),
        (b"\xff\xfe{\x00}\x00", "is not UTF-8 text at byte 0"),
        (b'{"pair": "\xe9"}', "is not UTF-8 text at byte 10"),
        ('{"pair": {"0": [' + "9" * 5000 + "]}}", "is not JSON|expected"),
        ("version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n", "is not JSON"),
        ("<!DOCTYPE html><html></html>", "is not JSON"),
    ],
)
def test_what_is_no_json_is_refused_in_one_line(tmp_path: Path, store, text, complaint):
    path = put(tmp_path / "r.json", text)
    with pytest.raises(InvalidDataError, match=complaint) as caught:
        opened(path, store).read(VIDEO)
    assert "\n" not in str(caught.value) and len(str(caught.value)) < 500


@pytest.mark.parametrize("content", [b"\x1f\x8b", b"\x1f\x8b" + b"\0" * 40, b"\x1f\x8b\x08\0\0\0\0\0\0\0xx"])
def test_packed_files_that_are_damaged_are_refused(tmp_path: Path, store, content):
    with pytest.raises(InvalidDataError, match="cannot be unpacked"):
        opened(put(tmp_path / "r.json.gz", content), store)


_TEXT = json.dumps({"pair": {key: {"score": 0.5, "masks": track} for key, track in tracks().items()}})


@given(st.integers(0, len(_TEXT) - 1), st.binary(max_size=3), st.integers(0, 3))
@example(5, b'"', 0)
@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_a_damaged_file_is_whole_predictions_or_one_line(tmp_path: Path, store, at, new, old):
    path = put(tmp_path / "r.json", _TEXT.encode()[:at] + new + _TEXT.encode()[at + old :])
    try:
        rows = opened(path, store).read(VIDEO).rows
    except InvalidDataError as error:
        assert "\n" not in str(error) and re.search(r"[;:,]", str(error))
        return
    assert all((row.mask.height, row.mask.width) == (24, 32) for row in rows)
    assert len(rows) % 6 == 0


_PIECES = st.sampled_from(
    ["pair", "single", "0", "1", "masks", "frames", "video_id", "exp_id", "image_id", "results"]
)
_HOSTILE = st.recursive(
    st.none() | st.integers(-5, 5) | _PIECES | st.just(tracks()["0"][0]) | st.just(tracks()["0"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_PIECES, inner, max_size=4),
    max_leaves=10,
)


@given(_HOSTILE)
@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_structure_is_predictions_or_one_line(tmp_path: Path, store, content):
    path = put(tmp_path / "r.json", content)
    try:
        source = opened(path, store)
        for video_id in source.video_ids():
            if video_id in store.video_ids("train"):
                source.read(store.video("train", video_id))
    except InvalidDataError as error:
        assert "\n" not in str(error) and len(str(error)) < 600
