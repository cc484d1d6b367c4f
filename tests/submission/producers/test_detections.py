"""Lists of detections that MTTR, SOC and ReferFormer make score as numpy says, under the best candidate."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from rvosbench.errors import ScoreError
from rvosbench.evaluation.evaluate import evaluate
from tests.submission.producers import detections
from tests.submission.producers.detections import COUNTS


def assert_best_candidates_score(path: Path, store: Any, split: str, protocol: str, pairs: Any) -> None:
    """As the published evaluators do, in numbers of 32 bits."""
    both = np.array([(truth & best).sum() for truth, best in pairs])
    either = np.array([(truth | best).sum() for truth, best in pairs])
    found = evaluate(path, store, split=split, protocol=protocol).metrics
    assert found["mIoU"].value == pytest.approx((both / either).mean(), abs=1e-7)
    assert found["oIoU"].value == pytest.approx(both.sum() / either.sum(), abs=1e-7)
    for at in (0.5, 0.6, 0.7, 0.8, 0.9):
        assert found[f"P@{at}"].value == pytest.approx((both / either > at).mean(), abs=1e-7)


@pytest.mark.parametrize("counts", COUNTS)
@pytest.mark.parametrize("protocol", ["a2d", "a2d-top1"])
def test_detections_on_a2d_are_read_and_scored(tmp_path: Path, counts, protocol):
    store = detections.a2d_sentences(tmp_path / "store")
    path, pairs = detections.mttr_a2d(tmp_path / "results.json", COUNTS[counts])
    assert_best_candidates_score(path, store, "test", protocol, pairs)


@pytest.mark.parametrize("counts", COUNTS)
def test_detections_on_jhmdb_are_read_and_scored(tmp_path: Path, counts):
    store = detections.jhmdb_sentences(tmp_path / "store")
    path, pairs = detections.mttr_jhmdb(tmp_path / "results.json", COUNTS[counts])
    assert_best_candidates_score(path, store, "test", "jhmdb", pairs)


@pytest.mark.parametrize("counts", COUNTS)
def test_detections_on_refcoco_are_read_beside_the_converted_instances(tmp_path: Path, counts):
    store = detections.refcoco(tmp_path / "store")
    folder, pairs = detections.referformer_refcoco(tmp_path / "out", COUNTS[counts])
    assert_best_candidates_score(folder, store, "val", "refcoco", pairs)
    (folder / "instances_refcoco_val.json").unlink()
    with pytest.raises(ScoreError, match='the list "images"'):
        evaluate(folder, store, split="val", protocol="refcoco")


def test_the_converted_instances_alone_are_ground_truth(tmp_path: Path):
    store = detections.refcoco(tmp_path / "store")
    folder, _ = detections.referformer_refcoco(tmp_path / "out", bytes.decode)
    with pytest.raises(ScoreError, match=r"instances_refcoco_val.json holds ground truth"):
        evaluate(folder / "instances_refcoco_val.json", store, split="val", protocol="refcoco")
