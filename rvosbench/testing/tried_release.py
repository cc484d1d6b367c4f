"""A release that is checked, and what several checks ask of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rvosbench.errors import InvalidDataError, MissingPathError
from rvosbench.plugins.dataset import DatasetSpec, Release
from rvosbench.preparation.opening import read_options
from rvosbench.testing.failure import expect


@dataclass(frozen=True, slots=True)
class Tried:
    """What the checks look at."""

    name: str
    spec: DatasetSpec
    release_dir: Path
    options: Mapping[str, object] | object
    folder: Path  # for whatever a check writes

    def open(self, release_dir: Path | None = None) -> Release:
        """A release that nobody has read from."""
        return self.spec.open(release_dir or self.release_dir, read_options(self.name, self.options))


def video_keys(release: Release) -> list[tuple[str, str]]:
    """(split, video) of all videos, in order."""
    return [(split, video_id) for split in release.splits() for video_id in release.videos(split)]


def refuses(attempt: Callable[[], Any], what: str) -> None:
    """Fail unless the attempt raises what is raised about a damaged release."""
    try:
        attempt()
    except (InvalidDataError, MissingPathError) as error:
        expect("\n" not in str(error), f"the error about {what} has several lines")
        return
    expect(False, f"{what} is not refused; expected a DatasetError or a MissingPathError")
