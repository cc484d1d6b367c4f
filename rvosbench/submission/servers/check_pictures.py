"""The PNG files in a zip: size, mode and values, as the server wants them."""

from __future__ import annotations

import io
import struct
from collections.abc import Collection

import numpy as np
from PIL import Image, UnidentifiedImageError

from rvosbench import masks
from rvosbench.errors import DatasetError
from rvosbench.files.text import one_line, some
from rvosbench.metrics.matching import MAX_PROPOSALS
from rvosbench.submission.servers.faults import FaultList
from rvosbench.submission.servers.server import Layout
from rvosbench.types import VOID, Video

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_GREY, _PALETTE = 0, 3
_COLOUR_TYPES = {0: "grey", 2: "RGB", 3: "palette", 4: "grey with alpha", 6: "RGB with alpha"}


def most_bytes(video: Video) -> int:
    """More than any PNG of a frame has, even without compression and in 16-bit colour with alpha."""
    return 2**16 + 9 * video.height * (video.width + 1)


def check_picture(name: str, data: bytes, video: Video, layout: Layout, faults: FaultList) -> None:
    """Add what is wrong with one picture."""
    if not data.startswith(_SIGNATURE):
        faults.add("not-a-png", name)
        return
    try:
        masks.check_png(data, name)
    except DatasetError as error:
        faults.add("damaged", one_line(error, 150))
        return
    width, height, bits, colour = struct.unpack(">IIBB", data[16:26])
    if (height, width) != (video.height, video.width):
        faults.add(
            "wrong-size",
            f"{name} is {height}x{width}, the video {video.height}x{video.width} (height x width)",
        )
        return
    if not _mode_fits(bits, colour, layout):
        wanted = "grey (L), 8 bits" if layout.content == "binary" else "palette (P)"
        kind = _COLOUR_TYPES.get(colour, f"colour type {colour}")
        faults.add("wrong-mode", f"{name} is {kind}, {bits} bits; wanted {wanted}")
        return
    try:
        with Image.open(io.BytesIO(data), formats=("PNG",)) as image:
            values = np.flatnonzero(np.bincount(np.asarray(image).ravel(), minlength=256)).tolist()
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError, TypeError) as error:
        faults.add("damaged", f"{name} ({one_line(error, 80)})")
        return
    if layout.content == "binary":
        odd = sorted(set(values) - {0, 255})
        if odd:
            faults.add("wrong-values", f"{name} has {_listed(odd)}")
        return
    known = _known_labels(video, layout)
    odd = [] if known is None else sorted(set(values) - {0, *known})
    if odd:
        faults.add("unknown-label", f"{name} has {_listed(odd)}; wanted {_listed(sorted(known or ()))}")


def _mode_fits(bits: int, colour: int, layout: Layout) -> bool:
    if layout.content == "binary":
        return (bits, colour) == (8, _GREY)
    # The values of a grey label map are read as ids too; fewer bits would be spread over 0 to 255.
    return colour == _PALETTE or (bits, colour) == (8, _GREY)


def _known_labels(video: Video, layout: Layout) -> Collection[int] | None:
    """The labels that may be there; None where nothing is known about the video's objects."""
    if layout.unit == "annotator":
        return range(1, MAX_PROPOSALS + 1)
    objects = [obj.object_id for obj in video.objects if obj.category != VOID]
    return objects or None


def _listed(values: Collection[int]) -> str:
    return some(map(str, values), 6, in_order=False)
