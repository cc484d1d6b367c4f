from __future__ import annotations

import json
import pickle

import numpy as np
import pytest

from rvosbench import masks
from rvosbench.datasets.refcoco import RefCoco, RefCocoG, RefCocoPlus
from rvosbench.datasets.specs.refcoco import REFCOCO_CARD, RefCocoGOptions, RefCocoOptions
from rvosbench.errors import DatasetError, MissingPathError, OptionError, UnknownNameError
from rvosbench.plugins.dataset import Release
from rvosbench.preparation.opening import open_release
from rvosbench.types import Object
from tests.datasets.tiny_releases import HEIGHT, WIDTH, labels, refcoco, reference, write_frame, write_json

SEVEN, NINE = "COCO_train2014_000000000007", "COCO_train2014_000000000009"


@pytest.fixture
def root(tmp_path):
    return refcoco(tmp_path / "release")


def described(video):
    return [(e.expression_id, e.text, e.object_ids) for e in video.expressions]


def test_an_image_is_a_video_of_one_frame(root):
    release = RefCoco(root, RefCocoOptions())
    assert isinstance(release, Release)
    assert {s: release.videos(s) for s in release.splits()} == {"train": (SEVEN,), "testA": (NINE,)}
    video = release.read("train", SEVEN).video
    assert (video.height, video.width, video.fps) == (HEIGHT, WIDTH, None)
    assert [(f.name, f.annotated, f.path) for f in video.frames] == [(SEVEN, True, f"train2014/{SEVEN}.jpg")]
    assert described(video) == [("0", "left cat", (70,)), ("1", "cat", (70,)), ("2", "dog", (71,))]


def test_polygon_and_run_length_masks_by_hand_without_crowds(root):
    video = RefCoco(root, RefCocoOptions()).read("train", SEVEN).video
    assert video.objects == (Object(object_id=70, category="cat"), Object(object_id=71, category="dog"))
    assert np.array_equal(masks.decode(video.masks[70, 0]), labels({1: (2, 8, 3, 9)}) == 1)
    assert np.array_equal(masks.decode(video.masks[71, 0]), labels({1: (0, 24, 2, 3)}) == 1)


def test_a_crowd_that_an_expression_means_is_an_object(root):
    assert set(RefCoco(root, RefCocoOptions()).read("testA", NINE).video.masks) == {(90, 0)}


def test_the_raw_text_is_an_option(root):
    assert described(RefCoco(root, RefCocoOptions(sentences="raw")).read("train", SEVEN).video)[0] == (
        "0",
        "LEFT CAT .",
        (70,),
    )


def test_the_three_read_their_own_folder_and_split(tmp_path):
    plus = refcoco(tmp_path / "plus", folder="refcoco+")
    g = refcoco(tmp_path / "g" / "coco", folder="refcocog", by="umd").parent  # named one folder too high
    assert RefCocoPlus(plus, RefCocoOptions()).videos("train") == (SEVEN,)
    release = RefCocoG(g, RefCocoGOptions())
    assert release.videos("train") == (SEVEN,)
    assert release.read("train", SEVEN).video.frames[0].path == f"coco/train2014/{SEVEN}.jpg"
    with pytest.raises(MissingPathError, match=r"refs\(google\)\.p is missing"):
        RefCocoG(g, RefCocoGOptions(split_by="google"))
    with pytest.raises(MissingPathError, match="refcoco is missing"):
        RefCoco(plus, RefCocoOptions())


def test_another_split_has_no_published_counts(root):
    (root / "refcoco" / "refs(unc).p").rename(root / "refcoco" / "refs(google).p")
    assert RefCoco(root, RefCocoOptions(split_by="google")).card.counts == {}
    assert REFCOCO_CARD.counts["val"] == {"videos": 1500, "expressions": 10834}


def write_refs(root, *refs):
    (root / "refcoco" / "refs(unc).p").write_bytes(pickle.dumps(list(refs), 2))


def test_a_reference_of_both_tests_is_in_both(root):
    write_refs(root, reference(9, 90, "testAB", (3, "x")))
    release = RefCoco(root, RefCocoOptions())
    assert release.splits() == ("testA", "testB")
    assert described(release.read("testA", NINE).video) == described(release.read("testB", NINE).video)


def test_an_annotation_id_beyond_32_bits_is_left_out_and_reported(root):
    write_refs(root, reference(7, 900100000000, "train", (0, "x")), reference(7, 70, "train", (1, "y")))
    release = RefCoco(root, RefCocoOptions())
    assert described(release.read("train", SEVEN).video) == [("1", "y", (70,))]
    assert "900100000000" in release.problems[0]


@pytest.mark.parametrize("bad", [reference(7, 90, "train", (0, "x")), reference(8, 70, "train", (0, "x"))])
def test_a_reference_to_nothing_is_an_error(root, bad):
    write_refs(root, bad)
    with pytest.raises(DatasetError, match="of different releases"):
        RefCoco(root, RefCocoOptions())


GOOD = reference(7, 70, "train", (0, "x"))


@pytest.mark.parametrize(
    "bad",
    [
        7,
        {},
        GOOD | {"sentences": 3},
        GOOD | {"sentences": [{"sent_id": 1}]},
        GOOD | {"sentences": [{"sent": "x"}]},
        GOOD | {"split": None},
        GOOD | {"ann_id": "seventy"},
    ],
)
def test_references_of_another_shape_are_named(root, bad):
    write_refs(root, GOOD, bad)
    with pytest.raises(DatasetError, match="reference 1"):
        RefCoco(root, RefCocoOptions())


def test_two_expressions_of_one_id_are_refused_by_the_store_check(root):
    from rvosbench.store.writer import check

    write_refs(root, reference(7, 70, "train", (0, "x"), (0, "y")))
    with pytest.raises(DatasetError, match="two expressions with one id"):
        check(RefCoco(root, RefCocoOptions()).read("train", SEVEN).video)


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("file_name", "../../etc/passwd.jpg", "not a safe file name"),
        ("height", 0, "height is 0"),
        ("width", "wide", "width is 'wide'"),
        ("id", None, "id is None"),
    ],
)
def test_image_entries_are_checked(root, key, value, message):
    path = root / "refcoco" / "instances.json"
    content = json.loads(path.read_text())
    content["images"][0][key] = value
    write_json(path, content)
    with pytest.raises(DatasetError, match=message):
        RefCoco(root, RefCocoOptions())


def test_an_image_of_another_size_is_an_error(root):
    from PIL import Image

    Image.new("RGB", (8, 8)).save(root / "train2014" / f"{SEVEN}.jpg")
    with pytest.raises(DatasetError, match="is 8x8 px"):
        RefCoco(root, RefCocoOptions()).read("train", SEVEN)


def test_missing_images_are_left_out_and_none_is_an_error(root):
    (root / "train2014" / f"{NINE}.jpg").unlink()
    release = RefCoco(root, RefCocoOptions())
    assert release.splits() == ("train",)
    assert f"train2014 lacks 1 of the 1 images of testA ({NINE})" in release.problems[0]
    (root / "train2014" / f"{SEVEN}.jpg").unlink()
    write_frame(root / "train2014" / "other.jpg")
    with pytest.raises(MissingPathError, match="holds none of the 2 images"):
        RefCoco(root, RefCocoOptions())


def converted(root):
    """The converted form of the first two train expressions, beside nothing else."""
    image = {"file_name": f"{SEVEN}.jpg", "height": HEIGHT, "width": WIDTH, "original_id": 7}
    annotation = {
        "category_id": 1,
        "iscrowd": 0,
        "segmentation": [[3, 2, 9, 2, 9, 8, 3, 8]],
        "original_id": 70,
    }
    content = {
        "images": [image | {"id": n, "caption": text} for n, text in ((1, "left cat"), (2, "cat"))],
        "annotations": [annotation | {"id": n, "image_id": n} for n in (1, 2)],
        "categories": [{"id": 1, "name": "cat"}],
    }
    for name in ("instances.json", "refs(unc).p"):
        (root / "refcoco" / name).unlink()
    write_json(root / "refcoco" / "instances_refcoco_train.json", content)
    return content


def test_the_converted_form_gives_the_same_masks(root):
    official = RefCoco(root, RefCocoOptions()).read("train", SEVEN).video
    converted(root)
    release = RefCoco(root, RefCocoOptions())
    assert release.splits() == ("train",)
    video = release.read("train", SEVEN).video
    assert described(video) == [("1", "left cat", (70,)), ("2", "cat", (70,))]
    assert video.masks == {(70, 0): official.masks[70, 0]}
    assert video.objects == (Object(object_id=70, category="cat"),)


def test_a_converted_annotation_without_its_image_is_an_error(root):
    content = converted(root)
    content["annotations"][1]["image_id"] = 9
    write_json(root / "refcoco" / "instances_refcoco_train.json", content)
    with pytest.raises(DatasetError, match="annotation entry 1 belongs to image 9"):
        RefCoco(root, RefCocoOptions()).videos("train")


def test_a_reference_of_an_unknown_split_is_left_out_and_reported(root):
    write_refs(root, GOOD, reference(9, 90, "minival", (1, "y"), (2, "z")))
    release = RefCoco(root, RefCocoOptions())
    assert release.splits() == ("train",)
    assert (
        "2 expressions are in the split 'minival', which is none of train, val, testA" in release.problems[0]
    )


def test_an_annotation_without_pixels_is_an_object_without_a_mask(root):
    path = root / "refcoco" / "instances.json"
    content = json.loads(path.read_text())
    content["annotations"][0]["segmentation"] = [[3, 2, 3, 2, 3, 2]]
    write_json(path, content)
    video = RefCoco(root, RefCocoOptions()).read("train", SEVEN).video
    assert [obj.object_id for obj in video.objects] == [70, 71]
    assert set(video.masks) == {(71, 0)}


def test_an_annotation_of_two_images_is_an_error(root):
    path = root / "refcoco" / "instances.json"
    content = json.loads(path.read_text())
    content["annotations"][1]["id"] = content["annotations"][-1]["id"]
    write_json(path, content)
    with pytest.raises(DatasetError, match="annotation entry 4 has the id 90, as one of another"):
        RefCoco(root, RefCocoOptions())


def test_two_entries_that_contradict_each_other_about_an_image_are_an_error(root):
    content = converted(root)
    content["images"][1]["height"] = 25
    write_json(root / "refcoco" / "instances_refcoco_train.json", content)
    with pytest.raises(DatasetError, match="is 25x32 px, an entry before it that"):
        RefCoco(root, RefCocoOptions()).videos("train")


@pytest.mark.parametrize("form", ["official", "converted"])
def test_a_bad_segmentation_names_the_file_and_the_annotation(root, form):
    if form == "converted":
        converted(root)
    name = "instances.json" if form == "official" else "instances_refcoco_train.json"
    path = root / "refcoco" / name
    content = json.loads(path.read_text())
    for annotation in content["annotations"]:
        annotation["segmentation"] = {"size": [24, 32], "counts": [1]}
    write_json(path, content)
    named = path if form == "official" else path.parent
    with pytest.raises(DatasetError, match=f"{named}, annotation 70: the runs do not add up"):
        RefCoco(root, RefCocoOptions()).read("train", SEVEN)


@pytest.mark.parametrize("by", ["unc", "google", "umd"])
def test_every_author_s_split_is_read_from_its_own_file(tmp_path, by):
    root = refcoco(tmp_path, by=by)
    assert RefCoco(root, RefCocoOptions(split_by=by)).videos("train") == (SEVEN,)
    for other in {"unc", "google", "umd"} - {by}:
        with pytest.raises(MissingPathError, match=rf"refs\({other}\)\.p is missing"):
            RefCoco(root, RefCocoOptions(split_by=other))


def test_options_are_checked(root):
    for options in ({"split-by": "me"}, {"sentences": "none"}):
        with pytest.raises(OptionError, match=r"of the dataset 'refcoco' is '(me|none)', expected"):
            open_release("refcoco", root, options)
    with pytest.raises(UnknownNameError, match="no option 'txt'; it has: split-by, sentences"):
        open_release("refcoco", root, {"txt": "raw"})
