"""Read and encode one video: the unit of work, here or in another process."""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass
from pathlib import Path

from rvosbench.errors import InvalidDataError, MissingPathError
from rvosbench.files.text import is_blank
from rvosbench.plugins.dataset import PromisesMasks, Release
from rvosbench.preparation.journal import Note
from rvosbench.store.encoded import encode
from rvosbench.store.partial_truth import frames_with_masks
from rvosbench.types import Video


@dataclass(frozen=True, kw_only=True, slots=True)
class Job:
    """What reading a video needs besides its name; sent to every worker once."""

    release: Release
    release_dir: Path
    pack: bool = False


@dataclass(frozen=True, kw_only=True, slots=True)
class Refused:
    """A video that cannot be read, and why."""

    split: str
    video_id: str
    error: InvalidDataError | MissingPathError


def convert(job: Job, split: str, video_id: str) -> tuple[Note, bytes] | Refused:
    """Read one video, check it and encode it.

    Returns:
        What the journal keeps, or why there is nothing to keep.

    Raises:
        MissingPathError: the release itself is gone.
    """
    try:
        stamped = stamp(job.release, split, video_id)
        read = job.release.read(split, video_id)
        video = read.video
        media: tuple[str, ...] = ()
        if job.pack:
            from rvosbench.preparation.pack import media_files, with_pixels

            video = with_pixels(video, job.release_dir)
            media = media_files(video)
        promise = masks_promised(job.release, split, video_id)
        body = encode(video)
    except (InvalidDataError, MissingPathError) as error:
        if not job.release_dir.is_dir():
            raise MissingPathError(
                f"{job.release_dir} is not there any more; expected the release until all of it is read"
            ) from error
        return Refused(split=split, video_id=video_id, error=error)
    note = Note(
        split=split,
        video_id=video_id,
        stamp=stamped,
        reported=read.problems,
        never_visible=never_visible(video),
        empty=tuple(e.expression_id for e in video.expressions if is_blank(e.text)),
        media=media,
        promised=(frames_with_masks(video), promise[1]) if promise else (),
    )
    return note, body


def masks_promised(release: Release, split: str, video_id: str) -> tuple[int, int] | None:
    """(frames that have their masks, frames that should have them); None where nothing is promised."""
    return release.masks_promised(split, video_id) if isinstance(release, PromisesMasks) else None


def stamp(release: Release, split: str, video_id: str) -> str:
    """A digest of the names, sizes and times of the files that a video is read from.

    Raises:
        DatasetError: a file that says which ones are needed is damaged.
    """
    total = hashlib.sha256()
    for path in release.sources(split, video_id):
        try:
            status = path.stat()
            facts = f"{status.st_size} {status.st_mtime_ns}"
        except OSError:
            facts = "not there"
        total.update(os.fsencode(path.absolute()) + f" {facts}\n".encode())
    return total.hexdigest()


def never_visible(video: Video) -> tuple[str, ...]:
    """The expressions whose objects have no mask although frames are annotated."""
    if not any(frame.annotated for frame in video.frames):
        return ()
    visible = {object_id for object_id, _ in video.masks}
    return tuple(
        expression.expression_id
        for expression in video.expressions
        if expression.object_ids and not visible & set(expression.object_ids)
    )
