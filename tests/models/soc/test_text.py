from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch

from rvosbench.models.soc.text import TextProjection, normalise_text, tokenise, word_mean


def test_text_is_lower_case_with_single_spaces():
    assert normalise_text("\n The  RED\tcar ") == "the red car"


def test_tokens_are_padded_to_the_longest_sentence_and_cut_at_the_limit(small_soc: Callable[..., Any]):
    tokenizer = small_soc().tokenizer
    ids, is_padding = tokenise(tokenizer, ["a", "A  b c"], longest=10)
    assert is_padding.tolist() == [[False, False, False, True, True], [False] * 5]
    assert ids[0, 1] == ids[1, 1]
    assert tokenise(tokenizer, ["a b c d e f"], longest=4)[0].shape == (1, 4)


def test_the_projection_normalises_every_word():
    torch.manual_seed(0)
    projection = TextProjection(6, 16, dropout=0.0)
    projected = projection(torch.randn(2, 3, 6))
    torch.testing.assert_close(projected.mean(-1), torch.zeros(2, 3), atol=1e-6, rtol=0)
    torch.testing.assert_close(projected.var(-1, unbiased=False), torch.ones(2, 3))


def test_the_mean_over_words_leaves_padding_out():
    features = torch.tensor([[[1.0], [3.0], [100.0]], [[5.0], [7.0], [9.0]]])
    is_padding = torch.tensor([[False, False, True], [False, False, False]])
    assert word_mean(features, is_padding).tolist() == [[2.0], [7.0]]
