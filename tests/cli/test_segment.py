"""`rvos segment` as it is typed: what it writes, what it says, what it refuses before a model loads."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from rich.cells import cell_len

from rvosbench.models.soc.presets import PRESETS
from rvosbench.models.soc.spec import SPEC
from tests.goldens.soc.recordings import Recordings

ROOT = Path(__file__).resolve().parents[2]
RECORDINGS = Recordings(ROOT / "tests" / "goldens" / "soc")


@pytest.fixture
def frames(tmp_path: Path) -> Path:
    folder = tmp_path / "frames"
    folder.mkdir()
    for position in range(3):
        pixels = np.full((40, 56, 3), 60 * position, np.uint8)
        Image.fromarray(pixels).save(folder / f"{position:05d}.png")
    return folder


@pytest.fixture
def original(tmp_path: Path) -> Path:
    """A file of the original without a text encoder beside it."""
    state = {name: value.float() for name, value in RECORDINGS.state().items()}
    torch.save({"model_state_dict": state}, tmp_path / "soc.tar")
    return tmp_path / "soc.tar"


@pytest.fixture
def ours(tmp_path: Path) -> Path:
    SPEC.training.save(SPEC.training.create(PRESETS["soc-demo"].configuration, 0), tmp_path / "ours")
    return tmp_path / "ours"


@pytest.mark.parametrize("out", ["a.mp4", "a.gif", "a"])
def test_it_writes_what_the_name_says_and_tells_within_80_columns(rvos, frames, tmp_path, out):
    expressions = ["the cup", "the long\nand winding road " * 40, "左边的红色杯子" * 20]
    ran = rvos("segment", frames, *expressions, "--model", "centre", "--out", tmp_path / out)
    assert ran.code == 0, ran.err
    assert ran.out == f"{tmp_path / out}\n"
    assert (tmp_path / out).is_dir() == (out == "a")
    lines = ran.err.splitlines()
    found = "in 3 of 3 frames, "
    assert [line[:2] for line in lines if found in line] == ["1:", "2:", "3:"]
    assert all(cell_len(line) <= 80 for line in lines), lines
    assert "the cup: in 3 of 3 frames" in ran.err and "the long and winding" in ran.err


def test_an_expression_that_no_font_can_draw_is_mentioned(rvos, frames, tmp_path, monkeypatch):
    monkeypatch.setattr("rvosbench.drawing.fonts._machine_fonts", lambda: [])
    ran = rvos("segment", frames, "左边", "--model", "centre", "--out", tmp_path / "a.mp4")
    assert ran.code == 0
    assert ran.err.splitlines()[0] == "no font here has 左边; the legend shows boxes (a Noto font has it)"


def test_the_rate_of_a_folder_may_be_given(rvos, frames, tmp_path):
    given = ("--model", "centre", "--out", tmp_path / "a.gif", "--fps", 2)
    assert rvos("segment", frames, "the cup", *given).code == 0
    with Image.open(tmp_path / "a.gif") as image:
        assert image.info["duration"] == 500


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"video": "none.mp4"}, "none.mp4 is missing"),
        ({"video": "text.mp4"}, "text.mp4 cannot be opened"),
        ({"sentence": " "}, "expression 1 is empty"),
        ({"out": "frames"}, "source itself"),
        ({"out": "a.avi"}, "expected a name that ends in .mp4, .gif or .png"),
        ({"out": "none/a.mp4"}, "is not there"),
        ({"out": "a.png"}, "more than one frame"),
    ],
)
def test_what_is_wrong_is_said_before_a_model_is_loaded(rvos, frames, tmp_path, monkeypatch, change, message):
    (tmp_path / "text.mp4").write_text("not a video")
    before = sorted(path.name for path in tmp_path.rglob("*"))
    given = {"video": "frames", "sentence": "the cup", "out": "a.mp4"} | change

    def load(*arguments: object, **options: object) -> None:
        raise AssertionError("a model was loaded")

    monkeypatch.setattr("rvosbench.models.loading.load_model", load)
    ran = rvos("segment", tmp_path / given["video"], given["sentence"], "--out", tmp_path / given["out"])
    assert ran.code in (1, 3)
    assert message in ran.error
    assert sorted(path.name for path in tmp_path.rglob("*")) == before


def test_an_existing_place_needs_overwrite(rvos, frames, tmp_path):
    for out in ("a.mp4", "a"):
        given = ("segment", frames, "the cup", "--model", "centre", "--out", tmp_path / out)
        assert rvos(*given, "--masks", tmp_path / f"{out}-masks").code == 0
        ran = rvos(*given)
        assert ran.code == 1 and "--overwrite" in ran.error
        ran = rvos(*given[:-1], tmp_path / "b.mp4", "--masks", tmp_path / f"{out}-masks")
        assert ran.code == 1 and "--overwrite" in ran.error
        assert rvos(*given, "--masks", tmp_path / f"{out}-masks", "--overwrite").code == 0


@pytest.mark.parametrize("out", ["a.mp4", "a"])
def test_a_full_disk_is_one_line_and_leaves_nothing(frames, tmp_path, out):
    code = (
        "import resource, signal, sys\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (500, 500))\n"  # bytes in one file
        "from cli.main import main; main(sys.argv[1:])"
    )
    given = ("segment", frames, "the cup", "--model", "centre", "--out", tmp_path / out)
    done = subprocess.run(
        [sys.executable, "-c", code, *map(str, given)], capture_output=True, text=True, cwd=ROOT
    )
    assert done.returncode == 1
    last = done.stderr.splitlines()[-1]
    assert last == f"Error: {tmp_path / out} cannot be written (File too large); choose another place"
    assert [path.name for path in tmp_path.iterdir()] == ["frames"]


@pytest.mark.slow
def test_a_file_of_the_original_takes_its_text_encoder_from_elsewhere(
    rvos, frames, original, store, tmp_path
):
    for name in ("00001.png", "00002.png"):
        (frames / name).unlink()
    encoder = ("--checkpoint", original, "--text-encoder", RECORDINGS.text)
    expressions = ("the red cup", "word " * 600)  # the text encoder reads 512 tokens
    ran = rvos("segment", frames, *expressions, *encoder, "--out", tmp_path / "a", "--masks", tmp_path / "m")
    assert ran.code == 0, ran.err
    assert len(list((tmp_path / "a").iterdir())) == 1
    # The same answers as with the files beside the checkpoint.
    shutil.copytree(RECORDINGS.text, original.parent / "text")
    given = ("--checkpoint", original, "--out", tmp_path / "b")
    assert rvos("segment", frames, *expressions, *given, "--masks", tmp_path / "n").code == 0
    for path in (tmp_path / "m").rglob("*.png"):
        assert path.read_bytes() == (tmp_path / "n" / path.relative_to(tmp_path / "m")).read_bytes()

    run = tmp_path / "run"
    of = ("--dataset", store, "--split", "heldout", "--limit", 1)
    assert rvos("predict", "soc", *encoder, *of, "--out", run).code == 0
    assert json.loads((run / "run.json").read_text())["text_encoder"] == str(RECORDINGS.text)


def test_a_text_encoder_that_nobody_needs_is_refused(rvos, frames, ours, store, tmp_path):
    of = ("--dataset", store, "--split", "heldout", "--out", tmp_path / "run")
    to = ("--out", tmp_path / "a.mp4", "--text-encoder", RECORDINGS.text)
    for ran in (
        rvos("segment", frames, "the cup", "--checkpoint", ours, *to),
        rvos("predict", "soc", "--checkpoint", ours, "--text-encoder", RECORDINGS.text, *of),
    ):
        assert ran.code == 1
        assert f"{ours} has a text encoder of its own; leave --text-encoder" in ran.error
    for ran in (
        rvos("segment", frames, "the cup", "--model", "centre", *to),
        rvos("predict", "centre", "--text-encoder", RECORDINGS.text, *of),
    ):
        assert ran.code == 1
        assert "the model 'centre' has no option 'text-encoder'" in ran.error
    assert sorted(path.name for path in tmp_path.iterdir()) == ["frames", "ours"]


def test_a_text_encoder_that_is_not_there_is_named(rvos, frames, original, tmp_path):
    (tmp_path / "empty").mkdir()
    given = ("--checkpoint", original, "--out", tmp_path / "a.mp4", "--text-encoder", tmp_path / "empty")
    ran = rvos("segment", frames, "the cup", *given)
    assert ran.code == 1
    assert str(tmp_path / "empty" / "config.json") in ran.error
