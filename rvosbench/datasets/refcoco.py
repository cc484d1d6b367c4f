"""RefCOCO, RefCOCO+ and RefCOCOg: images as videos of one frame.

```text
<root>/train2014/COCO_train2014_<12 digits>.jpg     (or under images/, or images/mscoco/images/)
<root>/refcoco/instances.json    <root>/refcoco/refs(unc).p     refcoco+ and refcocog likewise, g: refs(umd).p
<root>/refcoco/instances_refcoco_<split>.json       the converted form, read when there is no refs(...).p
```
where `<root>` is the folder named or its subfolder `coco`.

video_id and frame name are the stem of the image file; object_id is COCO's annotation id; expression_id
is the expression id (in the converted form the running number of the expression). The objects of an image
are all its annotations that are not crowds, and those that an expression means; the converted form knows
only the latter. Options: `split-by`, whose split (unc, google, umd), and `sentences`, `sent` (lower-cased,
the default, what published numbers use) or `raw`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from rvosbench.datasets.coco_masks import segmentation
from rvosbench.datasets.frame_folders import exif_hint, frame_header
from rvosbench.datasets.reading import file_names, fingerprint, release_folder
from rvosbench.datasets.refcoco_index import Index, RefExpression, read_converted, read_official
from rvosbench.datasets.specs.refcoco import (
    REFCOCO_CARD,
    REFCOCO_PLUS_CARD,
    REFCOCOG_CARD,
    RefCocoGOptions,
    RefCocoOptions,
)
from rvosbench.datasets.split_faults import SplitFaults
from rvosbench.errors import DatasetError, MissingPathError, UnknownNameError
from rvosbench.files.text import shown, some
from rvosbench.masks import area
from rvosbench.media.orientation import say_turned
from rvosbench.plugins.dataset import ReadVideo
from rvosbench.plugins.registry import unknown
from rvosbench.types import Card, Expression, Frame, Object, Video

_SPLITS = ("train", "val", "testA", "testB", "test")


class _RefCocoFamily:
    """A copy of one of the three on disk.

    Attributes:
        card: what a whole release holds.
    """

    card: Card
    _folder: str  # also the name in the converted files

    def __init__(self, release_dir: Path, options: RefCocoOptions | RefCocoGOptions) -> None:
        """Read the index files.

        Args:
            release_dir: the folder with `train2014`, or the one above it.
            options: see the module.

        Raises:
            MissingPathError: a folder or an index file is not there.
            DatasetError: an index is damaged, or no image is there.
        """
        self.release_dir = release_folder(release_dir, self.card.title)
        self._problems: list[str] = []
        self._faults = SplitFaults()
        by = options.split_by
        if by != type(options)().split_by:
            self.card = replace(self.card, counts={})
        base = next((b for b in (release_dir, release_dir / "coco") if (b / self._folder).is_dir()), None)
        if base is None:
            raise MissingPathError(
                f"{release_dir / self._folder} is missing; expected refs({by}).p and instances.json"
            )
        self._images = _find_images(base)
        self._index = self._read_index(base / self._folder, by, options.sentences)
        self._problems += self._index.problems
        self._expressions = self._with_images()
        if not self._expressions and not self._faults:
            raise MissingPathError(
                f"{self._images} holds none of the {len(self._index.images)} images of {self.card.title}"
                f"{_nested(self._images)}; "
                "expected COCO_train2014_<number>.jpg, fetch train2014.zip of COCO"
            )

    @property
    def problems(self) -> tuple[str, ...]:
        """What is missing from this copy without making it useless."""
        return tuple(self._problems)

    def fingerprint(self) -> str:
        """SHA-256 over the refs and instances files."""
        return fingerprint(self.index_files(), self.release_dir)

    def index_files(self) -> tuple[Path, ...]:
        """The refs and instances files, or the converted ones."""
        return self._index.files

    def splits(self) -> tuple[str, ...]:
        """The splits that have images: train, val, and testA, testB or test."""
        return tuple(split for split in _SPLITS if split in self._expressions or split in self._faults)

    def videos(self, split: str) -> Sequence[str]:
        """The images of a split, sorted."""
        return tuple(self._split(split))

    def read(self, split: str, video_id: str) -> ReadVideo:
        """Everything about one image.

        Raises:
            UnknownNameError: no such split or image.
            DatasetError: the image or a segmentation is damaged.
        """
        (path,) = self.sources(split, video_id)
        expressions = self._split(split)[video_id]
        image = self._index.images[video_id]
        header = frame_header(path)
        size = (header.height, header.width)
        if size != (image.height, image.width):
            hint = exif_hint(header.orientation) if size == (image.width, image.height) else ""
            raise DatasetError(
                f"{path} is {size[0]}x{size[1]} px (height x width), the annotations say {image.height}x"
                f"{image.width}{hint}; fetch the original COCO image"
            )
        meant = {expression.annotation_id for expression in expressions}
        objects = [
            obj
            for annotation_id in image.annotation_ids
            if not (obj := self._index.annotations[annotation_id]).is_crowd or annotation_id in meant
        ]
        relative = path.relative_to(self.release_dir).as_posix()
        video = Video(
            video_id=video_id,
            split=split,
            height=image.height,
            width=image.width,
            fps=None,
            source=relative,
            frames=(Frame(name=video_id, annotated=True, path=relative),),
            objects=tuple(
                Object(object_id=obj.annotation_id, category=self._index.categories.get(obj.category_id))
                for obj in sorted(objects, key=lambda obj: obj.annotation_id)
            ),
            expressions=self.expressions(split, video_id),
            masks={
                (obj.annotation_id, 0): rle
                for obj in objects
                if area(
                    rle := segmentation(
                        obj.segmentation, image.height, image.width, self._where(obj.annotation_id)
                    )
                )
            },
        )
        said = say_turned({path.name: header.orientation}, 1, f"frames of {video_id}")
        return ReadVideo(video, () if said is None else (said,))

    def expressions(self, split: str, video_id: str) -> tuple[Expression, ...]:
        """The expressions about an image."""
        self.sources(split, video_id)  # refuses an unknown image
        return tuple(
            Expression(
                video_id=video_id,
                expression_id=expression.expression_id,
                text=expression.text,
                object_ids=(expression.annotation_id,),
            )
            for expression in self._split(split)[video_id]
        )

    def sources(self, split: str, video_id: str) -> tuple[Path, ...]:
        """The image; its masks are in the index."""
        if video_id not in self._split(split):
            raise UnknownNameError(
                unknown(f"video of {self.card.name}/{split}", video_id, list(self._split(split)))
            )
        return (self._images / self._index.images[video_id].file_name,)

    def _where(self, annotation_id: int) -> str:
        """An annotation, for errors. The converted form has it in one of several files."""
        files = self._index.files
        return f"{files[-1] if len(files) == 2 else files[0].parent}, annotation {annotation_id}"

    def _split(self, split: str) -> dict[str, tuple[RefExpression, ...]]:
        self._faults.check(split)
        if split not in self._expressions:
            raise UnknownNameError(unknown(f"split of {self.release_dir}", split, list(self._expressions)))
        return self._expressions[split]

    def _read_index(self, folder: Path, by: str, text: str) -> Index:
        refs = folder / f"refs({by}).p"
        if refs.is_file():
            return read_official(refs, folder / "instances.json", text)
        converted = {
            split: path
            for split in _SPLITS
            if (path := folder / f"instances_{self._folder}_{split}.json").is_file()
        }
        if not converted:
            raise MissingPathError(
                f"{refs} is missing; expected it with instances.json, or the converted "
                f"instances_{self._folder}_<split>.json"
            )
        return read_converted(converted, self._faults)

    def _with_images(self) -> dict[str, dict[str, tuple[RefExpression, ...]]]:
        """Split -> image -> expressions, for the images that are on disk."""
        on_disk = set(file_names(self._images))
        present = {video_id for video_id, image in self._index.images.items() if image.file_name in on_disk}
        for split in sorted(self._index.expressions.keys() - set(_SPLITS)):
            number = sum(len(expressions) for expressions in self._index.expressions[split].values())
            self._problems.append(
                f"{number} expressions are in the split {shown(split)}, which is none of "
                f"{', '.join(_SPLITS)}; "
                "they are left out"
            )
        kept = {}
        for split in _SPLITS:
            images = self._index.expressions.get(split, {})
            missing = images.keys() - present
            if missing:
                self._problems.append(
                    f"{self._images.name} lacks {len(missing)} of the {len(images)} images of {split} "
                    f"({some(missing)}); they are left out, is the download complete?"
                )
            kept[split] = {k: tuple(images[k]) for k in sorted(images.keys() - missing)}
        return {split: images for split, images in kept.items() if images}


class RefCoco(_RefCocoFamily):
    """RefCOCO."""

    _folder = "refcoco"
    card = REFCOCO_CARD


class RefCocoPlus(_RefCocoFamily):
    """RefCOCO+."""

    _folder = "refcoco+"
    card = REFCOCO_PLUS_CARD


class RefCocoG(_RefCocoFamily):
    """RefCOCOg, in the split of the University of Maryland unless `split_by` says google."""

    _folder = "refcocog"
    card = REFCOCOG_CARD


def _nested(images: Path) -> str:
    """Where they are, if an archive was extracted one folder too deep."""
    inner = images / images.name
    return f" (there is {inner}: move it up)" if inner.is_dir() else ""


def _find_images(base: Path) -> Path:
    for folder in ("train2014", "images/train2014", "images/mscoco/images/train2014"):
        if (base / folder).is_dir():
            return base / folder
    raise MissingPathError(f"{base / 'train2014'} is missing; expected the images of COCO train2014")
