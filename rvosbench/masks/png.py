"""PNG files of masks: what is checked before they are read, and how they are written."""

from __future__ import annotations

import io
import struct
import zlib

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from rvosbench.files.foreign import it_is
from rvosbench.masks.palettes import VOC
from rvosbench.masks.roles import WORDS, Role, Words
from rvosbench.media.images import MAX_PIXELS
from rvosbench.types import BoolMask

_KEPT = (b"IHDR", b"PLTE", b"tRNS", b"acTL")
_CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}  # of each colour type
_ADAM7 = (  # first column and row, and the steps between them, of each pass of an interlaced file
    (0, 0, 8, 8),
    (4, 0, 8, 8),
    (0, 4, 4, 8),
    (2, 0, 4, 4),
    (0, 2, 2, 4),
    (1, 0, 2, 2),
    (0, 1, 1, 2),
)
_AT_ONCE = 1 << 20  # bytes


def check_png(data: bytes, name: str, role: Role = "annotation") -> None:
    """Refuse what `png_chunks` refuses.

    Raises:
        DatasetError: as there (for a prediction, ScoreError).
    """
    png_chunks(data, name, role)


def png_chunks(data: bytes, name: str, role: Role) -> dict[bytes, bytes]:
    """The parts of a PNG file that say how to read its pixels, by name: IHDR, PLTE, tRNS and acTL.

    And the pixels themselves: all parts IDAT in one, unless others lie between them.

    Decompression bombs are refused by the header, and files that are cut off or altered by the checksums:
    Pillow skips those of pixels, and decodes an altered file to altered object ids without a word.

    Args:
        data: the whole file.
        name: what to call it in errors.
        role: who made it.

    Raises:
        DatasetError: the data are no PNG, cut off, altered, or larger than `MAX_PIXELS` (for a prediction,
            ScoreError).
    """
    words = WORDS[role]
    if len(data) < 33 or data[:8] != b"\x89PNG\r\n\x1a\n" or data[12:16] != b"IHDR":
        raise words.error(f"{name} {_other_format(data, words)}")
    width, height = struct.unpack(">II", data[16:24])
    if width * height > MAX_PIXELS:
        raise words.error(f"{name} claims to be {width}x{height} px, more than {MAX_PIXELS} pixels in all")
    if data[26] or data[27] or data[28] > 1:
        raise words.error(f"{name} is no kind of PNG that exists; {words.again}")
    chunks: dict[bytes, bytes] = {}
    pixels: list[bytes] = []
    stretches = 0  # of parts IDAT
    position, kind = 8, b""
    while kind != b"IEND":
        before = kind
        end = position + 8 + int.from_bytes(data[position : position + 4])
        if end + 4 > len(data):
            raise words.error(
                f"{name} ends after {len(data)} bytes, before the end of the PNG; {words.again}"
            )
        kind = data[position + 4 : position + 8]
        # Upper case: needed to decode the image. Decoders agree to tolerate damage in the others, but
        # transparency decides what is seen.
        checked = kind[:1].isupper() or kind == b"tRNS"
        if checked and zlib.crc32(data[position + 4 : end]) != int.from_bytes(data[end : end + 4]):
            raise words.error(
                f"{name} is damaged: the checksum of a part at byte {position} is wrong; {words.again}"
            )
        if kind in _KEPT:
            if kind in chunks:
                raise words.error(f"{name} is damaged: it has two parts {kind.decode()}; {words.again}")
            chunks[kind] = data[position + 8 : end]
        elif kind == b"IDAT":
            stretches += before != b"IDAT"
            pixels.append(data[position + 8 : end])
        position = end + 4
    if stretches == 1:
        chunks[b"IDAT"] = b"".join(pixels)
    return chunks


def check_pixels(data: bytes) -> None:
    """Inflate the pixels of a file that `png_chunks` took, and count them.

    Raises:
        ValueError: they end before the picture does.
        zlib.error: they cannot be inflated.
    """
    width, height, bits, kind, _, _, interlaced = struct.unpack(">IIBBBBB", data[16:29])
    passes = _ADAM7 if interlaced else ((0, 0, 1, 1),)
    expected = 0
    for left, top, right, down in passes:
        columns, rows = -(-(width - left) // right), -(-(height - top) // down)
        if columns > 0 and rows > 0:
            expected += rows * (1 + -(-columns * bits * _CHANNELS[kind] // 8))
    inflate, inflated, position = zlib.decompressobj(), 0, 8
    while position < len(data) and inflated < expected:
        end = position + 8 + int.from_bytes(data[position : position + 4])
        if data[position + 4 : position + 8] == b"IDAT":
            part = data[position + 8 : end]
            while part and inflated < expected:
                inflated += len(inflate.decompress(part, _AT_ONCE))
                part = inflate.unconsumed_tail
        position = end + 4
    if inflated < expected:
        raise ValueError(f"its pixels end after {inflated} of {expected} bytes")


def bare_png(data: bytes) -> bytes:
    """A file that `png_chunks` took, without the parts that only say how to show it."""
    header = data[12:29]
    kept = [data[:8], (13).to_bytes(4), header, zlib.crc32(header).to_bytes(4)]
    position = 8
    while position < len(data):
        end = position + 12 + int.from_bytes(data[position : position + 4])
        if data[position + 4 : position + 8] == b"IDAT":
            kept.append(data[position:end])
        position = end
    return b"".join(kept) + b"\0\0\0\0IEND\xaeB`\x82"


def _other_format(data: bytes, words: Words) -> str:
    if data[:3] == b"\xff\xd8\xff":
        return f"is a JPEG file, and JPEG alters the values of masks; {words.mask}"
    return f"holds {len(data)} bytes that are not a PNG file{it_is(data)}; {words.again}"


def encode_index_png(labels: NDArray[np.uint8]) -> bytes:
    """(H, W) uint8 object ids as the bytes of a palette PNG in the PASCAL VOC colours."""
    image = Image.fromarray(labels)
    image.putpalette(VOC.table.tobytes())
    buffer = io.BytesIO()
    image.save(buffer, format="PNG")
    return buffer.getvalue()


def encode_binary_png(mask: BoolMask) -> bytes:
    """A mask as the bytes of a grey PNG with 0 and 255, as the public servers expect it."""
    buffer = io.BytesIO()
    Image.fromarray(mask.astype(np.uint8) * np.uint8(255)).save(buffer, format="PNG")
    return buffer.getvalue()
