"""What a dataset must offer to be plugged in: `Release` is implemented once per dataset."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol, runtime_checkable

from rvosbench.types import Card, Expression, Video


@runtime_checkable
class Release(Protocol):
    """One official release on disk. Constructed as `Release(root, options)`; reads, never writes.

    `options` are the command line's strings, such as {"trainval": "0.1"}; an unknown key is a
    `DatasetError`, so that a typo is never ignored.

    Videos are the units: `prepare` asks for one after the other (or in parallel), so nothing here
    may depend on the order of the calls. An instance can be pickled, index included: that is how other
    processes get it.
    """

    card: Card
    problems: Sequence[str]
    """What this copy lacks without being useless, such as videos left out; grows while videos are read."""

    def fingerprint(self) -> str:
        """A SHA-256 over the release's index files (json, csv, pickle ...): tells two downloads apart."""
        ...

    def index_files(self) -> tuple[Path, ...]:
        """The files that say which videos there are, as far as they are on disk."""
        ...

    def splits(self) -> tuple[str, ...]:
        """The splits that are on disk, in the release's own order."""
        ...

    def videos(self, split: str) -> Sequence[str]:
        """The ids of all videos of a split, sorted."""
        ...

    def read(self, split: str, video_id: str) -> Video:
        """Everything about one video.

        Raises:
            DatasetError: naming the file, the item and what was expected.
        """
        ...

    def expressions(self, split: str, video_id: str) -> tuple[Expression, ...]:
        """The expressions about one video, from the index alone: no other file is read."""
        ...

    def sources(self, split: str, video_id: str) -> tuple[Path, ...]:
        """The files that `read` needs for a video: opened by it, or referred to by its record.

        Frames, mask files, mp4; whether they are there or not. Cheap: folders are listed, nothing is
        decoded.

        Raises:
            DatasetError: a file that says which ones are needed is damaged.
        """
        ...
