from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor

from rvosbench.models.soc.object_cluster import ObjectCluster
from rvosbench.models.soc.original_names import renamed
from tests.goldens.soc.recordings import Recordings


def cluster(window: int, **changes: Any) -> ObjectCluster:
    torch.manual_seed(0)
    numbers = {"channels": 16, "heads": 2, "queries": 2, "feedforward": 16, "encoder_layers": 1}
    return ObjectCluster(**(numbers | {"decoder_layers": 1, "window": window, "dropout": 0.0} | changes))


@pytest.fixture(scope="module")
def recorded(recordings: Recordings) -> tuple[ObjectCluster, dict[str, np.ndarray]]:
    module = ObjectCluster(
        channels=64,
        heads=4,
        queries=5,
        encoder_layers=2,
        decoder_layers=2,
        feedforward=96,
        window=3,
        dropout=0.0,
    )
    weights = recordings.weights("voc_window3")
    names = {name: str(renamed(f"voc.{name}")).removeprefix("object_cluster.") for name in weights}
    module.load_state_dict({names[name]: value.float() for name, value in weights.items()})
    return module, recordings.arrays("case_f_voc_window3")


@pytest.mark.parametrize("case", ["evalT1.", "evalT3.", "evalT6.", "evalT8.", "eval", "train"])
def test_windows_give_the_recorded_clusters(recorded: tuple[ObjectCluster, dict[str, np.ndarray]], case: str):
    module, arrays = recorded
    module.train(case == "train")
    prefix = case if case.endswith(".") else ""
    objects = torch.from_numpy(arrays[f"{prefix}frame_query"]).requires_grad_()
    sentences = torch.from_numpy(arrays[f"{prefix}language_query"]).requires_grad_()
    used = objects if module.training else objects[-1:]
    K, T, B, Q, C = used.shape
    # Upstream reads (T, B) as (B, T): reshaped, not transposed. Ours never sees clips mixed like this.
    found = module(used.reshape(K * B, T, Q, C), sentences.repeat(K, 1)).view(K, B, Q, C)

    def assert_equal(found: Tensor, name: str) -> None:
        expected = torch.from_numpy(arrays[name])
        torch.testing.assert_close(found, expected, rtol=0, atol=1e-5 * expected.abs().max().item())

    assert_equal(found.detach(), f"{prefix or case + '.'}out")
    if not prefix:
        (found * torch.linspace(-1, 1, found.numel()).view_as(found)).sum().backward()
        assert_equal(objects.grad, f"{case}.grad_frame_query")
        assert_equal(sentences.grad, f"{case}.grad_language_query")


def frames_seen(module: ObjectCluster, frame: int, frames: int, layer: int) -> list[int]:
    """The frames that one frame's objects depend on in one encoder layer."""
    objects = torch.randn(1, frames * 2, 16, requires_grad=True)
    shifted = layer % 2 == 1 and not module.training
    output = module.encoder[0](objects, module._mask(frames, 2, shifted, objects.device))
    output[0, 2 * frame].square().sum().backward()
    touched = objects.grad[0].abs().sum(1).view(frames, 2).sum(1)
    return touched.nonzero().flatten().tolist()


def test_windows_by_hand():
    module = cluster(window=3).eval()
    assert frames_seen(module, 4, frames=7, layer=0) == [3, 4, 5]
    assert frames_seen(module, 6, frames=7, layer=0) == [6]  # the last window is not full
    # Shifted by two: parts of 1, 3, 3 frames; the last one or two come round to the front, alone.
    assert [frames_seen(module, frame, frames=7, layer=1) for frame in (0, 2, 5)] == [
        [0],
        [1, 2, 3],
        [4, 5, 6],
    ]
    assert frames_seen(module.train(), 2, frames=7, layer=1) == [0, 1, 2]


def test_without_a_window_every_frame_sees_every_other():
    assert frames_seen(cluster(window=0).eval(), 4, frames=7, layer=1) == list(range(7))


def test_clips_do_not_see_one_another():
    module = cluster(window=0)
    objects, sentences = torch.randn(3, 4, 2, 16), torch.randn(3, 16)
    together = module(objects, sentences)
    torch.testing.assert_close(together[1:2], module(objects[1:2], sentences[1:2]))


def test_the_order_of_frames_does_not_matter_but_the_sentence_does():
    module = cluster(window=0)
    objects, sentences = torch.randn(1, 4, 2, 16), torch.randn(1, 16)
    found = module(objects, sentences)
    torch.testing.assert_close(module(objects.flip(1), sentences), found)
    assert not torch.allclose(module(objects, -sentences), found, atol=1e-2)
