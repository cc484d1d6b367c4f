from __future__ import annotations

import random
from fractions import Fraction

import av
import numpy as np
import pytest

from rvosbench.errors import DatasetError, MissingPathError, RvosbenchError
from rvosbench.video_file import VideoFile

FRAMES = 40
H, W = 48, 64


def picture(number):
    """A frame that spells its number in eight black or white blocks."""
    pixels = np.zeros((H, W, 3), np.uint8)
    for bit in range(8):
        if number >> bit & 1:
            top, left = bit // 4 * 24, bit % 4 * 16
            pixels[top : top + 24, left : left + 16] = 255
    return pixels


def number_in(pixels):
    return sum(int(pixels[bit // 4 * 24 + 12, bit % 4 * 16 + 8].mean() > 128) << bit for bit in range(8))


def write(path, *, codec="libx264", b_frames=2, group=12, first=0, step=lambda n: n):
    """A clip of `FRAMES` frames at 24 fps; frame n is presented at (first + step(n)) / 24 s."""
    options = {"bf": str(b_frames), "g": str(group)} if codec == "libx264" else {}
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=24, options=options)
        stream.height, stream.width, stream.pix_fmt = H, W, "yuv420p"
        stream.codec_context.thread_count = 1
        for number in range(FRAMES):
            frame = av.VideoFrame.from_ndarray(picture(number), format="rgb24")
            frame.pts, frame.time_base = first + step(number), Fraction(1, 24)
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return path


CLIPS = {
    "b frames": ("x.mp4", {}),
    "no b frames": ("x.mp4", {"b_frames": 0}),
    "one group": ("x.mp4", {"group": 1000}),
    "starts at one second": ("x.mp4", {"first": 24}),
    "uneven times": ("x.mp4", {"step": lambda number: number + number // 3}),
    "mpeg-4": ("x.avi", {"codec": "mpeg4"}),
    "matroska": ("x.mkv", {}),
    "no index": ("x.ts", {}),
}


@pytest.mark.parametrize("clip", CLIPS)
def test_every_frame_is_found_by_its_time_in_any_order(clip, tmp_path):
    name, options = CLIPS[clip]
    path = write(tmp_path / name, **options)
    with VideoFile(path) as file:
        info = file.probe()
        assert (info.height, info.width, len(info.pts_s)) == (H, W, FRAMES)
        assert list(info.pts_s) == sorted(set(info.pts_s))
        assert [number_in(file.at(time)) for time in info.pts_s] == list(range(FRAMES))
        rng = random.Random(0)
        for number in [0, FRAMES - 1, 0, 5, 5, 4, *(rng.randrange(FRAMES) for _ in range(20))]:
            assert number_in(file.at(info.pts_s[number])) == number


def test_probing_twice_and_between_reads_changes_nothing(tmp_path):
    with VideoFile(write(tmp_path / "x.mp4")) as file:
        first = file.probe()
        assert number_in(file.at(first.pts_s[7])) == 7
        assert file.probe() == first
        assert number_in(file.at(first.pts_s[8])) == 8
        assert first.fps == 24.0


def test_playing_gives_every_frame_once(tmp_path):
    with VideoFile(write(tmp_path / "x.mp4")) as file:
        assert [number_in(pixels) for _, pixels in file.play()] == list(range(FRAMES))


def test_a_time_between_two_frames_is_no_frame(tmp_path):
    with VideoFile(write(tmp_path / "x.mp4")) as file:
        with pytest.raises(DatasetError, match=r"no frame at 0\.06. s, the next is at 0\.083 s"):
            file.at(1.5 / 24)
        with pytest.raises(DatasetError, match=r"ends before the frame at 9\.000 s"):
            file.at(9.0)
        assert number_in(file.at(0.0)) == 0  # and goes on working


@pytest.mark.parametrize("content", [b"", b"no video at all", b"\0" * 5000])
def test_what_is_no_video_is_refused(tmp_path, content):
    (tmp_path / "x.mp4").write_bytes(content)
    with pytest.raises(DatasetError, match=r"x\.mp4"):
        VideoFile(tmp_path / "x.mp4")


def test_paths_that_are_no_file(tmp_path):
    with pytest.raises(MissingPathError, match=r"absent\.mp4 is missing"):
        VideoFile(tmp_path / "absent.mp4")
    with pytest.raises(DatasetError):
        VideoFile(tmp_path)


def test_sound_without_pictures_is_refused(tmp_path):
    path = tmp_path / "x.wav"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("pcm_s16le", rate=8000)
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 800), np.int16), format="s16", layout="mono")
        frame.sample_rate = 8000
        container.mux(stream.encode(frame))
        container.mux(stream.encode())
    with pytest.raises(DatasetError, match="no video stream"):
        VideoFile(path)


@pytest.mark.parametrize("name", ["x.mp4", "x.mkv"])
def test_damaged_files_give_frames_or_one_of_our_errors(tmp_path, name):
    whole = write(tmp_path / name).read_bytes()
    rng = random.Random(1)
    for _ in range(60):
        damaged = bytearray(whole)
        if rng.random() < 0.3:
            damaged = damaged[: rng.randrange(len(damaged))]
        for _ in range(rng.randint(1, 30)):
            if damaged:
                damaged[rng.randrange(len(damaged))] = rng.randrange(256)
        (tmp_path / "damaged").write_bytes(bytes(damaged))
        try:
            with VideoFile(tmp_path / "damaged") as file:
                times = file.probe().pts_s
                for time in (times[-1], times[0], times[len(times) // 2]):
                    file.at(time)
        except RvosbenchError as error:
            assert "\n" not in str(error)
