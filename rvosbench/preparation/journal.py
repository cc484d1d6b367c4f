"""The journal of a conversion: finished videos reach the disk at once, so that none is lost to a kill."""

from __future__ import annotations

from dataclasses import dataclass

from rvosbench.files import journal

JOURNAL = journal.JOURNAL


@dataclass(frozen=True, kw_only=True, slots=True)
class Note(journal.Note):
    """Per-video facts that have no table column."""

    stamp: str  # of the files that it was read from; another one means that they have changed
    reported: tuple[str, ...] = ()  # what is wrong with it without making it useless
    never_visible: tuple[str, ...] = ()  # expressions about objects without a mask, though frames have some
    empty: tuple[str, ...] = ()  # expressions without a word
    media: tuple[str, ...] = ()  # files of the release that a packed store needs
    promised: tuple[int, ...] = ()  # frames with masks and frames that should have them; () where none need


Entry = journal.Entry[Note]


class Journal(journal.Journal[Note]):
    """The finished videos of one conversion."""

    note_type = Note
