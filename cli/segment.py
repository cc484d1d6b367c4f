"""`rvos segment`: sentences on your own video -> a video that shows the answers."""

from __future__ import annotations

from pathlib import Path

import click


@click.command("segment")
@click.argument("video", type=click.Path(path_type=Path))
@click.argument("sentences", nargs=-1, required=True, metavar="SENTENCE...")
@click.option("--checkpoint", type=click.Path(path_type=Path), help="Folder or file with the weights.")
@click.option("--model", default="soc", show_default=True, help="`rvos list models`.")
@click.option("--out", required=True, type=click.Path(path_type=Path), help="Video to write: .mp4 or .gif.")
@click.option(
    "--masks", type=click.Path(path_type=Path), help="Also write every mask as a PNG into this folder."
)
@click.option(
    "--frames-per-clip",
    default=24,
    show_default=True,
    type=click.IntRange(1),
    help="Frames that the model sees at once; memory grows with it.",
)
@click.option("--overwrite", is_flag=True, help="Replace what is already at --out and --masks.")
@click.option("--device", default="cpu", show_default=True, help="cpu, cuda, cuda:1 ...")
@click.option("--seed", default=0, show_default=True, help="For models that draw at random.")
def segment_command(
    video: Path,
    sentences: tuple[str, ...],
    checkpoint: Path | None,
    model: str,
    out: Path,
    masks: Path | None,
    frames_per_clip: int,
    overwrite: bool,
    device: str,
    seed: int,
) -> None:
    """Show in VIDEO what each SENTENCE means.

    Every sentence gets a colour of its own. VIDEO is a video file or a folder of frames. The video
    streams through in clips that are answered one by one, so a long one needs no more memory than a
    short one.

    \b
    Example:
      rvos segment holiday.mp4 "the dog" "the red ball" --checkpoint runs/soc/checkpoint --out dog.mp4
    """
    from rvosbench.registry import MODELS
    from rvosbench.segment import segment_video

    from .console import progress

    segmenter = MODELS[model].load(checkpoint, device=device, seed=seed)
    with progress("segment") as update:
        summary = segment_video(
            video,
            sentences,
            segmenter,
            out,
            masks_dir=masks,
            frames_per_clip=frames_per_clip,
            replace=overwrite,
            on_progress=lambda done, total: update(done, total or done),
        )
    for answer in summary.answers:
        share = f"{100 * answer.mean_area:.1f} % of the picture"
        found = f"in {answer.frames_with_mask} of {summary.frames} frames, {share}"
        click.echo(f"{answer.expression!r}: {found}", err=True)
    click.echo(str(out))
