"""The examples in the help of commands, as data: the suite runs every one of them."""

from __future__ import annotations

import inspect
from collections.abc import Iterator

import click

_HEADINGS = ("Example:", "Examples:")


def examples_of(command: click.Command) -> tuple[str, ...]:
    """The command lines of a help's `Example:` block, continuation lines joined.

    Example:
        >>> examples_of(click.Command("sum", help="Add.\\n\\nExample:\\n  rvos sum 1 2\\n  rvos sum 3"))
        ('rvos sum 1 2', 'rvos sum 3')
    """
    lines = iter(inspect.cleandoc(command.help or "").splitlines())
    for line in lines:
        if line.strip() in _HEADINGS:
            return tuple(_joined(lines))
    return ()


def _joined(lines: Iterator[str]) -> Iterator[str]:
    """Up to the next empty line; a line that ends with a backslash goes on in the next."""
    begun = ""
    for line in lines:
        text = line.strip()
        if not text:
            return
        if text.endswith("\\"):
            begun += text.removesuffix("\\")
            continue
        yield begun + text
        begun = ""
