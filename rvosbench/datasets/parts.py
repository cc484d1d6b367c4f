"""Which parts of a release are there and which are not, where nothing can be read of it."""

from __future__ import annotations

import os
from collections import deque
from collections.abc import Sequence
from itertools import islice
from pathlib import Path, PurePosixPath

_DEEPEST = 4
_MOST_ENTRIES = 200  # of a folder: folders of frames are not gone through
_MOST_FOLDERS = 500


def say_parts(release_dir: Path, groups: Sequence[Sequence[str]]) -> str:
    """What was found and what is missing, for the message that no video is complete.

    Args:
        release_dir: the release.
        groups: files and folders that belong together, relative to the release, such as the index of a split
            and its frames. A group of which nothing is there is not spoken of, unless that is true of all.

    Returns:
        Such as " (found a/index.json; missing a/frames, there is a/a/frames: move it)"; with a note that
        the parts are there and do not fit each other, if none is missing.
    """
    begun = [group for group in groups if any(os.path.lexists(release_dir / part) for part in group)]
    parts = list(dict.fromkeys(part for group in begun or groups[:1] for part in group))
    kinds = {part: _unusable(release_dir / part) for part in parts}
    there = [part for part in parts if kinds[part] is None]
    missing = [part for part in parts if part not in there]
    if not missing:
        return f" ({', '.join(there)} are there, and name no video in common)"
    nearby = _named(release_dir, {PurePosixPath(part).name.lower() for part in missing}, set(parts))
    said = []
    for part in missing:
        near = _nearest(part, nearby)
        if kinds[part]:
            said.append(f"{part}, which is {kinds[part]}")
        else:
            said.append(part if near is None else f"{part}, there is {near}: move it")
    present = f"found {', '.join(there)}; " if there else ""
    return f" ({present}missing {', '.join(said)})"


def _unusable(path: Path) -> str | None:
    """What stands in the place of a file (whose name has a suffix) or a folder; "" for nothing at all."""
    if path.is_file() if path.suffix else path.is_dir():
        return None
    if not os.path.lexists(path):
        return ""
    if not path.exists():
        return "a link to nothing"
    return "a folder or a device, no file" if path.suffix else "no folder"


def _nearest(part: str, nearby: Sequence[PurePosixPath]) -> str | None:
    """The path that ends most like a part, if any ends enough like it."""
    wanted = PurePosixPath(part.lower()).parts

    def likeness(path: PurePosixPath) -> int:
        pairs = zip(reversed(wanted), reversed(PurePosixPath(str(path).lower()).parts), strict=False)
        return next((n for n, (one, other) in enumerate(pairs) if one != other), len(wanted))

    best = max(nearby, key=likeness, default=None)
    # "480p" alone may be of the masks; "JPEGImages/480p" is not.
    enough = 1 if len(wanted) <= 2 else 2
    return str(best) if best is not None and likeness(best) >= enough else None


def _named(root: Path, names: set[str], without: set[str]) -> list[PurePosixPath]:
    """Everything below a folder that has one of the names, in any case; the nearest ones first."""
    nearest = []
    folders = deque([(root, 0)])
    looked = 0
    while folders and looked < _MOST_FOLDERS:
        folder, depth = folders.popleft()
        looked += 1
        try:
            with os.scandir(folder) as entries:
                few = sorted(islice(entries, _MOST_ENTRIES), key=lambda entry: entry.name)
        except OSError:
            continue
        for entry in few:
            relative = PurePosixPath(Path(entry.path).relative_to(root).as_posix())
            if entry.name.lower() in names and str(relative) not in without:
                nearest.append(relative)
            elif depth < _DEEPEST and not entry.is_symlink() and entry.is_dir():
                folders.append((Path(entry.path), depth + 1))
    return nearest
