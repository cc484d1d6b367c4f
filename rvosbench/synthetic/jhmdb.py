"""Synthetic scenes in the layout of JHMDB-Sentences, its oddities included.

One expression and one masked actor per video, though other objects move about; masks in MATLAB files of
version 5; videos with more frames than masks; ids with brackets and exclamation marks; a list of three
sampled frames per video whose paths begin with a folder of somebody else's machine.
"""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any, Final, cast

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from rvosbench.synthetic.folders import write_json, write_lines
from rvosbench.synthetic.render import render
from rvosbench.synthetic.request import Request
from rvosbench.synthetic.scenes import Scene

_ACTIONS: Final = {"still": "stand", "loop": "run", "up": "jump", "down": "sit"}  # others: walk
_TEXT_BYTES: Final = 116  # of the header, which otherwise says when the file was written


def lay_out(folder: Path, request: Request) -> None:
    """Write the videos, all of them for testing; `frames` of them carry masks."""
    plan = request.planned({"test": request.videos})
    short = request.ids(plan, length=8, alphabet="abcdefghijklmnopqrstuvwxyz")
    lines: list[str] = []
    samples: list[list[Any]] = []
    for _, index in request.counted(plan):
        extra = 2 if request.has("trailing-frames") and index % 2 == 0 else 0
        scene = request.scene(index, request.frames + extra)
        action = _ACTIONS.get(scene.objects[0].motion.partition("-")[0], "walk")
        video_id = f"{short[index]}_{action}_f_nm_np1_fr_med_{index % 3}"
        if request.has("odd-ids") and index % 2 == 1:
            video_id = f"@({video_id[:4]})__-_300+_!!{video_id[4:]}"
        expression = request.expressions(scene, index, per_object=(1, 1))[0].text
        lines.append(f"{video_id},{expression}")
        relative = f"{action}/{video_id}"
        _write_video(folder, relative, scene, request.frames, doubles=request.has("doubles"))
        samples += _samples(action, video_id, expression, request.frames, request.rng(index, 4))
    write_lines(folder / "jhmdb_annotation.txt", ["video_id,query", *sorted(lines)])
    if request.has("samples"):
        write_json(folder / "jhmdb_sentences_samples_metadata.json", samples)


def _write_video(folder: Path, place: str, scene: Scene, masked: int, *, doubles: bool) -> None:
    """The frames of one video, and the masks of its first object in the first frames."""
    rendered = render(scene)
    images, masks = folder / "Rename_Images" / place, folder / "puppet_mask" / place
    images.mkdir(parents=True)
    masks.mkdir(parents=True)
    for number, image in enumerate(rendered.frames, start=1):
        Image.fromarray(image).save(images / f"{number:05d}.png")
    actor = rendered.labels[:masked] == scene.objects[0].object_id
    part_mask = actor.transpose(1, 2, 0).astype(np.float64 if doubles else np.uint8)
    (masks / "puppet_mask.mat").write_bytes(encode_mat(part_mask, compressed=not doubles))


def encode_mat(part_mask: NDArray[Any], *, compressed: bool) -> bytes:
    """A MATLAB file of version 5 that holds (H, W, T) `part_mask`."""
    from scipy.io import savemat  # slow to import

    buffer = io.BytesIO()
    savemat(cast(Any, buffer), {"part_mask": part_mask}, do_compression=compressed)
    return b"MATLAB 5.0 MAT-file".ljust(_TEXT_BYTES) + buffer.getvalue()[_TEXT_BYTES:]


def _samples(
    action: str, video_id: str, expression: str, frames: int, rng: np.random.Generator
) -> list[list[Any]]:
    """The entries of a video in the list of sampled frames: three frames drawn at random."""
    root = "/somebody/else/jhmdb_sentences"
    drawn = sorted(rng.permutation(np.arange(1, frames + 1))[:3].tolist())
    return [
        [
            video_id,
            f"{root}/Rename_Images/{action}/{video_id}/{frame:05d}.png",
            f"{root}/puppet_mask/{action}/{video_id}/puppet_mask.mat",
            frames,
            expression,
        ]
        for frame in drawn
    ]
