"""Whether predictions are the ground truth itself: scoring that gives a perfect number and means nothing."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from rvosbench.errors import OutputError, ScoreError
from rvosbench.store import Store

# What releases call the folder beside the frames; `Annotations_mymodel` holds results.
_ANNOTATIONS = re.compile(r"annotations(_unsupervised|_semisupervised|_\d+fps)?", re.IGNORECASE)
_FRAMES = re.compile(r"jpegimages(_\d+fps)?", re.IGNORECASE)
_TEXTS = re.compile(r"(meta_expressions.*\.json|refs\(.*\)\.p)", re.IGNORECASE)
_FILES = ("mask_dict.json", "instances.json")  # annotations as run lengths and polygons, beside such texts
_SPLITS = frozenset({"train", "valid", "valid_u", "val", "test"})
_IN_GIVEN = ("Annotations", "valid/Annotations")  # where masks lie in a folder that was given for a store


class GroundTruth:
    """Where the annotations of a release and of a store lie."""

    def __init__(self, release: Path | None, store: Store | None) -> None:
        """Collect the places.

        Args:
            release: the release that the ground truth came from.
            store: what was made of it.
        """
        self._store = None if store is None else store.folder.resolve()
        self._releases = {path.resolve() for path in (release, *_recorded(store)) if path is not None}
        self._masks = {} if store is None else dict(_given_masks(store))
        self._splits = _SPLITS if store is None else frozenset(store.splits)
        beside = {} if store is None else _beside_annotations(store)
        self._layout_known = bool(beside)
        without = {above for above, used in beside.items() if not used}
        self._results = {release.joinpath(*above) for release in self._releases for above in without}
        self._contents: dict[Path, frozenset[str]] = {}

    def refuse_store(self, path: Path) -> None:
        """Refuse the store itself and what lies in it.

        Raises:
            ScoreError: it is.
        """
        if self._store is not None and path.resolve().is_relative_to(self._store):
            raise ScoreError(
                f"{path} is the store {self._store} with the ground truth, or lies in it; name the folder "
                "that your model wrote, outside the store"
            )

    def refuse(self, path: Path, files: Iterable[Path]) -> None:
        """Refuse annotations.

        Args:
            path: what was given.
            files: the files in it that would be scored, and their folders; links are followed.

        Raises:
            ScoreError: one of them is an annotation.
        """
        for release in self._releases:
            if path.resolve() == release:
                raise _refusal(path, f"of the release {release}")
        for file in (path, *files):
            real = file.resolve()
            for release in self._releases:
                if real.is_relative_to(release) and self._is_annotation(real, release):
                    raise _refusal(path, f"of the release {release}")
            if any(self._was_given(real, given) for given in self._masks):
                raise _refusal(path, "given for the store")

    def _is_annotation(self, real: Path, release: Path) -> bool:
        if real.name in _FILES and self._holds(real.parent, _TEXTS, _FRAMES):
            return True
        inside = real.relative_to(release).parts
        return any(
            _ANNOTATIONS.fullmatch(part) and self._has_annotations(release, inside[:index])
            for index, part in enumerate(inside)
        )

    def _was_given(self, real: Path, given: Path) -> bool:
        """Whether it is in a video's folder there; results may lie beside those."""
        inside = real.relative_to(given).parts if real.is_relative_to(given) else None
        return inside == () or (inside is not None and inside[0] in self._masks[given])

    def _has_annotations(self, release: Path, above: tuple[str, ...]) -> bool:
        """Whether a release, not somebody's results, has a folder of annotations at a place."""
        folder = release.joinpath(*above)
        if folder in self._results:
            return False
        if self._holds(folder, _FRAMES):
            return True
        # Releases that do not say where their frames lie.
        return not self._layout_known and (not above or (len(above) == 1 and above[0] in self._splits))

    def _holds(self, folder: Path, *names: re.Pattern[str]) -> bool:
        if folder not in self._contents:
            entries = folder.iterdir() if folder.is_dir() else ()
            self._contents[folder] = frozenset(entry.name for entry in entries)
        return any(name.fullmatch(entry) for name in names for entry in self._contents[folder])


def refuse_overwriting(out: Path, store: Store) -> None:
    """Refuse a place that holds the store, or annotations: they look like masks of predictions.

    Raises:
        OutputError: it does.
    """
    if not out.exists():
        return
    truth = GroundTruth(store.release, store)
    try:
        truth.refuse_store(out)
        truth.refuse(out, (Path(folder) for folder, _, _ in os.walk(out)))
    except ScoreError:
        raise OutputError(
            f"{out} holds ground truth, which is never overwritten; choose another folder"
        ) from None


def _refusal(path: Path, whose: str) -> ScoreError:
    return ScoreError(
        f"{path} is the ground truth {whose}, not a prediction; name the folder that your model wrote"
    )


def _beside_annotations(store: Store) -> dict[tuple[str, ...], bool]:
    """Folders of the release with frames in the layout of YouTube-VOS and DAVIS.

    Returns:
        The parts of each such folder -> whether the store's masks came from beside the frames. Those of a
        hidden split did not, nor those of a split whose masks were given.
    """
    given = {split for split in store.splits if _given(store, split) is not None}
    beside: dict[tuple[str, ...], bool] = {}
    for split, counts in store.splits.items():
        used = bool(counts.get("masks")) and split not in given
        for source in store.table("videos", split, ["source"])["source"].to_pylist():
            parts = tuple(str(source).split("/"))
            depth = next((index for index, part in enumerate(parts) if _FRAMES.fullmatch(part)), None)
            if depth is not None:
                beside[parts[:depth]] = beside.get(parts[:depth], False) or used
    return beside


def _recorded(store: Store | None) -> list[Path]:
    """The release that a store remembers: a packed store has its own frames, and still came from one."""
    root = None if store is None else store.manifest["release"].get("root")
    return [Path(root)] if isinstance(root, str) and root and Path(root).is_absolute() else []


def _given_masks(store: Store) -> Iterator[tuple[Path, frozenset[str]]]:
    """Folders of masks that were named when the store was made, with --valid-masks, and their videos."""
    for split in store.splits:
        value = _given(store, split)
        for base in () if value is None else (Path.cwd(), *_around(store)):
            folder = base / str(value)  # of an absolute path itself
            inner = next((folder / name for name in _IN_GIVEN if (folder / name).is_dir()), folder)
            if inner.is_dir():
                yield inner.resolve(), frozenset(store.video_ids(split))


def _around(store: Store) -> Iterator[Path]:
    """What a path may have been relative to when the store was made."""
    for release in _recorded(store):
        yield from (release, *release.parents)


def _given(store: Store, split: str) -> str | None:
    """The folder of masks that was given for a split."""
    options: Any = store.manifest.get("converter")
    for key in ("arguments", "options"):
        options = options.get(key) if isinstance(options, Mapping) else None
    value = options.get(f"{split}-masks") if isinstance(options, Mapping) else None
    return value if isinstance(value, str) and value else None
