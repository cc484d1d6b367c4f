from __future__ import annotations

import torch
from torch import Tensor, nn

from rvosbench.models.soc.attention import Attention, attend


def reference(attention: Attention) -> nn.MultiheadAttention:
    """PyTorch's module with the same weights."""
    module = nn.MultiheadAttention(attention.out_proj.in_features, attention.heads, batch_first=True)
    module.load_state_dict(attention.state_dict())
    return module


def random_attention() -> Attention:
    torch.manual_seed(0)
    attention = Attention(24, heads=3)
    nn.init.normal_(attention.in_proj_bias)
    nn.init.normal_(attention.out_proj.bias)
    return attention


def test_agrees_with_pytorch_where_keys_are_padding():
    attention = random_attention()
    queries, keys, values = torch.randn(2, 5, 24), torch.randn(2, 7, 24), torch.randn(2, 7, 24)
    is_padding = torch.zeros(2, 7, dtype=torch.bool)
    is_padding[0, 4:] = True
    expected, _ = reference(attention)(queries, keys, values, key_padding_mask=is_padding)
    torch.testing.assert_close(attention(queries, keys, values, ~is_padding[:, None, None]), expected)


def test_one_sequence_serves_a_batch_on_either_side():
    attention = random_attention()
    one, many = torch.randn(1, 5, 24), torch.randn(4, 7, 24)
    repeated = one.expand(4, -1, -1)
    torch.testing.assert_close(attention(one, many, many), attention(repeated, many, many))
    torch.testing.assert_close(attention(many, one, one), attention(many, repeated, repeated))


def test_a_mask_that_learns_gives_the_same_answer_and_gradients():
    torch.manual_seed(0)
    q, k, v = (torch.randn(2, 3, 6, 4, dtype=torch.float64, requires_grad=True) for _ in range(3))
    mask = torch.randn(3, 6, 6, dtype=torch.float64, requires_grad=True)

    def by_hand(q: Tensor, k: Tensor, v: Tensor, mask: Tensor) -> Tensor:
        return ((q @ k.transpose(-1, -2)) / 2 + mask).softmax(-1) @ v  # 2: the root of 4 channels

    outputs = attend(q, k, v, mask), by_hand(q, k, v, mask), attend(q, k, v, mask.detach())
    torch.testing.assert_close(outputs[0], outputs[1])
    torch.testing.assert_close(outputs[2], outputs[1])
    weights = torch.randn_like(outputs[0])
    found, expected = (torch.autograd.grad((out * weights).sum(), (q, k, v, mask)) for out in outputs[:2])
    torch.testing.assert_close(found, expected)


def test_dropout_acts_in_training_only():
    torch.manual_seed(0)
    attention = Attention(24, heads=3, dropout=0.5)
    x = torch.randn(1, 9, 24)
    assert not torch.equal(attention(x, x, x), attention(x, x, x))
    attention.eval()
    assert torch.equal(attention(x, x, x), attention(x, x, x))
