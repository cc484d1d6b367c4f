from __future__ import annotations

import numpy as np
import torch

from rvosbench.models.soc.pixels import MEAN, STD, to_input


def test_the_input_is_normalised_and_channels_come_first() -> None:
    frames = torch.from_numpy(np.random.default_rng(0).integers(0, 256, (2, 5, 7, 3), dtype=np.uint8))
    found = to_input(frames)
    assert (found.shape, found.dtype, found.is_contiguous()) == ((2, 3, 5, 7), torch.float32, True)
    for channel in range(3):
        expected = (frames[..., channel].float() / 255 - MEAN[channel]) / STD[channel]
        assert torch.equal(found[:, channel], expected)


def test_batches_are_turned_like_clips() -> None:
    frames = torch.randint(0, 256, (2, 3, 5, 7, 3), dtype=torch.uint8)
    assert torch.equal(to_input(frames)[1], to_input(frames[1]))
