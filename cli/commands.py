"""What all commands share: `Command`, and the options that mean the same everywhere."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

import click

QUIET = "rvosbench.quiet"
"""The key of `click.Context.meta` under which `--quiet` is kept for `cli.console`."""

WORDS = "rvosbench.words"
"""The key of `click.Context.meta` for the words that follow a command, for help and completion."""

_NUMBERS = (click.types.IntParamType, click.types.FloatParamType)

json_option = click.option(
    "--json", "as_json", is_flag=True, help="Print one JSON object to stdout instead of text."
)

dry_run_option = click.option(
    "--dry-run", is_flag=True, help="Only say what would be run; nothing is loaded or written."
)

check_option = click.option(
    "--dry-run", is_flag=True, help="Read and check everything, write nothing, and say what would come of it."
)
"""`--dry-run` of commands that read predictions."""


class Section(click.Option):
    """An option that the help shows under a heading of its own."""

    def __init__(self, *args: Any, section: str, **kwargs: Any) -> None:
        """
        Args:
            section: the heading.
            args: of `click.Option`.
            kwargs: of `click.Option`.
        """
        super().__init__(*args, **kwargs)
        self.section = section


class Command(click.Command):
    """A command of `rvos`.

    It takes `--quiet`, and it refuses a second value for an option that may be given once: click would take
    the last one, and `--dataset A --dataset B` would train on B alone without a word.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.params.append(_quiet_option())
        for param in self.params:
            if param.metavar is None and param.nargs == 1 and isinstance(param.type, _NUMBERS):
                param.metavar = "N"  # click would say INTEGER RANGE

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Parse, then refuse what was given twice."""
        given = list(args)  # click empties the list
        ctx.meta[WORDS] = tuple(args)
        rest = super().parse_args(ctx, args)
        if not ctx.resilient_parsing:
            self._refuse_repeated(ctx, given)
        return rest

    def format_options(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Options, then those of each section under its heading."""
        records: dict[str, list[tuple[str, str]]] = {"Options": []}
        for param in self.get_params(ctx):
            record = param.get_help_record(ctx) if isinstance(param, click.Option) else None
            if record is not None:
                heading = param.section if isinstance(param, Section) else "Options"
                records.setdefault(heading, []).append(record)
        for heading, rows in records.items():
            with formatter.section(heading):
                formatter.write_dl(rows)

    def _refuse_repeated(self, ctx: click.Context, args: list[str]) -> None:
        _, _, order = self.make_parser(ctx).parse_args(args=args)
        options = [param for param in order if isinstance(param, click.Option) and _takes_one(param)]
        for name, count in Counter(option.name for option in options).items():
            if count > 1:
                spelling = max(next(option.opts for option in options if option.name == name), key=len)
                times = "twice" if count == 2 else f"{count} times"
                raise click.UsageError(
                    f"{spelling} was given {times}, it takes one value; leave one of them out", ctx
                )


def command(name: str, *, cls: type[Command] = Command) -> Callable[[Callable[..., Any]], Command]:
    """The decorator of every command; `@click.command` would give one without what all share."""
    return click.command(name, cls=cls)


def _takes_one(option: click.Option) -> bool:
    """Whether a second value would replace the first; a plain flag that is given twice says nothing new."""
    is_plain_flag = option.is_bool_flag and not option.secondary_opts
    return not (option.multiple or option.count or is_plain_flag)


def _quiet_option() -> click.Option:
    def keep(ctx: click.Context, _: click.Parameter, value: bool) -> None:
        ctx.meta[QUIET] = value

    return click.Option(
        ["-q", "--quiet"],
        is_flag=True,
        expose_value=False,
        callback=keep,
        help="Only results, warnings and errors.",
    )
