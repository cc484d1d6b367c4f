from __future__ import annotations

import itertools
import math

import pytest
import torch

from rvosbench.errors import TrainingError
from rvosbench.models.soc.matcher import class_cost, costs, match, match_layers
from rvosbench.models.soc.outputs import LayerOutput
from rvosbench.models.soc.targets import SOCTarget, boxes_of, pad


def clip_target(
    seed: int, objects: int, frames: int = 3, *, labels: int = 1, visible: list[bool] | None = None
) -> SOCTarget:
    generator = torch.Generator().manual_seed(seed)
    masks = torch.rand(objects, frames, 16, 24, generator=generator) > 0.8
    referred = seed % objects
    if visible is not None:
        masks[referred] &= torch.tensor(visible)[:, None, None]
    return SOCTarget(
        masks=masks,
        boxes=boxes_of(masks, (16, 24)),
        visible=masks.flatten(2).any(-1),
        labels=torch.randint(0, labels, (objects,), generator=generator),
        referred=referred,
    )


def layer_output(seed: int, clips: int, queries: int = 4, frames: int = 3, classes: int = 1) -> LayerOutput:
    generator = torch.Generator().manual_seed(seed)
    return LayerOutput(
        masks=torch.randn(clips, frames, queries, 4, 6, generator=generator),
        boxes=torch.rand(clips, frames, queries, 4, generator=generator),
        classes=torch.randn(clips, frames, queries, classes, generator=generator),
        clusters=torch.randn(clips, queries, 8, generator=generator),
    )


def only(layer: LayerOutput, clip: int) -> LayerOutput:
    part = slice(clip, clip + 1)
    return LayerOutput(
        masks=layer.masks[part],
        boxes=layer.boxes[part],
        classes=layer.classes[part],
        clusters=layer.clusters[part],
    )


@pytest.mark.parametrize("seed", range(10))
def test_no_other_assignment_is_cheaper(seed: int) -> None:
    targets = [clip_target(seed, objects=3)]
    layer = layer_output(seed, clips=1)
    total = costs(layer, pad(targets)).total()[0]
    queries, objects = match(layer, targets)[0]
    cheapest = min(
        sum(total[query, object_].item() for object_, query in enumerate(chosen))
        for chosen in itertools.permutations(range(4), 3)
    )
    assert total[queries, objects].sum().item() == pytest.approx(cheapest, rel=1e-5)
    assert sorted(objects.tolist()) == [0, 1, 2]


def test_clips_with_different_numbers_of_objects_are_matched_as_if_alone() -> None:
    targets = [
        clip_target(1, objects=3, visible=[True, False, True]),
        clip_target(2, objects=1, visible=[True, True, True]),
        clip_target(3, objects=2, visible=[False, False, True]),
    ]
    layer = layer_output(5, clips=3)
    together = match(layer, targets)
    for clip, target in enumerate(targets):
        [(queries, objects)] = match(only(layer, clip), [target])
        assert torch.equal(together[clip][0], queries)
        assert torch.equal(together[clip][1], objects)


def test_all_layers_are_matched_as_one_by_one() -> None:
    targets = [clip_target(1, objects=2), clip_target(2, objects=3)]
    layers = [layer_output(seed, clips=2) for seed in range(3)]
    for layer, matches in zip(layers, match_layers(layers, pad(targets)), strict=True):
        for (queries, objects), (expected, of) in zip(matches, match(layer, targets), strict=True):
            assert torch.equal(queries, expected)
            assert torch.equal(objects, of)


@pytest.mark.parametrize("seed", range(6))
def test_the_referred_object_has_a_query_even_among_more_objects_than_queries(seed: int) -> None:
    targets = [clip_target(seed, objects=7)]
    queries, objects = match(layer_output(seed, clips=1, queries=3), targets)[0]
    assert len(queries) == 3
    assert targets[0].referred in objects.tolist()


def test_an_object_that_is_never_visible_is_matched_without_a_class_cost() -> None:
    targets = [clip_target(4, objects=2, visible=[False] * 3)]
    parts = costs(layer_output(1, clips=1), pad(targets))
    assert not parts.classes.any()
    assert torch.isfinite(parts.total()).all()


def test_one_class_and_one_frame_ignore_visibility() -> None:
    hidden = pad([clip_target(4, objects=2, frames=1, visible=[False])])
    cost = class_cost(torch.zeros(1, 1, 4, 1), hidden)
    expected = 0.25 * 0.25 * math.log(2) - 0.75 * 0.25 * math.log(2)  # p = 1/2
    assert cost.flatten().tolist() == pytest.approx([expected] * 8)


def test_the_class_cost_is_that_of_the_objects_own_label_in_visible_frames() -> None:
    target = clip_target(3, objects=2, frames=2, visible=[True, False])
    target = SOCTarget(
        masks=target.masks,
        boxes=target.boxes,
        visible=target.visible,
        labels=torch.tensor([2, 0]),
        referred=target.referred,
    )
    logits = torch.zeros(1, 2, 1, 3)
    logits[0, 0, 0, 2] = 50.0  # frame 0 is sure of label 2
    logits[0, 1, 0, 0] = 50.0  # frame 1 would be sure of label 0, but does not count
    first, second = class_cost(logits, pad([target]))[0, 0].tolist()
    assert first == pytest.approx(-0.75 * -math.log(1e-8), rel=1e-3)
    assert second == pytest.approx((0.25 - 0.75) * 0.25 * math.log(2))


def test_predictions_that_are_not_finite_stop_the_training() -> None:
    layer = layer_output(0, clips=1)
    layer.boxes[0, 0, 0, 0] = math.nan
    with pytest.raises(TrainingError, match="not finite"):
        match(layer, [clip_target(0, objects=1)])
