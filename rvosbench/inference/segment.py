"""Expressions about your own video: a video or a folder of frames in, an overlay out.

What `out` is decided by its name alone:

```text
*.mp4  *.gif                                a video
*.png                                       one picture, for a source of one frame
without a suffix, or a folder that is there one picture per frame, <out>/<frame>.png
```

Each appears under its final name when it is complete, or not at all.

The video streams through in clips of `frames_per_clip` frames, so memory does not grow with its length: at
most three clips of frames and one clip of masks per expression are held. Each clip is answered on its own. A
model therefore cannot see an event that lies in another clip ("the one that comes back later"), and at the
border of two clips its answer may jump. The last clip is shifted back to be full, as in the usual
evaluation of Ref-YouTube-VOS, and only its new frames are used.

Videos are shown as a player shows them: turned, mirrored and with square pixels, at their own times, without
sound; a cover picture is no frame. Colours of more than 8 bits are rounded, those of HDR shown as stored
(paler than a screen for HDR shows them). What is transparent in a PNG frame is shown in the colour that it
hides, as FFmpeg does; a turn that an image file asks for by EXIF is left out, as everywhere here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, overload

import numpy as np
from numpy.typing import NDArray

from rvosbench.drawing import overlay
from rvosbench.errors import InvalidDataError
from rvosbench.files.locations import local_path
from rvosbench.inference.outputs import MaskFolder, check_outputs, writer_for
from rvosbench.inference.windows import windows
from rvosbench.media.frame_sources import FrameSource, SourceFrame
from rvosbench.media.images import RgbImage
from rvosbench.models.answers import check_answers
from rvosbench.models.loading import clip_of, load_model
from rvosbench.plugins.model import Segmenter
from rvosbench.types import Clip

_LEGEND_WIDTH = 160  # px; expressions below a narrower picture could not be read


@dataclass(frozen=True, kw_only=True, slots=True)
class SegmentOptions:
    """Everything about answering a video that has a default."""

    masks_dir: str | Path | None = None
    """Also write every mask, as `<masks_dir>/<n>-<expression>/<frame>.png` with 0 and 255. Masks have the
    size and the orientation of the picture as it is shown."""
    frames_per_clip: int = 24  # how many frames the model sees at once; memory grows with it
    folder_fps: float = 6.0  # frames per second of a folder, which does not say
    replace: bool = False
    """Overwrite `out` and `masks_dir`; a folder only when all in it was written like this."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    """What was found for one expression."""

    expression: str
    frames_with_mask: int
    mean_area: float  # of the frame's area, over all frames


@dataclass(frozen=True, kw_only=True, slots=True)
class SegmentSummary:
    """What `segment_video` did."""

    out: Path
    masks_dir: Path | None
    frames: int
    height: int  # px, of the source
    width: int  # px, of the source
    fps: float
    frames_per_clip: int
    clips: int
    codec: str
    answers: tuple[Answer, ...]  # one per expression, in order


@overload
def segment(
    source: str | Path | NDArray[np.uint8],
    expressions: str | Sequence[str],
    *,
    model: str | Segmenter,
    checkpoint: str | Path | None = ...,
    device: str = ...,
    out: None = None,
    **options: Any,
) -> NDArray[np.bool_]: ...


@overload
def segment(
    source: str | Path,
    expressions: str | Sequence[str],
    *,
    model: str | Segmenter,
    checkpoint: str | Path | None = ...,
    device: str = ...,
    out: str | Path,
    **options: Any,
) -> SegmentSummary: ...


def segment(
    source: str | Path | NDArray[np.uint8],
    expressions: str | Sequence[str],
    *,
    model: str | Segmenter,
    checkpoint: str | Path | None = None,
    device: str = "cpu",
    out: str | Path | None = None,
    **options: Any,
) -> NDArray[np.bool_] | SegmentSummary:
    """Answer expressions about any video: as masks, or as a video that shows them.

    Args:
        source: a video file, a folder of JPEG or PNG frames, or (T, H, W, 3) uint8 RGB frames.
        expressions: one, or several.
        model: a name in the model registry, or a loaded model.
        checkpoint: of a model that is named.
        device: of a model that is named.
        out: what to write, see `rvosbench.inference.segment`; None: the masks are returned instead, and
            all of them are held in memory.
        options: fields of `SegmentOptions`, such as `frames_per_clip`.

    Returns:
        Without `out` the masks, (expressions, T, H, W) bool; (T, H, W) for one expression that is a str.
        With `out` what was written and found.

    Raises:
        InvalidDataError: no expression or an empty one; frames in memory cannot be written to `out`.
        ShapeError: the frames are not of that shape.
        RvosbenchError: as `load_model` and `segment_video`.

    Example:
        >>> frames = np.zeros((3, 8, 12, 3), np.uint8)
        >>> segment(frames, "the red dog", model="centre").shape
        (3, 8, 12)
    """
    segmenter = load_model(model, checkpoint, device=device) if isinstance(model, str) else model
    asked = [expressions] if isinstance(expressions, str) else list(expressions)
    if out is not None:
        if not isinstance(source, str | Path):
            raise InvalidDataError(
                "frames in memory cannot be written; write them as a folder, or leave out="
            )
        return segment_video(source, asked, segmenter, out, **options)
    chosen = SegmentOptions(**options)
    _check_asked(asked, chosen)
    if isinstance(source, str | Path):
        with closing(FrameSource(local_path(source), folder_fps=chosen.folder_fps)) as frames:
            parts = [part for _, part in _answered(frames, str(source), asked, segmenter, chosen)]
    else:
        clip = clip_of(source)
        in_memory = (SourceFrame(f"{n:05d}", n / chosen.folder_fps, rgb) for n, rgb in enumerate(clip.frames))
        parts = [part for _, part in _answered(in_memory, clip.video_id, asked, segmenter, chosen)]
    joined = np.concatenate(parts, axis=1)
    return joined[0] if isinstance(expressions, str) else joined


def segment_video(
    source: str | Path,
    expressions: Sequence[str],
    segmenter: Segmenter,
    out: str | Path,
    *,
    on_progress: Callable[[int, int | None], None] | None = None,
    **options: Any,
) -> SegmentSummary:
    """Answer every expression on every frame and write a video that shows it.

    Args:
        source: a video file, or a folder of JPEG or PNG frames.
        expressions: one or more expressions; each gets its own colour and a line below the picture.
        segmenter: any model.
        out: what to write, as above; `<frame>` is an image's own name, or a video's position 00000.
        on_progress: called with (frames done, frames in all or None) after every clip.
        options: fields of `SegmentOptions`.

    Returns:
        What was written and found.

    Raises:
        MissingPathError: there is no such source.
        DatasetError: the source cannot be read as a video.
        InvalidDataError: no expression, an empty one, or no frames per clip.
        OutputError: `out` or `masks_dir` is taken or cannot be written.
        ShapeError: the model answered with masks of a wrong size.
    """
    source, out, chosen = local_path(source), local_path(out), SegmentOptions(**options)
    check_request(source, expressions, out, **options)
    masks_dir = None if chosen.masks_dir is None else local_path(chosen.masks_dir)
    sink = None if masks_dir is None else MaskFolder(masks_dir, expressions, replace=chosen.replace)
    entries = _entries(expressions)
    seen = np.zeros(len(expressions), np.int64)
    area = np.zeros(len(expressions), np.float64)
    frames = clips = 0
    band: NDArray[np.uint8] | None = None
    try:
        with (
            closing(FrameSource(source, folder_fps=chosen.folder_fps)) as frame_source,
            writer_for(out, fps=frame_source.fps, replace=chosen.replace) as writer,
        ):
            for shots, answers in _answered(frame_source, source.stem, expressions, segmenter, chosen):
                seen += answers.any((2, 3)).sum(1)
                area += answers.mean((2, 3)).sum(1)
                height, width = shots[0].pixels.shape[:2]
                if band is None:
                    band = overlay.legend(
                        max(width, _LEGEND_WIDTH), entries, compact=len(entries) > len(overlay.PALETTE)
                    )
                for position, shot in enumerate(shots):
                    masks_here = answers[:, position]
                    drawn = overlay.blend(
                        shot.pixels,
                        masks_here,
                        [colour for _, colour in entries],
                        outline=outline_width(shot.pixels),
                    )
                    writer.add(_above(drawn, band), shot.time_s, shot.name)
                    if sink is not None:
                        sink.add(shot.name, masks_here)
                frames += len(shots)
                clips += 1
                if on_progress is not None:
                    on_progress(frames, frame_source.frames)
        if sink is not None:
            sink.finish()
    finally:
        if sink is not None:
            sink.abandon()
    return SegmentSummary(
        out=out,
        masks_dir=masks_dir,
        frames=frames,
        height=height,
        width=width,
        fps=frame_source.fps,
        frames_per_clip=chosen.frames_per_clip,
        clips=clips,
        codec=writer.codec,
        answers=tuple(
            Answer(expression=text, frames_with_mask=int(count), mean_area=float(total / frames))
            for text, count, total in zip(expressions, seen, area, strict=True)
        ),
    )


def check_request(source: str | Path, expressions: Sequence[str], out: str | Path, **options: Any) -> None:
    """Refuse what `segment_video` would refuse, before a model is loaded; arguments and errors as there."""
    chosen = SegmentOptions(**options)
    _check_asked(expressions, chosen)
    check_outputs(
        local_path(source),
        local_path(out),
        masks_dir=None if chosen.masks_dir is None else local_path(chosen.masks_dir),
        folder_fps=chosen.folder_fps,
        replace=chosen.replace,
    )


def _check_asked(expressions: Sequence[str], options: SegmentOptions) -> None:
    if not expressions:
        raise InvalidDataError("there is no expression; expected at least one, such as 'the red cup'")
    for number, text in enumerate(expressions, start=1):
        # Zero-width characters are no spaces, and not printable either.
        if not any(character.isprintable() and not character.isspace() for character in text):
            raise InvalidDataError(f"expression {number} is empty; expected words, such as 'the red cup'")
    if options.frames_per_clip < 1:
        raise InvalidDataError(
            f"a clip of {options.frames_per_clip} frames was asked for; expected at least 1"
        )
    if not 0 < options.folder_fps <= 1000:
        raise InvalidDataError(f"{options.folder_fps} frames per second were asked for; expected 0 to 1000")


def _answered(
    frames: Iterable[SourceFrame],
    name: str,
    expressions: Sequence[str],
    segmenter: Segmenter,
    options: SegmentOptions,
) -> Iterator[tuple[list[SourceFrame], NDArray[np.bool_]]]:
    """Clip by clip the frames that are new in it, and their masks (expressions, frames, H, W)."""
    done = 0
    for shots, new in windows(frames, options.frames_per_clip):
        clip = _clip(name, shots, new, done)
        answers = segmenter.segment(clip, expressions, candidates=1)
        check_answers(answers, clip, expressions, 1, model="the model")
        yield shots[len(shots) - new :], np.stack([answer.masks[0] for answer in answers])
        done += new


def _clip(name: str, shots: Sequence[SourceFrame], new: int, done: int) -> Clip:
    first = done - (len(shots) - new)
    return Clip(
        video_id=name,
        frames=np.stack([shot.pixels for shot in shots]),
        frame_indices=tuple(range(first, first + len(shots))),
        wanted=tuple(range(len(shots) - new, len(shots))),
    )


def outline_width(pixels: NDArray[np.uint8]) -> int:
    """Contours of 1 px up to VGA, 2 px at 720p, 3 px at 1080p."""
    return int(max(1, round(min(pixels.shape[:2]) / 360)))


def _entries(expressions: Sequence[str]) -> list[tuple[str, overlay.Colour]]:
    """Expressions with their colours, and with numbers where there are so many that colours come close."""
    numbered = len(expressions) > len(overlay.PALETTE)
    return [
        (f"{position + 1}: {text}" if numbered else text, overlay.colour_of(position))
        for position, text in enumerate(expressions)
    ]


def _above(picture: RgbImage, band: RgbImage) -> RgbImage:
    """A picture with its legend below; a narrow picture lies at the left."""
    missing = band.shape[1] - picture.shape[1]
    if missing:
        paper = np.broadcast_to(np.array(overlay.PAPER, np.uint8), (picture.shape[0], missing, 3))
        picture = np.concatenate([picture, paper], axis=1)
    return np.concatenate([picture, band])
