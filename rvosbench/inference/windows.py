"""A stream of frames in clips of one length."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from rvosbench.media.frame_sources import SourceFrame


def windows(frames: Iterable[SourceFrame], size: int) -> Iterator[tuple[list[SourceFrame], int]]:
    """Cut a stream into clips of `size`; the last one reaches back to be full.

    Yields:
        The frames of a clip, and how many of them, at its end, were in no clip before.
    """
    previous: list[SourceFrame] = []
    current: list[SourceFrame] = []
    for frame in frames:
        current.append(frame)
        if len(current) == size:
            yield current, size
            previous, current = current, []
    if current:
        yield previous[len(current) - size :] + current, len(current)
