"""Results of Sa2VA, VITA, LMPM, LV-VIS and CLIP-VIS in JSON score as numpy says."""

from __future__ import annotations

import json
import zipfile
from pathlib import Path

import pytest

from rvosbench.errors import ScoreError
from rvosbench.evaluation.evaluate import evaluate
from tests.submission.producers.checks import assert_reads_as, assert_scores_as
from tests.submission.producers.run_lengths import annotation_file, lvvis, put, sa2va, saco, vita
from tests.submission.producers.scene import of_expressions, texts


def test_results_of_sa2va_are_read_and_scored(tmp_path: Path, store):
    path = sa2va(tmp_path / "work_dirs", of_expressions())
    for named in (path, path.parents[1]):
        assert_reads_as(named, store, of_expressions())
        assert_scores_as(named, store, of_expressions())


def test_ids_and_words_that_contradict_each_other_are_refused(tmp_path: Path, store):
    """As of a release whose expressions were numbered anew."""
    path = sa2va(tmp_path / "work_dirs", of_expressions())
    results = json.loads(path.read_text())
    for answers in results.values():
        for key, record in answers.items():
            record["exp"] = texts()[str((int(key) + 1) % 4)]
    complaint = r"is '0', and its exp 'the blue one' is that of '1'"
    with pytest.raises(ScoreError, match=complaint):
        evaluate(put(path, results), store, split="valid", protocol="mevis")
    records = [record for answers in results.values() for record in answers.values()]
    with pytest.raises(ScoreError, match=complaint):
        evaluate(put(path, records), store, split="valid", protocol="mevis")
    for record in records:
        record["exp"] = texts()[record["exp_id"]]
    assert_scores_as(put(path, records), store, of_expressions())


@pytest.mark.parametrize("producer", [vita, lvvis, saco])
@pytest.mark.parametrize("truth", [False, True])
def test_youtube_vis_is_read_beside_its_annotation_file(tmp_path: Path, store, producer, truth):
    """Numbers mean what the list says; the ground truth in the same file is no prediction."""
    answers = of_expressions()
    path = producer(tmp_path / "output", answers)
    with pytest.raises(ScoreError, match='the list "videos"'):
        evaluate(path, store, split="valid", protocol="mevis")
    put(path / "instances_val.json", annotation_file(answers, truth=truth))
    assert_scores_as(path, store, answers)
    with zipfile.ZipFile(tmp_path / "both.zip", "w") as archive:
        for file in path.rglob("*.json"):
            archive.write(file, file.name)
    assert_scores_as(tmp_path / "both.zip", store, answers)


def test_an_annotation_file_alone_is_no_prediction(tmp_path: Path, store):
    path = put(tmp_path / "instances_val.json", annotation_file(of_expressions(), truth=True))
    with pytest.raises(ScoreError, match="ground truth"):
        evaluate(path, store, split="valid", protocol="mevis")
