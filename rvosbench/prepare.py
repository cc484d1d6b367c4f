"""`prepare`: an official release into a store, checked against what its card says."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from rvosbench.contracts import Release
from rvosbench.errors import DatasetError, UnknownNameError
from rvosbench.registry import DATASETS, unknown
from rvosbench.store import Store, StoreWriter
from rvosbench.types import Card, Video


@dataclass(frozen=True, kw_only=True, slots=True)
class Prepared:
    """What `prepare` made."""

    store: Path
    counts: Mapping[str, Mapping[str, int]]  # split -> table -> rows
    warnings: tuple[str, ...]  # what the release lacks; none for a whole official copy


def prepare(
    name: str,
    root: Path,
    out: Path,
    *,
    options: Mapping[str, str] | None = None,
    splits: Sequence[str] | None = None,
    limit: int | None = None,
    replace: bool = False,
    on_progress: Callable[[str, int, int], None] | None = None,
) -> Prepared:
    """Read an official release and write it as a store: a complete one, or none.

    Args:
        name: the dataset, such as "ytvos".
        root: the release folder. The store refers to its images, so it must stay where it is, or be
            named again when the store is opened.
        out: where the store goes.
        options: the dataset's own options, such as {"trainval": "0.1"}.
        splits: the splits to take; all by default.
        limit: at most this many videos of each split, the first ones by id.
        replace: overwrite a store that is already at `out`.
        on_progress: called with (split, videos done, videos in all) after every video.

    Raises:
        UnknownNameError: no such dataset or split.
        MissingPathError: the release, or a file that it must hold, is not there.
        DatasetError: the release is empty, damaged or of another shape.
        OutputError: `out` is taken or cannot be written.
    """
    if limit is not None and limit < 1:
        raise DatasetError(f"limit is {limit}, expected at least 1 video of each split")
    options = dict(options or {})
    release: Release = DATASETS[name](root, options)
    chosen = _choose(release, root, splits)
    arguments = {"options": options, "splits": list(chosen), "limit": limit}
    unseen: list[str] = []
    place = out.resolve()  # "." has neither a parent nor a name of its own
    with StoreWriter(
        place,
        release.card,
        release=root,
        fingerprint=release.fingerprint(),
        arguments=arguments,
        replace=replace,
    ) as writer:
        for split in chosen:
            video_ids = release.videos(split)[:limit]
            for done, video_id in enumerate(video_ids, start=1):
                video = release.read(split, video_id)
                writer.add(video)
                unseen += _never_visible(video)
                if on_progress is not None:
                    on_progress(split, done, len(video_ids))
    counts = Store.open(place).splits
    warnings = list(release.problems)
    if unseen:
        warnings.append(
            f"{len(unseen)} expressions mean objects without a mask in any annotated frame ({unseen[0]} ...)"
        )
    if limit is None:
        warnings += count_differences(release.card, counts, root)
    return Prepared(store=place, counts=counts, warnings=tuple(warnings))


def count_differences(card: Card, counts: Mapping[str, Mapping[str, int]], root: Path) -> list[str]:
    """Where the counts of a store differ from the published ones, one sentence for each number."""
    return [
        f"{card.name}/{split} has {counts[split][table]:,} {table}, its card says {expected:,}; "
        f"is the download complete? ({root})"
        for split, published in card.counts.items()
        if split in counts
        for table, expected in published.items()
        if counts[split][table] != expected
    ]


def _choose(release: Release, root: Path, wanted: Sequence[str] | None) -> tuple[str, ...]:
    """The splits to take, in the release's order whatever the order they were asked for in."""
    present = release.splits()
    if not present:
        raise DatasetError(f"no video was found in {root}; expected {release.card.title}")
    for split in wanted or ():
        if split not in present:
            raise UnknownNameError(unknown(f"split of {root}", split, list(present)))
    return present if wanted is None else tuple(split for split in present if split in wanted)


def _never_visible(video: Video) -> list[str]:
    """The expressions whose objects have no mask although frames are annotated."""
    if not any(frame.annotated for frame in video.frames):
        return []
    visible = {object_id for object_id, _ in video.masks}
    return [
        f"{video.split}/{video.video_id}, expression {sentence.expression_id}"
        for sentence in video.expressions
        if sentence.object_ids and not visible & set(sentence.object_ids)
    ]
