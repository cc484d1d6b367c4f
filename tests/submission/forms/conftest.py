"""The tiny store, made once: reading predictions changes nothing."""

from __future__ import annotations

import pytest

from rvosbench.store import Store
from tests.tiny_store import tiny_store


@pytest.fixture(scope="session")
def store(tmp_path_factory: pytest.TempPathFactory) -> Store:
    return tiny_store(tmp_path_factory.mktemp("forms") / "store")
