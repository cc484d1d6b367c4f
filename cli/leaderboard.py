"""`rvos leaderboard`: scored runs side by side, one table per dataset, split and protocol."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from .commands import command, json_option
from .names import METRIC, PROTOCOL
from .paths import PATH
from .places import RunPath, scored_runs
from .table_options import csv_option, one_on_stdout, write_csv

if TYPE_CHECKING:
    from collections.abc import Sequence

    from rvosbench.reporting.standings import Table


@command("leaderboard")
@click.argument("runs", nargs=-1, type=RunPath(), metavar="[RUN...]")
@click.option("--protocol", type=PROTOCOL, help="Only scores under this one.  [default: a table for each]")
@click.option(
    "--metric", "metrics", type=METRIC, multiple=True, help="Show this one; repeatable.  [default: all]"
)
@click.option("--all", "everything", is_flag=True, help="Show columns that do not fit below the others.")
@click.option("--intervals", is_flag=True, help="Show the intervals of all metrics, in LaTeX too.")
@click.option("--second", is_flag=True, help="Underline the second best of each metric.")
@click.option(
    "--against", type=RunPath(), metavar="RUN", help="Test all others against this run and mark them."
)
@click.option("--out", type=PATH, help="Also write leaderboard.md, .json, .csv and .tex there.")
@csv_option
@click.option("--latex", is_flag=True, help="Print LaTeX (booktabs).")
@click.option("--markdown", is_flag=True, help="Print Markdown.")
@json_option
def leaderboard_command(
    runs: tuple[Path, ...],
    protocol: str | None,
    metrics: tuple[str, ...],
    everything: bool,
    intervals: bool,
    second: bool,
    against: Path | None,
    out: Path | None,
    csv_file: Path | None,
    latex: bool,
    markdown: bool,
    as_json: bool,
) -> None:
    """Rank scored runs.

    They are those that are named, else all of the workspace. Numbers under two protocols never stand in
    one table. Runs without scores are left out with a warning.

    The best figure of each metric is bold. A letter beside a run says that its predictions were imperfect
    and how. With --against, a dagger marks what differs with p < 0.05 (Holm).

    \b
    Example:
      rvos leaderboard
      rvos leaderboard runs/soc runs/random-object --all
      rvos leaderboard --protocol ytvos --out boards
      rvos leaderboard runs/soc runs/baseline --against runs/baseline --latex
      rvos leaderboard runs/soc runs/baseline --csv -
    """
    from rvosbench.reporting import leaderboard

    from .console import print_json, stdout_console

    one_on_stdout(csv_file, latex=latex, markdown=markdown, json=as_json)
    ranked: Sequence[Table] = leaderboard.leaderboard(runs or scored_runs(), protocol, against=against).tables
    if out is not None:
        leaderboard.write(ranked, out)
    printed = csv_file is not None and write_csv(
        csv_file, leaderboard.as_csv(_with(ranked, metrics), metrics=metrics)
    )
    if as_json:
        print_json(leaderboard.as_json(ranked))
    elif markdown:
        click.echo(leaderboard.as_markdown(_with(ranked, metrics), metrics=metrics, second=second))
    elif latex:
        text = leaderboard.as_latex(
            _with(ranked, metrics), metrics=metrics, intervals=intervals, second=second
        )
        click.echo(text, nl=False)
    elif not printed:
        console = stdout_console()
        for table in _with(ranked, metrics):
            drawn = leaderboard.as_rich(
                table, metrics=metrics, everything=everything, intervals=intervals, second=second
            )
            console.print(drawn)


def _with(ranked: Sequence[Table], metrics: Sequence[str]) -> Sequence[Table]:
    """The tables that have the metrics that were asked for.

    Raises:
        UnknownNameError: none has; the message says what the first one has.
    """
    from .console import warn

    fitting = [table for table in ranked if set(metrics) <= set(table.metric_names)]
    for table in ranked if fitting else ():
        if table not in fitting:
            absent = ", ".join(name for name in metrics if name not in table.metric_names)
            warn(f"{table.title} has no {absent}; the table is left out")
    return fitting or ranked
