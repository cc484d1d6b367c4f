"""Whether predictions are the ground truth itself: scoring that gives a perfect number and means nothing."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from rvosbench.errors import ScoreError
from rvosbench.store import Store

# What releases call the folder beside the frames; `Annotations_mymodel` holds results.
_ANNOTATIONS = re.compile(r"annotations(_unsupervised|_semisupervised|_\d+fps)?", re.IGNORECASE)
_FRAMES = re.compile(r"jpegimages(_\d+fps)?", re.IGNORECASE)
_SPLITS = frozenset({"train", "valid", "valid_u", "val", "test"})
_FILES = (
    "mask_dict.json",
    "instances.json",
)  # annotations as run lengths and polygons, beside the expressions


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
        self._masks = {path.resolve() for path in _given_masks(store)}
        self._with_frames: dict[Path, bool] = {}
        self._frames_known = store is not None and _lies_beside_annotations(store)
        self._splits = _SPLITS if store is None else frozenset(store.splits)

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
                raise self._refusal(path, release)
        for file in (path, *files):
            real = file.resolve()
            for origin in (*self._releases, *self._masks):
                if real.is_relative_to(origin) and (
                    origin in self._masks or self._is_annotation(real, origin)
                ):
                    raise self._refusal(path, origin)

    def _is_annotation(self, real: Path, release: Path) -> bool:
        inside = real.relative_to(release).parts
        if inside and inside[-1] in _FILES:
            return True
        return any(
            _ANNOTATIONS.fullmatch(part)
            and (self._has_frames(release.joinpath(*inside[:index])) or self._is_usual(inside[:index]))
            for index, part in enumerate(inside)
        )

    def _is_usual(self, above: tuple[str, ...]) -> bool:
        """Whether releases that do not say where their frames lie have annotations there."""
        return not self._frames_known and (not above or (len(above) == 1 and above[0] in self._splits))

    def _has_frames(self, folder: Path) -> bool:
        """Whether frames lie beside what is in a folder, as in a release and not in results."""
        if folder not in self._with_frames:
            self._with_frames[folder] = folder.is_dir() and any(
                _FRAMES.fullmatch(entry.name) for entry in folder.iterdir()
            )
        return self._with_frames[folder]

    def _refusal(self, path: Path, origin: Path) -> ScoreError:
        whose = "given for the store" if origin in self._masks else f"of the release {origin}"
        return ScoreError(
            f"{path} is the ground truth {whose}, not a prediction; name the folder that your model wrote"
        )


def _lies_beside_annotations(store: Store) -> bool:
    """Whether the store says where the frames of its release lie, in the layout of YouTube-VOS and DAVIS."""
    return any(
        _FRAMES.fullmatch(part)
        for split in store.splits
        for source in store.table("videos", split, ["source"])["source"].to_pylist()
        for part in str(source).split("/")
    )


def _recorded(store: Store | None) -> list[Path]:
    """The release that a store remembers: a packed store has its own frames, and still came from one."""
    root = None if store is None else store.manifest["release"].get("root")
    return [Path(root)] if isinstance(root, str) and root and Path(root).is_absolute() else []


def _given_masks(store: Store | None) -> list[Path]:
    """Folders of masks that were named when the store was made, such as --valid-masks."""
    if store is None:
        return []
    arguments: Any = store.manifest.get("converter")
    for key in ("arguments", "options"):
        arguments = arguments.get(key) if isinstance(arguments, Mapping) else None
    if not isinstance(arguments, Mapping):
        return []
    named = [value for key, value in arguments.items() if "masks" in str(key) and isinstance(value, str)]
    return [Path(value) for value in named if value and Path(value).is_absolute()]
