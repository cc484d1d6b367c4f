"""Several processes: what they say, what they must not, and how they end."""

from __future__ import annotations

import pickle
import re

import pytest

from rvosbench.errors import DatasetError, MissingPathError, WorkerError
from rvosbench.preparation import prepare
from rvosbench.preparation.opening import open_release
from tests.datasets import tiny_releases
from tests.preparation.many_videos import content, damage, names

EVERY = [*[f"train/v{number:03d}" for number in range(7)], "valid/w000", "valid/w001"]


def test_all_processes_read_and_the_store_is_the_same_to_the_bit(release, tmp_path, reads):
    alone = prepare("watched", release, tmp_path / "one")
    assert len({line.partition(":")[0] for line in reads(by_process=True)}) == 1
    for workers in (2, 3):
        together = prepare("slower", release, tmp_path / str(workers), workers=workers)
        lines = reads(by_process=True)
        assert len({line.partition(":")[0] for line in lines}) > 1
        assert sorted(line.partition(":")[2] for line in lines) == EVERY
        assert content(tmp_path / str(workers)) == content(tmp_path / "one")
        assert together.warnings == alone.warnings
    assert names(tmp_path) == ["2", "3", "one", "release"]


@pytest.mark.parametrize("name", ["a2d", "davis", "jhmdb", "mevis", "refcoco", "ytvos"])
def test_a_release_is_sent_with_its_index_and_reads_the_same(tmp_path, name, monkeypatch):
    release = open_release(name, getattr(tiny_releases, name)(tmp_path / "release"))
    expected = {
        split: [release.read(split, v).video for v in release.videos(split)] for split in release.splits()
    }
    data = pickle.dumps(release)

    def parse(*arguments):
        raise AssertionError("the index is parsed again")

    monkeypatch.setattr(type(release), "__init__", parse)
    received = pickle.loads(data)
    assert expected == {
        split: [received.read(split, v).video for v in received.videos(split)] for split in received.splits()
    }


def test_the_first_error_in_order_is_told_however_the_workers_race(release, tmp_path):
    for video_id in ("v002", "v004", "v006"):
        damage(release, video_id)
    with pytest.raises(DatasetError, match=r"v002/00005\.png") as caught:
        prepare("ytvos", release, tmp_path / "out", workers=3)
    assert "finished video" in caught.value.__notes__[-1]


def test_a_worker_that_is_killed_is_one_line_and_the_rest_is_kept(release, tmp_path, reads):
    out = tmp_path / "out"
    with pytest.raises(WorkerError) as caught:
        prepare("deadly", release, out, workers=2)
    message = str(caught.value)
    pattern = r"the worker that was reading (\S+)( \(others: \S+\))? was killed by signal 9; (.*)"
    found = re.fullmatch(pattern, message)
    assert found[1] in EVERY and found[3] == "is memory short? try it with fewer --workers"
    assert "finished video" in caught.value.__notes__[-1]
    assert not out.exists()


def test_a_bug_in_a_reader_comes_through_with_its_trace_and_chatter_does_no_harm(release, tmp_path, plugins):
    with pytest.raises(ZeroDivisionError, match="a bug") as caught:
        prepare("broken", release, tmp_path / "out", workers=2)
    assert (
        caught.value.__notes__[0].startswith("In a worker:") and "many_videos.py" in caught.value.__notes__[0]
    )


def test_a_release_that_cannot_be_sent_is_one_line(release, tmp_path, plugins):
    with pytest.raises(WorkerError, match=r"cannot be sent to other processes .*one worker"):
        prepare("locked", release, tmp_path / "out", workers=2)
    assert names(tmp_path) == ["release"]
    prepare("locked", release, tmp_path / "out")


def test_a_release_that_cannot_be_opened_there_says_why(release, tmp_path, plugins):
    with pytest.raises(OSError, match="no such plugin here"):
        prepare("homeless", release, tmp_path / "out", workers=2)
    assert not (tmp_path / "out").exists()


def test_what_readers_remark_is_the_same_from_workers(release, tmp_path, plugins):
    found = [
        prepare("remarkable", release, tmp_path / f"out{workers}", workers=workers, on_error="skip")
        for workers in (1, 2)
    ]
    assert found[0].warnings == found[1].warnings
    assert found[0].skipped == found[1].skipped
    assert content(tmp_path / "out1") == content(tmp_path / "out2")


@pytest.mark.parametrize("workers", [1, 2])
def test_a_release_that_vanishes_is_not_skipped_video_by_video(release, tmp_path, plugins, workers):
    with pytest.raises(MissingPathError, match="is not there any more"):
        prepare("vanishing", release, tmp_path / "out", workers=workers, on_error="skip")
    assert not (tmp_path / "out").exists()


def test_no_workers_are_refused(release, tmp_path):
    with pytest.raises(DatasetError, match="workers is 0"):
        prepare("ytvos", release, tmp_path / "out", workers=0)
