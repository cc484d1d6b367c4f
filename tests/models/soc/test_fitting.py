from __future__ import annotations

import pytest
import torch
from torch import nn

from rvosbench.errors import CheckpointError
from rvosbench.models.soc.fitting import check_shapes, listed


def test_few_names_are_all_listed() -> None:
    assert listed("missing", {"b", "a"}) == "2 missing (a, b)"
    assert listed("missing", set()) == ""


def test_names_that_differ_in_numbers_are_one_group() -> None:
    names = {f"stages.{stage}.norm.bias" for stage in range(12)} | {"head.bias"}
    assert listed("missing", names) == "13 missing (head.bias, stages.*.norm.bias x12)"


def test_many_groups_become_modules_and_many_modules_are_cut() -> None:
    names = {f"{module}.{letter}" for module in ("one", "two") for letter in "abcdefgh"}
    assert listed("unexpected", names) == "16 unexpected (one.* x8, two.* x8)"
    message = listed("unexpected", {f"{letter}.w" for letter in "abcdefghijklmnopqrstuvwxyz"})
    assert message.startswith("26 unexpected (a.*, b.*,")
    assert message.endswith("h.*, ...)")


def test_every_kind_of_difference_is_named_at_once() -> None:
    with torch.device("meta"):
        module = nn.Linear(2, 3)
    check_shapes("f", {"weight": (3, 2), "bias": (3,)}, module, "a map")
    with pytest.raises(CheckpointError) as caught:
        check_shapes("f", {"weight": (2, 3), "other": (1,)}, module, "a map", "another")
    assert str(caught.value) == (
        "f holds another; expected a map: 1 missing (bias); 1 unexpected (other); "
        "1 of another shape (weight (2, 3) for (3, 2))"
    )
