"""Video Swin Transformer: the backbone, four feature maps of a whole clip.

Source: Liu et al., "Video Swin Transformer", CVPR 2022, with the two changes of SOC and MTTR: frames
are not merged in time (patches of 1 x 4 x 4), and each stage's output is taken before it is halved,
without a final normalisation. Padding of a batch is attended to like any other pixel.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import torch.nn.functional as F
from torch import Tensor, nn

from rvosbench.models.soc.parts import FLOATS_AT_ONCE, by_frames, pays
from rvosbench.models.soc.window_attention import Sizes, WindowAttention, Windows


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
        return list(self.each_stage(frames))

    def each_stage(self, frames: Tensor) -> Iterator[Tensor]:
        """As `forward`, one stage at a time: a caller that drops a stage's features frees their memory."""
        features = self.patches(frames)
        in_parts = pays(features) and not self.training
        for index, stage in enumerate(self.stages):
            if index:
                features = self.halvings[index - 1](features)
            if in_parts:
                for block in stage:  # type: ignore[attr-defined]
                    block.update_(features)
            else:
                features = stage(features)
            yield features


class PatchEmbedding(nn.Module):
    """Pixels to one token per 4 x 4 patch of a frame."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.projection = nn.Conv3d(3, channels, kernel_size=(1, 4, 4), stride=(1, 4, 4))
        self.norm = nn.LayerNorm(channels)

    def forward(self, frames: Tensor) -> Tensor:
        """(B, T, 3, H, W) to (B, T, H / 4, W / 4, C), sides rounded up."""
        images = frames.flatten(0, 1)
        # A patch of 48 numbers becomes a token, and the norm makes another.
        widest = images.shape[1:].numel() * max(1, self.norm.normalized_shape[0] // 48)
        tokens = by_frames(self._embed, images, widest=widest)
        return tokens.view(*frames.shape[:2], *tokens.shape[1:])

    def _embed(self, images: Tensor) -> Tensor:
        """(N, 3, H, W) to (N, H / 4, W / 4, C)."""
        H, W = images.shape[2:]
        pixels = F.pad(images, (0, -W % 4, 0, -H % 4))
        weight = self.projection.weight.squeeze(2)  # one frame deep: a 2D convolution, which is faster
        tokens = F.conv2d(pixels, weight, self.projection.bias, stride=4).permute(0, 2, 3, 1)
        normed: Tensor = self.norm(tokens)
        return normed.contiguous()


class Halving(nn.Module):
    """Merge 2 x 2 tokens into one of twice the width."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(4 * channels)
        self.reduction = nn.Linear(4 * channels, 2 * channels, bias=False)

    def forward(self, features: Tensor) -> Tensor:
        """(B, T, h, w, C) to (B, T, h / 2, w / 2, 2 C), sides rounded up."""
        tokens = by_frames(self._merge, features.flatten(0, 1))
        return tokens.view(*features.shape[:2], *tokens.shape[1:])

    def _merge(self, images: Tensor) -> Tensor:
        """(N, h, w, C) to (N, h / 2, w / 2, 2 C)."""
        N, H, W, C = images.shape
        images = F.pad(images, (0, 0, 0, W % 2, 0, H % 2))
        quads = images.reshape(N, (H + 1) // 2, 2, (W + 1) // 2, 2, C)
        # Channel order of the published weights: columns outside, rows inside.
        merged: Tensor = self.reduction(self.norm(quads.permute(0, 1, 3, 4, 2, 5).flatten(3)))
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
        self.hidden = int(channels * mlp_ratio)
        self.mlp = nn.Sequential(
            nn.Linear(channels, self.hidden), nn.GELU(), nn.Linear(self.hidden, channels)
        )
        self.drop_path = drop_path

    def forward(self, features: Tensor) -> Tensor:
        """(B, T, h, w, C) to the same."""
        features = features + self._drop(self.attention(self.attention_norm(features)))
        return features + self._drop(self.mlp(self.mlp_norm(features)))

    def update_(self, features: Tensor) -> None:
        """`forward` in evaluation without gradients, in place, a few windows at a time.

        Windows share nothing but weights, so each part goes from the first norm to the last sum while it
        is in the cache.

        Args:
            features: (B, T, h, w, C), contiguous.
        """
        attention = self.attention
        windows = Windows.over(features.shape[1:4], attention.window, shifted=attention.shifted)
        bias = attention.bias(windows.grid.window)
        at_once = max(1, FLOATS_AT_ONCE // (windows.rows.shape[1] * self.hidden))
        for clip in features.view(len(features), -1, features.shape[-1]):
            for start in range(0, len(windows.rows), at_once):
                part = windows.part(start, start + at_once)
                tokens = clip.index_select(0, part.rows)
                tokens += attention.attend_windows(self.attention_norm(tokens), part, bias)
                tokens += self.mlp(self.mlp_norm(tokens))
                clip.index_copy_(0, part.rows, tokens)

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
