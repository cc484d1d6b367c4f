"""Options of datasets on the command line: `-o KEY=VALUE`, `--KEY VALUE`, and what `--help` says of them."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any

import click

from .commands import WORDS, Command
from .help_text import write_names

if TYPE_CHECKING:
    from rvosbench.plugins.options import OptionRow
    from rvosbench.plugins.registry import Registry

_FLAGS = "rvosbench.flags"


def dataset_options(function: Callable[..., Any]) -> Callable[..., Any]:
    """`-o KEY=VALUE` for a command of the class `DatasetCommand`; its parameter is `pairs`."""
    return click.option(
        "-o",
        "--option",
        "pairs",
        multiple=True,
        metavar="KEY=VALUE",
        help="An option of the dataset, see below; repeatable.",
    )(function)


def chosen_options(ctx: click.Context, pairs: tuple[str, ...]) -> dict[str, str]:
    """What was chosen for the dataset, whichever way it was written.

    Raises:
        OptionError: an option is given twice, or is not KEY=VALUE.
    """
    from rvosbench.plugins.options import split_pairs

    flags: dict[str, str] = ctx.meta.get(_FLAGS, {})
    return split_pairs((*pairs, *(f"{key}={value}" for key, value in flags.items())))


class DatasetCommand(Command):
    """A command about the dataset that its first argument names.

    Each option of the dataset may be written as a flag of its own. The flags of all built-in datasets are
    known, so that one that belongs to another dataset is refused by name.
    """

    def get_params(self, ctx: click.Context) -> list[click.Parameter]:
        """The command's own parameters and the flags of datasets, which the help shows in its own way."""
        params = super().get_params(ctx)
        taken = {spelling for param in params for spelling in param.opts}
        names = dict.fromkeys(row.name for rows in _options_of(ctx).values() for row in rows)
        return [*params, *(_flag(name) for name in names if f"--{name}" not in taken)]

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The options of the named dataset with what they mean, or the names of all."""
        named = _named(ctx)
        found = _options_of(ctx)
        if named is None:
            with formatter.section("Options of datasets (explained by `rvos prepare NAME --help`)"):
                for name, rows in found.items():
                    write_names(formatter, name, ", ".join(row.name for row in rows) or "-")
            return
        rows = found.get(named, ())
        if not rows:
            formatter.write(f"\n{named} has no options of its own.\n")
            return
        with formatter.section(f"Options of {named} (-o KEY=VALUE, or --KEY VALUE)"):
            formatter.write_dl(list(option_lines(rows)))


def options_of(datasets: Iterable[str]) -> dict[str, tuple[OptionRow, ...]]:
    """The options of datasets; those that cannot be imported are left out."""
    from rvosbench.plugins.registry import DATASETS

    return described(DATASETS, datasets)


def described(registry: Registry[Any], names: Iterable[str]) -> dict[str, tuple[OptionRow, ...]]:
    """The options of datasets or models; those that cannot be imported are left out."""
    from rvosbench.errors import PluginError
    from rvosbench.plugins.options import describe_options

    rows = {}
    for name in names:
        with contextlib.suppress(PluginError):  # told by whoever uses it
            rows[name] = describe_options(registry[name].options)
    return rows


def option_lines(rows: tuple[OptionRow, ...]) -> Iterator[tuple[str, str]]:
    """Each option as it is written, and what it means."""
    for row in rows:
        value = row.type if "|" in row.type else row.type.upper()
        default = "" if row.default is None else f"  [default: {row.default}]"
        yield f"{row.name}={value}", row.help + default


def _flag(name: str) -> click.Option:
    def keep(ctx: click.Context, _: click.Parameter, value: str | None) -> None:
        if value is not None:
            ctx.meta.setdefault(_FLAGS, {})[name] = value

    return click.Option([f"--{name}"], hidden=True, expose_value=False, callback=keep)


def _named(ctx: click.Context) -> str | None:
    """The dataset among the words of the command line."""
    from rvosbench.plugins.registry import DATASETS

    return next((word for word in ctx.meta.get(WORDS, ()) if word in DATASETS), None)


def _options_of(ctx: click.Context) -> dict[str, tuple[OptionRow, ...]]:
    """The options of all built-in datasets and of the named one, as far as it can be imported."""
    from rvosbench.plugins.registry import DATASETS, OURS

    named = _named(ctx)
    entries = DATASETS.entries().items()
    return options_of([name for name, entry in entries if entry.distribution == OURS or name == named])
