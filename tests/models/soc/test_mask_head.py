from __future__ import annotations

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from rvosbench.models.soc.mask_head import PixelDecoder, dynamic_masks, frame_sizes, parameter_count


def by_definition(features: Tensor, parameters: Tensor, centre: Tensor, layers: int) -> Tensor:
    """One query's network, convolution by convolution, over a copy of the features and the places."""
    D, h, w = features.shape
    x = (torch.arange(w) * 4 + 2).expand(h, w)
    y = (torch.arange(h) * 4 + 2).unsqueeze(1).expand(h, w)
    hidden = torch.cat([features, torch.stack([centre[0] - x, centre[1] - y])]).unsqueeze(0)
    inputs = [D + 2, *[D] * (layers - 1)]
    outputs = [*[D] * (layers - 1), 1]
    sizes = [a * b for a, b in zip(inputs, outputs, strict=True)]
    weights = parameters[: sum(sizes)].split(sizes)
    biases = parameters[sum(sizes) :].split(outputs)
    for layer in range(layers):
        weight = weights[layer].view(outputs[layer], inputs[layer], 1, 1)
        hidden = F.conv2d(hidden, weight, biases[layer])
        if layer < layers - 1:
            hidden = hidden.relu()
    return hidden[0, 0]


@pytest.mark.parametrize("layers", [1, 2, 3])
def test_dynamic_masks_are_a_network_per_query(layers: int):
    torch.manual_seed(0)
    features = torch.randn(2, 8, 3, 5)
    parameters = torch.randn(2, 4, parameter_count(8, layers))
    centres = torch.rand(2, 4, 2) * 20
    masks = dynamic_masks(features, parameters, centres, layers)
    for n in range(2):
        for query in range(4):
            expected = by_definition(features[n], parameters[n, query], centres[n, query], layers)
            torch.testing.assert_close(masks[n, query], expected, atol=1e-3, rtol=1e-4)


def test_a_mask_moves_with_its_centre():
    torch.manual_seed(0)
    parameters = torch.randn(1, 1, parameter_count(8, 3))
    features = torch.zeros(1, 8, 6, 9)
    here = dynamic_masks(features, parameters, torch.tensor([[[10.0, 6.0]]]), 3)
    there = dynamic_masks(features, parameters, torch.tensor([[[18.0, 10.0]]]), 3)
    # 8 px are two cells to the right, 4 px one cell down.
    torch.testing.assert_close(there[..., 1:, 2:], here[..., :-1, :-2], atol=1e-4, rtol=1e-4)


def test_the_published_network_has_169_numbers():
    assert parameter_count(8, 3) == (8 + 2) * 8 + 8 * 8 + 8 + 8 + 8 + 1 == 169


def test_mask_features_have_the_size_of_stride_four():
    decoder = PixelDecoder(128, 24, 8)
    maps = [torch.randn(2, 128, *size) for size in ((3, 5), (6, 9), (12, 17))]
    lateral = decoder.lateral(torch.randn(2, 24, 23, 34))
    assert decoder(*maps, lateral).shape == (2, 8, 23, 34)


def test_frame_sizes_are_width_then_height():
    assert frame_sizes([(3, 5), (7, 9)], torch.device("cpu")).tolist() == [[5, 3], [9, 7]]
