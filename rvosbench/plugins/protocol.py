"""The record of a protocol: what is averaged over what. Numbers under two protocols are not comparable."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from rvosbench.errors import InvalidDataError
from rvosbench.plugins.choices import refuse_other_choices

_NAME = r"[a-z0-9]([a-z0-9._+-]*[a-z0-9+])?"

ANNOTATORS = ("anno_0", "anno_1", "anno_2", "anno_3")
"""What the four annotators of Ref-DAVIS17 are called where their expressions are merged."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Protocol:
    """How predictions become numbers."""

    name: str
    title: str
    explanation: str  # two lines of at most 58 characters: `rvos list protocols` fits 80 columns
    unit: Literal["expression", "object", "frame sample"]  # what the mean is taken over
    metrics: tuple[str, ...]
    main_metric: str  # what a leaderboard ranks by
    frames: Literal["all", "inner"] = "all"  # of the annotated frames; "inner": without first and last
    absent: Literal["empty is right", "no sample"] = "empty is right"
    """Annotated frames without the object: an empty prediction scores 1 there, or they do not count."""
    candidates: Literal["best", "all"] = "best"
    matching: Literal["none", "hungarian"] = "none"
    """Label n answers for object n, or in every video the labels are dealt out so that J&F is highest."""
    annotators: Literal["each", "mean"] = "each"
    """An expression is answered alone, or those of an annotator share the pixels of a frame, so that
    none belongs to two, and the mean is taken over the annotators."""
    void: bool = False  # pixels marked as void count for nothing
    sample_ids: Literal["instance", "frame"] = "instance"
    """What the official evaluator calls a frame sample, by which it orders equal scores: video, frame and
    instance (`v_<video>_f_<frame>_i_<expression>`), or video and frame where a video has one expression."""
    datasets: tuple[str, ...] = ()
    """The datasets whose papers report it. Two protocols with the same rules may be called differently on
    two datasets; () where it belongs to none."""
    unverified: str | None = None  # what could not be compared with the official evaluator

    def __post_init__(self) -> None:
        """Refuse what no evaluation could carry out.

        Raises:
            InvalidDataError: naming the field, what it holds and what was expected.
        """
        # The name becomes a folder in the run: scores/<name>/.
        if not re.fullmatch(_NAME, self.name):
            raise InvalidDataError(
                f"a protocol is named {self.name!r}; expected lower-case letters, digits, and - _ . + between"
            )
        refuse_other_choices(f"the protocol '{self.name}'", self)
        if not isinstance(self.datasets, tuple) or not all(isinstance(name, str) for name in self.datasets):
            raise InvalidDataError(
                f"the protocol '{self.name}' has datasets={self.datasets!r}; expected a tuple of their names"
            )
        if self.unit != "object" and (self.matching, self.annotators) != ("none", "each"):
            raise InvalidDataError(
                f"the protocol '{self.name}' matches labels or merges annotators, which answer for objects; "
                f"expected unit='object', not {self.unit!r}"
            )
        if self.main_metric not in self.metrics:
            raise InvalidDataError(
                f"the protocol '{self.name}' ranks by {self.main_metric!r}, which is not one of its metrics "
                f"({', '.join(self.metrics)}); add it to them"
            )

    def same_numbers(self, other: Protocol) -> bool:
        """Whether both give the same number of the same answers, whatever they are called and rank by."""
        rules = ("unit", "frames", "absent", "candidates", "matching", "annotators", "void", "sample_ids")
        return all(getattr(self, rule) == getattr(other, rule) for rule in rules)

    @property
    def answers(self) -> Literal["expression", "object", "annotator"]:
        """What a prediction answers: an expression, a labelled object, or all that an annotator describes."""
        if self.annotators == "mean":
            return "annotator"
        return "object" if self.unit == "object" else "expression"
