from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from rvosbench.preparation import count_differences, prepare
from rvosbench.preparation.opening import open_release
from rvosbench.preparation.samples import count_samples, with_samples
from rvosbench.store import Store
from tests.datasets import tiny_releases


def test_an_expression_counts_once_for_every_frame_in_which_something_it_means_is_seen(tmp_path):
    """A2D: expression 0 in two frames, 1 in one. MeViS: "both" in all three frames, "none" in none."""
    a2d = Store.open(prepare("a2d", tiny_releases.a2d(tmp_path / "a2d"), tmp_path / "store").store)
    assert (count_samples(a2d, "train"), count_samples(a2d, "test")) == (2 + 1, 1 + 1)
    mevis = Store.open(
        prepare("mevis", tiny_releases.mevis(tmp_path / "mevis"), tmp_path / "mevis-store").store
    )
    assert count_samples(mevis, "train") == (2 + 3 + 3 + 0) + 3
    assert count_samples(mevis, "valid") == 0


def test_samples_are_counted_where_the_card_says_how_many_there_are(tmp_path):
    prepared = prepare("a2d", tiny_releases.a2d(tmp_path / "release"), tmp_path / "store")
    store, card = Store.open(prepared.store), open_release("a2d", tmp_path / "release").card
    exact = replace(card, counts={"train": {"samples": 3}, "test": {"expressions": 2}})
    assert "samples" not in with_samples(store, exact)["test"]
    assert count_differences(exact, with_samples(store, exact), Path("root")) == []
    other = replace(card, counts={"train": {"samples": 4}})
    assert count_differences(other, with_samples(store, other), Path("root")) == [
        "a2d/train has 3 samples, its card says 4; is the download complete? (root)"
    ]


def test_prepare_compares_the_samples_of_a2d_and_refuses_no_partial_copy(tmp_path):
    prepared = prepare("a2d", tiny_releases.a2d(tmp_path / "release"), tmp_path / "store")
    differences = [warning for warning in prepared.warnings if "its card says" in warning]
    assert [warning.split(";")[0] for warning in differences] == [
        "a2d/train has 1 videos, its card says 3,017",
        "a2d/train has 2 expressions, its card says 5,359",
        "a2d/train has 3 samples, its card says 15,741",
        "a2d/test has 1 videos, its card says 737",
        "a2d/test has 2 expressions, its card says 1,295",
        "a2d/test has 2 samples, its card says 3,800",
    ]
