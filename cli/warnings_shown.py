"""Warnings of libraries, one line each on stderr, as the commands' own."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TextIO

from .console import warn


class _Lines(logging.Handler):
    """What a library logs as a warning or worse."""

    def emit(self, record: logging.LogRecord) -> None:
        warn(record.getMessage())


@contextmanager
def warnings_as_lines() -> Iterator[None]:
    """While the body runs, logged and Python warnings are lines that start with "Warning:".

    Which Python warnings are shown at all is still decided by Python's filters.
    """

    def show(
        message: Warning | str,
        category: type[Warning],
        filename: str,
        lineno: int,
        file: TextIO | None = None,
        line: str | None = None,
    ) -> None:
        warn(str(message))

    handler = _Lines(logging.WARNING)
    root = logging.getLogger()
    before = warnings.showwarning
    root.addHandler(handler)
    warnings.showwarning = show
    try:
        yield
    finally:
        warnings.showwarning = before
        root.removeHandler(handler)
