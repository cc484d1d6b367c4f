"""Zips and tars of every kind and around each other: a complete reading or one line, whatever they claim."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import os
import pickle
import struct
import tarfile
import zipfile
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rvosbench import masks
from rvosbench.errors import FormatError, InvalidDataError, ScoreError
from rvosbench.submission import open_predictions
from rvosbench.submission.trees import open_tree
from tests.tiny_store import square, tiny_store, two_squares

PNG = masks.encode_binary_png(square(3))
NAMES = [f"pair/{expression}/{frame:05d}.png" for expression in (0, 1) for frame in (0, 5)]


def zipped(*names: str, content: bytes = PNG, method: int = zipfile.ZIP_STORED) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as archive:
        for name in names:
            entry = zipfile.ZipInfo("x")
            entry.filename = name  # as other programs write it
            archive.writestr(entry, content, method)
    return buffer.getvalue()


def tarred(*names: str, content: bytes = PNG, form: int = tarfile.PAX_FORMAT) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=form) as archive:
        for name in names:
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return buffer.getvalue()


def special(kind: bytes, target: str = "x", name: str = "pair/0/00010.png") -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        member = tarfile.TarInfo(name)
        member.type, member.linkname = kind, target
        archive.addfile(member)
    return buffer.getvalue()


PACKED = {
    "zip": zipped(*NAMES),
    "deflated": zipped(*NAMES, method=zipfile.ZIP_DEFLATED),
    "bzip2": zipped(*NAMES, method=zipfile.ZIP_BZIP2),
    "lzma": zipped(*NAMES, method=zipfile.ZIP_LZMA),
    "tar": tarred(*NAMES),
    "gnu tar": tarred(*NAMES, form=tarfile.GNU_FORMAT),
    "old tar": tarred(*NAMES, form=tarfile.USTAR_FORMAT),
    "tar.gz": gzip.compress(tarred(*NAMES)),
    "tar.bz2": bz2.compress(tarred(*NAMES)),
    "tar.xz": lzma.compress(tarred(*NAMES)),
    "dots": zipped(*(f"./{name}" for name in NAMES)),
    "slashes": zipped(*(f"/{name}" for name in NAMES)),
    "backslashes": zipped(*(name.replace("/", "\\") for name in NAMES)),
    "doubled": zipped(*(f"a//{name}" for name in NAMES)),
    "drive": zipped(*(f"C:\\results\\{name}" for name in NAMES)),
    "tar of dots": tarred(*(f"./{name}" for name in NAMES)),
    "zip in zip": zipped("results.zip", content=zipped(*NAMES)),
    "tar in zip": zipped("a/results.tar.gz", content=gzip.compress(tarred(*NAMES))),
    "zip in tar": tarred("results.zip", content=zipped(*NAMES)),
    "three": zipped("a.zip", content=zipped("b.zip", content=zipped("x/c.zip", content=zipped(*NAMES)))),
    "behind a program": b"#!/bin/sh\n" * 9 + zipped(*NAMES),
}


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    return tiny_store(tmp_path_factory.mktemp("store") / "store")


@pytest.fixture
def mine(tmp_path: Path):
    def write(content: bytes) -> Path:
        path = tmp_path / "mine.bin"  # the content tells what it is, not the name
        path.write_bytes(content)
        return path

    return write


def read(path: Path, store):
    return open_predictions(path, "expression", store=store).read(two_squares()).rows


@pytest.mark.parametrize("kind", PACKED)
def test_every_kind_of_archive_gives_the_same_rows(kind, mine, store):
    rows = read(mine(PACKED[kind]), store)
    assert [(row.expression_id, row.frame_index) for row in rows] == [("0", 0), ("0", 1), ("1", 0), ("1", 1)]
    assert {row.mask.counts for row in rows} == {masks.encode(square(3)).counts}


@pytest.mark.parametrize("kind", ["zip", "tar.gz", "zip in zip"])
def test_a_source_can_be_sent_to_another_process(kind, mine, store):
    source = open_predictions(mine(PACKED[kind]), "expression", store=store)
    again = pickle.loads(pickle.dumps(source))
    assert again.read(two_squares()) == source.read(two_squares())


def test_forked_processes_do_not_move_each_others_position(mine, store):
    source = open_predictions(mine(PACKED["tar.gz"]), "expression", store=store)
    pid = os.fork()
    if pid == 0:
        os._exit(0 if len(source.read(two_squares()).rows) == 4 else 1)
    assert len(source.read(two_squares()).rows) == 4
    assert os.waitpid(pid, 0)[1] == 0


def test_what_was_guessed_on_the_way_is_said(mine, store):
    path = mine(zipped("in/results.zip", content=zipped(*(f"./mymodel/{name}" for name in NAMES))))
    assert open_predictions(path, "expression", store=store).notes == (
        f"{path}: the results are in the archive in/results.zip",
        f"{path}:in/results.zip: names such as './mymodel/pair/0/00000.png' are read as "
        "'mymodel/pair/0/00000.png'",
        f"{path}:in/results.zip: the results are in the folder mymodel",
    )


def test_a_folder_with_one_archive_stands_for_it(tmp_path, store):
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "results.zip").write_bytes(PACKED["zip"])
    assert len(read(tmp_path / "out", store)) == 4
    (tmp_path / "out" / "older.tar.gz").write_bytes(PACKED["tar.gz"])
    with pytest.raises(FormatError, match=r"holds 2 archives: older\.tar\.gz, results\.zip; .* name one"):
        read(tmp_path / "out", store)


HOSTILE = {
    "leads out": (zipped("../pair/0/00000.png"), r"leads out of it"),
    "leads out within": (zipped("a/../../pair/0/00000.png"), r"leads out of it"),
    "leads out by backslashes": (zipped("..\\pair\\0\\00000.png"), r"leads out of it"),
    "tar leads out": (tarred("../pair/0/00000.png"), r"leads out of it"),
    "symbolic link": (special(tarfile.SYMTYPE, "/etc/passwd"), r"holds the link pair/0/00010\.png"),
    "hard link": (special(tarfile.LNKTYPE, "pair/0/00000.png"), r"holds the link"),
    "device": (special(tarfile.CHRTYPE), r"holds the device or pipe"),
    "pipe": (special(tarfile.FIFOTYPE), r"holds the device or pipe"),
    "twice": (tarred(NAMES[0], NAMES[0]), r"holds pair/0/00000\.png twice"),
    "twice by dots": (tarred(NAMES[0], f"./{NAMES[0]}"), r"holds pair/0/00000\.png twice"),
    "long name": (tarred("a" * 1_000_000), r"holds a name of 1,000,000 characters"),
    "deep": (tarred("a/" * 50 + "00000.png"), r"50 folders deep"),
    "no tar in gzip": (gzip.compress(b"x" * 2000), r"cannot be read as a tar archive"),
    "zip in gzip": (
        gzip.compress(PACKED["zip"]),
        r"as a tar archive .*it holds a zip archive",
    ),
    "cut gzip": (PACKED["tar.gz"][:-40], r"cannot be read as a tar archive"),
    "cut tar": (PACKED["tar"][: 512 * 3], r"cannot be read as a tar archive"),
    "tar cut between files": (PACKED["tar"][: 512 * 2], r"cannot be read as a tar archive.*it ends within"),
    "cut zip": (PACKED["zip"][:-30], r"cannot be read as a zip archive"),
    "7z": (b"7z\xbc\xaf\x27\x1c" + bytes(90), r"a 7z archive"),
    "rar": (b"Rar!\x1a\x07\x01\x00" + bytes(90), r"a RAR archive"),
    "lfs": (b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n", r"git lfs pull"),
    "web page": (b"<!DOCTYPE html><html>sign in</html>", r"a (saved )?web page"),
    "text": (b"hello", r"cannot be read as a zip archive"),
    "empty": (b"", r"is an empty file"),
    "empty zip": (zipped(), r"holds no PNG file"),
    "too many archives inside": (
        zipped("a.zip", content=zipped("b.zip", content=zipped("c.zip", content=PACKED["zip in zip"]))),
        r"holds no PNG file",
    ),
}


@pytest.mark.parametrize("kind", HOSTILE)
def test_what_no_results_hold_is_refused_in_one_line(kind, mine, store):
    content, complaint = HOSTILE[kind]
    with pytest.raises(InvalidDataError, match=complaint) as caught:
        read(mine(content), store)
    assert "\n" not in str(caught.value) and len(str(caught.value)) < 1500


def test_names_that_come_twice_in_a_zip_are_refused(mine, store):
    with pytest.warns(UserWarning, match="Duplicate name"):
        content = zipped(NAMES[0], NAMES[0])
    with pytest.raises(FormatError, match="twice"):
        read(mine(content), store)


def test_links_in_a_zip_are_refused(mine, store):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        link = zipfile.ZipInfo("pair")
        link.create_system, link.external_attr = 3, 0o120777 << 16
        archive.writestr(link, "/etc")
    with pytest.raises(FormatError, match="holds the link pair"):
        read(mine(buffer.getvalue()), store)


def test_encrypted_files_are_named(mine, store):
    content = bytearray(zipped(NAMES[0]))
    start = content.index(b"PK\x01\x02")
    content[6] |= 1
    content[start + 8] |= 1
    with pytest.raises(FormatError, match=r"00000\.png is encrypted"):
        read(mine(bytes(content)), store)


def test_sizes_that_are_a_lie_are_refused(mine, store):
    content = bytearray(zipped(NAMES[0], method=zipfile.ZIP_DEFLATED))
    start = content.index(b"PK\x01\x02")
    for size, complaint in ((1 << 31, "holds 2,147,483,648 bytes"), (len(PNG) - 1, "cannot be unpacked")):
        content[start + 24 : start + 28] = struct.pack("<I", size)
        with pytest.raises(FormatError, match=complaint):
            read(mine(bytes(content)), store)


def test_files_that_share_their_bytes_are_refused(mine, store):
    content = bytearray(zipped(NAMES[0], NAMES[1]))
    second = content.rindex(b"PK\x01\x02")
    content[second + 42 : second + 46] = struct.pack("<I", 0)  # both begin at the first
    with pytest.raises(FormatError, match="overlaps"):
        read(mine(bytes(content)), store)


def test_a_file_that_unpacks_to_too_much_is_never_held(mine, store):
    bomb = zipped(NAMES[0], content=bytes(80 << 20), method=zipfile.ZIP_DEFLATED)
    with pytest.raises(FormatError, match="expected at most"):
        read(mine(bomb), store)


def test_an_archive_that_unpacks_to_too_much_is_stopped(mine, store, monkeypatch):
    monkeypatch.setattr("rvosbench.submission.trees.positioned._FREELY", 1 << 20)
    for bomb in (gzip.compress(bytes(8 << 20)), zipped("a.zip", content=bytes(8 << 20), method=8)):
        with pytest.raises(FormatError, match="unpacks to more than 200 times"):
            read(mine(bomb), store)


def test_an_archive_of_too_many_files_is_refused(mine, store, monkeypatch):
    monkeypatch.setattr("rvosbench.submission.trees.tree.MOST_FILES", 3)
    for kind in ("zip", "tar"):
        with pytest.raises(FormatError, match="holds more than 3 files"):
            read(mine(PACKED[kind]), store)


def test_headers_that_claim_much_are_not_read_into_memory(mine, store):
    buffer = io.BytesIO()
    header = tarfile.TarInfo("././@LongLink")
    header.type, header.size = tarfile.GNUTYPE_LONGNAME, 1 << 30
    buffer.write(header.tobuf(tarfile.GNU_FORMAT))
    with pytest.raises(FormatError, match="cannot be read as a tar archive"):
        read(mine(buffer.getvalue() + bytes(2048)), store)


@settings(max_examples=150, deadline=None)
@given(
    kind=st.sampled_from(["zip", "deflated", "tar", "tar.gz", "zip in zip", "gnu tar"]),
    flips=st.lists(st.tuples(st.floats(0, 1, exclude_max=True), st.integers(1, 255)), min_size=1, max_size=4),
    cut=st.one_of(st.none(), st.floats(0, 1)),
)
def test_damage_gives_the_right_masks_or_one_line(kind, flips, cut, tmp_path_factory, store):
    content = bytearray(PACKED[kind])
    for at, change in flips:
        content[int(at * len(content))] ^= change
    path = tmp_path_factory.mktemp("damaged") / "mine"
    path.write_bytes(bytes(content[: None if cut is None else int(cut * len(content))]))
    try:
        rows = read(path, store)
    except InvalidDataError as error:
        assert "\n" not in str(error)
    else:
        assert {row.mask.counts for row in rows} <= {masks.encode(square(3)).counts}


@settings(max_examples=150, deadline=None)
@given(
    name=st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), min_size=1, max_size=40)
)
def test_names_of_any_kind_lead_nowhere(name, tmp_path_factory):
    folder = tmp_path_factory.mktemp("names")
    for content in (zipped(name), tarred(name)):
        (folder / "mine").write_bytes(content)
        try:
            tree, _ = open_tree(folder / "mine", lambda tree: True)
        except InvalidDataError:
            continue
        for parts in tree.names():
            assert not {"", ".", ".."} & set(parts) and not any("/" in part or "\\" in part for part in parts)
    assert [path.name for path in folder.iterdir()] == ["mine"]


def test_scores_are_refused_not_guessed_where_the_layout_is_another(mine, store):
    with pytest.raises(ScoreError, match=r"holds pair/00000\.png, expected <video>/<expression>"):
        read(mine(zipped("pair/00000.png")), store)


def test_names_that_are_no_utf8_can_be_written_and_read(mine, store, tmp_path):
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", encoding="latin-1", format=tarfile.GNU_FORMAT) as archive:
        for name in (*NAMES, "\xe9t\xe9/0/00000.png"):
            member = tarfile.TarInfo(name)
            member.size = len(PNG)
            archive.addfile(member, io.BytesIO(PNG))
    source = open_predictions(mine(buffer.getvalue()), "expression", store=store)
    assert [name.encode() for name in source.video_ids()] == [rb"\udce9t\udce9", b"pair"]


def test_links_that_lead_around_end_in_one_line(tmp_path, store, monkeypatch):
    monkeypatch.setattr("rvosbench.submission.trees.folder._MOST", 100)
    for depth in range(6):
        (tmp_path / "mine" / str(depth)).mkdir(parents=True)
    for depth in range(5):
        for link in range(5):
            (tmp_path / "mine" / str(depth) / f"to{link}").symlink_to(tmp_path / "mine" / str(depth + 1))
    with pytest.raises(FormatError, match="leads to more than 100 folders"):
        read(tmp_path / "mine", store)
