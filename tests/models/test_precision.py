from __future__ import annotations

import pytest
import torch

from rvosbench.errors import UnknownNameError
from rvosbench.models.precision import computing_in


def test_products_are_bfloat16_only_where_asked():
    one = torch.ones(2, 2)
    with computing_in("fp32", "cpu"):
        assert (one @ one).dtype == torch.float32
    with computing_in("bf16", "cpu"):
        assert (one @ one).dtype == torch.bfloat16
    assert (one @ one).dtype == torch.float32


def test_another_precision_is_refused():
    with pytest.raises(UnknownNameError, match="'fp8' is not known; expected fp32 or bf16"):
        computing_in("fp8", "cpu")
