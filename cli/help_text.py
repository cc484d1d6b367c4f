"""Pieces of help that click has no words for."""

from __future__ import annotations

import textwrap

import click


def write_names(formatter: click.HelpFormatter, title: str, names: str) -> None:
    """A title and names beside it; as `write_dl`, which would break a line at a hyphen inside a name."""
    left = " " * formatter.current_indent
    lines = textwrap.wrap(
        names,
        width=formatter.width,
        initial_indent=f"{left}{title:<10}",
        subsequent_indent=left + " " * 10,
        break_on_hyphens=False,
    )
    formatter.write("".join(f"{line}\n" for line in lines))
