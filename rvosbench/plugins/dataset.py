"""What a dataset must offer to be plugged in: a `DatasetSpec`, which opens a `Release`."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

from rvosbench.plugins.options import NoOptions, check_options_class
from rvosbench.types import Card, Expression, Video


@dataclass(frozen=True, slots=True)
class ReadVideo:
    """What `Release.read` gives."""

    video: Video
    problems: tuple[str, ...] = ()  # such as a mask file that is damaged without being useless


@runtime_checkable
class Release(Protocol):
    """One official release on disk: reads, never writes.

    Videos are the units: `prepare` asks for one after the other (or in parallel), so nothing here
    may depend on the order of the calls, or change what another call gives. An instance can be pickled, index
    included: that is how other processes get it. One that knows of problems only when a split's videos are
    listed has `ReportsSplits` too.
    """

    @property
    def card(self) -> Card:
        """What a whole release holds; of the version and the frames that this one has."""
        ...

    @property
    def problems(self) -> tuple[str, ...]:
        """What this copy lacks without being useless, such as videos left out. Reading adds nothing to it."""
        ...

    def fingerprint(self) -> str:
        """A SHA-256 over the release's index files (json, csv, pickle ...): tells two downloads apart."""
        ...

    def index_files(self) -> tuple[Path, ...]:
        """The files that say which videos there are, as far as they are on disk."""
        ...

    def splits(self) -> tuple[str, ...]:
        """The splits that are on disk, in the release's own order."""
        ...

    def videos(self, split: str) -> Sequence[str]:
        """The ids of all videos of a split, sorted."""
        ...

    def read(self, split: str, video_id: str) -> ReadVideo:
        """Everything about one video, and what is wrong with it without making it useless.

        Raises:
            DatasetError: naming the file, the item and what was expected.
        """
        ...

    def expressions(self, split: str, video_id: str) -> tuple[Expression, ...]:
        """The expressions about one video, from the index alone: no other file is read."""
        ...

    def sources(self, split: str, video_id: str) -> tuple[Path, ...]:
        """The files that `read` needs for a video: opened by it, or referred to by its record.

        Frames, mask files, mp4; whether they are there or not. Cheap: folders are listed, nothing is
        decoded.

        Raises:
            DatasetError: a file that says which ones are needed is damaged.
        """
        ...


@runtime_checkable
class ReportsSplits(Protocol):
    """A `Release` that looks at a large index of a split only when the split is wanted."""

    def split_problems(self, split: str) -> tuple[str, ...]:
        """What this copy of a split lacks without being useless, besides `Release.problems`.

        Raises:
            MissingPathError, DatasetError: the index is not there or damaged.
        """
        ...


@runtime_checkable
class PromisesMasks(Protocol):
    """A `Release` with a source of masks that means to have every frame, and that may lack files of some.

    Sources that annotate a few frames by design promise nothing, and one that refuses a video with a missing
    file need not count.
    """

    def masks_promised(self, split: str, video_id: str) -> tuple[int, int] | None:
        """(frames that have their masks, frames that should have them); None where nothing is promised.

        Cheap: folders are listed, nothing is decoded.
        """
        ...


@dataclass(frozen=True, kw_only=True)
class DatasetSpec:
    """A dataset as the registry holds it. Importing it must be cheap: no reader, no decoder."""

    card: Card
    """What is known about the official release; its name is the dataset's."""

    open: Callable[[Path, Any], Release]
    """(release_dir, a record of `options`) -> the release. Reads the index, no video.

    Raises:
        MissingPathError: the folder or an index file is not there.
        DatasetError: the release is empty, damaged or another one.
    """

    protocol: str
    """How its predictions are scored unless somebody asks otherwise; `rvos list protocols`."""

    options: type = NoOptions
    """The options record, see `plugins.options`."""

    folder_names: tuple[str, ...] = ()
    """What the release folder is usually called, the most usual name first."""

    recognise: Callable[[Path], bool] | None = None
    """Whether a folder holds this release, by a few names in it: cheap, and true of all that `open` reads.

    With it a folder of another dataset is refused with that one's name before anything is read.
    """

    @property
    def name(self) -> str:
        """What it is called on the command line and in stores."""
        return self.card.name

    def check(self) -> None:
        """Refuse a record with parts of the wrong kind.

        Raises:
            TypeError, OptionError: what was found and what was expected.
        """
        if not isinstance(self.card, Card):
            raise TypeError(f"its card is {type(self.card).__name__}, expected rvosbench.types.Card")
        if not callable(self.open):
            raise TypeError(f"its open is {type(self.open).__name__}, expected a function")
        if not isinstance(self.protocol, str) or not self.protocol:
            raise TypeError(f"its protocol is {self.protocol!r}, expected the name of one")
        names = self.folder_names
        if not isinstance(names, tuple) or not all(isinstance(name, str) and name for name in names):
            raise TypeError(f"its folder_names are {names!r}, expected a tuple of names")
        if self.recognise is not None and not callable(self.recognise):
            raise TypeError(
                f"its recognise is {type(self.recognise).__name__}, expected a function of (folder)"
            )
        check_options_class(self.options)
