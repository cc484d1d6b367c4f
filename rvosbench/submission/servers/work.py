"""The videos of a split on their way into a zip: answers, pictures, and what an estimate says beforehand."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from rvosbench import masks
from rvosbench.errors import ScoreError
from rvosbench.files.places import free_bytes
from rvosbench.files.text import some
from rvosbench.runs.tolerance import NOTHING, Adjusted, Tolerance
from rvosbench.store import Store
from rvosbench.submission.fitting import refuse_all_cut
from rvosbench.submission.servers.answers import About, Answered, Asked, Gap, Tracks, best_answers
from rvosbench.submission.servers.pictures import overlapping_frames, pictures
from rvosbench.submission.servers.results_json import entries, number_of
from rvosbench.submission.servers.server import Layout, Server
from rvosbench.submission.sources import PredictionSource
from rvosbench.types import Video

_SAMPLED = 4  # videos that an estimate is made from
_HEADER_BYTES = 76  # of a file in a zip, without its name, which stands there twice


@dataclass(kw_only=True, slots=True)
class Submission:
    """What was written, or would be."""

    server: Server
    layout: Layout
    path: Path
    videos: int = 0
    masks: int = 0  # answers, one per expression (or object) and frame
    files: int = 0
    size_bytes: int = 0  # of the zip; before it is written, an estimate
    free_bytes: int = 0
    gaps: list[Gap] = field(default_factory=list)  # what has no prediction
    overlapping: int = 0  # label maps in which several objects claimed a pixel
    adjusted: Adjusted = NOTHING  # what had to be let pass
    surplus: tuple[str, ...] = ()  # videos with predictions that the split does not have
    merged: bool = False  # expressions went into label maps
    named_by_text: bool = False  # ids that the server knows as numbers are none


class Work:
    """The videos of a split on their way into a zip."""

    def __init__(
        self,
        source: PredictionSource,
        store: Store,
        split: str,
        server: Server,
        about: About | None,
        tolerance: Tolerance,
        out: Path,
    ) -> None:
        """See `rvosbench.submission.servers.writing.write_submission`."""
        if about is None:
            about = "object" if all(layout.unit == "object" for layout in server.layouts) else "expression"
        self.layout = server.layout_for(about)
        self.json_bytes = 0
        self._has_pixels = False  # any answer
        self._source, self._store, self._split = source, store, split
        self._asked = Asked(layout=self.layout, about=about, merged=source.merged, tolerance=tolerance)
        self._tolerance = tolerance
        self._video_ids = store.video_ids(split)
        if self.layout.content == "youtube-vis":
            _refuse_equal_numbers(self._video_ids)
        self.done = Submission(
            server=server,
            layout=self.layout,
            path=out,
            free_bytes=free_bytes(out),
            surplus=tuple(sorted(set(source.video_ids()) - set(self._video_ids))),
            merged=self.layout.unit == "object" and about == "expression",
        )

    def videos(self, on_progress: Callable[[int, int], None] | None) -> Iterator[tuple[Video, Tracks]]:
        """Every video with its answers, until the first one that lacks some; the rest is only counted."""
        for number, video_id in enumerate(self._video_ids, start=1):
            video, answered = self._read(video_id)
            self.done.gaps += answered.gaps
            self.done.videos += 1
            self.done.masks += answered.asked
            self.done.adjusted += answered.adjusted
            self._has_pixels = self._has_pixels or any(
                masks.area(row.mask) for track in answered.tracks.values() for row in track
            )
            self.done.overlapping += overlapping_frames(answered.tracks, self.layout)
            if not self.done.gaps:
                yield video, answered.tracks
            if on_progress is not None:
                on_progress(number, len(self._video_ids))

    def files(self, on_progress: Callable[[int, int], None] | None) -> Iterator[tuple[str, bytes]]:
        """Name and content of every picture."""
        for video, tracks in self.videos(on_progress):
            for name, data in pictures(video, tracks, self.layout):
                self.done.files += 1
                yield name, data

    def json_parts(self, on_progress: Callable[[int, int], None] | None) -> Iterator[bytes]:
        """results.json, piece by piece."""
        before = b"[\n"
        for video, tracks in self.videos(on_progress):
            names = [video.video_id, *tracks]
            self.done.named_by_text |= any(isinstance(number_of(name), str) for name in names)
            for entry in entries(video, tracks):
                yield before + entry
                before = b",\n"
        self.done.files = 1
        yield (b"[" if before == b"[\n" else b"\n") + b"]\n"

    def all_files(self, on_progress: Callable[[int, int], None] | None) -> Iterator[tuple[str, bytes]]:
        """As `files`, whatever the layout."""
        if self.layout.content == "youtube-vis":
            yield self.layout.template, b"".join(self.json_parts(on_progress))
        else:
            yield from self.files(on_progress)

    def refuse_gaps(self) -> None:
        """Refuse what is incomplete, once everything has been looked at."""
        gaps = self.done.gaps
        if gaps:
            missing = sum(len(gap.frames) for gap in gaps)
            what = f"{len(gaps):,} {self._asked.about}s"
            raise ScoreError(
                f"{missing:,} of {self.done.masks:,} masks are missing, of {what} in "
                f"{len({gap.video_id for gap in gaps}):,} of {self.done.videos:,} videos: "
                f"{some(map(str, gaps), in_order=False)}; the server wants every frame: predict them too, or "
                "write empty masks, or add --missing zero (the full list: --dry-run --json)"
            )

    def refuse_all_cut(self) -> None:
        """Refuse what a threshold has emptied, once everything has been looked at."""
        if not self._has_pixels and not self.done.gaps:
            refuse_all_cut(self._tolerance, self.done.adjusted)

    def estimate(self) -> int:
        """Bytes of the zip, from a few videos that are complete."""
        ids = self._video_ids
        step = max(1, len(ids) // _SAMPLED)
        sampled = plain = zipped = 0
        for video_id in ids[step // 2 :: step][:_SAMPLED]:
            video, answered = self._read(video_id)
            if answered.gaps:
                continue
            sampled += 1
            if self.layout.content == "youtube-vis":
                text = b"".join(entries(video, answered.tracks))
                plain, zipped = plain + len(text), zipped + len(zlib.compress(text))
            else:
                files = pictures(video, answered.tracks, self.layout)
                zipped += sum(len(data) + _HEADER_BYTES + 2 * len(name) for name, data in files)
        share = len(ids) / max(1, sampled)
        self.json_bytes = round(share * plain)
        return round(share * zipped)

    def _read(self, video_id: str) -> tuple[Video, Answered]:
        video = self._store.video(self._split, video_id)
        return video, best_answers(video, self._source.read(video), self._asked)


def _refuse_equal_numbers(video_ids: tuple[str, ...]) -> None:
    numbers: dict[int | str, str] = {}
    for video_id in video_ids:
        other = numbers.setdefault(number_of(video_id), video_id)
        if other != video_id:
            raise ScoreError(
                f"the videos {other} and {video_id} have the same number, by which the server knows a video; "
                "choose another server"
            )
