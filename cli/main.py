"""`rvos`: the group of all commands, and the one place where an error becomes a line and an exit code.

Exit codes: 0 done, 1 error, 2 wrong usage, 3 invalid data, 130 interrupted.
"""

from __future__ import annotations

import errno
import importlib
import os
import sys
from collections.abc import Sequence

import click

from rvosbench import __version__
from rvosbench.errors import RvosbenchError
from rvosbench.plugins.registry import unknown

from .commands import Command
from .console import one_line
from .warnings_shown import warnings_as_lines

# Of the machine or of a name that was given, not of this program.
_OUTSIDE = (
    errno.ENOSPC,
    errno.EDQUOT,
    errno.EACCES,
    errno.EROFS,
    errno.EPERM,
    errno.ENAMETOOLONG,
    errno.ELOOP,
)

# name -> file beside this one, with _ for -; the function in it has the same name. In the order of the work.
COMMANDS = (
    "demo",
    "init",
    "synth",
    "prepare",
    "info",
    "verify",
    "preview",
    "export",
    "train",
    "convert-checkpoint",
    "predict",
    "convert-predictions",
    "evaluate",
    "merge",
    "submit",
    "leaderboard",
    "compare",
    "report",
    "segment",
    "list",
    "status",
    "doctor",
)


class LazyGroup(click.Group):
    """Imports a command's file when the command is asked for; the files import the work even later."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Show the help when nothing else was asked for."""
        if not args and not ctx.resilient_parsing:
            click.echo(ctx.get_help(), err=True)
            ctx.exit(2)
        return super().parse_args(ctx, args)

    def list_commands(self, ctx: click.Context) -> list[str]:
        """In the order of the work, not of the alphabet."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of that name, or None."""
        if cmd_name not in COMMANDS:
            return None
        name = cmd_name.replace("-", "_")
        module = importlib.import_module(f".{name}", __package__)
        command = getattr(module, f"{name}_command")
        assert isinstance(command, Command)
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Refuse an unknown command with the nearest known one."""
        if args and not args[0].startswith("-") and args[0] not in COMMANDS:
            raise click.UsageError(unknown("command", args[0], list(COMMANDS)), ctx)
        return super().resolve_command(ctx, args)


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="rvos")
def cli() -> None:
    """Referring video object segmentation: datasets, models, scores.

    \b
    Five verbs over Parquet; each writes files that the next one reads:
      prepare    official release     ->  store
      train      store                ->  checkpoint
      predict    store + model        ->  predictions
      evaluate   store + predictions  ->  scores
      report     scores               ->  a page that shows where it fails

    Results go to stdout, everything else to stderr.

    \b
    Start here (no download, a few minutes on two CPU cores):
      rvos demo
    """


def main(arguments: Sequence[str] | None = None) -> None:
    """The script `rvos`. Always exits; an expected error is one line on stderr, never a traceback."""
    try:
        with warnings_as_lines():
            result = cli.main(args=arguments, prog_name="rvos", standalone_mode=False)
        code = result if isinstance(result, int) else 0
    except click.UsageError as error:
        path = error.ctx.command_path if error.ctx else "rvos"
        code = _say(f"{error.format_message().rstrip('.')}; see: {path} --help", 2)
    except click.ClickException as error:
        code = _say(error.format_message(), error.exit_code)
    except RvosbenchError as error:
        code = _say(str(error), error.exit_code)
    except (KeyboardInterrupt, click.Abort):
        code = _say("interrupted; nothing half-written was left under a final name", 130)
    except BrokenPipeError:
        # The reader of our output went away (`rvos list | head`); keep Python from complaining at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = 1
    except OSError as error:
        # A full disk, missing rights or an impossible name can strike anywhere; everything else is a bug
        # and shows its traceback.
        if error.errno not in _OUTSIDE:
            raise
        code = _say(
            f"{error.filename or 'the file system'}: {error.strerror}; free space or choose another place", 1
        )
    sys.exit(code)


def _say(message: str, code: int) -> int:
    click.echo(f"Error: {one_line(message)}", err=True)
    return code


if __name__ == "__main__":
    main()
