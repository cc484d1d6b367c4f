"""How commands talk: results on stdout, all else on stderr; bars on a terminal, plain lines elsewhere."""

from __future__ import annotations

import math
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import PurePath
from typing import TYPE_CHECKING, Any, Protocol

import click

from rvosbench.files.text import one_line as folded

from .commands import QUIET

if TYPE_CHECKING:
    from rich.console import Console

_LINE_EVERY_S = 10.0  # without a terminal, a sign of life this often


class Update(Protocol):
    """Reports progress: so much done of so much, and what is being done."""

    def __call__(self, done: int, total: int, note: str = "") -> None:
        """So much of `total` is `done`."""
        ...


@contextmanager
def progress(title: str, total: int | None = None) -> Iterator[Update]:
    """A progress bar on stderr while the body runs; nothing with `--quiet`.

    Yields:
        A function (done, total, note) to call as often as one likes.
    """
    if _is_quiet():
        yield _silent
    elif sys.stderr.isatty():
        with _bar(title, total) as update:
            yield update
    else:
        yield _Lines(title)


@contextmanager
def _bar(title: str, total: int | None) -> Iterator[Update]:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = (
        TextColumn("{task.description}"),
        BarColumn(bar_width=24),
        MofNCompleteColumn(),
        TimeRemainingColumn(compact=True),
        TextColumn("{task.fields[note]}", style="dim"),
    )
    with Progress(*columns, console=Console(stderr=True), transient=False) as bars:
        task = bars.add_task(title, total=total, note="")

        def update(done: int, total: int, note: str = "") -> None:
            bars.update(task, completed=done, total=total, note=note)

        yield update


class _Lines:
    """One line at the start, one every few seconds, one at the end."""

    def __init__(self, title: str) -> None:
        self._title = title
        self._said = 0.0

    def __call__(self, done: int, total: int, note: str = "") -> None:
        now = time.monotonic()
        if done < total and now - self._said < _LINE_EVERY_S:
            return
        self._said = now
        click.echo(f"{self._title} {done}/{total} {note}".rstrip(), err=True)


def _silent(done: int, total: int, note: str = "") -> None:
    """An `Update` that says nothing."""


def note(message: str) -> None:
    """A remark for the person at the terminal, one line on stderr; nothing with `--quiet`."""
    if not _is_quiet():
        click.echo(one_line(message), err=True)


def warn(message: str) -> None:
    """Something that the person should know, one line on stderr, with `--quiet` too."""
    click.echo(f"Warning: {one_line(message)}", err=True)


def one_line(message: str) -> str:
    """`message` on one line, without what would steer a terminal; an indent is kept."""
    indent = message[: len(message) - len(message.lstrip(" "))]
    return indent + folded(message)


def print_json(content: Mapping[str, Any]) -> None:
    """The one object that a command with `--json` prints. Paths are text.

    JSON has no NaN: a number that is not known is null.
    """
    import json

    text = json.dumps(_plain(content), indent=1, ensure_ascii=False, allow_nan=False)
    # File names that are no UTF-8 hold lone surrogates; JSON writes them as \udcff.
    click.echo(text.encode("utf-8", "backslashreplace").decode())


def stdout_console() -> Console:
    """A rich console on stdout; 80 columns when the output is not a terminal."""
    from rich.console import Console

    return Console(width=None if sys.stdout.isatty() else 80, highlight=False, soft_wrap=False)


def _is_quiet() -> bool:
    ctx = click.get_current_context(silent=True)
    return ctx is not None and bool(ctx.meta.get(QUIET))


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, PurePath):
        return str(value)
    return None if isinstance(value, float) and not math.isfinite(value) else value
