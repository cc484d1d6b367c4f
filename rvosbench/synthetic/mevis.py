"""Synthetic scenes in the layout of MeViS or MeViSv2, their oddities included.

Expressions mean lists of objects: one, several ("all the shapes") or, in MeViSv2, none at all. `anno_id`
counts over all videos of a split, `obj_id` within one; the masks stand in one `mask_dict.json` per split,
null where the object is not seen; valid has neither ids nor masks.
"""

from __future__ import annotations

import copy
import dataclasses
from pathlib import Path
from typing import Any

from rvosbench.masks import as_json, encode
from rvosbench.synthetic.folders import write_frames, write_json
from rvosbench.synthetic.render import Rendered, render
from rvosbench.synthetic.request import Request
from rvosbench.synthetic.scenes import COLOURS, Scene
from rvosbench.types import BoolMask


@dataclasses.dataclass(slots=True)
class _Split:
    """What the two files of a split collect."""

    videos: dict[str, Any] = dataclasses.field(default_factory=dict)
    masks: dict[str, Any] = dataclasses.field(default_factory=dict)


def lay_out(folder: Path, request: Request) -> None:
    """Write train, a tenth as many valid_u (2 or more) and valid videos (1 or more)."""
    splits = {"train": request.videos, "valid_u": request.held_out(2), "valid": request.held_out(1)}
    plan = request.planned(splits)
    ids = request.ids(plan, length=12, alphabet="0123456789abcdef")
    collected = {split: _Split() for split in splits}
    names = [f"{position:05d}" for position in range(request.frames)]
    for split, index in request.counted(plan):
        scene = request.scene(index)
        rendered = render(scene)
        write_frames(folder / split / "JPEGImages" / ids[index], names, rendered.frames)
        _add_video(collected[split], ids[index], scene, rendered, names, index, request)
    for split, content in collected.items():
        if split == "valid":
            _hide(content)
        else:
            write_json(folder / split / "mask_dict.json", content.masks)
        videos = dict(sorted(content.videos.items()))
        is_second = request.has("no-target")
        text = "meta_expressions_v2.json" if is_second else "meta_expressions.json"
        write_json(folder / split / text, {"videos": videos})
        if is_second and request.has("both-texts"):
            write_json(folder / split / "meta_expressions.json", {"videos": _first_version(videos)})


def _add_video(
    split: _Split,
    video_id: str,
    scene: Scene,
    rendered: Rendered,
    names: list[str],
    index: int,
    request: Request,
) -> None:
    """Add the entry of one video and the masks of its objects."""
    annotations: dict[int, int] = {}  # object_id of the scene -> anno_id
    for obj in scene.objects:
        annotations[obj.object_id] = len(split.masks)
        split.masks[str(len(split.masks))] = [
            _run_lengths(labels == obj.object_id) for labels in rendered.labels
        ]
    if request.has("unused-masks"):
        split.masks[str(len(split.masks))] = [None] * len(names)
    meant = [(expression.text, [expression.object_id]) for expression in request.expressions(scene, index)]
    if request.has("several-objects"):
        meant += _about_several(scene)
    if request.has("no-target"):
        absent = next(colour for colour in COLOURS if all(obj.colour != colour for obj in scene.objects))
        meant.append((f"the {absent} shape", []))
    split.videos[video_id] = {
        "expressions": {
            str(number): {
                "exp": text,
                "obj_id": [object_id - 1 for object_id in object_ids],
                "anno_id": [annotations[object_id] for object_id in object_ids],
            }
            for number, (text, object_ids) in enumerate(meant)
        },
        "vid_id": len(split.videos),
        "frames": names[::-1] if request.has("frames-out-of-order") else names,
    }


def _about_several(scene: Scene) -> list[tuple[str, list[int]]]:
    """Expressions that mean more than one object: all, and those of one shape or colour."""
    groups = [("all the shapes", [obj.object_id for obj in scene.objects])]
    for shape in dict.fromkeys(obj.shape for obj in scene.objects):
        groups.append((f"every {shape}", [t.object_id for t in scene.objects if t.shape == shape]))
    for colour in dict.fromkeys(obj.colour for obj in scene.objects):
        groups.append((f"the {colour} shapes", [t.object_id for t in scene.objects if t.colour == colour]))
    return [(text, object_ids) for text, object_ids in groups if len(object_ids) > 1]


def _run_lengths(mask: BoolMask) -> dict[str, Any] | None:
    """A mask as the official file has it; None when nothing of the object is seen."""
    if not mask.any():
        return None
    return as_json(encode(mask))


def _hide(split: _Split) -> None:
    """Take out what the official valid split does not say."""
    for entry in split.videos.values():
        for expression in entry["expressions"].values():
            del expression["obj_id"], expression["anno_id"]


def _first_version(videos: dict[str, Any]) -> dict[str, Any]:
    """The text without what MeViSv2 added at the end of every video: the expression about nothing."""
    first = copy.deepcopy(videos)
    for entry in first.values():
        entry["expressions"].popitem()
    return first
