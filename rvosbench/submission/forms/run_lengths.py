"""Run lengths as other code writes them into JSON -> `Rle`, checked before any C code sees them.

```text
{"size": [h, w], "counts": "PPk1..."}        compressed, as pycocotools; also as "b'PPk1...'"
{"size": [h, w], "counts": [0, 12, 4, ...]}  uncompressed: background, foreground, background ...
```
"""

from __future__ import annotations

from collections.abc import Sequence

from pycocotools import mask as coco

from rvosbench.errors import ScoreError
from rvosbench.files.text import shown
from rvosbench.media.images import MAX_PIXELS
from rvosbench.types import Rle

_EXPECTED = 'expected run lengths, {"size": [height, width], "counts": ...}'


def is_run_lengths(value: object) -> bool:
    """Whether a value is meant as run lengths of one mask."""
    return isinstance(value, dict) and "counts" in value


def foreign_rle(value: object, where: str) -> Rle:
    """One mask.

    What a compressed string says is not checked here: `rvosbench.masks.run_lengths` does so for many at once.

    Args:
        value: out of JSON.
        where: what to call it in an error.

    Raises:
        ScoreError: it is none, or its lengths do not sum to its size.
    """
    if isinstance(value, list):
        raise ScoreError(
            f"{where} is a list, such as of polygons; {_EXPECTED}: encode the mask with pycocotools.mask"
        )
    if not isinstance(value, dict) or "counts" not in value:
        raise ScoreError(f"{where} is {shown(value)}; {_EXPECTED}")
    height, width = _size(value.get("size"), where)
    counts = value["counts"]
    if isinstance(counts, str):
        return Rle(height, width, _compressed(counts, where))
    if isinstance(counts, list):
        return _uncompressed(height, width, counts, where)
    raise ScoreError(f"{where} has the counts {shown(counts)}; {_EXPECTED}")


def _size(size: object, where: str) -> tuple[int, int]:
    if (
        not isinstance(size, list)
        or len(size) != 2
        or not all(isinstance(side, int) and not isinstance(side, bool) and side > 0 for side in size)
        or size[0] * size[1] > MAX_PIXELS
    ):
        raise ScoreError(
            f"{where} has the size {shown(size)}; expected [height, width] in px, of at most {MAX_PIXELS} px"
        )
    return size[0], size[1]


def _compressed(counts: str, where: str) -> bytes:
    # str() of bytes instead of .decode(). No quote is a letter of run lengths, so nothing else can be meant.
    if len(counts) >= 3 and counts[:2] in ("b'", 'b"') and counts[-1] == counts[1]:
        counts = counts[2:-1].replace("\\\\", "\\")
    try:
        return counts.encode("ascii")
    except UnicodeEncodeError:
        raise ScoreError(f"{where} has the counts {shown(counts)}; {_EXPECTED}") from None


def _uncompressed(height: int, width: int, counts: Sequence[object], where: str) -> Rle:
    lengths = [n for n in counts if isinstance(n, int) and not isinstance(n, bool) and n >= 0]
    if len(lengths) != len(counts):
        odd = next(n for n in counts if not isinstance(n, int) or isinstance(n, bool) or n < 0)
        raise ScoreError(f"{where} has a run of length {shown(odd)}; expected whole numbers from 0")
    if sum(lengths) != height * width:
        raise ScoreError(
            f"{where} has runs of {shown(sum(lengths))} pixels in all, its frame of {height}x{width} has "
            f"{height * width}; write the mask again"
        )
    # Runs of length 0 may stand in the middle; without them the string is the one that pycocotools writes.
    merged = [lengths[0]]
    for position, length in enumerate(lengths[1:], 1):
        if length and position % 2 == len(merged) % 2:
            merged.append(length)
        elif length:
            merged[-1] += length
    made = coco.frPyObjects({"size": [height, width], "counts": merged}, height, width)
    return Rle(height, width, made["counts"])
