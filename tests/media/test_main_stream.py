"""A cover picture, thumbnails or a second camera do not become the video."""

from __future__ import annotations

import io
import struct
from dataclasses import dataclass
from fractions import Fraction
from types import SimpleNamespace

import av
import numpy as np
import pytest
from PIL import Image

from rvosbench.errors import DatasetError
from rvosbench.media.frame_sources import FrameSource
from rvosbench.media.main_stream import main_stream
from rvosbench.media.video import VideoFile
from rvosbench.media.video_writer import VideoWriter
from tests.turned_video import with_matrix

DEFAULT, COVER, THUMBNAILS, DEPENDENT = 1, 1024, 2048, 524288


@dataclass
class Stream:
    name: str
    codec: str | None = "h264"
    disposition: int = 0
    frames: int = 0

    @property
    def codec_context(self):
        return None if self.codec is None else SimpleNamespace(name=self.codec)


@pytest.mark.parametrize(
    ("streams", "chosen"),
    [
        ([Stream("cover", "mjpeg", COVER), Stream("a")], "a"),
        ([Stream("cover", "png", COVER | DEFAULT, 1), Stream("a", disposition=DEFAULT)], "a"),
        ([Stream("a"), Stream("cover", "mjpeg", COVER)], "a"),
        ([Stream("unmarked", "mjpeg", 0, 1), Stream("a", frames=20)], "a"),
        ([Stream("thumbnails", "mjpeg", THUMBNAILS, 9), Stream("a")], "a"),
        ([Stream("a"), Stream("b", disposition=DEFAULT)], "b"),
        ([Stream("a", disposition=DEFAULT), Stream("b", disposition=DEFAULT)], "a"),
        ([Stream("a"), Stream("b")], "a"),
        ([Stream("depth", disposition=DEPENDENT), Stream("a")], "a"),
        ([Stream("unknown", None), Stream("a")], "a"),
        ([Stream("unknown", None)], "unknown"),
        ([Stream("motion jpeg", "mjpeg", 0, 20), Stream("a")], "motion jpeg"),
        ([Stream("one frame", "mjpeg", 0, 1)], "one frame"),
        ([Stream("cover", "mjpeg", COVER)], None),
        ([], None),
    ],
)
def test_the_stream_that_a_player_shows_is_chosen(streams, chosen):
    stream = main_stream(streams)
    assert (stream and stream.name) == chosen


def corner():
    """Grey, with a bright upper left corner that is wider than high."""
    pixels = np.full((48, 64, 3), 20, np.uint8)
    pixels[:16, :32] = 230
    return pixels


def video(path, frames=3):
    with VideoWriter(path, fps=10) as writer:
        for position in range(frames):
            writer.add(corner(), position / 10)
    return path


def boxed(kind, content):
    return struct.pack(">I", 8 + len(content)) + kind + content


def with_cover(source, path):
    """The mp4 with a cover picture in the way of iTunes, before its track."""
    buffer = io.BytesIO()
    Image.new("RGB", (30, 30), (200, 200, 200)).save(buffer, "JPEG")
    item = boxed(b"covr", boxed(b"data", struct.pack(">II", 13, 0) + buffer.getvalue()))
    handler = boxed(b"hdlr", struct.pack(">II4s4sIIB", 0, 0, b"mdir", b"appl", 0, 0, 0))
    user = boxed(b"udta", boxed(b"meta", bytes(4) + handler + boxed(b"ilst", item)))
    data = source.read_bytes()
    start = data.index(b"moov") - 4
    size = int.from_bytes(data[start : start + 4], "big")
    header = int.from_bytes(data[start + 8 : start + 12], "big")  # mvhd comes first
    split = start + 8 + header
    # The chunks lie where they were: a box of the same length as the new one would move them.
    offsets = bytearray(data[split : start + size])
    at = offsets.index(b"stco") + 8
    count = int.from_bytes(offsets[at : at + 4], "big")
    moved = len(user) if data.index(b"mdat") > start else 0
    for position in range(at + 4, at + 4 + 4 * count, 4):
        old = int.from_bytes(offsets[position : position + 4], "big")
        offsets[position : position + 4] = struct.pack(">I", old + moved)
    moov = struct.pack(">I", size + len(user)) + data[start + 4 : split] + user + bytes(offsets)
    path.write_bytes(data[:start] + moov + data[start + size :])
    return path


def test_a_video_with_a_cover_picture_is_its_video_everywhere(tmp_path):
    path = with_cover(video(tmp_path / "a.mp4"), tmp_path / "b.mp4")
    with av.open(str(path)) as container:
        assert container.streams.video[0].codec_context.name == "mjpeg"
    source = FrameSource(path, folder_fps=6)
    assert [frame.pixels.shape for frame in source] == [(48, 64, 3)] * 3
    with VideoFile(path) as file:
        info = file.probe()
        assert (info.height, info.width, len(info.pts_s)) == (48, 64, 3)
        assert file.at(info.pts_s[2]).shape == (48, 64, 3)


def test_a_song_with_a_cover_picture_is_no_video(tmp_path):
    with av.open(str(tmp_path / "a.m4a"), "w", format="ipod") as container:
        stream = container.add_stream("aac", rate=44100)
        silence = av.AudioFrame.from_ndarray(np.zeros((1, 1024), np.float32), format="fltp", layout="mono")
        silence.sample_rate = 44100
        container.mux([*stream.encode(silence), *stream.encode(None)])
    path = with_cover(tmp_path / "a.m4a", tmp_path / "b.m4a")
    with pytest.raises(DatasetError, match="no video stream but a cover picture"):
        VideoFile(path)


@pytest.mark.parametrize(
    ("entries", "rows", "columns", "size"),
    [
        ((-1, 0, 0, 1), slice(0, 16), slice(-32, None), (48, 64)),  # mirrored left to right
        ((1, 0, 0, -1), slice(-16, None), slice(0, 32), (48, 64)),  # upside down
        ((0, 1, 1, 0), slice(0, 32), slice(0, 16), (64, 48)),  # rows become columns
        ((0, -1, -1, 0), slice(-32, None), slice(-16, None), (64, 48)),
        ((0, -1, 1, 0), slice(-32, None), slice(0, 16), (64, 48)),
    ],
)
def test_mirrored_videos_are_shown_as_a_player_shows_them_and_stored_ones_are_not(
    tmp_path, entries, rows, columns, size
):
    a, b, c, d = (entry * (1 << 16) for entry in entries)
    path = with_matrix(video(tmp_path / "a.mp4", 1), tmp_path / "b.mp4", (a, b, c, d, 0, 0))
    (frame,) = FrameSource(path, folder_fps=6)
    assert frame.pixels.shape == (*size, 3)
    assert frame.pixels[rows, columns].mean() > 200
    assert frame.pixels.mean() < 70
    with VideoFile(path) as file:
        assert file.at(file.probe().pts_s[0])[:16, :32].mean() > 200


@pytest.mark.parametrize(
    ("aspect", "size", "bright"),
    [(Fraction(3, 2), (48, 96), (16, 48)), (Fraction(1, 2), (96, 64), (32, 32))],
)
def test_pixels_that_are_not_square_are_shown_square_and_stored_as_they_are(tmp_path, aspect, size, bright):
    with av.open(str(tmp_path / "a.mp4"), "w") as container:
        stream = container.add_stream("mpeg4", rate=10)
        stream.height, stream.width, stream.pix_fmt = 48, 64, "yuv420p"
        stream.codec_context.sample_aspect_ratio = aspect
        frame = av.VideoFrame.from_ndarray(corner(), format="rgb24")
        container.mux([*stream.encode(frame), *stream.encode(None)])
    (shown,) = FrameSource(tmp_path / "a.mp4", folder_fps=6)
    assert shown.pixels.shape == (*size, 3)
    assert shown.pixels[: bright[0] - 2, : bright[1] - 2].mean() > 200
    assert shown.pixels[bright[0] + 2 :].mean() < 40
    with VideoFile(tmp_path / "a.mp4") as file:  # masks of A2D are drawn on the pixels as stored
        info = file.probe()
        assert (info.height, info.width) == (48, 64)
        assert file.at(info.pts_s[0]).shape == (48, 64, 3)


def two_streams(path, codec, pictures):
    """A stream of pictures that is first, and six frames of H.264."""
    with av.open(str(path), "w") as container:
        still = container.add_stream(codec, rate=10)
        still.width, still.height, still.pix_fmt = 32, 32, "yuvj420p"
        moving = container.add_stream("libx264", rate=10)
        moving.width, moving.height, moving.pix_fmt = 64, 48, "yuv420p"
        for stream, count in ((still, pictures), (moving, 6)):
            for _ in range(count):
                pixels = np.zeros((stream.height, stream.width, 3), np.uint8)
                container.mux(stream.encode(av.VideoFrame.from_ndarray(pixels, format="rgb24")))
            container.mux(stream.encode(None))
    return path


@pytest.mark.parametrize("suffix", ["mkv", "mp4", "mov"])
@pytest.mark.parametrize(("pictures", "size"), [(1, (48, 64)), (6, (32, 32))])
def test_an_unmarked_cover_is_passed_over_also_where_the_container_does_not_count(
    tmp_path, suffix, pictures, size
):
    info = VideoFile(two_streams(tmp_path / f"a.{suffix}", "mjpeg", pictures)).probe()
    assert ((info.height, info.width), len(info.pts_s)) == (size, 6)
