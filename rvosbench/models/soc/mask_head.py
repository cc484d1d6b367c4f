"""From pixels and object queries to masks: a feature pyramid and a dynamic convolution per query.

Source: Tian et al., "Conditional Convolutions for Instance Segmentation", ECCV 2020 (CondInst).
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import torch
import torch.nn.functional as F
from torch import Tensor, nn

STRIDE = 4  # px of the input per cell of a mask
GROUPS = 8


class PixelDecoder(nn.Module):
    """Encoder memory at strides 32, 16, 8 and backbone features at stride 4 to mask features."""

    def __init__(self, channels: int, stride4_channels: int, mask_channels: int) -> None:
        super().__init__()
        widths = [channels, channels // 2, channels // 4, channels // 8, channels // 16]
        inputs = [channels, *widths[:-1]]
        self.convolutions = nn.ModuleList(
            nn.Conv2d(before, after, 3, padding=1) for before, after in zip(inputs, widths, strict=True)
        )
        self.norms = nn.ModuleList(nn.GroupNorm(GROUPS, width) for width in widths)
        self.laterals = nn.ModuleList(
            nn.Conv2d(before, after, 1)
            for before, after in zip([channels, channels, stride4_channels], widths[1:4], strict=True)
        )
        self.output = nn.Conv2d(widths[-1], mask_channels, 3, padding=1)
        for module in self.modules():
            if isinstance(module, nn.Conv2d):
                nn.init.kaiming_uniform_(module.weight, a=1)
                nn.init.zeros_(module.bias)  # type: ignore[arg-type]

    def lateral(self, features: Tensor) -> Tensor:
        """What the last step takes from the backbone; it needs no text.

        (N, stride 4 channels, h, w) to (N, C / 8, h, w).
        """
        lateral: Tensor = self.laterals[2](features)
        return lateral

    def forward(self, stride32: Tensor, stride16: Tensor, stride8: Tensor, lateral4: Tensor) -> Tensor:
        """
        Args:
            stride32: (N, C, h, w) encoder memory.
            stride16: (N, C, h, w).
            stride8: (N, C, h, w).
            lateral4: (N, C / 8, h, w) from `lateral`.

        Returns:
            (N, mask channels, h, w) at stride 4.
        """
        features = self._step(0, stride32)
        features = self._step(1, features)
        features = self._step(2, _upsample(features, self.laterals[0](stride16)))
        features = self._step(3, _upsample(features, self.laterals[1](stride8)))
        features = self._step(4, _upsample(features, lateral4))
        output: Tensor = self.output(features)
        return output

    def _step(self, index: int, features: Tensor) -> Tensor:
        return F.relu(self.norms[index](self.convolutions[index](features)))


def _upsample(coarse: Tensor, lateral: Tensor) -> Tensor:
    """The sum of a lateral map and a coarser one, scaled up to it by the nearest neighbour."""
    return lateral + F.interpolate(coarse, size=lateral.shape[-2:], mode="nearest")


def dynamic_parameters(channels: int, layers: int) -> list[tuple[int, int]]:
    """(inputs, outputs) of each layer of a query's little network.

    The first also reads the pixel's position relative to the object, the last gives the logit.
    """
    widths = [channels + 2, *[channels] * (layers - 1), 1]
    return list(pairwise(widths))


def dynamic_masks(features: Tensor, parameters: Tensor, centres_px: Tensor, layers: int) -> Tensor:
    """Run every query's own network over the features of its frame.

    Args:
        features: (N, D, h, w) at stride 4.
        parameters: (N, Q, P): the weights of all layers, then their biases.
        centres_px: (N, Q, 2) x, y of the object in pixels of the input.
        layers: of the little network.

    Returns:
        (N, Q, h, w) logits.
    """
    # Distances of hundreds of pixels are multiplied and summed: too much for bfloat16's eight bits.
    with torch.autocast(features.device.type, enabled=False):
        return _dynamic_masks(features.float(), parameters.float(), centres_px.float(), layers)


def _dynamic_masks(features: Tensor, parameters: Tensor, centres_px: Tensor, layers: int) -> Tensor:
    """`dynamic_masks` in float32."""
    N, D, h, w = features.shape
    Q = parameters.shape[1]
    shapes = dynamic_parameters(D, layers)
    sizes = [inputs * outputs for inputs, outputs in shapes]
    *weights, biases = torch.split(parameters, [*sizes, parameters.shape[2] - sum(sizes)], dim=2)
    bias_parts = torch.split(biases, [outputs for _, outputs in shapes], dim=2)

    # Layer 1 reads [features, x, y]: the weights of the features make one product for all queries, and
    # those of the position a sum of a row and a column, instead of a copy of the features per query.
    first = weights[0].reshape(N, Q, -1, D + 2)  # (N, Q, outputs, D + 2)
    x_px = torch.arange(w, device=features.device) * STRIDE + STRIDE // 2
    y_px = torch.arange(h, device=features.device) * STRIDE + STRIDE // 2
    columns = first[..., D, None] * (centres_px[..., None, None, 0] - x_px)  # (N, Q, outputs, w)
    rows = first[..., D + 1, None] * (centres_px[..., None, None, 1] - y_px)
    rows = rows + bias_parts[0].unsqueeze(-1)
    from_position = (rows.unsqueeze(-1) + columns.unsqueeze(-2)).reshape(N, -1, h * w)
    hidden = torch.baddbmm(from_position, first[..., :D].flatten(1, 2), features.flatten(2))
    hidden = hidden.view(N * Q, -1, h * w)
    for (inputs, outputs), weight, bias in zip(shapes[1:], weights[1:], bias_parts[1:], strict=True):
        hidden = torch.baddbmm(
            bias.reshape(N * Q, outputs, 1), weight.reshape(N * Q, outputs, inputs), hidden.relu_()
        )
    return hidden.view(N, Q, h, w)


def parameter_count(channels: int, layers: int) -> int:
    """Numbers that describe one query's network."""
    return sum((inputs + 1) * outputs for inputs, outputs in dynamic_parameters(channels, layers))


def frame_sizes(sizes: Sequence[tuple[int, int]], device: torch.device) -> Tensor:
    """(B, 2) float32, width and height in pixels, from B x (height, width)."""
    return torch.tensor([(width, height) for height, width in sizes], dtype=torch.float32, device=device)
