from __future__ import annotations

import math
from itertools import product

import pytest
import torch
from torch import Tensor

from rvosbench.models.soc.window_attention import WindowAttention, WindowGrid, Windows


def by_definition(attention: WindowAttention, features: Tensor) -> Tensor:
    """Every token against every other of the padded, rolled map, with a score of -inf outside its window."""
    B, _, _, _, C = features.shape
    sizes = features.shape[1:4]
    window = [min(side, size) for side, size in zip(attention.window, sizes, strict=True)]
    padded = [-(-size // side) * side for size, side in zip(sizes, window, strict=True)]
    shift = [
        side // 2 if attention.shifted and size > side else 0
        for side, size in zip(attention.window, sizes, strict=True)
    ]
    # Where a token of the padded map stands after rolling, its window, its place in it, and its part.
    places = list(product(*map(range, padded)))
    rolled = [tuple((p - s) % n for p, s, n in zip(place, shift, padded, strict=True)) for place in places]
    windows = [tuple(p // w for p, w in zip(place, window, strict=True)) for place in rolled]
    inner = [tuple(p % w for p, w in zip(place, window, strict=True)) for place in rolled]
    came_round = [tuple(p < s for p, s in zip(place, shift, strict=True)) for place in places]

    full = list(product(*map(range, attention.window)))
    order = {place: index for index, place in enumerate(product(*map(range, window)))}
    strides = [2 * side - 1 for side in attention.window]

    def bias(query: tuple[int, ...], key: tuple[int, ...]) -> Tensor:
        # Places are numbered within the clipped window and looked up in the full one, as upstream.
        a, b = full[order[query]], full[order[key]]
        row = 0
        for p, q, side, stride in zip(a, b, attention.window, strides, strict=True):
            row = row * stride + (p - q + side - 1)
        return attention.position_bias[row]

    N, heads = len(places), attention.heads
    scores = torch.full((heads, N, N), float("-inf"))
    for i, j in product(range(N), range(N)):
        if windows[i] == windows[j]:
            scores[:, i, j] = bias(inner[i], inner[j]) + (0 if came_round[i] == came_round[j] else -100)
    tokens = torch.zeros(B, *padded, C)
    tokens[:, : sizes[0], : sizes[1], : sizes[2]] = features
    q, k, v = (
        part.view(B, N, heads, -1).transpose(1, 2)
        for part in attention.qkv(tokens).flatten(1, 3).chunk(3, -1)
    )
    mixed = ((q * q.shape[-1] ** -0.5) @ k.transpose(-1, -2) + scores).softmax(-1) @ v
    output = attention.projection(mixed.transpose(1, 2).reshape(B, *padded, C))
    return output[:, : sizes[0], : sizes[1], : sizes[2]]


@pytest.mark.parametrize("shifted", [False, True])
@pytest.mark.parametrize(
    "sizes",
    [
        (2, 3, 3),  # exactly one window
        (2, 6, 6),  # whole windows
        (3, 7, 5),  # every axis padded
        (1, 4, 8),  # fewer frames than the window
        (3, 2, 7),  # fewer rows
        (5, 2, 2),  # fewer rows and columns
        (1, 1, 1),
    ],
)
def test_agrees_with_attention_over_the_whole_map(sizes: tuple[int, int, int], shifted: bool):
    torch.manual_seed(0)
    attention = WindowAttention(8, heads=2, window=(2, 3, 3), shifted=shifted)
    torch.nn.init.normal_(attention.position_bias)
    torch.nn.init.normal_(attention.qkv.bias)
    features = torch.randn(2, *sizes, 8)
    expected = by_definition(attention, features)
    torch.testing.assert_close(attention(features), expected, atol=1e-5, rtol=1e-5)
    with torch.no_grad():
        torch.testing.assert_close(attention(features), expected, atol=1e-5, rtol=1e-5)


def test_gradients_are_those_of_attention_over_the_whole_map():
    torch.manual_seed(0)
    attention = WindowAttention(8, heads=2, window=(2, 3, 3), shifted=True)
    torch.nn.init.normal_(attention.position_bias)
    features = torch.randn(1, 3, 4, 5, 8, requires_grad=True)
    weights = torch.randn(1, 3, 4, 5, 8)
    wanted = (features, *attention.parameters())
    found = torch.autograd.grad((attention(features) * weights).sum(), wanted)
    expected = torch.autograd.grad((by_definition(attention, features) * weights).sum(), wanted)
    for one, other in zip(found, expected, strict=True):
        torch.testing.assert_close(one, other, atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize("at_once", [1, 2, 5, 100])
@pytest.mark.parametrize("shifted", [False, True])
@pytest.mark.parametrize("sizes", [(2, 3, 3), (2, 6, 6), (3, 7, 5), (5, 2, 7), (1, 1, 1)])
def test_some_windows_at_a_time_agree_with_attention_over_the_whole_map(
    sizes: tuple[int, int, int], shifted: bool, at_once: int
):
    torch.manual_seed(0)
    attention = WindowAttention(8, heads=2, window=(2, 3, 3), shifted=shifted)
    torch.nn.init.normal_(attention.position_bias)
    torch.nn.init.normal_(attention.qkv.bias)
    features = torch.randn(1, *sizes, 8)
    windows = Windows.over(sizes, attention.window, shifted=shifted)
    found = torch.full((math.prod(sizes), 8), torch.nan)
    with torch.no_grad():
        bias = attention.bias(windows.grid.window)
        for start in range(0, len(windows.rows), at_once):
            part = windows.part(start, start + at_once)
            assert found[part.rows].isnan().all()  # every token is in one window
            found[part.rows] = attention.attend_windows(features.flatten(0, 3)[part.rows], part, bias)
        expected = by_definition(attention, features)
    torch.testing.assert_close(found.view_as(features), expected, atol=1e-5, rtol=1e-5)


def test_windows_by_hand():
    windows = Windows.over((1, 1, 5), (1, 1, 4), shifted=True)  # 0 1 2 3 4 - - -, rolled back by two
    assert windows.rows.tolist() == [[2, 3, 4, 5], [5, 5, 0, 1]]  # 5: padding
    assert windows.ends == (((None, None, False), 1), ((None, None, True), 2))
    both = windows.part(0, 9)
    assert both.rows.tolist() == [2, 3, 4, 0, 1]
    assert both.token_of.tolist() == [0, 1, 2, 5, 5, 5, 3, 4]
    assert both.kinds == [((None, None, False), slice(0, 1)), ((None, None, True), slice(1, 2))]
    assert windows.part(1, 2).kinds == [((None, None, True), slice(0, 1))]


def test_a_grid_by_hand():
    grid = WindowGrid.over((3, 16, 6), (8, 7, 7), shifted=True)
    assert grid == WindowGrid(window=(3, 7, 6), counts=(1, 3, 1), padding=(0, 5, 0), shift=(0, 3, 0))
    assert WindowGrid.over((3, 16, 6), (8, 7, 7), shifted=False).shift == (0, 0, 0)
    assert WindowGrid.over((8, 7, 7), (8, 7, 7), shifted=True).shift == (0, 0, 0)


def test_tables_made_in_inference_serve_training():
    attention = WindowAttention(8, heads=2, window=(3, 4, 5), shifted=True)
    features = torch.randn(1, 4, 6, 7, 8)
    with torch.inference_mode():
        attention(features)
    attention(features).sum().backward()
    assert attention.position_bias.grad is not None
