"""Synthetic scenes in the layout of RefCOCO, RefCOCO+ and RefCOCOg: images, references, COCO instances.

The three differ in the names of files and splits; the expressions about a scene are the same in all.
"""

from __future__ import annotations

import copy
import dataclasses
import pickle
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import numpy as np

from rvosbench.masks import as_json, encode
from rvosbench.synthetic.folders import encode_jpeg, write_json
from rvosbench.synthetic.polygons import outlines
from rvosbench.synthetic.render import Rendered, render
from rvosbench.synthetic.request import Request
from rvosbench.synthetic.scenes import SHAPES, Scene, SceneObject, generator, make_scene
from rvosbench.types import BoolMask

_HELD_OUT_SPLITS: Final = {
    "refcoco": ("val", "testA", "testB"),
    "refcoco+": ("val", "testA", "testB"),
    "refcocog": ("val", "test"),
}
_AUTHORS: Final = {"refcoco": "unc", "refcoco+": "unc", "refcocog": "umd"}
_CROWD_SHARE: Final = 0.25  # of images that have a crowd region on top
_CROWD_IDS: Final = 900_100_000_000  # COCO's own begin here
_PICKLE_PROTOCOL: Final = 2  # the official file was written by Python 2
_RETRY: Final = 10_000_000  # scene indices between one try and the next for the same image


@dataclasses.dataclass(slots=True)
class _Lists:
    """What the index files collect."""

    refs: list[dict[str, Any]] = dataclasses.field(default_factory=list)
    images: list[dict[str, Any]] = dataclasses.field(default_factory=list)
    annotations: list[dict[str, Any]] = dataclasses.field(default_factory=list)


def lay_out(folder: Path, request: Request) -> None:
    """Write train images and a tenth as many (2 or more) for each other split, into the folder `coco`."""
    held_out = dict.fromkeys(_HELD_OUT_SPLITS[request.name], request.held_out(2))
    plan = request.planned({"train": request.videos, **held_out})
    image_ids = np.cumsum(generator(request.seed, 4).integers(1, 50, len(plan))).tolist()
    pictures = folder / "coco" / "train2014"
    pictures.mkdir(parents=True)
    lists = _Lists()
    meant_crowds: list[dict[str, Any]] = []
    for (split, index), image_id in request.counted(list(zip(plan, image_ids, strict=True))):
        scene, rendered = _scene_without_holes(request.seed, index, request.size)
        name = f"COCO_train2014_{image_id:012d}.jpg"
        (pictures / name).write_bytes(encode_jpeg(rendered.frames[0]))
        height, width = request.size
        lists.images.append({"id": image_id, "file_name": name, "height": height, "width": width})
        expressions = request.expressions(scene, index)
        for obj in scene.objects:
            mask = rendered.labels[0] == obj.object_id
            number = len(lists.annotations) + 1
            lists.annotations.append(_annotation(number, image_id, obj, mask, request))
            own = [expression.text for expression in expressions if expression.object_id == obj.object_id]
            _refer(lists, own, lists.annotations[-1], split)
        is_meant = request.has("meant-crowds") and index == 0
        if is_meant or (request.has("crowds") and request.rng(index, 5).random() < _CROWD_SHARE):
            number = len(lists.annotations) + 1
            is_large = request.has("large-ids") and not is_meant
            crowd = _crowd(number + _CROWD_IDS * is_large, image_id, rendered.labels[0] > 0)
            lists.annotations.append(crowd)
            meant_crowds += [crowd] if is_meant else []
    for crowd in meant_crowds:  # last, so that no other expression changes its number
        _refer(lists, ["all the shapes"], crowd, "train")
    _write_index(folder / "coco" / request.name, lists, request)


def _write_index(release: Path, lists: _Lists, request: Request) -> None:
    """What was collected, in the official form or converted."""
    categories = [
        {"id": number, "name": shape, "supercategory": "shape"}
        for number, shape in enumerate(SHAPES, start=1)
    ]
    if request.has("converted"):
        for split in ("train", *_HELD_OUT_SPLITS[request.name]):
            path = release / f"instances_{request.name}_{split}.json"
            write_json(path, _converted(lists, split, request.name) | {"categories": categories})
        return
    instances = {
        "info": {"description": "synthetic scenes"},
        "images": lists.images,
        "annotations": lists.annotations,
        "categories": categories,
    }
    write_json(release / "instances.json", instances)
    _write_pickle(release / f"refs({_AUTHORS[request.name]}).p", lists.refs)
    if request.has("google"):
        _write_pickle(release / "refs(google).p", _google(lists.refs, request.name))


def _write_pickle(path: Path, refs: list[dict[str, Any]]) -> None:
    path.write_bytes(pickle.dumps(refs, protocol=_PICKLE_PROTOCOL))


def _google(refs: list[dict[str, Any]], name: str) -> list[dict[str, Any]]:
    """The split of Google: "testAB" for both tests; RefCOCOg without a test, divided by objects."""
    moved = copy.deepcopy(refs)
    for position, ref in enumerate(moved):
        if name == "refcocog":
            ref["split"] = "val" if position % 4 == 0 else "train"
        elif ref["split"].startswith("test"):
            ref["split"] = "testAB"
    return moved


def _converted(lists: _Lists, split: str, name: str) -> dict[str, Any]:
    """One split in the converted form: an image entry and an annotation for every expression."""
    images = {image["id"]: image for image in lists.images}
    annotations = {annotation["id"]: annotation for annotation in lists.annotations}
    content: dict[str, list[dict[str, Any]]] = {"images": [], "annotations": []}
    for ref in lists.refs:
        for expression in ref["sentences"] if ref["split"] == split else ():
            number = len(content["images"]) + 1
            image, annotation = images[ref["image_id"]], annotations[ref["ann_id"]]
            content["images"].append(
                image
                | {
                    "id": number,
                    "original_id": image["id"],
                    "caption": expression["sent"],
                    "dataset_name": name,
                }
            )
            content["annotations"].append(
                annotation | {"id": number, "image_id": number, "original_id": annotation["id"]}
            )
    return dict(content)


def _scene_without_holes(seed: int, index: int, size: tuple[int, int]) -> tuple[Scene, Rendered]:
    """A still scene in which nothing lies inside the outline of another object: polygons have no holes."""
    while True:
        scene = make_scene(seed, index, frames=1, size=size)
        rendered = render(scene)
        if all(outlines(rendered.labels[0] == obj.object_id) is not None for obj in scene.objects):
            return scene, rendered
        index += _RETRY


def _annotation(
    annotation_id: int, image_id: int, obj: SceneObject, mask: BoolMask, request: Request
) -> dict[str, Any]:
    return {
        "id": annotation_id,
        "image_id": image_id,
        "category_id": SHAPES.index(obj.shape) + 1,
        "iscrowd": 0,
        "segmentation": as_json(encode(mask)) if request.has("compressed") else _polygons(mask, request),
        "area": int(mask.sum()),
        "bbox": _box(mask),
    }


def _polygons(mask: BoolMask, request: Request) -> list[list[float]]:
    """The outline; in parts, those of its left and its right half."""
    whole = outlines(mask) or []
    if not request.has("parts"):
        return whole
    middle = int(np.flatnonzero(mask.any(axis=0)).mean())
    is_left = np.arange(mask.shape[1]) <= middle
    left, right = outlines(mask & is_left), outlines(mask & ~is_left)
    return left + right if left and right else whole


def _crowd(annotation_id: int, image_id: int, mask: BoolMask) -> dict[str, Any]:
    """All objects of an image as one crowd, which COCO gives as plain run lengths; nobody refers to it."""
    column_major = np.concatenate([[False], mask.ravel(order="F"), [False]])
    changes = np.flatnonzero(column_major[1:] != column_major[:-1])
    counts = np.diff(np.concatenate([[0], changes, [mask.size]])).tolist()
    return {
        "id": annotation_id,
        "image_id": image_id,
        "category_id": 1,
        "iscrowd": 1,
        "segmentation": {"size": list(mask.shape), "counts": counts if counts[-1] else counts[:-1]},
        "area": int(mask.sum()),
        "bbox": _box(mask),
    }


def _refer(lists: _Lists, texts: Sequence[str], annotation: dict[str, Any], split: str) -> None:
    """Add an entry of the pickle: plain Python values only, so that no global is needed to load it."""
    first = lists.refs[-1]["sent_ids"][-1] + 1 if lists.refs else 0
    lists.refs.append(
        {
            "ref_id": len(lists.refs),
            "ann_id": annotation["id"],
            "image_id": annotation["image_id"],
            "category_id": annotation["category_id"],
            # As in the official file, with a suffix that makes it no name of an image.
            "file_name": f"COCO_train2014_{annotation['image_id']:012d}_{annotation['id']}.jpg",
            "split": split,
            "sent_ids": [first + position for position in range(len(texts))],
            "sentences": [
                {"sent_id": first + position, "raw": text, "sent": text, "tokens": text.split()}
                for position, text in enumerate(texts)
            ],
        }
    )


def _box(mask: BoolMask) -> list[float]:
    """Tight x, y, width, height in px."""
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    return [
        float(value) for value in (columns[0], rows[0], columns[-1] - columns[0] + 1, rows[-1] - rows[0] + 1)
    ]
