from __future__ import annotations

import math

import pytest
import torch

from rvosbench.models.soc.criterion import WEIGHTS, criterion, unweighted_losses
from rvosbench.models.soc.outputs import LayerOutput, SOCOutput
from rvosbench.models.soc.targets import SOCTarget, boxes_of


def clip_target(seed: int, objects: int, *, visible: tuple[bool, ...] = (True, True, True)) -> SOCTarget:
    generator = torch.Generator().manual_seed(seed)
    masks = torch.rand(objects, len(visible), 16, 24, generator=generator) > 0.7
    referred = seed % objects
    masks[referred] &= torch.tensor(visible)[:, None, None]
    return SOCTarget(
        masks=masks,
        boxes=boxes_of(masks, (16, 24)),
        visible=masks.flatten(2).any(-1),
        labels=torch.zeros(objects, dtype=torch.int64),
        referred=referred,
    )


def random_output(seed: int, clips: int, layers: int = 2, classes: int = 1) -> SOCOutput:
    generator = torch.Generator().manual_seed(seed)

    def normal(*shape: int) -> torch.Tensor:
        return torch.randn(*shape, generator=generator).requires_grad_()

    return SOCOutput(
        layers=tuple(
            LayerOutput(
                masks=normal(clips, 3, 4, 4, 6),
                boxes=normal(clips, 3, 4, 4).sigmoid(),
                classes=normal(clips, 3, 4, classes),
                clusters=normal(clips, 4, 8),
            )
            for _ in range(layers)
        ),
        sentences=normal(clips, 8),
    )


def only(output: SOCOutput, clip: int) -> SOCOutput:
    part = slice(clip, clip + 1)
    return SOCOutput(
        layers=tuple(
            LayerOutput(
                masks=layer.masks[part],
                boxes=layer.boxes[part],
                classes=layer.classes[part],
                clusters=layer.clusters[part],
            )
            for layer in output.layers
        ),
        sentences=output.sentences[part],
    )


UNEQUAL = [
    clip_target(1, objects=3, visible=(True, False, True)),
    clip_target(2, objects=1, visible=(True, True, True)),
    clip_target(3, objects=2, visible=(False, False, False)),
]


def test_names_and_weights_of_three_layers() -> None:
    output = random_output(0, clips=1, layers=3)
    targets = [clip_target(1, objects=2)]
    plain, weighted = unweighted_losses(output, targets), criterion(output, targets)
    assert set(plain) == {name + layer for name in WEIGHTS for layer in ("", "_0", "_1")}
    for name, value in weighted.items():
        assert value.item() == pytest.approx(plain[name].item() * WEIGHTS[name.split("_")[0]])


def test_a_batch_of_unequal_clips_is_the_mask_weighted_mean_of_its_clips() -> None:
    output = random_output(1, clips=3)
    together = unweighted_losses(output, UNEQUAL)
    alone = [unweighted_losses(only(output, clip), [target]) for clip, target in enumerate(UNEQUAL)]
    masks = [target.masks.shape[0] * 3 for target in UNEQUAL]
    for name, value in together.items():
        weights = [1 / 3] * 3 if name.startswith("contrastive") else [count / sum(masks) for count in masks]
        expected = sum(weight * one[name].item() for weight, one in zip(weights, alone, strict=True))
        assert value.item() == pytest.approx(expected, rel=1e-5), name


def test_a_clip_that_never_shows_its_object_has_finite_losses_and_gradients() -> None:
    output = random_output(2, clips=1)
    losses = criterion(output, [clip_target(3, objects=1, visible=(False, False, False))])
    sum(losses.values(), torch.zeros(())).backward()
    assert all(torch.isfinite(value) for value in losses.values())
    gradient = output.sentences.grad
    assert gradient is not None
    assert torch.isfinite(gradient).all()


def test_a_perfect_answer_costs_almost_nothing() -> None:
    masks = torch.zeros(1, 3, 16, 24, dtype=torch.bool)
    masks[..., 4:12, 8:20] = True
    boxes = boxes_of(masks, (16, 24))
    target = SOCTarget(
        masks=masks,
        boxes=boxes,
        visible=torch.ones(1, 3, dtype=torch.bool),
        labels=torch.zeros(1, dtype=torch.int64),
        referred=0,
    )
    logits = (masks.float() * 2 - 1).transpose(0, 1)[None] * 50  # at the full resolution: no resize
    sure = torch.tensor([50.0, -50.0]).expand(1, 3, 2)[..., None]
    clusters = torch.zeros(1, 2, 8)
    clusters[0, 0] = 50
    output = SOCOutput(
        layers=(
            LayerOutput(
                masks=torch.cat([logits, -logits], 2),
                boxes=torch.cat([boxes.transpose(0, 1)[None], torch.ones(1, 3, 1, 4)], 2),
                classes=sure,
                clusters=clusters,
            ),
        ),
        sentences=torch.ones(1, 8),
    )
    losses = unweighted_losses(output, [target])
    assert all(value.item() == pytest.approx(0, abs=1e-4) for value in losses.values()), losses


def test_only_visible_frames_of_the_referred_query_are_positive() -> None:
    """Undecided class logits: a positive costs 0.25 / 4 ln 2, a negative 0.75 / 4 ln 2."""
    output = random_output(3, clips=1, layers=1)
    undecided = LayerOutput(
        masks=output.answer.masks,
        boxes=output.answer.boxes,
        classes=torch.zeros(1, 3, 4, 1),
        clusters=output.answer.clusters,
    )
    target = clip_target(1, objects=2, visible=(True, False, True))
    losses = unweighted_losses(SOCOutput(layers=(undecided,), sentences=output.sentences), [target])
    expected = (2 * 0.25 + 10 * 0.75) * 0.25 * math.log(2) / 6  # 12 elements; 2 objects x 3 frames
    assert losses["class"].item() == pytest.approx(expected, rel=1e-5)


def test_the_positive_class_is_the_label_of_the_referred_object() -> None:
    target = clip_target(1, objects=2)
    target = SOCTarget(
        masks=target.masks,
        boxes=target.boxes,
        visible=target.visible,
        labels=torch.tensor([0, 5]),
        referred=1,
    )
    output = random_output(4, clips=1, layers=1, classes=7)
    losses = unweighted_losses(output, [target])
    classes = output.answer.classes
    [gradient] = torch.autograd.grad(losses["class"], classes)
    raised = (gradient < 0).nonzero()  # only positives are pushed up
    assert set(raised[:, 3].tolist()) == {5}
    assert len(raised) == 3
