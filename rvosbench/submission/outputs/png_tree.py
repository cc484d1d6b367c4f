"""Predictions as PNG files in a folder or a zip.

```text
<video>/<expression>/<frame>.png     0/255, where expressions are answered
<sequence>/<frame>.png               palette, the values are object ids, where objects are
```
"""

from __future__ import annotations

import zipfile
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from rvosbench import masks
from rvosbench.errors import ScoreError
from rvosbench.files.atomic import AtomicFile, AtomicFolder, atomic_file, atomic_folder
from rvosbench.files.places import writing
from rvosbench.runs.predictions import Prediction
from rvosbench.submission.files import Unit
from rvosbench.submission.outputs.output import Lost, Output, answers
from rvosbench.submission.outputs.places import PICTURES
from rvosbench.types import Video

_EPOCH = (1980, 1, 1, 0, 0, 0)
_LARGEST_ID = 254  # 255 is void


class PngOutput(Output):
    """A folder, or a zip by its suffix; it holds answers alone, without scores."""

    def __init__(self, out: Path, unit: Unit, *, overwrite: bool = False) -> None:
        """Reserve the place.

        Args:
            out: a `.zip` file, or a folder.
            unit: what is answered.
            overwrite: a file, or a folder of PNG files, may be there.

        Raises:
            OutputError: it is taken, or cannot be written.
        """
        self.lost = Lost()
        self._path = out
        self._unit = unit
        self._zip: zipfile.ZipFile | None = None
        self._target: AtomicFile | AtomicFolder
        if out.suffix.lower() == ".zip":
            self._target = atomic_file(out, overwrite=overwrite)
            self._zip = zipfile.ZipFile(self._target.partial, "w", zipfile.ZIP_STORED)  # PNG is packed
        else:
            self._target = atomic_folder(out, overwrite=overwrite, content=PICTURES, durable=False)

    def add(self, video: Video, rows: Sequence[Prediction]) -> None:
        """See `Output`.

        Raises:
            ScoreError: a name is no file's name, or objects overlap.
        """
        kept = answers(rows, self.lost)
        files = _label_maps(video, kept) if self._unit == "object" else _mask_files(video, kept)
        for parts, data in files:
            name = "/".join(map(_safe, parts)) + ".png"
            with writing(self._path):
                if self._zip is not None:
                    self._zip.writestr(zipfile.ZipInfo(name, _EPOCH), data)
                else:
                    path = self._target.partial / name
                    path.parent.mkdir(parents=True, exist_ok=True)
                    path.write_bytes(data)

    def finish(self) -> None:
        """See `Output`."""
        if self._zip is not None:
            with writing(self._path):
                self._zip.close()
        self._target.commit()

    def abandon(self) -> None:
        """See `Output`."""
        try:
            if self._zip is not None:
                self._zip.close()
        except OSError:
            pass  # a full disk says so again; the first error counts
        finally:
            self._target.abandon()


def _mask_files(video: Video, rows: Sequence[Prediction]) -> Iterator[tuple[tuple[str, ...], bytes]]:
    for row in rows:
        name = (video.video_id, row.expression_id, video.frames[row.frame_index].name)
        yield name, masks.encode_binary_png(masks.decode(row.mask))


def _label_maps(video: Video, rows: Sequence[Prediction]) -> Iterator[tuple[tuple[str, ...], bytes]]:
    frames: dict[int, list[Prediction]] = {}
    for row in rows:
        frames.setdefault(row.frame_index, []).append(row)
    for frame, objects in sorted(frames.items()):
        labels = np.zeros((video.height, video.width), np.uint8)
        for row in objects:
            mask = masks.decode(row.mask)
            number = int(row.expression_id)
            if not 0 < number <= _LARGEST_ID or labels[mask].any():
                raise ScoreError(
                    f"{row} "
                    + ("lies over another object" if 0 < number <= _LARGEST_ID else "has no label of a PNG")
                    + "; a label map holds objects 1 to 254 that do not overlap, convert to json or parquet"
                )
            labels[mask] = number
        yield (video.video_id, video.frames[frame].name), masks.encode_index_png(labels)


def _safe(part: str) -> str:
    """A name of the store as the name of a file."""
    if part in ("", ".", "..") or any(character in part for character in "/\\\0"):
        raise ScoreError(f"{part!r} cannot be the name of a file; convert to json or parquet")
    return part
