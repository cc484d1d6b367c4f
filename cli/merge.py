"""`rvos merge`: parts of a run -> the run."""

from __future__ import annotations

from pathlib import Path

import click

from .commands import command, json_option
from .paths import NAME_OR_PATH, PATH
from .places import RunPath
from .stores import release_option


@command("merge")
@click.argument("parts", nargs=-1, required=True, type=RunPath(), metavar="PART...")
@click.option("--out", type=PATH, required=True, help="The run to write.")
@click.option(
    "--dataset",
    type=NAME_OR_PATH,
    metavar="STORE",
    help="A store or its name.  [default: the one the parts were made from]",
)
@click.option("--overwrite", is_flag=True, help="Replace predictions that are already at --out.")
@click.option("--allow-empty", is_flag=True, help="Merge scores even if all masks are empty.")
@json_option
@release_option
def merge_command(
    parts: tuple[Path, ...],
    out: Path,
    dataset: str | None,
    overwrite: bool,
    allow_empty: bool,
    as_json: bool,
    release: Path | None,
) -> None:
    """Make one run of all its parts.

    PARTs are what --shard of predict or evaluate wrote. Every expression must be in exactly one part, and
    all parts must be made alike: what is missing, doubled or different is named, with the shard to make
    again. The run is equal to one made in one go. Scores that all parts have are merged too.

    \b
    Example:
      rvos merge runs/centre-1 runs/centre-2 --out runs/centre
    """
    from rvosbench.evaluation.merge_parts import merge
    from rvosbench.files.text import counted
    from rvosbench.workspace.choices import recorded_store

    from .console import note, print_json, progress, warn
    from .stores import open_store

    if dataset is None:
        from rvosbench.runs.run import open_run

        record = open_run(parts[0]).record
        if record is not None:
            dataset = recorded_store(record.store or "", record.store_fingerprint)
    store = None if dataset is None else open_store(dataset, release)
    with progress("merge") as update:
        merged = merge(
            parts, out=out, store=store, overwrite=overwrite, allow_empty=allow_empty, on_progress=update
        )
    for remark in merged.notes:
        warn(remark)
    scored = f", scores under {', '.join(merged.protocols)}" if merged.protocols else ""
    note(f"Merged {counted(merged.parts, 'part')}{scored}; times in run.json are their sums.")
    if as_json:
        print_json(
            {
                "schema_version": 1,
                **{"run": merged.run, "parts": merged.parts},
                **{"protocols": merged.protocols, "notes": merged.notes},
            }
        )
    else:
        click.echo(str(merged.run))
