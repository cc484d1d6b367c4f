"""Which stream of a container is the video: not its cover picture, nor its thumbnails."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from av.video.stream import VideoStream

_ATTACHED_PIC, _TIMED_THUMBNAILS, _DEPENDENT, _DEFAULT = 1024, 2048, 524288, 1  # FFmpeg's dispositions
_STILL_CODECS = frozenset({"mjpeg", "png", "bmp", "webp", "tiff", "gif"})


def main_stream(streams: Sequence[VideoStream]) -> VideoStream | None:
    """The stream that a player shows: the first that is marked as default, else the first.

    Music stores and cameras put a cover picture into a file as a video stream of one frame, often before the
    real one. Such pictures are passed over, and so are thumbnails and streams that only add to another.

    Args:
        streams: all video streams of a file, in its order.

    Returns:
        None where there is nothing but pictures.
    """
    real = [stream for stream in streams if not _disposition(stream) & (_ATTACHED_PIC | _TIMED_THUMBNAILS)]
    # Some writers leave the mark out: a single JPEG beside a stream in a codec for video is a cover too.
    if any(not _is_still(stream) for stream in real):
        real = [stream for stream in real if not _is_still(stream)]
    whole = [stream for stream in real if not _disposition(stream) & _DEPENDENT] or real
    # PyAV leaves the codec out where FFmpeg does not know it; another stream may be readable.
    known = [stream for stream in whole if stream.codec_context is not None] or whole
    default = [stream for stream in known if _disposition(stream) & _DEFAULT] or known
    return default[0] if default else None


def _disposition(stream: VideoStream) -> int:
    return int(stream.disposition)


def _is_still(stream: VideoStream) -> bool:
    context = stream.codec_context
    return context is not None and context.name in _STILL_CODECS and stream.frames == 1
