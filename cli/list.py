"""`rvos list`: what can be named on the command line, built in or from a plugin."""

from __future__ import annotations

from typing import Any

import click

from .commands import command, json_option

KINDS = ("datasets", "models", "presets", "protocols")


@command("list")
@click.argument("kind", required=False, metavar="[datasets|models|presets|protocols]")
@json_option
def list_command(kind: str | None, as_json: bool) -> None:
    """List datasets, models, presets and protocols.

    Built-in ones and those that other installed packages bring.

    \b
    Example:
      rvos list models
    """
    from rvosbench.errors import UnknownNameError
    from rvosbench.plugins.registry import unknown

    from .console import print_json

    if kind is not None and kind not in KINDS:
        raise UnknownNameError(unknown("list", kind, list(KINDS)))
    found = {each: _entries(each) for each in ([kind] if kind else KINDS)}
    if as_json:
        print_json({"schema_version": 1} | found)
        return
    for each, entries in found.items():
        click.echo(each)
        width = max(map(len, entries), default=0)
        for name, summary in entries.items():
            first, *rest = summary.splitlines()
            click.echo(f"  {name:<{width}}  {first}")
            for line in rest:
                click.echo(f"  {'':<{width}}  {line}")


def _entries(kind: str) -> dict[str, str]:
    """Name -> what it is, in one or two lines."""
    from rvosbench.errors import PluginError
    from rvosbench.plugins.registry import DATASETS, MODELS, Registry

    if kind == "protocols":
        from rvosbench.plugins.registry import PROTOCOLS

        return {name: protocol.explanation for name, protocol in PROTOCOLS.items()}
    registry: Registry[Any] = DATASETS if kind == "datasets" else MODELS
    entries: dict[str, str] = {}
    for name, entry in registry.entries().items():
        origin = "" if entry.distribution == "rvosbench" else f"  (from {entry.distribution})"
        try:
            item = registry[name]
            if kind == "presets":
                entries |= dict.fromkeys(getattr(item, "presets", ()), f"of the model {name}")
            else:
                entries[name] = (_title(item) if kind == "datasets" else item.summary) + origin
        except PluginError as error:
            entries[name] = f"broken: {error}"
    return entries


def _title(spec: object) -> str:
    from rvosbench.errors import PluginError
    from rvosbench.plugins.dataset import DatasetSpec

    if not isinstance(spec, DatasetSpec):
        raise PluginError(f"it is {type(spec).__name__}, expected rvosbench.plugins.dataset.DatasetSpec")
    return spec.card.title
