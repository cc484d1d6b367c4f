"""Synthetic scenes in the layout of RefCOCO: single images, a pickle of references, COCO instances."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any, Final

import numpy as np

from rvosbench.synthetic.describing import Sentence, describe
from rvosbench.synthetic.folders import (
    HELD_OUT,
    Progress,
    check_request,
    encode_jpeg,
    held_out_count,
    new_folder,
    write_json,
)
from rvosbench.synthetic.polygons import outlines
from rvosbench.synthetic.render import Rendered, render
from rvosbench.synthetic.scenes import SHAPES, Scene, Thing, generator, make_scene
from rvosbench.types import BoolMask

_CROWD_SHARE: Final = 0.25  # of images that have a crowd region on top
_PICKLE_PROTOCOL: Final = 2  # the official file was written by Python 2
_RETRY: Final = 10_000_000  # scene indices between one try and the next for the same image


def write(
    root: Path,
    videos: int,
    seed: int,
    *,
    frames: int = 1,
    size: tuple[int, int] = (96, 128),
    on_progress: Progress | None = None,
) -> None:
    """Write a release with `videos` train images and a tenth as many for each of val, testA and testB.

    Args:
        root: a folder that is new or empty; images and annotations come into its folder `coco`.
        videos: number of train images.
        seed: any integer; the same one gives the same bytes.
        frames: has no meaning for images; all writers take it.
        size: height and width in px.
        on_progress: called after every image.

    Raises:
        OutputError: `root` is taken or cannot be written.
    """
    check_request(videos, frames, size)
    held_out = held_out_count(videos, 2)
    splits = ["train"] * videos + [split for split in ("val", "testA", "testB") for _ in range(held_out)]
    indices = [*range(videos), *range(HELD_OUT, HELD_OUT + 3 * held_out)]
    image_ids = np.cumsum(generator(seed, 4).integers(1, 50, len(splits))).tolist()

    refs: list[dict[str, Any]] = []
    images: list[dict[str, Any]] = []
    annotations: list[dict[str, Any]] = []
    with new_folder(root) as folder:
        pictures = folder / "coco" / "train2014"
        pictures.mkdir(parents=True)
        for done, (split, index, image_id) in enumerate(
            zip(splits, indices, image_ids, strict=True), start=1
        ):
            scene, rendered = _scene_without_holes(seed, index, size)
            name = f"COCO_train2014_{image_id:012d}.jpg"
            (pictures / name).write_bytes(encode_jpeg(rendered.frames[0]))
            images.append({"id": image_id, "file_name": name, "height": size[0], "width": size[1]})
            sentences = describe(scene, generator(seed, index, 1))
            for thing in scene.things:
                mask = rendered.labels[0] == thing.object_id
                annotations.append(_annotation(len(annotations) + 1, image_id, thing, mask))
                own = [sentence for sentence in sentences if sentence.object_id == thing.object_id]
                refs.append(_reference(refs, own, annotations[-1], split))
            if generator(seed, index, 5).random() < _CROWD_SHARE:
                annotations.append(_crowd(len(annotations) + 1, image_id, rendered.labels[0] > 0))
            if on_progress is not None:
                on_progress(done, len(splits))
        release = folder / "coco" / "refcoco"
        categories = [
            {"id": number, "name": shape, "supercategory": "shape"}
            for number, shape in enumerate(SHAPES, start=1)
        ]
        instances = {
            "info": {"description": "synthetic scenes"},
            "images": images,
            "annotations": annotations,
            "categories": categories,
        }
        write_json(release / "instances.json", instances)
        (release / "refs(unc).p").write_bytes(pickle.dumps(refs, protocol=_PICKLE_PROTOCOL))


def _scene_without_holes(seed: int, index: int, size: tuple[int, int]) -> tuple[Scene, Rendered]:
    """A still scene in which nothing lies inside the outline of another thing: polygons have no holes."""
    while True:
        scene = make_scene(seed, index, frames=1, size=size)
        rendered = render(scene)
        if all(outlines(rendered.labels[0] == thing.object_id) is not None for thing in scene.things):
            return scene, rendered
        index += _RETRY


def _annotation(annotation_id: int, image_id: int, thing: Thing, mask: BoolMask) -> dict[str, Any]:
    return {
        "id": annotation_id,
        "image_id": image_id,
        "category_id": SHAPES.index(thing.shape) + 1,
        "iscrowd": 0,
        "segmentation": outlines(mask),
        "area": int(mask.sum()),
        "bbox": _box(mask),
    }


def _crowd(annotation_id: int, image_id: int, mask: BoolMask) -> dict[str, Any]:
    """All things of an image as one crowd, which COCO gives as plain run lengths; nobody refers to it."""
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


def _reference(
    before: list[dict[str, Any]], sentences: list[Sentence], annotation: dict[str, Any], split: str
) -> dict[str, Any]:
    """One entry of the pickle: plain Python values only, so that no global is needed to load it."""
    ref_id = len(before)
    first = before[-1]["sent_ids"][-1] + 1 if before else 0
    return {
        "ref_id": ref_id,
        "ann_id": annotation["id"],
        "image_id": annotation["image_id"],
        "category_id": annotation["category_id"],
        # As in the official file, with a suffix that makes it no name of an image.
        "file_name": f"COCO_train2014_{annotation['image_id']:012d}_{annotation['id']}.jpg",
        "split": split,
        "sent_ids": [first + position for position in range(len(sentences))],
        "sentences": [
            {
                "sent_id": first + position,
                "raw": sentence.text,
                "sent": sentence.text,
                "tokens": sentence.text.split(),
            }
            for position, sentence in enumerate(sentences)
        ],
    }


def _box(mask: BoolMask) -> list[float]:
    """Tight x, y, width, height in px."""
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    return [
        float(value) for value in (columns[0], rows[0], columns[-1] - columns[0] + 1, rows[-1] - rows[0] + 1)
    ]
