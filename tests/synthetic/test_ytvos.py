"""Ref-YouTube-VOS layout: every oddity of the official release that a reader has to survive."""

from __future__ import annotations

import json

import numpy as np
import pytest
from PIL import Image

from rvosbench.synthetic import write, ytvos
from rvosbench.synthetic.language import kind_of
from rvosbench.synthetic.scenes import COLOURS


@pytest.fixture(scope="module")
def release(tmp_path_factory):
    root = tmp_path_factory.mktemp("ytvos") / "release"
    write("ytvos", root, videos=12, seed=1, frames=8)
    return root


def listed(release, split):
    text = (release / "meta_expressions" / split / "meta_expressions.json").read_text()
    return json.loads(text)["videos"]


def test_the_folders_are_the_official_ones(release):
    assert sorted(path.name for path in release.iterdir()) == ["meta_expressions", "test", "train", "valid"]
    assert sorted(path.name for path in (release / "train").iterdir()) == [
        "Annotations",
        "JPEGImages",
        "meta.json",
    ]
    for split in ("valid", "test"):
        assert [path.name for path in (release / split).iterdir()] == ["JPEGImages"]


def test_counts_and_the_valid_json_that_lists_test_too(release):
    on_disk = {
        split: {path.name for path in (release / split / "JPEGImages").iterdir()}
        for split in ("train", "valid", "test")
    }
    assert [len(on_disk[split]) for split in ("train", "valid", "test")] == [12, 2, 1]
    assert set(listed(release, "valid")) == on_disk["valid"] | on_disk["test"]
    assert set(listed(release, "test")) == on_disk["test"]
    assert set(listed(release, "train")) == on_disk["train"]
    assert len(set.union(*on_disk.values())) == 15


def test_object_ids_are_strings_and_in_train_only(release):
    for split in ("train", "valid", "test"):
        for video in listed(release, split).values():
            assert list(video["expressions"]) == [str(n) for n in range(len(video["expressions"]))]
            for expression in video["expressions"].values():
                assert set(expression) == ({"exp", "obj_id"} if split == "train" else {"exp"})
                assert kind_of(expression["exp"]) != "other"
                assert isinstance(expression.get("obj_id", ""), str)


def test_frames_are_every_fifth_and_those_of_the_json(release):
    for split in ("train", "valid", "test"):
        for video_id in (path.name for path in (release / split / "JPEGImages").iterdir()):
            names = listed(release, split)[video_id]["frames"]
            assert np.diff([int(name) for name in names]).tolist() == [5] * 7
            files = sorted(path.name for path in (release / split / "JPEGImages" / video_id).iterdir())
            assert files == [f"{name}.jpg" for name in names]


def test_some_videos_do_not_start_at_zero():
    starts = [ytvos.frame_names(0, index, 3)[0] for index in range(100)]
    assert 5 <= sum(start != "00000" for start in starts) <= 30
    assert all(len(start) == 5 for start in starts)


def test_annotations_are_palette_pngs_of_the_frame_size_with_the_listed_objects(release):
    meta = json.loads((release / "train" / "meta.json").read_text())["videos"]
    for video_id, video in listed(release, "train").items():
        objects = meta[video_id]["objects"]
        assert {e["obj_id"] for e in video["expressions"].values()} == set(objects)
        for name in video["frames"]:
            with Image.open(release / "train" / "Annotations" / video_id / f"{name}.png") as png:
                assert (png.mode, png.size) == ("P", (128, 96))
                seen = {str(value) for value in np.unique(np.array(png))} - {"0"}
            assert seen == {object_id for object_id, facts in objects.items() if name in facts["frames"]}


def test_the_annotated_pixels_have_the_colour_that_the_expression_names(release):
    checked = 0
    for video_id, video in listed(release, "train").items():
        name = video["frames"][4]
        with Image.open(release / "train" / "JPEGImages" / video_id / f"{name}.jpg") as jpg:
            image = np.array(jpg).astype(np.float64)
        with Image.open(release / "train" / "Annotations" / video_id / f"{name}.png") as png:
            labels = np.array(png)
        for expression in video["expressions"].values():
            named = set(expression["exp"].split()) & set(COLOURS)
            pixels = image[labels == int(expression["obj_id"])]
            if kind_of(expression["exp"]) in ("colour", "compound") and len(pixels) > 50:
                distance = {c: np.linalg.norm(np.median(pixels, axis=0) - rgb) for c, rgb in COLOURS.items()}
                assert {min(distance, key=distance.get)} == named
                checked += 1
    assert checked > 20


def test_more_train_videos_leave_the_first_ones_as_they_are(release, tmp_path):
    write("ytvos", tmp_path / "few", videos=3, seed=1, frames=8)
    few, many = listed(tmp_path / "few", "train"), listed(release, "train")
    assert len(few) == 3
    assert all(many[video_id] == few[video_id] for video_id in few)
    assert set(listed(tmp_path / "few", "valid")) == set(listed(release, "valid"))
