from __future__ import annotations

import dataclasses
import pickle

import numpy as np
import pytest
import torch

from rvosbench.errors import TrainingError, UnknownNameError
from rvosbench.loader import ByteCache, Centred, Consecutive, Samples, Spread
from rvosbench.loader.augment import Augmentation
from rvosbench.media.resize import Side
from tests.tiny_store import HEIGHT, WIDTH, hidden, square, tiny_store, two_squares, video, write_store

FULL = Side(HEIGHT, WIDTH)


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    return tiny_store(tmp_path_factory.mktemp("loader") / "store")


def samples(store, window=None, **options):
    return Samples(store, "train", window or Consecutive(3), **{"side": FULL, "seed": 1} | options)


def equal(one, other) -> bool:
    pairs = zip(dataclasses.astuple(one), dataclasses.astuple(other), strict=True)
    return all(torch.equal(a, b) if isinstance(a, torch.Tensor) else a == b for a, b in pairs)


def by_text(all_samples, text):
    return [s for s in (all_samples[0, n] for n in range(len(all_samples))) if s.text == text]


def test_every_expression_with_a_target_has_the_windows_that_show_it(store):
    found = samples(store)
    assert [found.name((0, n)) for n in range(len(found))] == [
        "pair/0 at frames 0,1,2",
        "pair/0 at frames 3,4,5",
        "pair/1 at frames 3,4,5",  # blue appears in frame 3
        "pair/2 at frames 0,1,2",
        "pair/2 at frames 3,4,5",
        "single/0 at frames 2,3,4",  # shown in frame 4 only; "the dog" has no target
    ]


def test_frames_and_masks_are_those_of_the_video(store):
    sample = by_text(samples(store), "the red square")[1]
    assert sample.frames[:, 0, 0, 0].tolist() == [3, 4, 5]  # the frame's number is drawn there
    for row, frame in enumerate((3, 4, 5)):
        assert (sample.masks[0, row].numpy() == square(2 * frame)).all()
    assert sample.frames[0][torch.from_numpy(square(6))].unique(dim=0).tolist() == [[220, 30, 30]]


def test_the_meant_object_is_row_0_and_the_others_follow_when_they_are_seen(store):
    first, second = by_text(samples(store), "the red square")
    assert len(first.masks) == 1  # blue is not there yet
    assert len(second.masks) == 2
    assert (second.masks[1, 0].numpy() == square(20, 14)).all()
    (blue,) = by_text(samples(store), "the blue one")
    assert (blue.masks[0, 0].numpy() == square(20, 14)).all()
    assert blue.referred == 0


def test_labels_are_positions_among_the_sorted_categories_without_void(store):
    found = samples(store)
    assert found.categories == ("blue", "green", "red")
    assert by_text(found, "the red square")[1].labels.tolist() == [2, 0]
    assert by_text(found, "the square on the left")[0].labels.tolist() == [1]


def test_several_objects_are_one_row(store):
    both = by_text(samples(store), "both squares")[1]
    assert len(both.masks) == 1
    assert (both.masks[0, 0].numpy() == square(6) | square(20, 14)).all()


def test_other_objects_can_be_left_out(store):
    assert {len(samples(store, with_other_objects=False)[0, n].masks) for n in range(6)} == {1}


def test_void_is_no_object(store):
    (single,) = by_text(samples(store), "the square on the left")
    assert single.masks.shape == (1, 3, HEIGHT, WIDTH)


def test_only_the_centre_carries_ground_truth_in_a_centred_window(tmp_path):
    one = video("v", "train", {0: {3: square(5)}}, {"it": (0,)}, frames=7, annotated=(1, 3))
    found = samples(write_store(tmp_path / "store", [one]), Centred(4))
    assert [found.name((0, n)) for n in range(len(found))] == ["v/0 at frames 1,2,3,4"]
    assert found[0, 0].wanted == (2,)
    assert found[0, 0].masks.shape == (1, 1, HEIGHT, WIDTH)
    assert (found[0, 0].masks[0, 0].numpy() == square(5)).all()


def test_clips_are_resized_before_anything_else(store):
    sample = samples(store, side=Side(12, 16))[0, 0]
    assert sample.frames.shape == (3, 12, 16, 3)
    assert sample.masks.shape == (1, 3, 12, 16)
    assert sample.masks[0, 0].sum() == 16  # an 8 x 8 square at half the size


def test_a_sample_is_a_function_of_seed_epoch_and_index(store):
    options = {"window": Spread(3), "augment": Augmentation(mirror=0.5, colours=0.2)}
    one, other = samples(store, **options), samples(store, **options)
    positions = [(epoch, index) for epoch in range(3) for index in range(len(one))]
    shuffled = [positions[n] for n in np.random.default_rng(0).permutation(len(positions))]
    drawn = {position: other[position] for position in shuffled}
    assert all(equal(one[position], drawn[position]) for position in positions)
    assert all(one.name(position) == one[position].name for position in positions)
    changed = samples(store, seed=2, **options)
    assert not all(equal(one[position], changed[position]) for position in positions)
    assert len({one.name((epoch, 0)) for epoch in range(20)}) > 1  # epochs differ


def test_a_cache_too_small_for_anything_changes_nothing(store):
    assert all(equal(samples(store)[0, n], samples(store, cache=ByteCache(1))[0, n]) for n in range(6))


def test_an_empty_cache_that_is_given_is_the_one_used(store):
    cache = ByteCache(2_000_000)
    found = samples(store, cache=cache)
    assert len(found[0, 0].frames) == 3
    assert cache.get(("pair", 2)).shape == (HEIGHT, WIDTH, 3)
    cache.put_array(("pair", 2), np.full((HEIGHT, WIDTH, 3), 7, np.uint8))
    other = samples(store, cache=cache)
    assert other[0, 0].frames[2].unique().tolist() == [
        7
    ]  # a second list of samples reads what the first kept


@pytest.mark.parametrize("budget", [2_500, 5_000, 10_000])
def test_a_cache_that_drops_frames_of_the_clip_being_read_changes_nothing(store, budget):
    plenty, scarce = samples(store), samples(store, cache=ByteCache(budget))
    order = np.random.default_rng(0).integers(len(plenty), size=40)
    assert all(equal(plenty[0, int(n)], scarce[0, int(n)]) for n in order)


def test_cached_pixels_are_not_changed_by_augmentation(store):
    found = samples(store, augment=Augmentation(mirror=1.0, colours=0.5))
    assert equal(found[0, 0], found[0, 0])


def test_a_copy_for_a_worker_is_small_and_gives_the_same(store):
    found = samples(store)
    expected = found[0, 1]
    data = pickle.dumps(found)
    assert len(data) < 20_000  # no pixels
    assert equal(pickle.loads(data)[0, 1], expected)


def test_nothing_to_train_on_is_said(tmp_path):
    secret = write_store(tmp_path / "store", [hidden()])
    with pytest.raises(TrainingError, match="2 expressions, 2 with hidden ground truth"):
        Samples(secret, "valid", Spread(2), side=FULL, seed=0)


def test_an_unknown_split_is_said(store):
    with pytest.raises(UnknownNameError, match="'trian'; did you mean 'train'"):
        Samples(store, "trian", Spread(2), side=FULL, seed=0)


def test_an_empty_mask_shows_nothing(tmp_path):
    gone = two_squares()
    gone = dataclasses.replace(
        gone,
        masks=dict(gone.masks)
        | {(1, n): dataclasses.replace(gone.masks[1, 3], counts=gone_counts()) for n in range(6)},
    )
    found = samples(write_store(tmp_path / "store", [gone]))
    assert not by_text(found, "the blue one")


def gone_counts() -> bytes:
    from rvosbench import masks

    return masks.empty(HEIGHT, WIDTH).counts
