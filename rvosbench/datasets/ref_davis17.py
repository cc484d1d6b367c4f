"""Ref-DAVIS17: DAVIS 2017 with the expressions of Khoreva et al., raw or converted.

Raw, the three downloads beside each other:
```text
DAVIS/JPEGImages/480p/<sequence>/<frame>.jpg     DAVIS/ImageSets/2017/{train,val}.txt
DAVIS/Annotations_unsupervised/480p/<sequence>/<frame>.png (or DAVIS/Annotations)   DAVIS/davis_semantics.json
davis_text_annotations/Davis17_annot{1,2}{,_full_video}.txt
```
Converted, in the style of Ref-YouTube-VOS (what ReferFormer's script leaves behind):
```text
{train,valid}/JPEGImages  {train,valid}/Annotations  meta_expressions/{train,valid}/meta_expressions.json
```
Splits are `train` and `val` in both. Every object has four expressions, one per annotator and reading:
`annot1-first`, `annot1-full`, `annot2-first`, `annot2-full` (about the first frame, about the full video);
expression_id is 4 * (position of the object) + (position in this list), as converted.

Label 255 is void: pixels that DAVIS leaves undecided and that its metrics ignore. It is kept as the
object 255 of category "void"; no expression means it.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from rvosbench.datasets.davis_text import ANNOTATORS, TEXT_FILES, read_expression_text
from rvosbench.datasets.expression_json import read_categories, read_expressions
from rvosbench.datasets.frame_folders import frame_files, read_video
from rvosbench.datasets.label_maps import annotation_files
from rvosbench.datasets.parts import say_parts
from rvosbench.datasets.reading import (
    as_mapping,
    as_text,
    as_whole,
    fingerprint,
    folder_names,
    image_files,
    read_json,
    read_text,
    release_folder,
    safe_id,
)
from rvosbench.datasets.specs.davis import CARD
from rvosbench.datasets.split_faults import SplitFaults
from rvosbench.errors import DatasetError, MissingPathError, UnknownNameError
from rvosbench.files.text import shown, some
from rvosbench.plugins.dataset import ReadVideo
from rvosbench.plugins.registry import unknown
from rvosbench.types import VOID, Expression

_SPLITS = ("train", "val")
_FPS = 24.0
VOID_LABEL = 255
"""The object id of void pixels."""


class RefDavis17:
    """A copy of Ref-DAVIS17 on disk, raw or converted.

    Attributes:
        card: what a whole release holds.
    """

    def __init__(self, release_dir: Path) -> None:
        """Read the index files.

        Raises:
            MissingPathError: the folder or a text file is not there.
            DatasetError: it holds no sequence, or an index has the wrong shape. The index of one split is an
                error of that split.
        """
        self.release_dir = release_folder(release_dir, CARD.title)
        self.card = CARD
        self._problems: list[str] = []
        self._faults = SplitFaults()
        self._indexes: list[Path] = []
        self._expressions: dict[
            str, dict[str, tuple[Expression, ...]]
        ] = {}  # split -> sequence -> expressions
        self._frame_names: dict[str, tuple[str, ...]] = {}  # sequence -> frames that an index lists
        self._categories: dict[str, dict[int, str | None]] = {}
        self._images: dict[str, str] = {}  # split -> the folder of sequence folders, relative to release_dir
        self._annotations: dict[str, Path] = {}
        raw = next(
            (
                path
                for path in (release_dir / "DAVIS", release_dir)
                if (path / "JPEGImages" / "480p").is_dir()
            ),
            None,
        )
        if raw is not None:
            self._read_raw(raw)
        elif (release_dir / "meta_expressions").is_dir():
            self._read_converted()
        if not self._expressions and not self._faults:
            tree = say_parts(release_dir, _parts(raw, release_dir))
            raise DatasetError(
                f"{release_dir} holds no sequence of {CARD.title} with frames, expressions and a place in "
                f"the image sets{tree}; expected DAVIS/JPEGImages/480p with davis_text_annotations, or "
                "meta_expressions with valid/JPEGImages; is this the right folder?"
            )

    @property
    def problems(self) -> tuple[str, ...]:
        """What is missing from this copy without making it useless."""
        return tuple(self._problems)

    def fingerprint(self) -> str:
        """SHA-256 over the text, json and image set files of the release."""
        return fingerprint(self.index_files(), self.release_dir)

    def index_files(self) -> tuple[Path, ...]:
        """The text, json and image set files of the release."""
        return tuple(self._indexes)

    def splits(self) -> tuple[str, ...]:
        """`train` and `val`, as far as they have sequences."""
        return tuple(split for split in _SPLITS if split in self._expressions or split in self._faults)

    def videos(self, split: str) -> Sequence[str]:
        """The sequences of a split, sorted."""
        return tuple(sorted(self._split(split)))

    def read(self, split: str, video_id: str) -> ReadVideo:
        """Everything about one sequence.

        Raises:
            UnknownNameError: no such split or sequence.
            MissingPathError: a frame or an annotation is missing.
            DatasetError: a file is damaged.
        """
        images, names = self._frames(split, video_id)
        if video_id not in self._frame_names:
            self._check_frames(images, names, self._annotations[split] / video_id)
        read = read_video(
            self.release_dir,
            video_id=video_id,
            split=split,
            images=images,
            frame_names=names,
            expressions=self._sequence(split, video_id),
            fps=_FPS,
            annotations=self._annotations[split] / video_id,
            all_annotated=True,
            categories=self._categories.get(video_id, {}) | {VOID_LABEL: VOID},
        )
        gap = None if video_id in self._frame_names else _first_gap(names)
        if gap is None:
            return read
        message = (
            f"{images} has {len(names)} frames and no {gap}; DAVIS numbers them without gaps, were some lost?"
        )
        return replace(read, problems=(*read.problems, message))

    def expressions(self, split: str, video_id: str) -> tuple[Expression, ...]:
        """The expressions about a sequence."""
        return self._sequence(split, video_id)

    def sources(self, split: str, video_id: str) -> tuple[Path, ...]:
        """The frames of a sequence and as many masks."""
        images, names = self._frames(split, video_id)
        annotations = self._annotations[split] / video_id
        return frame_files(self.release_dir, images, names) + annotation_files(
            annotations, names, all_frames=True
        )

    def _sequence(self, split: str, video_id: str) -> tuple[Expression, ...]:
        sequences = self._split(split)
        if video_id not in sequences:
            raise UnknownNameError(unknown(f"video of {CARD.name}/{split}", video_id, list(sequences)))
        return sequences[video_id]

    def _frames(self, split: str, video_id: str) -> tuple[str, tuple[str, ...]]:
        """The folder of a sequence, relative to the release, and the names of its frames."""
        self._sequence(split, video_id)
        images = f"{self._images[split]}/{video_id}"
        names = self._frame_names.get(video_id) or tuple(
            safe_id(stem, f"{self.release_dir / images}: a frame name")
            for stem in image_files(self.release_dir / images)
        )
        if not names:
            raise DatasetError(f"{self.release_dir / images} holds no frame; extract the sequence again")
        return images, names

    def _check_frames(self, images: str, names: tuple[str, ...], annotations: Path) -> None:
        """Refuse a sequence that lost frames, where no index lists them: their masks are left.

        Raises:
            MissingPathError: naming the first one.
        """
        lost = sorted(image_files(annotations).keys() - set(names))
        if lost:
            raise MissingPathError(
                f"{self.release_dir / images / lost[0]}.jpg is missing ({len(lost)} of "
                f"{len(names) + len(lost)} frames that have masks in {annotations}); extract the frames again"
            )

    def _split(self, split: str) -> dict[str, tuple[Expression, ...]]:
        self._faults.check(split)
        if split not in self._expressions:
            raise UnknownNameError(unknown(f"split of {self.release_dir}", split, list(self._expressions)))
        return self._expressions[split]

    def _read_raw(self, davis: Path) -> None:
        """The official downloads."""
        text = next(
            (
                path
                for path in (self.release_dir / "davis_text_annotations", davis / "davis_text_annotations")
                if path.is_dir()
            ),
            self.release_dir,
        )
        expressions, problems = read_expression_text(text)
        self._problems += problems
        self._indexes += [text / name for name in TEXT_FILES]
        self._read_semantics(davis / "davis_semantics.json")
        masks = davis / "Annotations_unsupervised" / "480p"
        stand_in = davis / "Annotations" / "480p"
        if not masks.is_dir() and stand_in.is_dir():  # else a missing mask is missed under its own name
            masks = stand_in
        images = davis / "JPEGImages" / "480p"
        on_disk = folder_names(images)
        unplaced = set(expressions)
        for split in _SPLITS:
            path = davis / "ImageSets" / "2017" / f"{split}.txt"
            if not path.is_file():
                continue
            listed: set[str] = set()
            with self._faults.of(split):
                listed = {safe_id(name, f"{path}: a sequence") for name in read_text(path).split()}
                self._indexes.append(path)
            unplaced -= listed
            self._add(split, images, masks, {name: expressions.get(name, ()) for name in listed}, on_disk)
        if unplaced:
            self._problems.append(
                f"{len(unplaced)} of the {len(expressions)} sequences with expressions are in no file of "
                f"ImageSets/2017 ({some(unplaced)}); they are left out"
            )

    def _read_converted(self) -> None:
        """The tree of ReferFormer's conversion script."""
        for split, folder in (("train", "train"), ("val", "valid")):
            path = self.release_dir / "meta_expressions" / folder / "meta_expressions.json"
            if not path.is_file():
                continue
            images = self.release_dir / folder / "JPEGImages"
            meta = self.release_dir / folder / "meta.json"
            with self._faults.of(split):
                entries = read_expressions(path)
                categories = read_categories(meta) if os.path.lexists(meta) else {}
            if split in self._faults:
                continue
            self._indexes += [path, *([meta] if meta.is_file() else [])]
            self._categories |= categories
            self._frame_names |= {name: entry.frame_names for name, entry in entries.items()}
            expressions = {name: _with_annotators(entry.expressions) for name, entry in entries.items()}
            annotations = self.release_dir / folder / "Annotations"
            self._add(split, images, annotations, expressions, folder_names(images))

    def _add(
        self,
        split: str,
        images: Path,
        annotations: Path,
        expressions: dict[str, tuple[Expression, ...]],
        on_disk: frozenset[str],
    ) -> None:
        """Take the sequences that have frames and expressions, report the others."""
        without_frames = expressions.keys() - on_disk
        if without_frames:
            self._problems.append(
                f"{images} lacks {len(without_frames)} of the {len(expressions)} sequences of {split} "
                f"({some(without_frames)}); they are left out, is the download complete?"
            )
        silent = {name for name, said in expressions.items() if not said} - without_frames
        if silent:
            self._problems.append(
                f"{len(silent)} sequences of {split} have no expression ({some(silent)}); left out"
            )
        kept = {name: expressions[name] for name in sorted(expressions.keys() - without_frames - silent)}
        if kept:
            self._expressions[split] = kept
            self._images[split] = images.relative_to(self.release_dir).as_posix()
            self._annotations[split] = annotations

    def _read_semantics(self, path: Path) -> None:
        """Categories of the raw release: {sequence: {"1": "bike"}}; an optional download."""
        if not path.is_file():
            return
        self._indexes.append(path)
        for name, objects in as_mapping(read_json(path), str(path)).items():
            where = f"{path}, {shown(name)}"
            self._categories[name] = {
                as_whole(key, f"{where}: an object id"): as_text(category, f"{where}, object {shown(key)}")
                for key, category in as_mapping(objects, where).items()
            }


def _first_gap(names: Sequence[str]) -> str | None:
    """The first number that is missing where frames count 00000, 00001 and so on."""
    for number, name in enumerate(names):
        if not name.isdecimal():
            return None
        if int(name) != number:
            return f"{number:05d}"
    return None


def _parts(raw: Path | None, release_dir: Path) -> list[list[str]]:
    """The parts of the form that a copy has; both forms where that cannot be told."""
    davis = "DAVIS/" if raw is None or raw != release_dir else ""
    official = [
        f"{davis}JPEGImages/480p",
        f"{davis}ImageSets/2017/val.txt",
        "davis_text_annotations/Davis17_annot1.txt",
    ]
    converted = ["meta_expressions/valid/meta_expressions.json", "valid/JPEGImages"]
    return [official] if raw is not None else [official, converted]


def _with_annotators(expressions: tuple[Expression, ...]) -> tuple[Expression, ...]:
    """Name the annotators of a converted sequence: expression_id modulo 4, when the ids are laid out so."""
    by_id = {expression.expression_id: expression for expression in expressions}
    if set(by_id) != {str(number) for number in range(len(expressions))} or len(expressions) % 4:
        return expressions
    for first in range(0, len(expressions), 4):
        if len({by_id[str(first + k)].object_ids for k in range(4)}) != 1:
            return expressions
    return tuple(replace(s, annotator=ANNOTATORS[int(s.expression_id) % 4]) for s in expressions)
