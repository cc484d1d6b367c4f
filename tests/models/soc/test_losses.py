from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from rvosbench.models.soc.losses import contrastive, dice, focal, generalized_box_iou


def test_focal_loss_of_an_undecided_element_by_hand() -> None:
    logits = torch.zeros(2)
    losses = focal(logits, torch.tensor([1.0, 0.0]))
    assert losses.tolist() == pytest.approx([0.25 * 0.5**2 * math.log(2), 0.75 * 0.5**2 * math.log(2)])


def test_focal_loss_without_focus_is_half_the_cross_entropy() -> None:
    logits, truth = torch.tensor([-2.0, 0.3, 4.0]), torch.tensor([0.0, 1.0, 0.0])
    entropy = torch.nn.functional.binary_cross_entropy_with_logits(logits, truth, reduction="none")
    torch.testing.assert_close(focal(logits, truth, alpha=0.5, gamma=0.0), entropy / 2)


def test_dice_loss_by_hand() -> None:
    logits = torch.tensor([100.0, 100.0, -100.0, -100.0])  # probabilities 1, 1, 0, 0
    truth = torch.tensor([1.0, 0.0, 1.0, 0.0])
    assert dice(logits, truth).item() == pytest.approx(1 - (2 * 1 + 1) / (2 + 2 + 1))


def test_dice_loss_of_nothing_found_where_nothing_is_vanishes() -> None:
    assert dice(torch.full((9,), -100.0), torch.zeros(9)).item() == pytest.approx(0)


def test_generalized_iou_of_separate_boxes_by_hand() -> None:
    # Unit squares at x 0..1 and 2..3: union 2, enclosing 3.
    one, other = torch.tensor([0.5, 0.5, 1.0, 1.0]), torch.tensor([2.5, 0.5, 1.0, 1.0])
    assert generalized_box_iou(one, other).item() == pytest.approx(0 - 1 / 3, abs=1e-5)


def test_generalized_iou_of_overlapping_boxes_by_hand() -> None:
    # x 0..2 and 1..3: shared 1, union 3, enclosing 3.
    one, other = torch.tensor([1.0, 0.5, 2.0, 1.0]), torch.tensor([2.0, 0.5, 2.0, 1.0])
    assert generalized_box_iou(one, other).item() == pytest.approx(1 / 3, abs=1e-5)


def test_two_empty_boxes_have_a_finite_iou_and_gradient() -> None:
    box = torch.zeros(4, requires_grad=True)
    iou = generalized_box_iou(box, torch.zeros(4))
    iou.backward()
    assert torch.isfinite(iou)
    assert box.grad is not None
    assert torch.isfinite(box.grad).all()


@given(st.lists(st.floats(0.05, 1), min_size=8, max_size=8))
def test_generalized_iou_is_symmetric_and_bounded(values: list[float]) -> None:
    one, other = torch.tensor(values, dtype=torch.float64).reshape(2, 4)
    forward, backward = generalized_box_iou(one, other), generalized_box_iou(other, one)
    assert forward.item() == pytest.approx(backward.item())
    assert -1 <= forward.item() <= 1


def test_contrastive_loss_of_equal_clusters_is_the_log_of_their_number() -> None:
    clusters = torch.ones(1, 5, 8)
    assert contrastive(clusters, torch.ones(1, 8), torch.tensor([3])).item() == pytest.approx(math.log(5))


def test_contrastive_loss_divides_by_the_channels() -> None:
    clusters = torch.tensor([[[4.0, 0.0], [0.0, 0.0]]])  # similarities 4 * 1 / 2 = 2, and 0
    loss = contrastive(clusters, torch.tensor([[1.0, 1.0]]), torch.tensor([0])).item()
    assert loss == pytest.approx(math.log(1 + math.exp(-2)))
