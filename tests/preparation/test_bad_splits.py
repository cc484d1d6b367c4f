"""One split's index is damaged: the others are prepared, and it is said; asked for by name it is an error."""

from __future__ import annotations

import json

import pytest

from rvosbench.errors import DatasetError, MissingPathError
from rvosbench.preparation import prepare
from rvosbench.preparation.opening import open_release
from rvosbench.preparation.plan import plan
from rvosbench.store import Store
from tests.datasets import tiny_releases as tiny

PAGE = b"<!DOCTYPE html><html>please log in</html>"
CASES = [
    ("ytvos", tiny.ytvos, "meta_expressions/train/meta_expressions.json", "train", ["valid", "test"]),
    ("ytvos", tiny.ytvos, "train/meta.json", "train", ["valid", "test"]),
    ("ytvos", tiny.ytvos, "meta_expressions/valid/meta_expressions.json", "valid", ["train", "test"]),
    ("ytvos", tiny.ytvos, "meta_expressions/test/meta_expressions.json", "test", ["train", "valid"]),
    ("mevis", tiny.mevis, "train/meta_expressions.json", "train", ["valid_u", "valid"]),
    ("mevis", tiny.mevis, "train/mask_dict.json", "train", ["valid_u", "valid"]),
    ("mevis", tiny.mevis, "valid/meta_expressions.json", "valid", ["train", "valid_u"]),
    ("davis", tiny.davis, "DAVIS/ImageSets/2017/train.txt", "train", ["val"]),
]


@pytest.mark.parametrize(("name", "make", "file", "bad", "good"), CASES)
def test_the_others_are_prepared_and_it_is_said(tmp_path, name, make, file, bad, good):
    root = make(tmp_path / "release")
    whole = prepare(name, make(tmp_path / "whole"), tmp_path / "whole-store", splits=good)
    (root / file).write_bytes(PAGE)
    made = prepare(name, root, tmp_path / "store")
    store = Store.open(made.store)
    assert list(store.splits) == good
    assert store.fingerprint == Store.open(whole.store).fingerprint
    said = [line for line in made.warnings if line.startswith(f"the split {bad} is left out: {root / file}")]
    assert len(said) == 1
    assert "a saved web page" in said[0]
    assert not any("more splits than this copy" in line and bad in line for line in made.warnings)
    assert said[0] in store.problems()["message"].to_pylist()


@pytest.mark.parametrize(("name", "make", "file", "bad", "good"), CASES)
def test_asked_for_by_name_it_is_an_error_and_the_others_are_not(tmp_path, name, make, file, bad, good):
    root = make(tmp_path / "release")
    (root / file).write_bytes(PAGE)
    for splits in ([bad], [bad, *good]):
        with pytest.raises(DatasetError, match="a saved web page"):
            prepare(name, root, tmp_path / "store", splits=splits)
    assert list(prepare(name, root, tmp_path / "store", splits=good).counts) == good


@pytest.mark.parametrize(("name", "make", "file", "bad", "good"), CASES)
def test_a_dry_run_lists_it_as_the_error_of_its_split(tmp_path, name, make, file, bad, good):
    root = make(tmp_path / "release")
    (root / file).write_bytes(PAGE)
    found = plan(name, root, tmp_path / "store")
    errors = {split.name: split.errors for split in found.splits}
    assert {split for split in errors if errors[split]} == {bad}
    assert "a saved web page" in errors[bad][0]
    assert bad not in found.absent


def test_when_all_are_damaged_the_first_one_is_the_error(tmp_path):
    root = tiny.mevis(tmp_path / "release")
    for path in root.glob("*/meta_expressions.json"):
        path.write_bytes(PAGE)
    with pytest.raises(DatasetError, match=r"train/meta_expressions\.json is not valid JSON \(it is a saved"):
        prepare("mevis", root, tmp_path / "store")
    assert not (tmp_path / "store").exists()


def test_masks_that_are_missing_in_one_split_block_no_other(tmp_path):
    root = tiny.mevis(tmp_path / "release")
    (root / "train" / "mask_dict.json").unlink()
    made = prepare("mevis", root, tmp_path / "store")
    assert any("the split train is left out: " in line and "is missing" in line for line in made.warnings)
    with pytest.raises(MissingPathError, match="mask_dict"):
        prepare("mevis", root, tmp_path / "other", splits=["train"])


def test_a_split_of_the_converted_refcoco_leaves_nothing_in_the_others(tmp_path):
    root = tiny.refcoco(tmp_path / "release")
    (root / "refcoco" / "refs(unc).p").unlink()
    image = {"file_name": "COCO_train2014_000000000007.jpg", "height": 24, "width": 32}
    for split, height in (("train", 24), ("val", 25), ("testA", 24)):
        content = {
            "images": [image | {"id": 1, "caption": split, "height": height}],
            "annotations": [
                {
                    "image_id": 1,
                    "id": 1,
                    "category_id": 1,
                    "original_id": 70,
                    "segmentation": [[3, 2, 9, 2, 9, 8]],
                }
            ],
            "categories": [],
        }
        (root / "refcoco" / f"instances_refcoco_{split}.json").write_text(json.dumps(content))
    release = open_release("refcoco", root)
    assert release.splits() == ("train", "val", "testA")
    assert [release.expressions(split, release.videos(split)[0])[0].text for split in ("train", "testA")] == [
        "train",
        "testA",
    ]
    with pytest.raises(DatasetError, match="is 25x32 px, an entry before it that"):
        release.videos("val")
    assert [path.name for path in release.index_files()] == [
        "instances_refcoco_train.json",
        "instances_refcoco_testA.json",
    ]
