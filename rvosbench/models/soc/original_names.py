"""Where each parameter of an original checkpoint lives in ours.

The original names are facts about the published files (state dictionaries of SOC, NeurIPS 2023).
Shapes are the same on both sides, so that a checkpoint is converted by renaming alone.
"""

from __future__ import annotations

import re

IGNORED = (
    r"text_encoder\.embeddings\.position_ids",  # 0, 1, 2, ...; written by transformers before 4.31
    r"backbone\.0\.body\.layers\.\d+\.blocks\.\d+\.attn\.relative_position_index",  # follows from the window
)
"""Patterns of entries that hold nothing learned."""

DUPLICATES = ((r"transformer\.decoder\.bbox_embed\.(.*)", r"bbox_embed.\1"),)
"""The decoder and the heads share these modules, and a checkpoint lists them under both names."""

RULES = (
    # Backbone
    (r"backbone\.0\.body\.patch_embed\.proj\.(.*)", r"backbone.patches.projection.\1"),
    (r"backbone\.0\.body\.patch_embed\.norm\.(.*)", r"backbone.patches.norm.\1"),
    (r"backbone\.0\.body\.downsamples\.(\d+)\.(.*)", r"backbone.halvings.\1.\2"),
    (
        r"backbone\.0\.body\.layers\.(\d+)\.blocks\.(\d+)\.norm1\.(.*)",
        r"backbone.stages.\1.\2.attention_norm.\3",
    ),
    (r"backbone\.0\.body\.layers\.(\d+)\.blocks\.(\d+)\.norm2\.(.*)", r"backbone.stages.\1.\2.mlp_norm.\3"),
    (r"backbone\.0\.body\.layers\.(\d+)\.blocks\.(\d+)\.mlp\.fc1\.(.*)", r"backbone.stages.\1.\2.mlp.0.\3"),
    (r"backbone\.0\.body\.layers\.(\d+)\.blocks\.(\d+)\.mlp\.fc2\.(.*)", r"backbone.stages.\1.\2.mlp.2.\3"),
    (
        r"backbone\.0\.body\.layers\.(\d+)\.blocks\.(\d+)\.attn\.relative_position_bias_table",
        r"backbone.stages.\1.\2.attention.position_bias",
    ),
    (
        r"backbone\.0\.body\.layers\.(\d+)\.blocks\.(\d+)\.attn\.qkv\.(.*)",
        r"backbone.stages.\1.\2.attention.qkv.\3",
    ),
    (
        r"backbone\.0\.body\.layers\.(\d+)\.blocks\.(\d+)\.attn\.proj\.(.*)",
        r"backbone.stages.\1.\2.attention.projection.\3",
    ),
    (r"input_proj\.(\d+)\.(\d+)\.(.*)", r"input_projections.\1.\2.\3"),
    # Text and its fusion with the pixels
    (r"text_encoder\.(.*)", r"text_encoder.\1"),
    (r"txt_proj\.fc\.(.*)", r"text_projection.linear.\1"),
    (r"txt_proj\.layer_norm\.(.*)", r"text_projection.norm.\1"),
    (r"vlf\.multihead_attn\.(.*)", r"words_to_pixels.attention.\1"),
    (r"lvf\.multihead_attn\.(.*)", r"pixels_to_words.attention.\1"),
    # Deformable encoder and decoder
    (r"query_embed\.weight", r"decoder.queries"),
    (r"transformer\.level_embed", r"encoder.scales"),
    (r"transformer\.reference_points\.(.*)", r"decoder.reference_points.\1"),
    (r"transformer\.encoder\.layers\.(\d+)\.self_attn\.(.*)", r"encoder.layers.\1.attention.\2"),
    (r"transformer\.encoder\.layers\.(\d+)\.norm1\.(.*)", r"encoder.layers.\1.attention_norm.\2"),
    (r"transformer\.encoder\.layers\.(\d+)\.norm2\.(.*)", r"encoder.layers.\1.feedforward.norm.\2"),
    (r"transformer\.decoder\.layers\.(\d+)\.self_attn\.(.*)", r"decoder.layers.\1.self_attention.\2"),
    (r"transformer\.decoder\.layers\.(\d+)\.norm2\.(.*)", r"decoder.layers.\1.self_attention_norm.\2"),
    (r"transformer\.decoder\.layers\.(\d+)\.cross_attn\.(.*)", r"decoder.layers.\1.cross_attention.\2"),
    (r"transformer\.decoder\.layers\.(\d+)\.norm1\.(.*)", r"decoder.layers.\1.cross_attention_norm.\2"),
    (r"transformer\.decoder\.layers\.(\d+)\.norm3\.(.*)", r"decoder.layers.\1.feedforward.norm.\2"),
    (r"transformer\.(en|de)coder\.layers\.(\d+)\.linear1\.(.*)", r"\1coder.layers.\2.feedforward.widen.\3"),
    (r"transformer\.(en|de)coder\.layers\.(\d+)\.linear2\.(.*)", r"\1coder.layers.\2.feedforward.narrow.\3"),
    # Object clusters
    (r"voc\.query_embed\.weight", r"object_cluster.cluster_positions"),
    (r"voc\.fq_pos\.weight", r"object_cluster.query_positions"),
    (r"voc\.decoder_norm\.(.*)", r"object_cluster.norm.\1"),
    (r"voc\.enc_self_attn\.(\d+)\.self_attn\.(.*)", r"object_cluster.encoder.\1.attention.\2"),
    (r"voc\.enc_self_attn\.(\d+)\.norm\.(.*)", r"object_cluster.encoder.\1.attention_norm.\2"),
    (r"voc\.enc_ffn\.(\d+)\.linear1\.(.*)", r"object_cluster.encoder.\1.feedforward.widen.\2"),
    (r"voc\.enc_ffn\.(\d+)\.linear2\.(.*)", r"object_cluster.encoder.\1.feedforward.narrow.\2"),
    (r"voc\.enc_ffn\.(\d+)\.norm\.(.*)", r"object_cluster.encoder.\1.feedforward.norm.\2"),
    (
        r"voc\.transformer_cross_attention_layers\.(\d+)\.multihead_attn\.(.*)",
        r"object_cluster.decoder.\1.cross_attention.\2",
    ),
    (
        r"voc\.transformer_cross_attention_layers\.(\d+)\.norm\.(.*)",
        r"object_cluster.decoder.\1.cross_attention_norm.\2",
    ),
    (
        r"voc\.transformer_self_attention_layers\.(\d+)\.self_attn\.(.*)",
        r"object_cluster.decoder.\1.self_attention.\2",
    ),
    (
        r"voc\.transformer_self_attention_layers\.(\d+)\.norm\.(.*)",
        r"object_cluster.decoder.\1.self_attention_norm.\2",
    ),
    (r"voc\.transformer_ffn_layers\.(\d+)\.linear1\.(.*)", r"object_cluster.decoder.\1.feedforward.widen.\2"),
    (
        r"voc\.transformer_ffn_layers\.(\d+)\.linear2\.(.*)",
        r"object_cluster.decoder.\1.feedforward.narrow.\2",
    ),
    (r"voc\.transformer_ffn_layers\.(\d+)\.norm\.(.*)", r"object_cluster.decoder.\1.feedforward.norm.\2"),
    # Heads
    (r"class_embed\.(\d+)\.(.*)", r"class_heads.\1.\2"),
    (r"bbox_embed\.(\d+)\.layers\.(\d+)\.(.*)", r"decoder.box_heads.\1.layers.\2.\3"),
    (r"controller\.layers\.(\d+)\.(.*)", r"mask_controller.layers.\1.\2"),
    *((rf"spatial_decoder\.lay{n}\.(.*)", rf"pixel_decoder.convolutions.{n - 1}.\1") for n in range(1, 6)),
    *((rf"spatial_decoder\.gn{n}\.(.*)", rf"pixel_decoder.norms.{n - 1}.\1") for n in range(1, 6)),
    *((rf"spatial_decoder\.adapter{n}\.(.*)", rf"pixel_decoder.laterals.{n - 1}.\1") for n in range(1, 4)),
    (r"spatial_decoder\.out_lay\.(.*)", r"pixel_decoder.output.\1"),
)
"""(original, ours): the first pattern that matches a whole name decides."""


def renamed(original: str) -> str | None:
    """Our name of an original entry; None where it holds nothing learned.

    Two original names may give the same one of ours: the modules of `DUPLICATES` are shared.

    Raises:
        KeyError: SOC has no such entry.
    """
    if any(re.fullmatch(pattern, original) for pattern in IGNORED):
        return None
    for pattern, canonical in DUPLICATES:
        original = re.sub(f"^{pattern}$", canonical, original)
    for pattern, ours in RULES:
        if match := re.fullmatch(pattern, original):
            return match.expand(ours)
    raise KeyError(original)
