"""Everything that a run of our SOC passes on the way, under the names and axes of the recordings."""

from __future__ import annotations

from dataclasses import replace
from typing import Any
from unittest import mock

import torch
from torch import Tensor, nn

from rvosbench.models.soc import parts
from rvosbench.models.soc.model import SOC
from rvosbench.models.soc.outputs import LayerOutput, SOCOutput
from rvosbench.models.soc.visual import Visual, geometry_of, pick


def intermediates(model: SOC, inputs: Any) -> dict[str, Tensor]:
    """Names to tensors.

    In evaluation a model computes the heads of one layer; it runs once for the first, once for the last.
    """
    frames, is_padding, texts, wanted, _ = inputs
    with torch.no_grad():
        seen, output = _run(model, inputs)
        visual = model.look(frames, is_padding, wanted)
        found = {
            **_words(model, seen, visual, texts),
            **_backbone(model, seen, inputs, visual),
            **_fusion(seen, visual),
            **_decoded(seen, visual),
            **_clusters(seen, len(texts)),
            **_outputs(output),
        }
        if model.training:
            return found
        config = model.config
        model.config = replace(config, answer_layer="last")
        seen_last, output_last = _run(model, inputs)
        model.config = config
    layers = (output.answer, output_last.answer)
    for name, part in (("masks", "masks"), ("coord", "boxes"), ("classes", "classes")):
        key = f"heads.output{'' if name == 'masks' else 's'}_{name}_all_layers"
        found[key] = torch.stack([getattr(layer, part).transpose(0, 1) for layer in layers])
    for index, run in enumerate((seen, seen_last)):
        found[f"heads.controller_params_{index}"] = run["controller"][0].transpose(0, 1)
    return found


def _run(model: SOC, inputs: Any) -> tuple[dict[str, Any], SOCOutput]:
    """What the modules return."""
    cluster = model.object_cluster
    modules: dict[str, nn.Module] = {
        "text": model.text_encoder,
        **{f"input_proj_{i}": projection for i, projection in enumerate(model.input_projections)},
        **{f"deform.enc_layer_{i}": layer for i, layer in enumerate(model.encoder.layers)},
        **{f"deform.dec_layer_{i}": layer for i, layer in enumerate(model.decoder.layers)},
        **{f"voc.enc_{i}": layer for i, layer in enumerate(cluster.encoder)},
        **{f"voc.dec_{i}": layer for i, layer in enumerate(cluster.decoder)},
        "fused": model.words_to_pixels,
        "lang": model.pixels_to_words,
        "decoded": model.decoder,
        "clusters": cluster,
        "mask_features": model.pixel_decoder,
        "controller": model.mask_controller,
    }
    seen: dict[str, Any] = {}
    handles = [
        module.register_forward_hook(lambda _, __, output, name=name: seen.__setitem__(name, output))
        for name, module in modules.items()
    ]
    handles.append(
        model.text_encoder.register_forward_pre_hook(
            lambda _, __, arguments: seen.__setitem__("tokens", arguments), with_kwargs=True
        )
    )
    try:
        with mock.patch.object(parts, "CPU_FRAMES", 1000):  # a hook keeps what a module returned last
            return seen, model(*inputs)
    finally:
        for handle in handles:
            handle.remove()


def _words(model: SOC, seen: dict[str, Any], visual: Visual, texts: list[str]) -> dict[str, Tensor]:
    words = model.read(texts)
    found = {f"tokens.{name}": value for name, value in seen["tokens"].items()}
    found["text.last_hidden_state"] = seen["text"].last_hidden_state
    found["text.pooler_output"] = seen["text"].pooler_output
    found["text.word_features"] = words.features.transpose(0, 1)
    found["text.word_masks"] = words.is_padding
    found["text.pos"] = words.positions.transpose(0, 1)
    found["text.sentence_feature_pooler"] = words.sentences
    # The original also gates the words by the finer scales, and drops what comes out.
    geometry, T, first = visual.geometry, visual.pixels.shape[1], 0
    for level, (height, width) in enumerate(geometry.shapes[:3]):
        part = slice(first, first + height * width)
        first = part.stop
        found[f"fused.lang_{level}"] = model.pixels_to_words(
            words.features,
            visual.pixels[:, :, part].flatten(1, 2),
            geometry.positions[:, None, part].expand(-1, T, -1, -1).flatten(1, 2),
            geometry.is_padding[:, None, part].expand(-1, T, -1).flatten(1, 2),
        )
    assert torch.equal(found["fused.lang_2"], seen["lang"])
    return found


def _backbone(model: SOC, seen: dict[str, Any], inputs: Any, visual: Visual) -> dict[str, Tensor]:
    frames, pixel_is_padding, _, wanted, _ = inputs
    # In evaluation the stages work in place, on these very tokens.
    found = {"backbone.patch_embed": model.backbone.patches(frames).permute(0, 4, 1, 2, 3)}
    found["in.pad_mask_tbhw"] = pixel_is_padding.expand(frames.shape[1], -1, -1, -1)
    for stage, every in enumerate(model.backbone(frames)):
        features = pick(every, wanted)
        found[f"backbone.feat_{stage}"] = features.flatten(0, 1).permute(0, 3, 1, 2)
        shape = tuple(features.shape[2:4])
        mask = geometry_of(pixel_is_padding, [shape], 8).is_padding.unflatten(1, shape)
        found[f"backbone.mask_{stage}"] = mask.repeat_interleave(visual.pixels.shape[1], 0)
    found["fpn.memory_0"] = found["backbone.feat_0"]
    return found | {name: value for name, value in seen.items() if name.startswith("input_proj")}


def _fusion(seen: dict[str, Any], visual: Visual) -> dict[str, Tensor]:
    geometry = visual.geometry
    B, T = visual.pixels.shape[:2]
    sizes = [height * width for height, width in geometry.shapes]
    found = {}
    fused = seen["fused"].view(B * T, sum(sizes), -1).split(sizes, 1)
    masks = geometry.is_padding.repeat_interleave(T, 0).split(sizes, 1)
    positions = geometry.positions.repeat_interleave(T, 0).split(sizes, 1)
    for level, shape in enumerate(geometry.shapes):
        found[f"fused.src_{level}"] = fused[level].unflatten(1, shape).permute(0, 3, 1, 2)
        found[f"fused.mask_{level}"] = masks[level].unflatten(1, shape)
        found[f"fused.pos_{level}"] = positions[level].unflatten(1, shape).permute(0, 3, 1, 2)
    found["deform.valid_ratios"] = geometry.ratios.repeat_interleave(T, 0)
    found["deform.spatial_shapes"] = torch.tensor(geometry.shapes)
    found["deform.level_start_index"] = torch.tensor([0, *sizes[:-1]]).cumsum(0)
    references = geometry.centres[:, :, None] * geometry.ratios[:, None]
    found["deform.enc_reference_points"] = references.repeat_interleave(T, 0)
    return found


def _decoded(seen: dict[str, Any], visual: Visual) -> dict[str, Tensor]:
    B, T = visual.pixels.shape[:2]
    decoded, shapes = seen["decoded"], visual.geometry.shapes
    found = {name: value.flatten(0, 1) for name, value in seen.items() if name.startswith("deform")}
    found["deform.init_reference"] = decoded.starts[0].expand(B, T, -1, -1).flatten(0, 1)
    found["deform.inter_references"] = torch.stack(decoded.boxes).flatten(1, 2)
    found["deform.hs"] = torch.stack(decoded.objects).transpose(1, 2)
    last = max(name for name in seen if name.startswith("deform.enc_layer"))
    maps = seen[last].split([height * width for height, width in shapes], dim=2)
    for level in range(3):
        images = maps[level].unflatten(2, shapes[level]).permute(1, 0, 4, 2, 3)
        found[f"fpn.memory_{level + 1}"] = images.flatten(0, 1)  # (t b) c h w
    found["heads.mask_features"] = seen["mask_features"].unflatten(0, (B, T))
    return found


def _clusters(seen: dict[str, Any], clips: int) -> dict[str, Tensor]:
    found = {name: value.transpose(0, 1) for name, value in seen.items() if name.startswith("voc")}
    found["voc.out"] = seen["clusters"].unflatten(0, (-1, clips))
    objects = torch.stack(seen["decoded"].objects)
    found["heads.hs_voc"] = (objects + found["voc.out"].unsqueeze(2)).transpose(1, 2)
    return found


def _outputs(output: SOCOutput) -> dict[str, Tensor]:
    found = {"out.text_sentence_feature": output.sentences}
    earlier = {f"out.aux_{index}.": layer for index, layer in enumerate(output.layers[:-1])}
    for prefix, layer in {"out.": output.answer, **earlier}.items():
        found |= {f"{prefix}pred_{name}": value for name, value in _layer(layer).items()}
    return found


def _layer(layer: LayerOutput) -> dict[str, Tensor]:
    return {
        "masks": layer.masks.transpose(0, 1),
        "boxes": layer.boxes.transpose(0, 1),
        "cls": layer.classes.transpose(0, 1),
        "logit": layer.clusters,
    }
