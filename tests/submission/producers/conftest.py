"""The store that all producers answer about, made once: reading predictions changes nothing."""

from __future__ import annotations

import pytest

from rvosbench.store import Store
from tests.submission.producers.scene import scene


@pytest.fixture(scope="session")
def store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    return scene(tmp_path_factory.mktemp("producers") / "store")
