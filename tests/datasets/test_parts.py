"""A tree that is nested or partly missing: what was found, what is missing, and where it lies."""

from __future__ import annotations

import shutil

import pytest

from rvosbench.datasets.parts import say_parts
from rvosbench.errors import DatasetError, MissingPathError
from rvosbench.preparation.opening import open_release
from tests.datasets import tiny_releases as tiny


def refused(name, root):
    with pytest.raises((DatasetError, MissingPathError)) as caught:
        open_release(name, root)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def without(root, *patterns):
    for pattern in patterns:
        for path in list(root.glob(pattern)):
            shutil.rmtree(path) if path.is_dir() else path.unlink()
    return root


def test_the_json_is_found_and_the_frames_are_not(tmp_path):
    root = without(tiny.ytvos(tmp_path / "release"), "*/JPEGImages")
    said = refused("ytvos", root)
    assert "(found meta_expressions/train/meta_expressions.json, meta_expressions/valid/" in said
    assert "missing train/JPEGImages, valid/JPEGImages, test/JPEGImages)" in said


def test_frames_one_folder_too_deep_are_pointed_at(tmp_path):
    root = tiny.ytvos(tmp_path / "release")
    for split in ("train", "valid", "test"):
        inner = root / split / split
        inner.mkdir()
        (root / split / "JPEGImages").rename(inner / "JPEGImages")
    assert "missing train/JPEGImages, there is train/train/JPEGImages: move it" in refused("ytvos", root)


def test_frames_are_there_and_the_json_is_not(tmp_path):
    root = without(tiny.mevis(tmp_path / "release"), "*/meta_expressions.json")
    said = refused("mevis", root)
    assert "found train/JPEGImages" in said
    assert "missing train/meta_expressions.json" in said


def test_a_json_that_lies_elsewhere_is_pointed_at(tmp_path):
    root = tiny.mevis(tmp_path / "release")
    for split in ("train", "valid_u", "valid"):
        (root / split / "text").mkdir()
        (root / split / "meta_expressions.json").rename(root / split / "text" / "meta_expressions.json")
    said = refused("mevis", root)
    assert "missing train/meta_expressions.json, there is train/text/meta_expressions.json: move it" in said


def test_frames_of_other_videos_are_not_those_of_the_json(tmp_path):
    root = tiny.ytvos(tmp_path / "release")
    for video in list(root.glob("*/JPEGImages/*")):
        video.rename(video.with_name(f"other-{video.name}"))
    assert "are there, and name no video in common" in refused("ytvos", root)


def test_one_split_whose_frames_are_too_deep_says_where_they_are(tmp_path):
    root = tiny.ytvos(tmp_path / "release")
    frames = root / "train" / "JPEGImages"
    frames.rename(root / "frames")
    frames.mkdir()
    (root / "frames").rename(frames / "JPEGImages")
    release = open_release("ytvos", root)
    assert f"is the download complete? (there is {frames / 'JPEGImages'}: move it up)" in release.problems[0]


@pytest.mark.parametrize(
    ("gone", "said"),
    [
        ("DAVIS/ImageSets", "missing DAVIS/ImageSets/2017/val.txt)"),
        ("davis_text_annotations", "Davis17_annot1.txt is missing"),
        ("DAVIS/JPEGImages", "missing DAVIS/JPEGImages/480p)"),
    ],
)
def test_parts_of_davis_are_named(tmp_path, gone, said):
    assert said in refused("davis", without(tiny.davis(tmp_path / "release"), gone))


def test_davis_masks_are_missed_under_their_own_name(tmp_path):
    root = without(tiny.davis(tmp_path / "release"), "DAVIS/Annotations_unsupervised")
    with pytest.raises(
        MissingPathError, match=r"Annotations_unsupervised/480p/motorbike/00000\.png is missing"
    ):
        open_release("davis", root).read("val", "motorbike")


@pytest.mark.parametrize("gone", ["Rename_Images", "puppet_mask"])
def test_parts_of_jhmdb_are_named(tmp_path, gone):
    said = refused("jhmdb", without(tiny.jhmdb(tmp_path / "release"), gone))
    assert f"missing {gone})" in said
    assert "found jhmdb_annotation.txt" in said


def test_coco_one_folder_too_deep_is_pointed_at(tmp_path):
    root = tiny.refcoco(tmp_path / "release")
    inner = root / "train2014" / "train2014"
    inner.mkdir()
    for image in list((root / "train2014").glob("*.jpg")):
        image.rename(inner / image.name)
    assert f"(there is {inner}: move it up)" in refused("refcoco", root)


def test_masks_in_capitals_are_found(tmp_path):
    root = tiny.ytvos(tmp_path / "release")
    whole = open_release("ytvos", root).read("train", "aaa").video
    for path in list((root / "train" / "Annotations" / "aaa").iterdir()):
        path.rename(path.with_suffix(".PNG"))
    release = open_release("ytvos", root)
    assert release.read("train", "aaa").video == whole
    assert all(path.is_file() for path in release.sources("train", "aaa"))


def test_a_link_that_leads_back_is_not_followed(tmp_path):
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "b").symlink_to(tmp_path)
    assert say_parts(tmp_path, [["x/frames"]]) == " (missing x/frames)"


def test_a_link_to_nothing_and_a_folder_in_place_of_the_json_are_called_that(tmp_path):
    root = without(tiny.ytvos(tmp_path / "release"), "meta_expressions/[vt]*/meta_expressions.json")
    index = root / "meta_expressions" / "train" / "meta_expressions.json"
    index.symlink_to(tmp_path / "nowhere")
    assert "meta_expressions.json, which is a link to nothing" in refused("ytvos", root)
    index.unlink()
    index.mkdir()
    assert "meta_expressions.json, which is a folder or a device, no file" in refused("ytvos", root)


def test_a_folder_in_place_of_a_frame_or_of_meta_json_is_not_called_missing(tmp_path):
    root = tiny.ytvos(tmp_path / "release")
    release = open_release("ytvos", root)
    video_id = release.videos("train")[0]
    frame = sorted((root / "train" / "JPEGImages" / video_id).iterdir())[0]
    frame.unlink()
    frame.mkdir()
    with pytest.raises(DatasetError, match="is a folder or a device, no file"):
        release.read("train", video_id)
    meta = root / "train" / "meta.json"
    meta.unlink(missing_ok=True)
    meta.symlink_to(tmp_path / "nowhere")
    with pytest.raises(MissingPathError, match=r"meta\.json"):
        open_release("ytvos", root).videos("train")
