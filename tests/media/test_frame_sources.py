from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image

from rvosbench.errors import DatasetError, MissingPathError
from rvosbench.media.frame_sources import FrameSource
from rvosbench.media.video_writer import VideoWriter
from tests.turned_video import turned


def corner():
    """Dark, with a bright upper left corner."""
    pixels = np.full((48, 64, 3), 20, np.uint8)
    pixels[:16, :16] = 230
    return pixels


def video(path, frames=3, fps=10.0):
    with VideoWriter(path, fps=fps) as writer:
        for position in range(frames):
            writer.add(corner(), position / fps)
    return path


def images(folder, names, size=(24, 32)):
    folder.mkdir()
    for value, name in enumerate(names):
        Image.fromarray(np.full((*size, 3), value, np.uint8)).save(folder / name)
    return folder


def test_video_frames_come_in_order_with_times_and_numbers(tmp_path):
    frame_source = FrameSource(video(tmp_path / "a.mp4"), folder_fps=6)
    assert (frame_source.fps, frame_source.frames) == (10, 3)
    shots = list(frame_source)
    assert [shot.name for shot in shots] == ["00000", "00001", "00002"]
    assert [shot.time_s for shot in shots] == pytest.approx([0, 0.1, 0.2], abs=1e-4)


@pytest.mark.parametrize(
    ("degrees", "rows", "columns"),
    [(90, slice(0, 16), slice(-16, None)), (180, slice(-16, None), slice(-16, None))],
)
def test_rotated_videos_are_shown_upright(tmp_path, degrees, rows, columns):
    path = turned(video(tmp_path / "a.mp4", 1), tmp_path / "b.mp4", degrees, height=48, width=64)
    (shot,) = FrameSource(path, folder_fps=6)
    assert shot.pixels.shape == ((64, 48, 3) if degrees == 90 else (48, 64, 3))
    assert shot.pixels[rows, columns].mean() > 200
    assert shot.pixels.mean() < 60


def test_folder_frames_are_sorted_by_their_numbers(tmp_path):
    folder = images(tmp_path / "f", ["frame10.png", "frame2.png", "frame1.jpg"])
    (folder / "notes.txt").write_text("no image")
    (folder / "._frame1.jpg").write_bytes(b"left behind by a file manager")
    frame_source = FrameSource(folder, folder_fps=5)
    shots = list(frame_source)
    assert [shot.name for shot in shots] == ["frame1", "frame2", "frame10"]
    assert [shot.time_s for shot in shots] == pytest.approx([0, 0.2, 0.4])
    assert (frame_source.fps, frame_source.frames) == (5, 3)


def test_missing_empty_and_damaged_sources_are_refused(tmp_path):
    (tmp_path / "empty").mkdir()
    (tmp_path / "text.mp4").write_text("not a video")
    whole = video(tmp_path / "a.mp4").read_bytes()
    (tmp_path / "cut.mp4").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(MissingPathError, match="a video file or a folder"):
        FrameSource(tmp_path / "none.mp4", folder_fps=6)
    with pytest.raises(DatasetError, match="holds no image"):
        FrameSource(tmp_path / "empty", folder_fps=6)
    for name in ("text.mp4", "cut.mp4"):
        with pytest.raises(DatasetError, match=name):
            list(FrameSource(tmp_path / name, folder_fps=6))


def test_sound_alone_is_no_video(tmp_path):
    with av.open(str(tmp_path / "a.wav"), "w") as container:
        stream = container.add_stream("pcm_s16le", rate=8000, layout="mono")
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 800), np.int16), format="s16", layout="mono")
        frame.sample_rate = 8000
        for packet in [*stream.encode(frame), *stream.encode(None)]:
            container.mux(packet)
    with pytest.raises(DatasetError, match="no video stream"):
        FrameSource(tmp_path / "a.wav", folder_fps=6)


def test_frames_of_two_sizes_are_refused(tmp_path):
    folder = images(tmp_path / "f", ["1.png"])
    Image.new("RGB", (10, 10)).save(folder / "2.png")
    with pytest.raises(DatasetError, match=r"frame 2 of .* is 10x10, the first is 24x32"):
        list(FrameSource(folder, folder_fps=6))


def test_two_images_of_one_name_are_refused(tmp_path):
    with pytest.raises(DatasetError, match="differ only in their suffix"):
        FrameSource(images(tmp_path / "f", ["1.png", "1.jpg"]), folder_fps=6)


def test_a_video_of_zero_frames_is_refused(tmp_path):
    with av.open(str(tmp_path / "a.avi"), "w") as container:
        stream = container.add_stream("mpeg4", rate=10)
        stream.height, stream.width, stream.pix_fmt = 24, 32, "yuv420p"
        container.start_encoding()
    with pytest.raises(DatasetError, match="zero frames"):
        list(FrameSource(tmp_path / "a.avi", folder_fps=6))


def test_a_colon_in_a_name_is_no_protocol(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with VideoWriter(Path("clip:1.mp4"), fps=10) as writer:
        writer.add(corner(), 0.0)
    frame_source = FrameSource(Path("clip:1.mp4"), folder_fps=6)
    assert len(list(frame_source)) == 1
    frame_source.close()
