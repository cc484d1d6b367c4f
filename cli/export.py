"""`rvos export`: a store in a layout that other tools read."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from .commands import command
from .names import EXPORT_LAYOUT
from .paths import NAME_OR_PATH, PATH
from .stores import open_store, release_option

if TYPE_CHECKING:
    from rvosbench.store_tools.exported_frames import Pixels


@command("export")
@click.argument("store", type=NAME_OR_PATH, metavar="STORE")
@click.option(
    "--format",
    "layout",
    required=True,
    type=EXPORT_LAYOUT,
    metavar="png|mask-dict|coco",
    help="The layout to write; see above.",
)
@click.option("--out", required=True, type=PATH, help="A new or empty folder.")
@click.option("--splits", help="Only these splits, comma-separated.  [default: all]")
@click.option(
    "--pixels",
    type=click.Choice(("copy", "link", "none")),
    default="copy",
    show_default=True,
    help="Copy the frames, link to them, or leave them out.",
)
@release_option
def export_command(
    store: str, layout: str, out: Path, splits: str | None, pixels: Pixels, release: Path | None
) -> None:
    """Write a store in another layout.

    \b
      png        palette PNG trees, as Ref-YouTube-VOS
      mask-dict  run lengths in mask_dict.json, as MeViS
      coco       one COCO json per split

    Images are copied byte by byte; frames of an mp4 become PNG files. What a layout cannot say is
    refused, or listed as a note where no ground truth is lost.

    STORE is a folder, or a name in the folder that RVOS_STORES names.

    \b
    Example:
      rvos export stores/ytvos --format mask-dict --out exports/ytvos
    """
    from rvosbench.store_tools.export import export

    from .console import note, progress

    found = open_store(store, release)
    with progress(f"export {layout}") as update:
        exported = export(
            found,
            layout,
            out,
            splits=None if splits is None else [split.strip() for split in splits.split(",")],
            pixels=pixels,
            on_progress=update,
        )
    for line in exported.notes:
        note(f"Note: {line}")
    click.echo(str(exported.folder))
