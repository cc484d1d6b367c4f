from __future__ import annotations

import os

import pytest

from rvosbench.plugins.registry import DATASETS
from tests.preparation.many_videos import LOG, MAIN, NAMES, many_videos


@pytest.fixture
def release(tmp_path):
    """Seven train videos and two valid ones."""
    return many_videos(tmp_path / "release", 7, valid=2)


@pytest.fixture
def plugins(monkeypatch):
    """The disturbed readers of `many_videos` can be prepared by name."""
    for name, target in NAMES.items():
        monkeypatch.setitem(DATASETS._built_in, name, target)
    monkeypatch.setenv(MAIN, str(os.getpid()))


@pytest.fixture
def reads(tmp_path, monkeypatch, plugins):
    """A function: which videos were read since it was called last, by the watched readers."""
    path = tmp_path / "reads.log"
    monkeypatch.setenv(LOG, str(path))

    def since(by_process=False):
        lines = path.read_text().split() if path.exists() else []
        path.unlink(missing_ok=True)
        return lines if by_process else [line.partition(":")[2] for line in lines]

    return since
