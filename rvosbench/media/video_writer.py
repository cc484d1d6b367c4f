"""Pixels into a video that plays everywhere: .mp4, or .gif for a README.

Frames keep their presentation times, so a video of varying frame rate stays in time. The file is
written under a temporary name beside the final one and renamed when it is complete.
"""

from __future__ import annotations

import contextlib
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from rvosbench.errors import OutputError
from rvosbench.files.atomic import atomic_file
from rvosbench.files.places import check_file, unwritable
from rvosbench.files.scoped import WholeOrNothing
from rvosbench.media.images import RgbImage

if TYPE_CHECKING:
    import av
    from av.container import OutputContainer
    from av.video.stream import VideoStream

SUFFIXES = (".mp4", ".gif")
_TICKS = {".mp4": 60_000, ".gif": 100}  # per second; MPEG-4 part 2 allows no more than 65535
_GIF_WIDTH = 480  # px; an animation of a full-size video is too large for any page
_GIF_FPS = 12


class VideoWriter(WholeOrNothing):
    """Writes one video. Leaving it by an exception leaves no file.

    mp4 is H.264 where PyAV was built with it, else MPEG-4 part 2; yuv420p, BT.709, without sound;
    frames of odd size repeat their last row or column. gif is at most 480 px wide and 12 frames/s.

    Example:
        with VideoWriter(Path("out.mp4"), fps=25.0) as video:
            for position, pixels in enumerate(frames):
                video.add(pixels, position / 25.0)
    """

    def __init__(self, path: Path, *, fps: float, replace: bool = False) -> None:
        """Check the name; the file is opened by the first frame, which decides its size.

        Raises:
            OutputError: unknown suffix, the name is taken, or the folder cannot be written.
        """
        check_video_name(path, replace=replace)
        self.path = path
        self.codec = ""
        self._suffix = path.suffix.lower()
        self._fps = fps
        self._container: OutputContainer | None = None
        self._last_tick = -1
        self._file = atomic_file(path, overwrite=replace, parents=False)

    def add(self, pixels: RgbImage, time_s: float, name: str = "") -> None:
        """Append one frame.

        Args:
            pixels: (H, W, 3) uint8 RGB, all of one size.
            time_s: when it is shown; ascending from 0.
            name: what writers of pictures call it; a video has no use for it.

        Raises:
            OutputError: the disk is full or the encoder failed.
        """
        import av

        tick = round(time_s * _TICKS[self._suffix])
        if self._suffix == ".gif":
            if self._last_tick >= 0 and tick - self._last_tick < 100 / _GIF_FPS - 1:
                return
            pixels = _narrowed(pixels, _GIF_WIDTH)
        try:
            if self._container is None:
                self._open(pixels)
            frame = _palette_frame(pixels) if self._suffix == ".gif" else _yuv_frame(pixels)
            self._last_tick = max(tick, self._last_tick + 1)
            frame.pts, frame.time_base = self._last_tick, Fraction(1, _TICKS[self._suffix])
            self._mux(frame)
        except (av.error.FFmpegError, OSError) as error:
            raise unwritable(self.path, error) from error

    def _open(self, first: RgbImage) -> None:
        import av

        self.codec = "gif" if self._suffix == ".gif" else _mp4_codec()
        options = {"movflags": "+faststart"} if self._suffix == ".mp4" else {}
        # The format is named since the partial name does not end in it.
        self._container = av.open(str(self._file.partial), "w", format=self._suffix[1:], options=options)
        rate = Fraction(self._fps).limit_denominator(1001)
        # The encoder's name decides the kind of stream, which a type checker cannot know.
        self._stream = cast("VideoStream", self._container.add_stream(self.codec, rate=rate))
        height, width = first.shape[:2]
        context = self._stream.codec_context
        context.time_base = Fraction(1, _TICKS[self._suffix])
        if self._suffix == ".gif":
            self._stream.height, self._stream.width, self._stream.pix_fmt = height, width, "pal8"
            return
        self._stream.height, self._stream.width = height + height % 2, width + width % 2
        self._stream.pix_fmt = "yuv420p"
        context.colorspace = context.color_primaries = context.color_trc = 1  # BT.709
        context.color_range = 1  # 16 to 235
        if self.codec == "libx264":
            self._stream.options = {"crf": "20", "preset": "veryfast"}
        else:
            context.qmin, context.qmax = 2, 6
            context.bit_rate = int(height * width * self._fps / 4)

    def _mux(self, frame: av.VideoFrame | None) -> None:
        assert self._container is not None
        for packet in self._stream.encode(frame):
            self._container.mux(packet)

    def finish(self) -> None:
        """Finish the file and give it its final name.

        Raises:
            OutputError: no frame was added, or the file cannot be put in place.
        """
        import av

        if self._container is None:
            raise OutputError(f"{self.path} would have no frames; add at least one")
        try:
            self._mux(None)
            self._container.close()
        except (av.error.FFmpegError, OSError) as error:
            raise unwritable(self.path, error) from error
        self._file.commit()

    def abandon(self) -> None:
        """Remove what was written."""
        if self._container is not None:
            with contextlib.suppress(Exception):  # a full disk raises again here; the first error counts
                self._container.close()
        self._file.abandon()


def check_video_name(path: Path, *, replace: bool) -> None:
    """Refuse a place where no video can be put, before any work is done.

    Raises:
        OutputError: unknown suffix, the name is taken, or the folder is missing or read-only.
    """
    if path.suffix.lower() not in SUFFIXES:
        raise OutputError(
            f"{path} has the suffix {path.suffix or '(none)'}; expected a video name that ends in "
            f"{' or '.join(SUFFIXES)}"
        )
    check_file(path, overwrite=replace)


def _mp4_codec() -> str:
    import av

    try:
        av.codec.Codec("libx264", "w")
    except (av.error.FFmpegError, ValueError):
        return "mpeg4"
    return "libx264"


def _yuv_frame(pixels: RgbImage) -> av.VideoFrame:
    import av

    height, width = pixels.shape[:2]
    even = np.pad(pixels, ((0, height % 2), (0, width % 2), (0, 0)), mode="edge")
    frame = av.VideoFrame.from_ndarray(even, format="rgb24")
    return frame.reformat(format="yuv420p", dst_colorspace="ITU709")


def _palette_frame(pixels: RgbImage) -> av.VideoFrame:
    """Each frame with its own 256 colours, so that no frame has to wait for the others."""
    import av
    from PIL import Image

    image = Image.fromarray(pixels).quantize(256, Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE)
    colours = np.array(image.getpalette(), np.uint8).reshape(-1, 3)
    palette = np.zeros((256, 4), np.uint8)  # alpha, red, green, blue
    palette[:, 0] = 255
    palette[: len(colours), 1:] = colours
    indices_and_palette: Any = (np.asarray(image, np.uint8), palette)  # which av's type hints leave out
    return av.VideoFrame.from_ndarray(indices_and_palette, format="pal8")


def _narrowed(pixels: RgbImage, width: int) -> RgbImage:
    import cv2

    if pixels.shape[1] <= width:
        return pixels
    height = max(1, round(pixels.shape[0] * width / pixels.shape[1]))
    return np.asarray(cv2.resize(pixels, (width, height), interpolation=cv2.INTER_AREA), np.uint8)
