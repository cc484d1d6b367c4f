"""`rvos list`: what can be named on the command line, built in or from a plugin, and what is broken."""

from __future__ import annotations

import textwrap
from typing import TYPE_CHECKING

import click

from rvosbench.files.text import strip_control

from . import listing
from .commands import command, json_option
from .listing import KINDS, broken, items
from .names import LIST_KIND

if TYPE_CHECKING:
    from collections.abc import Iterable

    from rvosbench.plugins.options import OptionRow

    from .listing import Broken, Item

_COLUMNS = 80
_WIDEST = 20  # a longer name stands on a line of its own
_SHOWN = (
    "datasets",
    "models",
    "metrics",
    "protocols",
    "servers",
)  # without a KIND; presets stand with their models


@command("list")
@click.argument("kind", required=False, type=LIST_KIND, metavar="[KIND]")
@json_option
def list_command(kind: str | None, as_json: bool) -> None:
    """List datasets, models, metrics, protocols, servers.

    KIND is datasets, models, presets, metrics, protocols, servers or broken. Listed are the built-in ones
    and those of other installed packages; what these packages register and cannot be used is listed as
    broken, with the reason.

    `rvos list datasets` and `rvos list models` also show the options of each, for `rvos prepare -o KEY=VALUE`
    and `rvos predict -o KEY=VALUE`. `rvos list servers` shows what each server of `rvos submit` takes, where
    that was read, and what is not verified.

    \b
    Example:
      rvos list
      rvos list datasets
      rvos list servers
      rvos list --json > names.json
    """
    from rvosbench.errors import UnknownNameError
    from rvosbench.plugins.registry import OURS, unknown

    from .console import print_json

    if kind is not None and kind not in KINDS:
        raise UnknownNameError(unknown("list", kind, list(KINDS)))
    shown = _SHOWN if kind is None else () if kind == "broken" else (kind,)
    found = {each: list(items(each)) for each in shown}
    faults = broken({"broken": None, "presets": "models"}.get(kind or "broken", kind))
    if as_json:
        print_json(listing.as_json(found, faults))
        return
    for each, of in found.items():
        click.echo(each)
        width = min(_WIDEST, max((len(item.name) for item in of), default=0))
        for item in of:
            _write_item(item, width, OURS)
            if kind is not None and item.options:
                _write_options(item.options)
    _write_broken(faults)


def _write_item(item: Item, width: int, ours: str) -> None:
    origin = "" if item.package == ours else f"  (from {item.package})"
    _write(item.name, f"{item.summary}{origin}", indent=2, width=width)
    for preset, summary in item.presets:
        _write(preset, summary, indent=4, width=max(len(name) for name, _ in item.presets))


def _write(name: str, summary: str, *, indent: int, width: int) -> None:
    """A name, and its summary beside it; each line of the summary is wrapped on its own."""
    left = " " * (indent + width + 2)
    lines = [
        piece
        for line in summary.splitlines()
        for piece in textwrap.wrap(strip_control(line), _COLUMNS - len(left), break_on_hyphens=False) or [""]
    ]
    name = strip_control(name)
    head = f"{' ' * indent}{name:<{width}}  "
    if len(name) > width:
        click.echo(head.rstrip())
        head = left
    for number, line in enumerate(lines):
        click.echo(f"{left if number else head}{line}".rstrip())


def _write_options(rows: Iterable[OptionRow]) -> None:
    """The options of one dataset or model, below its line."""
    from .dataset_options import option_lines

    formatter = click.HelpFormatter(width=_COLUMNS - 4)
    formatter.current_indent = 6
    formatter.write_dl([(f"-o {option}", text) for option, text in option_lines(tuple(rows))])
    click.echo(formatter.getvalue(), nl=False)


def _write_broken(faults: list[Broken]) -> None:
    if not faults:
        return
    click.echo("broken")
    for fault in faults:
        packages = " and ".join(fault.packages)
        click.echo(
            strip_control(f"  {fault.kind} {fault.name}" + (f"  (from {packages})" if packages else ""))
        )
        for line in textwrap.wrap(strip_control(fault.reason), _COLUMNS - 4, break_on_hyphens=False):
            click.echo(f"    {line}")
