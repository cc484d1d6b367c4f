from __future__ import annotations

import os
import re
import string
from pathlib import Path, PurePosixPath

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rvosbench.datasets import reading
from rvosbench.datasets.reading import (
    as_text,
    as_whole,
    file_names,
    fingerprint,
    folder_names,
    image_files,
    read_bytes,
    read_json,
    read_text,
    release_folder,
    safe_id,
)
from rvosbench.errors import DatasetError, MissingPathError
from rvosbench.files.text import shown, some


@pytest.mark.parametrize(
    "value",
    [
        "0062f687f1",
        "--h5fAKYurM",
        "_dash",
        "a.b",
        "inner space",
        "classic-car",
        "x" * 128,
        "CONSOLE",
        "7",
        "30_(dead-hang)_pull-ups_pullup_u_cm_np1_ba_med_0",
        "@20_Rhythm_clap_u_nm_np1_fr_goo_0",
        "Golf_Tips_-_Hit_The_Driver_300+_Yards!!!_golf_f_nm_np1_fr_med_0",
    ],
)
def test_official_looking_ids_pass_unchanged(value):
    assert safe_id(value, "an id") == value


@pytest.mark.parametrize(
    "value",
    [
        "",
        ".",
        "..",
        "../up",
        "a/b",
        "a\\b",
        "/etc/passwd",
        "a..b",
        ".hidden",
        "trailing.",
        "trailing ",
        " leading",
        "nul\0",
        "line\nbreak",
        "CON",
        "con",
        "nul.txt",
        "COM1",
        "LPT9.tar",
        "x" * 129,
        "x" * 300,
        "vidéo",
        "аaa",  # noqa: RUF001  the first letter is Cyrillic
        "a:b",
        None,
        7,
        ["a"],
    ],
)
def test_what_is_no_safe_file_name_is_refused_with_the_id_shown(value):
    with pytest.raises(DatasetError, match="not a safe file name") as caught:
        safe_id(value, "a video id")
    assert "\n" not in str(caught.value)
    assert str(caught.value).isascii()
    assert len(str(caught.value)) < 220


@given(st.text())
def test_a_safe_id_is_one_plain_path_component(value):
    try:
        safe_id(value, "an id")
    except DatasetError:
        return
    assert set(value) <= set(string.ascii_letters + string.digits + "._-()@!+ ")
    assert PurePosixPath(value).name == value == value.strip()
    assert value not in ("", ".", "..")


def test_json_that_is_broken_or_nested_to_death_is_a_dataset_error(tmp_path):
    path = tmp_path / "x.json"
    for content in (b"", b"{", b"\xff\xfe\x00", b"[" * 100_000, b"1" * 5000):
        path.write_bytes(content)
        with pytest.raises(DatasetError, match=re.escape(str(path))):
            read_json(path)
    with pytest.raises(MissingPathError):
        read_json(tmp_path / "absent.json")
    with pytest.raises(DatasetError, match="cannot be read"):
        read_json(tmp_path)


def test_json_with_a_key_that_is_there_twice_is_refused(tmp_path):
    path = tmp_path / "x.json"
    path.write_text('{"a": {"b": 1, "c": 2, "b": 3}}')
    with pytest.raises(DatasetError, match="the key 'b' is there twice"):
        read_json(path)


def test_files_that_are_no_files_or_too_large_are_not_read(tmp_path, monkeypatch):
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path, tmp_path / "pipe", Path("/dev/zero")):
        with pytest.raises(DatasetError, match="it is a folder or a device"):
            read_bytes(path)
    monkeypatch.setattr(reading, "MAX_BYTES", 3)
    (tmp_path / "x").write_bytes(b"1234")
    with pytest.raises(DatasetError, match="has 4 bytes, more than the 3"):
        read_bytes(tmp_path / "x")
    (tmp_path / "x").write_bytes(b"123")
    assert read_bytes(tmp_path / "x") == b"123"


def test_a_folder_that_cannot_be_listed_is_a_dataset_error(tmp_path, monkeypatch):
    def scandir(folder):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(reading.os, "scandir", scandir)
    for ask in (file_names, folder_names, image_files):
        with pytest.raises(DatasetError, match=r"cannot be listed \(Permission denied\)"):
            ask(tmp_path)


def test_file_and_folder_names_pass_over_pipes_and_each_other(tmp_path):
    (tmp_path / "folder").mkdir()
    (tmp_path / "file").touch()
    (tmp_path / ".hidden").touch()
    (tmp_path / "link").symlink_to(tmp_path / "file")
    (tmp_path / "broken").symlink_to(tmp_path / "nothing")
    (tmp_path / "circle").symlink_to(tmp_path / "circle")
    os.mkfifo(tmp_path / "pipe")
    assert file_names(tmp_path) == ["file", "link"]
    assert folder_names(tmp_path) == {"folder"}
    assert file_names(tmp_path / "absent") == []
    assert file_names(tmp_path / "file") == []


CYCLE: list[object] = []
CYCLE.append(CYCLE)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("a", "'a'"),
        ("é\n", "'\\xe9\\n'"),
        ("x" * 300, "'" + "x" * 56 + "..."),
        (7, "7"),
        (None, "None"),
        (1.5, "1.5"),
        (float("nan"), "nan"),
        pytest.param(10**5000, "a number of 16610 bits", id="5000 digits"),
        ([1, [2, [3, [4]]]], "[1, [2, [3, [4]]]]"),
        (range(10**6), "range(0, 1000000)"),
        (list(range(10**6)), "[0, 1, 2, 3, 4, 5, ...]"),
        ({"ключ": 1}, "{'" + "\\u043a\\u043b\\u044e\\u0447" + "': 1}"),
        (CYCLE, "[[[[[[[...]]]]]]]"),
    ],
)
def test_values_are_shown_in_one_short_line_however_large_they_are(value, text):
    assert shown(value) == text


@given(st.recursive(st.text() | st.integers() | st.none(), lambda inner: st.lists(inner) | st.tuples(inner)))
def test_what_is_shown_is_short_and_plain(value):
    assert len(shown(value)) <= 60
    assert shown(value).isascii()
    assert "\n" not in shown(value)


def test_half_a_surrogate_pair_is_refused():
    with pytest.raises(DatasetError, match="not valid Unicode"):
        as_text("\ud800", "an expression")


@pytest.mark.parametrize("value", [3, "3", "0003"])
def test_whole_numbers_come_as_numbers_or_digits(value):
    assert as_whole(value, "x") == 3


@pytest.mark.parametrize("value", [True, None, -1, 1.0, "", "-1", "1.0", "٣", "9" * 5000, 2**31, [], {}])
def test_what_is_no_whole_number_in_range_is_refused(value):
    with pytest.raises(DatasetError, match="expected a whole number"):
        as_whole(value, "x")


def test_text_is_utf8_or_else_latin1(tmp_path):
    path = tmp_path / "x.txt"
    path.write_bytes("café".encode())
    assert read_text(path) == "café"
    path.write_bytes("café".encode("latin-1"))
    assert read_text(path) == "café"


def test_fingerprint_depends_on_names_and_contents_only(tmp_path):
    for folder in ("one", "two"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "a").write_text("x")
        (tmp_path / folder / "b").write_text("y")
    first, second = ([tmp_path / f / "a", tmp_path / f / "b"] for f in ("one", "two"))
    before = fingerprint(first, tmp_path / "one")
    assert before == fingerprint(second[::-1], tmp_path / "two")
    second[0].write_text("z")
    assert before != fingerprint(second, tmp_path / "two")
    assert before != fingerprint(first[:1], tmp_path / "one")


def test_image_files_pass_over_hidden_and_other_files(tmp_path):
    for name in ("00005.jpg", "00000.JPG", "._00000.jpg", "Thumbs.db", "00010.png"):
        (tmp_path / name).touch()
    assert image_files(tmp_path) == {"00000": "00000.JPG", "00005": "00005.jpg", "00010": "00010.png"}
    assert image_files(tmp_path / "absent") == {}


def test_a_release_must_be_a_folder(tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(MissingPathError, match="is a file"):
        release_folder(tmp_path / "file", "X")
    with pytest.raises(MissingPathError, match="is not there"):
        release_folder(tmp_path / "absent", "X")


def test_some_cuts_long_lists():
    assert some(["b", "a"]) == "a, b"
    assert some("edcba") == "a, b, c and 2 more"


def test_an_id_with_folders_in_it_is_refused_for_that():
    with pytest.raises(DatasetError, match=r"not a safe file name \(ids with folders in them, as ReVOS has"):
        safe_id("UVO/all/abc", "x.json: a video id")
    for other in ("../x", "/etc", "a" * 300):
        with pytest.raises(DatasetError, match="which is not a safe file name; expected"):
            safe_id(other, "x.json: a video id")
