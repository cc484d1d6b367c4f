"""SOC: look at a clip once, then answer any number of expressions about it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from contextlib import nullcontext
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn

from rvosbench.errors import ShapeError
from rvosbench.models.soc.config import SOCConfig
from rvosbench.models.soc.encoder_decoder import Decoded, DeformableDecoder, DeformableEncoder, refined
from rvosbench.models.soc.feedforward import Perceptron
from rvosbench.models.soc.fusion import Gate
from rvosbench.models.soc.mask_head import PixelDecoder, dynamic_masks, frame_sizes, parameter_count
from rvosbench.models.soc.object_cluster import ObjectCluster
from rvosbench.models.soc.outputs import LayerOutput, SOCOutput
from rvosbench.models.soc.parts import by_frames, frames_at_once
from rvosbench.models.soc.position import word_positions
from rvosbench.models.soc.text import TextProjection, Words, tokenise, word_mean
from rvosbench.models.soc.video_swin import VideoSwin
from rvosbench.models.soc.visual import Visual, Wanted, geometry_of, pick

SCALES = 4  # strides 8, 16 and 32 of the backbone, and 64 made from the last
PRIOR = 0.01  # how likely a query is to be the object, before training


class SOC(nn.Module):
    """Semantic-Assisted Object Cluster.

    Args:
        config: the numbers.
        text_encoder: a RobertaModel of transformers with its pooler.
        tokenizer: the tokenizer that belongs to it.
    """

    def __init__(self, config: SOCConfig, text_encoder: Any, tokenizer: Any) -> None:
        super().__init__()
        self.config = config
        self.tokenizer = tokenizer
        channels = config.channels
        frames, rows, columns = config.backbone_window
        self.backbone = VideoSwin(
            channels=config.backbone_channels,
            depths=config.backbone_depths,
            heads=config.backbone_heads,
            window=(frames, rows, columns),
            mlp_ratio=config.backbone_mlp_ratio,
            drop_path=config.drop_path,
        )
        self.text_encoder = text_encoder
        if config.freeze_text_encoder:
            text_encoder.requires_grad_(False)
        self.text_projection = TextProjection(text_encoder.config.hidden_size, channels, config.text_dropout)
        self.input_projections = nn.ModuleList(
            _input_projection(width, channels, stride)
            for width, stride in [(w, 1) for w in self.backbone.widths[1:]] + [(self.backbone.widths[-1], 2)]
        )
        self.words_to_pixels = Gate(channels, config.fusion_heads)
        self.pixels_to_words = Gate(channels, config.fusion_heads)
        self.encoder = DeformableEncoder(
            channels=channels,
            heads=config.heads,
            scales=SCALES,
            points=config.encoder_points,
            layers=config.encoder_layers,
            feedforward=config.feedforward,
            dropout=config.dropout,
        )
        self.decoder = DeformableDecoder(
            channels=channels,
            heads=config.heads,
            scales=SCALES,
            points=config.decoder_points,
            layers=config.decoder_layers,
            queries=config.queries,
            feedforward=config.feedforward,
            dropout=config.dropout,
        )
        self.object_cluster = ObjectCluster(
            channels=channels,
            heads=config.cluster_heads,
            queries=config.queries,
            encoder_layers=config.cluster_encoder_layers,
            decoder_layers=config.cluster_decoder_layers,
            feedforward=config.cluster_feedforward,
            window=config.cluster_window,
            dropout=config.cluster_dropout,
        )
        self.class_heads = nn.ModuleList(
            nn.Linear(channels, config.classes) for _ in range(config.decoder_layers)
        )
        for head in self.class_heads:
            nn.init.constant_(head.bias, -math.log((1 - PRIOR) / PRIOR))  # type: ignore[arg-type]
        self.mask_controller = Perceptron(
            [channels, channels, channels, parameter_count(config.mask_channels, config.mask_layers)]
        )
        # The little networks multiply pixel distances by three layers of these outputs: with ordinary weights
        # the first masks are saturated at logits of 30 and the first steps are spent on getting out of there.
        nn.init.xavier_uniform_(self.mask_controller.last.weight, gain=1 / 3)
        self.pixel_decoder = PixelDecoder(channels, self.backbone.widths[0], config.mask_channels)

    def forward(
        self,
        frames: Tensor,
        pixel_is_padding: Tensor,
        expressions: Sequence[str],
        wanted: Wanted | None,
        sizes: Sequence[tuple[int, int]],
    ) -> SOCOutput:
        """
        Args:
            frames: (B, T, 3, H, W) float32, normalised, 0 on padding.
            pixel_is_padding: (B, H, W) bool; padding is at the bottom and the right.
            expressions: B of them.
            wanted: positions of the frames to answer for; None: all.
            sizes: B x (height, width) in pixels without padding.

        Returns:
            Predictions of every decoder layer in training, of the answering one in evaluation.

        Raises:
            ShapeError: B differs among the arguments, or `wanted` is not in the clip.
        """
        if len(expressions) != frames.shape[0]:
            raise ShapeError(f"{len(expressions)} expressions for {frames.shape[0]} clips, expected one each")
        return self.answer(self.look(frames, pixel_is_padding, wanted), expressions, sizes)

    def look(self, frames: Tensor, pixel_is_padding: Tensor, wanted: Wanted | None = None) -> Visual:
        """The half that needs no text; arguments as in `forward`."""
        if pixel_is_padding.shape != (frames.shape[0], *frames.shape[3:]):
            raise ShapeError(
                f"pixel_is_padding is {tuple(pixel_is_padding.shape)}, expected (clips, height, width) of "
                f"frames {tuple(frames.shape)}"
            )
        pixels, shapes = [], []
        for stage, features in enumerate(self.backbone.each_stage(frames)):
            images = _as_images(pick(features, wanted))
            if stage == 0:
                stride4 = by_frames(self.pixel_decoder.lateral, images)
            last = stage + 1 if stage == SCALES - 1 else stage  # the last stage serves two scales
            for projection in self.input_projections[max(stage - 1, 0) : last]:
                projected = by_frames(projection, images)
                shapes.append((projected.shape[2], projected.shape[3]))
                pixels.append(projected.permute(0, 2, 3, 1).flatten(1, 2))
            del features, images  # nobody else holds them: freed before the next stage is computed
        joined = torch.cat(pixels, 1)
        return Visual(
            pixels=joined.view(len(frames), -1, *joined.shape[1:]),
            stride4=stride4,
            geometry=geometry_of(pixel_is_padding, shapes, self.config.channels),
        )

    def answer(
        self, visual: Visual, expressions: Sequence[str], sizes: Sequence[tuple[int, int]]
    ) -> SOCOutput:
        """The half that reads.

        Args:
            visual: from `look`, of as many clips as there are expressions, or of one clip for all of them.
            expressions: B of them.
            sizes: (height, width) per clip of `visual`, in pixels without padding.
        """
        clips, T = visual.pixels.shape[:2]
        if clips not in (1, len(expressions)) or len(sizes) not in (clips, len(expressions)):
            raise ShapeError(
                f"{len(expressions)} expressions and {len(sizes)} sizes for {clips} clips, "
                "expected as many of each, or one clip"
            )
        words = self.read(expressions)
        gated_words = self.pixels_to_words(words.features, *visual.stride32())
        # The pixels of a frame read from words and from one another, never from another frame's.
        at_once = frames_at_once(visual.pixels, len(expressions))
        parts = [self._find(visual.frames(start, start + at_once), words) for start in range(0, T, at_once)]
        decoded, mask_features = (list(part) for part in zip(*parts, strict=True))
        return SOCOutput(
            layers=self._heads(Decoded.joined(decoded), words, torch.cat(mask_features, 1), sizes),
            sentences=word_mean(gated_words, words.is_padding),
        )

    def _find(self, visual: Visual, words: Words) -> tuple[Decoded, Tensor]:
        """The objects of some frames, and the mask features (B, T, D, h, w) at stride 4."""
        fused = self.words_to_pixels(
            visual.pixels.flatten(1, 2), words.features, words.positions, words.is_padding
        )
        memory = self.encoder(fused.view(-1, *visual.pixels.shape[1:]), visual.geometry)
        return self.decoder(memory, visual.geometry), self._mask_features(memory, visual)

    def read(self, expressions: Sequence[str]) -> Words:
        """Word features of expressions, as released; the text is normalised here."""
        device = self.decoder.queries.device
        encoder_config = self.text_encoder.config
        # RoBERTa counts positions from its padding id + 1.
        longest = encoder_config.max_position_embeddings - encoder_config.pad_token_id - 1
        tokens, is_padding = (part.to(device) for part in tokenise(self.tokenizer, expressions, longest))
        # A frozen encoder keeps its dropout in training, as upstream, but needs no gradients.
        with torch.no_grad() if self.config.freeze_text_encoder else nullcontext():
            encoded = self.text_encoder(input_ids=tokens, attention_mask=(~is_padding).long())
        return Words(
            features=self.text_projection(encoded.last_hidden_state),
            positions=word_positions(is_padding, self.config.channels),
            is_padding=is_padding,
            sentences=self.text_projection(encoded.pooler_output),
        )

    def _mask_features(self, memory: Tensor, visual: Visual) -> Tensor:
        """(B, T, D, h, w) at stride 4."""
        shapes = visual.geometry.shapes[:3]
        maps = torch.split(memory, [height * width for height, width in visual.geometry.shapes], dim=2)
        stride8, stride16, stride32 = (
            part.reshape(-1, *shape, part.shape[3]).permute(0, 3, 1, 2)
            for part, shape in zip(maps, shapes, strict=False)
        )
        lateral = visual.stride4
        if lateral.shape[0] != stride32.shape[0]:  # one clip, many expressions
            lateral = lateral.expand(memory.shape[0], *lateral.shape).flatten(0, 1)
        features: Tensor = self.pixel_decoder(stride32, stride16, stride8, lateral)
        return features.view(*memory.shape[:2], *features.shape[1:])

    def _heads(
        self, decoded: Decoded, words: Words, mask_features: Tensor, sizes: Sequence[tuple[int, int]]
    ) -> tuple[LayerOutput, ...]:
        """Predictions of the layers that are needed: all in training, one in evaluation."""
        B, T, Q, C = decoded.objects[0].shape
        if self.training:
            chosen = list(range(len(decoded.objects)))
            seen = torch.stack(decoded.objects)
        else:
            # Published checkpoints answer with the heads of the first layer, on its queries plus the
            # clusters of the last: a sum that training never sees, kept because it scores as published.
            chosen = [0 if self.config.answer_layer == "first" else len(decoded.objects) - 1]
            seen = decoded.objects[-1].unsqueeze(0)
        K = len(chosen)
        clusters = self.object_cluster(seen.flatten(0, 1), words.sentences.repeat(K, 1)).view(K, B, Q, C)
        objects = torch.stack([decoded.objects[layer] for layer in chosen]) + clusters[:, :, None]
        # The little networks of all layers read the same features: layers count as more queries.
        parameters = self.mask_controller(objects).permute(1, 2, 0, 3, 4).reshape(B * T, K * Q, -1)
        centres = torch.stack([decoded.boxes[layer][..., :2] for layer in chosen], dim=2)
        centres = centres * frame_sizes(sizes, centres.device)[:, None, None, None]
        masks = by_frames(
            partial(dynamic_masks, layers=self.config.mask_layers),
            mask_features.flatten(0, 1),
            parameters,
            centres.view(B * T, K * Q, 2),
            widest=K * Q * mask_features.shape[2:].numel(),
        )
        masks = masks.view(B, T, K, Q, *masks.shape[2:])
        return tuple(
            LayerOutput(
                masks=masks[:, :, index],
                boxes=refined(decoded.starts[layer], self.decoder.box_heads[layer](objects[index])),
                classes=self.class_heads[layer](objects[index]),
                clusters=clusters[index],
            )
            for index, layer in enumerate(chosen)
        )


def _as_images(features: Tensor) -> Tensor:
    """(B, T, h, w, C) to (B * T, C, h, w), without a copy."""
    return features.flatten(0, 1).permute(0, 3, 1, 2)


def _input_projection(width: int, channels: int, stride: int) -> nn.Sequential:
    """A convolution to SOC's width and a normalisation; the one that halves the map is 3 x 3."""
    kernel = 3 if stride == 2 else 1
    convolution = nn.Conv2d(width, channels, kernel, stride=stride, padding=kernel // 2)
    nn.init.xavier_uniform_(convolution.weight)
    nn.init.zeros_(convolution.bias)  # type: ignore[arg-type]
    return nn.Sequential(convolution, nn.GroupNorm(32, channels))
