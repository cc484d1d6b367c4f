import json
import subprocess
import sys

import av
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from rvosbench.datasets.label_maps import read_labels
from rvosbench.errors import (
    DatasetError,
    InvalidDataError,
    MissingPathError,
    OutputError,
    RvosbenchError,
    ShapeError,
)
from rvosbench.inference.segment import segment, segment_video
from rvosbench.inference.windows import windows
from rvosbench.models.baselines import CENTRE
from rvosbench.plugins.model import Load
from rvosbench.types import Segmentation
from tests.tiny_frame_source import Failing, Recorder, decoded, rectangle, ten_frames


@pytest.fixture
def folder(tmp_path):
    return ten_frames(tmp_path / "frames")


@given(count=st.integers(1, 40), size=st.integers(1, 12))
@settings(max_examples=100, deadline=None)
def test_windows_use_every_frame_once_and_are_full(count, size):
    used = []
    for clip, new in windows(iter(range(count)), size):
        assert len(clip) == min(size, count)
        assert clip == list(range(clip[0], clip[0] + len(clip)))
        used += clip[len(clip) - new :]
    assert used == list(range(count))


def test_every_frame_is_answered_and_drawn(folder, tmp_path):
    model = Recorder()
    summary = segment_video(
        folder, ["the left one", "the right one"], model, tmp_path / "out.mp4", frames_per_clip=4
    )
    assert [len(clip.frames) for clip in model.clips] == [4, 4, 4]
    assert [clip.frame_indices for clip in model.clips] == [(0, 1, 2, 3), (4, 5, 6, 7), (6, 7, 8, 9)]
    assert [clip.wanted for clip in model.clips] == [(0, 1, 2, 3), (0, 1, 2, 3), (2, 3)]
    assert (summary.frames, summary.clips, summary.height, summary.width, summary.fps) == (10, 3, 24, 32, 6)
    assert [answer.frames_with_mask for answer in summary.answers] == [10, 10]
    assert summary.answers[0].mean_area == pytest.approx(36 / (24 * 32))
    shown = decoded(tmp_path / "out.mp4")
    assert len(shown) == 10
    for position, pixels in enumerate(shown):
        left, right = pixels[5 + position, 6].astype(int), pixels[5 + position, 14].astype(int)
        assert left[0] > left[2] + 20, "the first expression is orange"
        assert right[2] > right[0] + 20, "the second is blue"
        assert np.abs(pixels[1, 28].astype(int) - 10 * position).max() < 30, "the rest is the frame"


def test_the_model_sees_the_frames_as_they_are(folder, tmp_path):
    model = Recorder()
    segment_video(folder, ["x"], model, tmp_path / "out.mp4", frames_per_clip=10)
    (clip,) = model.clips
    assert clip.frames.shape == (10, 24, 32, 3) and clip.frames.dtype == np.uint8
    assert [int(frame.max()) for frame in clip.frames] == [10 * position for position in range(10)]


def test_masks_are_written_as_the_model_gave_them(folder, tmp_path):
    expressions = ["the LEFT one!", "../../etc/passwd", "…"]
    segment_video(
        folder, expressions, Recorder(), tmp_path / "out.mp4", masks_dir=tmp_path / "m", frames_per_clip=4
    )
    folders = sorted(path.name for path in (tmp_path / "m").iterdir())
    assert folders == ["1-the-left-one", "2-etc-passwd", "3-expression"]
    for number, name in enumerate(folders):
        assert len(list((tmp_path / "m" / name).iterdir())) == 10
        for position in range(10):
            png = read_labels(tmp_path / "m" / name / f"{5 * position:05d}.png")
            np.testing.assert_array_equal(png == 255, rectangle(position, number))
            assert set(np.unique(png)) <= {0, 255}


def test_a_video_keeps_its_rate_and_times(folder, tmp_path):
    segment_video(folder, ["x"], Recorder(), tmp_path / "a.mp4", folder_fps=15)
    segment_video(tmp_path / "a.mp4", ["x"], CENTRE.load(None, Load()), tmp_path / "b.mp4")
    with av.open(str(tmp_path / "b.mp4")) as container:
        assert float(container.streams.video[0].average_rate) == pytest.approx(15)
        assert sum(1 for _ in container.decode(video=0)) == 10


def test_gif_and_progress(folder, tmp_path):
    seen = []
    segment_video(
        folder,
        ["x"],
        Recorder(),
        tmp_path / "a.gif",
        frames_per_clip=4,
        on_progress=lambda *done: seen.append(done),
    )
    assert seen == [(4, 10), (8, 10), (10, 10)]
    with Image.open(tmp_path / "a.gif") as image:
        assert image.n_frames == 10


def test_an_interruption_leaves_nothing_behind(folder, tmp_path):
    with pytest.raises(KeyboardInterrupt):
        segment_video(
            folder, ["x"], Failing(), tmp_path / "a.mp4", masks_dir=tmp_path / "m", frames_per_clip=4
        )
    assert [path.name for path in tmp_path.iterdir()] == ["frames"]


class Wrong:
    def __init__(self, shape, answers=1):
        self.shape, self.answers = shape, answers

    def segment(self, clip, expressions, candidates=1):
        return [
            Segmentation(masks=np.zeros(self.shape, np.bool_), scores=np.ones(1, np.float32))
        ] * self.answers


@pytest.mark.parametrize(
    "model",
    [Wrong((1, 10, 24, 31)), Wrong((0, 10, 24, 32)), Wrong((1, 9, 24, 32)), Wrong((1, 10, 24, 32), 2)],
)
def test_answers_of_a_wrong_shape_are_refused(folder, tmp_path, model):
    with pytest.raises(ShapeError):
        segment_video(folder, ["x"], model, tmp_path / "a.mp4")
    assert [path.name for path in tmp_path.iterdir()] == ["frames"]


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"source": "none.mp4"}, MissingPathError, "is missing"),
        ({"expressions": []}, InvalidDataError, "no expression"),
        ({"expressions": ["a", " \n"]}, InvalidDataError, "expression 2 is empty"),
        ({"expressions": ["\u200b\u00a0"]}, InvalidDataError, "expression 1 is empty"),
        ({"out": "a.avi"}, OutputError, "ends in"),
        ({"out": "none/a.mp4"}, OutputError, "is not there"),
        ({"out": "none/a"}, OutputError, "is not there"),
        ({"out": "x" * 300 + ".mp4"}, OutputError, "too long"),
        ({"out": "x" * 250 + ".mp4"}, OutputError, "too long"),
        ({"out": "x" * 300 + ".avi"}, OutputError, "too long"),
        ({"out": "x" * 250}, OutputError, "too long"),
        ({"masks_dir": "x" * 300}, OutputError, "too long"),
        ({"source": "x" * 300}, MissingPathError, "too long"),
        ({"out": "frames"}, OutputError, "is the source itself"),
        ({"out": "."}, OutputError, "holds the source"),
        ({"out": "frames/00007.png"}, OutputError, "one more frame of the source"),
        ({"out": "a.png"}, OutputError, "more than one frame; choose a folder, such as .*/a, or a video"),
        ({"masks_dir": "a.mp4/m"}, OutputError, "lie in one another"),
        ({"out": "empty/a.mp4", "masks_dir": "empty"}, OutputError, "lie in one another"),
        ({"out": "m"}, OutputError, "lie in one another"),
        ({"masks_dir": "none/m"}, OutputError, "is not there"),
        ({"frames_per_clip": 0}, InvalidDataError, "at least 1"),
        ({"folder_fps": 0.0}, InvalidDataError, "0.0 frames per second"),
        ({"masks_dir": "frames"}, OutputError, "holds the source"),
        ({"masks_dir": "."}, OutputError, "holds the source"),
        ({"source": "empty"}, DatasetError, "holds no image"),
    ],
)
def test_bad_input_is_one_line_and_leaves_nothing(folder, tmp_path, change, error, message):
    (tmp_path / "empty").mkdir()
    before = sorted(path.name for path in tmp_path.rglob("*"))
    arguments = {"source": "frames", "expressions": ["x"], "out": "a.mp4", "masks_dir": "m"} | change
    for name in ("source", "out", "masks_dir"):
        arguments[name] = tmp_path / arguments[name]
    with pytest.raises(error, match=message) as caught:
        segment_video(segmenter=Recorder(), **arguments)
    assert isinstance(caught.value, RvosbenchError) and "\n" not in str(caught.value)
    assert sorted(path.name for path in tmp_path.rglob("*")) == before


def test_the_source_is_never_overwritten(folder, tmp_path):
    segment_video(folder, ["x"], Recorder(), tmp_path / "a.mp4")
    data = (tmp_path / "a.mp4").read_bytes()
    with pytest.raises(OutputError, match="source itself"):
        segment_video(tmp_path / "a.mp4", ["x"], Recorder(), tmp_path / "a.mp4", replace=True)
    assert (tmp_path / "a.mp4").read_bytes() == data


def test_replace_removes_only_folders_of_masks(folder, tmp_path):
    def go():
        segment_video(folder, ["x"], Recorder(), tmp_path / "a.mp4", masks_dir=tmp_path / "m", replace=True)

    go()
    go()
    (tmp_path / "m" / "thesis.tex").write_text("precious")
    with pytest.raises(OutputError, match="not empty"):
        go()
    assert (tmp_path / "m" / "thesis.tex").read_text() == "precious"


def test_masks_come_back_where_nothing_is_to_be_written(folder):
    masks = segment(folder, ["the left one", "the right one"], model=Recorder(), frames_per_clip=4)
    assert (masks.shape, masks.dtype) == ((2, 10, 24, 32), np.bool_)
    for position in range(10):
        np.testing.assert_array_equal(masks[1, position], rectangle(position, 1))
    np.testing.assert_array_equal(segment(str(folder), "the left one", model=Recorder()), masks[0])


def test_frames_in_memory_are_answered_too():
    frames = np.zeros((10, 24, 32, 3), np.uint8)
    masks = segment(frames, "x", model=Recorder(), frames_per_clip=4)
    np.testing.assert_array_equal(masks, np.stack([rectangle(position, 0) for position in range(10)]))
    assert segment(frames, ["x"], model="centre").shape == (1, 10, 24, 32)


def test_an_output_is_written_for_a_named_model(folder, tmp_path):
    summary = segment(folder, "x", model="centre", out=str(tmp_path / "a.mp4"), folder_fps=3)
    assert (summary.out, summary.fps, summary.frames) == (tmp_path / "a.mp4", 3, 10)
    assert len(decoded(tmp_path / "a.mp4")) == 10


def test_what_cannot_be_answered_in_memory_is_said(folder, tmp_path):
    frames = np.zeros((2, 24, 32, 3), np.uint8)
    with pytest.raises(InvalidDataError, match="frames in memory cannot be written"):
        segment(frames, "x", model="centre", out=tmp_path / "a.mp4")
    with pytest.raises(ShapeError, match=r"\(frames, height, width, 3\)"):
        segment(frames[0], "x", model="centre")
    with pytest.raises(InvalidDataError, match="expression 1 is empty"):
        segment(frames, " ", model="centre")
    with pytest.raises(MissingPathError, match="needs a checkpoint"):
        segment(folder, "x", model="soc")


def test_segment_and_report_import_no_heavy_library():
    modules = (
        "rvosbench.inference.segment, rvosbench.reporting.page, rvosbench.reporting.figures, "
        "rvosbench.reporting.leaderboard"
    )
    heavy = ["torch", "transformers", "matplotlib", "av", "jinja2", "rich"]
    code = (
        f"import {modules}, sys, json; print(json.dumps([name for name in {heavy} if name in sys.modules]))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert json.loads(done.stdout) == []


@pytest.mark.slow
def test_real_video(shared, tmp_path):
    source = shared / "samples" / "mp4" / "sam2_04_coffee.mp4"
    model = CENTRE.load(None, Load())
    summary = segment_video(source, ["the cup"], model, tmp_path / "clip.mp4")
    assert (summary.frames, summary.height, summary.width) == (287, 720, 1280)
    with av.open(str(tmp_path / "clip.mp4")) as container:
        stream = container.streams.video[0]
        assert stream.average_rate.as_integer_ratio() == (30000, 1001)
        assert sum(1 for _ in container.decode(stream)) == 287
