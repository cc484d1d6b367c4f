"""`rvos prepare`: turn an official release into a store."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Literal

import click

from .commands import command, json_option
from .dataset_options import DatasetCommand, chosen_options, dataset_options
from .names import DATASET
from .paths import PATH
from .places import from_workspace, release_and_store

_SHOWN = 10  # skipped videos that are named


@command("prepare", cls=DatasetCommand)
@click.argument("name", metavar="DATASET", type=DATASET)
@click.option(
    "--root",
    type=PATH,
    help="The release, as downloaded.  [default: the one with a usual folder name in the workspace]",
)
@click.option(
    "--out",
    type=PATH,
    help="The store to write.  [default: named after DATASET in the workspace]",
)
@click.option("--splits", help="Only these splits, comma-separated.  [default: all that are there]")
@click.option("--limit", type=click.IntRange(1), help="Only the first N videos of each split.")
@dataset_options
@click.option("--pack", is_flag=True, help="Put the pixels into the store too: it needs no release then.")
@click.option(
    "--workers",
    type=click.IntRange(1),
    default=from_workspace("workers", 1),
    metavar="N",
    help="Read videos in N processes; by default as many as the workspace says, else 1. Each further one "
    "takes memory for its libraries and for a copy of the release's index, which is large for RefCOCO. The "
    "store is the same for any N.",
)
@click.option(
    "--on-error",
    type=click.Choice(["fail", "skip"]),
    default="fail",
    show_default=True,
    help="skip: leave out videos that cannot be read; they are listed at the end and in problems.parquet.",
)
@click.option(
    "--no-resume", is_flag=True, help="Forget the videos that an interrupted run at --out has finished."
)
@click.option("--overwrite", is_flag=True, help="Replace a store that is already at --out.")
@click.option("--dry-run", is_flag=True, help="Only say what is missing and how much disk it takes.")
@json_option
@click.pass_context
def prepare_command(
    ctx: click.Context,
    name: str,
    root: Path | None,
    out: Path | None,
    splits: str | None,
    limit: int | None,
    pairs: tuple[str, ...],
    pack: bool,
    workers: int,
    on_error: Literal["fail", "skip"],
    no_resume: bool,
    overwrite: bool,
    dry_run: bool,
    as_json: bool,
) -> None:
    """Turn an official release into a store.

    A store is Parquet tables with masks; pixels stay where they are and are referred to.
    When it is interrupted, the same command goes on where it was.

    With --dry-run the exit code is 0 when the conversion would start and nothing that it needs is missing,
    3 when files are missing or damaged, and 1 when --out is taken or the disk is too small.

    DATASET is one of those that `rvos list datasets` shows; `rvos prepare DATASET --help` explains its
    options. Each may also be written as a flag: `-o trainval=0.1` is `--trainval 0.1`.

    \b
    Example:
      rvos prepare a2d
      rvos prepare ytvos --root downloads/ref-youtube-vos --out stores/ytvos
      rvos prepare ytvos --root downloads/ref-youtube-vos \\
        --out stores/held-out -o trainval=0.1
      rvos prepare davis --root downloads/ref-davis --out stores/davis
    """
    from rvosbench.preparation import prepare

    from .console import note, print_json, progress, warn
    from .interrupted import keeping_work

    options = chosen_options(ctx, pairs)
    root, out, options = release_and_store(name, root, out, options, limit)
    wanted = None if splits is None else [split.strip() for split in splits.split(",")]
    if dry_run:
        from rvosbench.preparation.plan import plan

        from .dry_run import show_plan

        with progress(f"look at {name}") as update:
            found = plan(
                name,
                root,
                out,
                options=options,
                splits=wanted,
                limit=limit,
                pack=pack,
                replace=overwrite,
                on_progress=lambda split, done, total: update(done, total, split),
            )
        show_plan(found, root, out, as_json=as_json)
        return
    with keeping_work(), progress(f"prepare {name}") as update:
        prepared = prepare(
            name,
            root,
            out,
            options=options,
            splits=wanted,
            limit=limit,
            pack=pack,
            workers=workers,
            on_error=on_error,
            resume=not no_resume,
            replace=overwrite,
            on_progress=lambda split, done, total: update(done, total, split),
        )
    if prepared.reused:
        note(f"Resumed: an earlier run had finished {_videos(prepared.reused)}")
    for warning in prepared.warnings:
        warn(warning)
    if prepared.skipped:
        note(f"Skipped {_videos(len(prepared.skipped))} that cannot be read:")
        for problem in prepared.skipped[:_SHOWN]:
            note(f"  {problem.split}/{problem.video_id}: {problem.message}")
        more = len(prepared.skipped) - _SHOWN
        note(
            f"  and {more} more, see {out / 'problems.parquet'}"
            if more > 0
            else f"  see {out / 'problems.parquet'}"
        )
    if as_json:
        print_json({"schema_version": 1, **asdict(prepared)})
        return
    for split, counts in prepared.counts.items():
        click.echo(
            f"{split}: {counts['videos']} videos, {counts['frames']} frames, {counts['objects']} objects, "
            f"{counts['expressions']} expressions, {counts['masks']} masks"
        )
    click.echo(str(out))


def _videos(count: int) -> str:
    return f"{count:,} video" + ("" if count == 1 else "s")
