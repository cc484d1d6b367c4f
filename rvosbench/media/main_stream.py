"""Which stream of a container is the video: not its cover picture, nor its thumbnails."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from av.video.stream import VideoStream

_ATTACHED_PIC, _TIMED_THUMBNAILS, _DEPENDENT, _DEFAULT = 1024, 2048, 524288, 1  # FFmpeg's dispositions
_STILL_CODECS = frozenset({"mjpeg", "png", "bmp", "webp", "tiff", "gif"})


_MOST_PACKETS = 500  # looked at for a second picture of a stream


def main_stream(
    streams: Sequence[VideoStream], comes_once: Callable[[VideoStream], bool] = lambda stream: False
) -> VideoStream | None:
    """The stream that a player shows: the first that is marked as default, else the first.

    Music stores and cameras put a cover picture into a file as a video stream of one frame, often before the
    real one. Such pictures are passed over, and so are thumbnails and streams that only add to another.

    Args:
        streams: all video streams of a file, in its order.
        comes_once: whether a stream has one packet only, such as `comes_once_in(path)`; asked where the
            container does not count, as Matroska does not.

    Returns:
        None where there is nothing but pictures.
    """
    real = [stream for stream in streams if not _disposition(stream) & (_ATTACHED_PIC | _TIMED_THUMBNAILS)]
    # Some writers leave the mark out: a single JPEG beside a stream in a codec for video is a cover too.
    if len(real) > 1:
        real = [stream for stream in real if not _is_still(stream, comes_once)] or real
    whole = [stream for stream in real if not _disposition(stream) & _DEPENDENT] or real
    # PyAV leaves the codec out where FFmpeg does not know it; another stream may be readable.
    known = [stream for stream in whole if stream.codec_context is not None] or whole
    default = [stream for stream in known if _disposition(stream) & _DEFAULT] or known
    return default[0] if default else None


def _disposition(stream: VideoStream) -> int:
    return int(stream.disposition)


def _is_still(stream: VideoStream, comes_once: Callable[[VideoStream], bool]) -> bool:
    context = stream.codec_context
    if context is None or context.name not in _STILL_CODECS:
        return False
    return stream.frames == 1 or (not stream.frames and comes_once(stream))


def comes_once_in(path: Path) -> Callable[[VideoStream], bool]:
    """What tells whether a stream of a file has one packet only, by a look at the first packets.

    Args:
        path: the file; it is opened anew, so that whoever reads it stays where they are.
    """

    def comes_once(stream: VideoStream) -> bool:
        import av

        seen = 0
        with av.open(str(path), "r") as container:
            try:
                for packet in islice(container.demux(container.streams.video), _MOST_PACKETS):
                    seen += packet.stream_index == stream.index and packet.size > 0
                    if seen > 1:
                        return False
            except av.error.FFmpegError:
                return False  # whoever decodes the file says what is wrong with it
        return seen == 1

    return comes_once
