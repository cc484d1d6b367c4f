from __future__ import annotations

import math

import pytest
import torch

from rvosbench.models.soc.position import pixel_positions, valid_ratios, word_positions


def padded(height: int, width: int, *, rows: int, columns: int) -> torch.Tensor:
    is_padding = torch.ones(1, height, width, dtype=torch.bool)
    is_padding[:, :rows, :columns] = False
    return is_padding


def test_a_pixel_by_hand():
    positions = pixel_positions(padded(4, 5, rows=2, columns=4), channels=4)
    # Row 1 of 2, column 2 of 4; two channels each: the sine and the cosine of the first wavelength.
    row, column = 1.5 / 2 * 2 * math.pi, 2.5 / 4 * 2 * math.pi
    expected = [math.sin(row), math.cos(row), math.sin(column), math.cos(column)]
    assert positions[0, 1, 2].tolist() == pytest.approx(expected, abs=1e-5)


def test_a_word_by_hand():
    is_padding = torch.tensor([[False, False, False, True]])
    positions = word_positions(is_padding, channels=4)
    phase = 2 / 3 * 2 * math.pi
    expected = [math.sin(phase), math.cos(phase), math.sin(phase / 100), math.cos(phase / 100)]
    assert positions[0, 1].tolist() == pytest.approx(expected, abs=1e-5)


def test_padding_does_not_move_the_image():
    alone = pixel_positions(padded(3, 4, rows=3, columns=4), channels=8)
    within = pixel_positions(padded(6, 9, rows=3, columns=4), channels=8)
    assert torch.equal(within[:, :3, :4], alone)


def test_ratios_are_width_then_height():
    assert valid_ratios(padded(4, 5, rows=1, columns=4)).tolist() == [[pytest.approx(0.8), 0.25]]
