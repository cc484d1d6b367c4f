"""MeViS layout: every oddity of the official release that a reader has to survive, and switches for them."""

from __future__ import annotations

import json

import numpy as np
import pytest

from rvosbench.synthetic import write


@pytest.fixture(scope="module")
def release(tmp_path_factory):
    root = tmp_path_factory.mktemp("mevis") / "release"
    write("mevis", root, videos=6, seed=1, frames=6)
    return root


def text(root, split, name="meta_expressions_v2.json"):
    return json.loads((root / split / name).read_text())["videos"]


def mask_dict(root, split):
    return json.loads((root / split / "mask_dict.json").read_text())


def small(root, *quirks):
    write("mevis", root, videos=2, seed=1, frames=4, size=(48, 64), quirks=quirks)
    return root


def test_the_folders_are_the_official_ones(release):
    assert sorted(path.name for path in release.iterdir()) == ["train", "valid", "valid_u"]
    for split, masks in (("train", True), ("valid_u", True), ("valid", False)):
        names = {path.name for path in (release / split).iterdir()}
        assert names == {"JPEGImages", "meta_expressions_v2.json"} | ({"mask_dict.json"} if masks else set())
        on_disk = {path.name for path in (release / split / "JPEGImages").iterdir()}
        assert on_disk == set(text(release, split))


def test_lists_of_objects_agree_and_masks_count_over_all_videos(release):
    masks = mask_dict(release, "train")
    assert list(masks) == [str(number) for number in range(len(masks))]
    owners = {}
    for video_id, video in text(release, "train").items():
        for expression in video["expressions"].values():
            assert len(expression["anno_id"]) == len(expression["obj_id"])
            for anno_id in expression["anno_id"]:
                assert owners.setdefault(anno_id, video_id) == video_id
                assert len(masks[str(anno_id)]) == len(video["frames"])
    assert set(owners) == set(range(len(masks)))
    assert sorted({video["vid_id"] for video in text(release, "train").values()}) == list(range(6))


def test_there_are_nulls_and_run_lengths_of_the_frame_size(release):
    entries = [entry for values in mask_dict(release, "train").values() for entry in values]
    assert None in entries
    assert {tuple(entry["size"]) for entry in entries if entry} == {(96, 128)}


def test_expressions_mean_one_several_and_no_objects(release):
    numbers = {
        len(expression["anno_id"])
        for video in text(release, "train").values()
        for expression in video["expressions"].values()
    }
    assert {0, 1, 2} <= numbers


def test_valid_says_neither_objects_nor_masks(release):
    expressions = [s for video in text(release, "valid").values() for s in video["expressions"].values()]
    assert expressions
    assert all(set(expression) == {"exp"} for expression in expressions)


def test_without_quirks_every_expression_means_one_object_and_the_text_is_the_first_version(tmp_path):
    root = small(tmp_path / "plain")
    videos = text(root, "train", "meta_expressions.json")
    meant = [s["anno_id"] for video in videos.values() for s in video["expressions"].values()]
    assert {len(anno_ids) for anno_ids in meant} == {1}
    assert {str(anno_id) for anno_ids in meant for anno_id in anno_ids} == set(mask_dict(root, "train"))


def test_quirks_can_be_switched_on_one_by_one(tmp_path):
    unused = small(tmp_path / "unused", "unused-masks")
    meant = {
        anno_id
        for video in text(unused, "train", "meta_expressions.json").values()
        for expression in video["expressions"].values()
        for anno_id in expression["anno_id"]
    }
    assert len(mask_dict(unused, "train")) == len(meant) + 2
    backwards = small(tmp_path / "backwards", "frames-out-of-order")
    for video in text(backwards, "train", "meta_expressions.json").values():
        assert video["frames"] == ["00003", "00002", "00001", "00000"]
    several = small(tmp_path / "several", "several-objects")
    sizes = [
        len(expression["anno_id"])
        for video in text(several, "train", "meta_expressions.json").values()
        for expression in video["expressions"].values()
    ]
    assert 0 not in sizes
    assert np.max(sizes) > 1
