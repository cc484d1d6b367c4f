"""`rvos synth`: write a synthetic release in an official layout."""

from __future__ import annotations

from pathlib import Path

import click

from .commands import WORDS, Command, command
from .help_text import write_names
from .names import DATASET
from .paths import PATH


class _WithQuirks(Command):
    """A command whose help ends with the quirks of the named layout, or of all."""

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The quirks: with what they mean for one layout, their names for all."""
        from rvosbench.synthetic.quirks import QUIRKS

        named = next((word for word in ctx.meta[WORDS] if word in QUIRKS), None)
        if named is None:
            with formatter.section("Quirks (explained by `rvos synth NAME --help`)"):
                for name, quirks in QUIRKS.items():
                    write_names(formatter, name, ", ".join(quirks))
            return
        with formatter.section(f"Quirks of {named} (*: on unless --plain)"):
            formatter.write_dl(
                [
                    (f"{name} *" if quirk.is_usual else name, quirk.text)
                    for name, quirk in QUIRKS[named].items()
                ]
            )


@command("synth", cls=_WithQuirks)
@click.argument("name", type=DATASET, metavar="a2d|davis|jhmdb|mevis|refcoco|refcoco+|refcocog|ytvos")
@click.option("--root", required=True, type=PATH, help="Folder to write; must be free.")
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
@click.option("--quirk", "quirks", multiple=True, help="Give the release this oddity too; repeatable.")
@click.option("--plain", is_flag=True, help="Leave out the oddities that official copies have.")
def synth_command(
    name: str,
    root: Path,
    videos: int,
    frames: int,
    size: tuple[int, int],
    seed: int,
    quirks: tuple[str, ...],
    plain: bool,
) -> None:
    """Write a synthetic release in an official layout.

    Scenes of two to four moving objects, and expressions that tell them apart by colour, shape, size,
    position, motion, order in time and relation.

    \b
    Example:
      rvos synth ytvos --root releases/ytvos --videos 24
      rvos synth a2d --root releases/a2d --quirk header --quirk archive-dirt
    """
    from rvosbench.synthetic import write
    from rvosbench.synthetic.quirks import QUIRKS, usual_quirks

    from .console import progress

    usual = () if plain or name not in QUIRKS else usual_quirks(name)
    with progress(f"synth {name}") as update:
        write(
            name,
            root,
            videos=videos,
            seed=seed,
            frames=frames,
            size=size,
            quirks=(*usual, *quirks),
            on_progress=update,
        )
    click.echo(str(root))
