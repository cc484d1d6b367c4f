from __future__ import annotations

import math
from itertools import product

import pytest
import torch
from torch import Tensor

from rvosbench.models.soc.deformable_attention import DeformableAttention, sample

SHAPES = ((3, 4), (2, 1))
S = 14  # pixels of both scales


def by_definition(values: Tensor, places: Tensor, weights: Tensor) -> Tensor:
    """Bilinear reading, one place after the other; a pixel outside the map is zero."""
    B, T, N, heads, scales, points, _ = places.shape
    channels = values.shape[3] // heads
    output = torch.zeros(B, T, N, heads, channels)
    for b, t, n, head, scale, point in product(*map(range, (B, T, N, heads, scales, points))):
        height, width = SHAPES[scale]
        first = sum(h * w for h, w in SHAPES[:scale])
        x = (places[b, t, n, head, scale, point, 0].item() + 1) / 2 * width - 0.5
        y = (places[b, t, n, head, scale, point, 1].item() + 1) / 2 * height - 0.5
        for column, row in product((math.floor(x), math.floor(x) + 1), (math.floor(y), math.floor(y) + 1)):
            if 0 <= column < width and 0 <= row < height:
                share = (1 - abs(x - column)) * (1 - abs(y - row))
                pixel = values[b, t, first + row * width + column].view(heads, channels)[head]
                output[b, t, n, head] += weights[b, t, n, head, scale, point] * share * pixel
    return output.flatten(3)


def random_input(seed: int) -> tuple[Tensor, Tensor, Tensor]:
    torch.manual_seed(seed)
    values = torch.randn(2, 2, S, 6)
    places = torch.rand(2, 2, 5, 3, 2, 4, 2) * 3 - 1.5  # a third of them outside
    return values, places, torch.rand(2, 2, 5, 3, 2, 4)


@pytest.mark.parametrize("seed", range(5))
def test_sampling_agrees_with_its_definition_with_and_without_gradients(seed: int):
    values, places, weights = random_input(seed)
    expected = by_definition(values, places, weights)
    torch.testing.assert_close(sample(values, SHAPES, places, weights), expected, atol=1e-5, rtol=1e-5)
    with torch.no_grad():
        torch.testing.assert_close(sample(values, SHAPES, places, weights), expected, atol=1e-5, rtol=1e-5)


@pytest.mark.parametrize("place", [-1.0, 1.0, -1.25, 1.25, 0.0, 1e6, -1e6])
def test_both_ways_of_sampling_agree_on_borders_and_far_outside(place: float):
    values, places, weights = random_input(0)
    places.fill_(place)
    with torch.no_grad():
        found = sample(values, SHAPES, places, weights)
    torch.testing.assert_close(found, sample(values, SHAPES, places, weights), atol=1e-5, rtol=1e-5)


def fixed_attention(offset: tuple[float, float]) -> DeformableAttention:
    """Every head reads its own channels of the values at one and the same offset, unweighted."""
    attention = DeformableAttention(4, heads=2, scales=2, points=1)
    with torch.no_grad():
        attention.sampling_offsets.bias.copy_(torch.tensor(offset).repeat(4))
        for projection in (attention.value_proj, attention.output_proj):
            projection.weight.copy_(torch.eye(4))
    return attention


def test_an_offset_from_a_point_is_in_pixels_of_the_scale():
    attention = fixed_attention((1.0, -1.0))
    memory = torch.arange(float(S)).view(1, 1, S, 1).expand(-1, -1, -1, 4)
    point = torch.tensor([1.5 / 4, 1.5 / 3]).expand(1, 1, 1, 2, 2)  # pixel (row 1, column 1) of 3 x 4
    read = attention(torch.randn(1, 1, 1, 4), point, memory, SHAPES, torch.zeros(1, 1, S, dtype=torch.bool))
    # One right, one up: pixel 2. On the scale of two rows and one column, the point is at column -1/8 and
    # row 1/2, so the place at 7/8 and -1/2: an eighth of the column times half the row of pixel 12.
    torch.testing.assert_close(read, torch.full((1, 1, 1, 4), (2 + 12 / 8 / 2) / 2))


def test_an_offset_from_a_box_is_in_halves_of_its_sides():
    attention = fixed_attention((1.0, -1.0))
    memory = torch.arange(float(S)).view(1, 1, S, 1).expand(-1, -1, -1, 4)
    box = torch.tensor([1.5 / 4, 1.5 / 3, 2 / 4, 2 / 3]).expand(1, 1, 1, 2, 4)  # two pixels by two
    read = attention(torch.randn(1, 1, 1, 4), box, memory, SHAPES, torch.zeros(1, 1, S, dtype=torch.bool))
    # The corner lies one pixel right and up: pixel 2 of the first scale. On the second, whose pixels are
    # 0 and 1 of a column, x is 0.625 and y is 1 / 6 of the map: 7/8 of a column, 5/6 of pixel 12.
    torch.testing.assert_close(read, torch.full((1, 1, 1, 4), (2 + 12 * 7 / 8 * 5 / 6) / 2))


def test_padding_reads_as_zero():
    torch.manual_seed(0)
    attention = DeformableAttention(4, heads=2, scales=2, points=3)
    torch.nn.init.normal_(attention.value_proj.bias)
    is_padding = torch.zeros(1, 1, S, dtype=torch.bool)
    is_padding[..., 5:] = True
    queries, points = torch.randn(1, 1, 6, 4), torch.rand(1, 1, 6, 2, 2)
    memory = torch.randn(1, 1, S, 4)
    other = torch.where(is_padding[..., None], torch.randn(1, 1, S, 4), memory)
    assert torch.equal(
        attention(queries, points, memory, SHAPES, is_padding),
        attention(queries, points, other, SHAPES, is_padding),
    )


def test_at_first_heads_look_in_all_directions_and_weigh_points_alike():
    attention = DeformableAttention(32, heads=8, scales=2, points=3)
    offsets = attention.sampling_offsets(torch.randn(32)).view(8, 2, 3, 2)
    directions = [(1, 0), (1, 1), (0, 1), (-1, 1), (-1, 0), (-1, -1), (0, -1), (1, -1)]
    for head, scale, point in product(range(8), range(2), range(3)):
        expected = [(point + 1) * step for step in directions[head]]
        assert offsets[head, scale, point].tolist() == pytest.approx(expected, abs=1e-5)
    assert not attention.attention_weights(torch.randn(32)).any()
