"""`rvos report`: a scored run -> one HTML page that shows where it fails."""

from __future__ import annotations

from pathlib import Path

import click

from .commands import command
from .names import PROTOCOL
from .paths import NAME_OR_PATH, PATH
from .places import RunPath
from .stores import open_store, release_option


@command("report")
@click.argument("run", type=RunPath())
@click.option(
    "--dataset",
    type=NAME_OR_PATH,
    metavar="STORE",
    help="The store with the frames.  [default: the one of the scores]",
)
@click.option("--against", multiple=True, type=RunPath(), help="Another scored run; repeatable.")
@click.option("--mismatched", type=RunPath(), help="The same model's run with mismatched expressions.")
@click.option("--swapped", type=RunPath(), hidden=True, help="What --mismatched was called.")
@click.option(
    "--predictions",
    type=PATH,
    help="Where they are.  [default: where they were scored]",
)
@click.option(
    "--protocol", type=PROTOCOL, help="Whose scores to show.  [default: the dataset's own, or RUN's only one]"
)
@click.option("--kinds", is_flag=True, help="Scores per kind of expression; synthetic releases only.")
@click.option(
    "--worst", default=12, show_default=True, type=click.IntRange(0), help="How many of the worst to show."
)
@click.option("--best", default=12, show_default=True, type=click.IntRange(0), help="How many of the best.")
@click.option("--out", type=PATH, help="The page.  [default: RUN/report/index.html, made anew each time]")
@click.option("--overwrite", is_flag=True, help="Replace a file that is already at --out.")
@release_option
def report_command(
    run: Path,
    dataset: str | None,
    against: tuple[Path, ...],
    mismatched: Path | None,
    swapped: Path | None,
    predictions: Path | None,
    protocol: str | None,
    kinds: bool,
    worst: int,
    best: int,
    out: Path | None,
    overwrite: bool,
    release: Path | None,
) -> None:
    """Write an HTML page that shows where RUN fails.

    One self-contained file: scores, and the worst and best expressions as filmstrips.

    \b
    Example:
      rvos report runs/soc --against runs/random-object
    """
    from rvosbench.files.places import check_file
    from rvosbench.reporting.page import ReportOptions, write_page
    from rvosbench.runs.run import open_run
    from rvosbench.synthetic.language import kind_of
    from rvosbench.workspace.choices import recorded_store

    from .console import warn

    if out is not None:
        check_file(out, overwrite=overwrite, parents=True)
    if swapped is not None:
        warn("--swapped is now called --mismatched; the old name will go")
    opened = open_run(run)
    if not dataset:
        scores = opened.scores(protocol)
        store = scores.store or (opened.record.store if opened.record else None)
        dataset = recorded_store(store or "", scores.store_fingerprint)
    if not dataset:
        raise click.UsageError("missing option '--dataset': the store with the frames")
    page = write_page(
        opened,
        open_store(dataset, release),
        out,
        ReportOptions(
            predictions=predictions,
            protocol=protocol,
            others=against,
            mismatched=mismatched or swapped,
            kind_of=kind_of if kinds else None,
            worst=worst,
            best=best,
        ),
    )
    click.echo(str(page))
