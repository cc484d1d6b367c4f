"""What a metric is computed from: the scored frames and expressions as columns, and the ranked detections.

`N` scored frames (pairs of an expression and a frame), `E` expressions (or objects), `D` detections of `S`
samples. Columns are read-only and made when they are asked for.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from rvosbench.errors import ScoreError

if TYPE_CHECKING:
    import pyarrow as pa

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
Texts = NDArray[np.object_]


class _Columns:
    def __init__(self, rows: pa.Table) -> None:
        self._rows = rows

    def __len__(self) -> int:
        return int(self._rows.num_rows)

    def _column(self, name: str) -> NDArray[Any]:
        values: NDArray[Any] = self._rows[name].to_numpy()
        values.flags.writeable = False
        return values

    @cached_property
    def video_id(self) -> Texts:
        """Of each row, str."""
        return self._column("video_id")

    @cached_property
    def expression_id(self) -> Texts:
        """Of each row, str: an expression's id, or an object's, of an annotator `anno_0/1`."""
        return self._column("expression_id")

    @cached_property
    def j(self) -> Floats:
        """Region similarity in [0, 1]; of an expression, the mean over its frames."""
        return self._column("j")

    @cached_property
    def f(self) -> Floats:
        """Boundary measure in [0, 1]; of an expression, the mean over its frames."""
        return self._column("f")


class FrameColumns(_Columns):
    """(N,) columns, a row per scored frame: expression after expression, in time. Areas are in px."""

    @cached_property
    def frame_index(self) -> NDArray[np.int32]:
        """Position in the video."""
        return self._column("frame_index")

    @cached_property
    def intersection(self) -> Integers:
        """Of the answer and the truth; void pixels left out, as everywhere."""
        return self._column("intersection")

    @cached_property
    def union(self) -> Integers:
        """Of the answer and the truth."""
        return self._column("union")

    @cached_property
    def predicted_area(self) -> Integers:
        """Of the answer; 0 where nothing was predicted."""
        return self._column("predicted_area")

    @cached_property
    def true_area(self) -> Integers:
        """Of the truth; 0 where the object is absent."""
        return self._column("true_area")

    @cached_property
    def box_intersection(self) -> Integers:
        """Of the bounding boxes of answer and truth.

        Raises:
            ScoreError: they were not compared: the protocol counts something else than frame samples.
        """
        return self._box("box_intersection")

    @cached_property
    def box_union(self) -> Integers:
        """Of the bounding boxes of answer and truth; errors as for `box_intersection`."""
        return self._box("box_union")

    def _box(self, name: str) -> Integers:
        if name not in self._rows.column_names:
            raise ScoreError(
                "bounding boxes are compared under protocols that count frame samples only; choose one, such "
                "as refcoco, or leave the metric out"
            )
        return self._column(name)


class ExpressionColumns(_Columns):
    """(E,) columns, a row per scored expression (or object)."""

    @cached_property
    def text(self) -> Texts:
        """The words, str: the expression, or the object's category."""
        return self._column("text")

    @cached_property
    def j_and_f(self) -> Floats:
        """The mean of `j` and `f`."""
        return self._column("j_and_f")

    @cached_property
    def n_frames(self) -> NDArray[np.int32]:
        """How many frames were scored."""
        return self._column("n_frames")


@dataclass(frozen=True, slots=True)
class Matches:
    """What was found: `D` detections, the best score first, of `S` samples, at ten thresholds of IoU."""

    sample: Integers  # (D,) whose detection; a row of the frames
    score: Floats  # (D,)
    rank: Integers  # (D,) 0 for the best of its sample
    area: Floats  # (D,) px
    hit: NDArray[np.bool_]  # (D, 10) the detection is its sample's match, at 0.5, 0.55 ... 0.95
    truth_area: Floats  # (S,) px
    crowd: NDArray[np.bool_]  # (S,) neither found nor missed, whatever is detected there


class Table:
    """The tables of a scored run, as a metric sees them."""

    def __init__(self, frames: pa.Table, expressions: pa.Table, matches: Matches | None = None) -> None:
        """Keep them.

        Args:
            frames: as `rvosbench.runs.tables.FRAME_SCHEMA`, expression after expression, in time.
            expressions: as `EXPRESSION_SCHEMA`, in the same order.
            matches: of all candidates, where a metric ranks them.
        """
        self.frames = FrameColumns(frames)
        self.expressions = ExpressionColumns(expressions)
        self._matches = matches

    @property
    def matches(self) -> Matches:
        """The ranked detections; there only for metrics over the ranking.

        Raises:
            ValueError: the metric is over something else.
        """
        if self._matches is None:
            raise ValueError("the detections are ranked for metrics with over='ranking' only")
        return self._matches

    def per_expression(self, figure: Callable[[NDArray[Any]], float], values: NDArray[Any]) -> Floats:
        """A figure of each expression's frames.

        Args:
            figure: of the values of one expression, in time.
            values: (N,) one per frame.

        Returns:
            (E,) float64.

        Example:
            `table.per_expression(np.max, table.frames.j)` is the best frame of every expression.
        """
        ends = np.cumsum(self.expressions.n_frames)
        return np.array([figure(series) for series in np.split(values, ends[:-1])], np.float64)
