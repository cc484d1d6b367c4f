from __future__ import annotations

import subprocess
import sys

import pytest

from rvosbench.plugins.lazily import lazily


def test_nothing_is_imported_before_the_call():
    script = (
        "import sys; from rvosbench.plugins.lazily import lazily; f = lazily('colorsys:rgb_to_hsv'); "
        "before = 'colorsys' in sys.modules; print(before, f(1, 0, 0))"
    )
    ran = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert ran.stdout.split() == ["False", "(0.0,", "1.0,", "1)"]


@pytest.mark.parametrize("target", ["math", "math:", ":sqrt", "math:sqrt()", ""])
def test_what_names_no_function_is_refused_where_it_is_written(target):
    with pytest.raises(ValueError, match="expected 'module:function'"):
        lazily(target)
