"""Whole training steps against numbers recorded from the original code: gradients, AdamW."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from rvosbench.models.soc.criterion import criterion, unweighted_losses
from rvosbench.models.soc.matcher import match_layers
from rvosbench.models.soc.model import SOC
from rvosbench.models.soc.original_names import renamed
from rvosbench.models.soc.segmenter import SOCSegmenter
from rvosbench.models.soc.targets import pad
from tests.models.soc.test_learning_goldens import our_name

CASES = ("case_d1_train_a2d", "case_d2_train_ytvos_nc65_T4", "case_d3_train_joint_nc1_T4")


def gradients_of(model: SOC, losses: dict[str, Tensor]) -> dict[str, Tensor | None]:
    torch.stack(list(losses.values())).sum().backward()
    return {name: parameter.grad for name, parameter in model.named_parameters()}


def assert_losses_and_gradients(recorded: Any) -> None:
    record = recorded.record
    model = recorded.model()
    output = model(*recorded.inputs())
    plain = unweighted_losses(output, recorded.targets())
    for name, value in record["losses"].items():
        assert plain[our_name(name)].item() == pytest.approx(value, rel=1e-4), name
    losses = criterion(output, recorded.targets())
    assert sum(loss.item() for loss in losses.values()) == pytest.approx(record["total_loss"], rel=1e-5)
    gradients = gradients_of(model, losses)
    whole = torch.stack([value.norm() for value in gradients.values() if value is not None]).norm().item()
    assert whole == pytest.approx(record["grad_total_norm"], rel=1e-4)
    # A gradient that is zero in exact arithmetic, such as that of a key's bias, is rounding noise in both.
    noise = 1e-6 * whole
    left = dict(gradients)
    for original, norm in record["grad_norms"].items():
        ours = left.pop(renamed(original))
        if norm is None:
            assert ours is None, original
            continue
        assert ours is not None, original
        assert ours.norm().item() == pytest.approx(norm, rel=1e-4, abs=noise), original
    assert not [name for name, value in left.items() if value is not None]
    names = [name for name in recorded.arrays if name.startswith("grad.")]
    assert len(names) >= 23
    for name in names:
        gradient = gradients[renamed(name.removeprefix("grad."))]
        assert gradient is not None
        ours, expected = recorded.kept(gradient, name)
        assert (ours - expected).norm().item() <= 1e-4 * expected.norm().item() + noise, name


@pytest.mark.parametrize("case", CASES)
def test_every_loss_and_gradient_is_the_recorded_one(golden: Callable[[str], Any], case: str) -> None:
    assert_losses_and_gradients(golden(case))


@pytest.mark.slow
@pytest.mark.parametrize("case", CASES)
def test_every_number_of_every_gradient_is_the_recorded_one(
    whole_golden: Callable[[str], Any], case: str
) -> None:
    assert_losses_and_gradients(whole_golden(case))


@pytest.mark.slow
def test_five_steps_of_adamw_end_within_the_recorded_noise(golden: Callable[[str], Any]) -> None:
    recorded = golden(CASES[2])
    case = recorded.recordings.arrays("case_e_adamw5")
    record = recorded.recordings.record("case_e_adamw5")
    recorded.arrays |= case
    recorded.record["arrays"] |= record["arrays"]
    model, targets = recorded.model(), recorded.targets()
    start = {name: parameter.detach().clone() for name, parameter in model.named_parameters()}
    rates = {"main": record["lr"], "backbone": record["lr_backbone"], "text": record["text_encoder_lr"]}
    groups = SOCSegmenter(model).parameter_groups(rates)
    assert [len(group["params"]) for group in groups] == record["group_sizes"]
    assert [sum(p.numel() for p in group["params"]) for group in groups] == record["group_numel"]
    optimizer = torch.optim.AdamW(groups, weight_decay=record["weight_decay"])
    for step, total_recorded in zip(record["steps"], case["loss_per_step"], strict=True):
        optimizer.zero_grad()
        output = model(*recorded.inputs())
        total = torch.stack(list(criterion(output, targets).values())).sum()
        assert total.item() == pytest.approx(step["total"], rel=2e-5)
        assert step["total"] == pytest.approx(float(total_recorded), rel=1e-7)
        plain = unweighted_losses(output, targets)
        for name, value in step["losses"].items():
            assert plain[our_name(name)].item() == pytest.approx(value, rel=1e-4), name
        aux, last = match_layers(output.layers, pad(targets))
        for matches, expected in zip((last, aux), step["matches"], strict=True):
            assert [[q.tolist(), o.tolist()] for q, o in matches] == expected
        total.backward()
        norm = nn.utils.clip_grad_norm_(model.parameters(), record["clip_max_norm"])
        assert norm.item() == pytest.approx(step["grad_norm_before_clip"], rel=1e-3)
        optimizer.step()
    moved = 0
    for original, numbers in record["final_params"].items():
        ours = model.get_parameter(renamed(original)).detach()
        change = ours - start[renamed(original)]
        if original.startswith("text_encoder."):
            # The recording holds an encoder that was made anew after the run (biases 0, norms 1), and a
            # noise floor as large as its weights: it says nothing. A step of AdamW is bounded, though.
            largest = change.abs().max().item()
            assert largest <= 1.01 * len(record["steps"]) * rates["text"] + 1e-6
            moved += largest > 0
            continue
        rounding = 1e-7 * numbers["norm"]
        floor = numbers["noise_norm"]
        if "layers.0.self_attn.in_proj" in original:
            # The gradient of the first layer's queries and keys is zero but for noise, which AdamW turns
            # into steps of either sign and of a size that depends on the number of threads.
            floor *= 8
        assert ours.double().norm().item() == pytest.approx(numbers["norm"], abs=floor + rounding), original
        assert change.double().norm().item() == pytest.approx(numbers["norm_change"], abs=floor + rounding), (
            original
        )
        if f"final.{original}" in recorded.arrays:
            kept, expected = recorded.kept(ours, f"final.{original}")
            allowed = numbers["noise_max_abs"] * (floor / numbers["noise_norm"] if floor else 1)
            allowed += 1e-7 * expected.abs().max().item()
            assert (kept - expected).abs().max().item() <= allowed, original
    assert moved >= 36  # of 39: the attention's key biases cannot matter
