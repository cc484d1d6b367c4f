"""Each thing that a server would refuse is found, counted, and nothing else with it."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from rvosbench import masks
from rvosbench.errors import MissingPathError
from rvosbench.submission.servers import SERVERS, check_submission
from rvosbench.submission.servers.faults import KINDS
from tests.submission.servers.drawn import SIZE, entries, good_zip, of_hidden, rezip, store_of
from tests.tiny_store import png, square

Files = dict[str, bytes]
ANY = "mevis"


def found(tmp_path: Path, server: str, change: Callable[[Files], object]) -> dict[str, int]:
    """Kind -> count, of a good zip after a change."""
    store, out = good_zip(tmp_path, server)
    files = entries(out)
    changed = change(files)
    rezip(out, changed if isinstance(changed, dict) else files)
    return {fault.kind: fault.count for fault in check_submission(out, store, "val", server)}


def renamed(new: Callable[[str], str]) -> Callable[[Files], Files]:
    return lambda files: {new(name): data for name, data in files.items()}


def without(*starts: str) -> Callable[[Files], Files]:
    return lambda files: {name: data for name, data in files.items() if not name.startswith(starts)}


def plus(name: str, data: bytes = b"x") -> Callable[[Files], Files]:
    return lambda files: files | {name: data}


def with_picture(name: str, data: bytes) -> Callable[[Files], Files]:
    def change(files: Files) -> Files:
        assert name in files
        return files | {name: data}

    return change


def edited(edit: Callable[[list], object]) -> Callable[[Files], Files]:
    """results.json after `edit`."""

    def change(files: Files) -> Files:
        tracks = json.loads(files["results.json"])
        changed = edit(tracks)
        return {"results.json": json.dumps(tracks if changed is None else changed).encode()}

    return change


def setting(key: str, value: object) -> Callable[[Files], Files]:
    return edited(lambda tracks: tracks[0].update({key: value}))


def palette(values: np.ndarray) -> bytes:
    return masks.encode_index_png(values.astype(np.uint8))


def grey(values: np.ndarray) -> bytes:
    return png(values.astype(np.uint8))


def resorted(values: np.ndarray, colours: list[int] | None = None) -> bytes:
    """A label map of objects 1 and 2 as an optimiser leaves it: the same colours, 1 and 2 exchanged."""
    from PIL import Image

    swapped = np.array([0, 2, 1], np.uint8)[values.astype(np.uint8)] if colours is None else values
    image = Image.fromarray(swapped.astype(np.uint8))
    image.putpalette(colours or [0, 0, 0, 0, 128, 0, 128, 0, 0])
    buffer = io.BytesIO()
    image.save(buffer, "PNG")
    return buffer.getvalue()


RED = np.stack([square(0) * np.uint8(255), np.zeros(SIZE, np.uint8), np.zeros(SIZE, np.uint8)], axis=2)
GOOD = grey(square(0) * 255)
LABELS = palette(square(0))

CASES: dict[str, tuple[str, Callable[[Files], object], dict[str, int]]] = {
    "nothing": (ANY, lambda files: None, {}),
    "folders around": ("mevis", renamed("results/{}".format), {"too-deep": 1}),
    "two folders around": ("mevis", renamed("a/b/{}".format), {"too-deep": 1}),
    "Annotations where nobody wants it": ("mevis", renamed("Annotations/{}".format), {"too-deep": 1}),
    "no Annotations": ("ytvos", renamed(lambda n: n.partition("/")[2]), {"wrong-top": 1}),
    "valid for Annotations": ("ytvos", renamed(lambda n: "valid/" + n.partition("/")[2]), {"wrong-top": 1}),
    "a folder around Annotations": ("ytvos", renamed("results/{}".format), {"too-deep": 1}),
    "one folder, accepted": ("mosev2", renamed("Annotations/{}".format), {}),
    "one folder with junk beside": (
        "mosev2",
        lambda f: renamed("Annotations/{}".format)(f) | {"__MACOSX/._Annotations": b""},
        {"too-deep": 1, "junk": 1},
    ),
    "one folder with a text beside": (
        "mosev2",
        lambda f: renamed("Annotations/{}".format)(f) | {"readme.txt": b""},
        {"too-deep": 1, "other-file": 1},
    ),
    "two folders for mosev2": ("mosev2", renamed("a/b/{}".format), {"too-deep": 1}),
    "a folder around annotators": ("davis", renamed("valid/{}".format), {"too-deep": 1}),
    "no video": (ANY, without("7/"), {"missing-video": 1}),
    "no video in any annotator": (
        "davis",
        lambda f: {n: d for n, d in f.items() if "/7/" not in n},
        {"missing-video": 1},
    ),
    "an annotator lacks a video": ("davis", without("anno_2/7/"), {"missing-expression": 1}),
    "no annotator": ("davis", without("anno_3/"), {"missing-expression": 2}),
    "a fifth annotator": ("davis", plus("anno_4/7/00000.png", LABELS), {"surplus-expression": 1}),
    "another video": (ANY, plus("8/0/00000.png", GOOD), {"surplus-video": 1}),
    "another video of objects": ("mosev2", plus("8/00000.png", LABELS), {"surplus-video": 1}),
    "only other videos": (
        ANY,
        renamed(lambda n: "x" + n),
        {"surplus-video": 2, "missing-video": 2},
    ),
    "no expression": (ANY, without("7/1/"), {"missing-expression": 1}),
    "another expression": (ANY, plus("7/5/00000.png", GOOD), {"surplus-expression": 1}),
    "no frame": (ANY, without("7/1/00005", "12/0/00000"), {"missing-frame": 2}),
    "another frame": (ANY, plus("7/1/00001.png", GOOD), {"surplus-frame": 1}),
    "frames counted anew": (
        ANY,
        renamed(lambda n: n.replace("00005", "00001").replace("00010", "00002")),
        {"missing-frame": 8, "surplus-frame": 8},
    ),
    "upper case": (
        ANY,
        renamed(lambda n: n.replace("7/0/00000.png", "7/0/00000.PNG")),
        {"missing-frame": 1, "wrong-suffix": 1},
    ),
    "named as a JPEG": (
        ANY,
        renamed(lambda n: n.replace("7/0/00000.png", "7/0/00000.jpg")),
        {"missing-frame": 1, "wrong-suffix": 1},
    ),
    "text": (ANY, plus("readme.txt"), {"other-file": 1}),
    "__MACOSX and .DS_Store": (
        ANY,
        lambda f: f | {"__MACOSX/7/0/._00000.png": b"", "7/.DS_Store": b"", "Thumbs.db": b""},
        {"junk": 3},
    ),
    "./ before names": (ANY, renamed("./{}".format), {"odd-name": 12}),
    "backslashes": (ANY, renamed(lambda n: n.replace("/", "\\")), {"odd-name": 12}),
    "up and away": (ANY, plus("../../etc/passwd"), {"odd-name": 1}),
    "a root": (ANY, renamed("/{}".format), {"odd-name": 12}),
    "all at once": (
        ANY,
        lambda f: renamed(lambda n: "results\\" + n)(without("7/1/00005")(f)) | {".DS_Store": b""},
        {"odd-name": 11, "too-deep": 1, "missing-frame": 1, "junk": 1},
    ),
    "folders as entries": (ANY, lambda f: {"7/": b"", "7/0/": b""} | f, {}),
    "a zip inside": (ANY, lambda f: {"results.zip": b"PK"}, {"nested-archive": 1, "missing-video": 2}),
    "empty": (ANY, lambda f: {}, {"missing-video": 2}),
    "a JPEG": (ANY, with_picture("7/0/00000.png", b"\xff\xd8\xff\xe0" + b"x" * 99), {"not-a-png": 1}),
    "an empty file": (ANY, with_picture("7/0/00000.png", b""), {"not-a-png": 1}),
    "half a PNG": (ANY, with_picture("7/0/00000.png", GOOD[:50]), {"damaged": 1}),
    "another size": (ANY, with_picture("7/0/00000.png", grey(square(0)[:, :31] * 255)), {"wrong-size": 1}),
    "turned": (ANY, with_picture("7/0/00000.png", grey(square(0).T * 255)), {"wrong-size": 1}),
    "0 and 1": (ANY, with_picture("7/0/00000.png", grey(square(0))), {"wrong-values": 1}),
    "soft": (ANY, with_picture("7/0/00000.png", grey(square(0) * 200 + 3)), {"wrong-values": 1}),
    "a palette": (ANY, with_picture("7/0/00000.png", LABELS), {"wrong-mode": 1}),
    "colour": (ANY, with_picture("7/0/00000.png", png(RED)), {"wrong-mode": 1}),
    "colour in a label map": ("mosev2", with_picture("7/00000.png", png(RED)), {"wrong-mode": 1}),
    "a grey label map": ("mosev2", with_picture("7/00000.png", grey(square(0) * 2)), {}),
    "255 in a label map": (
        "mosev2",
        with_picture("7/00000.png", grey(square(0) * 255)),
        {"unknown-label": 1},
    ),
    "a third object": ("mosev2", with_picture("7/00000.png", palette(square(0) * 3)), {"unknown-label": 1}),
    "a palette that was re-sorted": (
        "mosev2",
        with_picture("7/00000.png", resorted(square(0) * 1 + square(20, 14) * 2)),
        {"palette-order": 1},
    ),
    "a palette of somebody's own": (
        "mosev2",
        with_picture("7/00000.png", resorted(square(0), colours=[0, 0, 0, 9, 8, 7])),
        {},
    ),
    "a third proposal": ("davis", with_picture("anno_0/7/00000.png", palette(square(0) * 3)), {}),
    "label 21": ("davis", with_picture("anno_0/7/00000.png", palette(square(0) * 21)), {"unknown-label": 1}),
    "a mask of ten megabytes": (ANY, with_picture("7/0/00000.png", bytes(10**7)), {"too-large": 1}),
    "results by another name": ("lvvis", renamed(lambda n: "preds.json"), {"wrong-name": 1}),
    "results in a folder": ("lvvis", renamed("out/{}".format), {"wrong-name": 1}),
    "no results": ("lvvis", lambda f: {"a.txt": b""}, {"bad-json": 1, "other-file": 1}),
    "text beside results": ("lvvis", plus("a.txt"), {"other-file": 1}),
    "half of the results": ("lvvis", lambda f: {"results.json": f["results.json"][:99]}, {"bad-json": 1}),
    "an object for a list": ("lvvis", lambda f: {"results.json": b"{}"}, {"bad-json": 1}),
    "very deep": ("lvvis", lambda f: {"results.json": b"[" * 10**6}, {"bad-json": 1}),
    "NaN": ("lvvis", lambda f: {"results.json": f["results.json"].replace(b"1.0", b"NaN")}, {"bad-json": 1}),
    "a key twice": (
        "lvvis",
        lambda f: {"results.json": f["results.json"].replace(b'{"video_id"', b'{"score": 1, "video_id"')},
        {"bad-json": 1},
    ),
    "no score": (
        "lvvis",
        edited(lambda t: t[0].pop("score") and None),
        {"bad-entry": 1, "missing-expression": 1},
    ),
    "a score of 400 digits": ("lvvis", setting("score", 10**400), {"bad-entry": 1}),
    "another exp_id": ("lvvis", setting("exp_id", "1"), {"bad-entry": 1}),
    "no exp_id": ("lvvis", edited(lambda t: t[0].pop("exp_id") and None), {}),
    "no track": ("lvvis", edited(lambda t: [*t, 3]), {"bad-entry": 1}),
    "a score of text": ("lvvis", setting("score", "high"), {"bad-entry": 1}),
    "a mask too few": ("lvvis", edited(lambda t: t[0]["segmentations"].pop() and None), {"bad-entry": 1}),
    "no mask in a frame": ("lvvis", edited(lambda t: t[0]["segmentations"].__setitem__(0, None)), {}),
    "an expression too few": ("lvvis", edited(lambda t: t[1:]), {"missing-expression": 1}),
    "a video too few": ("lvvis", edited(lambda t: t[2:]), {"missing-video": 1}),
    "another category": (
        "lvvis",
        edited(lambda t: [*t, t[0] | {"category_id": 9}]),
        {"surplus-expression": 1},
    ),
    "another number": ("lvvis", edited(lambda t: [*t, t[0] | {"video_id": 9}]), {"surplus-video": 1}),
    "an odd number": ("lvvis", edited(lambda t: [*t, t[0] | {"video_id": [1]}]), {"surplus-video": 1}),
    "two candidates": ("lvvis", edited(lambda t: [*t, t[0]]), {}),
    "a mask of another size": (
        "lvvis",
        edited(lambda t: t[0]["segmentations"][0].update(size=[32, 24])),
        {"bad-entry": 1},
    ),
    "runs that do not fit": (
        "lvvis",
        edited(lambda t: t[0]["segmentations"][0].update(counts="0")),
        {"bad-entry": 1},
    ),
    "plain runs": ("lvvis", edited(lambda t: t[0]["segmentations"][0].update(counts=[8, 8, 752])), {}),
    "plain runs that do not fit": (
        "lvvis",
        edited(lambda t: t[0]["segmentations"][0].update(counts=[8, 8])),
        {"bad-entry": 1},
    ),
}


@pytest.mark.filterwarnings("ignore:Duplicate name")
@pytest.mark.parametrize("case", CASES)
def test_a_change_is_found_and_nothing_else(tmp_path: Path, case):
    server, change, expected = CASES[case]
    assert found(tmp_path, server, change) == expected


def faults_of(
    tmp_path: Path, write: Callable[[zipfile.ZipFile, Files], object], *, raw=None
) -> dict[str, int]:
    store, out = good_zip(tmp_path, ANY)
    files = entries(out)
    with zipfile.ZipFile(out, "w") as archive:
        write(archive, files)
    if raw is not None:
        out.write_bytes(raw(out.read_bytes()))
    return {fault.kind: fault.count for fault in check_submission(out, store, "val", ANY)}


def write_all(archive: zipfile.ZipFile, files: Files) -> None:
    for name, data in files.items():
        archive.writestr(name, data)


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_a_name_that_comes_twice(tmp_path: Path):
    def write(archive, files):
        write_all(archive, files)
        archive.writestr("7/0/00000.png", GOOD)
        archive.writestr("./7/0/00005.png", GOOD)

    assert faults_of(tmp_path, write) == {"duplicate": 2, "odd-name": 1}


def test_a_link(tmp_path: Path):
    def write(archive, files):
        info = zipfile.ZipInfo("7/0/00000.png")
        info.external_attr = 0o120777 << 16
        archive.writestr(info, "/etc/passwd")
        write_all(archive, without("7/0/00000")(files))

    assert faults_of(tmp_path, write) == {"link": 1, "missing-frame": 1}


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_a_compression_that_few_programs_know(tmp_path: Path, method):
    def write(archive, files):
        for name, data in files.items():
            archive.writestr(name, data, compress_type=method)

    assert faults_of(tmp_path, write) == {"compression": 12}


def test_deflated_entries_are_as_good_as_stored_ones(tmp_path: Path):
    def write(archive, files):
        for name, data in files.items():
            archive.writestr(name, data, compress_type=zipfile.ZIP_DEFLATED)

    assert faults_of(tmp_path, write) == {}


def test_encrypted_entries(tmp_path: Path):
    def encrypt(data: bytes) -> bytes:
        for start, at in ((b"PK\x03\x04", 6), (b"PK\x01\x02", 8)):
            place = data.find(start)
            while place >= 0:
                data = data[: place + at] + b"\x01\x00" + data[place + at + 2 :]
                place = data.find(start, place + 4)
        return data

    assert faults_of(tmp_path, write_all, raw=encrypt) == {"encrypted": 12}


def test_a_wrong_checksum(tmp_path: Path):
    def flip(data: bytes) -> bytes:
        place = data.find(b"IDAT")
        return data[: place + 8] + bytes([data[place + 8] ^ 255]) + data[place + 9 :]

    assert faults_of(tmp_path, write_all, raw=flip) == {"damaged": 1}


def test_two_names_for_the_same_bytes(tmp_path: Path):
    def share(data: bytes) -> bytes:
        first = data.find(b"PK\x01\x02")
        second = data.find(b"PK\x01\x02", first + 4)
        return data[: second + 42] + data[first + 42 : first + 46] + data[second + 46 :]

    assert faults_of(tmp_path, write_all, raw=share) == {"overlap": 1, "missing-frame": 1}


def test_an_entry_that_claims_another_size(tmp_path: Path):
    def lie(data: bytes) -> bytes:
        place = data.find(b"PK\x01\x02")
        return data[: place + 24] + (10**9).to_bytes(4, "little") + data[place + 28 :]

    assert faults_of(tmp_path, write_all, raw=lie) == {"too-large": 1}


@pytest.mark.parametrize("content", [b"", b"not a zip", b"PK\x03\x04" + bytes(50), b"\x1f\x8b" + bytes(99)])
def test_no_zip(tmp_path: Path, content):
    store, out = good_zip(tmp_path, ANY)
    out.write_bytes(content)
    assert [fault.kind for fault in check_submission(out, store, "val", ANY)] == ["not-a-zip"]


def test_what_is_no_zip_is_called_what_it_is(tmp_path: Path):
    store, out = good_zip(tmp_path, ANY)
    out.write_bytes(b"<!DOCTYPE html><html>")
    (fault,) = check_submission(out, store, "val", ANY)
    assert "it is a saved web page" in fault.examples[0]
    rezip(out, {"7/0/00000.png": b"\xff\xd8\xff\xe0" + bytes(99)})
    kinds = {fault.kind: fault.examples[0] for fault in check_submission(out, store, "val", ANY)}
    assert kinds["not-a-png"] == "7/0/00000.png (it is a JPEG)"


def test_cut_off(tmp_path: Path):
    store, out = good_zip(tmp_path, ANY)
    out.write_bytes(out.read_bytes()[:-100])
    assert [fault.kind for fault in check_submission(out, store, "val", ANY)] == ["not-a-zip"]


def test_a_folder_a_pipe_and_nothing(tmp_path: Path):
    import os

    store, _ = good_zip(tmp_path, ANY)
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path, tmp_path / "pipe"):
        assert [fault.kind for fault in check_submission(path, store, "val", ANY)] == ["not-a-zip"]
    with pytest.raises(MissingPathError, match="expected the zip to check"):
        check_submission(tmp_path / "nowhere.zip", store, "val", ANY)


def test_a_zip_that_is_too_large(tmp_path: Path):
    store, out = good_zip(tmp_path, ANY)
    size = out.stat().st_size
    assert check_submission(out, store, "val", ANY, largest_bytes=size) == []
    (fault,) = check_submission(out, store, "val", ANY, largest_bytes=size - 1)
    assert fault.kind == "too-large" and "are allowed" in fault.examples[0]


def test_labels_are_not_judged_where_no_object_is_known(tmp_path: Path):
    store = store_of(tmp_path / "store", of_hidden, "7")
    out = rezip(tmp_path / "a.zip", {f"7/{n * 5:05d}.png": palette(square(0) * 9) for n in range(3)})
    assert check_submission(out, store, "val", "mosev2") == []


def test_examples_are_few_short_and_without_control_characters(tmp_path: Path):
    names = {f"7/0/\x1b[31m{n:05d}{'x' * 300}.png": GOOD for n in range(50)}
    store, out = good_zip(tmp_path, ANY)
    rezip(out, entries(out) | names)
    (fault,) = check_submission(out, store, "val", ANY)
    assert (fault.kind, fault.count, len(fault.examples)) == ("surplus-frame", 50, 5)
    assert all(example.isprintable() and len(example) <= 160 for example in fault.examples)
    assert fault.as_json()["advice"] == KINDS["surplus-frame"][1]


@pytest.mark.parametrize("server", SERVERS)
@pytest.mark.parametrize("seed", range(8))
def test_a_zip_with_random_bytes_changed_is_answered_and_not_raised(tmp_path: Path, server, seed):
    store, out = good_zip(tmp_path, server)
    random = np.random.default_rng(seed)
    data = np.frombuffer(out.read_bytes(), np.uint8).copy()
    for place in random.integers(0, len(data), 12):
        data[place] ^= random.integers(1, 256)
    out.write_bytes(data.tobytes())
    check_submission(out, store, "val", server)


def test_every_kind_of_fault_is_met_by_a_case_here():
    met = {kind for _, _, expected in CASES.values() for kind in expected}
    alone = {"not-a-zip", "encrypted", "compression", "duplicate", "link", "overlap"}
    assert met | alone == set(KINDS)
