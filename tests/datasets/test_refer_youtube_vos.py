from __future__ import annotations

import json
import shutil

import numpy as np
import pytest
from PIL import Image

from rvosbench import masks
from rvosbench.datasets.refer_youtube_vos import ReferYoutubeVos
from rvosbench.datasets.specs.ytvos import YtvosOptions
from rvosbench.errors import DatasetError, MissingPathError, OptionError, UnknownNameError
from rvosbench.plugins.dataset import Release
from rvosbench.preparation.opening import open_release
from rvosbench.types import Object
from tests.datasets.tiny_releases import (
    ONE_OBJECT,
    TWO_OBJECTS,
    expressions,
    meta_expressions,
    write_frame,
    write_json,
    write_labels,
    write_video,
    ytvos,
)


@pytest.fixture
def root(tmp_path):
    return ytvos(tmp_path / "release")


def test_it_is_a_release(root):
    assert isinstance(ReferYoutubeVos(root, YtvosOptions()), Release)


def test_valid_is_what_the_test_file_does_not_list(root):
    release = ReferYoutubeVos(root, YtvosOptions())
    assert {split: release.videos(split) for split in release.splits()} == {
        "train": ("aaa", "bbb"),
        "valid": ("ccc",),
        "test": ("ddd",),
    }
    assert release.problems == ()


def test_without_a_test_file_valid_is_what_has_frames(root):
    shutil.rmtree(root / "meta_expressions" / "test")
    release = ReferYoutubeVos(root, YtvosOptions())
    assert release.videos("valid") == ("ccc",)
    assert release.splits() == ("train", "valid")
    assert "of the 2 videos in the valid file, the 1 without frames" in release.problems[0]


def test_frames_are_those_of_the_json_and_masks_equal_the_png(root):
    video = ReferYoutubeVos(root, YtvosOptions()).read("train", "aaa").video
    assert [frame.name for frame in video.frames] == ["00005", "00010", "00020"]
    assert video.frames[0].path == "train/JPEGImages/aaa/00005.jpg"
    assert all(frame.annotated for frame in video.frames)
    assert set(video.masks) == {(1, 0), (2, 0), (2, 1), (1, 2), (2, 2)}
    for (object_id, index), rle in video.masks.items():
        drawn = (TWO_OBJECTS, ONE_OBJECT, TWO_OBJECTS)[index]
        assert np.array_equal(masks.decode(rle), drawn == object_id)
    assert video.objects == (Object(object_id=1, category="dog"), Object(object_id=2))
    assert [(e.text, e.object_ids) for e in video.expressions] == [
        ("A  small box ", (1,)),
        ("a wide box", (2,)),
    ]


def test_hidden_ground_truth_is_unknown_not_empty(root):
    video = ReferYoutubeVos(root, YtvosOptions()).read("valid", "ccc").video
    assert not any(frame.annotated for frame in video.frames)
    assert video.masks == {}
    assert video.expressions[0].object_ids is None


def test_meta_json_is_optional(root):
    (root / "train" / "meta.json").unlink()
    assert ReferYoutubeVos(root, YtvosOptions()).read("train", "aaa").video.objects == (
        Object(object_id=1),
        Object(object_id=2),
    )


@pytest.mark.parametrize("nested", [".", "Annotations", "valid/Annotations"])
def test_valid_masks_attach_objects_but_no_expression_to_an_object(root, tmp_path, nested):
    folder = tmp_path / "masks"
    write_labels(folder / nested / "ccc" / "00005.png", ONE_OBJECT)
    release = ReferYoutubeVos(root, YtvosOptions(valid_masks=folder))
    video = release.read("valid", "ccc").video
    assert [frame.annotated for frame in video.frames] == [False, True]
    assert set(video.masks) == {(2, 1)}
    assert video.expressions[0].object_ids is None
    assert "1 of 1 expressions of valid cannot be scored: no json says which object" in release.problems[0]


@pytest.mark.parametrize(
    "place",
    [
        "meta_expressions.json",
        "meta_expressions/valid/meta_expressions.json",
        "valid/meta_expressions.json",
    ],
)
def test_a_json_beside_the_masks_says_what_the_expressions_mean(root, tmp_path, place):
    folder = tmp_path / "masks"
    write_labels(folder / "Annotations" / "ccc" / "00005.png", ONE_OBJECT)
    before = ReferYoutubeVos(root, YtvosOptions(valid_masks=folder)).fingerprint()
    content = {"ccc": {"frames": ["00000"], "expressions": expressions(("Something ", "2"), ("more", "1"))}}
    write_json(folder / place, {"videos": content})
    release = ReferYoutubeVos(root, YtvosOptions(valid_masks=folder))
    assert release.problems == ()
    assert [e.object_ids for e in release.read("valid", "ccc").video.expressions] == [(2,)]
    assert [e.text for e in release.read("valid", "ccc").video.expressions] == ["something"]
    assert release.index_files()[-1] == folder / place
    assert release.fingerprint() != before
    content["ccc"]["expressions"]["0"]["exp"] = "another expression"
    write_json(folder / place, {"videos": content})
    release = ReferYoutubeVos(root, YtvosOptions(valid_masks=folder))
    assert release.read("valid", "ccc").video.expressions[0].object_ids is None
    assert "1 of 1 expressions of valid cannot be scored" in release.problems[0]


def test_valid_masks_of_every_expression_apart_are_recognised_and_refused(root, tmp_path):
    write_labels(tmp_path / "masks" / "ccc" / "0" / "00000.png", ONE_OBJECT)
    with pytest.raises(DatasetError, match="masks/ccc holds folders and no PNG"):
        ReferYoutubeVos(root, YtvosOptions(valid_masks=tmp_path / "masks"))


def test_an_empty_folder_of_valid_masks_is_reported(root, tmp_path):
    (tmp_path / "masks" / "ccc").mkdir(parents=True)
    release = ReferYoutubeVos(root, YtvosOptions(valid_masks=tmp_path / "masks"))
    assert "lacks 1 of 1 valid videos (ccc)" in release.problems[0]
    assert not any(frame.annotated for frame in release.read("valid", "ccc").video.frames)


def test_valid_masks_with_obj_id_in_the_json_can_be_scored(root, tmp_path):
    content = {"ccc": {"frames": ["00000"], "expressions": expressions(("x", "2"))}}
    write_json(meta_expressions(root, "valid"), {"videos": content})
    write_labels(tmp_path / "masks" / "ccc" / "00000.png", ONE_OBJECT)
    video = ReferYoutubeVos(root, YtvosOptions(valid_masks=tmp_path / "masks")).read("valid", "ccc").video
    assert video.expressions[0].object_ids == (2,)
    assert np.array_equal(masks.decode(video.masks[2, 0]), ONE_OBJECT == 2)


def test_valid_masks_of_other_videos_are_refused(root, tmp_path):
    (tmp_path / "masks" / "zzz").mkdir(parents=True)
    with pytest.raises(DatasetError, match="no folder of any"):
        ReferYoutubeVos(root, YtvosOptions(valid_masks=tmp_path / "masks"))
    with pytest.raises(MissingPathError):
        ReferYoutubeVos(root, YtvosOptions(valid_masks=tmp_path / "absent"))


def make_train_videos(root, count):
    entry = {"frames": ["00000"], "expressions": expressions(("x", "2"))}
    names = [f"v{number:02d}" for number in range(count)]
    for name in names:
        write_video(root / "train", name, {"00000": ONE_OBJECT})
    write_json(meta_expressions(root, "train"), {"videos": dict.fromkeys(names, entry)})
    return set(names)


def test_trainval_is_a_deterministic_partition(root):
    names = make_train_videos(root, 20)
    first, again, other = (
        ReferYoutubeVos(root, YtvosOptions(trainval=0.2, seed=seed)).videos("heldout") for seed in (3, 3, 4)
    )
    assert first == again != other
    assert len(first) == 4
    release = ReferYoutubeVos(root, YtvosOptions(trainval=0.2, seed=3))
    assert release.splits() == ("train", "heldout", "valid", "test")
    assert set(release.videos("train")) == names - set(first)
    assert "train" not in release.card.counts
    assert release.read("heldout", first[0]).video.split == "heldout"
    assert release.read("heldout", first[0]).video.frames[0].path == f"train/JPEGImages/{first[0]}/00000.jpg"


def test_a_new_video_does_not_reshuffle_who_is_held_out(root):
    make_train_videos(root, 20)
    before = set(ReferYoutubeVos(root, YtvosOptions(trainval=0.2)).videos("heldout"))
    make_train_videos(root, 21)
    after = set(ReferYoutubeVos(root, YtvosOptions(trainval=0.2)).videos("heldout"))
    assert len(before - after) <= 1


@pytest.mark.parametrize("value", ["0", "1", "-0.1", "2", "nan", "some", ""])
def test_trainval_must_be_a_fraction(root, value):
    with pytest.raises(OptionError, match=r"expected a (fraction|number)"):
        open_release("ytvos", root, {"trainval": value})


def test_options_are_checked(root):
    with pytest.raises(UnknownNameError, match="did you mean 'trainval'"):
        open_release("ytvos", root, {"trainvall": "0.1"})
    with pytest.raises(OptionError, match="add trainval or drop seed"):
        open_release("ytvos", root, {"seed": "1"})
    with pytest.raises(OptionError, match="'seed' of the dataset 'ytvos' is 'x', expected a whole"):
        open_release("ytvos", root, {"trainval": "0.5", "seed": "x"})
    with pytest.raises(OptionError, match="seed is -1, expected a whole number from 0"):
        open_release("ytvos", root, {"trainval": "0.5", "seed": "-1"})


def test_a_video_without_frames_is_left_out_and_reported(root):
    shutil.rmtree(root / "train" / "JPEGImages" / "bbb")
    release = ReferYoutubeVos(root, YtvosOptions())
    assert release.videos("train") == ("aaa",)
    assert "train/JPEGImages lacks 1 of the 2 videos of train (bbb)" in release.problems[0]


def test_a_missing_frame_and_a_missing_mask_are_named(root):
    (root / "train" / "Annotations" / "aaa" / "00010.png").unlink()
    with pytest.raises(MissingPathError, match=r"Annotations/aaa/00010\.png"):
        ReferYoutubeVos(root, YtvosOptions()).read("train", "aaa")
    (root / "train" / "JPEGImages" / "aaa" / "00020.jpg").unlink()
    with pytest.raises(MissingPathError, match=r"JPEGImages/aaa/00020\.jpg"):
        ReferYoutubeVos(root, YtvosOptions()).read("train", "aaa")


def test_an_empty_or_missing_release_says_what_was_expected(tmp_path):
    with pytest.raises(DatasetError, match=r"expected meta_expressions/train/meta_expressions\.json"):
        ReferYoutubeVos(tmp_path, YtvosOptions())
    with pytest.raises(MissingPathError, match="is not there"):
        ReferYoutubeVos(tmp_path / "absent", YtvosOptions())


def test_unknown_splits_and_videos(root):
    release = ReferYoutubeVos(root, YtvosOptions())
    with pytest.raises(UnknownNameError, match="did you mean 'valid'"):
        release.videos("val")
    with pytest.raises(UnknownNameError):
        release.read("train", "../../etc")


def test_fingerprint_tells_two_downloads_apart(root):
    before = ReferYoutubeVos(root, YtvosOptions()).fingerprint()
    path = meta_expressions(root, "train")
    content = json.loads(path.read_text())
    content["videos"]["bbb"]["expressions"]["0"]["exp"] = "another"
    write_json(path, content)
    assert ReferYoutubeVos(root, YtvosOptions()).fingerprint() != before


def test_an_empty_test_file_says_as_little_as_none(root):
    write_json(meta_expressions(root, "test"), {"videos": {}})
    release = ReferYoutubeVos(root, YtvosOptions())
    assert release.videos("valid") == ("ccc",)
    assert release.splits() == ("train", "valid")
    assert "meta_expressions/test lists no video: of the 2 videos in the valid file" in release.problems[0]


def test_a_valid_file_that_lists_valid_alone_is_read_with_and_without_a_test_file(root):
    path = meta_expressions(root, "valid")
    content = json.loads(path.read_text())
    del content["videos"]["ddd"]
    write_json(path, content)
    assert ReferYoutubeVos(root, YtvosOptions()).videos("valid") == ("ccc",)
    shutil.rmtree(root / "meta_expressions" / "test")
    release = ReferYoutubeVos(root, YtvosOptions())
    assert (release.videos("valid"), release.problems) == (("ccc",), ())


def test_an_expression_that_is_there_twice_is_two_expressions(root):
    twice = {"ccc": {"frames": ["00000"], "expressions": expressions(("a dog", None), ("a dog", None))}}
    write_json(meta_expressions(root, "valid"), {"videos": twice})
    read = ReferYoutubeVos(root, YtvosOptions()).read("valid", "ccc").video.expressions
    assert [(e.expression_id, e.text) for e in read] == [("0", "a dog"), ("1", "a dog")]


def test_frames_that_the_json_does_not_list_are_no_frames(root):
    write_frame(root / "train" / "JPEGImages" / "aaa" / "00007.jpg")
    write_labels(root / "train" / "Annotations" / "aaa" / "00007.png", ONE_OBJECT)
    (root / "train" / "JPEGImages" / "aaa" / "._00005.jpg").write_bytes(b"left behind by macOS")
    video = ReferYoutubeVos(root, YtvosOptions()).read("train", "aaa").video
    assert [frame.name for frame in video.frames] == ["00005", "00010", "00020"]


COLOURS = {
    "YouTube-VOS": [(0, 0, 0), (236, 95, 103), (249, 145, 87)],
    "DAVIS": [(0, 0, 0), (128, 0, 0), (0, 128, 0)],
}


@pytest.mark.parametrize("kind", ["P", "L", "YouTube-VOS", "DAVIS"])
def test_palette_grey_and_rgb_annotations_give_the_same_store(root, kind):
    before = ReferYoutubeVos(root, YtvosOptions()).read("train", "aaa").video
    for path in (root / "train" / "Annotations").rglob("*.png"):
        labels = np.asarray(Image.open(path))
        if kind in COLOURS:
            Image.fromarray(np.array(COLOURS[kind], np.uint8)[labels]).save(path)
        elif kind == "L":
            Image.fromarray(labels).save(path)
        else:
            image = Image.fromarray(labels)
            image.putpalette([7, 7, 7] * 256)  # the palette says nothing about the objects
            image.save(path)
    assert ReferYoutubeVos(root, YtvosOptions()).read("train", "aaa").video == before


def test_an_rgb_annotation_in_other_colours_is_refused_with_file_and_colour(root):
    path = root / "train" / "Annotations" / "aaa" / "00010.png"
    Image.fromarray(np.array([(0, 0, 0), (255, 0, 0), (0, 255, 0)], np.uint8)[ONE_OBJECT]).save(path)
    with pytest.raises(DatasetError, match=f"{path} is in colour, and #00ff00 is in none of the known"):
        ReferYoutubeVos(root, YtvosOptions()).read("train", "aaa")


def test_objects_without_an_expression_and_expressions_without_a_mask_are_kept(root):
    """One json lists what the expressions mean, the other all objects; neither covers the other."""
    meta = {"videos": {"aaa": {"objects": {"1": {"category": "dog"}, "2": {"category": "cat"}}}}}
    write_json(root / "train" / "meta.json", meta)
    content = {"aaa": {"frames": ["00010"], "expressions": expressions(("x", "5"))}}
    write_json(meta_expressions(root, "train"), {"videos": content})
    video = ReferYoutubeVos(root, YtvosOptions()).read("train", "aaa").video
    assert [(obj.object_id, obj.category) for obj in video.objects] == [(2, "cat"), (5, None)]
    assert set(video.masks) == {(2, 0)}
