"""What an export leaves behind, counted while it runs."""

from __future__ import annotations

from collections import Counter

from rvosbench.types import Video


class Losses:
    """Counts losses by what they are, and says so in the end."""

    def __init__(self) -> None:
        self._counts: Counter[str] = Counter()
        self._remarks: Counter[str] = Counter()
        self._first: dict[str, str] = {}

    def add(self, what: str, video: Video, count: int = 1) -> None:
        """`count` times `what` was lost in a video; 0 is no loss."""
        if count:
            self._counts[what] += count
            self._first.setdefault(what, f"{video.split}/{video.video_id}")

    def also(self, what: str, video: Video, count: int) -> None:
        """Something that is in the export, but not as everybody expects it."""
        if count:
            self._remarks[what] += count
            self._first.setdefault(what, f"{video.split}/{video.video_id}")

    def notes(self) -> list[str]:
        """One expression for each kind."""
        return [
            f"not in the export: {count:,} {what} (first in {self._first[what]})"
            for what, count in self._counts.items()
        ] + [f"{count:,} {what} (first in {self._first[what]})" for what, count in self._remarks.items()]
