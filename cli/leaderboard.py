"""`rvos leaderboard`: scored runs side by side, one table per dataset, split and protocol."""

from __future__ import annotations

from pathlib import Path

import click


@click.command("leaderboard")
@click.argument("runs", nargs=-1, required=True, type=click.Path(path_type=Path), metavar="RUN...")
@click.option(
    "--out", type=click.Path(path_type=Path), help="Also write leaderboard.md and leaderboard.json there."
)
@click.option("--markdown", is_flag=True, help="Print Markdown.")
@click.option("--json", "as_json_", is_flag=True, help="Print one JSON object.")
def leaderboard_command(runs: tuple[Path, ...], out: Path | None, markdown: bool, as_json_: bool) -> None:
    """Rank scored runs.

    Numbers under two protocols never stand in one table.

    \b
    Example:
      rvos leaderboard runs/soc runs/random-object --out boards
    """
    import json

    from rvosbench.reporting.leaderboard import as_json, as_markdown, as_rich, collect, tables, write

    from .console import stdout_console

    if markdown and as_json_:
        raise click.UsageError("choose one of --markdown and --json")
    found = tables(collect(runs))
    if out is not None:
        write(found, out)
    if as_json_:
        click.echo(json.dumps(as_json(found), indent=1, ensure_ascii=False))
    elif markdown:
        click.echo(as_markdown(found))
    else:
        console = stdout_console()
        for table in found:
            console.print(as_rich(table))
