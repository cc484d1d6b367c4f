from __future__ import annotations

import pytest
import torch
from torch import Tensor

from rvosbench.models.soc import parts


@pytest.mark.parametrize("at_once", [1, 2, 3, 5, 9])
def test_parts_give_what_the_whole_gives(at_once: int):
    one, other = torch.randn(5, 3, 2), torch.randn(5, 1, 2)
    seen = []

    def function(first: Tensor, second: Tensor) -> Tensor:
        seen.append(len(first))
        return first * second

    with torch.no_grad():
        assert torch.equal(parts.by_parts(function, one, other, at_once=at_once), one * other)
    assert sum(seen) == 5
    assert max(seen) == min(at_once, 5)


def test_gradients_see_the_whole():
    seen = []
    rows = torch.randn(5, 3, requires_grad=True)
    parts.by_parts(lambda part: seen.append(len(part)) or part * 2, rows, at_once=1).sum().backward()
    assert seen == [5]
    assert torch.equal(rows.grad, torch.full((5, 3), 2.0))


def test_frames_are_answered_together_only_for_gradients_or_a_gpu():
    features = torch.zeros(1).expand(2, 100, parts.FLOATS_AT_ONCE)
    assert parts.frames_at_once(features, 4) == 100
    with torch.no_grad():
        assert parts.frames_at_once(features, 4) == 1
        elsewhere = features.to("meta")
        assert parts.frames_at_once(elsewhere, 4) == 9
        assert parts.frames_at_once(elsewhere, 40) == 1


def test_small_frames_are_taken_together_as_long_as_they_fill_no_more_than_a_part():
    features = torch.zeros(1).expand(2, 100, parts.FLOATS_AT_ONCE // 30)
    with torch.no_grad():
        assert parts.frames_at_once(features, 1) == 30
        assert parts.frames_at_once(features, 3) == 10
        seen = []
        parts.by_frames(lambda part: seen.append(len(part)) or part[:, :1], features[0])
    assert seen == [30, 30, 30, 10]
