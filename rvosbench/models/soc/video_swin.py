"""Video Swin Transformer: the backbone, four feature maps of a whole clip.

Source: Liu et al., "Video Swin Transformer", CVPR 2022, with the two changes of SOC and MTTR: frames
are not merged in time (patches of 1 x 4 x 4), and each stage's output is taken before it is halved,
without a final normalisation. Padding of a batch is attended to like any other pixel.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch.nn.functional as F
from torch import Tensor, nn

from rvosbench.models.soc.window_attention import Sizes, WindowAttention


class VideoSwin(nn.Module):
    """A clip to its features at strides 4, 8, 16 and 32."""

    def __init__(
        self,
        *,
        channels: int,
        depths: Sequence[int],
        heads: Sequence[int],
        window: Sizes,
        mlp_ratio: float,
        drop_path: float,
    ) -> None:
        super().__init__()
        self.widths = tuple(channels << stage for stage in range(len(depths)))
        self.patches = PatchEmbedding(channels)
        blocks = sum(depths)
        rates = iter([drop_path * block / max(blocks - 1, 1) for block in range(blocks)])
        self.stages = nn.ModuleList(
            nn.Sequential(
                *(
                    Block(
                        width,
                        count,
                        window,
                        shifted=index % 2 == 1,
                        mlp_ratio=mlp_ratio,
                        drop_path=next(rates),
                    )
                    for index in range(depth)
                )
            )
            for width, count, depth in zip(self.widths, heads, depths, strict=True)
        )
        self.halvings = nn.ModuleList(Halving(width) for width in self.widths[:-1])
        self.apply(_initialise)

    def forward(self, frames: Tensor) -> list[Tensor]:
        """
        Args:
            frames: (B, T, 3, H, W) float, normalised.

        Returns:
            Per stage (B, T, h, w, C) at stride 4, 8, 16, 32; sides are rounded up.
        """
        features = self.patches(frames)
        outputs = []
        for index, stage in enumerate(self.stages):
            if index:
                features = self.halvings[index - 1](features)
            features = stage(features)
            outputs.append(features)
        return outputs


class PatchEmbedding(nn.Module):
    """Pixels to one token per 4 x 4 patch of a frame."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.projection = nn.Conv3d(3, channels, kernel_size=(1, 4, 4), stride=(1, 4, 4))
        self.norm = nn.LayerNorm(channels)

    def forward(self, frames: Tensor) -> Tensor:
        """(B, T, 3, H, W) to (B, T, H / 4, W / 4, C), sides rounded up."""
        B, _, _, H, W = frames.shape
        pixels = F.pad(frames.flatten(0, 1), (0, -W % 4, 0, -H % 4))
        weight = self.projection.weight.squeeze(2)  # one frame deep: a 2D convolution, which is faster
        tokens = F.conv2d(pixels, weight, self.projection.bias, stride=4).permute(0, 2, 3, 1)
        normed: Tensor = self.norm(tokens)
        return normed.reshape(B, -1, *normed.shape[1:])


class Halving(nn.Module):
    """Merge 2 x 2 tokens into one of twice the width."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(4 * channels)
        self.reduction = nn.Linear(4 * channels, 2 * channels, bias=False)

    def forward(self, features: Tensor) -> Tensor:
        """(B, T, h, w, C) to (B, T, h / 2, w / 2, 2 C), sides rounded up."""
        B, T, H, W, C = features.shape
        features = F.pad(features, (0, 0, 0, W % 2, 0, H % 2))
        quads = features.reshape(B, T, (H + 1) // 2, 2, (W + 1) // 2, 2, C)
        # Channel order of the published weights: columns outside, rows inside.
        merged: Tensor = self.reduction(self.norm(quads.permute(0, 1, 2, 4, 5, 3, 6).flatten(4)))
        return merged


class Block(nn.Module):
    """Attention within windows, then an MLP, each with a residual."""

    def __init__(
        self, channels: int, heads: int, window: Sizes, *, shifted: bool, mlp_ratio: float, drop_path: float
    ) -> None:
        super().__init__()
        self.attention_norm = nn.LayerNorm(channels)
        self.attention = WindowAttention(channels, heads, window, shifted=shifted)
        self.mlp_norm = nn.LayerNorm(channels)
        self.mlp = nn.Sequential(
            nn.Linear(channels, int(channels * mlp_ratio)),
            nn.GELU(),
            nn.Linear(int(channels * mlp_ratio), channels),
        )
        self.drop_path = drop_path

    def forward(self, features: Tensor) -> Tensor:
        """(B, T, h, w, C) to the same."""
        features = features + self._drop(self.attention(self.attention_norm(features)))
        return features + self._drop(self.mlp(self.mlp_norm(features)))

    def _drop(self, branch: Tensor) -> Tensor:
        """Stochastic depth: leave a whole clip's branch out, and scale the others up."""
        if not self.training or not self.drop_path:
            return branch
        keep = 1 - self.drop_path
        kept = branch.new_empty(branch.shape[0], 1, 1, 1, 1).bernoulli_(keep)
        return branch * (kept / keep)


def _initialise(module: nn.Module) -> None:
    """As the published backbone: truncated normal of 0.02 for projections and position biases."""
    if isinstance(module, nn.Linear):
        nn.init.trunc_normal_(module.weight, std=0.02)
        if module.bias is not None:
            nn.init.zeros_(module.bias)
    elif isinstance(module, WindowAttention):
        nn.init.trunc_normal_(module.position_bias, std=0.02)
