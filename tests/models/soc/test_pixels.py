from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from rvosbench.models.soc.pixels import MEAN, STD, normalise, resize, resized_size

SIDES = st.integers(1, 3000)


@pytest.mark.parametrize(
    ("size", "expected"),
    [
        ((720, 1280), (360, 640)),
        ((1280, 720), (640, 360)),
        ((480, 854), (360, 640)),  # 640.5 is rounded down
        ((480, 910), (338, 640)),  # 682 would be too long: the long side decides; 337.6 is rounded
        ((100, 100), (360, 360)),
    ],
)
def test_sizes_by_hand(size: tuple[int, int], expected: tuple[int, int]) -> None:
    assert resized_size(size, 360, 640) == expected


@given(SIDES, SIDES, st.integers(1, 400), st.integers(400, 800))
def test_sizes_stay_within_the_limits_and_turn_with_the_frame(
    height: int, width: int, short: int, long: int
) -> None:
    h, w = resized_size((height, width), short, long)
    assert 1 <= min(h, w) <= short
    assert max(h, w) <= long + max(height, width) / min(height, width)  # the short side is whole pixels
    assert resized_size((width, height), short, long) == (w, h)


def test_resizing_is_pillows() -> None:
    frames = np.random.default_rng(0).integers(0, 256, (2, 3, 20, 31), dtype=np.uint8)
    resized = resize(frames, (9, 12))
    assert resized.shape == (2, 3, 9, 12)
    image = Image.fromarray(frames[1].transpose(1, 2, 0)).resize((12, 9), Image.Resampling.BILINEAR)
    assert np.array_equal(resized[1].transpose(1, 2, 0), np.asarray(image))


def test_frames_of_the_right_size_are_not_touched() -> None:
    frames = np.zeros((1, 3, 4, 5), np.uint8)
    assert resize(frames, (4, 5)) is frames


def test_normalising_takes_the_mean_to_zero_and_the_deviation_to_one() -> None:
    mean, deviation = torch.tensor(MEAN), torch.tensor(STD)
    frames = torch.stack([mean, mean + deviation])[:, :, None, None]
    torch.testing.assert_close(normalise(frames)[..., 0, 0], torch.tensor([[0.0] * 3, [1.0] * 3]))
