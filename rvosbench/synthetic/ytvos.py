"""Synthetic scenes in the layout of Ref-YouTube-VOS, its oddities included.

Frames are numbered in steps of five and do not always start at zero; `obj_id` is a string and only in the
train split; the valid json lists the videos of valid *and* test, as the official one lists 202 + 305 = 507.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, Final

from rvosbench.masks import encode_index_png
from rvosbench.synthetic.describing import describe
from rvosbench.synthetic.folders import (
    HELD_OUT,
    Progress,
    check_request,
    encode_jpeg,
    held_out_count,
    new_folder,
    unique_ids,
    write_json,
)
from rvosbench.synthetic.render import render
from rvosbench.synthetic.scenes import Scene, generator, make_scene

FRAME_STEP: Final = 5  # of the original 30 frames per second, every fifth is released

_LATE_START_SHARE: Final = 0.15  # of videos; 73 of 507 official ones do not start at 00000


def write(
    root: Path,
    videos: int,
    seed: int,
    *,
    frames: int = 12,
    size: tuple[int, int] = (96, 128),
    on_progress: Progress | None = None,
) -> None:
    """Write a release with `videos` train videos, a tenth as many valid (2 or more) and test (1 or more).

    Args:
        root: a folder that is new or empty.
        videos: number of train videos.
        seed: any integer; the same one gives the same bytes.
        frames: frames per video.
        size: height and width in px.
        on_progress: called after every video.

    Raises:
        OutputError: `root` is taken or cannot be written.
    """
    check_request(videos, frames, size)
    split_sizes = {"train": videos, "valid": held_out_count(videos, 2), "test": held_out_count(videos, 1)}
    held_out = range(HELD_OUT, HELD_OUT + split_sizes["valid"] + split_sizes["test"])
    indices = [*range(videos), *held_out]
    splits = [split for split, count in split_sizes.items() for _ in range(count)]
    ids = unique_ids(seed, indices, length=10, alphabet="0123456789abcdef")

    entries: dict[str, dict[str, Any]] = {split: {} for split in split_sizes}
    objects: dict[str, Any] = {}
    with new_folder(root) as folder:
        for done, (index, split) in enumerate(zip(indices, splits, strict=True), start=1):
            scene = make_scene(seed, index, frames=frames, size=size)
            names = frame_names(seed, index, frames)
            video_id = ids[index]
            is_train = split == "train"
            _write_frames(folder / split, video_id, scene, names, with_annotations=is_train)
            entries[split][video_id] = _expressions(scene, seed, index, names, with_objects=is_train)
            if is_train:
                objects[video_id] = _objects(scene, names)
            if on_progress is not None:
                on_progress(done, len(indices))
        listed = {**entries, "valid": entries["valid"] | entries["test"]}
        for split, by_id in listed.items():
            content = {"videos": dict(sorted(by_id.items()))}
            write_json(folder / "meta_expressions" / split / "meta_expressions.json", content)
        write_json(folder / "train" / "meta.json", {"videos": dict(sorted(objects.items()))})


def frame_names(seed: int, index: int, frames: int) -> list[str]:
    """The official names of a video's frames, such as 00000 00005 00010."""
    rng = generator(seed, index, 2)
    first = FRAME_STEP * int(rng.integers(1, 20)) if rng.random() < _LATE_START_SHARE else 0
    return [f"{first + FRAME_STEP * position:05d}" for position in range(frames)]


def _write_frames(
    folder: Path, video_id: str, scene: Scene, names: list[str], *, with_annotations: bool
) -> None:
    images, annotations = folder / "JPEGImages" / video_id, folder / "Annotations" / video_id
    images.mkdir(parents=True)
    if with_annotations:
        annotations.mkdir(parents=True)
    rendered = render(scene)
    for name, image, labels in zip(names, rendered.frames, rendered.labels, strict=True):
        (images / f"{name}.jpg").write_bytes(encode_jpeg(image))
        if with_annotations:
            (annotations / f"{name}.png").write_bytes(encode_index_png(labels))


def _expressions(
    scene: Scene, seed: int, index: int, names: list[str], *, with_objects: bool
) -> dict[str, Any]:
    """One entry of meta_expressions.json."""
    expressions: dict[str, dict[str, str]] = {}
    for number, sentence in enumerate(describe(scene, generator(seed, index, 1))):
        expressions[str(number)] = {"exp": sentence.text}
        if with_objects:
            expressions[str(number)]["obj_id"] = str(sentence.object_id)
    return {"expressions": expressions, "frames": names}


def _objects(scene: Scene, names: list[str]) -> dict[str, Any]:
    """One entry of meta.json: what every object is and in which frames it appears."""
    return {
        "objects": {
            str(thing.object_id): {
                "category": thing.shape,
                "frames": [name for name, there in zip(names, thing.present, strict=True) if there],
            }
            for thing in scene.things
        }
    }
