"""What `segment_video` writes: videos, pictures, masks, for every kind of source."""

import subprocess
import sys

import av
import numpy as np
import pytest
from PIL import Image

from rvosbench.datasets.label_maps import read_labels
from rvosbench.drawing.overlay import PALETTE, colour_of
from rvosbench.errors import OutputError
from rvosbench.inference.segment import segment_video
from rvosbench.media.video import VideoFile
from rvosbench.media.video_writer import VideoWriter
from tests.tiny_frame_source import Failing, LeftHalf, Recorder, decoded, shown, ten_frames
from tests.turned_video import turned


@pytest.fixture
def folder(tmp_path):
    return ten_frames(tmp_path / "frames")


def one_frame(folder, pixels):
    folder.mkdir()
    Image.fromarray(pixels).save(folder / "only.png")
    return folder


def test_a_folder_gets_a_picture_per_frame_under_the_frames_names(folder, tmp_path):
    summary = segment_video(folder, ["x"], Recorder(), tmp_path / "out", frames_per_clip=4)
    assert summary.codec == "png"
    names = [f"{5 * position:05d}.png" for position in range(10)]
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == names
    for position, name in enumerate(names):
        pixels = shown(tmp_path / "out" / name)
        np.testing.assert_array_equal(pixels[1, :32], np.full((32, 3), 10 * position))
        assert (pixels[3 + position, 3] == PALETTE[0]).all(), "the contour"
    assert sorted(path.name for path in tmp_path.iterdir()) == ["frames", "out"]


def test_a_video_names_its_pictures_by_position(folder, tmp_path):
    segment_video(folder, ["x"], Recorder(), tmp_path / "a.mp4")
    (tmp_path / "with.dot").mkdir()
    segment_video(tmp_path / "a.mp4", ["x"], LeftHalf(), tmp_path / "with.dot", masks_dir=tmp_path / "m")
    names = [f"{position:05d}.png" for position in range(10)]
    for place in (tmp_path / "with.dot", tmp_path / "m" / "1-x"):
        assert sorted(path.name for path in place.iterdir()) == names


def test_one_frame_makes_one_picture(tmp_path):
    source = one_frame(tmp_path / "f", np.full((200, 300, 3), 90, np.uint8))
    for taken in (False, True):
        segment_video(source, ["x"], LeftHalf(), tmp_path / "a.png", replace=taken)
    pixels = shown(tmp_path / "a.png")
    assert pixels.shape[1] == 300 and pixels.shape[0] > 200
    assert (pixels[100, 250] == 90).all() and not (pixels[100, 50] == 90).all()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.png", "f"]


def test_a_video_that_does_not_say_its_length_is_no_single_picture(tmp_path):
    with av.open(str(tmp_path / "a.mkv"), "w") as container:
        stream = container.add_stream("ffv1", rate=10)
        stream.height, stream.width, stream.pix_fmt = 24, 32, "bgr0"
        for _ in range(3):
            container.mux(stream.encode(av.VideoFrame.from_ndarray(np.zeros((24, 32, 3), np.uint8), "rgb24")))
        container.mux(stream.encode(None))
    with pytest.raises(OutputError, match="more than one frame"):
        segment_video(tmp_path / "a.mkv", ["x"], LeftHalf(), tmp_path / "a.png")
    assert [path.name for path in tmp_path.iterdir()] == ["a.mkv"]


def test_an_interruption_leaves_no_pictures(folder, tmp_path):
    with pytest.raises(KeyboardInterrupt):
        segment_video(folder, ["x"], Failing(), tmp_path / "a", masks_dir=tmp_path / "m", frames_per_clip=4)
    assert [path.name for path in tmp_path.iterdir()] == ["frames"]


def test_replace_removes_only_own_pictures_and_never_the_source(folder, tmp_path):
    def go(source, out):
        segment_video(source, ["x"], LeftHalf(), out, replace=True)

    go(folder, tmp_path / "a")
    go(folder, tmp_path / "a")
    with pytest.raises(OutputError, match="source itself"):
        go(tmp_path / "a", tmp_path / "a")
    (tmp_path / "mine").mkdir()
    Image.new("RGB", (4, 4)).save(tmp_path / "mine" / "00000.png")
    with pytest.raises(OutputError, match="something else than frames of rvos segment"):
        go(folder, tmp_path / "mine")
    assert len(list((tmp_path / "a").iterdir())) == 10
    assert len(list((tmp_path / "mine").iterdir())) == 1


def test_masks_never_take_the_place_of_the_video(folder, tmp_path):
    (tmp_path / "m").mkdir()
    with pytest.raises(OutputError, match="lie in one another"):
        segment_video(folder, ["x"], LeftHalf(), tmp_path / "m" / "a.mp4", masks_dir=tmp_path / "m")
    segment_video(folder, ["x"], LeftHalf(), folder / "a.mp4", masks_dir=folder / "m")
    assert (folder / "a.mp4").is_file() and (folder / "m" / "1-x").is_dir()


@pytest.mark.parametrize("suffix", [".mp4", ".gif", ""])
@pytest.mark.parametrize("size", [(1, 1), (47, 63)])
def test_a_picture_of_any_size_is_shown_whole(tmp_path, suffix, size):
    source = one_frame(tmp_path / "f", np.full((*size, 3), 200, np.uint8))
    out = tmp_path / f"a{suffix}"
    segment_video(source, ["the left half"], LeftHalf(), out, masks_dir=tmp_path / "m")
    (pixels,) = [shown(out / "only.png")] if out.is_dir() else decoded(out)
    assert pixels.shape[1] == 160, "wide enough for the expression"
    assert pixels.shape[0] > size[0] + 10
    assert pixels[: size[0], size[1] - 1].min() > 150 or size == (1, 1)
    assert pixels[: size[0], size[1] + 4 :].max() < 60, "beside the picture"
    assert read_labels(tmp_path / "m" / "1-the-left-half" / "only.png").shape == size


def test_a_video_stored_on_its_side_comes_out_upright_with_its_masks(tmp_path):
    source = one_frame(
        tmp_path / "f", np.pad(np.full((16, 16, 3), 230, np.uint8), ((0, 80), (0, 176), (0, 0)))
    )
    with VideoWriter(tmp_path / "flat.mp4", fps=5) as video:
        video.add(shown(source / "only.png"), 0.0)
    turned(tmp_path / "flat.mp4", tmp_path / "turned.mp4", 90, height=96, width=192)
    segment_video(tmp_path / "turned.mp4", ["x"], LeftHalf(), tmp_path / "out", masks_dir=tmp_path / "m")
    pixels = shown(tmp_path / "out" / "00000.png")
    assert pixels[:16, 80:96].mean() > 200, "the bright corner is at the upper right"
    mask = read_labels(tmp_path / "m" / "1-x" / "00000.png")
    assert mask.shape == (192, 96) and (mask[:, :48] == 255).all() and (mask[:, 48:] == 0).all()


def test_uneven_times_are_those_of_the_source(tmp_path):
    times = [0.0, 0.04, 0.5, 0.54, 2.0]
    with VideoWriter(tmp_path / "a.mp4", fps=25) as video:
        for time_s in times:
            video.add(np.zeros((48, 200, 3), np.uint8), time_s)
    segment_video(tmp_path / "a.mp4", ["x"], LeftHalf(), tmp_path / "b.mp4", frames_per_clip=2)
    with VideoFile(tmp_path / "b.mp4") as file:
        assert [time_s for time_s, _ in file.play()] == pytest.approx(times, abs=1e-4)


def test_what_is_transparent_is_shown_in_the_colour_it_hides(tmp_path):
    source = tmp_path / "f"
    source.mkdir()
    pixels = np.full((40, 200, 4), (10, 200, 60, 0), np.uint8)
    Image.fromarray(pixels).save(source / "a.png")
    segment_video(source, ["x"], LeftHalf(), tmp_path / "out")
    assert (shown(tmp_path / "out" / "a.png")[20, 150] == (10, 200, 60)).all()


def test_ten_bits_per_colour_are_rounded(tmp_path):
    with av.open(str(tmp_path / "a.mkv"), "w") as container:
        stream = container.add_stream("ffv1", rate=10)
        stream.height, stream.width, stream.pix_fmt = 96, 192, "yuv444p10le"
        flat = np.full((96, 192, 3), (200, 30, 90), np.uint8)
        container.mux(stream.encode(av.VideoFrame.from_ndarray(flat, "rgb24").reformat(format="yuv444p10le")))
        container.mux(stream.encode(None))
    segment_video(tmp_path / "a.mkv", ["x"], LeftHalf(), tmp_path / "out")
    pixels = shown(tmp_path / "out" / "00000.png")
    assert np.abs(pixels[50, 150].astype(int) - (200, 30, 90)).max() <= 2


def test_many_long_and_strange_expressions_fit_below_the_picture(folder, tmp_path):
    expressions = [f"number {n} " + "of very many words " * 200 for n in range(28)] + [
        "a\nb\x1b[2J",
        "左\u202e",
    ]
    segment_video(folder, expressions, LeftHalf(), tmp_path / "out", masks_dir=tmp_path / "m")
    pixels = shown(tmp_path / "out" / "00000.png")
    assert pixels.shape[1] == 160 and pixels.shape[0] < 600
    assert len(list((tmp_path / "m").iterdir())) == 30
    chips = {tuple(colour_of(number)) for number in range(30)}
    assert len(chips) == 30 and chips <= {tuple(each) for each in pixels[24:].reshape(-1, 3).tolist()}


@pytest.mark.slow
@pytest.mark.parametrize("out", ["a.mp4", "a.gif", "a"])
def test_memory_does_not_grow_with_the_length(tmp_path, out):
    code = (
        "import resource, sys; from pathlib import Path\n"
        "from rvosbench.inference.segment import segment_video\n"
        "from rvosbench.models.baselines import CENTRE\n"
        "from rvosbench.plugins.model import Load\n"
        "model, place = CENTRE.load(None, Load()), Path(sys.argv[1])\n"
        "for name in ('short', 'long'):\n"
        "    segment_video(place / f'{name}.mp4', ['x', 'y'], model, place / f'{name}-' / sys.argv[2],\n"
        "                  masks_dir=place / f'{name}-masks', frames_per_clip=8)\n"
        "    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)\n"
    )
    for name, frames in (("short", 60), ("long", 500)):
        (tmp_path / f"{name}-").mkdir()
        with VideoWriter(tmp_path / f"{name}.mp4", fps=10) as video:
            for position in range(frames):
                pixels = np.full((240, 320, 3), 40, np.uint8)
                pixels[100:140, position % 280 : position % 280 + 40] = (220, 60, 30)
                video.add(pixels, position / 10)
    done = subprocess.run(
        [sys.executable, "-c", code, str(tmp_path), out], capture_output=True, text=True, check=True
    )
    short, long = (int(line) / 1024 for line in done.stdout.split())  # MiB
    # 440 more frames are 97 MiB as pixels and 64 MiB as masks; threads and caches may take a little.
    assert long - short < 16
