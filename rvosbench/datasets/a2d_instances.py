"""One `.h5` file of A2D-Sentences: the instance masks of one annotated frame.

The files were written by MATLAB: axes are reversed, (N, W, H), and a single instance lost its first
axis. The order of the rows changes from frame to frame; only `instance` says which is which. `id`, the
actor and action of each row, gives the categories and may be missing.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import h5py
import numpy as np
from numpy.typing import NDArray

from rvosbench import masks
from rvosbench.errors import DatasetError, MissingPathError
from rvosbench.files.foreign import file_is
from rvosbench.files.text import shown
from rvosbench.types import Rle

_ACTORS = ("adult", "baby", "ball", "bird", "car", "cat", "dog")  # 1 to 7
_ACTIONS = ("climbing", "crawling", "eating", "flying", "jumping", "rolling", "running", "walking", "none")
_MOST_ROWS = 256
_MOST_BYTES = 256 * 1024 * 1024  # of the masks of a frame, and of a piece of them; official: 4 MB


@dataclass(frozen=True, slots=True)
class InstanceMasks:
    """What one file says."""

    masks: dict[int, Rle]  # instance -> mask
    categories: dict[int, str]  # instance -> such as "adult-jumping"; unknown ids are left out
    problem: str | None  # what is damaged without making the file useless


def read_instances(path: Path, size: tuple[int, int]) -> InstanceMasks:
    """The masks of one annotated frame.

    Four released files have more masks than instances or name an instance twice: the first rows count.

    Args:
        path: the `.h5` file.
        size: (height, width) px of the video.

    Raises:
        MissingPathError: there is no such file.
        DatasetError: the file is damaged, or of another layout or size.
    """
    try:
        # Not locked: releases lie on read-only and network file systems.
        with h5py.File(path, "r", locking=False) as file:
            drawn = _rows(file, path, size)
            instances = _numbers(file, "instance", path)
            classes = _numbers(file, "id", path) if _link(file, "id") is not None else []
    except FileNotFoundError:
        raise MissingPathError(f"{path} is missing; expected the masks of one frame") from None
    except DatasetError:
        raise
    except (KeyError, OSError, RuntimeError, TypeError, ValueError) as error:  # h5py's, for damaged files
        what = file_is(path, expected=("an HDF5 file",))
        raise DatasetError(f"{path} is not a readable HDF5 file{what}; fetch or extract it again") from error
    count = min(len(drawn), len(instances))
    first: dict[int, int] = {}
    for row in range(count - 1, -1, -1):
        first[instances[row]] = row
    rows = sorted(first.items())
    problem = None
    if len(first) < max(len(drawn), len(instances)):
        problem = (
            f"{path.parent.name}/{path.name} has {len(drawn)} masks for {len(set(instances))} instances in "
            f"{len(instances)} rows; the first ones count"
        )
    return InstanceMasks(
        masks={
            instance: rle
            for instance, row in rows
            if masks.area(rle := masks.encode(np.asarray(drawn[row].T != 0)))
        },
        categories={
            instance: name
            for instance, row in rows
            if row < len(classes) and (name := category(classes[row])) is not None
        },
        problem=problem,
    )


def category(class_id: int) -> str | None:
    """The name of an actor-action id (10 * actor + action), such as "ball-flying"; None for others."""
    actor, action = divmod(class_id, 10)
    if 1 <= actor <= len(_ACTORS) and 1 <= action <= len(_ACTIONS):
        return f"{_ACTORS[actor - 1]}-{_ACTIONS[action - 1]}"
    return None


def _rows(file: h5py.File, path: Path, size: tuple[int, int]) -> NDArray[Any]:
    """(N, W, H) whole numbers, 0 outside the instance."""
    data = _dataset(file, "reMask", path)
    height, width = size
    shape = (1, *data.shape) if data.ndim == 2 else data.shape
    if (
        len(shape) != 3
        or shape[1:] != (width, height)
        or shape[0] > _MOST_ROWS
        or data.dtype.kind not in "uib"
    ):
        raise DatasetError(
            f"{path}: reMask is {data.shape} {data.dtype}, expected (N, {width}, {height}) uint8: the "
            f"video is {height}x{width} px (height x width) and MATLAB reverses the axes"
        )
    if math.prod(shape) * data.dtype.itemsize > _MOST_BYTES:
        raise DatasetError(
            f"{path}: reMask is {data.shape} {data.dtype}, more than {_MOST_BYTES} bytes; fetch it again"
        )
    return np.asarray(data[()]).reshape(shape)


def _numbers(file: h5py.File, key: str, path: Path) -> list[int]:
    """The whole numbers of `id` or `instance`, whatever their axes."""
    data = _dataset(file, key, path)
    if data.size is None or data.size > _MOST_ROWS or data.dtype.kind not in "uif":
        raise DatasetError(f"{path}: {key} is {data.shape} {data.dtype}, expected one number per instance")
    values = np.asarray(data[()], np.float64).ravel()
    if not np.all((values >= 0) & (values < 2**31) & (values == np.floor(values))):
        raise DatasetError(f"{path}: {key} is {shown(values.tolist())}, expected whole numbers from 0")
    return [int(value) for value in values]


def _dataset(file: h5py.File, key: str, path: Path) -> h5py.Dataset:
    """A dataset that lies in this very file: HDF5 can point into any other file of the machine."""
    data = file[key] if _link(file, key) == h5py.h5l.TYPE_HARD else None
    if not isinstance(data, h5py.Dataset):
        raise DatasetError(
            f"{path} has no dataset {key!r} of its own, its keys are {shown(sorted(file)[:8])}; expected "
            "reMask, id and instance"
        )
    if data.external is not None or data.is_virtual or data.shape is None:
        raise DatasetError(f"{path}: {key} lies in another file; expected it inside, fetch the file again")
    # HDF5 inflates a whole piece at a time, and a piece may be larger than the array that it is of.
    if math.prod(data.chunks or ()) * data.dtype.itemsize > _MOST_BYTES:
        raise DatasetError(
            f"{path}: {key} is stored in pieces of {data.chunks} {data.dtype}, more than {_MOST_BYTES} "
            "bytes; fetch the file again"
        )
    return data


def _link(file: h5py.File, key: str) -> int | None:
    """The type of a link, None where there is none.

    `key in file` and `file.get` follow the link, and with it open whatever file it names: a pipe, say.
    """
    name = key.encode()
    return int(file.id.links.get_info(name).type) if file.id.links.exists(name) else None
