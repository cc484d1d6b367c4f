"""What is let pass is named, counted and said."""

from __future__ import annotations

import pytest

from rvosbench.errors import InvalidDataError
from rvosbench.runs.tolerance import NOTHING, STRICT, Adjusted, Tolerance, marks


def test_other_choices_are_refused():
    with pytest.raises(InvalidDataError, match=r"missing='none'; expected one of 'error', 'zero'"):
        Tolerance(missing="none")
    with pytest.raises(InvalidDataError, match="threshold of 256"):
        Tolerance(threshold=256)


def test_counts_add_up():
    assert Adjusted(missing=2, resized=1) + Adjusted(missing=3) == Adjusted(missing=5, resized=1)


def test_a_perfect_result_has_no_mark_whatever_was_allowed():
    assert marks(STRICT, NOTHING) == marks(Tolerance(missing="zero", threshold=128), NOTHING) == ()
    assert marks(Tolerance(threshold=128), Adjusted(thresholded=4)) == ("grey masks cut at 128",)
