"""`rvos segment`: expressions on your own video -> a video that shows the answers."""

from __future__ import annotations

from pathlib import Path

import click

from rvosbench.files.text import strip_control

from .commands import command
from .model_options import chosen_options, model_option, precision_option, text_encoder_option
from .names import MODEL
from .paths import PATH
from .places import CheckpointPath, device_option


@command("segment")
@click.argument("video", type=PATH)
@click.argument("expressions", nargs=-1, required=True, metavar="EXPRESSION...")
@click.option(
    "--checkpoint", type=CheckpointPath(), help="Folder or file with the weights, or a trained run."
)
@text_encoder_option
@model_option
@click.option("--model", type=MODEL, default="soc", show_default=True, help="`rvos list models`.")
@click.option(
    "--out",
    required=True,
    type=PATH,
    help="What to write: NAME.mp4, NAME.gif, NAME.png (of one frame), or a folder for one PNG per frame.",
)
@click.option("--masks", type=PATH, help="Also write every mask as a PNG into this folder.")
@click.option(
    "--frames-per-clip",
    default=24,
    show_default=True,
    type=click.IntRange(1),
    help="Frames that the model sees at once; memory grows with it.",
)
@click.option(
    "--fps",
    default=6.0,
    show_default=True,
    type=click.FloatRange(0, 1000, min_open=True),
    help="Frames per second of a folder of frames; a video has its own times.",
)
@click.option("--overwrite", is_flag=True, help="Replace what is already at --out and --masks.")
@device_option()
@precision_option
@click.option("--seed", default=0, show_default=True, help="For models that draw at random.")
def segment_command(
    video: Path,
    expressions: tuple[str, ...],
    checkpoint: Path | None,
    text_encoder: str | None,
    model_options: tuple[str, ...],
    model: str,
    out: Path,
    masks: Path | None,
    frames_per_clip: int,
    fps: float,
    overwrite: bool,
    device: str,
    precision: str,
    seed: int,
) -> None:
    """Show in VIDEO what each EXPRESSION means.

    Every expression gets a colour of its own and a line below the picture. VIDEO is a video file or a
    folder of frames (JPEG, PNG). The video streams through in clips that are answered one by one, so a
    long one needs no more memory than a short one. A name in --out without a suffix is a folder:
    OUT/00000.png and so on, named like the frames where VIDEO is a folder.

    \b
    Example:
      rvos segment holiday.mp4 "the dog" "the red ball" \\
        --checkpoint runs/training/checkpoint --out dog.mp4
      rvos segment frames/ "the dog" --checkpoint soc_tiny.tar \\
        --text-encoder roberta-base --out shown/
    """
    from rvosbench.drawing.fonts import undrawable
    from rvosbench.inference.segment import check_request, segment_video
    from rvosbench.models.loading import check_model, load_model

    from .console import note, progress

    check_request(video, expressions, out, masks_dir=masks, replace=overwrite)
    options = chosen_options(model_options, text_encoder)
    check_model(model, checkpoint, options)
    boxes = undrawable("".join(expressions))
    if boxes:
        note(f"no font here has {boxes[:10]}; the legend shows boxes (a Noto font has it)")
    note(f"Loading {model}" + (f" from {checkpoint}" if checkpoint else ""))
    loaded = load_model(model, checkpoint, device=device, precision=precision, seed=seed, options=options)
    with progress("segment") as update:
        summary = segment_video(
            video,
            expressions,
            loaded,
            out,
            masks_dir=masks,
            frames_per_clip=frames_per_clip,
            folder_fps=fps,
            replace=overwrite,
            on_progress=lambda done, total: update(done, total or done),
        )
    for number, answer in enumerate(summary.answers, start=1):
        share = f"{100 * answer.mean_area:.1f} % of the picture"
        where = f"in {answer.frames_with_mask} of {summary.frames} frames, {share}"
        note(f"{number}: {_shortened(answer.expression, 78 - len(f'{number}: : {where}'))}: {where}")
    click.echo(str(out))


def _shortened(expression: str, columns: int) -> str:
    """An expression on one line of a terminal; letters of two columns, as Chinese has, count as two."""
    from rich.cells import cell_len, set_cell_size

    line = " ".join(strip_control(expression, " ").split())
    return line if cell_len(line) <= columns else set_cell_size(line, columns - 1).rstrip() + "…"
