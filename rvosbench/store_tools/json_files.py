"""JSON files that are written entry by entry, so that only one entry is in memory at a time."""

from __future__ import annotations

import json
import shutil
import tempfile
from contextlib import ExitStack
from pathlib import Path
from typing import IO


class JsonObject:
    """One JSON object in a file. The file begins with the first entry, or with `close`."""

    def __init__(self, path: Path, opened: ExitStack, *, inside: str | None = None) -> None:
        """Choose the file.

        Args:
            path: the file; its folder is made.
            opened: closes the file when `close` is never reached.
            inside: put the object under this key of an outer object.
        """
        self._path = path
        self._opened = opened
        self._before, self._after = (
            ("{", "}\n") if inside is None else (f"{{{json.dumps(inside)}: {{", "}}\n")
        )
        self._file: IO[str] | None = None
        self._is_first = True

    def add(self, key: str, value: object) -> None:
        """Append one entry."""
        file = self._open()
        file.write(("\n" if self._is_first else ",\n") + f"{json.dumps(key)}: {json.dumps(value)}")
        self._is_first = False

    def close(self) -> None:
        """Complete the file; an object without entries is empty."""
        with self._open() as file:
            file.write("\n" + self._after)

    def _open(self) -> IO[str]:
        if self._file is None:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            self._file = self._opened.enter_context(self._path.open("w", encoding="utf-8"))
            self._file.write(self._before)
        return self._file


class JsonLists:
    """One JSON object of lists that grow at the same time; they wait in temporary files until `close`."""

    def __init__(self, path: Path, opened: ExitStack, head: dict[str, object], keys: tuple[str, ...]) -> None:
        """Choose the file.

        Args:
            path: the file; its folder is made.
            opened: closes the temporary files when `close` is never reached.
            head: the entries before the lists.
            keys: the names of the lists.
        """
        path.parent.mkdir(parents=True, exist_ok=True)
        self._path = path
        self._head = head
        self._lists = {
            key: opened.enter_context(
                tempfile.TemporaryFile("w+", encoding="utf-8", dir=path.parent)  # noqa: SIM115
            )
            for key in keys
        }

    def add(self, key: str, item: object) -> None:
        """Append one item to the list `key`."""
        file = self._lists[key]
        file.write(("," if file.tell() else "") + "\n" + json.dumps(item))

    def close(self, **more: object) -> None:
        """Write the file, with further entries behind the lists."""
        with self._path.open("w", encoding="utf-8") as file:
            file.write("{")
            for key, value in self._head.items():
                file.write(f"{json.dumps(key)}: {json.dumps(value)},\n")
            for number, (key, items) in enumerate(self._lists.items()):
                file.write(("" if number == 0 else ",\n") + f"{json.dumps(key)}: [")
                items.seek(0)
                shutil.copyfileobj(items, file)
                file.write("\n]")
                items.close()
            for key, value in more.items():
                file.write(f",\n{json.dumps(key)}: {json.dumps(value)}")
            file.write("\n}\n")
