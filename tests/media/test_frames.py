from __future__ import annotations

import io
import pickle
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from rvosbench.errors import DatasetError, MissingPathError
from rvosbench.media.frames import inside, open_frames
from rvosbench.media.video import VideoFile
from rvosbench.types import Frame, Video
from tests.datasets.tiny_releases import write_mp4

H, W = 24, 32


def pixels(number):
    return np.full((H, W, 3), 10 * number, np.uint8)


def png(number):
    buffer = io.BytesIO()
    Image.fromarray(pixels(number)).save(buffer, format="PNG")
    return buffer.getvalue()


def video(frames):
    return Video(
        video_id="v",
        split="train",
        height=H,
        width=W,
        fps=None,
        source="v",
        frames=tuple(frames),
        objects=(),
        expressions=(),
        masks={},
    )


@pytest.fixture
def by_file(tmp_path):
    (tmp_path / "v").mkdir()
    for number in range(4):
        (tmp_path / "v" / f"{number}.png").write_bytes(png(number))
    return video(Frame(name=str(n), annotated=False, path=f"v/{n}.png") for n in range(4))


@pytest.fixture
def packed():
    return video(Frame(name=str(n), annotated=False, path=None, encoded=png(n)) for n in range(4))


@pytest.fixture
def by_mp4(tmp_path):
    write_mp4(tmp_path / "v.mp4", frames=4)
    with VideoFile(tmp_path / "v.mp4") as file:
        times = file.probe().pts_s
    return video(
        Frame(name=str(n), annotated=False, path="v.mp4", pts_s=time) for n, time in enumerate(times)
    )


@pytest.mark.parametrize("source", ["by_file", "packed", "by_mp4"])
def test_frames_come_in_the_order_asked_for_with_repetitions(source, request, tmp_path):
    with open_frames(request.getfixturevalue(source), tmp_path) as frames:
        found = frames.read([3, 0, 0, 2])
        assert (found.shape, found.dtype) == ((4, H, W, 3), np.uint8)
        assert found.flags.c_contiguous
        assert [int(frame.mean().round(-1)) for frame in found] == [30, 0, 0, 20]
        assert frames.read([]).shape == (0, H, W, 3)


def test_packed_frames_need_no_release(packed):
    with open_frames(packed, None) as frames:
        assert frames.read([1])[0, 0, 0, 0] == 10


def test_a_packed_video_can_be_sent_to_a_worker(packed):
    assert pickle.loads(pickle.dumps(packed)) == packed


@pytest.mark.parametrize("release", [None, Path("absent")])
def test_frames_by_reference_need_the_release(by_file, release):
    with pytest.raises(MissingPathError, match="name the folder with --release"):
        open_frames(by_file, release)


def test_a_frame_that_is_gone_is_named(by_file, tmp_path):
    (tmp_path / "v" / "2.png").unlink()
    with (
        open_frames(by_file, tmp_path) as frames,
        pytest.raises(MissingPathError, match=r"v/2\.png is missing"),
    ):
        frames.read([2])


def test_a_frame_that_cannot_be_read_is_named(by_file, tmp_path):
    (tmp_path / "v" / "2.png").unlink()
    (tmp_path / "v" / "2.png").mkdir()
    with (
        open_frames(by_file, tmp_path) as frames,
        pytest.raises(DatasetError, match=r"v/2\.png cannot be read \(Is a directory\); expected a 24x32"),
    ):
        frames.read([2])


def test_a_frame_of_another_size_is_never_resized(by_file, tmp_path):
    Image.new("RGB", (8, 8)).save(tmp_path / "v" / "1.png")
    with open_frames(by_file, tmp_path) as frames, pytest.raises(DatasetError, match="is 8x8 px"):
        frames.read([1])


def test_an_mp4_of_another_size_is_refused(by_mp4, tmp_path):
    with (
        open_frames(replace(by_mp4, height=H * 2), tmp_path) as frames,
        pytest.raises(DatasetError, match="24x32"),
    ):
        frames.read([0])


def test_frames_of_one_video_lie_in_one_mp4(by_mp4, tmp_path):
    frames = (*by_mp4.frames[:3], replace(by_mp4.frames[3], path="w.mp4"))
    with pytest.raises(DatasetError, match="lie in 2 files"):
        open_frames(replace(by_mp4, frames=frames), tmp_path)


@pytest.mark.parametrize("path", ["../x", "/etc/passwd", "a/../../x", "a\0b", "", "a\\..\\b"])
def test_a_path_never_leaves_the_release(path, by_file, tmp_path):
    with pytest.raises(DatasetError, match="leaves the release folder"):
        inside(tmp_path, path)
    hostile = replace(by_file, frames=(replace(by_file.frames[0], path=path),))
    with (
        open_frames(hostile, tmp_path) as frames,
        pytest.raises(DatasetError, match="leaves the release folder"),
    ):
        frames.read([0])


def test_linked_folders_are_followed(by_file, tmp_path):
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "v").symlink_to(tmp_path / "v")
    with open_frames(by_file, tmp_path / "other") as frames:
        assert frames.read([1])[0, 0, 0, 0] == 10


def test_a_frame_without_pixels_is_an_error(packed, tmp_path):
    bare = replace(packed, frames=(replace(packed.frames[0], encoded=None),))
    with (
        open_frames(bare, tmp_path) as frames,
        pytest.raises(DatasetError, match="neither a path nor packed"),
    ):
        frames.read([0])
