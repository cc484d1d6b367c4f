"""The record of a metric: its value, its interval and every comparison follow from it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from numpy.typing import NDArray

from rvosbench.errors import InvalidDataError
from rvosbench.plugins.choices import refuse_other_choices
from rvosbench.plugins.table import Table

_LONGEST_NAME = 20  # of a column in a terminal


@dataclass(frozen=True, kw_only=True, slots=True)
class Metric:
    """A number that is a mean, or a ratio of two sums, over the items that `over` names.

    The value is mean(numerator), or sum(numerator) / sum(denominator); 0 where the denominators add up to 0.
    Its interval draws videos with all their items; two runs are compared item by item.

    Example:
        ```python
        SILENT = Metric(
            name="silent",
            title="Frames in which nothing was predicted",
            better="lower",
            over="frame",
            numerator=lambda table: table.frames.predicted_area == 0,
            source="our paper, equation 3",
        )
        ```
    """

    name: str  # as on the command line and at the head of a column
    title: str  # one line
    better: Literal["higher", "lower"]
    over: Literal["frame", "expression", "sample", "ranking"]
    """What an item is: a scored frame; an expression (or object, where the protocol counts these); a frame
    again, where the protocol calls it a sample; or all detections together, ranked by their scores."""
    numerator: Callable[[Table], NDArray[Any]]
    """(n,) finite numbers, one per item. Or (n, k): the mean of every column, and then of the k means.

    Over the ranking: (D, K) bool, whether a detection of `table.matches` is its sample's match at each of K
    thresholds. The value is the mean average precision by the COCO rules; there is no comparison, because
    the scores of two models are not on one scale.
    """
    denominator: Callable[[Table], NDArray[Any]] | None = None
    """(n,) finite numbers from 0 on; an item with 0 does not count. Without it, every item counts alike."""
    source: str  # where it comes from: a paper, an evaluator

    def __post_init__(self) -> None:
        """Refuse a record that nothing could be computed from.

        Raises:
            InvalidDataError: naming the field, what it holds and what was expected.
        """
        if not self.name or not self.name.isprintable() or self.name != self.name.strip():
            raise InvalidDataError(f"a metric is named {self.name!r}; expected printable text")
        if len(self.name) > _LONGEST_NAME:
            raise InvalidDataError(
                f"the metric '{self.name}' has a name of {len(self.name)} characters; it heads a column, "
                f"expected at most {_LONGEST_NAME}"
            )
        refuse_other_choices(f"the metric '{self.name}'", self)
        for key, needed in (("numerator", True), ("denominator", False)):
            function = getattr(self, key)
            if not callable(function) and (needed or function is not None):
                raise InvalidDataError(
                    f"the metric '{self.name}' has a {key} of type {type(function).__name__}; expected a "
                    "function of a table"
                )
        if self.over == "ranking" and self.denominator is not None:
            raise InvalidDataError(
                f"the metric '{self.name}' is over the ranking and has a denominator; expected none"
            )
