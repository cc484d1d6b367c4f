"""Files that somebody else made, named for what they are.

A download that went wrong leaves a file under the right name: a pointer of git-lfs, the web page of a
login, an archive that nobody opened. "It is damaged, fetch it again" sends people in a circle; the first
bytes tell more.
"""

from __future__ import annotations

import re
import stat
from collections.abc import Collection
from pathlib import Path

_HEAD = 4096  # bytes that are looked at; a tar archive names itself at 257
_LFS = b"version https://git-lfs.github.com/spec/"
_ANNEX = re.compile(rb"(?:/annex/objects/|(?:\.\./)*\.git/annex/objects/)")
_WEB_PAGE = re.compile(
    rb"(?:<\?xml[^>]*>\s*)?(?:<!--.*?-->\s*)*<(?:!doctype\s+html|html|head|body|script)\b", re.I | re.S
)
_CLOUD_ERROR = re.compile(rb"(?:<\?xml[^>]*>\s*)?<Error>", re.I)
_JSON_ERROR = re.compile(rb"\{\s*\"(?:error|errors|message|detail)\"\s*:", re.I)

_STARTS = (  # longer ones first where one begins with another
    (b"\xff\xd8\xff", "a JPEG"),
    (b"\x89PNG\r\n\x1a\n", "a PNG"),
    (b"GIF87a", "a GIF"),
    (b"GIF89a", "a GIF"),
    (b"II*\0", "a TIFF"),
    (b"MM\0*", "a TIFF"),
    (b"\0\0\1\0", "an icon file"),
    (b"8BPS\0\1", "a Photoshop file"),
    (b"PK\x03\x04", "a zip archive"),
    (b"PK\x05\x06", "a zip archive without files"),
    (b"PK\x07\x08", "a part of a zip archive of several parts"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"\xfd7zXZ\0", "an xz archive"),
    (b"\x28\xb5\x2f\xfd", "a Zstandard archive"),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive"),
    (b"Rar!\x1a\x07", "a RAR archive"),
    (b"PAR1", "a Parquet file"),
    (b"\x89HDF\r\n\x1a\n", "an HDF5 file"),
    (b"MATLAB 5.0 MAT-file", "a MATLAB file"),
    (b"\x93NUMPY", "a NumPy array"),
    (b"SQLite format 3\0", "an SQLite database"),
    (b"%PDF-", "a PDF"),
    (b"\x1aE\xdf\xa3", "a Matroska or WebM video"),
    (b"\0\0\1\xba", "an MPEG video"),
    (b"\0\x05\x16\x07", "a resource file of macOS (its name should begin with ._), not the file itself"),
    (b"\0\x05\x16\x00", "a resource file of macOS, not the file itself"),
    (b"\x7fELF", "a program"),
)


def what_it_is(data: bytes) -> str | None:
    r"""What a file is by its first bytes, for the message that it is not what its name says.

    Args:
        data: the whole file, or at least its first 512 bytes.

    Returns:
        A noun with its article, after a colon what to do where that is known; None for bytes that do not
        tell.

    Example:
        >>> what_it_is(b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n")
        'a git-lfs pointer: run git lfs pull where it was cloned'
        >>> what_it_is(b"<!DOCTYPE html><html>"), what_it_is(b"{}")
        ('a saved web page: the download needs a login or a confirmation', None)
    """
    if not data:
        return "an empty file"
    head = bytes(data[:_HEAD])
    for start, name in _STARTS:
        if head.startswith(start):
            return name
    return _by_text(head) or _by_structure(head)


def it_is(data: bytes, *, expected: Collection[str] = ()) -> str:
    r"""`what_it_is` as words to put behind "is not a PNG file".

    Args:
        data: as there.
        expected: what is not worth saying, such as "an MP4 video" about an mp4 that is damaged.

    Example:
        >>> it_is(b"\xff\xd8\xff\xe0"), it_is(b"?")
        (' (it is a JPEG)', '')
    """
    name = what_it_is(data)
    return f" (it is {name})" if name and name not in expected else ""


def file_is(path: Path, *, expected: Collection[str] = ()) -> str:
    """`it_is` of a file on disk; nothing where it cannot be read."""
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            return ""
        with path.open("rb") as file:
            return it_is(file.read(_HEAD), expected=expected)
    except (OSError, ValueError):
        return ""


def _by_text(head: bytes) -> str | None:
    text = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    if text.startswith(_LFS):
        return "a git-lfs pointer: run git lfs pull where it was cloned"
    if _ANNEX.match(text):
        return "a git-annex pointer: run git annex get where it was cloned"
    if _WEB_PAGE.match(text):
        return "a saved web page: the download needs a login or a confirmation"
    if _CLOUD_ERROR.match(text):
        return "an error message of the server: the download was refused"
    if _JSON_ERROR.match(text) and len(head) < 1000:
        return "an error message of the server: the download was refused"
    return None


def _by_structure(head: bytes) -> str | None:
    if head[:4] == b"RIFF":
        kinds = {b"WEBP": "a WebP picture", b"AVI ": "an AVI video", b"WAVE": "a sound file"}
        return kinds.get(head[8:12])
    if head[4:8] == b"ftyp":
        still = {b"avif": "an AVIF picture", b"heic": "a HEIC picture", b"mif1": "a HEIF picture"}
        return still.get(head[8:12], "an MP4 video")
    if head[:2] == b"BM" and head[6:10] == b"\0\0\0\0" and len(head) >= 26:
        return "a BMP picture"
    if head[:3] == b"BZh" and head[4:10] in (b"1AY&SY", b"\x17\x72\x45\x38\x50\x90"):
        return "a bzip2 archive"
    if head[257:262] == b"ustar":
        return "a tar archive"
    if head[:1] == b"\x80" and head[1:2] in b"\x02\x03\x04\x05" and len(head) > 2:
        return "a Python pickle"
    if not head.strip(b"\0"):
        return "nothing but zero bytes: the download did not finish"
    return None
