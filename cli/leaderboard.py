"""`rvos leaderboard`: scored runs side by side, one table per dataset, split and protocol."""

from __future__ import annotations

from pathlib import Path

import click

from .commands import command, json_option
from .names import PROTOCOL
from .paths import PATH
from .places import RunPath, scored_runs


@command("leaderboard")
@click.argument("runs", nargs=-1, type=RunPath(), metavar="[RUN...]")
@click.option("--protocol", type=PROTOCOL, help="Only scores under this one.  [default: a table for each]")
@click.option("--out", type=PATH, help="Also write leaderboard.md and leaderboard.json there.")
@click.option("--markdown", is_flag=True, help="Print Markdown.")
@json_option
def leaderboard_command(
    runs: tuple[Path, ...], protocol: str | None, out: Path | None, markdown: bool, as_json: bool
) -> None:
    """Rank scored runs.

    They are those that are named, else all of the workspace. Numbers under two protocols never stand in
    one table. Runs without scores are left out with a warning.

    \b
    Example:
      rvos leaderboard
      rvos leaderboard runs/soc runs/random-object
      rvos leaderboard --protocol ytvos --out boards
    """
    from rvosbench.reporting import leaderboard

    from .console import print_json, stdout_console

    if markdown and as_json:
        raise click.UsageError("choose one of --markdown and --json")
    found = leaderboard.leaderboard(runs or scored_runs(), protocol).tables
    if out is not None:
        leaderboard.write(found, out)
    if as_json:
        print_json(leaderboard.as_json(found))
    elif markdown:
        click.echo(leaderboard.as_markdown(found))
    else:
        console = stdout_console()
        for table in found:
            console.print(leaderboard.as_rich(table))
