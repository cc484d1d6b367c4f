"""What a run of predictions came to: counts and seconds."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from rvosbench.inference.finished import Finished, Note


@dataclass(slots=True)
class Tally:
    """What the run came to."""

    load_s: float = 0.0
    model_s: float = 0.0
    earlier_s: float = 0.0  # of videos that an earlier run has finished
    videos: int = 0
    frames: int = 0
    expressions: int = 0
    reused: int = 0  # videos
    kept: int = 0  # videos in the journal, at the end
    left_out: list[str] = field(default_factory=list)  # video/expression

    def add(self, note: Note, *, reused: bool = False) -> None:
        """Count a video; one that an earlier run has finished is `reused`."""
        self.videos += 1
        self.frames += note.frames
        self.expressions += note.expressions
        self.left_out += note.left_out
        self.model_s += note.model_s
        if reused:
            self.reused += 1
            self.earlier_s += note.total_s

    @contextmanager
    def counting(self, finished: Finished) -> Iterator[None]:
        """What is in the journal when the body ends, however that is."""
        try:
            yield
        finally:
            self.kept = len(finished.entries)

    def as_json(self, seconds: float) -> Mapping[str, Any]:
        """As run.json has it; `seconds` are those of this process."""
        return {
            "videos": self.videos,
            "frames": self.frames,
            "expressions": self.expressions,
            "left_out": self.left_out,
            "reused": self.reused,
            "timings": {
                "total_s": round(seconds + self.earlier_s, 3),
                "load_s": round(self.load_s, 3),
                "model_s": round(self.model_s, 3),
            },
        }
