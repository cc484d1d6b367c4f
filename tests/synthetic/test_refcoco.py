"""RefCOCO layout: a pickle that needs no code, polygons that give back the pixels, crowds as run lengths."""

from __future__ import annotations

import io
import json
import pickle
import pickletools

import numpy as np
import pytest
from PIL import Image
from pycocotools import mask as coco

from rvosbench.synthetic import write
from rvosbench.synthetic.language import kind_of
from rvosbench.synthetic.scenes import COLOURS

# pycocotools 2.0.11 implements `__array__` as NumPy 1 asked for it.
pytestmark = pytest.mark.filterwarnings("ignore:__array__ implementation:DeprecationWarning")


class NoGlobals(pickle.Unpickler):
    def find_class(self, module, name):
        raise AssertionError(f"the pickle wants {module}.{name}")


@pytest.fixture(scope="module")
def release(tmp_path_factory):
    root = tmp_path_factory.mktemp("refcoco") / "release"
    write("refcoco", root, videos=20, seed=0)
    return root / "coco"


@pytest.fixture(scope="module")
def refs(release):
    return NoGlobals(io.BytesIO((release / "refcoco" / "refs(unc).p").read_bytes())).load()


@pytest.fixture(scope="module")
def instances(release):
    return json.loads((release / "refcoco" / "instances.json").read_text())


def test_the_pickle_has_protocol_two_and_names_no_global(release):
    operations = list(pickletools.genops((release / "refcoco" / "refs(unc).p").read_bytes()))
    assert operations[0][:2][1] == 2
    assert not {operation.name for operation, _, _ in operations} & {
        "GLOBAL",
        "STACK_GLOBAL",
        "REDUCE",
        "INST",
    }


def test_references_have_the_official_fields(refs):
    assert {frozenset(ref) for ref in refs} == {
        frozenset(
            {"sent_ids", "file_name", "ann_id", "ref_id", "image_id", "split", "sentences", "category_id"}
        )
    }
    assert [ref["ref_id"] for ref in refs] == list(range(len(refs)))
    sent_ids = [expression["sent_id"] for ref in refs for expression in ref["sentences"]]
    assert sent_ids == list(range(len(sent_ids))) == [number for ref in refs for number in ref["sent_ids"]]
    for expression in (expression for ref in refs for expression in ref["sentences"]):
        assert expression["tokens"] == expression["sent"].split()
        assert kind_of(expression["sent"]) not in ("other", "motion", "order")


def test_splits_share_no_image(refs):
    images = {
        split: {ref["image_id"] for ref in refs if ref["split"] == split}
        for split in ("train", "val", "testA", "testB")
    }
    assert [len(ids) for ids in images.values()] == [20, 2, 2, 2]
    assert len(set.union(*images.values())) == 26


def test_references_point_to_annotations_and_images_that_are_there(release, refs, instances):
    annotations = {annotation["id"]: annotation for annotation in instances["annotations"]}
    assert len(annotations) == len(instances["annotations"])
    images = {image["id"]: image for image in instances["images"]}
    assert {path.name for path in (release / "train2014").iterdir()} == {
        i["file_name"] for i in images.values()
    }
    for ref in refs:
        annotation = annotations[ref["ann_id"]]
        assert annotation["image_id"] == ref["image_id"]
        assert annotation["category_id"] == ref["category_id"]
        assert annotation["iscrowd"] == 0
        assert ref["file_name"] == f"COCO_train2014_{ref['image_id']:012d}_{ref['ann_id']}.jpg"
        assert images[ref["image_id"]]["file_name"] == f"COCO_train2014_{ref['image_id']:012d}.jpg"


def test_polygons_and_crowds_agree_with_their_area_and_box(instances):
    crowds = 0
    for annotation in instances["annotations"]:
        segmentation = annotation["segmentation"]
        if annotation["iscrowd"]:
            crowds += 1
            rle = coco.frPyObjects(segmentation, 96, 128)
        else:
            rle = coco.merge(coco.frPyObjects(segmentation, 96, 128))
        assert coco.area(rle) == annotation["area"] > 0
        assert coco.toBbox(rle).tolist() == annotation["bbox"]
    assert crowds > 0


def test_the_segment_has_the_colour_that_the_expression_names(release, refs, instances):
    annotations = {annotation["id"]: annotation for annotation in instances["annotations"]}
    checked = 0
    for ref in refs:
        with Image.open(release / "train2014" / f"COCO_train2014_{ref['image_id']:012d}.jpg") as jpg:
            image = np.array(jpg).astype(np.float64)
        mask = (
            coco.decode(coco.merge(coco.frPyObjects(annotations[ref["ann_id"]]["segmentation"], 96, 128))) > 0
        )
        middle = np.median(image[mask], axis=0)
        nearest = min(COLOURS, key=lambda name: np.linalg.norm(middle - COLOURS[name]))
        for expression in ref["sentences"]:
            if kind_of(expression["sent"]) in ("colour", "compound"):
                assert set(expression["tokens"]) & set(COLOURS) == {nearest}
                checked += 1
    assert checked > 20
