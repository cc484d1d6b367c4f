from __future__ import annotations

import pytest

from rvosbench.errors import UnknownNameError
from rvosbench.inference.candidates import needed_candidates


def test_a_protocol_that_is_named_decides_however_many_the_model_has():
    assert needed_candidates("ytvos", 120, "a2d") == 120
    assert needed_candidates("a2d", 120, "a2d-top1") == 1
    with pytest.raises(UnknownNameError, match="did you mean 'a2d'"):
        needed_candidates("a2d", 120, "a2dd")
