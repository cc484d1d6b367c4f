from __future__ import annotations

import itertools

import pytest
import torch

from rvosbench.errors import ShapeError
from rvosbench.loader import Samples, Spread, collate, load, to_device
from rvosbench.transforms import Augmentation, Sample, Side
from tests.tiny_store import tiny_store


def sample(height: int, width: int, *, rows: int = 1, frames: int = 2, text: str = "it") -> Sample:
    return Sample(
        name="v/0",
        frames=torch.full((frames, 3, height, width), 255, dtype=torch.uint8),
        masks=torch.ones(rows, frames, height, width, dtype=torch.bool),
        labels=torch.zeros(rows, dtype=torch.int64),
        referred=0,
        text=text,
        wanted=tuple(range(frames)),
    )


def test_clips_are_padded_at_the_bottom_and_right():
    batch = collate([sample(3, 5, text="a"), sample(4, 2, rows=3, text="b")])
    assert batch.frames.shape == (2, 2, 3, 4, 5)
    assert batch.frames.dtype == torch.float32
    assert batch.sizes == ((3, 5), (4, 2))
    assert batch.expressions == ("a", "b")
    content = ~batch.pixel_is_padding
    assert content[0].nonzero().amax(0).tolist() == [2, 4]
    assert content.sum((1, 2)).tolist() == [15, 8]
    assert torch.equal(batch.frames[:, 0, 0], content.float())
    assert torch.equal(batch.targets[1].masks[2, 1], content[1])
    assert [target.masks.shape[0] for target in batch.targets] == [1, 3]


def test_visible_says_which_objects_have_a_pixel():
    one = sample(3, 3, rows=2)
    one.masks[1, 0] = False
    assert collate([one]).targets[0].visible.tolist() == [[True, True], [False, True]]


def test_clips_of_different_lengths_make_no_batch():
    with pytest.raises(ShapeError, match="same number of frames"):
        collate([sample(3, 3, frames=2), sample(3, 3, frames=3)])


def test_a_batch_moves_to_a_device_with_its_targets():
    batch = to_device(collate([sample(3, 3)]), torch.device("meta"))
    tensors = [batch.frames, batch.pixel_is_padding, batch.targets[0].masks, batch.targets[0].labels]
    assert {tensor.device.type for tensor in tensors} == {"meta"}


def batches(store, workers: int, count: int = 6):
    found = Samples(
        store, "train", Spread(3), side=Side(24, 32), seed=3, augment=Augmentation(mirror=0.5, colours=0.2)
    )
    positions = [[(step // 2, (2 * step + n) % len(found)) for n in range(2)] for step in range(count)]
    return list(itertools.islice(load(found, positions, workers), count))


def test_loading_draws_nothing_from_the_global_generator(tmp_path):
    store = tiny_store(tmp_path / "store")
    before = torch.random.get_rng_state()
    batches(store, 0)
    assert torch.equal(torch.random.get_rng_state(), before)


@pytest.mark.slow
@pytest.mark.parametrize("workers", [1, 2])
def test_batches_do_not_depend_on_the_number_of_workers(tmp_path, workers):
    store = tiny_store(tmp_path / "store")
    for alone, helped in zip(batches(store, 0), batches(store, workers), strict=True):
        assert torch.equal(alone.frames, helped.frames)
        assert alone.expressions == helped.expressions
        for one, other in zip(alone.targets, helped.targets, strict=True):
            assert torch.equal(one.masks, other.masks)
            assert torch.equal(one.labels, other.labels)
