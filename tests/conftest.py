"""Shared fixtures: where the real samples are, and tiny data drawn in code."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.fake_packages import install

__all__ = ["install"]

SHARED = Path(__file__).resolve().parents[2] / "shared"


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder with real samples and goldens; they may not be redistributed, so a clone lacks them."""
    if not (SHARED / "samples" / "SOURCE.md").is_file():
        pytest.skip(f"real samples and goldens are not at {SHARED}; they may not be redistributed")
    return SHARED
