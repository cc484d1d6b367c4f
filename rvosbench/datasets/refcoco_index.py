"""The indexes of RefCOCO: `refs(*).p` with `instances.json`, or the converted `instances_*.json`.

```text
refs(unc).p      [{"image_id", "ann_id", "split", "sentences": [{"sent_id", "sent", "raw"}, ...]}, ...]
instances.json   {"images": [{"id", "file_name", "height", "width"}],
                  "annotations": [{"id", "image_id", "category_id", "iscrowd", "segmentation"}], "categories"}
converted        one image entry per expression, {"id", "caption", "original_id", ...}; one annotation each,
                 {"image_id", "original_id", ...}; COCO's own ids are in `original_id`
```
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rvosbench.datasets import plain_pickle
from rvosbench.datasets.reading import (
    as_list,
    as_mapping,
    as_text,
    as_whole,
    member,
    read_json,
    safe_id,
)
from rvosbench.datasets.split_faults import SplitFaults
from rvosbench.errors import DatasetError
from rvosbench.files.text import some

_MOST = 2**31 - 1  # object ids of a store; COCO's crowd annotations have larger ones
_SIZE = 65_535


@dataclass(frozen=True, slots=True)
class RefExpression:
    """One expression about one annotation."""

    expression_id: str
    text: str
    annotation_id: int


@dataclass(frozen=True, slots=True)
class Image:
    """One COCO image."""

    file_name: str
    height: int  # px
    width: int  # px
    annotation_ids: list[int]


@dataclass(frozen=True, slots=True)
class Annotation:
    """One COCO annotation; its segmentation is not looked at until it is needed."""

    annotation_id: int
    image: str  # its key
    category_id: int
    is_crowd: bool
    segmentation: object


@dataclass(slots=True)
class Index:
    """Everything that the index files say. Images are keyed by the stem of their file name."""

    files: tuple[Path, ...]
    images: dict[str, Image] = field(default_factory=dict)
    annotations: dict[int, Annotation] = field(default_factory=dict)
    categories: dict[int, str] = field(default_factory=dict)
    expressions: dict[str, dict[str, list[RefExpression]]] = field(
        default_factory=dict
    )  # split -> image -> ..
    problems: list[str] = field(default_factory=list)

    def add_image(self, entry: Mapping[str, Any], where: str) -> str:
        """Keep an image entry, once; its key. The converted form repeats an image for every expression."""
        file_name = safe_id(member(entry, "file_name", where), f"{where}: the file name")
        key = Path(file_name).stem
        height = as_whole(member(entry, "height", where), f"{where}: height", low=1, high=_SIZE)
        width = as_whole(member(entry, "width", where), f"{where}: width", low=1, high=_SIZE)
        known = self.images.setdefault(key, Image(file_name, height, width, []))
        if (known.file_name, known.height, known.width) != (file_name, height, width):
            raise DatasetError(
                f"{where} says {file_name} is {height}x{width} px, an entry before it that {known.file_name} "
                f"is {known.height}x{known.width}; expected one entry per image"
            )
        return key

    def add_annotation(self, annotation_id: int, key: str, entry: Mapping[str, Any], where: str) -> None:
        """Keep an annotation of the image `key`, once."""
        if annotation_id in self.annotations:
            if self.annotations[annotation_id].image != key:
                raise DatasetError(f"{where} has the id {annotation_id}, as one of another image has")
            return
        self.annotations[annotation_id] = Annotation(
            annotation_id,
            key,
            as_whole(member(entry, "category_id", where), f"{where}: category_id"),
            bool(entry.get("iscrowd")),
            entry.get("segmentation"),
        )
        self.images[key].annotation_ids.append(annotation_id)

    def add_expression(self, split: str, key: str, expression: RefExpression) -> None:
        """Keep an expression about the image `key`."""
        self.expressions.setdefault(split, {}).setdefault(key, []).append(expression)

    def add_categories(self, content: Mapping[str, Any], where: str) -> None:
        """Keep the names of the categories."""
        for value in as_list(member(content, "categories", where), f'{where}: "categories"'):
            entry = as_mapping(value, f"{where}: a category")
            number = as_whole(member(entry, "id", where), f"{where}: a category id")
            self.categories[number] = as_text(
                member(entry, "name", where), f"{where}, category {number}: name"
            )


def read_official(refs_path: Path, instances_path: Path, text_key: str) -> Index:
    """The release as it is downloaded.

    Args:
        refs_path: `refs(<by>).p`.
        instances_path: `instances.json`.
        text_key: "sent" or "raw".

    Raises:
        MissingPathError: a file is missing.
        DatasetError: a file is damaged, has another shape, or they do not belong together.
    """
    index = Index((refs_path, instances_path))
    content = as_mapping(read_json(instances_path), str(instances_path))
    index.add_categories(content, str(instances_path))
    keys: dict[int, str] = {}
    images = as_list(member(content, "images", str(instances_path)), f'{instances_path}: "images"')
    for number, value in enumerate(images):
        where = f"{instances_path}, image entry {number}"
        entry = as_mapping(value, where)
        keys[as_whole(member(entry, "id", where), f"{where}: id")] = index.add_image(entry, where)
    too_large = set()
    listed = member(content, "annotations", str(instances_path))
    for number, value in enumerate(as_list(listed, f'{instances_path}: "annotations"')):
        where = f"{instances_path}, annotation entry {number}"
        entry = as_mapping(value, where)
        annotation_id = as_whole(member(entry, "id", where), f"{where}: id", high=2**62)
        if annotation_id > _MOST:
            too_large.add(annotation_id)
            continue
        image_id = as_whole(member(entry, "image_id", where), f"{where}: image_id")
        if image_id in keys:
            index.add_annotation(annotation_id, keys[image_id], entry, where)
    dropped = []
    for number, value in enumerate(as_list(plain_pickle.load(refs_path), str(refs_path))):
        where = f"{refs_path}, reference {number}"
        ref = as_mapping(value, where)
        annotation_id = as_whole(member(ref, "ann_id", where), f"{where}: ann_id", high=2**62)
        image_id = as_whole(member(ref, "image_id", where), f"{where}: image_id")
        if annotation_id in too_large:
            dropped.append(str(annotation_id))
            continue
        known = index.annotations.get(annotation_id)
        if known is None or known.image != keys.get(image_id):
            raise DatasetError(
                f"{where} means annotation {annotation_id} of image {image_id}, which is not in "
                f"{instances_path}; the two files are of different releases"
            )
        for expression in _expressions(ref, annotation_id, text_key, where):
            for split in _splits(as_text(member(ref, "split", where), f"{where}: split")):
                index.add_expression(split, keys[image_id], expression)
    if dropped:
        index.problems.append(
            f"{len(dropped)} references are left out: the ids of their annotations do not fit 32 bits "
            f"({some(dropped)})"
        )
    return index


def read_converted(paths: Mapping[str, Path], faults: SplitFaults) -> Index:
    """The converted form: split -> file. A split whose file is damaged or of another shape is left out.

    Args:
        paths: the files.
        faults: where it is noted what is wrong with a split.
    """
    index = Index(tuple(paths.values()))
    for split, path in paths.items():
        with faults.of(split):
            _read_converted_split(index, split, path)
        if split in faults:  # what it has left in the index goes with it
            return read_converted({k: other for k, other in paths.items() if k != split}, faults)
    return index


def _read_converted_split(index: Index, split: str, path: Path) -> None:
    content = as_mapping(read_json(path), str(path))
    index.add_categories(content, str(path))
    captions: dict[int, tuple[str, str]] = {}
    for number, value in enumerate(as_list(member(content, "images", str(path)), f'{path}: "images"')):
        where = f"{path}, image entry {number}"
        entry = as_mapping(value, where)
        caption = as_text(member(entry, "caption", where), f"{where}: caption")
        image_id = as_whole(member(entry, "id", where), f"{where}: id")
        captions[image_id] = (index.add_image(entry, where), caption)
    listed = member(content, "annotations", str(path))
    for number, value in enumerate(as_list(listed, f'{path}: "annotations"')):
        where = f"{path}, annotation entry {number}"
        entry = as_mapping(value, where)
        image_id = as_whole(member(entry, "image_id", where), f"{where}: image_id")
        if image_id not in captions:
            raise DatasetError(f"{where} belongs to image {image_id}, which the file does not list")
        key, caption = captions[image_id]
        annotation_id = as_whole(member(entry, "original_id", where), f"{where}: original_id", high=_MOST)
        index.add_annotation(annotation_id, key, entry, where)
        index.add_expression(split, key, RefExpression(str(image_id), caption, annotation_id))


def _expressions(
    ref: Mapping[str, Any], annotation_id: int, text_key: str, where: str
) -> list[RefExpression]:
    expressions = []
    for value in as_list(member(ref, "sentences", where), f"{where}: expressions"):
        entry = as_mapping(value, f"{where}: an expression")
        number = as_whole(member(entry, "sent_id", where), f"{where}: sent_id")
        said = f"{where}, expression {number}"
        expressions.append(
            RefExpression(
                str(number),
                as_text(member(entry, text_key, said), f"{said}: {text_key}"),
                annotation_id,
            )
        )
    return expressions


def _splits(name: str) -> tuple[str, ...]:
    """The splits that a reference is in: Google's split of RefCOCO has "testAB" for both tests."""
    if name.startswith("test") and len(name) > 4:
        return tuple(f"test{letter}" for letter in name[4:])
    return (name,)
