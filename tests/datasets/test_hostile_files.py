"""Files that lie about themselves, in every reader: an error that names the file, in bounded memory."""

from __future__ import annotations

import io
import json
import os
import signal
import struct
import tracemalloc
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from rvosbench.datasets import reading
from rvosbench.errors import DatasetError, RvosbenchError
from rvosbench.masks import encode_index_png
from rvosbench.preparation import prepare
from rvosbench.preparation.opening import open_release
from tests.datasets import tiny_releases as tiny


def converted_refcoco(root):
    tiny.refcoco(root)
    (root / "refcoco" / "refs(unc).p").unlink()
    image = {"file_name": "COCO_train2014_000000000007.jpg", "height": 24, "width": 32}
    annotation = {"category_id": 1, "segmentation": [[3, 2, 9, 2, 9, 8]], "original_id": 70}
    content = {
        "images": [image | {"id": 1, "caption": "x"}],
        "annotations": [annotation | {"image_id": 1, "id": 1}],
        "categories": [],
    }
    tiny.write_json(root / "refcoco" / "instances_refcoco_train.json", content)
    return root


def jhmdb(root):
    tiny.jhmdb(root)
    samples = [tiny.sample(tiny.JHMDB_ODD, 1), tiny.sample("bob_walk_0", 3, action="walk")]
    tiny.write_json(root / "jhmdb_sentences_samples_metadata.json", samples)
    return root


RELEASES = {
    "a2d": ("a2d", tiny.a2d),
    "davis": ("davis", tiny.davis),
    "davis converted": ("davis", tiny.davis_converted),
    "jhmdb": ("jhmdb", jhmdb),
    "mevis": ("mevis", tiny.mevis),
    "refcoco": ("refcoco", tiny.refcoco),
    "refcoco converted": ("refcoco", converted_refcoco),
    "ytvos": ("ytvos", tiny.ytvos),
}
FIRST_FRAMES = {
    "davis": "DAVIS/JPEGImages/480p/motorbike/00000.jpg",
    "davis converted": "valid/JPEGImages/motorbike/00000.jpg",
    "jhmdb": f"Rename_Images/pullup/{tiny.JHMDB_ODD}/00001.png",
    "mevis": "train/JPEGImages/aaa/00000.jpg",
    "refcoco": "train2014/COCO_train2014_000000000007.jpg",
    "refcoco converted": "train2014/COCO_train2014_000000000007.jpg",
    "ytvos": "train/JPEGImages/aaa/00005.jpg",
}
SECOND_FRAMES = {
    "davis": "DAVIS/JPEGImages/480p/motorbike/00001.jpg",
    "davis converted": "valid/JPEGImages/motorbike/00001.jpg",
    "jhmdb": f"Rename_Images/pullup/{tiny.JHMDB_ODD}/00002.png",
    "mevis": "train/JPEGImages/aaa/00001.jpg",
    "ytvos": "train/JPEGImages/aaa/00010.jpg",
}
ANNOTATIONS = {
    "davis": "DAVIS/Annotations_unsupervised/480p/motorbike/00001.png",
    "davis converted": "valid/Annotations/motorbike/00001.png",
    "ytvos": "train/Annotations/aaa/00010.png",
}


def read_all(name, root):
    release = open_release(name, root)
    release.fingerprint()
    return [release.read(split, v).video for split in release.splits() for v in release.videos(split)]


def refused(name, root, message):
    tracemalloc.start()
    try:
        with pytest.raises(DatasetError, match=message) as caught:
            read_all(name, root)
        assert tracemalloc.get_traced_memory()[1] < 50_000_000
    finally:
        tracemalloc.stop()
    assert "\n" not in str(caught.value)
    return str(caught.value)


def claiming(data, width, height):
    """The bytes of a JPEG or PNG file, changed to claim another size."""
    if data.startswith(b"\x89PNG"):
        head = b"IHDR" + struct.pack(">II", width, height) + data[24:29]
        return data[:12] + head + struct.pack(">I", zlib.crc32(head)) + data[33:]
    start = data.index(b"\xff\xc0")
    return data[: start + 5] + struct.pack(">HH", height, width) + data[start + 9 :]


@pytest.mark.parametrize("size", [(8200, 8200), (65_000, 65_000)])
@pytest.mark.parametrize("name", FIRST_FRAMES)
def test_a_frame_that_would_fill_the_memory_is_refused_by_its_header(name, size, tmp_path):
    dataset, make = RELEASES[name]
    root = make(tmp_path / "release")
    for frames in (FIRST_FRAMES, SECOND_FRAMES):
        if name in frames:
            path = root / frames[name]
            intact = path.read_bytes()
            path.write_bytes(claiming(intact, *size))
            assert str(path) in refused(dataset, root, "claims to|the annotations say")
            path.write_bytes(intact)


@pytest.mark.parametrize("mode", ["P", "L", "RGB", "RGBA"])
@pytest.mark.parametrize("name", ANNOTATIONS)
def test_an_annotation_that_would_fill_the_memory_is_refused_by_its_header(name, mode, tmp_path):
    dataset, make = RELEASES[name]
    path = make(tmp_path / "release") / ANNOTATIONS[name]
    buffer = io.BytesIO()
    Image.new(mode, (32, 24)).save(buffer, format="PNG")
    path.write_bytes(claiming(buffer.getvalue(), 30_000, 30_000))
    assert str(path) in refused(dataset, tmp_path / "release", "claims to be 30000x30000 px")


@pytest.mark.parametrize("name", SECOND_FRAMES)
def test_a_frame_of_another_size_than_the_first_is_named_with_both_sizes(name, tmp_path):
    dataset, make = RELEASES[name]
    path = make(tmp_path / "release") / SECOND_FRAMES[name]
    Image.new("RGB", (33, 24)).save(path)
    message = refused(dataset, tmp_path / "release", "expected one size")
    assert f"{path} is 24x33 px (height x width), the first frame of its video 24x32" in message


@pytest.mark.parametrize("name", FIRST_FRAMES)
@pytest.mark.parametrize("content", [b"", b"\xff\xd8", b"\xff\xd8\xff\xe0\x00\x10JFIF", b"GIF89a", b"<html>"])
def test_a_frame_without_a_header_is_named(name, content, tmp_path):
    dataset, make = RELEASES[name]
    root = make(tmp_path / "release")
    for frames in (FIRST_FRAMES, SECOND_FRAMES):
        if name in frames:
            path = root / frames[name]
            intact = path.read_bytes()
            path.write_bytes(content)
            assert str(path) in refused(dataset, root, "is not a JPEG or PNG file")
            path.write_bytes(intact)


@pytest.mark.parametrize("name", ANNOTATIONS)
def test_annotations_that_are_cut_off_or_of_another_size_are_named(name, tmp_path):
    dataset, make = RELEASES[name]
    path = make(tmp_path / "release") / ANNOTATIONS[name]
    intact = path.read_bytes()
    for length in (0, 8, 30, 40, len(intact) // 2, len(intact) - 1):
        path.write_bytes(intact[:length])
        assert str(path) in refused(dataset, tmp_path / "release", "fetch")
    path.write_bytes(encode_index_png(np.zeros((24, 31), np.uint8)))
    assert str(path) in refused(dataset, tmp_path / "release", "masks are never resized")


def test_png_values_without_an_object_are_an_error_where_an_index_lists_the_objects(tmp_path):
    root = tiny.ytvos(tmp_path / "release")
    path = root / "train" / "Annotations" / "aaa" / "00010.png"
    tiny.write_labels(path, tiny.ONE_OBJECT * np.uint8(3) // 2)  # object 3, as nobody knows it
    message = refused("ytvos", root, "do the annotation and the index belong together")
    assert f"{path} has pixels of value 3, its video has the objects 1, 2" in message
    (root / "train" / "meta.json").unlink()  # the annotation alone says which objects there are
    assert {obj.object_id for obj in open_release("ytvos", root).read("train", "aaa").video.objects} == {
        1,
        2,
        3,
    }


def test_a_binary_annotation_is_not_taken_for_object_255(tmp_path):
    root = tiny.ytvos(tmp_path / "release")
    Image.fromarray((tiny.ONE_OBJECT > 0).astype(np.uint8) * 255).save(
        root / "train" / "Annotations" / "aaa" / "00010.png"
    )
    refused("ytvos", root, "has pixels of value 255")


INDEXES = {
    "ytvos": ["meta_expressions/train/meta_expressions.json", "train/meta.json"],
    "davis": ["DAVIS/davis_semantics.json"],
    "davis converted": ["meta_expressions/valid/meta_expressions.json"],
    "mevis": ["train/meta_expressions.json", "train/mask_dict.json"],
    "refcoco": ["refcoco/instances.json"],
    "refcoco converted": ["refcoco/instances_refcoco_train.json"],
    "jhmdb": ["jhmdb_sentences_samples_metadata.json"],
}
NOT_JSON = {
    "empty": b"",
    "cut off": b'{"videos": {',
    "nested to death": b'{"videos": ' + b"[" * 200_000,
    "objects nested to death": b'{"videos": ' + b'{"a":' * 200_000,
    "a number of 5000 digits": b'{"videos": ' + b"7" * 5000 + b"}",
    "a list": b"[[[]]]",
    "a number": b"7",
    "not a number": b"NaN",
    "null": b"null",
    "two documents": b"{}{}",
    "not text": bytes(range(256)),
}


@pytest.mark.parametrize("kind", NOT_JSON)
@pytest.mark.parametrize(("name", "file"), [(name, file) for name in INDEXES for file in INDEXES[name]])
def test_json_of_another_shape_names_the_file(name, file, kind, tmp_path):
    dataset, make = RELEASES[name]
    path = make(tmp_path / "release") / file
    path.write_bytes(NOT_JSON[kind])
    with pytest.raises(RvosbenchError) as caught:
        read_all(dataset, tmp_path / "release")
    assert path.name in str(caught.value) or str(path.parent) in str(caught.value)
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 2 * len(str(path)) + 400


@pytest.mark.parametrize(
    ("name", "file", "key"),
    [
        ("ytvos", "meta_expressions/train/meta_expressions.json", "aaa"),
        ("ytvos", "train/meta.json", "1"),
        ("davis converted", "meta_expressions/valid/meta_expressions.json", "frames"),
        ("mevis", "train/meta_expressions.json", "exp"),
        ("mevis", "train/mask_dict.json", "40"),
        ("refcoco", "refcoco/instances.json", "images"),
        ("refcoco converted", "refcoco/instances_refcoco_train.json", "caption"),
    ],
)
def test_a_key_that_is_there_twice_is_refused(name, file, key, tmp_path):
    """Python would keep the last one and drop the first without a word."""
    dataset, make = RELEASES[name]
    path = make(tmp_path / "release") / file
    text = path.read_text()
    position = text.index(f'"{key}":')
    path.write_text(f'{text[:position]}"{key}": [], {text[position:]}')
    assert str(path) in refused(
        dataset, tmp_path / "release", f"'{key}' is there twice|has object {key} twice"
    )


@pytest.mark.parametrize("value", ["NaN", "Infinity", "-Infinity", "1e999", "1e400", "-0.5", "1" * 4000])
def test_numbers_that_json_cannot_mean_are_refused_where_they_are_used(value, tmp_path):
    uses = {
        "ytvos": ("meta_expressions/train/meta_expressions.json", '"obj_id": "1"', '"obj_id": {}'),
        "mevis": ("train/meta_expressions.json", '"anno_id": [40]', '"anno_id": [{}]'),
        "refcoco": ("refcoco/instances.json", '"height": 24', '"height": {}'),
    }
    for name, (file, old, new) in uses.items():
        path = RELEASES[name][1](tmp_path / name) / file
        path.write_text(path.read_text().replace(old, new.format(value)))
        assert str(path) in refused(name, tmp_path / name, "expected a whole number")
    path = tiny.refcoco(tmp_path / "polygon") / "refcoco" / "instances.json"
    path.write_text(path.read_text().replace("[[3, 2,", f"[[{value}, 2,"))
    if value != "-0.5":  # just outside the image, as many official polygons are
        assert str(path) in refused("refcoco", tmp_path / "polygon", "annotation 70: a polygon")
    # Fields that nobody needs may say what they like.
    path = tiny.refcoco(tmp_path / "unused") / "refcoco" / "instances.json"
    path.write_text(path.read_text().replace('"iscrowd": 0', f'"iscrowd": 0, "area": {value}'))
    assert len(read_all("refcoco", tmp_path / "unused")) == 2


@pytest.mark.parametrize(("name", "file"), [(name, file) for name in INDEXES for file in INDEXES[name][:1]])
def test_an_index_of_gigabytes_is_refused_before_it_is_read(name, file, tmp_path):
    dataset, make = RELEASES[name]
    path = make(tmp_path / "release") / file
    os.truncate(path, reading.MAX_BYTES + 1)
    assert str(path) in refused(dataset, tmp_path / "release", "more than the 268435456")


def test_a_mask_file_that_inflates_to_millions_of_frames_is_refused(tmp_path):
    root = tiny.jhmdb(tmp_path / "release")
    path = tiny.write_mat(
        root,
        f"pullup/{tiny.JHMDB_ODD}",
        {"part_mask": np.zeros((1, 1, 2_000_000), np.uint8)},
        do_compression=True,
    )
    assert path.stat().st_size < 10_000
    assert str(path) in refused("jhmdb", root, "masks of 2000000 frames, expected at most 10000")
    with pytest.raises(DatasetError, match="masks of 2000000 frames"):
        open_release("jhmdb", root).sources("test", tiny.JHMDB_ODD)


@pytest.mark.parametrize("name", RELEASES)
def test_a_pipe_in_place_of_any_file_is_not_waited_for(name, tmp_path):
    dataset, make = RELEASES[name]
    root = make(tmp_path / "release")

    def hangs(*_):
        raise AssertionError(f"{path} is waited for")

    before = signal.signal(signal.SIGALRM, hangs)
    try:
        for path in sorted(p for p in root.rglob("*") if p.is_file()):
            path.rename(tmp_path / "kept")
            os.mkfifo(path)
            signal.alarm(20)
            try:
                read_all(dataset, root)
            except RvosbenchError as error:
                assert "\n" not in str(error)
            signal.alarm(0)
            path.unlink()
            (tmp_path / "kept").rename(path)
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


def test_the_same_holds_from_the_release_to_the_store(tmp_path):
    """One example through prepare: no store, not even a part of one under its name."""
    root = tiny.mevis(tmp_path / "release")
    path = root / "train" / "JPEGImages" / "bbb" / "00002.jpg"
    path.write_bytes(claiming(path.read_bytes(), 9000, 9000))
    with pytest.raises(DatasetError, match="claims to be 9000x9000 px"):
        prepare("mevis", root, tmp_path / "store")
    assert not Path(tmp_path / "store").exists()


def test_a_huge_value_in_a_pickle_is_shown_in_one_short_line(tmp_path):
    """Thirty lists of two, each of the one before: a billion numbers when printed."""
    root = tiny.refcoco(tmp_path / "release")
    data = b"\x80\x02]q\x00" + b"".join(
        b"]" + b"(h" + bytes([n]) + b"h" + bytes([n]) + b"eq" + bytes([n + 1]) for n in range(30)
    )
    path = root / "refcoco" / "refs(unc).p"
    # A reference whose annotation id is that list; then one whose id has a million digits.
    path.write_bytes(data + b"](}q\x40X\x06\x00\x00\x00ann_idh\x1ese.")
    message = refused("refcoco", root, "reference 0: ann_id is ")
    assert len(message) < len(str(path)) + 200
    number = b"\x8b" + struct.pack("<i", 500_000) + b"\x7f" * 500_000
    path.write_bytes(b"\x80\x02](}X\x06\x00\x00\x00ann_id" + number + b"se.")
    assert "ann_id is a number of 3999999 bits" in refused("refcoco", root, "reference 0")


def test_the_helpers_of_these_tests_change_what_they_say(tmp_path):
    for suffix in ("jpg", "png"):
        path = tmp_path / f"x.{suffix}"
        Image.new("RGB", (32, 24)).save(path)
        path.write_bytes(claiming(path.read_bytes(), 320, 240))
        with Image.open(path) as image:
            assert image.size == (320, 240)
    assert json.loads("1e999") == float("inf")
