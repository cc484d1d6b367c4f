"""Targets, matcher and losses against numbers recorded from the original code."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor
from torch.nn import functional as F

from rvosbench.models.soc.criterion import WEIGHTS, criterion, unweighted_losses
from rvosbench.models.soc.matcher import costs, match, match_layers
from rvosbench.models.soc.outputs import LayerOutput, SOCOutput
from rvosbench.models.soc.targets import SOCTarget, from_target, pad
from rvosbench.types import Target

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
class Golden:
    arrays: dict[str, np.ndarray]
    record: dict[str, object]
    output: SOCOutput
    targets: list[SOCTarget]


def our_name(theirs: str) -> str:
    """`loss_bbox_0` -> `box_0`."""
    stem = theirs.removeprefix("loss_").removesuffix("_0")
    return OURS[stem] + ("_0" if theirs.endswith("_0") else "")


@pytest.fixture(scope="module", params=CASES)
def golden(request: pytest.FixtureRequest, shared: Path) -> Golden:
    tiny = shared / "goldens" / "soc" / "tiny"
    with np.load(tiny / f"case_{request.param}.npz") as file:
        arrays = {name: file[name] for name in file.files if not name.startswith("grad.")}
    record = json.loads((tiny / f"case_{request.param}.json").read_text())
    layers = (layer(arrays, "out.aux_0."), layer(arrays, "out."))
    output = SOCOutput(layers=layers, sentences=tensor(arrays["out.text_sentence_feature"]))
    return Golden(arrays, record, output, targets_of(arrays, record))


def tensor(array: np.ndarray) -> Tensor:
    return torch.from_numpy(np.asarray(array))


def layer(arrays: dict[str, np.ndarray], prefix: str) -> LayerOutput:
    return LayerOutput(
        masks=tensor(arrays[f"{prefix}pred_masks"]).transpose(0, 1),
        boxes=tensor(arrays[f"{prefix}pred_boxes"]).transpose(0, 1),
        classes=tensor(arrays[f"{prefix}pred_cls"]).transpose(0, 1),
        clusters=tensor(arrays[f"{prefix}pred_logit"]),
    )


def targets_of(arrays: dict[str, np.ndarray], record: dict) -> list[SOCTarget]:
    """The recorded masks through our own `from_target`; boxes are made from the masks."""
    height, width = (max(sizes) for sizes in zip(*record["sizes"], strict=True))
    targets = []
    for clip, size in enumerate(record["sizes"]):
        frames = [f"tgt.{t}.{clip}." for t in range(record["n_target_steps"])]
        masks = torch.stack([tensor(arrays[f"{frame}masks"]).bool() for frame in frames], 1)
        rows = len(masks)
        referred = int(arrays[f"{frames[0]}referred_instance_idx"])
        visible = masks.flatten(2).any(-1)
        visible[referred] = torch.tensor([bool(arrays[f"{frame}is_ref_inst_visible"]) for frame in frames])
        target = Target(
            masks=F.pad(masks, (0, width - size[1], 0, height - size[0])),
            visible=visible,
            labels=tensor(arrays[f"{frames[0]}labels"]).expand(rows),
            referred=referred,
        )
        targets.append(from_target(target, tuple(size), torch.device("cpu")))
    return targets


def test_boxes_made_from_the_masks_are_the_recorded_ones(golden: Golden) -> None:
    for clip, target in enumerate(golden.targets):
        for t in range(golden.record["n_target_steps"]):
            torch.testing.assert_close(target.boxes[:, t], tensor(golden.arrays[f"tgt.{t}.{clip}.boxes"]))


@pytest.mark.parametrize(("name", "index"), [("aux_0", 0), ("last", 1)])
def test_every_cost_is_the_recorded_one(golden: Golden, name: str, index: int) -> None:
    padded = pad(golden.targets)
    ours = costs(golden.output.layers[index], padded)
    own_columns = np.cumsum([0, *padded.objects])
    for part, theirs in [
        (ours.classes, "cost_cls"),
        (ours.dice, "cost_dice"),
        (ours.boxes, "cost_box"),
        (ours.giou, "cost_giou"),
        (ours.total(), "C"),
    ]:
        recorded = tensor(golden.arrays[f"match.{name}.cost.{theirs}"])
        recorded = recorded.reshape(len(padded.objects), -1, recorded.shape[-1])  # clips, queries, columns
        if recorded.shape[-1] == 1:  # one column for all objects: the class cost of one frame and one class
            recorded = recorded.expand(-1, -1, sum(padded.objects))
        for clip, objects in enumerate(padded.objects):
            columns = recorded[clip, :, own_columns[clip] : own_columns[clip + 1]]
            torch.testing.assert_close(part[clip, :, :objects], columns, rtol=1e-5, atol=1e-6)


def test_the_matches_are_the_recorded_ones(golden: Golden) -> None:
    recorded = dict(zip(golden.record["match_order"], golden.record["matches"], strict=True))
    both = match_layers(golden.output.layers, pad(golden.targets))
    for matches, name in zip(both, ("aux_0", "last"), strict=True):
        assert [[q.tolist(), o.tolist()] for q, o in matches] == recorded[name]
    last = [[q.tolist(), o.tolist()] for q, o in match(golden.output.answer, golden.targets)]
    assert last == recorded["last"]


def test_every_loss_is_the_recorded_one(golden: Golden) -> None:
    ours = unweighted_losses(golden.output, golden.targets)
    recorded = {our_name(name): value for name, value in golden.record["losses"].items()}
    assert set(ours) == set(recorded)
    for name, value in ours.items():
        assert value.item() == pytest.approx(recorded[name], rel=1e-5), name


def test_the_weighted_sum_is_the_recorded_total(golden: Golden) -> None:
    assert {our_name(name): value for name, value in golden.record["weight_dict"].items()} == {
        **WEIGHTS,
        **{f"{name}_0": value for name, value in WEIGHTS.items()},
    }
    total = sum(value.item() for value in criterion(golden.output, golden.targets).values())
    assert total == pytest.approx(golden.record["total_loss"], rel=1e-5)
