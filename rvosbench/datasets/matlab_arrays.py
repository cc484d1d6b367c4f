"""Numeric arrays from MATLAB files of version 5, in bounded memory and without trust.

`scipy.io.loadmat` allocates what a file claims to hold and builds whatever objects it describes; a file of a
few kB can ask for gigabytes. This reader takes one plain numeric array by its name and nothing else.

Source: The MathWorks, "MAT-File Format", level 5. Arrays equal those of `scipy.io.loadmat`
(tests/datasets/test_matlab_arrays.py).
"""

from __future__ import annotations

import math
import struct
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from rvosbench.datasets.reading import read_bytes
from rvosbench.errors import DatasetError
from rvosbench.files.foreign import what_it_is
from rvosbench.files.text import shown

MAX_BYTES = 64 * 1024 * 1024
"""Of a file, and of all that its compressed parts hold together. A puppet mask takes 3 to 25 MB."""

_HEADER = 128  # bytes of text, version and byte order
_MATRIX, _COMPRESSED = 14, 15
_NUMERIC_CLASSES = range(6, 16)  # double, single, and the integers
_TYPES = {
    1: "i1",
    2: "u1",
    3: "i2",
    4: "u2",
    5: "i4",
    6: "u4",
    7: "f4",
    9: "f8",
    12: "i8",
    13: "u8",
}
_COMPLEX = 0x800
_HEAD = 4096  # bytes that hold the name and the size of a variable


class _DamagedError(Exception):
    """What is wrong with the file."""


def read_array(path: Path, name: str) -> NDArray[Any]:
    """The numeric array of that name, with the axes as in MATLAB.

    Raises:
        MissingPathError: there is no such file.
        DatasetError: the file is damaged, too large or of another version, or has no such array.
    """
    data, order = _read(path)
    names = []
    try:
        for body in _matrices(data, order):
            name_read, array = _matrix(body, order, name)
            if array is not None:
                return array
            names.append(name_read)
    except (_DamagedError, struct.error) as error:
        raise DatasetError(f"{path} is damaged ({error}); fetch or extract it again") from None
    raise DatasetError(
        f"{path} has no numeric array {name!r}, it has {shown(names)}; is it the official file?"
    )


def array_shape(path: Path, name: str) -> tuple[int, ...]:
    """The size of the array that `read_array` returns, without inflating its values.

    Raises:
        MissingPathError: there is no such file.
        DatasetError: the file is damaged, too large or of another version, or has no such array.
    """
    data, order = _read(path)
    try:
        for body in _matrices(data, order, most=_HEAD):
            name_read, shape, _, _ = _head(body, order)
            if name_read == name:
                if min(shape, default=0) < 1 or math.prod(shape) > MAX_BYTES:
                    raise _DamagedError(f"{name} claims to be {shape[:8]}")
                return shape
    except (_DamagedError, struct.error) as error:
        raise DatasetError(f"{path} is damaged ({error}); fetch or extract it again") from None
    raise DatasetError(f"{path} has no array {name!r}; is it the official file?")


def _read(path: Path) -> tuple[bytes, str]:
    """The content of a file of version 5 and its byte order."""
    try:
        too_large = path.stat().st_size > MAX_BYTES
    except OSError:
        too_large = False  # said better when it is read
    if too_large:
        raise DatasetError(
            f"{path} is larger than {MAX_BYTES} bytes; expected a MATLAB file of one small array"
        )
    data = read_bytes(path)
    order = {b"IM": "<", b"MI": ">"}.get(data[126:_HEADER])
    if order is None or data[125 if order == "<" else 124] != 1:
        what = what_it_is(data)
        begins = f"it is {what}" if what else f"it begins with {data[:20]!a}"
        raise DatasetError(f"{path} is not a MATLAB file of version 5, {begins}; fetch it again")
    return data, order


def _matrices(data: bytes, order: str, most: int | None = None) -> Iterator[bytes]:
    """The contents of every variable, or only their first `most` bytes."""
    at = _HEADER
    left = MAX_BYTES
    while at < len(data):
        kind, size = struct.unpack_from(f"{order}II", data, at)
        body = data[at + 8 : at + 8 + size]
        if len(body) < size:
            raise _DamagedError(f"it ends after {len(data)} bytes, in the middle of a variable")
        at += 8 + size
        if kind == _COMPRESSED:
            inflater = zlib.decompressobj()
            try:
                body = inflater.decompress(body, left + 1 if most is None else most)
            except zlib.error as error:
                raise _DamagedError(str(error)) from None
            if most is not None:
                if struct.unpack_from(f"{order}I", body)[0] == _MATRIX:
                    yield body[8:]
                continue
            left -= len(body)
            if left < 0:
                raise _DamagedError(f"its compressed parts hold more than {MAX_BYTES} bytes")
            if not inflater.eof:
                raise _DamagedError("a compressed part is cut off")
            kind, size = struct.unpack_from(f"{order}II", body, 0)
            body = body[8:]
            if len(body) < size:
                raise _DamagedError("a compressed part is shorter than it says")
        if kind == _MATRIX:
            yield body


def _matrix(body: bytes, order: str, wanted: str) -> tuple[str, NDArray[Any] | None]:
    """The name of a variable, and its values if it is the wanted one and numeric."""
    name, shape, word, at = _head(body, order)
    if name != wanted or word & 0xFF not in _NUMERIC_CLASSES or word & _COMPLEX:
        return name, None
    kind, values, _ = _element(body, at, order)
    if kind not in _TYPES:
        raise _DamagedError(f"the values of {wanted} have the type {kind}")
    # Stored in the smallest type that holds them, so this need not be the class.
    dtype = np.dtype(f"{order}{_TYPES[kind]}")
    if min(shape, default=0) < 1 or math.prod(shape) * dtype.itemsize != len(values):
        raise _DamagedError(f"{wanted} claims to be {shape[:8]} and has {len(values)} bytes of {dtype.name}")
    return name, np.frombuffer(values, dtype).reshape(shape, order="F")


def _head(body: bytes, order: str) -> tuple[str, tuple[int, ...], int, int]:
    """Of a variable: its name, its size, its flags, and where its values begin."""
    _, flags, at = _element(body, 0, order)
    (word,) = struct.unpack_from(f"{order}I", flags)
    _, dimensions, at = _element(body, at, order)
    _, raw_name, at = _element(body, at, order)
    shape = struct.unpack(f"{order}{len(dimensions) // 4}i", dimensions)
    return raw_name.decode("latin-1"), shape, word, at


def _element(body: bytes, at: int, order: str) -> tuple[int, bytes, int]:
    """The type and content of the data element at a position, and where the next one begins."""
    (word,) = struct.unpack_from(f"{order}I", body, at)
    if word >> 16:  # up to four bytes, packed into the tag
        kind, size, start, following = word & 0xFFFF, word >> 16, at + 4, at + 8
    else:
        (size,) = struct.unpack_from(f"{order}I", body, at + 4)
        kind, start = word, at + 8
        following = start + -(-size // 8) * 8
    content = body[start : start + size]
    if len(content) < size or (word >> 16) > 4:
        raise _DamagedError("a part is longer than what holds it")
    return kind, content, following
