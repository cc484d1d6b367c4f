"""What a server would refuse about a zip, all of it in one list."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from pathlib import Path

from rvosbench.store import Store
from rvosbench.submission.servers.check_archive import Archive, open_archive
from rvosbench.submission.servers.check_names import Named, sort_by_video
from rvosbench.submission.servers.check_pictures import check_picture, most_bytes
from rvosbench.submission.servers.check_results import check_results
from rvosbench.submission.servers.faults import Fault, FaultList
from rvosbench.submission.servers.server import Layout, Server
from rvosbench.submission.servers.table import find_server
from rvosbench.types import Video


def check_submission(
    path: Path,
    store: Store,
    split: str,
    server: str | Server,
    *,
    largest_bytes: int | None = None,
    on_progress: Callable[[int, int], None] | None = None,
) -> list[Fault]:
    """Look at everything in a zip that a server looks at.

    Nothing is extracted; memory holds the names and one file at a time, of a size that a mask can have.

    Args:
        path: the zip, whoever wrote it.
        store: with the split's videos, expressions, objects and frame names.
        split: of the store.
        server: its name in `SERVERS`, or a server.
        largest_bytes: that the zip may have. None: what is known about the server.
        on_progress: called with (videos done, videos in all).

    Returns:
        By kind, with counts and examples; none if nothing is wrong.

    Raises:
        MissingPathError: nothing is at `path`.
        UnknownNameError: no such server or split.
    """
    server = find_server(server)
    video_ids = store.video_ids(split)
    faults = FaultList()
    with open_archive(path, faults, largest_bytes or server.largest_bytes) as archive:
        if archive is not None:
            layout = layout_of(archive.files, server)
            if layout.content == "youtube-vis":
                check_results(archive, store, split, layout, faults)
            else:
                _check_pictures(archive, store, split, video_ids, server, layout, faults, on_progress)
    return faults.faults()


def layout_of(names: Collection[str], server: Server) -> Layout:
    """Which of a server's layouts a zip has: that of annotators, if a folder is named like one."""
    if len(server.layouts) == 1:
        return server.layouts[0]
    folders = {part for name in names for part in name.split("/")[:-1]}
    unit = "annotator" if any(folder.startswith("anno_") for folder in folders) else "object"
    return next(layout for layout in server.layouts if layout.unit == unit)


def _check_pictures(
    archive: Archive,
    store: Store,
    split: str,
    video_ids: Sequence[str],
    server: Server,
    layout: Layout,
    faults: FaultList,
    on_progress: Callable[[int, int], None] | None,
) -> None:
    by_video = sort_by_video(
        archive.files, video_ids, server, layout, faults, junk_beside=archive.has_junk_at_top
    )
    faults.add_all("surplus-video", sorted(by_video.keys() - set(video_ids)))
    for number, video_id in enumerate(video_ids, start=1):
        video = store.video(split, video_id)
        if layout.tracks(video) and video_id not in by_video:
            faults.add("missing-video", video_id)
        else:
            _check_video(archive, video, by_video.get(video_id, []), layout, faults)
        if on_progress is not None:
            on_progress(number, len(video_ids))


def _check_video(
    archive: Archive, video: Video, given: Sequence[Named], layout: Layout, faults: FaultList
) -> None:
    tracks: dict[str, dict[str, str]] = {}  # track -> frame -> name in the zip
    for file in given:
        tracks.setdefault(file.track, {})[file.frame] = file.name
    wanted = layout.tracks(video)
    faults.add_all(
        "surplus-expression", (f"{video.video_id}/{t}" for t in sorted(tracks.keys() - set(wanted)))
    )
    names = [frame.name for frame in video.frames]
    for track in wanted:
        frames = tracks.get(track)
        if frames is None:
            faults.add("missing-expression", f"{video.video_id}/{track}")
            continue
        faults.add_all("surplus-frame", (frames[name] for name in sorted(frames.keys() - set(names))))
        for name in names:
            if name not in frames:
                faults.add("missing-frame", layout.path(video.video_id, track, name))
                continue
            data = archive.read(frames[name], most_bytes(video))
            if data is not None:
                check_picture(frames[name], data, video, layout, faults)


def layout_of_zip(path: Path, server: Server) -> Layout:
    """The layout of a zip without faults."""
    with open_archive(path, FaultList(), None) as archive:
        return layout_of(() if archive is None else archive.files, server)
