import av
import numpy as np
import pytest
from PIL import Image

from rvosbench.errors import OutputError
from rvosbench.media.video import VideoFile
from rvosbench.media.video_writer import VideoWriter


def picture(position, height=48, width=64):
    pixels = np.full((height, width, 3), 40, np.uint8)
    pixels[10:30, 2 * position : 2 * position + 20] = (220, 60, 30)
    return pixels


def write(path, times, height=48, width=64, fps=25.0):
    with VideoWriter(path, fps=fps) as video:
        for position, time_s in enumerate(times):
            video.add(picture(position, height, width), time_s)
    return path


def test_pixels_survive(tmp_path):
    write(tmp_path / "a.mp4", [i / 25 for i in range(8)])
    with VideoFile(tmp_path / "a.mp4") as file:
        shown = [pixels for _, pixels in file.play()]
    assert len(shown) == 8
    for position, pixels in enumerate(shown):
        error = np.abs(pixels.astype(int) - picture(position)).mean()
        assert error < 6  # lossy, and colours are stored at half the size


def test_plays_in_browsers(tmp_path):
    write(tmp_path / "a.mp4", [i / 25 for i in range(3)])
    with av.open(str(tmp_path / "a.mp4")) as container:
        stream = container.streams.video[0]
        assert stream.codec_context.pix_fmt == "yuv420p"
        assert stream.codec_context.name in ("h264", "mpeg4")
        assert float(stream.average_rate) == pytest.approx(25)
    data = (tmp_path / "a.mp4").read_bytes()
    assert data.index(b"moov") < data.index(b"mdat")  # starts before it is loaded


def test_ntsc_rate_is_kept(tmp_path):
    write(tmp_path / "a.mp4", [i * 1001 / 30000 for i in range(5)], fps=30000 / 1001)
    with av.open(str(tmp_path / "a.mp4")) as container:
        assert container.streams.video[0].average_rate.as_integer_ratio() == (30000, 1001)


def test_uneven_times_are_kept(tmp_path):
    times = [0.0, 0.04, 0.5, 0.54, 2.0]
    write(tmp_path / "a.mp4", times)
    with VideoFile(tmp_path / "a.mp4") as file:
        assert [time for time, _ in file.play()] == pytest.approx(times, abs=1e-4)


def test_odd_sizes_repeat_the_last_row_and_column(tmp_path):
    write(tmp_path / "a.mp4", [0.0], height=47, width=63)
    with VideoFile(tmp_path / "a.mp4") as file:
        ((_, pixels),) = file.play()
    assert pixels.shape == (48, 64, 3)
    assert np.abs(pixels[:, 63].astype(int) - pixels[:, 62]).max() < 12


def test_gif_plays(tmp_path):
    write(tmp_path / "a.gif", [i / 10 for i in range(4)], fps=10)
    with Image.open(tmp_path / "a.gif") as image:
        assert image.n_frames == 4 and image.size == (64, 48)
        assert image.info["duration"] == 100 and image.info["loop"] == 0
        image.seek(2)
        assert np.abs(np.asarray(image.convert("RGB")).astype(int) - picture(2)).mean() < 6


def test_gif_of_a_large_video_is_narrow_and_slow(tmp_path):
    write(tmp_path / "a.gif", [i / 60 for i in range(12)], height=60, width=961, fps=60)
    with Image.open(tmp_path / "a.gif") as image:
        assert image.size == (480, 30)
        assert image.n_frames <= 3


def test_an_error_leaves_nothing(tmp_path):
    with pytest.raises(ZeroDivisionError), VideoWriter(tmp_path / "a.mp4", fps=25) as video:
        video.add(picture(0), 0.0)
        raise ZeroDivisionError
    assert list(tmp_path.iterdir()) == []


def test_a_video_without_frames_is_refused(tmp_path):
    with pytest.raises(OutputError, match="no frames"), VideoWriter(tmp_path / "a.mp4", fps=25):
        pass
    assert list(tmp_path.iterdir()) == []


def test_only_whole_files_get_the_name(tmp_path):
    (tmp_path / "a.mp4").write_bytes(b"old")
    with VideoWriter(tmp_path / "a.mp4", fps=25, replace=True) as video:
        video.add(picture(0), 0.0)
        assert (tmp_path / "a.mp4").read_bytes() == b"old"
    assert (tmp_path / "a.mp4").read_bytes() != b"old"
    assert [path.name for path in tmp_path.iterdir()] == ["a.mp4"]


@pytest.mark.parametrize("name", ["a.avi", "a", "a.mp4.txt"])
def test_unknown_suffixes_are_refused(tmp_path, name):
    with pytest.raises(OutputError, match=r"\.mp4 or \.gif"):
        VideoWriter(tmp_path / name, fps=25)


def test_taken_names_and_missing_folders_are_refused(tmp_path):
    (tmp_path / "a.mp4").write_bytes(b"old")
    (tmp_path / "b.mp4").mkdir()
    with pytest.raises(OutputError, match="already exists"):
        VideoWriter(tmp_path / "a.mp4", fps=25)
    with pytest.raises(OutputError, match="is a folder"):
        VideoWriter(tmp_path / "b.mp4", fps=25, replace=True)
    with pytest.raises(OutputError, match="is not there"):
        VideoWriter(tmp_path / "none" / "a.mp4", fps=25)
    assert (tmp_path / "a.mp4").read_bytes() == b"old"
