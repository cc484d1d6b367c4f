from __future__ import annotations

import numpy as np
import pytest
import torch

from rvosbench import masks as rle_masks
from rvosbench.models.soc.outputs import LayerOutput
from rvosbench.models.soc.postprocess import (
    a2d_sentences,
    merge_objects,
    query_scores,
    resize_once,
    resize_twice,
    segmentations,
)
from rvosbench.types import Rle
from tests.goldens.soc.recordings import Recordings

SOURCES = {
    "a": "case_a_eval_T4",
    "b": "case_b_eval_T8_B2_valid",
    "c": "case_c_eval_T5_odd",
    "c2": "case_c2_eval_T3_B2_pad",
}


@pytest.fixture(scope="module")
def recorded(recordings: Recordings) -> tuple[dict[str, np.ndarray], dict[str, dict]]:
    arrays = recordings.arrays("case_g_postprocess")
    for case, source in SOURCES.items():
        file = recordings.arrays(source)
        for name in ("pred_masks", "pred_cls", "pred_boxes"):
            arrays[f"{case}.{name}"] = file[f"out.{name}"]
    return arrays, recordings.record("case_g_postprocess")["cases"]


def layer_of(arrays: dict[str, np.ndarray], case: str) -> LayerOutput:
    prefix = f"{case}.raw." if case.startswith("synth") else f"{case.split('_')[0]}."
    masks = torch.from_numpy(arrays[f"{prefix}pred_masks"]).transpose(0, 1)
    classes = torch.from_numpy(arrays[f"{prefix}pred_cls"]).transpose(0, 1)
    B, T, Q = masks.shape[:3]
    return LayerOutput(
        masks=masks, classes=classes, boxes=torch.zeros(B, T, Q, 4), clusters=torch.zeros(B, Q, 1)
    )


@pytest.mark.parametrize("case", ["a_refytb_nc1", "c_refytb_odd", "synth_nc65"])
def test_inference_gives_the_recorded_masks_pixel_for_pixel(recorded: tuple, case: str) -> None:
    arrays, cases = recorded
    [answer] = segmentations(layer_of(arrays, case), tuple(cases[case]["original"][0]), candidates=1)
    expected = arrays[f"{case}.infer_refytb.masks"].astype(bool)
    assert answer.masks.shape == (1, *expected.shape)
    assert np.array_equal(answer.masks[0], expected)
    scores = arrays[f"{case}.infer_refytb.scores"]
    np.testing.assert_allclose(answer.scores, scores[[arrays[f"{case}.infer_refytb.index"]]], rtol=1e-6)


@pytest.mark.parametrize("case", ["a_refytb_nc1", "c_refytb_odd", "synth_nc65"])
def test_inference_picks_the_recorded_query(recorded: tuple, case: str) -> None:
    arrays, _ = recorded
    prefix = f"{case}.raw." if case.startswith("synth") else f"{case.split('_')[0]}."
    scores = query_scores(layer_of(arrays, case).classes[0])
    np.testing.assert_allclose(scores, arrays[f"{case}.infer_refytb.scores"], rtol=1e-6)
    best = int(scores.argmax())
    assert best == arrays[f"{case}.infer_refytb.index"]
    for ours, theirs in (("cls", "logits"), ("boxes", "boxes")):
        chosen = arrays[f"{prefix}pred_{ours}"][:, 0, best]
        assert np.array_equal(chosen, arrays[f"{case}.infer_refytb.{theirs}"])


@pytest.mark.parametrize("case", ["a_refytb_nc1", "c_refytb_odd", "synth_nc65", "c2_B2"])
def test_evaluation_while_training_gives_the_recorded_masks_pixel_for_pixel(
    recorded: tuple, case: str
) -> None:
    arrays, cases = recorded
    layer, sizes = layer_of(arrays, case), cases[case]
    for clip, original in enumerate(sizes["original"]):
        best = query_scores(layer.classes[clip]).argmax()
        ours = resize_twice(
            layer.masks[clip, :, best, None].transpose(0, 1),
            tuple(sizes["padded"]),
            tuple(sizes["resized"][clip]),
            tuple(original),
        )
        expected = arrays[f"{case}.ReferYoutubeVOSPostProcess.masks_{clip}"][:, 0].astype(bool)
        assert np.array_equal(ours[0], expected)


@pytest.mark.parametrize("case", ["b_a2d", "synth_a2d"])
def test_a2d_gives_the_recorded_masks_and_run_lengths(recorded: tuple, case: str) -> None:
    arrays, cases = recorded
    layer, sizes = layer_of(arrays, case), cases[case]
    for clip, original in enumerate(sizes["original"]):
        part = slice(clip, clip + 1)
        one = LayerOutput(
            masks=layer.masks[part],
            classes=layer.classes[part],
            boxes=layer.boxes[part],
            clusters=layer.clusters[part],
        )
        ours = a2d_sentences(one, tuple(sizes["padded"]), tuple(sizes["resized"][clip]), tuple(original))
        prefix = f"{case}.A2DSentencesPostProcess"
        assert np.array_equal(ours.masks[:, 0], arrays[f"{prefix}.masks_{clip}"][:, 0].astype(bool))
        np.testing.assert_allclose(ours.scores, arrays[f"{prefix}.scores_{clip}"], rtol=1e-6)
        for mask, rle in zip(ours.masks[:, 0], sizes[f"rle_{clip}"], strict=True):
            assert rle_masks.encode(mask) == Rle(*rle["size"], rle["counts"].encode())


def test_davis_objects_are_merged_as_recorded(recorded: tuple) -> None:
    arrays, _ = recorded
    assert np.array_equal(
        merge_objects(arrays["davis.in.object_soft_masks"]), arrays["davis.out.label_masks"]
    )


def test_merging_by_hand() -> None:
    probabilities = np.array([[0.6, 0.4, 0.9], [0.7, 0.3, 0.5]], np.float32).reshape(2, 1, 1, 3)
    assert merge_objects(probabilities).tolist() == [[[2, 0, 1]]]


def test_a_query_scores_its_mean_over_the_frames_then_the_best_class() -> None:
    # Each class is sure in one of two frames: the mean over time is 1/2 for either.
    classes = torch.tensor([[[100.0, -100.0]], [[-100.0, 100.0]]])
    assert query_scores(classes).tolist() == pytest.approx([0.5])


def test_candidates_come_from_best_to_worst_and_never_more_than_asked() -> None:
    masks = torch.full((2, 1, 3, 2, 2), -1.0)
    for query in range(3):
        masks[:, :, query, 0, 0] = query + 1.0
    masks[:, :, 2] = 5.0
    classes = torch.tensor([[0.0, 2.0, 1.0], [3.0, 0.0, 1.0]]).reshape(2, 1, 3, 1)
    layer = LayerOutput(
        masks=masks, classes=classes, boxes=torch.zeros(2, 1, 3, 4), clusters=torch.zeros(2, 3, 1)
    )
    first, second = segmentations(layer, (4, 4), candidates=2)
    assert first.masks.shape == second.masks.shape == (2, 1, 4, 4)
    np.testing.assert_allclose(first.scores, torch.tensor([2.0, 1.0]).sigmoid().numpy())
    np.testing.assert_allclose(second.scores, torch.tensor([3.0, 1.0]).sigmoid().numpy())
    assert first.masks[1].all()  # query 2, the only one that covers everything
    [all_queries, _] = segmentations(layer, (4, 4), candidates=20)
    assert len(all_queries.scores) == 3


def test_long_clips_are_resized_in_parts_without_a_seam() -> None:
    logits = torch.randn(1, 37, 3, 5, generator=torch.Generator().manual_seed(0))
    whole = torch.nn.functional.interpolate(logits, size=(7, 11), mode="bilinear", align_corners=False) > 0
    assert np.array_equal(resize_once(logits, (7, 11)), whole.numpy())
