"""`rvos convert-checkpoint`: a checkpoint file of the original SOC -> a checkpoint folder of ours."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from .commands import command
from .names import PRESET
from .paths import NAME_OR_PATH, PATH


@command("convert-checkpoint")
@click.argument("original", type=PATH)
@click.option("--out", required=True, type=PATH, help="Checkpoint folder to write.")
@click.option(
    "--text-encoder",
    type=NAME_OR_PATH,
    metavar="NAME_OR_FOLDER",
    help="Where the text encoder's config and tokenizer come from: a folder with config.json, vocab.json "
    "and merges.txt, or a name on the hub.  [default: the folder `text` beside ORIGINAL, else roberta-base]",
)
@click.option("--preset", type=PRESET, help="Refuse weights of another size than this; `rvos list presets`.")
@click.option(
    "--answer-layer",
    type=click.Choice(["first", "last"]),
    default="first",
    show_default=True,
    help="Decoder layer that answers; the published scores come from the first.",
)
@click.option(
    "--eval-size",
    nargs=2,
    type=click.IntRange(16),
    metavar="SHORT MAX",
    help="Sides in px that videos are scaled to.  [default: 360 640; the original's A2D runs used 320 576]",
)
@click.option("--overwrite", is_flag=True, help="Replace a checkpoint that is already at --out.")
def convert_checkpoint_command(
    original: Path,
    out: Path,
    text_encoder: str | None,
    preset: str | None,
    answer_layer: str,
    eval_size: tuple[int, int] | None,
    overwrite: bool,
) -> None:
    """Turn a checkpoint file of the original SOC into ours.

    ORIGINAL is the file (.tar), --out becomes a checkpoint folder. The file is read as weights alone; one
    that asks for more is refused. Its size is read off the weights. `rvos predict` and `rvos segment` also
    take the file itself as --checkpoint.

    \b
    Example:
      rvos convert-checkpoint soc_tiny.tar --out soc-tiny
      rvos predict soc --checkpoint soc-tiny --dataset stores/ytvos \\
        --split heldout --out runs/soc-tiny
    """
    from rvosbench.errors import UnknownNameError
    from rvosbench.models.soc.presets import PRESETS, describe
    from rvosbench.plugins.registry import unknown

    from .console import note

    if preset is not None and preset not in PRESETS:
        raise UnknownNameError(unknown("preset of soc", preset, list(PRESETS)))
    from rvosbench.models.soc.checkpoint import convert  # after the cheap checks: it imports torch

    settings: dict[str, Any] = {"answer_layer": answer_layer}
    if eval_size is not None:
        settings |= dict(zip(("eval_short_side", "eval_max_side"), eval_size, strict=True))
    model = convert(
        original,
        out,
        text_encoder=text_encoder,
        expected=PRESETS[preset].configuration if preset else None,
        overwrite=overwrite,
        **settings,
    )
    note(f"{describe(model.config)}, answers from the {answer_layer} decoder layer")
    click.echo(str(out))
