"""`rvos synth`: write a synthetic release in an official layout."""

from __future__ import annotations

from pathlib import Path

import click


@click.command("synth")
@click.argument("name", metavar="ytvos|a2d|refcoco|mevis|jhmdb")
@click.option("--root", required=True, type=click.Path(path_type=Path), help="Folder to write; must be free.")
@click.option("--videos", default=24, show_default=True, type=click.IntRange(1), help="Training videos.")
@click.option("--frames", default=12, show_default=True, type=click.IntRange(2), help="Frames per video.")
@click.option(
    "--size",
    default=(96, 128),
    show_default=True,
    type=(click.IntRange(48), click.IntRange(48)),
    metavar="H W",
    help="Frame size in pixels.",
)
@click.option("--seed", default=0, show_default=True, help="The same seed writes the same release.")
def synth_command(name: str, root: Path, videos: int, frames: int, size: tuple[int, int], seed: int) -> None:
    """Write a synthetic release in an official layout.

    Scenes of two to four moving objects, and sentences that tell them apart by colour, shape, size,
    position, motion, order in time and relation.

    \b
    Example:
      rvos synth ytvos --root /tmp/ytvos --videos 24
    """
    from rvosbench.synthetic import write

    from .console import progress

    with progress(f"synth {name}") as update:
        write(name, root, videos=videos, seed=seed, frames=frames, size=size, on_progress=update)
    click.echo(str(root))
