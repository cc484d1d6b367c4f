from __future__ import annotations

import random
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from rvosbench.errors import DatasetError, MissingPathError, RvosbenchError
from rvosbench.media.video import VideoFile

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


def write(
    path, *, codec="libx264", b_frames=2, group=12, first=0, step=lambda n: n, cut=0, x264="", rough=False
):
    """A clip of `FRAMES` frames at 24 fps; frame n is presented at (first + step(n)) / 24 s.

    `cut` frames more lie before it in the file, which an edit list hides. `rough` frames carry noise.
    """
    options = {"bf": str(b_frames), "g": str(group), "x264-params": x264} if codec == "libx264" else {}
    rng = np.random.default_rng(0)
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=24, options=options)
        stream.height, stream.width, stream.pix_fmt = H, W, "rgb24" if codec == "png" else "yuv420p"
        stream.codec_context.thread_count = 1
        for number in range(-cut, FRAMES):
            pixels = picture(max(number, 0))
            if rough:
                pixels ^= rng.integers(0, 64, pixels.shape, np.uint8)
            frame = av.VideoFrame.from_ndarray(pixels, format="rgb24")
            frame.pts, frame.time_base = first + step(number + cut), Fraction(1, 24)
            mux(container, stream.encode(frame), cut)
        mux(container, stream.encode(), cut)
    return path


def mux(container, packets, cut):
    for packet in packets:
        if cut:
            packet.pts -= round(cut / 24 / packet.time_base)
            packet.dts -= round(cut / 24 / packet.time_base)
        container.mux(packet)


CLIPS = {
    "b frames": ("x.mp4", {}),
    "no b frames": ("x.mp4", {"b_frames": 0}),
    "one group": ("x.mp4", {"group": 1000}),
    "starts at one second": ("x.mp4", {"first": 24}),
    "uneven times": ("x.mp4", {"step": lambda number: number + number // 3}),
    "an edit list hides the first frames": ("x.mp4", {"cut": 5}),
    "an edit list hides the first group": ("x.mp4", {"cut": 17}),
    "pyramids of b frames": ("x.mp4", {"b_frames": 7, "group": 1000, "x264": "b-adapt=0:ref=4:scenecut=0"}),
    "open groups": ("x.mp4", {"x264": "open-gop=1:keyint=12:b-adapt=0:bframes=3:scenecut=0"}),
    "open groups without an index": ("x.ts", {"x264": "open-gop=1:keyint=12:b-adapt=0:bframes=3:scenecut=0"}),
    "no frame is a reference for long": ("x.mp4", {"x264": "intra-refresh=1:keyint=12:bframes=0"}),
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


@pytest.mark.parametrize("clip", CLIPS)
def test_a_window_from_a_fresh_file_equals_the_whole_decoded_clip_to_the_bit(clip, tmp_path):
    name, options = CLIPS[clip]
    path = write(tmp_path / name, **options, rough=True)
    with av.open(str(path)) as container:
        whole = [(frame.time, frame.to_ndarray(format="rgb24")) for frame in container.decode(video=0)]
    assert len(whole) == FRAMES
    rng = random.Random(0)
    for start in [0, FRAMES - 8, *(rng.randrange(FRAMES - 8) for _ in range(12))]:
        window = sorted(rng.sample(whole, 8), key=lambda shown: shown[0]) if start % 3 else whole[start:][:8]
        with VideoFile(path) as file:
            assert all((file.at(time) == pixels).all() for time, pixels in window)


def seeks(monkeypatch):
    counted = []
    seek = VideoFile._seek
    monkeypatch.setattr(VideoFile, "_seek", lambda file, time: counted.append(time) or seek(file, time))
    return counted


def test_a_jump_within_a_group_decodes_on_and_one_to_a_later_group_seeks(tmp_path, monkeypatch):
    def jumps(group):
        counted = seeks(monkeypatch)
        with VideoFile(write(tmp_path / "x.mp4", group=group, x264="scenecut=0")) as file:
            for number in (1, 38, 39):
                assert number_in(file.at(number / 24)) == number
        return len(counted)

    assert jumps(group=1000) == 1  # the first frame; 37 frames on is the same group
    assert jumps(group=12) == 2


def test_reading_in_order_never_seeks_again(tmp_path, monkeypatch):
    path = write(tmp_path / "x.mp4")
    counted = seeks(monkeypatch)
    with VideoFile(path) as file:
        for number in range(FRAMES):
            file.at(number / 24)
    assert len(counted) == 1


def test_frames_on_the_way_that_nothing_needs_are_not_decoded(tmp_path):
    def decoded(target_s):
        with VideoFile(path) as file:
            file._target_s = target_s
            return sum(1 for _ in file._decoded)

    path = write(tmp_path / "x.mp4", b_frames=3, group=1000, x264="b-adapt=0:scenecut=0")
    assert decoded(-np.inf) == FRAMES
    assert decoded(np.inf) <= FRAMES // 2 + 1


def test_colours_are_converted_in_this_thread(tmp_path):
    def threads():
        return len(list(Path("/proc/self/task").iterdir()))

    if not Path("/proc/self/task").is_dir():
        pytest.skip("needs /proc to count threads")
    with VideoFile(write(tmp_path / "x.mp4")) as file:
        before = threads()
        file.at(0.5)
        assert threads() == before


def test_after_a_damaged_frame_the_others_are_found_and_the_damage_again(tmp_path):
    path = write(tmp_path / "x.mov", codec="png", rough=True)
    whole = path.read_bytes()
    starts = [place for place in range(len(whole)) if whole.startswith(b"\x89PNG", place)]
    path.write_bytes(whole[: starts[20]] + b"\0" * 40 + whole[starts[20] + 40 :])
    with VideoFile(path) as file:
        for number in (19, 20, 21, 5, 20, 22):
            if number == 20:
                with pytest.raises(DatasetError, match=r"x\.mov cannot be decoded"):
                    file.at(number / 24)
            else:
                assert file.at(number / 24).shape == (H, W, 3)


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
