"""A run of predictions that is cut short goes on where it was, and says when it cannot."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

import numpy as np
import pytest

from rvosbench.errors import OutputError, ScoreError
from rvosbench.inference.predict import predict
from rvosbench.plugins.model import ModelSpec
from rvosbench.plugins.registry import MODELS
from rvosbench.types import Clip, Segmentation
from rvosbench.work import program
from tests.inference.drawing import Drawing
from tests.tiny_store import two_squares, write_store

ROOT = Path(__file__).resolve().parents[2]
VIDEOS = 6
ASKED: list[str] = []


class Counting(Drawing):
    def segment(self, clip: Clip, expressions: Sequence[str], candidates: int = 1) -> Sequence[Segmentation]:
        ASKED.append(clip.video_id)
        return super().segment(clip, expressions, candidates)


class OwnNumbers(Drawing):
    """Its noise depends on what it was asked before."""

    def __init__(self) -> None:
        self._numbers = np.random.default_rng(0)

    def segment(self, clip: Clip, expressions: Sequence[str], candidates: int = 1) -> Sequence[Segmentation]:
        answers = super().segment(clip, expressions, candidates)
        return [
            Segmentation(masks=self._numbers.random(a.masks.shape) > 0.5, scores=a.scores) for a in answers
        ]


def spec(segmenter: type) -> ModelSpec:
    return ModelSpec(summary="draws", load=lambda checkpoint, request: segmenter())


@pytest.fixture(autouse=True)
def models(monkeypatch):
    ASKED.clear()
    monkeypatch.setattr(program, "_own_source", lambda: b"")
    with ExitStack() as stack:
        for name, model in (("drawing", Drawing), ("counting", Counting), ("own", OwnNumbers)):
            stack.enter_context(MODELS.register(name, spec(model)))
        yield


@pytest.fixture(scope="module")
def store(tmp_path_factory) -> Path:
    return many(tmp_path_factory.mktemp("resume"))


def many(folder: Path) -> Path:
    write_store(folder / "store", [two_squares(f"v{number}") for number in range(VIDEOS)])
    return folder / "store"


def content(run: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted((run / "predictions").iterdir())}


def interrupt_after(videos: int, error: type[BaseException] = KeyboardInterrupt):
    def update(done: int, total: int) -> None:
        if done == videos:
            raise error

    return update


def begun(store, out, videos=3, model="counting", **options):
    with pytest.raises(KeyboardInterrupt) as caught:
        predict(model, store, split="train", out=out, on_progress=interrupt_after(videos), **options)
    asked = list(ASKED)
    ASKED.clear()
    return caught.value, asked


def record(run: Path) -> dict:
    return json.loads((run / "run.json").read_text())


def test_the_same_call_answers_the_rest_and_the_rows_are_those_of_one_go(store, tmp_path):
    whole = predict("counting", store, split="train", out=tmp_path / "whole")
    ASKED.clear()
    error, asked = begun(store, tmp_path / "run")
    assert error.__notes__ == [
        f"3 finished videos are kept in {tmp_path / '.run.partial'}; the same command continues from there"
    ]
    assert asked == ["v0", "v1", "v2"]
    assert not (tmp_path / "run").exists()
    progress = []
    predict("counting", store, split="train", out=tmp_path / "run", on_progress=lambda *p: progress.append(p))
    assert ASKED == ["v2", "v3", "v4", "v5"]  # the last one again, to see that it is the same model
    assert progress[-1] == (VIDEOS, VIDEOS)
    assert content(tmp_path / "run") == content(whole)
    one, other = record(tmp_path / "run"), record(whole)
    assert one.pop("reused") == 3 and other.pop("reused") == 0
    for key in one.keys() - {"timings", "written", "hardware"}:
        assert one[key] == other[key], key
    assert sorted(path.name for path in tmp_path.iterdir()) == ["run", "whole"]


def test_an_error_keeps_what_was_answered_before_it(store, tmp_path, monkeypatch):
    def fail(self, clip, expressions, candidates=1):
        if clip.video_id == "v4":
            raise RuntimeError("out of memory")
        return Drawing.segment(self, clip, expressions, candidates)

    with monkeypatch.context() as patch, pytest.raises(RuntimeError) as caught:
        patch.setattr(Counting, "segment", fail)
        predict("counting", store, split="train", out=tmp_path / "run")
    assert caught.value.__notes__[0].startswith("4 finished videos are kept")
    predict("counting", store, split="train", out=tmp_path / "run")
    assert ASKED == ["v3", "v4", "v5"]


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"seed": 1}, "seed 0, this one has 1"),
        ({"model": "drawing"}, "model counting, this one has drawing"),
        ({"candidates": 4}, "candidates 1, this one has 4"),
        ({"mismatched_expressions": True}, "mismatched expressions False, this one has True"),
        ({"precision": "bf16"}, "precision fp32, this one has bf16"),
        ({"program": b"another"}, "another state of the program"),
    ],
)
def test_another_run_is_refused_by_what_differs_and_nothing_is_lost(
    store, tmp_path, monkeypatch, change, said
):
    begun(store, tmp_path / "run")
    with monkeypatch.context() as patch:
        if "program" in change:
            patch.setattr(program, "_own_source", lambda: change["program"])
        options = {key: value for key, value in change.items() if key != "program"}
        arguments = {"model": "counting", "store": store, "split": "train", "out": tmp_path / "run"}
        with pytest.raises(OutputError, match=said) as caught:
            predict(**arguments | options)
        assert "--no-resume" in str(caught.value) and "\n" not in str(caught.value)
    ASKED.clear()
    predict("counting", store, split="train", out=tmp_path / "run")
    assert ASKED == ["v2", "v3", "v4", "v5"]


def test_another_store_is_refused(store, tmp_path):
    begun(store, tmp_path / "run")
    other = many(tmp_path / "other")
    manifest = json.loads((other / "dataset.json").read_text())
    (other / "dataset.json").write_text(json.dumps(manifest | {"fingerprint": "0" * 64}))
    with pytest.raises(OutputError, match="store fingerprint"):
        predict("counting", other, split="train", out=tmp_path / "run")


def test_no_resume_begins_anew(store, tmp_path):
    begun(store, tmp_path / "run")
    predict("counting", store, split="train", out=tmp_path / "run", seed=5, resume=False)
    assert [f"v{number}" for number in range(VIDEOS)] == ASKED
    assert record(tmp_path / "run")["reused"] == 0


def test_fewer_videos_serve_more(store, tmp_path):
    begun(store, tmp_path / "run", videos=2, limit=3)
    predict("counting", store, split="train", out=tmp_path / "run")
    assert ASKED == ["v1", "v2", "v3", "v4", "v5"]
    assert record(tmp_path / "run")["limit"] is None


def test_a_model_that_draws_from_numbers_of_its_own_cannot_go_on_and_is_told_so(store, tmp_path):
    begun(store, tmp_path / "run", model="own")
    with pytest.raises(ScoreError, match=r"answers video v2 differently .* --no-resume"):
        predict("own", store, split="train", out=tmp_path / "run")
    with pytest.raises(ScoreError, match="without --shard"):
        predict("own", store, split="train", out=tmp_path / "part", shard="1/2")


def test_shared_generators_are_as_before(store, tmp_path):
    np.random.seed(7)
    expected = np.random.random(3)
    np.random.seed(7)
    predict("drawing", store, split="train", out=tmp_path / "run")
    assert (np.random.random(3) == expected).all()


def test_a_run_that_is_there_stays_until_the_new_one_is_complete(store, tmp_path):
    old = predict("drawing", store, split="train", out=tmp_path / "run", seed=1)
    before = content(old)
    begun(store, tmp_path / "run", overwrite=True)
    assert content(old) == before
    predict("counting", store, split="train", out=tmp_path / "run", overwrite=True)
    assert record(tmp_path / "run")["model"] == "counting"
    assert [path.name for path in tmp_path.iterdir()] == ["run"]


def test_a_folder_that_appears_meanwhile_is_not_overwritten(store, tmp_path):
    def appear(done: int, total: int) -> None:
        (tmp_path / "run").mkdir(exist_ok=True)
        (tmp_path / "run" / "mine").touch()

    with pytest.raises(OutputError, match="is not empty"):
        predict("counting", store, split="train", out=tmp_path / "run", on_progress=appear)
    assert [path.name for path in (tmp_path / "run").iterdir()] == ["mine"]


@pytest.mark.slow
@pytest.mark.parametrize("overwrite", [False, True])
def test_killed_at_any_call_the_same_command_ends_with_the_same_rows(store, tmp_path, overwrite):
    whole = predict("drawing", store, split="train", out=tmp_path / "whole", seed=3)
    small = tmp_path / "small"
    calls, at, step = 0, 0, 5
    while True:
        out = small / str(at) / "run"
        if overwrite:
            predict("drawing", store, split="train", out=out, seed=1, limit=1)
            old = content(out)
        command = [sys.executable, "-m", "tests.inference.killed", str(store), str(out), str(at)]
        ended = subprocess.run(
            [*command, str(overwrite)], cwd=ROOT, capture_output=True, text=True, check=False
        )
        if ended.returncode == 7:
            break
        assert ended.returncode == -signal.SIGKILL, ended.stderr
        calls += 1
        if out.exists():  # the old one, or all of the new
            assert content(out) in ([old] if overwrite else []) + [content(whole)]
        if not out.exists() or content(out) != content(whole):
            predict("drawing", store, split="train", out=out, seed=3, overwrite=overwrite)
        assert content(out) == content(whole)
        at += step
    assert calls > 8


@pytest.mark.slow
def test_two_at_one_place_refuse_each_other(store, tmp_path):
    begun(store, tmp_path / "run")

    def second(done: int, total: int) -> None:
        with pytest.raises(OutputError, match="is being written by another process"):
            predict("counting", store, split="train", out=tmp_path / "run")

    predict("counting", store, split="train", out=tmp_path / "run", on_progress=second)


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_a_signal_keeps_what_is_done_and_says_how_to_go_on(store, tmp_path, number):
    """`rvos predict` in a process of its own, with a model that hangs at the fourth video."""
    command = [sys.executable, "-m", "tests.inference.stuck", "predict", "stuck", "--dataset", str(store)]
    command += ["--split", "train", "--out", str(tmp_path / "run")]
    environment = os.environ | {"STUCK": str(tmp_path / "stuck")}
    process = subprocess.Popen(
        command, cwd=ROOT, env=environment, stderr=subprocess.PIPE, text=True, start_new_session=True
    )
    end = time.monotonic() + 60
    while not (tmp_path / "stuck").exists():
        assert time.monotonic() < end and process.poll() is None
        time.sleep(0.02)
    process.send_signal(number)
    _, err = process.communicate(timeout=30)
    lines = [line for line in err.splitlines() if not line.startswith("predict stuck")]
    assert not (tmp_path / "run").exists()
    if number == signal.SIGKILL:
        assert process.returncode == -number
    else:
        assert process.returncode == 130
        assert lines == [
            f"3 finished videos are kept in {tmp_path / '.run.partial'}; the same command continues from "
            "there",
            "Error: interrupted; nothing half-written was left under a final name",
        ]
    again = subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False
    )  # the file is there, so it does not hang
    assert again.returncode == 0, again.stderr
    assert "Resumed: an earlier run had finished 3 videos" in again.stderr
    assert record(tmp_path / "run")["reused"] == 3
