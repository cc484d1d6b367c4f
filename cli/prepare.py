"""`rvos prepare`: turn an official release into a store."""

from __future__ import annotations

from pathlib import Path

import click


@click.command("prepare")
@click.argument("name", metavar="DATASET")
@click.option("--root", required=True, type=click.Path(path_type=Path), help="The release, as downloaded.")
@click.option("--out", required=True, type=click.Path(path_type=Path), help="The store to write.")
@click.option("--splits", help="Only these splits, comma-separated.  [default: all that are there]")
@click.option("--limit", type=click.IntRange(1), help="Only the first N videos of each split.")
@click.option("--valid-masks", help="ytvos: folder with the validation ground truth (PNG per video).")
@click.option(
    "--trainval", type=float, metavar="FRACTION", help="ytvos: hold out this part of train as 'heldout'."
)
@click.option("--seed", type=int, help="ytvos: which videos --trainval holds out.  [default: 0]")
@click.option(
    "--mevis-version",
    type=click.Choice(["1", "2"]),
    help="mevis: which text, where a copy holds both.  [default: 2]",
)
@click.option("--samples", help="jhmdb: the list of frames to score, where it is not in the release.")
@click.option("--overwrite", is_flag=True, help="Replace a store that is already at --out.")
def prepare_command(
    name: str,
    root: Path,
    out: Path,
    splits: str | None,
    limit: int | None,
    valid_masks: str | None,
    trainval: float | None,
    seed: int | None,
    mevis_version: str | None,
    samples: str | None,
    overwrite: bool,
) -> None:
    """Turn an official release into a store.

    A store is Parquet tables with masks; pixels stay where they are and are referred to.

    \b
    DATASET is one of those that `rvos list datasets` shows.

    Example:
      rvos prepare ytvos --root downloads/ref-youtube-vos --out stores/ytvos
      rvos prepare davis --root downloads/ref-davis --out stores/davis
    """
    from rvosbench.prepare import prepare

    from .console import note, progress

    given = {
        "valid-masks": valid_masks,
        "trainval": trainval,
        "seed": seed,
        "version": mevis_version,
        "samples": samples,
    }
    options = {key: str(value) for key, value in given.items() if value is not None}
    with progress(f"prepare {name}") as update:
        prepared = prepare(
            name,
            root,
            out,
            options=options,
            splits=None if splits is None else [split.strip() for split in splits.split(",")],
            limit=limit,
            replace=overwrite,
            on_progress=lambda split, done, total: update(done, total, split),
        )
    for warning in prepared.warnings:
        note(f"Warning: {warning}")
    for split, counts in prepared.counts.items():
        click.echo(
            f"{split}: {counts['videos']} videos, {counts['frames']} frames, {counts['objects']} objects, "
            f"{counts['expressions']} expressions, {counts['masks']} masks"
        )
    click.echo(str(out))
