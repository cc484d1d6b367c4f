"""`rvos prepare`: what it says while it works, at the end, and when it is interrupted."""

from __future__ import annotations

import os
import re
import shlex
import shutil
import struct
import subprocess
import sys
from pathlib import Path

import pytest

from rvosbench.media.frames import open_frames
from rvosbench.store import Store
from rvosbench.synthetic import write
from tests.datasets import tiny_releases
from tests.preparation.many_videos import damage, many_videos, names

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture
def copy(tmp_path):
    """A release of twelve train videos and two valid ones that may be damaged."""
    return many_videos(tmp_path / "release", 12, valid=2)


def test_the_skipped_are_named_at_the_end_and_the_exit_code_is_0(rvos, copy, tmp_path):
    for number in range(11):
        damage(copy, f"v{number:03d}")
    out = tmp_path / "out"
    ran = rvos("prepare", "ytvos", "--root", copy, "--out", out, "--on-error", "skip")
    assert ran.code == 0
    lines = ran.err.splitlines()
    start = lines.index("Skipped 11 videos that cannot be read:")
    assert lines[start + 1].startswith("  train/v000: ") and "v000/00005.png" in lines[start + 1]
    assert len(lines) == start + 12 and lines[-2].startswith("  train/v009: ")
    assert lines[-1] == f"  and 1 more, see {out / 'problems.parquet'}"
    assert ran.out.splitlines()[-1] == str(out)
    shown = rvos("info", out).out
    assert "Problems: 11 videos skipped, 0 reported" in shown
    assert "  skipped: train/v000: " in shown and "  and 6 more, see problems.parquet in the store" in shown
    assert rvos("verify", out).code == 0


def test_without_skipping_the_first_one_is_the_error_and_the_same_command_continues(rvos, copy, tmp_path):
    whole = damage(copy, "v007")
    command = ("prepare", "ytvos", "--root", copy, "--out", tmp_path / "out")
    ran = rvos(*command)
    assert ran.code == 3 and "v007/00005.png" in ran.error
    assert f"7 finished videos are kept in {tmp_path / '.out.partial'}; the same command continues" in ran.err
    whole.write_bytes(whole.with_name("00000.png").read_bytes())
    ran = rvos(*command)
    assert ran.code == 0 and "Resumed: an earlier run had finished 7 videos" in ran.err
    assert names(tmp_path) == ["out", "release"]


def test_no_resume_begins_anew(rvos, copy, tmp_path):
    whole = damage(copy, "v007")
    command = ("prepare", "ytvos", "--root", copy, "--out", tmp_path / "out", "--no-resume")
    assert rvos(*command).code == 3
    whole.write_bytes(whole.with_name("00000.png").read_bytes())
    ran = rvos(*command)
    assert ran.code == 0 and "Resumed" not in ran.err


@pytest.mark.parametrize(
    "wrong", [("--workers", "0"), ("--workers", "two"), ("--on-error", "ignore"), ("--limit", "0")]
)
def test_wrong_usage_is_one_line(rvos, copy, tmp_path, wrong):
    ran = rvos("prepare", "ytvos", "--root", copy, "--out", tmp_path / "out", *wrong)
    assert ran.code == 2
    assert wrong[0] in ran.error
    assert names(tmp_path) == ["release"]


@pytest.mark.parametrize("layout", ["a2d", "ytvos"])
def test_a_packed_store_needs_no_release(rvos, tmp_path, layout):
    release = getattr(tiny_releases, layout)(tmp_path / "release")
    out = tmp_path / "out"
    for folder, pack in (("plain", ()), ("out", ("--pack",))):
        ran = rvos("prepare", layout, "--root", release, "--out", tmp_path / folder, *pack, "--workers", 2)
        assert ran.code == 0
    plain, packed = Store.open(tmp_path / "plain"), Store.open(out)
    assert plain.fingerprint == packed.fingerprint
    pixels = {}
    for split in plain.splits:
        for video_id in plain.video_ids(split):
            video = plain.video(split, video_id)
            with open_frames(video, plain.release) as frames:
                pixels[split, video_id] = frames.read(range(len(video.frames)))
    shutil.rmtree(release)
    for (split, video_id), expected in pixels.items():
        with open_frames(packed.video(split, video_id), packed.release) as frames:
            assert (frames.read(range(len(expected))) == expected).all()
    assert "no problem in" in rvos("verify", out).out
    assert "with its pixels" in rvos("info", out).out
    moved = tmp_path / "moved"
    out.rename(moved)
    assert rvos("verify", moved).code == 0
    if layout == "a2d":
        assert packed.manifest["files"].keys() >= {"media/Release/clips320H/-aaaaaaaaaa.mp4"}
        next((moved / "media").rglob("*.mp4")).write_bytes(b"altered")
        assert rvos("verify", moved, "--no-frames").code == 3


@pytest.mark.slow
def test_the_bar_fits_80_columns_on_a_terminal(copy, tmp_path):
    fcntl, pty, termios = (pytest.importorskip(name) for name in ("fcntl", "pty", "termios"))
    whole = damage(copy, "v007")
    command = [sys.executable, "-m", "rvosbench_cli.main", "prepare", "ytvos"]
    command += ["--root", str(copy), "--out", str(tmp_path / "out")]
    for expected in (3, 0):
        main, terminal = pty.openpty()
        fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", 24, 80, 0, 0))
        process = subprocess.Popen(
            command,
            cwd=ROOT,
            stderr=terminal,
            stdout=subprocess.PIPE,
            env=os.environ | {"TERM": "xterm-256color"},
        )
        os.close(terminal)
        shown = b""
        while True:
            try:
                piece = os.read(main, 4096)
            except OSError:
                break
            if not piece:
                break
            shown += piece
        process.communicate()
        assert process.returncode == expected
        whole.write_bytes(whole.with_name("00000.png").read_bytes())
        text = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", shown.decode())
        bars = [line for line in re.split(r"[\r\n]+", text) if "prepare ytvos" in line]
        assert bars and all(len(line.rstrip()) <= 80 for line in bars), bars
    assert "2/2" in bars[-1] and "valid" in bars[-1]


@pytest.mark.parametrize(
    ("dataset", "quirks", "options"),
    [
        (
            "ytvos",
            (),
            ("--trainval", "0.5", "--seed", "3", "--splits", "train,heldout", "--limit", "2", "--pack"),
        ),
        ("mevis", ("both-texts",), ("--mevis-version", "1")),
        ("refcocog", ("google",), ("--split-by", "google", "--sentences", "raw")),
    ],
)
def test_the_command_that_a_damaged_store_names_makes_it_again(rvos, tmp_path, dataset, quirks, options):
    root, out = tmp_path / "my release", tmp_path / "my store"
    write(dataset, root, videos=4, seed=0, frames=2, size=(48, 64), quirks=quirks)
    assert rvos("prepare", dataset, "--root", root, "--out", out, *options).code == 0
    first = Store.open(out)
    part = next((out / "data").rglob("*.parquet"))
    part.write_bytes(part.read_bytes()[:-1])
    command = re.search(r"rebuild it with: (rvos .*)", rvos("info", out).error).group(1)
    assert rvos(*shlex.split(command)[1:]).code == 0
    again = Store.open(out)
    assert again.fingerprint == first.fingerprint
    assert again.manifest["files"] == first.manifest["files"]
