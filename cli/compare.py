"""`rvos compare`: scored runs against a first one, with intervals and p values."""

from __future__ import annotations

from pathlib import Path

import click

from .commands import command, json_option
from .names import PROTOCOL
from .paths import PATH
from .places import RunPath
from .table_options import csv_option, one_on_stdout, write_csv


@command("compare")
@click.argument("runs", nargs=-1, required=True, type=RunPath(), metavar="RUN_A RUN_B...")
@click.option(
    "--protocol", type=PROTOCOL, help="Whose scores.  [default: the dataset's own, or the only one]"
)
@click.option(
    "--seed",
    default=0,
    show_default=True,
    type=click.IntRange(0),
    help="Of the bootstrap and the permutations.",
)
@click.option("--out", type=PATH, metavar="FILE", help="Also write the JSON there.")
@csv_option
@click.option("--latex", is_flag=True, help="Print LaTeX (booktabs).")
@click.option("--markdown", is_flag=True, help="Print Markdown.")
@json_option
def compare_command(
    runs: tuple[Path, ...],
    protocol: str | None,
    seed: int,
    out: Path | None,
    csv_file: Path | None,
    latex: bool,
    markdown: bool,
    as_json: bool,
) -> None:
    """Compare scored runs with the first.

    Shows the difference in every metric that is a mean or a ratio, its interval (95 %) and p value; with
    several runs also p values adjusted by Holm's method. All runs must have been scored under one
    protocol, on one split of one store.

    \b
    Example:
      rvos compare runs/baseline runs/soc
      rvos compare runs/baseline runs/soc --protocol ytvos --out differences.json
      rvos compare runs/baseline runs/soc --latex
    """
    from rvosbench.files.atomic import write_json
    from rvosbench.files.text import strip_control
    from rvosbench.reporting import contrasts
    from rvosbench.reporting.comparison import compare_runs
    from rvosbench.reporting.standings import tables

    from .console import print_json, stdout_console

    if len(runs) < 2:
        raise click.UsageError("name two or more runs; the first is what the others are compared with")
    one_on_stdout(csv_file, latex=latex, markdown=markdown, json=as_json)
    compared = compare_runs(runs, protocol=protocol, seed=seed)
    if out is not None:
        write_json(out, compared.as_json())
    printed = csv_file is not None and write_csv(csv_file, contrasts.as_csv(compared))
    if as_json:
        print_json(compared.as_json())
    elif latex:
        click.echo(contrasts.as_latex(compared), nl=False)
    elif markdown:
        click.echo(contrasts.as_markdown(compared))
    elif not printed:
        console = stdout_console()
        console.print(tables([compared.first])[0].title, style="bold", markup=False)
        for contrast in compared.others:
            console.print(contrasts.as_rich(compared, contrast))
        for line in contrasts.footnotes(compared):
            console.print(strip_control(line), style="dim", markup=False)
