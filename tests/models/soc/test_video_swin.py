from __future__ import annotations

import pytest
import torch

from rvosbench.models.soc import video_swin
from rvosbench.models.soc.video_swin import Block, Halving, PatchEmbedding, VideoSwin


def small_swin() -> VideoSwin:
    torch.manual_seed(0)
    return VideoSwin(
        channels=4, depths=(1, 2, 1, 1), heads=(1, 2, 2, 2), window=(2, 3, 3), mlp_ratio=2.0, drop_path=0.2
    )


@pytest.mark.parametrize("floats", [1, 500, 2**21])
@pytest.mark.parametrize("frames", [1, 3, 5])
def test_working_in_parts_changes_nothing(monkeypatch: pytest.MonkeyPatch, frames: int, floats: int):
    swin = small_swin().eval()
    clips = torch.randn(2, frames, 3, 33, 50)
    kept = clips.clone()
    whole = swin(clips)
    monkeypatch.setattr(video_swin, "FLOATS_AT_ONCE", floats)
    with torch.no_grad():
        in_parts = swin(clips)
    for one, other in zip(in_parts, whole, strict=True):
        torch.testing.assert_close(one, other, atol=1e-5, rtol=1e-5)
    assert torch.equal(clips, kept)


def test_training_drops_branches_also_without_gradients():
    swin = small_swin().train()
    with torch.no_grad():
        runs = [swin(torch.ones(1, 2, 3, 33, 50))[3] for _ in range(8)]
    assert any(not torch.equal(runs[0], run) for run in runs[1:])


def test_sides_are_rounded_up_at_every_stage():
    features = small_swin()(torch.randn(1, 3, 3, 33, 50))
    assert [tuple(stage.shape) for stage in features] == [
        (1, 3, 9, 13, 4),
        (1, 3, 5, 7, 8),
        (1, 3, 3, 4, 16),
        (1, 3, 2, 2, 32),
    ]


def test_a_patch_is_a_linear_map_of_sixteen_pixels_padded_with_zeros():
    torch.manual_seed(0)
    patches = PatchEmbedding(4)
    frames = torch.randn(2, 3, 3, 6, 9)
    padded = torch.zeros(2, 3, 3, 8, 12)
    padded[..., :6, :9] = frames
    projected = patches.projection(padded.transpose(1, 2)).permute(0, 2, 3, 4, 1)
    torch.testing.assert_close(patches(frames), patches.norm(projected))


def test_halving_reads_columns_outside_rows_inside():
    halving = Halving(1)
    torch.nn.init.ones_(halving.norm.weight)
    seen = []
    halving.norm.register_forward_pre_hook(lambda _, arguments: seen.append(arguments[0]))
    halving(torch.arange(6.0).view(1, 1, 2, 3, 1))
    # 0 1 2      the first quad holds 0, 3, 1, 4; the second 2, 5 and padding
    # 3 4 5
    assert seen[0].flatten(0, 2).tolist() == [[0, 3, 1, 4], [2, 5, 0, 0]]


def test_stochastic_depth_leaves_out_a_branch_of_a_whole_clip_and_keeps_the_mean():
    torch.manual_seed(0)
    block = Block(4, 1, (1, 1, 1), shifted=False, mlp_ratio=1.0, drop_path=0.75)
    branch = torch.ones(2000, 1, 2, 1, 1)
    dropped = block._drop(branch)
    assert set(dropped.unique().tolist()) == {0.0, 4.0}
    assert torch.equal(dropped[:, :, 0], dropped[:, :, 1])
    assert dropped.mean().item() == pytest.approx(1, abs=0.15)
    assert torch.equal(block.eval()._drop(branch), branch)


def test_stochastic_depth_grows_linearly():
    rates = [block.drop_path for stage in small_swin().stages for block in stage]
    assert rates == pytest.approx([0, 0.05, 0.1, 0.15, 0.2])


def test_every_second_block_is_shifted():
    assert [[block.attention.shifted for block in stage] for stage in small_swin().stages] == [
        [False],
        [False, True],
        [False],
        [False],
    ]
