"""Targets, matcher and losses against numbers recorded from the original code."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from rvosbench.models.soc.criterion import WEIGHTS, criterion, unweighted_losses
from rvosbench.models.soc.matcher import costs, match, match_layers
from rvosbench.models.soc.outputs import LayerOutput, SOCOutput
from rvosbench.models.soc.targets import SOCTarget, pad

CASES = ("d1_train_a2d", "d2_train_ytvos_nc65_T4", "d3_train_joint_nc1_T4")
OURS = {
    "con": "contrastive",
    "dice": "dice",
    "sigmoid_focal": "focal",
    "cls": "class",
    "bbox": "box",
    "giou": "giou",
}


@dataclass(frozen=True)
class Learning:
    """A recorded output and what it should have been."""

    arrays: dict[str, np.ndarray]
    record: dict[str, Any]
    output: SOCOutput
    targets: list[SOCTarget]


def our_name(theirs: str) -> str:
    """`loss_bbox_0` -> `box_0`."""
    stem = theirs.removeprefix("loss_").removesuffix("_0")
    return OURS[stem] + ("_0" if theirs.endswith("_0") else "")


@pytest.fixture(scope="module", params=CASES)
def learning(request: pytest.FixtureRequest, golden: Callable[[str], Any]) -> Learning:
    recorded = golden(f"case_{request.param}")
    arrays = recorded.arrays
    layers = (layer(arrays, "out.aux_0."), layer(arrays, "out."))
    output = SOCOutput(layers=layers, sentences=tensor(arrays["out.text_sentence_feature"]))
    return Learning(arrays, recorded.record, output, recorded.targets())


def tensor(array: np.ndarray) -> Tensor:
    return torch.from_numpy(np.asarray(array))


def layer(arrays: dict[str, np.ndarray], prefix: str) -> LayerOutput:
    return LayerOutput(
        masks=tensor(arrays[f"{prefix}pred_masks"]).transpose(0, 1),
        boxes=tensor(arrays[f"{prefix}pred_boxes"]).transpose(0, 1),
        classes=tensor(arrays[f"{prefix}pred_cls"]).transpose(0, 1),
        clusters=tensor(arrays[f"{prefix}pred_logit"]),
    )


def test_boxes_made_from_the_masks_are_the_recorded_ones(learning: Learning) -> None:
    for clip, target in enumerate(learning.targets):
        for t in range(learning.record["n_target_steps"]):
            torch.testing.assert_close(target.boxes[:, t], tensor(learning.arrays[f"tgt.{t}.{clip}.boxes"]))


@pytest.mark.parametrize(("name", "index"), [("aux_0", 0), ("last", 1)])
def test_every_cost_is_the_recorded_one(learning: Learning, name: str, index: int) -> None:
    padded = pad(learning.targets)
    ours = costs(learning.output.layers[index], padded)
    own_columns = np.cumsum([0, *padded.objects])
    for part, theirs in [
        (ours.classes, "cost_cls"),
        (ours.dice, "cost_dice"),
        (ours.boxes, "cost_box"),
        (ours.giou, "cost_giou"),
        (ours.total(), "C"),
    ]:
        recorded = tensor(learning.arrays[f"match.{name}.cost.{theirs}"])
        recorded = recorded.reshape(len(padded.objects), -1, recorded.shape[-1])  # clips, queries, columns
        if recorded.shape[-1] == 1:  # one column for all objects: the class cost of one frame and one class
            recorded = recorded.expand(-1, -1, sum(padded.objects))
        for clip, objects in enumerate(padded.objects):
            columns = recorded[clip, :, own_columns[clip] : own_columns[clip + 1]]
            torch.testing.assert_close(part[clip, :, :objects], columns, rtol=1e-5, atol=1e-6)


def test_the_matches_are_the_recorded_ones(learning: Learning) -> None:
    recorded = dict(zip(learning.record["match_order"], learning.record["matches"], strict=True))
    both = match_layers(learning.output.layers, pad(learning.targets))
    for matches, name in zip(both, ("aux_0", "last"), strict=True):
        assert [[q.tolist(), o.tolist()] for q, o in matches] == recorded[name]
    for name in ("aux_0", "last"):
        assert recorded[name] == [
            [learning.arrays[f"match.{name}.{clip}.{side}"].tolist() for side in ("src", "tgt")]
            for clip in range(len(learning.targets))
        ]
    last = [[q.tolist(), o.tolist()] for q, o in match(learning.output.answer, learning.targets)]
    assert last == recorded["last"]


def test_every_loss_is_the_recorded_one(learning: Learning) -> None:
    ours = unweighted_losses(learning.output, learning.targets)
    recorded = {our_name(name): value for name, value in learning.record["losses"].items()}
    assert set(ours) == set(recorded)
    assert {f"loss.{name}" for name in learning.record["losses"]} | {"loss.total"} == {
        name for name in learning.arrays if name.startswith("loss.")
    }
    for name, value in learning.record["losses"].items():
        assert value == pytest.approx(float(learning.arrays[f"loss.{name}"]), rel=1e-7)
    for name, value in ours.items():
        assert value.item() == pytest.approx(recorded[name], rel=1e-5), name


def test_the_weighted_sum_is_the_recorded_total(learning: Learning) -> None:
    assert {our_name(name): value for name, value in learning.record["weight_dict"].items()} == {
        **WEIGHTS,
        **{f"{name}_0": value for name, value in WEIGHTS.items()},
    }
    total = sum(value.item() for value in criterion(learning.output, learning.targets).values())
    assert total == pytest.approx(learning.record["total_loss"], rel=1e-5)
