"""Ref-DAVIS17: label maps by annotator and masks per expression, as published code leaves them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from rvosbench import masks
from rvosbench.errors import ScoreError
from rvosbench.evaluation.evaluate import evaluate
from rvosbench.submission import open_predictions
from tests.submission.producers import pictures, ref_davis17, run_lengths
from tests.submission.producers.label_maps import (
    referdino_davis,
    referformer_davis,
    sgmg_davis,
    soc_davis,
    videolisa_davis,
)
from tests.submission.producers.scene import mean_j, of_expressions


@pytest.fixture(scope="module")
def davis(tmp_path_factory: pytest.TempPathFactory):
    return ref_davis17.ref_davis17(tmp_path_factory.mktemp("ref-davis17") / "store")


@pytest.mark.parametrize(
    "producer", [referformer_davis, sgmg_davis, soc_davis, referdino_davis, videolisa_davis]
)
def test_label_maps_of_four_annotators_are_read_and_scored(tmp_path: Path, davis, producer):
    answers = ref_davis17.answers()
    path = producer(tmp_path / "out", answers)
    source = open_predictions(path, "annotator", store=davis, split="valid")
    for each in ref_davis17.sequences():
        read = {(r.expression_id, r.frame_index): masks.decode(r.mask) for r in source.read(each).rows}
        assert len(read) == 8 * len(each.frames)
        for (key, n), mask in read.items():
            k, label = key.removeprefix("anno_").split("/")
            expected = answers[each.video_id][str(4 * (int(label) - 1) + int(k))][n]
            assert np.array_equal(mask, expected), (each.video_id, key, n)
    found = evaluate(path, davis, split="valid", protocol="davis-official")
    # Every label is nearest to its own object, so that matching changes nothing.
    assert found.metrics["J"].value == pytest.approx(mean_j(answers, ref_davis17.MEANT), abs=1e-12)


@pytest.mark.parametrize("producer", ["VideoLISA, Ref-DAVIS17", "UniPixel", "VISA", "Sa2VA --submit"])
@pytest.mark.parametrize("protocol", ["davis-official", "davis-plain"])
def test_masks_of_the_converted_expressions_are_read_and_scored(
    tmp_path: Path, davis, monkeypatch, producer, protocol
):
    """Numbered 4 i + k, as the converted release numbers them, and this store too."""
    names = {each.video_id: [frame.name for frame in each.frames] for each in ref_davis17.sequences()}
    monkeypatch.setattr(pictures, "frames_of", names.__getitem__)
    answers = ref_davis17.answers()
    path = pictures.PRODUCERS[producer](tmp_path / "out", answers)
    found = evaluate(path, davis, split="valid", protocol=protocol)
    assert found.metrics["J"].value == pytest.approx(mean_j(answers, ref_davis17.MEANT), abs=1e-12)


@pytest.mark.parametrize("protocol", ["davis-official", "davis-plain"])
def test_results_of_sa2va_on_ref_davis17_are_read_and_scored(tmp_path: Path, davis, monkeypatch, protocol):
    names = {each.video_id: [frame.name for frame in each.frames] for each in ref_davis17.sequences()}
    monkeypatch.setattr(run_lengths, "frames_of", names.__getitem__)
    monkeypatch.setattr(run_lengths, "texts", lambda: {str(n): "the thing" for n in range(8)})
    answers = ref_davis17.answers()
    path = run_lengths.sa2va(tmp_path / "work_dirs", answers)
    found = evaluate(path, davis, split="valid", protocol=protocol)
    assert found.metrics["J"].value == pytest.approx(mean_j(answers, ref_davis17.MEANT), abs=1e-12)


def test_files_counted_by_position_are_refused_where_frames_are_named_otherwise(tmp_path: Path, store):
    """The same scripts number by position whatever a frame is called; of other releases that is no name."""
    path = referformer_davis(
        tmp_path / "out", {v: dict(t) for v, t in of_expressions().items()}, annotators=1
    )
    (path / "valid" / "anno_0").rename(path / "Annotations")
    with pytest.raises(ScoreError, match="are of frames that it does not have, such as 00001"):
        evaluate(path / "Annotations", store, split="valid", protocol="davis-objects")


@pytest.mark.parametrize("producer", [soc_davis, referdino_davis])
def test_overlays_of_annotators_beside_the_maps_are_refused(tmp_path: Path, davis, producer):
    path = producer(tmp_path / "out", ref_davis17.answers(), visualize=True)
    with pytest.raises(ScoreError, match=r"holds several results: .*valid_images.*; name one of these"):
        evaluate(path, davis, split="valid", protocol="davis-official")
