"""`prepare --dry-run`: what a conversion would read, which files are missing and how much disk it takes.

Nothing is written. Every file is looked for and a few videos are converted in memory; the room is an
estimate from these.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from dataclasses import replace as changed
from itertools import islice
from pathlib import Path

from rvosbench.errors import DatasetError, InvalidDataError, MissingPathError, OutputError
from rvosbench.files.kept import partial_folder
from rvosbench.files.places import check_folder, free_bytes
from rvosbench.files.text import is_blank
from rvosbench.plugins.dataset import Release
from rvosbench.preparation.conversion import MaskCount, empty_expressions
from rvosbench.preparation.estimate import Estimate, estimate
from rvosbench.preparation.opening import open_release, split_problems
from rvosbench.preparation.run import choose_splits, count_differences
from rvosbench.preparation.unit import Job, masks_promised
from rvosbench.store.writer import STORE

_PIXELS = frozenset({".jpg", ".jpeg", ".png", ".mp4"})


@dataclass(frozen=True, kw_only=True, slots=True)
class Files:
    """Files to read, each counted once."""

    count: int  # those that are there
    size_bytes: int
    missing: tuple[Path, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class SplitPlan:
    """What is known about one split."""

    name: str
    videos: int  # to convert
    expressions: int
    incomplete: int  # videos that lack a file
    files: Files
    estimate: Estimate
    errors: tuple[str, ...]  # what the conversion would stop at besides missing files, as far as it was seen
    masks: tuple[int, int] = (0, 0)  # frames with masks, frames that should have them, where that is promised
    warnings: tuple[str, ...] = ()  # that the ground truth is not whole


@dataclass(frozen=True, kw_only=True, slots=True)
class Plan:
    """What `prepare` would do."""

    title: str
    index: Files
    splits: tuple[SplitPlan, ...]
    absent: tuple[str, ...]  # published splits that this copy lacks
    warnings: tuple[str, ...]  # what the release lacks without being useless
    store_bytes: int  # estimated: the finished store
    peak_bytes: int  # estimated: the most that is on the disk at a time, while the store is made
    free_bytes: int  # on the file system where the store goes
    unfinished: Path | None  # what an interrupted run left
    out_error: str | None  # why nothing can be written there

    @property
    def fits(self) -> bool:
        """Whether the estimate fits on the disk."""
        return self.peak_bytes <= self.free_bytes

    @property
    def missing(self) -> tuple[Path, ...]:
        """The files that are missing, split by split."""
        return tuple(path for split in self.splits for path in split.files.missing)

    @property
    def errors(self) -> tuple[str, ...]:
        """What was found besides missing files that the conversion would stop at."""
        return tuple(error for split in self.splits for error in split.errors)


def plan(
    name: str,
    release_dir: Path,
    out: Path,
    *,
    options: Mapping[str, object] | object = None,
    splits: Sequence[str] | None = None,
    limit: int | None = None,
    pack: bool = False,
    replace: bool = False,
    on_progress: Callable[[str, int, int], None] | None = None,
) -> Plan:
    """Look at a release as `prepare` would, without writing anything.

    Args:
        name: the dataset, such as "ytvos".
        release_dir: the release folder.
        out: where the store would go.
        options: the dataset's own options, such as {"trainval": 0.1}, or its options record.
        splits: the splits to take; all by default.
        limit: at most this many videos of each split, the first ones by id.
        pack: the store would hold the pixels too.
        replace: a store that is already at `out` would be overwritten.
        on_progress: called with (split, videos done, videos in all) after every video.

    Raises:
        UnknownNameError: no such dataset, option or split.
        OptionError: an option has a value that it cannot have.
        MissingPathError: the release, or an index file, is not there.
        DatasetError: the release is empty, or an index is damaged or of another shape.
    """
    if limit is not None and limit < 1:
        raise DatasetError(f"limit is {limit}, expected at least 1 video of each split")
    release = open_release(name, release_dir, options)
    job = Job(release=release, release_dir=release_dir, pack=pack)
    split_plans = []
    problems = list(release.problems)
    counts = {}
    for split in choose_splits(release, release_dir, splits):
        try:
            video_ids = release.videos(split)
        except (InvalidDataError, MissingPathError) as error:
            split_plans.append(_unlisted(split, str(error)))
            continue
        problems += split_problems(release, split)
        expressions = {}
        empty = []
        for video_id in video_ids:
            said = release.expressions(split, video_id)
            expressions[video_id] = len(said)
            empty += [f"{split}/{video_id}, expression {e.expression_id}" for e in said if is_blank(e.text)]
        problems += empty_expressions(empty)
        counts[split] = {"videos": len(expressions), "expressions": sum(expressions.values())}
        split_plans.append(_split(job, split, dict(islice(expressions.items(), limit)), on_progress))
        problems += [*split_plans[-1].estimate.problems, *split_plans[-1].warnings]
    index = _Search()
    index.look(release.index_files())
    final = out.resolve()
    partial = partial_folder(final)
    store_bytes = sum(split.estimate.store_bytes for split in split_plans)
    return Plan(
        title=release.card.title,
        index=index.files(),
        splits=tuple(split_plans),
        absent=tuple(split for split in release.card.counts if split not in release.splits()),
        warnings=(*dict.fromkeys(problems), *_differences(release, counts, release_dir)),
        store_bytes=store_bytes,
        peak_bytes=store_bytes + sum(split.estimate.journal_bytes for split in split_plans),
        free_bytes=free_bytes(final),
        unfinished=partial if partial.exists() else None,
        out_error=_out_error(final, overwrite=replace),
    )


def _split(
    job: Job, split: str, expressions: Mapping[str, int], on_progress: Callable[[str, int, int], None] | None
) -> SplitPlan:
    """Look for every file of the videos of a split, and convert a few of them in memory."""
    search = _Search()
    sizes = {}  # of the pixels of the videos that are whole
    errors = []
    incomplete = 0
    masks = MaskCount()
    for done, video_id in enumerate(expressions, start=1):
        try:
            paths = job.release.sources(split, video_id)
            promised = masks_promised(job.release, split, video_id)
        except (InvalidDataError, MissingPathError) as error:
            errors.append(str(error))
        else:
            if promised is not None:
                masks.add(video_id, promised)
            pixel_bytes = search.look(paths)
            if pixel_bytes is None:
                incomplete += 1
            else:
                sizes[video_id] = pixel_bytes
        if on_progress is not None:
            on_progress(split, done, len(expressions))
    estimated = estimate(job, split, sizes, len(expressions))
    return SplitPlan(
        name=split,
        videos=len(expressions),
        expressions=sum(expressions.values()),
        incomplete=incomplete,
        files=search.files(),
        estimate=estimated,
        errors=(*errors, *estimated.errors),
        masks=masks.frames,
        warnings=tuple(masks.warnings(split)),
    )


def _unlisted(split: str, error: str) -> SplitPlan:
    """A split whose videos cannot be listed."""
    nothing = Estimate(videos=0, store_bytes=0, journal_bytes=0, errors=())
    return SplitPlan(
        name=split,
        videos=0,
        expressions=0,
        incomplete=0,
        files=_Search().files(),
        estimate=nothing,
        errors=(error,),
    )


class _Search:
    """Looks for files; one that several videos need is counted once."""

    def __init__(self) -> None:
        self._sizes: dict[str, int | None] = {}  # None: it is not there

    def look(self, paths: Iterable[Path]) -> int | None:
        """The bytes of those that are images or videos; None when one of them is missing."""
        total = 0
        whole = True
        for path in paths:
            key = os.fspath(path)
            if key not in self._sizes:
                self._sizes[key] = _size(path)
            size = self._sizes[key]
            if size is None:
                whole = False
            elif path.suffix.lower() in _PIXELS:
                total += size
        return total if whole else None

    def files(self) -> Files:
        """All files that were looked for."""
        sizes = [size for size in self._sizes.values() if size is not None]
        missing = tuple(Path(key) for key, size in self._sizes.items() if size is None)
        return Files(count=len(sizes), size_bytes=sum(sizes), missing=missing)


def _size(path: Path) -> int | None:
    """Bytes of a file; None when there is none."""
    try:
        status = path.stat()
    except (OSError, ValueError):  # a NUL in a name is a ValueError
        return None
    return status.st_size if stat.S_ISREG(status.st_mode) else None


def _differences(release: Release, counts: Mapping[str, Mapping[str, int]], release_dir: Path) -> list[str]:
    """Where the numbers of videos and expressions differ from the published ones."""
    known = {
        split: {table: published[table] for table in ("videos", "expressions") if table in published}
        for split, published in release.card.counts.items()
    }
    return count_differences(changed(release.card, counts=known), counts, release_dir)


def _out_error(final: Path, *, overwrite: bool) -> str | None:
    """Why `prepare` could not write a store there, as far as it can be told without trying."""
    try:
        check_folder(final, overwrite=overwrite, content=STORE, parents=True)
    except OutputError as error:
        return str(error)
    return None
