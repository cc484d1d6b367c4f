"""Synthetic scenes in the layout of Ref-DAVIS17, raw or converted, its oddities included.

Raw: DAVIS 2017 with palette PNGs and a void label, and four text files beside it, two of them in Latin-1 and
with misspelt sequences. Converted: the tree in the style of Ref-YouTube-VOS that a public script makes of it.
Every object has four expressions, two by each annotator: about its first frame and about the full video.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from rvosbench.masks import encode_index_png
from rvosbench.synthetic.folders import write_frames, write_json, write_lines
from rvosbench.synthetic.render import render
from rvosbench.synthetic.request import Request
from rvosbench.synthetic.scenes import Scene

_TEXT_FILES: Final = (
    "Davis17_annot1.txt",
    "Davis17_annot1_full_video.txt",
    "Davis17_annot2.txt",
    "Davis17_annot2_full_video.txt",
)
_LATIN_1: Final = _TEXT_FILES[2:]
_MISSPELT: Final = {"classic-car": "clasic-car", "dogs-scale": "dog-scale", "motorbike": "motor-bike"}
_VOID: Final = 255
_VOID_ROWS: Final = 2  # at the top of every second frame, where nothing else is
_SPARE: Final = 8  # object id and size in px of what no expression means


@dataclass(frozen=True, slots=True)
class _Sequence:
    """One sequence and what is said about it."""

    index: int  # of its scene
    split: str
    name: str
    scene: Scene
    texts: tuple[tuple[str, str, str, str], ...]  # for each object what each text file says


def lay_out(folder: Path, request: Request) -> None:
    """Write train and a tenth as many val sequences (2 or more)."""
    plan = request.planned({"train": request.videos, "val": request.held_out(2)})
    names = request.ids(plan, length=6, alphabet="abcdefghijklmnopqrstuvwxyz")
    names |= dict(zip(range(request.videos), _MISSPELT, strict=False))
    sequences = []
    for split, index in request.counted(plan):
        scene = request.scene(index)
        sequence = _Sequence(index, split, names[index], scene, _texts(scene, index, request))
        sequences.append(sequence)
        rendered = render(scene)
        frames = [f"{position:05d}" for position in range(request.frames)]
        images, masks = _folders(folder, split, request)
        write_frames(images / sequence.name, frames, rendered.frames)
        (masks / sequence.name).mkdir(parents=True)
        for position, labels in enumerate(rendered.labels):
            drawn = _with_extras(labels, position, request)
            (masks / sequence.name / f"{frames[position]}.png").write_bytes(encode_index_png(drawn))
    if request.has("converted"):
        _write_converted(folder, sequences, request)
    else:
        _write_raw(folder, sequences, request)


def _folders(folder: Path, split: str, request: Request) -> tuple[Path, Path]:
    """Where the frames and the masks of a split go."""
    if request.has("converted"):
        here = folder / _converted_name(split)
        return here / "JPEGImages", here / "Annotations"
    masks = "Annotations" if request.has("semi-supervised") else "Annotations_unsupervised"
    return folder / "DAVIS" / "JPEGImages" / "480p", folder / "DAVIS" / masks / "480p"


def _converted_name(split: str) -> str:
    return "valid" if split == "val" else split


def _texts(scene: Scene, index: int, request: Request) -> tuple[tuple[str, str, str, str], ...]:
    """Four expressions about every object, those that need no motion about the first frame."""
    expressions = request.expressions(scene, index, per_object=(4, 4))
    texts = []
    for obj in scene.objects:
        own = [expression for expression in expressions if expression.object_id == obj.object_id]
        own.sort(key=lambda expression: expression.kind in ("motion", "order"))
        first, second, third, fourth = (expression.text for expression in own)
        if request.has("latin-1") and obj.object_id == 1:
            second, fourth = f"voilà, {second}", f"voilà, {fourth}"
        texts.append((first, third, second, fourth))
    return tuple(texts)


def _with_extras(labels: NDArray[np.uint8], position: int, request: Request) -> NDArray[np.uint8]:
    """The object ids of one frame with what is no object of the scene."""
    drawn = labels.copy()
    if request.has("extra-objects"):
        corner = drawn[-_SPARE:, -_SPARE:]
        corner[corner == 0] = _SPARE
    if request.has("void") and position % 2:
        top = drawn[:_VOID_ROWS]
        top[top == 0] = _VOID
    return drawn


def _write_raw(folder: Path, sequences: Sequence[_Sequence], request: Request) -> None:
    """Image sets, categories, and the four text files."""
    davis, texts = folder / "DAVIS", folder / "davis_text_annotations"
    (davis / "ImageSets" / "2017").mkdir(parents=True)
    texts.mkdir()
    for split in ("train", "val"):
        listed = sorted(sequence.name for sequence in sequences if sequence.split == split)
        write_lines(davis / "ImageSets" / "2017" / f"{split}.txt", listed)
    if not request.has("no-semantics"):
        categories = {sequence.name: _categories(sequence.scene) for sequence in sequences}
        write_json(davis / "davis_semantics.json", categories)
    for file, name in enumerate(_TEXT_FILES):
        lines = [line for sequence in sequences for line in _lines(sequence, file, request)]
        is_latin = request.has("latin-1") and name in _LATIN_1
        write_lines(texts / name, lines, "latin-1" if is_latin else "utf-8")


def _lines(sequence: _Sequence, file: int, request: Request) -> list[str]:
    """What one text file says about a sequence."""
    name = _MISSPELT.get(sequence.name, sequence.name) if request.has("misspelt-names") else sequence.name
    lines = [f'{name} {object_id} "{said[file]}"' for object_id, said in enumerate(sequence.texts, start=1)]
    if request.has("uneven-texts") and sequence.index == 0:
        if file == 1:
            del lines[-1]
        elif file == 2:
            lines.append(f'{name} 1 "said before"')
    return lines


def _write_converted(folder: Path, sequences: Sequence[_Sequence], request: Request) -> None:
    """What the conversion makes of image sets, categories and text files."""
    frames = [f"{position:05d}" for position in range(request.frames)]
    for split in ("train", "val"):
        videos: dict[str, Any] = {}
        objects: dict[str, Any] = {}
        for sequence in sorted(sequences, key=lambda sequence: sequence.name):
            if sequence.split != split:
                continue
            said = [
                {"exp": text, "obj_id": str(object_id)}
                for object_id, texts in enumerate(sequence.texts, start=1)
                for text in texts
            ]
            expressions = {str(number): entry for number, entry in enumerate(said)}
            videos[sequence.name] = {"expressions": expressions, "frames": frames}
            categories = _categories(sequence.scene)
            objects[sequence.name] = {
                "objects": {key: {"category": name} for key, name in categories.items()}
            }
        name = _converted_name(split)
        write_json(folder / "meta_expressions" / name / "meta_expressions.json", {"videos": videos})
        if not request.has("no-semantics"):
            write_json(folder / name / "meta.json", {"videos": objects})


def _categories(scene: Scene) -> dict[str, str]:
    return {str(obj.object_id): obj.shape for obj in scene.objects}
