"""What is wrong with a zip: one list, sorted by kind, counted, with the first names of each."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from rvosbench.files.text import one_line

_EXAMPLES = 5
_LONGEST = 160  # characters of an example: names are foreign


@dataclass(frozen=True, kw_only=True, slots=True)
class Fault:
    """All that is wrong in one way."""

    kind: str  # such as "missing-frame"; see KINDS
    title: str
    count: int
    examples: tuple[str, ...]  # the first ones
    advice: str

    def as_json(self) -> dict[str, Any]:
        """With everything."""
        return {
            "kind": self.kind,
            "title": self.title,
            "count": self.count,
            "examples": list(self.examples),
            "advice": self.advice,
        }


_FRAMES = "write the masks under the names of the frames, all of them, black where nothing is there"
_SPLIT = "is the zip of another split or version of the dataset?"
_AGAIN = "write the zip again"

# kind -> (what it says, what to do); in the order of the list.
KINDS: dict[str, tuple[str, str]] = {
    "not-a-zip": ("not a zip archive", "servers take .zip files and no other kind of archive"),
    "too-large": ("larger than a submission can be", "write masks as grey or palette PNGs, and nothing else"),
    "encrypted": ("encrypted entries", "write the zip without a password"),
    "damaged": ("entries that cannot be unpacked", _AGAIN),
    "overlap": ("entries that share their bytes, as those of a bomb", _AGAIN),
    "compression": ("entries compressed in a way that many programs cannot unpack", "store or deflate them"),
    "duplicate": ("names that come twice; which one counts is left to chance", _AGAIN),
    "odd-name": (
        "names with a backslash, './', '..', '//' or a leading '/'",
        "use plain relative names with /",
    ),
    "link": ("links, which unpack to something else or not at all", "put the files themselves into the zip"),
    "junk": (
        "files that a system has added, such as __MACOSX",
        "leave them out: zip -r -X FILE FOLDERS -x '*/.*' '__MACOSX/*'",
    ),
    "nested-archive": ("archives inside the archive", "zip the files themselves"),
    "too-deep": ("one folder or more around everything", "zip the content of the folder, not the folder"),
    "wrong-top": ("another folder at the top than the server wants", "rename it, or zip what is inside"),
    "wrong-name": ("the results under another name than the server wants", "rename the file"),
    "wrong-suffix": (
        "frames whose names do not end in .png",
        "rename .PNG to .png; write masks that are JPEG again as PNG",
    ),
    "other-file": ("files that have no place in the layout", "leave them out"),
    "missing-video": ("videos are missing", "predict them too"),
    "surplus-video": ("videos that the split does not have", _SPLIT),
    "missing-expression": ("expressions (or annotators) are missing", "predict them too"),
    "surplus-expression": ("expressions (or annotators) that the dataset does not have", _SPLIT),
    "missing-frame": ("frames are missing", _FRAMES),
    "surplus-frame": ("frames that the video does not have", _FRAMES),
    "not-a-png": ("files that are no PNG", "save the masks as PNG files"),
    "wrong-size": ("masks of another size than the video", "write them at the size of the frames"),
    "wrong-mode": ("PNGs of the wrong kind", "save grey masks in mode L, label maps in mode P"),
    "wrong-values": (
        "values other than 0 and 255",
        "cut soft masks at a threshold, multiply masks of 0/1 by 255",
    ),
    "palette-order": (
        "palettes that an optimiser has re-sorted: a server reads the indices, which are other objects",
        "write the label maps again, without optimising them",
    ),
    "unknown-label": ("labels that are no object of the video", "number the objects as in the first frame"),
    "bad-json": ("not the JSON that the server reads", "write a list of tracks; see docs/evaluation.md"),
    "bad-entry": ("tracks that the server cannot read", _AGAIN),
}


class FaultList:
    """Collects faults; keeps a count and a few examples of each kind."""

    def __init__(self) -> None:
        self._counts: dict[str, int] = {}
        self._examples: dict[str, list[str]] = {}

    def add(self, kind: str, example: str, count: int = 1) -> None:
        """One more of a kind, or `count` more."""
        self._counts[kind] = self._counts.get(kind, 0) + count
        examples = self._examples.setdefault(kind, [])
        if len(examples) < _EXAMPLES:
            examples.append(one_line(example, _LONGEST))

    def add_all(self, kind: str, examples: Iterable[str]) -> None:
        """One for each of several names."""
        for example in examples:
            self.add(kind, example)

    def __contains__(self, kind: str) -> bool:
        return kind in self._counts

    def faults(self) -> list[Fault]:
        """In the order of `KINDS`."""
        return [
            Fault(
                kind=kind,
                title=title,
                count=self._counts[kind],
                examples=tuple(self._examples[kind]),
                advice=advice,
            )
            for kind, (title, advice) in KINDS.items()
            if kind in self._counts
        ]
