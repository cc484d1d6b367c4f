from __future__ import annotations

import math

import pytest
import torch

from rvosbench.models.soc.encoder_decoder import DeformableDecoder, DeformableEncoder, Geometry, refined
from rvosbench.models.soc.visual import geometry_of

SHAPES = [(4, 6), (2, 3), (1, 2)]


def geometry(batch: int = 1) -> Geometry:
    return geometry_of(torch.zeros(batch, 32, 48, dtype=torch.bool), SHAPES, 16)


def decoder(layers: int = 2) -> DeformableDecoder:
    torch.manual_seed(0)
    return DeformableDecoder(
        channels=16, heads=2, scales=3, points=2, layers=layers, queries=5, feedforward=16, dropout=0.0
    )


def test_refining_a_point_and_a_box_by_hand():
    point = refined(torch.tensor([0.5, 0.8]), torch.tensor([0.0, 0.0, 0.0, math.log(3)]))
    assert point.tolist() == pytest.approx([0.5, 0.8, 0.5, 0.75])
    box = refined(torch.tensor([0.5, 0.5, 0.25, 0.5]), torch.tensor([math.log(3), 0.0, 0.0, 0.0]))
    assert box.tolist() == pytest.approx([0.75, 0.5, 0.25, 0.5])


@pytest.mark.parametrize("edge", [0.0, 1.0, -0.5, 1.5])
def test_a_start_on_the_border_stays_finite(edge: float):
    assert refined(torch.full((4,), edge), torch.zeros(4)).isfinite().all()


def test_boxes_start_at_the_reference_with_an_eighth_of_the_sides_and_later_layers_keep_them():
    decoded = decoder(3)(torch.randn(1, 2, 32, 16), geometry())
    start = decoded.starts[0]
    for boxes in decoded.boxes:
        torch.testing.assert_close(boxes[..., :2], start.expand(1, 2, -1, -1))
        torch.testing.assert_close(boxes[..., 2:], torch.full((1, 2, 5, 2), 1 / (1 + math.exp(2))))


def test_only_the_first_start_passes_gradients_on():
    decoded = decoder(3)(torch.randn(1, 2, 32, 16), geometry())
    assert decoded.starts[0].requires_grad
    assert not any(boxes.requires_grad for boxes in decoded.boxes)
    assert all(start is boxes for start, boxes in zip(decoded.starts[1:], decoded.boxes, strict=False))


def test_frames_and_clips_do_not_see_one_another():
    torch.manual_seed(0)
    encoder = DeformableEncoder(
        channels=16, heads=2, scales=3, points=2, layers=2, feedforward=16, dropout=0.0
    )
    pixels = torch.randn(2, 3, 32, 16)
    together = decoder()(encoder(pixels, geometry(2)), geometry(2)).objects[-1]
    alone = decoder()(encoder(pixels[1:, 2:], geometry()), geometry()).objects[-1]
    torch.testing.assert_close(together[1:, 2:], alone)


def test_the_geometry_of_one_clip_serves_a_batch():
    memory = torch.randn(3, 2, 32, 16)
    one, many = decoder()(memory, geometry(1)), decoder()(memory, geometry(3))
    assert torch.equal(one.objects[-1], many.objects[-1])
    assert torch.equal(one.boxes[-1], many.boxes[-1])
