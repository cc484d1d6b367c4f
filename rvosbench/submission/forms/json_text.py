"""JSON from anybody, walked member by member: bounded in size and depth, every key once, no NaN."""

from __future__ import annotations

import gzip
import io
import json
import re
import zlib
from collections.abc import Iterator
from typing import Any

from rvosbench.errors import FormatError, ScoreError
from rvosbench.files.text import file_size, one_line, shown
from rvosbench.submission.trees import Name, Tree

MOST_BYTES = 512 * 1024 * 1024
"""Of one JSON file, unpacked. Its text is held in memory, its values are not: 400 MB (186,800 masks of
480x854) took 0.9 GB and 2.4 s to index on one core; `json.loads` alone takes 3.6 s and 1.3 GB."""

_MOST_VALUES = 2 * 1024**3  # bytes that all values of a file would take, were they one video's
_CONTAINER, _ELEMENT = 72, 36  # bytes that Python takes for an empty list or object, and for a number in one

_SPACE = re.compile(r"[ \t\n\r]*")
_WAY_OUT = (
    "write one JSON file per video into a folder, or Parquet with "
    "rvosbench.runs.predictions.PredictionsWriter"
)


def read_json_text(tree: Tree, name: Name, *, most: int = MOST_BYTES) -> str:
    """The text of a JSON file, unpacked if it ends in `.gz`.

    Args:
        tree: where it lies.
        name: its path parts.
        most: bytes, packed and unpacked.

    Raises:
        FormatError: it is too large, damaged, or not UTF-8.
    """
    label = "/".join(name)
    size = tree.size_of(name)
    if size > most:
        raise FormatError(f"{label} has {file_size(size)}, expected at most {file_size(most)}; {_WAY_OUT}")
    data, label = tree.bytes_of(name, most)
    if data[:2] == b"\x1f\x8b":
        try:
            with gzip.GzipFile(fileobj=io.BytesIO(data)) as file:
                data = file.read(most + 1)
        except (OSError, EOFError, zlib.error) as error:
            raise FormatError(f"{label} cannot be unpacked ({one_line(error)}); write it again") from error
        if len(data) > most:
            raise FormatError(f"{label} unpacks to more than {file_size(most)}; {_WAY_OUT}")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise FormatError(
            f"{label} is not UTF-8 text at byte {error.start}, expected JSON; write it again"
        ) from error
    values = _CONTAINER * (text.count("[") + text.count("{")) + _ELEMENT * text.count(",")
    if values > _MOST_VALUES:
        raise FormatError(
            f"{label} holds so many lists and numbers that they may take {file_size(values)} of memory; "
            f"write compressed run lengths, or {_WAY_OUT}"
        )
    return text


class Scanner:
    """A place in a JSON text. What `members` and `elements` yield must be consumed before they go on."""

    def __init__(self, text: str, name: str, position: int = 0) -> None:
        """Start anywhere that a value starts.

        Args:
            text: all of it.
            name: what to call it in an error.
            position: of the value.
        """
        self.text = text
        self.name = name
        self.position = position

    def peek(self) -> str:
        """The next character that is no space; "" at the end."""
        match = _SPACE.match(self.text, self.position)
        assert match is not None  # it matches nothing too
        self.position = match.end()
        return self.text[self.position : self.position + 1]

    def value(self) -> Any:
        """Decode the value here, and step over it.

        Raises:
            FormatError: it is no JSON, nested too deeply, or has a key twice.
        """
        self.peek()
        try:
            value, self.position = _DECODER.raw_decode(self.text, self.position)
        except RecursionError:
            raise FormatError(
                f"{self.name} is nested too deeply at character {self.position}; expected video, expression, "
                "masks"
            ) from None
        except _RefusedError as error:
            raise FormatError(
                f"{self.name} holds {error} at or after character {self.position}; write it again"
            ) from None
        except ValueError as error:
            at = getattr(error, "pos", self.position)
            self.position = len(self.text) if not self.text[at:].strip() else self.position
            raise self._broken(one_line(error)) from error
        return value

    def members(self) -> Iterator[str]:
        """The keys of the object here; each time the position is at the key's value.

        Raises:
            FormatError: as `value`.
        """
        self._take("{")
        seen: set[str] = set()
        if self.peek() == "}":
            self.position += 1
            return
        while True:
            if self.peek() != '"':
                raise self._broken("expected a key in quotes")
            key = self.value()
            if key in seen:
                raise FormatError(f"{self.name} has the key {shown(key)} twice; expected each key once")
            seen.add(key)
            self._take(":")
            self.peek()
            yield key
            if not self._goes_on("}"):
                return

    def elements(self) -> Iterator[int]:
        """The numbers of the elements of the list here; each time the position is at the element.

        Raises:
            FormatError: as `value`.
        """
        self._take("[")
        if self.peek() == "]":
            self.position += 1
            return
        number = 0
        while True:
            self.peek()
            yield number
            number += 1
            if not self._goes_on("]"):
                return

    def _goes_on(self, end: str) -> bool:
        if self.peek() == end:
            self.position += 1
            return False
        self._take(",")
        return True

    def _take(self, character: str) -> None:
        if self.peek() != character:
            raise self._broken(f"expected {character!r}")
        self.position += 1

    def _broken(self, detail: str) -> FormatError:
        if self.position >= len(self.text):
            return FormatError(f"{self.name} ends in the middle of a value; is it complete? write it again")
        return FormatError(
            f"{self.name} is not JSON at character {self.position} ({detail}); expected results as JSON"
        )


class _RefusedError(Exception):
    """JSON that Python would read, and we do not."""


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) != len(pairs):
        seen: set[str] = set()
        twice = next(key for key, _ in pairs if key in seen or seen.add(key))  # type: ignore[func-returns-value]
        raise _RefusedError(f"the key {shown(twice)} twice in one object")
    return made


def _constant(name: str) -> Any:
    raise _RefusedError(f"{name}, which is no number of JSON,")


_DECODER = json.JSONDecoder(object_pairs_hook=_object, parse_constant=_constant)


def writable(name: str, where: str) -> str:
    """A name, if it can be written into a file.

    Raises:
        ScoreError: it holds half of a character, as only an escape in JSON can.
    """
    try:
        name.encode()
    except UnicodeEncodeError:
        raise ScoreError(f"{where} is {shown(name)}, which is no text; expected an id of the store") from None
    return name


def text_or_number(value: object, where: str) -> str:
    """An id as text: text itself, or a whole number.

    Raises:
        ScoreError: it is neither.
    """
    if isinstance(value, str):
        return writable(value, where)
    if isinstance(value, int) and not isinstance(value, bool):
        return shown(value)
    raise ScoreError(f"{where} is {shown(value)}; expected an id as text or as a whole number")
