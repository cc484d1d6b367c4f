"""What every release reader needs: ids that may become paths, JSON of the expected shape, fingerprints.

Releases are downloaded from anywhere, so nothing in them is trusted: an id is checked against an
allow-list before it is joined to a path, and JSON is checked for its shape where it is read.
"""

from __future__ import annotations

import codecs
import csv
import hashlib
import io
import json
import os
import re
import stat
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from rvosbench.errors import DatasetError, MissingPathError
from rvosbench.files.foreign import it_is, what_it_is
from rvosbench.files.image_names import images_by_name
from rvosbench.files.text import one_line, shown, some

_SAFE_ID = re.compile(r"[A-Za-z0-9_()@!+-](?:[A-Za-z0-9_()@!+. -]{0,126}[A-Za-z0-9_()@!+-])?")
# Windows opens a device for these names, with any extension.
_DEVICE = re.compile(r"(?:CON|PRN|AUX|NUL|COM[0-9]|LPT[0-9]) *(?:\..*)?", re.IGNORECASE)

MAX_BYTES = 256 * 1024 * 1024
"""Of a file that is read as a whole. The largest index, RefCOCOg's, describes a third of COCO's images."""


class UnsafeNameError(DatasetError):
    """An id that would lead out of the release, or can be no file name: nothing of such a release is read."""


def safe_id(value: object, what: str) -> str:
    """An id that can be a file name on every system: ASCII letters, digits, `. _ - ( ) @ ! +`, inner spaces.

    The last five occur in official ids of JHMDB-Sentences.

    Args:
        value: the id as found.
        what: what it names and where it was found, for the error.

    Raises:
        UnsafeNameError: anything else: `..`, a leading or trailing dot, a slash, a NUL, a device name such
            as CON, look-alike letters, more than 128 characters.
    """
    if (
        isinstance(value, str)
        and _SAFE_ID.fullmatch(value)
        and ".." not in value
        and not _DEVICE.fullmatch(value)
    ):
        return value
    folders = isinstance(value, str) and "/" in value.strip("/") and ".." not in value
    why = " (ids with folders in them, as ReVOS has, are read by no dataset here)" if folders else ""
    raise UnsafeNameError(
        f"{what} is {shown(value)}, which is not a safe file name{why}; expected at most 128 ASCII letters, "
        "digits, . _ - ( ) @ ! + or inner spaces"
    )


def read_json(path: Path) -> Any:
    """The content of a UTF-8 JSON file.

    Raises:
        MissingPathError: there is no such file.
        DatasetError: it is not JSON, or an object in it has a key twice: which of the two values is meant
            is not in the file, and Python would drop the first without a word.
    """
    data = read_bytes(path)
    try:
        return json.loads(data, object_pairs_hook=_unique)
    except (ValueError, RecursionError) as error:
        what = it_is(data) or f" ({one_line(error)})"
        raise DatasetError(f"{path} is not valid JSON{what}; fetch the file again") from error


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) < len(pairs):
        key, _ = Counter(key for key, _ in pairs).most_common(1)[0]
        raise ValueError(f"the key {shown(key)} is there twice")
    return members


def read_text(path: Path) -> str:
    """The content of a text file: UTF-8, else Latin-1, as two of the four Ref-DAVIS17 files are.

    Raises:
        MissingPathError: there is no such file.
        DatasetError: it cannot be read, or is no text but a web page, an archive and the like.
    """
    data = read_bytes(path)
    if data and (what := what_it_is(data)):
        raise DatasetError(f"{path} is {what}; expected text, fetch the file again")
    if data.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        raise DatasetError(f"{path} is text in UTF-16; expected UTF-8, save it again as that")
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        return data.decode("latin-1")


def read_csv(path: Path) -> Iterator[tuple[int, list[str]]]:
    """The rows of a comma-separated file with their line numbers; empty lines are passed over.

    Raises:
        MissingPathError: there is no such file.
        DatasetError: a quote is opened and not closed, or the file is no text.
    """
    # Strict: without it a stray quote would swallow all lines up to the next one.
    rows = csv.reader(io.StringIO(read_text(path)), strict=True)
    try:
        for row in rows:
            if row:
                yield rows.line_num, row
    except csv.Error as error:
        raise DatasetError(f"{path}, line {rows.line_num}: {error}; expected comma-separated text") from error


def read_bytes(path: Path) -> bytes:
    """The content of a file.

    Raises:
        MissingPathError: there is no such file.
        DatasetError: it cannot be read, is no regular file (a pipe would never end), or is too large.
    """
    try:
        status = path.stat()
        if not stat.S_ISREG(status.st_mode):
            raise DatasetError(f"{path} cannot be read (it is a folder or a device); expected a file")
        if status.st_size > MAX_BYTES:
            raise DatasetError(
                f"{path} has {status.st_size} bytes, more than the {MAX_BYTES} that any official file of its "
                "kind has; fetch it again"
            )
        return path.read_bytes()
    except FileNotFoundError:
        raise MissingPathError(
            f"{path} is missing; the release needs it, fetch or extract it again"
        ) from None
    except OSError as error:
        raise DatasetError(f"{path} cannot be read ({error.strerror}); expected a readable file") from error


def as_mapping(value: object, where: str) -> Mapping[str, Any]:
    """`value`, if it is a JSON object."""
    if isinstance(value, dict):
        return value
    raise DatasetError(f"{where} is {_kind(value)}, expected an object; is this the official file?")


def member(content: Mapping[str, Any], key: str, where: str) -> Any:
    """The value under a key that every official file has; null is a value too.

    Raises:
        DatasetError: the object has no such key.
    """
    try:
        return content[key]
    except KeyError:
        keys = some(map(shown, content), 4, in_order=False) or "none"
        raise DatasetError(
            f'{where} lacks the key "{key}" (its keys: {keys}); is this the official file?'
        ) from None


def as_list(value: object, where: str) -> list[Any]:
    """`value`, if it is a JSON list."""
    if isinstance(value, list):
        return value
    raise DatasetError(f"{where} is {_kind(value)}, expected a list; is this the official file?")


def as_text(value: object, where: str) -> str:
    """`value`, if it is text that UTF-8 can hold (JSON can smuggle in half a surrogate pair)."""
    if isinstance(value, str):
        try:
            value.encode()
        except UnicodeEncodeError:
            raise DatasetError(f"{where} is {shown(value)}, which is not valid Unicode") from None
        return value
    raise DatasetError(f"{where} is {_kind(value)}, expected text; is this the official file?")


def as_whole(value: object, where: str, *, low: int = 0, high: int = 2**31 - 1) -> int:
    """`value`, if it is a whole number in [low, high], written as a number or as its digits."""
    number = int(value) if isinstance(value, str) and re.fullmatch(r"[0-9]{1,10}", value) else value
    if isinstance(number, int) and not isinstance(number, bool) and low <= number <= high:
        return number
    raise DatasetError(f"{where} is {shown(value)}, expected a whole number from {low} to {high}")


def _kind(value: object) -> str:
    names = {dict: "an object", list: "a list", str: "text", bool: "a truth value", type(None): "null"}
    return names.get(type(value), "a number" if isinstance(value, int | float) else "missing")


def release_folder(release_dir: Path, what: str) -> Path:
    """`release_dir`, if it is a folder.

    Raises:
        MissingPathError: it is not there, or is a file.
    """
    if release_dir.is_dir():
        return release_dir
    state = "is a file" if release_dir.exists() else "is not there"
    raise MissingPathError(f"{release_dir} {state}; expected the folder of the {what} release")


def fingerprint(files: Iterable[Path], release_dir: Path) -> str:
    """SHA-256 over the names (relative to `release_dir`) and contents of a release's index files."""
    total = hashlib.sha256()
    for path in sorted(files):
        with path.open("rb") as file:
            content = hashlib.file_digest(file, "sha256").hexdigest()
        total.update(f"{path.relative_to(release_dir).as_posix()} {content}\n".encode())
    return total.hexdigest()


def folder_names(folder: Path) -> frozenset[str]:
    """The names of the folders in a folder; none when it is not there."""
    return frozenset(entry.name for entry in _entries(folder) if _is(entry, os.DirEntry.is_dir))


def file_names(folder: Path) -> list[str]:
    """The names of the files in a folder, sorted; none when it is not there.

    Hidden files are passed over: archives made on macOS are full of `._00000.jpg`. So are pipes and
    devices, whose reading may never end.
    """
    return sorted(
        entry.name
        for entry in _entries(folder)
        if not entry.name.startswith(".") and _is(entry, os.DirEntry.is_file)
    )


def _entries(folder: Path) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            return list(entries)
    except (FileNotFoundError, NotADirectoryError):
        return []
    except OSError as error:
        raise DatasetError(f"{folder} cannot be listed ({error.strerror}); expected a folder") from error


def _is(entry: os.DirEntry[str], kind: Callable[[os.DirEntry[str]], bool]) -> bool:
    try:
        return kind(entry)
    except OSError:  # a link that leads to itself
        return False


def image_files(folder: Path) -> dict[str, str]:
    """Stem -> file name of the images in a folder, sorted; none when it is not there.

    Raises:
        DatasetError: two images have one name, such as 00000.jpg and 00000.png.
    """
    return images_by_name(file_names(folder), folder)
