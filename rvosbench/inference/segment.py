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

Videos are shown as a player shows them: turned upright, at their own times, without sound. Colours of more
than 8 bits are rounded, those of HDR shown as stored (paler than a screen for HDR shows them). What is
transparent in a PNG frame is shown in the colour that it hides, as FFmpeg does; a turn that an image file
asks for by EXIF is left out, as everywhere here.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Literal, Protocol, Self

import numpy as np
from numpy.typing import NDArray

from rvosbench import masks
from rvosbench.drawing import overlay
from rvosbench.errors import InvalidDataError, OutputError, ShapeError
from rvosbench.files.places import check_file, check_folder, unwritable
from rvosbench.media.frame_sources import FrameSource, SourceFrame
from rvosbench.media.images import RgbImage
from rvosbench.media.picture_writer import (
    FrameFolderWriter,
    PictureWriter,
    PngFolder,
    holds_frames,
    too_many,
)
from rvosbench.media.video_writer import SUFFIXES, VideoWriter, check_video_name
from rvosbench.plugins.contracts import Segmenter
from rvosbench.types import Clip

_LEGEND_WIDTH = 160  # px; expressions below a narrower picture could not be read


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


def segment_video(
    source: Path,
    expressions: Sequence[str],
    segmenter: Segmenter,
    out: Path,
    *,
    masks_dir: Path | None = None,
    frames_per_clip: int = 24,
    folder_fps: float = 6.0,
    replace: bool = False,
    on_progress: Callable[[int, int | None], None] | None = None,
) -> SegmentSummary:
    """Answer every expression on every frame and write a video that shows it.

    Args:
        source: a video file, or a folder of JPEG or PNG frames.
        expressions: one or more expressions; each gets its own colour and a line below the picture.
        segmenter: any model.
        out: what to write, as above; `<frame>` is an image's own name, or a video's position 00000.
        masks_dir: also write every mask, as `<masks_dir>/<n>-<expression>/<frame>.png` with 0 and 255.
            Masks have the size and the orientation of the picture as it is shown.
        frames_per_clip: how many frames the model sees at once; memory grows with it.
        folder_fps: frames per second of a folder, which does not say.
        replace: overwrite `out` and `masks_dir`; a folder only when all in it was written like this.
        on_progress: called with (frames done, frames in all or None) after every clip.

    Returns:
        What was written and found.

    Raises:
        MissingPathError: there is no such source.
        DatasetError: the source cannot be read as a video.
        InvalidDataError: no expression, an empty one, or no frames per clip.
        OutputError: `out` or `masks_dir` is taken or cannot be written.
        ShapeError: the model answered with masks of a wrong size.
    """
    check_request(
        source,
        expressions,
        out,
        masks_dir=masks_dir,
        frames_per_clip=frames_per_clip,
        folder_fps=folder_fps,
        replace=replace,
    )
    sink = _MaskFolder(masks_dir, expressions, replace=replace) if masks_dir is not None else None
    entries = _entries(expressions)
    found = np.zeros(len(expressions), np.int64)
    area = np.zeros(len(expressions), np.float64)
    frames = clips = 0
    band: NDArray[np.uint8] | None = None
    try:
        with (
            closing(FrameSource(source, folder_fps=folder_fps)) as frame_source,
            _writer(out, fps=frame_source.fps, replace=replace) as writer,
        ):
            for shots, new in windows(frame_source, frames_per_clip):
                clip = _clip(source.stem, shots, new, frames)
                answers = _ask(segmenter, clip, expressions)  # (expressions, new, H, W)
                found += answers.any((2, 3)).sum(1)
                area += answers.mean((2, 3)).sum(1)
                height, width = shots[0].pixels.shape[:2]
                if band is None:
                    band = overlay.legend(
                        max(width, _LEGEND_WIDTH), entries, compact=len(entries) > len(overlay.PALETTE)
                    )
                for position, shot in enumerate(shots[len(shots) - new :]):
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
                frames += new
                clips += 1
                if on_progress is not None:
                    on_progress(frames, frame_source.frames)
        if sink is not None:
            sink.close()
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
        frames_per_clip=frames_per_clip,
        clips=clips,
        codec=writer.codec,
        answers=tuple(
            Answer(expression=text, frames_with_mask=int(count), mean_area=float(total / frames))
            for text, count, total in zip(expressions, found, area, strict=True)
        ),
    )


def windows(shots: Iterator[SourceFrame] | FrameSource, size: int) -> Iterator[tuple[list[SourceFrame], int]]:
    """Cut a stream into clips of `size`; the last one reaches back to be full.

    Yields:
        The frames of a clip, and how many of them, at its end, were in no clip before.
    """
    previous: list[SourceFrame] = []
    current: list[SourceFrame] = []
    for shot in shots:
        current.append(shot)
        if len(current) == size:
            yield current, size
            previous, current = current, []
    if current:
        yield previous[len(current) - size :] + current, len(current)


def outline_width(pixels: NDArray[np.uint8]) -> int:
    """Contours of 1 px up to VGA, 2 px at 720p, 3 px at 1080p."""
    return int(max(1, round(min(pixels.shape[:2]) / 360)))


def check_request(
    source: Path,
    expressions: Sequence[str],
    out: Path,
    *,
    masks_dir: Path | None = None,
    frames_per_clip: int = 24,
    folder_fps: float = 6.0,
    replace: bool = False,
) -> None:
    """Refuse what `segment_video` would refuse, before a model is loaded; arguments and errors as there."""
    if not expressions:
        raise InvalidDataError("there is no expression; expected at least one, such as 'the red cup'")
    for number, text in enumerate(expressions, start=1):
        # Zero-width characters are no spaces, and not strip_control either.
        if not any(character.isprintable() and not character.isspace() for character in text):
            raise InvalidDataError(f"expression {number} is empty; expected words, such as 'the red cup'")
    if frames_per_clip < 1:
        raise InvalidDataError(f"a clip of {frames_per_clip} frames was asked for; expected at least 1")
    if not 0 < folder_fps <= 1000:
        raise InvalidDataError(f"{folder_fps} frames per second were asked for; expected 0 to 1000")
    with closing(FrameSource(source, folder_fps=folder_fps)) as frame_source:
        frames = frame_source.frames
    try:
        _check_places(source, out, masks_dir)
        kind = _kind(out)
    except OutputError:
        raise
    except OSError as error:  # such as a name that is too long
        raise unwritable(out, error) from error
    if kind == "video":
        check_video_name(out, replace=replace)
    elif kind == "picture":
        check_file(out, replace=replace)
        if frames is not None and frames > 1:
            raise too_many(out)
    else:
        check_folder(out, replace=replace, replaceable=holds_frames)
    if masks_dir is not None:
        check_folder(masks_dir, replace=replace, replaceable=_holds_masks)


def _check_places(source: Path, out: Path, masks_dir: Path | None) -> None:
    """The source is never written over, and nothing is written into a folder that is moved in place later."""
    frame_source, picture = source.resolve(), out.resolve()
    if picture == frame_source or (picture.exists() and picture.samefile(frame_source)):
        raise OutputError(f"{out} is the source itself; choose another --out")
    if _kind(out) == "picture" and picture.parent == frame_source:
        raise OutputError(f"{out} would be one more frame of the source; choose another --out")
    if frame_source.is_relative_to(picture):
        raise OutputError(f"{out} holds the source {source}; choose another --out")
    if masks_dir is None:
        return
    masks_place = masks_dir.resolve()
    if frame_source.is_relative_to(masks_place):
        raise OutputError(f"{masks_dir} holds the source {source}; choose another folder for masks")
    if masks_place.is_relative_to(picture) or picture.is_relative_to(masks_place):
        raise OutputError(f"{out} and {masks_dir} lie in one another; choose two separate places")


class _Writer(Protocol):
    """What shows the answers: a video, a folder of pictures, a picture."""

    codec: str

    def add(self, pixels: RgbImage, time_s: float, name: str) -> None: ...

    def __enter__(self) -> Self: ...

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None: ...


def _kind(out: Path) -> Literal["video", "picture", "folder"]:
    """What a name stands for; see the top of this file."""
    suffix = out.suffix.lower()
    if suffix in SUFFIXES:
        return "video"
    if suffix == ".png":
        return "picture"
    if not suffix or out.is_dir():
        return "folder"
    raise OutputError(
        f"{out} has the suffix {suffix}; expected a name that ends in {', '.join(SUFFIXES)} or .png, or the "
        "name of a folder for frames, without a suffix"
    )


def _writer(out: Path, *, fps: float, replace: bool) -> _Writer:
    kind = _kind(out)
    if kind == "video":
        return VideoWriter(out, fps=fps, replace=replace)
    return (PictureWriter if kind == "picture" else FrameFolderWriter)(out, replace=replace)


def _clip(name: str, shots: Sequence[SourceFrame], new: int, done: int) -> Clip:
    first = done - (len(shots) - new)
    return Clip(
        video_id=name,
        frames=np.ascontiguousarray(np.stack([shot.pixels for shot in shots]).transpose(0, 3, 1, 2)),
        frame_indices=tuple(range(first, first + len(shots))),
        wanted=tuple(range(len(shots) - new, len(shots))),
    )


def _ask(segmenter: Segmenter, clip: Clip, expressions: Sequence[str]) -> NDArray[np.bool_]:
    """The best mask of every expression and wanted frame: (expressions, K, H, W) bool."""
    answers = segmenter.segment(clip, expressions, candidates=1)
    if len(answers) != len(expressions):
        raise ShapeError(f"the model gave {len(answers)} answers to {len(expressions)} expressions")
    size = (len(clip.wanted), *clip.frames.shape[2:])
    for answer in answers:
        if answer.masks.ndim != 4 or not len(answer.masks) or answer.masks.shape[1:] != size:
            raise ShapeError(
                f"the model answered with masks of {answer.masks.shape}, expected (candidates, {size[0]} "
                f"frames, {size[1]}, {size[2]}) with at least one candidate"
            )
    return np.stack([answer.masks[0] for answer in answers])


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


class _MaskFolder(PngFolder):
    """One folder of PNG files per expression."""

    def __init__(self, folder: Path, expressions: Sequence[str], *, replace: bool) -> None:
        self._names = [f"{number}-{_slug(text)}" for number, text in enumerate(expressions, start=1)]
        super().__init__(folder, replace=replace, replaceable=_holds_masks, subfolders=self._names)

    def add(self, name: str, answers: NDArray[np.bool_]) -> None:
        for folder, mask in zip(self._names, answers, strict=True):
            self.write(f"{folder}/{name}.png", masks.encode_binary_png(mask))


def _holds_masks(folder: Path) -> bool:
    """Only a folder that looks like our own output may be removed."""
    return all(
        path.is_dir() and re.match(r"[0-9]+-", path.name) and all(p.suffix == ".png" for p in path.iterdir())
        for path in folder.iterdir()
    )


def _slug(text: str) -> str:
    """An expression as a safe file name: ASCII letters, digits and hyphens."""
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain)[:40].strip("-") or "expression"
