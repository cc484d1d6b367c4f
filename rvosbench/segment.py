"""Sentences about your own video: a video or a folder of frames in, an overlay video out.

The video streams through in clips of `frames_per_clip` frames, so memory does not grow with its
length: at most three clips of frames and one clip of masks per sentence are held. Each clip is answered
on its own. A model therefore cannot see an event that lies in another clip ("the one that comes back
later"), and at the border of two clips its answer may jump. The last clip is shifted back to be
full, as in the usual evaluation of Ref-YouTube-VOS, and only its new frames are used.
"""

from __future__ import annotations

import re
import shutil
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from rvosbench import masks, overlay
from rvosbench.contracts import Segmenter
from rvosbench.errors import InvalidDataError, OutputError, ShapeError
from rvosbench.footage import Footage, Shot
from rvosbench.types import BoolMask, Clip
from rvosbench.video_writer import VideoWriter, check_writable


@dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    """What was found for one sentence."""

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
    answers: tuple[Answer, ...]  # one per sentence, in order


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
    """Answer every sentence on every frame and write a video that shows it.

    Args:
        source: a video file, or a folder of JPEG or PNG frames.
        expressions: one or more sentences; each gets its own colour and a line below the picture.
        segmenter: any model.
        out: the video to write, `.mp4` or `.gif` (see `rvosbench.video_writer`).
        masks_dir: also write every mask, as `<masks_dir>/<n>-<sentence>/<frame>.png` with 0 and 255.
        frames_per_clip: how many frames the model sees at once; memory grows with it.
        folder_fps: frames per second of a folder, which does not say.
        replace: overwrite `out`, and a `masks_dir` that holds something.
        on_progress: called with (frames done, frames in all or None) after every clip.

    Returns:
        What was written and found.

    Raises:
        MissingPathError: there is no such source.
        DatasetError: the source cannot be read as a video.
        InvalidDataError: no sentence, an empty one, or no frames per clip.
        OutputError: `out` or `masks_dir` is taken or cannot be written.
        ShapeError: the model answered with masks of a wrong size.
    """
    _check(expressions, frames_per_clip, folder_fps)
    check_writable(out, replace=replace)
    if out.exists() and source.exists() and out.samefile(source):
        raise OutputError(f"{out} is the source itself; choose another --out")
    sink = _MaskFolder(masks_dir, expressions, replace=replace) if masks_dir is not None else None
    found = np.zeros(len(expressions), np.int64)
    area = np.zeros(len(expressions), np.float64)
    frames = clips = 0
    band: NDArray[np.uint8] | None = None
    try:
        with (
            closing(Footage(source, folder_fps=folder_fps)) as footage,
            VideoWriter(out, fps=footage.fps, replace=replace) as video,
        ):
            for shots, new in windows(footage, frames_per_clip):
                clip = _clip(source.stem, shots, new, frames)
                answers = _ask(segmenter, clip, expressions)  # (sentences, new, H, W)
                found += answers.any((2, 3)).sum(1)
                area += answers.mean((2, 3)).sum(1)
                for position, shot in enumerate(shots[len(shots) - new :]):
                    if band is None:
                        band = overlay.legend(shot.pixels.shape[1], _entries(expressions))
                    drawn = overlay.blend(
                        shot.pixels, answers[:, position], outline=outline_width(shot.pixels)
                    )
                    video.add(np.concatenate([drawn, band]), shot.time_s)
                    if sink is not None:
                        sink.add(shot.name, answers[:, position])
                frames += new
                clips += 1
                height, width = shots[0].pixels.shape[:2]
                if on_progress is not None:
                    on_progress(frames, footage.frames)
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
        fps=footage.fps,
        frames_per_clip=frames_per_clip,
        clips=clips,
        codec=video.codec,
        answers=tuple(
            Answer(expression=text, frames_with_mask=int(count), mean_area=float(total / frames))
            for text, count, total in zip(expressions, found, area, strict=True)
        ),
    )


def windows(shots: Iterator[Shot] | Footage, size: int) -> Iterator[tuple[list[Shot], int]]:
    """Cut a stream into clips of `size`; the last one reaches back to be full.

    Yields:
        The frames of a clip, and how many of them, at its end, were in no clip before.
    """
    previous: list[Shot] = []
    current: list[Shot] = []
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


def _check(expressions: Sequence[str], frames_per_clip: int, folder_fps: float) -> None:
    if not expressions:
        raise InvalidDataError("there is no sentence; expected at least one, such as 'the red cup'")
    for number, text in enumerate(expressions, start=1):
        if not text.strip():
            raise InvalidDataError(f"sentence {number} is empty; expected words, such as 'the red cup'")
    if frames_per_clip < 1:
        raise InvalidDataError(f"a clip of {frames_per_clip} frames was asked for; expected at least 1")
    if not 0 < folder_fps <= 1000:
        raise InvalidDataError(f"{folder_fps} frames per second were asked for; expected 0 to 1000")


def _clip(name: str, shots: Sequence[Shot], new: int, done: int) -> Clip:
    first = done - (len(shots) - new)
    return Clip(
        video_id=name,
        frames=np.ascontiguousarray(np.stack([shot.pixels for shot in shots]).transpose(0, 3, 1, 2)),
        frame_indices=tuple(range(first, first + len(shots))),
        wanted=tuple(range(len(shots) - new, len(shots))),
    )


def _ask(segmenter: Segmenter, clip: Clip, expressions: Sequence[str]) -> NDArray[np.bool_]:
    """The best mask of every sentence and wanted frame: (sentences, K, H, W) bool."""
    answers = segmenter.segment(clip, expressions, candidates=1)
    if len(answers) != len(expressions):
        raise ShapeError(f"the model gave {len(answers)} answers to {len(expressions)} sentences")
    size = (len(clip.wanted), *clip.frames.shape[2:])
    for answer in answers:
        if answer.masks.ndim != 4 or not len(answer.masks) or answer.masks.shape[1:] != size:
            raise ShapeError(
                f"the model answered with masks of {answer.masks.shape}, expected (candidates, {size[0]} "
                f"frames, {size[1]}, {size[2]}) with at least one candidate"
            )
    return np.stack([answer.masks[0] for answer in answers])


def _entries(expressions: Sequence[str]) -> list[tuple[str, overlay.Colour]]:
    return [(text, overlay.colour_of(position)) for position, text in enumerate(expressions)]


class _MaskFolder:
    """One folder of PNG files per sentence, under a temporary name until `close`."""

    def __init__(self, folder: Path, expressions: Sequence[str], *, replace: bool) -> None:
        if folder.exists() and not folder.is_dir():
            raise OutputError(f"{folder} is a file; expected a folder name for masks")
        if folder.is_dir() and any(folder.iterdir()) and not (replace and _holds_masks(folder)):
            raise OutputError(f"the folder {folder} is not empty; choose another folder for masks")
        self._folder = folder
        self._partial = folder.with_name(f".{folder.name}.partial")
        names = [f"{number}-{_slug(text)}" for number, text in enumerate(expressions, start=1)]
        self._folders = [self._partial / name for name in names]
        try:
            shutil.rmtree(self._partial, ignore_errors=True)
            for path in self._folders:
                path.mkdir(parents=True)
        except OSError as error:
            raise OutputError(f"masks cannot be written to {folder} ({error.strerror})") from error

    def add(self, name: str, answers: NDArray[np.bool_]) -> None:
        for folder, mask in zip(self._folders, answers, strict=True):
            self._write(folder / f"{name}.png", mask)

    def _write(self, path: Path, mask: BoolMask) -> None:
        try:
            path.write_bytes(masks.encode_binary_png(mask))
        except OSError as error:
            raise OutputError(f"masks cannot be written to {self._folder} ({error.strerror})") from error

    def close(self) -> None:
        try:
            if self._folder.exists():
                shutil.rmtree(self._folder)
            self._partial.replace(self._folder)
        except OSError as error:
            raise OutputError(f"masks cannot be put at {self._folder} ({error.strerror})") from error

    def abandon(self) -> None:
        shutil.rmtree(self._partial, ignore_errors=True)


def _holds_masks(folder: Path) -> bool:
    """Only a folder that looks like our own output may be removed."""
    return all(
        path.is_dir() and re.match(r"[0-9]+-", path.name) and all(p.suffix == ".png" for p in path.iterdir())
        for path in folder.iterdir()
    )


def _slug(text: str) -> str:
    """A sentence as a safe file name: ASCII letters, digits and hyphens."""
    plain = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "-", plain)[:40].strip("-") or "sentence"
