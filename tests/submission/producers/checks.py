"""Whether predictions were read as what their producer answered."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from rvosbench import masks
from rvosbench.evaluation.evaluate import evaluate
from rvosbench.store import Store
from rvosbench.submission import open_predictions
from tests.submission.producers.scene import Answers, mean_j, videos


def assert_reads_as(path: Path, store: Store, answers: Answers, unit: str = "expression") -> None:
    """Every mask, and nothing else, is read."""
    source = open_predictions(path, unit, store=store, split="valid")
    assert source.video_ids() == tuple(answers)
    for each in videos():
        read = {(r.expression_id, r.frame_index, r.candidate): r.mask for r in source.read(each).rows}
        tracks = answers[each.video_id]
        assert sorted(read) == [(key, n, 0) for key in sorted(tracks) for n in range(len(each.frames))]
        for (key, n, _), mask in read.items():
            assert np.array_equal(masks.decode(mask), tracks[key][n]), (each.video_id, key, n)


def assert_scores_as(
    path: Path, store: Store, answers: Answers, protocol: str = "mevis", **meant: object
) -> None:
    """J is what numpy says."""
    found = evaluate(path, store, split="valid", protocol=protocol)
    assert found.metrics["J"].value == pytest.approx(mean_j(answers, **meant), abs=1e-12)
    assert not found.marks
