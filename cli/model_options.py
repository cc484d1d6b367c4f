"""Options of commands that load a model."""

from __future__ import annotations

import click

precision_option = click.option(
    "--precision",
    default="fp32",
    show_default=True,
    type=click.Choice(["fp32", "bf16"]),
    help="bf16: matrix products in bfloat16, for a GPU that is faster with it.",
)

text_encoder_option = click.option(
    "--text-encoder",
    metavar="NAME_OR_FOLDER",
    help="For a checkpoint that lacks them, such as a file of the original SOC: a folder with the text "
    "encoder's config.json, vocab.json and merges.txt, or its name on the hub.  "
    "[default: the folder `text` beside the checkpoint, else the encoder that the model was published with]",
)
