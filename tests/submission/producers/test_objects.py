"""Label maps and masks per object of SAM 2, Cutie and XMem score as numpy says."""

from __future__ import annotations

from pathlib import Path

import pytest

from rvosbench.errors import RvosbenchError
from rvosbench.evaluation.evaluate import evaluate
from tests.submission.producers.checks import assert_reads_as, assert_scores_as
from tests.submission.producers.label_maps import OBJECT_PRODUCERS, cutie_burst, cutie_long_ids
from tests.submission.producers.scene import of_objects

MEANT = {"1": (1,), "2": (2,)}


@pytest.mark.parametrize("producer", OBJECT_PRODUCERS)
def test_labels_and_masks_of_objects_are_read_and_scored(tmp_path: Path, store, producer):
    answers = of_objects()
    path = OBJECT_PRODUCERS[producer](tmp_path / "out", answers)
    assert_reads_as(path, store, answers, "object")
    assert_scores_as(path, store, answers, "davis-objects", meant=MEANT)


def test_colours_drawn_at_random_say_nothing_about_objects(tmp_path: Path, store):
    path = cutie_long_ids(tmp_path / "out", of_objects())
    with pytest.raises(
        RvosbenchError, match=r"00000.png is in colour, and #0a5b28 is in none of the known palettes"
    ):
        evaluate(path, store, split="valid", protocol="davis-objects")


def test_results_of_burst_are_named(tmp_path: Path, store):
    path = cutie_burst(tmp_path / "out", of_objects())
    with pytest.raises(
        RvosbenchError, match='run lengths as a text under "rle", as for BURST, which say no size'
    ):
        evaluate(path, store, split="valid", protocol="davis-objects")
