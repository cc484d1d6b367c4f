"""Predictions as the public benchmarks exchange them: folders and zips of PNG files, in both directions.

```text
[Annotations/]<video>/<expression>/<frame>.png     one mask; 0 is background, anything else the object
[Annotations/]<sequence>/<frame>.png               all objects; the values are object ids (palette or grey)
```
Parquet as `rvos predict` writes it is read here too, so that callers need not care.
"""

from __future__ import annotations

import os
import shutil
import zipfile
import zlib
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from rvosbench import masks
from rvosbench.errors import (
    FormatError,
    MissingPathError,
    OutputError,
    RvosbenchError,
    ScoreError,
    ShapeError,
)
from rvosbench.images import MAX_PIXELS
from rvosbench.predictions import Prediction, Predictions
from rvosbench.store import Store
from rvosbench.types import Video

_TOPS = ("Annotations", "valid")  # what servers and the inference scripts of the field call the first folder
_DEEPEST = 3  # folders above a file: top, video, expression
_EPOCH = (1980, 1, 1, 0, 0, 0)


class PredictionSource(Protocol):
    """Predictions from wherever, one video at a time."""

    def video_ids(self) -> tuple[str, ...]:
        """The videos that predictions are there for, sorted."""
        ...

    def read(self, video: Video) -> list[Prediction]:
        """All rows of one video, sorted by expression, frame and candidate.

        Raises:
            ScoreError: rows that cannot be scored, or that belong to nothing in this video.
            ShapeError: a mask has another size than the video.
        """
        ...


def open_predictions(
    path: Path, unit: Literal["expression", "object"], release: Path | None = None
) -> PredictionSource:
    """Predictions made by anything.

    Args:
        path: a folder or zip of PNG files, or a folder or file of Parquet.
        unit: what a mask answers; decides which of the two PNG layouts is expected.
        release: the release that the ground truth came from.

    Raises:
        MissingPathError: nothing is there.
        FormatError: it is none of these formats.
        ScoreError: it is the ground truth itself, or holds the other layout.
    """
    if not path.exists():
        raise MissingPathError(f"{path} is not there; expected predictions as PNG folders, a zip or Parquet")
    if release is not None:
        _refuse_ground_truth(path, release)
    if path.suffix == ".parquet" or (path.is_dir() and any(path.glob("*.parquet"))):
        return _ParquetSource(Predictions.open(path))
    tree = _Folder(path) if path.is_dir() else _Zip(path)
    files = _by_video(tree.names(), path, 3 if unit == "expression" else 2)
    return _MaskFolders(tree, files) if unit == "expression" else _LabelMaps(tree, files)


def _refuse_ground_truth(path: Path, release: Path) -> None:
    """Scoring the release's own annotations gives a perfect score and means nothing."""
    given, origin = path.resolve(), release.resolve()
    inside = given.relative_to(origin).parts if given.is_relative_to(origin) else None
    if inside is not None and (not inside or any(part.startswith("Annotations") for part in inside)):
        raise ScoreError(
            f"{path} is the ground truth of the release {release}, not a prediction; name the folder that "
            "your model wrote"
        )


class _Tree(Protocol):
    """Files by their path parts."""

    def names(self) -> Iterable[tuple[str, ...]]: ...

    def bytes_of(self, name: tuple[str, ...]) -> tuple[bytes, str]: ...


class _Folder:
    def __init__(self, root: Path) -> None:
        self._root = root

    def names(self) -> Iterator[tuple[str, ...]]:
        for folder, folders, files in os.walk(self._root, followlinks=True):
            above = Path(folder).relative_to(self._root).parts
            if len(above) > _DEEPEST:
                folders.clear()  # no layout goes there; a link to a folder above would go on for ever
            for file in files:
                yield (*above, file)

    def bytes_of(self, name: tuple[str, ...]) -> tuple[bytes, str]:
        path = self._root.joinpath(*name)
        return path.read_bytes(), str(path)


class _Zip:
    """A zip archive, read in place; nothing is extracted, so its paths lead nowhere."""

    def __init__(self, path: Path) -> None:
        self._path = path
        try:
            self._archive = zipfile.ZipFile(path)
        except (zipfile.BadZipFile, OSError) as error:
            raise FormatError(
                f"{path} cannot be read as a zip archive ({error}); expected PNG folders, a zip or Parquet"
            ) from error
        self._entries = {
            tuple(info.filename.split("/")): info for info in self._archive.infolist() if not info.is_dir()
        }

    def names(self) -> Iterable[tuple[str, ...]]:
        return self._entries

    def bytes_of(self, name: tuple[str, ...]) -> tuple[bytes, str]:
        info = self._entries[name]
        shown = f"{self._path}:{info.filename}"
        if info.file_size > MAX_PIXELS:
            raise ScoreError(f"{shown} claims to unpack to {info.file_size} bytes; expected a mask PNG")
        try:
            return self._archive.read(info), shown
        except (zipfile.BadZipFile, zlib.error, RuntimeError, NotImplementedError, EOFError) as error:
            raise FormatError(f"{shown} cannot be unpacked ({error}); write the archive again") from error


_Files = Mapping[str, Mapping[tuple[str, ...], tuple[str, ...]]]
"""Video -> (expression, frame) or (frame,) -> path parts."""


def _by_video(names: Iterable[tuple[str, ...]], root: Path, depth: int) -> _Files:
    """The PNG files of each video, without the top folder and the suffix."""
    found = [
        name
        for name in names
        if name[-1].lower().endswith(".png") and not any(part.startswith((".", "__MACOSX")) for part in name)
    ]
    tops = {name[0] for name in found if len(name) > 1}
    top = len(tops) == 1 and next(iter(tops)) in _TOPS
    files: dict[str, dict[tuple[str, ...], tuple[str, ...]]] = {}
    for name in found:
        inner = name[1:] if top else name
        if len(inner) != depth:
            layouts = {
                2: "<sequence>/<frame>.png (objects)",
                3: "<video>/<expression>/<frame>.png (sentences)",
            }
            raise ScoreError(
                f"{root} holds {'/'.join(name)}, expected {layouts[depth]}; choose the protocol that fits "
                "(rvos list protocols) or another folder"
            )
        files.setdefault(inner[0], {})[(*inner[1:-1], inner[-1][:-4])] = name
    if not files:
        raise ScoreError(f"{root} holds no PNG file; expected predictions as PNG folders, a zip or Parquet")
    return files


class _ParquetSource:
    def __init__(self, predictions: Predictions) -> None:
        self._predictions = predictions

    def video_ids(self) -> tuple[str, ...]:
        return self._predictions.video_ids()

    def read(self, video: Video) -> list[Prediction]:
        rows = self._predictions.video(video.video_id)
        for row in rows:
            if (row.mask.height, row.mask.width) != (video.height, video.width):
                raise ShapeError(_wrong_size(str(row), (row.mask.height, row.mask.width), video))
            if row.frame_index >= len(video.frames):
                raise ScoreError(f"{row}: the video has {len(video.frames)} frames, counted from 0")
        return rows


class _PngSource:
    def __init__(self, tree: _Tree, files: _Files) -> None:
        self._tree = tree
        self._files = files

    def video_ids(self) -> tuple[str, ...]:
        return tuple(sorted(self._files))

    def _labels(self, video: Video) -> Iterator[tuple[tuple[str, ...], int, NDArray[np.uint8], str]]:
        """(key, frame position, (H, W) labels, file name) of every file of a video."""
        files = self._files.get(video.video_id, {})
        position = {frame.name: index for index, frame in enumerate(video.frames)}
        unknown = sorted("/".join(key) for key in files if key[-1] not in position)
        if unknown:
            raise ScoreError(
                f"{len(unknown)} predictions of video {video.video_id} are of frames that it does not have, "
                f"such as {', '.join(unknown[:3])}; its frames are {video.frames[0].name} to "
                f"{video.frames[-1].name}"
            )
        for key, name in sorted(files.items()):
            data, shown = self._tree.bytes_of(name)
            labels = masks.decode_index_png(data, shown)
            if labels.shape != (video.height, video.width):
                raise ShapeError(_wrong_size(shown, (labels.shape[0], labels.shape[1]), video))
            yield key, position[key[-1]], labels, shown


class _MaskFolders(_PngSource):
    """One PNG per sentence and frame."""

    def read(self, video: Video) -> list[Prediction]:
        return [_row(video, key[0], index, labels != 0) for key, index, labels, _ in self._labels(video)]


class _LabelMaps(_PngSource):
    """One PNG per frame, with all objects in it."""

    def read(self, video: Video) -> list[Prediction]:
        objects = [thing.object_id for thing in video.objects if thing.category != "void"]
        rows = []
        for _, index, labels, shown in self._labels(video):
            unknown = sorted(set(np.unique(labels).tolist()) - {0, *objects})
            if unknown:
                raise ScoreError(
                    f"{shown} holds the labels {unknown}, the objects of {video.video_id} are {objects}; a "
                    "palette PNG holds object ids, a 0/255 mask per sentence needs a protocol for sentences"
                )
            rows += [_row(video, str(object_id), index, labels == object_id) for object_id in objects]
        return sorted(rows, key=lambda row: (row.expression_id, row.frame_index))


def _row(video: Video, expression_id: str, index: int, mask: NDArray[np.bool_]) -> Prediction:
    return Prediction(
        video_id=video.video_id,
        expression_id=expression_id,
        frame_index=index,
        candidate=0,
        score=1.0,
        mask=masks.encode(mask),
    )


def _wrong_size(name: str, size: tuple[int, int], video: Video) -> str:
    return (
        f"{name} is {size[0]}x{size[1]} px (height x width), the video {video.video_id} is {video.height}x"
        f"{video.width}; masks are never resized, write them at the size of the frames"
    )


def write_submission(source: PredictionSource, store: Store, split: str, out: Path) -> Path:
    """Write what the Refer-YouTube-VOS server expects: `Annotations/<video>/<expression>/<frame>.png`.

    Every frame of every sentence of the split, 0/255 grey; the best candidate is the answer.

    Args:
        source: the predictions.
        store: with the split's sentences and frame names.
        split: of the store.
        out: a `.zip` file or a folder; appears when it is complete.

    Returns:
        `out`.

    Raises:
        OutputError: `out` exists, or cannot be written.
        ScoreError: a sentence or a frame has no prediction.
    """
    if out.exists():
        raise OutputError(f"{out} exists already; choose another place or remove it")
    partial = out.with_name(f".{out.name}.partial")
    try:
        _remove(partial)
        out.parent.mkdir(parents=True, exist_ok=True)
        if out.suffix == ".zip":
            with zipfile.ZipFile(partial, "w", zipfile.ZIP_STORED) as archive:
                for name, data in _answers(source, store, split):
                    archive.writestr(zipfile.ZipInfo(name, _EPOCH), data)
        else:
            for name, data in _answers(source, store, split):
                path = partial / name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(data)
        partial.rename(out)
    except RvosbenchError:
        raise  # some of ours are an OSError too
    except OSError as error:
        raise OutputError(f"{out} cannot be written ({error.strerror}); choose another place") from error
    finally:
        _remove(partial)
    return out


def _answers(source: PredictionSource, store: Store, split: str) -> Iterator[tuple[str, bytes]]:
    """Name and content of every file of a submission."""
    for video_id in store.video_ids(split):
        video = store.video(split, video_id)
        best = {
            (row.expression_id, row.frame_index): row.mask for row in source.read(video) if not row.candidate
        }
        for expression in video.expressions:
            for index, frame in enumerate(video.frames):
                mask = best.get((expression.expression_id, index))
                if mask is None:
                    raise ScoreError(
                        f"there is no prediction for {video_id}, expression {expression.expression_id}, "
                        f"frame {frame.name}; the server wants every frame of every sentence"
                    )
                name = f"Annotations/{video_id}/{expression.expression_id}/{frame.name}.png"
                yield name, masks.encode_binary_png(masks.decode(mask))


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)
