"""What installed packages register: the entry points of a group, read without importing any of them.

`importlib.metadata` is imported when it is used: it took a third of `rvos --help`, which needs none of it.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from importlib import metadata


@dataclass(frozen=True, slots=True)
class Entry:
    """Where an implementation lives, and who brought it."""

    name: str
    target: str  # "module:attribute"
    distribution: str  # the installed package that registered it

    def load(self) -> object:
        """Import what the entry names; raises whatever the import raises."""
        from importlib import metadata

        return metadata.EntryPoint(self.name, self.target, "").load()


@dataclass(frozen=True, slots=True)
class Installed:
    """All entry points of one group."""

    entries: tuple[Entry, ...]
    unreadable: dict[str, str] = field(default_factory=dict)
    """distribution -> what is wrong with its metadata"""


def installed(group: str) -> Installed:
    """The entry points of `group` in all installed packages."""
    from importlib import metadata

    try:
        return Installed(tuple(_entry(point) for point in metadata.entry_points(group=group)))
    except Exception:  # one malformed entry_points.txt: read the packages one by one, to name it
        return _one_by_one(group)


def _one_by_one(group: str) -> Installed:
    from importlib import metadata

    entries, unreadable, seen = [], {}, set()
    for distribution in metadata.distributions():
        name = "unknown"
        try:
            name = distribution.metadata["Name"] or "unknown"
            if name in seen:  # an older copy further down the path
                continue
            seen.add(name)
            entries += [_entry(point) for point in distribution.entry_points.select(group=group)]
        except Exception as error:
            unreadable[name] = f"{type(error).__name__}: {error}"
    return Installed(tuple(entries), unreadable)


def _entry(point: metadata.EntryPoint) -> Entry:
    return Entry(point.name, point.value, point.dist.name if point.dist else "unknown")
