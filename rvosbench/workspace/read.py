"""rvos.toml -> a workspace. The file may come from anybody: whatever is in it, the answer is one line."""

from __future__ import annotations

import re
import stat
import tomllib
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, NoReturn, TypeVar

from rvosbench.errors import FormatError, LocationError, MissingPathError, RvosbenchError
from rvosbench.files.locations import local_path
from rvosbench.files.text import shown, strip_control
from rvosbench.plugins.registry import unknown
from rvosbench.workspace.record import FILE, DatasetChoices, ModelChoices, Workspace

RELEASES, STORES, RUNS = "releases", "stores", "runs"
"""The keys of folders; each is also the folder's name where the file does not say otherwise."""

_T = TypeVar("_T")
_MAX_BYTES = 1024 * 1024
_MAX_WORKERS = 1024
_DEVICE = re.compile(r"[a-z]+(:\d{1,4})?")


def read_workspace(folder: Path) -> Workspace:
    """The workspace in a folder.

    Args:
        folder: holds rvos.toml.

    Raises:
        MissingPathError: it does not.
        FormatError: the file is no TOML, or has a key or value that means nothing; the message names it.
    """
    path = folder / FILE
    return workspace_from(_toml(path), path)


def workspace_from(values: Mapping[str, Any], path: Path) -> Workspace:
    """What the content of an rvos.toml means.

    Args:
        values: as TOML was read.
        path: of the file, which need not be there.

    Raises:
        FormatError: as for `read_workspace`.
    """
    content = _Table(path, "", values)
    content.known(RELEASES, STORES, RUNS, "device", "workers", "datasets", "models")
    base = path.parent.absolute()
    releases = content.take(RELEASES, _strings, "a folder, or a list of folders") or (RELEASES,)
    return Workspace(
        folder=base,
        releases=tuple(content.path(RELEASES, text, base) for text in releases),
        stores=content.path(STORES, content.take(STORES, _string, "a folder") or STORES, base),
        runs=content.path(RUNS, content.take(RUNS, _string, "a folder") or RUNS, base),
        device=content.take("device", _device, "a device, such as 'cpu', 'cuda' or 'cuda:1'") or "cpu",
        workers=content.take("workers", _workers, f"a whole number from 1 to {_MAX_WORKERS}") or 1,
        datasets=MappingProxyType({t.name: _dataset(t, base) for t in content.tables("datasets")}),
        models=MappingProxyType({t.name: _model(t) for t in content.tables("models")}),
    )


def _toml(path: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(_bytes(path).decode("utf-8"))
    except UnicodeDecodeError as error:
        raise FormatError(
            f"{path} is not UTF-8 (byte {error.start}), expected TOML; save it as UTF-8"
        ) from error
    except RecursionError:
        raise FormatError(f"{path} nests too deeply, expected the tables that rvos init explains") from None
    except RvosbenchError:
        raise
    except ValueError as error:  # TOMLDecodeError, and numbers of more digits than Python reads
        raise FormatError(f"{path} is not TOML ({strip_control(str(error))[:120]}); correct it") from error


def _bytes(path: Path) -> bytes:
    try:
        status = path.stat()
        if stat.S_ISREG(status.st_mode) and status.st_size <= _MAX_BYTES:
            return path.read_bytes()
    except FileNotFoundError:
        raise MissingPathError(f"{path} is not there; write one with: rvos init {path.parent}") from None
    except OSError as error:
        raise FormatError(f"{path} cannot be read ({error.strerror}); mend or remove it") from error
    if not stat.S_ISREG(status.st_mode):  # opening a pipe would wait for ever
        kind = "folder" if stat.S_ISDIR(status.st_mode) else "device or pipe"
        raise FormatError(f"{path} is a {kind}, expected a text file; write one with: rvos init")
    raise FormatError(
        f"{path} has {status.st_size:,} bytes, expected at most {_MAX_BYTES:,}; is it another file?"
    )


class _Table:
    """A table of the file, with its name for what is said about it."""

    def __init__(self, path: Path, prefix: str, content: Mapping[str, Any], name: str = "") -> None:
        self.name = name
        self._path = path
        self._prefix = prefix  # "datasets.ytvos."
        self._content = content

    def known(self, *keys: str) -> None:
        """Refuse every other key with the nearest of these."""
        for key in self._content:
            if key not in keys:
                where = f" in [{strip_control(self._prefix[:-1])}]" if self._prefix else ""
                raise FormatError(f"{self._path}: {unknown(f'key{where}', _brief(key), list(keys))}")

    def take(self, key: str, convert: Callable[[Any], _T | None], expected: str) -> _T | None:
        """The value of a key; None where the key is not there."""
        if key not in self._content:
            return None
        value = convert(self._content[key])
        if value is None:
            self._refuse(key, self._content[key], expected)
        return value

    def path(self, key: str, text: str, base: Path) -> Path:
        """An absolute path; `~` is the home folder, a relative one starts at the file's folder."""
        if not text.strip() or not text.isprintable():
            self._refuse(key, text, "the name of a folder")
        try:
            return base / local_path(text).expanduser()
        except LocationError:
            self._refuse(key, text, "a folder of this machine")
        except RuntimeError:  # ~somebody who has no account
            self._refuse(key, text, "a home folder that is there")

    def tables(self, key: str) -> list[_Table]:
        """The tables inside a table of tables."""
        inner = self.take(key, _mapping, f"a table for each name, such as [{key}.NAME]") or {}
        found = []
        for name, content in inner.items():
            table = _mapping(content)
            if table is None:
                self._refuse(f"{key}.{_brief(name)}", content, f"a table, [{key}.{_brief(name)}]")
            found.append(_Table(self._path, f"{self._prefix}{key}.{_brief(name)}.", table, name))
        return found

    def _refuse(self, key: str, value: object, expected: str) -> NoReturn:
        raise FormatError(
            f"{self._path}: {strip_control(self._prefix)}{key} is {shown(value)}, expected {expected}; "
            "correct it"
        )


def _dataset(table: _Table, base: Path) -> DatasetChoices:
    table.known("root", "protocol", "options")
    root = table.take("root", _string, "a folder")
    options = table.take("options", _options, 'names with texts or numbers, such as { trainval = "0.1" }')
    return DatasetChoices(
        root=None if root is None else table.path("root", root, base),
        protocol=table.take("protocol", _string, "the name of a protocol"),
        options=MappingProxyType(options or {}),
    )


def _model(table: _Table) -> ModelChoices:
    table.known("preset")
    return ModelChoices(preset=table.take("preset", _string, "the name of a preset"))


def _string(value: Any) -> str | None:
    return value if isinstance(value, str) and value else None


def _strings(value: Any) -> tuple[str, ...] | None:
    values = [value] if isinstance(value, str) else value
    if not isinstance(values, list) or not values or not all(map(_string, values)):
        return None
    return tuple(values)


def _device(value: Any) -> str | None:
    return value if isinstance(value, str) and _DEVICE.fullmatch(value) else None


def _workers(value: Any) -> int | None:
    is_count = isinstance(value, int) and not isinstance(value, bool)
    return value if is_count and 1 <= value <= _MAX_WORKERS else None


def _mapping(value: Any) -> dict[str, Any] | None:
    return value if isinstance(value, dict) else None


def _options(value: Any) -> dict[str, str] | None:
    """As they would be typed on the command line."""
    if not isinstance(value, dict):
        return None
    allowed = all(
        isinstance(v, str | float) or (isinstance(v, int) and abs(v) < 2**63) for v in value.values()
    )
    if not allowed:
        return None
    return {k: str(v).lower() if isinstance(v, bool) else str(v) for k, v in value.items()}


def _brief(name: str) -> str:
    return strip_control(name if len(name) <= 60 else f"{name[:57]}...")
