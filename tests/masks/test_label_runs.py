from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from rvosbench import masks
from rvosbench.errors import ShapeError
from rvosbench.masks.label_runs import label_runs

LABELS = arrays.arrays(
    np.uint8,
    arrays.array_shapes(min_dims=2, max_dims=2, max_side=12),
    elements=st.sampled_from([0, 1, 2, 7, 255]),
)


@given(LABELS, st.integers(1, 40))
def test_every_label_gets_the_run_lengths_that_pycocotools_writes(labels, scale):
    labels = labels.repeat(scale, axis=0)  # long runs take several bytes
    parts = masks.split_labels(labels)
    assert list(parts) == sorted(set(labels.ravel().tolist()) - {0})
    for label, rle in parts.items():
        assert rle == masks.encode(labels == label)


@pytest.mark.parametrize("size", [(1, 1), (1, 70_000), (70_000, 1), (3000, 3000)])
def test_long_runs_and_full_frames_too(size):
    labels = np.full(size, 3, np.uint8)
    assert masks.split_labels(labels) == {3: masks.encode(labels == 3)}
    labels[0, 0] = 0
    labels[-1, -1] = 9
    for label, rle in masks.split_labels(labels).items():
        assert rle == masks.encode(labels == label)


def test_noise_of_all_labels_comes_apart():
    labels = np.random.default_rng(0).integers(0, 256, (90, 70)).astype(np.uint8)
    parts = masks.split_labels(labels)
    assert len(parts) == 255
    assert all(rle == masks.encode(labels == label) for label, rle in parts.items())


def test_an_empty_label_map_has_no_objects():
    assert masks.split_labels(np.zeros((3, 4), np.uint8)) == {}


@given(LABELS)
def test_runs_cover_the_frame_and_change_the_label(labels):
    runs = label_runs(labels)
    assert (runs.stop[:-1] == runs.start[1:]).all()
    assert (runs.start[0], runs.stop[-1]) == (0, labels.size)
    assert (runs.label[1:] != runs.label[:-1]).all()
    assert np.array_equal(runs.label.repeat(runs.stop - runs.start), labels.T.ravel())


@pytest.mark.parametrize(
    "wrong", [np.zeros(3, np.uint8), np.zeros((2, 2), np.int64), np.zeros((0, 2), np.uint8)]
)
def test_only_label_maps_are_taken_apart(wrong):
    with pytest.raises(ShapeError, match="a label map must be"):
        masks.split_labels(wrong)
