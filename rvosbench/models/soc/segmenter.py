"""SOC as a model that answers expressions about a clip, and can be trained."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np
import torch
from torch import Tensor, nn

from rvosbench.errors import TrainingError
from rvosbench.media.resize import Side, resize_frames
from rvosbench.models.soc.criterion import criterion
from rvosbench.models.soc.model import SOC
from rvosbench.models.soc.pixels import to_input
from rvosbench.models.soc.postprocess import segmentations
from rvosbench.models.soc.targets import from_batch
from rvosbench.types import Batch, Clip, Segmentation

PIXELS_AT_ONCE = 36 * 360 * 640
"""Frames x height x width x expressions that are answered together: bounds the memory of `segment`."""

GROUPS = ("main", "backbone", "text")
"""The parts of SOC that have a learning rate of their own."""


class SOCSegmenter:
    """A `TrainableSegmenter` around a SOC."""

    def __init__(self, model: SOC) -> None:
        self.model = model

    def module(self) -> nn.Module:
        """The SOC itself."""
        return self.model

    @torch.inference_mode()
    def segment(self, clip: Clip, expressions: Sequence[str], candidates: int = 1) -> Sequence[Segmentation]:
        """Answer all expressions about one clip with one look at its pixels.

        The clip is scaled to the config's evaluation size; masks come back in the clip's own size,
        candidates from best to worst.
        """
        was_training = self.model.training
        self.model.eval()
        try:
            return self._segment(clip, expressions, candidates)
        finally:
            self.model.train(was_training)

    def _segment(self, clip: Clip, expressions: Sequence[str], candidates: int) -> list[Segmentation]:
        if not expressions:
            return []
        at_once = self.model.config.eval_frames or len(clip.frames)
        if len(clip.frames) <= at_once:
            return self._segment_at_once(clip, expressions, candidates)
        parts = [
            self._segment_at_once(part, expressions, candidates)
            for part in _parts(clip, at_once)
            if part.wanted
        ]
        return [_joined(answers) for answers in zip(*parts, strict=True)]

    def _segment_at_once(self, clip: Clip, expressions: Sequence[str], candidates: int) -> list[Segmentation]:
        height, width = clip.frames.shape[1:3]
        config = self.model.config
        size = Side(config.eval_short_side, config.eval_max_side).of(height, width)
        pixels = torch.from_numpy(resize_frames(clip.frames, *size)).to(self._device())
        frames = to_input(pixels)[None]
        no_padding = torch.zeros(1, *size, dtype=torch.bool, device=frames.device)
        visual = self.model.look(frames, no_padding, self._wanted(clip.wanted, len(clip.frames)))
        at_once = max(1, PIXELS_AT_ONCE // (len(clip.wanted) * size[0] * size[1]))
        answers: list[Segmentation] = []
        for start in range(0, len(expressions), at_once):
            part = expressions[start : start + at_once]
            output = self.model.answer(visual, part, [size])
            answers += segmentations(output.answer, (height, width), candidates)
        return answers

    def losses(self, batch: Batch) -> Mapping[str, Tensor]:
        """The weighted losses of a batch: six parts of the last decoder layer and of each earlier one."""
        device = self._device()
        targets = from_batch(batch, device, classes=self.model.config.classes)
        is_padding = batch.pixel_is_padding.to(device)
        frames = to_input(batch.frames.to(device)).masked_fill(is_padding[:, None, None], 0.0)
        wanted = self._wanted(batch.wanted, frames.shape[1])
        output = self.model(frames, is_padding, batch.expressions, wanted, batch.sizes)
        with torch.autocast(device.type, enabled=False):  # sums over a whole frame need float32
            return criterion(output, targets)

    def parameter_groups(self, learning_rates: Mapping[str, float]) -> list[dict[str, object]]:
        """Optimiser groups of the parameters that learn; a part without any has no group.

        Args:
            learning_rates: one for each of "main", "backbone" and "text".

        Raises:
            TrainingError: another set of names.
        """
        if set(learning_rates) != set(GROUPS):
            raise TrainingError(
                f"SOC got learning rates for {', '.join(sorted(learning_rates)) or 'nothing'}; "
                f"expected {', '.join(GROUPS)}"
            )
        parameters: dict[str, list[nn.Parameter]] = {name: [] for name in GROUPS}
        for name, parameter in self.model.named_parameters():
            if parameter.requires_grad:
                parameters[_group_of(name)].append(parameter)
        return [
            {"params": parameters[name], "lr": learning_rates[name], "name": name}
            for name in GROUPS
            if parameters[name]
        ]

    def _device(self) -> torch.device:
        return next(self.model.parameters()).device

    @staticmethod
    def _wanted(wanted: tuple[int, ...], frames: int) -> tuple[int, ...] | None:
        """None where every frame is wanted: the model then copies nothing."""
        return None if wanted == tuple(range(frames)) else wanted


def _parts(clip: Clip, at_once: int) -> list[Clip]:
    """A clip cut into shorter ones; the last may be shorter still."""
    return [
        replace(
            clip,
            frames=clip.frames[start : start + at_once],
            frame_indices=clip.frame_indices[start : start + at_once],
            wanted=tuple(position - start for position in clip.wanted if start <= position < start + at_once),
            objects=None,
        )
        for start in range(0, len(clip.frames), at_once)
    ]


def _joined(answers: Sequence[Segmentation]) -> Segmentation:
    """One expression's answers about the parts of a clip, candidate by candidate, with scores per frame."""
    return Segmentation(
        masks=np.concatenate([answer.masks for answer in answers], axis=1),
        scores=np.concatenate(
            [np.repeat(answer.scores[:, None], answer.masks.shape[1], axis=1) for answer in answers], axis=1
        ),
    )


def _group_of(parameter: str) -> str:
    part = parameter.partition(".")[0]
    return {"backbone": "backbone", "text_encoder": "text"}.get(part, "main")
