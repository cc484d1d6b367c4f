"""The names in a zip against those that a server wants: folders around everything, and what belongs where."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass

from rvosbench.submission.servers.faults import FaultList
from rvosbench.submission.servers.server import Layout, Server

_DEEPEST = 6  # folders around everything


@dataclass(frozen=True, slots=True)
class Named:
    """A file whose name has the form that the layout wants."""

    name: str  # in the zip
    video: str
    track: str  # expression or annotator; empty for objects
    frame: str


def sort_by_video(
    names: Collection[str],
    video_ids: Collection[str],
    server: Server,
    layout: Layout,
    faults: FaultList,
    *,
    junk_beside: bool,
) -> dict[str, list[Named]]:
    """The files of every video that the zip speaks of; what is wrong with the folders above is a fault.

    Args:
        names: of all files.
        video_ids: that are wanted.
        server: decides what may be around.
        layout: of pictures.
        faults: to add to.
        junk_beside: something at the top, and not in `names`, keeps a server from entering a single folder.
    """
    bare = Layout(
        template=layout.template.removeprefix(f"{layout.top}/") if layout.top else layout.template,
        unit=layout.unit,
        content=layout.content,
    )
    around = _around(names, set(video_ids), bare)
    _check_around(around, names, server, layout, faults, junk_beside=junk_beside)
    prefix = "".join(f"{folder}/" for folder in around)
    videos: dict[str, list[Named]] = {}
    for name in names:
        parts = bare.parts_of(name.removeprefix(prefix)) if name.startswith(prefix) else None
        if parts is None:
            faults.add("wrong-suffix" if _is_frame(name.removeprefix(prefix), bare) else "other-file", name)
            continue
        track = parts.get("expression", parts.get("annotator", ""))
        videos.setdefault(parts["video"], []).append(Named(name, parts["video"], track, parts["frame"]))
    return videos


def _is_frame(name: str, bare: Layout) -> bool:
    """Whether a picture would have a place if its name ended as a server wants it."""
    stem, _, suffix = name.rpartition(".")
    return suffix.lower() in ("png", "jpg", "jpeg") and bare.parts_of(f"{stem}.png") is not None


def _around(names: Iterable[str], video_ids: Collection[str], bare: Layout) -> tuple[str, ...]:
    """The folders that everything lies in: down to where videos are known, else to where names look right."""
    inner = [name.split("/") for name in names]
    around: list[str] = []
    looks_right: tuple[str, ...] | None = None
    for _ in range(_DEEPEST):
        parts = [
            name_parts for name_parts in map(bare.parts_of, map("/".join, inner)) if name_parts is not None
        ]
        if any(name_parts["video"] in video_ids for name_parts in parts):
            return tuple(around)
        if parts and looks_right is None:
            looks_right = tuple(around)
        tops = {name[0] for name in inner if len(name) > 1}
        if len(tops) != 1:
            break
        around += tops
        inner = [name[1:] for name in inner if len(name) > 1]
    return looks_right or ()


def _check_around(
    around: tuple[str, ...],
    names: Collection[str],
    server: Server,
    layout: Layout,
    faults: FaultList,
    *,
    junk_beside: bool,
) -> None:
    wanted = (layout.top,) if layout.top else ()
    if not names or around == wanted:
        return
    shown = "/".join(around)
    if wanted and around[-1:] == wanted:
        faults.add("too-deep", f"{shown}/, wanted {layout.top}/ at the top")
    elif wanted:
        faults.add("wrong-top", f"{f'{shown}/' if shown else 'no folder'}, wanted {layout.top}/")
    elif server.one_folder_around and len(around) == 1:
        beside = [name for name in names if not name.startswith(f"{shown}/")]
        if beside or junk_beside:
            beside = beside or ["files that a system has added"]
            faults.add(
                "too-deep", f"{shown}/, which is entered only if nothing lies beside it ({beside[0]} does)"
            )
    else:
        faults.add("too-deep", f"{shown}/, wanted {layout.template} at the top")
