"""Synthetic scenes in the layout of MeViS or MeViSv2, their oddities included.

Sentences mean lists of objects: one, several ("all the shapes") or, in MeViSv2, none at all. `anno_id` counts
over all videos of a split, `obj_id` within one; the masks stand in one `mask_dict.json` per split, null where
the object is not seen; valid has neither ids nor masks.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Collection
from pathlib import Path
from typing import Any, Final

import numpy as np

from rvosbench.masks import as_json, encode
from rvosbench.synthetic.describing import describe
from rvosbench.synthetic.folders import (
    HELD_OUT,
    Progress,
    check_quirks,
    check_request,
    encode_jpeg,
    held_out_count,
    new_folder,
    unique_ids,
    write_json,
)
from rvosbench.synthetic.render import Rendered, render
from rvosbench.synthetic.scenes import COLOURS, Scene, generator, make_scene

QUIRKS: Final = ("several-objects", "no-target", "unused-masks", "frames-out-of-order")
"""What `write` can leave in or out: sentences about several objects; sentences about nothing and the file
name of MeViSv2; masks that no sentence means; frames that the text lists backwards."""

DEFAULT_QUIRKS: Final = ("several-objects", "no-target")


@dataclasses.dataclass(slots=True)
class _Split:
    """What the two files of a split collect."""

    videos: dict[str, Any] = dataclasses.field(default_factory=dict)
    masks: dict[str, Any] = dataclasses.field(default_factory=dict)


def write(
    root: Path,
    videos: int,
    seed: int,
    *,
    frames: int = 12,
    size: tuple[int, int] = (96, 128),
    quirks: Collection[str] = DEFAULT_QUIRKS,
    on_progress: Progress | None = None,
) -> None:
    """Write a release with `videos` train videos, a tenth as many valid_u (2 or more) and valid (1 or more).

    Args:
        root: a folder that is new or empty.
        videos: number of train videos.
        seed: any integer; the same one gives the same bytes.
        frames: frames per video.
        size: height and width in px.
        quirks: which of `QUIRKS` the release has.
        on_progress: called after every video.

    Raises:
        RvosbenchError: no such quirk.
        OutputError: `root` is taken or cannot be written.
    """
    check_request(videos, frames, size)
    check_quirks(quirks, QUIRKS)
    split_sizes = {"train": videos, "valid_u": held_out_count(videos, 2), "valid": held_out_count(videos, 1)}
    indices = [*range(videos), *range(HELD_OUT, HELD_OUT + split_sizes["valid_u"] + split_sizes["valid"])]
    splits = [split for split, count in split_sizes.items() for _ in range(count)]
    ids = unique_ids(seed, indices, length=12, alphabet="0123456789abcdef")
    collected = {split: _Split() for split in split_sizes}

    with new_folder(root) as folder:
        for done, (index, split) in enumerate(zip(indices, splits, strict=True), start=1):
            scene = make_scene(seed, index, frames=frames, size=size)
            rendered = render(scene)
            names = [f"{position:05d}" for position in range(frames)]
            images = folder / split / "JPEGImages" / ids[index]
            images.mkdir(parents=True)
            for name, image in zip(names, rendered.frames, strict=True):
                (images / f"{name}.jpg").write_bytes(encode_jpeg(image))
            _add_video(collected[split], ids[index], scene, rendered, names, seed, index, quirks)
            if on_progress is not None:
                on_progress(done, len(indices))
        text = "meta_expressions_v2.json" if "no-target" in quirks else "meta_expressions.json"
        for split, content in collected.items():
            hidden = split == "valid"
            if hidden:
                _hide(content)
            write_json(folder / split / text, {"videos": dict(sorted(content.videos.items()))})
            if not hidden:
                write_json(folder / split / "mask_dict.json", content.masks)


def _add_video(
    split: _Split,
    video_id: str,
    scene: Scene,
    rendered: Rendered,
    names: list[str],
    seed: int,
    index: int,
    quirks: Collection[str],
) -> None:
    """Add the entry of one video and the masks of its objects."""
    annotations: dict[int, int] = {}  # object_id of the scene -> anno_id
    for thing in scene.things:
        annotations[thing.object_id] = len(split.masks)
        split.masks[str(len(split.masks))] = [
            _run_lengths(labels == thing.object_id) for labels in rendered.labels
        ]
    if "unused-masks" in quirks:
        split.masks[str(len(split.masks))] = [None] * len(names)
    meant = [(sentence.text, [sentence.object_id]) for sentence in describe(scene, generator(seed, index, 1))]
    if "several-objects" in quirks:
        meant += _about_several(scene)
    if "no-target" in quirks:
        absent = next(colour for colour in COLOURS if all(thing.colour != colour for thing in scene.things))
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
        "frames": names[::-1] if "frames-out-of-order" in quirks else names,
    }


def _about_several(scene: Scene) -> list[tuple[str, list[int]]]:
    """Sentences that mean more than one thing: all, and those of one shape or colour."""
    found = [("all the shapes", [thing.object_id for thing in scene.things])]
    for shape in dict.fromkeys(thing.shape for thing in scene.things):
        found.append((f"every {shape}", [t.object_id for t in scene.things if t.shape == shape]))
    for colour in dict.fromkeys(thing.colour for thing in scene.things):
        found.append((f"the {colour} shapes", [t.object_id for t in scene.things if t.colour == colour]))
    return [(text, object_ids) for text, object_ids in found if len(object_ids) > 1]


def _run_lengths(mask: np.ndarray[Any, np.dtype[np.bool_]]) -> dict[str, Any] | None:
    """A mask as the official file has it; None when nothing of the thing is seen."""
    if not mask.any():
        return None
    return as_json(encode(mask))


def _hide(split: _Split) -> None:
    """Take out what the official valid split does not say."""
    for entry in split.videos.values():
        for sentence in entry["expressions"].values():
            del sentence["obj_id"], sentence["anno_id"]
