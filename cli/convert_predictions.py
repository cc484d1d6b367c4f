"""`rvos convert-predictions`: predictions in any form that is read -> another form."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from .commands import check_option, command, json_option
from .names import PROTOCOL
from .paths import PATH
from .stores import dataset_option, only_split, open_store, release_option
from .tolerance_options import tolerance_options

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rvosbench.runs.tolerance import Tolerance
    from rvosbench.submission.conversion import Converted


@command("convert-predictions")
@click.argument("predictions", metavar="IN", type=PATH)
@dataset_option
@click.option("--split", help="The split that they answer.  [default: the store's only one]")
@click.option(
    "--protocol",
    type=PROTOCOL,
    help="Whether expressions or objects are answered.  [default: the dataset's own]",
)
@click.option(
    "--to",
    required=True,
    type=click.Choice(["png", "parquet", "json", "submission"]),
    help="The form to write; see above.",
)
@click.option(
    "--out", required=True, type=PATH, help="A folder; for json a file, for the others also a .zip."
)
@tolerance_options("surplus", "resize", "threshold")
@click.option("--overwrite", is_flag=True, help="Replace what is at --out.")
@check_option
@json_option
@release_option
def convert_predictions_command(
    predictions: Path,
    dataset: str,
    split: str | None,
    protocol: str | None,
    to: str,
    out: Path,
    tolerance: Mapping[str, Any],
    overwrite: bool,
    dry_run: bool,
    as_json: bool,
    release: Path | None,
) -> None:
    """Write predictions in another form.

    IN is what `rvos evaluate` scores: a run, Parquet, PNG folders, an archive, JSON with run lengths, .npz.

    \b
      parquet     as rvos predict writes them
      json        run lengths by video and expression
      png         one 0/255 PNG per frame, or palette PNGs for objects
      submission  png with every frame, as the dataset's server wants it

    parquet and json hold everything. png and submission hold the best mask of each expression and no scores;
    what is lost is said.

    \b
    Example:
      rvos convert-predictions results.json --dataset stores/ytvos \\
        --split heldout --to png --out results-png
    """
    from rvosbench.files.text import counted
    from rvosbench.runs.tolerance import Tolerance
    from rvosbench.submission.conversion import convert

    from .console import note, print_json, progress, warn

    store = open_store(dataset, release)
    let_pass = Tolerance(**tolerance)
    with progress("check" if dry_run else f"convert to {to}") as update:
        converted = convert(
            predictions,
            store,
            out,
            to=to,  # type: ignore[arg-type]  # click has checked it
            split=only_split(store, split),
            protocol=protocol,
            tolerance=let_pass,
            overwrite=overwrite,
            dry_run=dry_run,
            on_progress=update,
        )
    for line in converted.notes:
        note(f"Note: {line}")
    for line in _warnings(converted, let_pass):
        warn(line)
    if as_json:
        print_json({"schema_version": 1, "dry_run": dry_run} | asdict(converted))
        return
    note(f"{counted(converted.masks, 'mask')} of {counted(converted.videos, 'video')}")
    if not dry_run:
        click.echo(str(converted.out))


def _warnings(converted: Converted, tolerance: Tolerance) -> list[str]:
    """What is not in the new form, or was not right in the old one."""
    from rvosbench.runs.tolerance import marks

    said = [*converted.lost, *marks(tolerance, converted.adjusted)]
    if converted.missing:
        said.append(f"{converted.missing:,} expressions or objects have no prediction")
    return said
