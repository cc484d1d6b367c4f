"""`rvos prepare` as its own process group, killed and interrupted from outside."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from rvosbench.preparation import prepare
from tests.preparation.many_videos import LOG, content, many_videos, names

ROOT = Path(__file__).resolve().parents[2]
COUNT = 24

pytestmark = pytest.mark.skipif(not hasattr(os, "killpg"), reason="needs process groups")


@pytest.fixture
def release(tmp_path):
    return many_videos(tmp_path / "release", COUNT)


@pytest.fixture
def start(tmp_path, release):
    """A function that starts the command; what is left of it ends with the test."""
    started = []

    def start(name, *arguments):
        code = "from tests.preparation.many_videos import main; main()"
        command = [sys.executable, "-c", code, "prepare", name, "--root", str(release)]
        command += ["--out", str(tmp_path / "out"), *map(str, arguments)]
        started.append(
            subprocess.Popen(
                command,
                cwd=ROOT,
                env=os.environ | {LOG: str(tmp_path / "reads.log")},
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
                start_new_session=True,
            )
        )
        return started[-1]

    yield start
    for process in started:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate()


def wait_for(condition, what):
    end = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < end, f"waited in vain for {what}"
        time.sleep(0.01)


def read_so_far(tmp_path):
    path = tmp_path / "reads.log"
    return [line.partition(":")[2] for line in path.read_text().split()] if path.exists() else []


def members(group):
    """The processes of a group that are not yet gone."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                fields = (entry / "stat").read_text().rpartition(")")[2].split()
            except OSError:
                continue
            if fields[2] == str(group) and fields[0] != "Z":
                found.append(int(entry.name))
    return found


@pytest.mark.slow
@pytest.mark.parametrize("workers", [1, 2])
def test_after_kill_9_the_same_command_reads_no_finished_video_again(release, tmp_path, start, workers):
    kills = 0
    while True:
        known = len(read_so_far(tmp_path))
        process = start("slow", "--workers", workers)
        wait_for(lambda: len(read_so_far(tmp_path)) >= known + 7 or process.poll() is not None, "7 videos")  # noqa: B023
        if process.poll() is not None:
            break
        os.kill(process.pid, signal.SIGKILL)  # this one only: its workers must find out
        kills += 1
        process.wait()
        if sys.platform == "linux":
            wait_for(lambda: not members(process.pid), "the workers to end")  # noqa: B023
        assert not (tmp_path / "out").exists()
    _, err = process.communicate()
    assert process.returncode == 0, err
    assert kills >= 2 and "Resumed: an earlier run had finished" in err
    reads = read_so_far(tmp_path)
    assert set(reads) == {f"train/v{number:03d}" for number in range(COUNT)}
    # What was being read when the kill came had to be read again, and nothing else.
    assert len(reads) <= COUNT + kills * workers
    prepare("ytvos", release, tmp_path / "whole")
    assert {k: v for k, v in content(tmp_path / "out").items() if k != "dataset.json"} == {
        k: v for k, v in content(tmp_path / "whole").items() if k != "dataset.json"
    }
    assert names(tmp_path) == ["out", "reads.log", "release", "whole"]


@pytest.mark.slow
@pytest.mark.parametrize("workers", [1, 2])
def test_ctrl_c_ends_at_once_and_says_what_is_kept(release, tmp_path, start, workers):
    process = start("stuck", "--workers", workers)
    wait_for(lambda: sum(name >= "train/v002" for name in read_so_far(tmp_path)) == workers, "being stuck")
    began = time.monotonic()
    os.killpg(process.pid, signal.SIGINT)  # as a terminal does it: to everybody
    _, err = process.communicate(timeout=30)
    assert time.monotonic() - began < 5
    assert process.returncode == 130
    assert "Traceback" not in err
    lines = [line for line in err.splitlines() if not line.startswith("prepare stuck")]
    assert lines == [
        f"2 finished videos are kept in {tmp_path / '.out.partial'}; the same command continues from there",
        "Error: interrupted; nothing half-written was left under a final name",
    ]
    assert names(tmp_path) == [".out.partial", "reads.log", "release"]
    assert names(tmp_path / ".out.partial") == ["journal", "lock"]


@pytest.mark.slow
def test_ctrl_c_while_workers_start_shows_no_traceback(release, tmp_path, start):
    for delay in (0.3, 0.6, 0.9, 1.2):
        process = start("slow", "--workers", 2)
        time.sleep(delay)
        os.killpg(process.pid, signal.SIGINT)
        _, err = process.communicate(timeout=30)
        if "many_videos" not in err:  # before the command has begun, Python itself complains
            assert "Traceback" not in err


@pytest.mark.slow
def test_two_at_one_place_refuse_each_other(release, tmp_path, start):
    process = start("stuck")
    wait_for(lambda: "train/v002" in read_so_far(tmp_path), "the stuck video")
    second = start("watched")
    _, err = second.communicate(timeout=30)
    assert second.returncode == 1
    out = tmp_path / "out"
    assert err == f"Error: {out} is being written by another process; wait for it or choose another --out\n"
    process.kill()
    process.wait()
    third = start("watched")  # a lock ends with the process
    _, err = third.communicate(timeout=60)
    assert third.returncode == 0
