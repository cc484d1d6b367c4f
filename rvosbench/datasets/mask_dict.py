"""`mask_dict.json` of MeViS: 400 MB of run lengths, read one object at a time.

```text
{"<anno_id>": [{"size": [480, 854], "counts": "..."}, null, ...], ...}
```
One list entry per frame of the object's video; null where the object is not there. The file is gone through
once, piece by piece, to note where each list lies; a list is read again when its video's turn comes. So
memory holds one list, never the file.
"""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from rvosbench.datasets.reading import as_list
from rvosbench.errors import DatasetError, MissingPathError
from rvosbench.files.foreign import file_is
from rvosbench.files.text import shown

_CHUNK = 1024 * 1024  # bytes
MAX_LIST_BYTES = 16 * 1024 * 1024
"""Of one object's list. The official ones have about 50 kB."""

_SPACE = re.compile(r"[ \t\r\n]*")
_DECODER = json.JSONDecoder()
_BOM = "\xef\xbb\xbf"  # UTF-8's, a character per byte


@dataclass(frozen=True, slots=True)
class MaskDict:
    """Where the masks of every object lie in the file."""

    path: Path
    spans: Mapping[int, tuple[int, int]]  # object -> (first byte, one past the last byte)
    unused: int  # objects in the file that nobody asked for

    def read(self, object_id: int) -> list[Any]:
        """The list of one object as it is in the file.

        Raises:
            DatasetError: the file lacks the object, or has changed since it was opened.
        """
        if object_id not in self.spans:
            raise DatasetError(
                f"{self.path} has no masks of object {object_id}, which an expression means; expected the "
                "key "
                f'"{object_id}", do the two files belong together?'
            )
        start, stop = self.spans[object_id]
        try:
            with self.path.open("rb") as file:
                file.seek(start)
                return as_list(json.loads(file.read(stop - start)), f"{self.path}, object {object_id}")
        except (OSError, ValueError) as error:
            if isinstance(error, DatasetError):
                raise
            raise DatasetError(
                f"{self.path}, object {object_id}: cannot be read any more; did the file change meanwhile?"
            ) from error


def open_mask_dict(path: Path, wanted: Collection[int]) -> MaskDict:
    """Go through the file once and note where the lists of the wanted objects lie.

    Args:
        path: `mask_dict.json`.
        wanted: the objects that expressions mean; others are counted only.

    Raises:
        MissingPathError: there is no such file.
        DatasetError: it is not JSON, has another shape, or names an object twice.
    """
    keys = {str(object_id): object_id for object_id in wanted}
    spans: dict[int, tuple[int, int]] = {}
    unused = 0
    try:
        with path.open("rb") as file:
            reader = _Reader(file, path)
            for key, value, start, stop in reader.items():
                if key not in keys:
                    unused += 1
                    continue
                as_list(value, f"{path}, object {key}")
                if keys[key] in spans:
                    raise DatasetError(f"{path} has object {key} twice; expected it once, fetch it again")
                spans[keys[key]] = (start, stop)
    except FileNotFoundError:
        raise MissingPathError(f"{path} is missing; expected the masks of the objects") from None
    except OSError as error:
        raise DatasetError(f"{path} cannot be read ({error.strerror}); expected a readable file") from error
    return MaskDict(path, spans, unused)


class _Reader:
    """The members of the JSON object in a file, with the bytes they lie at.

    Bytes become characters one to one, so that positions agree; only strings can hold other than ASCII.
    """

    def __init__(self, file: BinaryIO, path: Path) -> None:
        self._file = file
        self._path = path
        self._text = ""
        self._at = 0  # position in the text
        self._base = 0  # byte in the file that the text begins with

    def items(self) -> Iterator[tuple[str, Any, int, int]]:
        """(key, value, first byte of the value, one past its last byte) of every member, in order."""
        self._more()
        if self._text.startswith(_BOM):
            self._at = len(_BOM)
        if self._next() != "{":
            raise DatasetError(
                f"{self._path} is not a JSON object{file_is(self._path)}; expected the masks by object, "
                "fetch it again"
            )
        self._at += 1
        separator = "," if self._next() != "}" else ""
        while separator == ",":
            if self._next() != '"':
                raise self._damaged("expected the number of an object in quotes")
            key, _, _ = self._value()
            if self._next() != ":":
                raise self._damaged("expected a colon")
            self._at += 1
            self._next()
            value, start, stop = self._value()
            yield key, value, start, stop
            separator = self._next()
            if separator == ",":
                self._at += 1
        if self._next() != "}":
            raise self._damaged("expected a comma or the end of the object")
        self._at += 1
        if self._next():
            raise self._damaged("expected the end of the file")

    def _more(self) -> bool:
        """Read on and forget what was passed; False at the end of the file."""
        data = self._file.read(_CHUNK)
        self._text = self._text[self._at :] + data.decode("latin-1")
        self._base += self._at
        self._at = 0
        return bool(data)

    def _next(self) -> str:
        """The next character that is no space; empty at the end of the file."""
        while True:
            match = _SPACE.match(self._text, self._at)
            self._at = match.end() if match else self._at
            if self._at < len(self._text):
                return self._text[self._at]
            if not self._more():
                return ""

    def _value(self) -> tuple[Any, int, int]:
        """The JSON value that begins here, and the bytes it lies at."""
        while True:
            damage = "the file ends"
            try:
                value, end = _DECODER.raw_decode(self._text, self._at)
                # A number that reaches the end of the text may go on after it.
                if end < len(self._text):
                    start = self._at
                    self._at = end
                    return value, self._base + start, self._base + end
            except json.JSONDecodeError as error:
                damage = error.msg
            except RecursionError:
                damage = "nested too deeply"
            except ValueError:
                raise self._damaged("a number of thousands of digits") from None
            if len(self._text) - self._at > MAX_LIST_BYTES:
                raise self._damaged(f"no valid JSON value of less than {MAX_LIST_BYTES} bytes")
            if not self._more():
                raise self._damaged(damage)

    def _damaged(self, detail: str) -> DatasetError:
        near = shown(self._text[self._at : self._at + 20])
        return DatasetError(
            f"{self._path} is damaged at byte {self._base + self._at}, at {near} ({detail}); fetch it again"
        )
