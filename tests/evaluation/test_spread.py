"""Several processes score what one scores, to the bit; and end as one line when one of them dies."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
import zipfile
from pathlib import Path

import numpy as np
import pytest

from rvosbench import masks
from rvosbench.errors import InvalidDataError, ScoreError, WorkerError
from rvosbench.evaluation import spread
from rvosbench.evaluation.evaluate import evaluate
from rvosbench.inference.predict import predict
from rvosbench.plugins.registry import MODELS
from rvosbench.runs.predictions import Predictions, PredictionsWriter
from rvosbench.store import Store
from tests.evaluation.parts import COUNT, OPINIONS, store_of_seven
from tests.tiny_store import png

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    return store_of_seven(tmp_path_factory.mktemp("spread") / "store")


@pytest.fixture(scope="module")
def run(store, tmp_path_factory):
    with MODELS.register("opinions", OPINIONS):
        return predict(
            "opinions", store, split="train", out=tmp_path_factory.mktemp("run") / "run", protocol="a2d"
        )


@pytest.fixture
def here(monkeypatch):
    """The ranges that this process scores, which it does so slowly that the others come to theirs."""
    ranges = []
    real = spread._Ranges.__call__

    def slowly(self, video_ids):
        ranges.append(video_ids)
        time.sleep(1.5)
        return real(self, video_ids)

    monkeypatch.setattr(spread._Ranges, "__call__", slowly)
    return ranges


@pytest.mark.parametrize("protocol", ["a2d", "ytvos"])
@pytest.mark.parametrize("workers", [2, 3])
def test_the_scores_and_rows_are_those_of_one_process(run, store, here, protocol, workers):
    one = evaluate(run, store, protocol=protocol, force=True)
    seen = []
    several = evaluate(
        run,
        store,
        protocol=protocol,
        workers=workers,
        force=True,
        on_progress=lambda done, total: seen.append((done, total)),
    )
    assert several == one
    assert (several.frames, several.expressions) == (one.frames, one.expressions)
    assert seen[-1] == (COUNT, COUNT) and seen == sorted(seen)
    assert 0 < len(here) < COUNT


def test_a_zip_of_pictures_is_opened_by_each_process(run, store, here, tmp_path):
    archive = tmp_path / "theirs.zip"
    predictions, opened = Predictions.open(run / "predictions"), Store.open(store)
    with zipfile.ZipFile(archive, "w") as file:
        for video_id in predictions.video_ids():
            frames = opened.video("train", video_id).frames
            for row in predictions.video(video_id):
                if row.candidate == 0:
                    name = f"{video_id}/{row.expression_id}/{frames[row.frame_index].name}.png"
                    file.writestr(name, png(masks.decode(row.mask).astype(np.uint8) * 255))
    one, two = (evaluate(archive, store, split="train", protocol="ytvos", workers=n) for n in (1, 2))
    assert one == two and one.frames == two.frames
    assert 0 < len(here) < COUNT


def damaged(run: Path, out: Path, videos: set[str]) -> Path:
    """Its predictions, without the last frame of some videos."""
    predictions = Predictions.open(run / "predictions")
    with PredictionsWriter(out) as writer:
        for video_id in predictions.video_ids():
            rows = predictions.video(video_id)
            last = max(row.frame_index for row in rows)
            writer.add([row for row in rows if video_id not in videos or row.frame_index < last])
    return out


def test_the_first_fault_in_the_order_of_the_videos_is_told_as_by_one_process(run, store, here, tmp_path):
    path = damaged(run, tmp_path / "damaged", {"v1", "v3", "v4"})
    told = []
    for workers in (1, 2, 3):
        with pytest.raises(ScoreError) as caught:
            evaluate(path, store, split="train", protocol="ytvos", workers=workers)
        told.append(str(caught.value))
    assert "video v1" in told[0] and len(set(told)) == 1


def test_answers_in_memory_and_no_workers_are_refused(store):
    with pytest.raises(InvalidDataError, match="cannot be sent to other processes; leave workers out"):
        evaluate({}, store, split="train", protocol="ytvos", workers=2)
    with pytest.raises(InvalidDataError, match="workers is 0"):
        evaluate({}, store, split="train", protocol="ytvos", workers=0)


class _Deadly(spread._Ranges):
    """Dies where it is opened again; here it waits for that."""

    def __call__(self, video_ids):
        time.sleep(1.5)
        return super().__call__(video_ids)

    def __setstate__(self, state):
        super().__setstate__(state)
        os.kill(os.getpid(), signal.SIGKILL)


def test_a_worker_that_dies_is_one_line_and_no_scores(run, store, tmp_path, monkeypatch):
    monkeypatch.setattr(spread, "_Ranges", _Deadly)
    with pytest.raises(WorkerError, match=r"was killed by signal 9; .*fewer --workers") as caught:
        evaluate(run / "predictions", store, split="train", protocol="ytvos", workers=2, out=tmp_path / "out")
    assert "\n" not in str(caught.value)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interruption_is_one_line_and_leaves_no_process(run, store, tmp_path, number):
    code = "from tests.evaluation.slow import main; main()"
    command = [sys.executable, "-c", code, "evaluate", "--predictions", str(run / "predictions")]
    command += ["--dataset", str(store), "--split", "train", "--protocol", "ytvos", "--workers", "2"]
    command += ["--out", str(tmp_path / "out")]
    process = subprocess.Popen(command, cwd=ROOT, stderr=subprocess.PIPE, text=True, start_new_session=True)
    time.sleep(3)
    assert process.poll() is None
    os.killpg(process.pid, number) if number == signal.SIGINT else process.send_signal(number)
    _, err = process.communicate(timeout=30)
    assert process.returncode == 130
    assert [line for line in err.splitlines() if not line.startswith("evaluate ")] == [
        "Error: interrupted; nothing half-written was left under a final name"
    ]
    with pytest.raises(ProcessLookupError):
        os.killpg(process.pid, 0)
    assert list(tmp_path.iterdir()) == []
