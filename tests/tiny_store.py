"""The tiny store of `rvosbench.testing`, under the name that the tests know."""

from rvosbench.testing.tiny_store import (
    CARD,
    HEIGHT,
    WIDTH,
    hidden,
    lone_square,
    png,
    square,
    tiny_store,
    two_squares,
    video,
    write_store,
)

__all__ = [
    "CARD",
    "HEIGHT",
    "WIDTH",
    "hidden",
    "lone_square",
    "png",
    "square",
    "tiny_store",
    "two_squares",
    "video",
    "write_store",
]
