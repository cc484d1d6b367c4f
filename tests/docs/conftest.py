"""One scratch workspace a session, shared by all test processes."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from rvosbench.plugins.registry import DATASETS, METRICS, MODELS, PROTOCOLS
from tests.docs.scratch import Scratch


@pytest.fixture(scope="session")
def scratch(tmp_path_factory: pytest.TempPathFactory) -> Scratch:
    """What examples find before they run."""
    own = tmp_path_factory.getbasetemp()
    shared = own.parent if "PYTEST_XDIST_WORKER" in os.environ else own
    return Scratch(shared / "documented")


@pytest.fixture
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An empty folder to be in, and an environment without what the person at the keyboard has set."""
    folder = tmp_path / "workspace"
    folder.mkdir()
    monkeypatch.chdir(folder)
    for name in ("RVOS_HOME", "RVOS_STORES"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("COLUMNS", "80")
    yield folder
    for registry in (DATASETS, METRICS, MODELS, PROTOCOLS):
        for name, entry in registry.entries().items():
            if entry.distribution == "this program":
                registry.unregister(name)
