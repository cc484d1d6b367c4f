"""`rvos preview`: one video of a store as a picture."""

from __future__ import annotations

from pathlib import Path

import click

from .commands import command
from .paths import NAME_OR_PATH, PATH
from .stores import open_store, release_option


@command("preview")
@click.argument("store", type=NAME_OR_PATH, metavar="STORE")
@click.option("--video", required=True, help="The video's id.")
@click.option("--split", help="The split it is in.  [default: the first that has it]")
@click.option("--frames", default=6, show_default=True, type=click.IntRange(1, 100), help="How many to show.")
@click.option("--out", type=PATH, help="The PNG to write.  [default: VIDEO.png]")
@click.option("--overwrite", is_flag=True, help="Replace a picture that is already there.")
@release_option
def preview_command(
    store: str,
    video: str,
    split: str | None,
    frames: int,
    out: Path | None,
    overwrite: bool,
    release: Path | None,
) -> None:
    """Draw a video of a store: its objects and expressions.

    Frames over time, with the expressions below them. Every object has a colour of its own; an expression
    has the colour of the first object that it means. `rvos info STORE --videos` lists the ids.

    STORE is a folder, or a name in the folder that RVOS_STORES names.

    \b
    Example:
      rvos preview stores/ytvos --video 0a2f2bd294 --out dog.png
    """
    from rvosbench.datasets.reading import safe_id
    from rvosbench.files.atomic import write_bytes
    from rvosbench.files.places import check_file
    from rvosbench.store_tools.preview import as_png, preview

    found = open_store(store, release)
    split = split or found.split_of(video)
    if out is None:
        out = Path(f"{safe_id(video, 'the video id, which names the file without --out,')}.png")
    check_file(out, overwrite=overwrite, parents=True)
    click.echo(str(write_bytes(out, as_png(preview(found, split, video, frames=frames)))))
