from __future__ import annotations

import pytest
import torch

from rvosbench.errors import ShapeError, TrainingError
from rvosbench.models.soc.targets import boxes_of, from_batch, from_target, pad
from rvosbench.types import Batch, Target

CPU = torch.device("cpu")


def rectangles(*rectangles: tuple[int, int, int, int], height: int = 8, width: int = 16) -> torch.Tensor:
    """(N, 1, height, width) masks of (top, bottom, left, right), the far edges excluded."""
    masks = torch.zeros(len(rectangles), 1, height, width, dtype=torch.bool)
    for mask, (top, bottom, left, right) in zip(masks, rectangles, strict=True):
        mask[0, top:bottom, left:right] = True
    return masks


def target(masks: torch.Tensor, referred: int = 0) -> Target:
    return Target(
        masks=masks,
        visible=masks.flatten(2).any(-1),
        labels=torch.zeros(len(masks), dtype=torch.int64),
        referred=referred,
    )


def test_a_box_ends_at_the_last_pixel_itself() -> None:
    box = boxes_of(rectangles((2, 6, 4, 13)), (8, 16))[0, 0]
    # rows 2..5 and columns 4..12: the centre is (8, 3.5), the extent 8 x 3.
    torch.testing.assert_close(box, torch.tensor([8 / 16, 3.5 / 8, 8 / 16, 3 / 8]))


def test_a_box_of_one_pixel_has_no_extent() -> None:
    assert boxes_of(rectangles((3, 4, 5, 6)), (8, 16))[0, 0].tolist() == [5 / 16, 3 / 8, 0, 0]


def test_an_empty_mask_has_a_box_of_zeros() -> None:
    assert boxes_of(rectangles((0, 0, 0, 0)), (8, 16))[0, 0].tolist() == [0, 0, 0, 0]


def two_clips() -> Batch:
    return Batch(
        frames=torch.zeros(2, 1, 3, 8, 16),
        pixel_is_padding=torch.zeros(2, 8, 16, dtype=torch.bool),
        sizes=((8, 16), (4, 8)),
        expressions=("a", "b"),
        wanted=(0,),
        targets=(target(rectangles((0, 4, 0, 8))), target(rectangles((0, 4, 0, 8)))),
    )


def test_boxes_are_relative_to_the_frame_without_padding() -> None:
    whole, padded = from_batch(two_clips(), CPU, classes=1)
    assert whole.boxes[0, 0, 2:].tolist() == [7 / 16, 3 / 8]
    assert padded.boxes[0, 0, 2:].tolist() == [7 / 8, 3 / 4]


def test_a_category_that_the_model_does_not_know_is_named() -> None:
    batch = two_clips()
    batch.targets[1].labels[0] = 70
    with pytest.raises(TrainingError, match=r"category \[70\], this SOC knows 0 to 64"):
        from_batch(batch, CPU, classes=65)
    assert len(from_batch(batch, CPU, classes=1)) == 2


@pytest.mark.parametrize("referred", [-1, 2])
def test_a_referred_row_that_is_not_there_is_named(referred: int) -> None:
    masks = rectangles((0, 1, 0, 1), (2, 3, 2, 3))
    with pytest.raises(ShapeError, match=f"means row {referred}"):
        from_target(target(masks, referred), (8, 16), CPU)


def test_visibility_of_another_shape_than_the_masks_is_refused() -> None:
    wrong = Target(
        masks=rectangles((0, 1, 0, 1)),
        visible=torch.ones(1, 3, dtype=torch.bool),
        labels=torch.zeros(1, dtype=torch.int64),
        referred=0,
    )
    with pytest.raises(ShapeError, match=r"visible \(1, 3\)"):
        from_target(wrong, (8, 16), CPU)


def test_padding_keeps_every_row_and_adds_empty_ones() -> None:
    two = from_target(target(rectangles((0, 1, 0, 1), (2, 6, 2, 9)), referred=1), (8, 16), CPU)
    one = from_target(target(rectangles((1, 5, 3, 4))), (8, 16), CPU)
    padded = pad([two, one])
    assert padded.objects == (2, 1)
    assert padded.referred == (1, 0)
    assert torch.equal(padded.masks[0], two.masks)
    assert torch.equal(padded.masks[1, 0], one.masks[0])
    assert not padded.masks[1, 1].any()
