"""Synthetic scenes in the layout of Ref-YouTube-VOS, its oddities included.

Frames are numbered in steps of five and do not always start at zero; `obj_id` is a string and only in the
train split; the valid json lists the videos of valid *and* test, as the official one lists 202 + 305 = 507.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from rvosbench.masks import encode_index_png
from rvosbench.synthetic.folders import write_frames, write_json
from rvosbench.synthetic.render import render
from rvosbench.synthetic.request import Request
from rvosbench.synthetic.scenes import Scene, generator

FRAME_STEP: Final = 5  # of the original 30 frames per second, every fifth is released

_LATE_START_SHARE: Final = 0.15  # of videos; 73 of 507 official ones do not start at 00000


def lay_out(folder: Path, request: Request) -> None:
    """Write train, a tenth as many valid (2 or more) and test videos (1 or more)."""
    splits = {"train": request.videos, "valid": request.held_out(2), "test": request.held_out(1)}
    plan = request.planned(splits)
    ids = request.ids(plan, length=10, alphabet="0123456789abcdef")
    entries: dict[str, dict[str, Any]] = {split: {} for split in splits}
    valid_truth: dict[str, Any] = {}
    objects: dict[str, Any] = {}
    for split, index in request.counted(plan):
        scene = request.scene(index)
        names = frame_names(request.seed, index, request.frames, late=request.has("late-starts"))
        video_id = ids[index]
        rendered = render(scene)
        images = folder / split / "JPEGImages" / video_id
        write_frames(images, names, rendered.frames)
        if request.has("unlisted-frames"):
            unlisted = images / f"{int(names[0]) + 1:05d}.jpg"
            unlisted.write_bytes((images / f"{names[0]}.jpg").read_bytes())
        if split == "train":
            _write_masks(folder / split / "Annotations" / video_id, names, rendered.labels, request)
            objects[video_id] = _objects(scene, names)
        elif split == "valid" and request.has("valid-masks"):
            _write_masks(folder / "valid_masks" / "Annotations" / video_id, names, rendered.labels, request)
            valid_truth[video_id] = _expressions(scene, index, names, request, with_objects=True)
        with_objects = split == "train"
        entries[split][video_id] = _expressions(scene, index, names, request, with_objects=with_objects)
    listed = entries
    if request.has("mixed-valid"):
        listed = entries | {"valid": entries["valid"] | entries["test"]}
    if request.has("no-test-json"):
        listed = {split: by_id for split, by_id in listed.items() if split != "test"}
    for split, by_id in listed.items():
        content = {"videos": dict(sorted(by_id.items()))}
        write_json(folder / "meta_expressions" / split / "meta_expressions.json", content)
    if valid_truth:
        write_json(folder / "valid_masks" / "meta_expressions.json", {"videos": valid_truth})
    if not request.has("no-meta"):
        write_json(folder / "train" / "meta.json", {"videos": dict(sorted(objects.items()))})


def frame_names(seed: int, index: int, frames: int, *, late: bool = True) -> list[str]:
    """The official names of a video's frames, such as 00000 00005 00010; some begin `late`r."""
    rng = generator(seed, index, 2)
    first = FRAME_STEP * int(rng.integers(1, 20)) if late and rng.random() < _LATE_START_SHARE else 0
    return [f"{first + FRAME_STEP * position:05d}" for position in range(frames)]


def _write_masks(folder: Path, names: list[str], labels: NDArray[np.uint8], request: Request) -> None:
    """(T, H, W) object ids as one PNG per frame."""
    folder.mkdir(parents=True)
    for name, drawn in zip(names, labels, strict=True):
        path = folder / f"{name}.png"
        path.write_bytes(encode_index_png(drawn))
        if request.has("grey-png"):
            Image.fromarray(drawn).save(path)
        elif request.has("rgb-png"):
            with Image.open(path) as image:
                in_colour = image.convert("RGB")
            in_colour.save(path)


def _expressions(
    scene: Scene, index: int, names: list[str], request: Request, *, with_objects: bool
) -> dict[str, Any]:
    """One entry of meta_expressions.json."""
    expressions = list(request.expressions(scene, index))
    if request.has("duplicates"):
        expressions.append(expressions[0])
    entries: dict[str, dict[str, str | int]] = {}
    for number, expression in enumerate(expressions):
        entries[str(number)] = {"exp": expression.text}
        if with_objects:
            object_id = expression.object_id
            entries[str(number)]["obj_id"] = str(object_id) if request.has("string-ids") else object_id
    return {"expressions": entries, "frames": names}


def _objects(scene: Scene, names: list[str]) -> dict[str, Any]:
    """One entry of meta.json: what every object is and in which frames it appears."""
    return {
        "objects": {
            str(obj.object_id): {
                "category": obj.shape,
                "frames": [name for name, there in zip(names, obj.present, strict=True) if there],
            }
            for obj in scene.objects
        }
    }
