"""`rvos compare`: scored runs against a first one, with intervals and p values."""

from __future__ import annotations

from pathlib import Path

import click


@click.command("compare")
@click.argument("runs", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="RUN_A RUN_B...")
@click.option(
    "--seed",
    default=0,
    show_default=True,
    type=click.IntRange(0),
    help="Of the bootstrap and the permutations.",
)
@click.option(
    "--json", "json_file", type=click.Path(path_type=Path), metavar="FILE", help="Also write a JSON file."
)
def compare_command(runs: tuple[Path, ...], seed: int, json_file: Path | None) -> None:
    """Compare scored runs with the first.

    Shows the difference in every metric that is a mean or a ratio, its interval (95 %) and p value; with
    several runs also p values adjusted by Holm's method. All runs must have been scored under one
    protocol, on one split of one store.

    \b
    Example:
      rvos compare runs/baseline runs/mine runs/yours --json differences.json
    """
    import json

    from rvosbench.files.atomic import write_text
    from rvosbench.reporting.comparison import as_json, as_rich, compare_runs, footnotes
    from rvosbench.reporting.leaderboard import tables

    from .console import stdout_console

    if len(runs) < 2:
        raise click.UsageError("name two or more runs; the first is what the others are compared with")
    found = compare_runs(runs, seed=seed)
    if json_file is not None:
        write_text(json_file, json.dumps(as_json(found), indent=1, ensure_ascii=False) + "\n")
    console = stdout_console()
    console.print(tables([found.first])[0].title, style="bold", markup=False)
    for contrast in found.others:
        console.print(as_rich(found, contrast))
    for line in footnotes(found):
        console.print(line, style="dim", markup=False)
