"""Options of commands that load a model."""

from __future__ import annotations

import click

from .paths import NAME_OR_PATH

precision_option = click.option(
    "--precision",
    default="fp32",
    show_default=True,
    type=click.Choice(["fp32", "bf16"]),
    help="bf16: matrix products in bfloat16, for a GPU that is faster with it.",
)

model_option = click.option(
    "-o",
    "--option",
    "model_options",
    multiple=True,
    metavar="KEY=VALUE",
    help="An option of the model, which changes answers and no weights; repeatable. `rvos list models`.",
)

text_encoder_option = click.option(
    "--text-encoder",
    type=NAME_OR_PATH,
    metavar="NAME_OR_FOLDER",
    help="For a checkpoint that lacks them, such as a file of the original SOC: a folder with the text "
    "encoder's config.json, vocab.json and merges.txt, or its name on the hub.  "
    "[default: the folder `text` beside the checkpoint, else the encoder that the model was published with]",
)


def chosen_options(pairs: tuple[str, ...], text_encoder: str | None) -> dict[str, str]:
    """What `-o` and `--text-encoder` say, by the model's own names.

    Raises:
        OptionError: a word that is not KEY=VALUE, or an option that is given twice.
    """
    from rvosbench.plugins.options import split_pairs

    given = (*pairs, f"text-encoder={text_encoder}") if text_encoder is not None else pairs
    return split_pairs(given)
