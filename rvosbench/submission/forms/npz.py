"""`.npz` files of masks, read member by member; nothing is allocated before its size is known to be right.

```text
anything.npz                      keys "<video>/<expression>" -> (T, H, W)
<video>.npz                       keys "<expression>" -> (T, H, W)
<video>/<expression>.npz          one array (T, H, W)
```
"""

from __future__ import annotations

import math
import zipfile
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from tokenize import TokenError
from typing import IO, Any

import numpy as np
from numpy.lib import format as npy
from numpy.typing import NDArray

from rvosbench import masks
from rvosbench.errors import FormatError, RvosbenchError, ScoreError
from rvosbench.files.text import file_size, one_line, shown
from rvosbench.media.images import MAX_PIXELS
from rvosbench.runs.tolerance import Tolerance
from rvosbench.submission.fitting import check_size
from rvosbench.submission.forms.detections import Detection, Detections
from rvosbench.submission.forms.frames import frames_of
from rvosbench.submission.forms.names import Names
from rvosbench.submission.forms.pixels import as_masks
from rvosbench.submission.sources import PredictionSource, VideoRows
from rvosbench.submission.trees import Name, Tree
from rvosbench.types import Video

MOST_BYTES = 1024 * 1024 * 1024
"""Of one array, unpacked."""

_MOST_OPEN = 16  # files
_MOST_HEADER = 1_000  # characters; numpy writes 118
# What numpy lets through when a header is no literal of Python.
_NO_HEADER = (ValueError, EOFError, SyntaxError, RecursionError, MemoryError, TypeError, TokenError)


@dataclass(frozen=True, slots=True)
class _Member:
    """One array in one file."""

    file: int
    key: str
    asked_id: str


class NpzSource(PredictionSource):
    """Arrays by video and expression."""

    forms = ("arrays in .npz",)

    def __init__(
        self, tree: Tree, files: Sequence[Name], root: str, names: Names, tolerance: Tolerance
    ) -> None:
        """Look at the keys of all files.

        Args:
            tree: where they lie.
            files: their path parts, at least one.
            root: what to call all of them in an error.
            names: of the store.
            tolerance: what may be wrong with them.

        Raises:
            FormatError: a file is no `.npz`.
            ScoreError: a key belongs to no video, or two arrays answer the same.
        """
        self._tree = tree
        self._files = sorted(files)
        self._names = names
        self._tolerance = tolerance
        self._held: dict[int, zipfile.ZipFile] = {}  # by the number of the file, the one used last at the end
        self._members: dict[str, dict[str, _Member]] = {}
        for number in range(len(self._files)):
            self._index(number)
        if not self._members:
            raise ScoreError(f"{root} holds no arrays; expected one for each expression")

    def video_ids(self) -> tuple[str, ...]:
        """See `PredictionSource`."""
        return tuple(sorted(self._members))

    def read(self, video: Video) -> VideoRows:
        """See `PredictionSource`."""
        detections = Detections(video, self._tolerance)
        for asked_id, member in sorted(self._members.get(video.video_id, {}).items()):
            where = f"{'/'.join(self._files[member.file])}, {shown(member.key)}"
            array = self._array(member, video, where)
            made, cut = as_masks(array, where, self._tolerance.threshold)
            detections.thresholded(int(cut.sum()))
            frames = frames_of(video, len(made), where)
            for frame, mask in zip(frames, made, strict=True):
                name = f"{where}, frame {video.frames[frame].name}"
                detections.add(Detection(asked_id, frame, masks.encode(mask), None, None, name))
        return detections.rows()

    def __getstate__(self) -> dict[str, Any]:
        return self.__dict__ | {"_held": {}}  # open files do not survive a process border

    def _index(self, number: int) -> None:
        name = self._files[number]
        label = "/".join(name)
        keys = [info.filename for info in self._archive(number).infolist()]
        if len(set(keys)) != len(keys):
            raise FormatError(f"{label} holds an array twice; expected each key once, write it again")
        for key in keys:
            video_id, asked_id = self._meaning(name, key.removesuffix(".npy"), len(keys), label)
            of_video = self._members.setdefault(video_id, {})
            if asked_id in of_video:
                twice = "holds a second array" if of_video[asked_id].file == number else "is the second file"
                raise ScoreError(
                    f"{label} {twice} with an answer to {asked_id} of video {video_id}; expected one"
                )
            of_video[asked_id] = _Member(number, key, asked_id)

    def _meaning(self, name: Name, key: str, keys: int, label: str) -> tuple[str, str]:
        """(video, asked id) of an array."""
        stem = name[-1].rpartition(".")[0]
        above = name[-2] if len(name) > 1 else None
        if "/" in key:
            video_id, _, asked_id = key.rpartition("/")
            return video_id, asked_id
        meanings = []
        if stem in self._names.asked:
            meanings.append((stem, key))
        if above in self._names.asked and keys == 1:
            assert above is not None
            meanings.append((above, stem))
        known = [(video, asked) for video, asked in meanings if asked in self._names.asked[video]]
        if not meanings and (flat := self._names.of_key(key, label)) is not None:
            return flat
        if not meanings and above is not None and stem in self._names.asked.get(above, {}):
            raise ScoreError(
                f"{label} is named after an expression and holds {keys} arrays, such as {shown(key)}; "
                "expected the masks alone"
            )
        if len(known or meanings) != 1:
            raise ScoreError(
                f"{label} holds the array {shown(key)}, which belongs to no video of {self._names.shown}; "
                'expected keys "<video>/<expression>", or files <video>.npz or <video>/<expression>.npz'
            )
        return (known or meanings)[0]

    def _archive(self, number: int) -> zipfile.ZipFile:
        if number not in self._held:
            name = self._files[number]
            if len(self._held) >= _MOST_OPEN:
                self._held.pop(next(iter(self._held))).close()
            try:
                self._held[number] = zipfile.ZipFile(self._tree.file_of(name))
            except (zipfile.BadZipFile, ValueError, NotImplementedError, OSError) as error:
                if isinstance(error, RvosbenchError):
                    raise
                raise FormatError(
                    f"{'/'.join(name)} cannot be read as .npz ({one_line(error)}); write it with "
                    "numpy.savez_compressed"
                ) from error
        archive = self._held[number] = self._held.pop(number)
        return archive

    def _array(self, member: _Member, video: Video, where: str) -> NDArray[Any]:
        archive = self._archive(member.file)
        info = archive.getinfo(member.key)
        try:
            with archive.open(info) as file:
                return _read_array(file, info.file_size, video, self._tolerance, where)
        except (
            zipfile.BadZipFile,
            zlib.error,
            RuntimeError,
            NotImplementedError,
            EOFError,
            OSError,
        ) as error:
            raise FormatError(f"{where} cannot be unpacked ({one_line(error)}); write it again") from error


def _read_array(file: IO[bytes], size: int, video: Video, tolerance: Tolerance, where: str) -> NDArray[Any]:
    """One `.npy` member; its header is believed only as far as the file's size and the video go."""
    try:
        version = npy.read_magic(file)
        read = {(1, 0): npy.read_array_header_1_0, (2, 0): npy.read_array_header_2_0}.get(version)
        if read is None:
            raise ValueError(f"version {version} of the format")
        shape, fortran, dtype = read(file, max_header_size=_MOST_HEADER)
    except _NO_HEADER as error:
        raise FormatError(f"{where} is no array ({one_line(error)}); write it with numpy.savez") from error
    if dtype.hasobject or dtype.kind not in "buif" or len(shape) != 3:
        raise ScoreError(
            f"{where} is {shape} {shown(str(dtype))}; expected (T, H, W) bool, one mask for each frame"
        )
    frames_of(video, shape[0], where)
    if min(shape) < 1 or shape[1] * shape[2] > MAX_PIXELS:
        raise ScoreError(f"{where} is {shape}; expected masks of {video.height}x{video.width} px")
    if shape[1:] != (video.height, video.width):
        check_size(shape[1], shape[2], where, video, tolerance)
    wanted = math.prod(shape) * dtype.itemsize
    if wanted > MOST_BYTES or wanted > size:
        raise FormatError(
            f"{where} says it is {shape} {dtype}, {file_size(wanted)}, of which the file holds "
            f"{file_size(size)}; at most {file_size(MOST_BYTES)} are read: write bool or uint8 masks again"
        )
    data = file.read(wanted)
    if len(data) != wanted or file.read(1):  # reading on to the end also compares the checksum
        raise FormatError(f"{where} is longer or shorter than {shape} {dtype} is; write it again")
    array = np.frombuffer(data, dtype)
    return array.reshape(shape[::-1]).transpose() if fortran else array.reshape(shape)
