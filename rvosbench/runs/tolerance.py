"""What may be imperfect about predictions, on request: written into the scores, marked on every table.

Without a request nothing is: predictions that are missing, too many, of another size or grey are refused.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, Literal

from rvosbench.errors import InvalidDataError
from rvosbench.files.text import counted
from rvosbench.plugins.choices import refuse_other_choices


@dataclass(frozen=True, kw_only=True, slots=True)
class Tolerance:
    """What is let pass, and how."""

    missing: Literal["error", "zero"] = "error"
    """An expression's frame without a prediction: refused, or counted as an empty mask."""
    surplus: Literal["error", "ignore"] = "error"
    """Predictions of videos, expressions or frames that were not asked: refused, or ignored."""
    resize: Literal["error", "nearest"] = "error"
    """A mask of another size than the video: refused, or resized by nearest neighbour."""
    threshold: int | None = None
    """From 1 to 255: grey masks are objects from this value on. None: grey masks are refused."""
    truth: Literal["error", "annotated"] = "error"
    """A video whose ground truth is known for some of the frames that should have it: refused, or scored on
    the frames that are annotated."""

    def __post_init__(self) -> None:
        """Refuse other choices.

        Raises:
            InvalidDataError: naming the field.
        """
        refuse_other_choices("the tolerance", self)
        if self.threshold is not None and not 1 <= self.threshold <= 255:
            raise InvalidDataError(f"a threshold of {self.threshold} was asked for; expected 1 to 255")


STRICT = Tolerance()


@dataclass(frozen=True, kw_only=True, slots=True)
class Adjusted:
    """How often something had to be let pass."""

    missing: int = 0  # masks (an expression in a frame) that count as empty
    surplus: int = 0  # predictions (an expression in a frame, or a video) that were ignored
    resized: int = 0  # masks
    thresholded: int = 0  # masks
    partial_truth: int = 0  # videos

    def __add__(self, other: Adjusted) -> Adjusted:
        return Adjusted(**{f.name: getattr(self, f.name) + getattr(other, f.name) for f in fields(Adjusted)})

    @classmethod
    def from_json(cls, content: Mapping[str, Any]) -> Adjusted:
        """From what scores.json holds."""
        return cls(**{f.name: int(content.get(f.name, 0)) for f in fields(cls)})


NOTHING = Adjusted()


def marks(tolerance: Tolerance, adjusted: Adjusted) -> tuple[str, ...]:
    """What a table must say about a number: one phrase for each thing that was let pass.

    Example:
        >>> marks(Tolerance(missing="zero"), Adjusted(missing=1200))
        ('1,200 missing masks counted as empty',)
    """
    said = []
    if adjusted.missing:
        said.append(f"{counted(adjusted.missing, 'missing mask')} counted as empty")
    if adjusted.surplus:
        said.append(f"{counted(adjusted.surplus, 'surplus prediction')} ignored")
    if adjusted.resized:
        said.append(f"{counted(adjusted.resized, 'mask')} resized")
    if adjusted.thresholded:
        said.append(f"grey masks cut at {tolerance.threshold}")
    if adjusted.partial_truth:
        videos = counted(adjusted.partial_truth, "video")
        said.append(f"ground truth of {videos} incomplete, annotated frames scored")
    return tuple(said)


def tolerance_from_json(content: Mapping[str, Any]) -> Tolerance:
    """From what scores.json holds; what it does not say is strict.

    Raises:
        InvalidDataError: it holds another choice.
    """
    return Tolerance(**{f.name: content[f.name] for f in fields(Tolerance) if f.name in content})
