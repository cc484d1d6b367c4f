from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor

from rvosbench.errors import ShapeError
from rvosbench.models.soc import feedforward, parts, video_swin
from rvosbench.models.soc.model import SOC
from rvosbench.models.soc.outputs import LayerOutput, SOCOutput
from tests.models.soc.intermediates import intermediates

EVALUATION = ["case_a_eval_T4", "case_b_eval_T8_B2_valid", "case_c_eval_T5_odd", "case_c2_eval_T3_B2_pad"]
TRAINING = ["case_d1_train_a2d", "case_d2_train_ytvos_nc65_T4", "case_d3_train_joint_nc1_T4"]
EXPRESSIONS = ["the red square", "a circle that moves left", "it"]

MakeSOC = Callable[..., SOC]


def clips(batch: int, frames: int = 3, height: int = 40, width: int = 56) -> tuple[Tensor, Tensor]:
    torch.manual_seed(1)
    return torch.randn(batch, frames, 3, height, width), torch.zeros(batch, height, width, dtype=torch.bool)


def assert_same(found: SOCOutput, expected: SOCOutput, rows: slice | list[int] = slice(None)) -> None:
    assert len(found.layers) == len(expected.layers)
    for one, other in zip(found.layers, expected.layers, strict=True):
        for name in LayerOutput.__slots__:
            found_part, expected_part = getattr(one, name), getattr(other, name)[rows]
            atol = 1e-5 * expected_part.abs().max().item()
            torch.testing.assert_close(found_part, expected_part, atol=atol, rtol=0)
    torch.testing.assert_close(found.sentences, expected.sentences[rows], atol=1e-5, rtol=1e-4)


# What the original recorded.


GIVEN = ("in.clip_", "in.valid_indices", "tgt.", "match.", "loss.", "grad.")
"""Inputs, and what other tests compare: targets, matches, losses and gradients."""


def assert_all_recorded(recorded: Any) -> None:
    found = intermediates(recorded.model(), recorded.inputs())
    expected = {name for name in recorded.arrays if not name.startswith(GIVEN)}
    assert expected - found.keys() == set()
    assert len(expected) > 25
    for name in sorted(expected):
        recorded.assert_equal(found[name], name)


@pytest.mark.parametrize("case", EVALUATION + TRAINING)
def test_everything_that_was_recorded_is_reproduced(golden: Callable[[str], Any], case: str):
    assert_all_recorded(golden(case))


@pytest.mark.parametrize("case", EVALUATION + TRAINING)
def test_every_number_that_was_recorded_is_reproduced(whole_golden: Callable[[str], Any], case: str):
    assert_all_recorded(whole_golden(case))


def test_evaluation_answers_from_one_layer_and_training_from_all(golden: Callable[[str], Any]):
    for case in ("case_a_eval_T4", "case_d1_train_a2d"):
        recorded = golden(case)
        with torch.no_grad():
            output = recorded.model()(*recorded.inputs())
        assert len(output.layers) == (2 if recorded.is_training else 1)


# What holds without a record.


def test_shapes_in_training_and_evaluation(small_soc: MakeSOC):
    model = small_soc(classes=4)
    frames, is_padding = clips(2)
    sizes = ((40, 56), (40, 56))
    output = model(frames, is_padding, EXPRESSIONS[:2], None, sizes)
    assert len(output.layers) == 1
    assert len(model.train()(frames, is_padding, EXPRESSIONS[:2], None, sizes).layers) == 2
    answer = output.answer
    assert answer.masks.shape == (2, 3, 3, 10, 14)
    assert answer.boxes.shape == (2, 3, 3, 4)
    assert answer.classes.shape == (2, 3, 3, 4)
    assert answer.clusters.shape == (2, 3, 128)
    assert output.sentences.shape == (2, 128)
    assert ((answer.boxes >= 0) & (answer.boxes <= 1)).all()


def test_one_look_serves_many_sentences(small_soc: MakeSOC):
    model = small_soc()
    frames, is_padding = clips(1)
    with torch.no_grad():
        visual = model.look(frames, is_padding, (0, 2))
        together = model.answer(visual, EXPRESSIONS, ((40, 56),))
        repeated = model(
            frames.expand(3, -1, -1, -1, -1),
            is_padding.expand(3, -1, -1),
            EXPRESSIONS,
            (0, 2),
            ((40, 56),) * 3,
        )
        assert_same(together, repeated)
        # Alone a sentence is not padded with the others' length.
        assert_same(model.answer(visual, EXPRESSIONS[2:], ((40, 56),)), together, [2])


def test_a_batch_answers_as_each_clip_alone(small_soc: MakeSOC):
    model = small_soc()
    frames, is_padding = clips(2)
    is_padding[1, 30:] = True
    is_padding[1, :, 44:] = True
    frames[1].masked_fill_(is_padding[1], 0.0)
    sizes = ((40, 56), (30, 44))
    with torch.no_grad():
        together = model(frames, is_padding, EXPRESSIONS[:2], (1, 2), sizes)
        for row in range(2):
            one = slice(row, row + 1)
            alone = model(frames[one], is_padding[one], EXPRESSIONS[one], (1, 2), sizes[one])
            assert_same(alone, together, [row])


def test_clips_of_a_batch_get_no_gradients_from_one_another(small_soc: MakeSOC):
    model = small_soc(drop_path=0.0, dropout=0.0, cluster_dropout=0.0, text_dropout=0.0).train()
    frames, is_padding = clips(2)
    frames.requires_grad_()
    output = model(frames, is_padding, EXPRESSIONS[:2], None, ((40, 56),) * 2)
    sum(layer.masks[0].sum() + layer.clusters[0].sum() for layer in output.layers).backward()
    assert frames.grad[0].any()
    assert not frames.grad[1].any()


def test_wanted_frames_may_differ_from_clip_to_clip(small_soc: MakeSOC):
    model = small_soc()
    frames, is_padding = clips(2)
    sizes = ((40, 56),) * 2
    with torch.no_grad():
        mixed = model(frames, is_padding, EXPRESSIONS[:2], ((2,), (0,)), sizes)
        assert_same(model(frames[:1], is_padding[:1], EXPRESSIONS[:1], (2,), sizes[:1]), mixed, [0])
        assert_same(model(frames[1:], is_padding[1:], EXPRESSIONS[1:2], (0,), sizes[1:]), mixed, [1])
        everything = model(frames, is_padding, EXPRESSIONS[:2], None, sizes)
        assert_same(model(frames, is_padding, EXPRESSIONS[:2], (0, 1, 2), sizes), everything)


@pytest.mark.parametrize(("height", "width", "frames"), [(8, 8, 1), (20, 9, 2), (33, 65, 5), (64, 32, 3)])
def test_any_size_gives_masks_at_stride_four(small_soc: MakeSOC, height: int, width: int, frames: int):
    pixels, is_padding = clips(1, frames, height, width)
    with torch.no_grad():
        output = small_soc()(pixels, is_padding, ["it"], None, ((height, width),))
    assert output.answer.masks.shape == (1, frames, 3, -(-height // 4), -(-width // 4))
    assert output.answer.masks.isfinite().all()


def test_the_sentence_and_the_pixels_matter_and_letter_case_does_not(small_soc: MakeSOC):
    model = small_soc()
    frames, is_padding = clips(1)

    def masks(text: str, pixels: Tensor = frames) -> Tensor:
        with torch.no_grad():
            return model(pixels, is_padding, [text], None, ((40, 56),)).answer.masks

    here = masks("the red square")
    assert torch.equal(masks(" The RED   square"), here)
    assert not torch.allclose(masks("the blue square"), here, atol=1e-3)
    assert not torch.allclose(masks("the red square", frames.flip(1)).flip(1), here, atol=1e-3)


def test_every_parameter_learns(small_soc: MakeSOC):
    model = small_soc().train()
    frames, is_padding = clips(2)
    output = model(frames, is_padding, EXPRESSIONS[:2], None, ((40, 56),) * 2)
    parts = [getattr(layer, name) for layer in output.layers for name in LayerOutput.__slots__]
    sum(part.square().mean() for part in [*parts, output.sentences]).backward()
    silent = {name for name, value in model.named_parameters() if value.grad is None or not value.grad.any()}
    assert silent == set()


def test_a_frozen_text_encoder_keeps_its_dropout_and_gets_no_gradients(small_soc: MakeSOC):
    model = small_soc(freeze_text_encoder=True)
    frozen = {name for name, value in model.named_parameters() if not value.requires_grad}
    assert frozen == {name for name, _ in model.named_parameters() if name.startswith("text_encoder.")}
    words = [model.train().read(EXPRESSIONS).features for _ in range(2)]
    assert not torch.equal(*words)
    assert words[0].requires_grad


def test_the_answer_comes_from_the_layer_that_the_config_names(small_soc: MakeSOC):
    first = small_soc(answer_layer="first")
    last = small_soc(answer_layer="last")
    last.load_state_dict(first.state_dict())
    arguments = (*clips(1), ["it"], None, ((40, 56),))
    with torch.no_grad():
        before, after = first(*arguments).answer, last(*arguments).answer
        assert torch.equal(before.clusters, after.clusters)
        assert not torch.allclose(before.classes, after.classes, atol=1e-4)
        # The last layer of training answers; its parts stay in evaluation, so that nothing is dropped.
        last.training = True
        trained = last(*arguments)
    for name in LayerOutput.__slots__:
        found, expected = getattr(trained.answer, name), getattr(after, name)
        torch.testing.assert_close(found, expected, atol=1e-5 * expected.abs().max().item(), rtol=0)


def test_looking_in_inference_mode_does_not_spoil_training(small_soc: MakeSOC):
    model = small_soc()
    arguments = (*clips(1), ["it"], None, ((40, 56),))
    with torch.inference_mode():
        model(*arguments)
    model.train()(*arguments).answer.masks.sum().backward()


def test_before_training_hardly_any_query_claims_to_be_the_object(small_soc: MakeSOC):
    torch.manual_seed(0)
    template = small_soc()
    model = SOC(template.config, template.text_encoder, template.tokenizer).eval()
    with torch.no_grad():
        classes = model(*clips(1), ["it"], None, ((40, 56),)).answer.classes.sigmoid()
    assert all(torch.allclose(head.bias.sigmoid(), torch.tensor(0.01)) for head in model.class_heads)
    assert classes.mean() < 0.1


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"expressions": ["it"]}, "1 expressions for 2 clips"),
        ({"sizes": ((40, 56),) * 3}, "3 sizes for 2 clips"),
        ({"wanted": (0, 3)}, r"expected positions from 0 to 2"),
        ({"wanted": (-1,)}, r"expected positions from 0 to 2"),
        ({"wanted": ()}, r"expected positions"),
        ({"wanted": ((0,), (1,), (2,))}, "rows for 3 clips"),
        ({"wanted": ((0,), (1, 2))}, "as many"),
        ({"pixel_is_padding": torch.zeros(2, 40, 55, dtype=torch.bool)}, r"\(2, 40, 55\)"),
    ],
)
def test_arguments_that_do_not_belong_together_are_refused(small_soc: MakeSOC, change: dict, message: str):
    frames, is_padding = clips(2)
    arguments = {
        "frames": frames,
        "pixel_is_padding": is_padding,
        "expressions": EXPRESSIONS[:2],
        "wanted": None,
        "sizes": ((40, 56),) * 2,
    }
    with pytest.raises(ShapeError, match=message):
        small_soc()(**(arguments | change))


def test_a_long_clip_in_small_parts_is_answered_as_in_one(
    small_soc: MakeSOC, monkeypatch: pytest.MonkeyPatch
):
    model = small_soc(backbone_window=(2, 3, 3))  # shifted windows couple neighbours all along
    frames, is_padding = clips(1, frames=11)
    visual = model.look(frames, is_padding, None)  # with gradients nothing is done in parts
    together = model.answer(visual, EXPRESSIONS, ((40, 56),))
    for module in (video_swin, feedforward):
        monkeypatch.setattr(module, "FLOATS_AT_ONCE", 1000)
    monkeypatch.setattr(parts, "FLOATS_AT_ONCE", 1)  # no frame is small
    for at_once in (1, 4):
        monkeypatch.setattr(parts, "CPU_FRAMES", at_once)
        with torch.no_grad():
            seen = model.look(frames, is_padding, None)
            atol = 1e-5 * visual.pixels.abs().max().item()
            torch.testing.assert_close(seen.pixels, visual.pixels, atol=atol, rtol=0)
            assert_same(model.answer(seen, EXPRESSIONS, ((40, 56),)), together)
