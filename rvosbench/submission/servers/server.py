"""What a server takes: where a picture lies in the zip, and what is in it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from rvosbench.errors import InvalidDataError
from rvosbench.plugins.choices import refuse_other_choices
from rvosbench.plugins.protocol import ANNOTATORS
from rvosbench.submission.files import Unit
from rvosbench.types import Video

Content = Literal["binary", "labels", "youtube-vis"]
"""Grey PNGs of 0 and 255; palette PNGs whose values are object ids; one JSON file of run lengths."""


@dataclass(frozen=True, slots=True)
class Slot:
    """What a picture answers."""

    track: str  # the expression or the annotator; empty where a picture holds all objects
    frame: int  # position in the video


@dataclass(frozen=True, kw_only=True, slots=True)
class Layout:
    """The names of the files in a zip."""

    template: str  # with {video}, {frame} and, as the unit asks, {expression} or {annotator}
    unit: Unit  # what a picture answers
    content: Content

    def __post_init__(self) -> None:
        """Refuse other choices.

        Raises:
            InvalidDataError: naming the field.
        """
        refuse_other_choices("the layout", self)

    def path(self, video: str, track: str, frame: str) -> str:
        """The name of a picture.

        Example:
            >>> layout = Layout(template="{video}/{frame}.png", unit="object", content="labels")
            >>> layout.path("0a2f2bd294", "", "00005")
            '0a2f2bd294/00005.png'
        """
        return self.template.format(video=video, expression=track, annotator=track, frame=frame)

    def tracks(self, video: Video) -> tuple[str, ...]:
        """What the pictures of a video are about, in the order in which they are written."""
        if self.unit == "expression":
            return tuple(expression.expression_id for expression in video.expressions)
        return ANNOTATORS if self.unit == "annotator" else ("",)

    def slots(self, video: Video) -> Iterator[tuple[str, Slot]]:
        """The name of every picture that a server wants of a video."""
        for track in self.tracks(video):
            for index, frame in enumerate(video.frames):
                yield self.path(video.video_id, track, frame.name), Slot(track, index)

    @property
    def top(self) -> str:
        """The folder that all names begin with; empty where videos or annotators are at the top."""
        first = self.template.partition("/")[0]
        return "" if "{" in first or first == self.template else first

    def parts_of(self, name: str) -> dict[str, str] | None:
        """The video, track and frame that a name stands for; None where it has another form.

        Example:
            >>> layout = Layout(template="{video}/{frame}.png", unit="object", content="labels")
            >>> layout.parts_of("0a2f2bd294/00005.png"), layout.parts_of("00005.png")
            ({'video': '0a2f2bd294', 'frame': '00005'}, None)
        """
        pattern, given = self.template.split("/"), name.split("/")
        if len(pattern) != len(given):
            return None
        parts = {}
        for wanted, part in zip(pattern, given, strict=True):
            key, brace, suffix = wanted[1:].partition("}")
            if not brace:
                if wanted != part:
                    return None
                continue
            if not part.endswith(suffix) or len(part) == len(suffix):
                return None
            parts[key] = part[: len(part) - len(suffix)]
        return parts


@dataclass(frozen=True, kw_only=True, slots=True)
class Server:
    """A server that scores submissions, or did."""

    name: str
    title: str
    layouts: tuple[Layout, ...]
    datasets: tuple[str, ...]  # the names of those that it scores
    one_folder_around: bool = False  # whether a folder around everything is accepted
    is_open: bool = True
    largest_bytes: int | None = None  # of a zip; None: not known
    source: str  # where the layout was read
    unverified: str | None = None  # what was not

    def takes(self, unit: Literal["expression", "object"]) -> bool:
        """Whether predictions about expressions, or about objects, can be submitted."""
        return unit == "expression" or any(layout.unit == "object" for layout in self.layouts)

    def layout_for(self, unit: Literal["expression", "object"]) -> Layout:
        """The layout for predictions about expressions, or about objects.

        Expressions go into label maps too where each means one object.

        Raises:
            InvalidDataError: the server takes none of this kind.
        """
        wanted = ("object",) if unit == "object" else ("expression", "annotator", "object")
        for layout_unit in wanted:
            for layout in self.layouts:
                if layout.unit == layout_unit:
                    return layout
        units = [f"{layout.unit}s" for layout in self.layouts]
        raise InvalidDataError(
            f"the server '{self.name}' takes predictions about {' or '.join(units)}, these are about "
            f"{unit}s; choose another server"
        )
