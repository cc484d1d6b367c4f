from __future__ import annotations

import torch
from torch import nn

from rvosbench.models.soc.fusion import Gate


def test_a_gate_is_a_product_with_what_is_attended_to():
    torch.manual_seed(0)
    gate = Gate(16, heads=4)
    attention = nn.MultiheadAttention(16, 4, batch_first=True)
    attention.load_state_dict(gate.attention.state_dict())
    pixels, words, positions = torch.randn(2, 9, 16), torch.randn(2, 5, 16), torch.randn(2, 5, 16)
    is_padding = torch.tensor([[False] * 5, [False, False, True, True, True]])
    attended, _ = attention(pixels, words + positions, words, key_padding_mask=is_padding)
    torch.testing.assert_close(gate(pixels, words, positions, is_padding), pixels * attended)


def test_one_clip_is_gated_by_many_sentences():
    torch.manual_seed(0)
    gate = Gate(16, heads=4)
    pixels, words, positions = torch.randn(1, 9, 16), torch.randn(3, 5, 16), torch.randn(3, 5, 16)
    is_padding = torch.zeros(3, 5, dtype=torch.bool)
    together = gate(pixels, words, positions, is_padding)
    for row in range(3):
        alone = gate(pixels, words[[row]], positions[[row]], is_padding[[row]])
        torch.testing.assert_close(together[[row]], alone)
