from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

from rvosbench.errors import TrainingError
from rvosbench.models.precision import computing_in
from rvosbench.models.soc import checkpoint, segmenter
from rvosbench.models.soc.criterion import WEIGHTS
from rvosbench.models.soc.presets import PRESETS
from rvosbench.models.soc.segmenter import SOCSegmenter
from rvosbench.plugins.model import Segmenter, TrainableSegmenter
from rvosbench.types import Batch, Clip, Target

EXPRESSIONS = ["the red square", "The circle that moves left", "a star"]


@pytest.fixture(scope="module")
def soc() -> SOCSegmenter:
    return SOCSegmenter(checkpoint.create(PRESETS["soc-demo"].configuration, seed=0).eval())


def clip(frames: int = 3, wanted: tuple[int, ...] = (0, 1, 2)) -> Clip:
    pixels = np.random.default_rng(0).integers(0, 256, (frames, 48, 80, 3), dtype=np.uint8)
    return Clip(video_id="v", frames=pixels, frame_indices=tuple(range(frames)), wanted=wanted)


def batch(seed: int = 0, wanted: tuple[int, ...] = (0, 1)) -> Batch:
    """Two clips of 64x64 and 48x56 px, with two objects and one."""
    generator = torch.Generator().manual_seed(seed)
    sizes = ((64, 64), (48, 56))
    frames = torch.zeros(2, 2, 64, 64, 3, dtype=torch.uint8)
    is_padding = torch.ones(2, 64, 64, dtype=torch.bool)
    targets = []
    for index, (height, width) in enumerate(sizes):
        drawn = torch.randint(0, 256, (2, height, width, 3), generator=generator, dtype=torch.uint8)
        frames[index, :, :height, :width] = drawn
        is_padding[index, :height, :width] = False
        masks = torch.zeros(2 - index, len(wanted), 64, 64, dtype=torch.bool)
        masks[0, :, 10:30, 20:50] = True
        if index == 0:
            masks[1, 1:, 35:60, 5:25] = True  # the second object appears late
        targets.append(
            Target(
                masks=masks,
                visible=masks.flatten(2).any(-1),
                labels=torch.zeros(len(masks), dtype=torch.int64),
                referred=0,
            )
        )
    return Batch(
        frames=frames,
        pixel_is_padding=is_padding,
        sizes=sizes,
        expressions=("the red square", "a star"),
        wanted=wanted,
        targets=tuple(targets),
    )


def test_it_fulfils_the_contracts(soc: SOCSegmenter) -> None:
    assert isinstance(soc, Segmenter)
    assert isinstance(soc, TrainableSegmenter)


def test_masks_have_the_size_of_the_clip_and_candidates_are_ranked(soc: SOCSegmenter) -> None:
    answers = soc.segment(clip(), EXPRESSIONS, candidates=3)
    assert len(answers) == 3
    for answer in answers:
        assert answer.masks.shape == (3, 3, 48, 80)
        assert answer.masks.dtype == np.bool_
        assert np.all(np.diff(answer.scores) <= 0)
        assert np.isfinite(answer.scores).all()


def test_only_wanted_frames_are_answered_for(soc: SOCSegmenter) -> None:
    [answer] = soc.segment(clip(frames=4, wanted=(1, 3)), EXPRESSIONS[:1])
    assert answer.masks.shape == (1, 2, 48, 80)


def test_no_expression_no_answer(soc: SOCSegmenter) -> None:
    assert list(soc.segment(clip(), [])) == []


def test_expressions_answered_together_in_parts_or_alone_are_answered_alike(
    soc: SOCSegmenter, monkeypatch: pytest.MonkeyPatch
) -> None:
    together = soc.segment(clip(), EXPRESSIONS, candidates=5)
    monkeypatch.setattr(segmenter, "PIXELS_AT_ONCE", 2 * 3 * 64 * 107)  # two expressions at a time
    in_parts = soc.segment(clip(), EXPRESSIONS, candidates=5)
    alone = [soc.segment(clip(), [expression], candidates=5)[0] for expression in EXPRESSIONS]
    for one, other, another in zip(together, in_parts, alone, strict=True):
        np.testing.assert_allclose(one.scores, other.scores, rtol=1e-4)
        np.testing.assert_allclose(one.scores, another.scores, rtol=1e-4)
        assert (one.masks != other.masks).mean() < 1e-3
        assert (one.masks != another.masks).mean() < 1e-3


def test_answering_while_training_is_deterministic_and_restores_the_mode(soc: SOCSegmenter) -> None:
    soc.module().train()
    first, again = (soc.segment(clip(), EXPRESSIONS[:1])[0] for _ in range(2))
    assert soc.module().training
    soc.module().eval()
    assert np.array_equal(first.masks, again.masks)


def test_losses_name_every_part_of_every_layer_and_reach_every_group() -> None:
    trained = SOCSegmenter(checkpoint.create(PRESETS["soc-demo"].configuration, seed=0).train())
    losses = trained.losses(batch())
    assert set(losses) == {name + layer for name in WEIGHTS for layer in ("", "_0")}
    sum(losses.values()).backward()
    groups = trained.parameter_groups({"main": 1e-4, "backbone": 1e-5, "text": 5e-5})
    for group in groups:
        assert any(parameter.grad is not None and parameter.grad.any() for parameter in group["params"])


def test_frames_without_an_answer_wanted_have_no_target(soc: SOCSegmenter) -> None:
    losses = soc.losses(batch(wanted=(1,)))
    assert all(torch.isfinite(value) for value in losses.values())


def test_what_lies_in_the_padding_changes_nothing(soc: SOCSegmenter) -> None:
    clean = batch()
    soiled = replace(clean, frames=clean.frames.masked_fill(clean.pixel_is_padding[:, None, ..., None], 180))
    with torch.no_grad():
        for name, value in soc.losses(clean).items():
            assert value.item() == soc.losses(soiled)[name].item(), name


def test_groups_hold_every_learning_parameter_once(soc: SOCSegmenter) -> None:
    groups = soc.parameter_groups({"main": 3.0, "backbone": 2.0, "text": 1.0})
    assert [(group["name"], group["lr"]) for group in groups] == [
        ("main", 3.0),
        ("backbone", 2.0),
        ("text", 1.0),
    ]
    listed = [id(parameter) for group in groups for parameter in group["params"]]
    assert sorted(listed) == sorted(id(parameter) for parameter in soc.module().parameters())


def test_a_frozen_text_encoder_has_no_group() -> None:
    frozen = replace(PRESETS["soc-demo"].configuration, freeze_text_encoder=True)
    groups = SOCSegmenter(checkpoint.create(frozen, seed=0)).parameter_groups(
        {"main": 1.0, "backbone": 1.0, "text": 1.0}
    )
    assert [group["name"] for group in groups] == ["main", "backbone"]


@pytest.mark.parametrize("rates", [{}, {"main": 1.0}, {"main": 1.0, "backbone": 1.0, "txt": 1.0}])
def test_learning_rates_for_other_parts_are_refused(soc: SOCSegmenter, rates: dict[str, float]) -> None:
    with pytest.raises(TrainingError, match="expected main, backbone, text"):
        soc.parameter_groups(rates)


@pytest.mark.slow
def test_a_few_steps_learn_one_batch() -> None:
    torch.manual_seed(0)
    trained = SOCSegmenter(checkpoint.create(PRESETS["soc-demo"].configuration, seed=0).train())
    optimizer = torch.optim.AdamW(
        trained.parameter_groups({"main": 5e-4, "backbone": 5e-4, "text": 5e-4}), weight_decay=1e-4
    )
    one = batch()
    totals = []
    for _ in range(30):
        optimizer.zero_grad()
        total = sum(trained.losses(one).values())
        total.backward()
        torch.nn.utils.clip_grad_norm_(trained.module().parameters(), 0.1)
        optimizer.step()
        totals.append(total.item())
    assert totals[-1] < 0.6 * totals[0]


def test_a_long_clip_is_answered_in_parts_as_if_each_were_a_clip_of_its_own(soc):
    long = clip(frames=7, wanted=(0, 2, 4, 6))  # parts 0-2, 3-5 and 6
    assert soc.model.config.eval_frames == 3
    whole = soc.segment(long, EXPRESSIONS, candidates=2)
    parts = [
        replace(long, frames=long.frames[low:high], frame_indices=tuple(range(low, high)), wanted=wanted)
        for low, high, wanted in ((0, 3, (0, 2)), (3, 6, (1,)), (6, 7, (0,)))
    ]
    alone = [soc.segment(part, EXPRESSIONS, candidates=2) for part in parts]
    for number, answer in enumerate(whole):
        assert answer.scores.shape == (2, 4)  # per candidate and frame
        assert np.array_equal(answer.masks, np.concatenate([each[number].masks for each in alone], axis=1))
        assert np.array_equal(answer.scores[:, 0], alone[0][number].scores)
        assert np.array_equal(answer.scores[:, 3], alone[2][number].scores)


def test_bfloat16_changes_answers_little(soc):
    plain = soc.segment(clip(), EXPRESSIONS)
    with computing_in("bf16", "cpu"):
        rounded = soc.segment(clip(), EXPRESSIONS)
    for one, other in zip(plain, rounded, strict=True):
        assert not np.array_equal(one.scores, other.scores)
        np.testing.assert_allclose(other.scores, one.scores, rtol=0.1)
        assert (one.masks != other.masks).mean() < 0.02


def test_losses_in_bfloat16_are_float32_and_reach_every_weight():
    model = SOCSegmenter(checkpoint.create(PRESETS["soc-demo"].configuration, seed=0).train())
    torch.manual_seed(0)
    plain = model.losses(batch())
    torch.manual_seed(0)
    with computing_in("bf16", "cpu"):
        rounded = model.losses(batch())
    assert {loss.dtype for loss in rounded.values()} == {torch.float32}
    assert {name: loss.item() for name, loss in rounded.items()} == pytest.approx(
        {name: loss.item() for name, loss in plain.items()}, rel=0.1
    )
    sum(rounded.values()).backward()
    gradients = [p.grad for p in model.module().parameters() if p.requires_grad]
    assert all(gradient is not None and gradient.isfinite().all() for gradient in gradients)
