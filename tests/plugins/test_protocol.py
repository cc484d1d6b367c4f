"""A protocol that no evaluation could carry out is refused when it is made."""

from __future__ import annotations

import pytest

from rvosbench.errors import InvalidDataError
from rvosbench.plugins.protocol import Protocol


def protocol(**changes) -> Protocol:
    known = {"name": "mine", "title": "Mine", "explanation": "", "unit": "expression"}
    return Protocol(**known | {"metrics": ("J",), "main_metric": "J"} | changes)


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"name": "../x"}, "is named '../x'; expected lower-case"),
        ({"name": ".hidden"}, "expected lower-case"),
        ({"name": "Mine"}, "expected lower-case"),
        ({"unit": "video"}, "unit='video'; expected one of 'expression', 'object', 'frame sample'"),
        ({"candidates": "some"}, "candidates='some'"),
        ({"main_metric": "F"}, r"ranks by 'F', which is not one of its metrics \(J\)"),
        ({"matching": "hungarian"}, "expected unit='object'"),
        ({"annotators": "mean"}, "expected unit='object'"),
        ({"sample_ids": "video"}, "sample_ids='video'; expected one of 'instance', 'frame'"),
        ({"datasets": "davis"}, "datasets='davis'; expected a tuple of their names"),
    ],
)
def test_what_cannot_be_carried_out_is_refused(change, complaint):
    with pytest.raises(InvalidDataError, match=complaint) as caught:
        protocol(**change)
    assert "\n" not in str(caught.value)


def test_names_become_folders():
    for name in ("a2d-top1", "refcoco+", "v1.2_x", "a"):
        assert protocol(name=name).name == name
