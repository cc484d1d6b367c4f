"""`prepare`: read a release, write a store; finished videos survive an interruption."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from rvosbench.errors import DatasetError, InvalidDataError, MissingPathError, UnknownNameError
from rvosbench.files.kept import partial_folder
from rvosbench.files.locations import local_path
from rvosbench.plugins.dataset import Release
from rvosbench.plugins.options import options_as_text
from rvosbench.plugins.registry import unknown
from rvosbench.preparation.conversion import Conversion, Progress
from rvosbench.preparation.journal import Journal
from rvosbench.preparation.opening import open_release, read_options
from rvosbench.preparation.samples import with_samples
from rvosbench.preparation.unit import Job
from rvosbench.store import FORMAT_VERSION, ReleaseProblem, Store, StoreWriter
from rvosbench.types import Card
from rvosbench.work.program import program_digest

OnError = Literal["fail", "skip"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Prepared:
    """What `prepare` made."""

    store: Path
    counts: Mapping[str, Mapping[str, int]]  # split -> table -> rows
    warnings: tuple[str, ...]  # what the release lacks; none for a whole official copy
    skipped: tuple[ReleaseProblem, ...] = ()  # videos that could not be read and are not in the store
    reused: int = 0  # videos that an earlier run had finished


def prepare(
    name: str,
    release_dir: str | Path,
    out: str | Path,
    *,
    options: Mapping[str, object] | object = None,
    splits: Sequence[str] | None = None,
    limit: int | None = None,
    pack: bool = False,
    workers: int = 1,
    on_error: OnError = "fail",
    resume: bool = True,
    replace: bool = False,
    on_progress: Progress | None = None,
) -> Prepared:
    """Read an official release and write it as a store: a complete one, or none.

    A run that fails or is killed leaves the videos that it has finished in `.<name>.partial` beside
    `out`; the next run for the same place, release and options reads the others only. The store is the
    same to the bit, however many runs and workers it took.

    Args:
        name: the dataset, such as "ytvos".
        release_dir: the release folder. The store refers to its images, so it must stay where it is, or be
            named again when the store is opened.
        out: where the store goes.
        options: the dataset's own options, such as {"trainval": 0.1}, or its options record.
        splits: the splits to take; all by default.
        limit: at most this many videos of each split, the first ones by id.
        pack: put the pixels into the store too.
        workers: processes that read videos; each has its own copy of the release's index in memory.
        on_error: what to do about a video that cannot be read: give up, or leave it out of the store and
            list it in problems.parquet.
        resume: use what an earlier run has finished; otherwise it is thrown away.
        replace: overwrite a store that is already at `out`.
        on_progress: called with (split, videos done, videos in all) after every video.

    Raises:
        UnknownNameError: no such dataset, option or split.
        OptionError: an option has a value that it cannot have.
        MissingPathError: the release, or a file that it must hold, is not there.
        DatasetError: the release is empty, damaged or of another shape; or no video of it can be read.
        OutputError: `out` is taken, cannot be written, or somebody else is writing it.
        WorkerError: a worker process died.
    """
    release_dir, out = local_path(release_dir), local_path(out)
    if limit is not None and limit < 1:
        raise DatasetError(f"limit is {limit}, expected at least 1 video of each split")
    if workers < 1:
        raise DatasetError(f"workers is {workers}, expected at least 1")
    if on_error not in ("fail", "skip"):
        raise DatasetError(f"on_error is {on_error!r}, expected 'fail' or 'skip'")
    chosen = read_options(name, options)
    release = open_release(name, release_dir, chosen)
    given = options if isinstance(options, Mapping) else {}
    wanted, unlisted = _videos(release, release_dir, splits, limit)
    arguments = {
        "options": options_as_text(chosen, given),
        "splits": list(wanted),
        "limit": limit,
        "pack": pack,
        "on_error": on_error,
    }
    fingerprint = release.fingerprint()
    # Everything that decides how a video is converted, not which ones are: a partial run serves a full one.
    key = {
        "dataset": name,
        "root": str(release_dir.resolve()),
        "fingerprint": fingerprint,
        "options": options_as_text(chosen),
        "pack": pack,
        "converter": program_digest(type(release).__module__),
        "format_version": FORMAT_VERSION,
    }
    job = Job(release=release, release_dir=release_dir, pack=pack)
    conversion = Conversion(job, wanted, skip=on_error == "skip", unlisted=unlisted, on_progress=on_progress)
    final = out.resolve()  # "." has neither a parent nor a name of its own
    try:
        with (
            StoreWriter(
                final,
                release.card,
                release=release_dir,
                fingerprint=fingerprint,
                arguments=arguments,
                packed=pack,
                replace=replace,
            ) as writer,
            Journal(writer.partial, key, resume=resume) as journal,
        ):
            conversion.run(writer, journal, workers)
    except BaseException as error:
        if conversion.kept:
            finished = (
                "1 finished video is" if conversion.kept == 1 else f"{conversion.kept:,} finished videos are"
            )
            error.add_note(
                f"{finished} kept in {partial_folder(final)}; the same command continues from there"
            )
        raise
    store = Store.open(final)
    counts = store.splits
    warnings = conversion.warnings()
    if limit is None:
        warnings += count_differences(release.card, with_samples(store, release.card), release_dir)
        if splits is None:
            known = {*counts, *unlisted}  # what is wrong with the latter is said already
            warnings += absent_splits(release.card, known, release_dir)
    return Prepared(
        store=final,
        counts=counts,
        warnings=tuple(warnings),
        skipped=tuple(conversion.skipped),
        reused=conversion.reused,
    )


def _videos(
    release: Release, release_dir: Path, splits: Sequence[str] | None, limit: int | None
) -> tuple[dict[str, Sequence[str]], dict[str, str]]:
    """Split -> videos to convert; and the splits whose videos cannot be listed, which block no other."""
    wanted: dict[str, Sequence[str]] = {}
    errors: dict[str, InvalidDataError | MissingPathError] = {}
    for split in choose_splits(release, release_dir, splits):
        try:
            wanted[split] = release.videos(split)[:limit]
        except (InvalidDataError, MissingPathError) as error:
            if splits is not None:
                raise
            errors[split] = error
    if not wanted:
        raise next(iter(errors.values()))
    return wanted, {split: str(error) for split, error in errors.items()}


def absent_splits(card: Card, present: Collection[str], release_dir: Path) -> list[str]:
    """The splits with published counts that a copy lacks, in one sentence."""
    absent = [split for split in card.counts if split not in present]
    if not absent:
        return []
    return [
        f"{card.name} has more splits than this copy: {', '.join(absent)}; is that all of it? ({release_dir})"
    ]


def count_differences(card: Card, counts: Mapping[str, Mapping[str, int]], release_dir: Path) -> list[str]:
    """Where the counts of a store differ from the published ones, one sentence per number."""
    return [
        f"{card.name}/{split} has {counts[split][table]:,} {table}, its card says {expected:,}; "
        f"is the download complete? ({release_dir})"
        for split, published in card.counts.items()
        if split in counts
        for table, expected in published.items()
        if counts[split][table] != expected
    ]


def choose_splits(release: Release, release_dir: Path, wanted: Sequence[str] | None) -> tuple[str, ...]:
    """The splits to take, in the release's order whatever the order they were asked for in."""
    present = release.splits()
    if not present:
        raise DatasetError(f"no video was found in {release_dir}; expected {release.card.title}")
    for split in wanted or ():
        if split not in present:
            raise UnknownNameError(unknown(f"split of {release_dir}", split, list(present)))
    return present if wanted is None else tuple(split for split in present if split in wanted)
