from __future__ import annotations

import os
import shutil
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from rvosbench.errors import DatasetError, MissingPathError
from rvosbench.media.frames import open_frames
from rvosbench.preparation import pack
from rvosbench.preparation.opening import open_release
from rvosbench.preparation.pack import media_files, with_pixels
from tests.datasets import tiny_releases


@pytest.fixture
def root(tmp_path):
    return tiny_releases.ytvos(tmp_path / "release")


@pytest.fixture
def video(root):
    return open_release("ytvos", root).read("train", "aaa").video


@pytest.fixture
def frame(root):
    """The second frame of the video."""
    return root / "train" / "JPEGImages" / "aaa" / "00010.jpg"


def test_every_frame_carries_the_bytes_of_its_file(video, root):
    packed = with_pixels(video, root)
    assert [frame.encoded for frame in packed.frames] == [
        (root / str(frame.path)).read_bytes() for frame in video.frames
    ]
    assert all(frame.path is None for frame in packed.frames)


def test_nothing_but_the_pixels_changes(video, root):
    packed = with_pixels(video, root)
    bare = tuple(
        replace(frame, encoded=None, path=before.path)
        for frame, before in zip(packed.frames, video.frames, strict=True)
    )
    assert replace(packed, frames=bare) == video


def test_packed_frames_show_the_same_pixels_without_the_release(video, root):
    packed = with_pixels(video, root)
    with open_frames(video, root) as reader:
        expected = reader.read([2, 0, 1])
    shutil.rmtree(root)
    with open_frames(packed, None) as reader:
        assert np.array_equal(reader.read([2, 0, 1]), expected)


@pytest.mark.parametrize(("name", "split"), [("jhmdb", "test"), ("refcoco", "train"), ("mevis", "train")])
def test_other_image_releases_are_packed_too(name, split, tmp_path):
    release = open_release(name, getattr(tiny_releases, name)(tmp_path / "release"))
    packed = with_pixels(release.read(split, release.videos(split)[0]).video, release.release_dir)
    assert all(frame.encoded for frame in packed.frames)
    assert media_files(packed) == ()


def test_a_video_of_images_has_no_media_files(video):
    assert media_files(video) == ()


def test_frames_of_an_mp4_stay_and_their_file_is_named_once(tmp_path):
    release = open_release("a2d", tiny_releases.a2d(tmp_path / "release"))
    video = release.read("train", tiny_releases.A2D_IDS[0]).video
    assert with_pixels(video, release.release_dir) == video
    assert media_files(video) == (f"Release/clips320H/{tiny_releases.A2D_IDS[0]}.mp4",)


@pytest.mark.parametrize("suffix", [".jpg", ".png"])
@pytest.mark.parametrize("share", [0.05, 0.5, 0.98])
def test_a_truncated_file_is_an_error_that_names_it(suffix, share, video, root, frame):
    path = frame.with_suffix(suffix)
    noise = np.random.default_rng(0).integers(0, 256, (24, 32, 3), np.uint8)
    Image.fromarray(noise).save(path)
    path.write_bytes(path.read_bytes()[: int(share * path.stat().st_size)])
    with pytest.raises(DatasetError, match=rf"00010\{suffix}"):
        with_pixels(_referring_to(video, path.relative_to(root).as_posix()), root)


def test_a_png_with_altered_pixels_is_an_error_that_names_it(video, root, frame):
    path = frame.with_suffix(".png")
    Image.new("RGB", (32, 24)).save(path)
    data = bytearray(path.read_bytes())
    data[data.index(b"IDAT") + 8] ^= 1
    path.write_bytes(data)
    with pytest.raises(DatasetError, match=r"00010\.png is damaged"):
        with_pixels(_referring_to(video, path.relative_to(root).as_posix()), root)


def test_bytes_behind_a_whole_jpeg_do_no_harm(video, root, frame):
    with frame.open("ab") as file:
        file.write(b"\0\0\n")
    assert with_pixels(video, root).frames[1].encoded == frame.read_bytes()


def test_a_frame_of_another_size_is_refused(video, root, frame):
    Image.new("RGB", (30, 24)).save(frame)
    with pytest.raises(DatasetError, match=r"00010\.jpg is 24x30 px .*24x32"):
        with_pixels(video, root)


@pytest.mark.parametrize("content", [b"", b"GIF89a", b"\xff\xd8\xff\xd9", b"\x89PNG\r\n\x1a\n"])
def test_what_is_no_image_is_refused(content, video, root, frame):
    frame.write_bytes(content)
    with pytest.raises(DatasetError, match=r"00010\.jpg is not a JPEG or PNG file"):
        with_pixels(video, root)


def test_a_missing_file_is_named(video, root, frame):
    frame.unlink()
    with pytest.raises(MissingPathError, match=r"00010\.jpg is missing"):
        with_pixels(video, root)


def test_a_pipe_in_place_of_a_file_is_refused_and_not_waited_for(video, root, frame):
    frame.unlink()
    os.mkfifo(frame)
    with pytest.raises(DatasetError, match=r"00010\.jpg is no file"):
        with_pixels(video, root)


def test_a_file_beyond_the_limit_is_refused(video, root, monkeypatch):
    monkeypatch.setattr(pack, "MAX_FILE_BYTES", 100)
    with pytest.raises(DatasetError, match=r"00005\.jpg is larger than 100 bytes"):
        with_pixels(video, root)


def test_a_video_beyond_the_limit_is_refused(video, root, monkeypatch):
    monkeypatch.setattr(pack, "MAX_VIDEO_BYTES", 1000)
    with pytest.raises(DatasetError, match="train/aaa have more than 1000 bytes"):
        with_pixels(video, root)


@pytest.mark.parametrize("path", ["../secret.jpg", "/etc/passwd", "a/../../b.jpg"])
def test_a_path_that_leaves_the_release_is_refused(path, video, root):
    with pytest.raises(DatasetError, match="leaves the release folder"):
        with_pixels(_referring_to(video, path), root)


def _referring_to(video, path):
    """The video with another path for its second frame."""
    first, second, *others = video.frames
    return replace(video, frames=(first, replace(second, path=path), *others))
