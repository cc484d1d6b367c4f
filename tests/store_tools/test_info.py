from __future__ import annotations

import csv
import json

import pytest

from rvosbench.store_tools.info import WordCounter, as_json, describe
from tests.tiny_store import HEIGHT, WIDTH, hidden, tiny_store, video, write_store


@pytest.fixture
def train(tmp_path):
    return describe(tiny_store(tmp_path / "store")).splits["train"]


def test_counts_are_those_of_the_tables(train):
    assert train.counts == {"videos": 2, "frames": 11, "objects": 4, "expressions": 5, "masks": 15}
    assert train.annotated_frames == 11


def test_expressions_by_hand(train):
    text = train.text
    # the red square / the blue one / both squares / the dog / the square on the left
    assert (text.words_min, text.words_median, text.words_mean, text.words_max) == (2, 3.0, 3.0, 5)
    assert text.vocabulary == 10
    assert text.frequent[:3] == (("the", 5), ("square", 2), ("blue", 1))
    assert (text.hidden, text.no_target, text.several_objects) == (0, 1, 1)


def test_masks_by_hand_without_void(train):
    # Squares of 64 px: six of object 0, three of object 1, one of object 7; five of void do not count.
    share = 64 / (HEIGHT * WIDTH)
    found = train.masks
    assert found.share_mean == pytest.approx(share) and found.share_median == pytest.approx(share)
    assert (found.pairs, found.absent) == (6 + 6 + 5, 3 + 4)
    assert (found.never_visible, found.void_objects) == (0, 1)


def test_an_object_that_never_appears_is_counted_where_somebody_looked(tmp_path):
    looked = video("a", "train", {1: {}, 2: {}}, {"x": (1,)}, annotated=(0, 1))
    nobody = video("b", "train", {1: {}}, {"x": (1,)}, annotated=())
    found = describe(write_store(tmp_path / "s", [looked, nobody])).splits["train"].masks
    assert (found.never_visible, found.pairs, found.absent) == (2, 4, 4)
    assert found.share_mean is None


def test_hidden_truth_is_neither_a_target_nor_an_absence(tmp_path):
    found = describe(write_store(tmp_path / "s", [hidden()])).splits["valid"]
    assert (found.text.hidden, found.text.no_target) == (2, 0)
    assert (found.masks.pairs, found.masks.absent) == (0, 0)


def test_json_is_strict_and_carries_the_card(tmp_path):
    content = json.loads(json.dumps(as_json(describe(tiny_store(tmp_path / "s"))), allow_nan=False))
    assert (content["schema_version"], content["licence"], content["citation"]) == (1, "none", "none")
    assert list(content["splits"]) == ["train", "valid"]


def test_the_median_of_an_even_number_is_between():
    counter = WordCounter()
    assert counter.median() == 0
    for text in ("one", "one two", "one two three four", "a b c d e"):
        counter.add(text)
    assert counter.median() == 3.0


def test_words_are_counted_as_the_literature_counts_a2d(shared):
    """6,654 expressions of 6.9 words and a vocabulary of 1,311."""
    counter = WordCounter()
    path = shared / "samples" / "a2d_sentences" / "text_annotations" / "a2d_annotation.txt"
    with path.open(newline="") as file:
        for row in csv.DictReader(file):
            if row["instance_id"] != "1 (copy)":
                counter.add(row["query"])
    assert counter.lengths.total() == 6654
    assert (min(counter.lengths), max(counter.lengths)) == (1, 20)
    assert counter.words.total() / 6654 == pytest.approx(6.9, abs=0.05)
    assert len(counter.words) == 1311
