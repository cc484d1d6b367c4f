"""Video files into pixels: one PyAV reader, exact by presentation time.

Frames are found by their time, never by counting: exact for any frame rate and edit list. A frame costs
what decoding it takes: from the key frame before it, without the frames on the way that no other needs.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from rvosbench.errors import DatasetError, MissingPathError
from rvosbench.files.foreign import file_is
from rvosbench.files.scoped import Closing
from rvosbench.media.display import (
    UPRIGHT,
    Turn,
    resized,
    square_size,
    turn_of,
    turn_of_angle,
    turn_of_exif,
    turned,
)
from rvosbench.media.images import RgbImage
from rvosbench.media.main_stream import comes_once_in, main_stream
from rvosbench.media.orientation import orientation_of

if TYPE_CHECKING:
    import av
    from av.container import InputContainer
    from av.packet import Packet
    from av.video.stream import VideoStream

_NEAR_S = 0.25  # a frame nearer than this is reached by decoding on: a seek costs a few frames too
_NEAR_WITHOUT_INDEX_S = 1.0  # where it is not known whether a key frame lies between
_SAME_TIME_S = 1e-3  # two presentation times closer than this are one frame (1000 frames/s is the limit)


@dataclass(frozen=True, slots=True)
class VideoInfo:
    """What `probe` finds in a video file without decoding it."""

    height: int  # px
    width: int  # px
    fps: float | None
    pts_s: tuple[float, ...]  # presentation time of every frame, ascending


class VideoFile(Closing):
    """One video file, decoded by PyAV in one thread with one shared colour converter.

    One thread, because loader workers and cluster jobs already use every core; a shared converter,
    because making one per frame costs more than converting a small frame.
    """

    def __init__(self, path: Path) -> None:
        """Open the file.

        Raises:
            MissingPathError: there is no such file.
            DatasetError: it is not a video, or has no video stream besides a cover picture.
        """
        import av
        from av.video.reformatter import VideoReformatter

        self.path = path
        self._reformatter = VideoReformatter()
        self._errors: tuple[type[BaseException], ...] = (av.error.FFmpegError,)
        try:
            self._container: InputContainer = av.open(str(path), "r")
        except FileNotFoundError:
            raise MissingPathError(f"{path} is missing; expected a video file") from None
        except (av.error.FFmpegError, OSError, ValueError) as error:
            raise DatasetError(
                f"{path} cannot be opened as a video ({_reason(error)}){_what(path)}; fetch it again"
            ) from error
        stream = main_stream(self._container.streams.video, comes_once_in(path))
        if stream is None:
            pictures = len(self._container.streams.video)
            self._container.close()
            only = " but a cover picture" if pictures else ""
            raise DatasetError(f"{path} has no video stream{only}; expected a video file such as mp4")
        self._stream = stream
        if self._stream.codec_context is None:  # PyAV leaves it out for a codec that FFmpeg does not know
            self._container.close()
            raise DatasetError(f"{path} is coded in a way that FFmpeg does not know; fetch it again")
        self._stream.codec_context.thread_count = 1
        self._stream.codec_context.thread_type = "NONE"
        # Only in H.264 is a frame marked as no reference needed by no other at all: in HEVC one may still
        # be a reference to higher temporal layers.
        self._can_skip = self._stream.codec_context.name == "h264"
        self._target_s = -math.inf  # frames before it need not be shown
        self._last_dts: int | None = None  # of the packets sent to the decoder
        self._packets: Iterator[Packet[VideoStream]] = self._container.demux(self._stream)
        self._decoded = self._decode()
        self._current: av.VideoFrame | None = None

    def probe(self) -> VideoInfo:
        """Size, rate and the time of every frame, from the packets alone. Rewinds the file.

        Raises:
            DatasetError: the file has no frames, or is damaged.
        """
        self._rewind()
        base = self._stream.time_base
        try:
            times = sorted(
                float(packet.pts * base)
                for packet in self._packets
                if packet.pts is not None and base is not None and not packet.is_discard
            )
        except self._errors as error:
            raise DatasetError(f"{self.path} is damaged ({_reason(error)}); fetch it again") from error
        if not times:
            raise DatasetError(f"{self.path} has zero frames; expected a video with at least one")
        self._rewind()
        context = self._stream.codec_context
        rate = self._stream.average_rate
        return VideoInfo(context.height, context.width, float(rate) if rate else None, tuple(times))

    def at(self, pts_s: float) -> RgbImage:
        """The frame that is presented at `pts_s`, as (H, W, 3) uint8 RGB.

        Raises:
            DatasetError: the file has no frame at that time, or cannot be decoded there.
        """
        time = self._time()
        must_seek = time is None or pts_s < time - _SAME_TIME_S or self._seek_pays(time, pts_s)
        self._target_s = pts_s
        if must_seek:
            self._seek(pts_s)
        time = self._decode_until(pts_s)
        if must_seek and (time is None or time > pts_s + _SAME_TIME_S):
            # MPEG-TS keeps no index, so a seek may land beyond the frame; the start is always before it.
            self._rewind()
            time = self._decode_until(pts_s)
        if time is None:
            raise DatasetError(
                f"{self.path} ends before the frame at {pts_s:.3f} s; it is truncated, fetch it again"
            )
        if time > pts_s + _SAME_TIME_S:
            raise DatasetError(
                f"{self.path} has no frame at {pts_s:.3f} s, the next is at {time:.3f} s; the file changed "
                "since it was prepared, run rvos prepare again"
            )
        return self._rgb()

    @property
    def fps(self) -> float | None:
        """Average frames per second, as the file's header says."""
        rate = self._stream.average_rate
        return float(rate) if rate else None

    @property
    def frames_declared(self) -> int | None:
        """The number of frames that the header claims, if it does; `probe` counts them."""
        return self._stream.frames or None

    def play(self) -> Iterator[tuple[float | None, RgbImage]]:
        """Every frame of a file that was just opened, in order, as a player shows it.

        Telephones store a turn beside the pixels, front cameras a mirrored one, and discs pixels that are
        not square. `at` leaves all of it out, because annotations are drawn on the pixels as stored;
        somebody's own video is shown with it.

        Yields:
            The presentation time in s (None where the file has none) and (H, W, 3) uint8 RGB.

        Raises:
            DatasetError: the file cannot be decoded to its end.
        """
        self._target_s = -math.inf
        # The density of a photograph is dots per inch of paper; viewers show its pixels square.
        aspect = None if self._is_picture else self._stream.sample_aspect_ratio
        while self._advance():
            pixels = self._rgb()
            pixels = resized(pixels, square_size(pixels.shape[0], pixels.shape[1], aspect))
            yield self._time(), turned(pixels, self._turn())

    def close(self) -> None:
        """Close the file."""
        self._current = None
        self._container.close()

    @property
    def _is_picture(self) -> bool:
        """Whether this is one JPEG, PNG ... and no container."""
        name = self._container.format.name
        return name.endswith("_pipe") or name.startswith("image2")

    def _turn(self) -> Turn:
        assert self._current is not None
        if self._is_picture:
            return turn_of_exif(orientation_of(self.path))
        try:
            matrix: Any = self._current.side_data.get("DISPLAYMATRIX")  # a buffer, which its hints leave out
        except ValueError:  # the frame has other side data too, of a kind that is newer than PyAV
            return turn_of_angle(self._current.rotation)
        return UPRIGHT if matrix is None else turn_of(bytes(matrix))

    def _time(self) -> float | None:
        frame = self._current
        if frame is None or frame.pts is None or frame.time_base is None:
            return None
        return float(frame.pts * frame.time_base)

    def _decode_until(self, pts_s: float) -> float | None:
        """Decode on to the first frame that is not before `pts_s`; its time, None at the end of the file."""
        while (time := self._time()) is None or time < pts_s - _SAME_TIME_S:
            if not self._advance():
                return None
        return time

    def _advance(self) -> bool:
        try:
            self._current = next(self._decoded, None)
        except self._errors as error:
            self._current = None  # the decoder has lost its place; the next frame starts with a seek
            raise DatasetError(f"{self.path} cannot be decoded ({_reason(error)}); fetch it again") from error
        return self._current is not None

    def _decode(self) -> Iterator[av.VideoFrame]:
        """All frames, without those before the target that no other frame refers to.

        Everything from the target on is decoded, also what the decoder takes in before it gives the target
        out, so that reading on from there finds it.
        """
        base = float(self._stream.time_base or 0)
        context = self._stream.codec_context
        for packet in self._packets:
            self._last_dts = packet.dts
            if self._can_skip:
                early = packet.pts is not None and packet.pts * base < self._target_s - _SAME_TIME_S
                context.skip_frame = "NONREF" if early else "DEFAULT"
            yield from packet.decode()

    def _seek_pays(self, time: float, pts_s: float) -> bool:
        """Whether a seek from the frame at `time` would pass over frames on the way to `pts_s`."""
        index = self._stream.index_entries
        if not len(index) or self._last_dts is None:
            return pts_s > time + _NEAR_WITHOUT_INDEX_S
        key = index.search_timestamp(self._ticks(pts_s))  # the last key frame that is decoded by then
        return bool(pts_s > time + _NEAR_S and key >= 0 and index[key].timestamp > self._last_dts)

    def _seek(self, pts_s: float) -> None:
        """Go to the last key frame that is shown at `pts_s` or before.

        Containers seek by the time of decoding, which is earlier than the time of showing where frames are
        reordered: the key frame found can be the one after `pts_s`. What is shown before such a key frame
        does not depend on it, or cannot be decoded from it alone (an open group).
        """
        offset = self._ticks(pts_s)
        try:
            while True:
                self._container.seek(offset, stream=self._stream, backward=True)
                packets = self._container.demux(self._stream)
                first = next(packets, None)
                late = first is not None and first.pts is not None and first.pts > self._ticks(pts_s)
                if first is None or not late or first.dts is None or first.dts > offset:
                    break
                offset = first.dts - 1
        except self._errors as error:
            raise DatasetError(f"{self.path} is damaged ({_reason(error)}); fetch it again") from error
        self._packets = itertools.chain([] if first is None else [first], packets)
        self._decoded = self._decode()
        self._last_dts = None
        self._current = None

    def _ticks(self, pts_s: float) -> int:
        base = self._stream.time_base
        return round(pts_s / float(base)) if base else 0

    def _rewind(self) -> None:
        self._seek(0.0)

    def _rgb(self) -> RgbImage:
        assert self._current is not None
        rgb = self._reformatter.reformat(self._current, format="rgb24", threads=1)
        return np.asarray(rgb.to_ndarray(), np.uint8)


def _what(path: Path) -> str:
    """What a file is if it is no video at all."""
    what = file_is(path)
    return "" if what.endswith(" video)") else what


def _reason(error: BaseException) -> str:
    """FFmpeg's words, without the number that it gives them."""
    return getattr(error, "strerror", None) or str(error)
