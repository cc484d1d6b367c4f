from __future__ import annotations

from collections import Counter

import pytest
import torch
from transformers import RobertaConfig, RobertaModel

from rvosbench.models.soc.config import SOCConfig
from rvosbench.models.soc.model import SOC
from rvosbench.models.soc.original_names import renamed
from tests.goldens.soc.recordings import manifest

BACKBONES = {
    "t": {},
    "b": {
        "backbone_channels": 128,
        "backbone_depths": (2, 2, 18, 2),
        "backbone_heads": (4, 8, 16, 32),
    },
}


@pytest.mark.parametrize("size", BACKBONES)
def test_every_entry_of_a_published_model_has_its_place_and_shape(size: str):
    with torch.device("meta"):
        roberta = RobertaModel(
            RobertaConfig(vocab_size=50265, max_position_embeddings=514, type_vocab_size=1)
        )
        model = SOC(SOCConfig(**BACKBONES[size]), roberta, tokenizer=None)
    ours = {name: list(value.shape) for name, value in model.state_dict().items()}
    theirs = {}
    for original, entry in manifest(size)["state_dict"].items():
        name = renamed(original)
        if name is None:
            assert "relative_position_index" in original
        else:
            theirs[name] = entry["shape"]
    assert theirs == ours


def test_the_positions_of_old_checkpoints_are_ignored():
    assert renamed("text_encoder.embeddings.position_ids") is None
    assert renamed("backbone.0.body.layers.2.blocks.5.attn.relative_position_index") is None


def test_the_shared_box_heads_have_one_place():
    assert renamed("transformer.decoder.bbox_embed.1.layers.2.bias") == renamed("bbox_embed.1.layers.2.bias")


@pytest.mark.parametrize("name", ["", "voc", "vlf.multihead_attn2.weight", "module.query_embed.weight"])
def test_a_name_that_soc_does_not_have_is_refused(name: str):
    with pytest.raises(KeyError):
        renamed(name)


def test_no_two_parameters_share_a_name_but_the_box_heads():
    names = [
        f"transformer.{part}coder.layers.0.{module}.weight"
        for part in ("en", "de")
        for module in ("linear1", "linear2", "norm1", "norm2", "self_attn.value_proj")
    ]
    assert max(Counter(map(renamed, names)).values()) == 1
