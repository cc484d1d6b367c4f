"""A kill in the middle of a conversion or a submission leaves no half result, and nothing for ever."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from rvosbench.store import Store
from tests.submission.killed import write
from tests.tiny_run import make_run, row
from tests.tiny_store import HEIGHT, WIDTH, two_squares, write_store

ROOT = Path(__file__).parents[2]
FORMS = {
    "json": "a.json.gz",
    "png": "pictures",
    "parquet": "rows",
    "submission": "b.zip",
    "submit": "c.zip",
}


@pytest.fixture(scope="module")
def given(tmp_path_factory: pytest.TempPathFactory) -> tuple[Store, Path]:
    folder = tmp_path_factory.mktemp("given")
    store = write_store(folder / "store", [two_squares("a"), two_squares("b")])
    random = np.random.default_rng(1)
    rows = [
        [
            row(video.video_id, e.expression_id, n, random.random((HEIGHT, WIDTH)) < 0.3)
            for e in video.expressions
            for n in range(len(video.frames))
        ]
        for video in (store.video("train", "a"), store.video("train", "b"))
    ]
    return store, make_run(folder / "run", store, rows)


def content(path: Path) -> dict[str, bytes]:
    files = [path] if path.is_file() else sorted(path.rglob("*"))
    return {str(file.relative_to(path)): file.read_bytes() for file in files if file.is_file()}


def killed(verb: str, at: object, given: tuple[Store, Path], out: Path) -> bool:
    """Whether the process was killed; False if it had no such call."""
    store, run = given
    words = [verb, at, store.folder, "train", run, out]
    command = [sys.executable, "-m", "tests.submission.killed", *map(str, words)]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    if ended.returncode == 7:
        return False
    assert ended.returncode == -signal.SIGKILL, ended.stderr
    return True


@pytest.mark.parametrize("verb", FORMS)
def test_killed_after_a_video_nothing_has_the_final_name_and_the_same_command_tidies_up(
    given, tmp_path: Path, verb
):
    store, run = given
    write(verb, str(run), str(store.folder), "train", str(tmp_path / "whole" / FORMS[verb]))
    out = tmp_path / "new" / FORMS[verb]
    assert killed(verb, "video", given, out)
    (left,) = out.parent.iterdir()
    assert left.name.startswith(f".{out.name}.partial")
    write(verb, str(run), str(store.folder), "train", str(out))
    assert [path.name for path in out.parent.iterdir()] == [out.name]
    assert content(out) == content(tmp_path / "whole" / FORMS[verb])


@pytest.mark.slow
@pytest.mark.parametrize("verb", FORMS)
def test_killed_at_any_call_what_has_the_final_name_is_whole(given, tmp_path: Path, verb):
    store, run = given
    write(verb, str(run), str(store.folder), "train", str(tmp_path / "whole" / FORMS[verb]))
    expected = content(tmp_path / "whole" / FORMS[verb])
    at = 0
    while killed(verb, at, given, out := tmp_path / str(at) / FORMS[verb]):
        if out.exists():
            assert content(out) == expected
        write(verb, str(run), str(store.folder), "train", str(out), overwrite=True)
        assert content(out) == expected
        assert [path.name for path in out.parent.iterdir()] == [out.name]
        at += 1 if at < 4 else 5
    assert at >= 3
