"""Convert the videos of a release in order, and keep track of those that failed."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import closing

from rvosbench.errors import DatasetError, InvalidDataError, MissingPathError
from rvosbench.files.text import some
from rvosbench.preparation.journal import Entry, Journal
from rvosbench.preparation.opening import split_problems
from rvosbench.preparation.unit import Job, Refused, stamp
from rvosbench.preparation.workers import Key, convert_all
from rvosbench.store import ReleaseProblem, StoreWriter
from rvosbench.store.encoded import decode
from rvosbench.store.partial_truth import say

Progress = Callable[[str, int, int], None]  # split, videos done, videos in all


class MaskCount:
    """The frames of a split whose masks its source promises, and those that have them.

    Attributes:
        partly: video -> (frames with masks, frames that should have them), of videos that lack some.
        frames: the same, of all videos.
    """

    def __init__(self) -> None:
        """Nothing is counted yet."""
        self.partly: dict[str, tuple[int, int]] = {}
        self.frames = (0, 0)
        self._videos = 0

    def add(self, video_id: str, promised: Sequence[int]) -> bool:
        """Count a video; whether it lacks masks."""
        have, of = promised
        self.frames = (self.frames[0] + have, self.frames[1] + of)
        self._videos += 1
        if have < of:
            self.partly[video_id] = (have, of)
        return have < of

    def warnings(self, split: str) -> list[str]:
        """A sentence if some lack masks."""
        if not self.partly:
            return []
        said = say(self.partly, frames=self.frames, videos=self._videos)
        return [
            f"the ground truth of {split} is not whole: {said}; is it the file with the first frames only, "
            "or is the download incomplete? rvos evaluate refuses such videos unless it is asked for "
            "--truth annotated"
        ]


def empty_expressions(named: Sequence[str]) -> list[str]:
    """A sentence about expressions without a word, if there are some; they keep their place and their ids.

    Args:
        named: such as "train/aaa, expression 0".
    """
    if not named:
        return []
    return [
        f"{len(named)} expressions are empty: no text, spaces, or characters of no width "
        f"({some(named, in_order=False)}); they are kept, and a model is asked nothing by them"
    ]


class Conversion:
    """The videos of a release on their way into a store.

    Attributes:
        skipped: videos that cannot be read and were left out.
        reused: videos that an earlier run had finished.
        kept: finished videos in the journal, after `run`.
    """

    def __init__(
        self,
        job: Job,
        wanted: Mapping[str, Sequence[str]],
        *,
        skip: bool,
        unlisted: Mapping[str, str],
        on_progress: Progress | None,
    ) -> None:
        """Prepare to convert.

        Args:
            job: the release.
            wanted: split -> videos, sorted.
            skip: leave videos out that cannot be read, instead of giving up.
            unlisted: splits that are left out because their videos cannot be listed -> why.
            on_progress: called with (split, videos done, videos in all).
        """
        self.skipped: list[ReleaseProblem] = []
        self.reused = 0
        self.kept = 0
        self._job = job
        self._wanted = wanted
        self._skip = skip
        self._on_progress = on_progress
        self._reported = list(job.release.problems)
        self._reported += [f"the split {split} is left out: {why}" for split, why in unlisted.items()]
        for split in wanted:
            self._reported += split_problems(job.release, split)
        self._never_visible: list[str] = []
        self._empty: list[str] = []
        self._masks = {split: MaskCount() for split in wanted}

    def run(self, writer: StoreWriter, journal: Journal, workers: int) -> None:
        """Write all videos: those of the journal as they are, the others into the journal first.

        Raises:
            MissingPathError, DatasetError: a video cannot be read, or none of them.
            WorkerError: a worker died.
        """
        for problem in self._reported:
            writer.report(ReleaseProblem(kind="reported", message=problem))
        keys = [(split, video_id) for split, video_ids in self._wanted.items() for video_id in video_ids]
        finished = {key: entry for key in keys if (entry := self._finished(key, journal)) is not None}
        self.reused = len(finished)
        missing = [key for key in keys if key not in finished]
        try:
            with closing(convert_all(self._job, missing, workers, journal.add)) as results:
                for split, video_ids in self._wanted.items():
                    done = sum((split, video_id) in finished for video_id in video_ids)
                    if done:
                        self._progress(split, done)
                    for video_id in video_ids:
                        entry = finished.get((split, video_id))
                        if entry is not None:
                            self._write(entry, writer, journal)
                            continue
                        result = next(results)
                        if isinstance(result, Refused):
                            self._leave_out(result, writer)
                        else:
                            self._write(result, writer, journal)
                        done += 1
                        self._progress(split, done)
        finally:
            self.kept = len(journal.entries)
        if len(self.skipped) == len(keys):
            raise DatasetError(
                f"none of the {len(keys)} videos of {self._job.release_dir} can be read, the first because "
                f"{self.skipped[0].message}"
            )

    def warnings(self) -> list[str]:
        """Warnings about the release, one sentence each."""
        lines = list(self._reported)
        if self._never_visible:
            lines.append(
                f"{len(self._never_visible)} expressions mean objects without a mask in any annotated frame "
                f"({self._never_visible[0]} ...)"
            )
        return (
            lines
            + empty_expressions(self._empty)
            + [line for split, count in self._masks.items() for line in count.warnings(split)]
        )

    def _finished(self, key: Key, journal: Journal) -> Entry | None:
        """The journal's entry of a video, unless its source files have changed since."""
        entry = journal.entries.get(key)
        if entry is None:
            return None
        try:
            unchanged = entry.note.stamp == stamp(self._job.release, *key)
        except (InvalidDataError, MissingPathError):
            unchanged = False  # reading it will say what is wrong
        if not unchanged:
            del journal.entries[key]
            return None
        return entry

    def _write(self, entry: Entry, writer: StoreWriter, journal: Journal) -> None:
        note = entry.note
        writer.append(decode(journal.body(entry)))
        for name in note.media:
            writer.add_media(name)
        self._report(note.split, note.video_id, note.reported, writer)
        if note.promised and self._masks[note.split].add(note.video_id, note.promised):
            have, promised = note.promised
            writer.partly_annotated(note.split, note.video_id, have, promised)
            message = f"masks of {have} of {promised} frames; the others are not annotated"
            writer.report(
                ReleaseProblem(kind="reported", split=note.split, video_id=note.video_id, message=message)
            )
        for expression_id in note.empty:
            self._empty.append(f"{note.split}/{note.video_id}, expression {expression_id}")
            message = f"expression {expression_id} is empty: it asks for nothing"
            writer.report(
                ReleaseProblem(kind="reported", split=note.split, video_id=note.video_id, message=message)
            )
        for expression_id in note.never_visible:
            self._never_visible.append(f"{note.split}/{note.video_id}, expression {expression_id}")
            message = f"expression {expression_id} means objects without a mask in any annotated frame"
            writer.report(
                ReleaseProblem(kind="reported", split=note.split, video_id=note.video_id, message=message)
            )

    def _leave_out(self, refused: Refused, writer: StoreWriter) -> None:
        if not self._skip:
            raise refused.error
        problem = ReleaseProblem(
            kind="skipped", split=refused.split, video_id=refused.video_id, message=str(refused.error)
        )
        self.skipped.append(problem)
        writer.report(problem)

    def _report(self, split: str, video_id: str, messages: Sequence[str], writer: StoreWriter) -> None:
        for message in messages:
            self._reported.append(message)
            writer.report(ReleaseProblem(kind="reported", split=split, video_id=video_id, message=message))

    def _progress(self, split: str, done: int) -> None:
        if self._on_progress is not None:
            self._on_progress(split, done, len(self._wanted[split]))
