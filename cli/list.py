"""`rvos list`: what can be named on the command line, built in or from a plugin."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click

from .commands import command, json_option

if TYPE_CHECKING:
    from rvosbench.plugins.options import OptionRow

KINDS = ("datasets", "models", "presets", "metrics", "protocols")


@command("list")
@click.argument("kind", required=False, metavar="[datasets|models|presets|metrics|protocols]")
@json_option
def list_command(kind: str | None, as_json: bool) -> None:
    """List datasets, models, presets, metrics and protocols.

    Built-in ones and those that other installed packages bring. `rvos list datasets` and `rvos list models`
    also show the options of each, for `rvos prepare -o KEY=VALUE` and `rvos predict -o KEY=VALUE`.

    \b
    Example:
      rvos list models
      rvos list datasets
    """
    from rvosbench.errors import UnknownNameError
    from rvosbench.plugins.registry import DATASETS, MODELS, unknown

    from .console import print_json
    from .dataset_options import described

    if kind is not None and kind not in KINDS:
        raise UnknownNameError(unknown("list", kind, list(KINDS)))
    found = {each: _entries(each) for each in ([kind] if kind else KINDS)}
    options = {
        key: described(registry, found[key])
        for key, registry in (("datasets", DATASETS), ("models", MODELS))
        if key in found
    }
    if as_json:
        rows = {
            f"{key.removesuffix('s')}_options": {
                name: [asdict(row) for row in of_one] for name, of_one in by_name.items()
            }
            for key, by_name in options.items()
        }
        print_json({"schema_version": 1} | found | rows)
        return
    for each, entries in found.items():
        click.echo(each)
        width = max(map(len, entries), default=0)
        for name, summary in entries.items():
            first, *rest = summary.splitlines()
            click.echo(f"  {name:<{width}}  {first}")
            for line in rest:
                click.echo(f"  {'':<{width}}  {line}")
            if kind in options and options[kind].get(name):
                _write_options(options[kind][name])


def _write_options(rows: tuple[OptionRow, ...]) -> None:
    """The options of one dataset or model, below its line."""
    from .dataset_options import option_lines

    formatter = click.HelpFormatter(width=76)
    formatter.current_indent = 6
    formatter.write_dl([(f"-o {option}", text) for option, text in option_lines(rows)])
    click.echo(formatter.getvalue(), nl=False)


def _entries(kind: str) -> dict[str, str]:
    """Name -> what it is, in one or two lines."""
    from rvosbench.errors import PluginError
    from rvosbench.plugins.registry import DATASETS, METRICS, MODELS, PROTOCOLS, Registry

    registries: dict[str, Registry[Any]] = {
        "datasets": DATASETS,
        "models": MODELS,
        "presets": MODELS,
        "metrics": METRICS,
        "protocols": PROTOCOLS,
    }
    registry = registries[kind]
    entries: dict[str, str] = {}
    for name, entry in registry.entries().items():
        origin = "" if entry.distribution == "rvosbench" else f"  (from {entry.distribution})"
        try:
            item = registry[name]
            if kind == "presets":
                entries |= {
                    preset: f"{of.summary} (rvos train {name})" for preset, of in item.presets.items()
                }
            else:
                entries[name] = _summary(kind, item) + origin
        except PluginError as error:
            entries[name] = f"broken: {error}"
    return entries


def _summary(kind: str, item: Any) -> str:
    """What a record says about itself."""
    if kind == "datasets":
        return str(item.card.title)
    return str(getattr(item, {"models": "summary", "metrics": "title", "protocols": "explanation"}[kind]))
